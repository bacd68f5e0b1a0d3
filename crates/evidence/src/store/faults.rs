//! Every file call of the writer fails once, and from each one on, and the power goes at each: nothing that was
//! acknowledged may be lost, no ticket may hang, and after the next start everything verifies.
//!
//! Bytes reach the disk when they are synced; a failed sync drops them, as kernels do.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::entry::{Effect, Entry, Kind, Label, TopicRef};
use crate::reader::Leaves;
use crate::store::queue::lock;
use crate::store::tests::{config, entry, kept, verified};
use crate::store::vfs::{Disk, Vfs, VfsFile, write_all_at};
use crate::store::{Log, LogError};
use crate::verify::Verdict;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NoSpace,
    Io,
    /// Half of the bytes are written, then the error comes.
    ShortWrite,
    /// What was asked for is done, but the call says that it was not.
    AfterTheFact,
    /// Every call fails, and what was not synced is gone.
    PowerLost,
}

/// Counts calls; those from `first` on, `count` of them, fail.
struct Faulty {
    calls: Arc<AtomicU64>,
    first: u64,
    count: u64,
    fault: Fault,
}

struct FaultyFile {
    file: Box<dyn VfsFile>,
    plan: Arc<Faulty>,
    /// Written and not synced: offset and bytes.
    pending: Mutex<Vec<(u64, Vec<u8>)>>,
}

impl FaultyFile {
    fn flush(&self) -> io::Result<()> {
        lock(&self.pending).drain(..).try_for_each(|(offset, bytes)| write_all_at(&*self.file, &bytes, offset))
    }
}

impl Drop for FaultyFile {
    fn drop(&mut self) {
        if self.plan.fault != Fault::PowerLost {
            self.flush().unwrap();
        }
    }
}

impl Faulty {
    fn new(first: u64, count: u64, fault: Fault) -> Self {
        Faulty { calls: Arc::default(), first, count, fault }
    }

    fn due(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        call >= self.first && call - self.first < self.count
    }

    fn error(&self) -> io::Error {
        io::Error::from_raw_os_error(if self.fault == Fault::NoSpace { 28 } else { 5 })
    }

    fn call<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if !self.due() {
            return work();
        }
        if self.fault == Fault::AfterTheFact {
            work()?;
        }
        Err(self.error())
    }
}

/// The seam's trait is for the shared plan, since files count with it too.
struct Shared(Arc<Faulty>);

