//! Tells the operator of questions that were denied because they could not be evaluated.

use tidegate_policy::Decision;
use tracing::error;

use crate::seldom::Seldom;

/// How many questions could not be evaluated.
#[derive(Clone, Debug, Default)]
pub struct Undecided(pub Seldom);

impl Undecided {
    /// Counts a decision that could not be evaluated; of any other it takes no notice. Whether the log got a line.
    pub fn notice(&self, decision: &Decision, now_ms: u64) -> bool {
        let Some(rule) = decision.failed() else { return false };
        let Some(denied) = self.0.again(now_ms) else { return false };
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
    fn only_what_could_not_be_evaluated_is_noticed() {
        let undecided = Undecided::default();
        let decision = |rule: &str| Decision { effect: Effect::Deny, rule: rule.into() };
        assert!(!undecided.notice(&decision("default-deny"), 1));
        assert!(undecided.notice(&decision("error:r1"), 1));
        assert!(!undecided.notice(&decision("error:r2"), 2));
        assert_eq!(undecided.0.count.get(), 2);
    }
}
