//! The server's side of SCRAM (RFC 5802, RFC 7677): SCRAM-SHA-256 and SCRAM-SHA-512, without channel binding.
//!
//! Text is taken as it is, without SASLprep: names of accounts and the passwords that the gate makes are ASCII, which SASLprep
//! leaves alone. A name of anything else is no account's.

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The longest message of a client; real ones take a tenth of it.
const MESSAGE_BYTES_MAX: usize = 4_096;
const NAME_BYTES_MAX: usize = 1_024;
const NONCE_BYTES_MAX: usize = 512;
/// What RFC 7677 asks for, and what Kafka's own tools take: a password of the gate is random, so that no count of rounds makes
/// it harder to guess.
pub(crate) const ITERATIONS: u32 = 4_096;

/// The hash of a SCRAM mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramHash {
    /// SCRAM-SHA-256
    Sha256,
    /// SCRAM-SHA-512
    Sha512,
}

impl ScramHash {
    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    fn sign(self, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(hmac::sign(&hmac::Key::new(self.hmac(), key), message).as_ref().to_vec())
    }

    fn hash(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.digest(), bytes).as_ref().to_vec()
    }

    pub(crate) fn bytes(self) -> usize {
        self.digest().output_len()
    }
}

/// What a server keeps of a password (RFC 5802, 3): who has it can check a proof, but cannot log in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScramKeys {
    #[serde(with = "as_base64")]
    pub(crate) stored: Vec<u8>,
    #[serde(with = "as_base64")]
    pub(crate) server: Vec<u8>,
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys").finish_non_exhaustive()
    }
}

impl ScramKeys {
    /// Of a password. The slow part of the mechanism, on purpose.
    pub(crate) fn derive(hash: ScramHash, password: &str, salt: &[u8], iterations: u32) -> Self {
        let mut salted = Zeroizing::new(vec![0; hash.bytes()]);
        let rounds = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
        pbkdf2::derive(hash.pbkdf2(), rounds, salt, password.as_bytes(), &mut salted);
        let client = hash.sign(&salted, b"Client Key");
        Self { stored: hash.hash(&client), server: hash.sign(&salted, b"Server Key").to_vec() }
    }

    /// Whether both are of the same password, in constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.stored, &other.stored).is_ok()
    }

    /// Whether who made `proof` over `message` knows the password.
    fn proves(&self, hash: ScramHash, message: &[u8], proof: &[u8]) -> bool {
        let signature = hash.sign(&self.stored, message);
        let client: Zeroizing<Vec<u8>> =
            Zeroizing::new(signature.iter().zip(proof).map(|(sign, proof)| sign ^ proof).collect());
        proof.len() == signature.len()
            && constant_time::verify_slices_are_equal(&hash.hash(&client), &self.stored).is_ok()
    }
}

/// Why a SCRAM exchange ended. [`ScramError::value`] is what RFC 5802 (7) puts behind `e=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// Not as the RFC says; the text names the part.
    #[error("SCRAM message: {0}")]
    Form(&'static str),
    /// An extension that must be understood.
    #[error("SCRAM message: it asks for an extension (m=), and none is understood here")]
    Extension,
    /// The client wants to bind the login to the TLS connection.
    #[error("SCRAM message: channel binding is not supported here; use the mechanism without -PLUS")]
    Binding,
    /// The client-final message says another GS2 header than the client-first message.
    #[error("SCRAM message: c= is not the beginning of the first message")]
    OtherBinding,
    /// The nonce is not the one of this exchange.
    #[error("SCRAM message: the nonce is not the one of this login")]
    OtherNonce,
    /// The authorization id is not the user name.
    #[error("the authorization id is not the user name; leave it out")]
    OtherIdentity,
    /// The password is wrong, or there is no such user: nobody is told which.
    #[error("the user name or the password is wrong")]
    Proof,
    /// The system gives no random bytes.
    #[error("the gate has no randomness for a login")]
    NoRandom,
}

impl ScramError {
    /// The RFC's word for it.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::Form(_) => "invalid-encoding",
            Self::Extension => "extensions-not-supported",
            Self::Binding => "channel-binding-not-supported",
            Self::OtherBinding => "channel-bindings-dont-match",
            Self::OtherNonce | Self::OtherIdentity => "other-error",
            Self::Proof => "invalid-proof",
            Self::NoRandom => "no-resources",
        }
    }
}

/// What a name is asked to prove.
pub(crate) struct Challenge {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    /// The passwords of which one will do; all have the salt and the iterations above.
    pub(crate) keys: Vec<ScramKeys>,
}

