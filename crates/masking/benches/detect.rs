//! How fast content is looked at, as one line of JSON: `cargo bench -p tidegate-masking --bench detect -- [records] [turns]`.
//!
//! Events of orders, 1 KiB each, in which an address and a card stand, and the same with nothing to find. All detectors of ours take
//! turns with the crate `regex`, which looks for patterns of the same things one after another; it checks no digits and decodes
//! nothing. `ratio` is how many times ours is as fast. Figures are medians, in MB (10^6 bytes) per second.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use regex::Regex;
use tidegate_masking::detect::{self, Detector};
use tidegate_masking::{ClassId, Hit};

const RECORD: usize = 1024;

const PATTERNS: [&str; 10] = [
    r"\b(?:\d[ -]?){12,18}\d\b",
    r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
    r"\b(?:[0-9A-Fa-f]{1,4}:){2,7}[0-9A-Fa-f]{1,4}\b",
    r"\+\d[\d ()./-]{7,20}\d",
    r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|[sr]k_live_[A-Za-z0-9]{16,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo adds words of its own
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let (records, turns) = (numbers.next().unwrap_or(20_000).max(1), numbers.next().unwrap_or(7).max(1));
    let patterns: Vec<Regex> = PATTERNS.into_iter().map(Regex::new).collect::<Result<_, _>>()?;
    let mut line = serde_json::Map::new();
    for (name, personal) in [("orders", true), ("nothing", false)] {
        let events: Vec<String> = (0..1_000).map(|number| event(number, personal)).collect();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut hits = 0;
        for _turn in 0..turns {
            let (took, found) = scanned(&events, records);
            hits = found;
            ours.push(speed(took, records));
            let rounds = (records / 4).max(1);
            theirs.push(speed(matched(&patterns, &events, rounds), rounds));
        }
        let (ours, theirs) = (median(ours), median(theirs));
        line.insert(
            name.to_owned(),
            serde_json::json!({
                "ours": ours.round(), "regex": theirs.round(), "ratio": (ours / theirs * 10.0).round() / 10.0,
                "hits_per_record": (hits as f64) / (records as f64),
            }),
        );
    }
    Ok(writeln!(std::io::stdout(), "{}", serde_json::Value::Object(line))?)
}

fn scanned(events: &[String], records: usize) -> (Duration, usize) {
    let wanted: Vec<(Detector, ClassId)> = Detector::ALL.into_iter().zip((0..).map(ClassId)).collect();
    let mut hits: Vec<Hit> = Vec::new();
    let mut found = 0;
    let begun = Instant::now();
    for event in events.iter().cycle().take(records) {
        detect::scan(black_box(event), &wanted, &mut hits);
        found += black_box(&hits).len();
    }
    (begun.elapsed(), found)
}

fn matched(patterns: &[Regex], events: &[String], records: usize) -> Duration {
    let begun = Instant::now();
    for event in events.iter().cycle().take(records) {
        for pattern in patterns {
            black_box(pattern.find_iter(black_box(event)).count());
        }
    }
    begun.elapsed()
}

fn speed(took: Duration, records: usize) -> f64 {
    (records * RECORD) as f64 / took.as_secs_f64() / 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// An event as a shop writes it: numbers, times, a UUID, addresses of streets, lines of an order up to the record's size.
fn event(number: usize, personal: bool) -> String {
    let n = number + 100_000;
    let (email, card) = if personal {
        (format!("customer{n}@example.org"), "4111111111111111")
    } else {
        (format!("customer{n}"), "411111******1111")
    };
    let mut text = format!(
        r#"{{"order_id":"ORD-2026-{n}","event":"order.placed","occurred_at":"2026-11-28T18:51:{:02}.{:03}Z","trace":"3f2b8c1e-9d4a-4c6b-8f1e-{n:012x}","customer":{{"id":{n},"name":"Customer Number {n}","email":"{email}","tier":"gold","address":{{"street":"{} Long Street","city":"Springfield","zip":"{}","country":"DE"}}}},"payment":{{"method":"card","pan":"{card}","amount":{}.{:02},"currency":"EUR"}},"lines":["#,
        number % 60,
        number % 1000,
        number % 300,
        10_000 + number % 80_000,
        number % 900,
        number % 100,
    );
    let mut place = 0;
    while text.len() < RECORD {
        place += 1;
        let _never_fails = write!(
            text,
            r#"{{"sku":"SKU-{:05}","title":"A thing of some sort","quantity":{},"price":{}.{:02},"taxed":true}},"#,
            (n * place) % 100_000,
            place,
            (n * place) % 500,
            (n + place) % 100
        );
    }
    text.truncate(RECORD);
    text
}
