//! Accounts as a client and as an operator see them. The client's side of SCRAM is written out here, apart from the server's.

use aws_lc_rs::{digest, pbkdf2};
use base64::engine::general_purpose::STANDARD;

use super::*;

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 24 * 60 * 60;

fn salts() -> SaltKey {
    SaltKey::from_bytes([7; 32])
}

fn new(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        owner: "team-billing@example.com".into(),
        groups: vec!["batch".into(), "batch".into(), "billing".into()],
        expires_at: NOW + 30 * DAY,
    }
}

fn create(name: &str) -> (ServiceAccount, Password) {
    ServiceAccount::create(new(name), &salts(), NOW).unwrap()
}

fn accounts(all: &[ServiceAccount]) -> Accounts {
    Accounts::new(salts(), all.to_vec())
}

/// The parts of a challenge: nonce, salt, iterations.
fn parts(challenge: &str) -> (&str, Vec<u8>, u32) {
    let mut parts = challenge.split(',').map(|part| part.split_once('=').unwrap().1);
    let nonce = parts.next().unwrap();
    (nonce, STANDARD.decode(parts.next().unwrap()).unwrap(), parts.next().unwrap().parse().unwrap())
}

/// A login by RFC 5802, as a client does it: after the first message, what is to be sent, and what the server must answer.
struct Client {
    exchange: ScramServer,
    last: String,
    expected: String,
}

fn begin(accounts: &Accounts, hash: ScramHash, name: &str, password: &str) -> Client {
    let (hmac, sha, derive) = match hash {
        ScramHash::Sha256 => (hmac::HMAC_SHA256, &digest::SHA256, pbkdf2::PBKDF2_HMAC_SHA256),
        ScramHash::Sha512 => (hmac::HMAC_SHA512, &digest::SHA512, pbkdf2::PBKDF2_HMAC_SHA512),
    };
    let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac, key), text).as_ref().to_vec();
    let bare = format!("n={name},r=clientnonce");
    let (exchange, challenge) = accounts.scram(hash, format!("n,,{bare}").as_bytes()).unwrap();
    let (nonce, salt, iterations) = parts(&challenge);
    assert!(nonce.starts_with("clientnonce") && nonce.len() >= 11 + 24);
    let mut salted = vec![0; sha.output_len()];
    pbkdf2::derive(derive, iterations.try_into().unwrap(), &salt, password.as_bytes(), &mut salted);
    let client_key = sign(&salted, b"Client Key");
    let stored = digest::digest(sha, &client_key).as_ref().to_vec();
    let without_proof = format!("c=biws,r={nonce}");
    let message = format!("{bare},{challenge},{without_proof}");
    let proof: Vec<u8> = client_key.iter().zip(sign(&stored, message.as_bytes())).map(|(a, b)| a ^ b).collect();
    let last = format!("{without_proof},p={}", STANDARD.encode(proof));
    let expected = format!("v={}", STANDARD.encode(sign(&sign(&salted, b"Server Key"), message.as_bytes())));
    Client { exchange, last, expected }
}

fn login(
    accounts: &Accounts,
    hash: ScramHash,
    (name, password): (&str, &str),
    now: u64,
) -> Result<Arc<Caller>, AccountRefused> {
    let client = begin(accounts, hash, name, password);
    let (caller, answer) = accounts.scram_finish(&client.exchange, client.last.as_bytes(), now)?;
    assert_eq!(answer, client.expected, "the server's proof");
    Ok(caller)
}

async fn plain(accounts: &Accounts, user: &str, password: &str, now: u64) -> Result<Arc<Caller>, AccountRefused> {
    let message = Plain { authzid: None, user: user.into(), password: Zeroizing::new(password.into()) };
    accounts.plain(message, now).await
}

#[tokio::test]
async fn an_account_logs_in_with_both_hashes_and_plain() {
    let (account, password) = create("billing.batch-1");
    assert!(password.starts_with("tgsa_") && password.len() == 5 + 43);
    let all = accounts(&[account]);
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        let caller = login(&all, hash, ("billing.batch-1", &password), NOW).unwrap();
        assert_eq!((caller.issuer.as_str(), caller.subject.as_str()), ("service-account", "billing.batch-1"));
        assert_eq!(caller.groups, ["service-account:batch", "service-account:billing"]);
        assert_eq!((caller.credential, caller.kind), (CredentialKind::Scram, CallerKind::Workload));
        assert_eq!((caller.issued_at, caller.expires_at), (Some(NOW), NOW + 30 * DAY));
        assert!(caller.credential.is_static());
    }
    let caller = plain(&all, "billing.batch-1", &password, NOW).await.unwrap();
    assert_eq!(
        (caller.credential, caller.token_id.as_deref()),
        (CredentialKind::PlainPassword, Some("billing.batch-1/1"))
    );
}

