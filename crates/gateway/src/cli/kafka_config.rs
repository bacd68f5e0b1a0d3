//! `tidegate kafka-config`: what a Kafka client needs to log in at the gate, and to go on by itself when its token ends.
//!
//! Clients that can run a command or call a function take each token from `tidegate token`, and no secret is written. Java's and
//! librdkafka's own settings cannot; they get an id and a secret for the gate's token endpoint, which end with the login.

mod fill;

use std::io::{ErrorKind, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, ValueEnum};

use crate::cli::evidence::time;
use crate::cli::gate::logins::{ClientSecret, Logins};
use crate::cli::gate::session::Session;
use crate::cli::gate::{Failed, GateUrl, run as block_on};
use crate::cli::{note, print, private};
use fill::Values;

/// What every file of ours says near its beginning.
const MARK: &str = "written by `tidegate kafka-config`";
const MARK_BYTES_MAX: u64 = 4096;

/// Arguments of `kafka-config`.
#[derive(Args, Debug)]
pub(crate) struct KafkaConfigArguments {
    /// The client.
    #[arg(long, value_enum)]
    client: Client,
    /// Where the gate listens for Kafka clients, HOST:PORT; several with commas.
    #[arg(long, value_name = "HOST:PORT", value_parser = bootstrap)]
    bootstrap: String,
    /// Write to this file, for its owner only. A file of another kind is not overwritten.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Certificates (PEM) that the client trusts for the gate. Without it those of the login, else the client's own.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The Kafka listener has no TLS. Tokens then cross the network in clear: for this machine alone.
    #[arg(long)]
    plaintext: bool,
    /// The gate's address, https://GATE:PORT. Without it the gate of the last login.
    #[arg(long, value_name = "URL", env = "TIDEGATE_GATE")]
    gate: Option<String>,
    /// Print a secret to the terminal.
    #[arg(long, conflicts_with = "out")]
    show_secret: bool,
    /// Make another secret; files with the one before no longer work.
    #[arg(long)]
    new_secret: bool,
}

/// A client that settings are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Java clients, Kafka Connect and Kafka's own tools: properties, with a secret.
    Java,
    /// librdkafka in any language, where it was built with OIDC: properties, with a secret.
    Librdkafka,
    /// kcat, as a distribution builds it: properties without a secret, for runs of minutes.
    Kcat,
    /// confluent-kafka for Python: a module.
    ConfluentPython,
    /// kafka-python: a module.
    KafkaPython,
    /// kafkajs: a module.
    Kafkajs,
    /// franz-go: a package of one file.
    FranzGo,
    /// sarama: a package of one file.
    Sarama,
}

impl Client {
    fn has_secret(self) -> bool {
        matches!(self, Client::Java | Client::Librdkafka)
    }
}

