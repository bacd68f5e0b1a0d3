//! Providers that lie, fail, answer too much or not at all, and answers of other providers.

use super::*;

impl Bench {
    /// The check that refuses to begin a login, asked so many seconds from now.
    async fn no_begin(&self, later: u64) -> LoginCheck {
        let refused = self.issuers.begin_code("idp", REDIRECT, now() + later).await.unwrap_err();
        assert!(!refused.detail.contains("http"), "where the provider is asked is nothing for the person: {refused}");
        refused.check
    }

    fn instead(&self, answer: Option<String>) {
        *self.provider.answers.login.instead.lock().unwrap() = answer;
    }
}

#[tokio::test]
async fn metadata_are_the_issuers_own_and_its_addresses_are_safe() {
    for (name, value) in [
        ("issuer", json!("https://other.example")),
        ("token_endpoint", Value::Null),
        ("token_endpoint", json!(7)),
        ("token_endpoint", json!("http://idp.example/token")),
        ("token_endpoint", json!("https://user:pw@idp.example/token")),
        ("token_endpoint", json!(format!("https://idp.example/{}", "x".repeat(2_100)))),
        ("authorization_endpoint", Value::Null),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("authorization_endpoint", json!("http://idp.example/authorize")),
        ("device_authorization_endpoint", json!("ftp://idp.example/device")),
        ("code_challenge_methods_supported", json!(["plain"])),
        ("code_challenge_methods_supported", json!("S256")),
    ] {
        let bench = Bench::new().await;
        bench.provider.says(name, value.clone());
        assert_eq!(bench.no_begin(0).await, LoginCheck::Metadata, "{name} {value}");
        assert!(bench.posts().is_empty());
    }
    let bench = Bench::new().await;
    bench.provider.says("code_challenge_methods_supported", json!(["plain", "S256"]));
    bench.begin().await;
}

#[tokio::test]
async fn metadata_that_cannot_be_had_are_asked_for_again_after_a_while() {
    let bench = Bench::new().await;
    let big = bodied("200 OK", &format!("{{\"issuer\":\"{}\"}}", "x".repeat(1_100_000)));
    let elsewhere =
        "HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned();
    let mut later = 0;
    for (answer, check) in [
        (broken("503 Busy"), LoginCheck::Answer),
        (broken("404 Not Found"), LoginCheck::Answer),
        (big, LoginCheck::Answer),
        (elsewhere, LoginCheck::Answer),
        (bodied("200 OK", "<html>sign in</html>"), LoginCheck::Metadata),
        (bodied("200 OK", "[]"), LoginCheck::Metadata),
        (bodied("200 OK", "{\"issuer\":\"a\",\"issuer\":\"b\"}"), LoginCheck::Metadata),
        ("\r\n\r\n".to_owned(), LoginCheck::Answer),
    ] {
        bench.instead(Some(answer));
        assert_eq!(bench.no_begin(later).await, check);
        later += 5;
    }
    assert_eq!(bench.documents(), 8);
    bench.instead(None);
    assert_eq!(bench.no_begin(later - 1).await, LoginCheck::Answer, "left alone for five seconds");
    assert_eq!(bench.documents(), 8);
    for after in [0, 299] {
        assert!(bench.issuers.begin_code("idp", REDIRECT, now() + later + after).await.is_ok());
    }
    assert_eq!(bench.documents(), 9, "believed for five minutes");
    bench.instead(Some(broken("503 Busy")));
    assert_eq!(bench.no_begin(later + 301).await, LoginCheck::Answer, "and not longer");
}

#[tokio::test]
async fn many_logins_at_once_ask_for_metadata_once() {
    let bench = Bench::new().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let issuers = Arc::clone(&bench.issuers);
        tasks.spawn(async move { issuers.begin_code("idp", REDIRECT, now()).await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|good| good));
    assert_eq!(bench.documents(), 1);
}

#[tokio::test]
async fn a_silent_provider_blocks_nobody_for_long() {
    let bench = Bench::new().await;
    let mut begun = Vec::new();
    for _ in 0..30 {
        begun.push(bench.begin().await);
    }
    bench.provider.answers.silent.store(true, Ordering::SeqCst);
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for one in begun {
        let issuers = Arc::clone(&bench.issuers);
        tasks.spawn(async move { issuers.finish_code(one.pending, CODE, None, now()).await.unwrap_err().check });
    }
    let issuers = Arc::clone(&bench.issuers);
    tasks.spawn(async move { issuers.begin_device("idp", now()).await.unwrap_err().check });
    assert!(tasks.join_all().await.into_iter().all(|check| check == LoginCheck::Answer));
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    // one that is gone
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.provider.task.abort();
    while tokio::net::TcpStream::connect(bench.provider.url.trim_start_matches("http://")).await.is_ok() {}
    assert_eq!(bench.finish(begun).await.unwrap_err().check, LoginCheck::Answer);
}

