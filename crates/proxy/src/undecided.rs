//! Tells the operator of questions that were denied because they could not be evaluated: each is counted, and the log gets one line
//! in a while, since every request may ask the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use tidegate_policy::Decision;
use tracing::error;

/// The least time between two lines in the log.
const QUIET_MS: u64 = 10_000;

/// How many questions could not be evaluated.
#[derive(Clone, Debug, Default)]
pub struct Undecided {
    /// All of them.
    pub count: Counter,
    /// When the log last had a line, Unix milliseconds, and what was counted then.
    told: Arc<(AtomicU64, AtomicU64)>,
}

impl Undecided {
    /// Counts a decision that could not be evaluated; of any other it takes no notice. Whether the log got a line.
    pub fn notice(&self, decision: &Decision, now_ms: u64) -> bool {
        let Some(rule) = decision.failed() else { return false };
        self.count.inc();
        let (told_ms, counted) = &*self.told;
        let last = told_ms.load(Ordering::Relaxed);
        let due = last == 0 || now_ms.saturating_sub(last) >= QUIET_MS;
        if !due || told_ms.compare_exchange(last, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return false;
        }
        let all = self.count.get();
        let denied = all.saturating_sub(counted.swap(all, Ordering::Relaxed));
        error!(
            rule,
            denied,
            "a rule of the policy cannot be evaluated, so what it is about is denied: mend it; `tidegate policy explain` shows it"
        );
        true
    }
}

#[cfg(test)]
mod tests {
    use tidegate_policy::Effect;

    use super::*;

    #[test]
    fn each_is_counted_and_few_are_told() {
        let undecided = Undecided::default();
        let decision = |rule: &str| Decision { effect: Effect::Deny, rule: rule.into() };
        assert!(!undecided.notice(&decision("default-deny"), 1));
        assert!(undecided.notice(&decision("error:r1"), 1));
        assert!(!undecided.notice(&decision("error:r1"), 2));
        assert!(!undecided.notice(&decision("error:r2"), QUIET_MS));
        assert!(undecided.notice(&decision("error:r1"), QUIET_MS + 1));
        assert_eq!(undecided.count.get(), 4);
    }
}
