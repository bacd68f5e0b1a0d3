//! What the operator says about an issuer of tokens.

mod introspection;
mod login;
mod rules;

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::path::PathBuf;

use jsonwebtoken::Algorithm;
use reqwest::Url;
use serde::Deserialize;

use crate::accounts::SERVICE_ACCOUNT_ISSUER;
use crate::spiffe::{SPIFFE, is_trust_domain};
use crate::token::steps;
pub use introspection::{IntrospectionConfig, SecretSource};
pub use login::LoginConfig;
pub use rules::{KindRule, MissingGroups, OneOrMore};

/// Longest leeway that may be configured, in seconds.
const LEEWAY_MAX: u64 = 60;
/// Claims that an identity provider gives to one person and never to another.
const SUBJECT_CLAIMS: [&str; 3] = ["sub", "oid", "uid"];
const CLIENT_CLAIMS: [&str; 4] = ["azp", "client_id", "cid", "appid"];
/// Stands for the tenant in the issuer of Entra ID's metadata for several tenants.
pub(crate) const TENANT_ID: &str = "{tenantid}";
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
    /// The exact `iss` of its tokens, an `https` URL (`http` only for a loopback host). Every character counts. Entra ID for
    /// several tenants: with `{tenantid}` in the tenant's place, and `tenants`. SPIFFE: the trust domain, `spiffe://example.org`;
    /// its tokens (JWT-SVIDs) are of machines without groups, and found by their `sub`, whatever their `iss`.
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
    /// The claim that names a person: `sub`; `oid` for Entra ID, whose `sub` differs from app to app; `uid` for Okta, whose `sub`
    /// is a login name. Never an e-mail address or another name that may be given to somebody else. Machines are always named
    /// by `sub`.
    #[serde(default = "default_subject_claim")]
    pub subject_claim: String,
    /// The claim that names the client: `azp`, `client_id`, `cid` (Okta) or `appid` (Entra ID, version 1). Without it `azp`, else
    /// `client_id`.
    #[serde(default)]
    pub client_claim: Option<String>,
    /// The claim that holds the caller's groups, or several such claims, all of whose names count: a claim's whole name, or a
    /// path with dots such as `realm_access.roles`. A dot within a name is written `\.` in a path.
    #[serde(default = "default_groups_claim")]
    pub groups_claim: OneOrMore,
    /// Whether every group has to be a path that begins with `/`, as Keycloak sends them with *Full group path*. Without the
    /// whole path, groups of one name in two places are the same.
    #[serde(default)]
    pub groups_are_paths: bool,
    /// What a token without such a claim says: `unknown` (the caller counts as a member for every forbid and for no permit)
    /// or `none` (the claim holds no group; for issuers that leave the claim out then).
    #[serde(default)]
    pub missing_groups: MissingGroups,
    /// Claims (names or paths) that a token has to have, each with the value or one of the values listed; of a claim that is a
    /// list, one element: `{ repository = "example/orders", ref = ["refs/heads/main"] }`.
    #[serde(default)]
    pub required_claims: BTreeMap<String, OneOrMore>,
    /// Tenants (`tid`, Entra ID) whose tokens are accepted; where it is not empty, the token has to be of one of them.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Whether its tokens are of people or of machines: `user`; `workload`; `client_credentials` (a machine where the subject is
    /// the client itself, RFC 9068, 2.2); by a claim's value, `{ claim = "idtyp", workload = ["app"] }`; or by a claim that only
    /// machines have, `{ claim = "client_id" }`.
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
    /// File with the key set, or with a SPIFFE trust bundle, in place of a URL. Read again every five minutes, and when a key is
    /// not found.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// PEM file of certificates that are trusted for this issuer's server, beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Asking the issuer itself about tokens (RFC 7662): for opaque tokens, and to see revocations.
    #[serde(default)]
    pub introspection: Option<IntrospectionConfig>,
    /// Logging people in here, for the gate's own tokens. Without it this issuer's tokens are accepted, but nobody logs in here.
    #[serde(default)]
    pub login: Option<LoginConfig>,
}

fn default_algorithms() -> Vec<String> {
    ["RS256", "PS256", "ES256", "EdDSA"].map(str::to_owned).to_vec()
}

fn default_subject_claim() -> String {
    "sub".to_owned()
}

