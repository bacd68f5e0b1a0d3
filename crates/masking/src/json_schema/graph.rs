//! JSON Schemas (drafts 4 to 2020-12) as a graph: each subschema once, with what it says of fields and elements and where it sends to.
//!
//! All references are resolved here, within a document and to what the registry lists by name, and nowhere else: the validator is given
//! what came of it, so that what is masked and what is checked cannot part ways.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use url::Url;

use super::strict;
use crate::schema::SchemaError;

/// Bytes of a schema with all that it refers to, as the gate's client of registries has it.
const TEXT_MAX: usize = 4 << 20;
/// Documents that a schema may refer to.
const REFERENCES_MAX: usize = 256;
/// Subschemas of all documents together. Large real ones have some thousands.
const NODES_MAX: usize = 20_000;
/// Bytes of a name: every subschema below it repeats it in its place.
const NAME_MAX: usize = 1024;
/// Bytes of what a schema is called: every schema with an `$id` of its own repeats the address that it is relative to.
const URI_MAX: usize = 2048;
/// Bytes of the places of all subschemas together; each is kept some times.
const PLACES_MAX: usize = 16 << 20;
/// Characters of a schema's own text that an error repeats.
const QUOTED_MAX: usize = 100;
/// What Confluent's registry writes tags into.
const TAGS: &str = "confluent:tags";
/// Where documents stand that say of no place.
const NOWHERE: &str = "json-schema:///";

/// Keywords that hold one schema.
const ONE: [&str; 12] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords that hold a list of schemas.
const LISTS: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Keywords that hold schemas by name.
const MAPS: [&str; 6] = ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];
/// Keywords whose schemas are about the very value that theirs is about.
const HERE: [&str; 8] = ["allOf", "anyOf", "dependencies", "dependentSchemas", "else", "if", "oneOf", "then"];
/// Keywords whose schemas are about no field that could be changed.
const BLIND: [&str; 3] = ["contentSchema", "not", "propertyNames"];
/// Keywords about what no other keyword is about.
const UNEVALUATED: [&str; 2] = ["unevaluatedItems", "unevaluatedProperties"];
/// Keywords whose schemas do nothing where they stand.
const KEPT: [&str; 2] = ["$defs", "definitions"];
/// Keywords that send to where only the way there says.
const DYNAMIC: [&str; 3] = ["$dynamicRef", "$recursiveRef", "extends"];

/// A subschema by its place in [`Graph::nodes`].
pub(super) type NodeId = usize;

/// A schema with all that it refers to.
#[derive(Debug)]
pub(super) struct Graph {
    /// The schema itself, and those that the registry lists for it.
    pub(super) documents: Vec<Value>,
    /// The first is the schema itself.
    pub(super) nodes: Vec<Node>,
    /// Why nobody can say where all tagged fields are, if so.
    pub(super) blind: Option<String>,
}

/// What a subschema says.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Its document and where in it it stands, as a JSON pointer.
    pub(super) place: (usize, String),
    pub(super) tags: Vec<String>,
    pub(super) properties: BTreeMap<String, NodeId>,
    pub(super) patterns: Vec<(String, NodeId)>,
    /// Fields that neither of both names, where something is said of them.
    pub(super) others: Vec<NodeId>,
    /// The first elements of a list.
    pub(super) prefix: Vec<NodeId>,
    /// Those after them.
    pub(super) rest: Vec<NodeId>,
    /// Any element.
    pub(super) any: Vec<NodeId>,
    /// Whether it says anything of elements.
    pub(super) lists: bool,
    /// What else is said of the same value.
    pub(super) here: Vec<NodeId>,
    /// What must not be so of the same value.
    pub(super) not: Option<NodeId>,
    /// Where `$ref` leads.
    pub(super) refers: Option<NodeId>,
    /// All that stands in it, but for what only references lead to.
    pub(super) within: Vec<(Stands, NodeId)>,
    /// Whether it has `unevaluatedItems`, and `unevaluatedProperties`, and they say something.
    pub(super) unevaluated: [bool; 2],
}

impl Node {
    /// The same where other nodes stand before those of its graph: so many.
    pub(super) fn moved(self, by: usize) -> Node {
        let all = |nodes: Vec<NodeId>| nodes.into_iter().map(|node| node + by).collect();
        Node {
            properties: self.properties.into_iter().map(|(name, node)| (name, node + by)).collect(),
            patterns: self.patterns.into_iter().map(|(text, node)| (text, node + by)).collect(),
            others: all(self.others),
            prefix: all(self.prefix),
            rest: all(self.rest),
            any: all(self.any),
            here: all(self.here),
            not: self.not.map(|node| node + by),
            refers: self.refers.map(|node| node + by),
            within: self.within.into_iter().map(|(stands, node)| (stands, node + by)).collect(),
            ..self
        }
    }
}

