//! Reads Avro schemas (Avro 1.12, "Schema Declaration") with what rewriting needs: shapes, names, aliases, tags and defaults of enums.
//!
//! It is stricter than the specification where two readers could read one schema in two ways, since the payload would then be walked
//! in another way than the caller's reader does.

use std::collections::HashMap;
use std::sync::Arc;

use super::json::Json;
use crate::transform::Unit;

/// Registries store schemas as single Kafka messages, 1 MiB unless set otherwise; with references a few of them.
const BYTES_MAX: usize = 8 << 20;
/// Bytes of a name or a namespace: what is in a namespace repeats it.
const NAME_MAX: usize = 1024;
/// Bytes of the full names of all types together.
const NAMES_MAX: usize = 16 << 20;
/// The property that Confluent's registry and its catalog write tags into.
const TAGS: &str = "confluent:tags";

/// A schema that cannot be read, or not in one way only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}, in {within}")]
pub struct SchemaError {
    /// What is wrong.
    pub why: &'static str,
    /// The named type it stands in.
    pub within: Box<str>,
}

impl SchemaError {
    pub(super) fn of_an_earlier_version(self, version: u32) -> SchemaError {
        SchemaError { why: self.why, within: format!("version {version}, before it: {}", self.within).into() }
    }
}

/// A type by its place in [`Schema::types`].
pub(super) type TypeId = usize;

#[derive(Debug)]
pub(super) struct Schema {
    pub(super) types: Vec<Type>,
    /// Records, enums and fixed by their full names.
    pub(super) names: HashMap<Box<str>, TypeId>,
    pub(super) root: TypeId,
}

#[derive(Debug)]
pub(super) struct Type {
    pub(super) kind: Kind,
    pub(super) tags: Vec<Box<str>>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Leaf(Leaf),
    Record(Vec<Field>),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    /// Another type, with tags of its own.
    Same(TypeId),
    /// A name that is looked up once all types are read, and the namespace that it stands in.
    Named(Box<str>, Arc<str>),
}

#[derive(Debug)]
pub(super) struct Field {
    /// Its name and its aliases.
    pub(super) names: Vec<Box<str>>,
    pub(super) tags: Vec<Box<str>>,
    pub(super) ty: TypeId,
}

/// A value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Null,
    Boolean,
    Int(Number),
    Long(Number),
    Float,
    Double,
    /// Bytes, and what stands for none of them: a decimal of no bytes is not a number.
    Bytes {
        neutral: &'static [u8],
    },
    String {
        uuid: bool,
    },
    Fixed(usize),
    Enum {
        symbols: usize,
        neutral: usize,
    },
}

/// What integers may be and count in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) least: i64,
    pub(super) most: i64,
    pub(super) unit: Option<Unit>,
}

impl Number {
    const INT: Number = Number { least: i32::MIN as i64, most: i32::MAX as i64, unit: None };
    const LONG: Number = Number { least: i64::MIN, most: i64::MAX, unit: None };

    /// Moments in the years 1 to 9999: other years are more than some languages' dates hold.
    const fn moments(unit: Unit, a_day: i64) -> Number {
        const FIRST_DAY: i64 = -719_162;
        const LAST_DAY: i64 = 2_932_896;
        Number { least: FIRST_DAY * a_day, most: (LAST_DAY + 1) * a_day - 1, unit: Some(unit) }
    }

    /// Times of a day.
    const fn times(a_day: i64) -> Number {
        Number { least: 0, most: a_day - 1, unit: None }
    }
}

const MILLIS_A_DAY: i64 = 86_400_000;
const MICROS_A_DAY: i64 = 86_400_000_000;

impl Schema {
    pub(super) fn is_null(&self, mut id: TypeId) -> bool {
        loop {
            match self.types.get(id).map(|ty| &ty.kind) {
                Some(Kind::Leaf(Leaf::Null)) => return true,
                Some(Kind::Same(other)) => id = *other,
                _ => return false,
            }
        }
    }
}

