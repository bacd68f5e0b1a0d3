//! Tests of the store as a whole: what is acknowledged is there, whatever happens.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::entry::*;
use crate::frame::{FrameKind, HEADER_LENGTH, parse_frame};
use crate::kept::{Keep, Packed};
use crate::leaf::commitment;
use crate::merkle::sha256;
use crate::note::VerifierKey;
use crate::reader::{Event, Leaves, Located, SegmentBlocks};
use crate::store::{Class, KeyName, Keyring, Log, LogConfig, LogError};
use crate::verify::{Anchors, Report, Verdict, verify};

pub(super) fn config(dir: &Path) -> LogConfig {
    let mut config =
        LogConfig::new(&dir.join("evidence"), &dir.join("keys"), Zeroizing::new([7; 32]), "log.example/gate");
    config.segment_bytes = 64 << 10;
    config.reserve_bytes = 0;
    config.retry_after = Duration::ZERO;
    config
}

pub(super) fn entry(kind: Kind, session: u8) -> Entry {
    Entry { session: Some([session; 16]), ..Entry::new(kind, 1_700_000_000_000) }
}

pub(super) fn verified(dir: &Path, key: &VerifierKey) -> Report {
    verify(&dir.join("evidence"), &Anchors { key: Some(key.clone()), checkpoint: None }, &mut |_| {})
}

fn leaves(dir: &Path) -> Vec<Located> {
    Leaves::open(&dir.join("evidence")).unwrap().map(Result::unwrap).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() { copy(&item.path(), &to) } else { drop(std::fs::copy(item.path(), to)) }
    }
}

/// What a crash leaves, taken from a log that is still open.
fn crashed(write: impl FnOnce(&Log)) -> (tempfile::TempDir, VerifierKey) {
    let live = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(live.path()), Vec::new()).unwrap();
    write(&log);
    let left = tempfile::tempdir().unwrap();
    copy(live.path(), left.path());
    (left, log.verifier_key().clone())
}

fn first_segment(dir: &Path) -> PathBuf {
    dir.join("evidence/00000001/segment-00000000.ev")
}

/// Ends of the commits in a segment.
fn commits(bytes: &[u8]) -> Vec<usize> {
    let (mut at, mut ends) = (HEADER_LENGTH, Vec::new());
    while let Ok(frame) = parse_frame(&bytes[at..]) {
        at += frame.length;
        if frame.kind == FrameKind::Commit {
            ends.push(at);
        }
    }
    ends
}

#[test]
fn entries_are_numbered_chained_and_readable() {
    let dir = tempfile::tempdir().unwrap();
    let (log, recovery) = Log::open(config(dir.path()), vec![("a".into(), "b".into())]).unwrap();
    assert_eq!(recovery, super::Recovery::default());
    for n in 1..500 {
        assert_eq!(log.append(entry(Kind::Intent, 1)).wait().unwrap().index(), n);
    }
    log.append(entry(Kind::SessionClose, 1)).wait().unwrap();
    let status = log.status();
    assert!(status.healthy && status.segments > 1, "{status:?}");
    assert!(status.fsync.percentile_us(50) > 0 && status.fsync.percentile_us(50) <= status.fsync.percentile_us(99));
    log.close();
    assert_eq!(log.append(entry(Kind::Intent, 1)).wait(), Err(LogError::Closed));

    let leaves = leaves(dir.path());
    assert_eq!(leaves.len(), 502);
    assert_eq!(leaves[0].found.leaf.entry.facts[0], ("a".into(), "b".into()));
    assert_eq!(leaves[501].found.leaf.entry.kind, Kind::IncarnationClose);
    assert_eq!(leaves[500].found.leaf.session_count, Some(500));
    for pair in leaves[1..501].windows(2) {
        assert_eq!(pair[1].found.leaf.prev_session, Some(sha256(&pair[0].found.bytes)));
    }
}

