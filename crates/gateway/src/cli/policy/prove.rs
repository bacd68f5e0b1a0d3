//! `tidegate policy prove`: runs the prover, a program of its own, and tells what came of it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tidegate_policy::{Finding, Invariant, Policy, findings, invariant, invariants, job};

use super::{load, refuse};
use crate::cli::{Output, fail, print};

mod more;

/// Exit code: something can happen that must not.
const HAPPENS: u8 = 1;
/// Exit code: something is not known.
const UNKNOWN: u8 = 2;
/// Exit code: the prover or the solver is not there (sysexits.h, EX_UNAVAILABLE).
const NOT_RUN: u8 = 69;
/// The prover's file name.
const PROVER: &str = "tidegate-prove";
/// All that the prover may say.
const ANSWERS_MAX: u64 = 64 << 20;

/// What to prove, and with what.
#[derive(Args, Debug)]
pub(crate) struct ProveArguments {
    /// The folder with `*.cedar`, `topics.yaml` and `invariants.yaml`.
    dir: PathBuf,
    /// One question instead of invariants.yaml, as it stands behind `never:`, such as '{action: consume, tag: pci}'.
    #[arg(long, value_name = "QUESTION")]
    never: Option<String>,
    /// Instead: that each rule can be evaluated whatever is asked, and that it can match.
    #[arg(long, conflicts_with = "never")]
    rules: bool,
    /// Instead: that nothing is allowed that this other folder does not allow.
    #[arg(long, value_name = "OLD", conflicts_with_all = ["never", "rules"])]
    than: Option<PathBuf>,
    /// The program tidegate-prove; without it the one beside this program, or on the PATH.
    #[arg(long, value_name = "FILE")]
    prover: Option<PathBuf>,
    /// The solver cvc5; without it the one on the PATH.
    #[arg(long, value_name = "FILE", env = "CVC5")]
    solver: Option<PathBuf>,
    /// The longest time for one question, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Proves, or says what is not proven.
pub(crate) fn run(arguments: &ProveArguments) -> ExitCode {
    if arguments.rules || arguments.than.is_some() {
        return more::run(arguments);
    }
    let asked = load(&arguments.dir).and_then(|policy| {
        let questions = match &arguments.never {
            Some(never) => vec![invariant(never).map_err(|error| vec![error])?],
            None => invariants(&arguments.dir)?,
        };
        Ok((policy, questions))
    });
    let (policy, questions) = match asked {
        Ok(asked) => asked,
        Err(errors) => return refuse(errors, arguments.output),
    };
    if questions.is_empty() {
        return not_run(arguments.output, "there is no invariants.yaml in the folder, and no --never");
    }
    let found = tools(arguments).and_then(|(prover, solver)| {
        let job = job(&policy, &questions, &solver.to_string_lossy(), arguments.timeout);
        Ok(findings(&policy, &questions, &answers(&prover, &job)?))
    });
    match found {
        Ok(found) => tell(&policy, &questions, &found, arguments.output),
        Err(error) => not_run(arguments.output, &format!("{error:#}")),
    }
}

fn not_run(output: Output, why: &str) -> ExitCode {
    match output {
        Output::Table => fail(&anyhow::anyhow!("not run: {why}; nothing is proven"), NOT_RUN),
        Output::Json => {
            print(&json!({"result": "not_run", "why": why}).to_string());
            ExitCode::from(NOT_RUN)
        }
    }
}

/// The prover and the solver, which have to be there before anything is asked.
fn tools(arguments: &ProveArguments) -> Result<(PathBuf, PathBuf)> {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join(PROVER)));
    let prover = match &arguments.prover {
        Some(given) => given.is_file().then(|| given.clone()),
        None => beside.filter(|file| file.is_file()).or_else(|| on_path(PROVER)),
    };
    let prover = prover.context(
        "the program tidegate-prove is not there; build it with `cargo build --release --manifest-path prover/Cargo.toml` \
         and name it with --prover",
    )?;
    let solver = match &arguments.solver {
        Some(given) if given.components().count() > 1 => given.is_file().then(|| given.clone()),
        Some(name) => on_path(&name.to_string_lossy()),
        None => on_path("cvc5"),
    };
    let solver = solver.context("the solver cvc5 is not there; install it (Debian: cvc5) or name it with --solver")?;
    Ok((prover, solver))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Gives the prover its job and takes what it says. A prover that ends badly is an error, whatever it said before.
