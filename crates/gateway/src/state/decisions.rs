//! The table behind `policy dry-run`: what was decided for whom, per day, with how often. Bounded in days and rows.

use std::collections::HashSet;

use anyhow::Result;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use tidegate_proxy::tally::Tallied;

use super::State;

/// Rows that are kept; beyond it goes the oldest day of whoever has most.
const ROWS_MAX: i64 = 200_000;
/// Rows that are there at any moment.
const ROWS_EVER_MAX: i64 = 2 * ROWS_MAX;
/// Rows of one caller on one day.
const ROWS_PER_DAY_MAX: i64 = 5_000;
/// In the column `partition`: the whole topic.
const WHOLE: i32 = -1;
/// In the column `partition`: partitions were not told apart.
const COARSE: i32 = -2;
/// How many rows a day has, and how many questions of it were not kept.
pub(super) const MIGRATION: &str = "
CREATE TABLE decision_day (day INTEGER PRIMARY KEY, rows INTEGER NOT NULL, more INTEGER NOT NULL) STRICT;
INSERT INTO decision_day (day, rows, more) SELECT day, count(*), 0 FROM decision GROUP BY day;
";
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
    /// The partition asked for; absent for the whole topic, and where partitions were not told apart.
    pub(crate) partition: Option<i32>,
    /// Whether partitions were not told apart.
    pub(crate) coarse: bool,
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

    /// Adds what a session counted. What there is no room for is only counted.
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
        let room = room(&transaction, day, &who)?;
        let (mut made, mut more) = (0_i64, i64::try_from(tallied.more).unwrap_or(i64::MAX));
        {
            let mut count_on = transaction.prepare_cached(
                "UPDATE decision SET count = count + ?9 WHERE day = ?1 AND who = ?2 AND groups = ?3 AND around = ?4
                 AND action = ?5 AND name = ?6 AND partition = ?7 AND allowed = ?8",
            )?;
            let mut add = transaction.prepare_cached(
                "INSERT INTO decision (day, who, groups, around, action, name, partition, allowed, count)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            for row in &tallied.rows {
                let count = i64::try_from(row.count).unwrap_or(i64::MAX);
                let partition = if row.coarse { COARSE } else { row.partition.unwrap_or(WHOLE) };
                let action = row.action.name();
                let values = params![day, who, groups, around, action, row.name, partition, row.allowed, count];
                if count_on.execute(values)? > 0 {
                    continue;
                }
                if made < room {
                    add.execute(values)?;
                    made = made.saturating_add(1);
                } else {
                    more = more.saturating_add(count);
                }
            }
        }
        change_day(&transaction, day, made, more)?;
        transaction.commit()?;
        Ok(())
    }

    /// Removes what is older than `days` at `now_ms`, and where there are too many rows, the oldest day of whoever has most: nobody
    /// makes the decisions of others be forgotten.
    pub(crate) fn trim_decisions(&self, days: u16, now_ms: u64) -> Result<()> {
        let today = i64::try_from(now_ms / DAY_MS).unwrap_or(i64::MAX);
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let last_gone = today.saturating_sub(i64::from(days));
        transaction.execute("DELETE FROM decision WHERE day <= ?1", [last_gone])?;
        transaction.execute("DELETE FROM decision_day WHERE day <= ?1", [last_gone])?;
        while rows(&transaction)? > ROWS_MAX && forget_most(&transaction)? {}
        transaction.commit()?;
        Ok(())
    }

    /// What was decided from `first_day` on, and how many questions of that time were not kept.
    pub(crate) fn decisions(&self, first_day: i64) -> Result<(Vec<DecisionRow>, u64)> {
        let connection = self.connection();
        let more = "SELECT coalesce(sum(more), 0) FROM decision_day WHERE day >= ?1";
        let more: i64 = connection.query_row(more, [first_day], |row| row.get(0))?;
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
                coarse: partition == COARSE,
                allowed: row.get(7)?,
                count: u64::try_from(row.get::<_, i64>(8)?).unwrap_or(0),
            });
        }
        Ok((found, u64::try_from(more).unwrap_or(0)))
    }
}

/// How many new rows this caller may have on this day.
fn room(transaction: &Transaction<'_>, day: i64, who: &str) -> Result<i64> {
    let own = "SELECT count(*) FROM decision WHERE day = ?1 AND who = ?2";
    let own: i64 = transaction.query_row(own, params![day, who], |row| row.get(0))?;
    let all = ROWS_EVER_MAX.saturating_sub(rows(transaction)?);
    Ok(ROWS_PER_DAY_MAX.saturating_sub(own).min(all))
}

/// How many rows there are, without counting them.
fn rows(transaction: &Transaction<'_>) -> Result<i64> {
    Ok(transaction.query_row("SELECT coalesce(sum(rows), 0) FROM decision_day", [], |row| row.get(0))?)
}

