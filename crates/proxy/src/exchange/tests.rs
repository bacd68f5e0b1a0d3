//! The order of things on one connection, with a broker that does what the test says and a real log.

use tidegate_evidence::entry::{Effect as Done, Kind};
use tidegate_identity::{Revocation, RevocationKind, Revocations};
use tidegate_policy::{Block, Blocks, Target};
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::gate::Limits;
use crate::live::Bar;
use crate::testing::{Gatehouse, LONGEST, Wired, caller, frame, limits, named, take};

#[tokio::test]
async fn what_changes_something_is_durable_before_the_broker_sees_it_and_its_outcome_before_the_client() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 10)]).await;
    wired.broker_sees(&frame(b"W", 1, 10)).await;
    let intents = gate.of(Kind::Intent);
    assert_eq!(intents.len(), 1, "durable before a byte is forwarded");
    assert!(gate.of(Kind::Outcome).is_empty());
    wired.answer(&frame(b"W", 1, 3)).await;
    wired.client_sees(&frame(b"W", 1, 3)).await;
    let outcomes = gate.of(Kind::Outcome);
    assert_eq!(outcomes.len(), 1, "durable before a byte is delivered");
    assert_eq!((outcomes[0].entry.pair, outcomes[0].entry.effect), (Some(intents[0].index), Some(Done::Acked)));
    wired.client.shutdown().await.unwrap();
    assert!(wired.end().await.is_ok());
}

#[tokio::test]
async fn what_only_reads_has_one_leaf_and_what_says_nothing_is_folded() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    exchange.recorder.open(&caller(), &Default::default(), &exchange.facts, 1).await.unwrap();
    drop(exchange);
    let mut wired = gate.connect(1 << 16);
    for (letter, number) in [(b"R", 1), (b"Q", 2), (b"Q", 3)] {
        wired.ask(&[frame(letter, number, 0)]).await;
        wired.broker_sees(&frame(letter, number, 0)).await;
        assert!(gate.of(Kind::Intent).is_empty());
        wired.answer(&frame(letter, number, 9)).await;
        wired.client_sees(&frame(letter, number, 9)).await;
        assert_eq!(gate.of(Kind::Outcome).len(), 1);
    }
    assert!(gate.of(Kind::Idle).is_empty());
}

#[tokio::test]
async fn pipelined_requests_keep_their_order_with_answers_of_the_gates_own_among_them() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    let frames = [frame(b"R", 1, 0), frame(b"L", 2, 0), frame(b"W", 3, 0), frame(b"L", 4, 0), frame(b"R", 5, 0)];
    wired.ask(&frames).await;
    for at in [0, 2, 4] {
        wired.broker_sees(&frames[at]).await;
    }
    for number in [1, 3, 5] {
        wired.answer(&frame(b"r", number, 0)).await;
    }
    for (letter, number) in [(b"r", 1), (b"l", 2), (b"r", 3), (b"l", 4), (b"r", 5)] {
        wired.client_sees(&frame(letter, number, 0)).await;
    }
}

#[tokio::test]
async fn frames_pass_as_the_very_bytes_however_they_are_cut() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    let request = frame(b"R", 9, 40);
    for cut in 1..request.len() {
        wired.client.write_all(&request[..cut]).await.unwrap();
        tokio::task::yield_now().await;
        wired.client.write_all(&request[cut..]).await.unwrap();
        wired.broker_sees(&request).await;
        let answer = frame(b"x", 9, cut);
        wired.broker.write_all(&answer[..cut]).await.unwrap();
        tokio::task::yield_now().await;
        wired.broker.write_all(&answer[cut..]).await.unwrap();
        wired.client_sees(&answer).await;
    }
    let large = frame(b"R", 1, LONGEST - 2);
    let (mut read, mut write) = tokio::io::split(wired.client);
    let (sent, seen) = tokio::join!(write.write_all(&large), take(&mut wired.broker));
    sent.unwrap();
    assert!(seen.unwrap() == large);
    let (sent, seen) = tokio::join!(wired.broker.write_all(&large), take(&mut read));
    sent.unwrap();
    assert!(seen.unwrap() == large);
}

