//! Numbers: what the performance tools print, and what the kernel says of processes.

use std::fs;

use anyhow::{Context, Result};

/// CPU seconds (user and system) of some processes so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    seconds: f64,
}

/// Linux counts CPU time in these per second, whatever the kernel was built with (`USER_HZ`).
const TICKS: f64 = 100.0;

impl Usage {
    pub(crate) fn of(processes: Vec<u32>) -> Result<Usage> {
        let mut seconds = 0.0;
        for id in processes {
            let path = format!("/proc/{id}/stat");
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            seconds += cpu_seconds(&text).with_context(|| format!("{path} has no times"))?;
        }
        Ok(Usage { seconds })
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    pub(crate) fn cpu_per_gb(self, before: Usage, bytes: u64) -> f64 {
        (self.seconds - before.seconds) / (bytes as f64 / 1e9)
    }
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The name stands in parentheses and may contain anything; after it, times are the 12th and 13th field.
    let rest = stat.rsplit_once(") ")?.1;
    let mut fields = rest.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

/// Peak resident memory of some processes together, in MiB.
pub(crate) fn peak_mib(processes: &[u32]) -> Result<f64> {
    let mut sum = 0.0;
    for id in processes {
        let path = format!("/proc/{id}/status");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().context("VmHWM is no number")?;
        sum += kib / 1024.0;
    }
    Ok(sum)
}

/// Milliseconds from send to acknowledgement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    pub(crate) average: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

/// MB/s (2^20 bytes) from the producer's last line: "… records sent, … records/sec (95.70 MB/sec), …".
pub(crate) fn producer_mb(text: &str) -> Option<f64> {
    let line = text.lines().rfind(|line| line.contains("99th"))?;
    line.split_once('(')?.1.split_once(" MB/sec")?.0.trim().parse().ok()
}

/// Latencies from the producer's last line: "…, 3.42 ms avg latency, 120.00 ms max latency, 1 ms 50th, 22 ms 95th, 54 ms 99th, …".
pub(crate) fn latency(text: &str) -> Option<Latency> {
    let line = text.lines().rfind(|line| line.contains("99th"))?;
    let before = |label: &str| {
        let part = line.split(',').find(|part| part.trim_end().trim_end_matches('.').ends_with(label))?;
        part.trim().split(' ').next()?.parse::<f64>().ok()
    };
    Some(Latency {
        average: before("ms avg latency")?,
        p50: before("ms 50th")?,
        p95: before("ms 95th")?,
        p99: before("ms 99th")?,
    })
}

/// MB/s (2^20 bytes) from the consumer's line of comma-separated values: start, end, MB, MB/s, …
pub(crate) fn consumer_mb(text: &str) -> Option<f64> {
    let line = text.lines().rfind(|line| line.split(',').count() >= 10)?;
    line.split(',').nth(3)?.trim().parse().ok()
}

/// The middle one; the mean of the two middle ones when their number is even.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value below which this part of the others lies, between neighbours by distance.
pub(crate) fn percentile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    #[expect(clippy::cast_precision_loss, reason = "thousands of values at most")]
    let place = part.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last index")]
    let low = place.floor() as usize;
    let at = |index: usize| sorted.get(index.min(last)).copied().unwrap_or(f64::NAN);
    at(low) + (at(low + 1) - at(low)) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCER: &str = "500 records sent, 99.9 records/sec (0.10 MB/sec), 3.4 ms avg latency, 9.0 ms max latency.\n\
        1000000 records sent, 98039.2 records/sec (95.74 MB/sec), 3.42 ms avg latency, 120.00 ms max latency, 1 ms 50th, \
        22 ms 95th, 54 ms 99th, 75 ms 99.9th.\n";

    #[test]
    fn the_tools_lines_are_read() {
        assert_eq!(producer_mb(PRODUCER), Some(95.74));
        let found = latency(PRODUCER).unwrap();
        assert_eq!((found.average, found.p50, found.p95, found.p99), (3.42, 1.0, 22.0, 54.0));
        let consumer = "2026-11-22 10:00:00:000, 2026-11-22 10:00:03:000, 976.5625, 325.5208, 1000000, 333333.3, 200, 2800, 348.7, 357142.8\n";
        assert_eq!(consumer_mb(consumer), Some(325.5208));
        assert_eq!(producer_mb("nothing"), None);
    }

    #[test]
    fn times_of_a_process_whose_name_has_a_parenthesis_are_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 150 50 0 0 20 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
    }

    #[test]
    fn percentiles_lie_between_neighbours() {
        assert!((median(&[3.0, 1.0, 2.0, 4.0]) - 2.5).abs() < 1e-9);
        assert!((percentile(&[1.0, 2.0, 3.0], 1.0) - 3.0).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
