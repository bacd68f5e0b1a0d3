//! Bytes that a client or a broken broker might send: an error, or what the rewriter said; never anything else.

use proptest::prelude::*;
use tidegate_kafka::records::{Codecs, Limits, NewRecord, Outcome, Record, RecordsError, UNPACKED_FREE, Why, rewrite};

use crate::batches::{Batch, CONTROL, HOWS, How, Rec, batch, fix, pack, put_bytes, put_varint, read, rec};
use crate::{Do, equal, rewritten, same, seen};

fn small() -> Batch {
    let headers = vec![(b"trace".to_vec(), Some(b"4bf92f".to_vec())), (b"none".to_vec(), None)];
    let records = vec![
        Rec { headers, ..rec(0, "key", &"value ".repeat(12)) },
        Rec { value: None, ..rec(1, "tombstone", "") },
        rec(2, "", "last"),
    ];
    batch(77, records)
}

fn why(bytes: &[u8]) -> Why {
    rewritten(bytes, same).unwrap_err().why
}

#[test]
fn records_that_are_cut_anywhere_are_refused() {
    let mut codecs = Codecs::default();
    for how in HOWS {
        let packed = pack(how, &small().plain());
        let cut = |kept: usize| {
            let batch = Batch { attributes: how.codec(), ..small() };
            batch.with(3, &packed[..kept])
        };
        for kept in 0..packed.len() {
            let mut out = Vec::new();
            rewrite(&cut(kept), &Limits::default(), &mut codecs, &mut Do(same), &mut out).unwrap_err();
            assert!(out.is_empty(), "{how:?} {kept}");
        }
        rewritten(&cut(packed.len()), same).unwrap();
    }
}

#[test]
fn bytes_after_the_records_are_refused() {
    let mut codecs = Codecs::default();
    for how in HOWS {
        let batch = Batch { attributes: how.codec(), ..small() };
        for more in [&b"\0"[..], b"x", b"\0\0\0\0\0\0\0\0", b"4111111111111111"] {
            // After what is packed, and in it.
            let outside = batch.with(3, &[&pack(how, &small().plain())[..], more].concat());
            let inside = batch.with(3, &pack(how, &[&small().plain()[..], more].concat()));
            for bytes in [outside, inside] {
                let result = rewrite(&bytes, &Limits::default(), &mut codecs, &mut Do(same), &mut Vec::new());
                assert!(result.is_err(), "{how:?} {more:?}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_is_seen_by_the_checksum() {
    let bytes = small().bytes(How::None);
    for at in 8..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            match (at, rewritten(&flipped, same)) {
                // A longer length makes a cut batch of it.
                (8..12, Ok((out, summary))) => assert_eq!((out.len(), summary.tail), (0, bytes.len())),
                // The leader's epoch is the broker's, and not covered.
                (12..16, result) => assert_eq!(result.unwrap().0, flipped),
                (16, result) => assert!(matches!(result.unwrap_err().why, Why::Magic(_))),
                (_, result) => {
                    let why = result.unwrap_err().why;
                    let early = matches!(why, Why::Length) && at < 12 || matches!(why, Why::Count);
                    assert!(why == Why::Crc || early, "{at} {bit} {why}");
                }
            }
        }
    }
}

#[test]
fn a_flipped_bit_under_a_right_checksum_is_refused_or_read_as_it_is() {
    let mut codecs = Codecs::default();
    let (mut refused, mut read_on) = (0, 0);
    for how in HOWS {
        let bytes = small().bytes(how);
        for at in 21..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                fix(&mut flipped);
                let mut out = Vec::new();
                let untouched = rewrite(&flipped, &Limits::default(), &mut codecs, &mut Do(same), &mut out).is_ok();
                assert!(out == flipped || !untouched);
                out.clear();
                let mut records = Vec::new();
                let mut changing = Do(|record: &Record<'_>, new: &mut NewRecord| {
                    records.push(seen(77, record));
                    equal(record, new)
                });
                let result = rewrite(&flipped, &Limits::default(), &mut codecs, &mut changing, &mut out);
                assert_eq!(result.is_ok(), untouched, "{how:?} {at} {bit}");
                let Ok(summary) = result else {
                    refused += 1;
                    continue;
                };
                read_on += 1;
                if summary.control > 0 {
                    assert!(out == flipped);
                    continue;
                }
                let mut back = read(&out).remove(0).records;
                back.iter_mut().for_each(|record| record.time = 0);
                assert_eq!(back, records, "{how:?} {at} {bit}");
            }
        }
    }
    assert!(refused > 1_000 && read_on > 1_000, "{refused} refused, {read_on} read");
}