#[tokio::test]
async fn wrong_passwords_and_unknown_names_are_refused_alike() {
    let (account, password) = create("ann");
    let all = accounts(&[account]);
    let wrong = format!("{}x", password.as_str());
    for (name, password) in [("ann", wrong.as_str()), ("ann", ""), ("bob", &password), ("Ann", &password)] {
        for hash in [ScramHash::Sha256, ScramHash::Sha512] {
            let refused = login(&all, hash, (name, password), NOW).unwrap_err();
            assert_eq!((refused.name(), refused.to_string()), ("account-password", ScramError::Proof.to_string()));
        }
        let refused = plain(&all, name, password, NOW).await.unwrap_err();
        assert_eq!((refused.name(), refused.to_string()), ("account-password", ScramError::Proof.to_string()));
    }
    let other = Plain { authzid: Some("root".into()), user: "ann".into(), password: password.clone() };
    assert_eq!(all.plain(other, NOW).await.unwrap_err(), AccountRefused::OtherIdentity);
    let own = Plain { authzid: Some("ann".into()), user: "ann".into(), password };
    all.plain(own, NOW).await.unwrap();
}

#[test]
fn a_probe_cannot_tell_names_that_exist_before_between_or_after() {
    let challenge = |accounts: &Accounts, hash, name: &str| {
        let (_, challenge) = accounts.scram(hash, format!("n,,n={name},r=x").as_bytes()).unwrap();
        let (nonce, salt, iterations) = parts(&challenge);
        (nonce.len(), salt, iterations)
    };
    let (before, with, after) = (accounts(&[]), accounts(&[create("ann").0, create("bob").0]), accounts(&[]));
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        let ann = challenge(&with, hash, "ann");
        assert_eq!(ann, challenge(&before, hash, "ann"));
        assert_eq!(ann, challenge(&after, hash, "ann"));
        let nobody = challenge(&with, hash, "nobody");
        assert_eq!(nobody, challenge(&with, hash, "nobody"), "asked twice");
        assert_eq!((ann.0, ann.1.len(), ann.2), (nobody.0, nobody.1.len(), nobody.2));
        assert!(ann.1 != nobody.1 && ann.1 != challenge(&with, hash, "bob").1, "each name has its own salt");
    }
    let salt = |hash| challenge(&with, hash, "ann").1;
    assert_ne!(salt(ScramHash::Sha256), salt(ScramHash::Sha512));
    let other_gate = Accounts::new(SaltKey::generate().unwrap(), Vec::new());
    assert_ne!(challenge(&other_gate, ScramHash::Sha256, "ann"), challenge(&with, ScramHash::Sha256, "ann"));
}

#[tokio::test]
async fn both_passwords_work_until_the_old_one_ends() {
    let (mut account, first) = create("ann");
    let second = account.rotate(NOW + DAY, None, NOW + 10).unwrap();
    assert_ne!(first, second);
    let all = accounts(&[account.clone()]);
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        let caller = login(&all, hash, ("ann", &first), NOW + 20).unwrap();
        assert_eq!((caller.expires_at, caller.token_id.as_deref()), (NOW + DAY, Some("ann/1")));
        let caller = login(&all, hash, ("ann", &second), NOW + 20).unwrap();
        assert_eq!((caller.expires_at, caller.token_id.as_deref()), (NOW + 30 * DAY, Some("ann/2")));
        assert_eq!(login(&all, hash, ("ann", &first), NOW + DAY).unwrap_err().name(), "account-password-replaced");
        login(&all, hash, ("ann", &second), NOW + DAY).unwrap();
    }
    plain(&all, "ann", &first, NOW + 20).await.unwrap();
    plain(&all, "ann", &second, NOW + 20).await.unwrap();
    assert_eq!(plain(&all, "ann", &first, NOW + DAY).await.unwrap_err(), AccountRefused::Replaced);
    // A third: the first is gone, whatever was said of it, and the second ends no later than it was told.
    let third = account.rotate(NOW + 20 * DAY, Some(NOW + 60 * DAY), NOW + 30).unwrap();
    assert_eq!(account.passwords(), [(3, NOW + 30, None), (2, NOW + 10, Some(NOW + 20 * DAY))]);
    all.replace(vec![account.clone()]);
    assert_eq!(plain(&all, "ann", &first, NOW + 40).await.unwrap_err(), AccountRefused::Password);
    assert_eq!(plain(&all, "ann", &third, NOW + 40).await.unwrap().expires_at, NOW + 60 * DAY);
    // At once: what is replaced works no longer.
    account.rotate(NOW + 50, None, NOW + 50).unwrap();
    assert_eq!(account.passwords(), [(4, NOW + 50, None)]);
}

