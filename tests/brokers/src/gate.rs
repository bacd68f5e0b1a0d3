//! The product under test: gateway and agent as the built programs, with configuration, policy and keys in a folder of their own.

mod config;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::issuer::Issuer;
use crate::kafka::{Kafka, Listener, USER, random};
use crate::ports::{BLOCK, Ports};
use crate::process::{Process, Signal, tail};
use crate::programs::{Profile, Programs};
use crate::scratch::Scratch;
use crate::tls::{Identity, write_private};

/// A start takes well under a second on an idle machine.
const START: Duration = Duration::from_secs(60);
/// Draining ends by itself within the gateway's own deadline, which is shorter.
const STOP: Duration = Duration::from_secs(60);
/// Time for one answer of the admin listener.
const ADMIN: Duration = Duration::from_secs(5);

/// How the agent hands over connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The agent copies bytes.
    Relay,
    /// The agent hands over the socket itself.
    Socket,
}

/// The cluster behind the gate, as the agent sees it.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Bootstrap addresses.
    pub bootstrap: Vec<String>,
    /// Patterns that the agent may dial.
    pub dial: Vec<String>,
    /// SASL mechanism, or `NONE`.
    pub mechanism: String,
    /// SASL user.
    pub user: String,
    /// SASL password; goes into a file that only the agent's user may read.
    pub password: String,
    /// The authority of the brokers' certificates; TLS is used when there is one.
    pub authority: Option<PathBuf>,
}

impl Upstream {
    /// No cluster: for gates at which people only log in or command. Such a gate never becomes ready.
    #[must_use]
    pub fn nowhere() -> Upstream {
        Upstream {
            bootstrap: vec!["127.0.0.1:9".to_owned()],
            dial: Vec::new(),
            mechanism: "NONE".to_owned(),
            user: String::new(),
            password: String::new(),
            authority: None,
        }
    }

    /// A cluster of the harness, at its SASL listener with SCRAM-SHA-512.
    #[must_use]
    pub fn of(kafka: &Kafka) -> Upstream {
        let (first, last) = kafka.port_range();
        Upstream {
            bootstrap: kafka.addresses(Listener::Sasl),
            dial: vec![format!("127.0.0.1:{first}-{last}")],
            mechanism: "SCRAM-SHA-512".to_owned(),
            user: USER.to_owned(),
            password: kafka.password().to_owned(),
            authority: None,
        }
    }
}

/// What gate to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which build of the programs.
    pub profile: Profile,
    /// How the agent hands over.
    pub mode: Mode,
    /// The agent's configuration, which says what the cluster is.
    pub agent: AgentConfig,
    /// Cedar rules.
    pub rules: String,
    /// The text of `topics.yaml`.
    pub topics: String,
    /// The text of `masking.yaml`; none for the empty text.
    pub masking: String,
    /// Schemas of the policy folder: their path in it, and their text.
    pub schemas: Vec<(String, String)>,
    /// The folder is taken at the first start only; from then on the policy is changed by `tidegate policy apply`.
    pub applied: bool,
    /// As whom the programs run.
    pub users: Users,
    /// TLS at the client's side.
    pub tls: Option<Identity>,
    /// Where evidence goes instead of the gate's own folder.
    pub evidence_dir: Option<PathBuf>,
    /// More lines for `[evidence]`.
    pub evidence: String,
    /// More lines for the end of `gateway.toml`.
    pub more: String,
}

/// As whom gateway and agent run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// Both as the user who runs the harness: the agent is not isolated.
    Same,
    /// Each as a user of its own; only root can do this.
    Apart,
}

impl Users {
    /// `Apart` for root, else `Same`.
    #[must_use]
    pub fn best() -> Users {
        if rustix::process::geteuid().is_root() { Users::Apart } else { Users::Same }
    }
}

/// User and group ids of gateway and agent. No account is needed to run as a number, and none has these in Debian, whose static
/// and dynamic system users end at 999 and whose people begin at 1000 and end at 59999.
const GATEWAY_UID: u32 = 64_101;
const AGENT_UID: u32 = 64_102;

