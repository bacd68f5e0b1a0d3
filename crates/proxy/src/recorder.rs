//! Makes a session's leaves. What is recorded one by one waits for the disk; what discloses nothing is counted and folded.
//!
//! Folds are written with the session's next answer after ten seconds, and at its end: a timer for each of many silent sessions
//! would cost more than it tells, since nothing happens in them.

mod kept;
mod quarantine;
mod split;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tidegate_evidence::entry::{
    Algorithm, AliasRef, Api, ClassRef, Decision, Effect, Entry, Kind, Label, MaskRef, PartitionRange, ResourceRef,
    SessionId, TopicRef,
};
use tidegate_evidence::store::{Log, LogError};
use tidegate_model::{AliasUse, Caller, CallerKind, ClientWords, Facts, MaskUse, ResourceKind};

use crate::decider::Questions;
use crate::gate::now_ms;
use crate::steps::{Decided, Frames, Masked, Recording, Tickets, storage_mask};

/// How long equal things are folded into one leaf.
const FOLD_MS: u64 = 10_000;
/// Records that were refused for what is in them, of one request, of which a leaf says why; it names the partitions of all.
const REFUSED_RECORDS_MAX: usize = 64;
/// Different refusals that one session may have in a fold; more share one row.
const REFUSALS_MAX: usize = 128;

/// Proof that something was counted. Only a [`Recorder`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Folded(());

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
    /// SHA-256 of the certificate that the client has shown, as hex.
    pub client_certificate: Option<String>,
    /// The agent's name, how the broker's connection was handed over, and whether the agent is a user of its own.
    pub agent: Vec<(String, String)>,
}

/// Appends leaves of one session.
#[derive(Clone, Debug)]
struct Writer {
    log: Log,
    algorithm: Algorithm,
    session: SessionId,
    /// The caller came with a password: every leaf of the session says so.
    static_credential: bool,
}

impl Writer {
    fn entry(&self, kind: Kind, now_ms: u64) -> Entry {
        let mut entry = Entry::new(kind, now_ms);
        entry.session = Some(self.session);
        entry
    }

    /// One leaf, or several where it would be too large; those after the first get `mend` first.
    fn append(&self, entry: Entry, frames: Option<&Frames<'_>>, mend: impl Fn(usize, &mut Entry)) -> Tickets {
        let mut parts = self.parts(entry, frames).into_iter();
        let first = parts.next().unwrap_or_else(|| self.entry(Kind::Gap, 0));
        let first = self.log.append(first);
        let more = (1..).zip(parts).map(|(at, mut part)| {
            mend(at, &mut part);
            self.log.append(part)
        });
        Tickets { first, more: more.collect() }
    }

    fn plain(&self, entry: Entry) -> Tickets {
        self.append(entry, None, |_, _| {})
    }

    /// For what was counted: nothing waits for its leaf.
    fn later(&self, entry: Entry) {
        self.parts(entry, None).into_iter().for_each(|part| self.log.append_later(part));
    }

    fn parts(&self, entry: Entry, frames: Option<&Frames<'_>>) -> Vec<Entry> {
        let mut parts = split::parts(storage_mask(entry, frames, self.algorithm).into_entry());
        if self.static_credential {
            parts.iter_mut().for_each(|part| part.facts.push(("static_credential".into(), "yes".into())));
        }
        parts
    }

    fn effect(&self, kind: Kind, effect: Effect, pair: u64, why: &str) {
        let mut entry = self.entry(kind, now_ms());
        entry.pair = Some(pair);
        entry.effect = Some(effect);
        entry.reason = Some(why.into());
        drop(self.plain(entry));
    }
}

/// The intents of one request, which wait for their outcome. Dropped without one, it records that nobody knows what came of
/// them, whatever the reason for the drop.
#[derive(Debug)]
#[must_use = "an intent that is dropped says that its effect is unknown"]
pub struct OpenIntent {
    writer: Writer,
    indices: Vec<u64>,
}

impl OpenIntent {
    /// Whether there is any: a request that only reads has none.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.indices.is_empty()
    }

    /// Its outcome is durable.
    pub fn settled(mut self) {
        self.indices.clear();
    }

    /// Nothing of the request went to the broker, and nothing will.
    pub fn not_forwarded(mut self, why: &str) {
        for pair in self.indices.drain(..) {
            self.writer.effect(Kind::Outcome, Effect::Refused, pair, why);
        }
    }

    /// The request went to the broker, which does not answer it.
    pub fn unanswered(mut self) {
        for pair in self.indices.drain(..) {
            self.writer.effect(Kind::UnknownEffect, Effect::Unknown, pair, "no answer was asked for");
        }
    }
}

impl Drop for OpenIntent {
    fn drop(&mut self) {
        for pair in self.indices.drain(..) {
            let why = "the connection ended before the broker's answer could be recorded";
            self.writer.effect(Kind::UnknownEffect, Effect::Unknown, pair, why);
        }
    }
}

