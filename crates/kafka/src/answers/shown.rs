//! The records of one partition as the caller may see them, batch by batch.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use tidegate_model::{BatchAt, KeptBatch, MaskedBatch, PartFate, RecordMask, RecordPart};

use crate::records::{
    self, BATCH_UNPACKED_MAX, Changed, Codecs, Limits, NewRecord, Outcome, RATIO_MAX, Record, RecordsError, Rewrite,
    Summary, UNPACKED_FREE, Why,
};

thread_local! {
    /// Some megabytes once all codecs are in use, so one for each thread and not for each connection.
    pub(crate) static CODECS: RefCell<Codecs> = RefCell::default();
}

/// What is shown of a partition.
pub(super) enum Shown {
    /// The very bytes that came.
    AsCame,
    /// These batches, which are fewer than came where the answer has no room for all: clients ask again for the others.
    Masked(Vec<u8>),
    /// Nothing: the first batch cannot be shown.
    Nothing(RecordsError),
}

/// Whose records they are.
#[derive(Clone, Copy)]
pub(super) struct Of {
    pub(super) topic_id: Option<[u8; 16]>,
    pub(super) partition: i32,
}

/// What the records of one frame may still take while they are rewritten, so that what a client makes the gate hold and do is bounded.
/// Batches that have no room are left for the next answer; the first one of an answer always has room.
pub(crate) struct Room {
    /// Bytes of rewritten batches.
    pub(crate) bytes: usize,
    /// Bytes that batches may unpack to.
    pub(crate) unpacked: usize,
    /// Batches, and parts of records that cannot be read, that a leaf may still tell of one by one.
    pub(crate) told: usize,
    /// Nothing has taken any of it.
    pub(crate) untouched: bool,
}

/// What masked records may take of an answer beyond twice what came.
const ROOM_BYTES: usize = 1 << 20;
/// What evidence tells one by one of the batches of one frame: some hundred bytes each, of which the log's queue takes megabytes.
const TOLD_MAX: usize = 4_000;
/// What the batches of one frame may unpack to together: about a quarter of a second of work.
pub(crate) const FRAME_UNPACKED_MAX: usize = 256 << 20;

/// Of a request.
impl Default for Room {
    fn default() -> Room {
        Room { bytes: crate::FRAME_BYTES_MAX, unpacked: FRAME_UNPACKED_MAX, told: TOLD_MAX, untouched: true }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Room {
    /// Of an answer with so many bytes.
    pub(crate) fn of_answer(bytes: usize) -> Room {
        let bytes = bytes.saturating_mul(2).saturating_add(ROOM_BYTES);
        Room { bytes, unpacked: FRAME_UNPACKED_MAX, told: TOLD_MAX, untouched: true }
    }
}

/// Puts complete batches through `mask`; what a broker cut off is left out, and so are batches that `room` has no place for. Also the
/// number of batches that are shown, and of records that were withheld. `kept` is what evidence keeps of the batches, if it does.
pub(super) fn shown(
    batches: &[u8],
    of: Of,
    mask: &mut dyn RecordMask,
    room: &mut Room,
    kept: &[KeptBatch],
) -> (Shown, usize, u64) {
    let mut out = Vec::new();
    let mut showing = Showing { of, mask, same: 0, batches: 0, withheld: 0, room, kept };
    let mut rest = batches;
    let mut batch = records::split(rest);
    while let Ok(Some((first, after))) = batch {
        if let Err(error) = showing.batch(batches, first, &mut out) {
            batch = Err(error);
            break;
        }
        rest = after;
        batch = records::split(rest);
    }
    let (withheld, number) = (showing.withheld, showing.batches);
    let shown = match batch {
        // As at the end of the log.
        Err(RecordsError { why: Why::Later, .. }) if rest.len() == batches.len() => Shown::Masked(Vec::new()),
        // What stands before it is shown; asked for again, it is the first one.
        Err(error) if rest.len() == batches.len() => Shown::Nothing(error),
        _ if showing.same == batches.len() => Shown::AsCame,
        _ => {
            showing.settle(batches, &mut out);
            Shown::Masked(out)
        }
    };
    (shown, number, withheld)
}

struct Showing<'a> {
    of: Of,
    mask: &'a mut dyn RecordMask,
    /// So many bytes from the beginning stay as they came, and are not in the output yet; 0 once anything is.
    same: usize,
    /// How many are shown.
    batches: usize,
    withheld: u64,
    room: &'a mut Room,
    kept: &'a [KeptBatch],
}

impl Showing<'_> {
    /// Puts what stayed as it came into the output.
    fn settle(&mut self, batches: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(batches.get(..std::mem::take(&mut self.same)).unwrap_or_default());
    }

