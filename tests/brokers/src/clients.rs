//! Clients of other families, unmodified and by digest: librdkafka (confluent-kafka for Python, and kcat), kafka-python, kafkajs.
//!
//! The small programs in `clients/` write and read numbered records and say in one JSON line how it went.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{Process, tail};
use crate::scratch::Scratch;
use crate::tls::Identity;
use crate::{cache, host, note};

const REQUIREMENTS: &str = include_str!("../clients/requirements.txt");
const NODE_PACKAGE: &str = include_str!("../clients/package.json");
const NODE_LOCK: &str = include_str!("../clients/package-lock.json");
/// Installing takes seconds; a slow network gets more.
const INSTALL: Duration = Duration::from_secs(600);
/// The programs give up by themselves after 30 s.
const RUN: Duration = Duration::from_secs(90);

/// A family of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// librdkafka, through confluent-kafka 2.16.1 for Python.
    Librdkafka,
    /// kafka-python 3.0.12.
    KafkaPython,
    /// kafkajs 2.2.4.
    Kafkajs,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 3] = [Family::Librdkafka, Family::KafkaPython, Family::Kafkajs];

    /// The client's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Family::Librdkafka => "confluent-kafka 2.16.1 (librdkafka)",
            Family::KafkaPython => "kafka-python 3.0.12",
            Family::Kafkajs => "kafkajs 2.2.4",
        }
    }

    fn program(self) -> (&'static str, &'static str) {
        match self {
            Family::Librdkafka => ("confluent.py", include_str!("../clients/confluent.py")),
            Family::KafkaPython => ("kafka_python_client.py", include_str!("../clients/kafka_python_client.py")),
            Family::Kafkajs => ("kafkajs_client.js", include_str!("../clients/kafkajs_client.js")),
        }
    }
}

/// How a client logs in.
#[derive(Clone, Copy, Debug)]
pub enum Login<'a> {
    /// Not at all.
    None,
    /// SASL OAUTHBEARER with this token.
    Bearer(&'a str),
    /// SASL PLAIN, user `token`, with this token as the password.
    Plain(&'a str),
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Writes records.
    Produce,
    /// Reads from the beginning as the only member of a new group `<topic>-<client>`.
    Consume,
}

/// TLS at the client's side.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    /// The authority of the other side's certificate, PEM.
    pub authority: &'a Path,
    /// The client's own certificate.
    pub identity: Option<&'a Identity>,
}

/// Writes or reads `count` records without TLS; the outer result is about starting the client, the inner one what the client said.
///
/// # Errors
/// When the client cannot be installed or started, or says something that is not its JSON line.
pub fn run(
    family: Family,
    action: Action,
    bootstrap: &str,
    topic: &str,
    count: u32,
    login: Login<'_>,
) -> Result<Result<u32, String>> {
    run_over(None, family, action, bootstrap, (topic, count), login)
}

/// The same over TLS, if it is given, of a topic and a number of records.
///
/// # Errors
/// As [`run`].
pub fn run_over(
    tls: Option<Tls<'_>>,
    family: Family,
    action: Action,
    bootstrap: &str,
    (topic, count): (&str, u32),
    login: Login<'_>,
) -> Result<Result<u32, String>> {
    let scratch = Scratch::new("client")?;
    let (name, text) = family.program();
    let program = scratch.path().join(name);
    fs::write(&program, text).with_context(|| format!("cannot write {}", program.display()))?;
    let mut command = if family == Family::Kafkajs {
        let mut command = Command::new(node()?);
        command.env("NODE_PATH", kafkajs()?).env("KAFKAJS_NO_PARTITIONER_WARNING", "1");
        command
    } else {
        Command::new(python()?)
    };
    command.arg(&program);
    command.arg(if action == Action::Produce { "produce" } else { "consume" });
    command.args([bootstrap, topic, &count.to_string()]);
    if let Some(tls) = tls {
        command.env("CLIENT_CA", tls.authority);
        if let Some(identity) = tls.identity {
            command.env("CLIENT_CERTIFICATE", &identity.certificate).env("CLIENT_KEY", &identity.key);
        }
    }
    let (word, token) = match login {
        Login::None => ("none", None),
        Login::Bearer(token) => ("bearer", Some(token)),
        Login::Plain(token) => ("plain", Some(token)),
    };
    command.arg(word);
    if let Some(token) = token {
        let file = scratch.path().join("token");
        crate::tls::write_private(&file, token)?;
        command.arg(file);
    }
    let (out, log) = (scratch.path().join("out"), scratch.path().join("err"));
    command.stdin(Stdio::null());
    command.stdout(File::create(&out).context("cannot make the client's output")?);
    command.stderr(File::create(&log).context("cannot make the client's log")?);
    let mut process = Process::start_with(family.name(), &mut command, &log)?;
    process.wait(RUN)?;
    let said = fs::read_to_string(&out).context("cannot read the client's output")?;
    let line: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("{} said: {said}\n{}", family.name(), tail(&process.log(), 20)))?;
    match (line.get("count").and_then(Value::as_u64), line.get("error").and_then(Value::as_str)) {
        (Some(count), _) => Ok(Ok(u32::try_from(count).unwrap_or(u32::MAX))),
        (None, Some(error)) => Ok(Err(format!("{error}\n{}", tail(&process.log(), 15)))),
        (None, None) => bail!("{} said neither count nor error: {said}", family.name()),
    }
}

