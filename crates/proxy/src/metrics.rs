//! What operators see: one table of metrics. Labels are words of ours, never names of topics or callers.

use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::seldom::Seldom;
use crate::undecided::Undecided;

/// Operation and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Operation {
    /// The operation's name in its protocol.
    pub operation: &'static str,
    /// `allowed`, `refused` or `partly`.
    pub decision: &'static str,
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    /// One of our own words.
    pub reason: &'static str,
}

/// A direction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Direction {
    /// `to_broker` or `to_client`.
    pub direction: &'static str,
}

/// Where something came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Origin {
    /// `made` or `kept`.
    pub from: &'static str,
}

/// The data path's metrics.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Connections that are open now.
    pub connections: Gauge<i64, AtomicI64>,
    /// Connections accepted.
    pub accepted: Counter,
    /// Connections turned away at the door, by reason.
    pub turned_away: Family<Reason, Counter>,
    /// Logins that were refused, by the check that failed.
    pub logins_failed: Family<Reason, Counter>,
    /// Sessions that were opened.
    pub sessions: Counter,
    /// Requests by operation and decision.
    pub requests: Family<Operation, Counter>,
    /// Bytes carried.
    pub bytes: Family<Direction, Counter>,
    /// Questions that could not be evaluated.
    pub undecided: Undecided,
    /// Batches that were masked, and that were kept from when they were.
    pub masked_batches: Family<Origin, Counter>,
    /// Parts of records that could not be read under a mask.
    pub unmaskable: Seldom,
    /// Refused records that were copied to their quarantine topics.
    pub quarantined: Counter,
    /// Batches of them that could not be.
    pub not_quarantined: Seldom,
    /// Schemas that lack tags which earlier versions of their subject have.
    pub removed_tags: Counter,
    /// Connections that ended before the client wanted it, by who must act.
    pub faults: Family<Reason, Counter>,
}

impl Metrics {
    /// Puts all of them into `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Client connections that are open", self.connections.clone());
        registry.register("connections_accepted", "Client connections accepted", self.accepted.clone());
        registry.register(
            "connections_turned_away",
            "Client connections turned away at the door",
            self.turned_away.clone(),
        );
        registry.register("logins_failed", "Logins refused, by the check that failed", self.logins_failed.clone());
        registry.register("sessions", "Sessions opened", self.sessions.clone());
        registry.register("requests", "Requests by operation and decision", self.requests.clone());
        registry.register_with_unit("carried", "Bytes carried", Unit::Bytes, self.bytes.clone());
        registry.register(
            "policy_errors",
            "Questions that were denied because a rule could not be evaluated",
            self.undecided.0.count.clone(),
        );
        registry.register(
            "masked_batches",
            "Record batches that went through a mask: made, or kept from the last time",
            self.masked_batches.clone(),
        );
        registry.register(
            "records_unmaskable",
            "Records and batches that were withheld because a mask could not read them",
            self.unmaskable.count.clone(),
        );
        registry.register(
            "records_quarantined",
            "Refused records that were copied to their quarantine topics",
            self.quarantined.clone(),
        );
        registry.register(
            "quarantine_failures",
            "Times that refused records could not be copied to their quarantine topic",
            self.not_quarantined.count.clone(),
        );
        registry.register(
            "schemas_with_removed_tags",
            "Schemas that lack tags which earlier versions have, whose fields stay masked until somebody approves",
            self.removed_tags.clone(),
        );
        registry.register("faults", "Connections that ended early, by who must act", self.faults.clone());
    }
}
