//! `tidegate policy check`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use tidegate_model::Level;
use tidegate_policy::Report;

use super::{placed, refuse};
use crate::cli::{Output, print};

/// Topics of a level that are told by name; scripts get all.
const TOPICS_SHOWN: usize = 20;
/// Exit code: there are warnings, and they count as errors.
const WARNED: u8 = 1;

/// Checks a policy folder and says what it holds, or everything that is wrong with it.
pub(crate) fn check(dir: &Path, strict: bool, output: Output) -> ExitCode {
    let report = match tidegate_policy::check(dir) {
        Ok(report) => report,
        Err(errors) => return refuse(errors, output),
    };
    let failed = strict && !report.warnings.is_empty();
    match output {
        Output::Table => print(&told(&report, failed)),
        Output::Json => print(&as_json(&report, failed).to_string()),
    }
    if failed { ExitCode::from(WARNED) } else { ExitCode::SUCCESS }
}

fn told(report: &Report, failed: bool) -> String {
    let count = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let mut text = format!(
        "{}: {}, {}, {}, {}\nversion {}",
        if failed { "not ok" } else { "ok" },
        count(report.rules, "rule", "rules"),
        count(report.topics, "row of topics", "rows of topics"),
        count(report.tests, "test", "tests"),
        count(report.invariants, "invariant", "invariants"),
        version(report),
    );
    for level in [Level::Full, Level::Digest, Level::Metadata] {
        let mut topics: Vec<&str> = at(report, level).collect();
        let more = topics.len().saturating_sub(TOPICS_SHOWN);
        topics.truncate(TOPICS_SHOWN);
        if level == Level::Digest {
            topics.push("every topic that no row names");
        }
        if !topics.is_empty() {
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            text.push_str(&format!("\nrecorded {}: {}{more}", how(level), topics.join(", ")));
        }
    }
    for warning in &report.warnings {
        text.push_str(&format!("\nwarning: {warning}"));
    }
    text
}

fn as_json(report: &Report, failed: bool) -> Value {
    let warnings = report.warnings.iter().map(|warning| placed(warning.place.as_ref(), &warning.to_string()));
    json!({
        "ok": !failed, "rules": report.rules, "topics": report.topics, "tests": report.tests,
        "invariants": report.invariants, "files": report.files, "version": version(report),
        "recorded": {
            "full": at(report, Level::Full).collect::<Vec<_>>(), "digest": at(report, Level::Digest).collect::<Vec<_>>(),
            "metadata": at(report, Level::Metadata).collect::<Vec<_>>(),
        },
        "warnings": warnings.collect::<Vec<_>>(),
    })
}

/// Topics of which evidence keeps so much.
fn at(report: &Report, level: Level) -> impl Iterator<Item = &str> {
    report.recorded.iter().filter(move |(_, of)| *of == level).map(|(topic, _)| topic.as_str())
}

fn how(level: Level) -> &'static str {
    match level {
        Level::Full => "in full, masked",
        Level::Digest => "at digest",
        Level::Metadata => "as metadata",
    }
}

fn version(report: &Report) -> String {
    report.version.iter().map(|byte| format!("{byte:02x}")).collect()
}
