//! Logging in at the gate's web listener, with real identity providers, and what an attacker can try there.
#![cfg(test)]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tidegate_brokers::browser::Page;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::oidc_provider::{ALICE, BOB, GATE, LOADER};
use tidegate_brokers::process::until;
use tidegate_brokers::{Browser, Gate, Issuer, OidcProvider, Samlp};

const RULES: &str = r#"
@id("read")
permit (principal in Group::"op:analysts", action == Action::"consume", resource);
@id("auditors")
permit (principal in Group::"op:orders", action == Action::"audit", resource is Gateway);
"#;
const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody listens there: the browser stops before it.
const HOME: &str = "http://127.0.0.1:9/";
const STATE: &str = "state-of-the-device";
/// `[limits] failed_logins_per_address`, unless it is set.
const FAILED_LOGINS_MAX: usize = 120;

static PROVIDER: LazyLock<OidcProvider> = LazyLock::new(|| OidcProvider::start().unwrap());

/// A gate at which people log in; nothing is behind it.
struct Stage {
    gate: Gate,
    _issuer: Issuer,
}

impl Stage {
    fn new() -> Stage {
        let issuer = Issuer::start().unwrap();
        let more = PROVIDER.issuer_config_with_login("op");
        let options = Options { more, ..Options::new(Upstream::nowhere(), RULES, "") };
        Stage { gate: Gate::start_for_logins(&options, &issuer).unwrap(), _issuer: issuer }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.gate.web())
    }

    fn post(&self, path: &str, body: &Value) -> Page {
        let body = body.to_string();
        let send = |request: reqwest::RequestBuilder| request.header(CONTENT_TYPE, "application/json").body(body);
        Browser::new().unwrap().ask(Method::POST, &self.url(path), send).unwrap()
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        Browser::new().unwrap().post(&self.url(path), fields).unwrap()
    }

    /// A command with a bearer token.
    fn with_token(&self, path: &str, token: &str) -> Page {
        let send = |request: reqwest::RequestBuilder| request.header(AUTHORIZATION, format!("Bearer {token}"));
        Browser::new().unwrap().ask(Method::GET, &self.url(path), send).unwrap()
    }

    /// Commands the gate as the user of this machine who runs the test.
    fn command(&self, args: &[&str]) -> String {
        self.gate.administer(args).unwrap()
    }

    fn leaves(&self, kind: &str) -> Vec<Value> {
        self.gate.leaves(&["--kind", kind]).unwrap()
    }
}

/// What `tidegate login` runs on.
struct Device<'a> {
    stage: &'a Stage,
    pair: Ed25519KeyPair,
}

/// A login under way.
struct Begun {
    id: String,
    url: String,
}

impl<'a> Device<'a> {
    fn new(stage: &'a Stage) -> Device<'a> {
        Device { stage, pair: Ed25519KeyPair::generate().unwrap() }
    }

    fn sign(&self, words: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.pair.sign(words.as_bytes()))
    }

    fn begin_with(&self, more: &Value) -> Page {
        let mut body = json!({
            "provider": "op", "method": "browser", "machine": "lab-1",
            "device_key": URL_SAFE_NO_PAD.encode(self.pair.public_key()),
        });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.stage.post("/v1/login", &body)
    }

    fn begin(&self) -> Begun {
        let answer = self.begin_with(&json!({ "redirect": HOME, "state": STATE })).ok().unwrap().json().unwrap();
        let word = |name: &str| answer[name].as_str().unwrap().to_owned();
        Begun { id: word("login"), url: word("url") }
    }

    fn finish(&self, id: &str, code: Option<&str>) -> Page {
        let url = self.stage.gate.web();
        let proof = self.sign(&format!("tidegate finish v1\n{url}\n{id}\n{}", code.unwrap_or_default()));
        self.stage.post(&format!("/v1/login/{id}/finish"), &json!({ "code": code, "proof": proof }))
    }

    /// A whole login through a browser: the session.
    fn log_in(&self) -> Value {
        let begun = self.begin();
        let home = Browser::new().unwrap().walk_to(&begun.url, ALICE, HOME).unwrap();
        self.finish(&begun.id, Some(&said(&home, "code").unwrap())).ok().unwrap().json().unwrap()
    }

