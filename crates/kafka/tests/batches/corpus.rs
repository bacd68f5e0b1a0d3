//! Replays the kept corpus of the fuzz target, which was made from the samples: `TIDEGATE_WRITE_CORPUS=1` makes it anew.

use std::path::Path;

use tidegate_kafka::fuzz::fuzz_records;

use crate::batches::{CONTROL, HOWS, How, Rec, batch, rec};

#[test]
fn the_corpus_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/kafka_records");
    if std::env::var_os("TIDEGATE_WRITE_CORPUS").is_some() {
        write_corpus(&folder);
    }
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        fuzz_records(&input);
        // What a fuzzer would try first: cuts and flipped bits.
        for at in 0..input.len().min(256) {
            fuzz_records(&input[..at]);
            let mut flipped = input.clone();
            flipped[at] ^= 1 << (at % 8);
            fuzz_records(&flipped);
        }
        inputs += 1;
    }
    assert!(inputs >= 10, "only {inputs} inputs in {}", folder.display());
}

fn write_corpus(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let headers = vec![(b"h".to_vec(), None), (b"h".to_vec(), Some(b"v".to_vec()))];
    let records = vec![Rec { headers, ..rec(0, "key", "value") }, Rec { value: None, ..rec(3, "k", "") }];
    for how in HOWS {
        let mut control = batch(50, vec![rec(0, "\0\0\0\u{1}", "")]);
        control.attributes |= CONTROL;
        let all = [batch(7, records.clone()).bytes(how), control.bytes(How::None)].concat();
        std::fs::write(folder.join(format!("{how:?}")), [&[how.codec().to_be_bytes()[1]], &all[..]].concat()).unwrap();
    }
}
