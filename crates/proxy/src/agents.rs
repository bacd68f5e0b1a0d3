//! The gateway's side of the agent link: agents dial in over a Unix socket, and give authenticated broker connections.
//!
//! The gateway never holds a broker's credential and never dials a broker: it asks ([`Agents::open`]) and gets a stream.
//! Whoever connects must run as the agent's user (`SO_PEERCRED`, checked on every connection). Each request carries a
//! fresh 128-bit number; a connection that answers with a number that is unknown, expired or used is dropped.

mod receive;
mod upstream;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidegate_link::{ClusterOffer, Handover, Hello, Message, Number, Open, Receiver, Role, Welcome, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout, timeout_at};

pub use tidegate_link::{Isolation, Mode, Reason};
pub use upstream::{Upstream, UpstreamRead, UpstreamWrite};

/// The first frame of a connection must be there within this time.
const FIRST_FRAME: Duration = Duration::from_secs(5);
/// An agent is asked for a sign of life this often, and given up after three times without.
const PING: Duration = Duration::from_secs(15);
/// An agent that does not take a message for this long is given up.
const WRITE: Duration = Duration::from_secs(5);
/// Connections that have not said who they are, beyond those that pending requests explain.
const NEWCOMERS: usize = 64;

/// Where agents connect, and which bounds hold.
#[derive(Clone, Debug)]
pub struct AgentsConfig {
    /// The Unix socket; made at start, removed at the end.
    pub socket: PathBuf,
    /// The only user id that may connect; `None` = the gateway's own (then the agent is not isolated).
    pub agent_uid: Option<u32>,
    /// The gateway's name, told to agents.
    pub gateway: String,
    /// The incarnation of the gateway's evidence, told to agents.
    pub incarnation: [u8; 16],
    /// How long [`Agents::open`] may take in all.
    pub open_timeout: Duration,
    /// How many requests may be open at once; more wait.
    pub max_pending: usize,
}

/// Why the socket for agents could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum AgentsError {
    /// The socket cannot be made.
    #[error("cannot listen for agents on {path}: {source}; check the folder and who owns it")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process listens there.
    #[error("another gateway already listens for agents on {0}; stop it or configure another socket")]
    InUse(PathBuf),
}

/// Why no upstream connection came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No agent that serves the cluster is connected, or it went away meanwhile.
    #[error("no agent serves the cluster {cluster:?}; start tidegate-agent or read its log")]
    NoAgent {
        /// The cluster.
        cluster: String,
    },
    /// The agent refused.
    #[error("the agent refused ({}): {text}", reason.name())]
    Refused {
        /// The kind of refusal.
        reason: Reason,
        /// The agent's explanation, free of secrets.
        text: String,
    },
    /// No answer in time.
    #[error("the agent gave no connection in time; read its log")]
    Timeout,
    /// The system gave no random bytes; nothing may be opened without.
    #[error("the system gives no random bytes")]
    NoRandom,
}

/// Which broker of a cluster is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broker<'a> {
    /// Any bootstrap address of the agent's configuration.
    Bootstrap,
    /// The address that the cluster's own metadata names.
    At {
        /// Name or address, without brackets.
        host: &'a str,
        /// TCP port.
        port: u16,
    },
}

/// What is known of one upstream connection, for evidence and for the session's lifetime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamFacts {
    /// The agent's name.
    pub agent: String,
    /// `host:port` as the agent dialled it.
    pub peer: String,
    /// Whether the agent speaks TLS with the broker.
    pub tls: bool,
    /// How it was handed over.
    pub mode: Mode,
    /// When the broker ends the session (KIP-368), counted from now; `None` = never.
    pub lifetime: Option<Duration>,
}

/// A connected agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentState {
    /// The agent's configured name.
    pub name: String,
    /// The clusters it serves, each with its mode and bootstrap addresses.
    pub clusters: Vec<ClusterOffer>,
    /// What the agent says protects its secrets.
    pub isolation: Isolation,
    /// The agent runs as the gateway's own user: to be reported as `agent_isolation=none`.
    pub isolation_shared_user: bool,
}

