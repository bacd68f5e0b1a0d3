//! From a client certificate to a caller: a SPIFFE ID (X509-SVID), or rules about the subject's name.
//!
//! That the certificate is signed by an accepted authority, and that the client has its key, was verified by TLS before.

mod name;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use tidegate_model::{Caller, CallerKind, CredentialKind};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;

use crate::config::{IdentityError, check_name};
use crate::revocation::hex;
use crate::spiffe::{SpiffeId, is_trust_domain};
use crate::token::{SUBJECT_BYTES_MAX, is_name, sha256};
use name::SubjectName;

/// Longest certificate that is looked at.
const CERTIFICATE_BYTES_MAX: usize = 64 * 1_024;
/// 20, and a zero in front of a number whose first bit is set.
const SERIAL_BYTES_MAX: usize = 21;
const RULES_MAX: usize = 1_000;

/// How client certificates say who calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateConfig {
    /// What identities are prefixed with, as an issuer's name: `name:subject`. No issuer may have the same.
    pub name: String,
    /// PEM file of the authorities whose certificates are accepted, and of no others.
    pub ca_file: PathBuf,
    /// PEM file of the authorities' revocation lists. With it a certificate is refused that stands on one, that no list speaks
    /// for, or whose list is out of date. Read again at SIGHUP, which also cuts the sessions of certificates that are refused
    /// from then on.
    #[serde(default)]
    pub crl_file: Option<PathBuf>,
    /// SPIFFE trust domain, such as `example.org`: a certificate with the URI `spiffe://example.org/…` is that workload. The
    /// accepted authorities have to be this trust domain's and nobody else's.
    #[serde(default)]
    pub trust_domain: Option<String>,
    /// Rules about the subject of certificates without a SPIFFE ID; the first that fits says who calls.
    #[serde(default)]
    pub rules: Vec<SubjectRule>,
    /// Longest life of a certificate in seconds. Without it as long as the authority says.
    #[serde(default)]
    pub lifetime_max_s: Option<u64>,
}

impl CertificateConfig {
    /// The paths in it, to be taken from the folder of the file that names them.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        std::iter::once(&mut self.ca_file).chain(&mut self.crl_file)
    }
}

/// A rule about a certificate's subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectRule {
    /// Attributes that the subject must have, once, with just this value: `{ O = "Example", OU = "orders" }`. Known are CN, OU,
    /// O, L, ST, C, DC, UID, serialNumber and emailAddress.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// What names the caller: one of these attributes, which has to be there once; `DN` for the whole subject as RFC 4514 writes
    /// it (what Kafka calls the principal without mapping rules); or `DNS` for the only DNS name of the certificate.
    #[serde(default = "default_subject")]
    pub subject: String,
    /// `workload` or `user`.
    #[serde(default)]
    pub kind: HolderKind,
}

fn default_subject() -> String {
    "CN".to_owned()
}

/// Who holds a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HolderKind {
    /// A machine.
    #[default]
    Workload,
    /// A person.
    User,
}

