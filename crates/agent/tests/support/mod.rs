//! What the agent's tests share: a scripted broker that checks logins, and the agent's process.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The password that must be nowhere but in the agent.
pub(crate) const PASSWORD: &str = "correct-horse-battery-staple-7391";
/// The user that the broker knows.
pub(crate) const USER: &str = "gate";

/// How a broker misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    WrongSignature,
    FewIterations,
    ManyIterations,
    ForeignNonce,
    NoMechanism,
    /// Answers the login with an error text that repeats all it was told.
    Echo,
    /// More bytes than one answer.
    Chatty,
    /// Closes the connection after the handshake.
    HangUp,
    /// Wants no login at all.
    NoLogin,
}

/// A broker that checks SCRAM and PLAIN as Kafka does, and then sends back every byte.
pub(crate) struct Broker {
    pub(crate) port: u16,
    /// Connections that were accepted.
    pub(crate) dialled: Arc<AtomicUsize>,
    /// All bytes that were received before a login had succeeded.
    pub(crate) heard: Arc<Mutex<Vec<u8>>>,
}

impl Broker {
    pub(crate) fn start(fault: Fault) -> Broker {
        Broker::start_with(fault, PASSWORD, None)
    }

    pub(crate) fn start_with(fault: Fault, password: &str, tls: Option<Arc<ServerConfig>>) -> Broker {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let dialled = Arc::new(AtomicUsize::new(0));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let broker = Broker { port, dialled: Arc::clone(&dialled), heard: Arc::clone(&heard) };
        let password: Arc<str> = password.into();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                dialled.fetch_add(1, Ordering::SeqCst);
                let (heard, password, tls) = (Arc::clone(&heard), Arc::clone(&password), tls.clone());
                std::thread::spawn(move || match tls {
                    None => serve(stream, fault, &password, &heard),
                    Some(tls) => {
                        let session = ServerConnection::new(tls).unwrap();
                        serve(StreamOwned::new(session, stream), fault, &password, &heard);
                    }
                });
            }
        });
        broker
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn serve(mut stream: impl Read + Write, fault: Fault, password: &str, heard: &Mutex<Vec<u8>>) {
    if fault == Fault::NoLogin || log_in(&mut stream, fault, password, heard).is_some() {
        echo(stream);
    }
}

fn echo(mut stream: impl Read + Write) {
    let mut bytes = vec![0; 65536];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        if stream.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}

fn read_frame(stream: &mut (impl Read + Write), heard: &Mutex<Vec<u8>>) -> Option<Vec<u8>> {
    let mut field = [0; 4];
    stream.read_exact(&mut field).ok()?;
    let length = u32::from_be_bytes(field) as usize;
    if length > 65536 {
        return None;
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).ok()?;
    heard.lock().unwrap().extend_from_slice(&frame);
    Some(frame)
}

/// A request's key, version, correlation id and body.
fn request(stream: &mut (impl Read + Write), heard: &Mutex<Vec<u8>>) -> Option<(i16, i32, Vec<u8>)> {
    let frame = read_frame(stream, heard)?;
    let key = i16::from_be_bytes([frame[0], frame[1]]);
    assert_eq!(&frame[2..4], &[0, 1], "version 1");
    let correlation = i32::from_be_bytes(frame[4..8].try_into().unwrap());
    let client = usize::from(u16::from_be_bytes([frame[8], frame[9]]));
    Some((key, correlation, frame[10 + client..].to_vec()))
}

fn answer(stream: &mut (impl Read + Write), correlation: i32, body: &[u8], extra: &[u8]) -> Option<()> {
    let mut frame = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(&correlation.to_be_bytes());
    frame.extend_from_slice(body);
    frame.extend_from_slice(extra);
    stream.write_all(&frame).ok()
}

fn text(value: &[u8]) -> Vec<u8> {
    [&u16::try_from(value.len()).unwrap().to_be_bytes()[..], value].concat()
}

fn authenticated(token: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, 0xff, 0xff];
    body.extend_from_slice(&u32::try_from(token.len()).unwrap().to_be_bytes());
    body.extend_from_slice(token);
    body.extend_from_slice(&60_000_u64.to_be_bytes());
    body
}

fn refused(what: &[u8]) -> Vec<u8> {
    [&58_u16.to_be_bytes()[..], &text(what), &[0; 4], &[0; 8]].concat()
}

