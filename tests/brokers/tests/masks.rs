//! The same topics read by different people through the gate: what clients of several families see of records, in every codec, and
//! what evidence says of it.
#![cfg(test)]

use std::fs;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tidegate_brokers::clients::Family;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{Raw, fetch, fetched, key};
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("read") permit (principal in Group::"demo:staff", action in Action::"read", resource);
@id("fraud") permit (principal in Group::"demo:fraud", action == Action::"unmask", resource)
unless { resource.name == "SECRET.word" };
@id("support") permit (principal in Group::"demo:support", action == Action::"unmask", resource)
when { resource.name == "PII.email" };
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PII.name: {transform: hmac_token, prefix: nm_}
  PCI.pan: {transform: keep_last, n: 4}
  SECRET.*: {transform: redact}
selectors:
  - {topic: '*', path: customer.name, class: PII.name}
  - {topic: '*', names: [email, x-user-email], class: PII.email}
  - {topic: '*', names: [pan], class: PCI.pan}
  - {topic: '*', names: [password], class: SECRET.word}
  - {topic: '*', content: [card], class: PCI.pan}
  - {topic: '*', content: [email], class: PII.email, in: [key]}
topics:
  - {topic: 'strict*', value: json, on_unmaskable: deny_topic}
  - {topic: '*', value: json}
";
const GROUPS: [&str; 3] = ["analyst", "support", "fraud"];
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const PATIENCE: Duration = Duration::from_secs(90);

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
    scratch: Scratch,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| Stage::new(false));

impl Stage {
    /// `applied`: commands change the policy, not the folder.
    fn new(applied: bool) -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let secret = "07".repeat(32);
        let more = format!(
            "\n[[class_key]]\nclass = \"PII.name\"\nid = \"k1\"\nkey = {{ command = [\"echo\", \"{secret}\"] }}\n"
        );
        let upstream = Upstream::of(&kafka);
        let options = Options { applied, masking: MASKING.to_owned(), more, ..Options::new(upstream, RULES, "") };
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { kafka, issuer, gate, scratch: Scratch::new("masks").unwrap() }
    }

    fn cluster(&self) -> String {
        self.kafka.direct().0
    }

    fn token(&self, subject: &str, groups: &[&str]) -> String {
        self.issuer.token(subject, &[&["staff"], groups].concat()).unwrap()
    }

    fn read(&self, family: Family, topic: &str, group: &str) -> Result<Vec<Record>, String> {
        let token = self.token(&format!("{group}-{}", family as u8), &[group]);
        records::read(family, &self.gate.bootstrap(), topic, &token).unwrap()
    }

    /// A topic with one partition that holds these records, each batch written by itself, and an end.
    fn topic(&self, name: &str, codec: &str, batches: &[&[Record]]) {
        self.kafka.create_topic(name, 1).unwrap();
        for batch in batches {
            records::write(&self.cluster(), name, codec, batch).unwrap();
        }
        records::write_end(&self.cluster(), name).unwrap();
    }

    /// Batches that went through a mask: `made`, or `kept` from before.
    fn counted(&self, from: &str) -> u64 {
        let metrics = self.gate.metrics().unwrap();
        let begin = format!("tidegate_masked_batches_total{{from=\"{from}\"}}");
        let line = metrics.lines().find(|line| line.starts_with(&begin));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
    }

    /// The leaves of answers to Fetch that gave one subject records of the topic.
    fn reads(&self, topic: &str, subject: &str) -> Vec<Value> {
        let leaves = self.gate.leaves(&["--topic", topic]).unwrap();
        let of = |leaf: &Value| leaf["api"]["name"] == "Fetch" && leaf["who"].to_string().contains(subject);
        leaves.into_iter().filter(of).collect()
    }

    /// What leaves of answers to Fetch say of the topic's classes to one subject.
    fn classes(&self, topic: &str, subject: &str) -> Vec<Value> {
        self.reads(topic, subject)
            .iter()
            .flat_map(|leaf| leaf["classes"].as_array().cloned().unwrap_or_default())
            .collect()
    }
}

