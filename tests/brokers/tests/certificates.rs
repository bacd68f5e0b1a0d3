//! Clients that come with a certificate: who they are then, which certificates do not count, and how their sessions end, at a gate
//! before a real broker.
#![cfg(test)]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tidegate_brokers::clients::{self, Action, Family, Tls};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::ports::Ports;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{self, Raw, TlsStream, key};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::tls::rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, SanType, SerialNumber, date_time_ymd,
};
use tidegate_brokers::tls::{Authority, Identity};
use tidegate_brokers::{Gate, Issuer, Kafka, kafka};

const RULES: &str = r#"
@id("secure")
forbid (principal, action, resource) unless { context.tls };
@id("orders")
permit (principal == Workload::"mesh:spiffe://example.org/orders", action, resource);
@id("loader")
permit (principal == Workload::"mesh:loader", action, resource) when { resource is Cluster || resource is Topic };
@id("ann")
permit (principal == User::"mesh:ann",
  action in [Action::"describe", Action::"consume", Action::"describeGroup", Action::"joinGroup"], resource);
@id("people")
permit (principal in Group::"demo:all", action, resource);
"#;
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any of these tests waits: an answer that comes is not for want of waiting.
const LONG_POLL_MS: i32 = 25_000;

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
    authority: Authority,
    tls: Ports,
    scratch: Scratch,
}

static STAGE: LazyLock<Stage> = LazyLock::new(Stage::new);

impl Stage {
    /// A gate with a listener that takes certificates and one that wants them.
    fn new() -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        kafka.create_topic("orders", 1).unwrap();
        let issuer = Issuer::start().unwrap();
        let scratch = Scratch::new("certificates").unwrap();
        let authority = Authority::new(scratch.path()).unwrap();
        let own = authority.identity("gate", &["127.0.0.1"]).unwrap();
        let revoked = scratch.path().join("revoked.pem");
        fs::write(&revoked, authority.revocation_list(&[66]).unwrap()).unwrap();
        let tls = Ports::take().unwrap();
        let mut options = Options::new(Upstream::of(&kafka), RULES, "");
        options.more = format!(
            "\n[[client_certificates]]\nname = \"mesh\"\nca_file = {:?}\ncrl_file = {revoked:?}\n\
             trust_domain = \"example.org\"\n\
             rules = [{{ when = {{ OU = \"people\" }}, kind = \"user\" }}, {{ when = {{ O = \"Example\" }} }}]\n",
            authority.file()
        );
        for (name, port, required) in [("tls", 0, false), ("strict", 10, true)] {
            options.more.push_str(&format!(
                "\n[[listener]]\nname = {name:?}\ncluster = \"main\"\nbind = \"127.0.0.1:{}\"\n\
                 advertised_host = \"127.0.0.1\"\nbroker_ports = \"{}-{}\"\ntls = {{ certificate = {:?}, key = {:?} }}\n\
                 client_certificates = {{ from = \"mesh\", required = {required} }}\n",
                tls.port(port),
                tls.port(port + 1),
                tls.port(port + 9),
                own.certificate,
                own.key,
            ));
        }
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { kafka, issuer, gate, authority, tls, scratch }
    }

    fn open(&self) -> String {
        format!("127.0.0.1:{}", self.tls.port(0))
    }

    fn strict(&self) -> String {
        format!("127.0.0.1:{}", self.tls.port(10))
    }

    /// The workload `spiffe://example.org/orders`, as many certificates as wanted.
    fn orders(&self, name: &str, serial: u64) -> Identity {
        let uri = SanType::URI("spiffe://example.org/orders".try_into().unwrap());
        let change = |params: &mut CertificateParams| {
            params.subject_alt_names = vec![uri];
            params.serial_number = Some(SerialNumber::from(serial));
        };
        self.authority.client(name, change).unwrap()
    }

    /// A subject of the organization and this unit.
    fn named(&self, file: &str, unit: &str, name: &str) -> Identity {
        self.authority.client(file, subject(unit, name)).unwrap()
    }

    fn connect(&self, address: &str, identity: Option<&Identity>) -> anyhow::Result<Raw<TlsStream>> {
        Raw::over_tls(address, &self.authority.file(), identity)
    }

    /// A connection that is asked for the end of the topic, and whether it answers.
    fn is_let_in(&self, address: &str, identity: Option<&Identity>) -> bool {
        let Ok(mut raw) = self.connect(address, identity) else { return false };
        raw.ask(key::LIST_OFFSETS, 1, &raw::list_offsets("orders")).is_ok()
    }

    /// A connection with this certificate that waits for the next record, at a broker that has the request.
    fn waiting(&self, identity: &Identity) -> Raw<TlsStream> {
        let mut raw = self.connect(&self.open(), Some(identity)).unwrap();
        raw.ask(key::LIST_OFFSETS, 1, &raw::list_offsets("orders")).unwrap();
        let end = i64::try_from(self.kafka.end_offsets("orders").unwrap()).unwrap();
        raw.send(key::FETCH, 4, &raw::fetch("orders", end, LONG_POLL_MS, 1 << 20)).unwrap();
        raw
    }

    /// Writes a record as somebody who is not concerned.
    fn write(&self, value: &str) {
        let mut raw = self.connect(&self.open(), None).unwrap();
        let answer = raw.login_plain(&self.issuer.token("writer", &["all"]).unwrap()).unwrap();
        assert_eq!(answer.error, 0, "{answer:?}");
        let before = self.kafka.end_offsets("orders").unwrap();
        raw.ask(key::PRODUCE, 3, &raw::produce("orders", value.as_bytes())).unwrap();
        assert_eq!(self.kafka.end_offsets("orders").unwrap(), before + 1);
    }

    fn command(&self, args: &[&str]) -> String {
        self.gate.administer(args).unwrap()
    }

    fn leaves(&self, kind: &str) -> Vec<Value> {
        self.gate.leaves(&["--kind", kind]).unwrap()
    }

    fn sees_leaf(&self, kind: &str, is_it: impl Fn(&Value) -> bool) {
        let found = until(kind, PATIENCE, || Ok(self.leaves(kind).iter().any(&is_it)));
        assert!(found.is_ok(), "{:#?}", self.leaves(kind));
    }
}

