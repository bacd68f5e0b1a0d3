//! The gate's own tokens: what they carry, for whom they are, and that nobody else can make one.

use zeroize::Zeroizing;

use super::*;
use crate::keys::KeySet;

const GATE: &str = "https://gate.example";

/// A gate in front of one provider, and somebody of that provider who has logged in.
struct Bench {
    provider: Provider,
    gate: Arc<GateIssuer>,
    issuers: Arc<Issuers>,
    ann: Arc<Caller>,
}

impl Bench {
    async fn new() -> Bench {
        let signer = Signer::ed25519("k1");
        let provider = Provider::start(&[&signer]).await;
        let gate = Arc::new(GateIssuer::new(GATE.to_owned(), GateKeys::generate().unwrap()));
        let issuers = Issuers::with_gate(vec![provider.config()], Arc::clone(&gate), Vec::new()).unwrap();
        let claims = provider.claims_with(json!({"amr": ["mfa"], "auth_time": now() - 100, "sid": "idp-session"}));
        let ann = verify(&issuers, &signer.token(&claims)).await.unwrap();
        Bench { provider, gate, issuers, ann }
    }

    fn login<'a>(&self, caller: &'a Caller) -> GateLogin<'a> {
        GateLogin { caller, session: "login-1", ends_at: now() + 3_600 }
    }

    fn mint(&self) -> Minted {
        self.gate.mint(&self.login(&self.ann), Audience::Kafka, now()).unwrap()
    }

    /// Claims as the gate writes them.
    fn claims(&self) -> Value {
        Value::Object(look(&self.mint().token).unwrap().claims)
    }

    /// The gate's current key in other hands, so that also claims can be signed that the gate never writes.
    fn stolen(&self) -> Signer {
        let bytes = self.gate.keys().to_bytes().unwrap();
        let pair = Ed25519KeyPair::from_seed_and_public_key(&bytes[65..97], &bytes[97..129]).unwrap();
        let kid = look(&self.mint().token).unwrap().header["kid"].as_str().unwrap().to_owned();
        Signer { kid, pair: Pair::Ed25519(pair) }
    }

    async fn expect(&self, name: &str, value: Value, check: Option<Check>) {
        let mut claims = self.claims();
        match value {
            Value::Null => _ = claims.as_object_mut().unwrap().remove(name),
            value => claims[name] = value,
        }
        let result = verify(&self.issuers, &self.stolen().token(&claims)).await;
        assert_eq!(result.as_ref().err().map(|refused| refused.check), check, "{claims} {result:?}");
    }
}

#[tokio::test]
async fn a_gateway_token_gives_back_the_caller_of_the_identity_provider() {
    let bench = Bench::new().await;
    bench.provider.fail(true);
    let fetched = bench.provider.fetches();
    let minted = bench.mint();
    let caller = verify(&bench.issuers, &minted.token).await.unwrap();
    let expected = Caller {
        token_id: Some(minted.token_id.clone()),
        token_hash: caller.token_hash,
        session: Some("login-1".to_owned()),
        via_gate: true,
        expires_at: minted.expires_at,
        ..(*bench.ann).clone()
    };
    assert_eq!(*caller, expected);
    assert_ne!(caller.token_hash, bench.ann.token_hash);
    assert!(caller.mfa_at.is_some() && caller.issued_at.unwrap() <= now() - 60, "as they were at the login");
    assert!((now() + 298..=now() + GATE_TOKEN_S).contains(&minted.expires_at));
    assert_eq!(bench.provider.fetches(), fetched, "no network");
    let claims = bench.claims();
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(GATE), &json!("idp:ann")));
    assert_eq!(claims["groups"], json!(["idp:chess", "idp:sales"]));
    assert_ne!(claims["jti"], json!(minted.token_id), "each has an id of its own");
    assert!(check_authzid(Some("ann"), &caller).is_ok() && check_authzid(Some("idp:ann"), &caller).is_ok());
    assert!(check_authzid(Some("idp:bob"), &caller).is_err() && check_authzid(Some("x:ann"), &caller).is_err());
    assert!(check_authzid(Some("idp:ann"), &bench.ann).is_err());
    assert!(!format!("{minted:?} {:?}", bench.gate).contains(&*minted.token));
}