/// A certificate that names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefused {
    /// Not a certificate of a caller (RFC 5280, X509-SVID).
    #[error("client certificate: {0}")]
    Form(&'static str),
    /// Not valid now, or for longer than configured.
    #[error("client certificate: {0}")]
    Time(&'static str),
    /// Its SPIFFE ID is none, or of another trust domain.
    #[error("client certificate: its SPIFFE ID {0}")]
    Spiffe(&'static str),
    /// No rule fits.
    #[error("client certificate: {0}")]
    NoRule(&'static str),
}

impl CertificateRefused {
    /// The word for it in evidence and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            CertificateRefused::Form(_) => "certificate_form",
            CertificateRefused::Time(_) => "certificate_time",
            CertificateRefused::Spiffe(_) => "certificate_spiffe",
            CertificateRefused::NoRule(_) => "certificate_unmapped",
        }
    }
}

/// Says who holds a client certificate.
#[derive(Clone, Debug)]
pub struct CertificateMapping {
    config: CertificateConfig,
}

impl CertificateMapping {
    /// Checks the configuration.
    ///
    /// # Errors
    /// A setting that is wrong.
    pub fn new(config: CertificateConfig) -> Result<CertificateMapping, IdentityError> {
        let wrong =
            |field, what: &str| IdentityError::Setting { issuer: config.name.clone(), field, what: what.to_owned() };
        check_name(&config.name).map_err(|what| wrong("name", what))?;
        match &config.trust_domain {
            Some(name) if !is_trust_domain(name) => {
                let what = "use lower-case letters, digits, dots, dashes and underscores, without spiffe://";
                return Err(wrong("trust_domain", what));
            }
            None if config.rules.is_empty() => {
                return Err(wrong(
                    "rules",
                    "name a trust_domain or at least one rule; else no certificate names anybody",
                ));
            }
            _ => {}
        }
        if config.rules.len() > RULES_MAX {
            return Err(wrong("rules", "use at most 1000 rules"));
        }
        for rule in &config.rules {
            if !rule.when.keys().all(|name| name::is_attribute(name)) {
                return Err(wrong("when", "use CN, OU, O, L, ST, C, DC, UID, serialNumber or emailAddress"));
            }
            if !matches!(rule.subject.as_str(), "DN" | "DNS") && !name::is_attribute(&rule.subject) {
                return Err(wrong("subject", "use DN, DNS, or one of the attributes that `when` may name"));
            }
        }
        if config.lifetime_max_s == Some(0) {
            return Err(wrong("lifetime_max_s", "use at least 1 second"));
        }
        Ok(CertificateMapping { config })
    }

    /// The prefix of its identities.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Who holds this certificate, the first of the verified chain, as DER, at `now_unix`.
    ///
    /// # Errors
    /// Bytes that are no certificate of a caller, or one that names nobody.
    pub fn caller(&self, certificate: &[u8], now_unix: u64) -> Result<Caller, CertificateRefused> {
        if certificate.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateRefused::Form("it is longer than 64 KiB"));
        }
        let Ok(([], parsed)) = X509Certificate::from_der(certificate) else {
            return Err(CertificateRefused::Form("it is no X.509 certificate"));
        };
        check_form(&parsed)?;
        let (issued_at, expires_at) = self.check_times(&parsed, now_unix)?;
        let names = alternative_names(&parsed)?;
        let (kind, subject) = match self.spiffe_id(&names)? {
            Some(id) => (CallerKind::Workload, id.to_owned()),
            None => self.by_rule(&parsed, &names)?,
        };
        if !is_name(&subject, SUBJECT_BYTES_MAX) {
            return Err(CertificateRefused::Form(
                "its name is empty, longer than 512 bytes, or has control characters",
            ));
        }
        Ok(Caller {
            kind,
            issuer: self.config.name.clone(),
            subject,
            // certificates carry no groups: nobody of this mapping is in any
            groups: Vec::new(),
            groups_known: true,
            client: None,
            token_id: Some(hex(parsed.raw_serial())),
            token_hash: Some(sha256(&[certificate])),
            session: None,
            credential: CredentialKind::Certificate,
            via_gate: false,
            issued_at: Some(issued_at),
            expires_at,
            mfa_at: None,
        })
    }

    /// When the certificate's life began and ends.
    fn check_times(&self, parsed: &X509Certificate<'_>, now: u64) -> Result<(u64, u64), CertificateRefused> {
        let validity = parsed.validity();
        let begins = u64::try_from(validity.not_before.timestamp()).unwrap_or(0);
        // the second of notAfter is the last
        let ends = u64::try_from(validity.not_after.timestamp()).unwrap_or(0).saturating_add(1);
        if now < begins {
            return Err(CertificateRefused::Time("it is not valid yet; compare the clocks"));
        }
        if now >= ends {
            return Err(CertificateRefused::Time("it has expired"));
        }
        if self.config.lifetime_max_s.is_some_and(|most| ends - begins > most.saturating_add(1)) {
            return Err(CertificateRefused::Time("it is valid for longer than lifetime_max_s"));
        }
        Ok((begins, ends))
    }

    /// The SPIFFE ID, if the certificate has one. Who has one is never named by anything else.
    fn spiffe_id<'a>(&self, names: &[GeneralName<'a>]) -> Result<Option<&'a str>, CertificateRefused> {
        let mut uris = names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
        let Some(id) = uris.clone().find(|uri| looks_like_spiffe(uri)) else { return Ok(None) };
        let Some(trust_domain) = &self.config.trust_domain else {
            return Err(CertificateRefused::Spiffe("is of no use here: no trust_domain is configured"));
        };
        if uris.nth(1).is_some() {
            return Err(CertificateRefused::Spiffe("is not the only URI"));
        }
        let found = SpiffeId::parse(id).map_err(CertificateRefused::Spiffe)?;
        if found.trust_domain != trust_domain {
            return Err(CertificateRefused::Spiffe("is of another trust domain than the configured one"));
        }
        Ok(Some(id))
    }

    fn by_rule(
        &self,
        parsed: &X509Certificate<'_>,
        names: &[GeneralName<'_>],
    ) -> Result<(CallerKind, String), CertificateRefused> {
        let subject = SubjectName::read(parsed.subject())?;
        let fits = |rule: &&SubjectRule| rule.when.iter().all(|(name, value)| subject.only(name) == Some(value));
        let Some(rule) = self.config.rules.iter().find(fits) else {
            return Err(CertificateRefused::NoRule(
                "no rule fits its subject; see the rules of the certificate mapping",
            ));
        };
        let found = match rule.subject.as_str() {
            "DN" => Some(subject.text()),
            "DNS" => only_dns_name(names).map(str::to_owned),
            attribute => subject.only(attribute).map(str::to_owned),
        };
        let kind = match rule.kind {
            HolderKind::Workload => CallerKind::Workload,
            HolderKind::User => CallerKind::User,
        };
        match found {
            // Otherwise who chooses a common name could pass for a workload of the trust domain.
            Some(found) if looks_like_spiffe(&found) => {
                Err(CertificateRefused::Spiffe("stands where a rule looks for a name; only a URI may hold one"))
            }
            Some(found) => Ok((kind, found)),
            None => Err(CertificateRefused::NoRule("what the rule takes the name from is not there exactly once")),
        }
    }
}

