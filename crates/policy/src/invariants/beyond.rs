//! Questions about two policies: what one of them allows that the other does not. `tidegate policy diff` looks; this proves.

use serde_json::{Value, json};
use tidegate_model::Action;

use super::example::{Answers, Finding, allows, answer, asked, by, told};
use super::{Example, world};
use crate::decide::Policy;
use crate::named::Named;
use crate::schema::SCHEMA;

fn kinds() -> impl Iterator<Item = world::Kind> {
    Action::ALL.iter().flat_map(world::kinds_of)
}

/// What the solver is asked: for each kind of request, whether `new` allows something that `old` does not.
#[must_use]
pub fn job_beyond(new: &Policy, old: &Policy, solver: &str, seconds: u64) -> Value {
    let (of_new, of_old) = (world::rules(new), world::rules(old));
    let texts: Vec<&str> = of_new.iter().chain(&of_old).map(|rule| rule.text.as_str()).collect();
    // the names of both are what is known of the world
    let named = [new, old].map(|policy| (policy, Named::of(policy)));
    let mut questions = Vec::new();
    for [principal, action, resource] in kinds() {
        let given = named.each_ref().map(|(policy, named)| world::given(policy, named, None, principal, resource));
        let given = given.join(" && ");
        let counted = |rules: &[&crate::rule::Rule], from: usize| -> Vec<usize> {
            let rules = rules.iter().enumerate().filter(|(_, rule)| world::counts(rule, action));
            rules.map(|(place, _)| place + from).collect()
        };
        questions.push(json!({
            "id": questions.len(), "principal": principal, "action": action, "resource": resource,
            "ask": {"beyond": {
                "these": counted(&of_new, 0), "those": counted(&of_old, of_new.len()),
                "outside": format!("forbid (principal, action, resource) unless {{ {given} }};"),
            }},
        }));
    }
    json!({"schema": SCHEMA, "rules": texts, "solver": solver, "seconds": seconds, "questions": questions})
}

/// What came of it: for each kind of request its title, and what is known of it.
#[must_use]
pub fn findings_beyond(new: &Policy, old: &Policy, answers: &str) -> Vec<(String, Finding)> {
    let answers = Answers::read(answers);
    let one = |(id, [principal, action, resource]): (usize, world::Kind)| {
        let title = format!("{principal} {action} {resource}");
        let finding = match answers.get(id) {
            Ok(None) => Finding::Never { micros: answers.micros(id) },
            Ok(Some(example)) => match retold(new, old, example) {
                Ok(example) => Finding::Happens(Box::new(example)),
                Err(why) => Finding::Unknown(why),
            },
            Err(why) => Finding::Unknown(why),
        };
        (title, finding)
    };
    kinds().enumerate().map(one).collect()
}

/// Asks both policies about the example: the new one has to allow it and the old one not.
fn retold(new: &Policy, old: &Policy, example: &Value) -> Result<Example, String> {
    let (request, entities) = asked(example)?;
    let by_new = answer(new, &request, &entities)?;
    if !allows(&by_new) || allows(&answer(old, &request, &entities)?) {
        return Err("the authorizer does not answer as the solver says; please report this".to_owned());
    }
    let words = told(example, &request, "may");
    Ok(Example { words, rules: by(&by_new, new), request: example.clone() })
}
