//! Opens one connection to a broker: dial what is allowed, TLS, login.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tidegate_link::{Broker, Mode, Reason};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::block_in_place;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{ClusterConfig, TlsConfig};
use crate::dial::{DialRules, Target};
use crate::login::{Credentials, Login, LoginError, Mechanism, Progress};
use crate::secret::{EnvSecrets, SecretError};

/// How long one address may take to answer the dial, and the TLS handshake after it.
const DIAL_TIME: Duration = Duration::from_secs(5);
/// How long the login may take.
const LOGIN_TIME: Duration = Duration::from_secs(10);

/// A cluster with its secrets, ready to open connections.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) dial: DialRules,
    tls: Option<Tls>,
    credentials: Option<Arc<Credentials>>,
    plain_on_loopback: bool,
    turn: AtomicUsize,
}

struct Tls {
    connector: TlsConnector,
    server_name: Option<ServerName<'static>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(..)")
    }
}

/// Why a cluster's secrets or certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("cluster {cluster:?}: {source}")]
    Secret { cluster: String, source: SecretError },
    #[error("cluster {cluster:?}: {file}: {what}")]
    Pem { cluster: String, file: String, what: String },
}

/// A logged-in connection to a broker.
pub(crate) struct Opened {
    pub(crate) stream: BrokerStream,
    pub(crate) peer: Target,
    pub(crate) lifetime_ms: u64,
}

pub(crate) enum BrokerStream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why no connection was opened; the text is safe to log and to send.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) text: String,
}

fn failure(reason: Reason, text: String) -> Failure {
    Failure { reason, text }
}

impl Cluster {
    /// Gets the cluster's secrets and certificates.
    ///
    /// # Errors
    /// [`LoadError`], which names the cluster, the file and the mend.
    pub(crate) async fn load(name: &str, config: &ClusterConfig, env: &EnvSecrets) -> Result<Cluster, LoadError> {
        let tls = match &config.tls {
            Some(tls) => Some(Tls::load(name, tls, env).await?),
            None => None,
        };
        let credentials = match &config.login {
            Some(login) => {
                let loaded = login.password.load(env).await;
                let password = loaded.map_err(|source| LoadError::Secret { cluster: name.into(), source })?;
                Some(Arc::new(Credentials::new(login.mechanism, login.username.clone(), password)))
            }
            None => None,
        };
        Ok(Cluster {
            name: name.into(),
            mode: config.mode,
            dial: config.dial.clone(),
            tls,
            credentials,
            plain_on_loopback: config.login.as_ref().is_some_and(|login| login.plain_on_loopback),
            turn: AtomicUsize::new(0),
        })
    }

    /// Opens and logs in to the broker that is wanted, if this configuration allows to dial it.
    ///
    /// # Errors
    /// [`Failure`]; its text names the address and holds no secret.
    pub(crate) async fn open(&self, broker: &Broker) -> Result<Opened, Failure> {
        let targets = match broker {
            Broker::At { host, port } => match self.dial.allow(host, *port) {
                Some(target) => vec![target],
                None => {
                    let text = format!(
                        "{host}:{port} is neither a bootstrap address nor inside a dial pattern of cluster {:?}; \
                         if it is a broker, add it to dial in the agent's configuration",
                        self.name
                    );
                    return Err(failure(Reason::NotAllowed, text));
                }
            },
            Broker::Bootstrap => {
                let mut all = self.dial.bootstrap.clone();
                let turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(all.len());
                all.rotate_left(turn.unwrap_or(0));
                all
            }
        };
        let mut last = failure(Reason::Unreachable, "no bootstrap address is configured".into());
        for target in targets {
            match self.open_at(target).await {
                Err(unreachable) if unreachable.reason == Reason::Unreachable => last = unreachable,
                done => return done,
            }
        }
        Err(last)
    }

    async fn open_at(&self, target: Target) -> Result<Opened, Failure> {
        let unreachable =
            |error: &io::Error| failure(Reason::Unreachable, format!("cannot reach broker {target}: {error}"));
        let dialled = timeout(DIAL_TIME, TcpStream::connect((target.host.as_str(), target.port))).await;
        let socket = dialled.unwrap_or_else(|_| Err(late("no answer within 5 s"))).map_err(|e| unreachable(&e))?;
        socket.set_nodelay(true).map_err(|e| unreachable(&e))?;
        rustix::net::sockopt::set_socket_keepalive(&socket, true).map_err(|e| unreachable(&e.into()))?;
        self.check_plain(&socket, &target)?;
        let mut stream = match &self.tls {
            None => BrokerStream::Plain(socket),
            Some(tls) => BrokerStream::Tls(Box::new(tls.connect(socket, &target).await?)),
        };
        let lifetime_ms = match (&self.credentials, &mut stream) {
            (None, _) => 0,
            (Some(credentials), BrokerStream::Plain(stream)) => log_in(stream, credentials, &target).await?,
            (Some(credentials), BrokerStream::Tls(stream)) => log_in(stream, credentials, &target).await?,
        };
        Ok(Opened { stream, peer: target, lifetime_ms })
    }

