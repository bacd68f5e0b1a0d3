//! For tests: a small protocol, a gate around a real evidence log, and one connection with its broker in the test's hands.
//!
//! A frame is a length of four bytes, a letter, a number of one byte, and any more. Letters: `R` reads, `Q` reads and the
//! answer is quiet, `S` reads and is shown records of the topic `shown`, `W` changes something, `N` changes something and asks
//! for no answer, `L` is refused by the gate, `T` asks policy for the topic named by the rest and is refused, `A` presents a
//! token that is none, or the SASL PLAIN message in the rest, `C` reads and the client calls itself by the rest, `K` is allowed
//! to describe the topic named by the rest and reads, `J` is allowed to join the group named by the rest and changes something;
//! anything else is no frame.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::{BufMut as _, Bytes, BytesMut};
use prometheus_client::metrics::counter::Counter;
use tidegate_evidence::entry::{Algorithm, Effect as Done, Kind};
use tidegate_evidence::leaf::Leaf;
use tidegate_evidence::reader::Leaves;
use tidegate_evidence::store::SecretKey;
use tidegate_evidence::{Log, LogConfig};
use tidegate_identity::{Accounts, Issuers, SaltKey};
use tidegate_model::*;
use tidegate_policy::Policy;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::agents::{Agents, AgentsConfig, Upstream};
use crate::cluster::Cluster;
use crate::connection::circumstances;
use crate::decider::Access;
use crate::drive::drive;
use crate::exchange::Exchange;
use crate::failures::Failures;
use crate::fault::Fault;
use crate::frames::{Budget, FrameReader};
use crate::gate::{Limits, Shared, now_ms};
use crate::listener::{Listener, ListenerConfig};
use crate::live::{Live, Seated};
use crate::masks::MaskedBatches;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::recorder::{ConnectionFacts, Recorder};
use crate::schemas::Schemas;
use crate::tally::{Tallied, Tallies};

pub(crate) struct Letters;
pub(crate) static LETTERS: Letters = Letters;
/// Frames longer than this are no frames.
pub(crate) const LONGEST: usize = 4 << 20;

impl Protocol for Letters {
    fn id(&self) -> &'static str {
        "letters"
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Lettered)
    }

    fn control(&self) -> Box<dyn Control> {
        panic!("no test converses with a cluster")
    }

    fn producer(&self) -> Box<dyn Producer> {
        panic!("no test copies records")
    }

    fn frame_length(&self, head: &[u8]) -> Result<Option<usize>, FrameRefused> {
        let Some(length) = head.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if !(2..=LONGEST).contains(&length) {
            return Err(FrameRefused("no such length".into()));
        }
        Ok(Some(length + 4))
    }
}

struct Lettered;

fn facts(letter: u8, number: u8, refused: bool) -> Facts {
    let effect = if matches!(letter, b'W' | b'N' | b'J') { Effect::Changes } else { Effect::Reads };
    Facts { refused, ..Facts::new("letter", (i16::from(letter), 0), i32::from(number), effect) }
}

impl Session for Lettered {
    fn request(&mut self, frame: BytesMut, gate: &mut dyn Gate) -> Result<RequestStep, FrameRefused> {
        let (letter, number) = (frame[4], frame[5]);
        let facts = facts(letter, number, matches!(letter, b'L' | b'T'));
        let slot = Slot { api_key: i16::from(letter), api_version: 0, correlation_id: i32::from(number), state: None };
        match letter {
            b'K' | b'J' => {
                let name = String::from_utf8(frame[6..].to_vec()).unwrap();
                assert!(match letter {
                    b'K' => gate.allows(Action::Describe, Resource::Topic(&name), None),
                    _ => gate.allows(Action::JoinGroup, Resource::ConsumerGroup(&name), None),
                });
                Ok(RequestStep::Forward { frame: frame.freeze(), received: None, facts, slot })
            }
            b'N' => {
                Ok(RequestStep::ForwardUnanswered { frame: Some(frame.freeze()), received: None, facts, close: false })
            }
            b'R' | b'Q' | b'S' | b'W' | b'C' => {
                Ok(RequestStep::Forward { frame: frame.freeze(), received: None, facts, slot })
            }
            b'L' => Ok(RequestStep::Answer { frame: self::frame(b"l", number, 0), facts, delay: Duration::ZERO }),
            b'T' => {
                let topic = String::from_utf8(frame[6..].to_vec()).unwrap();
                assert!(!gate.allows(Action::Consume, Resource::Topic(&topic), None));
                Ok(RequestStep::Answer { frame: self::frame(b"t", number, 0), facts, delay: Duration::ZERO })
            }
            b'A' => Ok(RequestStep::Authenticate(Credential {
                mechanism: Mechanism::Plain,
                message: match &frame[6..] {
                    [] => BytesMut::from(&b"\0token\0not a token"[..]),
                    message => BytesMut::from(message),
                },
            })),
            _ => Err(FrameRefused("no such letter".into())),
        }
    }

