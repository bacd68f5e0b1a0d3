//! Reads evidence folders without keys: frames, tree and order are checked on the way, signatures are not.
//!
//! Hostile folders cost bounded memory: one window of a file, the leaves of one commit, the headers of one log.

mod blocks;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::frame::{Commit, FRAME_HEAD, FrameError, FrameKind, HEADER_LENGTH, MAX_BODY, SegmentHeader, parse_frame};
use crate::leaf::Leaf;
use crate::merkle::{Frontier, Hash, leaf_hash, sha256};

use blocks::Blocks;
pub use blocks::SegmentBlocks;

/// The file with a log's newest signed checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// Bytes of a segment that are in memory at a time.
const WINDOW: usize = 4 * MAX_BODY;
/// The most bytes of leaves and disclosures between two commits: readers hold them until the commit comes.
const MAX_COMMIT: usize = 64 << 20;

/// The folder of an incarnation.
#[must_use]
pub fn incarnation_name(incarnation: u64) -> String {
    format!("{incarnation:08}")
}

/// The name of an incarnation's log, which its checkpoints carry.
#[must_use]
pub fn log_name(origin: &str, incarnation: u64) -> String {
    format!("{origin}/{incarnation:08}")
}

/// The file of a segment.
#[must_use]
pub fn segment_name(segment: u32) -> String {
    format!("segment-{segment:08}.ev")
}

/// The incarnations in an evidence folder, ascending.
///
/// # Errors
/// The folder cannot be read.
pub fn incarnations(dir: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(dir)? {
        let name = item?.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok().filter(|n| incarnation_name(*n) == name));
        found.extend(number);
    }
    found.sort_unstable();
    Ok(found)
}

fn segments(dir: &Path) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(dir)? {
        let name = item?.file_name();
        let number = name.to_str().and_then(|name| {
            let digits = name.strip_prefix("segment-")?.strip_suffix(".ev")?;
            digits.parse().ok().filter(|n| segment_name(*n) == name)
        });
        found.extend(number);
    }
    found.sort_unstable();
    Ok(found)
}

/// A place in a log's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Segment number.
    pub segment: u32,
    /// Byte in its file.
    pub byte: u64,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Bytes are not what they were.
    Broken,
    /// Something that must be there is not.
    Missing,
    /// The operating system could not read.
    Unreadable,
}

/// Where and why a log does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// Index of the first entry that cannot be trusted.
    pub index: u64,
    /// Where in the files.
    pub at: At,
    /// What is wrong.
    pub what: String,
}

/// A leaf as found. It counts once a commit has followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLeaf {
    /// Where its frame is.
    pub at: At,
    /// The leaf's bytes.
    pub bytes: Vec<u8>,
    /// The leaf.
    pub leaf: Leaf,
    /// Hash in the tree.
    pub hash: Hash,
    /// Body of its DISC frame.
    pub disclosure: Option<Vec<u8>>,
}

/// One step through a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A segment begins.
    Segment {
        /// Its header.
        header: SegmentHeader,
        /// Its certificate note.
        certificate: Vec<u8>,
    },
    /// A leaf.
    Leaf(Box<FoundLeaf>),
    /// A commit whose size and root fit the leaves before it.
    Commit {
        /// Where its frame is.
        at: At,
        /// Its content.
        commit: Commit,
    },
    /// A segment ends.
    End {
        /// The end of its last commit.
        at: At,
        /// Bytes after it that are not all zero, up to the last that is not.
        tail: u64,
        /// What stands at the first byte that is no frame, in the last segment.
        stopped_by: FrameError,
    },
}

