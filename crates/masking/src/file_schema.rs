//! Schemas from files: of payloads that name no schema themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use prost_reflect::MessageDescriptor;

use crate::avro::{self, AvroPlan, AvroSchema};
use crate::found::Found;
use crate::plan::{Mask, Rewritten, Scope, Unmaskable};
use crate::protobuf::ProtobufPlan;
use crate::protobuf::files::{self, ProtoFile};
use crate::schema::SchemaError;

/// Texts of schemas by their path within one folder, with `/` between its parts.
pub type SchemaTexts = Arc<BTreeMap<String, String>>;

/// What is wrong with a file of a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", at.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default())]
pub struct SchemaFault {
    /// Its path within the folder.
    pub file: String,
    /// Line and column, from 1, where they are known.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub what: String,
}

impl SchemaFault {
    pub(crate) fn of(file: &str, what: String) -> SchemaFault {
        SchemaFault { file: file.to_owned(), at: None, what }
    }
}

/// A schema of a file, read: good for any number of masks.
#[derive(Debug)]
pub struct FileSchema {
    name: String,
    language: Language,
    /// The files that it is made of.
    used: Vec<String>,
    digest: [u8; 32],
}

#[derive(Debug)]
enum Language {
    Avro(AvroSchema),
    /// A file, and which of its messages is meant, if anybody said so.
    Protobuf(ProtoFile, Option<MessageDescriptor>),
}

impl FileSchema {
    /// Reads the Avro schema of file `name`, which refers to types of the files `references`.
    ///
    /// # Errors
    /// There is no such file, or one of them cannot be read, or not in one way only.
    pub fn avro(name: &str, references: &[String], texts: &SchemaTexts) -> Result<FileSchema, SchemaFault> {
        let text = text_of(name, texts)?;
        let mut others = Vec::with_capacity(references.len());
        for reference in references {
            others.push((reference.clone(), text_of(reference, texts)?.to_owned()));
        }
        let schema = AvroSchema::read(text, &others).map_err(|error| in_avro(&error, (name, text), &others))?;
        let used: Vec<String> = [name.to_owned()].into_iter().chain(references.iter().cloned()).collect();
        let digest = digest("avro", &used, texts);
        Ok(FileSchema { name: name.to_owned(), language: Language::Avro(schema), used, digest })
    }

    /// Reads the Protobuf schema of file `name`. `message` is the full name of the message that payloads are; without it, the only
    /// one that the file has. Imports are looked for beside the file, then in the folders above it; Google's well-known types and
    /// Confluent's `meta.proto` need no file.
    ///
    /// # Errors
    /// There is no such file or message, or a file that is imported is missing or wrong.
    pub fn protobuf(name: &str, message: Option<&str>, texts: &SchemaTexts) -> Result<FileSchema, SchemaFault> {
        text_of(name, texts)?;
        let file = ProtoFile::read(name, texts)?;
        let found = file.message(message);
        // In framed payloads the payload says which message it is.
        let found =
            if message.is_some() { Some(found.map_err(|why| SchemaFault::of(name, why.0))?) } else { found.ok() };
        let used = file.used.clone();
        let says = found.as_ref().map_or_else(String::new, |message| message.full_name().to_owned());
        let digest = digest(&format!("protobuf {says}"), &used, texts);
        Ok(FileSchema { name: name.to_owned(), language: Language::Protobuf(file, found), used, digest })
    }

    /// Makes it ready for payloads that are looked into as `mask` says.
    ///
    /// # Errors
    /// It comes with the mask's paths to more places than is sane, or nobody said which of its messages payloads are.
    pub fn plan(&self, mask: &Mask) -> Result<FilePlan, SchemaFault> {
        let wrong = |why: String| SchemaFault::of(&self.name, why);
        match &self.language {
            Language::Avro(schema) => schema.plan(mask).map(FilePlan::Avro).map_err(|error| wrong(error.to_string())),
            Language::Protobuf(file, message) => {
                let message = message.clone().map_or_else(|| file.message(None), Ok);
                let plan = message.and_then(|message| files::plan(&message, mask));
                plan.map(FilePlan::Protobuf).map_err(|error| wrong(error.0))
            }
        }
    }

    /// The same for the message that a framed payload names by its `indexes`; in Avro there are none.
    ///
    /// # Errors
    /// As of [`FileSchema::plan`], or it has no such message.
    pub fn plan_at(&self, indexes: &[i32], mask: &Mask) -> Result<FilePlan, SchemaFault> {
        let Language::Protobuf(file, _) = &self.language else { return self.plan(mask) };
        let plan = file.message_at(indexes).and_then(|message| files::plan(&message, mask));
        plan.map(FilePlan::Protobuf).map_err(|SchemaError(why)| SchemaFault::of(&self.name, why))
    }

    /// Whether it is Protobuf, whose framed payloads say which message they are.
    #[must_use]
    pub fn is_protobuf(&self) -> bool {
        matches!(self.language, Language::Protobuf(..))
    }

    /// The files that it is made of, itself included.
    #[must_use]
    pub fn used(&self) -> &[String] {
        &self.used
    }

    /// SHA-256 of all that it is made of.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// A schema of a file and one mask, compiled.
#[derive(Debug)]
pub enum FilePlan {
    /// Of Avro's binary encoding.
    Avro(AvroPlan),
    /// Of a message of Protobuf.
    Protobuf(ProtobufPlan),
}

impl FilePlan {
    /// Rewrites one payload and appends it to `out` if it changed. `scope` has the mask that was compiled.
    ///
    /// # Errors
    /// The payload is not exactly one value of the schema.
    pub fn rewrite(
        &self,
        scope: &Scope<'_>,
        input: &[u8],
        out: &mut Vec<u8>,
        found: &mut Found,
    ) -> Result<Rewritten, Unmaskable> {
        match self {
            FilePlan::Avro(plan) => plan.rewrite(scope, input, out, found),
            FilePlan::Protobuf(plan) => plan.rewrite(scope, input, out, found),
        }
    }
}

fn text_of<'t>(name: &str, texts: &'t SchemaTexts) -> Result<&'t str, SchemaFault> {
    let text = texts.get(name).map(String::as_str);
    text.ok_or_else(|| SchemaFault::of(name, "there is no such file".to_owned()))
}

/// Avro's errors name a type: its first line is where to look.
fn in_avro(error: &avro::SchemaError, schema: (&str, &str), others: &[(String, String)]) -> SchemaFault {
    let others = others.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let all: Vec<(&str, &str)> = others.chain([schema]).collect();
    let named = format!("\"{}\"", error.within);
    let of_file = all.iter().find(|(name, _)| *name == &*error.within);
    let of_type = || all.iter().find_map(|(name, text)| Some((*name, *text, text.find(&named)?)));
    let (file, at) = match (of_file, of_type()) {
        (Some((name, text)), _) => (*name, avro::place_of_no_json(text)),
        (None, Some((name, text, byte))) => (name, Some(place_in(text, byte))),
        (None, None) => (schema.0, avro::place_of_no_json(schema.1)),
    };
    SchemaFault { file: file.to_owned(), at, what: error.to_string() }
}

fn place_in(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    (before.matches('\n').count() + 1, column + 1)
}

fn digest(says: &str, used: &[String], texts: &SchemaTexts) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let files = used.iter().flat_map(|name| [name.as_str(), texts.get(name).map_or("", String::as_str)]);
    for part in [says].into_iter().chain(files) {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
