//! What a run found: tables for people, the same figures as JSON, and at the end what was aimed at.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// What a run found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    figures: Map<String, Value>,
    aims: Vec<Aim>,
}

#[derive(Debug)]
struct Aim {
    what: String,
    reached: String,
    met: bool,
}

impl Report {
    /// Keeps figures under a name.
    pub(super) fn figure(&mut self, name: &str, value: Value) {
        self.figures.insert(name.to_owned(), value);
    }

    /// Keeps what was aimed at beside what was reached.
    pub(super) fn aim(&mut self, what: &str, reached: String, met: bool) {
        self.aims.push(Aim { what: what.to_owned(), reached, met });
    }

    /// Prints what was aimed at, and writes everything into `json`.
    pub(super) fn finish(mut self, json: Option<&Path>) -> Result<()> {
        if !self.aims.is_empty() {
            let yes_or_no = |aim: &Aim| if aim.met { "yes" } else { "no" }.to_owned();
            let rows =
                self.aims.iter().map(|aim| vec![aim.what.clone(), yes_or_no(aim), aim.reached.clone()]).collect();
            table("", &["aim", "reached", "figure"], rows);
        }
        let aims = |aim: Aim| json!({ "aim": aim.what, "met": aim.met, "reached": aim.reached });
        let aims = std::mem::take(&mut self.aims).into_iter().map(aims).collect();
        self.figures.insert("aims".to_owned(), aims);
        let Some(path) = json else { return Ok(()) };
        let text = serde_json::to_string_pretty(&self.figures).context("the figures are no JSON")?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Prints a table.
pub(super) fn table(title: &str, columns: &[&str], rows: Vec<Vec<String>>) {
    println!("\n{title}");
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}
