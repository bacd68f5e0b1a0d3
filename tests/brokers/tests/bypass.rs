//! The tricks by which somebody may try to get past the masks, each tried on a real gate before a real cluster with real clients, by
//! the number of its row. `docs/masking.md` says which row is where, and what waits for what. Of two rows
//! there is no more than this to say: record formats before Kafka 0.11 cannot be written or asked for any more (39), and who may
//! write fields of a class that is turned into tokens can learn which token stands for which value (46).
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use bypass::framed::{self, SCHEMAS};
use bypass::leaks::{reveals, shows};
use bypass::rows::{Expected, Row, Secret, Topic, rows};
use tidegate_brokers::clients::Family;
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{Body, Raw, checksum, fetch, fetched, key, produce};
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka, Registry};

mod bypass {
    pub(crate) mod framed;
    pub(crate) mod leaks;
    pub(crate) mod rows;
}

const RULES: &str = r#"
@id("read") permit (principal in Group::"demo:staff", action in Action::"read", resource);
@id("everything") permit (principal in Group::"demo:root", action, resource);
@id("all") permit (principal in Group::"demo:all", action == Action::"unmask", resource);
@id("mail") permit (principal in Group::"demo:mail", action == Action::"unmask", resource)
when { resource.name == "PII.email" };
"#;
const MASKING: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PII.alias: {transform: redact}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: 'rows-*', path: customer.alias, class: PII.alias}
  - {topic: 'rows-framed*', path: people.@key, class: PII.alias}
  - {topic: 'rows-framed*', schema_tag: PII, class: PII.alias}
  - {topic: 'rows-*', names: [email, contact/email, x-user-email], class: PII.email}
  - {topic: 'rows-*', names: [pan], class: PCI.pan}
  - {topic: '*', content: [card], class: PCI.pan}
  - {topic: '*', content: [email], class: PII.email}
topics:
  - {topic: rows-strict, value: json, on_unmaskable: deny_topic}
  - {topic: 'rows-bytes*', value: bytes}
  - {topic: 'rows-framed*', value: framed, key: framed}
  - {topic: 'rows-*', value: json}
removed_tags:
  - {subject: rows-framed-value, version: 13}
  - {subject: rows-framed-value, version: 14}
  - {subject: rows-framed-plain-value, version: 13}
  - {subject: rows-framed-plain-value, version: 14}
";
const PATIENCE: Duration = Duration::from_secs(90);
/// Longer than any test waits for something else.
const LONG_POLL_MS: i32 = 55_000;
const TOPIC_AUTHORIZATION_FAILED: i16 = 29;

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
    scratch: Scratch,
    /// For schemas; ends with the stage.
    _registry: Registry,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| Stage::new(false));
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(rows);

impl Stage {
    /// `applied`: commands change the policy, not the folder.
    fn new(applied: bool) -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let upstream = Upstream::of(&kafka);
        let registry = Registry::start().unwrap();
        for (number, schema) in (1..).zip(&SCHEMAS) {
            for subject in [schema.subject, &schema.subject.replace("rows-framed", "rows-framed-plain")] {
                assert_eq!(registry.register(subject, schema.language, schema.text).unwrap(), number);
            }
        }
        let (masking, more) = (MASKING.to_owned(), registry.section());
        let options = Options { applied, masking, more, ..Options::new(upstream, RULES, "") };
        let gate = Gate::start(&options, &issuer).unwrap();
        Stage { kafka, issuer, gate, scratch: Scratch::new("bypass").unwrap(), _registry: registry }
    }

    fn cluster(&self) -> String {
        self.kafka.direct().0
    }

    fn token(&self, subject: &str, group: &str) -> String {
        self.issuer.token(subject, &["staff", group]).unwrap()
    }

    /// What somebody reads who sees the classes of this group; that of `none` sees none.
    fn read(&self, family: Family, topic: &str, group: &str) -> Vec<Record> {
        let token = self.token(&format!("{group}-{}", family as u8), group);
        let read = records::read(family, &self.gate.bootstrap(), topic, &token).unwrap();
        read.unwrap_or_else(|error| panic!("{topic}: {error}"))
    }

    fn topic(&self, name: &str, codec: &str, batches: &[&[Record]]) {
        self.kafka.create_topic(name, 1).unwrap();
        for batch in batches {
            records::write(&self.cluster(), name, codec, batch).unwrap();
        }
        records::write_end(&self.cluster(), name).unwrap();
    }

    fn raw(&self, subject: &str, group: &str) -> Raw {
        Raw::logged_in(&self.gate.bootstrap(), &self.token(subject, group)).unwrap()
    }

    /// A connection at the cluster itself.
    fn direct(&self) -> Raw {
        Raw::connect(&self.cluster()).unwrap()
    }

    /// Writes each value as a batch of its own, not compressed, to a new topic.
    fn batches<'v>(&self, topic: &str, values: impl IntoIterator<Item = &'v [u8]>) {
        self.kafka.create_topic(topic, 1).unwrap();
        let mut raw = self.direct();
        for value in values {
            // The broker may hear of a new topic a little later.
            until("a batch is written", PATIENCE, || {
                let answer = raw.ask(key::PRODUCE, 3, &produce(topic, value))?;
                // After the topic's name and the partition's number.
                Ok(answer[14 + topic.len()..][..2] == [0, 0])
            })
            .unwrap();
        }
    }
}