/// Running totals since start, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentsCounts {
    /// Connections dropped because another user made them.
    pub wrong_user: u64,
    /// Handovers dropped: number unknown, expired or used, wrong mode, not a socket.
    pub handovers_dropped: u64,
    /// Connections handed over.
    pub opened: u64,
    /// Requests that an agent refused.
    pub refused: u64,
}

/// The agents of a gateway. Cheap to clone; lives until [`Agents::shutdown`].
#[derive(Clone, Debug)]
pub struct Agents(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: AgentsConfig,
    own_uid: u32,
    permits: Semaphore,
    newcomers: Arc<Semaphore>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    wrong_user: AtomicU64,
    dropped: AtomicU64,
    opened: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    agents: Vec<Connected>,
    pending: HashMap<Number, Pending>,
}

#[derive(Debug)]
struct Connected {
    id: u64,
    uid: u32,
    hello: Hello,
    orders: mpsc::Sender<Message>,
}

#[derive(Debug)]
struct Pending {
    agent: u64,
    agent_name: String,
    mode: Mode,
    answer: oneshot::Sender<Result<(Upstream, UpstreamFacts), OpenError>>,
}

impl Agents {
    /// Listens for agents and serves them in the background until [`Agents::shutdown`].
    ///
    /// A socket file that nobody listens on is replaced. When the agent is another user, the file admits every user:
    /// the folder's permissions and the check of the peer's user id decide.
    ///
    /// # Errors
    /// [`AgentsError`] when the socket cannot be made or another gateway listens on it.
    pub async fn listen(config: AgentsConfig) -> Result<Agents, AgentsError> {
        let path = config.socket.clone();
        if UnixStream::connect(&path).await.is_ok() {
            return Err(AgentsError::InUse(path));
        }
        let own_uid = rustix::process::geteuid().as_raw();
        let shared = config.agent_uid.is_none_or(|uid| uid == own_uid);
        let listener = bind(&path, shared).map_err(|source| AgentsError::Listen { path, source })?;
        let inner = Arc::new(Inner {
            own_uid,
            permits: Semaphore::new(config.max_pending.max(1)),
            newcomers: Arc::new(Semaphore::new(NEWCOMERS.saturating_add(config.max_pending))),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            wrong_user: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            config,
        });
        tokio::spawn(accept(Arc::clone(&inner), listener));
        Ok(Agents(inner))
    }

    /// Opens an authenticated connection to a broker.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is retried here.
    pub async fn open(&self, cluster: &str, broker: Broker<'_>, session: [u8; 16]) -> Result<Upstream, OpenError> {
        self.open_with_facts(cluster, broker, session).await.map(|(upstream, _)| upstream)
    }

    /// Like [`Agents::open`], and says what is known of the connection.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is retried here.
    pub async fn open_with_facts(
        &self,
        cluster: &str,
        broker: Broker<'_>,
        session: [u8; 16],
    ) -> Result<(Upstream, UpstreamFacts), OpenError> {
        let inner = &*self.0;
        let deadline = Instant::now() + inner.config.open_timeout;
        let late = |_| OpenError::Timeout;
        let _permit = timeout_at(deadline, inner.permits.acquire()).await.map_err(late)?;
        let mut secret = [0; 16];
        if aws_lc_rs::rand::fill(&mut secret).is_err() {
            return Err(OpenError::NoRandom);
        }
        let number = Number(secret);
        let none = || OpenError::NoAgent { cluster: cluster.to_owned() };
        let (orders, answer) = inner.expect(number, cluster).ok_or_else(none)?;
        let _forget = Forget { inner, number };
        let broker = match broker {
            Broker::Bootstrap => tidegate_link::Broker::Bootstrap,
            Broker::At { host, port } => tidegate_link::Broker::At { host: host.to_owned(), port },
        };
        let left = deadline.saturating_duration_since(Instant::now()).as_millis();
        let deadline_ms = u32::try_from(left).unwrap_or(u32::MAX);
        let order = Message::Open(Open { number, cluster: cluster.to_owned(), broker, session, deadline_ms });
        if timeout_at(deadline, orders.send(order)).await.map_err(late)?.is_err() {
            return Err(none());
        }
        timeout_at(deadline, answer).await.map_err(late)?.unwrap_or_else(|_gone| Err(none()))
    }

