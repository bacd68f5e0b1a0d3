//! Schemas of a cluster's registry by their number, fetched when first met, and compiled for masks.
//!
//! Nothing here waits while an answer is masked: a record whose schema is not known yet ends the answer before its batch, the schema is
//! fetched, and the client asks again.

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use quick_cache::sync::{Cache, DefaultLifecycle, GuardResult};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tidegate_masking::record::Schema;
use tidegate_masking::{Mask, Unmaskable, framed};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::warn;

use crate::gate::now_ms;
use crate::seldom::Seldom;
use earlier::{History, NoBefore};
use registered::Outcome;
pub use registered::{Language, Registered, SchemaTexts, Subject, Version};

mod earlier;
mod registered;

/// Schemas that the caches expect to keep. Registries give up to some kilobytes for each, a few of them a megabyte.
const KEPT_MAX: usize = 4_096;
/// Bytes of schemas that are kept, and as many of compiled ones.
const KEPT_BYTES_MAX: u64 = 256 << 20;
/// What anything that is kept takes beside its bytes.
const KEPT_BYTES: u64 = 256;
/// What a compiled schema takes for each byte of its text, at the worst.
const COMPILED_FACTOR: u64 = 16;
/// How long it is believed that there is no schema of a number.
const MISSING_MS: u64 = 60_000;
/// How long a schema that was fetched is believed not to be registered under more subjects.
const SUBJECTS_MS: u64 = 1_000;
/// How long that is believed once it was asked for that very reason. Much longer than an answer is held: else of many such schemas in
/// one batch the first would be forgotten before the last is known, and nobody would ever get past the batch.
const FOREIGN_MS: u64 = 60_000;
/// How long a registry that did not answer is not asked again for the same.
const DOWN_MS: u64 = 1_000;
/// Schemas that are fetched at once: whoever writes numbers that there are not can ask for many.
const FETCHES_MAX: usize = 16;
/// Fetches that wait for their turn; what comes beyond is asked for again by whoever needs it.
const PENDING_MAX: usize = 256;
/// How long an answer is held for the schemas of its records.
const WAIT: Duration = Duration::from_secs(2);

/// What a registry says to a number.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It has this schema.
    Schema(Arc<Registered>),
    /// It has none, or none that can be used; why, as is said of a record that names it.
    Missing(&'static str),
    /// It did not answer, or not so that it can be understood.
    Down(String),
}

/// Why there is no schema where the registry has none.
pub const NOT_KNOWN: &str = "the schema that it names is not known";

/// What is asked of a registry; ends by itself within seconds.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A schema registry.
pub trait SchemaRegistry: Send + Sync + fmt::Debug {
    /// Asks for the schema of a number.
    fn schema(&self, number: u32) -> Asked<'_, Answer>;

    /// Asks for the versions of a subject before one, from `since` on, the last first, deleted ones too.
    ///
    /// # Errors
    /// What went wrong, where the registry did not answer, or not so that it can be understood.
    fn earlier<'s>(&'s self, subject: &'s str, version: u32, since: u32) -> Asked<'s, Result<Vec<Version>, String>>;
}

#[derive(Clone)]
struct Known {
    answer: Answer,
    at_ms: u64,
}

impl Known {
    fn is_old(&self, now_ms: u64) -> bool {
        let kept = match self.answer {
            // A number means one schema for ever; the subjects that it is registered under may become more.
            Answer::Schema(_) => return false,
            Answer::Missing(_) => MISSING_MS,
            Answer::Down(_) => DOWN_MS,
        };
        now_ms.saturating_sub(self.at_ms) >= kept
    }
}

/// That a registry was asked again for a schema, because it was of none of the subjects that it was wanted for.
#[derive(Clone, Copy)]
struct Anew {
    answered: bool,
    at_ms: u64,
}

