//! Tags of earlier versions of a schema: where a later version's types stand in them.
//!
//! Both are walked in step. A field is followed by its names and aliases, of all versions together, so that one that was renamed twice is
//! still found; a branch of a union by its type, a record also by its full name, wherever it stands.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::mem::{Discriminant, discriminant};

use super::schema::{Field, Kind, Leaf, Schema, TypeId};
use crate::fields::fold;
use crate::plan::{ClassId, Mask};

/// Types of earlier versions that are looked at for all places together.
const WORK_MAX: usize = 2_000_000;

/// Types of earlier versions that stand where a type of the schema does, and the tags that led there, as places in [`Mask::tags`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Before {
    types: BTreeSet<(usize, TypeId)>,
    tags: BTreeSet<usize>,
}

/// The earlier versions from the first on that has one of the mask's tags.
pub(super) struct EarlierSchemas<'a> {
    mask: &'a Mask,
    versions: Vec<Version<'a>>,
    own: Types<'a>,
    work: Cell<usize>,
}

/// A schema's types.
struct Types<'a> {
    schema: &'a Schema,
    /// The full names of records, enums and fixed.
    named: HashMap<TypeId, &'a str>,
}

struct Version<'a> {
    types: Types<'a>,
    /// Of each record.
    fields: HashMap<TypeId, ByName>,
    /// Tags of types, and of records' fields, as places in [`Mask::tags`].
    of_types: HashMap<TypeId, Vec<usize>>,
    of_fields: HashMap<(TypeId, usize), Vec<usize>>,
}

/// The places of a record's fields by their names and aliases, folded.
type ByName = HashMap<Box<str>, Vec<usize>>;

/// What tells the branches of a union apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Like<'a> {
    Named(&'a str),
    Leaf(Discriminant<Leaf>),
    Array,
    Map,
    Union,
}

impl<'a> EarlierSchemas<'a> {
    /// `earlier`: the last first.
    pub(super) fn new(schema: &'a Schema, earlier: &'a [Schema], mask: &'a Mask) -> EarlierSchemas<'a> {
        let mut versions: Vec<_> = earlier.iter().map(|schema| Version::new(schema, mask)).collect();
        let has_tags = |version: &Version<'_>| !version.of_types.is_empty() || !version.of_fields.is_empty();
        let first = versions.iter().rposition(has_tags).map_or(0, |place| place + 1);
        versions.truncate(first);
        // Without earlier versions nobody asks for names.
        let own = Types { schema, named: if first > 0 { names(schema) } else { HashMap::new() } };
        EarlierSchemas { mask, versions, own, work: Cell::new(0) }
    }

    /// Whether so much had to be looked at that it is given up.
    pub(super) fn is_too_much(&self) -> bool {
        self.work.get() > WORK_MAX
    }

    fn look_at(&self, types: usize) {
        self.work.set(self.work.get().saturating_add(types));
    }

    /// The full name of a type of the schema itself.
    pub(super) fn name(&self, ty: TypeId) -> Option<&'a str> {
        self.own.named.get(&ty).copied()
    }

    /// What stands where the whole schema does.
    pub(super) fn roots(&self) -> Before {
        let types = self.versions.iter().enumerate().map(|(version, known)| (version, known.types.schema.root));
        Before { types: types.collect(), tags: BTreeSet::new() }
    }

    /// What stands where the field of these names does.
    pub(super) fn step(&self, before: &Before, names: &[Box<str>]) -> Before {
        let mut names: BTreeSet<Box<str>> = names.iter().map(|name| fold(name).into()).collect();
        loop {
            let (mut within, mut called) = (Before::default(), names.clone());
            self.look_at(before.types.len().saturating_mul(names.len()));
            for (of, fields, by_name) in self.records(before) {
                for place in names.iter().filter_map(|name| by_name.get(name)).flatten() {
                    let Some(field) = fields.get(*place).filter(|_| !self.is_too_much()) else { continue };
                    self.enter(of, *place, field, &mut within);
                    called.extend(field.names.iter().map(|name| fold(name).into()));
                }
            }
            // Under another name it may have had the tag before that.
            if called.len() == names.len() || self.is_too_much() {
                self.enter_maps(before, &mut within);
                return within;
            }
            names = called;
        }
    }

