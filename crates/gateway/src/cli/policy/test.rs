//! `tidegate policy test`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use tidegate_policy::{Outcome, Outcomes, test};

use super::{load, refuse};
use crate::cli::evidence::table::{Align, Table, shown};
use crate::cli::{Output, print};

/// Exit code: an answer is not what was expected.
const FAILED: u8 = 1;
/// Failures that are shown to a person; the rest is counted.
const SHOWN_MAX: usize = 100;
/// The longest line about one question.
const LINE_MAX: usize = 400;

/// Asks the questions and says what differs.
pub(crate) fn run(dir: &Path, output: Output) -> ExitCode {
    let outcomes = match load(dir).and_then(|policy| test(dir, &policy)) {
        Ok(outcomes) => outcomes,
        Err(errors) => return refuse(errors, output),
    };
    match output {
        Output::Table => print(&told(&outcomes)),
        Output::Json => print(&as_json(&outcomes).to_string()),
    }
    if outcomes.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

fn told(outcomes: &Outcomes) -> String {
    let mut files: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for outcome in &outcomes.all {
        let (passed, failed) = files.entry(&outcome.expectation.file).or_default();
        *if outcome.passed { passed } else { failed } += 1;
    }
    let column = |name: &str, align| (name.to_owned(), align);
    let mut table =
        Table::new(vec![column("FILE", Align::Left), column("PASSED", Align::Right), column("FAILED", Align::Right)]);
    for (file, (passed, failed)) in files {
        table.row(vec![shown(file, LINE_MAX), passed.to_string(), failed.to_string()]);
    }
    let mut text = table.take();
    for outcome in outcomes.all.iter().filter(|outcome| !outcome.passed).take(SHOWN_MAX) {
        text.push_str(&difference(outcome));
    }
    let failed = outcomes.failed();
    if failed > SHOWN_MAX {
        text.push_str(&format!("\n… and {} more\n", failed - SHOWN_MAX));
    }
    text.push_str(&format!("\n{} passed, {failed} failed", outcomes.all.len() - failed));
    if !outcomes.never_decided.is_empty() {
        text.push_str(&format!("; rules that no test needs: {}", outcomes.never_decided.join(", ")));
    }
    text
}

fn difference(outcome: &Outcome) -> String {
    let expectation = &outcome.expectation;
    let by = if expectation.by.is_empty() { String::new() } else { format!(" by {}", expectation.by.join(",")) };
    let title = expectation.title.as_ref().map(|title| format!(" {}", shown(title, LINE_MAX))).unwrap_or_default();
    let alias = expectation.alias_of.as_ref().map(|topic| format!(", an alias of {topic}")).unwrap_or_default();
    format!(
        "\n{}:{}{title}\n  {}{alias}\n  expected  {}{by}\n  got       {} by {}\n",
        shown(&expectation.file, LINE_MAX),
        expectation.line,
        shown(&expectation.asked.to_string(), LINE_MAX),
        expectation.expect.name(),
        outcome.got.name(),
        outcome.rule,
    )
}

fn as_json(outcomes: &Outcomes) -> Value {
    let rows: Vec<Value> = outcomes
        .all
        .iter()
        .map(|outcome| {
            let expectation = &outcome.expectation;
            json!({
                "file": expectation.file, "line": expectation.line, "name": expectation.title,
                "question": expectation.asked.to_string(), "alias_of": expectation.alias_of,
                "expected": {"effect": expectation.expect.name(), "by": expectation.by},
                "got": {"effect": outcome.got.name(), "by": outcome.rule.split(',').collect::<Vec<_>>()},
                "passed": outcome.passed,
            })
        })
        .collect();
    let failed = outcomes.failed();
    json!({
        "ok": failed == 0, "passed": rows.len() - failed, "failed": failed,
        "rules_never_decided": outcomes.never_decided, "tests": rows,
    })
}

#[cfg(test)]
mod tests {
    use tidegate_policy::Policy;

    use super::*;

    fn outcomes() -> Outcomes {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("a.cedar", r#"@id("team") permit (principal in Group::"i:g", action == Action::"consume", resource);"#);
        std::fs::create_dir(dir.path().join("tests")).unwrap();
        write(
            "tests/a.yaml",
            "- {user: 'i:a', groups: 'i:g', action: consume, topic: t, expect: allow}\n\
             - {name: others, user: 'i:a', action: consume, topic: t, expect: allow, by: team}\n",
        );
        test(dir.path(), &Policy::load(dir.path()).unwrap()).unwrap()
    }

    #[test]
    fn a_failure_says_what_was_asked_expected_and_answered() {
        let text = told(&outcomes());
        let wanted = "tests/a.yaml:2 others\n  user i:a (no groups): consume topic t\n  expected  allow by team\n  \
                      got       deny by default-deny\n";
        assert!(text.contains(wanted), "{text}");
        assert!(text.ends_with("1 passed, 1 failed"), "{text}");
    }

    #[test]
    fn scripts_get_counts_and_rows() {
        let value = as_json(&outcomes());
        assert_eq!((&value["ok"], &value["passed"], &value["failed"]), (&json!(false), &json!(1), &json!(1)));
        assert_eq!(value["tests"][1]["got"], json!({"effect": "deny", "by": ["default-deny"]}));
    }
}
