//! `cargo xtask test`: everything that a change must pass, one step after the other, and a table at the end.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tidegate_brokers::programs::workspace;

/// Formatting, lints, tidy, unit tests, real brokers, client conformance, documentation.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Steps stop at nothing: all run, and the table at the end says which failed. Exit code 0 means that all passed."
)]
pub(crate) struct Args {
    /// Skip what needs a broker (the table says so)
    #[arg(long)]
    fast: bool,
}

/// One command of the list.
struct Step {
    name: &'static str,
    args: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// Starts real brokers, so that `--fast` skips it.
    broker: bool,
}

const fn step(name: &'static str, args: &'static [&'static str]) -> Step {
    Step { name, args, environment: &[], broker: false }
}

/// A step that needs Apache Kafka: its jars, or a broker.
const fn with_kafka(name: &'static str, args: &'static [&'static str]) -> Step {
    Step { name, args, environment: &[], broker: true }
}

const STEPS: [Step; 11] = [
    step("formatting", &["fmt", "--all", "--check"]),
    step("tidy", &["run", "--quiet", "--package", "xtask", "--", "tidy"]),
    step("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    Step {
        name: "documentation",
        args: &["doc", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        broker: false,
    },
    step("unit tests", &["test", "--workspace", "--exclude", "tidegate-brokers", "--no-fail-fast"]),
    step("harness unit tests", &["test", "--package", "tidegate-brokers", "--lib"]),
    // Each test file starts clusters of its own; on two cores more than two at once only wait for each other.
    Step {
        name: "real brokers",
        args: &[
            "test",
            "--package",
            "tidegate-brokers",
            "--test",
            "*",
            "--no-fail-fast",
            "--",
            "--test-threads",
            "2",
            "--skip",
            "conformance_",
        ],
        environment: &[],
        broker: true,
    },
    Step {
        name: "client conformance",
        args: &[
            "test",
            "--package",
            "tidegate-brokers",
            "--test",
            "*",
            "--no-fail-fast",
            "--",
            "--test-threads",
            "2",
            "conformance_",
        ],
        environment: &[],
        broker: true,
    },
    with_kafka("agent at real brokers", &["test", "--package", "tidegate-agent", "--test", "kafka", "--", "--ignored"]),
    // These two want jars that the steps before have put into the cache.
    with_kafka("Kafka's own classes", &["test", "--package", "tidegate-kafka", "--test", "oracle"]),
    with_kafka("protocol table", &["run", "--quiet", "--package", "xtask", "--", "schema", "--check"]),
];

enum Outcome {
    Passed,
    Failed,
    Skipped,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut rows = Vec::new();
    for step in &STEPS {
        if args.fast && step.broker {
            rows.push((step.name, Outcome::Skipped, Duration::ZERO));
            continue;
        }
        println!("\n== {}: cargo {}", step.name, step.args.join(" "));
        let start = Instant::now();
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(step.args)
            .envs(step.environment.iter().copied())
            .current_dir(workspace())
            .stdin(Stdio::null())
            .status()
            .context("cannot run cargo")?;
        rows.push((step.name, if status.success() { Outcome::Passed } else { Outcome::Failed }, start.elapsed()));
    }
    println!("\n{:<22} {:<28} {:>8}", "what", "outcome", "seconds");
    let mut failed = 0;
    for (name, outcome, time) in &rows {
        let word = match outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "not run (--fast, needs Kafka)",
        };
        failed += usize::from(matches!(outcome, Outcome::Failed));
        println!("{name:<22} {word:<28} {:>8.1}", time.as_secs_f64());
    }
    if failed > 0 {
        bail!("{failed} of {} steps failed", rows.len());
    }
    Ok(())
}
