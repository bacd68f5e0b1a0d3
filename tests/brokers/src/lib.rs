//! Starts real brokers, the issuer, agent and gateway for tests, demo and benchmarks.
//!
//! Reading order: [`Kafka`] is the broker, [`Issuer`] the OpenID provider, [`Gate`] the product under test; [`java`] and
//! [`clients`] are what people run against them. [`Keycloak`], [`OidcProvider`] and [`Samlp`] are identity providers as people have them,
//! [`Browser`] walks through their pages, [`openid`] asks them for tokens. Below these stand [`process`] (nothing that is started here outlives the
//! program that started it), [`ports`] (blocks of free ports), [`scratch`] (folders that go away) and [`jars`] (Apache Kafka
//! itself, by digest).
//!
//! What is *not* here: assertions. Tests, demo and benchmarks decide what is right.

pub mod browser;
pub mod cache;
pub mod clients;
pub mod desk;
pub mod gate;

pub mod host;
mod http;
pub mod issuer;

pub mod jars;
pub mod java;
pub mod kafka;
pub mod keycloak;
pub mod oidc_provider;
pub mod openid;
pub mod ports;
pub mod process;
pub mod programs;
pub mod raw;
pub mod records;
pub mod registry;
pub mod samlp;
pub mod schemas;
pub mod scratch;
pub mod search;
pub mod stories;
pub mod tls;

pub use browser::Browser;
pub use desk::Desk;
pub use gate::Gate;
pub use issuer::Issuer;
pub use kafka::Kafka;
pub use keycloak::Keycloak;
pub use oidc_provider::OidcProvider;
pub use registry::Registry;
pub use samlp::Samlp;

use std::io::Write;

/// Tells the person at the terminal what is going on; goes to standard error, so that output stays clean.
pub fn note(text: &str) {
    // A closed terminal is no reason to stop.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
