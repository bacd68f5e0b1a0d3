//! Record batches of one partition, read record by record and rewritten: each data record stays, changes, or is left out.
//!
//! ```text
//! batch ── CRC-32C ── unpack, within bounds ── record, record, … ──▶ nothing changed: the very bytes that came
//!                                                              └──▶ something changed: same header and codec, new records
//! ```
//!
//! Offsets, timestamps, the producer's numbers and flags stay as they are, so that positions, transactions and compaction mean the
//! same on both sides. Source: Kafka's message format, "Record Batch" and "Record", for magic 2.

mod compression;
mod lz4;
mod record;

pub use compression::Codecs;
pub(crate) use record::put_record;
pub use record::{Header, Headers, NewHeaders, NewRecord, Record};

use compression::Codec;
use record::{Input, Layout};

/// The most bytes that one batch may unpack to, and that its changed records may take before they are packed. Brokers take
/// batches of 1 MiB unless told otherwise; this is room for what well-compressed ones hold.
pub const BATCH_UNPACKED_MAX: usize = 64 << 20;
/// Beyond [`UNPACKED_FREE`], a batch may unpack to this many times its packed size. Records rarely pack better than 20 to 1.
pub const RATIO_MAX: usize = 100;
/// What any batch may unpack to, whatever its packed size: a producer's short batch of equal records packs better than
/// [`RATIO_MAX`].
pub const UNPACKED_FREE: usize = 4 << 20;
/// What all batches of a partition may unpack to together: about a second of work.
pub const UNPACKED_MAX: usize = 1 << 30;

/// What is done with each data record.
pub trait Rewrite {
    /// Says what becomes of `record`. New parts are appended to the buffers of `new`, which are empty; only those that the outcome
    /// names are taken.
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome;
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stays, byte for byte.
    Same,
    /// These parts of it are new.
    Changed(Changed),
    /// It is left out, and its offset with it. Only of what is read: brokers refuse a produced batch with gaps.
    Dropped,
    /// None of these batches may be delivered.
    Stop,
    /// None of these batches can be delivered yet.
    Later,
}

/// Which parts of a record are taken from [`NewRecord`]; the others stay byte for byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The key. One that is null stays so.
    pub key: bool,
    /// The value. One that is null stays so: a tombstone is neither made nor unmade.
    pub value: bool,
    /// All headers.
    pub headers: bool,
}

/// What one partition's records may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all batches after rewriting.
    pub bytes: usize,
    /// Bytes that compressed batches unpack to, added up; at most [`BATCH_UNPACKED_MAX`] each.
    pub unpacked: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: crate::FRAME_BYTES_MAX, unpacked: UNPACKED_MAX }
    }
}

/// What was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Batches, empty ones and those of control records counted.
    pub batches: u32,
    /// Data records, changed ones counted.
    pub records: u64,
    /// Those that changed.
    pub changed: u64,
    /// Those that were left out.
    pub dropped: u64,
    /// Control records.
    pub control: u64,
    /// First offset of the first batch; −1 when there is none.
    pub first_offset: i64,
    /// Last offset of the last batch; −1 when there is none.
    pub last_offset: i64,
    /// Bytes that were appended.
    pub bytes: usize,
    /// Bytes that compressed batches unpacked to.
    pub unpacked: usize,
    /// Bytes after the last complete batch, which were left out: brokers cut logs by bytes, and clients ask again.
    pub tail: usize,
}

