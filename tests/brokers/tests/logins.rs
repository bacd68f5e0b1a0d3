//! Logins that must fail, in words that help, and bytes that are no Kafka at all, at a gate before a real broker.
#![cfg(test)]

use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::issuer::{Algorithm, LIFETIME};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{Body, LoginAnswer, Raw, key};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::tls::Authority;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = "@id(\"everything\")\npermit (principal, action, resource);\n";
const PATIENCE: Duration = Duration::from_secs(60);
const FAILED: i16 = 58;

struct Stage {
    gate: Gate,
    issuer: Issuer,
    kafka: Kafka,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| Stage::new(""));

impl Stage {
    fn new(limits: &str) -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let mut options = Options::new(Upstream::of(&kafka), RULES, "");
        options.more = limits.to_owned();
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { gate, issuer, kafka }
    }

    fn login(&self, token: &str) -> LoginAnswer {
        Raw::connect(&self.gate.bootstrap()).unwrap().login_plain(token).unwrap()
    }

    /// A token whose claims are changed.
    fn with(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.issuer.claims("alice", &["all"]).unwrap();
        change(&mut claims);
        self.issuer.sign(&claims).unwrap()
    }

    /// A token whose header is changed.
    fn headed(&self, change: impl FnOnce(&mut Value)) -> String {
        self.issuer.sign_with_header(&self.issuer.claims("alice", &["all"]).unwrap(), change).unwrap()
    }

    /// All leaves of these kinds, as JSON.
    fn leaves(&self, kind: &str) -> Vec<Value> {
        self.gate.leaves(&["--kind", kind]).unwrap()
    }

    fn metric(&self, name: &str) -> f64 {
        let text = self.gate.metrics().unwrap();
        let lines = text.lines().filter(|line| line.contains(name) && !line.starts_with('#'));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

/// Moves a time claim to so many seconds from the claim `iat`, which is now.
fn at(claims: &mut Value, name: &str, seconds: i64) {
    claims[name] = json!(claims["iat"].as_i64().unwrap() + seconds);
}

fn unsigned(token: &str) -> String {
    format!("{}.", token.rsplit_once('.').unwrap().0)
}

fn wrong_tokens(stage: &Stage) -> Vec<(&'static str, String, &'static str)> {
    let other = Issuer::start().unwrap();
    let mut claims = stage.issuer.claims("alice", &["all"]).unwrap();
    claims["nonce"] = json!("n");
    let id_token = stage.issuer.sign_with_header(&claims, |header| header["typ"] = json!("JWT")).unwrap();
    vec![
        ("another issuer", other.token("alice", &["all"]).unwrap(), "issuer"),
        ("another issuer's key", stage.issuer.forged("alice", &["all"]).unwrap(), "signature"),
        ("iss with a slash", stage.with(|c| c["iss"] = json!(format!("{}/", c["iss"].as_str().unwrap()))), "issuer"),
        ("alg none", unsigned(&stage.headed(|h| h["alg"] = json!("none"))), "algorithm"),
        ("alg HS256", stage.headed(|h| h["alg"] = json!("HS256")), "algorithm"),
        ("alg not the issuer's", stage.headed(|h| h["alg"] = json!("PS256")), "algorithm"),
        ("alg of another key type", stage.headed(|h| h["alg"] = json!("ES256")), "key"),
        ("unknown kid", stage.headed(|h| h["kid"] = json!("nobody")), "key"),
        ("crit", stage.headed(|h| h["crit"] = json!(["exp"])), "critical"),
        ("an ID token", id_token, "type"),
        ("a logout token", stage.headed(|h| h["typ"] = json!("logout+jwt")), "type"),
        ("wrong audience", stage.with(|c| c["aud"] = json!("others")), "audience"),
        ("no audience", stage.with(|c| drop(c.as_object_mut().unwrap().remove("aud"))), "audience"),
        ("two audiences", stage.with(|c| c["aud"] = json!(["tidegate", "others"])), "authorized-party"),
        ("expired", stage.with(|c| at(c, "exp", -60)), "expiry"),
        ("no expiry", stage.with(|c| drop(c.as_object_mut().unwrap().remove("exp"))), "expiry"),
        ("not yet valid", stage.with(|c| at(c, "nbf", 90)), "not-before"),
        ("issued tomorrow", stage.with(|c| at(c, "iat", 86_400)), "issued-at"),
        ("good for a year", stage.with(|c| at(c, "exp", 31_536_000)), "lifetime"),
        ("no subject", stage.with(|c| drop(c.as_object_mut().unwrap().remove("sub"))), "subject"),
        ("an empty subject", stage.with(|c| c["sub"] = json!("")), "subject"),
        ("groups that are none", stage.with(|c| c["groups"] = json!({ "all": 1 })), "groups"),
        ("too large", stage.with(|c| c["more"] = json!("x".repeat(13_000))), "size"),
        ("no token", "hello".to_owned(), "form"),
    ]
}

#[test]
fn every_wrong_token_is_refused_in_words_that_say_why() {
    let stage = &*STAGE;
    assert_eq!(stage.login(&stage.issuer.token("alice", &["all"]).unwrap()).error, 0);
    let mut wrong = Vec::new();
    for (case, token, check) in wrong_tokens(stage) {
        let answer = stage.login(&token);
        let secret = token.rsplit('.').next().filter(|part| part.len() > 20);
        let told =
            answer.message.contains("token was refused") && !secret.is_some_and(|part| answer.message.contains(part));
        let known = stage.leaves("login_failed").iter().any(|leaf| leaf["reason"] == json!(check));
        if answer.error != FAILED || !told || !known {
            wrong.push(format!("{case}: {answer:?}, in evidence as {check}: {known}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ten_thousand_groups_in_a_token_are_refused_before_they_are_read() {
    let stage = &*STAGE;
    let of = |count: u32| {
        let groups: Vec<String> = (0..count).map(|number| format!("team-{number}")).collect();
        stage.with(|claims| claims["groups"] = json!(groups))
    };
    let answer = stage.login(&of(2_000));
    assert!(answer.error == FAILED && answer.message.contains("longer than"), "{answer:?}");
    // So large a frame is taken from nobody who has not logged in.
    let mut raw = Raw::connect(&stage.gate.bootstrap()).unwrap();
    assert!(raw.login_plain(&of(10_000)).is_err());
    assert_eq!(raw.closed().unwrap(), 0);
    assert_eq!(stage.login(&stage.issuer.token("alice", &["all"]).unwrap()).error, 0);
}

#[test]
fn a_clock_that_is_a_little_off_is_forgiven() {
    let stage = &*STAGE;
    for (claim, seconds) in [("exp", -20), ("nbf", 20)] {
        let answer = stage.login(&stage.with(|claims| at(claims, claim, seconds)));
        assert_eq!(answer.error, 0, "{claim} {seconds}: {answer:?}");
        assert!(answer.lifetime_ms > 0, "no end");
    }
    // The session's end comes from the token, and within the gate's own bound.
    let answer = stage.login(&stage.with(|claims| at(claims, "exp", 40)));
    assert!((30_000..=70_000).contains(&answer.lifetime_ms), "{answer:?}");
    let answer = stage.login(&stage.issuer.token("alice", &["all"]).unwrap());
    assert!(answer.lifetime_ms > 0 && answer.lifetime_ms < i64::try_from(LIFETIME).unwrap() * 1000, "{answer:?}");
}

#[test]
fn java_clients_name_the_cause_of_a_refused_login() {
    let stage = &*STAGE;
    let scratch = Scratch::new("token").unwrap();
    let file = scratch.path().join("jwt");
    let log_in = |token: &str, login: Login| {
        std::fs::write(&file, token).unwrap();
        Tool::new(stage.kafka.jars(), java::API_VERSIONS, &stage.gate.bootstrap(), &login, &[]).run().unwrap()
    };
    let wrong = stage.with(|claims| claims["aud"] = json!("others"));
    let said = log_in(&wrong, Login::token_file(&file));
    assert!(
        said.text().contains("SaslAuthenticationException") && said.text().contains("aud contains none"),
        "{}",
        said.text()
    );
    let said = log_in("", Login::password("PLAIN", "token", &wrong));
    assert!(
        said.text().contains("SaslAuthenticationException") && said.text().contains("aud contains none"),
        "{}",
        said.text()
    );
    let said = log_in("", Login::password("PLAIN", "alice", "secret"));
    assert!(said.text().contains("a token goes with the user name `token`"), "{}", said.text());
    // The broker's own user is nobody at the gate.
    let said = log_in("", Login::password("SCRAM-SHA-512", "gate", stage.kafka.password()));
    assert!(said.text().contains("SaslAuthenticationException"), "{}", said.text());
}

#[test]
fn what_is_no_kafka_ends_the_connection() {
    let stage = &*STAGE;
    let long = [0x7f, 0xff, 0xff, 0xff, 0, 18, 0, 0];
    let oversized = [0, 0x10, 0, 0, 0, 18, 0, 0];
    let negative = [0xff, 0xff, 0xff, 0xf0, 0, 18, 0, 0];
    let garbage: [(&str, &[u8]); 9] = [
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("a length of 2 GiB", &long),
        ("a length of 1 MiB before login", &oversized),
        ("a negative length", &negative),
        ("nothing in it", &[0, 0, 0, 0]),
        ("a header cut off", &[0, 0, 0, 3, 0, 18, 0]),
        ("a key that is none", &[0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]),
    ];
    for (case, bytes) in garbage {
        let mut raw = Raw::connect(&stage.gate.bootstrap()).unwrap();
        raw.stream.write_all(bytes).unwrap();
        let answered = raw.closed().unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(answered < 1024, "{case} got {answered} bytes");
    }
}

#[test]
fn requests_before_login_and_unknown_keys_after_it_end_the_connection() {
    let stage = &*STAGE;
    let mut raw = Raw::connect(&stage.gate.bootstrap()).unwrap();
    raw.send(key::LIST_OFFSETS, 1, &Body::default()).unwrap();
    assert_eq!(raw.closed().unwrap(), 0);
    // Served, in a version that is not; not served; known to nobody.
    for (api_key, version) in [(key::FETCH, 17), (20, 1), (key::LIST_OFFSETS, -1), (500, 0), (-1, 0)] {
        let mut raw = Raw::logged_in(&stage.gate.bootstrap(), &stage.issuer.token("alice", &["all"]).unwrap()).unwrap();
        raw.send(api_key, version, &Body::default()).unwrap();
        assert_eq!(raw.closed().unwrap(), 0, "{api_key} v{version}");
    }
    // An array that claims more elements than its frame has bytes.
    let mut raw = Raw::logged_in(&stage.gate.bootstrap(), &stage.issuer.token("alice", &["all"]).unwrap()).unwrap();
    raw.send(key::LIST_OFFSETS, 1, &Body::default().int32(-1).int32(i32::MAX)).unwrap();
    assert_eq!(raw.closed().unwrap(), 0);
}

#[test]
fn a_client_that_says_nothing_is_let_go_and_so_is_one_that_speaks_plaintext_to_tls() {
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let scratch = Scratch::new("tls").unwrap();
    let authority = Authority::new(scratch.path()).unwrap();
    let mut options = Options::new(Upstream::of(&kafka), RULES, "");
    options.tls = Some(authority.identity("gate", &["127.0.0.1"]).unwrap());
    options.more = "\n[limits]\nlogin_s = 2\n".to_owned();
    let gate = Gate::start(&options, &issuer).unwrap();
    let silent = Raw::connect(&gate.bootstrap()).unwrap();
    let start = Instant::now();
    assert_eq!(silent.closed().unwrap(), 0);
    assert!(start.elapsed() < Duration::from_secs(20));
    let mut plain = Raw::connect(&gate.bootstrap()).unwrap();
    plain.send(key::API_VERSIONS, 0, &Body::default()).unwrap();
    // TLS has an alert for it.
    assert!(plain.closed().unwrap() < 64);
    // A real client of the wrong kind ends with an error of its own.
    let file = scratch.path().join("jwt");
    std::fs::write(&file, issuer.token("alice", &["all"]).unwrap()).unwrap();
    let login = Login::token_file(&file).with("default.api.timeout.ms", "5000").with("request.timeout.ms", "5000");
    let said = Tool::new(kafka.jars(), java::API_VERSIONS, &gate.bootstrap(), &login, &[]).run().unwrap();
    assert!(!said.success, "{}", said.text());
}

#[test]
fn a_flood_of_failed_logins_stays_within_its_bytes_and_lets_others_in() {
    let stage = Stage::new("\n[limits]\nfailed_logins_per_address = 1000000\n");
    let tokens: Vec<String> = wrong_tokens(&stage).into_iter().map(|(_, token, _)| token).collect();
    let (start, mut failed) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(12) {
        std::thread::scope(|scope| {
            for token in &tokens {
                scope.spawn(|| assert_eq!(stage.login(token).error, FAILED));
            }
        });
        failed += u32::try_from(tokens.len()).unwrap();
    }
    let good = stage.login(&stage.issuer.token("alice", &["all"]).unwrap());
    assert_eq!(good.error, 0, "{good:?}");
    // One leaf at once and one in 10 s for each reason: 20 or so reasons.
    let leaves = stage.leaves("login_failed").len();
    assert!(leaves <= 100, "{leaves} leaves for {failed} failures");
    // In the end every failure is counted.
    until("the folded counts", PATIENCE, || {
        let leaves = stage.leaves("login_failed");
        let folded: u64 = leaves
            .iter()
            .flat_map(|leaf| leaf["counts"].as_array().cloned().unwrap_or_default())
            .map(|count| count["count"].as_str().unwrap().parse::<u64>().unwrap())
            .sum();
        let single = leaves.iter().filter(|leaf| leaf.get("counts").is_none()).count();
        Ok(folded + u64::try_from(single)? == u64::from(failed))
    })
    .unwrap();
}

#[test]
fn an_address_that_fails_too_often_is_turned_away_for_a_while() {
    let stage = Stage::new("\n[limits]\nfailed_logins_per_address = 10\n");
    for _ in 0..10 {
        assert_eq!(stage.login("hello").error, FAILED);
    }
    until("being turned away", PATIENCE, || {
        let mut raw = Raw::connect(&stage.gate.bootstrap())?;
        Ok(raw.login_plain("hello").is_err())
    })
    .unwrap();
    assert!(stage.metric("connections_turned_away") >= 1.0, "{}", stage.gate.metrics().unwrap());
}

#[test]
fn keys_of_another_algorithm_are_taken_after_a_rotation() {
    let stage = Stage::new("");
    stage.issuer.rotate(Algorithm::Es256, true).unwrap();
    assert_eq!(stage.login(&stage.issuer.token("alice", &["all"]).unwrap()).error, 0);
}
