//! Reads whole frames off a stream within bounds: one frame's, and one for all frames that the process holds.

use std::sync::Arc;

use bytes::BytesMut;
use tidegate_model::{FrameRefused, Protocol};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits are counted in units of this many bytes.
const UNIT: usize = 1024;
/// Frames up to this size are read without asking: heartbeats must get through when large answers fill the budget, and a
/// connection that waits holds no more than this.
const SMALL: usize = 16 * 1024;
/// What an idle stream keeps ready to read into.
const IDLE_BUFFER: usize = 2 * 1024;

/// How many bytes of frames the process may hold at once.
#[derive(Clone, Debug)]
pub struct Budget {
    permits: Arc<Semaphore>,
    units: usize,
}

/// Part of the budget; given back when dropped.
#[derive(Debug, Default)]
pub struct Held {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(units)), units }
    }

    /// Bytes that nobody holds.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.permits.available_permits().saturating_mul(UNIT)
    }

    /// Waits until `bytes` are free. A frame larger than the whole budget waits for all of it.
    async fn hold(&self, bytes: usize) -> Held {
        if bytes <= SMALL {
            return Held::default();
        }
        let units = u32::try_from(bytes.div_ceil(UNIT).min(self.units)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        Held { _permit: Arc::clone(&self.permits).acquire_many_owned(units).await.ok() }
    }
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
    /// The stream failed, or ended inside a frame.
    Io(std::io::Error),
}

/// One direction of a connection, as frames.
pub struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    protocol: &'static dyn Protocol,
    budget: Budget,
}

impl<R> std::fmt::Debug for FrameReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameReader").field("buffered", &self.buffer.len()).finish_non_exhaustive()
    }
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads `stream`.
    pub fn new(stream: R, protocol: &'static dyn Protocol, budget: Budget) -> Self {
        Self { stream, buffer: BytesMut::new(), protocol, budget }
    }

    /// The next frame, or `None` when the stream ends between frames. Not cancel safe inside a frame.
    ///
    /// # Errors
    /// See [`ReadError`]; the stream is of no use afterwards.
    pub async fn next(&mut self) -> Result<Option<Frame>, ReadError> {
        let length = loop {
            if let Some(length) = self.protocol.frame_length(&self.buffer).map_err(ReadError::Refused)? {
                break length;
            }
            if self.buffer.is_empty() && self.buffer.capacity() < IDLE_BUFFER {
                self.buffer = BytesMut::with_capacity(IDLE_BUFFER);
            }
            if self.stream.read_buf(&mut self.buffer).await.map_err(ReadError::Io)? == 0 {
                if self.buffer.is_empty() {
                    return Ok(None);
                }
                return Err(ReadError::Io(std::io::ErrorKind::UnexpectedEof.into()));
            }
        };
        let held = self.budget.hold(length).await;
        while self.buffer.len() < length {
            // Grown in steps, so that a length that nobody honours takes no memory. A little beyond the frame saves a read.
            let missing = length.saturating_sub(self.buffer.len());
            self.buffer.reserve(missing.min(STEP).saturating_add(SMALL));
            if self.stream.read_buf(&mut self.buffer).await.map_err(ReadError::Io)? == 0 {
                return Err(ReadError::Io(std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let bytes = self.buffer.split_to(length);
        if self.buffer.is_empty() {
            // What is left of the allocation goes when the frame goes.
            self.buffer = BytesMut::new();
        }
        Ok(Some(Frame { bytes, held }))
    }

    /// Whether a whole frame can be taken without waiting.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        matches!(self.protocol.frame_length(&self.buffer), Ok(Some(length)) if self.buffer.len() >= length)
    }
}

/// How much a buffer grows at once while a large frame comes in.
const STEP: usize = 1024 * 1024;
