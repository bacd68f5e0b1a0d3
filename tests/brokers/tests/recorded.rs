//! What evidence keeps of records: masked whoever may see them, packed, encrypted, found again; and never what no mask was over.
#![cfg(test)]

use std::sync::LazyLock;

use serde_json::Value;
use tidegate_brokers::clients::Family;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka;
use tidegate_brokers::raw::{Raw, key, produce_batch};
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::search::{files_below, secrets_below};
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("all") permit (principal in Group::"demo:staff", action in [Action::"read", Action::"produce", Action::"idempotentWrite"], resource);
@id("clear") permit (principal in Group::"demo:fraud", action == Action::"unmask", resource);
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: 'orders*', names: [email, x-user], class: PII.email}
  - {topic: 'orders*', content: [card], class: PCI.pan}
topics:
  - {topic: 'orders-metadata', record: metadata}
  - {topic: 'orders-digest', value: json}
  - {topic: 'orders-plain', record: full, plain: [id, items.sku]}
  - {topic: 'orders*', value: json, record: full}
  - {topic: 'clicks', carries: none, record: full}
  - {topic: 'nobody-*', record: full}
produce:
  - {topic: 'orders-refused', refuse: [PCI.pan]}
  - {topic: 'digest-refused', value: json}
";
const PAN: &str = "4111111111111111";
const EMAIL: &str = "ann.smith@example.org";
const NOTE: &str = "the quick brown fox";
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
}

static STAGE: LazyLock<Stage> = LazyLock::new(Stage::new);