/// One MiB of zeros, packed 70 times over: more than any batch may hold, cheaply made.
fn bomb(how: How) -> Vec<u8> {
    const TIMES: usize = 70;
    let zeros = vec![0; 1 << 20];
    let one = pack(how, &zeros);
    match how {
        How::None => Vec::new(),
        How::Gzip | How::GzipMembers | How::Zstd | How::ZstdFrames => one.repeat(TIMES),
        How::Xerial => [&one[..16], &one[16..].repeat(TIMES)].concat(),
        How::RawSnappy => pack(how, &zeros.repeat(TIMES)),
        How::Lz4 | How::Lz4Linked => {
            let end = one.len() - 4;
            [&one[..7], &one[7..end].repeat(TIMES), &one[end..]].concat()
        }
        // Its header has a size, and its end a checksum.
        How::Lz4Checked => [&one[..15], &one[15..one.len() - 8].repeat(TIMES), &[0; 8]].concat(),
    }
}

#[test]
fn a_bomb_stops_at_the_bound() {
    let mut codecs = Codecs::default();
    for how in HOWS.into_iter().filter(|how| *how != How::None) {
        let bytes = Batch { attributes: how.codec(), ..batch(0, Vec::new()) }.with(1, &bomb(how));
        let refused = rewrite(&bytes, &Limits::default(), &mut codecs, &mut Do(same), &mut Vec::new());
        assert_eq!(refused, Err(RecordsError { base_offset: 0, why: Why::Unpacked }), "{how:?}");
    }
}

#[test]
fn what_packs_well_passes_up_to_its_bound() {
    for how in HOWS {
        let run = |value: usize| {
            let record = Rec { value: Some(vec![0; value]), ..rec(0, "k", "") };
            rewritten(&batch(0, vec![record]).bytes(how), same).map(|_| ()).map_err(|error| error.why)
        };
        let whole = batch(0, vec![Rec { value: Some(vec![0; UNPACKED_FREE]), ..rec(0, "k", "") }]).plain().len();
        let around = whole - UNPACKED_FREE;
        assert_eq!(run(UNPACKED_FREE - around), Ok(()), "{how:?}");
        // The others pack zeros some 20 to 1 at best.
        let others = matches!(how, How::None | How::Xerial | How::RawSnappy);
        assert_eq!(run(UNPACKED_FREE - around + 1), if others { Ok(()) } else { Err(Why::Unpacked) }, "{how:?}");
    }
}

#[test]
fn all_batches_together_have_a_bound() {
    for how in HOWS.into_iter().filter(|how| *how != How::None) {
        let bytes = small().bytes(how).repeat(3);
        let run = |unpacked: usize| {
            let limits = Limits { unpacked, ..Limits::default() };
            rewrite(&bytes, &limits, &mut Codecs::default(), &mut Do(same), &mut Vec::new()).map_err(|e| e.why)
        };
        let each = small().plain().len();
        assert_eq!(run(3 * each).unwrap().batches, 3, "{how:?}");
        assert_eq!(run(3 * each - 1), Err(Why::Unpacked), "{how:?}");
        assert_eq!(run(0), Err(Why::Unpacked), "{how:?}");
    }
}

#[test]
fn sizes_that_lie_are_not_believed() {
    let packed = |codec: i16, bytes: &[u8]| Batch { attributes: codec, ..batch(0, Vec::new()) }.with(1, bytes);
    let xerial = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
    let lies = [
        // Snappy blocks that would be 4 GiB.
        packed(2, b"\xff\xff\xff\xff\x0f\0\0\0"),
        packed(2, &[&xerial[..], b"\0\0\0\x08\xff\xff\xff\xff\x0f\0\0\0"].concat()),
        // Blocks that are longer than what comes.
        packed(2, &[&xerial[..], b"\xff\xff\xff\xff\0"].concat()),
        packed(2, &[&xerial[..], b"\x7f\xff\xff\xff\0"].concat()),
        packed(3, b"\x04\x22\x4d\x18\x60\x40\x82\xff\xff\xff\x7f\0"),
        packed(3, b"\x04\x22\x4d\x18\x60\x40\x82\xff\xff\xff\xff\0"),
        // A frame of 2^60 bytes with none in it.
        packed(3, b"\x04\x22\x4d\x18\x68\x40\0\0\0\0\0\0\0\0\x10\x82\0\0\0\0"),
        packed(4, b"\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x10\x01\0\0"),
        // A dictionary that nobody has.
        packed(3, b"\x04\x22\x4d\x18\x61\x40\0\0\0\0\x82\0\0\0\0"),
        packed(4, b"\x28\xb5\x2f\xfd\x21\x07\x01\x09\0\0a"),
    ];
    for bytes in lies {
        assert!(matches!(why(&bytes), Why::Packed(_)), "{:?}", &bytes[61..]);
    }
}

