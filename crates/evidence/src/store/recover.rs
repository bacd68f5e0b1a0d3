//! What earlier logs left: found, judged, declared in the next log, never repaired in place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::entry::{Effect, Entry, Kind, Place, Previous};
use crate::merkle::{Tile, Tiler};
use crate::note::{Checkpoint, Note};
use crate::reader::{
    CHECKPOINT_FILE, Event, Fault, FoundLeaf, LogReader, incarnation_name, incarnations, segment_name,
};
use crate::store::error::LogError;
use crate::store::log::now_ms;
use crate::store::vfs::{Vfs, replace};

/// What a start found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The log that came before, if one holds entries.
    pub previous: Option<Previous>,
    /// Whether that log ended with its closing leaf.
    pub closed: bool,
    /// Intents whose outcome nobody knows, as incarnation and index; each got an `unknown_effect` leaf.
    pub unknown: Vec<(u64, u64)>,
    /// Bytes behind the last commit that were cut and declared.
    pub torn_bytes: u64,
    /// Damage in earlier evidence, as text; each got an `integrity_fault` leaf.
    pub faults: Vec<String>,
}

/// What the next log begins with.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    pub(crate) next_incarnation: u64,
    pub(crate) previous: Option<Previous>,
    /// Facts for the opening leaf.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) cuts: Cuts,
    pub(crate) report: Recovery,
}

/// What is tidied up once the new log has declared it. None of it is needed for truth, so errors do not matter.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// Files and the lengths that they are cut to.
    lengths: Vec<(PathBuf, u64)>,
    /// Files left under temporary names.
    leftovers: Vec<PathBuf>,
    /// Tiles and checkpoint made again from leaves.
    projections: Vec<(PathBuf, Vec<u8>)>,
}

impl Cuts {
    pub(crate) fn apply(&self, vfs: &dyn Vfs) {
        for (path, length) in &self.lengths {
            drop(vfs.open(path).and_then(|file| file.set_len(*length).and_then(|()| file.sync())));
        }
        for path in &self.leftovers {
            drop(vfs.remove(path));
        }
        for (path, bytes) in &self.projections {
            if std::fs::read(path).is_ok_and(|there| there == *bytes) {
                continue;
            }
            let folder = path.parent().map_or(Ok(()), |folder| vfs.create_dir(folder));
            drop(folder.and_then(|()| replace(vfs, path, bytes, false)));
        }
    }
}

/// Reads back to the last log that holds entries.
pub(crate) fn recover(dir: &Path) -> Result<Recovered, LogError> {
    let found = incarnations(dir).map_err(|error| LogError::Start(format!("{}: {error}", dir.display())))?;
    let next_incarnation = found.last().map_or(1, |last| last + 1);
    let mut recovered = Recovered { next_incarnation, ..Recovered::default() };
    for incarnation in found.iter().rev() {
        let mut walk = Walk::new(dir, *incarnation);
        let fault = walk.run().err();
        recovered.take(walk, fault);
        if recovered.previous.is_some() {
            break;
        }
    }
    Ok(recovered)
}

impl Recovered {
    fn take(&mut self, walk: Walk, fault: Option<Fault>) {
        let incarnation = walk.incarnation;
        if let Some(fault) = walk.short_of_checkpoint().or(fault) {
            let mut entry = Entry::new(Kind::IntegrityFault, now_ms());
            entry.incarnation = Some(incarnation);
            entry.reason = Some("earlier evidence is damaged; it is kept as it is".into());
            entry.place = Some(Place { segment: fault.at.segment, byte: fault.at.byte, length: 0 });
            self.entries.push(entry);
            let segment = segment_name(fault.at.segment);
            self.report.faults.push(format!(
                "{}/{segment}, byte {}: {}",
                incarnation_name(incarnation),
                fault.at.byte,
                fault.what
            ));
        } else if let Some(place) = walk.tail {
            if place.length > 0 {
                let mut entry = Entry::new(Kind::Gap, now_ms());
                entry.incarnation = Some(incarnation);
                entry.reason = Some("bytes after the last commit of a log that ended unexpectedly".into());
                entry.place = Some(place);
                self.entries.push(entry);
                self.report.torn_bytes += place.length;
            }
            self.cuts.lengths.push((walk.dir.join(segment_name(place.segment)), place.byte));
        }
        for index in &walk.open_intents {
            let mut entry = Entry::new(Kind::UnknownEffect, now_ms());
            entry.incarnation = Some(incarnation);
            entry.pair = Some(*index);
            entry.effect = Some(Effect::Unknown);
            self.entries.push(entry);
            self.report.unknown.push((incarnation, *index));
        }
        self.cuts.leftovers.extend(leftovers(&walk.dir));
        let tiles = walk.missing.iter().chain(&walk.tiler.partial()).cloned().collect::<Vec<Tile>>();
        self.cuts.projections.extend(tiles.into_iter().map(|tile| (walk.dir.join(tile.path()), tile.data)));
        if let Some((checkpoint, note)) = walk.last {
            self.previous = Some(Previous { incarnation, size: checkpoint.size, root: checkpoint.root });
            self.report.previous = self.previous;
            self.report.closed = walk.closed;
            if self.report.faults.is_empty() {
                self.cuts.projections.push((walk.dir.join(CHECKPOINT_FILE), note.into_bytes()));
            }
        }
    }
}

