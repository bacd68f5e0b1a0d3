//! From a schema and a mask to operations. It works off a list, so that chains of types, however long, take no stack.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::earlier::{Before, EarlierSchemas};
use super::schema::{Field, Kind, Leaf, Schema, SchemaError, TypeId};
use super::{AvroPlan, Does, Map, Op, OpId};
use crate::fields::{Node, fold};
use crate::plan::{ClassId, Mask};
use crate::schema::RemovedTags;

/// Operations, and keys of maps by name, that a plan may have. Real ones have hundreds; a schema could be made so that its types
/// multiply with the paths.
const PLACES_MAX: usize = 200_000;
/// Fields and branches of all operations together: one of few operations may have very many.
const PARTS_MAX: usize = 500_000;
/// Paths that may lead to one place: a field has some aliases at most.
const NODES_MAX: usize = 64;
/// The step below a map that means its keys.
const KEYS: &str = "@key";
/// A name that no path has.
const NO_NAME: &str = "\0";

/// Where something stands, for people: the record of the field that leads there, and the field.
#[derive(Clone, Copy)]
struct Called<'a> {
    record: &'a str,
    field: &'a str,
}

/// Where a type stands: the paths that led there, the classes that all below is of, and what earlier versions have there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    nodes: Vec<Node>,
    classes: Vec<ClassId>,
    before: Before,
}

impl Place {
    /// Whether it was not of the class already.
    fn class(&mut self, class: ClassId) -> bool {
        let is_new = !self.classes.contains(&class);
        if is_new {
            self.classes.push(class);
        }
        is_new
    }

    /// The same with something else of earlier versions.
    fn with(&self, before: Before) -> Place {
        Place { nodes: self.nodes.clone(), classes: self.classes.clone(), before }
    }

    fn tags(&mut self, tags: &[Box<str>], mask: &Mask) {
        for tag in tags {
            for (_, class) in mask.tags.iter().filter(|(known, _)| fold(known) == fold(tag)) {
                self.class(*class);
            }
        }
    }

    /// The place of what is called by `names` here.
    fn step(&self, names: &[impl AsRef<str>], mask: &Mask) -> Place {
        let mut place = Place { nodes: Vec::new(), classes: self.classes.clone(), before: Before::default() };
        for name in names {
            // Names at any depth need no path that leads here.
            let here = self.nodes.iter().copied().map(Some).chain(self.nodes.is_empty().then_some(None));
            for at in here {
                let step = mask.fields.step(at, name.as_ref());
                for class in step.class.into_iter().chain(step.also) {
                    place.class(class);
                }
                if let Some(node) = step.node
                    && !place.nodes.contains(&node)
                {
                    place.nodes.push(node);
                }
            }
        }
        place
    }
}

pub(super) fn compile(schema: &Schema, earlier: &[Schema], mask: &Mask) -> Result<AvroPlan, SchemaError> {
    let earlier = EarlierSchemas::new(schema, earlier, mask);
    let mut compiler = Compiler {
        schema,
        mask,
        ops: Vec::new(),
        known: HashMap::new(),
        queue: VecDeque::new(),
        keys: 0,
        parts: 0,
        removed: RemovedTags::default(),
        earlier,
    };
    let nodes = mask.fields.root().into_iter().collect();
    let place = Place { nodes, classes: Vec::new(), before: compiler.earlier.roots() };
    let root = compiler.op(schema.root, place, Called { record: "", field: "" })?;
    while let Some((id, ty, place, called)) = compiler.queue.pop_front() {
        let does = compiler.does(ty, &place, called)?;
        if let Some(op) = compiler.ops.get_mut(index(id)) {
            op.looks = looks(&does, mask, !place.classes.is_empty());
            op.does = does;
        }
    }
    let (mut ops, removed) = (compiler.ops, compiler.removed);
    settle(&mut ops);
    Ok(AvroPlan { ops, root, removed })
}

struct Compiler<'a> {
    schema: &'a Schema,
    mask: &'a Mask,
    ops: Vec<Op>,
    known: HashMap<(TypeId, Place), OpId>,
    /// Operations that have a number but do nothing yet.
    queue: VecDeque<(OpId, TypeId, Place, Called<'a>)>,
    /// Keys of maps so far.
    keys: usize,
    /// Fields and branches so far.
    parts: usize,
    earlier: EarlierSchemas<'a>,
    removed: RemovedTags,
}

