//! From a token to a caller: every check of the list, in order.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use tidegate_model::{Caller, CredentialKind};

use crate::check::{Check, TokenRefused, refused, shown};
use crate::claims::believe;
use crate::config::{IdentityError, IssuerConfig, algorithm, validate_all};
use crate::gate::GateIssuer;
use crate::introspect::Introspector;
use crate::issuer::{Issuer, IssuerState};
use crate::spiffe::SpiffeId;
use crate::token::{Claims, TOKEN_BYTES_MAX, check_critical, check_type, sha256, split};

const ISSUER_BYTES_MAX: usize = 2_048;
/// Tokens whose outcome is kept.
const KEPT_MAX: usize = 10_000;
/// Seconds that an answer about a live session's token may be old: sessions with one token share it.
const RECHECK_AGE: u64 = 5;
const REFRESH_EVERY: Duration = Duration::from_secs(300);
/// After a refresh that failed for some issuer.
const REFRESH_AGAIN: Duration = Duration::from_secs(30);

/// The configured issuers, their keys and the callers that were verified.
pub struct Issuers {
    issuers: Vec<Issuer>,
    gate: Option<Gate>,
    /// By SHA-256 of credential kind and token.
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

/// What an issuer says of the token of a live session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recheck {
    /// It is active, or its issuer is not asked.
    Active,
    /// It is not: the session has to end.
    Ended,
    /// The issuer did not answer. A session should outlast a few of these, not many.
    Unanswered,
}

/// The gate as an issuer.
struct Gate {
    issuer: Arc<GateIssuer>,
    /// Names of identity providers that are no issuers of tokens.
    more_origins: Vec<String>,
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

impl Issuers {
    /// Checks the configuration. No key is fetched yet: call [`Issuers::refresh_all`], then run
    /// [`Issuers::run_refresh`]. A token that comes earlier causes the fetch itself.
    ///
    /// # Errors
    /// A setting that is wrong, a `ca_file` that cannot be read.
    pub fn new(configs: Vec<IssuerConfig>) -> Result<Arc<Self>, IdentityError> {
        Self::build(configs, None)
    }

    /// As [`Issuers::new`], and accepts the gate's own tokens, for which no key is ever fetched. They count only while the
    /// identity provider that they name as the caller's is one of `configs` or of `more_origins` (names of SAML providers).
    ///
    /// # Errors
    /// As [`Issuers::new`]; a configured issuer with the gate's own `iss`.
    pub fn with_gate(
        configs: Vec<IssuerConfig>,
        gate: Arc<GateIssuer>,
        more_origins: Vec<String>,
    ) -> Result<Arc<Self>, IdentityError> {
        if let Some(same) = configs.iter().find(|config| config.accepts(gate.name())) {
            return Err(IdentityError::Setting {
                issuer: same.name.clone(),
                field: "issuer",
                what: "is the gate itself, whose tokens are accepted anyway; leave this issuer out".to_owned(),
            });
        }
        Self::build(configs, Some(Gate { issuer: gate, more_origins }))
    }

