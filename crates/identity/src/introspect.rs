//! Asks an issuer whether a token is active (RFC 7662): bounded in time, size and number, and no answer is a refusal.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url};
use serde_json::Value;
use tidegate_model::{Caller, CredentialKind};
use tokio::sync::Semaphore;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use crate::check::{Check, TokenRefused, refused};
use crate::claims::believe;
use crate::config::{IdentityError, IntrospectionConfig, IssuerConfig, check_url};
use crate::fetch;
use crate::issuer::Issuer;
use crate::json::strict_object;
use crate::token::{Claims, sha256};

/// Seconds for which an active token is believed without asking again.
const ACTIVE_FOR: u64 = 30;
/// Seconds for which a token that is not active is refused without asking again.
const INACTIVE_FOR: u64 = 10;
const ANSWERS_MAX: usize = 2_000;
const ANSWER_BYTES_MAX: usize = 64 * 1_024;
/// Questions under way at once.
const ASKING_MAX: usize = 8;
/// Longest wait for a turn.
const TURN_WAIT: Duration = Duration::from_secs(2);
/// Longest wait for an answer: somebody is waiting to be logged in.
const ANSWER_WAIT: Duration = Duration::from_secs(4);
/// Failures one after the other after which the issuer is left alone for a while.
const FAILURES_MAX: u32 = 5;
/// Seconds for which it is.
const ALONE_FOR: u64 = 5;

pub(crate) struct Introspector {
    pub(crate) config: IntrospectionConfig,
    issuer: String,
    url: Url,
    client: Client,
    authorization: HeaderValue,
    turns: Semaphore,
    /// By SHA-256 of the token.
    answers: Mutex<HashMap<[u8; 32], Answer>>,
    health: Mutex<Health>,
}

impl fmt::Debug for Introspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspector").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Answer {
    /// What the issuer says of an active token.
    active: Option<Arc<Claims>>,
    /// Unix seconds.
    asked_at: u64,
    until: u64,
}

#[derive(Default)]
struct Health {
    failures: u32,
    /// Unix seconds.
    alone_since: u64,
}

impl Introspector {
    pub(crate) fn new(issuer: &IssuerConfig, config: &IntrospectionConfig) -> Result<Introspector, IdentityError> {
        let wrong = |field, what| IdentityError::Setting { issuer: issuer.name.clone(), field, what };
        let url = check_url(&config.url).map_err(|what| wrong("introspection.url", what.to_owned()))?;
        let secret = config.client_secret.read().map_err(|what| wrong("introspection.client_secret", what))?;
        Ok(Introspector {
            client: fetch::client(issuer, &config.url)?,
            authorization: basic(&config.client_id, &secret)
                .ok_or_else(|| wrong("introspection.client_id", "cannot stand in a header".to_owned()))?,
            issuer: issuer.name.clone(),
            url,
            config: config.clone(),
            turns: Semaphore::new(ASKING_MAX),
            answers: Mutex::default(),
            health: Mutex::default(),
        })
    }

    /// What the issuer says of a token; `None` when it is not active. `max_age` is how old an answer may be, in seconds. The
    /// error is for the operator, and means that nothing is known.
    pub(crate) async fn ask(&self, token: &str, max_age: u64, now: u64) -> Result<Option<Arc<Claims>>, String> {
        let key = sha256(&[token.as_bytes()]);
        if let Some(answer) = self.known(&key, max_age, now) {
            return Ok(answer);
        }
        if self.is_left_alone(now) {
            return Err(format!("issuer {} did not answer lately; it is asked again in some seconds", self.issuer));
        }
        let Ok(Ok(_turn)) = tokio::time::timeout(TURN_WAIT, self.turns.acquire()).await else {
            tracing::warn!(issuer = self.issuer, "too many questions about tokens are under way");
            return Err(format!("too many questions to issuer {} are under way", self.issuer));
        };
        // another login with this token may have asked while this one waited
        if let Some(answer) = self.known(&key, max_age, now) {
            return Ok(answer);
        }
        let asked = self.fetch(token).await;
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match asked {
            Ok(active) => {
                health.failures = 0;
                self.keep(key, active.clone(), now);
                Ok(active)
            }
            Err(error) => {
                tracing::warn!(issuer = self.issuer, error, "the issuer did not say whether a token is active");
                health.failures = health.failures.saturating_add(1);
                if health.failures >= FAILURES_MAX {
                    (health.failures, health.alone_since) = (0, now);
                }
                Err(error)
            }
        }
    }

