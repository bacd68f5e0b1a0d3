//! Client certificates: `[[client_certificates]]` says whose count and who holds them, a listener asks for them.

use serde::Deserialize;
use tidegate_identity::{CertificateConfig, CertificateMapping};

use super::{ConfigError, FileConfig, ListenerSection, Place};

/// `client_certificates = { from = "…", required = true }`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientCertificatesSection {
    /// The name of the `[[client_certificates]]` whose authorities' certificates are asked for.
    pub(crate) from: String,
    /// Refuse connections without a certificate. A client that logs in with SASL then needs both.
    #[serde(default)]
    pub(crate) required: bool,
}

/// What a listener asks of its clients.
#[derive(Clone, Debug)]
pub(crate) struct ClientCertificates {
    /// Whose certificates count, and who holds them.
    pub(crate) of: CertificateConfig,
    /// Whether a client without one is refused.
    pub(crate) required: bool,
}

/// Checks the rules.
pub(super) fn check(file: &FileConfig, place: &Place<'_>) -> Result<(), ConfigError> {
    for mapping in &file.client_certificates {
        CertificateMapping::new(mapping.clone())
            .map_err(|error| place.wrong(0..0, format!("[[client_certificates]] {error}")))?;
    }
    Ok(())
}

/// What this listener asks of its clients.
pub(super) fn of_listener(
    file: &FileConfig,
    section: &ListenerSection,
    place: &Place<'_>,
) -> Result<Option<ClientCertificates>, ConfigError> {
    let Some(asked) = &section.client_certificates else { return Ok(None) };
    let wrong = |what: String| Err(place.wrong(asked.span(), what));
    let ClientCertificatesSection { from, required } = asked.get_ref();
    if section.tls.is_none() {
        return wrong("clients show certificates in TLS only; give this listener `tls`".into());
    }
    match file.client_certificates.iter().find(|mapping| mapping.name == *from) {
        Some(of) => Ok(Some(ClientCertificates { of: of.clone(), required: *required })),
        None => wrong(format!("no [[client_certificates]] is named {from:?}")),
    }
}
