//! What masks cost a consumer: the same topic read directly, through a gate without masks, and through gates that mask, turn by turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tidegate_brokers::gate::{Mode, Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::programs::Profile;
use tidegate_brokers::raw::{self, Raw, key};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

use super::measure::{Usage, consumer_mb, median, percentile};
use super::report::{Report, table};

/// Settings of the part `masks`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Part `masks`: records of 1 KiB that are read in each turn
    #[arg(long, default_value_t = 300_000)]
    masked: u64,
    /// Part `masks`: rounds
    #[arg(long, default_value_t = 5)]
    masks_rounds: usize,
}

const PATIENCE: Duration = Duration::from_secs(300);
const RULES: &str = r#"
@id("read") permit (principal in Group::"demo:bench", action in Action::"read", resource);
@id("fraud") permit (principal in Group::"demo:fraud", action == Action::"unmask", resource);
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: '*', path: customer.email, class: PII.email, in: [value]}
  - {topic: '*', path: payment.pan, class: PCI.pan, in: [value]}
";
/// The same, and evidence keeps the records under the storage mask.
const RECORDED: &str = "topics:\n  - {topic: '*', value: json, record: full}\n";
/// A consumer whose fields are masked keeps this part of the speed without masks.
const AIM: f64 = 0.8;
/// A mask adds at most so much to 99 of 100 answers, in milliseconds.
const AIM_P99_MS: f64 = 2.0;
/// Answers that are timed on each way.
const ANSWERS: usize = 1_000;
/// Bytes of an answer that is timed: one batch.
const ANSWER_BYTES: i32 = 1;
/// Different records in the topic.
const LINES: usize = 5_000;

/// One way to read.
struct Side {
    name: &'static str,
    topic: &'static str,
    gate: Option<usize>,
    group: &'static str,
    mb: Vec<f64>,
    cpu: Vec<f64>,
}

struct Stage {
    kafka: Kafka,
    gates: Vec<Gate>,
    tokens: PathBuf,
    _folder: Scratch,
    _issuer: Issuer,
}

/// Without masks, with masks, with masks of which nothing is kept for the next reader, and with records in evidence too.
const PLAIN: usize = 0;
const KEEPING: usize = 1;
const MASKING_ANEW: usize = 2;
const RECORDING: usize = 3;

pub(super) fn run(args: &Args, report: &mut Report) -> Result<()> {
    println!("masks: setting the stage: Kafka, a gate without masks and three with");
    let stage = Stage::set(args.masked)?;
    let side = |name, topic, gate, group| Side { name, topic, gate, group, mb: Vec::new(), cpu: Vec::new() };
    let mut sides = [
        side("direct", "plain", None, ""),
        side("gate without masks", "plain", Some(PLAIN), "analyst"),
        side("gate, two fields masked", "plain", Some(MASKING_ANEW), "analyst"),
        side("gate, all clear but checked", "plain", Some(MASKING_ANEW), "fraud"),
        side("gate, two fields masked, recorded in full", "plain", Some(RECORDING), "analyst"),
        side("gate, all clear, recorded in full", "plain", Some(RECORDING), "fraud"),
        side("gate without masks, zstd", "packed", Some(PLAIN), "analyst"),
        side("gate, two fields masked, zstd", "packed", Some(MASKING_ANEW), "analyst"),
        side("the same, kept from before, zstd", "packed", Some(KEEPING), "analyst"),
    ];
    println!("masks: warming up");
    for side in &sides {
        stage.read(side, args.masked, 0)?;
    }
    for round in 1..=args.masks_rounds {
        for side in &mut sides {
            let processes = || match side.gate.and_then(|gate| stage.gates.get(gate)) {
                Some(gate) => vec![gate.gateway.id(), gate.agent.id()],
                None => Vec::new(),
            };
            let before = Usage::of(processes())?;
            let mb = stage.read(side, args.masked, round)?;
            let cpu = Usage::of(processes())?.cpu_per_gb(before, args.masked * 1024);
            note(&format!(
                "masks: round {round}/{} {:<34} {mb:6.1} MB/s, {cpu:.2} CPU s/GB",
                args.masks_rounds, side.name
            ));
            side.mb.push(mb);
            side.cpu.push(cpu);
        }
    }
    tell(args, &sides, report);
    stage.time_answers(report)
}

