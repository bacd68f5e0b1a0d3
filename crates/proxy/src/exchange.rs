//! The path of a request and of its answer. Read [`Exchange::request_half`] and [`Exchange::answer_half`] first: the two halves run at
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

use bytes::Bytes;
use tidegate_evidence::store::Ticket;
use tidegate_model::{
    Action, Credential, Effect, Facts, Gate as _, LoginOutcome, RequestStep, Resource, Session, Slot,
};
use tidegate_policy::Policy;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

use crate::agents::Upstream;
use crate::connection::{circumstances, lifetime, next_frame, verify};
use crate::decider::{Access, Decider, Questions};
use crate::fault::Fault;
use crate::frames::{Frame, FrameReader, Held, ReadError};
use crate::listener::Listener;
use crate::metrics::{Direction, Operation};
use crate::recorder::{ConnectionFacts, Recorder};
use crate::steps::{Decided, Deliverable, Forwardable, Frames, Masked, Negotiation, Proof, ReadsOnly, Unrecordable};

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
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// A request that was decided, on its way.
enum Step {
    Forward { frame: Decided, slot: Slot, questions: Questions, ticket: Option<Ticket>, _held: Held },
    Unanswered { frame: Option<Decided>, ticket: Ticket, close: bool, _held: Held },
    Ours { frame: Bytes, ticket: Option<Ticket>, otherwise: Proof, delay: Duration },
    Authenticate(Credential),
}

/// An answer that is owed to the client.
enum Owed {
    /// The broker will give it.
    Broker { slot: Slot, pair: Option<u64>, questions: Questions, policy: Arc<Policy> },
    /// The gate has given it.
    Ours { masked: Masked, ticket: Option<Ticket>, otherwise: Proof, delay: Duration },
}

/// An answer that waits for its leaf.
struct Ready {
    masked: Masked,
    ticket: Option<Ticket>,
    otherwise: Proof,
    delay: Duration,
    _held: Held,
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
    let limits = exchange.listener.shared.limits;
    let protocol = exchange.listener.endpoints.cluster().protocol;
    let budget = exchange.listener.shared.budget.clone();
    let (upstream_in, upstream_out) = upstream.split();
    let upstream_in = FrameReader::new(upstream_in, protocol, budget);
    let (owe, owed) = mpsc::channel(limits.in_flight);
    let requests = exchange.request_half(client_in, upstream_out, owe);
    let answers = exchange.answer_half(upstream_in, client_out, owed);
    tokio::pin!(answers);
    tokio::select! {
        biased;
        ended = &mut answers => ended,
        ended = requests => {
            // The client has gone, or was refused: what is in flight still gets its outcome, within bounds.
            let drained = tokio::time::timeout(limits.drain, answers).await;
            ended.and(drained.unwrap_or(Err(Fault::TooSlow("answers under way did not come in time"))))
        }
    }
}

