//! What must be installed on this machine, and how to get it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::note;

/// The first program of this name in `PATH`.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Finds a program; when it is missing, installs Debian's packages (as root) or says which line to run.
///
/// # Errors
/// When it is missing and cannot be installed.
pub fn need(program: &str, packages: &[&str]) -> Result<PathBuf> {
    if let Some(path) = find(program) {
        return Ok(path);
    }
    install(packages).with_context(|| format!("{program} is missing"))?;
    find(program).with_context(|| format!("{program} is missing even after {} was installed", packages.join(" ")))
}

/// Installs Debian's packages as root, or says which line to run.
///
/// # Errors
/// When this is not root, not Debian, or the installation fails.
pub fn install(packages: &[&str]) -> Result<()> {
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !rustix::process::geteuid().is_root() || find("apt-get").is_none() {
        bail!("run: sudo {line}");
    }
    note(&line);
    // On a fresh machine the package lists may be missing or old, so that the first try fails.
    let install = ["install", "-y", "--no-install-recommends"];
    if apt(&install, packages)? || (apt(&["update"], &[])? && apt(&install, packages)?) {
        return Ok(());
    }
    bail!("this failed: {line}")
}

fn apt(verb: &[&str], packages: &[&str]) -> Result<bool> {
    let status = Command::new("apt-get")
        .args(verb)
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        // Progress belongs to the terminal's standard error.
        .stdout(std::io::stderr())
        .status()
        .context("cannot run apt-get")?;
    Ok(status.success())
}

/// The Java runtime (17 or newer in Debian 12 and later).
///
/// # Errors
/// When it is missing and cannot be installed.
pub fn java() -> Result<PathBuf> {
    need("java", &["openjdk-17-jre-headless"])
}

/// The Java runtime with its compiler, which a program in one file needs to be run.
///
/// # Errors
/// When it is missing and cannot be installed.
pub fn java_with_compiler() -> Result<PathBuf> {
    need("javac", &["openjdk-17-jdk-headless"])?;
    java()
}