    /// PLAIN never goes over an unencrypted network, wherever a name may lead.
    fn check_plain(&self, socket: &TcpStream, target: &Target) -> Result<(), Failure> {
        let plain = self.credentials.as_ref().is_some_and(|known| known.mechanism == Mechanism::Plain);
        let loopback = || socket.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        if !plain || self.tls.is_some() || (self.plain_on_loopback && loopback()) {
            return Ok(());
        }
        let text =
            format!("PLAIN without TLS is not sent to {target}, which is not this machine; configure [cluster.tls]");
        Err(failure(Reason::LoginFailed, text))
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

async fn log_in<S>(stream: &mut S, credentials: &Arc<Credentials>, target: &Target) -> Result<u64, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let user = &credentials.username;
    let wrong = |error: LoginError| {
        failure(Reason::LoginFailed, format!("login at broker {target} as {user:?} failed: {error}"))
    };
    let broken = |error: &io::Error| {
        let text =
            format!("broker {target} broke off during the login: {error}; check that its port is a SASL listener");
        failure(Reason::Unreachable, text)
    };
    let work = async {
        let (mut login, first) = Login::start(Arc::clone(credentials)).map_err(wrong)?;
        stream.write_all(&first).await.map_err(|e| broken(&e))?;
        let mut bytes = [0; 2048];
        loop {
            stream.flush().await.map_err(|e| broken(&e))?;
            let count = stream.read(&mut bytes).await.map_err(|e| broken(&e))?;
            if count == 0 {
                return Err(broken(&io::ErrorKind::UnexpectedEof.into()));
            }
            // SCRAM's key derivation takes milliseconds of this thread
            let step = block_in_place(|| login.step(bytes.get(..count).unwrap_or_default()));
            match step.map_err(wrong)? {
                Progress::Send(next) => stream.write_all(&next).await.map_err(|e| broken(&e))?,
                Progress::More => {}
                Progress::Done { lifetime_ms } => return Ok(lifetime_ms),
            }
        }
    };
    timeout(LOGIN_TIME, work).await.unwrap_or_else(|_| Err(broken(&late("no answer within 10 s"))))
}

impl Tls {
    async fn load(cluster: &str, config: &TlsConfig, env: &EnvSecrets) -> Result<Tls, LoadError> {
        let wrong = |file: &Path, what: String| {
            let file = file.display().to_string();
            LoadError::Pem { cluster: cluster.into(), file, what }
        };
        let mut roots = RootCertStore::empty();
        for root in certificates(&config.ca).map_err(|what| wrong(&config.ca, what))? {
            roots.add(root).map_err(|error| wrong(&config.ca, format!("a CA certificate is wrong: {error}")))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&config.ca, error.to_string()))?
            .with_root_certificates(roots);
        let client = match &config.client {
            None => builder.with_no_client_auth(),
            Some((file, key)) => {
                let chain = certificates(file).map_err(|what| wrong(file, what))?;
                let key = key.load(env).await;
                let key = key.map_err(|source| LoadError::Secret { cluster: cluster.into(), source })?;
                let key = PrivateKeyDer::from_pem_slice(key.expose());
                // the parser's error could repeat what it could not parse
                let key = key.map_err(|_error| wrong(file, "its key holds no private key in PEM".into()))?;
                let ready = builder.with_client_auth_cert(chain, key);
                ready.map_err(|error| wrong(file, format!("certificate and key do not fit: {error}")))?
            }
        };
        let name = config.server_name.clone().map(ServerName::try_from).transpose();
        let server_name = name.map_err(|error| wrong(&config.ca, format!("server_name is wrong: {error}")))?;
        Ok(Tls { connector: TlsConnector::from(Arc::new(client)), server_name })
    }

    async fn connect(&self, socket: TcpStream, target: &Target) -> Result<TlsStream<TcpStream>, Failure> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(target.host.clone())
                .map_err(|error| failure(Reason::TlsFailed, format!("{target} is no name for TLS: {error}")))?,
        };
        let connected = timeout(DIAL_TIME, self.connector.connect(name, socket)).await;
        connected.unwrap_or_else(|_| Err(late("no TLS answer within 5 s"))).map_err(|error| {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            let what = match tls {
                Some(rustls::Error::InvalidCertificate(why)) => {
                    format!(
                        "the certificate of broker {target} is wrong: {why:?}; check ca, server_name and the broker"
                    )
                }
                _ => format!("TLS with broker {target} failed: {error}; check that its port speaks TLS"),
            };
            failure(if tls.is_some() { Reason::TlsFailed } else { Reason::Unreachable }, what)
        })
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match parsed {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err("holds no certificate in PEM".into()),
        Err(error) => Err(format!("is no PEM: {error}")),
    }
}
