//! One leaf as one row of the list.

use serde_json::Value;
use tidegate_evidence::UnreadPart;
use tidegate_evidence::leaf::Leaf;
use tidegate_evidence::reader::FoundLeaf;
use tidegate_evidence::{Kind, PartitionRange};

use crate::cli::evidence::filter::{decision, fact};
use crate::cli::evidence::table::{Align, shown};
use crate::cli::evidence::who::Who;
use crate::cli::evidence::{detail, time};
use crate::control::hex;

/// The table's columns.
pub(super) const COLUMNS: [(&str, Align); 13] = [
    ("LOG", Align::Right),
    ("INDEX", Align::Right),
    ("TIME (UTC)", Align::Left),
    ("SESSION", Align::Left),
    ("WHO", Align::Left),
    ("WHAT", Align::Left),
    ("ON", Align::Left),
    ("RECORDS", Align::Right),
    ("BYTES", Align::Right),
    ("DECISION", Align::Left),
    ("RULE", Align::Left),
    ("EFFECT", Align::Left),
    ("ERROR", Align::Right),
];
/// The widest that columns of words get.
const WHO_MAX: usize = 40;
const WHAT_MAX: usize = 30;
const ON_MAX: usize = 44;
const RULE_MAX: usize = 28;

/// One row, as JSON and as what the table needs.
pub(super) struct Row {
    /// For scripts: everything but hashes and commitments.
    pub(super) json: Value,
    log: u64,
    leaf: Leaf,
    who: Who,
}

impl Row {
    pub(super) fn new(log: u64, found: &FoundLeaf, who: Who) -> Self {
        Row { json: detail::leaf(log, &found.leaf, &who), log, leaf: found.leaf.clone(), who }
    }

    /// The cells under [`COLUMNS`].
    pub(super) fn cells(&self) -> Vec<String> {
        let (leaf, entry) = (&self.leaf, &self.leaf.entry);
        let sum = |of: fn(&PartitionRange) -> u64| {
            let total = entry.partitions.iter().map(of).fold(0, u64::saturating_add);
            if entry.partitions.is_empty() { String::new() } else { total.to_string() }
        };
        let decided = decision(leaf).map_or("", |allowed| if allowed { "allow" } else { "deny" });
        vec![
            self.log.to_string(),
            leaf.index.to_string(),
            time::short(entry.at_ms),
            entry.session.map(|id| hex(id.get(..4).unwrap_or_default())).unwrap_or_default(),
            shown(&self.who.text, WHO_MAX),
            shown(&what(leaf), WHAT_MAX),
            shown(&on(leaf), ON_MAX),
            sum(|range| range.records),
            sum(|range| range.bytes),
            decided.to_owned(),
            shown(rule(leaf), RULE_MAX),
            entry.effect.map(|effect| effect.name().to_owned()).unwrap_or_default(),
            error(leaf).map(|code| code.to_string()).unwrap_or_default(),
        ]
    }
}

/// The operation, or the kind of what is none.
pub(super) fn what(leaf: &Leaf) -> String {
    let entry = &leaf.entry;
    match (&entry.api, entry.kind) {
        (Some(api), _) => detail::operation(api.key),
        (None, Kind::Idle | Kind::Refusal) => {
            let counts: Vec<String> =
                entry.counts.iter().map(|(key, count)| format!("{} \u{d7}{count}", detail::operation(*key))).collect();
            let counts = counts.join(", ");
            if entry.kind == Kind::Idle { format!("idle: {counts}") } else { counts }
        }
        (None, kind) => kind.name().to_owned(),
    }
}

/// What it was done to, or why.
fn on(leaf: &Leaf) -> String {
    let entry = &leaf.entry;
    if let Some(first) = entry.partitions.first() {
        return with_more(&range(leaf, first), entry.partitions.len());
    }
    // What was refused says more than what stands beside it.
    let refused = entry.resources.iter().find(|resource| !resource.allowed);
    if let Some(resource) = refused.or(entry.resources.first()) {
        let text = format!("{} {}", detail::resource_kind(resource.kind), resource.name);
        return with_more(text.trim_end(), entry.resources.len().saturating_add(entry.topics.len()));
    }
    if let Some(topic) = entry.topics.first() {
        return with_more(&topic.name, entry.topics.len());
    }
    let pair = match (entry.kind, entry.pair, entry.incarnation) {
        (Kind::UnknownEffect, Some(pair), Some(log)) => Some(format!("intent {pair} of log {log}")),
        (Kind::UnknownEffect, Some(pair), None) => Some(format!("intent {pair}")),
        _ => None,
    };
    let listener = fact(leaf, "listener").zip(fact(leaf, "cluster"));
    let isolation = fact(leaf, "agent_isolation").map(|word| format!("agent_isolation={word}"));
    pair.or(fact(leaf, "resource").map(str::to_owned))
        .or(fact(leaf, "command").map(str::to_owned))
        .or(entry.reason.clone())
        .or(listener.map(|(listener, cluster)| format!("listener {listener}, cluster {cluster}")))
        .or(isolation)
        .unwrap_or_default()
}

fn with_more(text: &str, of: usize) -> String {
    if of > 1 { format!("{text} +{}", of.saturating_sub(1)) } else { text.to_owned() }
}

/// `orders-0 100..149`; without offsets where none are known.
pub(super) fn range(leaf: &Leaf, range: &PartitionRange) -> String {
    let name = partition(leaf, range.topic, range.partition);
    let (first, last) = (range.first_offset, range.last_offset);
    match (first, last) {
        (0.., 0..) if last > first => format!("{name} {first}..{last}"),
        (0.., _) => format!("{name} {first}"),
        _ => name,
    }
}

/// What could not be read of the records of a partition.
pub(super) fn unread(of: &str, part: &UnreadPart) -> String {
    let what = match part.part {
        1 => "key of the record",
        2 => "value of the record",
        3 => "a header of the record",
        _ => "batch",
    };
    let at = if part.part == 0 { String::new() } else { format!(" at byte {}", part.at) };
    format!("{of}: {what} at {}, {} bytes: {}{at}", part.offset, part.length, part.why)
}

/// `orders-0`, of the topic at this place in the leaf.
pub(super) fn partition(leaf: &Leaf, topic: u32, partition: i32) -> String {
    let topic = usize::try_from(topic).ok().and_then(|place| leaf.entry.topics.get(place));
    format!("{}-{partition}", topic.map_or("?", |topic| topic.name.as_str()))
}

fn rule(leaf: &Leaf) -> &str {
    let decided = leaf.entry.decision.as_ref().map(|decision| decision.rule.as_str());
    decided.or(fact(leaf, "rule")).unwrap_or_default()
}

/// The error of the whole answer, else the first of a partition.
fn error(leaf: &Leaf) -> Option<i16> {
    let of_partition = leaf.entry.partitions.iter().map(|range| range.error).find(|error| *error != 0);
    leaf.entry.error.or(of_partition)
}
