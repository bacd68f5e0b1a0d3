//! Reads structs, doc comments and serde's attributes out of source text, line by line. It knows the few forms that the
//! configuration's types have, and panics at another.

use std::collections::HashMap;

/// A struct that serde reads.
#[derive(Debug, Default)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    /// serde takes absent fields from the struct's `Default`.
    all_default: bool,
}

/// One key.
#[derive(Debug, Default)]
pub(crate) struct Field {
    /// As it is written in the file.
    pub(crate) key: String,
    pub(crate) doc: String,
    /// The Rust type.
    pub(crate) of: String,
    /// Absent where the key is needed; the expression or the function's name, empty for the type's own default.
    pub(crate) default: Option<String>,
}

/// What the text defines.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) structs: HashMap<String, Struct>,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Source {
        let mut source = Source::default();
        let (mut doc, mut attributes) = (String::new(), String::new());
        let mut open: Option<Struct> = None;
        for line in text.lines().map(str::trim) {
            if let Some(words) = line.strip_prefix("///") {
                doc = format!("{doc} {}", words.trim()).trim().to_owned();
                continue;
            }
            if line.starts_with("#[") {
                assert!(line.ends_with(']'), "an attribute over several lines: {line}");
                attributes.push_str(line);
                continue;
            }
            if let Some(found) = &mut open {
                if line == "}" {
                    let done = open.take().unwrap();
                    source.structs.insert(done.name.clone(), done);
                } else if let Some(field) = field(line, &doc, &attributes, found.all_default) {
                    found.fields.push(field);
                }
            } else if let Some(name) = named(line, "struct ") {
                let all_default = attributes.contains("(deny_unknown_fields, default)");
                open = Some(Struct { name, fields: Vec::new(), all_default });
            }
            doc.clear();
            attributes.clear();
        }
        source.defaults(text);
        source
    }

    /// Puts the expressions of functions and `Default` in the place of their names.
    fn defaults(&mut self, text: &str) {
        for found in self.structs.values_mut() {
            let whole = body(text, &format!("impl Default for {} {{", found.name));
            for field in &mut found.fields {
                let Some(default) = &field.default else { continue };
                let expression = if found.all_default {
                    let whole = whole.as_ref().unwrap_or_else(|| panic!("no Default for {}", found.name));
                    let line = whole.lines().find_map(|line| line.trim().strip_prefix(&format!("{}: ", field.key)));
                    Some(line.unwrap_or_else(|| panic!("no default {}", field.key)).trim_end_matches(',').to_owned())
                } else if default.is_empty() {
                    None
                } else {
                    body(text, &format!("fn {default}() ")).map(|body| body.lines().skip(1).collect())
                };
                // What is computed when the program runs keeps its function's name.
                if let Some(expression) = expression.filter(|expression: &String| literal(expression).is_some()) {
                    field.default = Some(expression);
                }
            }
        }
    }
}

/// The lines from the one that starts so to the closing brace in the first column.
fn body(text: &str, start: &str) -> Option<String> {
    let begin = text.lines().skip_while(|line| !line.starts_with(start));
    let lines: Vec<&str> = begin.take_while(|line| *line != "}").collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn named(line: &str, word: &str) -> Option<String> {
    let (before, rest) = line.split_once(word)?;
    let visibility = matches!(before, "" | "pub " | "pub(super) " | "pub(crate) ");
    rest.strip_suffix(" {").filter(|_| visibility).map(str::to_owned)
}

fn field(line: &str, doc: &str, attributes: &str, all_default: bool) -> Option<Field> {
    let (name, of) = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ").split_once(": ")?;
    let value = |name: &str| {
        let (_, rest) = attributes.split_once(&format!("{name} = \""))?;
        Some(rest.split('"').next()?.to_owned())
    };
    let plain = attributes.contains("(default)") || attributes.contains("default,") || all_default;
    let default = value("default").or_else(|| plain.then(String::new));
    let key = value("rename").unwrap_or_else(|| name.to_owned());
    Some(Field { key, doc: doc.to_owned(), of: of.trim_end_matches(',').to_owned(), default })
}

/// A literal in an expression as it would be typed into the file: texts, a list of them, a number or product, a variant.
pub(crate) fn literal(expression: &str) -> Option<String> {
    let expression = expression.trim();
    let texts: Vec<&str> = expression.split('"').skip(1).step_by(2).collect();
    if expression.starts_with('[') {
        let texts: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
        return Some(format!("`[{}]`", texts.join(", ")));
    }
    if let [text] = texts.as_slice() {
        return Some(format!("`\"{text}\"`"));
    }
    let spanned = expression.strip_prefix("Spanned::new(0..0, ").and_then(|rest| rest.strip_suffix(')'));
    let factors: Option<Vec<u64>> =
        spanned.unwrap_or(expression).split(" * ").map(|factor| factor.replace('_', "").parse().ok()).collect();
    if let Some(factors) = factors {
        return Some(format!("`{}`", factors.iter().product::<u64>()));
    }
    let (of, variant) = expression.split_once("::")?;
    let word = |text: &str| text.chars().all(char::is_alphanumeric);
    (word(of) && word(variant)).then(|| format!("`\"{}\"`", variant.to_lowercase()))
}

#[test]
fn literals() {
    assert_eq!(literal("8 * 1024").unwrap(), "`8192`");
    assert_eq!(literal("10_000").unwrap(), "`10000`");
    assert_eq!(literal("Spanned::new(0..0, \"blake3\".into())").unwrap(), "`\"blake3\"`");
    assert_eq!(literal("Mode::Relay").unwrap(), "`\"relay\"`");
    assert_eq!(literal("rustix::process::geteuid().as_raw()"), None);
}
