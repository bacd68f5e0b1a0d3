//! The one file that names protocols.
