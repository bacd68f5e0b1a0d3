//! How sessions end while they are live, each before a real broker: with the token, at the gate's own bound, when the issuer takes the
//! token back or is silent for too long; and what a new token on a live session changes. A request that still waits at the broker
//! gets no record. (Blocks and revocations at the gate are in `control.rs`, certificates in `certificates.rs`.)
#![cfg(test)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::process::{Signal, until};
use tidegate_brokers::raw::{self, LoginAnswer, Raw, key};
use tidegate_brokers::{Browser, Gate, Issuer, Kafka, OidcProvider, kafka, oidc_provider};

const RULES: &str = r#"
@id("all")
permit (principal in Group::"demo:all", action, resource);
@id("readers")
permit (principal in Group::"demo:readers", action in [Action::"describe", Action::"consume"], resource);
@id("describers")
permit (principal in Group::"demo:describers", action == Action::"describe", resource);
@id("analysts")
permit (principal in Group::"op:analysts", action in [Action::"describe", Action::"consume"], resource);
"#;
const PATIENCE: Duration = Duration::from_secs(90);
/// Longer than these tests wait for anything else: an answer that comes is not for want of waiting.
const LONG_POLL_MS: i32 = 55_000;
const TOPIC_AUTHORIZATION_FAILED: [u8; 2] = [0, 29];

struct Stage {
    gate: Gate,
    kafka: Kafka,
    issuer: Issuer,
}

impl Stage {
    fn new(more: &str) -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        kafka.create_topic("orders", 1).unwrap();
        let issuer = Issuer::start().unwrap();
        let mut options = Options::new(Upstream::of(&kafka), RULES, "");
        options.more = more.to_owned();
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { gate, kafka, issuer }
    }

    /// A token of this person that ends so many seconds from now.
    fn token(&self, name: &str, groups: &[&str], seconds: i64) -> String {
        let mut claims = self.issuer.claims(name, groups).unwrap();
        claims["exp"] = json!(claims["iat"].as_i64().unwrap() + seconds);
        self.issuer.sign(&claims).unwrap()
    }

    fn connect(&self, token: &str) -> (Raw, LoginAnswer) {
        let mut raw = Raw::connect(&self.gate.bootstrap()).unwrap();
        let answer = raw.login_plain(token).unwrap();
        assert_eq!(answer.error, 0, "{answer:?}");
        (raw, answer)
    }

    /// Writes a record as somebody who is not concerned.
    fn write(&self, value: &str) {
        let before = self.kafka.end_offsets("orders").unwrap();
        let (mut raw, _) = self.connect(&self.token("writer", &["all"], 600));
        raw.ask(key::PRODUCE, 3, &raw::produce("orders", value.as_bytes())).unwrap();
        assert_eq!(self.kafka.end_offsets("orders").unwrap(), before + 1);
    }

    fn closed_with(&self, reason: &str) {
        let found = until("the leaf", PATIENCE, || {
            Ok(self.gate.leaves(&["--kind", "session_close"])?.iter().any(|leaf| leaf["reason"] == reason))
        });
        found.unwrap_or_else(|error| panic!("{reason}: {error}"));
    }
}

/// Whether the connection still serves.
fn is_live(raw: &mut Raw) -> bool {
    raw.ask(key::LIST_OFFSETS, 1, &raw::list_offsets("orders")).is_ok()
}

/// Has the connection wait at the broker for the next record.
fn wait_for_more(raw: &mut Raw, stage: &Stage) {
    let end = i64::try_from(stage.kafka.end_offsets("orders").unwrap()).unwrap();
    raw.send(key::FETCH, 4, &raw::fetch("orders", end, LONG_POLL_MS, 1 << 20)).unwrap();
}

fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn pass(what: &str, seconds: u64) {
    let start = Instant::now();
    until(what, PATIENCE, || Ok(start.elapsed() > Duration::from_secs(seconds))).unwrap();
}

#[test]
fn a_session_ends_with_its_token_and_a_waiting_request_gets_no_record() {
    let stage = Stage::new("");
    let token = stage.token("ann", &["all"], 6);
    let ends = unix_now() + Duration::from_secs(7);
    let (mut waiting, answer) = stage.connect(&token);
    assert!((1..=6_000).contains(&answer.lifetime_ms), "{answer:?}");
    let (mut idle, _) = stage.connect(&token);
    assert!(is_live(&mut waiting) && is_live(&mut idle));
    wait_for_more(&mut waiting, &stage);
    until("the token's end", PATIENCE, || Ok(unix_now() > ends)).unwrap();
    stage.write("too late");
    assert_eq!(waiting.closed().unwrap(), 0);
    assert!(!is_live(&mut idle));
    stage.closed_with("session_ended");
}

#[test]
fn a_token_that_has_just_expired_does_not_make_an_endless_session() {
    // KAFKA-13848: what was left of such a token was negative, and taken for no end.
    let stage = Stage::new("");
    let (mut raw, answer) = stage.connect(&stage.token("ann", &["all"], -20));
    assert!((1..=1_000).contains(&answer.lifetime_ms), "{answer:?}");
    pass("the session's end", 2);
    assert!(!is_live(&mut raw));
}

