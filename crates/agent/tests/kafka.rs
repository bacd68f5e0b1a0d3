//! The agent's logins at real Apache Kafka, oldest and newest supported version, in both modes.
//!
//! Run with `cargo test --package tidegate-agent --test kafka -- --ignored`.
#![cfg(test)]

#[expect(dead_code, reason = "the other test files use the rest")]
mod support;

use std::time::Duration;

use support::{Agent, secret_file};
use tidegate_brokers::Kafka;
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka::{Listener, Options, USER};
use tidegate_proxy::agents::{Agents, AgentsConfig, Broker as Wanted, OpenError, Reason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// ApiVersions version 0 without a client id; the answer begins with the correlation id and error 0.
const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 77, 0xff, 0xff];

struct Case {
    listener: Listener,
    mode: &'static str,
    mechanism: &'static str,
}

fn case(listener: Listener, mode: &'static str, mechanism: &'static str) -> Case {
    Case { listener, mode, mechanism }
}

/// Opens one connection and speaks Kafka over it.
async fn speaks(kafka: &Kafka, case: &Case, password: &str) -> Result<(), OpenError> {
    let folder = tempfile::tempdir().unwrap();
    let config = AgentsConfig {
        socket: folder.path().join("agent.sock"),
        agent_uid: None,
        gateway: "gate".into(),
        incarnation: [1; 16],
        open_timeout: Duration::from_secs(20),
        max_pending: 4,
    };
    let agents = Agents::listen(config).await.unwrap();
    secret_file(folder.path(), "password", password);
    let mut text = format!(
        "[agent]\nname = \"a\"\ngateway = \"agent.sock\"\n[[cluster]]\nname = \"main\"\nmode = \"{}\"\nbootstrap = [{:?}]\n",
        case.mode,
        kafka.addresses(case.listener)[0]
    );
    if matches!(case.listener, Listener::SaslTls | Listener::MutualTls) {
        let authority = kafka.authority().unwrap();
        text += &format!("[cluster.tls]\nca = {:?}\n", authority.file());
        if case.listener == Listener::MutualTls {
            let client = authority.identity("client", &[]).unwrap();
            text += &format!("certificate = {:?}\nkey = {{ file = {:?} }}\n", client.certificate, client.key);
        }
    }
    text += &format!("[cluster.login]\nmechanism = \"{}\"\n", case.mechanism);
    if case.mechanism != "NONE" {
        text +=
            &format!("username = \"{USER}\"\npassword = {{ file = \"password\" }}\nallow_plain_on_loopback = true\n");
    }
    let _agent = Agent::start(folder.path(), &text);
    agents.wait_for("main").await;
    let mut upstream = agents.open("main", Wanted::Bootstrap, [1; 16]).await?;
    upstream.write_all(&API_VERSIONS).await.unwrap();
    let mut head = [0; 10];
    upstream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head[4..], &[0, 0, 0, 77, 0, 0], "correlation id and no error");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts real Kafka brokers; run with -- --ignored"]
async fn every_login_works_at_real_brokers() {
    for version in Version::ALL {
        let kafka = Kafka::start(Options::new(version).with_tls()).unwrap();
        for case in [
            case(Listener::Sasl, "relay", "SCRAM-SHA-512"),
            case(Listener::Sasl, "socket", "SCRAM-SHA-512"),
            case(Listener::Sasl, "socket", "SCRAM-SHA-256"),
            case(Listener::Sasl, "relay", "PLAIN"),
            case(Listener::SaslTls, "relay", "PLAIN"),
            case(Listener::SaslTls, "relay", "SCRAM-SHA-512"),
            case(Listener::MutualTls, "relay", "NONE"),
            case(Listener::Plaintext, "socket", "NONE"),
        ] {
            speaks(&kafka, &case, kafka.password()).await.unwrap();
            if case.mechanism != "NONE" {
                match speaks(&kafka, &case, "wrong").await {
                    Err(OpenError::Refused { reason: Reason::LoginFailed, text }) => {
                        assert!(text.contains("refused the user or the password"), "{text}");
                    }
                    other => panic!("{}: a wrong password gave {other:?}", case.mechanism),
                }
            }
        }
    }
}
