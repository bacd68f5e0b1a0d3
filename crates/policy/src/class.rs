//! The class of callers that the rules cannot tell apart, and the answers that are kept for it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};
use tidegate_model::{Action, Caller, CallerKind, ResourceKind};

use crate::decide::Decision;
use crate::looks::Looks;
use crate::schema::Types;

/// Answers kept for one class.
const ANSWERS_MAX: usize = 4_096;
/// Answers kept for all classes of one policy.
const ANSWERS_ALL_MAX: usize = 65_536;
/// Longer names are decided each time, so that they cannot fill the memory.
const NAME_KEPT_MAX: usize = 256;

/// What is true of a session beside who calls.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Configured name of the cluster that the listener fronts.
    pub cluster: &'a str,
    /// The client's address. An IPv4-mapped address counts as IPv4.
    pub address: IpAddr,
    /// The client's own name for itself; only forbids may look at it.
    pub client_id: &'a str,
    /// Whether the client's connection is TLS.
    pub tls: bool,
}

/// What the rules can know of a caller. Fields that no rule looks at are left out, so that more callers share a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Traits {
    kind: CallerKind,
    cluster: Box<str>,
    /// Empty unless a rule names this caller.
    id: Box<str>,
    /// Groups that a rule or a topic's owner names; `None` when the caller's groups are unknown.
    groups: Option<BTreeSet<String>>,
    issuer: Box<str>,
    sub: Box<str>,
    client: Option<Box<str>>,
    pub(crate) address: IpAddr,
    pub(crate) client_id: Box<str>,
    pub(crate) tls: bool,
}

impl Traits {
    pub(crate) fn of(caller: &Caller, circumstances: &Circumstances<'_>, looks: &Looks) -> Traits {
        let id = format!("{}:{}", caller.issuer, caller.subject);
        let keep = |wanted: bool, text: &str| Box::from(if wanted { text } else { "" });
        let groups = || caller.groups.iter().filter(|group| looks.groups.contains(*group)).cloned().collect();
        Traits {
            kind: caller.kind,
            cluster: circumstances.cluster.into(),
            groups: caller.groups_known.then(groups),
            issuer: keep(looks.issuer, &caller.issuer),
            sub: keep(looks.sub, &caller.subject),
            client: caller.client.as_deref().filter(|_| looks.client).map(Box::from),
            address: match looks.address {
                true => circumstances.address.to_canonical(),
                false => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            },
            client_id: keep(looks.client_id, circumstances.client_id),
            tls: looks.tls && circumstances.tls,
            id: keep(looks.callers.contains(&(caller.kind, id.clone())), &id),
        }
    }

    pub(crate) fn cluster(&self) -> &str {
        &self.cluster
    }
}

/// What policy makes of one session: the class of callers that it belongs to, and whether everything is refused to it. Made by
/// [`Policy::entitlement`](crate::Policy::entitlement); it belongs to that policy.
#[derive(Clone, Debug)]
pub struct Entitlement {
    /// The number of the policy that made it.
    pub(crate) policy: u64,
    pub(crate) class: Arc<Class>,
    /// `block:<id>`, if who calls is blocked.
    pub(crate) blocked: Option<Arc<str>>,
}

impl Entitlement {
    /// Whether the session is blocked as a whole; the block as a decision names it.
    #[must_use]
    pub fn blocked(&self) -> Option<&str> {
        self.blocked.as_deref()
    }
}

/// A class of callers that the rules cannot tell apart, with the answers kept for it.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) traits: Traits,
    pub(crate) principal: EntityUid,
    /// The caller, the cluster and the actions; `None` (which denies) if Cedar refused them, which would be a defect.
    pub(crate) entities: Option<Entities>,
    answers: RwLock<Answers>,
    /// Answers kept by all classes of the policy.
    kept_by_all: Arc<AtomicUsize>,
}

/// What an answer depends on beside the resource's name; 0 or `None` where no rule looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey {
    pub action: Action,
    pub partition: Option<i32>,
    pub hour: u8,
    pub mfa: u32,
}

#[derive(Debug, Default)]
struct Answers {
    by_key: HashMap<AnswerKey, HashMap<Box<str>, Decision>>,
    count: usize,
}

impl Class {
    pub(crate) fn new(traits: Traits, types: &Types, actions: &Entities, kept_by_all: Arc<AtomicUsize>) -> Class {
        let principal = types.caller(traits.kind, &traits.id);
        let entities = entities(&traits, &principal, types, actions);
        Class { traits, principal, entities, answers: RwLock::default(), kept_by_all }
    }

    /// Whether the caller's groups are unknown.
    pub(crate) fn groups_unknown(&self) -> bool {
        self.traits.groups.is_none()
    }

    pub(crate) fn kept(&self, key: &AnswerKey, name: &str) -> Option<Decision> {
        let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        answers.by_key.get(key)?.get(name).cloned()
    }

    pub(crate) fn keep(&self, key: AnswerKey, name: &str, decision: Decision) {
        if name.len() > NAME_KEPT_MAX {
            return;
        }
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        if answers.count >= ANSWERS_MAX || self.kept_by_all.load(Ordering::Relaxed) >= ANSWERS_ALL_MAX {
            self.kept_by_all.fetch_sub(answers.count, Ordering::Relaxed);
            *answers = Answers::default();
            if self.kept_by_all.load(Ordering::Relaxed) >= ANSWERS_ALL_MAX {
                return;
            }
        }
        if answers.by_key.entry(key).or_default().insert(name.into(), decision).is_none() {
            answers.count += 1;
            self.kept_by_all.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.answers.read().unwrap().count
    }
}

fn entities(class: &Traits, principal: &EntityUid, types: &Types, actions: &Entities) -> Option<Entities> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let mut about = HashMap::from([("issuer".to_owned(), text(&class.issuer)), ("sub".to_owned(), text(&class.sub))]);
    if let Some(client) = &class.client {
        about.insert("client".to_owned(), text(client));
    }
    let groups: HashSet<EntityUid> = class.groups.iter().flatten().map(|group| types.group(group)).collect();
    let caller = Entity::new(principal.clone(), about, groups).ok()?;
    let cluster = types.resource(ResourceKind::Cluster, &class.cluster);
    let name = HashMap::from([("name".to_owned(), text(&class.cluster))]);
    let cluster = Entity::new(cluster, name, HashSet::new()).ok()?;
    actions.clone().add_entities([caller, cluster], None).ok()
}

impl Drop for Class {
    fn drop(&mut self) {
        let answers = self.answers.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.kept_by_all.fetch_sub(answers.count, Ordering::Relaxed);
    }
}
