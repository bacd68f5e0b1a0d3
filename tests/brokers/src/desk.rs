//! A person's desk: `tidegate` with a folder for logins of its own, a browser, and Kafka clients with what `tidegate kafka-config`
//! wrote for them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::browser::{Browser, Person};
use crate::clients;
use crate::java::Login;
use crate::process::{Process, tail};
use crate::scratch::Scratch;

/// A login takes some seconds; the first page that Keycloak renders takes more.
const LOGIN: Duration = Duration::from_secs(90);
const PYTHON_CLIENT: &str = include_str!("../clients/configured.py");
const NODE_CLIENT: &str = include_str!("../clients/configured.js");

/// The desk.
#[derive(Debug)]
pub struct Desk {
    tidegate: PathBuf,
    gate: String,
    authority: Option<PathBuf>,
    scratch: Scratch,
}

/// What a run of `tidegate` said.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A client that `kafka-config` writes settings for, with the file.
#[derive(Clone, Debug)]
pub enum Settings {
    /// librdkafka by its properties, through confluent-kafka.
    Librdkafka(PathBuf),
    /// confluent-kafka by the module.
    Confluent(PathBuf),
    /// kafka-python by the module.
    KafkaPython(PathBuf),
    /// kafkajs by the module.
    Kafkajs(PathBuf),
}

impl Settings {
    /// The word of `--client`.
    #[must_use]
    pub fn client(&self) -> &'static str {
        match self {
            Settings::Librdkafka(_) => "librdkafka",
            Settings::Confluent(_) => "confluent-python",
            Settings::KafkaPython(_) => "kafka-python",
            Settings::Kafkajs(_) => "kafkajs",
        }
    }

    fn file(&self) -> &Path {
        match self {
            Settings::Librdkafka(file)
            | Settings::Confluent(file)
            | Settings::KafkaPython(file)
            | Settings::Kafkajs(file) => file,
        }
    }
}

/// A client that runs.
#[derive(Debug)]
pub struct Client {
    /// Its process; its log says how many records it has seen.
    pub process: Process,
    out: PathBuf,
    _scratch: Scratch,
}

impl Client {
    /// Waits for the end; how many records there were, or what the client said.
    ///
    /// # Errors
    /// When it still runs after `within`, or says something that is not its JSON line.
    pub fn finish(mut self, within: Duration) -> Result<Result<u64, String>> {
        self.process.wait(within).with_context(|| tail(&self.process.log(), 15))?;
        let said = fs::read_to_string(&self.out).context("cannot read the client's output")?;
        let line: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
            .with_context(|| format!("it said: {said}\n{}", tail(&self.process.log(), 20)))?;
        match (line.get("count").and_then(Value::as_u64), line.get("error").and_then(Value::as_str)) {
            (Some(count), _) => Ok(Ok(count)),
            (None, Some(error)) => Ok(Err(format!("{error}\n{}", tail(&self.process.log(), 10)))),
            (None, None) => bail!("neither count nor error: {said}"),
        }
    }
}

impl Desk {
    /// A desk with this `tidegate`, for the gate at this address.
    ///
    /// # Errors
    /// When it has no place.
    pub fn new(tidegate: &Path, gate: &str) -> Result<Desk> {
        let scratch = Scratch::new("desk")?;
        Ok(Desk { tidegate: tidegate.to_owned(), gate: gate.to_owned(), authority: None, scratch })
    }

    /// Trusts this authority (a PEM file) for the gate.
    #[must_use]
    pub fn trusting(mut self, authority: &Path) -> Desk {
        self.authority = Some(authority.to_owned());
        self
    }

    /// A file of the desk.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A command that finds `tidegate`, the logins and the gate.
    ///
    /// # Errors
    /// When the path cannot be put together.
    pub fn command(&self, program: &Path) -> Result<Command> {
        let mut folders = vec![self.tidegate.parent().context("tidegate lies nowhere")?.to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new(program);
        command.env("PATH", std::env::join_paths(folders).context("no PATH")?);
        command.env("XDG_CONFIG_HOME", self.path("config")).env("TIDEGATE_GATE", &self.gate);
        command.env_remove("BROWSER").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("TIDEGATE_TOKEN");
        command.stdin(Stdio::null());
        Ok(command)
    }

    /// Runs `tidegate` to its end.
    ///
    /// # Errors
    /// When it cannot be started, or is killed.
    pub fn run(&self, args: &[&str]) -> Result<Said> {
        let output = self.command(&self.tidegate)?.args(args).output().context("cannot run tidegate")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().context("tidegate was killed")?;
        Ok(Said { code, out: text(&output.stdout), err: text(&output.stderr) })
    }

    /// Starts `tidegate`; what it says goes to one log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, name: &str, args: &[&str]) -> Result<Process> {
        Process::start(name, self.command(&self.tidegate)?.args(args), &self.path(&format!("{name}.log")))
    }

    fn login(&self, more: &[&str]) -> Result<Process> {
        let authority = self.authority.as_ref().map(|file| file.display().to_string());
        let mut args = vec!["login", "--output", "json"];
        if let Some(file) = &authority {
            args.extend(["--ca-file", file]);
        }
        args.extend(more);
        self.start("login", &args)
    }

    /// Logs in through the browser. What `tidegate login` said.
    ///
    /// # Errors
    /// When a page refuses the person, or the login ends badly.
    pub fn log_in(&self, browser: &mut Browser, person: Person<'_>, more: &[&str]) -> Result<Value> {
        let mut login = self.login(more)?;
        let url = word_of(&mut login, &format!("{}/login/", self.gate))?;
        let page = browser.walk_through(&url, person);
        let page = page.with_context(|| format!("tidegate login said:\n{}", login.log()))?;
        ensure!(page.body.contains("You are logged in"), "the last page says: {}", page.excerpt());
        logged_in(login)
    }

