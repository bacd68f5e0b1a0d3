//! Tokens for devices and clients of a login, and for whoever has a token of an issuer.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, http};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_evidence::entry::Kind;
use tidegate_identity::{Audience, GateLogin, Minted};
use tidegate_model::{Caller, CredentialKind};
use url::form_urlencoded;

use super::proof::Proven;
use super::{Asked, Web, digest_of, leaf_of, random_word};
use crate::control::{Peer, Refused};
use crate::state::Login;

/// RFC 8693
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TYPES: [&str; 2] = ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:access_token"];

/// The public keys of the gate's tokens (RFC 7517).
pub(super) async fn jwks(State(web): State<Arc<Web>>) -> Json<Value> {
    Json(web.tokens.issuer.keys().jwks(web.now_s()))
}

/// A token for a device of a login.
pub(super) async fn mint(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Json(asked): Json<Proven>,
) -> Result<Json<Value>, Refused> {
    let Some(audience) = audience(&asked.audience) else {
        return Err(Refused::Wrong("audience is `kafka` or `control`".into()));
    };
    let login = web.proven(&asked, "token", &peer).await?;
    let minted = web.mint_for(&login, audience, &Asked { address: peer.address(), grant: "device" }).await?;
    let Minted { token, expires_at, groups_known, .. } = minted;
    Ok(Json(json!({ "token": *token, "expires_at": expires_at, "groups_known": groups_known })))
}

/// A secret with which Kafka clients of a login get tokens by themselves. There is one at a time.
pub(super) async fn client_secret(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Json(asked): Json<Proven>,
) -> Result<Json<Value>, Refused> {
    let login = web.proven(&asked, "client", &peer).await?;
    web.control.admit(&login.caller(), peer.address(), web.secure())?;
    let secret = random_word::<32>()?;
    let mut entry = leaf_of(Kind::TokenIssued, &login.caller(), &login.id, peer.address(), web.shared().now_ms());
    entry.facts = vec![("grant".into(), "client_secret".into()), ("expires_at".into(), login.ends_s.to_string())];
    web.shared().log.append(entry).await.map_err(Refused::Unrecorded)?;
    let kept = tokio::task::block_in_place(|| web.control.state.put_client_secret(&login.id, digest_of(&secret)));
    if !kept.map_err(Refused::Failed)? {
        return Err(Refused::LoginEnded);
    }
    Ok(Json(json!({
        "client_id": login.id,
        "client_secret": secret,
        "token_endpoint": format!("{}/token", web.url),
        "ends_at": login.ends_s,
    })))
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    subject_token: Option<String>,
    subject_token_type: Option<String>,
    audience: Option<String>,
}

/// Why the token endpoint gives none (RFC 6749, 5.2).
struct Denied {
    error: &'static str,
    description: String,
}

/// The token endpoint for clients that speak OAuth 2.0.
pub(super) async fn token(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Response {
    let granted = match form {
        Err(_) => Err(Denied { error: "invalid_request", description: "the form cannot be read".into() }),
        Ok(Form(form)) => match form.grant_type.as_str() {
            "client_credentials" => web.client_credentials(&form, &headers, &peer).await,
            EXCHANGE => web.exchange(&form, &peer).await,
            _ => {
                let description = format!("use client_credentials or {EXCHANGE}");
                Err(Denied { error: "unsupported_grant_type", description })
            }
        },
    };
    match granted {
        Ok(minted) => {
            let expires_in = minted.expires_at.saturating_sub(web.now_s());
            let answer = json!({
                "access_token": *minted.token,
                "token_type": "Bearer",
                "expires_in": expires_in,
                "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
            });
            Json(answer).into_response()
        }
        Err(Denied { error, description }) => {
            let answer = Json(json!({ "error": error, "error_description": description }));
            match error {
                "invalid_client" => {
                    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Basic realm=\"tidegate\"")], answer).into_response()
                }
                "temporarily_unavailable" => (StatusCode::SERVICE_UNAVAILABLE, answer).into_response(),
                _ => (StatusCode::BAD_REQUEST, answer).into_response(),
            }
        }
    }
}

