//! Verifies who is calling: JWTs, JWKS, the validation checklist, and the SASL messages that carry a token.
//!
//! [`Issuers::verify`] is the only way to a [`tidegate_model::Caller`]; [`look`] shows what a token says and believes none
//! of it. Each way to be refused is a [`Check`]; the text beside it never holds the token.

mod check;
mod config;
mod fetch;
mod issuer;
mod json;
mod keys;
mod sasl;
mod verify;

pub use check::{Check, TokenRefused};
pub use config::{IdentityError, IssuerConfig, KindRule, MissingGroups};
pub use issuer::IssuerState;
pub use sasl::{INVALID_TOKEN, OauthBearer, Plain, SaslError, check_authzid, parse_oauthbearer, parse_plain};
pub use verify::{Issuers, TOKEN_BYTES_MAX, Unverified, look};

#[cfg(test)]
mod tests;
