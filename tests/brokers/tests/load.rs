//! Many connections and slow readers: what the gateway may use is bounded, and others are served meanwhile.
#![cfg(test)]

use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{Raw, fetch, key, list_offsets};
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

const RULES: &str = "@id(\"everything\")\npermit (principal, action, resource);\n";
const PATIENCE: Duration = Duration::from_secs(120);
const TOPIC: &str = "orders";

/// Each test measures a process of its own; two at once would measure each other.
static ALONE: Mutex<()> = Mutex::new(());

struct Stage {
    gate: Gate,
    issuer: Issuer,
    kafka: Kafka,
}

impl Stage {
    fn new(limits: &str) -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let mut options = Options::new(Upstream::of(&kafka), RULES, "");
        options.more = limits.to_owned();
        let gate = Gate::start(&options, &issuer).unwrap();
        kafka.create_topic(TOPIC, 1).unwrap();
        Stage { gate, issuer, kafka }
    }

    /// The only broker's own port at the gate, to which clients go after the first answer.
    fn broker(&self) -> String {
        format!("127.0.0.1:{}", self.gate.broker_ports().0)
    }

    fn logged_in(&self) -> Raw {
        Raw::logged_in(&self.broker(), &self.issuer.token("alice", &["all"]).unwrap()).unwrap()
    }

    /// Logs in so many, some at a time.
    fn crowd(&self, count: usize) -> Vec<Raw> {
        let token = self.issuer.token("alice", &["all"]).unwrap();
        let (address, threads) = (self.broker(), 8);
        std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..threads)
                .map(|thread| {
                    let own = (thread..count).step_by(threads).count();
                    let (address, token) = (&address, &token);
                    scope.spawn(move || (0..own).map(|_| Raw::logged_in(address, token).unwrap()).collect::<Vec<_>>())
                })
                .collect();
            tasks.into_iter().flat_map(|task| task.join().unwrap()).collect()
        })
    }

    /// The gateway's resident memory in KiB.
    fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.gate.gateway.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Fills the topic with this many records of 100 KB.
    fn fill(&self, records: u32) {
        let records = records.to_string();
        let args = ["--topic", TOPIC, "--num-records", &records, "--record-size", "100000", "--throughput", "-1"];
        self.kafka.tool(java::PRODUCER_PERFORMANCE, &args).run().unwrap().ok().unwrap();
    }
}

#[test]
fn two_thousand_idle_and_two_hundred_busy_connections_take_bounded_memory() {
    const IDLE: usize = 2_000;
    const BUSY: usize = 200;
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let stage = Stage::new("");
    let before = stage.memory_kib();
    let mut idle = stage.crowd(IDLE);
    let with_idle = stage.memory_kib();
    let mut busy = stage.crowd(BUSY);
    let (answers, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut most = 0;
    std::thread::scope(|scope| {
        for own in busy.chunks_mut(BUSY / 4) {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    // All are under way at once.
                    for raw in &mut *own {
                        raw.send(key::LIST_OFFSETS, 1, &list_offsets(TOPIC)).unwrap();
                    }
                    for raw in &mut *own {
                        raw.receive().unwrap();
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let start = Instant::now();
        let busy_long_enough = until("enough answers", PATIENCE, || {
            most = most.max(stage.memory_kib());
            Ok(answers.load(Ordering::Relaxed) >= 20_000 && start.elapsed() >= Duration::from_secs(10))
        });
        ended.store(true, Ordering::Relaxed);
        busy_long_enough.unwrap();
    });
    let each = (with_idle.saturating_sub(before)) as f64 / IDLE as f64;
    note(&format!(
        "gateway: {before} KiB alone, {with_idle} KiB with {IDLE} idle connections ({each:.1} KiB each), at most {most} KiB with \
         {BUSY} busy ones and {} answers",
        answers.load(Ordering::Relaxed)
    ));
    assert!(most < 60 * 1024 + 64 * (IDLE as u64 + BUSY as u64), "{most} KiB");
    // Nobody was forgotten.
    for raw in idle.iter_mut().step_by(97) {
        raw.ask(key::LIST_OFFSETS, 1, &list_offsets(TOPIC)).unwrap();
    }
    drop((idle, busy));
    let gone = || Ok(stage.gate.metrics()?.lines().any(|line| line == "tidegate_connections 0"));
    until("every connection's end", PATIENCE, gone).unwrap();
}

#[test]
fn two_hundred_slow_readers_of_fifty_megabytes_take_bounded_memory_and_hold_nobody_up() {
    const READERS: usize = 200;
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let stage = Stage::new("\n[limits]\ndelivery_stall_s = 5\n");
    stage.fill(600);
    let mut readers = stage.crowd(READERS);
    let before = stage.memory_kib();
    for reader in &mut readers {
        reader.send(key::FETCH, 4, &fetch(TOPIC, 0, 500, 50 * 1024 * 1024)).unwrap();
        reader.stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    }
    let mut other = stage.logged_in();
    other.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut most, mut served, mut slowest, start) = (0, 0, Duration::ZERO, Instant::now());
    while start.elapsed() < Duration::from_secs(20) {
        for reader in &mut readers {
            // One byte at most; one that was given up reads an end or an error, and stays.
            drop(reader.stream.read(&mut [0]));
        }
        most = most.max(stage.memory_kib());
        // Somebody else reads a megabyte.
        let asked = Instant::now();
        let answer = other.ask(key::FETCH, 4, &fetch(TOPIC, 3, 500, 1024 * 1024)).unwrap();
        assert!(answer.len() > 90_000, "{} bytes", answer.len());
        slowest = slowest.max(asked.elapsed());
        served += 1;
    }
    note(&format!(
        "gateway: {before} KiB with {READERS} idle readers, at most {most} KiB while they read slowly; another reader got {served} \
         answers, the slowest after {} ms",
        slowest.as_millis()
    ));
    // The budget for frames (256 MiB unless configured), and what each connection may hold outside of it.
    assert!(most < before + 256 * 1024 + 64 * READERS as u64 + 40 * 1024, "{most} KiB");
    assert!(served >= 1, "nothing for somebody else");
}