/// Debian's kcat (librdkafka 2.0.2).
///
/// # Errors
/// When it is missing and cannot be installed.
pub fn kcat() -> Result<PathBuf> {
    host::need("kcat", &["kcat"])
}

/// The Python interpreter of a virtual environment that has the pinned clients.
///
/// # Errors
/// When Python is missing or the packages cannot be installed.
pub fn python() -> Result<PathBuf> {
    let folder = folder_for("python", REQUIREMENTS)?;
    let _lock = cache::lock(&folder)?;
    let python = folder.join("venv/bin/python");
    if folder.join("ready").is_file() {
        return Ok(python);
    }
    note("installing the Python clients (confluent-kafka, kafka-python)");
    let system = host::need("python3", &["python3", "python3-venv"])?;
    // Debian splits off what makes virtual environments.
    if !Command::new(&system).args(["-c", "import ensurepip"]).status().context("cannot run Python")?.success() {
        host::install(&["python3-venv"])?;
    }
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).context("cannot write requirements.txt")?;
    let log = folder.join("install.log");
    finish(Command::new(&system).args(["-m", "venv", "--clear"]).arg(folder.join("venv")), &log)?;
    let pip = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r"];
    finish(Command::new(&python).args(pip).arg(&requirements), &log)?;
    fs::write(folder.join("ready"), "").context("cannot mark the clients as installed")?;
    Ok(python)
}

/// Debian's Node.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn node() -> Result<PathBuf> {
    host::need("node", &["nodejs", "npm"])
}

/// The folder with kafkajs.
///
/// # Errors
/// When npm is missing or the packages cannot be installed.
pub(crate) fn kafkajs() -> Result<PathBuf> {
    node_modules(NODE_PACKAGE, NODE_LOCK)
}

/// The folder with a package's dependencies, installed from its lock file.
///
/// # Errors
/// When npm is missing or the packages cannot be installed.
pub(crate) fn node_modules(package: &str, lock: &str) -> Result<PathBuf> {
    let folder = folder_for("node", lock)?;
    let _lock = cache::lock(&folder)?;
    let modules = folder.join("node_modules");
    if folder.join("ready").is_file() {
        return Ok(modules);
    }
    note("installing packages for Node");
    fs::write(folder.join("package.json"), package).context("cannot write package.json")?;
    fs::write(folder.join("package-lock.json"), lock).context("cannot write package-lock.json")?;
    let npm = host::need("npm", &["npm"])?;
    let mut command = Command::new(npm);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    finish(&mut command, &folder.join("install.log"))?;
    fs::write(folder.join("ready"), "").context("cannot mark the packages as installed")?;
    Ok(modules)
}

/// A cache folder whose name changes with what is installed in it.
fn folder_for(kind: &str, lock: &str) -> Result<PathBuf> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, lock.as_bytes());
    let name = cache::hex(digest.as_ref());
    cache::folder(&format!("{kind}-{}", name.get(..12).unwrap_or_default()))
}

fn finish(command: &mut Command, log: &Path) -> Result<()> {
    let name = command.get_program().display().to_string();
    let mut process = Process::start(&name, command, log)?;
    if !process.wait(INSTALL)?.success() {
        bail!("{name} failed:\n{}", tail(&process.log(), 20));
    }
    Ok(())
}
