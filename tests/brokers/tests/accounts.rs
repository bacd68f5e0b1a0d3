//! Service accounts of the gate: clients that can send no token change only the address, the name and the password.
#![cfg(test)]

use std::time::Duration;

use serde_json::Value;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Output, Tool};
use tidegate_brokers::process::until;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka};

const RULES: &str = r#"
@id("batch")
permit (
  principal == Workload::"service-account:nightly",
  action in [Action::"describe", Action::"produce", Action::"consume"],
  resource == Topic::"orders"
);
@id("groups")
permit (
  principal in Group::"service-account:batch",
  action in [Action::"describeGroup", Action::"joinGroup", Action::"idempotentWrite"],
  resource
);
"#;
const PATIENCE: Duration = Duration::from_secs(60);

struct Stage {
    gate: Gate,
    kafka: Kafka,
}

impl Stage {
    fn new() -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        kafka.create_topic("orders", 1).unwrap();
        kafka.create_topic("other", 1).unwrap();
        let gate = Gate::start(&Options::new(Upstream::of(&kafka), RULES, ""), &Issuer::start().unwrap()).unwrap();
        Stage { gate, kafka }
    }

    /// A command about the account; its password, where one is made.
    fn account(&self, args: &[&str]) -> String {
        let out = self.gate.administer(&[&["service-account"], args, &["--output", "json"]].concat()).unwrap();
        serde_json::from_str::<Value>(&out).unwrap()["password"].as_str().unwrap_or_default().to_owned()
    }

    fn write(&self, mechanism: &str, password: &str, topic: &str) -> Output {
        let login = Login::password(mechanism, "nightly", password);
        let producer = java::console_producer(Version::V4_3);
        let tool = Tool::new(self.kafka.jars(), producer, &self.gate.bootstrap(), &login, &["--topic", topic]);
        tool.stdin("total 7\n").run().unwrap()
    }
}

#[test]
fn a_team_moves_by_changing_the_address_alone_and_its_password_is_rotated_under_it() {
    let stage = Stage::new();
    let made = ["create", "nightly", "--owner", "team-orders", "--expires", "30d", "--group", "batch"];
    let first = stage.account(&made);
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] {
        let said = stage.write(mechanism, &first, "orders").text();
        assert!(!said.contains("ERROR"), "{mechanism}: {said}");
    }
    assert_eq!(stage.kafka.end_offsets("orders").unwrap(), 3);
    let said = stage.write("SCRAM-SHA-512", &first, "other").text();
    assert!(said.contains("TopicAuthorizationException"), "{said}");
    let wrong = stage.write("SCRAM-SHA-512", "wrong", "orders").text();
    assert!(wrong.contains("SaslAuthenticationException"), "{wrong}");

    // Every leaf of such a session says that the credential is a static one, and the list says what still uses it.
    let sessions = stage.gate.leaves(&["--kind", "session_open"]).unwrap();
    assert!(!sessions.is_empty());
    for leaf in stage.gate.leaves(&[]).unwrap().iter().filter(|leaf| leaf["session"].is_string()) {
        assert!(leaf.to_string().contains("static_credential"), "{leaf}");
    }
    let uses = || -> anyhow::Result<Value> {
        let out = stage.gate.administer(&["service-account", "list", "--output", "json"])?;
        Ok(serde_json::from_str::<Value>(&out)?[0].clone())
    };
    until("the last use", PATIENCE, || Ok(uses()?["last_use"]["logins"].as_u64().is_some_and(|logins| logins >= 4)))
        .unwrap();
    let row = uses().unwrap();
    assert_eq!(
        (row["owner"].as_str(), row["last_use"]["client_id"].as_str()),
        (Some("team-orders"), Some("console-producer"))
    );

    // While a password is replaced two work; then one; then none.
    let login = Login::password("SCRAM-SHA-512", "nightly", &first);
    let args = ["--topic", "orders", "--group", "batch"];
    let bootstrap = stage.gate.bootstrap();
    let consumer = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &bootstrap, &login, &args).start().unwrap();
    let joined = || {
        let joins = stage.gate.leaves(&["--kind", "outcome"])?;
        Ok(joins.iter().any(|leaf| leaf["api"]["name"] == "SyncGroup"))
    };
    until("the consumer", PATIENCE, joined).unwrap();
    let second = stage.account(&["rotate", "nightly", "--keep-old", "1h"]);
    for password in [&first, &second] {
        assert!(!stage.write("SCRAM-SHA-256", password, "orders").text().contains("ERROR"));
    }
    let third = stage.account(&["rotate", "nightly", "--keep-old", "0s"]);
    let ended = consumer.finish(PATIENCE).unwrap();
    assert!(
        ended.text().contains("SaslAuthenticationException"),
        "a live session of the old password: {}",
        ended.text()
    );
    assert!(stage.write("PLAIN", &second, "orders").text().contains("SaslAuthenticationException"));
    assert!(!stage.write("PLAIN", &third, "orders").text().contains("ERROR"));
    stage.account(&["disable", "nightly"]);
    assert!(stage.write("PLAIN", &third, "orders").text().contains("SaslAuthenticationException"));
    assert_eq!(stage.kafka.end_offsets("orders").unwrap(), 6);
}
