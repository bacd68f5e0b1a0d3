//! The shape that most requests share: topics, each with partitions. One walk decides each partition and cuts out what is refused;
//! one walk over the answer puts the refusals back where the client looks for them.

use std::collections::HashMap;

use tidegate_model::{Action, Gate, KeptRecords, MaskUse, PartitionUse, Resource, TopicUse};

use crate::answers::shown::Room;
use crate::encode::{self, Fields, Value};
use crate::error::ProtocolError;
use crate::quarantine::Copies;
use crate::requests::{INTERNAL_TOPICS, code};
use crate::schema::{Field, FieldId, Message};
use crate::splice::Splice;
use crate::walk::{Event, Scalar, Walker};
use crate::words::{PARTITIONS_MAX, Words};

/// Where a request keeps its topics and partitions.
#[derive(Clone, Copy, Debug)]
pub struct RequestShape {
    /// The array of topics.
    pub topics: FieldId,
    /// A topic's name.
    pub name: FieldId,
    /// The array of partitions.
    pub partitions: FieldId,
    /// A partition's index; the array itself when it holds bare numbers.
    pub index: FieldId,
    /// What the caller needs on each.
    pub action: Action,
}

/// Where the answer keeps them.
#[derive(Clone, Copy, Debug)]
pub struct AnswerShape {
    /// The array of topics.
    pub topics: FieldId,
    /// A topic's name.
    pub name: FieldId,
    /// The array of partitions.
    pub partitions: FieldId,
    /// A partition's index.
    pub index: FieldId,
    /// A partition's error code.
    pub error: FieldId,
    /// What else a partition that is refused with this error must say where the default is not it.
    pub refused: fn(i16) -> Fields,
    /// What a partition says of which a record was refused: its place in the batch, and why.
    pub refused_record: Option<fn(Option<u32>, &str) -> Fields>,
    /// Where a refused partition says why, in words, with the usual ones.
    pub(crate) words: Option<(FieldId, &'static str)>,
}

/// What a request asks, and what of it is refused.
#[derive(Debug, Default)]
pub struct Scope {
    /// Every topic named.
    pub topics: Vec<TopicUse>,
    /// Every partition named; `error` is set on those refused.
    pub partitions: Vec<PartitionUse>,
    /// Cuts the refused ones out.
    pub splice: Splice,
    /// How many are allowed.
    pub allowed: usize,
    /// A topic was named without partitions and refused: nothing in the answer tells, but it does not reach the broker.
    pub bare_topic_refused: bool,
    /// An alias was met, and nothing behind it was looked at.
    pub names_alias: bool,
    /// What was met in records that are written.
    pub masks: Vec<MaskUse>,
    /// What is said of records that were refused.
    pub(crate) words: Words,
    /// What records that are looked into may still take.
    pub(crate) room: Room,
    /// What evidence keeps of records that are written.
    pub(crate) kept: KeptRecords,
    /// What records may still take on their way there.
    pub(crate) kept_room: Room,
    /// Bytes that came of partitions whose records were changed on their way: position in `partitions`, ascending.
    pub(crate) came: Vec<(usize, u64)>,
    /// Records that were refused, for their quarantine topics.
    pub(crate) copies: Copies,
}

/// Error code TOPIC_AUTHORIZATION_FAILED.
pub const TOPIC_AUTHORIZATION_FAILED: i16 = 29;

/// The most partitions, topics or other names that one request may list. Each takes about a hundred bytes here and a question to the
/// policy, but as few as four bytes on the wire; the largest clusters have tens of thousands of partitions on a broker.
pub const NAMES_MAX: usize = 100_000;

impl Scope {
    /// Whether anything is refused.
    #[must_use]
    pub fn any_refused(&self) -> bool {
        self.allowed < self.partitions.len() || self.bare_topic_refused
    }

    /// Refuses the partition that was met last, if it was not refused before.
    pub fn refuse_last(&mut self, error: i16) {
        if let Some(partition) = self.partitions.last_mut().filter(|partition| partition.error == 0) {
            partition.error = error;
            self.allowed = self.allowed.saturating_sub(1);
        }
    }

    /// Gives every partition the same error, for refusals of the whole.
    pub fn refuse_all(&mut self, error: i16) {
        for partition in &mut self.partitions {
            partition.error = error;
        }
        self.allowed = 0;
    }

    /// The refused partitions by topic.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        by_topic(&self.topics, self.partitions.iter().filter(|p| p.error != 0).map(|p| (p, p.error)))
    }
}

/// A topic, then partition and error of each refused one.
pub type Refusal = (String, Vec<(i32, i16)>);

/// The refused partitions of a request.
pub type Refusals = Vec<Refusal>;

/// Groups partitions with their errors by topic name: a request may name a topic twice, an answer should not.
pub(crate) fn by_topic<'a>(topics: &[TopicUse], partitions: impl Iterator<Item = (&'a PartitionUse, i16)>) -> Refusals {
    let mut out: Refusals = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (partition, error) in partitions {
        let Some(topic) = topics.get(partition.topic) else { continue };
        let place = *places.entry(topic.name.as_str()).or_insert(out.len());
        if place == out.len() {
            out.push((topic.name.clone(), Vec::new()));
        }
        if let Some((_, listed)) = out.get_mut(place) {
            listed.push((partition.partition, error));
        }
    }
    out
}

