//! The story: four people at Kafka's own console tools, then what the evidence says about them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tidegate_brokers::java::{self, Output, Tool};

use super::people::Person;
use super::{ORDERS, Stage, evidence, identity, masks, orders};

/// A client that the gate refuses must not wait for long; one that is served gets this long.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

type Step = (&'static str, fn(&mut Stage) -> Result<String>);

const STEPS: [Step; 17] = [
    ("alice (producers) writes 10,000 orders with the console producer", alice_writes),
    ("bob (analysts) reads them with the console consumer", bob_reads),
    ("carol (marketing) may see the topic but not read it", carol_is_refused),
    ("mallory has a token that says bob, signed by another key", mallory_cannot_log_in),
    ("why carol was refused, and which rule came nearest", identity::explain),
    ("alice of corp logs in with a browser, at the identity provider that corp has", identity::log_in),
    ("her team may read partition 0 of its topics, and nothing else", identity::team_reads_its_partition),
    ("a CI job of corp, with its platform's token, writes to staging only", identity::ci_writes_to_staging_only),
    ("somebody blocks alice of corp while her consumer runs", identity::a_block_cuts_a_consumer),
    ("a payment is read by four people, and each sees of it what it may", masks::four_people_read_a_payment),
    (
        "support sees addresses from now on, by one command, while its consumer runs",
        masks::a_policy_changes_under_a_consumer,
    ),
    ("the evidence says whose fields went out masked or clear", masks::evidence_of_masks),
    ("it keeps the payment that fay saw clear, masked, so that nobody finds it there", masks::evidence_keeps_it_masked),
    ("every address that clients got leads to the gate", addresses_are_the_gates),
    ("the evidence says who did what, and what was decided", evidence::list),
    ("the evidence verifies with the key that was noted down at the start", evidence::verify),
    ("one byte of a copy is changed, and the verifier says where", evidence::tamper),
];

/// Tells it; returns how many steps were not as they should be.
pub(super) fn tell(stage: &mut Stage) -> Result<usize> {
    println!("\nThe story");
    let mut wrong = 0;
    evidence::note_key(stage)?;
    for (number, (what, step)) in STEPS.iter().enumerate() {
        println!("\n[{}/{}] {what}", number + 1, STEPS.len());
        let start = Instant::now();
        match step(stage) {
            Ok(said) => println!("{}\n      as it should be ({:.1} s)", indent(&said), start.elapsed().as_secs_f64()),
            Err(error) => {
                wrong += 1;
                println!("{}\n      NOT AS IT SHOULD BE", indent(&format!("{error:#}")));
            }
        }
    }
    if wrong > 0 {
        println!("\nThe gateway's log ends with:\n{}", tidegate_brokers::process::tail(&stage.gate.gateway.log(), 15));
        println!("\nThe agent's log ends with:\n{}", tidegate_brokers::process::tail(&stage.gate.agent.log(), 15));
    }
    Ok(wrong)
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

fn alice_writes(stage: &mut Stage) -> Result<String> {
    let lines = orders::lines(ORDERS);
    let args =
        ["--topic", &stage.topic, "--reader-property", "parse.key=true", "--reader-property", "key.separator=\t"];
    let producer = java::console_producer(stage.jars.version);
    let output = Tool::new(&stage.jars, producer, &stage.gate.bootstrap(), &stage.people.alice.login, &args)
        .stdin(&lines)
        .within(PATIENCE)
        .run()?
        .ok()?;
    ensure!(!output.stderr.contains("ERROR"), "the producer said:\n{}", output.stderr);
    let written = end_offsets(stage, &stage.topic)?;
    ensure!(written == ORDERS, "the broker has {written} records of {ORDERS}");
    let first = lines.lines().next().and_then(|line| line.split_once('\t')).map(|(_, value)| value).unwrap_or_default();
    Ok(format!("the broker has {written} records; the first:\n{first}"))
}

/// What is in a topic, asked for at the broker itself.
pub(super) fn end_offsets(stage: &Stage, topic: &str) -> Result<u64> {
    let args = ["--topic", topic];
    let output = stage.cluster.tool(&stage.jars, java::GET_OFFSETS, &args).run()?.ok()?;
    let mut sum = 0;
    for line in output.stdout.lines().filter(|line| line.starts_with(topic)) {
        let offset = line.rsplit(':').next().unwrap_or_default();
        sum += offset.parse::<u64>().with_context(|| format!("not an offset: {line}"))?;
    }
    Ok(sum)
}

fn bob_reads(stage: &mut Stage) -> Result<String> {
    let output = read(stage, &stage.people.bob, "demo-analysts", ORDERS)?.ok()?;
    // Three partitions: the order between them is nobody's business.
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    let lines = orders::lines(ORDERS);
    for (_, value) in lines.lines().filter_map(|line| line.split_once('\t')) {
        *counts.entry(value).or_default() += 1;
    }
    for line in output.stdout.lines() {
        *counts.entry(line).or_default() -= 1;
    }
    let (missing, strange) =
        counts.values().fold((0, 0), |(missing, strange), count| (missing + count.max(&0), strange - count.min(&0)));
    ensure!(missing == 0 && strange == 0, "{missing} orders are missing, {strange} lines are no order");
    Ok(format!("{ORDERS} orders, each exactly as it was written"))
}

fn carol_is_refused(stage: &mut Stage) -> Result<String> {
    let output = read(stage, &stage.people.carol, "demo-marketing", 1)?;
    refused(&output, "TopicAuthorizationException")
}

fn mallory_cannot_log_in(stage: &mut Stage) -> Result<String> {
    let output = read(stage, &stage.people.mallory, "demo-analysts-2", 1)?;
    refused(&output, "SaslAuthenticationException")
}

fn read(stage: &Stage, person: &Person, group: &str, count: u64) -> Result<Output> {
    let count = count.to_string();
    let args = [
        "--topic",
        &stage.topic,
        "--group",
        group,
        "--from-beginning",
        "--max-messages",
        &count,
        "--timeout-ms",
        "60000",
    ];
    Tool::new(&stage.jars, java::CONSOLE_CONSUMER, &stage.gate.bootstrap(), &person.login, &args).within(PATIENCE).run()
}

/// The client's own words for a refusal, and not one record.
pub(super) fn refused(output: &Output, exception: &str) -> Result<String> {
    ensure!(output.stdout.trim().is_empty(), "got {} lines of the topic", output.stdout.lines().count());
    let line = output.stderr.lines().find(|line| line.contains(exception));
    let Some(line) = line else { bail!("no {exception}; the client said:\n{}", output.stderr) };
    Ok(format!("no record; the client says:\n{}", line.trim()))
}

/// The metadata that a client gets names the gate's ports and never the broker's.
fn addresses_are_the_gates(stage: &mut Stage) -> Result<String> {
    let login = &stage.people.bob.login;
    let output = Tool::new(&stage.jars, java::API_VERSIONS, &stage.gate.bootstrap(), login, &[]).run()?.ok()?;
    // Each broker begins with "host:port (id: 0 rack: null …) -> (".
    let found: Vec<&str> =
        output.stdout.lines().filter_map(|line| line.split_once(" (id: ")).map(|(address, _)| address).collect();
    ensure!(!found.is_empty(), "no broker in:\n{}", output.text());
    let (first, last) = stage.gate.broker_ports();
    for address in &found {
        let (host, port) = address.rsplit_once(':').with_context(|| format!("not an address: {address}"))?;
        let port: u16 = port.parse().with_context(|| format!("not a port: {port}"))?;
        ensure!(host == "127.0.0.1" && (first..=last).contains(&port), "{address} is not the gate's");
    }
    Ok(format!("brokers that bob sees: {}", found.join(", ")))
}
