//! The sessions that are live, so that a block or a revocation ends them at once and not at their next request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tidegate_model::Caller;
use tidegate_policy::Circumstances;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::certificate::Shown;
use crate::credential::Refused;
use crate::decider::Access;
use crate::gate::Shared;
use crate::listener::Listener;
use crate::recheck::Watch;
use crate::shows::Shows;

/// How long a session outlasts its end: a new credential may be on its way. Nothing that reads is begun to be shown meanwhile.
const LEEWAY_MS: u64 = 10_000;
/// The longest sleep until an end, since clocks are set.
const SLEEP_MAX_MS: u64 = 600_000;
/// How often a session's client may call itself something else. Each name may be another class of callers, and those that are kept
/// are bounded for all.
const RENAMES_MAX: u32 = 1_000;

/// Why a caller may not come in or stay, whatever the rules allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// The credential was revoked.
    Revoked,
    /// The service account has ended, or its password was replaced.
    AccountEnded,
    /// The caller is blocked.
    Blocked,
    /// The credential has expired, and no other came.
    Ended,
    /// The client certificate is not accepted any longer, or stands for somebody else.
    Certificate,
    /// The issuer says that the token is no longer active.
    TokenEnded,
    /// The issuer has not said for too long whether the token is active.
    Unconfirmed,
    /// Other rules take away what was on its way to the client.
    PolicyChanged,
}

impl Bar {
    /// In evidence and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Bar::Revoked => "revoked",
            Bar::AccountEnded => "account_ended",
            Bar::Blocked => "blocked",
            Bar::Ended => "session_ended",
            Bar::Certificate => "certificate_ended",
            Bar::TokenEnded => "token_ended",
            Bar::Unconfirmed => "issuer_unanswered",
            Bar::PolicyChanged => "policy_changed",
        }
    }
}

impl From<Bar> for Refused {
    fn from(bar: Bar) -> Refused {
        let text = match bar {
            Bar::Revoked => "the credential was revoked at the gate: log in anew, or ask the gate's operators",
            Bar::AccountEnded => {
                "the service account has ended, or its password was replaced: ask the gate's operators"
            }
            Bar::Blocked => "this caller is blocked at the gate: ask the gate's operators",
            Bar::Ended => "the credential has expired: log in anew",
            Bar::Certificate => "the client certificate is not accepted any longer: connect with another",
            Bar::TokenEnded => "the issuer says that the token is no longer active: get another",
            Bar::Unconfirmed => "the issuer does not say whether the token is still active: try again later",
            Bar::PolicyChanged => "the policy no longer allows what was asked for: ask again",
        };
        Refused { reason: bar.name(), text: text.into() }
    }
}

/// All live sessions.
#[derive(Debug, Default)]
pub struct Live {
    seats: Mutex<HashMap<u64, Arc<Seat>>>,
    next: AtomicU64,
}

/// One live session, as far as others may end it.
#[derive(Debug)]
pub struct Seat {
    access: Mutex<Access>,
    cluster: String,
    address: IpAddr,
    tls: bool,
    /// How often the client has called itself something else.
    renames: AtomicU32,
    /// The end has come nearer.
    nearer: Notify,
    listener: String,
    certificate: Option<Shown>,
    watch: Mutex<Option<Watch>>,
    /// What is on its way to the client.
    pub(crate) showing: Mutex<Option<Shows>>,
    cut: CancellationToken,
    why: OnceLock<Bar>,
}

/// A session's place among the live ones; given up when dropped.
#[derive(Debug)]
pub(crate) struct Seated {
    pub(crate) seat: Arc<Seat>,
    shared: Arc<Shared>,
    number: u64,
}

