//! Schemas of a cluster's registry by their number, fetched when first met, and compiled for masks.
//!
//! Nothing here waits while an answer is masked: a record whose schema is not known yet ends the answer before its batch, the schema is
//! fetched, and the client asks again.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tidegate_masking::record::Schema;
use tidegate_masking::{AvroPlan, Mask, ProtobufPlan, Unmaskable, framed};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::warn;

use crate::gate::now_ms;
use crate::seldom::Seldom;

/// Schemas that are kept, and compiled ones. Registries give up to some kilobytes for each, a few of them a megabyte.
const KEPT_MAX: usize = 4_096;
/// How long it is believed that there is no schema of a number.
const MISSING_MS: u64 = 60_000;
/// How long a registry that did not answer is not asked again for the same.
const DOWN_MS: u64 = 1_000;
/// Schemas that are fetched at once: whoever writes numbers that there are not can ask for many.
const FETCHES_MAX: usize = 16;
/// How long an answer is held for the schemas of its records.
const WAIT: Duration = Duration::from_secs(2);

/// What a schema is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Avro.
    Avro,
    /// Protobuf.
    Protobuf,
    /// JSON Schema.
    Json,
}

/// A schema as its registry has it.
#[derive(Debug)]
pub struct Registered {
    /// What it is written in.
    pub language: Language,
    /// Its text.
    pub text: String,
    /// The names and texts of all schemas that it refers to, however far.
    pub references: Vec<(String, String)>,
    /// The subjects that it is registered under, deleted ones too: records outlive them.
    pub subjects: Vec<String>,
}

/// What a registry says to a number.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It has this schema.
    Schema(Arc<Registered>),
    /// It has none.
    Missing,
    /// It did not answer, or not so that it can be understood.
    Down(String),
}

/// A schema registry.
pub trait SchemaRegistry: Send + Sync + fmt::Debug {
    /// Asks for the schema of a number. Ends by itself within seconds.
    fn schema(&self, number: u32) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

#[derive(Clone)]
struct Known {
    answer: Answer,
    at_ms: u64,
}

impl Known {
    fn is_old(&self, now_ms: u64) -> bool {
        let kept = match self.answer {
            // A number means one schema for ever.
            Answer::Schema(_) => return false,
            Answer::Missing => MISSING_MS,
            Answer::Down(_) => DOWN_MS,
        };
        now_ms.saturating_sub(self.at_ms) >= kept
    }
}

/// The schemas of one cluster.
pub struct Schemas {
    registry: Option<Arc<dyn SchemaRegistry>>,
    known: Cache<u32, Known>,
    /// By the number, what stands before the message, and the plan and part that it was compiled for.
    compiled: Cache<Compiled, Arc<Outcome>>,
    fetches: Semaphore,
    down: Seldom,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Compiled {
    number: u32,
    message: Vec<i32>,
    plan: [u8; 32],
    key: bool,
}

/// What compiling came to.
enum Outcome {
    Json,
    Avro(AvroPlan),
    Protobuf(ProtobufPlan),
    Unusable(&'static str),
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schemas").field("registry", &self.registry).finish_non_exhaustive()
    }
}

impl Schemas {
    /// Of this registry, or of none: then no schema is ever known.
    #[must_use]
    pub fn new(registry: Option<Arc<dyn SchemaRegistry>>) -> Self {
        Self {
            registry,
            known: Cache::new(KEPT_MAX),
            compiled: Cache::new(KEPT_MAX),
            fetches: Semaphore::new(FETCHES_MAX),
            down: Seldom::default(),
        }
    }

    /// What is known of a number without asking; `None` where asking may help.
    fn known(&self, number: u32) -> Option<Answer> {
        if self.registry.is_none() {
            return Some(Answer::Missing);
        }
        let known = self.known.get(&number).filter(|known| !known.is_old(now_ms()))?;
        Some(known.answer)
    }