fn answers(prover: &Path, job: &Value) -> Result<String> {
    let place = prover.display();
    let mut child = Command::new(prover)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {place}"))?;
    let (mut input, output) = (child.stdin.take(), child.stdout.take());
    // the prover reads the whole job before it says anything
    let given = match &mut input {
        Some(input) => input.write_all(job.to_string().as_bytes()),
        None => Ok(()),
    };
    drop(input);
    let mut text = String::new();
    let taken = match output {
        Some(output) => output.take(ANSWERS_MAX).read_to_string(&mut text),
        None => Ok(0),
    };
    let status = child.wait().with_context(|| format!("{place} was lost"))?;
    if !status.success() {
        bail!("{place} ended with {status}; what it says stands above");
    }
    given.and(taken).with_context(|| format!("cannot talk to {place}"))?;
    Ok(text)
}

fn tell(policy: &Policy, questions: &[Invariant], found: &[Finding], output: Output) -> ExitCode {
    let mut code = 0;
    for (question, finding) in questions.iter().zip(found) {
        code = worse(code, finding);
        match output {
            Output::Table => print(&told(question, finding)),
            Output::Json => print(&as_json(question, finding).to_string()),
        }
    }
    let version: String = policy.version().iter().map(|byte| format!("{byte:02x}")).collect();
    if output == Output::Table {
        let count = |wanted: fn(&Finding) -> bool| found.iter().filter(|finding| wanted(finding)).count();
        print(&format!(
            "\n{} proven, {} with an example, {} not known; policy {version}",
            count(|finding| matches!(finding, Finding::Never { .. })),
            count(|finding| matches!(finding, Finding::Happens(_))),
            count(|finding| matches!(finding, Finding::Unknown(_))),
        ));
    }
    ExitCode::from(code)
}

/// The exit code after one more finding.
fn worse(code: u8, finding: &Finding) -> u8 {
    match (finding, code) {
        (Finding::Happens(_), _) | (_, HAPPENS) => HAPPENS,
        (Finding::Unknown(_), _) | (_, UNKNOWN) => UNKNOWN,
        (Finding::Never { .. }, _) => code,
    }
}

fn told(question: &Invariant, finding: &Finding) -> String {
    let (place, title) = (&question.place, &question.title);
    match finding {
        Finding::Never { micros } => format!("proven   {place}  {title}  ({} ms)", micros / 1000),
        Finding::Unknown(why) => format!("unknown  {place}  {title}\n         {why}"),
        Finding::Happens(example) => {
            let by = example.rules.iter().map(|rule| format!("{} ({}:{})", rule.id, rule.file, rule.line));
            let by = by.collect::<Vec<_>>().join(", ");
            format!("BROKEN   {place}  {title}\n         {}\n         allowed by {by}", example.words)
        }
    }
}

fn as_json(question: &Invariant, finding: &Finding) -> Value {
    json!({"place": question.place, "name": question.title, "finding": finding_as_json(finding)})
}

fn finding_as_json(finding: &Finding) -> Value {
    match finding {
        Finding::Never { micros } => json!({"result": "proven", "micros": micros}),
        Finding::Unknown(why) => json!({"result": "unknown", "why": why}),
        Finding::Happens(example) => {
            let rules: Vec<Value> =
                example.rules.iter().map(|rule| json!({"id": rule.id, "file": rule.file, "line": rule.line})).collect();
            json!({"result": "broken", "example": example.words, "rules": rules, "request": example.request})
        }
    }
}
