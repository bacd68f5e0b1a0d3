//! Fetches an issuer's key set from its server or a file: bounded in size and time, never led to another host by a redirect.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, StatusCode, Url, redirect};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use crate::config::{IdentityError, IssuerConfig, check_url, is_loopback};
use crate::json::strict_object;
use crate::keys::KeySet;
use crate::token::Claims;

const BODY_BYTES_MAX: usize = 1 << 20;
const CA_BYTES_MAX: u64 = 1 << 20;
const REDIRECTS_MAX: usize = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const FETCH_TIMEOUT: Duration = Duration::from_secs(8);

/// The client for one issuer's server at `url`.
pub(crate) fn client(config: &IssuerConfig, url: &str) -> Result<Client, IdentityError> {
    build(config, builder(config, url)?.redirect(redirect::Policy::custom(follow)))
}

/// A client for one issuer's server to which a redirect is an answer like any other.
pub(crate) fn client_without_redirects(config: &IssuerConfig) -> Result<Client, IdentityError> {
    build(config, builder(config, &config.metadata_base())?.redirect(redirect::Policy::none()))
}

fn build(config: &IssuerConfig, builder: ClientBuilder) -> Result<Client, IdentityError> {
    builder.build().map_err(|source| IdentityError::Client { issuer: config.name.clone(), source })
}

fn builder(config: &IssuerConfig, url: &str) -> Result<ClientBuilder, IdentityError> {
    let wrong = |field, what: String| IdentityError::Setting { issuer: config.name.clone(), field, what };
    let broken = |source| IdentityError::Client { issuer: config.name.clone(), source };
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(FETCH_TIMEOUT)
        .pool_max_idle_per_host(1)
        .user_agent("tidegate");
    if check_url(url).is_ok_and(|url| is_loopback(&url)) {
        builder = builder.no_proxy();
    }
    if let Some(path) = &config.ca_file {
        let size =
            std::fs::metadata(path).map_err(|error| wrong("ca_file", format!("{}: {error}", path.display())))?.len();
        if size > CA_BYTES_MAX {
            return Err(wrong("ca_file", format!("{} is larger than {CA_BYTES_MAX} bytes", path.display())));
        }
        let pem = std::fs::read(path).map_err(|error| wrong("ca_file", format!("{}: {error}", path.display())))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(broken)?;
        if certificates.is_empty() {
            return Err(wrong("ca_file", format!("{} holds no PEM certificate", path.display())));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let place = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    let same = attempt.previous().first().is_some_and(|first| place(first) == place(attempt.url()));
    if !same {
        attempt.error("redirected to another host")
    } else if attempt.previous().len() > REDIRECTS_MAX {
        attempt.error("too many redirects")
    } else {
        attempt.follow()
    }
}

/// The issuer's key set as it is now. The error is for the operator.
pub(crate) async fn key_set(config: &IssuerConfig, client: &Client) -> Result<KeySet, String> {
    let bytes = match (&config.jwks_file, &config.jwks_url) {
        (Some(file), _) => read(file).await.map_err(|what| format!("{}: {what}", file.display()))?,
        (None, Some(url)) => get(client, url).await?,
        (None, None) => get(client, &discover(config, client).await?).await?,
    };
    KeySet::parse(&bytes, &config.issuer)
}

async fn read(file: &Path) -> Result<Vec<u8>, String> {
    let all = async {
        let mut bytes = Vec::new();
        let most = u64::try_from(BODY_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        tokio::fs::File::open(file).await?.take(most).read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    // a pipe that nobody writes to would hold up all issuers
    match tokio::time::timeout(FETCH_TIMEOUT, all).await {
        Ok(Ok(bytes)) if bytes.len() <= BODY_BYTES_MAX => Ok(bytes),
        Ok(Ok(_)) => Err(format!("more than {BODY_BYTES_MAX} bytes")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("could not be read in time".to_owned()),
    }
}

async fn discover(config: &IssuerConfig, client: &Client) -> Result<String, String> {
    let url = metadata_url(config);
    let document = metadata(config, &url, &get(client, &url).await?)?;
    match document.get("jwks_uri").and_then(Value::as_str) {
        Some(keys) => Ok(keys.to_owned()),
        None => Err(format!("{url}: names no jwks_uri; set jwks_url")),
    }
}

/// Where the issuer's metadata are (OpenID Connect Discovery 1.0, 4).
pub(crate) fn metadata_url(config: &IssuerConfig) -> String {
    format!("{}/.well-known/openid-configuration", config.metadata_base().trim_end_matches('/'))
}

/// The issuer's metadata, fetched from `url`, if they are its own: another's would lead tokens and logins to that other.
pub(crate) fn metadata(config: &IssuerConfig, url: &str, body: &[u8]) -> Result<Claims, String> {
    let found = strict_object(body).map_err(|error| format!("{url}: is no discovery document: {error:?}"))?;
    match found.get("issuer").and_then(Value::as_str) {
        Some(issuer) if issuer == config.issuer => Ok(found),
        Some(other) => {
            let named = crate::check::shown(other);
            Err(format!("{url}: names the issuer {named}, not the configured one; every character counts"))
        }
        None => Err(format!("{url}: is no discovery document: it names no issuer")),
    }
}

/// The body of what is at a URL.
pub(crate) async fn get(client: &Client, url: &str) -> Result<Vec<u8>, String> {
    let place = check_url(url).map_err(|what| format!("{}: {what}", crate::check::shown(url)))?;
    answer(client.get(place), url, BODY_BYTES_MAX).await
}

/// The body of a request's answer, if it is a success and not too long.
pub(crate) async fn answer(request: RequestBuilder, url: &str, bytes_max: usize) -> Result<Vec<u8>, String> {
    let (status, mut body) = receive(request, url, bytes_max).await?;
    if !status.is_success() {
        return Err(format!("{url}: HTTP status {}", status.as_u16()));
    }
    Ok(std::mem::take(&mut *body))
}

/// A request's answer, whatever its status, if it is not too long.
pub(crate) async fn receive(
    request: RequestBuilder,
    url: &str,
    bytes_max: usize,
) -> Result<(StatusCode, Zeroizing<Vec<u8>>), String> {
    let failed = |error: reqwest::Error| format!("{url}: {}", reasons(&error.without_url()));
    let mut response = request.send().await.map_err(failed)?;
    let length = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    // a buffer that grows would leave copies that are not wiped
    let mut body = Zeroizing::new(Vec::with_capacity(length.min(bytes_max)));
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(format!("{url}: more than {bytes_max} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), body))
}

/// An error and what caused it, on one line.
fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
