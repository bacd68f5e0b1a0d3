//! A gate without policy, and sessions that have logged in.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tidegate_kafka::Kafka;
use tidegate_kafka::control::Knowledge;
use tidegate_kafka::encode;
use tidegate_kafka::header;
use tidegate_kafka::schema::{Direction, message};
use tidegate_model::{
    Action, BatchAt, Endpoint, Facts, Gate, Keeps, Level, LoginOutcome, MaskedBatch, PartFate, Protocol as _,
    RecordMask, RecordPart, RequestStep, Resource, Seen, Session, Slot, StorageMask, TooFast, UnreadPart, Written,
};

use crate::tree::{self, Tree};

/// Says what is allowed, by action and resource name.
type Rule = Box<dyn Fn(Action, &str) -> bool>;

/// Answers by closure; nothing else of it is real.
pub(crate) struct FakeGate {
    pub(crate) allowed: Rule,
    pub(crate) knowledge: Option<Knowledge>,
    /// Brokers with node ids from this on have no address on the gate.
    pub(crate) nodes: i32,
    pub(crate) asked: Vec<(Action, String)>,
    pub(crate) aliases: HashMap<String, String>,
    /// Aliases that are topics, as told.
    pub(crate) told: Vec<String>,
    written: HashMap<(i64, String), String>,
    /// Who writes too fast is told so, and to wait so long.
    pub(crate) too_fast: Option<Duration>,
    /// What was last about to be written: topics, records and bytes.
    pub(crate) offered: Vec<(String, u64, u64)>,
    /// How much is kept of every topic.
    level: Level,
}

/// Keeps everything as it came.
struct Everything;

impl RecordMask for Everything {
    fn known(&mut self, _batch: BatchAt<'_>) -> Option<MaskedBatch> {
        Some(MaskedBatch { bytes: None, withheld: 0 })
    }

    fn part(&mut self, _part: RecordPart<'_>, _key: &[u8], _bytes: &[u8], _out: &mut Vec<u8>) -> PartFate {
        PartFate::Same
    }

    fn end_record(&mut self, _stays: bool) {}

    fn keep(&mut self, _batch: BatchAt<'_>, _masked: &MaskedBatch) {}

    fn delivered(&mut self) {}

    fn take_seen(&mut self) -> Seen {
        Seen::default()
    }
}

impl StorageMask for Everything {
    fn unread(&mut self) -> Option<UnreadPart> {
        None
    }

    fn plan(&self) -> [u8; 32] {
        [0; 32]
    }

    fn content(&self) -> [u8; 32] {
        [0; 32]
    }
}

pub(crate) const TARGET: i32 = 1_000_000;

impl FakeGate {
    pub(crate) fn new(allowed: impl Fn(Action, &str) -> bool + 'static) -> Self {
        Self {
            allowed: Box::new(allowed),
            knowledge: Some(known(&[])),
            nodes: 100,
            asked: Vec::new(),
            aliases: HashMap::new(),
            told: Vec::new(),
            written: HashMap::new(),
            too_fast: None,
            offered: Vec::new(),
            level: Level::Digest,
        }
    }

    /// Keeping so much of every topic.
    pub(crate) fn keeping(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// With aliases, each with its topic.
    pub(crate) fn calling(mut self, aliases: &[(&str, &str)]) -> Self {
        self.aliases = aliases.iter().map(|(alias, topic)| ((*alias).to_owned(), (*topic).to_owned())).collect();
        self
    }

    pub(crate) fn knowing(mut self, topics: &[&str]) -> Self {
        self.knowledge = Some(known(topics));
        self
    }
}

pub(crate) fn known(topics: &[&str]) -> Knowledge {
    Knowledge {
        topics: topics.iter().map(|name| ((*name).to_owned(), id_of(name))).collect(),
        finalized_epoch: -1,
        ..Knowledge::default()
    }
}

/// A topic id made of the name.
pub(crate) fn id_of(name: &str) -> [u8; 16] {
    std::array::from_fn(|at| name.as_bytes().get(at % name.len().max(1)).copied().unwrap_or(1))
}

impl Gate for FakeGate {
    fn allows(&mut self, action: Action, resource: Resource<'_>, _partition: Option<i32>) -> bool {
        assert_eq!(action.applies_to(), resource.kind(), "{action:?} does not apply to {resource:?}");
        self.asked.push((action, resource.name().to_owned()));
        if matches!(resource, Resource::Topic(name) if self.aliases.contains_key(name)) {
            return false;
        }
        (self.allowed)(action, resource.name())
    }

    fn too_fast(&mut self, written: &[Written<'_>]) -> Option<TooFast> {
        self.offered = written.iter().map(|one| (one.topic.to_owned(), one.records, one.bytes)).collect();
        self.too_fast.map(|wait| TooFast { why: "it is too fast".to_owned(), wait })
    }

    fn keeps(&mut self, _topic: &str) -> Keeps<'_> {
        match self.level {
            Level::Full => Keeps::Records(Box::new(Everything)),
            level => Keeps::Nothing(level),
        }
    }

    fn has_aliases(&self) -> bool {
        !self.aliases.is_empty()
    }

