//! `tidegate token inspect`.

use std::process::ExitCode;

use clap::Subcommand;

/// What to look at.
#[derive(Subcommand, Debug)]
pub(crate) enum TokenCommand {}

/// Runs it.
pub(crate) fn run(command: TokenCommand) -> ExitCode {
    match command {}
}
