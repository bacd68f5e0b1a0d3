//! Commands to a running gate, over its control socket.
#![cfg(test)]

mod cli_stage;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use cli_stage::{Said, configure, tidegate};

/// A port that is free, below those that the kernel gives to outgoing connections, which would take it before the gate does.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % 1_000).unwrap();
    let ports = std::iter::repeat_with(|| 18_000 + (process + NEXT.fetch_add(1, Ordering::Relaxed)) % 2_000);
    ports.take(2_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("one of 2,000 ports is free")
}

/// A gate without a broker behind it: it takes commands all the same.
struct Gate {
    folder: tempfile::TempDir,
    config: PathBuf,
    running: Option<Child>,
}

impl Gate {
    fn new() -> Gate {
        let folder = tempfile::tempdir().unwrap();
        let config = configure(folder.path(), "http://127.0.0.1:9/");
        let port = free_port();
        let gate = Gate { folder, config, running: None };
        gate.edit("127.0.0.1:9092", &format!("127.0.0.1:{port}"));
        gate.policy("policy", READ);
        gate
    }

    fn edit(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(old), "{old} stands in the configuration");
        std::fs::write(&self.config, text.replace(old, new)).unwrap();
    }

    /// Writes a policy folder of one file.
    fn policy(&self, name: &str, rules: &str) -> PathBuf {
        let dir = self.folder.path().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("rules.cedar"), rules).unwrap();
        dir
    }

    fn start(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["serve", "--config"])
            .arg(&self.config)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.folder.path().join("serve.log")).unwrap())
            .spawn()
            .unwrap();
        self.running = Some(child);
        let begun = Instant::now();
        while self.ask(&["whoami"]).code == 69 {
            assert!(begun.elapsed() < Duration::from_secs(30), "the gate does not answer: {}", self.log());
            assert!(self.running.as_mut().unwrap().try_wait().unwrap().is_none(), "the gate ended: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(&mut self) {
        let mut child = self.running.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success(), "{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("serve.log")).unwrap_or_default()
    }

    fn ask(&self, arguments: &[&str]) -> Said {
        let socket = self.folder.path().join("control.sock");
        tidegate(&[arguments, &["--gate", socket.to_str().unwrap()]].concat(), b"")
    }

    fn apply(&self, dir: &Path, more: &[&str]) -> Said {
        self.ask(&[&["policy", "apply", dir.to_str().unwrap()], more].concat())
    }

    /// The leaves of the log as JSON, of these kinds.
    fn leaves(&self, kinds: &[&str]) -> Vec<serde_json::Value> {
        let config = self.config.to_str().unwrap();
        let said = tidegate(&["evidence", "list", "--config", config, "--output", "json"], b"");
        assert_eq!(said.code, 0, "{}", said.err);
        let leaves = said.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        leaves.filter(|leaf| kinds.contains(&leaf["kind"].as_str().unwrap_or(""))).collect()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Leaves give numbers as text, which every JSON reader keeps whole.
fn number(value: &serde_json::Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

const READ: &str = r#"@id("read") permit (principal in Group::"idp:team", action == Action::"consume", resource);"#;
const WRITE: &str = r#"@id("write") permit (principal in Group::"idp:team", action == Action::"produce", resource);"#;

#[test]
fn a_policy_is_applied_listed_rolled_back_and_outlives_a_restart() {
    let mut gate = Gate::new();
    let other = gate.policy("other", WRITE);
    gate.start();
    let said = gate.apply(&other, &["--comment", "writers only", "--expect", "1"]);
    assert!(said.code == 0 && said.out.starts_with("version 2 is in force, in the place of 1\n"), "{said:?}");
    assert!(said.out.contains("warning: no topics.yaml"), "{said:?}");
    assert!(gate.apply(&other, &[]).out.contains("nothing changed: version 2"));
    let listed = gate.ask(&["policy", "versions"]).out;
    let starred: Vec<&str> = listed.lines().filter(|line| line.starts_with('*')).collect();
    assert_eq!(starred.len(), 1, "{listed}");
    assert!(starred[0].contains("writers only") && starred[0].contains("local:"), "{listed}");

    let behind = gate.apply(&gate.policy("third", READ), &["--expect", "1"]);
    assert_eq!(behind.code, 1);
    assert!(behind.err.contains("version 2 is in force, not 1"), "{}", behind.err);
    let wrong = gate.apply(&gate.policy("wrong", "permit (principal, action, resource) when { 1 };"), &[]);
    assert_eq!(wrong.code, 64);
    assert!(wrong.err.contains("rules.cedar:1:45: "), "{}", wrong.err);
    let back = gate.ask(&["policy", "rollback", "1"]);
    assert_eq!((back.code, back.out.trim()), (0, "version 1 is in force, in the place of 2"), "{}", back.err);
    assert_eq!(gate.ask(&["policy", "rollback", "9"]).code, 1);

    // The folder is of the first start only.
    gate.stop();
    gate.policy("policy", WRITE);
    gate.start();
    let listed = gate.ask(&["policy", "versions", "--output", "json"]).out;
    let versions: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let active = versions.as_array().unwrap().iter().find(|version| version["active"] == true).unwrap();
    assert_eq!(active["number"], 1, "{listed}");
    gate.stop();

    let changes = gate.leaves(&["policy_change"]);
    assert_eq!(changes.len(), 2, "one for apply, one for rollback: {changes:?}");
    let intents = gate.leaves(&["admin_command"]);
    let intents: Vec<_> = intents.iter().filter(|leaf| leaf["effect"] == "intent").collect();
    assert_eq!(intents.len(), 2, "each goes before its change: {intents:?}");
    let me = rustix::process::getuid().as_raw();
    for (intent, change) in intents.iter().zip(&changes) {
        assert_eq!(intent["who"]["operator"], format!("local:{me}"), "{intent}");
        assert!(number(&intent["index"]) < number(&change["index"]), "{intent} {change}");
    }
}

#[test]
fn names_of_issuers_that_there_are_not_are_remarked_everywhere() {
    const STRANGERS: &str = r#"
@id("typo") permit (principal in Group::"ipd:team", action == Action::"consume", resource);
@id("gone") forbid (principal == User::"old:ann", action == Action::"consume", resource);
@id("known") permit (principal, action == Action::"consume", resource)
  when { principal in [Group::"idp:team", Group::"local:ops", Group::"service-account:batch"] || principal == User::"idp:x" };
"#;
    let mut gate = Gate::new();
    let dir = gate.policy("policy", STRANGERS);
    std::fs::write(dir.join("topics.yaml"), "- name: orders\n  owner: opd:owners\n").unwrap();
    let about = |text: &str| {
        let lines: Vec<String> =
            text.lines().filter(|line| line.contains("so that is nobody")).map(str::to_owned).collect();
        for (name, place) in
            [("ipd:team", "rules.cedar:2"), ("old:ann", "rules.cedar:3"), ("opd:owners", "topics.yaml")]
        {
            assert!(lines.iter().any(|line| line.contains(name) && line.contains(place)), "{name}: {text}");
        }
        assert_eq!(lines.len(), 3, "{text}");
    };
    about(&tidegate(&["config", "check", gate.config.to_str().unwrap()], b"").out);
    gate.start();
    about(&gate.log());
    gate.apply(&gate.policy("other", READ), &[]);
    about(&gate.apply(&dir, &[]).out);
    let third = gate.policy("third", WRITE);
    std::fs::write(third.join("topics.yaml"), "").unwrap();
    let answer = gate.apply(&third, &["--output", "json"]).out;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["warnings"], &answer["hints"]), (&serde_json::json!([]), &serde_json::json!([])), "{answer}");
    about(&gate.ask(&["policy", "rollback", "1"]).out);
    gate.stop();
}

#[test]
fn blocks_hold_outlive_a_restart_and_end_in_time_or_by_hand() {
    let mut gate = Gate::new();
    gate.start();
    let list = gate.folder.path().join("list");
    std::fs::write(&list, "# from the incident\nsubject idp:eve\n\nclient_id bot-*\n").unwrap();
    let said =
        gate.ask(&["policy", "block", "--topic", "orders-*", "--file", list.to_str().unwrap(), "--reason", "leak"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("sessions cut: 0"), "{}", said.out);
    let blocks = |gate: &Gate| -> Vec<(String, String)> {
        let out = gate.ask(&["policy", "blocks", "--output", "json"]).out;
        let rows: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
        rows.iter().map(|row| (row["value"].as_str().unwrap().into(), row["id"].as_str().unwrap().into())).collect()
    };
    let mut names: Vec<String> = blocks(&gate).into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["bot-*", "idp:eve", "orders-*"]);
    gate.stop();
    gate.start();
    assert_eq!(blocks(&gate).len(), 3);
    let (name, id) = blocks(&gate).remove(0);
    let ended = gate.ask(&["policy", "unblock", &id]);
    assert!(ended.out.contains(&format!("{name} is no longer blocked")), "{} {}", ended.out, ended.err);
    assert_eq!(gate.ask(&["policy", "unblock", &id]).code, 1);
    assert_eq!(gate.ask(&["policy", "block", "--operation", "produce", "--reason", "now", "--for", "1s"]).code, 0);
    let begun = Instant::now();
    while blocks(&gate).len() > 2 {
        assert!(begun.elapsed() < Duration::from_secs(20), "a block whose time is over holds on");
        std::thread::sleep(Duration::from_millis(50));
    }
    let over =
        gate.leaves(&["admin_command"]).into_iter().filter(|leaf| leaf.to_string().contains("policy block over"));
    let effects: Vec<_> = over.map(|leaf| leaf["effect"].clone()).collect();
    assert_eq!(effects, ["intent", "acked"], "the end of a block is evidence before and after it");
    for (wrong, says) in [
        (&["--operation", "produces"][..], "is no operation"),
        (&["--subject", "eve"], "names no issuer"),
        (&["--operation", "block"], "cannot be blocked"),
    ] {
        let said = gate.ask(&[&["policy", "block", "--reason", "x"], wrong].concat());
        assert_eq!(said.code, 1);
        assert!(said.err.contains(says), "{}", said.err);
    }
    gate.stop();
    let eve = gate.leaves(&["admin_command"]).into_iter().find(|leaf| leaf["who"]["subject"] == "idp:eve").unwrap();
    assert_eq!(eve["effect"], "intent", "{eve}");
    assert!(!eve["facts"].to_string().contains("eve"), "a caller's name stands in no fact: {eve}");
}

#[test]
fn revocations_are_listed_kept_and_taken_back() {
    let mut gate = Gate::new();
    gate.start();
    let said = gate.ask(&["revoke", "--subject", "idp:ann/x", "--reason", "left the company"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(gate.ask(&["revoke", "--group", "idp:team", "--reason", "x"]).code, 0);
    assert_eq!(gate.ask(&["revoke", "--subject", "ann", "--reason", "x"]).code, 1, "no issuer");
    assert_eq!(gate.ask(&["revoke", "--reason", "x"]).code, 64, "nobody named");
    gate.stop();
    gate.start();
    let listed = gate.ask(&["revocations"]).out;
    assert!(
        listed.contains("idp:ann/x") && listed.contains("left the company") && listed.contains("idp:team"),
        "{listed}"
    );
    let back = gate.ask(&["reinstate", "--subject", "idp:ann/x"]);
    assert_eq!(back.code, 0, "{}", back.err);
    assert_eq!(gate.ask(&["reinstate", "--subject", "idp:ann/x"]).code, 1);
    assert!(!gate.ask(&["revocations"]).out.contains("ann"));
}

#[test]
fn who_may_not_changes_nothing_and_is_recorded() {
    let mut gate = Gate::new();
    let me = rustix::process::getuid().as_raw();
    gate.edit(&format!("administrators = [\"local:{me}\"]"), "administrators = []");
    // Whoever may do everything with topics may do nothing with the gate.
    gate.policy("policy", "permit (principal, action, resource is Topic);");
    gate.start();
    let before = gate.ask(&["whoami", "--output", "json"]);
    assert_eq!(before.code, 0, "{}", before.err);
    let said = gate.apply(&gate.policy("other", WRITE), &[]);
    assert_eq!(said.code, 77, "{}", said.err);
    assert!(said.err.contains("needs the right `administer`") && said.err.contains("default-deny"), "{}", said.err);
    assert_eq!(gate.ask(&["policy", "versions"]).code, 77);
    gate.stop();
    let refused = gate.leaves(&["admin_command"]);
    assert_eq!(refused.iter().filter(|leaf| leaf["effect"] == "refused").count(), 2, "{refused:?}");

    gate.policy("policy", r#"permit (principal in Group::"local:ops", action == Action::"audit", resource);"#);
    gate.edit("dir = \"policy\"", "dir = \"policy\"\nsource = \"folder\"");
    gate.start();
    assert_eq!(gate.ask(&["policy", "versions"]).code, 0, "a rule that names the action allows it");
    let said = gate.apply(&gate.policy("other", WRITE), &[]);
    assert_eq!(said.code, 77, "and no other: {}", said.err);
}

#[test]
fn a_stranger_of_this_machine_is_told_so() {
    let mut gate = Gate::new();
    let me = rustix::process::getuid().as_raw();
    gate.edit(&format!("user = \"{me}\""), "user = \"64999\"");
    gate.start();
    let said = gate.ask(&["whoami"]);
    assert_eq!(said.code, 77);
    assert!(said.err.contains(&format!("does not know user {me}")), "{}", said.err);
    assert_eq!(gate.ask(&["policy", "versions"]).code, 77);
}

#[test]
fn no_gate_is_said_with_its_own_exit_code() {
    let said = tidegate(&["whoami", "--gate", "/nonexistent/control.sock"], b"");
    assert_eq!(said.code, 69);
    assert!(said.err.contains("no gate answers at /nonexistent/control.sock"), "{}", said.err);
}

#[test]
fn of_two_policy_changes_at_once_one_wins_and_the_other_is_told() {
    let mut gate = Gate::new();
    gate.start();
    let rule = |n: usize| format!("@id(\"r{n}\") {}", READ.trim_start_matches("@id(\"read\") "));
    let folders: Vec<PathBuf> = (0..6).map(|n| gate.policy(&format!("p{n}"), &rule(n))).collect();
    let at_once = |expect: &[&str]| -> Vec<Said> {
        let gate = &gate;
        std::thread::scope(|scope| {
            let all: Vec<_> = folders.iter().map(|dir| scope.spawn(move || gate.apply(dir, expect))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        })
    };
    let said = at_once(&["--expect", "1"]);
    assert_eq!(said.iter().filter(|said| said.code == 0).count(), 1, "{said:?}");
    for other in said.iter().filter(|said| said.code != 0) {
        assert!(other.code == 1 && other.err.contains("version 2 is in force, not 1"), "{other:?}");
    }
    // who does not say what is expected comes after whoever was faster: none is lost, none half done
    let said = at_once(&[]);
    assert!(said.iter().all(|said| said.code == 0), "{said:?}");
    let listed = gate.ask(&["policy", "versions", "--output", "json"]).out;
    let versions: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    let numbers: Vec<i64> = versions.iter().filter_map(|version| version["number"].as_i64()).collect();
    assert!(numbers.iter().rev().copied().eq(1..=i64::try_from(numbers.len()).unwrap()), "{numbers:?}");
    let active: Vec<_> = versions.iter().filter(|version| version["active"] == true).collect();
    assert_eq!(active.len(), 1, "{listed}");
    gate.stop();
    let last = gate.leaves(&["policy_change"]).pop().unwrap();
    assert!(last["facts"].to_string().contains(active[0]["hash"].as_str().unwrap()), "{last} {listed}");
}

#[test]
fn a_list_of_a_hundred_thousand_subjects_is_blocked_at_once_and_after_a_restart() {
    let mut gate = Gate::new();
    gate.start();
    let list = gate.folder.path().join("list");
    let lines: String = (0..100_000).map(|n| format!("subject idp:person-{n}\n")).collect();
    std::fs::write(&list, lines).unwrap();
    let timed = |what: &str, run: &mut dyn FnMut()| {
        let begun = Instant::now();
        run();
        eprintln!("100,000 blocks: {what} took {:?}", begun.elapsed());
        // a machine that is busy with other things is slow; what is quadratic takes hours
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} took {:?}", begun.elapsed());
    };
    timed("block", &mut || {
        let said = gate.ask(&["policy", "block", "--file", list.to_str().unwrap(), "--reason", "dump"]);
        assert_eq!(said.code, 0, "{}", said.err);
    });
    let one = |gate: &Gate| {
        let listed = gate.ask(&["policy", "blocks", "--output", "json"]).out;
        let blocks: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
        assert_eq!(blocks.len(), 100_000);
        blocks[0]["id"].as_str().unwrap().to_owned()
    };
    let id = one(&gate);
    timed("another policy", &mut || assert_eq!(gate.apply(&gate.policy("other", WRITE), &[]).code, 0));
    gate.stop();
    timed("a start", &mut || gate.start());
    one(&gate);
    timed("one less", &mut || assert_eq!(gate.ask(&["policy", "unblock", &id]).code, 0));
}
