//! Makes a session's leaves. What is recorded one by one waits for the disk; what discloses nothing is counted and folded.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_evidence::entry::{
    Algorithm, Api, Decision, Effect, Entry, Kind, Label, PartitionRange, ResourceRef, SessionId, TopicRef,
};
use tidegate_evidence::store::{Log, Ticket};
use tidegate_model::{Caller, CallerKind, ClientWords, CredentialKind, Facts, ResourceKind};

use crate::decider::Questions;
use crate::steps::{Folded, Frames, storage_mask};

/// How long equal things are folded into one leaf.
const FOLD_MS: u64 = 10_000;
/// Different refusals that one session may have in a fold; more share one row.
const REFUSALS_MAX: usize = 64;

/// What a session leaf says of the connection, in fixed words.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// Listener's configured name.
    pub listener: String,
    /// Cluster's configured name.
    pub cluster: String,
    /// Whether the client speaks TLS.
    pub tls: bool,
    /// The listener takes credentials without TLS beyond loopback, because its configuration says so.
    pub plaintext_accepted: bool,
    /// The client's address.
    pub peer: SocketAddr,
    /// The agent's name, how the broker's connection was handed over, and whether the agent is a user of its own.
    pub agent: Vec<(String, String)>,
}

/// One session's recorder.
#[derive(Debug)]
pub struct Recorder {
    log: Log,
    algorithm: Algorithm,
    session: SessionId,
    folds: Mutex<Folds>,
}

#[derive(Debug, Default)]
struct Folds {
    idle: HashMap<i16, u64>,
    idle_first_ms: u64,
    idle_last_ms: u64,
    refusals: HashMap<Refused, (u64, u64, u64)>,
}

/// What makes refusals equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Refused {
    api_key: i16,
    resource: String,
    rule: String,
}

impl Recorder {
    /// For the session `id`.
    #[must_use]
    pub fn new(log: Log, algorithm: Algorithm, session: SessionId) -> Self {
        Self { log, algorithm, session, folds: Mutex::default() }
    }

    /// The session begins.
    pub fn open(&self, caller: &Caller, words: &ClientWords, connection: &ConnectionFacts, now_ms: u64) -> Ticket {
        let mut entry = self.entry(Kind::SessionOpen, now_ms);
        entry.disclosures = identity(caller, words, connection);
        entry.facts = vec![
            ("listener".into(), connection.listener.clone()),
            ("cluster".into(), connection.cluster.clone()),
            ("caller_kind".into(), word(caller.kind)),
            ("credential".into(), credential(caller.credential)),
            ("tls".into(), if connection.tls { "yes" } else { "no" }.into()),
        ];
        if connection.plaintext_accepted {
            entry.facts.push(("plaintext_credentials".into(), "accepted".into()));
        }
        if !caller.groups_known {
            entry.facts.push(("groups".into(), "unknown".into()));
        }
        entry.facts.extend(connection.agent.iter().cloned());
        self.log.append(storage_mask(entry, None, self.algorithm).into_entry())
    }

    /// The same caller presented a new credential.
    pub fn renewed(&self, caller: &Caller, words: &ClientWords, connection: &ConnectionFacts, now_ms: u64) -> Ticket {
        let mut entry = self.entry(Kind::SessionOpen, now_ms);
        entry.reason = Some("re-authenticated".into());
        entry.disclosures = identity(caller, words, connection);
        self.log.append(storage_mask(entry, None, self.algorithm).into_entry())
    }

    /// Something is about to be forwarded that changes the broker.
    pub fn intent(&self, facts: &Facts, questions: &Questions, frames: &Frames<'_>, now_ms: u64) -> Ticket {
        let mut entry = self.operation(Kind::Intent, facts, now_ms);
        decided(&mut entry, facts, questions, true);
        entry.effect = Some(Effect::Intent);
        self.log.append(storage_mask(entry, Some(frames), self.algorithm).into_entry())
    }

    /// An answer is about to be delivered.
    pub fn outcome(
        &self,
        facts: &Facts,
        questions: &Questions,
        pair: Option<u64>,
        frames: &Frames<'_>,
        now_ms: u64,
    ) -> Ticket {
        let mut entry = self.operation(Kind::Outcome, facts, now_ms);
        entry.pair = pair;
        if pair.is_none() {
            decided(&mut entry, facts, questions, true);
        }
        entry.error = (facts.error != 0).then_some(facts.error);
        entry.effect = Some(if pair.is_some() { Effect::Acked } else { Effect::Delivered });
        self.log.append(storage_mask(entry, Some(frames), self.algorithm).into_entry())
    }

