//! The rows of `masking.yaml`, as they are written and as they are read.

use serde::Deserialize;
use tidegate_masking::fields::Path;
use tidegate_masking::transform::{Bucket, ClassKey, Unit};
use tidegate_masking::{Detector, Format, OnUnmaskable, Transform, Unknown};

use super::rate::Rate;
use super::{NO_CLASS, is_class};
use crate::topics::{NAME_MAX, matches};

pub(super) const SELECTOR: &str =
    "a selector is {topic, class} and one of path, names, schema_tag and content; in: says of what part";
pub(super) const TOPIC: &str = "a row is {topic} and some of value, key, subjects and on_unmaskable";
pub(super) const PRODUCE: &str = "a row is {topic} and some of value (json or framed), refuse, mask, record_bytes_max, records_per_second_max and bytes_per_second_max";
/// Characters that a mask of a fixed length may have.
const LENGTH_MAX: u8 = 64;
const CONSTANT_MAX: usize = 1_000;
/// Names or detectors of one selector.
const WORDS_MAX: usize = 1_000;
/// Characters of a subject in a registry.
const SUBJECT_MAX: usize = 1_000;

/// How a class is changed, as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "transform", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Change {
    Redact {},
    Null {},
    Constant {
        value: String,
    },
    KeepFirst {
        n: u8,
    },
    KeepLast {
        n: u8,
    },
    Email {
        #[serde(default)]
        keep_domain: bool,
    },
    FixedLength {
        length: u8,
    },
    HmacToken {
        #[serde(default)]
        prefix: String,
    },
    HmacInteger {},
    Bucket {
        #[serde(default)]
        width: Option<f64>,
        #[serde(default)]
        by: Option<RawBy>,
        #[serde(default)]
        unit: Option<RawUnit>,
    },
    DateShift {
        days: u16,
        #[serde(default)]
        unit: Option<RawUnit>,
    },
    TruncateAddress {},
    DropField {},
    DropRecord {},
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawBy {
    Month,
    Year,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawUnit {
    Days,
    Seconds,
    Millis,
    Micros,
}

impl From<RawUnit> for Unit {
    fn from(unit: RawUnit) -> Unit {
        match unit {
            RawUnit::Days => Unit::Days,
            RawUnit::Seconds => Unit::Seconds,
            RawUnit::Millis => Unit::Millis,
            RawUnit::Micros => Unit::Micros,
        }
    }
}

impl Change {
    /// What is wrong with it, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Change::Constant { value } if value.chars().count() > CONSTANT_MAX => {
                Err(format!("value has more than {CONSTANT_MAX} characters"))
            }
            Change::KeepFirst { n: 0 } | Change::KeepLast { n: 0 } => {
                Err("n is 0: write fixed_length or redact".into())
            }
            Change::FixedLength { length } if !(1..=LENGTH_MAX).contains(length) => {
                Err(format!("length is 1 to {LENGTH_MAX}"))
            }
            Change::HmacToken { prefix } if prefix.len() > 16 || !prefix.bytes().all(is_of_prefix) => {
                Err("prefix has at most 16 of a-z A-Z 0-9 _ -".into())
            }
            Change::Bucket { width, by, unit } => match (width, by) {
                (Some(width), None) if unit.is_some() || !(width.is_finite() && *width > 0.0) => {
                    Err("width is a number above 0, and has no unit".into())
                }
                (Some(_), None) | (None, Some(_)) => Ok(()),
                _ => Err("bucket has width (of numbers) or by (month or year, of dates)".into()),
            },
            Change::DateShift { days: 0, .. } => Err("days is 1 or more".into()),
            _ => Ok(()),
        }
    }

    /// Whether it needs a key.
    pub(super) fn is_keyed(&self) -> bool {
        matches!(self, Change::HmacToken { .. } | Change::HmacInteger {} | Change::DateShift { .. })
    }

    /// The change as rewriters take it. What needs a key and has none redacts.
    pub(super) fn transform(&self, key: Option<ClassKey>) -> Transform {
        match (self, key) {
            (Change::Null {}, _) => Transform::Null,
            (Change::Constant { value }, _) => Transform::Constant(value.as_str().into()),
            (Change::KeepFirst { n }, _) => Transform::KeepFirst(*n),
            (Change::KeepLast { n }, _) => Transform::KeepLast(*n),
            (Change::Email { keep_domain }, _) => Transform::Email { keep_domain: *keep_domain },
            (Change::FixedLength { length }, _) => Transform::Fixed(*length),
            (Change::HmacToken { prefix }, Some(key)) => Transform::Token { key, prefix: prefix.as_str().into() },
            (Change::HmacInteger {}, Some(key)) => Transform::Integer(key),
            (Change::DateShift { days, unit }, Some(key)) => {
                Transform::DateShift { key, days: *days, unit: unit.map(Unit::from) }
            }
            (Change::Bucket { width: Some(width), .. }, _) => Transform::Bucket(Bucket::Width(*width)),
            (Change::Bucket { by: Some(RawBy::Month), unit, .. }, _) => {
                Transform::Bucket(Bucket::Month(unit.map(Unit::from)))
            }
            (Change::Bucket { by: Some(RawBy::Year), unit, .. }, _) => {
                Transform::Bucket(Bucket::Year(unit.map(Unit::from)))
            }
            (Change::TruncateAddress {}, _) => Transform::Network,
            (Change::DropField {}, _) => Transform::DropField,
            (Change::DropRecord {}, _) => Transform::DropRecord,
            _ => Transform::Redact,
        }
    }
}

