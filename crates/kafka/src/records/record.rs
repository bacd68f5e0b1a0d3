//! One record: where its parts stand, and the same record with some of them new.

use super::{Changed, Why};
use crate::encode::put_uvarint;

/// A data record as its writer wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its offset in the partition; in a produced batch, its place from 0.
    pub offset: i64,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null.
    pub value: Option<&'a [u8]>,
    /// The headers, in order; keys may repeat.
    pub headers: Headers<'a>,
}

/// Headers of a record, read to their end already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    count: u32,
}

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its key, which should be UTF-8 and need not be.
    pub key: &'a [u8],
    /// Its value, or null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Headers<'a> {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each header in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut input = Input::new(self.bytes);
        (0..self.count).map_while(move |_header| Header::read(&mut input).ok())
    }
}

impl<'a> Header<'a> {
    fn read(input: &mut Input<'a>) -> Result<Self, Why> {
        let key = input.part()?.bytes.ok_or(Why::Record("a header's key is null"))?;
        Ok(Header { key, value: input.part()?.bytes })
    }
}

/// Buffers for a record's new parts, kept from record to record.
#[derive(Clone, Debug, Default)]
pub struct NewRecord {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// All headers: those that stay must be put here too.
    pub headers: NewHeaders,
}

impl NewRecord {
    pub(super) fn clear(&mut self) {
        self.key.clear();
        self.value.clear();
        self.headers.bytes.clear();
        self.headers.count = 0;
    }

    pub(super) fn trim(&mut self, kept: usize) {
        for buffer in [&mut self.key, &mut self.value, &mut self.headers.bytes] {
            buffer.clear();
            buffer.shrink_to(kept);
        }
    }
}

/// New headers, in order.
#[derive(Clone, Debug, Default)]
pub struct NewHeaders {
    bytes: Vec<u8>,
    count: u32,
}

impl NewHeaders {
    /// Adds a header.
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        put_part(&mut self.bytes, Some(key));
        put_part(&mut self.bytes, value);
        self.count = self.count.saturating_add(1);
    }

    /// How many bytes they take.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What was put here.
    pub(crate) fn read(&self) -> Headers<'_> {
        Headers { bytes: &self.bytes, count: self.count }
    }
}

/// A key or value: its bytes, and all of it with its length.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    raw: &'a [u8],
    bytes: Option<&'a [u8]>,
}

/// Where the parts of a record stand.
pub(super) struct Layout<'a> {
    /// Attributes, timestamp delta and offset delta.
    fixed: &'a [u8],
    pub(super) offset_delta: u32,
    key: Part<'a>,
    value: Part<'a>,
    /// The headers with their count.
    raw_headers: &'a [u8],
    headers: Headers<'a>,
}

impl<'a> Layout<'a> {
    /// Reads the next record, which must be exactly as long as it says.
    pub(super) fn read(input: &mut Input<'a>) -> Result<Self, Why> {
        let length = input.length()?.ok_or(Why::Record("its length is negative"))?;
        let mut body = Input::new(input.take(length)?);
        body.take(1)?;
        body.skip_varlong()?;
        let offset_delta = u32::try_from(body.varint()?).map_err(|_n| Why::Record("its offset is before its batch"))?;
        let fixed = body.since(0);
        let key = body.part()?;
        let value = body.part()?;
        let headers_at = body.at();
        let count = body.varint()?;
        let count = u32::try_from(count).map_err(|_negative| Why::Record("its number of headers is negative"))?;
        let first_at = body.at();
        // Each takes two bytes at least: a count that lies ends with the bytes.
        for _header in 0..count {
            Header::read(&mut body)?;
        }
        if !body.is_empty() {
            return Err(Why::Record("bytes come after its headers"));
        }
        let headers = Headers { bytes: body.since(first_at), count };
        Ok(Layout { fixed, offset_delta, key, value, raw_headers: body.since(headers_at), headers })
    }

