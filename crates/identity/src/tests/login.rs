//! Logging people in: by code and by device flow, at a provider that may be slow, gone or lying.

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use super::*;
use crate::token::sha256;

mod device;
mod lying;

const REDIRECT: &str = "http://127.0.0.1:4711/login/callback";
const CODE: &str = "c0de-0f-the-provider";

/// Path, headers and form of a POST.
type Post = (String, String, HashMap<String, String>);

/// What the provider says of itself beside issuer and keys, and how it answers logins.
#[derive(Default)]
pub(super) struct LoginAnswers {
    /// Members of the discovery document.
    pub(super) says: Mutex<serde_json::Map<String, Value>>,
    /// Instead of the discovery document.
    pub(super) instead: Mutex<Option<String>>,
    pub(super) documents: AtomicUsize,
    /// Answers of the token endpoint, in order.
    grants: Mutex<VecDeque<String>>,
    /// The answer of the device authorization endpoint.
    device: Mutex<String>,
    posts: Mutex<Vec<Post>>,
}

impl LoginAnswers {
    pub(super) async fn answer(&self, path: &str, head: &[u8], body: &[u8], silent: bool) -> String {
        let form = url::form_urlencoded::parse(body).into_owned().collect();
        self.posts.lock().unwrap().push((path.to_owned(), String::from_utf8_lossy(head).into_owned(), form));
        if silent {
            std::future::pending::<()>().await;
        }
        match path {
            "/device" => self.device.lock().unwrap().clone(),
            _ => self.grants.lock().unwrap().pop_front().unwrap_or_else(|| broken("500 Oops")),
        }
    }
}

