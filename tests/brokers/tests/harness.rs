//! The harness itself against real brokers: every listener and login works, nodes come and go.
#![cfg(test)]

use std::time::Duration;

use tidegate_brokers::clients::{self, Action, Family};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::kafka::{Listener, Options, USER};
use tidegate_brokers::{Kafka, process};

/// Writes and reads `count` lines with the console tools.
fn round_trip(kafka: &Kafka, bootstrap: &str, login: &Login, topic: &str, count: usize) {
    let version = kafka.jars().version;
    let lines: String = (0..count).map(|number| format!("order {number}\n")).collect();
    let producer = java::console_producer(version);
    Tool::new(kafka.jars(), producer, bootstrap, login, &["--topic", topic]).stdin(&lines).run().unwrap().ok().unwrap();
    let args = ["--topic", topic, "--from-beginning", "--max-messages", &count.to_string(), "--timeout-ms", "60000"];
    let read = Tool::new(kafka.jars(), java::CONSOLE_CONSUMER, bootstrap, login, &args).run().unwrap().ok().unwrap();
    assert_eq!(read.stdout.lines().count(), count, "{}", read.text());
}

#[test]
fn one_node_of_each_version_serves_every_listener_and_login() {
    for version in Version::ALL {
        let kafka = Kafka::start(Options::new(version).with_tls()).unwrap();
        let authority = kafka.authority().unwrap();
        let client = authority.identity("client", &[]).unwrap();
        let password = |mechanism| Login::password(mechanism, USER, kafka.password());
        let with_certificate = Login::none()
            .over_tls(&authority.file())
            .with("ssl.keystore.type", "PEM")
            .with("ssl.keystore.location", &client.both.display().to_string());
        let cases = [
            ("plaintext", Listener::Plaintext, Login::none()),
            ("scram-512", Listener::Sasl, password("SCRAM-SHA-512")),
            ("scram-256", Listener::Sasl, password("SCRAM-SHA-256")),
            ("plain-tls", Listener::SaslTls, password("PLAIN").over_tls(&authority.file())),
            ("certificate", Listener::MutualTls, with_certificate),
        ];
        for (topic, listener, login) in cases {
            kafka.create_topic(topic, 2).unwrap();
            round_trip(&kafka, &kafka.addresses(listener).join(","), &login, topic, 20);
            assert_eq!(kafka.end_offsets(topic).unwrap(), 20);
        }
    }
}

#[test]
fn a_cluster_without_plaintext_lets_nobody_in_without_the_password() {
    let kafka = Kafka::start(Options::new(Version::V4_3).login_only()).unwrap();
    kafka.create_topic("orders", 1).unwrap();
    let bootstrap = kafka.addresses(Listener::Sasl).join(",");
    let wrong = Login::password("SCRAM-SHA-512", USER, "wrong");
    let args = ["--topic", "orders", "--from-beginning", "--timeout-ms", "20000"];
    let refused = Tool::new(kafka.jars(), java::CONSOLE_CONSUMER, &bootstrap, &wrong, &args).run().unwrap();
    assert!(refused.text().contains("SaslAuthenticationException"), "{}", refused.text());
}

#[test]
fn three_nodes_lose_one_get_it_back_and_grow() {
    let mut kafka = Kafka::start(Options::new(Version::V4_3).three_nodes()).unwrap();
    kafka.create_topic("orders", 3).unwrap();
    let (bootstrap, login) = kafka.direct();
    round_trip(&kafka, &bootstrap, &login, "orders", 30);
    kafka.kill9(2).unwrap();
    round_trip(&kafka, &bootstrap, &login, "orders", 30);
    kafka.restart(2).unwrap();
    kafka.stop(1).unwrap();
    kafka.restart(1).unwrap();
    let added = kafka.add_node().unwrap();
    let described = |kafka: &Kafka| kafka.tool(java::API_VERSIONS, &[]).run()?.ok();
    process::until("the new node in the metadata", Duration::from_secs(60), || {
        Ok(described(&kafka)?.stdout.contains(&format!("127.0.0.1:{}", kafka.port(added, Listener::Plaintext))))
    })
    .unwrap();
}

#[test]
fn clients_of_other_families_write_and_read_directly() {
    let kafka = Kafka::start(Options::new(Version::V4_3)).unwrap();
    let (bootstrap, _) = kafka.direct();
    for (number, family) in Family::ALL.into_iter().enumerate() {
        let topic = format!("family-{number}");
        kafka.create_topic(&topic, 2).unwrap();
        for action in [Action::Produce, Action::Consume] {
            let done = clients::run(family, action, &bootstrap, &topic, 50, clients::Login::None).unwrap();
            assert_eq!(done, Ok(50), "{} {action:?}", family.name());
        }
    }
}
