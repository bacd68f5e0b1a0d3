//! What is masked how, for one topic and one kind of caller: what every rewriter works by.

use std::sync::Arc;

use crate::detect::Detector;
use crate::fields::Fields;
use crate::file_schema::FilePlan;
use crate::transform::Transform;

/// A class by its place in [`Plan::classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u16);

/// A class of fields, as this kind of caller sees it.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name, such as `PII.email`.
    pub name: Arc<str>,
    /// How its values are changed; `None` where the caller sees them. They are counted all the same.
    pub mask: Option<Transform>,
}

/// How payloads are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON text (RFC 8259).
    Json,
    /// A magic byte 0 and a schema's number before JSON, Avro or Protobuf (Confluent's wire format).
    Framed,
    /// Avro or Protobuf without anything in front, by the schema that [`Mask::schema`] was compiled from.
    Schema,
    /// Text or unknown bytes: only content detectors apply.
    #[default]
    Bytes,
}

/// What happens to fields that no schema names, such as unknown numbers in Protobuf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// They are masked.
    #[default]
    Mask,
    /// They pass, but for what the detectors find.
    Pass,
}

/// What is looked for in one part of a record: its value, its key, or a header's value.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// How its bytes are read.
    pub format: Format,
    /// Fields by path and by name.
    pub fields: Fields,
    /// Tags in schemas and the class of the fields that have them.
    pub tags: Vec<(Box<str>, ClassId)>,
    /// What is found by what it looks like, wherever it stands.
    pub content: Vec<(Detector, ClassId)>,
    /// Fields that no schema names.
    pub unknown: Unknown,
    /// The class of every value that no class covers, where there is one: for what is recorded of a topic whose plain fields are listed.
    pub rest: Option<ClassId>,
    /// What cannot be read is refused, whoever sees what, and where nothing is looked for too: for what is written.
    pub strict: bool,
    /// JSON that names a JSON Schema has to be what that says, as Avro and Protobuf cannot but be: for what is written.
    pub conform: bool,
    /// Where a schema's number stands in front: the subjects, or patterns with `*`, that the schema must be registered under.
    pub subjects: Vec<Box<str>>,
    /// Subjects, and versions of which somebody has approved that they have fewer tags than those before them: from the last such on, up to
    /// its own, the tags of a schema's earlier versions count for it.
    pub tags_since: Vec<(Box<str>, u32)>,
    /// Where a file has the schema: that schema, compiled for this mask.
    pub schema: Option<Arc<FilePlan>>,
}

impl Mask {
    /// Whether something may be found in a text that no class covers: by a detector, or by a name in the JSON that it may be.
    pub(crate) fn looks_into_texts(&self) -> bool {
        !self.content.is_empty() || self.fields.reaches(None)
    }

    /// Whether nothing is looked for: then the bytes need not be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.tags.is_empty() && self.content.is_empty() && self.rest.is_none()
    }
}

/// What becomes of a record that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnmaskable {
    /// It is left out; offsets stay as they are.
    #[default]
    DropRecord,
    /// Its topic is refused.
    DenyTopic,
}

/// What is masked how, for one topic and one kind of caller.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Digest of all that the plan says: what was masked by plans of one id is the same.
    pub id: [u8; 32],
    /// The classes that are looked for.
    pub classes: Vec<Class>,
    /// For values.
    pub value: Mask,
    /// For keys.
    pub key: Mask,
    /// For all headers: [`Mask::fields`] looks at their names.
    pub headers: Mask,
    /// What becomes of a record that cannot be read.
    pub on_unmaskable: OnUnmaskable,
}

impl Plan {
    /// Whether nothing is looked for: then records need not be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.is_empty() && self.key.is_empty() && self.headers.is_empty()
    }
}

/// One part of a record that is being rewritten.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The plan's classes.
    pub classes: &'a [Class],
    /// What is looked for.
    pub mask: &'a Mask,
    /// Whose record it is: the key's bytes. Dates of one subject are moved together.
    pub subject: &'a [u8],
}

impl<'a> Scope<'a> {
    /// How a class is changed, if it is.
    #[must_use]
    pub fn transform(&self, class: ClassId) -> Option<&'a Transform> {
        self.classes.get(usize::from(class.0)).and_then(|class| class.mask.as_ref())
    }
}

/// What came of rewriting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// Nothing had to be changed: the bytes are good as they are, and none were appended.
    Same,
    /// The new bytes were appended.
    Changed,
    /// The record is to be left out.
    DropRecord,
}

/// Bytes that cannot be read to their end as what they are said to be. They are never let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} at byte {at}")]
pub struct Unmaskable {
    /// What is wrong, without any of the bytes.
    pub why: &'static str,
    /// Where, from the beginning of the part.
    pub at: usize,
}
