//! The table behind `policy dry-run`: what was decided for whom, per day, with how often. Bounded in days and rows.

use std::collections::HashSet;

use anyhow::Result;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use tidegate_proxy::tally::Tallied;

use super::State;

/// Rows that are kept; beyond it the oldest day goes.
const ROWS_MAX: i64 = 200_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// One row: the same question by the same caller in the same circumstances on one day, with the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisionRow {
    /// Days since 1970-01-01, UTC.
    pub(crate) day: i64,
    /// The caller.
    pub(crate) who: Who,
    /// The caller's groups; absent when they were unknown.
    pub(crate) groups: Option<Vec<String>>,
    /// The circumstances.
    pub(crate) around: Circumstances,
    /// The action's name.
    pub(crate) action: String,
    /// The resource's name; its kind follows from the action.
    pub(crate) name: String,
    /// The first partition asked for; absent for the whole topic.
    pub(crate) partition: Option<i32>,
    /// The answer.
    pub(crate) allowed: bool,
    /// How often.
    pub(crate) count: u64,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Who {
    /// Whether it is a machine.
    pub(crate) workload: bool,
    /// The issuer's configured name.
    pub(crate) issuer: String,
    /// The subject.
    pub(crate) subject: String,
    /// The token's client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
}

/// What else policy may look at and stays the same within a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    /// The cluster.
    pub(crate) cluster: String,
    /// The client's address.
    pub(crate) address: std::net::IpAddr,
    /// The name that the client gives itself.
    pub(crate) client_id: String,
    /// Whether it speaks TLS.
    pub(crate) tls: bool,
}

/// Who came, as far as decisions were counted.
#[derive(Debug, Default)]
pub(crate) struct GroupsSeen {
    /// Groups that somebody was in.
    pub(crate) groups: HashSet<String>,
    /// Issuers whose callers came, but for those that left out somebody's groups.
    pub(crate) issuers: HashSet<String>,
}

impl State {
    /// The groups of those whose decisions were counted from `first_day` on.
    pub(crate) fn groups_seen(&self, first_day: i64) -> Result<GroupsSeen> {
        let connection = self.connection();
        let mut query = connection.prepare("SELECT DISTINCT who, groups FROM decision WHERE day >= ?1")?;
        let mut rows = query.query([first_day])?;
        let (mut seen, mut silent) = (GroupsSeen::default(), HashSet::new());
        while let Some(row) = rows.next()? {
            let who: Who = serde_json::from_str(&row.get::<_, String>(0)?)?;
            match serde_json::from_str::<Option<Vec<String>>>(&row.get::<_, String>(1)?)? {
                Some(groups) => {
                    seen.groups.extend(groups);
                    seen.issuers.insert(who.issuer);
                }
                None => _ = silent.insert(who.issuer),
            }
        }
        seen.issuers.retain(|issuer| !silent.contains(issuer));
        Ok(seen)
    }

