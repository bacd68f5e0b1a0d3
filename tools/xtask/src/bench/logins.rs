//! Logins a second by method: at the gate, and at Apache Kafka itself where it has the method.
//!
//! The client keeps the salted password of SCRAM, as a client may, so that little of what is measured is the client's own work.
//! The agent's own login at the broker is left out but for one row: that broker has a listener without login.

mod method;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tidegate_brokers::gate::{Mode, Options, Upstream};
use tidegate_brokers::issuer::Algorithm;
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka::Listener;
use tidegate_brokers::programs::Profile;
use tidegate_brokers::raw::Raw;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

use super::measure::{median, percentile};
use super::policies::EVERYTHING;
use super::report::{Report, table};
use method::{Credentials, Method, Signed};

/// Settings of the part `identity`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Part `identity`: logins of each method and round
    #[arg(long, default_value_t = 600)]
    logins: usize,
    /// Part `identity`: rounds
    #[arg(long, default_value_t = 3)]
    login_rounds: usize,
    /// Part `identity`: clients that log in at the same time
    #[arg(long, default_value_t = 8)]
    login_clients: usize,
}

/// Logins that come before those that are measured: the broker's Java machine compiles what it runs often.
const WARM_UP: usize = 600;

/// Where somebody logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Gate,
    /// A gate whose agent logs in at the broker with SCRAM-SHA-512.
    GateWithAgentLogin,
    Kafka,
}

/// Everything that runs.
struct Stage {
    gate: Gate,
    with_agent_login: Gate,
    kafka: Kafka,
    credentials: Credentials,
    _issuer: Issuer,
}

/// One method at one place.
struct Found {
    method: Method,
    at: At,
    per_second: Vec<f64>,
    milliseconds: Vec<f64>,
}

pub(super) fn run(args: &Args, report: &mut Report) -> Result<()> {
    println!("logins: setting the stage: Kafka that takes tokens itself, two gates (release build)");
    let each = args.logins * args.login_rounds + WARM_UP;
    let stage = Stage::set(each)?;
    let mut found: Vec<Found> = Method::ALL
        .iter()
        .flat_map(|&method| [At::Gate, At::Kafka, At::GateWithAgentLogin].map(|at| (method, at)))
        .filter(|(method, at)| method.is_known(*at))
        .map(|(method, at)| Found { method, at, per_second: Vec::new(), milliseconds: Vec::new() })
        .collect();
    println!("logins: warming up");
    for found in found.iter().filter(|found| found.at == At::Kafka || found.method == Method::Same) {
        stage.logins(found, WARM_UP, args.login_clients)?;
    }
    for round in 1..=args.login_rounds {
        for found in &mut found {
            let (per_second, milliseconds) = stage.logins(found, args.logins, args.login_clients)?;
            note(&format!(
                "round {round}/{}: {} at {:?}: {per_second:.0}/s",
                args.login_rounds,
                found.method.name(),
                found.at
            ));
            found.per_second.push(per_second);
            found.milliseconds.extend(milliseconds);
        }
    }
    print(args, &found, report);
    Ok(())
}

