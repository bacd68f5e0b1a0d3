//! Records that are refused for what is in them are copied to a quarantine topic by the gate itself, before their writer is told: under the
//! storage mask unless a row says otherwise, with evidence of their own, and refused whatever comes of the copy.
#![cfg(test)]

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{Body, Raw, key, produce_batch};
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::{Gate, Issuer, Kafka};

/// Nobody may write what is quarantined; the one who investigates may read it.
const RULES: &str = r#"
@id("all") permit (principal in Group::"demo:staff", action in [Action::"read", Action::"produce", Action::"idempotentWrite"], resource);
@id("not-these") forbid (principal, action in [Action::"read", Action::"produce"], resource)
when { resource is Topic && resource.name like "refused*" } unless { principal in Group::"demo:security" };
"#;
const MASKING: &str = "classes:
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: 'cards*', content: [card], class: PCI.pan}
topics:
  - {topic: 'cards', value: json}
produce:
  - {topic: 'cards', refuse: [PCI.pan], value: json, quarantine: {topic: refused}}
  - {topic: 'cards-whole', refuse: [PCI.pan], value: json, quarantine: {topic: refused-whole, original: true}}
  - {topic: 'cards-nowhere', refuse: [PCI.pan], quarantine: {topic: refused-nowhere}}
  - {topic: 'cards-moved', refuse: [PCI.pan], quarantine: {topic: refused-moved}}
  - {topic: 'cards-silent', refuse: [PCI.pan], quarantine: {topic: refused-silent}}
  - {topic: 'cards-paced', refuse: [PCI.pan], records_per_second_max: 1, quarantine: {topic: refused-paced}}
  - {topic: 'cards-many', refuse: [PCI.pan], quarantine: {topic: refused-many}}
";
const PAN: &str = "4111111111111111";
const PATIENCE: Duration = Duration::from_secs(60);

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| Stage::on(kafka::Options::new(Version::V4_3)));

impl Stage {
    fn on(kafka: kafka::Options) -> Stage {
        let kafka = Kafka::start(kafka).unwrap();
        let issuer = Issuer::start().unwrap();
        let options = Options { masking: MASKING.to_owned(), ..Options::new(Upstream::of(&kafka), RULES, "") };
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { kafka, issuer, gate }
    }

    fn topics(&self, names: &[&str]) {
        names.iter().for_each(|name| self.kafka.create_topic(name, 1).unwrap());
    }

    fn token(&self, group: &str) -> String {
        self.issuer.token("wim", &["staff", group]).unwrap()
    }

    fn raw(&self) -> Raw {
        Raw::logged_in(&self.gate.bootstrap(), &self.token("writers")).unwrap()
    }

    /// The first records of a topic, as the broker has them.
    fn stored(&self, topic: &str, count: usize) -> Vec<Record> {
        records::read_first(&self.kafka.direct().0, topic, "", count).unwrap().unwrap()
    }

    fn leaves(&self, topic: &str, kind: &str) -> Vec<Value> {
        self.gate.leaves(&["--topic", topic, "--kind", kind]).unwrap()
    }

    fn holds(&self) {
        let (good, out, errors) = self.gate.verify(&[&self.gate.evidence().display().to_string()]).unwrap();
        // The key beside the log is all the verifier is given.
        assert!(good || out.starts_with("UNANCHORED"), "{out}{errors}");
    }
}

fn header(record: &Record, name: &str) -> Option<String> {
    let (_, value) = record.headers.iter().find(|(key, _)| key == name)?;
    Some(String::from_utf8(value.clone().unwrap()).unwrap())
}

/// What a leaf says under this name.
fn told<'a>(leaf: &'a Value, name: &str) -> Vec<&'a str> {
    let facts = leaf["facts"].as_array().map(Vec::as_slice).unwrap_or_default();
    facts.iter().filter(|fact| fact["name"] == name).map(|fact| fact["value"].as_str().unwrap()).collect()
}

const INVALID_RECORD: [u8; 2] = [0, 87];

/// Whether an answer to Produce version 8 refuses the record.
fn refuses(answer: &[u8], topic: &str) -> bool {
    // After one topic's name and one partition's number.
    answer[14 + topic.len()..].starts_with(&INVALID_RECORD)
}

