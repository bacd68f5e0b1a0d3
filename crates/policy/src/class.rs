//! The class of callers that the rules cannot tell apart, and the answers that are kept for it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};
use tidegate_model::{Action, Caller, CallerKind, ResourceKind};

use crate::answers::Answers;
use crate::looks::Looks;
use crate::rules::Rules;
use crate::schema::Types;

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
pub(crate) struct Class {
    pub(crate) traits: Traits,
    pub(crate) principal: EntityUid,
    /// The caller and the cluster; `None` (which denies) if Cedar refused them, which would be a defect.
    entities: Option<[Entity; 2]>,
    pub(crate) answers: Answers,
    /// By [`Action`] as a number; made when first asked for.
    ways: Vec<OnceLock<Option<Way>>>,
}

/// What is asked of Cedar for one class and one action.
pub(crate) struct Way {
    /// Positions of the rules whose scope covers both.
    pub(crate) rules: Vec<usize>,
    /// The caller, the cluster and the action.
    pub(crate) entities: Entities,
}

impl Class {
    pub(crate) fn new(traits: Traits, types: &Types, kept_by_all: Arc<AtomicUsize>) -> Class {
        let principal = types.caller(traits.kind, &traits.id);
        let entities = entities(&traits, &principal, types);
        let ways = Action::ALL.iter().map(|_action| OnceLock::new()).collect();
        Class { traits, principal, entities, answers: Answers::new(kept_by_all), ways }
    }

    /// Whether the caller's groups are unknown.
    pub(crate) fn groups_unknown(&self) -> bool {
        self.traits.groups.is_none()
    }

    /// What is asked of Cedar for this action. `None` would be a defect, and denies.
    pub(crate) fn way(&self, action: Action, rules: &Rules, types: &Types, actions: &Entities) -> Option<&Way> {
        let make = || {
            let group = types.group("");
            let is_group = |uid: &EntityUid| uid.type_name() == group.type_name();
            let member = |uid: &EntityUid| {
                is_group(uid)
                    && self.traits.groups.as_ref().is_some_and(|groups| groups.contains::<str>(uid.id().as_ref()))
            };
            let rules = rules.of_class(action, &self.principal, member);
            let action = actions.get(&types.action(action.name()))?.clone();
            let known = self.entities.clone()?.into_iter().chain([action]);
            Some(Way { rules, entities: Entities::from_entities(known, None).ok()? })
        };
        self.ways.get(action as usize)?.get_or_init(make).as_ref()
    }
}

impl std::fmt::Debug for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Class").field("traits", &self.traits).finish_non_exhaustive()
    }
}

fn entities(class: &Traits, principal: &EntityUid, types: &Types) -> Option<[Entity; 2]> {
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
    Some([caller, cluster])
}
