//! Schemas as they are fetched, kept and compiled.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tidegate_masking::record::Schemas as _;
use tidegate_masking::{Class, ClassId, Earlier, Format, Found, Rewritten, Scope, Transform};

use super::*;

/// Answers that are given, and how often each was asked for.
#[derive(Debug, Default)]
struct Given {
    answers: Mutex<BTreeMap<u32, Answer>>,
    asked: Mutex<BTreeMap<u32, u32>>,
    /// What came before versions of subjects; where nothing is said, it is not told.
    earlier: Mutex<BTreeMap<(String, u32), Vec<Version>>>,
}

impl SchemaRegistry for Given {
    fn schema(&self, number: u32) -> Asked<'_, Answer> {
        *self.asked.lock().unwrap().entry(number).or_default() += 1;
        let answer = self.answers.lock().unwrap().get(&number).cloned().unwrap_or(Answer::Missing(NOT_KNOWN));
        Box::pin(std::future::ready(answer))
    }

    fn earlier<'s>(&'s self, subject: &'s str, version: u32, since: u32) -> Asked<'s, Result<Vec<Version>, String>> {
        let mut told = self.earlier.lock().unwrap().get(&(subject.to_owned(), version)).cloned();
        told.iter_mut().for_each(|told| told.retain(|version| version.number >= since));
        Box::pin(std::future::ready(told.ok_or_else(|| "it is down".to_owned())))
    }
}

const ORDER: &str = r#"{"type": "record", "name": "Order", "fields": [{"name": "pan", "type": "string"}, {"name": "note", "type": "string"}]}"#;

fn all_of(registry: Option<Arc<dyn SchemaRegistry>>) -> Schemas {
    Schemas::new(registry, Counter::default())
}

fn registered(subjects: &[&str]) -> Answer {
    schema(Language::Avro, ORDER.to_owned(), subjects)
}

/// Registered first under these subjects.
fn schema(language: Language, text: String, subjects: &[&str]) -> Answer {
    let subject = |name: &&str| Subject { name: (*name).to_owned(), version: 1 };
    let subjects = subjects.iter().map(subject).collect();
    Answer::Schema(Arc::new(Registered { texts: texts(language, text), subjects }))
}

fn texts(language: Language, text: String) -> SchemaTexts {
    SchemaTexts { language, text, references: Vec::new(), outer_tags: Vec::new() }
}

fn mask(field: &str, subject: &str) -> Mask {
    let mut mask = Mask { format: Format::Framed, subjects: vec![subject.into()], ..Mask::default() };
    mask.fields.add_name(field, ClassId(0));
    mask
}

/// What is said of a payload that is shown as it came.
const SHOWN: &str = "as it came";

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
        Ok(Ok(Rewritten::Same)) => Ok(SHOWN.to_owned()),
        _ => Err(part.later),
    }
}

