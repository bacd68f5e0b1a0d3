//! Reads a policy folder and says everything that is wrong with it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use cedar_policy::{Effect, Policy as CedarPolicy, PolicyId, PolicySet, ValidationMode, Validator};
use miette::Diagnostic;
use serde_json::Value;

use crate::error::PolicyError;
use crate::looks::{Looks, is_var};
use crate::schema::schema;
use crate::topics::{self, Topics};
use crate::widen::for_unknown_groups;

const FILES_MAX: usize = 256;
const FILE_BYTES_MAX: u64 = 1 << 20;
const RULES_MAX: usize = 10_000;
const ID_BYTES_MAX: usize = 100;
const FILE_NAME_MAX: usize = 255;

/// What a good folder holds; for `tidegate policy check`.
#[derive(Clone, Debug)]
pub struct Report {
    /// Number of rules.
    pub rules: usize,
    /// Rows of `topics.yaml`.
    pub topics: usize,
    /// Names of the files that count, sorted.
    pub files: Vec<String>,
    /// [`Policy::version`](crate::Policy::version).
    pub version: [u8; 32],
    /// What is allowed but unwise.
    pub warnings: Vec<String>,
}

/// A folder, read and validated.
pub(crate) struct Loaded {
    pub report: Report,
    pub rules: PolicySet,
    /// The rules as they hold for a caller of unknown groups.
    pub rules_unknown_groups: PolicySet,
    pub looks: Looks,
    pub topics: Topics,
}

/// The files of a policy that count, by name: `*.cedar` and `topics.yaml`.
pub type PolicyFiles = BTreeMap<String, String>;

/// Checks the policy folder.
///
/// # Errors
/// Everything that is wrong, in the order of the files.
pub fn check(dir: &Path) -> Result<Report, Vec<PolicyError>> {
    let files = read(dir).map_err(|error| vec![error])?;
    load(&files).map(|loaded| loaded.report)
}

/// Reads a policy folder, without looking at what the files say. It is read twice: a folder that is being replaced is never taken
/// half old and half new.
///
/// # Errors
/// It cannot be read, holds no rules or what would silently not count, or changes while it is read.
pub fn read(dir: &Path) -> Result<PolicyFiles, PolicyError> {
    let files = read_files(dir)?;
    if read_files(dir)? != files {
        let mend = "try again when it is complete; put a new folder in place with one rename";
        return Err(PolicyError::folder(dir.display().to_string(), "changed while it was read", mend));
    }
    Ok(files)
}

/// Files from elsewhere are held to what a folder is held to.
fn refuse_odd_files(files: &PolicyFiles) -> Result<(), PolicyError> {
    if files.len() > FILES_MAX {
        return Err(PolicyError::folder("the policy", format!("more than {FILES_MAX} files"), "merge some"));
    }
    refuse_no_rules("the policy".to_owned(), files)?;
    for (name, text) in files {
        let flat = !name.starts_with('.') && !name.contains(['/', '\\', '\0']) && name.len() <= FILE_NAME_MAX;
        if !flat || (!has_rules(Path::new(name)) && name != topics::FILE) {
            let mend = format!("send only *.cedar and {}, without folders", topics::FILE);
            return Err(PolicyError::folder(format!("{name:?}"), "is no file of a policy", mend));
        }
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
            return Err(PolicyError::folder(name, format!("is larger than {FILE_BYTES_MAX} bytes"), "split it"));
        }
    }
    Ok(())
}

