//! Live sessions whose issuer is asked again whether their token is active (RFC 7662): a session ends when the issuer says that it
//! is not, or has not answered for too long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tidegate_identity::Recheck;
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;
use tracing::info;
use zeroize::Zeroizing;

use crate::gate::Shared;
use crate::live::{Bar, Seat};

/// Questions under way at once, over all issuers and sessions.
const ASKING_MAX: usize = 32;
/// How often sessions are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A session outlasts two questions without an answer, and ends with the third. One that was not even asked about, because too
/// many others were, ends when the fourth is due.
const UNANSWERED_MAX: u64 = 3;

/// The token of a live session, kept because its issuer is asked about it again.
pub(crate) struct Watch {
    token: Zeroizing<String>,
    every_s: u64,
    /// Unix seconds of the issuer's last word that the token is active.
    answered_at: u64,
    /// Unix seconds.
    due_at: u64,
    asking: bool,
    unanswered: u64,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("every_s", &self.every_s).finish_non_exhaustive()
    }
}

impl Watch {
    /// For a token that was active at the login, now.
    pub(crate) fn new(token: &str, every_s: u64, now: u64) -> Watch {
        let token = Zeroizing::new(token.to_owned());
        Watch { token, every_s, answered_at: now, due_at: now.saturating_add(every_s), asking: false, unanswered: 0 }
    }

    /// The token, if it is time to ask about it. The caller asks.
    fn take_due(&mut self, now: u64) -> Option<Zeroizing<String>> {
        if self.asking || now < self.due_at {
            return None;
        }
        self.asking = true;
        Some(self.token.clone())
    }

    fn is_forlorn(&self, now: u64) -> bool {
        now >= self.answered_at.saturating_add(self.every_s.saturating_mul(UNANSWERED_MAX.saturating_add(1)))
    }

    /// What the answer means for the session. An answer about a token that was replaced meanwhile means nothing.
    fn answered(&mut self, token: &str, answer: Recheck, now: u64) -> Option<Bar> {
        if *self.token != token {
            return None;
        }
        self.asking = false;
        self.due_at = now.saturating_add(self.every_s);
        match answer {
            Recheck::Active => {
                (self.unanswered, self.answered_at) = (0, now);
                None
            }
            Recheck::Ended => Some(Bar::TokenEnded),
            Recheck::Unanswered => {
                self.unanswered = self.unanswered.saturating_add(1);
                (self.unanswered >= UNANSWERED_MAX).then_some(Bar::Unconfirmed)
            }
        }
    }
}

/// Asks about the tokens of live sessions when it is time. Never returns.
pub async fn run(shared: Arc<Shared>) {
    let asks = ask_in_time(&shared);
    let ends = async {
        let mut tick = look();
        loop {
            tick.tick().await;
            let now = now(&shared);
            for seat in shared.live.watched() {
                if seat.watch().as_ref().is_some_and(|watch| watch.is_forlorn(now)) {
                    end(&seat, Bar::Unconfirmed);
                }
            }
        }
    };
    tokio::join!(asks, ends);
}

async fn ask_in_time(shared: &Arc<Shared>) {
    let turns = Arc::new(Semaphore::new(ASKING_MAX));
    let mut tick = look();
    loop {
        tick.tick().await;
        for seat in shared.live.watched() {
            let Some(token) = seat.watch().as_mut().and_then(|watch| watch.take_due(now(shared))) else { continue };
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                ask(&shared, &seat, &token).await;
                drop(turn);
            });
        }
    }
}

async fn ask(shared: &Shared, seat: &Seat, token: &str) {
    let caller = Arc::clone(&seat.access().caller);
    let answer = shared.issuers.load_full().recheck(token, &caller, now(shared)).await;
    let bar = seat.watch().as_mut().and_then(|watch| watch.answered(token, answer, now(shared)));
    if let Some(bar) = bar {
        end(seat, bar);
    }
}

fn end(seat: &Seat, bar: Bar) {
    if seat.end(bar) {
        let caller = Arc::clone(&seat.access().caller);
        info!(issuer = caller.issuer, why = bar.name(), "a session is cut: its issuer does not stand by its token");
    }
}

fn look() -> tokio::time::Interval {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

fn now(shared: &Shared) -> u64 {
    shared.now_ms() / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_about_in_time_and_once_at_a_time() {
        let mut watch = Watch::new("t", 10, 100);
        assert!(watch.take_due(109).is_none());
        assert_eq!(watch.take_due(110).unwrap().as_str(), "t");
        assert!(watch.take_due(120).is_none(), "a question is under way");
        assert_eq!(watch.answered("t", Recheck::Active, 121), None);
        assert!(watch.take_due(130).is_none() && watch.take_due(131).is_some());
        assert_eq!(watch.answered("t", Recheck::Ended, 132), Some(Bar::TokenEnded));
    }

    #[test]
    fn a_session_outlasts_a_few_questions_without_an_answer_and_not_many() {
        let mut watch = Watch::new("t", 10, 100);
        assert_eq!(watch.answered("t", Recheck::Unanswered, 110), None);
        assert_eq!(watch.answered("t", Recheck::Unanswered, 120), None);
        assert_eq!(watch.answered("t", Recheck::Active, 130), None, "an answer makes up for them");
        for (now, expected) in [(140, None), (150, None), (160, Some(Bar::Unconfirmed))] {
            assert_eq!(watch.answered("t", Recheck::Unanswered, now), expected);
        }
        // One that nobody got round to asking about.
        let watch = Watch::new("t", 10, 100);
        assert!(!watch.is_forlorn(139) && watch.is_forlorn(140));
    }

    #[test]
    fn an_answer_about_the_token_before_means_nothing_and_no_token_is_shown() {
        let mut watch = Watch::new("secret-token", 10, 100);
        assert!(watch.take_due(110).is_some());
        assert_eq!(watch.answered("older", Recheck::Ended, 111), None);
        assert_eq!(watch.answered("secret-token", Recheck::Ended, 111), Some(Bar::TokenEnded));
        assert!(!format!("{watch:?}").contains("secret"));
    }
}
