//! What is asked of records that are written through the gate: they pass, are written masked, or are refused with a reason that names the
//! record and repeats nothing of it.
#![cfg(test)]

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use tidegate_brokers::clients::{self, Action, Family};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{Raw, key, produce_batch};
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("all") permit (principal in Group::"demo:staff", action in [Action::"read", Action::"produce", Action::"idempotentWrite"], resource);
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: '*', names: [email, x-user], class: PII.email}
  - {topic: '*', content: [card], class: PCI.pan}
topics:
  - {topic: '*', value: json}
produce:
  - {topic: 'json-*', value: json}
  - {topic: 'no-cards*', refuse: [PCI.pan]}
  - {topic: 'masked*', mask: [PII.email, PCI.pan]}
  - {topic: 'masked-no-cards', refuse: [PCI.pan]}
  - {topic: 'small', record_bytes_max: 100}
  - {topic: 'paced*', records_per_second_max: 10}
  - {topic: 'paced-bytes', bytes_per_second_max: 1000}
  - {topic: 'paced-masked', mask: [PII.email], bytes_per_second_max: 2000}
";
const PAN: &str = "4111111111111111";
/// A text with the card in it, packed with gzip, in base64.
const PACKED: &str = "H4sIAAAAAAACAytIzExRKM8syVAwMUQFAJ6LA7caAAAA";
const EMAIL: &str = "ann.smith@example.org";
const PATIENCE: Duration = Duration::from_secs(90);

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
    scratch: Scratch,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let options = Options { masking: MASKING.to_owned(), ..Options::new(Upstream::of(&kafka), RULES, "") };
    let gate = Gate::start(&options, &issuer).unwrap();
    Stage { kafka, issuer, gate, scratch: Scratch::new("writes").unwrap() }
});

impl Stage {
    fn token(&self) -> String {
        self.issuer.token("wim", &["staff"]).unwrap()
    }

    fn topic(&self, name: &str) {
        self.kafka.create_topic(name, 1).unwrap();
    }

    fn write(&self, topic: &str, codec: &str, records: &[Record]) -> Result<(), String> {
        records::write_as(&self.gate.bootstrap(), (topic, &self.token()), codec, records).unwrap()
    }

    /// What the broker has.
    fn stored(&self, topic: &str, count: usize) -> Vec<Record> {
        records::read_first(&self.kafka.direct().0, topic, "", count).unwrap().unwrap()
    }

    fn raw(&self, subject: &str) -> Raw {
        Raw::logged_in(&self.gate.bootstrap(), &self.issuer.token(subject, &["staff"]).unwrap()).unwrap()
    }

    fn leaves(&self, topic: &str, kind: &str) -> Vec<Value> {
        self.gate.leaves(&["--topic", topic, "--kind", kind]).unwrap()
    }
}

