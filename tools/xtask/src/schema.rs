//! `cargo xtask schema`: compiles Kafka's own message definitions, found in the pinned `kafka-clients` jar, into the table that is
//! checked in as `crates/kafka/src/schema/messages.rs`. The definitions are facts about the wire; no code of Kafka's is taken over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tidegate_brokers::{cache, host, programs};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    #[serde(default)]
    api_key: Option<i16>,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    valid_versions: String,
    #[serde(default = "none")]
    flexible_versions: String,
    #[serde(default)]
    fields: Vec<FieldDefinition>,
    #[serde(default)]
    common_structs: Vec<StructDefinition>,
}

#[derive(Deserialize)]
struct StructDefinition {
    name: String,
    fields: Vec<FieldDefinition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldDefinition {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    versions: String,
    #[serde(default)]
    nullable_versions: Option<String>,
    #[serde(default)]
    tagged_versions: Option<String>,
    #[serde(default)]
    tag: Option<u32>,
    #[serde(default)]
    default: Option<serde_json::Value>,
    #[serde(default)]
    entity_type: Option<String>,
    #[serde(default)]
    fields: Vec<FieldDefinition>,
}

fn none() -> String {
    "none".to_owned()
}

/// The release whose definitions are compiled: the newest that its authors have published.
const RELEASE: &str = "4.4.0";
const JAR_SHA256: &str = "1ab07317eb6633241392449d329dbdc5d9251e6ffc4926860f42dd966e88bdf9";
const TABLE: &str = "crates/kafka/src/schema/messages.rs";

/// How to compile the table.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare with the table that is checked in instead of writing it.
    #[arg(long)]
    check: bool,
}

/// Fetches the pinned jar, once, and writes the table or compares with it.
///
/// # Errors
/// The jar cannot be fetched or is another one; the table differs, under `--check`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let jar = pinned_jar()?;
    let table = programs::workspace().join(TABLE);
    if !args.check {
        generate(&jar, RELEASE, &table)?;
        tidegate_brokers::note(&format!("wrote {TABLE} from the definitions of Apache Kafka {RELEASE}"));
        return Ok(());
    }
    let fresh = tempfile::NamedTempFile::new()?;
    generate(&jar, RELEASE, fresh.path())?;
    if std::fs::read(fresh.path())? != std::fs::read(&table)? {
        bail!("{TABLE} is not what the definitions of Apache Kafka {RELEASE} compile to; run: cargo xtask schema");
    }
    Ok(())
}

fn pinned_jar() -> Result<PathBuf> {
    let folder = cache::folder(&format!("kafka-clients-{RELEASE}"))?;
    let _lock = cache::lock(&folder)?;
    let name = format!("kafka-clients-{RELEASE}.jar");
    let jar = folder.join(&name);
    if !jar.exists() {
        let maven = host::need("mvn", &["maven"])?;
        let status = Command::new(maven)
            .args(["-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"])
            .arg(format!("-Dartifact=org.apache.kafka:kafka-clients:{RELEASE}:jar"))
            .arg(format!("-DoutputDirectory={}", folder.display()))
            .current_dir(&folder)
            .status()
            .context("cannot run mvn")?;
        if !status.success() {
            bail!("mvn could not fetch {name}: {status}");
        }
    }
    let digest = cache::sha256(&jar)?;
    if digest != JAR_SHA256 {
        bail!("{} has the digest {digest} where {JAR_SHA256} is pinned; delete it and try again", jar.display());
    }
    Ok(jar)
}

/// Reads every request and response definition from `jar` and writes the table to `out`.
///
/// # Errors
/// When the jar cannot be read or a definition uses something that the table has no word for.
fn generate(jar: &Path, release: &str, out: &Path) -> Result<()> {
    let messages = read_definitions(jar)?;
    let mut modules = String::new();
    let mut table = String::new();
    for definition in messages.values() {
        let mut ids = Ids::default();
        let fields = render_fields(definition, &definition.fields, "", &mut ids)?;
        let direction = if definition.kind == "request" { "Request" } else { "Response" };
        writeln!(
            table,
            "    Message {{ api_key: {}, direction: Direction::{direction}, name: {:?}, versions: {}, flexible: {}, fields: &{fields} }},",
            definition.api_key.context("a request or response without a key")?,
            definition.name,
            versions(&definition.valid_versions)?,
            versions(&definition.flexible_versions)?,
        )?;
        writeln!(
            modules,
            "/// Field ids of {}.\npub mod {} {{\n    use super::FieldId;",
            definition.name,
            snake(&definition.name)
        )?;
        for (id, path) in ids.paths.iter().enumerate() {
            writeln!(modules, "    /// `{path}`\n    pub const {}: FieldId = FieldId({id});", constant(path))?;
        }
        modules.push_str("}\n");
    }
    let text = format!(
        "//! Kafka's messages as a table, compiled by `cargo xtask schema` from the definitions of Apache Kafka {release}. Do not edit.\n\n\
         use super::{{Default, Direction, Entity, FieldId, Message, Type, f, from, v}};\n\n\
         /// Every request and response, sorted by key, requests before responses.\npub static MESSAGES: &[Message] = &[\n{table}];\n\n{modules}"
    );
    std::fs::write(out, text).with_context(|| format!("cannot write {}", out.display()))
}