/// Writes or prints the settings.
pub(crate) fn run(arguments: &KafkaConfigArguments) -> ExitCode {
    match block_on(write(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => failed.say(),
    }
}

async fn write(arguments: &KafkaConfigArguments) -> Result<(), Failed> {
    let KafkaConfigArguments { client, out, .. } = arguments;
    // What could not be put anywhere is not made.
    if let Some(out) = out {
        check_free(out)?;
    } else if client.has_secret() && !arguments.show_secret && std::io::stdout().is_terminal() {
        let error =
            "these settings hold a secret: write them to a file with --out FILE, or show them with --show-secret";
        return Err(Failed::from(anyhow!(error)));
    }
    let mut session = Session::open(arguments.gate.as_deref(), None)?;
    let ca_file = arguments.ca_file.clone().or_else(|| session.login.ca_file.clone());
    let ca_file = ca_file.as_deref().map(client_path).transpose()?;
    let secret = match client.has_secret() {
        true => Some(secret(&mut session, arguments.new_secret).await?),
        false => None,
    };
    let values = Values {
        name: &session.login.name,
        gate: &session.login.gate,
        bootstrap: &arguments.bootstrap,
        tls: !arguments.plaintext,
        ca_file: ca_file.as_deref(),
        secret: secret.as_ref(),
    };
    let text = fill::fill(*client, &values);
    match out {
        Some(out) => {
            private::write(out, text.as_bytes())?;
            note(&format!("written to {}", out.display()));
        }
        None => print(text.trim_end()),
    }
    if let Some(secret) = &secret {
        note(&format!("its secret works until {}, when the login ends", until(secret.ends_at)));
    }
    if let (Client::Java, Some(secret)) = (client, &secret) {
        note("for clients of Kafka 4 tell the Java machine where tokens come from:");
        note(&format!("  -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}", secret.token_endpoint));
    }
    Ok(())
}

/// Unix seconds for people.
fn until(at: u64) -> String {
    time::rfc3339(at.saturating_mul(1000))
}

/// The login's secret for clients. There is one a login, so it is kept beside the login's key and written into every file.
async fn secret(session: &mut Session, new: bool) -> Result<ClientSecret, Failed> {
    let known = session.login.client.clone().filter(|known| !new && known.ends_at > time::now_ms() / 1000);
    if let Some(known) = known {
        return Ok(known);
    }
    let made = session.client_secret().await?;
    session.login.client = Some(made.clone());
    let logins = Logins::here()?;
    // Meanwhile somebody may have logged in anew or out.
    let kept = logins.at(&GateUrl::parse(&session.login.gate)?)?;
    if kept.is_some_and(|kept| kept.session == session.login.session) {
        logins.keep(&session.login)?;
    }
    Ok(made)
}

/// Whether a file may be written: it is not there, or one of ours.
fn check_free(path: &Path) -> Result<()> {
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened.with_context(|| format!("cannot look at {}", path.display()))?,
    };
    let mut beginning = Vec::new();
    let read = file.take(MARK_BYTES_MAX).read_to_end(&mut beginning);
    if read.is_err() || !String::from_utf8_lossy(&beginning).contains(MARK) {
        bail!("{} is in the way; remove it, or name another file with --out", path.display());
    }
    Ok(())
}

/// A path that every client reads the same way, from every folder.
fn client_path(path: &Path) -> Result<String> {
    let whole = std::path::absolute(path).with_context(|| format!("{} is nowhere", path.display()))?;
    std::fs::metadata(&whole).with_context(|| format!("cannot read the certificates {}", path.display()))?;
    let text = whole.to_str().filter(|text| !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\\' | '\'')));
    let wrong = || {
        format!("the path {} has characters that clients read differently; give the file another name", path.display())
    };
    text.map(str::to_owned).with_context(wrong)
}

/// Addresses as every client reads them.
fn bootstrap(text: &str) -> Result<String, String> {
    let one = |address: &str| {
        let (host, port) = address.rsplit_once(':')?;
        let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
        let good = !host.is_empty() && host.chars().all(kept) && port.parse::<u16>().is_ok_and(|port| port > 0);
        good.then_some(())
    };
    match text.split(',').all(|address| one(address).is_some()) {
        true => Ok(text.to_owned()),
        false => Err("write HOST:PORT, such as gate.example:9093; several with commas".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_nothing_that_a_file_could_misread() {
        for good in ["gate:9092", "127.0.0.1:1,[::1]:65535"] {
            assert_eq!(bootstrap(good), Ok(good.to_owned()));
        }
        for wrong in ["", "gate", "gate:0", "gate:99999", "gate:1,", "ga te:1", "gate\":1", "g\nx:1", ":1"] {
            assert!(bootstrap(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_our_own_files_are_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.properties");
        check_free(&path).unwrap();
        std::fs::write(&path, format!("# x, {MARK} for y\n")).unwrap();
        check_free(&path).unwrap();
        std::fs::write(&path, "mine=1\n").unwrap();
        assert!(check_free(&path).unwrap_err().to_string().contains("is in the way"));
        assert!(check_free(folder.path()).is_err());
    }

    #[test]
    fn paths_are_whole_and_plain() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("c\"a.pem");
        std::fs::write(&odd, "").unwrap();
        assert!(client_path(&odd).unwrap_err().to_string().contains("read differently"));
        assert!(client_path(&folder.path().join("none")).is_err());
        assert!(client_path(Path::new("Cargo.toml")).unwrap().starts_with('/'));
    }
}
