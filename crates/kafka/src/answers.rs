//! Reads each answer of a broker: puts refusals where the client looks for them, leaves out what the caller may not see, leads
//! every address back to the gate, and tells what was disclosed.

mod fetched;
mod retry;
pub(crate) mod shown;
pub(crate) mod texts;
mod visible;

pub(crate) use retry::retriable;

use std::collections::HashSet;

use tidegate_model::{AnswerStep, Effect, Facts, Gate, PartitionUse, Slot, TopicUse};

use crate::classify;
use crate::encode::{self, Fields, Value};
use crate::error::ProtocolError;
use crate::header;
use crate::requests::{Pending, code, identify};
use crate::schema::messages::{
    add_partitions_to_txn_response as add_partitions, create_topics_response as create,
    describe_configs_response as configs, describe_groups_response as groups, describe_producers_response as producers,
    describe_transactions_response as transactions, fetch_response as fetch, find_coordinator_response as coordinator,
    list_offsets_response as list_offsets, metadata_response as metadata, offset_commit_response as commit,
    offset_fetch_response as offsets, offset_for_leader_epoch_response as epochs, produce_response as produce,
    txn_offset_commit_response as txn_commit,
};
use crate::schema::{Direction, FieldId, message};
use crate::shape::{AnswerShape, Kept, Merge};
use crate::splice::Splice;
use crate::walk::{Event, Scalar, Walker};
use crate::words::Words;
use bytes::{Bytes, BytesMut};
use shown::Room;
use std::ops::Range;
use visible::Visible;

const PRODUCE: i16 = 0;
const FETCH: i16 = 1;
const METADATA: i16 = 3;
const HEARTBEAT: i16 = 12;
const CREATE_TOPICS: i16 = 19;
const OFFSET_FOR_LEADER_EPOCH: i16 = 23;

/// Reads the answer that `slot` waits for.
///
/// # Errors
/// The answer is malformed or belongs to another request: nothing of it can be delivered.
pub fn read(mut slot: Slot, frame: BytesMut, gate: &mut dyn Gate) -> Result<AnswerStep, ProtocolError> {
    let mut pending =
        slot.state.take().and_then(|state| state.downcast::<Pending>().ok()).map(|p| *p).unwrap_or_default();
    let body_at = header::response(&frame, slot.api_key, slot.api_version, slot.correlation_id)?;
    let received = frame.freeze();
    let body = received.get(body_at..).unwrap_or_default();
    let aliases = std::mem::take(&mut pending.aliases);
    let everything = if aliases.is_empty() { HashSet::new() } else { pending.everything.clone() };
    let mut reading = Reading::new(&slot, pending, &received, body.len())?;
    let mut walker = Walker::new(reading.message, slot.api_version, body)?;
    while let Some(event) = walker.next()? {
        reading.on(&event, gate)?;
    }
    let (splice, mut facts, quiet) = reading.finish(gate)?;
    let changed = match splice.is_empty() {
        true => received.clone(),
        false => splice.apply(received.get(..body_at).unwrap_or_default(), body),
    };
    facts.aliases = aliases.uses();
    let frame = aliases.back(changed, body_at, (slot.api_key, slot.api_version), &everything)?;
    // What needed no change is the very bytes that came.
    let received = (frame.as_ptr() != received.as_ptr()).then_some(received);
    Ok(AnswerStep { received, frame, facts, quiet })
}

/// One answer while it is walked.
struct Reading {
    message: &'static crate::schema::Message,
    version: i16,
    flexible: bool,
    facts: Facts,
    splice: Splice,
    merge: Option<Merge>,
    /// Where refused names go, and the elements that refuse them.
    appended: Option<(FieldId, Vec<Fields>)>,
    append_count: Kept,
    visible: Visible,
    shape: Option<AnswerShape>,
    asked: Asked,
    throttled: bool,
    /// OffsetForLeaderEpoch says a partition's error before its index.
    error_before_index: i16,
    /// Where the error of the partition at hand stands.
    error_at: Range<usize>,
    /// What masked records may still take of this answer.
    room: Room,
    /// What records may still take on their way to evidence.
    kept_room: Room,
    /// The frame as it came.
    received: Bytes,
}

/// What a produce request asked, in the order of topic name and partition.
struct Asked {
    topics: Vec<TopicUse>,
    partitions: Vec<PartitionUse>,
}

