//! Which credential goes where. The mechanisms themselves are tested where they are, and by real clients.

use bytes::BytesMut;
use tidegate_evidence::entry::Kind;
use tidegate_identity::{NewAccount, Password, ServiceAccount};

use super::*;
use crate::fault::Fault;
use crate::testing::{Gatehouse, frame, limits, named};

/// Makes the account `batch` known to the gate.
fn account(gate: &Gatehouse) -> (ServiceAccount, Password) {
    let accounts = &gate.listener.shared.accounts;
    let now = now(&gate.listener.shared);
    let new =
        NewAccount { name: "batch".into(), owner: "ops".into(), groups: Vec::new(), expires_at: now + 24 * 60 * 60 };
    let (account, password) = ServiceAccount::create(new, accounts.salts(), now).unwrap();
    accounts.replace(vec![account.clone()]);
    (account, password)
}

async fn ask(
    gate: &Gatehouse,
    mechanism: Mechanism,
    message: &str,
    half_way: Option<ScramServer>,
) -> Result<Verified, Refused> {
    let credential = Credential { mechanism, message: BytesMut::from(message) };
    verify(&gate.listener.shared, credential, half_way, Way::Private).await
}

fn reason(refused: Result<Verified, Refused>) -> &'static str {
    match refused {
        Err(refused) => refused.reason,
        Ok(_) => panic!("accepted"),
    }
}

#[tokio::test]
async fn plain_carries_a_token_under_one_user_name_and_a_password_under_all_others() {
    let gate = Gatehouse::new(limits()).await;
    let (_, password) = account(&gate);
    let plain = |message: String| async { ask(&gate, Mechanism::Plain, &{ message }, None).await };
    let Ok(Verified::Caller(caller, words, None)) = plain(format!("\0batch\0{}", *password)).await else {
        panic!("refused")
    };
    assert_eq!((caller.credential, words.as_str()), (CredentialKind::PlainPassword, ""));
    assert!(plain(format!("batch\0batch\0{}", *password)).await.is_ok());
    assert_eq!(reason(plain(format!("other\0batch\0{}", *password)).await), "malformed");
    assert_eq!(reason(plain(format!("\0token\0{}", *password)).await), "form");
    assert_eq!(reason(plain("\0batch\0wrong".into()).await), "account-password");
    assert_eq!(reason(plain("\0nobody\0e30.e30.x".into()).await), "account-password");
    assert_eq!(reason(plain("batch".into()).await), "malformed");
    let Err(refused) = plain(format!("\0Batch\0{}", *password)).await else { panic!("accepted") };
    assert!(refused.text.contains("`token`") && !refused.text.contains("atch"), "{}", refused.text);
}

#[tokio::test]
async fn a_password_in_plain_is_taken_only_where_nobody_can_read_it_and_a_token_everywhere() {
    let gate = Gatehouse::new(limits()).await;
    let (_, password) = account(&gate);
    let open = |message: String| async {
        let credential = Credential { mechanism: Mechanism::Plain, message: BytesMut::from({ message }.as_str()) };
        verify(&gate.listener.shared, credential, None, Way::Open).await
    };
    let Err(refused) = open(format!("\0batch\0{}", *password)).await else { panic!("accepted") };
    assert_eq!(refused.reason, "plain_without_tls");
    assert!(refused.text.contains("SCRAM-SHA-512"), "{}", refused.text);
    let way = |peer: &str| Way::of(&gate.listener, peer.parse().unwrap());
    assert_eq!(
        (way("127.0.0.1:9"), way("[::ffff:127.0.0.1]:9"), way("[::1]:9")),
        (Way::Private, Way::Private, Way::Private)
    );
    assert_eq!((way("192.0.2.7:9"), way("[::ffff:192.0.2.7]:9")), (Way::Open, Way::Open));
    assert_eq!(reason(open("\0token\0x".into()).await), "form");
}

#[tokio::test]
async fn scram_goes_half_way_first_and_the_second_message_ends_it() {
    let gate = Gatehouse::new(limits()).await;
    account(&gate);
    for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha512] {
        for (name, last, expected) in [
            ("batch", "c=biws,r=", "malformed"),
            ("batch", "proof", "account-password"),
            ("nobody", "proof", "account-password"),
        ] {
            let first = format!("n,,n={name},r=abc");
            let Ok(Verified::HalfWay(exchange, answer)) = ask(&gate, mechanism, &first, None).await else {
                panic!("no challenge")
            };
            assert!(answer.starts_with("r=abc"), "{answer}");
            let nonce = answer.split(',').next().unwrap();
            let last = if last == "proof" { format!("c=biws,{nonce},p=AAAA") } else { last.into() };
            assert_eq!(reason(ask(&gate, mechanism, &last, Some(exchange)).await), expected);
        }
        assert_eq!(reason(ask(&gate, mechanism, "c=biws,r=abc,p=AAAA", None).await), "malformed");
    }
}

#[tokio::test]
async fn a_session_is_renewed_with_the_password_until_the_account_is_disabled() {
    let gate = Gatehouse::new(limits()).await;
    let (mut account, password) = account(&gate);
    let login = format!("\0batch\0{}", *password);
    let Ok(Verified::Caller(caller, ..)) = ask(&gate, Mechanism::Plain, &login, None).await else { panic!("refused") };
    let mut wired = gate.connect_as((*caller).clone(), 1 << 16).await;
    wired.ask(&[named(b"A", 1, &login), frame(b"W", 2, 0)]).await;
    wired.client_sees(&frame(b"a", 1, 0)).await;
    wired.broker_sees(&frame(b"W", 2, 0)).await;
    wired.answer(&frame(b"w", 2, 0)).await;
    wired.client_sees(&frame(b"w", 2, 0)).await;
    account.disabled = true;
    let accounts = &gate.listener.shared.accounts;
    assert_eq!(accounts.last_uses()[0].logins, 1);
    accounts.replace(vec![account]);
    wired.ask(&[named(b"A", 3, &login)]).await;
    wired.client_sees(&frame(b"a", 0, 0)).await;
    assert!(matches!(wired.end().await, Err(Fault::Login("account-disabled"))));
    gate.log.close();
    let of_session: Vec<_> = gate.leaves().into_iter().filter(|leaf| leaf.entry.session.is_some()).collect();
    let kinds: Vec<_> = of_session.iter().map(|leaf| leaf.entry.kind).collect();
    assert_eq!(kinds, [Kind::SessionOpen, Kind::SessionOpen, Kind::Intent, Kind::Outcome, Kind::SessionClose]);
    let marked = ("static_credential".to_owned(), "yes".to_owned());
    assert!(of_session.iter().all(|leaf| leaf.entry.facts.contains(&marked)), "every leaf says that it was a password");
}

#[tokio::test]
async fn the_leaves_of_other_callers_are_not_marked() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect_as(crate::testing::caller(), 1 << 16).await;
    wired.ask(&[frame(b"L", 1, 0)]).await;
    wired.client_sees(&frame(b"l", 1, 0)).await;
    drop(wired.client);
    drop(wired.broker);
    gate.log.close();
    assert!(gate.leaves().iter().all(|leaf| leaf.entry.facts.iter().all(|(name, _)| name != "static_credential")));
}
