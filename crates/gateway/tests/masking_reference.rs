//! `docs/masking-reference.md` is generated from the types that read `masking.yaml`: their fields, variants and doc comments. This fails
//! when it is stale; `UPDATE_REFERENCE=1 cargo test -p tidegate --test masking_reference` mends it.
#![cfg(test)]

mod configuration_source;

use std::path::Path;

use configuration_source::{Field, Source};
use tidegate_masking::Detector;

const INTRODUCTION: &str = "\
# masking.yaml: reference

Every key of `masking.yaml`. [masking.md](masking.md) says what it is for, [masking-recipes.md](masking-recipes.md) shows whole folders.
Unknown keys are refused, and an error names file, line and mend: `tidegate policy check DIR`.

<!-- Generated from the types by crates/gateway/tests/masking_reference.rs; its first lines say how to renew it. -->
";

/// Files with the types.
const FILES: [&str; 5] = [
    "policy/src/masking.rs",
    "policy/src/masking/rows.rs",
    "policy/src/masking/produce.rs",
    "policy/src/masking/reading.rs",
    "masking/src/detect.rs",
];

/// What types look like in the file.
const TYPES: [(&str, &str); 25] = [
    ("String", "text"),
    ("bool", "true or false"),
    ("u8", "number"),
    ("u16", "number"),
    ("u32", "number"),
    ("usize", "number"),
    ("u64", "number"),
    ("f64", "number"),
    ("Vec<String>", "list of text"),
    ("Vec<Part>", "list of [parts](#parts)"),
    ("RawBy", "`month` or `year`"),
    ("RawUnit", "a [unit](#units)"),
    ("RawReading", "a [format](#formats) or a [schema](#schemas)"),
    ("RawDemand", "a [demand](#demands)"),
    ("RawLevel", "[a word](#record)"),
    ("RawCarries", "`none`"),
    ("RawQuarantine", "a [topic](#quarantine)"),
    ("RawOnUnmaskable", "[a word](#on_unmaskable)"),
    ("rows::RawOnUnmaskable", "[a word](#on_unmaskable)"),
    ("rows::RawUnknown", "[a word](#unknown_fields)"),
    ("BTreeMap<String, Change>", "[transforms](#classes) by class"),
    ("Vec<RawSelector>", "list of [rows](#selectors)"),
    ("Vec<RawTopic>", "list of [rows](#topics)"),
    ("Vec<RawProduce>", "list of [rows](#produce)"),
    ("Vec<RawRemovedTags>", "list of [rows](#removed_tags)"),
];

/// One word, or one transform.
struct Variant {
    /// As it is written in the file.
    word: String,
    doc: String,
    fields: Vec<Field>,
}

/// The variants of an enum, whose names are written in snake case.
fn variants(text: &str, name: &str) -> Vec<Variant> {
    let begin = text.lines().skip_while(|line| !line.ends_with(&format!("enum {name} {{"))).skip(1);
    let (mut variants, mut doc, mut open, mut plain) = (Vec::<Variant>::new(), String::new(), false, false);
    for line in begin.take_while(|line| *line != "}").map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            doc = format!("{doc} {}", words.trim()).trim().to_owned();
        } else if line.starts_with("#[") {
            plain = line == "#[serde(default)]";
        } else if line == "}," {
            open = false;
        } else if let Some((key, of)) = line.split_once(": ").filter(|_| open) {
            let default = plain.then(String::new);
            let of = of.trim_end_matches(',').to_owned();
            let fields = &mut variants.last_mut().unwrap().fields;
            fields.push(Field { key: key.to_owned(), doc: std::mem::take(&mut doc), of, default });
            plain = false;
        } else {
            let word = line.trim_end_matches([',', ' ', '{', '}']);
            assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "no variant of {name}: {line}");
            open = line.ends_with('{');
            variants.push(Variant { word: snake(word), doc: std::mem::take(&mut doc), fields: Vec::new() });
            plain = false;
        }
    }
    assert!(!variants.is_empty(), "no enum {name}");
    variants
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn meaning(of: &str, doc: &str) -> String {
    assert!(!doc.is_empty(), "{of} has no doc comment");
    doc.replace('|', "\\|")
}

/// The type in the file's words.
fn kind(field: &Field) -> &'static str {
    let inner = field.of.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>')).unwrap_or(&field.of);
    TYPES.iter().find(|(name, _)| *name == inner).unwrap_or_else(|| panic!("what is a {inner}? Add it to TYPES")).1
}