    /// The agents that are connected now.
    #[must_use]
    pub fn connected(&self) -> Vec<AgentState> {
        let state = self.0.state();
        let describe = |agent: &Connected| AgentState {
            name: agent.hello.agent.clone(),
            clusters: agent.hello.clusters.clone(),
            isolation: agent.hello.isolation,
            isolation_shared_user: agent.uid == self.0.own_uid,
        };
        state.agents.iter().map(describe).collect()
    }

    /// Whether an agent that serves the cluster is connected now.
    #[must_use]
    pub fn serves(&self, cluster: &str) -> bool {
        self.0.state().agents.iter().any(|agent| agent.offer(cluster).is_some())
    }

    /// Waits until an agent that serves the cluster is connected; no deadline of its own.
    pub async fn wait_for(&self, cluster: &str) {
        let mut changes = self.0.changed.subscribe();
        while !self.serves(cluster) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Changes whenever an agent comes, goes or says something new of itself.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// The totals since start.
    #[must_use]
    pub fn counts(&self) -> AgentsCounts {
        AgentsCounts {
            wrong_user: self.0.wrong_user.load(Ordering::Relaxed),
            handovers_dropped: self.0.dropped.load(Ordering::Relaxed),
            opened: self.0.opened.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
        }
    }

    /// Ends the link: control connections close, the socket file goes, open requests fail. Connections that were handed
    /// over live on.
    pub fn shutdown(&self) {
        self.0.stop.send_replace(true);
    }
}

impl Connected {
    fn offer(&self, cluster: &str) -> Option<&ClusterOffer> {
        self.hello.clusters.iter().find(|offer| offer.name == cluster)
    }
}

/// A request that is no longer waited for is forgotten, also when the caller was cancelled.
struct Forget<'a> {
    inner: &'a Inner,
    number: Number,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.inner.state().pending.remove(&self.number);
    }
}

type Answer = oneshot::Receiver<Result<(Upstream, UpstreamFacts), OpenError>>;

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chooses an agent for the cluster, by turns, and notes the number as given out.
    fn expect(&self, number: Number, cluster: &str) -> Option<(mpsc::Sender<Message>, Answer)> {
        let mut state = self.state();
        state.next = state.next.wrapping_add(1);
        let serving = || state.agents.iter().filter_map(|agent| Some((agent, agent.offer(cluster)?.mode)));
        let turn = usize::try_from(state.next).unwrap_or(0).checked_rem(serving().count())?;
        let (agent, mode) = serving().nth(turn)?;
        let (answer, waiting) = oneshot::channel();
        let orders = agent.orders.clone();
        let pending = Pending { agent: agent.id, agent_name: agent.hello.agent.clone(), mode, answer };
        state.pending.insert(number, pending);
        Some((orders, waiting))
    }

    fn notify(&self) {
        self.changed.send_modify(|turn| *turn = turn.wrapping_add(1));
    }

    fn drop_handover(&self, why: &str) {
        let total = self.dropped.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        tracing::warn!(why, total, "a handed-over broker connection was dropped");
    }
}

fn bind(path: &std::path::Path, shared: bool) -> io::Result<UnixListener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    if let Ok(found) = std::fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is no socket is in the way"));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    let mode = if shared { 0o600 } else { 0o666 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(listener)
}

