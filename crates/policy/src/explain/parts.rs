//! The parts of a permit: each scope that it names and each term of its conditions, as a policy of its own and in words.

use cedar_policy::{Policy as CedarPolicy, PolicyId};
use serde_json::{Value, json};
use tidegate_model::{CallerKind, ResourceKind};

use crate::asked::{Around, Asked, kind_word};
use crate::rule::Rule;
use crate::topics::TopicFacts;
use crate::widen::for_unknown_groups;

/// Terms of one rule that are looked at; the rest counts as one.
const TERMS_MAX: usize = 32;

/// Which part of a rule it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Whom the rule is for.
    Principal,
    /// Which actions it is for.
    Action,
    /// Which resources it is for.
    Resource,
    /// A term of its `when` or `unless`.
    Condition,
}

impl PartKind {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PartKind::Principal => "principal",
            PartKind::Action => "action",
            PartKind::Resource => "resource",
            PartKind::Condition => "condition",
        }
    }

    /// How far away a rule is that lacks this part. A rule for another action is further than one for somebody else.
    pub(super) fn weight(self) -> usize {
        match self {
            PartKind::Condition => 2,
            PartKind::Principal => 3,
            PartKind::Resource => 4,
            PartKind::Action => 8,
        }
    }
}

/// A part of a permit that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Which part.
    pub part: PartKind,
    /// What the rule says, in Cedar's own form.
    pub wants: String,
    /// What is the case instead, in words.
    pub is: String,
}

/// A part of a permit.
pub(super) struct Part {
    kind: PartKind,
    /// The part as its author wrote it, for its words.
    written: Value,
    /// The part as a policy of its own; nothing where it cannot hold.
    alone: Option<Value>,
    unless: bool,
}

/// The parts of a permit. Where the caller's groups are unknown, no part that needs them holds.
pub(super) fn parts_of(rule: &Rule, groups_known: bool) -> Option<Vec<Part>> {
    let written = CedarPolicy::parse(None, &rule.text).ok()?.to_json().ok()?;
    let holding = if groups_known { Some(written.clone()) } else { for_unknown_groups(written.clone()) };
    let mut parts = Vec::new();
    for (name, kind) in
        [("principal", PartKind::Principal), ("action", PartKind::Action), ("resource", PartKind::Resource)]
    {
        let scope = written.get(name)?;
        if scope.get("op").and_then(Value::as_str) == Some("All") {
            continue;
        }
        // without groups a permit goes as a whole when its principal needs one
        let lost = holding.is_none() && kind == PartKind::Principal;
        let alone = (!lost).then(|| lone(&[(name, scope.clone())], &[]));
        parts.push(Part { kind, written: scope.clone(), alone, unless: false });
    }
    let terms = terms(&written);
    let holding = holding.as_ref().map(self::terms).filter(|held| held.len() == terms.len());
    for (place, (unless, term)) in terms.into_iter().enumerate() {
        let held = holding.as_ref().and_then(|held| held.get(place)).map(|(_, held)| held.clone());
        let kind = if unless { "unless" } else { "when" };
        let alone = held.map(|body| lone(&[], &[json!({"kind": kind, "body": body})]));
        parts.push(Part { kind: PartKind::Condition, written: term, alone, unless });
    }
    Some(parts)
}

/// The terms of all conditions, and whether each stands in an `unless`.
fn terms(policy: &Value) -> Vec<(bool, Value)> {
    let mut terms = Vec::new();
    for condition in policy.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let unless = condition.get("kind").and_then(Value::as_str) == Some("unless");
        // a `when` holds if all terms of its && do, an `unless` if none of its || does
        let operator = if unless { "||" } else { "&&" };
        if let Some(body) = condition.get("body") {
            cut(body, operator, unless, &mut terms);
        }
    }
    terms
}

fn cut(body: &Value, operator: &str, unless: bool, terms: &mut Vec<(bool, Value)>) {
    match body.get(operator).and_then(|sides| Some((sides.get("left")?, sides.get("right")?))) {
        Some((left, right)) if terms.len() < TERMS_MAX => {
            cut(left, operator, unless, terms);
            cut(right, operator, unless, terms);
        }
        _ => terms.push((unless, body.clone())),
    }
}

