//! What can go wrong with the log.

/// An error of the log. It can be copied to every caller whose entry shared the failed commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The queue is full: the disk is slower than the traffic.
    #[error("the evidence queue is full; wait and try again")]
    Full,
    /// Free space is under the reserve.
    #[error("free space for evidence is under the reserve; free some space")]
    NoSpace,
    /// The log was closed.
    #[error("the evidence log is closed")]
    Closed,
    /// One entry does not fit into a leaf.
    #[error("the entry takes over 65,535 bytes; split it into several")]
    TooLarge,
    /// The disk refused; nothing of the commit counts.
    #[error("evidence could not be written: {0}")]
    Write(String),
    /// The log cannot start.
    #[error("the evidence log cannot start: {0}")]
    Start(String),
    /// The cryptographic library refused.
    #[error("the cryptographic library refused an operation on evidence")]
    Crypto,
    /// The disclosures of an entry cannot be opened.
    #[error("the personal values of entry {0} cannot be opened: their key was shredded or is another")]
    Disclosure(u64),
    /// What is kept of the records of an entry cannot be opened.
    #[error(
        "the records that are kept of entry {0} cannot be opened: their key was shredded or is another, or they were changed"
    )]
    Kept(u64),
}
