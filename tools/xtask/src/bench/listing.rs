//! Metadata of 10,000 topics under 1,000 rules: the first answer of a class of callers, answers from then on, and how long others
//! wait meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tidegate_brokers::gate::{Mode, Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka::Listener;
use tidegate_brokers::programs::Profile;
use tidegate_brokers::raw::{self, Raw, key};
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

use super::measure::{median, percentile};
use super::policies::{DOMAINS, GROUPS, rules, topics};
use super::report::{Report, table};

/// Settings of the part `listing`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Part `listing`: topics
    #[arg(long, default_value_t = 10_000)]
    listed: usize,
    /// Part `listing`: rules
    #[arg(long, default_value_t = 1_000)]
    listing_rules: usize,
}

/// Topics that are made with one request.
const AT_A_TIME: usize = 500;
/// Classes whose first answer is asked for alone; those after them are asked for all at once.
const ALONE: usize = 8;
const AT_ONCE: usize = 4;
/// Of ten groups, so many may see topics of some domains: a class of callers is one of them.
const READING: usize = 6;
const AGAIN: usize = 5;
/// How long others are watched while nobody lists.
const QUIET: Duration = Duration::from_secs(2);
const AIM_MS: f64 = 500.0;
/// What others may wait longer while several classes get their first answers. On two cores they share these with what decides.
const OTHERS_MS: f64 = 50.0;

struct Stage {
    gate: Gate,
    issuer: Issuer,
    kafka: Kafka,
}

pub(super) fn run(args: &Args, report: &mut Report) -> Result<()> {
    println!("listing: setting the stage: Kafka with {} topics, a gate with {} rules", args.listed, args.listing_rules);
    let stage = Stage::set(args)?;
    let mut direct = stage.direct()?;
    let (mut first, mut again, mut by_kafka) = (Vec::new(), Vec::new(), Vec::new());
    timed(&mut direct)?;
    for class in 0..ALONE {
        let mut caller = stage.caller(class)?;
        let took = timed(&mut caller)?;
        first.push(took);
        for _ in 0..AGAIN {
            again.push(timed(&mut caller)?);
            by_kafka.push(timed(&mut direct)?);
        }
        note(&format!("listing: class {class}: first {took:.0} ms, from then on {:.0} ms", median(&again)));
    }
    let quiet = stage.others_wait(|| {
        std::thread::sleep(QUIET);
        Ok(())
    })?;
    let mut callers = (ALONE..ALONE + AT_ONCE).map(|class| stage.caller(class)).collect::<Result<Vec<Raw>>>()?;
    let mut at_once = Vec::new();
    let busy = stage.others_wait(|| {
        at_once = all_at_once(&mut callers)?;
        Ok(())
    })?;
    let kept = stage.others_wait(|| {
        for _ in 0..AGAIN {
            all_at_once(&mut callers)?;
        }
        Ok(())
    })?;
    let row = |what: &str, times: &[f64]| {
        vec![what.to_owned(), format!("{:.1}", median(times)), format!("{:.1}", percentile(times, 1.0))]
    };
    let rows = vec![
        row("first answer of a class", &first),
        row("answers from then on", &again),
        row("Kafka itself", &by_kafka),
        row(&format!("first answers of {AT_ONCE} classes at once"), &at_once),
        row("another connection's ListOffsets, nobody lists", &quiet),
        row(&format!("the same while {AT_ONCE} classes get their first answers"), &busy),
        row("the same while they get kept ones", &kept),
    ];
    let title = format!(
        "Metadata of {} topics, {} rules, {GROUPS} groups; milliseconds, p50 and max. A class may see 5 of {DOMAINS} domains",
        args.listed, args.listing_rules
    );
    table(&title, &["what", "p50 ms", "max ms"], rows);
    let worst = percentile(&first, 1.0);
    let what = format!(
        "Metadata of {} topics under {} rules: first answer under {AIM_MS} ms",
        args.listed, args.listing_rules
    );
    report.aim(&what, format!("{worst:.0} ms, then {:.1} ms", median(&again)), worst < AIM_MS);
    let (others, before) = (percentile(&busy, 0.99), percentile(&quiet, 0.99));
    let what = format!("others wait at most {OTHERS_MS} ms longer meanwhile (p99)");
    report.aim(&what, format!("{before:.1} ms before, {others:.1} ms meanwhile"), others - before < OTHERS_MS);
    let figures = json!({
        "first_ms": first, "again_p50_ms": median(&again), "kafka_p50_ms": median(&by_kafka), "first_at_once_ms": at_once,
        "others_quiet_p99_ms": before, "others_busy_p99_ms": others, "others_busy_max_ms": percentile(&busy, 1.0),
        "others_kept_p99_ms": percentile(&kept, 0.99),
    });
    report.figure("listing", figures);
    Ok(())
}

