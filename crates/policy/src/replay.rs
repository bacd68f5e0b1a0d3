//! A dry run: what was decided, decided again by another policy.

use std::collections::BTreeSet;

use crate::asked::Asked;
use crate::decide::{Decision, Policy};

/// Changes that are kept; the rest is counted.
const CHANGES_MAX: usize = 10_000;
/// Moments at which one question is asked.
const MOMENTS_MAX: usize = 500;
/// Ages that are tried where a rule does more with `mfaAge` than compare it with a number.
const AGES: [u64; 5] = [0, 60, 3_600, 28_800, 86_400];

/// What was decided, and how often. A record has no hour and no age of the strong authentication: those of the question are
/// not looked at.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The question.
    pub asked: Asked,
    /// The answer.
    pub allowed: bool,
    /// How often it was given.
    pub count: u64,
    /// Whether it may stand for questions of several partitions that were not told apart.
    pub coarse: bool,
}

/// A question whose answer is another one.
#[derive(Clone, Debug)]
pub struct Change {
    /// The question.
    pub asked: Asked,
    /// Whether it was allowed and no longer is; otherwise it was refused and is allowed now.
    pub loses: bool,
    /// Whether it is so at every hour and every age of the strong authentication; otherwise only at some.
    pub always: bool,
    /// The topic that the name stands for under the new policy, which makes it an alias.
    pub alias_of: Option<String>,
    /// How often it was asked.
    pub count: u64,
    /// The rules that decide under the old policy.
    pub before: String,
    /// The rules that decide under the new policy.
    pub after: String,
}

/// What another policy would have answered.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Rows that were looked at.
    pub rows: u64,
    /// How many questions they stand for.
    pub questions: u64,
    /// Rows that would lose.
    pub lose: u64,
    /// Rows that would gain.
    pub gain: u64,
    /// The changes, those asked most first; no more than 10,000.
    pub changes: Vec<Change>,
    /// Whether the hours and ages that were tried are all that the rules can tell apart, and each record is one question to them.
    pub exact: bool,
}

/// The moments that the rules of some policies can tell apart.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// Hour, and age of the strong authentication.
    pub all: Vec<(u8, Option<u64>)>,
    /// Whether there are no others that matter.
    pub exact: bool,
}

impl Moments {
    pub(crate) fn of(policies: &[&Policy]) -> Moments {
        let looks: Vec<_> = policies.iter().map(|policy| policy.looks()).collect();
        let hours: Vec<u8> = if looks.iter().any(|looks| looks.hour) { (0..24).collect() } else { vec![12] };
        let mut ages: BTreeSet<Option<u64>> = BTreeSet::from([None]);
        for looks in looks.iter().filter(|looks| looks.mfa.read) {
            ages.insert(Some(0));
            for limit in looks.mfa.thresholds.iter().filter_map(|limit| u64::try_from(*limit).ok()) {
                ages.extend(
                    [limit.checked_sub(1), Some(limit), limit.checked_add(1)].into_iter().filter(Option::is_some),
                );
            }
            if looks.mfa.opaque {
                ages.extend(AGES.map(Some));
            }
        }
        let wanted = hours.len() * ages.len();
        let all = hours.iter().flat_map(|hour| ages.iter().map(|age| (*hour, *age))).take(MOMENTS_MAX).collect();
        Moments { all, exact: wanted <= MOMENTS_MAX && !looks.iter().any(|looks| looks.mfa.opaque) }
    }
}

/// Asks the new policy what was asked before. A record is compared with the new answer at each moment at which the old policy
/// gives the recorded answer; if there is none (the record is of an older policy, or of a block), at every moment.
pub fn replay(old: &Policy, new: &Policy, rows: impl Iterator<Item = Recorded>) -> Changes {
    let moments = Moments::of(&[old, new]);
    let by_partition = [old, new].iter().any(|policy| policy.looks_at_partitions());
    let mut changes = Changes { exact: moments.exact, ..Changes::default() };
    for row in rows {
        changes.exact &= !(row.coarse && by_partition);
        changes.rows += 1;
        changes.questions = changes.questions.saturating_add(row.count);
        if let Some(change) = changed(old, new, &moments, row) {
            *if change.loses { &mut changes.lose } else { &mut changes.gain } += 1;
            changes.changes.push(change);
            if changes.changes.len() > 2 * CHANGES_MAX {
                keep_most_asked(&mut changes.changes);
            }
        }
    }
    keep_most_asked(&mut changes.changes);
    changes
}

fn keep_most_asked(changes: &mut Vec<Change>) {
    changes.sort_by(|a, b| (b.loses, b.count, &a.asked).cmp(&(a.loses, a.count, &b.asked)));
    changes.truncate(CHANGES_MAX);
}

