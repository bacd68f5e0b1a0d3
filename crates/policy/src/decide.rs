//! The policy in force and its answers.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Entities, Entity, EntityUid, Request, RestrictedExpression, Schema,
};
use tidegate_model::{Action, Caller, Resource, ResourceKind};

use crate::blocks::Blocks;
use crate::class::{AnswerKey, Circumstances, Class, Entitlement, Traits};
use crate::error::PolicyError;
use crate::folder::{self, Loaded};
use crate::looks::Looks;
use crate::rule::Rule;
use crate::schema::{Types, schema};

/// The rule that is named when no rule allows.
pub(crate) const DEFAULT_DENY: &str = "default-deny";
/// What a decision's rule text begins with when no rule decided by itself: a defect or a rule that cannot be evaluated, a
/// block, a forbid that an approval would lift.
pub(crate) const PREFIXES: [&str; 3] = ["error:", "block:", "approval:"];
/// The one entity of type `Gateway`.
const GATEWAY_ID: &str = "gate";
/// Classes kept; more callers that the rules tell apart than this make the table start anew.
const CLASSES_MAX: usize = 1_024;
/// Rules named in one decision; more are counted.
const RULES_NAMED_MAX: usize = 8;

static POLICIES: AtomicU64 = AtomicU64::new(0);

/// One version of a policy, with the blocks that hold: immutable, shared, replaced as a whole.
pub struct Policy {
    /// Tells this policy's entitlements from another's.
    number: u64,
    core: Arc<Core>,
    blocks: Arc<Blocks>,
}

/// What does not depend on blocks: the rules, the classes that they make of callers, and the answers kept for these.
struct Core {
    loaded: Loaded,
    schema: Schema,
    types: Types,
    actions: Entities,
    authorizer: Authorizer,
    classes: Mutex<HashMap<Traits, Arc<Class>>>,
    answers_kept: Arc<AtomicUsize>,
}

/// The moment of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Hour of the day, UTC, 0 to 23.
    pub hour: u8,
    /// Seconds since the caller's last strong authentication; `None` when there was none.
    pub mfa_age: Option<u64>,
}

/// What a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// What to do.
    pub action: Action,
    /// To what; of the kind that the action applies to, else the answer is a denial.
    pub resource: Resource<'a>,
    /// One partition, or the whole topic.
    pub partition: Option<i32>,
    /// When.
    pub now: Now,
}

/// What is said to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The caller may.
    Allow,
    /// No rule allows it, or a rule forbids it.
    Deny,
    /// It is forbidden only by rules that an approval lifts (`@on_deny("require_approval")`), and some rule allows it. Until
    /// somebody can approve, this is a refusal.
    NeedsApproval,
    /// A block is in force.
    Blocked,
}

impl Effect {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
            Effect::NeedsApproval => "needs_approval",
            Effect::Blocked => "blocked",
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is said.
    pub effect: Effect,
    /// The ids of the rules that decided, sorted and joined by `,`; `default-deny` when no rule allows; `error:<id>` when a
    /// rule could not be evaluated, which denies; `block:<id>` of a block; `approval:<ids>` when it needs an approval.
    /// [`Policy::rules_in`] finds the rules again.
    pub rule: Arc<str>,
}

impl Decision {
    /// Whether the caller may; true for [`Effect::Allow`] alone.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.effect == Effect::Allow
    }

    fn deny(rule: impl Into<Arc<str>>) -> Decision {
        Decision { effect: Effect::Deny, rule: rule.into() }
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("number", &self.number).field("rules", &self.rules()).finish_non_exhaustive()
    }
}

impl Policy {
    /// Reads and validates a policy folder.
    ///
    /// # Errors
    /// The first thing that is wrong; [`check`](crate::check) tells all.
    pub fn load(dir: &Path) -> Result<Policy, PolicyError> {
        Self::from_files(&folder::read(dir)?)
    }

