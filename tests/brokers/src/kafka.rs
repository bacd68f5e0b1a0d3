//! Real Apache Kafka (KRaft) on this machine: one or three nodes on free ports, each with its own folder.
//!
//! The plaintext listener is for the harness itself; agents log in at the others. Nodes are numbered from 0.

mod properties;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::cache::hex;
use crate::jars::{Jars, Version};
use crate::java::{self, Login, Machine, Tool};
use crate::ports::Ports;
use crate::process::Process;
use crate::scratch::Scratch;
use crate::tls::{Authority, Identity};

/// The user that every SASL mechanism of the cluster knows.
pub const USER: &str = "gate";
/// Ports of one node within the cluster's block.
const PORTS_PER_NODE: u16 = 6;
/// Nodes that fit in a block of ports, so also the most that a cluster may grow to.
const NODES_MAX: u16 = crate::ports::BLOCK / PORTS_PER_NODE;
/// A start takes 2 to 6 s on an idle machine, and tests start several clusters at once on two cores.
const START: Duration = Duration::from_secs(120);

/// Where clients connect to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// No login, no TLS: the harness.
    Plaintext,
    /// SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN without TLS.
    Sasl,
    /// The same mechanisms over TLS.
    SaslTls,
    /// TLS with a client certificate.
    MutualTls,
    /// Between controllers; not for clients.
    Controller,
    /// Plaintext that tells clients to come to another port, where a plain proxy stands.
    Proxied,
}

impl Listener {
    fn offset(self) -> u16 {
        match self {
            Listener::Plaintext => 0,
            Listener::Sasl => 1,
            Listener::SaslTls => 2,
            Listener::MutualTls => 3,
            Listener::Controller => 4,
            Listener::Proxied => 5,
        }
    }
}

/// A provider whose tokens brokers take.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What tokens name as their issuer.
    pub issuer: String,
    /// Where its keys are.
    pub keys: String,
    /// For whom tokens must be.
    pub audience: String,
}

/// What cluster to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Kafka's version.
    pub version: Version,
    /// Nodes at the start: 1 or 3.
    pub nodes: u16,
    /// False leaves out the plaintext listener, so that the cluster lets nobody in without a login.
    pub plaintext: bool,
    /// Also listen with TLS (`SaslTls` and `MutualTls`).
    pub tls: bool,
    /// Opens the `Proxied` listener of a single node; clients are told to come to this port.
    pub proxy_port: Option<u16>,
    /// The provider whose tokens the SASL listeners take (OAUTHBEARER); with none, they do not offer it.
    pub bearer: Option<Provider>,
    /// More lines for every node's server properties.
    pub properties: Vec<(String, String)>,
}

impl Options {
    /// One node with a plaintext and a SASL listener.
    #[must_use]
    pub fn new(version: Version) -> Options {
        Options {
            version,
            nodes: 1,
            plaintext: true,
            tls: false,
            proxy_port: None,
            bearer: None,
            properties: Vec::new(),
        }
    }

    /// Three nodes instead of one.
    #[must_use]
    pub fn three_nodes(mut self) -> Options {
        self.nodes = 3;
        self
    }

    /// No way in without a login.
    #[must_use]
    pub fn login_only(mut self) -> Options {
        self.plaintext = false;
        self
    }

    /// TLS listeners too.
    #[must_use]
    pub fn with_tls(mut self) -> Options {
        self.tls = true;
        self
    }

    /// A plaintext listener behind a plain proxy at this port.
    #[must_use]
    pub fn behind_proxy(mut self, port: u16) -> Options {
        self.proxy_port = Some(port);
        self
    }

    /// SASL listeners take tokens of this provider.
    #[must_use]
    pub fn with_bearer(mut self, provider: Provider) -> Options {
        self.bearer = Some(provider);
        self
    }

    /// One more line of server properties.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Options {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }
}

#[derive(Debug)]
struct Node {
    id: u16,
    /// How often it was started; each start has its own log file.
    starts: u32,
    process: Option<Process>,
}

/// A running cluster; everything ends when it is dropped.
#[derive(Debug)]
pub struct Kafka {
    jars: Jars,
    options: Options,
    // Nodes go before the ports and the folder: fields are dropped in order.
    nodes: Vec<Node>,
    ports: Ports,
    cluster_id: String,
    password: String,
    tls: Option<Tls>,
    scratch: Scratch,
}

#[derive(Debug)]
struct Tls {
    authority: Authority,
    broker: Identity,
}

