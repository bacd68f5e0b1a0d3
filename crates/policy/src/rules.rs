//! The rules, cut down before Cedar is asked. Cedar looks at every rule that it is given, at about a microsecond each, so it is given
//! only those whose scope holds for the question, and of those only the conditions. A rule that is left out could not have applied:
//! Cedar evaluates a rule's conditions only when its scope is true.
//!
//! Cedar's own partial evaluation would cut deeper, into conditions; it is marked experimental in the version that we use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cedar_policy::{
    ActionConstraint, Effect, EntityTypeName, EntityUid, Policy as CedarPolicy, PolicySet, PrincipalConstraint,
    ResourceConstraint,
};
use serde_json::{Map, Value, json};
use tidegate_model::{Action, ResourceKind};

use crate::error::PolicyError;
use crate::schema::members;

/// Rules held in all sets together, before they are made anew.
const RULES_HELD_MAX: usize = 65_536;

/// All rules of a policy, as they hold for callers of known groups or of unknown ones.
pub(crate) struct Rules {
    all: Vec<Scoped>,
    sets: Mutex<Sets>,
}

/// Sets that were asked for, by the positions of their rules.
#[derive(Default)]
struct Sets {
    by_rules: HashMap<Box<[usize]>, Arc<RuleSet>>,
    held: usize,
}

struct Scoped {
    /// Its conditions alone. Made with the rules, since it takes longer than a decision: who asks should not wait for it.
    conditions: CedarPolicy,
    actions: Arc<[Action]>,
    principal: PrincipalConstraint,
    resource: ResourceConstraint,
}

/// A rule, Cedar's JSON form of it, and the actions that it covers.
pub(crate) type Given<'a> = (&'a CedarPolicy, &'a Value, Arc<[Action]>);

/// Rules as Cedar takes them.
pub(crate) struct RuleSet {
    pub all: PolicySet,
    /// Those that allow: what would hold if every forbid were lifted.
    permits: OnceLock<Option<PolicySet>>,
}

impl RuleSet {
    pub(crate) fn permits(&self) -> Option<&PolicySet> {
        let permits = || {
            let permits = self.all.policies().filter(|policy| policy.effect() == Effect::Permit).cloned();
            PolicySet::from_policies(permits).ok()
        };
        self.permits.get_or_init(permits).as_ref()
    }
}

impl Scoped {
    fn new((policy, json, actions): Given<'_>) -> Result<Scoped, PolicyError> {
        let mut conditions = Map::new();
        for part in ["effect", "conditions"] {
            conditions.extend(json.get(part).map(|value| (part.to_owned(), value.clone())));
        }
        conditions.extend(["principal", "action", "resource"].map(|scope| (scope.to_owned(), json!({"op": "All"}))));
        let conditions = CedarPolicy::from_json(Some(policy.id().clone()), Value::Object(conditions));
        let conditions = conditions.map_err(|error| PolicyError::Schema(error.to_string()))?;
        let (principal, resource) = (policy.principal_constraint(), policy.resource_constraint());
        Ok(Scoped { conditions, actions, principal, resource })
    }
}

impl Rules {
    /// Of these rules.
    ///
    /// # Errors
    /// Cedar refuses what was made of its own JSON form, which would be a defect.
    pub(crate) fn new<'a>(rules: impl Iterator<Item = Given<'a>>) -> Result<Rules, PolicyError> {
        Ok(Rules { all: rules.map(Scoped::new).collect::<Result<_, _>>()?, sets: Mutex::default() })
    }

    /// Positions of the rules that cover the action and this caller, who is a member of the groups for which `member` is true.
    pub(crate) fn of_class(
        &self,
        action: Action,
        caller: &EntityUid,
        member: impl Fn(&EntityUid) -> bool,
    ) -> Vec<usize> {
        let within = |group: &EntityUid| group == caller || member(group);
        let applies = |rule: &Scoped| match &rule.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(one) => one == caller,
            PrincipalConstraint::In(group) => within(group),
            PrincipalConstraint::Is(kind) => caller.type_name() == kind,
            PrincipalConstraint::IsIn(kind, group) => caller.type_name() == kind && within(group),
        };
        let rules = self.all.iter().enumerate();
        let rules = rules.filter(|(_, rule)| rule.actions.contains(&action) && applies(rule));
        rules.map(|(at, _)| at).collect()
    }

    /// Those of `rules` that cover the resource, which stands below `above`. `None`, which denies, if Cedar refuses to put them
    /// together, which would be a defect.
    pub(crate) fn of_resource(
        &self,
        rules: &[usize],
        resource: &EntityUid,
        above: &[EntityUid],
    ) -> Option<Arc<RuleSet>> {
        let within = |uid: &EntityUid| uid == resource || above.contains(uid);
        let is = |kind: &EntityTypeName| resource.type_name() == kind;
        let applies = |rule: &Scoped| match &rule.resource {
            ResourceConstraint::Any => true,
            ResourceConstraint::Eq(one) => one == resource,
            ResourceConstraint::In(uid) => within(uid),
            ResourceConstraint::Is(kind) => is(kind),
            ResourceConstraint::IsIn(kind, uid) => is(kind) && within(uid),
        };
        let rules = rules.iter().copied().filter(|at| self.all.get(*at).is_some_and(&applies)).collect();
        self.set(rules)
    }

    fn set(&self, rules: Box<[usize]>) -> Option<Arc<RuleSet>> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets.by_rules.get(&rules) {
            return Some(Arc::clone(known));
        }
        let conditions: Option<Vec<_>> = rules.iter().map(|at| Some(self.all.get(*at)?.conditions.clone())).collect();
        let all = PolicySet::from_policies(conditions?).ok()?;
        let set = Arc::new(RuleSet { all, permits: OnceLock::new() });
        if sets.held > RULES_HELD_MAX {
            *sets = Sets::default();
        }
        // an empty set is counted too
        sets.held = sets.held.saturating_add(rules.len()).saturating_add(1);
        sets.by_rules.insert(rules, Arc::clone(&set));
        Some(set)
    }
}

/// The actions that the rule's scope covers. The gate's own operations and `unmask` have to be named: who allows everything of
/// topics and groups makes nobody an administrator, and shows nobody what is masked.
pub(crate) fn actions_of(policy: &CedarPolicy) -> Result<Vec<Action>, PolicyError> {
    let named = match policy.action_constraint() {
        ActionConstraint::Any if policy.effect() == Effect::Forbid => return Ok(Action::ALL.to_vec()),
        ActionConstraint::Any => {
            return Ok(Action::ALL.iter().filter(|action| !has_to_be_named(**action)).copied().collect());
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

/// Whether a permit of all actions leaves the action out.
pub(crate) fn has_to_be_named(action: Action) -> bool {
    matches!(action.applies_to(), ResourceKind::Gateway | ResourceKind::Field)
}

/// Whether a permit of all actions leaves out those that have to be named, which a reader of it may not expect.
pub(crate) fn leaves_out_the_gate(policy: &CedarPolicy) -> Option<LeftOut> {
    if policy.effect() == Effect::Forbid || policy.action_constraint() != ActionConstraint::Any {
        return None;
    }
    let named = |kind: &EntityTypeName| ["Gateway", "Field", "FieldClass"].contains(&kind.basename());
    match policy.resource_constraint() {
        ResourceConstraint::Any => Some(LeftOut::Partly),
        ResourceConstraint::Eq(one) | ResourceConstraint::In(one) => named(one.type_name()).then_some(LeftOut::Wholly),
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => named(&kind).then_some(LeftOut::Wholly),
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
