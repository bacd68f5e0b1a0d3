//! Values without parts, and keys of maps: masked by their class, or looked through for what the detectors know.

use super::Op;
use super::schema::{Leaf, Number};
use super::walk::{Value, Walk};
use crate::detect::{digits, number, search_in_field};
use crate::framed::put_long;
use crate::json::{in_bytes, in_text};
use crate::plan::{ClassId, Rewritten, Unmaskable};
use crate::text::{Without, without};
use crate::transform::{Fate, REDACTED, Transform, short};

/// The UUID that says nothing (RFC 9562, section 5.9).
const NIL_UUID: &str = "00000000-0000-0000-0000-000000000000";
/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Walk<'_> {
    pub(super) fn leaf(&mut self, op: &Op, leaf: Leaf) -> Result<(), Unmaskable> {
        let start = self.at;
        let value = self.read(leaf)?;
        if matches!(value, Value::Null) {
            return Ok(());
        }
        if let Some((class, transform)) = self.masked(&op.classes) {
            self.found.count(class, true);
            self.mask(leaf, value, transform, start);
            return Ok(());
        }
        for class in &op.classes {
            self.found.count(*class, false);
        }
        self.search(&op.classes, leaf, value, start)?;
        Ok(())
    }

    /// What stands for a value: what the transform makes of it, or what says nothing.
    fn settle<T>(&mut self, fate: Fate<T>, neutral: T) -> T {
        match fate {
            Fate::Value(value) => value,
            Fate::Null | Fate::DropField => neutral,
            Fate::DropRecord => {
                self.dropped = true;
                neutral
            }
        }
    }

    fn mask(&mut self, leaf: Leaf, value: Value<'_>, transform: &Transform, start: usize) {
        let subject = self.scope.subject;
        match (leaf, value) {
            (Leaf::String { uuid }, Value::Text(text)) => {
                let text = self.settle(transform.text(text, subject), REDACTED.to_owned());
                let text = if uuid { as_uuid(&text, transform) } else { text };
                self.replace(start, |out| put_bytes(out, text.as_bytes()));
            }
            (Leaf::Int(number) | Leaf::Long(number), Value::Number(value)) => {
                self.mask_number(number, value, transform, start);
            }
            (_, Value::Truth) => {
                let truth = self.settle(transform.truth(), false);
                self.replace(start, |out| out.push(u8::from(truth)));
            }
            (_, Value::Float(value)) => {
                let double = self.settle(transform.float(f64::from(value)), 0.0);
                let float = short(double);
                self.replace(start, |out| out.extend_from_slice(&float.to_le_bytes()));
            }
            (_, Value::Double(value)) => {
                let double = self.settle(transform.float(value), 0.0);
                self.replace(start, |out| out.extend_from_slice(&double.to_le_bytes()));
            }
            (Leaf::Bytes { neutral }, Value::Bytes(bytes)) => self.mask_bytes(neutral, bytes, transform, start),
            (Leaf::Enum { neutral, .. }, _) => {
                self.settle(transform.whole(), ());
                self.replace(start, |out| put_length(out, neutral));
            }
            (_, Value::Fixed(bytes)) => {
                self.settle(transform.whole(), ());
                self.replace(start, |out| out.resize(out.len() + bytes.len(), 0));
            }
            _ => {}
        }
    }

    fn mask_number(&mut self, number: Number, value: i64, transform: &Transform, start: usize) {
        let range = (number.least, number.most);
        let fate = transform.integer_in(number.unit, value, range, self.scope.subject);
        let value = self.settle(fate, 0);
        self.replace(start, |out| put_long(out, value));
    }

    /// Bytes that are a text are masked as one; of others, and of numbers, nothing stays.
    fn mask_bytes(&mut self, neutral: &[u8], bytes: &[u8], transform: &Transform, start: usize) {
        let text = std::str::from_utf8(bytes).ok();
        let text = text.filter(|_| neutral.is_empty() && !matches!(transform, Transform::Redact));
        let masked = match text {
            Some(text) => self.settle(transform.text(text, self.scope.subject), String::new()).into_bytes(),
            None => {
                self.settle(transform.whole(), ());
                neutral.to_vec()
            }
        };
        self.replace(start, |out| put_bytes(out, &masked));
    }

    /// Looks through a value that no class masks.
    fn search(&mut self, clear: &[ClassId], leaf: Leaf, value: Value<'_>, start: usize) -> Result<(), Unmaskable> {
        match (leaf, value) {
            (Leaf::String { uuid }, Value::Text(text)) => {
                if let Some(text) = self.searched_text(clear, text) {
                    let text = if uuid { NIL_UUID.to_owned() } else { text };
                    self.replace(start, |out| put_bytes(out, text.as_bytes()));
                }
            }
            (Leaf::Bytes { neutral: [] }, Value::Bytes(bytes)) => {
                if let Some(new) = self.searched_bytes(clear, bytes)? {
                    self.replace(start, |out| put_bytes(out, &new));
                }
            }
            (_, Value::Fixed(bytes)) if self.searched_bytes(clear, bytes)?.is_some() => {
                self.replace(start, |out| out.resize(out.len() + bytes.len(), 0));
            }
            (Leaf::Long(_), Value::Number(value)) => {
                self.searched_number(clear, leaf, Some(value.unsigned_abs().to_string()), start);
            }
            (_, Value::Double(value)) => self.searched_number(clear, leaf, digits(value), start),
            _ => {}
        }
        Ok(())
    }

    /// Masks a number whose digits are something masked.
    fn searched_number(&mut self, clear: &[ClassId], leaf: Leaf, digits: Option<String>, start: usize) {
        let Some(digits) = digits else { return };
        let class = number(self.scope, clear, &digits, &mut self.hits, self.found);
        let Some(transform) = class.and_then(|class| self.scope.transform(class)) else { return };
        match leaf {
            Leaf::Long(long) => self.mask_number(long, digits.parse().unwrap_or(0), transform, start),
            _ => self.mask(leaf, Value::Double(digits.parse().unwrap_or(0.0)), transform, start),
        }
    }

    /// A text without what is to be masked in it, if anything is; and whether only tokens took its place.
    fn searched(&mut self, clear: &[ClassId], text: &str) -> Option<(String, bool)> {
        search_in_field(self.scope, text, &mut self.hits);
        match without(self.scope, text, &self.hits, clear, self.found) {
            Without::Same => None,
            Without::Changed { text, tokens } => Some((text, tokens)),
            Without::DropRecord => {
                self.dropped = true;
                None
            }
        }
    }

    /// A text without what is to be masked in it, or in the JSON that it is, if anything is.
    fn searched_text(&mut self, clear: &[ClassId], text: &str) -> Option<String> {
        match in_text(self.scope, text, clear, self.found) {
            Without::Same => None,
            Without::Changed { text, .. } => Some(text),
            Without::DropRecord => {
                self.dropped = true;
                None
            }
        }
    }

    /// Bytes without what is to be masked in them, if anything is.
    fn searched_bytes(&mut self, clear: &[ClassId], bytes: &[u8]) -> Result<Option<Vec<u8>>, Unmaskable> {
        let mut new = Vec::new();
        let place = |refused: Unmaskable| Unmaskable { at: self.at, ..refused };
        Ok(match in_bytes(self.scope, clear, bytes, &mut new, self.found).map_err(place)? {
            Rewritten::Same => None,
            Rewritten::Changed => Some(new),
            Rewritten::DropRecord => {
                self.dropped = true;
                None
            }
        })
    }

    /// Masks the key of a map. Keys that differ still do so afterwards: `masked` counts those that have none of their own left.
    pub(super) fn key(&mut self, classes: &[ClassId], key: &str, start: usize, masked: &mut u64) {
        let new = match self.masked(classes) {
            Some((class, transform)) => {
                self.found.count(class, true);
                let text = self.settle(transform.text(key, self.scope.subject), REDACTED.to_owned());
                Some((text, transform.is_token()))
            }
            None => {
                for class in classes {
                    self.found.count(*class, false);
                }
                if self.scope.mask.content.is_empty() { None } else { self.searched(classes, key) }
            }
        };
        let Some((text, distinct)) = new else { return };
        let text = if distinct {
            text
        } else {
            *masked += 1;
            format!("{REDACTED}{masked}")
        };
        self.replace(start, |out| put_bytes(out, text.as_bytes()));
    }
}

/// A masked text where only a UUID may stand. Tokens become UUIDs of their own digits, so that joins survive.
fn as_uuid(text: &str, transform: &Transform) -> String {
    let is_uuid = |text: &str| {
        let mut bytes = text.bytes().enumerate();
        text.len() == NIL_UUID.len()
            && bytes.all(|(at, b)| if HYPHENS.contains(&at) { b == b'-' } else { b.is_ascii_hexdigit() })
    };
    if is_uuid(text) {
        return text.to_owned();
    }
    let mut digits = text.rsplit('_').next().unwrap_or_default().chars();
    let mut uuid = String::with_capacity(NIL_UUID.len());
    for at in 0..NIL_UUID.len() {
        uuid.push(match at {
            _ if HYPHENS.contains(&at) => '-',
            // Version and variant of UUIDs that are made in a way of one's own (RFC 9562, section 5.8).
            14 | 19 => '8',
            _ => digits.next().unwrap_or('0'),
        });
    }
    if matches!(transform, Transform::Token { .. }) && is_uuid(&uuid) { uuid } else { NIL_UUID.to_owned() }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put_long(out, i64::try_from(length).unwrap_or(i64::MAX));
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}
