//! Emergency lists: blocks, which refuse at once, and revocations, which end what was issued so far.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_evidence::entry::{Effect, Entry, Kind, Label};
use tidegate_identity::{REVOCATIONS_MAX, Revocation, RevocationKind, Revocations};
use tidegate_model::Action;
use tidegate_policy::{Block, Blocks, Target};
use tidegate_proxy::gate::Shared;
use tracing::{info, warn};

use super::logins::LOGOUTS_MAX;
use super::{Change, Control, Operator, Refused, blocking, digest_of, hex, name_of, settle};
use crate::secrets::random;
use crate::state::{RevocationRow, State as Kept, signed};

/// Blocks that one command adds, and that hold at once.
const BLOCKS_MAX: usize = 200_000;
/// Until an end that could not be recorded or kept is tried again.
const END_AGAIN: Duration = Duration::from_secs(10);
/// Longest reason, in bytes.
const REASON_MAX: usize = 500;
/// Names that a leaf discloses; of more it has the number and the digest.
const DISCLOSED_MAX: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    targets: Vec<Named>,
    reason: String,
    /// How long they hold; absent: until somebody ends them.
    #[serde(default)]
    for_s: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    kind: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoke {
    kind: RevocationKind,
    value: String,
    reason: String,
}

/// Blocks; the answer comes when nothing that is blocked passes any more.
pub(super) async fn add(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Json(Add { targets, reason, for_s }): Json<Add>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Block, "policy block").await?;
    check_reason(&reason)?;
    let wanted = targets.iter().map(|named| Target::parse(&named.kind, &named.value)).collect::<Result<Vec<_>, _>>();
    let wanted = wanted.map_err(|refused| Refused::Wrong(refused.to_string()))?;
    let held = control.shared.policy().blocks().list().len();
    if wanted.is_empty() || wanted.len().saturating_add(held) > BLOCKS_MAX {
        return Err(Refused::Wrong(format!("name between 1 and {} things to block", BLOCKS_MAX.saturating_sub(held))));
    }
    let at_ms = control.shared.now_ms();
    let until_s = for_s.map(|seconds| (at_ms / 1000).saturating_add(seconds));
    let blocks = make(wanted, &reason, (at_ms, until_s), &name_of(&operator.caller))?;
    let _one_at_a_time = control.changing.lock().await;
    let begun = permit.begin(change_of(&blocks)?).await?;
    let cut = begun
        .change(Kind::AdminCommand, vec![("blocks".into(), blocks.len().to_string())], || {
            control.state.add_blocks(&blocks)?;
            let held = control.shared.policy();
            let cut = control.take_up_blocks(held.blocks().with(blocks.clone()));
            // Whoever ends them in time hears of them though the operator may not be there any longer to be answered.
            control.blocks_changed.notify_one();
            Ok(cut)
        })
        .await?;
    info!(blocks = blocks.len(), cut, "blocked");
    let blocks: Vec<Value> = blocks.iter().map(shown).collect();
    Ok(Json(json!({ "blocks": blocks, "sessions_cut": cut })))
}

/// Ends a block.
pub(super) async fn end(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Block, "policy unblock").await?;
    let _one_at_a_time = control.changing.lock().await;
    let policy = control.shared.policy();
    let Some(block) = policy.blocks().list().find(|block| block.id == id) else {
        return Err(Refused::Missing(format!("there is no block {id:?}; `tidegate policy blocks` lists them")));
    };
    let begun = permit.begin(change_of(std::slice::from_ref(block))?).await?;
    let make = || {
        control.state.remove_block(&id)?;
        Ok(control.take_up_blocks(policy.blocks().without(&id)))
    };
    begun.change(Kind::AdminCommand, Vec::new(), make).await?;
    Ok(Json(json!({ "ended": shown(block) })))
}

/// Lists the blocks that hold.
pub(super) async fn list(State(control): State<Arc<Control>>, operator: Operator) -> Result<Json<Vec<Value>>, Refused> {
    control.permit(&operator, Action::Audit, "policy blocks").await?.look().await?;
    Ok(Json(control.shared.policy().blocks().list().map(shown).collect()))
}

