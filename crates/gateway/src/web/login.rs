//! A device begins a login and fetches what came of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_evidence::entry::{Kind, Label};
use tidegate_identity::{DeviceBegun, DevicePoll, LoginRefused};
use tidegate_model::Caller;

use super::pending::{Guess, LoggedIn, PENDING_S, Pending, Redirect, Stage};
use super::proof::{Proven, Unproven, signed};
use super::{Web, digest_of, leaf_of, random_word};
use crate::control::{Peer, Refused, name_of};
use crate::state::{Login, Person};

/// Longest state of a device, in bytes.
const STATE_MAX: usize = 128;
/// Longest name of a device, in characters.
const MACHINE_MAX: usize = 64;
/// Names of groups that a leaf discloses, in bytes together.
const GROUPS_BYTES_MAX: usize = 32 * 1024;
/// What a device is told to wait where it asks too early.
const INTERVAL_S: u64 = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    #[serde(default)]
    provider: Option<String>,
    method: Method,
    #[serde(default)]
    redirect: Option<String>,
    #[serde(default)]
    state: Option<String>,
    device_key: String,
    machine: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    Browser,
    Device,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finish {
    #[serde(default)]
    code: Option<String>,
    proof: String,
}

/// Where people can log in.
pub(super) async fn providers(State(web): State<Arc<Web>>) -> Json<Value> {
    let rows: Vec<Value> = web
        .known_providers()
        .into_iter()
        .map(|(name, kind, device)| json!({ "name": name, "kind": kind, "device": device }))
        .collect();
    Json(json!({ "gate": web.url, "providers": rows }))
}

