//! What the command line's tests share: the program, and a folder with a whole configuration.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `tidegate` with `input` on its standard input.
pub(crate) fn tidegate(arguments: &[&str], input: &[u8]) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input closes it, which is no fault of the test.
    drop(child.stdin.take().unwrap().write_all(input));
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Writes a configuration and its wrapping key into a folder.
pub(crate) fn configure(dir: &Path, issuer_url: &str) -> PathBuf {
    let key = dir.join("wrapping.key");
    std::fs::write(&key, "07".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let me = rustix::process::getuid().as_raw();
    let text = format!(
        r#"
[gateway]
name = "gate-1"
[evidence]
dir = "evidence"
keyring = "keys"
wrapping_key = {{ file = "wrapping.key" }}
[policy]
dir = "policy"
[state]
dir = "state"
[control]
socket = "control.sock"
administrators = ["local:{me}"]
[[control.local_user]]
user = "{me}"
groups = ["ops"]
[agents]
socket = "agent.sock"
[admin]
listen = "127.0.0.1:0"
[[issuer]]
name = "idp"
issuer = "{issuer_url}"
audiences = ["gate"]
[[cluster]]
name = "main"
[[listener]]
name = "plain"
cluster = "main"
bind = "127.0.0.1:9092"
advertised_host = "127.0.0.1"
broker_ports = "9093-9099"
"#
    );
    let file = dir.join("gateway.toml");
    std::fs::write(&file, text).unwrap();
    file
}
