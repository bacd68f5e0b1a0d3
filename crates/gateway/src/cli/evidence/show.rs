//! Everything that one leaf says: words, hashes, its place in the files, and the leaf that it answers or that answers it.

use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use tidegate_evidence::Kind;
use tidegate_evidence::leaf::Leaf;
use tidegate_evidence::reader::{FoundLeaf, incarnation_name, segment_name};

use crate::cli::evidence::table::shown;
use crate::cli::evidence::who::{Opened, Sessions, Who};
use crate::cli::evidence::{Evidence, detail, pairs, row, time, walk};
use crate::cli::{Output, print};
use crate::control::hex;

/// Characters of one value; a leaf is at most 64 KiB.
const VALUE_MAX: usize = 4096;

/// A leaf with its log.
pub(super) struct Target {
    pub(super) log: u64,
    /// The log's name.
    pub(super) origin: String,
    pub(super) found: FoundLeaf,
    who: Who,
    opened: Opened,
}

/// Shows one leaf.
///
/// # Errors
/// The log is damaged before the leaf.
pub(super) fn run(evidence: &Evidence, target: &Target, output: Output) -> Result<ExitCode> {
    let other = counterpart(evidence, target)?;
    match output {
        Output::Json => print(&as_json(target, other.as_ref()).to_string()),
        Output::Table => {
            print(pairs(lines(target, other.as_ref())).trim_end());
            evidence.note_sealed(output);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The leaf at `index`, with who it is about.
pub(super) fn find(evidence: &Evidence, log: u64, index: u64) -> Result<Option<Target>> {
    let (mut sessions, mut target) = (Sessions::default(), None);
    let walked = walk::log(&evidence.dir, log, &mut |origin, found| {
        let who = sessions.who(&evidence.opener, origin, log, found);
        if found.leaf.index < index {
            return ControlFlow::Continue(());
        }
        let opened = evidence.opener.open(origin, log, found);
        target = Some(Target { log, origin: origin.to_owned(), found: found.clone(), who, opened });
        ControlFlow::Break(())
    });
    walked.map_err(|damage| told(evidence, &damage))?;
    Ok(target)
}

fn told(evidence: &Evidence, damage: &walk::Damage) -> anyhow::Error {
    anyhow!("{damage}; check everything with: tidegate-verify {}", evidence.dir.display())
}

/// The intent that this leaf answers, or the leaf that answers this intent.
fn counterpart(evidence: &Evidence, target: &Target) -> Result<Option<(u64, Leaf)>> {
    let entry = &target.found.leaf.entry;
    match (entry.kind, entry.pair) {
        (Kind::Outcome | Kind::UnknownEffect, Some(pair)) => {
            let log = entry.incarnation.unwrap_or(target.log);
            first(evidence, log, &|leaf| leaf.index == pair)
        }
        (Kind::Intent, _) => {
            let index = target.found.leaf.index;
            // What a log that ended unexpectedly left open is told by a later one.
            for log in evidence.logs.iter().filter(|log| **log >= target.log) {
                let about = (*log != target.log).then_some(target.log);
                let answers = |leaf: &Leaf| {
                    matches!(leaf.entry.kind, Kind::Outcome | Kind::UnknownEffect)
                        && leaf.entry.pair == Some(index)
                        && leaf.entry.incarnation == about
                };
                if let Some(found) = first(evidence, *log, &answers)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn first(evidence: &Evidence, log: u64, wanted: &dyn Fn(&Leaf) -> bool) -> Result<Option<(u64, Leaf)>> {
    if !evidence.logs.contains(&log) {
        return Ok(None);
    }
    let mut met = None;
    let walked = walk::log(&evidence.dir, log, &mut |_, found| {
        if wanted(&found.leaf) {
            met = Some((log, found.leaf.clone()));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    walked.map_err(|damage| told(evidence, &damage))?;
    Ok(met)
}

/// The segment file, from the evidence folder.
fn file(target: &Target) -> String {
    format!("{}/{}", incarnation_name(target.log), segment_name(target.found.at.segment))
}

fn as_json(target: &Target, other: Option<&(u64, Leaf)>) -> Value {
    let leaf = &target.found.leaf;
    let mut out = detail::leaf(target.log, leaf, &target.who);
    let commitments: Vec<Value> = leaf
        .commitments
        .iter()
        .map(|(label, hash)| json!({ "label": label.name(), "commitment": hex(hash) }))
        .collect();
    let payloads: serde_json::Map<String, Value> = detail::payloads(leaf)
        .map(|(name, payload)| {
            let value = json!({
                "bytes": payload.bytes.to_string(), "algorithm": payload.algorithm.name(),
                "commitment": hex(&payload.commitment), "tag": hex(&payload.tag),
            });
            (name.to_owned(), value)
        })
        .collect();
    let tags: Vec<Value> =
        leaf.tags.iter().map(|(partition, tag)| json!({ "partition": partition, "tag": hex(tag) })).collect();
    let disclosures: Value = match &target.opened {
        Opened::None => Value::Null,
        Opened::Sealed => json!({ "state": "no keys" }),
        Opened::Gone(why) => json!({ "state": "not opened", "why": why }),
        Opened::Values(values) => {
            let values = values
                .iter()
                .map(|value| json!({ "label": value.label.name(), "value": value.text, "as_committed": value.fits }));
            json!({ "state": "opened", "values": values.collect::<Vec<_>>() })
        }
    };
    let more = [
        ("leaf_hash", json!(hex(&target.found.hash))),
        ("prev_session", json!(leaf.prev_session.map(|hash| hex(&hash)))),
        ("file", json!(file(target))),
        ("byte", json!(target.found.at.byte.to_string())),
        ("leaf_bytes", json!(target.found.bytes.len().to_string())),
        ("commitments", json!(commitments)),
        ("payloads", Value::Object(payloads)),
        ("tags", json!(tags)),
        ("disclosures", disclosures),
        ("counterpart", json!(other.map(|(log, leaf)| detail::leaf(*log, leaf, &target.who)))),
    ];
    if let Value::Object(out) = &mut out {
        out.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    out
}

/// Rows of name and value.
struct Lines(Vec<(String, String)>);

impl Lines {
    fn add(&mut self, name: &str, value: impl AsRef<str>) {
        self.0.push((name.to_owned(), shown(value.as_ref(), VALUE_MAX)));
    }

    fn some(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

fn lines(target: &Target, other: Option<&(u64, Leaf)>) -> Vec<(String, String)> {
    let (leaf, entry) = (&target.found.leaf, &target.found.leaf.entry);
    let mut lines = Lines(Vec::new());
    lines.add("entry", format!("{} of log {}", leaf.index, target.log));
    lines.add("time", time::rfc3339(entry.at_ms));
    lines.add("kind", entry.kind.name());
    if let (Some(id), Some(seq)) = (entry.session, leaf.session_seq) {
        lines.add("session", format!("{}, leaf {seq} of it", hex(&id)));
    }
    lines.some("session leaves", leaf.session_count.map(|count| count.to_string()));
    lines.some("who", Some(&target.who.text).filter(|text| !text.is_empty()));
    lines.some(
        "operation",
        entry.api.map(|api| {
            format!(
                "{} (key {}, version {}), correlation id {}",
                detail::operation(api.key),
                api.key,
                api.version,
                api.correlation_id
            )
        }),
    );
    if let Some(decision) = &entry.decision {
        lines.add("decision", if decision.allowed { "allow" } else { "deny" });
        lines.add("rule", &decision.rule);
        lines.add("policy version", hex(&decision.policy_version));
    }
    lines.some("effect", entry.effect.map(|effect| effect.name()));
    lines.some("error", entry.error.map(|code| code.to_string()));
    lines.some("reason", entry.reason.as_ref());
    subjects(leaf, &mut lines);
    if let (Some(first), Some(last)) = (entry.first_ms, entry.last_ms) {
        lines.add("from", time::rfc3339(first));
        lines.add("to", time::rfc3339(last));
    }
    if let Some(previous) = entry.previous {
        lines.add(
            "log before",
            format!("{}, {} entries, root {}", previous.incarnation, previous.size, hex(&previous.root)),
        );
    }
    if let Some(place) = entry.place {
        let log = incarnation_name(entry.incarnation.unwrap_or(target.log));
        let file = segment_name(place.segment);
        lines.add("place", format!("{log}/{file}, byte {}, up to {} bytes", place.byte, place.length));
    }
    hashes(target, &mut lines);
    answered(target, other, &mut lines);
    lines.0
}

/// What it was done to.
fn subjects(leaf: &Leaf, lines: &mut Lines) {
    let entry = &leaf.entry;
    for topic in &entry.topics {
        let id = topic.id.as_ref().map(|id| format!(" (id {})", detail::topic_id(id))).unwrap_or_default();
        lines.add("topic", format!("{}{id}", topic.name));
    }
    for used in &entry.aliases {
        lines.add("called", format!("{}, an alias of {}", used.alias, used.topic));
    }
    for range in &entry.partitions {
        let error = if range.error == 0 { String::new() } else { format!(", error {}", range.error) };
        let what = row::range(leaf, range);
        lines.add("partition", format!("{what}: {} records, {} bytes{error}", range.records, range.bytes));
    }
    for mask in &entry.masks {
        let withheld = if mask.withheld == 0 { String::new() } else { format!(", {} records left out", mask.withheld) };
        let unread = if mask.unread == 0 { String::new() } else { format!(", {} parts delivered unread", mask.unread) };
        let of = row::partition(leaf, mask.topic, mask.partition);
        lines.add("mask", format!("{of}: plan {}{withheld}{unread}", hex(&mask.plan)));
    }
    for used in &entry.classes {
        let (of, rule) = (row::partition(leaf, used.topic, used.partition), &used.rule);
        lines.add("class", format!("{} in {of}: {} masked, {} clear, by {rule}", used.class, used.masked, used.clear));
    }
    for level in &entry.levels {
        let topic = usize::try_from(level.topic).ok().and_then(|place| entry.topics.get(place));
        let name = topic.map_or("?", |topic| topic.name.as_str());
        lines.add("recorded", format!("{name}: {}", level.level.name()));
    }
    for kept in &leaf.kept {
        let of = row::partition(leaf, kept.topic, kept.partition);
        let left_out = if kept.left_out == 0 { String::new() } else { format!(", {} records left out", kept.left_out) };
        let (bytes, at) = (kept.bytes, kept.base_offset);
        lines.add("kept", format!("{of}: the batch at {at}, {bytes} bytes{left_out}, plan {}", hex(&kept.plan)));
    }
    for part in leaf.unread.iter().map(|unread| &unread.what) {
        let of = row::partition(leaf, part.topic, part.partition);
        lines.add("not kept", row::unread(&of, part));
    }
    for resource in &entry.resources {
        let word = if resource.allowed { "allow" } else { "deny" };
        let name = format!("{} {}", detail::resource_kind(resource.kind), resource.name);
        let rule = if resource.rule.is_empty() { String::new() } else { format!(" by {}", resource.rule) };
        lines.add("resource", format!("{}: {word}{rule}", name.trim_end()));
    }
    for (key, count) in &entry.counts {
        lines.add("count", format!("{} \u{d7}{count}", detail::operation(*key)));
    }
    for (name, value) in &entry.facts {
        lines.add("fact", format!("{name} = {value}"));
    }
}

fn hashes(target: &Target, lines: &mut Lines) {
    let leaf = &target.found.leaf;
    match &target.opened {
        Opened::None | Opened::Sealed => {}
        Opened::Gone(why) => lines.add("disclosures", why),
        Opened::Values(values) => {
            for value in values {
                let doubt = if value.fits { "" } else { " (NOT what the leaf commits to)" };
                let text = value.text.replace('\n', ", ");
                lines.add(value.label.name(), format!("{text}{doubt}"));
            }
        }
    }
    for (label, hash) in &leaf.commitments {
        lines.add(&format!("commitment {}", label.name()), hex(hash));
    }
    for (name, payload) in detail::payloads(leaf) {
        lines.add(&format!("{name} bytes"), format!("{} ({})", payload.bytes, payload.algorithm.name()));
        lines.add(&format!("{name} commitment"), hex(&payload.commitment));
        lines.add(&format!("{name} tag"), hex(&payload.tag));
    }
    for (partition, tag) in &leaf.tags {
        let range = usize::try_from(*partition).ok().and_then(|place| leaf.entry.partitions.get(place));
        let of = range.map_or_else(|| format!("partition {partition}"), |range| row::range(leaf, range));
        lines.add("batch tag", format!("{} of {of}", hex(tag)));
    }
    lines.some("session leaf before", leaf.prev_session.map(|hash| hex(&hash)));
    lines.add("leaf hash", hex(&target.found.hash));
    lines.add("file", format!("{}, byte {}", file(target), target.found.at.byte));
}

fn answered(target: &Target, other: Option<&(u64, Leaf)>, lines: &mut Lines) {
    let name = if target.found.leaf.entry.kind == Kind::Intent { "outcome" } else { "intent" };
    match other {
        Some((log, leaf)) => {
            let effect = leaf.entry.effect.map(|effect| format!(", {}", effect.name())).unwrap_or_default();
            let error = leaf.entry.error.map(|code| format!(", error {code}")).unwrap_or_default();
            let (what, at) = (row::what(leaf), time::rfc3339(leaf.entry.at_ms));
            lines.add(name, format!("entry {} of log {log}: {what}{effect}{error}, {at}", leaf.index));
        }
        None if name == "outcome" => lines.add(name, "none: under way, not asked for, or not known"),
        None => {}
    }
}
