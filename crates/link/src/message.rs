//! The messages of the link, with what each field means.

/// A single-use 128-bit number: it ties a handover to the request that it answers. Made by the gateway from a secure
/// random source; whoever knows it may hand over the connection, so it is never logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number(pub [u8; 16]);

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Number(..)")
    }
}

/// The gateway's session for which a connection is opened; recorded by both sides.
pub type Session = [u8; 16];

/// Everything that is ever said on the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Agent to gateway, first on a control connection; again after the agent's configuration was reloaded.
    Hello(Hello),
    /// Gateway to agent, the answer to the first [`Hello`].
    Welcome(Welcome),
    /// Gateway to agent: open an upstream connection.
    Open(Open),
    /// Agent to gateway: an [`Open`] that will not be answered by a handover.
    Refused(Refused),
    /// Agent to gateway, first and only frame of a connection of its own.
    Handover(Handover),
    /// Either side: answer with [`Message::Pong`] and the same value.
    Ping(u64),
    /// The answer to [`Message::Ping`].
    Pong(u64),
}

impl Message {
    /// The message's name, for logs and errors.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Message::Hello(_) => "Hello",
            Message::Welcome(_) => "Welcome",
            Message::Open(_) => "Open",
            Message::Refused(_) => "Refused",
            Message::Handover(_) => "Handover",
            Message::Ping(_) => "Ping",
            Message::Pong(_) => "Pong",
        }
    }
}

/// What an agent says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The agent's configured name.
    pub agent: String,
    /// The clusters that it can open connections to; names are unique.
    pub clusters: Vec<ClusterOffer>,
    /// What protects the agent's secrets on its machine.
    pub isolation: Isolation,
}

/// One cluster that an agent serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterOffer {
    /// The cluster's name, the same in the gateway's configuration.
    pub name: String,
    /// How connections are handed over; the agent requires it.
    pub mode: Mode,
    /// `host:port` of the bootstrap addresses.
    pub bootstrap: Vec<String>,
}

/// How an authenticated connection reaches the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The agent carries the bytes.
    Relay,
    /// The agent hands over the socket itself (same machine, upstream without TLS).
    Socket,
}

/// What the agent did to protect its secrets. The gateway adds what it sees itself: whether both run as one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// The agent's effective user id.
    pub uid: u32,
    /// The process is not dumpable: no ptrace, no `/proc` memory for others of the same user.
    pub no_dump: bool,
    /// No program that the agent starts gains privileges.
    pub no_new_privileges: bool,
    /// Core files are limited to 0 bytes.
    pub no_core: bool,
    /// Inherited descriptors above 2 were closed.
    pub descriptors_closed: bool,
}

/// What a gateway says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The gateway's name.
    pub gateway: String,
    /// The incarnation whose evidence will hold what this control connection causes.
    pub incarnation: [u8; 16],
}

/// "Open an upstream connection."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Ties the answer to this request.
    pub number: Number,
    /// The cluster's name.
    pub cluster: String,
    /// Which broker; the agent's own configuration says whether it may be dialled.
    pub broker: Broker,
    /// The session for which it is opened.
    pub session: Session,
    /// Milliseconds after which the gateway no longer waits.
    pub deadline_ms: u32,
}

/// The broker that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broker {
    /// Any bootstrap address of the cluster.
    Bootstrap,
    /// A broker by the address that the cluster's metadata names.
    At {
        /// Name or address, without brackets.
        host: String,
        /// TCP port.
        port: u16,
    },
}

/// Why an [`Open`] is not answered by a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The number of the request.
    pub number: Number,
    /// The kind of refusal.
    pub reason: Reason,
    /// For the operator's log; holds no secret and no text of the broker's.
    pub text: String,
}

impl Refused {
    /// A refusal whose text is made fit for the link: no control characters, at most [`crate::TEXT_MAX`] bytes.
    #[must_use]
    pub fn new(number: Number, reason: Reason, text: &str) -> Refused {
        let end = text.floor_char_boundary(crate::TEXT_MAX);
        let text = text.get(..end).unwrap_or_default().replace(char::is_control, " ");
        Refused { number, reason, text }
    }
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The address is neither a bootstrap address nor inside a dial pattern, or the cluster is unknown.
    NotAllowed,
    /// The broker could not be reached in time.
    Unreachable,
    /// The broker refused the login, or failed to prove that it knows the password.
    LoginFailed,
    /// The broker's certificate or the TLS handshake is wrong.
    TlsFailed,
    /// Too many connections are being opened at once.
    Busy,
    /// The number was used before.
    BadNumber,
    /// The agent's own trouble, for example no descriptors left.
    Internal,
}

impl Reason {
    /// All reasons, in the order of their codes.
    pub const ALL: [Reason; 7] = [
        Reason::NotAllowed,
        Reason::Unreachable,
        Reason::LoginFailed,
        Reason::TlsFailed,
        Reason::Busy,
        Reason::BadNumber,
        Reason::Internal,
    ];

    /// The reason in words, for logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::NotAllowed => "not_allowed",
            Reason::Unreachable => "unreachable",
            Reason::LoginFailed => "login_failed",
            Reason::TlsFailed => "tls_failed",
            Reason::Busy => "busy",
            Reason::BadNumber => "bad_number",
            Reason::Internal => "internal",
        }
    }
}

/// "Here is the connection." The broker's login is over and no byte of it is left over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The number of the request that is answered.
    pub number: Number,
    /// How the connection is handed over.
    pub mode: Mode,
    /// `host:port` of the broker as it was dialled.
    pub peer: String,
    /// Whether the agent speaks TLS with the broker.
    pub tls: bool,
    /// Milliseconds after which the broker ends the session (KIP-368), counted from the login; 0 = never. The agent
    /// cannot log in again on a connection that it gave away, so the gateway ends the client's session no later.
    pub lifetime_ms: u64,
}
