//! Service accounts: what is kept of each, how each was last used, and the key that made their salts. No password is here.

use anyhow::{Context as _, Result};
use rusqlite::{OptionalExtension as _, params};
use tidegate_identity::{AccountUse, Accounts, SaltKey, ServiceAccount};

use super::State;

/// The file's third version.
pub(super) const MIGRATION: &str = "
CREATE TABLE service_account (name TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT;
CREATE TABLE service_account_use (name TEXT PRIMARY KEY, last TEXT NOT NULL) STRICT;
CREATE TABLE salt_key (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), key BLOB NOT NULL) STRICT;
";

impl State {
    /// The accounts with what was seen of them, to start with. The key of their salts is made the first time.
    pub(crate) fn accounts(&self) -> Result<Accounts> {
        let accounts = Accounts::new(self.salt_key()?, self.service_accounts()?);
        accounts.remember(self.account_uses()?);
        Ok(accounts)
    }

    fn salt_key(&self) -> Result<SaltKey> {
        let connection = self.connection();
        let read = |row: &rusqlite::Row<'_>| row.get::<_, [u8; 32]>(0);
        let kept = connection.query_row("SELECT key FROM salt_key", [], read).optional()?;
        if let Some(kept) = kept {
            return Ok(SaltKey::from_bytes(kept));
        }
        let new = SaltKey::generate()?;
        connection.execute("INSERT INTO salt_key (only_row, key) VALUES (1, ?1)", [new.bytes()])?;
        Ok(new)
    }

    /// All accounts by name.
    pub(crate) fn service_accounts(&self) -> Result<Vec<ServiceAccount>> {
        let connection = self.connection();
        let mut query = connection.prepare("SELECT account FROM service_account ORDER BY name")?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|row| serde_json::from_str(&row?).context("a service account cannot be read")).collect()
    }

    /// One account.
    pub(crate) fn service_account(&self, name: &str) -> Result<Option<ServiceAccount>> {
        let query = "SELECT account FROM service_account WHERE name = ?1";
        let row = self.connection().query_row(query, [name], |row| row.get::<_, String>(0)).optional()?;
        row.map(|row| serde_json::from_str(&row).context("the service account cannot be read")).transpose()
    }

    /// Keeps an account, new or changed.
    pub(crate) fn put_service_account(&self, account: &ServiceAccount) -> Result<()> {
        self.connection().execute(
            "INSERT OR REPLACE INTO service_account (name, account) VALUES (?1, ?2)",
            params![account.name, serde_json::to_string(account)?],
        )?;
        Ok(())
    }

    /// Forgets an account and how it was used.
    pub(crate) fn remove_service_account(&self, name: &str) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM service_account WHERE name = ?1", [name])?;
        transaction.execute("DELETE FROM service_account_use WHERE name = ?1", [name])?;
        transaction.commit()?;
        Ok(())
    }

    /// Keeps how accounts were last used; those of accounts that are gone are left out.
    pub(crate) fn put_account_uses(&self, uses: &[AccountUse]) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for last in uses {
            transaction.execute(
                "INSERT OR REPLACE INTO service_account_use (name, last)
                 SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM service_account WHERE name = ?1)",
                params![last.name, serde_json::to_string(last)?],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn account_uses(&self) -> Result<Vec<AccountUse>> {
        let connection = self.connection();
        let mut query = connection.prepare("SELECT last FROM service_account_use")?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|row| serde_json::from_str(&row?).context("the use of a service account cannot be read")).collect()
    }
}

#[cfg(test)]
mod tests {
    use tidegate_identity::NewAccount;

    use super::*;

    fn account(state: &State, name: &str) -> ServiceAccount {
        let new = NewAccount { name: name.into(), owner: "ops".into(), groups: Vec::new(), expires_at: 2_000 };
        ServiceAccount::create(new, &state.salt_key().unwrap(), 1_000).unwrap().0
    }

    #[test]
    fn accounts_their_uses_and_their_salts_outlive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state");
        let state = State::open(&folder).unwrap();
        let (ann, bob) = (account(&state, "ann"), account(&state, "bob"));
        for one in [&bob, &ann] {
            state.put_service_account(one).unwrap();
        }
        let last = |name: &str| AccountUse {
            name: name.into(),
            last_used_ms: 5,
            logins: 2,
            credential: "scram".into(),
            password: format!("{name}/1"),
            client_id: "job".into(),
            address: "192.0.2.1".parse().unwrap(),
        };
        state.put_account_uses(&[last("ann"), last("bob"), last("gone")]).unwrap();
        let salts = *state.salt_key().unwrap().bytes();
        drop(state);
        let state = State::open(&folder).unwrap();
        assert_eq!(state.service_accounts().unwrap(), [ann.clone(), bob]);
        assert_eq!(state.accounts().unwrap().last_uses(), [last("ann"), last("bob")]);
        assert_eq!(*state.salt_key().unwrap().bytes(), salts);
        state.remove_service_account("bob").unwrap();
        assert_eq!(state.service_account("bob").unwrap(), None);
        assert_eq!(state.service_account("ann").unwrap(), Some(ann));
        assert_eq!(state.accounts().unwrap().last_uses(), [last("ann")]);
    }
}
