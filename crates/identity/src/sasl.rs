//! The SASL messages that carry a token: OAUTHBEARER (RFC 7628, KIP-255) and PLAIN (RFC 4616).
//!
//! Nothing in them but the token says who is calling. An authorization id is accepted only when it is the token's
//! subject; extensions are checked for form and otherwise left alone.

use std::fmt;

use tidegate_model::Caller;
use zeroize::Zeroizing;

use crate::token::TOKEN_BYTES_MAX;

/// Longest SASL message: the longest token and some room for the rest.
const MESSAGE_BYTES_MAX: usize = TOKEN_BYTES_MAX + 4_096;
const NAME_BYTES_MAX: usize = 1_024;

/// The server's answer to a token that is refused (RFC 7628, 3.2.2). The client replies with one `0x01` byte.
pub const INVALID_TOKEN: &str = r#"{"status":"invalid_token"}"#;

/// A SASL message that is not as its RFC says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaslError {
    /// Longer than any that could be accepted.
    #[error("SASL message is longer than {MESSAGE_BYTES_MAX} bytes")]
    TooLong,
    /// Not as the RFC says; the text names the part.
    #[error("SASL message: {0}")]
    Form(&'static str),
    /// The authorization id is not the token's subject.
    #[error("the authorization id is not the subject of the token; leave it out")]
    OtherIdentity,
}

/// The client's first OAUTHBEARER message.
#[derive(Clone, PartialEq, Eq)]
pub struct OauthBearer {
    /// The bearer token.
    pub token: Zeroizing<String>,
    /// Who the client wants to be; see [`check_authzid`].
    pub authzid: Option<String>,
}

impl fmt::Debug for OauthBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthBearer").field("authzid", &self.authzid).finish_non_exhaustive()
    }
}

/// A PLAIN message.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// Who the client wants to be; see [`check_authzid`].
    pub authzid: Option<String>,
    /// User name.
    pub user: String,
    /// Password; for user `token` the token itself.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").field("authzid", &self.authzid).field("user", &self.user).finish_non_exhaustive()
    }
}

/// Refuses an authorization id that is not the caller's subject; with a gateway token, whose `sub` is `issuer:subject`, that
/// will do as well.
///
/// # Errors
/// [`SaslError::OtherIdentity`]
pub fn check_authzid(authzid: Option<&str>, caller: &Caller) -> Result<(), SaslError> {
    let Some(wanted) = authzid else { return Ok(()) };
    let whole = || wanted.split_once(':') == Some((&caller.issuer, &caller.subject));
    if wanted == caller.subject || (caller.via_gate && whole()) { Ok(()) } else { Err(SaslError::OtherIdentity) }
}

/// Reads `n,[a=authzid],^Aauth=Bearer <token>^A[key=value^A…]^A` (RFC 7628, 3.1).
///
/// # Errors
/// Every deviation, a second `auth`, a token with characters that no token has (RFC 6750, 2.1), a message too long.
pub fn parse_oauthbearer(initial: &[u8]) -> Result<OauthBearer, SaslError> {
    let text = text(initial)?;
    let Some((header, pairs)) = text.split_once('\u{1}') else {
        return Err(SaslError::Form("no 0x01 after the GS2 header"));
    };
    let authzid = gs2_authzid(header)?;
    let Some(pairs) = pairs.strip_suffix("\u{1}\u{1}") else {
        return Err(SaslError::Form("does not end with two 0x01"));
    };
    let mut token = None;
    for pair in pairs.split('\u{1}') {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(SaslError::Form("a pair without ="));
        };
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(SaslError::Form("a key that is not of letters"));
        }
        if value.bytes().any(|byte| byte == 0) {
            return Err(SaslError::Form("a value with a zero byte"));
        }
        if key == "auth" && token.replace(bearer(value)?).is_some() {
            return Err(SaslError::Form("auth stands twice"));
        }
    }
    let token = token.ok_or(SaslError::Form("no auth"))?;
    Ok(OauthBearer { token, authzid })
}

/// Reads `[authzid] NUL user NUL password` (RFC 4616).
///
/// # Errors
/// Every deviation, an empty user or password, a message too long.
pub fn parse_plain(message: &[u8]) -> Result<Plain, SaslError> {
    let text = text(message)?;
    let mut parts = text.split('\0');
    let (Some(authzid), Some(user), Some(password), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SaslError::Form("not three parts with a zero byte between"));
    };
    if user.is_empty() || password.is_empty() {
        return Err(SaslError::Form("an empty user or password"));
    }
    if authzid.len() > NAME_BYTES_MAX || user.len() > NAME_BYTES_MAX {
        return Err(SaslError::TooLong);
    }
    Ok(Plain {
        authzid: (!authzid.is_empty()).then(|| authzid.to_owned()),
        user: user.to_owned(),
        password: Zeroizing::new(password.to_owned()),
    })
}

