//! Why a question has the answer that it has: the rules that decided, what was known, and, where no rule allows, the permits
//! that came nearest with what each of them lacks.
//!
//! Nothing here decides. A permit is cut into its parts (its scopes and the terms of its conditions), and Cedar itself says
//! which of them hold.

mod parts;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use cedar_policy::{AuthorizationError, Authorizer, PolicySet};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::decide::{Decision, Effect, Policy};
use crate::rule::Rule;
use crate::rules::has_to_be_named;
use crate::topics::TopicFacts;
pub use parts::{Lack, PartKind};
use parts::{Part, parts_of};

/// Permits that are named as the nearest.
const NEAREST_MAX: usize = 5;

/// Why a question has the answer that it has.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The question, by the topic's own name.
    pub asked: Asked,
    /// The alias by which it was asked.
    pub alias: Option<String>,
    /// The answer.
    pub decision: Decision,
    /// The rules that decided.
    pub rules: Vec<Rule>,
    /// What the topic is, if the question is about one.
    pub topic: Option<TopicFacts>,
    /// Where a rule refuses: the permits that would allow it.
    pub outvoted: Vec<Rule>,
    /// Where no permit applies: those that come nearest, nearest first.
    pub nearest: Vec<NearMiss>,
}

/// A permit that does not apply.
#[derive(Clone, Debug)]
pub struct NearMiss {
    /// The permit.
    pub rule: Rule,
    /// What it lacks; never empty.
    pub lacks: Vec<Lack>,
}

/// Explains the policy's answer. Costs far more than the answer: it looks at each rule.
#[must_use]
pub fn explain(policy: &Policy, asked: &Asked) -> Explanation {
    let called = &asked.name;
    let asked = &*asked.by_own_name(policy);
    let alias = (*called != asked.name).then(|| called.clone());
    let decision = asked.decide(policy);
    let mut rules: Vec<Rule> = policy.rules_in(&decision.rule).cloned().collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let is_topic = asked.action.applies_to() == tidegate_model::ResourceKind::Topic;
    let topic = is_topic.then(|| policy.topics().classify(&asked.name));
    let (outvoted, nearest) = match decision.effect {
        Effect::Allow | Effect::Blocked => (Vec::new(), Vec::new()),
        Effect::Deny | Effect::NeedsApproval => permits(policy, asked, topic.as_ref()),
    };
    Explanation { asked: asked.clone(), alias, decision, rules, topic, outvoted, nearest }
}

/// The permits that apply, or, if there is none, those that come nearest.
fn permits(policy: &Policy, asked: &Asked, topic: Option<&TopicFacts>) -> (Vec<Rule>, Vec<NearMiss>) {
    let Ok((request, entities)) = policy.prepare(&asked.entitlement(policy), asked.question()) else {
        return (Vec::new(), Vec::new());
    };
    // some actions are allowed by their names alone, so a permit of everything is not even near
    let of_the_gate = has_to_be_named(asked.action);
    let mut permits: Vec<(&Rule, Vec<Part>)> = policy
        .every_rule()
        .filter(|rule| !rule.forbids && (!of_the_gate || rule.actions.contains(&asked.action)))
        .filter_map(|rule| Some((rule, parts_of(rule, asked.who.groups.is_some())?)))
        .collect();
    permits.sort_by_key(|(rule, _)| (&rule.file, rule.line, rule.column));
    let mut set = PolicySet::new();
    for (number, (_, parts)) in permits.iter().enumerate() {
        for (place, part) in parts.iter().enumerate() {
            // a part that Cedar does not take counts as one that does not hold
            if let Some(policy) = part.policy(&format!("{number}.{place}")) {
                let _twice_never = set.add(policy);
            }
        }
    }
    let response = Authorizer::new().is_authorized(&request, &set, &entities);
    let held: HashSet<String> = response.diagnostics().reason().map(ToString::to_string).collect();
    let errors: BTreeMap<String, String> = response
        .diagnostics()
        .errors()
        .map(|AuthorizationError::PolicyEvaluationError(error)| (error.policy_id().to_string(), error.to_string()))
        .collect();
    let (mut apply, mut misses) = (Vec::new(), Vec::new());
    for (number, (rule, parts)) in permits.into_iter().enumerate() {
        let lacks: Vec<Lack> = parts
            .iter()
            .enumerate()
            .map(|(place, part)| (format!("{number}.{place}"), part))
            .filter(|(id, _)| !held.contains(id))
            .map(|(id, part)| part.lack(asked, topic, errors.contains_key(&id)))
            .collect();
        match lacks.is_empty() {
            true => apply.push(rule.clone()),
            false => misses.push((rule, lacks)),
        }
    }
    if !apply.is_empty() {
        return (apply, Vec::new());
    }
    misses.sort_by_key(|(_, lacks)| lacks.iter().map(|lack| lack.part.weight()).sum::<usize>());
    // a permit for other actions is near only where there is none for this one
    let for_this = |lacks: &[Lack]| lacks.iter().all(|lack| lack.part != PartKind::Action);
    if misses.iter().any(|(_, lacks)| for_this(lacks)) {
        misses.retain(|(_, lacks)| for_this(lacks));
    }
    misses.truncate(NEAREST_MAX);
    (apply, misses.into_iter().map(|(rule, lacks)| NearMiss { rule: rule.clone(), lacks }).collect())
}