/// A permit with these scopes and conditions alone.
fn lone(scopes: &[(&str, Value)], conditions: &[Value]) -> Value {
    let mut policy = json!({
        "effect": "permit", "principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"},
        "conditions": conditions,
    });
    for (name, scope) in scopes {
        if let Some(slot) = policy.get_mut(*name) {
            slot.clone_from(scope);
        }
    }
    policy
}

impl Part {
    /// The part as a policy of this id.
    pub(super) fn policy(&self, id: &str) -> Option<CedarPolicy> {
        CedarPolicy::from_json(Some(PolicyId::new(id)), self.alone.clone()?).ok()
    }

    /// That it does not hold, in words.
    pub(super) fn lack(&self, asked: &Asked, topic: Option<&TopicFacts>, failed: bool) -> Lack {
        let is = match self.kind {
            PartKind::Principal if asked.who.groups.is_none() => {
                format!("it is {}: no permit that needs a group holds", asked.who)
            }
            PartKind::Principal => format!("it is {}", asked.who),
            PartKind::Action => format!("it is {}", asked.action.name()),
            PartKind::Resource => resource_in_words(asked, topic),
            PartKind::Condition => {
                let mut words = Vec::new();
                values(&self.written, asked, topic, &mut words);
                let known = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
                match (failed, self.unless) {
                    (true, _) => format!("cannot be evaluated{known}"),
                    (false, false) => format!("is not so{known}"),
                    (false, true) => format!("is so{known}"),
                }
            }
        };
        Lack { part: self.kind, wants: self.wants(), is }
    }

    /// The part in Cedar's own form.
    fn wants(&self) -> String {
        match self.kind {
            PartKind::Principal => scope("principal", &self.written),
            PartKind::Action => scope("action", &self.written),
            PartKind::Resource => scope("resource", &self.written),
            PartKind::Condition => {
                let kind = if self.unless { "unless" } else { "when" };
                let text = CedarPolicy::from_json(None, lone(&[], &[json!({"kind": "when", "body": self.written})]))
                    .map(|policy| policy.to_cedar().unwrap_or_else(|| policy.to_string()))
                    .unwrap_or_default();
                let inner = text.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map(|(inner, _)| inner);
                let inner = inner.unwrap_or("…").split_whitespace().collect::<Vec<_>>().join(" ");
                format!("{kind} {{ {inner} }}")
            }
        }
    }
}

