//! Checks an evidence folder offline.
