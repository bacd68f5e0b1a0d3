//! Unmodified clients through the gate: who may write and read does, who may not is told so in the client's own words.
#![cfg(test)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use tidegate_brokers::clients::{self, Action, Family};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Output, Tool};
use tidegate_brokers::kafka::{self, Listener};
use tidegate_brokers::process::{self, Process};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("writers")
permit (principal in Group::"demo:writers", action in [Action::"describe", Action::"produce"], resource in Domain::"orders");
@id("writers-idempotent")
permit (principal in Group::"demo:writers", action == Action::"idempotentWrite", resource is Cluster);
@id("readers")
permit (principal in Group::"demo:readers", action in [Action::"describe", Action::"consume"], resource in Domain::"orders");
@id("groups")
permit (principal in Group::"demo:readers", action in [Action::"describeGroup", Action::"joinGroup"], resource is ConsumerGroup);
@id("onlookers")
permit (principal in Group::"demo:onlookers", action == Action::"describe", resource in Domain::"orders");
@id("onlookers-groups")
permit (principal in Group::"demo:onlookers", action in [Action::"describeGroup", Action::"joinGroup"], resource is ConsumerGroup);
"#;
const TOPICS: &str = "- pattern: orders-*\n  domain: orders\n  env: test\n  tier: tier2\n";

/// One cluster and one gate for the whole file; what is left of them ends with the test program.
struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let gate = Gate::start(&Options::new(Upstream::of(&kafka), RULES, TOPICS), &issuer).unwrap();
    Stage { kafka, issuer, gate }
});

impl Stage {
    fn token(&self, subject: &str, groups: &[&str]) -> String {
        self.issuer.token(subject, groups).unwrap()
    }

    /// A console tool through the gate with a token file.
    fn tool(&self, class: &str, token: &str, stdin: &str, args: &[&str]) -> Output {
        let scratch = Scratch::new("token").unwrap();
        let file = scratch.path().join("jwt");
        std::fs::write(&file, token).unwrap();
        let login = Login::token_file(&file);
        Tool::new(self.kafka.jars(), class, &self.gate.bootstrap(), &login, args).stdin(stdin).run().unwrap()
    }

    fn consume(&self, token: &str, topic: &str, count: usize) -> Output {
        let count = count.to_string();
        let group = format!("{topic}-group");
        let args = [
            "--topic",
            topic,
            "--group",
            &group,
            "--from-beginning",
            "--max-messages",
            &count,
            "--timeout-ms",
            "30000",
        ];
        self.tool(java::CONSOLE_CONSUMER, token, "", &args)
    }
}

fn numbered(count: usize) -> String {
    (0..count).map(|number| format!("order {number}\n")).collect()
}

#[test]
fn java_console_tools_write_and_read() {
    let stage = &*STAGE;
    stage.kafka.create_topic("orders-java", 3).unwrap();
    let producer = java::console_producer(Version::V4_3);
    let lines = numbered(500);
    stage.tool(producer, &stage.token("alice", &["writers"]), &lines, &["--topic", "orders-java"]).ok().unwrap();
    assert_eq!(stage.kafka.end_offsets("orders-java").unwrap(), 500);
    let output = stage.consume(&stage.token("bob", &["readers"]), "orders-java", 500).ok().unwrap();
    let (mut read, mut written): (Vec<&str>, Vec<&str>) = (output.stdout.lines().collect(), lines.lines().collect());
    read.sort_unstable();
    written.sort_unstable();
    assert_eq!(read, written);
}

#[test]
fn a_java_client_gets_its_own_token_with_client_credentials() {
    let stage = &*STAGE;
    stage.kafka.create_topic("orders-loader", 1).unwrap();
    stage.issuer.add_client("loader", "s3cret", &["writers"]).unwrap();
    let login = Login::client_credentials(&stage.issuer.token_endpoint(), "loader", "s3cret");
    let producer = java::console_producer(Version::V4_3);
    let lines = numbered(10);
    let args = ["--topic", "orders-loader"];
    let run = Tool::new(stage.kafka.jars(), producer, &stage.gate.bootstrap(), &login, &args).stdin(&lines).run();
    run.unwrap().ok().unwrap();
    assert_eq!(stage.kafka.end_offsets("orders-loader").unwrap(), 10);
}

#[test]
fn a_reader_without_the_right_is_told_so_and_gets_nothing() {
    let stage = &*STAGE;
    stage.kafka.create_topic("orders-denied", 1).unwrap();
    stage.kafka.tool(java::console_producer(Version::V4_3), &["--topic", "orders-denied"]).stdin("x\n").run().unwrap();
    let output = stage.consume(&stage.token("carol", &["onlookers"]), "orders-denied", 1);
    assert!(output.text().contains("TopicAuthorizationException"), "{}", output.text());
    assert_eq!(output.stdout.trim(), "");
}

#[test]
fn a_writer_without_the_right_is_told_so_and_nothing_is_written() {
    let stage = &*STAGE;
    // A topic that is none of the domain's, and one that bob may read only: he may not even begin an idempotent producer.
    for (person, groups, topic, exception) in [
        ("alice", "writers", "payments", "TopicAuthorizationException"),
        ("bob", "readers", "orders-read-only", "ClusterAuthorizationException"),
    ] {
        stage.kafka.create_topic(topic, 1).unwrap();
        let producer = java::console_producer(Version::V4_3);
        let output = stage.tool(producer, &stage.token(person, &[groups]), "x\n", &["--topic", topic]);
        assert!(output.text().contains(exception), "{person}: {}", output.text());
        assert_eq!(stage.kafka.end_offsets(topic).unwrap(), 0);
    }
}

