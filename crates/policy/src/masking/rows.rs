//! The rows of `masking.yaml`, as they are written and as they are read.

use serde::Deserialize;
use tidegate_masking::fields::Path;
use tidegate_masking::transform::{Bucket, ClassKey, Unit};
use tidegate_masking::{ClassId, Detector, Format, Mask, OnUnmaskable, Transform, Unknown};
use tidegate_model::Level;

use super::reading::{FileSchemas, RawReading, Reading, Wrong};
use super::{NO_CLASS, is_class};
use crate::topics::{NAME_MAX, matches, overlap};

pub(super) const SELECTOR: &str =
    "a selector is {topic, class} and one of path, names, schema_tag and content; in: says of what part";
pub(super) const TOPIC: &str =
    "a row is {topic} and some of value, key, subjects, on_unmaskable, record, carries and plain";
pub(super) const REMOVED_TAGS: &str = "a row is {subject, version}: the version whose removed tags are approved";
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
    /// A text becomes `***`, a number 0.
    Redact {},
    /// Null, where the format has it; else as `redact`.
    Null {},
    /// The same value for all. A number becomes it if it is a number, else 0.
    Constant {
        /// The value, at most 1,000 characters.
        value: String,
    },
    /// The first characters of a text, stars for the rest. A number becomes 0.
    KeepFirst {
        /// How many characters, from 1 on; none where that is more than half of the text.
        n: u8,
    },
    /// The last characters of a text, stars for the rest. A number becomes 0.
    KeepLast {
        /// How many characters, from 1 on; none where that is more than half of the text.
        n: u8,
    },
    /// An e-mail address becomes `***@***`. A number becomes 0.
    Email {
        /// The domain stays: `***@example.org`.
        #[serde(default)]
        keep_domain: bool,
    },
    /// Stars, as many for each text. A number becomes 0.
    FixedLength {
        /// How many stars, 1 to 64.
        length: u8,
    },
    /// The same token for the same value, so that joins hold; a number becomes a number. Needs a key of the class; redacts without.
    HmacToken {
        /// What tokens begin with: at most 16 letters, digits, `_` and `-`.
        #[serde(default)]
        prefix: String,
    },
    /// The same number for the same value, in a text as digits. Needs a key of the class; redacts without.
    HmacInteger {},
    /// A number rounded down to a multiple of `width`, or a date to the begin of its month or year.
    Bucket {
        /// Of numbers: how wide a bucket is, above 0.
        #[serde(default)]
        width: Option<f64>,
        /// Of dates: what they are rounded down to.
        #[serde(default)]
        by: Option<RawBy>,
        /// With `by`: what numbers count since 1970.
        #[serde(default)]
        unit: Option<RawUnit>,
    },
    /// A date is moved by some days, by the same for all of one record's key. Needs a key of the class; redacts without.
    DateShift {
        /// The most days that it is moved by, either way.
        days: u16,
        /// What numbers count since 1970.
        #[serde(default)]
        unit: Option<RawUnit>,
    },
    /// The first 24 bits of an IPv4 address, 48 of IPv6. A number becomes 0.
    TruncateAddress {},
    /// The field goes with its name, or is redacted where it cannot go.
    DropField {},
    /// The whole record goes.
    DropRecord {},
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawBy {
    /// The first of the month.
    Month,
    /// The first of January.
    Year,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawUnit {
    /// Days.
    Days,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
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
    /// Its value.
    Value,
    /// Its key.
    Key,
    /// Its headers: `names` are theirs, `content` is in their values.
    Headers,
}

/// Which fields have a class, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSelector {
    /// A topic's name, or a pattern with `*`. What is made of the topic is meant too: changelogs, dead letters, mirrors.
    topic: String,
    /// The class of the fields; it has a row under `classes`, or one above it has that ends with `.*`.
    class: String,
    /// Selects fields by their path: `customer.email`, `items.*.sku`, `"a.b".c`. Lists are passed through; `@key` is the keys of a map.
    path: Option<String>,
    /// Selects fields of these names at any depth, and headers.
    names: Option<Vec<String>>,
    /// Selects fields with this tag in their schema.
    schema_tag: Option<String>,
    /// Selects what these detectors find.
    content: Option<Vec<String>>,
    /// The parts of records that it is about; else values, and for `names` and `content` also keys and headers.
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

impl What {
    /// Makes it something that is looked for, of this class.
    ///
    /// # Errors
    /// There are too many paths with it.
    pub(super) fn add_to(&self, mask: &mut Mask, class: ClassId) -> Result<(), String> {
        match self {
            What::Path(path) => mask.fields.add_path(path, class)?,
            What::Names(names) => names.iter().for_each(|name| mask.fields.add_name(name, class)),
            What::Tag(tag) => mask.tags.push((tag.as_str().into(), class)),
            What::Content(detectors) => mask.content.extend(detectors.iter().map(|one| (*one, class))),
        }
        Ok(())
    }
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

    /// Whether it is about the part of one of these topics, or of topics that one of these patterns is about.
    pub(super) fn is_about(&self, topics: &[&str], part: Part) -> bool {
        self.parts.contains(&part) && topics.iter().any(|topic| overlap(&self.topic, topic))
    }
}

fn no_detector(word: &str) -> String {
    let all: Vec<&str> = Detector::ALL.iter().map(|detector| detector.name()).collect();
    format!("{word:?} is no detector; there are {}", all.join(", "))
}

fn is_some_words(words: &[String]) -> bool {
    (1..=WORDS_MAX).contains(&words.len()) && words.iter().all(|word| !word.is_empty())
}

pub(super) fn is_pattern(topic: &str) -> Result<(), String> {
    if topic.is_empty() || topic.len() > NAME_MAX {
        return Err(format!("topic is a name, or a pattern with *, of 1 to {NAME_MAX} characters"));
    }
    Ok(())
}

/// Somebody's approval of tags that are gone from a schema, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRemovedTags {
    /// The subject's name in the registry.
    subject: String,
    /// The version from which on fields are of the classes of their tags alone. Tags of versions before it count no more for it and
    /// those after it.
    version: u32,
}