impl Exchange {
    /// From the client to the broker.
    async fn request_half<R, W>(
        &self,
        mut client_in: FrameReader<R>,
        mut upstream_out: W,
        owe: mpsc::Sender<Owed>,
    ) -> Result<(), Fault>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let stopping = &self.listener.stopping;
        loop {
            let next = tokio::select! {
                biased;
                next = next_frame(&mut client_in) => next?,
                () = stopping.cancelled() => None,
            };
            let Some(frame) = next else { return Ok(()) };
            let mut steps = vec![self.decide(frame)?];
            while steps.len() < BATCH_MAX && client_in.has_frame() {
                let Some(frame) = next_frame(&mut client_in).await? else { break };
                steps.push(self.decide(frame)?);
            }
            for step in steps {
                self.forward(step, &mut upstream_out, &owe).await?;
            }
        }
    }

    /// From the broker to the client.
    async fn answer_half<R, W>(
        &self,
        mut upstream_in: FrameReader<R>,
        client_out: W,
        mut owed: mpsc::Receiver<Owed>,
    ) -> Result<(), Fault>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut client_out = ClientOut { stream: client_out, gone: false };
        let mut next = owed.recv().await;
        while let Some(first) = next.take() {
            let mut batch = Vec::new();
            let mut bytes = 0_usize;
            let mut current = first;
            loop {
                let ready = match self.receive(current, &mut upstream_in).await {
                    Ok(ready) => ready,
                    Err(fault) => return Err(self.abandon(fault, &mut owed).await),
                };
                bytes = bytes.saturating_add(ready.masked_len());
                batch.push(ready);
                let Ok(following) = owed.try_recv() else { break };
                if batch.len() >= BATCH_MAX || bytes >= BATCH_BYTES_MAX || !following.is_at_hand(&upstream_in) {
                    next = Some(following);
                    break;
                }
                current = following;
            }
            for ready in batch {
                self.deliver(ready, &mut client_out).await?;
            }
            if next.is_none() {
                next = owed.recv().await;
            }
        }
        if client_out.gone { Err(Fault::TooSlow("the client went away before its answers")) } else { Ok(()) }
    }

    /// Authenticates, decodes and decides a request, and begins to record it.
    fn decide(&self, frame: Frame) -> Result<Step, Fault> {
        let shared = &self.listener.shared;
        let access = self.access_now();
        let mut gate = Decider::new(shared, &self.listener.endpoints, Some(&access));
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
                self.count(&facts, "refused");
                let ticket = if facts.refused { self.recorder.refusal(&facts, &questions, now_ms) } else { None };
                let otherwise = if facts.refused {
                    Proof::Folded(self.recorder.fold_refusal())
                } else {
                    Proof::Negotiation(Negotiation::new())
                };
                Step::Ours { frame, ticket, otherwise, delay }
            }
            RequestStep::Forward { frame, received, facts, slot } => {
                self.count(&facts, if facts.refused { "partly" } else { "allowed" });
                if facts.refused {
                    // Its leaf waits for nobody: the part that is allowed is recorded by itself, before it has any effect.
                    drop(self.recorder.refusal(&facts, &questions, now_ms));
                }
                let ticket = (facts.effect == Effect::Changes)
                    .then(|| self.recorder.intent(&facts, &questions, &frames(received.as_ref(), &frame), now_ms));
                Step::Forward { frame: Decided::new(frame), slot, questions, ticket, _held: held }
            }
            RequestStep::ForwardUnanswered { frame, facts, close } => {
                self.count(&facts, if facts.refused { "partly" } else { "allowed" });
                let bytes = frame.clone().unwrap_or_default();
                let ticket = if frame.is_some() {
                    self.recorder.unanswered(&facts, &questions, &frames(None, &bytes), now_ms)
                } else {
                    self.recorder.refused_silently(&facts, &questions, now_ms)
                };
                Step::Unanswered { frame: frame.map(Decided::new), ticket, close, _held: held }
            }
        })
    }

    /// Waits until the intent is durable, then forwards; or puts the gate's own answer in its place in the order.
    async fn forward<W: AsyncWrite + Unpin>(
        &self,
        step: Step,
        upstream_out: &mut W,
        owe: &mpsc::Sender<Owed>,
    ) -> Result<(), Fault> {
        let ours = |masked, ticket, otherwise, delay| Owed::Ours { masked, ticket, otherwise, delay };
        match step {
            Step::Forward { frame, slot, questions, ticket, _held } => {
                let proof = match ticket {
                    None => Proof::ReadsOnly(ReadsOnly::new()),
                    Some(ticket) => match ticket.await {
                        Ok(receipt) => Proof::Recorded(receipt),
                        Err(error) => {
                            // Nothing was forwarded: the client may try again.
                            let retriable = self.session().retriable(&slot).ok_or(Fault::Evidence(error))?;
                            let otherwise = Proof::Unrecordable(Unrecordable::new());
                            return send(owe, ours(Masked::new(retriable), None, otherwise, Duration::ZERO)).await;
                        }
                    },
                };
                let pair = if let Proof::Recorded(receipt) = proof { Some(receipt.index()) } else { None };
                let policy = Arc::clone(&self.access().policy);
                send(owe, Owed::Broker { slot, pair, questions, policy }).await?;
                self.write_upstream(upstream_out, &Forwardable::new(frame, proof)).await
            }
            Step::Unanswered { frame, ticket, close, _held } => {
                let receipt = ticket.await.map_err(Fault::Evidence)?;
                if let Some(frame) = frame {
                    self.write_upstream(upstream_out, &Forwardable::new(frame, Proof::Recorded(receipt))).await?;
                }
                if close {
                    Err(Fault::Login("a part of an acks=0 produce was refused, which only closing can say"))
                } else {
                    Ok(())
                }
            }
            Step::Ours { frame, ticket, otherwise, delay } => {
                send(owe, ours(Masked::new(frame), ticket, otherwise, delay)).await
            }
            Step::Authenticate(credential) => {
                let frame = self.renew(credential).await?;
                send(owe, ours(Masked::new(frame), None, Proof::Negotiation(Negotiation::new()), Duration::ZERO)).await
            }
        }
    }

    /// A new credential on a live session (KIP-368): the same caller, or the connection ends.
    async fn renew(&self, credential: Credential) -> Result<Bytes, Fault> {
        let shared = &self.listener.shared;
        let caller = verify(shared, credential).await.map_err(|refused| Fault::Login(refused.reason))?;
        let words = self.session().client();
        let now_ms = shared.now_ms();
        let same = {
            let access = self.access();
            access.caller.issuer == caller.issuer
                && access.caller.subject == caller.subject
                && access.caller.kind == caller.kind
        };
        if !same {
            return Err(Fault::Login("another caller on a live session"));
        }
        self.recorder.renewed(&caller, &words, &self.facts, now_ms).await.map_err(Fault::Evidence)?;
        let lifetime_ms = lifetime(shared, &caller, None, now_ms);
        let around = circumstances(&self.listener, self.facts.peer, &words.client_id);
        *self.access() = Access::new(caller, now_ms.saturating_add(lifetime_ms), shared.policy(), &around);
        Ok(self.session().authenticated(LoginOutcome::Accepted { lifetime_ms }))
    }

    /// Receives the answer that is owed, masks it for the caller, and begins to record it.
    async fn receive<R: AsyncRead + Unpin>(
        &self,
        owed: Owed,
        upstream_in: &mut FrameReader<R>,
    ) -> Result<Ready, Fault> {
        let (slot, pair, questions, policy) = match owed {
            Owed::Ours { masked, ticket, otherwise, delay } => {
                return Ok(Ready { masked, ticket, otherwise, delay, _held: Held::default() });
            }
            Owed::Broker { slot, pair, questions, policy } => (slot, pair, questions, policy),
        };
        let gone = |in_flight| Fault::BrokerGone { in_flight };
        let frame = match upstream_in.next().await {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) | Err(ReadError::Io(_)) => Err(gone(1)),
            Err(ReadError::Refused(refused)) => Err(Fault::Broker(refused)),
        };
        let answered = frame.and_then(|frame| self.mask(slot, frame, &policy));
        let (step, held, now_ms) = match answered {
            Ok(answered) => answered,
            Err(fault) => {
                if let Some(pair) = pair {
                    drop(self.recorder.unknown(pair, self.listener.shared.now_ms()));
                }
                return Err(fault);
            }
        };
        self.listener.bind_missing().await.map_err(Fault::Listener)?;
        let (ticket, otherwise) = if step.quiet && pair.is_none() {
            (None, Proof::Folded(self.recorder.fold(&step.facts, now_ms)))
        } else {
            let frames = frames(step.received.as_ref(), &step.frame);
            let ticket = self.recorder.outcome(&step.facts, &questions, pair, &frames, now_ms);
            (Some(ticket), Proof::Unrecordable(Unrecordable::new()))
        };
        self.recorder.flush_due(now_ms);
        if pair.is_some() && step.facts.api_key != PRODUCE {
            self.listener.endpoints.cluster().nudge();
        }
        Ok(Ready { masked: Masked::new(step.frame), ticket, otherwise, delay: Duration::ZERO, _held: held })
    }

    /// The answer as this caller may see it, under the policy that is in force now.
    fn mask(
        &self,
        slot: Slot,
        frame: Frame,
        asked_under: &Arc<Policy>,
    ) -> Result<(tidegate_model::AnswerStep, Held, u64), Fault> {
        let access = self.access_now();
        let mut gate = Decider::new(&self.listener.shared, &self.listener.endpoints, Some(&access));
        let now_ms = gate.now_ms();
        let step = self.session().answer(slot, frame.bytes, &mut gate).map_err(Fault::Broker)?;
        if !Arc::ptr_eq(asked_under, &access.policy) {
            for partition in step.facts.partitions.iter().filter(|p| p.bytes > 0 && step.facts.effect == Effect::Reads)
            {
                let name = step.facts.topics.get(partition.topic).map_or("", |t| t.name.as_str());
                if !gate.allows(Action::Consume, Resource::Topic(name), Some(partition.partition)) {
                    return Err(Fault::PolicyChanged);
                }
            }
        }
        Ok((step, frame.held, now_ms))
    }

    /// Waits until the leaf is durable, then writes to the client.
    async fn deliver<W: AsyncWrite + Unpin>(&self, ready: Ready, client_out: &mut ClientOut<W>) -> Result<(), Fault> {
        let proof = match ready.ticket {
            Some(ticket) => Proof::Recorded(ticket.await.map_err(Fault::Evidence)?),
            None => ready.otherwise,
        };
        if !ready.delay.is_zero() {
            tokio::time::sleep(ready.delay).await;
        }
        let deliverable = Deliverable::new(ready.masked, proof);
        let bytes = u64::try_from(deliverable.bytes().len()).unwrap_or(0);
        let shared = &self.listener.shared;
        client_out.write(&deliverable, shared.limits.delivery_stall).await;
        shared.metrics.bytes.get_or_create(&Direction { direction: "to_client" }).inc_by(bytes);
        Ok(())
    }

    async fn write_upstream<W: AsyncWrite + Unpin>(
        &self,
        upstream_out: &mut W,
        frame: &Forwardable,
    ) -> Result<(), Fault> {
        let bytes = u64::try_from(frame.bytes().len()).unwrap_or(0);
        self.listener.shared.metrics.bytes.get_or_create(&Direction { direction: "to_broker" }).inc_by(bytes);
        upstream_out.write_all(frame.bytes()).await.map_err(|_io| Fault::BrokerGone { in_flight: 1 })
    }

    /// The broker's side is lost: every intent that still waits is closed with an unknown effect.
    async fn abandon(&self, fault: Fault, owed: &mut mpsc::Receiver<Owed>) -> Fault {
        owed.close();
        let mut in_flight = 1_usize;
        while let Some(owed) = owed.recv().await {
            if let Owed::Broker { pair: Some(pair), .. } = owed {
                in_flight = in_flight.saturating_add(1);
                drop(self.recorder.unknown(pair, self.listener.shared.now_ms()));
            }
        }
        if let Fault::BrokerGone { .. } = fault { Fault::BrokerGone { in_flight } } else { fault }
    }

    fn count(&self, facts: &Facts, decision: &'static str) {
        let label = Operation { operation: facts.operation, decision };
        self.listener.shared.metrics.requests.get_or_create(&label).inc();
    }

    fn session(&self) -> MutexGuard<'_, Box<dyn Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller under the policy that is in force now.
    fn access_now(&self) -> Access {
        let client_id = self.session().client().client_id;
        let around = circumstances(&self.listener, self.facts.peer, &client_id);
        let mut access = self.access();
        access.refresh(&self.listener.shared, &around);
        access.clone()
    }
}

