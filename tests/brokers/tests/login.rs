//! People log in with `tidegate login` at real identity providers, and real Kafka clients go on by themselves with what
//! `tidegate kafka-config` wrote for them. Where no JDK of 21 or newer is found, what needs Keycloak says "not run" and passes.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_brokers::desk::{Settings, java_login};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::{Jars, Version};
use tidegate_brokers::java::{self, Tool};
use tidegate_brokers::process::until;
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::tls::Authority;
use tidegate_brokers::{
    Browser, Desk, Gate, Issuer, Kafka, Keycloak, OidcProvider, Samlp, clients, kafka, keycloak, oidc_provider, openid,
    samlp,
};

const RULES: &str = r#"
@id("write")
permit (principal in Group::"op:orders", action in [Action::"describe", Action::"produce", Action::"idempotentWrite"], resource);
@id("read")
permit (principal in Group::"op:orders",
  action in [Action::"describe", Action::"consume", Action::"describeGroup", Action::"joinGroup"], resource);
@id("auditors")
permit (principal in Group::"op:orders", action == Action::"audit", resource is Gateway);
"#;
/// A session of this length has to be renewed several times while a client of [`SPAN_S`] runs.
const SESSION_S: u32 = 12;
const SPAN_S: u32 = 30;
const RECORDS: u32 = 30;
const PATIENCE: Duration = Duration::from_secs(120);

static PROVIDER: LazyLock<OidcProvider> = LazyLock::new(|| OidcProvider::start().unwrap());
static KAFKA: LazyLock<Kafka> = LazyLock::new(|| Kafka::start(kafka::Options::new(Version::V4_3)).unwrap());

/// A gate in front of [`KAFKA`] where the people of [`PROVIDER`] log in.
fn gate(more: &str) -> Gate {
    let mut options = Options::new(Upstream::of(&KAFKA), RULES, "");
    options.more = PROVIDER.issuer_config_with_login("op") + more;
    Gate::start(&options, &Issuer::start().unwrap()).unwrap()
}

/// A gate without a cluster, for logins alone.
fn gate_alone(more: &str) -> Gate {
    let options = Options { more: more.to_owned(), ..Options::new(Upstream::nowhere(), RULES, "") };
    Gate::start_for_logins(&options, &Issuer::start().unwrap()).unwrap()
}

fn desk(gate: &Gate) -> Desk {
    Desk::new(&gate.programs.gateway, &gate.web()).unwrap()
}

/// A command as the administrator at the gate's own machine.
fn command(gate: &Gate, args: &[&str]) {
    gate.administer(args).unwrap();
}

#[test]
fn clients_of_every_family_go_on_by_themselves_with_what_was_written_for_them() {
    let gate = gate(&format!("\n[limits]\nsession_user_s = {SESSION_S}\n"));
    let desk = desk(&gate);
    let login = desk.log_in(&mut Browser::new().unwrap(), oidc_provider::ALICE, &[]).unwrap();
    assert_eq!((&login["name"], &login["groups"]), (&json!("op:alice"), &json!(["op:analysts", "op:orders"])));
    let me = desk.run(&["whoami"]).unwrap();
    assert!(me.code == 0 && me.out.contains("op:alice (user, http_bearer)"), "{me:?}");
    assert_eq!(desk.run(&["policy", "versions"]).unwrap().code, 0, "the policy lets her audit");
    let logins = desk.run(&["logins"]).unwrap();
    assert!(logins.code == 0 && logins.out.contains("op:alice") && logins.out.contains("op:orders"), "{logins:?}");
    let refused = desk.run(&["policy", "rollback", "1"]).unwrap();
    assert!(refused.code == 77 && refused.err.contains("administer"), "{refused:?}");

    let bootstrap = gate.bootstrap();
    let file = |client: &str, name: &str| desk.settings(client, name, &bootstrap, &["--plaintext"]).unwrap();
    let families = [
        Settings::Librdkafka(file("librdkafka", "client.properties")),
        Settings::Confluent(file("confluent-python", "tidegate_kafka.py")),
        Settings::KafkaPython(file("kafka-python", "tidegate_kafka.py")),
        Settings::Kafkajs(file("kafkajs", "tidegate_kafka.js")),
    ];
    let topic = |client: &str| format!("orders-{client}");
    let writing: Vec<_> = families
        .iter()
        .map(|family| {
            KAFKA.create_topic(&topic(family.client()), 1).unwrap();
            let client = desk.client(family, "produce", &topic(family.client()), (RECORDS, SPAN_S)).unwrap();
            (family.client(), client)
        })
        .collect();
    for (name, client) in writing {
        assert_eq!(client.finish(PATIENCE).unwrap(), Ok(u64::from(RECORDS)), "{name} writes");
        assert_eq!(KAFKA.end_offsets(&topic(name)).unwrap(), u64::from(RECORDS), "{name}");
    }
    for family in &families {
        let client = desk.client(family, "consume", &topic(family.client()), (RECORDS, 0)).unwrap();
        assert_eq!(client.finish(PATIENCE).unwrap(), Ok(u64::from(RECORDS)), "{} reads", family.client());
    }
    javas(&desk, &bootstrap);
    kcats(&desk, &bootstrap);
}