/// Where the agent's configuration comes from.
#[derive(Clone, Debug)]
pub enum AgentConfig {
    /// Written here.
    Written(Upstream),
    /// A file that somebody else wrote; it is used where it lies.
    File {
        /// `agent.toml`
        path: PathBuf,
        /// The Unix socket that it names.
        socket: PathBuf,
        /// The cluster in it that the gate fronts.
        cluster: String,
    },
}

impl Options {
    /// A development build in relay mode in front of this cluster.
    #[must_use]
    pub fn new(upstream: Upstream, rules: &str, topics: &str) -> Options {
        Options {
            profile: Profile::Dev,
            mode: Mode::Relay,
            agent: AgentConfig::Written(upstream),
            rules: rules.to_owned(),
            topics: topics.to_owned(),
            masking: String::new(),
            schemas: Vec::new(),
            applied: false,
            users: Users::Same,
            tls: None,
            evidence_dir: None,
            evidence: String::new(),
            more: String::new(),
        }
    }
}

/// A running gate; everything ends when it is dropped.
#[derive(Debug)]
pub struct Gate {
    /// The process `tidegate serve`.
    pub gateway: Process,
    /// The process `tidegate-agent`.
    pub agent: Process,
    /// The programs that run.
    pub programs: Programs,
    agent_config: PathBuf,
    evidence: PathBuf,
    users: Users,
    ports: Ports,
    starts: u32,
    scratch: Scratch,
}

impl Gate {
    /// Starts gateway and agent and waits until the gate is ready.
    ///
    /// # Errors
    /// When a program cannot be built or does not become ready; the error carries the ends of both logs.
    pub fn start(options: &Options, issuer: &Issuer) -> Result<Gate> {
        let mut gate = Gate::launch(options, issuer)?;
        gate.wait_until_ready()?;
        Ok(gate)
    }

    /// Starts a gate at which people log in and command, and waits for its web listener only: nothing needs to be behind it.
    ///
    /// # Errors
    /// When a program cannot be built or started, or nobody answers in time.
    pub fn start_for_logins(options: &Options, issuer: &Issuer) -> Result<Gate> {
        let mut gate = Gate::launch(options, issuer)?;
        let web = format!("127.0.0.1:{}", gate.ports.port(config::WEB));
        gate.gateway.wait_for("the web listener", START, |_| Ok(http_get(&web, "/").is_ok()))?;
        Ok(gate)
    }

    /// Starts gateway and agent and does not wait: for gates that cannot become ready.
    ///
    /// # Errors
    /// When a program cannot be built or started.
    pub fn launch(options: &Options, issuer: &Issuer) -> Result<Gate> {
        let mut programs = Programs::get(options.profile)?;
        let scratch = Scratch::new("gate")?;
        if options.users == Users::Apart {
            ensure!(rustix::process::geteuid().is_root(), "only root can start two programs as two users");
            programs = copy_programs(&programs, scratch.path())?;
        }
        let ports = Ports::take()?;
        write(scratch.path(), options, issuer, &ports)?;
        let agent_config = match &options.agent {
            AgentConfig::Written(_) => scratch.path().join("agent.toml"),
            AgentConfig::File { path, .. } => path.clone(),
        };
        let gateway = start_gateway(&programs, scratch.path(), options.users, 1)?;
        let agent = start_agent(&programs, scratch.path(), options.users, &agent_config, 1)?;
        let evidence = options.evidence_dir.clone().unwrap_or_else(|| scratch.path().join("evidence"));
        let (users, starts) = (options.users, 1);
        Ok(Gate { gateway, agent, programs, agent_config, evidence, users, ports, starts, scratch })
    }

