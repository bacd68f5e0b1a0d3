//! What strings and numbers hold: what detectors find in them, JSON in strings, and base64 of either.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::cursor::Cursor;
use super::{DEPTH_MAX, STRICTER, Walker};
use crate::detect::{self, DIGITS, Hit};
use crate::fields::Node;
use crate::found::Found;
use crate::packed::is_packed;
use crate::plan::{ClassId, Rewritten, Scope, Unmaskable};
use crate::text::{Without, rewrite_part, without};
use crate::transform::{Fate, REDACTED};

/// Strings in strings that are read as JSON or base64; those further in are redacted where they would be either. Each level costs
/// at most another pass over the string, so that the work stays a small multiple of the text.
const LEVELS_MAX: usize = 3;
/// The shortest text that is tried as base64: 18 bytes decoded. Shorter ones hold few things worth finding, and are often words.
const BASE64_MIN: usize = 24;

/// Looks into what is not masked as a whole.
pub(super) struct Inside<'w, 'a> {
    pub(super) scope: &'w Scope<'a>,
    pub(super) found: &'w mut Found,
    /// Strings that this text is in.
    pub(super) level: usize,
    pub(super) drop_record: bool,
    hits: Vec<Hit>,
}

/// What JSON and detectors leave of a text of another format, where names count at any depth.
pub(crate) fn in_text(scope: &Scope<'_>, text: &str, clear: &[ClassId], found: &mut Found) -> Without {
    let mut inside = Inside::new(scope, found, 0);
    match inside.text(text, None, clear) {
        _ if inside.drop_record => Without::DropRecord,
        // What was JSON or base64 may be the same as another's now.
        Some(text) => Without::Changed { text, tokens: false },
        None => Without::Same,
    }
}

/// The same of bytes, which may be such a text. Those that begin as JSON and are no text may still be read as JSON by who is lenient.
pub(crate) fn in_bytes(
    scope: &Scope<'_>,
    clear: &[ClassId],
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    if !scope.mask.fields.reaches(None) {
        return rewrite_part(scope, clear, input, out, found);
    }
    if is_packed(input) && scope.classes.iter().any(|class| class.mask.is_some()) {
        return Err(Unmaskable { why: "compressed data", at: 0 });
    }
    let text = std::str::from_utf8(input).ok().filter(|text| !text.contains('\0') && !is_packed(input));
    match text.map(|text| in_text(scope, text, clear, found)) {
        None if begins_like_json(input) => Err(Unmaskable { why: "it begins as JSON and is no text", at: 0 }),
        None => rewrite_part(scope, clear, input, out, found),
        Some(Without::Same) => Ok(Rewritten::Same),
        Some(Without::DropRecord) => Ok(Rewritten::DropRecord),
        Some(Without::Changed { text, .. }) => {
            out.extend_from_slice(text.as_bytes());
            Ok(Rewritten::Changed)
        }
    }
}

/// A byte order mark before it makes it no JSON, but others read it as such.
pub(crate) fn begins_like_json(input: &[u8]) -> bool {
    let input = input.trim_ascii_start();
    let input = input.strip_prefix("\u{feff}".as_bytes()).unwrap_or(input);
    matches!(input.trim_ascii_start().first(), Some(b'{' | b'['))
}

enum Nested {
    No,
    Same,
    Changed(String),
}

impl<'w, 'a> Inside<'w, 'a> {
    pub(super) fn new(scope: &'w Scope<'a>, found: &'w mut Found, level: usize) -> Self {
        Inside { scope, found, level, drop_record: false, hits: Vec::new() }
    }

    /// What a text has to become, if it may not stay. `node` is where its fields are looked up if it is JSON; `clear` the class that
    /// it was counted as already.
    pub(super) fn text(&mut self, text: &str, node: Option<Node>, clear: &[ClassId]) -> Option<String> {
        if is_short_word(text) {
            return self.detected(text, clear);
        }
        let body = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if body.starts_with(['{', '[', '"']) {
            match self.json(body, node) {
                Nested::Same => return None,
                Nested::Changed(new) => return Some(text.replacen(body, &new, 1)),
                Nested::No => {}
            }
        }
        if let Some(decoded) = base64(body)
            && let Some(new) = self.encoded(body, &decoded, node)
        {
            return Some(new);
        }
        self.detected(text, clear)
    }

