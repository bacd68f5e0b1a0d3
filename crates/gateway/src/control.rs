//! Commands to the gate: who gives one, whether they may, and its leaf before anything changes.
//!
//! A command comes over the Unix socket, from a user of this machine whom the configuration names, or with a token there or at
//! the web listener. Cedar decides it as an action on `Gateway`; the administrators of the configuration may give all. The order is always the same:
//! [`Control::permit`] decides, [`Permit::begin`] makes the leaf durable, [`Begun::change`] makes the change and records what came
//! of it.

mod accounts;
mod blocks;
mod dry_run;
mod keys;
mod logins;
mod operator;
mod policy;
mod socket;

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tidegate_evidence::entry::{self, Effect, Entry, Kind, Label};
use tidegate_evidence::merkle::sha256;
use tidegate_evidence::store::{Log, LogError};
use tidegate_model::{Action, Caller, CallerKind, CredentialKind, Resource};
use tidegate_policy::{Circumstances, Now, Policy, Question};
use tidegate_proxy::gate::Shared;

pub(crate) use blocks::revocations_at_start;
pub(crate) use operator::{Operator, Peer};
pub(crate) use policy::at_start;
pub(crate) use socket::{bind, router, serve};

use crate::config::{Config, PolicySource};
use crate::rates::Rates;
use crate::state::State;
use crate::strangers::Known;
use crate::tokens::GateTokens;
use operator::LocalUsers;

/// Refused commands of one operator in a minute; each is a leaf on the disk.
const REFUSED_A_MINUTE: u32 = 60;
/// The rule that is named where the configuration, not the policy, allows.
const BY_CONFIGURATION: &str = "config:administrators";

/// What commands work on.
pub(crate) struct Control {
    pub(crate) shared: Arc<Shared>,
    pub(crate) state: State,
    /// The gate's own tokens, where there is a web listener.
    tokens: Option<Arc<GateTokens>>,
    people: ArcSwap<People>,
    source: PolicySource,
    /// Changes are made one at a time.
    changing: tokio::sync::Mutex<()>,
    dry_runs: dry_run::Turn,
    /// Whoever waits for the first block's end looks again.
    blocks_changed: tokio::sync::Notify,
    /// Refused commands by operator.
    refused: Rates,
}

/// Whose callers there are, who may do all, and who comes without a token.
pub(crate) struct People {
    issuers: Known,
    administrators: HashSet<String>,
    local_users: LocalUsers,
}

impl People {
    /// Who is named in a configuration.
    ///
    /// # Errors
    /// A local user does not exist.
    pub(crate) fn of(config: &Config) -> anyhow::Result<People> {
        let control = &config.file.control;
        let administrators = control.administrators.get_ref().iter().cloned().collect();
        let issuers = Known::of(&config.file);
        Ok(People { issuers, administrators, local_users: LocalUsers::of(&control.local_user)? })
    }
}

impl Control {
    /// # Errors
    /// A local user of the configuration does not exist.
    pub(crate) fn new(
        config: &Config,
        shared: Arc<Shared>,
        state: State,
        tokens: Option<Arc<GateTokens>>,
    ) -> anyhow::Result<Control> {
        let people = ArcSwap::from_pointee(People::of(config)?);
        Ok(Control {
            shared,
            state,
            tokens,
            people,
            source: config.file.policy.source,
            changing: tokio::sync::Mutex::default(),
            dry_runs: dry_run::Turn::default(),
            blocks_changed: tokio::sync::Notify::new(),
            refused: Rates::default(),
        })
    }

    /// Takes up who is named in another configuration.
    pub(crate) fn take_up(&self, people: People) {
        self.people.store(Arc::new(people));
    }

