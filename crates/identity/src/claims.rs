//! The checks of the claims, once the signature is known to be right, and what they say of the caller.

use serde_json::Value;
use tidegate_model::{Caller, CallerKind, CredentialKind};

use crate::check::{Check, TokenRefused, refused, shown};
use crate::config::{IssuerConfig, KindRule, MissingGroups};
use crate::token::{Claims, SUBJECT_BYTES_MAX, find, is_name, seconds, sha256, short_text};

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
    let client = ["azp", "client_id"].iter().find_map(|claim| short_text(claims, claim));
    check_audience(claims, config, client.as_deref())?;
    let kind = kind(claims, &config.kind);
    let expires_at = check_times(claims, config, kind, now)?;
    let subject = match claims.get("sub") {
        Some(Value::String(sub)) if is_name(sub, SUBJECT_BYTES_MAX) => sub.clone(),
        _ => return refused(Check::Subject, "no sub, or an empty, long or strange one"),
    };
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

fn check_audience(claims: &Claims, config: &IssuerConfig, client: Option<&str>) -> Result<(), TokenRefused> {
    let audiences: Option<Vec<&str>> = match claims.get("aud") {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let audiences = audiences.unwrap_or_default();
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

fn kind(claims: &Claims, rule: &KindRule) -> CallerKind {
    match rule {
        KindRule::User => CallerKind::User,
        KindRule::Workload => CallerKind::Workload,
        KindRule::ByClaim { claim, workload } => {
            let value = find(claims, claim).and_then(Value::as_str);
            match value.is_some_and(|value| workload.iter().any(|wanted| wanted == value)) {
                true => CallerKind::Workload,
                false => CallerKind::User,
            }
        }
    }
}

/// The groups, prefixed, sorted, without duplicates; and whether they are known.
fn groups(claims: &Claims, config: &IssuerConfig) -> Result<(Vec<String>, bool), TokenRefused> {
    let path = &config.groups_claim;
    if overage(claims, path) {
        return Ok((Vec::new(), false));
    }
    let names: Option<Vec<&str>> = match find(claims, path) {
        None => return Ok((Vec::new(), config.missing_groups == MissingGroups::None)),
        Some(Value::Array(many)) if many.len() <= GROUPS_MAX => many.iter().map(Value::as_str).collect(),
        Some(Value::Array(_)) => return refused(Check::Groups, format!("more than {GROUPS_MAX} groups")),
        Some(Value::String(one)) => Some(vec![one]),
        Some(_) => None,
    };
    // a group that is left out would be one that no forbid sees
    let Some(names) = names.filter(|names| names.iter().all(|name| is_name(name, GROUP_BYTES_MAX))) else {
        return refused(Check::Groups, format!("{} is no list of names", shown(path)));
    };
    let mut groups: Vec<String> = names.iter().map(|name| format!("{}:{name}", config.name)).collect();
    groups.sort_unstable();
    groups.dedup();
    Ok((groups, true))
}

/// Whether the token says that there are groups but leaves them out (Entra ID: `_claim_names`, `hasgroups`). The place
/// that it names instead is never asked.
fn overage(claims: &Claims, path: &str) -> bool {
    let elsewhere = match claims.get("_claim_names") {
        None => false,
        Some(Value::Object(names)) => {
            let first = path.split('.').next().unwrap_or(path);
            names.contains_key(path) || names.contains_key(first) || names.contains_key("groups")
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
