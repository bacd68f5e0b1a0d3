//! The provider's side of a login: its metadata, kept for a while, and questions to its endpoints, bounded in time, size and number.
//! Redirects are never followed: a code or a secret must not go on to where an answer points.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::metadata::Metadata;
use super::refused::{LoginCheck, LoginRefused, refused};
use crate::check::shown;
use crate::config::{IdentityError, IssuerConfig, LoginConfig};
use crate::fetch;
use crate::introspect::basic;
use crate::json::strict_object;

/// Seconds for which metadata are believed.
const METADATA_FOR: u64 = 300;
/// Seconds for which a provider whose metadata could not be had is not asked again.
const ALONE_FOR: u64 = 5;
/// Access, refresh and ID token together.
const ANSWER_BYTES_MAX: usize = 128 * 1_024;
/// Questions under way at once.
const ASKING_MAX: usize = 16;
/// Longest wait for a turn.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// What people log in with at one issuer.
pub(crate) struct LoginProvider {
    pub(super) config: LoginConfig,
    client: Client,
    secret: Option<Secret>,
    turns: Semaphore,
    /// Held while fetching, so that there is one fetch at a time.
    known: AsyncMutex<Known>,
}

struct Secret {
    text: Zeroizing<String>,
    authorization: HeaderValue,
}

#[derive(Default)]
struct Known {
    metadata: Option<Arc<Metadata>>,
    /// Unix seconds.
    fetched_at: u64,
    /// Why the last fetch failed, and when.
    failed: Option<(LoginRefused, u64)>,
}

/// An answer of an endpoint.
pub(super) enum Received {
    /// The body of a success.
    Good(Zeroizing<Vec<u8>>),
    /// The `error` of a refusal (RFC 6749, 5.2).
    Error(String),
}

/// Why there is no ID token.
pub(super) enum Failed {
    /// The provider refused, with this `error`.
    Said(String),
    /// It did not answer, or not in the protocol's words. For the operator.
    NoAnswer(String),
    /// It answered, but without what was asked for.
    Refused(LoginRefused),
}

/// All that is read of a token endpoint's answer; access and refresh token stay in the buffer, which is wiped.
#[derive(Deserialize)]
struct Tokens<'a> {
    #[serde(borrow)]
    id_token: Option<Cow<'a, str>>,
}

impl fmt::Debug for LoginProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginProvider").field("client_id", &self.config.client_id).finish_non_exhaustive()
    }
}

impl LoginProvider {
    pub(crate) fn new(issuer: &IssuerConfig, config: &LoginConfig) -> Result<LoginProvider, IdentityError> {
        let wrong = |field, what| IdentityError::Setting { issuer: issuer.name.clone(), field, what };
        let secret = match &config.client_secret {
            None => None,
            Some(source) => {
                let text = source.read().map_err(|what| wrong("login.client_secret", what))?;
                let authorization = basic(&config.client_id, &text)
                    .ok_or_else(|| wrong("login.client_id", "cannot stand in a header".to_owned()))?;
                Some(Secret { text, authorization })
            }
        };
        Ok(LoginProvider {
            client: fetch::client_without_redirects(issuer)?,
            config: config.clone(),
            secret,
            turns: Semaphore::new(ASKING_MAX),
            known: AsyncMutex::default(),
        })
    }

    pub(super) fn client_id(&self) -> &str {
        &self.config.client_id
    }

    pub(super) fn scope(&self) -> String {
        self.config.scopes.join(" ")
    }

