//! The walker over every message and version of the table.

use tidegate_kafka::encode::{self, put_uvarint};
use tidegate_kafka::error::ProtocolError;
use tidegate_kafka::schema::{Message, messages::MESSAGES};
use tidegate_kafka::splice::Splice;
use tidegate_kafka::walk::{Event, Scalar, Walker};

use crate::generate::{self, Random};

/// Walks to the end; says how many events there were.
fn walk(message: &'static Message, version: i16, body: &[u8]) -> Result<usize, ProtocolError> {
    let mut walker = Walker::new(message, version, body)?;
    let mut events = 0;
    while walker.next()?.is_some() {
        events += 1;
    }
    Ok(events)
}

/// Calls `check` with bodies of every message and version: defaults, random values, random values with unknown tags.
fn each_body(seeds: u64, mut check: impl FnMut(&'static Message, i16, &[u8])) {
    for message in MESSAGES {
        for version in message.versions.min..=message.versions.max {
            let mut defaults = Vec::new();
            encode::message(&mut defaults, message, version, &Vec::new());
            check(message, version, &defaults);
            for seed in 0..seeds {
                let values = generate::fields(message, version, &mut Random(seed), &|_| None);
                let body = generate::write(message, version, &values, 0);
                let mut encoded = Vec::new();
                encode::message(&mut encoded, message, version, &values);
                assert_eq!(encoded, body, "{} v{version} seed {seed}: two writers disagree", message.name);
                check(message, version, &body);
                if message.flexible.contains(version) {
                    check(message, version, &generate::write(message, version, &values, 1 + seed % 2));
                }
            }
        }
    }
}

#[test]
fn every_message_walks_to_its_end_and_no_further() {
    let mut bodies = 0;
    each_body(12, |message, version, body| {
        bodies += 1;
        if let Err(error) = walk(message, version, body) {
            panic!("{} v{version}: {error}: {body:02x?}", message.name);
        }
        let longer = [body, &[0]].concat();
        assert!(walk(message, version, &longer).is_err(), "{} v{version} takes a byte too many", message.name);
    });
    assert!(bodies > 5000, "only {bodies} bodies were tried");
}

#[test]
fn every_strict_prefix_is_an_error() {
    each_body(3, |message, version, body| {
        for end in 0..body.len().min(400) {
            assert!(walk(message, version, &body[..end]).is_err(), "{} v{version} cut at {end}", message.name);
        }
    });
}

#[test]
fn nothing_changed_means_the_same_bytes() {
    each_body(3, |message, version, body| {
        let prefix = [0, 0, 0, 0, 1, 2, 3, 4];
        let length = u32::try_from(4 + body.len()).unwrap().to_be_bytes();
        let same = Splice::default().apply(&prefix, body);
        assert_eq!(&same[..], [&length[..], &prefix[4..], body].concat(), "{} v{version}", message.name);
    });
}

/// Spans where lengths and counts stand, with whether they are two bytes wide.
fn lengths(message: &'static Message, version: i16, body: &[u8]) -> Vec<(std::ops::Range<usize>, usize)> {
    let mut walker = Walker::new(message, version, body).unwrap();
    let mut spans = Vec::new();
    while let Some(event) = walker.next().unwrap() {
        match event {
            Event::ArrayBegin { span, .. } => spans.push((span, 4)),
            Event::Scalar { value: Scalar::String(text), span, .. } => {
                spans.push((span.start..span.end - text.map_or(0, str::len), 2));
            }
            Event::Scalar { value: Scalar::Bytes(bytes) | Scalar::Records(bytes), span, .. } => {
                spans.push((span.start..span.end - bytes.map_or(0, <[u8]>::len), 4));
            }
            _ => {}
        }
    }
    spans
}

#[test]
fn lengths_and_counts_beyond_the_frame_are_refused() {
    let mut tried = 0;
    each_body(3, |message, version, body| {
        let flexible = message.flexible.contains(version);
        for (span, width) in lengths(message, version, body) {
            let left = body.len() - span.end;
            for lie in [left + 1, 0x7fff_fff0, 0x7fff_ffff] {
                let mut bytes = Vec::new();
                match (flexible, width) {
                    (true, _) => put_uvarint(&mut bytes, u32::try_from(lie).unwrap() + 1),
                    (false, 2) if left >= 0x7fff => continue,
                    (false, 2) => bytes.extend(i16::try_from(lie).unwrap_or(i16::MAX).to_be_bytes()),
                    (false, _) => bytes.extend(i32::try_from(lie).unwrap().to_be_bytes()),
                }
                let lying = [&body[..span.start], &bytes, &body[span.end..]].concat();
                assert!(walk(message, version, &lying).is_err(), "{} v{version} at {span:?}: {lie}", message.name);
                tried += 1;
            }
            if !flexible {
                let below = [&body[..span.start], &vec![0x80; span.len()], &body[span.end..]].concat();
                assert!(walk(message, version, &below).is_err(), "{} v{version} takes a negative length", message.name);
            }
        }
    });
    assert!(tried > 5000, "only {tried} lengths were tried");
}

#[test]
fn versions_outside_the_table_are_unsupported() {
    for message in MESSAGES {
        for version in [message.versions.min - 1, message.versions.max + 1, i16::MIN, i16::MAX] {
            assert!(matches!(Walker::new(message, version, &[]), Err(ProtocolError::Unsupported { .. })));
        }
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut random = Random(7);
    for message in MESSAGES {
        for version in message.versions.min..=message.versions.max {
            for _ in 0..8 {
                let length = random.below(64);
                let body: Vec<u8> = (0..length).map(|_| random.draw().to_le_bytes()[0] & 0x83).collect();
                let events = walk(message, version, &body).unwrap_or(0);
                assert!(events < 4096);
            }
        }
    }
}

#[test]
fn any_byte_but_zero_is_true() {
    // Metadata's AllowAutoTopicCreation as 2: a broker takes it for true, so the gate must.
    let message = MESSAGES.iter().find(|m| m.name == "MetadataRequest").unwrap();
    let mut walker = Walker::new(message, 4, &[0xff, 0xff, 0xff, 0xff, 2]).unwrap();
    walker.next().unwrap();
    assert!(matches!(walker.next().unwrap(), Some(Event::Scalar { value: Scalar::Int(1), .. })));
}

#[test]
fn only_the_array_may_be_null_not_its_elements() {
    // DescribeConfigs v1: ConfigurationKeys may be null, a key may not.
    let message = MESSAGES.iter().find(|m| m.name == "DescribeConfigsRequest").unwrap();
    let body = |keys: &[u8]| [b"\0\0\0\x01\x02\0\x01t".as_slice(), keys, b"\0"].concat();
    assert!(walk(message, 1, &body(b"\xff\xff\xff\xff")).is_ok());
    assert!(walk(message, 1, &body(b"\0\0\0\x01\0\x01k")).is_ok());
    assert!(walk(message, 1, &body(b"\0\0\0\x01\xff\xff")).is_err());
}

#[test]
fn tags_ascend() {
    // Fetch v12, one unknown tag twice or out of order.
    let message = MESSAGES.iter().find(|m| m.name == "FetchRequest").unwrap();
    let mut body = Vec::new();
    encode::message(&mut body, message, 12, &Vec::new());
    assert_eq!(body.pop(), Some(0));
    for (tags, walks) in [([5, 6], true), ([5, 5], false), ([6, 5], false), ([0, 0], false)] {
        let tagged = [&body[..], &[2, tags[0], 1, 0, tags[1], 1, 0]].concat();
        assert_eq!(walk(message, 12, &tagged).is_ok(), walks, "{tags:?}");
    }
}