/// Kafka's own tools of two versions with one file, across several sessions.
fn javas(desk: &Desk, bootstrap: &str) {
    let file = desk.settings("java", "client.properties", bootstrap, &["--plaintext"]).unwrap();
    let login = java_login(&file).unwrap();
    let old = Jars::get(Version::V3_9).unwrap();
    let records = RECORDS.to_string();
    for (jars, topic) in [(KAFKA.jars(), "orders-java-4"), (&old, "orders-java-3")] {
        KAFKA.create_topic(topic, 1).unwrap();
        let write = ["--topic", topic, "--num-records", &records, "--record-size", "20", "--throughput", "1"];
        let tool = Tool::new(jars, java::PRODUCER_PERFORMANCE, bootstrap, &login, &write);
        tool.within(PATIENCE).run().unwrap().ok().unwrap();
        assert_eq!(KAFKA.end_offsets(topic).unwrap(), u64::from(RECORDS), "{topic}");
        let read = ["--topic", topic, "--from-beginning", "--max-messages", &records, "--timeout-ms", "60000"];
        let read = Tool::new(jars, java::CONSOLE_CONSUMER, bootstrap, &login, &read).run().unwrap().ok().unwrap();
        assert_eq!(read.stdout.lines().count(), usize::try_from(RECORDS).unwrap(), "{topic}");
    }
}

