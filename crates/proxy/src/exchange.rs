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

use tidegate_identity::ScramServer;
use tidegate_model::{
    Action, AliasUse, AnswerStep, Effect, Facts, FrameRefused, Gate as _, RequestStep, Resource, Session, Slot,
};
use tidegate_policy::Policy;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::ahead::{self, Ahead};
use crate::connection::{circumstances, next_frame};
use crate::decider::{Access, Decider, Questions, aside};
use crate::fault::Fault;
use crate::frames::{Frame, FrameReader, Held, ReadError, write_frame};
use crate::listener::Listener;
use crate::live::Seated;
use crate::metrics::{Direction, Operation};
use crate::quarantine::Copies;
use crate::recorder::{ConnectionFacts, Recorder};
use crate::shows::{Shows, shown_of};
use crate::slots::{Ends, Next, Owed, Ready, Step, is_negotiation, next_owed, with_in_flight};
use crate::steps::{Decided, Masked, ReadsOnly, Recording};
use crate::tally::{Around, Tally};

/// An answer as its caller may see it.
struct Shaped {
    step: AnswerStep,
    /// What was decided of it.
    questions: Questions,
    /// The policy that it was masked under.
    policy: Arc<Policy>,
    /// Numbers of schemas without which some of its records could not be read yet.
    missing: Vec<u32>,
}

/// Bytes of a frame whose records are looked into where it is received; a larger one gives up its thread meanwhile. Few bytes may unpack
/// to many.
pub(crate) const MASK_IN_PLACE_MAX: usize = 2 * 1024;

/// An authenticated connection.
pub struct Exchange {
    pub(crate) listener: Arc<Listener>,
    pub(crate) session: Mutex<Box<dyn Session>>,
    pub(crate) seat: Seated,
    pub(crate) recorder: Recorder,
    pub(crate) facts: ConnectionFacts,
    pub(crate) tally: Mutex<Tally>,
    /// A renewed login that takes more than one message.
    pub(crate) half_way: Mutex<Option<ScramServer>>,
    /// When the broker ends the agent's login, Unix milliseconds; no session outlives it.
    pub(crate) upstream_ends_ms: Option<u64>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let around = self.around();
        let tally = self.tally.get_mut().unwrap_or_else(PoisonError::into_inner);
        tally.hand_over(&self.listener.shared.tallies, || around);
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Exchange {
    /// From the client to the broker. Requests are decided, and begin to be recorded, ahead of those that wait for the disk.
    pub(crate) async fn request_half<R, W>(
        &self,
        client_in: FrameReader<R>,
        upstream_out: W,
        owe: mpsc::Sender<Owed>,
        ends: &Ends,
    ) -> Result<(), Fault>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (ahead, decided) = ahead::queue();
        let stop = ends.no_more.child_token();
        let (read, forwarded) = tokio::join!(
            self.decide_requests(client_in, ahead, &owe, &stop),
            self.forward_decided(decided, upstream_out, (&owe, ends), &stop),
        );
        forwarded.and(read)
    }