impl Explanation {
    /// For scripts.
    #[must_use]
    pub fn json(&self) -> Value {
        let around = &self.asked.around;
        let who = &self.asked.who;
        let rule = |rule: &Rule| {
            json!({
                "id": rule.id, "file": rule.file, "line": rule.line, "effect": if rule.forbids { "forbid" } else { "permit" },
                "why": rule.why, "ask": rule.ask, "text": rule.text,
            })
        };
        let rules = |list: &[Rule]| list.iter().map(rule).collect::<Vec<_>>();
        let nearest: Vec<Value> = self
            .nearest
            .iter()
            .map(|near| {
                let lacks =
                    near.lacks.iter().map(|lack| json!({"part": lack.part.name(), "wants": lack.wants, "is": lack.is}));
                json!({"rule": rule(&near.rule), "lacks": lacks.collect::<Vec<_>>()})
            })
            .collect();
        json!({
            "question": {
                "kind": if who.kind == tidegate_model::CallerKind::User { "user" } else { "workload" },
                "id": who.id(), "groups": who.groups, "client": who.client,
                "action": self.asked.action.name(), "resource": self.asked.name, "alias": self.alias, "partition": self.asked.partition,
                "context": {
                    "cluster": around.cluster, "address": around.address.to_string(), "clientId": around.client_id,
                    "tls": around.tls, "hour": around.hour, "mfaAge": around.mfa_age,
                },
            },
            "effect": self.decision.effect.name(), "decided_by": &*self.decision.rule, "rules": rules(&self.rules),
            "topic": self.topic.as_ref().map(|facts| json!({
                "domain": facts.domain, "owner": facts.owner, "env": facts.env, "tier": facts.tier, "tags": facts.tags,
            })),
            "outvoted": rules(&self.outvoted), "nearest": nearest,
        })
    }
}

/// For people, in several lines.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  by {}", self.decision.effect.name(), self.decision.rule)?;
        writeln!(f, "\nquestion  {}", self.asked)?;
        if let Some(alias) = &self.alias {
            writeln!(f, "alias     {alias} stands for {}: decided is about that topic", self.asked.name)?;
        }
        if let Some(facts) = &self.topic {
            writeln!(f, "topic     {}", parts::facts_in_words(facts))?;
        }
        writeln!(f, "context   {}", parts::around_in_words(&self.asked.around))?;
        if self.decision.rule.starts_with("error:") {
            writeln!(f, "\nWhat cannot be evaluated is denied; mend the rule that is named, or report it if none is.")?;
        }
        for rule in &self.rules {
            said(f, rule)?;
        }
        for rule in &self.outvoted {
            writeln!(f, "\nwould be allowed by {} at {}:{}, but a forbid wins", rule.id, rule.file, rule.line)?;
        }
        if *self.decision.rule == *crate::decide::DEFAULT_DENY {
            writeln!(f, "\nNo rule allows it.")?;
        }
        if !self.nearest.is_empty() {
            writeln!(f, "The nearest permits:")?;
        }
        for near in &self.nearest {
            let rule = &near.rule;
            writeln!(f, "\n{}  {}:{}{}", rule.id, rule.file, rule.line, reason(rule))?;
            for lack in &near.lacks {
                writeln!(f, "  lacks  {}\n         {}", lack.wants, lack.is)?;
            }
        }
        Ok(())
    }
}

fn said(f: &mut fmt::Formatter<'_>, rule: &Rule) -> fmt::Result {
    writeln!(f, "\n{}  {}:{}{}", rule.id, rule.file, rule.line, reason(rule))?;
    for line in rule.text.lines() {
        writeln!(f, "  {line}")?;
    }
    Ok(())
}

fn reason(rule: &Rule) -> String {
    let why = rule.why.as_ref().map(|why| format!("  {why}")).unwrap_or_default();
    let ask = rule.ask.as_ref().map(|ask| format!("  (ask {ask})")).unwrap_or_default();
    format!("{why}{ask}")
}

#[cfg(test)]
mod tests;
