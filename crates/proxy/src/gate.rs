//! What all connections share: log, policy, issuers, accounts, agents, bounds.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tidegate_evidence::entry::Algorithm;
use tidegate_evidence::store::Log;
use tidegate_identity::{Accounts, Issuers, Revocations};
use tidegate_policy::Policy;

use crate::agents::Agents;
use crate::failures::Failures;
use crate::frames::Budget;
use crate::live::Live;
use crate::masks::MaskedBatches;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::tally::Tallies;

/// Bounds of the data path. Each is a setting; the reasons for the defaults stand with the settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at once.
    pub connections: usize,
    /// Connections open at once from one address.
    pub connections_per_address: usize,
    /// Failed logins of one address within a minute, after which its new connections are turned away for the rest of it.
    pub failed_logins_per_address: u32,
    /// From accept to the end of the login.
    pub login: Duration,
    /// A client that takes no byte of an answer for this long is given up.
    pub delivery_stall: Duration,
    /// Requests of one connection that wait for their answers.
    pub in_flight: usize,
    /// What Fetch is lowered to.
    pub answer_bytes: i32,
    /// Longest session of a person without authenticating again.
    pub session_user: Duration,
    /// Longest session of a workload without authenticating again.
    pub session_workload: Duration,
    /// How long answers under way may still take after the client has gone or the gate stops.
    pub drain: Duration,
}

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    /// The evidence log.
    pub log: Log,
    /// The hash over payload.
    pub algorithm: Algorithm,
    /// The policy in force.
    pub policy: ArcSwap<Policy>,
    /// The issuers in force.
    pub issuers: ArcSwap<Issuers>,
    /// The gate's service accounts.
    pub accounts: Accounts,
    /// Callers who must not be believed any longer. After it has changed, [`Live::review`] ends what it names.
    pub revocations: ArcSwap<Revocations>,
    /// The sessions that are live.
    pub live: Live,
    /// The agents.
    pub agents: Agents,
    /// Bytes of frames held at once.
    pub budget: Budget,
    /// Counters.
    pub metrics: Metrics,
    /// Bounds.
    pub limits: Limits,
    /// Failed logins, folded.
    pub failures: Failures,
    /// Masked batches that were delivered. Cleared whenever `policy` is replaced.
    pub masked: MaskedBatches,
    /// How fast each caller writes, where that is bounded.
    pub rates: Rates,
    /// Where sessions hand over what they counted of decisions.
    pub tallies: Tallies,
}

impl Shared {
    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        now_ms()
    }

    /// Puts a policy in force. [`Live::review`] ends what it takes away.
    pub fn put_in_force(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
        self.masked.clear();
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