/// Begins a login.
pub(super) async fn begin(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Json(asked): Json<Begin>,
) -> Result<Json<Value>, Refused> {
    let provider = web.choose(asked.provider.as_deref(), asked.method)?;
    let redirect = redirect(asked.redirect, asked.state)?;
    let key = URL_SAFE_NO_PAD.decode(&asked.device_key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let Some(device_key) = key else { return Err(Refused::Wrong("device_key is not 32 bytes in base64url".into())) };
    let machine = asked.machine;
    if !(1..=MACHINE_MAX).contains(&machine.chars().count()) || machine.chars().any(char::is_control) {
        return Err(Refused::Wrong(format!("machine is a name of 1 to {MACHINE_MAX} printable characters")));
    }
    let (id, now_s) = (random_word::<16>()?, web.now_s());
    let mut new = Pending {
        provider: provider.clone(),
        device_key,
        machine,
        address: peer.address(),
        redirect,
        ends_s: now_s.saturating_add(PENDING_S),
        stage: Stage::Begun,
    };
    if asked.method == Method::Browser {
        web.pending.add(id.clone(), new, now_s).map_err(|full| Refused::TooMany(full.into()))?;
        let url = format!("{}/login/{id}", web.url);
        return Ok(Json(json!({ "login": id, "provider": provider, "url": url, "expires_in_s": PENDING_S })));
    }
    // Its place first: who may not begin one more asks no provider.
    new.stage = Stage::Busy;
    web.pending.add(id.clone(), new, now_s).map_err(|full| Refused::TooMany(full.into()))?;
    let begun = web.shared().issuers.load_full().begin_device(&provider, now_s).await;
    let begun = begun.map_err(|refused| {
        web.pending.remove(&id);
        unfit(&refused)
    })?;
    let DeviceBegun { user_code, verification_uri, verification_uri_complete, interval_s, expires_at, pending } = begun;
    let next_s = now_s.saturating_add(interval_s);
    web.pending.put(&id, Stage::AtDevicePage { pending: Box::new(pending), next_s });
    Ok(Json(json!({
        "login": id,
        "provider": provider,
        "user_code": user_code,
        "verification_uri": verification_uri,
        "verification_uri_complete": verification_uri_complete,
        "interval_s": interval_s,
        "expires_in_s": expires_at.saturating_sub(now_s).min(PENDING_S),
    })))
}

/// Gives the device its login, once the person is known.
pub(super) async fn finish(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(id): Path<String>,
    Json(Finish { code, proof }): Json<Finish>,
) -> Result<Response, Refused> {
    let now_s = web.now_s();
    let words = format!("tidegate finish v1\n{}\n{id}\n{}", web.url, code.as_deref().unwrap_or_default());
    let proven = web.pending.with(&id, now_s, |pending| signed(&pending.device_key, &words, &proof));
    match proven {
        None => return Err(over()),
        Some(false) => {
            web.failed(peer.address(), "login_proof").await;
            return Err(Refused::Unknown("the proof is not of the device that began this login".into()));
        }
        Some(true) => {}
    }
    if let Some(who) = web.poll_device_page(&id, now_s, &peer).await? {
        let Some(pending) = web.pending.remove(&id) else { return Err(over()) };
        return web.keep(&pending, who, &peer).await;
    }
    match web.pending.guess(&id, digest_of(code.as_deref().unwrap_or_default()), now_s) {
        Guess::Right(finished) => {
            let (pending, who) = *finished;
            web.keep(&pending, who, &peer).await
        }
        Guess::Wrong => {
            web.failed(peer.address(), "login_code").await;
            Err(Refused::Unknown("this is not the code of this login; look again, or begin anew".into()))
        }
        Guess::Early => Ok(pending_answer(INTERVAL_S)),
        Guess::Missing => Err(over()),
    }
}

/// Ends a login, and every live session of it.
pub(super) async fn logout(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Json(asked): Json<Proven>,
) -> Result<Json<Value>, Refused> {
    let login = web.proven(&asked, "logout", &peer).await?;
    web.control.log_out(&login, peer.address()).await?;
    Ok(Json(json!({ "ended": true })))
}

impl Web {
    /// Every identity provider at which people can log in: name, kind, whether by device flow.
    fn known_providers(&self) -> Vec<(String, &'static str, bool)> {
        let openid = self.shared().issuers.load().logins().into_iter().map(|(name, device)| (name, "oidc", device));
        let settings = self.settings.load();
        openid.chain(settings.saml.keys().map(|name| (name.clone(), "saml", false))).collect()
    }

    fn choose(&self, wanted: Option<&str>, method: Method) -> Result<String, Refused> {
        let known = self.known_providers();
        let names = || known.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", ");
        let found = match (wanted, known.as_slice()) {
            (_, []) => {
                return Err(Refused::Wrong("people cannot log in here: no [issuer.login] and no [[saml]]".into()));
            }
            (None, [only]) => only,
            (None, _) => return Err(Refused::Wrong(format!("name one of the identity providers: {}", names()))),
            (Some(wanted), known) => match known.iter().find(|(name, ..)| name == wanted) {
                Some(found) => found,
                None => return Err(Refused::Wrong(format!("people log in at {}, not at {wanted:?}", names()))),
            },
        };
        if method == Method::Device && !found.2 {
            let what = format!("{} has no device flow; use a browser, on any machine (--no-browser)", found.0);
            return Err(Refused::Wrong(what));
        }
        Ok(found.0.clone())
    }

    /// Asks the provider whether the person has finished at its device page; nothing where the login goes another way, or not yet.
    async fn poll_device_page(&self, id: &str, now_s: u64, peer: &Peer) -> Result<Option<LoggedIn>, Refused> {
        let due = |stage: &Stage| matches!(stage, Stage::AtDevicePage { next_s, .. } if *next_s <= now_s);
        let Some((_, Stage::AtDevicePage { mut pending, .. })) =
            self.pending.take(now_s, |one, stage| one == id && due(stage))
        else {
            return Ok(None);
        };
        match self.shared().issuers.load_full().poll_device(&mut pending, now_s).await {
            Ok(DevicePoll::Pending { interval_s }) => {
                let next_s = now_s.saturating_add(interval_s);
                self.pending.put(id, Stage::AtDevicePage { pending, next_s });
                Ok(None)
            }
            Ok(DevicePoll::Done(caller)) => Ok(Some(LoggedIn { person: person_of(&caller, now_s), ends_s: None })),
            Err(refused) => {
                self.pending.remove(id);
                self.failed_without_blame(peer.address(), refused.check.name()).await;
                Err(unfit(&refused))
            }
        }
    }

    /// Records a login, keeps it, and tells the device.
    async fn keep(&self, pending: &Pending, who: LoggedIn, peer: &Peer) -> Result<Response, Refused> {
        let now_ms = self.shared().now_ms();
        let began_s = now_ms / 1000;
        let longest = began_s.saturating_add(self.settings.load().login_s);
        let login = Login {
            id: random_word::<16>()?,
            person: who.person,
            device_key: pending.device_key,
            client_secret: None,
            machine: pending.machine.clone(),
            began_s,
            ends_s: who.ends_s.unwrap_or(longest).min(longest),
        };
        let caller = login.caller();
        if let Err(refused) = self.control.admit(&caller, peer.address(), self.secure()) {
            self.failed_without_blame(peer.address(), "login_barred").await;
            return Err(refused);
        }
        let mut entry = leaf_of(Kind::Login, &caller, &login.id, peer.address(), now_ms);
        entry.facts = vec![
            ("provider".into(), pending.provider.clone()),
            ("ends_at".into(), login.ends_s.to_string()),
            ("groups_known".into(), if caller.groups_known { "yes" } else { "no" }.into()),
        ];
        // What does not fit into a leaf is there by its number, and in the sessions by what decided.
        entry.facts.push(("groups".into(), caller.groups.len().to_string()));
        let groups = caller.groups.join("\n");
        if groups.len() <= GROUPS_BYTES_MAX {
            entry.disclosures.push((Label::Groups, groups.into_bytes()));
        }
        self.shared().log.append(entry).await.map_err(Refused::Unrecorded)?;
        tokio::task::block_in_place(|| self.control.state.add_login(&login)).map_err(Refused::Failed)?;
        let answer = json!({
            "session": login.id,
            "name": name_of(&caller),
            "groups": login.person.groups,
            "ends_at": login.ends_s,
        });
        Ok(Json(answer).into_response())
    }

    /// The login that a device asks about, if it is its own.
    pub(super) async fn proven(&self, asked: &Proven, what: &str, peer: &Peer) -> Result<Login, Refused> {
        let now_s = self.now_s();
        let found = tokio::task::block_in_place(|| self.control.state.login(&asked.session, now_s));
        let Some(login) = found.map_err(Refused::Failed)? else {
            self.failed_without_blame(peer.address(), "login_ended").await;
            return Err(Refused::LoginEnded);
        };
        match self.nonces.check(asked, (what, &self.url), &login.device_key, now_s) {
            Ok(()) => Ok(login),
            Err(Unproven::TooMany) => {
                Err(Refused::TooMany("this login asks too often; try again in two minutes".into()))
            }
            Err(Unproven::Wrong(why)) => {
                self.failed(peer.address(), "login_proof").await;
                Err(Refused::Unknown(why.into()))
            }
        }
    }
}

