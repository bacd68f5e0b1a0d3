//! The issuer's HTTP side: discovery, JWKS and the token endpoint.

use std::net::TcpStream;
use std::sync::Mutex;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{LIFETIME, SigningKey, State, claims, sign};
use crate::http::{self, Request, lock};

/// Answers one client; whatever goes wrong with it ends with its connection.
pub(super) fn take(stream: &TcpStream, shared: &Mutex<State>) {
    if lock(shared).is_ok_and(|state| !state.down) {
        drop(http::answer(stream, |request| respond(request, shared)));
    }
}

fn respond(request: &Request, shared: &Mutex<State>) -> Result<(&'static str, Value)> {
    let mut state = lock(shared)?;
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/.well-known/openid-configuration") => {
            state.requests.discovery += 1;
            Ok(("200 OK", discovery(&state)))
        }
        ("GET", "/jwks") => {
            state.requests.jwks += 1;
            let keys = state.keys.iter().map(SigningKey::jwk).collect::<Result<Vec<Value>>>()?;
            Ok(("200 OK", json!({ "keys": keys })))
        }
        ("POST", "/token") => {
            state.requests.token += 1;
            token(&state, request)
        }
        _ => Ok(("404 Not Found", json!({ "error": "not_found" }))),
    }
}

fn discovery(state: &State) -> Value {
    json!({
        "issuer": state.url,
        "jwks_uri": format!("{}/jwks", state.url),
        "token_endpoint": format!("{}/token", state.url),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    })
}

/// Client credentials (RFC 6749, 4.4) with the secret in the Authorization header.
fn token(state: &State, request: &Request) -> Result<(&'static str, Value)> {
    if !request.body.contains("grant_type=client_credentials") {
        return Ok(("400 Bad Request", json!({ "error": "unsupported_grant_type" })));
    }
    let login = request.authorization.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
    let login = login.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let (id, secret) = login.split_once(':').unwrap_or_default();
    let Some(client) = state.clients.iter().find(|client| client.id == id && client.secret == secret) else {
        return Ok(("401 Unauthorized", json!({ "error": "invalid_client" })));
    };
    let groups: Vec<&str> = client.groups.iter().map(String::as_str).collect();
    let mut claims = claims(&state.url, &client.id, &groups)?;
    if let Some(claims) = claims.as_object_mut() {
        // A machine's own token: the client is the subject.
        claims.insert("azp".to_owned(), json!(client.id));
        claims.insert("client_id".to_owned(), json!(client.id));
    }
    let key = state.keys.last().context("the issuer has no key")?;
    let token = sign(key, &claims, |_| ())?;
    Ok(("200 OK", json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFETIME })))
}