impl RawRemovedTags {
    pub(super) fn read(self) -> Result<(String, u32), String> {
        if self.subject.is_empty() || self.subject.len() > SUBJECT_MAX || self.subject.contains('*') {
            return Err(format!("subject is one subject's name, of 1 to {SUBJECT_MAX} characters and without *"));
        }
        if self.version < 2 {
            return Err("version is at least 2: nothing comes before a subject's first".to_owned());
        }
        Ok((self.subject, self.version))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawFormat {
    /// One JSON text.
    Json,
    /// Confluent's framing: a byte 0, the number of a schema in a registry, then Avro, Protobuf or JSON.
    Framed,
    /// Text or unknown bytes: detectors look at it, and names count where it looks like JSON, which it then has to be.
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawOnUnmaskable {
    /// It is left out, and clients go on behind it; this is what holds where nothing is said.
    #[default]
    DropRecord,
    /// The partition is refused from there on.
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
    /// They are masked; this is what holds where nothing is said.
    #[default]
    Mask,
    /// They pass, but for what detectors find.
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

/// How much evidence keeps of a topic's records, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawLevel {
    /// The records themselves under the topic's storage mask, which masks every class whoever sees it live.
    Full,
    /// Offsets, counts, classes, and a commitment to the bytes.
    Digest,
    /// The same without a commitment.
    Metadata,
}

impl From<RawLevel> for Level {
    fn from(raw: RawLevel) -> Level {
        match raw {
            RawLevel::Full => Level::Full,
            RawLevel::Digest => Level::Digest,
            RawLevel::Metadata => Level::Metadata,
        }
    }
}

/// What a topic carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawCarries {
    /// Nothing sensitive.
    None,
}

/// How a topic is read, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTopic {
    /// A topic's name, or a pattern with `*`; the first row that fits counts.
    topic: String,
    /// How values are read. Without it as JSON where paths or names are looked for, as framed where schema tags are, else as bytes.
    value: Option<RawReading>,
    /// How keys are read. Without it as JSON where paths are looked for, as framed where schema tags are, else as bytes.
    key: Option<RawReading>,
    /// What becomes of a record that cannot be read to its end; without it as the file says for all topics.
    on_unmaskable: Option<RawOnUnmaskable>,
    /// Subjects, names or patterns, that a framed record's schema has to be registered under; without them `TOPIC-value`, `TOPIC-key`.
    #[serde(default)]
    subjects: Vec<String>,
    /// How much evidence keeps of its records; without it a commitment to them (`digest`).
    record: Option<RawLevel>,
    /// `none`: nothing sensitive is in its records but what selectors find, so that `record: full` may keep them as they are.
    carries: Option<RawCarries>,
    /// With `record: full`, of a topic of JSON: paths of fields that are recorded as they are. Every other field goes in what is
    /// recorded, and keys and values of headers are masked.
    #[serde(default)]
    plain: Vec<String>,
}

/// How topics whose names fit are read.
#[derive(Clone, Debug)]
pub(super) struct TopicRow {
    pub(super) topic: String,
    pub(super) value: Option<Reading>,
    pub(super) key: Option<Reading>,
    pub(super) on_unmaskable: Option<OnUnmaskable>,
    /// Patterns of the subjects that schemas must be registered under; the topic's own where there are none.
    pub(super) subjects: Vec<String>,
    /// How much evidence keeps of its records.
    pub(super) record: Option<Level>,
    /// It carries nothing sensitive but what selectors find, so that its records may be kept as they are.
    pub(super) carries_none: bool,
    /// Fields of its values that are recorded as they are; all others are masked in what is recorded.
    pub(super) plain: Vec<Path>,
}

impl TopicRow {
    pub(super) fn read(raw: RawTopic, schemas: &mut FileSchemas) -> Result<TopicRow, Wrong> {
        is_pattern(&raw.topic)?;
        if raw.subjects.len() > WORDS_MAX
            || raw.subjects.iter().any(|subject| subject.is_empty() || subject.len() > SUBJECT_MAX)
        {
            return Err(format!(
                "subjects are at most {WORDS_MAX} names or patterns with *, of 1 to {SUBJECT_MAX} characters"
            )
            .into());
        }
        let (carries_none, record) = (raw.carries.is_some(), raw.record.map(Level::from));
        if !raw.plain.is_empty() && (record != Some(Level::Full) || carries_none) {
            return Err("plain says what is recorded as it is, so it goes with record: full and without carries"
                .to_owned()
                .into());
        }
        if !raw.plain.is_empty() && !matches!(raw.value, None | Some(RawReading::Word(RawFormat::Json))) {
            return Err("plain names fields of JSON, so it goes with value: json".to_owned().into());
        }
        if carries_none && raw.topic == "*" {
            return Err("nobody knows what all topics carry: carries is for topics by name or part of it"
                .to_owned()
                .into());
        }
        if raw.plain.len() > WORDS_MAX {
            return Err(format!("plain has more than {WORDS_MAX} paths").into());
        }
        let plain = raw.plain.iter().map(|path| Path::parse(path).map_err(|why| format!("plain {path:?}: {why}")));
        Ok(TopicRow {
            record,
            carries_none,
            plain: plain.collect::<Result<_, String>>()?,
            topic: raw.topic,
            value: raw.value.map(|value| schemas.reading(value)).transpose()?,
            key: raw.key.map(|key| schemas.reading(key)).transpose()?,
            on_unmaskable: raw.on_unmaskable.map(OnUnmaskable::from),
            subjects: raw.subjects,
        })
    }

    pub(super) fn is_about(&self, topic: &str) -> bool {
        matches(&self.topic, topic)
    }
}