/// One exchange, between the client's first and its last message.
pub struct ScramServer {
    hash: ScramHash,
    /// The client's claim; true once [`ScramServer::finish`] says so.
    user: String,
    gs2: String,
    client_first: String,
    server_first: String,
    nonce: String,
    keys: Vec<ScramKeys>,
}

impl fmt::Debug for ScramServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramServer").field("user", &self.user).finish_non_exhaustive()
    }
}

impl ScramServer {
    /// Takes the client-first message and answers with the challenge of the name in it.
    pub(crate) fn start(
        hash: ScramHash,
        message: &[u8],
        challenge: impl FnOnce(&str) -> Challenge,
    ) -> Result<(Self, String), ScramError> {
        let mut random = [0; 24];
        rand::fill(&mut random).map_err(|_unspecified| ScramError::NoRandom)?;
        Self::start_with(hash, message, challenge, &STANDARD.encode(random))
    }

    fn start_with(
        hash: ScramHash,
        message: &[u8],
        challenge: impl FnOnce(&str) -> Challenge,
        our_nonce: &str,
    ) -> Result<(Self, String), ScramError> {
        let ClientFirst { gs2, bare, user, nonce } = client_first(text(message)?)?;
        let Challenge { salt, iterations, keys } = challenge(&user);
        let nonce = format!("{nonce}{our_nonce}");
        let server_first = format!("r={nonce},s={},i={iterations}", STANDARD.encode(salt));
        let gs2 = STANDARD.encode(gs2);
        let server =
            Self { hash, user, gs2, client_first: bare.to_owned(), server_first: server_first.clone(), nonce, keys };
        Ok((server, server_first))
    }

    pub(crate) fn hash(&self) -> ScramHash {
        self.hash
    }

    /// Who the client says that it is.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Takes the client-final message: which of the keys it proves, and the server's own proof for the client.
    pub(crate) fn finish(&self, message: &[u8]) -> Result<(&ScramKeys, String), ScramError> {
        let (without_proof, proof) = text(message)?.rsplit_once(",p=").ok_or(ScramError::Form("it has no proof"))?;
        let mut parts = without_proof.split(',');
        let binding = parts.next().and_then(|part| part.strip_prefix("c=")).ok_or(ScramError::Form("it has no c="))?;
        let nonce = parts.next().and_then(|part| part.strip_prefix("r=")).ok_or(ScramError::Form("it has no nonce"))?;
        if binding != self.gs2 {
            return Err(ScramError::OtherBinding);
        }
        if nonce != self.nonce {
            return Err(ScramError::OtherNonce);
        }
        let proof = STANDARD.decode(proof).ok().ok_or(ScramError::Form("its proof is not base64"))?;
        let message = format!("{},{},{without_proof}", self.client_first, self.server_first);
        let mut proved = None;
        // All are tried, so that the time says nothing about which.
        for keys in &self.keys {
            if keys.proves(self.hash, message.as_bytes(), &proof) {
                proved = Some(keys);
            }
        }
        let keys = proved.ok_or(ScramError::Proof)?;
        let signature = self.hash.sign(&keys.server, message.as_bytes());
        Ok((keys, format!("v={}", STANDARD.encode(&*signature))))
    }
}

struct ClientFirst<'a> {
    gs2: &'a str,
    bare: &'a str,
    user: String,
    nonce: &'a str,
}

/// `n,,n=user,r=nonce` or `n,a=user,n=user,r=nonce`, and extensions that need not be understood.
fn client_first(text: &str) -> Result<ClientFirst<'_>, ScramError> {
    let form = |what| ScramError::Form(what);
    let (flag, rest) = text.split_once(',').ok_or(form("it has no GS2 header"))?;
    match flag {
        // `y`: the client could bind the channel, and has seen that the gate offers no such mechanism. So it does.
        "n" | "y" => {}
        flag if flag.starts_with("p=") => return Err(ScramError::Binding),
        _ => return Err(form("its GS2 header is neither n,, nor n,a=name,")),
    }
    let (authzid, bare) = rest.split_once(',').ok_or(form("it has no GS2 header"))?;
    let gs2 = text.strip_suffix(bare).ok_or(form("it has no GS2 header"))?;
    let mut parts = bare.split(',');
    let first = parts.next().unwrap_or_default();
    if first.starts_with("m=") {
        return Err(ScramError::Extension);
    }
    let user = sasl_name(first.strip_prefix("n=").ok_or(form("it has no user name"))?)?;
    let nonce = parts.next().and_then(|part| part.strip_prefix("r=")).ok_or(form("it has no nonce"))?;
    if nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(form("its nonce is empty, too long or not printable"));
    }
    if !authzid.is_empty() {
        let wanted = authzid.strip_prefix("a=").ok_or(form("its GS2 header is neither n,, nor n,a=name,"))?;
        if sasl_name(wanted)? != user {
            return Err(ScramError::OtherIdentity);
        }
    }
    Ok(ClientFirst { gs2, bare, user, nonce })
}