#[test]
fn many_callers_share_commits() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    std::thread::scope(|scope| {
        for session in 0..8 {
            let log = log.clone();
            scope.spawn(move || {
                let tickets: Vec<_> = (0..200).map(|_| log.append(entry(Kind::Refusal, session))).collect();
                let indices: Vec<u64> = tickets.into_iter().map(|ticket| ticket.wait().unwrap().index()).collect();
                assert!(indices.is_sorted(), "one caller's order is kept");
            });
        }
    });
    let status = log.status();
    assert_eq!((status.entries, status.tree_size), (1600, 1601));
    assert!(status.commits < 1600, "{}", status.commits);
    log.close();
    assert_eq!(verified(dir.path(), log.verifier_key()).verdict, Verdict::Ok);
}

#[test]
fn a_log_that_is_being_written_verifies_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        for session in 0..2 {
            let (log, done) = (log.clone(), &done);
            scope.spawn(move || {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    log.append(entry(Kind::Refusal, session)).wait().unwrap();
                }
            });
        }
        let start = Instant::now();
        let mut rounds = 0;
        // Several segments come and go meanwhile.
        while (log.status().segments < 4 || rounds < 20) && start.elapsed() < Duration::from_secs(60) {
            let report = verified(dir.path(), log.verifier_key());
            if report.verdict != Verdict::Ok {
                done.store(true, std::sync::atomic::Ordering::SeqCst);
                panic!("{report:#?}");
            }
            rounds += 1;
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        rounds
    });
    assert!(rounds >= 20, "{rounds}");
}

/// What is written between the moment at which reading stops and the look behind that place is no damage.
#[test]
fn a_reader_goes_on_when_the_log_has_grown_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(LogConfig { segment_bytes: 2 << 20, ..config(dir.path()) }, Vec::new()).unwrap();
    let mut reader = crate::reader::LogReader::open(&dir.path().join("evidence"), 1).unwrap();
    assert!(matches!(reader.next_event(), Ok(Some(Event::Segment { .. }))));
    assert!(matches!(reader.next_event(), Ok(Some(Event::Leaf(_)))), "the window is filled now");
    for _ in 0..5 {
        log.append(entry(Kind::Refusal, 1)).wait().unwrap();
    }
    let mut leaves = 1;
    while let Some(event) = reader.next_event().unwrap() {
        leaves += u32::from(matches!(event, Event::Leaf(_)));
    }
    assert_eq!(leaves, 6);
}

#[test]
fn personal_values_are_sealed_and_open_with_the_keyring() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    let mut open = entry(Kind::SessionOpen, 1);
    open.disclosures = vec![(Label::Subject, b"canary-alice".to_vec()), (Label::Groups, b"canary-admins".to_vec())];
    let mut hasher = PayloadHasher::new(Algorithm::Blake3);
    hasher.update(b"canary-payload");
    let digest = hasher.finish();
    open.received = Some(digest);
    log.append(open).wait().unwrap();
    log.close();
    let mut waiting = vec![dir.path().to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|item| item.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"canary-"), "{}", path.display());
        assert!(!bytes.windows(32).any(|window| window == digest.d), "a plain digest in {}", path.display());
    }
    let ring = Keyring::open(&dir.path().join("keys"), Zeroizing::new([7; 32])).unwrap();
    let located = &leaves(dir.path())[1];
    let leaf = &located.found.leaf;
    let name = KeyName { incarnation: 1, segment: located.found.at.segment, class: Class::Personal };
    let body = located.found.disclosure.as_ref().unwrap();
    let opened = ring.open_disclosures(&located.origin, name, leaf.index, body).unwrap();
    assert_eq!(opened[1].value, b"canary-admins");
    for (shown, (label, committed)) in opened.iter().zip(&leaf.commitments) {
        assert_eq!(commitment(&shown.salt, shown.label, &sha256(&shown.value)), *committed);
        assert_eq!(shown.label, *label);
    }
}

