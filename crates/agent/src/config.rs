//! The agent's configuration file: what it says, checked, with the line of every mistake.

use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error};
use tidegate_link::{LIST_MAX, Mode, NAME_MAX};
use toml::Spanned;

use crate::dial::{Pattern, Target};
use crate::login::Mechanism;
use crate::secret::Source;

/// The longest configuration file in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// A checked configuration. Secrets are named, not read; relative paths mean the file's folder.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) agent: AgentConfig,
    #[serde(default, rename = "cluster")]
    pub(crate) clusters: Vec<Spanned<ClusterConfig>>,
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentConfig {
    #[serde(deserialize_with = "name")]
    pub(crate) name: String,
    /// The gateway's Unix socket.
    pub(crate) gateway: PathBuf,
    /// The user id that must own the other end of the socket; a name or a number in the file.
    #[serde(rename = "gateway_user", default = "own_user", deserialize_with = "user")]
    pub(crate) gateway_uid: u32,
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterConfig {
    #[serde(deserialize_with = "name")]
    pub(crate) name: String,
    #[serde(with = "ModeWord", default = "relay")]
    pub(crate) mode: Mode,
    /// Always allowed to dial; what "any bootstrap address" means.
    pub(crate) bootstrap: Vec<Target>,
    /// Allowed to dial besides.
    #[serde(default)]
    pub(crate) dial: Vec<Pattern>,
    pub(crate) tls: Option<TlsConfig>,
    #[serde(default)]
    pub(crate) login: LoginConfig,
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsConfig {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<Source>,
    /// Checked in place of the dialled host's name.
    pub(crate) server_name: Option<String>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginConfig {
    pub(crate) mechanism: Mechanism,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Source>,
    /// PLAIN may go without TLS to a loopback address.
    #[serde(default)]
    pub(crate) allow_plain_on_loopback: bool,
}

#[derive(serde::Deserialize)]
#[serde(remote = "Mode", rename_all = "lowercase")]
enum ModeWord {
    Relay,
    Socket,
}

fn relay() -> Mode {
    Mode::Relay
}

fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn name<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    let good = (1..=NAME_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if good { Ok(text) } else { Err(D::Error::custom("a name has 1 to 255 bytes without control characters")) }
}

fn user<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    let text = String::deserialize(input)?;
    match (text.parse(), nix::unistd::User::from_name(&text)) {
        (Ok(uid), _) => Ok(uid),
        (_, Ok(Some(found))) => Ok(found.uid.as_raw()),
        _ => Err(D::Error::custom(format!("there is no user {text:?}; name the user that runs the gateway"))),
    }
}

impl Config {
    /// Reads and checks the file. The error names file, line and mend.
    pub(crate) fn read(file: &Path) -> Result<Config, String> {
        let unread = |error: std::io::Error| format!("cannot read the configuration {}: {error}", file.display());
        if std::fs::metadata(file).map_err(unread)?.len() > FILE_MAX {
            return Err(format!("the configuration {} is longer than 1 MiB", file.display()));
        }
        let text = std::fs::read_to_string(file).map_err(unread)?;
        Config::parse(&text).map_err(|(at, what)| {
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1);
            format!("{}:{line}: {what}", file.display())
        })
    }

    /// The error is a place in the text and what is wrong there.
    fn parse(text: &str) -> Result<Config, (usize, String)> {
        let config: Config = toml::from_str(text)
            .map_err(|error| (error.span().map_or(0, |span| span.start), without_value(error.message())))?;
        if config.clusters.is_empty() || config.clusters.len() > LIST_MAX {
            return Err((0, format!("needs 1 to {LIST_MAX} [[cluster]] tables")));
        }
        for (before, cluster) in config.clusters.iter().enumerate() {
            let name = &cluster.get_ref().name;
            let twice = config.clusters.iter().take(before).any(|other| other.get_ref().name == *name);
            let twice = twice.then_some("the name is used twice; rename one");
            if let Some(what) = twice.or(cluster.get_ref().mistake()) {
                return Err((cluster.span().start, format!("cluster {name:?}: {what}")));
            }
        }
        Ok(config)
    }

    /// The names of the environment variables that hold secrets.
    pub(crate) fn variables(&self) -> Vec<&str> {
        let clusters = || self.clusters.iter().map(Spanned::get_ref);
        let keys = clusters().filter_map(|cluster| cluster.tls.as_ref()?.key.as_ref());
        let sources = keys.chain(clusters().filter_map(|cluster| cluster.login.password.as_ref()));
        sources.filter_map(|source| if let Source::Env(name) = source { Some(name.as_str()) } else { None }).collect()
    }
}

impl ClusterConfig {
    /// What does not fit together, with its mend.
    fn mistake(&self) -> Option<&'static str> {
        let login = &self.login;
        let none = login.mechanism == Mechanism::None;
        let (named, secret) = (login.username.is_some(), login.password.is_some());
        let name = login.username.as_ref().map_or(1, String::len);
        let plain = login.mechanism == Mechanism::Plain && !login.allow_plain_on_loopback && self.tls.is_none();
        let half = self.tls.as_ref().is_some_and(|tls| tls.certificate.is_some() != tls.key.is_some());
        let bare = self.mode == Mode::Socket && self.tls.is_some();
        let found = [
            (!(1..=LIST_MAX).contains(&self.bootstrap.len()), "bootstrap needs 1 to 64 addresses, each host:port"),
            (bare, "mode \"socket\" hands over the bare socket, so it excludes TLS; use mode = \"relay\""),
            (half, "a client certificate needs both certificate and key"),
            (none && (named || secret), "mechanism NONE takes no username and no password; remove them"),
            (!(none || named && secret), "the mechanism needs username and password"),
            (!(1..=NAME_MAX).contains(&name), "username has 1 to 255 bytes"),
            (plain, "PLAIN shows the password: add [cluster.tls], or on one machine allow_plain_on_loopback = true"),
        ];
        found.into_iter().find(|(wrong, _)| *wrong).map(|(_, what)| what)
    }
}

/// The parser's messages name the wrong value, which could be a secret in the wrong place: leaves it out.
fn without_value(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((head, tail)) if !head.starts_with("unknown field") => {
            let sources = "a secret comes from { file = \"…\" }, { env = \"…\" } or { command = […] }";
            format!("a value is wrong here, expected {tail}; {sources}")
        }
        _ => message.replace('\n', " "),
    }
}

#[cfg(test)]
mod tests;
