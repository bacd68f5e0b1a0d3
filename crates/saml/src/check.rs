//! Why a response is refused, one word per check, in the order in which they are made.

use std::fmt;

macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A check that a response has to pass.
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
    /// The login was begun here, by this browser, a short while ago.
    Pending = "pending",
    /// At most 256 KiB, within the limits of depth and number.
    Size = "size",
    /// Base64 of well-formed XML 1.0 in UTF-8.
    Form = "form",
    /// No document type, comment, processing instruction, CDATA or entity of its own.
    Markup = "markup",
    /// The identity provider says that the login succeeded.
    Status = "status",
    /// Nothing is encrypted.
    Encrypted = "encrypted",
    /// No identifier stands twice.
    DuplicateId = "duplicate-id",
    /// One response with one assertion, every element and signature in its place.
    Shape = "shape",
    /// The response or the assertion is signed.
    Unsigned = "unsigned",
    /// RSA with SHA-256, -384 or -512, exclusive canonicalization, and nothing else.
    Algorithm = "algorithm",
    /// A certificate in the response is one that is configured.
    Certificate = "certificate",
    /// The signature is right and covers what is read.
    Signature = "signature",
    /// The issuer is the configured identity provider.
    Issuer = "issuer",
    /// `Destination` is this gate.
    Destination = "destination",
    /// `InResponseTo` is the request of this login, in the response and in the assertion.
    Request = "request",
    /// The bearer of the assertion is confirmed for this gate (`Recipient`).
    Recipient = "recipient",
    /// `Audience` is this gate.
    Audience = "audience",
    /// `NotBefore`, `NotOnOrAfter` and `SessionNotOnOrAfter` hold now.
    Time = "time",
    /// No condition that is not understood.
    Condition = "condition",
    /// The assertion was not used before, and there is room to remember it.
    Replay = "replay",
    /// Two readers of the response see the same, and a verified signature covers it.
    Agreement = "agreement",
    /// There is a subject of the configured kind.
    Subject = "subject",
    /// Groups are at most 2,000 names.
    Groups = "groups",
    /// Anything else that the library refuses.
    Other = "other",
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A response that is not accepted.
///
/// The text is safe to log: of the response it holds at most a shortened name or address, escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SAML response refused by check {check}: {detail}")]
pub struct SamlRefused {
    /// The first check that failed.
    pub check: Check,
    /// What was found and what would do.
    pub detail: String,
}

pub(crate) fn refused<T>(check: Check, detail: impl Into<String>) -> Result<T, SamlRefused> {
    Err(SamlRefused { check, detail: detail.into() })
}

/// A value from outside, escaped and cut, for a message.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    format!("{short:?}")
}
