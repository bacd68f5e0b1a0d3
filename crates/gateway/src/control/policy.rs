//! Versions of the policy: applied, rolled back, listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_evidence::entry::{Effect, Entry, Kind};
use tidegate_masking::transform::ClassKey;
use tidegate_model::Action;
use tidegate_policy::{Policy, PolicyFiles};
use tracing::{info, warn};

use super::{Change, Control, Operator, Permit, Refused, blocking, hex, name_of, settle};
use crate::config::{Config, PolicySource};
use crate::secrets;
use crate::state::{PolicyVersion, signed};

/// Longest comment on a version, in bytes.
const COMMENT_MAX: usize = 1_000;
/// In the place of an operator's name, for what the configuration made so.
const CONFIGURATION: &str = "config:policy";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Apply {
    files: PolicyFiles,
    #[serde(default)]
    comment: String,
    /// The version that the operator believes to be in force.
    #[serde(default)]
    expect: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    number: i64,
    #[serde(default)]
    expect: Option<i64>,
}

/// Puts another policy in force, as a new version.
pub(super) async fn apply(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Json(Apply { files, comment, expect }): Json<Apply>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Administer, "policy apply").await?;
    refuse_second_truth(&control)?;
    if comment.len() > COMMENT_MAX {
        return Err(Refused::Wrong(format!("the comment is longer than {COMMENT_MAX} bytes")));
    }
    let policy = blocking(|| Policy::from_files(&files)).map_err(|error| Refused::Wrong(error.to_string()))?;
    let hash = hex(&policy.version());
    let who = name_of(&operator.caller);
    let keep = || control.state.add_policy(&files, &hash, &who, &comment, signed(control.shared.now_ms())).map(drop);
    let replaced = control.replace(permit, &policy, expect, |before| before.hash == hash, keep).await?;
    Ok(control.answer(replaced, &policy))
}

/// Puts an earlier version in force again.
pub(super) async fn rollback(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Json(Rollback { number, expect }): Json<Rollback>,
) -> Result<Json<Value>, Refused> {
    let permit = control.permit(&operator, Action::Administer, "policy rollback").await?;
    refuse_second_truth(&control)?;
    let (_, files) = control.version(number)?;
    let policy = blocking(|| Policy::from_files(&files))
        .map_err(|error| Refused::Wrong(format!("version {number} is no longer valid: {error}")))?;
    let keep = || control.state.activate_policy(number);
    let replaced = control.replace(permit, &policy, expect, |before| before.number == number, keep).await?;
    Ok(control.answer(replaced, &policy))
}

/// All versions, newest first.
pub(super) async fn versions(
    State(control): State<Arc<Control>>,
    operator: Operator,
) -> Result<Json<Vec<PolicyVersion>>, Refused> {
    control.permit(&operator, Action::Audit, "policy versions").await?.look().await?;
    Ok(Json(blocking(|| control.state.policies()).map_err(Refused::Failed)?))
}

/// One version with its files.
pub(super) async fn version(
    State(control): State<Arc<Control>>,
    operator: Operator,
    Path(number): Path<i64>,
) -> Result<Json<Value>, Refused> {
    control.permit(&operator, Action::Audit, "policy show").await?.look().await?;
    let (version, files) = control.version(number)?;
    Ok(Json(json!({ "version": version, "files": files })))
}

fn refuse_second_truth(control: &Control) -> Result<(), Refused> {
    match control.source {
        PolicySource::State => Ok(()),
        PolicySource::Folder => Err(Refused::Conflict(
            "this gate takes its policy from a folder ([policy] source = \"folder\"): change the folder and send SIGHUP, or \
             set source = \"state\""
                .into(),
        )),
    }
}

/// What came of putting another policy in force.
struct Replaced {
    before: Option<PolicyVersion>,
    /// Nothing where what was wanted was in force already.
    after: Option<PolicyVersion>,
}

/// Names in a policy that mean nobody.
#[derive(Default)]
pub(super) struct Remarks {
    /// They are of an issuer that there is not.
    pub(super) warnings: Vec<String>,
    /// Nobody who came was in these groups.
    pub(super) hints: Vec<String>,
}

impl Control {
    /// Names in a policy that mean nobody, or nobody whose decisions were counted from `first_day` on.
    pub(super) fn remarks(&self, policy: &Policy, first_day: i64) -> Result<Remarks, Refused> {
        let people = self.people.load();
        let hints = blocking(|| people.issuers.unseen(policy, &self.state, first_day)).map_err(Refused::Failed)?;
        Ok(Remarks { warnings: people.issuers.strangers(policy), hints })
    }

    /// The answer to a replacement. It is made by now: where remarks cannot be had the answer goes without.
    fn answer(&self, replaced: Replaced, policy: &Policy) -> Json<Value> {
        let Remarks { warnings, hints } = self.remarks(policy, 0).unwrap_or_else(|error| {
            warn!(error = error.to_string(), "cannot tell which names of the policy mean nobody");
            Remarks::default()
        });
        let Replaced { before, after } = replaced;
        let changed = after.is_some();
        let after = if changed { &after } else { &before };
        Json(json!({ "before": before, "after": after, "changed": changed, "warnings": warnings, "hints": hints }))
    }

    fn active(&self, expect: Option<i64>) -> Result<Option<PolicyVersion>, Refused> {
        let active = blocking(|| self.state.active_policy()).map_err(Refused::Failed)?.map(|(version, _)| version);
        let number = active.as_ref().map_or(0, |version| version.number);
        match expect {
            Some(expected) if expected != number => Err(Refused::Conflict(format!(
                "version {number} is in force, not {expected}: somebody changed the policy meanwhile; look at it, then try again"
            ))),
            _ => Ok(active),
        }
    }