/// How a subschema stands in another, for those who look for what is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// It is about the same value, and evaluates what theirs does.
    Here,
    /// It says of parts of the value whether they are evaluated.
    Beside,
    Elsewhere,
}

impl Stands {
    fn by(keyword: &str) -> Stands {
        match keyword {
            _ if HERE.contains(&keyword) => Stands::Here,
            "additionalProperties" | "patternProperties" | "contains" => Stands::Beside,
            _ if UNEVALUATED.contains(&keyword) => Stands::Beside,
            _ => Stands::Elsewhere,
        }
    }
}

fn wrong(why: impl Into<String>) -> SchemaError {
    SchemaError(why.into())
}

/// So much of a schema's text as an error repeats.
fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(QUOTED_MAX).collect::<String>())
}

impl Graph {
    /// Reads a schema. `references` are the names and texts of what it refers to, however far.
    ///
    /// # Errors
    /// A text is no schema, is too large, or refers to what is not there or cannot be told without following a payload.
    pub(super) fn read(text: &str, references: &[(String, String)]) -> Result<Graph, SchemaError> {
        let bytes = references.iter().fold(text.len(), |sum, (_, text)| sum.saturating_add(text.len()));
        if references.len() > REFERENCES_MAX || bytes > TEXT_MAX {
            return Err(wrong(format!("it has more than {REFERENCES_MAX} references, or more than 4 MiB of text")));
        }
        let texts = [text].into_iter().chain(references.iter().map(|(_, text)| text.as_str()));
        let mut documents = Vec::new();
        for text in texts {
            documents.push(strict::read(text.as_bytes()).map_err(|error| wrong(format!("it is no JSON: {error}")))?);
        }
        let names = references.iter().map(|(name, _)| name.as_str());
        let (nodes, blind) = Reader::new(&documents).read(names)?;
        Ok(Graph { documents, nodes, blind })
    }
}

/// A document, or a part of one that has an `$id` of its own.
struct Resource {
    document: usize,
    pointer: String,
    base: Url,
    /// Draft 4 calls `$id` `id`.
    id: &'static str,
}

/// A subschema that was met.
struct Met<'d> {
    document: usize,
    pointer: String,
    resource: usize,
    value: &'d Value,
    within: Vec<(Stands, NodeId)>,
}

struct Reader<'d> {
    documents: &'d [Value],
    resources: Vec<Resource>,
    by_uri: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
    anchors: HashMap<(usize, String), NodeId>,
    met: Vec<Met<'d>>,
    known: HashMap<(usize, String), NodeId>,
    /// Subschemas that stand right below a keyword that is about no field.
    hidden: Vec<(&'static str, NodeId)>,
    /// Bytes of the places so far.
    places: usize,
    blind: Option<String>,
}

/// A keyword's name or a field's, as a JSON pointer has it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn check_name(name: &str) -> Result<(), SchemaError> {
    if name.len() <= NAME_MAX {
        return Ok(());
    }
    Err(wrong(format!("a name is longer than {NAME_MAX} bytes: {}", quoted(name))))
}

