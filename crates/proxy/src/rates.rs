//! How fast each caller writes to each topic that bounds it: a bucket of what may be written at once, which fills with time.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidegate_model::{TooFast, Written};
use tidegate_policy::Rate;

/// Buckets that are kept; each takes some 80 bytes. A full one is as good as none, so that only who writes now has one; whoever comes when
/// there is no room shares one with all others who came so.
const BUCKETS_MAX: usize = 65_536;
/// How often full buckets are looked for, once there is no room.
const PURGE_MS: u64 = 1_000;
/// Parts of a record or byte that are counted: what comes in a millisecond at one in a second.
const PARTS: i64 = 1_000;

/// The buckets of all callers. Forgotten when the gate starts anew.
#[derive(Debug, Default)]
pub struct Rates(Mutex<Buckets>);

/// What is about to be written to a topic with a bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    /// A digest of the caller and the topic.
    pub(crate) writer: u64,
    /// The topic's bound.
    pub(crate) rate: Rate,
    /// What.
    pub(crate) written: Written<'a>,
}

#[derive(Debug, Default)]
struct Buckets {
    by_writer: HashMap<u64, Bucket>,
    /// Of all who found no room.
    shared: Option<Bucket>,
    purged_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: Rate,
    records: Level,
    bytes: Level,
    at_ms: u64,
}

/// Parts that may still be written, or below zero what was written too much: a request that finds something in the bucket is taken whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level(i64);

fn per_second(bound: NonZeroU64) -> i64 {
    i64::try_from(bound.get()).unwrap_or(i64::MAX)
}

impl Level {
    /// What a second brings, which is the most that it ever holds.
    fn full(bound: Option<NonZeroU64>) -> Level {
        Level(bound.map_or(i64::MAX, |bound| per_second(bound).saturating_mul(PARTS)))
    }

    fn fill(&mut self, bound: Option<NonZeroU64>, passed_ms: u64) {
        let passed = i64::try_from(passed_ms).unwrap_or(i64::MAX);
        let more = bound.map_or(i64::MAX, |bound| per_second(bound).saturating_mul(passed));
        self.0 = self.0.saturating_add(more).min(Level::full(bound).0);
    }

    fn take(&mut self, count: u64) {
        let parts = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(PARTS);
        self.0 = self.0.saturating_sub(parts);
    }

    /// Milliseconds until there is something in it again; none if there is.
    fn wait_ms(self, bound: Option<NonZeroU64>) -> Option<u64> {
        let rate = bound.map(per_second)?;
        let lacks = self.0.checked_neg().unwrap_or(i64::MAX);
        (lacks >= 0).then(|| u64::try_from(lacks / rate).unwrap_or(u64::MAX).saturating_add(1))
    }
}

impl Bucket {
    fn full(rate: Rate, now_ms: u64) -> Bucket {
        Bucket { rate, records: Level::full(rate.records), bytes: Level::full(rate.bytes), at_ms: now_ms }
    }

    /// What time has brought; by another rate once the policy says another.
    fn fill(&mut self, rate: Rate, now_ms: u64) {
        self.rate = rate;
        // A clock that was set back brings nothing.
        let passed = now_ms.saturating_sub(self.at_ms);
        self.records.fill(rate.records, passed);
        self.bytes.fill(rate.bytes, passed);
        self.at_ms = now_ms;
    }
}

impl Rates {
    /// Counts all of this as written, or nothing of it: then which bound was met, and how long the caller has to wait.
    pub(crate) fn take(&self, offers: &[Offer<'_>], now_ms: u64) -> Option<TooFast> {
        if offers.is_empty() {
            return None;
        }
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Offer { writer, rate, written } in offers {
            let bucket = buckets.of(*writer, *rate, now_ms);
            bucket.fill(*rate, now_ms);
            let records = bucket.records.wait_ms(rate.records).zip(rate.records);
            let bytes = bucket.bytes.wait_ms(rate.bytes).zip(rate.bytes);
            let met = [records.map(|met| (met, "records")), bytes.map(|met| (met, "bytes"))];
            // The longest wait is the one that helps.
            if let Some(((wait_ms, bound), unit)) = met.into_iter().flatten().max_by_key(|((wait, _), _)| *wait) {
                let why = format!("topic {} takes {bound} {unit} a second from one caller", written.topic);
                return Some(TooFast { why, wait: Duration::from_millis(wait_ms) });
            }
        }
        for Offer { writer, rate, written } in offers {
            let bucket = buckets.of(*writer, *rate, now_ms);
            bucket.records.take(written.records);
            bucket.bytes.take(written.bytes);
        }
        None
    }
}

impl Buckets {
    fn of(&mut self, writer: u64, rate: Rate, now_ms: u64) -> &mut Bucket {
        if self.by_writer.len() >= BUCKETS_MAX && !self.by_writer.contains_key(&writer) {
            self.purge(now_ms);
            if self.by_writer.len() >= BUCKETS_MAX {
                return self.shared.get_or_insert(Bucket::full(rate, now_ms));
            }
        }
        self.by_writer.entry(writer).or_insert(Bucket::full(rate, now_ms))
    }

