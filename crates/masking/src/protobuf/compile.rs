//! From descriptors to shapes.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{
    Cardinality, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind as Declared, MessageDescriptor,
};

use super::earlier::{At, Before, EarlierSchemas, OF_ENUMS, OF_FIELDS, OF_MESSAGES, tagged};
use super::wire::{Form, write_bytes, write_number};
use super::{DEPTH_MAX, Field, Kind, Map, NEAR, ProtobufPlan, Shape};
use crate::fields::Node;
use crate::plan::{ClassId, Mask};
use crate::schema::{RemovedTags, SchemaError};

/// Fields of all shapes together; paths through messages that many fields have multiply them.
const FIELDS_MAX: usize = 500_000;
/// Bytes of a message's full name that count as a field: each place keeps it.
const NAME_BYTES: usize = 128;
/// Bytes of a message of nothing but what is required; required messages in required messages multiply them.
const BLANK_MAX: usize = 4096;
/// What a map's keys are called in paths.
const KEYS: &str = "@key";

/// What makes two places of one message type differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    message: String,
    nodes: Vec<Node>,
    /// Of a wrapper's value.
    classes: Vec<ClassId>,
    before: Before,
}

struct Compiler<'m> {
    mask: &'m Mask,
    earlier: EarlierSchemas,
    removed: RemovedTags,
    known: HashMap<Place, u32>,
    waiting: Vec<(MessageDescriptor, Place, u32)>,
    shapes: Vec<Shape>,
    maps: Vec<Map>,
    blanks: HashMap<String, Box<[u8]>>,
    fields: usize,
}

/// Compiles a message for a mask.
pub(super) fn compile(
    message: &MessageDescriptor,
    earlier: EarlierSchemas,
    mask: &Mask,
) -> Result<ProtobufPlan, SchemaError> {
    let mut compiler = Compiler {
        mask,
        earlier,
        removed: RemovedTags::default(),
        known: HashMap::new(),
        waiting: Vec::new(),
        shapes: Vec::new(),
        maps: Vec::new(),
        blanks: HashMap::new(),
        fields: 0,
    };
    let before = compiler.earlier.roots();
    compiler.shape(message, mask.fields.root().into_iter().collect(), Vec::new(), before)?;
    while let Some((message, place, at)) = compiler.waiting.pop() {
        let shape = compiler.fill(&message, &place)?;
        if let Some(known) = usize::try_from(at).ok().and_then(|at| compiler.shapes.get_mut(at)) {
            *known = shape;
        }
    }
    let has_any = compiler.shapes.iter().any(|shape| shape.any.is_some());
    let Compiler { shapes, maps, removed, .. } = compiler;
    Ok(ProtobufPlan { shapes, maps, has_any, removed })
}

