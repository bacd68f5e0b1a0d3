//! What a log keeps of the bytes that were written or read: blocks beside the leaves, masked before they come here, packed and
//! encrypted, and what a leaf says of each.

use bytes::Bytes;

use crate::cbor::{Decoder, Encoder, Malformed};
use crate::entry::Level;
use crate::frame::FrameError;
use crate::leaf::ContentTag;
use crate::merkle::Hash;

/// The most bytes of a block in one frame.
pub const PIECE_BYTES: usize = 120 * 1024;
/// The most bytes that a block holds, unpacked.
pub const BLOCK_BYTES_MAX: usize = 128 << 20;
/// Bytes of a block before its own: packing, and length of what is packed.
const BLOCK_HEAD: usize = 9;
/// Bytes of a piece before what is encrypted: number, count, counter.
pub(crate) const PIECE_HEAD: usize = 16;
/// The most blocks of a segment: a reader holds something of each.
pub(crate) const SEGMENT_BLOCKS_MAX: usize = 1_000_000;

/// How much is kept of the records of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelRef {
    /// Position in the entry's `topics`.
    pub topic: u32,
    /// The level.
    pub level: Level,
}

/// A batch that is to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Keep {
    /// Position in the entry's `topics`.
    pub topic: u32,
    /// Partition number.
    pub partition: i32,
    /// Offset of its first record; 0 in what is written, whose offsets the broker gives.
    pub base_offset: i64,
    /// Records of it that are not kept.
    pub left_out: u64,
    /// Digest of all that the storage mask does; zeros where nothing is looked for.
    pub plan: [u8; 32],
    /// BLAKE3 of the same part of the batch as it came; never written itself.
    pub content: [u8; 32],
    /// BLAKE3 of what is kept; never written itself.
    pub digest: [u8; 32],
    /// What is kept, under the storage mask: of a batch of Kafka all that its CRC covers, from its attributes to its end, which is the same
    /// where it is written and wherever it is read.
    pub block: Packed,
    /// The present segment held a block of this digest when the batch was met, so that it will hardly be written again.
    pub held: bool,
}

impl Keep {
    /// About how many bytes its block will add to the log.
    #[must_use]
    pub fn writes(&self) -> usize {
        if self.held { 0 } else { self.block.bytes.len() }
    }
}

impl std::fmt::Debug for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keep").field("partition", &self.partition).finish_non_exhaustive()
    }
}

/// Bytes of a block, packed or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed {
    pub(crate) packing: Packing,
    pub(crate) length: u64,
    pub(crate) bytes: Bytes,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed").field("length", &self.length).finish_non_exhaustive()
    }
}

/// How a block's bytes are packed; the number stands in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Packing {
    None = 0,
    Zstd = 1,
}

impl Packed {
    /// As they are: for what is packed already, and for what is kept in this segment already.
    #[must_use]
    pub fn plain(bytes: Bytes) -> Self {
        Packed { packing: Packing::None, length: bytes.len() as u64, bytes }
    }

    /// What is encrypted: packing, unpacked length, bytes.
    #[cfg(feature = "store")]
    pub(crate) fn head(&self) -> [u8; BLOCK_HEAD] {
        let mut head = [self.packing as u8; BLOCK_HEAD];
        for (to, from) in head.iter_mut().skip(1).zip(self.length.to_le_bytes()) {
            *to = from;
        }
        head
    }
}

#[cfg(feature = "store")]
mod packing {
    use super::{BLOCK_BYTES_MAX, BLOCK_HEAD, Packed, Packing};
    use bytes::Bytes;

    /// Fast, and within a fifth of what slower levels reach on records.
    const LEVEL: i32 = 1;

    impl Packed {
        /// Packs with zstd, unless that makes them no smaller.
        #[must_use]
        pub fn pack(bytes: Bytes) -> Self {
            let mut packed = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
            match zstd_safe::compress(&mut packed, &bytes, LEVEL) {
                Ok(_) if packed.len() < bytes.len() => {
                    packed.shrink_to_fit();
                    Packed { packing: Packing::Zstd, length: bytes.len() as u64, bytes: packed.into() }
                }
                _ => Packed::plain(bytes),
            }
        }
    }

    /// The bytes of a block whose pieces were decrypted and joined; `None` when they are none.
    pub(crate) fn unpacked(block: &[u8]) -> Option<Vec<u8>> {
        let (head, bytes) = block.split_first_chunk::<BLOCK_HEAD>()?;
        let [packing, length @ ..] = *head;
        let length = usize::try_from(u64::from_le_bytes(length)).ok().filter(|length| *length <= BLOCK_BYTES_MAX)?;
        let plain = match packing {
            0 => bytes.to_vec(),
            1 => {
                let mut plain = Vec::with_capacity(length);
                zstd_safe::decompress(&mut plain, bytes).ok()?;
                plain
            }
            _ => return None,
        };
        (plain.len() == length).then_some(plain)
    }
}
#[cfg(feature = "store")]
pub(crate) use packing::unpacked;

