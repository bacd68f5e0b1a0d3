//! Topics without a registry: values and keys in bare Avro and Protobuf, whose schemas stand in the policy folder.
#![cfg(test)]

use std::sync::LazyLock;

use serde_json::Value;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka;
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::schemas::{self, Language};
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("read") permit (principal in Group::"demo:staff", action in Action::"read", resource);
@id("write") permit (principal in Group::"demo:staff", action in [Action::"produce", Action::"idempotentWrite"], resource);
@id("fraud") permit (principal in Group::"demo:fraud", action == Action::"unmask", resource);
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PII.name: {transform: redact}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: '*', schema_tag: PII, class: PII.email}
  - {topic: '*', path: customer.email, class: PII.email}
  - {topic: '*', path: customer.name, class: PII.name}
  - {topic: '*', names: [pan], class: PCI.pan}
  - {topic: '*', path: email, class: PII.email, in: [key]}
produce:
  - {topic: 'avro*', value: schema}
  - {topic: 'protobuf*', value: schema}
topics:
  - {topic: 'avro*', value: {avro: schemas/order.avsc}}
  - {topic: 'protobuf*', value: {protobuf: schemas/shop/order.proto, message: shop.Order}}
  - {topic: mixed, value: {avro: schemas/card.avsc}, key: {avro: schemas/key.avsc}}
";
const ORDER: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
  {"name": "id", "type": "long"},
  {"name": "customer", "type": {"type": "record", "name": "Customer", "fields": [
    {"name": "email", "type": "string", "confluent:tags": ["PII"]},
    {"name": "name", "type": ["null", "string"], "default": null}
  ]}},
  {"name": "pan", "type": "string"},
  {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "PAID"]}},
  {"name": "notes", "type": {"type": "array", "items": "string"}},
  {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}
]}"#;
const PROTO_ORDER: &str = r#"syntax = "proto3";
package shop;
import "shop/customer.proto";
message First {}
message Order { int64 id = 1; Customer customer = 2; string pan = 3; }
"#;
const PROTO_CUSTOMER: &str = r#"syntax = "proto3";
package shop;
message Customer { string email = 1; string name = 2; }
"#;
const CARD: &str = r#"{"type": "record", "name": "Card", "fields": [{"name": "pan", "type": "string"}]}"#;
const KEY: &str = r#"{"type": "record", "name": "Key", "fields": [{"name": "email", "type": "string"}]}"#;
const PAN: &str = "4111111111111111";
const MASKED: &str = "************1111";

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let schemas = [
        ("schemas/order.avsc", ORDER),
        ("schemas/card.avsc", CARD),
        ("schemas/key.avsc", KEY),
        ("schemas/shop/order.proto", PROTO_ORDER),
        ("schemas/shop/customer.proto", PROTO_CUSTOMER),
    ];
    let schemas = schemas.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    let options = Options { masking: MASKING.to_owned(), schemas, ..Options::new(Upstream::of(&kafka), RULES, "") };
    let gate = Gate::start(&options, &issuer).unwrap();
    Stage { kafka, issuer, gate }
});

impl Stage {
    fn token(&self, group: &str) -> String {
        self.issuer.token(group, &["staff", group]).unwrap()
    }
}

/// A text of fewer than 64 bytes, as Avro has it.
fn text(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len() * 2).unwrap()], text.as_bytes()].concat()
}

#[test]
fn bare_orders_are_masked_and_decode_by_the_same_schema() {
    let (stage, gate) = (&*STAGE, STAGE.gate.bootstrap());
    for language in [Language::Avro, Language::Protobuf] {
        let topic = language.name();
        stage.kafka.create_topic(topic, 1).unwrap();
        schemas::write_bare_as(language, &gate, (topic, &stage.token("writer")), 10).unwrap();
        for (group, name, pan) in [("analyst", "***", MASKED), ("fraud", "Ann Smith", PAN)] {
            let orders = schemas::read_bare(language, &gate, (topic, &stage.token(group)), 10).unwrap().unwrap();
            for (number, order) in orders.iter().enumerate() {
                let email =
                    if group == "fraud" { format!("ann{number}@example.org") } else { "***@example.org".into() };
                let customer = &order["customer"];
                assert_eq!(
                    (&customer["email"], &customer["name"], &order["pan"]),
                    (&email.into(), &name.into(), &pan.into()),
                    "{topic}: {order}"
                );
                if language == Language::Avro {
                    assert_eq!((&order["status"], &order["total"]), (&"PAID".into(), &"12.50".into()), "{order}");
                }
            }
        }
    }
    let leaves = stage.gate.leaves(&["--topic", "avro"]).unwrap();
    let classes = leaves.iter().flat_map(|leaf| leaf["classes"].as_array().cloned().unwrap_or_default());
    let counted: Vec<(Value, Value, Value)> =
        classes.map(|row| (row["class"].clone(), row["masked"].clone(), row["clear"].clone())).collect();
    for class in ["PCI.pan", "PII.email", "PII.name"] {
        assert!(counted.contains(&(class.into(), "10".into(), "0".into())), "{class}: {counted:?}");
        assert!(counted.contains(&(class.into(), "0".into(), "10".into())), "{class}: {counted:?}");
    }
}

#[test]
fn what_is_written_has_to_be_a_value_of_the_schema() {
    let (stage, gate) = (&*STAGE, STAGE.gate.bootstrap());
    let token = stage.token("writer");
    for topic in ["avro-strict", "protobuf-strict"] {
        stage.kafka.create_topic(topic, 1).unwrap();
        for wrong in [&b"{\"pan\": \"4111\"}"[..], b"\0\0\0\0\x01\x02", b"\xff"] {
            let refused = records::write_as(&gate, (topic, &token), "zstd", &[Record::of(wrong)]).unwrap().unwrap_err();
            assert!(refused.contains("validate record") && !refused.contains("4111"), "{topic}: {refused}");
        }
        assert_eq!(stage.kafka.end_offsets(topic).unwrap(), 0, "{topic}");
    }
}

#[test]
fn keys_have_schemas_too_and_what_is_no_value_of_its_schema_is_withheld() {
    let stage = &*STAGE;
    stage.kafka.create_topic("mixed", 1).unwrap();
    let good = || Record::of(text(PAN)).keyed(text("a@example.org"));
    let mut longer = good();
    longer.value.as_mut().unwrap().push(0);
    let all = [good(), longer, Record::of(format!("{{\"pan\": \"{PAN}\"}}")), good().keyed("a@example.org"), good()];
    records::write(&stage.kafka.direct().0, "mixed", "lz4", &all).unwrap();
    let first = |group: &str, count| {
        records::read_first(&stage.gate.bootstrap(), "mixed", &stage.token(group), count).unwrap().unwrap()
    };
    assert_eq!(first("fraud", 5).len(), 5, "who sees all classes gets what cannot be read, too");
    let shown: Vec<_> =
        first("analyst", 2).into_iter().map(|record| (record.offset, record.key, record.value)).collect();
    let masked = |offset| (offset, Some(text("***@example.org")), Some(text(MASKED)));
    assert_eq!(shown, [masked(0), masked(4)]);
}
