//! LZ4's frame format around the blocks of `lz4_flex`. That crate's own reader fills a buffer as large as a frame's largest block
//! might be, 4 MiB in what Go clients write, for each frame; here blocks unpack to where they belong.
//!
//! Source: LZ4 Frame Format Description 1.6. Its checksums are passed over: a batch's CRC-32C covers the same bytes.

use lz4_flex::block;

use super::Why;
use super::compression::{PACKING, Unpacked, append};

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// Version 1, independent blocks, no checksums, no size (Kafka's Java client takes no linked blocks); blocks of 64 KiB at most; the
/// check byte of these two.
const DESCRIPTOR: [u8; 3] = [0x60, 0x40, 0x82];
const BLOCK_BYTES: usize = 64 << 10;
/// How far back a linked block may refer.
const WINDOW_BYTES: usize = 64 << 10;
/// Of a block's size: it is not compressed.
const STORED: u32 = 0x8000_0000;
/// One byte of a match's length stands for 255 bytes at most.
const RATIO_MAX: usize = 255;

/// Unpacks one frame, after which nothing may come.
pub(super) fn unpack(packed: &[u8], into: &mut Unpacked) -> Result<(), Why> {
    const UNKNOWN: Why = Why::Packed("not an lz4 frame");
    let mut rest = packed;
    if take::<4>(&mut rest)? != MAGIC {
        return Err(UNKNOWN);
    }
    let [flags, sizes] = take::<2>(&mut rest)?;
    let (linked, block_checksums) = (flags & 0x20 == 0, flags & 0x10 != 0);
    let (sized, content_checksum) = (flags & 0x08 != 0, flags & 0x04 != 0);
    // Another version, a reserved bit, a dictionary that nobody has.
    if flags & 0xc3 != 0x40 {
        return Err(UNKNOWN);
    }
    let block_max = match sizes {
        0x40 => 64 << 10,
        0x50 => 256 << 10,
        0x60 => 1 << 20,
        0x70 => 4 << 20,
        _ => return Err(UNKNOWN),
    };
    let size = if sized { Some(u64::from_le_bytes(take(&mut rest)?)) } else { None };
    let [_check] = take(&mut rest)?;
    loop {
        let head = u32::from_le_bytes(take(&mut rest)?);
        if head == 0 {
            break;
        }
        let length = usize::try_from(head & !STORED).unwrap_or(usize::MAX);
        if length > block_max {
            return Err(Why::Packed("an lz4 block is larger than its frame allows"));
        }
        let (block, after) = rest.split_at_checked(length).ok_or(CUT)?;
        rest = after;
        if head & STORED == 0 {
            compressed(block, block_max, linked, into)?
        } else {
            stored(block, into)?
        }
        if block_checksums {
            take::<4>(&mut rest)?;
        }
    }
    if content_checksum {
        take::<4>(&mut rest)?;
    }
    if size.is_some_and(|size| usize::try_from(size) != Ok(into.filled().len())) {
        return Err(Why::Packed("an lz4 frame's size does not match"));
    }
    if rest.is_empty() { Ok(()) } else { Err(Why::Packed("bytes come after an lz4 frame")) }
}

fn stored(block: &[u8], into: &mut Unpacked) -> Result<(), Why> {
    let (_, room) = into.room(block.len());
    let fits = block.get(..room.len()).unwrap_or_default();
    room.copy_from_slice(fits);
    into.advance(fits.len())
}

fn compressed(block: &[u8], block_max: usize, linked: bool, into: &mut Unpacked) -> Result<(), Why> {
    let most = block.len().saturating_mul(RATIO_MAX).min(block_max);
    let (before, room) = into.room(most);
    let given = room.len();
    let written = if linked {
        let window = before.get(before.len().saturating_sub(WINDOW_BYTES)..).unwrap_or_default();
        block::decompress_into_with_dict(block, room, window)
    } else {
        block::decompress_into(block, room)
    };
    match written {
        Ok(written) => into.advance(written),
        Err(_error) if given < most => Err(Why::Unpacked),
        Err(_error) => Err(Why::Packed("an lz4 block is corrupt")),
    }
}

/// Appends one frame.
pub(super) fn pack(plain: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&DESCRIPTOR);
    for chunk in plain.chunks(BLOCK_BYTES) {
        let begin = out.len();
        out.extend_from_slice(&[0; 4]);
        let length = append(out, block::get_maximum_output_size(chunk.len()), |room| {
            block::compress_into(chunk, room).map_err(|_error| PACKING)
        })?;
        let mut head = u32::try_from(length).map_err(|_long| PACKING)?;
        if length >= chunk.len() {
            out.truncate(begin.saturating_add(4));
            out.extend_from_slice(chunk);
            head = u32::try_from(chunk.len()).map_err(|_long| PACKING)? | STORED;
        }
        if let Some(place) = out.get_mut(begin..begin.saturating_add(4)) {
            place.copy_from_slice(&head.to_le_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    Ok(())
}

const CUT: Why = Why::Packed("an lz4 frame that is cut");

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Why> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(CUT)?;
    *rest = after;
    Ok(*taken)
}
