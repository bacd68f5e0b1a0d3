//! Questions for the solver, and what is made of its answers. The solver itself is tested in `prover`.

use super::*;

const RULES: &str = r#"@id("team") permit (principal in Group::"i:sales", action == Action::"consume", resource in Domain::"sales");
    @id("ops") permit (principal == User::"i:root", action == Action::"administer", resource);"#;

fn policy() -> Policy {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.cedar"), RULES).unwrap();
    std::fs::write(
        dir.path().join("topics.yaml"),
        "- {name: orders, domain: sales, env: prod, tier: tier1, tags: [pii]}\n",
    )
    .unwrap();
    Policy::load(dir.path()).unwrap()
}

fn outside(never: &str) -> Vec<String> {
    let job = job(&policy(), &[invariant(never).unwrap()], "cvc5", 9);
    let questions = job["questions"].as_array().unwrap();
    questions.iter().map(|question| question["ask"]["allows"]["outside"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_row_becomes_one_question_for_each_kind_of_request() {
    let asked = outside("{action: consume, tag: pii, except_groups: 'i:sales'}");
    assert_eq!(asked.len(), 2);
    assert!(asked[0].contains(r#"!(principal in Group::"i:sales") && resource in Tag::"pii""#), "{}", asked[0]);
    assert!(asked[0].contains(r#"(resource in Tag::"pii") == resource.tags.contains("pii")"#), "{}", asked[0]);
    assert_eq!(outside("{action: read, env: prod, kind: workload}").len(), 3);
    let asked = outside("{action: administer, except_callers: 'i:root'}");
    assert!(asked[0].contains(r#"principal != User::"i:root" && principal != Workload::"i:root""#), "{}", asked[0]);
    assert!(asked[0].contains(r#"principal.issuer == "i" && principal.sub == "root""#), "{}", asked[0]);
    let asked = outside("{action: consume, topic: orders}");
    assert!(asked[0].contains(r#"resource.domain == "sales""#) && asked[0].contains("!(resource has owner)"));
    assert!(outside("{action: unmask, class: PCI}")[0].contains(r#"resource in FieldClass::"PCI""#));
}

#[test]
fn the_questions_fit_the_schema() {
    for never in [
        "{action: admin, env: prod, groups: ['i:a', 'i:b'], except_groups: ['i:c'], except_callers: ['i:d']}",
        "{action: [read, write, admin, twoPhaseCommit, clusterAction, administer, block, audit, export, unmask]}",
        "{action: consume, topic: orders, when: '!context.tls || !(context has mfaAge)'}",
        "{action: consume, tier: tier0, domain: sales, tag: pii}",
    ] {
        for question in job(&policy(), &[invariant(never).unwrap()], "", 1)["questions"].as_array().unwrap() {
            let part = |name: &str| question[name].as_str().unwrap().to_owned();
            let text = question["ask"]["allows"]["outside"].as_str().unwrap();
            let (_, condition) = text.split_once("unless {").unwrap();
            let condition = condition.rsplit_once('}').unwrap().0;
            holds_together(condition, &[part("principal"), part("action"), part("resource")]).unwrap();
        }
    }
}

#[test]
fn mistakes_name_file_line_and_mend() {
    for (row, wanted) in [
        ("{action: reed}", "no action"),
        ("{action: administer, tag: pii}", "go with actions on topics"),
        ("{action: consume, class: PCI}", "class goes with"),
        ("{action: consume, groups: sales}", "issuer:group"),
        ("{action: consume, when: 'resource.colour == 1'}", "schema"),
        ("{action: consume, when: 'a b'}", "expression"),
        ("{action: consume, colour: red}", "colour"),
    ] {
        let text = format!("- {{never: {{action: consume}}}}\n- {{never: {row}}}\n");
        let errors = parse(FILE, &text).unwrap_err();
        let text = errors[0].to_string();
        assert!(errors.len() == 1 && text.starts_with("invariants.yaml:2:") && text.contains(wanted), "{text}");
        assert!(invariant(row).is_err());
    }
}

fn found(answers: &str) -> Finding {
    let invariant = invariant("{action: consume, kind: user, except_groups: 'i:hr'}").unwrap();
    findings(&policy(), &[invariant], answers).remove(0)
}

#[test]
fn only_an_answer_to_every_question_is_a_proof() {
    assert!(matches!(found(r#"{"id":0,"micros":7,"never":true}"#), Finding::Never { micros: 7 }));
    for answers in ["", "nonsense\n", r#"{"id":1,"micros":7,"never":true}"#, r#"{"id":0,"micros":7}"#] {
        assert!(matches!(found(answers), Finding::Unknown(_)), "{answers}");
    }
    let unknown = found(r#"{"id":0,"micros":7,"unknown":"no answer within 1 s"}"#);
    assert!(matches!(unknown, Finding::Unknown(why) if why == "no answer within 1 s"));
}

#[test]
fn an_example_is_asked_of_the_authorizer_before_it_is_told() {
    let example = |domain: &str, group: &str| {
        let topic = json!({"uid": {"type": "Topic", "id": "t"}, "parents": [{"type": "Domain", "id": domain}],
            "attrs": {"name": "t", "domain": domain, "env": "prod", "tier": "tier0", "tags": []}});
        let user = json!({"uid": {"type": "User", "id": "u"}, "parents": [{"type": "Group", "id": group}],
            "attrs": {"issuer": "i", "sub": "u"}});
        let context =
            json!({"address": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}, "clientId": "", "tls": true, "hour": 0});
        json!({"id": 0, "micros": 1, "example": {"principal": "User::\"u\"", "action": "Action::\"consume\"",
            "resource": "Topic::\"t\"", "context": context, "entities": [topic, user]}})
        .to_string()
    };
    let Finding::Happens(told) = found(&example("sales", "i:sales")) else {
        panic!("{:?}", found(&example("sales", "i:sales")))
    };
    assert_eq!(told.rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["team"]);
    assert!(told.words.starts_with("a user in i:sales may consume a Topic with "), "{}", told.words);
    assert!(told.words.contains("domain \"sales\"") && told.words.contains("address \"10.0.0.1\""), "{}", told.words);
    // one that the authorizer refuses is no example
    assert!(matches!(found(&example("other", "i:sales")), Finding::Unknown(why) if why.contains("refused")));
}

#[test]
fn a_permit_of_everything_does_not_count_for_what_has_to_be_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("a.cedar"),
        "permit (principal, action, resource); forbid (principal, action, resource);",
    )
    .unwrap();
    let policy = Policy::load(dir.path()).unwrap();
    let without = |never: &str| {
        job(&policy, &[invariant(never).unwrap()], "", 1)["questions"][0]["ask"]["allows"]["without"].clone()
    };
    assert_eq!(without("{action: administer}"), json!([0]));
    assert_eq!(without("{action: unmask}"), json!([0]));
    assert_eq!(without("{action: consume}"), json!([]));
}

#[test]
fn what_a_field_is_in_follows_from_its_class_and_topic() {
    let rules = r#"permit (principal, action == Action::"unmask", resource in Topic::"orders") unless { resource.topic == "old" };
        forbid (principal, action == Action::"unmask", resource in FieldClass::"PCI");
        forbid (principal, action == Action::"unmask", resource in FieldClass::"SECRET.*");"#;
    let policy = Policy::from_files(&[("a.cedar".to_owned(), rules.to_owned())].into()).unwrap();
    let job = job(&policy, &[invariant("{action: unmask, class: PII}").unwrap()], "", 1).to_string();
    for given in [
        r#"((resource in FieldClass::\"PCI\") == (resource.name == \"PCI\" || resource.name like \"PCI.*\"))"#,
        r#"((resource in FieldClass::\"PII\") == (resource.name == \"PII\" || resource.name like \"PII.*\"))"#,
        r#"!(resource in FieldClass::\"SECRET.*\")"#,
        r#"((resource in Topic::\"orders\") == (resource.topic == \"orders\"))"#,
        r#"((resource in Topic::\"old\") == (resource.topic == \"old\"))"#,
    ] {
        assert!(job.contains(given), "{given}: {job}");
    }
}

const STRANGE: &str = r#"@id("fails") forbid (principal, action == Action::"consume", resource)
    when { context.hour + 9223372036854775807 > 0 };
    @id("fine") permit (principal, action == Action::"produce", resource);"#;

fn strange() -> Policy {
    Policy::from_files(&[("a.cedar".to_owned(), STRANGE.to_owned())].into()).unwrap()
}

#[test]
fn each_rule_is_asked_about() {
    let job = job_of_rules(&strange(), "cvc5", 1);
    let questions = job["questions"].as_array().unwrap();
    // two rules, two kinds of callers, can it fail, can it match
    assert_eq!((questions.len(), job["rules"].as_array().unwrap().len()), (8, 4));
    let rule = job["rules"][0].as_str().unwrap();
    let at = |text: &str| rule.find(text).unwrap_or_else(|| panic!("{text} is not in {rule}"));
    assert!(at("<= 23") < at("9223372036854775807"), "what is given stands before the rule's own: {rule}");
}

#[test]
fn what_a_rule_can_do_is_told_when_the_authorizer_agrees() {
    let example = |hour: i64| {
        let topic = json!({"uid": {"type": "Topic", "id": "t"}, "parents": [],
            "attrs": {"name": "t", "domain": "d", "env": "prod", "tier": "tier0", "tags": []}});
        let user = json!({"uid": {"type": "User", "id": "u"}, "parents": [], "attrs": {"issuer": "i", "sub": "u"}});
        let context =
            json!({"address": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}, "clientId": "", "tls": true, "hour": hour});
        json!({"principal": "User::\"u\"", "action": "Action::\"consume\"", "resource": "Topic::\"t\"",
            "context": context, "entities": [topic, user]})
    };
    let line = |id: usize, example: Option<Value>| match example {
        Some(example) => json!({"id": id, "micros": 1, "example": example}).to_string(),
        None => json!({"id": id, "micros": 1, "never": true}).to_string(),
    };
    let found = |answers: &[String]| findings_of_rules(&strange(), &answers.join("\n"));
    let good: Vec<String> = (0..8).map(|id| line(id, (id % 2 == 1).then(|| example(0)))).collect();
    assert!(found(&good).iter().all(RuleFinding::is_good), "{:?}", found(&good));
    let with = |id: usize, answer: Option<Value>| {
        let mut answers = good.clone();
        answers[id] = line(id, answer);
        found(&answers)
    };
    let fails = with(0, Some(example(1)));
    assert!(fails[0].fails.as_ref().unwrap().starts_with("a user in no group wants to consume"), "{fails:?}");
    assert!(with(0, Some(example(0)))[0].unknown.as_ref().unwrap().contains("report"), "the authorizer evaluates it");
    let mut answers = good.clone();
    (answers[5], answers[7]) = (line(5, None), line(7, None));
    assert!(!found(&answers)[0].dead && found(&answers)[1].dead, "no kind of caller matches");
    assert!(found(&good[..6])[1].unknown.is_some() && !found(&good[..6])[1].dead, "what was not answered is no proof");
}

#[test]
fn more_than_another_policy_is_told_when_both_authorizers_agree() {
    let of = |rules: &str| Policy::from_files(&[("a.cedar".to_owned(), rules.to_owned())].into()).unwrap();
    let all = of("permit (principal, action == Action::\"consume\", resource);");
    let none = of("permit (principal, action == Action::\"consume\", resource) unless { context.tls };");
    let job = job_beyond(&all, &none, "cvc5", 1);
    let kinds = job["questions"].as_array().unwrap();
    assert_eq!(kinds.len(), 2 * Action::ALL.len());
    let consume = kinds.iter().position(|kind| kind["action"] == "consume" && kind["principal"] == "User").unwrap();
    assert_eq!(
        (&kinds[consume]["ask"]["beyond"]["these"], &kinds[consume]["ask"]["beyond"]["those"]),
        (&json!([0]), &json!([1]))
    );
    for named in ["block", "unmask"] {
        let kind = kinds.iter().find(|kind| kind["action"] == named).unwrap();
        assert_eq!(kind["ask"]["beyond"]["these"], json!([]), "a permit has to name {named}");
    }
    let topic = json!({"uid": {"type": "Topic", "id": "t"}, "parents": [],
        "attrs": {"name": "t", "domain": "d", "env": "prod", "tier": "tier0", "tags": []}});
    let user = json!({"uid": {"type": "User", "id": "u"}, "parents": [], "attrs": {"issuer": "i", "sub": "u"}});
    let context =
        json!({"address": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}, "clientId": "", "tls": true, "hour": 1});
    let example = json!({"principal": "User::\"u\"", "action": "Action::\"consume\"", "resource": "Topic::\"t\"",
        "context": context, "entities": [topic, user]});
    let answers: Vec<String> = (0..kinds.len())
        .map(|id| match id == consume {
            true => json!({"id": id, "micros": 1, "example": example}).to_string(),
            false => json!({"id": id, "micros": 1, "never": true}).to_string(),
        })
        .collect();
    let found = findings_beyond(&all, &none, &answers.join("\n"));
    assert!(
        found.iter().all(|(title, finding)| match finding {
            Finding::Happens(example) => title == "User consume Topic" && example.words.contains("may consume"),
            Finding::Never { .. } => title != "User consume Topic",
            Finding::Unknown(_) => false,
        }),
        "{found:?}"
    );
    let found = findings_beyond(&none, &all, &answers.join("\n"));
    assert!(
        found.iter().any(|(_, finding)| matches!(finding, Finding::Unknown(why) if why.contains("report"))),
        "{found:?}"
    );
    assert!(findings_beyond(&all, &none, "").iter().all(|(_, finding)| matches!(finding, Finding::Unknown(_))));
}
