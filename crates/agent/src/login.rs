//! The login to a Kafka broker, without I/O: SASL PLAIN and SCRAM (RFC 5802, RFC 7677) inside Kafka's own frames.
//!
//! Two requests are enough: SaslHandshake version 1 names the mechanism, SaslAuthenticate version 1 carries its bytes. Both
//! are so old and small that they are made by hand. What a broker says in words is never repeated: a rogue one could put
//! what it was told into its error text.

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The longest answer of a broker during login.
const ANSWER_MAX: usize = 64 * 1024;
/// RFC 5802 asks for at least 4096; above the upper bound a rogue broker would only burn our time.
const ITERATIONS: std::ops::RangeInclusive<u32> = 4096..=1_000_000;
/// The longest salt in bytes.
const SALT_MAX: usize = 1024;
/// What the agent calls itself in Kafka's request headers.
const CLIENT_ID: &str = "tidegate-agent";

/// A SASL mechanism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub(crate) enum Mechanism {
    /// No SASL: nothing, or a TLS client certificate.
    #[default]
    #[serde(rename = "NONE")]
    None,
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Mechanism::None => "NONE",
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Who logs in, and how.
pub(crate) struct Credentials {
    pub(crate) mechanism: Mechanism,
    pub(crate) username: String,
    pub(crate) password: Secret,
    /// The slow part of SCRAM with the salt and iterations it is for, kept for the next login (RFC 5802 section 5.1).
    salted: Mutex<Option<(Vec<u8>, u32, Salted)>>,
}

type Salted = Arc<Zeroizing<Vec<u8>>>;

impl Credentials {
    pub(crate) fn new(mechanism: Mechanism, username: String, password: Secret) -> Credentials {
        Credentials { mechanism, username, password, salted: Mutex::new(None) }
    }
}

