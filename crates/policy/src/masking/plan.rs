//! What `masking.yaml` means for one topic and one kind of caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tidegate_masking::transform::ClassKey;
use tidegate_masking::{Class, ClassId, Format, Mask, Plan, Transform};
use tidegate_model::Level;

use super::rate::Rate;
use super::reading::Reading;
use super::rows::{Part, Selector, TopicRow, What};
use super::{ALL_BELOW, Masking};
use crate::topics::{matches, overlap, with_sources};

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

/// What evidence keeps of the records of a topic.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    /// How much.
    pub level: Level,
    /// With [`Level::Full`], the storage mask: every class is masked, whoever may see it live. `None` where nothing is looked for.
    pub plan: Option<Arc<Plan>>,
}

/// Where records of a topic go that are refused for what is in them.
#[derive(Clone, Debug)]
pub struct Quarantine {
    /// The topic's own name.
    pub topic: Arc<str>,
    /// What is copied of them.
    pub copy: Copied,
}

/// What is copied of records to a quarantine topic.
#[derive(Clone, Debug)]
pub enum Copied {
    /// All, as it came.
    Original,
    /// What the storage mask leaves of it, as of [`Storage::plan`].
    Masked(Option<Arc<Plan>>),
    /// Nothing: nobody has said what may be in them.
    Nothing,
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
    /// How fast one caller may write.
    pub rate: Rate,
    /// Whether anything is asked of single records.
    pub looks: bool,
    /// Where those that are refused go, if they go anywhere.
    pub quarantine: Option<Quarantine>,
}

impl Masking {
    /// Whether something is asked of what is written to some topic.
    #[must_use]
    pub fn looks_at_writes(&self) -> bool {
        !self.produce.is_empty()
    }

    /// Whether a row says how much evidence keeps of some topic.
    #[must_use]
    pub fn says_what_is_kept(&self) -> bool {
        self.topics.iter().any(|row| row.record.is_some())
    }

    /// Topics whose rows name them, and patterns of rows that say how much evidence keeps.
    pub(crate) fn topics_and_patterns(&self) -> impl Iterator<Item = &str> {
        let told = self.topics.iter().filter(|row| row.record.is_some() || !row.topic.contains('*'));
        told.map(|row| row.topic.as_str())
    }

    /// How much evidence keeps of the topic's records. They are kept themselves only where a row says so and they are looked into, or the
    /// row says that they carry nothing.
    #[must_use]
    pub fn level(&self, topic: &str) -> Level {
        // What is made of a topic may hold other things than it, so only its own row counts.
        let row = self.row_of(&[topic]);
        match row.and_then(|row| row.record.map(|level| (row, level))) {
            Some((_, Level::Full)) if !self.knows_what_is_in(topic) => Level::Digest,
            other => other.map_or(Level::Digest, |(_, level)| level),
        }
    }

    /// Whether somebody has said what is in records of the topic, so that its storage mask leaves nothing that is sensitive.
    pub(super) fn knows_what_is_in(&self, topic: &str) -> bool {
        let told = |row: &TopicRow| row.carries_none || !row.plain.is_empty();
        self.row_of(&[topic]).is_some_and(told) || !self.classes_of(topic).is_empty()
    }

    /// What evidence keeps of the topic's records, and how they are masked there.
    ///
    /// # Errors
    /// As of [`Masking::plan`].
    pub(crate) fn storage(&self, topic: &str, keys: &dyn ClassKeys) -> Result<Storage, String> {
        let level = self.level(topic);
        let plan = if level == Level::Full { self.storage_plan(topic, keys)? } else { None };
        Ok(Storage { level, plan })
    }

