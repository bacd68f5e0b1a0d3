//! The part of deterministic CBOR (RFC 8949, section 4.2.1) that leaves use.
//!
//! The encoder can only write the canonical form. The decoder refuses every other form, so that equal leaves have equal
//! bytes and nothing can hide in an encoding.

/// Why bytes are not a canonical leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at} of the leaf")]
pub struct Malformed {
    /// What is wrong, in fixed words.
    pub what: &'static str,
    /// Position in the leaf.
    pub at: usize,
}

const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

/// Appends canonical items.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    pub(crate) out: Vec<u8>,
}

impl Encoder {
    fn head(&mut self, major: u8, n: u64) {
        let major = major << 5;
        let [b0, b1, b2, b3, b4, b5, b6, b7] = n.to_be_bytes();
        match n {
            0..24 => self.out.push(major | b7),
            24..0x100 => self.out.extend([major | 24, b7]),
            0x100..0x1_0000 => self.out.extend([major | 25, b6, b7]),
            0x1_0000..0x1_0000_0000 => self.out.extend([major | 26, b4, b5, b6, b7]),
            _ => self.out.extend([major | 27, b0, b1, b2, b3, b4, b5, b6, b7]),
        }
    }

    pub(crate) fn uint(&mut self, n: u64) {
        self.head(UINT, n);
    }

    pub(crate) fn int(&mut self, n: i64) {
        match u64::try_from(n) {
            Ok(n) => self.head(UINT, n),
            Err(_) => self.head(NEGATIVE, (!n).cast_unsigned()),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn array(&mut self, items: usize) {
        self.head(ARRAY, items as u64);
    }

    pub(crate) fn map(&mut self, pairs: usize) {
        self.head(MAP, pairs as u64);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.out.push(if value { TRUE } else { FALSE });
    }

    pub(crate) fn null(&mut self) {
        self.out.push(NULL);
    }
}

/// Reads canonical items; every other form is [`Malformed`].
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Decoder { rest: data, len: data.len() }
    }

    pub(crate) fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.len - self.rest.len() }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or_else(|| self.malformed("the leaf ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    fn head(&mut self, major: u8) -> Result<u64, Malformed> {
        let first = self.take(1)?.first().copied().unwrap_or(0);
        if first >> 5 != major {
            return Err(self.malformed("another type of item was expected"));
        }
        let extra = match first & 0x1f {
            n @ 0..24 => return Ok(u64::from(n)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(self.malformed("an indefinite or reserved length")),
        };
        let n = self.take(extra)?.iter().fold(0u64, |n, byte| (n << 8) | u64::from(*byte));
        let least = match extra {
            1 => 24,
            2 => 0x100,
            4 => 0x1_0000,
            _ => 0x1_0000_0000,
        };
        if n < least {
            return Err(self.malformed("a number that is not in its shortest form"));
        }
        Ok(n)
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Malformed> {
        self.head(UINT)
    }

    pub(crate) fn int(&mut self) -> Result<i64, Malformed> {
        let negative = self.peek().is_some_and(|byte| byte >> 5 == NEGATIVE);
        let n = self.head(if negative { NEGATIVE } else { UINT })?;
        let n = i64::try_from(n).ok().ok_or_else(|| self.malformed("a number over 63 bits"))?;
        Ok(if negative { !n } else { n })
    }

    /// A number of the type that the caller wants; out of its range is malformed.
    pub(crate) fn small<T: TryFrom<i64>>(&mut self) -> Result<T, Malformed> {
        let n = self.int()?;
        T::try_from(n).ok().ok_or_else(|| self.malformed("a number out of range"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let n = self.head(BYTES)?;
        let n = usize::try_from(n).ok().ok_or_else(|| self.malformed("a length over the leaf"))?;
        self.take(n)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let bytes = self.bytes()?;
        bytes.try_into().ok().ok_or_else(|| self.malformed("a byte string of another length"))
    }

    pub(crate) fn text(&mut self) -> Result<String, Malformed> {
        let n = self.head(TEXT)?;
        let n = usize::try_from(n).ok().ok_or_else(|| self.malformed("a length over the leaf"))?;
        let text = self.take(n)?;
        std::str::from_utf8(text).map(str::to_owned).ok().ok_or_else(|| self.malformed("text that is not UTF-8"))
    }

    /// Items of an array or pairs of a map; each takes a byte at least, which bounds the loops over them.
    fn count(&mut self, major: u8) -> Result<usize, Malformed> {
        let n = self.head(major)?;
        match usize::try_from(n) {
            Ok(n) if n <= self.rest.len() => Ok(n),
            _ => Err(self.malformed("more items than bytes")),
        }
    }

    pub(crate) fn array(&mut self) -> Result<usize, Malformed> {
        self.count(ARRAY)
    }

    pub(crate) fn array_of(&mut self, items: usize) -> Result<(), Malformed> {
        if self.array()? == items { Ok(()) } else { Err(self.malformed("an array of another length")) }
    }

    pub(crate) fn map(&mut self) -> Result<usize, Malformed> {
        self.count(MAP)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Malformed> {
        match self.take(1)? {
            [TRUE] => Ok(true),
            [FALSE] => Ok(false),
            _ => Err(self.malformed("neither true nor false")),
        }
    }

    /// Takes a null if one is next.
    pub(crate) fn null(&mut self) -> bool {
        let null = self.peek() == Some(NULL);
        if null {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        null
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed("bytes after the end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The integers of RFC 8949, appendix A.
    #[test]
    fn writes_and_reads_the_vectors_of_the_rfc() {
        let vectors: &[(i64, &[u8])] = &[
            (0, &[0x00]),
            (23, &[0x17]),
            (24, &[0x18, 0x18]),
            (1000, &[0x19, 0x03, 0xe8]),
            (1_000_000, &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (1_000_000_000_000, &[0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00]),
            (-1, &[0x20]),
            (-1000, &[0x39, 0x03, 0xe7]),
            (i64::MIN, &[0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ];
        for (n, bytes) in vectors {
            let mut encoder = Encoder::default();
            encoder.int(*n);
            assert_eq!(encoder.out, *bytes);
            let mut decoder = Decoder::new(bytes);
            assert_eq!(decoder.int(), Ok(*n));
            assert_eq!(decoder.end(), Ok(()));
        }
    }

    #[test]
    fn refuses_what_is_not_canonical() {
        assert!(Decoder::new(&[0x18, 0x17]).uint().is_err(), "23 in two bytes");
        assert!(Decoder::new(&[0x19, 0x00, 0xff]).uint().is_err(), "255 in three bytes");
        assert!(Decoder::new(&[0x5f, 0x41, 0x00, 0xff]).bytes().is_err(), "indefinite bytes");
        assert!(Decoder::new(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).array().is_err(), "huge array");
        assert!(Decoder::new(&[0x62, 0xff, 0xff]).text().is_err(), "not UTF-8");
        assert!(Decoder::new(&[0x43, 0x00]).bytes().is_err(), "short");
        assert!(Decoder::new(&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).int().is_err(), "over i64");
    }
}
