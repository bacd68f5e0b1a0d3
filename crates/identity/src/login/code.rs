//! The authorization code flow (OpenID Connect Core 1.0, 3.1), with PKCE (RFC 7636) and the check of who answers (RFC 9207).

use std::fmt;
use std::sync::Arc;

use tidegate_model::Caller;
use zeroize::Zeroizing;

use super::metadata::Metadata;
use super::provider::Failed;
use super::refused::{LoginCheck, LoginRefused, refused};
use super::{At, challenge, random};

/// Longest code that is taken to a provider; those of Entra ID have about 1,500 bytes.
const CODE_BYTES_MAX: usize = 4_096;

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
    metadata: Arc<Metadata>,
}

impl fmt::Debug for CodePending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodePending").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl CodePending {
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }
}

pub(super) async fn begin(at: At<'_>, redirect_uri: &str, now: u64) -> Result<CodeBegun, LoginRefused> {
    let metadata = at.provider.metadata(&at.issuer.config, now).await?;
    let Some(mut url) = metadata.authorization.clone() else {
        return refused(
            LoginCheck::Metadata,
            format!("{} has no authorization_endpoint; log in by device flow", at.name()),
        );
    };
    let (state, nonce, verifier) = (random()?, random()?, random()?);
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", at.provider.client_id()),
        ("redirect_uri", redirect_uri),
        ("scope", &at.provider.scope()),
        ("state", state.as_str()),
        ("nonce", nonce.as_str()),
        ("code_challenge", &challenge(&verifier)),
        ("code_challenge_method", "S256"),
    ]);
    let (issuer, redirect_uri) = (at.name().to_owned(), redirect_uri.to_owned());
    let pending = CodePending { state: state.to_string(), issuer, redirect_uri, nonce, verifier, metadata };
    Ok(CodeBegun { url: url.into(), pending })
}

pub(super) async fn finish(
    at: At<'_>,
    pending: CodePending,
    code: &str,
    iss: Option<&str>,
    now: u64,
) -> Result<Caller, LoginRefused> {
    let name = at.name();
    at.provider.check_same(&at.issuer.config, &pending.metadata)?;
    match iss {
        Some(iss) if !at.issuer.config.accepts(iss) => {
            return refused(
                LoginCheck::RedirectIssuer,
                format!("the answer is of another provider than {name}, at which this login began; log in again"),
            );
        }
        None if pending.metadata.names_itself => {
            return refused(
                LoginCheck::RedirectIssuer,
                format!(
                    "the answer does not say that it is of {name} (iss), though {name} always says so; log in again"
                ),
            );
        }
        _ => {}
    }
    if !(1..=CODE_BYTES_MAX).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refused(LoginCheck::Code, "this is no code of a provider; log in again");
    }
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &pending.redirect_uri),
        ("code_verifier", &pending.verifier),
    ];
    let token = at.provider.grant(&pending.metadata, &grant).await.map_err(|failed| match failed {
        Failed::Said(error) => at.provider.refusal(name, &error),
        Failed::NoAnswer(what) => at.provider.no_answer(name, &what),
        Failed::Refused(refused) => refused,
    })?;
    at.id_token(&token, Some(&pending.nonce), now).await
}
