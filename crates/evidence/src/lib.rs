//! The tamper-evident log: merkle, note, entry, store.