#[tokio::test]
async fn what_is_unknown_stays_unknown() {
    let bench = Bench::new().await;
    let stranger = Caller {
        kind: CallerKind::Workload,
        groups: Vec::new(),
        groups_known: false,
        client: None,
        issued_at: None,
        mfa_at: None,
        ..(*bench.ann).clone()
    };
    let minted = bench.gate.mint(&bench.login(&stranger), Audience::Kafka, now()).unwrap();
    let caller = verify(&bench.issuers, &minted.token).await.unwrap();
    assert!(!minted.groups_known && !caller.groups_known);
    assert_eq!((caller.kind, caller.client.as_deref()), (CallerKind::Workload, None));
    assert_eq!((caller.issued_at, caller.mfa_at), (None, None), "an unknown time stays unknown: it counts as before");
    // groups that do not fit are unknown, not fewer
    let many = Caller { groups: (0..2_000).map(|i| format!("idp:group-{i:04}")).collect(), ..(*bench.ann).clone() };
    let minted = bench.gate.mint(&bench.login(&many), Audience::Kafka, now()).unwrap();
    let caller = verify(&bench.issuers, &minted.token).await.unwrap();
    assert!(!minted.groups_known && !caller.groups_known && caller.groups.is_empty());
    let none = Caller { groups: Vec::new(), ..(*bench.ann).clone() };
    let minted = bench.gate.mint(&bench.login(&none), Audience::Kafka, now()).unwrap();
    assert!(minted.groups_known && verify(&bench.issuers, &minted.token).await.unwrap().groups_known);
}

#[tokio::test]
async fn a_token_for_kafka_is_no_token_for_the_gates_own_interface() {
    let bench = Bench::new().await;
    for (audience, good, bad) in [
        (Audience::Kafka, CredentialKind::OauthBearer, CredentialKind::HttpBearer),
        (Audience::Kafka, CredentialKind::PlainToken, CredentialKind::HttpBearer),
        (Audience::Control, CredentialKind::HttpBearer, CredentialKind::OauthBearer),
        (Audience::Control, CredentialKind::HttpBearer, CredentialKind::PlainToken),
    ] {
        let token = bench.gate.mint(&bench.login(&bench.ann), audience, now()).unwrap().token;
        assert_eq!(bench.issuers.verify(&token, good, now()).await.unwrap().credential, good);
        let refused = bench.issuers.verify(&token, bad, now()).await.unwrap_err();
        assert_eq!(refused.check, Check::Audience, "{refused}");
    }
    // an issuer's own audiences are another matter
    for aud in [json!("gate"), json!(["kafka"]), json!(["kafka", "control"]), Value::Null] {
        bench.expect("aud", aud, Some(Check::Audience)).await;
    }
}

#[tokio::test]
async fn tokens_end_with_the_login_and_live_five_minutes_at_most() {
    let bench = Bench::new().await;
    let login = |ends_at| GateLogin { ends_at, ..bench.login(&bench.ann) };
    let start = now();
    let short = bench.gate.mint(&login(start + 20), Audience::Kafka, start).unwrap();
    assert_eq!(short.expires_at, start + 20);
    let at = |later: u64| bench.issuers.verify(&short.token, CredentialKind::OauthBearer, start + later);
    assert!(at(19).await.is_ok());
    assert_eq!(at(20).await.unwrap_err().check, Check::Expiry, "without leeway");
    for ends_at in [start, start - 1, 0] {
        assert_eq!(bench.gate.mint(&login(ends_at), Audience::Kafka, start).unwrap_err(), MintError::Ended);
    }
    for exp in [json!(start), json!("9999999999"), json!(-1), json!(true), Value::Null] {
        bench.expect("exp", exp, Some(Check::Expiry)).await;
    }
    bench.expect("exp", json!(now() + 900), Some(Check::Lifetime)).await;
    for iat in [json!(start - 301), json!("x"), Value::Null] {
        bench.expect("iat", iat, Some(Check::Lifetime)).await;
    }
    bench.expect("iat", json!(now() + 100), Some(Check::IssuedAt)).await;
}

#[tokio::test]
async fn a_gateway_token_makes_no_new_login() {
    let bench = Bench::new().await;
    let ann = verify(&bench.issuers, &bench.mint().token).await.unwrap();
    let other = GateLogin { session: "login-2", ..bench.login(&ann) };
    assert_eq!(bench.gate.mint(&other, Audience::Kafka, now()).unwrap_err(), MintError::OtherLogin);
    let again = bench.gate.mint(&bench.login(&ann), Audience::Kafka, now()).unwrap();
    let again = verify(&bench.issuers, &again.token).await.unwrap();
    assert_eq!((again.issued_at, &again.groups), (bench.ann.issued_at, &bench.ann.groups), "the first login's");
    let refuse = |change: &dyn Fn(&mut Caller)| {
        let mut caller = (*bench.ann).clone();
        change(&mut caller);
        bench.gate.mint(&bench.login(&caller), Audience::Kafka, now()).unwrap_err()
    };
    assert_eq!(refuse(&|caller| caller.subject.clear()), MintError::Name);
    assert_eq!(refuse(&|caller| caller.subject = "x".repeat(600)), MintError::Name);
    assert_eq!(refuse(&|caller| caller.client = Some("a\nb".to_owned())), MintError::Name);
    assert_eq!(refuse(&|caller| caller.issuer = "a:b".to_owned()), MintError::Name, "it would read as another subject");
}