impl Web {
    async fn mint_for(&self, login: &Login, audience: Audience, how: &Asked) -> Result<Minted, Refused> {
        let caller = login.caller();
        let of = GateLogin { caller: &caller, session: &login.id, ends_at: login.ends_s };
        self.mint(&of, audience, how).await
    }

    /// A client of a login, by the secret that the login's device fetched for it.
    async fn client_credentials(&self, form: &TokenForm, headers: &HeaderMap, peer: &Peer) -> Result<Minted, Denied> {
        let shown = match headers.get(AUTHORIZATION) {
            Some(value) => basic(value),
            None => form.client_id.clone().zip(form.client_secret.clone()),
        };
        let (id, secret) = shown.unwrap_or_default();
        let found = tokio::task::block_in_place(|| self.control.state.login(&id, self.now_s()));
        let found = found.map_err(|error| denied(&Refused::Failed(error)))?;
        let login = match found {
            Some(login) if login.client_secret == Some(digest_of(&secret)) => login,
            _ => {
                // Whoever guesses has 256 bits to go; a client whose login ended only does not know it yet.
                self.failed_without_blame(peer.address(), "client_secret").await;
                let description = "the login has ended, or its secret was replaced; run `tidegate kafka-config` again";
                return Err(Denied { error: "invalid_client", description: description.into() });
            }
        };
        let how = Asked { address: peer.address(), grant: "client_credentials" };
        self.mint_for(&login, Audience::Kafka, &how).await.map_err(|refused| denied(&refused))
    }

    /// A gateway token for the token of an issuer (RFC 8693).
    async fn exchange(&self, form: &TokenForm, peer: &Peer) -> Result<Minted, Denied> {
        let wrong = |description: &str| Denied { error: "invalid_request", description: description.to_owned() };
        let Some(token) = &form.subject_token else { return Err(wrong("no subject_token")) };
        if !form.subject_token_type.as_deref().is_some_and(|kind| TYPES.contains(&kind)) {
            return Err(wrong("subject_token_type has to be …:token-type:jwt or …:token-type:access_token"));
        }
        let Some(audience) = audience(form.audience.as_deref().unwrap_or("kafka")) else {
            return Err(wrong("audience is `kafka` or `control`"));
        };
        let issuers = self.shared().issuers.load_full();
        let caller: Arc<Caller> = match issuers.verify(token, CredentialKind::HttpBearer, self.now_s()).await {
            Ok(caller) if !caller.via_gate => caller,
            Ok(_) => return Err(wrong("a token of the gate's own is not exchanged for another")),
            Err(refused) => {
                self.failed(peer.address(), refused.check.name()).await;
                return Err(Denied { error: "invalid_grant", description: refused.detail });
            }
        };
        // The identity provider's login, where it names one: a revocation of it ends this token too.
        let session = match &caller.session {
            Some(session) => session.clone(),
            None => random_word::<16>().map_err(|refused| denied(&refused))?,
        };
        let of = GateLogin { caller: &caller, session: &session, ends_at: caller.expires_at };
        let how = Asked { address: peer.address(), grant: "token_exchange" };
        self.mint(&of, audience, &how).await.map_err(|refused| denied(&refused))
    }
}

fn denied(refused: &Refused) -> Denied {
    let (_, description) = refused.told();
    let error = match refused {
        Refused::Unrecorded(_) | Refused::Failed(_) | Refused::TooMany(_) | Refused::Busy(_) => {
            "temporarily_unavailable"
        }
        _ => "invalid_grant",
    };
    Denied { error, description }
}

fn audience(word: &str) -> Option<Audience> {
    [Audience::Kafka, Audience::Control].into_iter().find(|audience| audience.name() == word)
}

/// Client id and secret of HTTP Basic; each is form-encoded first (RFC 6749, 2.3.1).
fn basic(value: &http::HeaderValue) -> Option<(String, String)> {
    let encoded = value.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |word: &str| form_urlencoded::parse(word.as_bytes()).next().map(|(word, _)| word.into_owned());
    Some((decoded(id)?, decoded(secret)?))
}
