//! How often somebody may do something in a minute, by name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Names counted at once; beyond it nobody new is let through until the minute is over.
const NAMES_MAX: usize = 100_000;

/// Counts of the running minute.
#[derive(Default)]
pub(crate) struct Rates(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    number: u64,
    counts: HashMap<String, u32>,
}

impl Rates {
    /// Counts one more for this name; false when it has done so `most` times in this minute already.
    pub(crate) fn allow(&self, name: &str, most: u32, now_ms: u64) -> bool {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now_ms / 60_000;
        if minute.number != number {
            *minute = Minute { number, counts: HashMap::new() };
        }
        if minute.counts.len() >= NAMES_MAX && !minute.counts.contains_key(name) {
            return false;
        }
        let count = minute.counts.entry(name.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_count_and_each_minute_begins_anew() {
        let rates = Rates::default();
        let allow = |name, now_ms| rates.allow(name, 2, now_ms);
        assert_eq!([allow("a", 0), allow("a", 1), allow("a", 59_999)], [true, true, false]);
        assert!(allow("b", 59_999));
        assert!(allow("a", 60_000));
    }
}
