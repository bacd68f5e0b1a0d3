//! The tamper matrix: whatever is done to a log, the verifier names it.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::*;
use crate::entry::*;
use crate::frame::{Commit, FrameKind, HEADER_LENGTH, SegmentHeader, parse_frame, write_frame};
use crate::kept::{Keep, Packed};
use crate::note::{Signer, certificate_text};
use crate::store::{Log, LogConfig};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() { copy(&item.path(), &to) } else { drop(std::fs::copy(item.path(), to)) }
    }
}

/// A folder with two closed logs, the first of several segments.
struct Sample {
    dir: tempfile::TempDir,
    key: VerifierKey,
}

/// In memory where there is such a folder: no disk is tested here.
fn fast_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A batch that is kept.
fn kept(content: u8) -> Keep {
    let body = bytes::Bytes::from(vec![content; 40]);
    Keep {
        topic: 0,
        partition: 0,
        base_offset: 0,
        left_out: 0,
        plan: [1; 32],
        content: [content; 32],
        digest: *blake3::hash(&body).as_bytes(),
        block: Packed::plain(body),
        held: false,
    }
}

fn sample(seed: u8) -> Sample {
    let dir = fast_dir();
    let mut config = LogConfig::new(
        &dir.path().join("evidence"),
        &dir.path().join("keys"),
        Zeroizing::new([seed; 32]),
        "log.example/gate",
    );
    config.segment_bytes = 16 << 10;
    config.reserve_bytes = 0;
    let mut key = None;
    for _ in 0..2 {
        let (log, _) = Log::open(config.clone(), Vec::new()).unwrap();
        key = Some(log.verifier_key().clone());
        for session in 0..3u8 {
            let entry = |kind| Entry { session: Some([session; 16]), ..Entry::new(kind, 1_700_000_000_000) };
            let mut open = entry(Kind::SessionOpen);
            open.disclosures.push((Label::Subject, b"alice".to_vec()));
            log.append(open).wait().unwrap();
            for number in 0..20u8 {
                let mut intent = entry(Kind::Intent);
                // Each third writes something, the others the same again.
                intent.topics.push(TopicRef { name: "orders".into(), id: None });
                intent.kept.push(kept(number / 3));
                let intent = log.append(intent).wait().unwrap().index();
                let outcome = Entry { pair: Some(intent), effect: Some(Effect::Acked), ..entry(Kind::Outcome) };
                log.append(outcome).wait().unwrap();
            }
            log.append(entry(Kind::SessionClose)).wait().unwrap();
        }
        log.close();
    }
    Sample { dir, key: key.unwrap() }
}

impl Sample {
    fn evidence(&self) -> PathBuf {
        self.dir.path().join("evidence")
    }

    fn check(&self, dir: &Path) -> Report {
        verify(dir, &Anchors { key: Some(self.key.clone()), checkpoint: None }, &mut |_| {})
    }

    fn copied(&self) -> tempfile::TempDir {
        let to = fast_dir();
        copy(&self.evidence(), to.path());
        to
    }
}

fn segment(dir: &Path, incarnation: u64, number: u32) -> PathBuf {
    dir.join(incarnation_name(incarnation)).join(segment_name(number))
}

/// The frames of a segment as kind, start and length.
fn frames(bytes: &[u8]) -> Vec<(FrameKind, usize, usize)> {
    let mut found = Vec::new();
    let mut at = HEADER_LENGTH;
    while let Ok(frame) = parse_frame(&bytes[at..]) {
        found.push((frame.kind, at, frame.length));
        at += frame.length;
        if at == bytes.len() {
            break;
        }
    }
    found
}

#[test]
fn whole_evidence_is_ok_with_the_key_and_unanchored_without() {
    let sample = sample(1);
    let report = sample.check(&sample.evidence());
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    assert_eq!(report.notes, Vec::<String>::new());
    assert!(report.logs.iter().all(|log| log.closed && log.entries == 128), "{report:#?}");
    assert!(report.logs[0].segments > 1);
    let report = verify(&sample.evidence(), &Anchors::default(), &mut |_| {});
    assert_eq!(report.verdict, Verdict::Unanchored);
    assert!(report.line().starts_with("UNANCHORED: 256 entries"), "{}", report.line());
}