const PRODUCE: i16 = 0;

fn is_negotiation(step: &RequestStep) -> bool {
    match step {
        RequestStep::Authenticate(_) => true,
        RequestStep::Answer { facts, .. } => !facts.refused,
        RequestStep::Forward { .. } | RequestStep::ForwardUnanswered { .. } => false,
    }
}

fn frames<'a>(received: Option<&'a Bytes>, passed_on: &'a Bytes) -> Frames<'a> {
    match received {
        Some(received) => Frames { received, passed_on: Some(passed_on) },
        None => Frames { received: passed_on, passed_on: None },
    }
}

async fn send(owe: &mpsc::Sender<Owed>, owed: Owed) -> Result<(), Fault> {
    owe.send(owed).await.map_err(|_closed| Fault::BrokerGone { in_flight: 0 })
}

impl Owed {
    /// Whether it can be had without waiting for the broker.
    fn is_at_hand<R: AsyncRead + Unpin>(&self, upstream_in: &FrameReader<R>) -> bool {
        match self {
            Self::Ours { delay, .. } => delay.is_zero(),
            Self::Broker { .. } => upstream_in.has_frame(),
        }
    }
}

impl Ready {
    fn masked_len(&self) -> usize {
        self.masked.len()
    }
}

/// The way to the client. Once the client has gone, answers are still received and recorded, but go nowhere.
struct ClientOut<W> {
    stream: W,
    gone: bool,
}

impl<W: AsyncWrite + Unpin> ClientOut<W> {
    async fn write(&mut self, frame: &Deliverable, stall: Duration) {
        let mut left = frame.bytes();
        while !left.is_empty() && !self.gone {
            match tokio::time::timeout(stall, self.stream.write(left)).await {
                Ok(Ok(written)) if written > 0 => left = left.get(written..).unwrap_or_default(),
                _ => self.gone = true,
            }
        }
        if !self.gone {
            self.gone = !matches!(tokio::time::timeout(stall, self.stream.flush()).await, Ok(Ok(())));
        }
    }
}