fn subject(unit: &str, name: &str) -> impl FnOnce(&mut CertificateParams) {
    move |params| {
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
        params.distinguished_name.push(DnType::CommonName, name);
    }
}

fn fact<'a>(leaf: &'a Value, name: &str) -> Option<&'a str> {
    leaf["facts"].as_array()?.iter().find(|fact| fact["name"] == name)?["value"].as_str()
}

#[test]
fn conformance_clients_of_three_families_need_nothing_but_their_certificate() {
    let stage = &*STAGE;
    stage.kafka.create_topic("shared", 1).unwrap();
    let (orders, loader, ann) = (
        stage.orders("java", 1),
        stage.named("kafka-python", "machines", "loader"),
        stage.named("librdkafka", "people", "ann"),
    );
    let login = Login::none().over_tls(&stage.authority.file()).showing(&orders);
    let producer = java::console_producer(Version::V4_3);
    let lines: String = (0..10).map(|number| format!("order {number}\n")).collect();
    let tool = Tool::new(stage.kafka.jars(), producer, &stage.strict(), &login, &["--topic", "shared"]);
    tool.stdin(&lines).run().unwrap().ok().unwrap();
    let authority = stage.authority.file();
    let run = |family, action, count, identity| {
        let tls = Tls { authority: &authority, identity: Some(identity) };
        let said =
            clients::run_over(Some(tls), family, action, &stage.strict(), ("shared", count), clients::Login::None);
        said.unwrap()
    };
    assert_eq!(run(Family::KafkaPython, Action::Produce, 10, &loader).unwrap(), 10);
    assert_eq!(stage.kafka.end_offsets("shared").unwrap(), 20);
    assert_eq!(run(Family::Librdkafka, Action::Consume, 20, &ann).unwrap(), 20);
    let refused = run(Family::Librdkafka, Action::Produce, 1, &ann).unwrap_err();
    assert!(refused.to_lowercase().contains("authoriz"), "{refused}");
    for (who, kind) in [("spiffe://example.org/orders", "workload"), ("loader", "workload"), ("ann", "user")] {
        stage.sees_leaf("session_open", |leaf| {
            leaf["who"]["issuer"] == "mesh"
                && leaf["who"]["subject"] == who
                && fact(leaf, "caller_kind") == Some(kind)
                && fact(leaf, "credential") == Some("certificate")
                && fact(leaf, "tls") == Some("yes")
                && fact(leaf, "client_certificate").is_some_and(|print| print.len() == 64)
        });
    }
}

