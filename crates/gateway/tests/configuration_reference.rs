//! `docs/configuration.md` is generated from the types that read the configuration files: their fields, doc comments and
//! defaults. This fails when it is stale; `UPDATE_REFERENCE=1 cargo test -p tidegate --test configuration_reference` mends it.
#![cfg(test)]

mod configuration_source;

use std::path::{Path, PathBuf};

use configuration_source::{Field, Source, Struct};

const INTRODUCTION: &str = "\
# Configuration

One TOML file for the gateway, one for the agent. Relative paths are taken from the folder of the file that names them. Unknown
keys are refused, and an error names file, line and mend. `tidegate config check FILE` and `tidegate-agent --config FILE --check`
check a file without running it; SIGHUP makes a running program read its file again.

<!-- Generated from the types by crates/gateway/tests/configuration_reference.rs; its first lines say how to renew it. -->
";

/// What types look like in the file.
const TYPES: [(&str, &str); 22] = [
    ("String", "text"),
    ("PathBuf", "path"),
    ("Address", "`\"address:port\"`"),
    ("bool", "true or false"),
    ("i32", "number"),
    ("u16", "number"),
    ("u32", "number"),
    ("u64", "number"),
    ("usize", "number"),
    ("KeySource", "`{ file = \"…\" }` or `{ command = [\"…\"] }`"),
    ("SecretSource", "`{ file = \"…\" }` or `{ command = [\"…\"] }`"),
    ("KindRule", "`\"user\"`, `\"workload\"`, `\"client_credentials\"` or a table"),
    ("OneOrMore", "text or list of text"),
    ("BTreeMap<String, OneOrMore>", "table of text or lists of text"),
    ("BTreeMap<String, String>", "table of text"),
    ("HolderKind", "`\"workload\"` or `\"user\"`"),
    ("Source", "`{ file = \"…\" }`, `{ env = \"…\" }` or `{ command = [\"…\"] }`"),
    ("Target", "`\"host:port\"`"),
    ("Pattern", "`\"host:port\"`"),
    ("MissingGroups", "`\"unknown\"` or `\"none\"`"),
    ("NameIdFormat", "`\"persistent\"`, `\"unspecified\"` or `\"email\"`"),
    ("PolicySource", "`\"state\"` or `\"folder\"`"),
];

/// Types that a field gives words of its own: struct, field, type in the file.
const FIELD_TYPES: [(&str, &str, &str); 3] = [
    ("AgentConfig", "gateway_user", "text"),
    ("ClusterConfig", "mode", "`\"relay\"` or `\"socket\"`"),
    ("LoginConfig", "mechanism", "`\"SCRAM-SHA-512\"`, `\"SCRAM-SHA-256\"`, `\"PLAIN\"` or `\"NONE\"`"),
];

/// Defaults that are no literal.
const DEFAULTS: [(&str, &str); 10] = [
    ("default_formats", "`[\"persistent\"]`"),
    ("own_user", "the agent's own user"),
    ("yes", "`true`"),
    ("MissingGroups", "`\"unknown\"`"),
    ("KindRule", "`\"user\"`"),
    ("OneOrMore", "`\"groups\"`"),
    ("BTreeMap<String, OneOrMore>", "empty"),
    ("BTreeMap<String, String>", "empty"),
    ("HolderKind", "`\"workload\"`"),
    ("PolicySource", "`\"state\"`"),
];

/// Meanings of the agent's keys and tables. The agent's source is kept short, so most of its words stand here: struct, key,
/// meaning.
const MEANINGS: [(&str, &str, &str); 19] = [
    ("Config", "agent", "Who the agent is and where its gateway listens."),
    ("AgentConfig", "name", "The agent's name, which the gateway's evidence and logs show."),
    ("AgentConfig", "gateway", "The gateway's Unix socket."),
    ("AgentConfig", "gateway_user", "The user, by name or number, that must own the other end of the socket."),
    ("Config", "cluster", "A cluster that the agent logs in to; at least one."),
    ("ClusterConfig", "name", "The cluster's name, the same as in the gateway's configuration."),
    (
        "ClusterConfig",
        "mode",
        "`relay`: the agent carries the bytes. `socket`: it hands over the socket itself; same machine, no TLS to the broker.",
    ),
    (
        "ClusterConfig",
        "bootstrap",
        "Addresses that may always be dialled; where the gateway knows no broker yet, one of them is.",
    ),
    (
        "ClusterConfig",
        "dial",
        "Addresses that may be dialled besides: `host:port`, `host:low-high` or `*.suffix:port`. Whatever else the gateway \
         names is refused, logged and counted.",
    ),
    ("ClusterConfig", "tls", "TLS to the brokers; without it plain TCP."),
    ("TlsConfig", "ca", "PEM file with the only authorities that are trusted."),
    ("TlsConfig", "certificate", "PEM file with a client certificate, where the brokers want one; needs `key`."),
    ("TlsConfig", "key", "The private key of `certificate`, PEM."),
    ("TlsConfig", "server_name", "The name in the brokers' certificates, checked in place of the dialled host's name."),
    ("ClusterConfig", "login", "How to log in to the brokers; without it no SASL."),
    ("LoginConfig", "mechanism", "The SASL mechanism. PLAIN needs TLS; NONE takes neither username nor password."),
    ("LoginConfig", "username", "The user at the brokers."),
    (
        "LoginConfig",
        "password",
        "The password at the brokers. A file has to belong to the agent's user and be closed to all others.",
    ),
    ("LoginConfig", "allow_plain_on_loopback", "PLAIN may go without TLS to a broker on this machine."),
];