    /// Validates the files of a policy.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_files(files: &folder::PolicyFiles) -> Result<Policy, PolicyError> {
        let loaded = folder::load(files).map_err(|errors| {
            errors.into_iter().next().unwrap_or_else(|| PolicyError::Schema("an error without a text".to_owned()))
        })?;
        let schema = schema()?;
        let actions = schema.action_entities().map_err(|error| PolicyError::Schema(error.to_string()))?;
        let core = Core {
            loaded,
            schema,
            types: Types::new()?,
            actions,
            authorizer: Authorizer::new(),
            classes: Mutex::default(),
            answers_kept: Arc::default(),
        };
        Ok(Policy { number: next_number(), core: Arc::new(core), blocks: Arc::default() })
    }

    /// The same rules with other blocks. It shares all else, kept answers too, so it is made in no time. Whoever puts a policy in
    /// force gives it the blocks that hold: those of the policy before do not pass over by themselves.
    #[must_use]
    pub fn with_blocks(&self, blocks: Arc<Blocks>) -> Policy {
        Policy { number: next_number(), core: Arc::clone(&self.core), blocks }
    }

    /// The blocks that hold.
    #[must_use]
    pub fn blocks(&self) -> &Arc<Blocks> {
        &self.blocks
    }

    /// SHA-256 over the sorted names and contents of the files that count.
    #[must_use]
    pub fn version(&self) -> [u8; 32] {
        self.core.loaded.report.version
    }

    /// Number of rules.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.core.loaded.report.rules
    }

    /// The rule of this id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.core.loaded.rules.get(id).map(|rule| &**rule)
    }

    /// The rules that a [`Decision::rule`] of this policy names.
    pub fn rules_in<'a>(&'a self, decided_by: &'a str) -> impl Iterator<Item = &'a Rule> {
        let ids = PREFIXES.iter().find_map(|prefix| decided_by.strip_prefix(prefix)).unwrap_or(decided_by);
        ids.split(',').filter_map(|id| self.rule(id))
    }

    /// Every rule, in no order.
    pub fn every_rule(&self) -> impl Iterator<Item = &Rule> {
        self.core.loaded.rules.values().map(|rule| &**rule)
    }

    /// What the rules can tell apart.
    pub(crate) fn looks(&self) -> &Looks {
        &self.core.loaded.looks
    }

    /// What the folder holds.
    #[must_use]
    pub fn report(&self) -> &folder::Report {
        &self.core.loaded.report
    }

    /// What topics are.
    #[must_use]
    pub fn topics(&self) -> &crate::topics::Topics {
        &self.core.loaded.topics
    }

    /// What the policy makes of a session: its class of callers, and whether it is blocked. Ask once a session, again after
    /// re-authentication, and again whenever the policy is another one.
    #[must_use]
    pub fn entitlement(&self, caller: &Caller, circumstances: &Circumstances<'_>) -> Entitlement {
        let class = self.core.class(Traits::of(caller, circumstances, &self.core.loaded.looks));
        Entitlement { policy: self.number, class, blocked: self.blocks.session(caller, circumstances) }
    }

    /// Decides. A kept answer costs two look-ups; another one is asked of Cedar (tens of microseconds).
    ///
    /// An entitlement of another policy is denied with `error:other-policy`: its answers may no longer hold.
    #[must_use]
    pub fn decide(&self, who: &Entitlement, question: Question<'_>) -> Decision {
        if who.policy != self.number {
            return Decision::deny("error:other-policy");
        }
        if let Some(block) = &who.blocked {
            return Decision { effect: Effect::Blocked, rule: Arc::clone(block) };
        }
        if question.action.applies_to() != question.resource.kind() {
            return Decision::deny("error:wrong-resource");
        }
        if self.blocks.ask_each_time()
            && let Some(rule) = self.blocks.question(question.action, &question.resource)
        {
            return Decision { effect: Effect::Blocked, rule };
        }
        self.core.decide(&who.class, question)
    }

    /// The question as Cedar takes it. The error is the rule to deny with.
    pub(crate) fn prepare(&self, who: &Entitlement, question: Question<'_>) -> Result<(Request, Entities), String> {
        self.core.prepare(&who.class, question)
    }
}

impl Core {
    fn class(&self, traits: Traits) -> Arc<Class> {
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = classes.get(&traits) {
            return Arc::clone(known);
        }
        let answers_kept = Arc::clone(&self.answers_kept);
        let new = Arc::new(Class::new(traits.clone(), &self.types, &self.actions, answers_kept));
        if classes.len() >= CLASSES_MAX {
            classes.clear();
        }
        classes.insert(traits, Arc::clone(&new));
        new
    }

    fn decide(&self, who: &Class, question: Question<'_>) -> Decision {
        let looks = &self.loaded.looks;
        let key = looks.mfa.bucket(question.now.mfa_age.map(seconds)).map(|mfa| AnswerKey {
            action: question.action,
            partition: question.partition.filter(|_| looks.partition),
            hour: if looks.hour { question.now.hour } else { 0 },
            mfa,
        });
        let name = question.resource.name();
        if let Some(kept) = key.as_ref().and_then(|key| who.kept(key, name)) {
            return kept;
        }
        let decision = self.evaluate(who, question).unwrap_or_else(Decision::deny);
        if let Some(key) = key {
            who.keep(key, name, decision.clone());
        }
        decision
    }

    /// The question as Cedar takes it. The error is the rule to deny with.
    fn prepare(&self, who: &Class, question: Question<'_>) -> Result<(Request, Entities), String> {
        let (resource, entity) = self.resource(who, question.resource)?;
        let entities = who
            .entities
            .clone()
            .and_then(|known| known.add_entities(entity, None).ok())
            .ok_or_else(|| "error:entities".to_owned())?;
        let request = Request::new(
            who.principal.clone(),
            self.types.action(question.action.name()),
            resource,
            context(who, question)?,
            Some(&self.schema),
        )
        .ok()
        .ok_or_else(|| "error:request".to_owned())?;
        Ok((request, entities))
    }

