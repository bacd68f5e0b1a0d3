//! The keys that the gate signs its tokens with: the next, the current and the one before.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsBigEndian as _, Curve25519SeedBin};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::GATE_TOKEN_S;
use crate::token::sha256;

/// First byte of the stored form.
const VERSION: u8 = 1;
const SEED: usize = 32;
/// Seed and public key.
const PAIR: usize = 64;

/// Keys of the gate that cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateKeyError {
    /// The system gives no randomness.
    #[error("no key can be made: the system gives no random numbers")]
    Random,
    /// The stored form is damaged or of a later version.
    #[error("the stored signing keys are damaged or of a later version; restore the gate's state, or make new keys")]
    Form,
}

/// The gate's signing keys (Ed25519).
///
/// A key goes through three states, a rotation apart: *next* is published and signs nothing, so that whoever keeps the
/// published keys knows it in time; *current* signs; *previous* only verifies, as long as a token of it may live.
#[derive(Clone)]
pub struct GateKeys {
    next: Key,
    current: Key,
    previous: Option<Retired>,
}

#[derive(Clone)]
struct Key {
    kid: String,
    pair: Arc<Ed25519KeyPair>,
}

#[derive(Clone)]
struct Retired {
    key: Key,
    /// Unix seconds at which it signed last.
    at: u64,
}

impl fmt::Debug for GateKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateKeys").field("current", &self.current.kid).finish_non_exhaustive()
    }
}

impl GateKeys {
    /// New keys. Also the answer to a stolen key: every token of the old ones is dead with them.
    ///
    /// # Errors
    /// [`GateKeyError::Random`]
    pub fn generate() -> Result<GateKeys, GateKeyError> {
        Ok(GateKeys { next: Key::generate()?, current: Key::generate()?, previous: None })
    }

    /// The keys after a rotation at `now_unix`: next becomes current, current becomes previous. Store them, then put them in
    /// force with [`super::GateIssuer::replace_keys`]. Tokens of the old previous key are dead: rotate at most every
    /// [`GATE_TOKEN_S`] seconds, unless that is wanted.
    ///
    /// # Errors
    /// [`GateKeyError::Random`]
    pub fn rotated(&self, now_unix: u64) -> Result<GateKeys, GateKeyError> {
        let previous = Some(Retired { key: self.current.clone(), at: now_unix });
        Ok(GateKeys { next: Key::generate()?, current: self.next.clone(), previous })
    }

    /// The keys as bytes, to be stored wrapped: they are secret.
    ///
    /// # Errors
    /// [`GateKeyError::Form`] if the library does not give a key out, which does not happen.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, GateKeyError> {
        // as long as it will get, so that no copy stays behind where it grew
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + 3 * PAIR + 8));
        bytes.push(VERSION);
        self.next.write(&mut bytes)?;
        self.current.write(&mut bytes)?;
        if let Some(previous) = &self.previous {
            previous.key.write(&mut bytes)?;
            bytes.extend_from_slice(&previous.at.to_be_bytes());
        }
        Ok(bytes)
    }

    /// Reads what [`GateKeys::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`GateKeyError::Form`]
    pub fn from_bytes(bytes: &[u8]) -> Result<GateKeys, GateKeyError> {
        let (version, rest) = bytes.split_first().ok_or(GateKeyError::Form)?;
        if *version != VERSION {
            return Err(GateKeyError::Form);
        }
        let (next, rest) = Key::read(rest)?;
        let (current, rest) = Key::read(rest)?;
        let previous = if rest.is_empty() {
            None
        } else {
            let (key, rest) = Key::read(rest)?;
            let at = rest.try_into().ok().ok_or(GateKeyError::Form)?;
            Some(Retired { key, at: u64::from_be_bytes(at) })
        };
        Ok(GateKeys { next, current, previous })
    }

    /// The public keys (JWKS, RFC 7517) at `now_unix`.
    #[must_use]
    pub fn jwks(&self, now_unix: u64) -> Value {
        let keys: Vec<Value> = self.usable(now_unix).chain([&self.next]).map(Key::jwk).collect();
        json!({ "keys": keys })
    }

    /// Signs with the current key; its id and the signature.
    pub(super) fn sign(&self, message: impl FnOnce(&str) -> String) -> (String, [u8; 64]) {
        let text = message(&self.current.kid);
        let mut signature = [0; 64];
        signature.copy_from_slice(self.current.pair.sign(text.as_bytes()).as_ref());
        (text, signature)
    }

    /// Whether the key of this id made the signature; `None` when there is no such key that may have signed.
    pub(super) fn verify(&self, kid: &str, message: &[u8], signature: &[u8], now_unix: u64) -> Option<bool> {
        let key = self.usable(now_unix).find(|key| key.kid == kid)?;
        Some(UnparsedPublicKey::new(&ED25519, key.pair.public_key().as_ref()).verify(message, signature).is_ok())
    }

    /// The keys that living tokens may be signed with.
    fn usable(&self, now_unix: u64) -> impl Iterator<Item = &Key> {
        let lives = |old: &&Retired| now_unix < old.at.saturating_add(GATE_TOKEN_S);
        self.previous.as_ref().filter(lives).map(|old| &old.key).into_iter().chain([&self.current])
    }
}

impl Key {
    fn generate() -> Result<Key, GateKeyError> {
        Ed25519KeyPair::generate().map(Key::of).ok().ok_or(GateKeyError::Random)
    }

    /// Named by its thumbprint (RFC 7638).
    fn of(pair: Ed25519KeyPair) -> Key {
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        let thumbprint = sha256(&[br#"{"crv":"Ed25519","kty":"OKP","x":""#, x.as_bytes(), br#""}"#]);
        Key { kid: URL_SAFE_NO_PAD.encode(thumbprint), pair: Arc::new(pair) }
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": x })
    }

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), GateKeyError> {
        let seed = self.pair.seed().ok().ok_or(GateKeyError::Form)?;
        let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().ok().ok_or(GateKeyError::Form)?;
        bytes.extend_from_slice(seed.as_ref());
        bytes.extend_from_slice(self.pair.public_key().as_ref());
        Ok(())
    }

    /// A key, checked against its public half, and what comes after it.
    fn read(bytes: &[u8]) -> Result<(Key, &[u8]), GateKeyError> {
        let (pair, rest) = bytes.split_at_checked(PAIR).ok_or(GateKeyError::Form)?;
        let (seed, public) = pair.split_at_checked(SEED).ok_or(GateKeyError::Form)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).ok().ok_or(GateKeyError::Form)?;
        Ok((Key::of(pair), rest))
    }
}