    /// Drops buckets that are full by now.
    fn purge(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.purged_ms) < PURGE_MS {
            return;
        }
        self.purged_ms = now_ms;
        self.by_writer.retain(|_, bucket| {
            let rate = bucket.rate;
            bucket.fill(rate, now_ms);
            (bucket.records, bucket.bytes) != (Level::full(rate.records), Level::full(rate.bytes))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(writer: u64, (records, bytes): (u64, u64), count: (u64, u64)) -> Offer<'static> {
        let rate = Rate { records: NonZeroU64::new(records), bytes: NonZeroU64::new(bytes) };
        Offer { writer, rate, written: Written { topic: "t", records: count.0, bytes: count.1 } }
    }

    fn wait(rates: &Rates, offers: &[Offer<'_>], now_ms: u64) -> Option<u128> {
        rates.take(offers, now_ms).map(|too_fast| too_fast.wait.as_millis())
    }

    #[test]
    fn a_second_is_taken_at_once_and_what_is_over_is_paid_for_with_time() {
        let rates = Rates::default();
        let ten = |count| [offer(1, (10, 0), (count, 1_000_000))];
        assert_eq!(wait(&rates, &ten(9), 5_000), None);
        assert_eq!(wait(&rates, &ten(21), 5_000), None, "there is one left, so all of it is taken");
        assert_eq!(wait(&rates, &ten(1), 5_000), Some(2_001), "20 too many");
        assert_eq!(wait(&rates, &ten(1), 7_000), Some(1), "refusals cost nothing");
        assert_eq!(wait(&rates, &ten(1), 7_001), None);
        assert_eq!(wait(&rates, &ten(10), 99_000), None);
        assert_eq!(wait(&rates, &ten(1), 99_000), Some(1), "no more than a second is saved up");
        assert_eq!(wait(&rates, &ten(1), 1), Some(1), "a clock that is set back brings nothing");
    }

    #[test]
    fn bounds_are_each_callers_own_and_the_longer_wait_is_told() {
        let rates = Rates::default();
        let both = |writer| [offer(writer, (10, 1_000), (10, 4_000))];
        assert_eq!(wait(&rates, &both(1), 0), None);
        let told = rates.take(&both(1), 0).unwrap();
        assert_eq!(
            (told.why.as_str(), told.wait.as_millis()),
            ("topic t takes 1000 bytes a second from one caller", 3_001)
        );
        assert_eq!(wait(&rates, &both(2), 0), None, "another caller");
    }

    #[test]
    fn a_request_counts_as_a_whole_or_not_at_all() {
        let rates = Rates::default();
        assert_eq!(wait(&rates, &[offer(2, (1, 0), (2, 0))], 0), None);
        let two = [offer(1, (1, 0), (1, 0)), offer(2, (1, 0), (1, 0))];
        assert_eq!(wait(&rates, &two, 500), Some(501));
        assert_eq!(wait(&rates, &two[..1], 500), None, "nothing was taken of the first");
        assert_eq!(wait(&rates, &[], 500), None);
    }

    #[test]
    fn there_are_so_many_buckets_and_who_finds_none_shares_one() {
        let rates = Rates::default();
        let one = |writer| [offer(writer, (1, 0), (9, 0))];
        for writer in 0..BUCKETS_MAX as u64 {
            assert_eq!(wait(&rates, &one(writer), 10_000), None);
        }
        assert_eq!(wait(&rates, &one(1 << 40), 10_000), None);
        assert!(wait(&rates, &one(1 << 41), 10_000).is_some());
        assert_eq!(rates.0.lock().unwrap().by_writer.len(), BUCKETS_MAX);
        assert!(wait(&rates, &one(7), 12_000).is_some(), "who owes something is not forgotten");
        assert_eq!(wait(&rates, &one(1 << 41), 90_000), None);
        assert_eq!(rates.0.lock().unwrap().by_writer.len(), 1, "the others have paid all that they owed");
    }
}
