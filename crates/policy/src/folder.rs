//! Reads a policy folder and says everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use cedar_policy::{Policy as CedarPolicy, Validator};
use tidegate_model::{Level, ResourceKind};

use crate::error::{Place, PolicyError, Warning, place_in};
use crate::expect;
use crate::invariants::{self, invariants};
use crate::looks::Looks;
use crate::masking::{self, Masking};
use crate::people::{NamedOne, people};
use crate::rule::{ReadRule, Rule, split};
use crate::rules::Rules;
use crate::schema::schema;
use crate::topics::{self, Topics};
use crate::unwise::{self, Known};
use crate::widen::for_unknown_groups;

const FILES_MAX: usize = 256;
const FILE_BYTES_MAX: u64 = 1 << 20;
const RULES_MAX: usize = 10_000;
const FILE_NAME_MAX: usize = 255;
/// Bytes of all schemas of a folder together.
const SCHEMA_BYTES_MAX: usize = 4 << 20;
/// Folders within folders that are looked into for schemas.
const DEPTH_MAX: usize = 8;
/// Files and folders below the policy folder that are looked at.
const BELOW_MAX: usize = 10_000;
/// How often a folder is read for two readings that are the same.
const READINGS_MAX: usize = 4;
/// Files with a name of their own. One under a name that is almost that would silently not count.
const NAMED: [&str; 3] = [topics::FILE, masking::FILE, invariants::FILE];

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
    /// Questions of `tests/*.yaml`; 0 where only the files that count were looked at.
    pub tests: usize,
    /// Rows of `invariants.yaml`; 0 where only the files that count were looked at.
    pub invariants: usize,
    /// How much evidence keeps of the records of each topic that either file names, and of patterns whose rows say so, sorted.
    pub recorded: Vec<(String, Level)>,
    /// What is allowed but unwise.
    pub warnings: Vec<Warning>,
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
    pub people: Vec<NamedOne>,
    pub masking: Masking,
    /// SHA-256 of the files about masks, by name.
    pub about_masks: BTreeMap<String, [u8; 32]>,
}

/// The files of a policy that count, by name: `*.cedar`, `topics.yaml`, `masking.yaml`, and schemas, `*.avsc` and `*.proto`, which may
/// stand in folders below: their names are paths with `/`.
pub type PolicyFiles = BTreeMap<String, String>;

/// Checks the policy folder: what counts in it, its tests and its invariants.
///
/// # Errors
/// Everything that is wrong, in the order of the files.
pub fn check(dir: &Path) -> Result<Report, Vec<PolicyError>> {
    let files = read(dir).map_err(|error| vec![error])?;
    let loaded = load(&files)?;
    let rules: BTreeSet<String> = loaded.rules.keys().cloned().collect();
    match (expect::read(dir, &rules, &loaded.masking), invariants(dir)) {
        (Ok(tests), Ok(invariants)) => Ok(Report { tests: tests.len(), invariants: invariants.len(), ..loaded.report }),
        (tests, invariants) => {
            Err(tests.err().into_iter().flatten().chain(invariants.err().into_iter().flatten()).collect())
        }
    }
}

/// Whether a file of this name counts, beside those with rules.
fn is_about_rules(name: &str) -> bool {
    name == topics::FILE || name == masking::FILE || is_schema(name)
}

/// Whether a file of this name is a schema that `masking.yaml` may name.
pub(crate) fn is_schema(name: &str) -> bool {
    name.ends_with(".avsc") || name.ends_with(".proto")
}

/// The schemas in a folder and below, as a policy folder has them: by their path in it.
///
/// # Errors
/// They cannot be read, or are too many or too large.
pub fn schemas_below(dir: &Path) -> Result<PolicyFiles, PolicyError> {
    let unreadable = |reason| PolicyError::Read { path: dir.to_owned(), reason };
    let root = fs::canonicalize(dir).map_err(unreadable)?;
    let mut below = Below { root: &root, files: BTreeMap::new(), seen: 0, rules: true };
    below.folder(&root, "", 0)?;
    Ok(below.files)
}

