//! People's logins at the gate: who may have one, who has one, and their end.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tidegate_evidence::entry::{Effect, Entry, Kind, Label};
use tidegate_identity::{REVOCATIONS_MAX, Revocation, RevocationKind};
use tidegate_model::{Action, Caller};
use tidegate_policy::Circumstances;

use super::{Control, Operator, Refused, blocking, name_of, settle};
use crate::state::{Login, RevocationRow, signed};

/// What stands as the author of the revocation that ends a login's live sessions.
const LOGGED_OUT: &str = "logout";
/// Seconds after which nothing of an ended login can be alive: its last token has five minutes, and live sessions are cut.
const DEAD_S: u64 = 15 * 60;
/// Room among the revocations that is kept for logouts.
pub(super) const LOGOUTS_MAX: usize = 20_000;

/// Lists the logins that have not ended.
pub(super) async fn list(State(control): State<Arc<Control>>, operator: Operator) -> Result<Json<Vec<Value>>, Refused> {
    control.permit(&operator, Action::Audit, "logins").await?.look().await?;
    let now_s = control.shared.now_ms() / 1000;
    let logins = blocking(|| control.state.logins(now_s)).map_err(Refused::Failed)?;
    let shown = |login: &Login| {
        json!({
            "session": login.id,
            "name": name_of(&login.caller()),
            "groups": login.person.groups,
            "machine": login.machine,
            "began_at": login.began_s,
            "ends_at": login.ends_s,
            "client_secret": login.client_secret.is_some(),
        })
    };
    Ok(Json(logins.iter().map(shown).collect()))
}

impl Control {
    /// Whether a caller may have a login or a token now, whatever the policy allows.
    ///
    /// # Errors
    /// A revocation or a block names the caller.
    pub(crate) fn admit(&self, caller: &Caller, address: IpAddr, tls: bool) -> Result<(), Refused> {
        if self.shared.revocations.load().revoked(caller).is_some() {
            return Err(Refused::Unknown("this login was revoked; log in again, or ask the gate's operators".into()));
        }
        let around = Circumstances { cluster: "", address, client_id: "", tls };
        if self.shared.policy().entitlement(caller, &around).blocked().is_some() {
            return Err(Refused::Unknown("this caller is blocked at the gate; ask the gate's operators".into()));
        }
        Ok(())
    }

    /// Notes a failed login; the leaf of the first of its kind is durable when this returns. Blame counts against the address, which is
    /// turned away for a while after too many, at the Kafka ports too: only for what nobody but an attacker's own program sends.
    pub(crate) async fn note_failure(&self, address: IpAddr, reason: &'static str, blame: bool) {
        let shared = &self.shared;
        if let Some(ticket) = shared.failures.note(&shared.log, (address, reason), blame, shared.now_ms()) {
            // It is refused whether or not this can be written.
            let _recorded = ticket.await;
        }
    }

    /// Ends a login by its own wish, and cuts what lives of it.
    pub(crate) async fn log_out(&self, login: &Login, address: IpAddr) -> Result<(), Refused> {
        let _one_at_a_time = self.changing.lock().await;
        if self.shared.revocations.load().len() >= REVOCATIONS_MAX {
            return Err(Refused::TooMany("too many logouts at a time; try again in a quarter of an hour".into()));
        }
        let log = &self.shared.log;
        let now_ms = self.shared.now_ms();
        let intent = log.append(logout_leaf(login, address, now_ms)).await.map_err(Refused::Unrecorded)?;
        let now_s = now_ms / 1000;
        let ended = Revocation::now(RevocationKind::Session, login.id.clone(), now_s, "logged out".into());
        let row = RevocationRow { revocation: ended, at_ms: signed(now_ms), who: LOGGED_OUT.into() };
        let done = blocking(|| {
            self.state.end_login(&login.id, &row, now_s.saturating_sub(DEAD_S))?;
            self.take_up_revocations()
        });
        let outcome = logout_leaf(login, address, self.shared.now_ms());
        settle(log, intent.index(), outcome, done).await.map(drop)
    }
}

fn logout_leaf(login: &Login, address: IpAddr, now_ms: u64) -> Entry {
    let mut entry = Entry::new(Kind::AdminCommand, now_ms);
    entry.effect = Some(Effect::Intent);
    entry.facts = vec![("command".into(), "logout".into())];
    entry.disclosures = vec![
        (Label::Operator, name_of(&login.caller()).into_bytes()),
        (Label::SourceAddress, address.to_string().into_bytes()),
        (Label::LoginId, login.id.clone().into_bytes()),
    ];
    entry
}
