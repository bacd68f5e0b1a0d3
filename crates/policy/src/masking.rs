//! `masking.yaml`: the classes of fields, how each is changed, where its fields are, and how topics are read. Who may see a class
//! clear is Cedar's to say (`unmask`).
//!
//! The first selector that gives a field a class counts.

mod plan;
mod rate;
mod rows;

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_masking::{ClassId, Fields, OnUnmaskable, Unknown};

use crate::error::{Place, PolicyError};
use crate::topics::{not_yaml, places_of_rows};
pub use plan::{ClassKeys, Writes};
pub use rate::Rate;
use rows::{Change, ProduceRow, RawProduce, RawSelector, RawTopic, Selector, TopicRow, What};

/// The file's name inside a policy folder.
pub(crate) const FILE: &str = "masking.yaml";
const CLASSES_MAX: usize = 1_000;
const SELECTORS_MAX: usize = 10_000;
const TOPICS_MAX: usize = 10_000;
const NAME_MAX: usize = 100;
/// Ends a name that stands for all classes below it.
pub(crate) const ALL_BELOW: &str = ".*";
const MEND: &str = "it has classes, selectors, topics, produce, on_unmaskable and unknown_fields";

/// What `masking.yaml` says.
#[derive(Debug, Default)]
pub struct Masking {
    /// By name, also `PII.*` for all below.
    classes: BTreeMap<String, Change>,
    /// In the order of the file.
    selectors: Vec<Selector>,
    /// In the order of the file; the first whose pattern fits counts.
    topics: Vec<TopicRow>,
    /// In the order of the file; all whose patterns fit count.
    produce: Vec<ProduceRow>,
    on_unmaskable: OnUnmaskable,
    unknown: Unknown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    classes: BTreeMap<String, Change>,
    #[serde(default)]
    selectors: Vec<RawSelector>,
    #[serde(default)]
    topics: Vec<RawTopic>,
    #[serde(default)]
    produce: Vec<RawProduce>,
    #[serde(default)]
    on_unmaskable: rows::RawOnUnmaskable,
    #[serde(default)]
    unknown_fields: rows::RawUnknown,
}

impl Masking {
    /// Reads the text of `masking.yaml`.
    ///
    /// # Errors
    /// Unknown keys, too much, transforms that mean nothing, a selector of a class that is not there; with file, line and column.
    pub(crate) fn parse(text: &str) -> Result<Masking, PolicyError> {
        let raw: Option<Raw> = serde_norway::from_str(text).map_err(|error| not_yaml(FILE, &error, MEND))?;
        let Some(raw) = raw else { return Ok(Masking::default()) };
        if raw.classes.len() > CLASSES_MAX
            || raw.selectors.len() > SELECTORS_MAX
            || raw.topics.len() > TOPICS_MAX
            || raw.produce.len() > TOPICS_MAX
        {
            let what = format!(
                "more than {CLASSES_MAX} classes, {SELECTORS_MAX} selectors or {TOPICS_MAX} topics or rows of produce"
            );
            return Err(PolicyError::folder(FILE, what, "merge some"));
        }
        for (name, change) in &raw.classes {
            let is_name = is_class(name.strip_suffix(ALL_BELOW).unwrap_or(name));
            let checked =
                if is_name { change.check() } else { Err(format!("{NO_CLASS}, and may end with {ALL_BELOW}")) };
            checked.map_err(|what| {
                let what = format!("class {name:?}: {what}");
                PolicyError::at(place_of_class(name, text), what, "docs/masking.md lists the transforms")
            })?;
        }
        let mut masking = Masking {
            classes: raw.classes,
            selectors: Vec::new(),
            topics: Vec::new(),
            produce: Vec::new(),
            on_unmaskable: raw.on_unmaskable.into(),
            unknown: raw.unknown_fields.into(),
        };
        // All paths together, which no topic can have more of.
        let mut paths = Fields::default();
        for (index, selector) in raw.selectors.into_iter().enumerate() {
            let wrong = |what: String, mend: &str| PolicyError::at(place_under("selectors", index, text), what, mend);
            let selector = Selector::read(selector).map_err(|what| wrong(what, rows::SELECTOR))?;
            if masking.row(&selector.class).is_none() {
                let what = format!("class {:?} stands not under classes", selector.class);
                return Err(wrong(what, "write one of its classes, or add it there"));
            }
            if let What::Path(path) = &selector.what {
                paths.add_path(path, ClassId(0)).map_err(|what| wrong(what, "name fewer fields beside *"))?;
            }
            masking.selectors.push(selector);
        }
        for (index, row) in raw.topics.into_iter().enumerate() {
            let wrong = |what| PolicyError::at(place_under("topics", index, text), what, rows::TOPIC);
            masking.topics.push(TopicRow::read(row).map_err(wrong)?);
        }
        for (index, row) in raw.produce.into_iter().enumerate() {
            let wrong = |what| PolicyError::at(place_under("produce", index, text), what, rows::PRODUCE);
            let row = ProduceRow::read(row).map_err(wrong)?;
            let known = |class: &&String| masking.selectors.iter().any(|selector| selector.class == **class);
            if let Some(class) = row.refuse.iter().chain(&row.mask).find(|class| !known(class)) {
                return Err(wrong(format!("class {class:?} is of no selector, so nothing of it is ever found")));
            }
            masking.produce.push(row);
        }
        Ok(masking)
    }