fn broken(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn bodied(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n{body}")
}

fn error(error: &str) -> String {
    bodied("400 Bad Request", &json!({"error": error, "error_description": format!("{CODE} \u{1b}[2J")}).to_string())
}

struct Bench {
    provider: Provider,
    signer: Signer,
    issuers: Arc<Issuers>,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Bench {
        Bench::with("").await
    }

    /// A gate at which people log in, with these settings of `login` as well.
    async fn with(settings: &str) -> Bench {
        let signer = Signer::ed25519("k1");
        let provider = Provider::start(&[&signer]).await;
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "s3cret:/ ü\n").unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let url = provider.url.clone();
        for name in ["authorization", "token", "device_authorization"] {
            let path = if name.starts_with("device") { "device" } else { name };
            provider.says(&format!("{name}_endpoint"), json!(format!("{url}/{path}")));
        }
        let issuers = Issuers::new(vec![config(&provider, settings)]).unwrap();
        Bench { provider, signer, issuers, folder }
    }

    /// The settings of a client with a secret.
    fn secret(&self) -> String {
        format!("client_secret = {{ file = {:?} }}", self.folder.path().join("secret"))
    }

    async fn begin(&self) -> CodeBegun {
        self.issuers.begin_code("idp", REDIRECT, now()).await.unwrap()
    }

    async fn finish(&self, begun: CodeBegun) -> Result<Arc<Caller>, LoginRefused> {
        self.issuers.finish_code(begun.pending, CODE, None, now()).await
    }

    /// Claims of a good ID token for a login with these instead; `null` removes one.
    fn claims(&self, nonce: Option<&str>, changes: Value) -> Value {
        let mut claims = self.provider.claims_with(json!({
            "aud": "the gate", "azp": null, "nonce": nonce, "at_hash": "x", "sid": "s-1", "iat": now(),
        }));
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        for (name, value) in changes {
            claims[name] = value;
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    /// The next answer of the token endpoint.
    fn grants(&self, answer: String) {
        self.provider.answers.login.grants.lock().unwrap().push_back(answer);
    }

    /// The next answer of the token endpoint is this ID token, beside tokens that nobody reads.
    fn gives(&self, token: &str) {
        let access = self.signer.token(&self.provider.claims_with(json!({"sub": "mallory"})));
        let answer = json!({"access_token": access, "refresh_token": "r", "token_type": "Bearer", "id_token": token});
        self.grants(ok(&answer));
    }

    fn id_token(&self, claims: &Value) -> String {
        self.signer.token_with(&json!({"alg": "EdDSA", "typ": "JWT", "kid": "k1"}), claims)
    }

    /// Asserts that a login whose ID token has these claims, or this header, fails just this check, or none.
    async fn expect(&self, header: Option<Value>, changes: Value, check: Option<LoginCheck>) {
        let begun = self.begin().await;
        let claims = self.claims(Some(&nonce(&begun)), changes.clone());
        let token = match &header {
            None => self.id_token(&claims),
            Some(header) => self.signer.token_with(header, &claims),
        };
        self.gives(&token);
        let result = self.finish(begun).await;
        assert_eq!(result.as_ref().err().map(|refused| refused.check), check, "{header:?} {changes} {result:?}");
        let text = format!("{result:?}");
        assert!(result.is_ok() || token.split('.').all(|part| part.len() < 9 || !text.contains(part)), "{text}");
    }

    fn posts(&self) -> Vec<Post> {
        self.provider.answers.login.posts.lock().unwrap().clone()
    }

    fn documents(&self) -> usize {
        self.provider.answers.login.documents.load(Ordering::SeqCst)
    }
}

impl Provider {
    fn says(&self, name: &str, value: Value) {
        self.answers.login.says.lock().unwrap().insert(name.to_owned(), value);
    }
}

fn config(provider: &Provider, settings: &str) -> IssuerConfig {
    toml::from_str(&format!(
        "name = \"idp\"\nissuer = {:?}\naudiences = [\"gate\"]\n[login]\nclient_id = \"the gate\"\n{settings}",
        provider.url
    ))
    .unwrap()
}

/// The query of the address that a login leads the browser to.
fn query(begun: &CodeBegun) -> HashMap<String, String> {
    Url::parse(&begun.url).unwrap().query_pairs().into_owned().collect()
}

fn nonce(begun: &CodeBegun) -> String {
    query(begun)["nonce"].clone()
}

fn token(check: Check) -> Option<LoginCheck> {
    Some(LoginCheck::Token(check))
}

#[tokio::test]
async fn a_person_logs_in_by_code() {
    let bench = Bench::with("scopes = [\"openid\", \"groups\"]").await;
    assert_eq!(bench.issuers.logins(), [("idp".to_owned(), true)]);
    bench.provider.says("authorization_endpoint", json!(format!("{}/authorization?tenant=x", bench.provider.url)));
    let begun = bench.begin().await;
    assert!(begun.url.starts_with(&format!("{}/authorization?tenant=x&", bench.provider.url)), "{}", begun.url);
    let asked = query(&begun);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "the gate"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid groups"),
        ("state", begun.pending.state.as_str()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(URL_SAFE_NO_PAD.decode(&asked[name]).unwrap().len(), 32, "{name}");
    }
    let shown = format!("{:?}", begun.pending);
    assert!(!shown.contains(&begun.pending.state) && !shown.contains(&asked["nonce"]), "{shown}");
    let changes = json!({"amr": ["pwd", "mfa"], "auth_time": now() - 5});
    let claims = bench.claims(Some(&asked["nonce"]), changes);
    let id_token = bench.id_token(&claims);
    bench.gives(&id_token);
    let caller = bench.issuers.finish_code(begun.pending, CODE, Some(&bench.provider.url), now()).await.unwrap();
    let expected = Caller {
        kind: CallerKind::User,
        issuer: "idp".to_owned(),
        subject: "ann".to_owned(),
        groups: vec!["idp:chess".to_owned(), "idp:sales".to_owned()],
        groups_known: true,
        client: Some("the gate".to_owned()),
        token_id: Some("t-1".to_owned()),
        token_hash: Some(sha256(&[id_token.as_bytes()])),
        session: Some("s-1".to_owned()),
        credential: CredentialKind::HttpBearer,
        via_gate: false,
        issued_at: claims["iat"].as_u64(),
        expires_at: claims["exp"].as_u64().unwrap(),
        mfa_at: claims["auth_time"].as_u64(),
    };
    assert_eq!(*caller, expected);
    let posts = bench.posts();
    let (path, head, form) = &posts[0];
    assert_eq!((posts.len(), path.as_str(), form.len()), (1, "/token", 5));
    assert_eq!(base64(&sha256(&[form["code_verifier"].as_bytes()])), asked["code_challenge"]);
    assert!(form["code_verifier"].len() == 43 && !head.to_lowercase().contains("authorization"), "{head}");
    for (name, value) in
        [("grant_type", "authorization_code"), ("code", CODE), ("redirect_uri", REDIRECT), ("client_id", "the gate")]
    {
        assert_eq!(form[name], value);
    }
    // what logs in is no access token
    assert!(matches!(refusal(&bench.issuers, &id_token).await, Check::Type | Check::Audience));
}

#[tokio::test]
async fn no_two_logins_have_anything_in_common() {
    let bench = Bench::new().await;
    let (one, other) = (query(&bench.begin().await), query(&bench.begin().await));
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(one[name], other[name], "{name}");
        assert_ne!(one[name], one[if name == "state" { "nonce" } else { "state" }]);
    }
}

#[tokio::test]
async fn an_id_token_passes_every_check() {
    let bench = Bench::new().await;
    bench.expect(None, json!({}), None).await;
    bench.expect(None, json!({"azp": "the gate"}), None).await;
    bench.expect(None, json!({"aud": ["the gate", "kafka"], "azp": "the gate"}), None).await;
    bench.expect(None, json!({"typ": "ID"}), None).await;
    bench.expect(None, json!({"exp": now() - 20, "iat": now() - 60}), None).await;
    for (changes, check) in [
        (json!({"nonce": null}), Some(LoginCheck::Nonce)),
        (json!({"nonce": "another"}), Some(LoginCheck::Nonce)),
        (json!({"nonce": 7}), Some(LoginCheck::Nonce)),
        (json!({"iss": "https://other.example"}), token(Check::Issuer)),
        (json!({"iss": null}), token(Check::Issuer)),
        (json!({"iss": format!("{}/", bench.provider.url)}), token(Check::Issuer)),
        (json!({"aud": "gate"}), token(Check::Audience)),
        (json!({"aud": ["gate", "other"]}), token(Check::Audience)),
        (json!({"aud": null}), token(Check::Audience)),
        (json!({"aud": ["the gate", 7]}), token(Check::Audience)),
        (json!({"aud": ["the gate", "kafka"]}), token(Check::AuthorizedParty)),
        (json!({"aud": ["the gate", "kafka"], "azp": "cli"}), token(Check::AuthorizedParty)),
        (json!({"azp": "cli"}), token(Check::AuthorizedParty)),
        (json!({"azp": 7}), token(Check::AuthorizedParty)),
        (json!({"exp": now() - 40}), token(Check::Expiry)),
        (json!({"exp": null}), token(Check::Expiry)),
        (json!({"iat": null}), token(Check::IssuedAt)),
        (json!({"iat": now() + 60}), token(Check::IssuedAt)),
        (json!({"nbf": now() + 60}), token(Check::NotBefore)),
        (json!({"exp": now() + 90_000}), token(Check::Lifetime)),
        (json!({"sub": null}), token(Check::Subject)),
        (json!({"groups": 7}), token(Check::Groups)),
        (json!({"typ": "Bearer"}), token(Check::Type)),
        (json!({"typ": "Refresh"}), token(Check::Type)),
        (json!({"events": {}}), token(Check::Type)),
        (json!({"cnf": {"jkt": "x"}}), token(Check::Type)),
        (json!({"pad": "x".repeat(17_000)}), token(Check::Size)),
    ] {
        bench.expect(None, changes, check).await;
    }
    for (header, check) in [
        (json!({"alg": "EdDSA", "kid": "k1"}), None),
        (json!({"alg": "EdDSA", "kid": "k1", "typ": "at+jwt"}), token(Check::Type)),
        (json!({"alg": "EdDSA", "kid": "k1", "typ": "logout+jwt"}), token(Check::Type)),
        (json!({"alg": "EdDSA", "kid": "k1", "crit": ["b64"]}), token(Check::Critical)),
        (json!({"alg": "none", "kid": "k1"}), token(Check::Algorithm)),
        (json!({"alg": "HS256", "kid": "k1"}), token(Check::Algorithm)),
        (json!({"alg": "RS256", "kid": "k1"}), token(Check::Key)),
        (json!({"alg": "EdDSA", "kid": "k2"}), token(Check::Key)),
        (json!({"alg": "EdDSA", "kid": "k1", "jwk": Signer::ed25519("k1").jwk()}), None),
    ] {
        bench.expect(Some(header), json!({}), check).await;
    }
}

#[tokio::test]
async fn forgeries_and_tokens_of_other_logins_are_refused() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let forged = Signer::ed25519("k1").token_with(&bench.signer.header(), &json!({}));
    bench.gives(&forged);
    assert_eq!(bench.finish(begun).await.unwrap_err().check, LoginCheck::Token(Check::Issuer));
    let begun = bench.begin().await;
    let claims = bench.claims(Some(&nonce(&begun)), json!({}));
    bench.gives(&Signer::ed25519("k1").token_with(&json!({"alg": "EdDSA", "kid": "k1"}), &claims));
    assert_eq!(bench.finish(begun).await.unwrap_err().check, LoginCheck::Token(Check::Signature));
    // good in every way, but given to another login
    let (mine, other) = (bench.begin().await, bench.begin().await);
    bench.gives(&bench.id_token(&bench.claims(Some(&nonce(&other)), json!({}))));
    assert_eq!(bench.finish(mine).await.unwrap_err().check, LoginCheck::Nonce);
    for form in ["x", "x.y", "a.b.c.d.e", "e30.e30.", ""] {
        let begun = bench.begin().await;
        bench.gives(form);
        assert!(matches!(bench.finish(begun).await.unwrap_err().check, LoginCheck::Token(_)), "{form}");
    }
    let begun = bench.begin().await;
    let twice = format!("{{\"nonce\":{:?},\"iss\":{:?},\"iss\":\"x\"}}", nonce(&begun), bench.provider.url);
    bench.gives(&bench.signer.token_of(&bench.signer.header().to_string(), &twice));
    assert_eq!(bench.finish(begun).await.unwrap_err().check, LoginCheck::Token(Check::DuplicateNames));
}

