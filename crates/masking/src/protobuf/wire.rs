//! Fields on the wire: tags, varints, lengths.

use std::ops::Range;

use super::Kind;
use crate::plan::Unmaskable;

/// Bytes of a varint of 64 bits.
const VARINT_MAX: usize = 10;
/// Bytes of a tag; readers disagree about longer ones.
const TAG_MAX: usize = 5;

/// A field as it stands in the payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    pub(super) number: u32,
    pub(super) form: Form,
    /// The number, or how many bytes there are.
    pub(super) bits: u64,
    /// Where its tag stands.
    pub(super) start: usize,
    /// Where what follows the tag stands: the number or the length.
    pub(super) value: usize,
    /// Where what follows the length stands; of numbers, the end.
    pub(super) body: usize,
    /// The offset after it.
    pub(super) end: usize,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Varint,
    Fixed64,
    /// With their length before them.
    Bytes,
    Fixed32,
}

impl Wire {
    /// Where the bytes stand.
    pub(super) fn bytes(&self) -> Range<usize> {
        self.body..self.end
    }
}

impl Kind {
    pub(super) fn form(self) -> Form {
        match self {
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => Form::Varint,
            Kind::Sint32 | Kind::Sint64 | Kind::Bool | Kind::Enum(_) => Form::Varint,
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Form::Fixed64,
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Form::Fixed32,
            Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Map(_) => Form::Bytes,
        }
    }
}

/// The field that begins at `at` of these bytes, which end where its message does.
// Handed back through memory, each field would wait for the stores that made it.
#[inline(always)]
pub(super) fn field(bytes: &[u8], at: usize) -> Result<Wire, Unmaskable> {
    let (tag, value) = varint(bytes, at)?;
    let tag = u32::try_from(tag).ok().filter(|_| value - at <= TAG_MAX);
    let tag = tag.ok_or(Unmaskable { why: "a field's number is too large", at })?;
    let number = tag >> 3;
    if number == 0 {
        return Err(Unmaskable { why: "a field has the number 0", at });
    }
    let form = match tag & 7 {
        0 => Form::Varint,
        1 => Form::Fixed64,
        2 => Form::Bytes,
        3 | 4 => return Err(Unmaskable { why: "groups are not read", at }),
        5 => Form::Fixed32,
        _ => return Err(Unmaskable { why: "a field has a wire type that does not exist", at }),
    };
    let (bits, body) = self::number(bytes, value, form)?;
    let mut end = body;
    if form == Form::Bytes {
        let after = usize::try_from(bits).ok().and_then(|length| body.checked_add(length));
        end = after.filter(|end| *end <= bytes.len()).ok_or(Unmaskable { why: "a field is cut off", at: value })?;
    }
    Ok(Wire { number, form, bits, start: at, value, body, end })
}

/// The bits of the number, or the length, at `at`, and the offset after it.
#[inline]
pub(super) fn number(bytes: &[u8], at: usize, form: Form) -> Result<(u64, usize), Unmaskable> {
    let rest = bytes.get(at..).unwrap_or_default();
    match form {
        Form::Varint | Form::Bytes => varint(bytes, at),
        Form::Fixed64 => rest.first_chunk::<8>().map(|bits| (u64::from_le_bytes(*bits), at + 8)).ok_or(cut_off(at)),
        Form::Fixed32 => {
            rest.first_chunk::<4>().map(|bits| (u64::from(u32::from_le_bytes(*bits)), at + 4)).ok_or(cut_off(at))
        }
    }
}

fn cut_off(at: usize) -> Unmaskable {
    Unmaskable { why: "a number is cut off", at }
}

/// The varint at `at`, and the offset after it. Bits above the 64th are refused: some readers ignore them, others do not.
#[inline]
fn varint(bytes: &[u8], at: usize) -> Result<(u64, usize), Unmaskable> {
    // Most are of one byte.
    if let Some(byte) = bytes.get(at).filter(|byte| **byte < 0x80) {
        return Ok((u64::from(*byte), at + 1));
    }
    long_varint(bytes, at)
}

fn long_varint(bytes: &[u8], at: usize) -> Result<(u64, usize), Unmaskable> {
    let rest = bytes.get(at..).unwrap_or_default();
    let mut value = 0;
    for (place, byte) in rest.iter().take(VARINT_MAX).enumerate() {
        if place == VARINT_MAX - 1 && *byte > 1 {
            return Err(Unmaskable { why: "a number is too long", at });
        }
        value |= u64::from(byte & 0x7f) << (7 * place);
        if *byte < 0x80 {
            return Ok((value, at + place + 1));
        }
    }
    Err(cut_off(at))
}

/// Appends a varint in the fewest bytes.
pub(super) fn write_varint(value: u64, out: &mut Vec<u8>) {
    out.extend(varint_bytes(value));
}

/// The bytes of a varint, as few as there can be.
pub(super) fn varint_bytes(value: u64) -> impl ExactSizeIterator<Item = u8> {
    let significant = 64 - (value | 1).leading_zeros();
    let last = significant.div_ceil(7) - 1;
    (0..last + 1).map(move |place| {
        let [low, ..] = (value >> (7 * place)).to_le_bytes();
        if place == last { low & 0x7f } else { low | 0x80 }
    })
}

/// Appends the tag of a number and the number; with [`Form::Bytes`], a length.
pub(super) fn write_number(number: u32, form: Form, bits: u64, out: &mut Vec<u8>) {
    let wire_type = match form {
        Form::Varint => 0,
        Form::Fixed64 => 1,
        Form::Bytes => 2,
        Form::Fixed32 => 5,
    };
    write_varint(u64::from(number) << 3 | wire_type, out);
    write_bits(form, bits, out);
}

/// Appends a number without a tag, as they are packed.
pub(super) fn write_bits(form: Form, bits: u64, out: &mut Vec<u8>) {
    match form {
        Form::Varint | Form::Bytes => write_varint(bits, out),
        Form::Fixed64 => out.extend(bits.to_le_bytes()),
        Form::Fixed32 => out.extend(bits.to_le_bytes().iter().take(4)),
    }
}

/// Appends bytes with their tag and length.
pub(super) fn write_bytes(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    write_number(number, Form::Bytes, u64::try_from(bytes.len()).unwrap_or(u64::MAX), out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_read_as_they_are_written() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1_u64 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                write_varint(value, &mut bytes);
                assert_eq!(varint(&bytes, 0), Ok((value, bytes.len())));
                for cut in 0..bytes.len() {
                    assert!(varint(&bytes[..cut], 0).is_err());
                }
            }
        }
    }

    #[test]
    fn numbers_that_readers_disagree_about_are_refused() {
        assert_eq!(varint(&[0x81, 0x80, 0x00], 0), Ok((1, 3)), "longer than it needs to be");
        let mut bytes = [0xff; 10];
        bytes[9] = 0x02;
        assert!(varint(&bytes, 0).is_err(), "a 65th bit");
        assert!(varint(&[0x80; 11], 0).is_err());
        assert!(field(&[0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00], 0).is_err(), "a tag of six bytes");
        assert!(field(&[0x00, 0x00], 0).is_err(), "field number 0");
        for wire_type in [3, 4, 6, 7] {
            assert!(field(&[0x08 | wire_type, 0x00], 0).is_err(), "wire type {wire_type}");
        }
    }
}