fn wrong(why: &'static str) -> SchemaError {
    SchemaError { why, within: "the schema".into() }
}

impl<'a> Compiler<'a> {
    /// The operation of a type in a place: the same again where both are the same, so that types that hold themselves come to an end.
    fn op(&mut self, mut ty: TypeId, mut place: Place, called: Called<'a>) -> Result<OpId, SchemaError> {
        while let Some(known) = self.schema.types.get(ty) {
            place.tags(&known.tags, self.mask);
            let Kind::Same(other) = known.kind else { break };
            ty = other;
        }
        self.earlier_tags(ty, &mut place, called)?;
        if place.nodes.len() > NODES_MAX {
            return Err(wrong("aliases lead to too many paths at once"));
        }
        if let Some(id) = self.known.get(&(ty, place.clone())) {
            return Ok(*id);
        }
        self.bound()?;
        let id = OpId::try_from(self.ops.len()).unwrap_or(OpId::MAX);
        let classes = place.classes.clone().into_boxed_slice();
        self.ops.push(Op { does: Does::Leaf(Leaf::Null), classes, looks: false, empty: true });
        self.known.insert((ty, place.clone()), id);
        self.queue.push_back((id, ty, place, called));
        Ok(id)
    }

    /// Adds the classes of tags that only earlier versions have here.
    fn earlier_tags(&mut self, ty: TypeId, place: &mut Place, called: Called<'a>) -> Result<(), SchemaError> {
        for (tag, class) in self.earlier.settle(ty, &mut place.before) {
            if place.class(class) {
                let Called { record, field } = called;
                self.removed
                    .add(tag, &if field.is_empty() { "the whole".to_owned() } else { format!("{record}.{field}") });
            }
        }
        if self.earlier.is_too_much() {
            return Err(wrong("its types and those of its earlier versions make too many places"));
        }
        Ok(())
    }

    fn bound(&self) -> Result<(), SchemaError> {
        let places = self.ops.len().saturating_add(self.keys);
        if places < PLACES_MAX && self.parts <= PARTS_MAX {
            Ok(())
        } else {
            Err(wrong("its types and the paths make too many places"))
        }
    }

    fn spend(&mut self, parts: usize) -> Result<(), SchemaError> {
        self.parts = self.parts.saturating_add(parts);
        self.bound()
    }

    fn does(&mut self, ty: TypeId, place: &Place, called: Called<'a>) -> Result<Does, SchemaError> {
        let schema = self.schema;
        Ok(match schema.types.get(ty).map(|ty| &ty.kind) {
            Some(Kind::Leaf(leaf)) => Does::Leaf(*leaf),
            Some(Kind::Record(fields)) => {
                Does::Record(self.fields(fields, place, self.earlier.name(ty).unwrap_or_default())?)
            }
            Some(Kind::Array(items)) => {
                let place = place.with(self.earlier.items(&place.before));
                Does::Array(self.op(*items, place, called)?)
            }
            Some(Kind::Map(values)) => Does::Map(Box::new(self.map(*values, place, called)?)),
            Some(Kind::Union(types)) => {
                self.spend(types.len())?;
                let mut branches = Vec::with_capacity(types.len());
                for (branch, before) in types.iter().zip(self.earlier.branches(&place.before, types)) {
                    branches.push(self.op(*branch, place.with(before), called)?);
                }
                let null = types.iter().position(|ty| schema.is_null(*ty)).and_then(|place| i64::try_from(place).ok());
                Does::Union { branches: branches.into(), null }
            }
            Some(Kind::Same(_) | Kind::Named(..)) | None => return Err(wrong("a type that is not known")),
        })
    }

    fn fields(&mut self, fields: &'a [Field], place: &Place, record: &'a str) -> Result<Box<[OpId]>, SchemaError> {
        self.spend(fields.len())?;
        let mut ids = Vec::with_capacity(fields.len());
        for field in fields {
            let mut inner = place.step(&field.names, self.mask);
            inner.tags(&field.tags, self.mask);
            inner.before = self.earlier.step(&place.before, &field.names);
            let called = Called { record, field: field.names.first().map_or("", |name| name) };
            ids.push(self.op(field.ty, inner, called)?);
        }
        Ok(ids.into())
    }

