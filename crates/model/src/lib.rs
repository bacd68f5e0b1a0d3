//! The words that all parts of Tidegate share; no I/O, no protocol's vocabulary beyond resources and rights.
//!
//! What is *not* here: anything that reads a byte of a protocol, asks a policy or touches a disk.

mod caller;
mod rights;

pub use caller::{Caller, CallerKind, CredentialKind};
pub use rights::{Action, Resource, ResourceKind};