fn tell(args: &Args, sides: &[Side], report: &mut Report) {
    let speed = |name: &str| sides.iter().find(|side| side.name == name).map_or(f64::NAN, |side| median(&side.mb));
    let row = |side: &Side| {
        let base = if side.topic == "plain" { "gate without masks" } else { "gate without masks, zstd" };
        let ratio = median(&side.mb) / speed(base);
        let cpu = if side.gate.is_some() { format!("{:.2}", median(&side.cpu)) } else { "–".to_owned() };
        vec![side.name.to_owned(), format!("{:.1}", median(&side.mb)), format!("{ratio:.2}"), cpu]
    };
    let title = format!(
        "{} records of 1 KiB JSON a turn, 1 partition, socket mode, {} interleaved rounds, medians; MB = 2^20 bytes of records, \
         unpacked; the consumer, the broker and the gate share the machine",
        args.masked, args.masks_rounds
    );
    let columns = ["read", "MB/s", "of the gate without masks", "gate's CPU s/GB"];
    table(&title, &columns, sides.iter().map(row).collect());
    for (what, base) in [
        ("gate, two fields masked", "gate without masks"),
        ("gate, two fields masked, zstd", "gate without masks, zstd"),
    ] {
        let ratio = speed(what) / speed(base);
        report.aim(&format!("{what}: {AIM} of the speed without"), format!("{ratio:.2}"), ratio >= AIM);
    }
    let figures = sides.iter().map(|side| json!({ "read": side.name, "mb_s": side.mb, "cpu_s_gb": side.cpu }));
    report.figure("masks", figures.collect());
}

impl Stage {
    fn set(records: u64) -> Result<Stage> {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3))?;
        let issuer = Issuer::start()?;
        let folder = Scratch::new("masks")?;
        let gate = |masking: &str, more: &str| -> Result<Gate> {
            let mut options = Options::new(Upstream::of(&kafka), RULES, "");
            options.profile = Profile::Release;
            options.mode = Mode::Socket;
            options.masking = masking.to_owned();
            options.more = more.to_owned();
            Gate::start(&options, &issuer)
        };
        let gates = vec![
            gate("", "")?,
            gate(MASKING, "\n[limits]\nmasked_mib = 512\n")?,
            gate(MASKING, "\n[limits]\nmasked_mib = 0\n")?,
            gate(&format!("{MASKING}{RECORDED}"), "\n[limits]\nmasked_mib = 0\n")?,
        ];
        for group in ["analyst", "fraud"] {
            let token = issuer.token(group, &["bench", group])?;
            fs::write(folder.path().join(group), token).context("cannot write a token")?;
        }
        let payload = folder.path().join("orders");
        fs::write(&payload, lines()).context("cannot write the orders")?;
        for (topic, codec) in [("plain", "none"), ("packed", "zstd")] {
            kafka.create_topic(topic, 1)?;
            write(&kafka, topic, codec, &payload, records)?;
        }
        let tokens = folder.path().to_owned();
        Ok(Stage { kafka, gates, tokens, _folder: folder, _issuer: issuer })
    }

    /// Times one answer of one batch after the other, way by way, each with a batch of its own.
    fn time_answers(&self, report: &mut Report) -> Result<()> {
        const WAYS: [(&str, usize); 3] =
            [("without masks", PLAIN), ("two fields masked", MASKING_ANEW), ("masked, recorded in full", RECORDING)];
        let token = fs::read_to_string(self.tokens.join("analyst")).context("cannot read a token")?;
        let mut ways = Vec::new();
        for (name, gate) in WAYS {
            let gate = self.gates.get(gate).context("no such gate")?;
            ways.push((name, Raw::logged_in(&gate.bootstrap(), &token)?, Vec::new()));
        }
        let mut offset = 0;
        for _ in 0..ANSWERS {
            let mut next = offset;
            for (_, client, took) in &mut ways {
                let began = Instant::now();
                let answer = client.ask(key::FETCH, 4, &raw::fetch("plain", offset, 100, ANSWER_BYTES))?;
                took.push(began.elapsed().as_secs_f64() * 1_000.0);
                let fetched = raw::fetched(&answer)?;
                ensure!(fetched.error == 0, "error {} at offset {offset}", fetched.error);
                next = fetched.next.with_context(|| format!("no records at offset {offset}; write more (--masked)"))?;
            }
            offset = next;
        }
        let row = |(name, _, took): &(&str, Raw, Vec<f64>)| {
            let of = |part| format!("{:.2}", percentile(took, part));
            vec![(*name).to_owned(), of(0.5), of(0.95), of(0.99)]
        };
        let title = format!(
            "one batch of about 64 KiB an answer, one client after the other, {ANSWERS} answers each, milliseconds"
        );
        table(&title, &["gate", "p50", "p95", "p99"], ways.iter().map(row).collect());
        let p99: Vec<f64> = ways.iter().map(|(_, _, took)| percentile(took, 0.99)).collect();
        if let [plain, masked, _] = p99[..] {
            let more = masked - plain;
            report.aim(
                &format!("masks add at most {AIM_P99_MS} ms to p99"),
                format!("{more:.2} ms"),
                more <= AIM_P99_MS,
            );
        }
        let figures = ways.iter().map(|(name, _, took)| json!({ "gate": name, "ms": took }));
        report.figure("masked_answers", figures.collect());
        Ok(())
    }

    fn read(&self, side: &Side, records: u64, round: usize) -> Result<f64> {
        let (bootstrap, login) = match side.gate.and_then(|gate| self.gates.get(gate)) {
            Some(gate) => (gate.bootstrap(), Login::token_file(&self.tokens.join(side.group))),
            None => self.kafka.direct(),
        };
        let (count, group) = (records.to_string(), format!("{}-{round}", side.name.replace([' ', ','], "-")));
        let args = ["--topic", side.topic, "--num-records", &count, "--group", &group, "--hide-header"];
        let tool = Tool::new(self.kafka.jars(), java::CONSUMER_PERFORMANCE, &bootstrap, &login, &args);
        let output = tool.measured().within(PATIENCE).run()?.ok().with_context(|| format!("reading {}", side.name))?;
        consumer_mb(&output.stdout).with_context(|| format!("no result in:\n{}", output.text()))
    }
}