pub(crate) fn load(files: &PolicyFiles) -> Result<Loaded, Vec<PolicyError>> {
    refuse_odd_files(files).map_err(|error| vec![error])?;
    let validator = Validator::new(schema().map_err(|error| vec![error])?);
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut rules: Vec<Rule> = Vec::new();
    let mut topics = Topics::default();
    for (file, text) in files {
        if file == topics::FILE {
            match Topics::parse(text) {
                Ok(read) => topics = read,
                Err(error) => errors.push(error),
            }
            continue;
        }
        for chunk in split(text) {
            match Rule::read(file, &chunk, &validator) {
                Ok(rule) => rules.push(rule),
                Err(found) => errors.extend(found),
            }
        }
    }
    if !files.contains_key(topics::FILE) {
        warnings.push(format!("no {}: every topic is env unknown, tier0, unclassified", topics::FILE));
    }
    errors.extend(twice(&rules));
    if rules.len() > RULES_MAX {
        errors.push(PolicyError::folder("the policy", format!("more than {RULES_MAX} rules"), "merge some"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    warnings.extend(rules.iter().filter(|rule| !rule.annotated).map(|rule| {
        format!(
            "{}:{}: rule without @id; evidence will call it {:?}",
            rule.file,
            rule.line,
            rule.policy.id().to_string()
        )
    }));
    let report = Report {
        rules: rules.len(),
        topics: topics.rows(),
        files: files.keys().cloned().collect(),
        version: digest(files),
        warnings,
    };
    assemble(report, &rules, topics).map_err(|error| vec![error])
}

fn assemble(report: Report, rules: &[Rule], topics: Topics) -> Result<Loaded, PolicyError> {
    let mut looks = Looks::default();
    looks.groups.extend(topics.owners().cloned());
    let mut widened = Vec::new();
    for rule in rules {
        looks.add(&rule.json);
        if let Some(json) = for_unknown_groups(rule.json.clone()) {
            let id = Some(rule.policy.id().clone());
            widened.push(CedarPolicy::from_json(id, json).map_err(|error| PolicyError::Schema(error.to_string()))?);
        }
    }
    let set = |policies: Vec<CedarPolicy>| {
        PolicySet::from_policies(policies).map_err(|error| PolicyError::Schema(error.to_string()))
    };
    let rules = set(rules.iter().map(|rule| rule.policy.clone()).collect())?;
    Ok(Loaded { report, rules, rules_unknown_groups: set(widened)?, looks, topics })
}

/// SHA-256 over each file's name and content, both with their length, sorted by name.
fn digest(files: &PolicyFiles) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in files.iter().flat_map(|(name, text)| [name, text]) {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut version = [0; 32];
    version.copy_from_slice(context.finish().as_ref());
    version
}

fn read_files(dir: &Path) -> Result<PolicyFiles, PolicyError> {
    let unreadable = |source| PolicyError::Read { path: dir.to_owned(), source };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(PolicyError::folder(path.display().to_string(), "its name is not UTF-8", "rename it"));
        };
        // hidden names are an editor's, or what a mounted ConfigMap keeps its versions in
        if name.starts_with('.') {
            continue;
        }
        if name == "topics.yml" || name == "topics.toml" {
            return Err(PolicyError::folder(name, "is not read", format!("name it {}", topics::FILE)));
        }
        if !has_rules(&path) && name != topics::FILE {
            refuse_rules_below(&path)?;
            continue;
        }
        if files.len() == FILES_MAX {
            return Err(PolicyError::folder(
                dir.display().to_string(),
                format!("more than {FILES_MAX} files"),
                "merge some",
            ));
        }
        files.insert(name.to_owned(), read_text(&path, name)?);
    }
    refuse_no_rules(dir.display().to_string(), &files)?;
    Ok(files)
}

fn refuse_no_rules(place: String, files: &PolicyFiles) -> Result<(), PolicyError> {
    if files.keys().any(|name| name != topics::FILE) {
        return Ok(());
    }
    Err(PolicyError::folder(place, "no file *.cedar", "write at least one; without any rule everything is denied"))
}

fn has_rules(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("cedar"))
}

/// A folder is flat. A rule in a sub-folder would silently not hold, and it may be a forbid.
fn refuse_rules_below(path: &Path) -> Result<(), PolicyError> {
    if !path.is_dir() {
        return Ok(());
    }
    let unreadable = |source| PolicyError::Read { path: path.to_owned(), source };
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let below = entry.map_err(unreadable)?.path();
        if has_rules(&below) {
            let place = below.display().to_string();
            return Err(PolicyError::folder(
                place,
                "sub-folders are not read",
                "move it into the policy folder itself",
            ));
        }
    }
    Ok(())
}

fn read_text(path: &Path, name: &str) -> Result<String, PolicyError> {
    let unreadable = |source| PolicyError::Read { path: path.to_owned(), source };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX {
        return Err(PolicyError::folder(name, format!("is larger than {FILE_BYTES_MAX} bytes"), "split it"));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        PolicyError::at(name, line, "is not UTF-8", "save it as UTF-8")
    })
}

/// One policy's text and where it stands.
struct Chunk<'a> {
    text: &'a str,
    /// Line of its first character, from 1.
    line: usize,
    /// Position in the file, from 1.
    number: usize,
}

/// Cuts a file at each `;` that ends a policy. Each policy is parsed alone so that an error has its place.
fn split(text: &str) -> Vec<Chunk<'_>> {
    let bytes = text.as_bytes();
    let (mut at, mut start) = (0, None);
    let mut chunks = Vec::new();
    let mut push = |start: Option<usize>, end: usize| {
        let Some(start) = start else { return };
        if let Some(chunk) = text.get(start..end) {
            let line = 1 + bytes.iter().take(start).filter(|byte| **byte == b'\n').count();
            chunks.push(Chunk { text: chunk, line, number: chunks.len() + 1 });
        }
    };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
                continue;
            }
            b'"' => {
                start.get_or_insert(at);
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += 1 + usize::from(bytes.get(at) == Some(&b'\\'));
                }
            }
            b';' => {
                push(Some(start.unwrap_or(at)), at + 1);
                start = None;
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => _ = start.get_or_insert(at),
        }
        at += 1;
    }
    push(start, bytes.len());
    chunks
}

