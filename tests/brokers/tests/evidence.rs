//! What stands in the evidence after a small story that is known to the last record, and what must never stand anywhere.
#![cfg(test)]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{Raw, fetch, key, list_offsets};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::search::secrets_below;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

const RULES: &str = r#"
@id("writers")
permit (principal in Group::"demo:writers", action in [Action::"describe", Action::"produce"], resource in Domain::"orders");
@id("writers-idempotent")
permit (principal in Group::"demo:writers", action == Action::"idempotentWrite", resource is Cluster);
@id("readers")
permit (principal in Group::"demo:readers", action in [Action::"describe", Action::"consume"], resource in Domain::"orders");
@id("groups")
permit (principal in Group::"demo:readers", action in [Action::"describeGroup", Action::"joinGroup"], resource is ConsumerGroup);
"#;
const TOPICS: &str = "- pattern: orders-*\n  domain: orders\n  env: test\n  tier: tier2\n";
const PATIENCE: Duration = Duration::from_secs(60);

struct Stage {
    gate: Gate,
    issuer: Issuer,
    kafka: Kafka,
}

impl Stage {
    fn new() -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let gate = Gate::start(&Options::new(Upstream::of(&kafka), RULES, TOPICS), &issuer).unwrap();
        Stage { gate, issuer, kafka }
    }

    fn token(&self, subject: &str, groups: &[&str]) -> String {
        self.issuer.token(subject, groups).unwrap()
    }

    fn raw(&self, subject: &str, groups: &[&str]) -> Raw {
        let broker = format!("127.0.0.1:{}", self.gate.broker_ports().0);
        Raw::logged_in(&broker, &self.token(subject, groups)).unwrap()
    }

    fn tool(&self, class: &str, token: &str, stdin: &str, args: &[&str]) -> java::Output {
        let scratch = Scratch::new("token").unwrap();
        let file = scratch.path().join("jwt");
        std::fs::write(&file, token).unwrap();
        let login = Login::token_file(&file);
        Tool::new(self.kafka.jars(), class, &self.gate.bootstrap(), &login, args).stdin(stdin).run().unwrap()
    }

    fn write(&self, token: &str, topic: &str, lines: &str) {
        let producer = java::console_producer(Version::V4_3);
        self.tool(producer, token, lines, &["--topic", topic]).ok().unwrap();
    }

    /// Every leaf but heartbeats, with names opened.
    fn leaves(&self) -> Vec<Value> {
        self.gate.leaves(&[]).unwrap()
    }

    /// Waits for the leaf that `wanted` describes.
    fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        until(what, PATIENCE, || Ok(self.leaves().iter().any(&wanted))).unwrap();
    }

    fn verify(&self) -> String {
        let evidence = self.gate.evidence().display().to_string();
        let key = self.gate.evidence().join("instance.pub").display().to_string();
        let (good, said, errors) = self.gate.verify(&[&evidence, "--key", &key]).unwrap();
        assert!(good, "{said}{errors}");
        said
    }
}

fn is(leaf: &Value, kind: &str, api: &str) -> bool {
    leaf["kind"] == json!(kind) && leaf["api"]["name"] == json!(api)
}

/// The leaves of a kind and an operation by whoever has this name.
fn of<'a>(leaves: &'a [Value], subject: &str, kind: &str, api: &str) -> Vec<&'a Value> {
    leaves.iter().filter(|leaf| is(leaf, kind, api) && leaf["who"]["subject"] == json!(subject)).collect()
}