#[tokio::test]
async fn keys_rotate_without_ending_tokens_and_a_key_that_is_gone_ends_them() {
    let bench = Bench::new().await;
    let start = now();
    let kid = |token: &str| look(token).unwrap().header["kid"].as_str().unwrap().to_owned();
    let published = || -> Vec<String> {
        let keys = bench.gate.keys().jwks(start);
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let at = |token: Zeroizing<String>, later: u64| {
        let issuers = Arc::clone(&bench.issuers);
        async move { issuers.verify(&token, CredentialKind::OauthBearer, start + later).await.map(drop) }
    };
    let first = bench.mint().token;
    assert_eq!(published().len(), 2, "the next one is published before it signs");
    let rotate = || bench.gate.replace_keys(bench.gate.keys().rotated(start).unwrap());
    let announced = published();
    rotate();
    let second = bench.mint().token;
    assert_ne!(kid(&first), kid(&second));
    assert!(announced.contains(&kid(&second)) && published().contains(&kid(&first)));
    assert!(at(first.clone(), 0).await.is_ok() && at(second.clone(), 0).await.is_ok());
    // a retired key is no use to a thief once its own tokens must have ended
    let mut late = Value::Object(look(&first).unwrap().claims);
    (late["iat"], late["exp"]) = (json!(start + 290), json!(start + 500));
    let thief = {
        let bytes = bench.gate.keys().to_bytes().unwrap();
        assert_eq!(bytes.len(), 1 + 3 * 64 + 8);
        let pair = Ed25519KeyPair::from_seed_and_public_key(&bytes[129..161], &bytes[161..193]).unwrap();
        Signer { kid: kid(&first), pair: Pair::Ed25519(pair) }
    };
    let late = Zeroizing::new(thief.token(&late));
    assert!(at(late.clone(), 299).await.is_ok());
    assert_eq!(at(late, 300).await.unwrap_err().check, Check::Key);
    assert!(!bench.gate.keys().jwks(start + 300).to_string().contains(&kid(&first)));
    rotate();
    assert_eq!(at(first, 0).await.unwrap_err().check, Check::Key);
    assert!(at(second.clone(), 0).await.is_ok());
    bench.gate.replace_keys(GateKeys::generate().unwrap());
    assert_eq!(at(second, 0).await.unwrap_err().check, Check::Key, "a stolen key ends at once");
}

#[tokio::test]
async fn keys_are_stored_and_read_again() {
    let bench = Bench::new().await;
    let token = bench.mint().token;
    for rotations in 0..3 {
        let keys = bench.gate.keys();
        let bytes = keys.to_bytes().unwrap();
        let read = GateKeys::from_bytes(&bytes).unwrap();
        assert_eq!((read.jwks(now()), read.to_bytes().unwrap()), (keys.jwks(now()), bytes.clone()));
        bench.gate.replace_keys(read);
        assert_eq!(verify(&bench.issuers, &token).await.is_ok(), rotations < 2);
        for length in 0..bytes.len() {
            // an end after current is a whole form too: that of keys that never rotated
            if length != 129 {
                assert_eq!(GateKeys::from_bytes(&bytes[..length]).unwrap_err(), GateKeyError::Form, "{length}");
            }
        }
        for changed in [0, 1, 33, 65, 97] {
            let mut bytes = bytes.to_vec();
            bytes[changed] ^= 1;
            assert_eq!(GateKeys::from_bytes(&bytes).unwrap_err(), GateKeyError::Form, "{changed}");
        }
        assert!(GateKeys::from_bytes(&[&bytes[..], b"x"].concat()).is_err());
        let shown = format!("{keys:?}");
        assert!(!shown.contains("Seed") && !shown.contains(&base64(&bytes[65..97])), "{shown}");
        bench.gate.replace_keys(keys.rotated(now()).unwrap());
    }
}

#[tokio::test]
async fn others_can_verify_with_the_published_keys() {
    let bench = Bench::new().await;
    let keys = KeySet::parse(bench.gate.keys().jwks(now()).to_string().as_bytes(), GATE).unwrap();
    assert_eq!((keys.len(), keys.left_out.len()), (2, 0));
    let token = bench.mint().token;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let kid = look(&token).unwrap().header["kid"].as_str().unwrap().to_owned();
    let key = keys.find(Some(&kid), jsonwebtoken::Algorithm::EdDSA).remove(0);
    let good =
        |signed: &str| jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, jsonwebtoken::Algorithm::EdDSA);
    assert!(good(signed).unwrap() && !good("x.y").unwrap());
}

