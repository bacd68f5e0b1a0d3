//! A gate's web listener as the command line sees it: it verifies every proof as the gate does, and can be told to misbehave.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, DATE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What the gate remembers and how it behaves.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    /// Logins that were begun: id, what was sent.
    pub(crate) begun: HashMap<String, Value>,
    /// Device keys of logins that are live.
    pub(crate) sessions: HashMap<String, String>,
    nonces: HashSet<String>,
    /// Tokens that were made, with their audience.
    pub(crate) tokens: Vec<(String, String)>,
    /// Client secrets that were made.
    pub(crate) secrets: u32,
    /// Requests: method and path.
    pub(crate) seen: Vec<String>,
    /// Times that a device login is not done yet.
    pub(crate) pending: u32,
    /// Another name than its own.
    pub(crate) calls_itself: Option<String>,
    /// Another page to log in at.
    pub(crate) login_page: Option<String>,
    /// Answers to paths that begin so: status, error, Location.
    pub(crate) instead: Vec<(&'static str, u16, &'static str, Option<String>)>,
    /// The Date of its answers.
    pub(crate) date: Option<&'static str>,
    /// Seconds that a token lives; 300 without.
    pub(crate) token_s: Option<u64>,
}

type Shared = Arc<(String, Mutex<Behaviour>)>;

/// The gate; it ends when dropped.
pub(crate) struct FakeGate {
    pub(crate) url: String,
    shared: Shared,
    runtime: tokio::runtime::Runtime,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl FakeGate {
    pub(crate) fn start() -> FakeGate {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared: Shared = Arc::new((url.clone(), Mutex::default()));
        let router = Router::new()
            .route("/v1/login/providers", get(providers))
            .route("/v1/login", post(login))
            .route("/login/{id}", get(page))
            .route("/v1/login/{id}/finish", post(finish))
            .route("/v1/token", post(token))
            .route("/v1/client-secret", post(client_secret))
            .route("/v1/logout", post(logout))
            .route("/v1/whoami", get(whoami))
            .route("/v1/policy/versions", get(versions))
            .layer(from_fn_with_state(Arc::clone(&shared), watch))
            .with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, router).await });
        FakeGate { url, shared, runtime }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, Behaviour> {
        self.shared.1.lock().unwrap()
    }

    /// What a browser does at an address: status and body, after redirects.
    pub(crate) fn browse(&self, url: &str) -> Option<(u16, String)> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        self.runtime.block_on(async {
            let answer = client.get(url).send().await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        })
    }
}

fn refuse(status: u16, error: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(json!({ "error": error }))).into_response()
}

async fn watch(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let (instead, date) = {
        let mut state = shared.1.lock().unwrap();
        state.seen.push(format!("{} {path}", request.method()));
        let instead = state.instead.iter().find(|(prefix, ..)| path.starts_with(prefix)).cloned();
        (instead, state.date)
    };
    let mut answer = match instead {
        Some((_, status, error, location)) => {
            let mut answer = refuse(status, error);
            if let Some(location) = location {
                answer.headers_mut().insert(LOCATION, location.parse().unwrap());
            }
            answer
        }
        None => next.run(request).await,
    };
    if let Some(date) = date {
        answer.headers_mut().insert(DATE, date.parse().unwrap());
    }
    answer
}

async fn providers(State(shared): State<Shared>) -> Json<Value> {
    let named = shared.1.lock().unwrap().calls_itself.clone().unwrap_or_else(|| shared.0.clone());
    Json(json!({ "gate": named, "providers": [{ "name": "corp", "kind": "oidc", "device": true }] }))
}

async fn login(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut state = shared.1.lock().unwrap();
    if let Some(named) = body["provider"].as_str().filter(|named| *named != "corp") {
        return refuse(422, &format!("there is no provider {named:?}; there is corp"));
    }
    let id = format!("login{}", state.begun.len());
    state.begun.insert(id.clone(), body.clone());
    let url = state.login_page.clone().unwrap_or_else(|| format!("{}/login/{id}", shared.0));
    Json(match body["method"].as_str() {
        Some("device") => json!({
            "login": id, "provider": "corp", "user_code": "WDJB-MJHT", "verification_uri": "https://idp.example/device",
            "verification_uri_complete": "https://idp.example/device?c=1", "interval_s": 1, "expires_in_s": 600,
        }),
        _ => json!({ "login": id, "provider": "corp", "url": url, "expires_in_s": 600 }),
    })
    .into_response()
}

/// The person logs in at once.
async fn page(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let begun = shared.1.lock().unwrap().begun.get(&id).cloned().unwrap();
    match (begun["redirect"].as_str(), begun["state"].as_str()) {
        (Some(redirect), Some(state)) => {
            (StatusCode::FOUND, [(LOCATION, format!("{redirect}?code=code-{id}&state={state}"))]).into_response()
        }
        _ => format!("code-{id}").into_response(),
    }
}

