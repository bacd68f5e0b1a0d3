//! What evidence keeps of record batches, as they came: each under the topic's storage mask, whoever may see it live.

use bytes::Bytes;
use tidegate_model::{BatchAt, Keeps, KeptBatch, Level, StorageMask, Stored, UnreadPart};

use crate::answers::shown::{CODECS, Room, parts, rewrite};
use crate::records::{self, Limits, NewRecord, Outcome, Record, RecordsError, Rewrite, Why};

/// What could not be read of one batch is told one by one up to here; more is counted.
const UNREAD_MAX: usize = 16;
/// From here on a batch is the same where it is written and wherever it is read: brokers set what stands before.
const BODY: usize = 21;
/// Bits of the attributes, the body's first two bytes, that name a codec.
const CODEC: u8 = 0x07;

/// Whose records they are.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    /// Position in the facts' topics.
    pub(crate) topic: usize,
    pub(crate) topic_id: Option<[u8; 16]>,
    pub(crate) partition: i32,
    /// The frame that the batches are in, where it can be shared; else they are copied.
    pub(crate) frame: Option<&'a Bytes>,
}

impl Of<'_> {
    /// Rather than read: requests are decided before their frames are shared.
    fn is_written(&self) -> bool {
        self.frame.is_none()
    }
}

/// What is kept of the records of one partition.
pub(crate) struct OfPartition {
    pub(crate) level: Level,
    /// In the order of the batches.
    pub(crate) batches: Vec<KeptBatch>,
    /// So many bytes of the records can be recorded within the room that there is: what comes after has to wait.
    pub(crate) bytes: usize,
}

/// Puts complete batches through the storage mask of their topic. A batch that the broker cut is not recorded, so that it is left out.
pub(crate) fn keep(batches: &[u8], of: Of<'_>, keeps: Keeps<'_>, room: &mut Room) -> OfPartition {
    let mut mask = match keeps {
        Keeps::Nothing(level) => return OfPartition { level, batches: Vec::new(), bytes: batches.len() },
        Keeps::Records(mask) => mask,
    };
    let mut kept = OfPartition { level: Level::Full, batches: Vec::new(), bytes: 0 };
    let mut rest = batches;
    loop {
        match records::split(rest) {
            Ok(Some((batch, after))) => {
                let Some(batch) = keep_one(batch, of, &mut *mask, room) else { break };
                kept.batches.push(batch);
                rest = after;
            }
            Ok(None) => break,
            // Batches that cannot be told apart are refused by who delivers them.
            Err(_) => {
                rest = &[];
                break;
            }
        }
    }
    kept.bytes = batches.len().saturating_sub(rest.len());
    kept
}

/// `None` when there is no room for it.
fn keep_one(batch: &[u8], of: Of<'_>, mask: &mut dyn StorageMask, room: &mut Room) -> Option<KeptBatch> {
    let first = std::mem::replace(&mut room.untouched, false);
    if !first && room.told == 0 {
        return None;
    }
    let bytes_max = if first { crate::FRAME_BYTES_MAX } else { room.bytes };
    let came_at = records::base_offset(batch);
    // What a client says of the offsets of what it writes means nothing.
    let base_offset = if of.is_written() { 0 } else { came_at };
    let at = BatchAt { topic_id: of.topic_id, partition: of.partition, base_offset, bytes: batch, content: None };
    let mut kept = KeptBatch {
        topic: of.topic,
        partition: of.partition,
        base_offset,
        left_out: 0,
        unread: Vec::new(),
        stored: None,
        refused: false,
    };
    if of.is_written() && records::is_control(batch) {
        // Brokers write these. From a client it is bytes under a false flag, which no mask would be over.
        return Some(unread(kept, batch, "control records that a client wrote".to_owned(), room));
    }
    let masked = match mask.known(at) {
        Some(masked) => masked,
        None => {
            let mut keeping = Keeping { mask, came_at, base_offset, unread: Vec::new(), header: Vec::new() };
            let rewritten = rewrite(batch, bytes_max, room, &mut keeping);
            kept.unread = keeping.unread;
            match rewritten {
                Ok(masked) => {
                    mask.keep(at, &masked);
                    masked
                }
                Err(RecordsError { why: Why::TooLarge | Why::Unpacked, .. }) if !first => return None,
                Err(error) => return Some(unread(kept, batch, error.why.to_string(), room)),
            }
        }
    };
    let as_came = masked.bytes.is_none();
    let body = match masked.bytes {
        Some(bytes) => bytes.slice(BODY.min(bytes.len())..),
        None => {
            let body = batch.get(BODY..).unwrap_or_default();
            of.frame.map_or_else(|| Bytes::copy_from_slice(body), |frame| frame.slice_ref(body))
        }
    };
    if body.len() > bytes_max {
        return None;
    }
    room.bytes = room.bytes.saturating_sub(body.len());
    room.told = room.told.saturating_sub(kept.unread.len().saturating_add(1));
    kept.left_out = masked.withheld;
    let packed = body.get(1).is_some_and(|attributes| attributes & CODEC != 0);
    kept.stored = Some(Stored { body, as_came, packed, plan: mask.plan(), content: mask.content() });
    Some(kept)
}

