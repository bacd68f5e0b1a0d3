//! The log as the gateway holds it: open, append, status, close.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::entry::{Algorithm, Entry};
use crate::merkle::Hash;
use crate::note::VerifierKey;
use crate::store::error::LogError;
use crate::store::keyring::{Keyring, SecretKey};
use crate::store::queue::{Queue, Ticket, lock};
use crate::store::recover::{Recovered, Recovery, recover};
use crate::store::vfs::{Disk, Vfs, replace};
use crate::store::writer::Writer;

/// The file that keeps a second process out.
const LOCK_FILE: &str = "lock";
/// The instance's public key as a verifier key.
pub(crate) const KEY_FILE: &str = "instance.pub";

/// Where and how to write evidence.
#[derive(Clone)]
pub struct LogConfig {
    /// The evidence folder.
    pub dir: PathBuf,
    /// The keyring's folder; not inside `dir`.
    pub keyring_dir: PathBuf,
    /// The key that wraps the keyring.
    pub wrapping_key: SecretKey,
    /// Name of this instance's logs, such as `evidence.example/gate-1`; without spaces or `+`.
    pub origin: String,
    /// Hash of payload; the caller's digests name theirs, this is what `incarnation_open` states.
    pub algorithm: Algorithm,
    /// Bytes after which a new segment begins.
    pub segment_bytes: u64,
    /// Free bytes kept for administrators' entries and the log's own.
    pub reserve_bytes: u64,
    /// Most entries that wait.
    pub queue_entries: usize,
    /// Most bytes that wait, about.
    pub queue_bytes: usize,
    /// Between heartbeat leaves.
    pub heartbeat: Duration,
    /// After a failed commit, entries fail at once for this long before the disk is tried again.
    pub retry_after: Duration,
}

impl LogConfig {
    /// The defaults, which fit production.
    #[must_use]
    pub fn new(dir: &Path, keyring_dir: &Path, wrapping_key: SecretKey, origin: &str) -> Self {
        LogConfig {
            dir: dir.to_owned(),
            keyring_dir: keyring_dir.to_owned(),
            wrapping_key,
            origin: origin.to_owned(),
            algorithm: Algorithm::Blake3,
            segment_bytes: 64 << 20,
            reserve_bytes: 64 << 20,
            queue_entries: 8192,
            queue_bytes: 16 << 20,
            heartbeat: Duration::from_secs(10),
            retry_after: Duration::from_millis(200),
        }
    }
}

impl std::fmt::Debug for LogConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogConfig").field("dir", &self.dir).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// How long the disk took to make commits durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FsyncTimes {
    /// Counts by time: entry `n` counts those under 2^n microseconds that no earlier entry counts.
    pub buckets: [u64; 24],
}

impl FsyncTimes {
    pub(crate) fn record(&mut self, time: Duration) {
        let bits = u128::BITS - time.as_micros().leading_zeros();
        let place = usize::try_from(bits).unwrap_or(usize::MAX).min(self.buckets.len() - 1);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
    }

    /// An upper bound in microseconds on `percent` of the times; 0 when there are none.
    #[must_use]
    pub fn percentile_us(&self, percent: u64) -> u64 {
        let total: u64 = self.buckets.iter().sum();
        let mut below = 0;
        for (place, count) in self.buckets.iter().enumerate() {
            below += count;
            if total > 0 && below * 100 >= total * percent {
                return 1 << place;
            }
        }
        0
    }
}

/// The log's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether the last commit went well and there is space.
    pub healthy: bool,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// This log's number.
    pub incarnation: u64,
    /// Leaves that are durable.
    pub tree_size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Segments begun.
    pub segments: u64,
    /// Bytes of frames written durably.
    pub bytes_written: u64,
    /// Callers' entries that are durable.
    pub entries: u64,
    /// Commits.
    pub commits: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Times of fdatasync.
    pub fsync: FsyncTimes,
}

/// Blocks that are known of one segment; more are stored again when they come again.
const BLOCKS_MAX: usize = 100_000;

/// A block that is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockAt {
    /// Sequence number of its first frame.
    pub(crate) first: u64,
    /// BLAKE3 of its frames' bodies.
    pub(crate) sealed: Hash,
}

/// The blocks of the present segment, by BLAKE3 of what they hold.
#[derive(Debug, Default)]
pub(crate) struct Blocks(HashMap<[u8; 32], BlockAt>);

impl Blocks {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn get(&self, digest: &[u8; 32]) -> Option<BlockAt> {
        self.0.get(digest).copied()
    }

    pub(crate) fn add(&mut self, new: Vec<([u8; 32], BlockAt)>) {
        let room = BLOCKS_MAX.saturating_sub(self.0.len());
        self.0.extend(new.into_iter().take(room));
    }
}

/// What the writer thread and the handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) blocks: Mutex<Blocks>,
    pub(crate) status: Mutex<Status>,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    lock: std::fs::File,
    key: VerifierKey,
}

impl Handle {
    fn stop(&self) {
        self.shared.queue.close();
        if let Some(thread) = lock(&self.thread).take() {
            drop(thread.join());
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
        // Closing alone would not do: a child process between fork and exec holds the file too, and the lock with it.
        drop(self.lock.unlock());
    }
}

/// An open log. Cheap to clone; the last clone that goes closes it.
#[derive(Clone, Debug)]
pub struct Log(Arc<Handle>);

/// Now, in Unix milliseconds.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Log {
    /// Recovers what earlier logs left, then begins a new one, whose first leaf carries `facts`.
    ///
    /// # Errors
    /// Another process has the folder; the keyring is inside it, missing, or not opened by the wrapping key; the disk
    /// refuses. The text names the mend.
    pub fn open(config: LogConfig, facts: Vec<(String, String)>) -> Result<(Self, Recovery), LogError> {
        Self::open_on(Arc::new(Disk), config, facts)
    }