#[test]
fn certificates_that_do_not_count_are_refused_and_recorded() {
    let stage = &*STAGE;
    let good = stage.orders("good", 2);
    assert!(stage.is_let_in(&stage.strict(), Some(&good)) && stage.is_let_in(&stage.open(), Some(&good)));
    let other = Authority::new(&stage.scratch.path().join("other")).unwrap();
    let foreign = other.client("foreign", subject("machines", "loader")).unwrap();
    let client = |name: &str, change: &dyn Fn(&mut CertificateParams)| {
        let loader = subject("machines", "loader");
        stage.authority.client(name, |params| {
            loader(params);
            change(params);
        })
    };
    let expired = client("expired", &|params| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    });
    let early = client("early", &|params| params.not_before = date_time_ymd(2090, 1, 1));
    let an_authority = client("authority", &|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let another_domain = client("domain", &|params| {
        params.subject_alt_names = vec![SanType::URI("spiffe://elsewhere.org/orders".try_into().unwrap())];
    });
    let unmapped = stage.authority.client("unmapped", |params| params.distinguished_name.push(DnType::CommonName, "x"));
    let cases = [
        ("another authority's", Some(foreign), "certificate"),
        ("expired", Some(expired.unwrap()), "certificate"),
        ("not yet valid", Some(early.unwrap()), "certificate"),
        ("revoked", Some(stage.orders("taken-back", 66)), "certificate"),
        ("an authority's own", Some(an_authority.unwrap()), "certificate"),
        ("another trust domain's", Some(another_domain.unwrap()), "certificate_spiffe"),
        ("of nobody", Some(unmapped.unwrap()), "certificate_unmapped"),
        ("none", None, "certificate"),
    ];
    let mut wrong = Vec::new();
    for (case, identity, reason) in &cases {
        let count = || {
            let leaves = stage.leaves("login_failed");
            let of = leaves.iter().filter(|leaf| leaf["reason"] == *reason);
            of.map(|leaf| leaf["counts"][0]["count"].as_str().map_or(1, |count| count.parse().unwrap())).sum::<u64>()
        };
        let before = count();
        if stage.is_let_in(&stage.strict(), identity.as_ref()) {
            wrong.push(format!("{case}: let in"));
        }
        if until("the leaf", PATIENCE, || Ok(count() > before)).is_err() {
            wrong.push(format!("{case}: no leaf with {reason}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A Java client says that it is the certificate.
    let login = Login::none().over_tls(&stage.authority.file()).showing(cases[0].1.as_ref().unwrap());
    let login = login.with("default.api.timeout.ms", "10000").with("request.timeout.ms", "5000");
    let said = Tool::new(stage.kafka.jars(), java::API_VERSIONS, &stage.strict(), &login, &[]).run().unwrap();
    assert!(!said.success && said.text().contains("SslAuthenticationException"), "{}", said.text());
}

#[test]
fn a_login_over_mutual_tls_says_who_it_is_and_the_certificate_is_recorded() {
    let stage = &*STAGE;
    let token = stage.issuer.token("alice", &["all"]).unwrap();
    // Whose certificate it is does not matter to who has a token, only that it counts.
    let unmapped = |params: &mut CertificateParams| params.distinguished_name.push(DnType::CommonName, "y");
    let unmapped = stage.authority.client("shown", unmapped).unwrap();
    for (identity, serial) in [(&unmapped, "unmapped"), (&stage.orders("with-token", 3), "mapped")] {
        let mut raw = stage.connect(&stage.strict(), Some(identity)).unwrap();
        let answer = raw.login_plain(&token).unwrap();
        assert_eq!(answer.error, 0, "{serial}: {answer:?}");
        raw.ask(key::LIST_OFFSETS, 1, &raw::list_offsets("orders")).unwrap();
    }
    let both = |leaf: &&Value| {
        leaf["who"]["subject"] == "alice"
            && fact(leaf, "credential") == Some("plain_token")
            && fact(leaf, "client_certificate").is_some()
    };
    assert_eq!(stage.leaves("session_open").iter().filter(both).count(), 2, "{:#?}", stage.leaves("session_open"));
    // No certificate, no login; a wrong token is not mended by a certificate.
    assert!(!stage.connect(&stage.strict(), None).is_ok_and(|mut raw| raw.login_plain(&token).is_ok()));
    let mut raw = stage.connect(&stage.strict(), Some(&unmapped)).unwrap();
    assert_eq!(raw.login_plain("hello").unwrap().error, 58);
    // The policy sees whether there is TLS.
    let plain = Raw::logged_in(&stage.gate.bootstrap(), &token).unwrap();
    let mut plain = plain;
    let answer = plain.ask(key::LIST_OFFSETS, 1, &raw::list_offsets("orders")).unwrap();
    assert!(answer.windows(2).any(|code| code == [0, 29]), "not refused without TLS: {answer:?}");
}

#[test]
fn a_revoked_or_blocked_holder_is_cut_at_once_and_stays_out() {
    let stage = Stage::new();
    let (first, second) = (stage.orders("first", 4), stage.named("ann", "people", "ann"));
    let (revoked, blocked) = (stage.waiting(&first), stage.waiting(&second));
    stage.command(&["revoke", "--subject", "mesh:spiffe://example.org/orders", "--reason", "stolen"]);
    assert_eq!(revoked.closed().unwrap(), 0);
    stage.command(&["policy", "block", "--subject", "mesh:ann", "--reason", "incident 7"]);
    stage.write("secret");
    assert_eq!(blocked.closed().unwrap(), 0);
    for (identity, reason) in [(&first, "revoked"), (&second, "blocked")] {
        assert!(!stage.is_let_in(&stage.open(), Some(identity)), "{reason}");
        stage.sees_leaf("session_close", |leaf| leaf["reason"] == reason);
        stage.sees_leaf("login_failed", |leaf| leaf["reason"] == reason);
    }
}

#[test]
fn a_certificate_that_is_revoked_or_maps_to_nobody_after_a_reload_is_cut_and_no_other() {
    let mut stage = Stage::new();
    let (revoked, unmapped, stays) =
        (stage.orders("one", 5), stage.named("loader", "machines", "loader"), stage.orders("two", 6));
    let waiting = [&revoked, &unmapped, &stays].map(|identity| stage.waiting(identity));
    let mut over_token = stage.connect(&stage.strict(), Some(&revoked)).unwrap();
    let answer = over_token.login_plain(&stage.issuer.token("alice", &["all"]).unwrap()).unwrap();
    assert_eq!(answer.error, 0);
    let config = stage.gate.config();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("O = \"Example\"", "O = \"Other\"")).unwrap();
    fs::write(list(&stage), stage.authority.revocation_list(&[66, 5]).unwrap()).unwrap();
    stage.gate.reload().unwrap();
    let [cut, cut_too, mut kept] = waiting;
    assert_eq!((cut.closed().unwrap(), cut_too.closed().unwrap(), over_token.closed().unwrap()), (0, 0, 0));
    stage.write("for those who stay");
    assert!(kept.receive().unwrap().windows(18).any(|bytes| bytes == b"for those who stay"));
    assert!(!stage.is_let_in(&stage.open(), Some(&revoked)) && !stage.is_let_in(&stage.open(), Some(&unmapped)));
    stage.sees_leaf("session_close", |leaf| leaf["reason"] == "certificate_ended");
    // A list that cannot be read changes nothing.
    fs::write(list(&stage), "no list").unwrap();
    stage.gate.reload().unwrap();
    stage.gate.gateway.wait_for_line("holds no revocation list", PATIENCE).unwrap();
    assert!(!stage.is_let_in(&stage.open(), Some(&revoked)) && stage.is_let_in(&stage.open(), Some(&stays)));
}

fn list(stage: &Stage) -> PathBuf {
    stage.scratch.path().join("revoked.pem")
}

#[test]
fn a_session_ends_with_its_certificate_though_a_request_is_still_waiting() {
    let stage = &*STAGE;
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let ends = Duration::from_secs(now().as_secs() + 8);
    let short = |params: &mut CertificateParams| {
        subject("machines", "loader")(params);
        params.not_after = date_time_ymd(1970, 1, 1) + ends;
    };
    let short = stage.authority.client("short", short).unwrap();
    let waiting = stage.waiting(&short);
    // notAfter is its last second.
    until("the end of the certificate", PATIENCE, || Ok(now() > ends + Duration::from_secs(1))).unwrap();
    stage.write("too late for you");
    assert_eq!(waiting.closed().unwrap(), 0);
    assert!(!stage.is_let_in(&stage.open(), Some(&short)));
}

#[test]
fn what_is_wrong_with_the_settings_is_said_before_a_start() {
    let stage = &*STAGE;
    let text = fs::read_to_string(stage.gate.config()).unwrap();
    let check = |change: &dyn Fn(&str) -> String| {
        let file = stage.gate.folder().join("changed.toml");
        fs::write(&file, change(&text)).unwrap();
        stage.gate.command(&["config", "check", file.to_str().unwrap()]).unwrap()
    };
    let (good, _, errors) = check(&str::to_owned);
    assert!(good, "{errors}");
    let authority = format!("{:?}", stage.authority.file());
    for (from, to, part) in [
        ("from = \"mesh\"", "from = \"other\"", "no [[client_certificates]] is named \"other\""),
        ("name = \"mesh\"", "name = \"demo\"", "\"demo\" is the name of two"),
        ("name = \"mesh\"", "name = \"local\"", "\"local\" is the name of two"),
        ("trust_domain = \"example.org\"", "trust_domain = \"spiffe://x\"", "trust_domain"),
        (authority.as_str(), "\"missing.pem\"", "cannot read the certificate"),
        ("crl_file = ", "crl_fil = ", "crl_fil"),
        ("revoked.pem", "ca.pem", "holds no revocation list"),
    ] {
        let (good, out, errors) = check(&|text| text.replacen(from, to, 1));
        assert!(!good && errors.contains(part), "{to}: {out}{errors}");
    }
}