impl Vfs for Shared {
    fn create(&self, path: &Path) -> io::Result<Box<dyn VfsFile>> {
        let file = self.0.call(|| Disk.create(path))?;
        Ok(Box::new(FaultyFile { file, plan: Arc::clone(&self.0), pending: Mutex::default() }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn VfsFile>> {
        let file = self.0.call(|| Disk.open(path))?;
        Ok(Box::new(FaultyFile { file, plan: Arc::clone(&self.0), pending: Mutex::default() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.call(|| Disk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.call(|| Disk.remove(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.0.call(|| Disk.create_dir(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.0.call(|| Disk.sync_dir(path))
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.0.call(|| Disk.free_bytes(path))
    }
}

impl VfsFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let write = |bytes: &[u8]| {
            lock(&self.pending).push((offset, bytes.to_vec()));
            Ok(bytes.len())
        };
        if self.plan.fault != Fault::ShortWrite {
            return self.plan.call(|| write(bytes));
        }
        if !self.plan.due() {
            return write(bytes);
        }
        drop(write(&bytes[..bytes.len() / 2]));
        Err(self.plan.error())
    }

    fn sync(&self) -> io::Result<()> {
        let result = self.plan.call(|| self.flush());
        lock(&self.pending).clear();
        result.and_then(|()| self.file.sync())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.plan.call(|| {
            self.flush()?;
            self.file.set_len(length)
        })
    }
}

/// Pairs of entries through a log on a faulty disk; returns those acknowledged as (index, mark).
fn write_some(log: &Log, pairs: i16) -> Vec<(u64, i16)> {
    let mut acknowledged = Vec::new();
    for mark in 0..pairs {
        let mut intent = Entry { error: Some(mark), ..entry(Kind::Intent, 1) };
        intent.disclosures.push((Label::ClientId, b"client".to_vec()));
        // Some the same as before, one of two pieces.
        intent.topics.push(TopicRef { name: "orders".into(), id: None });
        intent.kept.push(kept(
            u8::try_from(mark / 2).unwrap_or(0),
            vec![u8::try_from(mark / 2).unwrap_or(0); 40],
            false,
        ));
        if mark == 1 {
            intent.kept.push(kept(99, vec![99; 130 * 1024], false));
        }
        let Ok(receipt) = log.append(intent).wait() else { continue };
        acknowledged.push((receipt.index(), mark));
        let outcome = Entry {
            error: Some(mark),
            pair: Some(receipt.index()),
            effect: Some(Effect::Acked),
            ..entry(Kind::Outcome, 1)
        };
        if let Ok(receipt) = log.append(outcome).wait() {
            acknowledged.push((receipt.index(), mark));
        }
    }
    acknowledged
}

/// In memory where there is such a folder: what a real disk takes its time for is not what is tested here.
fn fast_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// One run: a faulty log, then a start on a good disk, then the verifier.
fn run(first: u64, count: u64, fault: Fault) -> (u64, usize) {
    let dir = fast_dir();
    let what = format!("{fault:?} at {first} x {count}");
    let mut config = config(dir.path());
    config.segment_bytes = 6 << 10;
    let plan = Arc::new(Faulty::new(first, count, fault));
    let acknowledged = match Log::open_on(Arc::new(Shared(Arc::clone(&plan))), config.clone(), Vec::new()) {
        Ok((log, _)) => {
            let acknowledged = write_some(&log, 8);
            log.close();
            acknowledged
        }
        Err(LogError::Start(_) | LogError::Write(_) | LogError::NoSpace) => Vec::new(),
        Err(other) => panic!("{what}: {other}"),
    };
    let (log, recovery) = Log::open(config, Vec::new()).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(recovery.faults, Vec::<String>::new(), "{what}");
    let more = write_some(&log, 2);
    assert_eq!(more.len(), 4, "{what}: the next log works");
    log.close();
    let report = verified(dir.path(), log.verifier_key());
    assert_eq!(report.verdict, Verdict::Ok, "{what}: {report:#?}");
    let leaves: Vec<_> = Leaves::open(&dir.path().join("evidence")).unwrap().map(Result::unwrap).collect();
    for (index, mark) in &acknowledged {
        let found = leaves.iter().find(|leaf| leaf.incarnation == 1 && leaf.found.leaf.index == *index);
        assert_eq!(found.map(|leaf| leaf.found.leaf.entry.error), Some(Some(*mark)), "{what}: entry {index} is lost");
    }
    (plan.calls.load(Ordering::SeqCst), acknowledged.len())
}

#[test]
fn each_call_fails_once() {
    let (calls, all) = run(u64::MAX, 0, Fault::Io);
    assert_eq!(all, 16);
    assert!(calls > 100, "{calls}");
    for fault in [Fault::NoSpace, Fault::Io, Fault::ShortWrite, Fault::AfterTheFact] {
        let mut lost = 0;
        for first in 0..calls {
            lost += usize::from(run(first, 1, fault).1 < all);
        }
        assert!(lost > 10, "{fault:?}: faults are felt, {lost}");
    }
}

#[test]
fn the_disk_dies_at_each_call() {
    let (calls, _) = run(u64::MAX, 0, Fault::Io);
    for fault in [Fault::NoSpace, Fault::AfterTheFact, Fault::PowerLost] {
        let step = if fault == Fault::PowerLost { 1 } else { 2 };
        for first in (0..calls).step_by(step) {
            run(first, u64::MAX, fault);
        }
    }
}

#[test]
fn the_disk_fails_for_a_while() {
    let (calls, _) = run(u64::MAX, 0, Fault::Io);
    for count in [2, 5, 40] {
        for first in (0..calls).step_by(5) {
            run(first, count, Fault::AfterTheFact);
            run(first, count, Fault::ShortWrite);
        }
    }
}