fn default_groups_claim() -> OneOrMore {
    OneOrMore(vec!["groups".to_owned()])
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
        self.validate_keys()?;
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return wrong(
                "audiences",
                "name at least one audience; a gate that accepts any takes tokens meant for others",
            );
        }
        if self.algorithms.is_empty() || self.algorithms.iter().any(|name| algorithm(name).is_none()) {
            return wrong("algorithms", "use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA");
        }
        self.validate_claims()?;
        if let Some(Err((field, what))) = self.introspection.as_ref().map(IntrospectionConfig::validate) {
            return wrong(field, what);
        }
        if let Some(login) = &self.login {
            self.validate_login(login).or_else(|(field, what)| wrong(field, what))?;
        }
        if self.leeway_s > LEEWAY_MAX {
            return wrong("leeway_s", "use 0 to 60 seconds");
        }
        if self.token_lifetime_max_s == Some(0) {
            return wrong("token_lifetime_max_s", "use at least 1 second");
        }
        Ok(())
    }

    /// Where tokens and keys come from.
    fn validate_keys(&self) -> Result<(), IdentityError> {
        let wrong =
            |field, what: &str| Err(IdentityError::Setting { issuer: self.name.clone(), field, what: what.to_owned() });
        match self.trust_domain() {
            None => check_url(&self.metadata_base()).map(drop).or_else(|what| wrong("issuer", what))?,
            Some(name) if !is_trust_domain(name) => {
                return wrong(
                    "issuer",
                    "a trust domain has lower-case letters, digits, dots, dashes and underscores only",
                );
            }
            Some(_) if self.jwks_url.is_none() && self.jwks_file.is_none() => {
                return wrong(
                    "jwks_file",
                    "name the trust bundle's file, or its URL in jwks_url; a trust domain has no other",
                );
            }
            Some(_) => {}
        }
        if let Some(url) = &self.jwks_url {
            check_url(url).map(drop).or_else(|what| wrong("jwks_url", what))?;
            if self.jwks_file.is_some() {
                return wrong("jwks_file", "there is a jwks_url already; use one of them");
            }
        }
        Ok(())
    }

    fn validate_claims(&self) -> Result<(), IdentityError> {
        let wrong =
            |field, what: &str| Err(IdentityError::Setting { issuer: self.name.clone(), field, what: what.to_owned() });
        if !SUBJECT_CLAIMS.contains(&self.subject_claim.as_str()) {
            return wrong("subject_claim", "use sub, oid or uid; other claims may be given to somebody else later");
        }
        if self.client_claim.as_ref().is_some_and(|claim| !CLIENT_CLAIMS.contains(&claim.as_str())) {
            return wrong("client_claim", "use azp, client_id, cid or appid");
        }
        let good_path = |path: &String| !path.is_empty() && steps(path).iter().all(|step| !step.is_empty());
        if self.groups_claim.0.is_empty() || !self.groups_claim.0.iter().all(good_path) {
            return wrong(
                "groups_claim",
                "name a claim, or a path without empty steps; leave the setting out for \"groups\"",
            );
        }
        for (path, values) in &self.required_claims {
            if !good_path(path) || values.0.is_empty() {
                return wrong("required_claims", "give each claim a value, or a list of values that is not empty");
            }
        }
        if self.tenants.iter().any(String::is_empty) {
            return wrong("tenants", "list tenant ids");
        }
        if self.issuer.contains(TENANT_ID) && self.tenants.is_empty() {
            return wrong("tenants", "list the tenants; a gate that accepts any lets everybody in who has an account");
        }
        if let KindRule::ByClaim { claim, workload } = &self.kind
            && (!good_path(claim) || workload.as_ref().is_some_and(Vec::is_empty))
        {
            return wrong(
                "kind",
                "name the claim and the values that mean a machine; without `workload` any value does",
            );
        }
        Ok(())
    }

    fn validate_login(&self, login: &LoginConfig) -> Result<(), (&'static str, &'static str)> {
        if self.trust_domain().is_some() || self.kind == KindRule::Workload {
            return Err(("login", "all tokens of this issuer are of machines; people log in elsewhere"));
        }
        login.validate()
    }

    /// The paths in it, to be taken from the folder of the file that names them.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let asked = self.introspection.as_mut().map(|asked| &mut asked.client_secret);
        let login = self.login.as_mut().and_then(|login| login.client_secret.as_mut());
        let secrets = asked.into_iter().chain(login).filter_map(|secret| match secret {
            SecretSource::File { file } => Some(file),
            SecretSource::Command { .. } => None,
        });
        self.ca_file.iter_mut().chain(&mut self.jwks_file).chain(secrets)
    }

    /// The SPIFFE trust domain, if it is one.
    pub(crate) fn trust_domain(&self) -> Option<&str> {
        self.issuer.strip_prefix(SPIFFE)
    }

    /// Whether this is the `iss` of its tokens.
    pub(crate) fn accepts(&self, iss: &str) -> bool {
        match self.issuer.split_once(TENANT_ID) {
            None => self.issuer == iss,
            Some(_) => self.tenants.iter().any(|tenant| self.issuer_of(tenant) == iss),
        }
    }

    /// The issuer with the tenant in its place.
    pub(crate) fn issuer_of(&self, tenant: &str) -> String {
        self.issuer.replace(TENANT_ID, tenant)
    }

    /// Where the issuer's metadata is looked for.
    pub(crate) fn metadata_base(&self) -> String {
        self.issuer_of("organizations")
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
    let takes_opaque = |config: &&IssuerConfig| config.introspection.as_ref().is_some_and(|asked| asked.opaque);
    if let Some(second) = configs.iter().filter(takes_opaque).nth(1) {
        return Err(IdentityError::Setting {
            issuer: second.name.clone(),
            field: "introspection.opaque",
            what: "another issuer takes opaque tokens already; set it to false here or there".to_owned(),
        });
    }
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
        if !issuers.insert(&config.issuer)
            || configs.iter().any(|other| other.issuer != config.issuer && other.accepts(&config.issuer))
        {
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