#[tokio::test]
async fn without_an_intent_nothing_is_forwarded_and_the_client_may_try_again() {
    let gate = Gatehouse::with(limits(), 0, 1 << 20).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0), frame(b"Q", 2, 0), frame(b"W", 3, 0)]).await;
    wired.client_sees(&frame(b"!", 1, 0)).await;
    wired.broker_sees(&frame(b"Q", 2, 0)).await;
    wired.answer(&frame(b"q", 2, 0)).await;
    wired.client_sees(&frame(b"q", 2, 0)).await;
    wired.client_sees(&frame(b"!", 3, 0)).await;
    wired.client.shutdown().await.unwrap();
    assert!(take(&mut wired.broker).await.is_none(), "nothing else was forwarded");
    assert!(wired.end().await.is_ok());
}

#[tokio::test]
async fn without_an_intent_a_request_that_wants_no_answer_is_not_forwarded_and_the_connection_closes() {
    let gate = Gatehouse::with(limits(), 0, 1 << 20).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"N", 1, 0)]).await;
    assert!(take(&mut wired.broker).await.is_none());
    assert!(matches!(wired.end().await, Err(Fault::Evidence(_))));
}

#[tokio::test]
async fn without_an_outcome_nothing_is_delivered_and_the_connection_closes() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0), frame(b"Q", 2, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    wired.broker_sees(&frame(b"Q", 2, 0)).await;
    gate.log.close();
    wired.broker.write_all(&[frame(b"w", 1, 0), frame(b"q", 2, 0)].concat()).await.unwrap();
    assert!(take(&mut wired.client).await.is_none(), "not the outcome, nor what came after it");
    assert!(matches!(wired.end().await, Err(Fault::Evidence(_))));
}

#[tokio::test]
async fn a_lost_broker_leaves_each_intent_with_an_unknown_effect_and_answers_that_came_are_delivered() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    let frames: Vec<_> = (1..=4).map(|number| frame(b"W", number, 0)).collect();
    wired.ask(&frames).await;
    for frame in &frames {
        wired.broker_sees(frame).await;
    }
    wired.answer(&frame(b"w", 1, 0)).await;
    drop(wired.broker);
    assert_eq!(take(&mut wired.client).await.unwrap(), frame(b"w", 1, 0));
    assert!(take(&mut wired.client).await.is_none());
    assert!(matches!(wired.ended.await.unwrap(), Err(Fault::BrokerGone { in_flight: 3 })));
    assert_eq!(gate.effects(), [(1, Done::Acked), (2, Done::Unknown), (3, Done::Unknown), (4, Done::Unknown)]);
}

#[tokio::test]
async fn an_idle_brokers_end_ends_the_connection_before_a_request_is_lost() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    drop(wired.broker);
    assert!(take(&mut wired.client).await.is_none());
    assert!(matches!(wired.ended.await.unwrap(), Err(Fault::BrokerGone { in_flight: 0 })));
}

#[tokio::test]
async fn a_client_that_goes_leaves_no_outcome_unrecorded() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0), frame(b"W", 2, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    wired.broker_sees(&frame(b"W", 2, 0)).await;
    drop(wired.client);
    for number in [1, 2] {
        wired.broker.write_all(&frame(b"w", number, 0)).await.unwrap();
    }
    drop(wired.ended.await.unwrap());
    assert_eq!(gate.effects(), [(1, Done::Acked), (2, Done::Acked)]);
}

#[tokio::test]
async fn answers_that_do_not_come_after_the_client_went_are_unknown() {
    let gate = Gatehouse::new(Limits { drain: Duration::from_millis(50), ..limits() }).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0), frame(b"R", 2, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    drop(wired.client);
    assert!(matches!(wired.ended.await.unwrap(), Err(Fault::TooSlow(_))));
    assert_eq!(gate.effects(), [(1, Done::Unknown)]);
}

