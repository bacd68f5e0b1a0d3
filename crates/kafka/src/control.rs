//! The gate's own conversation with a cluster: which versions its brokers speak, which brokers there are, which topics.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tidegate_model::{Control, FrameRefused, Learned};

use crate::encode::{self, Fields, Value};
use crate::error::ProtocolError;
use crate::header;
use crate::schema::messages::{
    api_versions_request, api_versions_response as versions, metadata_request, metadata_response as metadata,
};
use crate::schema::{Direction, message};
use crate::walk::{Event, Scalar, Walker};

/// What the gate knows of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Key, lowest and highest version that the brokers speak.
    pub versions: Vec<(i16, i16, i16)>,
    /// Supported features: name, lowest and highest level.
    pub supported: Vec<(String, i16, i16)>,
    /// Finalized features: name, highest and lowest level.
    pub finalized: Vec<(String, i16, i16)>,
    /// Epoch of the finalized features; −1 unknown.
    pub finalized_epoch: i64,
    /// Topics with the id of their present life.
    pub topics: HashMap<String, [u8; 16]>,
    /// Topics that answers to clients told of since, which are newer.
    pub seen: Seen,
    /// Host names of the brokers, which no client may see.
    pub hosts: HashSet<String>,
}

/// Topics with their ids from answers to clients: a topic that was made or made anew is used before the gate asks again.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<HashMap<String, [u8; 16]>>>);

/// Topics that are remembered from answers until the gate asks again.
const SEEN_MAX: usize = 10_000;

impl Seen {
    fn with<T>(&self, read: impl FnOnce(&mut HashMap<String, [u8; 16]>) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Knowledge {
    /// The versions of `key` that the brokers speak.
    #[must_use]
    pub fn speaks(&self, key: i16) -> Option<(i16, i16)> {
        self.versions.iter().find(|(k, ..)| *k == key).map(|(_, min, max)| (*min, *max))
    }

    /// The topic's id, unless unknown or zero.
    #[must_use]
    pub fn topic_id(&self, name: &str) -> Option<[u8; 16]> {
        let seen = self.seen.with(|seen| seen.get(name).copied());
        seen.or_else(|| self.topics.get(name).copied()).filter(|id| *id != [0; 16])
    }

    /// Takes what an answer to a client says of a topic.
    pub(crate) fn saw(&self, name: &str, id: [u8; 16]) {
        if id == [0; 16] || self.topic_id(name) == Some(id) {
            return;
        }
        self.seen.with(|seen| {
            if seen.len() < SEEN_MAX || seen.contains_key(name) {
                seen.insert(name.to_owned(), id);
            }
        });
    }

    /// Whether there is a topic of this name.
    pub(crate) fn has_topic(&self, name: &str) -> bool {
        self.topics.contains_key(name) || self.seen.with(|seen| seen.contains_key(name))
    }

    /// The names of all topics.
    pub(crate) fn names(&self) -> Vec<String> {
        let seen = self.seen.with(|seen| seen.keys().cloned().collect::<Vec<_>>());
        self.topics.keys().cloned().chain(seen).collect()
    }

    /// The name of the topic with this id.
    #[must_use]
    pub fn topic_name(&self, id: &[u8; 16]) -> Option<&str> {
        self.topics.iter().find(|(_, known)| *known == id).map(|(name, _)| name.as_str())
    }
}

const API_VERSIONS: i16 = 18;
const METADATA: i16 = 3;
const CLIENT_ID: &str = "tidegate-control";
/// First with topic ids; every broker from 2.8 on speaks it.
const METADATA_VERSION: i16 = 12;
const API_VERSIONS_VERSION: i16 = 3;

/// Asks ApiVersions, then Metadata for all topics, over and over.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    correlation_id: i32,
    waits_for: i16,
    learning: Knowledge,
}

impl Control for Conversation {
    fn request(&mut self) -> Bytes {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let (key, version, fields) = if self.waits_for == METADATA {
            let fields = vec![
                (metadata_request::TOPICS, Value::Null),
                (metadata_request::ALLOW_AUTO_TOPIC_CREATION, Value::Int(0)),
            ];
            (METADATA, METADATA_VERSION, fields)
        } else {
            self.waits_for = API_VERSIONS;
            let fields = vec![
                (api_versions_request::CLIENT_SOFTWARE_NAME, Value::Text("tidegate".into())),
                (api_versions_request::CLIENT_SOFTWARE_VERSION, Value::Text(env!("CARGO_PKG_VERSION").into())),
            ];
            (API_VERSIONS, API_VERSIONS_VERSION, fields)
        };
        own_request((key, version), self.correlation_id, CLIENT_ID, &fields)
    }

