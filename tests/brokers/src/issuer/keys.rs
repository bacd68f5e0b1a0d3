//! Signing keys and their public halves as JWK (RFC 7517, RFC 7518).

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::cache::hex;
use crate::kafka::random;

/// Signature algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA 2048 with SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// The name in JOSE headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Es256 => "ES256",
        }
    }
}

/// A private key with its id.
#[derive(Debug)]
pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) algorithm: Algorithm,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    pub(super) fn generate(algorithm: Algorithm) -> Result<SigningKey> {
        let pair = match algorithm {
            Algorithm::Rs256 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).context("cannot make an RSA key")?),
            Algorithm::Es256 => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("cannot make an EC key")?)
            }
        };
        Ok(SigningKey { id: hex(&random::<8>()?), algorithm, pair })
    }

    pub(super) fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).context("cannot sign")?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&random, text).context("cannot sign")?.as_ref().to_vec()),
        }
    }

    /// The public key as an entry of a JWKS.
    pub(super) fn jwk(&self) -> Result<Value> {
        let mut key = json!({ "kid": self.id, "use": "sig", "alg": self.algorithm.name() });
        let parts = match &self.pair {
            Pair::Rsa(pair) => {
                let (modulus, exponent) = rsa_parts(pair.public_key().as_ref())?;
                json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent) })
            }
            Pair::Ec(pair) => {
                // An uncompressed point: 4, then x and y of 32 bytes each.
                let [4, point @ ..] = pair.public_key().as_ref() else { bail!("not an uncompressed point") };
                let (x, y) = point.split_at_checked(32).context("not a point of P-256")?;
                json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
            }
        };
        if let (Some(key), Value::Object(parts)) = (key.as_object_mut(), parts) {
            key.extend(parts);
        }
        Ok(key)
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017, A.1.1): a sequence of two integers.
fn rsa_parts(der: &[u8]) -> Result<(&[u8], &[u8])> {
    let (content, _) = element(der, 0x30)?;
    let (modulus, rest) = element(content, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    // DER puts a zero in front of a number whose highest bit is set; JWK does not.
    Ok((modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent))
}

/// Splits the first DER element off: its content and what follows it.
fn element(der: &[u8], tag: u8) -> Result<(&[u8], &[u8])> {
    let (length, rest) = match der {
        [found, 0x82, high, low, rest @ ..] if *found == tag => (usize::from(*high) << 8 | usize::from(*low), rest),
        [found, 0x81, length, rest @ ..] if *found == tag => (usize::from(*length), rest),
        [found, length @ 0..=0x7f, rest @ ..] if *found == tag => (usize::from(*length), rest),
        _ => bail!("not the expected DER element"),
    };
    rest.split_at_checked(length).context("a DER element is cut off")
}
