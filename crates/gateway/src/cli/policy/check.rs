//! `tidegate policy check`.

use std::path::Path;
use std::process::ExitCode;

use super::refuse;
use crate::cli::{Output, print};

/// Checks a policy folder and says what it holds, or everything that is wrong with it.
pub(crate) fn check(dir: &Path, output: Output) -> ExitCode {
    match tidegate_policy::check(dir) {
        Ok(report) => {
            let version: String = report.version.iter().map(|byte| format!("{byte:02x}")).collect();
            match output {
                Output::Table => {
                    print(&format!("ok: {} rules, {} rows of topics, version {version}", report.rules, report.topics));
                    for warning in &report.warnings {
                        print(&format!("warning: {warning}"));
                    }
                }
                Output::Json => print(
                    &serde_json::json!({
                        "ok": true, "rules": report.rules, "topics": report.topics, "files": report.files,
                        "version": version, "warnings": report.warnings,
                    })
                    .to_string(),
                ),
            }
            ExitCode::SUCCESS
        }
        Err(errors) => refuse(errors, output),
    }
}