impl Anew {
    fn is_old(self, now_ms: u64) -> bool {
        let kept = if self.answered { FOREIGN_MS } else { DOWN_MS };
        now_ms.saturating_sub(self.at_ms) >= kept
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<u32, Known> for Weight {
    fn weight(&self, _number: &u32, known: &Known) -> u64 {
        let bytes = match &known.answer {
            Answer::Schema(registered) => registered.bytes(),
            Answer::Missing(_) | Answer::Down(_) => 0,
        };
        // What is heavier than a cache is not kept at all, and would be asked for for ever.
        bytes.saturating_add(KEPT_BYTES).min(KEPT_BYTES_MAX / 4)
    }
}

impl Weighter<Compiled, Plan> for Weight {
    fn weight(&self, _key: &Compiled, plan: &Plan) -> u64 {
        plan.bytes.saturating_add(KEPT_BYTES).min(KEPT_BYTES_MAX / 4)
    }
}

/// A cache that is bound by weight. It is of one piece: one of many pieces keeps nothing that is heavier than a piece, and there are
/// more of them the more processors there are.
fn weighed<K: Eq + Hash, V: Clone>() -> Cache<K, V, Weight>
where
    Weight: Weighter<K, V>,
{
    let mut options = OptionsBuilder::new();
    options.shards(1).estimated_items_capacity(KEPT_MAX).weight_capacity(KEPT_BYTES_MAX);
    match options.build() {
        Ok(options) => Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default()),
        // So few are expected that it is of one piece too.
        Err(_incomplete) => Cache::with_weighter(32, KEPT_BYTES_MAX, Weight),
    }
}

/// The schemas of one cluster.
pub struct Schemas {
    registry: Option<Arc<dyn SchemaRegistry>>,
    known: Cache<u32, Known, Weight>,
    /// When a number was last asked for again. What was known of it stays meanwhile: for others it may be of the right subject.
    anew: Cache<u32, Anew>,
    histories: Cache<earlier::HistoryOf, History, Weight>,
    /// Histories that a schema's number was last wanted with.
    wanted: Cache<u32, Arc<Vec<earlier::HistoryOf>>>,
    turns: AtomicU64,
    /// By the number, what stands before the message, and the plan and part that it was compiled for.
    compiled: Cache<Compiled, Plan, Weight>,
    fetches: Semaphore,
    pending: Arc<Semaphore>,
    down: Seldom,
    unusable: Seldom,
    /// How often a schema of a number could not be compiled, and when that was last: whoever writes may name message after message of it.
    failures: Cache<u32, (u32, u64)>,
    /// Schemas whose removed tags the log has a line about, with what stands before the message.
    told: Cache<(u32, Vec<i32>), ()>,
    removed_tags: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Compiled {
    number: u32,
    message: Vec<i32>,
    plan: [u8; 32],
    key: bool,
    /// The histories that count.
    turns: Vec<u64>,
}

/// What compiling came to, and about how many bytes that takes.
#[derive(Clone)]
struct Plan {
    outcome: Arc<Outcome>,
    bytes: u64,
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schemas").field("registry", &self.registry).finish_non_exhaustive()
    }
}

impl Schemas {
    /// Of this registry, or of none: then no schema is ever known. `removed_tags` counts schemas that have fewer tags than those before
    /// them.
    #[must_use]
    pub fn new(registry: Option<Arc<dyn SchemaRegistry>>, removed_tags: Counter) -> Self {
        Self {
            registry,
            known: weighed(),
            anew: Cache::new(KEPT_MAX),
            histories: weighed(),
            wanted: Cache::new(KEPT_MAX),
            turns: AtomicU64::new(0),
            compiled: weighed(),
            fetches: Semaphore::new(FETCHES_MAX),
            pending: Arc::new(Semaphore::new(PENDING_MAX)),
            down: Seldom::default(),
            unusable: Seldom::default(),
            failures: Cache::new(KEPT_MAX),
            told: Cache::new(KEPT_MAX),
            removed_tags,
        }
    }

    /// What is known of a number without asking; `None` where asking may help.
    fn known(&self, number: u32) -> Option<Known> {
        let missing = |why| Some(Known { answer: Answer::Missing(why), at_ms: now_ms() });
        if self.registry.is_none() {
            return missing("it names a schema, and its cluster has no [[schema_registry]]");
        }
        // Registries count in 32 bits with a sign.
        if i32::try_from(number).is_err() {
            return missing(NOT_KNOWN);
        }
        self.known.get(&number).filter(|known| !known.is_old(now_ms()))
    }

