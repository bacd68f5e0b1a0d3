//! The one writer: gives entries their place, writes what has queued, makes it durable, then answers.
//!
//! Nothing counts before its commit is durable. A commit that fails takes back index, chains and tree, so that no hole
//! and no false success is left; the segment it failed in is never written again.

mod keep;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;

use crate::entry::{Digest, Entry, Kind, Label, Place, SessionId};
use crate::frame::{Commit, FrameKind, MAX_BODY, SegmentHeader, write_frame};
use crate::kept::SEGMENT_BLOCKS_MAX;
use crate::leaf::{Leaf, MAX_LEAF, Payload, commitment};
use crate::merkle::{Frontier, Hash, Tile, Tiler, leaf_hash, sha256};
use crate::note::{Checkpoint, Signer, certificate_text};
use crate::reader::{CHECKPOINT_FILE, incarnation_name, log_name};
use crate::store::error::LogError;
use crate::store::keyring::{Keyring, content_tag, random};
use crate::store::log::{LogConfig, Shared, now_ms};
use crate::store::queue::{Pending, Receipt, Work, lock};
use crate::store::recover::{Recovered, Recovery};
use crate::store::segment::{Preparer, Segment, SegmentMaker};
use crate::store::vfs::{Vfs, replace, write_all_at};

/// About the most bytes in one commit: larger ones make everybody wait for the disk.
const COMMIT_BYTES: usize = 1 << 20;
/// The `checkpoint` file is written this often at most.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);
/// A heartbeat that is later than this many times its interval is declared as a gap.
const LATE_HEARTBEATS: u32 = 3;

/// Where a session's chain stands.
#[derive(Clone, Copy)]
struct Chain {
    count: u64,
    last: Hash,
}

/// What a failed commit puts back; the draft knows the sessions.
struct Undo {
    tree: Frontier,
    seq: u64,
}

/// A commit that is being made.
#[derive(Default)]
struct Draft {
    bytes: Vec<u8>,
    leaves: Vec<Hash>,
    /// Entries in it with their index.
    placed: Vec<(Pending, u64)>,
    sessions: Vec<(SessionId, Option<Chain>)>,
    /// New blocks in it.
    blocks: usize,
}

/// How far a draft and the frames' numbers were.
struct Mark {
    bytes: usize,
    seq: u64,
}

pub(crate) struct Writer {
    vfs: Arc<dyn Vfs>,
    config: LogConfig,
    shared: Arc<Shared>,
    dir: PathBuf,
    origin: String,
    incarnation: u64,
    keyring: Arc<Keyring>,
    lineage: hmac::Key,
    signer: Signer,
    certificate: String,
    maker: Arc<SegmentMaker>,
    preparer: Preparer,
    tree: Frontier,
    tiler: Tiler,
    seq: u64,
    sessions: HashMap<SessionId, Chain>,
    segment: Option<Segment>,
    next_segment: u32,
    /// Bytes after the last good commit of segments that failed, not declared yet.
    undeclared: Vec<Place>,
    heartbeat_at: Instant,
    /// On the steady clock and on the wall.
    last_heartbeat: (Instant, u64),
    /// When the newest commit is to be published; absent when it is.
    publish_at: Option<Instant>,
    may_publish: Instant,
    retry_at: Option<(Instant, LogError)>,
}

impl Writer {
    /// Begins a new log and makes its first commit: opening leaf and what recovery found.
    pub(crate) fn begin(
        vfs: Arc<dyn Vfs>,
        config: LogConfig,
        keyring: Keyring,
        instance: &Signer,
        recovered: Recovered,
        shared: Arc<Shared>,
    ) -> Result<(Self, Recovery), LogError> {
        let mut writer = Self::new(vfs, config, keyring, instance, recovered.next_incarnation, shared)?;
        let mut open = Entry::new(Kind::IncarnationOpen, now_ms());
        open.previous = recovered.previous;
        open.facts = recovered.facts;
        open.facts.push(("version".into(), env!("CARGO_PKG_VERSION").into()));
        open.facts.push(("heartbeat_ms".into(), writer.config.heartbeat.as_millis().to_string()));
        open.facts.push(("payload_hash".into(), writer.config.algorithm.name().into()));
        let first = std::iter::once(open).chain(recovered.entries).map(Pending::own).collect();
        writer.commit(first)?;
        recovered.cuts.apply(&*writer.vfs);
        Ok((writer, recovered.report))
    }