    /// What stands where any field does.
    pub(super) fn any_step(&self, before: &Before) -> Before {
        let mut within = Before::default();
        for (of, fields, _) in self.records(before) {
            fields.iter().enumerate().for_each(|(place, field)| self.enter(of, place, field, &mut within));
        }
        self.enter_maps(before, &mut within);
        within
    }

    /// The records among them, with all their fields and those by name.
    fn records<'s>(&'s self, before: &'s Before) -> impl Iterator<Item = ((usize, TypeId), &'a [Field], &'s ByName)> {
        before.types.iter().filter_map(|(at, ty)| {
            let version = self.versions.get(*at)?;
            let Kind::Record(fields) = &version.types.schema.types.get(*ty)?.kind else { return None };
            Some(((*at, *ty), fields.as_slice(), version.fields.get(ty)?))
        })
    }

    fn enter(&self, (at, record): (usize, TypeId), place: usize, field: &Field, within: &mut Before) {
        let tags = self.versions.get(at).and_then(|version| version.of_fields.get(&(record, place)));
        self.add(tags, &mut within.tags);
        within.types.insert((at, field.ty));
    }

    fn enter_maps(&self, before: &Before, within: &mut Before) {
        self.look_at(before.types.len());
        for (at, ty) in &before.types {
            let kind =
                self.versions.get(*at).and_then(|version| version.types.schema.types.get(*ty)).map(|ty| &ty.kind);
            if let Some(Kind::Map(values)) = kind {
                within.types.insert((*at, *values));
            }
        }
    }

    /// What stands where elements of a list do: elements, or what was no list yet.
    pub(super) fn items(&self, before: &Before) -> Before {
        let item = |(at, ty): &(usize, TypeId)| {
            let kind =
                self.versions.get(*at).and_then(|version| version.types.schema.types.get(*ty)).map(|ty| &ty.kind);
            (*at, if let Some(Kind::Array(items)) = kind { *items } else { *ty })
        };
        self.look_at(before.types.len());
        Before { types: before.types.iter().map(item).collect(), tags: BTreeSet::new() }
    }

    /// What stands where each branch of a union does: branches of its type, and those that no branch is of where no other is.
    pub(super) fn branches(&self, before: &Before, branches: &[TypeId]) -> Vec<Before> {
        let mut all = vec![Before::default(); branches.len()];
        let null = Like::Leaf(discriminant(&Leaf::Null));
        let likes: Vec<Like<'_>> = branches.iter().map(|branch| self.own.like(*branch)).collect();
        let own: HashSet<Like<'_>> = likes.iter().copied().collect();
        for (at, ty) in &before.types {
            let Some(version) = self.versions.get(*at) else { continue };
            let mut tags = BTreeSet::new();
            let ty = self.named_type(version, *ty, &mut tags);
            let old = match version.types.schema.types.get(ty).map(|ty| &ty.kind) {
                Some(Kind::Union(old)) => old.as_slice(),
                _ => std::slice::from_ref(&ty),
            };
            self.look_at(old.len().saturating_add(branches.len().saturating_mul(1 + tags.len())));
            let mut by_like: HashMap<Like<'_>, Vec<TypeId>> = HashMap::new();
            for ty in old {
                by_like.entry(version.types.like(*ty)).or_default().push(*ty);
            }
            let left = by_like.iter().filter(|(like, _)| !own.contains(like));
            let left: Vec<TypeId> = left.flat_map(|(_, types)| types).copied().collect();
            for (into, like) in all.iter_mut().zip(&likes) {
                into.tags.extend(&tags);
                let old = match by_like.get(like) {
                    Some(same) => same.as_slice(),
                    None if *like != null && !self.is_too_much() => &left,
                    None => &[],
                };
                self.look_at(old.len());
                into.types.extend(old.iter().map(|ty| (*at, *ty)));
            }
        }
        all
    }

    fn add(&self, tags: Option<&Vec<usize>>, into: &mut BTreeSet<usize>) {
        let tags = tags.map(Vec::as_slice).unwrap_or_default();
        self.look_at(1 + tags.len());
        into.extend(tags);
    }

    /// Follows names of types, whose tags count too.
    fn named_type(&self, version: &Version<'_>, mut ty: TypeId, tags: &mut BTreeSet<usize>) -> TypeId {
        while let Some(known) = version.types.schema.types.get(ty)
            && let Kind::Same(other) = known.kind
        {
            self.add(version.of_types.get(&ty), tags);
            ty = other;
        }
        ty
    }

    /// Follows what stands where `ty` does, as far as it is to be told apart here, and takes out the tags that led there.
    pub(super) fn settle(&self, ty: TypeId, before: &mut Before) -> Vec<(&'a str, ClassId)> {
        if self.versions.is_empty() {
            return Vec::new();
        }
        let mut tags = std::mem::take(&mut before.tags);
        let like = self.own.like(ty);
        self.look_at(before.types.len());
        // What the branches of a union were is for each of them to say.
        if like != Like::Union {
            self.settle_types(like, before, &mut tags);
        }
        let tags = tags.into_iter().filter_map(|place| self.mask.tags.get(place));
        tags.map(|(tag, class)| (&**tag, *class)).collect()
    }

    fn settle_types(&self, like: Like<'_>, before: &mut Before, tags: &mut BTreeSet<usize>) {
        let mut met = std::mem::take(&mut before.types);
        if let Like::Named(name) = like {
            self.look_at(self.versions.len());
            let named = self.versions.iter().enumerate();
            met.extend(named.filter_map(|(at, version)| Some((at, *version.types.schema.names.get(name)?))));
        }
        let mut open: Vec<(usize, TypeId)> = met.iter().copied().collect();
        while let Some((at, id)) = open.pop() {
            let Some(version) = self.versions.get(at) else { continue };
            let id = self.named_type(version, id, tags);
            let Some(ty) = version.types.schema.types.get(id) else { continue };
            self.add(version.of_types.get(&id), tags);
            let below: Vec<TypeId> = match &ty.kind {
                Kind::Union(old) => {
                    self.look_at(old.len());
                    let same: Vec<TypeId> =
                        old.iter().copied().filter(|old| version.types.like(*old) == like).collect();
                    if same.is_empty() { old.clone() } else { same }
                }
                Kind::Array(items) if like != Like::Array => vec![*items],
                Kind::Record(_) | Kind::Map(_) | Kind::Array(_) => {
                    before.types.insert((at, id));
                    continue;
                }
                Kind::Leaf(_) | Kind::Named(..) | Kind::Same(_) => continue,
            };
            open.extend(below.into_iter().map(|below| (at, below)).filter(|below| met.insert(*below)));
        }
    }
}

