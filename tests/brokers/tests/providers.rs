//! Real identity providers, Keycloak and oidc-provider: their tokens, pages, keys, revocations, and Kafka clients that log in with
//! what they give out. Where no JDK of 21 or newer is found, what needs Keycloak says "not run" and passes.
#![cfg(test)]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::sync::{Arc, LazyLock, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tidegate_brokers::browser::Person;
use tidegate_brokers::clients::{self, Action, Family};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::openid::{Client, OpenId};
use tidegate_brokers::{Browser, Gate, Issuer, Kafka, Keycloak, OidcProvider, kafka, keycloak, oidc_provider, process};
use tidegate_identity::{
    Check, CodeBegun, DevicePoll, IssuerConfig, Issuers, LoginCheck, LoginRefused, TokenRefused, look,
};
use tidegate_model::{Caller, CallerKind, CredentialKind};

/// Nobody listens there: the browser stops before it.
const REDIRECT: &str = "http://127.0.0.1:9/callback";
const PATIENCE: Duration = Duration::from_secs(60);
/// Where a gate would wait for the browser.
const CALLBACK: &str = "http://127.0.0.1:9/login/callback";

/// One Keycloak for the whole file. Who takes keys away holds it alone.
static KEYCLOAK: LazyLock<RwLock<Option<Keycloak>>> = LazyLock::new(|| RwLock::new(Keycloak::start().unwrap()));

/// What verifies tokens at the gate, with one issuer.
struct Verifier {
    issuers: Arc<Issuers>,
    runtime: tokio::runtime::Runtime,
}

impl Verifier {
    /// `config` is what stands in `gateway.toml`.
    fn new(config: &str) -> Verifier {
        let table: toml::Table = toml::from_str(config).unwrap();
        let config: IssuerConfig = table["issuer"][0].clone().try_into().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Verifier { issuers: Issuers::new(vec![config]).unwrap(), runtime }
    }

    /// Verifies a token at a time that is so many seconds from now.
    fn verify(&self, token: &str, later: u64) -> Result<Arc<Caller>, TokenRefused> {
        self.runtime.block_on(self.issuers.verify(token, CredentialKind::OauthBearer, now() + later))
    }

    /// Begins a login by code.
    fn begin(&self) -> CodeBegun {
        let (name, _) = self.issuers.logins().remove(0);
        self.runtime.block_on(self.issuers.begin_code(&name, CALLBACK, now())).unwrap()
    }

    fn finish(&self, begun: CodeBegun, code: &str, iss: Option<&str>) -> Result<Arc<Caller>, LoginRefused> {
        self.runtime.block_on(self.issuers.finish_code(begun.pending, code, iss, now()))
    }

