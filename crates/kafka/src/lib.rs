//! Kafka's protocol over bytes: message tables, a bounded walker, a splice writer, the classification of every API key, and the
//! state of a client's connection. No I/O, no clock, no task.

mod alias;
pub mod answers;
pub mod batch;
pub mod classify;
pub mod control;
pub mod encode;
pub mod error;
#[doc(hidden)]
pub mod fuzz;
pub mod header;
pub mod kept;
mod members;
mod producer;
mod quarantine;
pub mod records;
pub mod requests;
pub mod schema;
pub mod session;
pub mod shape;
pub mod splice;
pub mod versions;
pub mod walk;
mod words;

use tidegate_model::{Control, FrameRefused, Producer, Protocol, Session};

/// Apache Kafka's protocol.
#[derive(Clone, Copy, Debug)]
pub struct Kafka {
    /// The largest frame taken from either side, without its length prefix.
    pub frame_bytes_max: usize,
}

/// What a broker's `socket.request.max.bytes` is by default.
pub const FRAME_BYTES_MAX: usize = 104_857_600;

impl Default for Kafka {
    fn default() -> Self {
        Self { frame_bytes_max: FRAME_BYTES_MAX }
    }
}

impl Protocol for Kafka {
    fn id(&self) -> &'static str {
        "kafka"
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(session::KafkaSession::default())
    }

    fn control(&self) -> Box<dyn Control> {
        Box::<control::Conversation>::default()
    }

    fn producer(&self) -> Box<dyn Producer> {
        Box::<producer::Conversation>::default()
    }

    fn frame_length(&self, head: &[u8]) -> Result<Option<usize>, FrameRefused> {
        let Some(first) = head.first_chunk::<4>() else { return Ok(None) };
        let refuse = |what: &str| Err(FrameRefused(what.to_owned()));
        match first {
            [0x16, 3, 0..=4, _] => {
                return refuse(
                    "a TLS hello on a listener without TLS; set the client's security protocol to SASL_PLAINTEXT",
                );
            }
            [0x15, 3, 0..=4, _] => return refuse("a TLS alert on a connection without TLS"),
            b"GET " | b"POST" | b"HEAD" | b"PUT " | b"OPTI" | b"HTTP" => return refuse("HTTP on a Kafka port"),
            _ => {}
        }
        let length = i32::from_be_bytes(*first);
        match usize::try_from(length) {
            // A request header takes at least ten bytes, an answer's four.
            Ok(length) if length >= 4 && length <= self.frame_bytes_max => Ok(Some(length.saturating_add(4))),
            Ok(length) if length > self.frame_bytes_max => {
                Err(FrameRefused(format!("a frame of {length} bytes is over the limit of {}", self.frame_bytes_max)))
            }
            _ => refuse("a frame length that no Kafka frame has"),
        }
    }
}

impl From<error::ProtocolError> for FrameRefused {
    fn from(error: error::ProtocolError) -> Self {
        Self(error.to_string())
    }
}