fn log_in(stream: &mut (impl Read + Write), fault: Fault, password: &str, heard: &Mutex<Vec<u8>>) -> Option<()> {
    let (key, correlation, body) = request(stream, heard)?;
    assert_eq!(key, 17, "SaslHandshake first");
    let mechanism = String::from_utf8(body[2..].to_vec()).unwrap();
    let known =
        ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].contains(&mechanism.as_str()) && fault != Fault::NoMechanism;
    let offered = [&1_u32.to_be_bytes()[..], &text(b"GSSAPI")].concat();
    let code: u16 = if known { 0 } else { 33 };
    answer(stream, correlation, &[&code.to_be_bytes()[..], &offered].concat(), b"")?;
    if !known || fault == Fault::HangUp {
        return None;
    }
    let (key, correlation, body) = request(stream, heard)?;
    assert_eq!(key, 36, "SaslAuthenticate next");
    let token = &body[4..];
    if fault == Fault::Echo {
        answer(stream, correlation, &refused(token), b"")?;
        return None;
    }
    if mechanism == "PLAIN" {
        let right = token == format!("\0{USER}\0{password}").as_bytes();
        answer(stream, correlation, &if right { authenticated(b"") } else { refused(b"no") }, b"")?;
        return right.then_some(());
    }
    let (hash, sha, derive) = match mechanism.as_str() {
        "SCRAM-SHA-256" => (hmac::HMAC_SHA256, &digest::SHA256, pbkdf2::PBKDF2_HMAC_SHA256),
        _ => (hmac::HMAC_SHA512, &digest::SHA512, pbkdf2::PBKDF2_HMAC_SHA512),
    };
    let sign = |key: &[u8], message: &[u8]| hmac::sign(&hmac::Key::new(hash, key), message).as_ref().to_vec();
    let first = String::from_utf8(token.to_vec()).unwrap();
    let bare = first.strip_prefix("n,,").unwrap();
    let (user, nonce) = bare.strip_prefix("n=").unwrap().split_once(",r=").unwrap();
    let nonce = if fault == Fault::ForeignNonce { "somebodyelses".into() } else { format!("{nonce}servers") };
    let iterations = match fault {
        Fault::FewIterations => 4095,
        Fault::ManyIterations => 1_000_001,
        _ => 4096,
    };
    let server_first = format!("r={nonce},s={},i={iterations}", STANDARD.encode(b"the salt"));
    let extra: &[u8] = if fault == Fault::Chatty { b"more" } else { b"" };
    answer(stream, correlation, &authenticated(server_first.as_bytes()), extra)?;
    let (_, correlation, body) = request(stream, heard)?;
    let last = String::from_utf8(body[4..].to_vec()).unwrap();
    let (without_proof, proof) = last.split_once(",p=").unwrap();
    assert_eq!(without_proof, format!("c=biws,r={nonce}"));
    let mut salted = vec![0; sha.output_len()];
    let rounds = NonZeroU32::new(iterations).unwrap();
    pbkdf2::derive(derive, rounds, b"the salt", password.as_bytes(), &mut salted);
    let message = format!("{bare},{server_first},{without_proof}");
    let stored = digest::digest(sha, &sign(&salted, b"Client Key")).as_ref().to_vec();
    let signature = sign(&stored, message.as_bytes());
    let proof = STANDARD.decode(proof).unwrap();
    let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
    if user != USER || digest::digest(sha, &client_key).as_ref() != stored {
        answer(stream, correlation, &refused(b"Authentication failed"), b"")?;
        return None;
    }
    let mut server_signature = sign(&sign(&salted, b"Server Key"), message.as_bytes());
    if fault == Fault::WrongSignature {
        server_signature[0] ^= 1;
    }
    let token = format!("v={}", STANDARD.encode(server_signature));
    answer(stream, correlation, &authenticated(token.as_bytes()), b"")
}

/// A running agent; killed when dropped.
pub(crate) struct Agent {
    pub(crate) child: Child,
    pub(crate) log: PathBuf,
}

impl Agent {
    pub(crate) fn start(folder: &Path, config: &str) -> Agent {
        Agent::start_with(folder, config, |_| {})
    }

    pub(crate) fn start_with(folder: &Path, config: &str, change: impl FnOnce(&mut Command)) -> Agent {
        Agent::start_program(Path::new(env!("CARGO_BIN_EXE_tidegate-agent")), folder, config, change)
    }

    pub(crate) fn start_program(
        program: &Path,
        folder: &Path,
        config: &str,
        change: impl FnOnce(&mut Command),
    ) -> Agent {
        let file = folder.join("agent.toml");
        std::fs::write(&file, config).unwrap();
        let log = folder.join("agent.log");
        let output = std::fs::File::create(&log).unwrap();
        let mut command = Command::new(program);
        command.arg("--config").arg(&file).env("RUST_LOG", "debug").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(output);
        change(&mut command);
        Agent { child: command.spawn().unwrap(), log }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until the log says this; fails after half a minute.
    pub(crate) fn says(&self, words: &str) {
        until(words, || self.log().contains(words));
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
        if std::thread::panicking() {
            eprintln!("--- the agent's log:\n{}", self.log());
        }
    }
}

/// Waits until something is so; fails after half a minute.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !so() {
        assert!(start.elapsed().as_secs() < 30, "waited in vain for: {what}");
        std::thread::yield_now();
    }
}

/// Writes a secret as it must be: for its owner only.
pub(crate) fn secret_file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A configuration with one cluster `main`.
pub(crate) fn config(mode: &str, bootstrap: &str, mechanism: &str, password: &str) -> String {
    format!(
        r#"
[agent]
name = "agent-1"
gateway = "agent.sock"
[[cluster]]
name = "main"
mode = "{mode}"
bootstrap = ["{bootstrap}"]
[cluster.login]
mechanism = "{mechanism}"
username = "{USER}"
password = {password}
allow_plain_on_loopback = true
"#
    )
}
