//! `tidegate policy apply`, `rollback`, `versions`: the policy of a running gate.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::blocks::seconds;
use crate::cli::evidence::table::{Table, shown};
use crate::cli::evidence::time;
use crate::cli::gate::{Failed, GateArguments, TEXT_MAX, field, show, text};
use crate::cli::{EX_USAGE, fail};

/// Changes that a person sees; JSON has all.
const ROWS_SHOWN: usize = 200;

/// Longest remark that is shown, in characters.
const REMARK_MAX: usize = 500;

/// Arguments of `policy apply`.
#[derive(Args, Debug)]
pub(crate) struct ApplyArguments {
    /// The folder with `*.cedar` and `topics.yaml`.
    dir: PathBuf,
    /// Why, for those who list the versions.
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,
    /// Only if this version is in force.
    #[arg(long, value_name = "NUMBER")]
    expect: Option<i64>,
    #[command(flatten)]
    gate: GateArguments,
}

/// Arguments of `policy rollback`.
#[derive(Args, Debug)]
pub(crate) struct RollbackArguments {
    /// The version to put in force again.
    number: i64,
    /// Only if this version is in force.
    #[arg(long, value_name = "NUMBER")]
    expect: Option<i64>,
    #[command(flatten)]
    gate: GateArguments,
}

/// Arguments of `policy dry-run`.
#[derive(Args, Debug)]
pub(crate) struct DryRunArguments {
    /// The folder that is not in force yet.
    dir: PathBuf,
    /// How far back, such as 7d; whole days count.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = seconds)]
    since: u64,
    #[command(flatten)]
    gate: GateArguments,
}

/// Says who would lose or gain what under another policy.
pub(crate) fn dry_run(arguments: &DryRunArguments) -> ExitCode {
    let DryRunArguments { dir, since, gate } = arguments;
    let files = tidegate_policy::read(dir).context("the policy cannot be read").map_err(Failed::from);
    let answer = files.and_then(|files| {
        let body = json!({ "files": files, "since_s": since });
        gate.ask(Method::POST, "/v1/policy/dry-run", Some(&body))
    });
    show(gate.output, answer, |answer| {
        let mut table = Table::of(&["", "who", "action", "on", "asked", "before", "after"]);
        for row in field(answer, "changes").as_array().into_iter().flatten().take(ROWS_SHOWN) {
            let partition = field(row, "partition").as_i64().map(|number| format!("/{number}")).unwrap_or_default();
            let alias = field(row, "alias_of").as_str().map(|topic| format!(" (alias of {})", shown(topic, TEXT_MAX)));
            let sometimes = if field(row, "always").as_bool().unwrap_or(true) { "" } else { " at times" };
            table.row(vec![
                format!("{}{sometimes}", text(row, "change")),
                text(row, "who"),
                text(row, "action"),
                format!("{}{partition}{}", text(row, "name"), alias.unwrap_or_default()),
                field(row, "count").to_string(),
                text(row, "before"),
                text(row, "after"),
            ]);
        }
        let since = time::rfc3339(field(answer, "since_ms").as_u64().unwrap_or(0));
        let number = |key| field(answer, key).as_u64().unwrap_or(0);
        let (lose, gain) = (number("lose"), number("gain"));
        let shown = if lose.saturating_add(gain) > 0 { table.take() } else { String::new() };
        let not_all = match number("not_kept") {
            0 => String::new(),
            more => format!("; {more} more were not kept, so others may change too"),
        };
        let said = format!(
            "{shown}{} decisions since {since} ({} different): {lose} would be refused, {gain} would be allowed{not_all}",
            number("questions"),
            number("rows"),
        );
        said + &remarks(answer)
    })
}

/// Puts a folder in force.
pub(crate) fn apply(arguments: &ApplyArguments) -> ExitCode {
    let ApplyArguments { dir, comment, expect, gate } = arguments;
    // Everything that is wrong, in the operator's own files, before anything is sent.
    if let Err(errors) = tidegate_policy::check(dir) {
        for error in errors {
            fail(&error.into(), EX_USAGE);
        }
        return ExitCode::from(EX_USAGE);
    }
    let files = tidegate_policy::read(dir).context("the policy cannot be read").map_err(Failed::from);
    let answer = files.and_then(|files| {
        let body = json!({ "files": files, "comment": comment, "expect": expect });
        gate.ask(Method::POST, "/v1/policy/apply", Some(&body))
    });
    show(gate.output, answer, changed)
}

/// Puts an earlier version in force.
pub(crate) fn rollback(arguments: &RollbackArguments) -> ExitCode {
    let RollbackArguments { number, expect, gate } = arguments;
    let body = json!({ "number": number, "expect": expect });
    show(gate.output, gate.ask(Method::POST, "/v1/policy/rollback", Some(&body)), changed)
}

/// Lists the versions.
pub(crate) fn versions(gate: &GateArguments) -> ExitCode {
    show(gate.output, gate.ask(Method::GET, "/v1/policy/versions", None), |answer| {
        let mut table = Table::of(&["", "version", "applied", "by", "policy", "comment"]);
        for row in answer.as_array().into_iter().flatten() {
            let active = field(row, "active").as_bool().unwrap_or(false);
            table.row(vec![
                if active { "*" } else { "" }.to_owned(),
                field(row, "number").to_string(),
                time::rfc3339(field(row, "at_ms").as_u64().unwrap_or(0)),
                text(row, "who"),
                text(row, "hash").chars().take(12).collect(),
                text(row, "comment"),
            ]);
        }
        table.take()
    })
}

fn changed(answer: &Value) -> String {
    let number = |of: &str| {
        field(field(answer, of), "number").as_i64().map_or_else(|| "none".to_owned(), |number| number.to_string())
    };
    let said = if field(answer, "changed").as_bool().unwrap_or(false) {
        format!("version {} is in force, in the place of {}", number("after"), number("before"))
    } else {
        format!("nothing changed: version {} was in force already", number("after"))
    };
    said + &remarks(answer)
}

/// What the gate remarks about names in the policy, a line each.
fn remarks(answer: &Value) -> String {
    let lines = |key: &str, word: &str| {
        let texts = field(answer, key).as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(|text| format!("\n{word}: {}", shown(text, REMARK_MAX))).collect::<String>()
    };
    lines("warnings", "warning") + &lines("hints", "hint")
}
