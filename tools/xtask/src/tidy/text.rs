//! Checks of one file at a time.

/// Lines of the agent outside tests (design, section 1): it holds the secrets, so it stays small enough to be read whole.
pub(super) const AGENT_LINES_MAX: usize = 1500;
const LINES_MAX: usize = 600;
const TEST_LINES_MAX: usize = 900;

/// Calls that are forbidden in `crates/` outside tests, with what to do instead.
const CALLS: [(&str, &str); 5] = [
    ("unbounded_channel", "every queue has a bound"),
    ("thread::sleep", "wait for what you wait for; in async code use the runtime's timer"),
    ("process::abort", "return an error; nothing from outside may end the process"),
    ("env::set_var", "it races with other threads; pass the value"),
    ("kafka_protocol::", "one array length aborts the process; use our walker"),
];

/// Paths of somebody's machine.
const PATHS: [&str; 3] = ["/root/", "/home/", "/work/"];

/// Registries are reached through their clients, which each user configures.
const REGISTRIES: [&str; 10] = [
    "registry.npmjs.org",
    "pypi.org",
    "files.pythonhosted.org",
    "repo.maven.apache.org",
    "repo1.maven.org",
    "proxy.golang.org",
    "index.crates.io",
    "static.crates.io",
    "deb.debian.org",
    "ghcr.io",
];

/// Everything wrong with a file; `name` is its path from the root.
pub(super) fn check(name: &str, content: &str) -> Vec<String> {
    // This file names what it looks for.
    if name == "tools/xtask/src/tidy/text.rs" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if name.ends_with(".rs") {
        source(name, content, &mut findings);
    }
    for (number, line) in content.lines().enumerate() {
        let mut found = |what: &str| findings.push(format!("{name}:{}: {what}", number + 1));
        if let Some(path) = PATHS.iter().find(|path| is_path(line, path)) {
            found(&format!("a path of one machine ({path}…); make it relative or find it at run time"));
        }
        // The lock file names the index by design.
        if let Some(host) = REGISTRIES.iter().find(|host| line.contains(*host) && name != "Cargo.lock") {
            found(&format!("a registry's host ({host}); leave it to the client's configuration"));
        }
        for word in ["TODO", "FIXME"] {
            if let Some((_, rest)) = line.split_once(word)
                && !is_issue(rest)
            {
                found(&format!("{word} without an issue; write {word}(#12)"));
            }
        }
    }
    findings
}

fn source(name: &str, content: &str, findings: &mut Vec<String>) {
    if !content.starts_with("//!") {
        findings.push(format!("{name}:1: does not begin with `//!`; say what the file is for"));
    }
    let lines = content.lines().count();
    let most = if is_test(name) { TEST_LINES_MAX } else { LINES_MAX };
    // Generated tables are as long as what they describe.
    if lines > most && !name.starts_with("crates/kafka/src/schema/") {
        findings.push(format!("{name}: {lines} lines, more than {most}; split it by what it does"));
    }
    if is_test(name) || !name.starts_with("crates/") {
        return;
    }
    for (number, line) in product_lines(content) {
        let code = line.split("//").next().unwrap_or_default();
        if let Some((call, instead)) = CALLS.iter().find(|(call, _)| code.contains(call)) {
            findings.push(format!("{name}:{number}: `{call}` is forbidden here: {instead}"));
        }
    }
}

/// Lines that count toward the agent's budget.
pub(super) fn agent_lines(name: &str, content: &str) -> usize {
    if !name.starts_with("crates/agent/src/") || is_test(name) || !name.ends_with(".rs") {
        return 0;
    }
    product_lines(content).count()
}

/// The lines before the tests, numbered from 1. Tests stand last in a file.
fn product_lines(content: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(content.lines()).take_while(|(_, line)| *line != "#[cfg(test)]")
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs") || name.starts_with("tests/")
}

/// True when `path` begins a word of the line, as a path of its own does.
fn is_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|before| before.is_alphanumeric() || matches!(before, '.' | '/' | '_' | '-' | '}' | '>'))
    })
}

fn is_issue(rest: &str) -> bool {
    rest.strip_prefix("(#").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(name: &str, content: &str, expected: usize) {
        let findings = check(name, content);
        assert_eq!(findings.len(), expected, "{name}: {content}: {findings:?}");
    }

    #[test]
    fn each_rule_finds_its_own() {
        check_one("crates/x/src/a.rs", "//! Why.\n", 0);
        check_one("crates/x/src/a.rs", "use a;\n", 1);
        check_one("crates/x/src/a.rs", "//! Why.\nlet (a, b) = unbounded_channel();\n", 1);
        check_one("crates/x/src/a.rs", "//! Why.\n// no unbounded_channel here\n", 0);
        check_one("crates/x/src/a.rs", "//! Why.\n#[cfg(test)]\nmod tests { fn f() { thread::sleep(x) } }\n", 0);
        check_one("crates/x/src/a/tests.rs", "//! Why.\nthread::sleep(x)\n", 0);
        check_one("docs/a.md", "see /root/x\n", 1);
        check_one("docs/a.md", "see https://example.org/home/x and ../work/y\n", 0);
        check_one("docs/a.md", "from pypi.org\n", 1);
        check_one("docs/a.md", "TODO later\n", 1);
        check_one("docs/a.md", "TODO(#12) later\n", 0);
    }

    #[test]
    fn a_file_at_the_limit_is_accepted() {
        let file = |lines: usize| format!("//! Why.\n{}", "x\n".repeat(lines - 1));
        check_one("crates/x/src/a.rs", &file(600), 0);
        check_one("crates/x/src/a.rs", &file(601), 1);
        check_one("crates/x/tests/a.rs", &file(601), 0);
        check_one("crates/kafka/src/schema/a.rs", &file(9000), 0);
    }

    #[test]
    fn the_agent_counts_without_its_tests() {
        assert_eq!(agent_lines("crates/agent/src/a.rs", "//! Why.\nfn a() {}\n#[cfg(test)]\nmod tests {}\n"), 2);
        assert_eq!(agent_lines("crates/agent/src/a/tests.rs", "//! Why.\n"), 0);
        assert_eq!(agent_lines("crates/link/src/a.rs", "//! Why.\n"), 0);
    }
}
