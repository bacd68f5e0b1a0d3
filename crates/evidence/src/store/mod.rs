//! The writing side: group commit on preallocated segments, keyring, recovery.

mod error;
mod keyring;
mod log;
mod queue;
mod recover;
mod segment;
mod vfs;
mod writer;

pub use error::LogError;
pub use keyring::{Class, Disclosure, KeyName, Keyring, SecretKey};
pub use log::{FsyncTimes, Log, LogConfig, Status};
pub use queue::{Receipt, Ticket};
pub use recover::Recovery;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;
