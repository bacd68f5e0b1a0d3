//! Segment files as the writer makes them: filled with zeros ahead of time, named only when their header is durable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::frame::{FrameKind, SegmentHeader, write_frame};
use crate::reader::segment_name;
use crate::store::error::LogError;
use crate::store::keyring::{Class, DataKey, KeyName, Keyring};
use crate::store::vfs::{Vfs, VfsFile, write_all_at};

/// Zeros are written and synced in pieces of this size, so that a commit never waits behind a whole segment.
const FILL: usize = 1 << 20;

/// Makes segments of one log.
pub(crate) struct SegmentMaker {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) dir: PathBuf,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) incarnation: u64,
    /// Bytes that a segment is filled to.
    pub(crate) bytes: u64,
    /// Free bytes that filling ahead must leave.
    pub(crate) reserve: u64,
}

/// A segment file without header, under a temporary name, with its keys.
pub(crate) struct Spare {
    number: u32,
    path: PathBuf,
    file: Box<dyn VfsFile>,
    personal: DataKey,
    payload: DataKey,
}

/// The segment that is written.
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) path: PathBuf,
    pub(crate) file: Box<dyn VfsFile>,
    /// End of the last durable commit.
    pub(crate) end: u64,
    /// Commits in it.
    pub(crate) commits: u64,
    /// Blocks in it.
    pub(crate) blocks: usize,
    pub(crate) personal: DataKey,
    pub(crate) payload: DataKey,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> LogError {
    let path = path.display().to_string();
    move |error| LogError::Write(format!("{path}: {error}"))
}

impl SegmentMaker {
    /// Makes keys and file of a segment. Short of space the file is left empty and grows as it is written.
    pub(crate) fn prepare(&self, number: u32) -> Result<Spare, LogError> {
        let name = |class| KeyName { incarnation: self.incarnation, segment: number, class };
        let personal = self.keyring.create_data_key(&*self.vfs, name(Class::Personal))?;
        let payload = self.keyring.create_data_key(&*self.vfs, name(Class::Payload))?;
        let path = self.dir.join(format!("{}.tmp", segment_name(number)));
        let file = self.vfs.create(&path).map_err(failed(&path))?;
        let free = self.vfs.free_bytes(&self.dir).map_err(failed(&self.dir))?;
        if free >= self.reserve.saturating_add(self.bytes) && self.fill(&*file).is_err() {
            file.set_len(0).map_err(failed(&path))?;
        }
        Ok(Spare { number, path, file, personal, payload })
    }

    fn fill(&self, file: &dyn VfsFile) -> io::Result<()> {
        let zeros = vec![0; FILL];
        let mut at = 0;
        while at < self.bytes {
            let piece = usize::try_from(self.bytes - at).unwrap_or(FILL).min(FILL);
            write_all_at(file, zeros.get(..piece).unwrap_or_default(), at)?;
            file.sync()?;
            at += piece as u64;
        }
        Ok(())
    }

    /// Gives a spare its header, certificate and name, durably.
    pub(crate) fn activate(
        &self,
        spare: Spare,
        header: &SegmentHeader,
        certificate: &[u8],
    ) -> Result<Segment, LogError> {
        let Spare { number, path, file, personal, payload } = spare;
        let mut start = header.encode();
        write_frame(&mut start, FrameKind::Note, header.first_seq, certificate);
        let named = self.dir.join(segment_name(number));
        let write = || -> io::Result<()> {
            write_all_at(&*file, &start, 0)?;
            file.sync()?;
            self.vfs.rename(&path, &named)?;
            self.vfs.sync_dir(&self.dir)
        };
        write().map_err(failed(&named))?;
        Ok(Segment { number, path: named, file, end: start.len() as u64, commits: 0, blocks: 0, personal, payload })
    }
}

/// Prepares the next segment on a thread of its own.
pub(crate) struct Preparer {
    maker: Arc<SegmentMaker>,
    requests: Option<SyncSender<u32>>,
    ready: Receiver<Result<Spare, LogError>>,
    thread: Option<JoinHandle<()>>,
    asked: bool,
}

impl Preparer {
    pub(crate) fn start(maker: Arc<SegmentMaker>) -> Result<Self, LogError> {
        let (requests, asked) = sync_channel::<u32>(1);
        let (give, ready) = sync_channel(1);
        let making = Arc::clone(&maker);
        let work = move || {
            while let Ok(number) = asked.recv() {
                if give.send(making.prepare(number)).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("evidence-prepare".into()).spawn(work);
        let thread = thread.map_err(|error| LogError::Start(format!("no thread for segments: {error}")))?;
        Ok(Preparer { maker, requests: Some(requests), ready, thread: Some(thread), asked: false })
    }

    /// Has a segment made in the background, unless one is being made.
    pub(crate) fn ask(&mut self, number: u32) {
        let sent = !self.asked && self.requests.as_ref().is_some_and(|requests| requests.try_send(number).is_ok());
        self.asked |= sent;
    }

    /// The prepared segment, or a new one when another number is wanted or preparing failed.
    pub(crate) fn take(&mut self, number: u32) -> Result<Spare, LogError> {
        match self.received() {
            Some(Ok(spare)) if spare.number == number => return Ok(spare),
            Some(Ok(other)) => self.discard(&other),
            Some(Err(_)) | None => {}
        }
        self.maker.prepare(number)
    }

    fn received(&mut self) -> Option<Result<Spare, LogError>> {
        let asked = std::mem::take(&mut self.asked);
        if asked { self.ready.recv().ok() } else { None }
    }

    fn discard(&self, spare: &Spare) {
        // A file left under its temporary name is ignored by readers and removed by the next start.
        drop(self.maker.vfs.remove(&spare.path));
    }

    /// Stops the thread and removes what it made.
    pub(crate) fn stop(&mut self) {
        if let Some(Ok(spare)) = self.received() {
            self.discard(&spare);
        }
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
