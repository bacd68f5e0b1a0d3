//! Schemas as they are fetched, kept and compiled.

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
        let answer = self.answers.lock().unwrap().get(&number).cloned().unwrap_or(Answer::Missing(NOT_KNOWN));
        Box::pin(std::future::ready(answer))
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
    let subject = |name: &&str| Subject { name: (*name).to_owned(), version: 1, earlier: Vec::new() };
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
        let key = Compiled { number, message: Vec::new(), plan: [0; 32], key: false };
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

/// A schema that is the fifth of its subject, after these.
fn fifth(text: &str, earlier: &[(u32, Result<SchemaTexts, &'static str>)]) -> Registered {
    let version = |(number, texts): &(u32, Result<SchemaTexts, &'static str>)| {
        let copy = |texts: &SchemaTexts| {
            Arc::new(SchemaTexts {
                outer_tags: texts.outer_tags.clone(),
                ..self::texts(texts.language, texts.text.clone())
            })
        };
        Version { number: *number, texts: texts.as_ref().map(copy).map_err(|why| *why) }
    };
    let earlier = earlier.iter().map(version).collect();
    let subject = Subject { name: "a-value".to_owned(), version: 5, earlier };
    Registered { texts: texts(Language::Avro, text.to_owned()), subjects: vec![subject] }
}

/// Row 25.
#[test]
fn tags_of_earlier_versions_count_until_somebody_approves() {
    let tagged = || {
        texts(
            Language::Avro,
            ORDER.replacen(r#""type": "string""#, r#""type": "string", "confluent:tags": ["PII"]"#, 1),
        )
    };
    let plain = || texts(Language::Avro, ORDER.to_owned());
    let mask = |since: &[(&str, u32)]| Mask {
        tags: vec![("PII".into(), ClassId(0))],
        tags_since: since.iter().map(|(subject, version)| ((*subject).into(), *version)).collect(),
        ..mask("no such field", "a-value")
    };
    let removed = |registered: &Registered, mask: &Mask| {
        registered.compile(&[], mask).map(|outcome| {
            outcome
                .removed_tags()
                .into_iter()
                .flat_map(|all| all.iter())
                .map(|(_, at)| at.to_owned())
                .collect::<Vec<_>>()
        })
    };
    let registered = fifth(ORDER, &[(4, Ok(plain())), (2, Ok(tagged()))]);
    let kept = |since| removed(&registered, &mask(since)).unwrap() == ["pan"];
    assert!(kept(&[]) && kept(&[("a-value", 2)]) && kept(&[("b-value", 5)]));
    assert!(kept(&[("a-value", 6)]), "a later version was approved, not this one");
    assert!(!kept(&[("a-value", 3)]) && !kept(&[("a-value", 5)]) && !kept(&[("a-value", 2), ("a-value", 4)]));
    let outer = SchemaTexts { outer_tags: vec!["pii".to_owned()], ..plain() };
    for (unknown, why) in [
        (Err("it is gone"), "it is gone"),
        (Ok(texts(Language::Json, "{}".to_owned())), "another language"),
        (Ok(outer), "tags in its metadata"),
    ] {
        let registered = fifth(ORDER, &[(3, unknown)]);
        let refused = removed(&registered, &mask(&[])).unwrap_err();
        assert!(refused.contains(why) && refused.contains("version 3 of subject a-value"), "{refused}");
        assert_eq!(removed(&registered, &mask(&[("a-value", 4)])).unwrap(), Vec::<String>::new());
        assert!(registered.compile(&[], &Mask::default()).is_ok(), "nobody looks for tags");
    }
    let mut registered = fifth(ORDER, &[]);
    registered.texts.outer_tags.push("Pii".to_owned());
    assert!(removed(&registered, &mask(&[])).unwrap_err().contains("tags in its metadata"));
    registered.texts.outer_tags = vec!["other".to_owned()];
    assert!(removed(&registered, &mask(&[])).is_ok());
}

#[tokio::test]
async fn removed_tags_are_told_once_for_each_schema() {
    let tagged = texts(
        Language::Avro,
        ORDER.replacen(r#""type": "string""#, r#""type": "string", "confluent:tags": ["PII"]"#, 1),
    );
    let given = Arc::new(Given::default());
    let answer = Answer::Schema(Arc::new(fifth(ORDER, &[(4, Ok(tagged))])));
    given.answers.lock().unwrap().insert(7, answer);
    let all = Arc::new(all_of(Some(given)));
    all.learn(&[7]).await;
    let tags = Mask { tags: vec![("PII".into(), ClassId(0))], ..mask("no such field", "a-value") };
    let approved = Mask { tags_since: vec![("a-value".into(), 5)], ..tags.clone() };
    let told = |plan: u8, mask: &Mask| {
        let of = Of { plan: [plan; 32], mask, key: false };
        (read(&mut AtHand::default(), &all, of).is_ok(), all.removed_tags.get())
    };
    assert_eq!(told(1, &approved), (false, 0), "nothing is masked");
    assert_eq!(told(2, &tags), (true, 1));
    assert_eq!(told(3, &tags), (true, 1));
}
