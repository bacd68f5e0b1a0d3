//! The key of a login: it proves that whoever asks for a token is the program that logged in. It never leaves this machine.

use std::fmt;

use anyhow::{Context as _, Result};
use aws_lc_rs::encoding::{AsBigEndian as _, Curve25519SeedBin};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::cli::evidence::time;
use crate::secrets::random_word;

/// Seed of a key and its public half.
const SEED: usize = 32;
const NONCE: usize = 16;

/// A device key (Ed25519).
pub(crate) struct DeviceKey(Ed25519KeyPair);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKey").finish_non_exhaustive()
    }
}

impl DeviceKey {
    /// # Errors
    /// The system gives no random numbers.
    pub(crate) fn generate() -> Result<DeviceKey> {
        Ok(DeviceKey(
            Ed25519KeyPair::generate().ok().context("no key can be made: the system gives no random numbers")?,
        ))
    }

    /// The public half, for the gate.
    pub(crate) fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    /// The key as text, which is secret.
    ///
    /// # Errors
    /// The library does not give it out, which does not happen.
    pub(crate) fn to_text(&self) -> Result<Zeroizing<String>> {
        let seed = self.0.seed().ok().context("the key cannot be read")?;
        let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().ok().context("the key cannot be read")?;
        let bytes = Zeroizing::new([seed.as_ref(), self.0.public_key().as_ref()].concat());
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes)))
    }

    /// Reads what [`DeviceKey::to_text`] gave, and checks it against its public half.
    pub(crate) fn from_text(text: &str) -> Option<DeviceKey> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (seed, public) = bytes.split_at_checked(SEED)?;
        Ed25519KeyPair::from_seed_and_public_key(seed, public).ok().map(DeviceKey)
    }

    /// A signature over the lines of a message.
    pub(crate) fn proof(&self, lines: &[&str]) -> String {
        URL_SAFE_NO_PAD.encode(self.0.sign(lines.join("\n").as_bytes()))
    }

    /// What proves that this login asks: the body of a request about `session`, good once and for a minute. `what` names the
    /// request, `gate` is the gate's own address, so that no other gate can use it.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(crate) fn request(&self, what: &str, gate: &str, session: &str, audience: Option<&str>) -> Result<Value> {
        let at = time::now_ms() / 1000;
        let nonce = random_word::<NONCE>()?;
        let title = format!("tidegate {what} v1");
        let proof = self.proof(&[&title, gate, session, audience.unwrap_or(""), &at.to_string(), &nonce]);
        let mut body = json!({ "session": session, "at": at, "nonce": nonce, "proof": proof });
        if let (Some(audience), Some(body)) = (audience, body.as_object_mut()) {
            body.insert("audience".into(), audience.into());
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_key_outlives_its_text_and_signs_what_the_gate_expects() {
        let key = DeviceKey::generate().unwrap();
        let text = key.to_text().unwrap();
        let again = DeviceKey::from_text(&text).unwrap();
        assert_eq!(again.public(), key.public());
        let body = again.request("token", "https://gate", "s1", Some("kafka")).unwrap();
        let part = |name: &str| body.get(name).and_then(Value::as_str).unwrap().to_owned();
        let message = format!("tidegate token v1\nhttps://gate\ns1\nkafka\n{}\n{}", body["at"], part("nonce"));
        let public = URL_SAFE_NO_PAD.decode(key.public()).unwrap();
        let proof = URL_SAFE_NO_PAD.decode(part("proof")).unwrap();
        UnparsedPublicKey::new(&ED25519, public).verify(message.as_bytes(), &proof).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(part("nonce")).unwrap().len(), 16);
        assert!(!format!("{key:?}").contains(&*text));
    }

    #[test]
    fn damaged_keys_are_none() {
        let text = DeviceKey::generate().unwrap().to_text().unwrap();
        let other = DeviceKey::generate().unwrap().to_text().unwrap();
        let mixed = format!("{}{}", text.get(..42).unwrap(), other.get(42..).unwrap());
        for damaged in ["", "x", text.get(1..).unwrap(), mixed.as_str()] {
            assert!(DeviceKey::from_text(damaged).is_none(), "{}", damaged.len());
        }
    }
}
