//! `tidegate policy check|test|explain|diff|prove`: what a policy folder says. No gate has to run.

pub(crate) mod caller;
mod check;
mod diff;
mod explain;
mod prove;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use tidegate_policy::{Place, Policy, PolicyError};

use crate::cli::{EX_USAGE, Output, fail, print};

/// What to find out about a policy folder.
#[derive(Subcommand, Debug)]
pub(crate) enum Look {
    /// Check a policy folder, with its tests and invariants, and say where what is wrong.
    ///
    /// Warns of rules that can never decide anything and of names that nothing else knows. Exit code: 0 it can be applied, 1 there
    /// are warnings and --strict is given, 64 it cannot.
    Check {
        /// The folder with `*.cedar`, `topics.yaml`, `masking.yaml`, `tests/*.yaml` and `invariants.yaml`; only rules are needed.
        dir: PathBuf,
        /// Take warnings for errors.
        #[arg(long)]
        strict: bool,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Ask a policy folder the questions in its tests/*.yaml, and compare the answers.
    ///
    /// Exit code: 0 all answers are as expected, 1 some are not, 64 the folder or its tests cannot be used.
    Test {
        /// The folder with `*.cedar`, `topics.yaml` and `tests/*.yaml`.
        dir: PathBuf,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Say why a policy folder allows or refuses something.
    ///
    /// Names the rules that decide with file, line and text. Where no rule allows it, names the permits that come nearest and
    /// what each of them lacks. Exit code: 0 explained, whatever the answer; 64 the folder or the question cannot be used.
    Explain(Box<explain::ExplainArguments>),
    /// Say what changes between two policy folders, and for whom.
    ///
    /// Compares rules, topics.yaml, and the answers to questions made of everything that either folder names. Exit code: 0
    /// compared, 64 a folder cannot be used.
    Diff {
        /// The folder as it was.
        old: PathBuf,
        /// The folder as it shall be.
        new: PathBuf,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Prove that what invariants.yaml says is never allowed, or show how it can be.
    ///
    /// With --rules: prove of each rule that its evaluation cannot fail, and find rules that never match. With --than: prove that
    /// the folder allows nothing that another one does not, or show what.
    ///
    /// Needs the program tidegate-prove and the solver cvc5; without them nothing is proven, and it is said. Exit code: 0 all
    /// proven, 1 something can happen that must not, 2 something is not known, 64 the folder cannot be used, 69 not run.
    Prove(prove::ProveArguments),
}

/// Runs it.
pub(crate) fn run(command: Look) -> ExitCode {
    match command {
        Look::Check { dir, strict, output } => check::check(&dir, strict, output),
        Look::Test { dir, output } => test::run(&dir, output),
        Look::Explain(arguments) => explain::run(&arguments),
        Look::Diff { old, new, output } => diff::run(&old, &new, output),
        Look::Prove(arguments) => prove::run(&arguments),
    }
}

/// The policy of a folder, or everything that is wrong with it.
pub(crate) fn load(dir: &Path) -> Result<Policy, Vec<PolicyError>> {
    tidegate_policy::check(dir)?;
    Policy::load(dir).map_err(|error| vec![error])
}

/// Says everything that is wrong with a folder.
pub(crate) fn refuse(errors: Vec<PolicyError>, output: Output) -> ExitCode {
    if output == Output::Json {
        let errors: Vec<Value> = errors.iter().map(|error| placed(error.place(), &error.to_string())).collect();
        print(&json!({ "ok": false, "errors": errors }).to_string());
        return ExitCode::from(EX_USAGE);
    }
    for error in errors {
        fail(&anyhow::Error::from(error), EX_USAGE);
    }
    ExitCode::from(EX_USAGE)
}

/// A text for people, and the place in the folder that it is about, for scripts.
fn placed(place: Option<&Place>, text: &str) -> Value {
    json!({
        "file": place.map(|place| &place.file), "line": place.map(|place| place.line),
        "column": place.map(|place| place.column), "text": text,
    })
}
