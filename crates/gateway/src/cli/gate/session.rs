//! A login that is kept here, at work: it proves itself to the gate with its device key.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use reqwest::Method;
use serde_json::Value;
use zeroize::Zeroizing;

use super::device::DeviceKey;
use super::logins::{ClientSecret, Login, Logins, Secret};
use super::web::{Request, Web};
use super::{Failed, GateUrl, Place, TEXT_MAX};
use crate::cli::evidence::table::shown;
use crate::cli::evidence::time;

/// Everything about a login is small and quick.
pub(crate) const ANSWER: Duration = Duration::from_secs(30);
/// A clock may differ from the gate's by this much; what ended longer ago need not be asked about.
const SKEW: u64 = 60;
/// A token's life is counted by this clock only so far.
const TOKEN_S_MAX: u64 = 3600;

/// A login and the way to its gate.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) login: Login,
    web: Web,
    key: DeviceKey,
}

/// A token that was made for this login.
pub(crate) struct Minted {
    pub(crate) token: Zeroizing<String>,
    /// Unix seconds.
    pub(crate) expires_at: u64,
    pub(crate) groups_known: bool,
}

impl Session {
    /// The login at this gate, or the last one.
    ///
    /// # Errors
    /// Nobody is logged in, the login has ended, or others may read it.
    pub(crate) fn open(gate: Option<&str>, ca_file: Option<&Path>) -> Result<Session, Failed> {
        Session::of(find(gate)?, ca_file)
    }

    /// A login as it was kept.
    ///
    /// # Errors
    /// It has ended, or its key or certificates cannot be read.
    pub(crate) fn of(login: Login, ca_file: Option<&Path>) -> Result<Session, Failed> {
        let gate = GateUrl::parse(&login.gate)?;
        if login.ends_at.saturating_add(SKEW) <= time::now_ms() / 1000 {
            let (name, at) = (shown(&login.name, TEXT_MAX), time::rfc3339(login.ends_at.saturating_mul(1000)));
            return Err(Failed::not_allowed(anyhow!("the login of {name} at {gate} ended at {at}; {}", again(&gate))));
        }
        let damaged = || format!("the device key of the login at {gate} is damaged; {}", again(&gate));
        let key = DeviceKey::from_text(login.device_key.reveal()).with_context(damaged)?;
        let web = Web::new(gate, ca_file.or(login.ca_file.as_deref()))?;
        Ok(Session { login, web, key })
    }

    /// The gate's web listener.
    pub(crate) fn web(&self) -> &Web {
        &self.web
    }

    /// Makes a token: `kafka` or `control`.
    ///
    /// # Errors
    /// The gate does not answer, or the login has ended.
    pub(crate) async fn mint(&self, audience: &str) -> Result<Minted, Failed> {
        let answer = self.ask("token", "/v1/token", Some(audience)).await?;
        let now = time::now_ms() / 1000;
        let expires_at = answer.get("expires_at").and_then(Value::as_u64);
        let token = answer.get("token").and_then(Value::as_str).filter(|token| is_token(token));
        let (Some(token), Some(expires_at)) = (token, expires_at) else {
            return Err(Failed::unreachable(anyhow!(
                "{} answers without a token; is its version this one's?",
                self.web.gate()
            )));
        };
        let expires_at = expires_at.min(now.saturating_add(TOKEN_S_MAX));
        let groups_known = answer.get("groups_known").and_then(Value::as_bool).unwrap_or(false);
        Ok(Minted { token: Zeroizing::new(token.to_owned()), expires_at, groups_known })
    }

    /// Makes id and secret for Kafka clients that fetch tokens by themselves. Those before are dead.
    ///
    /// # Errors
    /// The gate does not answer, or the login has ended.
    pub(crate) async fn client_secret(&self) -> Result<ClientSecret, Failed> {
        let answer = self.ask("client", "/v1/client-secret", None).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (id, secret) =
            (text("client_id").filter(|id| is_word(id)), text("client_secret").filter(|text| is_word(text)));
        let endpoint = text("token_endpoint").filter(|url| self.web.gate().has(url) && url.chars().all(is_plain));
        let ends_at = answer.get("ends_at").and_then(Value::as_u64);
        let (Some(id), Some(secret), Some(endpoint), Some(ends_at)) = (id, secret, endpoint, ends_at) else {
            let what = "answers without a client secret, or leads to a token endpoint of another host";
            return Err(Failed::unreachable(anyhow!("{} {what}; is its version this one's?", self.web.gate())));
        };
        Ok(ClientSecret { id: id.into(), secret: Secret::new(secret), token_endpoint: endpoint.into(), ends_at })
    }

    /// Ends the login at the gate.
    ///
    /// # Errors
    /// The gate does not answer, or does not know the login.
    pub(crate) async fn log_out(&self) -> Result<(), Failed> {
        self.ask("logout", "/v1/logout", None).await.map(drop)
    }

    async fn ask(&self, what: &str, path: &str, audience: Option<&str>) -> Result<Value, Failed> {
        let body = self.key.request(what, &self.login.gate, &self.login.session, audience)?;
        let request = Request { method: Method::POST, path, bearer: None, body: Some(&body), within: ANSWER };
        match self.web.ask(request).await {
            Ok((_, answer)) => Ok(answer),
            Err(failed) if failed.is_refusal() => Err(failed.with_mend(&again(self.web.gate()))),
            Err(failed) => Err(failed),
        }
    }
}

/// The login that is kept for this gate, or the last one.
///
/// # Errors
/// Nobody is logged in, or the login cannot be believed.
pub(crate) fn find(gate: Option<&str>) -> Result<Login, Failed> {
    let logins = Logins::here()?;
    let Some(gate) = gate else {
        let none = "nobody is logged in here; log in: tidegate login --gate https://GATE:PORT";
        return logins.last()?.ok_or_else(|| Failed::not_allowed(anyhow!(none)));
    };
    match Place::parse(gate)? {
        Place::Web(gate) => {
            let none = || anyhow!("nobody is logged in at {gate}; log in: tidegate login --gate {gate}");
            logins.at(&gate)?.ok_or_else(|| Failed::not_allowed(none()))
        }
        Place::Socket(_) => Err(Failed::from(anyhow!(
            "{gate:?} is a control socket, and logins are at a gate's address: --gate https://GATE:PORT"
        ))),
    }
}

fn again(gate: &GateUrl) -> String {
    format!("log in again: tidegate login --gate {gate}")
}

/// Whether this is the shape of a token: nothing in it ends a line or a header.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 << 10 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Letters, digits and what stands in base64url: safe in every file that a client reads.
pub(crate) fn is_word(text: &str) -> bool {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    !text.is_empty() && text.len() <= 512 && text.bytes().all(kept)
}

/// Nothing that begins or ends a text, a line or an escape.
fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | '`' | '$')
}
