//! What breaks, and what clients, operators and evidence then see. Every test has a cluster and a gate of its own.
#![cfg(test)]

use std::time::Duration;

use tidegate_brokers::gate::{Mode, Options, Upstream};
use tidegate_brokers::issuer::Algorithm;
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Output, Running, Tool};
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("everything")
permit (principal in Group::"demo:all", action, resource);
"#;
const PATIENCE: Duration = Duration::from_secs(120);

struct Stage {
    gate: Gate,
    kafka: Kafka,
    issuer: Issuer,
    scratch: Scratch,
}

impl Stage {
    fn new(kafka: kafka::Options, mode: Mode) -> Stage {
        let kafka = Kafka::start(kafka).unwrap();
        let issuer = Issuer::start().unwrap();
        let mut options = Options::new(Upstream::of(&kafka), RULES, "");
        options.mode = mode;
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { gate, kafka, issuer, scratch: Scratch::new("stage").unwrap() }
    }

    fn single() -> Stage {
        Stage::new(kafka::Options::new(Version::V4_3), Mode::Relay)
    }

    fn login(&self, name: &str, token: &str) -> Login {
        let file = self.scratch.path().join(name);
        std::fs::write(&file, token).unwrap();
        Login::token_file(&file)
    }

    fn member(&self, name: &str) -> Login {
        self.login(name, &self.issuer.token(name, &["all"]).unwrap())
    }

    /// Asks the gate for its brokers, as whoever holds the login.
    fn brokers(&self, login: &Login) -> Output {
        Tool::new(self.kafka.jars(), java::API_VERSIONS, &self.gate.bootstrap(), login, &[]).run().unwrap()
    }

    /// A producer that writes this many records in about 12 s, and has begun.
    fn slow_producer(&self, topic: &str, records: u32) -> Running {
        let login = self.member("writer").with("acks", "all").with("retry.backoff.max.ms", "200");
        let (count, rate) = (records.to_string(), (records / 12).to_string());
        let args = [
            "--topic",
            topic,
            "--num-records",
            &count,
            "--record-size",
            "100",
            "--throughput",
            &rate,
            "--reporting-interval",
            "500",
        ];
        let mut running =
            Tool::new(self.kafka.jars(), java::PRODUCER_PERFORMANCE, &self.gate.bootstrap(), &login, &args)
                .start()
                .unwrap();
        until("the first records", PATIENCE, || {
            assert!(running.process.ended()?.is_none(), "the producer ended: {}", running.process.log());
            Ok(running.stdout().contains("records sent"))
        })
        .unwrap();
        running
    }

    /// The verifier's verdict with the key that lies beside the evidence, taken as the noted one.
    fn verify(&self) -> String {
        let evidence = self.gate.evidence().display().to_string();
        let key = self.gate.evidence().join("instance.pub").display().to_string();
        let (good, said, errors) = self.gate.verify(&[&evidence, "--key", &key]).unwrap();
        assert!(good, "{said}{errors}");
        said
    }
}

#[test]
fn a_broker_killed_in_mid_produce_loses_nothing_and_repeats_nothing() {
    for mode in [Mode::Relay, Mode::Socket] {
        let mut stage = Stage::new(kafka::Options::new(Version::V4_3), mode);
        stage.kafka.create_topic("orders", 2).unwrap();
        let producer = stage.slow_producer("orders", 24_000);
        stage.kafka.kill9(0).unwrap();
        stage.kafka.restart(0).unwrap();
        producer.finish(PATIENCE).unwrap().ok().unwrap();
        assert_eq!(stage.kafka.end_offsets("orders").unwrap(), 24_000, "{mode:?}");
        stage.verify();
    }
}

#[test]
fn a_killed_gateway_comes_back_and_its_evidence_verifies() {
    let mut stage = Stage::single();
    stage.kafka.create_topic("orders", 2).unwrap();
    let producer = stage.slow_producer("orders", 24_000);
    stage.gate.gateway.kill9().unwrap();
    stage.gate.restart_gateway().unwrap();
    producer.finish(PATIENCE).unwrap().ok().unwrap();
    assert_eq!(stage.kafka.end_offsets("orders").unwrap(), 24_000);
    let said = stage.verify();
    assert!(said.contains("in 2 logs"), "{said}");
}