#[test]
fn a_forged_token_cannot_log_in() {
    let stage = &*STAGE;
    let output = stage.consume(&stage.issuer.forged("bob", &["readers"]).unwrap(), "orders-java", 1);
    assert!(output.text().contains("SaslAuthenticationException"), "{}", output.text());
}

#[test]
fn metadata_never_shows_a_brokers_own_port() {
    let stage = &*STAGE;
    let output = stage.tool(java::API_VERSIONS, &stage.token("bob", &["readers"]), "", &[]).ok().unwrap();
    let (first, last) = stage.gate.broker_ports();
    let ports: Vec<u16> = output
        .stdout
        .lines()
        .filter_map(|line| line.split_once(" (id: "))
        .map(|(address, _)| address.rsplit_once(':').unwrap().1.parse().unwrap())
        .collect();
    assert!(!ports.is_empty() && ports.iter().all(|port| (first..=last).contains(port)), "{}", output.text());
    for listener in [Listener::Plaintext, Listener::Sasl] {
        let own = format!(":{}", stage.kafka.port(0, listener));
        assert!(!output.stdout.contains(&own), "{}", output.stdout);
    }
}

#[test]
fn http_and_garbage_on_the_port_end_the_connection() {
    let stage = &*STAGE;
    let garbage: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        &[0xff; 64],
        &[0, 0, 0, 4, 0, 18, 0, 99],
    ];
    for bytes in garbage {
        let mut stream = TcpStream::connect(stage.gate.bootstrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut rest = Vec::new();
        // The end of the stream or a reset; a time-out would be an error of another kind.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{bytes:?}");
        }
        assert!(rest.len() < 1024, "{bytes:?} got {} bytes", rest.len());
    }
}

/// Each family writes and reads with both logins, and is told when the token is forged.
fn conformance(family: Family, name: &str) {
    let stage = &*STAGE;
    let bootstrap = stage.gate.bootstrap();
    let (writer, reader) = (stage.token("alice", &["writers"]), stage.token("bob", &["readers"]));
    let bearer = |token| clients::Login::Bearer(token);
    let plain = |token| clients::Login::Plain(token);
    for (login, make) in [("bearer", &bearer as &dyn Fn(_) -> _), ("plain", &plain)] {
        let topic = format!("orders-{name}-{login}");
        stage.kafka.create_topic(&topic, 2).unwrap();
        let wrote = clients::run(family, Action::Produce, &bootstrap, &topic, 100, make(&writer)).unwrap();
        assert_eq!(wrote, Ok(100), "{login}");
        assert_eq!(stage.kafka.end_offsets(&topic).unwrap(), 100, "{login}");
        let read = clients::run(family, Action::Consume, &bootstrap, &topic, 100, make(&reader)).unwrap();
        assert_eq!(read, Ok(100), "{login}");
    }
    let forged = stage.issuer.forged("bob", &["readers"]).unwrap();
    // kafkajs takes every answer to OAUTHBEARER for a yes, and then wonders why the connection ends (so it does at a broker).
    let login = if family == Family::Kafkajs { plain(&forged) } else { bearer(&forged) };
    let refused = clients::run(family, Action::Consume, &bootstrap, "orders-java", 1, login);
    let said = refused.unwrap().unwrap_err().to_lowercase();
    assert!(said.contains("auth") || said.contains("sasl"), "the client does not name the cause: {said}");
}

#[test]
fn conformance_librdkafka() {
    conformance(Family::Librdkafka, "librdkafka");
}

#[test]
fn conformance_kafka_python() {
    conformance(Family::KafkaPython, "kafka-python");
}

#[test]
fn conformance_kafkajs() {
    conformance(Family::Kafkajs, "kafkajs");
}

#[test]
fn conformance_kcat_reads_with_a_token_as_password() {
    let stage = &*STAGE;
    stage.kafka.create_topic("orders-kcat", 1).unwrap();
    let lines = numbered(20);
    let producer = java::console_producer(Version::V4_3);
    stage.kafka.tool(producer, &["--topic", "orders-kcat"]).stdin(&lines).run().unwrap().ok().unwrap();
    let scratch = Scratch::new("kcat").unwrap();
    let token = stage.token("bob", &["readers"]);
    let mut command = Command::new(clients::kcat().unwrap());
    command.args(["-C", "-q", "-e", "-o", "beginning", "-t", "orders-kcat", "-b", &stage.gate.bootstrap()]);
    command.args(["-X", "security.protocol=SASL_PLAINTEXT", "-X", "sasl.mechanism=PLAIN", "-X", "sasl.username=token"]);
    command.args(["-X", &format!("sasl.password={token}")]);
    let mut kcat = Process::start("kcat", &mut command, &scratch.path().join("out")).unwrap();
    let status = kcat.wait(Duration::from_secs(60)).unwrap();
    let said = kcat.log();
    assert!(status.success(), "{}", process::tail(&said, 20));
    assert_eq!(said.lines().filter(|line| line.starts_with("order ")).count(), 20, "{said}");
}
