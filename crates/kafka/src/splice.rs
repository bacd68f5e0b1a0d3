//! Changes a frame only where it must: a list of replacements over spans that the walker found. Everything between them is copied
//! as it came, unknown tagged fields included; no replacement at all means the very same bytes.

use std::ops::Range;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::encode::put_uvarint;

/// Replacements over one body.
#[derive(Debug, Default)]
pub struct Splice {
    edits: Vec<(Range<usize>, Vec<u8>)>,
    /// Tagged fields whose size changes with what they hold: where the size stands, where the value stands.
    sized: Vec<(Range<usize>, Range<usize>)>,
}

impl Splice {
    /// Puts `bytes` in the place of `span`; an empty span inserts.
    pub fn replace(&mut self, span: Range<usize>, bytes: Vec<u8>) {
        self.edits.push((span, bytes));
    }

    /// Cuts `span` out, with every edit inside it.
    pub fn remove(&mut self, span: Range<usize>) {
        self.edits.push((span, Vec::new()));
    }

    /// Says that a tagged field's size at `size` counts the bytes at `data`.
    pub fn sized(&mut self, size: Range<usize>, data: Range<usize>) {
        self.sized.push((size, data));
    }

    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The changed body, after `prefix` (length and header) whose first four bytes are set to the new length.
    #[must_use]
    pub fn apply(mut self, prefix: &[u8], body: &[u8]) -> Bytes {
        // At one place insertions go first, then outer spans before inner ones: a removed element swallows its own edits.
        self.edits.sort_by_key(|(span, _)| (span.start, !span.is_empty(), std::cmp::Reverse(span.end)));
        let mut kept: Vec<(Range<usize>, Vec<u8>)> =
            Vec::with_capacity(self.edits.len().saturating_add(self.sized.len()));
        let mut cut_until = 0;
        for (span, bytes) in self.edits {
            if span.start < cut_until {
                continue;
            }
            cut_until = span.end.max(cut_until);
            kept.push((span, bytes));
        }
        // Inner fields were met last; their sizes count in those around them.
        for (size, data) in self.sized.into_iter().rev() {
            let delta: i64 = kept
                .iter()
                .filter(|(span, _)| span.start >= data.start && span.end <= data.end)
                .map(|(span, bytes)| signed(bytes.len()).saturating_sub(signed(span.len())))
                .sum();
            if delta != 0 {
                let mut bytes = Vec::with_capacity(5);
                let new_size = signed(data.len()).saturating_add(delta);
                put_uvarint(&mut bytes, u32::try_from(new_size).unwrap_or(0));
                kept.push((size, bytes));
            }
        }
        kept.sort_by_key(|(span, _)| span.start);
        let grown: usize = kept.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut out = BytesMut::with_capacity(prefix.len().saturating_add(body.len()).saturating_add(grown));
        out.extend_from_slice(prefix);
        let mut at = 0;
        for (span, bytes) in kept {
            out.extend_from_slice(body.get(at..span.start).unwrap_or_default());
            out.put_slice(&bytes);
            at = span.end;
        }
        out.extend_from_slice(body.get(at..).unwrap_or_default());
        let length = u32::try_from(out.len().saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(head) = out.get_mut(..4) {
            head.copy_from_slice(&length.to_be_bytes());
        }
        out.freeze()
    }
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(edits: &[(Range<usize>, &str)], sized: &[(Range<usize>, Range<usize>)], body: &str) -> String {
        let mut splice = Splice::default();
        for (span, bytes) in edits {
            splice.replace(span.clone(), bytes.as_bytes().to_vec());
        }
        for (size, data) in sized {
            splice.sized(size.clone(), data.clone());
        }
        let out = splice.apply(&[0; 4], body.as_bytes());
        assert_eq!(out[..4], u32::try_from(out.len() - 4).unwrap().to_be_bytes());
        String::from_utf8(out[4..].to_vec()).unwrap()
    }

    #[test]
    fn edits_in_any_order_are_applied_in_place() {
        assert_eq!(apply(&[(4..5, "E"), (0..1, "AA"), (2..2, "+")], &[], "abcdef"), "AAb+cdEf");
    }

    #[test]
    fn a_removed_span_swallows_the_edits_inside_it() {
        assert_eq!(apply(&[(3..4, "X"), (1..5, ""), (1..2, "Y")], &[], "abcdef"), "af");
    }

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        assert_eq!(apply(&[(2..2, "1"), (2..2, "2"), (2..4, "")], &[], "abcdef"), "ab12ef");
    }

    #[test]
    fn sizes_follow_what_they_count_also_when_nested() {
        // Two sizes, each one byte, the outer one counting the inner one; five bytes come in.
        assert_eq!(apply(&[(3..3, "12345")], &[(0..1, 1..4), (2..3, 3..4)], "\u{3}a\u{1}x"), "\u{8}a\u{6}12345x");
        // Here the inner size takes a byte more, which the outer one counts: 200 is c8 01 as a varint, 203 is cb 01.
        let mut splice = Splice::default();
        splice.replace(3..4, vec![b'y'; 200]);
        splice.sized(0..1, 1..4);
        splice.sized(2..3, 3..4);
        let out = splice.apply(&[0; 4], b"\x03a\x01x");
        assert_eq!(&out[4..], [&b"\xcb\x01a\xc8\x01"[..], &[b'y'; 200]].concat());
    }
}