impl Asked {
    fn new(topics: Vec<TopicUse>, mut partitions: Vec<PartitionUse>) -> Self {
        let name = |p: &PartitionUse| topics.get(p.topic).map_or("", |t| t.name.as_str());
        partitions.sort_by(|a, b| (name(a), a.partition).cmp(&(name(b), b.partition)));
        Self { topics, partitions }
    }

    fn find(&self, topic: &str, partition: i32) -> Option<&PartitionUse> {
        let name = |p: &PartitionUse| self.topics.get(p.topic).map_or("", |t| t.name.as_str());
        let place = self.partitions.binary_search_by(|p| (name(p), p.partition).cmp(&(topic, partition))).ok()?;
        self.partitions.get(place)
    }
}

impl Reading {
    fn new(slot: &Slot, pending: Pending, received: &Bytes, body_bytes: usize) -> Result<Self, ProtocolError> {
        let unsupported = ProtocolError::Unsupported { api_key: slot.api_key, version: slot.api_version };
        let (Some(api), Some(message)) = (classify::api(slot.api_key), message(slot.api_key, Direction::Response))
        else {
            return Err(unsupported);
        };
        let shape = answer_shape(slot.api_key);
        let merge = shape.filter(|_| !pending.refusals.is_empty()).map(|shape| {
            Merge::new(shape, (message, slot.api_version), pending.refusals.clone(), pending.words.clone())
        });
        let appended = list_refusal((slot.api_key, slot.api_version), &pending.names, &pending.words)
            .filter(|_| !pending.names.is_empty());
        let effect = if pending.changes { Effect::Changes } else { api.effect };
        let mut facts = Facts::new(api.name, (slot.api_key, slot.api_version), slot.correlation_id, effect);
        facts.refused = merge.is_some() || appended.is_some();
        // Only Produce and Metadata look back at what was asked.
        let (topics, names) =
            if slot.api_key == METADATA { (Vec::new(), pending.topics) } else { (pending.topics, Vec::new()) };
        Ok(Self {
            message,
            version: slot.api_version,
            flexible: message.flexible.contains(slot.api_version),
            facts,
            splice: Splice::default(),
            merge,
            appended,
            append_count: Kept::default(),
            visible: Visible::new(slot.api_key, slot.api_version, pending.everything, names),
            shape,
            asked: Asked::new(topics, pending.partitions),
            throttled: false,
            error_before_index: 0,
            error_at: 0..0,
            room: Room::of_answer(body_bytes),
            kept_room: Room::of_answer(body_bytes),
            received: received.clone(),
        })
    }

    fn on(&mut self, event: &Event<'_>, gate: &mut dyn Gate) -> Result<(), ProtocolError> {
        if self.facts.api_key == FETCH && self.says_nothing(event) {
            self.merge = None;
        }
        if let Some(merge) = &mut self.merge {
            merge.on(event, &mut self.splice);
        }
        self.append(event);
        self.tell(event, gate)?;
        self.visible.on(event, self.message, &mut self.splice, gate)
    }