/// Batches that cannot be delivered. The text names places, never contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("batch at offset {base_offset}: {why}")]
pub struct RecordsError {
    /// Where the batch says that it begins.
    pub base_offset: i64,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A format of before Kafka 0.11, or none at all.
    #[error("its magic is {0}; only 2 is read")]
    Magic(u8),
    /// A length that no batch has.
    #[error("its length cannot be")]
    Length,
    /// A count or last offset that cannot be.
    #[error("its record count or last offset cannot be")]
    Count,
    /// Attributes that mean nothing to this gate.
    #[error("its attributes name an unknown codec or flag")]
    Attributes,
    /// It is not what its writer wrote.
    #[error("its CRC-32C does not match")]
    Crc,
    /// Its compressed records cannot be unpacked.
    #[error("its records do not unpack: {0}")]
    Packed(&'static str),
    /// Its compressed records unpack to more than a bound.
    #[error("its records unpack to more than is allowed")]
    Unpacked,
    /// A record that cannot be read to its end.
    #[error("a record is malformed: {0}")]
    Record(&'static str),
    /// Rewriting made more of it than is allowed.
    #[error("rewritten, its records are larger than is allowed")]
    TooLarge,
    /// [`Outcome::Stop`].
    #[error("a record of it stops the delivery")]
    Stopped,
    /// [`Outcome::Later`].
    #[error("a record of it cannot be read yet")]
    Later,
}

/// Appends the batches of one partition to `out`, each data record of them as `with` says.
///
/// # Errors
/// The first thing that cannot be read exactly, is over a bound, or is stopped; `out` is then as long as it was before.
pub fn rewrite(
    batches: &[u8],
    limits: &Limits,
    codecs: &mut Codecs,
    with: &mut dyn Rewrite,
    out: &mut Vec<u8>,
) -> Result<Summary, RecordsError> {
    let start = out.len();
    let mut rewriting = Rewriting { codecs, with, out, start, bytes_max: limits.bytes, unpacked_left: limits.unpacked };
    let summary = rewriting.all(batches);
    codecs.trim();
    if summary.is_err() {
        out.truncate(start);
    }
    summary
}

/// Bytes before a batch's records.
const HEADER_BYTES: usize = 61;
/// A batch's length counts from the field after it.
const LENGTH_END: usize = 12;
/// What the CRC-32C covers begins here.
const CRC_END: usize = 21;
const CODEC: i16 = 0x07;
const CONTROL: i16 = 0x20;
/// Bytes of a batch of control records: a marker has about 20.
const CONTROL_BYTES_MAX: usize = 256;
/// Codec, timestamp type, transactional, control, delete horizon.
const KNOWN_ATTRIBUTES: i16 = 0x7f;

/// One complete batch.
struct Batch<'a> {
    bytes: &'a [u8],
    header: &'a [u8; HEADER_BYTES],
    records: &'a [u8],
    base_offset: i64,
    last_offset: i64,
    last_delta: u32,
    count: u32,
    attributes: i16,
    codec: Codec,
}

/// A batch, and what comes after it.
pub type Split<'a> = (&'a [u8], &'a [u8]);

/// The first batch, and what comes after it; `None` when it is cut. Nothing of it is checked but its magic and its length.
///
/// # Errors
/// It is no batch of magic 2.
pub fn split(batches: &[u8]) -> Result<Option<Split<'_>>, RecordsError> {
    split_first(batches).map_err(|why| RecordsError { base_offset: base_offset(batches), why })
}

fn split_first(batches: &[u8]) -> Result<Option<Split<'_>>, Why> {
    // A message of the formats before 2 may be shorter than a batch's header.
    if let Some(magic) = batches.get(16).filter(|magic| **magic != 2) {
        return Err(Why::Magic(*magic));
    }
    let Some((header, _)) = batches.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let length = usize::try_from(i32::from_be_bytes(fixed(header, 8))).map_err(|_negative| Why::Length)?;
    if length < HEADER_BYTES.saturating_sub(LENGTH_END) {
        return Err(Why::Length);
    }
    Ok(batches.split_at_checked(length.saturating_add(LENGTH_END)))
}

/// How many records a batch says that it has.
pub(crate) fn count(batch: &[u8]) -> u64 {
    let count = batch.get(57..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |count| i32::from_be_bytes(*count));
    u64::try_from(count).unwrap_or(0)
}

/// Whether a batch says that its records are control records.
pub(crate) fn is_control(batch: &[u8]) -> bool {
    let attributes = batch.get(CRC_END..).and_then(<[u8]>::first_chunk::<2>);
    attributes.is_some_and(|attributes| i16::from_be_bytes(*attributes) & CONTROL != 0)
}

/// Where a batch says that it begins; −1 where it is too short to.
pub(crate) fn base_offset(batch: &[u8]) -> i64 {
    batch.first_chunk::<8>().map_or(-1, |base| i64::from_be_bytes(*base))
}