    /// Begins a login by device flow, for which `meanwhile` does what the person does, and finishes it.
    fn device(&self, meanwhile: impl FnOnce(&str)) -> Arc<Caller> {
        let (name, _) = self.issuers.logins().remove(0);
        let mut begun = self.runtime.block_on(self.issuers.begin_device(&name, now())).unwrap();
        let mut poll = || self.runtime.block_on(self.issuers.poll_device(&mut begun.pending, now())).unwrap();
        assert_eq!(poll(), DevicePoll::Pending { interval_s: begun.interval_s });
        // Asked too early by the provider's own clock as well: the person has not even begun.
        let waiting = std::time::Instant::now();
        process::until("the first answer", PATIENCE, || {
            Ok(matches!(poll(), DevicePoll::Pending { .. }) && waiting.elapsed().as_secs() > begun.interval_s)
        })
        .unwrap();
        meanwhile(begun.verification_uri_complete.as_deref().unwrap());
        let mut done = None;
        process::until("the end of the login", PATIENCE, || {
            if let DevicePoll::Done(caller) = poll() {
                done = Some(caller);
            }
            Ok(done.is_some())
        })
        .unwrap();
        done.unwrap()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What both providers have, and what they call it.
struct Provider {
    openid: OpenId,
    config: String,
    alice: Person<'static>,
    alices_groups: [&'static str; 2],
    loader: Client<'static>,
    loaders_groups: [&'static str; 1],
    cli: Client<'static>,
    with_login: String,
    /// Who logs in at the gate; another than who gets tokens, because Keycloak does not take two consents of one person at once.
    bob: Person<'static>,
    bobs_groups: [&'static str; 1],
}

impl Provider {
    fn keycloak(keycloak: &Keycloak) -> Provider {
        Provider {
            openid: keycloak.openid().unwrap(),
            config: keycloak.issuer_config("kc"),
            alice: keycloak::ALICE,
            alices_groups: ["kc:/analysts", "kc:/teams/orders"],
            loader: keycloak::LOADER,
            loaders_groups: ["kc:/ci"],
            cli: keycloak::CLI,
            with_login: keycloak.issuer_config_with_login("kc"),
            bob: keycloak::BOB,
            bobs_groups: ["kc:/analysts"],
        }
    }

    fn oidc_provider(provider: &OidcProvider) -> Provider {
        Provider {
            openid: provider.openid().unwrap(),
            config: provider.issuer_config("op"),
            alice: oidc_provider::ALICE,
            alices_groups: ["op:analysts", "op:orders"],
            loader: oidc_provider::LOADER,
            loaders_groups: ["op:ci"],
            cli: oidc_provider::CLI,
            with_login: provider.issuer_config_with_login("op"),
            bob: oidc_provider::BOB,
            bobs_groups: ["op:analysts"],
        }
    }

    fn machine(&self) -> String {
        self.openid.client_credentials(self.loader, &[]).unwrap()
    }

    fn person(&self, person: Person<'_>) -> String {
        self.openid.device_login(&mut Browser::new().unwrap(), self.cli, person, &[]).unwrap()
    }

    /// Tokens of every flow are accepted, with the groups that the provider knows.
    fn tokens_are_accepted(&self) {
        let verifier = Verifier::new(&self.config);
        let machine = verifier.verify(&self.machine(), 0).unwrap();
        assert_eq!(
            (machine.groups.as_slice(), machine.client.as_deref()),
            (&self.loaders_groups.map(str::to_owned)[..], Some(self.loader.id))
        );
        let device = verifier.verify(&self.person(self.alice), 0).unwrap();
        assert_eq!(device.groups, self.alices_groups);
        assert!(device.groups_known && device.client.as_deref() == Some(self.cli.id), "{device:?}");
        let mut browser = Browser::new().unwrap();
        let code = self.openid.code_login(&mut browser, self.cli, self.alice, REDIRECT).unwrap();
        assert_eq!(verifier.verify(&code, 0).unwrap().subject, device.subject);
        // The session lives: the second time no page asks for the password.
        let nobody = Person { name: "nobody", password: "" };
        let again = self.openid.code_login(&mut browser, self.cli, nobody, REDIRECT).unwrap();
        assert_eq!(verifier.verify(&again, 0).unwrap().subject, device.subject);
    }

    /// A wrong password does not get through, and is in no error.
    fn a_wrong_password_is_refused(&self) {
        let wrong = Person { name: self.alice.name, password: "Wr0ng-pass" };
        let refused = self.openid.device_login(&mut Browser::new().unwrap(), self.cli, wrong, &[]).unwrap_err();
        let refused = format!("{refused:#}");
        assert!(refused.contains("refused \"alice\"") && !refused.contains("Wr0ng-pass"), "{refused}");
        let wrong = Client { id: self.loader.id, secret: Some("Wr0ng-pass") };
        let refused = format!("{:#}", self.openid.client_credentials(wrong, &[]).unwrap_err());
        assert!(refused.contains("401") && !refused.contains("Wr0ng-pass"), "{refused}");
    }

    /// A new key is found when it is first used; a key that is gone is believed no longer.
    fn keys_rotate(&self, rotate: impl Fn(bool)) {
        let verifier = Verifier::new(&self.config);
        let kid = |token: &str| look(token).unwrap().header["kid"].clone();
        let first = self.machine();
        verifier.verify(&first, 0).unwrap();
        rotate(false);
        let second = self.machine();
        assert_ne!(kid(&first), kid(&second));
        // Unknown keys cause a fetch at most once in 10 s.
        verifier.verify(&second, 11).unwrap();
        verifier.verify(&first, 11).unwrap();
        rotate(true);
        let third = self.machine();
        verifier.verify(&third, 22).unwrap();
        assert_eq!(verifier.verify(&second, 22).unwrap_err().check, Check::Key);
    }

    /// A person goes through the provider's pages: what the browser brings back as code and as `iss`.
    fn browse(&self, begun: &CodeBegun) -> (String, String) {
        let reached = Browser::new().unwrap().walk_to(&begun.url, self.bob, CALLBACK).unwrap();
        let said: HashMap<String, String> = reached.query_pairs().into_owned().collect();
        assert_eq!(said["state"], begun.pending.state);
        (said["code"].clone(), said["iss"].clone())
    }

    /// The gate's own client: both flows give the same person, and what is not this login's is refused.
    fn people_log_in(&self) {
        let gate = Verifier::new(&self.with_login);
        let known = gate.verify(&self.person(self.bob), 0).unwrap();
        let begun = gate.begin();
        let (code, iss) = self.browse(&begun);
        let caller = gate.finish(begun, &code, Some(&iss)).unwrap();
        assert_eq!((&caller.issuer, &caller.subject), (&known.issuer, &known.subject));
        assert_eq!(
            (caller.groups.as_slice(), caller.kind),
            (&self.bobs_groups.map(str::to_owned)[..], CallerKind::User)
        );
        assert!(caller.groups_known && caller.client.as_deref() == Some("tidegate-gate"), "{caller:?}");
        // The code was used; by another login, which has another verifier.
        let refused = gate.finish(gate.begin(), &code, Some(&iss)).unwrap_err();
        assert_eq!(refused.check, LoginCheck::Code, "{refused}");
        // A code that was not used, taken to another login: PKCE.
        let begun = gate.begin();
        let (code, _) = self.browse(&begun);
        let refused = gate.finish(gate.begin(), &code, Some(&iss)).unwrap_err();
        assert_eq!(refused.check, LoginCheck::Code, "{refused}");
        for other in [None, Some("https://other.example")] {
            let refused = gate.finish(gate.begin(), &code, other).unwrap_err();
            assert_eq!(refused.check, LoginCheck::RedirectIssuer, "both providers promise iss: {refused}");
        }
        let device = gate.device(|url| drop(Browser::new().unwrap().walk_through(url, self.bob).unwrap()));
        assert_eq!((&device.subject, &device.groups), (&caller.subject, &caller.groups));
        let wrong = Verifier::new(&self.with_login.replace("gate-secret", "wr0ng-secret"));
        let begun = wrong.begin();
        let (code, iss) = self.browse(&begun);
        let refused = wrong.finish(begun, &code, Some(&iss)).unwrap_err();
        assert!(refused.check == LoginCheck::Client && !refused.detail.contains("wr0ng"), "{refused}");
    }

    /// Introspection of a token before and after it was revoked. `more` asks for a token that can be looked up.
    fn introspection_follows_revocation(&self, more: &[(&str, &str)]) {
        let token = self.openid.client_credentials(self.loader, more).unwrap();
        let before = self.openid.introspect(self.loader, &token).unwrap();
        let group = self.loaders_groups[0].split_once(':').unwrap().1;
        assert_eq!((&before["active"], &before["groups"]), (&json!(true), &json!([group])), "{before}");
        self.openid.revoke(self.loader, &token).unwrap();
        let after = self.openid.introspect(self.loader, &token).unwrap();
        assert_eq!(after, json!({ "active": false }));
    }
}

#[test]
fn keycloaks_tokens_are_accepted_with_their_groups() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let provider = Provider::keycloak(keycloak);
    provider.tokens_are_accepted();
    provider.a_wrong_password_is_refused();
    provider.introspection_follows_revocation(&[]);
    // Keycloak alone lets a person's own client take back a token that is a JWT.
    let token = provider.person(provider.alice);
    assert_eq!(provider.openid.introspect(provider.loader, &token).unwrap()["active"], json!(true));
    provider.openid.revoke(provider.cli, &token).unwrap();
    assert_eq!(provider.openid.introspect(provider.loader, &token).unwrap()["active"], json!(false));
}

#[test]
fn people_log_in_at_keycloak() {
    let keycloak = KEYCLOAK.read().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    let provider = Provider::keycloak(keycloak);
    provider.people_log_in();
    // Keycloak leaves the claim out for somebody who is in no group: the operator says what that means.
    let dora = Person { name: "dora", password: "dora-password" };
    keycloak.add_person(dora).unwrap();
    let none = provider.with_login.replace("groups_claim", "missing_groups = \"none\"\ngroups_claim");
    for (config, known) in [(&provider.with_login, false), (&none, true)] {
        let caller = Verifier::new(config).device(|url| drop(Browser::new().unwrap().walk_through(url, dora).unwrap()));
        assert!(caller.groups.is_empty() && caller.groups_known == known, "{caller:?}");
    }
}

#[test]
fn people_log_in_at_oidc_provider() {
    Provider::oidc_provider(&OidcProvider::start().unwrap()).people_log_in();
}

#[test]
fn keycloaks_keys_rotate() {
    let keycloak = KEYCLOAK.write().unwrap();
    let Some(keycloak) = &*keycloak else { return };
    Provider::keycloak(keycloak).keys_rotate(|forget| keycloak.rotate(forget).unwrap());
}

#[test]
fn oidc_providers_tokens_are_accepted_with_their_groups() {
    let provider = OidcProvider::start().unwrap();
    let provider = Provider::oidc_provider(&provider);
    provider.tokens_are_accepted();
    provider.a_wrong_password_is_refused();
    provider.introspection_follows_revocation(&[("resource", oidc_provider::OPAQUE_RESOURCE)]);
    // An opaque token is no JWT: it must not be taken for one.
    let opaque = provider.openid.client_credentials(provider.loader, &[("resource", oidc_provider::OPAQUE_RESOURCE)]);
    assert_eq!(Verifier::new(&provider.config).verify(&opaque.unwrap(), 0).unwrap_err().check, Check::Form);
}

#[test]
fn oidc_providers_keys_rotate() {
    let provider = OidcProvider::start().unwrap();
    Provider::oidc_provider(&provider).keys_rotate(|forget| provider.rotate(forget).unwrap());
}

/// The body of the one POST that comes, which has a length or is one chunk.
fn receive(listener: &TcpListener) -> String {
    let mut stream = listener.accept().unwrap().0;
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut line = || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line.trim().to_ascii_lowercase()
    };
    let head: Vec<String> = std::iter::repeat_with(&mut line).take_while(|line| !line.is_empty()).collect();
    let length = match head.iter().find_map(|line| line.strip_prefix("content-length: ")) {
        Some(length) => length.parse().unwrap(),
        None => u64::from_str_radix(&line(), 16).unwrap(),
    };
    let mut body = String::new();
    lines.take(length).read_to_string(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    body
}

#[test]
fn oidc_provider_tells_a_client_when_its_person_logs_out() {
    let provider = OidcProvider::start().unwrap();
    let openid = provider.openid().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let logout = format!("http://{}/logout", listener.local_addr().unwrap());
    let redirect = "https://gate.example/callback";
    let client = json!({
        "client_id": "gate",
        "client_secret": "gate-secret",
        "redirect_uris": [redirect],
        "backchannel_logout_uri": logout,
        "backchannel_logout_session_required": true,
    });
    provider.add_client(&client).unwrap();
    let mut browser = Browser::new().unwrap();
    let gate = Client { id: "gate", secret: Some("gate-secret") };
    openid.code_login(&mut browser, gate, oidc_provider::BOB, redirect).unwrap();
    let (send, told) = mpsc::sync_channel(1);
    std::thread::spawn(move || send.send(receive(&listener)));
    browser.walk_through(openid.endpoint("end_session_endpoint").unwrap(), oidc_provider::BOB).unwrap();
    let told: String = told.recv_timeout(PATIENCE).unwrap();
    let told = told.strip_prefix("logout_token=").unwrap();
    let token = look(told).unwrap();
    assert_eq!((&token.header["typ"], &token.claims["sub"]), (&json!("logout+jwt"), &json!("bob")));
    assert!(token.claims["events"].is_object() && token.claims["sid"].is_string());
    // It is no access token.
    let refused = Verifier::new(&provider.issuer_config("op")).verify(told, 0);
    assert_eq!(refused.unwrap_err().check, Check::Type);
}

/// Machines write with client credentials that the client itself gets, a person of one group reads, one of another may not.
fn kafka_story(gate: &Gate, kafka: &Kafka, provider: &Provider, topic: &str, carol: Person<'_>) {
    kafka.create_topic(topic, 1).unwrap();
    let endpoint = provider.openid.endpoint("token_endpoint").unwrap();
    let login = Login::client_credentials(endpoint, provider.loader.id, provider.loader.secret.unwrap());
    let lines: String = (0..20).map(|number| format!("order {number}\n")).collect();
    let producer = java::console_producer(Version::V4_3);
    Tool::new(kafka.jars(), producer, &gate.bootstrap(), &login, &["--topic", topic])
        .stdin(&lines)
        .run()
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(kafka.end_offsets(topic).unwrap(), 20);
    let read = |person: Person<'_>| {
        let token = provider.person(person);
        let login = clients::Login::Bearer(&token);
        clients::run(Family::Librdkafka, Action::Consume, &gate.bootstrap(), topic, 20, login).unwrap()
    };
    assert_eq!(read(provider.alice).unwrap(), 20);
    let refused = read(carol).unwrap_err();
    assert!(refused.to_lowercase().contains("authoriz"), "{refused}");
}

/// Rules for the groups of an issuer, as that issuer writes them.
fn rules(name: &str, writers: &str, readers: &str) -> String {
    let rule = |id: &str, group: &str, actions: &str| {
        let actions: Vec<String> = actions.split(' ').map(|action| format!("Action::\"{action}\"")).collect();
        let (actions, group) = (actions.join(", "), format!("{name}:{group}"));
        format!("@id(\"{name}-{id}\")\npermit (principal in Group::\"{group}\", action in [{actions}], resource);\n")
    };
    [
        rule("write", writers, "describe produce idempotentWrite"),
        rule("read", readers, "describe consume describeGroup joinGroup"),
    ]
    .concat()
}

#[test]
fn kafka_clients_log_in_with_tokens_of_both_providers_at_one_gate() {
    let keycloak = KEYCLOAK.read().unwrap();
    let provider = OidcProvider::start().unwrap();
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let rules = [rules("op", "ci", "orders"), rules("kc", "/ci", "/teams/orders")].concat();
    let mut options = Options::new(Upstream::of(&kafka), &rules, "");
    options.more = provider.issuer_config("op");
    if let Some(keycloak) = &*keycloak {
        options.more.push_str(&keycloak.issuer_config("kc"));
    }
    let gate = Gate::start(&options, &Issuer::start().unwrap()).unwrap();
    kafka_story(&gate, &kafka, &Provider::oidc_provider(&provider), "orders-op", oidc_provider::CAROL);
    if let Some(keycloak) = &*keycloak {
        kafka_story(&gate, &kafka, &Provider::keycloak(keycloak), "orders-kc", keycloak::CAROL);
    }
    let leaves = gate.leaves(&[]).unwrap();
    let decided: HashSet<&str> = leaves.iter().filter_map(|leaf| leaf.pointer("/decision/rule")?.as_str()).collect();
    for rule in ["op-write", "op-read", "default-deny"] {
        assert!(decided.contains(rule), "{decided:?}");
    }
    for rule in ["kc-write", "kc-read"] {
        assert_eq!(decided.contains(rule), keycloak.is_some(), "{decided:?}");
    }
}
