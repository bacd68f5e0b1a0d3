//! Copies of records that were refused for what is in them, as the gate itself writes them to a quarantine topic: the record, or what the
//! storage mask of its topic leaves of it, and headers that say whence it came and why it was refused.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_model::{Copied, Gate, KeptRecords, Quarantine, Quarantined, StorageMask};

use crate::answers::shown::{CODECS, Room, parts};
use crate::kept::{self, Of};
use crate::records::{self, BATCH_UNPACKED_MAX, Limits, NewHeaders, NewRecord, Outcome, Record, Rewrite, put_record};

/// What names of the gate's own headers begin with. Those of a client's headers do not, in a copy.
const OURS: &[u8] = b"tidegate.";
/// Bytes of records that one batch holds; a larger record has one of its own. Brokers take batches of 1 MiB unless told otherwise.
const BATCH_MAX: usize = 900 << 10;
/// Bytes of all copies of one request, which wait in memory until they are written. Few packed bytes may be many.
const COPIES_MAX: usize = 2 << 20;

/// A record that was refused.
pub(crate) struct Refused<'a> {
    /// The batch that it is in.
    pub(crate) batch: &'a [u8],
    /// Its topic: position in the facts, and own name.
    pub(crate) topic: (usize, &'a str),
    pub(crate) partition: i32,
    /// Its place in the batch.
    pub(crate) place: u32,
    /// In our own words, which hold nothing of it.
    pub(crate) why: &'a str,
}

/// The copies of one request.
pub(crate) struct Copies {
    batches: Vec<Made>,
    /// So many bytes may still be copied.
    left: usize,
}

impl Default for Copies {
    fn default() -> Self {
        Self { batches: Vec::new(), left: COPIES_MAX }
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copies").field("batches", &self.batches.len()).finish_non_exhaustive()
    }
}

/// A batch that is being made.
struct Made {
    topic: Arc<str>,
    original: bool,
    of: Vec<(usize, i32, u32)>,
    records: Vec<u8>,
}

impl Copies {
    /// Copies one record, or says why it is not in its copy.
    pub(crate) fn add(&mut self, refused: &Refused<'_>, to: Quarantine<'_>) {
        let original = matches!(to.copy, Copied::Original);
        let mut mask = None;
        let mut copying = Copying { mask: None, place: refused.place, copy: Copy::default(), header: Vec::new() };
        match to.copy {
            Copied::Original => copying.read(refused.batch),
            Copied::Masked(storage) => {
                copying.mask = Some(&mut **mask.insert(storage));
                copying.read(refused.batch);
            }
            Copied::Nothing => {
                copying.copy.left_out = Some("nobody has said what may be in records of its topic".to_owned());
            }
        }
        let mut copy = copying.copy;
        if copy.bytes() > self.left {
            copy = Copy { left_out: Some("its request had too much to copy".to_owned()), ..Copy::default() };
        }
        self.left = self.left.saturating_sub(copy.bytes());
        let about = [
            ("topic", refused.topic.1),
            ("partition", &refused.partition.to_string()),
            ("record", &refused.place.to_string()),
            ("reason", refused.why),
        ];
        let left_out = copy.left_out.as_deref().map(|why| ("left_out", why));
        for (name, said) in about.into_iter().chain(left_out) {
            copy.headers.push(&[OURS, name.as_bytes()].concat(), Some(said.as_bytes()));
        }
        let fits = |made: &Made| {
            made.topic == to.topic
                && made.original == original
                && made.records.len().saturating_add(copy.bytes()) <= BATCH_MAX
        };
        let place = self.batches.iter().position(fits).unwrap_or_else(|| {
            self.batches.push(Made { topic: to.topic, original, of: Vec::new(), records: Vec::new() });
            self.batches.len().saturating_sub(1)
        });
        let Some(made) = self.batches.get_mut(place) else { return };
        let delta = u32::try_from(made.of.len()).unwrap_or(u32::MAX);
        put_record(&mut made.records, delta, copy.key.as_deref(), copy.value.as_deref(), &copy.headers);
        made.of.push((refused.topic.0, refused.partition, refused.place));
    }

