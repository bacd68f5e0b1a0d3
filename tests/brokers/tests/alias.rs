//! Topics that clients call by an alias: unmodified clients of four families, and what brokers and evidence say of them.
#![cfg(test)]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_brokers::clients::{self, Action, Family, Login as Credential};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Output, Tool};
use tidegate_brokers::kafka;
use tidegate_brokers::process::{tail, until};
use tidegate_brokers::raw::{self, Raw, key};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::stories::Story;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("all")
permit (principal in Group::"demo:all", action, resource) unless { resource.name == "secret" };
"#;
/// Longer than it takes to change the policy and to write: an answer that comes is not for want of waiting.
const LONG_POLL_MS: i32 = 25_000;
const PATIENCE: Duration = Duration::from_secs(90);
/// Each test has a topic of its own, `<test>-v2`, which clients call `<test>`.
const TESTS: [&str; 9] = ["java", "mixed", "moved", "target", "rdkafka", "python", "js", "clash", "both"];

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
    scratch: Scratch,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let aliases: String = TESTS.iter().map(|name| format!("- {{alias: {name}, topic: {name}-v2}}\n")).collect();
    Stage::new(&format!("{aliases}- {{alias: hidden, topic: secret}}\n"), false)
});

impl Stage {
    /// `applied`: commands change the policy, not the folder.
    fn new(topics: &str, applied: bool) -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let options = Options { applied, ..Options::new(Upstream::of(&kafka), RULES, topics) };
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { kafka, issuer, gate, scratch: Scratch::new("alias").unwrap() }
    }

    fn token(&self) -> String {
        self.issuer.token("ann", &["all"]).unwrap()
    }

    fn start(&self, class: &str, args: &[&str], stdin: &str) -> java::Running {
        static TOKENS: AtomicUsize = AtomicUsize::new(0);
        let file = self.scratch.path().join(TOKENS.fetch_add(1, Ordering::Relaxed).to_string());
        std::fs::write(&file, self.token()).unwrap();
        let login = Login::token_file(&file);
        Tool::new(self.kafka.jars(), class, &self.gate.bootstrap(), &login, args).stdin(stdin).start().unwrap()
    }

    fn tool(&self, class: &str, args: &[&str], stdin: &str) -> Output {
        self.start(class, args, stdin).finish(PATIENCE).unwrap()
    }

    fn write(&self, topic: &str, lines: &str) -> Output {
        self.tool(java::console_producer(Version::V4_3), &["--topic", topic], lines)
    }

    fn read(&self, topic: &str, group: &str, count: u32) -> Vec<String> {
        let count = count.to_string();
        let args = ["--topic", topic, "--group", group, "--from-beginning", "--max-messages", &count];
        let args = [&args[..], &["--timeout-ms", "60000"]].concat();
        let output = self.tool(java::CONSOLE_CONSUMER, &args, "").ok().unwrap();
        output.stdout.lines().map(str::to_owned).collect()
    }

    fn story(&self, name: &'static str, topic: &str) -> Story {
        Story::new(name, &self.gate.bootstrap(), topic, &self.token()).unwrap()
    }

    /// What a tool says straight at the cluster.
    fn direct(&self, class: &str, args: &[&str]) -> String {
        self.kafka.tool(class, args).run().unwrap().ok().unwrap().stdout
    }

    /// The leaves that name the alias.
    fn leaves(&self, alias: &str) -> Vec<Value> {
        self.gate.leaves(&["--topic", alias]).unwrap()
    }
}

fn numbered(word: &str, count: u32) -> Vec<String> {
    (0..count).map(|n| format!("{word} {n}")).collect()
}