/// Reads a schema and the schemas that it refers to.
pub(super) fn parse(text: &str, references: &[(String, String)]) -> Result<Schema, SchemaError> {
    let mut parser = Parser { types: Vec::new(), names: HashMap::new(), bytes: 0, within: "the schema".into() };
    let bytes = references.iter().fold(text.len(), |sum, (_, text)| sum.saturating_add(text.len()));
    if bytes > BYTES_MAX {
        return Err(parser.wrong("more text than schemas have"));
    }
    for (name, text) in references {
        parser.within = name.as_str().into();
        parser.document(text)?;
    }
    parser.within = "the schema".into();
    let root = parser.document(text)?;
    parser.resolve()?;
    Ok(Schema { types: parser.types, names: parser.names, root })
}

/// Line and column, from 1, at which a schema ceases to be JSON that is read in one way.
pub(crate) fn place_of_no_json(text: &str) -> Option<(usize, usize)> {
    serde_json::from_str::<Json>(text).err().map(|error| (error.line().max(1), error.column().max(1)))
}

struct Parser {
    types: Vec<Type>,
    names: HashMap<Box<str>, TypeId>,
    /// Bytes of the names so far.
    bytes: usize,
    /// For errors: which named type is being read.
    within: Box<str>,
}

type Object = HashMap<Box<str>, Json>;

impl Parser {
    fn wrong(&self, why: &'static str) -> SchemaError {
        SchemaError { why, within: self.within.clone() }
    }

    fn document(&mut self, text: &str) -> Result<TypeId, SchemaError> {
        // serde_json goes 128 levels deep at most, and so does what is read from it.
        let json: Json = serde_json::from_str(text)
            .ok()
            .ok_or_else(|| self.wrong("not JSON, or nested too deep, or a name twice in one object"))?;
        self.read(&json, &Arc::from(""))
    }

