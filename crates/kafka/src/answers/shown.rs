//! The records of one partition as the caller may see them, batch by batch.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use tidegate_model::{BatchAt, MaskedBatch, PartFate, RecordMask, RecordPart};

use crate::records::{
    self, Changed, Codecs, Limits, NewRecord, Outcome, Record, RecordsError, Rewrite, UNPACKED_MAX, Why,
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

/// Puts complete batches through `mask`; what a broker cut off is left out. The first batch may take what a frame may; all later
/// ones only what is left of `room` bytes. Also the number of records that were withheld.
pub(super) fn shown(batches: &[u8], of: Of, mask: &mut dyn RecordMask, room: usize) -> (Shown, u64) {
    let mut out = Vec::new();
    let mut showing = Showing { of, mask, same: 0, withheld: 0, unpacked_left: UNPACKED_MAX };
    let mut rest = batches;
    let mut batch = records::split(rest);
    while let Ok(Some((first, after))) = batch {
        let is_first = rest.len() == batches.len();
        let bytes_max = if is_first { crate::FRAME_BYTES_MAX } else { room.saturating_sub(showing.len(&out)) };
        if let Err(error) = showing.batch(batches, first, bytes_max, &mut out) {
            batch = Err(error);
            break;
        }
        rest = after;
        batch = records::split(rest);
    }
    let withheld = showing.withheld;
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
    (shown, withheld)
}

struct Showing<'a> {
    of: Of,
    mask: &'a mut dyn RecordMask,
    /// So many bytes from the beginning stay as they came, and are not in the output yet; 0 once anything is.
    same: usize,
    withheld: u64,
    unpacked_left: usize,
}

impl Showing<'_> {
    fn len(&self, out: &[u8]) -> usize {
        out.len().saturating_add(self.same)
    }

    /// Puts what stayed as it came into the output.
    fn settle(&mut self, batches: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(batches.get(..std::mem::take(&mut self.same)).unwrap_or_default());
    }

    fn batch(&mut self, all: &[u8], bytes: &[u8], bytes_max: usize, out: &mut Vec<u8>) -> Result<(), RecordsError> {
        let base_offset = records::base_offset(bytes);
        let at = BatchAt { topic_id: self.of.topic_id, partition: self.of.partition, base_offset, bytes };
        let masked = match self.mask.known(at) {
            Some(masked) => masked,
            None => {
                let masked = self.rewrite(bytes, bytes_max)?;
                self.mask.keep(at, &masked);
                masked
            }
        };
        let new = masked.bytes.as_deref().unwrap_or(bytes);
        if new.len() > bytes_max {
            return Err(RecordsError { base_offset, why: Why::TooLarge });
        }
        self.withheld = self.withheld.saturating_add(masked.withheld);
        if masked.bytes.is_none() && out.is_empty() {
            self.same = self.same.saturating_add(bytes.len());
        } else {
            self.settle(all, out);
            out.extend_from_slice(new);
        }
        Ok(())
    }

    fn rewrite(&mut self, batch: &[u8], bytes_max: usize) -> Result<MaskedBatch, RecordsError> {
        let limits = Limits { bytes: bytes_max, unpacked: self.unpacked_left };
        let mut through = Through { mask: self.mask, header: Vec::new() };
        let mut new = Vec::new();
        let summary =
            CODECS.with_borrow_mut(|codecs| records::rewrite(batch, &limits, codecs, &mut through, &mut new))?;
        self.unpacked_left = self.unpacked_left.saturating_sub(summary.unpacked);
        let is_same = summary.changed == 0 && summary.dropped == 0;
        Ok(MaskedBatch { bytes: (!is_same).then(|| Bytes::from(new)), withheld: summary.dropped })
    }
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
    for (fate, is_new) in [
        (part(RecordPart::Key, record.key, &mut new.key), &mut changed.key),
        (part(RecordPart::Value, record.value, &mut new.value), &mut changed.value),
    ] {
        match ends(fate) {
            Some(outcome) => return outcome,
            None => *is_new = fate == PartFate::Changed,
        }
    }
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
