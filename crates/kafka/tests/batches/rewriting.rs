//! What changes and what stays.

use tidegate_kafka::records::{Changed, Codecs, Limits, NewRecord, Outcome, Record, Summary, Why, rewrite};

use crate::batches::{
    Batch, CONTROL, DELETE_HORIZON, HOWS, How, LOG_APPEND_TIME, Rec, TRANSACTIONAL, batch, read, rec,
};
use crate::{Do, equal, rewritten, same, seen};

/// Records of all kinds: null parts, empty parts, repeated headers, text that packs well and bytes that do not.
fn mixed() -> Batch {
    let header = |key: &str, value: Option<&str>| (key.as_bytes().to_vec(), value.map(|v| v.as_bytes().to_vec()));
    let mut noise = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    })
    .take(9000)
    .collect();
    let records = vec![
        rec(0, "k0", "a value"),
        Rec { key: None, ..rec(1, "", "no key") },
        Rec { value: None, ..rec(2, "tombstone", "") },
        Rec { key: None, value: None, ..rec(3, "", "") },
        rec(4, "", ""),
        Rec {
            headers: vec![
                header("trace", Some("1")),
                header("trace", None),
                header("", Some("")),
                header("trace", Some("1")),
            ],
            ..rec(5, "k5", "with headers")
        },
        Rec { value: Some(noise), ..rec(6, "k6", "") },
        rec(7, "k7", &"all work and no play ".repeat(10_000)),
    ];
    batch(1_000_000_000_000, records)
}

#[test]
fn a_batch_in_which_nothing_changes_is_the_very_bytes_that_came() {
    for how in HOWS {
        let bytes = mixed().bytes(how);
        let (out, summary) = rewritten(&bytes, same).unwrap();
        assert!(out == bytes, "{how:?}");
        let expected = Summary {
            batches: 1,
            records: 8,
            changed: 0,
            dropped: 0,
            control: 0,
            first_offset: 1_000_000_000_000,
            last_offset: 1_000_000_000_007,
            bytes: bytes.len(),
            unpacked: if how == How::None { 0 } else { mixed().plain().len() },
            tail: 0,
        };
        assert_eq!(summary, expected, "{how:?}");
        // The same records packed anew are other bytes, or this would prove nothing. Only LZ4 frames of independent blocks are
        // what lz4_flex writes too.
        let packed_anew = rewritten(&bytes, equal).unwrap().0;
        assert_eq!(packed_anew == bytes, matches!(how, How::None | How::Lz4), "{how:?}");
    }
}

#[test]
fn the_rewriter_sees_each_record_as_it_was_written() {
    for how in HOWS {
        let written = mixed();
        let mut records = Vec::new();
        rewritten(&written.bytes(how), |record, new| {
            assert!(new.key.is_empty() && new.value.is_empty());
            new.value.extend(b"left behind");
            records.push(seen(written.base, record));
            Outcome::Same
        })
        .unwrap();
        let expected: Vec<Rec> = written.records.into_iter().map(|r| Rec { time: 0, ..r }).collect();
        assert!(records == expected, "{how:?}");
    }
}

#[test]
fn a_changed_record_leaves_all_else_as_it_was() {
    for how in HOWS {
        let written = mixed();
        let (out, summary) = rewritten(&written.bytes(how), |record, new| {
            if record.key != Some(b"k5") {
                return Outcome::Same;
            }
            new.value.extend(b"***");
            Outcome::Changed(Changed { value: true, ..Changed::default() })
        })
        .unwrap();
        let mut expected = written;
        expected.records[5].value = Some(b"***".to_vec());
        expected.attributes |= how.codec();
        assert!(read(&out) == [expected], "{how:?}");
        assert_eq!((summary.records, summary.changed, summary.dropped), (8, 1, 0));
    }
}

#[test]
fn a_batch_whose_records_all_change_to_what_they_were_reads_the_same() {
    for how in HOWS {
        let written = mixed();
        let (out, summary) = rewritten(&written.bytes(how), equal).unwrap();
        assert!(read(&out) == [Batch { attributes: TRANSACTIONAL | how.codec(), ..written }], "{how:?}");
        assert_eq!(summary.changed, 8);
    }
}

#[test]
fn each_part_changes_by_itself() {
    let header = (b"h".to_vec(), Some(b"old".to_vec()));
    let old = Rec { headers: vec![header.clone(), header], ..rec(0, "old", "old") };
    for bits in 0..8 {
        let changed = Changed { key: bits & 1 != 0, value: bits & 2 != 0, headers: bits & 4 != 0 };
        let (out, _) = rewritten(&batch(0, vec![old.clone()]).bytes(How::None), |_record, new| {
            new.key.extend(b"a new key");
            new.value.extend(b"a new value");
            new.headers.push(b"g", None);
            Outcome::Changed(changed)
        })
        .unwrap();
        let mut expected = old.clone();
        if changed.key {
            expected.key = Some(b"a new key".to_vec());
        }
        if changed.value {
            expected.value = Some(b"a new value".to_vec());
        }
        if changed.headers {
            expected.headers = vec![(b"g".to_vec(), None)];
        }
        assert_eq!(read(&out)[0].records, [expected], "{changed:?}");
    }
}

