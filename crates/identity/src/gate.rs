//! The gate's own tokens: five minutes long, for people who have logged in, with what their identity provider said of them.
//!
//! Such a token is a JWT (RFC 9068) that names as `sub` the caller as policy writes it, `issuer:subject`, and carries the groups
//! in the same way. What is verified from it is the caller of the identity provider, not one of the gate's.

mod keys;

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tidegate_model::{Caller, CallerKind, CredentialKind};
use zeroize::Zeroizing;

pub use keys::{GateKeyError, GateKeys};

use crate::check::{Check, TokenRefused, refused, shown};
use crate::claims::{GROUP_BYTES_MAX, GROUPS_MAX};
use crate::token::{
    Claims, Parts, SUBJECT_BYTES_MAX, TOKEN_BYTES_MAX, check_critical, is_name, kid, seconds, sha256, short_text,
};

/// Life of a gateway token, in seconds.
pub const GATE_TOKEN_S: u64 = 300;
/// Seconds by which the clocks of two gates that share keys may differ.
const LEEWAY_S: u64 = 30;

/// What a gateway token is for. One for Kafka is no use at the gate's own interface, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The Kafka listeners.
    Kafka,
    /// The gate's own interface: commands, the web.
    Control,
}

impl Audience {
    /// The `aud` claim.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Control => "control",
        }
    }

    /// What a token that came in this way has to be for.
    fn of(credential: CredentialKind) -> Audience {
        match credential {
            CredentialKind::HttpBearer | CredentialKind::LocalUser => Self::Control,
            CredentialKind::OauthBearer
            | CredentialKind::PlainToken
            | CredentialKind::PlainPassword
            | CredentialKind::Scram
            | CredentialKind::Certificate => Self::Kafka,
        }
    }
}

/// A login at the gate, for which a token is made.
#[derive(Clone, Copy, Debug)]
pub struct GateLogin<'a> {
    /// Who logged in, as the identity provider's credential said.
    pub caller: &'a Caller,
    /// Id of the login: a revocation of it ends all its tokens.
    pub session: &'a str,
    /// Unix seconds at which the login ends, and its tokens with it.
    pub ends_at: u64,
}

/// A token that was made.
#[derive(Clone)]
pub struct Minted {
    /// The token.
    pub token: Zeroizing<String>,
    /// Its `jti`, for evidence.
    pub token_id: String,
    /// Unix seconds at which it ends.
    pub expires_at: u64,
    /// False when the caller's groups are unknown or too many for a token: then they are in no group that permits anything.
    pub groups_known: bool,
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minted").field("token_id", &self.token_id).finish_non_exhaustive()
    }
}

/// Why no token is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// The login has ended.
    #[error("the login has ended; log in again")]
    Ended,
    /// A gateway token was offered as proof of another login than its own.
    #[error("a gateway token is not a login of its own; use the login it was made for")]
    OtherLogin,
    /// Subject, session, client or names of groups are empty, too long or hold control characters.
    #[error(
        "the identity provider's name for the caller cannot stand in a token: empty, too long, or control characters"
    )]
    Name,
    /// The system gives no randomness.
    #[error("no token can be made: the system gives no random numbers")]
    Random,
}

/// The gate as an issuer of tokens.
#[derive(Debug)]
pub struct GateIssuer {
    name: String,
    keys: ArcSwap<GateKeys>,
}

