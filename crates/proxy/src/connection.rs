//! One client connection, from accept to close: greeting, login, the two halves of [`crate::exchange`], goodbye.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_evidence::entry::SessionId;
use tidegate_model::{Caller, CallerKind, CredentialKind, LoginOutcome, Mechanism, RequestStep, Session};
use tidegate_policy::Circumstances;
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info, warn};

use crate::agents::{Broker, OpenError, Reason as AgentReason, Upstream, UpstreamFacts};
use crate::certificate::{self, Shown};
use crate::credential::{Refused, Verified, Way, verify};
use crate::decider::{Access, Decider};
use crate::drive::drive;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::frames::{Frame, FrameReader, ReadError};
use crate::gate::Shared;
use crate::listener::{Listener, Present, Target};
use crate::live::{Bar, Seated, barred};
use crate::metrics::Reason;
use crate::recheck::Watch;
use crate::recorder::{ConnectionFacts, Recorder};
use crate::stream::ClientStream;

/// How long a refused client has to read its refusal: some lose an answer that arrives together with the end of the stream.
pub(crate) const LINGER: Duration = Duration::from_secs(1);
/// The longest frame before the login: tokens take some kilobytes, and nobody has said yet who sends it.
const LOGIN_FRAME_MAX: usize = 64 * 1024;

/// Serves a connection to its end.
pub async fn serve(present: Present, stream: TcpStream, peer: SocketAddr, target: Target) {
    let listener = Arc::clone(&present.listener);
    let ended = attend(&listener, stream, peer, target).await;
    if let Err(fault) = ended {
        let cause = std::error::Error::source(&fault).map(ToString::to_string);
        match (&fault, fault.kind()) {
            // Load balancers do this every few seconds.
            (Fault::Login(LEFT) | Fault::ClientIo(_), _) => {
                debug!(%peer, listener = %listener.config.name, error = %fault, cause, "a connection ended")
            }
            (_, "client" | "caller") => {
                info!(%peer, listener = %listener.config.name, error = %fault, cause, "a connection ended")
            }
            _ => warn!(%peer, listener = %listener.config.name, error = %fault, cause, "a connection ended"),
        }
        listener.shared.metrics.faults.get_or_create(&Reason { reason: fault.kind() }).inc();
    }
    drop(present);
}

const LEFT: &str = "the client closed before it logged in";

async fn attend(listener: &Arc<Listener>, stream: TcpStream, peer: SocketAddr, target: Target) -> Result<(), Fault> {
    let limits = listener.shared.limits;
    stream.set_nodelay(true).map_err(Fault::ClientIo)?;
    // In a box, so that the many connections that are past it do not keep its room.
    let greeted = Box::pin(async {
        let deadline = tokio::time::Instant::now().checked_add(limits.login);
        let in_time = |deadline| async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let late = Fault::TooSlow("the client did not log in in time");
        let mut client = tokio::select! {
            client = greet(listener, stream, peer) => client?,
            () = in_time(deadline) => return Err(late),
        };
        // Who is known by a certificate need not log in, and some clients connect long before they have something to ask.
        let deadline = deadline.filter(|_| !client.is_known());
        let login = tokio::select! {
            login = login(listener, &mut client, target) => login?,
            () = in_time(deadline) => return Err(late),
        };
        client.read.set_longest(usize::MAX);
        Ok((client, login))
    });
    let (client, login) = tokio::select! {
        greeted = greeted => greeted?,
        () = listener.stopping.cancelled() => return Ok(()),
    };
    let Login { access, recorder, facts, mut upstream, upstream_ends_ms, watch } = login;
    listener.shared.metrics.sessions.inc();
    let words = client.session.client();
    let around = circumstances(listener, peer, &words.client_id);
    let seat = Seated::new(listener, access, client.certificate, &around);
    *seat.watch() = watch;
    let exchange = Exchange {
        listener: Arc::clone(listener),
        session: Mutex::new(client.session),
        seat,
        recorder,
        facts,
        tally: Mutex::default(),
        half_way: Mutex::default(),
        upstream_ends_ms,
    };
    let ended = drive(&exchange, client.read, client.write, &mut upstream).await;
    let why = match &ended {
        Ok(()) => "the client closed",
        Err(Fault::Cut(why)) => why.name(),
        Err(Fault::SessionEnded) => Bar::Ended.name(),
        Err(fault) => fault.kind(),
    };
    // The closing leaf waits for the disk, not for anybody's answer; if it fails, the verifier shows a session without an end.
    if let Some(closed) = exchange.recorder.close(why) {
        drop(closed.durable().await);
    }
    ended
}

