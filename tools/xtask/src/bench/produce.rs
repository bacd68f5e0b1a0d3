//! Producing under many rules, beside one rule, with Kafka's own tool: two gates in front of one broker, turn by turn.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tidegate_brokers::gate::{Mode, Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::programs::Profile;
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

use super::measure::{Usage, median, producer_mb};
use super::policies::{EVERYTHING, rules, topics};
use super::report::{Report, table};

/// Settings of the part `produce`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Part `produce`: records of 1 KiB in each turn
    #[arg(long, default_value_t = 300_000)]
    produced: u64,
    /// Part `produce`: rounds
    #[arg(long, default_value_t = 5)]
    produce_rounds: usize,
    /// Part `produce`: rules, beside one
    #[arg(long, default_value_t = 1_000)]
    produce_rules: usize,
}

const PATIENCE: Duration = Duration::from_secs(300);
const TOPIC: &str = "t0-produced";
const RECORD_BYTES: u64 = 1024;
/// What two medians of the same thing may differ by.
const NOISE: f64 = 0.03;

struct Side {
    name: String,
    gate: Gate,
    mb: Vec<f64>,
    cpu: Vec<f64>,
}

pub(super) fn run(args: &Args, report: &mut Report) -> Result<()> {
    println!("produce: setting the stage: Kafka, a gate with 1 rule and one with {}", args.produce_rules);
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3))?;
    let issuer = Issuer::start()?;
    let folder = Scratch::new("produce")?;
    let token = folder.path().join("token");
    fs::write(&token, issuer.token("bench", &["bench", "g0"])?).context("cannot write the token")?;
    kafka.create_topic(TOPIC, 4)?;
    let side = |name: String, rules: &str, topics: &str| -> Result<Side> {
        let mut options = Options::new(Upstream::of(&kafka), rules, topics);
        options.profile = Profile::Release;
        options.mode = Mode::Socket;
        Ok(Side { name, gate: Gate::start(&options, &issuer)?, mb: Vec::new(), cpu: Vec::new() })
    };
    let many = format!("{EVERYTHING}{}", rules(args.produce_rules.saturating_sub(1)));
    let mut sides =
        [side("1 rule".to_owned(), EVERYTHING, "")?, side(format!("{} rules", args.produce_rules), &many, &topics())?];
    let count = args.produced.to_string();
    println!("produce: warming up");
    for side in &sides {
        produce(&kafka, side, &token, &count)?;
    }
    for round in 1..=args.produce_rounds {
        for side in &mut sides {
            let processes = || vec![side.gate.gateway.id(), side.gate.agent.id()];
            let before = Usage::of(processes())?;
            let mb = produce(&kafka, side, &token, &count)?;
            let cpu = Usage::of(processes())?.cpu_per_gb(before, args.produced * RECORD_BYTES);
            note(&format!(
                "produce: round {round}/{} {:<12} {mb:6.1} MB/s, {cpu:.2} CPU s/GB",
                args.produce_rounds, side.name
            ));
            side.mb.push(mb);
            side.cpu.push(cpu);
        }
    }
    let [few, many] = &sides;
    let (speed, cpu) = (median(&many.mb) / median(&few.mb), median(&many.cpu) / median(&few.cpu));
    let row =
        |side: &Side| vec![side.name.clone(), format!("{:.1}", median(&side.mb)), format!("{:.2}", median(&side.cpu))];
    let mut rows: Vec<Vec<String>> = sides.iter().map(row).collect();
    rows.push(vec!["ratio".to_owned(), format!("{speed:.2}"), format!("{cpu:.2}")]);
    let title = format!(
        "{} records of 1 KiB a turn, 4 partitions, acks=all, socket mode, {} interleaved rounds, medians; MB = 2^20 bytes",
        args.produced, args.produce_rounds
    );
    table(&title, &["policy", "produce MB/s", "CPU s/GB"], rows);
    let what = format!("producing under {} rules no slower than under one", args.produce_rules);
    report.aim(&what, format!("{speed:.2} of its speed, {cpu:.2} of its CPU"), speed > 1.0 - NOISE);
    let figures =
        sides.iter().map(|side| json!({ "policy": side.name, "produce_mb_s": side.mb, "cpu_s_gb": side.cpu }));
    report.figure("produce", figures.collect());
    Ok(())
}

fn produce(kafka: &Kafka, side: &Side, token: &std::path::Path, count: &str) -> Result<f64> {
    let size = RECORD_BYTES.to_string();
    let args = ["--topic", TOPIC, "--num-records", count, "--record-size", &size, "--throughput", "-1"];
    let login = Login::token_file(token).with("acks", "all");
    let tool = Tool::new(kafka.jars(), java::PRODUCER_PERFORMANCE, &side.gate.bootstrap(), &login, &args);
    let output = tool.measured().within(PATIENCE).run()?.ok().with_context(|| format!("under {}", side.name))?;
    producer_mb(&output.stdout).with_context(|| format!("no result in:\n{}", output.text()))
}
