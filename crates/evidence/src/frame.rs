//! Segment files: a header of 4 KiB, then frames. `docs/evidence-format.md` has the layout.

use crate::merkle::Hash;

/// Bytes of a segment's header; the first frame begins here.
pub const HEADER_LENGTH: usize = 4096;
/// Bytes of a frame before its body.
pub const FRAME_HEAD: usize = 20;
/// The longest frame body that is written or read.
pub const MAX_BODY: usize = 128 * 1024;
/// First bytes of a segment file.
const MAGIC: &[u8; 8] = b"EVSEG1\0\0";
/// The longest name of a log.
pub const MAX_ORIGIN: usize = 256;
/// Bytes of a COMMIT body: size, root, signature.
const COMMIT_LENGTH: usize = 8 + 32 + 64;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// A leaf, verbatim.
    Leaf = 1,
    /// Disclosures of the leaf in the next frame, encrypted.
    Disclosure = 2,
    /// Size, root and signature of the tree up to here.
    Commit = 3,
    /// The certificate of the incarnation's key; first frame of every segment.
    Note = 4,
    /// A piece of kept bytes, encrypted; [`crate::kept::Piece`] is its body.
    Block = 5,
}

/// Why bytes are not a frame or header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Zeros: nothing was written here.
    #[error("no frame")]
    End,
    /// The bytes end within the frame.
    #[error("the file ends within a frame")]
    Truncated,
    /// The frame's length is over the bound.
    #[error("a frame length over the bound")]
    TooLong,
    /// The checksum does not fit.
    #[error("the frame's checksum does not fit its bytes")]
    Checksum,
    /// The kind is unknown or reserved.
    #[error("a frame of unknown or reserved kind {0}")]
    Kind(u8),
    /// Flags, reserved bytes or padding are not zero.
    #[error("reserved bytes that are not zero")]
    Reserved,
    /// The body has another shape than its kind's.
    #[error("a frame body of the wrong shape")]
    Body,
    /// The segment header is none.
    #[error("not a segment header of this format")]
    Header,
}

/// A frame whose checksum fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it holds.
    pub kind: FrameKind,
    /// Position among the log's frames.
    pub seq: u64,
    /// Its content.
    pub body: &'a [u8],
    /// Bytes in the file, padding included.
    pub length: usize,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

fn hash_at(bytes: &[u8], at: usize) -> Option<Hash> {
    bytes.get(at..)?.first_chunk().copied()
}

/// How many bytes the frame at the start of `data` takes in the file, by its length field alone.
#[must_use]
pub fn frame_length(data: &[u8]) -> Option<usize> {
    let body = usize::try_from(u32_at(data, 0)?).ok()?;
    (body <= MAX_BODY).then(|| (FRAME_HEAD + body).next_multiple_of(8))
}

/// Reads the frame at the start of `data`, which begins on a multiple of 8 in the file.
///
/// # Errors
/// [`FrameError::End`] for zeros, else what is wrong.
pub fn parse_frame(data: &[u8]) -> Result<Frame<'_>, FrameError> {
    let head = data.first_chunk::<FRAME_HEAD>().ok_or(FrameError::Truncated)?;
    if head.iter().all(|byte| *byte == 0) {
        return Err(FrameError::End);
    }
    let length = frame_length(data).ok_or(FrameError::TooLong)?;
    let [l0, l1, l2, l3, c0, c1, c2, c3, kind, flags, r0, r1, ..] = *head;
    let body_length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok().ok_or(FrameError::TooLong)?;
    let whole = data.get(..length).ok_or(FrameError::Truncated)?;
    let (content, padding) = whole.split_at_checked(FRAME_HEAD + body_length).ok_or(FrameError::Truncated)?;
    let (_, covered) = content.split_at_checked(8).ok_or(FrameError::Truncated)?;
    if crc32c::crc32c(covered) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(FrameError::Checksum);
    }
    if flags != 0 || r0 != 0 || r1 != 0 || padding.iter().any(|byte| *byte != 0) {
        return Err(FrameError::Reserved);
    }
    let kind = match kind {
        1 => FrameKind::Leaf,
        2 => FrameKind::Disclosure,
        3 => FrameKind::Commit,
        4 => FrameKind::Note,
        5 => FrameKind::Block,
        // 6 (sealed originals) is named for later and refused today.
        other => return Err(FrameError::Kind(other)),
    };
    let seq = u64_at(head, 12).ok_or(FrameError::Truncated)?;
    Ok(Frame { kind, seq, body: content.get(FRAME_HEAD..).unwrap_or_default(), length })
}

/// Appends a frame. Bodies over [`MAX_BODY`] are the caller's mistake and would be refused on reading.
#[cfg(any(test, feature = "store"))]
pub(crate) fn write_frame(out: &mut Vec<u8>, kind: FrameKind, seq: u64, body: &[u8]) {
    let start = out.len();
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let head = [&[kind as u8, 0, 0, 0][..], &seq.to_le_bytes()].concat();
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head), body);
    out.extend(length.to_le_bytes());
    out.extend(crc.to_le_bytes());
    out.extend(head);
    out.extend(body);
    out.resize(start + (out.len() - start).next_multiple_of(8), 0);
}

/// The body of a COMMIT frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Leaves in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
    /// Ed25519 over the text of the checkpoint with this size and root.
    pub signature: [u8; 64],
}

