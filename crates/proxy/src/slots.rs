//! What the stages of [`crate::exchange`] hand to each other: requests on their way, and answers that are owed.

use std::sync::Arc;
use std::time::Duration;

use tidegate_model::{Credential, FrameRefused, RequestStep, Slot};
use tidegate_policy::Policy;
use tokio::io::AsyncRead;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::decider::Questions;
use crate::fault::Fault;
use crate::frames::{FrameReader, Held};
use crate::quarantine::Copies;
use crate::recorder::OpenIntent;
use crate::shows::Shows;
use crate::steps::{Decided, Masked, Recording, Tickets};

const NO_MORE_ANSWERS: &str = "not forwarded: the connection ended first";

/// How the halves and the process tell each other to end. A half is told, never dropped: what it has begun to record it finishes.
pub(crate) struct Ends {
    /// No more requests: the gate stops, the client has gone, or the answers have ended.
    pub(crate) no_more: CancellationToken,
    /// The answers have ended.
    pub(crate) answered: CancellationToken,
    /// Answers under way have had their time.
    pub(crate) late: CancellationToken,
}

/// A request that was decided, on its way.
pub(crate) enum Step {
    Forward {
        recording: Recording<Decided>,
        slot: Slot,
        questions: Questions,
        policy: Arc<Policy>,
        _held: Held,
    },
    Unanswered {
        recording: Recording<Decided>,
        close: bool,
        policy: Arc<Policy>,
        _held: Held,
    },
    RefusedSilently {
        tickets: Tickets,
        close: bool,
        _held: Held,
    },
    Ours {
        recording: Recording<Masked>,
        delay: Duration,
        held: Held,
    },
    /// `done` says whether the credential was accepted; it is dropped unsaid when the connection ends otherwise.
    Authenticate {
        credential: Credential,
        done: Option<oneshot::Sender<bool>>,
    },
}

/// What comes of a request: first the copies of records that it was refused for are written, if there are any.
pub(crate) struct Next {
    pub(crate) copies: Option<Copies>,
    pub(crate) step: Step,
}

impl Next {
    /// Bytes of the copies.
    pub(crate) fn copied_bytes(&self) -> usize {
        self.copies.iter().flat_map(|copies| &copies.batches).map(|batch| batch.batch.len()).sum()
    }
}

/// An answer that is owed to the client.
pub(crate) enum Owed {
    /// The broker will give it.
    Broker { slot: Slot, intent: OpenIntent, questions: Questions, policy: Arc<Policy> },
    /// The gate has given it.
    Ours { recording: Recording<Masked>, delay: Duration, held: Held },
}

/// An answer that waits for its leaf.
pub(crate) struct Ready {
    pub(crate) recording: Recording<Masked>,
    pub(crate) intent: OpenIntent,
    pub(crate) delay: Duration,
    /// What it shows of topics, if it does.
    pub(crate) shows: Option<Shows>,
    /// Whether it shows what the broker has, and does not only say what became of a change.
    pub(crate) reads: bool,
    pub(crate) _held: Held,
}

/// Whether a request may come after the session's end: it leads to a new credential.
pub(crate) fn is_negotiation(step: &RequestStep) -> bool {
    match step {
        RequestStep::Authenticate(_) => true,
        RequestStep::Answer { facts, .. } => !facts.refused,
        RequestStep::Begin(_) | RequestStep::Forward { .. } | RequestStep::ForwardUnanswered { .. } => false,
    }
}

/// A place in the order of the answers, for a request that is about to be forwarded. When the answers have ended, it is not.
pub(crate) async fn place(
    owe: &mpsc::Sender<Owed>,
    intent: OpenIntent,
) -> Result<(OpenIntent, mpsc::Permit<'_, Owed>), Fault> {
    match owe.reserve().await {
        Ok(place) => Ok((intent, place)),
        Err(_ended) => {
            intent.not_forwarded(NO_MORE_ANSWERS);
            Err(Fault::BrokerGone { in_flight: 0 })
        }
    }
}

/// Queues an answer of the gate in the order of the requests.
pub(crate) async fn send(owe: &mpsc::Sender<Owed>, owed: Owed) -> Result<(), Fault> {
    owe.send(owed).await.map_err(|_ended| Fault::BrokerGone { in_flight: 0 })
}

/// The next answer that is owed; `None` when no more will be. A broker that hangs up or speaks unasked meanwhile is a fault: the
/// client's next request would go nowhere.
pub(crate) async fn next_owed<R: AsyncRead + Unpin>(
    owed: &mut mpsc::Receiver<Owed>,
    upstream_in: &mut FrameReader<R>,
) -> Result<Option<Owed>, Fault> {
    tokio::select! {
        biased;
        owed = owed.recv() => Ok(owed),
        unasked = upstream_in.more() => match unasked {
            Ok(true) => Err(Fault::Broker(FrameRefused("bytes that no request asked for".into()))),
            Ok(false) | Err(_) => Err(Fault::BrokerGone { in_flight: 0 }),
        },
    }
}

/// Counts what else is owed into a broker's loss.
pub(crate) fn with_in_flight(fault: Fault, owed: &mut mpsc::Receiver<Owed>) -> Fault {
    match fault {
        Fault::BrokerGone { in_flight } => {
            owed.close();
            Fault::BrokerGone { in_flight: in_flight.saturating_add(owed.len()) }
        }
        other => other,
    }
}
