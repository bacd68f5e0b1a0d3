//! The checks of the claims, once the signature is known to be right, and what they say of the caller.

use serde_json::Value;
use tidegate_model::{Caller, CallerKind, CredentialKind};

use crate::check::{Check, TokenRefused, refused, shown};
use crate::config::{IssuerConfig, KindRule, MissingGroups};
use crate::spiffe::SpiffeId;
use crate::token::{Claims, find, is_name, seconds, sha256, short_text, steps};

/// Most groups of one caller.
pub(crate) const GROUPS_MAX: usize = 2_000;
pub(crate) const GROUP_BYTES_MAX: usize = 512;

/// From verified claims to a caller.
pub(crate) fn believe(
    token: &str,
    claims: &Claims,
    config: &IssuerConfig,
    credential: CredentialKind,
    now: u64,
) -> Result<Caller, TokenRefused> {
    let client = client(claims, config);
    check_audience(claims, config, client.as_deref())?;
    told(token, claims, config, (client, credential), now)
}

/// From the verified claims of an ID token, which is for a client of the gate's, to a caller (OpenID Connect Core 1.0, 3.1.3.7).
pub(crate) fn believe_id_token(
    token: &str,
    claims: &Claims,
    config: &IssuerConfig,
    client_id: &str,
    credential: CredentialKind,
    now: u64,
) -> Result<Caller, TokenRefused> {
    let audiences = audiences(claims);
    if !audiences.contains(&client_id) {
        return refused(Check::Audience, "aud does not contain the client_id of login");
    }
    match claims.get("azp") {
        None if audiences.len() == 1 => {}
        None => return refused(Check::AuthorizedParty, "several audiences and no azp"),
        Some(azp) if azp == client_id => {}
        Some(_) => return refused(Check::AuthorizedParty, "azp is not the client_id of login"),
    }
    if !claims.contains_key("iat") {
        return refused(Check::IssuedAt, "no iat, which an ID token has");
    }
    told(token, claims, config, (Some(client_id.to_owned()), credential), now)
}

/// What the claims say of the caller, once it is known that they are meant for the gate.
fn told(
    token: &str,
    claims: &Claims,
    config: &IssuerConfig,
    (client, credential): (Option<String>, CredentialKind),
    now: u64,
) -> Result<Caller, TokenRefused> {
    let kind = match config.trust_domain() {
        Some(_) => CallerKind::Workload,
        None => kind(claims, &config.kind, client.as_deref()),
    };
    let expires_at = check_times(claims, config, kind, now)?;
    check_required(claims, config)?;
    let subject = subject(claims, config, kind)?;
    let (groups, groups_known) = groups(claims, config)?;
    Ok(Caller {
        kind,
        issuer: config.name.clone(),
        subject,
        groups,
        groups_known,
        client,
        token_id: short_text(claims, "jti"),
        token_hash: Some(sha256(&[token.as_bytes()])),
        session: short_text(claims, "sid"),
        credential,
        via_gate: false,
        issued_at: seconds(claims, "iat").ok().flatten(),
        // accepted by leeway only: a second is left, since a life of zero would read as "does not end" (KAFKA-13848)
        expires_at: expires_at.max(now.saturating_add(1)),
        mfa_at: mfa_at(claims, now),
    })
}