#[tokio::test]
async fn what_is_at_hand_for_one_mask_is_not_for_another() {
    let given = Arc::new(Given::default());
    given.answers.lock().unwrap().insert(7, registered(&["a-value", "b-value"]));
    let all = Arc::new(all_of(Some(given)));
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
    let json = |text: &str| schema(Language::Json, text.to_owned(), &["a-value"]);
    let given = Arc::new(Given::default());
    let good = json(r#"{"properties": {"a": {"type": "string"}}}"#);
    given.answers.lock().unwrap().extend([(7, good), (8, json(r##"{"$dynamicRef": "#a"}"##))]);
    let all = Arc::new(all_of(Some(given)));
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

/// As if so long had passed since anything was asked.
fn pass(all: &Schemas, ms: u64) {
    for (number, known) in all.known.iter().collect::<Vec<_>>() {
        all.known.insert(number, Known { at_ms: known.at_ms - ms, ..known });
    }
    for (number, anew) in all.anew.iter().collect::<Vec<_>>() {
        all.anew.insert(number, Anew { at_ms: anew.at_ms - ms, ..anew });
    }
}

#[tokio::test]
async fn a_subject_that_came_later_is_asked_for_again() {
    let given = Arc::new(Given::default());
    given.answers.lock().unwrap().insert(7, registered(&["a-value"]));
    let all = Arc::new(all_of(Some(Arc::clone(&given) as Arc<dyn SchemaRegistry>)));
    all.learn(&[7]).await;
    let (own, late) = (mask("pan", "a-value"), mask("pan", "b-value"));
    let read =
        |mask: &Mask, plan: u8| read(&mut AtHand::default(), &all, Of { plan: [plan; 32], mask, key: false }).map(drop);
    let asked = || *given.asked.lock().unwrap().get(&7).unwrap();
    assert_eq!(read(&late, 1), Err(false), "just asked: there is none");
    pass(&all, SUBJECTS_MS);
    assert_eq!(read(&late, 1), Err(true), "it is asked for again");
    assert_eq!(read(&own, 2), Ok(()), "and holds up nobody that it was registered for");
    all.learn(&[7]).await;
    given.answers.lock().unwrap().insert(7, registered(&["a-value", "b-value"]));
    pass(&all, FOREIGN_MS / 2);
    assert_eq!(read(&late, 1), Err(false), "it was asked for again in the last minute");
    all.learn(&[7]).await;
    assert_eq!((read(&late, 1), asked()), (Err(false), 2), "whoever wants it");
    pass(&all, FOREIGN_MS / 2);
    assert_eq!(read(&late, 1), Err(true), "a minute later");
    all.learn(&[7]).await;
    assert_eq!((read(&late, 1), asked()), (Ok(()), 3));
}

/// Whether there are more subjects is not known then.
#[tokio::test]
async fn a_schema_of_other_subjects_is_waited_for_while_a_registry_is_down() {
    let given = Arc::new(Given::default());
    given.answers.lock().unwrap().insert(7, registered(&["a-value"]));
    let all = Arc::new(all_of(Some(Arc::clone(&given) as Arc<dyn SchemaRegistry>)));
    all.learn(&[7]).await;
    pass(&all, SUBJECTS_MS);
    given.answers.lock().unwrap().insert(7, Answer::Down("no".to_owned()));
    let begin = Instant::now();
    all.learn(&[7]).await;
    assert!(begin.elapsed() >= WAIT);
    let (own, late) = (mask("pan", "a-value"), mask("pan", "b-value"));
    let of = |plan, mask| Of { plan: [plan; 32], mask, key: false };
    assert_eq!(read(&mut AtHand::default(), &all, of(1, &late)), Err(true));
    assert!(read(&mut AtHand::default(), &all, of(2, &own)).is_ok());
}

/// However many that are, and however seldom its reader asks.
#[tokio::test]
async fn a_batch_that_names_many_schemas_of_other_subjects_is_passed_soon() {
    let given = Arc::new(Given::default());
    given.answers.lock().unwrap().extend((1..=40).map(|number| (number, registered(&["a-value"]))));
    let all = Arc::new(all_of(Some(Arc::clone(&given) as Arc<dyn SchemaRegistry>)));
    let mask = mask("pan", "b-value");
    let begin = Instant::now();
    let mut rounds = 0;
    loop {
        let mut at_hand = AtHand::default();
        let of = Of { plan: [1; 32], mask: &mask, key: false };
        let mut part = ForPart { all: &all, at_hand: &mut at_hand, of, later: false, unknown: false, how: None };
        for number in 1..=40 {
            assert!(part.schema(number, b"").is_err());
        }
        if !part.later {
            break;
        }
        rounds += 1;
        assert!(rounds <= 10);
        all.learn(&at_hand.missing).await;
        pass(&all, 5_000);
    }
    assert!(begin.elapsed() < WAIT, "nothing is waited for but what was asked");
    let asked = given.asked.lock().unwrap();
    assert!(asked.len() == 40 && asked.values().all(|times| *times <= 2), "{asked:?}");
}

#[tokio::test]
async fn what_is_kept_is_bound_by_its_bytes_and_large_schemas_are_kept_too() {
    let all = all_of(None);
    let large = |number: u32| {
        let text = "x".repeat(4 << 20);
        all.known.insert(number, Known { answer: schema(Language::Json, text, &[]), at_ms: 1 });
        let key = Compiled { number, message: Vec::new(), plan: [0; 32], key: false, turns: Vec::new() };
        let outcome = Arc::new(Outcome::Json(None));
        all.compiled.insert(key.clone(), Plan { outcome, bytes: (4 << 20) * COMPILED_FACTOR });
        all.known.get(&number).is_some() && all.compiled.get(&key).is_some()
    };
    assert!((0..80).all(large));
    assert!(all.known.weight() <= KEPT_BYTES_MAX && all.compiled.weight() <= KEPT_BYTES_MAX);
    assert!(all.known.len() < 80 && all.compiled.len() <= 4, "{} {}", all.known.len(), all.compiled.len());
}

#[tokio::test]
async fn a_schema_that_many_need_at_once_is_compiled_once() {
    let fields: Vec<String> = (0..2_000).map(|at| format!(r#"{{"name": "f{at}", "type": "string"}}"#)).collect();
    let text = format!(r#"{{"type": "record", "name": "Wide", "fields": [{}]}}"#, fields.join(","));
    let given = Arc::new(Given::default());
    let wide = schema(Language::Avro, text, &["a-value"]);
    given.answers.lock().unwrap().insert(7, wide);
    let all = Arc::new(all_of(Some(given)));
    all.learn(&[7]).await;
    let mask = mask("f7", "a-value");
    let start = std::sync::Barrier::new(8);
    let outcomes: Vec<Arc<Outcome>> = std::thread::scope(|scope| {
        let compile = || {
            start.wait();
            all.compiled((7, b""), Of { plan: [1; 32], mask: &mask, key: false }).unwrap().unwrap().0
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(compile)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(outcomes.iter().all(|outcome| Arc::ptr_eq(outcome, &outcomes[0])));
}

/// Else its clients would ask again and again.
#[tokio::test]
async fn an_answer_is_held_while_a_registry_is_down() {
    let given = Arc::new(Given::default());
    given.answers.lock().unwrap().insert(7, Answer::Down("no".to_owned()));
    let all = Arc::new(all_of(Some(given)));
    let begin = Instant::now();
    all.learn(&[7]).await;
    assert!(begin.elapsed() >= WAIT);
}

#[tokio::test]
async fn a_batch_that_names_many_schemas_that_there_are_not_is_waited_for_a_few_times_only() {
    let given = Arc::new(Given::default());
    let all = Arc::new(all_of(Some(Arc::clone(&given) as Arc<dyn SchemaRegistry>)));
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

/// As if so long had passed since histories were asked for.
fn pass_since_earlier(all: &Schemas, ms: u64) {
    for (of, history) in all.histories.iter().collect::<Vec<_>>() {
        all.histories.insert(of, History { at_ms: history.at_ms - ms, ..history });
    }
}

fn tagged() -> SchemaTexts {
    let tagged = r#""type": "string", "confluent:tags": ["PII"]"#;
    texts(Language::Avro, ORDER.replacen(r#""type": "string""#, tagged, 1))
}

fn version(number: u32, texts: Result<SchemaTexts, &'static str>) -> Version {
    Version { number, texts: texts.map(Arc::new) }
}

/// A mask that looks for tags, and what was approved.
fn tags(since: &[(&str, u32)]) -> Mask {
    let tags_since = since.iter().map(|(subject, version)| ((*subject).into(), *version)).collect();
    Mask { tags: vec![("PII".into(), ClassId(0))], tags_since, ..mask("no such field", "a-value") }
}

/// The schema 7 is the fifth version of its subject, after these.
fn fifth(earlier: Option<Vec<Version>>) -> (Arc<Given>, Arc<Schemas>) {
    let given = Arc::new(Given::default());
    let subjects = vec![Subject { name: "a-value".to_owned(), version: 5 }];
    let registered = Registered { texts: texts(Language::Avro, ORDER.to_owned()), subjects };
    given.answers.lock().unwrap().insert(7, Answer::Schema(Arc::new(registered)));
    given.earlier.lock().unwrap().extend(earlier.map(|earlier| (("a-value".to_owned(), 5), earlier)));
    let all = Arc::new(all_of(Some(Arc::clone(&given) as Arc<dyn SchemaRegistry>)));
    (given, all)
}

/// What a reader is shown of the payload, once all is learned; whether it is to wait where it is shown nothing.
async fn learned(all: &Arc<Schemas>, mask: &Mask) -> Result<String, bool> {
    // The digest of what the mask says.
    let plan = *blake3::hash(format!("{mask:?}").as_bytes()).as_bytes();
    let mut last = Err(true);
    for _schema_then_what_came_before in 0..3 {
        let of = Of { plan, mask, key: false };
        last = match read(&mut AtHand::default(), all, of) {
            Err(true) => Err(true),
            other => return other,
        };
        for fetch in all.fetch(&[7]) {
            fetch.await.unwrap();
        }
    }
    last
}

/// Row 25.
#[tokio::test]
async fn tags_of_earlier_versions_count_until_somebody_approves() {
    let plain = || texts(Language::Avro, ORDER.to_owned());
    let (_given, all) = fifth(Some(vec![version(4, Ok(plain())), version(2, Ok(tagged()))]));
    let masked = Ok("\x06***\x02b".to_owned());
    for since in [&[][..], &[("a-value", 2)], &[("b-value", 5)], &[("a-value", 6)]] {
        assert_eq!(learned(&all, &tags(since)).await, masked, "{since:?}");
    }
    assert_eq!(all.removed_tags.get(), 1, "it is told once");
    for since in [&[("a-value", 3)][..], &[("a-value", 5)], &[("a-value", 2), ("a-value", 4)]] {
        assert_eq!(learned(&all, &tags(since)).await.as_deref(), Ok(SHOWN), "{since:?}");
    }
    assert_eq!(all.removed_tags.get(), 1);
}

#[tokio::test]
async fn what_is_not_known_of_earlier_versions_withholds_records_and_is_asked_for_again() {
    let outer = SchemaTexts { outer_tags: vec!["pii".to_owned()], ..texts(Language::Avro, ORDER.to_owned()) };
    let unknown = [Err("it is gone"), Ok(texts(Language::Json, "{}".to_owned())), Ok(outer)];
    for texts in unknown {
        let (given, all) = fifth(Some(vec![version(3, texts)]));
        let mut part = AtHand::default();
        assert_eq!(learned(&all, &tags(&[])).await, Err(false));
        let of = Of { plan: [9; 32], mask: &tags(&[]), key: false };
        let why = all.compiled((7, b""), of).unwrap().err().unwrap().why;
        assert_eq!(why, "which tags its schema had before is not known");
        assert_eq!(learned(&all, &tags(&[("a-value", 4)])).await.as_deref(), Ok(SHOWN), "approved");
        assert!(all.compiled((7, b""), Of { plan: [8; 32], mask: &mask("pan", "a-value"), key: false }).is_some());
        // What was wrong may be mended.
        given.earlier.lock().unwrap().insert(("a-value".to_owned(), 5), vec![version(3, Ok(tagged()))]);
        assert!(read(&mut part, &all, of).is_err(), "it is not asked all the time");
        pass_since_earlier(&all, MISSING_MS);
        assert_eq!(learned(&all, &tags(&[])).await.as_deref(), Ok("\x06***\x02b"));
    }
}

#[tokio::test]
async fn records_wait_while_earlier_versions_cannot_be_had_and_those_without_tags_do_not() {
    let (given, all) = fifth(None);
    assert_eq!(learned(&all, &tags(&[])).await, Err(true));
    // Else clients would ask again and again for what is not there.
    let of = Of { plan: [1; 32], mask: &tags(&[]), key: false };
    assert_eq!(read(&mut AtHand::default(), &all, of), Err(true));
    for fetch in all.fetch(&[7]) {
        assert!(!fetch.await.unwrap(), "the registry has not answered");
    }
    assert_eq!(learned(&all, &mask("pan", "a-value")).await.as_deref(), Ok("\x06***\x02b"));
    given.earlier.lock().unwrap().insert(("a-value".to_owned(), 5), vec![version(1, Ok(tagged()))]);
    pass_since_earlier(&all, DOWN_MS);
    assert_eq!(learned(&all, &tags(&[])).await.as_deref(), Ok("\x06***\x02b"));
}

#[tokio::test]
async fn a_schema_of_too_many_subjects_withholds_records_and_lets_nobody_wait() {
    let (given, all) = fifth(None);
    let subjects: Vec<Subject> = (0..5).map(|n| Subject { name: format!("many-{n}"), version: 2 }).collect();
    let history = |subject: &Subject| ((subject.name.clone(), 2), vec![version(1, Ok(tagged()))]);
    given.earlier.lock().unwrap().extend(subjects.iter().map(history));
    let registered = Registered { texts: texts(Language::Avro, ORDER.to_owned()), subjects };
    given.answers.lock().unwrap().insert(7, Answer::Schema(Arc::new(registered)));
    let many = |pattern: &str| Mask { subjects: vec![pattern.into()], ..tags(&[]) };
    assert_eq!(learned(&all, &many("many-*")).await, Err(false));
    assert_eq!(learned(&all, &many("many-3")).await.as_deref(), Ok("\x06***\x02b"));
}

#[test]
fn tags_in_metadata_make_a_schema_unusable_where_they_are_looked_for() {
    let mut texts = texts(Language::Avro, ORDER.to_owned());
    texts.outer_tags.push("Pii".to_owned());
    let mut registered = Registered { texts, subjects: Vec::new() };
    assert!(registered.compile(&[], &[], &tags(&[])).err().unwrap().contains("tags in its metadata"));
    assert!(registered.compile(&[], &[], &Mask::default()).is_ok());
    registered.texts.outer_tags = vec!["other".to_owned()];
    assert!(registered.compile(&[], &[], &tags(&[])).is_ok());
    let broken = Earlier { version: 3, text: "{", references: &[] };
    let why = registered.compile(&[], &[broken], &tags(&[])).err().unwrap();
    assert!(why.contains("versions before it") && why.contains("removed_tags"), "{why}");
}
