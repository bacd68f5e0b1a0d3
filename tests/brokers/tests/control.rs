//! Commands to a gate that clients are connected to: what a block, a revocation and another policy do to them.
#![cfg(test)]

use std::time::Duration;

use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{self, Raw, key};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("everything")
permit (principal in Group::"demo:all", action, resource);
"#;
/// The same, and one topic that nobody reads.
const NARROWER: &str = r#"
@id("everything")
permit (principal in Group::"demo:all", action, resource);
@id("sealed")
forbid (principal, action == Action::"consume", resource) when { resource.name == "orders" };
@id("mistyped")
permit (principal in Group::"dmeo:all", action == Action::"describe", resource);
@id("ghosts")
permit (principal in Group::"demo:ghosts", action == Action::"describe", resource);
"#;
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any of these tests: an answer that comes is not for want of waiting.
const LONG_POLL_MS: i32 = 25_000;

struct Stage {
    gate: Gate,
    kafka: Kafka,
    issuer: Issuer,
    scratch: Scratch,
}

impl Stage {
    /// `applied`: commands change the policy, not the folder.
    fn new(applied: bool) -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let options = Options { applied, ..Options::new(Upstream::of(&kafka), RULES, "") };
        let gate = Gate::start(&options, &issuer).unwrap();
        kafka.create_topic("orders", 1).unwrap();
        Stage { gate, kafka, issuer, scratch: Scratch::new("control").unwrap() }
    }

    fn token(&self, name: &str) -> String {
        self.issuer.token(name, &["all"]).unwrap()
    }

    fn login(&self, name: &str) -> Login {
        let file = self.scratch.path().join(name);
        std::fs::write(&file, self.token(name)).unwrap();
        Login::token_file(&file)
    }

    /// Commands the gate as the user of this machine who runs the test.
    fn command(&self, args: &[&str]) -> String {
        self.gate.administer(args).unwrap()
    }

    fn write(&self, name: &str, value: &str) -> String {
        let login = self.login(name);
        let args = ["--topic", "orders"];
        let bootstrap = self.gate.bootstrap();
        let tool = Tool::new(self.kafka.jars(), java::console_producer(Version::V4_3), &bootstrap, &login, &args);
        tool.stdin(value).run().unwrap().text()
    }

    /// A connection of this caller that waits for the next record, at a broker that has the request.
    fn waiting(&self, name: &str) -> Raw {
        let mut raw = Raw::logged_in(&self.gate.bootstrap(), &self.token(name)).unwrap();
        // Nothing is written yet: the broker holds the request.
        raw.send(key::FETCH, 4, &raw::fetch("orders", 0, LONG_POLL_MS, 1 << 20)).unwrap();
        raw
    }

    fn leaves(&self, kind: &str) -> Vec<serde_json::Value> {
        self.gate.leaves(&["--kind", kind]).unwrap()
    }
}

#[test]
fn a_block_cuts_a_running_consumer_and_keeps_it_out_until_it_ends() {
    let stage = Stage::new(false);
    let eve = stage.waiting("eve");
    let login = stage.login("eve");
    let args = ["--topic", "orders", "--group", "g", "--from-beginning"];
    let bootstrap = stage.gate.bootstrap();
    let consumer = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &bootstrap, &login, &args).start().unwrap();
    assert!(!stage.write("writer", "before\n").contains("Exception"));
    until("the first record", PATIENCE, || Ok(consumer.stdout().contains("before"))).unwrap();
    drop(eve);

    let eve = {
        // At the end of the topic now.
        let mut raw = Raw::logged_in(&bootstrap, &stage.token("eve")).unwrap();
        raw.send(key::FETCH, 4, &raw::fetch("orders", 1, LONG_POLL_MS, 1 << 20)).unwrap();
        raw
    };
    let said = stage.command(&["policy", "block", "--subject", "demo:eve", "--reason", "incident 7"]);
    assert!(!said.contains("sessions cut: 0"), "{said}");
    assert!(!stage.write("writer", "secret\n").contains("Exception"), "nobody else is concerned");
    assert_eq!(eve.closed().unwrap(), 0, "the connection is closed without a byte");
    let output = consumer.finish(PATIENCE).unwrap();
    assert!(output.text().contains("SaslAuthenticationException") && output.text().contains("blocked at the gate"));
    assert!(!output.stdout.contains("secret"), "{}", output.stdout);
    let id = {
        let listed = stage.command(&["policy", "blocks", "--output", "json"]);
        let rows: serde_json::Value = serde_json::from_str(&listed).unwrap();
        rows[0]["id"].as_str().unwrap().to_owned()
    };
    stage.command(&["policy", "unblock", &id]);
    let args = ["--topic", "orders", "--from-beginning", "--max-messages", "2"];
    let back = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &bootstrap, &login, &args).run().unwrap();
    assert!(back.stdout.contains("secret"), "{}", back.text());
    assert!(stage.leaves("login_failed").iter().any(|leaf| leaf["reason"] == "blocked"));
    assert!(stage.leaves("session_close").iter().any(|leaf| leaf["reason"] == "blocked"));
}

