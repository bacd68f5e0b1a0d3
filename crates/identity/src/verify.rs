//! From a token to a caller: every check of the list, in order.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use tidegate_model::{Caller, CallerKind, CredentialKind};

use crate::check::{Check, TokenRefused, refused, shown};
use crate::config::{IdentityError, IssuerConfig, KindRule, MissingGroups, algorithm, validate_all};
use crate::issuer::{Issuer, IssuerState};
use crate::json::{JsonError, strict_object};

/// Longest token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 16 * 1_024;
const KID_BYTES_MAX: usize = 256;
const SUBJECT_BYTES_MAX: usize = 512;
const GROUPS_MAX: usize = 2_000;
const GROUP_BYTES_MAX: usize = 512;
const ISSUER_BYTES_MAX: usize = 2_048;
/// Tokens whose outcome is kept.
const KEPT_MAX: usize = 10_000;
const REFRESH_EVERY: Duration = Duration::from_secs(300);
/// After a refresh that failed for some issuer.
const REFRESH_AGAIN: Duration = Duration::from_secs(30);

type Claims = Map<String, Value>;

/// The configured issuers, their keys and the callers that were verified.
pub struct Issuers {
    issuers: Vec<Issuer>,
    /// By SHA-256 of credential kind and token.
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

struct Kept {
    caller: Arc<Caller>,
    issuer: usize,
    generation: u64,
    until: u64,
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuers").field("issuers", &self.state()).finish_non_exhaustive()
    }
}

/// The parts of a token before anything is believed.
struct Parts<'a> {
    header: Claims,
    claims: Claims,
    signed: &'a str,
    signature: &'a str,
}

impl Issuers {
    /// Checks the configuration. No key is fetched yet: call [`Issuers::refresh_all`], then run
    /// [`Issuers::run_refresh`]. A token that comes earlier causes the fetch itself.
    ///
    /// # Errors
    /// A setting that is wrong, a `ca_file` that cannot be read.
    pub fn new(configs: Vec<IssuerConfig>) -> Result<Arc<Self>, IdentityError> {
        validate_all(&configs)?;
        let issuers = configs.into_iter().map(Issuer::new).collect::<Result<_, _>>()?;
        Ok(Arc::new(Issuers { issuers, kept: Mutex::default() }))
    }

    /// Fetches all issuers' keys, one after the other. What fails is in [`Issuers::state`].
    pub async fn refresh_all(&self) {
        self.refresh_each().await;
    }

    async fn refresh_each(&self) -> bool {
        let mut all = true;
        for issuer in &self.issuers {
            all &= issuer.refresh(unix_now()).await;
        }
        all
    }

    /// Fetches all keys every 5 minutes, and up to 30 seconds more; sooner after a failure. Never returns.
    pub async fn run_refresh(self: Arc<Self>) {
        let mut wait = REFRESH_EVERY;
        loop {
            tokio::time::sleep(wait + jitter()).await;
            wait = if self.refresh_each().await { REFRESH_EVERY } else { REFRESH_AGAIN };
        }
    }

    /// How each issuer's keys are doing.
    #[must_use]
    pub fn state(&self) -> Vec<IssuerState> {
        self.issuers.iter().map(Issuer::state).collect()
    }

