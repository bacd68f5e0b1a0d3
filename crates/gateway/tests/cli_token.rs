//! `tidegate token inspect` against an issuer on the loopback address, and help texts.
#![cfg(test)]

mod cli_stage;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cli_stage::{Said, configure, tidegate};
use serde_json::{Value, json};
use tidegate_identity::Check;

/// An OpenID provider with one key; it ends when dropped.
struct Issuer {
    url: String,
    pair: Ed25519KeyPair,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x }] });
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                answer(stream, &discovery, &keys);
            }
        });
        Issuer { url, pair, stop, thread: Some(thread) }
    }

    fn claims(&self) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        json!({ "iss": self.url, "sub": "alice", "aud": "gate", "iat": now - 10, "exp": now + 600, "groups": ["writers"] })
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k1" });
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
        drop(self.thread.take().unwrap().join());
    }
}

fn answer(mut stream: TcpStream, discovery: &Value, keys: &Value) {
    let (mut request, mut piece) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(1..) if request.len() < 8192 => request.extend(piece.iter().take_while(|byte| **byte != 0)),
            _ => return,
        }
        piece = [0; 1024];
    }
    let body = if request.starts_with(b"GET /keys ") { keys } else { discovery }.to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    drop(stream.write_all(format!("{head}{body}").as_bytes()));
}

/// The token and its signature are never printed.
fn inspect(arguments: &[&str], token: &str) -> Said {
    let said = tidegate(&[&["token", "inspect"], arguments].concat(), format!(" {token}\n").as_bytes());
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!said.out.contains(part) && !said.err.contains(part), "{said:?}");
    }
    said
}

/// The word beside a check.
fn result<'a>(said: &'a Said, check: &str) -> &'a str {
    let line = said.out.lines().find(|line| line.split_whitespace().next() == Some(check)).unwrap();
    line.split_once(' ').unwrap().1.trim()
}

#[test]
fn a_good_token_passes_every_check() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let config = configure(folder.path(), &issuer.url);
    let said = inspect(&["--config", config.to_str().unwrap()], &issuer.token(&issuer.claims()));
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.lines().filter(|line| line.ends_with("  passed")).count(), Check::ALL.len(), "{}", said.out);
    assert!(said.out.contains("ACCEPTED as user idp:alice, groups: idp:writers, until "), "{}", said.out);
    assert!(said.out.contains(r#""kid": "k1""#) && said.out.contains(r#""sub": "alice""#), "{}", said.out);
}

#[test]
fn the_check_that_fails_is_named_and_those_behind_it_are_not_reached() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let config = configure(folder.path(), &issuer.url);
    let config = config.to_str().unwrap();
    let mut claims = issuer.claims();
    claims["aud"] = json!("other\u{1b}[2J");
    let said = inspect(&["--config", config], &issuer.token(&claims));
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(result(&said, "signature"), "passed");
    assert!(result(&said, "audience").starts_with("FAILED       aud contains none of: gate"), "{}", said.out);
    assert_eq!(result(&said, "expiry"), "not reached");
    assert!(said.out.ends_with("REFUSED by check audience\n") && !said.out.contains('\u{1b}'), "{}", said.out);

    let forged = Issuer::start().token(&issuer.claims());
    let said = inspect(&["--config", config, "--output", "json"], &forged);
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &answer["failed"], &answer["accepted"]), (1, &json!("signature"), &json!(false)));
    assert_eq!(answer["claims"]["sub"], "alice");
}

#[test]
fn an_issuer_that_cannot_be_reached_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = Issuer::start();
    let config = configure(folder.path(), &issuer.url);
    let token = issuer.token(&issuer.claims());
    drop(issuer);
    let said = inspect(&["--config", config.to_str().unwrap()], &token);
    assert_eq!(said.code, 1);
    assert!(result(&said, "keys-available").starts_with("FAILED") && said.out.contains("; idp: "), "{}", said.out);
    assert_eq!(result(&said, "key"), "not reached");
}

#[test]
fn without_a_configuration_nothing_is_verified_and_that_is_said() {
    let issuer = Issuer::start();
    let said = inspect(&[], &issuer.token(&issuer.claims()));
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("NOTHING WAS VERIFIED"), "{}", said.out);
    assert_eq!((result(&said, "duplicate-names"), result(&said, "signature")), ("passed", "not reached"));
    let twice = format!("{}.{}.c2ln", "e30", BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":1,"sub":2}"#));
    let said = inspect(&[], &twice);
    assert_eq!((said.code, result(&said, "issuer")), (1, "not reached"));
    assert!(result(&said, "duplicate-names").starts_with("FAILED"), "{}", said.out);
    let said = inspect(&[], &"x".repeat(40_000));
    assert!(said.code == 1 && result(&said, "size").starts_with("FAILED"), "{said:?}");
    assert!(result(&inspect(&[], "no-token"), "form").starts_with("FAILED"));
}

#[test]
fn wrong_use_is_64() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "https://idp.example");
    let config = config.to_str().unwrap();
    let said = tidegate(&["token", "inspect", "--config", config, "--issuer", "nobody"], b"x.y.z");
    assert!(said.code == 64 && said.err.contains("it has idp"), "{said:?}");
    assert_eq!(tidegate(&["token", "inspect"], b" \n").code, 64, "nothing to inspect");
    assert_eq!(tidegate(&["token", "inspect"], &[0xff]).code, 64, "no text");
    assert_eq!(tidegate(&["token", "inspect", "--issuer", "idp"], b"x").code, 64, "no configuration");
    assert_eq!(tidegate(&["token", "inspect", "--config", "/nowhere"], b"x").code, 64);
}

#[test]
fn every_command_has_help() {
    let commands: [(&[&str], &str); 7] = [
        (&[], "Usage: tidegate"),
        (&["evidence"], "key that auditors pin"),
        (&["evidence", "list"], "no record of the reading is made"),
        (&["evidence", "show"], "no record of the reading is made"),
        (&["evidence", "status"], "key that auditors pin"),
        (&["token", "inspect"], "never printed"),
        (&["policy", "check"], "topics.yaml"),
    ];
    for (command, says) in commands {
        let said = tidegate(&[command, &["--help"]].concat(), b"");
        let text = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(said.code, 0, "{command:?}");
        assert!(text.contains(says), "{command:?}: {}", said.out);
    }
}
