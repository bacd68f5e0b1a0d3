//! Tags of earlier versions of a schema: where a later version's messages stand in them.

use std::collections::{BTreeSet, HashMap};

use prost_reflect::{DescriptorPool, DynamicMessage, Kind as Declared, MessageDescriptor};

use crate::fields::fold;
use crate::plan::Mask;

pub(super) const OF_MESSAGES: &str = "confluent.message_meta";
pub(super) const OF_FIELDS: &str = "confluent.field_meta";
pub(super) const OF_ENUMS: &str = "confluent.enum_meta";

/// Messages of earlier versions that stand where one of the schema does: the version and the full name.
pub(super) type Before = BTreeSet<(usize, String)>;

/// What earlier versions have where a field is.
#[derive(Default)]
pub(super) struct FieldsBefore {
    /// Tags, as places in [`Mask::tags`], and what has them.
    pub(super) tags: Vec<(usize, String)>,
    /// What is within.
    pub(super) messages: Before,
}

/// The earlier versions that have one of the mask's tags.
pub(super) struct EarlierSchemas(Vec<Version>);

struct Version {
    pool: DescriptorPool,
    /// The message at the place of the schema's own.
    root: Option<MessageDescriptor>,
    /// The tags of messages, fields and enums by their full names, as places in [`Mask::tags`].
    tags: HashMap<String, Vec<usize>>,
}

impl EarlierSchemas {
    pub(super) fn new(earlier: Vec<(DescriptorPool, Option<MessageDescriptor>)>, mask: &Mask) -> EarlierSchemas {
        let versions = earlier.into_iter().map(|(pool, root)| Version { tags: tags_of(&pool, mask), pool, root });
        EarlierSchemas(versions.filter(|version| !version.tags.is_empty()).collect())
    }

    /// What stands where the whole payload does.
    pub(super) fn roots(&self) -> Before {
        let roots = self.0.iter().enumerate();
        roots.filter_map(|(at, version)| Some((at, version.root.as_ref()?.full_name().to_owned()))).collect()
    }

    /// A message of the same full name is the same wherever it stands.
    pub(super) fn add_named(&self, name: &str, before: &mut Before) {
        let has = |version: &Version| version.pool.get_message_by_name(name).is_some();
        before.extend(self.0.iter().enumerate().filter(|(_, it)| has(it)).map(|(at, _)| (at, name.to_owned())));
    }

    /// The tags of messages themselves.
    pub(super) fn of_messages(&self, before: &Before) -> Vec<(usize, String)> {
        before.iter().flat_map(|(at, name)| self.tags(*at, name)).collect()
    }

    fn tags(&self, version: usize, name: &str) -> Vec<(usize, String)> {
        let tags = self.0.get(version).and_then(|version| version.tags.get(name));
        tags.into_iter().flatten().map(|tag| (*tag, name.to_owned())).collect()
    }

    /// What fields of this number, or of one of these names, were.
    pub(super) fn fields(&self, before: &Before, number: u32, names: &[String]) -> FieldsBefore {
        let mut all = FieldsBefore::default();
        for (at, name) in before {
            let Some(version) = self.0.get(*at) else { continue };
            let Some(message) = version.pool.get_message_by_name(name) else { continue };
            let by_name = names.iter().filter_map(|name| message.get_field_by_name(name));
            let by_json = names.iter().filter_map(|name| message.get_field_by_json_name(name));
            for field in message.get_field(number).into_iter().chain(by_name).chain(by_json) {
                all.add(self, *at, field.full_name(), &field.kind());
            }
            for extension in message.extensions() {
                if extension.number() == number || names.iter().any(|name| *name == extension.full_name()) {
                    all.add(self, *at, extension.full_name(), &extension.kind());
                }
            }
        }
        all
    }
}

impl FieldsBefore {
    fn add(&mut self, earlier: &EarlierSchemas, at: usize, name: &str, kind: &Declared) {
        self.tags.extend(earlier.tags(at, name));
        match kind {
            Declared::Message(entry) if entry.is_map_entry() => {
                let value = entry.map_entry_value_field();
                self.add(earlier, at, value.full_name(), &value.kind());
            }
            Declared::Message(message) => {
                self.messages.insert((at, message.full_name().to_owned()));
            }
            Declared::Enum(declared) => self.tags.extend(earlier.tags(at, declared.full_name())),
            _ => {}
        }
    }
}

/// The mask's tags in one of Confluent's annotations, as places in [`Mask::tags`].
pub(super) fn tagged(mask: &Mask, options: impl FnOnce() -> DynamicMessage, annotation: &str) -> Vec<usize> {
    let mut places = Vec::new();
    if mask.tags.is_empty() {
        return places;
    }
    let options = options();
    for (_, meta) in options.extensions().filter(|(extension, _)| extension.full_name() == annotation) {
        let tags = meta.as_message().and_then(|meta| meta.get_field_by_name("tags"));
        for tag in tags.iter().filter_map(|tags| tags.as_list()).flatten().filter_map(|tag| tag.as_str()) {
            let wanted = mask.tags.iter().enumerate().filter(|(_, (wanted, _))| fold(wanted) == fold(tag));
            places.extend(wanted.map(|(place, _)| place));
        }
    }
    places
}

fn tags_of(pool: &DescriptorPool, mask: &Mask) -> HashMap<String, Vec<usize>> {
    let mut all = HashMap::new();
    let mut add = |name: &str, tags: Vec<usize>| {
        if !tags.is_empty() {
            all.insert(name.to_owned(), tags);
        }
    };
    for message in pool.all_messages() {
        add(message.full_name(), tagged(mask, || message.options(), OF_MESSAGES));
        for field in message.fields() {
            add(field.full_name(), tagged(mask, || field.options(), OF_FIELDS));
        }
    }
    for declared in pool.all_enums() {
        add(declared.full_name(), tagged(mask, || declared.options(), OF_ENUMS));
    }
    for extension in pool.all_extensions() {
        add(extension.full_name(), tagged(mask, || extension.options(), OF_FIELDS));
    }
    all
}
