//! A leaf in words and as JSON. 64-bit numbers are strings there, since many readers of JSON hold 53 bits.

use serde_json::{Map, Value, json};
use tidegate_evidence::leaf::{Leaf, Payload};

use crate::cli::evidence::time;
use crate::cli::evidence::who::Who;
use crate::control::hex;

/// The name of an API key, or its number.
pub(super) fn operation(key: i16) -> String {
    tidegate_protocols::operation(key).map_or_else(|| format!("key {key}"), str::to_owned)
}

/// The word for a resource's kind.
pub(super) fn resource_kind(kind: u8) -> &'static str {
    match kind {
        1 => "topic",
        2 => "group",
        3 => "transactional id",
        4 => "cluster",
        _ => "resource",
    }
}

/// The bytes of a topic's id as Kafka prints them.
pub(super) fn topic_id(id: &[u8; 16]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(id)
}

/// Adds what is there.
fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

fn text(number: u64) -> String {
    number.to_string()
}

/// What a leaf says, without its hashes.
pub(super) fn leaf(log: u64, leaf: &Leaf, who: &Who) -> Value {
    let entry = &leaf.entry;
    let mut out = Map::new();
    put(&mut out, "incarnation", Some(text(log)));
    put(&mut out, "index", Some(text(leaf.index)));
    put(&mut out, "time", Some(time::rfc3339(entry.at_ms)));
    put(&mut out, "at_ms", Some(text(entry.at_ms)));
    put(&mut out, "kind", Some(entry.kind.name()));
    put(&mut out, "session", entry.session.map(|id| hex(&id)));
    put(&mut out, "session_seq", leaf.session_seq.map(text));
    put(&mut out, "session_count", leaf.session_count.map(text));
    let caller = [
        ("operator", &who.operator),
        ("issuer", &who.issuer),
        ("subject", &who.subject),
        ("source_address", &who.address),
    ];
    let mut names = Map::new();
    for (name, value) in caller {
        put(&mut names, name, value.clone());
    }
    put(&mut out, "who", (!names.is_empty()).then_some(names));
    let api = entry.api.map(|api| {
        json!({
            "name": tidegate_protocols::operation(api.key), "key": api.key,
            "version": api.version, "correlation_id": api.correlation_id,
        })
    });
    put(&mut out, "api", api);
    put(&mut out, "pair", entry.pair.map(text));
    put(&mut out, "about_incarnation", entry.incarnation.map(text));
    let decision = entry.decision.as_ref().map(|decision| {
        json!({ "allowed": decision.allowed, "rule": decision.rule, "policy_version": hex(&decision.policy_version) })
    });
    put(&mut out, "decision", decision);
    put(&mut out, "effect", entry.effect.map(|effect| effect.name()));
    put(&mut out, "error", entry.error);
    put(&mut out, "reason", entry.reason.clone());
    lists(leaf, &mut out);
    put(&mut out, "first_ms", entry.first_ms.map(text));
    put(&mut out, "last_ms", entry.last_ms.map(text));
    let previous = entry.previous.map(|previous| {
        json!({
            "incarnation": text(previous.incarnation), "size": text(previous.size), "root": hex(&previous.root),
        })
    });
    put(&mut out, "previous", previous);
    let place = entry
        .place
        .map(|place| json!({ "segment": place.segment, "byte": text(place.byte), "length": text(place.length) }));
    put(&mut out, "place", place);
    Value::Object(out)
}

fn lists(leaf: &Leaf, out: &mut Map<String, Value>) {
    let entry = &leaf.entry;
    let mut list = |name: &str, items: Vec<Value>| put(out, name, (!items.is_empty()).then_some(items));
    let resources = entry.resources.iter().map(|resource| {
        json!({
            "kind": resource_kind(resource.kind), "name": resource.name,
            "allowed": resource.allowed, "rule": resource.rule,
        })
    });
    list("resources", resources.collect());
    let topics = entry.topics.iter().map(|topic| json!({ "name": topic.name, "id": topic.id.as_ref().map(topic_id) }));
    list("topics", topics.collect());
    let topic =
        |place: u32| usize::try_from(place).ok().and_then(|place| entry.topics.get(place)).map(|topic| &topic.name);
    let partitions = entry.partitions.iter().map(|range| {
        json!({
            "topic": topic(range.topic), "partition": range.partition,
            "first_offset": range.first_offset.to_string(), "last_offset": range.last_offset.to_string(),
            "records": text(range.records), "bytes": text(range.bytes), "error": range.error,
        })
    });
    list("partitions", partitions.collect());
    let aliases = entry.aliases.iter().map(|used| json!({ "alias": used.alias, "topic": used.topic }));
    list("aliases", aliases.collect());
    let masks = entry.masks.iter().map(|mask| {
        json!({
            "topic": topic(mask.topic), "partition": mask.partition, "plan": hex(&mask.plan),
            "withheld": text(mask.withheld), "unread": text(mask.unread),
        })
    });
    list("masks", masks.collect());
    let classes = entry.classes.iter().map(|used| {
        json!({
            "topic": topic(used.topic), "partition": used.partition, "class": used.class,
            "masked": text(used.masked), "clear": text(used.clear), "rule": used.rule,
        })
    });
    list("classes", classes.collect());
    let levels = entry.levels.iter().map(|one| json!({ "topic": topic(one.topic), "level": one.level.name() }));
    list("levels", levels.collect());
    let kept = leaf.kept.iter().map(|kept| {
        json!({
            "topic": topic(kept.topic), "partition": kept.partition, "base_offset": kept.base_offset.to_string(),
            "left_out": text(kept.left_out), "bytes": text(kept.bytes), "block": text(kept.block),
            "tag": hex(&kept.tag), "commitment": hex(&kept.commitment), "plan": hex(&kept.plan),
        })
    });
    list("kept", kept.collect());
    let unread = leaf.unread.iter().map(|unread| {
        let part = &unread.what;
        json!({
            "topic": topic(part.topic), "partition": part.partition, "offset": part.offset.to_string(),
            "part": part.part, "length": text(part.length), "at": text(part.at), "why": part.why,
            "commitment": hex(&unread.commitment),
        })
    });
    list("unread", unread.collect());
    let counts = entry
        .counts
        .iter()
        .map(|(key, count)| json!({ "name": tidegate_protocols::operation(*key), "key": key, "count": text(*count) }));
    list("counts", counts.collect());
    // A list, since a fact may stand several times.
    list("facts", entry.facts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect());
}

/// The three frames that a leaf may commit to.
pub(super) fn payloads(leaf: &Leaf) -> impl Iterator<Item = (&'static str, &Payload)> {
    let frames = [("received", &leaf.received), ("delivered", &leaf.delivered), ("stored", &leaf.stored)];
    frames.into_iter().filter_map(|(name, payload)| Some((name, payload.as_ref()?)))
}
