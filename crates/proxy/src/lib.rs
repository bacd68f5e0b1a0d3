//! The data path: authenticate, decide, record, forward, record, deliver. Read [`exchange`] first.
//!
//! Protocols are not named here: what their frames mean comes through the traits of `tidegate-model`.

pub mod agents;
mod ahead;
pub mod certificate;
pub mod cluster;
pub mod connection;
mod credential;
pub mod decider;
pub mod drive;
pub mod exchange;
pub mod failures;
pub mod fault;
mod forward;
pub mod frames;
pub mod gate;
pub mod listener;
pub mod live;
pub mod masks;
pub mod metrics;
mod quarantine;
pub mod rates;
pub mod recheck;
pub mod recorder;
mod renew;
pub mod schemas;
pub mod seldom;
mod shows;
mod slots;
pub mod steps;
pub mod stream;
pub mod tally;
#[cfg(test)]
mod testing;
pub mod undecided;
pub mod writers;
