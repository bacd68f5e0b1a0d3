//! What `masking.yaml` means for one topic and one kind of caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tidegate_masking::transform::ClassKey;
use tidegate_masking::{Class, ClassId, Format, Mask, Plan};

use super::rows::{Part, Selector, What};
use super::{ALL_BELOW, Masking};
use crate::topics::with_sources;

/// Says how a plan's id is made; another number makes all plans new ones.
const PLAN_FORM: &str = "tidegate plan 1";

/// The keys of classes, by the name of the class's row.
pub trait ClassKeys: Send + Sync {
    /// The key that is in use, if there is one.
    fn key(&self, row: &str) -> Option<ClassKey>;
}

impl ClassKeys for BTreeMap<String, ClassKey> {
    fn key(&self, row: &str) -> Option<ClassKey> {
        self.get(row).cloned()
    }
}

/// What may be written to a topic.
#[derive(Clone, Debug)]
pub struct Writes {
    /// What is looked for, with a change for what is written masked.
    pub plan: Arc<Plan>,
    /// Of each of the plan's classes, whether a record with it is refused.
    pub refuse: Vec<bool>,
    /// The most bytes of a record's key, value and headers together.
    pub record_bytes_max: Option<usize>,
}

impl Masking {
    /// Whether something is asked of what is written to some topic.
    #[must_use]
    pub fn looks_at_writes(&self) -> bool {
        !self.produce.is_empty()
    }