fn is_of_prefix(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-".contains(&byte)
}

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Value,
    Key,
    Headers,
}

/// Which fields have a class, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSelector {
    topic: String,
    class: String,
    path: Option<String>,
    names: Option<Vec<String>>,
    schema_tag: Option<String>,
    content: Option<Vec<String>>,
    #[serde(rename = "in")]
    parts: Option<Vec<Part>>,
}

/// Which fields have a class.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    topic: String,
    pub(super) class: String,
    pub(super) what: What,
    parts: Vec<Part>,
}

/// What fields are known by.
#[derive(Clone, Debug)]
pub(super) enum What {
    Path(Path),
    Names(Vec<String>),
    Tag(String),
    Content(Vec<Detector>),
}

impl Selector {
    pub(super) fn read(raw: RawSelector) -> Result<Selector, String> {
        let RawSelector { topic, class, path, names, schema_tag, content, parts } = raw;
        is_pattern(&topic)?;
        if !is_class(&class) {
            return Err(format!("class {class:?}: {NO_CLASS}"));
        }
        let what = match (path, names, schema_tag, content) {
            (Some(path), None, None, None) => {
                What::Path(Path::parse(&path).map_err(|what| format!("path {path:?}: {what}"))?)
            }
            (None, Some(names), None, None) if is_some_words(&names) => What::Names(names),
            (None, None, Some(tag), None) if !tag.is_empty() => What::Tag(tag),
            (None, None, None, Some(content)) if is_some_words(&content) => {
                let parse = |word: &String| Detector::parse(word).ok_or_else(|| no_detector(word));
                What::Content(content.iter().map(parse).collect::<Result<_, _>>()?)
            }
            _ => return Err("what it selects is not said, or said twice, or empty".to_owned()),
        };
        // What is sensitive wherever it stands is so in keys and headers too, unless somebody says otherwise.
        let parts = parts.unwrap_or_else(|| match what {
            What::Path(_) | What::Tag(_) => vec![Part::Value],
            What::Names(_) | What::Content(_) => vec![Part::Value, Part::Key, Part::Headers],
        });
        if parts.is_empty() {
            return Err("in: names no part; leave it out, or write some of value, key and headers".to_owned());
        }
        if parts.contains(&Part::Headers) && matches!(what, What::Path(_) | What::Tag(_)) {
            return Err("headers have names, not paths or schemas: write names".to_owned());
        }
        Ok(Selector { topic, class, what, parts })
    }

    /// Whether it is about the part of one of these topics.
    pub(super) fn is_about(&self, topics: &[&str], part: Part) -> bool {
        self.parts.contains(&part) && topics.iter().any(|topic| matches(&self.topic, topic))
    }
}