    /// Fetches schemas that an answer needs, and holds the answer until they are there, or for as long as it can be held. What takes
    /// longer is fetched all the same.
    pub(crate) async fn learn(self: &Arc<Self>, numbers: &[u32]) {
        let until = Instant::now() + WAIT;
        let fetches = self.fetch(numbers);
        let all = async {
            for fetch in fetches {
                if let Err(ended) = fetch.await {
                    warn!(%ended, "a schema could not be fetched");
                }
            }
        };
        if tokio::time::timeout_at(until, all).await.is_err() {
            return;
        }
        // Else a client would ask again and again for what is not there.
        if numbers.iter().any(|number| !matches!(self.known(*number), Some(Answer::Schema(_) | Answer::Missing))) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Begins to fetch schemas that are not known, and holds nobody up.
    pub(crate) fn fetch(self: &Arc<Self>, numbers: &[u32]) -> Vec<JoinHandle<()>> {
        let begin = |number: &u32| {
            let (schemas, number) = (Arc::clone(self), *number);
            tokio::spawn(async move { schemas.learn_one(number).await })
        };
        numbers.iter().take(FETCHES_MAX).map(begin).collect()
    }

    async fn learn_one(&self, number: u32) {
        let Some(registry) = &self.registry else { return };
        if self.known.get(&number).is_some_and(|known| known.is_old(now_ms())) {
            self.known.remove(&number);
        }
        // Many that wait for one number are one question.
        let Err(place) = self.known.get_value_or_guard_async(&number).await else { return };
        let Ok(_one_of_few) = self.fetches.acquire().await else { return };
        let answer = registry.schema(number).await;
        if let Answer::Down(why) = &answer
            && let Some(times) = self.down.again(now_ms())
        {
            warn!(%why, times, "the schema registry does not answer: records that need it wait");
        }
        let _superseded = place.insert(Known { answer, at_ms: now_ms() }).is_err();
    }

    /// The schema of a number, compiled; `None` where it is not known yet.
    fn compiled(
        &self,
        (number, payload): (u32, &[u8]),
        of: Of<'_>,
    ) -> Option<Result<(Arc<Outcome>, usize), Unmaskable>> {
        let unmaskable = |why| Some(Err(Unmaskable { why, at: 1 }));
        let registered = match self.known(number)? {
            Answer::Schema(registered) => registered,
            Answer::Missing => return unmaskable("the schema that it names is not known"),
            Answer::Down(_) => return None,
        };
        let fits = |pattern: &str| registered.subjects.iter().any(|subject| tidegate_policy::matches(pattern, subject));
        if !of.mask.subjects.iter().any(|pattern| fits(pattern)) {
            return unmaskable("the schema that it names is not of its topic's subjects");
        }
        let (message, says) = match registered.language {
            Language::Protobuf => match framed::message_indexes(payload) {
                Ok(found) => found,
                Err(refused) => return Some(Err(refused)),
            },
            Language::Avro | Language::Json => (Vec::new(), 0),
        };
        let key = Compiled { number, message, plan: of.plan, key: of.key };
        if let Some(outcome) = self.compiled.get(&key) {
            return Some(Ok((outcome, says)));
        }
        let outcome = Arc::new(compile(&registered, (number, &key.message), of.mask));
        self.compiled.insert(key, Arc::clone(&outcome));
        Some(Ok((outcome, says)))
    }
}

fn compile(registered: &Registered, (number, message): (u32, &[i32]), mask: &Mask) -> Outcome {
    let Registered { language, text, references, .. } = registered;
    let unusable = |why: &dyn fmt::Display| {
        warn!(schema = number, %why, "a schema cannot be used, so its records are withheld from who sees them masked");
        Outcome::Unusable("its schema cannot be used")
    };
    match language {
        Language::Avro => AvroPlan::compile(text, references, mask).map_or_else(|why| unusable(&why), Outcome::Avro),
        Language::Protobuf => {
            ProtobufPlan::compile(text, references, message, mask).map_or_else(|why| unusable(&why), Outcome::Protobuf)
        }
        // What tags a JSON Schema has is not read, so nobody can say where its tagged fields are.
        Language::Json if !mask.tags.is_empty() => Outcome::Unusable("tags in JSON Schemas are not read"),
        Language::Json => Outcome::Json,
    }
}

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
}

struct Met {
    number: u32,
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
}

impl tidegate_masking::record::Schemas for ForPart<'_> {
    fn schema(&mut self, number: u32, payload: &[u8]) -> Result<(Schema<'_>, usize), Unmaskable> {
        let is_met = |met: &Met| met.number == number && met.key == self.of.key && payload.starts_with(&met.says);
        let place = match self.at_hand.list.iter().position(is_met) {
            Some(place) => place,
            None => self.meet(number, payload)?,
        };
        let met = self.at_hand.list.get(place).ok_or(Unmaskable { why: "its schema got lost", at: 1 })?;
        let schema = match &*met.outcome {
            Outcome::Json => Schema::Json,
            Outcome::Avro(plan) => Schema::Avro(plan),
            Outcome::Protobuf(plan) => Schema::Protobuf(plan),
            Outcome::Unusable(why) => return Err(Unmaskable { why, at: 1 }),
        };
        Ok((schema, met.says.len()))
    }
}

impl ForPart<'_> {
    /// Puts a schema at hand; where it stands.
    fn meet(&mut self, number: u32, payload: &[u8]) -> Result<usize, Unmaskable> {
        let Some(found) = self.all.compiled((number, payload), self.of) else {
            self.later = true;
            if !self.at_hand.missing.contains(&number) {
                self.at_hand.missing.push(number);
            }
            return Err(Unmaskable { why: "its schema is not known yet", at: 1 });
        };
        let (outcome, says) = found.inspect_err(|_refused| self.unknown = true)?;
        if self.at_hand.list.len() >= AT_HAND_MAX {
            self.at_hand.list.clear();
        }
        let says = payload.get(..says).unwrap_or_default().into();
        self.at_hand.list.push(Met { number, key: self.of.key, says, outcome });
        Ok(self.at_hand.list.len().saturating_sub(1))
    }
}
