//! The policy in force and its answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cedar_policy::{Entities, Request};
use tidegate_masking::transform::ClassKey;
use tidegate_model::{Action, Caller, Resource};

use crate::answers::Kept;
use crate::blocks::Blocks;
use crate::class::{Circumstances, Entitlement, Traits};
use crate::error::PolicyError;
use crate::evaluate::Core;
use crate::folder;
use crate::looks::Looks;
use crate::masking::ClassKeys;
use crate::rule::Rule;
use crate::unmask::Plans;

/// The rule that is named when no rule allows.
pub(crate) const DEFAULT_DENY: &str = "default-deny";
/// What a decision's rule text begins with when no rule decided by itself: a defect or a rule that cannot be evaluated, a
/// block, a forbid that an approval would lift, a name that is only an alias.
pub(crate) const PREFIXES: [&str; 4] = [FAILED, "block:", "approval:", ALIAS];
/// Before the alias that was asked about in the place of its topic.
pub(crate) const ALIAS: &str = "alias:";
const FAILED: &str = "error:";

static POLICIES: AtomicU64 = AtomicU64::new(0);

/// One version of a policy, with the blocks that hold: immutable, shared, replaced as a whole.
pub struct Policy {
    /// Tells this policy's entitlements from another's.
    number: u64,
    pub(crate) core: Arc<Core>,
    blocks: Arc<Blocks>,
    pub(crate) plans: Arc<Plans>,
}

/// The moment of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Hour of the day, UTC, 0 to 23.
    pub hour: u8,
    /// Seconds since the caller's last strong authentication; `None` when there was none.
    pub mfa_age: Option<u64>,
}

impl Now {
    /// The moment of a Unix second, for a caller whose last strong authentication was at `mfa_at`, if ever.
    #[must_use]
    pub fn at(unix_s: u64, mfa_at: Option<u64>) -> Now {
        let hour = u8::try_from(unix_s / 3600 % 24).unwrap_or(0);
        Now { hour, mfa_age: mfa_at.map(|at| unix_s.saturating_sub(at)) }
    }
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
    /// rule could not be evaluated, which denies; `block:<id>` of a block; `approval:<ids>` when it needs an approval;
    /// `alias:<name>` when the name is no topic's own.
    /// [`Policy::rules_in`] finds the rules again.
    pub rule: Arc<str>,
}

/// A session's questions at one moment. It holds the answers that are kept for its class, so keep it no longer than a frame.
pub struct Asking<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) who: &'a Entitlement,
    pub(crate) kept: Kept,
}

impl std::fmt::Debug for Asking<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Asking<'_> {
    /// Decides. A kept answer costs one look-up; another one is asked of Cedar (tens of microseconds).
    ///
    /// An entitlement of another policy is denied with `error:other-policy`: its answers may no longer hold.
    #[must_use]
    pub fn decide(&self, question: Question<'_>) -> Cow<'_, Decision> {
        self.at_once(question).unwrap_or_else(|| Cow::Owned(self.policy.core.decide(&self.who.class, question)))
    }

    /// The same, but nothing where Cedar would have to be asked: for who should not be held up by many of these.
    #[must_use]
    pub fn at_once(&self, question: Question<'_>) -> Option<Cow<'_, Decision>> {
        let known = |decision| Some(Cow::Owned(decision));
        if self.who.policy != self.policy.number {
            return known(Decision::deny("error:other-policy"));
        }
        if let Some(block) = &self.who.blocked {
            return known(Decision { effect: Effect::Blocked, rule: Arc::clone(block) });
        }
        if question.action.applies_to() != question.resource.kind() {
            return known(Decision::deny("error:wrong-resource"));
        }
        let blocks = &self.policy.blocks;
        if blocks.ask_each_time()
            && let Some(rule) = blocks.question(question.action, &question.resource)
        {
            return known(Decision { effect: Effect::Blocked, rule });
        }
        self.policy.core.kept(&self.kept, &question).map(Cow::Borrowed)
    }
}

impl Decision {
    /// Whether the caller may; true for [`Effect::Allow`] alone.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// What could not be evaluated, so that it was denied: the id of a rule, or a word for a defect of the gate.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.rule.strip_prefix(FAILED)
    }

    pub(crate) fn deny(rule: impl Into<Arc<str>>) -> Decision {
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
        let core = Arc::new(Core::new(Arc::new(loaded))?);
        let plans = Arc::new(Plans::new(Arc::new(BTreeMap::<String, ClassKey>::new())));
        Ok(Policy { number: next_number(), core, blocks: Arc::default(), plans })
    }

    /// The same rules with other blocks. It shares all else, kept answers too, so it is made in no time. Whoever puts a policy in
    /// force gives it the blocks that hold: those of the policy before do not pass over by themselves.
    #[must_use]
    pub fn with_blocks(&self, blocks: Arc<Blocks>) -> Policy {
        Policy { number: next_number(), core: Arc::clone(&self.core), blocks, plans: Arc::clone(&self.plans) }
    }

    /// The same rules and blocks with the keys of classes. As with blocks, those of the policy before do not pass over by themselves.
    #[must_use]
    pub fn with_keys(&self, keys: Arc<dyn ClassKeys>) -> Policy {
        let (core, blocks) = (Arc::clone(&self.core), Arc::clone(&self.blocks));
        Policy { number: next_number(), core, blocks, plans: Arc::new(Plans::new(keys)) }
    }

    /// The keys of classes.
    #[must_use]
    pub fn keys(&self) -> &Arc<dyn ClassKeys> {
        self.plans.keys()
    }

    /// The topic that the alias stands for; `None` for a name that is no alias, and for one that is blocked by itself: what is left of
    /// it is a name that is refused.
    #[must_use]
    pub fn alias(&self, name: &str) -> Option<&Arc<str>> {
        let topic = self.topics().aliases().topic(name)?;
        self.blocks().topic(name).is_none().then_some(topic)
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
        let ids = if decided_by.starts_with(ALIAS) { "" } else { ids };
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

    /// Whether some rule looks at partitions, so that those of a topic may have different answers.
    #[must_use]
    pub fn looks_at_partitions(&self) -> bool {
        self.looks().partition
    }

    /// The same rules and blocks, and nothing that is kept: who asks very much of it makes nobody else's answers be forgotten.
    ///
    /// # Errors
    /// The schema of this program cannot be read.
    pub fn apart(&self) -> Result<Policy, PolicyError> {
        let core = Arc::new(Core::new(Arc::clone(&self.core.loaded))?);
        let (blocks, plans) = (Arc::clone(&self.blocks), Arc::clone(&self.plans));
        Ok(Policy { number: next_number(), core, blocks, plans })
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

    /// Decides one question; for several of one session, [`Policy::asking`] is cheaper.
    #[must_use]
    pub fn decide(&self, who: &Entitlement, question: Question<'_>) -> Decision {
        self.asking(who).decide(question).into_owned()
    }

    /// To decide several questions of one session within one moment, such as those of a frame.
    #[must_use]
    pub fn asking<'a>(&'a self, who: &'a Entitlement) -> Asking<'a> {
        Asking { policy: self, who, kept: who.class.answers.kept() }
    }

    /// The question as Cedar takes it. The error is the rule to deny with.
    pub(crate) fn prepare(&self, who: &Entitlement, question: Question<'_>) -> Result<(Request, Entities), String> {
        self.core.prepare(&who.class, question)
    }
}

fn next_number() -> u64 {
    POLICIES.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
