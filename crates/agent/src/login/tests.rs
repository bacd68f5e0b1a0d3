//! The login against RFC 7677's conversation, one computed independently for SHA-512, and rogue servers.

use super::*;

/// RFC 7677 section 3.
const NONCE_256: &str = "rOprNGfwEbeRWgbNEkqO";
const FIRST_256: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const FINAL_256: &str =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_256: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
/// Computed with Python's hashlib; user `us=er,1`, password `pässword`.
const FIRST_512: &str = "r=abcDEF0123serverNONCE!,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=8192";
const FINAL_512: &str = "c=biws,r=abcDEF0123serverNONCE!,p=1nFKz+6ydMtGdod2dfT2v2sbB4+S0pOa1XzpzcD2FqpBLvKwQfoh9oe3TEYBLERFULX7E+CPMGpjdSprZuNYlQ==";
const SERVER_512: &str = "v=YFmB8tSN97DNmdS6TTN+0kNCCrvLKCdLHKnjq6Czcv9wSgQRFKtN1WztxTenSg3vuIS7egwDauytQ9Bb5Q0JvQ==";

fn credentials(mechanism: Mechanism, user: &str, password: &str) -> Arc<Credentials> {
    let password = Secret::new(password.as_bytes().to_vec()).unwrap();
    Arc::new(Credentials::new(mechanism, user.into(), password))
}

fn frame(correlation: i32, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).unwrap();
    [&length.to_be_bytes()[..], &correlation.to_be_bytes(), body].concat()
}

fn handshake(code: i16, offered: &[&str]) -> Vec<u8> {
    let mut body = code.to_be_bytes().to_vec();
    body.extend_from_slice(&i32::try_from(offered.len()).unwrap().to_be_bytes());
    for name in offered {
        put_text(&mut body, name);
    }
    frame(1, &body)
}

fn token(correlation: i32, token: &str, lifetime: i64) -> Vec<u8> {
    let length = i32::try_from(token.len()).unwrap();
    let body = [&[0, 0, 0xff, 0xff], &length.to_be_bytes()[..], token.as_bytes(), &lifetime.to_be_bytes()].concat();
    frame(correlation, &body)
}

fn refusal(correlation: i32, code: i16, text: &str) -> Vec<u8> {
    let mut body = code.to_be_bytes().to_vec();
    put_text(&mut body, text);
    body.extend_from_slice(&[0; 12]);
    frame(correlation, &body)
}

/// The token inside the request that is to be sent.
fn sent(progress: Result<Progress, LoginError>) -> String {
    let Ok(Progress::Send(bytes)) = progress else { panic!("expected a request, got {progress:?}") };
    let body = 4 + 8 + 2 + CLIENT_ID.len();
    assert_eq!(&bytes[4..8], &[0, 36, 0, 1]);
    String::from_utf8(bytes[body + 4..].to_vec()).unwrap()
}

fn scram_256() -> Login {
    let (mut login, first) = Login::start_with(credentials(Mechanism::ScramSha256, "user", "pencil"), NONCE_256.into());
    assert!(first.ends_with(b"SCRAM-SHA-256") && first[4..8] == [0, 17, 0, 1]);
    assert_eq!(sent(login.step(&handshake(0, &["PLAIN"]))), format!("n,,n=user,r={NONCE_256}"));
    login
}

#[test]
fn the_conversation_of_rfc_7677() {
    let mut login = scram_256();
    assert_eq!(sent(login.step(&token(2, FIRST_256, 0))), FINAL_256);
    assert!(matches!(login.step(&token(3, SERVER_256, 90_000)), Ok(Progress::Done { lifetime_ms: 90_000 })));
}

#[test]
fn sha_512_with_a_name_and_a_password_that_need_care() {
    let known = credentials(Mechanism::ScramSha512, "us=er,1", "pässword");
    for _ in 0..2 {
        // the second login uses the kept derivation
        let (mut login, _) = Login::start_with(Arc::clone(&known), "abcDEF0123".into());
        assert_eq!(sent(login.step(&handshake(0, &[]))), "n,,n=us=3Der=2C1,r=abcDEF0123");
        assert_eq!(sent(login.step(&token(2, FIRST_512, 0))), FINAL_512);
        assert!(matches!(login.step(&token(3, SERVER_512, -1)), Ok(Progress::Done { lifetime_ms: 0 })));
    }
}