#[test]
fn a_window_of_terabytes_costs_nothing() {
    // One raw block in a frame that asks for the largest window there is.
    let plain = batch(0, vec![rec(0, "k", "v")]).plain();
    let head = u32::try_from(plain.len() << 3 | 1).unwrap().to_le_bytes();
    let frame = [&b"\x28\xb5\x2f\xfd\x00\xff"[..], &head[..3], &plain].concat();
    let bytes = Batch { attributes: 4, ..batch(0, Vec::new()) }.with(1, &frame);
    match rewritten(&bytes, same) {
        Ok((out, _)) => assert_eq!(out, bytes),
        Err(error) => assert!(matches!(error.why, Why::Packed(_))),
    }
}

#[test]
fn counts_that_lie_are_refused() {
    for how in HOWS {
        for count in [0, 1, 2, 4, 5, 1_000, i32::MAX] {
            let batch = Batch { attributes: how.codec(), ..small() };
            let bytes = batch.with(count, &pack(how, &small().plain()));
            assert!(matches!(why(&bytes), Why::Record(_)), "{how:?} {count}");
        }
        let none = Batch { attributes: how.codec(), ..small() }.with(1, &[]);
        rewritten(&none, same).unwrap_err();
    }
}

/// A record from its parts, each as it stands on the wire.
fn raw(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = Vec::new();
    put_bytes(&mut out, Some(&body));
    out
}

fn number(number: i64) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, number);
    out
}

