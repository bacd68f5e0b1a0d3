//! Looks into the records of a produce request, where something is asked of what is written: they pass, are changed, or their batch is
//! refused. A batch is taken as a whole or not at all, since brokers give its records their offsets together.

use std::ops::Range;
use std::time::Duration;

use tidegate_model::{
    Asks, Gate, Keeps, KeptBatch, KeptRecords, Level, MaskUse, PartitionUse, RecordMask, TooFast, WriteRules, Written,
};

use super::code;
use crate::answers::shown::{CODECS, parts, unpacked};
use crate::encode;
use crate::kept::{self, Of};
use crate::quarantine::{Copies, Refused};
use crate::records::{self, Limits, NewRecord, Outcome, Record, Rewrite, Why};
use crate::shape::Scope;

/// Puts the batch of the partition that was met last through what is asked of its topic.
pub(super) fn look_into(batch: &[u8], span: &Range<usize>, flexible: bool, scope: &mut Scope, gate: &mut dyn Gate) {
    let (Some(topic), Some(partition)) = (scope.topics.last(), scope.partitions.last()) else { return };
    if partition.error != 0 {
        return;
    }
    let mut rules = match gate.asks(&topic.name) {
        Asks::Nothing => return,
        Asks::Unknown => {
            scope.refuse_last(code::TOPIC);
            return;
        }
        Asks::Rules(rules) => rules,
    };
    let (topic, partition) = (partition.topic, partition.partition);
    let mut writing = Writing { rules: &mut *rules, place: 0, refused: None, header: Vec::new() };
    let mut out = Vec::new();
    let limits = Limits { bytes: scope.room.bytes, unpacked: scope.room.unpacked };
    let rewritten = CODECS.with_borrow_mut(|codecs| records::rewrite(batch, &limits, codecs, &mut writing, &mut out));
    let whole = std::mem::replace(&mut scope.room.untouched, false);
    scope.room.bytes = scope.room.bytes.saturating_sub(out.len());
    scope.room.unpacked = scope.room.unpacked.saturating_sub(unpacked(batch, &rewritten));
    let refused = match (&rewritten, writing.refused.take()) {
        (Ok(summary), _) if summary.control > 0 => {
            Some((code::INVALID_RECORD, (None, "clients write no control records".to_owned())))
        }
        (Ok(_), _) => None,
        (Err(_), Some((place, why))) => Some((code::INVALID_RECORD, (Some(place), why))),
        // What is needed to read it is on its way, or the request holds more than is looked into at once; producers try again.
        (Err(error), None)
            if error.why == Why::Later || !whole && matches!(error.why, Why::TooLarge | Why::Unpacked) =>
        {
            scope.refuse_last(code::NOT_ENOUGH_REPLICAS);
            return;
        }
        (Err(error), None) if error.why == Why::Crc => Some((code::CORRUPT_MESSAGE, (None, error.to_string()))),
        (Err(error), None) => Some((code::INVALID_RECORD, (None, error.to_string()))),
    };
    let mut seen = rules.take_seen();
    drop(rules);
    if refused.is_some() {
        // Nothing of it was written.
        seen.classes.clear();
    }
    let (error, refused) = refused.map_or((0, None), |(error, refused)| (error, Some(refused)));
    if let Some((place, text)) = &refused {
        let name = scope.topics.get(topic).map_or("", |topic| topic.name.as_str()).to_owned();
        scope.words.refuse_record(&name, partition, (*place, text));
        if let (Some(place), Some(to)) = (*place, gate.quarantine(&name)) {
            scope.copies.add(&Refused { batch, topic: (topic, &name), partition, place, why: text }, to);
        }
    }
    scope.masks.push(MaskUse { topic, partition, withheld: 0, seen, refused });
    if error != 0 {
        scope.refuse_last(error);
    } else if rewritten.is_ok_and(|summary| summary.changed > 0) {
        let place = scope.partitions.len().saturating_sub(1);
        if let Some(partition) = scope.partitions.last_mut() {
            scope.came.push((place, partition.bytes));
            partition.bytes = u64::try_from(out.len()).unwrap_or(u64::MAX);
        }
        let mut bytes = Vec::with_capacity(out.len().saturating_add(5));
        encode::count(&mut bytes, flexible, out.len());
        bytes.append(&mut out);
        scope.splice.replace(span.clone(), bytes);
    }
}

