//! Confluent's wire format: a byte 0, the schema's number, and the payload; before Protobuf also which message of the schema it is.

use crate::plan::Unmaskable;

/// The byte that framed payloads begin with.
const MAGIC: u8 = 0;
/// Bytes of a number of 32 bits as a varint.
const INT_BYTES: usize = 5;
/// Messages inside messages that a Protobuf schema may nest. Real ones nest a few; a writer could claim two billion.
const INDEXES_MAX: usize = 64;

/// Parts a framed payload: the number of its schema, and what stands behind it.
///
/// # Errors
/// It is shorter than its head, or does not begin with a byte 0.
pub fn split(input: &[u8]) -> Result<(u32, &[u8]), Unmaskable> {
    let Some((&[magic, a, b, c, d], payload)) = input.split_first_chunk::<5>() else {
        return Err(Unmaskable { why: "shorter than a schema's number", at: input.len() });
    };
    if magic != MAGIC {
        return Err(Unmaskable { why: "no schema's number in front", at: 0 });
    }
    Ok((u32::from_be_bytes([a, b, c, d]), payload))
}

/// The way to the message within its Protobuf schema, outermost first, and how many bytes of the payload say so.
///
/// # Errors
/// They end too early, are negative, or are more than any schema nests.
pub fn message_indexes(payload: &[u8]) -> Result<(Vec<i32>, usize), Unmaskable> {
    let (count, mut at) = index(payload, 0)?;
    // The first message is by far the commonest, so a single 0 stands for it.
    if count == 0 {
        return Ok((vec![0], at));
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > INDEXES_MAX {
        return Err(Unmaskable { why: "a message nested deeper than schemas go", at: 0 });
    }
    let mut indexes = Vec::with_capacity(count);
    for _ in 0..count {
        let (index, end) = index(payload, at)?;
        indexes.push(index);
        at = end;
    }
    Ok((indexes, at))
}

fn index(payload: &[u8], at: usize) -> Result<(i32, usize), Unmaskable> {
    let (index, end) = int(payload, at)?;
    if index < 0 {
        return Err(Unmaskable { why: "a negative message index", at });
    }
    Ok((index, end))
}

/// A zigzag varint of 32 bits at `at`, and where it ends.
pub(crate) fn int(input: &[u8], at: usize) -> Result<(i32, usize), Unmaskable> {
    let (number, end) = long(input, at)?;
    // Readers of 32 bits stop after five bytes, others go on: the two would part ways.
    let fits = i32::try_from(number).ok().filter(|_| end.saturating_sub(at) <= INT_BYTES);
    fits.map(|number| (number, end)).ok_or(Unmaskable { why: "a number over 32 bits", at })
}

/// A zigzag varint of 64 bits at `at`, and where it ends.
#[inline]
pub(crate) fn long(input: &[u8], at: usize) -> Result<(i64, usize), Unmaskable> {
    // Most are lengths and small numbers, of one byte.
    if let Some(&byte @ 0..0x80) = input.get(at) {
        return Ok((signed(u64::from(byte)), at + 1));
    }
    many_bytes(input, at)
}

fn many_bytes(input: &[u8], at: usize) -> Result<(i64, usize), Unmaskable> {
    let mut number = 0_u64;
    let mut end = at;
    for shift in (0..u64::BITS).step_by(7) {
        let Some(&byte) = input.get(end) else { return Err(Unmaskable { why: "ends within a number", at: end }) };
        end += 1;
        if shift == 63 && byte > 1 {
            break;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok((signed(number), end));
        }
    }
    Err(Unmaskable { why: "a number over 64 bits", at })
}

fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Appends a zigzag varint.
pub(crate) fn put_long(out: &mut Vec<u8>, number: i64) {
    let mut rest = (number << 1 ^ number >> 63).cast_unsigned();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_split_off_or_refused() {
        assert_eq!(split(&[0, 0, 0, 1, 2, 7, 8]), Ok((258, &[7, 8][..])));
        assert_eq!(split(&[0, 0xff, 0xff, 0xff, 0xff]), Ok((u32::MAX, &[][..])));
        assert_eq!(split(&[0, 0, 0, 1]).unwrap_err().at, 4);
        assert!(split(&[]).is_err());
        assert!(split(b"{\"a\":1}").is_err(), "another format");
    }

    #[test]
    fn message_indexes_are_read_to_their_end() {
        assert_eq!(message_indexes(&[0, 9]), Ok((vec![0], 1)), "the short form of the first message");
        assert_eq!(message_indexes(&[4, 2, 0x80, 1, 9]), Ok((vec![1, 64], 4)));
        assert_eq!(message_indexes(&[2, 0]), Ok((vec![0], 2)), "the long form of it");
        for (bytes, why) in [
            (&[][..], "none"),
            (&[4, 2], "too few"),
            (&[2, 1], "a negative one"),
            (&[1], "negatively many"),
            (&[0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0], "two billion"),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0], "six bytes for one number"),
        ] {
            assert!(message_indexes(bytes).is_err(), "{why}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, -1, 1, 63, 64, -64, -65, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN] {
            let mut out = vec![];
            put_long(&mut out, number);
            assert_eq!(long(&out, 0), Ok((number, out.len())));
            assert_eq!(int(&out, 0).ok().map(|(n, _)| i64::from(n)), i32::try_from(number).ok().map(i64::from));
            assert!(long(&out[..out.len() - 1], 0).is_err());
        }
        assert!(long(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], 0).is_err(), "over 64 bits");
        assert!(long(&[0x80; 12], 0).is_err());
    }
}
