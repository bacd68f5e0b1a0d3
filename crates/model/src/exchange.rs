//! What a protocol and the data path say to each other: a protocol reads frames and tells what they want; the data path decides,
//! records and carries. A protocol does no I/O and sees neither policy nor evidence.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::{Action, Asks, Keeps, KeptRecords, Level, MaskUse, Quarantine, Quarantined, Resource, View};

/// A client-side protocol. One value of it serves every connection of a listener.
pub trait Protocol: Send + Sync {
    /// The configuration's word for it, such as `kafka`.
    fn id(&self) -> &'static str;
    /// Opens the state of one client connection.
    fn open(&self) -> Box<dyn Session>;
    /// The gate's own conversation with a cluster, from which it learns versions, brokers and topics.
    fn control(&self) -> Box<dyn Control>;
    /// The gate's own writing to a cluster's topics.
    fn producer(&self) -> Box<dyn Producer>;
    /// How many bytes a frame on the wire takes, once its head is there; `None` asks for more bytes.
    ///
    /// # Errors
    /// The reason to close the connection: a length that no frame of this protocol has. The bytes may be another protocol's.
    fn frame_length(&self, head: &[u8]) -> Result<Option<usize>, FrameRefused>;
}

/// Bytes that are no frame of the protocol. The text names what they look like, never what they hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FrameRefused(pub String);

/// One client connection: frames in, steps out.
pub trait Session: Send {
    /// Takes a whole frame from the client, its length prefix included.
    ///
    /// # Errors
    /// The frame cannot be accepted; the connection is closed and nothing of it was forwarded.
    fn request(&mut self, frame: BytesMut, gate: &mut dyn Gate) -> Result<RequestStep, FrameRefused>;
    /// The client has shown who it is without this protocol's help, by a certificate. It may still log in; if it does not, its
    /// first request of any other kind comes back as [`RequestStep::Begin`].
    fn known_already(&mut self);

    /// Says how a login that `RequestStep::Authenticate` asked for ended; the answer goes to the client. After
    /// `RequestStep::Begin` nothing is to be answered.
    fn authenticated(&mut self, outcome: LoginOutcome<'_>) -> Bytes;
    /// Takes a whole frame from the broker, the answer to the request that made `slot`.
    ///
    /// # Errors
    /// The answer cannot be read, so it cannot be delivered.
    fn answer(&mut self, slot: Slot, frame: BytesMut, gate: &mut dyn Gate) -> Result<AnswerStep, FrameRefused>;
    /// The protocol's own retriable refusal of the request that made `slot`, for when its intent could not be recorded.
    fn retriable(&mut self, slot: &Slot) -> Option<Bytes>;
    /// What the client says of itself (name and version of its library, client id); personal data, for disclosures only.
    fn client(&self) -> ClientWords;
    /// What the client calls itself in this frame, which is about to be taken, if it called itself something else before.
    fn other_name(&self, _frame: &[u8]) -> Option<String> {
        None
    }
}

/// What a client says of itself; never believed, only recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientWords {
    /// The client id of its latest request.
    pub client_id: String,
    /// Library name and version.
    pub software: String,
}

