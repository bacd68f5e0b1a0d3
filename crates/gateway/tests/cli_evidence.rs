//! `tidegate evidence` on folders that the log itself wrote.
#![cfg(test)]

mod cli_stage;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cli_stage::{Said, configure, tidegate};
use tidegate_evidence::{
    Algorithm, Api, Decision, Effect, Entry, Kind, Label, Log, LogConfig, PartitionRange, PayloadHasher, ResourceRef,
    TopicRef,
};

/// 2023-11-14 22:13:20 UTC.
const T: u64 = 1_700_000_000_000;
const SESSION: [u8; 16] = [0xab; 16];

struct Stage {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = configure(folder.path(), "https://idp.example");
        Stage { folder, config }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("evidence")
    }

    fn log(&self) -> Log {
        let key = std::array::from_fn::<u8, 32, _>(|_| 7).into();
        let mut config = LogConfig::new(&self.dir(), &self.folder.path().join("keys"), key, "gate-1");
        config.segment_bytes = 1 << 20;
        config.reserve_bytes = 0;
        Log::open(config, vec![("agent_isolation".into(), "none".into())]).unwrap().0
    }

    /// With the configuration, and so with keys.
    fn run(&self, arguments: &[&str]) -> Said {
        let config = self.config.to_str().unwrap();
        tidegate(&[&["evidence"], arguments, &["--config", config]].concat(), b"")
    }

    /// With the folder alone.
    fn sealed(&self, arguments: &[&str]) -> Said {
        let dir = self.dir();
        tidegate(&[&["evidence"], arguments, &["--dir", dir.to_str().unwrap()]].concat(), b"")
    }
}

fn entry(kind: Kind, seconds: u64) -> Entry {
    Entry { session: Some(SESSION), ..Entry::new(kind, T + seconds * 1000) }
}

fn decision(allowed: bool, rule: &str) -> Option<Decision> {
    Some(Decision { allowed, rule: rule.into(), policy_version: [5; 32] })
}

