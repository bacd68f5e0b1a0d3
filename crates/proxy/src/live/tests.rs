//! Sessions that are cut while they are live.

use std::time::Duration;

use tidegate_evidence::entry::{Effect as Done, Kind};
use tidegate_identity::{NewAccount, Plain, Revocation, RevocationKind, Revocations, ServiceAccount};
use tidegate_policy::{Block, Blocks, Policy, Target};
use tokio::io::AsyncReadExt as _;

use super::*;
use crate::fault::Fault;
use crate::testing::{Gatehouse, caller, frame, limits, take};

fn revoke(gate: &Gatehouse, subject: &str) -> usize {
    let value = format!("{}:{subject}", caller().issuer);
    let revocation = Revocation { kind: RevocationKind::Subject, value, not_before: u64::MAX, reason: String::new() };
    let shared = &gate.listener.shared;
    shared.revocations.store(Arc::new(Revocations::new([revocation]).unwrap()));
    shared.live.review(shared)
}

fn block(gate: &Gatehouse, kind: &str, value: &str) -> usize {
    let shared = &gate.listener.shared;
    let target = Target::parse(kind, value).unwrap();
    let block =
        Block { id: "b1".into(), target, reason: String::new(), at_ms: 0, until_s: None, who: "local:root".into() };
    shared.policy.store(Arc::new(shared.policy().with_blocks(Arc::new(Blocks::new(vec![block])))));
    shared.live.review(shared)
}

#[tokio::test]
async fn an_idle_session_ends_when_its_caller_is_revoked_and_no_other_does() {
    let gate = Gatehouse::new(limits()).await;
    let other = Caller { subject: "other".into(), ..caller() };
    let mut revoked = gate.connect(1 << 16);
    let mut stays = gate.connect_as(other, 1 << 16).await;
    assert_eq!(gate.listener.shared.live.len(), 2);
    assert_eq!(revoke(&gate, &caller().subject), 1);
    assert!(take(&mut revoked.client).await.is_none(), "the client sees the end");
    assert!(matches!(revoked.end().await, Err(Fault::Cut(Bar::Revoked))));
    stays.ask(&[frame(b"R", 1, 0)]).await;
    stays.broker_sees(&frame(b"R", 1, 0)).await;
    assert_eq!(gate.listener.shared.live.len(), 1);
}

#[tokio::test]
async fn an_answer_under_way_is_neither_delivered_nor_recorded_as_read() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"R", 1, 0)]).await;
    wired.broker_sees(&frame(b"R", 1, 0)).await;
    let subject = format!("{}:{}", caller().issuer, caller().subject);
    assert_eq!(block(&gate, "subject", &subject), 1);
    wired.answer(&frame(b"R", 1, 5)).await;
    assert!(take(&mut wired.client).await.is_none());
    assert!(matches!(wired.end().await, Err(Fault::Cut(Bar::Blocked))));
    assert!(gate.of(Kind::Outcome).is_empty());
}

#[tokio::test]
async fn what_was_written_keeps_its_outcome_though_the_client_is_not_told() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    assert_eq!(revoke(&gate, &caller().subject), 1);
    wired.answer(&frame(b"W", 1, 0)).await;
    assert!(take(&mut wired.client).await.is_none());
    assert!(matches!(wired.end().await, Err(Fault::Cut(Bar::Revoked))));
    let outcomes = gate.of(Kind::Outcome);
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].entry.effect, Some(Done::Acked));
}

#[tokio::test]
async fn who_was_barred_while_logging_in_is_cut_at_once_and_a_topic_cuts_nobody() {
    let gate = Gatehouse::new(limits()).await;
    assert_eq!(revoke(&gate, &caller().subject), 0);
    let mut wired = gate.connect(1 << 16);
    assert!(take(&mut wired.client).await.is_none());
    assert!(matches!(wired.end().await, Err(Fault::Cut(Bar::Revoked))));
    let other = gate.connect_as(Caller { subject: "other".into(), ..caller() }, 1 << 16).await;
    assert_eq!(block(&gate, "topic", "*"), 0, "its next request is refused, its connection lives");
    drop(other);
}

/// Puts these rules in force; how many sessions were cut.
fn apply(gate: &Gatehouse, rules: &str) -> usize {
    let shared = &gate.listener.shared;
    let files = [("rules.cedar".to_owned(), rules.to_owned())].into();
    shared.policy.store(Arc::new(Policy::from_files(&files).unwrap()));
    shared.live.review(shared)
}