    /// Nobody will know what came of an intent.
    pub fn unknown(&self, pair: u64, now_ms: u64) -> Ticket {
        let mut entry = self.entry(Kind::UnknownEffect, now_ms);
        entry.pair = Some(pair);
        entry.effect = Some(Effect::Unknown);
        entry.reason = Some("the broker's connection ended before its answer".into());
        self.log.append(storage_mask(entry, None, self.algorithm).into_entry())
    }

    /// A request was refused. The first of its kind is recorded at once; equal ones are counted.
    pub fn refusal(&self, facts: &Facts, questions: &Questions, now_ms: u64) -> Option<Ticket> {
        let denied = questions.asked.iter().find(|asked| !asked.allowed);
        let key = Refused {
            api_key: facts.api_key,
            resource: denied.map(|asked| asked.name.clone()).unwrap_or_default(),
            rule: denied.map(|asked| asked.rule.to_string()).unwrap_or_default(),
        };
        {
            let mut folds = self.folds();
            if let Some((count, _, last)) = folds.refusals.get_mut(&key) {
                *count = count.saturating_add(1);
                *last = now_ms;
                return None;
            }
            if folds.refusals.len() < REFUSALS_MAX {
                folds.refusals.insert(key, (0, now_ms, now_ms));
            }
        }
        let mut entry = self.operation(Kind::Refusal, facts, now_ms);
        decided(&mut entry, facts, questions, false);
        entry.effect = Some(Effect::Refused);
        entry.error = (facts.error != 0).then_some(facts.error);
        Some(self.log.append(storage_mask(entry, None, self.algorithm).into_entry()))
    }

    /// A request that the broker will not answer is about to be forwarded (acks=0): its effect will never be known.
    pub fn unanswered(&self, facts: &Facts, questions: &Questions, frames: &Frames<'_>, now_ms: u64) -> Ticket {
        let mut entry = self.operation(Kind::Intent, facts, now_ms);
        decided(&mut entry, facts, questions, true);
        entry.effect = Some(Effect::Unknown);
        entry.reason = Some("no answer was asked for".into());
        self.log.append(storage_mask(entry, Some(frames), self.algorithm).into_entry())
    }

    /// Nothing of a request that has no answer is allowed.
    pub fn refused_silently(&self, facts: &Facts, questions: &Questions, now_ms: u64) -> Ticket {
        let mut entry = self.operation(Kind::Refusal, facts, now_ms);
        decided(&mut entry, facts, questions, false);
        entry.effect = Some(Effect::Refused);
        self.log.append(storage_mask(entry, None, self.algorithm).into_entry())
    }

    /// For a refusal that [`Recorder::refusal`] counted.
    pub(crate) fn fold_refusal(&self) -> Folded {
        Folded::new()
    }

    /// Counts an answer that discloses nothing and changes nothing.
    pub fn fold(&self, facts: &Facts, now_ms: u64) -> Folded {
        let mut folds = self.folds();
        if folds.idle.is_empty() {
            folds.idle_first_ms = now_ms;
        }
        let count = folds.idle.entry(facts.api_key).or_default();
        *count = count.saturating_add(1);
        folds.idle_last_ms = now_ms;
        Folded::new()
    }

    /// Writes folds that are old enough; their leaves wait for nobody.
    pub fn flush_due(&self, now_ms: u64) {
        let mut folds = self.folds();
        let old = |first: u64| now_ms.saturating_sub(first) >= FOLD_MS;
        if !folds.idle.is_empty() && old(folds.idle_first_ms) {
            self.flush_idle(&mut folds, now_ms);
        }
        let due: Vec<Refused> =
            folds.refusals.iter().filter(|(_, (_, first, _))| old(*first)).map(|(key, _)| key.clone()).collect();
        for key in due {
            self.flush_refusal(&mut folds, &key, now_ms);
        }
    }

    /// The session ends: what is folded is written, then the closing leaf.
    pub fn close(&self, why: &'static str, now_ms: u64) -> Ticket {
        let mut folds = self.folds();
        if !folds.idle.is_empty() {
            self.flush_idle(&mut folds, now_ms);
        }
        let left: Vec<Refused> = folds.refusals.keys().cloned().collect();
        for key in left {
            self.flush_refusal(&mut folds, &key, now_ms);
        }
        let mut entry = self.entry(Kind::SessionClose, now_ms);
        entry.reason = Some(why.into());
        self.log.append(storage_mask(entry, None, self.algorithm).into_entry())
    }