    fn map(&mut self, values: TypeId, place: &Place, called: Called<'a>) -> Result<Map, SchemaError> {
        let mask = self.mask;
        let paths = place.nodes.iter().copied().map(Some).chain([None]);
        // In order, so that a plan is the same each time it is made.
        let names: BTreeSet<&str> = paths.flat_map(|at| mask.fields.names(at)).collect();
        let keys = if names.contains(KEYS) { place.step(&[KEYS], mask).classes } else { place.classes.clone() };
        // A field that became an entry is still under its tag; nobody knows under which key.
        let before = self.earlier.any_step(&place.before);
        let step = |name| Place { before: before.clone(), ..place.step(&[name], mask) };
        let other = self.op(values, step(NO_NAME), called)?;
        let mut named = HashMap::new();
        for name in names {
            let id = self.op(values, step(name), called)?;
            if id != other {
                named.insert(name.into(), id);
                self.keys += 1;
                self.bound()?;
            }
        }
        let looks = !keys.is_empty() || !mask.content.is_empty();
        Ok(Map { keys: keys.into(), named, other, looks })
    }
}

/// Whether something is looked for in the operation itself, whatever is below it.
fn looks(does: &Does, mask: &Mask, classed: bool) -> bool {
    let content = !mask.content.is_empty();
    match does {
        Does::Leaf(Leaf::Null) => false,
        Does::Leaf(Leaf::String { .. } | Leaf::Bytes { .. } | Leaf::Fixed(_)) => classed || mask.looks_into_texts(),
        Does::Leaf(Leaf::Long(_) | Leaf::Double) => classed || content,
        Does::Map(map) => classed || map.looks,
        Does::Leaf(_) | Does::Record(_) | Does::Array(_) | Does::Union { .. } => classed,
    }
}

fn index(id: OpId) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// Says of each operation whether anything is looked for below it, and whether it ever takes bytes.
fn settle(ops: &mut [Op]) {
    let mut above: Vec<Vec<OpId>> = vec![Vec::new(); ops.len()];
    for (op, id) in ops.iter().zip(0..) {
        for below in below(&op.does) {
            if let Some(above) = above.get_mut(index(below)) {
                above.push(id);
            }
        }
    }
    let up = |ops: &mut [Op], mut todo: Vec<OpId>, mark: fn(&mut Op) -> bool| {
        while let Some(id) = todo.pop() {
            for above in above.get(index(id)).into_iter().flatten() {
                if ops.get_mut(index(*above)).is_some_and(mark) {
                    todo.push(*above);
                }
            }
        }
    };
    let looking = ids(ops, |op| op.looks);
    up(ops, looking, |op| !std::mem::replace(&mut op.looks, true));
    for op in ops.iter_mut() {
        op.empty = matches!(op.does, Does::Leaf(Leaf::Null | Leaf::Fixed(0)) | Does::Record(_));
    }
    // A record takes bytes if one of its fields does.
    let filled = ids(ops, |op| !op.empty);
    up(ops, filled, |op| std::mem::replace(&mut op.empty, false));
    let empty: Vec<bool> = ops.iter().map(|op| op.empty).collect();
    for op in ops {
        if let Does::Record(fields) = &mut op.does {
            *fields = fields.iter().copied().filter(|id| !empty.get(index(*id)).is_some_and(|empty| *empty)).collect();
        }
    }
}

fn ids(ops: &[Op], which: impl Fn(&Op) -> bool) -> Vec<OpId> {
    ops.iter().zip(0..).filter(|(op, _)| which(op)).map(|(_, id)| id).collect()
}

fn below(does: &Does) -> Vec<OpId> {
    match does {
        Does::Leaf(_) => Vec::new(),
        Does::Record(all) | Does::Union { branches: all, .. } => all.to_vec(),
        Does::Array(items) => vec![*items],
        Does::Map(map) => map.named.values().copied().chain([map.other]).collect(),
    }
}
