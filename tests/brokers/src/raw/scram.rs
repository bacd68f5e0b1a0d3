//! The client's side of SCRAM (RFC 5802, RFC 7677), for logins by the thousand.

use std::num::NonZeroU32;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{LoginAnswer, Raw};
use crate::cache::hex;
use crate::kafka::random;

/// A user and his password. The slow part of the mechanism is done once for a salt, as the RFC allows (5.1), so that a server is
/// not measured together with its client.
#[derive(Debug)]
pub struct Scram {
    hash: Hash,
    user: String,
    password: String,
    salted: Mutex<Option<Salted>>,
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha256,
    Sha512,
}

#[derive(Clone, Debug)]
struct Salted {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    password: Vec<u8>,
}

impl Scram {
    /// For `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    ///
    /// # Errors
    /// It is another mechanism.
    pub fn new(mechanism: &str, user: &str, password: &str) -> Result<Scram> {
        let hash = match mechanism {
            "SCRAM-SHA-256" => Hash::Sha256,
            "SCRAM-SHA-512" => Hash::Sha512,
            other => bail!("{other} is not known here"),
        };
        Ok(Scram { hash, user: user.to_owned(), password: password.to_owned(), salted: Mutex::default() })
    }

    /// Logs in. The server's own proof is not looked at.
    ///
    /// # Errors
    /// When the connection ends, or what the server sends is not SCRAM.
    pub fn login(&self, raw: &mut Raw) -> Result<LoginAnswer> {
        raw.handshake(self.hash.mechanism())?;
        let nonce = hex(&random::<16>()?);
        let client_first = format!("n={},r={nonce}", self.user);
        let challenge = raw.authenticate(format!("n,,{client_first}").as_bytes())?;
        if challenge.error != 0 {
            return Ok(challenge);
        }
        let server_first = String::from_utf8(challenge.bytes).context("the challenge is no text")?;
        let part = |name: &str| {
            let found = server_first.split(',').find_map(|part| part.strip_prefix(name));
            found.with_context(|| format!("the challenge has no {name}"))
        };
        let (nonce_of_both, salt) = (part("r=")?, STANDARD.decode(part("s=")?).context("the salt is not base64")?);
        ensure!(nonce_of_both.starts_with(&nonce), "the challenge is another's");
        let iterations = part("i=")?.parse().context("the iterations are no number")?;
        let without_proof = format!("c=biws,r={nonce_of_both}");
        let message = format!("{client_first},{server_first},{without_proof}");
        let key = self.hash.sign(&self.salted(salt, iterations)?, b"Client Key");
        let stored = digest::digest(self.hash.digest(), &key);
        let signature = self.hash.sign(stored.as_ref(), message.as_bytes());
        let proof: Vec<u8> = key.iter().zip(&signature).map(|(key, signature)| key ^ signature).collect();
        raw.authenticate(format!("{without_proof},p={}", STANDARD.encode(proof)).as_bytes())
    }

    fn salted(&self, salt: Vec<u8>, iterations: NonZeroU32) -> Result<Vec<u8>> {
        let Ok(mut known) = self.salted.lock() else { bail!("another thread failed while it made a key") };
        if let Some(known) = known.as_ref().filter(|known| known.salt == salt && known.iterations == iterations) {
            return Ok(known.password.clone());
        }
        let mut password = vec![0; self.hash.digest().output_len()];
        pbkdf2::derive(self.hash.pbkdf2(), iterations, &salt, self.password.as_bytes(), &mut password);
        *known = Some(Salted { salt, iterations, password: password.clone() });
        Ok(password)
    }
}

impl Hash {
    fn mechanism(self) -> &'static str {
        match self {
            Hash::Sha256 => "SCRAM-SHA-256",
            Hash::Sha512 => "SCRAM-SHA-512",
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha512 => &digest::SHA512,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    fn sign(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
    }
}
