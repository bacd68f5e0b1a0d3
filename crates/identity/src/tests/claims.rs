//! Every check of the list, on header and claims.

use aws_lc_rs::digest::{SHA256, digest};

use super::*;

pub(super) struct Bench {
    pub(super) provider: Provider,
    pub(super) signer: Signer,
    pub(super) issuers: Arc<Issuers>,
}

impl Bench {
    pub(super) async fn new() -> Bench {
        let signer = Signer::ed25519("k1");
        let provider = Provider::start(&[&signer]).await;
        let issuers = provider.issuers();
        Bench { provider, signer, issuers }
    }

    pub(super) async fn with(change: impl FnOnce(&mut IssuerConfig)) -> Bench {
        let mut bench = Bench::new().await;
        let mut config = bench.provider.config();
        change(&mut config);
        bench.issuers = Issuers::new(vec![config]).unwrap();
        bench
    }

    pub(super) async fn claims(&self, changes: Value) -> Result<Arc<Caller>, TokenRefused> {
        verify(&self.issuers, &self.signer.token(&self.provider.claims_with(changes))).await
    }

    #[track_caller]
    fn check(result: &Result<Arc<Caller>, TokenRefused>) -> Option<Check> {
        result.as_ref().err().map(|refused| refused.check)
    }

    /// Asserts that a token with these changed claims fails just this check, or none.
    pub(super) async fn expect(&self, changes: Value, check: Option<Check>) {
        let shown = changes.to_string();
        let result = self.claims(changes).await;
        assert_eq!(Bench::check(&result), check, "{shown} {result:?}");
    }

    async fn expect_header(&self, header: &Value, claims: &Value, check: Option<Check>) {
        let result = verify(&self.issuers, &self.signer.token_with(header, claims)).await;
        assert_eq!(Bench::check(&result), check, "{header} {result:?}");
    }
}

fn names(text: &str) -> OneOrMore {
    OneOrMore(vec![text.to_owned()])
}

#[tokio::test]
async fn a_good_token_says_who_is_calling() {
    for signer in [Signer::rsa("k1"), Signer::p256("k1"), Signer::ed25519("k1")] {
        let provider = Provider::start(&[&signer]).await;
        let claims = provider.claims_with(json!({"amr": ["pwd", "mfa"], "auth_time": now() - 50, "sid": "s-1"}));
        let token = signer.token(&claims);
        let caller = verify(&provider.issuers(), &token).await.unwrap();
        let expected = Caller {
            kind: CallerKind::User,
            issuer: "idp".to_owned(),
            subject: "ann".to_owned(),
            groups: vec!["idp:chess".to_owned(), "idp:sales".to_owned()],
            groups_known: true,
            client: Some("cli".to_owned()),
            token_id: Some("t-1".to_owned()),
            token_hash: digest(&SHA256, token.as_bytes()).as_ref().try_into().ok(),
            session: Some("s-1".to_owned()),
            credential: CredentialKind::OauthBearer,
            via_gate: false,
            issued_at: claims["iat"].as_u64(),
            expires_at: claims["exp"].as_u64().unwrap(),
            mfa_at: claims["auth_time"].as_u64(),
        };
        assert_eq!(*caller, expected, "{}", signer.algorithm());
    }
}

#[tokio::test]
async fn size_and_form() {
    let bench = Bench::new().await;
    let (issuers, signer) = (&bench.issuers, &bench.signer);
    let long = bench.provider.claims_with(json!({"x": "x".repeat(TOKEN_BYTES_MAX)}));
    assert_eq!(refusal(issuers, &signer.token(&long)).await, Check::Size);
    let good = signer.token(&bench.provider.claims());
    let (header, rest) = good.split_once('.').unwrap();
    for token in [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        "\u{1F30A}.\u{1F30A}.\u{1F30A}",
        &format!("{good}.x"),
        &format!("{good}.x.y"),
        &format!("{header}=.{rest}"),
        &format!(" {good}"),
        &format!("{}.{rest}", base64(b"[]")),
        &format!("{}.{rest}", base64(b"\xff")),
        &format!("{header}.{}.x", base64(b"7")),
        &format!("{header}.{}.x", base64("[".repeat(5_000).as_bytes())),
    ] {
        assert_eq!(refusal(issuers, token).await, Check::Form, "{token}");
    }
    assert_eq!(bench.provider.fetches(), 0, "no key is fetched for nonsense");
}

