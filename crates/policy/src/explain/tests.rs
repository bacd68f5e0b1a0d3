//! Explanations of small policies.

use std::path::Path;

use tidegate_model::{Action, CallerKind};

use super::*;
use crate::asked::{Around, Who};

const RULES: &str = r#"@id("team") @why("the team reads its domain") @ask("sales-leads")
permit (principal in Group::"idp:sales", action in Action::"read", resource in Domain::"sales");
@id("ci")
permit (principal is Workload, action == Action::"produce", resource)
when { resource.env == "staging" && resource.name like "ci.*" }
unless { context.hour < 6 || !context.tls };
@id("mfa")
permit (principal is User, action == Action::"deleteTopic", resource is Topic)
when { context has mfaAge && context.mfaAge < 900 };
@id("group-free")
permit (principal, action == Action::"describe", resource) when { !(principal in Group::"idp:guests") };
@id("no-pci") @why("card data stays")
forbid (principal, action == Action::"consume", resource in Tag::"pci");"#;

fn policy(dir: &Path) -> Policy {
    std::fs::write(dir.join("rules.cedar"), RULES).unwrap();
    let topics = "- {name: orders, domain: sales, env: prod, tier: tier1}\n\
                  - {name: cards, domain: sales, env: prod, tier: tier1, tags: [pci]}\n\
                  - {name: ci.x, env: staging}\n";
    std::fs::write(dir.join("topics.yaml"), topics).unwrap();
    Policy::load(dir).unwrap()
}

fn why(kind: CallerKind, groups: Option<&[&str]>, action: Action, topic: &str, around: Around) -> Explanation {
    let dir = tempfile::tempdir().unwrap();
    let groups = groups.map(|groups| groups.iter().map(|group| format!("idp:{group}")).collect());
    let who = Who::parse(kind, "idp:ann", groups).unwrap();
    explain(&policy(dir.path()), &Asked { who, around, action, name: topic.to_owned(), partition: None })
}

fn lacks(explanation: &Explanation) -> Vec<(&str, Vec<&str>)> {
    let names = |near: &NearMiss| near.lacks.iter().map(|lack| lack.part.name()).collect::<Vec<_>>();
    explanation.nearest.iter().map(|near| (near.rule.id.as_str(), names(near))).collect()
}

#[test]
fn an_allowed_question_names_the_rule_its_place_and_its_text() {
    let told = why(CallerKind::User, Some(&["sales"]), Action::Consume, "orders", Around::usual());
    assert_eq!(told.decision.effect, Effect::Allow);
    let text = told.to_string();
    assert!(text.starts_with("allow  by team\n"), "{text}");
    assert!(text.contains("team  rules.cedar:1  the team reads its domain"), "{text}");
    assert!(text.contains("resource in Domain::\"sales\");"), "{text}");
    assert!(told.nearest.is_empty() && told.outvoted.is_empty());
}

#[test]
fn a_default_deny_names_the_nearest_permits_and_what_they_lack() {
    let told = why(CallerKind::User, Some(&["hr"]), Action::Consume, "orders", Around::usual());
    assert_eq!(&*told.decision.rule, "default-deny");
    assert_eq!(lacks(&told)[0], ("team", vec!["principal"]));
    assert_eq!(told.nearest[0].lacks[0].wants, "principal in Group::\"idp:sales\"");
    assert_eq!(told.nearest[0].lacks[0].is, "it is user idp:ann (idp:hr)");
    assert!(told.to_string().contains("team  rules.cedar:1  the team reads its domain  (ask sales-leads)"), "{told}");

    let told = why(CallerKind::Workload, Some(&[]), Action::Produce, "orders", Around { hour: 3, ..Around::usual() });
    assert_eq!(lacks(&told)[0], ("ci", vec!["condition", "condition", "condition"]));
    let words: Vec<_> = told.nearest[0].lacks.iter().map(|lack| (lack.wants.as_str(), lack.is.as_str())).collect();
    assert_eq!(
        words,
        [
            ("when { resource.env == \"staging\" }", "is not so: resource.env is \"prod\""),
            ("when { resource.name like \"ci.*\" }", "is not so: resource.name is \"orders\""),
            ("unless { context.hour < 6 }", "is so: context.hour is 3"),
        ]
    );
}

#[test]
fn what_is_absent_is_told_as_absent() {
    let told = why(CallerKind::User, Some(&[]), Action::DeleteTopic, "orders", Around::usual());
    let near = &told.nearest[0];
    assert_eq!(near.rule.id, "mfa");
    assert_eq!(near.lacks[0].is, "is not so: the context has no mfaAge");
    assert_eq!(near.lacks[1].is, "cannot be evaluated: the context has no mfaAge");
}

#[test]
fn a_forbid_is_named_with_the_permits_that_it_outvotes() {
    let told = why(CallerKind::User, Some(&["sales"]), Action::Consume, "cards", Around::usual());
    assert_eq!(&*told.decision.rule, "no-pci");
    assert_eq!(told.outvoted.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["team"]);
    assert!(told.nearest.is_empty());
    let text = told.to_string();
    assert!(text.contains("would be allowed by team at rules.cedar:1, but a forbid wins"), "{text}");
    assert!(text.contains("tags pci"), "{text}");
    assert_eq!(told.json()["rules"][0]["line"], 12);
    // refused, and nothing would allow it either
    let told = why(CallerKind::User, Some(&["hr"]), Action::Consume, "cards", Around::usual());
    assert!(told.outvoted.is_empty());
    assert_eq!(lacks(&told)[0], ("team", vec!["principal"]));
}

#[test]
fn unknown_groups_satisfy_no_part_that_needs_them() {
    let told = why(CallerKind::User, None, Action::Describe, "orders", Around::usual());
    assert_eq!(&*told.decision.rule, "default-deny");
    assert_eq!(lacks(&told)[..2], [("group-free", vec!["condition"]), ("team", vec!["principal"])]);
    assert!(told.nearest[1].lacks[0].is.contains("groups unknown"), "{told}");
    assert_eq!(told.json()["question"]["groups"], Value::Null);
}

#[test]
fn a_permit_of_everything_is_none_of_the_gates_own_operations() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.cedar"), "@id(\"all\") permit (principal, action, resource);").unwrap();
    let who = Who::parse(CallerKind::User, "idp:ann", Some(Vec::new())).unwrap();
    let around = Around::usual();
    let asked = Asked { who, around, action: Action::Administer, name: String::new(), partition: None };
    let told = explain(&Policy::load(dir.path()).unwrap(), &asked);
    assert_eq!((told.decision.effect, &*told.decision.rule), (Effect::Deny, "default-deny"));
    assert!(told.outvoted.is_empty());
    assert!(told.nearest.is_empty());
}
