//! Opaque tokens, and JWTs whose issuer is asked as well: what it says, how often it is asked, and what silence means.

use std::os::unix::fs::PermissionsExt as _;

use base64::engine::general_purpose::STANDARD;

use super::*;

const OPAQUE: &str = "op4que-t0ken.~+/=";

struct Bench {
    provider: Provider,
    signer: Signer,
    issuers: Arc<Issuers>,
    folder: tempfile::TempDir,
}

impl Bench {
    /// A gate that asks the issuer, with these settings of `introspection` as well.
    async fn new(settings: &str) -> Bench {
        let signer = Signer::ed25519("k1");
        let provider = Provider::start(&[&signer]).await;
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "s3cret:/ ü\n").unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let issuers = Issuers::new(vec![config(&provider, &secret, settings)]).unwrap();
        provider.answers.active.lock().unwrap().insert(OPAQUE.to_owned(), said(&provider, json!({})));
        Bench { provider, signer, issuers, folder }
    }

    fn says(&self, token: &str, answer: Value) {
        self.provider.answers.active.lock().unwrap().insert(token.to_owned(), answer);
    }

    fn asked(&self) -> usize {
        self.provider.answers.asked.lock().unwrap().len()
    }

    async fn at(&self, token: &str, later: u64) -> Result<Arc<Caller>, TokenRefused> {
        self.issuers.verify(token, CredentialKind::OauthBearer, now() + later).await
    }

    /// Asserts that a fresh opaque token about which the issuer says this fails just this check, or none.
    async fn expect(&self, answer: Value, check: Option<Check>) {
        let token = format!("opaque-{}", self.asked());
        let shown = answer.to_string();
        self.says(&token, answer);
        let result = verify(&self.issuers, &token).await;
        assert_eq!(result.as_ref().err().map(|refused| refused.check), check, "{shown} {result:?}");
    }
}

fn config(provider: &Provider, secret: &std::path::Path, settings: &str) -> IssuerConfig {
    let url = &provider.url;
    toml::from_str(&format!(
        "name = \"idp\"\nissuer = \"{url}\"\naudiences = [\"gate\"]\n[introspection]\nurl = \"{url}/introspect\"\n\
         client_id = \"the gate\"\nclient_secret = {{ file = {secret:?} }}\n{settings}"
    ))
    .unwrap()
}

/// What the provider says of an active token.
fn said(provider: &Provider, changes: Value) -> Value {
    let mut said = json!({"active": true, "token_type": "Bearer", "client_id": "cli", "azp": null});
    let claims = provider.claims_with(changes);
    for (name, value) in claims.as_object().unwrap() {
        said[name] = value.clone();
    }
    said.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    said
}