/// Ends credentials: what was issued until now is dead, on live connections too.
pub(super) async fn revoke(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Json(Revoke { kind, value, reason }): Json<Revoke>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Block, "revoke").await?;
    check_reason(&reason)?;
    let now_ms = control.shared.now_ms();
    let revocation = Revocation::now(kind, value, now_ms / 1000, reason);
    Revocations::new([revocation.clone()]).map_err(|error| Refused::Wrong(error.to_string()))?;
    let row = RevocationRow { revocation, at_ms: signed(now_ms), who: name_of(&operator.caller) };
    let _one_at_a_time = control.changing.lock().await;
    // More than can be in force must not be kept either.
    if control.shared.revocations.load().len() >= REVOCATIONS_MAX.saturating_sub(LOGOUTS_MAX) {
        return Err(Refused::TooMany("there are too many revocations; reinstate those that are over".into()));
    }
    let begun = permit.begin(change_of_revocation(&row.revocation)?).await?;
    let make = || {
        control.state.add_revocation(&row)?;
        control.take_up_revocations()
    };
    let cut = begun.change(Kind::AdminCommand, Vec::new(), make).await?;
    info!(cut, "revoked");
    Ok(Json(json!({ "revocation": row, "sessions_cut": cut })))
}

/// Takes a revocation back.
pub(super) async fn reinstate(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Path((kind, value)): Path<(RevocationKind, String)>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Administer, "reinstate").await?;
    let _one_at_a_time = control.changing.lock().await;
    let known = blocking(|| control.state.revocations()).map_err(Refused::Failed)?;
    let Some(row) = known.into_iter().find(|row| row.revocation.kind == kind && row.revocation.value == value) else {
        return Err(Refused::Missing("nothing of this name is revoked; `tidegate revocations` lists what is".into()));
    };
    let begun = permit.begin(change_of_revocation(&row.revocation)?).await?;
    let make = || {
        control.state.remove_revocation(kind, &value)?;
        control.take_up_revocations()
    };
    begun.change(Kind::AdminCommand, Vec::new(), make).await?;
    Ok(Json(json!({ "reinstated": row })))
}

/// Lists the revocations.
pub(super) async fn revocations(
    State(control): State<Arc<Control>>,
    operator: Operator,
) -> Result<Json<Vec<RevocationRow>>, Refused> {
    control.permit(&operator, Action::Audit, "revocations").await?.look().await?;
    Ok(Json(blocking(|| control.state.revocations()).map_err(Refused::Failed)?))
}

fn check_reason(reason: &str) -> Result<(), Refused> {
    if reason.trim().is_empty() || reason.len() > REASON_MAX {
        return Err(Refused::Wrong(format!(
            "say why, in 1 to {REASON_MAX} bytes: whoever must end it will want to know"
        )));
    }
    Ok(())
}

fn make(
    targets: Vec<Target>,
    reason: &str,
    (at_ms, until_s): (u64, Option<u64>),
    who: &str,
) -> Result<Vec<Block>, Refused> {
    let one = |target| {
        Ok(Block { id: hex(&random::<6>()?), target, reason: reason.to_owned(), at_ms, until_s, who: who.to_owned() })
    };
    targets.into_iter().map(one).collect::<Result<_>>().map_err(Refused::Failed)
}

fn shown(block: &Block) -> Value {
    let Block { id, target, reason, at_ms, until_s, who } = block;
    let (kind, value) = (target.kind(), target.value());
    json!({ "id": id, "kind": kind, "value": value, "reason": reason, "at_ms": at_ms, "until_s": until_s, "who": who })
}

/// What the leaf of a block says: names of callers and clients are personal, those of topics and operations are not.
fn change_of(blocks: &[Block]) -> Result<Change, Refused> {
    let digest = digest_of(&blocks.iter().map(shown).collect::<Vec<_>>())?;
    let facts = vec![("blocks".into(), blocks.len().to_string())];
    let mut change = Change { digest, facts, disclosures: Vec::new() };
    for block in blocks.iter().take(DISCLOSED_MAX) {
        let value = block.target.value();
        change.facts.push(("block".into(), block.id.clone()));
        change.facts.extend(block.until_s.map(|until| ("until_s".into(), until.to_string())));
        match &block.target {
            Target::Subject(_) => change.disclosures.push((Label::Subject, value.into_bytes())),
            Target::ClientId(_) => change.disclosures.push((Label::ClientId, value.into_bytes())),
            Target::Topic(_) | Target::Operation(_) => {
                change.facts.push((format!("blocked_{}", block.target.kind()), value));
            }
        }
    }
    Ok(change)
}