async fn accept(inner: Arc<Inner>, listener: UnixListener) {
    let mut stop = inner.stop.subscribe();
    let mut serving = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_ended) = serving.join_next() => {}
            arrival = accept_one(&inner, &listener) => match arrival {
                Ok((stream, place)) => {
                    serving.spawn(serve(Arc::clone(&inner), stream, place));
                }
                Err(error) => {
                    tracing::error!(%error, "cannot accept agents; raise the limit of open files if it is reached");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
        }
    }
    serving.shutdown().await;
    let mut state = inner.state();
    state.agents.clear();
    state.pending.clear();
    drop(state);
    inner.notify();
    if let Err(error) = std::fs::remove_file(&inner.config.socket) {
        tracing::debug!(%error, "the agents' socket file was already gone");
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

type Place = tokio::sync::OwnedSemaphorePermit;

async fn accept_one(inner: &Inner, listener: &UnixListener) -> io::Result<(UnixStream, Place)> {
    let place = Arc::clone(&inner.newcomers).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn serve(inner: Arc<Inner>, stream: UnixStream, place: Place) {
    let expected = inner.config.agent_uid.unwrap_or(inner.own_uid);
    let uid = match stream.peer_cred() {
        Ok(peer) if peer.uid() == expected => peer.uid(),
        other => {
            let total = inner.wrong_user.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            let uid = other.map(|peer| peer.uid()).ok();
            tracing::warn!(uid, expected, total, "a connection to the agents' socket by another user was dropped");
            return;
        }
    };
    let mut receiver = Receiver::new(Role::Gateway);
    let first = timeout(FIRST_FRAME, receive::first_frame(&stream, &mut receiver)).await;
    drop(place);
    match first {
        Ok(Ok((Message::Handover(handover), descriptor))) => accept_handover(&inner, stream, &handover, descriptor),
        Ok(Ok((Message::Hello(hello), None))) => control(&inner, stream, receiver, hello, uid).await,
        Ok(Ok((message, _))) => tracing::warn!(message = message.name(), "an agent began with the wrong message"),
        Ok(Err(error)) => tracing::warn!(%error, "an agent's connection was dropped"),
        Err(_late) => tracing::warn!("an agent's connection was dropped: it said nothing for 5 s"),
    }
}

fn accept_handover(inner: &Inner, stream: UnixStream, handover: &Handover, descriptor: Option<std::os::fd::OwnedFd>) {
    // taken out before anything is checked: whatever comes of it, the number is used
    let Some(pending) = inner.state().pending.remove(&handover.number) else {
        return inner.drop_handover("its number is unknown, expired or already used");
    };
    if pending.mode != handover.mode {
        return inner.drop_handover("it came in another mode than the agent had said for the cluster");
    }
    let upstream = match (handover.mode, descriptor) {
        (Mode::Relay, None) => Upstream::Unix(stream),
        (Mode::Socket, Some(descriptor)) => match receive::connected_tcp(descriptor).and_then(TcpStream::from_std) {
            Ok(socket) => Upstream::Tcp(socket),
            Err(error) => return inner.drop_handover(&error.to_string()),
        },
        (Mode::Relay, Some(_)) => return inner.drop_handover("a descriptor came in relay mode"),
        (Mode::Socket, None) => return inner.drop_handover("no descriptor came in socket mode"),
    };
    let facts = UpstreamFacts {
        agent: pending.agent_name,
        peer: handover.peer.clone(),
        tls: handover.tls,
        mode: handover.mode,
        lifetime: (handover.lifetime_ms > 0).then(|| Duration::from_millis(handover.lifetime_ms)),
    };
    if pending.answer.send(Ok((upstream, facts))).is_ok() {
        inner.opened.fetch_add(1, Ordering::Relaxed);
    }
}

/// Serves a control connection until it ends, then fails what it still owed.
async fn control(inner: &Inner, stream: UnixStream, receiver: Receiver, hello: Hello, uid: u32) {
    let (orders, mailbox) = mpsc::channel(inner.config.max_pending.max(1));
    let agent = hello.agent.clone();
    let id = {
        let mut state = inner.state();
        state.next = state.next.wrapping_add(1);
        let id = state.next;
        state.agents.push(Connected { id, uid, hello, orders });
        id
    };
    // the guard also runs when the task is aborted
    let _leave = Leave { inner, id };
    inner.notify();
    tracing::info!(agent, uid, shared_user = uid == inner.own_uid, "agent connected");
    match converse(inner, id, stream, receiver, mailbox).await {
        Ok(()) => tracing::warn!(agent, "agent disconnected; no new broker connections until it is back"),
        Err(error) => {
            tracing::warn!(agent, %error, "agent disconnected; no new broker connections until it is back")
        }
    }
}

struct Leave<'a> {
    inner: &'a Inner,
    id: u64,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        state.agents.retain(|agent| agent.id != self.id);
        state.pending.retain(|_, pending| pending.agent != self.id);
        drop(state);
        self.inner.notify();
    }
}

