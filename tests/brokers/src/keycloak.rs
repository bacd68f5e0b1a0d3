//! Keycloak 26.4.5 with a realm of ours: people in nested groups, a client for people, one for machines, SAML.
//!
//! It needs a JDK of 21 or newer, which Debian 12 does not have; where there is none, [`Keycloak::start`] gives `None` and says
//! so. The distribution is fetched once through Maven, checked by digest, and kept unpacked and built; each instance has a folder
//! of its own with links into it. A start takes half a minute: share one instance.

mod distribution;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::browser::{Browser, Page, Person};
use crate::cache::hex;
use crate::issuer::AUDIENCE;
use crate::kafka::random;
use crate::openid::{Client, OpenId};
use crate::ports::Ports;
use crate::process::Process;
use crate::scratch::Scratch;

/// The realm's text; what it holds is said again by the constants below.
const REALM: &str = include_str!("../providers/realm.json");
/// A start takes 20 to 40 s on an idle machine.
const START: Duration = Duration::from_secs(300);
const ADMIN: &str = "admin";

/// In the groups `/teams/orders` and `/analysts`.
pub const ALICE: Person<'static> = Person { name: "alice", password: "alice-password" };
/// In the group `/analysts`.
pub const BOB: Person<'static> = Person { name: "bob", password: "bob-password" };
/// In the group `/teams/payments`.
pub const CAROL: Person<'static> = Person { name: "carol", password: "carol-password" };
/// A machine in the group `/ci`: client credentials, and introspection.
pub const LOADER: Client<'static> = Client { id: "loader", secret: Some("loader-secret") };
/// A public client for people: device flow, and code flow to any port and path of 127.0.0.1. PKCE is demanded in both.
pub const CLI: Client<'static> = Client { id: "tidegate-cli", secret: None };
/// The gate itself, at which people log in: code flow to any port and path of 127.0.0.1, device flow; PKCE is demanded in both. Its
/// ID tokens carry groups.
pub const GATE: Client<'static> = Client { id: "tidegate-gate", secret: Some("gate-secret") };

/// The provider; ends when dropped.
#[derive(Debug)]
pub struct Keycloak {
    /// The process group of `kc.sh` and its Java machine.
    pub process: Process,
    url: String,
    password: String,
    _ports: Ports,
    _scratch: Scratch,
}