    /// Whether an operator may; a refusal is recorded.
    async fn permit<'a>(
        &'a self,
        operator: &'a Operator,
        action: Action,
        command: &'static str,
    ) -> Result<Permit<'a>, Refused> {
        let policy = self.shared.policy();
        let decision = self.decide(&policy, operator, action);
        let permit = Permit { control: self, operator, action, command, decision };
        if permit.decision.allowed {
            return Ok(permit);
        }
        if !self.refused.allow(&name_of(&operator.caller), REFUSED_A_MINUTE, self.shared.now_ms()) {
            return Err(Refused::TooMany("too many refused commands; try again in a minute".into()));
        }
        Err(permit.refuse().await)
    }

    fn decide(&self, policy: &Policy, operator: &Operator, action: Action) -> entry::Decision {
        let caller = &operator.caller;
        let policy_version = policy.version();
        let circumstances = Circumstances { cluster: "", address: operator.address, client_id: "", tls: operator.tls };
        let seconds = self.shared.now_ms() / 1000;
        let now = Now {
            hour: u8::try_from(seconds / 3600 % 24).unwrap_or(0),
            mfa_age: caller.mfa_at.map(|at| seconds.saturating_sub(at)),
        };
        let question = Question { action, resource: Resource::Gateway, partition: None, now };
        let entitlement = policy.entitlement(caller, &circumstances);
        let decision = policy.decide(&entitlement, question);
        // A block holds for administrators too, but for those on the machine itself: somebody must be able to end it. Administrators are
        // people: a machine may have any subject, a person's name too.
        let here = caller.credential == CredentialKind::LocalUser;
        let held = here || decision.effect != tidegate_policy::Effect::Blocked;
        let named = self.people.load().administrators.contains(&name_of(caller));
        if held && named && caller.kind == CallerKind::User {
            return entry::Decision { allowed: true, rule: BY_CONFIGURATION.into(), policy_version };
        }
        self.shared.metrics.undecided.notice(&decision, self.shared.now_ms());
        entry::Decision { allowed: decision.allowed(), rule: decision.rule.to_string(), policy_version }
    }
}

/// A command that its operator may give.
struct Permit<'a> {
    control: &'a Control,
    operator: &'a Operator,
    action: Action,
    command: &'static str,
    decision: entry::Decision,
}

/// What a command is about to change, for its leaf.
struct Change {
    /// SHA-256 of what was sent.
    digest: [u8; 32],
    /// Small facts in our own words.
    facts: Vec<(String, String)>,
    /// Personal values that the change names.
    disclosures: Vec<(Label, Vec<u8>)>,
}

impl<'a> Permit<'a> {
    /// Records that the policy does not allow the command.
    async fn refuse(self) -> Refused {
        let mut entry = self.entry(Kind::AdminCommand, Effect::Refused);
        entry.reason = Some("the policy does not allow this command".into());
        match self.control.shared.log.append(entry).await {
            Ok(_recorded) => Refused::Forbidden { action: self.action, rule: self.decision.rule },
            Err(error) => Refused::Unrecorded(error),
        }
    }

    /// Records a command that only reads. What it shows goes out after this.
    async fn look(self) -> Result<(), Refused> {
        let entry = self.entry(Kind::AdminCommand, Effect::Delivered);
        self.control.shared.log.append(entry).await.map_err(Refused::Unrecorded)?;
        Ok(())
    }

    /// Makes the leaf durable that goes before the change. By now nobody else changes anything, and what was true when the command
    /// came may not be true any longer: the operator may have been revoked or blocked, or the policy replaced, while a body came
    /// in or another command was done.
    async fn begin(mut self, change: Change) -> Result<Begun<'a>, Refused> {
        let (control, caller) = (self.control, &self.operator.caller);
        let now_s = control.shared.now_ms() / 1000;
        let ended = caller.credential != CredentialKind::LocalUser && caller.expires_at <= now_s;
        if ended || control.shared.revocations.load().revoked(caller).is_some() {
            return Err(Refused::Unknown("the token has ended meanwhile: log in anew".into()));
        }
        self.decision = control.decide(&control.shared.policy(), self.operator, self.action);
        if !self.decision.allowed {
            return Err(self.refuse().await);
        }
        let mut entry = self.entry(Kind::AdminCommand, Effect::Intent);
        entry.facts.push(("digest".into(), hex(&change.digest)));
        entry.facts.extend(change.facts);
        entry.disclosures.extend(change.disclosures);
        let receipt = self.control.shared.log.append_admin(entry).await.map_err(Refused::Unrecorded)?;
        Ok(Begun { permit: self, intent: receipt.index() })
    }

    fn entry(&self, kind: Kind, effect: Effect) -> Entry {
        let mut entry = Entry::new(kind, self.control.shared.now_ms());
        entry.effect = Some(effect);
        entry.decision = Some(self.decision.clone());
        entry.facts = vec![
            ("command".into(), self.command.into()),
            ("credential".into(), self.operator.caller.credential.name().into()),
        ];
        entry.disclosures = vec![
            (Label::Operator, name_of(&self.operator.caller).into_bytes()),
            (Label::SourceAddress, self.operator.address.to_string().into_bytes()),
        ];
        entry
    }
}