/// One session's recorder. Dropped without [`Recorder::close`], it closes the session by itself.
#[derive(Debug)]
pub struct Recorder {
    writer: Writer,
    /// The opening leaf was handed to the log, and not refused.
    open: AtomicBool,
    folds: Mutex<Folds>,
}

#[derive(Debug, Default)]
struct Folds {
    idle: HashMap<i16, u64>,
    idle_first_ms: u64,
    idle_last_ms: u64,
    refusals: HashMap<Refused, Again>,
}

/// What makes refusals equal: the key and all that was refused. `None` for those beyond [`REFUSALS_MAX`].
type Refused = Option<(i16, u64)>;

#[derive(Clone, Debug)]
struct Again {
    api_key: i16,
    /// The first that was refused, for people.
    resource: String,
    rule: String,
    count: u64,
    first_ms: u64,
    last_ms: u64,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.end("the connection was cut"));
    }
}

impl Recorder {
    /// For the session `id`; `static_credential`: of a caller who came with a password.
    #[must_use]
    pub fn new(log: Log, algorithm: Algorithm, session: SessionId, static_credential: bool) -> Self {
        let writer = Writer { log, algorithm, session, static_credential };
        Self { writer, open: AtomicBool::new(false), folds: Mutex::default() }
    }

    /// The session begins: durable when this returns.
    ///
    /// # Errors
    /// The leaf could not be written, so there is no session.
    pub async fn open(
        &self,
        caller: &Caller,
        words: &ClientWords,
        connection: &ConnectionFacts,
        now_ms: u64,
    ) -> Result<(), LogError> {
        let mut entry = self.entry(Kind::SessionOpen, now_ms);
        entry.disclosures = identity(caller, words, connection);
        entry.facts = vec![
            ("listener".into(), connection.listener.clone()),
            ("cluster".into(), connection.cluster.clone()),
            ("caller_kind".into(), word(caller.kind)),
            ("credential".into(), caller.credential.name().into()),
            ("tls".into(), if connection.tls { "yes" } else { "no" }.into()),
        ];
        if connection.plaintext_accepted {
            entry.facts.push(("plaintext_credentials".into(), "accepted".into()));
        }
        if let Some(fingerprint) = &connection.client_certificate {
            entry.facts.push(("client_certificate".into(), fingerprint.clone()));
        }
        if !caller.groups_known {
            entry.facts.push(("groups".into(), "unknown".into()));
        }
        entry.facts.extend(connection.agent.iter().cloned());
        self.open.store(true, Ordering::Relaxed);
        let opened = self.writer.plain(entry).durable().await;
        self.open.store(opened.is_ok(), Ordering::Relaxed);
        opened.map(drop).map_err(|not| not.error)
    }

    /// The same caller presented a new credential.
    pub fn renewed(&self, caller: &Caller, words: &ClientWords, connection: &ConnectionFacts, now_ms: u64) -> Tickets {
        let mut entry = self.entry(Kind::SessionOpen, now_ms);
        entry.reason = Some("re-authenticated".into());
        entry.disclosures = identity(caller, words, connection);
        self.writer.plain(entry)
    }

    /// Something is about to be forwarded that changes the broker, or whose answer will not be seen.
    pub fn intent(
        &self,
        frame: Decided,
        received: Option<&Bytes>,
        facts: &Facts,
        questions: &Questions,
        now_ms: u64,
    ) -> Recording<Decided> {
        let mut entry = self.operation(Kind::Intent, facts, now_ms);
        kept::keep(&mut entry, &facts.kept, false, &self.writer.log);
        decided(&mut entry, facts, questions, true);
        entry.effect = Some(Effect::Intent);
        let tickets = self.writer.append(entry, Some(&Frames::new(received, frame.bytes())), |_, _| {});
        Recording::written(frame, tickets)
    }

    /// The intents at `indices`, which are durable.
    pub fn opened(&self, indices: Vec<u64>) -> OpenIntent {
        OpenIntent { writer: self.writer.clone(), indices }
    }