fn of(topic: Topic) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.topic == topic)
}

/// A record that nothing is wrong with.
fn good(topic: Topic, number: usize) -> Record {
    match topic {
        Topic::Json => Record::of(format!(r#"{{"id":{number}}}"#)),
        Topic::Bytes | Topic::Texts => Record::of(format!("plain {number}")),
        Topic::Framed => framed::good(number),
    }
}

/// All rows of the topic, and a good record after each.
fn written(topic: Topic) -> Vec<Record> {
    of(topic).enumerate().flat_map(|(number, row)| [row.record.clone(), good(topic, number)]).collect()
}

fn same(read: &Record, written: &Record) -> bool {
    (&read.key, &read.value, &read.headers) == (&written.key, &written.value, &written.headers)
}

/// What is wrong with a record that arrived, or did not, for somebody who sees nothing clear.
fn wrong(row: &Row, read: Option<&Record>) -> Option<&'static str> {
    let arrived = |read: &Record| {
        let names = |record: &Record| record.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        match row.expected {
            Expected::Known(_) => (!same(read, &row.record)).then_some("what the manual says is not found was changed"),
            _ if reveals(read, &row.secret.marks) => Some("IT IS SHOWN"),
            Expected::Withheld => Some("it arrived"),
            Expected::Masked if names(read) != names(&row.record) => Some("it has other headers"),
            Expected::Masked if read.key.is_none() != row.record.key.is_none() => Some("its key came or went"),
            Expected::Masked => {
                (read.value.is_none() != row.record.value.is_none()).then_some("its value came or went")
            }
        }
    };
    match read {
        None => (row.expected != Expected::Withheld).then_some("it was withheld"),
        Some(read) => arrived(read),
    }
}

/// Looks at each row by itself, and tells all that are wrong.
fn check(topic: Topic, read: &[Record], who: &str, wrong: impl Fn(&Row, Option<&Record>) -> Option<&'static str>) {
    let at = |offset: usize| read.iter().find(|record| record.offset == offset as u64);
    let mut errors = Vec::new();
    for (number, row) in of(topic).enumerate() {
        errors.extend(wrong(row, at(2 * number)).map(|what| format!("{}: {what}", row.name())));
        if !at(2 * number + 1).is_some_and(|read| same(read, &good(topic, number))) {
            errors.push(format!("{}: the record after it is not there", row.name()));
        }
    }
    assert!(errors.is_empty(), "{who}:\n{}", errors.join("\n"));
}

/// The rows of one topic, read by who sees nothing, by who sees some, and by who sees all.
fn rows_of(topic: Topic, name: &str, codec: &str, families: &[Family]) {
    let stage = &*STAGE;
    stage.topic(name, codec, &[&written(topic)]);
    for family in families {
        check(topic, &stage.read(*family, name, "none"), &format!("none with {}", family.name()), wrong);
        let clear = stage.read(*family, name, "all");
        check(topic, &clear, &format!("all with {}", family.name()), |row, read| {
            (!read.is_some_and(|read| same(read, &row.record))).then_some("it is not as it was written")
        });
    }
    let some = stage.read(Family::Librdkafka, name, "mail");
    check(topic, &some, "mail", |row, read| match row.expected {
        Expected::Known(_) => None,
        Expected::Withheld => read.map(|_| "it arrived"),
        // Without the word: what is left are the marks of cards, and of what may hold one.
        Expected::Masked => {
            let shown = read.is_none_or(|read| reveals(read, &row.secret.marks[1..]));
            shown.then_some("it was withheld, or what is masked is shown beside what is not")
        }
    });
    assert_no_secret_in_files(stage);
}

/// Rows whose secret could not be found if it were shown would say nothing.
#[test]
fn each_secret_is_found_in_its_record_as_it_was_written() {
    for row in ROWS.iter().filter(|row| row.expected != Expected::Withheld) {
        assert!(reveals(&row.record, &row.secret.marks), "{}", row.name());
    }
}

#[test]
fn rows_of_json() {
    rows_of(Topic::Json, "rows-json", "zstd", &[Family::Librdkafka]);
}

#[test]
fn rows_of_json_with_other_clients() {
    rows_of(Topic::Json, "rows-json-plain", "none", &[Family::KafkaPython, Family::Kafkajs]);
}

#[test]
fn rows_of_bytes() {
    rows_of(Topic::Bytes, "rows-bytes", "lz4", &[Family::Librdkafka]);
    rows_of(Topic::Bytes, "rows-bytes-plain", "none", &[Family::KafkaPython, Family::Kafkajs]);
}

#[test]
fn rows_of_texts() {
    rows_of(Topic::Texts, "texts", "zstd", &[Family::Librdkafka]);
    rows_of(Topic::Texts, "texts-plain", "gzip", &[Family::KafkaPython, Family::Kafkajs]);
}

#[test]
fn rows_of_schemas() {
    rows_of(Topic::Framed, "rows-framed", "zstd", &[Family::Librdkafka]);
}

#[test]
fn rows_of_schemas_with_other_clients() {
    rows_of(Topic::Framed, "rows-framed-plain", "none", &[Family::KafkaPython, Family::Kafkajs]);
}

/// Row 35: what cannot be read is not repeated in logs, in evidence, or in numbers.
fn assert_no_secret_in_files(stage: &Stage) {
    let mut files = 0;
    let mut folders = vec![stage.gate.folder().to_owned()];
    let assert_none = |bytes: &[u8], what: &Path| {
        // Files of evidence are long before there is anything in them.
        let used: Vec<u8> = bytes.chunks(4_096).filter(|block| *block != [0; 4_096]).flatten().copied().collect();
        let text = String::from_utf8_lossy(&used).to_lowercase();
        // All marks begin as those of any row do.
        for (at, _) in
            ROWS[0].secret.marks.iter().flat_map(|mark| text.match_indices(mark.get(..2).unwrap_or_default()))
        {
            let rest = text.get(at..).unwrap_or_default();
            let shown = ROWS.iter().find(|row| row.secret.marks.iter().any(|mark| rest.starts_with(mark)));
            assert!(shown.is_none(), "{}: in {}", shown.unwrap().name(), what.display());
        }
    };
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                assert_none(&bytes, &path);
                files += 1;
            }
        }
    }
    assert!(files > 5, "{files}");
    let leaves = serde_json::to_string(&stage.gate.leaves(&[]).unwrap()).unwrap();
    assert!(leaves.contains("Fetch"));
    assert_none(leaves.as_bytes(), Path::new("leaves"));
    assert_none(stage.gate.metrics().unwrap().as_bytes(), Path::new("metrics"));
}

