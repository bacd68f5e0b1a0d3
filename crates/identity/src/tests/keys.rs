//! Keys that come, go, are unknown or cannot be fetched.

use super::*;

const DAY: u64 = 24 * 60 * 60;

/// A token that a day later is still valid, with the issuer's cap lifted.
fn long_token(provider: &Provider, signer: &Signer) -> String {
    signer.token(&provider.claims_with(json!({"exp": now() + 3 * DAY})))
}

fn patient(provider: &Provider) -> Arc<Issuers> {
    let mut config = provider.config();
    config.token_lifetime_max_s = Some(10 * DAY);
    Issuers::new(vec![config]).unwrap()
}

#[tokio::test]
async fn a_rotated_key_is_found_and_a_removed_one_ends_its_tokens() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let provider = Provider::start(&[&old]).await;
    let issuers = provider.issuers();
    issuers.refresh_all().await;
    let old_token = old.token(&provider.claims());
    assert!(verify(&issuers, &old_token).await.is_ok());
    provider.publish(&[&old, &new]);
    assert!(verify(&issuers, &new.token(&provider.claims())).await.is_ok(), "an unknown kid causes a fetch");
    assert!(verify(&issuers, &old_token).await.is_ok());
    provider.publish(&[&new]);
    assert!(verify(&issuers, &old_token).await.is_ok(), "until the next refresh");
    issuers.refresh_all().await;
    assert_eq!(refusal(&issuers, &old_token).await, Check::Key, "also a token that was verified before");
    assert!(verify(&issuers, &new.token(&provider.claims())).await.is_ok());
    assert_eq!(issuers.state()[0].keys, 1);
}

#[tokio::test]
async fn an_outage_is_bridged_for_a_day_and_then_refused() {
    let signer = Signer::ed25519("k1");
    let provider = Provider::start(&[&signer]).await;
    let issuers = patient(&provider);
    issuers.refresh_all().await;
    provider.fail(true);
    issuers.refresh_all().await;
    let state = issuers.state().remove(0);
    assert_eq!((state.keys, state.last_refresh_ok_unix.is_some()), (1, true));
    assert!(state.last_error.unwrap().contains("HTTP status 503"));
    let token = long_token(&provider, &signer);
    let at = |later: u64| issuers.verify(&token, CredentialKind::OauthBearer, now() + later);
    assert!(at(0).await.is_ok());
    assert!(at(DAY - 60).await.is_ok());
    let refused = at(DAY + 60).await.unwrap_err();
    assert_eq!(refused.check, Check::KeysAvailable, "also a token that was verified before");
    provider.fail(false);
    assert_eq!(at(DAY + 61).await.unwrap_err().check, Check::KeysAvailable, "not asked again so soon");
    assert!(at(DAY + 80).await.is_ok(), "the token causes the fetch");
}

#[tokio::test]
async fn without_any_keys_the_refusal_says_so() {
    let signer = Signer::ed25519("k1");
    let provider = Provider::start(&[&signer]).await;
    provider.fail(true);
    let issuers = provider.issuers();
    issuers.refresh_all().await;
    assert_eq!(refusal(&issuers, &signer.token(&provider.claims())).await, Check::KeysAvailable);
    assert_eq!(issuers.state()[0].keys, 0);
}

#[tokio::test]
async fn an_issuer_that_takes_its_keys_away_ends_all_tokens() {
    let signer = Signer::ed25519("k1");
    let provider = Provider::start(&[&signer]).await;
    let issuers = provider.issuers();
    let token = signer.token(&provider.claims());
    assert!(verify(&issuers, &token).await.is_ok());
    provider.publish(&[]);
    issuers.refresh_all().await;
    assert_eq!(refusal(&issuers, &token).await, Check::Key, "an empty set is an answer, not an outage");
    // another key under the same id, and the first one again
    provider.publish(&[&Signer::ed25519("k1")]);
    issuers.refresh_all().await;
    assert_eq!(refusal(&issuers, &token).await, Check::Signature);
    provider.publish(&[&signer]);
    issuers.refresh_all().await;
    assert!(verify(&issuers, &token).await.is_ok());
}

