//! The walk over one payload.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use super::wire::{self, Form, Wire};
use super::{DEPTH_MAX, Field, Kind, Map, ProtobufPlan, Shape};
use crate::detect::{self, Hit};
use crate::found::Found;
use crate::json::{in_bytes, in_text};
use crate::plan::{ClassId, Rewritten, Scope, Unknown, Unmaskable};
use crate::text::Without;
use crate::transform::{Fate, REDACTED, Transform};

/// A message that is being walked.
struct Level<'l> {
    above: Option<&'l Level<'l>>,
    depth: usize,
    /// Where its length stands; empty for the payload itself.
    length: Range<usize>,
    body: Range<usize>,
    /// Where its body begins in what is written; not at all while nothing in it has changed.
    written: Cell<Option<usize>>,
}

struct Walk<'a> {
    plan: &'a ProtobufPlan,
    scope: Scope<'a>,
    input: &'a [u8],
    out: &'a mut Vec<u8>,
    found: &'a mut Found,
    /// What of the input is written, or left out.
    copied: usize,
    drop_record: bool,
    hits: Vec<Hit>,
}

pub(super) fn rewrite(
    plan: &ProtobufPlan,
    scope: Scope<'_>,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    let begin = out.len();
    let level = Level { above: None, depth: 0, length: 0..0, body: 0..input.len(), written: Cell::new(None) };
    let mut walk = Walk { plan, scope, input, out, found, copied: 0, drop_record: false, hits: Vec::new() };
    let walked = plan.shape(0).map_or(Ok(()), |shape| walk.message(shape, &level));
    if walked.is_ok() && !walk.drop_record {
        if level.written.get().is_none() {
            return Ok(Rewritten::Same);
        }
        walk.copy(input.len());
        return Ok(Rewritten::Changed);
    }
    out.truncate(begin);
    walked.map(|()| Rewritten::DropRecord)
}