fn write(kafka: &Kafka, topic: &str, codec: &str, payload: &Path, records: u64) -> Result<()> {
    let (count, payload) = (records.to_string(), payload.display().to_string());
    let args = ["--topic", topic, "--num-records", &count, "--payload-file", &payload, "--throughput", "-1"];
    let (bootstrap, login) = kafka.direct();
    let login = login.with("compression.type", codec).with("batch.size", "65536").with("linger.ms", "20");
    Tool::new(kafka.jars(), java::PRODUCER_PERFORMANCE, &bootstrap, &login, &args).within(PATIENCE).run()?.ok()?;
    Ok(())
}

/// Orders of about 1 KiB, one a line.
fn lines() -> String {
    let line = |number: usize| {
        let items: Vec<_> = (0..6)
            .map(|item| json!({ "sku": format!("TG-{:05}", number * 7 + item * 13), "title": "Espresso beans, washed, 1 kg", "cents": 1_890 + item, "quantity": 1 + item % 3, "gift": item % 2 == 0 }))
            .collect();
        let order = json!({
            "id": format!("O-{number:07}"), "created_at": "2026-03-14T09:26:53Z", "status": "paid", "currency": "EUR",
            "customer": { "id": number * 31, "name": "Amara Okafor", "email": format!("c{number}@example.com"), "since": 2019 },
            "payment": { "method": "card", "pan": "4111111111111111", "holder": "A OKAFOR", "risk": 0.25 },
            "items": items, "ship_to": { "city": "Lagos", "country": "NG", "lines": ["12 Marina Rd", "Floor 3"] },
            "total_cents": number * 97 % 100_000,
        });
        format!("{order}\n")
    };
    (0..LINES).map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn orders_have_about_the_length_that_is_told() {
        let lines = super::lines();
        let average = lines.len() / super::LINES;
        assert!((900..1_150).contains(&average), "{average}");
    }
}
