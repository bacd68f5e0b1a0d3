//! The ways to log in, and what each needs.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use tidegate_brokers::kafka;
use tidegate_brokers::raw::{LoginAnswer, Raw, Scram};

use super::At;

/// The service account that logs in with a password at the gate.
pub(super) const ACCOUNT: &str = "bench";

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// A token signed with RS256 that nobody saw before.
    Rs256,
    /// The same with ES256.
    Es256,
    /// One token again and again, which the gate remembers.
    Same,
    /// A token as password.
    PlainToken,
    ScramSha256,
    ScramSha512,
    /// A password as it is.
    PlainPassword,
}

impl Method {
    pub(super) const ALL: [Method; 7] = [
        Method::Rs256,
        Method::Es256,
        Method::Same,
        Method::PlainToken,
        Method::ScramSha256,
        Method::ScramSha512,
        Method::PlainPassword,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Method::Rs256 => "OAUTHBEARER, new token, RS256",
            Method::Es256 => "OAUTHBEARER, new token, ES256",
            Method::Same => "OAUTHBEARER, the same token again",
            Method::PlainToken => "PLAIN, new token as password, ES256",
            Method::ScramSha256 => "SCRAM-SHA-256",
            Method::ScramSha512 => "SCRAM-SHA-512",
            Method::PlainPassword => "PLAIN, password",
        }
    }

    /// Whether there is such a login there.
    pub(super) fn is_known(self, at: At) -> bool {
        match at {
            At::Gate => true,
            At::Kafka => self != Method::PlainToken,
            At::GateWithAgentLogin => self == Method::Same,
        }
    }
}

/// What a client logs in with.
pub(super) enum Credential<'a> {
    Bearer(&'a Fresh),
    PlainToken(&'a Fresh),
    Plain(&'a str, &'a str),
    Scram(&'a Scram),
}

impl Credential<'_> {
    pub(super) fn login(&self, raw: &mut Raw) -> Result<LoginAnswer> {
        match self {
            Credential::Bearer(tokens) => {
                let answer = raw.login_bearer(tokens.next()?)?;
                // A refusal comes as one more message of the mechanism.
                ensure!(answer.bytes.is_empty(), "the token was refused: {}", String::from_utf8_lossy(&answer.bytes));
                Ok(answer)
            }
            Credential::PlainToken(tokens) => raw.login_plain(tokens.next()?),
            Credential::Plain(user, password) => raw.login("PLAIN", format!("\0{user}\0{password}").as_bytes()),
            Credential::Scram(scram) => scram.login(raw),
        }
    }
}

/// Tokens, each used once; the only one of its kind is used again and again.
pub(super) struct Fresh {
    tokens: Vec<String>,
    next: AtomicUsize,
}

impl Fresh {
    fn of(tokens: Vec<String>) -> Fresh {
        Fresh { tokens, next: AtomicUsize::new(0) }
    }

    fn next(&self) -> Result<&str> {
        let at = match self.tokens.len() {
            1 => 0,
            _ => self.next.fetch_add(1, Ordering::Relaxed),
        };
        self.tokens.get(at).map(String::as_str).context("no tokens are left")
    }
}

/// All credentials.
pub(super) struct Credentials {
    at_gate: Place,
    at_kafka: Place,
    plain_tokens: Fresh,
}

/// What is used at one place. A token that one place has seen is new to the other.
struct Place {
    rs256: Fresh,
    es256: Fresh,
    same: Fresh,
    user: &'static str,
    password: String,
    sha256: Scram,
    sha512: Scram,
}

/// Tokens by the algorithm that they are signed with; of `es256` there are twice as many.
pub(super) struct Signed {
    pub(super) rs256: Vec<String>,
    pub(super) es256: Vec<String>,
    pub(super) same: String,
}

impl Credentials {
    pub(super) fn new(mut tokens: Signed, of_account: String, of_kafka: String) -> Result<Credentials> {
        let plain_tokens = Fresh::of(tokens.es256.split_off(tokens.es256.len() / 2));
        Ok(Credentials {
            at_gate: Place::new(&tokens, ACCOUNT, of_account)?,
            at_kafka: Place::new(&tokens, kafka::USER, of_kafka)?,
            plain_tokens,
        })
    }

    pub(super) fn of(&self, method: Method, at: At) -> Credential<'_> {
        let place = if at == At::Kafka { &self.at_kafka } else { &self.at_gate };
        match method {
            Method::Rs256 => Credential::Bearer(&place.rs256),
            Method::Es256 => Credential::Bearer(&place.es256),
            Method::Same => Credential::Bearer(&place.same),
            Method::PlainToken => Credential::PlainToken(&self.plain_tokens),
            Method::ScramSha256 => Credential::Scram(&place.sha256),
            Method::ScramSha512 => Credential::Scram(&place.sha512),
            Method::PlainPassword => Credential::Plain(place.user, &place.password),
        }
    }
}

impl Place {
    fn new(tokens: &Signed, user: &'static str, password: String) -> Result<Place> {
        Ok(Place {
            rs256: Fresh::of(tokens.rs256.clone()),
            es256: Fresh::of(tokens.es256.clone()),
            same: Fresh::of(vec![tokens.same.clone()]),
            sha256: Scram::new("SCRAM-SHA-256", user, &password)?,
            sha512: Scram::new("SCRAM-SHA-512", user, &password)?,
            user,
            password,
        })
    }
}
