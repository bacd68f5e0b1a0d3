//! Logins, frames that are no Kafka, and answers to ApiVersions.

use bytes::BytesMut;
use tidegate_kafka::classify::{APIS, Serve};
use tidegate_kafka::schema::{Direction, message};
use tidegate_kafka::{FRAME_BYTES_MAX, Kafka, header};
use tidegate_model::{Credential, LoginOutcome, Mechanism, Protocol as _, RequestStep, Session};

use crate::gate::{FakeGate, decode_response, logged_in, request};
use crate::samples::{ask, s};
use crate::tree::{self, Tree, int, text};

fn gate() -> FakeGate {
    FakeGate::new(|_, _| true)
}

fn open() -> Box<dyn Session> {
    Kafka::default().open()
}

fn hello(session: &mut dyn Session, mechanism: &str) -> i64 {
    let step = session.request(request(17, 1, &s! { Mechanism: text(mechanism) }), &mut gate()).unwrap();
    let RequestStep::Answer { frame, .. } = step else { panic!("{step:?}") };
    let answer = decode_response(17, 1, &frame);
    let offered = ["OAUTHBEARER", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
    assert_eq!(answer.at("Mechanisms"), &Tree::List(offered.map(text).to_vec()));
    answer.at("ErrorCode").int()
}

fn token(version: i16, bytes: &[u8]) -> BytesMut {
    request(36, version, &s! { AuthBytes: Tree::Bytes(bytes.to_vec()) })
}

fn credential(session: &mut dyn Session, version: i16, bytes: &[u8]) -> Credential {
    match session.request(token(version, bytes), &mut gate()) {
        Ok(RequestStep::Authenticate(credential)) => credential,
        other => panic!("{other:?}"),
    }
}

fn refused(session: &mut dyn Session, frame: BytesMut) -> String {
    match session.request(frame, &mut gate()) {
        Err(refused) => refused.0,
        Ok(step) => panic!("{step:?}"),
    }
}

const ACCEPTED: LoginOutcome<'_> = LoginOutcome::Accepted { lifetime_ms: 1234, last_words: b"" };

#[test]
fn both_mechanisms_log_in() {
    for (name, mechanism) in [("OAUTHBEARER", Mechanism::OauthBearer), ("PLAIN", Mechanism::Plain)] {
        for version in 0..=2 {
            let mut session = open();
            assert_eq!(hello(&mut *session, name), 0);
            let credential = credential(&mut *session, version, b"words");
            assert_eq!((credential.mechanism, &credential.message[..]), (mechanism, &b"words"[..]));
            assert!(!format!("{credential:?}").contains("words"));
            let answer = decode_response(36, version, &session.authenticated(ACCEPTED));
            assert_eq!(answer.at("ErrorCode").int(), 0);
            assert_eq!(answer.get("SessionLifetimeMs").map(Tree::int), (version >= 1).then_some(1234));
            assert!(session.request(request(12, 4, &ask(12, &["g"])), &mut gate()).is_ok());
        }
    }
}

#[test]
fn scram_takes_two_rounds_at_every_version() {
    for (name, mechanism) in [("SCRAM-SHA-256", Mechanism::ScramSha256), ("SCRAM-SHA-512", Mechanism::ScramSha512)] {
        for version in 0..=2 {
            let mut session = open();
            assert_eq!(hello(&mut *session, name), 0);
            // The second time around is a renewed login (KIP-368).
            for _login in 0..2 {
                let first = credential(&mut *session, version, b"first");
                assert_eq!((first.mechanism, &first.message[..]), (mechanism, &b"first"[..]));
                let answer = decode_response(36, version, &session.authenticated(LoginOutcome::Continue(b"prove it")));
                assert_eq!(answer.at("ErrorCode").int(), 0);
                assert_eq!(answer.at("AuthBytes"), &Tree::Bytes(b"prove it".to_vec()));
                assert_eq!(answer.get("SessionLifetimeMs").map(Tree::int), (version >= 1).then_some(0));
                let last = credential(&mut *session, version, b"last");
                assert_eq!((last.mechanism, &last.message[..]), (mechanism, &b"last"[..]));
                let accepted = LoginOutcome::Accepted { lifetime_ms: 77, last_words: b"v=me" };
                let answer = decode_response(36, version, &session.authenticated(accepted));
                assert_eq!(answer.at("AuthBytes"), &Tree::Bytes(b"v=me".to_vec()));
                assert_eq!(answer.get("SessionLifetimeMs").map(Tree::int), (version >= 1).then_some(77));
                assert!(session.request(request(12, 4, &ask(12, &["g"])), &mut gate()).is_ok());
                assert_eq!(hello(&mut *session, name), 0);
            }
        }
    }
}

#[test]
fn between_two_rounds_nothing_but_the_second_is_taken() {
    let half_way = || {
        let mut session = open();
        hello(&mut *session, "SCRAM-SHA-512");
        credential(&mut *session, 2, b"first");
        session.authenticated(LoginOutcome::Continue(b"prove it"));
        session
    };
    refused(&mut *half_way(), request(12, 4, &ask(12, &["g"])));
    refused(&mut *half_way(), request(3, 9, &ask(3, &["t"])));
    assert_eq!(hello(&mut *half_way(), "SCRAM-SHA-512"), 34);
    assert_eq!(hello(&mut *half_way(), "PLAIN"), 34);
    let mut session = half_way();
    credential(&mut *session, 2, b"last");
    let answer = decode_response(36, 2, &session.authenticated(LoginOutcome::Refused("wrong")));
    assert_eq!((answer.at("ErrorCode").int(), answer.at("ErrorMessage").text()), (58, "wrong"));
    assert!(refused(&mut *session, token(2, b"again")).contains("failed login"));
}

/// A session of a client whose certificate says who it is.
fn with_certificate() -> Box<dyn Session> {
    let mut session = open();
    session.known_already();
    session
}

fn heartbeat() -> BytesMut {
    request(12, 4, &ask(12, &["g"]))
}

#[test]
fn a_certificate_lets_a_client_begin_without_a_login() {
    let mut session = with_certificate();
    for _again in 0..2 {
        assert!(matches!(session.request(request(18, 3, &software()), &mut gate()), Ok(RequestStep::Answer { .. })));
        // Until it is accepted, it is not taken.
        let Ok(RequestStep::Begin(frame)) = session.request(heartbeat(), &mut gate()) else { panic!("not begun") };
        assert_eq!(frame, heartbeat(), "the very bytes come back");
    }
    assert!(session.authenticated(ACCEPTED).is_empty(), "nothing is to be answered");
    assert!(matches!(session.request(heartbeat(), &mut gate()), Ok(RequestStep::Forward { .. })));
    for mechanism in ["PLAIN", "OAUTHBEARER", "SCRAM-SHA-512"] {
        assert_eq!(hello(&mut *session, mechanism), 34, "it cannot become somebody else");
    }
    assert!(matches!(session.request(heartbeat(), &mut gate()), Ok(RequestStep::Forward { .. })));
    refused(&mut *session, token(2, b"x"));
}

#[test]
fn a_client_with_a_certificate_may_still_log_in_and_then_has_to() {
    let mut session = with_certificate();
    assert_eq!(hello(&mut *session, "PLAIN"), 0);
    refused(&mut *session, heartbeat());
    let mut session = with_certificate();
    hello(&mut *session, "PLAIN");
    credential(&mut *session, 2, b"x");
    assert!(!session.authenticated(ACCEPTED).is_empty());
    assert!(matches!(session.request(heartbeat(), &mut gate()), Ok(RequestStep::Forward { .. })));
    assert_eq!(hello(&mut *session, "PLAIN"), 0, "and renews its login");
    let mut session = with_certificate();
    hello(&mut *session, "PLAIN");
    credential(&mut *session, 2, b"x");
    session.authenticated(LoginOutcome::Refused("wrong"));
    refused(&mut *session, heartbeat());
}

#[test]
fn a_client_whose_certificate_is_not_accepted_after_all_gets_nothing() {
    let mut session = with_certificate();
    session.request(heartbeat(), &mut gate()).unwrap();
    assert!(session.authenticated(LoginOutcome::Refused("expired")).is_empty());
    refused(&mut *session, heartbeat());
    assert!(open().request(heartbeat(), &mut gate()).is_err(), "without a certificate there is no such way");
}

#[test]
fn a_bad_bearer_token_fails_in_two_steps() {
    let mut session = open();
    hello(&mut *session, "OAUTHBEARER");
    credential(&mut *session, 2, b"n,,\x01auth=Bearer x\x01\x01");
    let answer = decode_response(36, 2, &session.authenticated(LoginOutcome::Refused("expired")));
    assert_eq!(answer.at("ErrorCode").int(), 0);
    assert_eq!(answer.at("AuthBytes"), &Tree::Bytes(br#"{"status":"invalid_token"}"#.to_vec()));
    let step = session.request(token(2, b"\x01"), &mut gate()).unwrap();
    let RequestStep::Answer { frame, .. } = step else { panic!("{step:?}") };
    let answer = decode_response(36, 2, &frame);
    assert_eq!((answer.at("ErrorCode").int(), answer.at("ErrorMessage").text()), (58, "expired"));
    for frame in [token(2, b"again"), request(17, 1, &s! { Mechanism: text("PLAIN") }), request(18, 0, &s! {})] {
        assert!(refused(&mut *session, frame).contains("failed login"));
    }
}

#[test]
fn between_the_two_steps_nothing_else_is_served() {
    let mut session = open();
    hello(&mut *session, "OAUTHBEARER");
    credential(&mut *session, 2, b"x");
    session.authenticated(LoginOutcome::Refused("no"));
    refused(&mut *session, request(12, 4, &ask(12, &["g"])));
    assert_eq!(hello(&mut *session, "OAUTHBEARER"), 34);
}

#[test]
fn a_bad_password_fails_at_once() {
    let mut session = open();
    hello(&mut *session, "PLAIN");
    credential(&mut *session, 1, b"\0token\0x");
    let answer = decode_response(36, 1, &session.authenticated(LoginOutcome::Refused("unknown issuer")));
    assert_eq!((answer.at("ErrorCode").int(), answer.at("ErrorMessage").text()), (58, "unknown issuer"));
    refused(&mut *session, token(1, b"\0token\0y"));
}

#[test]
fn steps_out_of_order_are_refused() {
    refused(&mut *open(), token(2, b"x"));
    refused(&mut *open(), request(12, 4, &ask(12, &["g"])));
    let mut session = open();
    assert_eq!(hello(&mut *session, "GSSAPI"), 33);
    assert_eq!(hello(&mut *session, "PLAIN"), 0);
    assert_eq!(hello(&mut *session, "PLAIN"), 34);
    refused(&mut *session, request(3, 9, &ask(3, &["t"])));
    credential(&mut *session, 2, b"x");
    refused(&mut *session, token(2, b"x"));
    refused(&mut *session, request(3, 9, &ask(3, &["t"])));
    assert!(open().authenticated(ACCEPTED).is_empty());
}

#[test]
fn handshake_version_0_is_refused() {
    assert!(refused(&mut *open(), request(17, 0, &s! { Mechanism: text("PLAIN") })).contains("version 1"));
}

#[test]
fn authentication_is_renewed_with_the_same_mechanism_only() {
    let mut session = logged_in(&mut gate());
    assert_eq!(hello(&mut *session, "PLAIN"), 34);
    assert!(session.request(request(12, 4, &ask(12, &["g"])), &mut gate()).is_ok());
    assert_eq!(hello(&mut *session, "OAUTHBEARER"), 0);
    // Nothing else flows until it is through.
    refused(&mut *session, request(12, 4, &ask(12, &["g"])));
    credential(&mut *session, 2, b"new");
    session.authenticated(ACCEPTED);
    assert!(session.request(request(12, 4, &ask(12, &["g"])), &mut gate()).is_ok());
    hello(&mut *session, "OAUTHBEARER");
    credential(&mut *session, 2, b"bad");
    session.authenticated(LoginOutcome::Refused("revoked"));
    refused(&mut *session, request(12, 4, &ask(12, &["g"])));
}

#[test]
fn frames_before_login_are_small() {
    let mut session = open();
    hello(&mut *session, "PLAIN");
    assert!(refused(&mut *session, token(2, &vec![0; 524_288])).contains("512"));
    let mut gate = gate();
    let mut session = logged_in(&mut gate);
    let note = s! { GroupId: text(&"x".repeat(30_000)) };
    assert!(session.request(request(12, 4, &note), &mut gate).is_ok());
}

#[test]
fn garbage_closes_without_a_panic() {
    for frame in [
        &b""[..],
        b"\0\0\0\0",
        b"\0\0\0\x04\0\x12\0\0",
        b"\0\0\0\x0a\0\x12\0\x03\0\0\0\x01\xff\xfe",
        b"\0\0\0\x0c\0\x12\0\x03\0\0\0\x01\0\x02\xff\xff",
        b"\0\0\0\x0b\0\x24\0\x02\0\0\0\x01\xff\xff\x7f",
    ] {
        refused(&mut *open(), BytesMut::from(frame));
    }
}

#[test]
fn frame_lengths_tell_other_protocols() {
    let kafka = Kafka::default();
    let refusal = |head: &[u8]| kafka.frame_length(head).unwrap_err().0;
    assert!(refusal(b"\x16\x03\x01\x02\x00\x01").contains("TLS"));
    assert!(refusal(b"\x15\x03\x03\x00").contains("TLS"));
    for verb in ["GET / HTTP/1.1", "POST /", "HEAD /", "PUT /x", "OPTIONS *", "HTTP/1.1 400"] {
        assert!(refusal(verb.as_bytes()).contains("HTTP"));
    }
    assert_eq!(kafka.frame_length(b"\0\0\0"), Ok(None));
    assert_eq!(kafka.frame_length(b"\0\0\0\x0e\0"), Ok(Some(18)));
    let max = u32::try_from(FRAME_BYTES_MAX).unwrap();
    assert_eq!(kafka.frame_length(&max.to_be_bytes()), Ok(Some(FRAME_BYTES_MAX + 4)));
    assert!(refusal(&(max + 1).to_be_bytes()).contains("limit"));
    for length in [-1_i32, i32::MIN, 0, 3] {
        refusal(&length.to_be_bytes());
    }
}

#[test]
fn what_a_client_says_of_itself_is_kept_short() {
    let mut session = open();
    let long = "x".repeat(5000);
    let software = s! { ClientSoftwareName: text("apache-kafka-java"), ClientSoftwareVersion: text(&long) };
    session.request(request(18, 3, &software), &mut gate()).unwrap();
    assert_eq!(session.client().client_id, "test");
    assert_eq!(session.client().software.len(), 256);
    let mut frame = header::request_prefix(18, 0, 1, &long);
    header::seal(&mut frame);
    session.request(BytesMut::from(&frame[..]), &mut gate()).unwrap();
    assert_eq!(session.client().client_id.len(), 256);
}

/// Versions of ApiVersions, the answer decoded at the version that its body has.
fn versions(asked: &Tree, version: i16, body_version: i16, gate: &mut FakeGate) -> Tree {
    let step = open().request(request(18, version, asked), gate).unwrap();
    let RequestStep::Answer { frame, .. } = step else { panic!("{step:?}") };
    // Header version 0 whatever the version: the body begins after the correlation id.
    tree::decode(message(18, Direction::Response).unwrap(), body_version, &frame[8..])
}

fn software() -> Tree {
    s! { ClientSoftwareName: text("librdkafka"), ClientSoftwareVersion: text("2.15.0") }
}

fn cluster() -> FakeGate {
    let mut gate = gate();
    let mut known = crate::gate::known(&[]);
    known.versions = (0..=94).map(|key| (key, 0, 99)).collect();
    known.versions.retain(|(key, ..)| *key != 61);
    for range in &mut known.versions {
        match range.0 {
            0 => *range = (0, 3, 13),
            1 => *range = (1, 4, 11),
            2 => *range = (2, 5, 99),
            8 => *range = (8, 10, 12),
            _ => {}
        }
    }
    known.supported =
        vec![("metadata.version".into(), 7, 30), ("kraft.version".into(), 0, 1), ("group.version".into(), 0, 1)];
    known.finalized = vec![("transaction.version".into(), 2, 2), ("share.version".into(), 1, 1)];
    known.finalized_epoch = 9;
    gate.knowledge = Some(known);
    gate
}

fn range(answer: &Tree, key: i64) -> Option<(i64, i64)> {
    let found = answer.at("ApiKeys").list().iter().find(|k| k.at("ApiKey").int() == key)?;
    Some((found.at("MinVersion").int(), found.at("MaxVersion").int()))
}

#[test]
fn the_offer_is_what_gate_and_brokers_both_have() {
    for version in 0..=4 {
        let answer = versions(&software(), version, version, &mut cluster());
        assert_eq!(answer.at("ErrorCode").int(), 0);
        let expected = [(0, Some((0, 12))), (1, Some((4, 11))), (2, Some((5, 11))), (8, None), (61, None)];
        for (key, offer) in expected {
            assert_eq!(range(&answer, key), offer, "key {key}");
        }
        assert_eq!(range(&answer, 18), Some((0, 4)));
        assert_eq!(range(&answer, 36), Some((0, 2)));
        for api in APIS.iter().filter(|api| matches!(api.serve, Serve::Refused(_))) {
            assert_eq!(range(&answer, i64::from(api.key)), None, "{}", api.name);
        }
        if version < 3 {
            continue;
        }
        let names = |array: &str| -> Vec<String> {
            answer.at(array).list().iter().map(|f| f.at("Name").text().to_owned()).collect()
        };
        let supported: &[&str] =
            if version >= 4 { &["metadata.version", "kraft.version"] } else { &["metadata.version"] };
        assert_eq!(names("SupportedFeatures"), supported);
        assert_eq!(names("FinalizedFeatures"), ["transaction.version"]);
        assert_eq!(answer.at("FinalizedFeaturesEpoch").int(), 9);
    }
}

#[test]
fn the_second_transactions_are_offered_only_with_their_versions() {
    for (max, level) in [(13, 2), (11, 1)] {
        let mut gate = cluster();
        let known = gate.knowledge.as_mut().unwrap();
        for range in known.versions.iter_mut().filter(|range| range.0 == 0) {
            range.2 = max;
        }
        let answer = versions(&software(), 4, 4, &mut gate);
        let feature = &answer.at("FinalizedFeatures").list()[0];
        assert_eq!(feature.at("MaxVersionLevel").int(), level);
        assert_eq!(feature.at("MinVersionLevel").int(), level);
    }
}

#[test]
fn produce_below_3_is_offered_but_refused() {
    let mut gate = cluster();
    for version in 0..=2_i16 {
        let mut frame = vec![0, 0, 0, 10, 0, 0];
        frame.extend(version.to_be_bytes());
        frame.extend([0, 0, 0, 1, 0xff, 0xff]);
        let step = logged_in(&mut gate).request(BytesMut::from(&frame[..]), &mut gate);
        assert!(step.is_err());
    }
}

#[test]
fn unknown_versions_get_version_0_and_a_hint() {
    for version in [5_i16, 6, 99, i16::MAX, -1] {
        // Header version 2 and a body that nobody can read yet.
        let mut frame = vec![0, 0, 0, 0, 0, 18];
        frame.extend(version.to_be_bytes());
        frame.extend([0, 0, 0, 77, 0, 2, b'm', b'e', 0, 0xff, 0xff]);
        header::seal(&mut frame);
        let step = open().request(BytesMut::from(&frame[..]), &mut cluster()).unwrap();
        let RequestStep::Answer { frame, .. } = step else { panic!("{step:?}") };
        let answer = tree::decode(message(18, Direction::Response).unwrap(), 0, &frame[8..]);
        assert_eq!(answer.at("ErrorCode").int(), 35);
        assert_eq!(answer.at("ApiKeys").list().len(), 1);
        assert_eq!(range(&answer, 18), Some((0, 4)));
    }
}

#[test]
fn software_names_are_checked() {
    for (name, version) in [("", "1"), ("a", ""), ("-a", "1"), ("a b", "1"), ("a", "1."), ("é", "1")] {
        let asked = s! { ClientSoftwareName: text(name), ClientSoftwareVersion: text(version) };
        assert_eq!(versions(&asked, 3, 3, &mut cluster()).at("ErrorCode"), &int(42), "{name:?} {version:?}");
    }
    // Older versions do not carry them.
    assert_eq!(versions(&s! {}, 2, 2, &mut cluster()).at("ErrorCode"), &int(0));
}

#[test]
fn before_the_cluster_is_known_nothing_is_offered() {
    let mut gate = gate();
    gate.knowledge = None;
    assert!(open().request(request(18, 3, &software()), &mut gate).is_err());
}