fn change_day(transaction: &Transaction<'_>, day: i64, rows: i64, more: i64) -> Result<()> {
    transaction.execute(
        "INSERT INTO decision_day (day, rows, more) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET rows = rows + excluded.rows, more = min(more + excluded.more, 1 << 62)",
        params![day, rows, more.min(1 << 62)],
    )?;
    Ok(())
}

/// Removes the oldest day of the caller with most rows, which are counted as not kept; whether there was one.
fn forget_most(transaction: &Transaction<'_>) -> Result<bool> {
    let most = "SELECT who, min(day) FROM decision GROUP BY who ORDER BY count(*) DESC LIMIT 1";
    let found = transaction.query_row(most, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((who, day)): Option<(String, i64)> = found else { return Ok(false) };
    let counted = "SELECT sum(min(count, 1 << 40)) FROM decision WHERE day = ?1 AND who = ?2";
    let more: i64 = transaction.query_row(counted, params![day, who], |row| row.get(0))?;
    let gone = transaction.execute("DELETE FROM decision WHERE day = ?1 AND who = ?2", params![day, who])?;
    change_day(transaction, day, -i64::try_from(gone)?, more)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tidegate_model::{Action, Caller, CallerKind, CredentialKind, ResourceKind};
    use tidegate_proxy::tally::{Around, Room, Row};

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
        let row = Row { action: Action::Consume, kind, name, partition, coarse: false, allowed: true, count };
        let at = day * DAY_MS + 5;
        let room = Room::default();
        Tallied { caller: Arc::new(caller), around, first_ms: at, last_ms: at, rows: vec![row], more: 0, room }
    }

    #[test]
    fn equal_decisions_of_a_day_are_one_row_and_old_days_go() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        for (day, partition, count) in [(10, None, 2), (10, None, 3), (10, Some(0), 1), (12, None, 7)] {
            state.count_decisions(&tallied(day, partition, count)).unwrap();
        }
        let counts = |first| {
            let (rows, _) = state.decisions(first).unwrap();
            rows.iter().map(|row| (row.day, row.partition, row.count)).collect::<Vec<_>>()
        };
        assert_eq!(counts(0), [(10, None, 5), (10, Some(0), 1), (12, None, 7)]);
        assert_eq!(state.decisions(0).unwrap().0[0].groups.as_deref(), Some(&["idp:sales".to_owned()][..]));
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

    /// The decisions of one caller on one day, of as many topics.
    fn of(subject: &str, day: u64, topics: i64) -> Tallied {
        let mut tallied = tallied(day, None, 1);
        Arc::get_mut(&mut tallied.caller).unwrap().subject = subject.to_owned();
        let row = tallied.rows.remove(0);
        tallied.rows = (0..topics).map(|number| Row { name: format!("t{number}"), ..row.clone() }).collect();
        tallied
    }

    #[test]
    fn a_caller_has_so_many_rows_a_day_and_the_rest_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        for (subject, topics) in [("ann", ROWS_PER_DAY_MAX + 3), ("bob", 2), ("ann", 1)] {
            state.count_decisions(&of(subject, 10, topics)).unwrap();
        }
        let (rows, more) = state.decisions(10).unwrap();
        assert_eq!((i64::try_from(rows.len()).unwrap(), more), (ROWS_PER_DAY_MAX + 2, 3));
        let bob: Vec<_> = rows.iter().filter(|row| row.who.subject == "bob").collect();
        assert_eq!(bob.len(), 2);
        let again = rows.iter().find(|row| row.who.subject == "ann" && row.name == "t0").unwrap();
        assert_eq!(again.count, 2, "a row that is there is counted on");
        assert_eq!(state.decisions(11).unwrap().1, 0);
    }

    #[test]
    fn whoever_has_most_loses_their_oldest_day_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        state.count_decisions(&of("bob", 1, 1)).unwrap();
        let days = u64::try_from(ROWS_MAX / ROWS_PER_DAY_MAX).unwrap();
        for day in 2..days + 2 {
            state.count_decisions(&of("ann", day, ROWS_PER_DAY_MAX)).unwrap();
        }
        state.trim_decisions(u16::MAX, 60 * DAY_MS).unwrap();
        let (rows, more) = state.decisions(0).unwrap();
        assert_eq!(rows.iter().filter(|row| row.who.subject == "bob").count(), 1);
        assert_eq!(rows.iter().map(|row| row.day).find(|day| *day > 1), Some(3), "day 2 of ann is gone");
        assert_eq!(i64::try_from(more).unwrap(), ROWS_PER_DAY_MAX);
    }

    #[test]
    fn partitions_that_were_not_told_apart_are_kept_so() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        let mut coarse = tallied(10, None, 1);
        coarse.rows[0].coarse = true;
        for tallied in [coarse, tallied(10, Some(3), 1), tallied(10, None, 1)] {
            state.count_decisions(&tallied).unwrap();
        }
        let (rows, _) = state.decisions(0).unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row.partition, row.coarse)).collect();
        assert_eq!(told, [(None, true), (None, false), (Some(3), false)]);
    }
}
