//! Longer stories with librdkafka (confluent-kafka for Python): transactions, groups, refusals in part, tokens that end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::clients;
use crate::process::{Process, tail};
use crate::scratch::Scratch;
use crate::tls::write_private;

const PROGRAM: &str = include_str!("../clients/scenarios.py");
/// A story gives up by itself before this.
const WITHIN: Duration = Duration::from_secs(150);

/// A story that is about to be told.
#[derive(Debug)]
pub struct Story {
    name: &'static str,
    settings: Map<String, Value>,
    scratch: Scratch,
}

/// What came of a story.
#[derive(Debug)]
pub struct Told {
    /// The story's own words, or `{"error": "..."}`.
    pub said: Value,
    /// All that the program wrote, the client's log included.
    pub log: String,
}

impl Story {
    /// A story at `bootstrap`, for the holder of `token`.
    ///
    /// # Errors
    /// When the token cannot be put down.
    pub fn new(name: &'static str, bootstrap: &str, topic: &str, token: &str) -> Result<Story> {
        let scratch = Scratch::new("story")?;
        let story = Story { name, settings: Map::new(), scratch };
        story.set_token(token)?;
        let token_file = story.token_file().display().to_string();
        Ok(story.with("bootstrap", json!(bootstrap)).with("topic", json!(topic)).with("token_file", json!(token_file)))
    }

    /// One more setting.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Story {
        self.settings.insert(key.to_owned(), value);
        self
    }

    /// Over TLS with this authority.
    #[must_use]
    pub fn over_tls(self, authority: &Path) -> Story {
        let path = authority.display().to_string();
        self.with("ca", json!(path))
    }

    /// Another token for the next login; the old one is replaced at once and whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_token(&self, token: &str) -> Result<()> {
        let next = self.scratch.path().join("next");
        write_private(&next, token)?;
        fs::rename(&next, self.token_file()).context("cannot replace the token")
    }

    /// Tells it to its end.
    ///
    /// # Errors
    /// When Python is missing, or the program does not end or says nothing.
    pub fn tell(&self) -> Result<Told> {
        self.tell_while(|| Ok(()))
    }

    /// Tells it to its end and calls `meanwhile` all the time.
    ///
    /// # Errors
    /// As [`Story::tell`], and what `meanwhile` says.
    pub fn tell_while(&self, mut meanwhile: impl FnMut() -> Result<()>) -> Result<Told> {
        let mut process = self.start()?;
        process.wait_for("the story's end", WITHIN, |process| {
            meanwhile()?;
            Ok(process.ended()?.is_some())
        })?;
        let log = process.log();
        // The client's log comes through the same pipe.
        let Some(line) = log.lines().rev().find(|line| line.starts_with('{')) else {
            bail!("the story {} ended without a word:\n{}", self.name, tail(&log, 20));
        };
        let said = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
        Ok(Told { said, log })
    }

    fn start(&self) -> Result<Process> {
        let file = |name: &str| self.scratch.path().join(name);
        fs::write(file("scenarios.py"), PROGRAM).context("cannot write scenarios.py")?;
        fs::write(file("settings.json"), Value::Object(self.settings.clone()).to_string())
            .context("cannot write the story's settings")?;
        let mut command = Command::new(clients::python()?);
        command.arg(file("scenarios.py")).arg(self.name).arg(file("settings.json"));
        Process::start(self.name, &mut command, &file("log"))
    }

    fn token_file(&self) -> PathBuf {
        self.scratch.path().join("token")
    }
}