    fn json(&mut self, body: &str, node: Option<Node>) -> Nested {
        let redacted = || Nested::Changed(format!("\"{REDACTED}\""));
        if self.level >= LEVELS_MAX {
            return match check(body) {
                Err(error) if !STRICTER.contains(&error.why) => Nested::No,
                _ => redacted(),
            };
        }
        let (mut out, mut found) = (Vec::new(), Found::default());
        let inside = Inside::new(self.scope, &mut found, self.level + 1);
        let rewritten = match Walker::new(body, node, inside, &mut out).run() {
            Ok(rewritten) => rewritten,
            Err(error) if STRICTER.contains(&error.why) => return redacted(),
            Err(_) => return Nested::No,
        };
        self.found.add(&found);
        match rewritten {
            Rewritten::Same => Nested::Same,
            Rewritten::Changed => String::from_utf8(out).map_or_else(|_| redacted(), Nested::Changed),
            Rewritten::DropRecord => {
                self.drop_record = true;
                Nested::Same
            }
        }
    }

    /// Looks at what a text in base64 says; something masked in it makes the whole text masked.
    fn encoded(&mut self, text: &str, decoded: &str, node: Option<Node>) -> Option<String> {
        if self.level >= LEVELS_MAX {
            return Some(REDACTED.to_owned());
        }
        let mut found = Found::default();
        let mut inside = Inside::new(self.scope, &mut found, self.level + 1);
        let changed = inside.text(decoded, node, &[]).is_some();
        self.drop_record |= inside.drop_record;
        if !changed {
            // What is clear in it is counted by the detectors, which read base64 too.
            return None;
        }
        self.found.add(&found);
        let masked =
            found.classes().find(|(_, masked, _)| *masked > 0).and_then(|(class, ..)| self.scope.transform(class));
        let fate = masked.map(|transform| transform.text(text, self.scope.subject));
        Some(match fate {
            Some(Fate::Value(new)) => new,
            _ => REDACTED.to_owned(),
        })
    }

    /// What detectors leave of a text, if they find something masked.
    pub(super) fn detected(&mut self, text: &str, clear: &[ClassId]) -> Option<String> {
        detect::search_in_field(self.scope, text, &mut self.hits);
        match without(self.scope, text, &self.hits, clear, self.found) {
            Without::Same => None,
            Without::Changed { text, .. } => Some(text),
            Without::DropRecord => {
                self.drop_record = true;
                None
            }
        }
    }

    /// The masked class of what detectors find in a number, if there is one.
    pub(super) fn number(&mut self, number: &str, clear: &[ClassId]) -> Option<ClassId> {
        let digits = whole_digits(number)?;
        detect::number(self.scope, clear, &digits, &mut self.hits, self.found)
    }
}

/// Whether a text is seen at once to be neither JSON nor base64; most are.
#[inline]
pub(super) fn is_short_word(text: &str) -> bool {
    text.len() < BASE64_MIN && text.bytes().next().is_none_or(|first| first.is_ascii_alphanumeric())
}

/// Reads a JSON text to its end.
fn check(text: &str) -> Result<(), Unmaskable> {
    let mut cursor = Cursor::new(text);
    cursor.blank();
    cursor.value(DEPTH_MAX)?;
    cursor.end()
}

/// What a text says that is base64 of a text: either alphabet, padded or not.
fn base64(text: &str) -> Option<String> {
    if text.len() < BASE64_MIN {
        return None;
    }
    // Broken into lines, as in letters.
    let text: Cow<'_, str> = match text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        true => text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().into(),
        false => text.into(),
    };
    let (mut standard, mut url) = (false, false);
    for byte in text.trim_end_matches('=').bytes() {
        match byte {
            b'+' | b'/' => standard = true,
            b'-' | b'_' => url = true,
            _ if byte.is_ascii_alphanumeric() => {}
            _ => return None,
        }
    }
    if standard && url {
        return None;
    }
    let alphabet: &Alphabet = if url { &URL_SAFE } else { &STANDARD };
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let decoded = GeneralPurpose::new(alphabet, lenient).decode(&*text).ok()?;
    String::from_utf8(decoded).ok()
}

/// The digits before the point of a number written out in full, if they are as many as detectors look for.
fn whole_digits(number: &str) -> Option<Cow<'_, str>> {
    let literal = number.trim_start_matches('-');
    if literal.bytes().all(|byte| byte.is_ascii_digit()) {
        return DIGITS.contains(&literal.len()).then_some(Cow::Borrowed(literal));
    }
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let length = before.len().checked_add_signed(exponent.parse().ok()?)?;
    // Nor are they if even the zeros to be added are too many; an exponent may ask for billions.
    if length > mantissa.len() + DIGITS.end() {
        return None;
    }
    let zeros = std::iter::repeat('0');
    let all = before.chars().chain(after.chars()).chain(zeros).take(length);
    let digits: String = all.skip_while(|digit| *digit == '0').take(DIGITS.end() + 1).collect();
    DIGITS.contains(&digits.len()).then_some(Cow::Owned(digits))
}