#[test]
fn a_killed_agent_that_comes_back_is_used_again() {
    let mut stage = Stage::single();
    stage.kafka.create_topic("orders", 2).unwrap();
    let producer = stage.slow_producer("orders", 24_000);
    stage.gate.agent.kill9().unwrap();
    stage.gate.restart_agent().unwrap();
    producer.finish(PATIENCE).unwrap().ok().unwrap();
    assert_eq!(stage.kafka.end_offsets("orders").unwrap(), 24_000);
}

#[test]
fn a_wrong_broker_password_is_named_in_the_operators_log_and_stays_secret() {
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let mut upstream = Upstream::of(&kafka);
    upstream.password = "not-the-password".to_owned();
    let mut gate = Gate::launch(&Options::new(upstream, RULES, ""), &issuer).unwrap();
    let refused = |text: &str| {
        let text = text.to_lowercase();
        text.contains("authenticat") || text.contains("login") || text.contains("password")
    };
    gate.agent.wait_for("the refusal in the agent's log", PATIENCE, |agent| Ok(refused(&agent.log()))).unwrap();
    let ready = tidegate_brokers::gate::http_get(&gate.admin(), "/readyz");
    assert!(ready.is_ok_and(|(status, _)| status != 200), "ready without a broker");
    for log in [gate.agent.log(), gate.gateway.log()] {
        assert!(!log.contains("not-the-password"), "{log}");
    }
}

#[test]
fn new_keys_are_found_and_known_keys_outlive_the_issuer() {
    let stage = Stage::single();
    stage.brokers(&stage.member("before")).ok().unwrap();
    stage.issuer.rotate(Algorithm::Es256, false).unwrap();
    let after = stage.member("after");
    stage.brokers(&after).ok().unwrap();
    stage.issuer.set_down(true).unwrap();
    stage.brokers(&after).ok().unwrap();
    // A key that the gate never saw, and nobody to ask.
    stage.issuer.rotate(Algorithm::Rs256, false).unwrap();
    let refused = stage.brokers(&stage.member("unknown"));
    assert!(refused.text().contains("SaslAuthenticationException"), "{}", refused.text());
}

#[test]
fn a_policy_that_changes_holds_after_sighup() {
    let mut stage = Stage::single();
    stage.kafka.create_topic("orders", 1).unwrap();
    let producer = java::console_producer(Version::V4_3);
    let write = |stage: &Stage, name| {
        let login = stage.member(name);
        let tool = Tool::new(stage.kafka.jars(), producer, &stage.gate.bootstrap(), &login, &["--topic", "orders"]);
        tool.stdin("x\n").run().unwrap()
    };
    assert!(!write(&stage, "one").text().contains("Exception"));
    let file = stage.gate.policy().join("demo.cedar");
    std::fs::write(&file, RULES.replace("demo:all", "demo:nobody")).unwrap();
    stage.gate.reload().unwrap();
    until("the new policy", PATIENCE, || Ok(write(&stage, "two").text().contains("AuthorizationException"))).unwrap();
    // A policy that is wrong is refused and the old one goes on.
    std::fs::write(&file, "permit (principal in, action, resource);").unwrap();
    stage.gate.reload().unwrap();
    stage.gate.gateway.wait_for_line("demo.cedar", PATIENCE).unwrap();
    assert!(write(&stage, "three").text().contains("AuthorizationException"));
}

#[test]
fn sigterm_ends_in_order_and_closes_the_evidence() {
    let mut stage = Stage::single();
    stage.kafka.create_topic("orders", 1).unwrap();
    let login = stage.member("reader");
    let args = ["--topic", "orders", "--group", "g"];
    let consumer = Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &stage.gate.bootstrap(), &login, &args);
    let consumer = consumer.start().unwrap();
    stage.gate.stop().unwrap();
    drop(consumer);
    let said = stage.verify();
    assert!(!said.contains("ended unexpectedly"), "{said}");
}

#[test]
fn a_broker_that_joins_is_followed_without_a_restart() {
    let mut stage = Stage::new(kafka::Options::new(Version::V4_3).three_nodes(), Mode::Relay);
    let login = stage.member("reader");
    let count = |stage: &Stage| {
        let output = stage.brokers(&login);
        output.stdout.lines().filter(|line| line.contains(" (id: ")).count()
    };
    assert_eq!(count(&stage), 3);
    stage.kafka.add_node().unwrap();
    until("the fourth broker at the gate", PATIENCE, || Ok(count(&stage) == 4)).unwrap();
}
