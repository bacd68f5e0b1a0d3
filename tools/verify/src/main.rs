//! `tidegate-verify`: checks evidence offline. No keys, no network, no other part of the product.

mod json;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use tidegate_evidence::note::{MAX_NOTE, Note, VerifierKey};
use tidegate_evidence::reader::incarnation_name;
use tidegate_evidence::verify::{Anchors, Report, verify};

const HELP: &str = "\
tidegate-verify checks an evidence folder offline and says in its first line what it found.

Usage: tidegate-verify PATH [--key FILE] [--checkpoint FILE] [--json]

  PATH               the evidence folder (it holds instance.pub and folders such as 00000001)
  --key FILE         the instance's public key, as it was handed to you: one line name+id+base64.
                     Without it the key beside the log is used. Whoever could change the log could
                     change that key too, so the best answer is then UNANCHORED.
  --checkpoint FILE  a checkpoint that you kept: the log must contain it
  --json             the whole answer as one JSON object
  --help             this text

First line and exit code:
  OK           0   everything holds under the key that you gave
  BROKEN       1   something was changed; the place is named
  INCOMPLETE   2   what is there holds, but something is missing
  UNANCHORED   3   everything holds, but the key came from beside the log
  (usage)     64   the command line is wrong, or a file named in it cannot be used

What it cannot see: that entries after the newest checkpoint you hold were cut off. Keep checkpoints
elsewhere and give the newest with --checkpoint.
";
const USAGE: u8 = 64;
/// Intents without an outcome that the plain answer lists.
const LISTED: usize = 20;

/// What the command line asks for.
struct Args {
    path: PathBuf,
    anchors: Anchors,
    json: bool,
}

fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1)) {
        Ok(Some(args)) => run(&args),
        Ok(None) => print(HELP, 0),
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            drop(writeln!(std::io::stderr(), "tidegate-verify: {error}\ntry tidegate-verify --help"));
            ExitCode::from(USAGE)
        }
    }
}

/// Reads the command line; nothing when help is wanted.
fn parse(args: impl Iterator<Item = OsString>) -> Result<Option<Args>, String> {
    let (mut path, mut anchors, mut json) = (None, Anchors::default(), false);
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--help" | "-h") => return Ok(None),
            Some("--json") => json = true,
            Some("--key") => {
                let (name, text) = file(args.next(), "--key")?;
                let line = text.lines().next().unwrap_or_default();
                anchors.key = Some(VerifierKey::parse(line).map_err(|error| format!("{name}: {error}"))?);
            }
            Some("--checkpoint") => {
                let (name, text) = file(args.next(), "--checkpoint")?;
                let note = Note::parse(text.as_bytes()).map_err(|error| format!("{name}: {error}"))?;
                anchors.checkpoint = Some(note);
            }
            Some(option) if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ if path.is_none() => path = Some(PathBuf::from(arg)),
            _ => return Err("one folder at a time".into()),
        }
    }
    let path = path.ok_or("PATH is missing")?;
    if !path.is_dir() {
        return Err(format!("{} is not a folder", path.display()));
    }
    Ok(Some(Args { path, anchors, json }))
}

/// The small text file that follows an option.
fn file(name: Option<OsString>, option: &str) -> Result<(String, String), String> {
    use std::io::Read as _;
    let path = PathBuf::from(name.ok_or_else(|| format!("{option} needs a file"))?);
    let name = path.display().to_string();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let mut text = String::new();
    let file = std::fs::File::open(&path).map_err(failed)?;
    file.take(MAX_NOTE as u64).read_to_string(&mut text).map_err(failed)?;
    Ok((name, text))
}

fn run(args: &Args) -> ExitCode {
    let terminal = std::io::stderr().is_terminal();
    let mut told = false;
    let report = verify(&args.path, &args.anchors, &mut |entries| {
        if terminal && entries > 0 {
            told = true;
            drop(write!(std::io::stderr(), "\r{entries} entries"));
        }
    });
    if told {
        drop(write!(std::io::stderr(), "\r\x1b[K"));
    }
    let text = if args.json { json::report(&report) } else { plain(&report) };
    print(&text, report.verdict.code())
}

fn print(text: &str, code: u8) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        // A verdict that nobody could read is no OK.
        Err(_) => ExitCode::from(code.max(1)),
    }
}

fn plain(report: &Report) -> String {
    let mut lines = vec![report.line()];
    for log in &report.logs {
        let end = match (log.whole, log.closed) {
            (false, _) => "up to the first fault",
            (true, true) => "closed",
            (true, false) => "open or ended unexpectedly",
        };
        let name = incarnation_name(log.incarnation);
        lines.push(format!("  log {name}: {} entries in {} segments, {end}", log.entries, log.segments));
    }
    if report.findings.len() > 1 {
        lines.push("all findings:".into());
        lines.extend(report.findings.iter().map(|finding| format!("  {} {finding}", finding.verdict.name())));
    }
    if report.more_findings > 0 {
        lines.push(format!("  and {} more", report.more_findings));
    }
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    if !report.unknown.is_empty() {
        let count = report.unknown.len();
        lines.push(format!("{count} intents without an outcome (under way, or effect unknown):"));
        let first = report.unknown.iter().take(LISTED);
        lines.extend(first.map(|(log, index)| format!("  log {} entry {index}", incarnation_name(*log))));
        if count > LISTED {
            lines.push(format!("  and {} more (--json lists them)", count - LISTED));
        }
    }
    lines.extend(report.key.iter().map(|key| format!("key: {key}")));
    lines.push(String::new());
    lines.join("\n")
}
