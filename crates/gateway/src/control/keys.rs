//! Other keys for the gate's own tokens, by command.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_evidence::entry::Kind;
use tidegate_model::Action;

use super::{Change, Control, Operator, Refused, digest_of};
use crate::tokens::Rotation;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// A key was stolen: tokens that were made are dead too.
    #[serde(default)]
    end_all: bool,
}

/// Rotates the keys.
pub(super) async fn rotate(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Json(asked): Json<Rotate>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Administer, "gate-keys rotate").await?;
    let Some(tokens) = &control.tokens else {
        return Err(Refused::Missing("this gate makes no tokens: it has no [web]".into()));
    };
    let _one_at_a_time = control.changing.lock().await;
    let how = if asked.end_all { Rotation::EndAll } else { Rotation::Next };
    let facts = vec![
        ("keys".to_owned(), "gate_tokens".to_owned()),
        ("end_all".to_owned(), if asked.end_all { "yes" } else { "no" }.to_owned()),
    ];
    let change = Change { digest: digest_of(&asked)?, facts: facts.clone(), disclosures: Vec::new() };
    let begun = permit.begin(change).await?;
    let now_s = control.shared.now_ms() / 1000;
    begun.change(Kind::KeyRotate, facts, || tokens.rotate(how, now_s)).await?;
    Ok(Json(json!({ "rotated": true, "ended_all": asked.end_all })))
}
