//! The logs of an evidence folder at a glance.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use tidegate_evidence::Kind;
use tidegate_evidence::leaf::Leaf;
use tidegate_evidence::note::{Checkpoint, MAX_NOTE, Note};
use tidegate_evidence::reader::{CHECKPOINT_FILE, incarnation_name};
use tidegate_evidence::verify::KEY_FILE;

use crate::cli::evidence::table::{Align, Table, shown};
use crate::cli::evidence::walk::{self, Extent};
use crate::cli::evidence::{DAMAGED, Evidence, time};
use crate::cli::{Output, print};
use crate::control::hex;

/// What one log holds.
#[derive(Debug, Default)]
struct Log {
    number: u64,
    opened_ms: Option<u64>,
    last_ms: Option<u64>,
    closed: bool,
    leaves: u64,
    sessions: u64,
    gaps: u64,
    faults: u64,
    extent: Extent,
    checkpoint: Option<Published>,
    damage: Option<String>,
}

/// The newest checkpoint that was written beside the log.
#[derive(Debug)]
struct Published {
    size: u64,
    root: [u8; 32],
    written_ms: Option<u64>,
}

/// Prints the state of every log.
pub(super) fn run(evidence: &Evidence, output: Output) -> ExitCode {
    let logs: Vec<Log> = evidence.logs.iter().map(|number| Log::read(&evidence.dir, *number)).collect();
    let key = bounded(&evidence.dir.join(KEY_FILE)).and_then(|bytes| String::from_utf8(bytes).ok());
    let key = key.map(|text| text.trim_end().to_owned());
    match output {
        Output::Json => {
            let logs: Vec<Value> = logs.iter().map(Log::json).collect();
            print(&json!({ "dir": evidence.dir.display().to_string(), "key": key, "logs": logs }).to_string());
        }
        Output::Table => print(&table(&logs, evidence, key.as_deref())),
    }
    let mut code = ExitCode::SUCCESS;
    for log in &logs {
        if let Some(damage) = &log.damage {
            let dir = evidence.dir.display();
            code =
                crate::cli::fail(&anyhow::anyhow!("{damage}; check everything with: tidegate-verify {dir}"), DAMAGED);
        }
    }
    code
}

impl Log {
    fn read(dir: &Path, number: u64) -> Self {
        // The checkpoint first: a log that is being written only grows beyond it.
        let checkpoint = Published::read(&dir.join(incarnation_name(number)).join(CHECKPOINT_FILE));
        let mut log = Log { number, checkpoint, ..Log::default() };
        let walked = walk::log(dir, number, &mut |_, found| {
            log.count(&found.leaf);
            ControlFlow::Continue(())
        });
        match walked {
            Ok(extent) => log.extent = extent,
            Err(damage) => log.damage = Some(damage.to_string()),
        }
        log
    }

    fn count(&mut self, leaf: &Leaf) {
        let one = |yes: bool| u64::from(yes);
        self.opened_ms.get_or_insert(leaf.entry.at_ms);
        self.last_ms = Some(leaf.entry.at_ms);
        self.leaves = self.leaves.saturating_add(1);
        self.closed = leaf.entry.kind == Kind::IncarnationClose;
        self.sessions =
            self.sessions.saturating_add(one(leaf.entry.kind == Kind::SessionOpen && leaf.session_seq == Some(0)));
        self.gaps = self.gaps.saturating_add(one(leaf.entry.kind == Kind::Gap));
        self.faults = self.faults.saturating_add(one(leaf.entry.kind == Kind::IntegrityFault));
    }

    fn json(&self) -> Value {
        let checkpoint = self.checkpoint.as_ref().map(|published| {
            json!({
                "size": published.size.to_string(), "root": hex(&published.root),
                "written": published.written_ms.map(time::rfc3339),
            })
        });
        json!({
            "incarnation": self.number.to_string(), "opened": self.opened_ms.map(time::rfc3339),
            "last": self.last_ms.map(time::rfc3339), "closed": self.closed, "leaves": self.leaves.to_string(),
            "sessions": self.sessions.to_string(), "segments": self.extent.segments.to_string(),
            "bytes": self.extent.bytes.to_string(), "gaps": self.gaps.to_string(), "faults": self.faults.to_string(),
            "checkpoint": checkpoint, "damage": self.damage,
        })
    }

    /// How the log ended. Whether one without its closing leaf still runs cannot be told from its files.
    fn end(&self, newest: bool) -> &'static str {
        match (&self.damage, self.closed) {
            (Some(_), _) => "DAMAGED",
            (None, true) => "cleanly",
            (None, false) if newest => "open, or ended unexpectedly",
            (None, false) => "unexpectedly",
        }
    }
}

impl Published {
    fn read(path: &Path) -> Option<Self> {
        let note = Note::parse(&bounded(path)?).ok()?;
        let checkpoint = Checkpoint::parse(&note.text).ok()?;
        let written = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let since = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let written_ms = since.and_then(|since| u64::try_from(since.as_millis()).ok());
        Some(Published { size: checkpoint.size, root: checkpoint.root, written_ms })
    }
}

/// A small file.
fn bounded(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_NOTE).unwrap_or(u64::MAX);
    std::fs::File::open(path).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn table(logs: &[Log], evidence: &Evidence, key: Option<&str>) -> String {
    let right = ["LOG", "LEAVES", "SESSIONS", "SEGMENTS", "BYTES", "GAPS", "FAULTS", "CHECKPOINT"];
    let names = [
        "LOG",
        "OPENED (UTC)",
        "LAST LEAF (UTC)",
        "ENDED",
        "LEAVES",
        "SESSIONS",
        "SEGMENTS",
        "BYTES",
        "GAPS",
        "FAULTS",
        "CHECKPOINT",
        "ROOT",
        "WRITTEN (UTC)",
    ];
    let align = |name: &str| if right.contains(&name) { Align::Right } else { Align::Left };
    let mut table = Table::new(names.map(|name| (name.to_owned(), align(name))).to_vec());
    let when = |at: Option<u64>| at.map_or_else(|| "-".to_owned(), time::short);
    for (place, log) in logs.iter().enumerate() {
        let published = log.checkpoint.as_ref();
        table.row(vec![
            log.number.to_string(),
            when(log.opened_ms),
            when(log.last_ms),
            log.end(place.saturating_add(1) == logs.len()).to_owned(),
            log.leaves.to_string(),
            log.sessions.to_string(),
            log.extent.segments.to_string(),
            log.extent.bytes.to_string(),
            log.gaps.to_string(),
            log.faults.to_string(),
            published.map_or_else(|| "-".to_owned(), |published| published.size.to_string()),
            published.map_or_else(|| "-".to_owned(), |published| hex(published.root.get(..6).unwrap_or_default())),
            when(published.and_then(|published| published.written_ms)),
        ]);
    }
    let dir = evidence.dir.display();
    let pin = match key {
        Some(key) => format!(
            "key to pin (keep it elsewhere, then check with: tidegate-verify {dir} --key FILE):\n  {}",
            shown(key, MAX_NOTE)
        ),
        None => format!("no {KEY_FILE} in {dir}: nothing can be checked without the key that was pinned elsewhere"),
    };
    format!("{}\n{pin}", table.take())
}