fn read_definitions(jar: &Path) -> Result<BTreeMap<(i16, bool), Definition>> {
    let file = std::fs::File::open(jar).with_context(|| format!("cannot open {}", jar.display()))?;
    let mut archive = zip::ZipArchive::new(file)?;
    let mut messages = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        if !(entry.name().starts_with("common/message/") && entry.name().ends_with(".json")) {
            continue;
        }
        let name = entry.name().to_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text)?;
        let definition: Definition =
            serde_json::from_str(&without_comments(&text)).with_context(|| format!("cannot read {name}"))?;
        if let (Some(key), "request" | "response") = (definition.api_key, definition.kind.as_str())
            && definition.valid_versions != "none"
        {
            messages.insert((key, definition.kind == "response"), definition);
        }
    }
    if messages.is_empty() {
        bail!("{} holds no message definitions; is it a kafka-clients jar?", jar.display());
    }
    Ok(messages)
}

/// Kafka's definitions are JSON with `//` comments.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut quoted = false;
        let mut end = line.len();
        let bytes = line.as_bytes();
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'/' if !quoted && bytes.get(index + 1) == Some(&b'/') => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        out.push_str(line.get(..end).unwrap_or_default());
        out.push('\n');
    }
    out
}

/// Gives each field of a message, at whatever depth, its number.
#[derive(Default)]
struct Ids {
    paths: Vec<String>,
}

fn render_fields(message: &Definition, fields: &[FieldDefinition], prefix: &str, ids: &mut Ids) -> Result<String> {
    let mut out = String::from("[");
    for field in fields {
        let path = if prefix.is_empty() { field.name.clone() } else { format!("{prefix}.{}", field.name) };
        let id = ids.paths.len();
        ids.paths.push(path.clone());
        let ty = render_type(message, field, &field.ty, &path, ids)?;
        write!(out, "f({id}, {path:?}, {ty}, {})", versions(&field.versions)?)?;
        if let Some(nullable) = &field.nullable_versions {
            write!(out, ".nullable({})", versions(nullable)?)?;
        }
        if let (Some(tagged), Some(tag)) = (&field.tagged_versions, field.tag) {
            write!(out, ".tagged({}, {tag})", versions(tagged)?)?;
        }
        if let Some(default) = default(field)? {
            write!(out, ".default({default})")?;
        }
        if let Some(entity) = entity(field.entity_type.as_deref())? {
            write!(out, ".entity(Entity::{entity})")?;
        }
        out.push_str(", ");
    }
    out.push(']');
    Ok(out)
}

fn render_type(message: &Definition, field: &FieldDefinition, ty: &str, path: &str, ids: &mut Ids) -> Result<String> {
    if let Some(element) = ty.strip_prefix("[]") {
        return Ok(format!("Type::Array(&{})", render_type(message, field, element, path, ids)?));
    }
    Ok(match ty {
        "bool" => "Type::Bool".into(),
        "int8" => "Type::Int8".into(),
        "int16" => "Type::Int16".into(),
        "uint16" => "Type::Uint16".into(),
        "int32" => "Type::Int32".into(),
        "uint32" => "Type::Uint32".into(),
        "int64" => "Type::Int64".into(),
        "float64" => "Type::Float64".into(),
        "uuid" => "Type::Uuid".into(),
        "string" => "Type::String".into(),
        "bytes" => "Type::Bytes".into(),
        "records" => "Type::Records".into(),
        name => {
            let common = message.common_structs.iter().find(|s| s.name == name).map(|s| &s.fields);
            let fields = if field.fields.is_empty() {
                common
                    .with_context(|| format!("{}: {path} has the type {name}, which nothing defines", message.name))?
            } else {
                &field.fields
            };
            format!("Type::Struct(&{})", render_fields(message, fields, path, ids)?)
        }
    })
}

fn versions(text: &str) -> Result<String> {
    let (min, max) = if text == "none" {
        (1_i16, 0_i16)
    } else if let Some(min) = text.strip_suffix('+') {
        (min.parse()?, i16::MAX)
    } else if let Some((min, max)) = text.split_once('-') {
        (min.parse()?, max.parse()?)
    } else {
        let only: i16 = text.parse().with_context(|| format!("versions {text:?}"))?;
        (only, only)
    };
    Ok(if max == i16::MAX { format!("from({min})") } else { format!("v({min}, {max})") })
}

fn default(field: &FieldDefinition) -> Result<Option<String>> {
    let text = match &field.default {
        None => return Ok(None),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Ok(Some(match text.as_str() {
        "null" => "Default::Null".into(),
        "" | "false" | "0" => return Ok(None),
        "true" => "Default::Int(1)".into(),
        hex if hex.starts_with("0x") => {
            format!("Default::Int({})", i64::from_str_radix(hex.trim_start_matches("0x"), 16)?)
        }
        number => format!(
            "Default::Int({})",
            number.parse::<i64>().with_context(|| format!("{}: default {number:?}", field.name))?
        ),
    }))
}

fn entity(name: Option<&str>) -> Result<Option<&'static str>> {
    let Some(name) = name else { return Ok(None) };
    Ok(Some(match name {
        "brokerId" => "BrokerId",
        "groupId" => "GroupId",
        "producerId" => "ProducerId",
        "topicName" => "TopicName",
        "transactionalId" => "TransactionalId",
        other => bail!("entity type {other:?} is new; give it a word in schema.rs"),
    }))
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn constant(path: &str) -> String {
    path.split('.').map(snake).collect::<Vec<_>>().join("__").to_ascii_uppercase()
}
