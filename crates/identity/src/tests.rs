//! Tests against a small OpenID provider on the loopback address: every check, and what happens when keys come and go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tidegate_model::{Caller, CallerKind, CredentialKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

mod certificates;
mod claims;
mod corpus;
mod gate;
mod introspection;
mod keys;
mod login;
mod mapping;
mod svid;
mod tls;

/// What the provider answers, and how often it was asked.
#[derive(Default)]
struct Answers {
    keys: Mutex<Value>,
    /// Instead of the key set: a status line, headers and a body.
    instead: Mutex<Option<String>>,
    /// The `issuer` of the discovery document, when it lies.
    lies: Mutex<Option<String>>,
    fetches: AtomicUsize,
    /// What introspection says, by token; of others that they are not active.
    active: Mutex<HashMap<String, Value>>,
    /// Instead of what introspection says.
    instead_of_active: Mutex<Option<String>>,
    /// Whether keys and introspection are not answered at all.
    silent: AtomicBool,
    /// Headers and bodies of the requests for introspection.
    asked: Mutex<Vec<(String, String)>>,
    login: login::LoginAnswers,
}

/// A provider that serves discovery and keys until dropped.
struct Provider {
    url: String,
    answers: Arc<Answers>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    async fn start(keys: &[&Signer]) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Answers::default());
        let task = tokio::spawn(serve(listener, url.clone(), Arc::clone(&answers)));
        let provider = Provider { url, answers, task };
        provider.publish(keys);
        provider
    }

    fn publish(&self, keys: &[&Signer]) {
        *self.answers.keys.lock().unwrap() = json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()});
    }

    /// Answers every request for keys with a server error, or normally again.
    fn fail(&self, failing: bool) {
        let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        *self.answers.instead.lock().unwrap() = failing.then(|| answer.to_owned());
    }

    /// How often the keys were fetched.
    fn fetches(&self) -> usize {
        self.answers.fetches.load(Ordering::SeqCst)
    }

    fn config(&self) -> IssuerConfig {
        toml::from_str(&format!("name = \"idp\"\nissuer = \"{}\"\naudiences = [\"gate\", \"other\"]", self.url))
            .unwrap()
    }

    fn issuers(&self) -> Arc<Issuers> {
        Issuers::new(vec![self.config()]).unwrap()
    }

    /// Good claims, valid from a minute ago for ten minutes.
    fn claims(&self) -> Value {
        json!({
            "iss": self.url, "sub": "ann", "aud": "gate", "azp": "cli", "jti": "t-1",
            "iat": now() - 60, "exp": now() + 600, "groups": ["sales", "chess", "sales"],
        })
    }

    /// Good claims with these instead; `null` removes one.
    fn claims_with(&self, changes: Value) -> Value {
        let mut claims = self.claims();
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        for (name, value) in changes {
            match value {
                Value::Null => _ = claims.as_object_mut().unwrap().remove(&name),
                value => claims[name] = value,
            }
        }
        claims
    }
}

async fn serve(listener: TcpListener, url: String, answers: Arc<Answers>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (url, answers) = (url.clone(), Arc::clone(&answers));
        tokio::spawn(async move { answer(stream, &url, &answers).await });
    }
}

async fn answer<S>(mut stream: S, url: &str, answers: &Answers) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = Vec::new();
    // byte by byte, so that a body is left where it is
    while !request.ends_with(b"\r\n\r\n") && request.len() < 8_192 {
        request.push(stream.read_u8().await?);
    }
    let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
    let text = match path.as_str() {
        path if path.ends_with("/.well-known/openid-configuration") => document(url, answers),
        "/keys" => {
            answers.fetches.fetch_add(1, Ordering::SeqCst);
            if answers.silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let instead = answers.instead.lock().unwrap().clone();
            instead.unwrap_or_else(|| ok(&answers.keys.lock().unwrap()))
        }
        "/introspect" => introspection(&request, &body(&request, &mut stream).await?, answers).await,
        "/token" | "/device" => {
            let body = body(&request, &mut stream).await?;
            answers.login.answer(&path, &request, &body, answers.silent.load(Ordering::SeqCst)).await
        }
        _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
    };
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

fn document(url: &str, answers: &Answers) -> String {
    answers.login.documents.fetch_add(1, Ordering::SeqCst);
    if let Some(instead) = answers.login.instead.lock().unwrap().clone() {
        return instead;
    }
    let issuer = answers.lies.lock().unwrap().clone().unwrap_or_else(|| url.to_owned());
    let mut document = json!({"issuer": issuer, "jwks_uri": format!("{url}/keys")});
    for (name, value) in answers.login.says.lock().unwrap().iter() {
        document[name] = value.clone();
    }
    ok(&document)
}

/// The body of a request with these headers.
async fn body<S: AsyncRead + Unpin>(head: &[u8], stream: &mut S) -> std::io::Result<Vec<u8>> {
    let length = String::from_utf8_lossy(head).lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap()];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

async fn introspection(head: &[u8], body: &[u8], answers: &Answers) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    answers.asked.lock().unwrap().push((text(head), text(body)));
    if answers.silent.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let pairs: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let instead = answers.instead_of_active.lock().unwrap().clone();
    let known = answers.active.lock().unwrap().get(&pairs["token"]).cloned();
    instead.unwrap_or_else(|| ok(&known.unwrap_or_else(|| json!({"active": false}))))
}

fn ok(body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key of an issuer.
struct Signer {
    kid: String,
    pair: Pair,
}

impl Signer {
    fn rsa(kid: &str) -> Signer {
        Signer { kid: kid.to_owned(), pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    fn p256(kid: &str) -> Signer {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Signer { kid: kid.to_owned(), pair: Pair::P256(pair) }
    }

    fn ed25519(kid: &str) -> Signer {
        Signer { kid: kid.to_owned(), pair: Pair::Ed25519(Ed25519KeyPair::generate().unwrap()) }
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        }
    }

    fn jwk(&self) -> Value {
        let kid = &self.kid;
        match &self.pair {
            Pair::Rsa(pair) => {
                let n = base64(pair.public_key().modulus().big_endian_without_leading_zero());
                let e = base64(pair.public_key().exponent().big_endian_without_leading_zero());
                json!({"kty": "RSA", "kid": kid, "use": "sig", "n": n, "e": e})
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": base64(&point[1..33]), "y": base64(&point[33..])})
            }
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": base64(pair.public_key().as_ref())})
            }
        }
    }

    fn header(&self) -> Value {
        json!({"alg": self.algorithm(), "typ": "at+jwt", "kid": self.kid})
    }

    fn token(&self, claims: &Value) -> String {
        self.token_with(&self.header(), claims)
    }

    fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// Signs any texts, so that also broken ones can be signed.
    fn token_of(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
            Pair::P256(pair) => pair.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", base64(&signature))
    }
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn verify(issuers: &Issuers, token: &str) -> Result<Arc<Caller>, TokenRefused> {
    issuers.verify(token, CredentialKind::OauthBearer, now()).await
}

/// The check that refuses the token; its text must not hold the token.
async fn refusal(issuers: &Issuers, token: &str) -> Check {
    let refused = verify(issuers, token).await.unwrap_err();
    let text = format!("{refused} {refused:?}");
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!text.contains(part), "{text}");
    }
    refused.check
}
