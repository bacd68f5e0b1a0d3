//! Schemas as they are handed over, and what is wrong with them.

use std::collections::BTreeSet;

/// A schema that payloads cannot be read by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

/// An earlier version of a schema: fields that it tags stay of the tag's class in later versions, though these have the tag no more.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// Its number in its subject, for errors.
    pub version: u32,
    /// Its text.
    pub text: &'a str,
    /// The names and texts of all schemas that it refers to, however far.
    pub references: &'a [(String, String)],
}

/// Tags that only earlier versions of a schema have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemovedTags {
    told: BTreeSet<(String, String)>,
    more: bool,
}

/// Tags that are told one by one.
const TOLD_MAX: usize = 64;
/// Characters of a field's name that are told.
const NAME_MAX: usize = 200;

impl RemovedTags {
    pub(crate) fn add(&mut self, tag: &str, field: &str) {
        let printable = |text: &str| text.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect::<String>();
        let one = (printable(tag), printable(field));
        if self.told.len() < TOLD_MAX {
            self.told.insert(one);
        } else {
            self.more |= !self.told.contains(&one);
        }
    }

    /// Whether no tag was taken out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Whether there are more than [`RemovedTags::iter`] tells.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// Tags, and where they are in earlier versions, or where the later one would have them; at most 64.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.told.iter().map(|(tag, field)| (tag.as_str(), field.as_str()))
    }
}
