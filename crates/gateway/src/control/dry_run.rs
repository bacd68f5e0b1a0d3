//! Dry runs: what was decided, decided again by a policy that is not in force.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_model::{Action, CallerKind};
use tidegate_policy::{Around, Asked, Change, Changes, Policy, PolicyFiles, Recorded, Who, replay};

use super::policy::with;
use super::{Control, Operator, Refused, blocking};
use crate::state::DecisionRow;

const DAY_S: u64 = 24 * 60 * 60;

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
    let new = blocking(|| Policy::from_files(&files)).map_err(|error| Refused::Wrong(error.to_string()))?;
    permit.look().await?;
    let first_day = (control.shared.now_ms() / 1000).saturating_sub(since_s) / DAY_S;
    let day = i64::try_from(first_day).unwrap_or(i64::MAX);
    let remarks = control.remarks(&new, day)?;
    let rows = blocking(|| control.state.decisions(day));
    let rows = rows.map_err(Refused::Failed)?;
    let old = control.shared.policy();
    // The table is bounded, yet a million questions to Cedar take a minute: not on a thread that serves clients.
    let changes = tokio::task::spawn_blocking(move || replay(&old, &new, rows.into_iter().filter_map(recorded)));
    let changes = changes.await.map_err(|error| Refused::Failed(error.into()))?;
    Ok(Json(with(shown(&changes, first_day), remarks)))
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
    Some(Recorded { asked, allowed: row.allowed, count: row.count })
}

fn shown(changes: &Changes, first_day: u64) -> Value {
    let Changes { rows, questions, lose, gain, changes, exact } = changes;
    json!({
        "since_ms": first_day.saturating_mul(DAY_S).saturating_mul(1000), "rows": rows, "questions": questions,
        "lose": lose, "gain": gain, "exact": exact, "changes": changes.iter().map(one).collect::<Vec<_>>(),
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
