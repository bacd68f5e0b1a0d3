//! The path of a request and of its answer. Read `Exchange::request_half` and `Exchange::answer_half` first: the two halves run at
//! the same time, joined by a queue of slots in the order of the requests.
//!
//! ```text
//! client ─▶ authenticate ─▶ decide ─▶ record intent ─▶ forward ─▶ broker
//!                              │            slots ▼ (FIFO, bounded)
//! client ◀─ deliver ◀─ record outcome ◀─ mask for this caller ◀─ receive
//! ```
//!
//! What changes something on the broker is in the log before it is forwarded, and its answer before it is delivered. What only
//! reads has one leaf, before delivery. If the intent cannot be written nothing is forwarded; if the outcome cannot, nothing is
//! made up: the connection closes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidegate_model::{
    Action, AnswerStep, Credential, Effect, Facts, FrameRefused, Gate as _, RequestStep, Resource, Session, Slot,
};
use tidegate_policy::Policy;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agents::Upstream;
use crate::connection::{circumstances, next_frame};
use crate::decider::{Access, Decider, Questions};
use crate::fault::Fault;
use crate::frames::{Frame, FrameReader, Held, ReadError, write_frame};
use crate::listener::Listener;
use crate::metrics::{Direction, Operation};
use crate::recorder::{ConnectionFacts, OpenIntent, Recorder};
use crate::steps::{Decided, Forwardable, Masked, ReadsOnly, Recording, Tickets};

/// Frames that are decided or read before their leaves are waited for together: one turn of the disk serves them all.
const BATCH_MAX: usize = 32;
/// Bytes of answers that wait together for their leaves.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An authenticated connection.
pub struct Exchange {
    pub(crate) listener: Arc<Listener>,
    pub(crate) session: Mutex<Box<dyn Session>>,
    pub(crate) access: Mutex<Access>,
    pub(crate) recorder: Recorder,
    pub(crate) facts: ConnectionFacts,
    /// When the broker ends the agent's login, Unix milliseconds; no session outlives it.
    pub(crate) upstream_ends_ms: Option<u64>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// A request that was decided, on its way.
pub(crate) enum Step {
    Forward { recording: Recording<Decided>, slot: Slot, questions: Questions, _held: Held },
    Unanswered { recording: Recording<Decided>, close: bool, _held: Held },
    RefusedSilently { tickets: Tickets, close: bool },
    Ours { recording: Recording<Masked>, delay: Duration },
    Authenticate(Credential),
}

/// An answer that is owed to the client.
pub(crate) enum Owed {
    /// The broker will give it.
    Broker { slot: Slot, intent: OpenIntent, questions: Questions, policy: Arc<Policy> },
    /// The gate has given it.
    Ours { recording: Recording<Masked>, delay: Duration },
}

/// An answer that waits for its leaf.
struct Ready {
    recording: Recording<Masked>,
    intent: OpenIntent,
    delay: Duration,
    _held: Held,
}

/// How the halves and the process tell each other to end. A half is told, never dropped: what it has begun to record it finishes.
struct Ends {
    /// No more requests: the gate stops, the client has gone, or the answers have ended.
    no_more: CancellationToken,
    /// The answers have ended.
    answered: CancellationToken,
    /// Answers under way have had their time.
    late: CancellationToken,
}

/// Runs both halves until the client has gone and every answer that is owed has been recorded.
///
/// # Errors
/// What ended the connection before that.
pub async fn drive<R, W>(
    exchange: &Exchange,
    client_in: FrameReader<R>,
    client_out: W,
    upstream: &mut Upstream,
) -> Result<(), Fault>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let shared = &exchange.listener.shared;
    let protocol = exchange.listener.endpoints.cluster().protocol;
    let (upstream_in, upstream_out) = upstream.split();
    let upstream_in = FrameReader::new(upstream_in, protocol, shared.budget.answers().clone());
    let (owe, owed) = mpsc::channel(shared.limits.in_flight);
    let ends = Ends {
        no_more: exchange.listener.stopping.child_token(),
        answered: CancellationToken::new(),
        late: CancellationToken::new(),
    };
    let requests = async {
        let ended = exchange.request_half(client_in, upstream_out, owe, &ends).await;
        // The client has gone, or was refused: what is in flight still gets its outcome, within bounds.
        tokio::select! {
            () = ends.answered.cancelled() => {}
            () = tokio::time::sleep(shared.limits.drain) => ends.late.cancel(),
        }
        ended
    };
    let answers = async {
        let ended = exchange.answer_half(upstream_in, client_out, owed, &ends).await;
        ends.answered.cancel();
        ends.no_more.cancel();
        ended
    };
    let (asked, answered) = tokio::join!(requests, answers);
    answered.and(asked)
}

