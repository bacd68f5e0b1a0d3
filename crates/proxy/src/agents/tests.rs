//! The gateway's side against a scripted agent.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::net::TcpListener;

use super::*;

fn config(folder: &tempfile::TempDir, open_timeout: Duration) -> AgentsConfig {
    let socket = folder.path().join("agent.sock");
    AgentsConfig { socket, agent_uid: None, gateway: "g".into(), incarnation: [1; 16], open_timeout, max_pending: 8 }
}

fn hello(mode: Mode) -> Message {
    let isolation =
        Isolation { uid: 0, no_dump: true, no_new_privileges: true, no_core: true, descriptors_closed: true };
    let clusters = vec![ClusterOffer { name: "main".into(), mode, bootstrap: vec![] }];
    Message::Hello(Hello { agent: "a".into(), clusters, isolation })
}

/// An agent's control connection in a test's hands.
struct Agent {
    stream: UnixStream,
    receiver: Receiver,
    path: PathBuf,
}

impl Agent {
    async fn connect(path: PathBuf, mode: Mode) -> Agent {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(&encode(&hello(mode)).unwrap()).await.unwrap();
        let mut agent = Agent { stream, receiver: Receiver::new(Role::Agent), path };
        assert!(matches!(agent.next().await, Message::Welcome(_)));
        agent
    }

    async fn next(&mut self) -> Message {
        loop {
            match self.receiver.next_message().unwrap() {
                Some(Message::Ping(_)) => {}
                Some(message) => return message,
                None => {
                    let mut bytes = [0; 512];
                    let count = self.stream.read(&mut bytes).await.unwrap();
                    assert_ne!(count, 0, "the gateway closed the control connection");
                    self.receiver.push(&bytes[..count]);
                }
            }
        }
    }

    async fn number(&mut self) -> Number {
        match self.next().await {
            Message::Open(open) => open.number,
            other => panic!("expected Open, got {other:?}"),
        }
    }

    async fn hand_over(&self, number: Number, mode: Mode) -> UnixStream {
        let mut stream = UnixStream::connect(&self.path).await.unwrap();
        stream.write_all(&handover(number, mode)).await.unwrap();
        stream
    }
}

fn handover(number: Number, mode: Mode) -> Vec<u8> {
    let peer = "127.0.0.1:9092".into();
    encode(&Message::Handover(Handover { number, mode, peer, tls: false, lifetime_ms: 3000 })).unwrap()
}

async fn send_socket(path: &std::path::Path, frame: &[u8], descriptor: impl AsFd) -> UnixStream {
    let stream = UnixStream::connect(path).await.unwrap();
    stream.writable().await.unwrap();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    sendmsg(&stream, &[IoSlice::new(frame)], &mut control, SendFlags::empty()).unwrap();
    stream
}

#[tokio::test]
async fn relay_mode_gives_a_stream_and_keeps_every_byte_behind_the_frame() {
    let folder = tempfile::tempdir().unwrap();
    let agents = Agents::listen(config(&folder, Duration::from_secs(10))).await.unwrap();
    let mut agent = Agent::connect(folder.path().join("agent.sock"), Mode::Relay).await;
    agents.wait_for("main").await;
    assert!(agents.connected()[0].isolation_shared_user, "test and gateway are one user");
    let opening = agents.open_with_facts("main", Broker::At { host: "h", port: 1 }, [2; 16]);
    let answering = async {
        let number = agent.number().await;
        let mut stream = UnixStream::connect(&agent.path).await.unwrap();
        let mut bytes = handover(number, Mode::Relay);
        bytes.extend_from_slice(b"early");
        stream.write_all(&bytes).await.unwrap();
        (number, stream)
    };
    let (opened, (number, mut stream)) = tokio::join!(opening, answering);
    let (mut upstream, facts) = opened.unwrap();
    assert_eq!((facts.peer.as_str(), facts.lifetime), ("127.0.0.1:9092", Some(Duration::from_secs(3))));
    let (mut read, mut write) = upstream.split();
    write.write_all(b"ping").await.unwrap();
    let mut bytes = [0; 5];
    read.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"early");
    stream.read_exact(&mut bytes[..4]).await.unwrap();
    assert_eq!(&bytes[..4], b"ping");
    // the same number again is dropped, and the first connection is not touched
    let mut again = agent.hand_over(number, Mode::Relay).await;
    assert_eq!(again.read(&mut bytes).await.unwrap(), 0);
    assert_eq!((agents.counts().handovers_dropped, agents.counts().opened), (1, 1));
}