impl Live {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seats().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats().is_empty()
    }

    /// Cuts the sessions whose callers are blocked or revoked now, and those to which is being shown what they may not see any
    /// longer; how many. To be called whenever a list has grown or the rules are others.
    pub fn review(&self, shared: &Shared) -> usize {
        let seats: Vec<Arc<Seat>> = self.seats().values().map(Arc::clone).collect();
        seats.iter().filter(|seat| seat.review(shared)).count()
    }

    /// Cuts the sessions that came to this listener with a certificate that its new settings do not accept; how many.
    pub(crate) fn review_certificates(&self, listener: &Listener) -> usize {
        let seats: Vec<Arc<Seat>> = self.seats().values().map(Arc::clone).collect();
        seats.iter().filter(|seat| seat.review_certificate(listener)).count()
    }

    /// The sessions whose tokens are asked about again.
    pub(crate) fn watched(&self) -> Vec<Arc<Seat>> {
        self.seats().values().filter(|seat| seat.watch().is_some()).map(Arc::clone).collect()
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<u64, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Who is logged in, and what the policy makes of it.
    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its token, if that is asked about again.
    pub(crate) fn watch(&self) -> MutexGuard<'_, Option<Watch>> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the session is cut.
    pub(crate) fn cut(&self) -> &CancellationToken {
        &self.cut
    }

    /// Why the session was cut, if it was.
    pub(crate) fn why_cut(&self) -> Option<Bar> {
        if self.cut.is_cancelled() { self.why.get().copied() } else { None }
    }

    /// What is true of the session beside who calls.
    pub(crate) fn circumstances<'a>(&'a self, client_id: &'a str) -> Circumstances<'a> {
        Circumstances { cluster: &self.cluster, address: self.address, client_id, tls: self.tls }
    }

    /// Takes up what the client calls itself now; false if it has done so too often.
    pub(crate) fn rename(&self, client_id: &str, shared: &Shared) -> bool {
        self.access().refresh(shared, &self.circumstances(client_id));
        self.renames.fetch_add(1, Ordering::Relaxed) < RENAMES_MAX
    }

    /// Cuts the session once it has outlasted its end.
    pub(crate) async fn end_in_time(&self, shared: &Shared) {
        loop {
            let ends_at_ms = self.access().ends_at_ms;
            let left = ends_at_ms.saturating_add(LEEWAY_MS).saturating_sub(shared.now_ms());
            if left == 0 {
                self.end(Bar::Ended);
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left.min(SLEEP_MAX_MS))) => {}
                () = self.nearer.notified() => {}
            }
        }
    }

    /// Ends the session no later than its service account ends by now.
    fn shorten(&self, shared: &Shared, caller: &Caller) {
        let Some(ends_at) = shared.accounts.ends_at(caller) else { return };
        let ends_at_ms = ends_at.saturating_mul(1000);
        let mut access = self.access();
        // Not that of a caller who has just come in this one's place.
        if Arc::as_ptr(&access.caller) == std::ptr::from_ref(caller) && ends_at_ms < access.ends_at_ms {
            access.ends_at_ms = ends_at_ms;
            self.nearer.notify_one();
        }
    }

    /// Cuts the session if its caller is blocked or revoked, or is being shown what it may not see; whether it was cut by this. One
    /// that stays may end sooner.
    pub(crate) fn review(&self, shared: &Shared) -> bool {
        let (caller, client_id) = {
            let access = self.access();
            (Arc::clone(&access.caller), Arc::clone(&access.client_id))
        };
        self.shorten(shared, &caller);
        match barred(shared, &caller, &self.circumstances(&client_id)) {
            Some(why) => self.end(why),
            None => self.review_shown(shared),
        }
    }

    /// Cuts the session if it came to this listener with a certificate that counts no longer; whether it was cut by this.
    fn review_certificate(&self, listener: &Listener) -> bool {
        let Some(shown) = self.certificate.as_ref().filter(|_| self.listener == listener.config.name) else {
            return false;
        };
        let Some(settings) = listener.tls() else { return false };
        let caller = Arc::clone(&self.access().caller);
        !shown.is_good_for(&caller, &settings, listener.shared.now_ms() / 1000) && self.end(Bar::Certificate)
    }

    /// Cuts the session; whether it was cut by this.
    pub(crate) fn end(&self, why: Bar) -> bool {
        let first = self.why.set(why).is_ok();
        self.cut.cancel();
        first
    }
}

impl Seated {
    /// Takes a place. Whoever was blocked or revoked meanwhile is cut at once.
    pub(crate) fn new(
        listener: &Listener,
        access: Access,
        certificate: Option<Shown>,
        circumstances: &Circumstances<'_>,
    ) -> Seated {
        let shared = &listener.shared;
        let seat = Arc::new(Seat {
            access: Mutex::new(access),
            cluster: circumstances.cluster.to_owned(),
            address: circumstances.address,
            tls: circumstances.tls,
            renames: AtomicU32::new(0),
            nearer: Notify::new(),
            listener: listener.config.name.clone(),
            certificate,
            watch: Mutex::default(),
            showing: Mutex::default(),
            cut: CancellationToken::new(),
            why: OnceLock::new(),
        });
        let number = shared.live.next.fetch_add(1, Ordering::Relaxed);
        shared.live.seats().insert(number, Arc::clone(&seat));
        // Only now: a list that changes from here on finds the place taken.
        seat.review(shared);
        seat.review_certificate(listener);
        Seated { seat, shared: Arc::clone(shared), number }
    }
}

impl std::ops::Deref for Seated {
    type Target = Seat;

    fn deref(&self) -> &Seat {
        &self.seat
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.shared.live.seats().remove(&self.number);
    }
}

/// Why this caller may not come in, or stay, if so.
pub(crate) fn barred(shared: &Shared, caller: &Caller, circumstances: &Circumstances<'_>) -> Option<Bar> {
    let revocations = shared.revocations.load();
    if !revocations.is_empty() && revocations.revoked(caller).is_some() {
        return Some(Bar::Revoked);
    }
    if !shared.accounts.still_valid(caller, shared.now_ms() / 1000) {
        return Some(Bar::AccountEnded);
    }
    shared.policy.load().entitlement(caller, circumstances).blocked().map(|_block| Bar::Blocked)
}

#[cfg(test)]
mod tests;
