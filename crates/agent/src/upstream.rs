//! Opens one connection to a broker: dial what is allowed, TLS, login.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tidegate_link::{Broker, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::block_in_place;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{ClusterConfig, TlsConfig};
use crate::dial::{self, Target};
use crate::login::{Credentials, Login, LoginError, Mechanism, Progress};
use crate::secret::EnvSecrets;

/// How long one address may take to answer the dial, and the TLS handshake after it.
const DIAL_TIME: Duration = Duration::from_secs(5);
/// How long the login may take.
const LOGIN_TIME: Duration = Duration::from_secs(10);

/// A cluster with its secrets, ready to open connections.
pub(crate) struct Cluster {
    pub(crate) config: ClusterConfig,
    tls: Option<TlsConnector>,
    server_name: Option<ServerName<'static>>,
    credentials: Option<Arc<Credentials>>,
    turn: AtomicUsize,
}

/// A logged-in connection to a broker.
pub(crate) struct Opened {
    pub(crate) stream: BrokerStream,
    pub(crate) peer: Target,
    pub(crate) lifetime_ms: u64,
}

pub(crate) enum BrokerStream {
    Plain(TcpStream),
    Tls(Box<Encrypted>),
}

type Encrypted = TlsStream<TcpStream>;

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Why no connection was opened; the text is safe to log and to send.
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(reason: Reason, text: impl Into<String>) -> Failure {
        Failure { reason, text: text.into() }
    }
}

impl Cluster {
    /// Gets the cluster's secrets and certificates.
    pub(crate) async fn load(config: ClusterConfig, env: &EnvSecrets) -> Result<Cluster, String> {
        let named = |what| format!("cluster {:?}: {what}", config.name);
        let (mut tls, mut server_name, mut credentials) = (None, None, None);
        if let Some(wanted) = &config.tls {
            tls = Some(connector(wanted, env).await.map_err(named)?);
            let name = wanted.server_name.clone().map(ServerName::try_from).transpose();
            server_name = name.map_err(|error| named(format!("server_name is wrong: {error}")))?;
        }
        if let (Some(user), Some(password)) = (&config.login.username, &config.login.password) {
            let password = password.load(env).await.map_err(named)?;
            credentials = Some(Arc::new(Credentials::new(config.login.mechanism, user.clone(), password)));
        }
        Ok(Cluster { config, tls, server_name, credentials, turn: AtomicUsize::new(0) })
    }

    /// Opens and logs in to the broker that is wanted, if this configuration allows to dial it; for any bootstrap
    /// address, to each by turns until one can be reached.
    pub(crate) async fn open(&self, broker: &Broker) -> Result<Opened, Failure> {
        let mut last = Failure::new(Reason::NotAllowed, "no bootstrap address is configured");
        for target in self.targets(broker)? {
            match self.open_at(&target).await {
                Err(failure) if failure.reason == Reason::Unreachable => last = failure,
                done => return done,
            }
        }
        Err(last)
    }

    fn targets(&self, broker: &Broker) -> Result<Vec<Target>, Failure> {
        let Broker::At { host, port } = broker else {
            let mut targets = self.config.bootstrap.clone();
            let turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(targets.len());
            targets.rotate_left(turn.unwrap_or(0));
            return Ok(targets);
        };
        let allowed = dial::allow(&self.config.bootstrap, &self.config.dial, host, *port);
        allowed.map(|target| vec![target]).ok_or_else(|| {
            let mend = "if it is a broker, add it to dial in the agent's configuration";
            let text = format!("{host}:{port} is neither a bootstrap address nor inside a dial pattern; {mend}");
            Failure::new(Reason::NotAllowed, text)
        })
    }

    async fn open_at(&self, target: &Target) -> Result<Opened, Failure> {
        let socket = dial(target).await;
        let unreachable = |e| Failure::new(Reason::Unreachable, format!("cannot reach broker {target}: {e}"));
        let mut socket = socket.map_err(unreachable)?;
        let loopback = socket.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        let Some(tls) = &self.tls else {
            let lifetime_ms = self.log_in(&mut socket, target, loopback).await?;
            return Ok(Opened { stream: BrokerStream::Plain(socket), peer: target.clone(), lifetime_ms });
        };
        let mut stream = Box::new(self.encrypt(tls, socket, target).await?);
        let lifetime_ms = self.log_in(&mut stream, target, false).await?;
        Ok(Opened { stream: BrokerStream::Tls(stream), peer: target.clone(), lifetime_ms })
    }

