//! Who holds a client certificate: SPIFFE IDs, rules about subjects, and certificates that name nobody.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, IsCa, KeyPair as TlsKey,
    KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};

use super::*;

/// 2026-06-01 and 2026-07-01.
const BEGINS: u64 = 1_780_272_000;
const ENDS: u64 = 1_782_864_000;
const DURING: u64 = BEGINS + 1_000;

fn mapping(config: &str) -> CertificateMapping {
    CertificateMapping::new(toml::from_str(&format!("name = \"mesh\"\nca_file = \"ca.pem\"\n{config}")).unwrap())
        .unwrap()
}

/// A certificate's bytes; who signed it was TLS's matter.
fn certificate(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date_time_ymd(2026, 6, 1);
    params.not_after = date_time_ymd(2026, 7, 1);
    params.serial_number = Some(SerialNumber::from(vec![0x01, 0xfe]));
    change(&mut params);
    params.self_signed(&TlsKey::generate().unwrap()).unwrap().der().to_vec()
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

fn with_uris(uris: &[&str]) -> Vec<u8> {
    certificate(|params| params.subject_alt_names = uris.iter().map(|text| uri(text)).collect())
}

/// `O=Example, OU=orders, CN=loader`, outermost first, and what is changed.
fn with_subject(change: impl FnOnce(&mut DistinguishedName)) -> Vec<u8> {
    certificate(|params| {
        let subject = &mut params.distinguished_name;
        subject.push(DnType::OrganizationName, "Example");
        subject.push(DnType::OrganizationalUnitName, "orders");
        subject.push(DnType::CommonName, "loader");
        change(subject);
    })
}

#[test]
fn a_spiffe_id_is_a_workload() {
    let mapping = mapping("trust_domain = \"example.org\"");
    let der = with_uris(&["spiffe://example.org/ns/shop/sa/orders"]);
    let caller = mapping.caller(&der, DURING).unwrap();
    let expected = Caller {
        kind: CallerKind::Workload,
        issuer: "mesh".to_owned(),
        subject: "spiffe://example.org/ns/shop/sa/orders".to_owned(),
        groups: Vec::new(),
        groups_known: true,
        client: None,
        token_id: Some("01fe".to_owned()),
        token_hash: aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der).as_ref().try_into().ok(),
        session: None,
        credential: CredentialKind::Certificate,
        via_gate: false,
        issued_at: Some(BEGINS),
        expires_at: ENDS + 1,
        mfa_at: None,
    };
    assert_eq!(caller, expected);
    assert_eq!(mapping.name(), "mesh");
    // other kinds of names do not matter
    let more = certificate(|params| {
        params.subject_alt_names = vec![dns("orders.example.org"), uri("spiffe://example.org/orders")];
    });
    assert_eq!(mapping.caller(&more, DURING).unwrap().subject, "spiffe://example.org/orders");
}

#[test]
fn a_spiffe_id_is_the_only_uri_and_of_the_own_trust_domain() {
    let with_rules = mapping("trust_domain = \"example.org\"\nrules = [{ subject = \"CN\" }]");
    for uris in [
        &["spiffe://example.org/a", "spiffe://example.org/b"][..],
        &["spiffe://example.org/a", "spiffe://example.org/a"],
        &["spiffe://example.org/a", "https://example.org/a"],
        &["https://example.org/a", "spiffe://example.org/a"],
        &["spiffe://other.org/a"],
        &["spiffe://example.org"],
        &["spiffe://example.org/a/../b"],
        &["SPIFFE://example.org/a"],
        &["spiffe:example.org/a"],
    ] {
        let der = certificate(|params| {
            params.distinguished_name.push(DnType::CommonName, "loader");
            params.subject_alt_names = uris.iter().map(|text| uri(text)).collect();
        });
        let refused = with_rules.caller(&der, DURING).unwrap_err();
        assert!(matches!(refused, CertificateRefused::Spiffe(_)), "{uris:?} {refused}");
    }
    let no_domain = mapping("rules = [{ subject = \"CN\" }]");
    let der = certificate(|params| {
        params.distinguished_name.push(DnType::CommonName, "loader");
        params.subject_alt_names = vec![uri("spiffe://example.org/a")];
    });
    assert!(
        matches!(no_domain.caller(&der, DURING), Err(CertificateRefused::Spiffe(_))),
        "the name is not taken instead"
    );
    let web = certificate(|params| {
        params.distinguished_name.push(DnType::CommonName, "loader");
        params.subject_alt_names = vec![uri("https://example.org/a")];
    });
    assert_eq!(no_domain.caller(&web, DURING).unwrap().subject, "loader");
    let only_domain = mapping("trust_domain = \"example.org\"");
    assert!(matches!(only_domain.caller(&web, DURING), Err(CertificateRefused::NoRule(_))));
}

