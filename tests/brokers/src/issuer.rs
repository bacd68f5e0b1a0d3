//! A small OpenID provider: discovery, JWKS, a token endpoint for client credentials, and a pen for tokens of every kind.
//!
//! It answers one request per connection and one connection at a time, which is plenty for a gate that caches keys.

mod keys;
mod server;

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::cache::hex;
use crate::http::{Server, lock};
use crate::kafka::{Provider, random};
pub use keys::Algorithm;
use keys::SigningKey;

/// The audience that tokens are for unless a test says otherwise.
pub const AUDIENCE: &str = "tidegate";
/// Lifetime of a token in seconds unless a test says otherwise.
pub const LIFETIME: u64 = 3600;

/// The provider; ends when dropped.
#[derive(Debug)]
pub struct Issuer {
    shared: Arc<Mutex<State>>,
    server: Server,
}

/// What the server's thread and the tests share.
#[derive(Debug)]
struct State {
    url: String,
    /// Published keys; the last one signs.
    keys: Vec<SigningKey>,
    clients: Vec<Client>,
    down: bool,
    requests: Requests,
}

#[derive(Clone, Debug)]
struct Client {
    id: String,
    secret: String,
    groups: Vec<String>,
}

/// How often each document was asked for while the provider was up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// `/.well-known/openid-configuration`
    pub discovery: u64,
    /// `/jwks`
    pub jwks: u64,
    /// `/token`
    pub token: u64,
}

impl Issuer {
    /// Starts a provider on a free port with one RS256 key.
    ///
    /// # Errors
    /// When there is no free port or no key can be made.
    pub fn start() -> Result<Issuer> {
        let state = State {
            url: String::new(),
            keys: vec![SigningKey::generate(Algorithm::Rs256)?],
            clients: Vec::new(),
            down: false,
            requests: Requests::default(),
        };
        let shared = Arc::new(Mutex::new(state));
        let served = Arc::clone(&shared);
        let server = Server::start("issuer", move |stream| server::take(&stream, &served))?;
        lock(&shared)?.url = format!("http://{}", server.address());
        Ok(Issuer { shared, server })
    }

    /// The issuer's identifier, which is its base address too.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The token endpoint for client credentials.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        format!("http://{}/token", self.server.address())
    }

    /// How a broker comes to take this provider's tokens itself.
    #[must_use]
    pub fn for_brokers(&self) -> Provider {
        Provider { issuer: self.url(), keys: format!("{}/jwks", self.url()), audience: AUDIENCE.to_owned() }
    }

    /// Lets a client get tokens at the token endpoint, with these groups.
    ///
    /// # Errors
    /// When another thread failed while it held the state.
    pub fn add_client(&self, id: &str, secret: &str, groups: &[&str]) -> Result<()> {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        lock(&self.shared)?.clients.push(Client { id: id.to_owned(), secret: secret.to_owned(), groups });
        Ok(())
    }

    /// Publishes a new signing key; `forget` takes all older ones away.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn rotate(&self, algorithm: Algorithm, forget: bool) -> Result<()> {
        let key = SigningKey::generate(algorithm)?;
        let mut state = lock(&self.shared)?;
        if forget {
            state.keys.clear();
        }
        state.keys.push(key);
        Ok(())
    }

    /// Down: connections are closed without an answer. Tokens can still be made.
    ///
    /// # Errors
    /// When another thread failed while it held the state.
    pub fn set_down(&self, down: bool) -> Result<()> {
        lock(&self.shared)?.down = down;
        Ok(())
    }

    /// Requests answered so far.
    ///
    /// # Errors
    /// When another thread failed while it held the state.
    pub fn requests(&self) -> Result<Requests> {
        Ok(lock(&self.shared)?.requests)
    }

    /// The claims of a good token: change what a test is about, then [`Issuer::sign`].
    ///
    /// # Errors
    /// When the clock stands before 1970.
    pub fn claims(&self, subject: &str, groups: &[&str]) -> Result<Value> {
        claims(&self.url(), subject, groups)
    }

    /// A good token for this subject.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, subject: &str, groups: &[&str]) -> Result<String> {
        self.sign(&self.claims(subject, groups)?)
    }

    /// Signs claims with the newest key and the usual header.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        self.sign_with_header(claims, |_| ())
    }

    /// Signs claims with the newest key and a header that the test changes.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign_with_header(&self, claims: &Value, change: impl FnOnce(&mut Value)) -> Result<String> {
        let state = lock(&self.shared)?;
        sign(state.keys.last().context("the issuer has no key")?, claims, change)
    }

    /// A token that says that the newest key signed it, and which another key signed: forged.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn forged(&self, subject: &str, groups: &[&str]) -> Result<String> {
        let claims = self.claims(subject, groups)?;
        let (id, algorithm) = {
            let state = lock(&self.shared)?;
            let key = state.keys.last().context("the issuer has no key")?;
            (key.id.clone(), key.algorithm)
        };
        let mut other = SigningKey::generate(algorithm)?;
        other.id = id;
        sign(&other, &claims, |_| ())
    }
}

