//! Reads whole frames off a stream within bounds: one frame's, and one for all frames that the process holds.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tidegate_model::{FrameRefused, Protocol};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// Permits are counted in units of this many bytes.
const UNIT: usize = 1024;
/// Frames up to this size are read without asking: heartbeats must get through when large answers fill the budget, and a
/// connection that waits holds no more than this.
const SMALL: usize = 16 * 1024;
/// What an idle stream keeps ready to read into.
const IDLE_BUFFER: usize = 2 * 1024;
/// A peer that sends nothing for this long in the middle of a frame is given up.
const FRAME_STALL: Duration = Duration::from_secs(30);
/// How often a transfer that does not move is looked at.
const TICK: Duration = Duration::from_secs(1);
/// While others wait for memory, a transfer that holds some must move at least this fast, after [`GRACE`].
const PACE_BYTES_PER_SECOND: usize = 128 * 1024;
const GRACE: Duration = Duration::from_secs(5);

/// How many bytes of frames the process may hold at once: one half for requests, one for answers. Were they one pool, requests
/// that wait for answers could hold all that these answers need.
#[derive(Clone, Debug)]
pub struct Budget {
    requests: Pool,
    answers: Pool,
}

/// The budget of one direction.
#[derive(Clone, Debug)]
pub struct Pool {
    permits: Arc<Semaphore>,
    units: usize,
    waiting: Arc<AtomicUsize>,
}

/// Part of the budget; given back when dropped.
#[derive(Debug, Default)]
pub struct Held {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of `bytes` for both directions together.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { requests: Pool::new(bytes / 2), answers: Pool::new(bytes / 2) }
    }

    /// Bytes that nobody holds.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        let units = |pool: &Pool| pool.permits.available_permits();
        units(&self.requests).saturating_add(units(&self.answers)).saturating_mul(UNIT)
    }

    /// For what clients send.
    #[must_use]
    pub fn requests(&self) -> &Pool {
        &self.requests
    }

    /// For what brokers send.
    #[must_use]
    pub fn answers(&self) -> &Pool {
        &self.answers
    }
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(units)), units, waiting: Arc::default() }
    }

    fn units_of(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT).min(self.units)).unwrap_or(u32::MAX)
    }

    /// `bytes`, if they are free now.
    fn hold_now(&self, bytes: usize) -> Option<Held> {
        if bytes <= SMALL {
            return Some(Held::default());
        }
        let permit = Arc::clone(&self.permits).try_acquire_many_owned(self.units_of(bytes)).ok()?;
        Some(Held { _permit: Some(permit) })
    }

    /// Waits until `bytes` are free, in the order of asking. A frame larger than the whole budget waits for all of it.
    async fn hold(&self, bytes: usize) -> Held {
        if let Some(held) = self.hold_now(bytes) {
            return held;
        }
        let _one_waits = Waiting::new(&self.waiting);
        // The semaphore is never closed.
        Held { _permit: Arc::clone(&self.permits).acquire_many_owned(self.units_of(bytes)).await.ok() }
    }

    /// Whether somebody waits for memory.
    fn is_pressed(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Watches one frame's transfer, so that no peer holds memory for ever by not moving.
struct Watch<'a> {
    pool: &'a Pool,
    length: usize,
    stall: Duration,
    began: Instant,
    moved: Instant,
    done: usize,
}

impl<'a> Watch<'a> {
    fn new(pool: &'a Pool, length: usize, stall: Duration) -> Self {
        let now = Instant::now();
        Self { pool, length, stall, began: now, moved: now, done: 0 }
    }

    /// How long to wait before looking again.
    fn patience(&self) -> Duration {
        TICK.min(self.stall)
    }