impl Kafka {
    /// Starts a cluster and waits until every node takes requests.
    ///
    /// # Errors
    /// When Java or the jars are missing, or a node does not come up; the error carries the end of its log.
    pub fn start(options: Options) -> Result<Kafka> {
        ensure!(options.nodes == 1 || options.nodes == 3, "a cluster starts with 1 or 3 nodes");
        ensure!(options.nodes == 1 || options.proxy_port.is_none(), "only a single node can stand behind one proxy");
        let jars = Jars::get(options.version)?;
        let scratch = Scratch::new("kafka")?;
        let tls = if options.tls {
            let authority = Authority::new(&scratch.path().join("tls"))?;
            let broker = authority.identity("broker", &["127.0.0.1", "localhost"])?;
            Some(Tls { authority, broker })
        } else {
            None
        };
        let nodes = (0..options.nodes).map(|id| Node { id, starts: 0, process: None }).collect();
        let mut id = random::<16>()?;
        // An id that begins with `-` would be taken for an option of the tool that formats the storage.
        if let Some(first) = id.first_mut() {
            *first &= 0x7f;
        }
        let cluster_id = URL_SAFE_NO_PAD.encode(id);
        let password = format!("pw-{}", hex(&random::<16>()?));
        let mut kafka = Kafka { jars, options, nodes, ports: Ports::take()?, cluster_id, password, tls, scratch };
        for id in 0..kafka.options.nodes {
            kafka.format(id)?;
        }
        // All at once: none of three is ready before it finds a second.
        for id in 0..kafka.options.nodes {
            kafka.launch(id)?;
        }
        for id in 0..kafka.options.nodes {
            kafka.ready(id)?;
        }
        Ok(kafka)
    }

    /// Version and jars, for tools.
    #[must_use]
    pub fn jars(&self) -> &Jars {
        &self.jars
    }

    /// The port of a node's listener.
    #[must_use]
    pub fn port(&self, node: u16, listener: Listener) -> u16 {
        self.ports.port(node * PORTS_PER_NODE + listener.offset())
    }

    /// Every node's `host:port` at a listener.
    #[must_use]
    pub fn addresses(&self, listener: Listener) -> Vec<String> {
        self.nodes.iter().map(|node| format!("127.0.0.1:{}", self.port(node.id, listener))).collect()
    }

    /// The first and last port that any node has or may get: what an agent's dial pattern must cover.
    #[must_use]
    pub fn port_range(&self) -> (u16, u16) {
        (self.ports.port(0), self.ports.port(crate::ports::BLOCK - 1))
    }

    /// The password of [`USER`], made for this cluster.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The certificate authority of a cluster with TLS.
    #[must_use]
    pub fn authority(&self) -> Option<&Authority> {
        self.tls.as_ref().map(|tls| &tls.authority)
    }

