//! Reads a policy folder and says everything that is wrong with it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use cedar_policy::{Policy as CedarPolicy, Validator};
use tidegate_model::ResourceKind;

use crate::error::PolicyError;
use crate::looks::Looks;
use crate::named::Named;
use crate::rule::{ReadRule, Rule, split};
use crate::rules::{LeftOut, Rules};
use crate::schema::schema;
use crate::topics::{self, Topics};
use crate::widen::for_unknown_groups;

const FILES_MAX: usize = 256;
const FILE_BYTES_MAX: u64 = 1 << 20;
const RULES_MAX: usize = 10_000;
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
    /// By id.
    pub rules: HashMap<String, Arc<Rule>>,
    pub for_known_groups: Rules,
    /// The rules as they hold for a caller of unknown groups.
    pub for_unknown_groups: Rules,
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
    let mut rules: Vec<ReadRule> = Vec::new();
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
            match ReadRule::read(file, &chunk, &validator) {
                Ok(rule) => rules.push(rule),
                Err(found) => errors.extend(found),
            }
        }
    }
    if !files.contains_key(topics::FILE) {
        warnings.push(format!("no {}: every topic is env unknown, tier0, unclassified", topics::FILE));
    }
    errors.extend(twice(&rules));
    errors.extend(rules.iter().filter_map(|rule| names_alias(rule, &topics)));
    if rules.len() > RULES_MAX {
        errors.push(PolicyError::folder("the policy", format!("more than {RULES_MAX} rules"), "merge some"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    warnings.extend(rules.iter().flat_map(warnings_of));
    let report = Report {
        rules: rules.len(),
        topics: topics.rows(),
        files: files.keys().cloned().collect(),
        version: digest(files),
        warnings,
    };
    assemble(report, rules, topics).map_err(|error| vec![error])
}

/// A rule about an alias would silently never hold, and it may be a forbid.
fn names_alias(read: &ReadRule, topics: &Topics) -> Option<PolicyError> {
    let mut named = Named::default();
    named.add(&read.json);
    let ids = named.entities.iter().filter(|(kind, _)| kind == "Topic").map(|(_, id)| id);
    // A rule about several kinds of things may well name a group that is called like an alias.
    let of_topics = read.rule.actions.iter().all(|action| action.applies_to() == ResourceKind::Topic);
    let names = named.names.iter().filter(|_| of_topics);
    let (alias, topic) = ids.chain(names).find_map(|name| Some((name, topics.aliases().topic(name)?)))?;
    let what = format!("the rule {:?} names {alias:?}, which is an alias", read.rule.id);
    Some(PolicyError::at(&read.rule.file, read.rule.line, what, format!("name the topic itself, {topic:?}")))
}

/// What is allowed but unwise in one rule.
fn warnings_of(read: &ReadRule) -> Vec<String> {
    let Rule { id, file, line, .. } = &*read.rule;
    let mut warnings = Vec::new();
    if !read.named {
        warnings.push(format!("{file}:{line}: rule without @id; evidence will call it {id:?}"));
    }
    if read.left_out == Some(LeftOut::Partly) {
        let ours = "administer, block, audit and export";
        warnings.push(format!("{file}:{line}: allows all actions but {ours}: a rule has to name these to allow them"));
    }
    warnings.extend(read.strange.iter().map(|name| format!("{file}:{line}: annotation @{name} means nothing here")));
    warnings
}

fn assemble(report: Report, read: Vec<ReadRule>, topics: Topics) -> Result<Loaded, PolicyError> {
    let mut looks = Looks::default();
    looks.groups.extend(topics.owners().cloned());
    let mut widened = Vec::new();
    for rule in &read {
        looks.add(&rule.json);
        if let Some(json) = for_unknown_groups(rule.json.clone()) {
            let id = Some(rule.policy.id().clone());
            let policy =
                CedarPolicy::from_json(id, json.clone()).map_err(|error| PolicyError::Schema(error.to_string()))?;
            widened.push((policy, json, Arc::clone(&rule.rule.actions)));
        }
    }
    let known = read.iter().map(|read| (&read.policy, &read.json, Arc::clone(&read.rule.actions)));
    let for_known_groups = Rules::new(known)?;
    let widened = widened.iter().map(|(policy, json, actions)| (policy, json, Arc::clone(actions)));
    let for_unknown_groups = Rules::new(widened)?;
    let rules = read.into_iter().map(|read| (read.rule.id.clone(), read.rule)).collect();
    Ok(Loaded { report, rules, for_known_groups, for_unknown_groups, looks, topics })
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

pub(crate) fn read_text(path: &Path, name: &str) -> Result<String, PolicyError> {
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

fn twice(rules: &[ReadRule]) -> Vec<PolicyError> {
    let mut first: HashMap<&str, &Rule> = HashMap::new();
    let mut errors = Vec::new();
    for ReadRule { rule, .. } in rules {
        if let Some(before) = first.insert(&rule.id, rule) {
            let what = format!("@id {:?} stands also at {}:{}", rule.id, before.file, before.line);
            errors.push(PolicyError::at(&rule.file, rule.line, what, "give each rule an id of its own"));
        }
    }
    errors
}
