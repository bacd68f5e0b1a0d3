//! Reads each request that the gate serves, asks for the rights it needs, and says what goes to the broker.

mod list;
mod metadata;
mod single;
mod topics;
mod written;

pub(crate) use list::config_type;

use std::collections::HashSet;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tidegate_model::{Facts, Gate, PartitionUse, RequestStep, Slot, TopicUse};

use crate::alias::{self, Groups, Used};
use crate::classify::Api;
use crate::control::Knowledge;
use crate::encode::{self, Fields};
use crate::error::ProtocolError;
use crate::header;
use crate::schema::{Direction, Message, message};
use crate::shape::Refusals;
use crate::splice::Splice;
use crate::walk::Walker;
use crate::words::Words;

/// Error codes that the gate itself gives; Kafka's protocol guide lists them all.
pub mod code {
    /// CORRUPT_MESSAGE
    pub const CORRUPT_MESSAGE: i16 = 2;
    /// LEADER_NOT_AVAILABLE: retriable in answers to Metadata.
    pub const LEADER_NOT_AVAILABLE: i16 = 5;
    /// NOT_COORDINATOR's retriable neighbour: the coordinator is loading.
    pub const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
    /// COORDINATOR_NOT_AVAILABLE: clients look the coordinator up and try again.
    pub const COORDINATOR_NOT_AVAILABLE: i16 = 15;
    /// NOT_ENOUGH_REPLICAS: retriable, and says that nothing was written.
    pub const NOT_ENOUGH_REPLICAS: i16 = 19;
    /// TOPIC_AUTHORIZATION_FAILED
    pub const TOPIC: i16 = 29;
    /// GROUP_AUTHORIZATION_FAILED
    pub const GROUP: i16 = 30;
    /// CLUSTER_AUTHORIZATION_FAILED
    pub const CLUSTER: i16 = 31;
    /// NOT_CONTROLLER: retriable for requests that controllers serve.
    pub const NOT_CONTROLLER: i16 = 41;
    /// INVALID_REQUEST
    pub const INVALID_REQUEST: i16 = 42;
    /// CONCURRENT_TRANSACTIONS: retriable within a transaction.
    pub const CONCURRENT_TRANSACTIONS: i16 = 51;
    /// TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    pub const TRANSACTIONAL_ID: i16 = 53;
    /// OPERATION_NOT_ATTEMPTED
    pub const NOT_ATTEMPTED: i16 = 55;
    /// FETCH_SESSION_ID_NOT_FOUND
    pub const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
    /// INVALID_RECORD
    pub const INVALID_RECORD: i16 = 87;
    /// MISMATCHED_ENDPOINT_TYPE: a broker was asked for controllers.
    pub const MISMATCHED_ENDPOINT_TYPE: i16 = 114;
    /// UNSUPPORTED_ENDPOINT_TYPE
    pub const UNSUPPORTED_ENDPOINT_TYPE: i16 = 115;

    /// Whether it says that the policy refused something.
    pub(crate) fn is_refusal(code: i16) -> bool {
        [TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID].contains(&code)
    }
}

/// Topics that only brokers write. A broker lets a client with a certain client id write them; the gate lets nobody.
pub(crate) const INTERNAL_TOPICS: &[&str] =
    &["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"];

/// A request whose header has been read.
#[derive(Debug)]
pub struct Request {
    /// The table row of its key.
    pub api: &'static Api,
    /// Its version.
    pub version: i16,
    /// The client's number for it.
    pub correlation_id: i32,
    /// All of it.
    pub frame: BytesMut,
    /// Where its body begins.
    pub body: usize,
    /// What came, where topics' own names were put in the place of aliases since.
    pub(crate) received: Option<Bytes>,
    /// Those aliases.
    pub(crate) aliases: Used,
}

/// What the gate remembers of a forwarded request until its answer comes.
#[derive(Debug, Default)]
pub struct Pending {
    /// Refused partitions, to be put into the answer.
    pub(crate) refusals: Refusals,
    /// Refused elements of a list, with what kind of thing each is.
    pub(crate) names: Vec<(i64, String)>,
    /// What is said about them.
    pub(crate) words: Words,
    /// Groups of which all offsets were asked for, or the empty name when the request can ask for all only once: what the caller may
    /// not see of these is left out rather than refused.
    pub(crate) everything: HashSet<String>,
    /// What the request named, for the outcome's evidence and to see that the answer names nothing else.
    pub(crate) topics: Vec<TopicUse>,
    pub(crate) partitions: Vec<PartitionUse>,
    /// The aliases by which it called topics: the answer calls them so too.
    pub(crate) aliases: Used,
    /// This request changes something although its kind only reads: a Metadata that creates topics.
    pub(crate) changes: bool,
}

