//! The tamper-evident log: merkle, note, entry, store; each module uses only those before it.
//!
//! Without features this reads and verifies, with no key and no write. The feature `store` adds the writer, its keyring
//! and recovery. The format is specified in `docs/evidence-format.md`.

mod cbor;
pub mod entry;
pub mod frame;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod reader;
#[cfg(feature = "store")]
pub mod store;
pub mod verify;

pub use cbor::Malformed;
pub use entry::{
    Algorithm, Api, Batch, Decision, Digest, Effect, Entry, Kind, Label, PartitionRange, PayloadHasher, Place,
    Previous, ResourceRef, SessionId, TopicRef,
};
#[cfg(feature = "store")]
pub use store::{Class, Disclosure, KeyName, Keyring, Log, LogConfig, LogError, Receipt, Recovery, Status, Ticket};
