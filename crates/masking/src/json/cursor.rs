//! Reads the pieces of a JSON text (RFC 8259): white space, strings, numbers, words. Nothing is taken that the grammar does not have.

use std::borrow::Cow;

use super::{DEEP, DEPTH_MAX, LARGE, LONE, NUL, text};
use crate::plan::Unmaskable;

/// Digits from which a whole number may be beyond what a 64-bit float holds.
const DIGITS_OF_FLOATS: usize = 308;

/// A place in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    pub(super) at: usize,
}

/// A string without its quotes. Without truth values, whose padding costs a third of the time where results are passed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted {
    start: usize,
    /// Where the first escape stands; the end if there is none.
    escape: usize,
    pub(super) end: usize,
}

impl Quoted {
    fn is_escaped(self) -> bool {
        self.escape < self.end
    }
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Cursor { text, at: 0 }
    }

    #[cold]
    pub(super) fn error(&self, why: &'static str) -> Unmaskable {
        Unmaskable { why, at: self.at }
    }

    /// The next byte; 0, which begins nothing in JSON, at the end.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        byte(self.text.as_bytes(), self.at)
    }

    #[inline]
    pub(super) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    #[inline]
    pub(super) fn blank(&mut self) {
        // Most texts have no white space at all, or one space.
        while self.peek() <= b' ' && matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Passes a string, which begins here.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Quoted, Unmaskable> {
        let start = self.at + 1;
        let end = plain(self.text.as_bytes(), start);
        if byte(self.text.as_bytes(), end) != b'"' {
            return self.escaped_string(start, end);
        }
        self.at = end + 1;
        Ok(Quoted { start, escape: end, end })
    }

    /// Passes a string in which, at `at`, something else than its end is met first.
    #[inline(never)]
    fn escaped_string(&mut self, start: usize, escape_at: usize) -> Result<Quoted, Unmaskable> {
        let bytes = self.text.as_bytes();
        let mut at = escape_at;
        loop {
            match byte(bytes, at) {
                b'"' => {
                    self.at = at + 1;
                    return Ok(Quoted { start, escape: escape_at, end: at });
                }
                b'\\' => at = plain(bytes, escape(bytes, at)?),
                _ if at >= bytes.len() => return Err(Unmaskable { why: "the text ends within a string", at }),
                _ => return Err(Unmaskable { why: "a control character stands in a string", at }),
            }
        }
    }

    /// Passes a field's name, which has to begin here, and goes to the value.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Quoted, Unmaskable> {
        if self.peek() != b'"' {
            return Err(self.error("a field's name was expected"));
        }
        let at = self.at;
        let name = self.string()?;
        self.blank();
        if self.peek() != b':' {
            return Err(self.error("a colon was expected"));
        }
        self.at += 1;
        self.blank();
        if name.is_escaped() && self.decoded(name).contains('\0') {
            return Err(Unmaskable { why: NUL, at });
        }
        Ok(name)
    }

    /// Passes a value with all that is in it: lists and groups as many levels deep as `levels` says.
    pub(super) fn value(&mut self, levels: usize) -> Result<(), Unmaskable> {
        // One bit a level, the innermost lowest: whether it is a group.
        let (mut groups, mut depth) = (0_u128, 0);
        loop {
            let open = self.peek();
            match open {
                b'"' => self.string().map(|_| ())?,
                b'{' | b'[' => {
                    if depth >= levels.min(DEPTH_MAX) {
                        return Err(self.error(DEEP));
                    }
                    let group = open == b'{';
                    (groups, depth) = (groups << 1 | u128::from(group), depth + 1);
                    self.at += 1;
                    self.blank();
                    match (self.peek(), group) {
                        (b'}', true) | (b']', false) => {}
                        (_, true) => {
                            self.name()?;
                            continue;
                        }
                        (_, false) => continue,
                    }
                }
                _ => self.scalar(open)?,
            }
            // The value is over, and with it perhaps what it is in.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                self.blank();
                let group = groups & 1 == 1;
                match (self.peek(), group) {
                    (b',', _) => {
                        self.at += 1;
                        self.blank();
                        if group {
                            self.name()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        self.at += 1;
                        (groups, depth) = (groups >> 1, depth - 1);
                    }
                    _ => return Err(self.unclosed(group)),
                }
            }
        }
    }

    /// What is wrong where neither a comma nor an end follows a value.
    #[cold]
    pub(super) fn unclosed(&self, group: bool) -> Unmaskable {
        self.error(if group {
            "a comma or the group's end was expected"
        } else {
            "a comma or the list's end was expected"
        })
    }

    /// Passes the end of the text.
    pub(super) fn end(&mut self) -> Result<(), Unmaskable> {
        self.blank();
        if self.at >= self.text.len() { Ok(()) } else { Err(self.error("the text goes on after its end")) }
    }

    /// Passes a number or a word that begins with this byte.
    fn scalar(&mut self, first: u8) -> Result<(), Unmaskable> {
        match first {
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number().map(|_| ()),
        }
    }

    /// What a string says.
    #[inline]
    pub(super) fn decoded(&self, quoted: Quoted) -> Cow<'t, str> {
        let raw = self.slice(quoted.start, quoted.end);
        if quoted.is_escaped() { Cow::Owned(text::unescaped(raw)) } else { Cow::Borrowed(raw) }
    }

    /// Passes a number, which has to begin here.
    pub(super) fn number(&mut self) -> Result<&'t str, Unmaskable> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start + usize::from(self.peek() == b'-');
        if at == start && !self.peek().is_ascii_digit() {
            return Err(self.error("a value was expected"));
        }
        at = match byte(bytes, at) {
            b'0' => at + 1,
            _ => digits(bytes, at)?,
        };
        let (mut exponent, whole) = (false, at);
        if byte(bytes, at) == b'.' {
            at = digits(bytes, at + 1)?;
        }
        if matches!(byte(bytes, at), b'e' | b'E') {
            exponent = true;
            at += 1 + usize::from(matches!(byte(bytes, at + 1), b'+' | b'-'));
            at = digits(bytes, at)?;
        }
        let literal = self.slice(start, at);
        // Readers differ in what they make of such a number: infinity, the largest, or an error.
        if (exponent || whole - start > DIGITS_OF_FLOATS) && !literal.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(Unmaskable { why: LARGE, at: start });
        }
        self.at = at;
        Ok(literal)
    }

    /// Passes `true`, `false` or `null`.
    #[inline]
    pub(super) fn word(&mut self, word: &str) -> Result<(), Unmaskable> {
        let end = self.at + word.len();
        if self.text.as_bytes().get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.error("a value was expected"));
        }
        self.at = end;
        Ok(())
    }
}

