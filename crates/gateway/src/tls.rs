//! A listener's certificate, and the certificates that it asks its clients for.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use tidegate_identity::CertificateMapping;
use tidegate_proxy::certificate::{Clients, ListenerTls};

use crate::config::{ClientCertificates, ListenerTlsFiles, TlsSection};

/// Reads certificate and key of a listener, and what its clients are asked for.
///
/// # Errors
/// A file cannot be read, or what stands in them does not fit.
pub(crate) fn listener(files: &ListenerTlsFiles) -> Result<Arc<ListenerTls>> {
    let clients = files.clients.as_ref().map(clients).transpose()?;
    let config = server(&files.own, clients.as_ref())?;
    Ok(Arc::new(ListenerTls { config: Arc::new(config), clients }))
}

/// Reads certificate and key.
///
/// # Errors
/// A file cannot be read, or the two do not fit.
pub(crate) fn server(own: &TlsSection, clients: Option<&Clients>) -> Result<ServerConfig> {
    let chain: Vec<CertificateDer<'static>> = read_all("certificate", &own.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&own.key).with_context(|| unreadable("private key", &own.key))?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(Arc::clone(&clients.verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).with_context(|| {
        format!("certificate {} and key {} do not fit", own.certificate.display(), own.key.display())
    })?;
    if clients.is_some() {
        // A resumed session would bring back a certificate that is not looked at again.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn clients(asked: &ClientCertificates) -> Result<Clients> {
    let of = &asked.of;
    let mut roots = RootCertStore::empty();
    for authority in read_all::<CertificateDer<'static>>("certificate", &of.ca_file)? {
        roots.add(authority).with_context(|| format!("{} holds a certificate of no use", of.ca_file.display()))?;
    }
    let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    if let Some(file) = &of.crl_file {
        let lists: Vec<CertificateRevocationListDer<'static>> = read_all("revocation list", file)?;
        verifier = verifier.with_crls(lists).enforce_revocation_expiration();
    }
    if !asked.required {
        verifier = verifier.allow_unauthenticated();
    }
    let verifier: Arc<dyn ClientCertVerifier> =
        verifier.build().with_context(|| format!("[[client_certificates]] {:?} cannot be used", of.name))?;
    let mapping = CertificateMapping::new(of.clone())?;
    let identify = move |chain: &[CertificateDer<'static>], now: u64| {
        let first = chain.first().map(AsRef::as_ref).unwrap_or_default();
        mapping.caller(first, now).map_err(|refused| (refused.name(), refused.to_string()))
    };
    Ok(Clients { verifier, identify: Arc::new(identify) })
}

/// What stands in a PEM file, at least one.
fn read_all<T: PemObject>(what: &str, path: &Path) -> Result<Vec<T>> {
    let all: Vec<T> = T::pem_file_iter(path).and_then(Iterator::collect).with_context(|| unreadable(what, path))?;
    ensure!(!all.is_empty(), "{} holds no {what}", path.display());
    Ok(all)
}

fn unreadable(what: &str, path: &Path) -> String {
    format!("cannot read the {what} {} as PEM", path.display())
}