fn is_needed(field: &Field) -> bool {
    field.default.is_none() && !field.of.starts_with("Option<")
}

fn keys(title: &str, source: &Source, name: &str, out: &mut String) {
    let found = source.structs.get(name).unwrap_or_else(|| panic!("no struct {name}"));
    out.push_str(&format!("\n## {title}\n\n| key | value | needed | meaning |\n|---|---|---|---|\n"));
    for field in &found.fields {
        let needed = if is_needed(field) { "yes" } else { "" };
        out.push_str(&format!(
            "| `{}` | {} | {needed} | {} |\n",
            field.key,
            kind(field),
            meaning(&field.key, &field.doc)
        ));
    }
}

fn words(title: &str, about: &str, text: &str, name: &str, out: &mut String) {
    out.push_str(&format!("\n## {title}\n\n{about}\n\n| word | meaning |\n|---|---|\n"));
    for variant in variants(text, name).iter().filter(|variant| !variant.doc.starts_with("Refused")) {
        out.push_str(&format!("| `{}` | {} |\n", variant.word, meaning(&variant.word, &variant.doc)));
    }
}

fn transforms(text: &str, out: &mut String) {
    out.push_str(
        "\n## classes\n\nA class's name, then `{transform: …}` with what that needs. Truth values become false. What covers a list changes \
         each element; what covers a group of fields leaves `{}`.\n\n| `transform` | a value becomes | with |\n|---|---|---|\n",
    );
    for Variant { word, doc, fields } in variants(text, "Change") {
        let with = fields.iter().map(|field| {
            let needed = if is_needed(field) { ", needed" } else { "" };
            format!("`{}` ({}{needed}): {}", field.key, kind(field), meaning(&field.key, &field.doc))
        });
        let with: Vec<String> = with.collect();
        out.push_str(&format!("| `{word}` | {} | {} |\n", meaning(&word, &doc), with.join("<br>")));
    }
}

fn reference(text: &str) -> String {
    let source = Source::parse(text);
    let mut out = INTRODUCTION.to_owned();
    keys("The file", &source, "Raw", &mut out);
    transforms(text, &mut out);
    words("Units", "What numbers that are dates count since the first day of 1970.", text, "RawUnit", &mut out);
    keys("selectors", &source, "RawSelector", &mut out);
    out.push_str("\nA row has one of `path`, `names`, `schema_tag` and `content`.\n");
    words("Parts", "Parts of a record, for `in`.", text, "Part", &mut out);
    let about = "What `content` may name; [detectors.md](detectors.md) measures them.";
    words("Detectors", about, text, "Detector", &mut out);
    keys("topics", &source, "RawTopic", &mut out);
    words("Formats", "How a part is read.", text, "RawFormat", &mut out);
    keys("Schemas", &source, "RawFile", &mut out);
    out.push_str("\nA schema has one of `avro` and `protobuf`. Its files stand in the policy folder or below it.\n");
    keys("produce", &source, "RawProduce", &mut out);
    words("Demands", "What `value` in a row of `produce` may say.", text, "RawDemand", &mut out);
    keys("quarantine", &source, "RawQuarantine", &mut out);
    keys("removed_tags", &source, "RawRemovedTags", &mut out);
    let about = "Of a record that cannot be read to its end. Who sees all classes of its topic loses nothing.";
    words("on_unmaskable", about, text, "RawOnUnmaskable", &mut out);
    words("record", "How much evidence keeps of a topic's records.", text, "RawLevel", &mut out);
    words("unknown_fields", "Of fields of Protobuf that no schema names.", text, "RawUnknown", &mut out);
    out
}

#[test]
fn the_reference_is_what_the_types_say() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = FILES.map(|file| std::fs::read_to_string(crates.join(file)).unwrap()).join("\n");
    let now = reference(&text);
    let file = crates.parent().unwrap().join("docs/masking-reference.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    let first = there.lines().zip(now.lines()).position(|(there, now)| there != now);
    let line = first.unwrap_or(there.lines().count().min(now.lines().count())) + 1;
    assert!(
        there == now,
        "{}:{line} is stale; renew it with UPDATE_REFERENCE=1 cargo test -p tidegate --test masking_reference",
        file.display()
    );
}

/// The words are read off the types' names; the program has its own list of these.
#[test]
fn detectors_have_the_names_that_the_program_knows() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(crates.join("masking/src/detect.rs")).unwrap();
    let detectors: Vec<String> = variants(&text, "Detector").into_iter().map(|variant| variant.word).collect();
    assert_eq!(detectors, Detector::ALL.map(Detector::name));
}
