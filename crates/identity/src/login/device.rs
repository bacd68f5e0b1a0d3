//! The device flow (RFC 8628): the person types a code at the provider, the gate asks whether they have finished. PKCE goes with
//! it, which the RFC does not have and providers may demand.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tidegate_model::Caller;
use zeroize::Zeroizing;

use super::metadata::Metadata;
use super::provider::{Failed, Received};
use super::refused::{LoginCheck, LoginRefused, refused};
use super::{At, challenge, random};
use crate::json::strict_object;
use crate::token::Claims;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const DEVICE_CODE_BYTES_MAX: usize = 4_096;
const USER_CODE_BYTES_MAX: usize = 64;
/// Where the provider does not say (RFC 8628, 3.2).
const INTERVAL_S: u64 = 5;
const INTERVAL_MAX_S: u64 = 300;
/// What `slow_down` adds (RFC 8628, 3.5).
const SLOW_DOWN_S: u64 = 5;
/// Longest time for the person, whatever the provider grants.
const LIFE_MAX_S: u64 = 1_800;
/// Questions without an answer, one after the other, after which the login is given up.
const FAILURES_MAX: u32 = 3;

/// A login for which the person types a code at the provider.
#[derive(Debug)]
pub struct DeviceBegun {
    /// What the person types: at most 64 printable ASCII characters.
    pub user_code: String,
    /// Where, `https` (`http` only on a loopback host).
    pub verification_uri: String,
    /// The same with the code in it, if the provider has such an address.
    pub verification_uri_complete: Option<String>,
    /// Seconds between two calls of [`Issuers::poll_device`](crate::Issuers::poll_device).
    pub interval_s: u64,
    /// Unix seconds at which the login is over.
    pub expires_at: u64,
    /// What finishes it.
    pub pending: DevicePending,
}

/// A login by device flow that the person has not finished.
pub struct DevicePending {
    issuer: String,
    device_code: Zeroizing<String>,
    verifier: Zeroizing<String>,
    metadata: Arc<Metadata>,
    interval_s: u64,
    /// Unix seconds; before, the provider is not asked.
    next_at: u64,
    expires_at: u64,
    failures: u32,
    over: bool,
}

impl fmt::Debug for DevicePending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevicePending").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl DevicePending {
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Not asked again before the interval has passed.
    fn wait(&mut self, now: u64) -> DevicePoll {
        self.next_at = now.saturating_add(self.interval_s);
        DevicePoll::Pending { interval_s: self.interval_s }
    }
}

/// How a login by device flow stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DevicePoll {
    /// The person has not finished.
    Pending {
        /// Seconds until the next question is worth it; grows when the provider says so. Earlier ones are answered without asking
        /// it.
        interval_s: u64,
    },
    /// The person has logged in.
    Done(Arc<Caller>),
}

pub(super) async fn begin(at: At<'_>, now: u64) -> Result<DeviceBegun, LoginRefused> {
    let name = at.name();
    if !at.provider.config.device {
        return refused(LoginCheck::Provider, format!("device flow is off for {name}; log in with the browser"));
    }
    let metadata = at.provider.metadata(&at.issuer.config, now).await?;
    let Some(url) = &metadata.device else {
        return refused(
            LoginCheck::Metadata,
            format!("{name} has no device flow (device_authorization_endpoint); log in with the browser"),
        );
    };
    let verifier = random()?;
    let scope = at.provider.scope();
    let fields =
        [("scope", scope.as_str()), ("code_challenge", &challenge(&verifier)), ("code_challenge_method", "S256")];
    let answer = match at.provider.ask(&metadata, url, &fields).await {
        Ok(Received::Good(body)) => body,
        Ok(Received::Error(error)) => return Err(at.provider.refusal(name, &error)),
        Err(what) => return Err(at.provider.no_answer(name, &what)),
    };
    let said = strict_object(&answer).ok().and_then(|said| Said::read(&said, &metadata));
    let Some(said) = said else {
        return Err(at.provider.no_answer(name, "the answer of device_authorization_endpoint is not of RFC 8628"));
    };
    let expires_at = now.saturating_add(said.life_s);
    let pending = DevicePending {
        issuer: name.to_owned(),
        device_code: said.device_code,
        verifier,
        metadata: Arc::clone(&metadata),
        interval_s: said.interval_s,
        next_at: now.saturating_add(said.interval_s),
        expires_at,
        failures: 0,
        over: false,
    };
    Ok(DeviceBegun {
        user_code: said.user_code,
        verification_uri: said.verification_uri,
        verification_uri_complete: said.verification_uri_complete,
        interval_s: said.interval_s,
        expires_at,
        pending,
    })
}

