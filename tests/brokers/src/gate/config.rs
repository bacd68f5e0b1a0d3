//! The configuration files of gateway and agent.

use std::path::Path;

use super::{AGENT_UID, AgentConfig, GATEWAY_UID, Mode, Options, Upstream, Users};
use crate::issuer::{AUDIENCE, Issuer};
use crate::ports::{BLOCK, Ports};

/// Offsets in the gate's block of ports: the listener, the admin listener, the web listener, and one for each broker from here on.
pub(super) const BOOTSTRAP: u16 = 0;
pub(super) const ADMIN: u16 = 1;
pub(super) const WEB: u16 = 2;
pub(super) const BROKERS: u16 = 3;

/// The text of `gateway.toml`.
pub(super) fn gateway(folder: &Path, options: &Options, issuer: &Issuer, ports: &Ports) -> String {
    let at = |name: &str| text(&folder.join(name));
    let (socket, cluster) = match &options.agent {
        AgentConfig::Written(_) => (folder.join("run/agent.sock"), "main"),
        AgentConfig::File { socket, cluster, .. } => (socket.clone(), cluster.as_str()),
    };
    let agent_user = if options.users == Users::Apart { format!("user = \"{AGENT_UID}\"\n") } else { String::new() };
    let tls = options.tls.as_ref().map_or_else(String::new, |tls| {
        format!("tls = {{ certificate = {}, key = {} }}\n", text(&tls.certificate), text(&tls.key))
    });
    format!(
        "[gateway]\nname = \"gate-1\"\n\n\
         [evidence]\ndir = {}\nkeyring = {}\nwrapping_key = {{ file = {} }}\n{}\n\
         [policy]\ndir = {}\nsource = \"{source}\"\n\n\
         [state]\ndir = {}\n\n\
         [control]\nsocket = {}\nadministrators = [\"local:{me}\"]\n\n\
         [[control.local_user]]\nuser = \"{me}\"\n\n\
         [agents]\nsocket = {}\n{agent_user}\n\
         [admin]\nlisten = \"127.0.0.1:{}\"\n\n\
         [web]\nlisten = \"127.0.0.1:{web}\"\nurl = \"http://127.0.0.1:{web}\"\n\n\
         [[issuer]]\nname = \"demo\"\nissuer = \"{}\"\naudiences = [\"{AUDIENCE}\"]\nalgorithms = [\"RS256\", \"ES256\"]\n\
         groups_claim = \"groups\"\n\n\
         [[cluster]]\nname = {cluster:?}\nprotocol = \"kafka\"\n\n\
         [[listener]]\nname = \"main\"\ncluster = {cluster:?}\nbind = \"127.0.0.1:{}\"\nadvertised_host = \"127.0.0.1\"\n\
         broker_ports = \"{}-{}\"\n{tls}{}",
        options.evidence_dir.as_deref().map_or_else(|| at("evidence"), text),
        at("keyring"),
        at("wrapping.key"),
        options.evidence,
        at("policy"),
        at("state"),
        at("run/control.sock"),
        text(&socket),
        ports.port(ADMIN),
        issuer.url(),
        ports.port(BOOTSTRAP),
        ports.port(BROKERS),
        ports.port(BLOCK - 1),
        options.more,
        web = ports.port(WEB),
        source = if options.applied { "state" } else { "folder" },
        me = rustix::process::geteuid().as_raw(),
    )
}

/// The text of `agent.toml`.
pub(super) fn agent(folder: &Path, upstream: &Upstream, options: &Options) -> String {
    let gateway_user =
        if options.users == Users::Apart { format!("gateway_user = \"{GATEWAY_UID}\"\n") } else { String::new() };
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
        "[agent]\nname = \"agent-1\"\ngateway = {}\n{gateway_user}\n\
         [[cluster]]\nname = \"main\"\nmode = \"{}\"\nbootstrap = [{}]\ndial = [{}]\n{tls}\n\
         [cluster.login]\nmechanism = {:?}\n{secret}{loopback}",
        text(&folder.join("run/agent.sock")),
        if options.mode == Mode::Relay { "relay" } else { "socket" },
        list(&upstream.bootstrap),
        list(&upstream.dial),
        upstream.mechanism,
    )
}

/// A path as a TOML string.
fn text(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
