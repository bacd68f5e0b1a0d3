//! `tidegate token --keep`: a file that always holds a token with some life left.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::write;
use crate::cli::evidence::time;
use crate::cli::gate::session::{Minted, Session};
use crate::cli::gate::{EX_UNAVAILABLE, Failed};
use crate::cli::note;

/// A machine that slept finds the time gone: the clock is looked at this often.
const LOOK: Duration = Duration::from_secs(5);
/// Time between two tries when the gate does not answer.
const RETRY_S: u64 = 10;

/// Rewrites the file until somebody ends it (then all is well) or the login does.
pub(super) async fn keep(session: &Session, audience: &str, file: &Path, first: Minted) -> Result<(), Failed> {
    let mut ends = Ends::new()?;
    let mut next = next_at(first.expires_at);
    drop(first);
    note(&format!("keeping a token in {}; end it with Ctrl-C", file.display()));
    let mut silent = false;
    loop {
        if ends.before(next).await {
            return Ok(());
        }
        match session.mint(audience).await {
            Ok(minted) => {
                write(file, &minted)?;
                next = next_at(minted.expires_at);
                if std::mem::take(&mut silent) {
                    note("the gate answers again");
                }
            }
            Err(failed) if failed.code() == EX_UNAVAILABLE => {
                if !std::mem::replace(&mut silent, true) {
                    note(&format!("tidegate: {}; trying again every {RETRY_S} s", failed.text()));
                }
                next = now().saturating_add(RETRY_S);
            }
            Err(failed) => return Err(failed),
        }
    }
}

/// When to fetch the next: with a third of the life left there is time for a gate that starts anew.
fn next_at(expires_at: u64) -> u64 {
    let now = now();
    let life = expires_at.saturating_sub(now);
    now.saturating_add((life.saturating_mul(2) / 3).max(1))
}

fn now() -> u64 {
    time::now_ms() / 1000
}

/// What ends the command from outside.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    fn new() -> Result<Ends, Failed> {
        let of = |kind| signal(kind).context("signals cannot be heard");
        Ok(Ends { interrupt: of(SignalKind::interrupt())?, terminate: of(SignalKind::terminate())? })
    }

    /// Waits until a moment of the clock (Unix seconds); true when somebody ended it before.
    async fn before(&mut self, at: u64) -> bool {
        loop {
            let left = at.saturating_sub(now());
            if left == 0 {
                return false;
            }
            tokio::select! {
                _ = self.interrupt.recv() => return true,
                _ = self.terminate.recv() => return true,
                () = tokio::time::sleep(LOOK.min(Duration::from_secs(left))) => {}
            }
        }
    }
}
