//! Questions with known answers, asked of the program and of the real solver. Without cvc5 nothing is proven, and the test says so.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../crates/policy/schema.cedarschema");
/// The first version of a policy in which members of one team could unmask card data, where a field has two classes.
const RULES: [&str; 6] = [
    r#"permit (principal in Group::"i:fraud", action == Action::"unmask", resource in FieldClass::"PCI");"#,
    r#"permit (principal in Group::"i:orders", action == Action::"unmask", resource in FieldClass::"PII");"#,
    r#"forbid (principal, action == Action::"deleteTopic", resource) when { resource.env == "prod" };"#,
    r#"permit (principal in Group::"i:platform", action in Action::"admin", resource is Topic);"#,
    r#"permit (principal in Group::"i:analysts", action == Action::"consume", resource);"#,
    r#"forbid (principal in Group::"i:contractors", action, resource is Topic) when { resource.tier == "tier0" };"#,
];
/// What closes the first hole.
const MENDED: &str = r#"permit (principal in Group::"i:orders", action == Action::"unmask", resource in FieldClass::"PII")
    unless { resource in FieldClass::"PCI" };"#;
const CAN_FAIL: &str =
    r#"forbid (principal, action == Action::"consume", resource) when { context.hour + 9223372036854775807 > 0 };"#;
const DEAD: &str =
    r#"permit (principal, action == Action::"consume", resource) when { resource.env == "a" && resource.env == "b" };"#;

/// Whether each question has an example; nothing where the solver is not there.
fn ask(rules: &[&str], questions: &[(&str, &str, &str, Value)]) -> Option<Vec<bool>> {
    if Command::new("cvc5").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("not run: the solver cvc5 is not there; nothing is proven");
        return None;
    }
    let questions: Vec<Value> = questions
        .iter()
        .enumerate()
        .map(|(id, (principal, action, resource, ask))| {
            json!({"id": id, "principal": principal, "action": action, "resource": resource, "ask": ask})
        })
        .collect();
    let job = json!({"schema": SCHEMA, "rules": rules, "solver": "cvc5", "seconds": 60, "questions": questions});
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate-prove"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the prover runs");
    let mut input = child.stdin.take().expect("it has an input");
    input.write_all(job.to_string().as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), questions.len());
    let one = |answer: &Value| {
        assert!(answer.get("unknown").is_none(), "{answer}");
        answer.get("example").is_some()
    };
    Some(answers.iter().map(one).collect())
}

fn never(when: &str) -> Value {
    json!({"allows": {"outside": format!("forbid (principal, action, resource) unless {{ {when} }};"), "without": []}})
}

#[test]
fn what_can_ever_be() {
    let unmask = never(r#"resource in FieldClass::"PCI" && !(principal in Group::"i:fraud")"#);
    let questions = [
        ("User", "unmask", "Field", unmask.clone()),
        ("User", "deleteTopic", "Topic", never(r#"resource.env == "prod""#)),
        ("User", "consume", "Topic", never(r#"resource.tier == "tier0" && principal in Group::"i:contractors""#)),
        ("Workload", "consume", "Topic", never(r#"principal in Group::"i:ci""#)),
    ];
    let Some(found) = ask(&RULES, &questions) else { return };
    assert_eq!(found, [true, false, false, true], "a hole, two proofs, and a CI workload that is an analyst too");
    let mut mended = RULES;
    mended[1] = MENDED;
    assert_eq!(ask(&mended, &[("User", "unmask", "Field", unmask)]), Some(vec![false]));
}

#[test]
fn what_one_policy_allows_beyond_another() {
    let rules = [RULES[0], RULES[1], RULES[0], MENDED];
    let all = "forbid (principal, action, resource) unless { true };";
    let beyond =
        |these: [usize; 2], those: [usize; 2]| json!({"beyond": {"these": these, "those": those, "outside": all}});
    let questions = [
        ("User", "unmask", "Field", beyond([0, 1], [2, 3])),
        ("User", "unmask", "Field", beyond([2, 3], [0, 1])),
        ("User", "consume", "Topic", beyond([0, 1], [2, 3])),
    ];
    let Some(found) = ask(&rules, &questions) else { return };
    assert_eq!(found, [true, false, false]);
}

#[test]
fn what_can_fail_and_what_never_matches() {
    let questions = [
        ("User", "consume", "Topic", json!({"errors": 0})),
        ("User", "consume", "Topic", json!({"errors": 1})),
        ("User", "consume", "Topic", json!({"matches": 0})),
        ("User", "consume", "Topic", json!({"matches": 1})),
    ];
    let Some(found) = ask(&[CAN_FAIL, DEAD], &questions) else { return };
    assert_eq!(found, [true, false, true, false]);
}
