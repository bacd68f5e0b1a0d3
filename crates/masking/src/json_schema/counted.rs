//! A value whose every look is counted: some schemas make a validator look for longer than anybody lives.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::resume_unwind;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use serde_json::{Map, Number, Value};

/// Bytes of a text that one look reads.
const BYTES: usize = 16;

/// Looks that reading a byte of a text or a name takes, by the patterns that it may be matched with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patterns {
    /// KiB of the largest pattern of texts.
    pub(super) texts: usize,
    /// KiB of all patterns that names meet at once.
    pub(super) names: usize,
}

/// By KiB of a pattern, bytes of a text that one look reads: at worst, each byte leads to all states that a pattern has.
const PATTERN_BYTES: usize = 4;

thread_local! {
    static PATTERNS: Cell<Patterns> = const { Cell::new(Patterns { texts: 0, names: 0 }) };
    /// Looks that the check which runs on this thread has left.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// Allows the next check on this thread so many looks, at what is matched with such patterns.
pub(super) fn allow(looks: u64, patterns: Patterns) {
    PATTERNS.set(patterns);
    LEFT.set(looks);
}

/// Looks that it takes to match so many bytes with patterns of so many KiB.
fn matched(bytes: usize, kib: usize) -> usize {
    bytes.saturating_mul(kib) / PATTERN_BYTES
}

/// Looks that are left; none if the check was stopped.
pub(super) fn left() -> u64 {
    LEFT.get()
}

/// Counts looks, and ends the check at the last one by unwinding it: whoever began it catches that. No panic is told.
fn look(times: usize) {
    let left = LEFT.get().saturating_sub(u64::try_from(times).unwrap_or(u64::MAX));
    LEFT.set(left);
    if left == 0 {
        resume_unwind(Box::new("too many looks"));
    }
}

/// How many lists and groups are within each other.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Looks that reading all of a value takes.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| 1 + name.len() / BYTES + size(value)).sum(),
        Value::String(text) => text.len() / BYTES,
        _ => 0,
    }
}

/// Values that are counted.
#[derive(Debug)]
pub(super) struct Counted;

impl Json for Counted {
    type Node<'a> = Seen<'a>;
    type PreparedKey = String;
    type StringBuffer = Value;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut Value, string: &str, f: impl FnOnce(Seen<'_>) -> T) -> T {
        *buffer = Value::String(string.to_owned());
        f(Seen(buffer))
    }
}

/// A value, or a part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a>(pub(super) &'a Value);

impl<'a> Node<'a, Counted> for Seen<'a> {
    type Object = Fields<'a>;
    type Array = Items<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Fields<'a>> {
        look(1);
        self.0.as_object().map(Fields)
    }

    fn as_array(&self) -> Option<Items<'a>> {
        look(1);
        self.0.as_array().map(|items| Items(items))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        let text = self.0.as_str();
        let bytes = text.map_or(0, str::len);
        look((1 + bytes / BYTES).saturating_add(matched(bytes, PATTERNS.get().texts)));
        text.map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        look(1);
        if let Value::Number(number) = self.0 { Some(number) } else { None }
    }

    fn as_boolean(&self) -> Option<bool> {
        look(1);
        self.0.as_bool()
    }

    fn is_null(&self) -> bool {
        look(1);
        self.0.is_null()
    }

    fn json_type(&self) -> JsonType {
        look(1);
        match self.0 {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        // It is read to its end, or kept.
        look(size(self.0));
        Cow::Borrowed(self.0)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        // Asked wherever a reference is followed, so that what only refers is counted too.
        look(1);
        Some(NodeIdentity::new(std::ptr::from_ref(self.0).addr()))
    }
}

/// A group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

/// The fields of a group in turn.
#[derive(Debug)]
pub(super) struct EachField<'a>(serde_json::map::Iter<'a>);

impl<'a> Iterator for EachField<'a> {
    type Item = (&'a str, Seen<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.0.next();
        look(1_usize.saturating_add(matched(next.map_or(0, |(name, _)| name.len()), PATTERNS.get().names)));
        next.map(|(name, value)| (name.as_str(), Seen(value)))
    }
}

impl<'a> Object<'a, Counted> for Fields<'a> {
    type Node = Seen<'a>;
    type MemberName = &'a str;
    type MembersIter = EachField<'a>;

    fn len(&self) -> usize {
        look(1);
        self.0.len()
    }

    fn get(&self, key: &String) -> Option<Seen<'a>> {
        look(1);
        self.0.get(key).map(Seen)
    }

    fn members(&self) -> EachField<'a> {
        EachField(self.0.iter())
    }
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items<'a>(&'a [Value]);

/// The elements of a list in turn.
#[derive(Debug)]
pub(super) struct EachItem<'a>(std::slice::Iter<'a, Value>);

impl<'a> Iterator for EachItem<'a> {
    type Item = Seen<'a>;

    fn next(&mut self) -> Option<Seen<'a>> {
        look(1);
        self.0.next().map(Seen)
    }
}

impl<'a> Array<'a, Counted> for Items<'a> {
    type Node = Seen<'a>;
    type ElementsIter = EachItem<'a>;

    fn len(&self) -> usize {
        look(1);
        self.0.len()
    }

    fn elements(&self) -> EachItem<'a> {
        EachItem(self.0.iter())
    }
}
