//! Kafka's codecs. Unpacking is bounded by what has come out, never by what the bytes say will; packing is what Kafka's own clients
//! can read. States and buffers are kept, since for small batches making them would take most of the time.

use std::fmt;
use std::io::{Cursor, Read as _};

use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use zstd_safe::{CCtx, DCtx};

use super::record::NewRecord;
use super::{Why, lz4};

/// What is kept of each buffer after a call. Larger ones go back, so that one large batch does not cost its owner memory for ever.
const KEPT_BYTES: usize = 8 << 20;
/// Of 1 to 9, where producers use 6: a batch is packed anew for each of its readers and lives for one answer only. On the bench's
/// records 1 packs a quarter worse, and 3 hardly better in half as long again.
const GZIP_LEVEL: u32 = 2;
/// Where producers use 3, for the same reason: it packs the bench's records about as well in less time.
const ZSTD_LEVEL: i32 = 1;
/// What is read at once from a decompressor that gives any amount.
const CHUNK_BYTES: usize = 64 << 10;
/// A gzip member without a name or a time, from an unknown system (RFC 1952, 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// How snappy-java begins a stream of blocks: a magic, its version and the oldest compatible one.
const XERIAL_MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const XERIAL_VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// snappy-java's block size.
const XERIAL_BLOCK_BYTES: usize = 32 << 10;
/// Snappy's best is a copy of 64 bytes said in three: a block that claims more lies, and nothing is allocated for it.
const SNAPPY_RATIO_MAX: usize = 22;
/// How well records are thought to pack at first: more room has to be wiped, less makes for more second tries.
const ZSTD_RATIO_TRIED: usize = 8;
/// The least room that is tried, for the smallest batches.
const ZSTD_ROOM_BYTES: usize = 16 << 10;
/// `ZSTD_error_dstSize_tooSmall`, as zstd returns errors: negated. One of those that its header promises to keep.
const ZSTD_TOO_SMALL: usize = 0_usize.wrapping_sub(70);

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    pub(super) fn of(bits: i16) -> Option<Codec> {
        match bits {
            0 => Some(Codec::None),
            1 => Some(Codec::Gzip),
            2 => Some(Codec::Snappy),
            3 => Some(Codec::Lz4),
            4 => Some(Codec::Zstd),
            _ => None,
        }
    }
}

/// What rewriting keeps from call to call: states of the codecs, made when first needed, and buffers. For whoever rewrites on one
/// thread; some megabytes when all codecs are in use.
#[derive(Default)]
pub struct Codecs {
    pub(super) packing: Packing,
    pub(super) unpacked: Unpacked,
    pub(super) plain: Vec<u8>,
    pub(super) new: NewRecord,
}

impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The buffers hold payload.
        f.debug_struct("Codecs").finish_non_exhaustive()
    }
}

impl Codecs {
    /// Wipes what was unpacked, and gives back what is larger than is worth keeping.
    pub(super) fn trim(&mut self) {
        self.unpacked.wipe();
        for buffer in [&mut self.plain, &mut self.unpacked.bytes] {
            buffer.truncate(KEPT_BYTES);
            buffer.shrink_to(KEPT_BYTES);
        }
        self.new.trim(KEPT_BYTES);
        if let Some(gunzip) = &mut self.packing.gunzip {
            let input = gunzip.get_mut().get_mut();
            input.clear();
            input.shrink_to(KEPT_BYTES);
        }
    }
}

/// What a batch unpacks to. Room is kept from batch to batch, since making it anew would cost as much as unpacking; what was in it
/// is not: a decoder that copies from before its output (as lz4_flex once did, RUSTSEC-2026-0041) must find nobody's records there.
#[derive(Default)]
pub(super) struct Unpacked {
    /// Zeros from `written` on.
    bytes: Vec<u8>,
    filled: usize,
    written: usize,
    limit: usize,
}

/// How far a decoder that writes from the front on may go beyond what it says: the longest step of a copy, and some.
const OVERSHOOT_BYTES: usize = 256;