/// Walks a request of this shape to its end, asking `gate` for each partition; every event goes to `other`, which may refuse the
/// partition that was met last. With `stop_at_alias` it goes no further than the first name that is an alias.
///
/// # Errors
/// The request is malformed or names more than [`NAMES_MAX`] things, or `other` says so.
pub fn scope<'a>(
    walker: &mut Walker<'a>,
    shape: RequestShape,
    stop_at_alias: bool,
    gate: &mut dyn Gate,
    mut other: impl FnMut(&Event<'a>, &mut Scope, &mut dyn Gate) -> Result<(), ProtocolError>,
) -> Result<Scope, ProtocolError> {
    let mut scope = Scope::default();
    let mut count_of_topics = Kept::default();
    let mut count_of_partitions = Kept::default();
    let flexible = walker.is_flexible();
    while let Some(event) = walker.next()? {
        other(&event, &mut scope, gate)?;
        match event {
            Event::ArrayBegin { field, count, span } if field.id == shape.topics => {
                count_of_topics = Kept::new(count, span)
            }
            Event::ArrayBegin { field, count, span } if field.id == shape.partitions => {
                count_of_partitions = Kept::new(count, span)
            }
            Event::Scalar { field, value: Scalar::String(name), .. } if field.id == shape.name => {
                let name = name.unwrap_or_default();
                if stop_at_alias && gate.alias(name).is_some() {
                    scope.names_alias = true;
                    return Ok(scope);
                }
                scope.topics.push(TopicUse { name: name.to_owned(), id: None });
                bounded(scope.topics.len())?;
            }
            Event::Scalar { field, value: Scalar::Int(index), span } if field.id == shape.index => {
                let allowed = decide(&mut scope, shape.action, index, gate)?;
                // An array of bare numbers has no elements to end: the number is all of it.
                if shape.index == shape.partitions && !allowed {
                    count_of_partitions.drop_one();
                    scope.splice.remove(span);
                }
            }
            Event::ElementEnd { field, span }
                if field.id == shape.partitions && scope.partitions.last().is_some_and(|p| p.error != 0) =>
            {
                count_of_partitions.drop_one();
                scope.splice.remove(span);
            }
            Event::ArrayEnd { field, .. } if field.id == shape.partitions => {
                count_of_partitions.write(&mut scope.splice, flexible)
            }
            Event::ElementEnd { field, span }
                if field.id == shape.topics
                    && (count_of_partitions.emptied()
                        || count_of_partitions.count == 0 && bare_topic_refused(&mut scope, shape.action, gate)) =>
            {
                count_of_topics.drop_one();
                scope.splice.remove(span);
            }
            Event::ArrayEnd { field, .. } if field.id == shape.topics => {
                count_of_topics.write(&mut scope.splice, flexible)
            }
            _ => {}
        }
    }
    Ok(scope)
}

/// Refuses a list that is longer than any that a client has reason to send.
pub(crate) fn bounded(names: usize) -> Result<(), ProtocolError> {
    if names > NAMES_MAX {
        return Err(ProtocolError::Refused("a request names more than 100000 topics, partitions or other things"));
    }
    Ok(())
}

fn allows(action: Action, name: &str, partition: Option<i32>, gate: &mut dyn Gate) -> bool {
    // Brokers let a client with a certain client id write their internal topics; the gate lets nobody.
    !(action == Action::Produce && INTERNAL_TOPICS.contains(&name))
        && gate.allows(action, Resource::Topic(name), partition)
}

fn bare_topic_refused(scope: &mut Scope, action: Action, gate: &mut dyn Gate) -> bool {
    let refused = scope.topics.last().is_some_and(|topic| !allows(action, &topic.name, None, gate));
    scope.bare_topic_refused |= refused;
    refused
}

fn decide(scope: &mut Scope, action: Action, index: i64, gate: &mut dyn Gate) -> Result<bool, ProtocolError> {
    let Some(topic) = scope.topics.len().checked_sub(1) else {
        return Err(ProtocolError::Refused("a partition comes before its topic"));
    };
    bounded(scope.partitions.len().saturating_add(1))?;
    let partition = i32::try_from(index).unwrap_or(-1);
    let name = scope.topics.get(topic).map_or("", |t| t.name.as_str());
    let allowed = allows(action, name, Some(partition), gate);
    let error = if allowed { 0 } else { TOPIC_AUTHORIZATION_FAILED };
    scope.allowed = scope.allowed.saturating_add(usize::from(allowed));
    scope.partitions.push(PartitionUse {
        topic,
        partition,
        first_offset: -1,
        last_offset: -1,
        records: 0,
        bytes: 0,
        error,
    });
    Ok(allowed)
}

/// An array's count, and how many elements of it stay.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    span: std::ops::Range<usize>,
    count: usize,
    dropped: usize,
    added: usize,
}

