//! Verifies who is calling: JWTs, JWKS, the validation checklist, the SASL messages that carry a token, and service accounts of
//! the gate with a password.
//!
//! [`Issuers::verify`] and [`Accounts`] are the only ways to a [`tidegate_model::Caller`]; [`look`] shows what a token says and
//! believes none of it. [`GateIssuer`] makes the gate's own tokens for people who have logged in. Each way to be refused is a
//! [`Check`]; the text beside it never holds the token.

mod accounts;
mod certificate;
mod check;
mod claims;
mod config;
mod fetch;
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod introspect;
mod issuer;
mod json;
mod keys;
mod login;
mod revocation;
mod sasl;
mod scram;
mod spiffe;
mod token;
mod verify;

pub use accounts::{
    ACCOUNT_LIFE_MAX_S, AccountError, AccountRefused, AccountUse, Accounts, NewAccount, Password,
    SERVICE_ACCOUNT_ISSUER, SaltKey, ServiceAccount,
};
pub use certificate::{CertificateConfig, CertificateMapping, CertificateRefused, HolderKind, SubjectRule};
pub use check::{Check, TokenRefused};
pub use config::{
    IdentityError, IntrospectionConfig, IssuerConfig, KindRule, LoginConfig, MissingGroups, OneOrMore, SecretSource,
};
pub use gate::{Audience, GATE_TOKEN_S, GateIssuer, GateKeyError, GateKeys, GateLogin, MintError, Minted};
pub use issuer::IssuerState;
pub use login::{
    CodeBegun, CodePending, DeviceBegun, DevicePending, DevicePoll, LoginCheck, LoginRefused, redirect_refused,
};
pub use revocation::{REVOCATIONS_MAX, Revocation, RevocationError, RevocationKind, Revocations};
pub use sasl::{INVALID_TOKEN, OauthBearer, Plain, SaslError, check_authzid, parse_oauthbearer, parse_plain};
pub use scram::{ScramError, ScramHash, ScramServer};
pub use token::{TOKEN_BYTES_MAX, Unverified, look};
pub use verify::{Issuers, Recheck};

#[cfg(test)]
mod tests;
