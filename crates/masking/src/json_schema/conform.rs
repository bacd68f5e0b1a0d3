//! Whether a value is what its JSON Schema says, by the crate `jsonschema`.
//!
//! Whoever writes records may write schemas too, so the library is given neither the network nor files, and nothing without a bound:
//! patterns are matched in linear time, a schema that leads to itself without going further into the value is refused, and each look at the
//! value is counted, and stops the work when there were too many.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value, json};

use super::compile::{DFA_BYTES, pattern};
use super::counted::{self, Counted, Patterns, Seen, depth};
use super::graph::{Graph, Node, NodeId, schema_of};
use super::{strict, unrolled};
use crate::plan::Unmaskable;
use crate::schema::SchemaError;

/// Bytes of a value that is checked. Kafka's brokers take 1 MB unless set otherwise; in memory a value takes up to eighty times as much.
const VALUE_MAX: usize = 1 << 20;
/// Lists and groups within each other in a value that is checked.
const DEPTH_MAX: usize = 64;
/// Subschemas about one value that lead to each other; with the depth they bound the stack.
const CHAIN_MAX: usize = 24;
/// Patterns of one schema, and bytes that one may have.
const PATTERNS_MAX: usize = 256;
const PATTERN_TEXT_MAX: usize = 4096;
/// KiB that one may take when it is compiled, such as one of up to 200 characters of any kind. Matching is counted by it.
const PATTERN_KIB: usize = 256;
/// The stack that compiling has, which goes down along references. Of 20,000 subschemas in one chain each takes some kilobytes.
const STACK: usize = 256 << 20;
/// Looks at a value, and bytes of it by the dozen, that one check may take. Some tenths of a second.
const LOOKS_MAX: u64 = 10_000_000;
/// The same for saying what fails: all that fails in all branches is kept until then.
const FAILURE_LOOKS_MAX: u64 = 100_000;
/// Characters of a schema's path that a refusal repeats.
const PATH_MAX: usize = 200;
/// Where the validator finds documents: nowhere, so that nothing is ever fetched.
const AT: &str = "json-schema:///tidegate/";

/// A schema that values are checked by.
#[derive(Debug)]
pub(super) struct Conform {
    validator: Validator<Counted>,
    /// What matching takes.
    patterns: Patterns,
}

/// Why a value does not conform.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It cannot be checked, or nobody can say how it fails.
    Unread(Unmaskable),
    /// The keyword that it fails and where in the schema that stands.
    Fails { keyword: String, path: String },
}

fn wrong(why: impl Into<String>) -> SchemaError {
    SchemaError(why.into())
}

impl Conform {
    /// Makes a validator of a schema.
    ///
    /// # Errors
    /// It is no schema of a draft from 4 on, or one whose checks cannot be bounded.
    pub(super) fn compile(graph: &Graph) -> Result<Conform, SchemaError> {
        check_chains(&graph.nodes)?;
        unrolled::check(&graph.nodes)?;
        let patterns = graph.nodes.iter().map(|node| patterns_of(graph, node)).sum::<usize>();
        if patterns > PATTERNS_MAX {
            return Err(wrong(format!("it has more than {PATTERNS_MAX} patterns")));
        }
        let patterns = weigh(graph)?;
        let documents = prepared(graph)?;
        // The library compiles recursively, and takes some of what it meets for granted.
        let compiled = thread::scope(|scope| {
            let builder = thread::Builder::new().name("json-schema".to_owned()).stack_size(STACK);
            builder.spawn_scoped(scope, || build(&documents)).map(thread::ScopedJoinHandle::join)
        });
        match compiled {
            Ok(Ok(built)) => built.map(|validator| Conform { validator, patterns }),
            Ok(Err(_panic)) => Err(wrong("the schema cannot be read")),
            Err(_no_thread) => Err(wrong("there is no thread to read it in")),
        }
    }

    /// Checks one value.
    pub(super) fn check(&self, input: &[u8]) -> Result<(), Refused> {
        let unread = |why| Refused::Unread(Unmaskable { why, at: 0 });
        if input.len() > VALUE_MAX {
            return Err(unread("it is larger than what is checked by a JSON Schema, 1 MiB"));
        }
        let value = strict::read(input).map_err(|error| {
            let why = if error.is_data() { "a name comes twice, or a number is too large" } else { "it is no JSON" };
            let lines = input.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
            let at = lines.map(<[u8]>::len).sum::<usize>().saturating_add(error.column());
            Refused::Unread(Unmaskable { why, at })
        })?;
        if depth(&value) > DEPTH_MAX {
            return Err(unread("it nests deeper than what is checked by a JSON Schema, 64"));
        }
        let is_valid = self.within(LOOKS_MAX, |validator| validator.is_valid(Seen(&value)));
        match is_valid.map_err(unread)? {
            true => Ok(()),
            false => Err(self
                .failure(&value)
                .unwrap_or_else(|| unread("it does not conform to its schema, in too many ways"))),
        }
    }

