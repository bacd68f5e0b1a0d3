//! Why a connection ended, and who must act.

use tidegate_evidence::store::LogError;
use tidegate_model::FrameRefused;

use crate::agents::OpenError;
use crate::live::Bar;

/// Why a connection ended before its client wanted it to.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The client sent something that is not taken.
    #[error("the client's frame was refused: {0}")]
    Client(FrameRefused),
    /// The client's connection failed.
    #[error("the client's connection failed")]
    ClientIo(#[source] std::io::Error),
    /// The client did not log in, or did not read, in time.
    #[error("{0}")]
    TooSlow(&'static str),
    /// The credential ended and was not renewed.
    #[error("the session's credential has expired; the client must authenticate again")]
    SessionEnded,
    /// The login was refused.
    #[error("the login was refused: {0}")]
    Login(&'static str),
    /// A part was refused in a way that only closing the connection can tell.
    #[error("a part of a request without an answer was refused, which only closing can say")]
    PartRefused,
    /// A policy change took away what an answer would show.
    #[error("policy changed while the answer was under way, and no longer allows it")]
    PolicyChanged,
    /// The caller was barred while the session was live.
    #[error("the session was cut: {}", .0.name())]
    Cut(Bar),
    /// The broker's answer cannot be read.
    #[error("the broker's answer was refused: {0}")]
    Broker(FrameRefused),
    /// The broker's connection ended.
    #[error("the broker's connection ended with {in_flight} requests in flight")]
    BrokerGone {
        /// Requests that wait for an answer.
        in_flight: usize,
    },
    /// No connection to the broker.
    #[error("no connection to the broker")]
    Open(#[source] OpenError),
    /// The broker has no listener on the gate.
    #[error("cannot serve a broker's address: {0}")]
    Listener(String),
    /// Evidence cannot be written.
    #[error("evidence cannot be written, so nothing is forwarded or delivered")]
    Evidence(#[source] LogError),
}

impl Fault {
    /// Who must act; the only error label in metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Client(_) | Fault::ClientIo(_) | Fault::TooSlow(_) => "client",
            Fault::PolicyChanged | Fault::Cut(Bar::Blocked | Bar::PolicyChanged) => "policy",
            Fault::SessionEnded | Fault::Cut(_) | Fault::Login(_) | Fault::PartRefused => "caller",
            Fault::Broker(_) | Fault::BrokerGone { .. } => "broker",
            Fault::Open(
                OpenError::Refused { .. } | OpenError::NoAgent { .. } | OpenError::Timeout | OpenError::NoRandom,
            ) => "agent",
            Fault::Listener(_) => "gateway",
            Fault::Evidence(_) => "evidence",
        }
    }
}
