//! The agent's process against the gateway's own side of the link and a scripted broker.
#![cfg(test)]

mod support;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use support::{Agent, Broker, Fault, PASSWORD, config, secret_file, until};
use tidegate_proxy::agents::{Agents, AgentsConfig, Broker as Wanted, OpenError, Reason, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn listen(folder: &Path) -> Agents {
    let config = AgentsConfig {
        socket: folder.join("agent.sock"),
        agent_uid: None,
        gateway: "gate".into(),
        incarnation: [1; 16],
        open_timeout: Duration::from_secs(20),
        max_pending: 64,
    };
    Agents::listen(config).await.unwrap()
}

async fn echoes(upstream: &mut Upstream, size: usize) {
    let sent: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let (mut read, mut write) = upstream.split();
    let mut got = vec![0; size];
    let (written, read) = tokio::join!(write.write_all(&sent), read.read_exact(&mut got));
    written.unwrap();
    read.unwrap();
    assert!(got == sent, "the bytes came back changed");
}

async fn reason(agents: &Agents, broker: Wanted<'_>) -> (Reason, String) {
    match agents.open("main", broker, [7; 16]).await {
        Err(OpenError::Refused { reason, text }) => (reason, text),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mechanism_works_in_both_modes() {
    for mode in ["relay", "socket"] {
        for mechanism in ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] {
            let folder = tempfile::tempdir().unwrap();
            let broker = Broker::start(Fault::None);
            let agents = listen(folder.path()).await;
            secret_file(folder.path(), "password", PASSWORD);
            let text = config(mode, &broker.address(), mechanism, "{ file = \"password\" }");
            let agent = Agent::start(folder.path(), &text);
            agents.wait_for("main").await;
            for wanted in [Wanted::Bootstrap, Wanted::At { host: "127.0.0.1", port: broker.port }] {
                let (mut upstream, facts) = agents.open_with_facts("main", wanted, [7; 16]).await.unwrap();
                assert_eq!(matches!(upstream, Upstream::Tcp(_)), mode == "socket");
                assert_eq!((facts.peer, facts.lifetime), (broker.address(), Some(Duration::from_secs(60))));
                echoes(&mut upstream, 10).await;
                echoes(&mut upstream, 3_000_000).await;
            }
            assert!(!agent.log().contains(PASSWORD));
            let heard = String::from_utf8_lossy(&broker.heard.lock().unwrap()).contains(PASSWORD);
            assert_eq!(heard, mechanism == "PLAIN", "only PLAIN sends the password");
            let facts = agents.connected()[0].isolation;
            assert!(facts.no_dump && facts.no_new_privileges && facts.no_core && facts.descriptors_closed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_names_another_host_or_port_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (broker, other) = (Broker::start(Fault::None), Broker::start(Fault::None));
    let agents = listen(folder.path()).await;
    secret_file(folder.path(), "password", PASSWORD);
    let text = config("relay", &broker.address(), "SCRAM-SHA-512", "{ file = \"password\" }");
    let agent = Agent::start(folder.path(), &text);
    agents.wait_for("main").await;
    let hosts =
        [("127.0.0.1", other.port), ("localhost", broker.port), ("127.0.0.2", broker.port), ("0.0.0.0", broker.port)];
    for (host, port) in hosts {
        let (reason, text) = reason(&agents, Wanted::At { host, port }).await;
        assert_eq!(reason, Reason::NotAllowed, "{host}:{port}");
        assert!(text.contains(&format!("{host}:{port}")), "{text}");
    }
    assert_eq!(other.dialled.load(Ordering::SeqCst), 0, "the other listener was dialled");
    assert_eq!(broker.dialled.load(Ordering::SeqCst), 0);
    assert!(agent.log().contains("total=4"), "refusals are counted: {}", agent.log());
    let unknown = agents.open("other", Wanted::Bootstrap, [7; 16]).await.unwrap_err();
    assert!(matches!(unknown, OpenError::NoAgent { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_of_a_login_has_its_own_words_and_no_secret() {
    let cases = [
        ("SCRAM-SHA-512", Fault::WrongSignature, Reason::LoginFailed, "could not prove"),
        ("SCRAM-SHA-256", Fault::FewIterations, Reason::LoginFailed, "4095 SCRAM iterations"),
        ("SCRAM-SHA-512", Fault::ManyIterations, Reason::LoginFailed, "1000001 SCRAM iterations"),
        ("SCRAM-SHA-512", Fault::ForeignNonce, Reason::LoginFailed, "nonce"),
        ("SCRAM-SHA-512", Fault::Chatty, Reason::LoginFailed, "more came"),
        ("SCRAM-SHA-512", Fault::NoMechanism, Reason::LoginFailed, "does not offer SCRAM-SHA-512"),
        ("SCRAM-SHA-512", Fault::HangUp, Reason::Unreachable, "broke off"),
        ("PLAIN", Fault::Echo, Reason::LoginFailed, "refused the user or the password"),
    ];
    for (mechanism, fault, expected, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        let broker = Broker::start(fault);
        let agents = listen(folder.path()).await;
        secret_file(folder.path(), "password", PASSWORD);
        let text = config("relay", &broker.address(), mechanism, "{ file = \"password\" }");
        let agent = Agent::start(folder.path(), &text);
        agents.wait_for("main").await;
        let (reason, text) = reason(&agents, Wanted::Bootstrap).await;
        assert_eq!((reason, text.contains(words)), (expected, true), "{fault:?}: {text}");
        assert!(!text.contains(PASSWORD) && !agent.log().contains(PASSWORD), "{fault:?}");
        assert!(agent.log().contains(words), "{fault:?}: {}", agent.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_dead_broker_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(Fault::None);
    let agents = listen(folder.path()).await;
    secret_file(folder.path(), "password", "not-the-password");
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = config("relay", &broker.address(), "SCRAM-SHA-512", "{ file = \"password\" }")
        .replace("[cluster.login]", &format!("dial = [\"127.0.0.1:{dead}\"]\n[cluster.login]"));
    let agent = Agent::start(folder.path(), &text);
    agents.wait_for("main").await;
    let (wrong, text) = reason(&agents, Wanted::Bootstrap).await;
    assert_eq!(wrong, Reason::LoginFailed);
    assert!(text.contains("refused the user or the password") && !text.contains("not-the-password"), "{text}");
    let (gone, text) = reason(&agents, Wanted::At { host: "127.0.0.1", port: dead }).await;
    assert_eq!(gone, Reason::Unreachable);
    assert!(text.contains("cannot reach broker"), "{text}");
    // the right password, after a reload, without a restart
    secret_file(folder.path(), "password", PASSWORD);
    let mut changes = agents.changes();
    changes.mark_unchanged();
    agent.signal(rustix::process::Signal::HUP);
    changes.changed().await.unwrap();
    let mut upstream = agents.open("main", Wanted::Bootstrap, [7; 16]).await.unwrap();
    echoes(&mut upstream, 100).await;
    // a reload that fails changes nothing, and open connections go on
    std::fs::remove_file(folder.path().join("password")).unwrap();
    agent.signal(rustix::process::Signal::HUP);
    agent.says("not reloaded");
    echoes(&mut upstream, 100).await;
    drop(agents.open("main", Wanted::Bootstrap, [7; 16]).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_waits_for_the_gateway_comes_back_and_ends_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(Fault::None);
    secret_file(folder.path(), "password", PASSWORD);
    let text = config("relay", &broker.address(), "SCRAM-SHA-256", "{ file = \"password\" }");
    let mut agent = Agent::start(folder.path(), &text);
    agent.says("gateway down");
    let agents = listen(folder.path()).await;
    agents.wait_for("main").await;
    let mut upstream = agents.open("main", Wanted::Bootstrap, [7; 16]).await.unwrap();
    agents.shutdown();
    let mut changes = agents.changes();
    while agents.serves("main") {
        changes.changed().await.unwrap();
    }
    until("the socket's end", || !folder.path().join("agent.sock").exists());
    echoes(&mut upstream, 1000).await;
    let agents = listen(folder.path()).await;
    agents.wait_for("main").await;
    echoes(&mut agents.open("main", Wanted::Bootstrap, [7; 16]).await.unwrap(), 10).await;
    agent.signal(rustix::process::Signal::TERM);
    drop(upstream);
    let status = tokio::task::block_in_place(|| agent.child.wait().unwrap());
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_one_direction_keeps_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(Fault::None);
    let agents = listen(folder.path()).await;
    secret_file(folder.path(), "password", PASSWORD);
    let text = config("relay", &broker.address(), "SCRAM-SHA-512", "{ file = \"password\" }");
    let _agent = Agent::start(folder.path(), &text);
    agents.wait_for("main").await;
    let mut upstream = agents.open("main", Wanted::Bootstrap, [7; 16]).await.unwrap();
    upstream.write_all(b"last words").await.unwrap();
    upstream.shutdown().await.unwrap();
    let mut all = Vec::new();
    upstream.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"last words");
}
