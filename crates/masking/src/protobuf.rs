//! Protobuf payloads: a message's descriptor compiled once, and then a walk over the wire's bytes that copies what it does not change.
//!
//! ```text
//! .proto text ── protox ──▶ descriptors ── compile ──▶ shapes: one for each message at each place that paths tell apart
//! payload ── fields as they come ──▶ copied | replaced | left out     (lengths around a change are written anew)
//! ```
//!
//! Readers of Protobuf are lenient and differ, so the walk believes nothing about order or number: each occurrence of a field is
//! masked, and what readers take differently (groups, field number 0, numbers that overflow, a map entry with two keys) is refused.
//! A varint longer than it needs to be is no sign of ill will, since writers that fill lengths in later make them: it is copied as it
//! stands, and written short wherever what it belongs to changes.

mod compile;
mod earlier;
pub(crate) mod files;
mod parse;
#[cfg(test)]
mod tests;
mod value;
mod walk;
mod wire;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::earlier::EarlierSchemas;
use crate::found::Found;
use crate::plan::{ClassId, Mask, Rewritten, Scope, Unmaskable};
use crate::schema::{Earlier, RemovedTags, SchemaError};

/// Messages within messages; the limit that readers of Protobuf have by default.
pub const DEPTH_MAX: usize = 100;
/// Field numbers up to this are found by their place, larger ones by search.
const NEAR: u32 = 64;

/// One message type, made ready for rewriting with one [`Mask`].
#[derive(Clone, Debug)]
pub struct ProtobufPlan {
    /// The first is the payload's.
    shapes: Vec<Shape>,
    maps: Vec<Map>,
    /// Whether some message may hold an `Any`.
    has_any: bool,
    removed: RemovedTags,
}

/// A message at a place.
#[derive(Clone, Debug, Default)]
struct Shape {
    /// By number.
    near: Vec<Option<Field>>,
    /// In order of their numbers.
    far: Vec<Field>,
    /// The message with nothing in it but what it is not valid without.
    blank: Box<[u8]>,
    /// Numbers, in order, that it does not name, but that earlier versions have with a tag there or within.
    gone: Box<[u32]>,
    /// For `google.protobuf.Any`: what it may hold, by full name.
    any: Option<HashMap<Box<str>, u32>>,
}

#[derive(Clone, Debug)]
struct Field {
    number: u32,
    kind: Kind,
    repeated: bool,
    required: bool,
    /// A message of one value, such as `google.protobuf.StringValue`: that value is what is masked.
    wrapper: bool,
    /// The first of them that is masked says how; readers see the value where none is.
    classes: Box<[ClassId]>,
}

/// A map: what its keys are, and its values, which may be of another class under some keys.
#[derive(Clone, Debug)]
struct Map {
    key: Field,
    /// By key, folded.
    named: HashMap<Box<str>, Field>,
    other: Field,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Bool,
    /// With the value that takes the place of others.
    Enum(i32),
    String,
    Bytes,
    /// By its place among the shapes.
    Message(u32),
    /// By its place among the maps.
    Map(u32),
}

impl ProtobufPlan {
    /// Reads a schema and makes it ready for `mask`.
    ///
    /// `references` are the names that the schema imports and their texts; Google's well-known types and Confluent's `meta.proto`
    /// need none. `message_indexes` say which message of the schema payloads are, as Confluent's wire format writes it: the place of
    /// a top-level message, then of one within it, and so on; none is the first message. Fields have the classes of their names
    /// (as they are written, and in JSON) and of Confluent's tags on them, on their message or on their enum. A map's keys are
    /// called `@key`, and its values are called what their keys are.
    ///
    /// # Errors
    /// The text or what it imports is no schema, is too large, or has no such message.
    pub fn compile(
        source: &str,
        references: &[(String, String)],
        message_indexes: &[i32],
        mask: &Mask,
    ) -> Result<ProtobufPlan, SchemaError> {
        ProtobufPlan::compile_after(&[], source, references, message_indexes, mask)
    }

    /// As [`ProtobufPlan::compile`], where fields are also of the classes of tags that `earlier` versions of the schema have on them: on
    /// a field of the same number or name in the same place, or in a message of the same full name.
    ///
    /// # Errors
    /// As of [`ProtobufPlan::compile`], also of an earlier version where the mask has tags.
    pub fn compile_after(
        earlier: &[Earlier<'_>],
        source: &str,
        references: &[(String, String)],
        message_indexes: &[i32],
        mask: &Mask,
    ) -> Result<ProtobufPlan, SchemaError> {
        // Whoever writes records may write schemas, and the library that reads them takes some of what it meets for granted.
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            let message = parse::message(source, references, message_indexes)?;
            let mut before = EarlierSchemas::default();
            for version in earlier.iter().filter(|_| !mask.tags.is_empty()) {
                let wrong = |SchemaError(why)| SchemaError(format!("version {}, before it: {why}", version.version));
                let file = parse::schema(version.text, version.references).map_err(wrong)?;
                // Where it had no message there, one of the same name may have been elsewhere.
                let root = parse::select(&file, message_indexes).ok();
                before.add(file.parent_pool(), root.as_ref(), mask)?;
            }
            before.begin_with_tags();
            compile::compile(&message, before, mask)
        }));
        compiled.unwrap_or_else(|_panic| Err(SchemaError("the schema cannot be read".to_owned())))
    }

    /// The tags that only earlier versions have.
    #[must_use]
    pub fn removed_tags(&self) -> &RemovedTags {
        &self.removed
    }

    /// Rewrites a payload (without what frames it), with the plan whose `mask` this was compiled for.
    ///
    /// Nothing is appended to `out` unless the payload changed. What was met is counted in `found`, up to where an error stands.
    ///
    /// # Errors
    /// The bytes are not such a message to their end.
    pub fn rewrite(
        &self,
        scope: &Scope<'_>,
        input: &[u8],
        out: &mut Vec<u8>,
        found: &mut Found,
    ) -> Result<Rewritten, Unmaskable> {
        walk::rewrite(self, *scope, input, out, found)
    }

    fn shape(&self, at: u32) -> Option<&Shape> {
        self.shapes.get(usize::try_from(at).ok()?)
    }

    fn map(&self, at: u32) -> Option<&Map> {
        self.maps.get(usize::try_from(at).ok()?)
    }
}

impl Shape {
    fn field(&self, number: u32) -> Option<&Field> {
        if number <= NEAR {
            return self.near.get(usize::try_from(number).ok()?)?.as_ref();
        }
        let at = self.far.binary_search_by_key(&number, |field| field.number).ok()?;
        self.far.get(at)
    }
}
