//! Login by SAML at real identity providers: Keycloak and npm's samlp. Where no JDK of 21 or newer is found, what needs Keycloak
//! says "not run" and passes.
#![cfg(test)]

use std::path::Path;
use std::sync::{LazyLock, RwLock};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tidegate_brokers::browser::Person;
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Browser, Keycloak, Samlp, keycloak, samlp, tls};
use tidegate_saml::{Begun, Check, Login, MemoryReplay, Pending, Provider, SamlConfig, SamlRefused};

/// Nobody listens there: the browser stops before it.
const CONSUMER: &str = "https://gate.example/saml/corp/acs";
const GATE: &str = "https://gate.example/saml/corp/metadata";

/// One Keycloak for the whole file. Who changes its keys holds it alone.
static KEYCLOAK: LazyLock<RwLock<Option<Keycloak>>> = LazyLock::new(|| RwLock::new(Keycloak::start().unwrap()));

/// What stands in `gateway.toml`, with more lines.
fn provider(entity_id: &str, idp: &str, more: &str) -> Provider {
    let text = format!("name = \"corp\"\nentity_id = {entity_id:?}\nacs_url = {CONSUMER:?}\nidp = {idp}\n{more}\n");
    toml::from_str::<SamlConfig>(&text).unwrap().load().unwrap()
}

/// The provider that this metadata describe.
fn described(folder: &Path, entity_id: &str, metadata: &str, more: &str) -> Provider {
    let file = folder.join("idp.xml");
    std::fs::write(&file, metadata).unwrap();
    provider(entity_id, &format!("{{ metadata = {:?} }}", file.display().to_string()), more)
}

/// The form fields that reach the gate when this person begins at `url`: the response and the relay state.
fn answer(url: &str, person: Person<'_>) -> (String, Option<String>) {
    let reached = Browser::new().unwrap().walk_to(url, person, CONSUMER).unwrap();
    let field =
        |wanted: &str| reached.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    (field("SAMLResponse").unwrap(), field("RelayState"))
}

fn finish(
    provider: &Provider,
    response: &str,
    relay_state: Option<&str>,
    pending: Pending,
) -> Result<Login, SamlRefused> {
    provider.finish(response, relay_state, pending, &mut MemoryReplay::new(10), SystemTime::now())
}

/// A whole login.
fn log_in(provider: &Provider, person: Person<'_>) -> Result<Login, SamlRefused> {
    let Begun { url, pending } = provider.begin(SystemTime::now()).unwrap();
    let (response, relay_state) = answer(&url, person);
    finish(provider, &response, relay_state.as_deref(), pending)
}

fn check(result: &Result<Login, SamlRefused>) -> Option<Check> {
    result.as_ref().err().map(|refused| refused.check)
}

/// The same response, with one thing changed.
fn changed(response: &str, from: &str, to: &str) -> String {
    let xml = String::from_utf8(STANDARD.decode(response).unwrap()).unwrap();
    assert!(xml.contains(from), "no {from} in {xml}");
    STANDARD.encode(xml.replace(from, to))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

const UNSPECIFIED: &str = "name_id_formats = [\"unspecified\"]";

#[test]
fn people_log_in_at_keycloak_whatever_of_the_response_is_signed() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let folder = Scratch::new("saml").unwrap();
    let metadata = keycloak.saml_metadata().unwrap();
    let signed = |assertion, response| [("saml.assertion.signature", assertion), ("saml.server.signature", response)];
    for (name, attributes) in [
        ("both", signed("true", "true")),
        ("assertion", signed("true", "false")),
        ("response", signed("false", "true")),
    ] {
        let gate = format!("{GATE}/{name}");
        keycloak.add_saml_client(&gate, CONSUMER, name, &attributes).unwrap();
        let provider = described(folder.path(), &gate, &metadata, UNSPECIFIED);
        let begun = seconds(SystemTime::now());
        let login = log_in(&provider, keycloak::ALICE).unwrap();
        assert_eq!((login.issuer.as_str(), login.subject.as_str()), ("corp", "alice"), "{name}");
        assert_eq!(login.groups.unwrap(), ["corp:/analysts", "corp:/teams/orders"], "{name}");
        assert!((begun.saturating_sub(5)..begun + 60).contains(&login.authenticated_at), "{name}");
        assert!((begun + 60..=begun + 60 + 28_800).contains(&login.session_ends_at), "{name}");
        assert!(!login.mfa && login.authn_context.is_some(), "{name}");
    }
}