/// Leaves 1 to 8: a session with a produce, an idle stretch and a refusal; a failed login.
fn tell(log: &Log) {
    let mut open = entry(Kind::SessionOpen, 0);
    let personal = [
        (Label::Subject, "alice"),
        (Label::Issuer, "idp"),
        (Label::Groups, "idp:writers\nidp:people"),
        (Label::SourceAddress, "127.0.0.1:5000"),
        (Label::ClientId, "console\u{1b}[2J"),
    ];
    open.disclosures = personal.map(|(label, text)| (label, text.as_bytes().to_vec())).to_vec();
    open.facts = vec![("listener".into(), "plain".into()), ("cluster".into(), "main".into())];
    let mut hasher = PayloadHasher::new(Algorithm::Blake3);
    hasher.update(b"payload");
    let mut intent = entry(Kind::Intent, 1);
    intent.api = Some(Api { key: 0, version: 9, correlation_id: 7 });
    intent.decision = decision(true, "writers-produce");
    intent.effect = Some(Effect::Intent);
    intent.received = Some(hasher.finish());
    intent.topics = vec![TopicRef { name: "orders".into(), id: Some([1; 16]) }];
    let range = |first_offset, last_offset, partition| PartitionRange {
        topic: 0,
        partition,
        first_offset,
        last_offset,
        records: 50,
        bytes: 6000,
        error: 0,
    };
    intent.partitions = vec![range(-1, -1, 0), range(-1, -1, 1)];
    let mut outcome = Entry { kind: Kind::Outcome, effect: Some(Effect::Acked), pair: Some(2), ..intent.clone() };
    outcome.decision = None;
    outcome.received = None;
    outcome.partitions = vec![range(9_007_199_254_740_993, 9_007_199_254_741_042, 0)];
    let mut idle = entry(Kind::Idle, 2);
    idle.counts = vec![(1, 40)];
    let mut refusal = entry(Kind::Refusal, 3);
    refusal.api = Some(Api { key: 1, version: 12, correlation_id: 8 });
    refusal.decision = decision(false, "default");
    refusal.effect = Some(Effect::Refused);
    refusal.error = Some(29);
    refusal.resources = vec![ResourceRef { kind: 1, name: "secret".into(), allowed: false, rule: "default".into() }];
    let mut failed = Entry::new(Kind::LoginFailed, T + 4000);
    failed.reason = Some("signature".into());
    failed.effect = Some(Effect::Refused);
    failed.disclosures = vec![(Label::SourceAddress, b"127.0.0.1:6000".to_vec())];
    let mut unknown = entry(Kind::Intent, 5);
    unknown.api = Some(Api { key: 19, version: 7, correlation_id: 9 });
    unknown.effect = Some(Effect::Intent);
    for entry in [open, intent, outcome, idle, refusal, failed, unknown, entry(Kind::SessionClose, 6)] {
        log.append(entry).wait().unwrap();
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn the_list_shows_who_did_what_while_the_log_is_open() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    let said = stage.run(&["list", "--session", "abab"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let expected = "\
LOG  INDEX  TIME (UTC)           SESSION   WHO        WHAT             ON                                           RECORDS  BYTES  DECISION  RULE             EFFECT   ERROR
  1      1  2023-11-14 22:13:20  abababab  idp:alice  session_open     listener plain, cluster main
  1      2  2023-11-14 22:13:21  abababab  idp:alice  Produce          orders-0 +1                                      100  12000  allow     writers-produce  intent
  1      3  2023-11-14 22:13:21  abababab  idp:alice  Produce          orders-0 9007199254740993..9007199254741042       50   6000                             acked
  1      4  2023-11-14 22:13:22  abababab  idp:alice  idle: Fetch ×40
  1      5  2023-11-14 22:13:23  abababab  idp:alice  Fetch            topic secret                                                 deny      default          refused     29
  1      7  2023-11-14 22:13:25  abababab  idp:alice  CreateTopics                                                                                             intent
  1      8  2023-11-14 22:13:26  abababab  idp:alice  session_close
";
    assert_eq!(said.out, expected, "\n{}", said.out);
    let all = stage.run(&["list"]);
    assert!(lines(&all.out)[1].ends_with("incarnation_open  agent_isolation=none"), "{}", all.out);
    drop(log);
}

#[test]
fn filters_narrow_the_list() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    log.close();
    let rows = |arguments: &[&str]| {
        let said = stage.run(&[&["list", "--output", "json"], arguments].concat());
        assert_eq!(said.code, 0, "{said:?}");
        said.out.lines().map(|line| json(line)["index"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rows(&["--kind", "intent"]), ["2", "7"]);
    assert_eq!(rows(&["--kind", "intent", "--kind", "refusal"]), ["2", "5", "7"]);
    assert_eq!(rows(&["--topic", "orders"]), ["2", "3"]);
    assert_eq!(rows(&["--topic", "secret"]), ["5"]);
    assert_eq!(rows(&["--decision", "allow"]), ["2"]);
    assert_eq!(rows(&["--decision", "deny"]), ["5"]);
    assert_eq!(rows(&["--limit", "2"]), ["8", "9"]);
    assert_eq!(rows(&["--since", "2023-11-14T22:13:25Z", "--session", "AB"]), ["7", "8"]);
    assert_eq!(rows(&["--session", "cd"]), [""; 0]);
    let all = rows(&[]);
    assert_eq!(all.len(), 10, "opening and closing leaf too: {all:?}");
}

#[test]
fn numbers_of_64_bits_are_strings_in_json() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    log.close();
    let said = stage.run(&["list", "--kind", "outcome", "--output", "json"]);
    let row = json(said.out.trim());
    assert_eq!(row["partitions"][0]["first_offset"], "9007199254740993");
    assert_eq!(row["partitions"][0]["topic"], "orders");
    assert_eq!(row["pair"], "2");
    assert_eq!(row["who"]["subject"], "alice");
    assert_eq!(row["api"]["name"], "Produce");
    assert_eq!(row["time"], "2023-11-14T22:13:21.000Z");
}

#[test]
fn without_keys_nobody_is_named_and_that_is_said() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    log.close();
    let said = stage.sealed(&["list"]);
    assert_eq!(said.code, 0);
    assert!(!said.out.contains("alice") && said.out.contains("read without keys"), "{}", said.out);
    assert!(lines(&said.out)[2].contains(" #"), "a commitment stands for who: {}", said.out);
    let said = stage.sealed(&["show", "1"]);
    assert!(said.out.contains("commitment subject") && !said.out.contains("alice"), "{}", said.out);
}

#[test]
fn show_tells_everything_of_a_leaf_and_its_pair() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    let said = stage.run(&["show", "2"]);
    assert_eq!(said.code, 0, "{said:?}");
    for part in [
        "entry                2 of log 1",
        "operation            Produce (key 0, version 9), correlation id 7",
        "rule                 writers-produce",
        "topic                orders (id AQEBAQEBAQEBAQEBAQEBAQ)",
        "partition            orders-1: 50 records, 6000 bytes",
        "received bytes       7 (blake3)",
        "received commitment  ",
        "leaf hash            ",
        "file                 00000001/segment-00000000.ev, byte ",
        "outcome              entry 3 of log 1: Produce, acked, 2023-11-14T22:13:21.000Z",
    ] {
        assert!(said.out.contains(part), "{part:?} is not in\n{}", said.out);
    }
    let outcome = json(stage.run(&["show", "3", "--output", "json"]).out.trim());
    assert_eq!(outcome["counterpart"]["index"], "2");
    assert_eq!(outcome["leaf_hash"].as_str().unwrap().len(), 64);
    assert!(stage.run(&["show", "7"]).out.contains("none: under way"));
    let open = stage.run(&["show", "1"]).out;
    assert!(open.contains("groups                     idp:writers, idp:people"), "{open}");
    assert!(open.contains("console\\u{1b}[2J"), "no escape reaches the terminal: {open}");
}

#[test]
fn what_a_crash_left_open_is_answered_by_the_next_log() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    // What lies on the disk of an open log is what a crash leaves.
    let crashed = Stage::new();
    copy(&stage.dir(), &crashed.dir());
    copy(&stage.folder.path().join("keys"), &crashed.folder.path().join("keys"));
    log.close();
    crashed.log().close();
    let said = crashed.run(&["show", "7", "--incarnation", "1"]);
    assert!(said.out.contains("of log 2: unknown_effect, unknown"), "{}", said.out);
    let said = crashed.run(&["list", "--kind", "unknown_effect"]);
    assert!(said.out.contains("intent 7 of log 1"), "{}", said.out);
}

