//! Logins of people at the gate, and the keys that sign the gate's own tokens. What is secret is kept as a digest, or wrapped.

use anyhow::{Context as _, Result};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use tidegate_model::{Caller, CallerKind, CredentialKind};

use super::blocks::{RevocationRow, put_revocation};
use super::{State, signed, unsigned};

/// The file's fourth version.
pub(super) const MIGRATION: &str = "
CREATE TABLE login (
    id TEXT PRIMARY KEY,
    who TEXT NOT NULL,
    person TEXT NOT NULL,
    device_key BLOB NOT NULL,
    client_secret BLOB,
    machine TEXT NOT NULL,
    began_s INTEGER NOT NULL,
    ends_s INTEGER NOT NULL
) STRICT;
CREATE INDEX login_of ON login (who, began_s);
CREATE TABLE gate_key (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), wrapped BLOB NOT NULL, rotated_s INTEGER NOT NULL) STRICT;
";

/// Logins of one person at once; one more ends the oldest.
const OF_ONE_PERSON_MAX: u32 = 20;

/// A login that lasts.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// Its id, the `sid` of its tokens.
    pub(crate) id: String,
    /// Who logged in, as the identity provider said then.
    pub(crate) person: Person,
    /// The public key (Ed25519) of the device that the person logged in at; it asks for tokens.
    pub(crate) device_key: [u8; 32],
    /// SHA-256 of the secret that Kafka clients get tokens with, if there is one.
    pub(crate) client_secret: Option<[u8; 32]>,
    /// What the device calls itself; nothing is decided by it.
    pub(crate) machine: String,
    /// Unix seconds.
    pub(crate) began_s: u64,
    /// Unix seconds.
    pub(crate) ends_s: u64,
}

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The identity provider's configured name.
    pub(crate) issuer: String,
    /// Its name for the person.
    pub(crate) subject: String,
    /// Groups, each with the issuer's name before it; absent when they are unknown.
    pub(crate) groups: Option<Vec<String>>,
    /// The client that the person logged in with at the identity provider.
    pub(crate) client: Option<String>,
    /// When the identity provider said so, Unix seconds.
    pub(crate) issued_at: Option<u64>,
    /// When the person last showed more than one factor, Unix seconds.
    pub(crate) mfa_at: Option<u64>,
}

impl Login {
    /// The caller that tokens are made for.
    pub(crate) fn caller(&self) -> Caller {
        let Person { issuer, subject, groups, client, issued_at, mfa_at } = self.person.clone();
        Caller {
            kind: CallerKind::User,
            issuer,
            subject,
            groups_known: groups.is_some(),
            groups: groups.unwrap_or_default(),
            client,
            token_id: None,
            token_hash: None,
            session: Some(self.id.clone()),
            credential: CredentialKind::HttpBearer,
            via_gate: true,
            issued_at,
            expires_at: self.ends_s,
            mfa_at,
        }
    }
}

impl State {
    /// Keeps a new login; those that have ended are forgotten.
    pub(crate) fn add_login(&self, login: &Login) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM login WHERE ends_s <= ?1", [signed(login.began_s)])?;
        let who = format!("{}:{}", login.person.issuer, login.person.subject);
        transaction.execute(
            "DELETE FROM login WHERE who = ?1 AND id NOT IN
             (SELECT id FROM login WHERE who = ?1 ORDER BY began_s DESC, id LIMIT ?2 - 1)",
            params![who, OF_ONE_PERSON_MAX],
        )?;
        transaction.execute(
            "INSERT INTO login (id, who, person, device_key, client_secret, machine, began_s, ends_s)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                login.id,
                who,
                serde_json::to_string(&login.person)?,
                login.device_key,
                login.client_secret,
                login.machine,
                signed(login.began_s),
                signed(login.ends_s)
            ],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// A login that has not ended.
    pub(crate) fn login(&self, id: &str, now_s: u64) -> Result<Option<Login>> {
        let query = format!("{LOGINS} WHERE id = ?1 AND ends_s > ?2");
        let row = self.connection().query_row(&query, params![id, signed(now_s)], login).optional()?;
        row.transpose()
    }

    /// All logins that have not ended, oldest first.
    pub(crate) fn logins(&self, now_s: u64) -> Result<Vec<Login>> {
        let connection = self.connection();
        let mut query = connection.prepare(&format!("{LOGINS} WHERE ends_s > ?1 ORDER BY began_s, id"))?;
        query.query_map([signed(now_s)], login)?.map(|row| row?).collect()
    }

