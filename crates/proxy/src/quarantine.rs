//! The gate's own writing to quarantine topics, over connections of its own: each copy has its intent before it goes to the broker, and its
//! outcome before the client is told that its record was refused. Whatever comes of the copy, the record stays refused.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidegate_evidence::entry::Api;
use tidegate_model::{Acked, Led, Quarantined, RequestStep, TopicUse};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use crate::agents::{Broker, Upstream};
use crate::cluster::Cluster;
use crate::decider::{Questions, aside};
use crate::exchange::{Exchange, MASK_IN_PLACE_MAX};
use crate::frames::{FrameReader, ReadError};
use crate::gate::Shared;
use crate::steps::Decided;

/// How long the copies of one request may take, with all that is tried again. Clients wait for them, most for 30 s.
const COPY_MAX: Duration = Duration::from_secs(10);
/// How often it is tried, and how soon again.
const TRIES: u32 = 3;
const AGAIN: Duration = Duration::from_millis(250);
/// A connection that was idle for longer is not used again: brokers close those without a word.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How long the leaders of a topic are believed.
const LED_FOR: Duration = Duration::from_secs(60);

/// The gate's own producer in one cluster. It writes one batch at a time.
#[derive(Default)]
pub(crate) struct Quarantines(Mutex<Writing>);

#[derive(Default)]
struct Writing {
    led: HashMap<Arc<str>, (Led, Instant)>,
    /// To leaders, by host and port.
    lines: HashMap<(String, u16), Line>,
}

struct Line {
    upstream: Upstream,
    used: Instant,
}

/// Copies that one request was refused for, and what is recorded with them.
pub(crate) struct Copies {
    pub(crate) batches: Vec<Quarantined>,
    /// The request's topics.
    pub(crate) topics: Vec<TopicUse>,
    /// What was decided of the request.
    pub(crate) questions: Questions,
    /// Which request it was.
    pub(crate) api: Api,
}

impl Copies {
    /// Those of a request, if there are any.
    pub(crate) fn of(step: &RequestStep, questions: &Questions) -> Option<Copies> {
        let (RequestStep::Answer { facts, .. }
        | RequestStep::Forward { facts, .. }
        | RequestStep::ForwardUnanswered { facts, .. }) = step
        else {
            return None;
        };
        if facts.quarantined.is_empty() {
            return None;
        }
        let (batches, topics) = (facts.quarantined.clone(), facts.topics.clone());
        let api = Api { key: facts.api_key, version: facts.api_version, correlation_id: facts.correlation_id };
        Some(Copies { batches, topics, questions: questions.clone(), api })
    }
}

/// Why a copy was not written.
struct NotCopied {
    why: String,
    /// It may be the next time.
    again: bool,
}

impl NotCopied {
    fn again(why: &impl ToString) -> NotCopied {
        NotCopied { why: why.to_string(), again: true }
    }

    fn ever(why: &impl ToString) -> NotCopied {
        NotCopied { why: why.to_string(), again: false }
    }
}

impl Exchange {
    /// Writes the copies, each once its intent is durable, and records what came of each.
    pub(crate) async fn quarantine(&self, copies: &Copies) {
        let shared = &self.listener.shared;
        let began = Instant::now();
        for batch in &copies.batches {
            let copied = timeout(COPY_MAX.saturating_sub(began.elapsed()), self.copy(batch, copies)).await;
            let not = match copied {
                Ok(Ok(())) => {
                    shared.metrics.quarantined.inc_by(u64::try_from(batch.of.len()).unwrap_or(0));
                    continue;
                }
                Ok(Err(not)) => not.why,
                Err(_late) => format!("it took longer than {} s", COPY_MAX.as_secs()),
            };
            if let Some(times) = shared.metrics.not_quarantined.again(shared.now_ms()) {
                let (topic, why) = (&*batch.topic, not.as_str());
                warn!(
                    topic,
                    why, times, "refused records could not be copied to their quarantine topic; they stay refused"
                );
            }
            let recorded = self.recorder.not_copied(batch, copies, &not, shared.now_ms());
            // If it cannot be recorded, nor can the refusal, and the connection ends with that.
            drop(recorded.durable().await);
        }
    }

    async fn copy(&self, batch: &Quarantined, copies: &Copies) -> Result<(), NotCopied> {
        let mut tries = 0;
        loop {
            {
                let mut writing = self.listener.endpoints.cluster().quarantines.0.lock().await;
                let Err(not) = self.try_copy(&mut writing, batch, copies).await else { return Ok(()) };
                writing.led.remove(&batch.topic);
                tries += 1;
                if !not.again || tries >= TRIES {
                    return Err(not);
                }
            }
            // Others are not to wait for that.
            sleep(AGAIN).await;
        }
    }

