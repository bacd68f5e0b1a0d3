//! Checks one log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::entry::{Kind, Place, Previous, SessionId};
use crate::frame::{Commit, FrameError};
use crate::merkle::{Hash, Tile, Tiler, sha256};
use crate::note::{Checkpoint, MAX_NOTE, Note, VerifierKey, read_certificate};
use crate::reader::{At, CHECKPOINT_FILE, Event, Fault, FaultKind, FoundLeaf, LogReader, incarnation_name, log_name};
use crate::verify::{Collected, Finding, LogReport, Trust, Verdict};

/// Heartbeats may be this many intervals apart before something is missing.
const HEARTBEATS_APART: u64 = 6;
/// The interval when the opening leaf names none, in milliseconds.
const HEARTBEAT_MS: u64 = 10_000;
/// Entries between two calls for progress.
const PROGRESS: u64 = 10_000;

/// A checkpoint to compare with.
struct Pinned {
    checkpoint: Checkpoint,
    note: Note,
    source: &'static str,
    met: bool,
}

/// One log under check.
pub(crate) struct LogCheck<'a> {
    evidence: &'a Path,
    dir: PathBuf,
    incarnation: u64,
    name: String,
    instance: &'a VerifierKey,
    newest: bool,
    key: Option<(Vec<u8>, VerifierKey)>,
    pinned: Vec<Pinned>,
    uncommitted: Vec<FoundLeaf>,
    sessions: HashMap<SessionId, (u64, Hash)>,
    tiler: Tiler,
    missing_tiles: u64,
    checkpoint_file_missing: bool,
    size: u64,
    root: Hash,
    closed: bool,
    ended: Option<(At, FrameError)>,
    tail: Option<(At, u64)>,
    /// Ends of earlier segments with bytes behind, to be declared by a gap.
    void: Vec<Place>,
    beat_ms: u64,
    apart_ms: u64,
    gap_declared: bool,
}

type Checked = Result<(), Fault>;