impl<'a> Walk<'a> {
    fn message(&mut self, shape: &Shape, level: &Level<'_>) -> Result<(), Unmaskable> {
        let input = self.input;
        let body = input.get(..level.body.end).unwrap_or_default();
        let held = match &shape.any {
            Some(known) => type_name(body, level.body.start)?.and_then(|name| known.get(name).copied()),
            None => None,
        };
        let mut at = level.body.start;
        let mut met = Vec::new();
        while at < body.len() {
            let wire = wire::field(body, at)?;
            at = wire.end;
            if let Some(field) = shape.field(wire.number).filter(|_| self.plan.has_any) {
                once(field, wire.start, &mut met)?;
            }
            match shape.field(wire.number) {
                Some(field) if shape.any.is_some() && wire.number == 2 => self.any(field, held, &wire, level)?,
                Some(field) => self.field(field, &wire, level)?,
                None if self.scope.mask.unknown == Unknown::Mask || shape.gone.binary_search(&wire.number).is_ok() => {
                    self.cut(level, &wire);
                }
                None => self.look_into(Kind::Bytes, &[], &wire, level)?,
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, wire: &Wire, level: &Level<'_>) -> Result<(), Unmaskable> {
        let form = field.kind.form();
        match (form, wire.form) {
            (Form::Bytes, Form::Bytes) => self.bytes(field, wire, level),
            (_, Form::Bytes) if field.repeated => self.packed(field, form, wire, level),
            (declared, written) if declared == written => {
                self.number(field, wire, level);
                Ok(())
            }
            _ => Err(Unmaskable { why: "a field has another wire type than the schema says", at: wire.start }),
        }
    }

    fn number(&mut self, field: &Field, wire: &Wire, level: &Level<'_>) {
        let transform = self.seen(field).or_else(|| self.found_in_number(field, wire.bits));
        let Some(transform) = transform else { return };
        let form = field.kind.form();
        match field.kind.number(wire.bits, transform, self.scope.subject) {
            Fate::Value(changed) => {
                self.cut(level, wire);
                wire::write_number(field.number, form, changed, self.out);
            }
            Fate::Null | Fate::DropField if field.required => {
                self.cut(level, wire);
                wire::write_number(field.number, form, field.kind.neutral(), self.out);
            }
            Fate::Null | Fate::DropField => self.cut(level, wire),
            Fate::DropRecord => self.drop_record = true,
        }
    }

    /// How a number that no class masks is changed, if its digits are something masked.
    fn found_in_number(&mut self, field: &Field, bits: u64) -> Option<&'a Transform> {
        if self.scope.mask.content.is_empty() {
            return None;
        }
        let digits = field.kind.digits(bits)?;
        let class = detect::number(&self.scope, &field.classes, &digits, &mut self.hits, self.found)?;
        self.scope.transform(class)
    }

    fn packed(&mut self, field: &Field, form: Form, wire: &Wire, level: &Level<'_>) -> Result<(), Unmaskable> {
        let input = self.input.get(..wire.end).unwrap_or_default();
        let (mut changed, mut masked) = (Vec::new(), false);
        let mut at = wire.body;
        while at < input.len() {
            let (bits, next) = wire::number(input, at, form)?;
            at = next;
            let transform = self.seen(field).or_else(|| self.found_in_number(field, bits));
            masked |= transform.is_some();
            match transform.map_or(Fate::Value(bits), |one| field.kind.number(bits, one, self.scope.subject)) {
                Fate::Value(bits) => wire::write_bits(form, bits, &mut changed),
                Fate::DropRecord => self.drop_record = true,
                Fate::Null | Fate::DropField => {}
            }
        }
        if masked {
            self.cut(level, wire);
            if !changed.is_empty() {
                wire::write_bytes(field.number, &changed, self.out);
            }
        }
        Ok(())
    }

    fn bytes(&mut self, field: &Field, wire: &Wire, level: &Level<'_>) -> Result<(), Unmaskable> {
        let plan = self.plan;
        match field.kind {
            Kind::Message(shape) => {
                let Some(shape) = plan.shape(shape) else { return Ok(()) };
                self.within(field, shape, wire, level)
            }
            Kind::Map(map) => {
                let Some(map) = plan.map(map) else { return Ok(()) };
                self.entry(field, map, wire, level)
            }
            kind => {
                let Some(transform) = self.seen(field) else {
                    return self.look_into(kind, &field.classes, wire, level);
                };
                match self.text(kind, wire.bytes(), transform)? {
                    Fate::Value(changed) => {
                        self.cut(level, wire);
                        wire::write_bytes(field.number, changed.as_bytes(), self.out);
                    }
                    Fate::Null | Fate::DropField if field.required => {
                        self.cut(level, wire);
                        let neutral = if kind == Kind::String { REDACTED } else { "" };
                        wire::write_bytes(field.number, neutral.as_bytes(), self.out);
                    }
                    Fate::Null | Fate::DropField => self.cut(level, wire),
                    Fate::DropRecord => self.drop_record = true,
                }
                Ok(())
            }
        }
    }

    fn text(&self, kind: Kind, bytes: Range<usize>, transform: &Transform) -> Result<Fate<String>, Unmaskable> {
        let at = bytes.start;
        let text = self.input.get(bytes).map(str::from_utf8);
        Ok(match text {
            Some(Ok(text)) if kind == Kind::String || !matches!(transform, Transform::Redact) => {
                transform.text(text, self.scope.subject)
            }
            _ if kind == Kind::String => return Err(not_text(at)),
            // Bytes that are no text mean nothing to a transform.
            _ => match transform.whole() {
                Fate::Value(()) => Fate::Value(String::new()),
                Fate::Null => Fate::Null,
                Fate::DropField => Fate::DropField,
                Fate::DropRecord => Fate::DropRecord,
            },
        })
    }

    /// A message in a message.
    fn within(&mut self, field: &Field, shape: &Shape, wire: &Wire, level: &Level<'_>) -> Result<(), Unmaskable> {
        let fate = self.masked(field).map(Transform::whole);
        match fate {
            // Its value is what is masked, and counted.
            Some(Fate::Value(())) if field.wrapper => return self.walk_within(shape, wire, level),
            None if field.wrapper => return self.walk_within(shape, wire, level),
            _ => {}
        }
        self.seen(field);
        match fate {
            None => return self.walk_within(shape, wire, level),
            Some(Fate::Null | Fate::DropField) if !field.required => self.cut(level, wire),
            Some(Fate::DropRecord) => self.drop_record = true,
            Some(_) => {
                self.cut(level, wire);
                wire::write_bytes(field.number, &shape.blank, self.out);
            }
        }
        Ok(())
    }

    fn walk_within(&mut self, shape: &Shape, wire: &Wire, above: &Level<'_>) -> Result<(), Unmaskable> {
        let level = below(wire, above)?;
        self.message(shape, &level)?;
        self.close(&level);
        Ok(())
    }

    /// What an `Any` holds: a message of a known type, or bytes of which nothing is known.
    fn any(&mut self, field: &Field, held: Option<u32>, wire: &Wire, level: &Level<'_>) -> Result<(), Unmaskable> {
        if self.masked(field).is_some() || wire.form != Form::Bytes {
            return self.field(field, wire, level);
        }
        self.seen(field);
        let plan = self.plan;
        match held.and_then(|held| plan.shape(held)) {
            Some(shape) => self.walk_within(shape, wire, level)?,
            None if self.scope.classes.iter().any(|class| class.mask.is_some()) => self.cut(level, wire),
            None => self.look_into(Kind::Bytes, &[], wire, level)?,
        }
        Ok(())
    }

    fn entry(&mut self, field: &Field, map: &Map, wire: &Wire, above: &Level<'_>) -> Result<(), Unmaskable> {
        if let Some(transform) = self.seen(field) {
            self.drop_record |= transform.whole() == Fate::DropRecord;
            self.cut(above, wire);
            return Ok(());
        }
        let level = below(wire, above)?;
        let body = self.input.get(..level.body.end).unwrap_or_default();
        let value = if map.named.is_empty() { &map.other } else { self.named(map, body, &level)? };
        // Where key or value goes, all of the entry goes.
        for part in [&map.key, value] {
            if let Some(Transform::DropField) = self.masked(part) {
                self.seen(part);
                self.cut(above, wire);
                return Ok(());
            }
        }
        let mut at = level.body.start;
        let mut met = Vec::new();
        while at < body.len() {
            let part = wire::field(body, at)?;
            at = part.end;
            if part.number == 2 && self.plan.has_any {
                once(value, part.start, &mut met)?;
            }
            match part.number {
                1 => self.field(&map.key, &part, &level)?,
                2 => self.field(value, &part, &level)?,
                _ if self.scope.mask.unknown == Unknown::Mask => self.cut(&level, &part),
                _ => self.look_into(Kind::Bytes, &[], &part, &level)?,
            }
        }
        self.close(&level);
        Ok(())
    }

    /// What the value of an entry is, by its key. The key may stand behind it, or be left out where it is empty.
    fn named<'m>(&self, map: &'m Map, body: &'a [u8], level: &Level<'_>) -> Result<&'m Field, Unmaskable> {
        let mut key = None;
        let mut at = level.body.start;
        while at < body.len() {
            let wire = wire::field(body, at)?;
            at = wire.end;
            if wire.number != 1 {
                continue;
            }
            let text = if wire.form == Form::Bytes {
                let text = body.get(wire.bytes()).map(str::from_utf8);
                Cow::Borrowed(text.and_then(Result::ok).ok_or(not_text(wire.body))?)
            } else {
                Cow::Owned(map.key.kind.key(wire.bits))
            };
            if key.replace(text).is_some() {
                return Err(Unmaskable { why: "an entry of a map has two keys", at: wire.start });
            }
        }
        let absent = || Cow::Owned(map.key.kind.key(0));
        let key = key.unwrap_or_else(absent);
        Ok(map.named.get(&*crate::fields::fold(&key)).unwrap_or(&map.other))
    }

    /// Looks for what can be told by what it looks like, in what was counted as `clear`. A string has to stay one.
    fn look_into(&mut self, kind: Kind, clear: &[ClassId], wire: &Wire, level: &Level<'_>) -> Result<(), Unmaskable> {
        if wire.form != Form::Bytes || !self.scope.mask.looks_into_texts() {
            return Ok(());
        }
        let bytes = self.input.get(wire.bytes()).unwrap_or_default();
        let mut new = Vec::new();
        let rewritten = if kind == Kind::String {
            let text = str::from_utf8(bytes).ok().ok_or(not_text(wire.body))?;
            match in_text(&self.scope, text, clear, self.found) {
                Without::Same => Rewritten::Same,
                Without::DropRecord => Rewritten::DropRecord,
                Without::Changed { text, .. } => {
                    new = text.into_bytes();
                    Rewritten::Changed
                }
            }
        } else {
            let place = |refused: Unmaskable| Unmaskable { at: wire.body, ..refused };
            in_bytes(&self.scope, clear, bytes, &mut new, self.found).map_err(place)?
        };
        match rewritten {
            Rewritten::Same => {}
            Rewritten::DropRecord => self.drop_record = true,
            Rewritten::Changed => {
                self.cut(level, wire);
                wire::write_bytes(wire.number, &new, self.out);
            }
        }
        Ok(())
    }

    /// How values of this field are changed, if they are.
    fn masked(&self, field: &Field) -> Option<&'a Transform> {
        field.classes.iter().find_map(|class: &ClassId| self.scope.transform(*class))
    }

    /// Counts a value of this field, and says how it is changed.
    fn seen(&mut self, field: &Field) -> Option<&'a Transform> {
        let transform = self.masked(field);
        for class in &field.classes {
            self.found.count(*class, transform.is_some());
        }
        transform
    }

    /// Leaves a field out; what takes its place is written next.
    fn cut(&mut self, level: &Level<'_>, wire: &Wire) {
        self.open(level);
        self.copy(wire.start);
        self.copied = wire.end;
    }

    /// Writes all down to the beginning of this message, with room for its length.
    fn open(&mut self, level: &Level<'_>) {
        if level.written.get().is_some() {
            return;
        }
        if let Some(above) = level.above {
            self.open(above);
            self.copy(level.body.start);
        }
        level.written.set(Some(self.out.len()));
    }

    /// Writes the rest of a message in which something changed, and its new length over the old one.
    fn close(&mut self, level: &Level<'_>) {
        let Some(body) = level.written.get() else { return };
        self.copy(level.body.end);
        let length = self.out.len().saturating_sub(body);
        let bytes = wire::varint_bytes(u64::try_from(length).unwrap_or(u64::MAX));
        let place = body.saturating_sub(level.length.len())..body;
        match self.out.get_mut(place.clone()) {
            Some(old) if old.len() == bytes.len() => old.iter_mut().zip(bytes).for_each(|(old, new)| *old = new),
            _ => drop(self.out.splice(place, bytes)),
        }
    }

    fn copy(&mut self, to: usize) {
        self.out.extend_from_slice(self.input.get(self.copied..to).unwrap_or_default());
        self.copied = to;
    }
}

