//! What a device signs to ask for something of its login: the request in words, with the time and a number used once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Seconds by which a device's clock may differ.
const SKEW_S: u64 = 60;
/// Requests of one login within two minutes. Each client asks every four minutes; a login has some dozens at most.
const OF_ONE_LOGIN_MAX: usize = 240;
/// Logins whose numbers are remembered at once.
const LOGINS_MAX: usize = 50_000;

/// A request of a device about its login.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proven {
    /// The login's id.
    pub(super) session: String,
    /// For tokens: what the token is for.
    #[serde(default)]
    pub(super) audience: String,
    at: u64,
    nonce: String,
    proof: String,
}

/// Whether the device signed these words.
pub(super) fn signed(device_key: &[u8; 32], words: &str, proof: &str) -> bool {
    let signature = URL_SAFE_NO_PAD.decode(proof).unwrap_or_default();
    UnparsedPublicKey::new(&ED25519, device_key).verify(words.as_bytes(), &signature).is_ok()
}

/// Numbers that were used, login by login: who asks too often holds up nobody else.
#[derive(Default)]
pub(super) struct Nonces(Mutex<HashMap<String, HashMap<[u8; 16], u64>>>);

/// Why a request is not taken; safe to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unproven {
    /// It is not the device's, or not fresh.
    Wrong(&'static str),
    /// The login asks too often.
    TooMany,
}

impl Nonces {
    /// Checks a request for `what` at the gate of this URL.
    ///
    /// # Errors
    /// The reason, safe to show.
    pub(super) fn check(
        &self,
        asked: &Proven,
        (what, url): (&str, &str),
        device_key: &[u8; 32],
        now_s: u64,
    ) -> Result<(), Unproven> {
        let Proven { session, audience, at, nonce, proof } = asked;
        let words = format!("tidegate {what} v1\n{url}\n{session}\n{audience}\n{at}\n{nonce}");
        if !signed(device_key, &words, proof) {
            return Err(Unproven::Wrong("the proof is not of the device that logged in here; log in again"));
        }
        if at.abs_diff(now_s) > SKEW_S {
            return Err(Unproven::Wrong("the device's clock differs from the gate's by more than a minute; set it"));
        }
        let Some(nonce) = URL_SAFE_NO_PAD.decode(nonce).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()) else {
            return Err(Unproven::Wrong("the nonce is not 16 bytes in base64url"));
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= LOGINS_MAX && !all.contains_key(session) {
            all.retain(|_, used| used.values().any(|until| now_s <= *until));
            if all.len() >= LOGINS_MAX {
                return Err(Unproven::TooMany);
            }
        }
        let used = all.entry(session.clone()).or_default();
        if used.contains_key(&nonce) {
            return Err(Unproven::Wrong("this request was made before; each needs a nonce of its own"));
        }
        if used.len() >= OF_ONE_LOGIN_MAX {
            used.retain(|_, until| now_s <= *until);
            if used.len() >= OF_ONE_LOGIN_MAX {
                return Err(Unproven::TooMany);
            }
        }
        // For as long as the same request could pass the clock's check.
        used.insert(nonce, at.saturating_add(SKEW_S));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    const URL: &str = "https://gate.example";

    fn asked(pair: &Ed25519KeyPair, what: &str, at: u64, number: u8) -> Proven {
        let nonce = URL_SAFE_NO_PAD.encode([number; 16]);
        let words = format!("tidegate {what} v1\n{URL}\nsid\nkafka\n{at}\n{nonce}");
        let proof = URL_SAFE_NO_PAD.encode(pair.sign(words.as_bytes()));
        Proven { session: "sid".into(), audience: "kafka".into(), at, nonce, proof }
    }

    #[test]
    fn a_proof_counts_once_in_time_for_one_thing_at_one_gate_and_from_one_device() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
        let nonces = Nonces::default();
        let check = |asked: &Proven, what: &str, url: &str, now: u64| match nonces.check(asked, (what, url), &key, now)
        {
            Ok(()) => Ok(()),
            Err(Unproven::Wrong(why)) => Err(why),
            Err(Unproven::TooMany) => Err("too many"),
        };
        let token = |at, number| asked(&pair, "token", at, number);
        assert_eq!(check(&token(1_000, 1), "token", URL, 1_000), Ok(()));
        assert!(check(&token(1_000, 1), "token", URL, 1_000).unwrap_err().contains("made before"));
        assert!(
            check(&token(1_000, 1), "token", URL, 1_060).unwrap_err().contains("made before"),
            "while it could pass"
        );
        assert!(check(&token(1_000, 2), "token", URL, 1_061).unwrap_err().contains("clock"));
        assert!(check(&token(1_000, 2), "token", URL, 939).unwrap_err().contains("clock"));
        assert!(check(&token(1_000, 2), "logout", URL, 1_000).unwrap_err().contains("proof"));
        assert!(check(&token(1_000, 2), "token", "https://other.example", 1_000).unwrap_err().contains("proof"));
        let mut other = token(1_000, 2);
        other.audience = "control".into();
        assert!(check(&other, "token", URL, 1_000).unwrap_err().contains("proof"));
        let stranger = Ed25519KeyPair::generate().unwrap();
        assert!(check(&asked(&stranger, "token", 1_000, 3), "token", URL, 1_000).unwrap_err().contains("proof"));
        assert_eq!(check(&token(1_000, 2), "token", URL, 1_000), Ok(()), "what was refused has used nothing up");
        for number in 3..=240 {
            assert_eq!(check(&token(1_000, number), "token", URL, 1_000), Ok(()));
        }
        assert_eq!(check(&token(1_000, 241), "token", URL, 1_000), Err("too many"));
        assert_eq!(check(&token(1_061, 241), "token", URL, 1_061), Ok(()), "the old ones are out of time");
    }
}
