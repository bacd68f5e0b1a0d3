//! The gate's own producer: it asks who leads a topic, and writes one batch to one partition, acknowledged by all in-sync replicas. It has
//! no producer's numbers, so that a batch whose answer is lost may be there twice.

use bytes::Bytes;
use tidegate_model::{Acked, Effect, Facts, FrameRefused, Led, PartitionUse, Producer, Quarantined, TopicUse};

use crate::control::{own_answer, own_request};
use crate::encode::{Fields, Value};
use crate::error::ProtocolError;
use crate::schema::messages::{
    metadata_request, metadata_response as metadata, produce_request as produce, produce_response as produced,
};
use crate::walk::{Event, Scalar};

const PRODUCE: i16 = 0;
const METADATA: i16 = 3;
/// Every broker from 2.8 on speaks both.
const PRODUCE_VERSION: i16 = 9;
const METADATA_VERSION: i16 = 12;
const CLIENT_ID: &str = "tidegate-quarantine";
/// How long a broker waits for its replicas.
const REPLICAS_MS: i64 = 5_000;
/// Errors that say that nothing was written and that go away: UNKNOWN_TOPIC_OR_PARTITION while a topic is made, LEADER_NOT_AVAILABLE,
/// NOT_LEADER_OR_FOLLOWER, NETWORK_EXCEPTION, NOT_ENOUGH_REPLICAS, KAFKA_STORAGE_ERROR, FENCED_LEADER_EPOCH.
const AGAIN: [i16; 7] = [3, 5, 6, 13, 19, 56, 74];

/// What was asked last.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    correlation_id: i32,
    topic: String,
    /// Of the request that writes.
    facts: Option<Facts>,
}

impl Conversation {
    fn frame(&mut self, api: (i16, i16), fields: &Fields) -> Bytes {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        own_request(api, self.correlation_id, CLIENT_ID, fields)
    }

    fn read_leaders(&self, frame: &[u8]) -> Result<Led, ProtocolError> {
        let mut walker = own_answer((METADATA, METADATA_VERSION), self.correlation_id, frame)?;
        let mut brokers: Vec<(i64, String, u16)> = Vec::new();
        let (mut node_id, mut host, mut port) = (-1, String::new(), 0);
        let (mut partition, mut leader, mut led_by) = (-1, -1, Vec::new());
        let (mut named, mut id, mut led) = (false, [0; 16], Led::default());
        while let Some(event) = walker.next()? {
            match event {
                Event::Scalar { field, value, .. } => match (field.id, value) {
                    (metadata::BROKERS__NODE_ID, Scalar::Int(number)) => node_id = number,
                    (metadata::BROKERS__HOST, Scalar::String(Some(text))) => text.clone_into(&mut host),
                    (metadata::BROKERS__PORT, Scalar::Int(number)) => port = u16::try_from(number).unwrap_or(0),
                    (metadata::TOPICS__NAME, Scalar::String(name)) => named = name == Some(self.topic.as_str()),
                    (metadata::TOPICS__TOPIC_ID, Scalar::Uuid(uuid)) => id = uuid,
                    (metadata::TOPICS__PARTITIONS__PARTITION_INDEX, Scalar::Int(number)) => partition = number,
                    (metadata::TOPICS__PARTITIONS__LEADER_ID, Scalar::Int(number)) => leader = number,
                    _ => {}
                },
                Event::ElementEnd { field, .. } if field.id == metadata::BROKERS => {
                    brokers.push((node_id, std::mem::take(&mut host), port));
                }
                Event::ElementEnd { field, .. } if field.id == metadata::TOPICS__PARTITIONS && named => {
                    led_by.push((partition, leader));
                }
                Event::ElementEnd { field, .. } if field.id == metadata::TOPICS && named => {
                    led.topic_id = Some(id).filter(|id| *id != [0; 16]);
                }
                _ => {}
            }
        }
        led.leaders.extend(led_by.into_iter().filter_map(|(partition, leader)| {
            let (_, host, port) = brokers.iter().find(|(node_id, ..)| *node_id == leader)?;
            Some((i32::try_from(partition).ok()?, host.clone(), *port))
        }));
        led.leaders.sort_unstable();
        Ok(led)
    }

