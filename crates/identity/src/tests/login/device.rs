//! The device flow: how often the provider is asked, and what its answers lead to.

use super::*;

/// What a provider answers to begin with.
fn answer(changes: Value) -> String {
    let mut answer = json!({
        "device_code": "dev1ce-c0de", "user_code": "WDJB-MJHT", "expires_in": 600, "interval": 2,
        "verification_uri": "https://idp.example/device",
        "verification_uri_complete": "https://idp.example/device?user_code=WDJB-MJHT",
    });
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        answer[name] = value;
    }
    answer.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    ok(&answer)
}

impl Bench {
    fn answers(&self, answer: String) {
        *self.provider.answers.login.device.lock().unwrap() = answer;
    }

    async fn begin_device(&self) -> Result<DeviceBegun, LoginRefused> {
        self.issuers.begin_device("idp", now()).await
    }

    async fn pending(&self) -> (DevicePending, u64) {
        self.answers(answer(json!({})));
        let begun = self.begin_device().await.unwrap();
        (begun.pending, begun.expires_at - 600)
    }

    /// How often the token endpoint was asked.
    fn asked(&self) -> usize {
        self.posts().iter().filter(|(path, _, _)| path == "/token").count()
    }
}

fn waits(poll: Result<DevicePoll, LoginRefused>) -> u64 {
    match poll {
        Ok(DevicePoll::Pending { interval_s }) => interval_s,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_person_logs_in_by_device() {
    let bench = Bench::new().await;
    bench.answers(answer(json!({})));
    let mut begun = bench.begin_device().await.unwrap();
    let began = begun.expires_at - 600;
    assert_eq!((begun.user_code.as_str(), begun.interval_s), ("WDJB-MJHT", 2));
    assert_eq!(begun.verification_uri, "https://idp.example/device");
    assert_eq!(begun.verification_uri_complete.as_deref(), Some("https://idp.example/device?user_code=WDJB-MJHT"));
    assert!(!format!("{begun:?}").contains("dev1ce"));
    let (_, head, asked) = bench.posts().remove(0);
    assert_eq!((asked["client_id"].as_str(), asked["scope"].as_str()), ("the gate", "openid"));
    assert!(asked["code_challenge_method"] == "S256" && !head.to_lowercase().contains("authorization"), "{head}");
    // no question before the interval has passed
    assert_eq!(waits(bench.issuers.poll_device(&mut begun.pending, began + 1).await), 2);
    assert_eq!(bench.asked(), 0);
    bench.grants(error("authorization_pending"));
    assert_eq!(waits(bench.issuers.poll_device(&mut begun.pending, began + 2).await), 2);
    assert_eq!(waits(bench.issuers.poll_device(&mut begun.pending, began + 3).await), 2);
    assert_eq!(bench.asked(), 1);
    // what the token says under nonce is nobody's here
    let claims = bench.claims(None, json!({}));
    bench.gives(&bench.id_token(&claims));
    match bench.issuers.poll_device(&mut begun.pending, began + 4).await.unwrap() {
        DevicePoll::Done(caller) => assert_eq!((caller.subject.as_str(), caller.groups.len()), ("ann", 2)),
        DevicePoll::Pending { .. } => panic!("pending"),
    }
    let (_, _, form) = bench.posts().pop().unwrap();
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(form["device_code"], "dev1ce-c0de");
    assert_eq!(base64(&sha256(&[form["code_verifier"].as_bytes()])), asked["code_challenge"]);
    let again = bench.issuers.poll_device(&mut begun.pending, began + 20).await.unwrap_err();
    assert_eq!((again.check, bench.asked()), (LoginCheck::Code, 2), "a login is finished once");
}

#[tokio::test]
async fn slow_down_makes_the_interval_longer_for_good() {
    let bench = Bench::new().await;
    let (mut pending, began) = bench.pending().await;
    bench.grants(error("slow_down"));
    assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + 2).await), 7);
    assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + 8).await), 7);
    assert_eq!(bench.asked(), 1, "not asked 6 s later");
    bench.grants(error("authorization_pending"));
    assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + 9).await), 7);
    bench.grants(error("slow_down"));
    assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + 16).await), 12);
    assert_eq!(bench.asked(), 3);
}

#[tokio::test]
async fn what_ends_a_device_login_ends_it_for_good() {
    let bench = Bench::new().await;
    for (said, check) in [
        ("access_denied", LoginCheck::Denied),
        ("expired_token", LoginCheck::Expired),
        ("invalid_grant", LoginCheck::Code),
        ("invalid_client", LoginCheck::Client),
        ("unsupported_grant_type", LoginCheck::Client),
        ("\u{1b}[2J", LoginCheck::Client),
    ] {
        let (mut pending, began) = bench.pending().await;
        bench.grants(error(said));
        let refused = bench.issuers.poll_device(&mut pending, began + 2).await.unwrap_err();
        assert_eq!(refused.check, check, "{refused}");
        assert!(!refused.detail.contains(char::is_control) && !refused.detail.contains("c0de"), "{refused}");
        let asked = bench.asked();
        let again = bench.issuers.poll_device(&mut pending, began + 30).await.unwrap_err();
        assert_eq!((again.check, bench.asked()), (LoginCheck::Code, asked));
    }
    let (mut pending, began) = bench.pending().await;
    let asked = bench.asked();
    let refused = bench.issuers.poll_device(&mut pending, began + 600).await.unwrap_err();
    assert_eq!((refused.check, bench.asked()), (LoginCheck::Expired, asked), "nobody is asked after the end");
}