impl Commit {
    /// The body's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&self.size.to_le_bytes()[..], &self.root, &self.signature].concat()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// Another length.
    pub fn decode(body: &[u8]) -> Result<Self, FrameError> {
        let size = u64_at(body, 0).ok_or(FrameError::Body)?;
        let root = hash_at(body, 8).ok_or(FrameError::Body)?;
        let signature = body.get(40..).and_then(<[u8]>::first_chunk::<64>).ok_or(FrameError::Body)?;
        if body.len() == COMMIT_LENGTH {
            Ok(Commit { size, root, signature: *signature })
        } else {
            Err(FrameError::Body)
        }
    }
}

/// The first 4 KiB of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The log's name, incarnation included.
    pub origin: String,
    /// The log's number.
    pub incarnation: u64,
    /// This segment's number within the log, from 0.
    pub segment: u32,
    /// Index of its first leaf: the tree's size before it.
    pub first_index: u64,
    /// Sequence number of its first frame.
    pub first_seq: u64,
    /// The tree's root before it.
    pub previous_root: Hash,
    /// Which keyring holds its data keys.
    pub keyring: [u8; 16],
}

impl SegmentHeader {
    /// The header's bytes, [`HEADER_LENGTH`] of them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LENGTH);
        out.extend(MAGIC);
        out.extend(self.incarnation.to_le_bytes());
        out.extend(u64::from(self.segment).to_le_bytes());
        out.extend(self.first_index.to_le_bytes());
        out.extend(self.first_seq.to_le_bytes());
        out.extend(self.previous_root);
        out.extend(self.keyring);
        out.extend((self.origin.len() as u64).to_le_bytes());
        out.extend(self.origin.bytes().take(MAX_ORIGIN));
        out.resize(HEADER_LENGTH - 4, 0);
        out.extend(crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// Reads a header.
    ///
    /// # Errors
    /// Another format, a wrong checksum, or bytes set that this version leaves zero.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        Self::read(bytes).filter(|header| header.encode() == bytes).ok_or(FrameError::Header)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != HEADER_LENGTH || !bytes.starts_with(MAGIC) {
            return None;
        }
        let origin_length = usize::try_from(u64_at(bytes, 88)?).ok().filter(|length| *length <= MAX_ORIGIN)?;
        let origin = bytes.get(96..96 + origin_length)?;
        Some(SegmentHeader {
            origin: std::str::from_utf8(origin).ok()?.to_owned(),
            incarnation: u64_at(bytes, 8)?,
            segment: u32::try_from(u64_at(bytes, 16)?).ok()?,
            first_index: u64_at(bytes, 24)?,
            first_seq: u64_at(bytes, 32)?,
            previous_root: hash_at(bytes, 40)?,
            keyring: *bytes.get(72..)?.first_chunk()?,
        })
    }
}

/// Fuzz target: any bytes are refused or come back as they were.
///
/// # Panics
/// When a frame or header is accepted that would be written otherwise.
#[doc(hidden)]
pub fn fuzz_frame(data: &[u8]) {
    if let Ok(frame) = parse_frame(data) {
        assert!(frame.length <= data.len() && frame.body.len() <= MAX_BODY, "a frame lies within its bytes");
        if frame.kind == FrameKind::Commit
            && let Ok(commit) = Commit::decode(frame.body)
        {
            assert_eq!(commit.encode(), frame.body, "a commit that is accepted is canonical");
        }
    }
    if let Some(header) = data.first_chunk::<HEADER_LENGTH>()
        && let Ok(header_read) = SegmentHeader::decode(header)
    {
        assert_eq!(header_read.encode(), header, "a header that is accepted is canonical");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_come_back() {
        for length in [0, 1, 4, 7, 8, 300, MAX_BODY] {
            let body = vec![7; length];
            let mut out = Vec::new();
            write_frame(&mut out, FrameKind::Disclosure, 42, &body);
            assert_eq!(out.len() % 8, 0);
            let frame = parse_frame(&out).unwrap();
            assert_eq!((frame.kind, frame.seq, frame.length), (FrameKind::Disclosure, 42, out.len()));
            assert_eq!(frame.body, body);
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let mut out = Vec::new();
        write_frame(&mut out, FrameKind::Leaf, 1, b"some leaf bytes");
        for bit in 0..out.len() * 8 {
            let mut changed = out.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(parse_frame(&changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn reserved_kinds_are_refused() {
        let mut out = Vec::new();
        write_frame(&mut out, FrameKind::Leaf, 1, b"body");
        for kind in [0, 6, 7] {
            out[8] = kind;
            let crc = crc32c::crc32c(&out[8..24]);
            out[4..8].copy_from_slice(&crc.to_le_bytes());
            assert_eq!(parse_frame(&out), Err(FrameError::Kind(kind)));
        }
    }

    #[test]
    fn zeros_are_the_end_and_lengths_are_bounded() {
        assert_eq!(parse_frame(&[0; 64]), Err(FrameError::End));
        assert_eq!(parse_frame(&[0xff; 64]), Err(FrameError::TooLong));
        assert_eq!(parse_frame(&[0; 3]), Err(FrameError::Truncated));
    }

    #[test]
    fn headers_come_back_and_flips_are_noticed() {
        let header = SegmentHeader {
            origin: "evidence.example/one/00000001".into(),
            incarnation: 1,
            segment: 2,
            first_index: 3,
            first_seq: 4,
            previous_root: [5; 32],
            keyring: [6; 16],
        };
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER_LENGTH);
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        for at in [0, 9, 30, 50, 80, 100, 2000, 4095] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(SegmentHeader::decode(&changed).is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_canonical(data in prop::collection::vec(any::<u8>(), 0..300)) {
            fuzz_frame(&data);
        }
    }
}
