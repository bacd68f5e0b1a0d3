//! The conversation with the gateway: says hello, opens what it is asked for and allowed to, hands over.

use std::collections::{HashSet, VecDeque};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tidegate_link::{
    ClusterOffer, FRAME_MAX, Handover, Hello, Isolation, Message, Mode, Number, Open, Reason, Receiver, Refused, Role,
    TEXT_MAX, encode,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, interval, sleep, timeout};

use crate::relay::{Buffers, relay};
use crate::upstream::{BrokerStream, Cluster, Failure, Opened};

/// Connections that may be opened at once; more are refused as busy.
const OPENING_MAX: usize = 512;
/// The longest time that an open may take, whatever the gateway says.
const OPEN_TIME: Duration = Duration::from_secs(30);
/// Numbers remembered, to refuse one that comes twice.
const NUMBERS_MAX: usize = 65_536;
/// The gateway is asked for a sign of life this often, and given up after three times without.
const PING: Duration = Duration::from_secs(15);
/// How long the gateway may take to accept a connection or a message.
const GATEWAY_TIME: Duration = Duration::from_secs(5);
/// The pauses between attempts to reach the gateway: from the first to the second, doubling.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// All that a configuration gives; replaced as a whole when it is reloaded.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) name: String,
    pub(crate) gateway: PathBuf,
    pub(crate) gateway_uid: u32,
    pub(crate) clusters: Vec<Arc<Cluster>>,
}

/// What the agent's connections share.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) setup: watch::Receiver<Arc<Setup>>,
    pub(crate) isolation: Isolation,
    /// Held by everything that still works; its end is the end of all work.
    pub(crate) working: mpsc::Sender<()>,
    opening: Arc<Semaphore>,
    buffers: Buffers,
    refused: AtomicU64,
}

impl Agent {
    pub(crate) fn new(setup: watch::Receiver<Arc<Setup>>, isolation: Isolation, working: mpsc::Sender<()>) -> Agent {
        let opening = Arc::new(Semaphore::new(OPENING_MAX));
        Agent { setup, isolation, working, opening, buffers: Buffers::default(), refused: AtomicU64::new(0) }
    }

    fn setup(&self) -> Arc<Setup> {
        Arc::clone(&self.setup.borrow())
    }

    fn hello(&self) -> Message {
        let setup = self.setup();
        let offer = |cluster: &Arc<Cluster>| ClusterOffer {
            name: cluster.name.clone(),
            mode: cluster.mode,
            bootstrap: cluster.dial.bootstrap.iter().map(ToString::to_string).collect(),
        };
        let clusters = setup.clusters.iter().map(offer).collect();
        Message::Hello(Hello { agent: setup.name.clone(), clusters, isolation: self.isolation })
    }
}

/// Stays connected to the gateway, for ever.
pub(crate) async fn run(agent: Arc<Agent>) {
    let mut numbers = Numbers::default();
    let mut pause = PAUSES.0;
    let mut said = None;
    loop {
        let setup = agent.setup();
        match connect(&setup).await {
            Ok(stream) => {
                pause = PAUSES.0;
                said = None;
                if let Err(error) = converse(&agent, stream, &mut numbers).await {
                    tracing::warn!(%error, "lost the gateway; connecting again");
                }
            }
            Err(error) => {
                // the same trouble is said once a minute, not at every attempt
                if said.is_none_or(|at: Instant| at.elapsed() > Duration::from_secs(60)) {
                    let socket = setup.gateway.display();
                    tracing::warn!(%socket, %error, "gateway down: cannot connect; is tidegate running? trying on");
                    said = Some(Instant::now());
                }
            }
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSES.1);
    }
}

/// Connects to the gateway and makes sure that it is the gateway's user who listens.
async fn connect(setup: &Setup) -> io::Result<UnixStream> {
    let stream = timeout(GATEWAY_TIME, UnixStream::connect(&setup.gateway)).await??;
    let uid = stream.peer_cred()?.uid();
    if uid != setup.gateway_uid {
        let what = format!(
            "the socket belongs to user {uid}, not to {}; set gateway_user to the user that runs the gateway",
            setup.gateway_uid
        );
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
    let mut bytes = vec![0; 4096.min(FRAME_MAX)];
    let mut heard = Instant::now();
    let mut tick = interval(PING);
    tick.tick().await;
    loop {
        tokio::select! {
            read = input.read(&mut bytes) => {
                let count = read?;
                if count == 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection"));
                }
                heard = Instant::now();
                receiver.push(bytes.get(..count).unwrap_or_default());
                while let Some(message) = receiver.next_message().map_err(io::Error::other)? {
                    match message {
                        Message::Open(open) => {
                            if let Some(refusal) = accept(agent, open, numbers, &answers) {
                                send(&mut output, &refusal).await?;
                            }
                        }
                        Message::Ping(value) => send(&mut output, &Message::Pong(value)).await?,
                        Message::Welcome(welcome) => tracing::info!(gateway = welcome.gateway, "connected to the gateway"),
                        _ => {}
                    }
                }
            }
            Some(answer) = outgoing.recv() => send(&mut output, &answer).await?,
            Ok(()) = changes.changed() => send(&mut output, &agent.hello()).await?,
            _ = tick.tick() => {
                if heard.elapsed() > PING * 3 {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "it gave no sign of life for 45 s"));
                }
                send(&mut output, &Message::Ping(0)).await?;
            }
        }
    }
}

async fn send(output: &mut (impl AsyncWriteExt + Unpin), message: &Message) -> io::Result<()> {
    let frame = encode(message).map_err(io::Error::other)?;
    timeout(GATEWAY_TIME, output.write_all(&frame)).await?
}