fn not_text(at: usize) -> Unmaskable {
    Unmaskable { why: "a text is not UTF-8", at }
}

fn below<'l>(wire: &Wire, above: &'l Level<'l>) -> Result<Level<'l>, Unmaskable> {
    if above.depth >= DEPTH_MAX {
        return Err(Unmaskable { why: "messages are nested too deeply", at: wire.start });
    }
    let (length, body) = (wire.value..wire.body, wire.bytes());
    Ok(Level { above: Some(above), depth: above.depth + 1, length, body, written: Cell::new(None) })
}

/// Readers put the parts of a message together that stands more than once. An `Any` in it may then hold another type than each of its
/// parts says, and the parts cannot be read by what they say.
fn once(field: &Field, at: usize, met: &mut Vec<u32>) -> Result<(), Unmaskable> {
    if field.repeated || !matches!(field.kind, Kind::Message(_)) {
        return Ok(());
    }
    if met.contains(&field.number) {
        return Err(Unmaskable { why: "a message stands in parts where one may hold an Any", at });
    }
    met.push(field.number);
    Ok(())
}

/// The full name of the type that an `Any` says it holds.
fn type_name(body: &[u8], mut at: usize) -> Result<Option<&str>, Unmaskable> {
    let mut found = None;
    while at < body.len() {
        let wire = wire::field(body, at)?;
        at = wire.end;
        if wire.number == 1 && found.replace(wire).is_some() {
            return Err(Unmaskable { why: "an Any has two types", at });
        }
    }
    let Some(url) = found.filter(|wire| wire.form == Form::Bytes) else { return Ok(None) };
    let url = body.get(url.bytes()).and_then(|bytes| str::from_utf8(bytes).ok()).ok_or(not_text(url.body))?;
    Ok(Some(url.rsplit_once('/').map_or(url, |(_, name)| name)))
}
