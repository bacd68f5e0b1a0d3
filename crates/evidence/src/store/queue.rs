//! The bounded queue between callers and the one writer, and the tickets that callers wait on.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::entry::Entry;
use crate::store::error::LogError;

/// Bytes of blocks that wait, at most, but for those of one entry: they are of answers, and of requests, that are being masked while others
/// are written, each up to twice a frame.
const BLOCKS_MAX: usize = 256 << 20;
/// Entries that administrators may queue beyond the bound.
const ADMIN_EXTRA: usize = 64;

/// Proof that an entry is durable. Only the log makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    index: u64,
}

impl Receipt {
    pub(crate) fn new(index: u64) -> Self {
        Receipt { index }
    }

    /// The leaf's position in this incarnation's log.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }
}

/// Locks; a thread that panicked left nothing half done in what these locks guard.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
struct Cell {
    state: Mutex<Answer>,
    done: Condvar,
}

#[derive(Debug, Default)]
struct Answer {
    result: Option<Result<Receipt, LogError>>,
    waker: Option<Waker>,
    /// A thread waits: to notify nobody would still be a system call.
    blocked: bool,
}

/// What came of an entry: ready once it is durable, or has failed. Dropping a ticket does not take the entry back.
#[derive(Debug)]
#[must_use = "the entry is durable only when its ticket says so"]
pub struct Ticket(Arc<Cell>);