    /// An answer is about to be delivered. Each leaf of the intent gets a leaf of the outcome.
    pub fn outcome(
        &self,
        frame: Masked,
        received: Option<&Bytes>,
        facts: &Facts,
        (questions, intent): (&Questions, &OpenIntent),
        now_ms: u64,
    ) -> Recording<Masked> {
        let pairs = &intent.indices;
        let mut entry = self.operation(Kind::Outcome, facts, now_ms);
        kept::keep(&mut entry, &facts.kept, false, &self.writer.log);
        entry.pair = pairs.first().copied();
        if pairs.is_empty() {
            decided(&mut entry, facts, questions, true);
        }
        entry.error = (facts.error != 0).then_some(facts.error);
        entry.effect = Some(if pairs.is_empty() { Effect::Delivered } else { Effect::Acked });
        let frames = Frames::new(received, frame.bytes());
        let mut tickets = self.writer.append(entry, Some(&frames), |at, part| {
            part.pair = pairs.get(at).or(pairs.last()).copied();
        });
        for pair in pairs.iter().skip(tickets.more.len().saturating_add(1)) {
            let mut entry = self.operation(
                Kind::Outcome,
                &Facts::new(facts.operation, (facts.api_key, facts.api_version), facts.correlation_id, facts.effect),
                now_ms,
            );
            entry.pair = Some(*pair);
            entry.effect = Some(Effect::Acked);
            let rest = self.writer.plain(entry);
            tickets.more.push(rest.first);
        }
        Recording::written(frame, tickets)
    }

    /// A request was refused. The first of its kind is recorded at once; equal ones are counted.
    ///
    /// # Errors
    /// The proof that it was counted.
    pub fn refusal(&self, facts: &Facts, questions: &Questions, now_ms: u64) -> Result<Tickets, Folded> {
        // Each record that is refused for what is in it is recorded as an accepted one would be.
        if facts.masks.iter().any(|mask| mask.refused.is_some()) {
            return Ok(self.refused(facts, questions, now_ms));
        }
        let denied = questions.asked.iter().find(|asked| !asked.allowed());
        {
            let mut folds = self.folds();
            let mut key = Some((facts.api_key, questions.refused().wrapping_add(not_by_rule(facts, denied.is_none()))));
            if folds.refusals.len() >= REFUSALS_MAX && !folds.refusals.contains_key(&key) {
                key = None;
            }
            if let Some(again) = folds.refusals.get_mut(&key) {
                again.count = again.count.saturating_add(1);
                again.last_ms = now_ms;
                return Err(Folded(()));
            }
            let (resource, rule) = match (denied, key) {
                (Some(denied), Some(_)) => (denied.name.clone(), denied.rule.to_string()),
                (None, Some(_)) => (first_refused(facts), questions.too_fast.clone().unwrap_or_default()),
                _ => <(String, String)>::default(),
            };
            let again = Again { api_key: facts.api_key, resource, rule, count: 0, first_ms: now_ms, last_ms: now_ms };
            folds.refusals.insert(key, again);
        }
        Ok(self.refused(facts, questions, now_ms))
    }

    /// A request was refused, whether or not another was before it.
    pub fn refused(&self, facts: &Facts, questions: &Questions, now_ms: u64) -> Tickets {
        let mut entry = self.operation(Kind::Refusal, facts, now_ms);
        kept::keep(&mut entry, &facts.kept, true, &self.writer.log);
        decided(&mut entry, facts, questions, false);
        entry.effect = Some(Effect::Refused);
        entry.error = (facts.error != 0).then_some(facts.error);
        entry.facts.extend(questions.too_fast.iter().map(|why| ("too_fast".into(), why.clone())));
        entry.facts.extend(facts.quarantined.iter().map(|copy| ("quarantine".into(), copy.topic.to_string())));
        let refused = facts.masks.iter().filter_map(|mask| Some((mask, mask.refused.as_ref()?)));
        for (mask, (place, why)) in refused.take(REFUSED_RECORDS_MAX) {
            let topic = facts.topics.get(mask.topic).map_or("", |topic| topic.name.as_str());
            let record = place.map(|place| format!("record {place} of the batch: ")).unwrap_or_default();
            let said = format!("{topic}-{}: {record}{why}", mask.partition);
            entry.facts.push(("record_refused".into(), said));
        }
        self.writer.plain(entry)
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
        Folded(())
    }

    /// Writes folds that are old enough; their leaves wait for nobody.
    pub fn flush_due(&self, now_ms: u64) {
        let mut folds = self.folds();
        let old = |first: u64| now_ms.saturating_sub(first) >= FOLD_MS;
        if !folds.idle.is_empty() && old(folds.idle_first_ms) {
            self.flush_idle(&mut folds, now_ms);
        }
        let due: Vec<Refused> =
            folds.refusals.iter().filter(|(_, again)| old(again.first_ms)).map(|(key, _)| *key).collect();
        for key in due {
            self.flush_refusal(&mut folds, key, now_ms);
        }
    }

    /// The session ends: what is folded is written, then the closing leaf; `None` when it had not begun.
    pub fn close(&self, why: &'static str) -> Option<Tickets> {
        self.end(why)
    }

    fn end(&self, why: &'static str) -> Option<Tickets> {
        if !self.open.swap(false, Ordering::Relaxed) {
            return None;
        }
        let now_ms = now_ms();
        let mut folds = self.folds();
        if !folds.idle.is_empty() {
            self.flush_idle(&mut folds, now_ms);
        }
        let left: Vec<Refused> = folds.refusals.keys().copied().collect();
        for key in left {
            self.flush_refusal(&mut folds, key, now_ms);
        }
        let mut entry = self.entry(Kind::SessionClose, now_ms);
        entry.reason = Some(why.into());
        Some(self.writer.plain(entry))
    }