#[tokio::test]
async fn an_opaque_token_is_what_its_issuer_says() {
    let bench = Bench::new("").await;
    let caller = verify(&bench.issuers, OPAQUE).await.unwrap();
    assert_eq!((caller.issuer.as_str(), caller.subject.as_str(), caller.kind), ("idp", "ann", CallerKind::User));
    assert_eq!(caller.groups, ["idp:chess", "idp:sales"]);
    assert!(caller.groups_known && caller.expires_at > now() + 500 && caller.token_hash.is_some());
    let (head, body) = bench.provider.answers.asked.lock().unwrap().remove(0);
    let credentials = format!("authorization: Basic {}", STANDARD.encode("the+gate:s3cret%3A%2F+%C3%BC"));
    assert!(head.contains(&credentials), "{head}");
    assert_eq!(body, "token=op4que-t0ken.%7E%2B%2F%3D&token_type_hint=access_token");
    assert_eq!(bench.provider.fetches(), 0, "no key is needed");
    let shown = format!("{:?} {:?}", bench.issuers, config(&bench.provider, &bench.folder.path().join("secret"), ""));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn what_the_issuer_says_is_checked_like_a_jwt() {
    let bench = Bench::new("").await;
    let said = |changes| said(&bench.provider, changes);
    let without = |name: &str| {
        let mut answer = said(json!({}));
        answer.as_object_mut().unwrap().remove(name);
        answer
    };
    bench.expect(said(json!({})), None).await;
    bench.expect(without("iss"), None).await;
    for (answer, check) in [
        (json!({"active": false}), Check::Active),
        (json!({"active": "true"}), Check::Active),
        (json!({}), Check::Active),
        (json!({"active": 1}), Check::Active),
        (said(json!({"iss": "https://other.example"})), Check::Issuer),
        (said(json!({"iss": 7})), Check::Issuer),
        (said(json!({"aud": "other"})), Check::Audience),
        (without("aud"), Check::Audience),
        (said(json!({"exp": now() - 40})), Check::Expiry),
        (without("exp"), Check::Expiry),
        (said(json!({"exp": now() + 90_000})), Check::Lifetime),
        (without("sub"), Check::Subject),
        (said(json!({"groups": 7})), Check::Groups),
        (said(json!({"groups": (0..2_001).map(|i| i.to_string()).collect::<Vec<_>>()})), Check::Groups),
        (said(json!({"cnf": {"x5t#S256": "x"}})), Check::Type),
        (without("token_type"), Check::Type),
        (said(json!({"token_type": "DPoP"})), Check::Type),
        (said(json!({"token_type": "refresh_token"})), Check::Type),
    ] {
        bench.expect(answer, Some(check)).await;
    }
    let mut keycloak = without("token_type");
    keycloak["typ"] = json!("Bearer");
    bench.expect(keycloak, None).await;
}

#[tokio::test]
async fn a_refusal_is_believed_for_ten_seconds_and_an_acceptance_for_thirty() {
    let bench = Bench::new("").await;
    for later in [0, 1, 29] {
        assert!(bench.at(OPAQUE, later).await.is_ok());
    }
    assert_eq!(bench.asked(), 1);
    bench.says(OPAQUE, json!({"active": false}));
    assert!(bench.at(OPAQUE, 29).await.is_ok());
    for later in [31, 35, 40] {
        assert_eq!(bench.at(OPAQUE, later).await.unwrap_err().check, Check::Active);
    }
    assert_eq!(bench.asked(), 2);
    bench.says(OPAQUE, said(&bench.provider, json!({"exp": now() + 50})));
    assert!(bench.at(OPAQUE, 42).await.is_ok());
    assert_eq!(bench.asked(), 3);
    // believed no longer than it lives (and 30 seconds of leeway)
    bench.says("short", said(&bench.provider, json!({"exp": now() + 5})));
    assert!(bench.at("short", 10).await.is_ok());
    assert_eq!(bench.at("short", 36).await.unwrap_err().check, Check::Expiry);
}

#[tokio::test]
async fn no_answer_is_a_refusal_and_a_broken_issuer_is_left_alone() {
    let bench = Bench::new("").await;
    let broken = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let bodied = |body: &str| format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}");
    let long = bodied(&format!("{{\"active\":true,\"x\":\"{}\"}}", "x".repeat(70_000)));
    let instead = |text: Option<String>| *bench.provider.answers.instead_of_active.lock().unwrap() = text;
    for text in [
        broken("500 Oops"),
        broken("401 Unauthorized"),
        bodied("{\"active\":true,\"active\":true}"),
        bodied("<html>"),
        long,
    ] {
        instead(Some(text));
        let refused = bench.at(OPAQUE, 0).await.unwrap_err();
        assert_eq!(refused.check, Check::Active, "{refused}");
        assert!(
            !refused.to_string().contains("http"),
            "where the issuer is asked is nothing for the caller: {refused}"
        );
    }
    assert_eq!(bench.asked(), 5, "no failure is believed");
    instead(None);
    assert_eq!(bench.at(OPAQUE, 1).await.unwrap_err().check, Check::Active, "left alone after five");
    assert_eq!(bench.asked(), 5);
    assert!(bench.at(OPAQUE, 6).await.is_ok());
}

#[tokio::test]
async fn many_logins_with_one_token_ask_once_and_others_wait_their_turn() {
    let bench = Bench::new("").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let issuers = Arc::clone(&bench.issuers);
        tasks.spawn(async move { verify(&issuers, OPAQUE).await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|good| good));
    assert!(bench.asked() <= 8, "{}", bench.asked());
}

