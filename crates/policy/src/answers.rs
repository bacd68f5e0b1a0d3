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

/// What an answer depends on beside the resource's name, as one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerKey(u64);

impl AnswerKey {
    /// With 0 or `None` where no rule looks. `None` if there is no room for `mfa`, which has a number for each age that some rule
    /// can tell apart.
    pub(crate) fn new(action: Action, partition: Option<i32>, hour: u8, mfa: u32) -> Option<AnswerKey> {
        let mfa = u64::from(u16::try_from(mfa).ok()?);
        let (whole, partition) = (u64::from(partition.is_none()), u64::from(partition.unwrap_or(0).cast_unsigned()));
        let small = u64::from(action as u8) << 8 | u64::from(hour & 0x7f) << 1 | whole;
        Some(AnswerKey(partition << 32 | mfa << 16 | small))
    }

    fn hash(self, name: &str) -> u64 {
        let mut hasher = HASHER.build_hasher();
        hasher.write_u64(self.0);
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
    slots: Box<[Place]>,
    used: AtomicUsize,
}

/// One line of a processor's cache, so that looking an answer up touches little memory.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Place(OnceLock<Slot>);

#[derive(Clone, Debug)]
struct Slot {
    hash: u64,
    key: AnswerKey,
    name: Box<str>,
    decision: Decision,
}

impl Table {
    fn with_slots(slots: usize) -> Table {
        Table { slots: (0..slots).map(|_slot| Place::default()).collect(), used: AtomicUsize::new(0) }
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = &OnceLock<Slot>> {
        let last = self.slots.len().wrapping_sub(1);
        let start = usize::try_from(hash & 0xffff_ffff).unwrap_or_default();
        (0..PROBES).filter_map(move |probe| self.slots.get(start.wrapping_add(probe) & last).map(|place| &place.0))
    }

    /// The answer, if it is kept.
    pub(crate) fn find(&self, key: AnswerKey, name: &str) -> Option<&Decision> {
        let hash = key.hash(name);
        for place in self.places(hash) {
            let slot = place.get()?;
            if slot.hash == hash && slot.key == key && *slot.name == *name {
                return Some(&slot.decision);
            }
        }
        None
    }

    /// Whether there was room.
    fn add(&self, slot: Slot) -> bool {
        let room = self.places(slot.hash).find(|place| place.get().is_none());
        let added = room.is_some_and(|place| place.set(slot).is_ok());
        self.used.fetch_add(usize::from(added), Ordering::Relaxed);
        added
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The same answers in more slots.
    fn larger(&self) -> Table {
        let larger = Table::with_slots(self.slots.len().saturating_mul(4));
        for slot in self.slots.iter().filter_map(|place| place.0.get()) {
            larger.add(slot.clone());
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
        if table.find(key, name).is_some() {
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
        let (hash, name, decision) = (key.hash(name), name.into(), decision.clone());
        if table.add(Slot { hash, key, name, decision }) {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn different_questions_have_different_keys() {
        let mut seen = HashSet::new();
        for action in Action::ALL {
            for partition in [None, Some(0), Some(1), Some(i32::MAX), Some(i32::MIN), Some(-1)] {
                for hour in 0..24 {
                    for mfa in [0, 1, 2_003, u32::from(u16::MAX)] {
                        assert!(seen.insert(AnswerKey::new(*action, partition, hour, mfa).unwrap().0));
                    }
                }
            }
        }
        assert_eq!(AnswerKey::new(Action::Consume, None, 0, 1 << 16), None);
    }

    #[test]
    fn what_is_kept_is_found_while_the_table_grows() {
        let answers = Answers::new(Arc::default());
        let key = AnswerKey::new(Action::Consume, None, 0, 0).unwrap();
        let held = answers.kept();
        for number in 0..2_000 {
            answers.keep(key, &format!("t{number}"), &Decision::deny(format!("r{number}")));
        }
        assert!(held.find(key, "t1999").is_none(), "an old table stays as it was");
        let kept = answers.kept();
        let found =
            (0..2_000).filter(|n| kept.find(key, &format!("t{n}")).is_some_and(|d| *d.rule == *format!("r{n}")));
        assert!(found.count() > 1_990, "all but those that meet too many others in one place");
        assert!(kept.find(key, "t2000").is_none());
        let other = AnswerKey::new(Action::Produce, None, 0, 0).unwrap();
        assert!(kept.find(other, "t1").is_none());
        assert_eq!(size_of::<Place>(), 64);
    }
}
