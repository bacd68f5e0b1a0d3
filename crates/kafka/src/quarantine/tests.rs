//! What is in copies of refused records.

use std::any::Any;

use tidegate_model::{
    Action, BatchAt, Endpoint, MaskedBatch, PartFate, RecordMask, RecordPart, Resource, Seen, UnreadPart,
};

use super::*;
use crate::kept::KeptRecord;

struct Clock;

impl Gate for Clock {
    fn allows(&mut self, _action: Action, _resource: Resource<'_>, _partition: Option<i32>) -> bool {
        panic!("the gate's own writing is nobody's right")
    }
    fn endpoint(&mut self, _node_id: i32, _host: &str, _port: u16) -> Option<Endpoint> {
        None
    }
    fn knowledge(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }
    fn answer_bytes_target(&self) -> i32 {
        0
    }
    fn now_ms(&self) -> u64 {
        1_700_000_000_000
    }
}

/// Turns `secret` into stars, keeps out `drop` and cannot read `broken`.
#[derive(Default)]
struct Stars(Option<UnreadPart>);

impl RecordMask for Stars {
    fn known(&mut self, _batch: BatchAt<'_>) -> Option<MaskedBatch> {
        None
    }
    fn part(&mut self, part: RecordPart<'_>, _key: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> PartFate {
        match (part, bytes) {
            (_, b"secret") => {
                out.extend_from_slice(b"******");
                PartFate::Changed
            }
            (_, b"drop") => PartFate::DropRecord,
            (RecordPart::Value, b"broken") => {
                self.0 = Some(UnreadPart { part: 2, length: 6, at: 1, why: "no JSON".into(), digest: [0; 32] });
                PartFate::DropRecord
            }
            _ => PartFate::Same,
        }
    }
    fn end_record(&mut self, _stays: bool) {}
    fn keep(&mut self, _batch: BatchAt<'_>, _masked: &MaskedBatch) {}
    fn delivered(&mut self) {}
    fn take_seen(&mut self) -> Seen {
        Seen::default()
    }
}

impl StorageMask for Stars {
    fn unread(&mut self) -> Option<UnreadPart> {
        self.0.take()
    }
    fn plan(&self) -> [u8; 32] {
        [0; 32]
    }
    fn content(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// A batch with a record for each value, whose key is its value and whose headers are `user` and one that looks like ours.
fn batch(values: &[&[u8]]) -> Vec<u8> {
    let mut made = Made { topic: "t".into(), original: false, of: Vec::new(), records: Vec::new() };
    for (place, value) in (0..).zip(values) {
        let mut headers = NewHeaders::default();
        headers.push(b"user", Some(value));
        headers.push(b"tidegate.topic", Some(b"forged"));
        put_record(&mut made.records, place, Some(value), Some(value), &headers);
        made.of.push((0, 0, place));
    }
    made.batch(5)
}

fn to(topic: &str, copy: Copied<'static>) -> Quarantine<'static> {
    Quarantine { topic: topic.into(), copy }
}

fn refused(batch: &[u8], place: u32) -> Refused<'_> {
    Refused { batch, topic: (0, "orders"), partition: 3, place, why: "it has a card" }
}

fn read(copy: &Quarantined) -> Vec<KeptRecord> {
    kept::read(&copy.batch[21..], 0).unwrap()
}

fn header<'a>(record: &'a KeptRecord, name: &str) -> Vec<&'a str> {
    let named = record.headers.iter().filter(|(key, _)| key == name.as_bytes());
    named.map(|(_, value)| std::str::from_utf8(value.as_deref().unwrap()).unwrap()).collect()
}

#[test]
fn a_copy_is_the_refused_record_alone_and_says_whence_it_came() {
    let batch = batch(&[b"good", b"secret", b"after"]);
    let mut copies = Copies::default();
    copies.add(&refused(&batch, 1), to("q", Copied::Original));
    let made = copies.finish(&mut Clock);
    assert_eq!((made.len(), &*made[0].topic, made[0].original), (1, "q", true));
    assert_eq!(made[0].of, [(0, 3, 1)]);
    let records = read(&made[0]);
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].key.as_deref(), records[0].value.as_deref()), (Some(&b"secret"[..]), Some(&b"secret"[..])));
    assert_eq!(header(&records[0], "user"), ["secret"]);
    assert_eq!(header(&records[0], "tidegate.topic"), ["orders"], "a client's header that looks like ours is left out");
    assert_eq!(header(&records[0], "tidegate.partition"), ["3"]);
    assert_eq!(header(&records[0], "tidegate.record"), ["1"]);
    assert_eq!(header(&records[0], "tidegate.reason"), ["it has a card"]);
    assert!(header(&records[0], "tidegate.left_out").is_empty());
}

#[test]
fn what_the_storage_mask_does_not_leave_is_not_copied() {
    let batch = batch(&[b"secret", b"broken", b"drop"]);
    let mut copies = Copies::default();
    for place in 0..3 {
        copies.add(&refused(&batch, place), to("q", Copied::Masked(Box::<Stars>::default())));
    }
    copies.add(&refused(&batch, 0), to("q", Copied::Nothing));
    let made = copies.finish(&mut Clock);
    assert_eq!((made.len(), made[0].original, made[0].of.len()), (1, false, 4));
    let records = read(&made[0]);
    let stars = Some(&b"******"[..]);
    assert_eq!((records[0].key.as_deref(), records[0].value.as_deref()), (stars, stars));
    assert_eq!(header(&records[0], "user"), ["******"]);
    let why =
        ["its value of 6 bytes cannot be read: no JSON, at byte 1", "a class of its fields keeps it out", "nobody"];
    for (record, why) in records[1..].iter().zip(why) {
        assert!(record.key.is_none() && record.value.is_none() && header(record, "user").is_empty());
        assert!(header(record, "tidegate.left_out")[0].starts_with(why), "{:?}", header(record, "tidegate.left_out"));
    }
    let whole = made[0].batch.to_vec();
    for word in ["secret", "broken", "drop", "forged"] {
        assert!(!whole.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

#[test]
fn batches_are_bounded_and_so_is_what_a_request_copies() {
    let large = vec![b'x'; BATCH_MAX / 2];
    let large = batch(&[&large]);
    let mut copies = Copies::default();
    for _ in 0..10 {
        copies.add(&refused(&large, 0), to("q", Copied::Original));
    }
    let made = copies.finish(&mut Clock);
    // Key, value and header of each: one does not fit with another.
    assert!(made.iter().all(|made| made.of.len() == 1 || made.batch.len() < BATCH_MAX + 1_000), "{made:?}");
    let all: usize = made.iter().map(|made| made.batch.len()).sum();
    assert!(all < COPIES_MAX + 10 * 1_000, "{all}");
    let records: Vec<KeptRecord> = made.iter().flat_map(read).collect();
    assert_eq!(records.len(), 10);
    let left_out = records.iter().filter(|record| !header(record, "tidegate.left_out").is_empty());
    assert_eq!(left_out.count(), 10 - COPIES_MAX / (3 * (BATCH_MAX / 2)));
}

#[test]
fn a_record_that_is_not_there_is_told() {
    let mut copies = Copies::default();
    copies.add(&refused(&batch(&[b"a"]), 7), to("q", Copied::Original));
    copies.add(&refused(b"no batch", 0), to("other", Copied::Original));
    for made in copies.finish(&mut Clock) {
        assert!(header(&read(&made)[0], "tidegate.left_out")[0].contains("could not be found again"));
    }
}
