//! Batches that Kafka itself wrote, and what Kafka reads in them: `tests/oracle/Batches.java`, on the jars of Kafka 4.3.1, wrote
//! both. `oracle.rs` writes them anew, and has Kafka read what the rewriter makes.

use std::path::Path;

use crate::batches::read;
use crate::{equal, rewritten, same};

#[test]
fn what_kafka_wrote_is_read_as_kafka_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/batches/kafka");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "bin") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let lines = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(read(&bytes).iter().map(|b| b.line()).collect::<Vec<_>>(), lines, "{}", path.display());
        let (out, summary) = rewritten(&bytes, same).unwrap();
        assert!(out == bytes && summary.batches as usize == lines.len(), "{}", path.display());
        let (out, _) = rewritten(&bytes, equal).unwrap();
        assert_eq!(read(&out).iter().map(|b| b.line()).collect::<Vec<_>>(), lines, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 8);
}
