//! Settings that cannot work, and metadata of identity providers.

use super::*;
use crate::SamlConfigError;

fn certificate_text(signer: &Signer) -> String {
    signer.certificate.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n")
}

/// Metadata as Keycloak writes them, with a second certificate for encryption.
fn metadata() -> String {
    format!(
        r#"<?xml version="1.0"?><!-- exported --><md:EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{IDP}"><md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyName>k</ds:KeyName><ds:X509Data><ds:X509Certificate>
{}
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/redirect"></md:SingleSignOnService></md:IDPSSODescriptor></md:EntityDescriptor>"#,
        certificate_text(idp())
    )
}

fn from_metadata(name: &str, text: &str) -> SamlConfig {
    SamlConfig { idp: IdpSource { metadata: Some(file(name, text)), ..IdpSource::default() }, ..config() }
}

#[test]
fn metadata_name_the_provider_its_address_and_its_signing_keys() {
    let provider = from_metadata("good.xml", &metadata()).load().unwrap();
    assert!(provider.begin(now()).unwrap().url.starts_with("https://idp.example/redirect?"));
    assert_eq!(login(&provider, |pending| sign(&response(pending))).unwrap().subject, "alice");
    let foreign = login(&provider, |pending| sign_as(stranger(), &response(pending), Part::Assertion));
    assert_eq!(check(&foreign), Some(Check::Certificate));
}

#[test]
fn both_keys_are_accepted_while_a_provider_changes_them() {
    let two = format!("{}{}", idp().certificate, stranger().certificate);
    let mut config = config();
    config.idp.certificates = vec![file("two.pem", &two)];
    let provider = config.load().unwrap();
    for signer in [idp(), stranger()] {
        let result = login(&provider, |pending| sign_as(signer, &response(pending), Part::Assertion));
        assert_eq!(result.unwrap().subject, "alice");
    }
}

#[test]
fn metadata_that_are_not_of_one_identity_provider_are_refused() {
    let second = "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"x\"/>";
    let cases = [
        (
            "several.xml",
            metadata().replace("</md:EntityDescriptor>", &format!("{second}</md:EntityDescriptor>")),
            "several",
        ),
        ("none.xml", metadata().replace("IDPSSODescriptor", "SPSSODescriptor"), "describes no identity provider"),
        ("post.xml", metadata().replace("HTTP-Redirect", "HTTP-Artifact"), "HTTP-Redirect"),
        ("keys.xml", metadata().replace("use=\"signing\"", "use=\"encryption\""), "certificates"),
        ("base64.xml", metadata().replace("MII", "M!I"), "base64"),
        ("doctype.xml", metadata().replace("<!-- exported -->", "<!DOCTYPE r>"), "document type"),
        ("text.xml", "hello".to_owned(), "describes no identity provider"),
        ("http.xml", metadata().replace("https://idp.example/redirect", "http://idp.example/redirect"), "use https"),
    ];
    for (name, text, expected) in cases {
        let error = from_metadata(name, &text).load().unwrap_err();
        assert!(error.to_string().contains(expected), "{name}: {error}");
    }
}

#[test]
fn wrong_settings_are_named() {
    let refused = |change: &dyn Fn(&mut SamlConfig)| -> SamlConfigError {
        let mut config = config();
        change(&mut config);
        config.load().unwrap_err()
    };
    assert_eq!(refused(&|c| c.name = "Corp".to_owned()).field, "name");
    assert_eq!(refused(&|c| c.entity_id = String::new()).field, "entity_id");
    assert_eq!(refused(&|c| c.acs_url = "http://gate.example/acs".to_owned()).field, "acs_url");
    assert_eq!(refused(&|c| c.acs_url = "https://user@gate.example/acs".to_owned()).field, "acs_url");
    assert_eq!(refused(&|c| c.name_id_formats.clear()).field, "name_id_formats");
    assert_eq!(refused(&|c| c.subject_attribute = Some("mail".to_owned())).field, "name_id_formats");
    assert_eq!(refused(&|c| c.groups_attribute.clear()).field, "groups_attribute");
    assert_eq!(refused(&|c| c.clock_skew_s = 301).field, "clock_skew_s");
    assert_eq!(refused(&|c| c.session_max_s = 59).field, "session_max_s");
    assert_eq!(refused(&|c| c.idp.sso_url = None).field, "idp");
    assert_eq!(refused(&|c| c.idp.metadata = Some("also.xml".into())).field, "idp");
    assert_eq!(refused(&|c| c.idp.certificates.clear()).field, "idp.certificates");
    assert_eq!(refused(&|c| c.idp.certificates = vec!["/nowhere.pem".into()]).field, "idp.certificates");
    assert_eq!(refused(&|c| c.idp.sso_url = Some("ftp://idp.example".to_owned())).field, "idp.sso_url");
}