    fn known_already(&mut self) {}

    fn authenticated(&mut self, outcome: LoginOutcome<'_>) -> Bytes {
        match outcome {
            LoginOutcome::Continue(_) => frame(b"a", 2, 0),
            LoginOutcome::Accepted { .. } => frame(b"a", 1, 0),
            LoginOutcome::Refused(_) => frame(b"a", 0, 0),
        }
    }

    fn answer(&mut self, slot: Slot, frame: BytesMut, _gate: &mut dyn Gate) -> Result<AnswerStep, FrameRefused> {
        if i32::from(frame[5]) != slot.correlation_id {
            return Err(FrameRefused("the answer to something else".into()));
        }
        let mut facts = facts(u8::try_from(slot.api_key).unwrap(), frame[5], false);
        if slot.api_key == i16::from(b'S') {
            facts.topics.push(TopicUse { name: "shown".into(), id: None });
            let (first_offset, last_offset, records, bytes) = (0, 0, 1, 1);
            facts.partitions.push(PartitionUse {
                topic: 0,
                partition: 0,
                first_offset,
                last_offset,
                records,
                bytes,
                error: 0,
            });
        }
        Ok(AnswerStep { received: None, frame: frame.freeze(), facts, quiet: slot.api_key == i16::from(b'Q') })
    }

    fn retriable(&mut self, slot: &Slot) -> Option<Bytes> {
        Some(frame(b"!", u8::try_from(slot.correlation_id).unwrap(), 0))
    }

    fn client(&self) -> ClientWords {
        ClientWords::default()
    }

    fn other_name(&self, frame: &[u8]) -> Option<String> {
        (frame[4] == b'C').then(|| String::from_utf8(frame[6..].to_vec()).unwrap())
    }
}

/// A frame with `more` bytes after letter and number.
pub(crate) fn frame(letter: &[u8; 1], number: u8, more: usize) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u32(u32::try_from(more + 2).unwrap());
    frame.put_u8(letter[0]);
    frame.put_u8(number);
    frame.extend((0..more).map(|at| u8::try_from(at % 251).unwrap()));
    frame.freeze()
}

pub(crate) fn named(letter: &[u8; 1], number: u8, name: &str) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u32(u32::try_from(name.len() + 2).unwrap());
    frame.put_slice(&[letter[0], number]);
    frame.put_slice(name.as_bytes());
    frame.freeze()
}

pub(crate) fn limits() -> Limits {
    Limits {
        connections: 100,
        connections_per_address: 10,
        failed_logins_per_address: 5,
        login: Duration::from_secs(20),
        delivery_stall: Duration::from_secs(20),
        in_flight: 16,
        answer_bytes: 1 << 20,
        session_user: Duration::from_secs(300),
        session_workload: Duration::from_secs(900),
        drain: Duration::from_secs(20),
    }
}

pub(crate) fn caller() -> Caller {
    Caller {
        kind: CallerKind::User,
        issuer: "idp".into(),
        subject: "ada".into(),
        groups: Vec::new(),
        groups_known: true,
        client: None,
        token_id: None,
        token_hash: None,
        session: None,
        credential: CredentialKind::OauthBearer,
        via_gate: false,
        issued_at: None,
        expires_at: u64::MAX / 1000,
        mfa_at: None,
    }
}

/// A gate without clients.
pub(crate) struct Gatehouse {
    pub(crate) listener: Arc<Listener>,
    pub(crate) log: Log,
    evidence: PathBuf,
    pub(crate) tallies: tokio::sync::mpsc::Receiver<Tallied>,
    folder: tempfile::TempDir,
}

