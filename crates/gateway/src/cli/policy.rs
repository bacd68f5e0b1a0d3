//! `tidegate policy check`.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::{EX_USAGE, Output, fail, print};

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
        Err(errors) => {
            if output == Output::Json {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                print(&serde_json::json!({ "ok": false, "errors": errors }).to_string());
                return ExitCode::from(EX_USAGE);
            }
            for error in errors {
                fail(&anyhow::Error::from(error), EX_USAGE);
            }
            ExitCode::from(EX_USAGE)
        }
    }
}