impl Keycloak {
    /// Starts Keycloak on a free port and waits until it serves the realm; `None` where no JDK of 21 or newer is found.
    ///
    /// # Errors
    /// When the distribution cannot be fetched, or Keycloak does not start.
    pub fn start() -> Result<Option<Keycloak>> {
        let Some(jdk) = distribution::jdk()? else {
            crate::note("not run: Keycloak needs a JDK of 21 or newer (set JAVA_HOME to one)");
            return Ok(None);
        };
        let distribution = distribution::get(&jdk)?;
        let (ports, scratch) = (Ports::take()?, Scratch::new("keycloak")?);
        let home = lay_out(&distribution, scratch.path())?;
        let (port, password) = (ports.port(0), hex(&random::<16>()?));
        let mut command = Command::new(home.join("bin/kc.sh"));
        command
            .args(["start", "--optimized", "--import-realm", "--cache=local", "--http-enabled=true"])
            .args(["--hostname-strict=false", "--http-host=127.0.0.1", &format!("--http-port={port}")])
            .env("JAVA_HOME", jdk)
            .env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m")
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN)
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", &password)
            .env_remove("JAVA_OPTS");
        let mut process = Process::start("keycloak", &mut command, &scratch.path().join("log"))?;
        process.wait_for_line("Listening on: ", START)?;
        let url = format!("http://127.0.0.1:{port}");
        Ok(Some(Keycloak { process, url, password, _ports: ports, _scratch: scratch }))
    }

    /// The realm's issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/realms/tidegate", self.url)
    }

    /// The realm's endpoints.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn openid(&self) -> Result<OpenId> {
        OpenId::discover(&self.issuer())
    }

    /// Lines for `gateway.toml` that make the realm an issuer of this name.
    #[must_use]
    pub fn issuer_config(&self, name: &str) -> String {
        format!(
            "\n[[issuer]]\nname = {name:?}\nissuer = {:?}\naudiences = [\"{AUDIENCE}\"]\nalgorithms = [\"RS256\"]\n\
             groups_claim = \"groups\"\n",
            self.issuer()
        )
    }

    /// As [`Keycloak::issuer_config`], and people can log in there.
    #[must_use]
    pub fn issuer_config_with_login(&self, name: &str) -> String {
        format!("{}{}", self.issuer_config(name), GATE.login_config(&["openid"]))
    }

    /// The realm's SAML metadata as an identity provider (Metadata for SAML 2.0), XML.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn saml_metadata(&self) -> Result<String> {
        Ok(Browser::new()?.get(&format!("{}/protocol/saml/descriptor", self.issuer()))?.ok()?.body)
    }

    /// The address to which a service provider sends an AuthnRequest, by redirect or by POST.
    #[must_use]
    pub fn saml_endpoint(&self) -> String {
        format!("{}/protocol/saml", self.issuer())
    }

    /// Where a person begins to log in to the client of this `url_name` without an AuthnRequest.
    #[must_use]
    pub fn saml_idp_initiated(&self, url_name: &str) -> String {
        format!("{}/protocol/saml/clients/{url_name}", self.issuer())
    }

    /// Adds a SAML service provider that gets signed assertions in signed responses by POST: the name of the person as NameID, the
    /// full paths of the groups as the attribute `groups`. `attributes` of the client's representation go before these.
    ///
    /// # Errors
    /// When Keycloak refuses it.
    pub fn add_saml_client(
        &self,
        entity_id: &str,
        assertion_consumer: &str,
        url_name: &str,
        attributes: &[(&str, &str)],
    ) -> Result<()> {
        let mut client = json!({
            "clientId": entity_id,
            "protocol": "saml",
            "enabled": true,
            "fullScopeAllowed": false,
            "redirectUris": [assertion_consumer],
            "attributes": {
                "saml.assertion.signature": "true",
                "saml.server.signature": "true",
                "saml.signature.algorithm": "RSA_SHA256",
                "saml.client.signature": "false",
                "saml.force.post.binding": "true",
                "saml.authnstatement": "true",
                "saml_name_id_format": "username",
                "saml_force_name_id_format": "true",
                "saml_assertion_consumer_url_post": assertion_consumer,
                "saml_idp_initiated_sso_url_name": url_name,
            },
            "protocolMappers": [{
                "name": "groups",
                "protocol": "saml",
                "protocolMapper": "saml-group-membership-mapper",
                "config": {
                    "attribute.name": "groups",
                    "attribute.nameformat": "Basic",
                    "single": "true",
                    "full.path": "true",
                },
            }],
        });
        let known = client.get_mut("attributes").and_then(Value::as_object_mut).context("no attributes")?;
        known.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        self.add_client(&client)
    }

    /// Adds a client, by its representation in the administration API.
    ///
    /// # Errors
    /// When Keycloak refuses it.
    fn add_client(&self, representation: &Value) -> Result<()> {
        self.admin(Method::POST, "/clients", Some(representation)).map(drop)
    }

    /// Adds a person who is in no group.
    ///
    /// # Errors
    /// When Keycloak refuses it.
    pub fn add_person(&self, person: Person<'_>) -> Result<()> {
        let representation = json!({
            "username": person.name,
            "enabled": true,
            "email": format!("{}@example.org", person.name),
            "emailVerified": true,
            "firstName": person.name,
            "lastName": "Example",
            "credentials": [{ "type": "password", "value": person.password, "temporary": false }],
        });
        self.admin(Method::POST, "/users", Some(&representation)).map(drop)
    }

    /// Signs with a new RS256 key from now on; `forget` takes all older ones out of the key set.
    ///
    /// # Errors
    /// When Keycloak refuses.
    pub fn rotate(&self, forget: bool) -> Result<()> {
        let keys = "/components?type=org.keycloak.keys.KeyProvider";
        let old = self.admin(Method::GET, keys, None)?.json()?;
        let old = old.as_array().context("Keycloak's keys are no list")?;
        let old: Vec<&Value> = old.iter().filter(|key| signs(key)).collect();
        // Of several active keys the one with the highest priority signs.
        let priority = old.iter().filter_map(|key| priority(key)).max().unwrap_or(0) + 1;
        let name = format!("rotated-{priority}");
        let new = json!({
            "name": name,
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {
                "priority": [priority.to_string()],
                "enabled": ["true"],
                "active": ["true"],
                "algorithm": ["RS256"],
                "keySize": ["2048"],
            },
        });
        self.admin(Method::POST, "/components", Some(&new))?;
        for key in old.iter().filter(|_| forget) {
            let id = key.get("id").and_then(Value::as_str).context("a key without id")?;
            self.admin(Method::DELETE, &format!("/components/{id}"), None)?;
        }
        Ok(())
    }

    /// A request to the administration API of the realm.
    fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Page> {
        let mut browser = Browser::new()?;
        let login = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", ADMIN),
            ("password", self.password.as_str()),
        ];
        let answer =
            browser.post(&format!("{}/realms/master/protocol/openid-connect/token", self.url), &login)?.ok()?;
        let answer: Value = serde_json::from_str(&answer.body).ok().context("no JSON")?;
        let token = answer.get("access_token").and_then(Value::as_str).context("no access_token")?;
        let page = browser.ask(method, &format!("{}/admin/realms/tidegate{path}", self.url), |request| {
            let request = request.bearer_auth(token);
            match body {
                Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
                None => request,
            }
        })?;
        page.ok()
    }
}

fn signs(key: &Value) -> bool {
    key.get("providerId").and_then(Value::as_str) == Some("rsa-generated")
}

fn priority(key: &Value) -> Option<u64> {
    key.pointer("/config/priority/0")?.as_str()?.parse().ok()
}

/// A home of its own for one instance: what it writes is its own, the rest are links.
fn lay_out(distribution: &Path, folder: &Path) -> Result<PathBuf> {
    let home = folder.join("home");
    fs::create_dir_all(home.join("bin")).context("cannot make Keycloak's folder")?;
    fs::create_dir_all(home.join("data/import")).context("cannot make Keycloak's folder")?;
    fs::write(home.join("data/import/tidegate-realm.json"), REALM).context("cannot write the realm")?;
    // The script takes the folder in which it really lies for Keycloak's home.
    fs::copy(distribution.join("bin/kc.sh"), home.join("bin/kc.sh")).context("cannot copy kc.sh")?;
    for name in ["conf", "lib", "providers", "themes"] {
        symlink(distribution.join(name), home.join(name)).with_context(|| format!("cannot link {name}"))?;
    }
    Ok(home)
}
