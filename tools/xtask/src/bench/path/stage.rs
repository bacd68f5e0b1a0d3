//! The four ways to one broker: direct, through a plain TCP proxy, through a gate in relay mode and in socket mode.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tidegate_brokers::gate::{Mode, Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Output, Tool};
use tidegate_brokers::kafka::Listener;
use tidegate_brokers::ports::Ports;
use tidegate_brokers::process::{Process, until};
use tidegate_brokers::programs::Profile;
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka, host, kafka, note};

/// Time for one run of a tool.
const PATIENCE: Duration = Duration::from_secs(900);

const RULES: &str = r#"@id("bench")
permit (principal in Group::"demo:bench", action, resource);
"#;
const TOPICS: &str = "- pattern: bench-*\n  domain: bench\n  env: bench\n  tier: tier3\n";

/// A way to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Path {
    /// Straight to the broker
    Direct,
    /// Through a plain TCP proxy
    Proxy,
    /// Through the gate, the agent copies bytes
    Relay,
    /// Through the gate, the agent hands over the socket
    Socket,
}

impl Path {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Path::Direct => "direct",
            Path::Proxy => "plain TCP proxy",
            Path::Relay => "Tidegate relay",
            Path::Socket => "Tidegate socket",
        }
    }
}

/// Everything that runs during the benchmark.
pub(crate) struct Stage {
    relay: Option<Gate>,
    socket: Option<Gate>,
    proxy: Process,
    pub(crate) proxy_name: &'static str,
    proxy_ports: Ports,
    pub(crate) kafka: Kafka,
    token: PathBuf,
    _issuer: Issuer,
    _scratch: Scratch,
}

impl Stage {
    /// Starts what these paths need.
    pub(crate) fn set(paths: &[Path]) -> Result<Stage> {
        let scratch = Scratch::new("bench")?;
        let proxy_ports = Ports::take()?;
        let options = kafka::Options::new(Version::V4_3).behind_proxy(proxy_ports.port(0));
        let kafka = Kafka::start(options)?;
        let (proxy, proxy_name) = start_proxy(&scratch, proxy_ports.port(0), kafka.port(0, Listener::Proxied))?;
        let issuer = Issuer::start()?;
        let token = scratch.path().join("bench.token");
        fs::write(&token, issuer.token("bench", &["bench"])?).context("cannot write the token")?;
        let gate = |path, mode| {
            if !paths.contains(&path) {
                return Ok(None);
            }
            let mut options = Options::new(Upstream::of(&kafka), RULES, TOPICS);
            options.profile = Profile::Release;
            options.mode = mode;
            Gate::start(&options, &issuer).map(Some)
        };
        let (relay, socket) = (gate(Path::Relay, Mode::Relay)?, gate(Path::Socket, Mode::Socket)?);
        Ok(Stage { relay, socket, proxy, proxy_name, proxy_ports, kafka, token, _issuer: issuer, _scratch: scratch })
    }

    /// The broker's Java machine compiles what it runs often: the first path would pay for all.
    pub(crate) fn warm_up(&self) -> Result<()> {
        self.kafka.create_topic("bench-warm-up", 4)?;
        let produce =
            ["--topic", "bench-warm-up", "--num-records", "300000", "--record-size", "1024", "--throughput", "-1"];
        self.tool(Path::Direct, java::PRODUCER_PERFORMANCE, &produce, &[("acks", "all")])?;
        let consume = ["--topic", "bench-warm-up", "--num-records", "300000"];
        self.tool(Path::Direct, java::CONSUMER_PERFORMANCE, &consume, &[])?;
        Ok(())
    }

    /// Bootstrap address and login of a path.
    pub(crate) fn address(&self, path: Path) -> (String, Login) {
        match (path, self.gate(path)) {
            (_, Some(gate)) => (gate.bootstrap(), Login::token_file(&self.token)),
            (Path::Proxy, None) => (format!("127.0.0.1:{}", self.proxy_ports.port(0)), Login::none()),
            (_, None) => self.kafka.direct(),
        }
    }

    /// The gate of a path that has one.
    pub(crate) fn gate(&self, path: Path) -> Option<&Gate> {
        match path {
            Path::Direct | Path::Proxy => None,
            Path::Relay => self.relay.as_ref(),
            Path::Socket => self.socket.as_ref(),
        }
    }

    /// The processes between client and broker.
    pub(crate) fn processes(&self, path: Path) -> Vec<u32> {
        match (path, self.gate(path)) {
            (Path::Proxy, _) => vec![self.proxy.id()],
            (_, Some(gate)) => vec![gate.gateway.id(), gate.agent.id()],
            (_, None) => Vec::new(),
        }
    }

    /// Runs a performance tool on a path.
    pub(crate) fn tool(&self, path: Path, class: &str, args: &[&str], more: &[(&str, &str)]) -> Result<Output> {
        let (bootstrap, login) = self.address(path);
        let login = more.iter().fold(login, |login, (key, value)| login.with(key, value));
        Tool::new(self.kafka.jars(), class, &bootstrap, &login, args)
            .measured()
            .within(PATIENCE)
            .run()?
            .ok()
            .with_context(|| format!("on the path {}", path.name()))
    }
}

/// `HAProxy` where it is or can be installed, else this program's own loop.
fn start_proxy(scratch: &Scratch, port: u16, target: u16) -> Result<(Process, &'static str)> {
    let log = scratch.path().join("proxy.log");
    let (mut command, name) = match host::need("haproxy", &["haproxy"]) {
        Ok(haproxy) => {
            let config = scratch.path().join("haproxy.cfg");
            let text = format!(
                "global\n  maxconn 2000\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
                 listen kafka\n  bind 127.0.0.1:{port}\n  server broker 127.0.0.1:{target}\n"
            );
            fs::write(&config, text).context("cannot write haproxy.cfg")?;
            let mut command = Command::new(haproxy);
            command.arg("-db").arg("-f").arg(config);
            (command, "HAProxy, mode tcp")
        }
        Err(error) => {
            note(&format!("no HAProxy, so the bench's own loop stands in: {error:#}"));
            let mut command = Command::new(std::env::current_exe().context("this program has no path")?);
            command.args(["plain-proxy", &port.to_string(), &target.to_string()]);
            (command, "own loop, one thread a direction, 256 KiB buffers")
        }
    };
    let proxy = Process::start("plain proxy", &mut command, &log)?;
    until("the plain proxy", Duration::from_secs(20), || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
    Ok((proxy, name))
}

/// The stand-in for `HAProxy`: copies bytes between 127.0.0.1:port and 127.0.0.1:target until it is killed.
pub(crate) fn plain_proxy(port: u16, target: u16) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).context("cannot listen")?;
    for client in listener.incoming() {
        let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", target))) else { continue };
        let (Ok(client2), Ok(server2)) = (client.try_clone(), server.try_clone()) else { continue };
        drop((client.set_nodelay(true), server.set_nodelay(true)));
        std::thread::spawn(move || copy(client, server));
        std::thread::spawn(move || copy(server2, client2));
    }
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
            break;
        }
    }
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}
