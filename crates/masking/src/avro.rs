//! Rewrites Avro's binary encoding (Avro 1.12, "Binary encoding") by the schema that it was written with.
//!
//! A schema and a mask are compiled to a graph of operations once; payloads are then walked along it. A type that is met in two
//! places of which one is a class's makes two operations, so that a walk asks for no names, but for keys of maps.
//!
//! The schema is read by a parser of this module, not by a library's: the libraries forget tags on primitive types, and bring far more
//! than is needed here. Values are written back in the type they had, so that the schema stays true.

mod compile;
mod earlier;
mod json;
mod leaf;
mod schema;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashMap;

use self::schema::Leaf;
pub use self::schema::SchemaError;
pub(crate) use self::schema::place_of_no_json;
use crate::found::Found;
use crate::plan::{ClassId, Mask, Rewritten, Scope, Unmaskable};
use crate::schema::{Earlier, RemovedTags};

/// One schema and one mask, compiled: made once, and then good for all payloads of both.
#[derive(Debug)]
pub struct AvroPlan {
    ops: Vec<Op>,
    root: OpId,
    removed: RemovedTags,
}

type OpId = u32;

/// How one type is read in one place.
#[derive(Debug)]
struct Op {
    does: Does,
    /// The classes that all of it is of, outermost first. Of several the first that is masked counts.
    classes: Box<[ClassId]>,
    /// Whether anything is looked for in it; if not, it is only skipped.
    looks: bool,
    /// Whether it takes no bytes, ever. Else every value of it takes one at least, which bounds the loops over them.
    empty: bool,
}

#[derive(Debug)]
enum Does {
    Leaf(Leaf),
    /// Fields in their order, but for empty ones.
    Record(Box<[OpId]>),
    Array(OpId),
    Map(Box<Map>),
    Union {
        branches: Box<[OpId]>,
        null: Option<i64>,
    },
}

#[derive(Debug)]
struct Map {
    /// The classes that keys are of.
    keys: Box<[ClassId]>,
    /// Values by their key, folded.
    named: HashMap<Box<str>, OpId>,
    /// Values of all other keys.
    other: OpId,
    /// Whether keys are looked at at all.
    looks: bool,
}

/// A schema that was read, to be compiled for any number of masks.
#[derive(Debug)]
pub struct AvroSchema(schema::Schema);

impl AvroSchema {
    /// Reads a schema, with the names and texts of all schemas that it refers to, in any order.
    ///
    /// # Errors
    /// It cannot be read, or not in one way only.
    pub fn read(text: &str, references: &[(String, String)]) -> Result<AvroSchema, SchemaError> {
        schema::parse(text, references).map(AvroSchema)
    }

    /// Compiles it for a mask, as [`AvroPlan::compile`] does.
    ///
    /// # Errors
    /// It comes with the mask's paths to more places than is sane.
    pub fn plan(&self, mask: &Mask) -> Result<AvroPlan, SchemaError> {
        compile::compile(&self.0, &[], mask)
    }
}

impl AvroPlan {
    /// Compiles the schema that payloads were written with. `references` are the names and texts of all schemas that it refers to,
    /// however far, in any order.
    ///
    /// Fields have the classes that their name *or* one of their aliases leads to, and those of tags (`confluent:tags`) on them and on
    /// their type. Lists and unions are passed through; a map's values are looked up by their keys, and the step `@key` below a map
    /// means the keys themselves.
    ///
    /// # Errors
    /// The schema cannot be read, or not in one way only, or comes with the mask's paths to more places than is sane.
    pub fn compile(schema: &str, references: &[(String, String)], mask: &Mask) -> Result<AvroPlan, SchemaError> {
        AvroPlan::compile_after(&[], schema, references, mask)
    }

    /// As [`AvroPlan::compile`], where fields are also of the classes of tags that `earlier` versions of the schema have on them: on a
    /// field that is called the same on the same path, or in a record of the same full name.
    ///
    /// # Errors
    /// As of [`AvroPlan::compile`], also of an earlier version where the mask has tags.
    pub fn compile_after(
        earlier: &[Earlier<'_>],
        schema: &str,
        references: &[(String, String)],
        mask: &Mask,
    ) -> Result<AvroPlan, SchemaError> {
        let mut read = Vec::new();
        for version in earlier.iter().filter(|_| !mask.tags.is_empty()) {
            let schema = schema::parse(version.text, version.references);
            read.push(schema.map_err(|error| error.of_an_earlier_version(version.version))?);
        }
        compile::compile(&schema::parse(schema, references)?, &read, mask)
    }

    /// The tags that only earlier versions have.
    #[must_use]
    pub fn removed_tags(&self) -> &RemovedTags {
        &self.removed
    }

    /// Whether nothing is looked for in payloads of this schema. They are still to be read to their end where the mask is not empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.op(self.root).is_some_and(|op| !op.looks)
    }

    /// Rewrites one payload, without any framing, and appends it to `out` if it changed. `scope` has the mask that was compiled.
    ///
    /// # Errors
    /// The payload is not exactly one value of the schema, or nests deeper than 128 records, lists and maps. Nothing is appended;
    /// `found` may have counted some of it.
    pub fn rewrite(
        &self,
        scope: &Scope<'_>,
        input: &[u8],
        out: &mut Vec<u8>,
        found: &mut Found,
    ) -> Result<Rewritten, Unmaskable> {
        walk::rewrite(self, scope, input, out, found)
    }

    fn op(&self, id: OpId) -> Option<&Op> {
        self.ops.get(usize::try_from(id).ok()?)
    }
}