    /// Notes what has moved since.
    fn check(&mut self, bytes: usize) -> io::Result<()> {
        let now = Instant::now();
        if bytes > 0 {
            self.moved = now;
            self.done = self.done.saturating_add(bytes);
        }
        let stalled = bytes == 0 && now.duration_since(self.moved) >= self.stall;
        if stalled || (self.length > SMALL && self.pool.is_pressed() && self.is_behind(now)) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    fn is_behind(&self, now: Instant) -> bool {
        let late = now.duration_since(self.began).saturating_sub(GRACE);
        let due = usize::try_from(late.as_millis()).unwrap_or(usize::MAX).saturating_mul(PACE_BYTES_PER_SECOND) / 1000;
        self.done < due.min(self.length)
    }
}

/// Writes all of `bytes` and flushes. `pool` is what the frame was held in.
///
/// # Errors
/// The stream's; `TimedOut` when the peer takes nothing for `stall`, or too little while others wait for memory.
pub async fn write_frame<W: AsyncWrite + Unpin>(
    stream: &mut W,
    bytes: &[u8],
    stall: Duration,
    pool: &Pool,
) -> io::Result<()> {
    let mut watch = Watch::new(pool, bytes.len(), stall);
    let mut left = bytes;
    while !left.is_empty() {
        let written = match timeout(watch.patience(), stream.write(left)).await {
            Ok(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written?,
            Err(_elapsed) => 0,
        };
        left = left.get(written..).unwrap_or_default();
        watch.check(written)?;
    }
    timeout(stall, stream.flush()).await.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))?
}

/// A frame and the part of the budget that it takes.
#[derive(Debug)]
pub struct Frame {
    /// The bytes, length prefix included.
    pub bytes: BytesMut,
    /// Kept until the frame has gone out.
    pub held: Held,
}

/// Why no frame came.
#[derive(Debug)]
pub enum ReadError {
    /// The peer sent something that is no frame.
    Refused(FrameRefused),
    /// The stream failed, or ended or stood still inside a frame.
    Io(io::Error),
}

/// One direction of a connection, as frames.
pub struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    protocol: &'static dyn Protocol,
    pool: Pool,
    longest: usize,
    again: Option<Frame>,
}

impl<R> std::fmt::Debug for FrameReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameReader").field("buffered", &self.buffer.len()).finish_non_exhaustive()
    }
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads `stream`, whose frames are held in `pool`.
    pub fn new(stream: R, protocol: &'static dyn Protocol, pool: Pool) -> Self {
        Self { stream, buffer: BytesMut::new(), protocol, pool, longest: usize::MAX, again: None }
    }

    /// Refuses frames over `bytes` from now on, before they are read.
    pub fn set_longest(&mut self, bytes: usize) {
        self.longest = bytes;
    }

    /// Gives a frame back: it is the next once more.
    pub fn put_back(&mut self, frame: Frame) {
        self.again = Some(frame);
    }

    /// The next frame, or `None` when the stream ends between frames. Not cancel safe inside a frame.
    ///
    /// # Errors
    /// See [`ReadError`]; the stream is of no use afterwards.
    pub async fn next(&mut self) -> Result<Option<Frame>, ReadError> {
        if let Some(frame) = self.again.take() {
            return Ok(Some(frame));
        }
        let length = loop {
            if let Some(length) = self.protocol.frame_length(&self.buffer).map_err(ReadError::Refused)? {
                break length;
            }
            if !self.more().await.map_err(ReadError::Io)? {
                if self.buffer.is_empty() {
                    return Ok(None);
                }
                return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        };
        if length > self.longest {
            let text = format!("a frame of {length} bytes, where {} are taken at most before login", self.longest);
            return Err(ReadError::Refused(FrameRefused(text)));
        }
        let held = self.pool.hold(length).await;
        self.fill(length).await.map_err(ReadError::Io)?;
        let bytes = self.buffer.split_to(length);
        if self.buffer.is_empty() {
            // What is left of the allocation goes when the frame goes.
            self.buffer = BytesMut::new();
        }
        Ok(Some(Frame { bytes, held }))
    }

    /// Reads until the buffer holds `length` bytes.
    async fn fill(&mut self, length: usize) -> io::Result<()> {
        if self.buffer.len() >= length {
            return Ok(());
        }
        // The budget is held for all of it, so all of it may be asked for; a little beyond saves a read.
        self.buffer.reserve(length.saturating_sub(self.buffer.len()).saturating_add(SMALL));
        let mut watch = Watch::new(&self.pool, length, FRAME_STALL);
        while self.buffer.len() < length {
            let read = match timeout(watch.patience(), self.stream.read_buf(&mut self.buffer)).await {
                Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => read?,
                Err(_elapsed) => 0,
            };
            watch.check(read)?;
        }
        Ok(())
    }

    /// Waits for more bytes; false when the stream has ended. Cancel safe.
    ///
    /// # Errors
    /// The stream's.
    pub async fn more(&mut self) -> io::Result<bool> {
        if self.buffer.is_empty() && self.buffer.capacity() < IDLE_BUFFER {
            self.buffer = BytesMut::with_capacity(IDLE_BUFFER);
        }
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

#[cfg(test)]
mod tests;
