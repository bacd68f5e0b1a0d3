//! What the evidence shows: the list, the verdict, and the verdict on a copy that somebody changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tidegate_brokers::process::{tail, until};

use super::Stage;

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

/// `tidegate evidence list`: everybody of the story must be in it.
pub(super) fn list(stage: &mut Stage) -> Result<String> {
    let config = stage.gate.config().display().to_string();
    let mut text = String::new();
    // Refusals beyond the first and idle sessions are written up to 10 s later; the ones looked for here are written at once.
    let wanted = ["alice", "bob", "carol", "produce", "fetch", "allow", "deny"];
    let outcome = until("everybody in the evidence", Duration::from_secs(15), || {
        let (good, stdout, stderr) = stage.gate.command(&["evidence", "list", "--config", &config])?;
        ensure!(good, "tidegate evidence list failed:\n{stdout}\n{stderr}");
        text = stdout;
        let lower = text.to_lowercase();
        Ok(wanted.iter().all(|word| lower.contains(word)))
    });
    outcome.with_context(|| format!("the list ends:\n{}", tail(&text, 30)))?;
    Ok(excerpt(&text))
}

/// The head of the table and the newest rows.
fn excerpt(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= 24 {
        return lines.join("\n");
    }
    let head: Vec<&str> = lines.iter().take(14).copied().collect();
    let end: Vec<&str> = lines.iter().skip(lines.len() - 9).copied().collect();
    format!("{}\n… {} more lines …\n{}", head.join("\n"), lines.len() - 23, end.join("\n"))
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
