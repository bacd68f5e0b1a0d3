//! What the gate must remember and is no evidence: versions of its policy, blocks, decisions for a dry run. One SQLite file,
//! readable by the gate's user only.
//!
//! Every change here has its leaf in the evidence first; this file says what holds now, the evidence says who made it so.

mod accounts;
mod blocks;
mod decisions;
mod logins;

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

pub(crate) use blocks::RevocationRow;
pub(crate) use decisions::DecisionRow;
#[cfg(test)]
pub(crate) use decisions::{Circumstances, Who};
pub(crate) use logins::{Login, Person};

const FILE: &str = "state.sqlite";
/// What makes each version of the file out of the one before. Never changed once released; a new one is added at the end.
const MIGRATIONS: [&str; 5] = ["
CREATE TABLE policy_version (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    hash TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    comment TEXT NOT NULL,
    files TEXT NOT NULL
) STRICT;
CREATE TABLE policy_active (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), number INTEGER NOT NULL REFERENCES policy_version)
    STRICT;
CREATE TABLE block (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    until_s INTEGER,
    who TEXT NOT NULL
) STRICT;
CREATE TABLE decision (
    day INTEGER NOT NULL,
    who TEXT NOT NULL,
    groups TEXT NOT NULL,
    around TEXT NOT NULL,
    action TEXT NOT NULL,
    name TEXT NOT NULL,
    partition INTEGER NOT NULL,
    allowed INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, who, groups, around, action, name, partition, allowed)
) STRICT, WITHOUT ROWID;
", "
CREATE TABLE revocation (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
", accounts::MIGRATION, logins::MIGRATION, decisions::MIGRATION];
/// Versions of the policy that are kept to roll back to.
const POLICY_VERSIONS_MAX: u32 = 100;

/// The gate's state.
#[derive(Clone)]
pub(crate) struct State(Arc<Mutex<Connection>>);

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

/// The files of a policy folder by name.
pub(crate) type PolicyFiles = BTreeMap<String, String>;

/// A version of the policy, without its files.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PolicyVersion {
    /// Its number; greater is newer.
    pub(crate) number: i64,
    /// SHA-256 over the files, as hex: what leaves name.
    pub(crate) hash: String,
    /// When it was applied first, Unix milliseconds.
    pub(crate) at_ms: i64,
    /// Who applied it.
    pub(crate) who: String,
    /// What they said.
    pub(crate) comment: String,
    /// Whether it is in force.
    pub(crate) active: bool,
}

impl State {
    /// Opens the state in `dir`, or makes it.
    ///
    /// # Errors
    /// The folder cannot be made or is open to others, or the file is of a later version.
    pub(crate) fn open(dir: &Path) -> Result<State> {
        let named = || format!("cannot make the state folder {}", dir.display());
        DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(named)?;
        let mode = std::fs::metadata(dir).with_context(named)?.permissions().mode();
        ensure!(mode & 0o077 == 0, "others may enter the state folder {0}; mend it with: chmod 700 {0}", dir.display());
        let path = dir.join(FILE);
        Self::at(&path).with_context(|| format!("cannot use the gate's state {}", path.display()))
    }