impl<'d> Reader<'d> {
    fn new(documents: &'d [Value]) -> Reader<'d> {
        Reader {
            documents,
            resources: Vec::new(),
            by_uri: HashMap::new(),
            by_name: HashMap::new(),
            anchors: HashMap::new(),
            met: Vec::new(),
            known: HashMap::new(),
            hidden: Vec::new(),
            places: 0,
            blind: None,
        }
    }

    fn read<'n>(mut self, names: impl Iterator<Item = &'n str>) -> Result<(Vec<Node>, Option<String>), SchemaError> {
        let documents = self.documents;
        let nowhere = Url::parse(NOWHERE).map_err(|_never| wrong("no base"))?;
        let mut base = nowhere.clone();
        for (place, (document, name)) in documents.iter().zip([None].into_iter().chain(names.map(Some))).enumerate() {
            // A reference's name is relative to whoever refers to it, who may be of no place (`urn:…`).
            if name.is_some_and(|name| name.len() > URI_MAX) {
                return Err(wrong(format!("the name of a reference is longer than {URI_MAX} bytes")));
            }
            let absolute = |name| base.join(name).or_else(|_none| nowhere.join(name));
            let mut at = name.and_then(|name| absolute(name).ok()).unwrap_or_else(|| nowhere.clone());
            at.set_fragment(None);
            let id = if schema_of(document).is_some_and(|uri| uri.contains("/draft-04/")) { "id" } else { "$id" };
            let resource = self.resources.len();
            self.resources.push(Resource { document: place, pointer: String::new(), base: at.clone(), id });
            if let Some(name) = name {
                self.by_name.insert(name.trim_end_matches('#').to_owned(), resource);
                self.called(at.as_str(), resource)?;
            }
            self.crawl(place, "", resource, document, None)?;
            if place == 0 {
                base = self.resources.first().map_or(base, |own| own.base.clone());
            }
        }
        let mut nodes = Vec::new();
        // What a reference leads to may be met only then.
        while let Some(met) = self.met.get(nodes.len()) {
            let (document, pointer, resource, value) = (met.document, met.pointer.clone(), met.resource, met.value);
            nodes.push(self.node(document, pointer, resource, value)?);
        }
        for (node, met) in nodes.iter_mut().zip(&mut self.met) {
            node.within = std::mem::take(&mut met.within);
        }
        self.look_blind_by_references(&nodes);
        Ok((nodes, self.blind))
    }

    fn called(&mut self, uri: &str, resource: usize) -> Result<(), SchemaError> {
        match self.by_uri.insert(uri.to_owned(), resource) {
            Some(other) if other != resource => Err(wrong(format!("two schemas are called {}", quoted(uri)))),
            _ => Ok(()),
        }
    }

    /// Meets a subschema and all that stand in it. `blind` is the keyword by which it is about no field.
    fn crawl(
        &mut self,
        document: usize,
        pointer: &str,
        resource: usize,
        value: &'d Value,
        blind: Option<&'static str>,
    ) -> Result<NodeId, SchemaError> {
        let place = (document, pointer.to_owned());
        if let Some(known) = self.known.get(&place) {
            return Ok(*known);
        }
        if !value.is_object() && !value.is_boolean() {
            return Err(wrong(format!("no schema stands at {}", quoted(pointer))));
        }
        if self.met.len() >= NODES_MAX {
            return Err(wrong(format!("it has more than {NODES_MAX} subschemas")));
        }
        self.places = self.places.saturating_add(pointer.len());
        if self.places > PLACES_MAX {
            return Err(wrong("its names are too long for how deep it is"));
        }
        let id = self.met.len();
        self.known.insert(place, id);
        self.met.push(Met { document, pointer: pointer.to_owned(), resource, value, within: Vec::new() });
        let Value::Object(object) = value else { return Ok(id) };
        let resource = self.named(document, pointer, resource, (id, object))?;
        if let Some(met) = self.met.get_mut(id) {
            met.resource = resource;
        }
        self.look_blind(object, blind);
        let within = |keyword: &str| format!("{pointer}/{}", escaped(keyword));
        for (keyword, value) in object {
            let own = BLIND.into_iter().find(|blind| blind == keyword);
            let blind = blind.or(own);
            let mut below = Vec::new();
            match value {
                Value::Array(items) if LISTS.contains(&keyword.as_str()) => {
                    for (place, item) in items.iter().enumerate() {
                        below.push(self.crawl(
                            document,
                            &format!("{}/{place}", within(keyword)),
                            resource,
                            item,
                            blind,
                        )?);
                    }
                }
                Value::Object(fields) if MAPS.contains(&keyword.as_str()) => {
                    // `dependencies` may list names instead.
                    for (name, value) in fields.iter().filter(|(_, value)| !value.is_array()) {
                        check_name(name)?;
                        let pointer = format!("{}/{}", within(keyword), escaped(name));
                        below.push(self.crawl(document, &pointer, resource, value, blind)?);
                    }
                }
                Value::Object(_) | Value::Bool(_) if ONE.contains(&keyword.as_str()) => {
                    below.push(self.crawl(document, &within(keyword), resource, value, blind)?);
                }
                _ => {}
            }
            self.hidden.extend(own.into_iter().flat_map(|own| below.iter().map(move |below| (own, *below))));
            if let Some(met) = self.met.get_mut(id).filter(|_| !KEPT.contains(&keyword.as_str())) {
                met.within.extend(below.into_iter().map(|below| (Stands::by(keyword), below)));
            }
        }
        Ok(id)
    }