    fn new(
        vfs: Arc<dyn Vfs>,
        config: LogConfig,
        keyring: Keyring,
        instance: &Signer,
        incarnation: u64,
        shared: Arc<Shared>,
    ) -> Result<Self, LogError> {
        let dir = config.dir.join(incarnation_name(incarnation));
        let failed = |error: std::io::Error| LogError::Start(format!("{}: {error}", dir.display()));
        vfs.create_dir(&dir).map_err(failed)?;
        vfs.sync_dir(&config.dir).map_err(failed)?;
        let origin = log_name(&config.origin, incarnation);
        // This key lives in memory only: once this process is gone, nobody can sign for this log again.
        let signer = Signer::new(&origin, &*random::<32>()?).map_err(|error| LogError::Start(error.to_string()))?;
        let certificate = instance.note(&certificate_text(&origin, signer.key()));
        let keyring = Arc::new(keyring);
        let maker = Arc::new(SegmentMaker {
            vfs: Arc::clone(&vfs),
            dir: dir.clone(),
            keyring: Arc::clone(&keyring),
            incarnation,
            bytes: config.segment_bytes,
            reserve: config.reserve_bytes,
        });
        let now = Instant::now();
        Ok(Writer {
            lineage: keyring.lineage(),
            preparer: Preparer::start(Arc::clone(&maker))?,
            heartbeat_at: now + config.heartbeat,
            last_heartbeat: (now, now_ms()),
            vfs,
            config,
            shared,
            dir,
            origin,
            incarnation,
            keyring,
            signer,
            certificate,
            maker,
            tree: Frontier::default(),
            tiler: Tiler::default(),
            seq: 0,
            sessions: HashMap::new(),
            segment: None,
            next_segment: 0,
            undeclared: Vec::new(),
            publish_at: None,
            may_publish: now,
            retry_at: None,
        })
    }

