//! The logins that are kept on this machine: one file a gate, for its owner only.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::GateUrl;
use crate::cli::private;

/// The form of the files.
const VERSION: u32 = 1;
/// 2,000 groups of 100 bytes fit.
const FILE_BYTES_MAX: u64 = 512 << 10;
/// Gates that one person has logged in at.
const LOGINS_MAX: usize = 256;

/// A text that is wiped from memory and shown nowhere.
#[derive(Deserialize, Serialize, Clone)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// The text itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A login.
#[derive(Deserialize, Serialize, Clone, Debug)]
pub(crate) struct Login {
    version: u32,
    /// The gate's address as it writes it itself; proofs name it.
    pub(crate) gate: String,
    /// Id of the login at the gate.
    pub(crate) session: String,
    /// Who logged in, as policy writes it.
    pub(crate) name: String,
    /// The caller's groups; `None` when they are unknown.
    pub(crate) groups: Option<Vec<String>>,
    /// Unix milliseconds of the login.
    pub(crate) since_ms: u64,
    /// Unix seconds at which the login ends.
    pub(crate) ends_at: u64,
    /// Certificates that are trusted for the gate.
    pub(crate) ca_file: Option<PathBuf>,
    /// The device key.
    pub(crate) device_key: Secret,
    /// Id and secret for clients that fetch tokens by themselves.
    pub(crate) client: Option<ClientSecret>,
}

/// What a Kafka client fetches tokens with. It ends with the login.
#[derive(Deserialize, Serialize, Clone, Debug)]
pub(crate) struct ClientSecret {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) token_endpoint: String,
    /// Unix seconds.
    pub(crate) ends_at: u64,
}

/// What the gate said of a new login.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) gate: String,
    pub(crate) session: String,
    pub(crate) name: String,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) ends_at: u64,
}

impl Login {
    pub(crate) fn new(begun: Begun, since_ms: u64, ca_file: Option<PathBuf>, device_key: &str) -> Login {
        let Begun { gate, session, name, groups, ends_at } = begun;
        let device_key = Secret::new(device_key);
        Login { version: VERSION, gate, session, name, groups, since_ms, ends_at, ca_file, device_key, client: None }
    }
}

/// The folder of logins.
#[derive(Debug)]
pub(crate) struct Logins(PathBuf);

impl Logins {
    /// Those of the user who runs this: `$XDG_CONFIG_HOME/tidegate/logins`, or in `~/.config`.
    ///
    /// # Errors
    /// The user has no home.
    pub(crate) fn here() -> Result<Logins> {
        let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")));
        let base = base.context("logins have no place: set HOME or XDG_CONFIG_HOME to a folder's whole path")?;
        Ok(Logins(base.join("tidegate/logins")))
    }

    /// Makes the folder, so that a login that cannot be kept is not begun.
    ///
    /// # Errors
    /// It cannot be made, or others may write to it.
    pub(crate) fn prepare(&self) -> Result<()> {
        private::folder(&self.0)
    }

    /// Keeps a login, in the place of the one before at the same gate.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn keep(&self, login: &Login) -> Result<()> {
        self.prepare()?;
        let path = self.path(&GateUrl::parse(&login.gate)?);
        let text = Zeroizing::new(serde_json::to_vec_pretty(login).context("a login cannot be written")?);
        private::write(&path, &text)
    }

    /// The login at a gate.
    ///
    /// # Errors
    /// There is one and it cannot be read, or others may read it.
    pub(crate) fn at(&self, gate: &GateUrl) -> Result<Option<Login>> {
        let path = self.path(gate);
        let login = read(&path)?;
        if let Some(login) = &login
            && !gate.is(&login.gate)
        {
            bail!("{} is a login at {:?}; remove it and log in again", path.display(), login.gate);
        }
        Ok(login)
    }

    /// The login that was made last.
    ///
    /// # Errors
    /// One cannot be read, or others may read it.
    pub(crate) fn last(&self) -> Result<Option<Login>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        };
        let mut last: Option<Login> = None;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let is_login = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
        for path in paths.filter(is_login).take(LOGINS_MAX) {
            if let Some(login) = read(&path)?
                && last.as_ref().is_none_or(|last| last.since_ms < login.since_ms)
            {
                last = Some(login);
            }
        }
        Ok(last)
    }

    /// Removes a login from this machine.
    ///
    /// # Errors
    /// It is still there.
    pub(crate) fn forget(&self, gate: &GateUrl) -> Result<()> {
        let path = self.path(gate);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, gate: &GateUrl) -> PathBuf {
        self.0.join(format!("{}.json", gate.file_name()))
    }
}

fn read(path: &std::path::Path) -> Result<Option<Login>> {
    let Some(text) = private::read(path, FILE_BYTES_MAX)? else { return Ok(None) };
    // The parser's own words could quote the file.
    let login = serde_json::from_slice::<Login>(&text).ok().filter(|login| login.version == VERSION);
    let damaged = || format!("{} is damaged or of another version; remove it and log in again", path.display());
    login.with_context(damaged).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(gate: &str, since_ms: u64) -> Login {
        let begun = Begun {
            gate: gate.into(),
            session: "s1".into(),
            name: "corp:ann".into(),
            groups: Some(vec!["corp:a".into()]),
            ends_at: 9,
        };
        Login::new(begun, since_ms, None, "very-secret")
    }

    #[test]
    fn one_login_a_gate_and_the_last_one_counts() {
        let folder = tempfile::tempdir().unwrap();
        let logins = Logins(folder.path().join("a/logins"));
        assert!(logins.last().unwrap().is_none());
        let gate = GateUrl::parse("https://one:8443").unwrap();
        for (at, since) in [("https://one:8443", 1), ("https://two", 3), ("https://one:8443", 2)] {
            logins.keep(&login(at, since)).unwrap();
        }
        assert_eq!(std::fs::read_dir(&logins.0).unwrap().count(), 2);
        assert_eq!(logins.at(&gate).unwrap().unwrap().since_ms, 2);
        assert_eq!(logins.last().unwrap().unwrap().gate, "https://two");
        logins.forget(&gate).unwrap();
        logins.forget(&gate).unwrap();
        assert!(logins.at(&gate).unwrap().is_none());
        assert!(!format!("{:?}", login("https://one", 1)).contains("very-secret"));
    }

    #[test]
    fn a_damaged_login_is_not_quoted_and_one_under_anothers_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let logins = Logins(folder.path().into());
        let gate = GateUrl::parse("https://one:8443").unwrap();
        private::write(&logins.path(&gate), br#"{"version":1,"device_key":"very-secret"}"#).unwrap();
        let error = format!("{:#}", logins.at(&gate).unwrap_err());
        assert!(error.contains("damaged") && !error.contains("very-secret"), "{error}");
        private::write(&logins.path(&gate), &serde_json::to_vec(&login("https://evil", 1)).unwrap()).unwrap();
        assert!(logins.at(&gate).unwrap_err().to_string().contains("is a login at"));
    }
}