impl Gatehouse {
    pub(crate) async fn new(limits: Limits) -> Self {
        Self::with(limits, 8192, 64 << 20).await
    }

    pub(crate) async fn with(limits: Limits, queue_entries: usize, budget: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("policy");
        std::fs::create_dir(&rules).unwrap();
        std::fs::write(rules.join("rules.cedar"), "@id(\"none\")\nforbid (principal, action, resource);").unwrap();
        std::fs::write(rules.join("topics.yaml"), "[]\n").unwrap();
        let evidence = folder.path().join("evidence");
        let mut config = LogConfig::new(&evidence, &folder.path().join("ring"), SecretKey::default(), "test/gate");
        config.queue_entries = queue_entries;
        config.segment_bytes = 1 << 20;
        config.reserve_bytes = 0;
        let (log, _recovery) = Log::open(config, Vec::new()).unwrap();
        let agents = Agents::listen(AgentsConfig {
            socket: folder.path().join("agent.sock"),
            agent_uid: None,
            gateway: "g".into(),
            incarnation: [0; 16],
            open_timeout: Duration::from_secs(20),
            max_pending: 4,
        });
        let tallies = Tallies::channel();
        let shared = Arc::new(Shared {
            log: log.clone(),
            algorithm: Algorithm::Blake3,
            policy: ArcSwap::from_pointee(Policy::load(&rules).unwrap()),
            issuers: ArcSwap::from(Issuers::new(Vec::new()).unwrap()),
            accounts: Accounts::new(SaltKey::from_bytes([1; 32]), Vec::new()),
            revocations: ArcSwap::default(),
            live: Live::default(),
            agents: agents.await.unwrap(),
            budget: Budget::new(budget),
            metrics: Metrics::default(),
            limits,
            failures: Failures::default(),
            masked: MaskedBatches::new(1 << 20),
            rates: Rates::default(),
            tallies: tallies.0,
        });
        let config = ListenerConfig {
            name: "l".into(),
            bind: "127.0.0.1:0".parse().unwrap(),
            advertised_host: "gate".into(),
            broker_ports: 1..=1,
            plaintext_accepted: false,
        };
        let cluster = Arc::new(Cluster::new("main".into(), &LETTERS, Schemas::new(None, Counter::default())));
        let listener = Listener::start(config, None, cluster, shared, CancellationToken::new()).await.unwrap();
        Self { listener, log, evidence, tallies: tallies.1, folder }
    }

    /// The same rules once more, which is another policy.
    pub(crate) fn another_policy(&self) -> Policy {
        Policy::load(&self.folder.path().join("policy")).unwrap()
    }

