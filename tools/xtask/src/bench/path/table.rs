//! The table at the end, and what was aimed at beside what was reached.

use anyhow::Result;
use serde_json::{Value, json};

use super::super::measure::{median, peak_mib, percentile};
use super::super::report::Report;
use super::stage::{Path, Stage};
use super::{Args, Idle, Round};

/// One path's medians.
struct Row {
    path: Path,
    produce_mb: f64,
    consume_mb: f64,
    produce_cpu: f64,
    consume_cpu: f64,
    average: f64,
    p50: f64,
    p95: f64,
    p99: f64,
    peak: f64,
}

pub(super) fn print(
    (stage, args, report): (&Stage, &Args, &mut Report),
    rounds: &[Vec<Round>],
    disk: &mut [f64],
    idle: &[Idle],
) -> Result<()> {
    let rows = args.only.iter().copied().zip(rounds).map(|(path, rounds)| row(stage, path, rounds));
    let rows = rows.collect::<Result<Vec<Row>>>()?;
    println!(
        "\n{} records of {} bytes a round, 4 partitions, acks=all, {} interleaved rounds, medians; MB = 2^20 bytes, GB = 10^9",
        args.records, args.record_size, args.rounds
    );
    println!(
        "\n| path | produce MB/s | consume MB/s | CPU s/GB produce | consume | peak MiB | ms at 1,000 rec/s: avg | p50 | p95 | p99 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for row in &rows {
        println!(
            "| {} | {:.0} | {:.0} | {:.2} | {:.2} | {:.0} | {:.2} | {:.1} | {:.1} | {:.1} |",
            row.path.name(),
            row.produce_mb,
            row.consume_mb,
            row.produce_cpu,
            row.consume_cpu,
            row.peak,
            row.average,
            row.p50,
            row.p95,
            row.p99
        );
    }
    println!(
        "\nfdatasync of 4 KiB on the same disk in the same run: p50 {:.2} ms, p99 {:.2} ms",
        median(disk),
        percentile(disk, 0.99)
    );
    for Idle { path, commits, per_day } in idle {
        let which = if *commits { "that commits its offsets every 5 s" } else { "that only polls" };
        println!(
            "evidence of an idle consumer {which} at {}: {:.2} MB a day (aim: under 5)",
            path.name(),
            per_day / 1e6
        );
    }
    aims(&rows);
    report.figure("path", rows.iter().map(Row::figures).collect());
    Ok(())
}

impl Row {
    fn figures(&self) -> Value {
        json!({
            "path": self.path.name(), "produce_mb_s": self.produce_mb, "consume_mb_s": self.consume_mb,
            "produce_cpu_s_gb": self.produce_cpu, "consume_cpu_s_gb": self.consume_cpu, "peak_mib": self.peak,
            "average_ms": self.average, "p50_ms": self.p50, "p95_ms": self.p95, "p99_ms": self.p99,
        })
    }
}

fn row(stage: &Stage, path: Path, rounds: &[Round]) -> Result<Row> {
    let over = |value: fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<f64>>());
    Ok(Row {
        path,
        produce_mb: over(|round| round.produce_mb),
        consume_mb: over(|round| round.consume_mb),
        produce_cpu: over(|round| round.produce_cpu),
        consume_cpu: over(|round| round.consume_cpu),
        average: over(|round| round.latency.average),
        p50: over(|round| round.latency.p50),
        p95: over(|round| round.latency.p95),
        p99: over(|round| round.latency.p99),
        peak: peak_mib(&stage.processes(path))?,
    })
}

/// Each aim with its figure, where the paths to compare were run.
fn aims(rows: &[Row]) {
    let find = |path| rows.iter().find(|row| row.path == path);
    let (Some(direct), Some(proxy)) = (find(Path::Direct), find(Path::Proxy)) else { return };
    let gates: Vec<&Row> = [Path::Relay, Path::Socket].into_iter().filter_map(find).collect();
    if gates.is_empty() {
        return;
    }
    println!("\n| aim | {} |", gates.iter().map(|row| row.path.name()).collect::<Vec<_>>().join(" | "));
    println!("|---|{}", "---|".repeat(gates.len()));
    let line = |aim: &str, figure: &dyn Fn(&Row) -> String| {
        println!("| {aim} | {} |", gates.iter().map(|row| figure(row)).collect::<Vec<_>>().join(" | "));
    };
    line("produce at least 90% of direct", &|row| format!("{:.0}%", 100.0 * row.produce_mb / direct.produce_mb));
    line("consume at least 90% of the plain proxy", &|row| {
        format!("{:.0}%", 100.0 * row.consume_mb / proxy.consume_mb)
    });
    line("CPU per GB produced at most 2x the plain proxy (socket mode)", &|row| {
        format!("{:.1}x", row.produce_cpu / proxy.produce_cpu)
    });
    line("CPU per GB consumed at most 2x the plain proxy (socket mode)", &|row| {
        format!("{:.1}x", row.consume_cpu / proxy.consume_cpu)
    });
    line("at most 1 ms added at p50", &|row| format!("{:+.1} ms", row.p50 - direct.p50));
}
