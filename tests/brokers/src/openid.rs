//! A client of any OpenID provider: what it publishes, tokens for machines and people, introspection, revocation.

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::browser::{Browser, Page, Person};
use crate::kafka::random;

/// A client that a provider knows.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// Its `client_id`.
    pub id: &'a str,
    /// Its secret; a public client has none.
    pub secret: Option<&'a str>,
}

impl Client<'_> {
    /// Lines for `gateway.toml`, right after those of an `[[issuer]]`, with which people log in there by this client.
    #[must_use]
    pub fn login_config(&self, scopes: &[&str]) -> String {
        let secret = self.secret.map(|secret| format!("client_secret = {{ command = [\"printf\", {secret:?}] }}\n"));
        let secret = secret.unwrap_or_default();
        format!("[issuer.login]\nclient_id = {:?}\n{secret}scopes = {scopes:?}\n", self.id)
    }
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A provider, by its discovery document (OpenID Connect Discovery 1.0, 4).
#[derive(Clone, Debug)]
pub struct OpenId {
    /// The document.
    pub document: Value,
}

/// Proof Key for Code Exchange (RFC 7636): a verifier and its S256 challenge.
struct Pkce {
    verifier: String,
    challenge: String,
}

impl Pkce {
    fn new() -> Result<Pkce> {
        let verifier = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        Ok(Pkce { verifier, challenge })
    }
}

impl OpenId {
    /// Reads the discovery document of an issuer.
    ///
    /// # Errors
    /// When there is none, or it is another issuer's.
    pub fn discover(issuer: &str) -> Result<OpenId> {
        let document = Browser::new()?.get(&format!("{issuer}/.well-known/openid-configuration"))?.ok()?.json()?;
        ensure!(document.get("issuer").and_then(Value::as_str) == Some(issuer), "{issuer} calls itself otherwise");
        Ok(OpenId { document })
    }

    /// An address of the document, such as `token_endpoint`.
    ///
    /// # Errors
    /// When the provider has no such endpoint.
    pub fn endpoint(&self, name: &str) -> Result<&str> {
        self.document.get(name).and_then(Value::as_str).with_context(|| format!("the provider has no {name}"))
    }

    /// A machine's access token: client credentials (RFC 6749, 4.4). `more` are further parameters.
    ///
    /// # Errors
    /// When the provider refuses.
    pub fn client_credentials(&self, client: Client<'_>, more: &[(&str, &str)]) -> Result<String> {
        let fields = [&[("grant_type", "client_credentials")], more].concat();
        access_token(&self.post(&mut Browser::new()?, "token_endpoint", client, &fields)?.ok()?)
    }

    /// A person's access token: device flow (RFC 8628) with PKCE, approved in `browser`.
    ///
    /// # Errors
    /// When the provider refuses, or the person does not get through its pages.
    pub fn device_login(
        &self,
        browser: &mut Browser,
        client: Client<'_>,
        person: Person<'_>,
        more: &[(&str, &str)],
    ) -> Result<String> {
        let pkce = Pkce::new()?;
        let asked = [("scope", "openid"), ("code_challenge", &*pkce.challenge), ("code_challenge_method", "S256")];
        let asked = [&asked, more].concat();
        let answer = self.post(browser, "device_authorization_endpoint", client, &asked)?.ok()?.json()?;
        let said =
            |name: &str| answer.get(name).and_then(Value::as_str).with_context(|| format!("the answer has no {name}"));
        let last = browser.walk_through(said("verification_uri_complete")?, person)?;
        let grant = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", said("device_code")?),
            ("code_verifier", &pkce.verifier),
        ];
        let answer = self.post(browser, "token_endpoint", client, &grant)?.ok();
        access_token(&answer.with_context(|| format!("the last page was {}: {}", last.url, last.excerpt()))?)
    }

    /// A person's access token: authorization code (RFC 6749, 4.1) with PKCE, through `browser` to the client's `redirect`, at
    /// which nobody has to listen.
    ///
    /// # Errors
    /// When the provider refuses, or the person does not get through its pages.
    pub fn code_login(
        &self,
        browser: &mut Browser,
        client: Client<'_>,
        person: Person<'_>,
        redirect: &str,
    ) -> Result<String> {
        let (pkce, state) = (Pkce::new()?, URL_SAFE_NO_PAD.encode(random::<16>()?));
        let mut url = Url::parse(self.endpoint("authorization_endpoint")?).context("not an address")?;
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", client.id),
            ("redirect_uri", redirect),
            ("scope", "openid"),
            ("state", &state),
            ("code_challenge", &pkce.challenge),
            ("code_challenge_method", "S256"),
        ]);
        let reached = browser.walk_to(url.as_str(), person, redirect)?;
        let said =
            |name: &str| reached.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned());
        ensure!(said("state").as_ref() == Some(&state), "the provider answered with another state");
        let code = said("code").with_context(|| format!("no code: {:?}", said("error")))?;
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", redirect),
            ("code_verifier", &pkce.verifier),
        ];
        access_token(&self.post(browser, "token_endpoint", client, &grant)?.ok()?)
    }

    /// What the provider says about a token (RFC 7662).
    ///
    /// # Errors
    /// When the provider refuses the client.
    pub fn introspect(&self, client: Client<'_>, token: &str) -> Result<Value> {
        self.post(&mut Browser::new()?, "introspection_endpoint", client, &[("token", token)])?.ok()?.json()
    }

    /// Revokes a token (RFC 7009).
    ///
    /// # Errors
    /// When the provider refuses the client.
    pub fn revoke(&self, client: Client<'_>, token: &str) -> Result<()> {
        self.post(&mut Browser::new()?, "revocation_endpoint", client, &[("token", token)])?.ok().map(drop)
    }

    /// A POST to an endpoint as a client: a secret goes into the Authorization header, a public client names itself.
    fn post(&self, browser: &mut Browser, endpoint: &str, client: Client<'_>, fields: &[(&str, &str)]) -> Result<Page> {
        let Some(secret) = client.secret else {
            return browser.post(self.endpoint(endpoint)?, &[&[("client_id", client.id)], fields].concat());
        };
        let body = crate::browser::encode(fields);
        browser.ask(Method::POST, self.endpoint(endpoint)?, |request| {
            let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            request.basic_auth(client.id, Some(secret)).body(body)
        })
    }
}

/// The access token of a token endpoint's answer, which no error may quote.
fn access_token(page: &Page) -> Result<String> {
    let answer: Value = serde_json::from_str(&page.body).ok().context("the token endpoint's answer is no JSON")?;
    let token = answer.get("access_token").and_then(Value::as_str).context("the answer has no access_token")?;
    Ok(token.to_owned())
}