#[tokio::test]
async fn garbage_ends_the_connection_after_what_came_before_it() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0), frame(b"?", 2, 0), frame(b"W", 3, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    wired.answer(&frame(b"w", 1, 0)).await;
    wired.client_sees(&frame(b"w", 1, 0)).await;
    assert!(matches!(wired.end().await, Err(Fault::Client(_))));
    assert_eq!(gate.effects(), [(1, Done::Acked)], "the one after it is not even decided");
}

#[tokio::test]
async fn what_was_recorded_but_not_forwarded_says_so() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    let held = Held::default();
    let step = exchange.decide(Frame { bytes: (&frame(b"W", 8, 0)[..]).into(), held }).unwrap();
    exchange.withhold(step).await;
    assert_eq!(gate.effects(), [(8, Done::Refused)]);
}

#[tokio::test]
async fn a_request_without_an_answer_is_recorded_before_and_its_effect_is_unknown() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"N", 1, 0)]).await;
    wired.broker_sees(&frame(b"N", 1, 0)).await;
    assert_eq!(gate.of(Kind::Intent).len(), 1);
    wired.ask(&[frame(b"R", 2, 0)]).await;
    wired.broker_sees(&frame(b"R", 2, 0)).await;
    wired.answer(&frame(b"r", 2, 0)).await;
    wired.client_sees(&frame(b"r", 2, 0)).await;
    assert_eq!(gate.effects(), [(1, Done::Unknown)]);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_the_broker_and_not_the_memory() {
    let gate = Gatehouse::with(Limits { in_flight: 4, ..limits() }, 8192, 4 << 20).await;
    let mut wired = gate.connect(1 << 10);
    let ask: Vec<_> = (0..40).map(|number| frame(b"R", number, 0)).collect();
    wired.ask(&ask[..4]).await;
    let (from_gate, mut to_gate) = wired.broker.into_split();
    let answers = tokio::spawn(async move {
        for number in 0..40 {
            to_gate.write_all(&frame(b"r", number, 512 << 10)).await.unwrap();
        }
        to_gate
    });
    let (mut read, mut write) = tokio::io::split(wired.client);
    let asking = tokio::spawn(async move { write.write_all(&ask[4..].concat()).await.map(|()| write) });
    let full = 4 << 20;
    let waited = async {
        while gate.listener.shared.budget.free_bytes() == full {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waited).await.unwrap();
    assert!(gate.listener.shared.budget.free_bytes() >= 2 << 20, "requests have their own half");
    assert!(!answers.is_finished());
    let mut forwarded = [0; 40 * 6];
    let forwarded = from_gate.try_read(&mut forwarded).unwrap();
    assert!(forwarded <= 6 * 10, "four wait, one was taken, and no more are ahead than have memory: {forwarded}");
    for number in 0..40 {
        assert_eq!(take(&mut read).await.unwrap(), frame(b"r", number, 512 << 10));
    }
    drop((answers.await.unwrap(), asking.await.unwrap().unwrap()));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let gate = Gatehouse::new(Limits { delivery_stall: Duration::from_millis(30), ..limits() }).await;
    let mut wired = gate.connect(64);
    wired.ask(&[frame(b"W", 1, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    wired.answer(&frame(b"w", 1, 500)).await;
    assert!(matches!(wired.end().await, Err(Fault::TooSlow(_))));
    assert_eq!(gate.effects(), [(1, Done::Acked)]);
}

#[tokio::test]
async fn a_stop_takes_no_more_requests_and_finishes_those_under_way() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    gate.listener.stopping.cancel();
    tokio::task::yield_now().await;
    wired.ask(&[frame(b"W", 2, 0)]).await;
    wired.answer(&frame(b"w", 1, 0)).await;
    wired.client_sees(&frame(b"w", 1, 0)).await;
    assert!(take(&mut wired.client).await.is_none());
    assert!(wired.end().await.is_ok());
    assert_eq!(gate.effects(), [(1, Done::Acked)]);
}

#[tokio::test]
async fn a_refused_renewal_is_told_in_its_turn_recorded_and_ends_the_session() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"R", 1, 0), frame(b"A", 2, 0), frame(b"?", 3, 0)]).await;
    wired.broker_sees(&frame(b"R", 1, 0)).await;
    wired.answer(&frame(b"r", 1, 0)).await;
    wired.client_sees(&frame(b"r", 1, 0)).await;
    wired.client_sees(&frame(b"a", 0, 0)).await;
    assert!(matches!(wired.end().await, Err(Fault::Login(_))));
    assert_eq!(gate.of(Kind::LoginFailed).len(), 1);
}