impl Stage {
    fn set(args: &Args) -> Result<Stage> {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3))?;
        let mut direct = Raw::connect(&format!("127.0.0.1:{}", kafka.port(0, Listener::Plaintext)))?;
        // Beside one topic that is asked for all the time.
        let names: Vec<String> = (1..args.listed).map(|topic| format!("t{}-{topic}", topic % DOMAINS)).collect();
        kafka.create_topic(ASKED, 1)?;
        for (number, names) in names.chunks(AT_A_TIME).enumerate() {
            let answer = direct.ask(key::CREATE_TOPICS, 2, &raw::create_topics(names))?;
            ensure!(!answer.is_empty(), "topics could not be made");
            note(&format!("listing: {} topics made", (number * AT_A_TIME) + names.len()));
        }
        let issuer = Issuer::start()?;
        let mut options = Options::new(Upstream::of(&kafka), &rules(args.listing_rules), &topics());
        options.profile = Profile::Release;
        options.mode = Mode::Relay;
        let gate = Gate::start(&options, &issuer)?;
        Ok(Stage { gate, issuer, kafka })
    }

    fn direct(&self) -> Result<Raw> {
        Raw::connect(&format!("127.0.0.1:{}", self.kafka.port(0, Listener::Plaintext)))
    }

    /// A connection of a caller of this class.
    fn caller(&self, class: usize) -> Result<Raw> {
        let group = class / READING * 10 + class % READING;
        let token = self.issuer.token(&format!("lister-{class}"), &[&format!("g{group}")])?;
        Raw::logged_in(&format!("127.0.0.1:{}", self.gate.broker_ports().0), &token)
    }

    /// Milliseconds that another connection waits for each of its answers while something goes on.
    fn others_wait(&self, meanwhile: impl FnOnce() -> Result<()>) -> Result<Vec<f64>> {
        let ended = AtomicBool::new(false);
        // Of a group whose domain the topic is in.
        let mut other = self.caller(0)?;
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let mut times = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    other.ask(key::LIST_OFFSETS, 1, &raw::list_offsets(ASKED))?;
                    times.push(begun.elapsed().as_secs_f64() * 1000.0);
                    std::thread::sleep(Duration::from_millis(2));
                }
                Ok(times)
            });
            let done = meanwhile();
            ended.store(true, Ordering::Relaxed);
            let times = asking.join();
            done?;
            match times {
                Ok(times) => times,
                Err(_) => bail!("who asks meanwhile failed"),
            }
        })
    }
}

/// The topic whose end is asked for meanwhile.
const ASKED: &str = "t0-asked";

/// Milliseconds for Metadata of every topic.
fn timed(raw: &mut Raw) -> Result<f64> {
    let begun = Instant::now();
    let answer = raw.ask(key::METADATA, 4, &raw::metadata_of_all())?;
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    ensure!(answer.len() > 1_000, "an answer of {} bytes names no topics", answer.len());
    Ok(took)
}

/// The same on several connections at once.
fn all_at_once(callers: &mut [Raw]) -> Result<Vec<f64>> {
    std::thread::scope(|scope| {
        let tasks: Vec<_> = callers.iter_mut().map(|caller| scope.spawn(|| timed(caller))).collect();
        tasks.into_iter().map(|task| task.join().ok().context("a caller failed")?).collect()
    })
}
