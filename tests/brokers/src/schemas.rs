//! Orders in Avro, Protobuf and JSON, written and read with the serializers of confluent-kafka; those in Avro with Java's, too.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::clients;
use crate::host;
use crate::jars::Jars;
use crate::java::{Login, Machine, machine_with};
use crate::process::{Process, tail};
use crate::registry::Registry;
use crate::scratch::Scratch;
use crate::tls::write_private;

const PROGRAM: &str = include_str!("../clients/schemas.py");
const JAVA_PROGRAM: &str = include_str!("../clients/Orders.java");
const AVRO: &str = include_str!("../clients/order.avsc");
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
    run("write", language, (bootstrap, topic, None), Some(registry), count)?.map(drop).map_err(anyhow::Error::msg)
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
    run("write", language, (bootstrap, topic, Some(token)), Some(registry), count)?
        .map(drop)
        .map_err(anyhow::Error::msg)
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
    run("read", language, (bootstrap, topic, Some(token)), Some(registry), count)
}

/// Writes `count` orders in bare Avro or Protobuf, without a registry and with nothing in front, as the holder of a token.
///
/// # Errors
/// As of [`write()`].
pub fn write_bare_as(language: Language, bootstrap: &str, (topic, token): (&str, &str), count: u32) -> Result<()> {
    run("write", language, (bootstrap, topic, Some(token)), None, count)?.map(drop).map_err(anyhow::Error::msg)
}

/// Reads `count` orders as [`write_bare_as`] writes them, by the schema of the writer.
///
/// # Errors
/// As of [`read()`].
pub fn read_bare(
    language: Language,
    bootstrap: &str,
    (topic, token): (&str, &str),
    count: u32,
) -> Result<Result<Vec<Value>, String>> {
    run("read", language, (bootstrap, topic, Some(token)), None, count)
}

fn run(
    action: &str,
    language: Language,
    (bootstrap, topic, token): (&str, &str, Option<&str>),
    registry: Option<&Registry>,
    count: u32,
) -> Result<Result<Vec<Value>, String>> {
    let scratch = Scratch::new("schemas")?;
    let file = |name: &str| scratch.path().join(name);
    let settings = json!({
        "action": action, "language": language.name(), "bootstrap": bootstrap, "topic": topic, "token": token,
        "registry": registry.map(Registry::url), "login": registry.map(Registry::login), "avro": AVRO, "count": count,
    });
    fs::write(file("schemas.py"), PROGRAM).context("cannot write schemas.py")?;
    write_private(&file("settings.json"), &settings.to_string())?;
    let mut command = Command::new(clients::python()?);
    command.arg(file("schemas.py")).arg(file("settings.json"));
    let (said, log) = said("confluent-kafka's serializers", &mut command, &scratch)?;
    let said: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("the serializers said: {said}\n{}", tail(&log, 20)))?;
    if let Some(error) = said.get("error").and_then(Value::as_str) {
        return Ok(Err(format!("{error}\n{}", tail(&log, 15))));
    }
    let orders = said.get("orders").and_then(Value::as_array).context("neither orders nor an error")?;
    Ok(Ok(orders.clone()))
}

/// Runs a program that writes to `out` and `err`; what it said, and its log.
fn said(name: &str, command: &mut Command, scratch: &Scratch) -> Result<(String, String)> {
    let file = |name: &str| scratch.path().join(name);
    command.stdin(Stdio::null());
    command.stdout(fs::File::create(file("out")).context("cannot make the client's output")?);
    command.stderr(fs::File::create(file("err")).context("cannot make the client's log")?);
    let mut process = Process::start_with(name, command, &file("err"))?;
    process.wait(WITHIN)?;
    Ok((fs::read_to_string(file("out")).context("cannot read the client's output")?, process.log()))
}

/// A Java client with Flink's Avro serializers, which ask Confluent's own client of the registry.
#[derive(Debug)]
pub struct JavaOrders<'a> {
    /// The client's classes.
    pub jars: &'a Jars,
    /// Where it connects.
    pub bootstrap: &'a str,
    /// The topic of its orders.
    pub topic: &'a str,
    /// A file with its token.
    pub token: &'a Path,
    /// Where its schemas are.
    pub registry: &'a Registry,
}

impl JavaOrders<'_> {
    /// Registers the schema and writes `count` orders.
    ///
    /// # Errors
    /// What the client says.
    pub fn write(&self, count: u32) -> Result<()> {
        self.run("write", count).map(drop)
    }

    /// Reads `count` orders.
    ///
    /// # Errors
    /// What the client says.
    pub fn read(&self, count: u32) -> Result<Vec<Value>> {
        self.run("read", count)
    }

    fn run(&self, action: &str, count: u32) -> Result<Vec<Value>> {
        let scratch = Scratch::new("orders")?;
        let file = |name: &str| scratch.path().join(name);
        let login = Login::token_file(self.token).with("bootstrap.servers", self.bootstrap);
        write_private(&file("client.properties"), &login.text())?;
        let (url, secret) = (self.registry.url(), self.registry.login());
        let orders = format!("action={action}\ntopic={}\nregistry={url}\nlogin={secret}\ncount={count}\n", self.topic);
        write_private(&file("orders.properties"), &orders)?;
        for (name, text) in [("Orders.java", JAVA_PROGRAM), ("order.avsc", AVRO)] {
            fs::write(file(name), text).with_context(|| format!("cannot write {name}"))?;
        }
        let (java, classpath) = (host::java_with_compiler()?, self.jars.classpath_with_registry()?);
        let mut command = machine_with(java, &classpath, &file("log4j2.properties"), Machine::Tool)?;
        command.args(login.machine.iter().map(|(key, value)| format!("-D{key}={value}")));
        command.args(["Orders.java", "client.properties", "orders.properties", "order.avsc"].map(file));
        let (said, log) = said("Flink's serializers", &mut command, &scratch)?;
        let said: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
            .with_context(|| format!("Flink's serializers said: {said}\n{}", tail(&log, 30)))?;
        said.get("orders").and_then(Value::as_array).cloned().context("no orders")
    }
}
