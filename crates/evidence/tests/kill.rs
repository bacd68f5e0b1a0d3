//! A process that writes evidence is killed with SIGKILL at some moment: everything that it was told is durable is there.
#![cfg(test)]
#![cfg(feature = "store")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use tidegate_evidence::reader::Leaves;
use tidegate_evidence::verify::{Anchors, Verdict, verify};
use tidegate_evidence::{Effect, Entry, Kind, Log, LogConfig};

const FOLDER: &str = "TIDEGATE_EVIDENCE_TEST_FOLDER";

fn config(dir: &Path) -> LogConfig {
    let mut config =
        LogConfig::new(&dir.join("evidence"), &dir.join("keys"), zeroize::Zeroizing::new([3; 32]), "log.example/gate");
    config.segment_bytes = 32 << 10;
    config.reserve_bytes = 0;
    config
}

#[test]
#[ignore = "the other test runs it as a process of its own"]
fn writes_until_killed() {
    let dir = std::env::var(FOLDER).unwrap();
    let (log, _) = Log::open(config(Path::new(&dir)), Vec::new()).unwrap();
    let mut out = std::io::stdout();
    loop {
        let entry = |kind| Entry { session: Some([1; 16]), ..Entry::new(kind, 1) };
        let intent = log.append(entry(Kind::Intent)).wait().unwrap().index();
        writeln!(out, "durable {intent}").unwrap();
        let outcome = Entry { pair: Some(intent), effect: Some(Effect::Acked), ..entry(Kind::Outcome) };
        let outcome = log.append(outcome).wait().unwrap().index();
        writeln!(out, "durable {outcome}").unwrap();
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_to_a_kill() {
    for lines in [1, 2, 7, 60, 301] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_killed", "--ignored", "--nocapture"])
            .env(FOLDER, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut durable = Vec::new();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        for line in said {
            // A line may be cut short by the kill; a number that is shorter than meant was durable long ago.
            durable.extend(line.rsplit_once("durable ").and_then(|(_, index)| index.parse::<u64>().ok()));
            if durable.len() == lines {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(durable.len() >= lines, "{durable:?}");
        let (log, recovery) = Log::open(config(dir.path()), Vec::new()).unwrap();
        assert_eq!(recovery.faults, Vec::<String>::new());
        assert!(!recovery.closed);
        log.close();
        let anchors = Anchors { key: Some(log.verifier_key().clone()), checkpoint: None };
        let report = verify(&dir.path().join("evidence"), &anchors, &mut |_| {});
        assert_eq!((report.verdict, report.unknown.len()), (Verdict::Ok, 0), "{report:#?}");
        let leaves: Vec<_> = Leaves::open(&dir.path().join("evidence")).unwrap().map(Result::unwrap).collect();
        for index in durable {
            let found = leaves.iter().any(|leaf| leaf.incarnation == 1 && leaf.found.leaf.index == index);
            assert!(found, "entry {index} is lost");
        }
    }
}