#[test]
fn a_crash_leaves_unknown_effects_that_are_declared() {
    let (dir, key) = crashed(|log| {
        let answered = log.append(entry(Kind::Intent, 1)).wait().unwrap().index();
        log.append(entry(Kind::Intent, 1)).wait().unwrap();
        log.append(Entry { pair: Some(answered), ..entry(Kind::Outcome, 1) }).wait().unwrap();
    });
    assert_eq!(verified(dir.path(), &key).unknown, [(1, 2)]);
    for start in 2..4 {
        let (log, recovery) = Log::open(config(dir.path()), Vec::new()).unwrap();
        assert_eq!(recovery.unknown, if start == 2 { vec![(1, 2)] } else { Vec::new() });
        assert_eq!(recovery.previous.map(|previous| previous.incarnation), Some(start - 1));
        assert_eq!(recovery.closed, start > 2);
        assert_eq!(log.status().incarnation, start);
        log.close();
    }
    let report = verified(dir.path(), &key);
    assert_eq!((report.verdict, report.unknown.len()), (Verdict::Ok, 0), "{report:#?}");
    let unknown =
        leaves(dir.path()).into_iter().find(|leaf| leaf.found.leaf.entry.kind == Kind::UnknownEffect).unwrap();
    let entry = &unknown.found.leaf.entry;
    assert_eq!((entry.incarnation, entry.pair, entry.effect), (Some(1), Some(2), Some(Effect::Unknown)));
}

/// The last commit torn at every eighth byte, once cut off there and once with the end on the disk but not the start.
#[test]
fn a_torn_tail_is_declared_and_never_taken_for_damage() {
    let (left, key) = crashed(|log| {
        for _ in 0..5 {
            log.append(entry(Kind::Refusal, 1)).wait().unwrap();
        }
    });
    let bytes = std::fs::read(first_segment(left.path())).unwrap();
    let ends = commits(&bytes);
    let (start, end) = (ends[ends.len() - 2], ends[ends.len() - 1]);
    for tear in (start + 8..end).step_by(8) {
        for keep_end in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            copy(left.path(), dir.path());
            // It was not acknowledged, so no checkpoint covers it.
            std::fs::remove_file(dir.path().join("evidence/00000001/checkpoint")).unwrap();
            let mut torn = bytes.clone();
            if keep_end {
                torn[start..tear].fill(0)
            } else {
                torn[tear..].fill(0)
            }
            std::fs::write(first_segment(dir.path()), &torn).unwrap();
            let (log, recovery) = Log::open(config(dir.path()), Vec::new()).unwrap();
            assert_eq!(recovery.faults, Vec::<String>::new());
            assert!(recovery.torn_bytes > 0 && recovery.torn_bytes <= (end - start) as u64);
            assert_eq!(recovery.previous.map(|previous| previous.size), Some(5));
            log.close();
            assert_eq!(std::fs::metadata(first_segment(dir.path())).unwrap().len(), start as u64, "cut");
            let report = verified(dir.path(), &key);
            assert_eq!(report.verdict, Verdict::Ok, "torn at {tear}: {report:#?}");
        }
    }
}

#[test]
fn damage_before_the_last_commit_is_kept_and_named() {
    let (dir, key) = crashed(|log| {
        for _ in 0..5 {
            log.append(entry(Kind::Refusal, 1)).wait().unwrap();
        }
    });
    let path = first_segment(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let hit = commits(&bytes)[1] + 30;
    bytes[hit] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let (log, recovery) = Log::open(config(dir.path()), Vec::new()).unwrap();
    assert_eq!(recovery.faults.len(), 1, "{recovery:?}");
    assert!(recovery.faults[0].contains("segment-00000000.ev, byte"), "{recovery:?}");
    log.append(entry(Kind::Refusal, 1)).wait().unwrap();
    log.close();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "damaged evidence stays as it is");
    let kinds: Vec<Kind> = leaves_of(dir.path(), 2).iter().map(|leaf| leaf.found.leaf.entry.kind).collect();
    assert_eq!(kinds[1], Kind::IntegrityFault);
    let report = verified(dir.path(), &key);
    assert_eq!(report.verdict, Verdict::Broken);
    assert!(
        report.line().starts_with("BROKEN at entry 2 (segment 00000001/segment-00000000.ev, byte "),
        "{}",
        report.line()
    );
}

/// Leaves of one log, also when another one is damaged.
fn leaves_of(dir: &Path, incarnation: u64) -> Vec<Located> {
    let all = Leaves::open(&dir.join("evidence")).unwrap().filter_map(Result::ok);
    all.filter(|leaf| leaf.incarnation == incarnation).collect()
}