/// Part of a file in memory.
#[derive(Debug)]
struct Window {
    file: File,
    length: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Window { file, length, start: 0, buffer: Vec::new() })
    }

    /// Up to `want` bytes at `offset`; fewer only at the file's end.
    fn bytes(&mut self, offset: u64, want: usize) -> io::Result<&[u8]> {
        let want = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(want).min(want);
        let inside = offset.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        let held = inside.is_some_and(|skip| skip + want <= self.buffer.len());
        if !held {
            self.load(offset)?;
        }
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let rest = self.buffer.get(skip..).unwrap_or_default();
        Ok(rest.get(..want.min(rest.len())).unwrap_or_default())
    }

    /// Reads anew from `offset`. The file of a log that is being written may have been cut to what it holds since.
    fn load(&mut self, offset: u64) -> io::Result<()> {
        let size = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(WINDOW).min(WINDOW);
        self.buffer.resize(size, 0);
        self.start = offset;
        let mut filled = 0;
        while let Some(room) = self.buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, offset + filled as u64) {
                Ok(0) => {
                    self.buffer.truncate(filled);
                    self.length = offset + filled as u64;
                }
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Walks one log from its first frame.
#[derive(Debug)]
pub struct LogReader {
    dir: PathBuf,
    headers: Vec<SegmentHeader>,
    /// Segments begun.
    begun: usize,
    window: Option<Window>,
    byte: u64,
    /// End of the last commit in this segment.
    committed: u64,
    tree: Frontier,
    seq: u64,
    disclosure: Option<Vec<u8>>,
    /// Bytes of leaves and disclosures since the last commit.
    uncommitted: usize,
    blocks: Blocks,
}

impl LogReader {
    /// Opens the log of an incarnation and reads its segment headers.
    ///
    /// # Errors
    /// A segment is missing or its header does not fit the others.
    pub fn open(dir: &Path, incarnation: u64) -> Result<Self, Fault> {
        let dir = dir.join(incarnation_name(incarnation));
        let fault = |segment, kind, what: String| Fault { kind, index: 0, at: At { segment, byte: 0 }, what };
        let found =
            segments(&dir).map_err(|error| fault(0, FaultKind::Unreadable, format!("{}: {error}", dir.display())))?;
        let mut headers: Vec<SegmentHeader> = Vec::new();
        for (number, found) in (0u32..).zip(found) {
            if number != found {
                let index = headers.last().map_or(0, |header| header.first_index);
                let what = format!("{} is missing", segment_name(number));
                return Err(Fault { index, ..fault(number, FaultKind::Missing, what) });
            }
            let path = dir.join(segment_name(number));
            let mut window =
                Window::open(&path).map_err(|error| fault(number, FaultKind::Unreadable, error.to_string()))?;
            let bytes = window
                .bytes(0, HEADER_LENGTH)
                .map_err(|error| fault(number, FaultKind::Unreadable, error.to_string()))?;
            let broken = |what: &str| fault(number, FaultKind::Broken, what.to_owned());
            let header = SegmentHeader::decode(bytes).map_err(|error| broken(&error.to_string()))?;
            if header.segment != number || header.incarnation != incarnation {
                return Err(broken("the header is that of another segment or log"));
            }
            let before = headers.last().map_or((0, 0), |last| (last.first_index, last.first_seq));
            if header.first_index < before.0 || header.first_seq < before.1 {
                return Err(broken("the header begins before the segment before it"));
            }
            headers.push(header);
        }
        Ok(LogReader {
            dir,
            headers,
            begun: 0,
            window: None,
            byte: 0,
            committed: 0,
            tree: Frontier::default(),
            seq: 0,
            disclosure: None,
            uncommitted: 0,
            blocks: Blocks::default(),
        })
    }

    /// Segments of this log.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.headers.len()
    }

    /// The next step, or nothing after the last segment's end.
    ///
    /// # Errors
    /// The first thing that does not hold; the reader is of no use after it.
    pub fn next_event(&mut self) -> Result<Option<Event>, Fault> {
        if self.window.is_none() {
            return self.begin_segment();
        }
        if self.at_end_of_segment()? {
            return self.end_segment(FrameError::End);
        }
        let is_last = self.is_last();
        loop {
            let byte = self.byte;
            let window = self.window.as_mut().map(|window| window.bytes(byte, FRAME_HEAD + MAX_BODY + 8));
            let bytes = match window {
                Some(Ok(bytes)) => bytes,
                Some(Err(error)) => return Err(self.fault(FaultKind::Unreadable, error.to_string())),
                None => return Ok(None),
            };
            match parse_frame(bytes) {
                Ok(frame) => {
                    let (kind, seq, length) = (frame.kind, frame.seq, frame.length as u64);
                    let body = frame.body.to_vec();
                    if let Some(event) = self.frame(kind, seq, body, length)? {
                        return Ok(Some(event));
                    }
                }
                Err(error) if is_last => {
                    let end = self.end_segment(error)?;
                    if end.is_some() {
                        return Ok(end);
                    }
                }
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn at(&self) -> At {
        At { segment: u32::try_from(self.begun.saturating_sub(1)).unwrap_or(u32::MAX), byte: self.byte }
    }

    fn fault(&self, kind: FaultKind, what: impl Into<String>) -> Fault {
        Fault { kind, index: self.tree.size(), at: self.at(), what: what.into() }
    }

    fn broken(&self, what: impl std::fmt::Display) -> Fault {
        self.fault(FaultKind::Broken, what.to_string())
    }

    fn is_last(&self) -> bool {
        self.begun == self.headers.len()
    }

    fn begin_segment(&mut self) -> Result<Option<Event>, Fault> {
        let Some(header) = self.headers.get(self.begun).cloned() else { return Ok(None) };
        self.begun += 1;
        self.byte = 0;
        self.blocks = Blocks::default();
        if header.first_index != self.tree.size() || header.previous_root != self.tree.root() {
            return Err(self.broken("the header does not continue the segment before it"));
        }
        if header.first_seq != self.seq {
            return Err(self.broken("frames are missing before this segment"));
        }
        let path = self.dir.join(segment_name(header.segment));
        let mut window = Window::open(&path).map_err(|error| self.fault(FaultKind::Unreadable, error.to_string()))?;
        self.byte = HEADER_LENGTH as u64;
        let bytes = window
            .bytes(self.byte, FRAME_HEAD + MAX_BODY + 8)
            .map_err(|error| self.fault(FaultKind::Unreadable, error.to_string()))?;
        let note = parse_frame(bytes).map_err(|error| self.broken(error))?;
        if note.kind != FrameKind::Note || note.seq != self.seq {
            return Err(self.broken("the segment does not begin with its certificate"));
        }
        let (certificate, length) = (note.body.to_vec(), note.length as u64);
        self.window = Some(window);
        self.byte += length;
        self.committed = self.byte;
        self.seq += 1;
        Ok(Some(Event::Segment { header, certificate }))
    }

    /// A segment that another follows ends at the commit that the next header names; what stands behind does not count.
    fn at_end_of_segment(&self) -> Result<bool, Fault> {
        let Some(next) = self.headers.get(self.begun) else { return Ok(false) };
        if self.tree.size() > next.first_index {
            return Err(self.broken("more entries than the next segment allows"));
        }
        Ok(self.tree.size() == next.first_index && self.byte == self.committed)
    }

    /// Whether a frame stands by now where none stood: the log is being written.
    fn grew(&mut self) -> Result<bool, Fault> {
        let byte = self.byte;
        let Some(window) = self.window.as_mut() else { return Ok(false) };
        let loaded = window.load(byte).map(|()| parse_frame(&window.buffer).is_ok());
        loaded.map_err(|error| self.fault(FaultKind::Unreadable, error.to_string()))
    }

    /// Ends the segment; nothing when it goes on after all, since its log is being written.
    fn end_segment(&mut self, stopped_by: FrameError) -> Result<Option<Event>, Fault> {
        let last = self.is_last();
        let (committed, stop) = (self.committed, self.byte);
        let Some(window) = self.window.as_mut() else { return Err(self.broken("no segment")) };
        let scan = Tail::scan(window, committed, stop);
        let tail = scan.map_err(|error| self.fault(FaultKind::Unreadable, error.to_string()))?;
        // One commit behind the stop may be the one that a crash tore. Two mean that the first was durable.
        if last && tail.commits_behind > 1 {
            if self.grew()? {
                return Ok(None);
            }
            let what = match stopped_by {
                FrameError::End => "zeros where a frame was".to_owned(),
                other => other.to_string(),
            };
            return Err(self.broken(what));
        }
        self.window = None;
        self.disclosure = None;
        let at = At { byte: committed, ..self.at() };
        Ok(Some(Event::End { at, tail: tail.bytes, stopped_by }))
    }

    /// Takes a frame; disclosures give no event of their own.
    fn frame(&mut self, kind: FrameKind, seq: u64, body: Vec<u8>, length: u64) -> Result<Option<Event>, Fault> {
        if seq != self.seq {
            let what = if seq > self.seq { "frames are missing" } else { "a frame stands here twice or out of order" };
            return Err(self.broken(format!("{what}: sequence number {seq} where {} was due", self.seq)));
        }
        let at = self.at();
        if kind != FrameKind::Block && self.blocks.open.is_some() {
            return Err(self.broken("a block that ends before its last piece"));
        }
        let event = match kind {
            FrameKind::Block if self.disclosure.is_some() => {
                return Err(self.broken("a disclosure that no leaf follows"));
            }
            FrameKind::Block => {
                self.blocks.piece(seq, &body).map_err(|what| self.fault(FaultKind::Broken, what))?;
                None
            }
            FrameKind::Note => return Err(self.broken("a certificate within a segment")),
            FrameKind::Disclosure if self.disclosure.is_some() => {
                return Err(self.broken("a disclosure that no leaf follows"));
            }
            FrameKind::Disclosure => {
                self.disclosure = Some(body);
                None
            }
            FrameKind::Leaf => Some(self.leaf(at, body)?),
            FrameKind::Commit => {
                let commit = Commit::decode(&body).map_err(|error| self.broken(error))?;
                if self.disclosure.is_some() || commit.size != self.tree.size() || self.uncommitted == 0 {
                    return Err(self.broken("a commit of another number of entries"));
                }
                if !self.blocks.unnamed.is_empty() {
                    return Err(self.broken("a block that no leaf of its commit names"));
                }
                if commit.root != self.tree.root() {
                    return Err(self.broken("the tree's root is not the one that was committed"));
                }
                self.uncommitted = 0;
                Some(Event::Commit { at, commit })
            }
        };
        self.seq += 1;
        self.byte += length;
        if kind == FrameKind::Commit {
            self.committed = self.byte;
        }
        Ok(event)
    }

    fn leaf(&mut self, at: At, bytes: Vec<u8>) -> Result<Event, Fault> {
        let leaf = Leaf::decode(&bytes).map_err(|error| self.broken(error))?;
        let disclosure = self.disclosure.take();
        if leaf.index != self.tree.size() {
            return Err(self.broken(format!("the leaf says that it is entry {}", leaf.index)));
        }
        if leaf.disclosure != disclosure.as_deref().map(sha256) {
            return Err(self.broken("the disclosure is not the one that the leaf names"));
        }
        for kept in &leaf.kept {
            match self.blocks.whole.get(&kept.block) {
                Some(sealed) if *sealed == kept.sealed => {}
                Some(_) => {
                    return Err(self.broken(format!("the block at frame {} is not the one that was kept", kept.block)));
                }
                None => {
                    return Err(
                        self.broken(format!("the leaf names a block at frame {}, where none begins", kept.block))
                    );
                }
            }
            self.blocks.unnamed.remove(&kept.block);
        }
        self.uncommitted += bytes.len() + disclosure.as_ref().map_or(0, Vec::len);
        if self.uncommitted > MAX_COMMIT {
            return Err(self.broken("too much without a commit"));
        }
        let hash = leaf_hash(&bytes);
        self.tree.push(hash);
        Ok(Event::Leaf(Box::new(FoundLeaf { at, bytes, leaf, hash, disclosure })))
    }
}

/// What stands behind the last commit of a segment.
#[derive(Debug, Default)]
struct Tail {
    /// Up to the last byte that is not zero.
    bytes: u64,
    /// Whole COMMIT frames behind the place where reading stopped.
    commits_behind: u32,
}

impl Tail {
    fn scan(window: &mut Window, committed: u64, stop: u64) -> io::Result<Self> {
        let mut tail = Tail::default();
        let mut byte = committed;
        while byte < window.length {
            let chunk = window.bytes(byte, WINDOW)?;
            if chunk.is_empty() {
                break;
            }
            if let Some(place) = chunk.iter().rposition(|byte| *byte != 0) {
                tail.bytes = byte - committed + place as u64 + 1;
                // Frames of the chunk's end are looked at from the next chunk's start, which overlaps.
                let commits = (0..chunk.len()).step_by(8).filter(|at| {
                    let own = chunk.len() == WINDOW && *at >= WINDOW - OVERLAP;
                    !own && byte + *at as u64 > stop && is_commit(chunk.get(*at..).unwrap_or_default())
                });
                tail.commits_behind =
                    tail.commits_behind.saturating_add(u32::try_from(commits.count()).unwrap_or(u32::MAX));
            }
            let step = if chunk.len() == WINDOW { WINDOW - OVERLAP } else { chunk.len() };
            byte += step as u64;
        }
        Ok(tail)
    }
}

/// More than a COMMIT frame, a multiple of 8.
const OVERLAP: usize = 1024;

fn is_commit(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&(FrameKind::Commit as u8))
        && parse_frame(bytes).is_ok_and(|frame| frame.kind == FrameKind::Commit && Commit::decode(frame.body).is_ok())
}

/// A leaf that counts, with what is needed to show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The log it is in.
    pub incarnation: u64,
    /// That log's name.
    pub origin: String,
    /// The leaf and its place.
    pub found: FoundLeaf,
}

/// Every committed leaf of an evidence folder, incarnation after incarnation.
///
/// After a fault in one log the walk goes on with the next one.
#[derive(Debug)]
pub struct Leaves {
    dir: PathBuf,
    waiting: VecDeque<u64>,
    log: Option<(u64, LogReader)>,
    origin: String,
    uncommitted: Vec<FoundLeaf>,
    ready: VecDeque<FoundLeaf>,
}

impl Leaves {
    /// Opens an evidence folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let waiting = incarnations(dir)?.into();
        let dir = dir.to_owned();
        Ok(Leaves { dir, waiting, log: None, origin: String::new(), uncommitted: Vec::new(), ready: VecDeque::new() })
    }

    fn step(&mut self) -> Result<bool, Fault> {
        let Some((_, log)) = self.log.as_mut() else {
            let Some(next) = self.waiting.pop_front() else { return Ok(false) };
            self.uncommitted.clear();
            self.log = Some((next, LogReader::open(&self.dir, next)?));
            return Ok(true);
        };
        match log.next_event()? {
            Some(Event::Segment { header, .. }) => self.origin = header.origin,
            Some(Event::Leaf(found)) => self.uncommitted.push(*found),
            Some(Event::Commit { .. }) => self.ready.extend(self.uncommitted.drain(..)),
            Some(Event::End { .. }) => self.uncommitted.clear(),
            None => self.log = None,
        }
        Ok(true)
    }
}

impl Iterator for Leaves {
    type Item = Result<Located, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let (Some(found), Some((incarnation, _))) = (self.ready.pop_front(), &self.log) {
                return Some(Ok(Located { incarnation: *incarnation, origin: self.origin.clone(), found }));
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(fault) => {
                    self.log = None;
                    return Some(Err(fault));
                }
            }
        }
    }
}
