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
        assert!(errors.len() == 1 && text.starts_with("invariants.yaml:2: ") && text.contains(wanted), "{text}");
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
fn a_permit_of_everything_does_not_count_for_the_gates_own_operations() {
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
    assert_eq!(without("{action: consume}"), json!([]));
}
