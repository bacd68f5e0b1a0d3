//! Whatever the records: what is read back is what the rewriter said.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tidegate_kafka::records::{Changed, Outcome};

use crate::batches::{Batch, HOWS, How, Rec, read};
use crate::{equal, rewritten, same};

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..most), (any::<u8>(), 0..most).prop_map(|(byte, length)| vec![byte; length])]
}

fn record() -> impl Strategy<Value = Rec> {
    let headers = vec((vec(any::<u8>(), 0..9), option::of(bytes(70))), 0..4);
    let parts = (any::<i64>(), option::of(bytes(200)), option::of(bytes(9_000)), headers);
    parts.prop_map(|(time, key, value, headers)| Rec { delta: 0, time, key, value, headers })
}

prop_compose! {
    fn batch()(
        base in 0..i64::MAX / 2,
        epoch in any::<i32>(),
        // Any flag but that of control records.
        flags in any::<u8>().prop_map(|bits| i16::from(bits & 0x58)),
        times in any::<(i64, i64)>(),
        producer in any::<(i64, i16, i32)>(),
        records in vec((record(), 1..1_000), 0..9),
        after in 0..1_000,
    ) -> Batch {
        let mut delta = -1;
        let records: Vec<Rec> = records
            .into_iter()
            .map(|(record, step)| {
                delta += step;
                Rec { delta, ..record }
            })
            .collect();
        Batch {
            base,
            epoch,
            attributes: flags,
            last_delta: delta.max(0) + after,
            base_time: times.0,
            max_time: times.1,
            producer,
            records,
        }
    }
}

fn how() -> impl Strategy<Value = How> {
    (0..HOWS.len()).prop_map(|at| HOWS[at])
}

/// What becomes of a record: nothing, new parts, or that it is left out.
#[derive(Clone, Debug)]
enum Then {
    Same,
    Changed(Changed, Rec),
    Dropped,
}

fn then() -> impl Strategy<Value = Then> {
    let changed = any::<(bool, bool, bool)>().prop_map(|(key, value, headers)| Changed { key, value, headers });
    prop_oneof![
        2 => Just(Then::Same),
        3 => (changed, record()).prop_map(|(changed, record)| Then::Changed(changed, record)),
        1 => Just(Then::Dropped),
    ]
}

/// The same without any of the crate's code.
fn expected(batch: &Batch, how: How, plan: &[Then]) -> Batch {
    let mut expected = batch.clone();
    expected.records.clear();
    for (record, then) in batch.records.iter().zip(plan) {
        let mut record = record.clone();
        match then {
            Then::Same => {}
            Then::Dropped => continue,
            Then::Changed(changed, new) => {
                let part = |new: &Option<Vec<u8>>| Some(new.clone().unwrap_or_default());
                if changed.key && record.key.is_some() {
                    record.key = part(&new.key);
                }
                if changed.value && record.value.is_some() {
                    record.value = part(&new.value);
                }
                if changed.headers {
                    record.headers.clone_from(&new.headers);
                }
            }
        }
        expected.records.push(record);
    }
    if !expected.records.is_empty() || batch.records.is_empty() {
        expected.attributes |= how.codec();
    }
    expected
}

proptest! {
    #[test]
    fn records_that_change_to_what_they_were_read_back_equal(batch in batch(), how in how()) {
        let bytes = batch.bytes(how);
        let (out, summary) = rewritten(&bytes, equal).unwrap();
        prop_assert_eq!(summary.changed, u64::try_from(batch.records.len()).unwrap());
        let last = batch.last();
        prop_assert_eq!((summary.first_offset, summary.last_offset), (batch.base, last));
        let expected = Batch { attributes: batch.attributes | how.codec(), ..batch };
        prop_assert_eq!(read(&out), [expected]);
        prop_assert_eq!(&rewritten(&bytes, same).unwrap().0, &bytes);
        if how == How::None {
            prop_assert_eq!(out, bytes);
        }
    }

    #[test]
    fn what_is_read_back_is_what_was_said(
        batches in vec((batch(), how(), vec(then(), 9)), 1..4),
    ) {
        let bytes: Vec<u8> = batches.iter().flat_map(|(batch, how, _)| batch.bytes(*how)).collect();
        let mut plan = batches.iter().flat_map(|(batch, _, plan)| plan.iter().take(batch.records.len()));
        let (out, summary) = rewritten(&bytes, |_record, new| match plan.next().unwrap() {
            Then::Same => Outcome::Same,
            Then::Dropped => Outcome::Dropped,
            Then::Changed(changed, record) => {
                new.key.extend(record.key.iter().flatten());
                new.value.extend(record.value.iter().flatten());
                for (key, value) in &record.headers {
                    new.headers.push(key, value.as_deref());
                }
                Outcome::Changed(*changed)
            }
        })
        .unwrap();
        prop_assert!(plan.next().is_none());
        let expected: Vec<Batch> = batches.iter().map(|(batch, how, plan)| expected(batch, *how, plan)).collect();
        let kept: usize = expected.iter().map(|batch| batch.records.len()).sum();
        let written: usize = batches.iter().map(|(batch, ..)| batch.records.len()).sum();
        prop_assert_eq!(summary.records, u64::try_from(kept).unwrap());
        prop_assert_eq!(summary.dropped, u64::try_from(written - kept).unwrap());
        prop_assert_eq!(read(&out), expected);
    }
}
