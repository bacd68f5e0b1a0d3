//! A flood of failed logins, by a clock of the test's own.

use tidegate_evidence::entry::Kind;

use super::*;
use crate::testing::{Gatehouse, limits};

fn address(number: u32) -> IpAddr {
    IpAddr::V4((0x0a00_0000 + number).into())
}

#[tokio::test]
async fn equal_failures_take_one_leaf_at_once_and_one_for_all_others() {
    let gate = Gatehouse::new(limits()).await;
    let failures = Failures::default();
    for at in 0..500 {
        let ticket = failures.note(&gate.log, (address(1), "expired"), true, 100_000 + at);
        assert_eq!(ticket.is_some(), at == 0);
    }
    assert!(failures.note(&gate.log, (address(1), "signature"), true, 100_500).is_some());
    failures.flush_due(&gate.log, 109_999);
    failures.flush_due(&gate.log, 110_000);
    failures.flush_due(&gate.log, 130_000);
    gate.log.close();
    let leaves = gate.of(Kind::LoginFailed);
    assert_eq!(leaves.len(), 3);
    assert_eq!(leaves[2].entry.counts, [(0, 499)]);
    assert_eq!((leaves[2].entry.first_ms, leaves[2].entry.last_ms), (Some(100_000), Some(100_499)));
    assert!(failures.0.lock().unwrap().rows.is_empty());
}

#[tokio::test]
async fn a_flood_from_everywhere_stays_within_leaves_and_memory_and_is_counted_whole() {
    let gate = Gatehouse::new(limits()).await;
    let failures = Failures::default();
    let (mut noted, mut now_ms) = (0_u64, 1_000_000);
    for second in 0..60 {
        for number in 0..300 {
            drop(failures.note(&gate.log, (address(second * 300 + number), "expired"), true, now_ms));
            noted += 1;
            now_ms += 3;
        }
        failures.flush_due(&gate.log, now_ms);
        now_ms += 100;
    }
    for _later in 0..30 {
        now_ms += 1_000;
        failures.flush_due(&gate.log, now_ms);
    }
    gate.log.close();
    let leaves = gate.of(Kind::LoginFailed);
    assert!(leaves.len() <= 61 * 51, "{}", leaves.len());
    let told = |leaf: &tidegate_evidence::leaf::Leaf| leaf.entry.counts.first().map_or(1, |(_, count)| *count);
    assert_eq!(leaves.iter().map(told).sum::<u64>(), noted);
    let rows = failures.0.lock().unwrap();
    assert!(rows.rows.len() <= ROWS_MAX && rows.minute.len() <= ROWS_MAX);
}

#[test]
fn the_count_of_an_address_lasts_a_minute_and_only_counts_its_own_faults() {
    let mut rows = Rows::default();
    rows.count(address(1), 120_000);
    rows.count(address(1), 150_000);
    let failures = Failures(Mutex::new(rows));
    assert_eq!(failures.in_this_minute(address(1), 179_999), 2);
    assert_eq!(failures.in_this_minute(address(2), 179_999), 0);
    assert_eq!(failures.in_this_minute(address(1), 180_000), 0);
}

#[tokio::test]
async fn a_fault_of_the_gates_own_is_recorded_and_not_held_against_the_client() {
    let gate = Gatehouse::new(limits()).await;
    let failures = Failures::default();
    assert!(failures.note(&gate.log, (address(1), "agent_login_failed"), false, 100_000).is_some());
    assert_eq!(failures.in_this_minute(address(1), 100_000), 0);
}
