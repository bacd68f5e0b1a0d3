//! Genuine, forged and hostile responses. The signatures are made with the library that verifies them; Keycloak and npm's samlp
//! are asked in the tests with real parts.

mod corpus;
mod forged;
mod genuine;
mod hostile;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml_rs::crypto::construct_saml_signature;
use saml_rs::crypto::keys::load_private_key;

use crate::{
    Check, IdpSource, Login, MemoryReplay, MissingGroups, NameIdFormat, Pending, Provider, SamlConfig, SamlRefused,
};

const ACS: &str = "https://gate.example/saml/corp/acs";
const GATE: &str = "https://gate.example/saml/corp/metadata";
const IDP: &str = "https://idp.example/metadata";
const SSO: &str = "https://idp.example/sso?tenant=a&b=c";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// 2026-11-25T12:00:00Z, in the middle of the responses' times.
const NOW_S: u64 = 1_795_608_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_S)
}

/// A key pair with a certificate of its own.
struct Signer {
    key: String,
    certificate: String,
}

fn signer() -> Signer {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der().unwrap();
    let key = rcgen::KeyPair::try_from(der.as_ref()).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["idp.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    Signer { key: key.serialize_pem(), certificate: certificate.pem() }
}

/// The identity provider that the gate knows.
fn idp() -> &'static Signer {
    static IDP: OnceLock<Signer> = OnceLock::new();
    IDP.get_or_init(signer)
}

/// Somebody else, with the same certificate name.
fn stranger() -> &'static Signer {
    static STRANGER: OnceLock<Signer> = OnceLock::new();
    STRANGER.get_or_init(signer)
}

/// Beside what is built, since nothing removes it: a folder that all tests share outlives the last of them.
fn files() -> &'static Path {
    static FILES: OnceLock<PathBuf> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/saml-tests");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = files().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn config() -> SamlConfig {
    static CERTIFICATE: OnceLock<PathBuf> = OnceLock::new();
    let certificate = CERTIFICATE.get_or_init(|| file("idp.pem", &idp().certificate));
    SamlConfig {
        name: "corp".to_owned(),
        entity_id: GATE.to_owned(),
        acs_url: ACS.to_owned(),
        idp: IdpSource {
            entity_id: Some(IDP.to_owned()),
            sso_url: Some(SSO.to_owned()),
            certificates: vec![certificate.clone()],
            ..IdpSource::default()
        },
        name_id_formats: vec![NameIdFormat::Persistent],
        subject_attribute: None,
        groups_attribute: "groups".to_owned(),
        missing_groups: MissingGroups::Unknown,
        mfa_contexts: vec!["https://refeds.org/profile/mfa".to_owned()],
        clock_skew_s: 30,
        session_max_s: 3600,
        signing: None,
    }
}

fn provider() -> Provider {
    config().load().unwrap()
}

/// What the identity provider answers for this request, unsigned.
fn response(pending: &Pending) -> String {
    let request = &pending.request_id;
    format!(
        r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_response" Version="2.0" IssueInstant="2026-11-25T11:59:59Z" Destination="{ACS}" InResponseTo="{request}"><saml:Issuer>{IDP}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_assertion" Version="2.0" IssueInstant="2026-11-25T11:59:59Z"><saml:Issuer>{IDP}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">alice</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-25T12:05:00Z" Recipient="{ACS}" InResponseTo="{request}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-11-25T11:55:00Z" NotOnOrAfter="2026-11-25T12:06:00Z"><saml:AudienceRestriction><saml:Audience>{GATE}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-25T11:50:00Z" SessionIndex="_session" SessionNotOnOrAfter="2026-11-25T12:30:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="groups"><saml:AttributeValue>/teams/orders</saml:AttributeValue><saml:AttributeValue>/analysts</saml:AttributeValue></saml:Attribute><saml:Attribute Name="mail"><saml:AttributeValue>alice@example.org</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Assertion,
    Response,
}

fn sign_as(signer: &Signer, xml: &str, part: Part) -> String {
    let key = load_private_key(&signer.key, None).unwrap();
    construct_saml_signature(xml, part == Part::Response, &key, &signer.certificate, RSA_SHA256, &[], None).unwrap()
}

fn sign(xml: &str) -> String {
    sign_as(idp(), xml, Part::Assertion)
}

fn memory() -> MemoryReplay {
    MemoryReplay::new(100)
}

/// Finishes a new login with what `answer` makes of its request.
fn login(provider: &Provider, answer: impl Fn(&Pending) -> String) -> Result<Login, SamlRefused> {
    login_at(provider, now(), answer)
}

fn login_at(provider: &Provider, at: SystemTime, answer: impl Fn(&Pending) -> String) -> Result<Login, SamlRefused> {
    let pending = provider.begin(now()).unwrap().pending;
    let text = STANDARD.encode(answer(&pending));
    let relay_state = pending.relay_state.clone();
    provider.finish(&text, Some(&relay_state), pending, &mut memory(), at)
}

/// The check that refuses, for a comparison that shows the whole answer when it fails.
fn check(result: &Result<Login, SamlRefused>) -> Option<Check> {
    result.as_ref().err().map(|refused| refused.check)
}

/// Replaces what stands there exactly once.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replacen(from, to, 1)
}
