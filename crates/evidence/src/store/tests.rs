//! Tests of the store as a whole: what is acknowledged is there, whatever happens.

use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::entry::*;
use crate::reader::Leaves;
use crate::store::{Log, LogConfig, LogError};

pub(super) fn config(dir: &Path) -> LogConfig {
    let mut config =
        LogConfig::new(&dir.join("evidence"), &dir.join("keys"), Zeroizing::new([7; 32]), "log.example/gate");
    config.segment_bytes = 64 << 10;
    config.reserve_bytes = 0;
    config.retry_after = Duration::ZERO;
    config
}

pub(super) fn entry(kind: Kind, session: u8) -> Entry {
    Entry { session: Some([session; 16]), ..Entry::new(kind, 1_700_000_000_000) }
}

#[test]
fn entries_are_numbered_chained_and_readable() {
    let dir = tempfile::tempdir().unwrap();
    let (log, recovery) = Log::open(config(dir.path()), vec![("a".into(), "b".into())]).unwrap();
    assert_eq!(recovery, super::Recovery::default());
    let mut open = entry(Kind::SessionOpen, 1);
    open.disclosures.push((Label::Subject, b"alice".to_vec()));
    assert_eq!(log.append(open).wait().unwrap().index(), 1);
    for n in 2..500 {
        assert_eq!(log.append(entry(Kind::Intent, 1)).wait().unwrap().index(), n);
    }
    log.append(entry(Kind::SessionClose, 1)).wait().unwrap();
    let status = log.status();
    assert!(status.healthy && status.segments > 1, "{status:?}");
    log.close();
    assert_eq!(log.append(entry(Kind::Intent, 1)).wait(), Err(LogError::Closed));

    let leaves: Vec<_> = Leaves::open(&dir.path().join("evidence")).unwrap().map(Result::unwrap).collect();
    assert_eq!(leaves.len(), 502);
    assert_eq!(leaves[0].found.leaf.entry.kind, Kind::IncarnationOpen);
    assert_eq!(leaves[501].found.leaf.entry.kind, Kind::IncarnationClose);
    assert_eq!(leaves[500].found.leaf.session_count, Some(500));
    for pair in leaves[1..501].windows(2) {
        assert_eq!(pair[1].found.leaf.prev_session, Some(crate::merkle::sha256(&pair[0].found.bytes)));
    }
}