fn looks_like_spiffe(text: &str) -> bool {
    text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("spiffe:"))
}

/// Version 3, no extension twice or unreadable, not an authority's.
fn check_form(parsed: &X509Certificate<'_>) -> Result<(), CertificateRefused> {
    let form = |what| Err(CertificateRefused::Form(what));
    if parsed.version().0 != 2 {
        return form("it is not of version 3");
    }
    if parsed.raw_serial().len() > SERIAL_BYTES_MAX {
        return form("its serial number is longer than RFC 5280 allows");
    }
    if parsed.extensions_map().is_err() {
        return form("an extension stands twice");
    }
    for extension in parsed.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } => return form("an extension cannot be read"),
            ParsedExtension::BasicConstraints(constraints) if constraints.ca => {
                return form("it is an authority's (CA:true), not a client's");
            }
            ParsedExtension::KeyUsage(usage) if usage.key_cert_sign() || usage.crl_sign() => {
                return form("its key may sign certificates: it is an authority's, not a client's");
            }
            _ => {}
        }
    }
    Ok(())
}

/// The subject alternative names; one that cannot be read spoils all.
fn alternative_names<'a>(parsed: &'a X509Certificate<'_>) -> Result<Vec<GeneralName<'a>>, CertificateRefused> {
    let unreadable = CertificateRefused::Form("its alternative names cannot be read");
    let names = match parsed.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.clone(),
        Ok(None) => Vec::new(),
        Err(_) => return Err(unreadable),
    };
    if names.iter().any(|name| matches!(name, GeneralName::Invalid(..))) { Err(unreadable) } else { Ok(names) }
}

fn only_dns_name<'a>(names: &[GeneralName<'a>]) -> Option<&'a str> {
    let mut found = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    found.next().filter(|name| found.next().is_none() && !name.starts_with("*."))
}