    /// Verifies a token at `now_unix` (Unix seconds). May fetch keys, at most once in 10 seconds per issuer.
    ///
    /// The same token is verified once; its outcome is kept until it expires or its issuer's keys change.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn verify(
        &self,
        token: &str,
        credential: CredentialKind,
        now_unix: u64,
    ) -> Result<Arc<Caller>, TokenRefused> {
        if token.len() > TOKEN_BYTES_MAX {
            return refused(Check::Size, format!("longer than {TOKEN_BYTES_MAX} bytes"));
        }
        let key = kept_key(token, credential);
        if let Some(caller) = self.kept(&key, now_unix) {
            return Ok(caller);
        }
        let parts = split(token)?;
        let (index, issuer) = self.issuer(&parts.claims)?;
        let algorithm = pinned_algorithm(&parts.header, issuer)?;
        check_critical(&parts.header)?;
        check_type(&parts.header, &parts.claims, issuer.config.accept_id_token)?;
        let (keys, generation) = issuer.keys_for(kid(&parts.header)?, algorithm, now_unix).await?;
        let good = |key| jsonwebtoken::crypto::verify(parts.signature, parts.signed.as_bytes(), key, algorithm);
        if !keys.iter().any(|key| matches!(good(key), Ok(true))) {
            return refused(Check::Signature, "not made with the issuer's key, or changed since");
        }
        let caller = Arc::new(believe(token, &parts.claims, &issuer.config, credential, now_unix)?);
        if caller.expires_at > now_unix + 1 {
            let until = caller.expires_at;
            self.keep(key, Kept { caller: Arc::clone(&caller), issuer: index, generation, until }, now_unix);
        }
        Ok(caller)
    }

    fn issuer(&self, claims: &Claims) -> Result<(usize, &Issuer), TokenRefused> {
        let Some(iss) = claims.get("iss").and_then(Value::as_str).filter(|iss| iss.len() <= ISSUER_BYTES_MAX) else {
            return refused(Check::Issuer, "no iss");
        };
        match self.issuers.iter().enumerate().find(|(_, issuer)| issuer.config.issuer == iss) {
            Some(found) => Ok(found),
            None => refused(Check::Issuer, format!("{} is not configured; every character counts", shown(iss))),
        }
    }

    fn kept(&self, key: &[u8; 32], now: u64) -> Option<Arc<Caller>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key)?;
        let generation = self.issuers.get(found.issuer)?.generation(now)?;
        (now < found.until && generation == found.generation).then(|| Arc::clone(&found.caller))
    }

    fn keep(&self, key: [u8; 32], new: Kept, now: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, old| now < old.until);
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
        }
        kept.insert(key, new);
    }
}

/// Header and claims of a token (RFC 7519) as its sender wrote them: nothing is verified, nothing may be believed.
#[derive(Clone, PartialEq)]
pub struct Unverified {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").finish_non_exhaustive()
    }
}

/// Takes a token apart, for `tidegate token inspect`.
///
/// # Errors
/// The first of [`Check::Size`], [`Check::Form`] and [`Check::DuplicateNames`] that fails.
pub fn look(token: &str) -> Result<Unverified, TokenRefused> {
    if token.len() > TOKEN_BYTES_MAX {
        return refused(Check::Size, format!("longer than {TOKEN_BYTES_MAX} bytes"));
    }
    split(token).map(|parts| Unverified { header: parts.header, claims: parts.claims })
}

fn kept_key(token: &str, credential: CredentialKind) -> [u8; 32] {
    sha256(&[credential.name().as_bytes(), b"\0", token.as_bytes()])
}

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Up to 30 seconds.
fn jitter() -> Duration {
    let mut bytes = [0; 2];
    // without randomness there is no jitter, which does no harm
    let filled = rand::fill(&mut bytes).is_ok();
    Duration::from_millis(if filled { u64::from(u16::from_be_bytes(bytes)) * 30_000 / 65_536 } else { 0 })
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn split(token: &str) -> Result<Parts<'_>, TokenRefused> {
    let form = |what: &str| TokenRefused { check: Check::Form, detail: what.to_owned() };
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| form("a JWT has three parts"))?;
    let (header, claims) = signed.split_once('.').ok_or_else(|| form("a JWT has three parts"))?;
    if claims.contains('.') {
        return Err(form("a JWT has three parts; an encrypted token (JWE) is not accepted"));
    }
    let object = |name: &str, part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok().ok_or_else(|| form(&format!("the {name} is not base64url")))?;
        strict_object(&bytes).map_err(|error| match error {
            JsonError::Form => form(&format!("the {name} is no JSON object")),
            JsonError::Twice => {
                TokenRefused { check: Check::DuplicateNames, detail: format!("a name stands twice in the {name}") }
            }
        })
    };
    Ok(Parts { header: object("header", header)?, claims: object("claims", claims)?, signed, signature })
}

fn pinned_algorithm(header: &Claims, issuer: &Issuer) -> Result<Algorithm, TokenRefused> {
    let name = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    // RFC 9864 calls EdDSA over Ed25519 by the curve's name
    let found = algorithm(if name == "Ed25519" { "EdDSA" } else { name });
    match found.filter(|found| issuer.algorithms.contains(found)) {
        Some(found) => Ok(found),
        None => {
            let accepted = issuer.config.algorithms.join(", ");
            refused(Check::Algorithm, format!("{} is not one of the issuer's algorithms: {accepted}", shown(name)))
        }
    }
}

fn check_critical(header: &Claims) -> Result<(), TokenRefused> {
    match header.get("crit") {
        Some(_) => refused(Check::Critical, "the header has crit; no such extension is understood here"),
        None => Ok(()),
    }
}