/// Notes what evidence keeps of the batch of the partition that was met last: as it came, whether or not it may be written.
pub(super) fn keep(batch: &[u8], scope: &mut Scope, gate: &mut dyn Gate) {
    let (Some(topic), Some(partition)) = (scope.topics.last_mut(), scope.partitions.last()) else { return };
    let (number, error, partition) = (partition.topic, partition.error, partition.partition);
    let keeps = gate.keeps(&topic.name);
    let level = if let Keeps::Nothing(level) = &keeps { *level } else { Level::Full };
    // Whatever becomes of it: the frame that is committed to holds it.
    scope.kept.note(number, level);
    let refused = error == code::INVALID_RECORD;
    if error != 0 && !refused {
        return;
    }
    // Of no life of the topic: nobody will meet this very batch again, which has no offsets yet.
    let of = Of { topic: number, topic_id: None, partition, frame: None };
    let mut kept = kept::keep(batch, of, keeps, &mut scope.kept_room);
    let unkept = kept.bytes < batch.len();
    if unkept && !refused {
        // There is room in a request of its own.
        scope.masks.pop_if(|mask| (mask.topic, mask.partition) == (number, partition));
        scope.refuse_last(code::NOT_ENOUGH_REPLICAS);
        return;
    }
    if refused && (unkept || kept.level == Level::Digest) && scope.kept_room.told > 0 {
        scope.kept_room.told = scope.kept_room.told.saturating_sub(1);
        // No frame of it goes on, whose commitment would do.
        let (base_offset, left_out) = (0, records::count(batch));
        let unread = vec![(base_offset, kept::whole(batch, "refused".to_owned()))];
        let stored = None;
        kept.batches.push(KeptBatch { topic: number, partition, base_offset, left_out, unread, stored, refused });
    }
    kept.batches.iter_mut().for_each(|batch| batch.refused = refused);
    scope.kept.batches.append(&mut kept.batches);
}

/// Refuses all of a request that comes faster than its topics take it: as a whole, since some clients send all of it again where a part was
/// refused. The error is one after which clients of every kind try again. How long they should wait first.
pub(super) fn pace(scope: &mut Scope, gate: &mut dyn Gate) -> Option<Duration> {
    // What was refused for a record in it was looked into, so it counts as what is written does.
    let counts = |partition: &&PartitionUse| [0, code::INVALID_RECORD].contains(&partition.error);
    let topics = &scope.topics;
    let numbered = scope.partitions.iter().enumerate().filter(|(_, partition)| counts(partition));
    let written = numbered.filter_map(|(place, partition)| {
        let topic = topics.get(partition.topic)?.name.as_str();
        let changed = scope.came.binary_search_by_key(&place, |(place, _)| *place).ok();
        let came = changed.and_then(|at| scope.came.get(at)).map(|(_, bytes)| *bytes);
        Some(Written { topic, records: partition.records, bytes: came.unwrap_or(partition.bytes) })
    });
    let TooFast { why, wait } = gate.too_fast(&written.collect::<Vec<_>>())?;
    scope.masks.clear();
    // A flood is not to fill the disk, nor the quarantine topic.
    scope.kept = KeptRecords::default();
    scope.copies = Copies::default();
    for partition in scope.partitions.iter_mut().filter(|partition| counts(&&**partition)) {
        partition.error = code::NOT_ENOUGH_REPLICAS;
        let name = topics.get(partition.topic).map_or("", |topic| topic.name.as_str());
        scope.words.refuse_record(name, partition.partition, (None, &why));
    }
    scope.allowed = 0;
    Some(wait)
}

struct Writing<'a> {
    rules: &'a mut dyn WriteRules,
    place: u32,
    refused: Option<(u32, String)>,
    header: Vec<u8>,
}

impl Rewrite for Writing<'_> {
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome {
        let place = self.place;
        self.place = place.saturating_add(1);
        let headers = record.headers.iter().map(|header| header.key.len().saturating_add(length(header.value)));
        let bytes = length(record.key).saturating_add(length(record.value)).saturating_add(headers.sum());
        let most = self.rules.record_bytes_max();
        if bytes > most {
            self.refused = Some((place, format!("it has {bytes} bytes; its topic takes {most}")));
            return Outcome::Stop;
        }
        let rules: &mut dyn RecordMask = self.rules;
        let outcome = parts(rules, record, new, &mut self.header);
        let refused = match outcome {
            Outcome::Later => return Outcome::Later,
            Outcome::Same | Outcome::Changed(_) => self.rules.refusal(),
            Outcome::Dropped | Outcome::Stop => {
                Some(self.rules.refusal().unwrap_or_else(|| "a class of its fields keeps it out".to_owned()))
            }
        };
        self.rules.end_record(refused.is_none());
        match refused {
            None => outcome,
            Some(why) => {
                self.refused = Some((place, why));
                Outcome::Stop
            }
        }
    }
}

fn length(part: Option<&[u8]>) -> usize {
    part.map_or(0, <[u8]>::len)
}
