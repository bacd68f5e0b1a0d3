//! What the evidence shows: the list, the verdict, and the verdict on a copy that somebody changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tidegate_brokers::process::tail;

use super::{ORDERS, Stage};

/// The gate's public key lies beside its evidence. An auditor notes it down while he still trusts the place.
pub(super) fn note_key(stage: &Stage) -> Result<()> {
    let from = stage.gate.evidence().join("instance.pub");
    fs::copy(&from, key(stage)).with_context(|| format!("there is no public key {}", from.display()))?;
    Ok(())
}

fn key(stage: &Stage) -> PathBuf {
    stage.folder.path().join("noted.pub")
}

/// Lines to paste about evidence.
pub(super) fn paste(stage: &Stage) -> String {
    format!(
        "# who did what, and whether the evidence is whole\n{} evidence list --config {}\n{} {} --key {}",
        stage.gate.programs.gateway.display(),
        stage.gate.config().display(),
        stage.gate.programs.verify.display(),
        stage.gate.evidence().display(),
        key(stage).display()
    )
}

/// `tidegate evidence list`: everybody of the story must be in it, with what they did.
pub(super) fn list(stage: &mut Stage) -> Result<String> {
    let config = stage.gate.config().display().to_string();
    let run = |more: &[&str]| -> Result<String> {
        let (good, stdout, stderr) =
            stage.gate.command(&[&["evidence", "list", "--config", &config], more].concat())?;
        ensure!(good, "tidegate evidence list failed:\n{stdout}\n{stderr}");
        Ok(stdout)
    };
    // Leaves that nobody waits for (ends of sessions, repeated refusals) come up to 10 s later; what is looked for here does not.
    let rows = run(&["--output", "json"])?;
    let rows: Vec<Value> = rows.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("not JSON")?;
    let found = Found::count(&rows, &stage.topic);
    ensure!(found.written == ORDERS, "the evidence has {} records written by alice, not {ORDERS}", found.written);
    // A batch that the broker cut counts no record: it comes whole with the next fetch.
    ensure!(found.read == ORDERS, "the evidence has {} records read by bob, not {ORDERS}", found.read);
    ensure!(found.refused, "the evidence does not say that carol was refused");
    ensure!(found.failed_login, "the evidence does not have the failed login");
    let table = run(&[])?;
    Ok(format!("{} leaves; the first of each kind:\n{}", rows.len(), firsts(&table)))
}

/// What the story left in the evidence.
#[derive(Default)]
struct Found {
    written: u64,
    read: u64,
    refused: bool,
    failed_login: bool,
}

impl Found {
    fn count(rows: &[Value], topic: &str) -> Found {
        let mut found = Found::default();
        for row in rows {
            let text = |path: &str| row.pointer(path).and_then(Value::as_str).unwrap_or_default();
            let partitions = row.pointer("/partitions").and_then(Value::as_array).into_iter().flatten();
            let partitions = partitions.filter(|one| one.get("topic").is_some_and(|of| of == topic));
            // 64-bit numbers are strings.
            let records = partitions.filter_map(|one| one.get("records")?.as_str()?.parse::<u64>().ok()).sum::<u64>();
            match (text("/kind"), text("/who/subject"), text("/api/name")) {
                ("outcome", "alice", "Produce") => found.written += records,
                ("outcome", "bob", "Fetch") => found.read += records,
                ("refusal", "carol", "Fetch") => found.refused |= text("/effect") == "refused" && records == 0,
                ("login_failed", _, _) => found.failed_login = true,
                _ => (),
            }
        }
        found
    }
}

