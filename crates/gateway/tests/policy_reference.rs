//! The reference of `docs/policy.md` is made from the schema, the rights and the table of Kafka's APIs. This fails when it is
//! stale; `UPDATE_REFERENCE=1 cargo test -p tidegate --test policy_reference` mends it.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tidegate_kafka::classify::{APIS, Serve};
use tidegate_model::{Action, ResourceKind};
use tidegate_policy::SCHEMA;

/// The last line of the document that is written by hand begins so.
const MARK: &str = "<!-- Made by ";
/// Annotations of a rule, each with where it may stand and its meaning.
const ANNOTATIONS: [(&str, &str, &str); 5] = [
    (
        "id",
        "any rule",
        "Its name in evidence, clients' errors and tools: up to 100 letters, digits and any of `-_.:/#`, once in a policy. Without it a rule is `file#position`, and `check` warns.",
    ),
    ("why", "any rule", "Its reason, in words for whoever is refused. Clients see it where an answer has room."),
    ("ask", "any rule", "Whom to ask for the right. Clients see it too."),
    (
        "on_deny",
        "a forbid",
        "`@on_deny(\"require_approval\")`: an approval lifts it, if some permit allows the rest. Until somebody can approve, it is a refusal that says so.",
    ),
    ("approval", "a forbid", "Kept for the approvals to come: who approves, how many, for how long."),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap().to_owned()
}

#[test]
fn the_reference_is_what_the_schema_says() {
    let file = root().join("docs/policy.md");
    let there = std::fs::read_to_string(&file).unwrap();
    let (by_hand, _) = there.split_once(MARK).expect("the document has its mark");
    let mark = there.strip_prefix(by_hand).and_then(|rest| rest.lines().next()).unwrap();
    let text = format!("{by_hand}{mark}\n{}{}{}{}", entities(), context(), actions(), annotations());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap();
    let first = there.lines().zip(text.lines()).position(|(there, now)| there != now);
    let line = first.unwrap_or(there.lines().count().min(text.lines().count())) + 1;
    assert!(
        there == text,
        "docs/policy.md:{line} is stale; renew it with UPDATE_REFERENCE=1 cargo test -p tidegate --test policy_reference"
    );
}

/// A type of the schema: its head, what is said of it, and its attributes with their types and meanings.
struct Described {
    head: String,
    meaning: String,
    attributes: Vec<[String; 3]>,
}

fn types() -> Vec<Described> {
    let mut all: Vec<Described> = Vec::new();
    let mut open = false;
    for line in SCHEMA.lines().map(str::trim) {
        let (code, meaning) = line.split_once("//").map_or((line, ""), |(code, meaning)| (code.trim(), meaning.trim()));
        if let Some(head) = code.strip_prefix("entity ").or_else(|| code.strip_prefix("type ")) {
            open = code.ends_with('{');
            let head = head.trim_end_matches(['{', ';', ' ', '=']).to_owned();
            all.push(Described { head, meaning: meaning.to_owned(), attributes: Vec::new() });
        } else if open && code == "};" {
            open = false;
        } else if open && !code.is_empty() {
            let (name, of) = code.trim_end_matches(',').split_once(": ").unwrap();
            assert!(!meaning.is_empty(), "{name} has no meaning in the schema");
            let row = [name.to_owned(), of.to_owned(), meaning.to_owned()];
            all.last_mut().unwrap().attributes.push(row);
        }
    }
    all
}

fn rows(attributes: &[[String; 3]]) -> String {
    let mut out = "\n| attribute | type | meaning |\n|---|---|---|\n".to_owned();
    for [name, of, meaning] in attributes {
        out.push_str(&format!("| `{name}` | {of} | {meaning} |\n"));
    }
    out
}

fn entities() -> String {
    let mut out = "\n### Entities\n\nAn attribute with `?` may be absent: ask `has` first.\n".to_owned();
    for described in types().iter().filter(|described| described.head != "Circumstances") {
        let (name, within) = described.head.split_once(" in ").unwrap_or((&described.head, ""));
        assert!(!described.meaning.is_empty(), "{name} has no meaning in the schema");
        let within = within.trim_matches(['[', ']']).replace(", ", "`, `");
        let within = if within.is_empty() { String::new() } else { format!(" May be `in` a `{within}`.") };
        out.push_str(&format!("\n**`{name}`**: {}.{within}\n", described.meaning));
        if !described.attributes.is_empty() {
            out.push_str(&rows(&described.attributes));
        }
    }
    out
}