    /// Whether this is a class, or one that has classes below it: `PII` where there is `PII.email`.
    pub(crate) fn know(&self, name: &str) -> bool {
        is_class(name)
            && self.classes.keys().any(|class| {
                let stem = class.strip_suffix(ALL_BELOW);
                let below =
                    |wide: &str, narrow: &str| narrow.strip_prefix(wide).is_some_and(|rest| rest.starts_with('.'));
                class == name || below(name, class) || stem.is_some_and(|stem| stem == name || below(stem, name))
            })
    }

    /// The classes that fields can be of, as far as rows and selectors name them.
    pub(crate) fn classes(&self) -> impl Iterator<Item = &str> {
        let rows = self.classes.keys().map(String::as_str).filter(|name| is_class(name));
        rows.chain(self.selectors.iter().map(|selector| selector.class.as_str()))
    }

    /// The classes whose changes need a key of their own, by the name of the row that says so: `masking.yaml` has no keys.
    pub fn keyed(&self) -> impl Iterator<Item = &str> {
        self.classes.iter().filter(|(_, change)| change.is_keyed()).map(|(name, _)| name.as_str())
    }
}

/// Where a class's row stands; the file as a whole where it is written in another way.
fn place_of_class(name: &str, text: &str) -> Place {
    let begins = |line: &str| {
        let line = line.trim_start_matches([' ', '\'', '"']);
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start_matches(['\'', '"']).starts_with(':'))
    };
    let found = text.lines().zip(1..).find(|(line, _)| begins(line));
    Place::new(FILE, found.map_or((1, 1), |(line, number)| (number, line.len() - line.trim_start().len() + 1)))
}

/// Where a row of one of the lists stands.
fn place_under(list: &str, index: usize, text: &str) -> Place {
    let begins = |line: &str, word: &str| line.strip_prefix(word).is_some_and(|rest| rest.starts_with(':'));
    let before = text.lines().take_while(|line| !begins(line, list)).count() + 1;
    let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphabetic());
    let rows: Vec<&str> = text.lines().skip(before).take_while(|line| !is_key(line)).collect();
    let (line, column) = places_of_rows(&rows.join("\n")).get(index).copied().unwrap_or((0, 1));
    Place::new(FILE, (before + line, column))
}

/// A class and those above it, the class first: `PII.email`, `PII`.
pub(crate) fn and_above(class: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(class), |class| class.rsplit_once('.').map(|(above, _)| above))
}

/// Whether it is a name that a class can have.
pub(crate) fn is_class(name: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    name.len() <= NAME_MAX && name.split('.').all(is_word)
}

/// What is said of a name that is no class's.
pub(crate) const NO_CLASS: &str = "a name has at most 100 of a-z A-Z 0-9 _ - in words joined by dots";

#[cfg(test)]
mod tests;
