//! From the command to the last record: `policy apply` and `policy block` while 1,000 connections read what is being written.
//!
//! Times are of the client that reads: when the answer with the record had been read, from when the command was given and from when
//! it returned. A record that was in the client's own socket by then counts too.

mod crowd;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tidegate_brokers::gate::{Mode, Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka::Listener;
use tidegate_brokers::process::until;
use tidegate_brokers::programs::Profile;
use tidegate_brokers::raw::{self, Raw, key};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

use super::measure::percentile;
use super::policies::{rules, topics};
use super::report::{Report, table};
use crowd::{Crowd, Reader};

/// Settings of the part `effect`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Part `effect`: connections that read
    #[arg(long, default_value_t = 1_000)]
    connections: usize,
    /// Part `effect`: rounds
    #[arg(long, default_value_t = 2)]
    effect_rounds: usize,
    /// Part `effect`: records written a second, each of which goes to every connection
    #[arg(long, default_value_t = 4)]
    effect_records: u32,
    /// Part `effect`: rules
    #[arg(long, default_value_t = 1_000)]
    effect_rules: usize,
    /// Part `effect`: subjects that are blocked already, in the second half of the part
    #[arg(long, default_value_t = 100_000)]
    blocked: usize,
}

const TOPIC: &str = "t0-records";
/// Callers that the connections belong to.
const SUBJECTS: usize = 10;
/// Seals the topic for everybody.
const SEALED: &str = "@id(\"sealed\") forbid (principal, action == Action::\"consume\", resource) when { resource.name == \"t0-records\" };\n";
/// How long is waited for a record that must not come.
const WATCH: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(60);
/// After this much nothing more may come.
const AIM_MS: f64 = 100.0;

/// Everything that runs.
struct Stage {
    // The crowd goes first: it reads from the gate.
    crowd: Crowd,
    gate: Gate,
    issuer: Issuer,
    kafka: Kafka,
    folder: Scratch,
}

/// What one command did.
struct Effect {
    command: &'static str,
    /// Seconds that the command took, program start and all.
    took: f64,
    /// Milliseconds from the command's start and from its return to the last record, by connection.
    from_start: Vec<f64>,
    from_return: Vec<f64>,
    /// Answers with records that came more than [`AIM_MS`] after the return.
    late: usize,
    /// Connections that were ended, and what the gate said that it cut.
    ended: usize,
    cut: Option<u64>,
}