impl<'a> Version<'a> {
    fn new(schema: &'a Schema, mask: &Mask) -> Version<'a> {
        let mut wanted: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for (place, (tag, _)) in mask.tags.iter().enumerate() {
            wanted.entry(fold(tag).into()).or_default().push(place);
        }
        let places = |tags: &[Box<str>]| {
            let places: BTreeSet<usize> =
                tags.iter().filter_map(|tag| wanted.get(&*fold(tag))).flatten().copied().collect();
            (!places.is_empty()).then(|| Vec::from_iter(places))
        };
        let (mut all, mut of_types, mut of_fields) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (id, ty) in schema.types.iter().enumerate() {
            of_types.extend(places(&ty.tags).map(|places| (id, places)));
            let Kind::Record(fields) = &ty.kind else { continue };
            let tagged = fields.iter().enumerate();
            of_fields.extend(tagged.filter_map(|(place, field)| Some(((id, place), places(&field.tags)?))));
            let mut by_name = ByName::new();
            for (place, field) in fields.iter().enumerate() {
                for name in &field.names {
                    by_name.entry(fold(name).into()).or_default().push(place);
                }
            }
            all.insert(id, by_name);
        }
        Version { types: Types { schema, named: names(schema) }, fields: all, of_types, of_fields }
    }
}

fn names(schema: &Schema) -> HashMap<TypeId, &str> {
    schema.names.iter().map(|(name, ty)| (*ty, &**name)).collect()
}

impl<'a> Types<'a> {
    fn like(&self, mut ty: TypeId) -> Like<'a> {
        while let Some(Kind::Same(other)) = self.schema.types.get(ty).map(|ty| &ty.kind) {
            ty = *other;
        }
        if let Some(name) = self.named.get(&ty) {
            return Like::Named(name);
        }
        match self.schema.types.get(ty).map(|ty| &ty.kind) {
            Some(Kind::Leaf(leaf)) => Like::Leaf(discriminant(leaf)),
            Some(Kind::Array(_)) => Like::Array,
            Some(Kind::Map(_)) => Like::Map,
            _ => Like::Union,
        }
    }
}