#[tokio::test]
async fn a_slow_issuer_holds_up_no_token_whose_key_is_known() {
    let (signer, unknown) = (Signer::ed25519("k1"), Signer::ed25519("k2"));
    let provider = Provider::start(&[&signer]).await;
    let issuers = provider.issuers();
    issuers.refresh_all().await;
    provider.answers.silent.store(true, Ordering::SeqCst);
    let waits = {
        let (issuers, token) = (Arc::clone(&issuers), unknown.token(&provider.claims()));
        tokio::spawn(async move { verify(&issuers, &token).await.unwrap_err().check })
    };
    while provider.fetches() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(verify(&issuers, &signer.token(&provider.claims())).await.is_ok());
    assert!(!waits.is_finished(), "the other one waits for the issuer");
    assert_eq!(waits.await.unwrap(), Check::Key, "for some seconds only");
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_costs_the_issuer_little() {
    let (signer, evil) = (Signer::ed25519("k1"), Signer::ed25519("x"));
    let provider = Provider::start(&[&signer]).await;
    let issuers = provider.issuers();
    issuers.refresh_all().await;
    let (start, before) = (now(), provider.fetches());
    let flood = |second: u64, count: usize| {
        let tokens: Vec<String> = (0..count)
            .map(|i| evil.token_with(&json!({"alg": "EdDSA", "kid": format!("{second}-{i}")}), &provider.claims()))
            .collect();
        let issuers = &issuers;
        async move {
            for token in tokens {
                let refused = issuers.verify(&token, CredentialKind::OauthBearer, start + second).await.unwrap_err();
                assert_eq!(refused.check, Check::Key);
            }
        }
    };
    for second in 0..30 {
        flood(second, 20).await;
    }
    assert_eq!(provider.fetches() - before, 3, "one in ten seconds");
    assert!(verify(&issuers, &signer.token(&provider.claims())).await.is_ok(), "known keys go on");
}

#[tokio::test]
async fn a_key_id_that_was_not_found_is_not_asked_for_again_for_a_minute() {
    let (signer, late) = (Signer::ed25519("k1"), Signer::ed25519("late"));
    let provider = Provider::start(&[&signer]).await;
    let issuers = provider.issuers();
    let token = late.token(&provider.claims());
    let (start, credential) = (now(), CredentialKind::OauthBearer);
    let at = |later: u64| issuers.verify(&token, credential, start + later);
    assert_eq!(at(0).await.unwrap_err().check, Check::Key);
    provider.publish(&[&signer, &late]);
    assert_eq!(at(59).await.unwrap_err().check, Check::Key);
    assert_eq!(provider.fetches(), 1);
    assert!(at(60).await.is_ok());
    assert_eq!(provider.fetches(), 2);
}

#[tokio::test]
async fn many_tokens_of_a_new_key_share_one_fetch() {
    let signer = Signer::ed25519("k1");
    let provider = Provider::start(&[&signer]).await;
    let issuers = provider.issuers();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..50 {
        let (issuers, token) =
            (Arc::clone(&issuers), signer.token(&provider.claims_with(json!({"jti": i.to_string()}))));
        tasks.spawn(async move { verify(&issuers, &token).await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|good| good));
    assert_eq!(provider.fetches(), 1);
}

#[tokio::test]
async fn a_verified_token_is_kept_until_it_expires_and_per_credential() {
    let signer = Signer::ed25519("k1");
    let provider = Provider::start(&[&signer]).await;
    let issuers = provider.issuers();
    let token = signer.token(&provider.claims());
    let (first, again) = (verify(&issuers, &token).await.unwrap(), verify(&issuers, &token).await.unwrap());
    assert!(Arc::ptr_eq(&first, &again));
    let plain = issuers.verify(&token, CredentialKind::PlainToken, now()).await.unwrap();
    assert_eq!((plain.credential, first.credential), (CredentialKind::PlainToken, CredentialKind::OauthBearer));
    let later = issuers.verify(&token, CredentialKind::OauthBearer, now() + 3_600).await.unwrap_err();
    assert_eq!(later.check, Check::Expiry);
}

#[tokio::test]
async fn another_issuers_key_is_no_key() {
    let (one, two) = (Signer::ed25519("k1"), Signer::ed25519("k1"));
    let (first, second) = (Provider::start(&[&one]).await, Provider::start(&[&two]).await);
    let mut config = second.config();
    config.name = "second".to_owned();
    let issuers = Issuers::new(vec![first.config(), config]).unwrap();
    assert_eq!(refusal(&issuers, &two.token(&first.claims())).await, Check::Signature);
    let (ann, other) =
        (verify(&issuers, &one.token(&first.claims())).await, verify(&issuers, &two.token(&second.claims())).await);
    let (ann, other) = (ann.unwrap(), other.unwrap());
    assert_eq!((ann.issuer.as_str(), other.issuer.as_str()), ("idp", "second"), "one subject, two identities");
    assert_eq!(other.groups, ["second:chess", "second:sales"]);
}

#[tokio::test]
async fn a_server_that_misbehaves_is_not_followed() {
    let signer = Signer::ed25519("k1");
    let (provider, elsewhere) = (Provider::start(&[]).await, Provider::start(&[&signer]).await);
    let answer = |text: String| {
        let (provider, issuers) = (&provider, provider.issuers());
        *provider.answers.instead.lock().unwrap() = Some(text);
        async move {
            issuers.refresh_all().await;
            let state = issuers.state().remove(0);
            assert_eq!(state.keys, 0);
            state.last_error.unwrap_or_default()
        }
    };
    let redirect =
        |to: &str| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let error = answer(redirect(&format!("{}/keys", elsewhere.url))).await;
    assert!(error.contains("another host"), "{error}");
    assert_eq!(elsewhere.fetches(), 0);
    let error = answer(redirect("/keys")).await;
    assert!(error.contains("too many redirects"), "{error}");
    let long = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", " ".repeat(2 << 20));
    let error = answer(long).await;
    assert!(error.contains("more than 1048576 bytes"), "{error}");
    assert!(answer("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>".to_owned()).await.contains("no JWKS"));
    assert!(answer("garbage\r\n\r\n".to_owned()).await.contains("/keys"));
    *provider.answers.instead.lock().unwrap() = None;
    *provider.answers.lies.lock().unwrap() = Some(format!("{}/", provider.url));
    let issuers = provider.issuers();
    issuers.refresh_all().await;
    assert!(issuers.state()[0].last_error.clone().unwrap().contains("not the configured one"));
}

#[tokio::test]
async fn the_key_sets_address_may_be_configured() {
    let signer = Signer::ed25519("k1");
    let provider = Provider::start(&[&signer]).await;
    *provider.answers.lies.lock().unwrap() = Some("https://lies.example".to_owned());
    let mut config = provider.config();
    config.jwks_url = Some(format!("{}/keys", provider.url));
    let issuers = Issuers::new(vec![config]).unwrap();
    assert!(verify(&issuers, &signer.token(&provider.claims())).await.is_ok(), "without discovery");
}