#[tokio::test]
async fn what_was_decided_under_other_rules_and_not_forwarded_yet_is_asked_again() {
    let gate = Gatehouse::new(limits()).await;
    let mut wired = gate.connect(2 << 20);
    // The broker takes nothing yet, so that the second request waits behind the first, decided and recorded.
    let large = frame(b"W", 1, 1 << 20);
    wired.ask(&[large.clone(), frame(b"W", 2, 0), frame(b"N", 3, 0)]).await;
    let recorded = async {
        while gate.of(Kind::Intent).len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), recorded).await.expect("all three are decided ahead");
    wired.broker.readable().await.unwrap();
    let rules = gate.listener.shared.policy();
    gate.listener.shared.policy.store(Arc::new(gate.another_policy()));
    assert!(!Arc::ptr_eq(&rules, &gate.listener.shared.policy()));
    wired.broker_sees(&large).await;
    wired.answer(&frame(b"w", 1, 0)).await;
    wired.client_sees(&frame(b"w", 1, 0)).await;
    wired.client_sees(&frame(b"!", 2, 0)).await;
    assert!(take(&mut wired.broker).await.is_none(), "nothing else was forwarded");
    assert!(matches!(wired.end().await, Err(Fault::PolicyChanged)), "who asked for no answer cannot be told");
    assert_eq!(gate.effects(), [(1, Done::Acked), (2, Done::Refused), (3, Done::Refused)]);
}

#[tokio::test]
async fn a_session_that_has_ended_takes_no_request() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    exchange.access().ends_at_ms = 1;
    let asked = |letter| Frame { bytes: (&frame(letter, 8, 0)[..]).into(), held: Held::default() };
    for letter in [b"W", b"R", b"L", b"N"] {
        assert!(matches!(exchange.decide(asked(letter)), Err(Fault::SessionEnded)));
    }
    assert!(matches!(exchange.decide(asked(b"A")), Ok(Next { step: Step::Authenticate { .. }, .. })));
    gate.log.close();
    assert!(gate.of(Kind::Intent).is_empty());
}

#[tokio::test]
async fn an_answer_that_outlasts_its_session_is_not_delivered() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    let seat = Arc::clone(&exchange.seat.seat);
    let mut wired = Gatehouse::wire(exchange, 1 << 16);
    wired.ask(&[frame(b"R", 1, 0)]).await;
    wired.broker_sees(&frame(b"R", 1, 0)).await;
    seat.access().ends_at_ms = 1;
    wired.answer(&frame(b"R", 1, 5)).await;
    assert!(take(&mut wired.client).await.is_none());
    assert!(matches!(wired.end().await, Err(Fault::SessionEnded)));
    assert!(gate.of(Kind::Outcome).is_empty());
}

#[tokio::test]
async fn equal_refusals_are_counted_and_different_ones_are_not_taken_for_equal() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    exchange.recorder.open(&caller(), &Default::default(), &exchange.facts, 1).await.unwrap();
    for (number, topic) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
        let frame = Frame { bytes: (&named(b"T", number, topic)[..]).into(), held: Held::default() };
        let Ok(Next { step: Step::Ours { recording, .. }, .. }) = exchange.decide(frame) else {
            panic!("refused by the gate")
        };
        recording.durable().await.unwrap();
    }
    assert_eq!(gate.of(Kind::Refusal).len(), 2, "the first of each at once");
    drop(exchange);
    gate.log.close();
    let refusals = gate.of(Kind::Refusal);
    assert_eq!(refusals.len(), 3);
    assert_eq!(refusals[2].entry.counts, [(i16::from(b'T'), 2)]);
    assert_eq!(refusals[2].entry.facts[0], ("resource".to_owned(), "a".to_owned()));
    assert_eq!(gate.of(Kind::SessionClose).len(), 1, "also when nobody closed it");
}