impl Kept {
    pub(crate) fn new(count: Option<usize>, span: std::ops::Range<usize>) -> Self {
        Self { span, count: count.unwrap_or(0), dropped: 0, added: 0 }
    }

    pub(crate) fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    pub(crate) fn add(&mut self, added: usize) {
        self.added = self.added.saturating_add(added);
    }

    pub(crate) fn emptied(&self) -> bool {
        self.dropped > 0 && self.dropped == self.count && self.added == 0
    }

    pub(crate) fn write(&self, splice: &mut Splice, flexible: bool) {
        if self.dropped > 0 || self.added > 0 {
            let mut bytes = Vec::with_capacity(5);
            encode::count(&mut bytes, flexible, self.count.saturating_sub(self.dropped).saturating_add(self.added));
            splice.replace(self.span.clone(), bytes);
        }
    }
}

impl AnswerShape {
    /// The topics array that refuses these, for an answer of the gate's own.
    #[must_use]
    pub(crate) fn refusal(&self, refusals: &Refusals, words: &Words) -> Fields {
        let topic = |(name, partitions): &Refusal| self.topic(name, partitions, words);
        vec![(self.topics, Value::List(refusals.iter().map(topic).collect()))]
    }

    fn topic(&self, name: &str, partitions: &[(i32, i16)], words: &Words) -> Fields {
        vec![
            (self.name, Value::Text(name.to_owned())),
            (self.partitions, Value::List(self.refused_partitions(name, partitions, words))),
        ]
    }

    fn refused_partitions(&self, name: &str, partitions: &[(i32, i16)], words: &Words) -> Vec<Fields> {
        let one = |(place, (index, error)): (usize, &(i32, i16))| {
            let mut fields = (self.refused)(*error);
            fields.push((self.index, Value::Int(i64::from(*index))));
            fields.push((self.error, Value::Int(i64::from(*error))));
            if let (Some(told), Some((place, why))) = (self.refused_record, words.of_record(name, *index)) {
                fields.extend(told(place, why));
            }
            if let Some((field, usual)) = self.words.filter(|_| code::is_refusal(*error)) {
                let text = if place < PARTITIONS_MAX { words.about(name, usual) } else { usual.to_owned() };
                fields.push((field, Value::Text(text)));
            }
            fields
        };
        partitions.iter().enumerate().map(one).collect()
    }
}

/// Puts refusals into a broker's answer while it is walked.
#[derive(Debug)]
pub struct Merge {
    shape: AnswerShape,
    message: &'static Message,
    version: i16,
    flexible: bool,
    left: Vec<Option<Refusal>>,
    words: Words,
    places: HashMap<String, usize>,
    current: Option<usize>,
    count_of_topics: Kept,
    count_of_partitions: Kept,
}

impl Merge {
    /// For an answer of `message` at `version`.
    #[must_use]
    pub(crate) fn new(
        shape: AnswerShape,
        (message, version): (&'static Message, i16),
        refusals: Refusals,
        words: Words,
    ) -> Self {
        Self {
            shape,
            message,
            version,
            flexible: message.flexible.contains(version),
            places: refusals.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect(),
            left: refusals.into_iter().map(Some).collect(),
            words,
            current: None,
            count_of_topics: Kept::default(),
            count_of_partitions: Kept::default(),
        }
    }

    /// Takes each event of the answer.
    pub fn on(&mut self, event: &Event<'_>, splice: &mut Splice) {
        match event {
            Event::ArrayBegin { field, count, span } if field.id == self.shape.topics => {
                self.count_of_topics = Kept::new(*count, span.clone());
            }
            Event::ArrayBegin { field, count, span } if field.id == self.shape.partitions => {
                self.count_of_partitions = Kept::new(*count, span.clone());
            }
            Event::Scalar { field, value: Scalar::String(Some(name)), .. } if field.id == self.shape.name => {
                self.current = self.places.get(*name).copied();
            }
            Event::ArrayEnd { field, at } if field.id == self.shape.partitions => {
                let refused = self.current.take().and_then(|place| self.left.get_mut(place)).and_then(Option::take);
                if let Some((name, partitions)) = refused {
                    let elements = self.shape.refused_partitions(&name, &partitions, &self.words);
                    self.count_of_partitions.add(elements.len());
                    self.insert(*at, field, &elements, splice);
                }
                self.count_of_partitions.write(splice, self.flexible);
            }
            Event::ArrayEnd { field, at } if field.id == self.shape.topics => {
                let topic = |(name, partitions): &Refusal| self.shape.topic(name, partitions, &self.words);
                let elements = self.left.iter().flatten().map(topic).collect::<Vec<_>>();
                self.count_of_topics.add(elements.len());
                self.insert(*at, field, &elements, splice);
                self.count_of_topics.write(splice, self.flexible);
            }
            _ => {}
        }
    }

    fn insert(&self, at: usize, array: &Field, elements: &[Fields], splice: &mut Splice) {
        if elements.is_empty() {
            return;
        }
        let mut bytes = Vec::new();
        for fields in elements {
            encode::element(&mut bytes, self.message, self.version, array, fields);
        }
        splice.replace(at..at, bytes);
    }
}