impl Ticket {
    /// Blocks this thread until the entry is durable.
    ///
    /// # Errors
    /// The entry was not recorded.
    pub fn wait(self) -> Result<Receipt, LogError> {
        let mut state = lock(&self.0.state);
        loop {
            if let Some(result) = &state.result {
                return result.clone();
            }
            state.blocked = true;
            state = self.0.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Ticket {
    type Output = Result<Receipt, LogError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.0.state);
        match &state.result {
            Some(result) => Poll::Ready(result.clone()),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The writer's end of a ticket. Dropped unanswered, it answers that the log is closed: no caller waits for ever.
#[derive(Debug)]
pub(crate) struct Completer(Option<Arc<Cell>>);

impl Completer {
    pub(crate) fn pair() -> (Self, Ticket) {
        let cell = Arc::new(Cell::default());
        (Completer(Some(Arc::clone(&cell))), Ticket(cell))
    }

    pub(crate) fn complete(mut self, result: Result<Receipt, LogError>) {
        self.answer(result);
    }

    fn answer(&mut self, result: Result<Receipt, LogError>) {
        let Some(cell) = self.0.take() else { return };
        let mut state = lock(&cell.state);
        state.result = Some(result);
        let waker = state.waker.take();
        let blocked = state.blocked;
        drop(state);
        if blocked {
            cell.done.notify_all();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Completer {
    fn drop(&mut self) {
        self.answer(Err(LogError::Closed));
    }
}

/// An entry on its way to the disk.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) entry: Entry,
    /// May use the space and queue reserve.
    pub(crate) reserve: bool,
    /// Absent for the log's own entries.
    pub(crate) completer: Option<Completer>,
}

impl Pending {
    /// One of the log's own entries.
    pub(crate) fn own(entry: Entry) -> Self {
        Pending { entry, reserve: true, completer: None }
    }

    pub(crate) fn complete(self, result: Result<Receipt, LogError>) {
        if let Some(completer) = self.completer {
            completer.complete(result);
        }
    }
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Pending>,
    weight: usize,
    /// Bytes of their blocks.
    blocks: usize,
    /// Somebody waits for one of the entries.
    urgent: bool,
    /// The writer waits for one that is urgent.
    sleeping: bool,
    closing: bool,
    dead: bool,
}

/// The queue. Blocks that come with entries have a bound of their own.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    max_entries: usize,
    max_bytes: usize,
}

/// What the writer does next.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) batch: Vec<Pending>,
    /// The queue is empty and the log is to close.
    pub(crate) last: bool,
}

impl Queue {
    pub(crate) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Queue { state: Mutex::default(), filled: Condvar::new(), max_entries, max_bytes }
    }

    /// Adds an entry; a full or closed queue answers the ticket at once.
    pub(crate) fn push(&self, entry: Entry, admin: bool) -> Ticket {
        self.add(entry, admin, true)
    }

    /// Adds an entry that nobody waits for: it is written with the next one that somebody does, or at the writer's deadline,
    /// or when half of the queue is full.
    pub(crate) fn push_later(&self, entry: Entry) {
        drop(self.add(entry, false, false));
    }

    fn add(&self, entry: Entry, admin: bool, urgent: bool) -> Ticket {
        let (completer, ticket) = Completer::pair();
        let weight = entry.weight();
        let mut state = lock(&self.state);
        let extra = if admin { ADMIN_EXTRA } else { 0 };
        let blocks = entry.held_bytes();
        // One entry alone is always taken.
        let crowded = state.blocks > 0 && state.blocks + blocks > BLOCKS_MAX;
        let full = state.entries.len() >= self.max_entries + extra
            || (!admin && (state.weight + weight > self.max_bytes || crowded));
        if state.closing || state.dead {
            drop(state);
            completer.complete(Err(LogError::Closed));
        } else if full {
            drop(state);
            completer.complete(Err(LogError::Full));
        } else {
            state.weight += weight;
            state.blocks += blocks;
            state.entries.push_back(Pending { entry, reserve: admin, completer: Some(completer) });
            let crowded = state.entries.len() * 2 >= self.max_entries || state.weight * 2 >= self.max_bytes;
            state.urgent |= urgent || crowded;
            let wakes = state.urgent && std::mem::take(&mut state.sleeping);
            drop(state);
            if wakes {
                self.filled.notify_one();
            }
        }
        ticket
    }

    /// Waits for entries until `deadline` and takes up to about `bytes` of them and their blocks.
    pub(crate) fn take(&self, bytes: usize, deadline: Instant) -> Work {
        let mut state = lock(&self.state);
        while !state.urgent && !state.closing {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                break;
            };
            state.sleeping = true;
            state = self.filled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.sleeping = false;
        let mut batch = Vec::new();
        let mut taken = 0;
        while let Some(next) = state.entries.front() {
            let weight = next.entry.weight();
            let with_blocks = weight + next.entry.block_bytes();
            if taken > 0 && taken + with_blocks > bytes {
                break;
            }
            taken += with_blocks;
            let held = next.entry.held_bytes();
            state.weight = state.weight.saturating_sub(weight);
            state.blocks = state.blocks.saturating_sub(held);
            batch.extend(state.entries.pop_front());
        }
        state.urgent &= !state.entries.is_empty();
        Work { batch, last: state.closing && state.entries.is_empty() }
    }

    /// No more entries; the writer finishes what is queued.
    pub(crate) fn close(&self) {
        lock(&self.state).closing = true;
        self.filled.notify_all();
    }

    /// The writer is gone: whatever is queued fails.
    pub(crate) fn kill(&self) {
        let mut state = lock(&self.state);
        state.dead = true;
        let entries = std::mem::take(&mut state.entries);
        drop(state);
        drop(entries);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::entry::Kind;

    fn entry() -> Entry {
        Entry::new(Kind::Intent, 1)
    }

    #[test]
    fn a_full_queue_refuses_at_once_but_keeps_room_for_administrators() {
        let queue = Queue::new(2, 1 << 20);
        let first = queue.push(entry(), false);
        let _second = queue.push(entry(), false);
        assert_eq!(queue.push(entry(), false).wait(), Err(LogError::Full));
        let admin = queue.push(entry(), true);
        for pending in queue.take(1 << 20, Instant::now()).batch {
            pending.complete(Ok(Receipt::new(7)));
        }
        assert_eq!(first.wait().map(Receipt::index), Ok(7));
        assert_eq!(admin.wait().map(Receipt::index), Ok(7));
    }

    #[test]
    fn bytes_are_bounded_in_queue_and_batch() {
        let weight = entry().weight();
        let queue = Queue::new(100, 3 * weight);
        let tickets: Vec<Ticket> = (0..3).map(|_| queue.push(entry(), false)).collect();
        assert_eq!(queue.push(entry(), false).wait(), Err(LogError::Full));
        assert_eq!(queue.take(2 * weight, Instant::now()).batch.len(), 2);
        assert_eq!(queue.take(1, Instant::now()).batch.len(), 1, "one at least");
        assert!(queue.take(1, Instant::now() + Duration::from_millis(1)).batch.is_empty());
        for ticket in tickets {
            assert_eq!(ticket.wait(), Err(LogError::Closed), "dropped unanswered");
        }
    }

    #[test]
    fn a_ticket_wakes_the_task_that_waits() {
        struct Woken(std::sync::atomic::AtomicBool);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let woken = Arc::new(Woken(false.into()));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let (completer, mut ticket) = Completer::pair();
        assert_eq!(Pin::new(&mut ticket).poll(&mut context), Poll::Pending);
        completer.complete(Ok(Receipt::new(3)));
        assert!(woken.0.load(std::sync::atomic::Ordering::SeqCst));
        assert_eq!(Pin::new(&mut ticket).poll(&mut context), Poll::Ready(Ok(Receipt::new(3))));
    }

    #[test]
    fn what_nobody_waits_for_goes_with_the_next_or_at_the_deadline_or_when_there_is_much_of_it() {
        let queue = Queue::new(8, 1 << 20);
        queue.push_later(entry());
        let soon = Instant::now() + Duration::from_millis(20);
        assert_eq!(queue.take(1 << 20, soon).batch.len(), 1);
        assert!(Instant::now() >= soon, "it waited for the deadline");
        let never = Instant::now() + Duration::from_secs(600);
        queue.push_later(entry());
        let _ticket = queue.push(entry(), false);
        assert_eq!(queue.take(1 << 20, never).batch.len(), 2, "together, at once");
        (0..4).for_each(|_| queue.push_later(entry()));
        assert_eq!(queue.take(1 << 20, never).batch.len(), 4, "half of the queue");
    }

    #[test]
    fn nobody_waits_for_a_dead_writer() {
        let queue = Queue::new(10, 1 << 20);
        let ticket = queue.push(entry(), false);
        queue.kill();
        assert_eq!(ticket.wait(), Err(LogError::Closed));
        assert_eq!(queue.push(entry(), false).wait(), Err(LogError::Closed));
    }

    #[test]
    fn closing_hands_out_what_is_queued_first() {
        let queue = Queue::new(10, 1 << 20);
        let _ticket = queue.push(entry(), false);
        let _other = queue.push(entry(), false);
        queue.close();
        assert_eq!(queue.push(entry(), false).wait(), Err(LogError::Closed));
        assert!(!queue.take(1, Instant::now()).last);
        assert!(queue.take(1, Instant::now()).last);
    }
}
