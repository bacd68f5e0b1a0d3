//! A writer and a reader of record batches that share nothing with the crate's own, and the codecs through their libraries' own
//! readers and writers.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

use flate2::{Compression, GzBuilder};
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

pub(crate) const LOG_APPEND_TIME: i16 = 0x08;
pub(crate) const TRANSACTIONAL: i16 = 0x10;
pub(crate) const CONTROL: i16 = 0x20;
pub(crate) const DELETE_HORIZON: i16 = 0x40;

pub(crate) type Headers = Vec<(Vec<u8>, Option<Vec<u8>>)>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rec {
    pub(crate) delta: i32,
    pub(crate) time: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Headers,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) base: i64,
    pub(crate) epoch: i32,
    /// All bits, those of the codec included.
    pub(crate) attributes: i16,
    pub(crate) last_delta: i32,
    pub(crate) base_time: i64,
    pub(crate) max_time: i64,
    pub(crate) producer: (i64, i16, i32),
    pub(crate) records: Vec<Rec>,
}

/// A batch of `records` as a transactional producer writes it.
pub(crate) fn batch(base: i64, records: Vec<Rec>) -> Batch {
    let last_delta = records.iter().map(|r| r.delta).max().unwrap_or(0);
    Batch {
        base,
        epoch: 7,
        attributes: TRANSACTIONAL,
        last_delta,
        base_time: 1_700_000_000_000,
        max_time: 1_700_000_000_999,
        producer: (4711, 3, 99),
        records,
    }
}

pub(crate) fn rec(delta: i32, key: &str, value: &str) -> Rec {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    Rec { delta, time: i64::from(delta) * 3, key: text(key), value: text(value), headers: Vec::new() }
}

impl Batch {
    pub(crate) fn plain(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for record in &self.records {
            put_record(&mut out, record);
        }
        out
    }

    /// Its bytes, packed as `how` says.
    pub(crate) fn bytes(&self, how: How) -> Vec<u8> {
        let attributes = self.attributes | how.codec();
        let count = i32::try_from(self.records.len()).unwrap();
        Batch { attributes, ..self.clone() }.with(count, &pack(how, &self.plain()))
    }

    /// Its header before any bytes, with their length and CRC.
    pub(crate) fn with(&self, count: i32, records: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(self.base.to_be_bytes());
        out.extend(i32::try_from(49 + records.len()).unwrap().to_be_bytes());
        out.extend(self.epoch.to_be_bytes());
        out.push(2);
        out.extend([0; 4]);
        out.extend(self.attributes.to_be_bytes());
        out.extend(self.last_delta.to_be_bytes());
        out.extend(self.base_time.to_be_bytes());
        out.extend(self.max_time.to_be_bytes());
        out.extend(self.producer.0.to_be_bytes());
        out.extend(self.producer.1.to_be_bytes());
        out.extend(self.producer.2.to_be_bytes());
        out.extend(count.to_be_bytes());
        assert_eq!(out.len(), 61);
        out.extend(records);
        fix(&mut out);
        out
    }

    pub(crate) fn last(&self) -> i64 {
        self.base + i64::from(self.last_delta)
    }

    /// One line that says all of it, as `Batches.java` does.
    pub(crate) fn line(&self) -> String {
        let flag = |bit: i16| u8::from(self.attributes & bit != 0);
        let mut line = format!(
            "{} {} {} {:?} {} {} {} {} {}",
            self.base,
            self.last(),
            self.epoch,
            self.producer,
            flag(TRANSACTIONAL),
            flag(CONTROL),
            flag(LOG_APPEND_TIME),
            self.max_time,
            self.attributes & 7
        );
        for record in &self.records {
            let time = match self.attributes & LOG_APPEND_TIME {
                0 => self.base_time + record.time,
                _ => self.max_time,
            };
            let offset = self.base + i64::from(record.delta);
            write!(line, " | {offset} {time} {} {}", hex(record.key.as_ref()), hex(record.value.as_ref())).unwrap();
            for (key, value) in &record.headers {
                write!(line, " {}={}", hex(Some(key)), hex(value.as_ref())).unwrap();
            }
        }
        line
    }
}