const OPEN: &str = "permit (principal, action, resource);";
const SEALED: &str = "forbid (principal, action == Action::\"consume\", resource == Topic::\"shown\");";

#[tokio::test]
async fn what_a_slow_client_is_being_shown_ends_when_the_rules_take_it_away() {
    let gate = Gatehouse::new(limits()).await;
    apply(&gate, OPEN);
    let mut slow = gate.connect(1 << 10);
    slow.ask(&[frame(b"S", 1, 0)]).await;
    slow.broker_sees(&frame(b"S", 1, 0)).await;
    slow.answer(&frame(b"S", 1, 1 << 19)).await;
    // The answer is under way once its first byte has come, and most of it does not fit into the pipe.
    let mut seen = vec![slow.client.read_u8().await.unwrap()];
    assert_eq!(apply(&gate, &format!("{OPEN} {}", SEALED.replace("shown", "other"))), 0, "it may go on");
    assert_eq!(apply(&gate, &format!("{OPEN} {SEALED}")), 1);
    slow.client.read_to_end(&mut seen).await.unwrap();
    assert!(seen.len() <= 1 + (1 << 10), "no more than was in the pipe: {}", seen.len());
    assert!(matches!(slow.end().await, Err(Fault::Cut(Bar::PolicyChanged))));
}

#[tokio::test]
async fn what_was_allowed_by_other_rules_is_asked_again_before_it_is_shown() {
    let gate = Gatehouse::new(limits()).await;
    apply(&gate, OPEN);
    let mut slow = gate.connect(1 << 10);
    // The first takes up the way to the client; the second is masked and recorded behind it.
    slow.ask(&[frame(b"R", 1, 0), frame(b"S", 2, 0)]).await;
    slow.broker_sees(&frame(b"R", 1, 0)).await;
    slow.broker_sees(&frame(b"S", 2, 0)).await;
    slow.answer(&frame(b"R", 1, 1 << 16)).await;
    slow.answer(&frame(b"S", 2, 0)).await;
    let recorded = async {
        while gate.of(Kind::Outcome).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), recorded).await.expect("both are recorded");
    assert_eq!(apply(&gate, &format!("{OPEN} {SEALED}")), 0, "nothing of it is on its way");
    slow.client_sees(&frame(b"R", 1, 1 << 16)).await;
    assert!(take(&mut slow.client).await.is_none());
    assert!(matches!(slow.end().await, Err(Fault::Cut(Bar::PolicyChanged))));
}

#[tokio::test]
async fn an_idle_session_ends_a_little_after_its_credential() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    exchange.access().ends_at_ms = gate.listener.shared.now_ms() - LEEWAY_MS - 1;
    let mut wired = Gatehouse::wire(exchange, 1 << 16);
    assert!(take(&mut wired.client).await.is_none());
    assert!(matches!(wired.end().await, Err(Fault::SessionEnded)));
}

#[tokio::test]
async fn a_session_ends_no_later_than_its_account_ends_now() {
    let gate = Gatehouse::new(limits()).await;
    let shared = Arc::clone(&gate.listener.shared);
    let now = shared.now_ms() / 1000;
    let (name, owner, groups) = ("batch".into(), "ops".into(), Vec::new());
    let new = NewAccount { name, owner, groups, expires_at: now + 24 * 60 * 60 };
    let (mut account, password) = ServiceAccount::create(new, shared.accounts.salts(), now).unwrap();
    shared.accounts.replace(vec![account.clone()]);
    let login = Plain { authzid: None, user: "batch".into(), password };
    let caller = shared.accounts.plain(login, now).await.unwrap();
    let exchange = gate.exchange((*caller).clone());
    let before = exchange.access().ends_at_ms;
    // Its timer sleeps until the end that was known before.
    let mut ending = Box::pin(exchange.seat.end_in_time(&shared));
    assert!(poll_once(&mut ending).is_pending());
    account.rotate(now + 60, None, now).unwrap();
    shared.accounts.replace(vec![account.clone()]);
    assert_eq!(shared.live.review(&shared), 0);
    assert_eq!(exchange.access().ends_at_ms, (now + 60) * 1000);
    assert!((now + 60) * 1000 < before);
    // It is woken for the nearer end, and a session that has outlasted its own is cut.
    exchange.access().ends_at_ms = 1;
    tokio::time::timeout(Duration::from_secs(30), ending).await.expect("it was not woken");
    assert_eq!(exchange.seat.why_cut(), Some(Bar::Ended));
}

fn poll_once<F: Future<Output = ()>>(future: &mut std::pin::Pin<Box<F>>) -> std::task::Poll<()> {
    future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}