#[inline]
fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Where the digits that begin at `at` end; there has to be one.
#[inline]
fn digits(bytes: &[u8], at: usize) -> Result<usize, Unmaskable> {
    let mut end = at;
    while byte(bytes, end).is_ascii_digit() {
        end += 1;
    }
    if end == at { Err(Unmaskable { why: "a digit was expected", at }) } else { Ok(end) }
}

/// Where, from `at` on, the first quote, backslash or control character stands; the end if none does.
#[inline]
fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    plain_at_end(bytes, at)
}

/// The same for the last few bytes of a text.
#[cold]
fn plain_at_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| **b >= b' ' && **b != b'"' && **b != b'\\').count()
}

/// The high bit of each byte of eight that is a quote, a backslash or a control character. Bits above the lowest one may be set
/// wrongly, by what was borrowed from it; the lowest is right.
#[inline]
fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    let low = word.wrapping_sub(ONES * 0x20) & !word;
    (low | (quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash)) & HIGH
}

/// Passes an escape, which begins at `at` with a backslash.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Unmaskable> {
    match byte(bytes, at + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' => {
            let unit = hex(bytes, at + 2).ok_or(Unmaskable { why: "an escape is not one of JSON's", at })?;
            let lone = Unmaskable { why: LONE, at };
            match unit {
                0xd800..=0xdbff => {
                    let low =
                        hex(bytes, at + 8).filter(|_| byte(bytes, at + 6) == b'\\' && byte(bytes, at + 7) == b'u');
                    if low.is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) { Ok(at + 12) } else { Err(lone) }
                }
                0xdc00..=0xdfff => Err(lone),
                _ => Ok(at + 6),
            }
        }
        _ => Err(Unmaskable { why: "an escape is not one of JSON's", at }),
    }
}

/// Four hexadecimal digits.
fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}