#[test]
fn malformed_records_are_refused() {
    let run = |record: &[u8]| rewritten(&batch(0, vec![rec(0, "", "")]).with(1, record), same);
    let null = number(-1);
    let none = number(0);
    // Attributes, time, offset, key, value, headers.
    run(&raw(&[&[0], &none, &none, &null, &null, &none])).unwrap();
    let beyond = number(i64::from(i32::MAX));
    let least = number(i64::from(i32::MIN));
    let minus_two = number(-2);
    let cases: &[(&str, Vec<u8>)] = &[
        ("nothing", Vec::new()),
        ("an empty body", raw(&[])),
        ("a negative length", null.clone()),
        ("a very negative length", least.clone()),
        ("a length beyond the bytes", [&beyond[..], &[0]].concat()),
        ("an offset before the batch", raw(&[&[0], &none, &null, &null, &null, &none])),
        ("an offset after the batch", raw(&[&[0], &none, &number(1), &null, &null, &none])),
        ("a key of length -2", raw(&[&[0], &none, &none, &minus_two, &null, &none])),
        ("a value of length -2", raw(&[&[0], &none, &none, &null, &minus_two, &none])),
        ("a key beyond the record", raw(&[&[0], &none, &none, &number(9), b"k", &null, &none])),
        ("a value beyond the record", raw(&[&[0], &none, &none, &null, &beyond, b"v", &none])),
        ("no headers' count", raw(&[&[0], &none, &none, &null, &null])),
        ("-1 headers", raw(&[&[0], &none, &none, &null, &null, &null])),
        ("two billion headers", raw(&[&[0], &none, &none, &null, &null, &beyond, &none, &null])),
        ("one header too many", raw(&[&[0], &none, &none, &null, &null, &number(2), &none, &null])),
        ("a header without a key", raw(&[&[0], &none, &none, &null, &null, &number(1), &null, &null])),
        ("a header's value beyond the record", raw(&[&[0], &none, &none, &null, &null, &number(1), &none, &beyond])),
        ("a byte after the headers", raw(&[&[0], &none, &none, &null, &null, &none, b"4"])),
        ("a length of six bytes", raw(&[&[0], &none, &none, b"\x80\x80\x80\x80\x80\x00", &null, &none])),
        ("a length of 33 bits", raw(&[&[0], &none, &none, b"\x80\x80\x80\x80\x10", &null, &none])),
        ("a time of 65 bits", raw(&[&[0], b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", &none, &null, &null, &none])),
        (
            "a time of 11 bytes",
            raw(&[&[0], b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", &none, &null, &null, &none]),
        ),
    ];
    for (what, record) in cases {
        let error = run(record).unwrap_err();
        assert!(matches!(error.why, Why::Record(_)), "{what}: {error}");
    }
}

#[test]
fn a_number_filled_up_with_zeros_is_read_as_every_client_reads_it() {
    // Zero, or two, in all the bytes that a number may take.
    let parts: [&[u8]; 7] = [
        &[0],
        b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
        b"\x80\x80\x80\x80\x00",
        b"\x84\x80\x80\x80\x00",
        b"kk",
        b"\x01",
        b"\x80\x80\x80\x80\x00",
    ];
    let bytes = batch(0, vec![rec(0, "", "")]).with(1, &raw(&parts));
    let mut key = Vec::new();
    let (out, _) = rewritten(&bytes, |record, _new| {
        key.extend_from_slice(record.key.unwrap());
        Outcome::Same
    })
    .unwrap();
    assert_eq!((key.as_slice(), out == bytes), (&b"kk"[..], true));
    let (out, _) = rewritten(&bytes, equal).unwrap();
    assert_eq!(read(&out)[0].records, [Rec { key: Some(b"kk".to_vec()), value: None, ..rec(0, "", "") }]);
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let with = |at: usize, bytes: &[u8]| {
        let mut batch = small().bytes(How::None);
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        fix(&mut batch);
        why(&batch)
    };
    for magic in [0, 1, 3, 0xff] {
        assert_eq!(with(16, &[magic]), Why::Magic(magic));
    }
    assert!(with(16, &[1]).to_string().contains("magic is 1; only 2 is read"));
    for length in [i32::MIN, -1, 0, 48] {
        assert_eq!(with(8, &length.to_be_bytes()), Why::Length);
    }
    for count in [-1, i32::MIN] {
        assert_eq!(with(57, &count.to_be_bytes()), Why::Count);
        assert_eq!(with(23, &count.to_be_bytes()), Why::Count);
    }
    assert_eq!(with(0, &i64::MAX.to_be_bytes()), Why::Count);
    for bit in 7..16 {
        assert_eq!(with(21, &(1_u16 << bit).to_be_bytes()), Why::Attributes, "bit {bit}");
    }
    for codec in 5..8_u16 {
        assert_eq!(with(21, &codec.to_be_bytes()), Why::Attributes, "codec {codec}");
        // Not even where records are not read.
        assert_eq!(with(21, &(codec | CONTROL.cast_unsigned()).to_be_bytes()), Why::Attributes);
    }
    // A message of an old format that is shorter than a batch's header.
    let mut short = vec![0; 34];
    short[16] = 1;
    assert_eq!(why(&short), Why::Magic(1));
}

proptest! {
    #[test]
    fn any_bytes_in_any_codec_are_refused_or_read(
        codec in 0_i16..5,
        count in 0_i32..4,
        start in 0_usize..4,
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        // Some with the right beginning, so that more than a magic is looked at.
        let begin: &[u8] = match (start, codec) {
            (0, _) => b"",
            (_, 1) => b"\x1f\x8b\x08\0\0\0\0\0\0\xff",
            (1, 2) => b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0",
            (_, 2) => b"\x40",
            (1, 3) => b"\x04\x22\x4d\x18\x60\x40\x82",
            (2, 3) => b"\x04\x22\x4d\x18\x40\x70\x82\x20\0\0\0",
            (_, 3) => b"\x04\x22\x4d\x18\x5c\x50\x82\x20\0\0\0",
            (_, 4) => b"\x28\xb5\x2f\xfd\0\x58",
            _ => b"\x10\0\0",
        };
        let bytes = Batch { attributes: codec, ..small() }.with(count, &[begin, &bytes].concat());
        if let Ok((out, summary)) = rewritten(&bytes, same) {
            prop_assert_eq!(out, bytes);
            prop_assert_eq!(summary.records, u64::from(count.cast_unsigned()));
        }
    }

    #[test]
    fn any_bytes_at_all_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok((out, summary)) = rewritten(&bytes, same) {
            prop_assert_eq!(out.len() + summary.tail, bytes.len());
        }
    }
}
