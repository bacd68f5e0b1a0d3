//! An issuer's key set (JWKS, RFC 7517): which keys are usable and which one fits a token.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::config::TENANT_ID;
use crate::spiffe::SPIFFE;

const KEYS_MAX: usize = 100;
const RSA_BITS_MIN: usize = 2_048;
const RSA_BITS_MAX: usize = 8_192;
/// Keys of one `kid` that are tried.
const TRIED_MAX: usize = 4;

const RSA: &[Algorithm] =
    &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// The usable keys of an issuer.
#[derive(Default)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
    /// The same for the same keys, in whatever order they came.
    pub(crate) fingerprint: BTreeSet<String>,
    /// Why keys were left out; shown to the operator.
    pub(crate) left_out: Vec<String>,
}

struct Key {
    kid: Option<String>,
    /// The algorithms that the key may be used with, by its type, curve and `alg`.
    fits: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Entra ID: the issuer that the key signs for.
    issuer: Option<String>,
}

impl KeySet {
    /// Reads the key set of an issuer. A key that cannot be used is left out, it does not spoil the others.
    pub(crate) fn parse(bytes: &[u8], issuer: &str) -> Result<KeySet, String> {
        let raw: RawSet = serde_json::from_slice(bytes).map_err(|error| format!("the key set is no JWKS: {error}"))?;
        if raw.keys.len() > KEYS_MAX {
            return Err(format!("the key set has more than {KEYS_MAX} keys"));
        }
        let mut set = KeySet::default();
        let is_trust_domain = issuer.starts_with(SPIFFE);
        for (index, value) in raw.keys.into_iter().enumerate() {
            if is_trust_domain && value.get("use").and_then(Value::as_str) == Some("x509-svid") {
                // a trust bundle has the authorities of certificates as well
                continue;
            }
            let fingerprint = value.to_string();
            match serde_json::from_value(value).ok().ok_or("is no JWK").and_then(|raw| read_key(raw, issuer)) {
                Ok(key) => {
                    set.keys.push(key);
                    set.fingerprint.insert(fingerprint);
                }
                Err(why) => set.left_out.push(format!("key {index} {why}")),
            }
        }
        Ok(set)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys that a token with this header may be signed with. Without a `kid` there has to be exactly one.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
        let fitting = self.keys.iter().filter(|key| key.fits.contains(&algorithm));
        let found: Vec<DecodingKey> = match kid {
            Some(kid) => fitting
                .filter(|key| key.kid.as_deref() == Some(kid))
                .take(TRIED_MAX)
                .map(|key| key.key.clone())
                .collect(),
            None => fitting.map(|key| key.key.clone()).collect(),
        };
        if kid.is_none() && found.len() > 1 { Vec::new() } else { found }
    }
}

fn read_key(raw: RawKey, issuer: &str) -> Result<Key, &'static str> {
    if raw.issuer.as_ref().is_some_and(|own| !signs_for(own, issuer)) {
        return Err("is of another issuer");
    }
    // in a trust bundle the use is needed (SPIFFE Trust Domain and Bundle, 4.2.2)
    let good_use = match (raw.usage.as_deref(), issuer.starts_with(SPIFFE)) {
        (usage, true) => usage == Some("jwt-svid"),
        (usage, false) => usage.is_none_or(|usage| usage == "sig"),
    };
    if !good_use {
        return Err("is not for signatures of tokens");
    }
    if raw.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
        return Err("is not for verifying");
    }
    let (x, y) = (raw.x.as_deref().unwrap_or_default(), raw.y.as_deref().unwrap_or_default());
    let (mut fits, key) = match (raw.kty.as_str(), raw.crv.as_deref()) {
        ("RSA", _) => (RSA.to_vec(), rsa(raw.n.as_deref(), raw.e.as_deref())?),
        ("EC", Some("P-256")) => (vec![Algorithm::ES256], ec(x, y, 32)?),
        ("EC", Some("P-384")) => (vec![Algorithm::ES384], ec(x, y, 48)?),
        ("OKP", Some("Ed25519")) => (vec![Algorithm::EdDSA], ed25519(x)?),
        ("oct", _) => return Err("is symmetric"),
        _ => return Err("is of a type that is not known here"),
    };
    if let Some(name) = &raw.alg {
        // RFC 9864 calls EdDSA over Ed25519 by the curve's name
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        let only = crate::config::algorithm(name).ok_or("is for an algorithm that is not known here")?;
        fits.retain(|algorithm| *algorithm == only);
    }
    if fits.is_empty() {
        return Err("names an algorithm that its type does not have");
    }
    Ok(Key { kid: raw.kid, fits, key })
}

/// Whether a key's own `issuer`, in which `{tenantid}` stands for any tenant, is this issuer.
fn signs_for(own: &str, issuer: &str) -> bool {
    let of_tenant = |(before, after)| issuer.strip_prefix(before).is_some_and(|rest: &str| rest.ends_with(after));
    own == issuer || own.split_once(TENANT_ID).is_some_and(of_tenant)
}

fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok().ok_or("has a number that is not base64url")
}

fn rsa(n: Option<&str>, e: Option<&str>) -> Result<DecodingKey, &'static str> {
    let (n, e) = n.zip(e).ok_or("lacks n or e")?;
    let (n, e) = (decode(n)?, decode(e)?);
    let modulus = n.get(n.iter().take_while(|byte| **byte == 0).count()..).unwrap_or_default();
    let bits =
        modulus.first().map_or(0, |first| modulus.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0));
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err("is RSA of less than 2048 or more than 8192 bits");
    }
    if e.is_empty() || e.len() > 8 {
        return Err("has a strange exponent");
    }
    Ok(DecodingKey::from_rsa_raw_components(modulus, &e))
}

fn ec(x: &str, y: &str, bytes: usize) -> Result<DecodingKey, &'static str> {
    if decode(x)?.len() != bytes || decode(y)?.len() != bytes {
        return Err("has coordinates of the wrong length");
    }
    DecodingKey::from_ec_components(x, y).ok().ok_or("is no point")
}

fn ed25519(x: &str) -> Result<DecodingKey, &'static str> {
    if decode(x)?.len() != 32 {
        return Err("has a key of the wrong length");
    }
    DecodingKey::from_ed_components(x).ok().ok_or("is no point")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://login.example/t-1/v2.0";
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn set(keys: &[String]) -> KeySet {
        KeySet::parse(format!("{{\"keys\":[{}]}}", keys.join(",")).as_bytes(), ISSUER).unwrap()
    }

    fn rsa_key(more: &str) -> String {
        format!(r#"{{"kty":"RSA","n":"{N}","e":"AQAB"{more}}}"#)
    }

    #[test]
    fn a_key_is_chosen_by_kid_type_algorithm_and_use() {
        let keys = set(&[
            rsa_key(r#","kid":"a""#),
            rsa_key(r#","kid":"b","alg":"RS256""#),
            rsa_key(r#","kid":"c","use":"enc""#),
            rsa_key(r#","kid":"d","key_ops":["sign"]"#),
            rsa_key(r#","kid":"e","alg":"ES256""#),
            rsa_key(r#","kid":"f","alg":"HS256""#),
            r#"{"kty":"oct","k":"c2VjcmV0","kid":"g"}"#.to_owned(),
        ]);
        let found = |kid, algorithm| keys.find(kid, algorithm).len();
        assert_eq!((keys.len(), keys.left_out.len()), (2, 5));
        assert_eq!(found(Some("a"), Algorithm::PS512), 1);
        assert_eq!(found(Some("a"), Algorithm::ES256), 0);
        assert_eq!(found(Some("a"), Algorithm::HS256), 0);
        assert_eq!(found(Some("b"), Algorithm::RS256), 1);
        assert_eq!(found(Some("b"), Algorithm::RS384), 0);
        for kid in ["c", "d", "e", "f", "g", "z", ""] {
            assert_eq!(found(Some(kid), Algorithm::RS256), 0, "{kid}");
        }
        assert_eq!(found(None, Algorithm::RS256), 0, "two would do");
        assert_eq!(found(None, Algorithm::RS384), 1);
    }

    #[test]
    fn a_key_that_says_whose_it_is_signs_for_nobody_else() {
        let key = |issuer: &str| set(&[rsa_key(&format!(r#","issuer":"{issuer}""#))]).len();
        assert_eq!(key("https://login.example/{tenantid}/v2.0"), 1);
        assert_eq!(key(ISSUER), 1);
        for other in [
            "https://login.example/t-2/v2.0",
            "https://login.example/{tenantid}/",
            "https://evil.example/{tenantid}/v2.0",
            "",
        ] {
            assert_eq!(key(other), 0, "{other}");
        }
    }

    #[test]
    fn weak_and_broken_keys_are_left_out() {
        let short = N.get(..340).unwrap();
        for key in [
            format!(r#"{{"kty":"RSA","n":"{short}","e":"AQAB"}}"#),
            format!(r#"{{"kty":"RSA","n":"{N}"}}"#),
            format!(r#"{{"kty":"RSA","n":"{N}","e":""}}"#),
            r#"{"kty":"RSA","n":"!","e":"AQAB"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-521","x":"AQAB","y":"AQAB"}"#.to_owned(),
            r#"{"kty":"OKP","crv":"Ed25519","x":"AQAB"}"#.to_owned(),
            r#"{"kty":1}"#.to_owned(),
            "7".to_owned(),
        ] {
            let keys = set(&[key, rsa_key("")]);
            assert_eq!((keys.len(), keys.left_out.len()), (1, 1));
        }
        assert!(KeySet::parse(b"{}", ISSUER).is_err());
        assert!(KeySet::parse(b"", ISSUER).is_err());
    }
}
