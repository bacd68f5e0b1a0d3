//! Answers that are kept for one class of callers, so that Cedar is asked once.
//!
//! A table is only added to, never changed, so that looking up takes no lock. It is replaced as a whole: by a larger one while it
//! grows, by an empty one when the bounds are met.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use arc_swap::{ArcSwap, Guard};
use foldhash::quality::RandomState;
use tidegate_model::Action;

use crate::decide::Decision;

/// Answers kept for one class: a listing of ten thousand topics fits.
const ANSWERS_MAX: usize = 32_768;
/// Answers kept for all classes of one policy.
const ANSWERS_ALL_MAX: usize = 131_072;
/// Longer names are decided each time, so that they cannot fill the memory.
const NAME_KEPT_MAX: usize = 256;
const SLOTS_MIN: usize = 128;
/// Slots that are looked at for one answer. Whoever chooses names that meet in one place gains nothing but that they are not kept.
const PROBES: usize = 16;

/// Keyed by chance, so that clients cannot choose names that meet in one place.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// What an answer depends on beside the resource's name; 0 or `None` where no rule looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerKey {
    pub action: Action,
    pub partition: Option<i32>,
    pub hour: u8,
    pub mfa: u32,
}

impl AnswerKey {
    fn hash(&self, name: &str) -> u64 {
        let mut hasher = HASHER.build_hasher();
        hasher.write_u64(u64::from(self.action as u8) | u64::from(self.hour) << 8 | u64::from(self.mfa) << 16);
        hasher.write_u64(self.partition.map_or(u64::MAX, |partition| u64::from(partition.cast_unsigned())));
        hasher.write(name.as_bytes());
        hasher.finish()
    }
}

/// The answers of one class.
#[derive(Debug)]
pub(crate) struct Answers {
    table: ArcSwap<Table>,
    /// Whoever adds; what is counted in `kept_by_all` for the table.
    adding: Mutex<()>,
    kept_by_all: Arc<AtomicUsize>,
}

/// A table at one moment, to look up several answers.
pub(crate) type Kept = Guard<Arc<Table>>;

#[derive(Debug)]
pub(crate) struct Table {
    /// A power of two of them.
    slots: Box<[OnceLock<Slot>]>,
    used: AtomicUsize,
}

#[derive(Clone, Debug)]
struct Slot {
    hash: u64,
    row: Arc<Row>,
}

#[derive(Debug)]
struct Row {
    key: AnswerKey,
    name: Box<str>,
    decision: Decision,
}

impl Table {
    fn with_slots(slots: usize) -> Table {
        Table { slots: (0..slots).map(|_slot| OnceLock::new()).collect(), used: AtomicUsize::new(0) }
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = &OnceLock<Slot>> {
        let last = self.slots.len().wrapping_sub(1);
        let start = usize::try_from(hash & 0xffff_ffff).unwrap_or_default();
        (0..PROBES).filter_map(move |probe| self.slots.get(start.wrapping_add(probe) & last))
    }

    /// The answer, if it is kept.
    pub(crate) fn find(&self, key: &AnswerKey, name: &str) -> Option<&Decision> {
        let hash = key.hash(name);
        for place in self.places(hash) {
            let slot = place.get()?;
            if slot.hash == hash && slot.row.key == *key && *slot.row.name == *name {
                return Some(&slot.row.decision);
            }
        }
        None
    }

    /// Whether there was room.
    fn add(&self, slot: &Slot) -> bool {
        let room = self.places(slot.hash).find(|place| place.get().is_none());
        let added = room.is_some_and(|place| place.set(slot.clone()).is_ok());
        self.used.fetch_add(usize::from(added), Ordering::Relaxed);
        added
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The same answers in more slots.
    fn larger(&self) -> Table {
        let larger = Table::with_slots(self.slots.len().saturating_mul(4));
        for slot in self.slots.iter().filter_map(OnceLock::get) {
            larger.add(slot);
        }
        larger
    }
}

impl Answers {
    pub(crate) fn new(kept_by_all: Arc<AtomicUsize>) -> Answers {
        Answers { table: ArcSwap::from_pointee(Table::with_slots(SLOTS_MIN)), adding: Mutex::default(), kept_by_all }
    }

    pub(crate) fn kept(&self) -> Kept {
        self.table.load()
    }

    pub(crate) fn keep(&self, key: AnswerKey, name: &str, decision: &Decision) {
        if name.len() > NAME_KEPT_MAX {
            return;
        }
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = self.table.load_full();
        if table.find(&key, name).is_some() {
            return;
        }
        if table.used() >= ANSWERS_MAX || self.kept_by_all.load(Ordering::Relaxed) >= ANSWERS_ALL_MAX {
            self.kept_by_all.fetch_sub(table.used(), Ordering::Relaxed);
            table = Arc::new(Table::with_slots(SLOTS_MIN));
            self.table.store(Arc::clone(&table));
            if self.kept_by_all.load(Ordering::Relaxed) >= ANSWERS_ALL_MAX {
                return;
            }
        }
        if table.used().saturating_mul(2) >= table.slots.len() {
            let before = table.used();
            table = Arc::new(table.larger());
            self.kept_by_all.fetch_sub(before.saturating_sub(table.used()), Ordering::Relaxed);
            self.table.store(Arc::clone(&table));
        }
        let row = Arc::new(Row { key, name: name.into(), decision: decision.clone() });
        if table.add(&Slot { hash: key.hash(name), row }) {
            self.kept_by_all.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.kept().used()
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.kept_by_all.fetch_sub(self.table.load().used(), Ordering::Relaxed);
    }
}