/// The head of the table and the first row of every combination of person, operation, decision and effect.
fn firsts(table: &str) -> String {
    let mut lines = table.lines();
    let Some(head) = lines.next() else { return String::new() };
    let starts =
        ["WHO", "WHAT", "ON", "DECISION", "RULE", "EFFECT", "ERROR"].map(|name| head.find(&format!(" {name}")));
    let [Some(who), Some(what), Some(on), Some(decision), Some(rule), Some(effect), Some(error)] = starts else {
        return table.to_owned();
    };
    let mut seen = BTreeSet::new();
    let first_of_its_kind = |line: &&str| {
        // The heads are ASCII, so that a column begins at the same character in every row.
        let column = |from: usize, to: usize| line.chars().skip(from).take(to.saturating_sub(from)).collect::<String>();
        seen.insert((column(who, what), column(what, on), column(decision, rule), column(effect, error)))
    };
    let kept: Vec<&str> = lines.filter(first_of_its_kind).map(str::trim_end).collect();
    format!("{head}\n{}", kept.join("\n"))
}

/// `tidegate-verify` on the live evidence.
pub(super) fn verify(stage: &mut Stage) -> Result<String> {
    let (good, text) = verdict(stage, &stage.gate.evidence())?;
    ensure!(good, "the verifier says:\n{text}");
    Ok(format!("the verifier says:\n{}", tail(&text, 12)))
}

/// A copy with one bit changed in the middle of its largest segment.
pub(super) fn tamper(stage: &mut Stage) -> Result<String> {
    let copy = stage.folder.path().join("copy");
    copy_folder(&stage.gate.evidence(), &copy)?;
    let (good, text) = verdict(stage, &copy)?;
    ensure!(good, "an untouched copy does not verify:\n{text}");
    let (segment, used) = largest_segment(&copy)?;
    let mut bytes = fs::read(&segment).with_context(|| format!("cannot read {}", segment.display()))?;
    let place = used / 2;
    let byte = bytes.get_mut(place).context("the segment is empty")?;
    *byte ^= 0x01;
    fs::write(&segment, &bytes).with_context(|| format!("cannot write {}", segment.display()))?;
    let (good, text) = verdict(stage, &copy)?;
    if good {
        bail!("byte {place} of {} was changed and the verifier did not notice:\n{text}", segment.display());
    }
    let name = segment.strip_prefix(&copy).unwrap_or(&segment).display();
    Ok(format!("byte {place} of {name} changed in one bit; the verifier says:\n{}", tail(&text, 12)))
}

fn verdict(stage: &Stage, evidence: &Path) -> Result<(bool, String)> {
    let (evidence, key) = (evidence.display().to_string(), key(stage).display().to_string());
    let (good, stdout, stderr) = stage.gate.verify(&[&evidence, "--key", &key])?;
    Ok((good, format!("{stdout}{stderr}")))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().context("cannot read the evidence folder")?;
    // The log goes on while it is copied: the checkpoint first, so that the segments hold at least what it signs.
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("cannot copy to {}", target.display()))?;
        }
    }
    Ok(())
}

/// The segment with the most content; segments are preallocated, so that zeros at the end do not count.
fn largest_segment(folder: &Path) -> Result<(PathBuf, usize)> {
    let mut found: Option<(PathBuf, usize)> = None;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.context("cannot read the evidence folder")?.path();
        let candidate = if path.is_dir() {
            largest_segment(&path).ok()
        } else if path.extension().is_some_and(|end| end == "ev") {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            Some((path, used))
        } else {
            None
        };
        if let Some(candidate) = candidate
            && found.as_ref().is_none_or(|(_, used)| candidate.1 > *used)
        {
            found = Some(candidate);
        }
    }
    found.context("there is no segment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_is_kept() {
        let table = "N  WHO    WHAT     ON   DECISION  RULE  EFFECT  ERROR\n\
                     1  alice  Produce  a    allow     r     intent\n\
                     2  alice  Produce  b    allow     r     intent\n\
                     3  alice  Produce  b    allow     r     acked\n";
        let kept = firsts(table);
        assert_eq!(kept.lines().filter_map(|line| line.chars().next()).collect::<String>(), "N13");
    }
}
