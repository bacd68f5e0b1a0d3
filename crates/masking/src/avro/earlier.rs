//! Tags of earlier versions of a schema: where a later version's types stand in them.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::schema::{Kind, Schema, TypeId};
use crate::fields::fold;
use crate::plan::{ClassId, Mask};

/// Types of earlier versions that stand where a type of the schema does, and the tags that led there, as places in [`Mask::tags`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Before {
    types: BTreeSet<(usize, TypeId)>,
    tags: BTreeSet<usize>,
}

impl Before {
    pub(super) fn len(&self) -> usize {
        self.types.len()
    }
}

/// The earlier versions that have one of the mask's tags.
pub(super) struct EarlierSchemas<'a> {
    mask: &'a Mask,
    versions: Vec<Version<'a>>,
    /// The schema's own records, enums and fixed, with their full names.
    named: HashMap<TypeId, &'a str>,
}

struct Version<'a> {
    schema: &'a Schema,
    /// The fields of each record by their names and aliases, folded.
    fields: HashMap<TypeId, HashMap<Box<str>, Vec<usize>>>,
}

impl<'a> EarlierSchemas<'a> {
    pub(super) fn new(schema: &'a Schema, earlier: &'a [Schema], mask: &'a Mask) -> EarlierSchemas<'a> {
        let wanted: HashSet<Box<str>> = mask.tags.iter().map(|(tag, _)| fold(tag).into()).collect();
        let counts = |tags: &[Box<str>]| tags.iter().any(|tag| wanted.contains(&*fold(tag)));
        let has_tags = |schema: &&Schema| {
            let mut types = schema.types.iter();
            types.any(|ty| {
                counts(&ty.tags)
                    || matches!(&ty.kind, Kind::Record(fields) if fields.iter().any(|field| counts(&field.tags)))
            })
        };
        let versions: Vec<_> = earlier.iter().filter(has_tags).map(Version::new).collect();
        let names = schema.names.iter().filter(|_| !versions.is_empty());
        EarlierSchemas { mask, named: names.map(|(name, ty)| (*ty, &**name)).collect(), versions }
    }

    /// What stands where the whole schema does.
    pub(super) fn roots(&self) -> Before {
        let types = self.versions.iter().enumerate().map(|(version, known)| (version, known.schema.root));
        Before { types: types.collect(), tags: BTreeSet::new() }
    }

    /// What stands where the field of these names does.
    pub(super) fn step(&self, before: &Before, names: &[Box<str>]) -> Before {
        self.within(before, |version, record| {
            let fields = version.fields.get(&record);
            let places = names.iter().filter_map(|name| fields?.get(&*fold(name))).flatten().copied();
            places.collect()
        })
    }

    /// What stands where any field does.
    pub(super) fn any_step(&self, before: &Before) -> Before {
        self.within(before, |version, record| {
            version.fields.get(&record).into_iter().flat_map(HashMap::values).flatten().copied().collect()
        })
    }

    fn within(&self, before: &Before, which: impl Fn(&Version<'_>, TypeId) -> BTreeSet<usize>) -> Before {
        let mut within = Before::default();
        for (at, ty) in &before.types {
            let Some(version) = self.versions.get(*at) else { continue };
            match version.schema.types.get(*ty).map(|ty| &ty.kind) {
                Some(Kind::Record(fields)) => {
                    for field in which(version, *ty).into_iter().filter_map(|place| fields.get(place)) {
                        self.tags(&field.tags, &mut within.tags);
                        within.types.insert((*at, field.ty));
                    }
                }
                Some(Kind::Map(values)) => {
                    within.types.insert((*at, *values));
                }
                _ => {}
            }
        }
        within
    }

    fn tags(&self, tags: &[Box<str>], into: &mut BTreeSet<usize>) {
        let has = |wanted: &str| tags.iter().any(|tag| fold(tag) == fold(wanted));
        into.extend(self.mask.tags.iter().enumerate().filter(|(_, (tag, _))| has(tag)).map(|(place, _)| place));
    }

    /// Follows what stands where `ty` does to records and maps, through unions and lists, and takes out the tags that led there.
    pub(super) fn settle(&self, ty: TypeId, before: &mut Before) -> Vec<(&'a str, ClassId)> {
        if self.versions.is_empty() {
            return Vec::new();
        }
        let mut tags = std::mem::take(&mut before.tags);
        let mut met = std::mem::take(&mut before.types);
        if let Some(name) = self.named.get(&ty) {
            let named = self.versions.iter().enumerate();
            met.extend(named.filter_map(|(at, version)| Some((at, *version.schema.names.get(*name)?))));
        }
        let mut open: Vec<(usize, TypeId)> = met.iter().copied().collect();
        while let Some((at, id)) = open.pop() {
            let Some(ty) = self.versions.get(at).and_then(|version| version.schema.types.get(id)) else { continue };
            self.tags(&ty.tags, &mut tags);
            let below = match &ty.kind {
                Kind::Same(other) | Kind::Array(other) => std::slice::from_ref(other),
                Kind::Union(branches) => branches,
                Kind::Record(_) | Kind::Map(_) => {
                    before.types.insert((at, id));
                    continue;
                }
                Kind::Leaf(_) | Kind::Named(..) => continue,
            };
            open.extend(below.iter().map(|below| (at, *below)).filter(|below| met.insert(*below)));
        }
        let tags = tags.into_iter().filter_map(|place| self.mask.tags.get(place));
        tags.map(|(tag, class)| (&**tag, *class)).collect()
    }
}

impl<'a> Version<'a> {
    fn new(schema: &'a Schema) -> Version<'a> {
        let mut all = HashMap::new();
        for (id, ty) in schema.types.iter().enumerate() {
            let Kind::Record(fields) = &ty.kind else { continue };
            let mut by_name: HashMap<Box<str>, Vec<usize>> = HashMap::new();
            for (place, field) in fields.iter().enumerate() {
                for name in &field.names {
                    by_name.entry(fold(name).into()).or_default().push(place);
                }
            }
            all.insert(id, by_name);
        }
        Version { schema, fields: all }
    }
}
