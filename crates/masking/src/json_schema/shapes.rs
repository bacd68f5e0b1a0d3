//! What is known of each place of a JSON text by its schema: its classes, and where its fields and elements lead.

use std::collections::HashMap;

use regex::Regex;

use crate::fields::fold;
use crate::plan::ClassId;
use crate::schema::RemovedTags;

/// Bytes of a name that is matched with patterns: matching may take some hundred times as long as reading.
const NAME_MAX: usize = 1024;

/// A place of a text, as its schema sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ShapeId(pub(super) u32);

impl ShapeId {
    /// Nothing is looked for here or below by any schema.
    pub(crate) const ANY: ShapeId = ShapeId(u32::MAX);
    /// No schema names it, so that it is not to be shown.
    pub(crate) const UNNAMED: ShapeId = ShapeId(u32::MAX - 1);
}

/// All places of one schema under one mask.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    /// The first is the text's own.
    pub(super) all: Vec<Shape>,
    /// Tags that only earlier versions of the schema have.
    pub(super) removed: RemovedTags,
}

#[derive(Debug, Default)]
pub(super) struct Shape {
    /// In the order of the mask's tags. Of several the first that is masked counts.
    pub(super) classes: Box<[ClassId]>,
    /// Fields by their very names.
    pub(super) exact: HashMap<Box<str>, ShapeId>,
    /// The same, folded: what is written a little differently is what it looks like and what others are, too.
    pub(super) folded: HashMap<Box<str>, Turns>,
    /// Of names; a name's turn has a bit for each that fits, the first one's lowest.
    pub(super) patterns: Box<[Regex]>,
    /// Other fields.
    pub(super) others: Turns,
    /// The first elements, and those after them.
    pub(super) prefix: Box<[ShapeId]>,
    pub(super) rest: Option<ShapeId>,
    /// Where it may be a list: what is said of one value in its place.
    pub(super) alone: Option<ShapeId>,
    /// Whether anything is looked for here or below.
    pub(super) looks: bool,
}

/// Where a name leads, by which of the patterns fit it; the last of all, where there are patterns, is that nobody knows.
pub(super) type Turns = Box<[ShapeId]>;

impl Shapes {
    fn shape(&self, at: ShapeId) -> Option<&Shape> {
        self.all.get(usize::try_from(at.0).ok()?)
    }

    /// The text itself.
    pub(crate) fn root(&self) -> ShapeId {
        if self.all.is_empty() { ShapeId::ANY } else { ShapeId(0) }
    }

    /// The field of this name in a group at `at`.
    pub(crate) fn field(&self, at: ShapeId, name: &str) -> ShapeId {
        let Some(shape) = self.shape(at) else { return at };
        if let Some(exact) = shape.exact.get(name) {
            return *exact;
        }
        let turns = match shape.folded.is_empty() {
            true => None,
            false => shape.folded.get(&*fold(name)),
        };
        let patterns = shape.patterns.iter().rev();
        let turn = match name.len() > NAME_MAX && !shape.patterns.is_empty() {
            true => 1 << patterns.len(),
            false => patterns.fold(0, |turn, pattern| turn << 1 | usize::from(pattern.is_match(name))),
        };
        turns.unwrap_or(&shape.others).get(turn).copied().unwrap_or(ShapeId::UNNAMED)
    }

    /// The element at this place of a list at `at`.
    pub(crate) fn element(&self, at: ShapeId, place: usize) -> ShapeId {
        let Some(shape) = self.shape(at) else { return at };
        shape.prefix.get(place).copied().or(shape.rest).unwrap_or(at)
    }

    /// What is said of a value at `at` that is no list, if that is something else.
    pub(crate) fn alone(&self, at: ShapeId) -> Option<ShapeId> {
        self.shape(at)?.alone
    }

    /// The classes of what is there, and of all below it.
    pub(crate) fn classes(&self, at: ShapeId) -> &[ClassId] {
        self.shape(at).map(|shape| &*shape.classes).unwrap_or_default()
    }

    /// Whether anything may be found there or below.
    pub(crate) fn looks(&self, at: ShapeId) -> bool {
        at == ShapeId::UNNAMED || self.shape(at).is_some_and(|shape| shape.looks)
    }
}
