//! Records whose schemas a registry has: Avro, Protobuf and JSON from the serializers that teams use, read by different people through
//! the gate; and registries that are slow, down or lying.
#![cfg(test)]

use std::fs;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::registry::{Mood, PASSWORD};
use tidegate_brokers::schemas::{self, JavaOrders, Language};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka, Registry};

const RULES: &str = r#"
@id("read") permit (principal in Group::"demo:staff", action in Action::"read", resource);
@id("write") permit (principal in Group::"demo:staff", action in [Action::"produce", Action::"idempotentWrite"], resource);
@id("fraud") permit (principal in Group::"demo:fraud", action == Action::"unmask", resource);
@id("support") permit (principal in Group::"demo:support", action == Action::"unmask", resource)
when { resource.name == "PII.email" };
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PII.name: {transform: redact}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: 'avro*', schema_tag: PII, class: PII.email}
  - {topic: 'json*', schema_tag: PHONE, class: PII.name}
  - {topic: 'removed-*', schema_tag: PII, class: PII.name}
  - {topic: '*', path: customer.email, class: PII.email}
  - {topic: '*', path: customer.name, class: PII.name}
  - {topic: '*', names: [pan], class: PCI.pan}
  - {topic: 'two-b', path: note, class: PII.name}
produce:
  - {topic: 'conform*', value: framed}
topics:
  - {topic: 'strategy', value: framed, subjects: ['shop.*']}
  - {topic: '*', value: framed}
";
const PATIENCE: Duration = Duration::from_secs(60);

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    registry: Registry,
    gate: Gate,
}

static STAGE: LazyLock<Stage> = LazyLock::new(Stage::new);

impl Stage {
    fn new() -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let (issuer, registry) = (Issuer::start().unwrap(), Registry::start().unwrap());
        let upstream = Upstream::of(&kafka);
        let (masking, more) = (MASKING.to_owned(), registry.section());
        let options = Options { applied: true, masking, more, ..Options::new(upstream, RULES, "") };
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { kafka, issuer, registry, gate }
    }

    fn token(&self, group: &str) -> String {
        self.issuer.token(group, &["staff", group]).unwrap()
    }

    fn orders(&self, language: Language, topic: &str, group: &str) -> Vec<Value> {
        let read = schemas::read(language, &self.gate.bootstrap(), (topic, &self.token(group)), &self.registry, 10);
        read.unwrap().unwrap()
    }

    /// The first records that a caller is shown, by offset and text.
    fn first(&self, topic: &str, group: &str, count: usize) -> Vec<(u64, String)> {
        let read = records::read_first(&self.gate.bootstrap(), topic, &self.token(group), count).unwrap().unwrap();
        read.iter().map(|record| (record.offset, text_of(record))).collect()
    }

    fn write(&self, topic: &str, records: &[Record]) {
        records::write(&self.kafka.direct().0, topic, "lz4", records).unwrap();
    }
}

fn framed_json(number: u32, text: &str) -> Record {
    Record::of([&[0][..], &number.to_be_bytes(), text.as_bytes()].concat())
}