    /// What comes of a check that takes so many looks at most.
    fn within<T>(&self, looks: u64, check: impl FnOnce(&Validator<Counted>) -> T) -> Result<T, &'static str> {
        counted::allow(looks, self.patterns);
        catch_unwind(AssertUnwindSafe(|| check(&self.validator))).map_err(|_stopped| match counted::left() {
            0 => "checking it by its JSON Schema takes too long",
            _ => "it cannot be checked by its JSON Schema",
        })
    }

    /// What fails, in words of the schema only.
    fn failure(&self, value: &Value) -> Option<Refused> {
        let told = self.within(FAILURE_LOOKS_MAX, |validator| {
            let error = validator.validate(Seen(value)).err()?;
            Some((error.kind().keyword().to_owned(), error.evaluation_path().as_str().to_owned()))
        });
        let (keyword, path) = told.ok()??;
        let skipped = path.chars().count().saturating_sub(PATH_MAX);
        let mut shown: String = path.chars().skip(skipped).filter(|c| !c.is_control()).collect();
        if skipped > 0 {
            shown.insert(0, '…');
        }
        Some(Refused::Fails { keyword, path: shown })
    }
}

/// What patterns make a byte cost.
fn weigh(graph: &Graph) -> Result<Patterns, SchemaError> {
    let mut patterns = Patterns::default();
    for node in &graph.nodes {
        for (text, _) in &node.patterns {
            // Which of them one name meets depends on what is evaluated together.
            patterns.names = patterns.names.saturating_add(kib(text)?);
        }
        if let Some(Value::String(text)) = object(graph, node).and_then(|object| object.get("pattern")) {
            patterns.texts = patterns.texts.max(kib(text)?);
        }
    }
    Ok(patterns)
}

/// KiB that a pattern takes when it is compiled, rounded up.
fn kib(text: &str) -> Result<usize, SchemaError> {
    if text.len() > PATTERN_TEXT_MAX {
        return Err(wrong(format!("a pattern is longer than {PATTERN_TEXT_MAX} bytes")));
    }
    // Those that are no pattern at all the library refuses.
    Ok(pattern(text, PATTERN_KIB).map_or(PATTERN_KIB, |(_, kib)| kib))
}

fn patterns_of(graph: &Graph, node: &Node) -> usize {
    node.patterns.len() + usize::from(object(graph, node).is_some_and(|object| object.contains_key("pattern")))
}

fn object<'g>(graph: &'g Graph, node: &Node) -> Option<&'g Map<String, Value>> {
    let (document, pointer) = &node.place;
    graph.documents.get(*document)?.pointer(pointer)?.as_object()
}

/// Refuses subschemas that lead to themselves about the same value, and long chains of them: the library follows them recursively.
fn check_chains(nodes: &[Node]) -> Result<(), SchemaError> {
    let to = |id: NodeId| nodes.get(id).into_iter().flat_map(|node| node.here.iter().chain(&node.not)).copied();
    let mut waits: Vec<usize> = vec![0; nodes.len()];
    for below in (0..nodes.len()).flat_map(to) {
        if let Some(waits) = waits.get_mut(below) {
            *waits = waits.saturating_add(1);
        }
    }
    let mut chains: Vec<usize> = vec![1; nodes.len()];
    let mut open: Vec<NodeId> = (0..nodes.len()).filter(|id| waits.get(*id) == Some(&0)).collect();
    let mut done = 0_usize;
    while let Some(id) = open.pop() {
        done = done.saturating_add(1);
        let chain = chains.get(id).copied().unwrap_or(0).saturating_add(1);
        for below in to(id) {
            if let (Some(waits), Some(longest)) = (waits.get_mut(below), chains.get_mut(below)) {
                *longest = chain.max(*longest);
                *waits = waits.saturating_sub(1);
                if *waits == 0 {
                    open.push(below);
                }
            }
        }
    }
    if done < nodes.len() {
        return Err(wrong("a part of it leads to itself by $ref without going further into the value"));
    }
    if chains.iter().any(|chain| *chain > CHAIN_MAX) {
        return Err(wrong(format!("more than {CHAIN_MAX} of its parts lead to each other about one value")));
    }
    Ok(())
}