#[test]
fn null_stays_null_and_what_is_emptied_is_not_null() {
    let nulls = Rec { key: None, value: None, ..rec(0, "", "") };
    let (out, _) = rewritten(&batch(0, vec![nulls.clone(), rec(1, "k", "v")]).bytes(How::None), |record, new| {
        if record.value.is_none() {
            new.key.extend(b"made up");
            new.value.extend(b"made up");
        }
        Outcome::Changed(Changed { key: true, value: true, headers: false })
    })
    .unwrap();
    assert_eq!(read(&out)[0].records, [nulls, rec(1, "", "")]);
}

#[test]
fn a_record_left_out_leaves_a_gap_and_nothing_else() {
    for how in HOWS {
        for dropped in 0..256_u32 {
            let written = Batch { records: (0..8).map(|n| rec(n, "key", "value")).collect(), ..mixed() };
            let base = written.base;
            let (out, summary) = rewritten(&written.bytes(how), |record, _new| {
                if dropped & (1 << (record.offset - base)) == 0 { Outcome::Same } else { Outcome::Dropped }
            })
            .unwrap();
            let mut expected = written;
            expected.records.retain(|r| dropped & (1 << r.delta) == 0);
            if !expected.records.is_empty() {
                expected.attributes |= how.codec();
            }
            assert_eq!(
                (summary.dropped, summary.records),
                (dropped.count_ones().into(), (!dropped & 0xff).count_ones().into())
            );
            assert_eq!((summary.first_offset, summary.last_offset), (base, expected.last()));
            // One that is empty is not packed: as compaction leaves it.
            assert!(read(&out) == [expected], "{how:?} {dropped:b}");
            assert!(dropped != 0xff || out.len() == 61);
        }
    }
}

#[test]
fn empty_batches_pass_as_they_are() {
    for codec in 0..5 {
        let empty = Batch { last_delta: 5, attributes: TRANSACTIONAL | codec, ..batch(10, Vec::new()) };
        let bytes = empty.with(0, &[]);
        let (out, summary) = rewritten(&bytes, |_record, _new| panic!("there is none")).unwrap();
        assert_eq!(out, bytes);
        assert_eq!((summary.batches, summary.records, summary.last_offset), (1, 0, 15));
    }
    // Packed nothing is nothing too.
    for how in HOWS {
        let bytes = batch(10, Vec::new()).bytes(how);
        assert_eq!(rewritten(&bytes, equal).unwrap().0, bytes, "{how:?}");
    }
}

#[test]
fn compacted_batches_keep_their_offsets() {
    for how in HOWS {
        let written =
            Batch { last_delta: 5000, ..batch(40, vec![rec(3, "a", "1"), rec(77, "b", "2"), rec(4000, "c", "3")]) };
        let mut offsets = Vec::new();
        let (out, summary) = rewritten(&written.bytes(how), |record, new| {
            offsets.push(record.offset);
            equal(record, new)
        })
        .unwrap();
        assert_eq!(offsets, [43, 117, 4040]);
        assert_eq!((summary.first_offset, summary.last_offset), (40, 5040));
        let back = read(&out).remove(0);
        assert_eq!((back.last_delta, &back.records), (5000, &written.records), "{how:?}");
    }
}

#[test]
fn flags_and_times_stay() {
    for flags in [0, LOG_APPEND_TIME, TRANSACTIONAL, DELETE_HORIZON, LOG_APPEND_TIME | TRANSACTIONAL | DELETE_HORIZON] {
        for how in HOWS {
            let written = Batch {
                attributes: flags,
                base_time: -1,
                max_time: i64::MAX,
                producer: (-1, -1, -1),
                records: vec![
                    Rec { time: i64::MIN + 2, ..rec(0, "a", "1") },
                    Rec { time: i64::MAX, ..rec(1, "b", "2") },
                ],
                ..batch(5, vec![rec(1, "", "")])
            };
            let (out, _) = rewritten(&written.bytes(how), equal).unwrap();
            assert_eq!(read(&out), [Batch { attributes: flags | how.codec(), ..written }], "{flags:b} {how:?}");
        }
    }
}

#[test]
fn control_batches_pass_unread() {
    let control = Batch { attributes: TRANSACTIONAL | CONTROL, ..batch(9, vec![rec(0, "\0\0\0\u{1}", "commit")]) };
    let bytes = [mixed().bytes(How::Zstd), control.bytes(How::None)].concat();
    let mut records = 0;
    let (out, summary) = rewritten(&bytes, |record, new| {
        records += 1;
        equal(record, new)
    })
    .unwrap();
    assert!(out.ends_with(&control.bytes(How::None)));
    assert_eq!((records, summary.records, summary.control, summary.batches), (8, 8, 1, 2));
    assert_eq!((summary.first_offset, summary.last_offset), (1_000_000_000_000, 9));
    // Unread, but not unchecked.
    let mut broken = control.bytes(How::None);
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(rewritten(&broken, same).unwrap_err().why, Why::Crc);
}

