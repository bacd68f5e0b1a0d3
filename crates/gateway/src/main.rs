//! The program `tidegate`: `serve` runs the gate, every other subcommand is for people and scripts.

mod admin;
mod cli;
mod config;
mod control;
mod rates;
mod registry;
mod reload;
mod secrets;
mod serve;
mod state;
mod strangers;
mod supervise;
mod tls;
mod tokens;
mod web;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