    /// Ends a login, and keeps the revocation that ends what lives of it; all or nothing.
    pub(crate) fn end_login(&self, id: &str, ended: &RevocationRow, forget_before_s: u64) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute(
            "DELETE FROM revocation WHERE who = ?1 AND not_before < ?2",
            params![ended.who, signed(forget_before_s)],
        )?;
        put_revocation(&transaction, ended, "OR IGNORE")?;
        transaction.execute("DELETE FROM login WHERE id = ?1", [id])?;
        transaction.commit()?;
        Ok(())
    }

    /// Keeps the digest of another secret for a login's Kafka clients.
    pub(crate) fn put_client_secret(&self, id: &str, digest: [u8; 32]) -> Result<bool> {
        Ok(self.connection().execute("UPDATE login SET client_secret = ?2 WHERE id = ?1", params![id, digest])? > 0)
    }

    /// The keys of the gate's tokens, wrapped, and when they were rotated last, Unix seconds.
    pub(crate) fn gate_keys(&self) -> Result<Option<(Vec<u8>, u64)>> {
        let read = |row: &Row<'_>| Ok((row.get(0)?, unsigned(row.get(1)?)));
        Ok(self.connection().query_row("SELECT wrapped, rotated_s FROM gate_key", [], read).optional()?)
    }

    /// Keeps the keys of the gate's tokens, wrapped.
    pub(crate) fn put_gate_keys(&self, wrapped: &[u8], rotated_s: u64) -> Result<()> {
        self.connection().execute(
            "INSERT OR REPLACE INTO gate_key (only_row, wrapped, rotated_s) VALUES (1, ?1, ?2)",
            params![wrapped, signed(rotated_s)],
        )?;
        Ok(())
    }
}

const LOGINS: &str = "SELECT id, person, device_key, client_secret, machine, began_s, ends_s FROM login";

fn login(row: &Row<'_>) -> rusqlite::Result<Result<Login>> {
    let person: String = row.get(1)?;
    let (id, device_key, client_secret, machine) = (row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let (began_s, ends_s) = (unsigned(row.get(5)?), unsigned(row.get(6)?));
    let person = serde_json::from_str(&person).context("a login cannot be read");
    Ok(person.map(|person| Login { id, person, device_key, client_secret, machine, began_s, ends_s }))
}

#[cfg(test)]
mod tests {
    use tidegate_identity::{Revocation, RevocationKind};

    use super::*;

    fn a_login(id: &str, began_s: u64, ends_s: u64) -> Login {
        let person = Person {
            issuer: "corp".into(),
            subject: "ann".into(),
            groups: Some(vec!["corp:team".into()]),
            client: None,
            issued_at: Some(began_s),
            mfa_at: None,
        };
        Login {
            id: id.into(),
            person,
            device_key: [7; 32],
            client_secret: None,
            machine: "lab".into(),
            began_s,
            ends_s,
        }
    }

    #[test]
    fn logins_and_keys_outlive_a_restart_and_logins_end() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state");
        let state = State::open(&folder).unwrap();
        state.add_login(&a_login("one", 100, 200)).unwrap();
        assert!(state.put_client_secret("one", [9; 32]).unwrap() && !state.put_client_secret("two", [9; 32]).unwrap());
        state.put_gate_keys(b"wrapped", 150).unwrap();
        drop(state);
        let state = State::open(&folder).unwrap();
        let kept = state.login("one", 199).unwrap().unwrap();
        assert_eq!((kept.device_key, kept.client_secret, kept.ends_s), ([7; 32], Some([9; 32]), 200));
        let caller = kept.caller();
        assert_eq!(
            (caller.groups, caller.session.as_deref(), caller.via_gate),
            (vec!["corp:team".into()], Some("one"), true)
        );
        assert!(state.login("one", 200).unwrap().is_none(), "it has ended");
        assert_eq!(state.gate_keys().unwrap(), Some((b"wrapped".to_vec(), 150)));
        state.add_login(&a_login("two", 300, 400)).unwrap();
        assert_eq!(state.logins(0).unwrap().len(), 1, "what has ended is forgotten");
        let revocation = Revocation::now(RevocationKind::Session, "two".into(), 350, "logged out".into());
        state.end_login("two", &RevocationRow { revocation, at_ms: 350_000, who: "logout".into() }, 0).unwrap();
        assert!(state.login("two", 350).unwrap().is_none() && state.revocations().unwrap().len() == 1);
        for number in 0..30 {
            state.add_login(&a_login(&format!("many-{number}"), 500 + number, 9_000)).unwrap();
        }
        let left = state.logins(600).unwrap();
        assert_eq!((left.len(), left[0].id.as_str()), (20, "many-10"), "the oldest end");
    }
}
