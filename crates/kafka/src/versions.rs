//! ApiVersions: what the gate offers is what the brokers, the gate's table and the listener all have.
//!
//! Source: KIP-511 (answers to unknown versions), KIP-584 (features), KAFKA-18659 (why Produce is said to begin at 0).

use bytes::Bytes;

use crate::classify::{APIS, Serve};
use crate::control::Knowledge;
use crate::encode::{self, Fields, Value};
use crate::header;
use crate::schema::messages::api_versions_response as response;
use crate::schema::{Direction, message};

const API_VERSIONS: i16 = 18;
const UNSUPPORTED_VERSION: i64 = 35;
const INVALID_REQUEST: i64 = 42;

/// Features whose APIs the gate does not serve: left out, so that no client turns them on.
const HIDDEN_FEATURES: &[&str] = &["group.version", "share.version", "streams.version"];

/// Produce, EndTxn and TxnOffsetCommit with the versions that `transaction.version` 2 needs.
const SECOND_TRANSACTIONS: &[(i16, i16)] = &[(0, 12), (26, 5), (28, 5)];

/// The answer to a version that the gate has: keys and features.
#[must_use]
pub fn answer(version: i16, correlation_id: i32, knowledge: &Knowledge) -> Bytes {
    let fields = vec![
        (response::API_KEYS, Value::List(offered(knowledge))),
        (response::SUPPORTED_FEATURES, Value::List(supported(version, knowledge))),
        (response::FINALIZED_FEATURES_EPOCH, Value::Int(knowledge.finalized_epoch)),
        (response::FINALIZED_FEATURES, Value::List(finalized(knowledge))),
    ];
    frame(version, correlation_id, &fields)
}

/// The answer to a version that the gate does not have: version 0, naming only ApiVersions itself.
#[must_use]
pub fn unsupported(correlation_id: i32) -> Bytes {
    let highest = APIS.iter().find(|a| a.key == API_VERSIONS).map_or(0, |a| a.max);
    let keys = vec![key(API_VERSIONS, 0, highest)];
    frame(
        0,
        correlation_id,
        &vec![(response::ERROR_CODE, Value::Int(UNSUPPORTED_VERSION)), (response::API_KEYS, Value::List(keys))],
    )
}

/// The answer to a software name or version that no client may have.
#[must_use]
pub fn invalid(version: i16, correlation_id: i32) -> Bytes {
    frame(version, correlation_id, &vec![(response::ERROR_CODE, Value::Int(INVALID_REQUEST))])
}

/// What KIP-511 allows as name or version of a client's software.
#[must_use]
pub fn is_valid_software(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let bytes = text.as_bytes();
    bytes.iter().all(|b| inner(*b))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

fn offered(knowledge: &Knowledge) -> Vec<Fields> {
    let mut keys = Vec::new();
    for api in APIS {
        match api.serve {
            Serve::Refused(_) => {}
            Serve::Here => keys.push(key(api.key, api.min, api.max)),
            Serve::Through => {
                let Some((min, max)) = knowledge.speaks(api.key) else { continue };
                let (min, max) = (min.max(api.min), max.min(api.max));
                if min <= max {
                    // Old librdkafka takes a Produce that does not begin at 0 for a broker without compression; versions below 3
                    // are refused when they come.
                    keys.push(key(api.key, if api.key == 0 { 0 } else { min }, max));
                }
            }
        }
    }
    keys
}

fn key(api_key: i16, min: i16, max: i16) -> Fields {
    vec![
        (response::API_KEYS__API_KEY, Value::Int(i64::from(api_key))),
        (response::API_KEYS__MIN_VERSION, Value::Int(i64::from(min))),
        (response::API_KEYS__MAX_VERSION, Value::Int(i64::from(max))),
    ]
}

fn supported(version: i16, knowledge: &Knowledge) -> Vec<Fields> {
    knowledge
        .supported
        .iter()
        // Before version 4 a client may refuse a feature that begins at 0 (KAFKA-17011).
        .filter(|(name, min, _)| !HIDDEN_FEATURES.contains(&name.as_str()) && (version >= 4 || *min > 0))
        .map(|(name, min, max)| {
            vec![
                (response::SUPPORTED_FEATURES__NAME, Value::Text(name.clone())),
                (response::SUPPORTED_FEATURES__MIN_VERSION, Value::Int(i64::from(*min))),
                (response::SUPPORTED_FEATURES__MAX_VERSION, Value::Int(i64::from(*max))),
            ]
        })
        .collect()
}

fn finalized(knowledge: &Knowledge) -> Vec<Fields> {
    knowledge
        .finalized
        .iter()
        .filter(|(name, ..)| !HIDDEN_FEATURES.contains(&name.as_str()))
        .map(|(name, max, min)| {
            // KIP-890: at level 2 clients rely on these versions, and no longer add partitions by themselves.
            let one = name == "transaction.version"
                && !SECOND_TRANSACTIONS.iter().all(|(key, v)| offers(*key, *v, knowledge));
            let max = if one { 1.min(*max) } else { *max };
            let min = max.min(*min);
            vec![
                (response::FINALIZED_FEATURES__NAME, Value::Text(name.clone())),
                (response::FINALIZED_FEATURES__MAX_VERSION_LEVEL, Value::Int(i64::from(max))),
                (response::FINALIZED_FEATURES__MIN_VERSION_LEVEL, Value::Int(i64::from(min))),
            ]
        })
        .collect()
}

fn offers(key: i16, version: i16, knowledge: &Knowledge) -> bool {
    let here = APIS.iter().any(|api| api.key == key && version >= api.min && version <= api.max);
    here && knowledge.speaks(key).is_some_and(|(min, max)| version >= min && version <= max)
}

fn frame(version: i16, correlation_id: i32, fields: &Fields) -> Bytes {
    let mut frame = header::response_prefix(API_VERSIONS, version, correlation_id);
    if let Some(described) = message(API_VERSIONS, Direction::Response) {
        encode::message(&mut frame, described, version, fields);
    }
    header::seal(&mut frame);
    frame.into()
}
