//! Replays the kept corpus of the fuzz targets, which was made from the samples: `TIDEGATE_WRITE_CORPUS=1` makes it anew.

use std::path::{Path, PathBuf};

use tidegate_kafka::classify::{APIS, Serve};
use tidegate_kafka::fuzz::{fuzz_session, fuzz_walk};
use tidegate_kafka::schema::Direction;
use tidegate_kafka::schema::messages::MESSAGES;

use crate::gate::{request, response};
use crate::generate::{self, Random};
use crate::samples::{ask, tell};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

fn replay(target: &str, fuzz: fn(&[u8])) {
    let folder = folder(target);
    if std::env::var_os("TIDEGATE_WRITE_CORPUS").is_some() {
        write_corpus();
    }
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        fuzz(&input);
        // What a fuzzer would try first: cuts and flipped bits.
        for at in 0..input.len().min(256) {
            fuzz(&input[..at]);
            let mut flipped = input.clone();
            flipped[at] ^= 1 << (at % 8);
            fuzz(&flipped);
        }
        inputs += 1;
    }
    assert!(inputs >= 10, "only {inputs} inputs in {}", folder.display());
}

#[test]
fn the_walkers_corpus_passes() {
    replay("kafka_walk", fuzz_walk);
}

#[test]
fn the_sessions_corpus_passes() {
    replay("kafka_session", fuzz_session);
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0][..], &length, bytes].concat()
}

fn write_corpus() {
    for target in ["kafka_walk", "kafka_session"] {
        std::fs::create_dir_all(folder(target)).unwrap();
    }
    for api in APIS.iter().filter(|api| api.serve == Serve::Through) {
        for message in MESSAGES.iter().filter(|m| m.api_key == api.key) {
            let values = generate::fields(message, api.max, &mut Random(5), &|_| None);
            let response = message.direction == Direction::Response;
            let [high, low] = api.key.to_be_bytes();
            let head = [high | if response { 0x80 } else { 0 }, low, u8::try_from(api.max).unwrap()];
            let input = [&head[..], &generate::write(message, api.max, &values, 1)].concat();
            std::fs::write(folder("kafka_walk").join(message.name), input).unwrap();
        }
        let exchange = [
            &[1][..],
            &framed(&request(api.key, api.max, &ask(api.key, &["a", "b"]))[4..]),
            &framed(&response(api.key, api.max, &tell(api.key, &["a"]))[4..]),
        ];
        std::fs::write(folder("kafka_session").join(api.name), exchange.concat()).unwrap();
    }
    let unlogged = [
        &[0][..],
        &framed(b"\0\x12\0\x03\0\0\0\x01\xff\xff\0\x02a\x021\0"),
        &framed(b"\0\x11\0\x01\0\0\0\x02\xff\xff\0\x0bOAUTHBEARER"),
        &framed(b"\0\x24\0\x02\0\0\0\x03\xff\xff\0\x02x\0"),
        &framed(b"\0\x24\0\x02\0\0\0\x04\xff\xff\0\x02\x01\0"),
    ];
    std::fs::write(folder("kafka_session").join("Login"), unlogged.concat()).unwrap();
}
