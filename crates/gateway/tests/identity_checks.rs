//! `docs/identity-checks.md` names a test for each way in which a credential can be wrong: they are all there.
#![cfg(test)]

use std::path::Path;

#[test]
fn every_test_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/identity-checks.md")).unwrap();
    let mut named = 0;
    let mut missing = Vec::new();
    for link in text.split("[`").skip(1) {
        let (name, rest) = link.split_once("`](../").unwrap_or_else(|| panic!("no link: {link:.80}"));
        let (file, _) = rest.split_once(')').unwrap();
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        let is_test = source.split_once(&format!("fn {name}() {{")).is_some_and(|(before, _)| {
            let before = before.trim_end().trim_end_matches("async").trim_end();
            before.ends_with("#[test]")
                || before.lines().last().is_some_and(|line| line.trim().starts_with("#[tokio::test"))
        });
        if !is_test {
            missing.push(format!("{file}: {name}"));
        }
        named += 1;
    }
    assert!(missing.is_empty(), "no such tests:\n{}", missing.join("\n"));
    assert!(named >= 80, "only {named} tests are named");
    for row in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what |")) {
        assert!(row.contains("[`"), "no test: {row}");
    }
}