/// What `docs/saml.md` says to set.
#[test]
fn a_persistent_name_at_keycloak_stays_and_a_person_without_groups_has_none() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let folder = Scratch::new("saml").unwrap();
    let gate = format!("{GATE}/persistent");
    let persistent = [("saml_name_id_format", "persistent"), ("saml_force_name_id_format", "false")];
    keycloak.add_saml_client(&gate, CONSUMER, "persistent", &persistent).unwrap();
    let provider = described(folder.path(), &gate, &keycloak.saml_metadata().unwrap(), "");
    let first = log_in(&provider, keycloak::ALICE).unwrap();
    let bob = log_in(&provider, keycloak::BOB).unwrap();
    assert_eq!(log_in(&provider, keycloak::ALICE).unwrap().subject, first.subject);
    assert_ne!(bob.subject, first.subject);
    assert!(!first.subject.contains("alice"), "{}", first.subject);
    let dave = Person { name: "dave", password: "dave-password" };
    keycloak.add_person(dave).unwrap();
    assert_eq!(log_in(&provider, dave).unwrap().groups, None);
    let none = described(folder.path(), &gate, &keycloak.saml_metadata().unwrap(), "missing_groups = \"none\"");
    assert_eq!(log_in(&none, dave).unwrap().groups, Some(Vec::new()));
}

#[test]
fn what_keycloak_signed_is_not_accepted_twice_changed_or_for_another_login() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let folder = Scratch::new("saml").unwrap();
    let gate = format!("{GATE}/once");
    keycloak.add_saml_client(&gate, CONSUMER, "once", &[]).unwrap();
    let provider = described(folder.path(), &gate, &keycloak.saml_metadata().unwrap(), UNSPECIFIED);
    let Begun { url, pending } = provider.begin(SystemTime::now()).unwrap();
    let (response, relay_state) = answer(&url, keycloak::BOB);
    let relay_state = relay_state.as_deref();

    let renamed = changed(&response, ">bob<", ">alice<");
    assert_eq!(check(&finish(&provider, &renamed, relay_state, pending.clone())), Some(Check::Signature));
    let comment = changed(&response, ">bob<", ">bob<!---->.x<");
    assert_eq!(check(&finish(&provider, &comment, relay_state, pending.clone())), Some(Check::Markup));
    // Somebody else's browser, in which another login was begun.
    let other = provider.begin(SystemTime::now()).unwrap().pending;
    let other_state = other.relay_state.clone();
    assert_eq!(check(&finish(&provider, &response, relay_state, other.clone())), Some(Check::Pending));
    assert_eq!(check(&finish(&provider, &response, Some(&other_state), other)), Some(Check::Request));

    let mut replay = MemoryReplay::new(10);
    let mut use_it = || provider.finish(&response, relay_state, pending.clone(), &mut replay, SystemTime::now());
    assert_eq!(use_it().unwrap().subject, "bob");
    assert_eq!(check(&use_it()), Some(Check::Replay));
    let later = SystemTime::now() + std::time::Duration::from_secs(9 * 60);
    let late = provider.finish(&response, relay_state, pending.clone(), &mut MemoryReplay::new(10), later);
    assert_eq!(check(&late), Some(Check::Time));
}

#[test]
fn logins_that_begin_at_keycloak_are_refused() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let folder = Scratch::new("saml").unwrap();
    let gate = format!("{GATE}/unasked");
    keycloak.add_saml_client(&gate, CONSUMER, "unasked", &[]).unwrap();
    let provider = described(folder.path(), &gate, &keycloak.saml_metadata().unwrap(), UNSPECIFIED);
    let pending = provider.begin(SystemTime::now()).unwrap().pending;
    let (response, relay_state) = answer(&keycloak.saml_idp_initiated("unasked"), keycloak::ALICE);
    assert_eq!(relay_state, None);
    assert_eq!(check(&finish(&provider, &response, None, pending.clone())), Some(Check::Pending));
    let state = pending.relay_state.clone();
    assert_eq!(check(&finish(&provider, &response, Some(&state), pending)), Some(Check::Request));
}

/// Name, check, words of the refusal, and the client's attributes.
type Case<'a> = (&'a str, Check, &'a str, Vec<(&'a str, &'a str)>);

