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
    /// First and last offset of the batch that those bytes begin; `None` when they hold no record's byte.
    pub cut: Option<(i64, i64)>,
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
        extent.transactional |= attributes & TRANSACTIONAL != 0;
        // A cut batch may show some of its records: it is told apart, so that exposure is neither understated nor counted twice.
        let Some(next) = rest.get(length.saturating_add(12)..) else {
            extent.cut = (rest.len() > HEADER_BYTES).then_some((base, last));
            break;
        };
        if extent.batches == 0 {
            extent.first_offset = base;
        }
        extent.last_offset = last;
        extent.records = extent.records.saturating_add(count);
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

/// Who wrote the first batch; `None` for a writer without a number, whose batches a broker does not tell from each other.
#[must_use]
pub fn producer_id(records: &[u8]) -> Option<i64> {
    let header = records.get(..HEADER_BYTES)?;
    Some(i64::from_be_bytes(fixed(header, 43))).filter(|id| *id >= 0)
}

fn fixed<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    header.get(at..).and_then(|h| h.first_chunk::<N>()).copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(base: i64, last_delta: i32, count: i32, records: usize) -> Vec<u8> {
        let mut batch = vec![0; HEADER_BYTES + records];
        let length = i32::try_from(batch.len() - 12).unwrap();
        batch[..8].copy_from_slice(&base.to_be_bytes());
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        batch[16] = 2;
        batch[23..27].copy_from_slice(&last_delta.to_be_bytes());
        batch[57..61].copy_from_slice(&count.to_be_bytes());
        batch
    }

    #[test]
    fn nothing_is_nothing() {
        let expected = Extent { first_offset: -1, last_offset: -1, ..Extent::default() };
        assert_eq!(extent(&[]), Ok(expected));
    }

    #[test]
    fn batches_add_up() {
        // The second is compacted: fewer records than offsets.
        let all = [batch(10, 2, 3, 30), batch(20, 9, 4, 0)].concat();
        let expected = Extent {
            first_offset: 10,
            last_offset: 29,
            records: 7,
            batches: 2,
            transactional: false,
            tail: 0,
            cut: None,
        };
        assert_eq!(extent(&all), Ok(expected));
        let mut transactional = all;
        transactional[22] = TRANSACTIONAL;
        assert!(extent(&transactional).unwrap().transactional);
    }

    #[test]
    fn a_cut_batch_is_told_apart() {
        let whole = batch(10, 0, 1, 5);
        let cut = batch(11, 7, 8, 100);
        for kept in 0..cut.len() {
            let extent = extent(&[&whole[..], &cut[..kept]].concat()).unwrap();
            assert_eq!((extent.batches, extent.tail), (1, kept));
            // Without its header nothing of a batch can be read, and no record of it was sent.
            let expected = if kept <= HEADER_BYTES { None } else { Some((11, 18)) };
            assert_eq!((extent.last_offset, extent.records, extent.cut), (10, 1, expected), "{kept}");
        }
    }

    #[test]
    fn impossible_headers_are_refused() {
        let with = |at: usize, bytes: &[u8]| {
            let mut batch = batch(0, 0, 1, 9);
            batch[at..at + bytes.len()].copy_from_slice(bytes);
            extent(&batch)
        };
        for length in [-1, 0, 48, i32::MIN] {
            assert_eq!(with(8, &i32::to_be_bytes(length)), Err(BatchError::Length));
        }
        for magic in [0, 1, 3, 0xff] {
            assert_eq!(with(16, &[magic]), Err(BatchError::Magic));
        }
        assert_eq!(with(57, &(-1_i32).to_be_bytes()), Err(BatchError::Count));
        assert_eq!(with(23, &(-1_i32).to_be_bytes()), Err(BatchError::Count));
        let mut last = batch(i64::MAX, 1, 1, 0);
        assert_eq!(extent(&last), Err(BatchError::Count));
        last[23..27].copy_from_slice(&[0; 4]);
        assert_eq!(extent(&last).unwrap().last_offset, i64::MAX);
        // A length beyond the bytes is a cut, not a reason to read on.
        assert_eq!(with(8, &i32::MAX.to_be_bytes()).unwrap().batches, 0);
    }

    #[test]
    fn short_messages_of_old_formats_are_not_taken_for_a_cut_header() {
        for (magic, length) in [(0, 20), (1, 34)] {
            let mut message = vec![0; length];
            message[16] = magic;
            assert_eq!(extent(&message), Err(BatchError::Magic));
        }
    }
}