impl<'a> Batch<'a> {
    /// The first batch and what comes after it; `None` when it is cut.
    fn first(bytes: &'a [u8]) -> Result<Option<(Batch<'a>, &'a [u8])>, Why> {
        let Some((bytes, after)) = split_first(bytes)? else { return Ok(None) };
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let records = bytes.get(HEADER_BYTES..).unwrap_or_default();
        let attributes = i16::from_be_bytes(fixed(header, CRC_END));
        let base_offset = i64::from_be_bytes(fixed(header, 0));
        let last_delta = u32::try_from(i32::from_be_bytes(fixed(header, 23))).map_err(|_negative| Why::Count)?;
        let last_offset = base_offset.checked_add(i64::from(last_delta)).ok_or(Why::Count)?;
        let count = u32::try_from(i32::from_be_bytes(fixed(header, 57))).map_err(|_negative| Why::Count)?;
        // Before the attributes are believed.
        if crc32c::crc32c(bytes.get(CRC_END..).unwrap_or_default()) != u32::from_be_bytes(fixed(header, 17)) {
            return Err(Why::Crc);
        }
        let codec = Codec::of(attributes & CODEC).filter(|_| attributes & !KNOWN_ATTRIBUTES == 0);
        let codec = codec.ok_or(Why::Attributes)?;
        let batch = Batch { bytes, header, records, base_offset, last_offset, last_delta, count, attributes, codec };
        Ok(Some((batch, after)))
    }
}

fn fixed<const N: usize>(header: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    header.get(at..).and_then(|h| h.first_chunk::<N>()).copied().unwrap_or([0; N])
}

struct Rewriting<'a> {
    codecs: &'a mut Codecs,
    with: &'a mut dyn Rewrite,
    out: &'a mut Vec<u8>,
    start: usize,
    bytes_max: usize,
    unpacked_left: usize,
}

impl Rewriting<'_> {
    fn all(&mut self, batches: &[u8]) -> Result<Summary, RecordsError> {
        let mut summary = Summary {
            batches: 0,
            records: 0,
            changed: 0,
            dropped: 0,
            control: 0,
            first_offset: -1,
            last_offset: -1,
            bytes: 0,
            unpacked: 0,
            tail: 0,
        };
        let unpacked_max = self.unpacked_left;
        let mut rest = batches;
        loop {
            let base_offset = base_offset(rest);
            let failed = |why| RecordsError { base_offset, why };
            let Some((batch, after)) = Batch::first(rest).map_err(failed)? else { break };
            if batch.attributes & CONTROL == 0 {
                let walked = self.batch(&batch).map_err(failed)?;
                summary.records = summary.records.saturating_add(u64::from(walked.kept));
                summary.changed = summary.changed.saturating_add(u64::from(walked.changed));
                summary.dropped = summary.dropped.saturating_add(u64::from(walked.dropped));
            } else {
                // Brokers write one marker a batch. Anything else is somebody's records under a false flag.
                if batch.codec != Codec::None || batch.bytes.len() > CONTROL_BYTES_MAX {
                    return Err(failed(Why::Attributes));
                }
                self.out.extend_from_slice(batch.bytes);
                summary.control = summary.control.saturating_add(u64::from(batch.count));
            }
            if self.over() {
                return Err(failed(Why::TooLarge));
            }
            if summary.batches == 0 {
                summary.first_offset = batch.base_offset;
            }
            summary.last_offset = batch.last_offset;
            summary.batches = summary.batches.saturating_add(1);
            rest = after;
        }
        summary.tail = rest.len();
        summary.unpacked = unpacked_max.saturating_sub(self.unpacked_left);
        summary.bytes = self.out.len().saturating_sub(self.start);
        Ok(summary)
    }

    fn over(&self) -> bool {
        self.out.len().saturating_sub(self.start) > self.bytes_max
    }

    /// How many more bytes may be appended.
    fn room(&self) -> usize {
        self.bytes_max.saturating_sub(self.out.len().saturating_sub(self.start))
    }

    /// Appends one batch of data records.
    fn batch(&mut self, batch: &Batch<'_>) -> Result<Walked, Why> {
        // Clients do not look at the records of an empty batch, so there must be none.
        if batch.count == 0 && batch.records.is_empty() {
            self.out.extend_from_slice(batch.bytes);
            return Ok(Walked::default());
        }
        if batch.codec == Codec::None { self.plain(batch) } else { self.packed(batch) }
    }

    /// Records that are not compressed go straight to where they belong.
    fn plain(&mut self, batch: &Batch<'_>) -> Result<Walked, Why> {
        let begin = self.out.len();
        let bytes_max = self.out.len().saturating_add(self.room());
        self.out.extend_from_slice(batch.header);
        let walked = walk(batch, batch.records, self.with, &mut self.codecs.new, (self.out, bytes_max))?;
        if walked.is_same() {
            self.out.truncate(begin);
            self.out.extend_from_slice(batch.bytes);
        } else {
            seal(self.out.get_mut(begin..).unwrap_or_default(), walked.kept, batch.attributes)?;
        }
        Ok(walked)
    }

    fn packed(&mut self, batch: &Batch<'_>) -> Result<Walked, Why> {
        let Codecs { packing, unpacked, plain, new } = &mut *self.codecs;
        let by_ratio = batch.records.len().saturating_mul(RATIO_MAX).clamp(UNPACKED_FREE, BATCH_UNPACKED_MAX);
        unpacked.begin(by_ratio.min(self.unpacked_left));
        packing.unpack(batch.codec, batch.records, unpacked)?;
        let records = unpacked.filled();
        self.unpacked_left = self.unpacked_left.saturating_sub(records.len());
        plain.clear();
        let walked = walk(batch, records, self.with, new, (plain, BATCH_UNPACKED_MAX))?;
        if walked.is_same() {
            self.out.extend_from_slice(batch.bytes);
            return Ok(walked);
        }
        let begin = self.out.len();
        self.out.extend_from_slice(batch.header);
        let mut attributes = batch.attributes;
        if walked.kept == 0 {
            // As compaction leaves an empty batch: there is nothing to unpack.
            attributes &= !CODEC;
        } else {
            packing.pack(batch.codec, plain, self.out)?;
        }
        seal(self.out.get_mut(begin..).unwrap_or_default(), walked.kept, attributes)?;
        Ok(walked)
    }
}