    /// What may be written to the topic; `None` where nothing is asked of it.
    ///
    /// # Errors
    /// As of [`Masking::plan`].
    pub(crate) fn writes(&self, topic: &str, keys: &dyn ClassKeys) -> Result<Option<Writes>, String> {
        let rows: Vec<_> = self.produce.iter().filter(|row| row.is_about(topic)).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let classes = self.classes_of(topic);
        let is_in = |list: fn(&super::ProduceRow) -> &Vec<String>, class: &&str| {
            rows.iter().any(|row| list(row).iter().any(|listed| listed == class))
        };
        // What one row refuses no other lets pass masked.
        let refuse: Vec<bool> = classes.iter().map(|class| is_in(|row| &row.refuse, class)).collect();
        // Refused classes are looked for as masked ones are: what hides from a mask is no place for them either.
        let clear: Vec<bool> =
            classes.iter().zip(&refuse).map(|(class, refused)| !refused && !is_in(|row| &row.mask, class)).collect();
        let mut plan = self.plan(topic, &clear, keys)?;
        let looks = clear.contains(&false);
        let value = rows.iter().find_map(|row| row.value);
        plan.value.format = value.unwrap_or(plan.value.format);
        for mask in [&mut plan.value, &mut plan.key, &mut plan.headers] {
            mask.strict = looks;
            if !looks {
                // Nothing is looked for: only whether the value is what it has to be counts.
                (mask.fields, mask.tags, mask.content) = Default::default();
            }
        }
        plan.value.strict |= value.is_some();
        plan.value.conform = value == Some(Format::Framed);
        let says = format!("{:?} writes {:?} {value:?} {looks} {refuse:?}", plan.id, plan.value.format);
        plan.id = digest(&SHA256, says.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default();
        let record_bytes_max = rows.iter().filter_map(|row| row.record_bytes_max).min();
        Ok(Some(Writes { plan: Arc::new(plan), refuse, record_bytes_max }))
    }

    /// The classes whose fields may stand in records of the topic, in the order in which plans have them. What stands in a topic may stand
    /// in those that are derived from it, so selectors of a topic are about these too: its changelogs, dead letters and mirrors.
    pub fn classes_of(&self, topic: &str) -> Vec<&str> {
        let parts = [Part::Value, Part::Key, Part::Headers];
        let topics = with_sources(topic);
        let about = self.selectors.iter().filter(|one| parts.iter().any(|part| one.is_about(&topics, *part)));
        let mut classes: Vec<&str> = about.map(|selector| selector.class.as_str()).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    /// Whether something is looked for in records of some topic.
    #[must_use]
    pub fn selects_anything(&self) -> bool {
        !self.selectors.is_empty()
    }

    /// What is masked how in records of the topic, for who sees those of [`Masking::classes_of`] clear for which `clear` is true.
    ///
    /// # Errors
    /// The paths together are too many.
    pub(crate) fn plan(&self, topic: &str, clear: &[bool], keys: &dyn ClassKeys) -> Result<Plan, String> {
        let names = self.classes_of(topic);
        // What a schema of one topic was compiled to is not good for another, whose selectors differ.
        let mut says = format!("{PLAN_FORM}\n{topic:?}\n");
        let mut classes = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let (row, change) = self.row(name).unwrap_or(("", &super::rows::Change::Redact {}));
            let key = keys.key(row).filter(|_| change.is_keyed());
            let key_says = key.as_ref().map(|key| (key.id(), key.fingerprint()));
            let clear = clear.get(place).is_some_and(|clear| *clear);
            says.push_str(&format!("{name:?} {clear} {change:?} {key_says:?}\n"));
            let mask = (!clear).then(|| change.transform(key));
            classes.push(Class { name: (*name).into(), mask });
        }
        let topics = with_sources(topic);
        let row = topics.iter().find_map(|topic| self.topics.iter().find(|row| row.is_about(topic)));
        let part = |part: Part, format: Option<Format>| self.part(&topics, part, format, &names);
        let mut value = part(Part::Value, row.and_then(|row| row.value))?;
        let mut key = part(Part::Key, row.and_then(|row| row.key))?;
        for (mask, end) in [(&mut value, "value"), (&mut key, "key")] {
            let own = row.map(|row| row.subjects.as_slice()).unwrap_or_default();
            mask.subjects = own.iter().map(|subject| subject.as_str().into()).collect();
            if own.is_empty() {
                // Confluent's TopicNameStrategy.
                mask.subjects.push(format!("{topic}-{end}").into());
            }
        }
        let headers = part(Part::Headers, Some(Format::Bytes))?;
        let on_unmaskable = row.and_then(|row| row.on_unmaskable).unwrap_or(self.on_unmaskable);
        for mask in [&value, &key].into_iter().filter(|mask| mask.format == Format::Framed) {
            says.push_str(&format!("{:?}\n", mask.subjects));
        }
        for selector in self.selectors.iter().filter(|one| names.contains(&one.class.as_str())) {
            says.push_str(&format!("{selector:?}\n"));
        }
        says.push_str(&format!("{:?} {:?} {on_unmaskable:?} {:?}\n", value.format, key.format, self.unknown));
        let id = digest(&SHA256, says.as_bytes());
        let id = id.as_ref().first_chunk().copied().unwrap_or_default();
        Ok(Plan { id, classes, value, key, headers, on_unmaskable })
    }

    /// The row that says how a class is changed, and its name.
    pub(super) fn row(&self, class: &str) -> Option<(&str, &super::rows::Change)> {
        let own = self.classes.get_key_value(class);
        let wide = || {
            super::and_above(class).skip(1).find_map(|stem| self.classes.get_key_value(&format!("{stem}{ALL_BELOW}")))
        };
        own.or_else(wide).map(|(name, change)| (name.as_str(), change))
    }

    /// What is looked for in one part of the records of a topic, whose name comes first in `topics`.
    fn part(&self, topics: &[&str], part: Part, format: Option<Format>, names: &[&str]) -> Result<Mask, String> {
        let mut mask = Mask { unknown: self.unknown, ..Mask::default() };
        let mut in_fields = false;
        for Selector { class, what, .. } in self.selectors.iter().filter(|one| one.is_about(topics, part)) {
            let place = names.binary_search(&class.as_str()).ok().and_then(|place| u16::try_from(place).ok());
            let class = ClassId(place.ok_or("more classes than a plan holds")?);
            match what {
                What::Path(path) => {
                    in_fields = true;
                    mask.fields.add_path(path, class)?;
                }
                What::Names(names) => names.iter().for_each(|name| mask.fields.add_name(name, class)),
                What::Tag(tag) => mask.tags.push((tag.as_str().into(), class)),
                What::Content(detectors) => mask.content.extend(detectors.iter().map(|one| (*one, class))),
            }
        }
        // Where only the row of a topic could say what its bytes are, paths say that they are JSON, and tags that a schema is named.
        mask.format = format.unwrap_or(match (mask.tags.is_empty(), in_fields || !mask.fields.is_empty()) {
            (false, _) => Format::Framed,
            (true, true) if part == Part::Value || in_fields => Format::Json,
            _ => Format::Bytes,
        });
        Ok(mask)
    }
}