fn sum(leaves: &[&Value], field: &str) -> u64 {
    let partitions = leaves.iter().flat_map(|leaf| leaf["partitions"].as_array().unwrap());
    partitions.map(|partition| partition[field].as_str().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn a_write_has_an_intent_and_an_outcome_and_a_read_one_outcome_with_names_ids_and_offsets() {
    let mut stage = Stage::new();
    stage.kafka.create_topic("orders-story", 1).unwrap();
    let described = stage.kafka.tool(java::TOPICS, &["--describe", "--topic", "orders-story"]).run().unwrap();
    let id = described.stdout.split("TopicId: ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let lines: String = (0..200).map(|n| format!("order {n}\n")).collect();
    stage.write(&stage.token("alice", &["writers"]), "orders-story", &lines);
    let read = ["--topic", "orders-story", "--group", "g", "--from-beginning", "--max-messages", "200"];
    stage.tool(java::CONSOLE_CONSUMER, &stage.token("bob", &["readers"]), "", &read).ok().unwrap();
    stage.gate.stop().unwrap();
    let leaves = stage.leaves();
    assert_eq!(leaves[0]["kind"], json!("incarnation_open"));
    assert_eq!(leaves.last().unwrap()["kind"], json!("incarnation_close"));

    let (intents, outcomes) = (of(&leaves, "alice", "intent", "Produce"), of(&leaves, "alice", "outcome", "Produce"));
    assert!(!intents.is_empty() && intents.len() == outcomes.len(), "{intents:?} {outcomes:?}");
    assert_eq!((sum(&intents, "records"), sum(&outcomes, "records")), (200, 200));
    for intent in &intents {
        assert_eq!(intent["decision"]["rule"], json!("writers"), "{intent}");
        assert_eq!(intent["topics"], json!([{ "name": "orders-story", "id": id }]), "{intent}");
        let pair: Vec<_> = outcomes.iter().filter(|outcome| outcome["pair"] == intent["index"]).collect();
        assert_eq!(pair.len(), 1, "{intent}");
        assert_eq!(pair[0]["effect"], json!("acked"));
        assert_eq!(pair[0]["topics"], intent["topics"]);
    }
    ranges_join(&outcomes, 200);

    let fetched = of(&leaves, "bob", "outcome", "Fetch");
    assert!(of(&leaves, "bob", "intent", "Fetch").is_empty());
    assert_eq!(sum(&fetched, "records"), 200);
    for leaf in &fetched {
        assert_eq!((&leaf["effect"], &leaf["topics"][0]["id"]), (&json!("delivered"), &json!(id)), "{leaf}");
        assert_eq!(leaf["decision"]["allowed"], json!(true));
    }
    ranges_join(&fetched, 200);
    // Both members' sessions have a beginning and an end, and every leaf of a session is in between.
    let (open, close) = ("session_open", "session_close");
    let count = |kind: &str| leaves.iter().filter(|leaf| leaf["kind"] == json!(kind)).count();
    assert!(count(open) >= 4 && count(open) == count(close), "{} {}", count(open), count(close));
    // Joining a group changes the broker: each of these has its pair.
    for api in ["JoinGroup", "SyncGroup", "OffsetCommit", "LeaveGroup"] {
        let (before, after) = (of(&leaves, "bob", "intent", api).len(), of(&leaves, "bob", "outcome", api).len());
        assert!(before > 0 && before == after, "{api}: {before} intents, {after} outcomes");
    }
    stage.verify();
}

/// The offset ranges of these leaves join to `0..count` without holes.
fn ranges_join(leaves: &[&Value], count: i64) {
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let mut ranges: Vec<(i64, i64)> = leaves
        .iter()
        .flat_map(|leaf| leaf["partitions"].as_array().unwrap())
        .filter(|partition| partition["records"] != json!("0"))
        .map(|partition| (number(&partition["first_offset"]), number(&partition["last_offset"])))
        .collect();
    ranges.sort_unstable();
    let mut next = 0;
    for (first, last) in &ranges {
        assert_eq!(*first, next, "{ranges:?}");
        next = last + 1;
    }
    assert_eq!(next, count, "{ranges:?}");
}

#[test]
fn two_lives_of_a_topic_are_told_apart() {
    let stage = Stage::new();
    let ids: Vec<Value> = (0..2)
        .map(|life| {
            stage.kafka.create_topic("orders-again", 1).unwrap();
            let writer = format!("writer-{life}");
            stage.write(&stage.token(&writer, &["writers"]), "orders-again", "one\n");
            stage.kafka.tool(java::TOPICS, &["--delete", "--topic", "orders-again"]).run().unwrap().ok().unwrap();
            let leaves = stage.leaves();
            let outcomes = of(&leaves, &writer, "outcome", "Produce");
            assert_eq!(outcomes.len(), 1, "{outcomes:?}");
            outcomes[0]["topics"][0]["id"].clone()
        })
        .collect();
    assert!(ids.iter().all(Value::is_string), "{ids:?}");
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn empty_answers_are_folded_and_refusals_are_recorded_once_and_then_counted() {
    let stage = Stage::new();
    stage.kafka.create_topic("orders-idle", 1).unwrap();
    stage.kafka.create_topic("payments", 1).unwrap();
    let mut reader = stage.raw("idler", &["readers"]);
    for _ in 0..30 {
        reader.ask(key::FETCH, 4, &fetch("orders-idle", 0, 10, 1000)).unwrap();
    }
    drop(reader);
    let mut stranger = stage.raw("stranger", &["readers"]);
    for _ in 0..25 {
        let answer = stranger.ask(key::LIST_OFFSETS, 1, &list_offsets("payments")).unwrap();
        // TOPIC_AUTHORIZATION_FAILED stands behind the topic's name and the partition.
        assert!(answer.windows(2).any(|bytes| bytes == [0, 29]), "{answer:?}");
    }
    drop(stranger);
    for subject in ["idler", "stranger"] {
        stage.wait_for("the session's end", |leaf| {
            leaf["kind"] == json!("session_close") && leaf["who"]["subject"] == json!(subject)
        });
    }
    let leaves = stage.leaves();
    let own = |subject: &str| -> Vec<&Value> {
        leaves.iter().filter(|leaf| leaf["who"]["subject"] == json!(subject)).collect()
    };
    let kinds = |leaves: &[&Value]| -> Vec<String> {
        leaves.iter().map(|leaf| leaf["kind"].as_str().unwrap().to_owned()).collect()
    };
    let idle = own("idler");
    assert_eq!(kinds(&idle), ["session_open", "idle", "session_close"], "{idle:?}");
    assert_eq!(idle[1]["counts"], json!([{ "name": "Fetch", "key": 1, "count": "30" }]));
    assert!(idle[1]["first_ms"].is_string() && idle[1]["last_ms"].is_string());
    let refused = own("stranger");
    assert_eq!(kinds(&refused), ["session_open", "refusal", "refusal", "session_close"], "{refused:?}");
    assert_eq!(refused[1]["decision"]["allowed"], json!(false));
    assert_eq!(refused[1]["resources"][0]["name"], json!("payments"));
    assert_eq!(refused[2]["counts"], json!([{ "name": "ListOffsets", "key": 2, "count": "24" }]));
}

#[test]
fn payload_and_tokens_are_in_no_file_of_the_gate() {
    const MARKER: &str = "canary-7f3a9c";
    let mut stage = Stage::new();
    stage.kafka.create_topic("orders-canary", 1).unwrap();
    stage.kafka.create_topic("payments", 1).unwrap();
    let (writer, reader) = (stage.token("alice", &["writers"]), stage.token("bob", &["readers"]));
    let line = format!("{MARKER} in a value\n");
    stage.write(&writer, "orders-canary", &line);
    let producer = java::console_producer(Version::V4_3);
    let refused = stage.tool(producer, &writer, &line, &["--topic", "payments"]);
    assert!(refused.text().contains("TopicAuthorizationException"), "{}", refused.text());
    let read = ["--topic", "orders-canary", "--group", "g", "--from-beginning", "--max-messages", "1"];
    let read = stage.tool(java::CONSOLE_CONSUMER, &reader, "", &read).ok().unwrap();
    assert!(read.stdout.contains(MARKER));
    let forged = stage.issuer.forged("mallory", &["readers"]).unwrap();
    let broker = stage.gate.bootstrap();
    for text in [&forged, MARKER] {
        assert_eq!(Raw::connect(&broker).unwrap().login_plain(text).unwrap().error, 58);
    }
    let mut garbage = Raw::connect(&broker).unwrap();
    garbage.send(key::API_VERSIONS, 77, &tidegate_brokers::raw::Body::default().string(MARKER)).unwrap();
    drop(garbage);
    stage.gate.stop().unwrap();
    let mut secrets = vec![MARKER.to_owned()];
    for token in [&writer, &reader, &forged] {
        secrets.extend(token.split('.').skip(1).map(|part| part.chars().take(60).collect()));
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let found = secrets_below(stage.gate.folder(), &secrets).unwrap();
    assert!(found.is_empty(), "{found:?}");
}

/// Evidence bytes a day of one consumer that gets nothing, from half a minute of it.
fn idle_bytes_a_day(stage: &Stage, subject: &str, auto_commit: &str) -> u64 {
    const SECONDS: u64 = 30;
    // What the gate writes by itself is not the consumer's.
    let alone = used(&stage.gate.evidence());
    std::thread::sleep(Duration::from_secs(SECONDS));
    let alone = used(&stage.gate.evidence()) - alone;
    let scratch = Scratch::new("token").unwrap();
    let file = scratch.path().join("jwt");
    std::fs::write(&file, stage.token(subject, &["readers"])).unwrap();
    let args = ["--topic", "orders-quiet", "--group", subject];
    let login = Login::token_file(&file).with("enable.auto.commit", auto_commit);
    let consumer = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &stage.gate.bootstrap(), &login, &args);
    let consumer = consumer.start().unwrap();
    let own = |leaf: &Value| leaf["who"]["subject"] == json!(subject);
    stage.wait_for("an idle stretch", |leaf| leaf["kind"] == json!("idle") && own(leaf));
    let leaves = || stage.leaves().iter().filter(|leaf| own(leaf)).count();
    let (leaves_before, before) = (leaves(), used(&stage.gate.evidence()));
    // Not to order anything: this is the stretch that is measured.
    std::thread::sleep(Duration::from_secs(SECONDS));
    let (leaves_after, after) = (leaves(), used(&stage.gate.evidence()));
    drop(consumer);
    let a_day = (after - before).saturating_sub(alone) * 86_400 / SECONDS;
    note(&format!(
        "an idle consumer, auto-commit {auto_commit}: {} leaves and {} bytes in {SECONDS} s (the gate alone {alone}), {a_day} bytes \
         a day",
        leaves_after - leaves_before,
        after - before
    ));
    assert!(leaves_after > leaves_before, "nothing was recorded");
    a_day
}

#[test]
fn an_idle_consumer_costs_little_evidence() {
    let stage = Stage::new();
    stage.kafka.create_topic("orders-quiet", 1).unwrap();
    let a_day = idle_bytes_a_day(&stage, "without-commits", "false");
    assert!(a_day < 5_000_000, "{a_day} bytes a day");
    // Java's default commits the same offsets every 5 s: two leaves each, which no fold covers yet.
    let a_day = idle_bytes_a_day(&stage, "with-commits", "true");
    assert!(a_day < 25_000_000, "{a_day} bytes a day");
}

/// Bytes in the files below `folder` up to the last that is not zero: segments are allocated beforehand.
fn used(folder: &Path) -> u64 {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sum += used(&path);
        } else if let Ok(bytes) = std::fs::read(&path) {
            sum += bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        }
    }
    sum
}
