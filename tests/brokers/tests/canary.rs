//! Values of every class that people call sensitive flow through every path for a minute, planted in every field that holds bytes of a
//! client's own choice; then no file that the gate's programs wrote holds any of them, in whatever form.
#![cfg(test)]

use std::time::{Duration, Instant};

use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::kafka;
use tidegate_brokers::raw::{Body, Raw, checksum, key, produce};
use tidegate_brokers::records::{self, Record};
use tidegate_brokers::search::secrets_below;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("all") permit (principal in Group::"demo:staff", action, resource) unless { resource is FieldClass };
@id("clear") permit (principal in Group::"demo:fraud", action == Action::"unmask", resource);
@id("never") forbid (principal, action == Action::"produce", resource == Topic::"denied");
"#;
const MASKING: &str = "classes:
  PII.*: {transform: redact}
  PCI.pan: {transform: keep_last, n: 4}
  SECRET.*: {transform: redact}
selectors:
  - {topic: '*', content: [card], class: PCI.pan}
  - {topic: '*', content: [iban], class: PII.iban}
  - {topic: '*', content: [ssn], class: PII.ssn}
  - {topic: '*', content: [email], class: PII.email}
  - {topic: '*', content: [ip], class: PII.ip}
  - {topic: '*', content: [phone], class: PII.phone}
  - {topic: '*', content: [jwt, cloud_key, private_key], class: SECRET.key}
topics:
  - {topic: 'text', value: bytes, record: full}
  - {topic: '*', value: json, record: full}
produce:
  - {topic: 'no-cards', refuse: [PCI.pan]}
  - {topic: 'masked', mask: [PCI.pan, PII.email]}
";
/// One of each class that a detector knows.
const SENSITIVE: [&str; 9] = [
    "4929123456781236",
    "DE44500105175407324931",
    "536-90-4399",
    "canary.bird@example.org",
    "198.51.100.237",
    "+49 30 901820714",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ",
    "AKIAQ3EGRIZJ7CANARY2",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANcanary\n-----END PRIVATE KEY-----",
];
/// What stands in fields outside of records, where nothing is masked and so nothing may be kept.
const PLANTED: &str = "planted-canary-7f3a9c";
const FLOWS: Duration = Duration::from_secs(60);
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const TOPICS: [&str; 4] = ["orders", "text", "no-cards", "masked"];

struct Stage {
    kafka: Kafka,
    issuer: Issuer,
    gate: Gate,
}

impl Stage {
    fn token(&self, subject: &str, group: &str) -> String {
        self.issuer.token(subject, &["staff", group]).unwrap()
    }

    fn raw(&self) -> Raw {
        Raw::logged_in(&self.gate.bootstrap(), &self.token("raw", "writers")).unwrap()
    }