    /// What is durable.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        Leaves::open(&self.evidence).unwrap().map(|leaf| leaf.unwrap().found.leaf).collect()
    }

    /// What is durable of one kind.
    pub(crate) fn of(&self, kind: Kind) -> Vec<Leaf> {
        self.leaves().into_iter().filter(|leaf| leaf.entry.kind == kind).collect()
    }

    /// Closes the log, so that all leaves are there, and sees that each intent has been answered; says how.
    pub(crate) fn effects(&self) -> Vec<(i32, Done)> {
        self.log.close();
        let leaves = self.leaves();
        let mut effects = Vec::new();
        for intent in leaves.iter().filter(|leaf| leaf.entry.kind == Kind::Intent) {
            let mut answers = leaves.iter().filter(|leaf| leaf.entry.pair == Some(intent.index));
            let answer = answers.next().unwrap_or_else(|| panic!("intent {} is left open", intent.index));
            assert!(answers.next().is_none(), "intent {} is answered twice", intent.index);
            effects.push((intent.entry.api.unwrap().correlation_id, answer.entry.effect.unwrap()));
        }
        effects
    }

    pub(crate) fn exchange(&self, caller: Caller) -> Exchange {
        let shared = &self.listener.shared;
        let peer = "127.0.0.1:9".parse().unwrap();
        let static_credential = caller.credential.is_static();
        let access = Access::new(
            Arc::new(caller),
            now_ms() + 600_000,
            shared.policy(),
            &circumstances(&self.listener, peer, ""),
        );
        Exchange {
            listener: Arc::clone(&self.listener),
            session: Mutex::new(LETTERS.open()),
            seat: Seated::new(&self.listener, access, None, &circumstances(&self.listener, peer, "")),
            recorder: Recorder::new(self.log.clone(), Algorithm::Blake3, [7; 16], static_credential),
            facts: ConnectionFacts {
                listener: "l".into(),
                cluster: "main".into(),
                tls: false,
                plaintext_accepted: false,
                peer,
                client_certificate: None,
                agent: Vec::new(),
            },
            tally: Mutex::default(),
            half_way: Mutex::default(),
            upstream_ends_ms: None,
        }
    }

    /// A connection that has logged in. `pipe` is how many bytes fit between the gate and its client.
    pub(crate) fn connect(&self, pipe: usize) -> Wired {
        Self::wire(self.exchange(caller()), pipe)
    }

    /// The same, of this caller, with the leaf that opens the session.
    pub(crate) async fn connect_as(&self, caller: Caller, pipe: usize) -> Wired {
        let exchange = self.exchange(caller.clone());
        exchange.recorder.open(&caller, &ClientWords::default(), &exchange.facts, now_ms()).await.unwrap();
        Self::wire(exchange, pipe)
    }

    /// A connection of this exchange.
    pub(crate) fn wire(exchange: Exchange, pipe: usize) -> Wired {
        let (client, gate_side) = tokio::io::duplex(pipe);
        let (broker, upstream) = UnixStream::pair().unwrap();
        let ended = tokio::spawn(async move {
            let (read, write) = tokio::io::split(gate_side);
            let pool = exchange.listener.shared.budget.requests().clone();
            let read = FrameReader::new(read, &LETTERS, pool);
            let ended = drive(&exchange, read, write, &mut Upstream::Unix(upstream)).await;
            drop(exchange.recorder.close("test"));
            ended
        });
        Wired { client, broker, ended }
    }
}

impl Drop for Gatehouse {
    /// Before its folder goes: connections that end later would have the log write there again.
    fn drop(&mut self) {
        self.log.close();
    }
}

/// A connection through the gate, both ends in the test's hands.
pub(crate) struct Wired {
    pub(crate) client: DuplexStream,
    pub(crate) broker: UnixStream,
    pub(crate) ended: JoinHandle<Result<(), Fault>>,
}

/// The next frame; `None` at the end of the stream.
pub(crate) async fn take<R: tokio::io::AsyncRead + Unpin>(stream: &mut R) -> Option<Vec<u8>> {
    let mut frame = vec![0; 4];
    let deadline = Duration::from_secs(30);
    let read = async {
        stream.read_exact(&mut frame).await.ok()?;
        let length = u32::from_be_bytes(frame[..].try_into().unwrap()) as usize;
        frame.resize(length + 4, 0);
        stream.read_exact(&mut frame[4..]).await.ok()
    };
    tokio::time::timeout(deadline, read).await.expect("no frame came")?;
    Some(frame)
}

/// The first bytes of a frame.
fn shown(frame: Option<Vec<u8>>) -> String {
    frame.map_or("the stream's end".into(), |frame| {
        format!("{} bytes, {:?}…", frame.len(), &frame[..frame.len().min(8)])
    })
}

impl Wired {
    pub(crate) async fn ask(&mut self, frames: &[Bytes]) {
        self.client.write_all(&frames.concat()).await.unwrap();
    }

    pub(crate) async fn broker_sees(&mut self, expected: &Bytes) {
        let seen = take(&mut self.broker).await;
        assert!(seen.as_deref() == Some(&expected[..]), "at the broker: {}", shown(seen));
    }

    pub(crate) async fn answer(&mut self, frame: &Bytes) {
        self.broker.write_all(frame).await.unwrap();
    }

    pub(crate) async fn client_sees(&mut self, expected: &Bytes) {
        let seen = take(&mut self.client).await;
        assert!(seen.as_deref() == Some(&expected[..]), "at the client: {}", shown(seen));
    }

    pub(crate) async fn end(self) -> Result<(), Fault> {
        tokio::time::timeout(Duration::from_secs(30), self.ended).await.expect("the connection does not end").unwrap()
    }
}
