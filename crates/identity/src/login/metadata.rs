//! What a provider says of itself (OpenID Connect Discovery 1.0; RFC 8414), as far as a login needs it.

use reqwest::Url;
use serde_json::Value;

use crate::config::{IssuerConfig, check_url, is_loopback};
use crate::token::Claims;

const URL_BYTES_MAX: usize = 2_048;

/// What is used of the metadata. They are the configured issuer's own: that was checked when they were fetched.
pub(super) struct Metadata {
    /// The issuer as it was configured then.
    pub(super) issuer: String,
    pub(super) authorization: Option<Url>,
    pub(super) token: Url,
    pub(super) device: Option<Url>,
    /// Whether the client's secret goes into the Authorization header; else into the body (RFC 6749, 2.3.1).
    pub(super) basic: bool,
    /// Whether every answer through the browser says whose it is (RFC 9207).
    pub(super) names_itself: bool,
    loopback: bool,
}

impl Metadata {
    /// Takes what is needed. The error is for the operator.
    pub(super) fn read(document: &Claims, config: &IssuerConfig, with_secret: bool) -> Result<Metadata, String> {
        let loopback = check_url(&config.metadata_base()).is_ok_and(|url| is_loopback(&url));
        let endpoint = |name: &str| match document.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                allowed(text, loopback).map(Some).map_err(|what| format!("{name} in the metadata: {what}"))
            }
            Some(_) => Err(format!("{name} in the metadata is no text")),
        };
        let list = |name: &str| match document.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(many)) => Ok(many.iter().map(Value::as_str).collect::<Option<Vec<&str>>>()),
            Some(_) => Err(format!("{name} in the metadata is no list")),
        };
        if list("code_challenge_methods_supported")?.is_some_and(|methods| !methods.contains(&"S256")) {
            return Err("the provider has no PKCE with S256, without which nobody logs in".to_owned());
        }
        // RFC 8414, 2: what a provider that says nothing takes
        let methods = list("token_endpoint_auth_methods_supported")?.unwrap_or_else(|| vec!["client_secret_basic"]);
        let basic = methods.contains(&"client_secret_basic");
        if with_secret && !basic && !methods.contains(&"client_secret_post") {
            return Err(
                "the provider takes a client's secret neither by client_secret_basic nor by client_secret_post; \
                        use a public client"
                    .to_owned(),
            );
        }
        Ok(Metadata {
            issuer: config.issuer.clone(),
            authorization: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?.ok_or("the metadata have no token_endpoint")?,
            device: endpoint("device_authorization_endpoint")?,
            basic,
            names_itself: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
            loopback,
        })
    }

    /// Takes an address that this provider may name.
    pub(super) fn allows(&self, text: &str) -> Result<Url, &'static str> {
        allowed(text, self.loopback)
    }
}

/// A provider elsewhere must not lead the gate or a person to services of their own machine.
fn allowed(text: &str, loopback: bool) -> Result<Url, &'static str> {
    if text.len() > URL_BYTES_MAX {
        return Err("longer than 2048 bytes");
    }
    match check_url(text)? {
        url if is_loopback(&url) && !loopback => Err("a loopback address of a provider that is elsewhere"),
        url => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_provider_elsewhere_leads_nobody_to_their_own_machine() {
        let text = "name = \"idp\"\nissuer = \"https://idp.example\"\naudiences = [\"gate\"]";
        let config: IssuerConfig = toml::from_str(text).unwrap();
        let read = |url: &str| {
            let document = json!({"token_endpoint": url});
            Metadata::read(document.as_object().unwrap(), &config, false).map(drop)
        };
        assert_eq!(read("https://login.idp.example/token"), Ok(()));
        for url in ["http://127.0.0.1:9/token", "https://localhost/token", "https://[::1]/token"] {
            assert!(read(url).unwrap_err().contains("loopback"), "{url}");
        }
    }
}