/// One text field called `pan`, in Avro.
fn card(text: &str) -> String {
    format!(r#"{{"type": "record", "name": "{text}", "fields": [{{"name": "pan", "type": "string"}}]}}"#)
}

fn framed(number: u32, pan: &str) -> Record {
    let length = u8::try_from(pan.len() * 2).unwrap();
    Record::of([&[0][..], &number.to_be_bytes(), &[length], pan.as_bytes()].concat())
}

const PAN: &str = "4111111111111111";
const MASKED: &str = "************1111";

fn text_of(record: &Record) -> String {
    String::from_utf8_lossy(record.value.as_deref().and_then(|value| value.get(6..)).unwrap_or_default()).into_owned()
}

#[test]
fn orders_in_three_languages_are_masked_and_decode() {
    let stage = &*STAGE;
    for language in Language::ALL {
        let topic = language.name();
        stage.kafka.create_topic(topic, 1).unwrap();
        schemas::write(language, &stage.kafka.direct().0, topic, &stage.registry, 10).unwrap();
        for (group, name, pan) in [("analyst", "***", MASKED), ("fraud", "Ann Smith", PAN)] {
            let orders = stage.orders(language, topic, group);
            for (number, order) in orders.iter().enumerate() {
                let email =
                    if group == "fraud" { format!("ann{number}@example.org") } else { "***@example.org".into() };
                let customer = &order["customer"];
                assert_eq!(
                    (&customer["email"], &customer["name"], &order["pan"]),
                    (&email.into(), &name.into(), &pan.into()),
                    "{topic}: {order}"
                );
                if language == Language::Json {
                    let phone = if group == "fraud" { "+1 212 555 0100" } else { "***" };
                    assert_eq!(customer["phones"][0], phone, "{order}");
                    assert_eq!(order.get("extra").is_some(), group == "fraud", "no schema names it: {order}");
                }
                if language == Language::Avro {
                    assert_eq!((&order["status"], &order["total"]), (&"PAID".into(), &"12.50".into()), "{order}");
                }
            }
        }
    }
    let leaves = stage.gate.leaves(&["--topic", "protobuf"]).unwrap();
    let classes = leaves.iter().flat_map(|leaf| leaf["classes"].as_array().cloned().unwrap_or_default());
    let counted: Vec<_> =
        classes.map(|row| (row["class"].clone(), row["masked"].clone(), row["clear"].clone())).collect();
    for class in ["PCI.pan", "PII.email", "PII.name"] {
        assert!(counted.contains(&(class.into(), "10".into(), "0".into())), "{class}: {counted:?}");
        assert!(counted.contains(&(class.into(), "0".into(), "10".into())), "{class}: {counted:?}");
    }
}

/// Java's producer registers the schema by itself; Java's and Python's consumers decode what each may see.
#[test]
fn orders_of_java_are_masked_and_decode_in_java_and_python() {
    let stage = &*STAGE;
    let (topic, gate) = ("avro-java", stage.gate.bootstrap());
    stage.kafka.create_topic(topic, 1).unwrap();
    let scratch = Scratch::new("java").unwrap();
    let token = |group: &str| {
        let file = scratch.path().join(group);
        fs::write(&file, stage.token(group)).unwrap();
        file
    };
    let (jars, registry) = (stage.kafka.jars(), &stage.registry);
    let writer = token("writer");
    JavaOrders { jars, bootstrap: &gate, topic, token: &writer, registry }.write(5).unwrap();
    assert_eq!(stage.kafka.end_offsets(topic).unwrap(), 5);
    for (group, email_clear, rest_clear) in [("analyst", false, false), ("support", true, false), ("fraud", true, true)]
    {
        let file = token(group);
        let java = JavaOrders { jars, bootstrap: &gate, topic, token: &file, registry }.read(5).unwrap();
        let token = stage.token(group);
        let python = schemas::read(Language::Avro, &gate, (topic, &token), registry, 5).unwrap().unwrap();
        for (reader, orders) in [("Java", java), ("Python", python)] {
            assert_eq!(orders.len(), 5, "{reader}");
            for (number, order) in orders.iter().enumerate() {
                let email = if email_clear { format!("ann{number}@example.org") } else { "***@example.org".to_owned() };
                let (name, pan) = if rest_clear { ("Ann Smith", PAN) } else { ("***", MASKED) };
                let customer = &order["customer"];
                assert_eq!(
                    (&order["id"], &customer["email"], &customer["name"], &order["pan"]),
                    (&number.into(), &email.into(), &name.into(), &pan.into()),
                    "{reader} as {group}: {order}"
                );
                assert_eq!((&order["status"], &order["total"]), (&"PAID".into(), &"12.50".into()), "{reader}: {order}");
            }
        }
    }
}

#[test]
fn numbers_of_no_schema_and_of_other_subjects_hide_nothing() {
    let stage = &*STAGE;
    let own = stage.registry.register("forged-value", "AVRO", &card("Own")).unwrap();
    let other =
        stage.registry.register("elsewhere-value", "AVRO", &card("Other").replace("\"pan\"", "\"note\"")).unwrap();
    let broken = stage.registry.register("forged-value", "AVRO", "{\"type\": \"record\"").unwrap();
    stage.kafka.create_topic("forged", 1).unwrap();
    let records = [framed(own, PAN), framed(other, PAN), framed(4_000_000, PAN), framed(broken, PAN), framed(own, PAN)];
    stage.write("forged", &records);
    stage.write("forged", &[Record::of(format!("{{\"pan\": \"{PAN}\"}}")), Record::of([0, 0, 0])]);
    stage.write("forged", &[framed(own, PAN)]);
    assert_eq!(stage.first("forged", "fraud", 8).len(), 8, "who sees all classes gets what cannot be read, too");
    let wanted = [0, 4, 7].map(|offset| (offset, MASKED.to_owned()));
    assert_eq!(stage.first("forged", "analyst", 3), wanted);
    let leaves = stage.gate.leaves(&["--topic", "forged"]).unwrap();
    let masks: Vec<Value> =
        leaves.iter().flat_map(|leaf| leaf["masks"].as_array().cloned().unwrap_or_default()).collect();
    assert!(masks.iter().any(|mask| mask["unread"] != "0"), "what was shown unread is told: {masks:?}");
}

/// Two topics whose records name one schema, of which each has its own fields that are masked.
#[test]
fn one_schema_is_read_for_each_topic_as_its_own_selectors_say() {
    let stage = &*STAGE;
    let text = r#"{"type": "record", "name": "Two", "fields": [{"name": "note", "type": "string"}]}"#;
    let number = stage.registry.register("two-a-value", "AVRO", text).unwrap();
    assert_eq!(stage.registry.register("two-b-value", "AVRO", text).unwrap(), number);
    for topic in ["two-a", "two-b"] {
        stage.kafka.create_topic(topic, 1).unwrap();
        stage.write(topic, &[framed(number, "a note")]);
    }
    for _again in 0..2 {
        assert_eq!(stage.first("two-a", "analyst", 1), [(0, "a note".to_owned())]);
        assert_eq!(stage.first("two-b", "analyst", 1), [(0, "***".to_owned())]);
    }
}

/// Row 25: who may register a version without a tag may not decide alone what is shown.
#[test]
fn tags_that_a_later_version_has_no_more_count_until_somebody_approves() {
    let stage = &*STAGE;
    let avro = |tag: &str| {
        format!(r#"{{"type": "record", "name": "Removed", "fields": [{{"name": "nick", "type": "string"{tag}}}]}}"#)
    };
    let json = |tag: &str| format!(r#"{{"properties": {{"nick": {{"type": "string"{tag}}}}}}}"#);
    let protobuf = |tag: &str| {
        format!(r#"syntax = "proto3"; import "confluent/meta.proto"; message Removed {{ string nick = 1{tag}; }}"#)
    };
    let tag = r#", "confluent:tags": ["PII"]"#;
    let in_protobuf = r#" [(confluent.field_meta).tags = "PII"]"#;
    let word = "removedword";
    let length = u8::try_from(word.len()).unwrap();
    let languages = [
        ("AVRO", [avro(tag), avro("")], [&[length * 2], word.as_bytes()].concat()),
        ("JSON", [json(tag), json("")], format!(r#"{{"nick":"{word}"}}"#).into_bytes()),
        ("PROTOBUF", [protobuf(in_protobuf), protobuf("")], [&[0, 0x0a, length], word.as_bytes()].concat()),
    ];
    for (language, versions, payload) in &languages {
        let topic = format!("removed-{language}");
        stage.kafka.create_topic(&topic, 1).unwrap();
        let records = versions.each_ref().map(|text| {
            let number = stage.registry.register(&format!("{topic}-value"), language, text).unwrap();
            Record::of([&[0][..], &number.to_be_bytes(), payload].concat())
        });
        stage.write(&topic, &records);
    }
    // Of each version, whether the word is shown.
    let shown = |language: &str, group: &str| -> Vec<bool> {
        let read = stage.first(&format!("removed-{language}"), group, 2);
        read.iter().map(|(_, text)| text.contains(word)).collect()
    };
    for (language, ..) in &languages {
        assert_eq!(shown(language, "analyst"), [false, false], "{language}");
        assert_eq!(shown(language, "fraud"), [true, true], "{language}");
    }
    assert!(stage.gate.metrics().unwrap().contains("tidegate_schemas_with_removed_tags_total 3\n"));
    let next = Scratch::new("removed").unwrap();
    fs::write(next.path().join("rules.cedar"), RULES).unwrap();
    let approved = format!("{MASKING}removed_tags:\n  - {{subject: removed-AVRO-value, version: 2}}\n");
    fs::write(next.path().join("masking.yaml"), approved).unwrap();
    stage.gate.administer(&["policy", "apply", &next.path().display().to_string()]).unwrap();
    assert_eq!(shown("AVRO", "analyst"), [false, true], "the version that was approved, and no other");
    assert_eq!(shown("JSON", "analyst"), [false, false]);
}

#[test]
fn subjects_may_be_named_by_record() {
    let stage = &*STAGE;
    let good = stage.registry.register("shop.Card", "AVRO", &card("Strategy")).unwrap();
    let other = stage.registry.register("other.Card", "AVRO", &card("Strange")).unwrap();
    stage.kafka.create_topic("strategy", 1).unwrap();
    stage.write("strategy", &[framed(good, PAN), framed(other, PAN), framed(good, PAN)]);
    assert_eq!(stage.first("strategy", "analyst", 2), [(0, MASKED.to_owned()), (2, MASKED.to_owned())]);
}

#[test]
fn what_is_written_has_to_conform_to_a_schema_of_its_topic() {
    let stage = &*STAGE;
    let (gate, token) = (stage.gate.bootstrap(), stage.token("writer"));
    for language in Language::ALL {
        let topic = format!("conform-{}", language.name());
        stage.kafka.create_topic(&topic, 1).unwrap();
        schemas::write_as(language, &gate, (&topic, &token), &stage.registry, 10).unwrap();
        assert_eq!(stage.kafka.end_offsets(&topic).unwrap(), 10, "{topic}");
    }
    let own = stage.registry.register("conform-value", "AVRO", &card("Conform")).unwrap();
    let other = stage.registry.register("not-conform-value", "AVRO", &card("Not")).unwrap();
    stage.kafka.create_topic("conform", 1).unwrap();
    let write = |record: Record| records::write_as(&gate, ("conform", &token), "zstd", &[record]).unwrap();
    write(framed(own, PAN)).unwrap();
    let mut more = framed(own, PAN);
    more.value.as_mut().unwrap().push(0);
    for wrong in [framed(other, PAN), framed(5_000_000, PAN), more, Record::of("{}")] {
        let refused = write(wrong).unwrap_err();
        assert!(refused.contains("validate record"), "{refused}");
    }
    assert_eq!(stage.kafka.end_offsets("conform").unwrap(), 1);
}

#[test]
fn json_has_to_conform_to_its_schema_and_is_told_how_it_does_not() {
    let stage = &*STAGE;
    let schema = r#"{"type": "object", "required": ["pan"], "properties": {"pan": {"type": "string", "maxLength": 15},
        "note": {"type": "string", "pattern": "^(a+)+$"}}}"#;
    let number = stage.registry.register("conform-schema-value", "JSON", schema).unwrap();
    let broken = stage.registry.register("conform-schema-value", "JSON", r##"{"$dynamicRef": "#x"}"##).unwrap();
    stage.kafka.create_topic("conform-schema", 1).unwrap();
    let (gate, token) = (stage.gate.bootstrap(), stage.token("writer"));
    let write = |record: Record| records::write_as(&gate, ("conform-schema", &token), "zstd", &[record]).unwrap();
    write(framed_json(number, r#"{"pan": "4111", "note": "aaa"}"#)).unwrap();
    let long = format!(r#"{{"pan": "4111", "note": "{}!"}}"#, "a".repeat(100_000));
    let wrong = [
        (framed_json(number, &format!(r#"{{"pan": "{PAN}"}}"#)), "`maxLength` fails at /properties/pan/maxLength"),
        (framed_json(number, &format!(r#"{{"card": "{PAN}"}}"#)), "`required` fails at /required"),
        (framed_json(number, &long), "`pattern` fails at /properties/note/pattern"),
        (framed_json(number, &format!(r#"{{"pan": "4111", "pan": "{PAN}"}}"#)), "a name comes twice"),
        (framed_json(broken, r#"{"pan": "4111"}"#), "its schema cannot be used: $dynamicRef is not followed"),
    ];
    for (record, _) in &wrong {
        let refused = write(record.clone()).unwrap_err();
        assert!(refused.contains("validate record"), "{refused}");
    }
    assert_eq!(stage.kafka.end_offsets("conform-schema").unwrap(), 1);
    let leaves = stage.gate.leaves(&["--topic", "conform-schema", "--kind", "refusal"]).unwrap();
    let facts: Vec<String> = leaves.iter().map(ToString::to_string).collect();
    for (_, how) in wrong {
        let told = facts.iter().filter(|fact| fact.contains("record 0 of the batch: its value") && fact.contains(how));
        assert_eq!(told.count(), 1, "{how}: {facts:?}");
    }
    assert!(!facts.concat().contains(PAN) && !stage.gate.gateway.log().contains(PAN));
}

#[test]
fn json_of_schemas_that_cannot_be_followed_is_withheld() {
    let stage = &*STAGE;
    let tagged = r#"{"properties": {"a": {"type": "string", "confluent:tags": ["PHONE"]}}}"#;
    let far = r#"{"properties": {"a": {"$ref": "https://elsewhere.example/phone.json"}}}"#;
    let register = |text| stage.registry.register("json-far-value", "JSON", text).unwrap();
    let (tagged, far) = (register(tagged), register(far));
    stage.kafka.create_topic("json-far", 1).unwrap();
    let value = r#"{"a": "x", "b": "y"}"#;
    stage.write("json-far", &[framed_json(far, value), framed_json(tagged, value)]);
    let shown = |group, count| -> Vec<(u64, String)> {
        let read =
            records::read_first(&stage.gate.bootstrap(), "json-far", &stage.token(group), count).unwrap().unwrap();
        let text = |record: &Record| String::from_utf8_lossy(&record.value.as_deref().unwrap()[5..]).into_owned();
        read.iter().map(|record| (record.offset, text(record))).collect()
    };
    assert_eq!(shown("analyst", 1), [(1, r#"{"a": "***"}"#.to_owned())]);
    assert_eq!(shown("fraud", 2), [(0, value.to_owned()), (1, value.to_owned())]);
}

#[test]
fn records_wait_for_a_registry_that_is_down_or_lying_and_none_is_lost() {
    let stage = Stage::new();
    for (topic, mood) in [("down", Mood::Down), ("lying", Mood::Lying)] {
        let number = stage.registry.register(&format!("{topic}-value"), "AVRO", &card(topic)).unwrap();
        stage.kafka.create_topic(topic, 1).unwrap();
        stage.write(topic, &[framed(number, PAN), framed(number, PAN)]);
        stage.registry.set_mood(mood).unwrap();
        let asked = stage.registry.asked().unwrap();
        thread::scope(|scope| {
            let reading = scope.spawn(|| stage.first(topic, "analyst", 2));
            until("the registry is asked again", PATIENCE, || Ok(stage.registry.asked()? >= asked + 2)).unwrap();
            assert!(!reading.is_finished(), "nothing is shown, clear or masked, and no error");
            stage.registry.set_mood(Mood::Well).unwrap();
            assert_eq!(reading.join().unwrap(), [(0, MASKED.to_owned()), (1, MASKED.to_owned())]);
        });
    }
    assert!(stage.gate.gateway.log().contains("the schema registry"), "operators are told");
    assert!(!stage.gate.gateway.log().contains(PASSWORD));
}

#[test]
fn a_slow_registry_is_waited_for() {
    let stage = Stage::new();
    // Three questions about one schema: within what an answer is held, and beyond it.
    for (topic, delay) in [("slow", 300), ("slower", 1_200)] {
        let number = stage.registry.register(&format!("{topic}-value"), "AVRO", &card(topic)).unwrap();
        stage.kafka.create_topic(topic, 1).unwrap();
        stage.write(topic, &[framed(number, PAN)]);
        stage.registry.set_mood(Mood::Slow(Duration::from_millis(delay))).unwrap();
        assert_eq!(stage.first(topic, "analyst", 1), [(0, MASKED.to_owned())]);
    }
}
