//! `tidegate policy prove --rules` and `--than`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use tidegate_policy::{Finding, Policy, RuleFinding, findings_beyond, findings_of_rules, job_beyond, job_of_rules};

use super::{HAPPENS, ProveArguments, UNKNOWN, answers, finding_as_json, not_run, tools, worse};
use crate::cli::policy::{load, refuse};
use crate::cli::{Output, print};

/// Proves what is asked beside invariants.
pub(super) fn run(arguments: &ProveArguments) -> ExitCode {
    let old = arguments.than.as_deref().map(load).transpose();
    let (policy, old) = match load(&arguments.dir).and_then(|policy| Ok((policy, old?))) {
        Ok(both) => both,
        Err(errors) => return refuse(errors, arguments.output),
    };
    let ask = |job: &dyn Fn(&str) -> Value| {
        let (prover, solver) = tools(arguments)?;
        answers(&prover, &job(&solver.to_string_lossy()))
    };
    let seconds = arguments.timeout;
    let said = match &old {
        Some(old) => ask(&|solver| job_beyond(&policy, old, solver, seconds)),
        None => ask(&|solver| job_of_rules(&policy, solver, seconds)),
    };
    match (said, &old) {
        (Err(error), _) => not_run(arguments.output, &format!("{error:#}")),
        (Ok(said), Some(old)) => beyond(&policy, old, &said, arguments),
        (Ok(said), None) => rules(&policy, &said, arguments.output),
    }
}

fn beyond(policy: &Policy, old: &Policy, said: &str, arguments: &ProveArguments) -> ExitCode {
    let found = findings_beyond(policy, old, said);
    let than = arguments.than.as_deref().unwrap_or(Path::new("")).display().to_string();
    let code = found.iter().fold(0, |code, (_, finding)| worse(code, finding));
    for (title, finding) in &found {
        match (arguments.output, finding) {
            (Output::Json, _) => print(&json!({"request": title, "finding": finding_as_json(finding)}).to_string()),
            (Output::Table, Finding::Never { .. }) => {}
            (Output::Table, Finding::Unknown(why)) => print(&format!("unknown  {title}\n         {why}")),
            (Output::Table, Finding::Happens(example)) => {
                let by: Vec<String> =
                    example.rules.iter().map(|rule| format!("{} ({}:{})", rule.id, rule.file, rule.line)).collect();
                print(&format!("MORE     {title}\n         {}\n         allowed by {}", example.words, by.join(", ")));
            }
        }
    }
    if arguments.output == Output::Table {
        let count = |wanted: fn(&Finding) -> bool| found.iter().filter(|(_, finding)| wanted(finding)).count();
        print(&format!(
            "{} kinds of request: {} proven to allow no more than {than}, {} allow more, {} not known",
            found.len(),
            count(|finding| matches!(finding, Finding::Never { .. })),
            count(|finding| matches!(finding, Finding::Happens(_))),
            count(|finding| matches!(finding, Finding::Unknown(_))),
        ));
    }
    ExitCode::from(code)
}

fn rules(policy: &Policy, said: &str, output: Output) -> ExitCode {
    let found = findings_of_rules(policy, said);
    for finding in &found {
        match output {
            Output::Table => print(&told(finding)),
            Output::Json => print(&as_json(finding).to_string()),
        }
    }
    let count = |wanted: fn(&RuleFinding) -> bool| found.iter().filter(|finding| wanted(finding)).count();
    let (fail, dead) = (count(|finding| finding.fails.is_some()), count(|finding| finding.dead));
    let unknown = count(|finding| finding.unknown.is_some());
    if output == Output::Table {
        print(&format!(
            "\n{} rules: {} proven, {fail} can fail, {dead} never match, {unknown} not known",
            found.len(),
            count(RuleFinding::is_good),
        ));
    }
    ExitCode::from(match (fail + dead, unknown) {
        (0, 0) => 0,
        (0, _) => UNKNOWN,
        _ => HAPPENS,
    })
}

fn told(finding: &RuleFinding) -> String {
    let rule = format!("{}:{}  {}", finding.rule.file, finding.rule.line, finding.rule.id);
    let mut lines = Vec::new();
    if let Some(words) = &finding.fails {
        lines.push(format!("FAILS    {rule}\n         {words}"));
    }
    if finding.dead {
        lines.push(format!("DEAD     {rule}\n         matches nothing, whoever asks for what"));
    }
    if let Some(why) = &finding.unknown {
        lines.push(format!("unknown  {rule}\n         {why}"));
    }
    if lines.is_empty() {
        lines.push(format!("proven   {rule}"));
    }
    lines.join("\n")
}

fn as_json(finding: &RuleFinding) -> Value {
    json!({
        "id": finding.rule.id, "file": finding.rule.file, "line": finding.rule.line, "column": finding.rule.column,
        "good": finding.is_good(), "fails": finding.fails, "never_matches": finding.dead, "unknown": finding.unknown,
    })
}
