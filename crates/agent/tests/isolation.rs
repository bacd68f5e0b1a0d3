//! Two users: while traffic flows, the gateway's user tries every way to the secret that it has. Needs root.
#![cfg(test)]

#[expect(dead_code, reason = "the other test files use the rest")]
mod support;

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::{Agent, Broker, Fault, USER, secret_file};
use tidegate_proxy::agents::{Agents, AgentsConfig, Broker as Wanted};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

const GATEWAY_UID: u32 = 65_531;
const AGENT_UID: u32 = 65_532;
/// Says to the test binary that it is the gateway's process; holds the folder of its sockets.
const ROLE: &str = "TIDEGATE_TEST_GATEWAY";

fn folder(base: &Path, name: &str, uid: u32, mode: u32) -> PathBuf {
    let path = base.join(name);
    std::fs::create_dir(&path).unwrap();
    chown(&path, Some(uid), Some(uid)).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

fn copy(program: &Path, folder: &Path) -> PathBuf {
    let path = folder.join(program.file_name().unwrap());
    std::fs::copy(program, &path).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn the_gateways_user_cannot_get_at_the_secret() {
    if std::env::var_os(ROLE).is_some() {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    for from_environment in [false, true] {
        two_users(from_environment);
    }
}

fn two_users(from_environment: bool) {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let base = tempfile::tempdir().unwrap();
    std::fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
    let run = folder(base.path(), "run", GATEWAY_UID, 0o755);
    let own = folder(base.path(), "agent", AGENT_UID, 0o700);
    // where they are built, other users may not look
    let programs = folder(base.path(), "programs", 0, 0o755);
    let program = copy(Path::new(env!("CARGO_BIN_EXE_tidegate-agent")), &programs);
    let test = copy(&std::env::current_exe().unwrap(), &programs);
    let broker = Broker::start_with(Fault::None, &secret, None);

    let source = if from_environment {
        "{ env = \"GATE_PASSWORD\" }"
    } else {
        chown(secret_file(&own, "password", &secret), Some(AGENT_UID), Some(AGENT_UID)).unwrap();
        "{ file = \"password\" }"
    };
    let text = format!(
        "[agent]\nname = \"a\"\ngateway = \"{}\"\ngateway_user = \"{GATEWAY_UID}\"\n[[cluster]]\nname = \"main\"\n\
         bootstrap = [\"{}\"]\n[cluster.login]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"{USER}\"\npassword = {source}\n",
        run.join("agent.sock").display(),
        broker.address()
    );
    let mut gateway = Command::new(&test)
        .args(["--exact", "the_gateways_process", "--nocapture"])
        .env_clear()
        .env(ROLE, &run)
        .uid(GATEWAY_UID)
        .gid(GATEWAY_UID)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let agent = Agent::start_program(&program, &own, &text, |command| {
        command.uid(AGENT_UID).gid(AGENT_UID);
        if from_environment {
            command.env("GATE_PASSWORD", &secret);
        }
    });
    let mut orders = gateway.stdin.take().unwrap();
    writeln!(orders, "{} {}", agent.child.id(), own.join("password").display()).unwrap();
    let mut output = BufReader::new(gateway.stdout.take().unwrap());
    let mut said = String::new();
    while !said.ends_with("done\n") && output.read_line(&mut said).unwrap() > 0 {}
    println!("secret from {source}:");
    let findings = said.lines().filter_map(|line| line.strip_prefix("finding: "));
    let closed = findings.inspect(|finding| println!("  {finding}")).filter(|finding| !finding.starts_with("OPEN"));
    assert!(closed.count() >= 10 && !said.contains("finding: OPEN"), "{said}");
    look_on(&agent, gateway.id(), secret.as_bytes(), &run);
    drop(orders);
    gateway.wait().unwrap();
}

/// Root looks on: the secret is in the agent's memory and nowhere else.
fn look_on(agent: &Agent, gateway: u32, secret: &[u8], run: &Path) {
    assert!(in_memory(agent.child.id(), secret), "the search finds nothing, not even where the secret is");
    assert!(!in_memory(gateway, secret), "the secret is in the gateway's memory");
    let proc = |name: &str| std::fs::read(format!("/proc/{}/{name}", agent.child.id())).unwrap();
    assert!(!contains(&proc("environ"), secret) && !contains(&proc("cmdline"), secret));
    let limits = String::from_utf8(proc("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    assert!(String::from_utf8(proc("status")).unwrap().contains("NoNewPrivs:\t1"));
    let heard = std::fs::read(run.join("heard")).unwrap();
    assert!(contains(&heard, b"main") && !contains(&heard, secret), "the secret went over the link");
    for entry in std::fs::read_dir(run).unwrap() {
        let entry = entry.unwrap();
        assert!(!entry.file_type().unwrap().is_file() || !contains(&std::fs::read(entry.path()).unwrap(), secret));
    }
    assert!(!contains(agent.log().as_bytes(), secret));
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Looks through all of a process's readable memory.
fn in_memory(pid: u32, wanted: &[u8]) -> bool {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let start = u64::from_str_radix(start, 16).unwrap();
        let length = usize::try_from(u64::from_str_radix(end, 16).unwrap() - start).unwrap();
        if length > 1 << 30 {
            continue;
        }
        let mut bytes = vec![0; length];
        memory.seek(SeekFrom::Start(start)).unwrap();
        if memory.read_exact(&mut bytes).is_ok() && contains(&bytes, wanted) {
            return true;
        }
    }
    false
}

/// Not a test by itself: the process that runs as the gateway's user.
#[test]
fn the_gateways_process() {
    let Some(run) = std::env::var_os(ROLE) else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(gateway(Path::new(&run)));
}

fn finding(open: bool, what: &str) {
    println!("finding: {} {what}", if open { "OPEN" } else { "closed" });
}

async fn gateway(run: &Path) {
    // the agent speaks to a middleman that keeps every byte it says, and passes it on to the product's own side
    let heard = Arc::new(Mutex::new(Vec::new()));
    let config = AgentsConfig {
        socket: run.join("inner.sock"),
        agent_uid: None,
        gateway: "gate".into(),
        incarnation: [0; 16],
        open_timeout: Duration::from_secs(20),
        max_pending: 8,
    };
    let agents = Agents::listen(config).await.unwrap();
    let outer = UnixListener::bind(run.join("agent.sock")).unwrap();
    std::fs::set_permissions(run.join("agent.sock"), Permissions::from_mode(0o666)).unwrap();
    let (inner, keep) = (run.join("inner.sock"), Arc::clone(&heard));
    tokio::spawn(async move {
        while let Ok((stream, _)) = outer.accept().await {
            assert_eq!(stream.peer_cred().unwrap().uid(), AGENT_UID);
            tokio::spawn(pass_on(stream, UnixStream::connect(&inner).await.unwrap(), Arc::clone(&keep)));
        }
    });
    let orders = tokio::task::spawn_blocking(|| std::io::stdin().lines().next().unwrap().unwrap()).await.unwrap();
    let (pid, file) = orders.split_once(' ').unwrap();
    agents.wait_for("main").await;
    let mut upstream = agents.open("main", Wanted::Bootstrap, [1; 16]).await.unwrap();
    let traffic = tokio::spawn(async move {
        let mut bytes = [7; 1000];
        loop {
            upstream.write_all(&bytes).await.unwrap();
            upstream.read_exact(&mut bytes).await.unwrap();
        }
    });
    let (pid, file) = (pid.to_owned(), file.to_owned());
    tokio::task::spawn_blocking(move || attack(&pid, &file)).await.unwrap();
    assert!(!traffic.is_finished(), "traffic stopped");
    std::fs::write(run.join("heard"), &*heard.lock().unwrap()).unwrap();
    println!("done");
    tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await.unwrap();
}

async fn pass_on(mut agent: UnixStream, mut gateway: UnixStream, heard: Arc<Mutex<Vec<u8>>>) {
    let (mut from_agent, mut to_agent) = agent.split();
    let (mut from_gateway, mut to_gateway) = gateway.split();
    let keeping = async {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from_agent.read(&mut bytes).await {
            keep(&heard, &bytes[..count]);
            to_gateway.write_all(&bytes[..count]).await.unwrap();
        }
    };
    tokio::select! {
        () = keeping => {}
        _ = tokio::io::copy(&mut from_gateway, &mut to_agent) => {}
    }
}

fn keep(heard: &Mutex<Vec<u8>>, bytes: &[u8]) {
    let mut heard = heard.lock().unwrap();
    if heard.len() < 1 << 20 {
        heard.extend_from_slice(bytes);
    }
}

/// All that the gateway's user can try against the agent.
fn attack(pid: &str, file: &str) {
    let folder = Path::new(file).parent().unwrap();
    finding(std::fs::read(file).is_ok(), "the secret's file");
    finding(std::fs::read_dir(folder).is_ok(), "the agent's folder");
    finding(std::fs::read(folder.join("agent.toml")).is_ok(), "the agent's configuration");
    for name in ["environ", "mem", "maps", "auxv"] {
        let opened = std::fs::File::open(format!("/proc/{pid}/{name}")).and_then(|mut file| file.read(&mut [0; 16]));
        finding(opened.is_ok(), &format!("/proc/PID/{name}"));
    }
    finding(std::fs::read_dir(format!("/proc/{pid}/fd")).is_ok(), "/proc/PID/fd");
    finding(std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok(), "/proc/PID/cwd");
    let target = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    let core = rustix::process::kill_process(target, rustix::process::Signal::ABORT);
    finding(core.is_ok(), "a signal that dumps core");
    let python = format!(
        "import ctypes, sys; libc = ctypes.CDLL(None, use_errno=True); \
         sys.exit(0 if libc.ptrace(16, {pid}, None, None) == 0 else 7)"
    );
    let tools: [(&str, Vec<&str>, i32); 3] = [
        ("/usr/bin/python3", vec!["-c", &python], 7),
        ("/usr/bin/strace", vec!["-p", pid, "-o", "/dev/null"], 1),
        ("/usr/bin/gdb", vec!["--batch", "--return-child-result", "-p", pid, "-ex", "info registers rip"], 1),
    ];
    for (tool, arguments, refused) in tools {
        let tried = Command::new("timeout").arg("20").arg(tool).args(arguments).output().unwrap();
        match tried.status.code() {
            Some(126 | 127) => println!("finding: not tried: {tool} is not here"),
            code => finding(code != Some(refused), &format!("ptrace by {tool} (ended with {code:?})")),
        }
    }
}
