//! The gate's own tokens: the keys that sign them, kept wrapped in the state and rotated once a day.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tidegate_evidence::entry::{Effect, Entry, Kind};
use tidegate_evidence::store::{Log, SecretKey};
use tidegate_identity::{GateIssuer, GateKeys};
use tracing::{info, warn};

use crate::control::settle;
use crate::secrets::Wrap;
use crate::state::State;

/// Age at which the keys are rotated, in seconds. A stolen key is of use for two days at most.
const ROTATE_S: u64 = 24 * 60 * 60;
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(60);

/// The gate as an issuer, with where its keys are kept.
pub(crate) struct GateTokens {
    pub(crate) issuer: Arc<GateIssuer>,
    state: State,
    wrap: Wrap,
    /// Rotations come one after the other: keys that were ended must not come back as somebody's previous ones.
    rotating: Mutex<()>,
}

impl std::fmt::Debug for GateTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GateTokens").field("issuer", &self.issuer.name()).finish_non_exhaustive()
    }
}

/// What becomes of the keys in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// Tokens that were made live on until they end.
    Next,
    /// All tokens that were made are dead: a key was stolen.
    EndAll,
}

impl GateTokens {
    /// Reads the keys, or makes the first ones.
    ///
    /// # Errors
    /// The state or the system's randomness fails, or the keys were wrapped with another key: then nothing is made up.
    pub(crate) fn open(url: &str, state: &State, wrapping: &SecretKey, now_s: u64) -> Result<GateTokens> {
        let wrap = Wrap::new(wrapping, "gate token keys")?;
        let keys = match state.gate_keys()? {
            Some((wrapped, _)) => GateKeys::from_bytes(&wrap.unwrap(&wrapped)?)?,
            None => {
                let keys = GateKeys::generate()?;
                state.put_gate_keys(&wrap.wrap(&keys.to_bytes()?)?, now_s)?;
                keys
            }
        };
        Ok(GateTokens {
            issuer: Arc::new(GateIssuer::new(url.to_owned(), keys)),
            state: state.clone(),
            wrap,
            rotating: Mutex::default(),
        })
    }

    /// Puts other keys in force and keeps them. The leaf that says so has to be durable.
    pub(crate) fn rotate(&self, how: Rotation, now_s: u64) -> Result<()> {
        let _one_at_a_time = self.rotating.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = match how {
            Rotation::Next => self.issuer.keys().rotated(now_s)?,
            Rotation::EndAll => GateKeys::generate()?,
        };
        self.state.put_gate_keys(&self.wrap.wrap(&keys.to_bytes()?)?, now_s)?;
        self.issuer.replace_keys(keys);
        Ok(())
    }

    /// Rotates the keys when they are old enough. Never returns.
    pub(crate) async fn rotate_in_time(self: Arc<Self>, log: Log, now_ms: fn() -> u64) {
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tick.tick().await;
            if let Err(error) = self.rotate_if_old(&log, now_ms()).await {
                warn!(error = format!("{error:#}"), "the keys of the gate's tokens cannot be rotated; trying again");
            }
        }
    }

    async fn rotate_if_old(&self, log: &Log, now_ms: u64) -> Result<()> {
        let now_s = now_ms / 1000;
        let kept = tokio::task::block_in_place(|| self.state.gate_keys())?;
        let (_, rotated_s) = kept.context("the state has lost the keys")?;
        if now_s.saturating_sub(rotated_s) < ROTATE_S {
            return Ok(());
        }
        let mut entry = Entry::new(Kind::KeyRotate, now_ms);
        entry.facts = vec![("keys".into(), "gate_tokens".into()), ("cause".into(), "age".into())];
        entry.effect = Some(Effect::Intent);
        let outcome = entry.clone();
        let intent = log.append_admin(entry).await.context("the rotation cannot be recorded")?;
        let made = tokio::task::block_in_place(|| self.rotate(Rotation::Next, now_s));
        settle(log, intent.index(), outcome, made).await?;
        info!("the keys of the gate's tokens were rotated");
        Ok(())
    }
}