fn context() -> String {
    let types = types();
    let context = types.iter().find(|described| described.head == "Circumstances").unwrap();
    format!("\n### `context`\n{}", rows(&context.attributes))
}

/// The doc comment of every right, in the source.
fn meanings() -> BTreeMap<String, String> {
    let source = std::fs::read_to_string(root().join("crates/model/src/rights.rs")).unwrap();
    let mut meanings = BTreeMap::new();
    let mut doc = String::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            doc = text.to_owned();
        } else if let Some((_, rest)) = line.split_once(" = \"") {
            let (name, _) = rest.split_once('"').unwrap();
            meanings.insert(name.to_owned(), doc.clone());
        }
    }
    meanings
}

/// The gate's commands by the name of the right that they need, from the places that ask for it.
fn commands() -> BTreeMap<String, Vec<String>> {
    let mut commands: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("crates/gateway/src/control")).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for call in source.split("permit(&operator, Action::").skip(1) {
            let (variant, rest) = call.split_once(", \"").unwrap();
            let (command, _) = rest.split_once('"').unwrap();
            commands.entry(variant.to_lowercase()).or_default().push(format!("`{command}`"));
        }
    }
    // No gate asks for it yet.
    commands.insert("unmask".to_owned(), vec!["`mask try`".to_owned()]);
    for list in commands.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    commands
}

/// The groups of actions that the schema says an action is in.
fn groups() -> BTreeMap<String, String> {
    let mut groups = BTreeMap::new();
    for line in SCHEMA.lines().filter_map(|line| line.strip_prefix("action ")) {
        let (names, within) = line.trim_end_matches(';').split_once(" in ").unwrap_or((line, ""));
        for name in names.trim_end_matches(';').split(", ") {
            groups.insert(name.to_owned(), within.trim_matches(['[', ']']).to_owned());
        }
    }
    groups
}

fn actions() -> String {
    let (meanings, commands, groups) = (meanings(), commands(), groups());
    let mut out = "\n### Actions\n\n\
        `read`, `write` and `admin` are groups of actions: `action in Action::\"read\"`. What asks for an action \
        that has `nothing yet` is not served by this release.\n"
        .to_owned();
    for (kind, title) in [
        (ResourceKind::Topic, "`Topic`"),
        (ResourceKind::ConsumerGroup, "`ConsumerGroup`"),
        (ResourceKind::TransactionalId, "`TransactionalId`"),
        (ResourceKind::Cluster, "`Cluster`"),
        (ResourceKind::Gateway, "`Gateway`"),
        (ResourceKind::Field, "`Field`"),
    ] {
        out.push_str(&format!(
            "\nOn a {title}:\n\n| action | in | lets the caller | asked for by |\n|---|---|---|---|\n"
        ));
        for action in Action::ALL.iter().filter(|action| action.applies_to() == kind) {
            let name = action.name();
            let served = APIS.iter().filter(|api| api.serve == Serve::Through && api.rights.contains(action));
            let mut by: Vec<String> = served.map(|api| api.name.to_owned()).collect();
            by.extend(commands.get(&name.to_lowercase()).into_iter().flatten().cloned());
            let by = if by.is_empty() { "nothing yet".to_owned() } else { by.join(", ") };
            let group = groups.get(name).unwrap_or_else(|| panic!("{name} is not in the schema"));
            let group = if group.is_empty() { "none" } else { group };
            let meaning = meanings.get(name).filter(|meaning| !meaning.is_empty());
            let meaning = meaning.unwrap_or_else(|| panic!("{name} has no meaning"));
            out.push_str(&format!("| `{name}` | {group} | {meaning} | {by} |\n"));
        }
    }
    out
}

fn annotations() -> String {
    let source = std::fs::read_to_string(root().join("crates/policy/src/rule.rs")).unwrap();
    let (_, known) = source.split_once("const ANNOTATIONS: ").unwrap();
    let (known, _) = known.split_once("];\n").unwrap();
    for (name, ..) in ANNOTATIONS {
        assert!(known.contains(&format!("\"{name}\"")), "@{name} is not known to the policy");
    }
    assert_eq!(known.matches('"').count(), 2 * ANNOTATIONS.len(), "an annotation has no row here");
    let mut out = "\n### Annotations\n\n| annotation | stands at | meaning |\n|---|---|---|\n".to_owned();
    for (name, at, meaning) in ANNOTATIONS {
        out.push_str(&format!("| `@{name}` | {at} | {meaning} |\n"));
    }
    out
}
