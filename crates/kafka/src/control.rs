//! The gate's own conversation with a cluster: which versions its brokers speak, which brokers there are, which topics.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use tidegate_model::{Control, FrameRefused, Learned};

use crate::encode::{self, Value};
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
    /// Host names of the brokers, which no client may see.
    pub hosts: HashSet<String>,
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
        self.topics.get(name).copied().filter(|id| *id != [0; 16])
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
        let mut frame = header::request_prefix(key, version, self.correlation_id, CLIENT_ID);
        if let Some(described) = message(key, Direction::Request) {
            encode::message(&mut frame, described, version, &fields);
        }
        header::seal(&mut frame);
        frame.into()
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

fn read_versions(frame: &[u8], correlation_id: i32) -> Result<Knowledge, ProtocolError> {
    let body = header::response(frame, API_VERSIONS, API_VERSIONS_VERSION, correlation_id)?;
    let mut walker = walker(API_VERSIONS, API_VERSIONS_VERSION, frame.get(body..).unwrap_or_default())?;
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
    let body = header::response(frame, METADATA, METADATA_VERSION, correlation_id)?;
    let mut walker = walker(METADATA, METADATA_VERSION, frame.get(body..).unwrap_or_default())?;
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

fn walker(key: i16, version: i16, body: &[u8]) -> Result<Walker<'_>, ProtocolError> {
    let Some(described) = message(key, Direction::Response) else {
        return Err(ProtocolError::Unsupported { api_key: key, version });
    };
    Walker::new(described, version, body)
}

fn small(number: i64) -> i16 {
    i16::try_from(number).unwrap_or(-1)
}
