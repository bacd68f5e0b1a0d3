//! An ID token (OpenID Connect Core 1.0, 2 and 3.1.3.7): the checklist of every token, with the gate's client as its audience.

use tidegate_model::{Caller, CallerKind, CredentialKind};

use super::At;
use super::refused::{LoginCheck, LoginRefused, refused};
use crate::check::{self, Check};
use crate::claims::believe_id_token;
use crate::token::{TOKEN_BYTES_MAX, check_critical, check_id_token_type, split};
use crate::verify::{iss, pinned_algorithm};

impl At<'_> {
    /// From the ID token of a login to who logged in. `nonce` is what the login began with.
    pub(super) async fn id_token(&self, token: &str, nonce: Option<&str>, now: u64) -> Result<Caller, LoginRefused> {
        let config = &self.issuer.config;
        if token.len() > TOKEN_BYTES_MAX {
            return Ok(check::refused(Check::Size, format!("longer than {TOKEN_BYTES_MAX} bytes"))?);
        }
        let parts = split(token)?;
        if !iss(&parts.claims)?.is_some_and(|iss| config.accepts(iss)) {
            return Ok(check::refused(Check::Issuer, format!("iss is not that of {}", config.name))?);
        }
        let algorithm = pinned_algorithm(&parts.header, self.issuer)?;
        check_critical(&parts.header)?;
        check_id_token_type(&parts.header, &parts.claims)?;
        self.issuer.check_signature(&parts, algorithm, now).await?;
        if nonce.is_some_and(|nonce| parts.claims.get("nonce").and_then(|value| value.as_str()) != Some(nonce)) {
            return refused(LoginCheck::Nonce, "the ID token is of another login (nonce); log in again");
        }
        let client_id = self.provider.client_id();
        let caller = believe_id_token(token, &parts.claims, config, client_id, CredentialKind::HttpBearer, now)?;
        if caller.kind != CallerKind::User {
            return Ok(check::refused(Check::Subject, "it is of a machine (setting kind), and only people log in")?);
        }
        Ok(caller)
    }
}