#[test]
fn a_cut_last_batch_is_left_out() {
    let whole = [mixed().bytes(How::Gzip), mixed().bytes(How::None)].concat();
    let cut = batch(2_000_000_000_000, vec![rec(0, "k", "secret")]).bytes(How::None);
    for kept in 0..cut.len() {
        let bytes = [&whole[..], &cut[..kept]].concat();
        let (out, summary) = rewritten(&bytes, same).unwrap();
        assert!(out == whole);
        assert_eq!((summary.batches, summary.tail, summary.last_offset), (2, kept, 1_000_000_000_007));
        let (out, summary) = rewritten(&cut[..kept], same).unwrap();
        assert_eq!((out.len(), summary.batches, summary.tail, summary.last_offset), (0, 0, kept, -1));
    }
}

#[test]
fn batches_of_all_codecs_share_what_is_kept_between_them() {
    let all: Vec<u8> = HOWS.iter().flat_map(|how| mixed().bytes(*how)).collect();
    let mut codecs = Codecs::default();
    let mut first = Vec::new();
    for round in 0..3 {
        let mut out = b"before".to_vec();
        let summary = rewrite(&all, &Limits::default(), &mut codecs, &mut Do(equal), &mut out).unwrap();
        assert_eq!((summary.batches, summary.changed, summary.bytes), (10, 80, out.len() - 6));
        let expected: Vec<Batch> =
            HOWS.iter().map(|how| Batch { attributes: TRANSACTIONAL | how.codec(), ..mixed() }).collect();
        assert!(out.starts_with(b"before") && read(&out[6..]) == expected, "{round}");
        // What broke off in the middle leaves nothing behind.
        for how in HOWS {
            let cut = mixed().bytes(how);
            let mut cut = cut[..cut.len() - 9].to_vec();
            let length = i32::try_from(cut.len() - 12).unwrap();
            cut[8..12].copy_from_slice(&length.to_be_bytes());
            crate::batches::fix(&mut cut);
            rewrite(&cut, &Limits::default(), &mut codecs, &mut Do(equal), &mut Vec::new()).unwrap_err();
        }
        if round == 0 {
            first = out;
        } else {
            assert!(first == out, "{round}");
        }
    }
}

#[test]
fn lengths_take_as_many_bytes_as_they_need() {
    // Around each size at which a length or the record's length takes one byte more.
    for power in [6, 13, 20] {
        for length in (1_usize << power) - 20..(1 << power) + 20 {
            let value = vec![b'v'; length];
            let (out, _) = rewritten(&batch(0, vec![rec(0, "k", "v")]).bytes(How::None), |_record, new| {
                new.value.extend(&value);
                Outcome::Changed(Changed { value: true, ..Changed::default() })
            })
            .unwrap();
            let expected = batch(0, vec![Rec { value: Some(value.clone()), ..rec(0, "k", "") }]);
            assert!(out == expected.bytes(How::None), "{length}");
        }
    }
}

#[test]
fn what_grows_over_the_bound_is_refused() {
    for how in HOWS {
        let bytes = mixed().bytes(how);
        let all = [&bytes[..], &bytes].concat();
        let grown = rewritten(&bytes, equal).unwrap().0.len() * 2;
        let run = |max: usize, with: fn(&Record<'_>, &mut NewRecord) -> Outcome| {
            let limits = Limits { bytes: max, ..Limits::default() };
            let mut out = b"before".to_vec();
            let result = rewrite(&all, &limits, &mut Codecs::default(), &mut Do(with), &mut out);
            // Nothing half done stays.
            assert_eq!(out.len(), 6 + result.map_or(0, |summary| summary.bytes));
            result.map(|summary| summary.bytes).map_err(|error| error.why)
        };
        assert_eq!(run(grown, equal), Ok(grown), "{how:?}");
        assert_eq!(run(grown - 1, equal), Err(Why::TooLarge), "{how:?}");
        assert_eq!(run(all.len(), same), Ok(all.len()));
        assert_eq!(run(all.len() - 1, same), Err(Why::TooLarge));
        assert_eq!(run(0, equal), Err(Why::TooLarge));
    }
}

#[test]
fn a_record_can_stop_the_delivery() {
    let bytes = [mixed().bytes(How::None), mixed().bytes(How::Lz4)].concat();
    let mut seen = 0;
    let stopped = rewritten(&bytes, |record, new| {
        seen += 1;
        if seen == 12 { Outcome::Stop } else { equal(record, new) }
    });
    let error = stopped.unwrap_err();
    assert_eq!((error.why, error.base_offset, seen), (Why::Stopped, 1_000_000_000_000, 12));
    assert_eq!(error.to_string(), "batch at offset 1000000000000: a record of it stops the delivery");
}
