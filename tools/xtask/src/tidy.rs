//! Checks of the repository's shape that the compiler and clippy do not make. Each finding says where and what to do.

mod arrows;
mod text;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tidegate_brokers::programs::workspace;

/// Runs every check.
pub(crate) fn run() -> Result<()> {
    let root = workspace();
    let mut findings = arrows::check(&root)?;
    let files = files(&root)?;
    let mut agent_lines = 0;
    for name in &files {
        // Deleted but not yet committed, or not text: nothing to say.
        let Ok(content) = fs::read_to_string(root.join(name)) else { continue };
        findings.extend(text::check(name, &content));
        agent_lines += text::agent_lines(name, &content);
    }
    if agent_lines > text::AGENT_LINES_MAX {
        findings.push(format!(
            "crates/agent: {agent_lines} lines outside tests, more than {}; what can be elsewhere goes there",
            text::AGENT_LINES_MAX
        ));
    }
    if findings.is_empty() {
        println!("tidy: {} files in order; the agent has {agent_lines} lines", files.len());
        return Ok(());
    }
    for finding in &findings {
        println!("{finding}");
    }
    bail!("tidy: {} findings", findings.len())
}

/// Tracked files and new ones that are not ignored.
fn files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        bail!("git ls-files failed");
    }
    let mut files: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    files.dedup();
    Ok(files)
}