/// `,` and `=` are written `=2C` and `=3D`; no other `=` may stand there.
fn sasl_name(text: &str) -> Result<String, ScramError> {
    let wrong = ScramError::Form("its user name is empty, too long or badly escaped");
    if text.is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(wrong);
    }
    let mut parts = text.split('=');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(wrong),
        };
        name.push(sign);
        name.push_str(rest);
    }
    Ok(name)
}

fn text(message: &[u8]) -> Result<&str, ScramError> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(ScramError::Form("it is longer than any login needs"));
    }
    std::str::from_utf8(message).ok().ok_or(ScramError::Form("it is not UTF-8"))
}

/// Bytes as base64 text in what is kept.
pub(crate) mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(|_decode| de::Error::custom("a value is not base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, 3: user `user`, password `pencil`.
    const FIRST_256: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const OUR_NONCE_256: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const CHALLENGE_256: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const FINAL_256: &str =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SERVER_256: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    /// Computed with Python's hashlib; user `us=er,1`, password `pässword`.
    const FINAL_512: &str = "c=biws,r=abcDEF0123serverNONCE!,p=1nFKz+6ydMtGdod2dfT2v2sbB4+S0pOa1XzpzcD2FqpBLvKwQfoh9oe3TEYBLERFULX7E+CPMGpjdSprZuNYlQ==";
    const SERVER_512: &str =
        "v=YFmB8tSN97DNmdS6TTN+0kNCCrvLKCdLHKnjq6Czcv9wSgQRFKtN1WztxTenSg3vuIS7egwDauytQ9Bb5Q0JvQ==";

    fn challenge(hash: ScramHash, passwords: &[&str], salt: &[u8], iterations: u32) -> Challenge {
        let keys = passwords.iter().map(|password| ScramKeys::derive(hash, password, salt, iterations)).collect();
        Challenge { salt: salt.to_vec(), iterations, keys }
    }

    fn rfc_7677(first: &[u8], passwords: &[&str]) -> Result<(ScramServer, String), ScramError> {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let asked = |user: &str| {
            assert_eq!(user, "user");
            challenge(ScramHash::Sha256, passwords, &salt, 4096)
        };
        ScramServer::start_with(ScramHash::Sha256, first, asked, OUR_NONCE_256)
    }

    #[test]
    fn the_conversation_of_rfc_7677() {
        let (server, told) = rfc_7677(FIRST_256, &["pencil"]).unwrap();
        assert_eq!(told, CHALLENGE_256);
        assert_eq!(server.finish(FINAL_256.as_bytes()).unwrap().1, SERVER_256);
        assert_eq!(server.user(), "user");
    }

    #[test]
    fn sha_512_with_a_name_that_needs_care() {
        let asked = |user: &str| {
            assert_eq!(user, "us=er,1");
            challenge(ScramHash::Sha512, &["pässword"], b"0123456789abcdef", 8192)
        };
        let first = b"n,,n=us=3Der=2C1,r=abcDEF0123";
        let (server, told) = ScramServer::start_with(ScramHash::Sha512, first, asked, "serverNONCE!").unwrap();
        assert_eq!(told, "r=abcDEF0123serverNONCE!,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=8192");
        assert_eq!(server.finish(FINAL_512.as_bytes()).unwrap().1, SERVER_512);
    }

    #[test]
    fn either_of_two_passwords_will_do_and_the_proof_says_which() {
        for passwords in [["pencil", "other"], ["other", "pencil"]] {
            let (server, _) = rfc_7677(FIRST_256, &passwords).unwrap();
            let (keys, answer) = server.finish(FINAL_256.as_bytes()).unwrap();
            assert_eq!(answer, SERVER_256);
            let at = passwords.iter().position(|password| *password == "pencil").unwrap();
            assert_eq!(keys, &server.keys[at]);
        }
    }

    #[test]
    fn a_wrong_proof_and_a_proof_of_another_exchange_are_refused() {
        for passwords in [&["pen"][..], &[]] {
            let (server, _) = rfc_7677(FIRST_256, passwords).unwrap();
            assert_eq!(server.finish(FINAL_256.as_bytes()).unwrap_err(), ScramError::Proof);
        }
        let (server, _) = rfc_7677(FIRST_256, &["pencil"]).unwrap();
        for (proof, error) in [
            ("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVU=", ScramError::Proof),
            ("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndQ==", ScramError::Proof),
            ("", ScramError::Proof),
            ("!!", ScramError::Form("its proof is not base64")),
        ] {
            let nonce = &server.nonce;
            assert_eq!(server.finish(format!("c=biws,r={nonce},p={proof}").as_bytes()).unwrap_err(), error, "{proof}");
        }
        // What another conversation of the same user left behind.
        let (server, _) = ScramServer::start_with(
            ScramHash::Sha256,
            FIRST_256,
            |_| challenge(ScramHash::Sha256, &["pencil"], b"salt", 4096),
            "another",
        )
        .unwrap();
        assert_eq!(server.finish(FINAL_256.as_bytes()).unwrap_err(), ScramError::OtherNonce);
    }

    #[test]
    fn nonces_differ() {
        let ask = || {
            let none = |_: &str| Challenge { salt: vec![1], iterations: 4096, keys: Vec::new() };
            ScramServer::start(ScramHash::Sha256, FIRST_256, none).unwrap().1
        };
        let (one, other) = (ask(), ask());
        assert!(one.starts_with("r=rOprNGfwEbeRWgbNEkqO") && one.len() > CHALLENGE_256.len() - 40);
        assert_ne!(one, other);
    }

    #[test]
    fn first_messages_are_taken_only_as_the_rfc_says() {
        let start = |first: &[u8]| rfc_7677(first, &["pencil"]).map(|(server, _)| server.gs2);
        assert_eq!(start(b"n,,n=user,r=x").unwrap(), "biws");
        assert_eq!(start(b"y,,n=user,r=x").unwrap(), "eSws");
        assert_eq!(start(b"n,a=user,n=user,r=x,tokenauth=true").unwrap(), STANDARD.encode("n,a=user,"));
        for (first, error) in [
            (&b"p=tls-exporter,,n=user,r=x"[..], ScramError::Binding),
            (b"n,,m=ext,n=user,r=x", ScramError::Extension),
            (b"n,a=other,n=user,r=x", ScramError::OtherIdentity),
        ] {
            assert_eq!(start(first).unwrap_err(), error);
        }
        let long = format!("n,,n=user,r={}", "x".repeat(NONCE_BYTES_MAX + 1));
        let long_name = format!("n,,n={},r=x", "x".repeat(NAME_BYTES_MAX + 1));
        let huge = "x".repeat(MESSAGE_BYTES_MAX + 1);
        for first in [
            &b""[..],
            b"n",
            b"n,",
            b"n,,",
            b"x,,n=user,r=x",
            b"n,user,n=user,r=x",
            b"n,,n=,r=x",
            b"n,,n=user",
            b"n,,n=user,r=",
            b"n,,r=x,n=user",
            b"n,,n=us=er,r=x",
            b"n,,n=us=2cer,r=x",
            b"n,,n=us\0er,r=x",
            b"n,,n=user,r=x\x7f",
            b"n,,n=\xff,r=x",
            long.as_bytes(),
            long_name.as_bytes(),
            huge.as_bytes(),
        ] {
            assert!(matches!(start(first), Err(ScramError::Form(_))), "{:?}", String::from_utf8_lossy(first));
        }
    }

    #[test]
    fn last_messages_are_taken_only_as_the_rfc_says() {
        let (server, _) = rfc_7677(b"y,,n=user,r=rOprNGfwEbeRWgbNEkqO", &["pencil"]).unwrap();
        assert_eq!(server.finish(FINAL_256.as_bytes()).unwrap_err(), ScramError::OtherBinding);
        for message in [&b""[..], b"p=x", b"c=eSws", b"c=eSws,p=x", b"r=x,c=eSws,p=x", b"c=eSws,r=\xff,p=x"] {
            assert!(matches!(server.finish(message), Err(ScramError::Form(_))), "{message:?}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let (server, _) = rfc_7677(FIRST_256, &["pencil"]).unwrap();
        let keys = format!("{:?}", server.keys[0].stored);
        let shown = format!("{server:?} {:?}", server.keys);
        assert!(!shown.contains(&keys) && shown.contains("user"), "{shown}");
    }
}