fn claims(url: &str, subject: &str, groups: &[&str]) -> Result<Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?.as_secs();
    Ok(json!({
        "iss": url,
        "sub": subject,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": hex(&random::<12>()?),
        "azp": "demo-client",
        "groups": groups,
    }))
}

fn sign(key: &SigningKey, claims: &Value, change: impl FnOnce(&mut Value)) -> Result<String> {
    let mut header = json!({ "typ": "at+jwt", "alg": key.algorithm.name(), "kid": key.id });
    change(&mut header);
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = key.sign(text.as_bytes())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    };

    use super::*;

    fn request(issuer: &Issuer, text: &str) -> String {
        let mut stream = TcpStream::connect(issuer.server.address()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        // An issuer that is down drops the connection, which may come as a reset.
        if let Err(error) = stream.read_to_string(&mut answer) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        answer
    }

    fn get(issuer: &Issuer, path: &str) -> Value {
        let answer = request(issuer, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn decode(value: &Value) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
    }

    #[test]
    fn a_token_verifies_under_the_published_key_and_a_forged_one_does_not() {
        let issuer = Issuer::start().unwrap();
        let keys = get(&issuer, "/jwks");
        let key = &keys["keys"][0];
        let public = RsaPublicKeyComponents { n: decode(&key["n"]), e: decode(&key["e"]) };
        let verifies = |token: &str| {
            let (text, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            public.verify(&RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature).is_ok()
        };
        assert!(verifies(&issuer.token("alice", &["producers"]).unwrap()));
        assert!(!verifies(&issuer.forged("alice", &["producers"]).unwrap()));
    }

    #[test]
    fn rotation_publishes_an_elliptic_key_and_forgets_the_old_one() {
        let issuer = Issuer::start().unwrap();
        let old = get(&issuer, "/jwks")["keys"][0]["kid"].clone();
        issuer.rotate(Algorithm::Es256, true).unwrap();
        let keys = get(&issuer, "/jwks");
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
        assert_ne!(keys["keys"][0]["kid"], old);
        let point = [&[4][..], &decode(&keys["keys"][0]["x"]), &decode(&keys["keys"][0]["y"])].concat();
        let token = issuer.token("bob", &[]).unwrap();
        let (text, signature) = token.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        assert_eq!(issuer.requests().unwrap().jwks, 2);
    }

    #[test]
    fn clients_get_tokens_for_the_right_secret_only_and_down_means_no_answer() {
        let issuer = Issuer::start().unwrap();
        issuer.add_client("loader", "s3cret", &["producers"]).unwrap();
        let ask = |secret: &str| {
            let login = base64::engine::general_purpose::STANDARD.encode(format!("loader:{secret}"));
            let body = "grant_type=client_credentials";
            request(
                &issuer,
                &format!(
                    "POST /token HTTP/1.1\r\nAuthorization: Basic {login}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ),
            )
        };
        assert!(ask("s3cret").contains("access_token"));
        assert!(ask("guess").starts_with("HTTP/1.1 401"));
        issuer.set_down(true).unwrap();
        assert_eq!(ask("s3cret"), "");
        issuer.set_down(false).unwrap();
        assert_eq!(get(&issuer, "/.well-known/openid-configuration")["issuer"], issuer.url());
    }
}