fn text(message: &[u8]) -> Result<&str, SaslError> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(SaslError::TooLong);
    }
    std::str::from_utf8(message).ok().ok_or(SaslError::Form("not UTF-8"))
}

/// The `a=` of a GS2 header without channel binding: `n,,` or `n,a=name,` (RFC 5801, 4).
fn gs2_authzid(header: &str) -> Result<Option<String>, SaslError> {
    let wrong = SaslError::Form("the GS2 header is neither n,, nor n,a=name,");
    let middle = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,")).ok_or(wrong)?;
    let name = middle.strip_suffix(',').ok_or(wrong)?;
    if name.is_empty() {
        return Ok(None);
    }
    let name = name.strip_prefix("a=").filter(|name| !name.is_empty() && !name.contains(',')).ok_or(wrong)?;
    if name.len() > NAME_BYTES_MAX {
        return Err(SaslError::TooLong);
    }
    // `,` and `=` are written =2C and =3D; no other `=` may stand there
    let mut decoded = String::with_capacity(name.len());
    let mut parts = name.split('=');
    decoded.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (sign, rest) = part
            .strip_prefix("2C")
            .map(|rest| (',', rest))
            .or_else(|| part.strip_prefix("3D").map(|rest| ('=', rest)))
            .ok_or(wrong)?;
        decoded.push(sign);
        decoded.push_str(rest);
    }
    Ok(Some(decoded))
}

fn bearer(value: &str) -> Result<Zeroizing<String>, SaslError> {
    let Some((scheme, token)) = value.split_once(' ') else {
        return Err(SaslError::Form("auth is not \"Bearer\", a space and a token"));
    };
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(SaslError::Form("the scheme of auth is not Bearer"));
    }
    let token = token.trim_start_matches(' ');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(good) {
        return Err(SaslError::Form("the token has characters that no bearer token has"));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send() {
        let java = parse_oauthbearer(b"n,,\x01auth=Bearer a.b-c_d~e+f/g==\x01\x01").unwrap();
        assert_eq!((java.token.as_str(), java.authzid), ("a.b-c_d~e+f/g==", None));
        let extensions =
            parse_oauthbearer(b"n,,\x01auth=bearer t\x01logicalCluster=lkc-1\x01traceId=1=2\x01\x01").unwrap();
        assert_eq!(extensions.token.as_str(), "t");
        let named = parse_oauthbearer(b"n,a=a=2Cb=3Dc,\x01host=h\x01auth=Bearer t\x01\x01").unwrap();
        assert_eq!(named.authzid.as_deref(), Some("a,b=c"));
        let plain = parse_plain(b"\0token\0e30.e30.x").unwrap();
        assert_eq!((plain.authzid, plain.user.as_str(), plain.password.as_str()), (None, "token", "e30.e30.x"));
        assert_eq!(parse_plain(b"ann\0token\0t").unwrap().authzid.as_deref(), Some("ann"));
    }

    #[test]
    fn refuses_everything_else() {
        for message in [
            &b""[..],
            b"n,,",
            b"n,,\x01\x01",
            b"n,,\x01auth=Bearer t\x01",
            b"n,,\x01auth=Bearer t",
            b"auth=Bearer t\x01\x01",
            b"p=tls-unique,,\x01auth=Bearer t\x01\x01",
            b"n,a=,\x01auth=Bearer t\x01\x01",
            b"n,a=x,y,\x01auth=Bearer t\x01\x01",
            b"n,a=x=41,\x01auth=Bearer t\x01\x01",
            b"n,,\x01auth=Basic t\x01\x01",
            b"n,,\x01auth=Bearer\x01\x01",
            b"n,,\x01auth=Bearer \x01\x01",
            b"n,,\x01auth=Bearer a b\x01\x01",
            b"n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01",
            b"n,,\x01host=h\x01\x01",
            b"n,,\x01auth=Bearer t\x01=x\x01\x01",
            b"n,,\x01auth=Bearer t\x01novalue\x01\x01",
            b"n,,\x01auth=Bearer \xff\x01\x01",
        ] {
            assert!(parse_oauthbearer(message).is_err(), "{:?}", String::from_utf8_lossy(message));
        }
        for message in [&b""[..], b"token\0t", b"\0\0t", b"\0token\0", b"\0token\0t\0x", b"\0token\0\xff"] {
            assert!(parse_plain(message).is_err(), "{:?}", String::from_utf8_lossy(message));
        }
        let long = vec![b'a'; MESSAGE_BYTES_MAX + 1];
        assert_eq!(parse_oauthbearer(&long), Err(SaslError::TooLong));
        assert_eq!(parse_plain(&long), Err(SaslError::TooLong));
    }

    #[test]
    fn secrets_are_not_shown() {
        let bearer = parse_oauthbearer(b"n,,\x01auth=Bearer s3cret\x01\x01").unwrap();
        let plain = parse_plain(b"\0token\0s3cret").unwrap();
        assert!(!format!("{bearer:?} {plain:?}").contains("s3cret"));
    }
}