/// Whether the holder of this public key signed it.
fn signed(key: &str, message: &str, proof: &Value) -> bool {
    let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let proof = bytes(proof.as_str().unwrap());
    UnparsedPublicKey::new(&ED25519, bytes(key)).verify(message.as_bytes(), &proof).is_ok()
}

async fn finish(State(shared): State<Shared>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut state = shared.1.lock().unwrap();
    let Some(begun) = state.begun.get(&id).cloned() else { return refuse(404, "no such login") };
    let (key, code) = (begun["device_key"].as_str().unwrap(), body["code"].as_str());
    let message = format!("tidegate finish v1\n{}\n{id}\n{}", shared.0, code.unwrap_or(""));
    if !signed(key, &message, &body["proof"]) {
        return refuse(401, "the proof is wrong");
    }
    if begun["method"] == "device" {
        if state.pending > 0 {
            state.pending -= 1;
            return (StatusCode::ACCEPTED, Json(json!({ "pending": true, "interval_s": 1 }))).into_response();
        }
    } else if code != Some(&format!("code-{id}")) {
        return refuse(401, "the code is wrong or was used");
    }
    state.begun.remove(&id);
    let session = format!("session-{id}");
    state.sessions.insert(session.clone(), key.to_owned());
    let groups = json!(["corp:writers", "corp:a\u{1b}[2Jb"]);
    Json(json!({ "session": session, "name": "corp:ann", "groups": groups, "ends_at": now() + 7200 })).into_response()
}

/// The session of a request that proves itself, once.
fn proven(gate: &str, what: &str, state: &mut Behaviour, body: &Value) -> Result<(String, String), Box<Response>> {
    let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (session, audience, nonce) = (part("session"), part("audience"), part("nonce"));
    let at = body["at"].as_u64().unwrap();
    let Some(key) = state.sessions.get(&session) else {
        let answer = Json(json!({ "error": "the login has ended", "code": "login_ended" }));
        return Err(Box::new((StatusCode::UNAUTHORIZED, answer).into_response()));
    };
    let message = format!("tidegate {what} v1\n{gate}\n{session}\n{audience}\n{at}\n{nonce}");
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(&nonce).unwrap().len(), 16);
    if !signed(key, &message, &body["proof"]) || at.abs_diff(now()) > 60 || !state.nonces.insert(nonce) {
        return Err(Box::new(refuse(401, "the proof is wrong")));
    }
    Ok((session, audience))
}

async fn token(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut state = shared.1.lock().unwrap();
    let (_, audience) = match proven(&shared.0, "token", &mut state, &body) {
        Ok(proven) => proven,
        Err(refused) => return *refused,
    };
    let token = format!("token-{}-{audience}", state.tokens.len());
    state.tokens.push((token.clone(), audience));
    let life = state.token_s.unwrap_or(300);
    Json(json!({ "token": token, "expires_at": now() + life, "groups_known": true })).into_response()
}

async fn client_secret(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut state = shared.1.lock().unwrap();
    let (session, _) = match proven(&shared.0, "client", &mut state, &body) {
        Ok(proven) => proven,
        Err(refused) => return *refused,
    };
    state.secrets += 1;
    let secret = format!("tgcs-secret-{}", state.secrets);
    let endpoint = format!("{}/token", shared.0);
    let answer =
        json!({ "client_id": session, "client_secret": secret, "token_endpoint": endpoint, "ends_at": now() + 7200 });
    Json(answer).into_response()
}

async fn logout(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut state = shared.1.lock().unwrap();
    match proven(&shared.0, "logout", &mut state, &body) {
        Ok((session, _)) => {
            state.sessions.remove(&session);
            Json(json!({ "ended": true })).into_response()
        }
        Err(refused) => *refused,
    }
}

fn bearer(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?.to_owned();
    let state = shared.1.lock().unwrap();
    let known = state.tokens.iter().any(|(made, audience)| *made == token && audience == "control");
    (known || token == "workload.own.jwt").then_some(token)
}

async fn whoami(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&shared, &headers) else { return refuse(401, "the token was refused") };
    let (name, kind) = if token.starts_with("token-") { ("corp:ann", "user") } else { ("ci:build", "workload") };
    let (groups, credential) = (json!(["corp:writers"]), "http-bearer");
    Json(json!({
        "name": name, "kind": kind, "groups": groups, "credential": credential, "expires_in_s": 299, "mfa_age_s": 90,
    }))
    .into_response()
}

async fn versions(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    match bearer(&shared, &headers) {
        Some(_) => Json(
            json!([{ "number": 4, "active": true, "who": "corp:ann", "hash": "abc", "at_ms": 1, "comment": "hi" }]),
        )
        .into_response(),
        None => refuse(401, "the token was refused"),
    }
}
