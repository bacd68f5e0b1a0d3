//! `invariants.yaml` of a policy folder: what must never be allowed, as questions for a solver.
//!
//! A question holds for every caller, every resource and all circumstances that the schema can express, whatever `topics.yaml`
//! says, except for a topic that the question itself names. Only that is taken as given which the gate itself sees to: that a
//! tag and a domain are the same as parent and as attribute, and that ids and names agree.
//!
//! A solver that says "never" is believed; what it says can happen is asked of Cedar's authorizer before it is told.

mod beyond;
mod each;
mod example;
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use cedar_policy::{Policy as CedarPolicy, PolicySet, ValidationMode, Validator};
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_model::Action;

use crate::decide::Policy;
use crate::error::{Place, PolicyError};
use crate::expect::Texts;
use crate::folder::read_text;
use crate::named::Named;
use crate::rule::Rule;
use crate::schema::{SCHEMA, members, schema};
use crate::topics::{not_yaml, places_of_rows};
pub use beyond::{findings_beyond, job_beyond};
pub use each::{RuleFinding, findings_of_rules, job_of_rules};
pub use example::{Example, Finding};

/// The file's name inside a policy folder.
pub(crate) const FILE: &str = "invariants.yaml";
const ROWS_MAX: usize = 1_000;

/// Something that must never be allowed.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// Where it stands: file and line.
    pub place: String,
    /// What it calls itself, or what it forbids.
    pub title: String,
    /// The requests that it is about: caller's type, action, resource's type.
    requests: Vec<[String; 3]>,
    /// The condition on top, in Cedar's own form.
    condition: String,
    topic: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    name: Option<String>,
    never: RawNever,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNever {
    action: Texts,
    kind: Option<RawKind>,
    #[serde(default)]
    groups: Texts,
    #[serde(default)]
    except_groups: Texts,
    #[serde(default)]
    except_callers: Texts,
    topic: Option<String>,
    tag: Option<String>,
    domain: Option<String>,
    env: Option<String>,
    tier: Option<String>,
    class: Option<String>,
    when: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawKind {
    User,
    Workload,
}

/// Reads `invariants.yaml` of the folder; none where there is no such file.
///
/// # Errors
/// Everything that is wrong with it, with file, line and mend.
pub fn invariants(dir: &Path) -> Result<Vec<Invariant>, Vec<PolicyError>> {
    let path = dir.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    parse(FILE, &read_text(&path, FILE).map_err(|error| vec![error])?)
}

/// Reads one question as it stands behind `never:`.
///
/// # Errors
/// What is wrong with it.
pub fn invariant(never: &str) -> Result<Invariant, PolicyError> {
    let mend = MEND;
    let raw: RawNever =
        serde_norway::from_str(never).map_err(|error| PolicyError::folder("the question", error.to_string(), mend))?;
    raw.read(None, "the question".to_owned(), never).map_err(|what| PolicyError::folder("the question", what, mend))
}

const MEND: &str =
    "a question is {action, kind, groups, except_groups, except_callers, topic, tag, domain, env, tier, class, when}";

fn parse(file: &str, text: &str) -> Result<Vec<Invariant>, Vec<PolicyError>> {
    let rows: Option<Vec<RawRow>> = serde_norway::from_str(text).map_err(|error| {
        let mend = format!("a row is {{name, never}}; {MEND}");
        vec![not_yaml(file, &error, &mend)]
    })?;
    let rows = rows.unwrap_or_default();
    if rows.len() > ROWS_MAX {
        return Err(vec![PolicyError::folder(file, format!("more than {ROWS_MAX} rows"), "merge some")]);
    }
    let places = places_of_rows(text);
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for (index, row) in rows.into_iter().enumerate() {
        let place = Place::new(file, places.get(index).copied().unwrap_or((1, 1)));
        match row.never.read(row.name, format!("{file}:{}", place.line), "") {
            Ok(invariant) => all.push(invariant),
            Err(what) => errors.push(PolicyError::at(place, what, MEND)),
        }
    }
    if errors.is_empty() { Ok(all) } else { Err(errors) }
}

impl RawNever {
    fn read(self, name: Option<String>, place: String, text: &str) -> Result<Invariant, String> {
        let of_topic =
            [&self.topic, &self.tag, &self.domain, &self.env, &self.tier].iter().any(|value| value.is_some());
        let words = self.action.list();
        let mut actions = BTreeSet::new();
        for word in &words {
            actions.extend(meant(word, of_topic)?);
        }
        if of_topic && actions.iter().any(|(_, resource)| *resource != "Topic") {
            return Err("topic, tag, domain, env and tier go with actions on topics".to_owned());
        }
        if self.class.is_some() && actions.iter().any(|(_, resource)| *resource != "Field") {
            return Err("class goes with the action unmask".to_owned());
        }
        let kinds: &[&str] = match self.kind {
            None => &["User", "Workload"],
            Some(RawKind::User) => &["User"],
            Some(RawKind::Workload) => &["Workload"],
        };
        let requests: Vec<[String; 3]> = kinds
            .iter()
            .flat_map(|kind| actions.iter().map(|(action, resource)| [kind, *action, *resource].map(str::to_owned)))
            .collect();
        let (groups, except_groups, except_callers) =
            (self.groups.list(), self.except_groups.list(), self.except_callers.list());
        for id in groups.iter().chain(&except_groups).chain(&except_callers) {
            if !id.split_once(':').is_some_and(|(issuer, rest)| !issuer.is_empty() && !rest.is_empty()) {
                return Err(format!("{id:?} names no issuer; write issuer:group or issuer:subject"));
            }
        }
        let mut terms = Vec::new();
        let within = |group: &String| format!("principal in Group::{group:?}");
        if !groups.is_empty() {
            terms.push(format!("({})", groups.iter().map(within).collect::<Vec<_>>().join(" || ")));
        }
        terms.extend(except_groups.iter().map(|group| format!("!({})", within(group))));
        for caller in &except_callers {
            terms.push(format!("principal != User::{caller:?} && principal != Workload::{caller:?}"));
        }
        terms.extend(self.topic.iter().map(|topic| format!("resource.name == {topic:?}")));
        terms.extend(self.tag.iter().map(|tag| format!("resource in Tag::{tag:?}")));
        terms.extend(self.domain.iter().map(|domain| format!("resource in Domain::{domain:?}")));
        terms.extend(self.env.iter().map(|env| format!("resource.env == {env:?}")));
        terms.extend(self.tier.iter().map(|tier| format!("resource.tier == {tier:?}")));
        terms.extend(self.class.iter().map(|class| format!("resource in FieldClass::{class:?}")));
        terms.extend(self.when.iter().map(|when| format!("({when})")));
        let condition = if terms.is_empty() { "true".to_owned() } else { terms.join(" && ") };
        for request in &requests {
            holds_together(&condition, request)?;
        }
        let title = name
            .unwrap_or_else(|| if text.is_empty() { format!("never {}", words.join(", ")) } else { text.to_owned() });
        Ok(Invariant { place, title, requests, condition, topic: self.topic })
    }
}

/// The actions that a word means, each with the type of its resource.
fn meant(word: &str, of_topic: bool) -> Result<Vec<(&'static str, &'static str)>, String> {
    let pair = |action: &Action| (action.name(), world::type_name(action.applies_to()));
    if let Some(action) = Action::ALL.iter().find(|action| action.name() == word) {
        return Ok(vec![pair(action)]);
    }
    let all = members(word).map_err(|error| error.to_string())?;
    let found: Vec<_> = all.iter().map(pair).filter(|(_, resource)| !of_topic || *resource == "Topic").collect();
    if found.is_empty() {
        return Err(format!("{word:?} is no action; write one of the schema, or read, write, admin"));
    }
    Ok(found)
}

/// The condition is one that the schema allows for this request.
fn holds_together(condition: &str, [principal, action, resource]: &[String; 3]) -> Result<(), String> {
    let text = format!(
        "permit (principal is {principal}, action == Action::{action:?}, resource is {resource}) when {{ {condition} }};"
    );
    let rule =
        CedarPolicy::parse(None, &text).map_err(|error| format!("when is not an expression of Cedar: {error}"))?;
    let set = PolicySet::from_policies([rule]).map_err(|error| error.to_string())?;
    let result = Validator::new(schema().map_err(|error| error.to_string())?).validate(&set, ValidationMode::Strict);
    match result.validation_errors().next() {
        Some(error) => Err(format!("does not fit the schema for {principal} {action}: {error}")),
        None => Ok(()),
    }
}

/// What the solver is asked, as the prover reads it. `solver` is its program, `seconds` the longest time for one question.
#[must_use]
pub fn job(policy: &Policy, invariants: &[Invariant], solver: &str, seconds: u64) -> Value {
    let rules = world::rules(policy);
    let texts: Vec<&str> = rules.iter().map(|rule| rule.text.as_str()).collect();
    let of_policy = Named::of(policy);
    let mut questions = Vec::new();
    for invariant in invariants {
        let condition = &invariant.condition;
        let mut named = of_policy.clone();
        named.add(&world::rule_of(condition).unwrap_or_default());
        for [principal, action, resource] in &invariant.requests {
            let given = world::given(policy, &named, invariant.topic.as_deref(), principal, resource);
            let left_out = |(_, rule): &(usize, &&Rule)| !world::counts(rule, action);
            let without: Vec<usize> = rules.iter().enumerate().filter(left_out).map(|(place, _)| place).collect();
            questions.push(json!({
                "id": questions.len(), "principal": principal, "action": action, "resource": resource,
                "ask": {"allows": {
                    "outside": format!("forbid (principal, action, resource) unless {{ {condition} && {given} }};"),
                    "without": without,
                }},
            }));
        }
    }
    json!({"schema": SCHEMA, "rules": texts, "solver": solver, "seconds": seconds, "questions": questions})
}

/// What came of each invariant, from the prover's answers, one JSON document a line.
#[must_use]
pub fn findings(policy: &Policy, invariants: &[Invariant], answers: &str) -> Vec<Finding> {
    example::findings(policy, invariants, answers)
}

#[cfg(test)]
mod tests;