fn no_detector(word: &str) -> String {
    let all: Vec<&str> = Detector::ALL.iter().map(|detector| detector.name()).collect();
    format!("{word:?} is no detector; there are {}", all.join(", "))
}

fn is_some_words(words: &[String]) -> bool {
    (1..=WORDS_MAX).contains(&words.len()) && words.iter().all(|word| !word.is_empty())
}

fn is_pattern(topic: &str) -> Result<(), String> {
    if topic.is_empty() || topic.len() > NAME_MAX {
        return Err(format!("topic is a name, or a pattern with *, of 1 to {NAME_MAX} characters"));
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawFormat {
    Json,
    Framed,
    Bytes,
}

impl From<RawFormat> for Format {
    fn from(format: RawFormat) -> Format {
        match format {
            RawFormat::Json => Format::Json,
            RawFormat::Framed => Format::Framed,
            RawFormat::Bytes => Format::Bytes,
        }
    }
}

/// What may be written to a topic, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProduce {
    topic: String,
    value: Option<RawFormat>,
    #[serde(default)]
    refuse: Vec<String>,
    #[serde(default)]
    mask: Vec<String>,
    record_bytes_max: Option<usize>,
    records_per_second_max: Option<u64>,
    bytes_per_second_max: Option<u64>,
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
}

impl ProduceRow {
    pub(super) fn read(raw: RawProduce) -> Result<ProduceRow, String> {
        let RawProduce { topic, value, refuse, mask, record_bytes_max, records_per_second_max, bytes_per_second_max } =
            raw;
        is_pattern(&topic)?;
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
        Ok(ProduceRow { topic, value, refuse, mask, record_bytes_max, rate })
    }

    pub(super) fn is_about(&self, topic: &str) -> bool {
        matches(&self.topic, topic)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawOnUnmaskable {
    #[default]
    DropRecord,
    DenyTopic,
}

impl From<RawOnUnmaskable> for OnUnmaskable {
    fn from(raw: RawOnUnmaskable) -> OnUnmaskable {
        match raw {
            RawOnUnmaskable::DropRecord => OnUnmaskable::DropRecord,
            RawOnUnmaskable::DenyTopic => OnUnmaskable::DenyTopic,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawUnknown {
    #[default]
    Mask,
    Pass,
}

impl From<RawUnknown> for Unknown {
    fn from(raw: RawUnknown) -> Unknown {
        match raw {
            RawUnknown::Mask => Unknown::Mask,
            RawUnknown::Pass => Unknown::Pass,
        }
    }
}

/// How a topic is read, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTopic {
    topic: String,
    value: Option<RawFormat>,
    key: Option<RawFormat>,
    on_unmaskable: Option<RawOnUnmaskable>,
    #[serde(default)]
    subjects: Vec<String>,
}

/// How topics whose names fit are read.
#[derive(Clone, Debug)]
pub(super) struct TopicRow {
    topic: String,
    pub(super) value: Option<Format>,
    pub(super) key: Option<Format>,
    pub(super) on_unmaskable: Option<OnUnmaskable>,
    /// Patterns of the subjects that schemas must be registered under; the topic's own where there are none.
    pub(super) subjects: Vec<String>,
}

impl TopicRow {
    pub(super) fn read(raw: RawTopic) -> Result<TopicRow, String> {
        is_pattern(&raw.topic)?;
        if raw.subjects.len() > WORDS_MAX
            || raw.subjects.iter().any(|subject| subject.is_empty() || subject.len() > SUBJECT_MAX)
        {
            return Err(format!(
                "subjects are at most {WORDS_MAX} names or patterns with *, of 1 to {SUBJECT_MAX} characters"
            ));
        }
        Ok(TopicRow {
            topic: raw.topic,
            value: raw.value.map(Format::from),
            key: raw.key.map(Format::from),
            on_unmaskable: raw.on_unmaskable.map(OnUnmaskable::from),
            subjects: raw.subjects,
        })
    }

    pub(super) fn is_about(&self, topic: &str) -> bool {
        matches(&self.topic, topic)
    }
}