#[test]
fn a_tail_cut_below_the_checkpoint_is_damage() {
    let (dir, _) = crashed(|log| {
        log.append(entry(Kind::Refusal, 1)).wait().unwrap();
        log.close();
    });
    let bytes = std::fs::read(first_segment(dir.path())).unwrap();
    std::fs::write(first_segment(dir.path()), &bytes[..commits(&bytes)[0]]).unwrap();
    let (_, recovery) = Log::open(config(dir.path()), Vec::new()).unwrap();
    assert!(recovery.faults[0].contains("its checkpoint covers"), "{recovery:?}");
}

#[test]
fn lost_projections_are_made_again() {
    let (dir, key) = crashed(|log| {
        let tickets: Vec<_> = (0..600).map(|_| log.append(entry(Kind::Refusal, 1))).collect();
        for ticket in tickets {
            ticket.wait().unwrap();
        }
    });
    let log_dir = dir.path().join("evidence/00000001");
    // The crash may have come before either was written: they are lost all the same.
    for lost in [std::fs::remove_dir_all(log_dir.join("tile")), std::fs::remove_file(log_dir.join("checkpoint"))] {
        assert!(lost.is_ok() || lost.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound));
    }
    assert_eq!(verified(dir.path(), &key).verdict, Verdict::Incomplete);
    Log::open(config(dir.path()), Vec::new()).unwrap().0.close();
    assert_eq!(verified(dir.path(), &key).notes, Vec::<String>::new());
    assert_eq!(std::fs::metadata(log_dir.join("tile/0/001")).unwrap().len(), 8192);
    assert!(log_dir.join("tile/1/000.p/2").exists());
}

#[test]
fn a_start_that_cannot_be_honest_is_refused() {
    let refused = |config: LogConfig| match Log::open(config, Vec::new()) {
        Err(LogError::Start(text)) => text,
        other => panic!("{other:?}"),
    };
    let dir = tempfile::tempdir().unwrap();
    let mut inside = config(dir.path());
    inside.keyring_dir = inside.dir.join("keys");
    assert!(refused(inside).contains("inside the evidence folder"));
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    assert!(refused(config(dir.path())).contains("another process"));
    drop(log);
    let other_key = LogConfig { wrapping_key: Zeroizing::new([8; 32]), ..config(dir.path()) };
    assert!(refused(other_key).contains("give the key that it was made with"));
    let renamed = LogConfig { origin: "log.example/other".into(), ..config(dir.path()) };
    assert!(refused(renamed).contains("another instance or name"));
    let spaced = LogConfig { origin: "a name".into(), ..config(dir.path()) };
    assert!(refused(spaced).contains("a name"));
    std::fs::remove_dir_all(dir.path().join("keys")).unwrap();
    assert!(refused(config(dir.path())).contains("restore the keyring"));
    assert!(!dir.path().join("keys/keyring").exists(), "no key is made up");
}

#[test]
fn the_reserve_is_for_administrators() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(LogConfig { reserve_bytes: u64::MAX, ..config(dir.path()) }, Vec::new()).unwrap();
    assert_eq!(log.append(entry(Kind::Intent, 1)).wait(), Err(LogError::NoSpace));
    assert!(!log.status().healthy);
    assert_eq!(log.append_admin(entry(Kind::AdminCommand, 2)).wait().unwrap().index(), 1);
    log.close();
    assert_eq!(verified(dir.path(), log.verifier_key()).verdict, Verdict::Ok);
}

#[test]
fn an_entry_that_is_too_large_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    let large = Entry { reason: Some("x".repeat(70_000)), ..entry(Kind::Intent, 1) };
    let tickets = [log.append(entry(Kind::Intent, 1)), log.append(large), log.append(entry(Kind::Intent, 1))];
    let answers = tickets.map(|ticket| ticket.wait().map(super::Receipt::index));
    assert_eq!(answers, [Ok(1), Err(LogError::TooLarge), Ok(2)]);
    log.close();
    assert_eq!(verified(dir.path(), log.verifier_key()).verdict, Verdict::Ok);
}

