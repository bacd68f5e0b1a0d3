//! One side's incoming half: cuts frames out of a stream and checks who may say what, and when.

use crate::{LinkError, Message, decode, frame_length};

/// Which side is receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The gateway, which hears agents.
    Gateway,
    /// The agent, which hears the gateway.
    Agent,
}

/// Frames of one connection, as they arrive. Holds at most the bytes pushed since the last complete frame.
#[derive(Debug)]
pub struct Receiver {
    role: Role,
    begun: bool,
    ended: bool,
    bytes: Vec<u8>,
}

impl Receiver {
    /// The start of a connection.
    #[must_use]
    pub fn new(role: Role) -> Receiver {
        Receiver { role, begun: false, ended: false, bytes: Vec::new() }
    }

    /// Adds bytes that were read. Read no more than [`crate::FRAME_MAX`] at a time and take all messages before the next
    /// push, then at most two frames are held.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete message, or `None` until more bytes come.
    ///
    /// # Errors
    /// Any [`LinkError`]; the connection must then be closed, since later bytes have no meaning.
    pub fn next_message(&mut self) -> Result<Option<Message>, LinkError> {
        let Some(field) = self.bytes.first_chunk::<4>() else { return Ok(None) };
        let length = frame_length(*field)?;
        let end = length.saturating_add(4);
        let Some(frame) = self.bytes.get(4..end) else { return Ok(None) };
        let message = decode(frame)?;
        self.check(&message)?;
        self.bytes.drain(..end);
        if self.bytes.is_empty() {
            self.bytes = Vec::new(); // an idle connection keeps no buffer
        }
        Ok(Some(message))
    }

    fn check(&mut self, message: &Message) -> Result<(), LinkError> {
        let allowed = match (self.role, message) {
            _ if self.ended => false,
            (Role::Gateway, Message::Handover(_)) => {
                self.ended = true;
                !self.begun
            }
            (Role::Gateway, Message::Hello(_)) => true,
            (Role::Agent, Message::Welcome(_)) => !self.begun,
            (Role::Gateway, Message::Refused(_))
            | (Role::Agent, Message::Open(_))
            | (_, Message::Ping(_) | Message::Pong(_)) => self.begun,
            _ => false,
        };
        self.begun = true;
        if allowed { Ok(()) } else { Err(LinkError::Unexpected(message.name())) }
    }
}
