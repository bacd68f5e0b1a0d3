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
