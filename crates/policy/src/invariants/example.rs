//! What the solver found, in plain words, after Cedar's authorizer has been asked about it.

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Response};
use serde::Deserialize;
use serde_json::Value;

use super::{Invariant, world};
use crate::decide::Policy;
use crate::rule::Rule;
use crate::schema::schema;

/// Words of an answer that are shown.
const WORDS_MAX: usize = 400;

/// What is known of an invariant.
#[derive(Clone, Debug)]
pub enum Finding {
    /// The solver proved it, in this time.
    Never {
        /// Microseconds.
        micros: u64,
    },
    /// It happens.
    Happens(Box<Example>),
    /// It is not known, and why.
    Unknown(String),
}

/// A request that must never be allowed and is.
#[derive(Clone, Debug)]
pub struct Example {
    /// Who may do what to what, and when.
    pub words: String,
    /// The rules that allow it.
    pub rules: Vec<Rule>,
    /// The request and its entities, as the solver made them.
    pub request: Value,
}

#[derive(Deserialize)]
struct Answer {
    id: usize,
    micros: u64,
    #[serde(default)]
    never: bool,
    example: Option<Value>,
    unknown: Option<String>,
}

/// The prover's answers by the number of the question.
pub(super) struct Answers(BTreeMap<usize, Answer>);

impl Answers {
    /// Reads them, one JSON document a line; what is none is no answer.
    pub(super) fn read(answers: &str) -> Answers {
        let read = answers.lines().filter_map(|line| serde_json::from_str::<Answer>(line).ok());
        Answers(read.map(|one| (one.id, one)).collect())
    }

    /// An example, or `None` for a proof. The error says why neither is known.
    pub(super) fn get(&self, id: usize) -> Result<Option<&Value>, String> {
        let Some(answer) = self.0.get(&id) else { return Err("the prover did not answer".to_owned()) };
        match (&answer.example, answer.never) {
            (Some(example), _) => Ok(Some(example)),
            (None, true) => Ok(None),
            (None, false) => {
                let why = answer.unknown.as_deref().unwrap_or("the prover's answer says nothing");
                Err(why.chars().take(WORDS_MAX).collect())
            }
        }
    }

    /// How long it took.
    pub(super) fn micros(&self, id: usize) -> u64 {
        self.0.get(&id).map_or(0, |answer| answer.micros)
    }
}

pub(super) fn findings(policy: &Policy, invariants: &[Invariant], answers: &str) -> Vec<Finding> {
    let answers = Answers::read(answers);
    let mut next = 0;
    invariants
        .iter()
        .map(|invariant| {
            let from = next;
            next += invariant.requests.len();
            finding(policy, &answers, from..next)
        })
        .collect()
}

/// An example counts before what is not known, and that before a proof. A question without an answer is not known.
fn finding(policy: &Policy, answers: &Answers, ids: std::ops::Range<usize>) -> Finding {
    let mut unknown = None;
    let mut micros: u64 = 0;
    for id in ids {
        micros = micros.saturating_add(answers.micros(id));
        match answers.get(id) {
            Ok(None) => {}
            Ok(Some(found)) => match retold(policy, found) {
                Ok(example) => return Finding::Happens(Box::new(example)),
                Err(why) => _ = unknown.get_or_insert(why),
            },
            Err(why) => _ = unknown.get_or_insert(why),
        }
    }
    unknown.map_or(Finding::Never { micros }, Finding::Unknown)
}

/// That an example cannot be used.
pub(super) fn broken(error: &dyn std::fmt::Display) -> String {
    format!("the solver's example cannot be read: {error}")
}

/// The request and the entities of an example.
pub(super) fn asked(found: &Value) -> Result<(Request, Entities), String> {
    let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
    let uid = |name: &str| EntityUid::from_str(text(name)).map_err(|error| broken(&error));
    let (principal, action, resource) = (uid("principal")?, uid("action")?, uid("resource")?);
    let schema = schema().map_err(|error| broken(&error))?;
    let member = |name: &str| found.get(name).cloned().unwrap_or_default();
    let context =
        Context::from_json_value(member("context"), Some((&schema, &action))).map_err(|error| broken(&error))?;
    let entities = Entities::from_json_value(member("entities"), Some(&schema)).map_err(|error| broken(&error))?;
    let request = Request::new(principal, action, resource, context, Some(&schema)).map_err(|error| broken(&error))?;
    Ok((request, entities))
}

/// The authorizer's answer by the rules that count for the request.
pub(super) fn answer(policy: &Policy, request: &Request, entities: &Entities) -> Result<Response, String> {
    let name = request.action().map(|action| action.id().unescaped().to_owned()).unwrap_or_default();
    let rules = world::rules(policy);
    let parsed = rules
        .iter()
        .filter(|rule| world::counts(rule, &name))
        .filter_map(|rule| cedar_policy::Policy::parse(Some(cedar_policy::PolicyId::new(&rule.id)), &rule.text).ok());
    let set = PolicySet::from_policies(parsed).map_err(|error| broken(&error))?;
    Ok(Authorizer::new().is_authorized(request, &set, entities))
}