/// A command whose leaf is durable and whose change may be made.
struct Begun<'a> {
    permit: Permit<'a>,
    intent: u64,
}

impl Begun<'_> {
    /// Makes the change and records what came of it: as `kind` and with `facts` where it was made.
    async fn change<T>(
        self,
        kind: Kind,
        facts: Vec<(String, String)>,
        make: impl FnOnce() -> anyhow::Result<T>,
    ) -> Result<T, Refused> {
        let made = blocking(make);
        let mut outcome = self.permit.entry(if made.is_ok() { kind } else { Kind::AdminCommand }, Effect::Acked);
        outcome.facts.extend(facts);
        settle(&self.permit.control.shared.log, self.intent, outcome, made).await
    }
}

/// Records what came of a change whose leaf before it has the index `intent`.
pub(crate) async fn settle<T>(
    log: &Log,
    intent: u64,
    mut outcome: Entry,
    made: anyhow::Result<T>,
) -> Result<T, Refused> {
    outcome.pair = Some(intent);
    outcome.effect = Some(if made.is_ok() { Effect::Acked } else { Effect::Unknown });
    let recorded = log.append_admin(outcome).await;
    let made = made.map_err(Refused::Failed)?;
    recorded.map_err(Refused::Unrecorded)?;
    Ok(made)
}

/// SHA-256 over what a command sends, as JSON.
fn digest_of(what: &impl serde::Serialize) -> Result<[u8; 32], Refused> {
    let text = serde_json::to_vec(what).map_err(|error| Refused::Failed(error.into()))?;
    Ok(sha256(&text))
}

/// Runs what waits for the disk where it holds nobody up.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// What policy and evidence call a caller.
pub(crate) fn name_of(caller: &Caller) -> String {
    format!("{}:{}", caller.issuer, caller.subject)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Nobody the gate knows.
    #[error("{0}")]
    Unknown(String),
    /// The login that it would be done for is not there.
    #[error("there is no such login, or it has ended; log in again")]
    LoginEnded,
    /// The policy does not allow it.
    #[error("this needs the right `{}` on the gate, and the policy does not give it to you (rule {rule})", action.name())]
    Forbidden { action: Action, rule: String },
    /// What was sent is wrong.
    #[error("{0}")]
    Wrong(String),
    /// There is no room for more.
    #[error("{0}")]
    TooMany(String),
    /// Others have to be done first, or it took too long.
    #[error("{0}")]
    Busy(String),
    /// What is there is not what the operator believed.
    #[error("{0}")]
    Conflict(String),
    /// There is no such thing.
    #[error("{0}")]
    Missing(String),
    /// The leaf could not be written, so nothing was changed, or what was changed could not be recorded.
    #[error("evidence cannot be written: {0}")]
    Unrecorded(LogError),
    /// The change failed half way; its leaf says that the effect is unknown.
    #[error("the change failed: {0:#}")]
    Failed(anyhow::Error),
}

impl Refused {
    /// The status and the words for whoever asked. What failed inside is for the gate's log: who asks may be anybody.
    pub(crate) fn told(&self) -> (StatusCode, String) {
        let text = match self {
            Refused::Failed(error) => {
                tracing::error!(error = format!("{error:#}"), "what was asked failed");
                "the gate cannot do this now; its log says why".to_owned()
            }
            Refused::Unrecorded(error) => {
                tracing::error!(%error, "evidence cannot be written");
                "evidence cannot be written, so nothing is done; the gate's log says why".to_owned()
            }
            other => other.to_string(),
        };
        (self.status(), text)
    }

    fn status(&self) -> StatusCode {
        match self {
            Refused::Unknown(_) | Refused::LoginEnded => StatusCode::UNAUTHORIZED,
            Refused::Forbidden { .. } => StatusCode::FORBIDDEN,
            Refused::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Refused::Conflict(_) => StatusCode::CONFLICT,
            Refused::Missing(_) => StatusCode::NOT_FOUND,
            Refused::Busy(_) | Refused::Unrecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = self.told();
        let code = if matches!(self, Refused::LoginEnded) { Some("login_ended") } else { None };
        (status, Json(serde_json::json!({ "error": text, "code": code }))).into_response()
    }
}
