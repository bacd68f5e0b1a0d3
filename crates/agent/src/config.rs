//! The agent's configuration file: what it says, checked, with the line of every mistake.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tidegate_link::{LIST_MAX, Mode, NAME_MAX};
use toml::Spanned;

use crate::dial::{DialRules, Pattern, Target};
use crate::login::Mechanism;
use crate::secret::Source;

/// The longest configuration file in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// A checked configuration; secrets are named, not read.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) name: String,
    /// The gateway's Unix socket.
    pub(crate) gateway: PathBuf,
    /// The user that must own the other end of the socket.
    pub(crate) gateway_uid: u32,
    pub(crate) clusters: BTreeMap<String, ClusterConfig>,
}

/// One cluster.
#[derive(Debug)]
pub(crate) struct ClusterConfig {
    pub(crate) mode: Mode,
    pub(crate) dial: DialRules,
    pub(crate) tls: Option<TlsConfig>,
    pub(crate) login: Option<LoginConfig>,
}

/// How TLS to a cluster's brokers is done.
#[derive(Debug)]
pub(crate) struct TlsConfig {
    pub(crate) ca: PathBuf,
    pub(crate) client: Option<(PathBuf, Source)>,
    /// Checked in place of the dialled host's name.
    pub(crate) server_name: Option<String>,
}

/// How to log in to a cluster's brokers.
#[derive(Debug)]
pub(crate) struct LoginConfig {
    pub(crate) mechanism: Mechanism,
    pub(crate) username: String,
    pub(crate) password: Source,
    /// PLAIN may go without TLS to a loopback address.
    pub(crate) plain_on_loopback: bool,
}