    /// From the broker to the client. Answers are received, masked, and begin to be recorded, ahead of those that wait for the
    /// disk or for the client.
    pub(crate) async fn answer_half<R, W>(
        &self,
        upstream_in: FrameReader<R>,
        client_out: W,
        owed: mpsc::Receiver<Owed>,
        ends: &Ends,
    ) -> Result<(), Fault>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (ahead, ready) = ahead::queue();
        let stop = CancellationToken::new();
        let (received, delivered) = tokio::join!(
            self.receive_owed(upstream_in, owed, ahead, (ends, &stop)),
            self.deliver_ready(ready, client_out, ends, &stop),
        );
        delivered.and(received)
    }

    /// Reads and decides until the client has gone, sends what is refused, or is stopped.
    async fn decide_requests<R: AsyncRead + Unpin>(
        &self,
        mut client_in: FrameReader<R>,
        ahead: ahead::Sender<Next>,
        owe: &mpsc::Sender<Owed>,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                next = next_frame(&mut client_in) => next?,
            };
            let Some(frame) = next else { return Ok(()) };
            let bytes = frame.bytes.len();
            let mut next = self.decide(frame)?;
            let mut renewed = None;
            if let Step::Authenticate { done, .. } = &mut next.step {
                let (told, tells) = oneshot::channel();
                *done = Some(told);
                renewed = Some(tells);
            }
            let bytes = bytes.saturating_add(next.copied_bytes());
            if let Err(next) = ahead.send(next, bytes).await {
                self.withhold(next).await;
                return Ok(());
            }
            // What comes after a credential is decided once the credential is.
            match renewed {
                None => {}
                Some(renewed) => match renewed.await {
                    Ok(true) => {}
                    Ok(false) => {
                        self.farewell(&mut client_in, owe).await;
                        return Ok(());
                    }
                    Err(_ended) => return Ok(()),
                },
            }
        }
    }

    /// Forwards in order, until no more will come. After a fault, what was decided already is recorded as withheld.
    async fn forward_decided<W: AsyncWrite + Unpin>(
        &self,
        mut decided: mpsc::Receiver<Ahead<Next>>,
        mut upstream_out: W,
        (owe, ends): (&mpsc::Sender<Owed>, &Ends),
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        let mut ended = Ok(());
        while let Some(Ahead { step, room: _room }) = decided.recv().await {
            if ended.is_err() {
                self.withhold(step).await;
                continue;
            }
            ended = self.forward(step, &mut upstream_out, owe, ends).await;
            if ended.is_err() {
                stop.cancel();
            }
        }
        ended
    }

    /// Receives and masks until nothing more is owed.
    async fn receive_owed<R: AsyncRead + Unpin>(
        &self,
        mut upstream_in: FrameReader<R>,
        mut owed: mpsc::Receiver<Owed>,
        ahead: ahead::Sender<Ready>,
        (ends, stop): (&Ends, &CancellationToken),
    ) -> Result<(), Fault> {
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                next = next_owed(&mut owed, &mut upstream_in) => next?,
            };
            let Some(next) = next else { return Ok(()) };
            let received = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                received = self.receive(next, &mut upstream_in, ends) => received,
            };
            // What is still owed is dropped, and each open intent among it says that its effect is unknown.
            let ready = received.map_err(|fault| with_in_flight(fault, &mut owed))?;
            let bytes = ready.recording.len();
            if ahead.send(ready, bytes).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Delivers in order, until no more will come. Once the client has gone, or a leaf could not be written, what was received
    /// is still recorded, and goes nowhere.
    async fn deliver_ready<W: AsyncWrite + Unpin>(
        &self,
        mut ready: mpsc::Receiver<Ahead<Ready>>,
        stream: W,
        ends: &Ends,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        let mut client_out = ClientOut { stream, gone: false };
        let mut ended = Ok(());
        while let Some(Ahead { step, room: _room }) = ready.recv().await {
            let delivered = self.deliver(step, &mut client_out, ends).await;
            if delivered.is_err() {
                stop.cancel();
            }
            if client_out.gone {
                ends.no_more.cancel();
            }
            ended = ended.and(delivered);
        }
        match client_out.gone {
            true => ended.and(Err(Fault::TooSlow("the client went away before its answers"))),
            false => ended,
        }
    }

    /// Authenticates, decodes and decides a request, and begins to record it.
    pub(crate) fn decide(&self, frame: Frame) -> Result<Next, Fault> {
        self.named(&frame.bytes)?;
        let access = self.access_now();
        let mut gate = Decider::new(&self.listener.shared, &self.listener.endpoints, Some(&access));
        let now_ms = gate.now_ms();
        // Looking into large batches takes milliseconds.
        let looks = access.policy.masking().looks_at_writes() || access.policy.masking().says_what_is_kept();
        let long = frame.bytes.len() > MASK_IN_PLACE_MAX && looks;
        let step = aside(long, || self.session().request(frame.bytes, &mut gate)).map_err(Fault::Client)?;
        self.listener.endpoints.cluster().schemas.fetch(&gate.missing_schemas());
        let questions = gate.into_questions();
        self.tally(&access, &questions, now_ms);
        let held = frame.held;
        // Packing takes as long as masking.
        let long = |facts: &Facts| facts.kept.bytes() > MASK_IN_PLACE_MAX;
        if now_ms >= access.ends_at_ms && !is_negotiation(&step) {
            return Err(Fault::SessionEnded);
        }
        let copies = Copies::of(&step, &questions);
        let step = match step {
            RequestStep::Authenticate(credential) => Step::Authenticate { credential, done: None },
            // It has begun.
            RequestStep::Begin(_) => return Err(Fault::SessionEnded),
            RequestStep::Answer { frame, facts, delay } => {
                let masked = Masked::new(frame, &questions);
                let recording = if facts.refused {
                    self.count(&facts, "refused");
                    match aside(long(&facts), || self.recorder.refusal(&facts, &questions, now_ms)) {
                        Ok(tickets) => Recording::written(masked, tickets),
                        Err(folded) => Recording::counted(masked, folded),
                    }
                } else {
                    self.count(&facts, "allowed");
                    Recording::counted(masked, self.recorder.fold(&facts, now_ms))
                };
                self.recorder.flush_due(now_ms);
                let held = if long(&facts) { held } else { Held::default() };
                Step::Ours { recording, delay, held }
            }
            RequestStep::Forward { frame, received, facts, slot } => {
                self.count(&facts, if facts.refused { "partly" } else { "allowed" });
                if facts.refused {
                    // Its leaf waits for nobody: the part that is allowed is recorded by itself, before it has any effect.
                    drop(aside(long(&facts), || self.recorder.refusal(&facts, &questions, now_ms)));
                }
                let frame = Decided::new(frame, &questions);
                let recording = match ReadsOnly::of(&facts) {
                    Some(reads_only) => Recording::reads_only(frame, reads_only),
                    None => aside(long(&facts), || {
                        self.recorder.intent(frame, received.as_ref(), &facts, &questions, now_ms)
                    }),
                };
                Step::Forward { recording, slot, questions, policy: access.policy, _held: held }
            }
            RequestStep::ForwardUnanswered { frame: Some(frame), received, facts, close } => {
                self.count(&facts, if facts.refused { "partly" } else { "allowed" });
                if facts.refused {
                    drop(aside(long(&facts), || self.recorder.refusal(&facts, &questions, now_ms)));
                }
                let frame = Decided::new(frame, &questions);
                let recording =
                    aside(long(&facts), || self.recorder.intent(frame, received.as_ref(), &facts, &questions, now_ms));
                Step::Unanswered { recording, close, policy: access.policy, _held: held }
            }
            RequestStep::ForwardUnanswered { frame: None, facts, close, .. } => {
                self.count(&facts, "refused");
                let tickets = aside(long(&facts), || self.recorder.refused(&facts, &questions, now_ms));
                Step::RefusedSilently { tickets, close, _held: held }
            }
        };
        Ok(Next { copies, step })
    }

    /// Receives the answer that is owed, masks it for the caller, and begins to record it.
    async fn receive<R: AsyncRead + Unpin>(
        &self,
        owed: Owed,
        upstream_in: &mut FrameReader<R>,
        ends: &Ends,
    ) -> Result<Ready, Fault> {
        let (slot, intent, asked, policy) = match owed {
            Owed::Ours { recording, delay, held } => {
                let intent = self.recorder.opened(Vec::new());
                return Ok(Ready { recording, intent, delay, shows: None, reads: false, _held: held });
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
        let Shaped { step, questions, policy, missing } = self.mask(slot, frame.bytes, asked, &policy)?;
        if !missing.is_empty() {
            // Records that need them are not in the answer: the client asks again, and should not have to ask often.
            self.listener.endpoints.cluster().schemas.learn(&missing).await;
        }
        let now_ms = self.listener.shared.now_ms();
        if step.facts.effect == Effect::Reads {
            // What is not shown needs no record.
            if let Some(why) = self.seat.why_cut() {
                return Err(Fault::Cut(why));
            }
            // A request may wait for records for as long as its client says, and outlast the credential.
            if now_ms >= self.access().ends_at_ms {
                return Err(Fault::SessionEnded);
            }
        }
        let masked = Masked::new(step.frame, &questions);
        let recording = if step.quiet && !intent.is_open() {
            Recording::counted(masked, self.recorder.fold(&step.facts, now_ms))
        } else {
            let long = step.facts.kept.bytes() > MASK_IN_PLACE_MAX;
            aside(long, || {
                self.recorder.outcome(masked, step.received.as_ref(), &step.facts, (&questions, &intent), now_ms)
            })
        };
        self.recorder.flush_due(now_ms);
        if intent.is_open() && !step.facts.topics.is_empty() && step.facts.partitions.is_empty() {
            // Topics as a whole were changed: what is known of the cluster is old.
            self.listener.endpoints.cluster().nudge();
        }
        let reads = step.facts.effect == Effect::Reads;
        let shows = Shows::of(step.facts, policy);
        Ok(Ready { recording, intent, delay: Duration::ZERO, shows, reads, _held: held })
    }

    /// The answer as this caller may see it, under the policy that is in force now.
    fn mask(
        &self,
        slot: Slot,
        frame: bytes::BytesMut,
        asked: Questions,
        asked_under: &Arc<Policy>,
    ) -> Result<Shaped, Fault> {
        let access = self.access_now();
        let mut gate = Decider::new(&self.listener.shared, &self.listener.endpoints, Some(&access));
        // Masking a large answer takes milliseconds.
        let looks = access.policy.masking().selects_anything() || access.policy.masking().says_what_is_kept();
        let long = frame.len() > MASK_IN_PLACE_MAX && looks;
        let step = aside(long, || self.session().answer(slot, frame, &mut gate)).map_err(Fault::Broker)?;
        let (missing, policy) = (gate.missing_schemas(), Arc::clone(&access.policy));
        if Arc::ptr_eq(asked_under, &access.policy) {
            return Ok(Shaped { step, questions: asked, policy, missing });
        }
        // What was asked for by an alias that means another topic now was not what the client meant.
        let moved = |used: &AliasUse| gate.alias(&used.alias).as_deref() != Some(used.topic.as_str());
        if step.facts.effect == Effect::Reads && step.facts.aliases.iter().any(moved) {
            return Err(Fault::PolicyChanged);
        }
        if !gate.allows_still(&asked, step.facts.effect == Effect::Reads) {
            return Err(Fault::PolicyChanged);
        }
        let mut may = |name: &str, partition| gate.allows(Action::Consume, Resource::Topic(name), Some(partition));
        if !shown_of(&step.facts).all(|(name, partition)| may(name, partition)) {
            return Err(Fault::PolicyChanged);
        }
        Ok(Shaped { step, questions: gate.into_questions(), policy, missing })
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
        if ready.reads && shared.now_ms() >= self.access().ends_at_ms {
            // It waited for the client, who took too long.
            client_out.gone = true;
            return Err(Fault::SessionEnded);
        }
        // From here on, whoever changes the rules finds what is shown and cuts the session if they take it away.
        let shown = ready.shows.map(|shows| self.seat.show(shows, shared));
        client_out.gone |= self.seat.why_cut().is_some();
        // A client follows an address as soon as it reads it.
        if let Err(error) = self.listener.bind_missing().await {
            client_out.gone = true;
            return Err(Fault::Listener(error));
        }
        if !client_out.gone {
            let written = async {
                if !ready.delay.is_zero() {
                    // Not otherwise: a sleep of no length still waits for the next tick of the clock.
                    tokio::time::sleep(ready.delay).await;
                }
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
                // First: once the session is cut, not one more piece of the answer is written.
                () = self.seat.cut().cancelled() => false,
                written = written => written.is_ok(),
                () = ends.late.cancelled() => false,
            };
            client_out.gone = !delivered;
        }
        drop(shown);
        let bytes = u64::try_from(deliverable.bytes().len()).unwrap_or(0);
        shared.metrics.bytes.get_or_create(&Direction { direction: "to_client" }).inc_by(bytes);
        Ok(())
    }

    /// Counts what was asked, and hands over what was counted when it is time.
    fn tally(&self, access: &Access, questions: &Questions, now_ms: u64) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if tally.is_due(&access.caller, now_ms) {
            tally.hand_over(&self.listener.shared.tallies, || self.around());
        }
        tally.count(&self.listener.shared.tallies, &access.caller, questions, now_ms);
    }

    fn around(&self) -> Around {
        let circumstances = circumstances(&self.listener, self.facts.peer, "");
        Around {
            cluster: circumstances.cluster.to_owned(),
            address: circumstances.address,
            client_id: self.session().client().client_id,
            tls: circumstances.tls,
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
        self.seat.access()
    }

    /// The caller under the policy that is in force now.
    fn access_now(&self) -> Access {
        let mut access = self.access();
        let shared = &self.listener.shared;
        if !access.is_current(shared) {
            let client_id = Arc::clone(&access.client_id);
            access.refresh(shared, &self.seat.circumstances(&client_id));
        }
        access.clone()
    }

    /// Takes up what the client calls itself in this frame, if that is something else than before: rules and blocks look at it.
    fn named(&self, frame: &[u8]) -> Result<(), Fault> {
        let Some(client_id) = self.session().other_name(frame) else { return Ok(()) };
        let shared = &self.listener.shared;
        {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.hand_over(&shared.tallies, || self.around());
        }
        if !self.seat.rename(&client_id, shared) {
            return Err(Fault::Client(FrameRefused("the client calls itself something else too often".into())));
        }
        self.seat.review(shared);
        self.seat.why_cut().map_or(Ok(()), |why| Err(Fault::Cut(why)))
    }
}

/// The way to the client. Once the client has gone, answers are still received and recorded, but go nowhere.
struct ClientOut<W> {
    stream: W,
    gone: bool,
}

#[cfg(test)]
mod tests;