    /// Records through the front door: written in every codec, read by who sees all and by who sees nothing.
    fn records(&self, round: usize) {
        let all = SENSITIVE.map(|value| value.replace('\n', "\\n")).join(" and ");
        let json = Record::of(format!(r#"{{"round":{round},"note":"{all}"}}"#));
        let text = Record::of(SENSITIVE.join(" and "));
        let header = SENSITIVE[3];
        let (writer, codec) = (self.token("writer", "writers"), CODECS[round % CODECS.len()]);
        let write = |topic: &str, record: &Record| {
            let record = record.clone().keyed(SENSITIVE[0]).header("x-user", header);
            records::write_as(&self.gate.bootstrap(), (topic, &writer), codec, &[record]).unwrap()
        };
        write("orders", &json).unwrap();
        write("text", &text).unwrap();
        write("masked", &json).unwrap();
        write("no-cards", &json).unwrap_err();
        write("denied", &json).unwrap_err();
        for group in ["fraud", "analyst"] {
            let reader = self.token(group, group);
            for topic in ["orders", "text"] {
                let read = records::read_first(&self.gate.bootstrap(), topic, &reader, round + 1).unwrap().unwrap();
                let clear = read.iter().filter(|record| record.text().contains(SENSITIVE[0])).count();
                assert_eq!(clear, if group == "fraud" { round + 1 } else { 0 }, "{topic} to {group}");
            }
        }
    }

    /// Fields that hold bytes of a client's own choice.
    fn free_fields(&self, round: usize) {
        let mut raw = self.raw();
        // Each time anew: the member of before is gone, and the group would wait for it.
        let members = format!("g-members-{round}");
        // OffsetCommit v2: metadata.
        let commit = Body::default().string("g-canary").int32(-1).string("").int64(-1);
        let commit = commit.int32(1).string("orders").int32(1).int32(0).int64(0).string(PLANTED);
        raw.ask(key::OFFSET_COMMIT, 2, &commit).unwrap();
        // OffsetFetch v1 brings it back.
        let fetch = Body::default().string("g-canary").int32(1).string("orders").int32(1).int32(0);
        let back = raw.ask(key::OFFSET_FETCH, 1, &fetch).unwrap();
        assert!(String::from_utf8_lossy(&back).contains(PLANTED), "the broker had it");
        // JoinGroup v2 and SyncGroup v1: the member's metadata and assignment, of a kind that brokers do not look into.
        let join = Body::default().string(&members).int32(10_000).int32(10_000).string("").string("canary");
        let join = join.int32(1).string("range").bytes(PLANTED.as_bytes());
        let joined = raw.ask(key::JOIN_GROUP, 2, &join).unwrap();
        let generation = i32::from_be_bytes(*joined[6..].first_chunk().unwrap());
        let member = member_of(&joined);
        let sync = Body::default().string(&members).int32(generation).string(&member);
        let sync = sync.int32(1).string(&member).bytes(PLANTED.as_bytes());
        let synced = raw.ask(key::SYNC_GROUP, 1, &sync).unwrap();
        assert!(String::from_utf8_lossy(&synced).contains(PLANTED));
        // DescribeGroups v1 tells of both.
        raw.ask(key::DESCRIBE_GROUPS, 1, &Body::default().int32(1).string(&members)).unwrap();
        // CreateTopics v2: a value of configuration, which the broker's error repeats.
        let create = Body::default().int32(1).string("configured").int32(1).int16(1).int32(0);
        let create = create.int32(1).string("retention.ms").string(PLANTED).int32(30_000).int8(0);
        let told = raw.ask(key::CREATE_TOPICS, 2, &create).unwrap();
        assert!(String::from_utf8_lossy(&told).contains("retention.ms"), "the broker's words reach the client");
        drop(raw);
        // Metadata v9, flexible: an unknown tagged field in its body. The header has none of its own.
        let mut raw = self.raw();
        let length = u8::try_from(PLANTED.len()).unwrap();
        let tagged = Body([&[0, 1, 0, 0, 0, 1, 99, length][..], PLANTED.as_bytes()].concat());
        let tagged = Body([&[0][..], &tagged.0].concat());
        drop(raw.ask(key::METADATA, 9, &tagged));
        // PushTelemetry, which the gate does not serve, and a key that nobody serves.
        for unserved in [72, 77] {
            let mut raw = self.raw();
            drop(raw.ask(unserved, 0, &Body::default().string(PLANTED)));
        }
        // A credential, and bytes before any.
        Raw::connect(&self.gate.bootstrap()).unwrap().login_plain(PLANTED).unwrap();
        drop(Raw::connect(&self.gate.bootstrap()).unwrap().ask(key::FETCH, 4, &Body::default().string(PLANTED)));
    }

    /// Batches that are not what they should be.
    fn broken(&self) {
        let mut body = produce("orders", format!("{{\"n\":{}", SENSITIVE[0]).as_bytes());
        self.raw().ask(key::PRODUCE, 8, &body).unwrap();
        // Under the flag of control records, which no mask looks into.
        let mut control = produce("orders", SENSITIVE[0].as_bytes());
        let batch = &mut control.0[2 + 2 + 4 + 4 + 2 + "orders".len() + 4 + 4 + 4..];
        batch[22] |= 0x20;
        let checksum = checksum(&batch[21..]);
        batch[17..21].copy_from_slice(&checksum);
        drop(self.raw().ask(key::PRODUCE, 8, &control));
        // A wrong checksum, so that the broker answers with an error.
        let end = body.0.len() - 1;
        body.0[end] ^= 1;
        drop(self.raw().ask(key::PRODUCE, 8, &body));
        // A frame that ends too soon.
        body.0.truncate(end - 20);
        drop(self.raw().ask(key::PRODUCE, 8, &body));
    }
}

/// The member's id in an answer to JoinGroup v2.
fn member_of(joined: &[u8]) -> String {
    let mut rest = &joined[10..];
    let mut next = || {
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk().unwrap()));
        let text = String::from_utf8(rest[2..2 + length].to_vec()).unwrap();
        rest = &rest[2 + length..];
        text
    };
    let (_protocol, _leader) = (next(), next());
    next()
}

