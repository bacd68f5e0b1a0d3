//! The wire protocol between gateway and agent; no I/O.
//!
//! The agent dials the gateway. A *control connection* begins with [`Hello`] and [`Welcome`]; on it the gateway sends
//! [`Open`] and the agent answers what it cannot do with [`Refused`]. What it can do it answers by a *new* connection
//! whose first and only frame is [`Handover`]: in relay mode the raw bytes of the broker's connection follow on it, in
//! socket mode the frame carries the broker's socket itself (`SCM_RIGHTS`) and the connection ends. So there is one
//! stream for each upstream connection and no multiplexing.
//!
//! A frame is a length (`u32`, big-endian, 1 to [`FRAME_MAX`]), a kind (`u8`) and the kind's fields. Frames that begin a
//! connection also carry [`MAGIC`] and [`VERSION`]. Every field has a bound; a byte too many or too few is an error.

mod message;
mod numbers;
mod receiver;
mod wire;

pub use message::{
    Broker, ClusterOffer, Handover, Hello, Isolation, Message, Mode, Number, Open, Reason, Refused, Session, Welcome,
};
pub use numbers::Numbers;
pub use receiver::{Receiver, Role};
pub use wire::{decode, encode, frame_length};

/// The protocol's version, carried by every frame that begins a connection.
pub const VERSION: u16 = 1;
/// The first bytes of every frame that begins a connection.
pub const MAGIC: [u8; 4] = *b"TGLK";
/// The longest frame in bytes, without its length field.
pub const FRAME_MAX: usize = 64 * 1024;
/// The longest name, host or version text in bytes.
pub const NAME_MAX: usize = 255;
/// The longest explanation in bytes.
pub const TEXT_MAX: usize = 1024;
/// The most clusters of one agent, and the most bootstrap addresses of one cluster.
pub const LIST_MAX: usize = 64;

/// Why bytes of the other side were not understood, or a message cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The length field is zero or above [`FRAME_MAX`].
    #[error("a frame of {0} bytes is outside 1 to 65536; the other side is not a Tidegate link")]
    Length(u64),
    /// The frame ended inside a field.
    #[error("the frame ends inside its field {0}; the other side is broken or hostile")]
    Truncated(&'static str),
    /// Bytes are left after the last field.
    #[error("{0} bytes are left after the frame's last field; the other side is broken or hostile")]
    Trailing(usize),
    /// A field holds a value that it cannot have.
    #[error("the field {0} holds a value that it cannot have; the other side is broken or hostile")]
    Value(&'static str),
    /// A field is longer than its bound.
    #[error("the field {0} is longer than its bound; shorten it in the configuration")]
    TooLong(&'static str),
    /// The connection did not begin with [`MAGIC`].
    #[error("the connection does not begin as a Tidegate link; the socket belongs to another program")]
    Magic,
    /// The other side speaks another version.
    #[error("the other side speaks link version {theirs}, this one {VERSION}; update the older of gateway and agent")]
    Version {
        /// The version of the other side.
        theirs: u16,
    },
    /// A message came from the wrong side or at the wrong time.
    #[error("the message {0} is not allowed here; the other side is broken or hostile")]
    Unexpected(&'static str),
}

/// One body shared by the fuzz target and the tests that replay its corpus: whatever decodes must encode to the same
/// bytes, and nothing may panic.
///
/// # Errors
/// Says which step broke the rule; an input that does not decode is fine.
#[doc(hidden)]
pub fn fuzz(data: &[u8]) -> Result<(), String> {
    if let Ok(message) = decode(data) {
        let again = encode(&message).map_err(|error| format!("decoded but cannot be encoded: {error}"))?;
        if again.get(4..) != Some(data) {
            return Err(format!("not the same bytes again: {message:?}"));
        }
    }
    for role in [Role::Gateway, Role::Agent] {
        let mut receiver = Receiver::new(role);
        for chunk in data.chunks(7) {
            receiver.push(chunk);
            while let Ok(Some(_)) = receiver.next_message() {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
