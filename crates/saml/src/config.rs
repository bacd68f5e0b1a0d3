//! What the operator says about an identity provider that speaks SAML, and the files that this names.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::{Host, Url};

use crate::metadata::IdentityProvider;
use crate::provider::Provider;

/// Largest file that is read: metadata of a single provider have a few KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const SKEW_MAX: u64 = 300;
const SESSION_MAX: u64 = 24 * 60 * 60;

/// A SAML configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("saml {provider:?}: {field}: {what}")]
pub struct SamlConfigError {
    /// Configured name of the identity provider.
    pub provider: String,
    /// The setting.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub what: String,
}

/// One identity provider that people log in at by SAML 2.0 (Web Browser SSO, begun at the gate).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlConfig {
    /// Short name of lower-case letters, digits, `-` and `_`. Identities and groups are written `name:…` in policy and
    /// evidence, so changing it changes who everybody is.
    pub name: String,
    /// The gate's own name at the identity provider (entity ID); usually the address of the gate's metadata.
    pub entity_id: String,
    /// Where the identity provider sends its response: the gate's assertion consumer service, an `https` URL.
    pub acs_url: String,
    /// The identity provider: `{ metadata = "file.xml" }`, or
    /// `{ entity_id = "…", sso_url = "…", certificates = ["file.pem"] }`.
    pub idp: IdpSource,
    /// Forms of NameID that are accepted as the subject: `persistent`, `unspecified`, `email`. `transient` never is: it changes
    /// with each login. An e-mail address can be given to somebody else one day.
    #[serde(default = "default_formats")]
    pub name_id_formats: Vec<NameIdFormat>,
    /// An attribute that is the subject instead of the NameID, such as Entra's object identifier. It needs exactly one value.
    #[serde(default)]
    pub subject_attribute: Option<String>,
    /// The attribute that holds the groups.
    #[serde(default = "default_groups_attribute")]
    pub groups_attribute: String,
    /// What a response without that attribute says: `unknown` (the caller counts as a member for every forbid and for no
    /// permit) or `none` (the caller is in no group; for providers that leave the attribute out then, as Keycloak does).
    #[serde(default)]
    pub missing_groups: MissingGroups,
    /// Authentication contexts (`AuthnContextClassRef`) that mean more than one factor.
    #[serde(default)]
    pub mfa_contexts: Vec<String>,
    /// Seconds by which clocks may differ, 0 to 300.
    #[serde(default = "default_clock_skew")]
    pub clock_skew_s: u64,
    /// Longest session in seconds, 60 to 86,400. The identity provider may end it sooner (`SessionNotOnOrAfter`).
    #[serde(default = "default_session_max")]
    pub session_max_s: u64,
    /// Key and certificate (PEM files) with which login requests are signed; without them they are not.
    #[serde(default)]
    pub signing: Option<Signing>,
}

/// Where the description of the identity provider comes from. It is never fetched: who can change it can be anybody.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdpSource {
    /// File of its SAML metadata, with one identity provider in it.
    #[serde(default)]
    pub metadata: Option<PathBuf>,
    /// Its entity ID, exactly.
    #[serde(default)]
    pub entity_id: Option<String>,
    /// Where it takes login requests by HTTP redirect.
    #[serde(default)]
    pub sso_url: Option<String>,
    /// PEM files of the certificates that it signs with, several while it changes keys.
    #[serde(default)]
    pub certificates: Vec<PathBuf>,
}

/// A key pair of the gate's for SAML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// PEM file of the RSA private key.
    pub key: PathBuf,
    /// PEM file of its certificate.
    pub certificate: PathBuf,
}

/// A form of NameID (SAML core 2.0, 8.3) that may be a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NameIdFormat {
    /// Opaque, for this gate alone, never given to another person.
    Persistent,
    /// Whatever the identity provider and the operator agreed on, such as a user name.
    Unspecified,
    /// An e-mail address.
    Email,
}

impl NameIdFormat {
    /// The format of this identifier; a NameID that says none is unspecified.
    pub(crate) fn of(uri: Option<&str>) -> Option<NameIdFormat> {
        match uri {
            None | Some("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified") => Some(NameIdFormat::Unspecified),
            Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent") => Some(NameIdFormat::Persistent),
            Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress") => Some(NameIdFormat::Email),
            Some(_) => None,
        }
    }
}

/// What a response without the groups attribute says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingGroups {
    /// Nothing: the groups are unknown.
    #[default]
    Unknown,
    /// The caller is in no group.
    None,
}