    /// Asks Cedar. The error is the rule to deny with.
    fn evaluate(&self, who: &Class, question: Question<'_>) -> Result<Decision, String> {
        let (request, entities) = self.prepare(who, question)?;
        let sets = if who.groups_unknown() { &self.loaded.sets_unknown_groups } else { &self.loaded.sets };
        let response = self.authorizer.is_authorized(&request, &sets.all, &entities);
        // Cedar skips a rule that cannot be evaluated, also a forbid: so any error denies
        if let Some(AuthorizationError::PolicyEvaluationError(error)) = response
            .diagnostics()
            .errors()
            .min_by_key(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id())
        {
            return Err(format!("error:{}", error.policy_id()));
        }
        let reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        if response.decision() == cedar_policy::Decision::Allow {
            return Ok(Decision { effect: Effect::Allow, rule: named(reasons).into() });
        }
        // The reasons are all forbids that apply. When each of them can be lifted, what is left are the permits.
        let on_approval = |id: &String| self.loaded.rules.get(id).is_some_and(|rule| rule.on_approval);
        if !reasons.is_empty() && reasons.iter().all(on_approval) {
            let lifted = self.authorizer.is_authorized(&request, &sets.permits, &entities);
            if lifted.decision() == cedar_policy::Decision::Allow {
                let rule = format!("approval:{}", named(reasons)).into();
                return Ok(Decision { effect: Effect::NeedsApproval, rule });
            }
        }
        Ok(Decision { effect: Effect::Deny, rule: named(reasons).into() })
    }

    /// The resource's id and, unless it is the cluster (which the entitlement has), the entity.
    fn resource(&self, who: &Class, resource: Resource<'_>) -> Result<(EntityUid, Option<Entity>), String> {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let cluster = self.types.resource(ResourceKind::Cluster, who.traits.cluster());
        let name = resource.name();
        let uid = match resource.kind() {
            ResourceKind::Cluster => return Ok((cluster, None)),
            ResourceKind::Gateway => {
                let uid = self.types.resource(ResourceKind::Gateway, GATEWAY_ID);
                let attributes = HashMap::from([("name".to_owned(), text(GATEWAY_ID))]);
                let entity = Entity::new(uid.clone(), attributes, HashSet::new());
                return Ok((uid, Some(entity.ok().ok_or_else(|| "error:resource".to_owned())?)));
            }
            kind => self.types.resource(kind, name),
        };
        let mut attributes = HashMap::from([("name".to_owned(), text(name))]);
        let mut parents = HashSet::from([cluster]);
        if let Resource::Topic(name) = resource {
            let facts = self.loaded.topics.classify(name);
            parents.insert(self.types.domain(&facts.domain));
            parents.extend(facts.tags.iter().map(|tag| self.types.tag(tag)));
            attributes.extend([
                ("domain".to_owned(), text(&facts.domain)),
                ("env".to_owned(), text(&facts.env)),
                ("tier".to_owned(), text(&facts.tier)),
                ("tags".to_owned(), RestrictedExpression::new_set(facts.tags.iter().map(|tag| text(tag)))),
            ]);
            if let Some(owner) = &facts.owner {
                attributes.insert("owner".to_owned(), RestrictedExpression::new_entity_uid(self.types.group(owner)));
            }
        }
        let entity = Entity::new(uid.clone(), attributes, parents).ok().ok_or_else(|| "error:resource".to_owned())?;
        Ok((uid, Some(entity)))
    }
}

fn next_number() -> u64 {
    POLICIES.fetch_add(1, Ordering::Relaxed)
}

/// The ids as a decision names them.
fn named(mut ids: Vec<String>) -> String {
    ids.sort_unstable();
    let more = ids.len().saturating_sub(RULES_NAMED_MAX);
    ids.truncate(RULES_NAMED_MAX);
    if more > 0 {
        ids.push(format!("+{more}"));
    }
    if ids.is_empty() { DEFAULT_DENY.to_owned() } else { ids.join(",") }
}

fn context(who: &Class, question: Question<'_>) -> Result<Context, String> {
    let mut pairs = vec![
        ("address".to_owned(), RestrictedExpression::new_ip(who.traits.address.to_string())),
        ("clientId".to_owned(), RestrictedExpression::new_string(who.traits.client_id.to_string())),
        ("tls".to_owned(), RestrictedExpression::new_bool(who.traits.tls)),
        ("hour".to_owned(), RestrictedExpression::new_long(i64::from(question.now.hour))),
    ];
    if let Some(partition) = question.partition {
        pairs.push(("partition".to_owned(), RestrictedExpression::new_long(i64::from(partition))));
    }
    if let Some(age) = question.now.mfa_age {
        pairs.push(("mfaAge".to_owned(), RestrictedExpression::new_long(seconds(age))));
    }
    Context::from_pairs(pairs).ok().ok_or_else(|| "error:context".to_owned())
}

fn seconds(age: u64) -> i64 {
    i64::try_from(age).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
