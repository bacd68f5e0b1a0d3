//! The configuration files of gateway and agent.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Mode, Options, Upstream};
use crate::issuer::{AUDIENCE, Issuer};
use crate::ports::{BLOCK, Ports};

/// Offsets in the gate's block of ports: the listener, the admin listener, and one for each broker from here on.
pub(super) const BOOTSTRAP: u16 = 0;
pub(super) const ADMIN: u16 = 1;
pub(super) const BROKERS: u16 = 2;

/// The text of `gateway.toml`.
pub(super) fn gateway(folder: &Path, options: &Options, issuer: &Issuer, ports: &Ports) -> String {
    let at = |name: &str| text(&folder.join(name));
    let tls = options.tls.as_ref().map_or_else(String::new, |tls| {
        format!("tls = {{ certificate = {}, key = {} }}\n", text(&tls.certificate), text(&tls.key))
    });
    format!(
        "[gateway]\nname = \"gate-1\"\n\n\
         [evidence]\ndir = {}\nkeyring = {}\nwrapping_key = {{ file = {} }}\n\n\
         [policy]\ndir = {}\n\n\
         [agents]\nsocket = {}\n\n\
         [admin]\nlisten = \"127.0.0.1:{}\"\n\n\
         [[issuer]]\nname = \"demo\"\nissuer = \"{}\"\naudiences = [\"{AUDIENCE}\"]\nalgorithms = [\"RS256\", \"ES256\"]\n\
         groups_claim = \"groups\"\n\n\
         [[cluster]]\nname = \"main\"\nprotocol = \"kafka\"\n\n\
         [[listener]]\nname = \"main\"\ncluster = \"main\"\nbind = \"127.0.0.1:{}\"\nadvertised_host = \"127.0.0.1\"\n\
         broker_ports = \"{}-{}\"\n{tls}{}",
        at("evidence"),
        at("keyring"),
        at("wrapping.key"),
        at("policy"),
        at("run/agent.sock"),
        ports.port(ADMIN),
        issuer.url(),
        ports.port(BOOTSTRAP),
        ports.port(BROKERS),
        ports.port(BLOCK - 1),
        options.more,
    )
}

/// The text of `agent.toml`.
pub(super) fn agent(folder: &Path, upstream: &Upstream, mode: Mode) -> String {
    let list = |items: &[String]| items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ");
    let tls = upstream
        .authority
        .as_ref()
        .map_or_else(String::new, |authority| format!("\n[cluster.tls]\nca = {}\n", text(authority)));
    let secret = if upstream.mechanism == "NONE" {
        String::new()
    } else {
        let password = text(&folder.join("broker.password"));
        format!("username = {:?}\npassword = {{ file = {password} }}\n", upstream.user)
    };
    let loopback =
        if upstream.mechanism == "PLAIN" && tls.is_empty() { "allow_plain_on_loopback = true\n" } else { "" };
    format!(
        "[agent]\nname = \"agent-1\"\ngateway = {}\n\n\
         [[cluster]]\nname = \"main\"\nmode = \"{}\"\nbootstrap = [{}]\ndial = [{}]\n{tls}\n\
         [cluster.login]\nmechanism = {:?}\n{secret}{loopback}",
        text(&folder.join("run/agent.sock")),
        if mode == Mode::Relay { "relay" } else { "socket" },
        list(&upstream.bootstrap),
        list(&upstream.dial),
        upstream.mechanism,
    )
}

/// Somebody else's `agent.toml`, with the socket of this gate. Relative paths in it mean its own folder, so they are refused.
pub(super) fn adopt(folder: &Path, path: &Path) -> Result<String> {
    let original = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let socket = format!("gateway = {}", text(&folder.join("run/agent.sock")));
    let mut found = 0;
    let lines: Vec<&str> = original
        .lines()
        .map(|line| {
            if line.split('=').next().is_some_and(|key| key.trim() == "gateway") {
                found += 1;
                return socket.as_str();
            }
            line
        })
        .collect();
    if found != 1 {
        bail!("{} must have exactly one line `gateway = …` in [agent]", path.display());
    }
    Ok(lines.join("\n"))
}

/// A path as a TOML string.
fn text(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adopted_file_keeps_all_but_the_socket() {
        let scratch = crate::scratch::Scratch::new("adopt").unwrap();
        let path = scratch.path().join("agent.toml");
        fs::write(&path, "[agent]\nname = \"a\"\ngateway = \"/x\"\ngateway_user = \"u\"\n").unwrap();
        let text = adopt(Path::new("/g"), &path).unwrap();
        assert_eq!(text, "[agent]\nname = \"a\"\ngateway = \"/g/run/agent.sock\"\ngateway_user = \"u\"");
        fs::write(&path, "[agent]\nname = \"a\"\n").unwrap();
        adopt(Path::new("/g"), &path).unwrap_err();
    }
}
