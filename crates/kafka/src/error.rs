//! What can be wrong with bytes from outside.

/// A frame that cannot be accepted; the connection that sent it is closed, and what could not be parsed is never forwarded.
///
/// The texts name places of the frame, never its contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The frame ends inside a field.
    #[error("{message} v{version} ends inside `{field}`")]
    Truncated {
        /// The message.
        message: &'static str,
        /// Its version.
        version: i16,
        /// The field that is cut.
        field: &'static str,
    },
    /// A field holds what its type does not allow: a bad length, a null where none may be, bytes that are not UTF-8.
    #[error("{message} v{version} is malformed at `{field}`: {what}")]
    Malformed {
        /// The message.
        message: &'static str,
        /// Its version.
        version: i16,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A key or version that the gate does not serve.
    #[error("api key {api_key} version {version} is not served by this gate")]
    Unsupported {
        /// The key.
        api_key: i16,
        /// The version.
        version: i16,
    },
    /// Something outside the message itself: a header, an order of frames.
    #[error("{0}")]
    Refused(&'static str),
}