impl Stage {
    fn new() -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let options = Options { masking: MASKING.to_owned(), ..Options::new(Upstream::of(&kafka), RULES, "") };
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { kafka, issuer, gate }
    }

    fn token(&self, subject: &str, group: &str) -> String {
        self.issuer.token(subject, &["staff", group]).unwrap()
    }

    fn write(&self, topic: &str, codec: &str, records: &[Record]) -> Result<(), String> {
        let token = self.token("wim", "writers");
        records::write_as(&self.gate.bootstrap(), (topic, &token), codec, records).unwrap()
    }

    /// Makes the topic and writes to it through the gate.
    fn written(&self, topic: &str, codec: &str, records: &[Record]) {
        self.kafka.create_topic(topic, 1).unwrap();
        self.write(topic, codec, records).unwrap();
        records::write_end(&self.kafka.direct().0, topic).unwrap();
    }

    fn read(&self, topic: &str, subject: &str, group: &str) -> Vec<Record> {
        let token = self.token(subject, group);
        records::read(Family::Librdkafka, &self.gate.bootstrap(), topic, &token).unwrap().unwrap()
    }

    /// The leaves about records of the topic of one kind.
    fn leaves(&self, topic: &str, kind: &str) -> Vec<Value> {
        let leaves = self.gate.leaves(&["--topic", topic, "--kind", kind]).unwrap();
        leaves
            .into_iter()
            .filter(|leaf| leaf["partitions"][0]["bytes"].as_str().is_some_and(|bytes| bytes != "0"))
            .collect()
    }

    /// The leaves of answers to Fetch that gave records of the topic.
    fn reads(&self, topic: &str) -> Vec<Value> {
        let fetched = |leaf: &Value| leaf["api"]["name"] == "Fetch";
        self.leaves(topic, "outcome").into_iter().filter(fetched).collect()
    }

    /// What is kept of the records of a leaf.
    fn kept(&self, leaf: &Value) -> Vec<Value> {
        let config = self.gate.config().display().to_string();
        let index = leaf["index"].as_str().unwrap();
        let log = leaf["incarnation"].as_str().unwrap();
        let args = ["evidence", "records", index, "--incarnation", log, "--config", &config, "--output", "json"];
        let (good, out, errors) = self.gate.command(&args).unwrap();
        assert!(good, "{errors}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Evidence holds, and no file of the gate's holds any of these texts.
    fn holds_without(&self, secrets: &[&str]) {
        let (good, out, errors) = self.gate.verify(&[&self.gate.evidence().display().to_string()]).unwrap();
        // The key beside the log is all the verifier is given.
        assert!(good || out.starts_with("UNANCHORED"), "{out}{errors}");
        let found = secrets_below(self.gate.folder(), secrets).unwrap();
        assert!(found.is_empty(), "{found:?}");
    }
}

fn order(id: usize) -> Record {
    let value =
        format!(r#"{{"id":{id},"email":"{EMAIL}","note":"paid with {PAN}","items":[{{"sku":7,"for":"{NOTE}"}}]}}"#);
    Record::of(value).keyed(format!("customer-{id}")).header("x-user", EMAIL).header("trace", "t-1")
}

fn value(kept: &Value) -> &str {
    kept["value"]["text"].as_str().unwrap()
}

#[test]
fn what_is_written_and_read_is_kept_masked_even_of_who_sees_it_clear() {
    let stage = &*STAGE;
    for codec in CODECS {
        let topic = format!("orders-{codec}");
        stage.written(&topic, codec, &[order(0), order(1)]);
        let clear = stage.read(&topic, "fred", "fraud");
        assert!(clear.len() == 2 && clear[0].text().contains(PAN), "{codec}: whoever may sees it");
        let intents = stage.leaves(&topic, "intent");
        let written: Vec<Value> = intents.iter().flat_map(|leaf| stage.kept(leaf)).collect();
        let read: Vec<Value> = stage.reads(&topic).iter().flat_map(|leaf| stage.kept(leaf)).collect();
        assert_eq!((written.len(), read.len()), (2, 3), "{codec}: with the end that was written beside the gate");
        let offsets: Vec<&str> = read.iter().map(|kept| kept["offset"].as_str().unwrap()).collect();
        assert_eq!(offsets, ["0", "1", "2"], "{codec}: who writes has no offsets yet");
        for (id, kept) in written.iter().enumerate().chain(read.iter().take(2).enumerate()) {
            let masked = format!(
                r#"{{"id":{id},"email":"***@example.org","note":"paid with ************1111","items":[{{"sku":7,"for":"{NOTE}"}}]}}"#
            );
            assert_eq!(value(kept), masked, "{codec}");
            assert_eq!(kept["topic"], *topic, "{codec}");
            assert_eq!(kept["key"]["text"], format!("customer-{id}"));
            assert_eq!(kept["headers"][0]["value"]["text"], "***@example.org");
            assert_eq!(kept["headers"][1]["value"]["text"], "t-1");
        }
    }
    stage.holds_without(&[PAN, EMAIL]);
}

#[test]
fn the_same_batch_is_kept_once_and_named_by_all_who_met_it() {
    let stage = &*STAGE;
    stage.written("orders-shared", "none", &[order(0)]);
    for reader in ["ann", "ben", "fred"] {
        stage.read("orders-shared", reader, if reader == "fred" { "fraud" } else { "analyst" });
    }
    let leaves = [stage.leaves("orders-shared", "intent"), stage.reads("orders-shared")].concat();
    let first = |leaf: &Value| leaf["kept"].as_array().and_then(|kept| kept.first().cloned());
    let kept: Vec<Value> = leaves.iter().filter_map(first).collect();
    assert_eq!(kept.len(), 4, "who wrote it and three who read it: {leaves:?}");
    for name in ["block", "tag", "plan"] {
        assert!(kept.iter().all(|one| one[name] == kept[0][name]), "{name}: {kept:?}");
    }
    assert!(kept.iter().skip(1).all(|one| one["commitment"] != kept[0]["commitment"]), "each leaf has salt of its own");
}

#[test]
fn how_much_is_kept_is_the_topics_to_say() {
    let stage = &*STAGE;
    for topic in ["orders-digest", "orders-metadata", "orders-plain", "clicks", "nobody-looks", "other"] {
        stage.written(topic, "zstd", &[order(0)]);
        stage.read(topic, "ann", "analyst");
        for leaf in [stage.leaves(topic, "intent"), stage.reads(topic)].concat() {
            let (level, records) = (leaf["levels"][0]["level"].as_str(), stage.kept(&leaf));
            let config = stage.gate.config().display().to_string();
            let index = leaf["index"].as_str().unwrap();
            let show = ["evidence", "show", index, "--output", "json", "--config", &config];
            let shown: Value = serde_json::from_str(&stage.gate.command(&show).unwrap().1).unwrap();
            let committed = shown["payloads"]["received"].is_object();
            match topic {
                "orders-metadata" => {
                    assert_eq!((level, records.len(), committed), (Some("metadata"), 0, false), "{leaf}");
                }
                // Nothing is looked for in one of them, and nobody said that it carries nothing.
                "orders-digest" | "nobody-looks" | "other" => {
                    assert_eq!((level, records.len(), committed), (None, 0, true), "{topic}");
                }
                "clicks" => {
                    assert_eq!((level, committed), (Some("full"), true));
                    assert_eq!(value(&records[0]), order(0).text(), "as it came");
                }
                _ => {
                    assert_eq!((level, committed), (Some("full"), true));
                    let plain = r#"{"id":0,"email":"***@example.org","items":[{"sku":7}]}"#;
                    assert_eq!(value(&records[0]), plain);
                    assert_eq!(
                        (&records[0]["key"]["text"], &records[0]["headers"][1]["value"]["text"]),
                        (&"***".into(), &"***".into())
                    );
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_by_length_and_place() {
    let stage = &*STAGE;
    let broken = Record::of(format!(r#"{{"id":1,"email":"{EMAIL}" oops"#));
    stage.kafka.create_topic("orders-broken", 1).unwrap();
    let values = [order(0), broken.clone(), order(2)].map(|record| record.value.unwrap());
    let mut writer = Raw::logged_in(&stage.gate.bootstrap(), &stage.token("wim", "writers")).unwrap();
    writer.ask(key::PRODUCE, 8, &produce_batch("orders-broken", &values.each_ref().map(Vec::as_slice))).unwrap();
    let leaf = stage.leaves("orders-broken", "intent").pop().unwrap();
    let kept = stage.kept(&leaf);
    let offsets: Vec<&str> = kept.iter().map(|record| record["offset"].as_str().unwrap()).collect();
    assert_eq!(offsets, ["0", "2"], "the others are kept, at their places");
    assert_eq!(leaf["kept"][0]["left_out"], "1");
    let unread = &leaf["unread"][0];
    let length = broken.value.unwrap().len();
    assert_eq!(
        (&unread["offset"], &unread["part"], &unread["length"]),
        (&"1".into(), &2.into(), &length.to_string().into())
    );
    assert_eq!(unread["at"], (length - "oops".len()).to_string(), "the first byte that makes no sense");
    stage.holds_without(&[EMAIL]);
}

#[test]
fn what_is_refused_is_kept_as_if_it_were_accepted() {
    let stage = &*STAGE;
    for topic in ["orders-refused", "digest-refused"] {
        stage.kafka.create_topic(topic, 1).unwrap();
        let record = if topic == "orders-refused" { order(0) } else { Record::of(format!("{{{PAN}")) };
        stage.write(topic, "gzip", &[record]).unwrap_err();
        assert_eq!(stage.kafka.end_offsets(topic).unwrap(), 0);
        let leaf = stage.leaves(topic, "refusal").pop().unwrap();
        if topic == "orders-refused" {
            assert!(value(&stage.kept(&leaf)[0]).contains("paid with ************1111"));
            continue;
        }
        let unread = &leaf["unread"][0];
        assert_eq!((&unread["part"], &unread["why"]), (&0.into(), &"refused".into()), "{leaf}");
        assert!(unread["commitment"].is_string() && stage.kept(&leaf).is_empty());
    }
    stage.holds_without(&[PAN]);
}

#[test]
fn records_are_there_after_a_crash_and_gone_with_their_key() {
    let mut stage = Stage::new();
    stage.written("orders-crash", "none", &[order(0)]);
    stage.gate.restart_gateway().unwrap();
    let leaf = stage.leaves("orders-crash", "intent").pop().unwrap();
    assert_eq!(stage.kept(&leaf).len(), 1);
    stage.holds_without(&[PAN, EMAIL]);
    let files = files_below(stage.gate.folder()).unwrap();
    let key = files
        .iter()
        .find(|file| file.ends_with("data-00000001-00000000-2"))
        .expect("the first segment's key of payload");
    std::fs::remove_file(key).unwrap();
    let config = stage.gate.config().display().to_string();
    let index = leaf["index"].as_str().unwrap();
    let (good, _, errors) =
        stage.gate.command(&["evidence", "records", index, "--incarnation", "1", "--config", &config]).unwrap();
    assert!(!good && errors.contains("their key was shredded"), "{errors}");
    // No proof changes.
    stage.holds_without(&[]);
}
