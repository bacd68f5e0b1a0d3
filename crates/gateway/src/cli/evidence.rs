//! `tidegate evidence list|show|status`: what was recorded, read from the folder itself without the lock, so that it works
//! beside a gateway that runs.

mod detail;
mod filter;
mod records;
mod row;
mod show;
mod status;
pub(crate) mod table;
pub(crate) mod time;
mod walk;
mod who;

use std::collections::VecDeque;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use tidegate_evidence::Keyring;
use tidegate_evidence::reader::incarnations;

use crate::cli::{EX_USAGE, Output, fail, print};
use crate::{config, secrets};
use filter::{Filter, FilterArgs};
use row::Row;
use show::Target;
use table::{Align, Table};
use walk::Damage;
use who::{Opener, Sessions};

/// Exit code: evidence cannot be read, or is damaged.
const DAMAGED: u8 = 1;
/// Exit code of `show`: there is no such leaf.
const NOTHING: u8 = 2;
/// Rows whose widths are looked at together; the memory that a list of any length takes.
const BLOCK: usize = 1000;

/// What to look at.
#[derive(Subcommand, Debug)]
pub(crate) enum EvidenceCommand {
    /// One row for every leaf: who did what, and what was decided.
    ///
    /// Reads the folder directly, also while the gateway runs: no record of the reading is made. Checks that frames and tree
    /// hold together; signatures are the matter of tidegate-verify.
    List {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        filter: FilterArgs,
        /// Only the newest N rows, at most 100000.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: Option<u32>,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Everything that one leaf says.
    ///
    /// Reads the folder directly, also while the gateway runs: no record of the reading is made.
    Show(OneLeaf),
    /// The records that are kept of what one leaf is about, as the storage mask of their topics left them.
    ///
    /// Of topics that masking.yaml records in full: what was written is kept with the intent, what was read with the outcome. Each batch is held against the commitment in the leaf. Reads the folder directly, also
    /// while the gateway runs: no record of the reading is made.
    Records(OneLeaf),
    /// The logs, their sizes and checkpoints, and the key that auditors pin.
    Status {
        #[command(flatten)]
        source: Source,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

/// One leaf.
#[derive(Args, Debug)]
pub(crate) struct OneLeaf {
    /// The leaf's index in its log.
    index: u64,
    /// The log's number; without it the newest.
    #[arg(long, value_name = "N")]
    incarnation: Option<u64>,
    #[command(flatten)]
    source: Source,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Where the evidence is.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Source {
    /// The gateway's configuration, which names the folder, the keyring and the wrapping key: shows who.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// An evidence folder, read without keys: shows commitments in the place of personal values.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// An evidence folder, and the keys to it if they are at hand.
struct Evidence {
    dir: PathBuf,
    /// Its logs, ascending; at least one.
    logs: Vec<u64>,
    opener: Opener,
}

/// Runs it.
pub(crate) fn run(command: EvidenceCommand) -> ExitCode {
    let done = match command {
        EvidenceCommand::List { source, filter, limit, output } => {
            // A filter that cannot be meant is a mistake of the command line.
            let filter = match Filter::new(&filter) {
                Ok(filter) => filter,
                Err(error) => return fail(&error, EX_USAGE),
            };
            with(&source, true, |evidence| Ok(list(evidence, &filter, limit, output)))
        }
        EvidenceCommand::Show(leaf) => with(&leaf.source, true, |evidence| of(evidence, &leaf, show::run)),
        EvidenceCommand::Records(leaf) => with(&leaf.source, true, |evidence| of(evidence, &leaf, records::run)),
        EvidenceCommand::Status { source, output } => {
            with(&source, false, |evidence| Ok(status::run(evidence, output)))
        }
    };
    done.unwrap_or_else(|code| code)
}

fn with(source: &Source, keys: bool, done: impl FnOnce(&Evidence) -> Result<ExitCode>) -> Result<ExitCode, ExitCode> {
    let (dir, opener) = open(source, keys)?;
    let unread = |error: anyhow::Error| fail(&error, DAMAGED);
    let logs = incarnations(&dir)
        .with_context(|| format!("cannot read the evidence folder {}", dir.display()))
        .map_err(unread)?;
    if logs.is_empty() {
        return Err(unread(anyhow::anyhow!(
            "{} holds no evidence; name the folder that [evidence] dir of the gateway's configuration names",
            dir.display()
        )));
    }
    done(&Evidence { dir, logs, opener }).map_err(unread)
}

/// The folder and the keys. A configuration that is wrong is a mistake of use; keys that do not open are not.
fn open(source: &Source, keys: bool) -> Result<(PathBuf, Opener), ExitCode> {
    let Some(file) = &source.config else {
        return Ok((source.dir.clone().unwrap_or_default(), Opener::Sealed));
    };
    let config = config::load(file).map_err(|error| fail(&error.into(), EX_USAGE))?;
    let evidence = config.file.evidence;
    if !keys {
        return Ok((evidence.dir, Opener::Sealed));
    }
    let wrapping_key = secrets::wrapping_key(evidence.wrapping_key.get_ref()).map_err(|error| fail(&error, DAMAGED))?;
    let keyring =
        Keyring::open(evidence.keyring.get_ref(), wrapping_key).map_err(|error| fail(&error.into(), DAMAGED))?;
    Ok((evidence.dir, Opener::Keys(Box::new(keyring))))
}

impl Evidence {
    /// Says what is damaged and where.
    fn report(&self, damage: &Damage) -> ExitCode {
        let error = anyhow::anyhow!("{damage}; check everything with: tidegate-verify {}", self.dir.display());
        fail(&error, DAMAGED)
    }

    /// Says once, and not to scripts, that names are missing because no key is there.
    fn note_sealed(&self, output: Output) {
        if output == Output::Table && matches!(self.opener, Opener::Sealed) {
            print("(read without keys: personal values are shown as commitments; --config opens them)");
        }
    }
}

/// Does something with a leaf, if there is such a one.
fn of(
    evidence: &Evidence,
    leaf: &OneLeaf,
    done: fn(&Evidence, &Target, Output) -> Result<ExitCode>,
) -> Result<ExitCode> {
    let log = leaf.incarnation.or(evidence.logs.last().copied()).unwrap_or_default();
    let target = if evidence.logs.contains(&log) { show::find(evidence, log, leaf.index)? } else { None };
    let Some(target) = target else {
        let index = leaf.index;
        let error = anyhow::anyhow!("there is no entry {index} in log {log}; see: tidegate evidence status");
        return Ok(fail(&error, NOTHING));
    };
    done(evidence, &target, leaf.output)
}

fn list(evidence: &Evidence, filter: &Filter, limit: Option<u32>, output: Output) -> ExitCode {
    let mut printer = Printer::new(output, limit.and_then(|limit| usize::try_from(limit).ok()));
    let mut code = ExitCode::SUCCESS;
    for log in &evidence.logs {
        if printer.closed {
            break;
        }
        let mut sessions = Sessions::default();
        let walked = walk::log(&evidence.dir, *log, &mut |origin, found| {
            let who = sessions.who(&evidence.opener, origin, *log, found);
            if filter.takes(&found.leaf) {
                printer.take(Row::new(*log, found, who));
            }
            // Nobody reads what `| head` has cut off.
            if printer.closed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(damage) = walked {
            // What stands before the damage holds; the damage is told behind it.
            printer.flush();
            code = evidence.report(&damage);
        }
    }
    printer.flush();
    evidence.note_sealed(output);
    code
}

/// Prints rows in blocks, so that a list of any length takes little memory.
struct Printer {
    output: Output,
    limit: Option<usize>,
    rows: VecDeque<Row>,
    table: Table,
    /// Whether the reader of standard output has gone.
    closed: bool,
}

impl Printer {
    fn new(output: Output, limit: Option<usize>) -> Self {
        let columns = row::COLUMNS.map(|(name, align)| (name.to_owned(), align)).to_vec();
        Printer { output, limit, rows: VecDeque::new(), table: Table::new(columns), closed: false }
    }

    fn take(&mut self, row: Row) {
        self.rows.push_back(row);
        match self.limit {
            Some(limit) if self.rows.len() > limit => drop(self.rows.pop_front()),
            None if self.rows.len() >= BLOCK => self.flush(),
            _ => {}
        }
    }

    fn flush(&mut self) {
        let mut text = String::new();
        for row in self.rows.drain(..) {
            match self.output {
                Output::Json => text.push_str(&format!("{}\n", row.json)),
                Output::Table => self.table.row(row.cells()),
            }
        }
        if self.output == Output::Table {
            text = self.table.take();
        }
        self.closed |= std::io::stdout().write_all(text.as_bytes()).is_err();
    }
}

/// Two columns: what, and its value.
fn pairs(rows: Vec<(String, String)>) -> String {
    let mut table = Table::headless(vec![Align::Left, Align::Left]);
    for (name, value) in rows {
        table.row(vec![name, value]);
    }
    table.take()
}
