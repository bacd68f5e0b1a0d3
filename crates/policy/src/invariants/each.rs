//! Questions about each rule by itself: whether its evaluation can fail, which denies what it is about, and whether it can match at
//! all. A rule that never matches is as good as none, and if it is a forbid, somebody believes in it.

use std::collections::HashMap;

use cedar_policy::{AuthorizationError, Authorizer, Policy as CedarPolicy, PolicyId, PolicySet};
use serde_json::{Value, json};

use super::example::{Answers, asked, broken, told};
use super::world;
use crate::decide::Policy;
use crate::named::Named;
use crate::rule::Rule;
use crate::schema::SCHEMA;

/// What is known of a rule.
#[derive(Clone, Debug)]
pub struct RuleFinding {
    /// The rule.
    pub rule: Rule,
    /// Who can make its evaluation fail, and when; `None` if nobody can.
    pub fails: Option<String>,
    /// It can match nothing.
    pub dead: bool,
    /// What is not known, and why.
    pub unknown: Option<String>,
}

impl RuleFinding {
    /// Whether all is known and well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.fails.is_none() && !self.dead && self.unknown.is_none()
    }
}

/// The rules, and for each kind of requests that one is about the rule as the solver is asked of it: where
/// what the gate sees to is so, and no rule elsewhere. `None` where Cedar does not write the rule anew.
fn asked_about(policy: &Policy) -> impl Iterator<Item = (&Rule, Vec<Option<(world::Kind, String)>>)> {
    let named = Named::of(policy);
    // what the gate sees to differs by the types of caller and resource alone
    let mut guards = HashMap::new();
    world::rules(policy).into_iter().map(move |rule| {
        let json = CedarPolicy::parse(None, &rule.text).ok().and_then(|parsed| parsed.to_json().ok());
        let kinds = rule.actions.iter().flat_map(world::kinds_of).map(|kind| {
            let [principal, _, resource] = kind;
            let make = || world::rule_of(&world::given(policy, &named, None, principal, resource));
            let guard = guards.entry((principal, resource)).or_insert_with(make);
            Some((kind, guarded(json.clone()?, guard.as_ref()?)?))
        });
        (rule, kinds.collect())
    })
}

/// What the solver is asked of every rule, as the prover reads it.
#[must_use]
pub fn job_of_rules(policy: &Policy, solver: &str, seconds: u64) -> Value {
    let (mut texts, mut questions) = (Vec::new(), Vec::new());
    for (_, kinds) in asked_about(policy) {
        for ([principal, action, resource], text) in kinds.into_iter().flatten() {
            for ask in ["errors", "matches"] {
                questions.push(json!({
                    "id": questions.len(), "principal": principal, "action": action, "resource": resource,
                    "ask": {ask: texts.len()},
                }));
            }
            texts.push(text);
        }
    }
    json!({"schema": SCHEMA, "rules": texts, "solver": solver, "seconds": seconds, "questions": questions})
}

/// The rule with the condition of `guard` before its own.
fn guarded(mut rule: Value, guard: &Value) -> Option<String> {
    let condition = guard.get("conditions")?.get(0)?.clone();
    rule.get_mut("conditions")?.as_array_mut()?.insert(0, condition);
    CedarPolicy::from_json(None, rule).ok()?.to_cedar()
}

/// What came of each rule, from the prover's answers.
#[must_use]
pub fn findings_of_rules(policy: &Policy, answers: &str) -> Vec<RuleFinding> {
    let answers = Answers::read(answers);
    let mut next = 0;
    let mut all = Vec::new();
    for (rule, kinds) in asked_about(policy) {
        let mut finding = RuleFinding { rule: rule.clone(), fails: None, dead: true, unknown: None };
        for kind in kinds {
            if kind.is_none() {
                finding.unknown = Some("Cedar does not write this rule anew; please report this".to_owned());
                continue;
            }
            let (fails, matches) = (answers.get(next), answers.get(next + 1));
            next += 2;
            match fails {
                Ok(None) => {}
                Ok(Some(example)) => match retold(rule, example) {
                    Ok(words) => finding.fails = finding.fails.or(Some(words)),
                    Err(why) => finding.unknown = finding.unknown.or(Some(why)),
                },
                Err(why) => finding.unknown = finding.unknown.or(Some(why)),
            }
            match matches {
                Ok(None) => {}
                Ok(Some(_)) => finding.dead = false,
                Err(why) => {
                    finding.dead = false;
                    finding.unknown = finding.unknown.or(Some(why));
                }
            }
        }
        finding.dead &= finding.unknown.is_none();
        all.push(finding);
    }
    all
}

/// Asks the authorizer whether the evaluation fails as the solver says, and tells it in words.
fn retold(rule: &Rule, example: &Value) -> Result<String, String> {
    let (request, entities) = asked(example)?;
    let alone = CedarPolicy::parse(Some(PolicyId::new(&rule.id)), &rule.text).map_err(|error| broken(&error))?;
    let set = PolicySet::from_policies([alone]).map_err(|error| broken(&error))?;
    let response = Authorizer::new().is_authorized(&request, &set, &entities);
    let error = response.diagnostics().errors().next();
    let Some(AuthorizationError::PolicyEvaluationError(error)) = error else {
        return Err("the authorizer evaluates the solver's example; please report this".to_owned());
    };
    let why = error.inner().to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(format!("{}: {why}", told(example, &request, "wants to")))
}