/// A batch of which nothing can be kept.
fn unread(kept: KeptBatch, batch: &[u8], why: String, room: &mut Room) -> KeptBatch {
    room.told = room.told.saturating_sub(1);
    KeptBatch { unread: vec![(kept.base_offset, whole(batch, why))], ..kept }
}

/// What is told of such a batch: how long it is, and a commitment.
pub(crate) fn whole(batch: &[u8], why: String) -> UnreadPart {
    UnreadPart { part: 0, length: batch.len(), at: 0, why, digest: *blake3::hash(batch).as_bytes() }
}

/// Each part of a record through the mask. What cannot be read is left out, and stops nobody.
struct Keeping<'a> {
    mask: &'a mut dyn StorageMask,
    /// Where the batch says that it begins, and where it does.
    came_at: i64,
    base_offset: i64,
    unread: Vec<(i64, UnreadPart)>,
    header: Vec<u8>,
}

impl Rewrite for Keeping<'_> {
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome {
        let mut outcome = parts(self.mask, record, new, &mut self.header);
        if let Some(part) = self.mask.unread() {
            outcome = Outcome::Dropped;
            if self.unread.len() < UNREAD_MAX {
                let place = record.offset.saturating_sub(self.came_at);
                self.unread.push((self.base_offset.saturating_add(place), part));
            }
        }
        if matches!(outcome, Outcome::Stop | Outcome::Later) {
            outcome = Outcome::Dropped;
        }
        self.mask.end_record(outcome != Outcome::Dropped);
        outcome
    }
}

/// A record that is kept, as the storage mask left it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptRecord {
    /// Its offset; its place from 0 in what was written.
    pub offset: i64,
    /// Its key, or null.
    pub key: Option<Vec<u8>>,
    /// Its value, or null.
    pub value: Option<Vec<u8>>,
    /// Its headers: name, and value or null.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl std::fmt::Debug for KeptRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptRecord").field("offset", &self.offset).finish_non_exhaustive()
    }
}

/// The records of a batch of which evidence keeps `body`, with its first offset. Control records are left out.
///
/// # Errors
/// It is no batch.
pub fn read(body: &[u8], base_offset: i64) -> Result<Vec<KeptRecord>, RecordsError> {
    let mut reading = Reading(Vec::new());
    let limits = Limits { bytes: crate::FRAME_BYTES_MAX, ..Limits::default() };
    let batch = batch(body, base_offset);
    CODECS.with_borrow_mut(|codecs| records::rewrite(&batch, &limits, codecs, &mut reading, &mut Vec::new()))?;
    Ok(reading.0)
}

/// A whole batch of this body. Read from a broker it had a leader epoch, which is not in the body.
pub(crate) fn batch(body: &[u8], base_offset: i64) -> Vec<u8> {
    const AFTER_LENGTH: usize = 9;
    const MAGIC: u8 = 2;
    let length = i32::try_from(body.len().saturating_add(AFTER_LENGTH)).unwrap_or(i32::MAX);
    let mut batch = Vec::with_capacity(BODY.saturating_add(body.len()));
    batch.extend(base_offset.to_be_bytes());
    batch.extend(length.to_be_bytes());
    batch.extend((-1_i32).to_be_bytes());
    batch.push(MAGIC);
    batch.extend(crc32c::crc32c(body).to_be_bytes());
    batch.extend_from_slice(body);
    batch
}

struct Reading(Vec<KeptRecord>);

impl Rewrite for Reading {
    fn record(&mut self, record: &Record<'_>, _new: &mut NewRecord) -> Outcome {
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        let headers = record.headers.iter().map(|header| (header.key.to_vec(), owned(header.value)));
        self.0.push(KeptRecord {
            offset: record.offset,
            key: owned(record.key),
            value: owned(record.value),
            headers: headers.collect(),
        });
        Outcome::Same
    }
}