/// Why a login failed. Holds no secret and no text of the broker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoginError {
    #[error("the broker refused the user or the password; check both at the broker")]
    WrongPassword,
    #[error("the broker does not offer {0} on this port; change the mechanism or the port")]
    Mechanism(&'static str),
    #[error("the broker refused the login with error code {0}")]
    Refused(i16),
    #[error("the answer is not a Kafka broker's ({0}); check the port, and whether the broker expects TLS there")]
    NotKafka(&'static str),
    #[error("the broker's SCRAM message is wrong ({0}); it is broken or an impostor")]
    Scram(&'static str),
    #[error("the broker wants {0} SCRAM iterations, outside 4096 to 1000000; set the user's password anew")]
    Iterations(u32),
    #[error("the broker could not prove that it knows the password; it is an impostor or holds another password")]
    ServerSignature,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Send these bytes, then read on.
    Send(Zeroizing<Vec<u8>>),
    /// Read on.
    More,
    /// The connection is logged in, and no byte is left over.
    /// `lifetime_ms` later the broker ends the session, 0 = never (KIP-368).
    Done { lifetime_ms: u64 },
}

enum State {
    Handshake,
    Plain,
    ClientFirst { first_bare: String },
    ClientFinal { signature_key: Box<hmac::Key>, message: String },
    Over,
}

/// One login.
pub(crate) struct Login {
    credentials: Arc<Credentials>,
    state: State,
    correlation: i32,
    input: Vec<u8>,
    nonce: String,
}

impl Login {
    /// A login with a fresh nonce, and the first bytes to send.
    pub(crate) fn start(credentials: Arc<Credentials>) -> (Login, Zeroizing<Vec<u8>>) {
        // without random bytes the nonce stays empty, which SCRAM then refuses to go on with
        let mut random = [0; 24];
        let nonce = aws_lc_rs::rand::fill(&mut random).map_or(String::new(), |()| STANDARD.encode(random));
        Login::start_with(credentials, nonce)
    }

    fn start_with(credentials: Arc<Credentials>, nonce: String) -> (Login, Zeroizing<Vec<u8>>) {
        let mut body = Zeroizing::new(Vec::new());
        put_text(&mut body, credentials.mechanism.name());
        let mut login = Login { credentials, state: State::Handshake, correlation: 0, input: Vec::new(), nonce };
        let request = login.request(17, &body);
        (login, request)
    }

    /// Takes bytes from the broker; after an error the connection must be closed.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<Progress, LoginError> {
        self.input.extend_from_slice(bytes);
        let Some(field) = self.input.first_chunk::<4>() else { return Ok(Progress::More) };
        let length = usize::try_from(u32::from_be_bytes(*field)).unwrap_or(usize::MAX);
        if length > ANSWER_MAX {
            return Err(LoginError::NotKafka("its length is impossible"));
        }
        match self.input.len().cmp(&length.saturating_add(4)) {
            Ordering::Less => return Ok(Progress::More),
            Ordering::Greater => return Err(LoginError::NotKafka("more came than was asked for")),
            Ordering::Equal => {}
        }
        let frame = std::mem::take(&mut self.input);
        let mut answer = Answer(frame.get(4..).unwrap_or_default());
        if answer.i32()? != self.correlation {
            return Err(LoginError::NotKafka("its correlation id is wrong"));
        }
        self.advance(&mut answer)
    }

    fn advance(&mut self, answer: &mut Answer<'_>) -> Result<Progress, LoginError> {
        let state = std::mem::replace(&mut self.state, State::Over);
        if matches!(state, State::Handshake) {
            // the list of mechanisms that follows is the broker's text: not needed, not repeated
            return match answer.i16()? {
                0 => Ok(Progress::Send(self.client_first())),
                33 => Err(LoginError::Mechanism(self.credentials.mechanism.name())),
                code => Err(LoginError::Refused(code)),
            };
        }
        let (token, lifetime_ms) = answer.authenticated()?;
        match state {
            State::Plain => Ok(Progress::Done { lifetime_ms }),
            State::ClientFirst { first_bare } => self.client_final(&first_bare, token).map(Progress::Send),
            State::ClientFinal { signature_key, message } => {
                check_server(&signature_key, &message, token)?;
                Ok(Progress::Done { lifetime_ms })
            }
            State::Handshake | State::Over => Err(LoginError::NotKafka("it came after the end")),
        }
    }

    fn client_first(&mut self) -> Zeroizing<Vec<u8>> {
        let credentials = &*self.credentials;
        if credentials.mechanism == Mechanism::Plain {
            let mut token = Zeroizing::new(Vec::with_capacity(1024));
            for part in [credentials.username.as_bytes(), credentials.password.expose()] {
                token.push(0);
                token.extend_from_slice(part);
            }
            self.state = State::Plain;
            return self.authenticate(&token);
        }
        let username = credentials.username.replace('=', "=3D").replace(',', "=2C");
        let first_bare = format!("n={username},r={}", self.nonce);
        let request = self.authenticate(format!("n,,{first_bare}").as_bytes());
        self.state = State::ClientFirst { first_bare };
        request
    }

    fn client_final(&mut self, first_bare: &str, token: &[u8]) -> Result<Zeroizing<Vec<u8>>, LoginError> {
        let first = text(token)?;
        let (server_nonce, salt, iterations) = server_first(first)?;
        // the server's nonce must continue ours, or an old conversation could be replayed
        let added = server_nonce.strip_prefix(self.nonce.as_str());
        if self.nonce.is_empty() || added.is_none_or(str::is_empty) {
            return Err(LoginError::Scram("its nonce does not continue ours"));
        }
        if !ITERATIONS.contains(&iterations) {
            return Err(LoginError::Iterations(iterations));
        }
        let hash = if self.credentials.mechanism == Mechanism::ScramSha256 { SHA256 } else { SHA512 };
        let salted = self.credentials.salted(hash, &salt, iterations);
        let client_key = Zeroizing::new(hash.sign(&salted, b"Client Key"));
        let stored_key = Zeroizing::new(digest::digest(hash.digest, &client_key).as_ref().to_vec());
        let server_key = Zeroizing::new(hash.sign(&salted, b"Server Key"));
        let without_proof = format!("c=biws,r={server_nonce}");
        let message = format!("{first_bare},{first},{without_proof}");
        let signature = Zeroizing::new(hash.sign(&stored_key, message.as_bytes()));
        let proof: Zeroizing<Vec<u8>> =
            Zeroizing::new(client_key.iter().zip(signature.iter()).map(|(key, sign)| key ^ sign).collect());
        let signature_key = Box::new(hmac::Key::new(hash.hmac, &server_key));
        self.state = State::ClientFinal { signature_key, message };
        Ok(self.authenticate(format!("{without_proof},p={}", STANDARD.encode(&*proof)).as_bytes()))
    }

    fn authenticate(&mut self, token: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut body = Zeroizing::new(Vec::with_capacity(token.len().saturating_add(4)));
        body.extend_from_slice(&i32::try_from(token.len()).unwrap_or(i32::MAX).to_be_bytes());
        body.extend_from_slice(token);
        self.request(36, &body)
    }

    /// A whole request frame, version 1 of either key, request header version 1.
    fn request(&mut self, key: i16, body: &[u8]) -> Zeroizing<Vec<u8>> {
        self.correlation = self.correlation.wrapping_add(1);
        let length = body.len().saturating_add(10 + CLIENT_ID.len());
        let mut frame = Zeroizing::new(Vec::with_capacity(length.saturating_add(4)));
        frame.extend_from_slice(&i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes());
        frame.extend_from_slice(&key.to_be_bytes());
        frame.extend_from_slice(&1_i16.to_be_bytes());
        frame.extend_from_slice(&self.correlation.to_be_bytes());
        put_text(&mut frame, CLIENT_ID);
        frame.extend_from_slice(body);
        frame
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&i16::try_from(text.len()).unwrap_or(i16::MAX).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[derive(Clone, Copy)]
struct Hash {
    hmac: hmac::Algorithm,
    digest: &'static digest::Algorithm,
    derive: pbkdf2::Algorithm,
}

const SHA256: Hash = Hash { hmac: hmac::HMAC_SHA256, digest: &digest::SHA256, derive: pbkdf2::PBKDF2_HMAC_SHA256 };
const SHA512: Hash = Hash { hmac: hmac::HMAC_SHA512, digest: &digest::SHA512, derive: pbkdf2::PBKDF2_HMAC_SHA512 };

impl Hash {
    fn sign(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(self.hmac, key), message).as_ref().to_vec()
    }
}

impl Credentials {
    fn salted(&self, hash: Hash, salt: &[u8], iterations: u32) -> Salted {
        // the lock is held over the work: the others that log in now need the same result
        let mut kept = self.salted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, password)) = kept.as_ref().filter(|known| known.0 == salt && known.1 == iterations) {
            return Arc::clone(password);
        }
        let mut out = Zeroizing::new(vec![0; hash.digest.output_len()]);
        let rounds = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
        // Kafka takes the password's UTF-8 as it is, without SASLprep
        pbkdf2::derive(hash.derive, rounds, salt, self.password.expose(), &mut out);
        let password = Arc::new(out);
        *kept = Some((salt.to_vec(), iterations, Arc::clone(&password)));
        password
    }
}

