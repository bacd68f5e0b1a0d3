//! What the solver may take as given, because the gate itself sees to it.

use std::collections::BTreeSet;

use cedar_policy::Policy as CedarPolicy;
use serde_json::Value;
use tidegate_model::{Action, ResourceKind};

use crate::decide::Policy;
use crate::masking::is_class;
use crate::named::Named;
use crate::rule::Rule;

/// An age is a span between two instants since 1970, in seconds; these are 10,000 years.
const AGE_MAX: u64 = 315_576_000_000;

/// The entity type of a kind of resource.
pub(super) fn type_name(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Topic => "Topic",
        ResourceKind::ConsumerGroup => "ConsumerGroup",
        ResourceKind::TransactionalId => "TransactionalId",
        ResourceKind::Cluster => "Cluster",
        ResourceKind::Gateway => "Gateway",
        ResourceKind::Field => "Field",
    }
}

/// A kind of request: caller's type, action, resource's type.
pub(super) type Kind = [&'static str; 3];

/// The kinds of requests for an action.
pub(super) fn kinds_of(action: &Action) -> [Kind; 2] {
    ["User", "Workload"].map(|kind| [kind, action.name(), type_name(action.applies_to())])
}

/// All rules in one order.
pub(super) fn rules(policy: &Policy) -> Vec<&Rule> {
    let mut rules: Vec<&Rule> = policy.every_rule().collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules
}

/// Whether the rule counts for this action: a permit only for those that the gate takes it to cover, since some have to be named.
pub(super) fn counts(rule: &Rule, action: &str) -> bool {
    rule.forbids || rule.actions.iter().any(|covered| covered.name() == action)
}

/// A condition as that of a rule, in Cedar's JSON form.
pub(super) fn rule_of(condition: &str) -> Option<Value> {
    let text = format!("permit (principal, action, resource) when {{ {condition} }};");
    CedarPolicy::parse(None, &text).ok()?.to_json().ok()
}

/// What is true of every request of this kind, in Cedar's own form. `named` are the names in the policy and in the question.
pub(super) fn given(policy: &Policy, named: &Named, topic: Option<&str>, principal: &str, resource: &str) -> String {
    let mut terms = vec![
        "context.hour >= 0 && context.hour <= 23".to_owned(),
        format!(
            "(if context has partition then context.partition >= 0 && context.partition <= {} else true)",
            i32::MAX
        ),
        format!("(if context has mfaAge then context.mfaAge >= 0 && context.mfaAge <= {AGE_MAX} else true)"),
    ];
    for (_, id) in named.callers.iter().filter(|(kind, _)| format!("{kind:?}") == principal) {
        if let Some((issuer, sub)) = id.split_once(':') {
            terms.push(format!(
                "((principal == {principal}::{id:?}) == (principal.issuer == {issuer:?} && principal.sub == {sub:?}))"
            ));
        }
    }
    for (_, id) in named.entities.iter().filter(|(kind, _)| kind == resource) {
        terms.push(format!("((resource == {resource}::{id:?}) == (resource.name == {id:?}))"));
    }
    match resource {
        "Topic" => about_topic(policy, topic, &named.tags, &named.domains, &mut terms),
        "Field" => about_field(named, &mut terms),
        "Gateway" => terms.push("resource == Gateway::\"gate\" && resource.name == \"gate\"".to_owned()),
        _ => {}
    }
    terms.join(" && ")
}

/// A field is in its class and in those above it, and in its topic.
fn about_field(named: &Named, terms: &mut Vec<String>) {
    for class in &named.classes {
        let within = format!("resource in FieldClass::{class:?}");
        terms.push(match is_class(class) {
            true => format!("(({within}) == (resource.name == {class:?} || resource.name like \"{class}.*\"))"),
            // No field is of a class that cannot be.
            false => format!("!({within})"),
        });
    }
    let entities = named.entities.iter().filter(|(kind, _)| kind == "Topic").map(|(_, topic)| topic);
    for topic in entities.chain(&named.topics).collect::<BTreeSet<_>>() {
        terms.push(format!("((resource in Topic::{topic:?}) == (resource.topic == {topic:?}))"));
    }
}

fn about_topic(
    policy: &Policy,
    topic: Option<&str>,
    tags: &BTreeSet<String>,
    domains: &BTreeSet<String>,
    terms: &mut Vec<String>,
) {
    for tag in tags {
        terms.push(format!("((resource in Tag::{tag:?}) == resource.tags.contains({tag:?}))"));
    }
    for domain in domains {
        terms.push(format!("((resource in Domain::{domain:?}) == (resource.domain == {domain:?}))"));
    }
    // what topics.yaml says of the topic that the question names
    let Some(topic) = topic else { return };
    let facts = policy.topics().classify(topic);
    terms.push(format!(
        "resource.env == {:?} && resource.tier == {:?} && resource.domain == {:?}",
        facts.env, facts.tier, facts.domain
    ));
    for tag in tags.union(&facts.tags) {
        let not = if facts.tags.contains(tag) { "" } else { "!" };
        terms.push(format!("{not}resource.tags.contains({tag:?})"));
    }
    terms.push(match &facts.owner {
        Some(owner) => format!("(resource has owner && resource.owner == Group::{owner:?})"),
        None => "!(resource has owner)".to_owned(),
    });
}