/// All rows that are withheld, where the topic is refused instead.
#[test]
fn rows_that_cannot_be_read_refuse_a_strict_topic() {
    let stage = &*STAGE;
    let topic = "rows-strict";
    let bad: Vec<&Row> =
        of(Topic::Json).filter(|row| row.expected == Expected::Withheld && row.record.key.is_none()).collect();
    assert!(bad.len() > 25);
    let good = br#"{"id":1}"#;
    stage.batches(topic, bad.iter().flat_map(|row| [row.record.value.as_deref().unwrap(), good]));
    let (mut none, mut all) = (stage.raw("none", "none"), stage.raw("all", "all"));
    for (row, offset) in bad.iter().zip((0..).step_by(2)) {
        let ask = |raw: &mut Raw, offset| raw.ask(key::FETCH, 4, &fetch(topic, offset, 100, 1 << 20)).unwrap();
        let answer = ask(&mut none, offset);
        let shown = fetched(&answer).unwrap();
        assert_eq!((shown.error, shown.next), (TOPIC_AUTHORIZATION_FAILED, None), "{}", row.name());
        assert!(!shows(&answer, &row.secret.marks), "{}", row.name());
        let after = ask(&mut none, offset + 1);
        let after = fetched(&after).unwrap();
        assert_eq!((after.error, after.next), (0, Some(offset + 2)), "after {}", row.name());
        let clear = ask(&mut all, offset);
        let value = row.record.value.as_deref().unwrap();
        assert!(value.is_empty() || clear.windows(value.len()).any(|bytes| bytes == value), "{}", row.name());
    }
}