    /// A fetch that failed as a whole, or that was throttled and so is empty (KIP-219), tells nothing of any partition: clients take
    /// refusals in it for a full answer in which the other partitions are missing.
    fn says_nothing(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::Scalar { field, value: Scalar::Int(number), .. } => {
                self.throttled |= field.id == fetch::THROTTLE_TIME_MS && *number > 0;
                field.id == fetch::ERROR_CODE && *number != 0
            }
            Event::ArrayBegin { field, count: Some(0), .. } => field.id == fetch::RESPONSES && self.throttled,
            _ => false,
        }
    }

    /// Appends the names that were refused.
    fn append(&mut self, event: &Event<'_>) {
        let Some((array, elements)) = &self.appended else { return };
        match event {
            Event::ArrayBegin { field, count, span } if field.id == *array => {
                self.append_count = Kept::new(*count, span.clone());
            }
            Event::ArrayEnd { field, at } if field.id == *array => {
                let mut bytes = Vec::new();
                for fields in elements {
                    encode::element(&mut bytes, self.message, self.version, field, fields);
                }
                self.append_count.add(elements.len());
                self.append_count.write(&mut self.splice, self.flexible);
                self.splice.replace(*at..*at, bytes);
            }
            _ => {}
        }
    }

    /// Notes what the answer discloses.
    fn tell(&mut self, event: &Event<'_>, gate: &mut dyn Gate) -> Result<(), ProtocolError> {
        let Event::Scalar { field, value, span } = event else { return Ok(()) };
        if field.path == "ErrorCode"
            && let Scalar::Int(error) = value
        {
            self.facts.error = code_of(*error);
        }
        if self.facts.api_key == CREATE_TOPICS {
            self.created(field.id, value);
        }
        let Some(shape) = self.shape else { return Ok(()) };
        match value {
            Scalar::String(name) if field.id == shape.name => {
                self.facts.topics.push(TopicUse { name: name.unwrap_or_default().to_owned(), id: None });
            }
            Scalar::Int(index) if field.id == shape.index => self.begin_partition(*index),
            Scalar::Int(error) if field.id == shape.error && self.facts.api_key == OFFSET_FOR_LEADER_EPOCH => {
                self.error_before_index = code_of(*error);
            }
            Scalar::Int(error) if field.id == shape.error => {
                self.error_at = span.clone();
                if let Some(partition) = self.facts.partitions.last_mut() {
                    partition.error = code_of(*error);
                }
            }
            Scalar::Int(offset)
                if self.facts.api_key == PRODUCE
                    && field.id == produce::RESPONSES__PARTITION_RESPONSES__BASE_OFFSET =>
            {
                self.written(*offset);
            }
            Scalar::Records(records) if self.facts.api_key == FETCH => {
                self.shown(records.unwrap_or_default(), span, gate)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// New topics with their ids; the first error among them stands for the whole, which has none of its own.
    fn created(&mut self, id: FieldId, value: &Scalar<'_>) {
        match (id, value) {
            (create::TOPICS__NAME, Scalar::String(Some(name))) => {
                self.facts.topics.push(TopicUse { name: (*name).to_owned(), id: None });
            }
            (create::TOPICS__TOPIC_ID, Scalar::Uuid(topic_id)) if *topic_id != [0; 16] => {
                if let Some(topic) = self.facts.topics.last_mut() {
                    topic.id = Some(*topic_id);
                }
            }
            (create::TOPICS__ERROR_CODE, Scalar::Int(error)) if self.facts.error == 0 => {
                self.facts.error = code_of(*error);
            }
            _ => {}
        }
    }

    fn begin_partition(&mut self, index: i64) {
        let topic = self.facts.topics.len().saturating_sub(1);
        self.facts.partitions.push(PartitionUse {
            topic,
            partition: i32::try_from(index).unwrap_or(-1),
            first_offset: -1,
            last_offset: -1,
            records: 0,
            bytes: 0,
            error: std::mem::take(&mut self.error_before_index),
        });
    }

    /// A produced batch has its offsets from the broker; its size is what the request said.
    fn written(&mut self, base_offset: i64) {
        let name = self.facts.topics.last().map_or("", |t| t.name.as_str());
        let Some(partition) = self.facts.partitions.last_mut() else { return };
        let Some(asked) = self.asked.find(name, partition.partition) else { return };
        partition.records = asked.records;
        partition.bytes = asked.bytes;
        if partition.error == 0 && base_offset >= 0 {
            partition.first_offset = base_offset;
            partition.last_offset =
                base_offset.saturating_add(i64::try_from(asked.records).unwrap_or(0)).saturating_sub(1);
        }
    }

    fn finish(mut self, gate: &mut dyn Gate) -> Result<(Splice, Facts, bool), ProtocolError> {
        self.facts.refused |= self.visible.finish(&mut self.splice, gate)?;
        let read_nothing =
            self.facts.api_key == FETCH && self.facts.partitions.iter().all(|p| p.bytes == 0 && p.error == 0);
        let quiet = read_nothing || self.facts.api_key == HEARTBEAT;
        if self.facts.api_key == FETCH {
            // Partitions without records disclose nothing: leaving them out keeps leaves of wide consumers small.
            self.facts.partitions.retain(|p| p.bytes > 0 || p.error != 0);
        }
        if self.facts.effect == Effect::Changes || self.facts.api_key == FETCH {
            identify(&mut self.facts.topics, gate);
        }
        Ok((self.splice, self.facts, quiet))
    }
}

fn code_of(error: i64) -> i16 {
    i16::try_from(error).unwrap_or(-1)
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Where the answers to topic-and-partition requests keep them.
#[must_use]
pub fn answer_shape(api_key: i16) -> Option<AnswerShape> {
    let (topics, name, partitions, index, error): (_, _, _, _, _) = match api_key {
        PRODUCE => (
            produce::RESPONSES,
            produce::RESPONSES__NAME,
            produce::RESPONSES__PARTITION_RESPONSES,
            produce::RESPONSES__PARTITION_RESPONSES__INDEX,
            produce::RESPONSES__PARTITION_RESPONSES__ERROR_CODE,
        ),
        FETCH => (
            fetch::RESPONSES,
            fetch::RESPONSES__TOPIC,
            fetch::RESPONSES__PARTITIONS,
            fetch::RESPONSES__PARTITIONS__PARTITION_INDEX,
            fetch::RESPONSES__PARTITIONS__ERROR_CODE,
        ),
        2 => (
            list_offsets::TOPICS,
            list_offsets::TOPICS__NAME,
            list_offsets::TOPICS__PARTITIONS,
            list_offsets::TOPICS__PARTITIONS__PARTITION_INDEX,
            list_offsets::TOPICS__PARTITIONS__ERROR_CODE,
        ),
        8 => (
            commit::TOPICS,
            commit::TOPICS__NAME,
            commit::TOPICS__PARTITIONS,
            commit::TOPICS__PARTITIONS__PARTITION_INDEX,
            commit::TOPICS__PARTITIONS__ERROR_CODE,
        ),
        23 => (
            epochs::TOPICS,
            epochs::TOPICS__TOPIC,
            epochs::TOPICS__PARTITIONS,
            epochs::TOPICS__PARTITIONS__PARTITION,
            epochs::TOPICS__PARTITIONS__ERROR_CODE,
        ),
        24 => (
            add_partitions::RESULTS_BY_TOPIC_V3_AND_BELOW,
            add_partitions::RESULTS_BY_TOPIC_V3_AND_BELOW__NAME,
            add_partitions::RESULTS_BY_TOPIC_V3_AND_BELOW__RESULTS_BY_PARTITION,
            add_partitions::RESULTS_BY_TOPIC_V3_AND_BELOW__RESULTS_BY_PARTITION__PARTITION_INDEX,
            add_partitions::RESULTS_BY_TOPIC_V3_AND_BELOW__RESULTS_BY_PARTITION__PARTITION_ERROR_CODE,
        ),
        28 => (
            txn_commit::TOPICS,
            txn_commit::TOPICS__NAME,
            txn_commit::TOPICS__PARTITIONS,
            txn_commit::TOPICS__PARTITIONS__PARTITION_INDEX,
            txn_commit::TOPICS__PARTITIONS__ERROR_CODE,
        ),
        61 => (
            producers::TOPICS,
            producers::TOPICS__NAME,
            producers::TOPICS__PARTITIONS,
            producers::TOPICS__PARTITIONS__PARTITION_INDEX,
            producers::TOPICS__PARTITIONS__ERROR_CODE,
        ),
        _ => return None,
    };
    let refused = match api_key {
        PRODUCE => refused_produce,
        FETCH => refused_fetch,
        _ => |_error| Vec::new(),
    };
    let refused_record: Option<fn(Option<u32>, &str) -> Fields> = (api_key == PRODUCE).then_some(refused_record);
    Some(AnswerShape { topics, name, partitions, index, error, refused, refused_record, words: usual_words(api_key) })
}

/// Where a refused partition says why, with the usual words.
fn usual_words(api_key: i16) -> Option<(FieldId, &'static str)> {
    match api_key {
        PRODUCE => Some((
            produce::RESPONSES__PARTITION_RESPONSES__ERROR_MESSAGE,
            "the gate's policy does not let this caller write here",
        )),
        61 => {
            Some((producers::TOPICS__PARTITIONS__ERROR_MESSAGE, "the gate's policy does not let this caller read here"))
        }
        _ => None,
    }
}

fn refused_produce(error: i16) -> Fields {
    let mut fields = vec![(produce::RESPONSES__PARTITION_RESPONSES__BASE_OFFSET, Value::Int(-1))];
    if error == code::INVALID_REQUEST {
        let text = "this producer already writes the topic by another name: use one name for it, not two";
        fields.push((produce::RESPONSES__PARTITION_RESPONSES__ERROR_MESSAGE, Value::Text(text.to_owned())));
    }
    fields
}

/// Which record of a batch was refused, and why (KIP-467).
fn refused_record(place: Option<u32>, why: &str) -> Fields {
    use produce::{
        RESPONSES__PARTITION_RESPONSES__ERROR_MESSAGE as MESSAGE,
        RESPONSES__PARTITION_RESPONSES__RECORD_ERRORS as ERRORS,
        RESPONSES__PARTITION_RESPONSES__RECORD_ERRORS__BATCH_INDEX as PLACE,
        RESPONSES__PARTITION_RESPONSES__RECORD_ERRORS__BATCH_INDEX_ERROR_MESSAGE as WHY,
    };
    let Some(place) = place else { return vec![(MESSAGE, Value::Text(why.to_owned()))] };
    let told = format!("record {place} of the batch: {why}");
    let error = vec![(PLACE, Value::Int(i64::from(place))), (WHY, Value::Text(told.clone()))];
    vec![(MESSAGE, Value::Text(told)), (ERRORS, Value::List(vec![error]))]
}

fn refused_fetch(_error: i16) -> Fields {
    vec![
        (fetch::RESPONSES__PARTITIONS__HIGH_WATERMARK, Value::Int(-1)),
        (fetch::RESPONSES__PARTITIONS__ABORTED_TRANSACTIONS, Value::Null),
    ]
}

/// The usual words about a group or a transactional id.
pub(crate) const NOT_SEEN: &str = "the gate's policy does not let this caller see it";

/// Makes the element that refuses one thing, of a kind and by name.
type Refuse<'a> = &'a dyn Fn(&(i64, String)) -> Fields;

/// The array of an answer and the elements that refuse `names` in it.
#[must_use]
pub(crate) fn list_refusal(
    (api_key, version): (i16, i16),
    names: &[(i64, String)],
    words: &Words,
) -> Option<(FieldId, Vec<Fields>)> {
    let said = |name: &str, usual: &str| Value::Text(words.about(name, usual));
    let text = |name: &str| Value::Text(name.to_owned());
    let error = |code: i16| Value::Int(i64::from(code));
    let (array, build): (FieldId, Refuse<'_>) = match api_key {
        3 => (metadata::TOPICS, &|(_, name)| {
            vec![(metadata::TOPICS__ERROR_CODE, error(code::TOPIC)), (metadata::TOPICS__NAME, text(name))]
        }),
        9 if version >= 8 => (offsets::GROUPS, &|(_, name)| {
            vec![(offsets::GROUPS__GROUP_ID, text(name)), (offsets::GROUPS__ERROR_CODE, error(code::GROUP))]
        }),
        10 if version >= 4 => (coordinator::COORDINATORS, &|(kind, name)| {
            let refusal = match kind {
                0 => code::GROUP,
                1 => code::TRANSACTIONAL_ID,
                _ => code::INVALID_REQUEST,
            };
            vec![
                (coordinator::COORDINATORS__KEY, text(name)),
                (coordinator::COORDINATORS__NODE_ID, Value::Int(-1)),
                (coordinator::COORDINATORS__PORT, Value::Int(-1)),
                (coordinator::COORDINATORS__ERROR_CODE, error(refusal)),
                (coordinator::COORDINATORS__ERROR_MESSAGE, said(name, NOT_SEEN)),
            ]
        }),
        15 => (groups::GROUPS, &|(_, name)| {
            vec![
                (groups::GROUPS__GROUP_ID, text(name)),
                (groups::GROUPS__ERROR_CODE, error(code::GROUP)),
                (groups::GROUPS__ERROR_MESSAGE, said(name, NOT_SEEN)),
            ]
        }),
        19 => (create::TOPICS, &|(_, name)| {
            vec![
                (create::TOPICS__NAME, text(name)),
                (create::TOPICS__ERROR_CODE, error(code::TOPIC)),
                (
                    create::TOPICS__ERROR_MESSAGE,
                    said(name, "the gate's policy does not let this caller create the topic"),
                ),
                (create::TOPICS__NUM_PARTITIONS, Value::Int(-1)),
                (create::TOPICS__REPLICATION_FACTOR, Value::Int(-1)),
                (create::TOPICS__CONFIGS, Value::List(Vec::new())),
            ]
        }),
        32 => (configs::RESULTS, &|(kind, name)| {
            let refusal = match kind {
                2 => code::TOPIC,
                32 => code::GROUP,
                _ => code::CLUSTER,
            };
            vec![
                (configs::RESULTS__ERROR_CODE, error(refusal)),
                (
                    configs::RESULTS__ERROR_MESSAGE,
                    said(name, "the gate's policy does not let this caller read the configuration"),
                ),
                (configs::RESULTS__RESOURCE_TYPE, Value::Int(*kind)),
                (configs::RESULTS__RESOURCE_NAME, text(name)),
            ]
        }),
        65 => (transactions::TRANSACTION_STATES, &|(_, name)| {
            vec![
                (transactions::TRANSACTION_STATES__ERROR_CODE, error(code::TRANSACTIONAL_ID)),
                (transactions::TRANSACTION_STATES__TRANSACTIONAL_ID, text(name)),
            ]
        }),
        _ => return None,
    };
    Some((array, names.iter().map(build).collect()))
}
