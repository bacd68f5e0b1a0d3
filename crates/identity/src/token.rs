//! A token taken apart (RFC 7515, 7519), and the checks of its header. Nothing in it is believed here.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::check::{Check, TokenRefused, refused, shown};
use crate::config::IssuerConfig;
use crate::json::{JsonError, strict_object};

/// Longest token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 16 * 1_024;
const KID_BYTES_MAX: usize = 256;
/// Longest subject, client, token id or session.
pub(crate) const SUBJECT_BYTES_MAX: usize = 512;

pub(crate) type Claims = Map<String, Value>;

/// The parts of a token before anything is believed.
pub(crate) struct Parts<'a> {
    pub(crate) header: Claims,
    pub(crate) claims: Claims,
    pub(crate) signed: &'a str,
    pub(crate) signature: &'a str,
}

/// Header and claims of a token (RFC 7519) as its sender wrote them: nothing is verified, nothing may be believed.
#[derive(Clone, PartialEq)]
pub struct Unverified {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").finish_non_exhaustive()
    }
}

/// Takes a token apart, for `tidegate token inspect`.
///
/// # Errors
/// The first of [`Check::Size`], [`Check::Form`] and [`Check::DuplicateNames`] that fails.
pub fn look(token: &str) -> Result<Unverified, TokenRefused> {
    if token.len() > TOKEN_BYTES_MAX {
        return refused(Check::Size, format!("longer than {TOKEN_BYTES_MAX} bytes"));
    }
    split(token).map(|parts| Unverified { header: parts.header, claims: parts.claims })
}

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Takes a token apart.
pub(crate) fn split(token: &str) -> Result<Parts<'_>, TokenRefused> {
    let form = |what: &str| TokenRefused { check: Check::Form, detail: what.to_owned() };
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| form("a JWT has three parts"))?;
    let (header, claims) = signed.split_once('.').ok_or_else(|| form("a JWT has three parts"))?;
    if claims.contains('.') {
        return Err(form("a JWT has three parts; an encrypted token (JWE) is not accepted"));
    }
    let object = |name: &str, part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok().ok_or_else(|| form(&format!("the {name} is not base64url")))?;
        strict_object(&bytes).map_err(|error| match error {
            JsonError::Form => form(&format!("the {name} is no JSON object")),
            JsonError::Twice => {
                TokenRefused { check: Check::DuplicateNames, detail: format!("a name stands twice in the {name}") }
            }
        })
    };
    Ok(Parts { header: object("header", header)?, claims: object("claims", claims)?, signed, signature })
}

pub(crate) fn check_critical(header: &Claims) -> Result<(), TokenRefused> {
    match header.get("crit") {
        Some(_) => refused(Check::Critical, "the header has crit; no such extension is understood here"),
        None => Ok(()),
    }
}

/// `jku`, `jwk`, `x5u` and `x5c` in the header are never looked at: only `kid` chooses among the issuer's keys.
pub(crate) fn kid(header: &Claims) -> Result<Option<&str>, TokenRefused> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if kid.len() <= KID_BYTES_MAX => Ok(Some(kid)),
        Some(_) => refused(Check::Key, format!("kid is no text of at most {KID_BYTES_MAX} bytes")),
    }
}

pub(crate) fn check_type(header: &Claims, claims: &Claims, config: &IssuerConfig) -> Result<(), TokenRefused> {
    let name = match header.get("typ") {
        None => String::new(),
        Some(Value::String(name)) => name.to_ascii_lowercase(),
        Some(_) => return refused(Check::Type, "typ is no text"),
    };
    let name = name.strip_prefix("application/").unwrap_or(&name);
    let is_svid = name == "jose" && config.trust_domain().is_some();
    if !matches!(name, "" | "jwt" | "at+jwt") && !is_svid {
        return refused(Check::Type, format!("typ {} is neither at+jwt nor JWT", shown(name)));
    }
    if claims.contains_key("cnf") {
        return refused(Check::Type, "the token is bound to a key (cnf), which this listener cannot check");
    }
    let says = claims.get("typ").and_then(Value::as_str).unwrap_or_default();
    if claims.contains_key("events") || ["Refresh", "Offline", "Logout"].contains(&says) {
        return refused(Check::Type, "a logout, event or refresh token is no access token");
    }
    let id_token = name != "at+jwt"
        && (says == "ID" || ["nonce", "at_hash", "c_hash", "s_hash"].iter().any(|claim| claims.contains_key(*claim)));
    if id_token && !config.accept_id_token {
        return refused(Check::Type, "an ID token; send the access token, or set accept_id_token for this issuer");
    }
    Ok(())
}

/// What a login ends with: an ID token, which nobody takes for an access token.
pub(crate) fn check_id_token_type(header: &Claims, claims: &Claims) -> Result<(), TokenRefused> {
    let name = match header.get("typ") {
        None => String::new(),
        Some(Value::String(name)) => name.to_ascii_lowercase(),
        Some(_) => return refused(Check::Type, "typ is no text"),
    };
    if !matches!(name.strip_prefix("application/").unwrap_or(&name), "" | "jwt") {
        return refused(Check::Type, format!("typ {} is not that of an ID token", shown(&name)));
    }
    // Keycloak says in a claim which of its tokens it is
    if claims.contains_key("events") || claims.get("typ").is_some_and(|says| says != "ID") {
        return refused(Check::Type, "an access, logout, event or refresh token is no ID token");
    }
    if claims.contains_key("cnf") {
        return refused(Check::Type, "the token is bound to a key (cnf), which a login cannot check");
    }
    Ok(())
}

/// A NumericDate (RFC 7519, 2), whole seconds.
pub(crate) fn seconds(claims: &Claims, name: &str) -> Result<Option<u64>, ()> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Ok(Some(whole)),
            (None, Some(real)) if (0.0..1e15).contains(&real) => {
                format!("{:.0}", real.floor()).parse().ok().map(Some).ok_or(())
            }
            _ => Err(()),
        },
        Some(_) => Err(()),
    }
}

/// A claim by its whole name, else by a path with dots, where `\.` is a dot within a name.
pub(crate) fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let mut steps = steps(path).into_iter();
    let first = claims.get(&steps.next()?)?;
    steps.try_fold(first, |value, step| value.as_object()?.get(&step))
}

/// The steps of a path.
pub(crate) fn steps(path: &str) -> Vec<String> {
    // no claim's name has a zero byte in a configuration file
    path.replace(r"\.", "\0").split('.').map(|step| step.replace('\0', ".")).collect()
}

/// A claim that is a short text.
pub(crate) fn short_text(claims: &Claims, name: &str) -> Option<String> {
    claims.get(name).and_then(Value::as_str).filter(|text| is_name(text, SUBJECT_BYTES_MAX)).map(str::to_owned)
}

/// Whether it may stand as a name: not empty, not too long, without control characters.
pub(crate) fn is_name(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
}