    /// Writes until the queue is closed.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _dead = OnExit(&shared);
        loop {
            let deadline = self.publish_at.map_or(self.heartbeat_at, |at| at.min(self.heartbeat_at));
            let Work { mut batch, last } = shared.queue.take(COMMIT_BYTES, deadline);
            self.add_heartbeat(&mut batch);
            if last {
                batch.push(Pending::own(Entry::new(Kind::IncarnationClose, now_ms())));
            }
            if !batch.is_empty() {
                // The entries have their answers; what went wrong stands in the status.
                drop(self.commit(batch));
            }
            self.publish_if_due();
            if last {
                break;
            }
        }
        self.seal();
    }

    fn add_heartbeat(&mut self, batch: &mut Vec<Pending>) {
        let now = Instant::now();
        if now < self.heartbeat_at {
            return;
        }
        self.heartbeat_at = now + self.config.heartbeat;
        let late = self.config.heartbeat * LATE_HEARTBEATS;
        let (last, last_ms) = self.last_heartbeat;
        let by_wall = Duration::from_millis(now_ms().saturating_sub(last_ms));
        if now.duration_since(last) > late || by_wall > late {
            let mut gap = Entry::new(Kind::Gap, now_ms());
            gap.reason = Some("no heartbeat could be written in time, or the clock was set".into());
            batch.push(Pending::own(gap));
        }
        batch.push(Pending::own(Entry::new(Kind::Heartbeat, now_ms())));
    }

    /// Makes a batch durable and answers every entry in it.
    fn commit(&mut self, batch: Vec<Pending>) -> Result<(), LogError> {
        if let Some((until, error)) = &self.retry_at
            && Instant::now() < *until
        {
            let error = error.clone();
            batch.into_iter().for_each(|pending| pending.complete(Err(error.clone())));
            return Err(error);
        }
        let (batch, has_space) = self.within_space(batch);
        let beats = batch.iter().any(|pending| pending.entry.kind == Kind::Heartbeat);
        let undo = Undo { tree: self.tree.clone(), seq: self.seq };
        let mut draft = Draft::default();
        let written = self.write(batch, &mut draft);
        match written {
            Ok(()) => {
                if beats {
                    self.last_heartbeat = (Instant::now(), now_ms());
                }
                self.succeed(draft, has_space);
                Ok(())
            }
            Err(error) => {
                self.fail(draft, undo, &error);
                Err(error)
            }
        }
    }

    /// Refuses what may not use the reserve when free space is under it.
    fn within_space(&mut self, batch: Vec<Pending>) -> (Vec<Pending>, bool) {
        let short = match self.vfs.free_bytes(&self.dir) {
            Ok(free) if free >= self.config.reserve_bytes => return (batch, true),
            Ok(_) => LogError::NoSpace,
            Err(error) => LogError::Write(format!("free space of {}: {error}", self.dir.display())),
        };
        let (may, may_not): (Vec<_>, Vec<_>) = batch.into_iter().partition(|pending| pending.reserve);
        let mut status = lock(&self.shared.status);
        status.healthy = false;
        status.last_error = Some(short.to_string());
        drop(status);
        may_not.into_iter().for_each(|pending| pending.complete(Err(short.clone())));
        (may, false)
    }

    /// Places and writes a batch. On an error the draft holds the entries that must be answered.
    fn write(&mut self, batch: Vec<Pending>, draft: &mut Draft) -> Result<(), LogError> {
        let mut waiting = batch.into_iter();
        let result = self.begin_commit(&mut waiting, draft);
        // Whatever was not placed because of an error is answered like the rest.
        draft.placed.extend(waiting.map(|pending| (pending, 0)));
        result?;
        if draft.placed.is_empty() {
            return Ok(());
        }
        let commit = self.sign();
        write_frame(&mut draft.bytes, FrameKind::Commit, self.seq, &commit.encode());
        self.seq += 1;
        let Some(segment) = &self.segment else { return Err(LogError::Closed) };
        let failed = |error: std::io::Error| LogError::Write(format!("{}: {error}", segment.path.display()));
        write_all_at(&*segment.file, &draft.bytes, segment.end).map_err(failed)?;
        let start = Instant::now();
        segment.file.sync().map_err(failed)?;
        lock(&self.shared.status).fsync.record(start.elapsed());
        Ok(())
    }

    fn begin_commit(&mut self, waiting: &mut std::vec::IntoIter<Pending>, draft: &mut Draft) -> Result<(), LogError> {
        if waiting.len() == 0 {
            return Ok(());
        }
        let sizes = waiting.as_slice().iter().map(|pending| pending.entry.weight() + pending.entry.block_bytes());
        let weight: usize = sizes.sum();
        let blocks = waiting.as_slice().iter().map(|pending| pending.entry.kept.len()).sum();
        self.open_segment(weight as u64, blocks)?;
        for place in self.undeclared.clone() {
            let mut gap = Entry::new(Kind::Gap, now_ms());
            gap.reason = Some("a commit failed; its entries were refused".into());
            gap.place = Some(place);
            self.place(Pending::own(gap), draft)?;
        }
        for pending in waiting.by_ref() {
            self.place(pending, draft)?;
        }
        Ok(())
    }

    /// Sees to it that there is a segment with room.
    fn open_segment(&mut self, weight: u64, blocks: usize) -> Result<(), LogError> {
        if let Some(segment) = &self.segment {
            let fits =
                segment.end + weight <= self.config.segment_bytes && segment.blocks + blocks <= SEGMENT_BLOCKS_MAX;
            if segment.commits == 0 || fits {
                return Ok(());
            }
            // The full segment keeps its name and is cut to what it holds; the zeros behind would do no harm.
            drop(segment.file.set_len(segment.end));
            self.segment = None;
        }
        lock(&self.shared.blocks).clear();
        let number = self.next_segment;
        let spare = self.preparer.take(number)?;
        let header = SegmentHeader {
            origin: self.origin.clone(),
            incarnation: self.incarnation,
            segment: number,
            first_index: self.tree.size(),
            first_seq: self.seq,
            previous_root: self.tree.root(),
            keyring: self.keyring.id(),
        };
        self.segment = Some(self.maker.activate(spare, &header, self.certificate.as_bytes())?);
        self.seq += 1;
        self.next_segment = number + 1;
        lock(&self.shared.status).segments += 1;
        self.preparer.ask(number + 1);
        Ok(())
    }

    fn sign(&self) -> Commit {
        let checkpoint = self.checkpoint();
        Commit { size: checkpoint.size, root: checkpoint.root, signature: self.signer.sign(&checkpoint.text()) }
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.tree.size(), root: self.tree.root() }
    }

    /// Gives an entry its place and appends its frames. One that is too large is answered and left out.
    fn place(&mut self, mut pending: Pending, draft: &mut Draft) -> Result<(), LogError> {
        let entry = std::mem::replace(&mut pending.entry, Entry::new(Kind::Gap, 0));
        let (session, closes) = (entry.session, entry.kind == Kind::SessionClose);
        let mut leaf = Leaf::bare(self.tree.size(), entry);
        let mark = Mark { bytes: draft.bytes.len(), seq: self.seq };
        let blocks = match self.keep(&mut leaf, draft) {
            Ok(blocks) => blocks,
            Err(error) => {
                draft.placed.push((pending, 0));
                return Err(error);
            }
        };
        let disclosure = match self.commit_values(&mut leaf) {
            Ok(disclosure) => disclosure,
            Err(error) => {
                draft.placed.push((pending, 0));
                return Err(error);
            }
        };
        let chain = session.and_then(|id| self.sessions.get(&id).copied());
        if session.is_some() {
            leaf.session_seq = Some(chain.map_or(0, |chain| chain.count));
            leaf.prev_session = chain.map(|chain| chain.last);
        }
        if closes && session.is_some() {
            leaf.session_count = Some(chain.map_or(0, |chain| chain.count) + 1);
        }
        let bytes = leaf.encode();
        if bytes.len() > MAX_LEAF || disclosure.as_ref().is_some_and(|body| body.len() > MAX_BODY) {
            draft.bytes.truncate(mark.bytes);
            self.seq = mark.seq;
            pending.complete(Err(LogError::TooLarge));
            return Ok(());
        }
        draft.blocks += blocks.len();
        lock(&self.shared.blocks).add(blocks);
        if let Some(body) = disclosure {
            write_frame(&mut draft.bytes, FrameKind::Disclosure, self.seq, &body);
            self.seq += 1;
        }
        write_frame(&mut draft.bytes, FrameKind::Leaf, self.seq, &bytes);
        self.seq += 1;
        if let Some(id) = session {
            draft.sessions.push((id, chain));
            let next = Chain { count: chain.map_or(0, |chain| chain.count) + 1, last: sha256(&bytes) };
            if closes {
                self.sessions.remove(&id)
            } else {
                self.sessions.insert(id, next)
            };
        }
        let hash = leaf_hash(&bytes);
        self.tree.push(hash);
        draft.leaves.push(hash);
        draft.placed.push((pending, leaf.index));
        Ok(())
    }

    /// Turns digests and personal values into commitments; returns the body of the DISC frame.
    fn commit_values(&mut self, leaf: &mut Leaf) -> Result<Option<Vec<u8>>, LogError> {
        let Some(segment) = &mut self.segment else { return Err(LogError::Closed) };
        let index = leaf.index;
        let payload = |digest: Option<Digest>, label: Label| {
            digest.map(|digest| Payload {
                algorithm: digest.algorithm,
                bytes: digest.bytes,
                commitment: commitment(&segment.payload.salt(index, label), label, &digest.d),
                tag: content_tag(&self.lineage, &digest.d),
            })
        };
        leaf.received = payload(leaf.entry.received.take(), Label::Received);
        leaf.delivered = payload(leaf.entry.delivered.take(), Label::Delivered);
        leaf.stored = payload(leaf.entry.stored.take(), Label::Stored);
        let batches = std::mem::take(&mut leaf.entry.batches);
        leaf.tags = batches.iter().map(|batch| (batch.partition, content_tag(&self.lineage, &batch.digest))).collect();
        let values = std::mem::take(&mut leaf.entry.disclosures);
        if values.is_empty() {
            return Ok(None);
        }
        let committed = values.iter().map(|(label, value)| {
            let salt = segment.personal.salt(index, *label);
            (*label, commitment(&salt, *label, &sha256(value)))
        });
        leaf.commitments = committed.collect();
        let body = segment.personal.seal(&self.origin, index, &values)?;
        leaf.disclosure = Some(sha256(&body));
        Ok(Some(body))
    }

    fn succeed(&mut self, draft: Draft, has_space: bool) {
        if draft.placed.is_empty() {
            return;
        }
        if let Some(segment) = &mut self.segment {
            segment.end += draft.bytes.len() as u64;
            segment.commits += 1;
            segment.blocks += draft.blocks;
        }
        self.undeclared.clear();
        self.retry_at = None;
        let mut status = lock(&self.shared.status);
        status.healthy = has_space;
        if has_space {
            status.last_error = None;
        }
        status.incarnation = self.incarnation;
        status.tree_size = self.tree.size();
        status.root = self.tree.root();
        status.bytes_written += draft.bytes.len() as u64;
        status.entries += draft.placed.iter().filter(|(pending, _)| pending.completer.is_some()).count() as u64;
        status.commits += 1;
        drop(status);
        for (pending, index) in draft.placed {
            pending.complete(Ok(Receipt::new(index)));
        }
        for hash in draft.leaves {
            let full = self.tiler.push(hash);
            self.write_tiles(&full);
        }
        self.publish_at.get_or_insert(self.may_publish);
        self.publish_if_due();
    }

    fn publish_if_due(&mut self) {
        if self.publish_at.is_some_and(|at| at <= Instant::now()) {
            self.publish();
        }
    }

    fn fail(&mut self, draft: Draft, undo: Undo, error: &LogError) {
        for (id, before) in draft.sessions.into_iter().rev() {
            match before {
                Some(chain) => self.sessions.insert(id, chain),
                None => self.sessions.remove(&id),
            };
        }
        self.tree = undo.tree;
        self.seq = undo.seq;
        lock(&self.shared.blocks).clear();
        self.poison(draft.bytes.len() as u64);
        self.retry_at = Some((Instant::now() + self.config.retry_after, error.clone()));
        let mut status = lock(&self.shared.status);
        status.healthy = false;
        status.failed_commits += 1;
        status.last_error = Some(error.to_string());
        drop(status);
        for (pending, _) in draft.placed {
            pending.complete(Err(error.clone()));
        }
    }

    /// Gives up the segment of a failed commit: the kernel may have dropped its pages, so it is never written again but
    /// for cutting off what does not count.
    fn poison(&mut self, attempted: u64) {
        let Some(segment) = self.segment.take() else { return };
        drop(segment.file.set_len(segment.end).and_then(|()| segment.file.sync()));
        if segment.commits == 0 {
            // Nothing counted in it: its number is free again, and the next file takes its name if it is still there.
            drop(self.vfs.remove(&segment.path));
            self.next_segment = segment.number;
            return;
        }
        self.undeclared.push(Place { segment: segment.number, byte: segment.end, length: attempted });
    }

    /// Tiles and checkpoint are made from the leaves and can be made again: an error is told, not fatal.
    fn write_tiles(&self, tiles: &[Tile]) {
        for tile in tiles {
            let path = self.dir.join(tile.path());
            let folder = path.parent().unwrap_or(&self.dir);
            let written = self.vfs.create_dir(folder).and_then(|()| replace(&*self.vfs, &path, &tile.data, false));
            if let Err(error) = written {
                lock(&self.shared.status).last_error = Some(format!("{}: {error}", path.display()));
            }
        }
    }

    /// Writes the `checkpoint` file.
    fn publish(&mut self) {
        self.publish_at = None;
        self.may_publish = Instant::now() + PUBLISH_EVERY;
        let path = self.dir.join(CHECKPOINT_FILE);
        let note = self.signer.note(&self.checkpoint().text());
        if let Err(error) = replace(&*self.vfs, &path, note.as_bytes(), false) {
            lock(&self.shared.status).last_error = Some(format!("{}: {error}", path.display()));
        }
    }

    /// Leaves the last segment, tiles and checkpoint as a reader wants them.
    fn seal(mut self) {
        self.preparer.stop();
        if let Some(segment) = self.segment.take() {
            drop(segment.file.set_len(segment.end).and_then(|()| segment.file.sync()));
        }
        self.write_tiles(&self.tiler.partial());
        self.publish();
    }
}

/// Fails what is queued when the writer's thread ends, however it ends.
struct OnExit<'a>(&'a Shared);

impl Drop for OnExit<'_> {
    fn drop(&mut self) {
        self.0.queue.kill();
        lock(&self.0.status).healthy = false;
    }
}
