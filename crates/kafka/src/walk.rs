//! One walker for every message: pulls fields off a frame by the table, checking each length before it is believed. It copies
//! nothing, allocates nothing and does not descend into records.
//!
//! ```text
//! struct ── fields in order ──▶ Scalar | ArrayBegin … ArrayEnd | StructBegin … StructEnd | NullStruct
//!    └── tagged fields (flexible versions) ──▶ TaggedBegin, the value's events   or   UnknownTag
//! array ── element ──▶ ElementBegin … ElementEnd (structs) or Scalar (anything else)
//! ```

use std::ops::Range;

use crate::error::ProtocolError;
use crate::schema::{Field, Message, Type};

/// A value without parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// Any integer type or bool (0 or 1).
    Int(i64),
    /// A float.
    Float(f64),
    /// A uuid.
    Uuid([u8; 16]),
    /// A string, or null.
    String(Option<&'a str>),
    /// Bytes, or null.
    Bytes(Option<&'a [u8]>),
    /// Record batches, or null.
    Records(Option<&'a [u8]>),
}

/// What the walker met. Spans are offsets into the body that it walks.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A field, or an element of an array of scalars.
    Scalar {
        /// Which field.
        field: &'static Field,
        /// What it holds.
        value: Scalar<'a>,
        /// Where it stands, its length prefix included.
        span: Range<usize>,
    },
    /// An array begins; `count` is `None` for null, and then no `ArrayEnd` follows.
    ArrayBegin {
        /// Which field.
        field: &'static Field,
        /// How many elements.
        count: Option<usize>,
        /// Where the count stands.
        span: Range<usize>,
    },
    /// The array is over; new elements would go here.
    ArrayEnd {
        /// Which field.
        field: &'static Field,
        /// The offset after the last element.
        at: usize,
    },
    /// An element that is a struct begins.
    ElementBegin {
        /// The array's field.
        field: &'static Field,
        /// Where.
        at: usize,
    },
    /// The element is over.
    ElementEnd {
        /// The array's field.
        field: &'static Field,
        /// All of the element.
        span: Range<usize>,
    },
    /// A struct that is no element begins.
    StructBegin {
        /// Which field.
        field: &'static Field,
    },
    /// That struct is over.
    StructEnd {
        /// Which field.
        field: &'static Field,
    },
    /// A struct that may be null is.
    NullStruct {
        /// Which field.
        field: &'static Field,
    },
    /// A tagged field that the table knows; its value follows.
    TaggedBegin {
        /// Which field.
        field: &'static Field,
        /// Where the size stands; whoever changes the value must change it.
        size: Range<usize>,
        /// Where the value stands.
        data: Range<usize>,
    },
    /// A tagged field that the table does not know: kept as it is.
    UnknownTag {
        /// All of it: tag, size and value.
        span: Range<usize>,
    },
}

/// Deepest nesting of any message in the table, arrays and structs counted apart; a test keeps it true.
const DEPTH_MAX: usize = 16;

#[derive(Clone, Copy)]
struct Open {
    fields: &'static [Field],
    owner: Option<&'static Field>,
    start: usize,
    element: bool,
}

#[derive(Clone, Copy)]
enum Level {
    Struct { open: Open, next: usize },
    Tags { open: Open, left: u32, last: Option<u32> },
    Tagged { field: &'static Field, end: usize, begun: bool },
    Array { field: &'static Field, element: &'static Type, left: usize },
    Free,
}

/// Walks one body (what follows the header) of a known message and version.
#[derive(Clone)]
pub struct Walker<'a> {
    message: &'static Message,
    version: i16,
    flexible: bool,
    body: &'a [u8],
    at: usize,
    levels: [Level; DEPTH_MAX],
    depth: usize,
}

impl std::fmt::Debug for Walker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walker")
            .field("message", &self.message.name)
            .field("version", &self.version)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl<'a> Walker<'a> {
    /// Begins to walk `body`.
    ///
    /// # Errors
    /// `Unsupported` when the table does not describe this version.
    pub fn new(message: &'static Message, version: i16, body: &'a [u8]) -> Result<Self, ProtocolError> {
        if !message.versions.contains(version) {
            return Err(ProtocolError::Unsupported { api_key: message.api_key, version });
        }
        let flexible = message.flexible.contains(version);
        let mut walker = Self { message, version, flexible, body, at: 0, levels: [Level::Free; DEPTH_MAX], depth: 0 };
        let open = Open { fields: message.fields, owner: None, start: 0, element: false };
        walker.push("", Level::Struct { open, next: 0 })?;
        Ok(walker)
    }

    /// Whether this version has compact lengths and tagged fields.
    #[must_use]
    pub fn is_flexible(&self) -> bool {
        self.flexible
    }

    /// The bytes that are left over once the message is over; `None` while it is not.
    #[must_use]
    pub fn left_over(&self) -> Option<Range<usize>> {
        (self.depth == 0).then_some(self.at..self.body.len())
    }

    /// The next event, or `None` when the message is over and nothing is left.
    ///
    /// # Errors
    /// `Truncated` or `Malformed`; the walker is of no use afterwards.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on after an error")]
    pub fn next(&mut self) -> Result<Option<Event<'a>>, ProtocolError> {
        loop {
            let Some(top) = self.depth.checked_sub(1) else {
                return if self.at == self.body.len() {
                    Ok(None)
                } else {
                    Err(self.malformed("", "bytes are left over"))
                };
            };
            let event = match self.levels.get(top).copied().unwrap_or(Level::Free) {
                Level::Struct { open, next } => self.step_struct(top, open, next)?,
                Level::Tags { open, left, last } => self.step_tags(top, open, left, last)?,
                Level::Tagged { field, end, begun: false } => {
                    self.set(top, Level::Tagged { field, end, begun: true });
                    Some(self.value(field, &field.ty)?)
                }
                Level::Tagged { field, end, begun: true } => {
                    if self.at != end {
                        return Err(self.malformed(field.path, "the tagged size is not the value's"));
                    }
                    self.depth = top;
                    None
                }
                Level::Array { field, element, left } => Some(self.step_array(top, field, element, left)?),
                Level::Free => return Err(self.malformed("", "nested too deep")),
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    fn step_struct(&mut self, top: usize, open: Open, mut next: usize) -> Result<Option<Event<'a>>, ProtocolError> {
        while let Some(field) = open.fields.get(next) {
            next = next.saturating_add(1);
            if field.versions.contains(self.version) && !field.tagged.contains(self.version) {
                self.set(top, Level::Struct { open, next });
                return self.value(field, &field.ty).map(Some);
            }
        }
        if self.flexible {
            let left = self.uvarint("tagged fields")?;
            self.set(top, Level::Tags { open, left, last: None });
            return Ok(None);
        }
        Ok(self.end_of_struct(top, open))
    }

    fn step_tags(
        &mut self,
        top: usize,
        open: Open,
        left: u32,
        last: Option<u32>,
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        if left == 0 {
            return Ok(self.end_of_struct(top, open));
        }
        let begin = self.at;
        let tag = self.uvarint("tagged fields")?;
        // KIP-482 wants them ascending. Of a field that comes twice, one reader takes the first and another the last.
        if last.is_some_and(|last| tag <= last) {
            return Err(self.malformed("tagged fields", "tags that do not ascend"));
        }
        self.set(top, Level::Tags { open, left: left.saturating_sub(1), last: Some(tag) });
        let size_at = self.at;
        let size = self.uvarint("tagged fields")?;
        let data_at = self.at;
        self.take(usize::try_from(size).unwrap_or(usize::MAX), "tagged fields")?;
        let end = self.at;
        let known = open
            .fields
            .iter()
            .find(|f| f.tag == tag && f.tagged.contains(self.version) && f.versions.contains(self.version));
        let Some(field) = known else { return Ok(Some(Event::UnknownTag { span: begin..end })) };
        self.at = data_at;
        self.push(field.path, Level::Tagged { field, end, begun: false })?;
        Ok(Some(Event::TaggedBegin { field, size: size_at..data_at, data: data_at..end }))
    }

    fn step_array(
        &mut self,
        top: usize,
        field: &'static Field,
        element: &'static Type,
        left: usize,
    ) -> Result<Event<'a>, ProtocolError> {
        let Some(left) = left.checked_sub(1) else {
            self.depth = top;
            return Ok(Event::ArrayEnd { field, at: self.at });
        };
        self.set(top, Level::Array { field, element, left });
        let Type::Struct(fields) = element else { return self.value(field, element) };
        let at = self.at;
        self.push(
            field.path,
            Level::Struct { open: Open { fields, owner: Some(field), start: at, element: true }, next: 0 },
        )?;
        Ok(Event::ElementBegin { field, at })
    }

    fn end_of_struct(&mut self, top: usize, open: Open) -> Option<Event<'a>> {
        self.depth = top;
        let field = open.owner?;
        Some(if open.element {
            Event::ElementEnd { field, span: open.start..self.at }
        } else {
            Event::StructEnd { field }
        })
    }

    fn value(&mut self, field: &'static Field, ty: &'static Type) -> Result<Event<'a>, ProtocolError> {
        let start = self.at;
        let path = field.path;
        let value = match ty {
            // Brokers take any byte but zero for true.
            Type::Bool => Scalar::Int(i64::from(self.fixed(path)? != [0])),
            Type::Int8 => Scalar::Int(i64::from(i8::from_be_bytes(self.fixed(path)?))),
            Type::Int16 => Scalar::Int(i64::from(i16::from_be_bytes(self.fixed(path)?))),
            Type::Uint16 => Scalar::Int(i64::from(u16::from_be_bytes(self.fixed(path)?))),
            Type::Int32 => Scalar::Int(i64::from(i32::from_be_bytes(self.fixed(path)?))),
            Type::Uint32 => Scalar::Int(i64::from(u32::from_be_bytes(self.fixed(path)?))),
            Type::Int64 => Scalar::Int(i64::from_be_bytes(self.fixed(path)?)),
            Type::Float64 => Scalar::Float(f64::from_be_bytes(self.fixed(path)?)),
            Type::Uuid => Scalar::Uuid(self.fixed(path)?),
            Type::String => Scalar::String(self.string(field)?),
            Type::Bytes => Scalar::Bytes(self.bytes(field)?),
            Type::Records => Scalar::Records(self.bytes(field)?),
            Type::Struct(fields) => return self.nested(field, fields),
            Type::Array(element) => return self.array(field, element),
        };
        Ok(Event::Scalar { field, value, span: start..self.at })
    }

    fn nested(&mut self, field: &'static Field, fields: &'static [Field]) -> Result<Event<'a>, ProtocolError> {
        // The generated serializers of Kafka write one signed byte before a struct that may be null.
        if field.nullable.contains(self.version) && i8::from_be_bytes(self.fixed(field.path)?) < 0 {
            return Ok(Event::NullStruct { field });
        }
        let open = Open { fields, owner: Some(field), start: self.at, element: false };
        self.push(field.path, Level::Struct { open, next: 0 })?;
        Ok(Event::StructBegin { field })
    }

    fn array(&mut self, field: &'static Field, element: &'static Type) -> Result<Event<'a>, ProtocolError> {
        let start = self.at;
        let count = self.length(field, 4, true)?;
        let span = start..self.at;
        if let Some(left) = count {
            // Each element takes at least a byte: a count beyond what is left is a lie, refused before anybody believes it.
            if left > self.body.len().saturating_sub(self.at) {
                return Err(self.malformed(field.path, "more elements than bytes"));
            }
            self.push(field.path, Level::Array { field, element, left })?;
        }
        Ok(Event::ArrayBegin { field, count, span })
    }

    fn string(&mut self, field: &'static Field) -> Result<Option<&'a str>, ProtocolError> {
        let Some(length) = self.length(field, 2, !matches!(field.ty, Type::Array(_)))? else { return Ok(None) };
        let bytes = self.take(length, field.path)?;
        std::str::from_utf8(bytes).map(Some).map_err(|_not_utf8| self.malformed(field.path, "not UTF-8"))
    }

    fn bytes(&mut self, field: &'static Field) -> Result<Option<&'a [u8]>, ProtocolError> {
        let Some(length) = self.length(field, 4, !matches!(field.ty, Type::Array(_)))? else { return Ok(None) };
        self.take(length, field.path).map(Some)
    }

    /// A length: varint of n + 1 in flexible versions, else a big-endian integer of `width` bytes; −1 (varint 0) is null.
    ///
    /// `nullable` is false for an element of an array: only the array itself may be null.
    fn length(&mut self, field: &'static Field, width: usize, nullable: bool) -> Result<Option<usize>, ProtocolError> {
        let length = if self.flexible {
            i64::from(self.uvarint(field.path)?).saturating_sub(1)
        } else if width == 2 {
            i64::from(i16::from_be_bytes(self.fixed(field.path)?))
        } else {
            i64::from(i32::from_be_bytes(self.fixed(field.path)?))
        };
        match usize::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length == -1 && nullable && field.nullable.contains(self.version) => Ok(None),
            // Kafka writes empty records of a fetch as null bytes in some versions, and reads either.
            Err(_) if length == -1 && matches!(field.ty, Type::Records) => Ok(None),
            Err(_) if length == -1 => Err(self.malformed(field.path, "null is not allowed")),
            Err(_) => Err(self.malformed(field.path, "a negative length")),
        }
    }

    fn uvarint(&mut self, path: &'static str) -> Result<u32, ProtocolError> {
        let mut value = 0_u32;
        for shift in [0_u32, 7, 14, 21, 28] {
            let [byte] = self.fixed(path)?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed(path, "a varint of more than five bytes"))
    }

    fn fixed<const N: usize>(&mut self, path: &'static str) -> Result<[u8; N], ProtocolError> {
        let bytes = self.take(N, path)?;
        <[u8; N]>::try_from(bytes).map_err(|_length| self.truncated(path))
    }

    fn take(&mut self, length: usize, path: &'static str) -> Result<&'a [u8], ProtocolError> {
        let end = self.at.checked_add(length).ok_or_else(|| self.truncated(path))?;
        let bytes = self.body.get(self.at..end).ok_or_else(|| self.truncated(path))?;
        self.at = end;
        Ok(bytes)
    }

    fn push(&mut self, path: &'static str, level: Level) -> Result<(), ProtocolError> {
        let Some(slot) = self.levels.get_mut(self.depth) else { return Err(self.malformed(path, "nested too deep")) };
        *slot = level;
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    fn set(&mut self, index: usize, level: Level) {
        if let Some(slot) = self.levels.get_mut(index) {
            *slot = level;
        }
    }

    fn truncated(&self, field: &'static str) -> ProtocolError {
        ProtocolError::Truncated { message: self.message.name, version: self.version, field }
    }

    fn malformed(&self, field: &'static str, what: &'static str) -> ProtocolError {
        ProtocolError::Malformed { message: self.message.name, version: self.version, field, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::messages::MESSAGES;

    /// Levels that the fields of a struct need below its own.
    fn below(fields: &[Field]) -> usize {
        let value = |ty: &Type| match ty {
            Type::Struct(inner) | Type::Array(Type::Struct(inner)) => {
                1 + usize::from(matches!(ty, Type::Array(_))) + below(inner)
            }
            Type::Array(_) => 1,
            _ => 0,
        };
        let of = |f: &Field| usize::from(f.tagged.min <= f.tagged.max) + value(&f.ty);
        fields.iter().map(of).max().unwrap_or(0)
    }

    #[test]
    fn no_message_nests_deeper_than_the_bound() {
        let deepest = MESSAGES.iter().map(|m| 1 + below(m.fields)).max().unwrap();
        assert!((6..=DEPTH_MAX).contains(&deepest), "{deepest}");
    }
}
