//! Settings of logging people in.

use serde::Deserialize;

use super::SecretSource;

/// The scope that makes a login one of OpenID Connect: without it there is no ID token.
const OPENID: &str = "openid";
/// Would give a token that outlives the login; the gate keeps none.
const OFFLINE: &str = "offline_access";

/// Logging people in at an issuer (OpenID Connect Core 1.0).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginConfig {
    /// The client that the issuer knows the gate as. It has to allow the authorization code flow with PKCE, to the address
    /// `/login/callback` under the gate's own URL.
    pub client_id: String,
    /// The client's secret, where it is not a public client. A file has to be closed to others; of a command what it prints is
    /// taken.
    #[serde(default)]
    pub client_secret: Option<SecretSource>,
    /// The scopes that are asked for, `openid` among them; some issuers put groups into the ID token only for one more, such as
    /// `groups`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Whether people may log in by device flow (RFC 8628) as well: for terminals on machines without a browser.
    #[serde(default = "yes")]
    pub device: bool,
}

fn default_scopes() -> Vec<String> {
    ["openid"].map(str::to_owned).to_vec()
}

fn yes() -> bool {
    true
}

impl LoginConfig {
    /// The setting that is wrong, and what would do.
    pub(crate) fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        if self.client_id.is_empty() || self.client_id.contains(char::is_control) {
            return Err(("login.client_id", "name the client that the issuer knows the gate as"));
        }
        if !self.scopes.iter().any(|scope| scope == OPENID) {
            return Err(("login.scopes", "openid has to be among them; without it the issuer gives no ID token"));
        }
        if self.scopes.iter().any(|scope| scope == OFFLINE) {
            return Err(("login.scopes", "leave offline_access out; the gate keeps no refresh token"));
        }
        if !self.scopes.iter().all(|scope| is_scope(scope)) {
            return Err(("login.scopes", "list the scopes one by one, without blanks, quotes and backslashes"));
        }
        Ok(())
    }
}

/// A scope-token (RFC 6749, 3.3).
fn is_scope(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
