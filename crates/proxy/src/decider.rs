//! Answers a session's questions for one frame, and remembers them for its leaf.

use std::any::Any;
use std::sync::Arc;

use tidegate_model::{Action, Caller, Endpoint, Gate, Resource, ResourceKind};
use tidegate_policy::{Circumstances, Entitlement, Now, Policy, Question};

use crate::gate::Shared;
use crate::listener::Endpoints;

/// Distinct questions that one leaf names; more are counted.
const ASKED_MAX: usize = 64;

/// Who is logged in on a connection, and what the policy in force makes of it.
#[derive(Clone, Debug)]
pub struct Access {
    /// The caller.
    pub caller: Arc<Caller>,
    /// When the session must be authenticated anew, Unix milliseconds.
    pub ends_at_ms: u64,
    /// The policy that `entitlement` belongs to.
    pub policy: Arc<Policy>,
    /// The caller's class under it.
    pub entitlement: Arc<Entitlement>,
}

impl Access {
    /// Of a caller who has just logged in.
    #[must_use]
    pub fn new(caller: Arc<Caller>, ends_at_ms: u64, policy: Arc<Policy>, circumstances: &Circumstances<'_>) -> Self {
        let entitlement = policy.entitlement(&caller, circumstances);
        Self { caller, ends_at_ms, policy, entitlement }
    }

    /// Takes up another policy. Says whether there was one.
    pub fn refresh(&mut self, shared: &Shared, circumstances: &Circumstances<'_>) -> bool {
        let current = shared.policy.load();
        if Arc::ptr_eq(&current, &self.policy) {
            return false;
        }
        self.policy = Arc::clone(&current);
        self.entitlement = self.policy.entitlement(&self.caller, circumstances);
        true
    }
}

/// One question and its answer.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What was asked for.
    pub action: Action,
    /// Of what kind of thing.
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
    /// The answer.
    pub allowed: bool,
    /// The rules that gave it.
    pub rule: Arc<str>,
}

/// The questions of one frame.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// Distinct ones, in order.
    pub asked: Vec<Asked>,
    /// How many more there were.
    pub more: u64,
    /// SHA-256 of the policy that answered.
    pub policy_version: [u8; 32],
}

/// Decides for one frame.
pub struct Decider<'a> {
    access: Option<&'a Access>,
    endpoints: &'a Endpoints,
    shared: &'a Shared,
    now_ms: u64,
    now: Now,
    questions: Questions,
}

impl std::fmt::Debug for Decider<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decider").field("questions", &self.questions.asked.len()).finish_non_exhaustive()
    }
}

impl<'a> Decider<'a> {
    /// For a frame of `access`, or of nobody yet.
    #[must_use]
    pub fn new(shared: &'a Shared, endpoints: &'a Endpoints, access: Option<&'a Access>) -> Self {
        let now_ms = shared.now_ms();
        let seconds = now_ms / 1000;
        let mfa_age = access.and_then(|a| a.caller.mfa_at).map(|at| seconds.saturating_sub(at));
        let hour = u8::try_from(seconds / 3600 % 24).unwrap_or(0);
        let policy_version = access.map(|a| a.policy.version()).unwrap_or_default();
        let questions = Questions { policy_version, ..Questions::default() };
        Self { access, endpoints, shared, now_ms, now: Now { hour, mfa_age }, questions }
    }

    /// What was asked.
    #[must_use]
    pub fn into_questions(self) -> Questions {
        self.questions
    }

    fn remember(&mut self, action: Action, resource: Resource<'_>, allowed: bool, rule: &Arc<str>) {
        let same = |a: &Asked| {
            a.action == action && a.kind == resource.kind() && a.name == resource.name() && a.allowed == allowed
        };
        if self.questions.asked.iter().any(same) {
            return;
        }
        if self.questions.asked.len() >= ASKED_MAX {
            self.questions.more = self.questions.more.saturating_add(1);
            return;
        }
        let (kind, name) = (resource.kind(), resource.name().to_owned());
        self.questions.asked.push(Asked { action, kind, name, allowed, rule: Arc::clone(rule) });
    }
}

impl Gate for Decider<'_> {
    fn allows(&mut self, action: Action, resource: Resource<'_>, partition: Option<i32>) -> bool {
        let Some(access) = self.access else { return false };
        let decision =
            access.policy.decide(&access.entitlement, Question { action, resource, partition, now: self.now });
        self.remember(action, resource, decision.allowed, &decision.rule);
        decision.allowed
    }

    fn endpoint(&mut self, node_id: i32, host: &str, port: u16) -> Option<Endpoint> {
        self.endpoints.of_broker(node_id, host, port)
    }

    fn knowledge(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.endpoints.cluster().learned().map(|learned| Arc::clone(&learned.knowledge))
    }

    fn answer_bytes_target(&self) -> i32 {
        self.shared.limits.answer_bytes
    }

    fn now_ms(&self) -> u64 {
        self.now_ms
    }
}