async fn converse(
    inner: &Inner,
    id: u64,
    mut stream: UnixStream,
    mut receiver: Receiver,
    mut mailbox: mpsc::Receiver<Message>,
) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    let welcome = Welcome { gateway: inner.config.gateway.clone(), incarnation: inner.config.incarnation };
    send(&mut output, &Message::Welcome(welcome)).await?;
    let mut tick = interval(PING);
    let mut heard = Instant::now();
    let mut bytes = vec![0; 4096];
    loop {
        tokio::select! {
            read = input.read(&mut bytes) => {
                let count = read?;
                if count == 0 {
                    return Ok(());
                }
                heard = Instant::now();
                receiver.push(bytes.get(..count).unwrap_or_default());
                while let Some(message) = receiver.next_message().map_err(io::Error::other)? {
                    if let Some(answer) = inner.hear(id, message) {
                        send(&mut output, &answer).await?;
                    }
                }
            }
            Some(order) = mailbox.recv() => send(&mut output, &order).await?,
            now = tick.tick() => {
                if now.saturating_duration_since(heard) > PING * 3 {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "it gave no sign of life for 45 s"));
                }
                send(&mut output, &Message::Ping(0)).await?;
            }
        }
    }
}

async fn send(output: &mut (impl AsyncWriteExt + Unpin), message: &Message) -> io::Result<()> {
    let frame = encode(message).map_err(io::Error::other)?;
    timeout(WRITE, output.write_all(&frame)).await.map_err(io::Error::other)?
}

impl Inner {
    /// Acts on an agent's message; gives the answer that it wants, if any.
    fn hear(&self, id: u64, message: Message) -> Option<Message> {
        match message {
            Message::Refused(refused) => {
                let mut state = self.state();
                // only the agent that was asked may refuse
                if state.pending.get(&refused.number).is_none_or(|pending| pending.agent != id) {
                    return None;
                }
                let pending = state.pending.remove(&refused.number)?;
                drop(state);
                self.refused.fetch_add(1, Ordering::Relaxed);
                let (agent, reason, text) = (pending.agent_name, refused.reason, refused.text);
                tracing::warn!(agent, reason = reason.name(), text, "the agent refused to open a broker connection");
                if pending.answer.send(Err(OpenError::Refused { reason, text })).is_err() {
                    tracing::debug!("nobody waits for that refusal any more");
                }
                None
            }
            Message::Hello(hello) => {
                let mut state = self.state();
                if let Some(agent) = state.agents.iter_mut().find(|agent| agent.id == id) {
                    tracing::info!(agent = hello.agent, clusters = hello.clusters.len(), "agent was reconfigured");
                    agent.hello = hello;
                }
                drop(state);
                self.notify();
                None
            }
            Message::Ping(value) => Some(Message::Pong(value)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
