//! `tidegate mask try`, as a user runs it.
#![cfg(test)]

#[expect(dead_code, reason = "this command needs no configuration")]
mod cli_stage;

use std::path::Path;

use cli_stage::{Said, tidegate};
use serde_json::Value;

const RULES: &str = r#"@id("readers") permit (principal, action in Action::"read", resource);
@id("no-contractors") forbid (principal in Group::"idp:contractors", action == Action::"consume", resource);
@id("fraud-sees-cards") permit (principal in Group::"idp:fraud", action == Action::"unmask", resource in FieldClass::"PCI");
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PII.name: {transform: hmac_token, prefix: nm_}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: 'orders*', path: customer.email, class: PII.email}
  - {topic: 'orders*', path: customer.name, class: PII.name}
  - {topic: 'orders*', names: [x-user-email], class: PII.email}
  - {topic: 'orders*', content: [card], class: PCI.pan}
";
const RECORD: &str =
    r#"{"id":7,"customer":{"name":"Ann","email":"ann@example.org"},"note":"card 4111 1111 1111 1111","total":12.50}"#;

fn folder(dir: &Path) {
    std::fs::write(dir.join("rules.cedar"), RULES).unwrap();
    std::fs::write(
        dir.join("topics.yaml"),
        "- {name: orders, domain: sales}\n- {alias: sales-orders, topic: orders}\n",
    )
    .unwrap();
    std::fs::write(dir.join("masking.yaml"), MASKING).unwrap();
}

fn tried(dir: &Path, group: &str, topic: &str, record: &[u8], more: &[&str]) -> Said {
    let dir = dir.display().to_string();
    let args = ["mask", "try", "--policy", &dir, "--as", "idp:bob", "--group", group, "--topic", topic];
    tidegate(&[&args[..], more].concat(), record)
}

fn value(said: &Said) -> Value {
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    let parts = told["parts"].as_array().unwrap();
    let value = parts.iter().find(|part| part["part"] == "value").unwrap();
    serde_json::from_str(value["text"].as_str().unwrap()).unwrap()
}

#[test]
fn each_caller_is_shown_what_the_rules_say() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let said = tried(dir.path(), "idp:support", "orders", RECORD.as_bytes(), &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(r#""email":"***@example.org""#) && said.out.contains("***************1111"), "{said:?}");
    assert!(said.out.contains(r#""total":12.50"#), "what is not masked stays as it was written: {said:?}");
    for hidden in ["Ann", "ann@", "4111 1111"] {
        assert!(!said.out.contains(hidden), "{hidden}: {said:?}");
    }
    assert!(said.out.contains("PCI.pan") && said.out.contains("default-deny"), "{said:?}");
    let said = tried(dir.path(), "idp:fraud", "sales-orders", RECORD.as_bytes(), &["--output", "json"]);
    let shown = value(&said);
    assert_eq!(shown["note"], "card 4111 1111 1111 1111");
    assert!(shown["customer"]["name"].as_str().unwrap().starts_with("nm_try_"), "{shown}");
    let told: Value = serde_json::from_str(&said.out).unwrap();
    let class = told["classes"].as_array().unwrap().iter().find(|class| class["class"] == "PCI.pan").unwrap().clone();
    assert!(class["masked"] == false && class["rule"] == "fraud-sees-cards" && class["values"] == 1, "{class}");
}

#[test]
fn keys_and_headers_are_parts_too() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let more = ["--key", "4111111111111111", "--header", "X-User-Email=ann@example.org", "--header", "trace=abc"];
    let said = tried(dir.path(), "idp:support", "orders", b"{}\n", &more);
    assert!(
        said.code == 0 && said.out.contains("************1111") && said.out.contains("***@example.org"),
        "{said:?}"
    );
    assert!(said.out.lines().any(|line| line.starts_with("header trace") && line.ends_with("abc")), "{said:?}");
}

#[test]
fn a_record_that_is_not_shown_is_said_with_the_reason_and_a_code_and_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let said = tried(dir.path(), "idp:contractors", "orders", RECORD.as_bytes(), &[]);
    assert!(said.code == 1 && said.out.contains("may not consume topic orders: no-contractors"), "{said:?}");
    assert!(!said.out.contains("example.org"), "{said:?}");
    for output in ["table", "json"] {
        let said = tried(
            dir.path(),
            "idp:support",
            "orders",
            br#"{"customer":{"email":"ann@secret.example"}"#,
            &["--output", output],
        );
        assert!(said.code == 1 && said.out.contains("at byte"), "{said:?}");
        assert!(!said.out.contains("secret"), "{said:?}");
    }
    let said = tried(dir.path(), "idp:support", "other", RECORD.as_bytes(), &[]);
    assert!(said.code == 0 && said.out.contains("selects nothing"), "{said:?}");
}

#[test]
fn mistakes_are_told_with_the_mend() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    std::fs::write(dir.path().join("masking.yaml"), MASKING.replace("keep_last, n: 4", "keep_last, n: 0")).unwrap();
    let said = tried(dir.path(), "idp:support", "orders", b"{}", &[]);
    assert!(said.code == 64 && said.err.contains("class \"PCI.pan\": n is 0"), "{said:?}");
    folder(dir.path());
    let said = tried(dir.path(), "idp:support", "orders", b"{}", &["--header", "nothing"]);
    assert!(said.code == 64 && said.err.contains("write NAME=VALUE"), "{said:?}");
    assert_eq!(tidegate(&["mask", "try", "--topic", "orders"], b"").code, 64);
}

/// A record of one text field `pan`, and the schemas that say so.
const AVRO: &str = r#"{"type": "record", "name": "Card", "fields": [{"name": "pan", "type": "string"}]}"#;
const PROTO: &str =
    "syntax = \"proto3\"; package shop; import \"part/card.proto\"; message First {} message Order { Card card = 1; }";