    /// A name that is not too long to be kept.
    fn name<'n>(&self, name: &'n str) -> Result<&'n str, SchemaError> {
        if name.len() <= NAME_MAX { Ok(name) } else { Err(self.wrong("a name of more than 1024 bytes")) }
    }

    fn add(&mut self, kind: Kind, tags: Vec<Box<str>>) -> TypeId {
        self.types.push(Type { kind, tags });
        self.types.len() - 1
    }

    fn read(&mut self, json: &Json, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        match json {
            Json::Text(name) => {
                let kind = match primitive(name, None) {
                    Some(leaf) => Kind::Leaf(leaf),
                    None => Kind::Named(self.name(name)?.into(), Arc::clone(namespace)),
                };
                Ok(self.add(kind, Vec::new()))
            }
            Json::List(branches) => self.union(branches, namespace),
            Json::Object(object) => self.object(object, namespace),
            Json::Number(_) | Json::Other => Err(self.wrong("a type that is no name, list or object")),
        }
    }

    fn union(&mut self, branches: &[Json], namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        let mut types = Vec::with_capacity(branches.len());
        for branch in branches {
            let id = self.read(branch, namespace)?;
            if self.is_union(id) {
                return Err(self.wrong("a union within a union"));
            }
            types.push(id);
        }
        Ok(self.add(Kind::Union(types), Vec::new()))
    }

    fn is_union(&self, mut id: TypeId) -> bool {
        loop {
            match self.types.get(id).map(|ty| &ty.kind) {
                Some(Kind::Union(_)) => return true,
                Some(Kind::Same(other)) => id = *other,
                _ => return false,
            }
        }
    }

    fn object(&mut self, object: &Object, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        let tags = self.tags(object)?;
        let name = match object.get("type") {
            Some(Json::Text(name)) => name,
            Some(inner) => {
                let inner = self.read(inner, namespace)?;
                return Ok(self.add(Kind::Same(inner), tags));
            }
            None => return Err(self.wrong("an object without a type")),
        };
        let kind = match &**name {
            "record" | "error" => return self.record(object, tags, namespace),
            "enum" => {
                let kind = self.symbols(object)?;
                return self.define(object, kind, tags, namespace).map(|(id, _)| id);
            }
            "fixed" => {
                let Some(Json::Number(size)) = object.get("size") else {
                    return Err(self.wrong("a fixed without a size"));
                };
                let size = usize::try_from(*size).unwrap_or(usize::MAX);
                return self.define(object, Kind::Leaf(Leaf::Fixed(size)), tags, namespace).map(|(id, _)| id);
            }
            "array" => Kind::Array(self.part(object, "items", namespace)?),
            "map" => Kind::Map(self.part(object, "values", namespace)?),
            other => match primitive(other, object.get("logicalType").and_then(Json::text)) {
                Some(leaf) => Kind::Leaf(leaf),
                None => Kind::Named(self.name(other)?.into(), Arc::clone(namespace)),
            },
        };
        Ok(self.add(kind, tags))
    }

    fn part(&mut self, object: &Object, name: &str, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        let Some(json) = object.get(name) else { return Err(self.wrong("an array or map of no type")) };
        self.read(json, namespace)
    }

    fn symbols(&self, object: &Object) -> Result<Kind, SchemaError> {
        let Some(Json::List(symbols)) = object.get("symbols") else {
            return Err(self.wrong("an enum without symbols"));
        };
        for symbol in symbols.iter().filter_map(Json::text) {
            self.name(symbol)?;
        }
        let neutral = match object.get("default") {
            Some(default) => {
                let at = symbols.iter().position(|symbol| symbol.text().is_some() && symbol.text() == default.text());
                at.ok_or_else(|| self.wrong("an enum's default that is none of its symbols"))?
            }
            None => 0,
        };
        Ok(Kind::Leaf(Leaf::Enum { symbols: symbols.len(), neutral }))
    }

    fn record(&mut self, object: &Object, tags: Vec<Box<str>>, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        // It has its name before its fields are read: they may be of it.
        let (id, namespace) = self.define(object, Kind::Record(Vec::new()), tags, namespace)?;
        let outer = std::mem::replace(&mut self.within, text(object, "name").unwrap_or_default().into());
        let Some(Json::List(list)) = object.get("fields") else {
            return Err(self.wrong("a record without fields"));
        };
        let mut fields = Vec::with_capacity(list.len());
        for field in list {
            let Json::Object(field) = field else { return Err(self.wrong("a field that is no object")) };
            let Some(name) = text(field, "name") else { return Err(self.wrong("a field without a name")) };
            let Some(ty) = field.get("type") else { return Err(self.wrong("a field without a type")) };
            let mut names = vec![self.name(name)?.into()];
            names.extend(self.texts(field.get("aliases"), "a field's aliases that are no list of names")?);
            let tags = self.tags(field)?;
            let ty = self.read(ty, &namespace)?;
            fields.push(Field { names, tags, ty });
        }
        if let Some(ty) = self.types.get_mut(id) {
            ty.kind = Kind::Record(fields);
        }
        self.within = outer;
        Ok(id)
    }

    /// Gives a type its name; says also which namespace the names within it are in.
    fn define(
        &mut self,
        object: &Object,
        kind: Kind,
        tags: Vec<Box<str>>,
        namespace: &Arc<str>,
    ) -> Result<(TypeId, Arc<str>), SchemaError> {
        let name = text(object, "name").filter(|name| !name.is_empty());
        let Some(name) = name else { return Err(self.wrong("a record, enum or fixed without a name")) };
        let name = self.name(name)?;
        let namespace: Arc<str> = match (name.rsplit_once('.'), object.get("namespace")) {
            (Some((namespace, _)), _) => namespace.into(),
            (None, None) => Arc::clone(namespace),
            (None, Some(Json::Text(namespace))) => self.name(namespace)?.into(),
            (None, Some(_)) => return Err(self.wrong("a namespace that is no text")),
        };
        let short = name.rsplit_once('.').map_or(name, |(_, short)| short);
        // One reader would take the name for the primitive type, another for this one.
        if primitive(short, None).is_some() {
            return Err(self.wrong("a type with a primitive type's name"));
        }
        self.bytes = self.bytes.saturating_add(name.len()).saturating_add(namespace.len());
        if self.bytes > NAMES_MAX {
            return Err(self.wrong("names that are too long for how many there are"));
        }
        let id = self.add(kind, tags);
        if self.names.insert(full(short, &namespace), id).is_some() {
            return Err(self.wrong("two types of one name"));
        }
        Ok((id, namespace))
    }

    fn tags(&self, object: &Object) -> Result<Vec<Box<str>>, SchemaError> {
        match object.get(TAGS) {
            Some(Json::Text(tag)) => Ok(vec![self.name(tag)?.into()]),
            tags => self.texts(tags, "tags that are no list of texts"),
        }
    }

    fn texts(&self, json: Option<&Json>, why: &'static str) -> Result<Vec<Box<str>>, SchemaError> {
        let list = match json {
            None => return Ok(Vec::new()),
            Some(Json::List(list)) => list,
            Some(_) => return Err(self.wrong(why)),
        };
        list.iter().map(|text| self.name(text.text().ok_or_else(|| self.wrong(why))?).map(Into::into)).collect()
    }

    /// Puts types in the place of their names.
    fn resolve(&mut self) -> Result<(), SchemaError> {
        for ty in &mut self.types {
            let Kind::Named(name, namespace) = &ty.kind else { continue };
            let near = (!name.contains('.')).then(|| self.names.get(&full(name, namespace))).flatten();
            let far = self.names.get(name);
            // Readers look in the namespace first, but some before all of it is read.
            let why = match (near, far) {
                (Some(one), Some(other)) if one != other => "a name that may be either of two types",
                (Some(id), _) | (None, Some(id)) => {
                    ty.kind = Kind::Same(*id);
                    continue;
                }
                (None, None) => "a type that is not known",
            };
            return Err(SchemaError { why, within: name.clone() });
        }
        Ok(())
    }
}

