//! `[web]` and `[[saml]]`: where people log in.

use std::ops::RangeInclusive;

use serde::Deserialize;
use tidegate_saml::SamlConfig;
use toml::Spanned;
use url::{Host, Url};

use super::address::Address;
use super::{ConfigError, FileConfig, Place, TlsSection};

/// How long a login may last at most, in hours: a person who has left the company is out by then, whatever else was forgotten.
const LOGIN_HOURS: RangeInclusive<u64> = 1..=24;

/// `[web]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebSection {
    /// Address that browsers, `tidegate login` and commands from elsewhere connect to.
    pub(crate) listen: Address,
    /// How they call it, `https://gate.example:8443`; also the `iss` of the gate's own tokens. `http` only for a loopback host.
    pub(crate) url: Spanned<String>,
    /// Certificate and key; only an `http` URL of a loopback host does without.
    #[serde(default)]
    pub(crate) tls: Option<TlsSection>,
    /// Hours after which a person has to log in again, 1 to 24.
    #[serde(default = "login_hours")]
    pub(crate) login_hours: Spanned<u64>,
}

fn login_hours() -> Spanned<u64> {
    Spanned::new(0..0, 12)
}

impl WebSection {
    /// The URL without a slash at its end, as it stands in proofs and tokens.
    pub(crate) fn origin(&self) -> &str {
        self.url.get_ref().trim_end_matches('/')
    }
}

/// Checks what the types cannot.
pub(super) fn check(file: &FileConfig, place: &Place<'_>) -> Result<(), ConfigError> {
    let Some(web) = &file.web else {
        let with_login = file.issuer.iter().find(|issuer| issuer.login.is_some()).map(|issuer| &issuer.name);
        return match with_login.or(file.saml.first().map(|saml| &saml.name)) {
            Some(name) => {
                Err(place
                    .wrong(0..0, format!("people cannot log in at {name:?} without [web]; add `listen` and `url`")))
            }
            None => Ok(()),
        };
    };
    let url = web.url.get_ref();
    let loopback = is_loopback(url).map_err(|what| place.wrong(web.url.span(), what))?;
    let https = url.starts_with("https://");
    if !https && !loopback {
        return Err(
            place.wrong(web.url.span(), "use https; http only for a loopback host, which others cannot listen to")
        );
    }
    if https != web.tls.is_some() {
        let what = "`tls` and an https URL belong together: without `tls` the gate speaks plain HTTP";
        return Err(place.wrong(web.url.span(), what));
    }
    if !https && !web.listen.ip().is_loopback() {
        return Err(place.wrong(web.url.span(), "without TLS, `listen` has to be a loopback address"));
    }
    if !LOGIN_HOURS.contains(web.login_hours.get_ref()) {
        return Err(place.wrong(web.login_hours.span(), "login_hours lies between 1 and 24"));
    }
    for saml in &file.saml {
        check_saml(web, saml).map_err(|what| place.wrong(0..0, what))?;
    }
    Ok(())
}

fn check_saml(web: &WebSection, saml: &SamlConfig) -> Result<(), String> {
    let name = &saml.name;
    let acs = format!("{}/saml/{name}/acs", web.origin());
    if saml.acs_url != acs {
        return Err(format!("[[saml]] {name:?}: acs_url has to be {acs}, which is where the gate takes its responses"));
    }
    Ok(())
}

/// Whether the URL's host is this machine.
fn is_loopback(text: &str) -> Result<bool, &'static str> {
    let Ok(url) = Url::parse(text) else { return Err("is no URL; use https://HOST:PORT") };
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() || !matches!(url.scheme(), "https" | "http") {
        return Err("use https://HOST:PORT, without a path, user, query or fragment");
    }
    Ok(match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}