    /// Fetches schemas that an answer needs, and holds the answer until they are there, or for as long as it can be held. What takes
    /// longer is fetched all the same, and what was not begun, as it is too many, comes when the client asks again.
    pub(crate) async fn learn(self: &Arc<Self>, numbers: &[u32]) {
        let until = Instant::now() + WAIT;
        let fetches = self.fetch(numbers);
        let begun = fetches.len() == numbers.len().min(STRANGE_MAX);
        let all = async {
            let mut answered = begun;
            for fetch in fetches {
                match fetch.await {
                    Ok(one) => answered &= one,
                    Err(ended) => {
                        warn!(%ended, "a schema could not be fetched");
                        answered = false;
                    }
                }
            }
            answered
        };
        // Else a client would ask again and again for what is not there.
        if let Ok(false) = tokio::time::timeout_at(until, all).await {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Begins to fetch schemas that are not known, and holds nobody up. Each fetch says whether the registry answered.
    pub(crate) fn fetch(self: &Arc<Self>, numbers: &[u32]) -> Vec<JoinHandle<bool>> {
        let begin = |number: &u32| {
            let (schemas, number) = (Arc::clone(self), *number);
            let place = Arc::clone(&self.pending).try_acquire_owned().ok()?;
            Some(tokio::spawn(async move {
                let answered = schemas.learn_one(number).await;
                drop(place);
                answered
            }))
        };
        // All that one batch may name, so that it is let pass after a few rounds.
        numbers.iter().take(STRANGE_MAX).filter_map(begin).collect()
    }

    /// Whether the registry answered.
    async fn learn_one(&self, number: u32) -> bool {
        let Some(registry) = &self.registry else { return true };
        match self.known.get(&number) {
            Some(known) if known.is_old(now_ms()) => {
                self.known.remove_if(&number, |known| known.is_old(now_ms()));
            }
            // It is wanted with what came before it, or for a subject that it was not registered under.
            Some(Known { answer: Answer::Schema(_), at_ms }) => {
                return match self.wanted.remove(&number) {
                    Some((_, wanted)) => self.learn_earlier(registry, &wanted).await,
                    None => self.learn_anew(registry, number, at_ms).await,
                };
            }
            Some(_) | None => {}
        }
        // Many that wait for one number are one question.
        let place = match self.known.get_value_or_guard_async(&number).await {
            Ok(known) => return !matches!(known.answer, Answer::Down(_)),
            Err(place) => place,
        };
        let Some(answer) = self.ask(registry, number).await else { return false };
        let answered = !matches!(answer, Answer::Down(_));
        let _superseded = place.insert(Known { answer, at_ms: now_ms() }).is_err();
        answered
    }

    /// Asks again for a schema that was fetched at `at_ms`, which may have been registered under more subjects since; once in
    /// [`FOREIGN_MS`] at most.
    async fn learn_anew(&self, registry: &Arc<dyn SchemaRegistry>, number: u32, at_ms: u64) -> bool {
        if now_ms().saturating_sub(at_ms) < SUBJECTS_MS {
            return true;
        }
        self.anew.remove_if(&number, |anew| anew.is_old(now_ms()));
        let place = match self.anew.get_value_or_guard_async(&number).await {
            Ok(anew) => return anew.answered,
            Err(place) => place,
        };
        let Some(answer) = self.ask(registry, number).await else { return false };
        let at_ms = now_ms();
        let answered = !matches!(answer, Answer::Down(_));
        // A number means one schema for ever, so that what is not there any more was deleted, and records outlive it.
        if matches!(answer, Answer::Schema(_)) {
            self.known.insert(number, Known { answer, at_ms });
        }
        let _superseded = place.insert(Anew { answered, at_ms }).is_err();
        answered
    }

    async fn ask(&self, registry: &Arc<dyn SchemaRegistry>, number: u32) -> Option<Answer> {
        let _one_of_few = self.fetches.acquire().await.ok()?;
        let answer = registry.schema(number).await;
        if let Answer::Down(why) = &answer {
            self.is_down(why);
        }
        Some(answer)
    }

    fn is_down(&self, why: &str) {
        if let Some(times) = self.down.again(now_ms()) {
            warn!(%why, times, "the schema registry does not answer: records that need it wait");
        }
    }

    /// Whether it is settled for a while that a schema, fetched at `at_ms`, is of no more subjects than it was then.
    fn is_foreign(&self, number: u32, at_ms: u64) -> bool {
        let now_ms = now_ms();
        let asked = || self.anew.get(&number).is_some_and(|anew| anew.answered && !anew.is_old(now_ms));
        now_ms.saturating_sub(at_ms) < SUBJECTS_MS || asked()
    }

    /// The schema of a number, compiled; `None` where it is not known yet.
    fn compiled(
        &self,
        (number, payload): (u32, &[u8]),
        of: Of<'_>,
    ) -> Option<Result<(Arc<Outcome>, usize), Unmaskable>> {
        let unmaskable = |why| Some(Err(Unmaskable { why, at: 1 }));
        let known = self.known(number)?;
        let registered = match &known.answer {
            Answer::Schema(registered) => registered,
            Answer::Missing(why) => return unmaskable(why),
            Answer::Down(_) => return None,
        };
        if registered.subjects_for(of.mask).next().is_none() {
            // Else it may have been registered under the topic's subject since.
            let foreign = self.is_foreign(number, known.at_ms);
            return foreign
                .then_some(Err(Unmaskable { why: "the schema that it names is not of its topic's subjects", at: 1 }));
        }
        let (message, says) = match registered.texts.language {
            Language::Protobuf => match framed::message_indexes(payload) {
                Ok(found) => found,
                Err(refused) => return Some(Err(refused)),
            },
            Language::Avro | Language::Json => (Vec::new(), 0),
        };
        let before = match self.before(number, registered, of.mask) {
            Ok(before) => before,
            Err(NoBefore::Ask) => return None,
            Err(NoBefore::Unknown) => return unmaskable("which tags its schema had before is not known"),
        };
        let key = Compiled { number, message, plan: of.plan, key: of.key, turns: before.turns.clone() };
        if let Some(plan) = self.compiled.get(&key) {
            return Some(Ok((plan.outcome, says)));
        }
        // Many that need it at once wait for one of them, in the time that each would take for itself.
        let place = match self.compiled.get_value_or_guard(&key, None) {
            GuardResult::Value(plan) => return Some(Ok((plan.outcome, says))),
            GuardResult::Guard(place) => place,
            GuardResult::Timeout => return None,
        };
        let now_ms = now_ms();
        let failed = self.failures.get(&number).filter(|(_, at_ms)| now_ms.saturating_sub(*at_ms) < MISSING_MS);
        if failed.is_some_and(|(times, _)| times >= FAILURES_MAX) {
            return unmaskable("its schema cannot be used");
        }
        let outcome = match registered.compile(&key.message, &before.texts(), of.mask) {
            Ok(outcome) => outcome,
            Err(why) => {
                // It may repeat the schema, in many lines.
                let why: String = why.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect();
                if let Some(times) = self.unusable.again(now_ms) {
                    warn!(schema = number, %why, times, "a schema cannot be used, so its records are withheld from who sees them masked");
                }
                self.failures.insert(number, (failed.map_or(1, |(times, _)| times.saturating_add(1)), now_ms));
                Outcome::Unusable(why)
            }
        };
        let bytes = match &outcome {
            Outcome::Json(None) => 0,
            Outcome::Unusable(_) => REASON_BYTES,
            Outcome::Json(Some(_)) | Outcome::Avro(_) | Outcome::Protobuf(_) => {
                registered.texts.bytes().saturating_mul(COMPILED_FACTOR).saturating_add(before.bytes())
            }
        };
        self.tell_of_removed_tags(&key, registered, &outcome, of.mask);
        let outcome = Arc::new(outcome);
        let _superseded = place.insert(Plan { outcome: Arc::clone(&outcome), bytes }).is_err();
        Some(Ok((outcome, says)))
    }

    /// Tells, once for each schema, that its fields are masked by tags that it has no more: somebody has to approve that, or mend it.
    fn tell_of_removed_tags(&self, of: &Compiled, registered: &Registered, outcome: &Outcome, mask: &Mask) {
        let Some(removed) = outcome.removed_tags() else { return };
        let told = (of.number, of.message.clone());
        if self.told.get(&told).is_some() {
            return;
        }
        self.told.insert(told, ());
        self.removed_tags.inc();
        let tags: Vec<String> = removed.iter().map(|(tag, field)| format!("{tag:?} at {field:?}")).collect();
        let versions: Vec<String> =
            registered.subjects_for(mask).map(|one| format!("{:?} version {}", one.name, one.version)).collect();
        warn!(
            schema = of.number,
            subject = %versions.join(", "),
            tags = %tags.join(", "),
            and_more = removed.has_more(),
            "tags that earlier versions of a schema have are gone: what they were on is masked as before, until the version is named \
             under removed_tags in masking.yaml"
        );
    }
}

/// Characters of what is wrong with a schema.
const REASON_MAX: usize = 500;
/// What they take at most.
const REASON_BYTES: u64 = 2_000;
/// Failures to compile a schema of one number within [`MISSING_MS`] that are looked into.
const FAILURES_MAX: u32 = 16;

/// What schemas are wanted for.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    /// The plan's digest.
    pub(crate) plan: [u8; 32],
    /// What is looked for in the part.
    pub(crate) mask: &'a Mask,
    /// The part is a key.
    pub(crate) key: bool,
}

/// The schemas of the records that one mask meets, at hand without a look into what all share.
#[derive(Default)]
pub(crate) struct AtHand {
    list: Vec<Met>,
    /// Numbers that are not known yet.
    pub(crate) missing: Vec<u32>,
    /// Numbers of no usable schema that the batch at hand has named.
    pub(crate) strange: Vec<u32>,
}

/// Numbers of no usable schema that one batch may name. Honest batches name one or two schemas; who names thousands that there are
/// not would make all readers of the partition wait for each.
const STRANGE_MAX: usize = 64;

struct Met {
    number: u32,
    /// The plan that it was compiled for, and whether for keys: topics of one frame share what is at hand.
    plan: [u8; 32],
    key: bool,
    /// What the payload says of which message it is.
    says: Box<[u8]>,
    outcome: Arc<Outcome>,
}

/// Schemas that one answer keeps at hand; more than these in turn are looked up each time.
const AT_HAND_MAX: usize = 16;

/// [`tidegate_masking::record::Schemas`] for one part.
pub(crate) struct ForPart<'a> {
    pub(crate) all: &'a Schemas,
    pub(crate) at_hand: &'a mut AtHand,
    pub(crate) of: Of<'a>,
    /// A schema is missing that may be known soon.
    pub(crate) later: bool,
    /// There is no such schema, today.
    pub(crate) unknown: bool,
    /// Why the payload at hand is refused, where more can be told than an [`Unmaskable`] does.
    pub(crate) how: Option<String>,
}

impl tidegate_masking::record::Schemas for ForPart<'_> {
    fn schema(&mut self, number: u32, payload: &[u8]) -> Result<(Schema<'_>, usize), Unmaskable> {
        let of = |met: &Met| met.plan == self.of.plan && met.key == self.of.key;
        let is_met = |met: &Met| met.number == number && of(met) && payload.starts_with(&met.says);
        let place = match self.at_hand.list.iter().position(is_met) {
            Some(place) => place,
            None => self.meet(number, payload)?,
        };
        let met = self.at_hand.list.get(place).ok_or(Unmaskable { why: "its schema got lost", at: 1 })?;
        let schema = match &*met.outcome {
            Outcome::Json(plan) => Schema::Json(plan.as_ref()),
            Outcome::Avro(plan) => Schema::Avro(plan),
            Outcome::Protobuf(plan) => Schema::Protobuf(plan),
            Outcome::Unusable(why) => {
                self.how = Some(format!("cannot be read: its schema cannot be used: {why}"));
                return Err(Unmaskable { why: "its schema cannot be used", at: 1 });
            }
        };
        Ok((schema, met.says.len()))
    }