/// What the server says, unless it says that the login failed.
fn text(token: &[u8]) -> Result<&str, LoginError> {
    let text = std::str::from_utf8(token).ok().ok_or(LoginError::Scram("it is not text"))?;
    if text.starts_with("e=") { Err(LoginError::WrongPassword) } else { Ok(text) }
}

/// Nonce, salt and iteration count.
fn server_first(text: &str) -> Result<(&str, Vec<u8>, u32), LoginError> {
    let mut parts = text.split(',');
    let mut part = |prefix| parts.next().and_then(|part| part.strip_prefix(prefix));
    // a part "m=" in front is an extension that must be understood: it fails here as the RFC asks
    let nonce = part("r=").ok_or(LoginError::Scram("it has no nonce"))?;
    let salt = part("s=").and_then(|salt| STANDARD.decode(salt).ok());
    let salt = salt.filter(|salt| (1..=SALT_MAX).contains(&salt.len()));
    let iterations = part("i=").and_then(|count| count.parse().ok());
    let salt = salt.ok_or(LoginError::Scram("its salt is wrong"))?;
    Ok((nonce, salt, iterations.ok_or(LoginError::Scram("its iteration count is wrong"))?))
}

/// Checks the server's signature in constant time.
fn check_server(key: &hmac::Key, message: &str, token: &[u8]) -> Result<(), LoginError> {
    let last = text(token)?.split(',').next().unwrap_or_default();
    let signature = last.strip_prefix("v=").and_then(|value| STANDARD.decode(value).ok());
    let signature = signature.ok_or(LoginError::Scram("it has no signature"))?;
    hmac::verify(key, message.as_bytes(), &signature).ok().ok_or(LoginError::ServerSignature)
}

/// An answer's fields, read from the front.
struct Answer<'a>(&'a [u8]);

impl<'a> Answer<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoginError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(LoginError::NotKafka("it is too short"))?;
        self.0 = rest;
        Ok(*head)
    }

    fn i16(&mut self) -> Result<i16, LoginError> {
        self.array().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, LoginError> {
        self.array().map(i32::from_be_bytes)
    }

    /// A negative length means null.
    fn take(&mut self, length: i32) -> Result<&'a [u8], LoginError> {
        let length = usize::try_from(length).unwrap_or(0);
        let (head, rest) = self.0.split_at_checked(length).ok_or(LoginError::NotKafka("it is too short"))?;
        self.0 = rest;
        Ok(head)
    }

    /// SaslAuthenticate's answer, version 1: the mechanism's bytes and the session's lifetime.
    fn authenticated(&mut self) -> Result<(&'a [u8], u64), LoginError> {
        match self.i16()? {
            0 => {}
            58 => return Err(LoginError::WrongPassword),
            code => return Err(LoginError::Refused(code)),
        }
        let words = self.i16()?;
        self.take(words.into())?;
        let token = self.i32()?;
        let token = self.take(token)?;
        let lifetime = u64::try_from(i64::from_be_bytes(self.array()?)).unwrap_or(0);
        if self.0.is_empty() { Ok((token, lifetime)) } else { Err(LoginError::NotKafka("it is too long")) }
    }
}

#[cfg(test)]
mod tests;
