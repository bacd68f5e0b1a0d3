//! `tidegate evidence list|show|status`.

use std::process::ExitCode;

use clap::Subcommand;

/// What to look at.
#[derive(Subcommand, Debug)]
pub(crate) enum EvidenceCommand {}

/// Runs it.
pub(crate) fn run(command: EvidenceCommand) -> ExitCode {
    match command {}
}
