//! Tokens of machines: SPIFFE's JWT-SVIDs, with keys from a trust bundle, and Kubernetes service accounts.

use std::path::Path;

use super::*;

const ORDERS: &str = "spiffe://example.org/ns/shop/sa/orders";

/// A trust domain whose bundle is a file.
struct Domain {
    signer: Signer,
    folder: tempfile::TempDir,
    issuers: Arc<Issuers>,
}

impl Domain {
    fn new() -> Domain {
        let signer = Signer::p256("k1");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bundle.json");
        publish(&file, &[&signer], "jwt-svid");
        let issuers = Issuers::new(vec![config(&file, "spiffe", "example.org")]).unwrap();
        Domain { signer, folder, issuers }
    }

    async fn verify(&self, changes: Value) -> Result<Arc<Caller>, TokenRefused> {
        verify(&self.issuers, &self.signer.token_with(&json!({"alg": "ES256", "kid": "k1"}), &claims(changes))).await
    }

    async fn expect(&self, changes: Value, check: Option<Check>) {
        let shown = changes.to_string();
        let result = self.verify(changes).await;
        assert_eq!(result.as_ref().err().map(|refused| refused.check), check, "{shown} {result:?}");
    }
}

fn config(file: &Path, name: &str, domain: &str) -> IssuerConfig {
    toml::from_str(&format!(
        "name = \"{name}\"\nissuer = \"spiffe://{domain}\"\naudiences = [\"gate\"]\nalgorithms = [\"ES256\"]\n\
         jwks_file = {file:?}"
    ))
    .unwrap()
}

/// A trust bundle: keys for tokens, and an authority of certificates, which never signs tokens.
fn publish(file: &Path, signers: &[&Signer], usage: &str) {
    let key = |signer: &&Signer| {
        let mut key = signer.jwk();
        key["use"] = json!(usage);
        key
    };
    let mut keys: Vec<Value> = signers.iter().map(key).collect();
    let mut authority = Signer::p256("x509").jwk();
    (authority["use"], authority["x5c"]) = (json!("x509-svid"), json!(["MIIB"]));
    keys.push(authority);
    let bundle = json!({"keys": keys, "spiffe_sequence": 1, "spiffe_refresh_hint": 300});
    std::fs::write(file, bundle.to_string()).unwrap();
}

