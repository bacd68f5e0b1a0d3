//! Blocks and revocations as they are kept.

use anyhow::{Context as _, Result};
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use tidegate_identity::{Revocation, RevocationKind};
use tidegate_policy::{Block, Target};

use super::{State, signed, unsigned};

/// A revocation, with who made it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RevocationRow {
    /// What is revoked.
    #[serde(flatten)]
    pub(crate) revocation: Revocation,
    /// When, Unix milliseconds.
    pub(crate) at_ms: i64,
    /// By whom.
    pub(crate) who: String,
}

impl State {
    /// All blocks that were not removed, oldest first.
    pub(crate) fn blocks(&self) -> Result<Vec<Block>> {
        let connection = self.connection();
        let mut query =
            connection.prepare("SELECT id, kind, value, reason, at_ms, until_s, who FROM block ORDER BY at_ms, id")?;
        let mut rows = query.query([])?;
        let mut blocks = Vec::new();
        while let Some(row) = rows.next()? {
            blocks.push(block(row)?);
        }
        Ok(blocks)
    }

    /// Adds blocks, all or none.
    pub(crate) fn add_blocks(&self, blocks: &[Block]) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        {
            let mut add = transaction.prepare(
                "INSERT INTO block (id, kind, value, reason, at_ms, until_s, who) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for Block { id, target, reason, at_ms, until_s, who } in blocks {
                let until_s = until_s.map(signed);
                add.execute(params![id, target.kind(), target.value(), reason, signed(*at_ms), until_s, who])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Removes the blocks that have ended at `now_s`, Unix seconds.
    pub(crate) fn remove_ended_blocks(&self, now_s: u64) -> Result<()> {
        self.connection().execute("DELETE FROM block WHERE until_s <= ?1", [signed(now_s)])?;
        Ok(())
    }

    /// Ends a block; whether there was one.
    pub(crate) fn remove_block(&self, id: &str) -> Result<bool> {
        Ok(self.connection().execute("DELETE FROM block WHERE id = ?1", [id])? > 0)
    }

    /// All revocations, oldest first.
    pub(crate) fn revocations(&self) -> Result<Vec<RevocationRow>> {
        let connection = self.connection();
        let mut query = connection.prepare(
            "SELECT kind, value, not_before, reason, at_ms, who FROM revocation ORDER BY at_ms, kind, value",
        )?;
        let mut rows = query.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: RevocationKind = serde_json::from_value(row.get::<_, String>(0)?.into())?;
            let not_before = unsigned(row.get(2)?);
            let revocation = Revocation { kind, value: row.get(1)?, not_before, reason: row.get(3)? };
            found.push(RevocationRow { revocation, at_ms: row.get(4)?, who: row.get(5)? });
        }
        Ok(found)
    }

    /// Adds a revocation; an earlier one of the same is replaced.
    pub(crate) fn add_revocation(&self, row: &RevocationRow) -> Result<()> {
        put_revocation(&self.connection(), row, "OR REPLACE")
    }

    /// Takes a revocation back; whether there was one.
    pub(crate) fn remove_revocation(&self, kind: RevocationKind, value: &str) -> Result<bool> {
        let removed = self
            .connection()
            .execute("DELETE FROM revocation WHERE kind = ?1 AND value = ?2", params![kind.name(), value])?;
        Ok(removed > 0)
    }
}

/// Keeps a revocation; `or` says what becomes of an earlier one of the same.
pub(super) fn put_revocation(connection: &Connection, row: &RevocationRow, or: &str) -> Result<()> {
    let Revocation { kind, value, not_before, reason } = &row.revocation;
    connection.execute(
        &format!(
            "INSERT {or} INTO revocation (kind, value, not_before, reason, at_ms, who) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        ),
        params![kind.name(), value, signed(*not_before), reason, row.at_ms, row.who],
    )?;
    Ok(())
}

fn block(row: &Row<'_>) -> Result<Block> {
    let id: String = row.get(0)?;
    let target = Target::parse(&row.get::<_, String>(1)?, &row.get::<_, String>(2)?)
        .with_context(|| format!("block {id} of the gate's state"))?;
    Ok(Block {
        id,
        target,
        reason: row.get(3)?,
        at_ms: unsigned(row.get(4)?),
        until_s: row.get::<_, Option<i64>>(5)?.map(unsigned),
        who: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_by_themselves_or_by_hand_and_are_added_all_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        let block = |id: &str, until_s| Block {
            id: id.to_owned(),
            target: Target::parse("topic", "orders-*").unwrap(),
            reason: "leak".to_owned(),
            at_ms: 1,
            until_s,
            who: "local:root".to_owned(),
        };
        state.add_blocks(&[block("a", None), block("b", Some(10))]).unwrap();
        assert!(state.add_blocks(&[block("c", None), block("a", None)]).is_err());
        state.remove_ended_blocks(9).unwrap();
        assert_eq!(state.blocks().unwrap(), [block("a", None), block("b", Some(10))]);
        state.remove_ended_blocks(10).unwrap();
        assert_eq!(state.blocks().unwrap(), [block("a", None)]);
        assert!(state.remove_block("a").unwrap());
        assert!(!state.remove_block("a").unwrap());
    }

    #[test]
    fn a_revocation_is_kept_once_with_the_time_that_was_said_last() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        let row = |not_before| RevocationRow {
            revocation: Revocation {
                kind: RevocationKind::Subject,
                value: "idp:ann".to_owned(),
                not_before,
                reason: "left".to_owned(),
            },
            at_ms: 5,
            who: "local:root".to_owned(),
        };
        state.add_revocation(&row(7)).unwrap();
        state.add_revocation(&row(9)).unwrap();
        let kept: Vec<Revocation> = state.revocations().unwrap().into_iter().map(|row| row.revocation).collect();
        assert_eq!(kept, [row(9).revocation]);
        assert!(!state.remove_revocation(RevocationKind::Group, "idp:ann").unwrap());
        assert!(state.remove_revocation(RevocationKind::Subject, "idp:ann").unwrap());
        assert!(state.revocations().unwrap().is_empty());
        let all = ["subject", "session", "token", "client", "group"];
        for kind in all {
            let kind: RevocationKind = serde_json::from_value(kind.into()).unwrap();
            let mut row = row(1);
            row.revocation.kind = kind;
            state.add_revocation(&row).unwrap();
        }
        let kept = state.revocations().unwrap();
        assert_eq!(kept.len(), all.len());
        for name in all {
            assert!(kept.iter().any(|row| row.revocation.kind.name() == name), "{name}");
        }
    }
}
