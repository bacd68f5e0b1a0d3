//! `tests/*.yaml` of a policy folder: what the policy is expected to answer.
//!
//! A row may list several actions and resources; it stands for each question that they make together.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;
use tidegate_model::{CallerKind, ResourceKind};

use crate::asked::{Around, Asked, Who, actions, field_name};
use crate::decide::{DEFAULT_DENY, Effect, Policy};
use crate::error::{Place, PolicyError};
use crate::folder::read_text;
use crate::masking::Masking;
use crate::topics::{not_yaml, places_of_rows};

/// The folder's name inside a policy folder.
pub(crate) const FOLDER: &str = "tests";
const FILES_MAX: usize = 256;
/// Questions of one folder.
const QUESTIONS_MAX: usize = 100_000;

/// The answer that a row expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// The caller may.
    Allow,
    /// The caller may not.
    Deny,
    /// The caller may not, unless somebody approves.
    NeedsApproval,
}

impl Expected {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.effect().name()
    }

    fn effect(self) -> Effect {
        match self {
            Expected::Allow => Effect::Allow,
            Expected::Deny => Effect::Deny,
            Expected::NeedsApproval => Effect::NeedsApproval,
        }
    }
}

/// One question with the answer that is expected.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// File inside the policy folder, `tests/…`.
    pub file: String,
    /// Line of its row.
    pub line: usize,
    /// What the row calls itself.
    pub title: Option<String>,
    /// The question.
    pub asked: Asked,
    /// The answer.
    pub expect: Expected,
    /// Rules that have to be among those that decide.
    pub by: Vec<String>,
    /// The topic that was decided about, where the question names an alias.
    pub alias_of: Option<String>,
}

/// What came of an expectation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was expected.
    pub expectation: Expectation,
    /// What the policy answered.
    pub got: Effect,
    /// The rules that decided, as [`Decision::rule`](crate::Decision::rule) names them.
    pub rule: String,
    /// Whether it is what was expected.
    pub passed: bool,
}

/// What came of all expectations of a folder.
#[derive(Clone, Debug)]
pub struct Outcomes {
    /// In the order of files and rows.
    pub all: Vec<Outcome>,
    /// Rules that decided none of the questions, sorted.
    pub never_decided: Vec<String>,
}

impl Outcomes {
    /// How many are not what was expected.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.all.iter().filter(|outcome| !outcome.passed).count()
    }
}

/// Asks the policy every question of the folder's `tests`.
///
/// # Errors
/// Everything that is wrong with the files; also a folder without any test, because then nothing is known.
pub fn test(dir: &Path, policy: &Policy) -> Result<Outcomes, Vec<PolicyError>> {
    let expectations = read(dir, &ids(policy), policy.masking())?;
    if expectations.is_empty() {
        let mend = "write at least one row in tests/*.yaml: {user, groups, action, topic, expect}";
        return Err(vec![PolicyError::folder(dir.join(FOLDER).display().to_string(), "has no test", mend)]);
    }
    let mut decided = BTreeSet::new();
    let mut all = Vec::new();
    for mut expectation in expectations {
        let decision = expectation.asked.decide(policy);
        let own = expectation.asked.by_own_name(policy);
        expectation.alias_of = (own.name != expectation.asked.name).then(|| own.name.clone());
        let rules: BTreeSet<&str> = policy.rules_in(&decision.rule).map(|rule| rule.id.as_str()).collect();
        let named =
            |rule: &String| rules.contains(rule.as_str()) || (rule == DEFAULT_DENY && *decision.rule == *DEFAULT_DENY);
        let passed = decision.effect == expectation.expect.effect() && expectation.by.iter().all(named);
        decided.extend(rules.into_iter().map(str::to_owned));
        all.push(Outcome { expectation, got: decision.effect, rule: decision.rule.to_string(), passed });
    }
    let never_decided = ids(policy).into_iter().filter(|rule| !decided.contains(rule)).collect();
    Ok(Outcomes { all, never_decided })
}

