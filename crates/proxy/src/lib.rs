//! The data path: authenticate, decide, record, forward, record, deliver.
pub mod agents;