/// What a session may ask while it reads a frame.
pub trait Gate {
    /// Whether the caller may do this. Each distinct question is remembered for the evidence of the frame at hand.
    fn allows(&mut self, action: Action, resource: Resource<'_>, partition: Option<i32>) -> bool;
    /// What the caller may be told of why it may not do this: what, by which rule, whom to ask. `None` where there is nothing to tell.
    /// `called` is the client's own name for the resource, perhaps an alias: it is told no other. Unlike a question this is not
    /// remembered: the question was asked before.
    fn refusal(
        &mut self,
        _action: Action,
        _resource: Resource<'_>,
        _partition: Option<i32>,
        _called: &str,
    ) -> Option<String> {
        None
    }
    /// Whether the caller may create a topic of this name: by the right to create any topic, or this one.
    fn creates(&mut self, topic: &str) -> bool {
        self.allows(Action::CreateAnyTopic, Resource::Cluster, None)
            || self.allows(Action::CreateTopic, Resource::Topic(topic), None)
    }
    /// Whether there are aliases at all: names that stand for topics that are called otherwise.
    fn has_aliases(&self) -> bool {
        false
    }
    /// The topic that a client means by `name`, if that is an alias. What is asked of [`Gate::allows`] is always the topic's own
    /// name: an alias by itself is refused.
    fn alias(&self, _name: &str) -> Option<Arc<str>> {
        None
    }
    /// Whether this topic has aliases.
    fn is_aliased(&self, _topic: &str) -> bool {
        false
    }
    /// A topic of the cluster is called like this alias, so that nobody can say which of both is meant: the operator has to know.
    fn alias_is_a_topic(&mut self, _alias: &str) {}
    /// Whether this writer may write the topic by this name. Brokers number a writer's batches by topic, clients by the name that
    /// they use: by a second name a writer's batches would be taken for repetitions and dropped. The first name holds.
    fn writes_as(&mut self, _writer: i64, _topic: &str, _name: &str) -> bool {
        true
    }
    /// Whether the caller may see that this group exists: by the right to describe the cluster, or the group.
    fn sees_group(&mut self, group: &str) -> bool {
        self.allows(Action::DescribeCluster, Resource::Cluster, None)
            || self.allows(Action::DescribeGroup, Resource::ConsumerGroup(group), None)
    }
    /// What the caller is shown of the records of this topic, by its own name.
    fn view(&mut self, _topic: &str) -> View<'_> {
        View::Plain
    }
    /// What is asked of records that are written to this topic, by its own name.
    fn asks(&mut self, _topic: &str) -> Asks<'_> {
        Asks::Nothing
    }
    /// What evidence keeps of records of this topic, by its own name.
    fn keeps(&mut self, _topic: &str) -> Keeps<'_> {
        Keeps::Nothing(Level::Digest)
    }
    /// Where records of this topic, by its own name, go that are refused for what is in them; `None` where they go nowhere.
    fn quarantine(&mut self, _topic: &str) -> Option<Quarantine<'_>> {
        None
    }
    /// Whether the caller is about to write faster than topics take it from one caller. If so, none of it may be written now; if not, all
    /// of it counts as written.
    fn too_fast(&mut self, _written: &[Written<'_>]) -> Option<TooFast> {
        None
    }
    /// Records of this partition cannot be shown to a caller who sees them masked: the operator has to know. `why` holds none of them.
    fn cannot_show(&mut self, _topic: &str, _partition: i32, _why: &str) {}
    /// Where the gate serves this broker, instead of the address that the broker gave; `None` when it cannot.
    fn endpoint(&mut self, node_id: i32, host: &str, port: u16) -> Option<Endpoint>;
    /// What [`Control`] last learned of the cluster; `None` before the first time.
    fn knowledge(&self) -> Option<Arc<dyn Any + Send + Sync>>;
    /// The most bytes of records that one answer should carry.
    fn answer_bytes_target(&self) -> i32;
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;
}

/// Records that a caller is about to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// To this topic, by its own name.
    pub topic: &'a str,
    /// So many.
    pub records: u64,
    /// Of so many bytes, as they came: compressed, if they are.
    pub bytes: u64,
}

/// What is said to who writes too fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooFast {
    /// The bound that was met, for people.
    pub why: String,
    /// It may write again after this.
    pub wait: Duration,
}