#[tokio::test]
async fn duplicate_names() {
    let bench = Bench::new().await;
    let claims = bench.provider.claims().to_string();
    let header = bench.signer.header().to_string();
    let twice = claims.replacen('{', r#"{"sub":"root","#, 1);
    assert_eq!(refusal(&bench.issuers, &bench.signer.token_of(&header, &twice)).await, Check::DuplicateNames);
    let nested = claims.replacen('{', r#"{"act":{"sub":"a","sub":"b"},"#, 1);
    assert_eq!(refusal(&bench.issuers, &bench.signer.token_of(&header, &nested)).await, Check::DuplicateNames);
    let header = header.replacen('{', r#"{"alg":"none","#, 1);
    assert_eq!(refusal(&bench.issuers, &bench.signer.token_of(&header, &claims)).await, Check::DuplicateNames);
}

#[tokio::test]
async fn issuer_is_exactly_a_configured_one() {
    let bench = Bench::new().await;
    let url = &bench.provider.url;
    for iss in [
        json!("https://evil.example"),
        json!(format!("{url}/")),
        json!(url.to_uppercase()),
        json!([url]),
        json!(7),
        Value::Null,
    ] {
        bench.expect(json!({"iss": iss}), Some(Check::Issuer)).await;
    }
    bench.expect(json!({}), None).await;
}

#[tokio::test]
async fn algorithm_is_pinned() {
    let bench = Bench::new().await;
    let claims = bench.provider.claims();
    for alg in [
        json!("none"),
        json!("None"),
        json!(""),
        json!("HS256"),
        json!("HS512"),
        json!("RS384"),
        json!("ES512"),
        json!(7),
        Value::Null,
    ] {
        bench.expect_header(&json!({"alg": alg, "kid": "k1"}), &claims, Some(Check::Algorithm)).await;
    }
    // alg none with an empty signature
    let unsigned = format!("{}.{}.", base64(br#"{"alg":"none"}"#), base64(claims.to_string().as_bytes()));
    assert_eq!(refusal(&bench.issuers, &unsigned).await, Check::Algorithm);
    // one of the issuer's algorithms, but not this key's
    bench.expect_header(&json!({"alg": "RS256", "kid": "k1"}), &claims, Some(Check::Key)).await;
    assert_eq!(bench.provider.fetches(), 1);
}

#[tokio::test]
async fn hmac_with_the_public_key_is_no_signature() {
    let signer = Signer::rsa("k1");
    let provider = Provider::start(&[&signer]).await;
    let Pair::Rsa(pair) = &signer.pair else { panic!() };
    for secret in [pair.public_key().as_ref().to_vec(), signer.jwk()["n"].as_str().unwrap().as_bytes().to_vec()] {
        let signed = format!(
            "{}.{}",
            base64(br#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#),
            base64(provider.claims().to_string().as_bytes())
        );
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
        let token = format!("{signed}.{}", base64(aws_lc_rs::hmac::sign(&key, signed.as_bytes()).as_ref()));
        assert_eq!(refusal(&provider.issuers(), &token).await, Check::Algorithm);
    }
}

#[tokio::test]
async fn header_extensions() {
    let bench = Bench::new().await;
    let claims = bench.provider.claims();
    let evil = Signer::ed25519("k1");
    let header = json!({"alg": "EdDSA", "kid": "k1", "crit": ["exp"]});
    bench.expect_header(&header, &claims, Some(Check::Critical)).await;
    bench.expect_header(&json!({"alg": "EdDSA", "kid": "k1", "crit": []}), &claims, Some(Check::Critical)).await;
    // keys that the token brings along are not looked at
    let header = json!({"alg": "EdDSA", "kid": "k1", "jwk": evil.jwk(), "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/"});
    assert_eq!(refusal(&bench.issuers, &evil.token_with(&header, &claims)).await, Check::Signature);
    bench.expect_header(&header, &claims, None).await;
    for kid in [json!(1), json!("x".repeat(257)), json!(["k1"])] {
        bench.expect_header(&json!({"alg": "EdDSA", "kid": kid}), &claims, Some(Check::Key)).await;
    }
    bench.expect_header(&json!({"alg": "EdDSA"}), &claims, None).await;
}

#[tokio::test]
async fn type_of_token() {
    let bench = Bench::new().await;
    let claims = bench.provider.claims();
    let header = |typ: Value| json!({"alg": "EdDSA", "kid": "k1", "typ": typ});
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt"] {
        bench.expect_header(&header(json!(typ)), &claims, None).await;
    }
    for typ in [json!("logout+jwt"), json!("secevent+jwt"), json!("dpop+jwt"), json!("JWE"), json!(1)] {
        bench.expect_header(&header(typ), &claims, Some(Check::Type)).await;
    }
    for changes in [json!({"nonce": "n"}), json!({"at_hash": "h"}), json!({"typ": "ID"})] {
        let claims = bench.provider.claims_with(changes);
        bench.expect_header(&header(json!("JWT")), &claims, Some(Check::Type)).await;
    }
    bench.expect(json!({"cnf": {"jkt": "x"}}), Some(Check::Type)).await;
    bench.expect(json!({"events": {}}), Some(Check::Type)).await;
    bench.expect(json!({"typ": "Refresh"}), Some(Check::Type)).await;
    bench.expect(json!({"typ": "Bearer"}), None).await;
    let accepting = Bench::with(|config| config.accept_id_token = true).await;
    let claims = accepting.provider.claims_with(json!({"nonce": "n", "typ": "ID"}));
    accepting.expect_header(&header(json!("JWT")), &claims, None).await;
    accepting.expect(json!({"typ": "Logout"}), Some(Check::Type)).await;
}

#[tokio::test]
async fn signature_is_over_header_and_claims() {
    for signer in [Signer::rsa("k1"), Signer::p256("k1"), Signer::ed25519("k1")] {
        let provider = Provider::start(&[&signer]).await;
        let issuers = provider.issuers();
        let good = signer.token(&provider.claims());
        let parts: Vec<&str> = good.split('.').collect();
        let root = base64(provider.claims_with(json!({"sub": "root"})).to_string().as_bytes());
        let header = base64(json!({"alg": signer.algorithm(), "kid": "k1", "x": 1}).to_string().as_bytes());
        for token in [
            format!("{}.{root}.{}", parts[0], parts[2]),
            format!("{header}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], parts[1], base64(&[0; 64])),
            format!("{}.{}.{}", parts[0], parts[1], base64(&[0; 256])),
            format!("{}.{}.!!", parts[0], parts[1]),
            format!("{}.{}.{}A", parts[0], parts[1], parts[2]),
        ] {
            assert_eq!(refusal(&issuers, &token).await, Check::Signature, "{}", signer.algorithm());
        }
        assert!(verify(&issuers, &good).await.is_ok());
    }
}

#[tokio::test]
async fn audience_and_authorized_party() {
    let bench = Bench::new().await;
    for aud in [
        json!("gat"),
        json!("gate "),
        json!(""),
        json!([]),
        json!(["x", "y"]),
        json!(7),
        json!(["gate", 7]),
        json!({"gate": 1}),
        Value::Null,
    ] {
        bench.expect(json!({"aud": aud}), Some(Check::Audience)).await;
    }
    for aud in [json!("other"), json!(["gate"])] {
        bench.expect(json!({"aud": aud}), None).await;
    }
    bench.expect(json!({"aud": ["gate", "x"]}), Some(Check::AuthorizedParty)).await;
    bench.expect(json!({"aud": ["gate", "x"], "azp": null}), Some(Check::AuthorizedParty)).await;
    let listed = Bench::with(|config| config.authorized_parties = vec!["cli".to_owned()]).await;
    listed.expect(json!({"aud": ["gate", "x"]}), None).await;
    listed.expect(json!({"aud": ["gate", "x"], "azp": null, "client_id": "cli"}), None).await;
    listed.expect(json!({"aud": ["gate", "x"], "azp": null}), Some(Check::AuthorizedParty)).await;
    listed.expect(json!({"aud": ["gate", "x"], "azp": "evil", "client_id": "cli"}), Some(Check::AuthorizedParty)).await;
    listed.expect(json!({"azp": "evil"}), Some(Check::AuthorizedParty)).await;
}

#[tokio::test]
async fn times_and_clock_skew() {
    let bench = Bench::new().await;
    let at = |seconds: i64| json!(now().checked_add_signed(seconds).unwrap());
    for exp in [at(-32), at(-3600), json!(0), json!(-1), json!("9999999999"), json!(1e300), json!(true), Value::Null] {
        bench.expect(json!({"exp": exp}), Some(Check::Expiry)).await;
    }
    bench.expect(json!({"nbf": at(40)}), Some(Check::NotBefore)).await;
    bench.expect(json!({"nbf": "x"}), Some(Check::NotBefore)).await;
    bench.expect(json!({"nbf": at(20)}), None).await;
    bench.expect(json!({"iat": at(40)}), Some(Check::IssuedAt)).await;
    bench.expect(json!({"iat": "x"}), Some(Check::IssuedAt)).await;
    bench.expect(json!({"iat": at(20)}), None).await;
    bench.expect(json!({"iat": null}), None).await;
    let real = serde_json::Number::from_f64(1e9 + 0.5).unwrap();
    bench.expect(json!({"nbf": real}), None).await;
    // within the leeway: accepted for a second, never for ever
    let late = bench.claims(json!({"exp": at(-10)})).await.unwrap();
    assert!(late.expires_at > now() - 1 && late.expires_at <= now() + 1, "{}", late.expires_at);
    let strict = Bench::with(|config| config.leeway_s = 0).await;
    strict.expect(json!({"exp": at(-1)}), Some(Check::Expiry)).await;
}

#[tokio::test]
async fn lifetime_is_capped() {
    let bench = Bench::new().await;
    let valid = |iat: u64, exp: u64| json!({"iat": now() - iat, "exp": now() + exp});
    bench.expect(valid(0, 24 * 3_600), None).await;
    bench.expect(valid(60, 24 * 3_600), Some(Check::Lifetime)).await;
    bench.expect(json!({"exp": u64::MAX}), Some(Check::Lifetime)).await;
    bench.expect(json!({"iat": null, "exp": now() + 90_000}), Some(Check::Lifetime)).await;
    let machines = Bench::with(|config| config.kind = KindRule::Workload).await;
    machines.expect(valid(0, 3_600), None).await;
    machines.expect(valid(60, 3_600), Some(Check::Lifetime)).await;
    let short = Bench::with(|config| config.token_lifetime_max_s = Some(300)).await;
    short.expect(valid(0, 300), None).await;
    short.expect(valid(10, 300), Some(Check::Lifetime)).await;
}

#[tokio::test]
async fn subject_is_the_identity() {
    let bench = Bench::new().await;
    for sub in [json!(""), json!(7), json!(["ann"]), json!("a\nb"), json!("x".repeat(513)), Value::Null] {
        bench
            .expect(json!({"sub": sub, "email": "ann@example.com", "preferred_username": "ann"}), Some(Check::Subject))
            .await;
    }
}

#[tokio::test]
async fn groups_known_and_unknown() {
    let bench = Bench::new().await;
    let groups = |caller: &Caller| (caller.groups.clone(), caller.groups_known);
    for value in
        [json!(7), json!(["a", 7]), json!([""]), json!(["a\u{0}"]), json!({"a": 1}), json!(vec!["x"; 2_001]), json!("")]
    {
        bench.expect(json!({"groups": value}), Some(Check::Groups)).await;
    }
    bench.expect(json!({"groups": vec!["x"; 2_000]}), None).await;
    let one = bench.claims(json!({"groups": "/Engineering/Backend"})).await.unwrap();
    assert_eq!(groups(&one), (vec!["idp:/Engineering/Backend".to_owned()], true));
    assert_eq!(groups(&bench.claims(json!({"groups": []})).await.unwrap()), (vec![], true));
    for unknown in [
        json!({"groups": null}),
        json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "http://127.0.0.1:9/"}}}),
        json!({"groups": null, "_claim_names": {"groups": "src1"}}),
        json!({"_claim_names": 7}),
        json!({"hasgroups": true}),
    ] {
        assert_eq!(groups(&bench.claims(unknown.clone()).await.unwrap()), (vec![], false), "{unknown}");
    }
    let none = Bench::with(|config| config.missing_groups = MissingGroups::None).await;
    assert_eq!(groups(&none.claims(json!({"groups": null})).await.unwrap()), (vec![], true));
    assert_eq!(
        groups(&none.claims(json!({"groups": null, "_claim_names": {"groups": "s"}})).await.unwrap()),
        (vec![], false)
    );
    let nested = Bench::with(|config| config.groups_claim = names("realm_access.roles")).await;
    let caller = nested.claims(json!({"realm_access": {"roles": ["admin"]}})).await.unwrap();
    assert_eq!(groups(&caller), (vec!["idp:admin".to_owned()], true));
    let url = Bench::with(|config| config.groups_claim = names("https://x.example/groups")).await;
    let caller = url.claims(json!({"https://x.example/groups": ["admin"]})).await.unwrap();
    assert_eq!(groups(&caller), (vec!["idp:admin".to_owned()], true));
}

#[tokio::test]
async fn kind_strong_login_and_client() {
    let by_claim = KindRule::ByClaim { claim: "idtyp".to_owned(), workload: Some(vec!["app".to_owned()]) };
    let bench = Bench::with(|config| config.kind = by_claim).await;
    let kind = |caller: Arc<Caller>| caller.kind;
    assert_eq!(kind(bench.claims(json!({"idtyp": "app"})).await.unwrap()), CallerKind::Workload);
    assert_eq!(kind(bench.claims(json!({"idtyp": "user"})).await.unwrap()), CallerKind::User);
    assert_eq!(kind(bench.claims(json!({})).await.unwrap()), CallerKind::User);
    for changes in [
        json!({"auth_time": 1}),
        json!({"amr": ["pwd"], "auth_time": 1}),
        json!({"amr": ["mfa"]}),
        json!({"amr": "mfa", "auth_time": 1}),
    ] {
        assert_eq!(bench.claims(changes).await.unwrap().mfa_at, None);
    }
    let future = bench.claims(json!({"amr": ["mfa"], "auth_time": now() + 9_999})).await.unwrap();
    assert!(future.mfa_at.unwrap() <= now());
    assert_eq!(bench.claims(json!({"azp": null, "client_id": "c"})).await.unwrap().client.as_deref(), Some("c"));
    assert_eq!(bench.claims(json!({"azp": null})).await.unwrap().client, None);
}

#[tokio::test]
async fn authorization_id_has_to_be_the_subject() {
    let caller = Bench::new().await.claims(json!({})).await.unwrap();
    assert_eq!(check_authzid(None, &caller), Ok(()));
    assert_eq!(check_authzid(Some("ann"), &caller), Ok(()));
    assert_eq!(check_authzid(Some("root"), &caller), Err(SaslError::OtherIdentity));
}

#[test]
fn configuration_mistakes_name_the_setting() {
    let base = "name = \"idp\"\nissuer = \"https://idp.example\"\naudiences = [\"gate\"]\n";
    let parse = |text: &str| toml::from_str::<IssuerConfig>(text);
    let good = parse(base).unwrap();
    assert_eq!((good.leeway_s, &good.groups_claim, &good.kind), (30, &names("groups"), &KindRule::User));
    assert!(Issuers::new(vec![good.clone()]).is_ok());
    assert!(parse(&format!("{base}audience = \"x\"\n")).unwrap_err().to_string().contains("audience"));
    assert!(parse(&format!("{base}kind = \"robot\"\n")).unwrap_err().to_string().contains("workload"));
    let by_claim = parse(&format!("{base}kind = {{ claim = \"idtyp\", workload = [\"app\"] }}\n")).unwrap();
    assert_eq!(by_claim.kind, KindRule::ByClaim { claim: "idtyp".to_owned(), workload: Some(vec!["app".to_owned()]) });
    let refuse = |field: &str, change: &dyn Fn(&mut IssuerConfig)| {
        let mut config = good.clone();
        change(&mut config);
        let text = Issuers::new(vec![config]).unwrap_err().to_string();
        assert!(text.contains(&format!(": {field}: ")), "{text}");
    };
    refuse("name", &|config| config.name = "a:b".to_owned());
    refuse("name", &|config| config.name = String::new());
    refuse("name", &|config| config.name = "service-account".to_owned());
    for url in
        ["http://idp.example", "ftp://127.0.0.1", "https://u:p@idp.example", "idp", "http://127.0.0.1.evil.example"]
    {
        refuse("issuer", &|config| config.issuer = url.to_owned());
        refuse("jwks_url", &|config| config.jwks_url = Some(url.to_owned()));
    }
    refuse("audiences", &|config| config.audiences.clear());
    for name in ["none", "HS256", "RS1", ""] {
        refuse("algorithms", &|config| config.algorithms = vec!["RS256".to_owned(), name.to_owned()]);
    }
    refuse("algorithms", &|config| config.algorithms.clear());
    let more = |more: &str| parse(&format!("{base}{more}\n")).map_err(|error| error.to_string());
    for (setting, mistake) in [
        ("subject_claim", "subject_claim = \"email\""),
        ("subject_claim", "subject_claim = \"preferred_username\""),
        ("client_claim", "client_claim = \"name\""),
        ("groups_claim", "groups_claim = \"\""),
        ("groups_claim", "groups_claim = []"),
        ("groups_claim", "groups_claim = [\"groups\", \"a..b\"]"),
        ("required_claims", "required_claims = { ref = [] }"),
        ("tenants", "tenants = [\"\"]"),
        ("kind", "kind = { claim = \"idtyp\", workload = [] }"),
        ("kind", "kind = { claim = \"\" }"),
    ] {
        let text = Issuers::new(vec![more(mistake).unwrap()]).unwrap_err().to_string();
        assert!(text.contains(&format!(": {setting}: ")), "{text}");
    }
    assert!(more("groups_claim = 7").unwrap_err().contains("a text or a list of texts"));
    refuse("tenants", &|config| config.issuer = "https://idp.example/{tenantid}/v2.0".to_owned());
    refuse("leeway_s", &|config| config.leeway_s = 61);
    refuse("token_lifetime_max_s", &|config| config.token_lifetime_max_s = Some(0));
    refuse("ca_file", &|config| config.ca_file = Some("/nonexistent/ca.pem".into()));
    let mut other = good.clone();
    other.issuer = "https://other.example".to_owned();
    assert!(Issuers::new(vec![good.clone(), other.clone()]).unwrap_err().to_string().contains("name: stands twice"));
    other.name = "other".to_owned();
    let mut wide = good.clone();
    (wide.name, wide.tenants) = ("wide".to_owned(), vec!["t-1".to_owned()]);
    wide.issuer = "https://{tenantid}.example".to_owned();
    other.issuer = "https://t-1.example".to_owned();
    assert!(Issuers::new(vec![wide, other.clone()]).unwrap_err().to_string().contains("issuer: stands twice"));
    other.issuer.clone_from(&good.issuer);
    assert!(Issuers::new(vec![good, other]).unwrap_err().to_string().contains("issuer: stands twice"));
}