/// What came of a batch's records.
#[derive(Clone, Copy, Default)]
struct Walked {
    kept: u32,
    changed: u32,
    dropped: u32,
}

impl Walked {
    fn is_same(self) -> bool {
        self.changed == 0 && self.dropped == 0
    }
}

/// Reads the records of `batch` to their end. What changes is appended to `target` and all that stays is copied around it; if nothing
/// changes, nothing is appended. `target` may get as long as its bound.
fn walk(
    batch: &Batch<'_>,
    records: &[u8],
    with: &mut dyn Rewrite,
    new: &mut NewRecord,
    (target, bytes_max): (&mut Vec<u8>, usize),
) -> Result<Walked, Why> {
    let mut walked = Walked::default();
    let mut input = Input::new(records);
    // Records before this place are copied, changed or left out already.
    let mut copied = 0;
    let mut later = false;
    for _record in 0..batch.count {
        let begin = input.at();
        let layout = Layout::read(&mut input)?;
        if layout.offset_delta > batch.last_delta {
            return Err(Why::Record("its offset is beyond its batch"));
        }
        let offset = batch.base_offset.saturating_add(i64::from(layout.offset_delta));
        new.clear();
        let changed = match with.record(&layout.record(offset), new) {
            Outcome::Same => {
                walked.kept = walked.kept.saturating_add(1);
                continue;
            }
            Outcome::Changed(changed) => Some(changed),
            Outcome::Dropped => None,
            Outcome::Stop => return Err(Why::Stopped),
            Outcome::Later => {
                // What the other records need is found out too.
                later = true;
                continue;
            }
        };
        target.extend_from_slice(records.get(copied..begin).unwrap_or_default());
        copied = input.at();
        if let Some(changed) = changed {
            layout.write(new, changed, target)?;
            walked.kept = walked.kept.saturating_add(1);
            walked.changed = walked.changed.saturating_add(1);
        } else {
            walked.dropped = walked.dropped.saturating_add(1);
        }
        if target.len() > bytes_max {
            return Err(Why::TooLarge);
        }
    }
    if !input.is_empty() {
        return Err(Why::Record("bytes come after the last one"));
    }
    if later {
        return Err(Why::Later);
    }
    if !walked.is_same() {
        target.extend_from_slice(records.get(copied..).unwrap_or_default());
    }
    if target.len() > bytes_max { Err(Why::TooLarge) } else { Ok(walked) }
}

/// Writes what follows from a batch's new records: its length, attributes, count and CRC-32C.
fn seal(batch: &mut [u8], count: u32, attributes: i16) -> Result<(), Why> {
    let length = i32::try_from(batch.len().saturating_sub(LENGTH_END)).map_err(|_long| Why::TooLarge)?;
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = batch.get_mut(at..at.saturating_add(bytes.len())) {
            place.copy_from_slice(bytes);
        }
    };
    put(8, &length.to_be_bytes());
    put(CRC_END, &attributes.to_be_bytes());
    put(57, &count.to_be_bytes());
    let crc = crc32c::crc32c(batch.get(CRC_END..).unwrap_or_default());
    if let Some(place) = batch.get_mut(17..CRC_END) {
        place.copy_from_slice(&crc.to_be_bytes());
    }
    Ok(())
}