const PART: &str = "syntax = \"proto3\"; package shop; message Card { string pan = 1; }";
const BY_SCHEMA: &str = "classes:
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: '*', names: [pan], class: PCI.pan}
topics:
  - {topic: cards, value: {avro: schemas/card.avsc}}
  - {topic: framed, value: framed}
";
const BARE: &[u8] = b"\x204111111111111111";
const BARE_PROTO: &[u8] = b"\x0a\x12\x0a\x104111111111111111";

fn with_schemas() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    std::fs::write(dir.path().join("masking.yaml"), BY_SCHEMA).unwrap();
    std::fs::create_dir_all(dir.path().join("schemas")).unwrap();
    std::fs::write(dir.path().join("schemas/card.avsc"), AVRO).unwrap();
    dir
}

/// The value's bytes as they are shown, or what was said.
fn bytes(said: &Said) -> Result<Vec<u8>, String> {
    let told: Value = serde_json::from_str(&said.out).map_err(|_no_json| format!("{said:?}"))?;
    let part = told["parts"].as_array().unwrap().iter().find(|part| part["part"] == "value");
    let text = part.ok_or_else(|| told["withheld"].to_string())?["base64"].as_str().unwrap().to_owned();
    Ok(base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap())
}

#[test]
fn a_topic_whose_schema_is_in_the_folder_needs_no_flag() {
    let dir = with_schemas();
    let said = tried(dir.path(), "idp:support", "cards", BARE, &["--output", "json"]);
    assert_eq!(bytes(&said), Ok(b"\x20************1111".to_vec()));
    let said = tried(dir.path(), "idp:support", "cards", BARE, &[]);
    assert!(said.code == 0 && said.out.contains("************1111"), "{said:?}");
    assert_eq!(bytes(&tried(dir.path(), "idp:fraud", "cards", BARE, &["--output", "json"])), Ok(BARE.to_vec()));
    // What ends with a line's end is a value that does.
    let said = tried(dir.path(), "idp:support", "cards", b"\x10abcdefg\n", &["--output", "json"]);
    assert_eq!(bytes(&said), Ok(b"\x10****efg\n".to_vec()), "{said:?}");
    let said = tried(dir.path(), "idp:support", "cards", br#"{"pan":"4111"}"#, &[]);
    assert!(said.code == 1 && !said.out.contains("4111"), "{said:?}");
    let flag = dir.path().join("schemas/card.avsc");
    let said = tried(dir.path(), "idp:support", "cards", BARE, &["--schema", flag.to_str().unwrap()]);
    assert!(said.code == 64 && said.err.contains("leave --schema out"), "{said:?}");
}

#[test]
fn a_schema_takes_the_place_of_a_registry() {
    let dir = with_schemas();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(elsewhere.path().join("part")).unwrap();
    for (name, text) in [("card.avsc", AVRO), ("order.proto", PROTO), ("part/card.proto", PART)] {
        std::fs::write(elsewhere.path().join(name), text).unwrap();
    }
    let file = |name: &str| elsewhere.path().join(name).display().to_string();
    let (avro, proto) = (file("card.avsc"), file("order.proto"));
    let shown = |topic: &str, record: &[u8], more: &[&str]| {
        bytes(&tried(dir.path(), "idp:support", topic, record, &[&["--output", "json"], more].concat()))
    };
    let number = b"\0\0\0\0\x07";
    let framed = [&number[..], BARE].concat();
    assert_eq!(shown("framed", &framed, &["--schema", &avro]), Ok([&number[..], b"\x20************1111"].concat()));
    // The second message of the file, by its index.
    let (index, masked) = (b"\x02\x02", b"\x0a\x12\x0a\x10************1111");
    let framed_proto = [&number[..], index, BARE_PROTO].concat();
    assert_eq!(shown("framed", &framed_proto, &["--schema", &proto]), Ok([&number[..], index, masked].concat()));
    let none = [&number[..], b"\x02\x08", BARE_PROTO].concat();
    assert!(
        shown("framed", &none, &["--schema", &proto]).unwrap_err().contains("message that the schema does not have")
    );
    let said = tried(dir.path(), "idp:support", "framed", &framed, &[]);
    assert!(said.code == 1 && said.err.contains("--schema"), "{said:?}");

    // Of a topic whose row does not name it yet.
    let said = tried(dir.path(), "idp:support", "new", BARE_PROTO, &["--schema", &proto, "--message", "shop.Order"]);
    assert!(
        said.code == 0 && said.err.contains("does not name this schema") && said.out.contains("****1111"),
        "{said:?}"
    );
    assert!(said.out.contains(r"\n\x12\n\x10***"), "bytes that are no text can be told: {said:?}");
    for (record, more, says) in [
        (BARE_PROTO, &["--schema", proto.as_str()][..], "it has shop.First, shop.Order"),
        (BARE_PROTO, &["--schema", &proto, "--message", "Order"], "it has no message \"Order\""),
        (BARE, &["--schema", &avro, "--message", "shop.Order"], "leave --message out"),
        (BARE, &["--schema", "none.avsc"], "cannot use the schema none.avsc"),
        (BARE, &["--schema", "card.json"], "*.avsc (Avro) or *.proto (Protobuf)"),
    ] {
        let said = tried(dir.path(), "idp:support", "new", record, more);
        assert!(said.code == 64 && said.err.contains(says), "{says}: {said:?}");
    }
    std::fs::write(elsewhere.path().join("card.avsc"), "{\n\"type\": }").unwrap();
    let said = tried(dir.path(), "idp:support", "new", BARE, &["--schema", &avro]);
    assert!(said.code == 64 && said.err.contains("card.avsc:2:9: not JSON"), "{said:?}");
}