impl<'a> LogCheck<'a> {
    pub(crate) fn new(evidence: &'a Path, incarnation: u64, instance: &'a VerifierKey, newest: bool) -> Self {
        LogCheck {
            evidence,
            dir: evidence.join(incarnation_name(incarnation)),
            incarnation,
            name: log_name(instance.name(), incarnation),
            instance,
            newest,
            key: None,
            pinned: Vec::new(),
            uncommitted: Vec::new(),
            sessions: HashMap::new(),
            tiler: Tiler::default(),
            missing_tiles: 0,
            checkpoint_file_missing: true,
            size: 0,
            root: sha256(&[]),
            closed: false,
            ended: None,
            tail: None,
            void: Vec::new(),
            beat_ms: 0,
            apart_ms: HEARTBEAT_MS * HEARTBEATS_APART,
            gap_declared: false,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn add_checkpoint(&mut self, checkpoint: Checkpoint, note: Note, source: &'static str) {
        self.pinned.push(Pinned { checkpoint, note, source, met: false });
    }

    /// Walks the log; what does not hold goes to `collected`.
    pub(crate) fn run(mut self, collected: &mut Collected, progress: &mut dyn FnMut(u64)) -> LogReport {
        // Read before the segments: a log that is being written only grows beyond it.
        self.read_checkpoint(collected);
        let mut segments = 0;
        let result = LogReader::open(self.evidence, self.incarnation).and_then(|mut log| {
            segments = log.segments();
            self.walk(&mut log, collected, progress)
        });
        let holds = result.is_ok();
        if let Err(fault) = result {
            collected.fault(self.incarnation, fault);
        }
        self.finish(holds, collected);
        LogReport {
            incarnation: self.incarnation,
            entries: self.size,
            root: self.root,
            segments,
            closed: self.closed,
            whole: holds,
        }
    }

    fn finding(&self, verdict: Verdict, what: impl Into<String>) -> Finding {
        Finding { verdict, incarnation: self.incarnation, entry: None, at: None, what: what.into() }
    }

    fn read_checkpoint(&mut self, collected: &mut Collected) {
        let path = self.dir.join(CHECKPOINT_FILE);
        // Empty is what a loss of power can leave of it.
        let Some(bytes) = read_bounded(&path).ok().filter(|bytes| !bytes.is_empty()) else { return };
        self.checkpoint_file_missing = false;
        let note = Note::parse(&bytes).and_then(|note| Ok((Checkpoint::parse(&note.text)?, note)));
        match note {
            Ok((checkpoint, note)) if checkpoint.origin == self.name => {
                self.add_checkpoint(checkpoint, note, "the checkpoint beside the log");
            }
            Ok(_) => collected.add(self.finding(Verdict::Broken, "the checkpoint is that of another log")),
            Err(error) => collected.add(self.finding(Verdict::Broken, format!("the checkpoint file: {error}"))),
        }
    }

    fn walk(&mut self, log: &mut LogReader, collected: &mut Collected, progress: &mut dyn FnMut(u64)) -> Checked {
        while let Some(event) = log.next_event()? {
            match event {
                Event::Segment { header, certificate } => {
                    let at = At { segment: header.segment, byte: 0 };
                    if header.origin != self.name {
                        return Err(self.broken(at, format!("the segment belongs to the log {:?}", header.origin)));
                    }
                    self.certificate(at, certificate)?;
                }
                Event::Leaf(found) => self.uncommitted.push(*found),
                Event::Commit { at, commit } => {
                    for found in std::mem::take(&mut self.uncommitted) {
                        self.leaf(&found, collected)?;
                        if found.leaf.index % PROGRESS == 0 {
                            progress(found.leaf.index);
                        }
                    }
                    self.commit(at, &commit)?;
                }
                Event::End { at, tail, stopped_by } => {
                    self.uncommitted.clear();
                    self.end(at, tail, stopped_by)?;
                }
            }
        }
        Ok(())
    }

    fn broken(&self, at: At, what: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Broken, index: self.size, at, what: what.into() }
    }

    /// Every segment carries the same certificate, which the instance's key signed.
    fn certificate(&mut self, at: At, certificate: Vec<u8>) -> Checked {
        match &self.key {
            Some((first, _)) if *first == certificate => Ok(()),
            Some(_) => Err(self.broken(at, "the segment carries another certificate than the first")),
            None => {
                let key = read_certificate(&certificate, &self.name, self.instance).map_err(|error| {
                    self.broken(at, format!("the log's key is not vouched for by {}: {error}", self.instance.name()))
                })?;
                self.key = Some((certificate, key));
                Ok(())
            }
        }
    }

    fn commit(&mut self, at: At, commit: &Commit) -> Checked {
        let checkpoint = Checkpoint { origin: self.name.clone(), size: commit.size, root: commit.root };
        let signed = self.key.as_ref().map(|(_, key)| key.verify(&checkpoint.text(), &commit.signature));
        if signed != Some(Ok(())) {
            return Err(self.broken(at, "the commit's signature does not verify"));
        }
        self.root = commit.root;
        let mut other = None;
        for pinned in self.pinned.iter_mut().filter(|pinned| pinned.checkpoint.size == commit.size) {
            pinned.met = true;
            if pinned.checkpoint.root != commit.root {
                other = Some(pinned.source);
            }
        }
        if let Some(source) = other {
            return Err(self.broken(at, format!("{source} has another root at this size")));
        }
        Ok(())
    }

    fn end(&mut self, at: At, tail: u64, stopped_by: FrameError) -> Checked {
        // Only of the last segment may the end be open; the reader says `End` for all others.
        self.ended = Some((at, stopped_by));
        if let Some((at, length)) = self.tail.take() {
            self.void.push(Place { segment: at.segment, byte: at.byte, length });
        }
        if tail > 0 {
            self.tail = Some((at, tail));
        }
        if tail > 0 && self.closed {
            return Err(self.broken(at, "bytes after the end of a closed log"));
        }
        Ok(())
    }

    fn leaf(&mut self, found: &FoundLeaf, collected: &mut Collected) -> Checked {
        let leaf = &found.leaf;
        let (at, kind) = (found.at, leaf.entry.kind);
        self.size = leaf.index;
        if self.closed {
            return Err(self.broken(at, "an entry after the closing one"));
        }
        if (kind == Kind::IncarnationOpen) != (leaf.index == 0) {
            return Err(self.broken(at, "the opening entry must be the first and only the first"));
        }
        self.session(found)?;
        match kind {
            Kind::IncarnationOpen => self.open(found, collected)?,
            Kind::IncarnationClose => self.closed = true,
            Kind::Intent => collected.intents.intent(self.incarnation, leaf.index),
            Kind::Outcome | Kind::UnknownEffect => self.answer(found, collected)?,
            Kind::Gap => self.gap(found, collected),
            _ => {}
        }
        self.beat(found, collected);
        self.tiles(found, collected);
        self.size = leaf.index + 1;
        Ok(())
    }

    fn session(&mut self, found: &FoundLeaf) -> Checked {
        let leaf = &found.leaf;
        let Some(id) = leaf.entry.session else {
            let alone = leaf.session_seq.is_none() && leaf.prev_session.is_none() && leaf.session_count.is_none();
            return if alone { Ok(()) } else { Err(self.broken(found.at, "a place in a session without a session")) };
        };
        let chain = self.sessions.get(&id).copied();
        let (count, last) = chain.map_or((0, None), |(count, last)| (count, Some(last)));
        if leaf.session_seq != Some(count) || leaf.prev_session != last {
            return Err(self.broken(found.at, "the entry does not continue its session"));
        }
        let closes = leaf.entry.kind == Kind::SessionClose;
        if leaf.session_count != closes.then_some(count + 1) {
            return Err(self.broken(found.at, "the session's total does not fit its entries"));
        }
        if closes {
            self.sessions.remove(&id);
        } else {
            self.sessions.insert(id, (count + 1, sha256(&found.bytes)));
        }
        Ok(())
    }

    /// The opening leaf names how the log before ended.
    fn open(&mut self, found: &FoundLeaf, collected: &mut Collected) -> Checked {
        let entry = &found.leaf.entry;
        self.beat_ms = entry.at_ms;
        let interval = entry.facts.iter().find(|(name, _)| name == "heartbeat_ms");
        if let Some(interval) = interval.and_then(|(_, value)| value.parse::<u64>().ok()) {
            self.apart_ms = interval.saturating_mul(HEARTBEATS_APART);
        }
        match (collected.previous, entry.previous) {
            (Trust::Damaged, _) | (Trust::None, None) => Ok(()),
            (Trust::Known(known), Some(named)) if known == named => Ok(()),
            (Trust::None, Some(named)) => {
                let what = format!("log {}, which this one follows, is missing", incarnation_name(named.incarnation));
                collected.add(self.finding(Verdict::Incomplete, what));
                Ok(())
            }
            (Trust::Known(known), named) => {
                let before = incarnation_name(known.incarnation);
                let what = match named {
                    Some(named) if named.incarnation == known.incarnation => {
                        format!("log {before} ends at entry {}, but this log saw {} there", known.size, named.size)
                    }
                    Some(named) => {
                        format!("this log follows log {}, not {before}", incarnation_name(named.incarnation))
                    }
                    None => format!("this log does not name log {before} before it"),
                };
                Err(self.broken(found.at, what))
            }
        }
    }

    fn answer(&self, found: &FoundLeaf, collected: &mut Collected) -> Checked {
        let entry = &found.leaf.entry;
        let (Some(pair), log) = (entry.pair, entry.incarnation.unwrap_or(self.incarnation)) else { return Ok(()) };
        let known = collected.intents.answer(log, pair);
        let own = log == self.incarnation;
        if known || (!own && collected.previous == Trust::Damaged) {
            return Ok(());
        }
        Err(self.broken(found.at, format!("it answers entry {pair} of log {log}, which is no intent")))
    }

    fn gap(&mut self, found: &FoundLeaf, collected: &mut Collected) {
        let entry = &found.leaf.entry;
        let Some(place) = entry.place else {
            self.gap_declared = true;
            return;
        };
        match entry.incarnation {
            None => {
                let covers = |void: &Place| covers(place, void.segment, void.byte, void.length);
                self.void.retain(|void| !covers(void));
                let declared = |(at, length): &mut (At, u64)| covers_at(place, *at, *length);
                self.tail.take_if(declared);
                self.gap_declared = true;
            }
            Some(log) => {
                let declared =
                    |(before, at, length): &mut (u64, At, u64)| *before == log && covers_at(place, *at, *length);
                collected.tail.take_if(declared);
            }
        }
    }

    /// The log's own entries come at intervals; where they do not, entries or time are missing.
    fn beat(&mut self, found: &FoundLeaf, collected: &mut Collected) {
        let entry = &found.leaf.entry;
        if !matches!(entry.kind, Kind::Heartbeat | Kind::IncarnationClose) {
            return;
        }
        let apart = entry.at_ms.saturating_sub(self.beat_ms);
        if apart > self.apart_ms && !self.gap_declared {
            let what = format!("no heartbeat for {} s and no gap declared", apart / 1000);
            let finding = self.finding(Verdict::Incomplete, what);
            collected.add(Finding { entry: Some(found.leaf.index), at: Some(found.at), ..finding });
        }
        self.beat_ms = entry.at_ms;
        self.gap_declared = false;
    }

    fn tiles(&mut self, found: &FoundLeaf, collected: &mut Collected) {
        for tile in self.tiler.push(found.hash) {
            self.tile(&tile, collected);
        }
    }

    fn tile(&mut self, tile: &Tile, collected: &mut Collected) {
        match std::fs::read(self.dir.join(tile.path())) {
            Ok(there) if there == tile.data => {}
            Ok(there) if there.len() == tile.data.len() => {
                let what = format!("{} holds other hashes than the entries give", tile.path());
                collected.add(self.finding(Verdict::Broken, what));
            }
            // Made from the entries and made again at the next start, so that nothing is lost.
            Ok(_) | Err(_) => self.missing_tiles += 1,
        }
    }

    /// What can be said only at the end.
    fn finish(&mut self, holds: bool, collected: &mut Collected) {
        if self.size > 0 && self.checkpoint_file_missing {
            collected.add(self.finding(Verdict::Incomplete, "the log's checkpoint is missing"));
        }
        for pinned in std::mem::take(&mut self.pinned) {
            self.pinned_at_end(&pinned, holds, collected);
        }
        if !holds {
            collected.previous = Trust::Damaged;
            collected.tail = None;
            return;
        }
        for void in std::mem::take(&mut self.void) {
            self.undeclared(At { segment: void.segment, byte: void.byte }, void.length, collected);
        }
        if self.size > 0
            && let Some((log, at, length)) = collected.tail.take()
        {
            let what = format!("{length} bytes after the end that the next log does not declare");
            collected.add(Finding { verdict: Verdict::Broken, incarnation: log, entry: None, at: Some(at), what });
        }
        if let Some((at, length)) = self.tail {
            if self.newest {
                let notes = &mut collected.notes;
                notes.push(format!(
                    "log {}: {length} bytes after the last commit, under way or torn; the next start declares them",
                    incarnation_name(self.incarnation)
                ));
            } else {
                collected.tail = Some((self.incarnation, at, length));
            }
        }
        if self.closed {
            for tile in self.tiler.partial() {
                self.tile(&tile, collected);
            }
        }
        if self.missing_tiles > 0 {
            let log = incarnation_name(self.incarnation);
            collected
                .notes
                .push(format!("log {log}: {} tiles are missing; they can be made again", self.missing_tiles));
        }
        if self.size > 0 {
            let previous = Previous { incarnation: self.incarnation, size: self.size, root: self.root };
            collected.previous = Trust::Known(previous);
        }
    }

    fn undeclared(&self, at: At, length: u64, collected: &mut Collected) {
        let what = format!("{length} bytes after the end of a segment that no gap declares");
        collected.add(Finding { at: Some(at), ..self.finding(Verdict::Broken, what) });
    }

    fn pinned_at_end(&self, pinned: &Pinned, holds: bool, collected: &mut Collected) {
        let Pinned { checkpoint, note, source, met } = pinned;
        if let Some((_, key)) = &self.key
            && note.verify(key).is_err()
        {
            collected.add(self.finding(Verdict::Broken, format!("{source} is not signed by the log's key")));
        }
        if *met || !holds {
            return;
        }
        let (at, stopped_by) = self.ended.unwrap_or((At { segment: 0, byte: 0 }, FrameError::End));
        let (verdict, what) = if checkpoint.size < self.size {
            (Verdict::Broken, format!("{source} covers {} entries, where no commit is", checkpoint.size))
        } else if stopped_by == FrameError::End || stopped_by == FrameError::Truncated {
            let covers = checkpoint.size;
            (Verdict::Incomplete, format!("the log ends at entry {}, but {source} covers {covers}", self.size))
        } else {
            (Verdict::Broken, format!("{stopped_by}; {source} covers {} entries", checkpoint.size))
        };
        let finding = self.finding(verdict, what);
        collected.add(Finding { entry: Some(self.size), at: Some(at), ..finding });
    }
}

fn covers(place: Place, segment: u32, byte: u64, length: u64) -> bool {
    place.segment == segment && place.byte == byte && length <= place.length
}

fn covers_at(place: Place, at: At, length: u64) -> bool {
    covers(place, at.segment, at.byte, length)
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_NOTE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
