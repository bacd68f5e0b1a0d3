//! The conversation with the gateway: says hello, opens what it is asked for and allowed to, hands over.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tidegate_link::{
    ClusterOffer, Handover, Hello, Isolation, Message, Mode, Numbers, Open, Reason, Receiver, Refused, Role, Session,
    encode,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::config::AgentConfig;
use crate::relay::{Buffers, relay};
use crate::upstream::{BrokerStream, Cluster, Failure, Opened};

/// Connections that may be opened at once; more are refused as busy.
const OPENING_MAX: usize = 512;
/// The longest time that an open may take, whatever the gateway says.
const OPEN_TIME: Duration = Duration::from_secs(30);
/// The gateway asks for a sign of life every 15 s; one that says nothing for this long is given up.
const SILENCE: Duration = Duration::from_secs(45);
/// How long the gateway may take to accept a connection or a message.
const GATEWAY_TIME: Duration = Duration::from_secs(5);
/// The pauses between attempts to reach the gateway: from the first to the second, doubling.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// All that a configuration gives; replaced as a whole when it is reloaded.
pub(crate) struct Setup {
    pub(crate) agent: AgentConfig,
    pub(crate) clusters: Vec<Cluster>,
}

/// What the agent's connections share.
pub(crate) struct Agent {
    setup: watch::Receiver<Arc<Setup>>,
    isolation: Isolation,
    /// Never used: when the last holder of the agent is gone, the other end knows that all work is done.
    _working: mpsc::Sender<()>,
    opening: Arc<Semaphore>,
    buffers: Buffers,
    refused: AtomicU64,
}

impl Agent {
    pub(crate) fn new(setup: watch::Receiver<Arc<Setup>>, isolation: Isolation, working: mpsc::Sender<()>) -> Agent {
        let opening = Arc::new(Semaphore::new(OPENING_MAX));
        Agent { setup, isolation, _working: working, opening, buffers: Buffers::default(), refused: AtomicU64::new(0) }
    }

    fn setup(&self) -> Arc<Setup> {
        Arc::clone(&self.setup.borrow())
    }

    fn hello(&self) -> Message {
        let setup = self.setup();
        let offer = |cluster: &Cluster| ClusterOffer {
            name: cluster.config.name.clone(),
            mode: cluster.config.mode,
            bootstrap: cluster.config.bootstrap.iter().map(ToString::to_string).collect(),
        };
        let clusters = setup.clusters.iter().map(offer).collect();
        Message::Hello(Hello { agent: setup.agent.name.clone(), clusters, isolation: self.isolation })
    }
}

/// Stays connected to the gateway, for ever.
pub(crate) async fn run(agent: Arc<Agent>) {
    let mut numbers = Numbers::default();
    let mut pause = PAUSES.0;
    loop {
        // a copy: holding on to the setup would keep its secrets after a reload
        let config = agent.setup().agent.clone();
        match connect(&config).await {
            Ok(stream) => {
                pause = PAUSES.0;
                if let Err(error) = converse(&agent, stream, &mut numbers).await {
                    tracing::warn!(%error, "lost the gateway; connecting again");
                }
            }
            Err(error) => {
                let socket = config.gateway.display();
                tracing::warn!(%socket, %error, "gateway down: cannot connect; is tidegate running? trying on");
            }
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSES.1);
    }
}

