//! Who gives a command: the bearer of a token, or a user of this machine at the socket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use tidegate_model::{Caller, CallerKind, CredentialKind};

use super::{Control, HERE, Refused};
use crate::config::{LOCAL, LocalUserSection};
use crate::supervise::uid_of;

/// How long a local user's command may take; the credential is the connection itself.
const LOCAL_S: u64 = 60;

/// Who gives a command, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) caller: Arc<Caller>,
    pub(crate) address: IpAddr,
    pub(crate) tls: bool,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    /// A process of this machine; `None` when the system did not say whose.
    Local(Option<u32>),
    /// Somebody at the web listener.
    Remote { address: IpAddr, tls: bool },
}

impl Peer {
    /// From where.
    pub(crate) fn address(&self) -> IpAddr {
        match self {
            Peer::Local(_) => HERE,
            Peer::Remote { address, .. } => *address,
        }
    }

    fn is_remote(&self) -> bool {
        matches!(self, Peer::Remote { .. })
    }

    fn tls(&self) -> bool {
        matches!(self, Peer::Remote { tls: true, .. })
    }
}

/// Users of this machine by number.
#[derive(Debug)]
pub(super) struct LocalUsers(HashMap<u32, (String, Vec<String>)>);

impl LocalUsers {
    /// # Errors
    /// A user does not exist, or two names are the same user.
    pub(super) fn of(sections: &[LocalUserSection]) -> anyhow::Result<LocalUsers> {
        let mut users = HashMap::new();
        for section in sections {
            let user = section.user.get_ref();
            let mut groups: Vec<String> = section.groups.iter().map(|group| format!("{LOCAL}:{group}")).collect();
            groups.sort_unstable();
            groups.dedup();
            if let Some((other, _)) = users.insert(uid_of(user)?, (user.clone(), groups)) {
                anyhow::bail!("the local users {other:?} and {user:?} are the same user; name one of them");
            }
        }
        Ok(LocalUsers(users))
    }

    fn caller(&self, uid: u32, now: u64) -> Option<Caller> {
        let (user, groups) = self.0.get(&uid)?;
        Some(Caller {
            kind: CallerKind::User,
            issuer: LOCAL.to_owned(),
            subject: user.clone(),
            groups: groups.clone(),
            groups_known: true,
            client: None,
            token_id: None,
            token_hash: None,
            session: None,
            via_gate: false,
            credential: CredentialKind::LocalUser,
            issued_at: Some(now),
            expires_at: now.saturating_add(LOCAL_S),
            mfa_at: None,
        })
    }
}

impl FromRequestParts<Arc<Control>> for Operator {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, control: &Arc<Control>) -> Result<Operator, Refused> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| *peer);
        let Some(peer) = peer else { return Err(Refused::Unknown("the connection has no other end".into())) };
        let now = control.shared.now_ms() / 1000;
        if let Some(value) = parts.headers.get(AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
            let Some(token) = token else {
                return Err(Refused::Unknown("the Authorization header holds no bearer token".into()));
            };
            let issuers = control.shared.issuers.load_full();
            let verified = issuers.verify(token, CredentialKind::HttpBearer, now).await;
            let caller = match verified {
                Ok(caller) => caller,
                Err(refused) => {
                    control.note_failure(peer.address(), refused.check.name(), peer.is_remote()).await;
                    return Err(Refused::Unknown(format!("the token was refused: {}", refused.detail)));
                }
            };
            if control.shared.revocations.load().revoked(&caller).is_some() {
                control.note_failure(peer.address(), "revoked", peer.is_remote()).await;
                return Err(Refused::Unknown("the token was revoked: log in anew".into()));
            }
            return Ok(Operator { caller, address: peer.address(), tls: peer.tls() });
        }
        let Peer::Local(uid) = peer else {
            return Err(Refused::Unknown("send a token, as `tidegate` does after `tidegate login`".into()));
        };
        let known = uid.and_then(|uid| control.people.load().local_users.caller(uid, now));
        let Some(caller) = known else {
            let user = uid.map_or_else(|| "you".to_owned(), |uid| format!("user {uid}"));
            return Err(Refused::Unknown(format!(
                "the gate does not know {user} of this machine; name the user in [[control.local_user]], or send a token"
            )));
        };
        Ok(Operator { caller: Arc::new(caller), address: HERE, tls: false })
    }
}
