//! `tidegate policy test|explain|diff|prove`, as a user runs them. The solver itself is tested in `prover`.
#![cfg(test)]

#[expect(dead_code, reason = "these commands need no configuration")]
mod cli_stage;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use cli_stage::{Said, tidegate};
use serde_json::Value;

const RULES: &str = r#"@id("team") permit (principal in Group::"idp:sales", action in Action::"read", resource in Domain::"sales");
@id("no-cards") forbid (principal in Group::"idp:guests", action == Action::"consume", resource in Tag::"pci");
"#;
const TESTS: &str = "- {user: 'idp:ann', groups: 'idp:sales', action: read, topic: orders, expect: allow}\n";

fn folder(dir: &Path, rules: &str, tests: &str) {
    std::fs::create_dir_all(dir.join("tests")).unwrap();
    std::fs::write(dir.join("rules.cedar"), rules).unwrap();
    std::fs::write(dir.join("topics.yaml"), "- {name: orders, domain: sales, env: prod}\n").unwrap();
    std::fs::write(dir.join("tests/a.yaml"), tests).unwrap();
    std::fs::write(
        dir.join("invariants.yaml"),
        "- {name: no guest reads cards, never: {action: consume, tag: pci, groups: 'idp:guests'}}\n",
    )
    .unwrap();
}

fn policy(command: &str, dir: &Path, more: &[&str]) -> Said {
    let dir = dir.display().to_string();
    tidegate(&[&["policy", command, &dir], more].concat(), b"")
}

#[test]
fn policy_test_passes_fails_and_refuses_with_codes_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), RULES, TESTS);
    let said = policy("test", dir.path(), &[]);
    assert!(said.code == 0 && said.out.contains("3 passed, 0 failed"), "{said:?}");
    folder(dir.path(), RULES, &TESTS.replace("expect: allow", "expect: deny"));
    let said = policy("test", dir.path(), &[]);
    assert!(said.code == 1 && said.out.contains("expected  deny\n  got       allow by team"), "{said:?}");
    let said = policy("test", dir.path(), &["--output", "json"]);
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert!(said.code == 1 && told["failed"] == 3, "{said:?}");
    folder(dir.path(), RULES, "- {usr: 'idp:ann'}\n");
    let said = policy("test", dir.path(), &[]);
    assert!(said.code == 64 && said.err.contains("tests/a.yaml:1:4: "), "{said:?}");
    folder(dir.path(), RULES, "");
    assert_eq!(policy("test", dir.path(), &[]).code, 64, "a folder without a test is not tested");
}

#[test]
fn policy_explain_says_why_and_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), RULES, TESTS);
    let ask = ["--user", "idp:bob", "--group", "idp:hr", "--action", "consume", "--topic", "orders"];
    let said = policy("explain", dir.path(), &ask);
    assert!(said.code == 0 && said.out.starts_with("deny  by default-deny"), "{said:?}");
    assert!(said.out.contains("lacks  principal in Group::\"idp:sales\""), "{said:?}");
    let said = policy("explain", dir.path(), &[&ask[..], &["--output", "json"]].concat());
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(told["nearest"][0]["rule"]["id"], "team");
    let said = policy("explain", dir.path(), &["--user", "bob", "--action", "consume", "--topic", "orders"]);
    assert!(said.code == 64 && said.err.contains("issuer:subject"), "{said:?}");
    let said = policy("explain", dir.path(), &["--user", "idp:bob", "--action", "joinGroup"]);
    assert!(said.code == 64 && said.err.contains("--consumer-group"), "{said:?}");
}

#[test]
fn policy_diff_says_what_changes_for_whom() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    folder(old.path(), RULES, TESTS);
    folder(new.path(), &RULES.replace("idp:sales", "idp:crm"), TESTS);
    let said = policy("diff", old.path(), &[&new.path().display().to_string()]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("~ rule team  changed  rules.cedar:1"), "{said:?}");
    let lines: Vec<&str> = said.out.lines().filter(|line| line.contains("any:user (idp:crm)")).collect();
    let row = ["gains", "user", "any:user", "(idp:crm)", "consume", "orders"];
    assert!(lines.iter().any(|line| line.split_whitespace().take(6).eq(row)), "{said:?}");
    let said = policy("diff", old.path(), &[&old.path().display().to_string()]);
    assert_eq!((said.code, said.out.as_str()), (0, "no difference\n"));
    std::fs::create_dir(new.path().join("schemas")).unwrap();
    std::fs::write(new.path().join("schemas/order.avsc"), "\"long\"").unwrap();
    let said = policy("diff", old.path(), &[&new.path().display().to_string()]);
    assert!(said.out.contains("+ file schemas/order.avsc  added"), "{said:?}");
    let same = tempfile::tempdir().unwrap();
    for name in std::fs::read_dir(new.path()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        std::fs::copy(&name, same.path().join(name.file_name().unwrap())).unwrap();
    }
    let said = policy("diff", same.path(), &[&new.path().display().to_string()]);
    assert!(said.code == 0 && said.out.contains("+ file schemas/order.avsc  added\n\nno rule changes"), "{said:?}");
}

/// A prover that says what it is told to.
fn prover(dir: &Path, script: &str) -> String {
    let file = dir.join("prover");
    std::fs::write(&file, format!("#!/bin/sh\ncat > /dev/null\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file.display().to_string()
}

#[test]
fn what_was_not_proven_is_never_called_so() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), RULES, TESTS);
    let run = |script: &str| {
        let prover = prover(dir.path(), script);
        // any file will do for a solver that the prover never runs
        policy("prove", dir.path(), &["--prover", &prover, "--solver", "/bin/sh", "--output", "json"])
    };
    let yes = |id: usize| format!("{{\"id\":{id},\"micros\":1,\"never\":true}}");
    let said = run(&format!("echo '{}'; echo '{}'", yes(0), yes(1)));
    assert!(said.code == 0 && said.out.contains("\"result\":\"proven\""), "{said:?}");
    for (script, code) in [
        (format!("echo '{}'", yes(0)), 2),
        ("echo nonsense".to_owned(), 2),
        (String::new(), 2),
        (format!("echo '{}'; echo '{}'; exit 3", yes(0), yes(1)), 69),
    ] {
        let said = run(&script);
        assert!(said.code == code && !said.out.contains("\"result\":\"proven\""), "{script}: {said:?}");
    }
    let missing = dir.path().join("nothing").display().to_string();
    let prover = prover(dir.path(), "");
    for tools in [["--prover", &missing, "--solver", "/bin/sh"], ["--prover", &prover, "--solver", &missing]] {
        let said = policy("prove", dir.path(), &tools);
        assert!(said.code == 69 && said.err.contains("not run") && said.out.is_empty(), "{said:?}");
    }
    std::fs::remove_file(dir.path().join("invariants.yaml")).unwrap();
    assert_eq!(policy("prove", dir.path(), &["--prover", &prover]).code, 69, "no question is no proof");
}
