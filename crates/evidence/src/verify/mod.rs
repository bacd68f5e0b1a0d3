//! Checks an evidence folder offline: without keys, network or any other part of the product.

mod intents;
mod log;

use std::path::Path;

use crate::entry::Previous;
use crate::merkle::Hash;
use crate::note::{Checkpoint, Note, VerifierKey};
use crate::reader::{At, Fault, FaultKind, incarnation_name, incarnations, segment_name};
use intents::Intents;
use log::LogCheck;

/// The file with the public key of the instance, beside the logs.
pub const KEY_FILE: &str = "instance.pub";
/// The most findings that a report lists.
const MAX_FINDINGS: usize = 1000;

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything holds, under a key that came from outside.
    Ok,
    /// Everything holds, but the key came from beside the log: who can write there can have made all of it.
    Unanchored,
    /// What is there holds, but something is missing.
    Incomplete,
    /// Something was changed.
    Broken,
}

impl Verdict {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "OK",
            Verdict::Unanchored => "UNANCHORED",
            Verdict::Incomplete => "INCOMPLETE",
            Verdict::Broken => "BROKEN",
        }
    }

    /// The exit code of `tidegate-verify`.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Verdict::Ok => 0,
            Verdict::Broken => 1,
            Verdict::Incomplete => 2,
            Verdict::Unanchored => 3,
        }
    }
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// [`Verdict::Broken`] or [`Verdict::Incomplete`].
    pub verdict: Verdict,
    /// The log that it is in, 0 for the folder.
    pub incarnation: u64,
    /// The entry, where it is about one.
    pub entry: Option<u64>,
    /// The place in the files, where it has one.
    pub at: Option<At>,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(entry) = self.entry {
            write!(f, "at entry {entry} ")?;
        }
        if self.incarnation > 0 {
            let log = incarnation_name(self.incarnation);
            match self.at {
                Some(at) => write!(f, "(segment {log}/{}, byte {}): ", segment_name(at.segment), at.byte)?,
                None => write!(f, "(log {log}): ")?,
            }
        }
        write!(f, "{}", self.what)
    }
}

/// What was found of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// Its number.
    pub incarnation: u64,
    /// Entries that hold.
    pub entries: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Segments.
    pub segments: usize,
    /// Whether it ended with its closing leaf.
    pub closed: bool,
    /// Whether it was read to its end; else `entries` are those before the first fault.
    pub whole: bool,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In one word.
    pub verdict: Verdict,
    /// Everything that does not hold, in the order of the logs.
    pub findings: Vec<Finding>,
    /// Findings over the bound, which are not listed.
    pub more_findings: u64,
    /// What is worth knowing and no fault.
    pub notes: Vec<String>,
    /// The logs.
    pub logs: Vec<LogReport>,
    /// Intents whose outcome nobody knows or that are still under way, as incarnation and index.
    pub unknown: Vec<(u64, u64)>,
    /// The key that everything was checked with.
    pub key: Option<String>,
}

impl Report {
    /// Entries of all logs.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.logs.iter().map(|log| log.entries).sum()
    }

    /// The first line that people read.
    #[must_use]
    pub fn line(&self) -> String {
        let word = self.verdict.name();
        match self.findings.iter().find(|finding| finding.verdict == self.verdict) {
            Some(finding) if finding.entry.is_some() && self.verdict == Verdict::Broken => format!("{word} {finding}"),
            Some(finding) => format!("{word}: {finding}"),
            None if self.verdict == Verdict::Unanchored => format!(
                "{word}: {} entries in {} logs hold together, but the key came from beside them; pin it with --key FILE",
                self.entries(),
                self.logs.len()
            ),
            None => format!("{word} {} entries in {} logs", self.entries(), self.logs.len()),
        }
    }
}

/// What to check against.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    /// The instance's key as it was handed over; without it the key beside the log is used, and nothing is anchored.
    pub key: Option<VerifierKey>,
    /// A checkpoint that was kept elsewhere.
    pub checkpoint: Option<Note>,
}

/// Collects while the logs are walked.
pub(crate) struct Collected {
    findings: Vec<Finding>,
    more: u64,
    notes: Vec<String>,
    broken: bool,
    /// The newest log that holds entries, if what was found of it can be trusted.
    previous: Trust,
    intents: Intents,
    /// Bytes behind the end of the log before, which this one must declare.
    tail: Option<(u64, At, u64)>,
}

/// What is known of the log before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// There is none.
    None,
    /// It ends so.
    Known(Previous),
    /// It does not hold, so that nothing can be compared with it.
    Damaged,
}

