//! Text in disguise: what stands for characters is put back, once, and the result is looked at as any text. A hit there covers all
//! that it was written with.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Finder, Hit, find, looked};
use crate::packed;

/// Hexadecimal digits in a row that are decoded: an address such as `ann@b.de` has as many.
const HEX_MIN: usize = 16;
/// Characters of base64 in a row that are decoded.
const BASE64_MIN: usize = 24;
/// Decoded bytes by which is told whether the rest is worth it: those of [`BASE64_MIN`] characters.
const SAMPLE: usize = 18;
/// How many of these are characters of text where there is any. Of random bytes one sample in a hundred has so many.
const SAMPLE_TEXT: usize = 12;
/// Characters of an entity between `&` and `;`.
const ENTITY_MAX: usize = 10;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
pub(super) const LENIENT_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const LENIENT_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// The zero of each script's decimal digits (Unicode 14, general category Nd); the other nine follow it.
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
    0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0,
    0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// What a character stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folded {
    /// Itself.
    Same,
    /// A character of ASCII.
    Ascii(char),
    /// Nothing: it is not seen.
    Nothing,
}

fn fold(c: char) -> Folded {
    let code = u32::from(c);
    match code {
        0..0xa0 => Folded::Same,
        // Spaces, hyphens and dashes
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Folded::Ascii(' '),
        0x2010..=0x2015 | 0x2212 | 0xfe58 | 0xfe63 => Folded::Ascii('-'),
        0x2024 | 0x3002 | 0xfe52 | 0xff61 => Folded::Ascii('.'),
        0xfe6b => Folded::Ascii('@'),
        0xfe62 => Folded::Ascii('+'),
        // Soft hyphen, joiners, marks of direction, variation selectors, the byte order mark
        0xad | 0x034f | 0x061c | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f => {
            Folded::Nothing
        }
        0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe01ef => Folded::Nothing,
        // Full width, as wide as Chinese
        0xff01..=0xff5e => char::from_u32(code - 0xfee0).map_or(Folded::Same, Folded::Ascii),
        _ => {
            let zero = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1).and_then(|at| ZEROS.get(at));
            let digit = zero.map(|zero| code - zero).filter(|digit| *digit < 10);
            digit.and_then(|digit| char::from_digit(digit, 10)).map_or(Folded::Same, Folded::Ascii)
        }
    }
}

/// A text whose disguises were taken off.
#[derive(Debug, Default)]
struct Plain {
    text: String,
    changes: Vec<Change>,
}

/// What was put in place of what.
#[derive(Clone, Copy, Debug)]
struct Change {
    plain: (u32, u32),
    written: (u32, u32),
}

