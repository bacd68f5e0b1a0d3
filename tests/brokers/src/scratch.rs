//! Folders for one run. They go away when dropped; what a killed run left behind goes away at the next one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// A folder that is deleted when dropped, unless the test failed or `TIDEGATE_KEEP` is set.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

static NEXT: AtomicU32 = AtomicU32::new(0);
static SWEEP: Once = Once::new();

impl Scratch {
    /// Makes a new empty folder whose name carries this process's id and `label`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(label: &str) -> Result<Scratch> {
        let base = std::env::temp_dir();
        SWEEP.call_once(|| sweep(&base));
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("tidegate-{}-{number}-{label}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Scratch { path })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("TIDEGATE_KEEP").is_some() {
            crate::note(&format!("kept for a look: {}", self.path.display()));
        } else {
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// Deletes the folders of processes that are gone.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix("tidegate-")).and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|id| id.parse::<u32>().ok()) else { continue };
        if !Path::new("/proc").join(owner.to_string()).exists() {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_gone_processes_are_swept_and_others_stay() {
        let base = Scratch::new("sweep").unwrap();
        // Process ids end far below this number.
        let gone = base.path().join("tidegate-4294967295-0-x");
        let live = base.path().join(format!("tidegate-{}-0-x", std::process::id()));
        let other = base.path().join("tidegate-notes");
        for path in [&gone, &live, &other] {
            fs::create_dir(path).unwrap();
        }
        sweep(base.path());
        assert!(!gone.exists() && live.exists() && other.exists());
    }
}