#[test]
fn java_writes_and_reads_by_an_alias_and_the_broker_and_evidence_know_the_topic() {
    let stage = &*STAGE;
    stage.kafka.create_topic("java-v2", 2).unwrap();
    let lines = numbered("order", 50);
    stage.write("java", &format!("{}\n", lines.join("\n"))).ok().unwrap();
    assert_eq!(stage.kafka.end_offsets("java-v2").unwrap(), 50);
    let mut read = stage.read("java", "java-group", 50);
    read.sort();
    let mut wanted = lines;
    wanted.sort();
    assert_eq!(read, wanted);
    let group = stage.direct(java::CONSUMER_GROUPS, &["--describe", "--group", "java-group"]);
    assert!(group.contains("java-v2") && !group.contains(" java "), "{group}");
    let topics = stage.direct(java::TOPICS, &["--list"]);
    assert!(!topics.lines().any(|topic| topic == "java"), "the broker has no topic of that name: {topics}");
    // What the group committed by the alias is where it goes on by the topic's own name.
    stage.write("java-v2", "one more\n").ok().unwrap();
    assert_eq!(stage.read("java-v2", "java-group", 1), ["one more"]);

    let listed = stage.tool(java::TOPICS, &["--list"], "").ok().unwrap().stdout;
    assert!(listed.lines().any(|topic| topic == "java-v2") && !listed.lines().any(|topic| topic == "java"), "{listed}");
    let offsets = stage.tool(java::GET_OFFSETS, &["--topic-partitions", "java-v2"], "").ok().unwrap().stdout;
    assert!(offsets.contains("java-v2:0:"), "{offsets}");

    let leaves = stage.leaves("java");
    let outcome = |name: &str| leaves.iter().find(|leaf| leaf["api"]["name"] == name && leaf["kind"] == "outcome");
    for name in ["Produce", "Fetch", "OffsetCommit"] {
        let leaf = outcome(name).unwrap_or_else(|| panic!("no outcome of {name}"));
        assert_eq!(leaf["aliases"], json!([{ "alias": "java", "topic": "java-v2" }]), "{leaf}");
        assert_eq!(leaf["topics"][0]["name"], "java-v2", "{leaf}");
        assert!(leaf["topics"][0]["id"].is_string(), "{leaf}");
    }
    assert!(leaves.iter().all(|leaf| !leaf["resources"].to_string().contains("\"java\"")), "decided by its own name");
    let index = outcome("Produce").unwrap()["index"].as_str().unwrap().to_owned();
    let dir = stage.gate.evidence().display().to_string();
    let (_, shown, _) = stage.gate.command(&["evidence", "show", &index, "--dir", &dir]).unwrap();
    assert!(shown.contains("java, an alias of java-v2"), "{shown}");
}