    async fn encrypt(&self, tls: &TlsConnector, socket: TcpStream, to: &Target) -> Result<Encrypted, Failure> {
        let wrong = |text| Failure::new(Reason::TlsFailed, text);
        let own = || ServerName::try_from(to.host.clone()).map_err(|e| wrong(format!("{to} is no name for TLS: {e}")));
        let name = self.server_name.clone().map_or_else(own, Ok)?;
        let connected = timeout(DIAL_TIME, tls.connect(name, socket)).await.unwrap_or_else(|late| Err(late.into()));
        connected.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(why)) => {
                wrong(format!("the certificate of broker {to} is wrong: {why:?}; check ca, server_name and the broker"))
            }
            Some(_) => wrong(format!("TLS with broker {to} failed: {error}; check that its port speaks TLS")),
            None => Failure::new(Reason::Unreachable, format!("broker {to} broke off the TLS handshake: {error}")),
        })
    }

    /// Logs in if credentials are configured; gives the session's lifetime in milliseconds, 0 = without end.
    async fn log_in(&self, stream: &mut impl Stream, target: &Target, loopback: bool) -> Result<u64, Failure> {
        let Some(credentials) = &self.credentials else { return Ok(0) };
        // the password itself never goes over an unencrypted network, wherever a name may lead
        let safe = self.tls.is_some() || (loopback && self.config.login.allow_plain_on_loopback);
        if credentials.mechanism == Mechanism::Plain && !safe {
            let text = format!("PLAIN without TLS is not sent to {target}, another machine; configure [cluster.tls]");
            return Err(Failure::new(Reason::LoginFailed, text));
        }
        let broken = |e| {
            let text = format!("broker {target} broke off the login: {e}; check that its port is a SASL listener");
            Failure::new(Reason::Unreachable, text)
        };
        let done = timeout(LOGIN_TIME, converse(stream, credentials)).await.map_err(|late| broken(late.into()))?;
        done.map_err(broken)?.map_err(|error| {
            let text = format!("login at broker {target} as {:?} failed: {error}", credentials.username);
            Failure::new(Reason::LoginFailed, text)
        })
    }
}

async fn dial(target: &Target) -> io::Result<TcpStream> {
    let socket = timeout(DIAL_TIME, TcpStream::connect((target.host.as_str(), target.port))).await??;
    socket.set_nodelay(true)?;
    rustix::net::sockopt::set_socket_keepalive(&socket, true)?;
    Ok(socket)
}

/// The outer error is the connection's, the inner one the login's.
async fn converse(stream: &mut impl Stream, credentials: &Arc<Credentials>) -> io::Result<Result<u64, LoginError>> {
    let (mut login, mut next) = Login::start(Arc::clone(credentials));
    let mut bytes = [0; 2048];
    loop {
        stream.write_all(&next).await?;
        stream.flush().await?;
        next.clear();
        let count = stream.read(&mut bytes).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // SCRAM's key derivation takes milliseconds of this thread
        match block_in_place(|| login.step(bytes.get(..count).unwrap_or_default())) {
            Ok(Progress::Send(request)) => next = request,
            Ok(Progress::More) => {}
            Ok(Progress::Done { lifetime_ms }) => return Ok(Ok(lifetime_ms)),
            Err(error) => return Ok(Err(error)),
        }
    }
}

async fn connector(config: &TlsConfig, env: &EnvSecrets) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    for root in certificates(&config.ca)? {
        roots.add(root).map_err(|error| format!("{}: a CA certificate is wrong: {error}", config.ca.display()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else {
        return Ok(TlsConnector::from(Arc::new(builder.with_no_client_auth())));
    };
    // the parser's error could repeat what it could not parse
    let key = PrivateKeyDer::from_pem_slice(key.load(env).await?.expose()).ok();
    let key = key.ok_or("the client certificate's key is no private key in PEM")?;
    let config = builder.with_client_auth_cert(certificates(certificate)?, key);
    let wrong = |error| format!("{} and its key do not fit: {error}", certificate.display());
    Ok(TlsConnector::from(Arc::new(config.map_err(wrong)?)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| format!("{} holds no certificate in PEM", file.display()))
}