/// Connects to the gateway and makes sure that it is the gateway's user who listens.
async fn connect(config: &AgentConfig) -> io::Result<UnixStream> {
    let stream = timeout(GATEWAY_TIME, UnixStream::connect(&config.gateway)).await??;
    let uid = stream.peer_cred()?.uid();
    let wanted = config.gateway_uid;
    if uid != wanted {
        let what = format!("its socket belongs to user {uid}, not to {wanted}; set gateway_user to the gateway's user");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    Ok(stream)
}

async fn converse(agent: &Arc<Agent>, mut stream: UnixStream, numbers: &mut Numbers) -> io::Result<()> {
    let mut changes = agent.setup.clone();
    changes.mark_unchanged();
    let (mut input, mut output) = stream.split();
    send(&mut output, &agent.hello()).await?;
    let (answers, mut outgoing) = mpsc::channel(64);
    let mut receiver = Receiver::new(Role::Agent);
    let mut bytes = vec![0; 4096];
    loop {
        tokio::select! {
            read = timeout(SILENCE, input.read(&mut bytes)) => {
                let count = read??;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                receiver.push(bytes.get(..count).unwrap_or_default());
                while let Some(message) = receiver.next_message().map_err(io::Error::other)? {
                    let answer = match message {
                        Message::Open(open) => accept(agent, open, numbers, &answers),
                        Message::Ping(value) => Some(Message::Pong(value)),
                        Message::Welcome(welcome) => {
                            tracing::info!(gateway = welcome.gateway, "connected to the gateway");
                            None
                        }
                        _ => None,
                    };
                    if let Some(answer) = answer {
                        send(&mut output, &answer).await?;
                    }
                }
            }
            Some(answer) = outgoing.recv() => send(&mut output, &answer).await?,
            Ok(()) = changes.changed() => send(&mut output, &agent.hello()).await?,
        }
    }
}

async fn send(output: &mut (impl AsyncWriteExt + Unpin), message: &Message) -> io::Result<()> {
    let frame = encode(message).map_err(io::Error::other)?;
    timeout(GATEWAY_TIME, output.write_all(&frame)).await?
}

/// Starts to work on an open, or gives the refusal at once.
fn accept(agent: &Arc<Agent>, open: Open, numbers: &mut Numbers, answers: &mpsc::Sender<Message>) -> Option<Message> {
    if !numbers.note(open.number) {
        return Some(agent.refuse(&open, &Failure::new(Reason::BadNumber, "this number was used before")));
    }
    let Ok(place) = Arc::clone(&agent.opening).try_acquire_owned() else {
        return Some(agent.refuse(&open, &Failure::new(Reason::Busy, "too many connections are being opened")));
    };
    let (agent, answers) = (Arc::clone(agent), answers.clone());
    tokio::spawn(async move {
        let limit = OPEN_TIME.min(Duration::from_millis(open.deadline_ms.into()));
        let late = || Failure::new(Reason::Unreachable, "the gateway's deadline passed during dial or login");
        let opened = timeout(limit, agent.open(&open)).await.unwrap_or_else(|_| Err(late()));
        drop(place);
        match opened {
            Ok((opened, mode)) => hand_over(&agent, mode, &open, opened).await,
            // when the control connection is gone, so is the gateway's interest
            Err(failure) => drop(answers.send(agent.refuse(&open, &failure)).await),
        }
    });
    None
}

impl Agent {
    /// Uses the secrets of the moment, and keeps them no longer than the login takes.
    async fn open(&self, open: &Open) -> Result<(Opened, Mode), Failure> {
        let setup = self.setup();
        let cluster = setup.clusters.iter().find(|cluster| cluster.config.name == open.cluster);
        let unknown = || Failure::new(Reason::NotAllowed, format!("cluster {:?} is not configured", open.cluster));
        let cluster = cluster.ok_or_else(unknown)?;
        Ok((cluster.open(&open.broker).await?, cluster.config.mode))
    }

    /// Logs and counts a refusal, and makes its message.
    fn refuse(&self, open: &Open, failure: &Failure) -> Message {
        let total = self.refused.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let (cluster, session) = (&open.cluster, hex(open.session));
        let refused = Refused::new(open.number, failure.reason, &failure.text);
        tracing::warn!(cluster, session, reason = failure.reason.name(), total, "{}", refused.text);
        Message::Refused(refused)
    }
}

fn hex(session: Session) -> String {
    format!("{:032x}", u128::from_be_bytes(session))
}

async fn hand_over(agent: &Agent, mode: Mode, open: &Open, opened: Opened) {
    let (peer, session) = (opened.peer.to_string(), hex(open.session));
    let tls = matches!(opened.stream, BrokerStream::Tls(_));
    let (number, lifetime_ms) = (open.number, opened.lifetime_ms);
    let message = Message::Handover(Handover { number, mode, peer: peer.clone(), tls, lifetime_ms });
    let work = async {
        let mut gateway = connect(&agent.setup().agent).await?;
        match (mode, opened.stream) {
            (Mode::Socket, BrokerStream::Plain(socket)) => send_socket(&gateway, &message, &socket).await,
            (Mode::Socket, BrokerStream::Tls(_)) => Err(io::Error::other("socket mode cannot be used with TLS")),
            (Mode::Relay, broker) => {
                send(&mut gateway, &message).await?;
                relay(broker, gateway, &agent.buffers).await
            }
        }
    };
    match work.await {
        Ok(()) => tracing::debug!(broker = peer, session, "broker connection done"),
        Err(error) => tracing::info!(broker = peer, session, %error, "broker connection ended"),
    }
}

/// Sends the frame and, with its first byte, the broker's socket.
async fn send_socket(gateway: &UnixStream, message: &Message, socket: &impl AsFd) -> io::Result<()> {
    let frame = encode(message).map_err(io::Error::other)?;
    let attempt = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors = [socket.as_fd()];
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::Error::other("no room for the descriptor"));
        }
        Ok(sendmsg(gateway, &[IoSlice::new(&frame)], &mut control, SendFlags::NOSIGNAL)?)
    };
    let sent = timeout(GATEWAY_TIME, gateway.async_io(Interest::WRITABLE, attempt)).await??;
    if sent == frame.len() { Ok(()) } else { Err(io::Error::other("the gateway took only a part of the frame")) }
}
