//! The rules, cut down before Cedar is asked. Cedar looks at every rule that it is given, at close to a microsecond each, so it is
//! given only those whose scope covers the action and this class of callers. A rule that is left out could not have applied: its
//! scope is false, and Cedar evaluates a rule's conditions only when its scope is true.
//!
//! Cedar's own partial evaluation would cut deeper, into conditions; it is marked experimental in the version that we use.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy as CedarPolicy, PolicySet, PrincipalConstraint, ResourceConstraint,
};
use tidegate_model::{Action, ResourceKind};

use crate::error::PolicyError;
use crate::schema::members;

/// Rules held in the sets of all classes together; a class beyond that uses the action's set, which is slower.
const RULES_HELD_MAX: usize = 65_536;

/// All rules of a policy, as they hold for callers of known groups or of unknown ones.
pub(crate) struct Rules {
    all: Vec<Scoped>,
    /// By [`Action`] as a number; made when first asked for.
    by_action: Vec<OnceLock<Option<Arc<RuleSet>>>>,
    held: Arc<AtomicUsize>,
}

struct Scoped {
    policy: CedarPolicy,
    actions: Arc<[Action]>,
    principal: PrincipalConstraint,
}

/// Rules as Cedar takes them.
pub(crate) struct RuleSet {
    pub all: PolicySet,
    /// Those that allow: what would hold if every forbid were lifted.
    permits: OnceLock<Option<PolicySet>>,
    _held: Held,
}

/// Rules that are counted as held until this is dropped.
struct Held {
    count: usize,
    by_all: Arc<AtomicUsize>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.by_all.fetch_sub(self.count, Ordering::Relaxed);
    }
}

impl RuleSet {
    fn new<'a>(policies: impl Iterator<Item = &'a Scoped>, held: Held) -> Option<Arc<RuleSet>> {
        let all = PolicySet::from_policies(policies.map(|rule| rule.policy.clone())).ok()?;
        Some(Arc::new(RuleSet { all, permits: OnceLock::new(), _held: held }))
    }

    pub(crate) fn permits(&self) -> Option<&PolicySet> {
        let permits = || {
            let permits = self.all.policies().filter(|policy| policy.effect() == Effect::Permit).cloned();
            PolicySet::from_policies(permits).ok()
        };
        self.permits.get_or_init(permits).as_ref()
    }
}

impl Rules {
    /// Of policies and the actions that each covers.
    pub(crate) fn new(policies: impl Iterator<Item = (CedarPolicy, Arc<[Action]>)>) -> Rules {
        let scoped =
            |(policy, actions): (CedarPolicy, _)| Scoped { principal: policy.principal_constraint(), policy, actions };
        Rules {
            all: policies.map(scoped).collect(),
            by_action: Action::ALL.iter().map(|_action| OnceLock::new()).collect(),
            held: Arc::default(),
        }
    }

    fn of_action(&self, action: Action) -> Option<&Arc<RuleSet>> {
        let make = || RuleSet::new(self.covering(action), self.hold(0));
        self.by_action.get(action as usize)?.get_or_init(make).as_ref()
    }

    fn covering(&self, action: Action) -> impl Iterator<Item = &Scoped> {
        self.all.iter().filter(move |rule| rule.actions.contains(&action))
    }

    /// Those that can apply to this caller, who is a member of the groups for which `member` is true. `None`, which denies, if
    /// Cedar refuses to put them together, which would be a defect.
    pub(crate) fn of_class(
        &self,
        action: Action,
        caller: &EntityUid,
        member: impl Fn(&EntityUid) -> bool,
    ) -> Option<Arc<RuleSet>> {
        let within = |group: &EntityUid| group == caller || member(group);
        let applies = |rule: &&Scoped| match &rule.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(one) => one == caller,
            PrincipalConstraint::In(group) => within(group),
            PrincipalConstraint::Is(kind) => caller.type_name() == kind,
            PrincipalConstraint::IsIn(kind, group) => caller.type_name() == kind && within(group),
        };
        let count = self.covering(action).filter(applies).count();
        let held = self.hold(count);
        if count == self.covering(action).count() || self.held.load(Ordering::Relaxed) > RULES_HELD_MAX {
            return self.of_action(action).cloned();
        }
        RuleSet::new(self.covering(action).filter(applies), held)
    }

    fn hold(&self, count: usize) -> Held {
        self.held.fetch_add(count, Ordering::Relaxed);
        Held { count, by_all: Arc::clone(&self.held) }
    }
}

/// The actions that the rule's scope covers. The gate's own operations have to be named: who allows everything of topics and
/// groups makes nobody an administrator.
pub(crate) fn actions_of(policy: &CedarPolicy) -> Result<Vec<Action>, PolicyError> {
    let named = match policy.action_constraint() {
        ActionConstraint::Any if policy.effect() == Effect::Forbid => return Ok(Action::ALL.to_vec()),
        ActionConstraint::Any => {
            let not_ours = |action: &&Action| action.applies_to() != ResourceKind::Gateway;
            return Ok(Action::ALL.iter().filter(not_ours).copied().collect());
        }
        ActionConstraint::Eq(action) => vec![action],
        ActionConstraint::In(actions) => actions,
    };
    let mut actions = Vec::new();
    for uid in named {
        let name: &str = uid.id().as_ref();
        actions.extend(Action::ALL.iter().filter(|action| action.name() == name));
        actions.extend(members(name)?);
    }
    actions.sort_unstable();
    actions.dedup();
    Ok(actions)
}

/// Whether a permit of all actions leaves out the gate's own, which a reader of it may not expect.
pub(crate) fn leaves_out_the_gate(policy: &CedarPolicy) -> Option<LeftOut> {
    if policy.effect() == Effect::Forbid || policy.action_constraint() != ActionConstraint::Any {
        return None;
    }
    let gateway = |kind: &cedar_policy::EntityTypeName| kind.basename() == "Gateway";
    match policy.resource_constraint() {
        ResourceConstraint::Any => Some(LeftOut::Partly),
        ResourceConstraint::Eq(one) | ResourceConstraint::In(one) => {
            gateway(one.type_name()).then_some(LeftOut::Wholly)
        }
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => gateway(&kind).then_some(LeftOut::Wholly),
    }
}

/// How much of a permit the missing names of actions take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// It holds for other resources.
    Partly,
    /// It holds for nothing.
    Wholly,
}
