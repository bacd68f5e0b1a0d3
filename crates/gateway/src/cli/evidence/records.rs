//! The records that are kept of what one leaf is about, as the storage mask of their topics left them.

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tidegate_evidence::kept::KeptRef;
use tidegate_evidence::reader::SegmentBlocks;
use tidegate_evidence::{Class, KeyName};
use tidegate_protocols::{KeptRecord, kept_records};

use crate::cli::evidence::show::Target;
use crate::cli::evidence::table::{Align, Table, shown};
use crate::cli::evidence::who::Opener;
use crate::cli::evidence::{Evidence, row};
use crate::cli::{Output, note, print};

/// Characters of a value in the table.
const VALUE_MAX: usize = 300;

/// Shows what is kept of the records of one leaf.
///
/// # Errors
/// The log is damaged, or what is kept cannot be opened or is not what the leaf commits to.
pub(super) fn run(evidence: &Evidence, target: &Target, output: Output) -> Result<ExitCode> {
    let leaf = &target.found.leaf;
    let mut table = Table::new(
        [("PARTITION", Align::Left), ("OFFSET", Align::Right), ("KEY", Align::Left), ("VALUE", Align::Left)]
            .map(|(name, align)| (name.to_owned(), align))
            .to_vec(),
    );
    let mut blocks = SegmentBlocks::open(&evidence.dir, target.log, target.found.at.segment)?;
    for (place, kept) in leaf.kept.iter().enumerate() {
        let of = row::partition(leaf, kept.topic, kept.partition);
        for record in open(evidence, target, &mut blocks, (place, kept)).with_context(|| of.clone())? {
            match output {
                Output::Json => print(&as_json(target, kept, &record).to_string()),
                Output::Table => table.row(vec![
                    of.clone(),
                    record.offset.to_string(),
                    text(record.key.as_deref()),
                    text(record.value.as_deref()),
                ]),
            }
        }
    }
    if output == Output::Table && !leaf.kept.is_empty() {
        print(table.take().trim_end());
    }
    if let (true, Some(intent)) = (leaf.kept.is_empty(), leaf.entry.pair) {
        note(&format!("what was written is kept with its intent: tidegate evidence records {intent}"));
    } else if leaf.kept.is_empty() {
        note("no records are kept of it: docs/masking.md says how a topic is recorded in full (record: full)");
    }
    for part in leaf.unread.iter().map(|unread| &unread.what) {
        let of = row::partition(leaf, part.topic, part.partition);
        note(&format!("not kept: {}", row::unread(&of, part)));
    }
    Ok(ExitCode::SUCCESS)
}

fn open(
    evidence: &Evidence,
    target: &Target,
    blocks: &mut SegmentBlocks,
    (place, kept): (usize, &KeptRef),
) -> Result<Vec<KeptRecord>> {
    let Opener::Keys(keyring) = &evidence.opener else {
        return Err(anyhow!("records are kept encrypted: name the gateway's configuration with --config"));
    };
    let segment = target.found.at.segment;
    let bodies = blocks.read(kept.block)?;
    let name = KeyName { incarnation: target.log, segment, class: Class::Payload };
    let body = keyring.open_kept(&target.origin, name, (&target.found.leaf, place), &bodies)?;
    Ok(kept_records(&body, kept.base_offset)?)
}

fn text(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "(null)".to_owned(), |bytes| shown(&String::from_utf8_lossy(bytes), VALUE_MAX))
}

fn as_json(target: &Target, kept: &KeptRef, record: &KeptRecord) -> Value {
    let leaf = &target.found.leaf;
    let topic = usize::try_from(kept.topic).ok().and_then(|place| leaf.entry.topics.get(place));
    let part = |bytes: Option<&[u8]>| {
        bytes.map(|bytes| json!({ "text": std::str::from_utf8(bytes).ok(), "base64": BASE64_STANDARD.encode(bytes) }))
    };
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| json!({ "name": String::from_utf8_lossy(name), "value": part(value.as_deref()) }));
    json!({
        "incarnation": target.log.to_string(), "index": leaf.index.to_string(),
        "topic": topic.map(|topic| &topic.name), "partition": kept.partition, "offset": record.offset.to_string(),
        "key": part(record.key.as_deref()), "value": part(record.value.as_deref()),
        "headers": headers.collect::<Vec<_>>(),
    })
}