#[test]
fn heartbeats_come_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) =
        Log::open(LogConfig { heartbeat: Duration::from_millis(5), ..config(dir.path()) }, Vec::new()).unwrap();
    let start = Instant::now();
    while log.status().tree_size < 4 {
        assert!(start.elapsed() < Duration::from_secs(20), "no heartbeats");
        std::thread::yield_now();
    }
    log.close();
    let beats = leaves(dir.path()).iter().filter(|leaf| leaf.found.leaf.entry.kind == Kind::Heartbeat).count();
    assert!(beats >= 2, "{beats}");
}

/// The volume that a leaf takes, frame and shared commit included.
#[test]
fn leaves_are_small() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    log.append(entry(Kind::SessionOpen, 1)).wait().unwrap();
    let size = |entry: Entry| {
        let before = log.status().bytes_written;
        log.append(entry).wait().unwrap();
        log.status().bytes_written - before
    };
    let digest = Digest { bytes: 16_384, d: [1; 32], algorithm: Algorithm::Blake3 };
    let fetch = Entry {
        api: Some(Api { key: 1, version: 13, correlation_id: 100_000 }),
        decision: Some(Decision { allowed: true, rule: "orders-readers".into(), policy_version: [3; 32] }),
        effect: Some(Effect::Delivered),
        topics: vec![TopicRef { name: "payments.orders".into(), id: Some([1; 16]) }],
        partitions: vec![PartitionRange {
            topic: 0,
            partition: 3,
            first_offset: 1_000_000,
            last_offset: 1_000_099,
            records: 100,
            bytes: 16_000,
            error: 0,
        }],
        batches: vec![Batch { partition: 0, digest: [2; 32] }],
        received: Some(digest),
        ..entry(Kind::Outcome, 1)
    };
    let alone = size(fetch);
    let idle = Entry {
        counts: vec![(1, 20), (12, 3)],
        first_ms: Some(1_700_000_000_000),
        last_ms: Some(1_700_000_010_000),
        ..entry(Kind::Idle, 1)
    };
    let idle = size(idle);
    // 128 bytes of each are the commit, which concurrent entries share.
    assert!(alone - 128 < 350, "one fetch: {alone}");
    assert!(idle < 400, "one idle leaf: {idle}");
    let heartbeat = 220;
    assert!((idle + heartbeat) * 8640 < 5_000_000, "an idle consumer's day, each commit its own");
    log.close();
}

/// A batch that is kept of topic 0: `content` tells batches apart, `bytes` is what the storage mask left.
pub(super) fn kept(content: u8, bytes: Vec<u8>, packed: bool) -> Keep {
    let bytes = bytes::Bytes::from(bytes);
    let digest = *blake3::hash(&bytes).as_bytes();
    let block = if packed { Packed::pack(bytes) } else { Packed::plain(bytes) };
    let (plan, content) = ([9; 32], [content; 32]);
    Keep { topic: 0, partition: 0, base_offset: 5, left_out: 0, plan, content, digest, block, held: false }
}

fn keeping(kept: Vec<Keep>) -> Entry {
    let topics = vec![TopicRef { name: "orders".into(), id: None }];
    Entry { topics, kept, ..entry(Kind::Intent, 1) }
}

fn open_kept(dir: &Path, ring: &Keyring, located: &Located, place: usize) -> Result<Vec<u8>, String> {
    let (segment, leaf) = (located.found.at.segment, &located.found.leaf);
    let mut blocks = SegmentBlocks::open(&dir.join("evidence"), 1, segment).map_err(|fault| fault.what)?;
    let bodies = blocks.read(leaf.kept[place].block).map_err(|fault| fault.what)?;
    let name = KeyName { incarnation: 1, segment, class: Class::Payload };
    ring.open_kept(&located.origin, name, (leaf, place), &bodies).map_err(|error| error.to_string())
}