fn default_formats() -> Vec<NameIdFormat> {
    vec![NameIdFormat::Persistent]
}

fn default_groups_attribute() -> String {
    "groups".to_owned()
}

fn default_clock_skew() -> u64 {
    30
}

fn default_session_max() -> u64 {
    8 * 60 * 60
}

impl SamlConfig {
    /// Every file that the configuration names, so that the caller can say to which folder relative names belong.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let signing = self.signing.iter_mut().flat_map(|signing| [&mut signing.key, &mut signing.certificate]);
        self.idp.metadata.iter_mut().chain(&mut self.idp.certificates).chain(signing)
    }

    /// Checks the settings, reads the files, and makes the provider.
    ///
    /// # Errors
    /// When a setting is wrong or a file cannot be read or used.
    pub fn load(&self) -> Result<Provider, SamlConfigError> {
        self.validate()?;
        let wrong = |field| move |what: String| self.wrong(field, what);
        let idp = self.identity_provider()?;
        let signing = match &self.signing {
            None => None,
            Some(files) => Some((
                read(&files.key).map_err(wrong("signing.key"))?,
                read(&files.certificate).map_err(wrong("signing.certificate"))?,
            )),
        };
        Provider::new(self, &idp, signing)
    }

    fn identity_provider(&self) -> Result<IdentityProvider, SamlConfigError> {
        let source = &self.idp;
        let by_field = source.entity_id.is_some() || source.sso_url.is_some() || !source.certificates.is_empty();
        let idp = match (&source.metadata, &source.entity_id, &source.sso_url) {
            (Some(file), ..) if !by_field => {
                let text = read(file).map_err(|what| self.wrong("idp.metadata", what))?;
                IdentityProvider::from_metadata(&text)
                    .map_err(|what| self.wrong("idp.metadata", format!("{}: {what}", file.display())))?
            }
            (None, Some(entity_id), Some(sso_url)) => {
                let mut pems = String::new();
                for file in &source.certificates {
                    pems.push_str(&read(file).map_err(|what| self.wrong("idp.certificates", what))?);
                    pems.push('\n');
                }
                IdentityProvider::from_pem(entity_id, sso_url, &pems)
                    .map_err(|what| self.wrong("idp.certificates", what))?
            }
            _ => return Err(self.wrong("idp", "name metadata, or entity_id, sso_url and certificates; not both")),
        };
        check_url(idp.sso_url()).map_err(|what| self.wrong("idp.sso_url", what))?;
        Ok(idp)
    }

    /// Checks what the types cannot.
    fn validate(&self) -> Result<(), SamlConfigError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if !(1..=40).contains(&self.name.len()) || !self.name.bytes().all(plain) {
            return Err(self.wrong("name", "use 1 to 40 lower-case letters, digits, - and _"));
        }
        if self.entity_id.is_empty() || self.entity_id.len() > 1024 || self.entity_id.chars().any(char::is_whitespace) {
            return Err(self.wrong("entity_id", "use 1 to 1,024 characters without spaces"));
        }
        check_url(&self.acs_url).map_err(|what| self.wrong("acs_url", what))?;
        if self.name_id_formats.is_empty() == self.subject_attribute.is_none() {
            return Err(self.wrong(
                "name_id_formats",
                "name at least one of persistent, unspecified and email; or leave the list empty ([]) and set subject_attribute",
            ));
        }
        if self.groups_attribute.is_empty() {
            return Err(self.wrong("groups_attribute", "name an attribute; leave the setting out for \"groups\""));
        }
        if self.clock_skew_s > SKEW_MAX {
            return Err(self.wrong("clock_skew_s", "use 0 to 300 seconds"));
        }
        if !(60..=SESSION_MAX).contains(&self.session_max_s) {
            return Err(self.wrong("session_max_s", "use 60 to 86400 seconds"));
        }
        Ok(())
    }

    pub(crate) fn wrong(&self, field: &'static str, what: impl Into<String>) -> SamlConfigError {
        SamlConfigError { provider: self.name.clone(), field, what: what.into() }
    }
}

/// Takes an `https` URL without user and fragment, or an `http` one of a loopback host.
fn check_url(text: &str) -> Result<(), &'static str> {
    let Ok(url) = Url::parse(text) else { return Err("is no URL; use https://…") };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("a user, password or fragment does not belong there");
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err("use https; http only for a loopback host"),
    }
}

fn read(file: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", file.display());
    if fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(format!("{} is larger than {FILE_BYTES_MAX} bytes", file.display()));
    }
    fs::read_to_string(file).map_err(failed)
}
