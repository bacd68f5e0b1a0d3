//! `tidegate token`: a token for a Kafka client or for the gate itself; and `tidegate token inspect`.

mod inspect;
mod keep;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::evidence::time;
use crate::cli::gate::session::{Minted, Session};
use crate::cli::gate::{Failed, run};
use crate::cli::{Output, note, print, private};
pub(crate) use inspect::InspectArguments;

/// A new token for you, as you logged in; or a look at one.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct TokenArguments {
    #[command(subcommand)]
    command: Option<TokenCommand>,
    #[command(flatten)]
    mint: MintArguments,
}

#[derive(Subcommand, Debug)]
enum TokenCommand {
    /// Say which check of the list a token fails.
    ///
    /// Reads one JWT from standard input and runs the gateway's checks on it, against the configured issuers; their keys are
    /// fetched as configured. Without --config the token is only decoded and nothing is verified. The token and its
    /// signature are never printed. Exit code: 0 accepted (or decoded), 1 refused, 64 usage.
    Inspect(InspectArguments),
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Audience {
    /// Kafka clients.
    Kafka,
    /// Commands to the gate.
    Control,
}

#[derive(Args, Debug)]
struct MintArguments {
    /// The gate's address, https://GATE:PORT. Without it the gate of the last login.
    #[arg(long, value_name = "URL", env = "TIDEGATE_GATE")]
    gate: Option<String>,
    /// What the token is for; one is no use for the other.
    #[arg(long, value_enum, default_value = "kafka")]
    audience: Audience,
    /// Write the token to this file, for its owner only, in the place of printing it.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Go on and write a new token before each one ends, until Ctrl-C or until the login ends.
    #[arg(long, requires = "file")]
    keep: bool,
    /// Certificates (PEM) to trust for the gate's address, beside the system's and those of the login.
    #[arg(long, value_name = "FILE", env = "TIDEGATE_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// How to print: the token alone, or JSON with its end.
    #[arg(long, value_enum, default_value_t, conflicts_with = "file")]
    output: Output,
}

impl Audience {
    fn name(self) -> &'static str {
        match self {
            Audience::Kafka => "kafka",
            Audience::Control => "control",
        }
    }
}

/// Runs it.
pub(crate) fn run_command(arguments: TokenArguments) -> ExitCode {
    match arguments.command {
        Some(TokenCommand::Inspect(arguments)) => inspect::run(&arguments),
        None => match run(mint(&arguments.mint)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => failed.say(),
        },
    }
}

async fn mint(arguments: &MintArguments) -> Result<(), Failed> {
    let session = Session::open(arguments.gate.as_deref(), arguments.ca_file.as_deref())?;
    let audience = arguments.audience.name();
    let minted = session.mint(audience).await?;
    if !minted.groups_known {
        note(
            "tidegate: your groups are not in this token: they are unknown, or too many. No rule for a group permits you anything.",
        );
    }
    let Some(file) = &arguments.file else {
        match arguments.output {
            Output::Table => print(&minted.token),
            Output::Json => {
                let left = minted.expires_at.saturating_sub(time::now_ms() / 1000);
                let Minted { token, expires_at, groups_known } = minted;
                print(&json!({ "token": *token, "expires_at": expires_at, "expires_in_s": left, "groups_known": groups_known }).to_string());
            }
        }
        return Ok(());
    };
    write(file, &minted)?;
    if arguments.keep { keep::keep(&session, audience, file, minted).await } else { Ok(()) }
}

/// Puts a token in the place of the one before. Clients read it at any time, so there is always a whole one.
fn write(file: &Path, minted: &Minted) -> Result<(), Failed> {
    Ok(private::write(file, format!("{}\n", *minted.token).as_bytes())?)
}