    /// Takes note of what a subschema is called; the resource that it is in, or is.
    fn named(
        &mut self,
        document: usize,
        pointer: &str,
        resource: usize,
        (node, object): (NodeId, &Map<String, Value>),
    ) -> Result<usize, SchemaError> {
        let Some(around) = self.resources.get(resource) else { return Ok(resource) };
        let (base, keyword) = (around.base.clone(), around.id);
        let mut own = resource;
        let mut anchors: Vec<&str> = Vec::new();
        if let Some(id) = object.get(keyword).and_then(Value::as_str) {
            let (uri, fragment) = id.split_once('#').unwrap_or((id, ""));
            if !uri.is_empty() {
                if object.contains_key("$ref") && !pointer.is_empty() {
                    return Err(wrong(format!(
                        "$id stands beside $ref at {}: drafts differ in what it is",
                        quoted(pointer)
                    )));
                }
                let base = base.join(uri).map_err(|_none| wrong(format!("$id {} is no URI", quoted(id))))?;
                if base.as_str().len() > URI_MAX {
                    return Err(wrong(format!("an $id is longer than {URI_MAX} bytes")));
                }
                self.called(base.as_str(), if pointer.is_empty() { resource } else { self.resources.len() })?;
                if pointer.is_empty() {
                    if let Some(whole) = self.resources.get_mut(resource) {
                        whole.base = base;
                    }
                } else {
                    own = self.resources.len();
                    self.resources.push(Resource { document, pointer: pointer.to_owned(), base, id: keyword });
                }
            }
            anchors.extend(Some(fragment).filter(|fragment| !fragment.is_empty()));
        }
        if !pointer.is_empty() && object.contains_key("$schema") {
            return Err(wrong(format!("$schema stands within a schema, at {}", quoted(pointer))));
        }
        anchors.extend(["$anchor", "$dynamicAnchor"].iter().filter_map(|name| object.get(*name)?.as_str()));
        for anchor in anchors {
            if self.anchors.insert((own, anchor.to_owned()), node).is_some_and(|other| other != node) {
                return Err(wrong(format!("two schemas have the anchor {}", quoted(anchor))));
            }
        }
        Ok(own)
    }

    fn look_blind(&mut self, object: &Map<String, Value>, blind: Option<&'static str>) {
        let Some(keyword) = blind else { return };
        // What is in a text is read by whoever knows what it refers to.
        if object.contains_key(TAGS) || (keyword == "contentSchema" && object.contains_key("$ref")) {
            self.blind.get_or_insert_with(|| format!("tags under {keyword} are of no field that could be masked"));
        }
    }

    /// The same where references lead from there to tags.
    fn look_blind_by_references(&mut self, nodes: &[Node]) {
        let mut seen = vec![false; nodes.len()];
        for (keyword, id) in std::mem::take(&mut self.hidden) {
            let mut open = vec![id];
            while let Some(id) = open.pop() {
                let Some(seen) = seen.get_mut(id).filter(|seen| !**seen) else { continue };
                *seen = true;
                if let Some(object) = self.met.get(id).and_then(|met| met.value.as_object()) {
                    self.look_blind(object, Some(keyword));
                }
                if let Some(node) = nodes.get(id) {
                    open.extend(node.within.iter().map(|(_, below)| *below).chain(node.refers));
                }
            }
        }
    }

    fn node(
        &mut self,
        document: usize,
        pointer: String,
        resource: usize,
        value: &'d Value,
    ) -> Result<Node, SchemaError> {
        let mut node = Node { place: (document, pointer), ..Node::default() };
        let Value::Object(object) = value else { return Ok(node) };
        if let Some(keyword) = DYNAMIC.into_iter().find(|keyword| object.contains_key(*keyword)) {
            return Err(wrong(format!("{keyword} is not followed; use $ref")));
        }
        node.tags = self.tags(object);
        node.unevaluated =
            UNEVALUATED.map(|keyword| object.get(keyword).is_some_and(|says| *says != Value::Bool(true)));
        if object.contains_key("prefixItems") && object.get("items").is_some_and(Value::is_array) {
            let why = "prefixItems stands beside a list of items: drafts differ in which of them counts";
            self.blind.get_or_insert_with(|| why.to_owned());
        }
        for (keyword, value) in object {
            let one = || self.child(&node.place, &[keyword]);
            match (keyword.as_str(), value) {
                ("properties", Value::Object(fields)) => {
                    node.properties = self.named_children(&node.place, keyword, fields).into_iter().collect()
                }
                ("patternProperties", Value::Object(fields)) => {
                    node.patterns = self.named_children(&node.place, keyword, fields);
                }
                // `true`, `false` and `{}` say nothing of them, so that nobody has named them.
                ("additionalProperties" | "unevaluatedProperties", Value::Object(says)) if !says.is_empty() => {
                    node.others.extend(one());
                }
                ("prefixItems" | "items", Value::Array(items)) => {
                    let ids =
                        (0..items.len()).filter_map(|place| self.child(&node.place, &[keyword, &place.to_string()]));
                    node.prefix = ids.collect();
                    node.lists = true;
                }
                ("items" | "additionalItems" | "unevaluatedItems", Value::Object(_) | Value::Bool(_)) => {
                    node.rest.extend(one());
                    node.lists = true;
                }
                ("contains", _) => node.any.extend(one()),
                ("not", _) => node.not = one(),
                ("$ref", Value::String(to)) => node.refers = Some(self.resolve(resource, to)?),
                _ => {}
            }
            if HERE.contains(&keyword.as_str()) {
                node.here.extend(self.children(&node.place, keyword, value));
            }
        }
        node.here.extend(node.refers);
        Ok(node)
    }

