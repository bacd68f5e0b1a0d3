//! Comparisons of small policies.

use super::*;

fn policy(rules: &str, topics: &str) -> Policy {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.cedar"), rules).unwrap();
    std::fs::write(dir.path().join("topics.yaml"), topics).unwrap();
    Policy::load(dir.path()).unwrap()
}

const RULES: &str = r#"@id("team") permit (principal in Group::"i:sales", action == Action::"consume", resource in Domain::"sales");
    @id("old") permit (principal == User::"i:ann", action == Action::"joinGroup", resource) when { resource.name like "ann-*" };"#;
const TOPICS: &str = "- {name: orders, domain: sales}\n- {pattern: 'pay*', domain: pay}\n";

fn told(comparison: &Comparison) -> Vec<String> {
    let one = |change: &AnswerChange| {
        let names: Vec<&str> = change.names.iter().map(String::as_str).collect();
        let when = if change.only_when.is_some() { " at times" } else { "" };
        let (before, after) = (change.before.name(), change.after.name());
        format!("{} {} {} {before}->{after}{when}", change.who, change.action.name(), names.join("+"))
    };
    comparison.answers.iter().map(one).collect()
}

#[test]
fn the_same_policy_in_other_words_changes_no_answer() {
    let reworded = RULES.replace("permit (", "@why(\"x\")\npermit(");
    let comparison = compare(&policy(RULES, TOPICS), &policy(&reworded, TOPICS));
    let fates: Vec<_> = comparison.rules.iter().map(|rule| (rule.id.as_str(), rule.fate.name())).collect();
    assert_eq!(fates, [("old", "reworded"), ("team", "reworded")]);
    assert!(comparison.answers.is_empty() && comparison.topics.is_empty() && comparison.asked == 0);
}

#[test]
fn says_which_rules_changed_and_for_whom() {
    let new = r#"@id("team") permit (principal in Group::"i:sales", action == Action::"produce", resource in Domain::"sales");
        @id("new") permit (principal is Workload in Group::"i:bots", action == Action::"consume", resource == Topic::"bots");"#;
    let comparison = compare(&policy(RULES, TOPICS), &policy(new, TOPICS));
    let fates: Vec<_> = comparison.rules.iter().map(|rule| (rule.id.as_str(), rule.fate.name())).collect();
    assert_eq!(fates, [("new", "added"), ("old", "removed"), ("team", "changed")]);
    let told = told(&comparison);
    for line in [
        "user any:user (i:sales) consume orders allow->deny",
        "user any:user (i:sales) produce orders deny->allow",
        "user i:ann (no groups) joinGroup ann-example allow->deny",
        "workload any:workload (i:bots) consume bots deny->allow",
    ] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:#?}");
    }
    assert!(!told.iter().any(|told| told.contains("i:bots, i:sales")), "said once: {told:#?}");
    assert!(!told.iter().any(|told| told.contains("(no groups)") && told.contains("any:user")), "{told:#?}");
    assert!(comparison.left_out.is_empty() && comparison.asked > 0);
}

#[test]
fn a_fact_of_a_topic_changes_answers_too() {
    let moved = "- {name: orders, domain: other}\n- {pattern: 'pay*', domain: sales}\n";
    let comparison = compare(&policy(RULES, TOPICS), &policy(RULES, moved));
    assert_eq!(comparison.topics.len(), 2);
    let told = told(&comparison);
    assert!(told.contains(&"user any:user (i:sales) consume orders allow->deny".to_owned()), "{told:#?}");
    assert!(told.contains(&"user any:user (i:sales) consume payexample deny->allow".to_owned()), "{told:#?}");
}

#[test]
fn circumstances_that_rules_look_at_are_tried() {
    let new = format!(
        "{RULES} @id(\"far\") forbid (principal, action, resource) unless {{ context.address.isInRange(ip(\"192.0.2.0/24\")) }};
         @id(\"part\") forbid (principal, action, resource) when {{ context has partition && context.partition == 7 }};"
    );
    let comparison = compare(&policy(RULES, TOPICS), &policy(&new, TOPICS));
    let told = told(&comparison);
    let line = "user any:user (i:sales) consume orders allow->deny at times";
    assert!(told.iter().any(|told| told == line), "{told:#?}");
    let partition = comparison.answers.iter().find_map(|change| change.only_when.as_ref()?.1);
    assert_eq!(partition, Some(7));
}

#[test]
fn too_many_questions_are_cut_and_it_is_said() {
    let many: String = (0..2_000).map(|n| format!("- {{name: t{n}, owner: 'i:g{}'}}\n", n % 40)).collect();
    let questions = Questions::of(&policy(RULES, &many), &policy(RULES, "- {name: t0}\n"));
    let count = questions.subjects.len() * questions.targets.len() * questions.circumstances.len();
    assert!((50_000..=100_000).contains(&count), "{count}");
    let words = questions.left_out.join("; ");
    assert!(words.contains("two groups") && words.contains("named resources"), "{words}");
}

#[test]
fn what_changes_for_two_groups_together_only_is_told() {
    let with = |more: &str| policy(&format!("{RULES} {more}"), TOPICS);
    let new = with(
        r#"@id("not-both") forbid (principal in Group::"i:sales", action, resource) when { principal in Group::"i:guests" };"#,
    );
    let told = told(&compare(&with(""), &new));
    assert!(told.contains(&"user any:user (i:guests, i:sales) consume orders allow->deny".to_owned()), "{told:#?}");
}

#[test]
fn files_about_masks_are_compared_where_no_rule_changes() {
    let policy = |files: &[(&str, &str)]| {
        let rules = [("a.cedar", RULES), ("topics.yaml", TOPICS)];
        let files = rules.iter().chain(files).map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Policy::from_files(&files.collect()).unwrap()
    };
    let masking = ("masking.yaml", "topics:\n  - {topic: a, value: {avro: a.avsc}}\n");
    let old = policy(&[masking, ("a.avsc", "\"int\""), ("old.avsc", "\"int\""), ("same.proto", "message A {}")]);
    let new = policy(&[masking, ("a.avsc", "\"long\""), ("b/new.avsc", "\"int\""), ("same.proto", "message A {}")]);
    let comparison = compare(&old, &new);
    let files: Vec<_> = comparison.files.iter().map(|file| (file.name.as_str(), file.fate.name())).collect();
    assert_eq!(files, [("a.avsc", "changed"), ("b/new.avsc", "added"), ("old.avsc", "removed")]);
    assert!(comparison.rules.is_empty() && compare(&new, &new).files.is_empty());
}