/// A part of a record that could not be read, and so is not kept, or the whole of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadPart {
    /// Position in the entry's `topics`.
    pub topic: u32,
    /// Partition number.
    pub partition: i32,
    /// The record's offset, or the batch's first; from 0 in what is written.
    pub offset: i64,
    /// 0 the batch, 1 the record's key, 2 its value, 3 the value of a header.
    pub part: u8,
    /// How many bytes it has.
    pub length: u64,
    /// The first byte that makes no sense.
    pub at: u64,
    /// Why, in our own words.
    pub why: String,
}

/// The same with BLAKE3 of its bytes, which is never written itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Unread {
    /// Which part.
    pub what: UnreadPart,
    /// BLAKE3 of its bytes.
    pub digest: [u8; 32],
}

impl std::fmt::Debug for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unread").field("what", &self.what).finish_non_exhaustive()
    }
}

/// What a leaf says of a batch that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptRef {
    /// Position in the entry's `topics`.
    pub topic: u32,
    /// Partition number.
    pub partition: i32,
    /// As [`Keep::base_offset`].
    pub base_offset: i64,
    /// Records of it that are not kept.
    pub left_out: u64,
    /// Sequence number of the first frame of the block that holds it, in the same segment and not after the leaf.
    pub block: u64,
    /// Bytes of what is kept, unpacked.
    pub bytes: u64,
    /// Links it to other places where the same batch was met.
    pub tag: ContentTag,
    /// To what is kept.
    pub commitment: Hash,
    /// As [`Keep::plan`].
    pub plan: [u8; 32],
    /// BLAKE3 of the bodies of the block's frames, joined: whoever has no key sees that they were not changed.
    pub sealed: Hash,
}

/// What a leaf says of what could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadRef {
    /// Which part.
    pub what: UnreadPart,
    /// To its bytes.
    pub commitment: Hash,
}

impl KeptRef {
    pub(crate) fn encode(&self, e: &mut Encoder) {
        e.array(10);
        e.uint(self.topic.into());
        e.int(self.partition.into());
        e.int(self.base_offset);
        e.uint(self.left_out);
        e.uint(self.block);
        e.uint(self.bytes);
        e.bytes(&self.tag);
        e.bytes(&self.commitment);
        e.bytes(&self.plan);
        e.bytes(&self.sealed);
    }

    pub(crate) fn decode(d: &mut Decoder<'_>) -> Result<Self, Malformed> {
        d.array_of(10)?;
        Ok(KeptRef {
            topic: d.small()?,
            partition: d.small()?,
            base_offset: d.int()?,
            left_out: d.uint()?,
            block: d.uint()?,
            bytes: d.uint()?,
            tag: d.fixed()?,
            commitment: d.fixed()?,
            plan: d.fixed()?,
            sealed: d.fixed()?,
        })
    }
}

impl UnreadRef {
    pub(crate) fn encode(&self, e: &mut Encoder) {
        let what = &self.what;
        e.array(8);
        e.uint(what.topic.into());
        e.int(what.partition.into());
        e.int(what.offset);
        e.uint(what.part.into());
        e.uint(what.length);
        e.uint(what.at);
        e.text(&what.why);
        e.bytes(&self.commitment);
    }

    pub(crate) fn decode(d: &mut Decoder<'_>) -> Result<Self, Malformed> {
        d.array_of(8)?;
        let what = UnreadPart {
            topic: d.small()?,
            partition: d.small()?,
            offset: d.int()?,
            part: d.small()?,
            length: d.uint()?,
            at: d.uint()?,
            why: d.text()?,
        };
        Ok(UnreadRef { what, commitment: d.fixed()? })
    }
}

/// One frame of a block: its place among the block's pieces, then what is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// From 0.
    pub number: u32,
    /// How many the block has.
    pub of: u32,
    /// The encryption's counter.
    pub counter: u64,
    /// Ciphertext and tag.
    pub sealed: &'a [u8],
}

/// The beginning of such a frame's body, before what is encrypted.
#[cfg(feature = "store")]
pub(crate) fn piece_head(number: u32, of: u32, counter: u64) -> [u8; PIECE_HEAD] {
    let mut head = [0; PIECE_HEAD];
    let parts = number.to_le_bytes().into_iter().chain(of.to_le_bytes()).chain(counter.to_le_bytes());
    head.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    head
}

impl<'a> Piece<'a> {
    /// Reads a frame's body.
    ///
    /// # Errors
    /// It is too short, or has a place that its block does not have.
    pub fn decode(body: &'a [u8]) -> Result<Self, FrameError> {
        let (head, sealed) = body.split_first_chunk::<PIECE_HEAD>().ok_or(FrameError::Body)?;
        let [n0, n1, n2, n3, o0, o1, o2, o3, counter @ ..] = *head;
        let (number, of) = (u32::from_le_bytes([n0, n1, n2, n3]), u32::from_le_bytes([o0, o1, o2, o3]));
        let most = BLOCK_BYTES_MAX / PIECE_BYTES + 1;
        if number >= of || u32::try_from(most).is_ok_and(|most| of > most) {
            return Err(FrameError::Body);
        }
        Ok(Piece { number, of, counter: u64::from_le_bytes(counter), sealed })
    }
}
