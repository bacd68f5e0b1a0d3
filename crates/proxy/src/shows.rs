//! What an answer shows of topics. It is asked about again when the rules change on its way to the client: a client that reads slowly
//! would else be shown for long what it may see no longer.

use std::sync::{Arc, MutexGuard, PoisonError};

use tidegate_model::{Action, AliasUse, Effect, Facts, Resource};
use tidegate_policy::{Now, Policy, Question};

use crate::gate::Shared;
use crate::live::{Bar, Seat};

/// The records that an answer shows, and the policy that allowed it.
pub(crate) struct Shows {
    facts: Facts,
    policy: Arc<Policy>,
}

/// Topics and partitions whose records an answer with these facts shows.
pub(crate) fn shown_of(facts: &Facts) -> impl Iterator<Item = (&str, i32)> {
    let shown = facts.partitions.iter().filter(|partition| partition.bytes > 0 && facts.effect == Effect::Reads);
    shown.map(|partition| {
        let name = facts.topics.get(partition.topic).map_or("", |topic| topic.name.as_str());
        (name, partition.partition)
    })
}

impl std::fmt::Debug for Shows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shows").field("operation", &self.facts.operation).finish_non_exhaustive()
    }
}

impl Shows {
    /// Of an answer that this policy allowed, if it shows records.
    pub(crate) fn of(facts: Facts, policy: Arc<Policy>) -> Option<Shows> {
        let any = shown_of(&facts).next().is_some();
        any.then_some(Shows { facts, policy })
    }

    /// The topics whose records are shown, and the plan that those were masked by, if any.
    fn topics(&self) -> impl Iterator<Item = (&str, Option<[u8; 32]>)> {
        let facts = &self.facts;
        let shown = facts.topics.iter().enumerate();
        shown.filter(|(place, _)| facts.partitions.iter().any(|p| p.topic == *place && p.bytes > 0)).map(
            |(place, topic)| {
                let mask = facts.masks.iter().find(|mask| mask.topic == place);
                (topic.name.as_str(), mask.map(|mask| mask.seen.plan))
            },
        )
    }
}

/// An answer on its way to the client, until it is dropped.
pub(crate) struct Showing<'a>(&'a Seat);

impl Drop for Showing<'_> {
    fn drop(&mut self) {
        *self.0.showing() = None;
    }
}

impl Seat {
    /// Notes what is on its way to the client, and cuts the session if that was allowed by other rules than those in force, which
    /// do not.
    pub(crate) fn show(&self, shows: Shows, shared: &Shared) -> Showing<'_> {
        let stale = {
            let mut showing = self.showing();
            *showing = Some(shows);
            // Only now: rules that change from here on find it.
            showing.as_ref().is_some_and(|shows| !Arc::ptr_eq(&shared.policy.load(), &shows.policy))
        };
        if stale {
            self.review_shown(shared);
        }
        Showing(self)
    }

    /// Cuts the session if what is on its way to the client may not be shown any longer; whether it was cut by this.
    pub(crate) fn review_shown(&self, shared: &Shared) -> bool {
        if self.showing().is_none() {
            return false;
        }
        let (caller, client_id) = {
            let access = self.access();
            (Arc::clone(&access.caller), Arc::clone(&access.client_id))
        };
        let policy = shared.policy();
        let entitlement = policy.entitlement(&caller, &self.circumstances(&client_id));
        let asking = policy.asking(&entitlement);
        let now = Now::at(shared.now_ms() / 1000, caller.mfa_at);
        let may = |(name, partition)| {
            let resource = Resource::Topic(name);
            asking.decide(Question { action: Action::Consume, resource, partition: Some(partition), now }).allowed()
        };
        // Records that would be masked otherwise now are not shown as they were masked before, whoever would see more of them.
        let masked_so = |shows: &Shows| {
            shows.topics().all(|(name, plan)| match asking.view(name, now) {
                Ok(view) => view.map(|view| view.plan.id) == plan,
                Err(_too_many) => false,
            })
        };
        // What was asked for by an alias that means another topic now was not what the client meant.
        let moved = |used: &AliasUse| policy.alias(&used.alias).is_none_or(|topic| **topic != *used.topic);
        let taken_away = self.showing().as_ref().is_some_and(|shows| {
            shows.facts.aliases.iter().any(moved) || !shown_of(&shows.facts).all(may) || !masked_so(shows)
        });
        taken_away && self.end(Bar::PolicyChanged)
    }

    fn showing(&self) -> MutexGuard<'_, Option<Shows>> {
        self.showing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