    fn flush_idle(&self, folds: &mut Folds, now_ms: u64) {
        let mut entry = self.entry(Kind::Idle, now_ms);
        entry.counts = folds.idle.drain().collect();
        entry.counts.sort_unstable();
        entry.first_ms = Some(folds.idle_first_ms);
        entry.last_ms = Some(folds.idle_last_ms);
        drop(self.log.append(storage_mask(entry, None, self.algorithm).into_entry()));
    }

    fn flush_refusal(&self, folds: &mut Folds, key: &Refused, now_ms: u64) {
        let Some((count, first, last)) = folds.refusals.remove(key) else { return };
        if count == 0 {
            return;
        }
        let mut entry = self.entry(Kind::Refusal, now_ms);
        entry.effect = Some(Effect::Refused);
        entry.reason = Some("the same refusal again".into());
        entry.counts = vec![(key.api_key, count)];
        entry.first_ms = Some(first);
        entry.last_ms = Some(last);
        entry.facts = vec![("resource".into(), key.resource.clone()), ("rule".into(), key.rule.clone())];
        drop(self.log.append(storage_mask(entry, None, self.algorithm).into_entry()));
    }

    fn entry(&self, kind: Kind, now_ms: u64) -> Entry {
        let mut entry = Entry::new(kind, now_ms);
        entry.session = Some(self.session);
        entry
    }

    fn operation(&self, kind: Kind, facts: &Facts, now_ms: u64) -> Entry {
        let mut entry = self.entry(kind, now_ms);
        entry.api = Some(Api { key: facts.api_key, version: facts.api_version, correlation_id: facts.correlation_id });
        entry.topics = facts.topics.iter().map(|topic| TopicRef { name: topic.name.clone(), id: topic.id }).collect();
        let range = |partition: &tidegate_model::PartitionUse| PartitionRange {
            topic: u32::try_from(partition.topic).unwrap_or(u32::MAX),
            partition: partition.partition,
            first_offset: partition.first_offset,
            last_offset: partition.last_offset,
            records: partition.records,
            bytes: partition.bytes,
            error: partition.error,
        };
        entry.partitions = facts.partitions.iter().map(range).collect();
        entry
    }

    fn folds(&self) -> MutexGuard<'_, Folds> {
        self.folds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the decision and what it was about into `entry`. Topics that the partitions name already are not named twice.
fn decided(entry: &mut Entry, facts: &Facts, questions: &Questions, allowed: bool) {
    let mut rules: Vec<&str> = questions.asked.iter().filter(|a| a.allowed == allowed).map(|a| &*a.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    entry.decision = Some(Decision { allowed, rule: rules.join(","), policy_version: questions.policy_version });
    let named = |name: &str| facts.topics.iter().any(|topic| topic.name == name);
    entry.resources = questions
        .asked
        .iter()
        .filter(|asked| !(asked.allowed && asked.kind == ResourceKind::Topic && named(&asked.name)))
        .map(|asked| ResourceRef {
            kind: match asked.kind {
                ResourceKind::Topic => 1,
                ResourceKind::ConsumerGroup => 2,
                ResourceKind::TransactionalId => 3,
                ResourceKind::Cluster => 4,
            },
            name: asked.name.clone(),
            allowed: asked.allowed,
            rule: asked.rule.to_string(),
        })
        .collect();
    if questions.more > 0 {
        entry.facts.push(("resources_more".into(), questions.more.to_string()));
    }
}

fn identity(caller: &Caller, words: &ClientWords, connection: &ConnectionFacts) -> Vec<(Label, Vec<u8>)> {
    let mut disclosures = vec![
        (Label::Subject, caller.subject.clone().into_bytes()),
        (Label::Issuer, caller.issuer.clone().into_bytes()),
        (Label::Groups, caller.groups.join("\n").into_bytes()),
        (Label::SourceAddress, connection.peer.to_string().into_bytes()),
        (Label::ClientId, words.client_id.clone().into_bytes()),
        (Label::ClientSoftware, words.software.clone().into_bytes()),
    ];
    disclosures.extend(caller.client.iter().map(|client| (Label::TokenClient, client.clone().into_bytes())));
    disclosures.extend(caller.token_id.iter().map(|id| (Label::TokenId, id.clone().into_bytes())));
    disclosures
}

fn word(kind: CallerKind) -> String {
    match kind {
        CallerKind::User => "user",
        CallerKind::Workload => "workload",
    }
    .into()
}

fn credential(kind: CredentialKind) -> String {
    match kind {
        CredentialKind::OauthBearer => "oauthbearer",
        CredentialKind::PlainToken => "plain_token",
    }
    .into()
}
