//! The program as people run it: first line, exit code, help.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tidegate_evidence::{Entry, Kind, Log, LogConfig};

fn run(args: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidegate-verify")).args(args).output().unwrap()
}

fn first_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
}

/// A folder with one closed log, and its key outside.
fn evidence(dir: &Path) -> (PathBuf, PathBuf) {
    let (folder, key) = (dir.join("evidence"), dir.join("pinned.pub"));
    let mut config = LogConfig::new(&folder, &dir.join("keys"), zeroize::Zeroizing::new([1; 32]), "log.example/gate");
    config.reserve_bytes = 0;
    config.segment_bytes = 64 << 10;
    let (log, _) = Log::open(config, Vec::new()).unwrap();
    for _ in 0..10 {
        log.append(Entry { session: Some([1; 16]), ..Entry::new(Kind::Intent, 1) }).wait().unwrap();
    }
    log.close();
    std::fs::write(&key, format!("{}\n", log.verifier_key())).unwrap();
    (folder, key)
}

#[test]
fn says_ok_unanchored_incomplete_and_broken_with_their_codes() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, key) = evidence(dir.path());
    let with_key = |folder: &Path| run(&[folder, Path::new("--key"), &key]);
    let output = with_key(&folder);
    assert_eq!((output.status.code(), first_line(&output).as_str()), (Some(0), "OK 12 entries in 1 logs"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("10 intents without an outcome"), "{text}");

    let output = run(&[&folder]);
    assert_eq!(output.status.code(), Some(3));
    assert!(first_line(&output).starts_with("UNANCHORED: "), "{}", first_line(&output));

    let checkpoint = folder.join("00000001/checkpoint");
    let kept = dir.path().join("kept");
    std::fs::rename(&checkpoint, &kept).unwrap();
    let output = with_key(&folder);
    assert_eq!(output.status.code(), Some(2));
    assert!(first_line(&output).starts_with("INCOMPLETE: "), "{}", first_line(&output));
    std::fs::copy(&kept, &checkpoint).unwrap();
    let output = run(&[&folder, Path::new("--key"), &key, Path::new("--checkpoint"), &kept]);
    assert_eq!(output.status.code(), Some(0));

    let segment = folder.join("00000001/segment-00000000.ev");
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2 + 1024;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let output = with_key(&folder);
    assert_eq!(output.status.code(), Some(1));
    let line = first_line(&output);
    assert!(
        line.starts_with("BROKEN at entry ") && line.contains("(segment 00000001/segment-00000000.ev, byte "),
        "{line}"
    );
    let output = run(&[&folder, Path::new("--json"), Path::new("--key"), &key]);
    assert_eq!(output.status.code(), Some(1));
    assert!(first_line(&output).starts_with(r#"{"verdict":"BROKEN","#), "{}", first_line(&output));
}

#[test]
fn a_wrong_command_line_is_64_and_help_is_0() {
    let help = run(&[Path::new("--help")]);
    assert_eq!(help.status.code(), Some(0));
    assert!(first_line(&help).contains("checks an evidence folder"));
    for args in
        [vec![], vec!["/nowhere"], vec!["--what"], vec![".", "--key"], vec![".", "--key", "Cargo.toml"], vec![".", "."]]
    {
        let args: Vec<&Path> = args.into_iter().map(Path::new).collect();
        let output = run(&args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
