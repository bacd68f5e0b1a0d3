//! Questions about each rule by itself: whether its evaluation can fail, which denies what it is about, and whether it can match at
//! all. A rule that never matches is as good as none, and if it is a forbid, somebody believes in it.

use cedar_policy::{AuthorizationError, Authorizer, Policy as CedarPolicy, PolicyId, PolicySet};
use serde_json::{Value, json};

use super::example::{Answers, asked, broken, told};
use super::world;
use crate::decide::Policy;
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

/// The rules that something asks about, and the kinds of requests that each is about.
fn asked_about(policy: &Policy) -> impl Iterator<Item = (&Rule, Vec<[&'static str; 3]>)> {
    world::rules(policy).into_iter().filter(|rule| !rule.actions.is_empty()).map(|rule| {
        let kinds = rule.actions.iter().flat_map(|action| {
            ["User", "Workload"].map(|kind| [kind, action.name(), world::type_name(action.applies_to())])
        });
        (rule, kinds.collect())
    })
}

/// What the solver is asked of every rule, as the prover reads it.
#[must_use]
pub fn job_of_rules(policy: &Policy, solver: &str, seconds: u64) -> Value {
    let (mut texts, mut questions) = (Vec::new(), Vec::new());
    for (rule, kinds) in asked_about(policy) {
        for [principal, action, resource] in kinds {
            let given = world::given(policy, None, principal, resource, "true");
            // a rule that is not read here is not answered, which is told as not known
            let Some(text) = guarded(rule, &given) else { continue };
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

/// The rule where what the gate sees to is so, and no rule elsewhere.
fn guarded(rule: &Rule, given: &str) -> Option<String> {
    let json = |text: &str| CedarPolicy::parse(None, text).ok()?.to_json().ok();
    let given = json(&format!("permit (principal, action, resource) when {{ {given} }};"))?;
    let mut guarded = json(&rule.text)?;
    let condition = given.get("conditions")?.get(0)?.clone();
    guarded.get_mut("conditions")?.as_array_mut()?.insert(0, condition);
    CedarPolicy::from_json(None, guarded).ok()?.to_cedar()
}

/// What came of each rule, from the prover's answers.
#[must_use]
pub fn findings_of_rules(policy: &Policy, answers: &str) -> Vec<RuleFinding> {
    let answers = Answers::read(answers);
    let mut next = 0;
    let mut all = Vec::new();
    for (rule, kinds) in asked_about(policy) {
        let mut finding = RuleFinding { rule: rule.clone(), fails: None, dead: true, unknown: None };
        for [principal, _, resource] in kinds {
            if guarded(rule, &world::given(policy, None, principal, resource, "true")).is_none() {
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
