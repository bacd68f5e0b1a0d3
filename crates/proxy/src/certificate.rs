//! TLS on a listener, and what a client's certificate says. Clients of Kafka with `security.protocol=SSL` never log in: who they
//! are is settled before their first frame.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use tidegate_model::Caller;
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
    /// Who a client certificate stands for; `None` where none is asked for.
    pub identify: Option<Arc<Identify>>,
}

impl fmt::Debug for ListenerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerTls").field("client_certificates", &self.identify.is_some()).finish_non_exhaustive()
    }
}

/// A certificate that a client has shown, and that an accepted authority has signed.
pub(crate) struct Shown {
    /// SHA-256 of it, as hex.
    pub(crate) fingerprint: String,
    /// Who it stands for.
    pub(crate) caller: Result<Arc<Caller>, Refused>,
}

impl ListenerTls {
    /// What the client has shown, if anything.
    pub(crate) fn shown(&self, stream: &TlsStream<TcpStream>, now: u64) -> Option<Shown> {
        let identify = self.identify.as_ref()?;
        let chain = stream.get_ref().1.peer_certificates()?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, chain.first()?);
        let fingerprint = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let caller = identify(chain, now).map(Arc::new).map_err(|(reason, text)| Refused { reason, text });
        Some(Shown { fingerprint, caller })
    }
}

/// Whether a handshake failed for the client's certificate or the lack of one.
pub(crate) fn is_refused(error: &std::io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}
