//! The OpenID provider of the npm package oidc-provider 9.13.3, as a program of ours that gives it people and clients.
//!
//! It starts within seconds. Tokens are JWTs (RFC 9068); those for the resource [`OPAQUE_RESOURCE`] are opaque and live in
//! introspection only. Refresh tokens are off. A client with a back-channel logout address gets a logout token when its person
//! logs out.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::browser::{Browser, Person};
use crate::cache::hex;
use crate::clients;
use crate::issuer::AUDIENCE;
use crate::kafka::random;
use crate::openid::{Client, OpenId};
use crate::process::Process;
use crate::scratch::Scratch;

const PACKAGE: &str = include_str!("../providers/package.json");
const LOCK: &str = include_str!("../providers/package-lock.json");
const PROGRAM: &str = include_str!("../providers/oidc_provider.mjs");

/// In the groups `orders` and `analysts`.
pub const ALICE: Person<'static> = Person { name: "alice", password: "alice-password" };
/// In the group `analysts`.
pub const BOB: Person<'static> = Person { name: "bob", password: "bob-password" };
/// In the group `payments`.
pub const CAROL: Person<'static> = Person { name: "carol", password: "carol-password" };
/// A machine in the group `ci`: client credentials, and introspection.
pub const LOADER: Client<'static> = Client { id: "loader", secret: Some("loader-secret") };
/// A public client for people: device flow, and code flow with PKCE to any port and the usual paths of 127.0.0.1.
pub const CLI: Client<'static> = Client { id: "tidegate-cli", secret: None };
/// The gate itself, at which people log in: code flow with PKCE to any port and the usual paths of 127.0.0.1, device flow. Its ID
/// tokens carry groups when the scope `groups` is asked for.
pub const GATE: Client<'static> = Client { id: "tidegate-gate", secret: Some("gate-secret") };
/// The resource (RFC 8707) whose tokens are opaque.
pub const OPAQUE_RESOURCE: &str = "urn:tidegate:opaque";
/// Lifetime of every access token in seconds.
pub const LIFETIME: u64 = 300;

/// Paths at which a client on the person's own machine may wait for the code.
const REDIRECT_PATHS: [&str; 3] = ["/", "/callback", "/login/callback"];
/// Loading the program takes about a second; a machine under load gets more.
const START: Duration = Duration::from_secs(60);

/// The provider; ends when dropped.
#[derive(Debug)]
pub struct OidcProvider {
    /// The Node process.
    pub process: Process,
    url: String,
    _scratch: Scratch,
}

impl OidcProvider {
    /// Starts the provider on a free port and waits until it serves.
    ///
    /// # Errors
    /// When Node or the package is missing and cannot be installed, or the program does not start.
    pub fn start() -> Result<OidcProvider> {
        OidcProvider::launch(None)
    }

    /// As [`OidcProvider::start`]; it trusts this authority (a PEM file) where it calls clients.
    ///
    /// # Errors
    /// As [`OidcProvider::start`].
    pub fn trusting(authority: &Path) -> Result<OidcProvider> {
        OidcProvider::launch(Some(authority))
    }

    fn launch(authority: Option<&Path>) -> Result<OidcProvider> {
        let modules = clients::node_modules(PACKAGE, LOCK)?;
        let scratch = Scratch::new("oidc-provider")?;
        let file = |name: &str| scratch.path().join(name);
        // A module finds its packages beside itself.
        std::os::unix::fs::symlink(modules, file("node_modules")).context("cannot link node_modules")?;
        fs::write(file("oidc_provider.mjs"), PROGRAM).context("cannot write the provider's program")?;
        fs::write(file("settings.json"), settings()?.to_string()).context("cannot write the provider's settings")?;
        let mut command = Command::new(clients::node()?);
        command.arg("--max-old-space-size=256").arg(file("oidc_provider.mjs")).arg(file("settings.json"));
        if let Some(authority) = authority {
            command.env("NODE_EXTRA_CA_CERTS", authority);
        }
        let mut process = Process::start("oidc-provider", &mut command, &file("log"))?;
        let mut url = None;
        process.wait_for("the provider's address", START, |process| {
            let log = process.log();
            // The line may still be on its way.
            let said = log.split_inclusive('\n').find_map(|line| line.strip_prefix("listening ")?.strip_suffix('\n'));
            url = said.map(str::to_owned);
            Ok(url.is_some())
        })?;
        Ok(OidcProvider { process, url: url.context("the provider has no address")?, _scratch: scratch })
    }

    /// The issuer's identifier, which is its base address too.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.url
    }

    /// Its endpoints.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn openid(&self) -> Result<OpenId> {
        OpenId::discover(&self.url)
    }

    /// Lines for `gateway.toml` that make it an issuer of this name.
    #[must_use]
    pub fn issuer_config(&self, name: &str) -> String {
        format!(
            "\n[[issuer]]\nname = {name:?}\nissuer = {:?}\naudiences = [\"{AUDIENCE}\"]\nalgorithms = [\"RS256\"]\n\
             groups_claim = \"groups\"\nkind = \"client_credentials\"\n",
            self.url
        )
    }

    /// As [`OidcProvider::issuer_config`], and people can log in there.
    #[must_use]
    pub fn issuer_config_with_login(&self, name: &str) -> String {
        format!("{}{}", self.issuer_config(name), GATE.login_config(&["openid", "groups"]))
    }

    /// Signs with a new RS256 key from now on; `forget` takes all older ones out of the key set.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn rotate(&self, forget: bool) -> Result<()> {
        self.control(&format!("rotate?forget={forget}"), &Value::Null)
    }

    /// Adds a client, by its metadata (OpenID Connect Dynamic Client Registration 1.0, 2; with `client_id` and
    /// `client_secret`).
    ///
    /// # Errors
    /// When it does not answer. Metadata that are wrong show when the client is used.
    pub fn add_client(&self, metadata: &Value) -> Result<()> {
        self.control("client", metadata)
    }

    fn control(&self, what: &str, body: &Value) -> Result<()> {
        let (url, body) = (format!("{}/control/{what}", self.url), body.to_string());
        let page = Browser::new()?
            .ask(Method::POST, &url, |request| request.header(CONTENT_TYPE, "application/json").body(body))?;
        page.ok().map(drop)
    }
}

fn settings() -> Result<Value> {
    let person = |person: Person<'_>, groups: &[&str]| json!({ "password": person.password, "groups": groups });
    let redirects = REDIRECT_PATHS.map(|path| format!("http://127.0.0.1{path}"));
    Ok(json!({
        "audience": AUDIENCE,
        "resource": "urn:tidegate",
        "opaqueResource": OPAQUE_RESOURCE,
        "tokenSeconds": LIFETIME,
        "cookieKey": hex(&random::<32>()?),
        "users": {
            (ALICE.name): person(ALICE, &["orders", "analysts"]),
            (BOB.name): person(BOB, &["analysts"]),
            (CAROL.name): person(CAROL, &["payments"]),
        },
        "machines": { (LOADER.id): { "groups": ["ci"] } },
        "clients": [
            {
                "client_id": LOADER.id,
                "client_secret": LOADER.secret,
                "grant_types": ["client_credentials"],
                "response_types": [],
                "redirect_uris": [],
            },
            {
                "client_id": CLI.id,
                "application_type": "native",
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
                "response_types": ["code"],
                "redirect_uris": redirects,
            },
            {
                "client_id": GATE.id,
                "client_secret": GATE.secret,
                // Only then may the port of a loopback address be any.
                "application_type": "native",
                "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
                "response_types": ["code"],
                "redirect_uris": redirects,
            },
        ],
    }))
}
