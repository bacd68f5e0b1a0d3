//! A schema that a person names, in the place of a registry's.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use tidegate_masking::record::{Schema, Schemas};
use tidegate_masking::{FilePlan, FileSchema, Mask, Unmaskable, framed};

/// The largest schema that is read; registries refuse larger ones.
const SCHEMA_BYTES_MAX: u64 = 1 << 20;

/// Reads the schema in a file.
pub(super) fn read(file: &Path, message: Option<&str>) -> Result<FileSchema> {
    let named = || format!("cannot use the schema {}", file.display());
    let name = file.file_name().and_then(|name| name.to_str()).with_context(named)?;
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension {
        "avsc" => {
            ensure!(message.is_none(), "{} is Avro, which has no messages: leave --message out", file.display());
            let mut text = String::new();
            let read = File::open(file).and_then(|file| file.take(SCHEMA_BYTES_MAX + 1).read_to_string(&mut text));
            read.with_context(named)?;
            let size = u64::try_from(text.len())?;
            ensure!(size <= SCHEMA_BYTES_MAX, "{} has more than {SCHEMA_BYTES_MAX} bytes", file.display());
            let texts = Arc::new(BTreeMap::from([(name.to_owned(), text)]));
            FileSchema::avro(name, &[], &texts).with_context(named)
        }
        "proto" => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let texts = tidegate_policy::schemas_below(folder).with_context(named)?;
            FileSchema::protobuf(name, message, &Arc::new(texts)).with_context(named)
        }
        _ => bail!("{} is no schema that can be read: name a file *.avsc (Avro) or *.proto (Protobuf)", file.display()),
    }
}

/// The schema that every number means.
pub(super) struct GivenSchema {
    schema: FileSchema,
    mask: Mask,
    /// For the record at hand.
    plan: Option<FilePlan>,
}

impl GivenSchema {
    pub(super) fn new(schema: FileSchema, mask: Mask) -> GivenSchema {
        GivenSchema { schema, mask, plan: None }
    }
}

impl Schemas for GivenSchema {
    fn schema(&mut self, _number: u32, payload: &[u8]) -> Result<(Schema<'_>, usize), Unmaskable> {
        let (message, says) =
            if self.schema.is_protobuf() { framed::message_indexes(payload)? } else { (Vec::new(), 0) };
        let plan = self.schema.plan_at(&message, &self.mask);
        let plan =
            plan.map_err(|_fault| Unmaskable { why: "it names a message that the schema does not have", at: 5 })?;
        Ok(match self.plan.insert(plan) {
            FilePlan::Avro(plan) => (Schema::Avro(plan), says),
            FilePlan::Protobuf(plan) => (Schema::Protobuf(plan), says),
        })
    }
}