#[tokio::test]
async fn decisions_are_counted_and_handed_over_at_the_end() {
    let mut gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    for (number, topic) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
        let frame = Frame { bytes: (&named(b"T", number, topic)[..]).into(), held: Held::default() };
        drop(exchange.decide(frame));
    }
    assert!(gate.tallies.try_recv().is_err(), "not at each frame");
    drop(exchange);
    let tallied = gate.tallies.try_recv().unwrap();
    assert_eq!((tallied.caller.subject.as_str(), tallied.around.cluster.as_str(), tallied.more), ("ada", "main", 0));
    let mut rows: Vec<_> = tallied.rows.iter().map(|row| (row.name.as_str(), row.allowed, row.count)).collect();
    rows.sort_unstable();
    assert_eq!(rows, [("a", false, 3), ("b", false, 1)]);
}

#[tokio::test]
async fn quiet_answers_are_counted_in_one_leaf() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    exchange.recorder.open(&caller(), &Default::default(), &exchange.facts, 1).await.unwrap();
    let facts = |key| Facts::new("o", (key, 0), 0, Effect::Reads);
    for (key, at) in [(1, 1_000), (12, 5_000), (1, 10_999)] {
        let _folded = exchange.recorder.fold(&facts(key), at);
        exchange.recorder.flush_due(at);
    }
    exchange.recorder.flush_due(11_000);
    let _folded = exchange.recorder.fold(&facts(1), 11_500);
    exchange.recorder.close("test").unwrap().durable().await.unwrap();
    let idle = gate.of(Kind::Idle);
    assert_eq!(idle.len(), 2);
    assert_eq!(idle[0].entry.counts, [(1, 2), (12, 1)]);
    assert_eq!((idle[0].entry.first_ms, idle[0].entry.last_ms), (Some(1_000), Some(10_999)));
    assert_eq!(idle[1].entry.counts, [(1, 1)]);
}

/// Puts these rules in force.
fn apply(gate: &Gatehouse, rules: &str) {
    let files = [("rules.cedar".to_owned(), rules.to_owned())].into();
    gate.listener.shared.policy.store(Arc::new(Policy::from_files(&files).unwrap()));
}

const OPEN: &str = "permit (principal, action, resource);";

#[tokio::test]
async fn an_answer_is_withheld_when_other_rules_no_longer_allow_what_was_asked() {
    for (letter, forbidden) in [(b"K", "describe"), (b"J", "joinGroup")] {
        for (forbids, shown) in [("produce", true), (forbidden, false)] {
            let gate = Gatehouse::new(limits()).await;
            apply(&gate, OPEN);
            let mut wired = gate.connect(1 << 16);
            let asked = named(letter, 1, "n");
            wired.ask(std::slice::from_ref(&asked)).await;
            wired.broker_sees(&asked).await;
            apply(&gate, &format!("{OPEN} forbid (principal, action == Action::\"{forbids}\", resource);"));
            wired.answer(&frame(letter, 1, 0)).await;
            if shown {
                wired.client_sees(&frame(letter, 1, 0)).await;
            } else {
                assert!(take(&mut wired.client).await.is_none());
                assert!(matches!(wired.end().await, Err(Fault::PolicyChanged)));
            }
        }
    }
}

/// Three requests that are recorded, of which the last waits for its place in the order.
async fn three(gate: &Gatehouse) -> Wired {
    let mut wired = gate.connect(1 << 16);
    wired.ask(&[frame(b"W", 1, 0), frame(b"W", 2, 0), frame(b"W", 3, 0)]).await;
    wired.broker_sees(&frame(b"W", 1, 0)).await;
    wired.broker_sees(&frame(b"W", 2, 0)).await;
    let recorded = async {
        while gate.of(Kind::Intent).len() < 3 {
            tokio::task::yield_now().await;
        }
        // Its leaf is durable a little before it is told so.
        for _turn in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), recorded).await.expect("all three are decided ahead");
    wired
}

