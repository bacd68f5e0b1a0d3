//! Records byte by byte: written straight at the cluster in any codec, and read through the gate by clients of several families.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::clients::{self, Family};
use crate::process::{Process, tail};
use crate::scratch::Scratch;
use crate::tls::write_private;

const PYTHON: &str = include_str!("../clients/records.py");
const JAVASCRIPT: &str = include_str!("../clients/records.js");
/// The programs give up by themselves after 40 s.
const WITHIN: Duration = Duration::from_secs(120);
/// The header of the record that ends what is read. It has neither key nor value, so that it is shown whatever its topic's records are.
const END: &str = "end";

/// A record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its offset; of no meaning in what is written.
    pub offset: u64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// One that has nothing but a value.
    #[must_use]
    pub fn of(value: impl Into<Vec<u8>>) -> Record {
        Record { value: Some(value.into()), ..Record::default() }
    }

    /// The same with this key.
    #[must_use]
    pub fn keyed(self, key: impl Into<Vec<u8>>) -> Record {
        Record { key: Some(key.into()), ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Record {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }

    /// The value as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.value.as_deref().unwrap_or_default()).into_owned()
    }
}

/// Writes `records` to a topic without a login.
///
/// # Errors
/// What the client says.
pub fn write(bootstrap: &str, topic: &str, codec: &str, records: &[Record]) -> Result<()> {
    write_as(bootstrap, (topic, ""), codec, records)?.map_err(anyhow::Error::msg)
}

/// Writes `records` in one batch as the holder of a token. The inner error is the client's own words.
///
/// # Errors
/// The client cannot be run.
pub fn write_as(
    bootstrap: &str,
    (topic, token): (&str, &str),
    codec: &str,
    records: &[Record],
) -> Result<Result<(), String>> {
    let all = records.iter().map(as_json);
    let settings = json!({
        "family": "librdkafka", "action": "write", "bootstrap": bootstrap, "topic": topic, "codec": codec, "token": token,
        "group": null, "count": null, "records": all.collect::<Vec<_>>(),
    });
    Ok(run(Family::Librdkafka, &settings)?.map(drop))
}

/// Writes the record at which [`read`] ends.
///
/// # Errors
/// As of [`write()`].
pub fn write_end(bootstrap: &str, topic: &str) -> Result<()> {
    write(bootstrap, topic, "none", &[Record::default().header(END, "1")])
}

/// Reads partition 0 of a topic to the end that [`write_end`] wrote, without that end. The inner error is the client's own words.
///
/// # Errors
/// The client cannot be run.
pub fn read(family: Family, bootstrap: &str, topic: &str, token: &str) -> Result<Result<Vec<Record>, String>> {
    read_some(family, bootstrap, (topic, token), None)
}

/// Reads the first records of partition 0 of a topic, with librdkafka; without a login where the token is empty.
///
/// # Errors
/// As of [`read()`].
pub fn read_first(bootstrap: &str, topic: &str, token: &str, count: usize) -> Result<Result<Vec<Record>, String>> {
    read_some(Family::Librdkafka, bootstrap, (topic, token), Some(count))
}

fn read_some(
    family: Family,
    bootstrap: &str,
    (topic, token): (&str, &str),
    count: Option<usize>,
) -> Result<Result<Vec<Record>, String>> {
    let name = match family {
        Family::KafkaPython => "kafka-python",
        Family::Librdkafka | Family::Kafkajs => "librdkafka",
    };
    // Of these only kafkajs cannot read without a group; each reader has one of its own.
    let group =
        (family == Family::Kafkajs).then(|| format!("records-{}-{}", topic, crate::cache::hex(&token_mark(token))));
    let settings = json!({
        "family": name, "action": "read", "bootstrap": bootstrap, "topic": topic, "token": token, "group": group,
        "count": count,
    });
    run(family, &settings)
}

/// The last bytes of a token's signature tell readers apart.
fn token_mark(token: &str) -> Vec<u8> {
    let bytes = token.as_bytes();
    bytes.get(bytes.len().saturating_sub(8)..).unwrap_or_default().to_vec()
}

fn run(family: Family, settings: &Value) -> Result<Result<Vec<Record>, String>> {
    let scratch = Scratch::new("records")?;
    let file = |name: &str| scratch.path().join(name);
    let (mut command, program, text) = match family {
        Family::Kafkajs => {
            let mut command = Command::new(clients::node()?);
            command.env("NODE_PATH", clients::kafkajs()?);
            (command, "records.js", JAVASCRIPT)
        }
        Family::Librdkafka | Family::KafkaPython => (Command::new(clients::python()?), "records.py", PYTHON),
    };
    fs::write(file(program), text).with_context(|| format!("cannot write {program}"))?;
    write_private(&file("settings.json"), &settings.to_string())?;
    command.arg(file(program)).arg(file("settings.json")).stdin(Stdio::null());
    command.stdout(fs::File::create(file("out")).context("cannot make the client's output")?);
    command.stderr(fs::File::create(file("err")).context("cannot make the client's log")?);
    let mut process = Process::start_with(family.name(), &mut command, &file("err"))?;
    process.wait(WITHIN)?;
    let said = fs::read_to_string(file("out")).context("cannot read the client's output")?;
    let said: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("{} said: {said}\n{}", family.name(), tail(&process.log(), 20)))?;
    if let Some(error) = said.get("error").and_then(Value::as_str) {
        return Ok(Err(format!("{error}\n{}", tail(&process.log(), 15))));
    }
    let Some(records) = said.get("records").and_then(Value::as_array) else {
        bail!("{} said neither records nor an error", family.name());
    };
    let mut records: Vec<Record> = records.iter().map(of_json).collect::<Result<_>>()?;
    records.retain(|record| record.headers.iter().all(|(name, _)| name != END));
    Ok(Ok(records))
}

fn as_json(record: &Record) -> Value {
    let bytes = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| STANDARD.encode(bytes));
    let headers: Vec<Value> = record.headers.iter().map(|(name, value)| json!([name, bytes(value)])).collect();
    json!({ "key": bytes(&record.key), "value": bytes(&record.value), "headers": headers })
}

fn of_json(said: &Value) -> Result<Record> {
    let bytes = |value: Option<&Value>| match value.and_then(Value::as_str) {
        Some(text) => STANDARD.decode(text).map(Some).context("not base64"),
        None => Ok(None),
    };
    let headers = said.get("headers").and_then(Value::as_array).context("no headers")?;
    let header = |pair: &Value| {
        let name = pair.get(0).and_then(Value::as_str).context("a header without a name")?;
        Ok((name.to_owned(), bytes(pair.get(1))?))
    };
    Ok(Record {
        offset: said.get("offset").and_then(Value::as_u64).context("no offset")?,
        key: bytes(said.get("key"))?,
        value: bytes(said.get("value"))?,
        headers: headers.iter().map(header).collect::<Result<_>>()?,
    })
}
