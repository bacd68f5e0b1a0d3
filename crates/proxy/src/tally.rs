//! Counts decisions, for `policy dry-run`: who asked for what, how often, and what was said. It is no evidence and holds nothing
//! up; what it cannot keep it counts as not kept.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use tidegate_model::{Action, Caller, ResourceKind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::decider::Questions;

/// Sessions hand over what they counted this often.
const HAND_OVER_MS: u64 = 60_000;
/// Different questions that a session keeps between two hand-overs.
const ROWS_MAX: usize = 4_096;
/// Longest name that is kept; a topic's has at most 249 bytes, but clients choose groups and transactional ids as they like.
const NAME_BYTES_MAX: usize = 256;
/// About what a row takes beside its name.
const ROW_BYTES: usize = 128;
/// What one session's rows take at most.
const SESSION_BYTES_MAX: usize = 256 << 10;
/// What all rows take at most, those that were handed over and wait too.
const BYTES_MAX: usize = 32 << 20;
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
    /// The partition that was asked for; `None` for the whole topic, and where partitions were not told apart.
    pub partition: Option<i32>,
    /// Whether it may stand for questions of several partitions: the rules do not look at them, so they were not told apart.
    pub coarse: bool,
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
    /// Questions that were not kept, since there were too many different ones, or their names are too long.
    pub more: u64,
    /// What the rows take of the process's memory for them, until they are dropped.
    pub room: Room,
}

/// A share of the memory for rows; given back when dropped.
#[derive(Debug, Default)]
pub struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Takes this much more, if the session and the process have it.
    fn grow(&mut self, of: &Tallies, bytes: usize) -> bool {
        if self.bytes().saturating_add(bytes) > SESSION_BYTES_MAX {
            return false;
        }
        let Ok(bytes) = u32::try_from(bytes) else { return false };
        let Ok(more) = Arc::clone(&of.room).try_acquire_many_owned(bytes) else { return false };
        match &mut self.0 {
            Some(known) => known.merge(more),
            None => self.0 = Some(more),
        }
        true
    }
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
pub struct Tallies {
    to: mpsc::Sender<Tallied>,
    room: Arc<Semaphore>,
}

impl Tallies {
    /// A way for tallies, and its end. When nobody takes them, sessions keep what they can.
    #[must_use]
    pub fn channel() -> (Tallies, mpsc::Receiver<Tallied>) {
        let (give, take) = mpsc::channel(WAITING_MAX);
        (Tallies { to: give, room: Arc::new(Semaphore::new(BYTES_MAX)) }, take)
    }
}

/// One session's counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    caller: Option<Arc<Caller>>,
    rows: HashMap<u64, Row>,
    room: Room,
    more: u64,
    first_ms: u64,
    last_ms: u64,
}

impl Tally {
    /// Counts a frame's questions, as far as there is room.
    pub(crate) fn count(&mut self, of: &Tallies, caller: &Arc<Caller>, questions: &Questions, now_ms: u64) {
        if self.is_empty() {
            self.first_ms = now_ms;
            self.caller = Some(Arc::clone(caller));
        }
        self.last_ms = now_ms;
        self.more = self.more.saturating_add(questions.more);
        for asked in &questions.asked {
            if let Some(row) = self.rows.get_mut(&asked.hash) {
                row.count = row.count.saturating_add(1);
            } else if self.rows.len() >= ROWS_MAX
                || asked.name.len() > NAME_BYTES_MAX
                || !self.room.grow(of, ROW_BYTES.saturating_add(asked.name.len()))
            {
                self.more = self.more.saturating_add(1);
            } else {
                let row = Row {
                    action: asked.action,
                    kind: asked.kind,
                    name: asked.name.clone(),
                    partition: asked.partition.filter(|_| questions.by_partition),
                    coarse: asked.kind == ResourceKind::Topic && !questions.by_partition,
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
        let Ok(place) = to.to.try_reserve() else { return };
        let rows = std::mem::take(&mut self.rows).into_values().collect();
        let (first_ms, last_ms, more) = (self.first_ms, self.last_ms, self.more);
        self.more = 0;
        let room = std::mem::take(&mut self.room);
        place.send(Tallied { caller, around: around(), first_ms, last_ms, rows, more, room });
    }
}

#[cfg(test)]
mod tests {
    use tidegate_model::{Gate as _, Resource};

    use super::*;
    use crate::connection::circumstances;
    use crate::decider::{Access, Decider};
    use crate::testing::{Gatehouse, caller, limits};

    fn ask(gate: &Gatehouse, tally: &mut Tally, groups: impl Iterator<Item = String>) {
        let (listener, shared) = (&gate.listener, &gate.listener.shared);
        let around = circumstances(listener, "127.0.0.1:9".parse().unwrap(), "");
        let access = Access::new(Arc::new(caller()), u64::MAX, shared.policy(), &around);
        let mut decider = Decider::new(shared, &listener.endpoints, Some(&access));
        for group in groups {
            decider.allows(Action::DescribeGroup, Resource::ConsumerGroup(&group), None);
        }
        tally.count(&shared.tallies, &access.caller, &decider.into_questions(), 1);
    }

    fn around() -> Around {
        let (cluster, address) = ("main".into(), [127, 0, 0, 1].into());
        Around { cluster, address, client_id: String::new(), tls: false }
    }

    #[tokio::test]
    async fn what_clients_name_takes_bounded_room_and_the_rest_is_counted() {
        let mut gate = Gatehouse::new(limits()).await;
        let tallies = gate.listener.shared.tallies.clone();
        let free = || tallies.room.available_permits();
        let mut tally = Tally::default();
        ask(&gate, &mut tally, ["g".repeat(NAME_BYTES_MAX), "g".repeat(NAME_BYTES_MAX + 1)].into_iter());
        assert_eq!((tally.rows.len(), tally.more), (1, 1), "the longer name is not kept");
        for frame in 0..2 {
            ask(&gate, &mut tally, (0..400).map(|number| format!("{frame}-{number:0>250}")));
        }
        assert!(tally.room.bytes() <= SESSION_BYTES_MAX && tally.rows.len() < 800, "{} rows", tally.rows.len());
        assert_eq!(tally.rows.len() as u64 + tally.more, 802);
        assert_eq!(free(), BYTES_MAX - tally.room.bytes());
        // What was handed over counts until it is kept.
        tally.hand_over(&tallies, around);
        assert!(tally.is_empty() && free() < BYTES_MAX);
        drop(gate.tallies.recv().await.unwrap());
        assert_eq!(free(), BYTES_MAX);
        // Where others have taken all, nothing is kept.
        let _others = Arc::clone(&tallies.room).acquire_many_owned(u32::try_from(BYTES_MAX).unwrap()).await.unwrap();
        ask(&gate, &mut tally, ["g".to_owned()].into_iter());
        assert_eq!((tally.rows.len(), tally.more), (0, 1));
    }
}