    pub(crate) fn open_on(
        vfs: Arc<dyn Vfs>,
        config: LogConfig,
        facts: Vec<(String, String)>,
    ) -> Result<(Self, Recovery), LogError> {
        let dir = config.dir.clone();
        let failed = |error: std::io::Error| LogError::Start(format!("{}: {error}", dir.display()));
        vfs.create_dir(&config.dir).map_err(failed)?;
        let lock_file = take_lock(&config.dir)?;
        let keyring = open_keyring(&*vfs, &config)?;
        let instance = keyring.instance(&config.origin)?;
        check_instance_key(&*vfs, &config.dir, instance.key())?;
        let key = instance.key().clone();
        let recovered = Recovered { facts, ..recover(&config.dir)? };
        let shared = Arc::new(Shared {
            queue: Queue::new(config.queue_entries, config.queue_bytes),
            blocks: Mutex::default(),
            status: Mutex::default(),
        });
        let (writer, recovery) = Writer::begin(vfs, config, keyring, &instance, recovered, Arc::clone(&shared))?;
        let thread = std::thread::Builder::new().name("evidence-write".into()).spawn(move || writer.run());
        let thread = thread.map_err(|error| LogError::Start(format!("no thread for the writer: {error}")))?;
        let handle = Handle { shared, thread: Mutex::new(Some(thread)), lock: lock_file, key };
        Ok((Log(Arc::new(handle)), recovery))
    }

    /// Queues an entry. Never waits for the disk: the ticket does.
    pub fn append(&self, entry: Entry) -> Ticket {
        self.0.shared.queue.push(entry, false)
    }

    /// Queues an entry that nobody waits for. It shares the next commit, which comes with the next heartbeat at the latest: so
    /// sessions in which nothing happens cost no commits of their own.
    pub fn append_later(&self, entry: Entry) {
        self.0.shared.queue.push_later(entry);
    }

    /// Queues an administrator's entry, which may use the reserve of queue and space.
    pub fn append_admin(&self, entry: Entry) -> Ticket {
        self.0.shared.queue.push(entry, true)
    }

    /// Whether the present segment holds a block of these bytes, by their BLAKE3, so that they need not be packed again. Another segment
    /// may have begun when the entry is written: it always comes with its bytes.
    #[must_use]
    pub fn holds(&self, digest: &[u8; 32]) -> bool {
        lock(&self.0.shared.blocks).get(digest).is_some()
    }

    /// The state after the last commit.
    #[must_use]
    pub fn status(&self) -> Status {
        lock(&self.0.shared.status).clone()
    }

    /// The instance's public key: what auditors pin.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0.key
    }

    /// Writes what is queued, the closing leaf and the last checkpoint, for all clones. Blocks until done.
    pub fn close(&self) {
        self.0.stop();
    }
}

fn take_lock(dir: &Path) -> Result<std::fs::File, LogError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = dir.join(LOCK_FILE);
    let failed = |error: std::io::Error| LogError::Start(format!("{}: {error}", path.display()));
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(LogError::Start(format!(
            "another process writes to {}; stop it, or give this one a folder of its own",
            dir.display()
        ))),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Opens the keyring, or makes one when there is neither keyring nor evidence.
fn open_keyring(vfs: &dyn Vfs, config: &LogConfig) -> Result<Keyring, LogError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| LogError::Start(format!("{path}: {error}"))
    };
    vfs.create_dir(&config.keyring_dir).map_err(failed(&config.keyring_dir))?;
    let evidence = config.dir.canonicalize().map_err(failed(&config.dir))?;
    let ring = config.keyring_dir.canonicalize().map_err(failed(&config.keyring_dir))?;
    if ring.starts_with(&evidence) {
        return Err(LogError::Start(format!(
            "the keyring {} is inside the evidence folder; move it elsewhere, so that who copies evidence copies no keys",
            ring.display()
        )));
    }
    if Keyring::exists(&ring) {
        return Keyring::open(&ring, config.wrapping_key.clone());
    }
    if config.dir.join(KEY_FILE).exists() || !crate::reader::incarnations(&evidence).unwrap_or_default().is_empty() {
        return Err(LogError::Start(format!(
            "{} holds evidence but {} holds no keyring: restore the keyring from its backup, or move the evidence away to \
             begin anew",
            evidence.display(),
            ring.display()
        )));
    }
    Keyring::create(vfs, &ring, config.wrapping_key.clone())
}

/// Writes the public key beside the evidence, or checks that it is still the same.
fn check_instance_key(vfs: &dyn Vfs, dir: &Path, key: &VerifierKey) -> Result<(), LogError> {
    let path = dir.join(KEY_FILE);
    let line = format!("{key}\n");
    match std::fs::read_to_string(&path) {
        Ok(there) if there == line => Ok(()),
        Ok(_) => Err(LogError::Start(format!(
            "the keyring belongs to another instance or name than {}: give the keyring and the name that wrote this evidence",
            path.display()
        ))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => replace(vfs, &path, line.as_bytes(), true)
            .map_err(|error| LogError::Start(format!("{}: {error}", path.display()))),
        Err(error) => Err(LogError::Start(format!("{}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_free_once_the_log_is_dropped_whoever_inherited_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        let config = crate::store::tests::config(dir.path());
        let (log, _) = Log::open(config.clone(), Vec::new()).unwrap();
        let inherited = log.0.lock.try_clone().unwrap();
        assert!(Log::open(config.clone(), Vec::new()).is_err());
        drop(log);
        assert!(Log::open(config, Vec::new()).is_ok());
        drop(inherited);
    }
}
