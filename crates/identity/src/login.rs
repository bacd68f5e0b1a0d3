//! Logging people in with OpenID Connect: authorization code flow with PKCE (Core 1.0, 3.1; RFC 7636, 9207) and device flow
//! (RFC 8628).
//!
//! Who it is comes from the ID token alone, which passes the checklist of every other token. Access and refresh tokens of the
//! provider are dropped unread. What the person is told never quotes the provider; where it is asked stands in the log.

mod code;
mod device;
mod id_token;
mod metadata;
mod provider;
mod refused;

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tidegate_model::Caller;
use zeroize::Zeroizing;

pub use code::{CodeBegun, CodePending};
pub use device::{DeviceBegun, DevicePending, DevicePoll};
pub(crate) use provider::LoginProvider;
pub use refused::{LoginCheck, LoginRefused, redirect_refused};

use crate::check::shown;
use crate::config::LoginConfig;
use crate::issuer::Issuer;
use crate::token::sha256;
use crate::verify::Issuers;
use refused::refused;

/// An issuer and what people log in at it with.
#[derive(Clone, Copy)]
struct At<'a> {
    issuer: &'a Issuer,
    provider: &'a LoginProvider,
}

impl At<'_> {
    fn name(&self) -> &str {
        &self.issuer.config.name
    }
}

impl Issuers {
    /// Names of the issuers at which people can log in, and whether by device flow too.
    #[must_use]
    pub fn logins(&self) -> Vec<(String, bool)> {
        self.with_login().map(|(issuer, login)| (issuer.config.name.clone(), login.device)).collect()
    }

    /// Begins a login at an issuer, by its configured name. `redirect_uri` is where the provider sends the browser back to; it has
    /// to be registered there.
    ///
    /// # Errors
    /// No such login is configured; the provider's metadata cannot be had or do not do.
    pub async fn begin_code(&self, issuer: &str, redirect_uri: &str, now_unix: u64) -> Result<CodeBegun, LoginRefused> {
        code::begin(self.at(issuer)?, redirect_uri, now_unix).await
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
        code::finish(self.at(pending.issuer())?, pending, code, iss, now_unix).await.map(Arc::new)
    }

    /// Begins a login by device flow.
    ///
    /// # Errors
    /// No such login is configured; the provider has no device flow, or refuses.
    pub async fn begin_device(&self, issuer: &str, now_unix: u64) -> Result<DeviceBegun, LoginRefused> {
        device::begin(self.at(issuer)?, now_unix).await
    }

    /// Asks the provider whether the person has finished, unless it was asked less than the interval ago.
    ///
    /// # Errors
    /// The login is over: refused, expired, finished before, or the first check of the ID token that fails.
    pub async fn poll_device(&self, pending: &mut DevicePending, now_unix: u64) -> Result<DevicePoll, LoginRefused> {
        let at = self.at(pending.issuer())?;
        device::poll(at, pending, now_unix).await
    }

    fn with_login(&self) -> impl Iterator<Item = (&Issuer, &LoginConfig)> {
        self.all().iter().filter_map(|issuer| Some((issuer, issuer.config.login.as_ref()?)))
    }

    fn at(&self, name: &str) -> Result<At<'_>, LoginRefused> {
        let issuer = self.all().iter().find(|issuer| issuer.config.name == name);
        match issuer.and_then(|issuer| Some(At { issuer, provider: issuer.login.as_ref()? })) {
            Some(at) => Ok(at),
            None => {
                let others: Vec<String> = self.logins().into_iter().map(|(name, _)| name).collect();
                let mend = if others.is_empty() {
                    "nobody can log in at any issuer of this gate".to_owned()
                } else {
                    format!("use one of: {}", others.join(", "))
                };
                refused(LoginCheck::Provider, format!("people do not log in at {} here; {mend}", shown(name)))
            }
        }
    }
}

/// 32 random bytes as text: for `state`, `nonce` and the PKCE verifier (RFC 7636, 4.1).
fn random() -> Result<Zeroizing<String>, LoginRefused> {
    let mut bytes = Zeroizing::new([0; 32]);
    match rand::fill(bytes.as_mut_slice()) {
        Ok(()) => Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))),
        Err(_) => refused(LoginCheck::Random, "the system gives no random numbers; no login can begin"),
    }
}

/// The PKCE challenge of a verifier, S256 (RFC 7636, 4.2).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(&[verifier.as_bytes()]))
}