    fn flush_idle(&self, folds: &mut Folds, now_ms: u64) {
        let mut entry = self.entry(Kind::Idle, now_ms);
        entry.counts = folds.idle.drain().collect();
        entry.counts.sort_unstable();
        entry.first_ms = Some(folds.idle_first_ms);
        entry.last_ms = Some(folds.idle_last_ms);
        self.writer.later(entry);
    }

    fn flush_refusal(&self, folds: &mut Folds, key: Refused, now_ms: u64) {
        let Some(again) = folds.refusals.remove(&key) else { return };
        if again.count == 0 {
            return;
        }
        let mut entry = self.entry(Kind::Refusal, now_ms);
        entry.effect = Some(Effect::Refused);
        entry.first_ms = Some(again.first_ms);
        entry.last_ms = Some(again.last_ms);
        if key.is_some() {
            entry.reason = Some("the same refusal again".into());
            entry.counts = vec![(again.api_key, again.count)];
            entry.facts = vec![("resource".into(), again.resource), ("rule".into(), again.rule)];
        } else {
            entry.reason = Some("other refusals, too many different ones to name".into());
            entry.counts = vec![(-1, again.count)];
        }
        self.writer.later(entry);
    }

    fn entry(&self, kind: Kind, now_ms: u64) -> Entry {
        self.writer.entry(kind, now_ms)
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
        (entry.masks, entry.classes) = masks(&facts.masks);
        let called = |used: &AliasUse| AliasRef { alias: used.alias.clone(), topic: used.topic.clone() };
        entry.aliases = facts.aliases.iter().map(called).collect();
        entry
    }

    fn folds(&self) -> MutexGuard<'_, Folds> {
        self.folds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the decision and what it was about into `entry`. Topics that the partitions name already are not named twice.
fn decided(entry: &mut Entry, facts: &Facts, questions: &Questions, allowed: bool) {
    let mut rules: Vec<&str> = questions.asked.iter().filter(|a| a.allowed() == allowed).map(|a| &*a.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    entry.decision = Some(Decision { allowed, rule: rules.join(","), policy_version: questions.policy_version });
    let named = |name: &str| facts.topics.iter().any(|topic| topic.name == name);
    entry.resources = questions
        .asked
        .iter()
        .filter(|asked| !(asked.allowed() && asked.kind == ResourceKind::Topic && named(&asked.name)))
        .map(|asked| ResourceRef {
            kind: match asked.kind {
                ResourceKind::Topic => 1,
                ResourceKind::ConsumerGroup => 2,
                ResourceKind::TransactionalId => 3,
                ResourceKind::Cluster => 4,
                ResourceKind::Gateway => 5,
                ResourceKind::Field => 6,
            },
            name: asked.name.clone(),
            allowed: asked.allowed(),
            rule: asked.rule.to_string(),
        })
        .collect();
    if questions.more > 0 {
        entry.facts.push(("resources_more".into(), questions.more.to_string()));
    }
}

/// Tells refusals apart that no rule made: by topic and error.
fn not_by_rule(facts: &Facts, no_rule: bool) -> u64 {
    if !no_rule {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    for partition in facts.partitions.iter().filter(|partition| partition.error != 0) {
        (facts.topics.get(partition.topic).map(|topic| &topic.name), partition.error).hash(&mut hasher);
    }
    hasher.finish()
}

/// The first topic of which a partition was refused.
fn first_refused(facts: &Facts) -> String {
    let partition = facts.partitions.iter().find(|partition| partition.error != 0);
    partition
        .and_then(|partition| facts.topics.get(partition.topic))
        .map(|topic| topic.name.clone())
        .unwrap_or_default()
}

/// What masks were over, and what they met.
fn masks(masks: &[MaskUse]) -> (Vec<MaskRef>, Vec<ClassRef>) {
    let topic = |mask: &MaskUse| u32::try_from(mask.topic).unwrap_or(u32::MAX);
    let refs = masks.iter().map(|mask| MaskRef {
        topic: topic(mask),
        partition: mask.partition,
        plan: mask.seen.plan,
        withheld: mask.withheld,
        unread: mask.seen.unread,
    });
    let classes = masks.iter().flat_map(|mask| {
        mask.seen.classes.iter().map(move |seen| ClassRef {
            topic: topic(mask),
            partition: mask.partition,
            class: seen.class.to_string(),
            masked: seen.masked,
            clear: seen.clear,
            rule: seen.rule.to_string(),
        })
    });
    (refs.collect(), classes.collect())
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
