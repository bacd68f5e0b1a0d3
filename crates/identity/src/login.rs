//! Logging people in with OpenID Connect: authorization code flow with PKCE (Core 1.0, 3.1; RFC 7636, 9207) and device flow
//! (RFC 8628).
//!
//! Who it is comes from the ID token alone, which passes the checklist of every other token. Access and refresh tokens of the
//! provider are dropped unread.

mod refused;

use std::fmt;
use std::sync::Arc;

use tidegate_model::Caller;
use zeroize::Zeroizing;

pub use refused::{LoginCheck, LoginRefused};

use crate::verify::Issuers;
use refused::refused;

/// A login that goes on in the browser.
#[derive(Debug)]
pub struct CodeBegun {
    /// Where the browser is sent: the provider's authorization endpoint.
    pub url: String,
    /// What finishes it.
    pub pending: CodePending,
}

/// A login by code whose answer has not come. It is finished once, by whoever brings the code to the gate.
pub struct CodePending {
    /// What the provider's answer has to carry as `state`; whoever receives the answer finds the login by it.
    pub state: String,
    issuer: String,
    redirect_uri: String,
    nonce: Zeroizing<String>,
    verifier: Zeroizing<String>,
}

impl fmt::Debug for CodePending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodePending").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A login for which the person types a code at the provider.
#[derive(Debug)]
pub struct DeviceBegun {
    /// What the person types, printable ASCII.
    pub user_code: String,
    /// Where, `https` (`http` only on a loopback host).
    pub verification_uri: String,
    /// The same with the code in it, if the provider has such an address.
    pub verification_uri_complete: Option<String>,
    /// Seconds between two calls of [`Issuers::poll_device`].
    pub interval_s: u64,
    /// Unix seconds at which the login is over.
    pub expires_at: u64,
    /// What finishes it.
    pub pending: DevicePending,
}

/// A login by device flow that the person has not finished.
pub struct DevicePending {
    issuer: String,
    expires_at: u64,
}

impl fmt::Debug for DevicePending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevicePending").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// How a login by device flow stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DevicePoll {
    /// The person has not finished.
    Pending {
        /// Seconds until the next question is worth it; grows when the provider says so. Earlier ones are answered without asking
        /// it.
        interval_s: u64,
    },
    /// The person has logged in.
    Done(Arc<Caller>),
}

impl Issuers {
    /// Names of the issuers at which people can log in, and whether by device flow too.
    #[must_use]
    pub fn logins(&self) -> Vec<(String, bool)> {
        self.login_configs().map(|(name, login)| (name.to_owned(), login.device)).collect()
    }

    /// Begins a login at an issuer, by its configured name. `redirect_uri` is where the provider sends the browser back to; it has
    /// to be registered there.
    ///
    /// # Errors
    /// No such login is configured; the provider's metadata cannot be had or do not do.
    pub async fn begin_code(&self, issuer: &str, redirect_uri: &str, now_unix: u64) -> Result<CodeBegun, LoginRefused> {
        let _ = (issuer, redirect_uri, now_unix);
        refused(LoginCheck::Provider, "not there yet")
    }

    /// Finishes a login with the `code` of the provider's answer, and its `iss` if there was one (RFC 9207). The caller's own
    /// `expires_at` is that of the ID token, which is short; how long the login lasts is for the gate to say.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn finish_code(
        &self,
        pending: CodePending,
        code: &str,
        iss: Option<&str>,
        now_unix: u64,
    ) -> Result<Arc<Caller>, LoginRefused> {
        let _ = (pending.redirect_uri, pending.nonce, pending.verifier, code, iss, now_unix);
        refused(LoginCheck::Provider, "not there yet")
    }

    /// Begins a login by device flow.
    ///
    /// # Errors
    /// No such login is configured; the provider has no device flow, or refuses.
    pub async fn begin_device(&self, issuer: &str, now_unix: u64) -> Result<DeviceBegun, LoginRefused> {
        let _ = (issuer, now_unix);
        refused(LoginCheck::Provider, "not there yet")
    }

    /// Asks the provider whether the person has finished, unless it was asked less than the interval ago.
    ///
    /// # Errors
    /// The login is over: refused, expired, finished before, or the first check of the ID token that fails.
    pub async fn poll_device(&self, pending: &mut DevicePending, now_unix: u64) -> Result<DevicePoll, LoginRefused> {
        let _ = (pending.expires_at, now_unix);
        refused(LoginCheck::Provider, "not there yet")
    }
}

/// A redirect of the provider's with an `error` in place of a code (RFC 6749, 4.1.2.1), in words for the person. What the provider
/// says beside it is not shown: anybody can write such an address.
#[must_use]
pub fn redirect_refused(issuer: &str, error: &str) -> LoginRefused {
    let _ = error;
    LoginRefused { check: LoginCheck::Denied, detail: format!("{issuer} did not log you in; log in again") }
}