/// A scope as Cedar writes it.
fn scope(name: &str, scope: &Value) -> String {
    let text = |value: Option<&Value>, key: &str| {
        value.and_then(|value| value.get(key)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let entity = |value: Option<&Value>| format!("{}::{:?}", text(value, "type"), text(value, "id"));
    let op = text(Some(scope), "op");
    match op.as_str() {
        "is" => {
            let within =
                scope.get("in").map(|within| format!(" in {}", entity(within.get("entity")))).unwrap_or_default();
            format!("{name} is {}{within}", text(Some(scope), "entity_type"))
        }
        _ => match scope.get("entities").and_then(Value::as_array) {
            Some(many) => {
                let many = many.iter().map(|one| entity(Some(one))).collect::<Vec<_>>().join(", ");
                format!("{name} in [{many}]")
            }
            None => format!("{name} {op} {}", entity(scope.get("entity"))),
        },
    }
}

fn resource_in_words(asked: &Asked, topic: Option<&TopicFacts>) -> String {
    let kind = kind_word(asked.action.applies_to());
    match topic {
        Some(facts) => format!("topic {} is {}", asked.name, facts_in_words(facts)),
        None if asked.name.is_empty() => format!("it is the {kind}"),
        None => format!("it is {kind} {}", asked.name),
    }
}

/// What a topic is.
pub(super) fn facts_in_words(facts: &TopicFacts) -> String {
    let owner = facts.owner.as_ref().map(|owner| format!(", owner {owner}")).unwrap_or_default();
    let tags = match facts.tags.is_empty() {
        true => "no tags".to_owned(),
        false => format!("tags {}", facts.tags.iter().map(String::as_str).collect::<Vec<_>>().join(" ")),
    };
    format!("domain {}, env {}, {}, {tags}{owner}", facts.domain, facts.env, facts.tier)
}

/// What is true of the session and the moment.
pub(super) fn around_in_words(around: &Around) -> String {
    let client_id =
        if around.client_id.is_empty() { String::new() } else { format!(", client id {:?}", around.client_id) };
    format!(
        "cluster {}, address {}{client_id}, {}, hour {} UTC, {}",
        around.cluster,
        around.address,
        if around.tls { "TLS" } else { "no TLS" },
        around.hour,
        around.mfa_age.map_or_else(|| "no strong authentication".to_owned(), |age| format!("mfaAge {age} s")),
    )
}

/// The values of what a term reads.
fn values(term: &Value, asked: &Asked, topic: Option<&TopicFacts>, words: &mut Vec<String>) {
    match term {
        Value::Array(items) => items.iter().for_each(|item| values(item, asked, topic, words)),
        Value::Object(map) => {
            for (key, value) in map {
                let variable = value.get("left").and_then(|left| left.get("Var")).and_then(Value::as_str);
                let attribute = value.get("attr").and_then(Value::as_str);
                let known = match (key.as_str(), variable, attribute) {
                    ("." | "has", Some(variable), Some(attribute)) => Some(value_of(variable, attribute, asked, topic)),
                    ("in", Some("principal"), _) | ("is", Some("principal"), _) => Some(format!("it is {}", asked.who)),
                    ("in", Some("resource"), _) => Some(resource_in_words(asked, topic)),
                    _ => None,
                };
                match known {
                    Some(known) if words.contains(&known) => {}
                    Some(known) => words.push(known),
                    None => values(value, asked, topic, words),
                }
            }
        }
        _ => {}
    }
}

fn value_of(variable: &str, attribute: &str, asked: &Asked, topic: Option<&TopicFacts>) -> String {
    let quoted = |text: &str| Some(format!("{text:?}"));
    let (who, around) = (&asked.who, &asked.around);
    let of_field = asked.action.applies_to() == ResourceKind::Field;
    let field = asked.name.split_once('/').filter(|_| of_field);
    let value = match (variable, attribute, topic) {
        ("principal", "issuer", _) => quoted(&who.issuer),
        ("principal", "sub", _) => quoted(&who.subject),
        ("principal", "client", _) => who.client.as_deref().and_then(quoted),
        ("context", "partition", _) => asked.partition.map(|partition| partition.to_string()),
        ("context", "address", _) => Some(around.address.to_string()),
        ("context", "clientId", _) => quoted(&around.client_id),
        ("context", "tls", _) => Some(around.tls.to_string()),
        ("context", "hour", _) => Some(around.hour.to_string()),
        ("context", "mfaAge", _) => around.mfa_age.map(|age| age.to_string()),
        ("resource", "name", _) => quoted(field.map_or(&*asked.name, |(class, _)| class)),
        ("resource", "topic", _) => field.and_then(|(_, topic)| quoted(topic)),
        ("resource", "domain", Some(facts)) => quoted(&facts.domain),
        ("resource", "env", Some(facts)) => quoted(&facts.env),
        ("resource", "tier", Some(facts)) => quoted(&facts.tier),
        ("resource", "owner", Some(facts)) => facts.owner.as_deref().and_then(quoted),
        ("resource", "tags", Some(facts)) => Some(format!("{:?}", facts.tags)),
        _ => None,
    };
    let who = if who.kind == CallerKind::User { "user" } else { "workload" };
    let whose = if variable == "principal" { who } else { variable };
    match value {
        Some(value) => format!("{variable}.{attribute} is {value}"),
        None => format!("the {whose} has no {attribute}"),
    }
}
