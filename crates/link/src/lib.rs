//! The wire protocol between gateway and agent; no I/O.
