//! The blocks of a segment: seen to be whole while a log is read, and read by themselves.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use super::{At, Fault, FaultKind, Window, incarnation_name, segment_name};
use crate::frame::{FRAME_HEAD, FrameError, FrameKind, HEADER_LENGTH, MAX_BODY, parse_frame};
use crate::kept::{Piece, SEGMENT_BLOCKS_MAX};
use crate::merkle::Hash;

/// The blocks of a segment, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// By the sequence numbers of their first frames, BLAKE3 of their frames' bodies.
    pub(super) whole: HashMap<u64, Hash>,
    /// Those since the last commit that no leaf has named.
    pub(super) unnamed: HashSet<u64>,
    /// The block that is being read: its first frame, the next piece, how many it has; and its bodies so far.
    pub(super) open: Option<(u64, u32, u32)>,
    hasher: blake3::Hasher,
}

impl Blocks {
    /// The first thing that does not hold, if anything does not.
    pub(super) fn piece(&mut self, seq: u64, body: &[u8]) -> Result<(), &'static str> {
        let piece = Piece::decode(body).map_err(|_body| "a piece of a block of the wrong shape")?;
        self.hasher.update(body);
        let (first, next, of) = self.open.take().unwrap_or((seq, 0, piece.of));
        if (piece.number, piece.of) != (next, of) {
            return Err("a block with pieces missing or out of order");
        }
        if next + 1 < of {
            self.open = Some((first, next + 1, of));
        } else if self.whole.len() >= SEGMENT_BLOCKS_MAX {
            return Err("more blocks than a segment has");
        } else {
            self.whole.insert(first, *self.hasher.finalize().as_bytes());
            self.hasher.reset();
            self.unnamed.insert(first);
        }
        Ok(())
    }
}

/// The blocks of one segment, read one by one.
#[derive(Debug)]
pub struct SegmentBlocks {
    segment: u32,
    window: Window,
    /// Where their first frames stand, by sequence number.
    at: HashMap<u64, u64>,
}

impl SegmentBlocks {
    /// Finds the blocks of a segment.
    ///
    /// # Errors
    /// The segment cannot be read.
    pub fn open(dir: &Path, incarnation: u64, segment: u32) -> Result<Self, Fault> {
        let path = dir.join(incarnation_name(incarnation)).join(segment_name(segment));
        let unreadable = |error: io::Error| fault(segment, FaultKind::Unreadable, 0, error.to_string());
        let mut window = Window::open(&path).map_err(unreadable)?;
        let (mut byte, mut at) = (HEADER_LENGTH as u64, HashMap::new());
        // What comes after the last whole frame is for those who check the log.
        while let Ok(frame) = parse_frame(window.bytes(byte, FRAME_HEAD + MAX_BODY + 8).map_err(unreadable)?) {
            let first =
                frame.kind == FrameKind::Block && Piece::decode(frame.body).is_ok_and(|piece| piece.number == 0);
            if first && at.len() < SEGMENT_BLOCKS_MAX {
                at.insert(frame.seq, byte);
            }
            byte += frame.length as u64;
        }
        Ok(SegmentBlocks { segment, window, at })
    }

    /// The bodies of the frames of the block whose first frame has this sequence number, as leaves of the segment name it.
    ///
    /// # Errors
    /// The segment cannot be read, or no whole block stands there.
    pub fn read(&mut self, first: u64) -> Result<Vec<Vec<u8>>, Fault> {
        let segment = self.segment;
        let none = |byte, why: FrameError| {
            fault(segment, FaultKind::Broken, byte, format!("no block at frame {first}: {why}"))
        };
        let mut byte = *self.at.get(&first).ok_or_else(|| none(0, FrameError::End))?;
        let mut bodies = Vec::new();
        loop {
            let bytes = self.window.bytes(byte, FRAME_HEAD + MAX_BODY + 8);
            let bytes = bytes.map_err(|error| fault(segment, FaultKind::Unreadable, byte, error.to_string()))?;
            let frame = parse_frame(bytes).map_err(|why| none(byte, why))?;
            let piece = Piece::decode(frame.body).map_err(|why| none(byte, why))?;
            let due = first.saturating_add(bodies.len() as u64);
            if (frame.kind, frame.seq) != (FrameKind::Block, due) || piece.number as usize != bodies.len() {
                return Err(none(byte, FrameError::Body));
            }
            bodies.push(frame.body.to_vec());
            if bodies.len() == piece.of as usize {
                return Ok(bodies);
            }
            byte += frame.length as u64;
        }
    }
}

fn fault(segment: u32, kind: FaultKind, byte: u64, what: String) -> Fault {
    Fault { kind, index: 0, at: At { segment, byte }, what }
}