    fn at(path: &PathBuf) -> Result<State> {
        let connection = Connection::open(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is deleted is overwritten.
        connection.pragma_update(None, "secure_delete", true)?;
        migrate(&connection)?;
        Ok(State(Arc::new(Mutex::new(connection))))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version in force and its files, if any was ever applied.
    pub(crate) fn active_policy(&self) -> Result<Option<(PolicyVersion, PolicyFiles)>> {
        let number =
            self.connection().query_row("SELECT number FROM policy_active", [], |row| row.get(0)).optional()?;
        number.map(|number| self.policy(number)).transpose().map(Option::flatten)
    }

    /// A version and its files.
    pub(crate) fn policy(&self, number: i64) -> Result<Option<(PolicyVersion, PolicyFiles)>> {
        let query = format!("{VERSIONS}, files FROM policy_version WHERE number = ?1");
        let read = |row: &rusqlite::Row<'_>| Ok((version(row)?, row.get::<_, String>(6)?));
        let found = self.connection().query_row(&query, [number], read).optional()?;
        found.map(|(version, files)| Ok((version, serde_json::from_str(&files)?))).transpose()
    }

    /// All versions, newest first.
    pub(crate) fn policies(&self) -> Result<Vec<PolicyVersion>> {
        let connection = self.connection();
        let mut query = connection.prepare(&format!("{VERSIONS} FROM policy_version ORDER BY number DESC"))?;
        Ok(query.query_map([], version)?.collect::<Result<_, _>>()?)
    }

    /// Keeps a new version and makes it the one in force; its number.
    pub(crate) fn add_policy(
        &self,
        files: &PolicyFiles,
        hash: &str,
        who: &str,
        comment: &str,
        at_ms: i64,
    ) -> Result<i64> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute(
            "INSERT INTO policy_version (hash, at_ms, who, comment, files) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![hash, at_ms, who, comment, serde_json::to_string(files)?],
        )?;
        let number = transaction.last_insert_rowid();
        activate(&transaction, number)?;
        transaction
            .execute("DELETE FROM policy_version WHERE number <= ?1 - ?2", params![number, POLICY_VERSIONS_MAX])?;
        transaction.commit()?;
        Ok(number)
    }

    /// Makes an earlier version the one in force.
    pub(crate) fn activate_policy(&self, number: i64) -> Result<()> {
        activate(&self.connection(), number)
    }
}

const VERSIONS: &str = "SELECT number, hash, at_ms, who, comment, number IN (SELECT number FROM policy_active)";

fn version(row: &rusqlite::Row<'_>) -> rusqlite::Result<PolicyVersion> {
    Ok(PolicyVersion {
        number: row.get(0)?,
        hash: row.get(1)?,
        at_ms: row.get(2)?,
        who: row.get(3)?,
        comment: row.get(4)?,
        active: row.get(5)?,
    })
}

fn activate(connection: &Connection, number: i64) -> Result<()> {
    connection.execute("INSERT OR REPLACE INTO policy_active (only_row, number) VALUES (1, ?1)", [number])?;
    Ok(())
}

fn migrate(connection: &Connection) -> Result<()> {
    let known = MIGRATIONS.len();
    let there: usize = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))?.try_into()?;
    ensure!(there <= known, "it was written by a later version of the program ({there}, this one knows {known})");
    for (number, migration) in (1..).zip(MIGRATIONS).skip(there) {
        connection.execute_batch(&format!("BEGIN; {migration} PRAGMA user_version = {number}; COMMIT;"))?;
    }
    Ok(())
}

/// A number as SQLite keeps it.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number that SQLite kept.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(rule: &str) -> PolicyFiles {
        BTreeMap::from([("rules.cedar".to_owned(), rule.to_owned())])
    }

    #[test]
    fn versions_are_kept_applied_and_rolled_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state");
        let state = State::open(&folder).unwrap();
        assert!(state.active_policy().unwrap().is_none());
        let first = state.add_policy(&files("one"), "h1", "local:root", "first", 1).unwrap();
        let second = state.add_policy(&files("two"), "h2", "idp:ann", "", 2).unwrap();
        drop(state);
        let state = State::open(&folder).unwrap();
        let (active, text) = state.active_policy().unwrap().unwrap();
        assert_eq!((active.number, active.hash.as_str(), text), (second, "h2", files("two")));
        state.activate_policy(first).unwrap();
        let all: Vec<_> = state.policies().unwrap().into_iter().map(|v| (v.number, v.active)).collect();
        assert_eq!(all, [(second, false), (first, true)]);
        assert!(state.activate_policy(99).is_err(), "there is no such version");
        assert_eq!(state.active_policy().unwrap().unwrap().0.number, first);
    }

    #[test]
    fn a_folder_that_others_may_enter_and_a_later_file_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(State::open(&open).unwrap_err().to_string().contains("chmod 700"));
        let later = dir.path().join("later");
        drop(State::open(&later).unwrap());
        Connection::open(later.join(FILE)).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(format!("{:#}", State::open(&later).unwrap_err()).contains("later version"));
        let mode = std::fs::metadata(later.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