async fn greet(listener: &Listener, stream: TcpStream, peer: SocketAddr) -> Result<Client, Fault> {
    let shared = &listener.shared;
    let (stream, certificate) = match listener.tls() {
        None => (ClientStream::Plain(stream), None),
        Some(tls) => match TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream).await {
            Ok(stream) => {
                let certificate = Shown::new(&tls, &stream, shared.now_ms() / 1000);
                (ClientStream::Tls(Box::new(stream)), certificate)
            }
            Err(error) if certificate::is_refused(&error) => {
                info!(%peer, listener = %listener.config.name, %error, "a client certificate is not accepted");
                note_failure(shared, peer.ip(), CERTIFICATE_REFUSED).await;
                return Err(Fault::Login(CERTIFICATE_REFUSED));
            }
            Err(error) => return Err(Fault::ClientIo(error)),
        },
    };
    let (read, write) = tokio::io::split(stream);
    let protocol = listener.endpoints.cluster().protocol;
    let read = FrameReader::new(read, protocol, shared.budget.requests().clone());
    let mut client = Client { read, write, session: protocol.open(), peer, certificate };
    if client.is_known() {
        client.session.known_already();
    } else {
        client.read.set_longest(LOGIN_FRAME_MAX);
    }
    Ok(client)
}

const CERTIFICATE_REFUSED: &str = "certificate";

struct Client {
    read: FrameReader<ReadHalf<ClientStream>>,
    write: WriteHalf<ClientStream>,
    session: Box<dyn Session>,
    peer: SocketAddr,
    certificate: Option<Shown>,
}

impl Client {
    /// Whether its certificate says who it is.
    fn is_known(&self) -> bool {
        self.certificate.as_ref().is_some_and(|shown| shown.caller.is_ok())
    }
}

struct Login {
    access: Access,
    recorder: Recorder,
    facts: ConnectionFacts,
    upstream: Upstream,
    upstream_ends_ms: Option<u64>,
    watch: Option<Watch>,
}

/// Everything before the first authenticated request.
async fn login(listener: &Listener, client: &mut Client, target: Target) -> Result<Login, Fault> {
    let mut exchange = None;
    loop {
        let Some(frame) = next_frame(&mut client.read).await? else {
            return Err(Fault::Login(LEFT));
        };
        let step = {
            let mut gate = Decider::new(&listener.shared, &listener.endpoints, None);
            client.session.request(frame.bytes, &mut gate)
        };
        let step = match (step, &client.certificate) {
            (Ok(step), _) => step,
            // It did not log in, perhaps because it thinks that its certificate is enough.
            (Err(_), Some(Shown { caller: Err(refused), .. })) => {
                info!(peer = %client.peer, reason = refused.reason, text = refused.text, "a client certificate is nobody's");
                note_failure(&listener.shared, client.peer.ip(), refused.reason).await;
                return Err(Fault::Login(refused.reason));
            }
            (Err(refused), _) => return Err(Fault::Client(refused)),
        };
        match step {
            RequestStep::Answer { frame, .. } => client.write.write_all(&frame).await.map_err(Fault::ClientIo)?,
            RequestStep::Authenticate(credential) => {
                let mechanism = credential.mechanism;
                let way = Way::of(listener, client.peer);
                let refused = match verify(&listener.shared, credential, exchange.take(), way).await {
                    Ok(Verified::HalfWay(half_way, answer)) => {
                        exchange = Some(half_way);
                        let answer = client.session.authenticated(LoginOutcome::Continue(answer.as_bytes()));
                        client.write.write_all(&answer).await.map_err(Fault::ClientIo)?;
                        continue;
                    }
                    Ok(Verified::Caller(caller, words, watch)) => {
                        match admit(listener, client, (caller, &words), target).await {
                            Ok(login) => return Ok(Login { watch, ..login }),
                            Err(Unadmitted::Broken(fault)) => return Err(fault),
                            Err(Unadmitted::Refused(refused)) => refused,
                        }
                    }
                    Err(refused) => refused,
                };
                return Err(turn_away(listener, client, mechanism, refused).await);
            }
            RequestStep::Begin(bytes) => {
                client.read.put_back(Frame { bytes, held: frame.held });
                return begin(listener, client, target).await;
            }
            RequestStep::Forward { .. } | RequestStep::ForwardUnanswered { .. } => {
                return Err(Fault::Login("a request came before the login"));
            }
        }
    }
}