    fn asked(&self, what: &str, session: &str, audience: &str) -> Value {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut nonce = [0; 16];
        aws_lc_rs::rand::fill(&mut nonce).unwrap();
        let (nonce, url) = (URL_SAFE_NO_PAD.encode(nonce), self.stage.gate.web());
        let proof = self.sign(&format!("tidegate {what} v1\n{url}\n{session}\n{audience}\n{at}\n{nonce}"));
        json!({ "session": session, "audience": audience, "at": at, "nonce": nonce, "proof": proof })
    }

    fn token(&self, session: &str, audience: &str) -> Page {
        self.stage.post("/v1/token", &self.asked("token", session, audience))
    }
}

fn said(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn a_person_logs_in_by_browser_and_their_device_gets_tokens_until_they_log_out() {
    let stage = Stage::new();
    let device = Device::new(&stage);
    let begun = device.begin();
    let home = Browser::new().unwrap().walk_to(&begun.url, ALICE, HOME).unwrap();
    assert_eq!(said(&home, "state").as_deref(), Some(STATE));
    let code = said(&home, "code").unwrap();
    let session = device.finish(&begun.id, Some(&code)).ok().unwrap().json().unwrap();
    assert_eq!((text(&session, "name"), &session["groups"]), ("op:alice", &json!(["op:analysts", "op:orders"])));
    assert_eq!(device.finish(&begun.id, Some(&code)).status, 404, "a code works once");
    let id = text(&session, "session");

    let control = device.token(id, "control").ok().unwrap().json().unwrap();
    let me = stage.with_token("/v1/whoami", text(&control, "token")).ok().unwrap().json().unwrap();
    assert_eq!((text(&me, "name"), text(&me, "credential")), ("op:alice", "http_bearer"));
    assert_eq!(stage.with_token("/v1/logins", text(&control, "token")).status, 200, "the policy lets her audit");
    assert_eq!(stage.with_token("/v1/policy/versions", "").status, 401);
    let kafka = device.token(id, "kafka").ok().unwrap().json().unwrap();
    let refused = stage.with_token("/v1/whoami", text(&kafka, "token"));
    assert!(refused.status == 401 && refused.body.contains("not for control"), "{}", refused.body);
    let keys = Browser::new().unwrap().get(&stage.url("/.well-known/jwks.json")).unwrap().json().unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "current and next");

    let listed: Value = serde_json::from_str(&stage.command(&["whoami", "--output", "json"])).unwrap();
    assert_eq!(listed["credential"], "local_user");
    let ended = stage.post("/v1/logout", &device.asked("logout", id, ""));
    assert_eq!(ended.status, 200, "{}", ended.body);
    assert_eq!(device.token(id, "control").status, 401);
    let dead = stage.with_token("/v1/whoami", text(&control, "token"));
    assert!(dead.status == 401 && dead.body.contains("revoked"), "{}", dead.body);

    let logins = stage.leaves("login");
    assert_eq!(logins.len(), 1, "{logins:?}");
    let issued = stage.leaves("token_issued");
    assert_eq!(issued.len(), 2);
    let whole = issued.iter().chain(&logins).map(Value::to_string).collect::<String>();
    assert!(whole.contains("alice"), "evidence says who: {whole}");
    for secret in [&code, text(&control, "token"), text(&kafka, "token")] {
        assert!(!whole.contains(secret));
    }
}