    fn known(&self, key: &[u8; 32], max_age: u64, now: u64) -> Option<Option<Arc<Claims>>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh =
            |answer: &&Answer| (answer.asked_at..answer.until).contains(&now) && now - answer.asked_at <= max_age;
        answers.get(key).filter(fresh).map(|answer| answer.active.clone())
    }

    fn is_left_alone(&self, now: u64) -> bool {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.alone_since > 0 && (health.alone_since..health.alone_since.saturating_add(ALONE_FOR)).contains(&now)
    }

    fn keep(&self, key: [u8; 32], active: Option<Arc<Claims>>, now: u64) {
        // that it ends before is seen by the checks of its claims, each time
        let until = now.saturating_add(if active.is_some() { ACTIVE_FOR } else { INACTIVE_FOR });
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.retain(|_, old| now < old.until);
            if answers.len() >= ANSWERS_MAX {
                answers.clear();
            }
        }
        answers.insert(key, Answer { active, asked_at: now, until });
    }

    async fn fetch(&self, token: &str) -> Result<Option<Arc<Claims>>, String> {
        let url = &self.config.url;
        let body = Zeroizing::new(
            Serializer::new(String::new())
                .append_pair("token", token)
                .append_pair("token_type_hint", "access_token")
                .finish(),
        );
        let request = self
            .client
            .post(self.url.clone())
            .timeout(ANSWER_WAIT)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.as_bytes().to_vec());
        let answer = fetch::answer(request, url, ANSWER_BYTES_MAX).await.map_err(|error| {
            let hint = if error.contains("status 401") { "; check client_id and client_secret" } else { "" };
            format!("{error}{hint}")
        })?;
        let claims =
            strict_object(&answer).map_err(|error| format!("{url}: the answer is no JSON object: {error:?}"))?;
        match claims.get("active") {
            Some(Value::Bool(true)) => Ok(Some(Arc::new(claims))),
            Some(Value::Bool(false)) => Ok(None),
            _ => Err(format!("{url}: the answer does not say whether the token is active")),
        }
    }
}

/// HTTP Basic as OAuth has it: both parts form-encoded first (RFC 6749, 2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let encoded = |text: &str| Zeroizing::new(byte_serialize(text.as_bytes()).collect::<String>());
    let pair = Zeroizing::new(format!("{}:{}", *encoded(id), *encoded(secret)));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Issuer {
    /// Whether a token that is no JWT may be this issuer's.
    pub(crate) fn takes_opaque(&self) -> bool {
        self.introspector.as_ref().is_some_and(|introspector| introspector.config.opaque)
    }

    /// From an opaque token to a caller: the issuer's answer stands in for a signed token, and its claims are checked alike.
    pub(crate) async fn verify_opaque(
        &self,
        token: &str,
        credential: CredentialKind,
        now: u64,
    ) -> Result<Caller, TokenRefused> {
        let claims = self.active(token, now).await?;
        match claims.get("iss") {
            None => {}
            Some(Value::String(iss)) if self.config.accepts(iss) => {}
            Some(_) => return refused(Check::Issuer, "the issuer's answer is about a token of another issuer"),
        }
        // a refresh token is active too, and must not be taken for what it is exchanged for
        let says = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if !says("token_type").eq_ignore_ascii_case("Bearer") && says("typ") != "Bearer" {
            return refused(Check::Type, "the issuer does not say that it is a bearer token (token_type)");
        }
        if claims.contains_key("cnf") {
            return refused(Check::Type, "the token is bound to a key (cnf), which this listener cannot check");
        }
        believe(token, &claims, &self.config, credential, now)
    }

    /// For a JWT that was verified: asks whether it is still active, where that is configured.
    pub(crate) async fn check_active(&self, token: &str, caller: &Caller, now: u64) -> Result<(), TokenRefused> {
        if !self.introspector.as_ref().is_some_and(|introspector| introspector.config.jwts) {
            return Ok(());
        }
        let claims = self.active(token, now).await?;
        match claims.get("jti").and_then(Value::as_str) {
            Some(id) if caller.token_id.as_ref().is_some_and(|own| own != id) => {
                refused(Check::Active, "the issuer's answer is about another token")
            }
            _ => Ok(()),
        }
    }

    async fn active(&self, token: &str, now: u64) -> Result<Arc<Claims>, TokenRefused> {
        let Some(introspector) = &self.introspector else {
            return refused(Check::Active, "no introspection is configured");
        };
        match introspector.ask(token, ACTIVE_FOR, now).await {
            Ok(Some(claims)) => Ok(claims),
            Ok(None) => refused(Check::Active, "the issuer says that the token is not active"),
            // why stands in the log: it is nothing for the caller
            Err(_) => {
                refused(Check::Active, "the issuer, which has to say that the token is active, cannot be asked now")
            }
        }
    }
}