    /// The folder of the cluster; `node-<id>` below it holds a node's data and logs.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.scratch.path().to_owned()
    }

    /// How the harness itself gets in: plaintext where there is such a listener, else SCRAM-SHA-512.
    #[must_use]
    pub fn direct(&self) -> (String, Login) {
        let (listener, login) = if self.options.plaintext {
            (Listener::Plaintext, Login::none())
        } else {
            (Listener::Sasl, Login::password("SCRAM-SHA-512", USER, &self.password))
        };
        (self.addresses(listener).join(","), login)
    }

    /// A run of one of Kafka's tools straight at the cluster.
    #[must_use]
    pub fn tool<'a>(&'a self, class: &'a str, args: &[&str]) -> Tool<'a> {
        let (bootstrap, login) = self.direct();
        Tool::new(&self.jars, class, &bootstrap, &login, args)
    }

    /// Makes a topic with as many replicas as there are nodes (at most 3).
    ///
    /// # Errors
    /// What the tool says.
    pub fn create_topic(&self, name: &str, partitions: u32) -> Result<()> {
        let (partitions, replicas) = (partitions.to_string(), self.nodes.len().min(3).to_string());
        let args = ["--create", "--topic", name, "--partitions", &partitions, "--replication-factor", &replicas];
        self.tool(java::TOPICS, &args).run()?.ok()?;
        Ok(())
    }

    /// The number of records that a topic got, all partitions together.
    ///
    /// # Errors
    /// What the tool says.
    pub fn end_offsets(&self, topic: &str) -> Result<u64> {
        let output = self.tool(java::GET_OFFSETS, &["--topic", topic]).run()?.ok()?;
        let mut sum = 0;
        for line in output.stdout.lines().filter(|line| line.starts_with(topic)) {
            let offset = line.rsplit(':').next().unwrap_or_default();
            sum += offset.parse::<u64>().with_context(|| format!("not an offset: {line}"))?;
        }
        Ok(sum)
    }

    /// Kills a node with SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill9(&mut self, node: u16) -> Result<()> {
        self.node(node)?.process.take().context("the node does not run")?.kill9()
    }

    /// Lets a node stand still (SIGSTOP): it keeps its connections and answers nothing.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&mut self, node: u16) -> Result<()> {
        self.node(node)?.process.as_mut().context("the node does not run")?.signal(rustix::process::Signal::STOP)
    }

    /// Lets a node that stands still go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&mut self, node: u16) -> Result<()> {
        self.node(node)?.process.as_mut().context("the node does not run")?.signal(rustix::process::Signal::CONT)
    }

    /// Stops a node in order.
    ///
    /// # Errors
    /// When it does not run or does not end within a minute.
    pub fn stop(&mut self, node: u16) -> Result<()> {
        let mut process = self.node(node)?.process.take().context("the node does not run")?;
        process.stop(Duration::from_secs(60))?;
        Ok(())
    }

    /// Starts a stopped or killed node again with its data, on its ports.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self, node: u16) -> Result<()> {
        self.launch(node)?;
        self.ready(node)
    }

    /// Adds a node that is a broker only, and returns its number.
    ///
    /// # Errors
    /// When the block of ports is used up or the node does not come up.
    pub fn add_node(&mut self) -> Result<u16> {
        let id = u16::try_from(self.nodes.len()).unwrap_or(NODES_MAX);
        ensure!(id < NODES_MAX, "a cluster has at most {NODES_MAX} nodes");
        self.nodes.push(Node { id, starts: 0, process: None });
        self.format(id)?;
        self.restart(id)?;
        Ok(id)
    }

    /// The process id of a running node, for measurements.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process_id(&self, node: u16) -> Result<u32> {
        let found = self.nodes.iter().find(|other| other.id == node).and_then(|node| node.process.as_ref());
        found.map(Process::id).context("the node does not run")
    }

    /// What a node logged since its last start.
    #[must_use]
    pub fn log(&self, node: u16) -> String {
        let found = self.nodes.iter().find(|other| other.id == node).and_then(|node| node.process.as_ref());
        found.map(Process::log).unwrap_or_default()
    }

    fn node(&mut self, id: u16) -> Result<&mut Node> {
        self.nodes.iter_mut().find(|node| node.id == id).with_context(|| format!("there is no node {id}"))
    }

    fn node_folder(&self, id: u16) -> PathBuf {
        self.scratch.path().join(format!("node-{id}"))
    }

    /// Writes the node's properties and formats its storage with the SASL users.
    fn format(&self, id: u16) -> Result<()> {
        let folder = self.node_folder(id);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(folder.join("server.properties"), properties::text(self, id))
            .context("cannot write server.properties")?;
        let mut command = java::machine(&self.jars, &folder.join("log4j2.format.properties"), Machine::Tool)?;
        command
            .args(["kafka.tools.StorageTool", "format", "-t", &self.cluster_id, "-c"])
            .arg(folder.join("server.properties"));
        if id < self.options.nodes {
            for mechanism in ["SCRAM-SHA-512", "SCRAM-SHA-256"] {
                command.arg("--add-scram").arg(format!("{mechanism}=[name={USER},password={}]", self.password));
            }
        }
        let mut process = Process::start("StorageTool", &mut command, &folder.join("format.log"))?;
        let status = process.wait(START)?;
        if !status.success() {
            bail!("cannot format node {id}:\n{}", crate::process::tail(&process.log(), 20));
        }
        Ok(())
    }

    fn launch(&mut self, id: u16) -> Result<()> {
        let folder = self.node_folder(id);
        let mut command = java::machine(&self.jars, &folder.join("log4j2.properties"), Machine::Broker)?;
        if let Some(provider) = &self.options.bearer {
            // Kafka 4 refuses every URL that the machine was not told of.
            command.arg(format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}", provider.keys));
        }
        command.arg("kafka.Kafka").arg(folder.join("server.properties")).current_dir(&folder);
        let node = self.node(id)?;
        ensure!(node.process.is_none(), "node {id} runs already");
        node.starts += 1;
        let log = folder.join(format!("log.{}", node.starts));
        node.process = Some(Process::start(&format!("kafka node {id}"), &mut command, &log)?);
        Ok(())
    }

    /// A broker says this once the controller let it take part.
    fn ready(&mut self, id: u16) -> Result<()> {
        self.node(id)?.process.as_mut().context("the node does not run")?.wait_for_line("Kafka Server started", START)
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).context("the system has no random bytes")?;
    Ok(bytes)
}