    /// The provider's metadata, not older than five minutes.
    pub(super) async fn metadata(&self, issuer: &IssuerConfig, now: u64) -> Result<Arc<Metadata>, LoginRefused> {
        let mut known = self.known.lock().await;
        let fresh = |at: u64, long: u64| (at..at.saturating_add(long)).contains(&now);
        if let Some(metadata) = known.metadata.as_ref().filter(|_| fresh(known.fetched_at, METADATA_FOR)) {
            return Ok(Arc::clone(metadata));
        }
        if let Some((refused, _)) = known.failed.as_ref().filter(|(_, at)| fresh(*at, ALONE_FOR)) {
            return Err(refused.clone());
        }
        match self.fetch(issuer).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some(Arc::clone(&metadata)), fetched_at: now, failed: None };
                Ok(metadata)
            }
            Err(refused) => {
                *known = Known { metadata: None, fetched_at: 0, failed: Some((refused.clone(), now)) };
                Err(refused)
            }
        }
    }

    async fn fetch(&self, issuer: &IssuerConfig) -> Result<Metadata, LoginRefused> {
        let url = fetch::metadata_url(issuer);
        let body = fetch::get(&self.client, &url).await.map_err(|what| self.no_answer(&issuer.name, &what))?;
        let metadata = fetch::metadata(issuer, &url, &body)
            .and_then(|document| Metadata::read(&document, issuer, self.secret.is_some()));
        metadata.map_err(|error| {
            tracing::warn!(issuer = issuer.name, error, "nobody can log in: the provider's metadata do not do");
            let detail = format!("what {} says of itself does not do; the gate's log says why", issuer.name);
            LoginRefused { check: LoginCheck::Metadata, detail }
        })
    }

    /// Refuses a login that began when the issuer was configured otherwise.
    pub(super) fn check_same(&self, issuer: &IssuerConfig, begun: &Metadata) -> Result<(), LoginRefused> {
        if begun.issuer == issuer.issuer {
            return Ok(());
        }
        refused(LoginCheck::Provider, format!("{} is now another provider; log in again", issuer.name))
    }

    /// An ID token for a grant.
    pub(super) async fn grant(
        &self,
        metadata: &Metadata,
        fields: &[(&str, &str)],
    ) -> Result<Zeroizing<String>, Failed> {
        let body = match self.ask(metadata, &metadata.token, fields).await {
            Ok(Received::Good(body)) => body,
            Ok(Received::Error(error)) => return Err(Failed::Said(error)),
            Err(what) => return Err(Failed::NoAnswer(what)),
        };
        // serde's error would quote what it could not read
        let Ok(tokens) = serde_json::from_slice::<Tokens<'_>>(&body) else {
            return Err(Failed::NoAnswer("the answer of token_endpoint is no JSON, or not of RFC 6749".to_owned()));
        };
        match tokens.id_token {
            Some(token) => Ok(Zeroizing::new(token.into_owned())),
            None => Err(Failed::Refused(LoginRefused {
                check: LoginCheck::IdToken,
                detail: "the provider gave no ID token; who runs it: allow this client the scope openid".to_owned(),
            })),
        }
    }

    /// A POST to an endpoint, as the client. The error is for the operator.
    pub(super) async fn ask(
        &self,
        metadata: &Metadata,
        url: &Url,
        fields: &[(&str, &str)],
    ) -> Result<Received, String> {
        let Ok(Ok(_turn)) = tokio::time::timeout(TURN_WAIT, self.turns.acquire()).await else {
            return Err("too many logins at this provider are under way".to_owned());
        };
        let request = self.request(metadata, url, fields);
        let (status, body) = fetch::receive(request, url.as_str(), ANSWER_BYTES_MAX).await?;
        if status == StatusCode::OK {
            return Ok(Received::Good(body));
        }
        let said = strict_object(&body).ok();
        match said.as_ref().and_then(|said| said.get("error")).and_then(Value::as_str) {
            Some(error) if status.is_client_error() => Ok(Received::Error(error.to_owned())),
            _ => Err(format!("{url}: HTTP status {}", status.as_u16())),
        }
    }

    fn request(&self, metadata: &Metadata, url: &Url, fields: &[(&str, &str)]) -> RequestBuilder {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut request = self.client.post(url.clone());
        match &self.secret {
            Some(secret) if metadata.basic => {
                request = request.header(AUTHORIZATION, secret.authorization.clone());
            }
            Some(secret) => {
                form.append_pair("client_id", self.client_id()).append_pair("client_secret", &secret.text);
            }
            None => {
                form.append_pair("client_id", self.client_id());
            }
        }
        let form = Zeroizing::new(form.finish());
        request
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec())
    }

    /// The provider did not answer, or not in the protocol's words: why stands in the log.
    pub(super) fn no_answer(&self, issuer: &str, what: &str) -> LoginRefused {
        tracing::warn!(issuer, error = what, "the provider did not answer a login");
        let detail =
            format!("{issuer} does not answer as it should; try again, or ask who runs the gate to look into its log");
        LoginRefused { check: LoginCheck::Answer, detail }
    }

    /// What an `error` of the provider means (RFC 6749, 5.2; RFC 8628, 3.5).
    pub(super) fn refusal(&self, issuer: &str, error: &str) -> LoginRefused {
        let (check, detail) = match error {
            "invalid_grant" => (
                LoginCheck::Code,
                format!("{issuer} does not take the code: used before, too old, or of another login; log in again"),
            ),
            "access_denied" => (LoginCheck::Denied, format!("the login was refused at {issuer}; log in again")),
            error => {
                tracing::warn!(issuer, error = shown(error), "the provider does not take the gate as its client");
                let mend =
                    "who runs the gate: check client_id, client_secret and scopes of login, and the client there";
                (LoginCheck::Client, format!("{issuer} refuses the gate itself ({}); {mend}", shown(error)))
            }
        };
        LoginRefused { check, detail }
    }
}