    fn alias(&self, name: &str) -> Option<Arc<str>> {
        self.aliases.get(name).map(|topic| topic.as_str().into())
    }

    fn is_aliased(&self, topic: &str) -> bool {
        self.aliases.values().any(|aliased| aliased == topic)
    }

    fn alias_is_a_topic(&mut self, alias: &str) {
        self.told.push(alias.to_owned());
    }

    fn writes_as(&mut self, writer: i64, topic: &str, name: &str) -> bool {
        self.written.entry((writer, topic.to_owned())).or_insert_with(|| name.to_owned()) == name
    }

    fn refusal(
        &mut self,
        action: Action,
        resource: Resource<'_>,
        _partition: Option<i32>,
        called: &str,
    ) -> Option<String> {
        (!(self.allowed)(action, resource.name())).then(|| format!("no {} of {called}", action.name()))
    }

    fn endpoint(&mut self, node_id: i32, _host: &str, _port: u16) -> Option<Endpoint> {
        let port = u16::try_from(9000 + node_id).ok()?;
        (node_id < self.nodes).then(|| Endpoint { host: "gate.example".into(), port })
    }

    fn knowledge(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.knowledge.clone().map(|known| Arc::new(known) as Arc<dyn Any + Send + Sync>)
    }

    fn answer_bytes_target(&self) -> i32 {
        TARGET
    }

    fn now_ms(&self) -> u64 {
        0
    }
}

/// A whole request frame.
pub(crate) fn request(key: i16, version: i16, tree: &Tree) -> BytesMut {
    let described = message(key, Direction::Request).unwrap();
    let mut frame = header::request_prefix(key, version, 77, "test");
    encode::message(&mut frame, described, version, &tree::fields(described, version, tree));
    header::seal(&mut frame);
    BytesMut::from(&frame[..])
}

/// A whole answer frame.
pub(crate) fn response(key: i16, version: i16, tree: &Tree) -> BytesMut {
    let described = message(key, Direction::Response).unwrap();
    let mut frame = header::response_prefix(key, version, 77);
    encode::message(&mut frame, described, version, &tree::fields(described, version, tree));
    header::seal(&mut frame);
    BytesMut::from(&frame[..])
}

/// The body of a request that would go to a broker.
pub(crate) fn decode_request(key: i16, version: i16, frame: &[u8]) -> Tree {
    sealed(frame);
    let header = header::request(frame).unwrap();
    assert_eq!((header.api_key, header.api_version, header.correlation_id), (key, version, 77));
    tree::decode(message(key, Direction::Request).unwrap(), version, &frame[header.body..])
}

/// The body of an answer that would go to the client.
pub(crate) fn decode_response(key: i16, version: i16, frame: &[u8]) -> Tree {
    sealed(frame);
    let body = header::response(frame, key, version, 77).unwrap();
    tree::decode(message(key, Direction::Response).unwrap(), version, &frame[body..])
}

fn sealed(frame: &[u8]) {
    let length = u32::from_be_bytes(frame[..4].try_into().unwrap());
    assert_eq!(usize::try_from(length).unwrap() + 4, frame.len(), "the length prefix is wrong");
}

/// A session after OAUTHBEARER.
pub(crate) fn logged_in(gate: &mut FakeGate) -> Box<dyn Session> {
    let mut session = Kafka::default().open();
    let hello = request(17, 1, &Tree::Struct(vec![("Mechanism", tree::text("OAUTHBEARER"))]));
    assert!(matches!(session.request(hello, gate), Ok(RequestStep::Answer { .. })));
    let token = request(36, 2, &Tree::Struct(vec![("AuthBytes", Tree::Bytes(b"token".to_vec()))]));
    assert!(matches!(session.request(token, gate), Ok(RequestStep::Authenticate(_))));
    session.authenticated(LoginOutcome::Accepted { lifetime_ms: 60_000, last_words: b"" });
    session
}

/// What a request became.
pub(crate) struct Forwarded {
    pub(crate) session: Box<dyn Session>,
    pub(crate) frame: Bytes,
    pub(crate) received: Option<Bytes>,
    pub(crate) facts: Facts,
    pub(crate) slot: Slot,
}

/// Sends a request through a new session; panics unless it is forwarded.
pub(crate) fn forwarded(key: i16, version: i16, tree: &Tree, gate: &mut FakeGate) -> Forwarded {
    let mut session = logged_in(gate);
    match session.request(request(key, version, tree), gate) {
        Ok(RequestStep::Forward { frame, received, facts, slot }) => {
            Forwarded { session, frame, received, facts, slot }
        }
        other => panic!("key {key} version {version} was not forwarded: {other:?}"),
    }
}

/// Sends a request through a new session; panics unless the gate answers it.
pub(crate) fn answered(key: i16, version: i16, tree: &Tree, gate: &mut FakeGate) -> (Tree, Facts) {
    let mut session = logged_in(gate);
    match session.request(request(key, version, tree), gate) {
        Ok(RequestStep::Answer { frame, facts, .. }) => (decode_response(key, version, &frame), facts),
        other => panic!("key {key} version {version} was not answered: {other:?}"),
    }
}