#[test]
fn a_session_ends_at_the_gates_own_bound_unless_it_is_renewed() {
    let stage = Stage::new("\n[limits]\nsession_user_s = 4\n");
    let token = || stage.token("ann", &["all"], 600);
    let (mut renewed, _) = stage.connect(&token());
    let (mut waiting, answer) = stage.connect(&token());
    assert!((1..=4_000).contains(&answer.lifetime_ms), "{answer:?}");
    wait_for_more(&mut waiting, &stage);
    pass("half of the time", 2);
    assert_eq!(renewed.login_plain(&token()).unwrap().error, 0);
    pass("the end of the first login", 3);
    assert!(is_live(&mut renewed), "it was renewed");
    stage.write("too late");
    assert_eq!(waiting.closed().unwrap(), 0);
    pass("the end of the second login", 4);
    assert!(!is_live(&mut renewed));
}

#[test]
fn a_new_token_on_a_live_session_brings_its_groups_and_never_another_caller() {
    let stage = Stage::new("");
    let read = |raw: &mut Raw| raw.ask(key::FETCH, 4, &raw::fetch("orders", 0, 1, 1 << 20)).unwrap();
    let is_refused = |answer: &[u8]| answer.windows(2).any(|code| code == TOPIC_AUTHORIZATION_FAILED);
    stage.write("for readers");
    let (mut raw, _) = stage.connect(&stage.token("ann", &["readers"], 600));
    assert!(read(&mut raw).windows(11).any(|bytes| bytes == b"for readers"));
    assert_eq!(raw.login_plain(&stage.token("ann", &["describers"], 600)).unwrap().error, 0);
    let answer = read(&mut raw);
    assert!(is_refused(&answer) && !answer.windows(11).any(|bytes| bytes == b"for readers"), "{answer:?}");
    let answer = raw.login_plain(&stage.token("bob", &["readers"], 600)).unwrap();
    assert_eq!(answer.error, 58, "{answer:?}");
    assert_eq!(raw.closed().unwrap(), 0);
    // So does a forged one.
    let (mut raw, _) = stage.connect(&stage.token("ann", &["readers"], 600));
    assert_eq!(raw.login_plain(&stage.issuer.forged("ann", &["readers"]).unwrap()).unwrap().error, 58);
    assert_eq!(raw.closed().unwrap(), 0);
}

#[test]
fn an_issuer_that_takes_a_token_back_or_is_silent_ends_live_sessions() {
    const EVERY_S: u64 = 10;
    let mut provider = OidcProvider::start().unwrap();
    let openid = provider.openid().unwrap();
    let introspection = format!(
        "{}introspection = {{ url = {:?}, client_id = {:?}, client_secret = {{ command = [\"echo\", {:?}] }}, \
         recheck_s = {EVERY_S} }}\n",
        provider.issuer_config("op"),
        openid.endpoint("introspection_endpoint").unwrap(),
        oidc_provider::LOADER.id,
        oidc_provider::LOADER.secret.unwrap(),
    );
    let mut stage = Stage::new(&introspection);
    let opaque = |person| {
        let resource = [("resource", oidc_provider::OPAQUE_RESOURCE)];
        openid.device_login(&mut Browser::new().unwrap(), oidc_provider::CLI, person, &resource).unwrap()
    };
    let (alices, bobs) = (opaque(oidc_provider::ALICE), opaque(oidc_provider::BOB));
    let (mut alice, _) = stage.connect(&alices);
    let (mut bob, _) = stage.connect(&bobs);
    assert!(is_live(&mut alice) && is_live(&mut bob));
    wait_for_more(&mut alice, &stage);
    // Nobody is asked about JWTs here: who has one is not concerned.
    let (mut other, _) = stage.connect(&stage.token("ann", &["all"], 600));
    let revoked = Instant::now();
    openid.revoke(oidc_provider::CLI, &alices).unwrap();
    stage.closed_with("token_ended");
    // An answer may be 5 seconds old, and sessions are looked at each second.
    assert!(revoked.elapsed() < Duration::from_secs(EVERY_S + 5 + 5), "{:?}", revoked.elapsed());
    stage.write("not for alice");
    assert_eq!(alice.closed().unwrap(), 0);
    assert!(is_live(&mut bob) && is_live(&mut other));
    // The issuer hangs: a question without an answer ends nothing, three do.
    provider.process.signal(Signal::STOP).unwrap();
    let silent = Instant::now();
    let unanswered = "did not say whether a token is active";
    stage.gate.gateway.wait_for_line(unanswered, PATIENCE).unwrap();
    assert!(is_live(&mut bob), "one question without an answer");
    wait_for_more(&mut bob, &stage);
    stage.closed_with("issuer_unanswered");
    assert!(silent.elapsed() > Duration::from_secs(2 * EVERY_S), "{:?}", silent.elapsed());
    stage.write("not for bob");
    assert_eq!(bob.closed().unwrap(), 0);
    assert!(is_live(&mut other));
    let log = stage.gate.gateway.log();
    assert!(!log.contains(&alices) && !log.contains(&bobs));
}