    fn tags(&mut self, object: &Map<String, Value>) -> Vec<String> {
        let tags = match object.get(TAGS) {
            None => return Vec::new(),
            Some(Value::String(tag)) => Some(vec![tag.clone()]),
            Some(Value::Array(tags)) => tags.iter().map(|tag| tag.as_str().map(ToOwned::to_owned)).collect(),
            Some(_) => None,
        };
        if tags.is_none() {
            self.blind.get_or_insert_with(|| format!("{TAGS} is no list of texts"));
        }
        tags.unwrap_or_default()
    }

    fn child(&self, (document, pointer): &(usize, String), steps: &[&str]) -> Option<NodeId> {
        let mut pointer = pointer.clone();
        for step in steps {
            pointer.push('/');
            pointer.push_str(&escaped(step));
        }
        self.known.get(&(*document, pointer)).copied()
    }

    fn named_children(
        &self,
        place: &(usize, String),
        keyword: &str,
        fields: &Map<String, Value>,
    ) -> Vec<(String, NodeId)> {
        fields.keys().filter_map(|name| Some((name.clone(), self.child(place, &[keyword, name])?))).collect()
    }

    fn children(&self, place: &(usize, String), keyword: &str, value: &Value) -> Vec<NodeId> {
        match value {
            Value::Array(items) => {
                (0..items.len()).filter_map(|item| self.child(place, &[keyword, &item.to_string()])).collect()
            }
            Value::Object(fields) if MAPS.contains(&keyword) => {
                self.named_children(place, keyword, fields).into_iter().map(|(_, node)| node).collect()
            }
            _ => self.child(place, &[keyword]).into_iter().collect(),
        }
    }

    /// The subschema that a `$ref` within a resource leads to.
    fn resolve(&mut self, from: usize, reference: &str) -> Result<NodeId, SchemaError> {
        let nowhere =
            || wrong(format!("$ref leads to {}, which is neither in it nor among its references", quoted(reference)));
        let (uri, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resource = if uri.is_empty() {
            from
        } else {
            let base = self.resources.get(from).map(|resource| &resource.base);
            let absolute = base.and_then(|base| base.join(uri).ok()).map(String::from);
            let by_uri = absolute.and_then(|uri| self.by_uri.get(&uri));
            // Serializers look references up by the very name.
            *by_uri.or_else(|| self.by_name.get(uri)).ok_or_else(nowhere)?
        };
        let fragment = decoded(fragment).ok_or_else(nowhere)?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.anchors.get(&(resource, fragment)).copied().ok_or_else(nowhere);
        }
        for name in fragment.split('/') {
            check_name(name)?;
        }
        let Some(Resource { document, pointer, .. }) = self.resources.get(resource) else { return Err(nowhere()) };
        let (document, pointer) = (*document, format!("{pointer}{fragment}"));
        let documents = self.documents;
        let value = documents.get(document).and_then(|whole| whole.pointer(&pointer)).ok_or_else(nowhere)?;
        // What it leads to may stand where no schema is looked for, as OpenAPI's do under `components`.
        self.crawl(document, &pointer, resource, value, None)
    }
}

/// What a document says that it is written in.
pub(super) fn schema_of(document: &Value) -> Option<&str> {
    document.get("$schema").and_then(Value::as_str)
}

/// A part of a URI without its escapes.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (code, after) = after.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}