/// Debian's kcat, run as the comment in its file says.
fn kcats(desk: &Desk, bootstrap: &str) {
    let file = desk.settings("kcat", "kcat.properties", bootstrap, &["--plaintext"]).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let said = text.lines().find_map(|line| line.strip_prefix("#   ")).unwrap();
    let kcat = clients::kcat().unwrap();
    let read = "-C -t orders-java-4 -o beginning -e -q";
    let line = said.replace("FILE", &file.display().to_string()).replace(" -L", &format!(" {read}"));
    let line = line.replacen("kcat", &kcat.display().to_string(), 1);
    let output = desk.command(&PathBuf::from("bash")).unwrap().args(["-c", &line]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!(lines, usize::try_from(RECORDS).unwrap(), "{line}: {errors}");
}

#[test]
fn logging_out_cuts_live_clients_and_a_revocation_ends_tokens() {
    let gate = gate("");
    let desk = desk(&gate);
    let bootstrap = gate.bootstrap();
    let mut browser = Browser::new().unwrap();
    desk.log_in(&mut browser, oidc_provider::ALICE, &[]).unwrap();
    KAFKA.create_topic("orders-live", 1).unwrap();
    let written = desk.settings("librdkafka", "client.properties", &bootstrap, &["--plaintext"]).unwrap();
    let module = desk.settings("kafka-python", "tidegate_kafka.py", &bootstrap, &["--plaintext"]).unwrap();
    let families = [Settings::Librdkafka(written), Settings::KafkaPython(module)];
    let first = desk.client(&families[0], "produce", "orders-live", (3, 0)).unwrap();
    assert_eq!(first.finish(PATIENCE).unwrap(), Ok(3));
    let mut live = families.clone().map(|family| desk.client(&family, "consume", "orders-live", (1000, 600)).unwrap());
    for client in &mut live {
        client.process.wait_for_line("seen 3", PATIENCE).unwrap();
    }
    let java = java_login(&desk.settings("java", "client.properties", &bootstrap, &["--plaintext"]).unwrap()).unwrap();
    let read = ["--topic", "orders-live", "--from-beginning"];
    let tool = Tool::new(KAFKA.jars(), java::CONSOLE_CONSUMER, &bootstrap, &java, &read).start().unwrap();
    until("Java's records", PATIENCE, || Ok(tool.stdout().lines().count() == 3)).unwrap();

    let said = desk.run(&["logout"]).unwrap();
    assert!(said.code == 0 && said.out.contains("op:alice is logged out"), "{said:?}");
    for (client, family) in live.into_iter().zip(&families) {
        let ended = client.finish(PATIENCE).unwrap().unwrap_err();
        let named =
            ended.to_lowercase().contains("authentication") || ended.contains("returned non-zero exit status 77");
        assert!(named, "{}: {ended}", family.client());
    }
    let ended = tool.finish(PATIENCE).unwrap();
    assert!(ended.text().contains("SaslAuthenticationException: the credential was revoked"), "{}", ended.text());
    // What was written is dead with the login.
    let dead = desk.client(&families[0], "produce", "orders-live", (1, 0)).unwrap().finish(PATIENCE).unwrap();
    assert!(dead.unwrap_err().contains("AUTHENTICATION"));
    assert_eq!(desk.run(&["token"]).unwrap().code, 77);

    desk.log_in(&mut browser, oidc_provider::ALICE, &[]).unwrap();
    let kept = desk.path("token").display().to_string();
    let mut keeping = desk.start("keeping", &["token", "--keep", "--file", &kept]).unwrap();
    keeping.wait_for_line("keeping a token", PATIENCE).unwrap();
    assert_eq!(std::fs::read_to_string(&kept).unwrap().split('.').count(), 3);
    assert_eq!(desk.run(&["token"]).unwrap().code, 0);
    command(&gate, &["revoke", "--subject", "op:alice", "--reason", "left"]);
    let said = desk.run(&["token"]).unwrap();
    assert!(said.code == 77 && said.out.is_empty() && said.err.contains("tidegate login"), "{said:?}");
    assert_eq!(desk.run(&["whoami"]).unwrap().code, 77);
    // Whoever logs in anew gets in again, also when the gate has new keys.
    command(&gate, &["reinstate", "--subject", "op:alice"]);
    desk.log_in(&mut browser, oidc_provider::ALICE, &[]).unwrap();
    command(&gate, &["gate-keys", "rotate", "--end-all"]);
    assert_eq!(desk.run(&["whoami"]).unwrap().code, 0);
}

/// A gate at an https address and with TLS for Kafka, both with certificates of this authority.
fn gate_over_tls(authority: &Authority) -> (Gate, String) {
    let identity = authority.identity("gate", &["127.0.0.1"]).unwrap();
    let mut options = Options::new(Upstream::of(&KAFKA), RULES, "");
    options.tls = Some(identity.clone());
    let client = openid::Client { id: "tidegate-over-tls", secret: None };
    options.more = PROVIDER.issuer_config("op") + &client.login_config(&["openid", "groups"]);
    let mut gate = Gate::start(&options, &Issuer::start().unwrap()).unwrap();
    let (plain, url) = (gate.web(), gate.web().replace("http://", "https://"));
    let redirect = format!("{url}/login/callback");
    let metadata = json!({
        "client_id": client.id, "application_type": "web", "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"], "response_types": ["code"], "redirect_uris": [redirect],
    });
    PROVIDER.add_client(&metadata).unwrap();
    let files = [&identity.certificate, &identity.key].map(|file| file.display().to_string());
    let tls = format!("url = {url:?}\ntls = {{ certificate = {:?}, key = {:?} }}", files[0], files[1]);
    let config = std::fs::read_to_string(gate.config()).unwrap();
    std::fs::write(gate.config(), config.replace(&format!("url = {plain:?}"), &tls)).unwrap();
    gate.restart_gateway().unwrap();
    (gate, url)
}