impl Stage {
    fn set(tokens: usize) -> Result<Stage> {
        let issuer = Issuer::start()?;
        // Tokens are signed by the newest key; brokers and gates find both when they start.
        let fresh = |count: usize| -> Result<Vec<String>> {
            (0..count).map(|number| issuer.token(&format!("bench-{number}"), &["bench"])).collect()
        };
        let rs256 = fresh(tokens)?;
        issuer.rotate(Algorithm::Es256, false)?;
        let es256 = fresh(tokens * 2)?;
        let same = issuer.token("same", &["bench"])?;
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3).with_bearer(issuer.for_brokers()))?;
        let with_login = Upstream::of(&kafka);
        let without_login = Upstream {
            bootstrap: kafka.addresses(Listener::Plaintext),
            mechanism: "NONE".to_owned(),
            ..with_login.clone()
        };
        let gate = |upstream| {
            let mut options = Options::new(upstream, EVERYTHING, "");
            options.profile = Profile::Release;
            options.mode = Mode::Relay;
            options.more = "\n[limits]\nfailed_logins_per_address = 100000\n".to_owned();
            Gate::start(&options, &issuer)
        };
        let (gate, with_agent_login) = (gate(without_login)?, gate(with_login)?);
        let signed = Signed { rs256, es256, same };
        let credentials = Credentials::new(signed, password(&gate)?, kafka.password().to_owned())?;
        Ok(Stage { gate, with_agent_login, kafka, credentials, _issuer: issuer })
    }

    fn address(&self, at: At) -> String {
        match at {
            // The broker's own port, to which clients go after the first answer.
            At::Gate => format!("127.0.0.1:{}", self.gate.broker_ports().0),
            At::GateWithAgentLogin => format!("127.0.0.1:{}", self.with_agent_login.broker_ports().0),
            At::Kafka => format!("127.0.0.1:{}", self.kafka.port(0, Listener::Sasl)),
        }
    }

    /// Logs in so many times, some at a time: logins a second, and the milliseconds of each.
    fn logins(&self, found: &Found, count: usize, clients: usize) -> Result<(f64, Vec<f64>)> {
        let credential = self.credentials.of(found.method, found.at);
        let (address, next, times) =
            (self.address(found.at), AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
        let client = || -> Result<()> {
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let begun = Instant::now();
                let mut raw = Raw::connect(&address)?;
                let answer = credential.login(&mut raw)?;
                let took = begun.elapsed();
                ensure!(answer.error == 0, "the login was refused: {}", answer.message);
                let Ok(mut times) = times.lock() else { bail!("another client failed") };
                times.push(took.as_secs_f64() * 1000.0);
            }
            Ok(())
        };
        let begun = Instant::now();
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
            clients.into_iter().try_for_each(|client| match client.join() {
                Ok(ended) => ended,
                Err(_) => bail!("a client failed"),
            })
        })
        .with_context(|| format!("{} at {:?}", found.method.name(), found.at))?;
        let took = begun.elapsed();
        // Sessions end on their own time, not on the next method's.
        std::thread::sleep(Duration::from_millis(300));
        let Ok(times) = times.into_inner() else { bail!("a client failed") };
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        Ok((count as f64 / took.as_secs_f64(), times))
    }
}

/// The password of a service account that is made for this.
fn password(gate: &Gate) -> Result<String> {
    let made =
        ["service-account", "create", method::ACCOUNT, "--owner", "bench", "--expires", "1d", "--group", "bench"];
    let out = gate.administer(&[&made[..], &["--output", "json"]].concat())?;
    let answer: Value = serde_json::from_str(&out).context("the answer is no JSON")?;
    Ok(answer.get("password").and_then(Value::as_str).context("the answer has no password")?.to_owned())
}

fn print(args: &Args, found: &[Found], report: &mut Report) {
    let rate = |method, at| found.iter().find(|f| f.method == method && f.at == at).map(|f| median(&f.per_second));
    let mut rows = Vec::new();
    for found in found.iter().filter(|found| found.at != At::Kafka) {
        let (ours, kafka) = (median(&found.per_second), rate(found.method, At::Kafka));
        let agent = if found.at == At::Gate { "" } else { ", the agent's login at the broker included" };
        rows.push(vec![
            format!("{}{agent}", found.method.name()),
            format!("{ours:.0}"),
            format!("{:.1}", median(&found.milliseconds)),
            format!("{:.1}", percentile(&found.milliseconds, 0.99)),
            kafka.map_or_else(|| "has none".to_owned(), |kafka| format!("{kafka:.0}")),
            kafka.map_or_else(String::new, |kafka| format!("{:.2}", ours / kafka)),
        ]);
    }
    let title = format!(
        "{} logins a method and round, {} rounds, {} clients at a time, medians; each is a connection of its own, with a session in \
         the evidence",
        args.logins, args.login_rounds, args.login_clients
    );
    table(&title, &["method", "gate: logins/s", "p50 ms", "p99 ms", "Kafka itself: logins/s", "ratio"], rows);
    let figures = found.iter().map(|found| {
        json!({
            "method": found.method.name(), "at": format!("{:?}", found.at), "per_second": median(&found.per_second),
            "p50_ms": median(&found.milliseconds), "p99_ms": percentile(&found.milliseconds, 0.99),
        })
    });
    report.figure("logins", figures.collect());
}
