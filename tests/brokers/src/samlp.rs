//! A SAML identity provider of another family than Keycloak: npm's samlp, with one person who is logged in already.
//!
//! Each of its addresses answers a login request in another way; see `providers/samlp/samlp.mjs`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use crate::browser::Browser;
use crate::clients;
use crate::process::Process;
use crate::scratch::Scratch;
use crate::tls::{self, Identity};

const PACKAGE: &str = include_str!("../providers/samlp/package.json");
const LOCK: &str = include_str!("../providers/samlp/package-lock.json");
const PROGRAM: &str = include_str!("../providers/samlp/samlp.mjs");
/// Loading the program takes a second; a machine under load gets more.
const START: Duration = Duration::from_secs(60);

/// Its entity ID.
pub const ISSUER: &str = "urn:tidegate:samlp";
/// The persistent NameID of its person, who is in the groups `orders` and `analysts`.
pub const PERSON: &str = "alice";

/// The provider; ends when dropped.
#[derive(Debug)]
pub struct Samlp {
    /// The Node process.
    pub process: Process,
    /// The certificate that it signs with.
    pub identity: Identity,
    url: String,
    _scratch: Scratch,
}

impl Samlp {
    /// Starts the provider on a free port; it answers to this assertion consumer service.
    ///
    /// # Errors
    /// When Node or the package is missing and cannot be installed, or the program does not start.
    pub fn start(assertion_consumer: &str) -> Result<Samlp> {
        let modules = clients::node_modules(PACKAGE, LOCK)?;
        let scratch = Scratch::new("samlp")?;
        let file = |name: &str| scratch.path().join(name);
        let identity = tls::rsa_identity(scratch.path(), "samlp")?;
        // A module finds its packages beside itself.
        std::os::unix::fs::symlink(modules, file("node_modules")).context("cannot link node_modules")?;
        fs::write(file("samlp.mjs"), PROGRAM).context("cannot write the provider's program")?;
        let settings = json!({
            "issuer": ISSUER,
            "key": identity.key,
            "certificate": identity.certificate,
            "assertionConsumer": assertion_consumer,
            "person": { "name": PERSON, "mail": "alice@example.org", "groups": ["orders", "analysts"] },
        });
        fs::write(file("settings.json"), settings.to_string()).context("cannot write the provider's settings")?;
        let mut command = Command::new(clients::node()?);
        command.arg("--max-old-space-size=256").arg(file("samlp.mjs")).arg(file("settings.json"));
        let mut process = Process::start("samlp", &mut command, &file("log"))?;
        let mut url = None;
        process.wait_for("the provider's address", START, |process| {
            let log = process.log();
            // The line may still be on its way.
            let said = log.split_inclusive('\n').find_map(|line| line.strip_prefix("listening ")?.strip_suffix('\n'));
            url = said.map(str::to_owned);
            Ok(url.is_some())
        })?;
        Ok(Samlp { process, identity, url: url.context("the provider has no address")?, _scratch: scratch })
    }

    /// The address that answers login requests in this way.
    #[must_use]
    pub fn sso(&self, variant: &str) -> String {
        format!("{}/sso/{variant}", self.url)
    }

    /// Its metadata, which name the address for `assertion`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn metadata(&self) -> Result<String> {
        Ok(Browser::new()?.get(&format!("{}/metadata", self.url))?.ok()?.body)
    }
}
