//! Tags of earlier versions of a schema: where a later version's messages stand in them.
//!
//! Both are walked in step. A field is followed by its number and its names, of all versions together, so that one that was renamed and
//! then renumbered is still found; a message also by its full name, wherever it stands.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind as Declared, MessageDescriptor};

use crate::fields::fold;
use crate::plan::Mask;
use crate::schema::SchemaError;

pub(super) const OF_MESSAGES: &str = "confluent.message_meta";
pub(super) const OF_FIELDS: &str = "confluent.field_meta";
pub(super) const OF_ENUMS: &str = "confluent.enum_meta";
/// Messages and fields of earlier versions that are looked at for all places together.
const WORK_MAX: usize = 2_000_000;
/// Bytes of the names of all earlier versions.
const NAMES_MAX: usize = 16 << 20;

/// Messages of earlier versions that stand where one of the schema does: the version, and the message in it.
pub(super) type Before = BTreeSet<(usize, usize)>;

/// What has a tag: a version's message, and which of its fields, if one has it.
pub(super) type At = ((usize, usize), Option<usize>);

/// What earlier versions have where a field is.
#[derive(Debug, Default)]
pub(super) struct FieldsBefore {
    /// Tags, as places in [`Mask::tags`], and what has them.
    pub(super) tags: BTreeMap<usize, At>,
    /// What is within.
    pub(super) messages: Before,
}

/// The earlier versions from the first on that has one of the mask's tags.
#[derive(Default)]
pub(super) struct EarlierSchemas {
    versions: Vec<Version>,
    names: usize,
    work: Cell<usize>,
}

/// What is known of one version.
struct Version {
    messages: Vec<Message>,
    by_name: HashMap<String, usize>,
    /// The message at the place of the schema's own.
    root: Option<usize>,
}

#[derive(Default)]
struct Message {
    name: String,
    tags: Vec<usize>,
    fields: Vec<Field>,
    by_number: HashMap<u32, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    /// Its tags and those of all that is within.
    reaches: BTreeSet<usize>,
}

struct Field {
    number: u32,
    names: [String; 2],
    /// Its own, and those of an enum.
    tags: Vec<usize>,
    within: Option<usize>,
}

impl EarlierSchemas {
    /// Adds a version that came before all that were added: all that it declares, and the message at the place of the schema's own.
    ///
    /// # Errors
    /// The versions together have too many names.
    pub(super) fn add(
        &mut self,
        pool: &DescriptorPool,
        root: Option<&MessageDescriptor>,
        mask: &Mask,
    ) -> Result<(), SchemaError> {
        let names = pool.all_messages().map(|message| {
            let fields = message.fields().map(|field| field.name().len() + field.json_name().len());
            message.full_name().len() + fields.sum::<usize>()
        });
        self.names = self.names.saturating_add(names.sum());
        if self.names > NAMES_MAX {
            return Err(SchemaError("earlier versions: their names are too long together".to_owned()));
        }
        self.versions.push(Version::new(pool, root, mask));
        Ok(())
    }

    /// Forgets what stands before the first tag.
    pub(super) fn begin_with_tags(&mut self) {
        let has_tags = |version: &Version| version.messages.iter().any(|message| !message.reaches.is_empty());
        let first = self.versions.iter().rposition(has_tags).map_or(0, |place| place + 1);
        self.versions.truncate(first);
    }

    /// Whether so much had to be looked at that it is given up.
    pub(super) fn is_too_much(&self) -> bool {
        self.work.get() > WORK_MAX
    }

    fn look_at(&self, times: usize) {
        self.work.set(self.work.get().saturating_add(times));
    }

    fn message(&self, (version, message): (usize, usize)) -> Option<&Message> {
        self.versions.get(version)?.messages.get(message)
    }

    /// What stands where the whole payload does.
    pub(super) fn roots(&self) -> Before {
        self.versions.iter().enumerate().filter_map(|(at, version)| Some((at, version.root?))).collect()
    }

    /// A message of the same full name is the same wherever it stands.
    pub(super) fn add_named(&self, name: &str, before: &mut Before) {
        self.look_at(self.versions.len());
        let versions = self.versions.iter().enumerate();
        before.extend(versions.filter_map(|(at, version)| Some((at, *version.by_name.get(name)?))));
    }

    /// The tags of messages themselves.
    pub(super) fn of_messages(&self, before: &Before) -> BTreeMap<usize, At> {
        let mut all = BTreeMap::new();
        for at in before {
            let tags = self.message(*at).map(|message| message.tags.as_slice()).unwrap_or_default();
            self.look_at(1 + tags.len());
            all.extend(tags.iter().map(|tag| (*tag, (*at, None))));
        }
        all
    }

    /// The tags of messages and of all that is within, for where a later version has no messages.
    pub(super) fn within(&self, before: &Before) -> BTreeMap<usize, At> {
        let mut all = BTreeMap::new();
        for at in before {
            let Some(message) = self.message(*at) else { continue };
            self.look_at(1 + message.reaches.len());
            all.extend(message.reaches.iter().map(|tag| (*tag, (*at, None))));
        }
        all
    }

    /// What is called so, for people.
    pub(super) fn name(&self, (message, field): At) -> String {
        let Some(message) = self.message(message) else { return String::new() };
        match field.and_then(|place| message.fields.get(place)) {
            Some(field) => format!("{}.{}", message.name, field.names[0]),
            None => message.name.clone(),
        }
    }