#[test]
fn what_is_not_the_browsers_own_login_goes_no_further() {
    let stage = Stage::new();
    let device = Device::new(&stage);
    let callback = stage.url("/login/callback");
    let (mut ann, mut eve) = (Browser::new().unwrap(), Browser::new().unwrap());

    // Login CSRF: an attacker's answer, sent to a browser that began nothing, or another login.
    let (hers, evil) = (device.begin(), device.begin());
    let answer = eve.walk_to(&evil.url, BOB, &callback).unwrap();
    assert_eq!(Browser::new().unwrap().get(answer.as_str()).unwrap().status, 400, "a browser that began nothing");
    let own = ann.walk_to(&hers.url, ALICE, &callback).unwrap();
    assert_eq!(ann.get(answer.as_str()).unwrap().status, 400, "a browser that began another login");

    // State swap: her code under the other login's state, and the other way round.
    let swapped = |code: &Url, state: &Url| {
        let (code, state) = (said(code, "code").unwrap(), said(state, "state").unwrap());
        Url::parse_with_params(&callback, [("code", code), ("state", state)]).unwrap()
    };
    let page = eve.get(swapped(&own, &answer).as_str()).unwrap();
    let home = page.location.unwrap();
    assert!(
        said(&home, "code").is_none() && said(&home, "error").is_some(),
        "another login's code has another verifier: {home}"
    );
    assert_eq!(ann.get(swapped(&answer, &answer).as_str()).unwrap().status, 400, "the state was used up");
    // Whether the provider still honours her code is its affair; it leads to her own device and nowhere else.
    let page = ann.get(own.as_str()).unwrap();
    assert!(page.location.is_some_and(|home| home.as_str().starts_with(HOME)));

    // Names that stand twice, and none at all.
    let again = device.begin();
    let answer = ann.walk_to(&again.url, ALICE, &callback).unwrap();
    assert_eq!(ann.get(&format!("{answer}&state=other")).unwrap().status, 400);
    assert_eq!(ann.get(&callback).unwrap().status, 400);
    // Code replay: the answer works once.
    let home = ann.get(answer.as_str()).unwrap().location.unwrap();
    assert!(home.as_str().starts_with(HOME) && said(&home, "code").is_some());
    assert_eq!(ann.get(answer.as_str()).unwrap().status, 400);

    // Only the device that began it finishes it, with the code, and guesses end it.
    let code = said(&home, "code").unwrap();
    assert_eq!(Device::new(&stage).finish(&again.id, Some(&code)).status, 401);
    for _ in 0..3 {
        assert_eq!(device.finish(&again.id, Some("AAAAAAAAAAAAAAAAAAAAAA")).status, 401);
    }
    assert_eq!(device.finish(&again.id, Some(&code)).status, 404, "three wrong codes end a login");
    let reasons: Vec<String> = stage
        .leaves("login_failed")
        .iter()
        .map(|leaf| leaf["reason"].as_str().unwrap_or_default().to_owned())
        .collect();
    for reason in ["login_browser", "login_state", "login_proof", "login_code"] {
        assert!(reasons.iter().any(|found| found == reason), "{reason} is not in {reasons:?}");
    }
    assert!(stage.leaves("login").is_empty(), "nobody has logged in");
}

#[test]
fn a_browser_is_sent_nowhere_else_and_its_pages_do_nothing() {
    let stage = Stage::new();
    let device = Device::new(&stage);
    for evil in [
        "https://evil.example/",
        "http://127.0.0.1.evil.example:80/",
        "//evil.example/",
        "http://127.0.0.1:80@evil.example/",
    ] {
        let page = device.begin_with(&json!({ "redirect": evil, "state": STATE }));
        assert!(page.status == 422 && page.body.contains("127.0.0.1:PORT"), "{evil}: {}", page.body);
    }
    let begun = device.begin();
    let mut browser = Browser::new().unwrap();
    let to_provider = browser.get(&begun.url).unwrap();
    let location = to_provider.location.unwrap();
    assert!(location.as_str().starts_with(PROVIDER.issuer()), "{location}");
    for (name, value) in [("code_challenge_method", "S256"), ("response_type", "code"), ("client_id", GATE.id)] {
        assert_eq!(said(&location, name).as_deref(), Some(value));
    }
    let cookie = to_provider.headers.iter().find(|(name, _)| name == "set-cookie").unwrap().1.clone();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=600"),
        "{cookie}"
    );
    // A provider that refuses: the device is told, or the person where there is no device; its words are text.
    let callback = stage.url("/login/callback");
    let refused =
        |at: &Url| format!("{callback}?error=%3Cscript%3E%0d%0aSet-Cookie:x&state={}", said(at, "state").unwrap());
    let home = browser.get(&refused(&location)).unwrap().location.unwrap();
    assert!(home.as_str().starts_with(HOME) && said(&home, "error").is_some(), "{home}");
    let answer = device.begin_with(&json!({})).ok().unwrap().json().unwrap();
    let location = browser.get(text(&answer, "url")).unwrap().location.unwrap();
    let page = browser.get(&refused(&location)).unwrap();
    assert!(page.status == 403 && !page.body.contains("<script"), "{}", page.body);
    // Without a port at the device the page shows the code, for a terminal elsewhere.
    let answer = device.begin_with(&json!({ "machine": "<b>lab</b>" })).ok().unwrap().json().unwrap();
    let page = Browser::new().unwrap().walk_through(text(&answer, "url"), ALICE).unwrap();
    assert!(page.body.contains("&lt;b&gt;lab&lt;/b&gt;") && !page.body.contains("<b>lab"), "{}", page.body);
    let code = page.body.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0;
    let finished = device.finish(text(&answer, "login"), Some(code));
    assert_eq!(finished.status, 200, "{}", finished.body);
    for (name, part) in [
        ("content-security-policy", "frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        assert!(page.header(name).is_some_and(|value| value.contains(part)), "{name}: {:?}", page.header(name));
    }
    assert_eq!(stage.form("/v1/policy/rollback", &[("number", "1")]).status, 401, "no cookie commands the gate");
}