impl GateIssuer {
    /// `name` is the `iss` of its tokens: the gate's own URL, or another name that no other issuer has.
    #[must_use]
    pub fn new(name: String, keys: GateKeys) -> GateIssuer {
        GateIssuer { name, keys: ArcSwap::from_pointee(keys) }
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys in force.
    #[must_use]
    pub fn keys(&self) -> Arc<GateKeys> {
        self.keys.load_full()
    }

    /// Puts other keys in force, at once for all.
    pub fn replace_keys(&self, keys: GateKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// Makes a token for a login. It lives [`GATE_TOKEN_S`] seconds, or less when the login ends before.
    ///
    /// # Errors
    /// The login has ended or is another's; a name that cannot stand in a token; no randomness.
    pub fn mint(&self, login: &GateLogin<'_>, audience: Audience, now_unix: u64) -> Result<Minted, MintError> {
        let GateLogin { caller, session, ends_at } = *login;
        let expires_at = now_unix.saturating_add(GATE_TOKEN_S).min(ends_at);
        if expires_at <= now_unix {
            return Err(MintError::Ended);
        }
        if caller.via_gate && caller.session.as_deref() != Some(session) {
            return Err(MintError::OtherLogin);
        }
        let mut names = [&caller.issuer, &caller.subject].into_iter().chain(&caller.client).map(String::as_str);
        let good = |name| is_name(name, SUBJECT_BYTES_MAX);
        if !names.all(good) || !good(session) || caller.issuer.contains(':') {
            return Err(MintError::Name);
        }
        let subject = format!("{}:{}", caller.issuer, caller.subject);
        let mut id = [0; 16];
        rand::fill(&mut id).ok().ok_or(MintError::Random)?;
        let token_id = URL_SAFE_NO_PAD.encode(id);
        let mut claims = json!({
            "iss": self.name, "aud": audience.name(), "sub": subject, "iat": now_unix, "exp": expires_at, "jti": token_id,
            "sid": session, "kind": kind_word(caller.kind),
        });
        set(&mut claims, "client_id", caller.client.clone().map(Value::from));
        // what was issued before a revocation has to stay so in every token that comes of it
        set(&mut claims, "login_at", caller.issued_at.map(|at| at.min(now_unix).into()));
        set(&mut claims, "amr", caller.mfa_at.map(|_| json!(["mfa"])));
        set(&mut claims, "auth_time", caller.mfa_at.map(Value::from));
        let without = self.signed(&claims);
        set(&mut claims, "groups", caller.groups_known.then(|| json!(caller.groups)));
        let with = self.signed(&claims);
        let fits = with.len() <= TOKEN_BYTES_MAX && caller.groups.len() <= GROUPS_MAX;
        let groups_known = caller.groups_known && fits;
        let token = if groups_known { with } else { without };
        Ok(Minted { token, token_id, expires_at, groups_known })
    }

    fn signed(&self, claims: &Value) -> Zeroizing<String> {
        let (signed, signature) = self.keys.load().sign(|kid| {
            let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
        });
        Zeroizing::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The caller of the identity provider that the token names; the checks in the order of the list.
    pub(crate) fn verify(
        &self,
        token: &str,
        parts: &Parts<'_>,
        credential: CredentialKind,
        now: u64,
    ) -> Result<Caller, TokenRefused> {
        if parts.header.get("alg") != Some(&json!("EdDSA")) {
            return refused(Check::Algorithm, "a gateway token is signed with EdDSA");
        }
        check_critical(&parts.header)?;
        if parts.header.get("typ") != Some(&json!("at+jwt")) {
            return refused(Check::Type, "a gateway token has typ at+jwt");
        }
        let kid = kid(&parts.header)?.unwrap_or_default();
        let signature = URL_SAFE_NO_PAD.decode(parts.signature).unwrap_or_default();
        match self.keys.load().verify(kid, parts.signed.as_bytes(), &signature, now) {
            None => return refused(Check::Key, format!("the gate has no key {}; get a new token", shown(kid))),
            Some(false) => return refused(Check::Signature, "not made with the gate's key, or changed since"),
            Some(true) => {}
        }
        believe(token, &parts.claims, credential, now)
    }
}

/// From verified claims to the caller.
fn believe(token: &str, claims: &Claims, credential: CredentialKind, now: u64) -> Result<Caller, TokenRefused> {
    let audience = Audience::of(credential).name();
    if claims.get("aud").and_then(Value::as_str) != Some(audience) {
        return refused(Check::Audience, format!("this gateway token is not for {audience}"));
    }
    let expires_at = check_times(claims, now)?;
    let subject = claims.get("sub").and_then(Value::as_str).and_then(|sub| sub.split_once(':'));
    let Some((issuer, subject)) = subject.filter(|(_, subject)| is_name(subject, SUBJECT_BYTES_MAX)) else {
        return refused(Check::Subject, "sub is not issuer:subject");
    };
    let kind = match claims.get("kind").and_then(Value::as_str) {
        Some("user") => CallerKind::User,
        Some("workload") => CallerKind::Workload,
        _ => return refused(Check::Subject, "kind is neither user nor workload"),
    };
    let groups = groups(claims, issuer)?;
    Ok(Caller {
        kind,
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        groups_known: groups.is_some(),
        groups: groups.unwrap_or_default(),
        client: short_text(claims, "client_id"),
        token_id: short_text(claims, "jti"),
        token_hash: Some(sha256(&[token.as_bytes()])),
        session: short_text(claims, "sid"),
        credential,
        via_gate: true,
        issued_at: seconds(claims, "login_at").ok().flatten(),
        expires_at,
        mfa_at: seconds(claims, "auth_time").ok().flatten().map(|at| at.min(now)),
    })
}

/// Checks `exp`, `iat` and the whole life; gives `exp`.
fn check_times(claims: &Claims, now: u64) -> Result<u64, TokenRefused> {
    let exp = match seconds(claims, "exp") {
        Ok(Some(exp)) if exp > now => exp,
        _ => return refused(Check::Expiry, "expired; get a new gateway token"),
    };
    match seconds(claims, "iat") {
        Ok(Some(iat)) if iat > now.saturating_add(LEEWAY_S) => {
            refused(Check::IssuedAt, "iat is in the future; compare the clocks")
        }
        Ok(Some(iat)) if exp.saturating_sub(iat) <= GATE_TOKEN_S => Ok(exp),
        _ => refused(Check::Lifetime, format!("valid for more than {GATE_TOKEN_S} s")),
    }
}

/// The groups, each of the caller's own identity provider; `None` when they are unknown.
fn groups(claims: &Claims, issuer: &str) -> Result<Option<Vec<String>>, TokenRefused> {
    let Some(value) = claims.get("groups") else { return Ok(None) };
    let prefix = format!("{issuer}:");
    let own = |name: &str| name.strip_prefix(&prefix).is_some_and(|name| is_name(name, GROUP_BYTES_MAX));
    let names: Option<Vec<String>> = value
        .as_array()
        .filter(|many| many.len() <= GROUPS_MAX)
        .and_then(|many| many.iter().map(|name| name.as_str().filter(|name| own(name)).map(str::to_owned)).collect());
    match names {
        Some(mut names) => {
            names.sort_unstable();
            names.dedup();
            Ok(Some(names))
        }
        None => refused(Check::Groups, "groups is no list of names of one identity provider"),
    }
}

fn kind_word(kind: CallerKind) -> &'static str {
    match kind {
        CallerKind::User => "user",
        CallerKind::Workload => "workload",
    }
}

fn set(claims: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(claims), Some(value)) = (claims.as_object_mut(), value) {
        claims.insert(name.to_owned(), value);
    }
}
