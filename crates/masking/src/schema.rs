//! Schemas as they are handed over, and what is wrong with them.

use std::collections::BTreeSet;

/// A schema that payloads cannot be read by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

/// An earlier version of a schema: fields that it tags stay of the tag's class in later versions, though these have the tag no more.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// Its text.
    pub text: &'a str,
    /// The names and texts of all schemas that it refers to, however far.
    pub references: &'a [(String, String)],
}

/// Tags that only earlier versions of a schema have: enough of them to tell somebody what was taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemovedTags(BTreeSet<(String, String)>);

/// Tags that are told; who mends these will be told the next.
const TOLD_MAX: usize = 16;
/// Characters of a field's name that are told.
const NAME_MAX: usize = 200;

impl RemovedTags {
    pub(crate) fn add(&mut self, tag: &str, field: &str) {
        if self.0.len() < TOLD_MAX {
            let printable = |text: &str| text.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect::<String>();
            self.0.insert((printable(tag), printable(field)));
        }
    }

    /// Whether no tag was taken out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tags, and the fields or types that earlier versions have them on; at most sixteen.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(tag, field)| (tag.as_str(), field.as_str()))
    }
}
