//! What is kept of records: blocks before the leaf that names them.

use super::{Draft, Writer};
use crate::entry::Label;
use crate::frame::{FrameKind, write_frame};
use crate::kept::{KeptRef, PIECE_BYTES, Packed, Unread, UnreadRef};
use crate::leaf::{Leaf, commitment};
use crate::store::error::LogError;
use crate::store::keyring::{DataKey, content_tag};
use crate::store::log::BlockAt;
use crate::store::queue::lock;

impl Writer {
    /// Appends the blocks of an entry, but for those that this segment holds already, and says so in its leaf. Returns the new ones.
    pub(super) fn keep(&mut self, leaf: &mut Leaf, draft: &mut Draft) -> Result<Vec<NewBlock>, LogError> {
        let index = leaf.index;
        let mut new: Vec<NewBlock> = Vec::new();
        for (place, keep) in std::mem::take(&mut leaf.entry.kept).into_iter().enumerate() {
            let own = new.iter().find(|(digest, _)| *digest == keep.digest).map(|(_, block)| *block);
            let block = match own.or_else(|| lock(&self.shared.blocks).get(&keep.digest)) {
                Some(block) => block,
                None => {
                    let block = self.write_block(&keep.block, draft)?;
                    new.push((keep.digest, block));
                    block
                }
            };
            let Some(segment) = &self.segment else { return Err(LogError::Closed) };
            let salt = segment.payload.salt_at(index, Label::Stored, place);
            leaf.kept.push(KeptRef {
                topic: keep.topic,
                partition: keep.partition,
                base_offset: keep.base_offset,
                left_out: keep.left_out,
                block: block.first,
                bytes: keep.block.length,
                tag: content_tag(&self.lineage, &keep.content),
                commitment: commitment(&salt, Label::Stored, &keep.digest),
                plan: keep.plan,
                sealed: block.sealed,
            });
        }
        let Some(segment) = &self.segment else { return Err(LogError::Closed) };
        leaf.unread = unread(std::mem::take(&mut leaf.entry.unread), index, &segment.payload);
        Ok(new)
    }

    /// Appends the frames of a block.
    fn write_block(&mut self, block: &Packed, draft: &mut Draft) -> Result<BlockAt, LogError> {
        let Some(segment) = &mut self.segment else { return Err(LogError::Closed) };
        let (first, mut hasher) = (self.seq, blake3::Hasher::new());
        let head = block.head();
        // The first piece has the block's head before it.
        let (front, rest) = block.bytes.split_at(block.bytes.len().min(PIECE_BYTES - head.len()));
        let of = u32::try_from(1 + rest.len().div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX);
        let pieces = std::iter::once((&head[..], front)).chain(rest.chunks(PIECE_BYTES).map(|piece| (&[][..], piece)));
        for (number, parts) in (0..).zip(pieces) {
            let body = segment.payload.seal_piece(&self.origin, first, (number, of), parts)?;
            hasher.update(&body);
            write_frame(&mut draft.bytes, FrameKind::Block, self.seq, &body);
            self.seq += 1;
        }
        Ok(BlockAt { first, sealed: *hasher.finalize().as_bytes() })
    }
}

/// BLAKE3 of what a block holds, and where it is.
type NewBlock = ([u8; 32], BlockAt);

/// Commitments in the place of what could not be read.
fn unread(parts: Vec<Unread>, index: u64, key: &DataKey) -> Vec<UnreadRef> {
    let parts = parts.into_iter().enumerate();
    let parts = parts.map(|(place, Unread { what, digest })| UnreadRef {
        what,
        commitment: commitment(&key.salt_at(index, Label::Unread, place), Label::Unread, &digest),
    });
    parts.collect()
}
