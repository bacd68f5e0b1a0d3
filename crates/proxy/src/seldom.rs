//! Something that may happen at every request: each time is counted, and the log gets one line in a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;

/// The least time between two lines in the log.
pub(crate) const QUIET_MS: u64 = 10_000;

/// How often it happened.
#[derive(Clone, Debug, Default)]
pub struct Seldom {
    /// All times.
    pub count: Counter,
    /// When the log last had a line, Unix milliseconds, and what was counted then.
    told: Arc<(AtomicU64, AtomicU64)>,
}

impl Seldom {
    /// Counts one time. How many there were since the last line, if it is time for another.
    pub fn again(&self, now_ms: u64) -> Option<u64> {
        self.count.inc();
        let (told_ms, counted) = &*self.told;
        let last = told_ms.load(Ordering::Relaxed);
        let due = last == 0 || now_ms.saturating_sub(last) >= QUIET_MS;
        if !due || told_ms.compare_exchange(last, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return None;
        }
        let all = self.count.get();
        Some(all.saturating_sub(counted.swap(all, Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_and_few_are_told() {
        let seldom = Seldom::default();
        assert_eq!(seldom.again(1), Some(1));
        assert_eq!(seldom.again(2), None);
        assert_eq!(seldom.again(QUIET_MS), None);
        assert_eq!(seldom.again(QUIET_MS + 1), Some(3));
        assert_eq!(seldom.count.get(), 4);
    }
}
