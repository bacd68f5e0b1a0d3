//! A question in full, as a person writes it down or a record keeps it: who, around what, wants what of which resource.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use tidegate_model::{Action, Caller, CallerKind, CredentialKind, Resource, ResourceKind};

use crate::class::{Circumstances, Entitlement};
use crate::decide::{Decision, Now, Policy, Question};
use crate::masking::{NO_CLASS, is_class};

/// Who asks, as far as rules can know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    /// Person or machine.
    pub kind: CallerKind,
    /// The issuer's configured name.
    pub issuer: String,
    /// The subject.
    pub subject: String,
    /// `issuer:group` each; `None` when the caller's groups are unknown.
    pub groups: Option<Vec<String>>,
    /// The token's client.
    pub client: Option<String>,
}

/// What is true of the session and the moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Around {
    /// Configured name of the cluster.
    pub cluster: String,
    /// The client's address.
    pub address: IpAddr,
    /// The client's own name for itself.
    pub client_id: String,
    /// Whether the connection is TLS.
    pub tls: bool,
    /// Hour of the day, UTC, 0 to 23.
    pub hour: u8,
    /// Seconds since the last strong authentication.
    pub mfa_age: Option<u64>,
}

/// A question in full.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asked {
    /// Who asks.
    pub who: Who,
    /// In which circumstances.
    pub around: Around,
    /// What to do.
    pub action: Action,
    /// The resource's name, whose kind follows from the action; empty for the cluster and the gate.
    pub name: String,
    /// One partition, or the whole topic.
    pub partition: Option<i32>,
}

impl Around {
    /// What is taken where nothing is said: a TLS connection from an address that is nobody's (RFC 5737), at noon, without
    /// strong authentication, to a cluster `main`.
    #[must_use]
    pub fn usual() -> Around {
        Around {
            cluster: "main".to_owned(),
            address: IpAddr::from([192, 0, 2, 1]),
            client_id: String::new(),
            tls: true,
            hour: 12,
            mfa_age: None,
        }
    }
}

impl Who {
    /// Reads `issuer:subject`.
    ///
    /// # Errors
    /// A text that says what is wrong and what to write.
    pub fn parse(kind: CallerKind, id: &str, groups: Option<Vec<String>>) -> Result<Who, String> {
        let (issuer, subject) = named(id, "subject")?;
        if let Some(groups) = &groups {
            for group in groups {
                named(group, "group")?;
            }
        }
        let groups = groups.map(|mut groups| {
            groups.sort_unstable();
            groups.dedup();
            groups
        });
        Ok(Who { kind, issuer: issuer.to_owned(), subject: subject.to_owned(), groups, client: None })
    }

    /// The id in policy, `issuer:subject`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}:{}", self.issuer, self.subject)
    }

    /// The caller that rules are asked about.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            kind: self.kind,
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            groups: self.groups.clone().unwrap_or_default(),
            groups_known: self.groups.is_some(),
            client: self.client.clone(),
            token_id: None,
            token_hash: None,
            session: None,
            credential: CredentialKind::OauthBearer,
            via_gate: false,
            issued_at: None,
            expires_at: u64::MAX,
            mfa_at: None,
        }
    }
}

fn named<'t>(text: &'t str, what: &str) -> Result<(&'t str, &'t str), String> {
    text.split_once(':')
        .filter(|(issuer, rest)| !issuer.is_empty() && !rest.is_empty())
        .ok_or_else(|| format!("{text:?} names no issuer; write issuer:{what} with the issuer's configured name"))
}

impl Asked {
    /// The resource.
    #[must_use]
    pub fn resource(&self) -> Resource<'_> {
        match self.action.applies_to() {
            ResourceKind::Topic => Resource::Topic(&self.name),
            ResourceKind::ConsumerGroup => Resource::ConsumerGroup(&self.name),
            ResourceKind::TransactionalId => Resource::TransactionalId(&self.name),
            ResourceKind::Cluster => Resource::Cluster,
            ResourceKind::Gateway => Resource::Gateway,
            ResourceKind::Field => Resource::Field(&self.name),
        }
    }

    /// The same question by the topic's own name, where this policy makes the name an alias.
    #[must_use]
    pub fn by_own_name(&self, policy: &Policy) -> Cow<'_, Asked> {
        let aliases = policy.topics().aliases();
        let own = match self.action.applies_to() {
            ResourceKind::Topic => aliases.topic(&self.name).map(|topic| (**topic).to_owned()),
            ResourceKind::Field => {
                let fields = self.name.split_once('/');
                fields.and_then(|(class, topic)| Some(format!("{class}/{}", aliases.topic(topic)?)))
            }
            _ => None,
        };
        own.map_or(Cow::Borrowed(self), |name| Cow::Owned(Asked { name, ..self.clone() }))
    }

    /// The question, for an entitlement of the caller.
    #[must_use]
    pub fn question(&self) -> Question<'_> {
        Question {
            action: self.action,
            resource: self.resource(),
            partition: self.partition,
            now: Now { hour: self.around.hour, mfa_age: self.around.mfa_age },
        }
    }

    /// What the policy answers. A question about an alias is one about its topic.
    #[must_use]
    pub fn decide(&self, policy: &Policy) -> Decision {
        policy.decide(&self.entitlement(policy), self.by_own_name(policy).question())
    }

    /// The caller's class under the policy.
    pub(crate) fn entitlement(&self, policy: &Policy) -> Entitlement {
        let around = &self.around;
        let circumstances = Circumstances {
            cluster: &around.cluster,
            address: around.address,
            client_id: &around.client_id,
            tls: around.tls,
        };
        policy.entitlement(&self.who.caller(), &circumstances)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            CallerKind::User => "user",
            CallerKind::Workload => "workload",
        };
        write!(f, "{kind} {}:{}", self.issuer, self.subject)?;
        match &self.groups {
            None => write!(f, " (groups unknown)"),
            Some(groups) if groups.is_empty() => write!(f, " (no groups)"),
            Some(groups) => write!(f, " ({})", groups.join(", ")),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.who, self.action.name(), kind_word(self.action.applies_to()))?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        match self.partition {
            Some(partition) => write!(f, ", partition {partition}"),
            None => Ok(()),
        }
    }
}