    /// What fields of this number, or of one of these names, were.
    pub(super) fn fields(&self, before: &Before, number: u32, names: &[String]) -> FieldsBefore {
        let mut numbers = BTreeSet::from([number]);
        let mut called: BTreeSet<String> = names.iter().cloned().collect();
        loop {
            let mut all = FieldsBefore::default();
            let mut more = (numbers.clone(), called.clone());
            self.look_at(before.len().saturating_mul(numbers.len().saturating_add(called.len())));
            for (at, of) in before {
                let Some(message) = self.message((*at, *of)) else { continue };
                let by_number = numbers.iter().filter_map(|number| message.by_number.get(number));
                let by_name = called.iter().filter_map(|name| message.by_name.get(name));
                let places: BTreeSet<usize> = by_number.chain(by_name).flatten().copied().collect();
                for (place, field) in places.into_iter().filter_map(|place| Some((place, message.fields.get(place)?))) {
                    self.look_at(1 + field.tags.len());
                    more.0.insert(field.number);
                    more.1.extend(field.names.iter().cloned());
                    all.tags.extend(field.tags.iter().map(|tag| (*tag, ((*at, *of), Some(place)))));
                    all.messages.extend(field.within.map(|within| (*at, within)));
                }
            }
            // Under another number or name it may have had the tag before that.
            if (more.0.len(), more.1.len()) == (numbers.len(), called.len()) || self.is_too_much() {
                return all;
            }
            (numbers, called) = more;
        }
    }

    /// Numbers of fields with tags, or with such within, that are none of these: a later version does not name them, but writers may.
    pub(super) fn gone(&self, before: &Before, declared: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut gone = BTreeSet::new();
        for (at, of) in before {
            let Some(message) = self.message((*at, *of)) else { continue };
            self.look_at(message.fields.len());
            let reaches = |within: usize| self.message((*at, within)).is_some_and(|inner| !inner.reaches.is_empty());
            let tagged = |field: &&Field| !field.tags.is_empty() || field.within.is_some_and(reaches);
            gone.extend(message.fields.iter().filter(tagged).map(|field| field.number));
        }
        gone.retain(|number| !declared.contains(number));
        gone
    }
}

impl Version {
    fn new(pool: &DescriptorPool, root: Option<&MessageDescriptor>, mask: &Mask) -> Version {
        // Entries of maps are messages too.
        let all: Vec<MessageDescriptor> = pool.all_messages().collect();
        let place = |(place, message): (usize, &MessageDescriptor)| (message.full_name().to_owned(), place);
        let by_name: HashMap<String, usize> = all.iter().enumerate().map(place).collect();
        let within = |kind: &Declared| match kind {
            Declared::Message(message) => by_name.get(message.full_name()).copied(),
            _ => None,
        };
        let tags = |field: Vec<usize>, kind: &Declared| match kind {
            Declared::Enum(declared) => [field, tagged(mask, || declared.options(), OF_ENUMS)].concat(),
            _ => field,
        };
        let mut messages = Vec::new();
        for message in &all {
            let own = message.fields().map(|field: FieldDescriptor| Field {
                number: field.number(),
                names: [field.name().to_owned(), field.json_name().to_owned()],
                tags: tags(tagged(mask, || field.options(), OF_FIELDS), &field.kind()),
                within: within(&field.kind()),
            });
            let more = message.extensions().map(|field| Field {
                number: field.number(),
                names: [field.name().to_owned(), field.full_name().to_owned()],
                tags: tags(tagged(mask, || field.options(), OF_FIELDS), &field.kind()),
                within: within(&field.kind()),
            });
            let fields: Vec<Field> = own.chain(more).collect();
            let (mut by_number, mut by_name) =
                (HashMap::<u32, Vec<usize>>::new(), HashMap::<String, Vec<usize>>::new());
            for (place, field) in fields.iter().enumerate() {
                by_number.entry(field.number).or_default().push(place);
                for name in &field.names {
                    by_name.entry(name.clone()).or_default().push(place);
                }
            }
            let tags = tagged(mask, || message.options(), OF_MESSAGES);
            let reaches = fields.iter().flat_map(|field| &field.tags).chain(&tags).copied().collect();
            messages.push(Message { name: message.full_name().to_owned(), tags, fields, by_number, by_name, reaches });
        }
        reach(&mut messages);
        let root = root.and_then(|root| by_name.get(root.full_name()).copied());
        Version { messages, by_name, root }
    }
}

/// Lets each message reach what those within it do.
fn reach(messages: &mut [Message]) {
    let mut above: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (place, message) in messages.iter().enumerate() {
        for within in message.fields.iter().filter_map(|field| field.within) {
            above.entry(within).or_default().insert(place);
        }
    }
    let mut open: BTreeSet<usize> = (0..messages.len()).collect();
    while let Some(place) = open.pop_first() {
        let Some(reaches) = messages.get(place).map(|message| message.reaches.clone()) else { continue };
        for holder in above.get(&place).into_iter().flatten() {
            if let Some(message) = messages.get_mut(*holder) {
                let before = message.reaches.len();
                message.reaches.extend(&reaches);
                if message.reaches.len() > before {
                    open.insert(*holder);
                }
            }
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
    places.sort_unstable();
    places.dedup();
    places
}