#[test]
fn certificates_of_an_authority_of_ones_own_are_all_that_tls_needs() {
    let scratch = Scratch::new("authority").unwrap();
    let authority = Authority::new(scratch.path()).unwrap();
    let (gate, url) = gate_over_tls(&authority);
    let stranger = Desk::new(&gate.programs.gateway, &url).unwrap();
    let refused = stranger.run(&["login"]).unwrap();
    assert!(refused.code == 69 && refused.err.contains("--ca-file"), "{refused:?}");
    let desk = Desk::new(&gate.programs.gateway, &url).unwrap().trusting(&authority.file());
    let mut browser = Browser::trusting(&authority.file()).unwrap();
    desk.log_in(&mut browser, oidc_provider::ALICE, &[]).unwrap();
    let me = desk.run(&["whoami"]).unwrap();
    assert!(me.code == 0 && me.out.contains("op:alice"), "the login keeps what it trusts: {me:?}");
    KAFKA.create_topic("orders-tls", 1).unwrap();
    let bootstrap = gate.bootstrap();
    let file = |client: &str, name: &str| desk.settings(client, name, &bootstrap, &[]).unwrap();
    let families = [
        Settings::Librdkafka(file("librdkafka", "client.properties")),
        Settings::Confluent(file("confluent-python", "tidegate_kafka.py")),
        Settings::KafkaPython(file("kafka-python", "tidegate_kafka.py")),
        Settings::Kafkajs(file("kafkajs", "tidegate_kafka.js")),
    ];
    for family in &families {
        let client = desk.client(family, "produce", "orders-tls", (5, 0)).unwrap();
        assert_eq!(client.finish(PATIENCE).unwrap(), Ok(5), "{}", family.client());
    }
    let java = java_login(&file("java", "client.properties")).unwrap();
    let old = Jars::get(Version::V3_9).unwrap();
    for jars in [KAFKA.jars(), &old] {
        let read = ["--topic", "orders-tls", "--from-beginning", "--max-messages", "20", "--timeout-ms", "60000"];
        let read = Tool::new(jars, java::CONSOLE_CONSUMER, &bootstrap, &java, &read).run().unwrap().ok().unwrap();
        assert_eq!(read.stdout.lines().count(), 20);
    }
}

/// The groups of a login.
fn groups(login: &Value) -> Vec<&str> {
    login["groups"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn people_log_in_by_every_way_at_two_providers() {
    let gate = gate_alone(&PROVIDER.issuer_config_with_login("op"));
    let desk = desk(&gate);
    let bob = oidc_provider::BOB;
    let by_hand = desk.log_in_by_hand(&mut Browser::new().unwrap(), bob, &[]).unwrap();
    assert_eq!((&by_hand["name"], groups(&by_hand)), (&json!("op:bob"), vec!["op:analysts"]));
    let by_device = desk.log_in_by_device(&mut Browser::new().unwrap(), oidc_provider::ALICE, &[]).unwrap();
    assert_eq!(by_device["name"], "op:alice");
    let versions = desk.run(&["policy", "versions"]).unwrap();
    assert_eq!(versions.code, 0, "alice may audit: {versions:?}");
    drop(gate);

    let Some(keycloak) = Keycloak::start().unwrap() else { return };
    let gate = gate_alone(&keycloak.issuer_config_with_login("kc"));
    let desk = Desk::new(&gate.programs.gateway, &gate.web()).unwrap();
    let is_alice = |login: &Value| {
        assert_eq!(groups(login), ["kc:/analysts", "kc:/teams/orders"]);
        assert!(desk.run(&["whoami"]).unwrap().out.contains("groups: kc:/analysts, kc:/teams/orders"));
    };
    is_alice(&desk.log_in(&mut Browser::new().unwrap(), keycloak::ALICE, &[]).unwrap());
    assert_eq!(desk.run(&["logout"]).unwrap().code, 0);
    is_alice(&desk.log_in_by_device(&mut Browser::new().unwrap(), keycloak::ALICE, &[]).unwrap());
}

#[test]
fn a_person_logs_in_by_saml() {
    let mut gate = gate_alone("");
    let consumer = format!("{}/saml/corp/acs", gate.web());
    let provider = Samlp::start(&consumer).unwrap();
    std::fs::write(gate.folder().join("idp.xml"), provider.metadata().unwrap()).unwrap();
    let saml = format!(
        "\n[[saml]]\nname = \"corp\"\nentity_id = \"urn:gate\"\nacs_url = {consumer:?}\nidp = {{ metadata = \"idp.xml\" }}\n"
    );
    let config = gate.config();
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + &saml).unwrap();
    gate.reload().unwrap();
    let known = || Ok(Browser::new()?.get(&format!("{}/v1/login/providers", gate.web()))?.body.contains("corp"));
    until("the new provider", PATIENCE, known).unwrap();
    let desk = desk(&gate);
    let nobody = tidegate_brokers::browser::Person { name: samlp::PERSON, password: "" };
    let login = desk.log_in(&mut Browser::new().unwrap(), nobody, &["--provider", "corp"]).unwrap();
    assert_eq!(login["name"], format!("corp:{}", samlp::PERSON));
    assert_eq!(groups(&login), ["corp:analysts", "corp:orders"]);
    let token = desk.run(&["token", "--output", "json"]).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&token.out).unwrap()["groups_known"], true);
    let refused = desk.run(&["login", "--device"]).unwrap();
    assert!(refused.code == 1 && refused.err.contains("--no-browser"), "{refused:?}");
}