/// A mistake in the configuration file, with its place and its mend.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration {0}: {1}")]
    Read(PathBuf, std::io::Error),
    #[error("{}:{line}: {what}", file.display())]
    Wrong { file: PathBuf, line: usize, what: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    agent: AgentTable,
    #[serde(default, rename = "cluster")]
    clusters: Vec<Spanned<ClusterTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentTable {
    name: Spanned<String>,
    gateway: PathBuf,
    gateway_user: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterTable {
    name: Spanned<String>,
    mode: Option<Spanned<String>>,
    bootstrap: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    dial: Vec<Spanned<String>>,
    tls: Option<TlsTable>,
    login: Option<Spanned<LoginTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsTable {
    ca: PathBuf,
    certificate: Option<Spanned<PathBuf>>,
    key: Option<Spanned<SourceTable>>,
    server_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginTable {
    mechanism: Spanned<String>,
    username: Option<Spanned<String>>,
    password: Option<Spanned<SourceTable>>,
    #[serde(default)]
    allow_plain_on_loopback: bool,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "{ file = \"…\" }, { env = \"NAME\" } or { command = [\"…\"] }; a secret never stands in this file"
)]
struct SourceTable {
    file: Option<PathBuf>,
    env: Option<String>,
    command: Option<Vec<String>>,
}

impl Config {
    /// Reads and checks the file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line and mend.
    pub(crate) fn read(file: &Path) -> Result<Config, ConfigError> {
        let unread = |error| ConfigError::Read(file.into(), error);
        if std::fs::metadata(file).map_err(unread)?.len() > FILE_MAX {
            return Err(unread(std::io::Error::other("it is longer than 1 MiB")));
        }
        let text = std::fs::read_to_string(file).map_err(unread)?;
        Config::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Config, ConfigError> {
        let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
        let place = Place { file, text, folder };
        let table: FileTable = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            place.wrong(at, without_value(error.message()))
        })?;
        let name = place.name(&table.agent.name)?;
        let gateway_uid = place.user(table.agent.gateway_user.as_ref())?;
        if table.clusters.is_empty() || table.clusters.len() > LIST_MAX {
            return Err(place.wrong(0, format!("needs 1 to {LIST_MAX} [[cluster]] tables")));
        }
        let mut clusters = BTreeMap::new();
        for cluster in &table.clusters {
            let name = place.name(&cluster.get_ref().name)?;
            if clusters.insert(name, place.cluster(cluster)?).is_some() {
                let at = cluster.get_ref().name.span().start;
                return Err(place.wrong(at, "this cluster's name is used twice; rename one".into()));
            }
        }
        Ok(Config { name, gateway: place.path(&table.agent.gateway), gateway_uid, clusters })
    }

    /// The names of the environment variables that hold secrets.
    pub(crate) fn variables(&self) -> Vec<&str> {
        let keys = self.clusters.values().filter_map(|c| Some(&c.tls.as_ref()?.client.as_ref()?.1));
        let passwords = self.clusters.values().filter_map(|c| Some(&c.login.as_ref()?.password));
        let mut names = Vec::new();
        for source in keys.chain(passwords) {
            if let Source::Env(name) = source {
                names.push(name.as_str());
            }
        }
        names
    }
}

/// A parser's message names the wrong value; it could be a secret in the wrong place.
fn without_value(message: &str) -> String {
    let Some((head, rest)) = message.split_once("string \"") else { return message.replace('\n', " ") };
    let tail = rest.rsplit_once("\", expected").map_or("", |(_, tail)| tail);
    format!("{head}a string, expected{tail}").replace('\n', " ")
}

struct Place<'a> {
    file: &'a Path,
    text: &'a str,
    folder: PathBuf,
}

impl Place<'_> {
    fn wrong(&self, at: usize, what: String) -> ConfigError {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1);
        ConfigError::Wrong { file: self.file.into(), line, what }
    }

    fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    fn name(&self, name: &Spanned<String>) -> Result<String, ConfigError> {
        let text = name.get_ref();
        if text.is_empty() || text.len() > NAME_MAX || text.chars().any(char::is_control) {
            return Err(self.wrong(name.span().start, "a name has 1 to 255 bytes without control characters".into()));
        }
        Ok(text.clone())
    }

    fn user(&self, user: Option<&Spanned<String>>) -> Result<u32, ConfigError> {
        let Some(user) = user else { return Ok(rustix::process::geteuid().as_raw()) };
        if let Ok(uid) = user.get_ref().parse() {
            return Ok(uid);
        }
        match nix::unistd::User::from_name(user.get_ref()) {
            Ok(Some(found)) => Ok(found.uid.as_raw()),
            _ => {
                let what = format!("there is no user {:?}; name the user that runs the gateway", user.get_ref());
                Err(self.wrong(user.span().start, what))
            }
        }
    }

    fn cluster(&self, cluster: &Spanned<ClusterTable>) -> Result<ClusterConfig, ConfigError> {
        let table = cluster.get_ref();
        let mode = match table.mode.as_ref().map(|mode| mode.get_ref().as_str()) {
            None | Some("relay") => Mode::Relay,
            Some("socket") => Mode::Socket,
            Some(_) => return Err(self.wrong(start(table.mode.as_ref()), "mode is \"relay\" or \"socket\"".into())),
        };
        if mode == Mode::Socket && table.tls.is_some() {
            let what = "mode \"socket\" hands over the bare socket and cannot be used with TLS; use mode = \"relay\"";
            return Err(self.wrong(start(table.mode.as_ref()), what.into()));
        }
        let count = table.bootstrap.get_ref().len();
        if count == 0 || count > LIST_MAX {
            let what = format!("bootstrap needs 1 to {LIST_MAX} addresses, each host:port");
            return Err(self.wrong(table.bootstrap.span().start, what));
        }
        let dial = DialRules {
            bootstrap: self.each(table.bootstrap.get_ref(), Target::parse)?,
            patterns: self.each(&table.dial, Pattern::parse)?,
        };
        let tls = table.tls.as_ref().map(|tls| self.tls(tls)).transpose()?;
        let login = match &table.login {
            Some(login) => self.login(login, tls.is_some())?,
            None => None,
        };
        Ok(ClusterConfig { mode, dial, tls, login })
    }

    fn each<T>(&self, texts: &[Spanned<String>], read: fn(&str) -> Result<T, String>) -> Result<Vec<T>, ConfigError> {
        texts.iter().map(|text| read(text.get_ref()).map_err(|what| self.wrong(text.span().start, what))).collect()
    }

    fn tls(&self, table: &TlsTable) -> Result<TlsConfig, ConfigError> {
        let client = match (&table.certificate, &table.key) {
            (Some(certificate), Some(key)) => Some((self.path(certificate.get_ref()), self.source(key)?)),
            (None, None) => None,
            (certificate, key) => {
                let at = start(certificate.as_ref()).max(start(key.as_ref()));
                return Err(self.wrong(at, "a client certificate needs both certificate and key".into()));
            }
        };
        Ok(TlsConfig { ca: self.path(&table.ca), client, server_name: table.server_name.clone() })
    }

    fn login(&self, login: &Spanned<LoginTable>, tls: bool) -> Result<Option<LoginConfig>, ConfigError> {
        let table = login.get_ref();
        let wanted = table.mechanism.get_ref().as_str();
        let at = table.mechanism.span().start;
        if wanted == "NONE" {
            if table.username.is_some() || table.password.is_some() {
                return Err(self.wrong(at, "mechanism NONE takes no username and no password; remove them".into()));
            }
            return Ok(None);
        }
        let Some(mechanism) = Mechanism::ALL.into_iter().find(|known| known.name() == wanted) else {
            return Err(self.wrong(at, "mechanism is SCRAM-SHA-512, SCRAM-SHA-256, PLAIN or NONE".into()));
        };
        let (Some(username), Some(password)) = (&table.username, &table.password) else {
            return Err(self.wrong(at, format!("mechanism {wanted} needs username and password")));
        };
        let text = username.get_ref();
        if text.is_empty() || text.len() > NAME_MAX || text.chars().any(char::is_control) {
            return Err(self.wrong(username.span().start, "username has 1 to 255 bytes, no control characters".into()));
        }
        if mechanism == Mechanism::Plain && !tls && !table.allow_plain_on_loopback {
            let what = "PLAIN sends the password itself and needs [cluster.tls]; use SCRAM, or for a broker on this machine \
                        allow_plain_on_loopback = true";
            return Err(self.wrong(at, what.into()));
        }
        let plain_on_loopback = table.allow_plain_on_loopback;
        Ok(Some(LoginConfig { mechanism, username: text.clone(), password: self.source(password)?, plain_on_loopback }))
    }

    fn source(&self, source: &Spanned<SourceTable>) -> Result<Source, ConfigError> {
        let table = source.get_ref();
        match (&table.file, &table.env, &table.command) {
            (Some(file), None, None) => Ok(Source::File(self.path(file))),
            (None, Some(name), None) if !name.is_empty() => Ok(Source::Env(name.clone())),
            (None, None, Some(words)) if !words.is_empty() => Ok(Source::Command(words.clone())),
            _ => {
                let what = "a secret comes from exactly one of file, env and command, which is not empty";
                Err(self.wrong(source.span().start, what.into()))
            }
        }
    }
}

fn start<T>(spanned: Option<&Spanned<T>>) -> usize {
    spanned.map_or(0, |spanned| spanned.span().start)
}

#[cfg(test)]
mod tests;