    fn answer(&mut self, frame: &[u8]) -> Result<Option<Learned>, FrameRefused> {
        if self.waits_for == API_VERSIONS {
            self.learning = read_versions(frame, self.correlation_id)?;
            self.waits_for = METADATA;
            return Ok(None);
        }
        self.waits_for = API_VERSIONS;
        let brokers = read_metadata(frame, self.correlation_id, &mut self.learning)?;
        Ok(Some(Learned { knowledge: Arc::new(std::mem::take(&mut self.learning)), brokers }))
    }
}

/// A request of the gate's own.
pub(crate) fn own_request((key, version): (i16, i16), correlation_id: i32, client_id: &str, fields: &Fields) -> Bytes {
    let mut frame = header::request_prefix(key, version, correlation_id, client_id);
    if let Some(described) = message(key, Direction::Request) {
        encode::message(&mut frame, described, version, fields);
    }
    header::seal(&mut frame);
    frame.into()
}

/// Reads the answer to one.
pub(crate) fn own_answer(
    (key, version): (i16, i16),
    correlation_id: i32,
    frame: &[u8],
) -> Result<Walker<'_>, ProtocolError> {
    let body = header::response(frame, key, version, correlation_id)?;
    let unsupported = ProtocolError::Unsupported { api_key: key, version };
    let described = message(key, Direction::Response).ok_or(unsupported)?;
    Walker::new(described, version, frame.get(body..).unwrap_or_default())
}

fn read_versions(frame: &[u8], correlation_id: i32) -> Result<Knowledge, ProtocolError> {
    let mut walker = own_answer((API_VERSIONS, API_VERSIONS_VERSION), correlation_id, frame)?;
    let mut learned = Knowledge { finalized_epoch: -1, ..Knowledge::default() };
    let mut name = String::new();
    let (mut first, mut second, mut key) = (0, 0, 0);
    while let Some(event) = walker.next()? {
        match event {
            Event::Scalar { field, value: Scalar::Int(number), .. } => match field.id {
                versions::ERROR_CODE if number != 0 => {
                    return Err(ProtocolError::Refused(
                        "the broker refused ApiVersions version 3: Kafka 2.4 or newer is needed",
                    ));
                }
                versions::API_KEYS__API_KEY => key = small(number),
                versions::API_KEYS__MIN_VERSION
                | versions::SUPPORTED_FEATURES__MIN_VERSION
                | versions::FINALIZED_FEATURES__MAX_VERSION_LEVEL => first = small(number),
                versions::API_KEYS__MAX_VERSION
                | versions::SUPPORTED_FEATURES__MAX_VERSION
                | versions::FINALIZED_FEATURES__MIN_VERSION_LEVEL => second = small(number),
                versions::FINALIZED_FEATURES_EPOCH => learned.finalized_epoch = number,
                _ => {}
            },
            Event::Scalar { value: Scalar::String(Some(text)), .. } => text.clone_into(&mut name),
            Event::ElementEnd { field, .. } => match field.id {
                versions::API_KEYS => learned.versions.push((key, first, second)),
                versions::SUPPORTED_FEATURES => learned.supported.push((name.clone(), first, second)),
                versions::FINALIZED_FEATURES => learned.finalized.push((name.clone(), first, second)),
                _ => {}
            },
            _ => {}
        }
    }
    Ok(learned)
}

fn read_metadata(
    frame: &[u8],
    correlation_id: i32,
    learned: &mut Knowledge,
) -> Result<Vec<(i32, String, u16)>, ProtocolError> {
    let mut walker = own_answer((METADATA, METADATA_VERSION), correlation_id, frame)?;
    let mut brokers = Vec::new();
    let (mut node_id, mut host, mut port) = (0, String::new(), 0);
    let (mut topic, mut id) = (String::new(), [0; 16]);
    while let Some(event) = walker.next()? {
        match event {
            Event::Scalar { field, value, .. } => match (field.id, value) {
                (metadata::BROKERS__NODE_ID, Scalar::Int(number)) => node_id = i32::try_from(number).unwrap_or(-1),
                (metadata::BROKERS__HOST, Scalar::String(Some(text))) => text.clone_into(&mut host),
                (metadata::BROKERS__PORT, Scalar::Int(number)) => port = u16::try_from(number).unwrap_or(0),
                (metadata::TOPICS__NAME, Scalar::String(Some(text))) => text.clone_into(&mut topic),
                (metadata::TOPICS__TOPIC_ID, Scalar::Uuid(uuid)) => id = uuid,
                _ => {}
            },
            Event::ElementEnd { field, .. } if field.id == metadata::BROKERS => {
                learned.hosts.insert(host.clone());
                brokers.push((node_id, host.clone(), port));
            }
            Event::ElementEnd { field, .. } if field.id == metadata::TOPICS => {
                learned.topics.insert(std::mem::take(&mut topic), id);
            }
            _ => {}
        }
    }
    Ok(brokers)
}