/// An address of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address literal that clients can reach.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// What is to be done with a request.
#[derive(Debug)]
pub enum RequestStep {
    /// The gate answers by itself.
    Answer {
        /// The whole answer frame.
        frame: Bytes,
        /// What was asked.
        facts: Facts,
        /// Deliver no sooner than after this, so that a refused poll does not spin.
        delay: Duration,
    },
    /// The client presents a credential; the data path verifies it and calls [`Session::authenticated`].
    Authenticate(Credential),
    /// The first request of a client that need not log in. Once it is accepted, the same frame is handed in again.
    Begin(BytesMut),
    /// To the broker, whose answer belongs to `slot`.
    Forward {
        /// What goes to the broker: the very bytes that came, unless something had to change.
        frame: Bytes,
        /// What came, if it differs from what goes out.
        received: Option<Bytes>,
        /// What was asked.
        facts: Facts,
        /// Handed to [`Session::answer`].
        slot: Slot,
    },
    /// To the broker, which will not answer.
    ForwardUnanswered {
        /// What goes to the broker; `None` when nothing of it is allowed.
        frame: Option<Bytes>,
        /// What came, if it differs from what goes out.
        received: Option<Bytes>,
        /// What was asked.
        facts: Facts,
        /// Close afterwards, the protocol's only way to tell the client that something was refused.
        close: bool,
    },
}

/// A credential as it came.
pub struct Credential {
    /// The SASL mechanism.
    pub mechanism: Mechanism,
    /// The mechanism's first message, or the next one after [`LoginOutcome::Continue`].
    pub message: BytesMut,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

/// The SASL mechanisms that a gate takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 7628
    OauthBearer,
    /// RFC 4616: user `token` and a JWT as password, or name and password of a service account.
    Plain,
    /// RFC 7677, a service account.
    ScramSha256,
    /// The same with SHA-512.
    ScramSha512,
}

/// What came of a credential.
#[derive(Clone, Copy, Debug)]
pub enum LoginOutcome<'a> {
    /// The mechanism has another round: these bytes go to the client, whose answer comes as another credential.
    Continue(&'a [u8]),
    /// The caller is known for this long.
    Accepted {
        /// Milliseconds until the session must be authenticated anew (KIP-368).
        lifetime_ms: u64,
        /// The mechanism's last words to the client; most have none.
        last_words: &'a [u8],
    },
    /// The credential was refused; the text is safe to show.
    Refused(&'a str),
}

/// What a session remembers of a request until its answer comes.
#[derive(Debug)]
pub struct Slot {
    /// The API key or the protocol's like of it.
    pub api_key: i16,
    /// The version that the client chose.
    pub api_version: i16,
    /// The client's number for the request.
    pub correlation_id: i32,
    /// The protocol's own memory.
    pub state: Option<Box<dyn Any + Send>>,
}

/// What is to be done with an answer.
#[derive(Debug)]
pub struct AnswerStep {
    /// What came, if it differs from what goes out.
    pub received: Option<Bytes>,
    /// What goes to the client.
    pub frame: Bytes,
    /// What it tells.
    pub facts: Facts,
    /// Nothing was disclosed or changed: counted, not recorded one by one.
    pub quiet: bool,
}

/// What an operation does on the broker; decides which leaves it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Something on the broker changes: intent before it is forwarded, outcome before delivery.
    Changes,
    /// Only reads: one outcome, before delivery.
    Reads,
}

/// What a frame asks or tells, for evidence and metrics; never a payload.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The operation's name.
    pub operation: &'static str,
    /// Its key.
    pub api_key: i16,
    /// The version in use.
    pub api_version: i16,
    /// The client's number for it.
    pub correlation_id: i32,
    /// What it does.
    pub effect: Effect,
    /// The topics that it names.
    pub topics: Vec<TopicUse>,
    /// The partitions of these topics.
    pub partitions: Vec<PartitionUse>,
    /// What was met in records that a mask was over; each of a partition in `partitions`.
    pub masks: Vec<MaskUse>,
    /// What evidence keeps of its records.
    pub kept: KeptRecords,
    /// Copies of records that it was refused for, which the gate writes before the refusal is told.
    pub quarantined: Vec<Quarantined>,
    /// The aliases by which the client called topics; everything else says the topics' own names.
    pub aliases: Vec<AliasUse>,
    /// The error that the whole answer carries; 0 for none.
    pub error: i16,
    /// At least one part was refused by policy.
    pub refused: bool,
}