/// The audiences; none where `aud` is neither a text nor a list of texts.
fn audiences(claims: &Claims) -> Vec<&str> {
    let audiences: Option<Vec<&str>> = match claims.get("aud") {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    audiences.unwrap_or_default()
}

fn check_audience(claims: &Claims, config: &IssuerConfig, client: Option<&str>) -> Result<(), TokenRefused> {
    let audiences = audiences(claims);
    if !audiences.iter().any(|audience| config.audiences.iter().any(|accepted| accepted == audience)) {
        return refused(Check::Audience, format!("aud contains none of: {}", config.audiences.join(", ")));
    }
    let listed = client.is_some_and(|client| config.authorized_parties.iter().any(|accepted| accepted == client));
    if (audiences.len() > 1 || !config.authorized_parties.is_empty()) && !listed {
        let found = client.map_or_else(|| "no azp or client_id".to_owned(), shown);
        return refused(Check::AuthorizedParty, format!("{found}: not one of the issuer's authorized_parties"));
    }
    Ok(())
}

/// Checks `exp`, `nbf`, `iat` and the whole life; gives `exp`.
fn check_times(claims: &Claims, config: &IssuerConfig, kind: CallerKind, now: u64) -> Result<u64, TokenRefused> {
    let leeway = config.leeway_s;
    let Ok(Some(exp)) = seconds(claims, "exp") else {
        return refused(Check::Expiry, "no exp, or one that is no time");
    };
    if now >= exp.saturating_add(leeway) {
        return refused(Check::Expiry, format!("expired {} s ago", now - exp));
    }
    let soonest = now.saturating_add(leeway);
    match seconds(claims, "nbf") {
        Ok(None) => {}
        Ok(Some(nbf)) if nbf <= soonest => {}
        _ => return refused(Check::NotBefore, "nbf is in the future or no time; compare the clocks"),
    }
    let iat = match seconds(claims, "iat") {
        Ok(None) => now,
        Ok(Some(iat)) if iat <= soonest => iat,
        _ => return refused(Check::IssuedAt, "iat is in the future or no time; compare the clocks"),
    };
    let cap = config.lifetime_max(kind == CallerKind::Workload);
    let life = exp.saturating_sub(iat.min(now));
    // without iat the issue time is not known, and the two clocks may differ
    let slack = if claims.contains_key("iat") { 0 } else { leeway };
    if life > cap.saturating_add(slack) {
        return refused(
            Check::Lifetime,
            format!("valid for {life} s, more than the issuer's token_lifetime_max_s of {cap}"),
        );
    }
    Ok(exp)
}

/// Checks the tenant, and the claims that the configuration requires.
fn check_required(claims: &Claims, config: &IssuerConfig) -> Result<(), TokenRefused> {
    if !config.tenants.is_empty() {
        let tenant =
            claims.get("tid").and_then(Value::as_str).filter(|tid| config.tenants.iter().any(|known| known == tid));
        // the issuer's URL and the claim have to name the same tenant
        let same = |tid| claims.get("iss").and_then(Value::as_str) == Some(&config.issuer_of(tid));
        if !tenant.is_some_and(same) {
            return refused(Check::RequiredClaims, "tid is none of the issuer's tenants, or not the one in iss");
        }
    }
    for (path, wanted) in &config.required_claims {
        let is_wanted = |value: &Value| {
            let found = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => return false,
            };
            wanted.0.contains(&found)
        };
        let good = find(claims, path).is_some_and(|value| match value {
            Value::Array(many) => many.iter().any(is_wanted),
            one => is_wanted(one),
        });
        if !good {
            return refused(
                Check::RequiredClaims,
                format!("{} has not the value that required_claims asks for", shown(path)),
            );
        }
    }
    Ok(())
}

fn client(claims: &Claims, config: &IssuerConfig) -> Option<String> {
    match &config.client_claim {
        Some(claim) => short_text(claims, claim),
        None => ["azp", "client_id"].iter().find_map(|claim| short_text(claims, claim)),
    }
}

fn subject(claims: &Claims, config: &IssuerConfig, kind: CallerKind) -> Result<String, TokenRefused> {
    let claim = match kind {
        CallerKind::User => config.subject_claim.as_str(),
        CallerKind::Workload => "sub",
    };
    let Some(subject) = short_text(claims, claim) else {
        return refused(Check::Subject, format!("no {claim}, or an empty, long or strange one"));
    };
    match config.trust_domain().map(|own| SpiffeId::parse(&subject).map(|id| id.trust_domain == own)) {
        None | Some(Ok(true)) => Ok(subject),
        Some(Ok(false)) => refused(Check::Subject, "sub is of another trust domain"),
        Some(Err(what)) => refused(Check::Subject, format!("sub {what}")),
    }
}

