//! What an issuer's claims mean: groups, subject, client, machines, tenants and claims that have to be there.

use super::claims::Bench;
use super::*;

/// A gate whose issuer has these settings as well.
async fn bench(settings: &str) -> Bench {
    let mut bench = Bench::new().await;
    let url = &bench.provider.url;
    let base = format!("name = \"idp\"\nissuer = \"{url}\"\naudiences = [\"gate\"]\n");
    bench.issuers = Issuers::new(vec![toml::from_str(&format!("{base}{settings}")).unwrap()]).unwrap();
    bench
}

fn groups(caller: &Caller) -> (Vec<&str>, bool) {
    (caller.groups.iter().map(String::as_str).collect(), caller.groups_known)
}

#[tokio::test]
async fn groups_of_several_claims_and_nested_ones() {
    let bench = bench(r#"groups_claim = ["groups", "realm_access.roles", 'resource_access.my\.app.roles']"#).await;
    let all = json!({
        "groups": ["/ci"], "realm_access": {"roles": ["admin", "offline"]},
        "resource_access": {"my.app": {"roles": ["reader"]}, "my": {"app": {"roles": ["other"]}}},
    });
    let caller = bench.claims(all.clone()).await.unwrap();
    assert_eq!(groups(&caller), (vec!["idp:/ci", "idp:admin", "idp:offline", "idp:reader"], true));
    for missing in ["groups", "realm_access", "resource_access"] {
        let mut some = all.clone();
        some[missing] = Value::Null;
        assert_eq!(groups(&bench.claims(some).await.unwrap()), (vec![], false), "{missing}");
    }
    let mut wrong = all.clone();
    wrong["realm_access"]["roles"] = json!([7]);
    bench.expect(wrong, Some(Check::Groups)).await;
    // Entra ID says that the groups are elsewhere: the other claims do not stand in for them
    let mut elsewhere = all;
    elsewhere["_claim_names"] = json!({"groups": "src1"});
    assert_eq!(groups(&bench.claims(elsewhere).await.unwrap()), (vec![], false));
}

#[tokio::test]
async fn a_claim_that_is_left_out_may_mean_no_groups() {
    let settings = "groups_claim = [\"groups\", \"realm_access.roles\"]\nmissing_groups = \"none\"";
    let bench = bench(settings).await;
    let caller = bench.claims(json!({"groups": ["a"]})).await.unwrap();
    assert_eq!(groups(&caller), (vec!["idp:a"], true));
}

#[tokio::test]
async fn ten_thousand_groups_in_one_token_are_too_many() {
    let bench = bench("groups_claim = [\"groups\", \"roles\"]").await;
    let many: Vec<String> = (0..10_000).map(|i| format!("g{i}")).collect();
    bench.expect(json!({"groups": many, "roles": []}), Some(Check::Size)).await;
    // within one token's length, and in two claims
    let half = |sign: &'static str| vec![sign; 1_001];
    bench.expect(json!({"groups": half("a"), "roles": half("b")}), Some(Check::Groups)).await;
}

#[tokio::test]
async fn groups_have_to_be_paths_where_that_is_configured() {
    let bench = bench("groups_are_paths = true").await;
    let caller = bench.claims(json!({"groups": ["/a/ops", "/b/ops"]})).await.unwrap();
    assert_eq!(groups(&caller), (vec!["idp:/a/ops", "idp:/b/ops"], true));
    let refused = bench.claims(json!({"groups": ["/a/ops", "ops"]})).await.unwrap_err();
    assert!(refused.check == Check::Groups && refused.detail.contains("Full group path"), "{refused}");
}

#[tokio::test]
async fn people_are_named_by_a_claim_that_stays_and_machines_by_sub() {
    for claim in ["oid", "uid"] {
        let settings = format!("subject_claim = \"{claim}\"\nclient_claim = \"cid\"\nkind = \"client_credentials\"");
        let bench = bench(&settings).await;
        let person = bench.claims(json!({claim: "00u1", "sub": "ann@example.com", "cid": "app"})).await.unwrap();
        assert_eq!((person.kind, person.subject.as_str()), (CallerKind::User, "00u1"));
        assert_eq!(person.client.as_deref(), Some("app"), "not azp");
        bench.expect(json!({"sub": "ann@example.com", "cid": "app"}), Some(Check::Subject)).await;
        bench.expect(json!({claim: "", "cid": "app"}), Some(Check::Subject)).await;
        let machine = bench.claims(json!({"sub": "0oa1", "cid": "0oa1"})).await.unwrap();
        assert_eq!((machine.kind, machine.subject.as_str()), (CallerKind::Workload, "0oa1"));
    }
}

#[tokio::test]
async fn machines_are_told_from_people() {
    let kind = |result: Result<Arc<Caller>, TokenRefused>| result.unwrap().kind;
    let own = bench("kind = \"client_credentials\"").await;
    assert_eq!(kind(own.claims(json!({"sub": "cli", "azp": "cli"})).await), CallerKind::Workload);
    assert_eq!(kind(own.claims(json!({"sub": "ann", "azp": "cli"})).await), CallerKind::User);
    assert_eq!(kind(own.claims(json!({"sub": "ann", "azp": null})).await), CallerKind::User);
    let there = bench("kind = { claim = \"client_id\" }").await;
    assert_eq!(kind(there.claims(json!({"client_id": "loader"})).await), CallerKind::Workload);
    assert_eq!(kind(there.claims(json!({})).await), CallerKind::User);
    // a machine's token may live an hour, whatever claim makes it one
    there.expect(json!({"client_id": "loader", "exp": now() + 7_200}), Some(Check::Lifetime)).await;
    there.expect(json!({"exp": now() + 7_200}), None).await;
}

#[tokio::test]
async fn claims_that_are_required_have_one_of_the_values() {
    let settings = r#"required_claims = { repository = "example/orders", ref = ["refs/heads/main", "refs/heads/next"], "environment.name" = "staging", email_verified = "true" }"#;
    let bench = bench(settings).await;
    let with = |changes: Value| {
        let mut claims = json!({
            "repository": "example/orders", "ref": "refs/heads/next", "environment": {"name": "staging"},
            "email_verified": true,
        });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims
    };
    bench.expect(with(json!({})), None).await;
    bench.expect(with(json!({"ref": ["refs/heads/x", "refs/heads/main"]})), None).await;
    for changes in [
        json!({"repository": "example/orders2"}),
        json!({"repository": "evil/orders"}),
        json!({"repository": "Example/orders"}),
        json!({"repository": null}),
        json!({"repository": {"example/orders": 1}}),
        json!({"ref": "refs/heads/mai"}),
        json!({"ref": []}),
        json!({"ref": [["refs/heads/main"]]}),
        json!({"environment": "staging"}),
        json!({"environment": {"name": "production"}}),
        json!({"email_verified": false}),
    ] {
        bench.expect(with(changes), Some(Check::RequiredClaims)).await;
    }
}

#[tokio::test]
async fn only_listed_tenants() {
    let one = bench("tenants = [\"t-1\", \"t-2\"]").await;
    one.expect(json!({"tid": "t-1"}), None).await;
    for tid in [json!("t-3"), json!(["t-1"]), Value::Null] {
        one.expect(json!({"tid": tid}), Some(Check::RequiredClaims)).await;
    }
}

#[tokio::test]
async fn one_issuer_of_several_tenants() {
    let mut bench = Bench::new().await;
    let url = bench.provider.url.clone();
    let template = format!("{url}/{{tenantid}}/v2.0");
    let keys = format!("{url}/keys");
    let mut config = bench.provider.config();
    (config.issuer, config.jwks_url, config.tenants) = (template, Some(keys), vec!["t-1".to_owned(), "t-2".to_owned()]);
    bench.issuers = Issuers::new(vec![config]).unwrap();
    let of = |iss: &str, tid: &str| json!({"iss": format!("{url}/{iss}/v2.0"), "tid": tid});
    bench.expect(of("t-1", "t-1"), None).await;
    bench.expect(of("t-2", "t-2"), None).await;
    for (iss, tid) in [("t-1", "t-2"), ("t-1", "t-3")] {
        bench.expect(of(iss, tid), Some(Check::RequiredClaims)).await;
    }
    for iss in ["t-3", "{tenantid}", "organizations", "t-1/../t-2", ""] {
        bench.expect(of(iss, "t-1"), Some(Check::Issuer)).await;
    }
}