#[test]
fn a_device_flow_ends_at_the_providers_page() {
    let stage = Stage::new();
    let device = Device::new(&stage);
    let begun = device.begin_with(&json!({ "method": "device" })).ok().unwrap().json().unwrap();
    let id = text(&begun, "login");
    assert_eq!(device.finish(id, None).status, 202, "the person has done nothing yet");
    Browser::new().unwrap().walk_through(text(&begun, "verification_uri_complete"), ALICE).unwrap();
    let mut session = None;
    until("the device's login", PATIENCE, || {
        let page = device.finish(id, None);
        assert!(page.status == 202 || page.status == 200, "{}", page.body);
        session = (page.status == 200).then(|| page.json().unwrap());
        Ok(session.is_some())
    })
    .unwrap();
    assert_eq!(text(&session.unwrap(), "name"), "op:alice");
    assert_eq!(device.finish(id, None).status, 404);
}

#[test]
fn tokens_end_with_revocations_blocks_and_replaced_secrets() {
    let stage = Stage::new();
    let device = Device::new(&stage);
    let session = device.log_in();
    let id = text(&session, "session");
    let secret = stage.post("/v1/client-secret", &device.asked("client", id, "")).ok().unwrap().json().unwrap();
    let client = |id: &str, secret: &str| {
        stage.form("/token", &[("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)])
    };
    let first = text(&secret, "client_secret");
    let granted = client(id, first).ok().unwrap().json().unwrap();
    assert_eq!(granted["token_type"], "Bearer");
    assert!((1..=300).contains(&granted["expires_in"].as_u64().unwrap()));
    assert_eq!(client(id, "wrong").status, 401);
    assert_eq!(client("nobody", first).status, 401);
    // Clients of a login that has ended go on asking by themselves: that is not held against their address.
    for _ in 0..=FAILED_LOGINS_MAX {
        assert_eq!(client(id, "wrong").status, 401);
    }
    let second = stage.post("/v1/client-secret", &device.asked("client", id, "")).ok().unwrap().json().unwrap();
    assert_eq!(client(id, first).status, 401, "it was replaced");
    let second = text(&second, "client_secret");
    assert_eq!(client(id, second).status, 200);

    let replayed = device.asked("token", id, "kafka");
    assert_eq!(stage.post("/v1/token", &replayed).status, 200);
    assert_eq!(stage.post("/v1/token", &replayed).status, 401, "a proof counts once");
    assert_eq!(stage.post("/v1/token", &Device::new(&stage).asked("token", id, "kafka")).status, 401, "another device");
    assert_eq!(stage.post("/v1/token", &device.asked("logout", id, "kafka")).status, 401, "a proof of something else");

    stage.command(&["policy", "block", "--subject", "op:alice", "--reason", "test"]);
    assert_eq!(device.token(id, "kafka").status, 401);
    assert_eq!(client(id, second).status, 400);
    let rows: Value = serde_json::from_str(&stage.command(&["policy", "blocks", "--output", "json"])).unwrap();
    stage.command(&["policy", "unblock", rows[0]["id"].as_str().unwrap()]);
    assert_eq!(device.token(id, "kafka").status, 200);
    stage.command(&["revoke", "--subject", "op:alice", "--reason", "test"]);
    assert_eq!(device.token(id, "kafka").status, 401, "the login came before");
    assert_eq!(client(id, second).status, 400);

    // A machine's own token is exchanged (RFC 8693); what is no token of an issuer is not.
    let machine = PROVIDER.openid().unwrap().client_credentials(LOADER, &[]).unwrap();
    let exchange = |token: &str| {
        stage.form(
            "/token",
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", token),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
                ("audience", "control"),
            ],
        )
    };
    let exchanged = exchange(&machine).ok().unwrap().json().unwrap();
    let me = stage.with_token("/v1/whoami", text(&exchanged, "access_token")).ok().unwrap().json().unwrap();
    assert_eq!(text(&me, "name"), format!("op:{}", LOADER.id));
    assert_eq!(exchange("nonsense").status, 400);
    assert_eq!(exchange(text(&exchanged, "access_token")).status, 400, "the gate's own token is not exchanged");
    assert!(stage.leaves("login_failed").iter().any(|leaf| leaf["reason"] == "client_secret"));
}

#[test]
fn a_saml_answer_works_once_and_in_the_browser_that_asked() {
    let mut stage = Stage::new();
    let acs = stage.url("/saml/corp/acs");
    let samlp = Samlp::start(&acs).unwrap();
    let metadata = stage.gate.folder().join("idp.xml");
    std::fs::write(&metadata, samlp.metadata().unwrap()).unwrap();
    let config = stage.gate.config();
    let saml = format!(
        "\n[[saml]]\nname = \"corp\"\nentity_id = \"urn:gate\"\nacs_url = {acs:?}\nidp = {{ metadata = \"idp.xml\" }}\n"
    );
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + &saml).unwrap();
    stage.gate.reload().unwrap();
    let known = || {
        let rows = Browser::new()?.get(&stage.url("/v1/login/providers"))?.json()?;
        Ok(rows["providers"].as_array().unwrap().iter().any(|row| row["name"] == "corp" && row["kind"] == "saml"))
    };
    until("the new provider", PATIENCE, known).unwrap();
    let device = Device::new(&stage);
    let begin = || {
        let more = json!({ "provider": "corp", "redirect": HOME, "state": STATE });
        let answer = device.begin_with(&more).ok().unwrap().json().unwrap();
        Begun { id: text(&answer, "login").to_owned(), url: text(&answer, "url").to_owned() }
    };
    let begun = begin();
    let mut ann = Browser::new().unwrap();
    let sent = ann.walk_to(&begun.url, ALICE, &acs).unwrap();
    let fields =
        [("SAMLResponse", said(&sent, "SAMLResponse").unwrap()), ("RelayState", said(&sent, "RelayState").unwrap())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // The form comes from another site, so without the cookie; the page after it needs the cookie.
    let done = stage.form("/saml/corp/acs", &fields).location.unwrap();
    assert!(done.as_str().starts_with(&stage.url("/login/")), "{done}");
    assert_eq!(Browser::new().unwrap().get(done.as_str()).unwrap().status, 400, "another browser");
    assert_eq!(stage.form("/saml/corp/acs", &fields).status, 400, "the response was used");
    let home = ann.get(done.as_str()).unwrap().location.unwrap();
    let session = device.finish(&begun.id, Some(&said(&home, "code").unwrap())).ok().unwrap().json().unwrap();
    assert_eq!(text(&session, "name"), "corp:alice");
    assert_eq!(session["groups"], json!(["corp:analysts", "corp:orders"]));
    assert_eq!(device.token(text(&session, "session"), "kafka").status, 200);

    // A response for another login, under this one's relay state.
    let (first, second) = (begin(), begin());
    let (mut one, mut other) = (Browser::new().unwrap(), Browser::new().unwrap());
    let mine = one.walk_to(&first.url, ALICE, &acs).unwrap();
    let theirs = other.walk_to(&second.url, ALICE, &acs).unwrap();
    let mixed =
        [("SAMLResponse", said(&mine, "SAMLResponse").unwrap()), ("RelayState", said(&theirs, "RelayState").unwrap())];
    let mixed: Vec<(&str, &str)> = mixed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let home = stage.form("/saml/corp/acs", &mixed).location.unwrap();
    assert!(said(&home, "error").is_some() && said(&home, "code").is_none(), "{home}");
    assert_eq!(stage.form("/saml/corp/acs", &[("SAMLResponse", "x")]).status, 400);
    let metadata = Browser::new().unwrap().get(&stage.url("/saml/corp/metadata")).unwrap();
    assert!(metadata.status == 200 && metadata.body.contains("urn:gate") && metadata.body.contains(&acs));
}