fn kind(claims: &Claims, rule: &KindRule, client: Option<&str>) -> CallerKind {
    let machine = match rule {
        KindRule::User => false,
        KindRule::Workload => true,
        KindRule::ClientCredentials => client.is_some() && claims.get("sub").and_then(Value::as_str) == client,
        KindRule::ByClaim { claim, workload: None } => find(claims, claim).is_some_and(|value| !value.is_null()),
        KindRule::ByClaim { claim, workload: Some(values) } => {
            let value = find(claims, claim).and_then(Value::as_str);
            value.is_some_and(|value| values.iter().any(|wanted| wanted == value))
        }
    };
    if machine { CallerKind::Workload } else { CallerKind::User }
}

/// The groups of all claims, prefixed, sorted, without duplicates; and whether they are known.
fn groups(claims: &Claims, config: &IssuerConfig) -> Result<(Vec<String>, bool), TokenRefused> {
    let (mut groups, mut known) = (Vec::new(), true);
    for path in &config.groups_claim.0 {
        if overage(claims, path) {
            return Ok((Vec::new(), false));
        }
        match find(claims, path) {
            // one that is missing spoils the others: a forbid could be about what it leaves out
            None => known &= config.missing_groups == MissingGroups::None || config.trust_domain().is_some(),
            Some(value) => read_groups(value, path, config, &mut groups)?,
        }
    }
    if !known {
        return Ok((Vec::new(), false));
    }
    groups.sort_unstable();
    groups.dedup();
    Ok((groups, true))
}

/// Adds one claim's groups.
fn read_groups(value: &Value, path: &str, config: &IssuerConfig, groups: &mut Vec<String>) -> Result<(), TokenRefused> {
    let names: Option<Vec<&str>> = match value {
        Value::Array(many) if groups.len() + many.len() <= GROUPS_MAX => many.iter().map(Value::as_str).collect(),
        Value::Array(_) => return refused(Check::Groups, format!("more than {GROUPS_MAX} groups")),
        Value::String(one) => Some(vec![one]),
        _ => None,
    };
    // a group that is left out would be one that no forbid sees
    let Some(names) = names.filter(|names| names.iter().all(|name| is_name(name, GROUP_BYTES_MAX))) else {
        return refused(Check::Groups, format!("{} is no list of names", shown(path)));
    };
    if config.groups_are_paths && !names.iter().all(|name| name.starts_with('/')) {
        let mend = "turn on \"Full group path\" in its mapper, or leave groups_are_paths out";
        return refused(Check::Groups, format!("{} has a group without its path; {mend}", shown(path)));
    }
    groups.extend(names.iter().map(|name| format!("{}:{name}", config.name)));
    Ok(())
}

/// Whether the token says that there are groups but leaves them out (Entra ID: `_claim_names`, `hasgroups`). The place
/// that it names instead is never asked.
fn overage(claims: &Claims, path: &str) -> bool {
    let elsewhere = match claims.get("_claim_names") {
        None => false,
        Some(Value::Object(names)) => {
            let first = steps(path).into_iter().next().unwrap_or_default();
            names.contains_key(path) || names.contains_key(&first) || names.contains_key("groups")
        }
        Some(_) => true,
    };
    elsewhere || claims.get("hasgroups").is_some_and(|value| *value == true || value == "true")
}

fn mfa_at(claims: &Claims, now: u64) -> Option<u64> {
    let methods = claims.get("amr")?.as_array()?;
    let strong = methods.iter().any(|method| method == "mfa");
    seconds(claims, "auth_time").ok()?.filter(|_| strong).map(|at| at.min(now))
}