#[tokio::test]
async fn the_issuers_mapping_holds_for_people_who_log_in() {
    let bench = Bench::new().await;
    let login = async |change: &dyn Fn(&mut IssuerConfig), claims: Value| {
        let mut config = config(&bench.provider, "");
        change(&mut config);
        let issuers = Issuers::new(vec![config]).unwrap();
        let begun = issuers.begin_code("idp", REDIRECT, now()).await.unwrap();
        bench.gives(&bench.id_token(&bench.claims(Some(&nonce(&begun)), claims)));
        issuers.finish_code(begun.pending, CODE, None, now()).await
    };
    let overage = json!({"groups": null, "_claim_names": {"groups": "src1"}});
    let caller = login(&|_| {}, overage).await.unwrap();
    assert!(caller.groups.is_empty() && !caller.groups_known);
    assert!(!login(&|_| {}, json!({"groups": null})).await.unwrap().groups_known);
    let none = |config: &mut IssuerConfig| config.missing_groups = MissingGroups::None;
    assert!(login(&none, json!({"groups": null})).await.unwrap().groups_known);
    let roles = |config: &mut IssuerConfig| config.groups_claim = OneOrMore(vec!["realm_access.roles".to_owned()]);
    assert_eq!(login(&roles, json!({"realm_access": {"roles": ["dba"]}})).await.unwrap().groups, ["idp:dba"]);
    let paths = |config: &mut IssuerConfig| config.groups_are_paths = true;
    assert_eq!(login(&paths, json!({})).await.unwrap_err().check, LoginCheck::Token(Check::Groups));
    let oid = |config: &mut IssuerConfig| config.subject_claim = "oid".to_owned();
    assert_eq!(login(&oid, json!({"oid": "o-1"})).await.unwrap().subject, "o-1");
    assert_eq!(login(&oid, json!({})).await.unwrap_err().check, LoginCheck::Token(Check::Subject));
    // the audiences and clients of access tokens have nothing to do with it
    let parties = |config: &mut IssuerConfig| config.authorized_parties = vec!["cli".to_owned()];
    assert!(login(&parties, json!({})).await.is_ok());
    let tenant = |config: &mut IssuerConfig| config.tenants = vec!["t-1".to_owned()];
    assert_eq!(login(&tenant, json!({})).await.unwrap_err().check, LoginCheck::Token(Check::RequiredClaims));
    let machine = |config: &mut IssuerConfig| {
        config.kind = KindRule::ByClaim { claim: "idtyp".to_owned(), workload: Some(vec!["app".to_owned()]) };
    };
    assert_eq!(login(&machine, json!({"idtyp": "app"})).await.unwrap_err().check, LoginCheck::Token(Check::Subject));
    assert!(login(&machine, json!({})).await.is_ok());
}