fn changed(old: &Policy, new: &Policy, moments: &Moments, row: Recorded) -> Option<Change> {
    let mut asked = row.asked;
    let mut answers: Vec<(Asked, Decision, Decision)> = Vec::new();
    for (hour, mfa_age) in &moments.all {
        (asked.around.hour, asked.around.mfa_age) = (*hour, *mfa_age);
        answers.push((asked.clone(), asked.decide(old), asked.decide(new)));
    }
    if answers.iter().any(|(_, before, _)| before.allowed() == row.allowed) {
        answers.retain(|(_, before, _)| before.allowed() == row.allowed);
    }
    let looked_at = answers.len();
    answers.retain(|(_, _, after)| after.allowed() != row.allowed);
    let differ = answers.len();
    let (asked, before, after) = answers.into_iter().next()?;
    let own = asked.by_own_name(new).name.clone();
    let alias_of = (own != asked.name).then_some(own);
    Some(Change {
        alias_of,
        asked,
        loses: row.allowed,
        always: differ == looked_at,
        count: row.count,
        before: before.rule.to_string(),
        after: after.rule.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use tidegate_model::{Action, CallerKind};

    use super::*;
    use crate::asked::{Around, Who};

    fn policy(rules: &str) -> Policy {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.cedar"), rules).unwrap();
        Policy::load(dir.path()).unwrap()
    }

    fn row(groups: Option<&[&str]>, topic: &str, allowed: bool, count: u64) -> Recorded {
        let groups = groups.map(|groups| groups.iter().map(|group| (*group).to_owned()).collect());
        let who = Who::parse(CallerKind::User, "i:ann", groups).unwrap();
        let asked =
            Asked { who, around: Around::usual(), action: Action::Consume, name: topic.to_owned(), partition: None };
        Recorded { asked, allowed, count, coarse: false }
    }

    const OLD: &str = r#"@id("g") permit (principal in Group::"i:g", action, resource);"#;

    #[test]
    fn tells_who_loses_and_who_gains() {
        let new = policy(
            r#"@id("h") permit (principal in Group::"i:h", action, resource);
               @id("t") permit (principal in Group::"i:g", action, resource == Topic::"kept");"#,
        );
        let rows = [
            row(Some(&["i:g"]), "kept", true, 9),
            row(Some(&["i:g"]), "lost", true, 3),
            row(Some(&["i:h"]), "won", false, 5),
            row(None, "any", false, 7),
        ];
        let changes = replay(&policy(OLD), &new, rows.into_iter());
        assert_eq!((changes.rows, changes.questions, changes.lose, changes.gain, changes.exact), (4, 24, 1, 1, true));
        let told: Vec<_> = changes
            .changes
            .iter()
            .map(|change| {
                (change.asked.name.as_str(), change.loses, change.always, change.before.as_str(), change.after.as_str())
            })
            .collect();
        assert_eq!(told, [("lost", true, true, "g", "default-deny"), ("won", false, true, "default-deny", "h")]);
    }

    #[test]
    fn what_changes_at_some_moments_only_is_told_so() {
        let day = policy(r#"@id("d") permit (principal, action, resource) when { context.hour >= 8 };"#);
        let mfa = policy(
            r#"@id("m") permit (principal, action, resource) when { context has mfaAge && context.mfaAge < 9 };"#,
        );
        let all = policy(r#"@id("a") permit (principal, action, resource);"#);
        let one = |old: &Policy, new: &Policy, allowed| replay(old, new, [row(Some(&[]), "t", allowed, 1)].into_iter());
        for new in [&day, &mfa] {
            let changes = one(&all, new, true);
            assert_eq!((changes.lose, changes.changes[0].always), (1, false));
        }
        // refused at night before, and allowed at night now
        assert!(one(&day, &all, false).changes[0].always);
        // allowed by day before and now
        assert_eq!(one(&day, &all, true).lose, 0);
    }

    #[test]
    fn a_record_of_partitions_that_were_not_told_apart_is_not_exact_where_the_rules_tell_them_apart() {
        let part =
            policy(r#"permit (principal, action, resource) when { context has partition && context.partition < 3 };"#);
        for (new, coarse, exact) in [(&part, true, false), (&part, false, true), (&policy(OLD), true, true)] {
            let row = Recorded { coarse, ..row(Some(&["i:g"]), "t", true, 1) };
            assert_eq!(replay(&policy(OLD), new, [row].into_iter()).exact, exact);
        }
    }

    #[test]
    fn a_record_that_the_old_policy_does_not_explain_is_compared_as_it_is() {
        let changes = replay(&policy(OLD), &policy(OLD), [row(Some(&[]), "t", true, 2)].into_iter());
        assert_eq!((changes.lose, changes.gain), (1, 0));
    }
}