type Change = fn(&[u8], (usize, usize), (usize, usize)) -> Vec<u8>;

/// What is done to the frame at the first place; the second place is that of the frame behind it.
const CHANGES: [(&str, Change); 5] = [
    ("flip", |bytes, (at, length), _| {
        let mut bytes = bytes.to_vec();
        bytes[at + length - 12] ^= 1;
        bytes
    }),
    ("truncate", |bytes, (at, length), _| bytes[..at + length - 8].to_vec()),
    ("delete", |bytes, (at, length), _| [&bytes[..at], &bytes[at + length..]].concat()),
    ("duplicate", |bytes, (at, length), _| [&bytes[..at + length], &bytes[at..]].concat()),
    ("reorder", |bytes, (at, length), (next, more)| {
        [&bytes[..at], &bytes[next..next + more], &bytes[at..at + length], &bytes[next + more..]].concat()
    }),
];

/// A frame of each kind, the first and the last of the segment, in the first, a middle and the last segment.
#[test]
fn every_change_to_every_kind_of_frame_is_named() {
    let sample = sample(1);
    let last = u32::try_from(sample.check(&sample.evidence()).logs[1].segments).unwrap() - 1;
    let mut tried = 0;
    for (incarnation, number) in [(1, 0), (1, 1), (2, last)] {
        let original = std::fs::read(segment(&sample.evidence(), incarnation, number)).unwrap();
        let found = frames(&original);
        for kind in [FrameKind::Leaf, FrameKind::Disclosure, FrameKind::Commit, FrameKind::Note, FrameKind::Block] {
            let of_kind: Vec<usize> = (0..found.len() - 1).filter(|n| found[*n].0 == kind).collect();
            for place in of_kind.first().into_iter().chain(of_kind.last()) {
                for (name, change) in CHANGES {
                    let ((_, at, length), (_, next, more)) = (found[*place], found[place + 1]);
                    let copied = sample.copied();
                    let path = segment(copied.path(), incarnation, number);
                    std::fs::write(path, change(&original, (at, length), (next, more))).unwrap();
                    let report = sample.check(copied.path());
                    let what = format!("{name} {kind:?} in {incarnation}/{number}: {}", report.line());
                    assert!(report.verdict >= Verdict::Incomplete, "{what}");
                    let named = report.findings.iter().any(|finding| finding.incarnation == incarnation);
                    assert!(named, "{what}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 60, "{tried}");
}

/// The checksum does not protect: whoever changes a byte can make it fit. The tree does.
#[test]
fn every_flipped_byte_of_a_body_is_named_even_with_its_checksum_mended() {
    let sample = sample(1);
    let original = std::fs::read(segment(&sample.evidence(), 1, 0)).unwrap();
    assert!(frames(&original).iter().take(12).any(|(kind, ..)| *kind == FrameKind::Block));
    for (kind, at, length) in frames(&original).into_iter().take(12) {
        for byte in (at + 20..at + length).step_by(11) {
            let frame = parse_frame(&original[at..]).unwrap();
            let mut body = frame.body.to_vec();
            let Some(flipped) = body.get_mut(byte - at - 20) else { continue };
            *flipped ^= 4;
            let mut out = Vec::new();
            write_frame(&mut out, kind, frame.seq, &body);
            let copied = sample.copied();
            let changed = [&original[..at], &out, &original[at + length..]].concat();
            std::fs::write(segment(copied.path(), 1, 0), changed).unwrap();
            let report = sample.check(copied.path());
            assert_eq!(report.verdict, Verdict::Broken, "{kind:?} byte {byte}: {}", report.line());
        }
    }
}

#[test]
fn a_removed_end_a_removed_segment_and_a_removed_log_are_named() {
    let sample = sample(1);
    let segments = sample.check(&sample.evidence()).logs[1].segments;
    let last = u32::try_from(segments).unwrap() - 1;
    let remove: [(&str, PathBuf); 4] = [
        ("last segment", segment(Path::new(""), 2, last)),
        ("middle segment", segment(Path::new(""), 1, 1)),
        ("log", PathBuf::from("00000001")),
        ("checkpoint", PathBuf::from("00000002/checkpoint")),
    ];
    for (name, path) in remove {
        let copied = sample.copied();
        let path = copied.path().join(path);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap()
        } else {
            std::fs::remove_file(path).unwrap()
        }
        let report = sample.check(copied.path());
        assert_eq!(report.verdict, Verdict::Incomplete, "{name}: {report:#?}");
    }
    // The last commits of the first log, which the second log names.
    let copied = sample.copied();
    let path = segment(copied.path(), 1, 0);
    let bytes = std::fs::read(&path).unwrap();
    for number in 1..10 {
        drop(std::fs::remove_file(segment(copied.path(), 1, number)));
    }
    std::fs::write(&path, &bytes).unwrap();
    std::fs::remove_file(copied.path().join("00000001/checkpoint")).unwrap();
    let report = sample.check(copied.path());
    assert_eq!(report.verdict, Verdict::Broken, "{report:#?}");
    assert!(report.line().contains("log 00000001 ends at entry"), "{}", report.line());
}

#[test]
fn segments_and_logs_swapped_between_instances_are_named() {
    let (one, two) = (sample(1), sample(2));
    let copied = one.copied();
    std::fs::copy(segment(&two.evidence(), 1, 0), segment(copied.path(), 1, 0)).unwrap();
    assert_eq!(one.check(copied.path()).verdict, Verdict::Broken);
    let copied = one.copied();
    std::fs::remove_dir_all(copied.path().join("00000002")).unwrap();
    copy(&two.evidence().join("00000002"), &copied.path().join("00000002"));
    let report = one.check(copied.path());
    assert_eq!(report.verdict, Verdict::Broken);
    assert!(report.line().contains("not vouched for"), "{}", report.line());
    // Two segments of one log in each other's place.
    let copied = one.copied();
    std::fs::copy(segment(&one.evidence(), 1, 1), segment(copied.path(), 1, 0)).unwrap();
    assert_eq!(one.check(copied.path()).verdict, Verdict::Broken);
    // The same disclosure frame of another log of the same instance.
    let copied = one.copied();
    std::fs::copy(segment(&one.evidence(), 2, 0), segment(copied.path(), 1, 0)).unwrap();
    assert_eq!(one.check(copied.path()).verdict, Verdict::Broken);
}

/// Who holds no key of ours signs everything anew with a key of their own.
#[test]
fn evidence_signed_again_with_another_key_is_named() {
    let sample = sample(1);
    let copied = sample.copied();
    let instance = Signer::new("log.example/gate", &[9; 32]).unwrap();
    std::fs::write(copied.path().join(KEY_FILE), format!("{}\n", instance.key())).unwrap();
    for incarnation in [1, 2] {
        let name = crate::reader::log_name("log.example/gate", incarnation);
        let signer = Signer::new(&name, &[10; 32]).unwrap();
        let certificate = instance.note(&certificate_text(&name, signer.key()));
        let mut newest = None;
        for number in 0..10 {
            let path = segment(copied.path(), incarnation, number);
            let Ok(bytes) = std::fs::read(&path) else { break };
            let mut out = bytes[..HEADER_LENGTH].to_vec();
            for (kind, at, _) in frames(&bytes) {
                let frame = parse_frame(&bytes[at..]).unwrap();
                let mut body = frame.body.to_vec();
                if kind == FrameKind::Note {
                    body = certificate.clone().into_bytes();
                } else if kind == FrameKind::Commit {
                    let mut commit = Commit::decode(&body).unwrap();
                    let checkpoint = Checkpoint { origin: name.clone(), size: commit.size, root: commit.root };
                    commit.signature = signer.sign(&checkpoint.text());
                    body = commit.encode();
                    newest = Some(signer.note(&checkpoint.text()));
                }
                write_frame(&mut out, kind, frame.seq, &body);
            }
            std::fs::write(&path, out).unwrap();
        }
        std::fs::write(copied.path().join(incarnation_name(incarnation)).join("checkpoint"), newest.unwrap()).unwrap();
    }
    let report = verify(copied.path(), &Anchors::default(), &mut |_| {});
    assert_eq!(report.verdict, Verdict::Unanchored, "the forgery is perfect but for the key: {report:#?}");
    let report = sample.check(copied.path());
    assert_eq!(report.verdict, Verdict::Broken);
    assert!(report.line().contains("not vouched for"), "{}", report.line());
}

#[test]
fn projections_and_headers_that_lie_are_named() {
    let sample = sample(1);
    for (file, at) in
        [("00000001/checkpoint", 40), ("00000001/tile/0/000.p/128", 5), ("00000001/segment-00000000.ev", 100)]
    {
        let copied = sample.copied();
        let path = copied.path().join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let report = sample.check(copied.path());
        assert_eq!(report.verdict, Verdict::Broken, "{file}: {report:#?}");
    }
    // A header whose checksum was mended.
    let copied = sample.copied();
    let path = segment(copied.path(), 1, 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let mut header = SegmentHeader::decode(&bytes[..HEADER_LENGTH]).unwrap();
    header.first_index -= 1;
    bytes.splice(..HEADER_LENGTH, header.encode());
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(sample.check(copied.path()).verdict, Verdict::Broken);
}

#[test]
fn a_checkpoint_from_outside_must_be_in_the_log() {
    let sample = sample(1);
    let note = Note::parse(&std::fs::read(sample.evidence().join("00000002/checkpoint")).unwrap()).unwrap();
    let anchors = Anchors { key: Some(sample.key.clone()), checkpoint: Some(note) };
    assert_eq!(verify(&sample.evidence(), &anchors, &mut |_| {}).verdict, Verdict::Ok);
    let copied = sample.copied();
    std::fs::remove_dir_all(copied.path().join("00000002")).unwrap();
    assert_eq!(sample.check(copied.path()).verdict, Verdict::Ok, "without an anchor the newest log can vanish");
    let report = verify(copied.path(), &anchors, &mut |_| {});
    assert_eq!(report.verdict, Verdict::Incomplete);
}

#[test]
fn folders_without_evidence_or_key_are_incomplete() {
    let dir = tempfile::tempdir().unwrap();
    let report = verify(dir.path(), &Anchors::default(), &mut |_| {});
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert!(report.line().contains("--key"), "{}", report.line());
    let sample = sample(1);
    assert_eq!(sample.check(dir.path()).verdict, Verdict::Incomplete);
}

/// Any byte of any file of a closed log.
#[test]
fn no_changed_byte_goes_unnoticed() {
    let sample = sample(1);
    let mut files = Vec::new();
    for incarnation in ["00000001", "00000002"] {
        let folder = sample.evidence().join(incarnation);
        files.extend(std::fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()).filter(|path| path.is_file()));
    }
    let mut state = 1u64;
    for _ in 0..250 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = usize::try_from(state >> 33).unwrap();
        let file = &files[random % files.len()];
        let original = std::fs::read(file).unwrap();
        let mut changed = original.clone();
        let at = (random / 7) % changed.len();
        changed[at] ^= 1 << (random % 8);
        std::fs::write(file, &changed).unwrap();
        let report = sample.check(&sample.evidence());
        assert!(report.verdict >= Verdict::Incomplete, "{} byte {at}: {report:#?}", file.display());
        std::fs::write(file, &original).unwrap();
    }
    assert_eq!(sample.check(&sample.evidence()).verdict, Verdict::Ok);
}