    /// Adds what a session counted.
    pub(crate) fn count_decisions(&self, tallied: &Tallied) -> Result<()> {
        let caller = &tallied.caller;
        let who = Who {
            workload: caller.kind == tidegate_model::CallerKind::Workload,
            issuer: caller.issuer.clone(),
            subject: caller.subject.clone(),
            client: caller.client.clone(),
        };
        let around = Circumstances {
            cluster: tallied.around.cluster.clone(),
            address: tallied.around.address,
            client_id: tallied.around.client_id.clone(),
            tls: tallied.around.tls,
        };
        let (who, around) = (serde_json::to_string(&who)?, serde_json::to_string(&around)?);
        let groups = serde_json::to_string(&caller.groups_known.then_some(&caller.groups))?;
        let day = i64::try_from(tallied.last_ms / DAY_MS).unwrap_or(i64::MAX);
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        {
            let mut add = transaction.prepare_cached(
                "INSERT INTO decision (day, who, groups, around, action, name, partition, allowed, count)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?;
            for row in &tallied.rows {
                let count = i64::try_from(row.count).unwrap_or(i64::MAX);
                let partition = row.partition.unwrap_or(-1);
                let action = row.action.name();
                add.execute(params![day, who, groups, around, action, row.name, partition, row.allowed, count])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Removes what is older than `days` at `now_ms`, and the oldest days where there are too many rows.
    pub(crate) fn trim_decisions(&self, days: u16, now_ms: u64) -> Result<()> {
        let today = i64::try_from(now_ms / DAY_MS).unwrap_or(i64::MAX);
        let connection = self.connection();
        connection.execute("DELETE FROM decision WHERE day <= ?1", [today.saturating_sub(i64::from(days))])?;
        loop {
            let rows: i64 = connection.query_row("SELECT count(*) FROM decision", [], |row| row.get(0))?;
            if rows <= ROWS_MAX {
                return Ok(());
            }
            connection.execute("DELETE FROM decision WHERE day = (SELECT min(day) FROM decision)", [])?;
        }
    }

    /// What was decided from `first_day` on.
    pub(crate) fn decisions(&self, first_day: i64) -> Result<Vec<DecisionRow>> {
        let connection = self.connection();
        let mut query = connection.prepare(
            "SELECT day, who, groups, around, action, name, partition, allowed, count FROM decision WHERE day >= ?1",
        )?;
        let mut rows = query.query([first_day])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let partition: i32 = row.get(6)?;
            found.push(DecisionRow {
                day: row.get(0)?,
                who: serde_json::from_str(&row.get::<_, String>(1)?)?,
                groups: serde_json::from_str(&row.get::<_, String>(2)?)?,
                around: serde_json::from_str(&row.get::<_, String>(3)?)?,
                action: row.get(4)?,
                name: row.get(5)?,
                partition: (partition >= 0).then_some(partition),
                allowed: row.get(7)?,
                count: u64::try_from(row.get::<_, i64>(8)?).unwrap_or(0),
            });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tidegate_model::{Action, Caller, CallerKind, CredentialKind, ResourceKind};
    use tidegate_proxy::tally::{Around, Row};

    use super::*;

    fn tallied(day: u64, partition: Option<i32>, count: u64) -> Tallied {
        let caller = Caller {
            kind: CallerKind::User,
            issuer: "idp".to_owned(),
            subject: "ann".to_owned(),
            groups: vec!["idp:sales".to_owned()],
            groups_known: true,
            client: None,
            token_id: None,
            token_hash: None,
            session: None,
            via_gate: false,
            credential: CredentialKind::OauthBearer,
            issued_at: None,
            expires_at: 0,
            mfa_at: None,
        };
        let around =
            Around { cluster: "main".to_owned(), address: [127, 0, 0, 1].into(), client_id: "c".to_owned(), tls: true };
        let (kind, name) = (ResourceKind::Topic, "orders".to_owned());
        let row = Row { action: Action::Consume, kind, name, partition, allowed: true, count };
        let at = day * DAY_MS + 5;
        Tallied { caller: Arc::new(caller), around, first_ms: at, last_ms: at, rows: vec![row], more: 0 }
    }

    #[test]
    fn equal_decisions_of_a_day_are_one_row_and_old_days_go() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        for (day, partition, count) in [(10, None, 2), (10, None, 3), (10, Some(0), 1), (12, None, 7)] {
            state.count_decisions(&tallied(day, partition, count)).unwrap();
        }
        let counts = |first| {
            let rows = state.decisions(first).unwrap();
            rows.iter().map(|row| (row.day, row.partition, row.count)).collect::<Vec<_>>()
        };
        assert_eq!(counts(0), [(10, None, 5), (10, Some(0), 1), (12, None, 7)]);
        assert_eq!(state.decisions(0).unwrap()[0].groups.as_deref(), Some(&["idp:sales".to_owned()][..]));
        assert_eq!(counts(11), [(12, None, 7)]);
        let seen = state.groups_seen(0).unwrap();
        assert!(seen.groups.contains("idp:sales") && seen.issuers.contains("idp"));
        assert!(state.groups_seen(13).unwrap().issuers.is_empty());
        let mut without = tallied(12, None, 1);
        Arc::make_mut(&mut without.caller).groups_known = false;
        state.count_decisions(&without).unwrap();
        assert!(state.groups_seen(0).unwrap().issuers.is_empty(), "what it left out may be the group");
        state.trim_decisions(2, 12 * DAY_MS).unwrap();
        assert_eq!(counts(0), [(12, None, 7), (12, None, 1)], "today and yesterday are two days");
    }
}