    /// Waits until `/readyz` says yes.
    ///
    /// # Errors
    /// When a process ends first or the time is over; the error carries the ends of both logs.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let admin = self.admin();
        let agent = &mut self.agent;
        let ready = self.gateway.wait_for("/readyz of the gateway", START, |_| {
            if let Some(status) = agent.ended()? {
                bail!("the agent ended ({status})");
            }
            Ok(http_get(&admin, "/readyz").is_ok_and(|(status, _)| status == 200))
        });
        ready.with_context(|| format!("the agent says:\n{}", tail(&self.agent.log(), 15)))
    }

    /// The bootstrap address for clients.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.ports.port(config::BOOTSTRAP))
    }

    /// The first and the last port that a broker may get at the gate.
    #[must_use]
    pub fn broker_ports(&self) -> (u16, u16) {
        (self.ports.port(config::BROKERS), self.ports.port(BLOCK - 1))
    }

    /// The address of `/metrics`, `/livez` and `/readyz`.
    #[must_use]
    pub fn admin(&self) -> String {
        format!("127.0.0.1:{}", self.ports.port(config::ADMIN))
    }

    /// The URL of the web listener, where people log in.
    #[must_use]
    pub fn web(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.port(config::WEB))
    }

    /// The gate's folder: configuration, policy, keys, logs, evidence.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// `gateway.toml`
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder().join("gateway.toml")
    }

    /// The evidence folder.
    #[must_use]
    pub fn evidence(&self) -> PathBuf {
        self.evidence.clone()
    }

    /// The policy folder.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.folder().join("policy")
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    /// When the gateway does not answer with 200.
    pub fn metrics(&self) -> Result<String> {
        let (status, body) = http_get(&self.admin(), "/metrics")?;
        ensure!(status == 200, "/metrics answered {status}");
        Ok(body)
    }

    /// SIGHUP: certificates, policy and configuration are read again.
    ///
    /// # Errors
    /// When the gateway cannot be signalled.
    pub fn reload(&mut self) -> Result<()> {
        self.gateway.signal(Signal::HUP)
    }

    /// Stops agent and gateway in order (SIGTERM) so that the evidence is closed. Both must end with exit code 0.
    ///
    /// # Errors
    /// When one does not end by itself or ends badly.
    pub fn stop(&mut self) -> Result<()> {
        // The gateway first: it drains through the agent's connections.
        for process in [&mut self.gateway, &mut self.agent] {
            let status = process.stop(STOP)?;
            ensure!(status.success(), "ended with {status} after SIGTERM:\n{}", tail(&process.log(), 15));
        }
        Ok(())
    }

    /// Starts the gateway again after it was stopped or killed.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn restart_gateway(&mut self) -> Result<()> {
        self.gateway.kill9()?;
        self.starts += 1;
        self.gateway = start_gateway(&self.programs, self.scratch.path(), self.users, self.starts)?;
        self.wait_until_ready()
    }

    /// Starts the agent again after it was stopped or killed.
    ///
    /// # Errors
    /// When the gate does not become ready.
    pub fn restart_agent(&mut self) -> Result<()> {
        self.agent.kill9()?;
        self.starts += 1;
        self.agent = start_agent(&self.programs, self.scratch.path(), self.users, &self.agent_config, self.starts)?;
        self.wait_until_ready()
    }

    /// Runs a subcommand of `tidegate` to its end: exit code 0 or not, standard output, standard error.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn command(&self, args: &[&str]) -> Result<(bool, String, String)> {
        run(Command::new(&self.programs.gateway).args(args))
    }

    /// Commands the gate as its administrator, the user of this machine who runs the harness. Standard output.
    ///
    /// # Errors
    /// What `tidegate` says when the command is not done.
    pub fn administer(&self, args: &[&str]) -> Result<String> {
        let socket = self.folder().join("run/control.sock").display().to_string();
        let (good, out, errors) = self.command(&[args, &["--gate", &socket]].concat())?;
        ensure!(good, "tidegate {}: {errors}", args.join(" "));
        Ok(out)
    }

    /// Leaves of the log, oldest first, with names opened; `which` are arguments of `evidence list`, such as `--kind`.
    ///
    /// # Errors
    /// What `tidegate` says when it cannot list them.
    pub fn leaves(&self, which: &[&str]) -> Result<Vec<Value>> {
        let config = self.config().display().to_string();
        let (good, out, errors) =
            self.command(&[&["evidence", "list", "--output", "json", "--config", &config], which].concat())?;
        ensure!(good, "tidegate evidence list: {errors}");
        out.lines().map(|line| serde_json::from_str(line).context("a leaf is no JSON")).collect()
    }

    /// Runs `tidegate-verify`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn verify(&self, args: &[&str]) -> Result<(bool, String, String)> {
        run(Command::new(&self.programs.verify).args(args))
    }
}

fn run(command: &mut Command) -> Result<(bool, String, String)> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {name}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.success(), text(&output.stdout), text(&output.stderr)))
}