    fn version(&self, number: i64) -> Result<(PolicyVersion, PolicyFiles), Refused> {
        blocking(|| self.state.policy(number)).map_err(Refused::Failed)?.ok_or_else(|| {
            Refused::Missing(format!("there is no version {number}; `tidegate policy versions` lists them"))
        })
    }

    /// Records, keeps, and puts in force: from the next response on. `same` tells that a version is what is wanted already.
    async fn replace(
        &self,
        permit: Permit<'_>,
        policy: &Policy,
        expect: Option<i64>,
        same: impl FnOnce(&PolicyVersion) -> bool,
        keep: impl FnOnce() -> Result<()>,
    ) -> Result<Replaced, Refused> {
        let _one_at_a_time = self.changing.lock().await;
        let before = self.active(expect)?;
        if before.as_ref().is_some_and(same) {
            return Ok(Replaced { before, after: None });
        }
        let facts = policy_facts(before.as_ref().map_or("", |before| before.hash.as_str()), policy);
        let change = Change { digest: policy.version(), facts: facts.clone(), disclosures: Vec::new() };
        let begun = permit.begin(change).await?;
        let make = || {
            keep()?;
            self.enforce(policy);
            Ok(())
        };
        begun.change(Kind::PolicyChange, facts, make).await?;
        let after = self.active(None)?;
        info!(version = after.as_ref().map(|after| after.number), "another policy is in force");
        Ok(Replaced { before, after })
    }

    /// Makes a policy the one that decides, also of what is on its way to clients.
    fn enforce(&self, policy: &Policy) {
        let before = self.shared.policy();
        let (blocks, keys) = (Arc::clone(before.blocks()), Arc::clone(before.keys()));
        self.shared.put_in_force(policy.with_blocks(blocks).with_keys(keys));
        let cut = self.shared.live.review(&self.shared);
        if cut > 0 {
            info!(cut, "sessions were being shown what the policy no longer allows");
        }
    }

    /// Takes up the keys of classes: what is delivered from now on is changed with them.
    pub(crate) async fn take_up_keys(&self, keys: BTreeMap<String, ClassKey>) {
        let _one_at_a_time = self.changing.lock().await;
        self.shared.put_in_force(self.shared.policy().with_keys(Arc::new(keys)));
        self.shared.live.review(&self.shared);
    }

    /// Takes up the folder where the folder is what holds. Recorded before it holds.
    ///
    /// # Errors
    /// The folder cannot be used, or the change cannot be recorded: what held before holds on.
    pub(crate) async fn take_up_folder(&self, config: &Config, cause: &str) -> Result<()> {
        let (files, policy) = blocking(|| from_folder(config))?;
        let _one_at_a_time = self.changing.lock().await;
        let before = hex(&self.shared.policy().version());
        if before == hex(&policy.version()) {
            return Ok(());
        }
        let mut entry = Entry::new(Kind::PolicyChange, self.shared.now_ms());
        entry.facts = policy_facts(&before, &policy);
        entry.facts.push(("cause".into(), cause.into()));
        entry.effect = Some(Effect::Intent);
        let outcome = entry.clone();
        let log = &self.shared.log;
        let intent = log.append_admin(entry).await.context("the change of policy cannot be recorded")?;
        let kept = blocking(|| keep_folder(&self.state, &files, &policy, self.shared.now_ms()));
        if kept.is_ok() {
            self.enforce(&policy);
        }
        settle(log, intent.index(), outcome, kept).await.context("the policy of the folder")
    }
}

fn policy_facts(before: &str, policy: &Policy) -> Vec<(String, String)> {
    vec![("policy_before".into(), before.into()), ("policy_after".into(), hex(&policy.version()))]
}

fn from_folder(config: &Config) -> Result<(PolicyFiles, Policy)> {
    let files = tidegate_policy::read(&config.file.policy.dir).context("the policy is wrong")?;
    let policy = Policy::from_files(&files).context("the policy is wrong")?;
    Ok((files, policy))
}

fn keep_folder(state: &crate::state::State, files: &PolicyFiles, policy: &Policy, now_ms: u64) -> Result<()> {
    let hash = hex(&policy.version());
    state.add_policy(files, &hash, CONFIGURATION, "taken from the folder", signed(now_ms)).map(drop)
}

/// The policy to start with, with the keys of classes and under the blocks that hold: the version in force, or the folder where that holds or nothing was ever applied. The leaf that opens
/// the incarnation names it.
///
/// # Errors
/// There is none that is valid, or a key cannot be read.
pub(crate) fn at_start(config: &Config, state: &crate::state::State, now_ms: u64) -> Result<Policy> {
    let blocks = super::blocks::blocks_at_start(state)?;
    let keys = secrets::class_keys(&config.file.class_key)?;
    Ok(rules_at_start(config, state, now_ms)?.with_blocks(Arc::new(blocks)).with_keys(Arc::new(keys)))
}

fn rules_at_start(config: &Config, state: &crate::state::State, now_ms: u64) -> Result<Policy> {
    let active = state.active_policy()?;
    if let (PolicySource::State, Some((version, files))) = (config.file.policy.source, &active) {
        return Policy::from_files(files).with_context(|| {
            format!(
                "version {} of the policy, which is in force, is not valid for this program; start once with [policy] source = \
                 \"folder\" and a folder that is",
                version.number
            )
        });
    }
    let (files, policy) = from_folder(config)?;
    if active.is_none_or(|(version, _)| version.hash != hex(&policy.version())) {
        keep_folder(state, &files, &policy, now_ms)?;
    }
    Ok(policy)
}