#[test]
fn members_that_call_a_topic_differently_share_its_partitions() {
    let stage = &*STAGE;
    stage.kafka.create_topic("mixed-v2", 4).unwrap();
    let member = |topic: &str| {
        stage.start(java::CONSOLE_CONSUMER, &["--topic", topic, "--group", "mixed-group", "--from-beginning"], "")
    };
    let members = [member("mixed"), member("mixed-v2"), member("mixed")];
    let shares = || {
        let args = ["--describe", "--group", "mixed-group", "--members", "--verbose"];
        let told = stage.kafka.tool(java::CONSUMER_GROUPS, &args).run()?.stdout;
        let with_partitions = told.lines().filter(|line| line.contains("mixed-v2")).count();
        Ok(with_partitions == 3)
    };
    until("three members with partitions", PATIENCE, shares).unwrap();
    let story = stage.story("write", "mixed").with("count", json!(200));
    let told = story.tell().unwrap();
    assert_eq!(told.said["failed"], json!({}), "{}", tail(&told.log, 20));
    let read = || members.iter().map(|member| member.stdout().lines().count()).collect::<Vec<_>>();
    until("all records", PATIENCE, || Ok(read().iter().sum::<usize>() >= 200)).unwrap();
    let mut all: Vec<String> =
        members.iter().flat_map(|member| member.stdout().lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let lines = all.len();
    all.sort();
    all.dedup();
    assert_eq!((lines, all.len()), (200, 200), "each record is read once");
    assert!(read().iter().all(|count| *count > 0), "{:?}", read());
}

#[test]
fn transactions_and_their_offsets_go_by_aliases() {
    let stage = &*STAGE;
    stage.kafka.create_topic("moved-v2", 2).unwrap();
    stage.kafka.create_topic("target-v2", 2).unwrap();
    let story = stage.story("transactions", "moved").with("transactional_id", json!("moved-id"));
    let told = story.with("second", json!("target")).tell().unwrap();
    assert!(told.said.get("error").is_none(), "{}\n{}", told.said, tail(&told.log, 25));
    assert_eq!(told.said["moved"].as_array().unwrap().len(), 20);
    assert!(told.said["committed"].as_u64().unwrap() >= 20, "{}", told.said);
    let read = stage.story("read", "target-v2").with("count", json!(20)).tell().unwrap();
    assert_eq!(read.said["seen"], told.said["moved"], "{}", tail(&read.log, 20));
    let group = stage.direct(java::CONSUMER_GROUPS, &["--describe", "--group", "moved-mover"]);
    assert!(group.contains("moved-v2"), "{group}");
    // Java's transactional producer too.
    let args = ["--topic", "target", "--num-records", "200", "--record-size", "9", "--throughput", "-1"];
    let args = [&args[..], &["--transactional-id", "perf-id", "--transaction-duration-ms", "50"]].concat();
    stage.tool(java::PRODUCER_PERFORMANCE, &args, "").ok().unwrap();
    assert_eq!(stage.read("target", "target-group", 220).len(), 220);
}

#[test]
fn other_families_write_and_read_by_aliases() {
    let stage = &*STAGE;
    for (family, topic) in [(Family::Librdkafka, "rdkafka"), (Family::KafkaPython, "python"), (Family::Kafkajs, "js")] {
        let own = format!("{topic}-v2");
        stage.kafka.create_topic(&own, 2).unwrap();
        let token = stage.token();
        let run = |action, topic: &str| {
            clients::run(family, action, &stage.gate.bootstrap(), topic, 100, Credential::Bearer(&token)).unwrap()
        };
        assert_eq!(run(Action::Produce, topic), Ok(100), "{}", family.name());
        assert_eq!(stage.kafka.end_offsets(&own).unwrap(), 100, "{}", family.name());
        assert_eq!(run(Action::Consume, topic), Ok(100), "{}", family.name());
        assert_eq!(run(Action::Consume, &own), Ok(100), "{}", family.name());
    }
}

#[test]
fn an_alias_that_is_a_topic_is_refused_until_the_operator_mends_it() {
    let stage = &*STAGE;
    stage.kafka.create_topic("clash-v2", 1).unwrap();
    stage.write("clash", "before\n").ok().unwrap();
    stage.kafka.create_topic("clash", 1).unwrap();
    let refused = || Ok(stage.write("clash", "lost?\n").text().contains("TopicAuthorizationException"));
    until("the gate to see the topic", PATIENCE, refused).unwrap();
    assert_eq!(stage.kafka.end_offsets("clash").unwrap(), 0, "nothing was ever written there");
    let written = stage.kafka.end_offsets("clash-v2").unwrap();
    assert!(refused().unwrap());
    assert_eq!(stage.kafka.end_offsets("clash-v2").unwrap(), written);
    stage.write("clash-v2", "by its own name\n").ok().unwrap();
    let warnings = stage.gate.gateway.log();
    let told = warnings.lines().filter(|line| line.contains("called like an alias") && line.contains("clash")).count();
    assert_eq!(told, 1, "{}", tail(&warnings, 20));
    let listed = stage.tool(java::TOPICS, &["--list"], "").ok().unwrap().stdout;
    assert!(!listed.lines().any(|topic| topic == "clash"), "{listed}");
}

#[test]
fn one_process_does_not_write_a_topic_by_two_names() {
    let stage = &*STAGE;
    stage.kafka.create_topic("both-v2", 1).unwrap();
    for (first, second) in [("both", "both-v2"), ("both-v2", "both")] {
        let before = stage.kafka.end_offsets("both-v2").unwrap();
        let told = stage.story("two_names", first).with("second", json!(second)).tell().unwrap();
        assert_eq!(told.said["topic"], json!({}), "{}\n{}", told.said, tail(&told.log, 20));
        // Without the gate's refusal the broker would take the second five for the first five again, and say that all is well.
        assert_eq!(told.said["second"].as_object().unwrap().len(), 5, "{}\n{}", told.said, tail(&told.log, 20));
        assert_eq!(stage.kafka.end_offsets("both-v2").unwrap(), before + 5);
    }
    // A topic that is forbidden is forbidden by every name.
    stage.kafka.create_topic("secret", 1).unwrap();
    let refused = stage.write("hidden", "x\n");
    assert!(refused.text().contains("Not authorized to access topics: [hidden]"), "{}", refused.text());
}

#[test]
fn aliases_come_and_go_with_the_policy() {
    let stage = Stage::new("- {alias: was, topic: first}\n", true);
    for topic in ["first", "second"] {
        stage.kafka.create_topic(topic, 1).unwrap();
    }
    stage.write("was", "one\n").ok().unwrap();
    // A reader that waits for the next record of what it calls so now.
    let mut waiting = Raw::logged_in(&stage.gate.bootstrap(), &stage.token()).unwrap();
    waiting.send(key::FETCH, 4, &raw::fetch("was", 1, LONG_POLL_MS, 1 << 20)).unwrap();
    let folder = Scratch::new("policy").unwrap();
    std::fs::write(folder.path().join("rules.cedar"), RULES).unwrap();
    std::fs::write(folder.path().join("topics.yaml"), "- {alias: was, topic: second}\n").unwrap();
    let dir = folder.path().display().to_string();
    stage.gate.administer(&["policy", "apply", &dir]).unwrap();
    stage.write("first", "stale\n").ok().unwrap();
    if let Ok(answer) = waiting.receive() {
        assert!(!answer.windows(5).any(|bytes| bytes == b"stale"), "what the alias no longer means was delivered");
    }
    stage.write("was", "two\n").ok().unwrap();
    assert_eq!(stage.read("was", "g", 1), ["two"]);
    stage.gate.administer(&["policy", "rollback", "1"]).unwrap();
    assert_eq!(stage.read("was", "g", 2), ["one", "stale"]);
    assert_eq!((stage.kafka.end_offsets("first").unwrap(), stage.kafka.end_offsets("second").unwrap()), (2, 1));
    std::fs::write(folder.path().join("topics.yaml"), "- {alias: was, topic: second}\n- {name: was}\n").unwrap();
    let refused = stage.gate.administer(&["policy", "apply", &dir]).unwrap_err().to_string();
    assert!(refused.contains("has a row of its own"), "{refused}");
}