/// Whether the gate would allow it: an evaluation that fails denies.
pub(super) fn allows(answer: &Response) -> bool {
    answer.decision() == Decision::Allow && answer.diagnostics().errors().next().is_none()
}

/// The policy's rules that gave the answer.
pub(super) fn by(answer: &Response, policy: &Policy) -> Vec<Rule> {
    let mut by: Vec<Rule> = answer.diagnostics().reason().filter_map(|id| policy.rule(id.as_ref())).cloned().collect();
    by.sort_by(|a, b| a.id.cmp(&b.id));
    by
}

/// Asks the authorizer about the example, and tells it in words.
fn retold(policy: &Policy, found: &Value) -> Result<Example, String> {
    let (request, entities) = asked(found)?;
    let response = answer(policy, &request, &entities)?;
    if response.diagnostics().errors().next().is_some() {
        return Err("the solver's example is one in which a rule cannot be evaluated, which the gate denies".to_owned());
    }
    if response.decision() != Decision::Allow {
        return Err("the solver's example is refused by the authorizer; please report this".to_owned());
    }
    Ok(Example { words: told(found, &request, "may"), rules: by(&response, policy), request: found.clone() })
}

/// Who may do what to what, and when.
pub(super) fn told(found: &Value, request: &Request, may: &str) -> String {
    let member = |name: &str| found.get(name).cloned().unwrap_or_default();
    let (Some(principal), Some(action), Some(resource)) = (request.principal(), request.action(), request.resource())
    else {
        return String::new();
    };
    format!(
        "{} {may} {} {}{}",
        of_caller(&member("entities"), principal),
        action.id().unescaped(),
        of_resource(&member("entities"), resource),
        of_context(&member("context")),
    )
}

/// The entity of this id: its attributes and its parents.
fn entity<'v>(entities: &'v Value, uid: &EntityUid) -> Option<&'v Value> {
    let (kind, id) = (uid.type_name().to_string(), uid.id().unescaped());
    entities.as_array()?.iter().find(|entity| {
        let has =
            |name: &str, wanted: &str| entity.get("uid").and_then(|uid| uid.get(name)).is_some_and(|v| v == wanted);
        has("type", &kind) && has("id", id)
    })
}

fn parents(entity: Option<&Value>, kind: &str) -> Vec<String> {
    let all = entity.and_then(|entity| entity.get("parents")).and_then(Value::as_array).into_iter().flatten();
    let text = |parent: &Value, name: &str| parent.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut parents: Vec<String> =
        all.filter(|parent| text(parent, "type") == kind).map(|parent| text(parent, "id")).collect();
    parents.sort_unstable();
    parents
}

fn of_caller(entities: &Value, uid: &EntityUid) -> String {
    let groups = parents(entity(entities, uid), "Group");
    let kind = uid.type_name().to_string().to_lowercase();
    let id = uid.id().unescaped();
    // an id that the solver made up says nothing
    let name = if id.contains(':') { format!("{kind} {id}") } else { format!("a {kind}") };
    match groups.is_empty() {
        true => format!("{name} in no group"),
        false => format!("{name} in {}", groups.join(", ")),
    }
}

fn of_resource(entities: &Value, uid: &EntityUid) -> String {
    let found = entity(entities, uid);
    let kind = uid.type_name().to_string();
    let mut words = Vec::new();
    for (name, value) in found.and_then(|entity| entity.get("attrs")).and_then(Value::as_object).into_iter().flatten() {
        words.push(match value.get("__entity").and_then(|owner| owner.get("id")) {
            Some(id) => format!("{name} {id}"),
            None => format!("{name} {value}"),
        });
    }
    if kind != "Topic" {
        for of in ["FieldClass", "Topic"] {
            words.extend(parents(found, of).into_iter().map(|id| format!("in {of} {id:?}")));
        }
    }
    match kind.as_str() {
        "Gateway" => "the gate".to_owned(),
        _ if words.is_empty() => format!("a {kind}"),
        _ => format!("a {kind} with {}", words.join(", ")),
    }
}

fn of_context(context: &Value) -> String {
    let mut words = Vec::new();
    for (name, value) in context.as_object().into_iter().flatten() {
        let shown = value.get("__extn").and_then(|call| call.get("arg")).unwrap_or(value);
        // an address alone is a range of one to the solver
        words.push(format!("{name} {shown}").replace("/32\"", "\"").replace("/128\"", "\""));
    }
    if words.is_empty() { String::new() } else { format!(", when {}", words.join(", ")) }
}