#[test]
fn a_revoked_credential_is_dead_and_a_newer_one_is_not() {
    let stage = Stage::new(false);
    let old = stage.token("ann");
    let waiting = Raw::logged_in(&stage.gate.bootstrap(), &old).unwrap();
    stage.command(&["revoke", "--subject", "demo:ann", "--reason", "laptop lost"]);
    assert_eq!(waiting.closed().unwrap(), 0);
    assert!(Raw::logged_in(&stage.gate.bootstrap(), &old).is_err(), "the token is dead");
    // Times of issue are whole seconds.
    until("a newer token", PATIENCE, || Ok(Raw::logged_in(&stage.gate.bootstrap(), &stage.token("ann")).is_ok()))
        .unwrap();
    assert!(Raw::logged_in(&stage.gate.bootstrap(), &old).is_err(), "and stays so");
}

#[test]
fn what_another_policy_forbids_is_not_delivered_though_it_was_asked_for_before() {
    let stage = Stage::new(true);
    let eve = stage.waiting("eve");
    let narrower = stage.scratch.path().join("narrower");
    std::fs::create_dir(&narrower).unwrap();
    std::fs::write(narrower.join("rules.cedar"), NARROWER).unwrap();
    {
        // What a session asked is counted when it ends.
        let mut reader = Raw::logged_in(&stage.gate.bootstrap(), &stage.token("bob")).unwrap();
        reader.ask(key::FETCH, 4, &raw::fetch("orders", 0, 1, 1 << 20)).unwrap();
    }
    let dry_run = || stage.command(&["policy", "dry-run", narrower.to_str().unwrap(), "--output", "json"]);
    let loss = || -> Option<serde_json::Value> {
        let answer: serde_json::Value = serde_json::from_str(&dry_run()).unwrap();
        answer["changes"].as_array().unwrap().iter().find(|row| row["who"] == "demo:bob").cloned()
    };
    until("bob's decisions to be counted", PATIENCE, || Ok(loss().is_some())).unwrap();
    let loss = loss().unwrap();
    let (change, action, name) = (&loss["change"], &loss["action"], &loss["name"]);
    assert_eq!((change, action, name), (&"loses".into(), &"consume".into(), &"orders".into()), "{loss}");
    assert_eq!((&loss["before"], &loss["after"]), (&"everything".into(), &"sealed".into()), "{loss}");
    let said = stage.command(&["policy", "apply", narrower.to_str().unwrap(), "--comment", "sealed"]);
    assert!(said.contains("version 2 is in force"), "{said}");
    // Names that mean nobody are remarked, and no others.
    let remarks = |word: &str, about: &str| {
        said.lines().filter(|line| line.starts_with(word) && line.contains(about)).collect::<Vec<_>>()
    };
    let strangers = remarks("warning: ", "no issuer is called");
    assert!(matches!(strangers[..], [one] if one.contains("dmeo:all") && one.contains("mistyped")), "{said}");
    assert!(
        matches!(remarks("hint: ", "")[..], [one] if one.contains("demo:ghosts") && one.contains("ghosts")),
        "{said}"
    );
    assert!(!stage.write("writer", "secret\n").contains("Exception"));
    let mut eve = eve;
    match eve.receive() {
        Ok(answer) => assert!(!answer.windows(6).any(|bytes| bytes == b"secret"), "the record came all the same"),
        Err(_closed) => {}
    }
    let login = stage.login("eve");
    let args = ["--topic", "orders", "--from-beginning", "--max-messages", "1", "--timeout-ms", "20000"];
    let bootstrap = stage.gate.bootstrap();
    let consumer = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &bootstrap, &login, &args).run().unwrap();
    assert!(consumer.text().contains("TopicAuthorizationException"), "{}", consumer.text());
    stage.command(&["policy", "rollback", "1"]);
    let consumer = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &bootstrap, &login, &args).run().unwrap();
    assert!(consumer.stdout.contains("secret"), "{}", consumer.text());
}