    fn read_written(&mut self, frame: &[u8]) -> Result<Acked, ProtocolError> {
        let mut walker = own_answer((PRODUCE, PRODUCE_VERSION), self.correlation_id, frame)?;
        let other =
            ProtocolError::Refused("the broker answered for other partitions than the gate's own producer wrote");
        let mut facts = self.facts.take().ok_or_else(|| other.clone())?;
        let asked = facts.partitions.first().map(|partition| i64::from(partition.partition));
        let (mut topic, mut partition, mut error, mut base, mut answers) = (false, None, 0, -1, 0);
        while let Some(event) = walker.next()? {
            match event {
                Event::Scalar { field, value, .. } => match (field.id, value) {
                    (produced::RESPONSES__NAME, Scalar::String(name)) => topic = name == Some(self.topic.as_str()),
                    (produced::RESPONSES__PARTITION_RESPONSES__INDEX, Scalar::Int(number)) => partition = Some(number),
                    (produced::RESPONSES__PARTITION_RESPONSES__ERROR_CODE, Scalar::Int(code)) => {
                        error = i16::try_from(code).unwrap_or(-1);
                    }
                    (produced::RESPONSES__PARTITION_RESPONSES__BASE_OFFSET, Scalar::Int(offset)) => base = offset,
                    _ => {}
                },
                Event::ElementEnd { field, .. } if field.id == produced::RESPONSES__PARTITION_RESPONSES => {
                    answers = if topic && partition == asked { answers + 1 } else { 2 };
                }
                _ => {}
            }
        }
        let Some(written) = facts.partitions.first_mut().filter(|_| answers == 1) else { return Err(other) };
        written.error = error;
        if error == 0 {
            written.first_offset = base;
            let after_first = i64::try_from(written.records.saturating_sub(1)).unwrap_or(i64::MAX);
            written.last_offset = base.saturating_add(after_first);
        }
        let refused = (error != 0).then(|| (why(error), AGAIN.contains(&error)));
        Ok(Acked { facts, refused })
    }
}

/// What an error means for who copies, and what helps.
fn why(error: i16) -> String {
    match error {
        10 => "its broker takes no record of this size (MESSAGE_TOO_LARGE)".to_owned(),
        29 => "the agent's user has no right to write it (TOPIC_AUTHORIZATION_FAILED); give it that at the cluster"
            .to_owned(),
        87 => "its broker takes no such record (INVALID_RECORD); a copy may have no key, so it must not be compacted"
            .to_owned(),
        _ => format!("its broker answered with error {error}"),
    }
}

impl Producer for Conversation {
    fn find(&mut self, topic: &str) -> Bytes {
        topic.clone_into(&mut self.topic);
        let topics = vec![vec![(metadata_request::TOPICS__NAME, Value::Text(topic.to_owned()))]];
        let fields = vec![
            (metadata_request::TOPICS, Value::List(topics)),
            (metadata_request::ALLOW_AUTO_TOPIC_CREATION, Value::Int(0)),
        ];
        self.frame((METADATA, METADATA_VERSION), &fields)
    }

    fn found(&mut self, frame: &[u8]) -> Result<Led, FrameRefused> {
        Ok(self.read_leaders(frame)?)
    }

    fn write(&mut self, copy: &Quarantined, topic_id: Option<[u8; 16]>, partition: i32) -> (Bytes, Facts) {
        (*copy.topic).clone_into(&mut self.topic);
        let records = vec![
            (produce::TOPIC_DATA__PARTITION_DATA__INDEX, Value::Int(i64::from(partition))),
            (produce::TOPIC_DATA__PARTITION_DATA__RECORDS, Value::Bytes(copy.batch.to_vec())),
        ];
        let topic = vec![
            (produce::TOPIC_DATA__NAME, Value::Text(self.topic.clone())),
            (produce::TOPIC_DATA__PARTITION_DATA, Value::List(vec![records])),
        ];
        let fields = vec![
            (produce::ACKS, Value::Int(-1)),
            (produce::TIMEOUT_MS, Value::Int(REPLICAS_MS)),
            (produce::TOPIC_DATA, Value::List(vec![topic])),
        ];
        let frame = self.frame((PRODUCE, PRODUCE_VERSION), &fields);
        let mut facts = Facts::new("Produce", (PRODUCE, PRODUCE_VERSION), self.correlation_id, Effect::Changes);
        facts.topics = vec![TopicUse { name: self.topic.clone(), id: topic_id }];
        facts.partitions = vec![PartitionUse {
            topic: 0,
            partition,
            first_offset: -1,
            last_offset: -1,
            records: u64::try_from(copy.of.len()).unwrap_or(u64::MAX),
            bytes: u64::try_from(copy.batch.len()).unwrap_or(u64::MAX),
            error: 0,
        }];
        self.facts = Some(facts.clone());
        facts.kept = copy.kept.clone();
        facts.kept.batches.iter_mut().for_each(|batch| batch.partition = partition);
        (frame, facts)
    }