fn text<'j>(object: &'j Object, name: &str) -> Option<&'j str> {
    object.get(name).and_then(Json::text)
}

fn full(name: &str, namespace: &str) -> Box<str> {
    if namespace.is_empty() { name.into() } else { format!("{namespace}.{name}").into() }
}

/// A primitive type; a logical type that does not belong to it is ignored, as the specification has it.
fn primitive(name: &str, logical: Option<&str>) -> Option<Leaf> {
    Some(match (name, logical.unwrap_or_default()) {
        ("null", _) => Leaf::Null,
        ("boolean", _) => Leaf::Boolean,
        ("int", "date") => Leaf::Int(Number::moments(Unit::Days, 1)),
        ("int", "time-millis") => Leaf::Int(Number::times(MILLIS_A_DAY)),
        ("int", _) => Leaf::Int(Number::INT),
        ("long", "timestamp-millis" | "local-timestamp-millis") => {
            Leaf::Long(Number::moments(Unit::Millis, MILLIS_A_DAY))
        }
        ("long", "timestamp-micros" | "local-timestamp-micros") => {
            Leaf::Long(Number::moments(Unit::Micros, MICROS_A_DAY))
        }
        ("long", "time-micros") => Leaf::Long(Number::times(MICROS_A_DAY)),
        ("long", _) => Leaf::Long(Number::LONG),
        ("float", _) => Leaf::Float,
        ("double", _) => Leaf::Double,
        ("bytes", "decimal") => Leaf::Bytes { neutral: &[0] },
        // One byte of 0 with its length, and a scale of 0.
        ("bytes", "big-decimal") => Leaf::Bytes { neutral: &[2, 0, 0] },
        ("bytes", _) => Leaf::Bytes { neutral: &[] },
        ("string", logical) => Leaf::String { uuid: logical == "uuid" },
        _ => return None,
    })
}
