//! Which crate may depend on which: only downward. Dependencies of tests alone are free.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Every package of the workspace with the packages of ours that it may use. `ARCHITECTURE.md` has the picture.
const ARROWS: [(&str, &[&str]); 15] = [
    // level 0
    ("tidegate-model", &[]),
    ("tidegate-evidence", &[]),
    ("tidegate-saml", &[]),
    ("tidegate-masking", &[]),
    // level 1: one matter each
    ("tidegate-kafka", &["tidegate-model"]),
    ("tidegate-policy", &["tidegate-masking", "tidegate-model"]),
    ("tidegate-identity", &["tidegate-model"]),
    ("tidegate-link", &["tidegate-model"]),
    // level 2
    ("tidegate-protocols", &["tidegate-kafka", "tidegate-model"]),
    // level 3: the data path
    (
        "tidegate-proxy",
        &[
            "tidegate-model",
            "tidegate-policy",
            "tidegate-identity",
            "tidegate-evidence",
            "tidegate-link",
            "tidegate-masking",
        ],
    ),
    // level 4: programs
    ("tidegate-agent", &["tidegate-link", "tidegate-protocols", "tidegate-model"]),
    (
        "tidegate",
        &[
            "tidegate-proxy",
            "tidegate-policy",
            "tidegate-identity",
            "tidegate-evidence",
            "tidegate-protocols",
            "tidegate-saml",
            "tidegate-masking",
            "tidegate-link",
            "tidegate-model",
        ],
    ),
    ("tidegate-verify", &["tidegate-evidence"]),
    // what tests them
    ("tidegate-brokers", &[]),
    ("xtask", &["tidegate-brokers"]),
];

/// What those programs must not have, however deep (design, section 1).
const WITHOUT: [(&str, &[&str]); 2] = [
    ("tidegate-verify", &["tokio", "reqwest", "axum", "hyper", "cedar-policy"]),
    ("tidegate-agent", &["cedar-policy", "axum", "tidegate-evidence", "tidegate-policy"]),
];

pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let metadata = metadata(root, &["--no-deps"])?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("cargo metadata has no packages")?;
    let uses: BTreeMap<String, Vec<String>> = packages.iter().filter_map(normal_dependencies).collect();
    let mut findings = wrong_arrows(&uses);
    for package in packages {
        let Some(manifest) = package.get("manifest_path").and_then(Value::as_str) else { continue };
        let text = fs::read_to_string(manifest).with_context(|| format!("cannot read {manifest}"))?;
        if !text.contains("[lints]\nworkspace = true") {
            let name = manifest.strip_prefix(&format!("{}/", root.display())).unwrap_or(manifest);
            findings.push(format!("{name}: has no `[lints] workspace = true`; every crate has the lints of the root"));
        }
    }
    for (program, unwanted) in WITHOUT {
        let tree = tree(root, program)?;
        for name in unwanted {
            if tree.lines().any(|line| line.split(' ').next() == Some(name)) {
                findings.push(format!("{program}: depends on {name}, which this program must not contain"));
            }
        }
    }
    Ok(findings)
}

/// A package's name and what it needs outside tests.
fn normal_dependencies(package: &Value) -> Option<(String, Vec<String>)> {
    let name = package.get("name")?.as_str()?.to_owned();
    let all = package.get("dependencies")?.as_array()?.iter();
    let normal = all.filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev"));
    Some((name, normal.filter_map(|dependency| Some(dependency.get("name")?.as_str()?.to_owned())).collect()))
}

fn wrong_arrows(uses: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut findings = Vec::new();
    for (package, dependencies) in uses {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == package) else {
            findings
                .push(format!("{package}: is not in the table of arrows in tools/xtask/src/tidy/arrows.rs; add it"));
            continue;
        };
        let ours = dependencies.iter().filter(|name| uses.contains_key(*name));
        for name in ours.filter(|name| !allowed.contains(&name.as_str())) {
            findings.push(format!(
                "{package}: depends on {name}, which is not below it; see tools/xtask/src/tidy/arrows.rs"
            ));
        }
    }
    findings
}

fn metadata(root: &Path, args: &[&str]) -> Result<Value> {
    let output = cargo(root, &[&["metadata", "--format-version", "1"], args].concat())?;
    serde_json::from_str(&output).context("cargo metadata is not JSON")
}

/// The names of everything that a program contains, one a line.
fn tree(root: &Path, program: &str) -> Result<String> {
    cargo(root, &["tree", "--edges", "normal", "--prefix", "none", "-p", program])
}

fn cargo(root: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new("cargo").args(args).current_dir(root).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo {} failed: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        pairs
            .iter()
            .map(|(name, list)| ((*name).to_owned(), list.iter().map(|&item| item.to_owned()).collect()))
            .collect()
    }

    #[test]
    fn an_arrow_upward_and_an_unknown_crate_are_found() {
        let good = uses(&[("tidegate-model", &[]), ("tidegate-kafka", &["tidegate-model", "bytes"])]);
        assert_eq!(wrong_arrows(&good), Vec::<String>::new());
        let upward = uses(&[("tidegate-model", &["tidegate-kafka"]), ("tidegate-kafka", &[])]);
        assert_eq!(wrong_arrows(&upward).len(), 1);
        assert_eq!(wrong_arrows(&uses(&[("tidegate-utils", &[])])).len(), 1);
    }

    #[test]
    fn arrows_of_the_table_never_make_a_circle() {
        for (index, (package, allowed)) in ARROWS.iter().enumerate() {
            for name in *allowed {
                let place = ARROWS.iter().position(|(other, _)| other == name);
                assert!(place.is_some_and(|place| place < index), "{package} → {name}: not above it in the table");
            }
        }
    }
}