    /// The storage mask; `None` where nothing is looked for.
    fn storage_plan(&self, topic: &str, keys: &dyn ClassKeys) -> Result<Option<Arc<Plan>>, String> {
        let plain = self.row_of(&[topic]).map(|row| row.plain.as_slice()).unwrap_or_default();
        let classes = self.classes_of(topic).len();
        if classes == 0 && plain.is_empty() {
            return Ok(None);
        }
        let mut plan = self.plan(topic, &vec![false; classes], keys)?;
        if !plain.is_empty() {
            let ids =
                u16::try_from(classes).ok().and_then(|plain| Some((ClassId(plain), ClassId(plain.checked_add(1)?))));
            let (plain_class, rest) = ids.ok_or("more classes than a plan holds")?;
            // No class is called so.
            plan.classes.push(Class { name: "(plain)".into(), mask: None });
            // With its name, which may be data too.
            plan.classes.push(Class { name: "(rest)".into(), mask: Some(Transform::DropField) });
            for path in plain {
                plan.value.fields.add_path(path, plain_class)?;
            }
            plan.value.format = Format::Json;
            for mask in [&mut plan.value, &mut plan.key, &mut plan.headers] {
                mask.rest = Some(rest);
            }
            let says = format!("{:?} plain {plain:?}", plan.id);
            plan.id = digest(&SHA256, says.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default();
        }
        Ok(Some(Arc::new(plan)))
    }

    /// Where what is refused of the topic goes.
    fn quarantine(
        &self,
        topic: &str,
        rows: &[&super::ProduceRow],
        keys: &dyn ClassKeys,
    ) -> Result<Option<Quarantine>, String> {
        let Some(to) = rows.iter().find_map(|row| row.quarantine.as_ref()) else { return Ok(None) };
        let copy = match to.original {
            true => Copied::Original,
            false if self.knows_what_is_in(topic) => Copied::Masked(self.storage_plan(topic, keys)?),
            false => Copied::Nothing,
        };
        Ok(Some(Quarantine { topic: Arc::clone(&to.topic), copy }))
    }

    /// The names of a topic and of all that may be in it: of those that it is made of, and patterns of those whose refused records are
    /// copied to it.
    fn may_hold<'a>(&'a self, topic: &'a str) -> Vec<&'a str> {
        let mut names = with_sources(topic);
        let mut left: Vec<_> =
            self.produce.iter().filter_map(|row| Some((row, &*row.quarantine.as_ref()?.topic))).collect();
        // What is copied to a topic may be copied on from it.
        loop {
            let before = names.len();
            left.retain(|(row, to)| {
                let holds = names.iter().any(|name| overlap(name, to));
                if holds {
                    names.extend(with_sources(row.topic()));
                }
                !holds
            });
            if names.len() == before {
                break;
            }
        }
        names
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
        let topics = self.may_hold(topic);
        let row = self.row_of(&topics);
        for mask in [&mut plan.value, &mut plan.key, &mut plan.headers] {
            mask.strict = looks;
            if !looks {
                // Nothing is looked for: only whether the value is what it has to be counts.
                (mask.fields, mask.tags, mask.content) = Default::default();
            }
        }
        plan.value.strict |= value.is_some();
        if !looks {
            // What was compiled looks for what is not looked for any more.
            let readings = row.map(|row| [(&mut plan.value, &row.value), (&mut plan.key, &row.key)]);
            for (mask, reading) in readings.into_iter().flatten() {
                reading.as_ref().map_or(Ok(()), |reading| reading.compile(mask))?;
            }
        }
        plan.value.conform = value == Some(Format::Framed);
        let says = format!("{:?} writes {:?} {value:?} {looks} {refuse:?}", plan.id, plan.value.format);
        plan.id = digest(&SHA256, says.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default();
        let record_bytes_max = rows.iter().filter_map(|row| row.record_bytes_max).min();
        let rate = rows.iter().fold(Rate::default(), |rate, row| rate.and(row.rate));
        let looks = plan.value.strict || plan.key.strict || record_bytes_max.is_some();
        let quarantine = self.quarantine(topic, &rows, keys)?;
        Ok(Some(Writes { plan: Arc::new(plan), refuse, record_bytes_max, rate, looks, quarantine }))
    }

    /// The classes whose fields may stand in records of the topic, in the order in which plans have them. What stands in a topic may stand
    /// in those that are derived from it, so selectors of a topic are about these too: its changelogs, dead letters and mirrors.
    pub fn classes_of(&self, topic: &str) -> Vec<&str> {
        let parts = [Part::Value, Part::Key, Part::Headers];
        let topics = self.may_hold(topic);
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
        let topics = self.may_hold(topic);
        let row = self.row_of(&topics);
        let part = |part: Part, format: Option<Format>| self.part(&topics, part, format, &names);
        let (reads_value, reads_key) = (row.and_then(|row| row.value.as_ref()), row.and_then(|row| row.key.as_ref()));
        let mut value = part(Part::Value, reads_value.map(Reading::format))?;
        let mut key = part(Part::Key, reads_key.map(Reading::format))?;
        for (mask, end) in [(&mut value, "value"), (&mut key, "key")] {
            let own = row.map(|row| row.subjects.as_slice()).unwrap_or_default();
            mask.subjects = own.iter().map(|subject| subject.as_str().into()).collect();
            if own.is_empty() {
                // Confluent's TopicNameStrategy.
                mask.subjects.push(format!("{topic}-{end}").into());
            }
            if !mask.tags.is_empty() {
                let is_own = |subject: &str| mask.subjects.iter().any(|pattern| matches(pattern, subject));
                let own = self.removed_tags.iter().filter(|(subject, _)| is_own(subject));
                mask.tags_since = own.map(|(subject, version)| (subject.as_str().into(), *version)).collect();
            }
        }
        let headers = part(Part::Headers, Some(Format::Bytes))?;
        let on_unmaskable = row.and_then(|row| row.on_unmaskable).unwrap_or(self.on_unmaskable);
        for mask in [&value, &key] {
            says.push_str(&format!("{:?} {:?}\n", mask.subjects, mask.tags_since));
        }
        for (mask, reading) in [(&mut value, reads_value), (&mut key, reads_key)] {
            let Some(reading) = reading else { continue };
            reading.compile(mask)?;
            if let Some(digest) = reading.digest() {
                says.push_str(&format!("schema {digest:?}\n"));
            }
        }
        for selector in self.selectors.iter().filter(|one| names.contains(&one.class.as_str())) {
            says.push_str(&format!("{selector:?}\n"));
        }
        // Which of them look there depends also on what is copied to the topic.
        says.push_str(&format!("{topics:?}\n"));
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
            in_fields |= matches!(what, What::Path(_));
            what.add_to(&mut mask, class)?;
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