fn card(id: usize) -> String {
    format!(r#"{{"id": {id}, "card": "{PAN}"}}"#)
}

#[test]
fn a_refused_record_is_copied_masked_before_its_writer_is_told_and_both_are_evidence() {
    let stage = &*STAGE;
    stage.topics(&["cards", "refused"]);
    let mut writer = stage.raw();
    let values = [r#"{"id": 1}"#.to_owned(), card(2), r#"{"id": 3}"#.to_owned()];
    let values: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
    let answer = writer.ask(key::PRODUCE, 8, &produce_batch("cards", &values)).unwrap();
    assert!(refuses(&answer, "cards"), "{answer:?}");
    // The writer has been told, so the copy is there.
    assert_eq!(stage.kafka.end_offsets("refused").unwrap(), 1, "of the three only the one that broke the rule");
    let copy = &stage.stored("refused", 1)[0];
    assert_eq!(copy.text(), r#"{"id": 2, "card": "************1111"}"#);
    assert_eq!(header(copy, "tidegate.topic").as_deref(), Some("cards"));
    assert_eq!(header(copy, "tidegate.partition").as_deref(), Some("0"));
    assert_eq!(header(copy, "tidegate.record").as_deref(), Some("1"));
    assert!(header(copy, "tidegate.reason").unwrap().contains("PCI.pan"));
    assert_eq!(stage.kafka.end_offsets("cards").unwrap(), 0);

    let intent = &stage.leaves("refused", "intent")[0];
    assert_eq!(told(intent, "quarantined"), ["cards-0: record 1 of the batch"]);
    assert_eq!((told(intent, "quarantined_as").len(), &intent["decision"]["rule"]), (0, &Value::from("masking.yaml")));
    let outcome = &stage.leaves("refused", "outcome")[0];
    assert_eq!(outcome["pair"], intent["index"]);
    assert_eq!(
        (&outcome["partitions"][0]["first_offset"], &outcome["partitions"][0]["error"]),
        (&Value::from("0"), &Value::from(0))
    );
    let refusal = &stage.leaves("cards", "refusal")[0];
    assert_eq!(told(refusal, "quarantine"), ["refused"]);
    assert_eq!(refusal["session"], intent["session"]);

    // What cannot be read is under no mask, so nothing of it is copied.
    let broken = format!(r#"{{"card": "{PAN}"#);
    let answer = writer.ask(key::PRODUCE, 8, &produce_batch("cards", &[broken.as_bytes()])).unwrap();
    assert!(refuses(&answer, "cards"), "{answer:?}");
    let copy = &stage.stored("refused", 2)[1];
    assert!(copy.value.is_none() && copy.key.is_none());
    let why = header(copy, "tidegate.left_out").unwrap();
    assert!(
        why.starts_with(&format!("its value of {} bytes cannot be read", broken.len())) && !why.contains(PAN),
        "{why}"
    );
    stage.holds();
}

#[test]
fn the_original_is_copied_where_a_row_says_so_and_its_readers_still_see_it_masked() {
    let stage = &*STAGE;
    stage.topics(&["cards-whole", "refused-whole"]);
    let record = Record::of(card(7)).keyed("k").header("trace", "t-1").header("tidegate.topic", "forged");
    let refused =
        records::write_as(&stage.gate.bootstrap(), ("cards-whole", &stage.token("writers")), "zstd", &[record]);
    assert!(refused.unwrap().is_err());
    let copy = &stage.stored("refused-whole", 1)[0];
    assert_eq!((copy.text(), copy.key.as_deref()), (card(7), Some(&b"k"[..])));
    assert_eq!(header(copy, "trace").as_deref(), Some("t-1"));
    let whence: Vec<_> = copy.headers.iter().filter(|(name, _)| name == "tidegate.topic").collect();
    assert_eq!(whence, [&("tidegate.topic".to_owned(), Some(b"cards-whole".to_vec()))]);
    assert_eq!(told(&stage.leaves("refused-whole", "intent")[0], "quarantined_as"), ["original"]);
    // The writer has no right to the quarantine topic and needs none; who has, sees what the topic's own readers would.
    let read =
        |group: &str| records::read_first(&stage.gate.bootstrap(), "refused-whole", &stage.token(group), 1).unwrap();
    assert!(read("writers").is_err());
    assert_eq!(read("security").unwrap()[0].text(), r#"{"id": 7, "card": "************1111"}"#);
}

#[test]
fn a_copy_that_fails_changes_nothing_for_the_writer_and_is_told() {
    let stage = &*STAGE;
    stage.topics(&["cards-nowhere"]);
    let answer = stage.raw().ask(key::PRODUCE, 8, &produce_batch("cards-nowhere", &[card(1).as_bytes()])).unwrap();
    assert!(refuses(&answer, "cards-nowhere"), "{answer:?}");
    let leaf = &stage.leaves("refused-nowhere", "refusal")[0];
    let reason = leaf["reason"].as_str().unwrap();
    assert!(reason.contains("not copied to its quarantine topic: the cluster has no such topic"), "{reason}");
    assert_eq!(told(leaf, "quarantined"), ["cards-nowhere-0: record 0 of the batch"]);
    assert_eq!(leaf["api"]["name"], "Produce", "of the request that was refused");
    assert!(stage.leaves("refused-nowhere", "intent").is_empty());
    assert!(stage.gate.metrics().unwrap().contains("tidegate_quarantine_failures_total"));
}

#[test]
fn who_asks_for_no_answer_is_copied_too_and_hears_by_the_close() {
    let stage = &*STAGE;
    stage.topics(&["cards-silent", "refused-silent"]);
    let mut writer = stage.raw();
    let body = produce_batch("cards-silent", &[card(4).as_bytes()]);
    // The acks, after a null transactional id.
    let silent = [&body.0[..2], &[0, 0], &body.0[4..]].concat();
    writer.send(key::PRODUCE, 8, &Body(silent)).unwrap();
    assert_eq!(writer.closed().unwrap(), 0, "no answer");
    assert_eq!(stage.stored("refused-silent", 1)[0].text(), r#"{"id": 4, "card": "************1111"}"#);
}

#[test]
fn a_flood_that_is_paced_is_not_copied() {
    let stage = &*STAGE;
    stage.topics(&["cards-paced", "refused-paced"]);
    let mut writer = stage.raw();
    let body = produce_batch("cards-paced", &[card(1).as_bytes()]);
    let answers: Vec<Vec<u8>> = (0..4).map(|_| writer.ask(key::PRODUCE, 8, &body).unwrap()).collect();
    let refused = answers.iter().filter(|answer| refuses(answer, "cards-paced")).count();
    assert!(refused < answers.len(), "some came too fast");
    assert_eq!(stage.kafka.end_offsets("refused-paced").unwrap(), u64::try_from(refused).unwrap());
}

#[test]
fn copies_go_on_when_the_leader_of_the_quarantine_topic_is_another_or_moves() {
    let mut stage = Stage::on(kafka::Options::new(Version::V4_3).three_nodes());
    stage.topics(&["cards-moved", "refused-moved"]);
    stage.kafka.create_topic("cards-many", 6).unwrap();
    stage.kafka.create_topic("refused-many", 3).unwrap();
    // To the leaders of all nodes.
    let mut writer = stage.raw();
    for partition in 0..6_i32 {
        let mut body = produce_batch("cards-many", &[card(1).as_bytes()]).0;
        // The partition, after null, acks, timeout, and one topic's name.
        let at = 2 + 2 + 4 + 4 + 2 + "cards-many".len() + 4;
        body[at..at + 4].copy_from_slice(&partition.to_be_bytes());
        assert!(refuses(&writer.ask(key::PRODUCE, 8, &Body(body)).unwrap(), "cards-many"));
    }
    assert_eq!(stage.kafka.end_offsets("refused-many").unwrap(), 6);
    let copied = stage.leaves("refused-many", "outcome");
    let mut partitions: Vec<_> = copied.iter().map(|leaf| leaf["partitions"][0]["partition"].as_i64()).collect();
    partitions.sort_unstable();
    partitions.dedup();
    assert_eq!(partitions.len(), 3, "each partition has some: {partitions:?}");

    let body = produce_batch("cards-moved", &[card(1).as_bytes()]);
    let mut writer = stage.raw();
    assert!(refuses(&writer.ask(key::PRODUCE, 8, &body).unwrap(), "cards-moved"));
    assert_eq!(stage.kafka.end_offsets("refused-moved").unwrap(), 1);
    // Whoever leads, it is gone for one of three; each is killed in turn and comes back.
    for node in 0..3 {
        stage.kafka.kill9(node).unwrap();
        let copied = || {
            let written = || {
                let acked = |leaf: &Value| leaf["partitions"][0]["error"] == 0;
                stage.leaves("refused-moved", "outcome").iter().filter(|leaf| acked(leaf)).count()
            };
            let before = written();
            let Ok(mut writer) = Raw::logged_in(&stage.gate.bootstrap(), &stage.token("writers")) else {
                return Ok(false);
            };
            let Ok(answer) = writer.ask(key::PRODUCE, 8, &body) else { return Ok(false) };
            assert!(refuses(&answer, "cards-moved"), "refused whatever comes of the copy");
            Ok(written() > before)
        };
        until("a copy without this node", PATIENCE, copied).unwrap();
        stage.kafka.restart(node).unwrap();
    }
    stage.holds();
}
