//! Gateway and agent as two users: as root `tidegate serve` makes them so, and neither can read what is the other's.
#![cfg(test)]

use std::fs;
use std::process::Command;
use std::time::Duration;

use tidegate_brokers::gate::{Options, Upstream, Users, http_get};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::process::Process;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

const RULES: &str = "@id(\"everything\")\npermit (principal in Group::\"demo:all\", action, resource);\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs of a process group with the user that they run as.
fn users_of_group(group: u32) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        if rest.split(' ').nth(2) != Some(&group.to_string()) {
            continue;
        }
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let value =
            |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned();
        if let Some(user) = value("Uid:").split_whitespace().next().and_then(|id| id.parse().ok()) {
            found.push((value("Name:"), user));
        }
    }
    found.sort();
    found
}

#[test]
fn as_root_serve_starts_gateway_and_agent_each_as_its_own_user() {
    if Users::best() == Users::Same {
        note("skipped: only root can start programs as other users");
        return;
    }
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    kafka.create_topic("orders", 1).unwrap();
    let issuer = Issuer::start().unwrap();
    let mut options = Options::new(Upstream::of(&kafka), RULES, "");
    options.users = Users::Apart;
    let mut gate = Gate::start(&options, &issuer).unwrap();
    gate.stop().unwrap();

    // The same folder, now with `serve` itself in charge of both.
    let config = fs::read_to_string(gate.config()).unwrap();
    let config = config.replacen("[gateway]\n", "[gateway]\nuser = \"64101\"\n", 1).replacen(
        "[admin]",
        &format!("[agents.start]\nconfig = {:?}\n\n[admin]", gate.folder().join("agent.toml").display().to_string()),
        1,
    );
    fs::write(gate.config(), config).unwrap();
    let mut command = Command::new(&gate.programs.gateway);
    command.arg("serve").arg("--config").arg(gate.config());
    let mut serve = Process::start("tidegate", &mut command, &gate.folder().join("serve.log")).unwrap();
    let admin = gate.admin();
    let ready = |_: &mut Process| Ok(http_get(&admin, "/readyz").is_ok_and(|(status, _)| status == 200));
    serve.wait_for("/readyz", PATIENCE, ready).unwrap();

    let programs = users_of_group(serve.id());
    let expected = [("tidegate", 0), ("tidegate", 64_101), ("tidegate-agent", 64_102)];
    assert_eq!(programs, expected.map(|(name, user)| (name.to_owned(), user)));
    let token = gate.folder().join("jwt");
    fs::write(&token, issuer.token("alice", &["all"]).unwrap()).unwrap();
    let login = Login::token_file(&token);
    let producer = java::console_producer(Version::V4_3);
    let tool = Tool::new(kafka.jars(), producer, &gate.bootstrap(), &login, &["--topic", "orders"]);
    tool.stdin("x\n").run().unwrap().ok().unwrap();
    assert_eq!(kafka.end_offsets("orders").unwrap(), 1);
    assert!(!serve.log().contains("agent_isolation=none"), "{}", serve.log());

    let group = serve.id();
    assert!(serve.stop(PATIENCE).unwrap().success(), "{}", serve.log());
    assert_eq!(users_of_group(group), Vec::new(), "something of serve is left behind");
}