fn small(number: i64) -> i16 {
    i16::try_from(number).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(key: i16, version: i16, correlation_id: i32, fields: &Fields) -> Vec<u8> {
        let mut frame = header::response_prefix(key, version, correlation_id);
        encode::message(&mut frame, message(key, Direction::Response).unwrap(), version, fields);
        header::seal(&mut frame);
        frame
    }

    fn asked(frame: &[u8]) -> (i16, i16, i32) {
        let header = header::request(frame).unwrap();
        let mut walker = Walker::new(
            message(header.api_key, Direction::Request).unwrap(),
            header.api_version,
            &frame[header.body..],
        )
        .unwrap();
        while let Some(event) = walker.next().unwrap() {
            // The gate itself must not make topics by asking for them.
            if let Event::Scalar { field, value, .. } = event
                && field.id == metadata_request::ALLOW_AUTO_TOPIC_CREATION
                && header.api_key == METADATA
            {
                assert_eq!(value, Scalar::Int(0));
            }
        }
        (header.api_key, header.api_version, header.correlation_id)
    }

    fn versions_answer(correlation_id: i32) -> Vec<u8> {
        let int = |n: i64| Value::Int(n);
        let key = |key, min, max| {
            vec![
                (versions::API_KEYS__API_KEY, int(key)),
                (versions::API_KEYS__MIN_VERSION, int(min)),
                (versions::API_KEYS__MAX_VERSION, int(max)),
            ]
        };
        let finalized = vec![
            (versions::FINALIZED_FEATURES__NAME, Value::Text("transaction.version".into())),
            (versions::FINALIZED_FEATURES__MAX_VERSION_LEVEL, int(2)),
            (versions::FINALIZED_FEATURES__MIN_VERSION_LEVEL, int(1)),
        ];
        let supported = vec![
            (versions::SUPPORTED_FEATURES__NAME, Value::Text("kraft.version".into())),
            (versions::SUPPORTED_FEATURES__MIN_VERSION, int(0)),
            (versions::SUPPORTED_FEATURES__MAX_VERSION, int(1)),
        ];
        let fields = vec![
            (versions::API_KEYS, Value::List(vec![key(0, 3, 13), key(1, 4, 18)])),
            (versions::SUPPORTED_FEATURES, Value::List(vec![supported])),
            (versions::FINALIZED_FEATURES_EPOCH, int(12)),
            (versions::FINALIZED_FEATURES, Value::List(vec![finalized])),
        ];
        answer(API_VERSIONS, API_VERSIONS_VERSION, correlation_id, &fields)
    }

    #[test]
    fn a_round_learns_versions_brokers_and_topics() {
        let mut conversation = Conversation::default();
        for round in 0..2 {
            assert_eq!(asked(&conversation.request()), (18, 3, 1 + 2 * round));
            assert!(conversation.answer(&versions_answer(1 + 2 * round)).unwrap().is_none());
            assert_eq!(asked(&conversation.request()), (3, 12, 2 + 2 * round));
            let broker = vec![
                (metadata::BROKERS__NODE_ID, Value::Int(4)),
                (metadata::BROKERS__HOST, Value::Text("kafka-4".into())),
                (metadata::BROKERS__PORT, Value::Int(9092)),
            ];
            let topic = vec![
                (metadata::TOPICS__NAME, Value::Text("orders".into())),
                (metadata::TOPICS__TOPIC_ID, Value::Uuid([7; 16])),
            ];
            let fields =
                vec![(metadata::BROKERS, Value::List(vec![broker])), (metadata::TOPICS, Value::List(vec![topic]))];
            let frame = answer(METADATA, METADATA_VERSION, 2 + 2 * round, &fields);
            let learned = conversation.answer(&frame).unwrap().unwrap();
            assert_eq!(learned.brokers, [(4, "kafka-4".to_owned(), 9092)]);
            let known = learned.knowledge.downcast::<Knowledge>().unwrap();
            assert_eq!(known.versions, [(0, 3, 13), (1, 4, 18)]);
            assert_eq!(known.speaks(1), Some((4, 18)));
            assert_eq!(known.supported, [("kraft.version".to_owned(), 0, 1)]);
            assert_eq!(known.finalized, [("transaction.version".to_owned(), 2, 1)]);
            assert_eq!(known.finalized_epoch, 12);
            assert_eq!(known.topic_id("orders"), Some([7; 16]));
            assert_eq!(known.topic_name(&[7; 16]), Some("orders"));
            assert!(known.hosts.contains("kafka-4"));
        }
    }

    #[test]
    fn what_an_answer_told_of_a_topic_is_newer_than_the_last_round() {
        let known = Knowledge { topics: HashMap::from([("orders".into(), [7; 16])]), ..Knowledge::default() };
        known.saw("orders", [8; 16]);
        known.saw("made-just-now", [9; 16]);
        known.saw("without-id", [0; 16]);
        assert_eq!((known.topic_id("orders"), known.topic_id("made-just-now")), (Some([8; 16]), Some([9; 16])));
        assert!(
            known.names().contains(&"made-just-now".to_owned()) && !known.names().contains(&"without-id".to_owned())
        );
    }

    #[test]
    fn answers_out_of_step_or_with_errors_are_refused() {
        let mut conversation = Conversation::default();
        conversation.request();
        assert!(conversation.answer(&versions_answer(9)).is_err());
        let mut conversation = Conversation::default();
        conversation.request();
        let error = vec![(versions::ERROR_CODE, Value::Int(35))];
        assert!(conversation.answer(&answer(API_VERSIONS, API_VERSIONS_VERSION, 1, &error)).is_err());
        assert!(Conversation::default().answer(&[0; 3]).is_err());
    }
}