#[test]
fn status_names_logs_and_the_key_to_pin() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    let key = log.verifier_key().to_string();
    drop(log);
    stage.log().close();
    let said = stage.run(&["status"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains(&key), "{}", said.out);
    assert!(lines(&said.out)[1].contains("cleanly"), "{}", said.out);
    let status = json(stage.sealed(&["status", "--output", "json"]).out.trim());
    let first = &status["logs"][0];
    assert_eq!((&first["leaves"], &first["sessions"], &first["closed"]), (&"10".into(), &"1".into(), &true.into()));
    assert_eq!(first["checkpoint"]["size"], "10");
    assert_eq!((&first["gaps"], &first["faults"], &first["damage"]), (&"0".into(), &"0".into(), &().into()));
    assert_eq!(status["logs"][1]["incarnation"], "2");
    assert_eq!(status["key"], key);
}

#[test]
fn damage_is_named_with_file_and_byte() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    drop(log);
    stage.log().close();
    let shown = json(stage.run(&["show", "4", "--incarnation", "1", "--output", "json"]).out.trim());
    let byte: usize = shown["byte"].as_str().unwrap().parse().unwrap();
    let segment = stage.dir().join(shown["file"].as_str().unwrap());
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[byte + 25] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let said = stage.run(&["list"]);
    assert_eq!(said.code, 1);
    let place = format!("{}, byte {byte}: ", segment.display());
    assert!(said.err.contains(&place) && said.err.contains("(at entry 4)"), "{}", said.err);
    assert!(said.err.contains("tidegate-verify"), "{}", said.err);
    let rows: Vec<_> = lines(&said.out)[1..].iter().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(rows.iter().filter(|log| **log == "1").count(), 4, "what stands before is shown: {}", said.out);
    assert!(rows.contains(&"2"), "the next log is shown: {}", said.out);
    assert_eq!(stage.run(&["status"]).code, 1);
    assert_eq!(stage.run(&["show", "6", "--incarnation", "1"]).code, 1);
    assert_eq!(stage.run(&["show", "2", "--incarnation", "1"]).code, 0, "a leaf before the damage");
}

#[test]
fn a_log_that_grows_while_it_is_read_is_no_damage() {
    let stage = Stage::new();
    let log = stage.log();
    tell(&log);
    let (stop, writer) = (Arc::new(AtomicBool::new(false)), log.clone());
    let stopped = Arc::clone(&stop);
    let thread = std::thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            // Several segments of 1 MiB are begun meanwhile.
            let tickets: Vec<_> = (0..200).map(|n| writer.append(entry(Kind::Refusal, n))).collect();
            for ticket in tickets {
                ticket.wait().unwrap();
            }
        }
    });
    let mut before = 0;
    while log.status().segments < 3 {
        let said = stage.run(&["list", "--output", "json"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let rows = said.out.lines().count();
        assert!(rows >= before, "what was there once stays: {before}, {rows}");
        assert_eq!(json(said.out.lines().last().unwrap())["index"], (rows - 1).to_string(), "no row twice or left out");
        before = rows;
    }
    assert_eq!(stage.run(&["status"]).code, 0);
    stop.store(true, Ordering::SeqCst);
    thread.join().unwrap();
    assert!(before > 200, "the log grew: {before}");
}

#[test]
fn exit_codes() {
    let stage = Stage::new();
    let missing = stage.sealed(&["list"]);
    assert_eq!(missing.code, 1, "{missing:?}");
    let log = stage.log();
    tell(&log);
    log.close();
    assert_eq!(stage.run(&["show", "99"]).code, 2);
    assert_eq!(stage.run(&["show", "1", "--incarnation", "9"]).code, 2);
    for wrong in [
        &["list", "--decision", "maybe"][..],
        &["list", "--kind", "nothing"],
        &["list", "--since", "yesterday"],
        &["list", "--session", "xyz"],
        &["list", "--limit", "0"],
        &["show"],
        &["show", "x"],
    ] {
        assert_eq!(stage.run(wrong).code, 64, "{wrong:?}");
    }
    assert_eq!(tidegate(&["evidence", "list"], b"").code, 64, "neither --config nor --dir");
    let wrong_key = stage.folder.path().join("wrapping.key");
    std::fs::write(&wrong_key, "08".repeat(32)).unwrap();
    let said = stage.run(&["list"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("wrapping key does not open"), "{}", said.err);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &to);
        } else {
            std::fs::copy(item.path(), to).unwrap();
        }
    }
}
