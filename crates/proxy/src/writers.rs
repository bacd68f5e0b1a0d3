//! By which name each writer writes topics that have more than one.
//!
//! A broker tells a writer's repeated batches by writer, topic and number; clients count by writer and *name*. A writer that used two
//! names for one topic would have the first batches under the second name taken for repetitions: acknowledged, and dropped.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Writers kept in one generation; the last two generations are remembered. One that writes stays young.
const GENERATION_MAX: usize = 16_384;

type Names = HashMap<(i64, Box<str>), Box<str>>;

/// The writers of one cluster. Only topics that have aliases count.
#[derive(Debug, Default)]
pub struct Writers(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: Names,
    old: Names,
}

impl Writers {
    /// Whether the writer may write the topic by this name: the name that it used first, as far as that is remembered.
    pub fn writes_as(&self, writer: i64, topic: &str, name: &str) -> bool {
        let key = (writer, Box::from(topic));
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Generations { young, old } = &mut *generations;
        if let Some(first) = young.get(&key) {
            return **first == *name;
        }
        let first = old.remove(&key).unwrap_or_else(|| name.into());
        let same = *first == *name;
        if young.len() >= GENERATION_MAX {
            *old = std::mem::take(young);
        }
        young.insert(key, first);
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_holds_for_each_writer_and_topic() {
        let writers = Writers::default();
        assert!(writers.writes_as(7, "orders-v2", "orders"));
        assert!(!writers.writes_as(7, "orders-v2", "orders-v2"));
        assert!(writers.writes_as(7, "orders-v2", "orders"), "and is not replaced by one that was refused");
        assert!(writers.writes_as(8, "orders-v2", "orders-v2"));
        assert!(writers.writes_as(7, "other", "other"));
    }

    #[test]
    fn those_who_write_are_remembered_and_the_memory_is_bounded() {
        let writers = Writers::default();
        writers.writes_as(-1, "t", "alias");
        for writer in 0..100_000 {
            writers.writes_as(writer, "t", "t");
            if writer % 1_000 == 0 {
                assert!(!writers.writes_as(-1, "t", "t"), "{writer}");
            }
        }
        let kept = writers.0.lock().unwrap();
        assert!(kept.young.len() + kept.old.len() <= 2 * GENERATION_MAX);
    }
}