/// Reads a policy folder, without looking at what the files say. It is read until two readings in a row are the same: a folder
/// that is being replaced is not taken half old and half new. Behind a symbolic link each reading is of one folder alone, so that a
/// link that is turned over is always safe; files that are written one by one, slowly, are not.
///
/// # Errors
/// It cannot be read, holds no rules or what would silently not count, or changes while it is read.
pub fn read(dir: &Path) -> Result<PolicyFiles, PolicyError> {
    settled(dir, || {
        let unreadable = |reason| PolicyError::Read { path: dir.to_owned(), reason };
        read_files(&fs::canonicalize(dir).map_err(unreadable)?)
    })
}

fn settled(dir: &Path, mut read: impl FnMut() -> Result<PolicyFiles, PolicyError>) -> Result<PolicyFiles, PolicyError> {
    let mut files = read()?;
    for _ in 1..READINGS_MAX {
        let again = read()?;
        if again == files {
            return Ok(files);
        }
        files = again;
    }
    let mend = "try again when it is complete; put a new folder in place by turning a symbolic link over";
    Err(PolicyError::folder(dir.display().to_string(), "changed while it was read", mend))
}

/// Files from elsewhere are held to what a folder is held to.
fn refuse_odd_files(files: &PolicyFiles) -> Result<(), PolicyError> {
    if files.len() > FILES_MAX {
        return Err(PolicyError::folder("the policy", format!("more than {FILES_MAX} files"), "merge some"));
    }
    refuse_no_rules("the policy".to_owned(), files)?;
    for (name, text) in files {
        let parts: Vec<&str> = name.split('/').collect();
        let plain = |part: &&str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']);
        let depth = if is_schema(name) { DEPTH_MAX } else { 0 };
        let fits = name.len() <= FILE_NAME_MAX && parts.len() <= depth + 1 && parts.iter().all(plain);
        if !fits || (!has_rules(Path::new(name)) && !is_about_rules(name)) {
            let mend = format!(
                "send only *.cedar, {} and {}, without folders, and schemas *.avsc and *.proto",
                topics::FILE,
                masking::FILE
            );
            return Err(PolicyError::folder(format!("{name:?}"), "is no file of a policy", mend));
        }
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
            return Err(PolicyError::folder(name, format!("is larger than {FILE_BYTES_MAX} bytes"), "split it"));
        }
    }
    let schemas = files.iter().filter(|(name, _)| is_schema(name));
    if schemas.map(|(_, text)| text.len()).sum::<usize>() > SCHEMA_BYTES_MAX {
        let what = format!("more than {SCHEMA_BYTES_MAX} bytes of schemas");
        return Err(PolicyError::folder("the policy", what, "keep those that masking.yaml needs"));
    }
    Ok(())
}

