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
use tidegate_masking::{AvroPlan, JsonPlan, Mask, ProtobufPlan, Unmaskable, framed};
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
/// How long it is believed that a schema is not registered under a subject.
const SUBJECTS_MS: u64 = 1_000;
/// How long a registry that did not answer is not asked again for the same.
const DOWN_MS: u64 = 1_000;
/// Schemas that are fetched at once: whoever writes numbers that there are not can ask for many.
const FETCHES_MAX: usize = 16;
/// Fetches that wait for their turn; what comes beyond is asked for again by whoever needs it.
const PENDING_MAX: usize = 256;
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
            // A number means one schema for ever; the subjects that it is registered under may become more.
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
    pending: Arc<Semaphore>,
    down: Seldom,
    unusable: Seldom,
    /// How often a schema of a number could not be compiled, and when that was last: whoever writes may name message after message of it.
    failures: Cache<u32, (u32, u64)>,
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
    /// Without a plan where nothing is asked of its schema.
    Json(Option<JsonPlan>),
    Avro(AvroPlan),
    Protobuf(ProtobufPlan),
    /// With the reason, which may repeat something of the schema.
    Unusable(String),
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
            pending: Arc::new(Semaphore::new(PENDING_MAX)),
            down: Seldom::default(),
            unusable: Seldom::default(),
            failures: Cache::new(KEPT_MAX),
        }
    }

    /// What is known of a number without asking; `None` where asking may help.
    fn known(&self, number: u32) -> Option<Known> {
        // Registries count in 32 bits with a sign.
        if self.registry.is_none() || i32::try_from(number).is_err() {
            return Some(Known { answer: Answer::Missing, at_ms: now_ms() });
        }
        self.known.get(&number).filter(|known| !known.is_old(now_ms()))
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
        if numbers.iter().any(|number| {
            !matches!(self.known(*number), Some(Known { answer: Answer::Schema(_) | Answer::Missing, .. }))
        }) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Begins to fetch schemas that are not known, and holds nobody up.
    pub(crate) fn fetch(self: &Arc<Self>, numbers: &[u32]) -> Vec<JoinHandle<()>> {
        let begin = |number: &u32| {
            let (schemas, number) = (Arc::clone(self), *number);
            let place = Arc::clone(&self.pending).try_acquire_owned().ok()?;
            Some(tokio::spawn(async move {
                schemas.learn_one(number).await;
                drop(place);
            }))
        };
        numbers.iter().take(FETCHES_MAX).filter_map(begin).collect()
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
        let known = self.known(number)?;
        let registered = match &known.answer {
            Answer::Schema(registered) => registered,
            Answer::Missing => return unmaskable("the schema that it names is not known"),
            Answer::Down(_) => return None,
        };
        let fits = |pattern: &str| registered.subjects.iter().any(|subject| tidegate_policy::matches(pattern, subject));
        if !of.mask.subjects.iter().any(|pattern| fits(pattern)) {
            if now_ms().saturating_sub(known.at_ms) >= SUBJECTS_MS {
                // It may have been registered under the topic's subject since.
                self.known.remove(&number);
                return None;
            }
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
        let now_ms = now_ms();
        let failed = self.failures.get(&number).filter(|(_, at_ms)| now_ms.saturating_sub(*at_ms) < MISSING_MS);
        if failed.is_some_and(|(times, _)| times >= FAILURES_MAX) {
            return unmaskable("its schema cannot be used");
        }
        let outcome = match compile(registered, &key.message, of.mask) {
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
        let outcome = Arc::new(outcome);
        self.compiled.insert(key, Arc::clone(&outcome));
        Some(Ok((outcome, says)))
    }
}

/// Characters of what is wrong with a schema.
const REASON_MAX: usize = 300;
/// Failures to compile a schema of one number within [`MISSING_MS`] that are looked into.
const FAILURES_MAX: u32 = 16;

fn compile(registered: &Registered, message: &[i32], mask: &Mask) -> Result<Outcome, String> {
    let Registered { language, text, references, .. } = registered;
    Ok(match language {
        Language::Avro => Outcome::Avro(AvroPlan::compile(text, references, mask).map_err(|why| why.to_string())?),
        Language::Protobuf => {
            Outcome::Protobuf(ProtobufPlan::compile(text, references, message, mask).map_err(|why| why.to_string())?)
        }
        Language::Json if mask.tags.is_empty() && !mask.conform => Outcome::Json(None),
        Language::Json => {
            Outcome::Json(Some(JsonPlan::compile(text, references, mask).map_err(|why| why.to_string())?))
        }
    })
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
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use tidegate_masking::record::Schemas as _;
    use tidegate_masking::{Class, ClassId, Format, Found, Rewritten, Scope, Transform};

    use super::*;

    /// Answers that are given, and how often each was asked for.
    #[derive(Debug, Default)]
    struct Given {
        answers: Mutex<BTreeMap<u32, Answer>>,
        asked: Mutex<BTreeMap<u32, u32>>,
    }

    impl SchemaRegistry for Given {
        fn schema(&self, number: u32) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
            *self.asked.lock().unwrap().entry(number).or_default() += 1;
            let answer = self.answers.lock().unwrap().get(&number).cloned().unwrap_or(Answer::Missing);
            Box::pin(std::future::ready(answer))
        }
    }

    const ORDER: &str = r#"{"type": "record", "name": "Order", "fields": [{"name": "pan", "type": "string"}, {"name": "note", "type": "string"}]}"#;

    fn registered(subjects: &[&str]) -> Answer {
        let subjects = subjects.iter().map(|subject| (*subject).to_owned()).collect();
        Answer::Schema(Arc::new(Registered {
            language: Language::Avro,
            text: ORDER.to_owned(),
            references: Vec::new(),
            subjects,
        }))
    }

    fn mask(field: &str, subject: &str) -> Mask {
        let mut mask = Mask { format: Format::Framed, subjects: vec![subject.into()], ..Mask::default() };
        mask.fields.add_name(field, ClassId(0));
        mask
    }

    /// A payload of `a` and `b` under a mask: what is left of it.
    fn read(at_hand: &mut AtHand, all: &Schemas, of: Of<'_>) -> Result<String, bool> {
        let mut part = ForPart { all, at_hand, of, later: false, unknown: false, how: None };
        let classes = [Class { name: "c".into(), mask: Some(Transform::Redact) }];
        let scope = Scope { classes: &classes, mask: of.mask, subject: b"" };
        let (mut out, mut found) = (Vec::new(), Found::default());
        let read = part.schema(7, b"\x02a\x02b").map(|(schema, _)| match schema {
            Schema::Avro(plan) => plan.rewrite(&scope, b"\x02a\x02b", &mut out, &mut found),
            Schema::Json(_) | Schema::Protobuf(_) => Ok(Rewritten::DropRecord),
        });
        match read {
            Ok(Ok(Rewritten::Changed)) => Ok(String::from_utf8(out).unwrap()),
            _ => Err(part.later),
        }
    }

    #[tokio::test]
    async fn what_is_at_hand_for_one_mask_is_not_for_another() {
        let given = Arc::new(Given::default());
        given.answers.lock().unwrap().insert(7, registered(&["a-value", "b-value"]));
        let all = Arc::new(Schemas::new(Some(given)));
        all.learn(&[7]).await;
        let (pan, note, elsewhere) = (mask("pan", "a-value"), mask("note", "b-value"), mask("pan", "c-value"));
        let mut at_hand = AtHand::default();
        let of = |plan, mask| Of { plan: [plan; 32], mask, key: false };
        for _again in 0..2 {
            assert_eq!(read(&mut at_hand, &all, of(1, &pan)).as_deref(), Ok("\x06***\x02b"));
            assert_eq!(read(&mut at_hand, &all, of(2, &note)).as_deref(), Ok("\x02a\x06***"));
            assert_eq!(read(&mut at_hand, &all, of(3, &elsewhere)), Err(false), "of another topic's subject");
        }
    }

    #[tokio::test]
    async fn json_is_read_by_its_schema_only_where_that_is_asked() {
        let json = |text: &str| {
            let (language, text, subjects) = (Language::Json, text.to_owned(), vec!["a-value".to_owned()]);
            Answer::Schema(Arc::new(Registered { language, text, references: Vec::new(), subjects }))
        };
        let given = Arc::new(Given::default());
        let good = json(r#"{"properties": {"a": {"type": "string"}}}"#);
        given.answers.lock().unwrap().extend([(7, good), (8, json(r##"{"$dynamicRef": "#a"}"##))]);
        let all = Arc::new(Schemas::new(Some(given)));
        all.learn(&[7, 8]).await;
        let plain = mask("pan", "a-value");
        let tags = Mask { tags: vec![("PII".into(), ClassId(0))], ..plain.clone() };
        let conform = Mask { conform: true, strict: true, ..plain.clone() };
        let told = |number: u32, mask: &Mask, plan: u8, value: &str| {
            let (of, mut at_hand) = (Of { plan: [plan; 32], mask, key: false }, AtHand::default());
            let mut part = ForPart { all: &all, at_hand: &mut at_hand, of, later: false, unknown: false, how: None };
            let classes = [Class { name: "c".into(), mask: Some(Transform::Redact) }];
            let scope = Scope { classes: &classes, mask, subject: b"" };
            let payload = [&[0][..], &number.to_be_bytes(), value.as_bytes()].concat();
            let (mut out, mut found) = (Vec::new(), Found::default());
            let read = tidegate_masking::record::rewrite(&scope, &mut part, &payload, &mut out, &mut found);
            read.map(|_| String::from_utf8_lossy(out.get(5..).unwrap_or_default()).into_owned())
                .map_err(|_unmaskable| part.how)
        };
        let value = r#"{"pan":"x","a":1,"b":2}"#;
        assert_eq!(told(7, &plain, 1, value).as_deref(), Ok(r#"{"pan":"***","a":1,"b":2}"#));
        assert_eq!(told(8, &plain, 1, value).as_deref(), Ok(r#"{"pan":"***","a":1,"b":2}"#), "it is not looked at");
        assert_eq!(told(7, &tags, 2, value).as_deref(), Ok(r#"{"pan":"***","a":1}"#), "no schema names b");
        let fails = "does not conform to its schema: `type` fails at /properties/a/type";
        assert_eq!(told(7, &conform, 3, value), Err(Some(fails.to_owned())));
        let unusable = "cannot be read: its schema cannot be used: $dynamicRef is not followed; use $ref";
        for (mask, plan) in [(&tags, 2), (&conform, 3)] {
            assert_eq!(told(8, mask, plan, value), Err(Some(unusable.to_owned())));
        }
    }

    #[tokio::test]
    async fn a_subject_that_came_later_is_asked_for_again() {
        let given = Arc::new(Given::default());
        given.answers.lock().unwrap().insert(7, registered(&["a-value"]));
        let all = Arc::new(Schemas::new(Some(Arc::clone(&given) as Arc<dyn SchemaRegistry>)));
        all.learn(&[7]).await;
        let late = mask("pan", "b-value");
        let of = Of { plan: [1; 32], mask: &late, key: false };
        assert_eq!(read(&mut AtHand::default(), &all, of), Err(false), "just asked: there is none");
        given.answers.lock().unwrap().insert(7, registered(&["a-value", "b-value"]));
        let known = all.known.get(&7).unwrap();
        all.known.insert(7, Known { at_ms: known.at_ms - SUBJECTS_MS, ..known });
        assert_eq!(read(&mut AtHand::default(), &all, of), Err(true), "it is asked for again");
        all.learn(&[7]).await;
        assert!(read(&mut AtHand::default(), &all, of).is_ok());
    }

    /// Else its clients would ask again and again.
    #[tokio::test]
    async fn an_answer_is_held_while_a_registry_is_down() {
        let given = Arc::new(Given::default());
        given.answers.lock().unwrap().insert(7, Answer::Down("no".to_owned()));
        let all = Arc::new(Schemas::new(Some(given)));
        let begin = Instant::now();
        all.learn(&[7]).await;
        assert!(begin.elapsed() >= WAIT);
    }

    #[tokio::test]
    async fn a_batch_that_names_many_schemas_that_there_are_not_is_waited_for_a_few_times_only() {
        let given = Arc::new(Given::default());
        let all = Arc::new(Schemas::new(Some(Arc::clone(&given) as Arc<dyn SchemaRegistry>)));
        let mask = mask("pan", "a-value");
        let mut rounds = 0;
        loop {
            let mut at_hand = AtHand::default();
            let of = Of { plan: [1; 32], mask: &mask, key: false };
            let mut part = ForPart { all: &all, at_hand: &mut at_hand, of, later: false, unknown: false, how: None };
            for number in (1..5_000).chain([u32::MAX]) {
                assert!(part.schema(number, b"").is_err());
            }
            if !part.later {
                break;
            }
            rounds += 1;
            all.learn(&at_hand.missing).await;
        }
        assert!((1..=10).contains(&rounds), "{rounds}");
        let asked = given.asked.lock().unwrap();
        assert!(asked.len() <= STRANGE_MAX && asked.values().all(|times| *times == 1), "{asked:?}");
    }
}