pub(super) fn run(args: &Args, report: &mut Report) -> Result<()> {
    println!(
        "effect: setting the stage: Kafka, a gate with {} rules, {} connections",
        args.effect_rules, args.connections
    );
    let mut stage = Stage::set(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = stage.writer(args.effect_records, &stop)?;
    let found = stage.rounds(args);
    stop.store(true, Ordering::Relaxed);
    let written = writer.join();
    let found = found?;
    match written {
        Ok(written) => note(&format!("effect: {} records were written meanwhile", written?)),
        Err(_) => bail!("the writer failed"),
    }
    print(args, &found, report);
    Ok(())
}

impl Stage {
    fn set(args: &Args) -> Result<Stage> {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3))?;
        let issuer = Issuer::start()?;
        let folder = Scratch::new("effect")?;
        let open = rules(args.effect_rules);
        for (name, rules) in [("open", open.clone()), ("sealed", format!("{open}{SEALED}"))] {
            let dir = folder.path().join(name);
            fs::create_dir(&dir)
                .and_then(|()| fs::write(dir.join("rules.cedar"), rules))
                .context("cannot write rules")?;
            fs::write(dir.join("topics.yaml"), topics()).context("cannot write topics.yaml")?;
        }
        let mut options = Options::new(Upstream::of(&kafka), &open, &topics());
        options.profile = Profile::Release;
        options.mode = Mode::Relay;
        options.applied = true;
        let gate = Gate::start(&options, &issuer)?;
        kafka.create_topic(TOPIC, 1)?;
        Ok(Stage { crowd: Crowd::new(args.connections)?, gate, issuer, kafka, folder })
    }

    /// Writes to the topic, straight at the broker, until it is told to stop; how many records.
    fn writer(&self, per_second: u32, stop: &Arc<AtomicBool>) -> Result<std::thread::JoinHandle<Result<u64>>> {
        let mut raw = Raw::connect(&format!("127.0.0.1:{}", self.kafka.port(0, Listener::Plaintext)))?;
        let (pause, stop) = (Duration::from_secs(1) / per_second.max(1), Arc::clone(stop));
        Ok(std::thread::spawn(move || {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                raw.ask(key::PRODUCE, 3, &raw::produce(TOPIC, b"0123456789abcdef"))?;
                written += 1;
                std::thread::sleep(pause);
            }
            Ok(written)
        }))
    }

    fn rounds(&mut self, args: &Args) -> Result<Vec<Effect>> {
        let subjects: Vec<String> = (0..SUBJECTS).map(|subject| format!("demo:{}", subject_name(subject))).collect();
        let block: Vec<&str> = subjects.iter().flat_map(|subject| ["--subject", subject]).collect();
        let block = [&["policy", "block"], &block[..], &["--reason", "bench"]].concat();
        let mut found = Vec::new();
        for (number, listed) in
            (0..args.effect_rounds).map(|n| (n, 0)).chain((0..args.effect_rounds).map(|n| (n, args.blocked)))
        {
            if listed > 0 && number == 0 {
                self.block_others(listed)?;
            } else if listed == 0 {
                self.fill()?;
                let sealed = self.folder.path().join("sealed").display().to_string();
                found.push(self.watch("policy apply", &["policy", "apply", &sealed])?);
                self.command(&["policy", "rollback", "1"])?;
            }
            self.fill()?;
            let name = if listed > 0 { "policy block, beside many that are blocked" } else { "policy block" };
            let effect = self.watch(name, &block)?;
            found.push(effect);
            self.unblock(&subjects)?;
        }
        Ok(found)
    }

    /// Connects again whoever was cut, and waits until every connection reads what is written.
    fn fill(&mut self) -> Result<()> {
        let address = format!("127.0.0.1:{}", self.gate.broker_ports().0);
        let mut direct = Raw::connect(&format!("127.0.0.1:{}", self.kafka.port(0, Listener::Plaintext)))?;
        let end = raw::end_offset(&direct.ask(key::LIST_OFFSETS, 1, &raw::list_offsets(TOPIC))?)?;
        let tokens = (0..SUBJECTS).map(|subject| self.issuer.token(&subject_name(subject), &["g0"]));
        let tokens = tokens.collect::<Result<Vec<String>>>()?;
        let begun = Instant::now();
        loop {
            let made = self.crowd.fill(&address, &tokens, TOPIC, end)?;
            let (since, readers) = (Instant::now(), self.crowd.readers());
            note(&format!("effect: {made} connections made; waiting until all {} read", readers.len()));
            // One that was refused before may be told so late.
            let reads = |reader: &Reader| reader.has_ended() || reader.last().is_some_and(|last| last > since);
            until("every connection to read", PATIENCE, || Ok(readers.iter().all(|reader| reads(reader))))
                .with_context(|| {
                    format!(
                        "{} of {} read nothing",
                        readers.iter().filter(|reader| !reads(reader)).count(),
                        readers.len()
                    )
                })?;
            if !readers.iter().any(|reader| reader.has_ended()) {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "connections end as soon as they are made");
        }
    }

    /// Gives a command while everybody reads, and watches what still comes.
    fn watch(&self, command: &'static str, args: &[&str]) -> Result<Effect> {
        let readers = self.crowd.readers();
        for reader in readers {
            reader.forget_answers();
        }
        let given = Instant::now();
        let out = self.command(&[args, &["--output", "json"]].concat())?;
        let returned = Instant::now();
        std::thread::sleep(WATCH);
        let answer: Value = serde_json::from_str(&out).context("the command's answer is no JSON")?;
        let since = |from: Instant| {
            let last = readers.iter().filter_map(|reader| reader.last());
            last.map(|last| milliseconds(last, from)).collect::<Vec<f64>>()
        };
        let aim = returned + Duration::from_secs_f64(AIM_MS / 1000.0);
        let late = readers.iter().map(|reader| reader.answers_after(aim)).sum();
        let ended = readers.iter().filter(|reader| reader.has_ended()).count();
        let effect = Effect {
            command,
            took: (returned - given).as_secs_f64(),
            from_start: since(given),
            from_return: since(returned),
            late,
            ended,
            cut: answer.get("sessions_cut").and_then(Value::as_u64),
        };
        note(&format!(
            "effect: {command} took {:.0} ms; last record {:.0} ms after its return, {late} later than {AIM_MS} ms, {ended} connections ended",
            effect.took * 1000.0,
            percentile(&effect.from_return, 1.0),
        ));
        Ok(effect)
    }

    /// Blocks callers who are not there.
    fn block_others(&self, count: usize) -> Result<()> {
        let file = self.folder.path().join("blocked");
        let line = |number| format!("subject demo:nobody-{number}\n");
        fs::write(&file, (0..count).map(line).collect::<String>()).context("cannot write the list")?;
        let begun = Instant::now();
        let file = file.display().to_string();
        self.command(&["policy", "block", "--file", &file, "--reason", "bench", "--output", "json"])?;
        note(&format!("effect: blocking {count} subjects took {:.1} s", begun.elapsed().as_secs_f64()));
        Ok(())
    }

    fn unblock(&self, subjects: &[String]) -> Result<()> {
        let listed: Value = serde_json::from_str(&self.command(&["policy", "blocks", "--output", "json"])?)
            .context("the list of blocks is no JSON")?;
        for block in listed.as_array().into_iter().flatten() {
            let of_ours = text(block, "value").is_some_and(|value| subjects.iter().any(|subject| subject == value));
            if let Some(id) = text(block, "id").filter(|_| of_ours) {
                self.command(&["policy", "unblock", id])?;
            }
        }
        Ok(())
    }

    /// Commands the gate as the user of this machine who runs the bench.
    fn command(&self, args: &[&str]) -> Result<String> {
        self.gate.administer(args)
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

fn subject_name(subject: usize) -> String {
    format!("reader-{subject}")
}

/// Negative when `at` lies before `from`.
fn milliseconds(at: Instant, from: Instant) -> f64 {
    let ahead = at.saturating_duration_since(from).as_secs_f64();
    (ahead - from.saturating_duration_since(at).as_secs_f64()) * 1000.0
}

fn print(args: &Args, found: &[Effect], report: &mut Report) {
    let rows = found.iter().map(|effect| {
        let both = |times: &[f64]| format!("{:.0} / {:.0}", percentile(times, 0.5), percentile(times, 1.0));
        vec![
            effect.command.to_owned(),
            format!("{:.0}", effect.took * 1000.0),
            both(&effect.from_start),
            both(&effect.from_return),
            effect.late.to_string(),
            format!("{}{}", effect.ended, effect.cut.map_or_else(String::new, |cut| format!(" ({cut} cut)"))),
        ]
    });
    let title = format!(
        "{} connections that read 1 topic of 1 partition, {} records a second, {} rules, {SUBJECTS} callers of 1 class, \
         {} others blocked already in the rows that say so; last record of a connection, p50 / max over the connections; below zero: before",
        args.connections, args.effect_records, args.effect_rules, args.blocked
    );
    let columns = [
        "command",
        "took, ms",
        "last record after it was given, ms",
        "after it returned, ms",
        "answers later than 100 ms",
        "connections ended",
    ];
    table(&title, &columns, rows.collect());
    let last = found.iter().map(|effect| percentile(&effect.from_return, 1.0)).fold(f64::NEG_INFINITY, f64::max);
    let late: usize = found.iter().map(|effect| effect.late).sum();
    let what = format!("apply and block on {} connections: nothing after {AIM_MS} ms", args.connections);
    report.aim(&what, format!("{late} answers, the last {last:.0} ms after the return"), late == 0);
    let figures = found.iter().map(|effect| {
        json!({
            "command": effect.command, "took_ms": effect.took * 1000.0,
            "from_start_p50_ms": percentile(&effect.from_start, 0.5), "from_start_max_ms": percentile(&effect.from_start, 1.0),
            "from_return_p50_ms": percentile(&effect.from_return, 0.5), "from_return_max_ms": percentile(&effect.from_return, 1.0),
            "late": effect.late, "ended": effect.ended, "cut": effect.cut,
        })
    });
    report.figure("effect", figures.collect());
}