impl Exchange {
    /// From the client to the broker.
    async fn request_half<R, W>(
        &self,
        mut client_in: FrameReader<R>,
        mut upstream_out: W,
        owe: mpsc::Sender<Owed>,
        ends: &Ends,
    ) -> Result<(), Fault>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            let next = tokio::select! {
                biased;
                () = ends.no_more.cancelled() => None,
                next = next_frame(&mut client_in) => next?,
            };
            let Some(frame) = next else { return Ok(()) };
            let (steps, refused) = self.decide_batch(frame, &mut client_in).await;
            let mut ended = Ok(());
            for step in steps {
                match ended {
                    Ok(()) => ended = self.forward(step, &mut upstream_out, &owe, ends).await,
                    Err(_) => self.withhold(step).await,
                }
            }
            if let Err(Fault::Login(_)) = ended {
                self.farewell(&mut client_in, &owe).await;
            }
            ended.and(refused)?;
        }
    }

    /// From the broker to the client.
    async fn answer_half<R, W>(
        &self,
        mut upstream_in: FrameReader<R>,
        client_out: W,
        mut owed: mpsc::Receiver<Owed>,
        ends: &Ends,
    ) -> Result<(), Fault>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut client_out = ClientOut { stream: client_out, gone: false };
        let mut following = None;
        loop {
            let first = match following.take() {
                Some(owed) => owed,
                None => match next_owed(&mut owed, &mut upstream_in).await? {
                    Some(owed) => owed,
                    None if client_out.gone => return Err(Fault::TooSlow("the client went away before its answers")),
                    None => return Ok(()),
                },
            };
            let (batch, then, received) = self.receive_batch(first, &mut upstream_in, &mut owed, ends).await;
            following = then;
            let mut ended = Ok(());
            for ready in batch {
                ended = ended.and(self.deliver(ready, &mut client_out, ends).await);
            }
            if client_out.gone {
                ends.no_more.cancel();
            }
            // What is still owed is dropped, and each open intent among it says that its effect is unknown.
            ended.and(received).map_err(|fault| with_in_flight(fault, &mut owed))?;
        }
    }

    /// Decides a frame and those that came with it. A frame that is refused ends the batch: those before it go on.
    async fn decide_batch<R: AsyncRead + Unpin>(
        &self,
        first: Frame,
        client_in: &mut FrameReader<R>,
    ) -> (Vec<Step>, Result<(), Fault>) {
        let mut steps = Vec::new();
        let mut next = Some(first);
        while let Some(frame) = next.take() {
            match self.decide(frame) {
                Ok(step) => steps.push(step),
                Err(fault) => return (steps, Err(fault)),
            }
            // What comes after a credential is decided once the credential is.
            let waits = matches!(steps.last(), Some(Step::Authenticate(_)));
            if steps.len() < BATCH_MAX && !waits && client_in.has_frame() {
                match next_frame(client_in).await {
                    Ok(frame) => next = frame,
                    Err(fault) => return (steps, Err(fault)),
                }
            }
        }
        (steps, Ok(()))
    }

    /// Authenticates, decodes and decides a request, and begins to record it.
    pub(crate) fn decide(&self, frame: Frame) -> Result<Step, Fault> {
        let access = self.access_now();
        let mut gate = Decider::new(&self.listener.shared, &self.listener.endpoints, Some(&access));
        let now_ms = gate.now_ms();
        let step = self.session().request(frame.bytes, &mut gate).map_err(Fault::Client)?;
        let questions = gate.into_questions();
        let held = frame.held;
        if now_ms >= access.ends_at_ms && !is_negotiation(&step) {
            return Err(Fault::SessionEnded);
        }
        Ok(match step {
            RequestStep::Authenticate(credential) => Step::Authenticate(credential),
            RequestStep::Answer { frame, facts, delay } => {
                let masked = Masked::new(frame, &questions);
                let recording = if facts.refused {
                    self.count(&facts, "refused");
                    match self.recorder.refusal(&facts, &questions, now_ms) {
                        Ok(tickets) => Recording::written(masked, tickets),
                        Err(folded) => Recording::counted(masked, folded),
                    }
                } else {
                    self.count(&facts, "allowed");
                    Recording::counted(masked, self.recorder.fold(&facts, now_ms))
                };
                self.recorder.flush_due(now_ms);
                Step::Ours { recording, delay }
            }
            RequestStep::Forward { frame, received, facts, slot } => {
                self.count(&facts, if facts.refused { "partly" } else { "allowed" });
                if facts.refused {
                    // Its leaf waits for nobody: the part that is allowed is recorded by itself, before it has any effect.
                    drop(self.recorder.refusal(&facts, &questions, now_ms));
                }
                let frame = Decided::new(frame, &questions);
                let recording = match ReadsOnly::of(&facts) {
                    Some(reads_only) => Recording::reads_only(frame, reads_only),
                    None => self.recorder.intent(frame, received.as_ref(), &facts, &questions, now_ms),
                };
                Step::Forward { recording, slot, questions, _held: held }
            }
            RequestStep::ForwardUnanswered { frame: Some(frame), facts, close } => {
                self.count(&facts, if facts.refused { "partly" } else { "allowed" });
                let frame = Decided::new(frame, &questions);
                let recording = self.recorder.intent(frame, None, &facts, &questions, now_ms);
                Step::Unanswered { recording, close, _held: held }
            }
            RequestStep::ForwardUnanswered { frame: None, facts, close } => {
                self.count(&facts, "refused");
                Step::RefusedSilently { tickets: self.recorder.refused(&facts, &questions, now_ms), close }
            }
        })
    }

    /// Waits until the intent is durable, then forwards; or puts the gate's own answer in its place in the order.
    async fn forward<W: AsyncWrite + Unpin>(
        &self,
        step: Step,
        upstream_out: &mut W,
        owe: &mpsc::Sender<Owed>,
        ends: &Ends,
    ) -> Result<(), Fault> {
        let then = |close| if close { Err(Fault::PartRefused) } else { Ok(()) };
        match step {
            Step::Forward { recording, slot, questions, _held } => {
                let (frame, indices) = match recording.durable().await {
                    Ok(durable) => durable,
                    Err(not) => {
                        // Nothing was forwarded: the client may try again.
                        self.recorder.opened(not.recorded).not_forwarded(UNRECORDED);
                        let retriable = self.session().retriable(&slot);
                        let Some(frame) = retriable else { return Err(Fault::Evidence(not.error)) };
                        let recording = Recording::unrecordable(frame, &not.error);
                        return send(owe, Owed::Ours { recording, delay: Duration::ZERO }).await;
                    }
                };
                let intent = self.recorder.opened(indices);
                let policy = Arc::clone(&self.access().policy);
                send(owe, Owed::Broker { slot, intent, questions, policy }).await?;
                self.write_upstream(upstream_out, &frame, ends).await
            }
            Step::Unanswered { recording, close, _held } => match recording.durable().await {
                Ok((frame, indices)) => {
                    let intent = self.recorder.opened(indices);
                    self.write_upstream(upstream_out, &frame, ends).await?;
                    intent.unanswered();
                    then(close)
                }
                Err(not) => {
                    self.recorder.opened(not.recorded).not_forwarded(UNRECORDED);
                    Err(Fault::Evidence(not.error))
                }
            },
            Step::RefusedSilently { tickets, close } => {
                tickets.durable().await.map_err(|not| Fault::Evidence(not.error))?;
                then(close)
            }
            Step::Ours { recording, delay } => send(owe, Owed::Ours { recording, delay }).await,
            Step::Authenticate(credential) => {
                let renewed = self.renew(credential).await?;
                send(owe, Owed::Ours { recording: renewed.answer, delay: Duration::ZERO }).await?;
                renewed.refused.map_or(Ok(()), |reason| Err(Fault::Login(reason)))
            }
        }
    }

    /// Records that a request that was decided, and perhaps recorded, is not forwarded.
    pub(crate) async fn withhold(&self, step: Step) {
        if let Step::Forward { recording, .. } | Step::Unanswered { recording, .. } = step {
            let indices = match recording.durable().await {
                Ok((_frame, indices)) => indices,
                Err(not) => not.recorded,
            };
            self.recorder.opened(indices).not_forwarded(WITHHELD);
        }
    }

    /// Receives an answer and those that are there already, so that one turn of the disk serves them all; with the answer that is
    /// to be received after them, if that is known.
    async fn receive_batch<R: AsyncRead + Unpin>(
        &self,
        first: Owed,
        upstream_in: &mut FrameReader<R>,
        owed: &mut mpsc::Receiver<Owed>,
        ends: &Ends,
    ) -> (Vec<Ready>, Option<Owed>, Result<(), Fault>) {
        let mut batch = Vec::new();
        let mut bytes = 0_usize;
        let mut current = first;
        loop {
            match self.receive(current, upstream_in, ends).await {
                Ok(ready) => {
                    bytes = bytes.saturating_add(ready.recording.len());
                    batch.push(ready);
                }
                Err(fault) => return (batch, None, Err(fault)),
            }
            let Ok(following) = owed.try_recv() else { return (batch, None, Ok(())) };
            if batch.len() >= BATCH_MAX || bytes >= BATCH_BYTES_MAX || !following.is_at_hand(upstream_in) {
                return (batch, Some(following), Ok(()));
            }
            current = following;
        }
    }

    /// Receives the answer that is owed, masks it for the caller, and begins to record it.
    async fn receive<R: AsyncRead + Unpin>(
        &self,
        owed: Owed,
        upstream_in: &mut FrameReader<R>,
        ends: &Ends,
    ) -> Result<Ready, Fault> {
        let (slot, intent, asked, policy) = match owed {
            Owed::Ours { recording, delay } => {
                let intent = self.recorder.opened(Vec::new());
                return Ok(Ready { recording, intent, delay, _held: Held::default() });
            }
            Owed::Broker { slot, intent, questions, policy } => (slot, intent, questions, policy),
        };
        let frame = tokio::select! {
            biased;
            frame = upstream_in.next() => match frame {
                Ok(Some(frame)) => frame,
                Ok(None) | Err(ReadError::Io(_)) => return Err(Fault::BrokerGone { in_flight: 1 }),
                Err(ReadError::Refused(refused)) => return Err(Fault::Broker(refused)),
            },
            () = ends.late.cancelled() => return Err(Fault::TooSlow("answers under way did not come in time")),
        };
        let held = frame.held;
        let (step, questions, now_ms) = self.mask(slot, frame.bytes, asked, &policy)?;
        let masked = Masked::new(step.frame, &questions);
        let recording = if step.quiet && !intent.is_open() {
            Recording::counted(masked, self.recorder.fold(&step.facts, now_ms))
        } else {
            self.recorder.outcome(masked, step.received.as_ref(), &step.facts, (&questions, &intent), now_ms)
        };
        self.recorder.flush_due(now_ms);
        if intent.is_open() && !step.facts.topics.is_empty() && step.facts.partitions.is_empty() {
            // Topics as a whole were changed: what is known of the cluster is old.
            self.listener.endpoints.cluster().nudge();
        }
        Ok(Ready { recording, intent, delay: Duration::ZERO, _held: held })
    }

    /// The answer as this caller may see it, under the policy that is in force now.
    fn mask(
        &self,
        slot: Slot,
        frame: bytes::BytesMut,
        asked: Questions,
        asked_under: &Arc<Policy>,
    ) -> Result<(AnswerStep, Questions, u64), Fault> {
        let access = self.access_now();
        let mut gate = Decider::new(&self.listener.shared, &self.listener.endpoints, Some(&access));
        let now_ms = gate.now_ms();
        let step = self.session().answer(slot, frame, &mut gate).map_err(Fault::Broker)?;
        if Arc::ptr_eq(asked_under, &access.policy) {
            return Ok((step, asked, now_ms));
        }
        for partition in step.facts.partitions.iter().filter(|p| p.bytes > 0 && step.facts.effect == Effect::Reads) {
            let name = step.facts.topics.get(partition.topic).map_or("", |t| t.name.as_str());
            if !gate.allows(Action::Consume, Resource::Topic(name), Some(partition.partition)) {
                return Err(Fault::PolicyChanged);
            }
        }
        Ok((step, gate.into_questions(), now_ms))
    }

    /// Waits until the leaf is durable, then writes to the client.
    async fn deliver<W: AsyncWrite + Unpin>(
        &self,
        ready: Ready,
        client_out: &mut ClientOut<W>,
        ends: &Ends,
    ) -> Result<(), Fault> {
        let deliverable = match ready.recording.durable().await {
            Ok(deliverable) => deliverable,
            Err(error) => {
                // Nothing is made up, and nothing that came later overtakes it.
                client_out.gone = true;
                return Err(Fault::Evidence(error));
            }
        };
        ready.intent.settled();
        let shared = &self.listener.shared;
        // A client follows an address as soon as it reads it.
        if let Err(error) = self.listener.bind_missing().await {
            client_out.gone = true;
            return Err(Fault::Listener(error));
        }
        if !client_out.gone {
            let written = async {
                tokio::time::sleep(ready.delay).await;
                write_frame(
                    &mut client_out.stream,
                    deliverable.bytes(),
                    shared.limits.delivery_stall,
                    shared.budget.answers(),
                )
                .await
            };
            let delivered = tokio::select! {
                biased;
                written = written => written.is_ok(),
                () = ends.late.cancelled() => false,
            };
            client_out.gone = !delivered;
        }
        let bytes = u64::try_from(deliverable.bytes().len()).unwrap_or(0);
        shared.metrics.bytes.get_or_create(&Direction { direction: "to_client" }).inc_by(bytes);
        Ok(())
    }

    async fn write_upstream<W: AsyncWrite + Unpin>(
        &self,
        upstream_out: &mut W,
        frame: &Forwardable,
        ends: &Ends,
    ) -> Result<(), Fault> {
        let shared = &self.listener.shared;
        let bytes = u64::try_from(frame.bytes().len()).unwrap_or(0);
        shared.metrics.bytes.get_or_create(&Direction { direction: "to_broker" }).inc_by(bytes);
        let gone = Fault::BrokerGone { in_flight: 1 };
        tokio::select! {
            biased;
            written = write_frame(upstream_out, frame.bytes(), shared.limits.delivery_stall, shared.budget.requests()) => {
                written.map_err(|_io| gone)
            }
            () = ends.answered.cancelled() => Err(gone),
        }
    }

    fn count(&self, facts: &Facts, decision: &'static str) {
        let label = Operation { operation: facts.operation, decision };
        self.listener.shared.metrics.requests.get_or_create(&label).inc();
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Box<dyn Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller under the policy that is in force now.
    fn access_now(&self) -> Access {
        let mut access = self.access();
        let shared = &self.listener.shared;
        if !access.is_current(shared) {
            let client_id = self.session().client().client_id;
            access.refresh(shared, &circumstances(&self.listener, self.facts.peer, &client_id));
        }
        access.clone()
    }
}