#[tokio::test]
async fn a_bad_id_token_ends_a_device_login() {
    let bench = Bench::new().await;
    let good = bench.claims(None, json!({}));
    for (given, check) in [
        (ok(&json!({"access_token": bench.signer.token(&bench.provider.claims())})), LoginCheck::IdToken),
        (
            ok(&json!({"id_token": Signer::ed25519("k1").token_with(&json!({"alg": "EdDSA", "kid": "k1"}), &good)})),
            LoginCheck::Token(Check::Signature),
        ),
        (
            ok(&json!({"id_token": bench.id_token(&bench.claims(None, json!({"aud": "gate"})))})),
            LoginCheck::Token(Check::Audience),
        ),
        (bodied("200 OK", "<html>"), LoginCheck::Answer),
    ] {
        let (mut pending, began) = bench.pending().await;
        bench.grants(given);
        if check == LoginCheck::Answer {
            assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + 2).await), 4, "may come to its senses");
            continue;
        }
        let refused = bench.issuers.poll_device(&mut pending, began + 2).await.unwrap_err();
        assert_eq!(refused.check, check, "{refused}");
        assert!(bench.issuers.poll_device(&mut pending, began + 90).await.is_err());
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_less_often_and_given_up() {
    let bench = Bench::new().await;
    let (mut pending, began) = bench.pending().await;
    bench.grants(broken("503 Busy"));
    assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + 2).await), 4);
    bench.grants(error("authorization_pending"));
    assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + 6).await), 4, "not counted any more");
    for (later, interval) in [(10, 8), (18, 16)] {
        bench.grants(broken("503 Busy"));
        assert_eq!(waits(bench.issuers.poll_device(&mut pending, began + later).await), interval);
    }
    bench.grants(broken("503 Busy"));
    assert_eq!(bench.issuers.poll_device(&mut pending, began + 34).await.unwrap_err().check, LoginCheck::Answer);
    assert_eq!(bench.asked(), 5);
}

#[tokio::test]
async fn what_people_are_shown_is_checked() {
    let bench = Bench::new().await;
    let begin = async |changes: Value| {
        bench.answers(answer(changes));
        bench.begin_device().await
    };
    let begun = begin(json!({"verification_uri_complete": null, "interval": null})).await.unwrap();
    assert_eq!((begun.verification_uri_complete, begun.interval_s), (None, 5));
    let google = json!({"verification_uri": null, "verification_url": "https://idp.example/g"});
    assert_eq!(begin(google).await.unwrap().verification_uri, "https://idp.example/g");
    let long = begin(json!({"expires_in": 1_000_000, "interval": 0})).await.unwrap();
    assert!((now() + 1_700..=now() + 1_800).contains(&long.expires_at) && long.interval_s == 1);
    assert!(begin(json!({"interval": 1_000_000})).await.unwrap().interval_s <= 300);
    for changes in [
        json!({"device_code": null}),
        json!({"device_code": ""}),
        json!({"device_code": "x".repeat(5_000)}),
        json!({"device_code": 7}),
        json!({"user_code": null}),
        json!({"user_code": "A\u{1b}[2JB"}),
        json!({"user_code": "x".repeat(65)}),
        json!({"user_code": "ü"}),
        json!({"verification_uri": null}),
        json!({"verification_uri": "javascript:alert(1)"}),
        json!({"verification_uri": "http://idp.example/device"}),
        json!({"verification_uri": "https://user:pw@idp.example/device"}),
        json!({"verification_uri_complete": "http://idp.example/device?x"}),
        json!({"verification_uri_complete": 7}),
        json!({"verification_uri": format!("https://idp.example/{}", "x".repeat(2_100))}),
        json!({"expires_in": null}),
        json!({"expires_in": "600"}),
        json!({"interval": "2"}),
        json!({"interval": -1}),
    ] {
        let refused = begin(changes.clone()).await.unwrap_err();
        assert_eq!(refused.check, LoginCheck::Answer, "{changes} {refused}");
    }
    bench.answers(bodied("200 OK", "{\"device_code\":\"a\",\"device_code\":\"b\"}"));
    assert_eq!(bench.begin_device().await.unwrap_err().check, LoginCheck::Answer);
    bench.answers(error("unauthorized_client"));
    assert_eq!(bench.begin_device().await.unwrap_err().check, LoginCheck::Client);
    bench.answers(broken("302 Found"));
    assert_eq!(bench.begin_device().await.unwrap_err().check, LoginCheck::Answer);
}

#[tokio::test]
async fn a_provider_without_device_flow_is_said_to_have_none() {
    let bench = Bench::new().await;
    bench.provider.says("device_authorization_endpoint", Value::Null);
    let refused = bench.begin_device().await.unwrap_err();
    assert!(refused.check == LoginCheck::Metadata && refused.detail.contains("browser"), "{refused}");
    assert!(bench.issuers.begin_code("idp", REDIRECT, now()).await.is_ok());
}