impl Unpacked {
    /// Wipes what was there; from now on `limit` bytes may come.
    pub(super) fn begin(&mut self, limit: usize) {
        self.wipe();
        self.limit = limit;
    }

    fn wipe(&mut self) {
        let written = self.written.min(self.bytes.len());
        self.bytes.get_mut(..written).unwrap_or_default().fill(0);
        (self.filled, self.written) = (0, 0);
    }

    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// What is filled, and room for as many bytes more; for fewer only where the limit would be passed.
    pub(super) fn room(&mut self, bytes: usize) -> (&[u8], &mut [u8]) {
        // One byte beyond the limit, so that reaching it and passing it are told apart.
        let end = self.filled.saturating_add(bytes).min(self.limit.saturating_add(1));
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        // All of it, unless the decoder comes back and says how much.
        self.written = self.written.max(end);
        let (filled, room) = self.bytes.split_at_mut_checked(self.filled).unwrap_or_default();
        let given = end.saturating_sub(filled.len());
        (&*filled, room.get_mut(..given).unwrap_or_default())
    }

    /// Counts what was written to the room by a decoder that writes from the front on.
    pub(super) fn advance(&mut self, bytes: usize) -> Result<(), Why> {
        self.written = self.filled.saturating_add(bytes).saturating_add(OVERSHOOT_BYTES);
        self.advance_in_all(bytes)
    }

    /// The same for one that may have used all of the room for its work.
    fn advance_in_all(&mut self, bytes: usize) -> Result<(), Why> {
        self.filled = self.filled.saturating_add(bytes).min(self.bytes.len());
        if self.filled > self.limit { Err(Why::Unpacked) } else { Ok(()) }
    }
}

/// The states of the codecs.
#[derive(Default)]
pub(super) struct Packing {
    gunzip: Option<GzDecoder<Cursor<Vec<u8>>>>,
    gzip: Option<Compress>,
    unsnap: snap::raw::Decoder,
    snap: Option<snap::raw::Encoder>,
    unzstd: Option<DCtx<'static>>,
    zstd: Option<CCtx<'static>>,
}

impl Packing {
    /// Unpacks all of `packed`, which must end where its codec says.
    pub(super) fn unpack(&mut self, codec: Codec, packed: &[u8], into: &mut Unpacked) -> Result<(), Why> {
        match codec {
            Codec::None => {
                let (_, room) = into.room(packed.len());
                let fits = packed.get(..room.len()).unwrap_or_default();
                room.copy_from_slice(fits);
                into.advance(fits.len())
            }
            Codec::Gzip => self.gunzip(packed, into),
            Codec::Snappy => self.unsnap(packed, into),
            Codec::Lz4 => lz4::unpack(packed, into),
            Codec::Zstd => self.unzstd(packed, into),
        }
    }

    /// Appends `plain`, packed.
    pub(super) fn pack(&mut self, codec: Codec, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
        match codec {
            Codec::None => out.extend_from_slice(plain),
            Codec::Gzip => self.gzip(plain, out)?,
            Codec::Snappy => self.snap(plain, out)?,
            Codec::Lz4 => lz4::pack(plain, out)?,
            Codec::Zstd => {
                let state = self.zstd.get_or_insert_with(CCtx::create);
                append(out, zstd_safe::compress_bound(plain.len()), |room| {
                    state.compress(room, plain, ZSTD_LEVEL).map_err(|_code| PACKING)
                })?;
            }
        }
        Ok(())
    }

    /// One gzip member after the other.
    fn gunzip(&mut self, packed: &[u8], into: &mut Unpacked) -> Result<(), Why> {
        let state = self.gunzip.get_or_insert_with(|| GzDecoder::new(Cursor::default()));
        let mut input = std::mem::take(state.get_mut()).into_inner();
        input.clear();
        input.extend_from_slice(packed);
        let mut input = Cursor::new(input);
        loop {
            state.reset(input);
            loop {
                let (_, room) = into.room(CHUNK_BYTES);
                match state.read(room).map_err(|_gzip| Why::Packed("not gzip to its end"))? {
                    0 => {
                        into.advance(0)?;
                        break;
                    }
                    read => into.advance(read)?,
                }
            }
            if usize::try_from(state.get_ref().position()).is_ok_and(|at| at >= packed.len()) {
                return Ok(());
            }
            input = std::mem::take(state.get_mut());
        }
    }

