//! Messages by name: a small tree to write them down in tests and to look at what came out.

use tidegate_kafka::encode::{Fields, Value};
use tidegate_kafka::schema::{Field, Message, Type};
use tidegate_kafka::walk::{Event, Scalar, Walker};

/// A value of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    Null,
    List(Vec<Tree>),
    Struct(Vec<(&'static str, Tree)>),
}

pub(crate) fn int(number: impl Into<i64>) -> Tree {
    Tree::Int(number.into())
}

pub(crate) fn text(text: &str) -> Tree {
    Tree::Text(text.to_owned())
}

impl Tree {
    /// A field of a struct; panics without it.
    pub(crate) fn at(&self, name: &str) -> &Tree {
        self.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Tree> {
        let Tree::Struct(fields) = self else { panic!("no struct: {self:?}") };
        fields.iter().find(|(field, _)| *field == name).map(|(_, tree)| tree)
    }

    pub(crate) fn list(&self) -> &[Tree] {
        let Tree::List(list) = self else { panic!("no list: {self:?}") };
        list
    }

    pub(crate) fn int(&self) -> i64 {
        let Tree::Int(number) = self else { panic!("no number: {self:?}") };
        *number
    }

    pub(crate) fn text(&self) -> &str {
        let Tree::Text(text) = self else { panic!("no text: {self:?}") };
        text
    }
}

/// The fields of a tree that `version` has; a name that the message does not have in any version panics.
pub(crate) fn fields(message: &Message, version: i16, tree: &Tree) -> Fields {
    structure(message.fields, version, tree)
}

fn structure(layout: &[Field], version: i16, tree: &Tree) -> Fields {
    let Tree::Struct(named) = tree else { panic!("no struct: {tree:?}") };
    let mut out = Vec::new();
    for (name, value) in named {
        let mut found = layout.iter().filter(|f| f.name() == *name).peekable();
        assert!(found.peek().is_some(), "no field {name}");
        out.extend(found.filter(|f| f.versions.contains(version)).map(|f| (f.id, encodable(&f.ty, version, value))));
    }
    out
}

fn encodable(ty: &Type, version: i16, tree: &Tree) -> Value {
    match (ty, tree) {
        (_, Tree::Null) => Value::Null,
        (_, Tree::Int(number)) => Value::Int(*number),
        (_, Tree::Text(text)) => Value::Text(text.clone()),
        (_, Tree::Bytes(bytes)) => Value::Bytes(bytes.clone()),
        (_, Tree::Uuid(id)) => Value::Uuid(*id),
        (Type::Array(Type::Struct(layout)), Tree::List(list)) => {
            Value::List(list.iter().map(|element| structure(layout, version, element)).collect())
        }
        (Type::Array(element), Tree::List(list)) => {
            Value::Items(list.iter().map(|item| encodable(element, version, item)).collect())
        }
        (Type::Struct(layout), tree) => Value::Struct(structure(layout, version, tree)),
        (ty, tree) => panic!("{tree:?} is no {ty:?}"),
    }
}

/// Reads a whole body; panics when it does not walk to its end.
pub(crate) fn decode(message: &'static Message, version: i16, body: &[u8]) -> Tree {
    let mut walker = Walker::new(message, version, body).unwrap();
    let mut open: Vec<(&'static str, Tree)> = vec![("", Tree::Struct(Vec::new()))];
    let next = |walker: &mut Walker<'_>| match walker.next() {
        Ok(event) => event.as_ref().map(own),
        Err(error) => panic!("{error}: {body:02x?}"),
    };
    while let Some(step) = next(&mut walker) {
        match step {
            Step::Leaf(name, tree) => put(&mut open, name, tree),
            Step::Open(name, tree) => open.push((name, tree)),
            Step::Close => {
                let (name, tree) = open.pop().unwrap();
                put(&mut open, name, tree);
            }
            Step::Skip => {}
        }
    }
    assert_eq!(open.len(), 1);
    open.pop().unwrap().1
}

enum Step {
    Leaf(&'static str, Tree),
    Open(&'static str, Tree),
    Close,
    Skip,
}

fn own(event: &Event<'_>) -> Step {
    match event {
        Event::Scalar { field, value, .. } => Step::Leaf(
            field.name(),
            match *value {
                Scalar::Int(number) => Tree::Int(number),
                Scalar::Float(number) => Tree::Bytes(number.to_be_bytes().to_vec()),
                Scalar::Uuid(id) => Tree::Uuid(id),
                Scalar::String(text) => text.map_or(Tree::Null, |t| Tree::Text(t.to_owned())),
                Scalar::Bytes(bytes) | Scalar::Records(bytes) => bytes.map_or(Tree::Null, |b| Tree::Bytes(b.to_vec())),
            },
        ),
        Event::ArrayBegin { field, count: None, .. } | Event::NullStruct { field } => {
            Step::Leaf(field.name(), Tree::Null)
        }
        Event::ArrayBegin { field, .. } => Step::Open(field.name(), Tree::List(Vec::new())),
        Event::ElementBegin { field, .. } | Event::StructBegin { field } => {
            Step::Open(field.name(), Tree::Struct(Vec::new()))
        }
        Event::ArrayEnd { .. } | Event::ElementEnd { .. } | Event::StructEnd { .. } => Step::Close,
        Event::TaggedBegin { .. } | Event::UnknownTag { .. } => Step::Skip,
    }
}

fn put(open: &mut [(&'static str, Tree)], name: &'static str, tree: Tree) {
    match &mut open.last_mut().unwrap().1 {
        Tree::Struct(fields) => fields.push((name, tree)),
        Tree::List(list) => list.push(tree),
        other => panic!("nothing goes into {other:?}"),
    }
}