#[test]
fn the_reference_is_what_the_types_say() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let file = crates.parent().unwrap().join("docs/configuration.md");
    let mut used = Vec::new();
    let text = [
        INTRODUCTION.to_owned(),
        document(
            "gateway.toml",
            "`tidegate serve --config FILE`",
            "FileConfig",
            &[
                crates.join("gateway/src/config.rs"),
                crates.join("gateway/src/config/certificates.rs"),
                crates.join("gateway/src/config/class_keys.rs"),
                crates.join("gateway/src/config/registry.rs"),
                crates.join("gateway/src/config/web.rs"),
                crates.join("saml/src/config.rs"),
                crates.join("identity/src/config.rs"),
                crates.join("identity/src/config/introspection.rs"),
                crates.join("identity/src/config/login.rs"),
                crates.join("identity/src/certificate.rs"),
            ],
            &mut used,
        ),
        document(
            "agent.toml",
            "`tidegate-agent --config FILE`",
            "Config",
            &[crates.join("agent/src/config.rs")],
            &mut used,
        ),
    ]
    .concat();
    for (of, key, _) in MEANINGS {
        assert!(
            used.contains(&(of.to_owned(), key.to_owned())),
            "{of}.{key} has a doc comment or is gone: remove the row"
        );
    }
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    let first = there.lines().zip(text.lines()).position(|(there, now)| there != now);
    let line = first.unwrap_or(there.lines().count().min(text.lines().count())) + 1;
    assert!(
        there == text,
        "{}:{line} is stale; renew it with UPDATE_REFERENCE=1 cargo test -p tidegate --test configuration_reference",
        file.display()
    );
}

type Used = Vec<(String, String)>;

fn document(title: &str, program: &str, root: &str, files: &[PathBuf], used: &mut Used) -> String {
    let text: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let source = Source::parse(&text.join("\n"));
    let mut out = format!("\n## {title}\n\nRead by {program}.\n");
    let root = source.structs.get(root).unwrap_or_else(|| panic!("no struct {root}"));
    for field in &root.fields {
        section(&source, (root, field), "", &mut out, used);
    }
    out
}

/// A type without what is around it: the inner type, whether it is a list and whether it may be absent.
fn unwrapped(of: &str) -> (&str, bool, bool) {
    let (mut of, mut list, mut optional) = (of, false, false);
    loop {
        let inner = |outer: &str| of.strip_prefix(outer).and_then(|rest| rest.strip_suffix('>'));
        if let Some(rest) = inner("Spanned<") {
            of = rest;
        } else if let Some(rest) = inner("Option<") {
            (of, optional) = (rest, true);
        } else if let Some(rest) = inner("Vec<") {
            (of, list) = (rest, true);
        } else {
            return (of, list, optional);
        }
    }
}

fn section(source: &Source, (of, field): (&Struct, &Field), parent: &str, out: &mut String, used: &mut Used) {
    let (inner, list, optional) = unwrapped(&field.of);
    let found = source.structs.get(inner).unwrap_or_else(|| panic!("no struct {inner}"));
    let name = format!("{parent}{}", field.key);
    let (open, close) = if list { ("[[", "]]") } else { ("[", "]") };
    let absent = if optional || (!list && field.default.is_some()) { " The table may be left out." } else { "" };
    let about = format!("{}{absent}", meaning(of, field, used));
    out.push_str(&format!(
        "\n### `{open}{name}{close}`\n\n{about}\n\n| key | type | default | meaning |\n|---|---|---|---|\n"
    ));
    let is_table = |field: &Field| source.structs.contains_key(unwrapped(&field.of).0);
    for field in found.fields.iter().filter(|field| !is_table(field)) {
        let cells =
            [format!("`{}`", field.key), kind(found, field), default(found, field), meaning(found, field, used)];
        out.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    for field in found.fields.iter().filter(|field| is_table(field)) {
        section(source, (found, field), &format!("{name}."), out, used);
    }
}

/// The words of [`MEANINGS`], else the doc comment for people who do not read the source.
fn meaning(of: &Struct, field: &Field, used: &mut Used) -> String {
    if let Some((name, key, meaning)) = MEANINGS.iter().find(|(name, key, _)| *name == of.name && *key == field.key) {
        used.push(((*name).to_owned(), (*key).to_owned()));
        return (*meaning).to_owned();
    }
    assert!(!field.doc.is_empty(), "{}.{} has no doc comment", of.name, field.key);
    field.doc.replace("[`", "`").replace("`]", "`")
}

/// The type in the file's words.
fn kind(of: &Struct, field: &Field) -> String {
    if let Some((_, _, words)) = FIELD_TYPES.iter().find(|(name, key, _)| *name == of.name && *key == field.key) {
        return (*words).to_owned();
    }
    let (inner, list, _) = unwrapped(&field.of);
    let (_, words) = TYPES.iter().find(|(name, _)| *name == inner).unwrap_or_else(|| panic!("what is a {inner}?"));
    if list { format!("list of {words}") } else { (*words).to_owned() }
}

fn default(of: &Struct, field: &Field) -> String {
    let (inner, list, optional) = unwrapped(&field.of);
    let words = |name: &str| DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, words)| (*words).to_owned());
    match &field.default {
        _ if optional => "none".to_owned(),
        None => "**needed**".to_owned(),
        Some(value) => words(value)
            .or_else(|| configuration_source::literal(value))
            .or_else(|| if value.is_empty() && list { Some("empty".to_owned()) } else { None })
            .or_else(|| if value.is_empty() && inner == "bool" { Some("`false`".to_owned()) } else { None })
            .or_else(|| words(inner))
            .unwrap_or_else(|| panic!("what is the default of {}.{}? {value}", of.name, field.key)),
    }
}
