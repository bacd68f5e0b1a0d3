//! Orders in Avro, Protobuf and JSON, written and read with the serializers of confluent-kafka.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::clients;
use crate::process::{Process, tail};
use crate::registry::Registry;
use crate::scratch::Scratch;
use crate::tls::write_private;

const PROGRAM: &str = include_str!("../clients/schemas.py");
/// The program gives up by itself after 40 s.
const WITHIN: Duration = Duration::from_secs(120);

/// What orders are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Avro, with a tag `PII` on `customer.email`.
    Avro,
    /// Protobuf: the second message of its file, with a part from another file.
    Protobuf,
    /// JSON with a JSON Schema: a tag `PHONE` on `customer.phones`, in a schema that it refers to, and a field `extra` that it does not name.
    Json,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 3] = [Language::Avro, Language::Protobuf, Language::Json];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Language::Avro => "avro",
            Language::Protobuf => "protobuf",
            Language::Json => "json",
        }
    }
}

/// Registers the schemas and writes `count` orders without a login. The e-mail address of the order number n is `ann{n}@example.org`.
///
/// # Errors
/// What the client says.
pub fn write(language: Language, bootstrap: &str, topic: &str, registry: &Registry, count: u32) -> Result<()> {
    run("write", language, (bootstrap, topic, None), registry, count)?.map(drop).map_err(anyhow::Error::msg)
}

/// The same as the holder of a token.
///
/// # Errors
/// As of [`write()`].
pub fn write_as(
    language: Language,
    bootstrap: &str,
    (topic, token): (&str, &str),
    registry: &Registry,
    count: u32,
) -> Result<()> {
    run("write", language, (bootstrap, topic, Some(token)), registry, count)?.map(drop).map_err(anyhow::Error::msg)
}

/// Reads `count` orders; the inner error is the client's own words.
///
/// # Errors
/// The client cannot be run.
pub fn read(
    language: Language,
    bootstrap: &str,
    (topic, token): (&str, &str),
    registry: &Registry,
    count: u32,
) -> Result<Result<Vec<Value>, String>> {
    run("read", language, (bootstrap, topic, Some(token)), registry, count)
}

fn run(
    action: &str,
    language: Language,
    (bootstrap, topic, token): (&str, &str, Option<&str>),
    registry: &Registry,
    count: u32,
) -> Result<Result<Vec<Value>, String>> {
    let scratch = Scratch::new("schemas")?;
    let file = |name: &str| scratch.path().join(name);
    let settings = json!({
        "action": action, "language": language.name(), "bootstrap": bootstrap, "topic": topic, "token": token,
        "registry": registry.url(), "login": registry.login(), "count": count,
    });
    fs::write(file("schemas.py"), PROGRAM).context("cannot write schemas.py")?;
    write_private(&file("settings.json"), &settings.to_string())?;
    let mut command = Command::new(clients::python()?);
    command.arg(file("schemas.py")).arg(file("settings.json")).stdin(Stdio::null());
    command.stdout(fs::File::create(file("out")).context("cannot make the client's output")?);
    command.stderr(fs::File::create(file("err")).context("cannot make the client's log")?);
    let mut process = Process::start_with("confluent-kafka's serializers", &mut command, &file("err"))?;
    process.wait(WITHIN)?;
    let said = fs::read_to_string(file("out")).context("cannot read the client's output")?;
    let said: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("the serializers said: {said}\n{}", tail(&process.log(), 20)))?;
    if let Some(error) = said.get("error").and_then(Value::as_str) {
        return Ok(Err(format!("{error}\n{}", tail(&process.log(), 15))));
    }
    let orders = said.get("orders").and_then(Value::as_array).context("neither orders nor an error")?;
    Ok(Ok(orders.clone()))
}
