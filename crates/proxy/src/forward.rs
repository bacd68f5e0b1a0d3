//! The way of a decided request to the broker. What forbids it may change until it goes: the rules, and who may be here at all.

use std::sync::Arc;
use std::time::Duration;

use tidegate_model::Slot;
use tidegate_policy::Policy;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;

use crate::decider::Questions;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::frames::{Held, write_frame};
use crate::metrics::Direction;
use crate::recorder::OpenIntent;
use crate::slots::{Ends, Next, Owed, Step, place, send};
use crate::steps::{Decided, Forwardable, Recording};

const UNRECORDED: &str = "not forwarded: a part of the intent could not be recorded";
const WITHHELD_POLICY: &str = "not forwarded: the policy changed before it could be";
const WITHHELD_CUT: &str = "not forwarded: the session was cut before it could be";
const NO_LONGER: &str = "the connection ended first";
const WITHHELD: &str = "not forwarded: the connection ended first";

impl Exchange {
    /// Waits until the intent is durable, then forwards; or puts the gate's own answer in its place in the order.
    pub(crate) async fn forward<W: AsyncWrite + Unpin>(
        &self,
        Next { copies, step }: Next,
        upstream_out: &mut W,
        owe: &mpsc::Sender<Owed>,
        ends: &Ends,
    ) -> Result<(), Fault> {
        if let Some(copies) = &copies {
            self.quarantine(copies).await;
        }
        let then = |close| if close { Err(Fault::PartRefused) } else { Ok(()) };
        match step {
            Step::Forward { recording, slot, questions, policy, _held } => {
                self.forward_answered((recording, slot, questions, policy), upstream_out, owe, ends).await
            }
            Step::Unanswered { recording, close, policy, _held } => match recording.durable().await {
                Ok((frame, indices)) => {
                    let intent = self.recorder.opened(indices);
                    let intent = self.may_go(intent, &policy)?;
                    self.write_upstream(upstream_out, &frame, ends).await?;
                    intent.unanswered();
                    then(close)
                }
                Err(not) => {
                    self.recorder.opened(not.recorded).not_forwarded(UNRECORDED);
                    Err(Fault::Evidence(not.error))
                }
            },
            Step::RefusedSilently { tickets, close, _held } => {
                tickets.durable().await.map_err(|not| Fault::Evidence(not.error))?;
                then(close)
            }
            Step::Ours { recording, delay, held } => send(owe, Owed::Ours { recording, delay, held }).await,
            Step::Authenticate { credential, done } => {
                let renewed = self.renew(credential).await?;
                send(owe, Owed::Ours { recording: renewed.answer, delay: Duration::ZERO, held: Held::default() })
                    .await?;
                if let Some(done) = done {
                    let _nobody_waits = done.send(renewed.refused.is_none());
                }
                renewed.refused.map_or(Ok(()), |reason| Err(Fault::Login(reason)))
            }
        }
    }

    async fn forward_answered<W: AsyncWrite + Unpin>(
        &self,
        (recording, slot, questions, policy): (Recording<Decided>, Slot, Questions, Arc<Policy>),
        upstream_out: &mut W,
        owe: &mpsc::Sender<Owed>,
        ends: &Ends,
    ) -> Result<(), Fault> {
        let (frame, indices) = match recording.durable().await {
            Ok(durable) => durable,
            Err(not) => {
                // Nothing was forwarded: the client may try again.
                self.recorder.opened(not.recorded).not_forwarded(UNRECORDED);
                let retriable = self.session().retriable(&slot);
                let Some(frame) = retriable else { return Err(Fault::Evidence(not.error)) };
                let recording = Recording::not_forwarded(frame);
                return send(owe, Owed::Ours { recording, delay: Duration::ZERO, held: Held::default() }).await;
            }
        };
        let intent = self.recorder.opened(indices);
        // First: nothing waits between the last look at the rules and the broker but the broker itself.
        let (intent, place) = place(owe, intent).await?;
        match self.may_go(intent, &policy) {
            Ok(intent) => {
                place.send(Owed::Broker { slot, intent, questions, policy });
                self.write_upstream(upstream_out, &frame, ends).await
            }
            Err(Fault::PolicyChanged) => {
                // It waited while the rules changed: the client asks again, and is answered by the new ones.
                let Some(frame) = self.session().retriable(&slot) else { return Err(Fault::PolicyChanged) };
                place.send(Owed::Ours {
                    recording: Recording::not_forwarded(frame),
                    delay: Duration::ZERO,
                    held: Held::default(),
                });
                Ok(())
            }
            Err(cut) => Err(cut),
        }
    }

    /// Whether a request that was allowed by `policy` may still go to the broker; if not, its intent says that it did not.
    fn may_go(&self, intent: OpenIntent, policy: &Arc<Policy>) -> Result<OpenIntent, Fault> {
        if let Some(why) = self.seat.why_cut() {
            intent.not_forwarded(WITHHELD_CUT);
            return Err(Fault::Cut(why));
        }
        if !Arc::ptr_eq(&self.listener.shared.policy.load(), policy) {
            intent.not_forwarded(WITHHELD_POLICY);
            return Err(Fault::PolicyChanged);
        }
        Ok(intent)
    }

    /// Records that a request that was decided, and perhaps recorded, is not forwarded.
    pub(crate) async fn withhold(&self, Next { copies, step }: Next) {
        for (copies, batch) in copies.iter().flat_map(|copies| copies.batches.iter().map(move |batch| (copies, batch)))
        {
            drop(self.recorder.not_copied(batch, copies, NO_LONGER, self.listener.shared.now_ms()));
        }
        if let Step::Forward { recording, .. } | Step::Unanswered { recording, .. } = step {
            let indices = match recording.durable().await {
                Ok((_frame, indices)) => indices,
                Err(not) => not.recorded,
            };
            self.recorder.opened(indices).not_forwarded(WITHHELD);
        }
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
}
