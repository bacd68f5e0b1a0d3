//! `masking.yaml`: the classes of fields, how each is changed, where its fields are, and how topics are read. Who may see a class
//! clear is Cedar's to say (`unmask`).
//!
//! The first selector that gives a field a class counts.

mod plan;
mod produce;
mod rate;
mod reading;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tidegate_masking::{ClassId, Format, Mask, OnUnmaskable, Unknown};
use tidegate_model::Level;

use crate::error::{Place, PolicyError};
use crate::folder::PolicyFiles;
use crate::topics::{not_yaml, places_of_rows, with_sources};
pub use plan::{ClassKeys, Copied, Quarantine, Storage, Writes};
use produce::{ProduceRow, RawProduce};
pub use rate::Rate;
use reading::FileSchemas;
use rows::{Change, RawRemovedTags, RawSelector, RawTopic, Selector, TopicRow};

/// The file's name inside a policy folder.
pub(crate) const FILE: &str = "masking.yaml";
const CLASSES_MAX: usize = 1_000;
const SELECTORS_MAX: usize = 10_000;
const TOPICS_MAX: usize = 10_000;
const NAME_MAX: usize = 100;
/// Ends a name that stands for all classes below it.
pub(crate) const ALL_BELOW: &str = ".*";
const MEND: &str = "it has classes, selectors, topics, produce, removed_tags, on_unmaskable and unknown_fields";

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
    /// Subjects, and versions from which on tags that earlier versions have count no more.
    removed_tags: BTreeSet<(String, u32)>,
    on_unmaskable: OnUnmaskable,
    unknown: Unknown,
    /// The files of the folder that schemas of topics are made of.
    schema_files: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// Names of classes, such as `PII.email`, and how each is changed. A name that ends with `.*` stands for all below it that have no
    /// row of their own.
    #[serde(default)]
    classes: BTreeMap<String, Change>,
    /// Which fields are of which class. The first that gives a field a class counts.
    #[serde(default)]
    selectors: Vec<RawSelector>,
    /// How topics are read.
    #[serde(default)]
    topics: Vec<RawTopic>,
    /// What may be written. All rows whose topic fits count.
    #[serde(default)]
    produce: Vec<RawProduce>,
    /// Tags that later versions of a schema have no more, where somebody has approved that. All others are kept.
    #[serde(default)]
    removed_tags: Vec<RawRemovedTags>,
    /// What becomes of records that cannot be read to their end.
    #[serde(default)]
    on_unmaskable: rows::RawOnUnmaskable,
    /// What becomes of Protobuf fields that no schema names.
    #[serde(default)]
    unknown_fields: rows::RawUnknown,
}

