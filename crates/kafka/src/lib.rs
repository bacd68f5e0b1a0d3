//! Kafka's protocol over bytes: tables, walker, classification, sessions; no I/O.