/// The documents as the validator gets them: references resolved, without names of their own, and so that each subschema looks at its
/// value, first of all, to be counted.
fn prepared(graph: &Graph) -> Result<Vec<Value>, SchemaError> {
    let mut documents = graph.documents.clone();
    let own = graph.documents.first().and_then(schema_of).unwrap_or(DRAFT).to_owned();
    let here: HashSet<NodeId> =
        graph.nodes.iter().flat_map(|node| node.here.iter().chain(&node.not)).copied().collect();
    for (id, node) in graph.nodes.iter().enumerate() {
        let (document, pointer) = &node.place;
        let Some(value) = documents.get_mut(*document).and_then(|whole| whole.pointer_mut(pointer)) else { continue };
        if let Value::Bool(fits) = value
            && here.contains(&id)
        {
            *value = if *fits { json!({}) } else { json!({ "not": {} }) };
        }
        let Some(object) = value.as_object_mut() else { continue };
        if !object.contains_key("$ref") {
            object.entry("type").or_insert_with(|| json!(ALL_TYPES));
        }
        for name in ["$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"] {
            object.remove(name);
        }
        if object.get("id").is_some_and(Value::is_string) {
            object.remove("id");
        }
        if let Some((document, pointer)) = node.refers.and_then(|to| graph.nodes.get(to)).map(|to| &to.place) {
            object.insert("$ref".to_owned(), format!("{AT}{document}#{}", encoded(pointer)).into());
        }
        if pointer.is_empty() {
            // As Confluent's serializers have it where a schema does not say.
            let draft = object.entry("$schema").or_insert_with(|| DRAFT.into());
            if draft.as_str().is_none_or(|draft| draft.trim_end_matches('#') != own.trim_end_matches('#')) {
                return Err(wrong("what it refers to is of another draft"));
            }
        }
    }
    Ok(documents)
}

/// Whatever a value may be.
const ALL_TYPES: [&str; 6] = ["array", "boolean", "null", "number", "object", "string"];
/// What a schema is written in that does not say so.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// A JSON pointer as a URI's fragment has it.
fn encoded(pointer: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~$".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    pointer.bytes().map(one).collect()
}

fn build(documents: &[Value]) -> Result<Validator<Counted>, SchemaError> {
    let refused = |why: String| wrong(format!("it is no schema that can be checked by: {why}"));
    let Some((own, others)) = documents.split_first() else { return Err(wrong("it is empty")) };
    let draft = match own.get("$schema").and_then(Value::as_str).map(|uri| uri.trim_end_matches('#')) {
        None | Some("http://json-schema.org/draft-07/schema") => Draft::Draft7,
        Some("http://json-schema.org/draft-06/schema") => Draft::Draft6,
        Some("http://json-schema.org/draft-04/schema") => Draft::Draft4,
        Some("https://json-schema.org/draft/2019-09/schema") => Draft::Draft201909,
        Some("https://json-schema.org/draft/2020-12/schema") => Draft::Draft202012,
        Some(_) => return Err(refused("$schema is none of the drafts 4, 6, 7, 2019-09 and 2020-12".to_owned())),
    };
    let mut registry = jsonschema::Registry::new().retriever(Nothing).draft(draft);
    for (place, document) in (1_usize..).zip(others) {
        let at = format!("{AT}{place}");
        registry = registry.add(at, document.clone()).map_err(|error| refused(error.to_string()))?;
    }
    let registry = registry.prepare().map_err(|error| refused(error.to_string()))?;
    let patterns = PatternOptions::regex().size_limit(PATTERN_KIB << 10).dfa_size_limit(DFA_BYTES);
    let options = jsonschema::options_for::<Counted>()
        .with_draft(draft)
        .with_registry(&registry)
        .with_base_uri(format!("{AT}0"))
        .with_retriever(Nothing)
        .with_pattern_options(patterns);
    // Its errors repeat the schema, which may be long.
    options.build(own).map_err(|error| refused(format!("{} at {}", error.kind().keyword(), error.instance_path())))
}

/// Fetches nothing.
struct Nothing;

impl jsonschema::Retrieve for Nothing {
    fn retrieve(&self, _uri: &jsonschema::Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err("it is not among its references".into())
    }
}
