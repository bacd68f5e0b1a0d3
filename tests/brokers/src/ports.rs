//! Blocks of free TCP ports on 127.0.0.1, never given to two programs of this harness at once.
//!
//! Kafka writes its own ports into metadata and a gate has a range of them, so that binding port 0 is not enough. Blocks lie below
//! the range from which the kernel takes ports for outgoing connections.

use std::fs::{self, File};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, bail};

/// Ports in one block.
pub const BLOCK: u16 = 32;
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 380;

/// A block of [`BLOCK`] consecutive ports that were free when it was taken; held until dropped.
#[derive(Debug)]
pub struct Ports {
    first: u16,
    // The lock of the block ends with the file.
    _lock: File,
}

static NEXT: AtomicU16 = AtomicU16::new(0);

impl Ports {
    /// Takes the next free block.
    ///
    /// # Errors
    /// When no block is free or the lock files cannot be made.
    pub fn take() -> Result<Ports> {
        let user = rustix::process::getuid().as_raw();
        let folder = std::env::temp_dir().join(format!("tidegate-ports-{user}"));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // Programs start at different places, so that they seldom meet.
        let start = u16::try_from(std::process::id() % u32::from(BLOCKS)).unwrap_or(0);
        for _ in 0..BLOCKS {
            let number = (start + NEXT.fetch_add(1, Ordering::Relaxed) % BLOCKS) % BLOCKS;
            let path = folder.join(number.to_string());
            let lock = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
            if lock.try_lock().is_err() {
                continue;
            }
            let first = FIRST + number * BLOCK;
            if (first..first + BLOCK).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
                return Ok(Ports { first, _lock: lock });
            }
        }
        bail!("no {BLOCK} consecutive free ports between {FIRST} and {}", FIRST + BLOCKS * BLOCK)
    }

    /// The block's port with this offset, which must be below [`BLOCK`].
    #[must_use]
    pub fn port(&self, offset: u16) -> u16 {
        debug_assert!(offset < BLOCK);
        self.first + offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_blocks_do_not_overlap() {
        let (one, two) = (Ports::take().unwrap(), Ports::take().unwrap());
        assert!(one.port(0).abs_diff(two.port(0)) >= BLOCK);
    }
}