#[test]
fn what_is_kept_comes_back_whatever_its_size_and_is_on_disk_encrypted_only() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(LogConfig { segment_bytes: 8 << 20, ..config(dir.path()) }, Vec::new()).unwrap();
    let text = |length: usize| "a customer's name ".bytes().cycle().take(length).collect::<Vec<u8>>();
    let noise =
        |length: usize| (0..length).map(|at| blake3::hash(&at.to_le_bytes()).as_bytes()[0]).collect::<Vec<u8>>();
    let all = [text(0), text(1), text(5_000), noise(120 * 1024 - 9), noise(120 * 1024 - 8), noise(700_000)];
    let kept = (0..).zip(&all).map(|(content, bytes)| kept(content, bytes.clone(), content % 2 == 0)).collect();
    log.append(keeping(kept)).wait().unwrap();
    log.close();
    assert_eq!(verified(dir.path(), log.verifier_key()).verdict, Verdict::Ok);
    let ring = Keyring::open(&dir.path().join("keys"), Zeroizing::new([7; 32])).unwrap();
    let located = leaves(dir.path()).into_iter().find(|located| !located.found.leaf.kept.is_empty()).unwrap();
    for (place, bytes) in all.iter().enumerate() {
        assert_eq!(open_kept(dir.path(), &ring, &located, place).as_ref(), Ok(bytes), "{place}");
        assert_eq!(located.found.leaf.kept[place].bytes, bytes.len() as u64);
    }
    let on_disk = std::fs::read(first_segment(dir.path())).unwrap();
    assert!(!on_disk.windows(10).any(|window| window == b"customer's"));
    let mut another = located.clone();
    another.found.leaf.kept.swap(2, 3);
    assert!(open_kept(dir.path(), &ring, &another, 2).unwrap_err().contains("were changed"), "another's block");
    std::fs::remove_file(dir.path().join("keys/data-00000001-00000000-2")).unwrap();
    assert!(open_kept(dir.path(), &ring, &located, 2).unwrap_err().contains("shredded"));
    assert_eq!(verified(dir.path(), log.verifier_key()).verdict, Verdict::Ok, "no proof changes");
}

#[test]
fn bytes_are_kept_once_in_a_segment_whatever_they_came_from() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    let write = |kept: Vec<Keep>| log.append(keeping(kept)).wait().unwrap();
    let bytes = || kept(1, vec![1; 3000], false);
    let digest = bytes().digest;
    write(vec![bytes(), kept(2, vec![2; 3000], false), kept(3, vec![1; 3000], true)]);
    assert!(log.holds(&digest) && !log.holds(&[0; 32]));
    write(vec![Keep { plan: [8; 32], ..bytes() }]);
    let mut more = 3;
    while log.status().segments < 2 {
        write(vec![kept(more, vec![more; 3000], false)]);
        more += 1;
    }
    assert!(!log.holds(&digest), "another segment has none of it");
    // The hint may be wrong.
    write(vec![Keep { held: true, ..bytes() }]);
    log.close();
    assert_eq!(verified(dir.path(), log.verifier_key()).verdict, Verdict::Ok);
    let ring = Keyring::open(&dir.path().join("keys"), Zeroizing::new([7; 32])).unwrap();
    let mut blocks = Vec::new();
    for one in leaves(dir.path()) {
        for place in 0..one.found.leaf.kept.len() {
            let opened = open_kept(dir.path(), &ring, &one, place).unwrap();
            if opened == vec![1; 3000] {
                blocks.push((one.found.at.segment, one.found.leaf.kept[place].block));
            }
        }
    }
    assert_eq!(blocks.len(), 4);
    assert!(blocks[1] == blocks[0] && blocks[2] == blocks[0], "{blocks:?}");
    assert_eq!((blocks[0].0, blocks[3].0), (0, 1), "{blocks:?}");
}

#[test]
fn an_entry_that_is_too_large_leaves_no_block_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(config(dir.path()), Vec::new()).unwrap();
    let mut entry = keeping(vec![kept(1, vec![1; 3000], false)]);
    entry.reason = Some("x".repeat(70_000));
    assert_eq!(log.append(entry).wait(), Err(LogError::TooLarge));
    assert!(!log.holds(&kept(1, vec![1; 3000], false).digest));
    log.append(keeping(vec![kept(1, vec![1; 3000], false)])).wait().unwrap();
    log.close();
    assert_eq!(verified(dir.path(), log.verifier_key()).verdict, Verdict::Ok);
}