    /// The batches, and what evidence keeps of each.
    pub(crate) fn finish(self, gate: &mut dyn Gate) -> Vec<Quarantined> {
        let now_ms = i64::try_from(gate.now_ms()).unwrap_or(i64::MAX);
        let finish = |made: Made| {
            let batch = Bytes::from(made.batch(now_ms));
            let keeps = gate.keeps(&made.topic);
            let of = Of { topic: 0, topic_id: None, partition: -1, frame: None };
            let of_batch = kept::keep(&batch, of, keeps, &mut Room::default());
            let mut kept = KeptRecords { levels: Vec::new(), batches: of_batch.batches };
            kept.note(0, of_batch.level);
            Quarantined { topic: made.topic, original: made.original, of: made.of, batch, kept }
        };
        self.batches.into_iter().map(finish).collect()
    }
}

impl Made {
    /// A whole batch of no producer's, unpacked, all of whose records were made now.
    fn batch(&self, now_ms: i64) -> Vec<u8> {
        const NO_PRODUCER: [u8; 14] = [0xff; 14];
        let count = i32::try_from(self.of.len()).unwrap_or(i32::MAX);
        let mut body = vec![0, 0];
        body.extend(count.saturating_sub(1).to_be_bytes());
        body.extend(now_ms.to_be_bytes());
        body.extend(now_ms.to_be_bytes());
        body.extend(NO_PRODUCER);
        body.extend(count.to_be_bytes());
        body.extend_from_slice(&self.records);
        kept::batch(&body, 0)
    }
}

/// What is copied of a record.
#[derive(Default)]
struct Copy {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: NewHeaders,
    /// Why nothing of it is.
    left_out: Option<String>,
}

impl Copy {
    fn bytes(&self) -> usize {
        let part = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        part(&self.key).saturating_add(part(&self.value)).saturating_add(self.headers.len())
    }
}

/// Finds the record in its batch, and copies it.
struct Copying<'a> {
    mask: Option<&'a mut dyn StorageMask>,
    /// How many records stand before it yet.
    place: u32,
    copy: Copy,
    header: Vec<u8>,
}

impl Copying<'_> {
    fn read(&mut self, batch: &[u8]) {
        self.copy.left_out = Some("it could not be found again in its batch".to_owned());
        let limits = Limits { unpacked: BATCH_UNPACKED_MAX, ..Limits::default() };
        // It always ends with an error: at the record.
        let _ends = CODECS.with_borrow_mut(|codecs| records::rewrite(batch, &limits, codecs, self, &mut Vec::new()));
    }
}

impl Rewrite for Copying<'_> {
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome {
        if let Some(before) = self.place.checked_sub(1) {
            self.place = before;
            return Outcome::Same;
        }
        let mut outcome = Outcome::Same;
        if let Some(mask) = &mut self.mask {
            outcome = parts(&mut **mask, record, new, &mut self.header);
            mask.end_record(true);
            if let Some(part) = mask.unread() {
                let name = ["batch", "key", "value", "header"].get(usize::from(part.part)).unwrap_or(&"part");
                let (length, at, why) = (part.length, part.at, part.why);
                self.copy.left_out = Some(format!("its {name} of {length} bytes cannot be read: {why}, at byte {at}"));
                return Outcome::Stop;
            }
        }
        let changed = match outcome {
            Outcome::Same => records::Changed::default(),
            Outcome::Changed(changed) => changed,
            Outcome::Dropped | Outcome::Stop | Outcome::Later => {
                self.copy.left_out = Some("a class of its fields keeps it out".to_owned());
                return Outcome::Stop;
            }
        };
        let part = |came: Option<&[u8]>, changed: bool, new: &[u8]| {
            came.map(|came| if changed { new.to_vec() } else { came.to_vec() })
        };
        self.copy.key = part(record.key, changed.key, &new.key);
        self.copy.value = part(record.value, changed.value, &new.value);
        let headers = if changed.headers { new.headers.read() } else { record.headers };
        // Nobody but the gate says whence it came.
        for header in headers.iter().filter(|header| !header.key.starts_with(OURS)) {
            self.copy.headers.push(header.key, header.value);
        }
        self.copy.left_out = None;
        Outcome::Stop
    }
}

#[cfg(test)]
mod tests;