fn change_of_revocation(revocation: &Revocation) -> Result<Change, Refused> {
    let label = match revocation.kind {
        RevocationKind::Subject => Label::Subject,
        RevocationKind::Group => Label::Groups,
        RevocationKind::Client => Label::TokenClient,
        RevocationKind::Session => Label::LoginId,
        RevocationKind::Token => Label::TokenId,
    };
    Ok(Change {
        digest: digest_of(revocation)?,
        facts: vec![
            ("kind".into(), revocation.kind.name().into()),
            ("not_before".into(), revocation.not_before.to_string()),
        ],
        disclosures: vec![(label, revocation.value.clone().into_bytes())],
    })
}

impl Control {
    /// Makes these blocks the ones that hold; how many sessions were cut. What is kept is not read again for it: a hundred thousand
    /// rows take longer than all else.
    fn take_up_blocks(&self, blocks: Blocks) -> usize {
        let policy = self.shared.policy().with_blocks(Arc::new(blocks));
        self.shared.put_in_force(policy);
        self.shared.live.review(&self.shared)
    }

    /// Makes the revocations that are kept the ones that hold; how many sessions were cut.
    pub(super) fn take_up_revocations(&self) -> Result<usize> {
        revocations_at_start(&self.state, &self.shared)?;
        Ok(self.shared.live.review(&self.shared))
    }

    /// Ends blocks when their time is over, for as long as the gate runs.
    pub(crate) async fn end_blocks_in_time(self: Arc<Self>) {
        loop {
            let next = self.shared.policy().blocks().next_end();
            let left = next.map(|end| end.saturating_mul(1000).saturating_sub(self.shared.now_ms()));
            tokio::select! {
                () = self.blocks_changed.notified() => continue,
                () = until(left) => {}
            }
            let _one_at_a_time = self.changing.lock().await;
            if let Err(error) = self.end_blocks().await {
                warn!(error = format!("{error:#}"), "cannot end blocks whose time is over; trying again in 10 s");
                tokio::time::sleep(END_AGAIN).await;
            }
        }
    }

    /// Ends the blocks whose time is over, as a command would. While that cannot be recorded, or kept, they hold.
    async fn end_blocks(&self) -> Result<(), Refused> {
        let now_ms = self.shared.now_ms();
        let policy = self.shared.policy();
        let over = |block: &&Block| block.is_over(now_ms / 1000);
        let ended: Vec<Block> = policy.blocks().list().filter(over).cloned().collect();
        if ended.is_empty() {
            return Ok(());
        }
        let Change { digest, facts, disclosures } = change_of(&ended)?;
        let entry = |effect| {
            let mut entry = Entry::new(Kind::AdminCommand, now_ms);
            entry.effect = Some(effect);
            entry.facts = vec![("command".into(), "policy block over".into()), ("digest".into(), hex(&digest))];
            entry
        };
        let mut intent = entry(Effect::Intent);
        intent.facts.extend(facts);
        intent.disclosures = disclosures;
        let log = &self.shared.log;
        let intent = log.append_admin(intent).await.map_err(Refused::Unrecorded)?;
        let made = blocking(|| {
            self.state.remove_ended_blocks(now_ms / 1000)?;
            self.take_up_blocks(policy.blocks().at(now_ms / 1000));
            Ok(())
        });
        settle(log, intent.index(), entry(Effect::Acked), made).await
    }
}

/// Waits for milliseconds, or for ever.
async fn until(left_ms: Option<u64>) {
    match left_ms {
        Some(left_ms) => tokio::time::sleep(Duration::from_millis(left_ms)).await,
        None => std::future::pending().await,
    }
}

/// The blocks that are kept. Those that ended while no gate ran hold too, until their end is recorded.
pub(super) fn blocks_at_start(state: &Kept) -> Result<Blocks> {
    Ok(Blocks::new(state.blocks().context("the blocks cannot be read")?))
}

/// Puts the revocations that are kept in force.
pub(crate) fn revocations_at_start(state: &Kept, shared: &Shared) -> Result<()> {
    let rows = state.revocations().context("the revocations cannot be read")?;
    let revocations = Revocations::new(rows.into_iter().map(|row| row.revocation))?;
    shared.revocations.store(Arc::new(revocations));
    Ok(())
}
