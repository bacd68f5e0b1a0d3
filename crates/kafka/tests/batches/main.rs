//! Record batches read and rewritten.
#![cfg(test)]

#[path = "../support/batches.rs"]
mod batches;

mod corpus;
mod hostile;
mod kafka;
mod properties;
mod rewriting;

use batches::{Headers, Rec};
use tidegate_kafka::records::{
    Changed, Codecs, Limits, NewRecord, Outcome, Record, RecordsError, Rewrite, Summary, rewrite,
};

/// A rewriter from a closure.
struct Do<F>(F);

impl<F: FnMut(&Record<'_>, &mut NewRecord) -> Outcome> Rewrite for Do<F> {
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome {
        (self.0)(record, new)
    }
}

fn rewritten(
    bytes: &[u8],
    with: impl FnMut(&Record<'_>, &mut NewRecord) -> Outcome,
) -> Result<(Vec<u8>, Summary), RecordsError> {
    let mut out = Vec::new();
    let summary = rewrite(bytes, &Limits::default(), &mut Codecs::default(), &mut Do(with), &mut out)?;
    assert_eq!(summary.bytes, out.len());
    Ok((out, summary))
}

fn same(_record: &Record<'_>, _new: &mut NewRecord) -> Outcome {
    Outcome::Same
}

const ALL: Changed = Changed { key: true, value: true, headers: true };

/// Says that everything is new, and means what was there.
fn equal(record: &Record<'_>, new: &mut NewRecord) -> Outcome {
    new.key.extend_from_slice(record.key.unwrap_or_default());
    new.value.extend_from_slice(record.value.unwrap_or_default());
    for header in record.headers.iter() {
        new.headers.push(header.key, header.value);
    }
    Outcome::Changed(ALL)
}

/// What a rewriter saw, as the tests' reader would have read it.
fn seen(base: i64, record: &Record<'_>) -> Rec {
    let headers: Headers = record.headers.iter().map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec))).collect();
    Rec {
        delta: i32::try_from(record.offset - base).unwrap(),
        time: 0,
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers,
    }
}
