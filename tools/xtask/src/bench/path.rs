//! What the gate costs on the way of records: beside direct access and a plain TCP proxy, in one run on one broker.

mod stage;
mod table;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tidegate_brokers::java;

use super::disk;
use super::measure::{self, Latency, Usage};
use super::report::Report;
pub(crate) use stage::plain_proxy;
use stage::{Path, Stage};

/// Settings of the part `path`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Part `path`: only these paths
    #[arg(long, value_delimiter = ',', default_values = ["direct", "proxy", "relay", "socket"])]
    only: Vec<Path>,
    /// Part `path`: records written and read per path and round
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Part `path`: bytes of a record
    #[arg(long, default_value_t = 1024)]
    record_size: u64,
    /// Part `path`: rounds
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Part `path`: seconds of the run at 1,000 records a second, per path and round; 5 s of warm-up are left out
    #[arg(long, default_value_t = 25)]
    latency_seconds: u32,
    /// Part `path`: seconds for which each idle consumer is watched (evidence per day)
    #[arg(long, default_value_t = 45)]
    idle_seconds: u64,
}

/// What one path did in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) produce_mb: f64,
    pub(crate) consume_mb: f64,
    /// CPU seconds per 10^9 bytes of records of everything between client and broker.
    pub(crate) produce_cpu: f64,
    pub(crate) consume_cpu: f64,
    pub(crate) latency: Latency,
}

const WARM_UP: u32 = 5;
const RATE: u32 = 1000;

pub(super) fn run(args: &Args, report: &mut Report) -> Result<()> {
    ensure!(args.latency_seconds > WARM_UP, "the first {WARM_UP} s are warm-up: --latency-seconds must be more");
    println!("setting the stage: Kafka, a plain proxy, gates (release build)");
    let stage = Stage::set(&args.only)?;
    println!("plain proxy: {}", stage.proxy_name);
    println!("warming up the broker");
    stage.warm_up()?;
    let mut rounds: Vec<Vec<Round>> = args.only.iter().map(|_| Vec::new()).collect();
    let mut disk = Vec::new();
    for number in 1..=args.rounds {
        for (path, results) in args.only.iter().copied().zip(&mut rounds) {
            disk.extend(disk::fdatasync(100)?);
            let round = turn(args, &stage, path, number)?;
            println!(
                "round {number}/{} {:<18} produce {:6.1} MB/s  consume {:6.1} MB/s  p50 {:.1} ms",
                args.rounds,
                path.name(),
                round.produce_mb,
                round.consume_mb,
                round.latency.p50
            );
            results.push(round);
        }
    }
    if args.only.iter().any(|path| stage.gate(*path).is_some()) {
        println!("watching idle consumers at each gate ({} s each)", args.idle_seconds);
    }
    let idle = idle_evidence(args, &stage)?;
    table::print((&stage, args, report), &rounds, &mut disk, &idle)
}

/// One path's turn: write, read, then write slowly for the latencies.
fn turn(args: &Args, stage: &Stage, path: Path, number: u32) -> Result<Round> {
    let topic = format!("bench-{}-{number}", path.name().replace(' ', "-"));
    stage.kafka.create_topic(&topic, 4)?;
    let bytes = args.records * args.record_size;
    let (records, size) = (args.records.to_string(), args.record_size.to_string());

    let before = Usage::of(stage.processes(path))?;
    let produce = ["--topic", &topic, "--num-records", &records, "--record-size", &size, "--throughput", "-1"];
    let output = stage.tool(path, java::PRODUCER_PERFORMANCE, &produce, &[("acks", "all")])?;
    let produce_mb =
        measure::producer_mb(&output.stdout).with_context(|| format!("no result in:\n{}", output.text()))?;
    let between = Usage::of(stage.processes(path))?;

    let group = format!("{topic}-group");
    let consume = ["--topic", &topic, "--num-records", &records, "--group", &group, "--hide-header"];
    let output = stage.tool(path, java::CONSUMER_PERFORMANCE, &consume, &[])?;
    let consume_mb =
        measure::consumer_mb(&output.stdout).with_context(|| format!("no result in:\n{}", output.text()))?;
    let after = Usage::of(stage.processes(path))?;

    let count = (args.latency_seconds * RATE).to_string();
    let (rate, warm_up) = (RATE.to_string(), (WARM_UP * RATE).to_string());
    let slow = ["--topic", &topic, "--num-records", &count, "--record-size", &size, "--throughput", &rate];
    let slow = [&slow[..], &["--warmup-records", &warm_up]].concat();
    let output = stage.tool(path, java::PRODUCER_PERFORMANCE, &slow, &[("acks", "all")])?;
    let latency = measure::latency(&output.stdout).with_context(|| format!("no result in:\n{}", output.text()))?;

    stage.kafka.tool(java::TOPICS, &["--delete", "--topic", &topic]).run()?.ok()?;
    Ok(Round {
        produce_mb,
        consume_mb,
        produce_cpu: between.cpu_per_gb(before, bytes),
        consume_cpu: after.cpu_per_gb(between, bytes),
        latency,
    })
}

/// What a consumer that polls and gets nothing costs in evidence.
pub(crate) struct Idle {
    pub(crate) path: Path,
    /// Whether it commits its offsets every 5 s, as Java's does unless told otherwise: each time a change at the broker.
    pub(crate) commits: bool,
    /// Bytes a day, heartbeats of the log included.
    pub(crate) per_day: f64,
}

/// Watches one idle consumer at each gate, without and with commits of its offsets.
fn idle_evidence(args: &Args, stage: &Stage) -> Result<Vec<Idle>> {
    let mut found = Vec::new();
    for path in [Path::Relay, Path::Socket] {
        let Some(gate) = stage.gate(path) else { continue };
        for commits in [false, true] {
            let topic = format!("bench-idle-{}-{commits}", path.name().replace(' ', "-"));
            stage.kafka.create_topic(&topic, 1)?;
            let (bootstrap, login) = stage.address(path);
            let login = login.with("enable.auto.commit", if commits { "true" } else { "false" });
            let args_of_tool = ["--topic", &topic, "--group", &format!("{topic}-group")];
            let tool = java::Tool::new(stage.kafka.jars(), java::CONSOLE_CONSUMER, &bootstrap, &login, &args_of_tool);
            let mut consumer = tool.start()?;
            // Joining the group is not idling.
            std::thread::sleep(Duration::from_secs(15));
            let before = disk::used(&gate.evidence())?;
            std::thread::sleep(Duration::from_secs(args.idle_seconds));
            let after = disk::used(&gate.evidence())?;
            ensure!(consumer.process.ended()?.is_none(), "the idle consumer ended:\n{}", consumer.process.log());
            consumer.process.kill9()?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
            let per_day = (after - before) as f64 * 86_400.0 / args.idle_seconds as f64;
            found.push(Idle { path, commits, per_day });
        }
    }
    Ok(found)
}