    fn gzip(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
        let state = self.gzip.get_or_insert_with(|| Compress::new(Compression::new(GZIP_LEVEL), false));
        state.reset();
        let mut crc = Crc::new();
        crc.update(plain);
        out.extend_from_slice(&GZIP_HEADER);
        let mut rest = plain;
        loop {
            out.reserve(CHUNK_BYTES);
            let (taken, length) = (state.total_in(), out.len());
            let status = state.compress_vec(rest, out, FlushCompress::Finish).map_err(|_error| PACKING)?;
            let taken = usize::try_from(state.total_in().saturating_sub(taken)).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            match status {
                Status::StreamEnd => break,
                _ if taken == 0 && out.len() == length => return Err(PACKING),
                _ => {}
            }
        }
        out.extend_from_slice(&crc.sum().to_le_bytes());
        out.extend_from_slice(&crc.amount().to_le_bytes());
        Ok(())
    }

    /// snappy-java's stream of blocks, or the one bare block of librdkafka. A bare block cannot begin with the magic: its first
    /// element would copy what is not there yet.
    fn unsnap(&mut self, packed: &[u8], into: &mut Unpacked) -> Result<(), Why> {
        const CUT: Why = Why::Packed("a snappy stream that is cut");
        let Some(stream) = packed.strip_prefix(&XERIAL_MAGIC) else { return self.unsnap_block(packed, into) };
        let mut rest = stream.get(XERIAL_VERSIONS.len()..).ok_or(CUT)?;
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk::<4>().ok_or(CUT)?;
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            let (block, after) = after.split_at_checked(length).ok_or(CUT)?;
            self.unsnap_block(block, into)?;
            rest = after;
        }
        Ok(())
    }

    fn unsnap_block(&mut self, block: &[u8], into: &mut Unpacked) -> Result<(), Why> {
        const CORRUPT: Why = Why::Packed("not a snappy block");
        let length = snap::raw::decompress_len(block).map_err(|_error| CORRUPT)?;
        if length > block.len().saturating_mul(SNAPPY_RATIO_MAX) {
            return Err(CORRUPT);
        }
        let (_, room) = into.room(length);
        if room.len() < length {
            return Err(Why::Unpacked);
        }
        let written = self.unsnap.decompress(block, room).map_err(|_error| CORRUPT)?;
        into.advance(written)
    }

    fn snap(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
        let state = self.snap.get_or_insert_with(snap::raw::Encoder::new);
        out.extend_from_slice(&XERIAL_MAGIC);
        out.extend_from_slice(&XERIAL_VERSIONS);
        for chunk in plain.chunks(XERIAL_BLOCK_BYTES) {
            let length_at = out.len();
            out.extend_from_slice(&[0; 4]);
            let length = append(out, snap::raw::max_compress_len(chunk.len()), |room| {
                state.compress(chunk, room).map_err(|_error| PACKING)
            })?;
            let length = u32::try_from(length).map_err(|_long| PACKING)?;
            if let Some(place) = out.get_mut(length_at..length_at.saturating_add(4)) {
                place.copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }

    /// Frames unpack straight into the room, so that no window is allocated by what their headers say. What a frame says of its
    /// size is not believed either: the room grows until it is enough, and what was done before is done again.
    fn unzstd(&mut self, packed: &[u8], into: &mut Unpacked) -> Result<(), Why> {
        let state = self.unzstd.get_or_insert_with(DCtx::create);
        let mut asked = packed.len().saturating_mul(ZSTD_RATIO_TRIED).max(ZSTD_ROOM_BYTES);
        loop {
            let (_, room) = into.room(asked);
            let given = room.len();
            match state.decompress(room, packed) {
                Ok(written) => return into.advance_in_all(written),
                Err(ZSTD_TOO_SMALL) if given < asked => return Err(Why::Unpacked),
                Err(ZSTD_TOO_SMALL) => asked = asked.saturating_mul(4),
                Err(_code) => return Err(Why::Packed("not zstd to its end")),
            }
        }
    }
}

/// A codec that cannot pack into as much room as it asked for.
pub(super) const PACKING: Why = Why::Packed("the changed records cannot be packed");

/// Appends at most `most` bytes that `write` puts into a room of that size, and says how many.
pub(super) fn append(
    out: &mut Vec<u8>,
    most: usize,
    write: impl FnOnce(&mut [u8]) -> Result<usize, Why>,
) -> Result<usize, Why> {
    let begin = out.len();
    out.resize(begin.saturating_add(most), 0);
    let written = write(out.get_mut(begin..).unwrap_or_default())?;
    out.truncate(begin.saturating_add(written));
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOWS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    fn packed(codec: Codec, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Packing::default().pack(codec, plain, &mut out).unwrap();
        out
    }

    #[test]
    fn what_was_packed_unpacks() {
        let mut codecs = Codecs::default();
        let text = b"some text that repeats, some text that repeats; ".repeat(9_000);
        let noise: Vec<u8> = (0..300_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
        for codec in HOWS {
            for plain in [&text[..], &noise, b"", b"x", &text[..XERIAL_BLOCK_BYTES], &text[..64 << 10]] {
                let packed = packed(codec, plain);
                codecs.unpacked.begin(plain.len());
                codecs.packing.unpack(codec, &packed, &mut codecs.unpacked).unwrap();
                assert!(codecs.unpacked.filled() == plain, "{codec:?} {}", plain.len());
            }
        }
    }

    #[test]
    fn a_bomb_gets_no_more_room_than_its_bound() {
        let zeros = vec![0; 8 << 20];
        for codec in HOWS {
            let bomb = packed(codec, &zeros);
            for limit in [0, 1, 1_000, 1 << 20, zeros.len() - 1] {
                let mut codecs = Codecs::default();
                codecs.unpacked.begin(limit);
                let stopped = codecs.packing.unpack(codec, &bomb, &mut codecs.unpacked);
                assert_eq!(stopped, Err(Why::Unpacked), "{codec:?} {limit}");
                assert!(codecs.unpacked.bytes.len() <= limit + 1, "{codec:?} {limit}");
            }
        }
    }

    #[test]
    fn nothing_of_a_batch_is_left_for_the_next_decoder() {
        let secret = b"4111-1111-1111-1111 ".repeat(20_000);
        for codec in HOWS {
            let whole = packed(codec, &secret);
            let mut codecs = Codecs::default();
            // Also of one that breaks off in the middle.
            for packed in [&whole[..], &whole[..whole.len() - 9]] {
                codecs.unpacked.begin(BATCH);
                let unpacked = codecs.packing.unpack(codec, packed, &mut codecs.unpacked);
                assert_eq!(unpacked.is_ok(), packed.len() == whole.len(), "{codec:?}");
                codecs.trim();
                assert!(codecs.unpacked.bytes.len() >= secret.len(), "{codec:?}");
                assert!(codecs.unpacked.bytes.iter().all(|byte| *byte == 0), "{codec:?}");
            }
        }
    }

    #[test]
    fn a_large_batch_does_not_keep_its_room() {
        let zeros = vec![0; 3 * KEPT_BYTES];
        for codec in HOWS {
            let packed = packed(codec, &zeros);
            let mut codecs = Codecs::default();
            codecs.unpacked.begin(zeros.len());
            codecs.packing.unpack(codec, &packed, &mut codecs.unpacked).unwrap();
            codecs.plain.extend_from_slice(codecs.unpacked.filled());
            codecs.trim();
            assert!(codecs.unpacked.bytes.capacity() <= KEPT_BYTES, "{codec:?}");
            assert!(codecs.plain.capacity() <= KEPT_BYTES, "{codec:?}");
        }
    }

    const BATCH: usize = 1 << 20;
}
