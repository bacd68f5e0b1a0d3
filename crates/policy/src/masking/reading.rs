//! How values and keys of a topic are read: a format's word, or a schema that stands in a file of the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tidegate_masking::{FileSchema, Format, Mask, SchemaFault, SchemaTexts};

use super::rows::RawFormat;
use crate::error::{Place, PolicyError};
use crate::folder::{PolicyFiles, is_schema};

/// Files of types that one Avro schema may refer to.
const REFERENCES_MAX: usize = 100;
const MEND: &str = "mend the schema, or name another in masking.yaml";

/// How a part is read, as it is written.
#[derive(Debug)]
pub(super) enum RawReading {
    /// A word for a format.
    Word(RawFormat),
    /// A schema of the folder.
    File(RawFile),
}

/// A schema of the folder, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    /// The file of an Avro schema, `*.avsc`, by its path in the policy folder. Values are Avro's binary encoding with nothing in front.
    avro: Option<String>,
    /// With `avro`: files of types that the schema names.
    #[serde(default)]
    references: Vec<String>,
    /// The file of a Protobuf schema, `*.proto`. Imports are looked for beside it and in the folders above, nearest first; Google's
    /// well-known types and Confluent's `meta.proto` need no file.
    protobuf: Option<String>,
    /// With `protobuf`: the full name of the message that values are; needed where the file has several.
    message: Option<String>,
}

impl<'de> Deserialize<'de> for RawReading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawReading, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RawReading;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("json, framed, bytes, {avro: FILE} or {protobuf: FILE, message: NAME}")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<RawReading, E> {
                match word {
                    "json" => Ok(RawReading::Word(RawFormat::Json)),
                    "framed" => Ok(RawReading::Word(RawFormat::Framed)),
                    "bytes" => Ok(RawReading::Word(RawFormat::Bytes)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawReading, A::Error> {
                RawFile::deserialize(MapAccessDeserializer::new(map)).map(RawReading::File)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// How a part is read.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    /// As its format says.
    As(Format),
    /// By the schema of a file, without anything in front.
    By(Arc<FileSchema>),
}

impl Reading {
    pub(super) fn format(&self) -> Format {
        match self {
            Reading::As(format) => *format,
            Reading::By(_) => Format::Schema,
        }
    }

    /// What it says of a plan's id, beside its format.
    pub(super) fn digest(&self) -> Option<[u8; 32]> {
        match self {
            Reading::As(_) => None,
            Reading::By(schema) => Some(schema.digest()),
        }
    }

    /// Compiles the file's schema for what is looked for.
    pub(super) fn compile(&self, mask: &mut Mask) -> Result<(), String> {
        mask.schema = match self {
            Reading::By(schema) if mask.format == Format::Schema => {
                let looked_for = Mask { schema: None, ..mask.clone() };
                Some(Arc::new(schema.plan(&looked_for).map_err(|fault| fault.to_string())?))
            }
            _ => None,
        };
        Ok(())
    }
}

/// Why a reading cannot be used.
pub(super) enum Wrong {
    /// It is wrong in its row.
    InRow(String),
    /// A file that it names is wrong.
    InFile(PolicyError),
}

impl From<String> for Wrong {
    fn from(what: String) -> Wrong {
        Wrong::InRow(what)
    }
}

impl Wrong {
    /// The error, where `row` makes one of what is wrong in a row.
    pub(super) fn or_in_row(self, row: impl FnOnce(String) -> PolicyError) -> PolicyError {
        match self {
            Wrong::InRow(what) => row(what),
            Wrong::InFile(error) => error,
        }
    }
}

/// What tells one schema from another: its file, its message, the files that it refers to.
type Named = (String, Option<String>, Vec<String>);

/// The schemas of a folder, each read once.
pub(super) struct FileSchemas {
    texts: SchemaTexts,
    /// All that any selector looks for: what can be compiled for it can be for every topic.
    everything: Mask,
    read: BTreeMap<Named, Arc<FileSchema>>,
}

impl FileSchemas {
    pub(super) fn new(files: &PolicyFiles, everything: Mask) -> FileSchemas {
        let texts = files.iter().filter(|(name, _)| is_schema(name));
        let texts = texts.map(|(name, text)| (name.clone(), text.clone())).collect();
        FileSchemas { texts: Arc::new(texts), everything, read: BTreeMap::new() }
    }

    /// Makes a reading of what is written.
    pub(super) fn reading(&mut self, raw: RawReading) -> Result<Reading, Wrong> {
        match raw {
            RawReading::Word(format) => Ok(Reading::As(format.into())),
            RawReading::File(file) => self.schema(file).map(Reading::By),
        }
    }

    fn schema(&mut self, raw: RawFile) -> Result<Arc<FileSchema>, Wrong> {
        let (name, end) = match (&raw.avro, &raw.protobuf) {
            (Some(name), None) if raw.message.is_none() => (name, ".avsc"),
            (None, Some(name)) if raw.references.is_empty() => (name, ".proto"),
            _ => return Err(format!("a schema is {FORM}").into()),
        };
        if raw.references.len() > REFERENCES_MAX {
            return Err(format!("more than {REFERENCES_MAX} references").into());
        }
        for file in raw.references.iter().chain([name]) {
            if !file.ends_with(end) {
                return Err(format!("{file:?} is no name of a file *{end}").into());
            }
            if !self.texts.contains_key(file) {
                return Err(format!("there is no file {file:?} in the policy folder or below it").into());
            }
        }
        let named = (name.clone(), raw.message, raw.references);
        if let Some(known) = self.read.get(&named) {
            return Ok(Arc::clone(known));
        }
        let (name, message, references) = &named;
        let schema = match end {
            ".avsc" => FileSchema::avro(name, references, &self.texts),
            _ => FileSchema::protobuf(name, message.as_deref(), &self.texts),
        };
        let checked = schema.and_then(|schema| schema.plan(&self.everything).map(|_plan| schema));
        let schema = Arc::new(checked.map_err(|fault| Wrong::InFile(in_file(fault)))?);
        self.read.insert(named, Arc::clone(&schema));
        Ok(schema)
    }

    /// The files that the schemas are made of.
    pub(super) fn used(&self) -> BTreeSet<String> {
        self.read.values().flat_map(|schema| schema.used()).cloned().collect()
    }
}

pub(super) const FORM: &str = "{avro: FILE.avsc}, with references: [FILE.avsc] where it names types of other files, or {protobuf: FILE.proto, message: NAME}";

fn in_file(SchemaFault { file, at, what }: SchemaFault) -> PolicyError {
    match at {
        Some(at) => PolicyError::at(Place::new(&file, at), what, MEND),
        None => PolicyError::folder(file, what, MEND),
    }
}
