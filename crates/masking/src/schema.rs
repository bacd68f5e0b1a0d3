//! What is wrong with a schema.

/// A schema that payloads cannot be read by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);