/// The fields of a class in a topic as the resource of `unmask`, [`Resource::Field`].
pub(crate) fn field_name(class: &str, topic: &str) -> String {
    format!("{class}/{topic}")
}

/// The same, as somebody wrote it.
///
/// # Errors
/// The class is none that can be.
pub fn field(class: &str, topic: &str) -> Result<String, String> {
    match is_class(class) {
        true => Ok(field_name(class, topic)),
        false => Err(format!("class {class:?}: {NO_CLASS}")),
    }
}

/// The word for a kind of resource in texts for people.
pub(crate) fn kind_word(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Topic => "topic",
        ResourceKind::ConsumerGroup => "consumer group",
        ResourceKind::TransactionalId => "transactional id",
        ResourceKind::Cluster => "cluster",
        ResourceKind::Gateway => "gate",
        ResourceKind::Field => "field",
    }
}

/// The actions that a word means for a kind of resource: an action by its name, or a group of actions (`read`, `write`,
/// `admin`), of which those that apply to that kind.
///
/// # Errors
/// A text that says what is wrong with the word and what to write.
pub fn actions(word: &str, kind: ResourceKind) -> Result<Vec<Action>, String> {
    if let Some(action) = Action::ALL.iter().find(|action| action.name() == word) {
        let wanted = action.applies_to();
        return if wanted == kind {
            Ok(vec![*action])
        } else {
            let mend = if wanted == ResourceKind::Field { "; name a class and a topic" } else { "" };
            Err(format!("{word} is about a {}, not about a {}{mend}", kind_word(wanted), kind_word(kind)))
        };
    }
    let found: Vec<Action> = crate::schema::members(word)
        .map_err(|error| error.to_string())?
        .into_iter()
        .filter(|action| action.applies_to() == kind)
        .collect();
    if found.is_empty() {
        let known = Action::ALL.iter().filter(|action| action.applies_to() == kind);
        let known = known.map(|action| action.name()).collect::<Vec<_>>().join(", ");
        return Err(format!(
            "{word:?} is no action on a {}; write one of {known}, read, write, admin",
            kind_word(kind)
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_actions_means_its_members_for_that_kind() {
        let names = |word, kind| actions(word, kind).unwrap().iter().map(|action| action.name()).collect::<Vec<_>>();
        assert_eq!(names("read", ResourceKind::Topic), ["describe", "consume", "describeConfigs"]);
        assert_eq!(names("read", ResourceKind::ConsumerGroup), ["describeGroup", "joinGroup", "describeGroupConfigs"]);
        assert_eq!(names("produce", ResourceKind::Topic), ["produce"]);
        assert!(actions("produce", ResourceKind::ConsumerGroup).unwrap_err().contains("is about a topic"));
        assert!(actions("consme", ResourceKind::Topic).unwrap_err().contains("describe, consume"));
        assert!(actions("read", ResourceKind::Gateway).is_err());
    }

    #[test]
    fn a_caller_or_a_group_without_an_issuer_is_refused() {
        assert!(Who::parse(CallerKind::User, "ann", None).unwrap_err().contains("issuer:subject"));
        let groups = Some(vec!["sales".to_owned()]);
        assert!(Who::parse(CallerKind::User, "idp:ann", groups).unwrap_err().contains("issuer:group"));
        let who = Who::parse(CallerKind::User, "idp:a:b", Some(vec!["i:b".into(), "i:a".into(), "i:b".into()]));
        assert_eq!(who.unwrap().to_string(), "user idp:a:b (i:a, i:b)");
    }
}
