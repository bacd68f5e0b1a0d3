//! Walks one log, also while it grows: reads again what changed under the reader, and tells that apart from damage.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tidegate_evidence::reader::{Event, Fault, FoundLeaf, LogReader, incarnation_name, segment_name};

/// How often a log is read again when its end moved while it was read.
const ATTEMPTS: usize = 4;

/// Where a log cannot be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("{path}, byte {byte}: {what} (at entry {index})")]
pub(super) struct Damage {
    /// The segment file.
    pub(super) path: String,
    /// The byte in it.
    pub(super) byte: u64,
    /// The first entry that cannot be trusted.
    pub(super) index: u64,
    /// What is wrong.
    pub(super) what: String,
}

/// What a walk to the end saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Segments.
    pub(super) segments: u64,
    /// Bytes of headers and committed frames.
    pub(super) bytes: u64,
}

struct Walk<'a> {
    dir: &'a Path,
    log: u64,
    /// Index of the next leaf that was not given yet.
    next: u64,
    extent: Extent,
    visit: &'a mut dyn FnMut(&str, &FoundLeaf) -> ControlFlow<()>,
}

/// Gives every committed leaf of a log, with the log's name, until `visit` has enough.
///
/// # Errors
/// Where the log is damaged or cannot be read; the leaves before have been given.
pub(super) fn log(
    dir: &Path,
    log: u64,
    visit: &mut dyn FnMut(&str, &FoundLeaf) -> ControlFlow<()>,
) -> Result<Extent, Damage> {
    let mut walk = Walk { dir, log, next: 0, extent: Extent::default(), visit };
    let mut before: Option<Fault> = None;
    for _ in 0..ATTEMPTS {
        match walk.once() {
            Ok(()) => return Ok(walk.extent),
            // Damage stays where it is; a fault that moves is the edge of a log that is being written.
            Err(fault) if before.as_ref() == Some(&fault) => return Err(damage(dir, log, fault)),
            Err(fault) => before = Some(fault),
        }
    }
    Ok(walk.extent)
}

fn damage(dir: &Path, log: u64, fault: Fault) -> Damage {
    let path: PathBuf = dir.join(incarnation_name(log)).join(segment_name(fault.at.segment));
    Damage { path: path.display().to_string(), byte: fault.at.byte, index: fault.index, what: fault.what }
}

impl Walk<'_> {
    fn once(&mut self) -> Result<(), Fault> {
        let mut reader = LogReader::open(self.dir, self.log)?;
        let mut origin = String::new();
        let mut uncommitted: Vec<FoundLeaf> = Vec::new();
        let mut extent = Extent::default();
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Segment { header, .. } => {
                    origin = header.origin;
                    extent.segments = extent.segments.saturating_add(1);
                }
                Event::Leaf(found) if found.leaf.index >= self.next => uncommitted.push(*found),
                Event::Leaf(_given) => {}
                Event::Commit { .. } => {
                    for found in uncommitted.drain(..) {
                        self.next = found.leaf.index.saturating_add(1);
                        if (self.visit)(&origin, &found).is_break() {
                            return Ok(());
                        }
                    }
                }
                Event::End { at, .. } => {
                    uncommitted.clear();
                    extent.bytes = extent.bytes.saturating_add(at.byte);
                    self.extent = extent;
                }
            }
        }
        Ok(())
    }
}