#[test]
fn keycloak_that_signs_weakly_or_encrypts_is_refused_in_words_that_say_what_to_do() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let folder = Scratch::new("saml").unwrap();
    let gate_keys = tls::rsa_identity(folder.path(), "gate").unwrap();
    let certificate = std::fs::read_to_string(&gate_keys.certificate).unwrap();
    let certificate: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let cases: [Case<'_>; 4] = [
        ("sha1", Check::Algorithm, "use RSA with SHA-256", vec![("saml.signature.algorithm", "RSA_SHA1")]),
        (
            "encrypted",
            Check::Encrypted,
            "switch encryption off",
            vec![("saml.encrypt", "true"), ("saml.encryption.certificate", &certificate)],
        ),
        (
            "unsigned",
            Check::Unsigned,
            "switch signing on",
            vec![("saml.assertion.signature", "false"), ("saml.server.signature", "false")],
        ),
        ("transient", Check::Subject, "name_id_formats", vec![("saml_name_id_format", "transient")]),
    ];
    for (name, expected, words, attributes) in cases {
        let gate = format!("{GATE}/{name}");
        keycloak.add_saml_client(&gate, CONSUMER, name, &attributes).unwrap();
        let provider = described(folder.path(), &gate, &keycloak.saml_metadata().unwrap(), UNSPECIFIED);
        let result = log_in(&provider, keycloak::ALICE);
        assert_eq!(check(&result), Some(expected), "{name}: {result:?}");
        assert!(result.unwrap_err().to_string().contains(words), "{name}");
    }
}

#[test]
fn keycloak_verifies_the_signed_requests_that_it_can_be_told_to_want() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let folder = Scratch::new("saml").unwrap();
    let keys = tls::rsa_identity(folder.path(), "gate").unwrap();
    let certificate = std::fs::read_to_string(&keys.certificate).unwrap();
    let certificate: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let gate = format!("{GATE}/signed");
    let wants = [("saml.client.signature", "true"), ("saml.signing.certificate", certificate.as_str())];
    keycloak.add_saml_client(&gate, CONSUMER, "signed", &wants).unwrap();
    let metadata = keycloak.saml_metadata().unwrap();
    let signing = format!(
        "{UNSPECIFIED}\nsigning = {{ key = {:?}, certificate = {:?} }}",
        keys.key.display().to_string(),
        keys.certificate.display().to_string()
    );
    let signs = described(folder.path(), &gate, &metadata, &signing);
    assert_eq!(log_in(&signs, keycloak::CAROL).unwrap().subject, "carol");
    let does_not = described(folder.path(), &gate, &metadata, UNSPECIFIED).begin(SystemTime::now()).unwrap();
    let refused = Browser::new().unwrap().walk_to(&does_not.url, keycloak::CAROL, CONSUMER).unwrap_err();
    assert!(refused.to_string().contains("Invalid requester"), "{refused}");
}

#[test]
fn a_new_key_of_keycloaks_is_refused_until_the_metadata_are_taken_anew() {
    let keycloak = KEYCLOAK.write().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let folder = Scratch::new("saml").unwrap();
    let gate = format!("{GATE}/rotated");
    keycloak.add_saml_client(&gate, CONSUMER, "rotated", &[]).unwrap();
    let before = described(folder.path(), &gate, &keycloak.saml_metadata().unwrap(), UNSPECIFIED);
    assert_eq!(log_in(&before, keycloak::ALICE).unwrap().subject, "alice");
    keycloak.rotate(false).unwrap();
    let result = log_in(&before, keycloak::ALICE);
    assert_eq!(check(&result), Some(Check::Certificate), "{result:?}");
    let after = described(folder.path(), &gate, &keycloak.saml_metadata().unwrap(), UNSPECIFIED);
    assert_eq!(log_in(&after, keycloak::ALICE).unwrap().subject, "alice");
}

#[test]
fn people_log_in_at_samlp_and_what_it_does_wrong_is_refused() {
    let nobody = Person { name: "", password: "" };
    let idp = Samlp::start(CONSUMER).unwrap();
    let folder = Scratch::new("saml").unwrap();
    let by_metadata = described(folder.path(), GATE, &idp.metadata().unwrap(), "");
    assert_eq!(log_in(&by_metadata, nobody).unwrap().subject, samlp::PERSON);
    let outcome = |variant: &str| {
        let source = format!(
            "{{ entity_id = {:?}, sso_url = {:?}, certificates = [{:?}] }}",
            samlp::ISSUER,
            idp.sso(variant),
            idp.identity.certificate.display().to_string()
        );
        log_in(&provider(GATE, &source, ""), nobody)
    };
    for variant in ["assertion", "response", "both", "prefixed"] {
        let login = outcome(variant).unwrap();
        assert_eq!(login.subject, samlp::PERSON, "{variant}");
        assert_eq!(login.groups.unwrap(), ["corp:analysts", "corp:orders"], "{variant}");
    }
    for (variant, expected) in [
        ("unsigned", Check::Unsigned),
        ("sha1", Check::Algorithm),
        ("encrypted", Check::Encrypted),
        ("other-audience", Check::Audience),
        ("other-recipient", Check::Recipient),
        ("other-destination", Check::Destination),
        ("other-request", Check::Request),
        ("other-issuer", Check::Issuer),
        ("failed", Check::Status),
    ] {
        let result = outcome(variant);
        assert_eq!(check(&result), Some(expected), "{variant}: {result:?}");
    }
}