const UNRECORDED: &str = "not forwarded: a part of the intent could not be recorded";
const WITHHELD: &str = "not forwarded: the connection ended first";

fn is_negotiation(step: &RequestStep) -> bool {
    match step {
        RequestStep::Authenticate(_) => true,
        RequestStep::Answer { facts, .. } => !facts.refused,
        RequestStep::Forward { .. } | RequestStep::ForwardUnanswered { .. } => false,
    }
}

/// Queues an answer in the order of the requests. When the answers have ended, nothing of the request was forwarded.
pub(crate) async fn send(owe: &mpsc::Sender<Owed>, owed: Owed) -> Result<(), Fault> {
    owe.send(owed).await.map_err(|refused| {
        if let Owed::Broker { intent, .. } = refused.0 {
            intent.not_forwarded(WITHHELD);
        }
        Fault::BrokerGone { in_flight: 0 }
    })
}

/// The next answer that is owed; `None` when no more will be. A broker that hangs up or speaks unasked meanwhile is a fault: the
/// client's next request would go nowhere.
async fn next_owed<R: AsyncRead + Unpin>(
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
fn with_in_flight(fault: Fault, owed: &mut mpsc::Receiver<Owed>) -> Fault {
    match fault {
        Fault::BrokerGone { in_flight } => {
            owed.close();
            Fault::BrokerGone { in_flight: in_flight.saturating_add(owed.len()) }
        }
        other => other,
    }
}

impl Owed {
    /// Whether it can be had without waiting for the broker.
    fn is_at_hand<R: AsyncRead + Unpin>(&self, upstream_in: &mut FrameReader<R>) -> bool {
        match self {
            Self::Ours { delay, .. } => delay.is_zero(),
            Self::Broker { .. } => upstream_in.has_frame(),
        }
    }
}

/// The way to the client. Once the client has gone, answers are still received and recorded, but go nowhere.
struct ClientOut<W> {
    stream: W,
    gone: bool,
}

#[cfg(test)]
mod tests;
