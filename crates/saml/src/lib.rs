//! Login by SAML 2.0: the gate as a service provider of Web Browser SSO, begun at the gate, answered by HTTP POST.
//!
//! [`SamlConfig`] says which identity provider; [`Provider`] begins and finishes logins; [`SamlRefused`] says why not. There is
//! no HTTP in here: the gate's web endpoint carries the browser's requests. What is forced on the library below, and why it was
//! chosen, stands in the decision about SAML in `docs/adr`.

mod check;
mod config;
mod document;
#[doc(hidden)]
pub mod fuzz;
mod metadata;
mod provider;
mod refusal;
mod replay;
#[cfg(test)]
mod tests;

pub use check::{Check, SamlRefused};
pub use config::{IdpSource, MissingGroups, NameIdFormat, SamlConfig, SamlConfigError, Signing};
pub use provider::{Begun, Login, Pending, Provider};
pub use replay::{MemoryReplay, ReplayCache, ReplayRefused};
