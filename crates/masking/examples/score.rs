//! Precision and recall of the detectors over labelled text: lines of JSON on standard input, a table on standard output.
//!
//! Each line is `{"text": "…", "spans": [{"start": 0, "end": 5, "detector": "email"}]}`; places are bytes, and a span whose name no
//! detector has is counted as out of reach. A hit is right where it overlaps a span of its detector, and a span is found where a hit
//! of its detector covers all of it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};

use serde_json::Value;
use tidegate_masking::detect::{self, Detector};
use tidegate_masking::{ClassId, Hit};

#[derive(Default)]
struct Score {
    spans: u64,
    found: u64,
    hits: u64,
    right: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut scores: BTreeMap<Detector, Score> = BTreeMap::new();
    let mut beyond: BTreeMap<String, u64> = BTreeMap::new();
    // `--misses` shows where the detectors and the labels disagree
    let misses = std::env::args().any(|word| word == "--misses");
    let mut out = std::io::stdout().lock();
    let mut lines = 0_u64;
    for line in std::io::stdin().lock().lines() {
        lines += 1;
        let sample: Value = serde_json::from_str(&line?)?;
        let text = sample.get("text").and_then(Value::as_str).ok_or("a line without text")?;
        let mut labelled: Vec<(Detector, usize, usize)> = Vec::new();
        for span in sample.get("spans").and_then(Value::as_array).into_iter().flatten() {
            let place = |name: &str| span.get(name).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
            let name = span.get("detector").and_then(Value::as_str).ok_or("a span without a detector")?;
            match Detector::parse(name) {
                Some(detector) => labelled.push((
                    detector,
                    place("start").ok_or("a span without start")?,
                    place("end").ok_or("a span without end")?,
                )),
                None => *beyond.entry(name.to_owned()).or_default() += 1,
            }
        }
        for detector in Detector::ALL {
            let mut hits: Vec<Hit> = Vec::new();
            detect::scan(text, &[(detector, ClassId(0))], &mut hits);
            let spans: Vec<_> = labelled.iter().filter(|(of, ..)| *of == detector).collect();
            let score = scores.entry(detector).or_default();
            score.spans += spans.len() as u64;
            score.hits += hits.len() as u64;
            for (_, start, end) in &spans {
                let is_found = hits.iter().any(|hit| hit.start <= *start && hit.end >= *end);
                score.found += u64::from(is_found);
                if misses && !is_found {
                    writeln!(out, "missed {}: {:?}", detector.name(), text.get(*start..*end))?;
                }
            }
            for hit in &hits {
                let is_right = spans.iter().any(|(_, start, end)| hit.start < *end && *start < hit.end);
                score.right += u64::from(is_right);
                if misses && !is_right {
                    writeln!(out, "wrong {}: {:?}", detector.name(), text.get(hit.start..hit.end))?;
                }
            }
        }
    }
    writeln!(out, "{lines} texts\n\n| detector | labelled | found | precision | recall |\n|---|---|---|---|---|")?;
    for (detector, score) in scores.iter().filter(|(_, score)| score.spans + score.hits > 0) {
        let (precision, recall) = (ratio(score.right, score.hits), ratio(score.found, score.spans));
        writeln!(out, "| {} | {} | {} | {precision} | {recall} |", detector.name(), score.spans, score.found)?;
    }
    let named: Vec<String> = beyond.iter().map(|(name, count)| format!("{name} {count}")).collect();
    Ok(writeln!(out, "\nOut of reach: {}", named.join(", "))?)
}

fn ratio(part: u64, of: u64) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.3}", part as f64 / of as f64) }
}