#[test]
fn keys_that_are_not_rsa_or_too_short_are_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let mut config = config();
    config.idp.certificates = vec![file("ec.pem", &certificate.pem())];
    assert!(config.load().unwrap_err().to_string().contains("RSA key of at least 2,048 bits"));
    config.idp.certificates = vec![file("short.pem", SHORT)];
    assert!(
        config.load().unwrap_err().to_string().contains("RSA key of at least 2,048 bits"),
        "{}",
        config.load().unwrap_err()
    );
}

#[test]
fn a_signing_key_that_cannot_sign_is_refused_without_showing_it() {
    let signing = crate::Signing {
        key: file("broken-key.pem", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"),
        certificate: file("broken.pem", &stranger().certificate),
    };
    let error = SamlConfig { signing: Some(signing), ..config() }.load().unwrap_err();
    assert_eq!(error.field, "signing");
    assert!(!error.to_string().contains("c2VjcmV0") && !error.to_string().contains("secret"), "{error}");
}

#[test]
fn settings_are_read_from_toml_and_say_what_they_do_not_know() {
    let text = "name = \"corp\"\nentity_id = \"g\"\nacs_url = \"https://g/acs\"\nidp = { metadata = \"idp.xml\" }\n";
    let mut config: SamlConfig = toml::from_str(text).unwrap();
    assert_eq!(config.name_id_formats, [NameIdFormat::Persistent]);
    assert_eq!((config.clock_skew_s, config.session_max_s), (30, 28_800));
    assert_eq!(config.files_mut().count(), 1);
    let wrong = toml::from_str::<SamlConfig>(&format!("{text}name_id_formats = [\"transient\"]\n"));
    assert!(wrong.unwrap_err().to_string().contains("transient"));
    assert!(toml::from_str::<SamlConfig>(&format!("{text}skew = 1\n")).is_err());
}

/// A certificate with an RSA key of 1,024 bits, made with OpenSSL.
const SHORT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIB/DCCAWWgAwIBAgIUfZruMblxNaZWE3FSmX4Trmp47xQwDQYJKoZIhvcNAQEL\n\
BQAwEDEOMAwGA1UEAwwFc2hvcnQwHhcNMjYxMTI1MDQxMTM0WhcNMzYxMTIyMDQx\n\
MTM0WjAQMQ4wDAYDVQQDDAVzaG9ydDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkC\n\
gYEAu3JelXONvzY3XmLkFe4ws23lhDdXMn8NFh6Ut6M0vtTSKKFj7oCXWwwwp6dn\n\
JonR8WqzPM7QPkzKqFPvfynwgasgREcmQEll9b/PKihjF1zEqrey8o1Sb4aBRlSr\n\
at7sJSKklFGAqVxE0F0UMLOsTa5/sg8ETKnLZa+fQ0GYsycCAwEAAaNTMFEwHQYD\n\
VR0OBBYEFCnpJ7nJxuvq21GFUvDYqOHmWZcWMB8GA1UdIwQYMBaAFCnpJ7nJxuvq\n\
21GFUvDYqOHmWZcWMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEA\n\
jVVYB1JwC71F2GU59WV4fm/ojguvZQcRD0VBC0sj8LQYllycvDN4IMhVDxEs7V+3\n\
r/zJswCsywVqzipszepqDe8G/TviCzi9TE/Q120T4qGIgauq88FHsJ1dDEIUU//r\n\
yy6zUawcYwtOxCuCrz3G/fTtypecjoNaQCMPQ6Re+Ow=\n\
-----END CERTIFICATE-----\n";