    async fn try_copy(&self, writing: &mut Writing, batch: &Quarantined, copies: &Copies) -> Result<(), NotCopied> {
        let shared = &*self.listener.shared;
        let to = To { cluster: self.listener.endpoints.cluster(), shared };
        let led = to.led(writing, &batch.topic).await?;
        let from = batch.of.first().map_or(0, |(_, partition, _)| usize::try_from(*partition).unwrap_or(0));
        let place = from.checked_rem(led.leaders.len()).and_then(|place| led.leaders.get(place));
        let (partition, host, port) = place.ok_or_else(|| NotCopied::again(&NO_LEADER))?;
        let mut upstream = to.line(writing, host, *port).await?;
        let mut producer = to.cluster.protocol.producer();
        let (frame, facts) = producer.write(batch, led.topic_id, *partition);
        let frame = Decided::new(frame, &copies.questions);
        let recording = aside(batch.batch.len() > MASK_IN_PLACE_MAX, || {
            self.recorder.copy_intent(frame, &facts, (batch, copies), shared.now_ms())
        });
        let (frame, indices) = match recording.durable().await {
            Ok(durable) => durable,
            Err(not) => {
                self.recorder
                    .opened(not.recorded)
                    .not_forwarded("not written: a part of the intent could not be recorded");
                return Err(NotCopied::ever(&"evidence cannot be written"));
            }
        };
        let intent = self.recorder.opened(indices);
        let answer = to.ask(&mut upstream, frame.bytes()).await?;
        let Acked { facts, refused } = producer.written(&answer).map_err(|refused| NotCopied::ever(&refused))?;
        let outcome = self.recorder.copy_outcome(&intent, &facts, &answer, shared.now_ms());
        outcome.durable().await.map_err(|_not| NotCopied::ever(&"evidence cannot be written"))?;
        intent.settled();
        writing.lines.insert((host.clone(), *port), Line { upstream, used: Instant::now() });
        refused.map_or(Ok(()), |(why, again)| Err(NotCopied { why, again }))
    }
}

/// The cluster that is written to.
struct To<'a> {
    cluster: &'a Cluster,
    shared: &'a Shared,
}

impl To<'_> {
    /// Who leads the topic.
    async fn led(&self, writing: &mut Writing, topic: &Arc<str>) -> Result<Led, NotCopied> {
        writing.led.retain(|_, (_, asked)| asked.elapsed() < LED_FOR);
        if let Some((led, _)) = writing.led.get(topic) {
            return Ok(led.clone());
        }
        let mut upstream = self.open(Broker::Bootstrap).await?;
        let mut producer = self.cluster.protocol.producer();
        let answer = self.ask(&mut upstream, &producer.find(topic)).await?;
        let led = producer.found(&answer).map_err(|refused| NotCopied::ever(&refused))?;
        writing.led.insert(Arc::clone(topic), (led.clone(), Instant::now()));
        Ok(led)
    }

    /// A connection to a leader. It is taken out, so that one that fails, or is given up half way, is used no more.
    async fn line(&self, writing: &mut Writing, host: &str, port: u16) -> Result<Upstream, NotCopied> {
        writing.lines.retain(|_, line| line.used.elapsed() < IDLE_MAX);
        match writing.lines.remove(&(host.to_owned(), port)) {
            Some(line) => Ok(line.upstream),
            None => self.open(Broker::At { host, port }).await,
        }
    }

    async fn open(&self, broker: Broker<'_>) -> Result<Upstream, NotCopied> {
        self.shared.agents.open(&self.cluster.name, broker, [0; 16]).await.map_err(|error| NotCopied::again(&error))
    }

    /// Sends one request and takes its answer.
    async fn ask(&self, upstream: &mut Upstream, frame: &[u8]) -> Result<Bytes, NotCopied> {
        let (read, mut write) = upstream.split();
        write.write_all(frame).await.map_err(|_gone| NotCopied::again(&GONE))?;
        match FrameReader::new(read, self.cluster.protocol, self.shared.budget.answers().clone()).next().await {
            Ok(Some(frame)) => Ok(frame.bytes.freeze()),
            Ok(None) | Err(ReadError::Io(_)) => Err(NotCopied::again(&GONE)),
            Err(ReadError::Refused(refused)) => Err(NotCopied::ever(&refused)),
        }
    }
}

const NO_LEADER: &str = "the cluster has no such topic, or no leader for it; create it, since the gate makes none";
const GONE: &str = "the broker's connection ended";