impl Facts {
    /// Of an operation that nothing is known of yet but what it is.
    #[must_use]
    pub fn new(
        operation: &'static str,
        (api_key, api_version): (i16, i16),
        correlation_id: i32,
        effect: Effect,
    ) -> Self {
        Self {
            operation,
            api_key,
            api_version,
            correlation_id,
            effect,
            topics: Vec::new(),
            partitions: Vec::new(),
            masks: Vec::new(),
            kept: KeptRecords::default(),
            quarantined: Vec::new(),
            aliases: Vec::new(),
            error: 0,
            refused: false,
        }
    }
}

/// A topic that an operation names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicUse {
    /// Its name.
    pub name: String,
    /// The id of the life that it has now, where known.
    pub id: Option<[u8; 16]>,
}

/// A topic that the client called by an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasUse {
    /// What the client called it.
    pub alias: String,
    /// The topic's own name.
    pub topic: String,
}

/// What happens to one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionUse {
    /// Position in [`Facts::topics`].
    pub topic: usize,
    /// The partition's index.
    pub partition: i32,
    /// First offset delivered or written; −1 unknown or none.
    pub first_offset: i64,
    /// Last offset; −1 unknown or none.
    pub last_offset: i64,
    /// Records, as the batch headers say. None with bytes: the beginning of a batch that the broker cut, whose offsets these are.
    pub records: u64,
    /// Bytes of records.
    pub bytes: u64,
    /// The partition's error; 0 for none.
    pub error: i16,
}

/// The gate's own conversation with a cluster over one connection, request by request.
pub trait Control: Send {
    /// The next request; the first one after a connection opens is the first of a round.
    fn request(&mut self) -> Bytes;
    /// Takes the answer. `Some` ends the round.
    ///
    /// # Errors
    /// The answer cannot be read; the connection is dropped and the round begins anew.
    fn answer(&mut self, frame: &[u8]) -> Result<Option<Learned>, FrameRefused>;
}

/// What a round of [`Control`] learned.
#[derive(Clone)]
pub struct Learned {
    /// For [`Gate::knowledge`].
    pub knowledge: Arc<dyn Any + Send + Sync>,
    /// The brokers: node id, host, port.
    pub brokers: Vec<(i32, String, u16)>,
}

impl std::fmt::Debug for Learned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learned").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

/// The gate's own writing to a cluster's topics, one request at a time. It knows what it asked last, whatever the connection.
pub trait Producer: Send {
    /// Asks who leads the partitions of a topic. It makes no topic.
    fn find(&mut self, topic: &str) -> Bytes;
    /// Takes the answer.
    ///
    /// # Errors
    /// The answer cannot be read.
    fn found(&mut self, frame: &[u8]) -> Result<Led, FrameRefused>;
    /// Writes the copy to this partition of its topic, which has this id. Also what the request is, for evidence.
    fn write(&mut self, copy: &Quarantined, topic_id: Option<[u8; 16]>, partition: i32) -> (Bytes, Facts);
    /// Takes the answer.
    ///
    /// # Errors
    /// The answer cannot be read.
    fn written(&mut self, frame: &[u8]) -> Result<Acked, FrameRefused>;
}

/// What came of writing.
#[derive(Clone, Debug)]
pub struct Acked {
    /// For evidence.
    pub facts: Facts,
    /// Why it was not written, if it was not, with what helps; and whether that may be gone the next time.
    pub refused: Option<(String, bool)>,
}

/// Who leads a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Led {
    /// The id of the topic's present life, where known.
    pub topic_id: Option<[u8; 16]>,
    /// Partition, host and port of each leader, by partition; none where there is no topic of this name.
    pub leaders: Vec<(i32, String, u16)>,
}
