//! A listener's certificate.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use tidegate_proxy::certificate::ListenerTls;

use crate::config::TlsSection;

/// Reads certificate and key.
///
/// # Errors
/// A file cannot be read, or the two do not fit.
pub(crate) fn server_config(section: &TlsSection) -> Result<Arc<ListenerTls>> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&section.certificate)
        .and_then(Iterator::collect)
        .with_context(|| unreadable("certificate", &section.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&section.key).with_context(|| unreadable("private key", &section.key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| {
            format!("certificate {} and key {} do not fit", section.certificate.display(), section.key.display())
        })?;
    Ok(Arc::new(ListenerTls { config: Arc::new(config), identify: None }))
}

fn unreadable(what: &str, path: &Path) -> String {
    format!("cannot read the {what} {} as PEM", path.display())
}