    fn build(configs: Vec<IssuerConfig>, gate: Option<Gate>) -> Result<Arc<Self>, IdentityError> {
        validate_all(&configs)?;
        let issuers = configs.into_iter().map(Issuer::new).collect::<Result<_, _>>()?;
        Ok(Arc::new(Issuers { issuers, gate, kept: Mutex::default() }))
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

    /// All that are configured.
    pub(crate) fn all(&self) -> &[Issuer] {
        &self.issuers
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
        if let Some((issuer, caller)) = self.kept(&key, now_unix) {
            issuer.check_active(token, &caller, now_unix).await?;
            return Ok(caller);
        }
        let parts = match (split(token), self.issuers.iter().find(|issuer| issuer.takes_opaque())) {
            (Err(refused), Some(issuer)) if refused.check == Check::Form => {
                return issuer.verify_opaque(token, credential, now_unix).await.map(Arc::new);
            }
            (parts, _) => parts?,
        };
        let iss = iss(&parts.claims)?;
        if let Some(gate) = self.gate.as_ref().filter(|gate| Some(gate.issuer.name()) == iss) {
            let caller = gate.issuer.verify(token, &parts, credential, now_unix)?;
            return self.of_known_origin(gate, caller);
        }
        let (index, issuer) = self.issuer(iss, &parts.claims)?;
        let algorithm = pinned_algorithm(&parts.header, issuer)?;
        check_critical(&parts.header)?;
        check_type(&parts.header, &parts.claims, &issuer.config)?;
        let generation = issuer.check_signature(&parts, algorithm, now_unix).await?;
        let caller = Arc::new(believe(token, &parts.claims, &issuer.config, credential, now_unix)?);
        if caller.expires_at > now_unix + 1 {
            let until = caller.expires_at;
            self.keep(key, Kept { caller: Arc::clone(&caller), issuer: index, generation, until }, now_unix);
        }
        issuer.check_active(token, &caller, now_unix).await?;
        Ok(caller)
    }

    /// Seconds after which [`Issuers::recheck`] is due for a live session of this caller; `None` when its issuer is not asked.
    #[must_use]
    pub fn recheck_s(&self, caller: &Caller) -> Option<u64> {
        self.introspector_of(caller)?.config.recheck_s
    }

    /// Asks the issuer again about the token of a live session.
    pub async fn recheck(&self, token: &str, caller: &Caller, now_unix: u64) -> Recheck {
        let Some(introspector) = self.introspector_of(caller) else { return Recheck::Active };
        match introspector.ask(token, RECHECK_AGE, now_unix).await {
            Ok(Some(_)) => Recheck::Active,
            Ok(None) => Recheck::Ended,
            Err(_) => Recheck::Unanswered,
        }
    }

    /// What the caller's own token can be asked about with; nobody asks an identity provider about the gate's tokens.
    fn introspector_of(&self, caller: &Caller) -> Option<&Introspector> {
        let issuer = self.issuers.iter().find(|issuer| !caller.via_gate && issuer.config.name == caller.issuer)?;
        issuer.introspector.as_ref().filter(|_| caller.token_hash.is_some())
    }

    /// The issuer of the token's `iss`; else the trust domain of its `sub`, since a JWT-SVID needs no `iss`.
    fn issuer(&self, iss: Option<&str>, claims: &Claims) -> Result<(usize, &Issuer), TokenRefused> {
        let mut issuers = self.issuers.iter().enumerate();
        if let Some(found) = issuers.clone().find(|(_, issuer)| iss.is_some_and(|iss| issuer.config.accepts(iss))) {
            return Ok(found);
        }
        let id = claims.get("sub").and_then(Value::as_str).and_then(|sub| SpiffeId::parse(sub).ok());
        let of_domain = |issuer: &Issuer| id.is_some_and(|id| issuer.config.trust_domain() == Some(id.trust_domain));
        match (issuers.find(|(_, issuer)| of_domain(issuer)), iss) {
            (Some(found), _) => Ok(found),
            (None, Some(iss)) => {
                refused(Check::Issuer, format!("{} is not configured; every character counts", shown(iss)))
            }
            (None, None) => refused(Check::Issuer, "no iss"),
        }
    }

    /// A caller by the gate's word, if the identity provider behind it is still configured.
    fn of_known_origin(&self, gate: &Gate, caller: Caller) -> Result<Arc<Caller>, TokenRefused> {
        let names = self.issuers.iter().map(|issuer| &issuer.config.name).chain(&gate.more_origins);
        if names.into_iter().any(|name| *name == caller.issuer) {
            return Ok(Arc::new(caller));
        }
        refused(Check::Issuer, format!("its caller is of {}, which is no longer configured", shown(&caller.issuer)))
    }

    fn kept(&self, key: &[u8; 32], now: u64) -> Option<(&Issuer, Arc<Caller>)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key)?;
        let issuer = self.issuers.get(found.issuer)?;
        let same = now < found.until && issuer.generation(now)? == found.generation;
        same.then(|| (issuer, Arc::clone(&found.caller)))
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

fn kept_key(token: &str, credential: CredentialKind) -> [u8; 32] {
    sha256(&[credential.name().as_bytes(), b"\0", token.as_bytes()])
}

pub(crate) fn iss(claims: &Claims) -> Result<Option<&str>, TokenRefused> {
    match claims.get("iss") {
        None => Ok(None),
        Some(Value::String(iss)) if iss.len() <= ISSUER_BYTES_MAX => Ok(Some(iss)),
        Some(_) => refused(Check::Issuer, "iss is no text, or too long a one"),
    }
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

pub(crate) fn pinned_algorithm(header: &Claims, issuer: &Issuer) -> Result<Algorithm, TokenRefused> {
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