#[tokio::test]
async fn nobody_else_makes_a_gateway_token() {
    let bench = Bench::new().await;
    let stolen = bench.stolen();
    let claims = bench.claims();
    assert!(verify(&bench.issuers, &stolen.token(&claims)).await.is_ok(), "what the others differ from");
    let other = Signer::ed25519(&stolen.kid);
    assert_eq!(refusal(&bench.issuers, &other.token(&claims)).await, Check::Signature);
    let unknown = Signer::ed25519("k1");
    assert_eq!(refusal(&bench.issuers, &unknown.token(&claims)).await, Check::Key, "the provider's key id");
    let with = |changes: Value| {
        let mut header = stolen.header();
        header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        stolen.token_with(&header, &claims)
    };
    for (changes, check) in [
        (json!({"alg": "none"}), Check::Algorithm),
        (json!({"alg": "HS256"}), Check::Algorithm),
        (json!({"alg": "RS256"}), Check::Algorithm),
        (json!({"typ": "JWT"}), Check::Type),
        (json!({"typ": null}), Check::Type),
        (json!({"crit": ["exp"]}), Check::Critical),
        (json!({"kid": "x"}), Check::Key),
        (json!({"kid": null}), Check::Key),
        (json!({"kid": "x".repeat(300)}), Check::Key),
    ] {
        assert_eq!(refusal(&bench.issuers, &with(changes.clone())).await, check, "{changes}");
    }
    let good = bench.mint().token;
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for token in [format!("{signed}."), format!("{signed}.{}", base64(&[0; 64])), format!("{signed}.{signature}AA")] {
        assert_eq!(refusal(&bench.issuers, &token).await, Check::Signature);
    }
    // the gate's key signs for nobody else
    let mut foreign = bench.provider.claims();
    assert_eq!(refusal(&bench.issuers, &stolen.token(&foreign)).await, Check::Key);
    foreign["iss"] = json!(format!("{GATE}/"));
    assert_eq!(refusal(&bench.issuers, &stolen.token(&foreign)).await, Check::Issuer);
    // a gate without gateway tokens knows no such issuer
    assert_eq!(refusal(&bench.provider.issuers(), &good).await, Check::Issuer);
}

#[tokio::test]
async fn strange_claims_are_refused() {
    let bench = Bench::new().await;
    for sub in [json!("ann"), json!("idp:"), json!(7), json!("idp:a\nb"), Value::Null] {
        bench.expect("sub", sub, Some(Check::Subject)).await;
    }
    for kind in [json!("root"), json!(1), Value::Null] {
        bench.expect("kind", kind, Some(Check::Subject)).await;
    }
    for groups in [json!(["other:admin"]), json!(["admin"]), json!(["idp:"]), json!("idp:a"), json!([7]), json!({})] {
        bench.expect("groups", groups, Some(Check::Groups)).await;
    }
    bench.expect("groups", json!(vec!["idp:x"; 2_001]), Some(Check::Size)).await;
    bench.expect("groups", Value::Null, None).await;
}

#[tokio::test]
async fn a_provider_that_is_no_longer_configured_vouches_for_nobody() {
    let bench = Bench::new().await;
    let token = bench.mint().token;
    let mut renamed = bench.provider.config();
    renamed.name = "renamed".to_owned();
    let issuers = Issuers::with_gate(vec![renamed.clone()], Arc::clone(&bench.gate), Vec::new()).unwrap();
    assert_eq!(refusal(&issuers, &token).await, Check::Issuer);
    let saml = Issuers::with_gate(vec![renamed], Arc::clone(&bench.gate), vec!["idp".to_owned()]).unwrap();
    assert!(verify(&saml, &token).await.is_ok(), "a name of a provider that issues no tokens");
    let mut same = bench.provider.config();
    same.issuer = GATE.to_owned();
    let refused = Issuers::with_gate(vec![same], Arc::clone(&bench.gate), Vec::new()).unwrap_err().to_string();
    assert!(refused.contains("issuer: is the gate itself"), "{refused}");
}