#[tokio::test]
async fn disabled_and_expired_accounts_are_refused_and_only_who_knows_the_password_is_told() {
    let (mut account, password) = create("ann");
    let all = accounts(&[account.clone()]);
    let end = NOW + 30 * DAY;
    login(&all, ScramHash::Sha512, ("ann", &password), end - 1).unwrap();
    assert_eq!(login(&all, ScramHash::Sha512, ("ann", &password), end).unwrap_err(), AccountRefused::Expired);
    assert_eq!(plain(&all, "ann", &password, end).await.unwrap_err(), AccountRefused::Expired);
    account.disabled = true;
    all.replace(vec![account]);
    assert_eq!(login(&all, ScramHash::Sha256, ("ann", &password), NOW).unwrap_err(), AccountRefused::Disabled);
    assert_eq!(plain(&all, "ann", &password, NOW).await.unwrap_err(), AccountRefused::Disabled);
    for now in [NOW, end] {
        assert_eq!(login(&all, ScramHash::Sha256, ("ann", "x"), now).unwrap_err().name(), "account-password");
        assert_eq!(plain(&all, "ann", "x", now).await.unwrap_err(), AccountRefused::Password);
    }
}

#[test]
fn an_account_that_changes_between_the_two_messages_is_taken_as_it_is_then() {
    let (mut account, password) = create("ann");
    let all = accounts(&[account.clone()]);
    let finish = |client: &Client| all.scram_finish(&client.exchange, client.last.as_bytes(), NOW + 1);
    let client = begin(&all, ScramHash::Sha256, "ann", &password);
    account.disabled = true;
    all.replace(vec![account.clone()]);
    assert_eq!(finish(&client).unwrap_err(), AccountRefused::Disabled);
    account.disabled = false;
    account.rotate(NOW, None, NOW).unwrap();
    all.replace(vec![account]);
    assert_eq!(finish(&client).unwrap_err(), AccountRefused::Password);
    all.replace(Vec::new());
    assert_eq!(finish(&client).unwrap_err(), AccountRefused::Password);
}

#[tokio::test]
async fn live_sessions_end_with_their_password_their_account_or_its_end() {
    let (mut account, first) = create("ann");
    let all = accounts(&[account.clone()]);
    let caller = login(&all, ScramHash::Sha256, ("ann", &first), NOW).unwrap();
    assert!(all.still_valid(&caller, NOW + 1));
    assert!(!all.still_valid(&caller, NOW + 30 * DAY), "expired");
    let second = account.rotate(NOW + 100, None, NOW + 10).unwrap();
    all.replace(vec![account.clone()]);
    assert!(all.still_valid(&caller, NOW + 99));
    assert!(!all.still_valid(&caller, NOW + 100), "replaced");
    let renewed = plain(&all, "ann", &second, NOW + 20).await.unwrap();
    assert!(all.still_valid(&renewed, NOW + 100));
    account.disabled = true;
    all.replace(vec![account]);
    assert!(!all.still_valid(&renewed, NOW + 21), "disabled");
    all.replace(Vec::new());
    assert!(!all.still_valid(&renewed, NOW + 21), "removed");
    all.replace(vec![ServiceAccount::create(new("ann"), &salts(), NOW + 30).unwrap().0]);
    assert!(!all.still_valid(&caller, NOW + 31), "another account of the same name");
    let with_token = Caller { credential: CredentialKind::OauthBearer, ..(*caller).clone() };
    assert!(all.still_valid(&with_token, NOW), "no account's caller");
}

#[test]
fn uses_are_counted_per_account_and_forgotten_with_it() {
    let (account, password) = create("ann");
    let all = accounts(&[account.clone(), create("bob").0]);
    let caller = login(&all, ScramHash::Sha256, ("ann", &password), NOW).unwrap();
    let here: IpAddr = "192.0.2.1".parse().unwrap();
    all.used(&caller, "old-job", here, 5);
    all.used(&caller, "new-job", here, 9);
    let with_token = Caller { credential: CredentialKind::PlainToken, ..(*caller).clone() };
    all.used(&with_token, "other", here, 11);
    let uses = all.last_uses();
    assert_eq!(uses.len(), 1);
    let last = &uses[0];
    assert_eq!((last.name.as_str(), last.client_id.as_str(), last.last_used_ms, last.logins), ("ann", "new-job", 9, 2));
    assert_eq!((last.credential.as_str(), last.password.as_str(), last.address), ("scram", "ann/1", here));
    let after_restart = accounts(&[account]);
    after_restart.remember(vec![last.clone(), AccountUse { name: "gone".into(), ..last.clone() }]);
    after_restart.used(&caller, "third", here, 20);
    assert_eq!(after_restart.last_uses().iter().map(|u| u.logins).collect::<Vec<_>>(), [3]);
    all.replace(Vec::new());
    all.used(&caller, "late", here, 30);
    assert!(all.last_uses().is_empty());
}

