//! The blocks of a segment: seen to be whole while a log is read, and read by themselves.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use super::{At, Fault, FaultKind, Window, incarnation_name, segment_name};
use crate::frame::{FRAME_HEAD, FrameError, FrameKind, HEADER_LENGTH, MAX_BODY, parse_frame};
use crate::kept::Piece;
use crate::merkle::Hash;

/// The most blocks of a segment: those of a whole one of 64 MiB, each with one small batch.
const BLOCKS_MAX: usize = 1_000_000;

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
        } else if self.whole.len() >= BLOCKS_MAX {
            return Err("more blocks than a segment has");
        } else {
            self.whole.insert(first, *self.hasher.finalize().as_bytes());
            self.hasher.reset();
            self.unnamed.insert(first);
        }
        Ok(())
    }
}

/// The bodies of the frames of a block: `first` is the sequence number of its first frame, as leaves of its segment name it.
///
/// # Errors
/// The segment cannot be read, or no block stands there.
pub fn block(dir: &Path, incarnation: u64, segment: u32, first: u64) -> Result<Vec<Vec<u8>>, Fault> {
    let path = dir.join(incarnation_name(incarnation)).join(segment_name(segment));
    let fault = |kind, byte, what: String| Fault { kind, index: 0, at: At { segment, byte }, what };
    let unreadable = |byte| move |error: io::Error| fault(FaultKind::Unreadable, byte, error.to_string());
    let mut window = Window::open(&path).map_err(unreadable(0))?;
    let mut byte = HEADER_LENGTH as u64;
    let mut bodies = Vec::new();
    loop {
        let bytes = window.bytes(byte, FRAME_HEAD + MAX_BODY + 8).map_err(unreadable(byte))?;
        let broken = |error: FrameError| fault(FaultKind::Broken, byte, format!("no block at frame {first}: {error}"));
        let frame = parse_frame(bytes).map_err(broken)?;
        if frame.seq >= first {
            let here = frame.seq == first.saturating_add(bodies.len() as u64) && frame.kind == FrameKind::Block;
            let piece = Piece::decode(frame.body).map_err(broken)?;
            if !here || piece.number as usize != bodies.len() {
                return Err(broken(FrameError::Body));
            }
            bodies.push(frame.body.to_vec());
            if bodies.len() == piece.of as usize {
                return Ok(bodies);
            }
        }
        byte += frame.length as u64;
    }
}
