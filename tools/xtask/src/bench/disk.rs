//! The disk beside which latencies are read, and what the evidence takes on it.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use tidegate_brokers::scratch::Scratch;

/// Milliseconds of `count` times "write 4 KiB into a preallocated file, fdatasync".
pub(super) fn fdatasync(count: usize) -> Result<Vec<f64>> {
    let scratch = Scratch::new("fdatasync")?;
    let path = scratch.path().join("file");
    let mut file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(&vec![1; 4096 * count]).and_then(|()| file.sync_all()).context("cannot preallocate")?;
    file.seek(SeekFrom::Start(0)).context("cannot seek")?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        file.write_all(&[2; 4096]).and_then(|()| file.sync_data()).context("cannot write")?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(times)
}

/// Bytes used in an evidence folder; segments are preallocated, so that zeros at the end do not count.
pub(super) fn used(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.context("cannot read the evidence folder")?.path();
        if path.is_dir() {
            sum += used(&path)?;
            continue;
        }
        // The log goes on: a file may be gone by now.
        let Ok(bytes) = fs::read(&path) else { continue };
        sum += bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last as u64 + 1);
    }
    Ok(sum)
}
