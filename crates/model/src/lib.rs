//! The words that all parts of Tidegate share; no I/O, no protocol's vocabulary beyond resources, rights and frames.
//!
//! What is *not* here: anything that reads a byte of a protocol, asks a policy or touches a disk.

mod caller;
mod exchange;
mod records;
mod rights;
mod words;

pub use caller::{Caller, CallerKind, CredentialKind};
pub use exchange::{
    Acked, AliasUse, AnswerStep, ClientWords, Control, Credential, Effect, Endpoint, Facts, FrameRefused, Gate,
    Learned, Led, LoginOutcome, Mechanism, PartitionUse, Producer, Protocol, RequestStep, Session, Slot, TooFast,
    TopicUse, Written,
};
pub use records::{
    Asks, BatchAt, ClassSeen, Copied, Keeps, KeptBatch, KeptRecords, Level, MaskUse, MaskedBatch, PartFate, Quarantine,
    Quarantined, RecordMask, RecordPart, Seen, StorageMask, Stored, UnreadPart, View, WriteRules,
};
pub use rights::{Action, Resource, ResourceKind};
pub use words::is_harmless;
