//! Failed logins: the first of an address is recorded at once, equal ones are counted, all within a budget of bytes, so that a
//! flood of bad tokens can fill neither the disk nor the memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tidegate_evidence::entry::{Effect, Entry, Kind, Label};
use tidegate_evidence::store::{Log, Ticket};

/// How long equal failures are folded into one leaf.
const FOLD_MS: u64 = 10_000;
/// The window of [`crate::gate::Limits::failed_logins_per_address`].
const MINUTE_MS: u64 = 60_000;
/// Addresses and reasons remembered at once; more share the leaf of "others".
const ROWS_MAX: usize = 4_096;
/// Leaves of failed logins per second, at about 300 bytes each: under 16 KiB/s.
const LEAVES_PER_SECOND: u32 = 50;

/// The failed logins of the process.
#[derive(Debug, Default)]
pub struct Failures(Mutex<Rows>);

#[derive(Debug, Default)]
struct Rows {
    rows: HashMap<(IpAddr, &'static str), Row>,
    /// Failures per address in the running minute.
    minute: HashMap<IpAddr, u32>,
    minute_began_ms: u64,
    others: u64,
    second_began_ms: u64,
    leaves_this_second: u32,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    first_ms: u64,
    last_ms: u64,
    again: u64,
}

impl Failures {
    /// Notes a failure; the ticket of its leaf, if it gets one of its own. `blame` counts it against the address.
    pub fn note(
        &self,
        log: &Log,
        (address, reason): (IpAddr, &'static str),
        blame: bool,
        now_ms: u64,
    ) -> Option<Ticket> {
        let counted = origin(address);
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blame {
            rows.count(counted, now_ms);
        }
        if let Some(row) = rows.rows.get_mut(&(counted, reason)) {
            row.again = row.again.saturating_add(1);
            row.last_ms = now_ms;
            return None;
        }
        if rows.rows.len() >= ROWS_MAX || !rows.may_write(now_ms) {
            rows.others = rows.others.saturating_add(1);
            return None;
        }
        rows.rows.insert((counted, reason), Row { first_ms: now_ms, last_ms: now_ms, again: 0 });
        Some(log.append(entry(Some(address), reason, now_ms)))
    }

    /// Failures of this address in the running minute.
    #[must_use]
    pub fn in_this_minute(&self, address: IpAddr, now_ms: u64) -> u32 {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.turn_minute(now_ms);
        rows.minute.get(&origin(address)).copied().unwrap_or(0)
    }

    /// Writes folds that are old enough; to be called every second or so.
    pub fn flush_due(&self, log: &Log, now_ms: u64) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due: Vec<_> = rows
            .rows
            .iter()
            .filter(|(_, row)| now_ms.saturating_sub(row.first_ms) >= FOLD_MS)
            .map(|(key, row)| (*key, *row))
            .collect();
        for ((address, reason), row) in due {
            if row.again > 0 && !rows.may_write(now_ms) {
                break;
            }
            rows.rows.remove(&(address, reason));
            if row.again > 0 {
                let mut folded = entry(Some(address), reason, now_ms);
                folded.counts = vec![(0, row.again)];
                folded.first_ms = Some(row.first_ms);
                folded.last_ms = Some(row.last_ms);
                log.append_later(folded);
            }
        }
        if rows.others > 0 && rows.may_write(now_ms) {
            let mut folded = entry(None, "other addresses, or beyond the budget", now_ms);
            folded.counts = vec![(0, std::mem::take(&mut rows.others))];
            log.append_later(folded);
        }
    }
}

/// The address that limits count: one host has a whole /64 of IPv6 to choose from.
#[must_use]
pub fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

impl Rows {
    fn count(&mut self, address: IpAddr, now_ms: u64) {
        self.turn_minute(now_ms);
        if self.minute.len() < ROWS_MAX || self.minute.contains_key(&address) {
            let count = self.minute.entry(address).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn turn_minute(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.minute_began_ms) >= MINUTE_MS {
            self.minute_began_ms = now_ms;
            self.minute.clear();
        }
    }

    fn may_write(&mut self, now_ms: u64) -> bool {
        if now_ms.saturating_sub(self.second_began_ms) >= 1_000 {
            self.second_began_ms = now_ms;
            self.leaves_this_second = 0;
        }
        self.leaves_this_second = self.leaves_this_second.saturating_add(1);
        self.leaves_this_second <= LEAVES_PER_SECOND
    }
}

fn entry(address: Option<IpAddr>, reason: &'static str, now_ms: u64) -> Entry {
    let mut entry = Entry::new(Kind::LoginFailed, now_ms);
    entry.effect = Some(Effect::Refused);
    entry.reason = Some(reason.into());
    entry.disclosures = address.map(|a| (Label::SourceAddress, a.to_string().into_bytes())).into_iter().collect();
    entry
}

#[cfg(test)]
mod tests;