    fn batch(&mut self, all: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> Result<(), RecordsError> {
        let first = std::mem::replace(&mut self.room.untouched, false);
        let bytes_max = if first { crate::FRAME_BYTES_MAX } else { self.room.bytes };
        let base_offset = records::base_offset(bytes);
        let (topic_id, partition) = (self.of.topic_id, self.of.partition);
        let content = self.kept.get(self.batches).and_then(|kept| Some(kept.stored.as_ref()?.content));
        let at = BatchAt { topic_id, partition, base_offset, bytes, content };
        let masked = match self.mask.known(at) {
            Some(masked) => masked,
            None => {
                let mut through = Through { mask: self.mask, header: Vec::new() };
                let masked = rewrite(bytes, bytes_max, self.room, &mut through).map_err(|error| match error.why {
                    // There will be room in the next answer.
                    Why::TooLarge | Why::Unpacked if !first => RecordsError { why: Why::Later, ..error },
                    _ => error,
                })?;
                self.mask.keep(at, &masked);
                masked
            }
        };
        let new = masked.bytes.as_deref().unwrap_or(bytes);
        if new.len() > bytes_max {
            return Err(RecordsError { base_offset, why: Why::Later });
        }
        self.room.bytes = self.room.bytes.saturating_sub(new.len());
        self.mask.delivered();
        self.batches = self.batches.saturating_add(1);
        self.withheld = self.withheld.saturating_add(masked.withheld);
        if masked.bytes.is_none() && out.is_empty() {
            self.same = self.same.saturating_add(bytes.len());
        } else {
            out.reserve(if out.is_empty() { all.len() } else { 0 });
            self.settle(all, out);
            out.extend_from_slice(new);
        }
        Ok(())
    }
}

/// Puts the records of one batch through `with`, within the room that there is.
pub(crate) fn rewrite(
    batch: &[u8],
    bytes_max: usize,
    room: &mut Room,
    with: &mut dyn Rewrite,
) -> Result<MaskedBatch, RecordsError> {
    let limits = Limits { bytes: bytes_max, unpacked: room.unpacked };
    // About what comes of it: growing step by step would copy it again and again.
    let mut new = Vec::with_capacity(batch.len().saturating_add(batch.len() / 8));
    let rewritten = CODECS.with_borrow_mut(|codecs| records::rewrite(batch, &limits, codecs, with, &mut new));
    room.unpacked = room.unpacked.saturating_sub(unpacked(batch, &rewritten));
    let summary = rewritten?;
    if summary.changed == 0 && summary.dropped == 0 {
        return Ok(MaskedBatch { bytes: None, withheld: 0 });
    }
    // What codecs took beyond it would be kept with it.
    new.shrink_to_fit();
    Ok(MaskedBatch { bytes: Some(Bytes::from(new)), withheld: summary.dropped })
}

/// What a batch unpacked to, or may have, where it was given up.
pub(crate) fn unpacked(batch: &[u8], rewritten: &Result<Summary, RecordsError>) -> usize {
    let most = || batch.len().saturating_mul(RATIO_MAX).clamp(UNPACKED_FREE, BATCH_UNPACKED_MAX);
    rewritten.as_ref().map_or_else(|_given_up| most(), |summary| summary.unpacked)
}

/// Each part of a record through the mask.
struct Through<'a> {
    mask: &'a mut dyn RecordMask,
    header: Vec<u8>,
}

impl Rewrite for Through<'_> {
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome {
        let outcome = parts(self.mask, record, new, &mut self.header);
        self.mask.end_record(matches!(outcome, Outcome::Same | Outcome::Changed(_)));
        outcome
    }
}

/// Puts all parts of a record through `mask`. `buffer` is for a header.
pub(crate) fn parts(
    mask: &mut dyn RecordMask,
    record: &Record<'_>,
    new: &mut NewRecord,
    buffer: &mut Vec<u8>,
) -> Outcome {
    let key = record.key.unwrap_or_default();
    let mut changed = Changed::default();
    let mut part = |part, bytes: Option<&[u8]>, out: &mut Vec<u8>| {
        bytes.map_or(PartFate::Same, |bytes| mask.part(part, key, bytes, out))
    };
    let fate = part(RecordPart::Key, record.key, &mut new.key);
    if let Some(outcome) = ends(fate) {
        return outcome;
    }
    changed.key = fate == PartFate::Changed;
    let fate = part(RecordPart::Value, record.value, &mut new.value);
    if let Some(outcome) = ends(fate) {
        return outcome;
    }
    changed.value = fate == PartFate::Changed;
    for (place, header) in record.headers.iter().enumerate() {
        buffer.clear();
        let fate = part(RecordPart::Header(header.key), header.value, buffer);
        if let Some(outcome) = ends(fate) {
            return outcome;
        }
        if fate == PartFate::Changed && !changed.headers {
            record.headers.iter().take(place).for_each(|before| new.headers.push(before.key, before.value));
            changed.headers = true;
        }
        if changed.headers {
            new.headers.push(header.key, if fate == PartFate::Changed { Some(buffer) } else { header.value });
        }
    }
    if changed == Changed::default() { Outcome::Same } else { Outcome::Changed(changed) }
}

/// What becomes of a record because of one of its parts, unless that is for all parts to say.
fn ends(fate: PartFate) -> Option<Outcome> {
    match fate {
        PartFate::Same | PartFate::Changed => None,
        PartFate::DropRecord => Some(Outcome::Dropped),
        PartFate::DenyTopic => Some(Outcome::Stop),
        PartFate::Later => Some(Outcome::Later),
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shown::AsCame => "AsCame",
            Shown::Masked(_) => "Masked",
            Shown::Nothing(_) => "Nothing",
        })
    }
}
