//! Tidegate's own programs, built from this checkout.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Fast to build: tests.
    Dev,
    /// What ships: demo and benchmarks.
    Release,
}

/// The paths of the programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `tidegate`
    pub gateway: PathBuf,
    /// `tidegate-agent`
    pub agent: PathBuf,
    /// `tidegate-verify`
    pub verify: PathBuf,
}

/// What this process built already.
static BUILT: Mutex<Vec<(Profile, Programs)>> = Mutex::new(Vec::new());

impl Programs {
    /// Builds the programs (once per process); Cargo's progress goes to standard error. Where `TIDEGATE_PROGRAMS` names a folder,
    /// the programs in it are taken as they are.
    ///
    /// # Errors
    /// When Cargo is missing or the build fails.
    pub fn get(profile: Profile) -> Result<Programs> {
        if let Some(folder) = std::env::var_os("TIDEGATE_PROGRAMS") {
            let path = |name: &str| Path::new(&folder).join(name);
            return Ok(Programs {
                gateway: path("tidegate"),
                agent: path("tidegate-agent"),
                verify: path("tidegate-verify"),
            });
        }
        let Ok(mut built) = BUILT.lock() else { bail!("another thread failed while it built the programs") };
        if let Some((_, programs)) = built.iter().find(|(other, _)| *other == profile) {
            return Ok(programs.clone());
        }
        let programs = build(profile)?;
        built.push((profile, programs.clone()));
        Ok(programs)
    }
}

/// The root of this checkout.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn build(profile: Profile) -> Result<Programs> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace()).args(["build", "--message-format=json"]);
    command.args(["-p", "tidegate", "-p", "tidegate-agent", "-p", "tidegate-verify"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run cargo build")?;
    if !output.status.success() {
        bail!("cargo build failed");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let find = |name: &str| {
        let path = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
            let ours = message.pointer("/target/name").and_then(Value::as_str) == Some(name);
            message.get("executable").and_then(Value::as_str).filter(|_| ours).map(PathBuf::from)
        });
        path.with_context(|| format!("cargo build made no program {name}"))
    };
    Ok(Programs { gateway: find("tidegate")?, agent: find("tidegate-agent")?, verify: find("tidegate-verify")? })
}