impl Masking {
    /// Reads the text of `masking.yaml`, and the schemas among `files` that it names.
    ///
    /// # Errors
    /// Unknown keys, too much, transforms that mean nothing, a selector of a class that is not there, a schema that cannot be used;
    /// with file, line and column.
    pub(crate) fn read(text: &str, files: &PolicyFiles) -> Result<Masking, PolicyError> {
        let raw: Option<Raw> = serde_norway::from_str(text).map_err(|error| not_yaml(FILE, &error, MEND))?;
        let Some(raw) = raw else { return Ok(Masking::default()) };
        if raw.classes.len() > CLASSES_MAX
            || raw.selectors.len() > SELECTORS_MAX
            || raw.topics.len() > TOPICS_MAX
            || raw.produce.len() > TOPICS_MAX
            || raw.removed_tags.len() > TOPICS_MAX
        {
            let what = format!(
                "more than {CLASSES_MAX} classes, {SELECTORS_MAX} selectors or {TOPICS_MAX} topics or rows of produce or removed_tags"
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
            removed_tags: removed_tags(raw.removed_tags, text)?,
            on_unmaskable: raw.on_unmaskable.into(),
            unknown: raw.unknown_fields.into(),
            schema_files: BTreeSet::new(),
        };
        // Of all topics together: no topic can have more.
        let mut everything = Mask { format: Format::Schema, ..Mask::default() };
        for (index, selector) in raw.selectors.into_iter().enumerate() {
            let wrong = |what: String, mend: &str| PolicyError::at(place_under("selectors", index, text), what, mend);
            let selector = Selector::read(selector).map_err(|what| wrong(what, rows::SELECTOR))?;
            if masking.row(&selector.class).is_none() {
                let what = format!("class {:?} stands not under classes", selector.class);
                return Err(wrong(what, "write one of its classes, or add it there"));
            }
            let added = selector.what.add_to(&mut everything, ClassId(0));
            added.map_err(|what| wrong(what, "name fewer fields beside *"))?;
            masking.selectors.push(selector);
        }
        let mut schemas = FileSchemas::new(files, everything);
        for (index, row) in raw.topics.into_iter().enumerate() {
            let in_row = |what| PolicyError::at(place_under("topics", index, text), what, rows::TOPIC);
            masking.topics.push(TopicRow::read(row, &mut schemas).map_err(|wrong| wrong.or_in_row(in_row))?);
        }
        masking.refuse_unknown_records(text)?;
        masking.schema_files = schemas.used();
        for (index, row) in raw.produce.into_iter().enumerate() {
            let wrong = |what| PolicyError::at(place_under("produce", index, text), what, produce::PRODUCE);
            let row = ProduceRow::read(row).map_err(wrong)?;
            let known = |class: &&String| masking.selectors.iter().any(|selector| selector.class == **class);
            if let Some(class) = row.refuse.iter().chain(&row.mask).find(|class| !known(class)) {
                return Err(wrong(format!("class {class:?} is of no selector, so nothing of it is ever found")));
            }
            if row.value == Some(Format::Schema) && !masking.has_schema(&row) {
                return Err(wrong("value: schema, but under topics no file has the schema of its values".to_owned()));
            }
            masking.produce.push(row);
        }
        masking.refuse_unknown_copies(text)?;
        Ok(masking)
    }

    /// Refuses a row that would copy records of a topic under a storage mask that looks for nothing, without anybody having said that it
    /// may.
    fn refuse_unknown_copies(&self, text: &str) -> Result<(), PolicyError> {
        for (index, row) in self.produce.iter().enumerate() {
            let (Some(to), Some(topic)) = (&row.quarantine, row.one_topic()) else { continue };
            if !to.original && !self.knows_what_is_in(topic) {
                let what = format!(
                    "quarantine: nothing is looked for in records of {topic:?}, so nobody knows what the copies may hold"
                );
                let mend = "write selectors for it, say under topics that it carries none (carries: none) or what is plain, or copy \
                            records as they came (original: true)";
                return Err(PolicyError::at(place_under("produce", index, text), what, mend));
            }
        }
        Ok(())
    }

    /// Refuses a row that would keep records of a topic as they are, without anybody having said that they may be.
    fn refuse_unknown_records(&self, text: &str) -> Result<(), PolicyError> {
        let kept = |row: &TopicRow| row.record == Some(Level::Full) && !row.topic.contains('*');
        let unknown = |row: &TopicRow| kept(row) && self.level(&row.topic) != Level::Full;
        let Some((index, row)) = self.topics.iter().enumerate().find(|(_, row)| unknown(row)) else { return Ok(()) };
        let topic = &row.topic;
        let what = format!("nothing is looked for in records of {topic:?}, so all of them would be kept as they are");
        let mend =
            "write selectors for it, list its plain fields (plain: [...]), or say that it carries none (carries: none)";
        Err(PolicyError::at(place_under("topics", index, text), what, mend))
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

    /// Whether values of the topics that a row of `produce` is about have a schema of a file; of a pattern's, whether any topic has.
    fn has_schema(&self, row: &ProduceRow) -> bool {
        let has = |row: &TopicRow| row.value.as_ref().is_some_and(|value| value.format() == Format::Schema);
        match row.one_topic() {
            Some(topic) => self.row_of(&with_sources(topic)).is_some_and(has),
            None => self.topics.iter().any(has),
        }
    }

    /// The row that says how a topic is read, whose name comes first in `topics`.
    fn row_of(&self, topics: &[&str]) -> Option<&TopicRow> {
        topics.iter().find_map(|topic| self.topics.iter().find(|row| row.is_about(topic)))
    }

    /// The files of the folder that schemas of topics are made of.
    pub(crate) fn schema_files(&self) -> &BTreeSet<String> {
        &self.schema_files
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

/// Subjects and versions.
fn removed_tags(rows: Vec<RawRemovedTags>, text: &str) -> Result<BTreeSet<(String, u32)>, PolicyError> {
    let mut approved = BTreeSet::new();
    for (index, row) in rows.into_iter().enumerate() {
        let wrong = |what| PolicyError::at(place_under("removed_tags", index, text), what, rows::REMOVED_TAGS);
        approved.insert(row.read().map_err(wrong)?);
    }
    Ok(approved)
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
