//! `cargo xtask`: tests, tidy, demo and benchmarks of this repository.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

mod bench;
mod demo;
mod schema;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tests, tidy, demo and benchmarks of Tidegate.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show the whole product at work: a real Apache Kafka, a gate in front of it, four people, their evidence.
    Demo(demo::Args),
    /// Run everything that a change must pass, and say what ran and how long it took.
    Test(test::Args),
    /// Measure what the gate costs and how fast it is, part by part, each beside what else there is, in one run.
    Bench(bench::Args),
    /// The bench's stand-in where there is no HAProxy.
    #[command(hide = true)]
    PlainProxy { port: u16, target: u16 },
    /// Compile Kafka's message definitions into the protocol table.
    Schema(schema::Args),
    /// Check what the compiler does not: arrows between crates, sizes, forbidden calls, stray paths.
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Demo(args) => demo::run(&args),
        Task::Bench(args) => bench::run(&args),
        Task::PlainProxy { port, target } => bench::plain_proxy(port, target),
        Task::Test(args) => test::run(&args),
        Task::Schema(args) => schema::run(&args),
        Task::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tidegate_brokers::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