#[tokio::test]
async fn what_waits_for_its_place_is_not_forwarded_under_other_rules() {
    let gate = Gatehouse::new(Limits { in_flight: 1, ..limits() }).await;
    let mut wired = three(&gate).await;
    gate.listener.shared.policy.store(Arc::new(gate.another_policy()));
    for number in [1, 2] {
        wired.answer(&frame(b"w", number, 0)).await;
        wired.client_sees(&frame(b"w", number, 0)).await;
    }
    wired.client_sees(&frame(b"!", 3, 0)).await;
    drop(wired.client);
    assert!(take(&mut wired.broker).await.is_none(), "it was not forwarded");
    wired.ended.await.unwrap().unwrap();
    assert_eq!(gate.effects(), [(1, Done::Acked), (2, Done::Acked), (3, Done::Refused)]);
}

#[tokio::test]
async fn what_waits_for_its_place_is_not_forwarded_once_the_session_is_cut() {
    let gate = Gatehouse::new(Limits { in_flight: 1, ..limits() }).await;
    let mut wired = three(&gate).await;
    let shared = &gate.listener.shared;
    let value = format!("{}:{}", caller().issuer, caller().subject);
    let revoked = Revocation { kind: RevocationKind::Subject, value, not_before: u64::MAX, reason: String::new() };
    shared.revocations.store(Arc::new(Revocations::new([revoked]).unwrap()));
    assert_eq!(shared.live.review(shared), 1);
    for number in [1, 2] {
        wired.answer(&frame(b"w", number, 0)).await;
    }
    assert!(take(&mut wired.broker).await.is_none(), "it was not forwarded");
    assert!(matches!(wired.end().await, Err(Fault::Cut(Bar::Revoked))));
    assert_eq!(gate.effects(), [(1, Done::Acked), (2, Done::Acked), (3, Done::Refused)]);
}

#[tokio::test]
async fn a_client_that_calls_itself_something_else_is_decided_by_its_new_name() {
    let gate = Gatehouse::new(limits()).await;
    apply(&gate, &format!("{OPEN} forbid (principal, action, resource) when {{ context.clientId == \"bad\" }};"));
    let exchange = gate.exchange(caller());
    let calls = |name: &str| Frame { bytes: (&named(b"C", 1, name)[..]).into(), held: Held::default() };
    let may_read = || {
        let access = exchange.access_now();
        let mut gate = Decider::new(&gate.listener.shared, &gate.listener.endpoints, Some(&access));
        gate.allows(Action::Consume, Resource::Topic("t"), None)
    };
    assert!(may_read());
    assert!(exchange.decide(calls("bad")).is_ok() && !may_read());
    apply(&gate, &format!("{OPEN} forbid (principal, action, resource) when {{ context.clientId == \"bad\" }};"));
    assert!(!may_read(), "it is still called so under other rules");
    assert!(exchange.decide(calls("good")).is_ok() && may_read());
    let block = Block {
        id: "b1".into(),
        target: Target::parse("client_id", "evil").unwrap(),
        reason: String::new(),
        at_ms: 0,
        until_s: None,
        who: String::new(),
    };
    let blocked = gate.listener.shared.policy().with_blocks(Arc::new(Blocks::new(vec![block])));
    gate.listener.shared.policy.store(Arc::new(blocked));
    assert!(exchange.decide(calls("good")).is_ok());
    assert!(matches!(exchange.decide(calls("evil")), Err(Fault::Cut(Bar::Blocked))));
}

#[tokio::test]
async fn the_seat_of_a_session_is_not_held_while_the_session_is_busy() {
    let gate = Gatehouse::new(limits()).await;
    let exchange = gate.exchange(caller());
    gate.listener.shared.policy.store(Arc::new(gate.another_policy()));
    let _busy = exchange.session();
    assert!(exchange.access_now().is_current(&gate.listener.shared), "and does not wait for it");
}
