//! `tidegate gate-keys`: the keys that a gate signs its own tokens with.

use std::process::ExitCode;

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use crate::cli::gate::{GateArguments, field, show};

#[derive(Subcommand, Debug)]
pub(crate) enum GateKeysCommand {
    /// Sign with the next key from now on.
    ///
    /// The gate does so by itself every day. Tokens of the key before are good until they end.
    Rotate {
        /// A key was stolen: all tokens that were made are dead at once. Logins go on and get new ones.
        #[arg(long)]
        end_all: bool,
        #[command(flatten)]
        gate: GateArguments,
    },
}

pub(crate) fn run(command: &GateKeysCommand) -> ExitCode {
    let GateKeysCommand::Rotate { end_all, gate } = command;
    let answer = gate.ask(Method::POST, "/v1/gate-keys/rotate", Some(&json!({ "end_all": end_all })));
    show(gate.output, answer, |answer| match field(answer, "ended_all").as_bool() {
        Some(true) => "the gate has new keys, and every token that was made is dead".to_owned(),
        _ => "the gate signs with its next key".to_owned(),
    })
}