impl Compiler<'_> {
    /// Where the shape of a message at a place is, or will be.
    fn shape(
        &mut self,
        message: &MessageDescriptor,
        nodes: Vec<Node>,
        classes: Vec<ClassId>,
        mut before: Before,
    ) -> Result<u32, SchemaError> {
        self.earlier.add_named(message.full_name(), &mut before);
        let place = Place { message: message.full_name().to_owned(), nodes, classes, before };
        if let Some(at) = self.known.get(&place) {
            return Ok(*at);
        }
        self.spend(1 + place.message.len() / NAME_BYTES)?;
        let at = u32::try_from(self.shapes.len()).unwrap_or(u32::MAX);
        self.shapes.push(Shape::default());
        self.known.insert(place.clone(), at);
        self.waiting.push((message.clone(), place, at));
        Ok(at)
    }

    fn spend(&mut self, fields: usize) -> Result<(), SchemaError> {
        self.fields = self.fields.saturating_add(fields);
        if self.fields > FIELDS_MAX {
            return Err(SchemaError(format!("the schema and the paths together make more than {FIELDS_MAX} fields")));
        }
        Ok(())
    }

    fn bound_earlier(&self) -> Result<(), SchemaError> {
        match self.earlier.is_too_much() {
            true => Err(SchemaError("it and its earlier versions make too many places".to_owned())),
            false => Ok(()),
        }
    }

    fn fill(&mut self, message: &MessageDescriptor, place: &Place) -> Result<Shape, SchemaError> {
        let declared = message.fields().map(Declaration::field);
        let all: Vec<Declaration> = declared.chain(message.extensions().map(Declaration::extension)).collect();
        let mut own = self.tagged(|| message.options(), OF_MESSAGES);
        let before = self.earlier.of_messages(&place.before);
        self.add_before(before, &mut own);
        let declared = all.iter().map(|declaration| declaration.number).collect();
        let gone: Box<[u32]> = self.earlier.gone(&place.before, &declared).into_iter().collect();
        self.spend(gone.len())?;
        self.bound_earlier()?;
        let mut shape = Shape { blank: self.blank(message, &mut Vec::new())?, gone, ..Shape::default() };
        for declaration in all {
            let mut field = self.field(message, &declaration, place)?;
            self.bound_earlier()?;
            let mut classes = field.classes.into_vec();
            merge(&mut classes, own.iter().chain(&place.classes).copied());
            field.classes = classes.into();
            if field.number <= NEAR {
                let at = usize::try_from(field.number).unwrap_or(usize::MAX);
                if shape.near.len() <= at {
                    self.spend(at + 1 - shape.near.len())?;
                    shape.near.resize(at + 1, None);
                }
                if let Some(slot) = shape.near.get_mut(at) {
                    *slot = Some(field);
                }
            } else {
                self.spend(1)?;
                shape.far.push(field);
            }
        }
        shape.far.sort_by_key(|field| field.number);
        if message.full_name() == "google.protobuf.Any" {
            shape.any = Some(self.any(message, place)?);
        }
        Ok(shape)
    }

    /// Whatever the schema knows may be inside, and is at the place where the `Any` is.
    fn any(&mut self, any: &MessageDescriptor, place: &Place) -> Result<HashMap<Box<str>, u32>, SchemaError> {
        let messages: Vec<MessageDescriptor> =
            any.parent_pool().all_messages().filter(|message| !message.is_map_entry()).collect();
        self.spend(messages.iter().map(|message| 1 + message.full_name().len() / NAME_BYTES).sum())?;
        let mut known = HashMap::new();
        for message in messages {
            known.insert(
                message.full_name().into(),
                self.shape(&message, place.nodes.clone(), Vec::new(), Before::new())?,
            );
        }
        Ok(known)
    }

    fn field(
        &mut self,
        message: &MessageDescriptor,
        declaration: &Declaration,
        place: &Place,
    ) -> Result<Field, SchemaError> {
        let (mut classes, mut nodes) = (Vec::new(), Vec::new());
        for name in &declaration.names {
            self.step(&place.nodes, name, &mut classes, &mut nodes);
        }
        if is_transparent(message.full_name()) {
            // In JSON, and so in paths, the names within stand where this message does.
            let more: Vec<Node> = place.nodes.iter().filter(|node| !nodes.contains(node)).copied().collect();
            nodes.extend(more);
        }
        let before = self.tags_of(declaration, &place.before, &mut classes);
        self.typed(declaration, classes, nodes, before)
    }

    /// Adds the classes of a field's tags, its own and those that earlier versions have on it; what these have within it.
    fn tags_of(&mut self, declaration: &Declaration, before: &Before, classes: &mut Vec<ClassId>) -> Before {
        let mut tags = self.tagged(|| declaration.of.options(), OF_FIELDS);
        if let Declared::Enum(declared) = &declaration.kind {
            tags.extend(self.tagged(|| declared.options(), OF_ENUMS));
        }
        merge(classes, tags);
        let before = self.earlier.fields(before, declaration.number, &declaration.names);
        self.add_before(before.tags, classes);
        if !matches!(declaration.kind, Declared::Message(_)) {
            // The bytes of a message may be read as a text.
            self.add_before(self.earlier.within(&before.messages), classes);
        }
        before.messages
    }

    /// Adds the classes of tags that earlier versions have.
    fn add_before(&mut self, tags: BTreeMap<usize, At>, classes: &mut Vec<ClassId>) {
        for (place, at) in tags {
            if let Some((tag, class)) = self.mask.tags.get(place)
                && !classes.contains(class)
            {
                classes.push(*class);
                self.removed.add(tag, &self.earlier.name(at));
            }
        }
    }

    fn typed(
        &mut self,
        declaration: &Declaration,
        classes: Vec<ClassId>,
        nodes: Vec<Node>,
        before: Before,
    ) -> Result<Field, SchemaError> {
        let mut wrapper = false;
        let kind = match &declaration.kind {
            Declared::Message(entry) if entry.is_map_entry() => {
                let map = self.map(entry, &nodes, &before)?;
                let at = u32::try_from(self.maps.len()).unwrap_or(u32::MAX);
                self.maps.push(map);
                Kind::Map(at)
            }
            Declared::Message(message) => {
                wrapper = is_wrapper(message.full_name());
                let within = if wrapper { classes.clone() } else { Vec::new() };
                Kind::Message(self.shape(message, nodes, within, before)?)
            }
            Declared::Enum(declared) => Kind::Enum(declared.values().next().map_or(0, |value| value.number())),
            scalar => scalar_kind(scalar),
        };
        Ok(Field {
            number: declaration.number,
            kind,
            repeated: declaration.cardinality == Cardinality::Repeated,
            required: declaration.cardinality == Cardinality::Required,
            wrapper,
            classes: classes.into(),
        })
    }

    /// Keys are names: a value has the class that a field of its key's name would have.
    fn map(&mut self, entry: &MessageDescriptor, nodes: &[Node], before: &Before) -> Result<Map, SchemaError> {
        let key = Declaration::field(entry.map_entry_key_field());
        let value = Declaration::field(entry.map_entry_value_field());
        let mask = self.mask;
        let at: Vec<Option<Node>> =
            if nodes.is_empty() { vec![None] } else { nodes.iter().copied().map(Some).collect() };
        let names: Vec<&str> = at.into_iter().flat_map(|at| mask.fields.names(at)).collect();
        let mut entries = before.clone();
        self.earlier.add_named(entry.full_name(), &mut entries);
        let (mut of_keys, mut of_values) = (Vec::new(), Vec::new());
        self.tags_of(&key, &entries, &mut of_keys);
        let before = self.tags_of(&value, &entries, &mut of_values);
        let mut classes = Vec::new();
        // Any name is any key, and not what keys are called.
        if names.contains(&KEYS) {
            self.step(nodes, KEYS, &mut classes, &mut Vec::new());
        }
        merge(&mut classes, of_keys);
        let key = self.typed(&key, classes, Vec::new(), Before::new())?;
        let mut at_key = |name: &str| {
            self.spend(1)?;
            let (mut classes, mut inner) = (Vec::new(), Vec::new());
            self.step(nodes, name, &mut classes, &mut inner);
            merge(&mut classes, of_values.iter().copied());
            self.typed(&value, classes, inner, before.clone())
        };
        let mut named = HashMap::new();
        for name in names {
            if !named.contains_key(name) {
                named.insert(name.into(), at_key(name)?);
            }
        }
        // No name has this character, so it stands for all others.
        let other = at_key("\0")?;
        Ok(Map { key, named, other })
    }

    fn step(&self, nodes: &[Node], name: &str, classes: &mut Vec<ClassId>, inner: &mut Vec<Node>) {
        let mut take = |at| {
            let step = self.mask.fields.step(at, name);
            merge(classes, step.class.into_iter().chain(step.also));
            inner.extend(step.node.filter(|node| !inner.contains(node)));
        };
        if nodes.is_empty() {
            take(None);
        }
        for node in nodes {
            take(Some(*node));
        }
    }

    /// The classes of the tags in one of Confluent's annotations.
    fn tagged(&self, options: impl FnOnce() -> DynamicMessage, annotation: &str) -> Vec<ClassId> {
        let places = tagged(self.mask, options, annotation).into_iter();
        places.filter_map(|place| self.mask.tags.get(place)).map(|(_, class)| *class).collect()
    }

    /// A message with what is required in it, and nothing else.
    fn blank(&mut self, message: &MessageDescriptor, above: &mut Vec<String>) -> Result<Box<[u8]>, SchemaError> {
        let name = message.full_name().to_owned();
        if let Some(known) = self.blanks.get(&name) {
            return Ok(known.clone());
        }
        if above.contains(&name) {
            // It requires itself: no message is valid.
            return Ok(Box::default());
        }
        if above.len() > DEPTH_MAX {
            return Err(SchemaError("messages require each other too deeply".to_owned()));
        }
        above.push(name.clone());
        let mut blank = Vec::new();
        for field in message.fields().filter(|field| field.cardinality() == Cardinality::Required) {
            let number = field.number();
            match field.kind() {
                Declared::Message(within) => {
                    let within = self.blank(&within, above)?;
                    write_bytes(number, &within, &mut blank);
                }
                Declared::Enum(declared) => {
                    let first = declared.values().next().map_or(0, |value| value.number());
                    write_number(number, Form::Varint, Kind::Enum(first).neutral(), &mut blank);
                }
                scalar => {
                    let kind = scalar_kind(&scalar);
                    write_number(number, kind.form(), kind.neutral(), &mut blank);
                }
            }
            if blank.len() > BLANK_MAX {
                return Err(SchemaError(format!("what {name} requires is too much")));
            }
        }
        above.pop();
        let blank: Box<[u8]> = blank.into();
        self.blanks.insert(name, blank.clone());
        Ok(blank)
    }
}