/// A place in a text; none is longer than [`super::TEXT_MAX`].
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Plain {
    fn of(text: &str) -> Plain {
        let mut plain = Plain { text: String::with_capacity(text.len()), changes: Vec::new() };
        let mut rest = text;
        looked(text.len());
        while let Some(c) = rest.chars().next() {
            let at = text.len() - rest.len();
            let taken = match c {
                '%' | '&' | '\\' => plain.escape(rest, at),
                _ if c.is_ascii() => {
                    let run =
                        rest.bytes().take_while(|byte| byte.is_ascii() && !matches!(byte, b'%' | b'&' | b'\\')).count();
                    plain.text.push_str(rest.get(..run).unwrap_or_default());
                    run
                }
                _ => plain.character(c, at, c.len_utf8()),
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        plain
    }

    /// Adds what is written as so many bytes.
    fn character(&mut self, c: char, at: usize, written: usize) -> usize {
        let before = self.text.len();
        let folded = fold(c);
        match folded {
            Folded::Same => self.text.push(c),
            Folded::Ascii(c) => self.text.push(c),
            Folded::Nothing => {}
        }
        if folded != Folded::Same || written != c.len_utf8() {
            let plain = (place(before), place(self.text.len()));
            self.changes.push(Change { plain, written: (place(at), place(at + written)) });
        }
        written
    }

    fn escape(&mut self, rest: &str, at: usize) -> usize {
        if rest.starts_with('%') {
            let mut bytes = Vec::new();
            percents(rest.as_bytes(), &mut bytes);
            looked(bytes.len());
            let mut place = at;
            for chunk in bytes.utf8_chunks() {
                for c in chunk.valid().chars() {
                    place += self.character(c, place, c.len_utf8() * 3);
                }
                if !chunk.invalid().is_empty() {
                    place += self.character(char::REPLACEMENT_CHARACTER, place, chunk.invalid().len() * 3);
                }
            }
            if !bytes.is_empty() {
                return bytes.len() * 3;
            }
        } else if let Some((c, written)) = escaped(rest.as_bytes()) {
            return self.character(c, at, written);
        }
        self.text.push_str(rest.get(..1).unwrap_or_default());
        1
    }

    /// The bytes of the text as it was written that a hit's bytes stand for.
    fn written(&self, start: usize, end: usize) -> (usize, usize) {
        let change = |at: usize| self.changes.partition_point(|change| change.plain.0 as usize <= at).checked_sub(1);
        let wide = |(start, end): (u32, u32)| (start as usize, end as usize);
        let change = |at: usize| {
            let change = self.changes.get(change(at)?)?;
            Some((wide(change.plain), wide(change.written)))
        };
        let first = match change(start) {
            None => start,
            Some((plain, written)) if start < plain.1 => written.0,
            Some((plain, written)) => written.1 + (start - plain.1),
        };
        let last = match change(end.saturating_sub(1)) {
            None => end,
            Some((plain, written)) if end <= plain.1 => written.1,
            Some((plain, written)) => written.1 + (end - plain.1),
        };
        (first, last)
    }
}

/// Reads `%40%41…`.
fn percents(mut rest: &[u8], bytes: &mut Vec<u8>) {
    while let [b'%', high, low, after @ ..] = rest {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return };
        bytes.push(high << 4 | low);
        rest = after;
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The character that an entity (`&#64;`, `&#x40;`, `&commat;`) or an escape (`\u0040`, `\x40`, `\n`) stands for, and how long it is.
fn escaped(rest: &[u8]) -> Option<(char, usize)> {
    let number = |digits: &[u8], radix: u32| {
        let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
        u32::from_str_radix(text, radix).ok().and_then(char::from_u32)
    };
    match rest {
        // Their letter would seem to belong to what follows, as in `\n+49…`.
        [b'\\', b'n' | b'r' | b't', ..] => Some(('\n', 2)),
        [b'\\', b'u', rest @ ..] => Some((number(rest.get(..4)?, 16)?, 6)),
        [b'\\', b'x', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 4)),
        [b'&', b'#', rest @ ..] => {
            let (mark, radix) = if matches!(rest, [b'x' | b'X', ..]) { (1, 16) } else { (0, 10) };
            let digits = rest.get(mark..)?;
            let length = digits.iter().take(ENTITY_MAX).take_while(|byte| char::from(**byte).is_digit(radix)).count();
            let c = number(digits.get(..length)?, radix)?;
            // Browsers read them without the semicolon too.
            let closed = usize::from(digits.get(length) == Some(&b';'));
            Some((c, 2 + mark + length + closed))
        }
        [b'&', rest @ ..] => {
            let length = rest.iter().take(ENTITY_MAX).position(|byte| *byte == b';')?;
            let c = match rest.get(..length)? {
                b"commat" => '@',
                b"period" => '.',
                b"plus" => '+',
                b"colon" => ':',
                b"lowbar" | b"UnderBar" => '_',
                b"hyphen" | b"dash" | b"ndash" | b"minus" => '-',
                b"nbsp" | b"ensp" | b"emsp" | b"thinsp" => ' ',
                b"zwnj" | b"zwj" | b"shy" => '\u{ad}',
                b"sol" => '/',
                b"num" => '#',
                b"percnt" => '%',
                b"equals" => '=',
                b"amp" => '&',
                _ => return None,
            };
            Some((c, length + 2))
        }
        _ => None,
    }
}

impl Finder<'_> {
    /// Whether something stands here that is to be decoded.
    pub(super) fn is_disguise(&self, at: usize) -> bool {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match rest {
            [b'%', high, low, ..] => digit(*high).is_some() && digit(*low).is_some(),
            [b'%' | b'&' | b'\\', ..] => escaped(rest).is_some(),
            // The first byte of a character; the others begin none.
            _ => self.text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(|c| fold(c) != Folded::Same),
        }
    }

    /// Looks at the text with its disguises taken off.
    pub(super) fn folded(&mut self) {
        let plain = Plain::of(self.text);
        let mut found = Vec::new();
        find(&plain.text, self.wanted, &mut found, false);
        self.hits.extend(found.into_iter().map(|hit| {
            let (start, end) = plain.written(hit.start, hit.end);
            Hit { start, end, ..hit }
        }));
    }

    /// Looks at a word of sixteen characters or more: it may be text in hexadecimal or base64.
    pub(super) fn word(&mut self, start: usize) {
        let end = self.run_end(start, usize::MAX, |byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
        self.past.words = end;
        let word = self.bytes.get(start..end).unwrap_or_default();
        if word.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') && word.len() < 2 * HEX_MIN {
            return;
        }
        let mut at = start;
        for part in word.split(|byte| !byte.is_ascii_hexdigit()) {
            if part.len() >= HEX_MIN {
                let mut sample = [0; SAMPLE];
                let length = sample.iter_mut().zip(hex(part)).map(|(to, from)| *to = from).count();
                let sample = sample.get(..length).unwrap_or_default();
                self.decoded(at, at + part.len(), sample, || hex(part).collect());
            }
            at += part.len() + 1;
        }
        if word.len() < BASE64_MIN || self.base64(start, word) {
            return;
        }
        let mut at = start;
        for part in word.split(|byte| matches!(byte, b'/' | b'-' | b'_')) {
            if part.len() >= BASE64_MIN && part.len() < word.len() {
                self.base64(at, part);
            }
            at += part.len() + 1;
        }
    }

    fn base64(&mut self, at: usize, word: &[u8]) -> bool {
        let url = word.iter().any(|byte| matches!(byte, b'-' | b'_'));
        let engine = if url { &LENIENT_URL } else { &LENIENT_STANDARD };
        // One character alone is no byte: it was cut off, or is none of it.
        let whole = if word.len() % 4 == 1 { word.len() - 1 } else { word.len() };
        let part = |length: usize| word.get(..length).unwrap_or_default();
        let mut sample = [0; SAMPLE];
        let length = engine.decode_slice(part(BASE64_MIN), &mut sample).unwrap_or(0);
        let sample = sample.get(..length).unwrap_or_default();
        self.decoded(at, at + word.len(), sample, || engine.decode(part(whole)).unwrap_or_default())
    }

    /// Looks at what some characters of the text were decoded to. A hit covers all of them. Tells whether it was text.
    fn decoded(&mut self, start: usize, end: usize, sample: &[u8], all: impl FnOnce() -> Vec<u8>) -> bool {
        if packed::is_packed(sample) {
            self.packed = self.packed.or(Some(start));
            return true;
        }
        let printable = sample.iter().filter(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')).count();
        let ascii = printable * SAMPLE >= SAMPLE_TEXT * sample.len();
        // Other scripts than ours: the sample may end within a character.
        let text = || std::str::from_utf8(sample).map_or_else(|e| e.error_len().is_none(), |_| true);
        if sample.is_empty() || !(ascii || text()) {
            return false;
        }
        let all = all();
        let mut found = Vec::new();
        find(&String::from_utf8_lossy(&all), self.wanted, &mut found, false);
        for hit in &mut found {
            (hit.start, hit.end) = (start, end);
        }
        found.dedup();
        self.hits.append(&mut found);
        !all.is_empty()
    }
}

/// The bytes that hexadecimal digits stand for; a digit that is left over counts for nothing.
fn hex(digits: &[u8]) -> impl Iterator<Item = u8> {
    let (pairs, _) = digits.as_chunks::<2>();
    pairs.iter().filter_map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
}