#[test]
fn one_record_that_is_no_json_stops_its_batch_and_is_told_by_its_place() {
    let stage = &*STAGE;
    stage.topic("json-only");
    let good = Record::of(r#"{"id": 1}"#);
    let bad = Record::of(format!(r#"{{"id": {PAN}, "#));
    // By hand, since clients put into one batch what they like.
    let mut writer = Raw::logged_in(&stage.gate.bootstrap(), &stage.token()).unwrap();
    let values: Vec<Vec<u8>> = [&good, &bad, &good].map(|record| record.value.clone().unwrap()).to_vec();
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let answer = writer.ask(key::PRODUCE, 8, &produce_batch("json-only", &values)).unwrap();
    let told = String::from_utf8_lossy(&answer).into_owned();
    let why = "record 1 of the batch: its value cannot be read as its topic has it";
    assert_eq!(told.matches(why).count(), 2, "for the batch and for the record: {told:?}");
    assert!(!told.contains(PAN));
    assert_eq!(stage.kafka.end_offsets("json-only").unwrap(), 0, "nothing of the batch was written");
    stage.write("json-only", "zstd", &[good.clone(), good]).unwrap();
    assert_eq!(stage.kafka.end_offsets("json-only").unwrap(), 2);
    // Each time anew, for a flood is to be seen as one.
    let refused = stage.write("json-only", "none", &[bad]).unwrap_err();
    assert!(refused.contains("validate record"), "librdkafka's words for it: {refused}");
    let leaves = stage.leaves("json-only", "refusal");
    let told: Vec<&str> = leaves
        .iter()
        .flat_map(|leaf| leaf["facts"].as_array().unwrap())
        .filter(|fact| fact["name"] == "record_refused")
        .map(|fact| fact["value"].as_str().unwrap())
        .collect();
    let why = "its value cannot be read as its topic has it";
    assert!(told.len() == 2 && told.iter().all(|text| text.contains(why) && !text.contains(PAN)), "{told:?}");
    assert!(told[0].starts_with("json-only-0: record 1 of the batch"), "{told:?}");
    assert!(leaves.iter().all(|leaf| leaf["partitions"][0]["error"] == 87), "{leaves:?}");
}

#[test]
fn java_is_told_which_record_and_why() {
    let stage = &*STAGE;
    stage.topic("json-java");
    let file = stage.scratch.path().join("token");
    fs::write(&file, stage.token()).unwrap();
    let (class, login) = (java::console_producer(Version::V4_3), Login::token_file(&file));
    let line = format!("{{\"pan\": \"{PAN}\"\n");
    let tool = Tool::new(stage.kafka.jars(), class, &stage.gate.bootstrap(), &login, &["--topic", "json-java"]);
    let said = tool.stdin(&line).within(PATIENCE).run().unwrap().text();
    assert!(said.contains("InvalidRecordException"), "{said}");
    assert!(said.contains("record 0 of the batch: its value cannot be read"), "{said}");
    assert!(!said.contains(PAN), "{said}");
    assert_eq!(stage.kafka.end_offsets("json-java").unwrap(), 0);
}

/// Their own numbered records are no JSON.
#[test]
fn every_family_hears_of_a_refusal_at_once() {
    let stage = &*STAGE;
    stage.topic("json-families");
    let (gate, token) = (stage.gate.bootstrap(), stage.token());
    for family in Family::ALL {
        let login = clients::Login::Bearer(&token);
        let refused = clients::run(family, Action::Produce, &gate, "json-families", 3, login).unwrap().unwrap_err();
        let told = refused.to_lowercase().replace([' ', '_'], "");
        assert!(
            ["invalidrecord", "validaterecord", "failedthevalidation"].iter().any(|word| told.contains(word)),
            "{}: {refused}",
            family.name()
        );
    }
    assert_eq!(stage.kafka.end_offsets("json-families").unwrap(), 0);
}

#[test]
fn a_class_can_be_kept_out_of_values_keys_and_headers() {
    let stage = &*STAGE;
    stage.topic("no-cards");
    let clean = Record::of(r#"{"note": "paid"}"#).keyed("k").header("trace", "t");
    stage.write("no-cards", "gzip", std::slice::from_ref(&clean)).unwrap();
    for dirty in [
        Record::of(format!(r#"{{"note": "paid with {PAN}"}}"#)),
        Record::of(format!(r#"{{"note": "paid with 4111 1111 1111 1111", "n": [{PAN}]}}"#)),
        Record { key: Some(PAN.into()), ..clean.clone() },
        clean.clone().header("card", PAN),
        Record::of("{"),
        Record::of(format!(r#"{{"note": "{PACKED}"}}"#)),
        Record::of(format!(r#"{{"card": {{"pan": "{PAN}"}}}}"#)),
    ] {
        let refused = stage.write("no-cards", "gzip", &[dirty]).unwrap_err();
        assert!(refused.contains("validate record"), "{refused}");
    }
    assert_eq!(stage.kafka.end_offsets("no-cards").unwrap(), 1);
    let leaves = stage.leaves("no-cards", "refusal");
    let told = leaves.iter().flat_map(|leaf| leaf["facts"].as_array().cloned().unwrap_or_default());
    let told: Vec<String> = told.map(|fact| fact["value"].as_str().unwrap().to_owned()).collect();
    let of_class =
        told.iter().filter(|text| text.contains("record 0 of the batch: it has a field of class PCI.pan")).count();
    assert_eq!(of_class, 6, "{told:?}");
    stage.topic("masked-no-cards");
    let dirty = Record::of(format!(r#"{{"email": "{EMAIL}", "note": "{PAN}"}}"#));
    assert!(stage.write("masked-no-cards", "none", &[dirty]).is_err(), "what one row refuses no other lets pass");
}

#[test]
fn what_is_written_masked_is_never_at_the_broker_in_clear() {
    let stage = &*STAGE;
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = format!("masked-{codec}");
        stage.topic(&topic);
        let value = format!(r#"{{"email": "{EMAIL}", "note": "card {PAN}", "n": 1.50}}"#);
        let record = Record::of(value).keyed("k-1").header("x-user", EMAIL).header("trace", "t");
        let tombstone = Record::default().keyed("k-2");
        stage.write(&topic, codec, &[record.clone(), tombstone.clone(), record]).unwrap();
        let stored = stage.stored(&topic, 3);
        let wanted = r#"{"email": "***@example.org", "note": "card ************1111", "n": 1.50}"#;
        assert_eq!(stored[0].text(), wanted, "{codec}");
        let header = |name: &str, value: &str| (name.to_owned(), Some(value.as_bytes().to_vec()));
        assert_eq!(stored[0].headers, [header("x-user", "***@example.org"), header("trace", "t")], "{codec}");
        assert_eq!((stored[1].value.clone(), stored[1].key.clone()), (None, tombstone.key), "{codec}");
        assert_eq!(stored[2].text(), wanted, "{codec}");
    }
    let leaves = stage.leaves("masked-lz4", "intent");
    let classes: Vec<Value> =
        leaves.iter().flat_map(|leaf| leaf["classes"].as_array().cloned().unwrap_or_default()).collect();
    let row = |class: &str| classes.iter().find(|row| row["class"] == class).cloned().unwrap();
    assert_eq!((row("PII.email")["masked"].clone(), row("PCI.pan")["masked"].clone()), ("4".into(), "2".into()));
}

#[test]
fn a_record_may_be_too_large_for_its_topic() {
    let stage = &*STAGE;
    stage.topic("small");
    let record = |length: usize| Record::of("x".repeat(length)).keyed("k").header("h", "v");
    stage.write("small", "none", &[record(97)]).unwrap();
    stage.write("small", "none", &[record(98)]).unwrap_err();
    let leaves = stage.leaves("small", "refusal");
    assert!(leaves[0].to_string().contains("it has 101 bytes; its topic takes 100"), "{leaves:?}");
}

/// Writes so many records in one request: the error, and how long the client is told to wait.
fn write_at_once(writer: &mut Raw, topic: &str, records: usize) -> (i16, i32) {
    let answer = writer.ask(key::PRODUCE, 8, &produce_batch(topic, &vec![&br#"{"id": 1}"#[..]; records])).unwrap();
    // After one topic's name and one partition's number.
    let error = answer[14 + topic.len()..].first_chunk().unwrap();
    (i16::from_be_bytes(*error), i32::from_be_bytes(*answer.last_chunk().unwrap()))
}

const NOT_ENOUGH_REPLICAS: i16 = 19;

#[test]
fn who_writes_too_fast_is_told_to_wait_and_nobody_else_is() {
    let stage = &*STAGE;
    for topic in ["paced", "paced-bytes", "paced-masked"] {
        stage.topic(topic);
    }
    let (mut flooder, mut second, mut other) = (stage.raw("flo"), stage.raw("flo"), stage.raw("ann"));
    // A request that finds room is taken whole: 10 are there, 190 are owed for 19 s.
    assert_eq!(write_at_once(&mut flooder, "paced", 200), (0, 0));
    for writer in [&mut flooder, &mut second] {
        let (error, wait_ms) = write_at_once(writer, "paced", 1);
        assert!(error == NOT_ENOUGH_REPLICAS && (1..=10_000).contains(&wait_ms), "{error} {wait_ms}");
    }
    assert_eq!(write_at_once(&mut flooder, "paced", 1).0, NOT_ENOUGH_REPLICAS);
    assert_eq!(write_at_once(&mut other, "paced", 3), (0, 0), "another caller");
    assert_eq!(stage.kafka.end_offsets("paced").unwrap(), 203);
    assert_eq!(write_at_once(&mut flooder, "paced-bytes", 9).0, 0, "another topic");
    assert_eq!(write_at_once(&mut other, "paced-bytes", 200).0, 0);
    assert_eq!(write_at_once(&mut other, "paced-bytes", 1).0, NOT_ENOUGH_REPLICAS);
    // What comes counts, not what is left of it.
    let mut masked = || {
        let value = format!(r#"{{"email": "{}@example.org"}}"#, "a".repeat(3_000));
        let answer = other.ask(key::PRODUCE, 8, &produce_batch("paced-masked", &[value.as_bytes()])).unwrap();
        i16::from_be_bytes(*answer[14 + "paced-masked".len()..].first_chunk().unwrap())
    };
    assert_eq!((masked(), masked()), (0, NOT_ENOUGH_REPLICAS));
    drop((flooder, second, other));
    // Of each connection the first refusal, and how often it came again.
    let again = |leaf: &&Value| leaf["counts"].as_array().is_some_and(|counts| !counts.is_empty());
    let refusals = || stage.gate.leaves(&["--kind", "refusal"]).unwrap();
    let told = |leaf: &Value| leaf.to_string().contains("topic paced takes 10 records a second from one caller");
    until("the refusals are counted", PATIENCE, || Ok(refusals().iter().filter(again).any(told))).unwrap();
    let told: Vec<Value> = refusals().into_iter().filter(told).collect();
    assert_eq!((told.len(), told.iter().filter(again).count()), (3, 1), "{told:?}");
}

/// Each is in the same debt before it begins, tries again, and has written each of its records once in the end.
#[test]
fn clients_of_every_family_wait_and_lose_and_double_nothing() {
    const OWED: usize = 90;
    const COUNT: u32 = 5;
    let stage = &*STAGE;
    let token = stage.token();
    for family in Family::ALL {
        let topic = format!("paced-{family:?}");
        stage.topic(&topic);
        assert_eq!(write_at_once(&mut stage.raw("wim"), &topic, OWED).0, 0);
        let login = clients::Login::Bearer(&token);
        let wrote = clients::run(family, Action::Produce, &stage.gate.bootstrap(), &topic, COUNT, login).unwrap();
        assert_eq!(wrote, Ok(COUNT), "{}", family.name());
        let stored = stage.stored(&topic, OWED + COUNT as usize);
        let mut keys: Vec<_> = stored.iter().filter_map(|record| record.key.clone()).collect();
        keys.sort();
        assert_eq!(keys, (0..COUNT).map(|n| n.to_string().into_bytes()).collect::<Vec<_>>(), "{}", family.name());
        assert_eq!(stage.kafka.end_offsets(&topic).unwrap(), OWED as u64 + u64::from(COUNT), "{}", family.name());
        assert!(!stage.leaves(&topic, "refusal").is_empty(), "{}: it was slowed down", family.name());
    }
}

/// A batch for each record, many of them under way at once.
#[test]
fn java_floods_and_is_slowed_and_loses_and_doubles_nothing() {
    let stage = &*STAGE;
    let topic = "paced-java";
    stage.topic(topic);
    let file = stage.scratch.path().join("flooder");
    fs::write(&file, stage.token()).unwrap();
    let login = Login::token_file(&file).with("batch.size", "1");
    let flood = ["--topic", topic, "--num-records", "60", "--record-size", "20", "--throughput", "-1"];
    let tool = Tool::new(stage.kafka.jars(), java::PRODUCER_PERFORMANCE, &stage.gate.bootstrap(), &login, &flood);
    tool.within(PATIENCE).run().unwrap().ok().unwrap();
    assert_eq!(stage.stored(topic, 60).len(), 60);
    assert_eq!(stage.kafka.end_offsets(topic).unwrap(), 60);
    assert!(!stage.leaves(topic, "refusal").is_empty(), "it was slowed down");
}

#[test]
fn topics_of_which_nothing_is_asked_are_left_alone() {
    let stage = &*STAGE;
    stage.topic("free");
    stage.write("free", "zstd", &[Record::of(format!("{{{PAN}"))]).unwrap();
    assert_eq!(stage.stored("free", 1)[0].text(), format!("{{{PAN}"));
}