/// Adds classes that are not there yet.
fn merge(classes: &mut Vec<ClassId>, more: impl IntoIterator<Item = ClassId>) {
    for class in more {
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
}

struct Declaration {
    number: u32,
    names: [String; 2],
    kind: Declared,
    cardinality: Cardinality,
    of: Of,
}

enum Of {
    Field(FieldDescriptor),
    Extension(ExtensionDescriptor),
}

impl Of {
    fn options(&self) -> DynamicMessage {
        match self {
            Of::Field(field) => field.options(),
            Of::Extension(extension) => extension.options(),
        }
    }
}

impl Declaration {
    fn field(field: FieldDescriptor) -> Declaration {
        Declaration {
            number: field.number(),
            names: [field.name().to_owned(), field.json_name().to_owned()],
            kind: field.kind(),
            cardinality: field.cardinality(),
            of: Of::Field(field),
        }
    }

    fn extension(extension: ExtensionDescriptor) -> Declaration {
        Declaration {
            number: extension.number(),
            names: [extension.name().to_owned(), extension.full_name().to_owned()],
            kind: extension.kind(),
            cardinality: extension.cardinality(),
            of: Of::Extension(extension),
        }
    }
}

fn scalar_kind(declared: &Declared) -> Kind {
    match declared {
        Declared::Double => Kind::Double,
        Declared::Float => Kind::Float,
        Declared::Int32 => Kind::Int32,
        Declared::Int64 => Kind::Int64,
        Declared::Uint32 => Kind::Uint32,
        Declared::Uint64 => Kind::Uint64,
        Declared::Sint32 => Kind::Sint32,
        Declared::Sint64 => Kind::Sint64,
        Declared::Fixed32 => Kind::Fixed32,
        Declared::Fixed64 => Kind::Fixed64,
        Declared::Sfixed32 => Kind::Sfixed32,
        Declared::Sfixed64 => Kind::Sfixed64,
        Declared::Bool => Kind::Bool,
        Declared::String => Kind::String,
        Declared::Bytes | Declared::Message(_) => Kind::Bytes,
        Declared::Enum(_) => Kind::Enum(0),
    }
}

fn is_wrapper(name: &str) -> bool {
    let wrapped = name.strip_prefix("google.protobuf.").and_then(|name| name.strip_suffix("Value"));
    wrapped.is_some_and(|wrapped| {
        ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"].contains(&wrapped)
    })
}

/// JSON in Protobuf.
fn is_transparent(name: &str) -> bool {
    ["google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"].contains(&name)
}