#[tokio::test]
async fn answers_of_the_token_endpoint_that_give_nobody() {
    let bench = Bench::new().await;
    let good = |changes: Value| {
        let claims = bench.claims(Some("x"), changes);
        bench.id_token(&claims)
    };
    let long = json!({"id_token": good(json!({})), "access_token": "x".repeat(140_000)});
    let elsewhere = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/token\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        bench.provider.url
    );
    for (answer, check) in [
        (ok(&json!({})), LoginCheck::IdToken),
        (ok(&json!({"access_token": good(json!({}))})), LoginCheck::IdToken),
        (ok(&json!({"id_token": null})), LoginCheck::IdToken),
        (ok(&json!({"id_token": 7})), LoginCheck::Answer),
        (bodied("200 OK", "{\"id_token\":\"a\",\"id_token\":\"b\"}"), LoginCheck::Answer),
        (bodied("200 OK", "<html>sign in</html>"), LoginCheck::Answer),
        (bodied("200 OK", ""), LoginCheck::Answer),
        (bodied("200 OK", "[]"), LoginCheck::Answer),
        (ok(&long), LoginCheck::Answer),
        (elsewhere, LoginCheck::Answer),
        (broken("500 Oops"), LoginCheck::Answer),
        (bodied("502 Bad Gateway", "{\"error\":\"invalid_grant\"}"), LoginCheck::Answer),
        (bodied("400 Bad Request", "<html>"), LoginCheck::Answer),
        (bodied("400 Bad Request", "{\"error\":7}"), LoginCheck::Answer),
        ("nonsense".to_owned(), LoginCheck::Answer),
        // the code was used before
        (error("invalid_grant"), LoginCheck::Code),
        (error("access_denied"), LoginCheck::Denied),
        (error("invalid_client"), LoginCheck::Client),
        (bodied("401 Unauthorized", "{\"error\":\"invalid_client\"}"), LoginCheck::Client),
        (error("invalid_scope"), LoginCheck::Client),
        (error(&format!("\u{1b}[2J{}", "x".repeat(500))), LoginCheck::Client),
    ] {
        let (begun, before) = (bench.begin().await, bench.posts().len());
        bench.grants(answer.clone());
        let refused = bench.finish(begun).await.unwrap_err();
        assert_eq!(refused.check, check, "{answer:.200} {refused}");
        assert_eq!(bench.posts().len(), before + 1, "no redirect is followed, nothing is asked twice");
        let text = format!("{refused} {refused:?}");
        assert!(!text.contains("c0de") && !text.contains("http") && text.len() < 800, "{text}");
        assert!(!refused.detail.contains(char::is_control), "{text}");
    }
}

#[tokio::test]
async fn an_answer_of_another_provider_goes_nowhere() {
    let bench = Bench::new().await;
    for iss in ["https://other.example", "", &format!("{}/", bench.provider.url)] {
        let begun = bench.begin().await;
        let refused = bench.issuers.finish_code(begun.pending, CODE, Some(iss), now()).await.unwrap_err();
        assert_eq!(refused.check, LoginCheck::RedirectIssuer, "{iss}");
    }
    bench.provider.says("authorization_response_iss_parameter_supported", json!(true));
    let issuers = Issuers::new(vec![config(&bench.provider, "")]).unwrap();
    let begun = issuers.begin_code("idp", REDIRECT, now()).await.unwrap();
    let refused = issuers.finish_code(begun.pending, CODE, None, now()).await.unwrap_err();
    assert_eq!(refused.check, LoginCheck::RedirectIssuer, "it always says who it is");
    for code in ["", "a b", "a\u{7f}", "ü", &"x".repeat(4_097)] {
        let begun = bench.begin().await;
        let refused = bench.issuers.finish_code(begun.pending, code, None, now()).await.unwrap_err();
        assert_eq!(refused.check, LoginCheck::Code);
    }
    assert!(bench.posts().is_empty(), "no code of anybody's is taken to the provider");
}

#[tokio::test]
async fn a_login_does_not_outlast_a_change_of_its_issuer() {
    let (bench, other) = (Bench::new().await, Bench::new().await);
    let begun = bench.begin().await;
    let refused = other.issuers.finish_code(begun.pending, CODE, None, now()).await.unwrap_err();
    assert_eq!(refused.check, LoginCheck::Provider);
    let begun = bench.begin().await;
    let without = bench.provider.issuers();
    let refused = without.finish_code(begun.pending, CODE, None, now()).await.unwrap_err();
    assert_eq!(refused.check, LoginCheck::Provider);
    assert!(bench.posts().is_empty() && other.posts().is_empty());
}

#[test]
fn errors_in_a_redirect_are_put_into_our_own_words() {
    for (error, check) in [
        ("access_denied", LoginCheck::Denied),
        ("login_required", LoginCheck::Denied),
        ("temporarily_unavailable", LoginCheck::Answer),
        ("invalid_scope", LoginCheck::Client),
        ("\u{1b}[2J", LoginCheck::Client),
    ] {
        let refused = redirect_refused("idp", error);
        assert_eq!(refused.check, check);
        assert!(refused.detail.contains("idp") && !refused.detail.contains(char::is_control), "{refused}");
    }
    let long = redirect_refused("idp", &"<script>".repeat(100));
    assert!(long.detail.len() < 400, "{long}");
}