/// Lets in a client that is known by its certificate. There is no message that could tell it why not.
async fn begin(listener: &Listener, client: &mut Client, target: Target) -> Result<Login, Fault> {
    let shared = &listener.shared;
    let caller = match &client.certificate {
        Some(Shown { caller: Ok(caller), .. }) => Arc::clone(caller),
        _ => return Err(Fault::Login("a request came before the login")),
    };
    let refused = match admit(listener, client, (caller, ""), target).await {
        Ok(login) => return Ok(login),
        Err(Unadmitted::Broken(fault)) => return Err(fault),
        Err(Unadmitted::Refused(refused)) => refused,
    };
    note_failure(shared, client.peer.ip(), refused.reason).await;
    Err(Fault::Login(refused.reason))
}

const AGENT_REFUSED: &str = "agent_login_failed";

enum Unadmitted {
    Broken(Fault),
    Refused(Refused),
}

/// Opens the broker's side and the session's evidence, then tells the client that it is in.
async fn admit(
    listener: &Listener,
    client: &mut Client,
    (caller, last_words): (Arc<Caller>, &str),
    target: Target,
) -> Result<Login, Unadmitted> {
    let shared = &listener.shared;
    let broken = Unadmitted::Broken;
    let words = client.session.client();
    if let Some(bar) = barred(shared, &caller, &circumstances(listener, client.peer, &words.client_id)) {
        return Err(Unadmitted::Refused(bar.into()));
    }
    if caller.expires_at <= shared.now_ms() / 1000 {
        // Between the handshake and the first request some time may pass.
        let text = "the credential has expired".into();
        return Err(Unadmitted::Refused(Refused { reason: "expiry", text }));
    }
    let mut id: SessionId = [0; 16];
    aws_lc_rs::rand::fill(&mut id).map_err(|_unspecified| broken(Fault::Open(OpenError::NoRandom)))?;
    let (upstream, known) = open(listener, target, id).await.map_err(|error| match error {
        OpenError::Refused { reason: AgentReason::LoginFailed | AgentReason::TlsFailed, .. } => {
            warn!(cluster = %listener.endpoints.cluster().name, %error, "the agent cannot log in to the broker");
            let text = "the gate cannot log in to the broker; its operator finds the cause in the log";
            Unadmitted::Refused(Refused { reason: AGENT_REFUSED, text: text.into() })
        }
        error => broken(Fault::Open(error)),
    })?;
    let facts = connection_facts(listener, client, &known);
    let recorder = Recorder::new(shared.log.clone(), shared.algorithm, id, caller.credential.is_static());
    let now_ms = shared.now_ms();
    let lifetime_ms = lifetime(shared, &caller, known.lifetime, now_ms);
    let upstream_ends_ms = known.lifetime.map(|left| now_ms.saturating_add(millis(left)));
    recorder.open(&caller, &words, &facts, now_ms).await.map_err(|e| broken(Fault::Evidence(e)))?;
    shared.accounts.used(&caller, &words.client_id, client.peer.ip(), now_ms);
    let circumstances = circumstances(listener, client.peer, &words.client_id);
    let access = Access::new(caller, now_ms.saturating_add(lifetime_ms), shared.policy(), &circumstances);
    let accepted = LoginOutcome::Accepted { lifetime_ms, last_words: last_words.as_bytes() };
    let answer = client.session.authenticated(accepted);
    client.write.write_all(&answer).await.map_err(|e| broken(Fault::ClientIo(e)))?;
    debug!(peer = %client.peer, "a session begins");
    Ok(Login { access, recorder, facts, upstream, upstream_ends_ms, watch: None })
}

async fn open(listener: &Listener, target: Target, session: SessionId) -> Result<(Upstream, UpstreamFacts), OpenError> {
    let cluster = listener.endpoints.cluster();
    let address = match target {
        Target::Bootstrap => None,
        Target::Broker(node_id) => cluster.broker(node_id),
    };
    let broker = match &address {
        Some((host, port)) => Broker::At { host, port: *port },
        None => Broker::Bootstrap,
    };
    listener.shared.agents.open_with_facts(&cluster.name, broker, session).await
}