    /// Logs in by the code that the last page shows.
    ///
    /// # Errors
    /// When a page refuses the person, or the login ends badly.
    pub fn log_in_by_hand(&self, browser: &mut Browser, person: Person<'_>, more: &[&str]) -> Result<Value> {
        let log = self.path("by-hand.log");
        let file = File::create(&log).context("cannot make the log")?;
        let mut command = self.command(&self.tidegate)?;
        command.args(["login", "--output", "json", "--no-browser"]).args(more);
        if let Some(authority) = &self.authority {
            command.arg("--ca-file").arg(authority);
        }
        let (typed, hand) = std::io::pipe().context("no pipe")?;
        command.stdin(typed).stdout(file.try_clone().context("cannot share the log")?).stderr(file);
        let mut login = Process::start_with("tidegate login", &mut command, &log)?;
        // The other end in this program would keep the pipe open.
        drop(command);
        let url = word_of(&mut login, &format!("{}/login/", self.gate))?;
        let page = browser.walk_through(&url, person)?;
        let code = page.body.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>"));
        let (code, _) = code.with_context(|| format!("the last page shows no code: {}", page.excerpt()))?;
        let mut hand = hand;
        writeln!(hand, "{code}").context("tidegate login takes no code")?;
        drop(hand);
        logged_in(login)
    }

    /// Logs in on another device, whose browser this is.
    ///
    /// # Errors
    /// When a page refuses the person, or the login ends badly.
    pub fn log_in_by_device(&self, browser: &mut Browser, person: Person<'_>, more: &[&str]) -> Result<Value> {
        let mut login = self.login(&[&["--device"], more].concat())?;
        login.wait_for_line("Waiting", LOGIN)?;
        let log = login.log();
        let url = log.lines().map(str::trim).rfind(|line| line.starts_with("http"));
        let page = browser.walk_through(url.context("no address is shown")?, person)?;
        logged_in(login).with_context(|| format!("the last page says: {}", page.excerpt()))
    }

    /// Has settings written for a client, and gives their file.
    ///
    /// # Errors
    /// What `tidegate kafka-config` says.
    pub fn settings(&self, client: &str, name: &str, bootstrap: &str, more: &[&str]) -> Result<PathBuf> {
        let folder = self.path(client);
        fs::create_dir_all(&folder).context("cannot make a folder")?;
        let file = folder.join(name);
        let out = file.display().to_string();
        let args = [&["kafka-config", "--client", client, "--bootstrap", bootstrap, "--out", &out], more].concat();
        let said = self.run(&args)?;
        ensure!(said.code == 0, "kafka-config: {}", said.err);
        Ok(file)
    }

    /// Starts a client that writes (`produce`) or reads (`consume`) so many records of a topic; writing takes so many seconds.
    ///
    /// # Errors
    /// When the client cannot be installed or started.
    pub fn client(
        &self,
        settings: &Settings,
        action: &str,
        topic: &str,
        (count, seconds): (u32, u32),
    ) -> Result<Client> {
        let scratch = Scratch::new("client")?;
        let file = |name: &str| scratch.path().join(name);
        let mut command = if let Settings::Kafkajs(_) = settings {
            fs::write(file("client.js"), NODE_CLIENT).context("cannot write the client")?;
            let mut command = self.command(&clients::node()?)?;
            command.env("NODE_PATH", clients::kafkajs()?).env("KAFKAJS_NO_PARTITIONER_WARNING", "1");
            command.arg(file("client.js"));
            command
        } else {
            fs::write(file("client.py"), PYTHON_CLIENT).context("cannot write the client")?;
            let mut command = self.command(&clients::python()?)?;
            command.arg(file("client.py"));
            command
        };
        let (count, seconds) = (count.to_string(), seconds.to_string());
        command.args([settings.client(), action, topic, &count, &seconds]).arg(settings.file());
        command.stdout(File::create(file("out")).context("cannot make the client's output")?);
        command.stderr(File::create(file("err")).context("cannot make the client's log")?);
        let process = Process::start_with(settings.client(), &mut command, &file("err"))?;
        Ok(Client { process, out: file("out"), _scratch: scratch })
    }
}

/// A properties file that `tidegate kafka-config` wrote, for Kafka's own tools; what it says of the Java machine is done.
///
/// # Errors
/// When it cannot be read.
pub fn java_login(file: &Path) -> Result<Login> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut login = Login::none();
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            login = login.with(key, value);
        } else if let Some((_, option)) = line.split_once("-D") {
            let (key, value) = option.trim_end_matches('"').split_once('=').context("no value")?;
            login.machine.push((key.to_owned(), value.to_owned()));
        }
    }
    Ok(login)
}

/// The word of a login's log that begins so.
fn word_of(login: &mut Process, beginning: &str) -> Result<String> {
    let mut word = None;
    login.wait_for(&format!("an address {beginning}…"), LOGIN, |login| {
        let log = login.log();
        // The line may still be on its way.
        let line = log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::trim);
        word = line.filter(|line| line.starts_with(beginning)).map(str::to_owned).next();
        Ok(word.is_some())
    })?;
    word.context("no address")
}

fn logged_in(mut login: Process) -> Result<Value> {
    let status = login.wait(LOGIN).with_context(|| tail(&login.log(), 10))?;
    let log = login.log();
    ensure!(status.success(), "tidegate login ended with {status}:\n{}", tail(&log, 10));
    serde_json::from_str(log.lines().last().unwrap_or_default()).with_context(|| format!("no JSON at the end of {log}"))
}
