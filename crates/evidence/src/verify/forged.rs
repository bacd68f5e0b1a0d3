//! Logs that are signed rightly and lie: what an honest writer never writes, the verifier still names.

use crate::entry::{Effect, Entry, Kind, Previous};
use crate::frame::{Commit, FrameKind, SegmentHeader, write_frame};
use crate::leaf::Leaf;
use crate::merkle::{Frontier, leaf_hash, sha256};
use crate::note::{Checkpoint, Signer, certificate_text};
use crate::reader::{incarnation_name, log_name, segment_name};
use crate::verify::{Anchors, Report, Verdict, verify};

const ORIGIN: &str = "log.example/gate";

/// A small honest log.
fn honest() -> Vec<Leaf> {
    let mut leaves: Vec<Leaf> = Vec::new();
    let kinds = [
        (Kind::IncarnationOpen, false),
        (Kind::SessionOpen, true),
        (Kind::Intent, true),
        (Kind::Outcome, true),
        (Kind::SessionClose, true),
        (Kind::Heartbeat, false),
        (Kind::IncarnationClose, false),
    ];
    let mut chain: Option<(u64, [u8; 32])> = None;
    for (index, (kind, in_session)) in (0u64..).zip(kinds) {
        let mut leaf = Leaf::bare(index, Entry::new(kind, 1_700_000_000_000 + index));
        if in_session {
            leaf.entry.session = Some([1; 16]);
            leaf.session_seq = Some(chain.map_or(0, |(count, _)| count));
            leaf.prev_session = chain.map(|(_, last)| last);
        }
        if kind == Kind::Outcome {
            leaf.entry.pair = Some(2);
            leaf.entry.effect = Some(Effect::Acked);
        }
        if kind == Kind::SessionClose {
            leaf.session_count = Some(4);
        }
        if in_session {
            chain = Some((chain.map_or(1, |(count, _)| count + 1), sha256(&leaf.encode())));
        }
        leaves.push(leaf);
    }
    leaves
}

/// Writes leaves as a log with right tree and signatures, and verifies it.
fn report(leaves: &[Vec<u8>], commits_at: &[usize]) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join(incarnation_name(1));
    std::fs::create_dir(&log).unwrap();
    let instance = Signer::new(ORIGIN, &[1; 32]).unwrap();
    let name = log_name(ORIGIN, 1);
    let signer = Signer::new(&name, &[2; 32]).unwrap();
    let mut tree = Frontier::default();
    let header = SegmentHeader {
        origin: name.clone(),
        incarnation: 1,
        segment: 0,
        first_index: 0,
        first_seq: 0,
        previous_root: tree.root(),
        keyring: [0; 16],
    };
    let mut bytes = header.encode();
    let mut seq = 0..;
    let mut frame = |kind, body: &[u8]| write_frame(&mut bytes, kind, seq.next().unwrap(), body);
    frame(FrameKind::Note, instance.note(&certificate_text(&name, signer.key())).as_bytes());
    for (place, leaf) in leaves.iter().enumerate() {
        tree.push(leaf_hash(leaf));
        frame(FrameKind::Leaf, leaf);
        for _ in commits_at.iter().filter(|at| **at == place) {
            let checkpoint = Checkpoint { origin: name.clone(), size: tree.size(), root: tree.root() };
            let signature = signer.sign(&checkpoint.text());
            frame(FrameKind::Commit, &Commit { size: tree.size(), root: tree.root(), signature }.encode());
            std::fs::write(log.join("checkpoint"), signer.note(&checkpoint.text())).unwrap();
        }
    }
    std::fs::write(log.join(segment_name(0)), bytes).unwrap();
    let anchors = Anchors { key: Some(instance.key().clone()), checkpoint: None };
    verify(dir.path(), &anchors, &mut |_| {})
}

fn edited(edit: impl FnOnce(&mut Vec<Leaf>)) -> Report {
    let mut leaves = honest();
    edit(&mut leaves);
    let bytes: Vec<Vec<u8>> = leaves.iter().map(Leaf::encode).collect();
    report(&bytes, &[leaves.len() - 1])
}

type Edit = fn(&mut Vec<Leaf>);

#[test]
fn what_an_honest_writer_never_writes_is_named() {
    assert_eq!(edited(|_| {}).verdict, Verdict::Ok, "the forger can write an honest log");
    let lies: [(Verdict, &str, Edit); 16] = [
        (Verdict::Broken, "BROKEN at entry 2 ", |log| log[2].session_seq = Some(2)),
        (Verdict::Broken, "does not continue its session", |log| log[3].prev_session = Some([0; 32])),
        (Verdict::Broken, "does not continue its session", |log| log[1].prev_session = Some([0; 32])),
        (Verdict::Broken, "does not continue its session", |log| log[2].entry.reason = Some("changed".into())),
        (Verdict::Broken, "a place in a session without a session", |log| log[5].session_seq = Some(0)),
        (Verdict::Broken, "total does not fit", |log| log[4].session_count = Some(3)),
        (Verdict::Broken, "total does not fit", |log| log[3].session_count = Some(3)),
        (Verdict::Broken, "answers entry 1 of log 1, which is no intent", |log| log[3].entry.pair = Some(1)),
        (Verdict::Broken, "answers entry 9 of log 1, which is no intent", |log| log[3].entry.pair = Some(9)),
        (Verdict::Broken, "answers entry 2 of log 7, which is no intent", |log| log[3].entry.incarnation = Some(7)),
        (Verdict::Broken, "it is entry 4", |log| log[5].index = 4),
        (Verdict::Broken, "opening entry", |log| log[5].entry.kind = Kind::IncarnationOpen),
        (Verdict::Broken, "opening entry", |log| log[0].entry.kind = Kind::Heartbeat),
        (Verdict::Broken, "after the closing one", |log| log[5].entry.kind = Kind::IncarnationClose),
        (Verdict::Incomplete, "no heartbeat for 61 s", |log| log[5].entry.at_ms += 61_000),
        (Verdict::Incomplete, "log 00000003, which this one follows, is missing", |log| {
            log[0].entry.previous = Some(Previous { incarnation: 3, size: 1, root: [0; 32] });
        }),
    ];
    for (verdict, text, lie) in lies {
        let report = edited(lie);
        assert_eq!(report.verdict, verdict, "{text}: {report:#?}");
        assert!(report.line().contains(text), "{text}: {}", report.line());
    }
}

#[test]
fn a_declared_gap_explains_missing_heartbeats() {
    let report = edited(|log| {
        log[5].entry.kind = Kind::Gap;
        log[6].entry.at_ms += 100_000;
    });
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
}

#[test]
fn leaves_that_are_none_and_commits_of_nothing_are_named() {
    let mut bytes: Vec<Vec<u8>> = honest().iter().map(Leaf::encode).collect();
    assert_eq!(report(&bytes, &[2, 6]).verdict, Verdict::Ok);
    let twice = report(&bytes, &[2, 2, 6]);
    assert!(twice.line().contains("a commit of another number of entries"), "{}", twice.line());
    bytes[2].push(0);
    let longer = report(&bytes, &[6]);
    assert!(longer.line().contains("bytes after the end at byte"), "{}", longer.line());
}

#[test]
fn an_intent_without_outcome_is_listed() {
    let report = edited(|log| {
        log[3].entry.pair = None;
        let last = sha256(&log[3].encode());
        log[4].prev_session = Some(last);
    });
    assert_eq!((report.verdict, report.unknown), (Verdict::Ok, vec![(1, 2)]));
}
