//! The issuer's HTTP side: just enough of RFC 9112 for discovery, JWKS and the token endpoint.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{LIFETIME, SigningKey, State, claims, lock, sign};

/// The most that a request may have, head and body together.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;
/// A client that does not speak may not hold up the others for longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves until the state says that it has ended.
pub(super) fn serve(listener: &TcpListener, shared: &Mutex<State>) {
    for stream in listener.incoming() {
        let Ok(state) = lock(shared) else { return };
        if state.ended {
            return;
        }
        let down = state.down;
        drop(state);
        if let (false, Ok(stream)) = (down, stream) {
            // Whatever goes wrong with one client ends with its connection.
            drop(answer(&stream, shared));
        }
    }
}

struct Request {
    method: String,
    path: String,
    authorization: String,
    body: String,
}

fn answer(stream: &TcpStream, shared: &Mutex<State>) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE)).context("cannot set a time-out")?;
    let request = read(stream)?;
    let (status, body) = respond(&request, shared)?;
    let body = body.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .context("cannot answer")
}

fn read(stream: &TcpStream) -> Result<Request> {
    let mut lines = BufReader::new(stream.take(REQUEST_BYTES_MAX));
    let mut line = String::new();
    lines.read_line(&mut line).context("cannot read the request")?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = words.next().zip(words.next()).context("not a request line")?;
    let (mut authorization, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).context("cannot read the head")? == 0 || line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.trim().clone_into(&mut authorization),
            "content-length" => length = value.trim().parse::<u64>().context("not a length")?,
            _ => (),
        }
    }
    let mut body = String::new();
    lines.take(length.min(REQUEST_BYTES_MAX)).read_to_string(&mut body).context("cannot read the body")?;
    Ok(Request { method, path, authorization, body })
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