pub(crate) fn load(files: &PolicyFiles) -> Result<Loaded, Vec<PolicyError>> {
    refuse_odd_files(files).map_err(|error| vec![error])?;
    let validator = Validator::new(schema().map_err(|error| vec![error])?);
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut rules: Vec<ReadRule> = Vec::new();
    let (mut topics, mut masking) = (Topics::default(), None);
    for (file, text) in files {
        if file == topics::FILE {
            match Topics::parse(text) {
                Ok(read) => topics = read,
                Err(error) => errors.push(error),
            }
            continue;
        }
        if file == masking::FILE {
            match Masking::read(text, files) {
                Ok(read) => masking = Some(read),
                Err(error) => errors.push(error),
            }
            continue;
        }
        if is_schema(file) {
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
        let what = format!("no {}: every topic is env unknown, tier0, unclassified", topics::FILE);
        warnings.push(Warning { place: None, what });
    }
    if errors.is_empty() {
        warnings.extend(idle_schemas(files, masking.as_ref()));
    }
    errors.extend(twice(&rules));
    errors.extend(rules.iter().filter_map(|rule| names_alias(rule, &topics)));
    if rules.len() > RULES_MAX {
        errors.push(PolicyError::folder("the policy", format!("more than {RULES_MAX} rules"), "merge some"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    warnings.extend(unwise::warnings(&rules, &Known { topics: &topics, masking: masking.as_ref() }));
    let recorded = recorded(&topics, masking.as_ref().unwrap_or(&Masking::default()));
    let report = Report {
        recorded,
        rules: rules.len(),
        topics: topics.rows(),
        files: files.keys().cloned().collect(),
        version: digest(files.iter().flat_map(|(name, text)| [name, text])),
        tests: 0,
        invariants: 0,
        warnings,
    };
    let loaded = assemble(report, rules, topics, masking.unwrap_or_default()).map_err(|error| vec![error])?;
    let about_masks = files.iter().filter(|(name, _)| *name == masking::FILE || is_schema(name));
    Ok(Loaded { about_masks: about_masks.map(|(name, text)| (name.clone(), digest([name, text]))).collect(), ..loaded })
}

/// Schemas that nothing is read by: a row may name another by mistake.
fn idle_schemas<'f>(files: &'f PolicyFiles, masking: Option<&'f Masking>) -> impl Iterator<Item = Warning> + 'f {
    let idle = move |name: &&String| masking.is_none_or(|masking| !masking.schema_files().contains(*name));
    files.keys().filter(|name| is_schema(name)).filter(idle).map(|name| {
        let what = format!(
            "{name}: no row of {} names this schema or what imports it: name it, or take it out",
            masking::FILE
        );
        Warning { place: None, what }
    })
}

fn recorded(topics: &Topics, masking: &Masking) -> Vec<(String, Level)> {
    let mut names: BTreeSet<&str> = topics.exact().map(String::as_str).collect();
    names.extend(masking.topics_and_patterns());
    let no_keys = BTreeMap::new();
    // Where a mask cannot be made nothing is kept.
    let level = |name: &str| masking.storage(name, &no_keys).map_or(Level::Digest, |storage| storage.level);
    names.into_iter().map(|name| (name.to_owned(), level(name))).collect()
}

/// A rule about an alias would silently never hold, and it may be a forbid.
fn names_alias(read: &ReadRule, topics: &Topics) -> Option<PolicyError> {
    let ids = read.names.entities.iter().filter(|(kind, _)| kind == "Topic").map(|(_, id)| id);
    // A rule about several kinds of things may well name a group that is called like an alias.
    let of_topics = read.rule.actions.iter().all(|action| action.applies_to() == ResourceKind::Topic);
    let names = read.names.names.iter().filter(|_| of_topics);
    let names = names.chain(&read.names.topics);
    let (alias, topic) = ids.chain(names).find_map(|name| Some((name, topics.aliases().topic(name)?)))?;
    let what = format!("the rule {:?} names {alias:?}, which is an alias", read.rule.id);
    let place = read.rule.place_of(&[format!("{alias:?}")]);
    Some(PolicyError::at(place, what, format!("name the topic itself, {topic:?}")))
}

fn assemble(report: Report, read: Vec<ReadRule>, topics: Topics, masking: Masking) -> Result<Loaded, PolicyError> {
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
    let people = people(&read, &topics);
    let rules = read.into_iter().map(|read| (read.rule.id.clone(), read.rule)).collect();
    Ok(Loaded {
        report,
        rules,
        for_known_groups,
        for_unknown_groups,
        looks,
        topics,
        people,
        masking,
        about_masks: BTreeMap::new(),
    })
}

/// SHA-256 over names and contents of files, each with its length, sorted by name.
fn digest<'f>(parts: impl IntoIterator<Item = &'f String>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut version = [0; 32];
    version.copy_from_slice(context.finish().as_ref());
    version
}

fn read_files(dir: &Path) -> Result<PolicyFiles, PolicyError> {
    let unreadable = |reason| PolicyError::Read { path: dir.to_owned(), reason };
    let mut files = BTreeMap::new();
    let mut below = Below { root: dir, files: BTreeMap::new(), seen: 0, rules: false };
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(PolicyError::folder(path.display().to_string(), "its name is not UTF-8", "rename it"));
        };
        // hidden names are an editor's, or what a mounted ConfigMap keeps its versions in
        if name.starts_with('.') {
            continue;
        }
        let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".toml"));
        let meant = stem.and_then(|stem| NAMED.iter().find(|file| file.strip_suffix(".yaml") == Some(stem)));
        if let Some(meant) = meant {
            return Err(PolicyError::folder(name, "is not read", format!("name it {meant}")));
        }
        if is_schema(name) || (!has_rules(&path) && !is_about_rules(name)) {
            below.entry(&path, name, 0)?;
            continue;
        }
        files.insert(name.to_owned(), read_text(&path, name)?);
        refuse_many(dir, files.len())?;
    }
    files.append(&mut below.files);
    refuse_many(dir, files.len())?;
    refuse_no_rules(dir.display().to_string(), &files)?;
    Ok(files)
}