/// Temporary files of a log's folder; those of its tiles are harmless and stay.
fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let Ok(items) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = items.filter_map(|item| Some(item.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "tmp")).collect()
}

/// One earlier log, read to its end or to its first fault.
struct Walk {
    dir: PathBuf,
    incarnation: u64,
    evidence: PathBuf,
    uncommitted: Vec<FoundLeaf>,
    open_intents: BTreeSet<u64>,
    closed: bool,
    last: Option<(Checkpoint, String)>,
    tail: Option<Place>,
    /// Full tiles that are not on the disk as they should be.
    missing: Vec<Tile>,
    tiler: Tiler,
    key: Option<crate::note::VerifierKey>,
    origin: String,
}

impl Walk {
    fn new(evidence: &Path, incarnation: u64) -> Self {
        Walk {
            dir: evidence.join(incarnation_name(incarnation)),
            incarnation,
            evidence: evidence.to_owned(),
            uncommitted: Vec::new(),
            open_intents: BTreeSet::new(),
            closed: false,
            last: None,
            tail: None,
            missing: Vec::new(),
            tiler: Tiler::default(),
            key: None,
            origin: String::new(),
        }
    }

    fn run(&mut self) -> Result<(), Fault> {
        let mut log = LogReader::open(&self.evidence, self.incarnation)?;
        while let Some(event) = log.next_event()? {
            match event {
                Event::Segment { header, certificate } => self.begin(header.origin, &certificate),
                Event::Leaf(found) => self.uncommitted.push(*found),
                Event::Commit { commit, .. } => {
                    for found in std::mem::take(&mut self.uncommitted) {
                        self.count(&found);
                    }
                    let origin = self.origin.clone();
                    let checkpoint = Checkpoint { origin, size: commit.size, root: commit.root };
                    let line = self.key.as_ref().map(|key| key.signature_line(&commit.signature)).unwrap_or_default();
                    let note = format!("{}\n{line}", checkpoint.text());
                    self.last = Some((checkpoint, note));
                }
                Event::End { at, tail, .. } => {
                    self.uncommitted.clear();
                    self.tail = Some(Place { segment: at.segment, byte: at.byte, length: tail });
                }
            }
        }
        Ok(())
    }

    /// The incarnation's public key, to write its last checkpoint again. Its certificate is the verifier's matter.
    fn begin(&mut self, origin: String, certificate: &[u8]) {
        self.origin = origin;
        let key = Note::parse(certificate).ok().and_then(|note| {
            let line = note.text.lines().nth(2)?;
            crate::note::VerifierKey::parse(line).ok()
        });
        self.key = key;
    }

    fn count(&mut self, found: &FoundLeaf) {
        let leaf = &found.leaf;
        self.closed = leaf.entry.kind == Kind::IncarnationClose;
        match (leaf.entry.kind, leaf.entry.pair) {
            (Kind::Intent, _) => {
                self.open_intents.insert(leaf.index);
            }
            (Kind::Outcome | Kind::UnknownEffect, Some(pair)) if leaf.entry.incarnation.is_none() => {
                self.open_intents.remove(&pair);
            }
            _ => {}
        }
        let full = self.tiler.push(found.hash);
        let differs = |tile: &Tile| std::fs::read(self.dir.join(tile.path())).ok().as_ref() != Some(&tile.data);
        self.missing.extend(full.into_iter().filter(differs));
    }

    /// A published checkpoint that covers more than was found: what is missing was durable once.
    fn short_of_checkpoint(&self) -> Option<Fault> {
        let note = std::fs::read(self.dir.join(CHECKPOINT_FILE)).ok()?;
        let checkpoint = Checkpoint::parse(&Note::parse(&note).ok()?.text).ok()?;
        let size = self.last.as_ref().map_or(0, |(last, _)| last.size);
        (checkpoint.size > size && checkpoint.origin == self.origin).then(|| {
            let place = self.tail.unwrap_or(Place { segment: 0, byte: 0, length: 0 });
            Fault {
                kind: crate::reader::FaultKind::Missing,
                index: size,
                at: crate::reader::At { segment: place.segment, byte: place.byte },
                what: format!("the log ends at entry {size}, but its checkpoint covers {}", checkpoint.size),
            }
        })
    }
}