/// `jku`, `jwk`, `x5u` and `x5c` in the header are never looked at: only `kid` chooses among the issuer's keys.
fn kid(header: &Claims) -> Result<Option<&str>, TokenRefused> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if kid.len() <= KID_BYTES_MAX => Ok(Some(kid)),
        Some(_) => refused(Check::Key, format!("kid is no text of at most {KID_BYTES_MAX} bytes")),
    }
}

fn check_type(header: &Claims, claims: &Claims, accept_id_token: bool) -> Result<(), TokenRefused> {
    let name = match header.get("typ") {
        None => String::new(),
        Some(Value::String(name)) => name.to_ascii_lowercase(),
        Some(_) => return refused(Check::Type, "typ is no text"),
    };
    let name = name.strip_prefix("application/").unwrap_or(&name);
    if !matches!(name, "" | "jwt" | "at+jwt") {
        return refused(Check::Type, format!("typ {} is neither at+jwt nor JWT", shown(name)));
    }
    if claims.contains_key("cnf") {
        return refused(Check::Type, "the token is bound to a key (cnf), which this listener cannot check");
    }
    let says = claims.get("typ").and_then(Value::as_str).unwrap_or_default();
    if claims.contains_key("events") || ["Refresh", "Offline", "Logout"].contains(&says) {
        return refused(Check::Type, "a logout, event or refresh token is no access token");
    }
    let id_token = name != "at+jwt"
        && (says == "ID" || ["nonce", "at_hash", "c_hash", "s_hash"].iter().any(|claim| claims.contains_key(*claim)));
    if id_token && !accept_id_token {
        return refused(Check::Type, "an ID token; send the access token, or set accept_id_token for this issuer");
    }
    Ok(())
}

/// The checks of the claims, once the signature is known to be right.
fn believe(
    token: &str,
    claims: &Claims,
    config: &IssuerConfig,
    credential: CredentialKind,
    now: u64,
) -> Result<Caller, TokenRefused> {
    let client = ["azp", "client_id"].iter().find_map(|claim| short_text(claims, claim));
    check_audience(claims, config, client.as_deref())?;
    let kind = kind(claims, &config.kind);
    let expires_at = check_times(claims, config, kind, now)?;
    let subject = match claims.get("sub") {
        Some(Value::String(sub)) if is_name(sub, SUBJECT_BYTES_MAX) => sub.clone(),
        _ => return refused(Check::Subject, "no sub, or an empty, long or strange one"),
    };
    let (groups, groups_known) = groups(claims, config)?;
    Ok(Caller {
        kind,
        issuer: config.name.clone(),
        subject,
        groups,
        groups_known,
        client,
        token_id: short_text(claims, "jti"),
        token_hash: Some(sha256(&[token.as_bytes()])),
        session: short_text(claims, "sid"),
        credential,
        via_gate: false,
        issued_at: claims.get("iat").and_then(Value::as_u64),
        // accepted by leeway only: a second is left, since a life of zero would read as "does not end" (KAFKA-13848)
        expires_at: expires_at.max(now.saturating_add(1)),
        mfa_at: mfa_at(claims, now),
    })
}

