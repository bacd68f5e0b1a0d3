//! Headers of record batches, magic 2: enough to say which offsets and how many records pass, without reading a record.
//!
//! Source: Kafka's message format, "Record Batch"; offsets of the fields from the start of a batch.

/// What the headers of some batches say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// First offset of the first batch; −1 when there is none.
    pub first_offset: i64,
    /// Last offset of the last batch; −1 when there is none.
    pub last_offset: i64,
    /// Records, control records counted.
    pub records: u64,
    /// Complete batches.
    pub batches: u32,
    /// Whether any batch is transactional.
    pub transactional: bool,
    /// Bytes after the last complete batch: brokers cut logs by bytes.
    pub tail: usize,
}

const HEADER_BYTES: usize = 61;
const TRANSACTIONAL: u8 = 0x10;

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// Its magic is not 2.
    Magic,
    /// Its length cannot be.
    Length,
    /// Its record count or last offset cannot be.
    Count,
}

/// Walks batches by their lengths.
///
/// # Errors
/// A header that cannot be: what follows it cannot be told from records.
pub fn extent(records: &[u8]) -> Result<Extent, BatchError> {
    let mut extent = Extent { first_offset: -1, last_offset: -1, ..Extent::default() };
    let mut rest = records;
    let mut any = false;
    while let Some(header) = rest.get(..HEADER_BYTES) {
        let length = i32::from_be_bytes(fixed(header, 8));
        // A batch's length counts from the field after it.
        let Some(length) = usize::try_from(length).ok().filter(|l| *l >= HEADER_BYTES.saturating_sub(12)) else {
            return Err(BatchError::Length);
        };
        let [magic] = fixed(header, 16);
        if magic != 2 {
            return Err(BatchError::Magic);
        }
        let base = i64::from_be_bytes(fixed(header, 0));
        let last_delta = i32::from_be_bytes(fixed(header, 23));
        let count = i32::from_be_bytes(fixed(header, 57));
        let last = u32::try_from(last_delta).ok().and_then(|delta| base.checked_add(i64::from(delta)));
        let (Ok(count), Some(last)) = (u64::try_from(count), last) else {
            return Err(BatchError::Count);
        };
        let [_, attributes] = fixed(header, 21);
        if !any {
            extent.first_offset = base;
        }
        extent.last_offset = last;
        extent.records = extent.records.saturating_add(count);
        extent.transactional |= attributes & TRANSACTIONAL != 0;
        any = true;
        // A cut batch may show some of its records: it counts as if it were whole, so that exposure is never understated.
        let Some(next) = rest.get(length.saturating_add(12)..) else { break };
        extent.batches = extent.batches.saturating_add(1);
        rest = next;
    }
    // A message of the formats before 2 may be shorter than a batch's header, and hold a record all the same.
    if rest.len() < HEADER_BYTES && rest.get(16).is_some_and(|magic| *magic != 2) {
        return Err(BatchError::Magic);
    }
    extent.tail = rest.len();
    Ok(extent)
}

fn fixed<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    header.get(at..).and_then(|h| h.first_chunk::<N>()).copied().unwrap_or([0; N])
}
