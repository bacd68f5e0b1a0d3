//! Replays the kept corpus of the fuzz targets, which was made from samples: `TIDEGATE_WRITE_CORPUS=1` makes it anew.

use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DnType, KeyPair as TlsKey, SanType, date_time_ymd};

use super::*;
use crate::fuzz::{fuzz_certificate, fuzz_sasl, fuzz_token};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

/// Each input, its cuts and some of its flipped bits, which is what a fuzzer would try first.
fn replay(target: &str, fuzz: fn(&[u8]), samples: impl FnOnce() -> Vec<(&'static str, Vec<u8>)>) {
    let folder = folder(target);
    if std::env::var_os("TIDEGATE_WRITE_CORPUS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in samples() {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        fuzz(&input);
        for at in 0..input.len().min(512) {
            fuzz(&input[..at]);
            let mut flipped = input.clone();
            flipped[at] ^= 1 << (at % 8);
            fuzz(&flipped);
        }
        inputs += 1;
    }
    assert!(inputs >= 5, "only {inputs} inputs in {}", folder.display());
}

#[test]
fn the_tokens_corpus_passes() {
    replay("identity_token", fuzz_token, tokens);
}

#[test]
fn the_logins_corpus_passes() {
    replay("identity_sasl", fuzz_sasl, logins);
}

#[test]
fn the_certificates_corpus_passes() {
    replay("identity_certificate", fuzz_certificate, certificates);
}

fn tokens() -> Vec<(&'static str, Vec<u8>)> {
    let (iat, exp) = (1_795_607_900, 1_795_608_600);
    let base = json!({"iss": "https://idp.example", "sub": "ann", "aud": "gate", "azp": "cli", "jti": "t", "sid": "s",
        "iat": iat, "exp": exp, "nbf": iat, "groups": ["sales", "/a/b"], "amr": ["mfa"], "auth_time": iat});
    let with = |changes: Value| {
        let mut claims = base.clone();
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims.to_string().into_bytes()
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let jwt = format!("{}.{}.{}", part(&json!({"alg": "ES256", "kid": "k", "typ": "at+jwt"})), part(&base), "c2ln");
    vec![
        ("jwt", jwt.into_bytes()),
        ("header", br#"{"alg":"RS256","kid":"k","typ":"application/at+jwt","crit":["exp"],"jku":"x"}"#.to_vec()),
        ("claims", with(json!({}))),
        ("overage", with(json!({"groups": null, "_claim_names": {"groups": "src1"}, "hasgroups": true}))),
        (
            "tenant",
            with(json!({"iss": "https://idp.example/t/v2", "tid": "t", "oid": "o", "aud": ["gate", "b"],
            "realm_access": {"roles": ["x"]}, "idtyp": "app"})),
        ),
        ("machine", with(json!({"cid": "c", "repository": "a/b", "x": {"y": true}, "groups": ["/a/b"]}))),
        ("svid", with(json!({"sub": "spiffe://example.org/orders", "exp": 1_795_608_600.5}))),
        ("twice", br#"{"sub":"a","sub":"b"}"#.to_vec()),
    ]
}

fn logins() -> Vec<(&'static str, Vec<u8>)> {
    let both = |first: &str, second: &str| {
        let length = u16::try_from(first.len()).unwrap().to_be_bytes();
        [&length[..], first.as_bytes(), second.as_bytes()].concat()
    };
    vec![
        ("plain", both("\0token\0e30.e30.x", "batch\0batch\0secret")),
        (
            "bearer",
            both("n,,\u{1}auth=Bearer e30.e30.x\u{1}\u{1}", "n,a=idp:ann,\u{1}host=h\u{1}auth=Bearer x\u{1}\u{1}"),
        ),
        ("scram", both("n,,n=batch,r=fyko", "c=biws,r=fyko,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")),
        ("scram_as", both("n,a=batch,n=batch,r=fyko,tokenauth=true", "c=bixhPWJhdGNoLA==,r=fyko,x=y,p=AA==")),
        ("scram_strange", both("y,,m=x,n=a=2Cb=3Dc,r=,", "c=eSws,r=,p==")),
    ]
}

fn certificates() -> Vec<(&'static str, Vec<u8>)> {
    let certificate = |change: &dyn Fn(&mut CertificateParams)| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params.distinguished_name.push(DnType::CommonName, "loader");
        change(&mut params);
        params.self_signed(&TlsKey::generate().unwrap()).unwrap().der().to_vec()
    };
    let names = |names: &[SanType]| certificate(&|params| params.subject_alt_names = names.to_vec());
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    vec![
        ("svid", names(&[uri("spiffe://example.org/ns/a/sa/b")])),
        ("uris", names(&[uri("spiffe://example.org/a"), uri("https://example.org/")])),
        ("name", names(&[])),
        ("dns", names(&[SanType::DnsName("db.example.org".try_into().unwrap())])),
        (
            "subject",
            certificate(&|params| {
                params.distinguished_name.push(DnType::OrganizationName, "A, \"B\" + c=d");
                params.distinguished_name.push(DnType::OrganizationalUnitName, "\u{e9}");
            }),
        ),
        ("nothing", vec![0x30, 0]),
    ]
}
