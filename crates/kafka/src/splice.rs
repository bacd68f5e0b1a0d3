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