const EMAIL: &str = "ann.smith@example.org";
const NAME: &str = "Ann Smith";
const PAN: &str = "4111111111111111";
const PASSWORD: &str = "correct horse";

fn orders(count: usize) -> Vec<Record> {
    let order = |number: usize| {
        let value = format!(
            r#"{{"id": {number}, "customer": {{"name": "{NAME}", "email": "{EMAIL}"}}, "card": {{"pan": "{PAN}"}}, "note": "paid with {PAN}", "password": "{PASSWORD}", "amount": 12.50}}"#
        );
        Record::of(value).keyed(EMAIL).header("x-user-email", EMAIL).header("trace", "t-1").header("trace", "t-2")
    };
    (0..count).map(order).collect()
}

/// What is seen of an order: email, name, card.
fn seen_by(record: &Record) -> (String, String, String) {
    let value: Value = serde_json::from_str(&record.text()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!(value["password"], "***", "nobody sees it");
    assert_eq!(value["note"], format!("paid with {}", text(&value["card"]["pan"])), "found by what it looks like");
    assert!(record.text().ends_with(r#""amount": 12.50}"#), "what is not masked stays as it is: {}", record.text());
    (text(&value["customer"]["email"]), text(&value["customer"]["name"]), text(&value["card"]["pan"]))
}

fn check(records: &[Record], group: &str, what: &str) {
    assert_eq!(records.len(), 20, "{what}");
    let (email, name, pan) = match group {
        "fraud" => (EMAIL, NAME, PAN),
        "support" => (EMAIL, "nm_k1_", "************1111"),
        _ => ("***@example.org", "nm_k1_", "************1111"),
    };
    for (number, record) in (0..).zip(records) {
        let (seen_email, seen_name, seen_pan) = seen_by(record);
        assert_eq!((record.offset, &*seen_email, &*seen_pan), (number, email, pan), "{what}");
        assert!(seen_name.starts_with(name), "{what}: {seen_name}");
        assert_eq!(record.key.as_deref(), Some(email.as_bytes()), "{what}");
        let headers = [("x-user-email", email), ("trace", "t-1"), ("trace", "t-2")];
        let wanted = headers.map(|(name, value)| (name.to_owned(), Some(value.as_bytes().to_vec())));
        assert_eq!(record.headers, wanted, "{what}");
    }
}

#[test]
fn each_caller_sees_what_it_may_in_every_codec_and_client() {
    let stage = &*STAGE;
    let orders = orders(20);
    for codec in CODECS {
        let topic = format!("codec-{codec}");
        stage.topic(&topic, codec, &[&orders]);
        // The others need plugins for the other codecs.
        let families = if ["none", "gzip"].contains(&codec) { &Family::ALL[..] } else { &[Family::Librdkafka] };
        thread::scope(|scope| {
            for (family, group) in families.iter().flat_map(|family| GROUPS.map(|group| (*family, group))) {
                let topic = &topic;
                scope.spawn(move || {
                    let what = format!("{group} with {} in {codec}", family.name());
                    let read = stage.read(family, topic, group).unwrap_or_else(|error| panic!("{what}: {error}"));
                    check(&read, group, &what);
                });
            }
        });
    }
}

#[test]
fn java_decodes_what_was_masked_in_every_codec() {
    let stage = &*STAGE;
    let orders = orders(20);
    for codec in CODECS {
        let topic = format!("java-{codec}");
        stage.topic(&topic, codec, &[&orders]);
        let file = stage.scratch.path().join(&topic);
        fs::write(&file, stage.token("analyst", &["analyst"])).unwrap();
        let login = Login::token_file(&file);
        let args = ["--topic", &topic, "--from-beginning", "--max-messages", "20", "--timeout-ms", "60000"];
        let print = ["print.key=true", "print.headers=true"].map(|what| ["--formatter-property", what]).concat();
        let args = [&args[..], &print].concat();
        let tool = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &stage.gate.bootstrap(), &login, &args);
        let read = tool.within(PATIENCE).run().unwrap().ok().unwrap().stdout;
        assert_eq!(read.lines().count(), 20, "{codec}: {read}");
        for line in read.lines() {
            assert!(line.starts_with("x-user-email:***@example.org,trace:t-1,trace:t-2\t***@example.org\t{"), "{line}");
            assert!(!line.contains("ann") && !line.contains(PAN) && line.contains("************1111"), "{line}");
        }
    }
}

#[test]
fn evidence_tells_which_classes_went_out_clear_and_by_which_rule() {
    let stage = &*STAGE;
    stage.topic("told", "zstd", &[&orders(20)]);
    for (group, rows) in [
        (
            "support",
            [("PCI.pan", 40, 0, "default-deny"), ("PII.email", 0, 60, "support"), ("PII.name", 20, 0, "default-deny")],
        ),
        ("fraud", [("PCI.pan", 0, 40, "fraud"), ("PII.email", 0, 60, "fraud"), ("PII.name", 0, 20, "fraud")]),
    ] {
        check(&stage.read(Family::Librdkafka, "told", group).unwrap(), group, "told");
        let classes = stage.classes("told", &format!("{group}-0"));
        let sum = |class: &str, what: &str| -> u64 {
            let rows = classes.iter().filter(|row| row["class"] == class);
            rows.map(|row| row[what].as_str().unwrap().parse::<u64>().unwrap()).sum()
        };
        for (class, masked, clear, rule) in rows {
            assert_eq!((sum(class, "masked"), sum(class, "clear")), (masked, clear), "{group} {class}: {classes:?}");
            assert!(classes.iter().filter(|row| row["class"] == class).all(|row| row["rule"] == rule), "{classes:?}");
        }
        assert_eq!(sum("SECRET.word", "masked"), 20);
    }
}

#[test]
fn what_cannot_be_read_is_left_out_and_what_comes_after_it_is_not() {
    let stage = &*STAGE;
    let good = |number: u32| Record::of(format!(r#"{{"id": {number}}}"#));
    let bad = || Record::of(format!(r#"{{"pan": "{PAN}", }}"#));
    let tombstone = Record::default().keyed(EMAIL);
    let batches: [&[Record]; 4] = [&[good(0), bad(), good(2)], &[bad(), bad()], &[tombstone, good(6)], &[bad()]];
    stage.topic("withheld", "lz4", &batches);
    let read = stage.read(Family::Librdkafka, "withheld", "analyst").unwrap();
    let told: Vec<(u64, String)> = read.iter().map(|record| (record.offset, record.text())).collect();
    let wanted = [(0, r#"{"id": 0}"#), (2, r#"{"id": 2}"#), (5, ""), (6, r#"{"id": 6}"#)];
    assert_eq!(told, wanted.map(|(offset, text)| (offset, text.to_owned())));
    assert_eq!((&read[2].key, &read[2].value), (&Some(b"***@example.org".to_vec()), &None), "a tombstone stays one");
    let plain: &[Record] = &[good(0), bad(), good(2), bad()];
    stage.topic("withheld-plain", "none", &[plain, &[bad()]]);
    for family in [Family::KafkaPython, Family::Kafkajs] {
        let read = stage.read(family, "withheld-plain", "analyst").unwrap();
        let offsets: Vec<u64> = read.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [0, 2], "{}", family.name());
    }
    let leaves = stage.reads("withheld", "analyst-0");
    let withheld = leaves.iter().flat_map(|leaf| leaf["masks"].as_array().cloned().unwrap_or_default());
    assert_eq!(withheld.map(|mask| mask["withheld"].as_str().unwrap().parse::<u64>().unwrap()).sum::<u64>(), 4);
    assert!(stage.gate.metrics().unwrap().contains("tidegate_records_unmaskable_total"));
    assert!(!stage.gate.gateway.log().contains(PAN), "what cannot be read is not told either");
}

#[test]
fn a_topic_may_be_refused_from_what_cannot_be_read_on() {
    let stage = &*STAGE;
    let bad = Record::of(format!(r#"{{"pan": "{PAN}", }}"#));
    stage.topic("strict", "zstd", &[&orders(20), std::slice::from_ref(&bad)]);
    for family in Family::ALL {
        let topic = if family == Family::Librdkafka { "strict" } else { "strict-plain" };
        if family == Family::KafkaPython {
            stage.topic(topic, "none", &[&orders(20), std::slice::from_ref(&bad)]);
        }
        let refused = stage.read(family, topic, "analyst").unwrap_err();
        let told = refused.to_lowercase().replace([' ', '_'], "");
        assert!(told.contains("topicauthorization") || told.contains("notauthorized"), "{}: {refused}", family.name());
    }
    // From whoever sees all of its classes nothing is kept back, but the password is masked for everybody.
    assert!(stage.read(Family::Librdkafka, "strict", "fraud").is_err());
    let leaves = stage.reads("strict", "analyst-0");
    let refused = leaves.iter().flat_map(|leaf| leaf["partitions"].as_array().cloned().unwrap_or_default());
    assert!(refused.clone().any(|partition| partition["error"] == 29), "{leaves:?}");
    assert_eq!(refused.map(|partition| partition["records"].as_str().unwrap().parse::<u32>().unwrap()).max(), Some(20));
}

/// One after the other and again: what was made for one is not given to another, and is given to their like.
#[test]
fn masked_batches_are_shared_by_callers_of_one_entitlement_only() {
    // Of its own, so that nobody else's batches are counted.
    let stage = Stage::new(false);
    stage.topic("shared", "zstd", &[&orders(20)]);
    // Nothing is kept of a topic before the gate knows its id.
    until("batches are kept", PATIENCE, || {
        check(&stage.read(Family::Librdkafka, "shared", "analyst").unwrap(), "analyst", "analyst");
        Ok(stage.counted("kept") > 0)
    })
    .unwrap();
    let made = stage.counted("made");
    check(&stage.read(Family::Librdkafka, "shared", "analyst").unwrap(), "analyst", "again");
    assert_eq!(stage.counted("made"), made, "what is kept is not made again");
    check(&stage.read(Family::Librdkafka, "shared", "fraud").unwrap(), "fraud", "another");
    assert!(stage.counted("made") > made, "what is kept for one is not for another");
    for group in ["analyst", "fraud", "support", "analyst", "support", "fraud"] {
        check(&stage.read(Family::Librdkafka, "shared", group).unwrap(), group, group);
    }
}

#[test]
fn another_policy_holds_for_a_running_consumer() {
    let stage = Stage::new(true);
    stage.topic("moved", "gzip", &[&orders(20)]);
    let mut reader = Raw::logged_in(&stage.gate.bootstrap(), &stage.token("fay", &["fraud"])).unwrap();
    let mut read = || {
        let answer = reader.ask(key::FETCH, 4, &fetch("moved", 0, 5_000, 1 << 20)).unwrap();
        assert_eq!(fetched(&answer).unwrap().error, 0);
        answer
    };
    let clear = read();
    assert!(stage.counted("made") >= 2 && stage.counted("kept") == 0, "the orders and the end");
    // Nothing is kept of a topic before the gate knows its id.
    until("batches are kept", PATIENCE, || {
        assert_eq!(clear, read(), "the same again, made or kept");
        Ok(stage.counted("kept") > 0)
    })
    .unwrap();
    let next = stage.scratch.path().join("next");
    fs::create_dir(&next).unwrap();
    fs::write(next.join("rules.cedar"), RULES.replace("demo:fraud", "demo:nobody")).unwrap();
    fs::write(next.join("masking.yaml"), MASKING).unwrap();
    stage.gate.administer(&["policy", "apply", &next.display().to_string()]).unwrap();
    assert_ne!(clear, read(), "on the same connection");
    check(&stage.read(Family::Librdkafka, "moved", "fraud").unwrap(), "analyst", "for whoever comes now");
    // And back again, from what is kept or not.
    fs::write(next.join("rules.cedar"), RULES).unwrap();
    stage.gate.administer(&["policy", "apply", &next.display().to_string()]).unwrap();
    assert_eq!(clear, read());
}