fn check_audience(claims: &Claims, config: &IssuerConfig, client: Option<&str>) -> Result<(), TokenRefused> {
    let audiences: Option<Vec<&str>> = match claims.get("aud") {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let audiences = audiences.unwrap_or_default();
    if !audiences.iter().any(|audience| config.audiences.iter().any(|accepted| accepted == audience)) {
        return refused(Check::Audience, format!("aud contains none of: {}", config.audiences.join(", ")));
    }
    let listed = client.is_some_and(|client| config.authorized_parties.iter().any(|accepted| accepted == client));
    if (audiences.len() > 1 || !config.authorized_parties.is_empty()) && !listed {
        let found = client.map_or_else(|| "no azp or client_id".to_owned(), shown);
        return refused(Check::AuthorizedParty, format!("{found}: not one of the issuer's authorized_parties"));
    }
    Ok(())
}

/// Checks `exp`, `nbf`, `iat` and the whole life; gives `exp`.
fn check_times(claims: &Claims, config: &IssuerConfig, kind: CallerKind, now: u64) -> Result<u64, TokenRefused> {
    let leeway = config.leeway_s;
    let Ok(Some(exp)) = seconds(claims, "exp") else {
        return refused(Check::Expiry, "no exp, or one that is no time");
    };
    if now >= exp.saturating_add(leeway) {
        return refused(Check::Expiry, format!("expired {} s ago", now - exp));
    }
    let soonest = now.saturating_add(leeway);
    match seconds(claims, "nbf") {
        Ok(None) => {}
        Ok(Some(nbf)) if nbf <= soonest => {}
        _ => return refused(Check::NotBefore, "nbf is in the future or no time; compare the clocks"),
    }
    let iat = match seconds(claims, "iat") {
        Ok(None) => now,
        Ok(Some(iat)) if iat <= soonest => iat,
        _ => return refused(Check::IssuedAt, "iat is in the future or no time; compare the clocks"),
    };
    let cap = config.lifetime_max(kind == CallerKind::Workload);
    let life = exp.saturating_sub(iat.min(now));
    // without iat the issue time is not known, and the two clocks may differ
    let slack = if claims.contains_key("iat") { 0 } else { leeway };
    if life > cap.saturating_add(slack) {
        return refused(
            Check::Lifetime,
            format!("valid for {life} s, more than the issuer's token_lifetime_max_s of {cap}"),
        );
    }
    Ok(exp)
}

/// A NumericDate (RFC 7519, 2), whole seconds.
fn seconds(claims: &Claims, name: &str) -> Result<Option<u64>, ()> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Ok(Some(whole)),
            (None, Some(real)) if (0.0..1e15).contains(&real) => {
                format!("{:.0}", real.floor()).parse().ok().map(Some).ok_or(())
            }
            _ => Err(()),
        },
        Some(_) => Err(()),
    }
}

fn kind(claims: &Claims, rule: &KindRule) -> CallerKind {
    match rule {
        KindRule::User => CallerKind::User,
        KindRule::Workload => CallerKind::Workload,
        KindRule::ByClaim { claim, workload } => {
            let value = find(claims, claim).and_then(Value::as_str);
            match value.is_some_and(|value| workload.iter().any(|wanted| wanted == value)) {
                true => CallerKind::Workload,
                false => CallerKind::User,
            }
        }
    }
}

/// The groups, prefixed, sorted, without duplicates; and whether they are known.
fn groups(claims: &Claims, config: &IssuerConfig) -> Result<(Vec<String>, bool), TokenRefused> {
    let path = &config.groups_claim;
    if overage(claims, path) {
        return Ok((Vec::new(), false));
    }
    let names: Option<Vec<&str>> = match find(claims, path) {
        None => return Ok((Vec::new(), config.missing_groups == MissingGroups::None)),
        Some(Value::Array(many)) if many.len() <= GROUPS_MAX => many.iter().map(Value::as_str).collect(),
        Some(Value::Array(_)) => return refused(Check::Groups, format!("more than {GROUPS_MAX} groups")),
        Some(Value::String(one)) => Some(vec![one]),
        Some(_) => None,
    };
    // a group that is left out would be one that no forbid sees
    let Some(names) = names.filter(|names| names.iter().all(|name| is_name(name, GROUP_BYTES_MAX))) else {
        return refused(Check::Groups, format!("{} is no list of names", shown(path)));
    };
    let mut groups: Vec<String> = names.iter().map(|name| format!("{}:{name}", config.name)).collect();
    groups.sort_unstable();
    groups.dedup();
    Ok((groups, true))
}

/// Whether the token says that there are groups but leaves them out (Entra ID: `_claim_names`, `hasgroups`). The place
/// that it names instead is never asked.
fn overage(claims: &Claims, path: &str) -> bool {
    let elsewhere = match claims.get("_claim_names") {
        None => false,
        Some(Value::Object(names)) => {
            let first = path.split('.').next().unwrap_or(path);
            names.contains_key(path) || names.contains_key(first) || names.contains_key("groups")
        }
        Some(_) => true,
    };
    elsewhere || claims.get("hasgroups").is_some_and(|value| *value == true || value == "true")
}

/// A claim by its whole name, else by a path with dots.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let mut steps = path.split('.');
    let first = claims.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.as_object()?.get(step))
}

fn mfa_at(claims: &Claims, now: u64) -> Option<u64> {
    let methods = claims.get("amr")?.as_array()?;
    let strong = methods.iter().any(|method| method == "mfa");
    seconds(claims, "auth_time").ok()?.filter(|_| strong).map(|at| at.min(now))
}

fn short_text(claims: &Claims, name: &str) -> Option<String> {
    claims.get(name).and_then(Value::as_str).filter(|text| is_name(text, SUBJECT_BYTES_MAX)).map(str::to_owned)
}

fn is_name(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
}