#[test]
fn an_authoritys_certificate_names_nobody() {
    let mapping = mapping("trust_domain = \"example.org\"");
    let name = || vec![uri("spiffe://example.org/a")];
    let refused = |der: Vec<u8>| mapping.caller(&der, DURING).unwrap_err();
    for der in [
        certificate(|params| {
            params.subject_alt_names = name();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }),
        certificate(|params| {
            params.subject_alt_names = name();
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
        }),
        certificate(|params| {
            params.subject_alt_names = name();
            params.key_usages = vec![KeyUsagePurpose::CrlSign];
        }),
    ] {
        let refused = refused(der);
        assert!(matches!(refused, CertificateRefused::Form(what) if what.contains("authority's")), "{refused}");
    }
    let leaf = certificate(|params| {
        params.subject_alt_names = name();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    assert!(mapping.caller(&leaf, DURING).is_ok());
}

#[test]
fn bytes_and_extensions_that_cannot_be_read_are_refused() {
    let mapping = mapping("trust_domain = \"example.org\"");
    let good = with_uris(&["spiffe://example.org/a"]);
    let is_form = |der: &[u8]| matches!(mapping.caller(der, DURING), Err(CertificateRefused::Form(_)));
    for length in 0..good.len() {
        assert!(is_form(&good[..length]), "{length}");
    }
    assert!(is_form(&[&good[..], b"\0"].concat()) && is_form(&vec![0x30; 70_000]));
    // whatever byte is changed: an answer, never a panic, and never another name in silence
    for at in 0..good.len() {
        let mut der = good.clone();
        der[at] ^= 0xff;
        _ = mapping.caller(&der, DURING);
    }
    let extension = |oid: &[u64], content: &[u8]| {
        let extension = CustomExtension::from_oid_content(oid, content.to_vec());
        certificate(|params| {
            params.subject_alt_names = vec![uri("spiffe://example.org/a")];
            params.custom_extensions = vec![extension];
        })
    };
    // alternative names twice; basic constraints that are none; an unknown extension is no harm
    let names = b"\x30\x18\x86\x16spiffe://example.org/b";
    assert!(is_form(&extension(&[2, 5, 29, 17], names)));
    assert!(is_form(&extension(&[2, 5, 29, 19], b"\x01\x01")));
    assert!(mapping.caller(&extension(&[1, 3, 6, 1, 4, 1, 99999, 1], b"\x05\x00"), DURING).is_ok());
    let serial = certificate(|params| {
        params.subject_alt_names = vec![uri("spiffe://example.org/a")];
        params.serial_number = Some(SerialNumber::from(vec![1; 22]));
    });
    assert!(is_form(&serial));
    let long = format!("spiffe://example.org/{}", "a".repeat(600));
    assert!(is_form(&with_uris(&[&long])), "longer than any subject");
}

#[test]
fn a_certificate_counts_while_it_is_valid() {
    let mapping = mapping("trust_domain = \"example.org\"\nlifetime_max_s = 2592000");
    let der = with_uris(&["spiffe://example.org/a"]);
    let at = |now| mapping.caller(&der, now).map(|caller| caller.expires_at);
    assert_eq!((at(BEGINS), at(ENDS)), (Ok(ENDS + 1), Ok(ENDS + 1)));
    for now in [BEGINS - 1, ENDS + 1, 0, u64::MAX] {
        assert!(matches!(at(now), Err(CertificateRefused::Time(_))), "{now}");
    }
    let long = certificate(|params| {
        params.subject_alt_names = vec![uri("spiffe://example.org/a")];
        params.not_after = date_time_ymd(2026, 7, 2);
    });
    assert!(matches!(mapping.caller(&long, DURING), Err(CertificateRefused::Time(_))), "30 days at most");
}

#[test]
fn the_first_rule_that_fits_says_who_calls() {
    let mapping = mapping(
        r#"rules = [
            { when = { OU = "people", O = "Example" }, subject = "UID", kind = "user" },
            { when = { OU = "orders", O = "Example" }, subject = "CN" },
            { when = { O = "Partner" }, subject = "DN" },
            { when = { O = "Hosts" }, subject = "DNS" },
        ]"#,
    );
    let who = |der: &[u8]| mapping.caller(der, DURING).map(|caller| (caller.kind, caller.subject));
    assert_eq!(who(&with_subject(|_| {})), Ok((CallerKind::Workload, "loader".to_owned())));
    let person = with_subject(|subject| {
        subject.push(DnType::OrganizationalUnitName, "people");
        subject.push(DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 1]), "ann");
    });
    assert_eq!(who(&person), Ok((CallerKind::User, "ann".to_owned())));
    let partner = with_subject(|subject| {
        subject.push(DnType::OrganizationName, "Partner");
        subject.push(DnType::CommonName, " a,b=\"c\" ");
    });
    assert_eq!(who(&partner), Ok((CallerKind::Workload, r#"CN=\ a\,b\=\"c\"\ ,OU=orders,O=Partner"#.to_owned())));
    let hosts = |names: &[&str]| {
        certificate(|params| {
            params.distinguished_name.push(DnType::OrganizationName, "Hosts");
            params.subject_alt_names = names.iter().map(|name| dns(name)).collect();
        })
    };
    assert_eq!(who(&hosts(&["db.example.org"])), Ok((CallerKind::Workload, "db.example.org".to_owned())));
    for names in [&[][..], &["a.example.org", "b.example.org"], &["*.example.org"]] {
        assert!(matches!(who(&hosts(names)), Err(CertificateRefused::NoRule(_))), "{names:?}");
    }
    for other in [
        with_subject(|subject| subject.push(DnType::OrganizationName, "example")),
        with_subject(|subject| subject.push(DnType::OrganizationName, "Example ")),
        with_subject(|subject| _ = subject.remove(DnType::OrganizationName)),
        with_subject(|subject| _ = subject.remove(DnType::CommonName)),
    ] {
        assert!(matches!(who(&other), Err(CertificateRefused::NoRule(_))));
    }
}

#[test]
fn a_name_by_rule_does_not_pass_for_a_spiffe_id() {
    for (rule, der) in [
        ("CN", with_subject(|subject| subject.push(DnType::CommonName, "spiffe://example.org/orders"))),
        ("CN", with_subject(|subject| subject.push(DnType::CommonName, "SPIFFE:x"))),
        ("DNS", certificate(|params| params.subject_alt_names = vec![dns("spiffe://example.org/orders")])),
    ] {
        let mapping = mapping(&format!("trust_domain = \"example.org\"\nrules = [{{ subject = \"{rule}\" }}]"));
        assert!(matches!(mapping.caller(&der, DURING), Err(CertificateRefused::Spiffe(_))), "{rule}");
    }
}

#[test]
fn a_subject_that_could_be_read_in_two_ways_is_refused() {
    let mapping = mapping("rules = [{ subject = \"CN\" }]");
    let form = |der: &[u8]| match mapping.caller(der, DURING) {
        Err(CertificateRefused::Form(what)) => what,
        other => panic!("{other:?}"),
    };
    let odd = |value: DnValue| with_subject(|subject| subject.push(DnType::CommonName, value));
    assert!(form(&odd(DnValue::Utf8String("loa\0der".to_owned()))).contains("no plain text"));
    assert!(form(&odd(DnValue::BmpString("loader".try_into().unwrap()))).contains("no plain text"));
    assert!(form(&odd(DnValue::Utf8String(String::new()))).contains("empty"));
    let title = DnType::CustomDnType(vec![2, 5, 4, 12]);
    assert!(form(&with_subject(|subject| subject.push(title, "x"))).contains("not known"));
    // the same attribute twice: DER written by hand, since rcgen keeps one of each
    let twice = twice_named();
    assert!(matches!(mapping.caller(&twice, DURING), Err(CertificateRefused::NoRule(_))));
}

/// A certificate with the subject `CN=loader, SN=root`, its SN then written over by the CN's identifier.
fn twice_named() -> Vec<u8> {
    let surname = DnType::CustomDnType(vec![2, 5, 4, 4]);
    let mut der = with_subject(|subject| subject.push(surname, "root"));
    // a self-signed certificate has its subject twice: as issuer and as subject
    let (from, to) = ([0x06, 0x03, 0x55, 0x04, 0x04], [0x06, 0x03, 0x55, 0x04, 0x03]);
    let places: Vec<usize> = (0..der.len() - 5).filter(|at| der[*at..*at + 5] == from).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        der[at..at + 5].copy_from_slice(&to);
    }
    der
}

#[test]
fn configuration_mistakes_name_the_setting() {
    let refused = |config: &str| {
        let config = format!("ca_file = \"ca.pem\"\n{config}");
        let parsed = toml::from_str::<CertificateConfig>(&config).map_err(|error| error.to_string());
        parsed.and_then(|config| CertificateMapping::new(config).map_err(|error| error.to_string())).unwrap_err()
    };
    for (config, part) in [
        ("name = \"Mesh\"", ": name: "),
        ("name = \"service-account\"\nrules = [{}]", ": name: "),
        ("name = \"mesh\"", ": rules: "),
        ("name = \"mesh\"\ntrust_domain = \"spiffe://example.org\"", ": trust_domain: "),
        ("name = \"mesh\"\ntrust_domain = \"\"", ": trust_domain: "),
        ("name = \"mesh\"\nrules = [{ when = { cn = \"a\" } }]", ": when: "),
        ("name = \"mesh\"\nrules = [{ subject = \"email\" }]", ": subject: "),
        ("name = \"mesh\"\nrules = [{ kind = \"robot\" }]", "robot"),
        ("name = \"mesh\"\nrules = [{ regex = \"CN=(.*)\" }]", "regex"),
        ("name = \"mesh\"\nrules = [{}]\nlifetime_max_s = 0", ": lifetime_max_s: "),
    ] {
        assert!(refused(config).contains(part), "{config}: {}", refused(config));
    }
}
