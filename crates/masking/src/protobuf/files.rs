//! From `.proto` files of one folder to the descriptors of their messages.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use miette::Diagnostic as _;
use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};
use protox::Compiler;
use protox::file::{File, FileResolver, GoogleFileResolver};

use super::earlier::EarlierSchemas;
use super::parse::{self, DECLARES_GOOGLES, Names, TEXT_MAX};
use super::{ProtobufPlan, compile};
use crate::file_schema::SchemaFault;
use crate::plan::Mask;
use crate::schema::SchemaError;

/// Names of messages that an error lists.
const LISTED_MAX: usize = 8;

/// A `.proto` file, read with what it imports.
#[derive(Debug)]
pub(crate) struct ProtoFile {
    file: FileDescriptor,
    /// The files of the folder that it is made of.
    pub(crate) used: Vec<String>,
}

impl ProtoFile {
    /// Reads the file `name`. An import is looked for beside it, then in the folders above it, nearest first.
    pub(crate) fn read(name: &str, texts: &Arc<BTreeMap<String, String>>) -> Result<ProtoFile, SchemaFault> {
        let folder = Folder {
            root: name.to_owned(),
            texts: Arc::clone(texts),
            google: GoogleFileResolver::new(),
            names: Names::default(),
        };
        if texts.values().map(String::len).sum::<usize>() > TEXT_MAX {
            return Err(SchemaFault::of(name, format!("it stands among more than {TEXT_MAX} bytes of schemas")));
        }
        let pool = catch_unwind(AssertUnwindSafe(|| pool(folder)))
            .unwrap_or_else(|_panic| Err(SchemaFault::of(name, "the schema cannot be read".to_owned())))?;
        let path = |file: &FileDescriptor| resolve(name, file.name(), texts).map(str::to_owned);
        if let Some(file) = parse::of_false_google(&pool) {
            return Err(SchemaFault::of(&path(&file).unwrap_or_default(), DECLARES_GOOGLES.to_owned()));
        }
        let used = pool.files().filter_map(|file| path(&file)).collect();
        match pool.get_file_by_name(name) {
            Some(file) => Ok(ProtoFile { file, used }),
            None => Err(SchemaFault::of(name, "the schema is empty".to_owned())),
        }
    }

    /// The message of this full name; without one, the only message that the file has outside of others.
    pub(crate) fn message(&self, name: Option<&str>) -> Result<MessageDescriptor, SchemaError> {
        let mut outer = self.file.messages();
        let found = match name {
            Some(name) => self
                .file
                .parent_pool()
                .get_message_by_name(name)
                .filter(|message| message.parent_file() == self.file && !message.is_map_entry()),
            None => outer.next().filter(|_| outer.next().is_none()),
        };
        found.ok_or_else(|| {
            let names: Vec<String> =
                self.file.messages().take(LISTED_MAX).map(|message| message.full_name().to_owned()).collect();
            let list = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            match name {
                Some(name) => SchemaError(format!("it has no message {name:?}; it has {list}")),
                None => SchemaError(format!("which of its messages is not said; it has {list}")),
            }
        })
    }

    /// The message at these indexes, as in Confluent's framing.
    pub(crate) fn message_at(&self, indexes: &[i32]) -> Result<MessageDescriptor, SchemaError> {
        parse::select(&self.file, indexes)
    }
}

/// Makes a message ready for a mask.
pub(crate) fn plan(message: &MessageDescriptor, mask: &Mask) -> Result<ProtobufPlan, SchemaError> {
    let compiled = catch_unwind(AssertUnwindSafe(|| compile::compile(message, EarlierSchemas::default(), mask)));
    compiled.unwrap_or_else(|_panic| Err(SchemaError("the schema cannot be read".to_owned())))
}

fn pool(folder: Folder) -> Result<DescriptorPool, SchemaFault> {
    let (root, texts) = (folder.root.clone(), Arc::clone(&folder.texts));
    let mut compiler = Compiler::with_file_resolver(folder);
    if let Err(error) = compiler.open_file(&root) {
        let file = error.file().and_then(|file| resolve(&root, file, &texts)).unwrap_or(&root).to_owned();
        return Err(SchemaFault { file, at: place(&error), what: error.to_string() });
    }
    Ok(compiler.descriptor_pool())
}

fn place(error: &protox::Error) -> Option<(usize, usize)> {
    let label = error.labels()?.next()?;
    let contents = error.source_code()?.read_span(label.inner(), 0, 0).ok()?;
    Some((contents.line() + 1, contents.column() + 1))
}

struct Folder {
    root: String,
    texts: Arc<BTreeMap<String, String>>,
    google: GoogleFileResolver,
    names: Names,
}

impl FileResolver for Folder {
    /// The well-known files are what they are, whatever stands in the folder.
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if let Ok(file) = self.google.open_file(name) {
            return Ok(file);
        }
        let own = resolve(&self.root, name, &self.texts).and_then(|path| self.texts.get(path));
        match own.map(String::as_str).or_else(|| parse::known_to_all(name)) {
            // Schemas are parsed recursively.
            Some(text) => match parse::check_nesting(text) {
                Ok(()) => self.names.checked(File::from_source(name, text)?),
                Err(why) => Err(protox::Error::new(format!("{name}: {why}"))),
            },
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The file that a name means in a schema whose file is `root`.
fn resolve<'t>(root: &str, name: &str, texts: &'t BTreeMap<String, String>) -> Option<&'t str> {
    let known = |path: &str| texts.get_key_value(path).map(|(path, _)| path.as_str());
    if name == root {
        return known(root);
    }
    let mut folder = root;
    while let Some((above, _)) = folder.rsplit_once('/') {
        if let Some(path) = known(&format!("{above}/{name}")) {
            return Some(path);
        }
        folder = above;
    }
    known(name)
}