    pub(super) fn record(&self, offset: i64) -> Record<'a> {
        Record { offset, key: self.key.bytes, value: self.value.bytes, headers: self.headers }
    }

    /// Appends the record with the parts that `changed` names from `new`.
    pub(super) fn write(&self, new: &NewRecord, changed: Changed, out: &mut Vec<u8>) -> Result<(), Why> {
        let key = Some(new.key.as_slice()).filter(|_| changed.key && self.key.bytes.is_some());
        let value = Some(new.value.as_slice()).filter(|_| changed.value && self.value.bytes.is_some());
        let headers = Some(&new.headers).filter(|_| changed.headers);
        let length = [
            self.fixed.len(),
            key.map_or(self.key.raw.len(), part_bytes),
            value.map_or(self.value.raw.len(), part_bytes),
            headers.map_or(self.raw_headers.len(), |h| h.bytes.len().saturating_add(length_bytes(count_of(h)))),
        ]
        .into_iter()
        .fold(0, usize::saturating_add);
        // Every length within is smaller, and so fits too.
        if i32::try_from(length).is_err() {
            return Err(Why::TooLarge);
        }
        put_length(out, Some(length));
        out.extend_from_slice(self.fixed);
        for (new, old) in [(key, self.key), (value, self.value)] {
            match new {
                Some(bytes) => put_part(out, Some(bytes)),
                None => out.extend_from_slice(old.raw),
            }
        }
        match headers {
            Some(headers) => {
                put_length(out, Some(count_of(headers)));
                out.extend_from_slice(&headers.bytes);
            }
            None => out.extend_from_slice(self.raw_headers),
        }
        Ok(())
    }
}

/// Appends a record of the gate's own making: the one of this place in its batch, whose timestamp it has.
pub(crate) fn put_record(
    out: &mut Vec<u8>,
    place: u32,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &NewHeaders,
) {
    const NO_ATTRIBUTES: u8 = 0;
    const BASE_TIMESTAMP: u8 = 0;
    let mut record = vec![NO_ATTRIBUTES, BASE_TIMESTAMP];
    put_length(&mut record, Some(usize::try_from(place).unwrap_or(usize::MAX)));
    put_part(&mut record, key);
    put_part(&mut record, value);
    put_length(&mut record, Some(count_of(headers)));
    record.extend_from_slice(&headers.bytes);
    put_length(out, Some(record.len()));
    out.extend_from_slice(&record);
}

fn count_of(headers: &NewHeaders) -> usize {
    usize::try_from(headers.count).unwrap_or(usize::MAX)
}

fn part_bytes(bytes: &[u8]) -> usize {
    length_bytes(bytes.len()).saturating_add(bytes.len())
}

fn put_part(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_length(out, bytes.map(<[u8]>::len));
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// Zigzag: twice the number, and 1 for the −1 that stands for null. Longer than 2 GiB is refused before it is sent.
fn put_length(out: &mut Vec<u8>, length: Option<usize>) {
    put_uvarint(out, length.map_or(1, zigzag));
}

fn zigzag(length: usize) -> u32 {
    u32::try_from(length.saturating_mul(2)).unwrap_or(u32::MAX)
}

/// How many bytes a length takes.
fn length_bytes(length: usize) -> usize {
    match zigzag(length) {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        0x20_0000..0x1000_0000 => 4,
        _ => 5,
    }
}

/// Bytes that are read from the front; nothing is believed that they do not hold.
pub(super) struct Input<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

const ENDS: Why = Why::Record("it ends inside a field");

impl<'a> Input<'a> {
    pub(super) fn new(all: &'a [u8]) -> Self {
        Input { all, rest: all }
    }

    pub(super) fn at(&self) -> usize {
        self.all.len().saturating_sub(self.rest.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn since(&self, begin: usize) -> &'a [u8] {
        self.all.get(begin..self.at()).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Why> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ENDS)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A zigzag varint of 32 bits. Zeros that only fill its five bytes are taken, as all clients take them.
    fn varint(&mut self) -> Result<i32, Why> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let (byte, rest) = self.rest.split_first().ok_or(ENDS)?;
            self.rest = rest;
            // Clients differ on what a number of more than 32 bits is.
            if shift == 28 && *byte > 0x0f {
                break;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg());
            }
        }
        Err(Why::Record("a number takes more than 32 bits"))
    }

    fn skip_varlong(&mut self) -> Result<(), Why> {
        for place in 0..10 {
            let (byte, rest) = self.rest.split_first().ok_or(ENDS)?;
            self.rest = rest;
            if place == 9 && *byte > 0x01 {
                break;
            }
            if byte & 0x80 == 0 {
                return Ok(());
            }
        }
        Err(Why::Record("a number takes more than 64 bits"))
    }

    /// A length; `None` for the −1 that stands for null.
    fn length(&mut self) -> Result<Option<usize>, Why> {
        match self.varint()? {
            -1 => Ok(None),
            length => usize::try_from(length).map(Some).map_err(|_negative| Why::Record("a length is negative")),
        }
    }

    fn part(&mut self) -> Result<Part<'a>, Why> {
        let begin = self.at();
        let bytes = match self.length()? {
            None => None,
            Some(length) => Some(self.take(length)?),
        };
        Ok(Part { raw: self.since(begin), bytes })
    }
}
