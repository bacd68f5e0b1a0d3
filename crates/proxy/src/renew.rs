//! A new credential on a live session (KIP-368): the same caller, or the session ends as after a failed login.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tidegate_model::{Caller, Credential, LoginOutcome};
use tokio::io::AsyncRead;
use tokio::sync::mpsc;

use crate::connection::{LINGER, circumstances, lifetime, next_frame, note_failure};
use crate::credential::{Refused, Verified, Way, verify};
use crate::decider::Access;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::frames::FrameReader;
use crate::live::barred;
use crate::recheck::Watch;
use crate::slots::{Next, Owed, Step, send};
use crate::steps::{Masked, Recording};

/// The gate's answer to a new credential.
pub(crate) struct Renewed {
    pub(crate) answer: Recording<Masked>,
    /// Why the credential was refused; the connection ends once the client has been told.
    pub(crate) refused: Option<&'static str>,
}

/// What came of a new credential that was not refused.
enum Checked {
    HalfWay(String),
    Accepted { lifetime_ms: u64, last_words: String },
}

impl Exchange {
    /// Checks the credential, records it, and from then on decides by it.
    pub(crate) async fn renew(&self, credential: Credential) -> Result<Renewed, Fault> {
        match self.check(credential).await? {
            Ok(Checked::HalfWay(answer)) => {
                let told = LoginOutcome::Continue(answer.as_bytes());
                let answer = Recording::login(self.session().authenticated(told), told);
                Ok(Renewed { answer, refused: None })
            }
            Ok(Checked::Accepted { lifetime_ms, last_words }) => {
                let told = LoginOutcome::Accepted { lifetime_ms, last_words: last_words.as_bytes() };
                let answer = Recording::login(self.session().authenticated(told), told);
                Ok(Renewed { answer, refused: None })
            }
            Err(refused) => {
                note_failure(&self.listener.shared, self.facts.peer.ip(), refused.reason).await;
                let told = LoginOutcome::Refused(&refused.text);
                let answer = Recording::login(self.session().authenticated(told), told);
                Ok(Renewed { answer, refused: Some(refused.reason) })
            }
        }
    }

    async fn check(&self, credential: Credential) -> Result<Result<Checked, Refused>, Fault> {
        let shared = &self.listener.shared;
        let exchange = self.half_way.lock().unwrap_or_else(PoisonError::into_inner).take();
        let way = Way::of(&self.listener, self.facts.peer);
        let (caller, last_words, watch) = match verify(shared, credential, exchange, way).await {
            Ok(Verified::Caller(caller, last_words, watch)) => (caller, last_words, watch),
            Ok(Verified::HalfWay(exchange, answer)) => {
                *self.half_way.lock().unwrap_or_else(PoisonError::into_inner) = Some(exchange);
                return Ok(Ok(Checked::HalfWay(answer)));
            }
            Err(refused) => return Ok(Err(refused)),
        };
        let same = {
            let access = self.access();
            access.caller.issuer == caller.issuer
                && access.caller.subject == caller.subject
                && access.caller.kind == caller.kind
        };
        if !same {
            let text = "a live session cannot change its caller: connect anew".into();
            return Ok(Err(Refused { reason: "another_caller", text }));
        }
        self.accept((caller, last_words), watch).await
    }

    /// Takes a caller who is the same, once it is recorded.
    async fn accept(
        &self,
        (caller, last_words): (Arc<Caller>, String),
        watch: Option<Watch>,
    ) -> Result<Result<Checked, Refused>, Fault> {
        let shared = &self.listener.shared;
        let words = self.session().client();
        let around = circumstances(&self.listener, self.facts.peer, &words.client_id);
        if let Some(bar) = barred(shared, &caller, &around) {
            return Ok(Err(bar.into()));
        }
        let now_ms = shared.now_ms();
        let recorded = self.recorder.renewed(&caller, &words, &self.facts, now_ms).durable().await;
        recorded.map_err(|not| Fault::Evidence(not.error))?;
        shared.accounts.used(&caller, &words.client_id, self.facts.peer.ip(), now_ms);
        let upstream = self.upstream_ends_ms.map(|ends| Duration::from_millis(ends.saturating_sub(now_ms)));
        let lifetime_ms = lifetime(shared, &caller, upstream, now_ms);
        *self.seat.watch() = watch;
        *self.access() = Access::new(caller, now_ms.saturating_add(lifetime_ms), shared.policy(), &around);
        // Only now: a list that changes from here on finds the new credential, one that changed meanwhile did not.
        self.seat.review(shared);
        Ok(Ok(Checked::Accepted { lifetime_ms, last_words }))
    }

    /// After a refused login: some clients send one frame more before they are told, and all need time to read.
    pub(crate) async fn farewell<R: AsyncRead + Unpin>(
        &self,
        client_in: &mut FrameReader<R>,
        owe: &mpsc::Sender<Owed>,
    ) {
        for _told in 0..2 {
            let Ok(Ok(Some(frame))) = tokio::time::timeout(LINGER, next_frame(client_in)).await else { return };
            match self.decide(frame) {
                Ok(Next { copies: None, step: Step::Ours { recording, delay, held } }) => {
                    drop(send(owe, Owed::Ours { recording, delay, held }).await)
                }
                Ok(other) => self.withhold(other).await,
                Err(_refused) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::task::{Context, Waker};

    use tidegate_identity::{Revocation, RevocationKind, Revocations};

    use super::*;
    use crate::live::Bar;
    use crate::testing::{Gatehouse, caller, limits};

    #[tokio::test]
    async fn a_credential_that_is_revoked_while_its_leaf_is_written_ends_the_session() {
        let gate = Gatehouse::new(limits()).await;
        let shared = &gate.listener.shared;
        let exchange = gate.exchange(caller());
        let new = Arc::new(Caller { token_id: Some("new".into()), ..caller() });
        let mut accepting = Box::pin(exchange.accept((new, String::new()), None));
        let first = accepting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending(), "it waits for the disk");
        let value = "new".to_owned();
        let revoked = Revocation { kind: RevocationKind::Token, value, not_before: u64::MAX, reason: String::new() };
        shared.revocations.store(Arc::new(Revocations::new([revoked]).unwrap()));
        assert_eq!(shared.live.review(shared), 0, "the credential before is as good as ever");
        assert!(matches!(accepting.await, Ok(Ok(Checked::Accepted { .. }))));
        assert_eq!(exchange.seat.why_cut(), Some(Bar::Revoked));
    }
}