/// What SPIRE puts into a JWT-SVID.
fn claims(changes: Value) -> Value {
    let mut claims = json!({"aud": ["gate"], "exp": now() + 300, "iat": now(), "sub": ORDERS});
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    claims.as_object_mut().unwrap().extend(changes);
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

#[tokio::test]
async fn a_jwt_svid_is_a_workload_without_groups() {
    let domain = Domain::new();
    let caller = domain.verify(json!({})).await.unwrap();
    assert_eq!(
        (caller.kind, caller.issuer.as_str(), caller.subject.as_str()),
        (CallerKind::Workload, "spiffe", ORDERS)
    );
    assert_eq!((caller.groups.len(), caller.groups_known), (0, true));
    let state = domain.issuers.state().remove(0);
    assert_eq!((state.keys, state.last_error), (1, None), "authorities of certificates are no mistake in a bundle");
    // an issuer may be named, or not
    domain.expect(json!({"iss": "https://spire.example"}), None).await;
    domain.expect(json!({"iat": null}), None).await;
    for typ in ["JWT", "JOSE", "at+jwt"] {
        let token = domain.signer.token_with(&json!({"alg": "ES256", "kid": "k1", "typ": typ}), &claims(json!({})));
        assert!(verify(&domain.issuers, &token).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn a_jwt_svid_is_checked_like_any_token() {
    let domain = Domain::new();
    for (changes, check) in [
        (json!({"sub": "spiffe://other.org/a"}), Check::Issuer),
        (json!({"sub": "spiffe://example.org"}), Check::Issuer),
        (json!({"sub": "spiffe://example.org/a/../b"}), Check::Issuer),
        (json!({"sub": "spiffe://example.org/a b"}), Check::Issuer),
        (json!({"sub": "ann"}), Check::Issuer),
        (json!({"sub": null}), Check::Issuer),
        (json!({"iss": 7}), Check::Issuer),
        // who names the trust domain as issuer is not let through with another's subject
        (json!({"iss": "spiffe://example.org", "sub": "spiffe://other.org/a"}), Check::Subject),
        (json!({"iss": "spiffe://example.org", "sub": "ann"}), Check::Subject),
        (json!({"aud": "other"}), Check::Audience),
        (json!({"aud": null}), Check::Audience),
        (json!({"exp": null}), Check::Expiry),
        (json!({"exp": now() - 40}), Check::Expiry),
        (json!({"exp": now() + 7_200}), Check::Lifetime),
    ] {
        domain.expect(changes, Some(check)).await;
    }
    let forged = Signer::p256("k1").token_with(&json!({"alg": "ES256", "kid": "k1"}), &claims(json!({})));
    assert_eq!(refusal(&domain.issuers, &forged).await, Check::Signature);
}

#[tokio::test]
async fn keys_of_a_trust_bundle_are_for_its_domain_and_its_purpose() {
    let (one, two) = (Domain::new(), Domain::new());
    let file = |domain: &Domain| domain.folder.path().join("bundle.json");
    let both = vec![config(&file(&one), "one", "example.org"), config(&file(&two), "two", "other.org")];
    let issuers = Issuers::new(both).unwrap();
    let header = json!({"alg": "ES256", "kid": "k1"});
    let good = two.signer.token_with(&header, &claims(json!({"sub": "spiffe://other.org/a"})));
    assert_eq!(verify(&issuers, &good).await.unwrap().issuer, "two");
    let other = two.signer.token_with(&header, &claims(json!({"sub": "spiffe://example.org/a"})));
    assert_eq!(refusal(&issuers, &other).await, Check::Signature);
    for usage in ["sig", "x509-svid", "enc"] {
        publish(&file(&one), &[&one.signer], usage);
        let issuers = Issuers::new(vec![config(&file(&one), "one", "example.org")]).unwrap();
        let token = one.signer.token_with(&header, &claims(json!({})));
        assert_eq!(refusal(&issuers, &token).await, Check::Key, "{usage}");
    }
}

#[tokio::test]
async fn a_bundle_that_changes_is_read_again_and_one_that_is_gone_is_bridged() {
    let domain = Domain::new();
    let file = domain.folder.path().join("bundle.json");
    domain.issuers.refresh_all().await;
    domain.expect(json!({}), None).await;
    let new = Signer::p256("k2");
    publish(&file, &[&new], "jwt-svid");
    let token = new.token_with(&json!({"alg": "ES256", "kid": "k2"}), &claims(json!({})));
    assert!(verify(&domain.issuers, &token).await.is_ok(), "an unknown key has the file read again");
    domain.expect(json!({}), Some(Check::Key)).await;
    for broken in ["", "{}", "[]", &" ".repeat(2 << 20)] {
        std::fs::write(&file, broken).unwrap();
        domain.issuers.refresh_all().await;
        assert!(domain.issuers.state()[0].last_error.is_some());
        assert!(verify(&domain.issuers, &token).await.is_ok(), "the keys at hand stay");
    }
    std::fs::remove_file(&file).unwrap();
    domain.issuers.refresh_all().await;
    let error = domain.issuers.state().remove(0).last_error.unwrap();
    assert!(error.contains("bundle.json"), "{error}");
}

#[tokio::test]
async fn a_kubernetes_service_account_is_a_workload_of_its_namespace() {
    let signer = Signer::rsa("k1");
    let provider = Provider::start(&[&signer]).await;
    let settings = format!(
        r#"
        name = "k8s"
        issuer = "{}"
        audiences = ["gate"]
        algorithms = ["RS256"]
        kind = "workload"
        groups_claim = 'kubernetes\.io.namespace'
        "#,
        provider.url
    );
    let issuers = Issuers::new(vec![toml::from_str(&settings).unwrap()]).unwrap();
    // as the API server writes a token of a projected volume
    let token = signer.token_with(
        &json!({"alg": "RS256", "kid": "k1"}),
        &json!({
            "aud": ["gate"], "exp": now() + 3_600, "iat": now(), "nbf": now(), "iss": provider.url,
            "jti": "0f2c9b1e-6f0e-4a52-9d7d-6a9b0c5d2f10",
            "kubernetes.io": {
                "namespace": "shop",
                "node": {"name": "node-1", "uid": "7d1f6a54-0b7e-4a5e-9a57-3f0f2a7c9f11"},
                "pod": {"name": "orders-5d9c", "uid": "52a0c3a4-95b8-4a0d-8a77-d2d2d2a9f3b1"},
                "serviceaccount": {"name": "orders", "uid": "a0c3a452-95b8-4a0d-8a77-d2d2d2a9f3b2"},
            },
            "sub": "system:serviceaccount:shop:orders",
        }),
    );
    let caller = verify(&issuers, &token).await.unwrap();
    assert_eq!(
        (caller.kind, caller.subject.as_str(), &caller.groups[..], caller.groups_known),
        (CallerKind::Workload, "system:serviceaccount:shop:orders", &["k8s:shop".to_owned()][..], true)
    );
}

#[test]
fn configuration_mistakes_name_the_setting() {
    let refused = |change: &dyn Fn(&mut IssuerConfig)| {
        let mut config = config(Path::new("/nonexistent/bundle.json"), "spiffe", "example.org");
        change(&mut config);
        Issuers::new(vec![config]).unwrap_err().to_string()
    };
    assert!(refused(&|config| config.jwks_file = None).contains(": jwks_file: "));
    assert!(refused(&|config| config.jwks_url = Some("https://example.org/b".to_owned())).contains(": jwks_file: "));
    for issuer in ["spiffe://", "spiffe://Example.org", "spiffe://example.org/", "spiffe://example.org:1", "SPIFFE://a"]
    {
        assert!(refused(&|config| config.issuer = issuer.to_owned()).contains(": issuer: "), "{issuer}");
    }
}
