//! A cluster behind the gate: the gate's own conversation with it, and what it learned.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tidegate_model::{Learned, Protocol};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use crate::agents::{Agents, Broker};
use crate::fault::Fault;
use crate::frames::{Budget, FrameReader, ReadError};
use crate::quarantine::Quarantines;
use crate::schemas::Schemas;
use crate::writers::Writers;

/// How often the cluster is asked when nothing calls for it.
const ROUND: Duration = Duration::from_secs(10);
/// How often at most, however much calls for it.
const ROUND_MIN: Duration = Duration::from_millis(250);
/// How soon a failed conversation is tried again: at first, and at most.
const RETRY_MIN: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// Aliases that are warned of; a policy has changed a lot until there are more.
const TOLD_MAX: usize = 1_000;

/// A cluster.
pub struct Cluster {
    /// Its configured name.
    pub name: Arc<str>,
    /// The protocol it speaks.
    pub protocol: &'static dyn Protocol,
    learned: ArcSwapOption<Learned>,
    brokers: Mutex<BTreeMap<i32, (String, u16)>>,
    writers: Writers,
    /// The schemas of its records.
    pub schemas: Arc<Schemas>,
    /// The gate's own producer.
    pub(crate) quarantines: Quarantines,
    /// Aliases of which it was told that a topic is called so.
    told: Mutex<HashSet<String>>,
    nudge: Notify,
    rounds: watch::Sender<u64>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Cluster {
    /// A cluster of which nothing is known yet.
    #[must_use]
    pub fn new(name: String, protocol: &'static dyn Protocol, schemas: Schemas) -> Self {
        Self {
            name: name.into(),
            schemas: Arc::new(schemas),
            protocol,
            learned: ArcSwapOption::empty(),
            brokers: Mutex::default(),
            writers: Writers::default(),
            quarantines: Quarantines::default(),
            told: Mutex::default(),
            nudge: Notify::new(),
            rounds: watch::Sender::new(0),
        }
    }

    /// What the last round learned.
    #[must_use]
    pub fn learned(&self) -> Option<Arc<Learned>> {
        self.learned.load_full()
    }

    /// The broker's own address.
    #[must_use]
    pub fn broker(&self, node_id: i32) -> Option<(String, u16)> {
        self.brokers.lock().unwrap_or_else(PoisonError::into_inner).get(&node_id).cloned()
    }

    /// Notes a broker that an answer named.
    pub fn saw_broker(&self, node_id: i32, host: &str, port: u16) {
        let mut brokers = self.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        if brokers.get(&node_id).is_none_or(|(known, at)| known != host || *at != port) {
            brokers.insert(node_id, (host.to_owned(), port));
        }
    }

    /// By which names its topics are written.
    #[must_use]
    pub fn writers(&self) -> &Writers {
        &self.writers
    }

    /// Tells operators once that a topic of this cluster is called like an alias of the policy.
    pub(crate) fn tell_of_alias(&self, alias: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < TOLD_MAX && told.insert(alias.to_owned()) {
            warn!(
                cluster = &*self.name,
                alias, "a topic is called like an alias of the policy: both are refused until one is renamed"
            );
        }
    }

    /// Asks for a round now, because something changed.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Waits until something is known.
    pub async fn ready(&self) {
        let mut rounds = self.rounds.subscribe();
        // The sender lives as long as `self`.
        let _seen = rounds.wait_for(|round| *round > 0).await;
    }

    /// Converses with the cluster until `agents` is gone or the task is dropped.
    pub async fn converse(self: Arc<Self>, agents: Agents, budget: Budget) {
        let mut retry = RETRY_MIN;
        let mut told = String::new();
        loop {
            let before = *self.rounds.borrow();
            let ended = self.conversation(&agents, &budget).await;
            if *self.rounds.borrow() > before {
                retry = RETRY_MIN;
                told.clear();
            }
            let text = describe(&ended);
            // Said once, not at every attempt.
            if text != told {
                warn!(cluster = %self.name, error = %text, "the gate's conversation with the cluster ended; trying again");
                told = text;
            }
            tokio::time::sleep(retry).await;
            retry = retry.saturating_mul(2).min(RETRY_MAX);
        }
    }

    async fn conversation(&self, agents: &Agents, budget: &Budget) -> Fault {
        let mut upstream = match agents.open(&self.name, Broker::Bootstrap, [0; 16]).await {
            Ok(upstream) => upstream,
            Err(error) => return Fault::Open(error),
        };
        let mut control = self.protocol.control();
        let (read, mut write) = upstream.split();
        let mut frames = FrameReader::new(read, self.protocol, budget.answers().clone());
        loop {
            if let Err(error) = write.write_all(&control.request()).await {
                return Fault::ClientIo(error);
            }
            let frame = match tokio::time::timeout(ANSWER, frames.next()).await {
                Ok(Ok(Some(frame))) => frame,
                Ok(Ok(None)) => return Fault::BrokerGone { in_flight: 1 },
                Ok(Err(ReadError::Refused(refused))) => return Fault::Broker(refused),
                Ok(Err(ReadError::Io(_))) => return Fault::BrokerGone { in_flight: 1 },
                Err(_elapsed) => return Fault::TooSlow("the broker did not answer the gate's own request in time"),
            };
            match control.answer(&frame.bytes) {
                Ok(None) => {}
                Ok(Some(learned)) => {
                    self.learn(learned);
                    tokio::time::sleep(ROUND_MIN).await;
                    tokio::select! {
                        () = tokio::time::sleep(ROUND) => {}
                        () = self.nudge.notified() => {}
                    }
                }
                Err(refused) => return Fault::Broker(refused),
            }
        }
    }

    fn learn(&self, learned: Learned) {
        let first = self.learned.load().is_none();
        {
            let mut brokers = self.brokers.lock().unwrap_or_else(PoisonError::into_inner);
            for (node_id, host, port) in &learned.brokers {
                brokers.insert(*node_id, (host.clone(), *port));
            }
        }
        if first {
            info!(cluster = %self.name, brokers = learned.brokers.len(), "the cluster is reached");
        }
        self.learned.store(Some(Arc::new(learned)));
        self.rounds.send_modify(|round| *round = round.saturating_add(1));
    }
}

fn describe(fault: &Fault) -> String {
    let mut text = fault.to_string();
    let mut source = std::error::Error::source(fault);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