pub(crate) fn hex(bytes: Option<&Vec<u8>>) -> String {
    let Some(bytes) = bytes else { return "null".into() };
    bytes.iter().fold("#".to_owned(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Writes the CRC that a batch should have.
pub(crate) fn fix(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

pub(crate) fn put_record(out: &mut Vec<u8>, record: &Rec) {
    let mut body = vec![0];
    put_varint(&mut body, record.time);
    put_varint(&mut body, record.delta.into());
    put_bytes(&mut body, record.key.as_deref());
    put_bytes(&mut body, record.value.as_deref());
    put_varint(&mut body, i64::try_from(record.headers.len()).unwrap());
    for (key, value) in &record.headers {
        put_bytes(&mut body, Some(key));
        put_bytes(&mut body, value.as_deref());
    }
    put_varint(out, i64::try_from(body.len()).unwrap());
    out.extend(body);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_varint(out, bytes.map_or(-1, |b| i64::try_from(b.len()).unwrap()));
    out.extend(bytes.unwrap_or_default());
}

pub(crate) fn put_varint(out: &mut Vec<u8>, number: i64) {
    let mut left = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while left >= 0x80 {
        out.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).unwrap());
}

/// A codec, and a manner of writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    None,
    Gzip,
    GzipMembers,
    Xerial,
    RawSnappy,
    Lz4,
    Lz4Linked,
    Lz4Checked,
    Zstd,
    ZstdFrames,
}

pub(crate) const HOWS: [How; 10] = [
    How::None,
    How::Gzip,
    How::GzipMembers,
    How::Xerial,
    How::RawSnappy,
    How::Lz4,
    How::Lz4Linked,
    How::Lz4Checked,
    How::Zstd,
    How::ZstdFrames,
];

impl How {
    pub(crate) fn codec(self) -> i16 {
        match self {
            How::None => 0,
            How::Gzip | How::GzipMembers => 1,
            How::Xerial | How::RawSnappy => 2,
            How::Lz4 | How::Lz4Linked | How::Lz4Checked => 3,
            How::Zstd | How::ZstdFrames => 4,
        }
    }
}

pub(crate) fn pack(how: How, plain: &[u8]) -> Vec<u8> {
    let halves = || plain.split_at(plain.len() / 2);
    match how {
        How::None => plain.to_vec(),
        How::Gzip => gzip(plain),
        How::GzipMembers => [gzip(halves().0), gzip(b""), gzip(halves().1)].concat(),
        How::Xerial => {
            let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
            for block in plain.chunks(1000) {
                let block = snappy(block);
                out.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
                out.extend(block);
            }
            out
        }
        How::RawSnappy => snappy(plain),
        How::Lz4 => lz4(plain, FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB)),
        How::Lz4Linked => lz4(plain, FrameInfo::new().block_mode(BlockMode::Linked).block_size(BlockSize::Max64KB)),
        // As Go clients write it, and with all checks on.
        How::Lz4Checked => lz4(
            plain,
            FrameInfo::new()
                .block_mode(BlockMode::Independent)
                .block_size(BlockSize::Max4MB)
                .block_checksums(true)
                .content_checksum(true)
                .content_size(Some(u64::try_from(plain.len()).unwrap())),
        ),
        How::Zstd => zstd(plain),
        How::ZstdFrames => [zstd(halves().0), zstd(halves().1)].concat(),
    }
}

/// Packed tighter than the crate packs, and with a name, so that records packed anew are never the same bytes by chance.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().filename("records").write(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn snappy(plain: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(plain).unwrap()
}

fn lz4(plain: &[u8], info: FrameInfo) -> Vec<u8> {
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut out = vec![0; zstd_safe::compress_bound(plain.len())];
    let written = zstd_safe::compress(&mut out[..], plain, 9).unwrap();
    out.truncate(written);
    out
}

pub(crate) fn unpack(codec: i16, packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match codec {
        0 => plain.extend(packed),
        1 => {
            flate2::read::MultiGzDecoder::new(packed).read_to_end(&mut plain).unwrap();
        }
        2 => match packed.strip_prefix(b"\x82SNAPPY\0") {
            None => plain = snap::raw::Decoder::new().decompress_vec(packed).unwrap(),
            Some(mut blocks) => {
                blocks = &blocks[8..];
                while !blocks.is_empty() {
                    let length = usize::try_from(u32::from_be_bytes(blocks[..4].try_into().unwrap())).unwrap();
                    plain.extend(snap::raw::Decoder::new().decompress_vec(&blocks[4..4 + length]).unwrap());
                    blocks = &blocks[4 + length..];
                }
            }
        },
        3 => {
            let mut decoder = FrameDecoder::new(packed);
            decoder.read_to_end(&mut plain).unwrap();
            assert!(decoder.get_ref().is_empty());
        }
        4 => {
            plain = vec![0; 2 << 20];
            let read = zstd_safe::decompress(&mut plain[..], packed).unwrap();
            plain.truncate(read);
        }
        _ => panic!("codec {codec}"),
    }
    plain
}

/// Batches of a partition, read with their CRCs and to the last byte.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<Batch> {
    let mut batches = Vec::new();
    while !bytes.is_empty() {
        let end = 12 + usize::try_from(i32::from_be_bytes(bytes[8..12].try_into().unwrap())).unwrap();
        batches.push(read_one(&bytes[..end]));
        bytes = &bytes[end..];
    }
    batches
}

fn read_one(bytes: &[u8]) -> Batch {
    let i16_at = |at: usize| i16::from_be_bytes(bytes[at..at + 2].try_into().unwrap());
    let i32_at = |at: usize| i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let i64_at = |at: usize| i64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!(bytes[16], 2);
    assert_eq!(bytes[17..21], crc32c::crc32c(&bytes[21..]).to_be_bytes(), "the CRC");
    let attributes = i16_at(21);
    let plain = if bytes.len() == 61 { Vec::new() } else { unpack(attributes & 7, &bytes[61..]) };
    let mut input = &plain[..];
    let records = (0..i32_at(57)).map(|_record| read_record(&mut input)).collect();
    assert!(input.is_empty());
    Batch {
        base: i64_at(0),
        epoch: i32_at(12),
        attributes,
        last_delta: i32_at(23),
        base_time: i64_at(27),
        max_time: i64_at(35),
        producer: (i64_at(43), i16_at(51), i32_at(53)),
        records,
    }
}

fn read_record(input: &mut &[u8]) -> Rec {
    let mut body = read_bytes(input).unwrap();
    body = &body[1..];
    let body = &mut body;
    let record = Rec {
        time: read_varint(body),
        delta: i32::try_from(read_varint(body)).unwrap(),
        key: read_bytes(body).map(<[u8]>::to_vec),
        value: read_bytes(body).map(<[u8]>::to_vec),
        headers: (0..read_varint(body))
            .map(|_header| (read_bytes(body).unwrap().to_vec(), read_bytes(body).map(<[u8]>::to_vec)))
            .collect(),
    };
    assert!(body.is_empty());
    record
}

fn read_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(read_varint(input)).ok()?;
    let (bytes, rest) = input.split_at(length);
    *input = rest;
    Some(bytes)
}

fn read_varint(input: &mut &[u8]) -> i64 {
    let mut number = 0_u64;
    for place in 0..10 {
        let byte = input[0];
        *input = &input[1..];
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            break;
        }
    }
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
