//! The checklist that a token has to pass, one variant per check, in the order in which they are made.

use std::fmt;

macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A check that a token has to pass. `tidegate token inspect` names the first that fails.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Check { $($(#[$doc])* $variant,)* }

        impl Check {
            /// Every check, in the order in which they are made.
            pub const ALL: &'static [Check] = &[$(Check::$variant,)*];

            /// Short name for logs, metrics and evidence.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Check::$variant => $name,)* }
            }
        }
    };
}

checks! {
    /// At most 16 KiB.
    Size = "size",
    /// Three base64url parts; header and claims are JSON objects (RFC 7515, 7519).
    Form = "form",
    /// No name stands twice in header or claims.
    DuplicateNames = "duplicate-names",
    /// `iss` is exactly that of a configured issuer.
    Issuer = "issuer",
    /// `alg` is one of the issuer's, all asymmetric; never `none`, never HMAC.
    Algorithm = "algorithm",
    /// No `crit`: no extension is understood here.
    Critical = "critical",
    /// An access token (`at+jwt`, RFC 9068, or `JWT`), not an ID, refresh or logout token, not bound to a key.
    Type = "type",
    /// The issuer's keys are known and not older than 24 hours.
    KeysAvailable = "keys-available",
    /// A key of the issuer fits `kid`, `alg` and its own `use`.
    Key = "key",
    /// The signature is right.
    Signature = "signature",
    /// `aud` contains a configured audience.
    Audience = "audience",
    /// With several audiences, or where the issuer lists them, `azp` or `client_id` is one of the listed.
    AuthorizedParty = "authorized-party",
    /// `exp` is there and not past.
    Expiry = "expiry",
    /// `nbf` is not in the future.
    NotBefore = "not-before",
    /// `iat` is not in the future.
    IssuedAt = "issued-at",
    /// The token's whole life is within the issuer's cap.
    Lifetime = "lifetime",
    /// The tenant is one of the issuer's; claims that the configuration requires have one of the listed values.
    RequiredClaims = "required-claims",
    /// `sub` is there and not empty, or the claim that names people instead.
    Subject = "subject",
    /// Groups are a list of at most 2,000 names.
    Groups = "groups",
    /// Where the issuer is asked: it says that the token is active (RFC 7662). Of an opaque token this is the first check.
    Active = "active",
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A token that is not accepted.
///
/// The text is safe to log: of the token it holds at most a shortened claim value or key id, escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("token refused by check {check}: {detail}")]
pub struct TokenRefused {
    /// The first check that failed.
    pub check: Check,
    /// What was found and what would do.
    pub detail: String,
}

pub(crate) fn refused<T>(check: Check, detail: impl Into<String>) -> Result<T, TokenRefused> {
    Err(TokenRefused { check, detail: detail.into() })
}

/// A value from outside, escaped and cut, for a message.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    format!("{short:?}")
}
