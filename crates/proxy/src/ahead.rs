//! The queue between the two stages of a half: one goes ahead, the other waits for the disk and writes. So the leaves of requests
//! that a client sends in a row share a turn of the disk, and the next frame is read meanwhile.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Frames that one stage may be ahead of the other.
const FRAMES_MAX: usize = 32;
/// Bytes that it may be ahead, in units of [`UNIT`]; a larger frame goes alone.
const UNITS_MAX: usize = 4 * 1024;
const UNIT: usize = 1024;

/// The end of the stage that goes ahead.
pub(crate) struct Sender<T> {
    queue: mpsc::Sender<Ahead<T>>,
    room: Arc<Semaphore>,
}

/// A frame's step that is ahead; its room is given back when it is dropped.
pub(crate) struct Ahead<T> {
    pub(crate) step: T,
    pub(crate) room: Room,
}

/// Part of the bound on bytes.
pub(crate) struct Room {
    _permit: Option<OwnedSemaphorePermit>,
}

/// A queue of steps, bounded in number and in bytes of their frames.
pub(crate) fn queue<T>() -> (Sender<T>, mpsc::Receiver<Ahead<T>>) {
    let (queue, steps) = mpsc::channel(FRAMES_MAX);
    (Sender { queue, room: Arc::new(Semaphore::new(UNITS_MAX)) }, steps)
}

impl<T> Sender<T> {
    /// Waits for room. When the other stage has ended, the step comes back.
    pub(crate) async fn send(&self, step: T, bytes: usize) -> Result<(), T> {
        let units = u32::try_from(bytes.div_ceil(UNIT).min(UNITS_MAX)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let room = Room { _permit: Arc::clone(&self.room).acquire_many_owned(units).await.ok() };
        self.queue.send(Ahead { step, room }).await.map_err(|refused| refused.0.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_goes_ahead_waits_for_room() {
        let (ahead, mut steps) = queue();
        ahead.send(1, UNITS_MAX * UNIT / 2).await.unwrap();
        ahead.send(2, UNITS_MAX * UNIT / 2).await.unwrap();
        let mut third = Box::pin(ahead.send(3, 1));
        assert!(futures_pending(third.as_mut()).await);
        let first = steps.recv().await.unwrap();
        assert!(futures_pending(third.as_mut()).await, "taken is not done");
        drop(first);
        third.await.unwrap();
        assert_eq!(steps.recv().await.unwrap().step, 2);
    }

    #[tokio::test]
    async fn a_frame_over_the_bound_goes_alone_and_numbers_are_bounded_too() {
        let (ahead, mut steps) = queue();
        ahead.send(0, usize::MAX).await.unwrap();
        drop(steps.recv().await);
        for number in 0..FRAMES_MAX {
            ahead.send(number, 0).await.unwrap();
        }
        assert!(futures_pending(Box::pin(ahead.send(99, 0)).as_mut()).await);
        steps.close();
        assert_eq!(ahead.send(7, 0).await, Err(7), "it comes back");
    }

    async fn futures_pending<F: Future + Unpin>(mut future: F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut future).poll(context).is_pending())
        })
        .await
    }
}