#[test]
fn plain_sends_user_and_password_once() {
    let (mut login, _) = Login::start(credentials(Mechanism::Plain, "user", "pencil"));
    assert_eq!(sent(login.step(&handshake(0, &[]))), "\0user\0pencil");
    assert!(matches!(login.step(&token(2, "", 0)), Ok(Progress::Done { lifetime_ms: 0 })));
    assert!(login.step(&token(3, "", 0)).is_err(), "nothing follows the end");
}

#[test]
fn answers_may_come_in_pieces_but_not_too_long() {
    let mut login = scram_256();
    let answer = token(2, FIRST_256, 0);
    for byte in &answer[..answer.len() - 1] {
        assert!(matches!(login.step(&[*byte]), Ok(Progress::More)));
    }
    assert_eq!(sent(login.step(&answer[answer.len() - 1..])), FINAL_256);
    let mut long = token(3, SERVER_256, 0);
    long.push(0);
    assert!(matches!(login.step(&long), Err(LoginError::NotKafka(_))), "a byte is left over");
    assert!(matches!(scram_256().step(&[0x15, 3, 1, 0]), Err(LoginError::NotKafka(_))), "a TLS alert");
    assert!(matches!(scram_256().step(&token(9, FIRST_256, 0)), Err(LoginError::NotKafka(_))), "correlation");
}

#[test]
fn rogue_servers_are_found_out() {
    let salt = "s=W22ZaJ0SNY7soEsUEjb6gQ==";
    let cases = [
        (format!("r=other,{salt},i=4096"), LoginError::Scram("its nonce does not continue ours")),
        (format!("r={NONCE_256},{salt},i=4096"), LoginError::Scram("its nonce does not continue ours")),
        (format!("r={NONCE_256}x,{salt},i=4095"), LoginError::Iterations(4095)),
        (format!("r={NONCE_256}x,{salt},i=1000001"), LoginError::Iterations(1_000_001)),
        (format!("r={NONCE_256}x,{salt},i=-1"), LoginError::Scram("its iteration count is wrong")),
        (format!("r={NONCE_256}x,s=,i=4096"), LoginError::Scram("its salt is wrong")),
        (format!("r={NONCE_256}x,s=!,i=4096"), LoginError::Scram("its salt is wrong")),
        (format!("m=ext,r={NONCE_256}x,{salt},i=4096"), LoginError::Scram("it has no nonce")),
        (String::new(), LoginError::Scram("it has no nonce")),
        ("e=other-error".into(), LoginError::WrongPassword),
    ];
    for (first, expected) in cases {
        assert_eq!(scram_256().step(&token(2, &first, 0)).unwrap_err(), expected, "{first}");
    }
    for (last, expected) in [
        (SERVER_256.replace("v=6", "v=7"), LoginError::ServerSignature),
        ("v=".into(), LoginError::ServerSignature),
        (String::new(), LoginError::Scram("it has no signature")),
        ("e=invalid-proof".into(), LoginError::WrongPassword),
    ] {
        let mut login = scram_256();
        sent(login.step(&token(2, FIRST_256, 0)));
        assert_eq!(login.step(&token(3, &last, 0)).unwrap_err(), expected, "{last}");
    }
}

#[test]
fn a_brokers_words_are_not_repeated() {
    let (mut login, _) = Login::start(credentials(Mechanism::Plain, "user", "pencil"));
    sent(login.step(&handshake(0, &[])));
    let error = login.step(&refusal(2, 58, "no, pencil is wrong")).unwrap_err();
    assert_eq!(error, LoginError::WrongPassword);
    assert!(!format!("{error} {error:?}").contains("pencil"));
    let (mut login, _) = Login::start(credentials(Mechanism::ScramSha512, "user", "pencil"));
    let error = login.step(&handshake(33, &["PLAIN", "pencil", "SCRAM-SHA-256"])).unwrap_err();
    assert_eq!(error, LoginError::Mechanism("SCRAM-SHA-512"));
}

#[test]
fn no_bytes_make_it_panic() {
    let answers = [handshake(0, &["PLAIN"]), token(1, FIRST_256, 5), refusal(1, 58, "text"), handshake(33, &["PLAIN"])];
    for answer in answers {
        for at in 0..answer.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = answer.clone();
                bytes[at] = value;
                let known = credentials(Mechanism::ScramSha256, "user", "pencil");
                let (mut login, _) = Login::start_with(known, NONCE_256.into());
                let mut progress = login.step(&bytes);
                if matches!(progress, Ok(Progress::Send(_))) {
                    bytes[7] = 2;
                    progress = login.step(&bytes);
                }
                assert!(!matches!(progress, Ok(Progress::Done { .. })));
            }
        }
    }
}