/// Until when the session may go on without authenticating again: never past the credential, never "no end". A client that came
/// with nothing but a certificate has no way to authenticate again, so that the cap is not for it: its session ends with the
/// certificate, or when the caller is revoked.
pub(crate) fn lifetime(shared: &Shared, caller: &Caller, upstream: Option<Duration>, now_ms: u64) -> u64 {
    let cap = match (caller.credential, caller.kind) {
        (CredentialKind::Certificate, _) => Duration::MAX,
        (_, CallerKind::User) => shared.limits.session_user,
        (_, CallerKind::Workload) => shared.limits.session_workload,
    };
    let token = caller.expires_at.saturating_mul(1000).saturating_sub(now_ms);
    token.min(millis(cap)).min(upstream.map_or(u64::MAX, millis)).max(1)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn circumstances<'a>(listener: &'a Listener, peer: SocketAddr, client_id: &'a str) -> Circumstances<'a> {
    Circumstances {
        cluster: &listener.endpoints.cluster().name,
        address: peer.ip(),
        client_id,
        tls: listener.tls().is_some(),
    }
}

fn connection_facts(listener: &Listener, client: &Client, upstream: &UpstreamFacts) -> ConnectionFacts {
    let shared_user =
        listener.shared.agents.connected().iter().any(|a| a.name == upstream.agent && a.isolation_shared_user);
    let mut agent = vec![
        ("agent".to_owned(), upstream.agent.clone()),
        ("handover".to_owned(), format!("{:?}", upstream.mode).to_lowercase()),
        ("broker_tls".to_owned(), if upstream.tls { "yes" } else { "no" }.to_owned()),
    ];
    if shared_user {
        agent.push(("agent_isolation".to_owned(), "none".to_owned()));
    }
    ConnectionFacts {
        listener: listener.config.name.clone(),
        cluster: listener.endpoints.cluster().name.to_string(),
        tls: listener.tls().is_some(),
        plaintext_accepted: listener.config.plaintext_accepted,
        peer: client.peer,
        client_certificate: client.certificate.as_ref().map(|shown| shown.fingerprint.clone()),
        agent,
    }
}

/// Counts and records a refused login.
pub(crate) async fn note_failure(shared: &Shared, address: IpAddr, reason: &'static str) {
    shared.metrics.logins_failed.get_or_create(&Reason { reason }).inc();
    // Where the agent is at fault, the client's address is not held to account.
    let blame = reason != AGENT_REFUSED;
    if let Some(ticket) = shared.failures.note(&shared.log, (address, reason), blame, shared.now_ms()) {
        // A refusal stands whether or not it can be recorded.
        drop(ticket.await);
    }
}

/// Records a refused login, tells the client, and waits until it has had time to read.
async fn turn_away(listener: &Listener, client: &mut Client, mechanism: Mechanism, refused: Refused) -> Fault {
    let shared = &listener.shared;
    note_failure(shared, client.peer.ip(), refused.reason).await;
    let told = async {
        let answer = client.session.authenticated(LoginOutcome::Refused(&refused.text));
        client.write.write_all(&answer).await.map_err(Fault::ClientIo)?;
        if mechanism == Mechanism::OauthBearer
            && let Some(frame) = next_frame(&mut client.read).await?
        {
            let mut gate = Decider::new(shared, &listener.endpoints, None);
            if let RequestStep::Answer { frame, .. } =
                client.session.request(frame.bytes, &mut gate).map_err(Fault::Client)?
            {
                client.write.write_all(&frame).await.map_err(Fault::ClientIo)?;
            }
        }
        client.write.flush().await.map_err(Fault::ClientIo)
    };
    if told.await.is_ok() {
        let _left = tokio::time::timeout(LINGER, next_frame(&mut client.read)).await;
    }
    Fault::Login(refused.reason)
}

/// The client's next frame.
pub(crate) async fn next_frame<R: tokio::io::AsyncRead + Unpin>(
    read: &mut FrameReader<R>,
) -> Result<Option<Frame>, Fault> {
    read.next().await.map_err(|error| match error {
        ReadError::Refused(refused) => Fault::Client(refused),
        ReadError::Io(error) => Fault::ClientIo(error),
    })
}
