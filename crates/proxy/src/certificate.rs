//! TLS on a listener, and what a client's certificate says. Clients of Kafka with `security.protocol=SSL` never log in: who they
//! are is settled before their first frame.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use tidegate_model::{Caller, CredentialKind};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::credential::Refused;

/// Says who a verified chain belongs to, at a time in Unix seconds; or why to nobody: a word for leaf and metrics, and a text.
pub type Identify = dyn Fn(&[CertificateDer<'static>], u64) -> Result<Caller, (&'static str, String)> + Send + Sync;

/// TLS of a listener.
#[derive(Clone)]
pub struct ListenerTls {
    /// Certificate and key, and which authorities' client certificates are verified.
    pub config: Arc<rustls::ServerConfig>,
    /// What is made of client certificates; `None` where none is asked for.
    pub clients: Option<Clients>,
}

/// What a listener makes of client certificates.
#[derive(Clone)]
pub struct Clients {
    /// Which are accepted; `config` has the same.
    pub verifier: Arc<dyn ClientCertVerifier>,
    /// Who an accepted one stands for.
    pub identify: Arc<Identify>,
}

impl fmt::Debug for ListenerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerTls").field("clients", &self.clients.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

impl Clients {
    fn accept(&self, chain: &[CertificateDer<'static>], now: u64) -> bool {
        let Some((first, others)) = chain.split_first() else { return false };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        self.verifier.verify_client_cert(first, others, now).is_ok()
    }
}

/// A certificate that a client has shown, and that an accepted authority has signed.
pub(crate) struct Shown {
    /// It, and what the client sent with it.
    chain: Vec<CertificateDer<'static>>,
    /// Under which settings it was accepted.
    by: Arc<ListenerTls>,
    /// SHA-256 of it, as hex.
    pub(crate) fingerprint: String,
    /// Who it stands for.
    pub(crate) caller: Result<Arc<Caller>, Refused>,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Shown {
    /// What the client has shown, if anything.
    pub(crate) fn new(by: &Arc<ListenerTls>, stream: &TlsStream<TcpStream>, now: u64) -> Option<Shown> {
        let clients = by.clients.as_ref()?;
        let chain = stream.get_ref().1.peer_certificates()?.to_vec();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, chain.first()?);
        let fingerprint = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let caller = (clients.identify)(&chain, now).map(Arc::new).map_err(|(reason, text)| Refused { reason, text });
        Some(Shown { chain, by: Arc::clone(by), fingerprint, caller })
    }

    /// Whether a session that began with it may go on under these settings. Who came with nothing else has to be the same caller
    /// by them; who logged in besides needs a certificate that is accepted, where any is asked for.
    pub(crate) fn is_good_for(&self, caller: &Caller, settings: &Arc<ListenerTls>, now: u64) -> bool {
        if Arc::ptr_eq(&self.by, settings) {
            return true;
        }
        let is_all = caller.credential == CredentialKind::Certificate;
        match &settings.clients {
            None => !is_all,
            Some(clients) if !clients.accept(&self.chain, now) => false,
            Some(_) if !is_all => true,
            Some(clients) => (clients.identify)(&self.chain, now).is_ok_and(|found| {
                (&found.issuer, &found.subject, found.kind) == (&caller.issuer, &caller.subject, caller.kind)
            }),
        }
    }
}

/// Whether a handshake failed for the client's certificate or the lack of one.
pub(crate) fn is_refused(error: &std::io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}