/// Row 38: who asks for few bytes gets whole batches, not the beginning of one as it is.
#[test]
fn a_batch_that_is_cut_off_is_not_shown() {
    let stage = &*STAGE;
    let secret = Secret::new(900);
    let value = format!(r#"{{"email":"{}","pad":"{}"}}"#, secret.mail, "x".repeat(200));
    stage.batches("rows-cut", [value.as_bytes(); 6]);
    let (mut direct, mut none) = (stage.direct(), stage.raw("none", "none"));
    let mut cut = 0;
    for bytes in (1..2_500).step_by(49) {
        let came = direct.ask(key::FETCH, 4, &fetch("rows-cut", 0, 100, bytes)).unwrap();
        assert!(shows(&came, &secret.marks));
        cut += usize::from(fetched(&came).unwrap().cut > 100);
        let answer = none.ask(key::FETCH, 4, &fetch("rows-cut", 0, 100, bytes)).unwrap();
        let shown = fetched(&answer).unwrap();
        assert_eq!((shown.error, shown.cut), (0, 0), "{bytes}");
        assert_eq!(shown.next, fetched(&came).unwrap().next, "{bytes}");
        assert!(!shows(&answer, &secret.marks), "{bytes}");
    }
    assert!(cut > 10, "the broker cuts batches off: {cut}");
}

/// Row 40: a batch that is not what its head says, which no producer gets past a broker; here it is changed on the disk.
#[test]
fn a_batch_whose_head_lies_is_not_shown() {
    /// Where in a batch stand its checksum, its attributes, how many records it has, and the first of them.
    const CHECKSUM: usize = 17;
    const ATTRIBUTES: usize = 21;
    const COUNT: usize = 57;
    const RECORDS: usize = 61;
    let stage = &*STAGE;
    type Change = fn(&mut [u8]);
    let lies: [(&str, bool, Change); 6] = [
        ("its-checksum", false, |batch| batch[CHECKSUM] ^= 1),
        ("its-key", false, |batch| batch[RECORDS + 2] ^= 1),
        ("a-codec", true, |batch| batch[ATTRIBUTES + 1] = 4),
        ("more-records", true, |batch| batch[COUNT + 3] = 2),
        ("no-records", true, |batch| batch[COUNT + 3] = 0),
        ("a-record-too-long", true, |batch| batch[RECORDS] += 2),
    ];
    for (number, (lie, right_checksum, change)) in lies.into_iter().enumerate() {
        let topic = format!("rows-lie-{lie}");
        let secret = Secret::new(910 + number);
        stage.batches(&topic, [format!(r#"{{"email":"{}"}}"#, secret.word).as_bytes()]);
        let log = stage.kafka.folder().join(format!("node-0/data/{topic}-0/00000000000000000000.log"));
        let mut batch = fs::read(&log).unwrap();
        change(&mut batch);
        if right_checksum {
            let checksum = checksum(&batch[ATTRIBUTES..]);
            batch[CHECKSUM..ATTRIBUTES].copy_from_slice(&checksum);
        }
        fs::write(&log, &batch).unwrap();
        let ask = fetch(&topic, 0, 100, 1 << 20);
        let came = stage.direct().ask(key::FETCH, 4, &ask).unwrap();
        assert!(shows(&came, &secret.marks), "{lie}: a broker looks at none of it");
        let answer = stage.raw("none", "none").ask(key::FETCH, 4, &ask).unwrap();
        assert!(!shows(&answer, &secret.marks), "{lie}");
        let shown = fetched(&answer).unwrap();
        assert_eq!((shown.error, shown.next), (TOPIC_AUTHORIZATION_FAILED, None), "{lie}");
    }
}

/// Rows 39 and 41: who says to be a broker, asks as old clients did, or asks in another way for records.
#[test]
fn other_ways_to_ask_show_nothing_else() {
    let stage = &*STAGE;
    let secret = Secret::new(920);
    stage.batches("rows-asked", [format!(r#"{{"email":"{}"}}"#, secret.mail).as_bytes()]);
    let ask = fetch("rows-asked", 0, 100, 1 << 20);
    let answer = stage.raw("none", "none").ask(key::FETCH, 4, &ask).unwrap();
    assert!(fetched(&answer).unwrap().next == Some(1) && !shows(&answer, &secret.marks));
    for replica in [0, 1, -2, -3, i32::MAX] {
        let mut body = ask.clone();
        body.0[..4].copy_from_slice(&i32::to_be_bytes(replica));
        assert_eq!(stage.raw("none", "none").ask(key::FETCH, 4, &body).unwrap(), answer, "{replica}");
    }
    const FETCH_SNAPSHOT: i16 = 59;
    const SHARE_FETCH: i16 = 78;
    for (key, version) in [(key::FETCH, 0), (key::FETCH, 3), (FETCH_SNAPSHOT, 0), (SHARE_FETCH, 1)] {
        let mut raw = stage.raw("none", "none");
        raw.send(key, version, &ask).unwrap();
        let said = raw.closed().unwrap();
        assert_eq!(said, 0, "{key} {version}");
    }
}

/// Row 45: how long a value was is not told by how long its mask is, nor by the batch around it.
#[test]
fn what_is_masked_has_one_length() {
    let stage = &*STAGE;
    let long = "long".repeat(200);
    let answers = [("rows-len-1", "a"), ("rows-len-2", &*long)].map(|(topic, text)| {
        let value =
            format!(r#"{{"customer":{{"alias":"{text}"}},"email":"{text}@example.org","v":"to {text}@example.org"}}"#);
        stage.batches(topic, [value.as_bytes()]);
        let answer = stage.raw("none", "none").ask(key::FETCH, 4, &fetch(topic, 0, 100, 1 << 20)).unwrap();
        assert_eq!(fetched(&answer).unwrap().next, Some(1));
        answer
    });
    let differ = answers[0].iter().zip(&answers[1]).filter(|(one, other)| one != other).count();
    assert_eq!((answers[0].len(), differ), (answers[1].len(), 1), "in their topics' names alone");
}

/// Row 47: what a request is answered with when the policy changes while it waits for records.
#[test]
fn a_request_that_waits_is_answered_by_the_policy_that_is_in_force_then() {
    let stage = Stage::new(true);
    let secret = Secret::new(930);
    let value = format!(r#"{{"email":"{}"}}"#, secret.word);
    stage.batches("rows-moved", [value.as_bytes()]);
    let shut = RULES.replace("demo:all", "demo:nobody");
    let mut raw = stage.raw("fay", "all");
    let answer = raw.ask(key::FETCH, 4, &fetch("rows-moved", 0, 100, 1 << 20)).unwrap();
    assert!(shows(&answer, &secret.marks));
    let mut direct = stage.direct();
    for (offset, rules, clear) in [(1, &*shut, false), (2, RULES, true), (3, &shut, false)] {
        raw.send(key::FETCH, 4, &fetch("rows-moved", offset, LONG_POLL_MS, 1 << 20)).unwrap();
        let next = stage.scratch.path().join(format!("next-{offset}"));
        fs::create_dir(&next).unwrap();
        fs::write(next.join("rules.cedar"), rules).unwrap();
        fs::write(next.join("masking.yaml"), MASKING).unwrap();
        stage.gate.administer(&["policy", "apply", &next.display().to_string()]).unwrap();
        direct.ask(key::PRODUCE, 3, &produce("rows-moved", value.as_bytes())).unwrap();
        let answer = raw.receive().unwrap();
        assert_eq!(fetched(&answer).unwrap().next, Some(offset + 1));
        assert_eq!(shows(&answer, &secret.marks), clear, "{offset}");
    }
}

/// Row 48: callers of different entitlements and one name, all at once and in every order.
#[test]
fn batches_that_are_kept_are_not_mixed_up() {
    let stage = &*STAGE;
    let [alias, mail, card] = [940, 941, 942].map(Secret::new);
    let value = format!(r#"{{"customer":{{"alias":"{}"}},"email":"{}","v":{}}}"#, alias.word, mail.mail, card.card);
    stage.topic("rows-swapped", "none", &[&vec![Record::of(value); 20]]);
    let tokens = ["none", "mail", "all"].map(|group| stage.token("twin", group));
    let sees = [[false; 3], [false, true, false], [true; 3]];
    let kept = || stage.gate.metrics().unwrap().contains("tidegate_masked_batches_total{from=\"kept\"}");
    let round = || {
        std::thread::scope(|scope| {
            for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                let (tokens, secrets) = (&tokens, [&alias, &mail, &card]);
                scope.spawn(move || {
                    let connect = |who: usize| Raw::logged_in(&stage.gate.bootstrap(), &tokens[who]).unwrap();
                    let mut raws = order.map(|who| (who, connect(who)));
                    for _ in 0..10 {
                        for (who, raw) in &mut raws {
                            let answer = raw.ask(key::FETCH, 4, &fetch("rows-swapped", 0, 100, 1 << 20)).unwrap();
                            assert_eq!(fetched(&answer).unwrap().next, Some(21));
                            let seen = secrets.map(|secret| shows(&answer, &secret.marks[..2]));
                            assert_eq!(seen, sees[*who], "{order:?}");
                        }
                    }
                });
            }
        });
    };
    until("batches are kept", PATIENCE, || {
        round();
        Ok(kept())
    })
    .unwrap();
    round();
}

/// Row 49: a connection stays one caller's, and the mask goes with what the caller may now.
#[test]
fn a_connection_that_logs_in_again_is_masked_anew_and_nobody_elses() {
    let stage = &*STAGE;
    let secret = Secret::new(950);
    stage.batches("rows-again", [format!(r#"{{"email":"{}"}}"#, secret.word).as_bytes()]);
    let ask = |raw: &mut Raw| raw.ask(key::FETCH, 4, &fetch("rows-again", 0, 100, 1 << 20)).unwrap();
    let mut raw = stage.raw("ann", "all");
    for (group, clear) in [("all", true), ("none", false), ("mail", true), ("none", false)] {
        assert_eq!(raw.login_plain(&stage.token("ann", group)).unwrap().error, 0);
        assert_eq!(shows(&ask(&mut raw), &secret.marks), clear, "{group}");
    }
    assert_eq!(raw.login_plain(&stage.token("bob", "all")).unwrap().error, 58);
    assert_eq!(raw.closed().unwrap(), 0);
}

/// Row 36: who may read the topic in which the cluster keeps groups is said by rules, as for any topic. Then content is masked.
#[test]
fn what_groups_leave_in_the_clusters_own_topic_is_masked() {
    const OFFSET_COMMIT: i16 = 8;
    let stage = &*STAGE;
    stage.batches("rows-grouped", [&b"{}"[..]]);
    let secret = Secret::new(960);
    let group = "grouped";
    let mut direct = stage.direct();
    // Somebody has to ask for it before there is one.
    until("the topic of offsets", PATIENCE, || {
        let find = Body::default().string(group).int8(0);
        Ok(direct.ask(key::FIND_COORDINATOR, 1, &find)?.get(4..6) == Some(&[0, 0]))
    })
    .unwrap();
    until("an offset is kept", PATIENCE, || {
        let body = Body::default().string(group).int32(-1).string("").int64(-1).int32(1).string("rows-grouped");
        let body = body.int32(1).int32(0).int64(1).string(&format!("by {}", secret.mail));
        Ok(direct.ask(OFFSET_COMMIT, 2, &body)?.ends_with(&[0, 0]))
    })
    .unwrap();
    let (mut root, mut all) = (stage.raw("root", "root"), stage.raw("all", "all"));
    let mut came = false;
    for partition in 0..5_u8 {
        let mut body = fetch("__consumer_offsets", 0, 100, 1 << 20);
        let at = body.0.len() - 13;
        body.0[at] = partition;
        came |= shows(&all.ask(key::FETCH, 4, &body).unwrap(), &secret.marks);
        assert!(!shows(&root.ask(key::FETCH, 4, &body).unwrap(), &secret.marks), "{partition}");
    }
    assert!(came);
}

/// Row 36: what is made of a topic holds what the topic holds.
#[test]
fn what_is_made_of_a_topic_is_masked_as_the_topic_is() {
    let stage = &*STAGE;
    let secret = Secret::new(970);
    let value = format!(r#"{{"email":"{}","v":"{}"}}"#, secret.word, secret.card);
    for (topic, covered) in [
        ("rows-paid", true),
        ("app-rows-paid-changelog", true),
        ("dlq.rows-paid", true),
        ("us.rows-paid", true),
        ("other", false),
    ] {
        stage.batches(topic, [value.as_bytes()]);
        let answer = stage.raw("none", "none").ask(key::FETCH, 4, &fetch(topic, 0, 100, 1 << 20)).unwrap();
        assert_eq!(shows(&answer, &secret.marks[..1]), !covered, "{topic}");
        assert!(!shows(&answer, &secret.marks[1..2]), "content is masked in all: {topic}");
    }
}
