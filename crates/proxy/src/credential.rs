//! From what a client sends in a login to a caller: a token, or the password of a service account.

use std::net::SocketAddr;
use std::sync::Arc;

use tidegate_identity::{AccountRefused, Plain, ScramHash, ScramServer, check_authzid, parse_oauthbearer, parse_plain};
use tidegate_model::{Caller, Credential, CredentialKind, Mechanism};

use crate::gate::Shared;
use crate::listener::Listener;
use crate::recheck::Watch;

/// The user name that says that the password is a token.
const TOKEN_USER: &str = "token";

const PLAIN_IN_THE_OPEN: &str = "a service account's password is not taken over PLAIN on a listener without TLS: use \
    SCRAM-SHA-512, or a listener with TLS; have the password rotated, since it was sent for all to read";

/// Whether others can read what a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It came over TLS, or from this machine.
    Private,
    /// Whoever is on the way can.
    Open,
}

impl Way {
    /// Of a client that came to this listener from there.
    pub(crate) fn of(listener: &Listener, peer: SocketAddr) -> Way {
        let here = peer.ip().to_canonical().is_loopback();
        if listener.tls().is_some() || here { Way::Private } else { Way::Open }
    }
}

/// What a credential shows.
pub(crate) enum Verified {
    /// Who it is, the mechanism's last words to the client, and the token if its issuer is asked about it again.
    Caller(Arc<Caller>, String, Option<Watch>),
    /// Nothing yet: the client is told this, and answers.
    HalfWay(ScramServer, String),
}

/// A login that was refused: in our own words for leaf and metrics, and what the client may read.
pub(crate) struct Refused {
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

impl From<AccountRefused> for Refused {
    fn from(refused: AccountRefused) -> Self {
        let hint = match refused {
            AccountRefused::Password => "; a token goes with the user name `token`",
            _ => "",
        };
        Self { reason: refused.name(), text: format!("{refused}{hint}") }
    }
}

/// Checks a credential. `exchange` is what [`Verified::HalfWay`] gave for the one before.
pub(crate) async fn verify(
    shared: &Shared,
    credential: Credential,
    exchange: Option<ScramServer>,
    way: Way,
) -> Result<Verified, Refused> {
    let message = &credential.message;
    match credential.mechanism {
        Mechanism::ScramSha256 => scram(shared, ScramHash::Sha256, message, exchange),
        Mechanism::ScramSha512 => scram(shared, ScramHash::Sha512, message, exchange),
        Mechanism::OauthBearer => {
            let parsed = parse_oauthbearer(message).map_err(|e| malformed(&e))?;
            token(shared, &parsed.token, CredentialKind::OauthBearer, parsed.authzid.as_deref()).await
        }
        Mechanism::Plain => {
            let Plain { authzid, user, password } = parse_plain(message).map_err(|e| malformed(&e))?;
            if user == TOKEN_USER {
                // kafka-python repeats the user name as the authorization id, as Kafka itself allows.
                let authzid = authzid.filter(|id| *id != user);
                return token(shared, &password, CredentialKind::PlainToken, authzid.as_deref()).await;
            }
            if way == Way::Open {
                // It may have been read on its way, but it is not made use of.
                return Err(Refused { reason: "plain_without_tls", text: PLAIN_IN_THE_OPEN.into() });
            }
            let caller = shared.accounts.plain(Plain { authzid, user, password }, now(shared)).await?;
            Ok(Verified::Caller(caller, String::new(), None))
        }
    }
}

async fn token(shared: &Shared, token: &str, kind: CredentialKind, authzid: Option<&str>) -> Result<Verified, Refused> {
    let issuers = shared.issuers.load_full();
    let caller = issuers.verify(token, kind, now(shared)).await.map_err(|refused| Refused {
        reason: refused.check.name(),
        text: format!("the token was refused: {}", refused.detail),
    })?;
    check_authzid(authzid, &caller).map_err(|e| malformed(&e))?;
    let watch = issuers.recheck_s(&caller).map(|every_s| Watch::new(token, every_s, now(shared)));
    Ok(Verified::Caller(caller, String::new(), watch))
}

fn scram(shared: &Shared, hash: ScramHash, message: &[u8], exchange: Option<ScramServer>) -> Result<Verified, Refused> {
    match exchange {
        None => {
            let (exchange, answer) = shared.accounts.scram(hash, message)?;
            Ok(Verified::HalfWay(exchange, answer))
        }
        Some(exchange) => {
            let (caller, answer) = shared.accounts.scram_finish(&exchange, message, now(shared))?;
            Ok(Verified::Caller(caller, answer, None))
        }
    }
}

fn malformed(what: &dyn std::fmt::Display) -> Refused {
    Refused { reason: "malformed", text: what.to_string() }
}

fn now(shared: &Shared) -> u64 {
    shared.now_ms() / 1000
}

#[cfg(test)]
mod tests;