#[tokio::test]
async fn of_several_tenants_each_is_an_issuer_of_its_own() {
    let bench = Bench::new().await;
    let template = format!("{}/{{tenantid}}/v2.0", bench.provider.url);
    *bench.provider.answers.lies.lock().unwrap() = Some(template.clone());
    let mut config = config(&bench.provider, "");
    (config.issuer, config.tenants) = (template.clone(), vec!["t-1".to_owned(), "t-2".to_owned()]);
    let issuers = Issuers::new(vec![config]).unwrap();
    for (tenant, tid, good) in [("t-1", "t-1", true), ("t-2", "t-1", false), ("t-3", "t-3", false)] {
        let begun = issuers.begin_code("idp", REDIRECT, now()).await.unwrap();
        let iss = template.replace("{tenantid}", tenant);
        bench.gives(&bench.id_token(&bench.claims(Some(&nonce(&begun)), json!({"iss": iss, "tid": tid}))));
        let result = issuers.finish_code(begun.pending, CODE, None, now()).await;
        assert_eq!(result.is_ok(), good, "{tenant} {result:?}");
    }
}

#[tokio::test]
async fn a_secret_goes_where_the_provider_takes_it() {
    let bench = Bench::new().await;
    let login = async || {
        let config = config(&bench.provider, &bench.secret());
        let issuers = Issuers::new(vec![config]).unwrap();
        let begun = issuers.begin_code("idp", REDIRECT, now()).await?;
        bench.gives(&bench.id_token(&bench.claims(Some(&nonce(&begun)), json!({}))));
        issuers.finish_code(begun.pending, CODE, None, now()).await.unwrap();
        let (_, head, form) = bench.posts().pop().unwrap();
        Ok::<_, LoginRefused>((head.contains("authorization: Basic "), head, form.get("client_secret").cloned()))
    };
    let methods = |methods: Value| bench.provider.says("token_endpoint_auth_methods_supported", methods);
    let (header, head, body) = login().await.unwrap();
    assert!(header && head.contains(&STANDARD.encode("the+gate:s3cret%3A%2F+%C3%BC")) && body.is_none(), "{head}");
    methods(json!(["private_key_jwt", "client_secret_post"]));
    let (header, _, body) = login().await.unwrap();
    assert!(!header && body.as_deref() == Some("s3cret:/ ü"));
    methods(json!(["private_key_jwt"]));
    assert_eq!(login().await.unwrap_err().check, LoginCheck::Metadata);
    let shown = format!("{:?} {:?}", bench.issuers, config(&bench.provider, &bench.secret()));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn configuration_mistakes_name_the_setting() {
    let text =
        "name = \"idp\"\nissuer = \"https://idp.example\"\naudiences = [\"gate\"]\n[login]\nclient_id = \"gate\"\n";
    let refused = |settings: &str, change: &dyn Fn(&mut IssuerConfig)| {
        let mut config: IssuerConfig = toml::from_str(&format!("{text}{settings}")).unwrap();
        change(&mut config);
        Issuers::new(vec![config]).unwrap_err().to_string()
    };
    for scopes in
        ["[]", "[\"profile\"]", "[\"openid profile\"]", "[\"openid\", \"offline_access\"]", "[\"openid\", \"\"]"]
    {
        let text = refused(&format!("scopes = {scopes}"), &|_| {});
        assert!(text.contains("login.scopes: "), "{text}");
    }
    let secret = |source: &str| refused(&format!("client_secret = {source}"), &|_| {});
    assert!(secret("{ file = \"/nonexistent/secret\" }").contains("login.client_secret: cannot read"));
    assert!(secret("{ command = [\"false\"] }").contains("login.client_secret: "));
    let login = |change: &dyn Fn(&mut LoginConfig)| refused("", &|config| change(config.login.as_mut().unwrap()));
    assert!(login(&|login| login.client_id.clear()).contains("login.client_id: "));
    assert!(login(&|login| login.client_id = "a\nb".to_owned()).contains("login.client_id: "));
    assert!(refused("", &|config| config.kind = KindRule::Workload).contains("login: "));
    let svid = |config: &mut IssuerConfig| {
        config.issuer = "spiffe://example.org".to_owned();
        config.jwks_url = Some("https://idp.example/keys".to_owned());
    };
    assert!(refused("", &svid).contains("login: "));
    let with_secret = format!("{text}client_secret = {{ file = \"secret\" }}");
    let mut config: IssuerConfig = toml::from_str(&with_secret).unwrap();
    config.paths().for_each(|path| *path = std::path::Path::new("/etc/gate").join(&*path));
    let source = config.login.unwrap().client_secret.unwrap();
    assert_eq!(source, SecretSource::File { file: "/etc/gate/secret".into() });
    assert!(toml::from_str::<IssuerConfig>(&format!("{text}secret = \"s\"")).is_err());
}

#[tokio::test]
async fn nobody_logs_in_where_that_is_not_configured() {
    let bench = Bench::with("device = false").await;
    assert_eq!(bench.issuers.logins(), [("idp".to_owned(), false)]);
    let refused = bench.issuers.begin_device("idp", now()).await.unwrap_err();
    assert_eq!(refused.check, LoginCheck::Provider);
    let refused = bench.issuers.begin_code("other", REDIRECT, now()).await.unwrap_err();
    assert!(refused.check == LoginCheck::Provider && refused.detail.contains("use one of: idp"), "{refused}");
    let without = bench.provider.issuers();
    assert!(without.logins().is_empty());
    assert_eq!(without.begin_code("idp", REDIRECT, now()).await.unwrap_err().check, LoginCheck::Provider);
    assert_eq!(without.begin_device("idp", now()).await.unwrap_err().check, LoginCheck::Provider);
    assert_eq!((bench.documents(), bench.posts().len()), (0, 0));
}
