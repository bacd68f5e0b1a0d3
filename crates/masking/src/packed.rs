//! Tells data that is compressed by how it begins: what is in it cannot be seen, and so cannot be masked.

use memchr::memmem;

/// Beginnings that are too long to stand anywhere by chance.
const MAGIC: &[&[u8]] = &[
    // gzip with deflate, RFC 1952
    &[0x1f, 0x8b, 0x08],
    // zstd, RFC 8878, and its frames that are skipped
    &[0x28, 0xb5, 0x2f, 0xfd],
    // LZ4, its frames and those of its older programs
    &[0x04, 0x22, 0x4d, 0x18],
    &[0x02, 0x21, 0x4c, 0x18],
    // zip: a file, and an archive without any
    b"PK\x03\x04",
    b"PK\x05\x06",
    // xz, 7z
    &[0xfd, b'7', b'z', b'X', b'Z', 0],
    &[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c],
    // Snappy in frames, and as Java's Kafka clients write it
    b"\xff\x06\0\0sNaPpY",
    b"\x82SNAPPY\0",
];
/// bzip2: `BZh`, how large its blocks are, and the first block's own beginning.
const BZIP2: &[u8] = b"1AY&SY";

/// Whether these bytes begin as compressed data do: gzip, zlib, zstd, LZ4, zip, bzip2, xz, 7z or Snappy in frames. The two bytes of
/// zlib are too few to tell it from text (`x^2`), so what is text without control characters is none.
#[must_use]
pub fn is_packed(bytes: &[u8]) -> bool {
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) || is_bzip2(bytes) || is_zlib(bytes)
}

/// Where compressed data begin in these bytes, if any do; for bytes that are no text. zlib is told at the beginning only.
pub(crate) fn find(bytes: &[u8]) -> Option<usize> {
    if is_packed(bytes) {
        return Some(0);
    }
    let magic = MAGIC.iter().filter_map(|magic| memmem::find(bytes, magic)).min();
    let block = memmem::find_iter(bytes, BZIP2).filter_map(|at| at.checked_sub(4));
    let bzip2 = block.filter(|at| bytes.get(*at..).is_some_and(is_bzip2)).min();
    magic.into_iter().chain(bzip2).min()
}

fn is_bzip2(bytes: &[u8]) -> bool {
    matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if rest.starts_with(BZIP2))
}

/// zlib (RFC 1950): a header of 32 KiB windows whose check holds, and the beginning of a block of deflate (RFC 1951) that can be one.
fn is_zlib(bytes: &[u8]) -> bool {
    let [0x78, level @ (0x01 | 0x5e | 0x9c | 0xda), first, rest @ ..] = bytes else { return false };
    if (0x7800 + u32::from(*level)) % 31 != 0 {
        return false;
    }
    let block = match (first >> 1) & 3 {
        // Stored: a length and its complement.
        0 => matches!(rest, [a, b, c, d, ..] if *a == !c && *b == !d),
        1 => true,
        // How many codes there are: at most 286 and 30.
        2 => first >> 3 <= 29 && rest.first().is_some_and(|second| second & 0x1f <= 29),
        _ => false,
    };
    let head = bytes.get(..bytes.len().min(64)).unwrap_or_default();
    block && head.iter().any(|byte| byte.is_ascii_control() || !byte.is_ascii())
}
