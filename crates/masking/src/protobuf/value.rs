//! Numbers as they are on the wire, and as transforms take them.

use super::Kind;
use crate::detect;
use crate::transform::{Fate, Transform, short};

/// What the wire's bits mean.
enum Meaning {
    Integer(i64, (i64, i64)),
    Fraction(f64),
    Truth,
    Choice,
}

impl Kind {
    /// The bits that say nothing: 0, or the first value of an enum, which may know no 0.
    pub(super) fn neutral(self) -> u64 {
        match self {
            Kind::Enum(first) => i64::from(first).cast_unsigned(),
            _ => 0,
        }
    }

    /// What becomes of a number of this kind.
    pub(super) fn number(self, bits: u64, transform: &Transform, subject: &[u8]) -> Fate<u64> {
        match self.meaning(bits) {
            Meaning::Integer(value, range) => {
                map(transform.integer(value, range, subject), |changed| self.integer_bits(changed))
            }
            Meaning::Fraction(value) => map(transform.float(value), |changed| self.fraction_bits(changed)),
            Meaning::Truth => map(transform.truth(), u64::from),
            Meaning::Choice => map(transform.whole(), |()| self.neutral()),
        }
    }

    /// A key of a map as JSON writes it.
    pub(super) fn key(self, bits: u64) -> String {
        match self {
            Kind::Bool => (bits != 0).to_string(),
            Kind::Uint64 | Kind::Fixed64 => bits.to_string(),
            _ => match self.meaning(bits) {
                Meaning::Integer(value, _) => value.to_string(),
                _ => String::new(),
            },
        }
    }

    /// The digits of a whole number, without its sign; `None` of all else.
    pub(super) fn digits(self, bits: u64) -> Option<String> {
        match self {
            Kind::Uint64 | Kind::Fixed64 => Some(bits.to_string()),
            _ => match self.meaning(bits) {
                Meaning::Integer(value, _) => Some(value.unsigned_abs().to_string()),
                Meaning::Fraction(value) => detect::digits(value),
                Meaning::Truth | Meaning::Choice => None,
            },
        }
    }

    fn meaning(self, bits: u64) -> Meaning {
        let signed = (i64::from(i32::MIN), i64::from(i32::MAX));
        let small = i64::from(low(bits).cast_signed());
        match self {
            Kind::Int32 | Kind::Sfixed32 => Meaning::Integer(small, signed),
            Kind::Int64 | Kind::Sfixed64 => Meaning::Integer(bits.cast_signed(), (i64::MIN, i64::MAX)),
            Kind::Uint32 | Kind::Fixed32 => Meaning::Integer(i64::from(low(bits)), (0, i64::from(u32::MAX))),
            // Transforms know no number above the largest signed one: such are taken for negative ones, and come to 0 or a token.
            Kind::Uint64 | Kind::Fixed64 => Meaning::Integer(bits.cast_signed(), (0, i64::MAX)),
            Kind::Sint32 => Meaning::Integer(unfold(u64::from(low(bits))), signed),
            Kind::Sint64 => Meaning::Integer(unfold(bits), (i64::MIN, i64::MAX)),
            Kind::Float => Meaning::Fraction(f64::from(f32::from_bits(low(bits)))),
            Kind::Double => Meaning::Fraction(f64::from_bits(bits)),
            Kind::Bool => Meaning::Truth,
            Kind::Enum(_) | Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Map(_) => Meaning::Choice,
        }
    }

    fn integer_bits(self, value: i64) -> u64 {
        match self {
            // The sign goes to the end, so that small negative numbers are short.
            Kind::Sint32 | Kind::Sint64 => ((value << 1) ^ (value >> 63)).cast_unsigned(),
            _ => value.cast_unsigned(),
        }
    }

    fn fraction_bits(self, value: f64) -> u64 {
        if self == Kind::Double {
            return value.to_bits();
        }
        u64::from(short(value).to_bits())
    }
}

fn map<T, U>(fate: Fate<T>, change: impl FnOnce(T) -> U) -> Fate<U> {
    match fate {
        Fate::Value(value) => Fate::Value(change(value)),
        Fate::Null => Fate::Null,
        Fate::DropField => Fate::DropField,
        Fate::DropRecord => Fate::DropRecord,
    }
}

/// The low half of the bits: readers take no more of what is declared to be 32 bits.
fn low(bits: u64) -> u32 {
    let [a, b, c, d, ..] = bits.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn unfold(bits: u64) -> i64 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}