impl Collected {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.broken |= finding.verdict == Verdict::Broken;
        if self.findings.len() < MAX_FINDINGS { self.findings.push(finding) } else { self.more += 1 }
    }

    fn folder(&mut self, verdict: Verdict, what: String) {
        self.add(Finding { verdict, incarnation: 0, entry: None, at: None, what });
    }

    fn fault(&mut self, incarnation: u64, fault: Fault) {
        let verdict = if fault.kind == FaultKind::Broken { Verdict::Broken } else { Verdict::Incomplete };
        let (entry, at) = (Some(fault.index), Some(fault.at));
        self.add(Finding { verdict, incarnation, entry, at, what: fault.what });
    }
}

/// Checks everything in an evidence folder. `progress` is told the number of entries so far from time to time.
pub fn verify(dir: &Path, anchors: &Anchors, progress: &mut dyn FnMut(u64)) -> Report {
    let mut collected = Collected {
        findings: Vec::new(),
        more: 0,
        notes: Vec::new(),
        broken: false,
        previous: Trust::None,
        intents: Intents::default(),
        tail: None,
    };
    let key = match instance_key(dir, anchors) {
        Ok(key) => Some(key),
        Err(what) => {
            collected.folder(Verdict::Incomplete, what);
            None
        }
    };
    let mut logs: Vec<LogReport> = Vec::new();
    if let Some(key) = &key {
        match incarnations(dir) {
            Ok(found) => walk(dir, key, &found, anchors, &mut collected, &mut |log, entries| {
                progress(logs.iter().map(|log: &LogReport| log.entries).sum::<u64>() + entries);
                logs.extend(log);
            }),
            Err(error) => collected.folder(Verdict::Incomplete, format!("{}: {error}", dir.display())),
        }
    }
    let worst = collected.findings.iter().map(|finding| finding.verdict).max();
    let holds = if anchors.key.is_some() { Verdict::Ok } else { Verdict::Unanchored };
    Report {
        verdict: if collected.broken { Verdict::Broken } else { worst.unwrap_or(holds) },
        findings: collected.findings,
        more_findings: collected.more,
        notes: collected.notes,
        logs,
        unknown: collected.intents.open(),
        key: key.map(|key| key.to_string()),
    }
}

fn instance_key(dir: &Path, anchors: &Anchors) -> Result<VerifierKey, String> {
    if let Some(key) = &anchors.key {
        return Ok(key.clone());
    }
    let path = dir.join(KEY_FILE);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("no key: give --key FILE; {}: {error}", path.display()))?;
    VerifierKey::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn walk(
    dir: &Path,
    key: &VerifierKey,
    found: &[u64],
    anchors: &Anchors,
    collected: &mut Collected,
    done: &mut dyn FnMut(Option<LogReport>, u64),
) {
    if found.is_empty() {
        collected.folder(Verdict::Incomplete, format!("{} holds no evidence", dir.display()));
    }
    let mut outside = outside_checkpoint(anchors, collected);
    let mut due = 1;
    for incarnation in found {
        if *incarnation != due {
            let what = format!("log {} is missing", incarnation_name(due));
            collected.folder(Verdict::Incomplete, what);
        }
        due = incarnation.saturating_add(1);
        let mut check = LogCheck::new(dir, *incarnation, key, found.last() == Some(incarnation));
        if let Some((checkpoint, note)) = outside.take_if(|(checkpoint, _)| checkpoint.origin == check.name()) {
            check.add_checkpoint(checkpoint, note, "the checkpoint from outside");
        }
        let log = check.run(collected, &mut |entries| done(None, entries));
        done(Some(log), 0);
    }
    if let Some((checkpoint, _)) = outside {
        let what = format!("the log {} of the checkpoint from outside is missing", checkpoint.origin);
        collected.folder(Verdict::Incomplete, what);
    }
}

fn outside_checkpoint(anchors: &Anchors, collected: &mut Collected) -> Option<(Checkpoint, Note)> {
    let note = anchors.checkpoint.clone()?;
    match Checkpoint::parse(&note.text) {
        Ok(checkpoint) => Some((checkpoint, note)),
        Err(error) => {
            collected.folder(Verdict::Incomplete, format!("the checkpoint from outside: {error}"));
            None
        }
    }
}

#[cfg(test)]
#[cfg(feature = "store")]
mod forged;
#[cfg(test)]
#[cfg(feature = "store")]
mod tests;