#[tokio::test]
async fn a_silent_issuer_blocks_nobody_for_long() {
    let bench = Bench::new("").await;
    bench.provider.answers.silent.store(true, Ordering::SeqCst);
    let mut tasks = tokio::task::JoinSet::new();
    let began = std::time::Instant::now();
    for i in 0..30 {
        let issuers = Arc::clone(&bench.issuers);
        tasks.spawn(async move { verify(&issuers, &format!("opaque-{i}")).await.unwrap_err().check });
    }
    assert!(tasks.join_all().await.into_iter().all(|check| check == Check::Active));
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn jwts_are_asked_about_where_that_is_configured() {
    let asking = Bench::new("jwts = true").await;
    let token = asking.signer.token(&asking.provider.claims());
    assert_eq!(
        asking.at(&token, 0).await.unwrap_err().check,
        Check::Active,
        "verified, but the issuer does not know it"
    );
    asking.says(&token, said(&asking.provider, json!({})));
    assert!(asking.at(&token, 11).await.is_ok());
    assert!(asking.at(&token, 20).await.is_ok());
    assert_eq!(asking.asked(), 2);
    asking.says(&token, json!({"active": false}));
    assert_eq!(asking.at(&token, 42).await.unwrap_err().check, Check::Active, "also a token that was verified before");
    asking.says(&token, said(&asking.provider, json!({"jti": "another"})));
    assert_eq!(asking.at(&token, 60).await.unwrap_err().check, Check::Active);
    let forged = Signer::ed25519("k1").token(&asking.provider.claims());
    let before = asking.asked();
    assert_eq!(asking.at(&forged, 0).await.unwrap_err().check, Check::Signature);
    assert_eq!(asking.asked(), before, "nobody is asked about a forgery");

    let only_opaque = Bench::new("").await;
    let token = only_opaque.signer.token(&only_opaque.provider.claims());
    assert!(only_opaque.at(&token, 0).await.is_ok());
    let only_jwts = Bench::new("opaque = false\njwts = true").await;
    assert_eq!(only_jwts.at(OPAQUE, 0).await.unwrap_err().check, Check::Form);
    assert_eq!((only_opaque.asked(), only_jwts.asked()), (0, 0));
}

#[tokio::test]
async fn live_sessions_are_asked_about_again() {
    let bench = Bench::new("recheck_s = 30").await;
    let caller = bench.at(OPAQUE, 0).await.unwrap();
    assert_eq!(bench.issuers.recheck_s(&caller), Some(30));
    let at = |later: u64| bench.issuers.recheck(OPAQUE, &caller, now() + later);
    assert_eq!(at(30).await, Recheck::Active);
    bench.says(OPAQUE, json!({"active": false}));
    assert_eq!(at(34).await, Recheck::Active, "asked by another session just before");
    assert_eq!(at(40).await, Recheck::Ended);
    *bench.provider.answers.instead_of_active.lock().unwrap() =
        Some("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned());
    assert_eq!(at(60).await, Recheck::Unanswered);
    let gates = Caller { via_gate: true, ..(*caller).clone() };
    assert_eq!(bench.issuers.recheck_s(&gates), None, "an identity provider knows no token of the gate");
    assert_eq!(bench.issuers.recheck("x", &gates, now()).await, Recheck::Active);
    assert_eq!(Bench::new("").await.issuers.recheck_s(&caller), None);
}

#[tokio::test]
async fn configuration_mistakes_name_the_setting() {
    let bench = Bench::new("").await;
    let secret = bench.folder.path().join("secret");
    let refused = |change: &dyn Fn(&mut IntrospectionConfig)| {
        let mut config = config(&bench.provider, &secret, "");
        change(config.introspection.as_mut().unwrap());
        Issuers::new(vec![config]).unwrap_err().to_string()
    };
    assert!(refused(&|asked| asked.url = "http://idp.example/x".to_owned()).contains("introspection.url: use https"));
    assert!(refused(&|asked| asked.client_id.clear()).contains("introspection.client_id: "));
    assert!(refused(&|asked| asked.opaque = false).contains("introspection.opaque: "));
    for seconds in [0, 9, 3_601] {
        assert!(refused(&|asked| asked.recheck_s = Some(seconds)).contains("introspection.recheck_s: "));
    }
    let command =
        |words: &[&str]| SecretSource::Command { command: words.iter().map(|word| (*word).to_owned()).collect() };
    for words in [&[][..], &["/nonexistent/program"], &["false"], &["true"], &["printf", "a\\nb"]] {
        let text = refused(&|asked| asked.client_secret = command(words));
        assert!(text.contains("introspection.client_secret: "), "{words:?} {text}");
    }
    let mut good = config(&bench.provider, &secret, "");
    good.introspection.as_mut().unwrap().client_secret = command(&["printf", "s3cret"]);
    assert!(Issuers::new(vec![good.clone()]).is_ok());
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
    let text = refused(&|_| {});
    assert!(text.contains("chmod 600") && !text.contains("s3cret"), "{text}");
    let mut other = good.clone();
    (other.name, other.issuer) = ("other".to_owned(), "https://other.example".to_owned());
    let text = Issuers::new(vec![good, other]).unwrap_err().to_string();
    assert!(text.contains("\"other\": introspection.opaque: "), "{text}");
    assert!(toml::from_str::<IntrospectionConfig>("url = \"x\"\nclient_id = \"x\"\nclient_secret = \"s\"").is_err());
}
