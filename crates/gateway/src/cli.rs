//! The command line: what there is to say, and where it is done.

mod blocks;
mod evidence;
mod gate;
mod gate_keys;
mod kafka_config;
mod login;
mod logins;
mod mask;
mod policy;
mod private;
mod service_account;
mod token;
mod versions;
mod whoami;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::{config, serve};

/// Exit code for a wrong configuration or command line (sysexits.h, EX_USAGE).
pub(crate) const EX_USAGE: u8 = 64;

/// An identity-aware gateway for Kafka: knows who calls, decides every operation, and records it before it takes effect.
#[derive(Parser, Debug)]
#[command(name = "tidegate", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the gate.
    Serve {
        /// The gateway's configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Look at a configuration without running it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at a policy, and change that of a running gate.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Make and rotate names and passwords for clients that can send no token, and see what still uses them.
    #[command(subcommand)]
    ServiceAccount(service_account::ServiceAccountCommand),
    /// Try the masks of a policy folder.
    #[command(subcommand)]
    Mask(mask::MaskCommand),
    /// Look at what was recorded.
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// Log in at a gate with your identity provider, in the browser or on another device.
    ///
    /// The login is kept on this machine, for you alone, with a key that never leaves it; it lasts some hours, as the gate says.
    /// After it `tidegate token`, `tidegate kafka-config` and every command to the gate are yours. Exit code: 0 logged in, 1 the
    /// gate failed, 64 usage, 69 no gate answers, 77 refused.
    Login(login::LoginArguments),
    /// End a login, and every session and token of it.
    Logout(login::LogoutArguments),
    /// List who is logged in at a running gate, and whether a Kafka client has a secret of the login.
    ///
    /// `tidegate revoke --session LOGIN` ends one.
    Logins {
        #[command(flatten)]
        gate: gate::GateArguments,
    },
    /// Rotate the keys that a running gate signs its own tokens with.
    #[command(subcommand)]
    GateKeys(gate_keys::GateKeysCommand),
    /// Print a new token for a Kafka client, good for five minutes; or look at one.
    ///
    /// The token goes to standard output alone, for a client's token command. Exit code: 0 done (with --keep: ended by Ctrl-C),
    /// 1 the gate failed, 64 usage, 69 no gate answers, 77 not logged in, refused, or the login has ended.
    Token(token::TokenArguments),
    /// Write what a Kafka client needs to log in at the gate as you, and to go on by itself.
    KafkaConfig(kafka_config::KafkaConfigArguments),
    /// End credentials that were issued until now: a caller's, a login's, a client's, a group's, or one token.
    ///
    /// Live sessions are cut. Who logs in anew gets in again, if the identity provider lets them: to keep a caller out, block.
    Revoke(blocks::RevokeArguments),
    /// Take a revocation back.
    Reinstate(blocks::ReinstateArguments),
    /// List the revocations.
    Revocations {
        #[command(flatten)]
        gate: gate::GateArguments,
    },
    /// Ask a running gate who it takes you for, and how long that lasts.
    Whoami {
        #[command(flatten)]
        gate: gate::GateArguments,
    },
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Check a configuration file, its policy, certificates and keys.
    Check {
        /// The gateway's configuration.
        file: PathBuf,
    },
}

#[derive(Subcommand, Debug)]
enum PolicyCommand {
    #[command(flatten)]
    Look(policy::Look),
    /// Put a policy folder in force at a running gate, as a new version.
    ///
    /// The folder is checked here first, then by the gate. It holds from the next response on, for live connections too. Exit code: 0 done,
    /// 1 refused or another version is in force than expected, 64 the folder is wrong, 69 no gate answers, 77 not allowed.
    Apply(versions::ApplyArguments),
    /// Say who would lose or gain what under a policy folder, from what a running gate has decided.
    ///
    /// The gate counts decisions per day, caller, groups, action and resource, for as many days as `decision_days` in \[state\] says.
    /// Nothing changes. Exit code as for apply.
    DryRun(versions::DryRunArguments),
    /// Put an earlier version in force again.
    ///
    /// Versions are numbered; `tidegate policy versions` lists them. Exit code as for apply.
    Rollback(versions::RollbackArguments),
    /// Block callers, topics, operations or clients at a running gate, at once.
    ///
    /// A block goes before every rule, and cuts live sessions. Exit code as for apply.
    Block(blocks::BlockArguments),
    /// End a block, by its id. Exit code as for apply.
    Unblock(blocks::UnblockArguments),
    /// List the blocks that hold.
    Blocks {
        #[command(flatten)]
        gate: gate::GateArguments,
    },
    /// List the versions that a running gate keeps; the one in force has a star.
    Versions {
        #[command(flatten)]
        gate: gate::GateArguments,
    },
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Table,
    /// For scripts: one JSON document a line.
    Json,
}

/// Runs what the command line says.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap knows where each belongs. A closed pipe is nobody's fault.
            let _shown = error.print();
            return if error.use_stderr() { ExitCode::from(EX_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match arguments.command {
        Command::Serve { config } => serve::main(&config),
        Command::Config(ConfigCommand::Check { file }) => check_config(&file),
        Command::Policy(PolicyCommand::Look(command)) => policy::run(command),
        Command::Policy(PolicyCommand::Apply(arguments)) => versions::apply(&arguments),
        Command::Policy(PolicyCommand::DryRun(arguments)) => versions::dry_run(&arguments),
        Command::Policy(PolicyCommand::Rollback(arguments)) => versions::rollback(&arguments),
        Command::Policy(PolicyCommand::Versions { gate }) => versions::versions(&gate),
        Command::Policy(PolicyCommand::Block(arguments)) => blocks::block(&arguments),
        Command::Policy(PolicyCommand::Unblock(arguments)) => blocks::unblock(&arguments),
        Command::Policy(PolicyCommand::Blocks { gate }) => blocks::blocks(&gate),
        Command::Mask(command) => mask::run(&command),
        Command::Revoke(arguments) => blocks::revoke(&arguments),
        Command::Reinstate(arguments) => blocks::reinstate(&arguments),
        Command::Revocations { gate } => blocks::revocations(&gate),
        Command::Whoami { gate } => whoami::whoami(&gate),
        Command::Login(arguments) => login::login(&arguments),
        Command::Logout(arguments) => login::logout(&arguments),
        Command::Logins { gate } => logins::logins(&gate),
        Command::GateKeys(command) => gate_keys::run(&command),
        Command::KafkaConfig(arguments) => kafka_config::run(&arguments),
        Command::ServiceAccount(command) => service_account::run(&command),
        Command::Evidence(command) => evidence::run(command),
        Command::Token(arguments) => token::run_command(arguments),
    }
}

fn check_config(file: &std::path::Path) -> ExitCode {
    match config::load(file).map_err(anyhow::Error::from).and_then(|config| serve::check(&config)) {
        Ok(said) => {
            print(&said);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error, EX_USAGE),
    }
}

/// Prints to standard output; a reader that went away is no error.
pub(crate) fn print(text: &str) {
    use std::io::Write as _;
    let _closed = writeln!(std::io::stdout(), "{text}");
}

/// Says something to the person on standard error; standard output is for what was asked for.
pub(crate) fn note(text: &str) {
    use std::io::Write as _;
    let _closed = writeln!(std::io::stderr(), "{text}");
}

/// Says what went wrong, with its causes.
pub(crate) fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    use std::io::Write as _;
    let _closed = writeln!(std::io::stderr(), "tidegate: {error:#}");
    ExitCode::from(code)
}