/// Decides a request.
///
/// # Errors
/// The request is malformed, or nothing of its kind is taken from clients.
pub(crate) fn decide(request: Request, groups: &mut Groups, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    if !gate.has_aliases() && groups.is_empty() {
        return by_own_names(request, gate);
    }
    match request.api.key {
        11 => alias::join(request, groups, gate),
        14 => alias::sync(request, groups, gate),
        // The names are looked at while it is decided, so that who uses no alias pays nothing for those who do.
        0 | 1 | 2 | 8 | 23 | 24 | 28 | 61 => match topics::decide(request, true, gate)? {
            Read::Step(step) => Ok(step),
            Read::NamesAlias(request) => by_own_names(alias::route(request, gate)?, gate),
        },
        _ => by_own_names(alias::route(request, gate)?, gate),
    }
}

/// What came of reading a request.
enum Read {
    Step(RequestStep),
    /// It was left as it is, since it names an alias.
    NamesAlias(Request),
}

/// Decides a request that calls topics by their own names. An alias in it is refused like any name that nobody may use.
pub(crate) fn by_own_names(request: Request, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    match request.api.key {
        0 | 1 | 2 | 8 | 23 | 24 | 28 | 61 => match topics::decide(request, false, gate)? {
            Read::Step(step) => Ok(step),
            Read::NamesAlias(_) => Err(ProtocolError::Refused("a request names an alias that nobody looked for")),
        },
        3 => metadata::decide(request, gate),
        9 | 10 | 15 | 19 | 32 | 65 => list::decide(request, gate),
        11..=14 | 16 | 22 | 25 | 26 | 35 | 46 | 48 | 55 | 60 | 66 => single::decide(request, gate),
        api_key => Err(ProtocolError::Unsupported { api_key, version: request.version }),
    }
}

impl Request {
    pub(crate) fn message(&self, direction: Direction) -> Result<&'static Message, ProtocolError> {
        message(self.api.key, direction)
            .ok_or(ProtocolError::Unsupported { api_key: self.api.key, version: self.version })
    }

    pub(crate) fn walker(&self) -> Result<Walker<'_>, ProtocolError> {
        Walker::new(self.message(Direction::Request)?, self.version, self.frame.get(self.body..).unwrap_or_default())
    }

    pub(crate) fn facts(&self) -> Facts {
        let aliases = self.aliases.uses();
        let facts = Facts::new(self.api.name, (self.api.key, self.version), self.correlation_id, self.api.effect);
        Facts { aliases, ..facts }
    }

    /// An answer of the gate's own.
    pub(crate) fn refuse(
        self,
        fields: &Fields,
        mut facts: Facts,
        delay: Duration,
    ) -> Result<RequestStep, ProtocolError> {
        facts.refused = true;
        Ok(RequestStep::Answer { frame: answer(&self, fields)?, facts, delay })
    }

    /// To the broker, changed where `splice` says so.
    fn forward(mut self, splice: Splice, facts: Facts, mut pending: Pending) -> RequestStep {
        pending.aliases = std::mem::take(&mut self.aliases);
        let slot = Slot {
            api_key: self.api.key,
            api_version: self.version,
            correlation_id: self.correlation_id,
            state: Some(Box::new(pending)),
        };
        let (frame, received) = self.spliced(splice);
        RequestStep::Forward { frame, received, facts, slot }
    }

    fn spliced(self, splice: Splice) -> (Bytes, Option<Bytes>) {
        let frame = self.frame.freeze();
        if splice.is_empty() {
            return (frame, self.received);
        }
        let (head, body) = frame.split_at_checked(self.body).unwrap_or((&[], &[]));
        let changed = splice.apply(head, body);
        (changed, Some(self.received.unwrap_or(frame)))
    }

    /// The same request with topics' own names in the place of `aliases`, as `splice` puts them.
    pub(crate) fn renamed(self, splice: Splice, aliases: Used) -> Self {
        let came = self.frame.freeze();
        let (head, body) = came.split_at_checked(self.body).unwrap_or((&[], &[]));
        let frame = BytesMut::from(splice.apply(head, body));
        Self { frame, received: Some(came), aliases, ..self }
    }
}

/// Encodes an answer to `request`.
fn answer(request: &Request, fields: &Fields) -> Result<Bytes, ProtocolError> {
    let mut frame = header::response_prefix(request.api.key, request.version, request.correlation_id);
    let body_at = frame.len();
    encode::message(&mut frame, request.message(Direction::Response)?, request.version, fields);
    header::seal(&mut frame);
    request.aliases.back(frame.into(), body_at, (request.api.key, request.version), &HashSet::new())
}

/// What the control connection knows, if anything yet.
pub(crate) fn knowledge(gate: &dyn Gate) -> Option<std::sync::Arc<Knowledge>> {
    gate.knowledge()?.downcast::<Knowledge>().ok()
}

/// Fills in the ids of topics that the gate knows.
pub(crate) fn identify(topics: &mut [TopicUse], gate: &dyn Gate) {
    if topics.is_empty() {
        return;
    }
    if let Some(knowledge) = knowledge(gate) {
        for topic in topics.iter_mut().filter(|t| t.id.is_none()) {
            topic.id = knowledge.topic_id(&topic.name);
        }
    }
}