/// The answer to the first request (RFC 8628, 3.2), all of which people are shown but the device code.
struct Said {
    device_code: Zeroizing<String>,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    interval_s: u64,
    life_s: u64,
}

impl Said {
    fn read(said: &Claims, metadata: &Metadata) -> Option<Said> {
        let text = |name: &str, most: usize| {
            let text = said.get(name).and_then(Value::as_str)?;
            let good =
                (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            good.then(|| text.to_owned())
        };
        let seconds = |name: &str, default: Option<u64>| said.get(name).map_or(default, Value::as_u64);
        // an address goes on as it was read, so that nothing strange reaches a terminal
        let address = |name: &str| match said.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_str().and_then(|text| metadata.allows(text).ok()).map(|url| Some(url.into())).ok_or(())
            }
        };
        // Google writes verification_url
        let verification_uri: Option<String> = address("verification_uri").ok()?.or(address("verification_url").ok()?);
        Some(Said {
            device_code: text("device_code", DEVICE_CODE_BYTES_MAX).map(Zeroizing::new)?,
            user_code: text("user_code", USER_CODE_BYTES_MAX)?,
            verification_uri: verification_uri?,
            verification_uri_complete: address("verification_uri_complete").ok()?,
            interval_s: seconds("interval", Some(INTERVAL_S))?.clamp(1, INTERVAL_MAX_S),
            life_s: seconds("expires_in", None)?.min(LIFE_MAX_S),
        })
    }
}

pub(super) async fn poll(at: At<'_>, pending: &mut DevicePending, now: u64) -> Result<DevicePoll, LoginRefused> {
    if pending.over {
        return refused(LoginCheck::Code, "this login is finished; log in again");
    }
    let asked = ask(at, pending, now).await;
    pending.over = !matches!(asked, Ok(DevicePoll::Pending { .. }));
    asked
}

async fn ask(at: At<'_>, pending: &mut DevicePending, now: u64) -> Result<DevicePoll, LoginRefused> {
    let name = at.name();
    at.provider.check_same(&at.issuer.config, &pending.metadata)?;
    if now >= pending.expires_at {
        return expired();
    }
    if now < pending.next_at {
        return Ok(DevicePoll::Pending { interval_s: pending.interval_s });
    }
    let grant = [
        ("grant_type", GRANT),
        ("device_code", pending.device_code.as_str()),
        ("code_verifier", pending.verifier.as_str()),
    ];
    match at.provider.grant(&pending.metadata, &grant).await {
        Ok(token) => at.id_token(&token, None, now).await.map(|caller| DevicePoll::Done(Arc::new(caller))),
        Err(Failed::Said(error)) => match error.as_str() {
            "authorization_pending" => {
                pending.failures = 0;
                Ok(pending.wait(now))
            }
            "slow_down" => {
                pending.failures = 0;
                pending.interval_s = pending.interval_s.saturating_add(SLOW_DOWN_S).min(INTERVAL_MAX_S);
                Ok(pending.wait(now))
            }
            "expired_token" => expired(),
            error => Err(at.provider.refusal(name, error)),
        },
        Err(Failed::NoAnswer(what)) => {
            let refused = at.provider.no_answer(name, &what);
            pending.failures = pending.failures.saturating_add(1);
            if pending.failures >= FAILURES_MAX {
                return Err(refused);
            }
            // RFC 8628, 3.5: whoever gets no answer has to ask less often
            pending.interval_s = pending.interval_s.saturating_mul(2).min(INTERVAL_MAX_S);
            Ok(pending.wait(now))
        }
        Err(Failed::Refused(refused)) => Err(refused),
    }
}

fn expired<T>() -> Result<T, LoginRefused> {
    refused(LoginCheck::Expired, "nobody entered the code in time; log in again")
}