/// What is kept of a person whom an OpenID provider named.
///
/// A provider whose clock is ahead must not make a login look newer than a revocation that comes after it.
pub(super) fn person_of(caller: &Caller, now_s: u64) -> Person {
    Person {
        issuer: caller.issuer.clone(),
        subject: caller.subject.clone(),
        groups: caller.groups_known.then(|| caller.groups.clone()),
        client: caller.client.clone(),
        issued_at: caller.issued_at.map(|at| at.min(now_s)),
        mfa_at: caller.mfa_at,
    }
}

/// A port of this device and nothing else: the code must not go to another site.
fn redirect(url: Option<String>, state: Option<String>) -> Result<Option<Redirect>, Refused> {
    let Some(url) = url else { return Ok(None) };
    let port =
        ["http://127.0.0.1:", "http://[::1]:"].into_iter().find_map(|start| url.strip_prefix(start)?.strip_suffix('/'));
    let plain =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if !port.is_some_and(plain) {
        return Err(Refused::Wrong("redirect is http://127.0.0.1:PORT/ or http://[::1]:PORT/, or absent".into()));
    }
    let state = state.unwrap_or_default();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(16..=STATE_MAX).contains(&state.len()) || !state.bytes().all(good) {
        return Err(Refused::Wrong("with a redirect goes a state: 16 to 128 letters, digits, - and _".into()));
    }
    Ok(Some(Redirect { url, state }))
}

fn over() -> Refused {
    Refused::Missing("there is no such login, or its ten minutes are over; begin again".into())
}

fn pending_answer(interval_s: u64) -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "pending": true, "interval_s": interval_s }))).into_response()
}

fn unfit(refused: &LoginRefused) -> Refused {
    Refused::Unknown(format!("the login was refused: {}", refused.detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_to_a_port_of_this_device_only() {
        let state = || Some("0123456789abcdef".to_owned());
        for good in ["http://127.0.0.1:4711/", "http://[::1]:1/"] {
            assert!(redirect(Some(good.into()), state()).is_ok_and(|redirect| redirect.is_some()), "{good}");
        }
        for bad in [
            "http://127.0.0.1:4711",
            "https://127.0.0.1:4711/",
            "http://127.0.0.1/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:70000/",
            "http://127.0.0.1:80@evil.example/",
            "http://localhost:4711/",
            "http://127.0.0.1.evil.example:80/",
            "http://127.0.0.1:4711//evil.example/",
            "http://127.0.0.1:4711/?x=/",
            "http://evil.example:80/",
            "//evil.example/",
            "javascript:alert(1)",
            "http://127.0.0.1:+80/",
            "http://127.0.0.1:/",
        ] {
            assert!(redirect(Some(bad.into()), state()).is_err(), "{bad}");
        }
        assert!(redirect(Some("http://127.0.0.1:4711/".into()), None).is_err(), "without a state");
        assert!(redirect(Some("http://127.0.0.1:4711/".into()), Some("0123456789abcdef&x=1".into())).is_err());
        assert!(redirect(None, None).is_ok_and(|redirect| redirect.is_none()));
    }
}
