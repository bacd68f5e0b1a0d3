//! Bodies of the fuzz targets, also replayed over the kept corpus by a unit test. Whatever the bytes, these return; a panic or a
//! broken promise is a finding.

use std::sync::LazyLock;

use tidegate_model::{Caller, CallerKind, CredentialKind};

use crate::accounts::{Accounts, NewAccount, SaltKey, ServiceAccount};
use crate::certificate::{CertificateConfig, CertificateMapping, HolderKind, SubjectRule};
use crate::claims::{GROUP_BYTES_MAX, GROUPS_MAX, believe};
use crate::config::IssuerConfig;
use crate::json::strict_object;
use crate::sasl::{parse_oauthbearer, parse_plain};
use crate::scram::ScramHash;
use crate::token::{SUBJECT_BYTES_MAX, check_critical, check_type, kid, look};

const NOW: u64 = 1_795_608_000;

/// Issuers with every way to read a claim.
static ISSUERS: LazyLock<Vec<IssuerConfig>> = LazyLock::new(|| {
    let texts = [
        r#"{"name":"idp","issuer":"https://idp.example","audiences":["gate"]}"#,
        r#"{"name":"idp","issuer":"https://idp.example/{tenantid}/v2","audiences":["gate","b"],"tenants":["t"],"subject_claim":"oid",
            "groups_claim":["roles","realm_access.roles","a\\.b"],"kind":{"claim":"idtyp","workload":["app"]},
            "authorized_parties":["cli"],"accept_id_token":true,"missing_groups":"none"}"#,
        r#"{"name":"idp","issuer":"https://idp.example","audiences":["gate"],"kind":"client_credentials","groups_are_paths":true,
            "required_claims":{"repository":["a/b"],"x.y":["true","1"]},"client_claim":"cid","leeway_s":0}"#,
        r#"{"name":"idp","issuer":"spiffe://example.org","audiences":["gate"],"jwks_file":"bundle"}"#,
    ];
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
});

static ACCOUNTS: LazyLock<Accounts> = LazyLock::new(|| {
    let salts = SaltKey::from_bytes([7; 32]);
    let new = NewAccount { name: "batch".into(), owner: "ops".into(), groups: Vec::new(), expires_at: NOW + 86_400 };
    let made = ServiceAccount::create(new, &salts, NOW).into_iter().map(|(account, _)| account).collect();
    Accounts::new(salts, made)
});

static MAPPINGS: LazyLock<Vec<CertificateMapping>> = LazyLock::new(|| {
    let config = |trust_domain: Option<&str>, subject: &str, kind| CertificateConfig {
        name: "mesh".to_owned(),
        ca_file: "ca.pem".into(),
        crl_file: None,
        trust_domain: trust_domain.map(str::to_owned),
        rules: vec![SubjectRule { when: Default::default(), subject: subject.to_owned(), kind }],
        lifetime_max_s: None,
    };
    let configs = [
        config(Some("example.org"), "CN", HolderKind::User),
        config(None, "DN", HolderKind::Workload),
        config(None, "DNS", HolderKind::Workload),
    ];
    configs.into_iter().filter_map(|config| CertificateMapping::new(config).ok()).collect()
});

/// A token as text, or (where the first byte is `{`) its header or claims as they are once decoded, by the checks of each kind of
/// issuer.
///
/// # Panics
/// When a caller comes out that has no name of this issuer, an end in the past, or groups that are none.
pub fn fuzz_token(data: &[u8]) {
    assert_eq!(ISSUERS.len(), 4, "the settings of this target are wrong");
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(token) = look(text)
    {
        assert!(!format!("{token:?}").contains(text));
    }
    let Ok(object) = strict_object(data) else { return };
    let _refused = (check_critical(&object).is_err(), kid(&object).is_err());
    for issuer in ISSUERS.iter() {
        let _refused = check_type(&object, &object, issuer).is_err();
        if let Ok(caller) = believe("token", &object, issuer, CredentialKind::OauthBearer, NOW) {
            assert_caller(&caller, "idp");
            assert!(object.contains_key("exp") && object.contains_key("aud"));
            assert!(caller.groups.is_sorted() && caller.groups.len() <= GROUPS_MAX);
            for group in &caller.groups {
                assert!(group.strip_prefix("idp:").is_some_and(|name| (1..=GROUP_BYTES_MAX).contains(&name.len())));
            }
            assert!(caller.groups_known || caller.groups.is_empty());
        }
    }
}

fn assert_caller(caller: &Caller, issuer: &str) {
    assert_eq!(caller.issuer, issuer);
    assert!((1..=SUBJECT_BYTES_MAX).contains(&caller.subject.len()) && !caller.subject.chars().any(char::is_control));
    assert!(caller.expires_at > NOW);
}

/// Messages of SASL logins, the first two bytes of all the length of the first: to each mechanism as if it had been chosen.
///
/// # Panics
/// When a name without its password gets in.
pub fn fuzz_sasl(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let Some((first, second)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))) else { return };
    for message in [first, second] {
        if let Ok(bearer) = parse_oauthbearer(message) {
            assert!(!bearer.token.is_empty());
        }
        if let Ok(plain) = parse_plain(message) {
            assert!(!plain.user.is_empty() && !plain.password.is_empty());
            assert!(plain.user.len() + plain.password.len() <= message.len());
        }
    }
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        if let Ok((exchange, answer)) = ACCOUNTS.scram(hash, first) {
            assert!(answer.starts_with("r=") && answer.contains(",s=") && answer.contains(",i="));
            assert!(ACCOUNTS.scram_finish(&exchange, second, NOW).is_err(), "nobody knows the password");
        }
    }
}

/// A certificate that TLS has verified, by each kind of mapping.
///
/// # Panics
/// When a caller comes out that has no name of the mapping, or a SPIFFE ID that is not the configured domain's.
pub fn fuzz_certificate(data: &[u8]) {
    assert_eq!(MAPPINGS.len(), 3, "the settings of this target are wrong");
    for mapping in MAPPINGS.iter() {
        if let Ok(caller) = mapping.caller(data, NOW) {
            assert_caller(&caller, "mesh");
            assert!(caller.groups.is_empty() && caller.credential == CredentialKind::Certificate);
            if caller.subject.to_ascii_lowercase().starts_with("spiffe:") && caller.kind == CallerKind::Workload {
                assert!(caller.subject.starts_with("spiffe://example.org/"));
            }
        }
    }
}