#[test]
fn what_cannot_be_an_account_is_refused() {
    let with = |change: fn(&mut NewAccount)| {
        let mut asked = new("ann");
        change(&mut asked);
        ServiceAccount::create(asked, &salts(), NOW).map(drop).unwrap_err()
    };
    for name in ["", "token", "a b", "a,b", "a=b", "ännchen", "a:b", "$oauthtoken", &"x".repeat(65)] {
        assert_eq!(ServiceAccount::create(new(name), &salts(), NOW).unwrap_err(), AccountError::Name, "{name:?}");
    }
    assert_eq!(with(|asked| asked.owner.clear()), AccountError::Owner);
    assert_eq!(with(|asked| asked.owner = "a\nb".into()), AccountError::Owner);
    assert_eq!(with(|asked| asked.groups.push(String::new())), AccountError::Groups);
    assert_eq!(with(|asked| asked.groups = (0..101).map(|n| n.to_string()).collect()), AccountError::Groups);
    assert_eq!(with(|asked| asked.expires_at = NOW), AccountError::Expiry);
    assert_eq!(with(|asked| asked.expires_at = NOW + ACCOUNT_LIFE_MAX_S + 1), AccountError::Expiry);
    let (mut account, _) = create("ann");
    let before = account.clone();
    assert_eq!(account.rotate(NOW + 31 * DAY, None, NOW).unwrap_err(), AccountError::OldUntil);
    assert_eq!(account.rotate(NOW, Some(NOW - 1), NOW).unwrap_err(), AccountError::Expiry);
    assert_eq!(account.rotate(NOW + 30 * DAY, None, NOW + 30 * DAY).unwrap_err(), AccountError::Expiry);
    assert_eq!(account, before, "what failed changed nothing");
}

#[test]
fn what_is_kept_comes_back_and_holds_no_password() {
    let (mut account, first) = create("ann");
    let second = account.rotate(NOW + DAY, None, NOW + 1).unwrap();
    let row = serde_json::to_string(&account).unwrap();
    for password in [&first, &second] {
        let secret = password.strip_prefix("tgsa_").unwrap();
        assert!(!row.contains(secret) && !format!("{account:?}").contains(secret));
    }
    let back: ServiceAccount = serde_json::from_str(&row).unwrap();
    assert_eq!(back, account);
    let all = accounts(&[back]);
    login(&all, ScramHash::Sha512, ("ann", &first), NOW + 2).unwrap();
    login(&all, ScramHash::Sha256, ("ann", &second), NOW + 2).unwrap();
    let verifier = &account.verifiers[0];
    let shown = format!("{account:?} {:?} {all:?}", salts());
    let stored = format!("{:?}", verifier.sha256.stored);
    assert!(!shown.contains(&stored) && !shown.contains(&STANDARD.encode(&verifier.sha256.stored)));
    assert!(serde_json::from_str::<ServiceAccount>(&row.replacen("\"stored\"", "\"password\"", 1)).is_err());
}

/// On a thread for blocking work that is taken, so that the check is certain not to have begun.
#[test]
fn a_check_whose_client_has_gone_still_counts_among_those_under_way() {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (account, password) = create("ann");
        let all = accounts(&[account]);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let taken = tokio::task::spawn_blocking(move || held.recv());
        let gone = tokio::time::timeout(Duration::from_millis(1), plain(&all, "ann", &password, NOW)).await;
        assert!(gone.is_err(), "there is no thread for it");
        assert_eq!(all.plain.available_permits(), PLAIN_CHECKS_MAX - 1);
        release.send(()).unwrap();
        taken.await.unwrap().unwrap();
        plain(&all, "ann", &password, NOW).await.unwrap();
        assert_eq!(all.plain.available_permits(), PLAIN_CHECKS_MAX);
    });
}

#[tokio::test]
async fn who_waits_too_long_for_the_check_is_told_to_try_again() {
    let (account, password) = create("ann");
    let all = accounts(&[account]);
    let _others = Arc::clone(&all.plain).acquire_many_owned(u32::try_from(PLAIN_CHECKS_MAX).unwrap()).await.unwrap();
    assert_eq!(plain(&all, "ann", &password, NOW).await.unwrap_err(), AccountRefused::Busy);
}
