//! What is kept of records: blocks before the leaf that names them.

use super::{Draft, Writer};
use crate::entry::Label;
use crate::frame::{FrameKind, write_frame};
use crate::kept::{KeptRef, PIECE_BYTES, Unread, UnreadRef};
use crate::leaf::{Leaf, commitment};
use crate::store::error::LogError;
use crate::store::keyring::{DataKey, content_tag};
use crate::store::log::{BlockAt, BlockId};
use crate::store::queue::lock;

impl Writer {
    /// Appends the blocks of an entry, but for those that this segment holds already, and says so in its leaf. Returns the new ones that
    /// others may share.
    pub(super) fn keep(&mut self, leaf: &mut Leaf, draft: &mut Draft) -> Result<Vec<(BlockId, BlockAt)>, LogError> {
        let Some(segment) = &mut self.segment else { return Err(LogError::Closed) };
        let index = leaf.index;
        let mut new: Vec<(BlockId, BlockAt)> = Vec::new();
        for (place, keep) in std::mem::take(&mut leaf.entry.kept).into_iter().enumerate() {
            let id = BlockId { content: keep.content, plan: keep.plan };
            let known = || {
                let own = new.iter().find(|(other, _)| *other == id).map(|(_, block)| *block);
                own.or_else(|| lock(&self.shared.blocks).get(&id))
            };
            let block = match known().filter(|_| keep.shared) {
                Some(block) => block,
                None => {
                    let (first, mut hasher) = (self.seq, blake3::Hasher::new());
                    let plain = [&keep.block.head()[..], &keep.block.bytes].concat();
                    let pieces = plain.chunks(PIECE_BYTES);
                    let of = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
                    for (number, piece) in (0..).zip(pieces) {
                        let body = segment.payload.seal_piece(&self.origin, first, (number, of), piece)?;
                        hasher.update(&body);
                        write_frame(&mut draft.bytes, FrameKind::Block, self.seq, &body);
                        self.seq += 1;
                    }
                    let block = BlockAt { first, sealed: *hasher.finalize().as_bytes() };
                    new.extend(keep.shared.then_some((id, block)));
                    block
                }
            };
            leaf.kept.push(KeptRef {
                topic: keep.topic,
                partition: keep.partition,
                base_offset: keep.base_offset,
                left_out: keep.left_out,
                block: block.first,
                sealed: block.sealed,
                bytes: keep.block.length,
                tag: content_tag(&self.lineage, &keep.content),
                commitment: commitment(
                    &segment.payload.salt_at(index, Label::Stored, place),
                    Label::Stored,
                    &keep.digest,
                ),
                plan: keep.plan,
            });
        }
        leaf.unread = unread(std::mem::take(&mut leaf.entry.unread), index, &segment.payload);
        Ok(new)
    }
}

/// Commitments in the place of what could not be read.
fn unread(parts: Vec<Unread>, index: u64, key: &DataKey) -> Vec<UnreadRef> {
    let parts = parts.into_iter().enumerate();
    let parts = parts.map(|(place, Unread { what, digest })| UnreadRef {
        what,
        commitment: commitment(&key.salt_at(index, Label::Unread, place), Label::Unread, &digest),
    });
    parts.collect()
}