fn ids(policy: &Policy) -> BTreeSet<String> {
    policy.every_rule().map(|rule| rule.id.clone()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    name: Option<String>,
    user: Option<String>,
    workload: Option<String>,
    #[serde(default)]
    groups: Texts,
    client: Option<String>,
    action: Texts,
    #[serde(default)]
    topic: Texts,
    #[serde(default)]
    consumer_group: Texts,
    #[serde(default)]
    transactional_id: Texts,
    #[serde(default)]
    class: Texts,
    partition: Option<i32>,
    #[serde(default)]
    context: RawContext,
    expect: Expected,
    #[serde(default)]
    by: Texts,
}

/// One text, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "write one text or a list of texts")]
pub(crate) enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Default for Texts {
    fn default() -> Self {
        Texts::Many(Vec::new())
    }
}

impl Texts {
    pub(crate) fn list(self) -> Vec<String> {
        match self {
            Texts::One(text) => vec![text],
            Texts::Many(texts) => texts,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawContext {
    cluster: Option<String>,
    address: Option<IpAddr>,
    client_id: Option<String>,
    tls: Option<bool>,
    hour: Option<u8>,
    mfa_age: Option<u64>,
}

impl RawContext {
    fn around(self) -> Result<Around, String> {
        let usual = Around::usual();
        if self.hour.is_some_and(|hour| hour > 23) {
            return Err("hour is 0 to 23, UTC".to_owned());
        }
        Ok(Around {
            cluster: self.cluster.unwrap_or(usual.cluster),
            address: self.address.unwrap_or(usual.address),
            client_id: self.client_id.unwrap_or(usual.client_id),
            tls: self.tls.unwrap_or(usual.tls),
            hour: self.hour.unwrap_or(usual.hour),
            mfa_age: self.mfa_age,
        })
    }
}

impl RawRow {
    /// The questions that the row stands for; the error is a text without its place.
    fn questions(self, masking: &Masking) -> Result<Vec<Asked>, String> {
        let groups = self.groups.list();
        let groups = if groups == ["unknown"] { None } else { Some(groups) };
        let mut who = match (&self.user, &self.workload) {
            (Some(id), None) => Who::parse(CallerKind::User, id, groups)?,
            (None, Some(id)) => Who::parse(CallerKind::Workload, id, groups)?,
            _ => return Err("a row has either user or workload".to_owned()),
        };
        who.client = self.client;
        let words = self.action.list();
        if words.is_empty() {
            return Err("a row names an action".to_owned());
        }
        let (classes, topics) = (self.class.list(), self.topic.list());
        if !classes.is_empty() && topics.is_empty() {
            return Err("class goes with topic".to_owned());
        }
        if let Some(unknown) = classes.iter().find(|class| !masking.know(class)) {
            return Err(format!("class {unknown:?} stands not in {}", crate::masking::FILE));
        }
        let (kind, names) = match (topics, self.consumer_group.list(), self.transactional_id.list()) {
            (topics, groups, ids) if groups.is_empty() && ids.is_empty() && !topics.is_empty() => {
                match classes.is_empty() {
                    true => (Some(ResourceKind::Topic), topics),
                    // `CLASS/TOPIC`, each with each
                    false => {
                        let fields = |class: &String| {
                            topics.iter().map(move |topic| field_name(class, topic)).collect::<Vec<_>>()
                        };
                        (Some(ResourceKind::Field), classes.iter().flat_map(fields).collect())
                    }
                }
            }
            (topics, groups, ids) if topics.is_empty() && ids.is_empty() && !groups.is_empty() => {
                (Some(ResourceKind::ConsumerGroup), groups)
            }
            (topics, groups, ids) if topics.is_empty() && groups.is_empty() && !ids.is_empty() => {
                (Some(ResourceKind::TransactionalId), ids)
            }
            (topics, groups, ids) if topics.is_empty() && groups.is_empty() && ids.is_empty() => {
                (None, vec![String::new()])
            }
            _ => {
                return Err("a row has one of topic, consumer_group and transactional_id".to_owned());
            }
        };
        if self.partition.is_some_and(|partition| partition < 0)
            || (self.partition.is_some() && kind != Some(ResourceKind::Topic))
        {
            return Err("partition is a number from 0, beside topic".to_owned());
        }
        let around = self.context.around()?;
        let mut questions = Vec::new();
        for word in &words {
            for action in meant(word, kind)? {
                questions.extend(names.iter().map(|name| Asked {
                    who: who.clone(),
                    around: around.clone(),
                    action,
                    name: name.clone(),
                    partition: self.partition,
                }));
            }
        }
        Ok(questions)
    }
}

/// The actions that a word means; without a named resource those on the cluster and on the gate.
fn meant(word: &str, kind: Option<ResourceKind>) -> Result<Vec<tidegate_model::Action>, String> {
    match kind {
        Some(kind) => actions(word, kind),
        None => {
            actions(word, ResourceKind::Gateway).or_else(|_| actions(word, ResourceKind::Cluster)).map_err(|error| {
                format!("{error}; or name the topic, consumer_group or transactional_id that it is about")
            })
        }
    }
}

/// Reads every row of every file, for a policy with these rules, and says everything that is wrong.
pub(crate) fn read(
    dir: &Path,
    rules: &BTreeSet<String>,
    masking: &Masking,
) -> Result<Vec<Expectation>, Vec<PolicyError>> {
    let files = files(&dir.join(FOLDER)).map_err(|error| vec![error])?;
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for (file, text) in &files {
        match parse(file, text, rules, masking) {
            Ok(rows) => all.extend(rows),
            Err(found) => errors.extend(found),
        }
        if all.len() > QUESTIONS_MAX {
            errors.push(PolicyError::folder(file, format!("more than {QUESTIONS_MAX} questions"), "merge some"));
            break;
        }
    }
    if errors.is_empty() { Ok(all) } else { Err(errors) }
}

fn files(dir: &Path) -> Result<BTreeMap<String, String>, PolicyError> {
    let mut files = BTreeMap::new();
    if !dir.exists() {
        return Ok(files);
    }
    let unreadable = |reason| PolicyError::Read { path: dir.to_owned(), reason };
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        let file = format!("{FOLDER}/{name}");
        if !name.ends_with(".yaml") {
            // a test that is not read looks like one that passes
            return Err(PolicyError::folder(file, "is not read", "name it *.yaml, or move it elsewhere"));
        }
        if files.len() == FILES_MAX {
            return Err(PolicyError::folder(FOLDER, format!("more than {FILES_MAX} files"), "merge some"));
        }
        let text = read_text(&path, &file)?;
        files.insert(file, text);
    }
    Ok(files)
}

fn parse(
    file: &str,
    text: &str,
    rules: &BTreeSet<String>,
    masking: &Masking,
) -> Result<Vec<Expectation>, Vec<PolicyError>> {
    let mend = "a row is {name, user or workload, groups, client, action, topic or consumer_group or transactional_id, \
                partition, context, expect, by}";
    let rows: Option<Vec<RawRow>> = serde_norway::from_str(text).map_err(|error| vec![not_yaml(file, &error, mend)])?;
    let places = places_of_rows(text);
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for (index, mut row) in rows.unwrap_or_default().into_iter().enumerate() {
        let place = Place::new(file, places.get(index).copied().unwrap_or((1, 1)));
        let (title, expect, by) = (row.name.take(), row.expect, std::mem::take(&mut row.by).list());
        if let Some(unknown) = by.iter().find(|rule| *rule != DEFAULT_DENY && !rules.contains(*rule)) {
            let mend = format!("write the @id of a rule, or {DEFAULT_DENY}");
            errors.push(PolicyError::at(place.clone(), format!("by names {unknown:?}, which is no rule"), mend));
        }
        match row.questions(masking) {
            Ok(questions) => all.extend(questions.into_iter().map(|asked| Expectation {
                file: file.to_owned(),
                line: place.line,
                title: title.clone(),
                asked,
                expect,
                by: by.clone(),
                alias_of: None,
            })),
            Err(what) => errors.push(PolicyError::at(place, what, mend)),
        }
    }
    if errors.is_empty() { Ok(all) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"@id("team") permit (principal in Group::"idp:sales", action in Action::"read", resource in Domain::"sales");
        @id("ci") permit (principal is Workload, action == Action::"produce", resource) when { resource.env == "staging" };
        @id("night") forbid (principal, action, resource) when { context.hour < 6 };
        @id("parts") permit (principal, action == Action::"produce", resource) when { context has partition && context.partition == 3 };
        @id("gate") @on_deny("require_approval") forbid (principal, action == Action::"consume", resource)
        when { context has partition && context.partition == 9 };"#;

    fn folder(tests: &str) -> (tempfile::TempDir, Policy) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("rules.cedar"), RULES).unwrap();
        let topics = "- {name: orders, domain: sales, env: prod}\n- {pattern: 'stage.*', env: staging}\n";
        std::fs::write(dir.path().join("topics.yaml"), topics).unwrap();
        std::fs::create_dir(dir.path().join(FOLDER)).unwrap();
        std::fs::write(dir.path().join(FOLDER).join("a.yaml"), tests).unwrap();
        let policy = Policy::load(dir.path()).unwrap();
        (dir, policy)
    }

    fn errors(tests: &str) -> Vec<String> {
        let (dir, policy) = folder(tests);
        test(dir.path(), &policy).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_are_asked_and_what_differs_is_told() {
        let (dir, policy) = folder(
            "- {name: reads, user: 'idp:ann', groups: 'idp:sales', action: read, topic: orders, expect: allow, by: team}\n\
             - {user: 'idp:ann', groups: unknown, action: consume, topic: orders, expect: deny, by: default-deny}\n\
             - {workload: 'idp:ci', action: produce, topic: [stage.x, orders], expect: allow}\n\
             - {user: 'idp:ann', groups: ['idp:sales'], action: consume, topic: orders, context: {hour: 3}, expect: deny, by: team}\n\
             - {user: 'idp:ann', action: produce, topic: orders, partition: 3, expect: allow}\n\
             - {user: 'idp:ann', action: administer, expect: deny}\n\
             - {user: 'idp:ann', groups: 'idp:sales', action: consume, topic: orders, partition: 9, expect: needs_approval, by: gate}\n",
        );
        let outcomes = test(dir.path(), &policy).unwrap();
        assert_eq!(outcomes.all.len(), 3 + 1 + 2 + 1 + 1 + 1 + 1);
        let failed: Vec<_> = outcomes.all.iter().filter(|outcome| !outcome.passed).collect();
        let told: Vec<_> = failed
            .iter()
            .map(|o| (o.expectation.line, o.got, o.rule.as_str(), o.expectation.asked.name.as_str()))
            .collect();
        assert_eq!(told, [(3, Effect::Deny, "default-deny", "orders"), (4, Effect::Deny, "night", "orders")]);
        assert_eq!(outcomes.failed(), 2);
        assert!(outcomes.never_decided.is_empty(), "{:?}", outcomes.never_decided);
    }

    #[test]
    fn a_rule_that_no_row_needs_is_named() {
        let (dir, policy) = folder("- {workload: 'idp:ci', action: produce, topic: stage.x, expect: allow}\n");
        assert_eq!(test(dir.path(), &policy).unwrap().never_decided, ["gate", "night", "parts", "team"]);
    }

    #[test]
    fn mistakes_name_file_line_and_mend() {
        for (text, line, wanted) in [
            ("- {user: 'idp:ann', action: consume, topic: orders, expect: alow}\n", 1, "alow"),
            ("- {user: ann, action: consume, topic: orders, expect: allow}\n", 1, "issuer:subject"),
            ("- {user: 'i:a', groups: sales, action: consume, topic: orders, expect: allow}\n", 1, "issuer:group"),
            ("- {user: 'i:a', workload: 'i:b', action: consume, topic: orders, expect: allow}\n", 1, "either"),
            ("- {user: 'i:a', action: joinGroup, topic: orders, expect: allow}\n", 1, "consumer group"),
            ("- {user: 'i:a', action: consume, expect: allow}\n", 1, "name the topic"),
            ("- {user: 'i:a', action: consume, topic: x, consumer_group: y, expect: allow}\n", 1, "one of topic"),
            ("- {user: 'i:a', action: consume, topic: x, partition: -1, expect: allow}\n", 1, "from 0"),
            ("- {user: 'i:a', action: consume, topic: x, context: {hour: 24}, expect: allow}\n", 1, "0 to 23"),
            ("- {user: 'i:a', action: consume, topic: x, context: {ip: 1.2.3.4}, expect: allow}\n", 1, "address"),
            ("- {user: 'i:a', action: consume, topic: x, context: {address: here}, expect: allow}\n", 1, "address"),
            ("- {user: 'i:a', action: consume, topic: x, expect: allow, by: nothing}\n", 1, "no rule"),
            ("- {user: 'i:a', action: consume, topic: 7, expect: allow}\n", 1, "text"),
            ("# nothing\n", 0, "no test"),
            ("- {user: 'i:a', action: consume, topic: x, expect: deny}\n\n- user: 'i:a'\n  colour: red\n", 4, "colour"),
        ] {
            let errors = errors(text);
            let place = if line == 0 { "tests: ".to_owned() } else { format!("tests/a.yaml:{line}:") };
            assert!(
                errors.len() == 1 && errors[0].contains(&place) && errors[0].contains(wanted),
                "{text}: {errors:?}"
            );
        }
        assert_eq!(
            errors("- {user: a, action: x, topic: y, expect: deny}\n- {user: b, action: x, topic: y, expect: deny}\n")
                .len(),
            2
        );
    }

    #[test]
    fn a_test_that_would_not_be_read_is_an_error() {
        let (dir, policy) = folder("- {user: 'i:a', action: consume, topic: x, expect: deny}\n");
        std::fs::write(dir.path().join("tests/b.yml"), "").unwrap();
        assert!(test(dir.path(), &policy).unwrap_err()[0].to_string().contains("tests/b.yml"));
    }
}
