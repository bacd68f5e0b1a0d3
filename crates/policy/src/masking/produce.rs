//! The rows of `produce` in `masking.yaml`: what may be written, and where what is refused goes.

use std::sync::Arc;

use serde::Deserialize;
use tidegate_masking::Format;

use super::rate::Rate;
use super::rows::is_pattern;
use crate::aliases::is_topic_name;
use crate::topics::matches;

pub(super) const PRODUCE: &str = "a row is {topic} and some of value (json, framed or schema), refuse, mask, record_bytes_max, \
     records_per_second_max, bytes_per_second_max and quarantine ({topic: NAME})";

/// What values that are written have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawDemand {
    /// One JSON text.
    Json,
    /// Framed, and exactly what its schema says, which is one of the topic's.
    Framed,
    /// Exactly what the file's schema says that the topic's row names.
    Schema,
    /// Refused: all is bytes.
    Bytes,
}

impl From<RawDemand> for Format {
    fn from(demand: RawDemand) -> Format {
        match demand {
            RawDemand::Json => Format::Json,
            RawDemand::Framed => Format::Framed,
            RawDemand::Schema => Format::Schema,
            RawDemand::Bytes => Format::Bytes,
        }
    }
}

/// What may be written to a topic, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProduce {
    /// A topic's name, or a pattern with `*`.
    topic: String,
    /// What the value has to be.
    value: Option<RawDemand>,
    /// Classes whose fields may not be in it, wherever their selectors look.
    #[serde(default)]
    refuse: Vec<String>,
    /// Classes whose fields are written changed: the broker never has them.
    #[serde(default)]
    mask: Vec<String>,
    /// The most bytes of key, value and headers together.
    record_bytes_max: Option<usize>,
    /// The most records that one caller writes to the topic in a second.
    records_per_second_max: Option<u64>,
    /// The most bytes of batches that one caller writes to the topic in a second.
    bytes_per_second_max: Option<u64>,
    /// Where the gate itself writes records that were refused for what is in them.
    quarantine: Option<RawQuarantine>,
}

/// Where refused records go, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuarantine {
    /// The topic's own name. It has to be there: the gate makes none.
    topic: String,
    /// `true`: they are copied as they came. Without it they are under the storage mask of the topic that they were meant for.
    #[serde(default)]
    original: bool,
}

/// Where refused records go.
#[derive(Clone, Debug)]
pub(super) struct QuarantineRow {
    /// The topic's own name.
    pub(super) topic: Arc<str>,
    /// As they came, rather than under the storage mask.
    pub(super) original: bool,
}

impl QuarantineRow {
    fn read(raw: RawQuarantine, row: &str) -> Result<QuarantineRow, String> {
        let RawQuarantine { topic, original } = raw;
        if !is_topic_name(&topic) || topic.starts_with("__") {
            return Err(format!("quarantine: {topic:?} is no name of a topic that records can be copied to"));
        }
        if matches(row, &topic) {
            return Err(format!("quarantine: {topic:?} is a topic of the row itself, which would get what it refuses"));
        }
        Ok(QuarantineRow { topic: topic.into(), original })
    }
}

/// What may be written to topics whose names fit.
#[derive(Clone, Debug)]
pub(super) struct ProduceRow {
    topic: String,
    /// What values have to be.
    pub(super) value: Option<Format>,
    /// Classes whose fields may not be written.
    pub(super) refuse: Vec<String>,
    /// Classes whose fields are written masked.
    pub(super) mask: Vec<String>,
    /// The most bytes of a record's key, value and headers together.
    pub(super) record_bytes_max: Option<usize>,
    /// How fast one caller may write.
    pub(super) rate: Rate,
    /// Where what it refuses is copied to.
    pub(super) quarantine: Option<QuarantineRow>,
}

impl ProduceRow {
    pub(super) fn read(raw: RawProduce) -> Result<ProduceRow, String> {
        let RawProduce {
            topic,
            value,
            refuse,
            mask,
            record_bytes_max,
            records_per_second_max,
            bytes_per_second_max,
            quarantine,
        } = raw;
        is_pattern(&topic)?;
        let quarantine = quarantine.map(|to| QuarantineRow::read(to, &topic)).transpose()?;
        let rate = Rate::read(records_per_second_max, bytes_per_second_max)?;
        let value = value.map(Format::from);
        if value == Some(Format::Bytes) {
            return Err("value: bytes says nothing, since all is bytes".to_owned());
        }
        if let Some(class) = refuse.iter().find(|class| mask.contains(class)) {
            return Err(format!("class {class:?} cannot be refused and masked"));
        }
        let asks = value.is_some() || !refuse.is_empty() || !mask.is_empty() || record_bytes_max.is_some();
        if !asks && rate.is_unbounded() {
            return Err("it asks nothing of what is written".to_owned());
        }
        if !asks && quarantine.is_some() {
            return Err(
                "quarantine takes records that are refused for what is in them, but the row refuses none for that"
                    .to_owned(),
            );
        }
        Ok(ProduceRow { topic, value, refuse, mask, record_bytes_max, rate, quarantine })
    }

    /// The only topic that it is about, if it is no pattern.
    pub(super) fn one_topic(&self) -> Option<&str> {
        (!self.topic.contains('*')).then_some(&self.topic)
    }

    pub(super) fn is_about(&self, topic: &str) -> bool {
        matches(&self.topic, topic)
    }

    /// Its topic's name or pattern.
    pub(super) fn topic(&self) -> &str {
        &self.topic
    }
}
