//! What the table, the encoder and the rewriter of records make, judged by Kafka's own classes: `tests/oracle/Oracle.java` and
//! `tests/oracle/Batches.java` on the jar of kafka-clients.
//!
//! Needs `java` and `javac` 17 and the jars of a Kafka release, from `TIDEGATE_KAFKA_JARS` or where the broker harness keeps them;
//! without them it says so and passes. `TIDEGATE_ORACLE=required` makes that a failure.
#![cfg(test)]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tidegate_kafka::classify::{APIS, Serve};
use tidegate_kafka::encode;
use tidegate_kafka::records;
use tidegate_kafka::schema::{Direction, Message, messages::MESSAGES};
use tidegate_kafka::walk::{Event, Walker};

#[path = "support/batches.rs"]
#[expect(dead_code, reason = "the other test files use the rest")]
mod batches;
#[path = "support/generate.rs"]
mod generate;

use generate::Random;

fn jars() -> Option<PathBuf> {
    let given = std::env::var_os("TIDEGATE_KAFKA_JARS").map(PathBuf::from);
    let cached = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/tidegate/kafka-4.3.1"));
    given.or(cached).filter(|folder| {
        std::fs::read_dir(folder).is_ok_and(|mut entries| {
            entries.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("kafka-clients")))
        })
    })
}

/// One of the oracles compiled, or why not.
fn compiled(oracle: &str, classes: &Path) -> Result<String, String> {
    let folder = jars().ok_or("no jars of kafka-clients; set TIDEGATE_KAFKA_JARS or run the broker harness once")?;
    let path = format!("{}/*", folder.display());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/oracle/{oracle}.java"));
    let output = Command::new("javac")
        .args(["-d", &classes.display().to_string(), "-cp", &path])
        .arg(source)
        .output()
        .map_err(|error| format!("javac does not run: {error}"))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(format!("{path}:{}", classes.display()))
}

/// Asks one process about all lines.
fn ask(oracle: &str, path: &str, lines: &str) -> Vec<String> {
    let mut running = Command::new("java")
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-cp", path, oracle])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = running.stdin.take().unwrap();
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let mut answers = String::new();
    running.stdout.take().unwrap().read_to_string(&mut answers).unwrap();
    writer.join().unwrap();
    assert!(running.wait().unwrap().success());
    answers.lines().map(str::to_owned).collect()
}

struct Case {
    message: &'static Message,
    version: i16,
    what: String,
    body: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for message in MESSAGES {
        for version in message.versions.min..=message.versions.max {
            let mut defaults = Vec::new();
            encode::message(&mut defaults, message, version, &Vec::new());
            cases.push(Case { message, version, what: "defaults".into(), body: defaults });
            for seed in 0..6 {
                let values = generate::fields(message, version, &mut Random(seed), &|_| None);
                let mut body = Vec::new();
                encode::message(&mut body, message, version, &values);
                cases.push(Case { message, version, what: format!("seed {seed}"), body });
                if message.flexible.contains(version) {
                    let body = generate::write(message, version, &values, 1 + seed % 3);
                    cases.push(Case { message, version, what: format!("unknown tags {seed}"), body });
                }
            }
        }
    }
    cases
}

fn hex(body: &[u8]) -> String {
    let mut hex = String::new();
    for byte in body {
        write!(hex, "{byte:02x}").unwrap();
    }
    if hex.is_empty() { "-".into() } else { hex }
}

fn line(case: &Case) -> String {
    let direction = if case.message.direction == Direction::Request { "request" } else { "response" };
    format!("{} {} {direction} {}\n", case.message.api_key, case.version, hex(&case.body))
}