/// One policy that passed every check by itself.
struct Rule {
    file: String,
    line: usize,
    annotated: bool,
    policy: CedarPolicy,
    json: Value,
}

impl Rule {
    fn read(file: &str, chunk: &Chunk<'_>, validator: &Validator) -> Result<Rule, Vec<PolicyError>> {
        let default_id = format!("{file}#{}", chunk.number);
        let policy = CedarPolicy::parse(Some(PolicyId::new(&default_id)), chunk.text)
            .map_err(|errors| vec![from_cedar(file, chunk, &errors)])?;
        let here = |what: String, mend: &str| vec![PolicyError::at(file, chunk.line, what, mend)];
        let annotation = policy.annotation("id").map(str::to_owned);
        let policy = match &annotation {
            Some(id) if !is_good_id(id) => {
                let mend = "use up to 100 letters, digits and any of - _ . : / #";
                return Err(here(format!("@id {id:?} cannot be used"), mend));
            }
            Some(id) => policy.new_id(PolicyId::new(id)),
            None => policy,
        };
        let alone =
            PolicySet::from_policies([policy.clone()]).map_err(|error| here(error.to_string(), "write it anew"))?;
        let result = validator.validate(&alone, ValidationMode::Strict);
        let mut errors: Vec<PolicyError> = result
            .validation_errors()
            .map(|error| from_cedar(file, chunk, error))
            .chain(result.validation_warnings().map(|warning| from_cedar(file, chunk, warning)))
            .collect();
        // Cedar tells a mistake once for each kind of caller and action
        let mut told = HashSet::new();
        errors.retain(|error| told.insert(error.to_string()));
        if !errors.is_empty() {
            return Err(errors);
        }
        let json = policy.to_json().map_err(|error| here(error.to_string(), "write it in a simpler form"))?;
        if policy.effect() == Effect::Permit && reads_client_id(&json) {
            let mend = "the client chooses it: it may stand only in a forbid; use principal.client (the token's azp)";
            return Err(here("a permit looks at context.clientId".to_owned(), mend));
        }
        let mut looks = Looks::default();
        looks.add(&json);
        let named = looks.groups.iter().chain(looks.callers.iter().map(|(_, id)| id));
        if let Some(id) =
            named.into_iter().find(|id| !id.split_once(':').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()))
        {
            let mend = "write issuer:group or issuer:subject with the issuer's configured name";
            return Err(here(format!("{id:?} names no issuer, so it would match nobody"), mend));
        }
        Ok(Rule { file: file.to_owned(), line: chunk.line, annotated: annotation.is_some(), policy, json })
    }
}

fn is_good_id(id: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/#".contains(&byte);
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(good)
        && !id.starts_with("error:")
        && id != crate::decide::DEFAULT_DENY
}

/// Whether the expression reads `context.clientId`, or uses the context other than by its attributes.
fn reads_client_id(json: &Value) -> bool {
    match json {
        Value::Array(items) => items.iter().any(reads_client_id),
        Value::Object(map) => map.iter().any(|(key, value)| {
            if key == "." || key == "has" {
                let attribute = value.get("attr").and_then(Value::as_str);
                let left = value.get("left").unwrap_or(value);
                return attribute.is_none_or(|name| name == "clientId")
                    || (!is_var(left, "context") && reads_client_id(left));
            }
            (key == "Var" && value == "context") || reads_client_id(value)
        }),
        _ => false,
    }
}

fn from_cedar(file: &str, chunk: &Chunk<'_>, error: &dyn Diagnostic) -> PolicyError {
    let offset = error.labels().into_iter().flatten().map(|label| label.offset()).next().unwrap_or(0);
    let line = chunk.line + chunk.text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let mend =
        error.help().map_or_else(|| "see the schema in the policy reference".to_owned(), |help| help.to_string());
    PolicyError::at(file, line, one_line(&error.to_string()), one_line(&mend))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn twice(rules: &[Rule]) -> Vec<PolicyError> {
    let mut first: HashMap<&PolicyId, &Rule> = HashMap::new();
    let mut errors = Vec::new();
    for rule in rules {
        if let Some(before) = first.insert(rule.policy.id(), rule) {
            let what = format!("@id {:?} stands also at {}:{}", rule.policy.id().to_string(), before.file, before.line);
            errors.push(PolicyError::at(&rule.file, rule.line, what, "give each rule an id of its own"));
        }
    }
    errors
}
