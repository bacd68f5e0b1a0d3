//! What the operator says about an issuer of tokens.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;

use jsonwebtoken::Algorithm;
use reqwest::Url;
use serde::Deserialize;

use crate::accounts::SERVICE_ACCOUNT_ISSUER;

/// Longest leeway that may be configured, in seconds.
const LEEWAY_MAX: u64 = 60;
const DAY: u64 = 24 * 60 * 60;
const HOUR: u64 = 60 * 60;

/// An identity configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A setting of an issuer is wrong.
    #[error("issuer {issuer:?}: {field}: {what}")]
    Setting {
        /// Configured name of the issuer.
        issuer: String,
        /// The setting.
        field: &'static str,
        /// What is wrong and what to do.
        what: String,
    },
    /// The HTTP client cannot be built.
    #[error("issuer {issuer:?}: the HTTP client cannot be built: {source}; check ca_file")]
    Client {
        /// Configured name of the issuer.
        issuer: String,
        /// The reason.
        source: reqwest::Error,
    },
}

/// One issuer of tokens (an OpenID provider, a cluster's service account issuer, …).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Short name of lower-case letters, digits, `-` and `_`. Identities and groups are written `name:…` in policy and
    /// evidence, so changing it changes who everybody is.
    pub name: String,
    /// The exact `iss` of its tokens, an `https` URL (`http` only for a loopback host). Every character counts.
    pub issuer: String,
    /// Accepted audiences: `aud` has to contain one of them. At least one; there is no "any".
    pub audiences: Vec<String>,
    /// Accepted signature algorithms, asymmetric only: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// Clients (`azp` or `client_id`) whose tokens are accepted. A token with several audiences is accepted only from one
    /// of these; where the list is not empty, every token has to be from one of these.
    #[serde(default)]
    pub authorized_parties: Vec<String>,
    /// The claim that holds the caller's groups: a claim's whole name, or a path with dots such as `realm_access.roles`.
    #[serde(default = "default_groups_claim")]
    pub groups_claim: String,
    /// What a token without that claim says: `unknown` (the caller counts as a member for every forbid and for no permit)
    /// or `none` (the caller is in no group; for issuers that leave the claim out then).
    #[serde(default)]
    pub missing_groups: MissingGroups,
    /// Whether its tokens are of people or of machines: `user`, `workload`, or by a claim:
    /// `{ claim = "idtyp", workload = ["app"] }`.
    #[serde(default)]
    pub kind: KindRule,
    /// Whether OpenID ID tokens are accepted too. They are meant for the client, not for the gate.
    #[serde(default)]
    pub accept_id_token: bool,
    /// Seconds by which clocks may differ, 0 to 60.
    #[serde(default = "default_leeway")]
    pub leeway_s: u64,
    /// Longest life of a token in seconds, from `iat` to `exp`. Without it 24 hours for people, 1 hour for machines.
    #[serde(default)]
    pub token_lifetime_max_s: Option<u64>,
    /// URL of the key set. Without it, it is found through `/.well-known/openid-configuration`.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// PEM file of certificates that are trusted for this issuer's server, beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// What a token without the groups claim says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingGroups {
    /// Nothing: the groups are unknown.
    #[default]
    Unknown,
    /// The caller is in no group.
    None,
}

/// How to tell machines from people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawKindRule")]
pub enum KindRule {
    /// All are people.
    #[default]
    User,
    /// All are machines.
    Workload,
    /// A machine if the claim has one of the values, else a person.
    ByClaim {
        /// Name of the claim.
        claim: String,
        /// Values that mean a machine.
        workload: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawKindRule {
    Word(String),
    Claim(RawClaim),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    claim: String,
    workload: Vec<String>,
}

impl TryFrom<RawKindRule> for KindRule {
    type Error = &'static str;

    fn try_from(raw: RawKindRule) -> Result<Self, &'static str> {
        match raw {
            RawKindRule::Word(word) if word == "user" => Ok(KindRule::User),
            RawKindRule::Word(word) if word == "workload" => Ok(KindRule::Workload),
            RawKindRule::Word(_) => Err("kind is user, workload or { claim = \"…\", workload = [\"…\"] }"),
            RawKindRule::Claim(RawClaim { claim, workload }) => Ok(KindRule::ByClaim { claim, workload }),
        }
    }
}

fn default_algorithms() -> Vec<String> {
    ["RS256", "PS256", "ES256", "EdDSA"].map(str::to_owned).to_vec()
}

fn default_groups_claim() -> String {
    "groups".to_owned()
}

fn default_leeway() -> u64 {
    30
}

impl IssuerConfig {
    /// Checks what the types cannot.
    pub(crate) fn validate(&self) -> Result<(), IdentityError> {
        let wrong =
            |field, what: &str| Err(IdentityError::Setting { issuer: self.name.clone(), field, what: what.to_owned() });
        check_name(&self.name).or_else(|what| wrong("name", what))?;
        check_url(&self.issuer).map(drop).or_else(|what| wrong("issuer", what))?;
        if let Some(url) = &self.jwks_url {
            check_url(url).map(drop).or_else(|what| wrong("jwks_url", what))?;
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return wrong(
                "audiences",
                "name at least one audience; a gate that accepts any takes tokens meant for others",
            );
        }
        if self.algorithms.is_empty() || self.algorithms.iter().any(|name| algorithm(name).is_none()) {
            return wrong("algorithms", "use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA");
        }
        if self.groups_claim.is_empty() {
            return wrong("groups_claim", "name a claim; leave the setting out for \"groups\"");
        }
        if self.leeway_s > LEEWAY_MAX {
            return wrong("leeway_s", "use 0 to 60 seconds");
        }
        if self.token_lifetime_max_s == Some(0) {
            return wrong("token_lifetime_max_s", "use at least 1 second");
        }
        Ok(())
    }

    /// Longest life of a token, in seconds.
    pub(crate) fn lifetime_max(&self, workload: bool) -> u64 {
        self.token_lifetime_max_s.unwrap_or(if workload { HOUR } else { DAY })
    }
}

/// Refuses what cannot be the prefix of identities and groups.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) {
        return Err("use 1 to 40 lower-case letters, digits, - and _");
    }
    if name == SERVICE_ACCOUNT_ISSUER {
        return Err("this is what the gate calls its own service accounts; use another");
    }
    Ok(())
}

/// Refuses names and issuers that stand twice.
pub(crate) fn validate_all(configs: &[IssuerConfig]) -> Result<(), IdentityError> {
    let (mut names, mut issuers) = (HashSet::new(), HashSet::new());
    for config in configs {
        config.validate()?;
        let twice = |field| IdentityError::Setting {
            issuer: config.name.clone(),
            field,
            what: "stands twice; each issuer is configured once".to_owned(),
        };
        if !names.insert(&config.name) {
            return Err(twice("name"));
        }
        if !issuers.insert(&config.issuer) {
            return Err(twice("issuer"));
        }
    }
    Ok(())
}

/// The asymmetric algorithm of this name.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" => Algorithm::EdDSA,
        _ => return None,
    })
}

/// Takes an `https` URL without user, query and fragment, or an `http` one of a loopback host.
pub(crate) fn check_url(text: &str) -> Result<Url, &'static str> {
    let Ok(url) = Url::parse(text) else { return Err("is no URL; use https://…") };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("a user, password or fragment does not belong there");
    }
    match url.scheme() {
        "https" if url.host_str().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("use https; http only for a loopback host"),
    }
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