fn classes(oracle: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(oracle);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn ready(oracle: &str) -> Option<String> {
    match compiled(oracle, &classes(oracle)) {
        Ok(path) => Some(path),
        Err(why) => {
            assert!(std::env::var_os("TIDEGATE_ORACLE").is_none_or(|v| v != "required"), "{why}");
            println!("skipped: {why}");
            None
        }
    }
}

#[test]
fn kafka_reads_and_writes_the_same_bytes() {
    let Some(path) = ready("Oracle") else { return };
    let mut cases = cases();
    // What the walker takes, Kafka must read too, or the two would see different messages: bodies with a byte changed.
    let mut random = Random(1);
    let mutated: Vec<Case> = cases
        .iter()
        .filter(|case| !case.body.is_empty())
        .map(|case| {
            let mut body = case.body.clone();
            let at = usize::try_from(random.below(u64::try_from(body.len()).unwrap())).unwrap();
            body[at] ^= 1 << random.below(8);
            Case { what: format!("changed {}", case.what), body, ..*case }
        })
        .collect();
    let whole = cases.len();
    cases.extend(mutated);
    let answers = ask("Oracle", &path, &cases.iter().map(line).collect::<String>());
    assert_eq!(answers.len(), cases.len());

    let mut wrong = Vec::new();
    let (mut same, mut known) = (0, std::collections::BTreeSet::new());
    for (index, (case, answer)) in cases.iter().zip(&answers).enumerate() {
        if answer == "unknown" {
            continue;
        }
        known.insert((case.message.name, case.version));
        let walks = walks(case);
        let agreed = match (index < whole, walks) {
            (true, walks) => answer == "same" && walks,
            (false, true) => match answer.strip_prefix("differs ") {
                Some(hex) => says(case, &bytes(hex)) == says(case, &case.body),
                None => !answer.starts_with("refused"),
            },
            // The walker is stricter: no bytes that are not UTF-8, no lengths below -1, no tags out of order. Kafka writes none.
            (false, false) => answer != "same",
        };
        same += usize::from(answer == "same");
        if !agreed {
            let name = case.message.name;
            wrong.push(format!(
                "{name} v{} {}: walks {walks}, {answer}\n  {}",
                case.version,
                case.what,
                hex(&case.body)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong[..wrong.len().min(12)].join("\n")
    );
    assert!(same > 5000, "only {same} bodies were judged");
    // Everything that the gate serves is within what this Kafka knows.
    for api in APIS.iter().filter(|api| !matches!(api.serve, Serve::Refused(_))) {
        for message in MESSAGES.iter().filter(|m| m.api_key == api.key) {
            for version in api.min..=api.max {
                assert!(known.contains(&(message.name, version)), "{} v{version} was not judged", message.name);
            }
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// Every value of a body with its field. A tagged field that is set to what it is anyway says nothing, and Kafka leaves it out.
fn says(case: &Case, body: &[u8]) -> Vec<String> {
    let mut walker = Walker::new(case.message, case.version, body).unwrap();
    let mut said = Vec::new();
    while let Some(event) = walker.next().unwrap() {
        match event {
            Event::Scalar { field, .. } | Event::ArrayBegin { field, .. } if field.tagged.contains(case.version) => {}
            Event::Scalar { field, value, .. } => said.push(format!("{} {value:?}", field.path)),
            Event::ArrayBegin { field, count, .. } => said.push(format!("{} {count:?}", field.path)),
            Event::NullStruct { field } => said.push(field.path.to_owned()),
            _ => {}
        }
    }
    said
}

fn walks(case: &Case) -> bool {
    let Ok(mut walker) = Walker::new(case.message, case.version, &case.body) else { return false };
    loop {
        match walker.next() {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Leaves out every third record, stars the values of every other one, and adds a header.
struct Stars(u32);

impl records::Rewrite for Stars {
    fn record(&mut self, record: &records::Record<'_>, new: &mut records::NewRecord) -> records::Outcome {
        self.0 += 1;
        if self.0.is_multiple_of(3) {
            return records::Outcome::Dropped;
        }
        new.value.resize(record.value.map_or(0, <[u8]>::len), b'*');
        for header in record.headers.iter() {
            new.headers.push(header.key, header.value);
        }
        new.headers.push(b"starred", None);
        let changed = records::Changed { key: false, value: self.0.is_multiple_of(2), headers: true };
        records::Outcome::Changed(changed)
    }
}

#[test]
fn kafka_reads_rewritten_batches_as_they_are_meant() {
    let Some(path) = ready("Batches") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/batches/kafka");
    if std::env::var_os("TIDEGATE_WRITE_BATCHES").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        let folder = folder.display().to_string();
        let wrote = Command::new("java").args(["-cp", &path, "Batches", "write", &folder]).status().unwrap();
        assert!(wrote.success());
    }
    let mut samples: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "bin"))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    for how in batches::HOWS {
        let all = (0..200).map(|n| batches::rec(n, "key", &format!("{n} ").repeat(n.unsigned_abs() as usize * 10)));
        samples.push(batches::batch(5, all.collect()).bytes(how));
        samples.push(batches::batch(5, vec![batches::rec(0, "key", "value")]).bytes(how));
    }
    let (mut lines, mut meant) = (String::new(), Vec::new());
    let mut codecs = records::Codecs::default();
    for sample in &samples {
        // From the third on, so that a batch of one record is left empty.
        for seen in [0, 2] {
            let mut out = Vec::new();
            let limits = records::Limits::default();
            records::rewrite(sample, &limits, &mut codecs, &mut Stars(seen), &mut out).unwrap();
            writeln!(lines, "{}", hex(&out)).unwrap();
            meant.push(batches::read(&out).iter().map(batches::Batch::line).collect::<Vec<_>>().join(" / "));
        }
    }
    let answers = ask("Batches", &path, &lines);
    assert_eq!(answers.len(), meant.len());
    for (answer, meant) in answers.iter().zip(&meant) {
        assert!(answer == meant, "Kafka reads\n  {answer:.300}\nand we mean\n  {meant:.300}");
    }
    assert!(answers.len() >= 2 * (8 + 20));
}