#[test]
fn nothing_sensitive_reaches_a_disk_on_any_path() {
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let options = Options { masking: MASKING.to_owned(), ..Options::new(Upstream::of(&kafka), RULES, "") };
    let gate = Gate::start(&options, &issuer).unwrap();
    let mut stage = Stage { kafka, issuer, gate };
    for topic in TOPICS.iter().chain(&["denied"]) {
        stage.kafka.create_topic(topic, 1).unwrap();
    }
    let begun = Instant::now();
    let mut round = 0;
    while begun.elapsed() < FLOWS {
        stage.records(round);
        stage.free_fields(round);
        stage.broken();
        round += 1;
        if round == 2 {
            // In the middle of a write.
            let mut raw = stage.raw();
            raw.send(key::PRODUCE, 8, &produce("orders", b"{\"n\":1}")).unwrap();
            stage.gate.restart_gateway().unwrap();
            drop(raw);
        }
    }
    assert!(round > 2, "the gate was killed in the middle of it");
    let metrics = stage.gate.metrics().unwrap();
    let listed = stage.gate.leaves(&[]).unwrap();
    let told = format!("{metrics}{listed:?}");
    for secret in SENSITIVE.iter().chain(&[PLANTED]) {
        assert!(!told.contains(secret), "{secret} in metrics or leaves");
    }
    kept_is_masked(&stage, &listed);
    stage.gate.stop().unwrap();
    // A key of several lines is looked for by one of them.
    let secrets = SENSITIVE.map(|secret| secret.lines().find(|line| line.contains("anary")).unwrap_or(secret));
    let found = secrets_below(stage.gate.folder(), &[&secrets[..], &[PLANTED]].concat()).unwrap();
    assert!(found.is_empty(), "{found:?}");
    let (good, out, errors) = stage.gate.verify(&[&stage.gate.evidence().display().to_string()]).unwrap();
    assert!(good || out.starts_with("UNANCHORED"), "{out}{errors}");
}

/// What is kept is encrypted, so that a search of the disk would not find it: it is looked at by who has the keys.
fn kept_is_masked(stage: &Stage, leaves: &[serde_json::Value]) {
    let config = stage.gate.config().display().to_string();
    let mut records = 0;
    for leaf in leaves.iter().filter(|leaf| leaf["kept"].is_array()) {
        let (index, log) = (leaf["index"].as_str().unwrap(), leaf["incarnation"].as_str().unwrap());
        let args = ["evidence", "records", index, "--incarnation", log, "--config", &config, "--output", "json"];
        let (good, out, errors) = stage.gate.command(&args).unwrap();
        assert!(good, "{errors}");
        records += out.lines().count();
        for secret in SENSITIVE {
            assert!(
                !out.contains(&secret.replace('\n', "\\n")) && !errors.contains(secret),
                "{secret} in leaf {index}"
            );
        }
    }
    assert!(records > 10, "records were kept: {records}");
}