    fn written(&mut self, frame: &[u8]) -> Result<Acked, FrameRefused> {
        Ok(self.read_written(frame)?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tidegate_model::KeptRecords;

    use super::*;
    use crate::schema::{Direction, message};
    use crate::{encode, header};

    fn answer(conversation: &Conversation, (key, version): (i16, i16), fields: &Fields) -> Vec<u8> {
        let mut frame = header::response_prefix(key, version, conversation.correlation_id);
        encode::message(&mut frame, message(key, Direction::Response).unwrap(), version, fields);
        header::seal(&mut frame);
        frame
    }

    fn copy() -> Quarantined {
        let kept = KeptRecords::default();
        let batch = Bytes::from_static(b"batch");
        Quarantined { topic: Arc::from("q"), original: false, of: vec![(0, 0, 1), (0, 1, 2)], batch, kept }
    }

    fn written(topic: &str, partition: i64, error: i64, base: i64) -> Fields {
        let partition = vec![
            (produced::RESPONSES__PARTITION_RESPONSES__INDEX, Value::Int(partition)),
            (produced::RESPONSES__PARTITION_RESPONSES__ERROR_CODE, Value::Int(error)),
            (produced::RESPONSES__PARTITION_RESPONSES__BASE_OFFSET, Value::Int(base)),
        ];
        let topic = vec![
            (produced::RESPONSES__NAME, Value::Text(topic.to_owned())),
            (produced::RESPONSES__PARTITION_RESPONSES, Value::List(vec![partition])),
        ];
        vec![(produced::RESPONSES, Value::List(vec![topic]))]
    }

    #[test]
    fn leaders_are_those_of_the_topic_that_was_asked_for() {
        let broker = |id, host: &str| {
            vec![
                (metadata::BROKERS__NODE_ID, Value::Int(id)),
                (metadata::BROKERS__HOST, Value::Text(host.to_owned())),
                (metadata::BROKERS__PORT, Value::Int(9092)),
            ]
        };
        let partition = |index, leader| {
            vec![
                (metadata::TOPICS__PARTITIONS__PARTITION_INDEX, Value::Int(index)),
                (metadata::TOPICS__PARTITIONS__LEADER_ID, Value::Int(leader)),
            ]
        };
        let topic = |name: &str, partitions| {
            vec![
                (metadata::TOPICS__NAME, Value::Text(name.to_owned())),
                (metadata::TOPICS__TOPIC_ID, Value::Uuid([7; 16])),
                (metadata::TOPICS__PARTITIONS, Value::List(partitions)),
            ]
        };
        let mut conversation = Conversation::default();
        conversation.find("q");
        let topics = vec![
            topic("other", vec![partition(5, 1)]),
            topic("q", vec![partition(1, 2), partition(0, 1), partition(2, -1)]),
        ];
        let fields = vec![
            (metadata::BROKERS, Value::List(vec![broker(1, "one"), broker(2, "two")])),
            (metadata::TOPICS, Value::List(topics)),
        ];
        let led = conversation.found(&answer(&conversation, (METADATA, METADATA_VERSION), &fields)).unwrap();
        let leaders = vec![(0, "one".to_owned(), 9092), (1, "two".to_owned(), 9092)];
        assert_eq!(led, Led { topic_id: Some([7; 16]), leaders });
    }

    #[test]
    fn an_outcome_has_offset_or_error_and_answers_what_was_written() {
        let ask = |fields: &Fields| {
            let mut conversation = Conversation::default();
            let (_, facts) = conversation.write(&copy(), None, 4);
            assert_eq!((facts.partitions[0].partition, facts.partitions[0].records), (4, 2));
            let frame = answer(&conversation, (PRODUCE, PRODUCE_VERSION), fields);
            conversation.written(&frame)
        };
        let Acked { facts, refused } = ask(&written("q", 4, 0, 90)).unwrap();
        assert_eq!((facts.partitions[0].first_offset, facts.partitions[0].last_offset, refused), (90, 91, None));
        let Acked { facts, refused } = ask(&written("q", 4, 6, -1)).unwrap();
        assert_eq!((facts.partitions[0].error, facts.partitions[0].first_offset, refused.unwrap().1), (6, -1, true));
        let (why, again) = ask(&written("q", 4, 29, -1)).unwrap().refused.unwrap();
        assert!(why.contains("TOPIC_AUTHORIZATION_FAILED") && !again, "{why}");
        for other in [written("r", 4, 0, 90), written("q", 3, 0, 90), Vec::new()] {
            assert!(ask(&other).is_err());
        }
    }
}
