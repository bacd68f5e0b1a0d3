//! Records in an answer to Fetch: kept for evidence, and shown as their caller may see them.

use std::ops::Range;

use tidegate_model::{Gate, MaskUse, PartitionUse, Seen, View};

use super::shown::{self, Of, Shown};
use super::{Reading, bytes};
use crate::batch;
use crate::encode;
use crate::error::ProtocolError;
use crate::kept::{self, OfPartition};
use crate::requests::{code, identify};

impl Reading {
    /// Puts the records of a partition through the caller's mask.
    pub(super) fn shown(
        &mut self,
        records: &[u8],
        span: &Range<usize>,
        gate: &mut dyn Gate,
    ) -> Result<(), ProtocolError> {
        let (Some(topic), Some(partition)) = (self.facts.topics.last_mut(), self.facts.partitions.last()) else {
            return Ok(());
        };
        if records.is_empty() {
            return Ok(());
        }
        identify(std::slice::from_mut(topic), gate);
        let (number, of) = (partition.topic, Of { topic_id: topic.id, partition: partition.partition });
        let kept =
            kept::Of { topic: number, topic_id: of.topic_id, partition: of.partition, frame: Some(&self.received) };
        let mut kept = kept::keep(records, kept, gate.keeps(&topic.name), &mut self.kept_room);
        // What cannot be recorded yet is not delivered yet.
        let (came, records) = (records, records.get(..kept.bytes).unwrap_or(records));
        let mut mask = match gate.view(&topic.name) {
            View::Plain => {
                self.keep(kept);
                return self.deliver(came, records, span);
            }
            View::Withheld => {
                self.facts.kept.note(number, kept.level);
                let (partition, seen) = (of.partition, Seen::default());
                self.facts.masks.push(MaskUse { topic: number, partition, withheld: 0, seen, refused: None });
                self.refuse_partition();
                return self.replace_records(span, &[]);
            }
            View::Masked(mask) => mask,
        };
        let (shown, batches, withheld) = shown::shown(records, of, &mut *mask, &mut self.room, &kept.batches);
        self.facts.masks.push(MaskUse {
            topic: number,
            partition: of.partition,
            withheld,
            seen: mask.take_seen(),
            refused: None,
        });
        drop(mask);
        kept.batches.truncate(batches);
        self.keep(kept);
        let Some(topic) = self.facts.topics.last() else { return Ok(()) };
        match shown {
            Shown::AsCame => self.deliver(came, records, span),
            Shown::Masked(masked) => self.replace_records(span, &masked),
            Shown::Nothing(why) => {
                gate.cannot_show(&topic.name, of.partition, &why.to_string());
                self.refuse_partition();
                self.replace_records(span, &[])
            }
        }
    }

    /// Notes what evidence keeps of a partition.
    fn keep(&mut self, kept: OfPartition) {
        self.facts.kept.note(self.facts.topics.len().saturating_sub(1), kept.level);
        self.facts.kept.batches.extend(kept.batches);
    }

    /// Delivers `records` as they came, which are all that `came` or the first of it.
    fn deliver(&mut self, came: &[u8], records: &[u8], span: &Range<usize>) -> Result<(), ProtocolError> {
        if came.len() == records.len() { self.delivered(records) } else { self.replace_records(span, records) }
    }

    fn replace_records(&mut self, span: &Range<usize>, records: &[u8]) -> Result<(), ProtocolError> {
        let mut bytes = Vec::with_capacity(records.len().saturating_add(5));
        encode::count(&mut bytes, self.flexible, records.len());
        bytes.extend_from_slice(records);
        self.splice.replace(span.clone(), bytes);
        self.delivered(records)
    }

    /// TOPIC_AUTHORIZATION_FAILED for the partition at hand: clients tell their users of it and go on when they are asked to. After
    /// CORRUPT_MESSAGE those of Java are stuck.
    fn refuse_partition(&mut self) {
        self.splice.replace(self.error_at.clone(), code::TOPIC.to_be_bytes().to_vec());
        if let Some(partition) = self.facts.partitions.last_mut() {
            partition.error = code::TOPIC;
        }
    }

    fn delivered(&mut self, records: &[u8]) -> Result<(), ProtocolError> {
        let Some(partition) = self.facts.partitions.last_mut() else { return Ok(()) };
        // What cannot be read cannot be recorded, and so cannot be delivered.
        let extent = batch::extent(records)
            .map_err(|_batch| ProtocolError::Refused("the broker sent records that are not batches of magic 2"))?;
        partition.first_offset = extent.first_offset;
        partition.last_offset = extent.last_offset;
        partition.records = extent.records;
        partition.bytes = bytes(records.len().saturating_sub(extent.tail));
        let whole = *partition;
        if let Some((first_offset, last_offset)) = extent.cut {
            // Clients drop the batch that a broker cut, and fetch it again; but some of its bytes went out.
            let cut = PartitionUse { first_offset, last_offset, records: 0, bytes: bytes(extent.tail), ..whole };
            if extent.batches == 0 {
                *partition = cut;
            } else {
                self.facts.partitions.push(cut);
            }
        }
        Ok(())
    }
}