/// Starts to work on an open, or gives the refusal at once.
fn accept(agent: &Arc<Agent>, open: Open, numbers: &mut Numbers, answers: &mpsc::Sender<Message>) -> Option<Message> {
    let refuse = |reason, text| Some(agent.refuse(&open, &Failure { reason, text }));
    if !numbers.note(open.number) {
        return refuse(Reason::BadNumber, "this number was used before".into());
    }
    let Ok(place) = Arc::clone(&agent.opening).try_acquire_owned() else {
        let text = format!("{OPENING_MAX} connections are being opened already");
        return refuse(Reason::Busy, text);
    };
    let agent = Arc::clone(agent);
    let answers = answers.clone();
    tokio::spawn(async move {
        let _working = agent.working.clone();
        let setup = agent.setup();
        let limit = OPEN_TIME.min(Duration::from_millis(open.deadline_ms.into()));
        let opened = match setup.clusters.iter().find(|cluster| cluster.name == open.cluster) {
            Some(cluster) => timeout(limit, cluster.open(&open.broker)).await.unwrap_or_else(|_| {
                Err(Failure {
                    reason: Reason::Unreachable,
                    text: "the gateway's deadline passed during dial or login".into(),
                })
            }),
            None => Err(Failure {
                reason: Reason::NotAllowed,
                text: format!("cluster {:?} is not configured", open.cluster),
            }),
        };
        drop(place);
        match opened {
            Ok(opened) => hand_over(&agent, &setup, &open, opened).await,
            // when the control connection is gone, so is the gateway's interest
            Err(failure) => drop(answers.send(agent.refuse(&open, &failure)).await),
        }
    });
    None
}

impl Agent {
    /// Logs and counts a refusal, and makes its message.
    fn refuse(&self, open: &Open, failure: &Failure) -> Message {
        let total = self.refused.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let text = safe(&failure.text);
        let (cluster, session) = (&open.cluster, hex(&open.session));
        tracing::warn!(cluster, session, reason = failure.reason.name(), total, "{text}");
        Message::Refused(Refused { number: open.number, reason: failure.reason, text })
    }
}

/// Free of control characters and short enough for the link.
fn safe(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean
        .scan(0_usize, |length, c| {
            *length = length.saturating_add(c.len_utf8());
            (*length <= TEXT_MAX).then_some(c)
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn hand_over(agent: &Agent, setup: &Setup, open: &Open, opened: Opened) {
    let mode = match setup.clusters.iter().find(|cluster| cluster.name == open.cluster) {
        Some(cluster) => cluster.mode,
        None => return,
    };
    let (peer, session) = (opened.peer.to_string(), hex(&open.session));
    tracing::debug!(
        cluster = open.cluster,
        broker = peer,
        session,
        lifetime_ms = opened.lifetime_ms,
        "broker connection opened"
    );
    let message = Message::Handover(Handover {
        number: open.number,
        mode,
        peer: peer.clone(),
        tls: matches!(opened.stream, BrokerStream::Tls(_)),
        lifetime_ms: opened.lifetime_ms,
    });
    let work = async {
        let frame = encode(&message).map_err(io::Error::other)?;
        let mut gateway = connect(setup).await?;
        match (mode, opened.stream) {
            (Mode::Socket, BrokerStream::Plain(socket)) => send_socket(&gateway, &frame, &socket).await,
            (Mode::Socket, BrokerStream::Tls(_)) => Err(io::Error::other("socket mode cannot be used with TLS")),
            (Mode::Relay, broker) => {
                timeout(GATEWAY_TIME, gateway.write_all(&frame)).await??;
                relay(broker, gateway, &agent.buffers).await
            }
        }
    };
    match work.await {
        Ok(()) => tracing::debug!(broker = peer, session, "broker connection ended or handed over"),
        Err(error) => tracing::info!(broker = peer, session, %error, "broker connection ended"),
    }
}

/// Sends the frame and, with its first byte, the broker's socket.
async fn send_socket(gateway: &UnixStream, frame: &[u8], socket: &impl AsFd) -> io::Result<()> {
    let attempt = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors = [socket.as_fd()];
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::Error::other("no room for the descriptor"));
        }
        Ok(sendmsg(gateway, &[IoSlice::new(frame)], &mut control, SendFlags::NOSIGNAL)?)
    };
    let sent = timeout(GATEWAY_TIME, gateway.async_io(Interest::WRITABLE, attempt)).await??;
    if sent == frame.len() { Ok(()) } else { Err(io::Error::other("the gateway took only a part of the frame")) }
}

/// The numbers that were used lately.
#[derive(Debug, Default)]
struct Numbers {
    known: HashSet<Number>,
    order: VecDeque<Number>,
}

impl Numbers {
    /// False when the number was used before.
    fn note(&mut self, number: Number) -> bool {
        if !self.known.insert(number) {
            return false;
        }
        self.order.push_back(number);
        if self.order.len() > NUMBERS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_good_once() {
        let mut numbers = Numbers::default();
        assert!(numbers.note(Number([1; 16])));
        assert!(numbers.note(Number([2; 16])));
        assert!(!numbers.note(Number([1; 16])));
        for value in 0..u128::try_from(NUMBERS_MAX).unwrap() * 2 {
            numbers.note(Number((value << 8).to_be_bytes()));
        }
        assert_eq!((numbers.known.len(), numbers.order.len()), (NUMBERS_MAX, NUMBERS_MAX));
    }

    #[test]
    fn a_text_for_the_link_is_short_and_has_no_control_characters() {
        assert_eq!(safe("a\nb\x1b[31m"), "a b [31m");
        assert_eq!(safe(&"ä".repeat(2000)).len(), TEXT_MAX);
    }
}
