//! Counts decisions, for `policy dry-run`: who asked for what, how often, and what was said. It is no evidence and holds nothing
//! up; what it cannot keep it counts as not kept.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use tidegate_model::{Action, Caller, ResourceKind};
use tokio::sync::mpsc;

use crate::decider::Questions;

/// Sessions hand over what they counted this often.
const HAND_OVER_MS: u64 = 60_000;
/// Different questions that a session keeps between two hand-overs.
const ROWS_MAX: usize = 4_096;
/// Hand-overs that wait for whoever keeps them.
const WAITING_MAX: usize = 1_024;

/// A question, and how often it was answered so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was asked for.
    pub action: Action,
    /// Of what kind of thing.
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
    /// The first partition that was asked for; `None` for the whole topic.
    pub partition: Option<i32>,
    /// The answer.
    pub allowed: bool,
    /// How often.
    pub count: u64,
}

/// What one session asked within a minute or so.
#[derive(Debug)]
pub struct Tallied {
    /// Who asked.
    pub caller: Arc<Caller>,
    /// What policy may look at beside the caller, and does not change within a session.
    pub around: Around,
    /// Unix milliseconds of the first question.
    pub first_ms: u64,
    /// Unix milliseconds of the last question.
    pub last_ms: u64,
    /// The questions.
    pub rows: Vec<Row>,
    /// Questions that were not kept, since there were too many different ones.
    pub more: u64,
}

/// The circumstances of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// The cluster's configured name.
    pub cluster: String,
    /// The client's address.
    pub address: IpAddr,
    /// The name that the client gives itself.
    pub client_id: String,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// Where sessions hand over to.
#[derive(Clone, Debug)]
pub struct Tallies(mpsc::Sender<Tallied>);

impl Tallies {
    /// A way for tallies, and its end. When nobody takes them, sessions keep what they can.
    #[must_use]
    pub fn channel() -> (Tallies, mpsc::Receiver<Tallied>) {
        let (give, take) = mpsc::channel(WAITING_MAX);
        (Tallies(give), take)
    }
}

/// One session's counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    caller: Option<Arc<Caller>>,
    rows: HashMap<u64, Row>,
    more: u64,
    first_ms: u64,
    last_ms: u64,
}

impl Tally {
    /// Counts a frame's questions.
    pub(crate) fn count(&mut self, caller: &Arc<Caller>, questions: &Questions, now_ms: u64) {
        if self.is_empty() {
            self.first_ms = now_ms;
            self.caller = Some(Arc::clone(caller));
        }
        self.last_ms = now_ms;
        self.more = self.more.saturating_add(questions.more);
        for asked in &questions.asked {
            if let Some(row) = self.rows.get_mut(&asked.hash) {
                row.count = row.count.saturating_add(1);
            } else if self.rows.len() >= ROWS_MAX {
                self.more = self.more.saturating_add(1);
            } else {
                let row = Row {
                    action: asked.action,
                    kind: asked.kind,
                    name: asked.name.clone(),
                    partition: asked.partition,
                    allowed: asked.allowed(),
                    count: 1,
                };
                self.rows.insert(asked.hash, row);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.more == 0
    }

    /// Whether it is time to hand over: a minute has passed, or somebody else is logged in.
    pub(crate) fn is_due(&self, caller: &Arc<Caller>, now_ms: u64) -> bool {
        let same = self.caller.as_ref().is_none_or(|known| Arc::ptr_eq(known, caller));
        !self.is_empty() && (!same || now_ms.saturating_sub(self.first_ms) >= HAND_OVER_MS)
    }

    /// Hands over, if there is room; else it goes on counting.
    pub(crate) fn hand_over(&mut self, to: &Tallies, around: impl FnOnce() -> Around) {
        let Some(caller) = self.caller.clone().filter(|_| !self.is_empty()) else { return };
        let Ok(room) = to.0.try_reserve() else { return };
        let rows = std::mem::take(&mut self.rows).into_values().collect();
        let (first_ms, last_ms, more) = (self.first_ms, self.last_ms, self.more);
        self.more = 0;
        room.send(Tallied { caller, around: around(), first_ms, last_ms, rows, more });
    }
}