/// Writes everything that the two programs read.
fn write(folder: &Path, options: &Options, issuer: &Issuer, ports: &Ports) -> Result<()> {
    for (name, mode) in [("policy", 0o755), ("evidence", 0o755), ("keyring", 0o755), ("run", 0o755), ("state", 0o700)] {
        fs::DirBuilder::new().mode(mode).create(folder.join(name)).with_context(|| format!("cannot make {name}"))?;
    }
    let file = |name: &str| folder.join(name);
    fs::write(file("policy/demo.cedar"), &options.rules).context("cannot write the policy")?;
    fs::write(file("policy/topics.yaml"), &options.topics).context("cannot write topics.yaml")?;
    // For classes whose fields are changed with a key: `key = { file = "class.key" }`.
    write_private(&file("class.key"), &format!("{}\n", crate::cache::hex(&random::<32>()?)))?;
    if !options.masking.is_empty() {
        fs::write(file("policy/masking.yaml"), &options.masking).context("cannot write masking.yaml")?;
    }
    for (name, text) in &options.schemas {
        let schema = file("policy").join(name);
        fs::create_dir_all(schema.parent().unwrap_or(folder)).context("cannot make a folder for schemas")?;
        fs::write(schema, text).context("cannot write a schema")?;
    }
    write_private(&file("wrapping.key"), &format!("{}\n", crate::cache::hex(&random::<32>()?)))?;
    fs::write(file("gateway.toml"), config::gateway(folder, options, issuer, ports))
        .context("cannot write gateway.toml")?;
    if let AgentConfig::Written(upstream) = &options.agent {
        write_private(&file("broker.password"), &upstream.password)?;
        write_private(&file("agent.toml"), &config::agent(folder, upstream, options))?;
    }
    if options.users == Users::Apart { hand_over(folder) } else { Ok(()) }
}

fn start_gateway(programs: &Programs, folder: &Path, users: Users, number: u32) -> Result<Process> {
    let mut command = Command::new(&programs.gateway);
    command.arg("serve").arg("--config").arg(folder.join("gateway.toml"));
    if users == Users::Apart {
        command.uid(GATEWAY_UID).gid(GATEWAY_UID);
    }
    Process::start("tidegate", &mut command, &folder.join(format!("gateway.log.{number}")))
}

fn start_agent(programs: &Programs, folder: &Path, users: Users, config: &Path, number: u32) -> Result<Process> {
    let mut command = Command::new(&programs.agent);
    command.arg("--config").arg(config);
    if users == Users::Apart {
        command.uid(AGENT_UID).gid(AGENT_UID);
    }
    Process::start("tidegate-agent", &mut command, &folder.join(format!("agent.log.{number}")))
}

/// The checkout may lie where other users cannot look, as in root's home.
fn copy_programs(programs: &Programs, folder: &Path) -> Result<Programs> {
    let bin = folder.join("bin");
    fs::create_dir(&bin).context("cannot make bin")?;
    let copy = |from: &Path, name: &str| -> Result<PathBuf> {
        let to = bin.join(name);
        fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(to)
    };
    Ok(Programs {
        gateway: copy(&programs.gateway, "tidegate")?,
        agent: copy(&programs.agent, "tidegate-agent")?,
        verify: copy(&programs.verify, "tidegate-verify")?,
    })
}

/// Gives each user what is his and nothing of the other's.
fn hand_over(folder: &Path) -> Result<()> {
    let give = |name: &str, user: u32| {
        chown(folder.join(name), Some(user), Some(user)).with_context(|| format!("cannot give {name} away"))
    };
    for name in ["evidence", "keyring", "run", "state", "wrapping.key", "class.key"] {
        give(name, GATEWAY_UID)?;
    }
    for name in ["agent.toml", "broker.password"] {
        give(name, AGENT_UID)?;
    }
    Ok(())
}

/// Status and body of a GET.
///
/// # Errors
/// When there is no answer within 5 s.
pub fn http_get(address: &str, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(ADMIN)).context("cannot set a time-out")?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").context("cannot ask")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("cannot read the answer")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("not an HTTP answer")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).context("not an HTTP status")?;
    Ok((status, body.to_owned()))
}