#[tokio::test]
async fn socket_mode_gives_the_brokers_own_socket() {
    let folder = tempfile::tempdir().unwrap();
    let agents = Agents::listen(config(&folder, Duration::from_secs(10))).await.unwrap();
    let mut agent = Agent::connect(folder.path().join("agent.sock"), Mode::Socket).await;
    agents.wait_for("main").await;
    let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialled = TcpStream::connect(broker.local_addr().unwrap()).await.unwrap();
    let answering = async {
        let number = agent.number().await;
        send_socket(&agent.path, &handover(number, Mode::Socket), &dialled).await
    };
    let (opened, _stream) = tokio::join!(agents.open("main", Broker::Bootstrap, [2; 16]), answering);
    drop(dialled);
    let mut upstream = opened.unwrap();
    assert!(matches!(upstream, Upstream::Tcp(_)));
    let (mut accepted, _) = broker.accept().await.unwrap();
    upstream.write_all(b"ping").await.unwrap();
    let mut bytes = [0; 4];
    accepted.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"ping");
}

#[tokio::test]
async fn a_handover_in_the_wrong_mode_or_without_a_tcp_socket_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let agents = Agents::listen(config(&folder, Duration::from_secs(10))).await.unwrap();
    let mut agent = Agent::connect(folder.path().join("agent.sock"), Mode::Socket).await;
    agents.wait_for("main").await;
    let mut byte = [0];
    for case in 0..3 {
        let (other, _other_end) = UnixStream::pair().unwrap();
        let answering = async {
            let number = agent.number().await;
            let mut stream = match case {
                0 => agent.hand_over(number, Mode::Relay).await,
                1 => agent.hand_over(number, Mode::Socket).await,
                _ => send_socket(&agent.path, &handover(number, Mode::Socket), &other).await,
            };
            stream.read(&mut byte).await
        };
        let (opened, end) = tokio::join!(agents.open("main", Broker::Bootstrap, [2; 16]), answering);
        // a close with an unread descriptor may look like a reset to the sender
        assert!(matches!(end, Ok(0) | Err(_)), "case {case}");
        assert_eq!(opened.unwrap_err(), OpenError::NoAgent { cluster: "main".into() }, "case {case}");
    }
    assert_eq!(agents.counts().handovers_dropped, 3);
}

#[tokio::test]
async fn refusals_time_outs_and_lost_agents_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let agents = Agents::listen(config(&folder, Duration::from_millis(300))).await.unwrap();
    let none = OpenError::NoAgent { cluster: "main".into() };
    assert_eq!(agents.open("main", Broker::Bootstrap, [0; 16]).await.unwrap_err(), none);
    let mut agent = Agent::connect(folder.path().join("agent.sock"), Mode::Relay).await;
    agents.wait_for("main").await;
    let answering = async {
        let number = agent.number().await;
        let text = "no".to_owned();
        let refused = Message::Refused(tidegate_link::Refused { number, reason: Reason::NotAllowed, text });
        agent.stream.write_all(&encode(&refused).unwrap()).await.unwrap();
    };
    let (opened, ()) = tokio::join!(agents.open("main", Broker::Bootstrap, [0; 16]), answering);
    assert_eq!(opened.unwrap_err(), OpenError::Refused { reason: Reason::NotAllowed, text: "no".into() });
    assert_eq!(agents.open("main", Broker::Bootstrap, [0; 16]).await.unwrap_err(), OpenError::Timeout);
    let late = agent.number().await;
    let mut stream = agent.hand_over(late, Mode::Relay).await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "an expired number is dropped");
    assert_eq!(agents.counts().handovers_dropped, 1);
    let leaving = async {
        agent.number().await;
        drop(agent);
    };
    let (opened, ()) = tokio::join!(agents.open("main", Broker::Bootstrap, [0; 16]), leaving);
    assert_eq!(opened.unwrap_err(), none);
    assert!(agents.connected().is_empty());
}

#[tokio::test]
async fn another_user_garbage_and_a_second_gateway_are_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let first = config(&folder, Duration::from_secs(5));
    let agents = Agents::listen(AgentsConfig { agent_uid: Some(4_000_000), ..first.clone() }).await.unwrap();
    assert!(matches!(Agents::listen(first.clone()).await, Err(AgentsError::InUse(_))));
    let mut stream = UnixStream::connect(&first.socket).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "dropped without a word");
    assert!(agents.counts().wrong_user >= 1);
    agents.shutdown();
    let gone = async {
        while first.socket.exists() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), gone).await.unwrap();
    let agents = Agents::listen(first.clone()).await.unwrap();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 0, 0, 1, 99], &encode(&Message::Ping(1)).unwrap()] {
        let mut stream = UnixStream::connect(&first.socket).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    }
    assert!(agents.connected().is_empty());
}
