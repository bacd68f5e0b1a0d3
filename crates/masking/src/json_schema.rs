//! JSON by the JSON Schema that it names (drafts 4 to 2020-12): which of its fields are tagged, and whether it is what the schema says.
//!
//! ```text
//! text and references ── graph ──▶ subschemas ── compile ──▶ shapes: what is said of each place of a text
//!                                     └──────── conform ──▶ a validator, for what is written
//! value ── checked, where that is asked ── json::rewrite, with shapes at hand
//! ```
//!
//! `confluent:tags` stand on subschemas, and count wherever a subschema may be about a field: in whatever branch, however far a `$ref`
//! leads. A schema that cannot be followed so, such as one with `$dynamicRef`, is unusable, and its records with it. Only `$ref`s within
//! the document, and to names that the registry lists as references, are followed; nothing is ever fetched.

mod compile;
mod conform;
mod counted;
mod graph;
mod shapes;
mod strict;
#[cfg(test)]
mod tests;
mod unrolled;

use compile::EarlierNodes;
use conform::{Conform, Refused};
use graph::Graph;
pub(crate) use shapes::{ShapeId, Shapes};

use crate::found::Found;
use crate::json;
use crate::plan::{Mask, Rewritten, Scope, Unmaskable};
use crate::schema::{Earlier, RemovedTags, SchemaError};

/// One JSON Schema and one mask, compiled.
#[derive(Debug)]
pub struct JsonPlan {
    shapes: Option<Shapes>,
    conform: Option<Conform>,
}

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagrees {
    /// The same for all values that are refused so.
    pub why: Unmaskable,
    /// What it does not do: which keyword it fails, where in the schema; nothing of the value.
    pub how: Option<String>,
}

impl From<Unmaskable> for Disagrees {
    fn from(why: Unmaskable) -> Disagrees {
        Disagrees { why, how: None }
    }
}

impl JsonPlan {
    /// Compiles a schema for what the mask asks of it: the fields of its tags, and whether values conform ([`Mask::conform`]).
    /// `references` are the names and texts of all schemas that it refers to, however far.
    ///
    /// # Errors
    /// The schema cannot be read or followed, or is too large for what is asked.
    pub fn compile(text: &str, references: &[(String, String)], mask: &Mask) -> Result<JsonPlan, SchemaError> {
        JsonPlan::compile_after(&[], text, references, mask)
    }

    /// As [`JsonPlan::compile`], where fields are also of the classes of tags that `earlier` versions of the schema have on them.
    ///
    /// # Errors
    /// As of [`JsonPlan::compile`], also of an earlier version where the mask has tags.
    pub fn compile_after(
        earlier: &[Earlier<'_>],
        text: &str,
        references: &[(String, String)],
        mask: &Mask,
    ) -> Result<JsonPlan, SchemaError> {
        let graph = Graph::read(text, references)?;
        let mut shapes = None;
        if !mask.tags.is_empty() {
            let mut before = EarlierNodes::of(&graph);
            for version in earlier {
                let added = Graph::read(version.text, version.references).and_then(|graph| before.add(graph, mask));
                added.map_err(|SchemaError(why)| {
                    SchemaError(format!("version {}, before it: {why}", version.version))
                })?;
            }
            shapes = Some(compile::compile(&graph, before, mask)?);
        }
        let conform = mask.conform.then(|| Conform::compile(&graph)).transpose()?;
        Ok(JsonPlan { shapes, conform })
    }

    /// The tags that only earlier versions have; none where tags are not looked for.
    #[must_use]
    pub fn removed_tags(&self) -> Option<&RemovedTags> {
        self.shapes.as_ref().map(|shapes| &shapes.removed)
    }

    /// Rewrites one text, without any framing, and appends it to `out` if it changed. `scope` has the mask that was compiled.
    ///
    /// # Errors
    /// It is not exactly one JSON text, or not what its schema says where that is asked. Nothing is appended.
    pub fn rewrite(
        &self,
        scope: &Scope<'_>,
        input: &[u8],
        out: &mut Vec<u8>,
        found: &mut Found,
    ) -> Result<Rewritten, Disagrees> {
        if let Some(conform) = &self.conform {
            conform.check(input).map_err(|refused| match refused {
                Refused::Unread(why) => why.into(),
                Refused::Fails { keyword, path } => Disagrees {
                    why: Unmaskable { why: "it does not conform to its schema", at: 0 },
                    how: Some(format!("does not conform to its schema: `{keyword}` fails at {path}")),
                },
            })?;
        }
        Ok(json::rewrite_by(self.shapes.as_ref(), scope, input, out, found)?)
    }
}