    fn disagrees(&mut self, how: String) {
        self.how = Some(how);
    }
}

impl ForPart<'_> {
    /// Puts a schema at hand; where it stands.
    fn meet(&mut self, number: u32, payload: &[u8]) -> Result<usize, Unmaskable> {
        if self.at_hand.strange.len() >= STRANGE_MAX && !self.at_hand.strange.contains(&number) {
            self.unknown = true;
            return Err(Unmaskable { why: "its batch names too many schemas that there are not", at: 1 });
        }
        let Some(found) = self.all.compiled((number, payload), self.of) else {
            self.later = true;
            for list in [&mut self.at_hand.missing, &mut self.at_hand.strange] {
                if !list.contains(&number) {
                    list.push(number);
                }
            }
            return Err(Unmaskable { why: "its schema is not known yet", at: 1 });
        };
        let (outcome, says) = found.inspect_err(|_refused| {
            self.unknown = true;
            if !self.at_hand.strange.contains(&number) {
                self.at_hand.strange.push(number);
            }
        })?;
        if self.at_hand.list.len() >= AT_HAND_MAX {
            self.at_hand.list.clear();
        }
        let says = payload.get(..says).unwrap_or_default().into();
        self.at_hand.list.push(Met { number, plan: self.of.plan, key: self.of.key, says, outcome });
        Ok(self.at_hand.list.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests;