fn refuse_no_rules(place: String, files: &PolicyFiles) -> Result<(), PolicyError> {
    if files.keys().any(|name| !is_about_rules(name)) {
        return Ok(());
    }
    Err(PolicyError::folder(place, "no file *.cedar", "write at least one; without any rule everything is denied"))
}

fn has_rules(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("cedar"))
}

fn refuse_many(dir: &Path, files: usize) -> Result<(), PolicyError> {
    if files > FILES_MAX {
        let what = format!("more than {FILES_MAX} files");
        return Err(PolicyError::folder(dir.display().to_string(), what, "merge some"));
    }
    Ok(())
}

/// Looks for schemas in a folder and below. Rules there would silently not hold, and one may be a forbid.
struct Below<'d> {
    /// The folder, without symbolic links in its path.
    root: &'d Path,
    files: PolicyFiles,
    /// Files and folders so far.
    seen: usize,
    /// Whether rules may stand here: it is no policy folder.
    rules: bool,
}

impl Below<'_> {
    /// Looks at what is called `name` from the folder on.
    fn entry(&mut self, path: &Path, name: &str, depth: usize) -> Result<(), PolicyError> {
        self.seen += 1;
        if self.seen > BELOW_MAX {
            let what = format!("more than {BELOW_MAX} files and folders");
            return Err(PolicyError::folder(self.root.display().to_string(), what, "keep other things elsewhere"));
        }
        if path.is_dir() {
            return self.folder(path, name, depth + 1);
        }
        if !is_schema(name) {
            return Ok(());
        }
        if !self.is_within(path)? {
            return Err(PolicyError::folder(name, "leads out of the folder", "put the schema itself there, no link"));
        }
        self.files.insert(name.to_owned(), read_text(path, name)?);
        refuse_many(self.root, self.files.len())
    }

    /// Of folders elsewhere nothing is read, and in those that hold this one nothing is found that is not found without.
    fn folder(&mut self, dir: &Path, name: &str, depth: usize) -> Result<(), PolicyError> {
        let unreadable = |reason| PolicyError::Read { path: dir.to_owned(), reason };
        let looks = depth <= DEPTH_MAX && self.is_within(dir)?;
        for entry in fs::read_dir(dir).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if has_rules(&path) && !self.rules {
                let place = path.display().to_string();
                let mend = "move it into the policy folder itself";
                return Err(PolicyError::folder(place, "sub-folders are not read", mend));
            }
            let Some(own) = path.file_name().and_then(|name| name.to_str()).filter(|_| looks) else { continue };
            if !own.starts_with('.') {
                let name = if name.is_empty() { own.to_owned() } else { format!("{name}/{own}") };
                self.entry(&path, &name, depth)?;
            }
        }
        Ok(())
    }

    fn is_within(&self, path: &Path) -> Result<bool, PolicyError> {
        let unreadable = |reason| PolicyError::Read { path: path.to_owned(), reason };
        Ok(fs::canonicalize(path).map_err(unreadable)?.starts_with(self.root))
    }
}

/// Only files are opened, for a pipe would be waited for, and no more is read than may be there, for a device would never end.
pub(crate) fn read_text(path: &Path, name: &str) -> Result<String, PolicyError> {
    let unreadable = |reason| PolicyError::Read { path: path.to_owned(), reason };
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        let mend =
            "put the file itself there, or a link to one; take out pipes, sockets, devices and folders of that name";
        return Err(PolicyError::folder(name, "is no regular file", mend));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(PolicyError::folder(name, format!("is larger than {FILE_BYTES_MAX} bytes"), "split it"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes().get(..at).unwrap_or_default());
        let place = Place::new(name, place_in(&text, text.len(), (1, 1)));
        PolicyError::at(place, "is not UTF-8", "save it as UTF-8")
    })
}

fn twice(rules: &[ReadRule]) -> Vec<PolicyError> {
    let mut first: HashMap<&str, &Rule> = HashMap::new();
    let mut errors = Vec::new();
    for ReadRule { rule, .. } in rules {
        if let Some(before) = first.insert(&rule.id, rule) {
            let what = format!("@id {:?} stands also at {}:{}", rule.id, before.file, before.line);
            let place = rule.place_of(&[format!("{:?}", rule.id)]);
            errors.push(PolicyError::at(place, what, "give each rule an id of its own"));
        }
    }
    errors
}

#[cfg(test)]
mod tests;
