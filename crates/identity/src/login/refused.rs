//! Why a login is refused, in words that may be shown to the person.

use std::fmt;

use crate::check::{Check, TokenRefused, shown};

/// What stopped a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginCheck {
    /// The issuer is configured, and people may log in there in this way.
    Provider,
    /// The provider answers, in time, with what the protocol says. Another try may help.
    Answer,
    /// Its metadata are its own and have what the login needs (OpenID Connect Discovery 1.0, RFC 8414).
    Metadata,
    /// It takes the gate for its client, and what is asked for. The operator has to mend it.
    Client,
    /// The answer through the browser is of the provider at which the login began (RFC 9207).
    RedirectIssuer,
    /// The code is this login's, and was not used before.
    Code,
    /// The person, or the provider for them, did not refuse.
    Denied,
    /// The login is not over time.
    Expired,
    /// There is an ID token.
    IdToken,
    /// The ID token is this login's.
    Nonce,
    /// The ID token passes the checklist.
    Token(Check),
    /// The system gives random numbers.
    Random,
}

impl LoginCheck {
    /// Short name for logs, metrics and evidence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Answer => "answer",
            Self::Metadata => "metadata",
            Self::Client => "client",
            Self::RedirectIssuer => "redirect-issuer",
            Self::Code => "code",
            Self::Denied => "denied",
            Self::Expired => "expired-login",
            Self::IdToken => "id-token",
            Self::Nonce => "nonce",
            Self::Token(check) => check.name(),
            Self::Random => "random",
        }
    }
}

impl fmt::Display for LoginCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A login that is refused.
///
/// The text may be shown to the person who logs in: it holds no token, code or secret, and of what the provider said at most a
/// shortened value, escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("login refused by check {check}: {detail}")]
pub struct LoginRefused {
    /// What stopped it.
    pub check: LoginCheck,
    /// What was found and what would do.
    pub detail: String,
}

impl From<TokenRefused> for LoginRefused {
    fn from(token: TokenRefused) -> LoginRefused {
        LoginRefused { check: LoginCheck::Token(token.check), detail: format!("the ID token: {}", token.detail) }
    }
}

pub(super) fn refused<T>(check: LoginCheck, detail: impl Into<String>) -> Result<T, LoginRefused> {
    Err(LoginRefused { check, detail: detail.into() })
}

/// A redirect of the provider's with an `error` in place of a code (RFC 6749, 4.1.2.1), in words for the person. What the provider
/// says beside it is not shown: anybody can write such an address.
#[must_use]
pub fn redirect_refused(issuer: &str, error: &str) -> LoginRefused {
    let (check, detail) = match error {
        "access_denied" => (LoginCheck::Denied, format!("the login was refused at {issuer}; log in again")),
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            (LoginCheck::Denied, format!("{issuer} did not ask you to log in; log in again"))
        }
        "server_error" | "temporarily_unavailable" => {
            (LoginCheck::Answer, format!("{issuer} cannot log anybody in now; try again"))
        }
        error => {
            let mend = "who runs the gate: check client_id and scopes of login, and the client there";
            (LoginCheck::Client, format!("{issuer} refuses the gate itself ({}); {mend}", shown(error)))
        }
    };
    LoginRefused { check, detail }
}
