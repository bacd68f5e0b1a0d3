//! Dry runs: what was decided, decided again by a policy that is not in force.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_model::{Action, CallerKind};
use tidegate_policy::{Around, Asked, Change, Changes, Policy, PolicyFiles, Recorded, Who, replay};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::policy::Remarks;
use super::{Control, Operator, Refused};
use crate::state::DecisionRow;

const DAY_S: u64 = 24 * 60 * 60;

/// How long one may take.
const TIME_MAX: Duration = Duration::from_secs(120);
const ANOTHER: &str = "another dry run is under way: wait for its end";

/// Dry runs are made one at a time: each keeps a processor busy.
#[derive(Debug)]
pub(super) struct Turn(Arc<Semaphore>);

impl Default for Turn {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Turn {
    fn take(&self) -> Result<Taken, Refused> {
        let turn = Arc::clone(&self.0).try_acquire_owned();
        turn.map(Taken).map_err(|_taken| Refused::TooMany(ANOTHER.into()))
    }
}

/// A turn that somebody has.
struct Taken(OwnedSemaphorePermit);

impl Taken {
    /// Does the work on a thread that serves nobody. The turn is over when the work is, though whoever asked may have gone.
    async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let Taken(turn) = self;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| Refused::Failed(error.into()))?
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRun {
    files: PolicyFiles,
    /// Decisions of whole days, from the day in which this span begins.
    since_s: u64,
}

/// Decides again what was decided, under the files sent; nothing changes.
pub(super) async fn run(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Json(DryRun { files, since_s }): Json<DryRun>,
) -> Result<Json<Value>, Refused> {
    // Its answer says who did what: that is what auditing is.
    let permit = control.permit(&operator, Action::Audit, "policy dry-run").await?;
    let turn = control.dry_runs.take()?;
    permit.look().await?;
    let first_day = (control.shared.now_ms() / 1000).saturating_sub(since_s) / DAY_S;
    let day = i64::try_from(first_day).unwrap_or(i64::MAX);
    let work = move || {
        let deadline = Instant::now() + TIME_MAX;
        let new = Policy::from_files(&files).map_err(|error| Refused::Wrong(error.to_string()))?;
        let remarks = control.remarks(&new, day)?;
        let (rows, not_kept) = control.state.decisions(day).map_err(Refused::Failed)?;
        // So many questions would push out of what is kept whatever live sessions ask.
        let old = control.shared.policy().apart().map_err(|error| Refused::Failed(error.into()))?;
        let mut changes = replay_until(&old, &new, rows, deadline)?;
        changes.exact &= not_kept == 0;
        Ok(shown(&changes, first_day, not_kept, remarks))
    };
    turn.work(work).await.map(Json)
}

/// Decides again, unless it takes too long.
fn replay_until(old: &Policy, new: &Policy, rows: Vec<DecisionRow>, deadline: Instant) -> Result<Changes, Refused> {
    let mut late = false;
    let rows = rows.into_iter().filter_map(recorded).take_while(|_| {
        late = Instant::now() >= deadline;
        !late
    });
    let changes = replay(old, new, rows);
    if late {
        return Err(Refused::TooMany("this dry run takes too long: ask for fewer days with --since".into()));
    }
    Ok(changes)
}

/// `None` for an action that this program no longer knows.
fn recorded(row: DecisionRow) -> Option<Recorded> {
    let action = *Action::ALL.iter().find(|action| action.name() == row.action)?;
    let who = Who {
        kind: if row.who.workload { CallerKind::Workload } else { CallerKind::User },
        issuer: row.who.issuer,
        subject: row.who.subject,
        groups: row.groups,
        client: row.who.client,
    };
    let around = Around {
        cluster: row.around.cluster,
        address: row.around.address,
        client_id: row.around.client_id,
        tls: row.around.tls,
        ..Around::usual()
    };
    let asked = Asked { who, around, action, name: row.name, partition: row.partition };
    Some(Recorded { asked, allowed: row.allowed, count: row.count, coarse: row.coarse })
}

fn shown(changes: &Changes, first_day: u64, not_kept: u64, remarks: Remarks) -> Value {
    let Remarks { warnings, hints } = remarks;
    let Changes { rows, questions, lose, gain, changes, exact } = changes;
    json!({
        "since_ms": first_day.saturating_mul(DAY_S).saturating_mul(1000), "rows": rows, "questions": questions,
        "not_kept": not_kept,
        "lose": lose, "gain": gain, "exact": exact, "changes": changes.iter().map(one).collect::<Vec<_>>(),
        "warnings": warnings, "hints": hints,
    })
}

fn one(change: &Change) -> Value {
    let asked = &change.asked;
    json!({
        "change": if change.loses { "loses" } else { "gains" }, "always": change.always, "who": asked.who.id(),
        "groups": asked.who.groups, "action": asked.action.name(), "name": asked.name, "partition": asked.partition, "alias_of": change.alias_of,
        "address": asked.around.address, "count": change.count, "before": change.before, "after": change.after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state;

    #[tokio::test]
    async fn a_dry_run_is_made_while_no_other_is_though_its_operator_has_gone() {
        let turn = Turn::default();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let first = turn.take().unwrap().work(move || Ok(held.recv()));
        assert!(tokio::time::timeout(Duration::from_millis(1), first).await.is_err());
        assert!(matches!(turn.take(), Err(Refused::TooMany(text)) if text == ANOTHER));
        release.send(()).unwrap();
        while turn.take().is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_dry_run_ends_in_time() {
        let rule = ("a.cedar".to_owned(), "@id(\"a\") permit (principal, action, resource);".to_owned());
        let policy = Policy::from_files(&[rule].into()).unwrap();
        let who = state::Who { workload: false, issuer: "i".into(), subject: "ann".into(), client: None };
        let around = state::Circumstances {
            cluster: "main".into(),
            address: [127, 0, 0, 1].into(),
            client_id: String::new(),
            tls: true,
        };
        let (action, name) = ("consume".to_owned(), "t".to_owned());
        let (partition, coarse, allowed, count) = (None, false, true, 1);
        let row = DecisionRow { day: 1, who, groups: None, around, action, name, partition, coarse, allowed, count };
        let run = |deadline| replay_until(&policy, &policy.apart().unwrap(), vec![row.clone()], deadline);
        assert!(matches!(run(Instant::now()), Err(Refused::TooMany(_))));
        assert_eq!(run(Instant::now() + TIME_MAX).unwrap().rows, 1);
    }
}
