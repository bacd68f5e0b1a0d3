//! A full disk under the evidence: nothing goes to the broker that is not recorded, and all goes on when there is space again.
#![cfg(test)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::process::until;
use tidegate_brokers::raw::{self, Raw, key};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::stories::Story;
use tidegate_brokers::{Gate, Issuer, Kafka, kafka, note};

const RULES: &str = "@id(\"everything\")\npermit (principal, action, resource);\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// A small file system of its own; goes away when dropped.
struct SmallDisk {
    folder: PathBuf,
    _scratch: Scratch,
}

impl SmallDisk {
    /// `None` where this user may not mount.
    fn new() -> Option<SmallDisk> {
        let scratch = Scratch::new("disk").unwrap();
        let folder = scratch.path().join("evidence");
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs"]).arg(&folder);
        mount.output().is_ok_and(|output| output.status.success()).then_some(SmallDisk { folder, _scratch: scratch })
    }

    /// Takes all space.
    fn fill(&self) {
        let error = std::fs::write(self.folder.join("filler"), vec![1; 32 << 20]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        std::fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.folder).output());
    }
}

/// The leaves of a kind.
fn leaves(gate: &Gate, kind: &str) -> Vec<Value> {
    gate.leaves(&["--kind", kind]).unwrap()
}

/// Records of all Produce leaves of a kind.
fn records(gate: &Gate, kind: &str) -> u64 {
    let produced = leaves(gate, kind).into_iter().filter(|leaf| leaf["api"]["name"] == json!("Produce"));
    let partitions = produced.flat_map(|leaf| leaf["partitions"].as_array().cloned().unwrap_or_default());
    partitions.map(|partition| partition["records"].as_str().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn a_full_disk_stops_what_cannot_be_recorded_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::new() else {
        note("not run: this user may not mount a small file system");
        return;
    };
    let (kafka, _issuer, mut gate, token) = small(&disk);
    let story = Story::new("steady", &gate.bootstrap(), "orders", &token).unwrap();
    let story = story.with("seconds", json!(30));
    let said = std::thread::scope(|scope| {
        let telling = scope.spawn(|| story.tell().unwrap());
        until("the first records", PATIENCE, || Ok(records(&gate, "outcome") > 5)).unwrap();
        disk.fill();
        until("a stop", PATIENCE, || {
            let before = records(&gate, "intent");
            std::thread::sleep(Duration::from_secs(2));
            Ok(records(&gate, "intent") == before)
        })
        .unwrap();
        // While it is full, every record that the broker has is in an intent, and nothing new arrives.
        let stopped = kafka.end_offsets("orders").unwrap();
        assert!(records(&gate, "intent") >= stopped);
        assert_eq!(kafka.end_offsets("orders").unwrap(), stopped);
        assert!(gate.gateway.ended().unwrap().is_none(), "the gateway ended: {}", gate.gateway.log());
        disk.free();
        until("new records", PATIENCE, || Ok(kafka.end_offsets("orders")? > stopped)).unwrap();
        telling.join().unwrap().said
    });
    assert_eq!(said["failed"], json!({}), "{said}");
    let count = said["count"].as_u64().unwrap();
    assert_eq!(kafka.end_offsets("orders").unwrap(), count);
    assert!(records(&gate, "intent") >= count);
    gate.stop().unwrap();
    let key = disk.folder.join("instance.pub").display().to_string();
    let (good, words, errors) = gate.verify(&[&disk.folder.display().to_string(), "--key", &key]).unwrap();
    assert!(good, "{words}{errors}");
}

/// Evidence on a small disk, in front of a broker with one topic `orders`.
fn small(disk: &SmallDisk) -> (Kafka, Issuer, Gate, String) {
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let mut options = Options::new(Upstream::of(&kafka), RULES, "");
    options.evidence_dir = Some(disk.folder.clone());
    options.evidence = "segment_mib = 4\nreserve_mib = 2\n".to_owned();
    let gate = Gate::start(&options, &issuer).unwrap();
    kafka.create_topic("orders", 1).unwrap();
    let token = issuer.token("alice", &["all"]).unwrap();
    (kafka, issuer, gate, token)
}

#[test]
fn a_disk_that_fills_between_intent_and_outcome_leaves_no_answer_and_an_unknown_effect() {
    let Some(disk) = SmallDisk::new() else {
        note("not run: this user may not mount a small file system");
        return;
    };
    let (mut kafka, _issuer, mut gate, token) = small(&disk);
    let mut transactional = Raw::logged_in(&gate.bootstrap(), &token).unwrap();
    let mut producer = (-1, -1);
    until("a producer id", PATIENCE, || {
        transactional.ask(key::FIND_COORDINATOR, 1, &raw::find_transaction_coordinator("tx"))?;
        let answer = transactional.ask(key::INIT_PRODUCER_ID, 1, &raw::init_producer_id("tx"))?;
        Ok(raw::producer_id(&answer).map(|given| producer = given).is_ok())
    })
    .unwrap();
    let added = raw::add_partitions_to_txn("tx", producer, "orders");
    transactional.ask(key::ADD_PARTITIONS_TO_TXN, 1, &added).unwrap();
    let plain = || Raw::logged_in(&gate.bootstrap(), &token).unwrap();
    let asked = [
        ("Produce", plain(), key::PRODUCE, 3, raw::produce("orders", b"one")),
        ("CreateTopics", plain(), key::CREATE_TOPICS, 2, raw::create_topic("fresh")),
        ("EndTxn", transactional, key::END_TXN, 1, raw::commit("tx", producer)),
    ];
    for (name, mut client, api_key, version, body) in asked {
        let of = |kind: &str| -> Vec<Value> {
            let all = leaves(&gate, kind);
            all.into_iter().filter(|leaf| leaf["api"]["name"] == json!(name)).collect()
        };
        let before = of("intent").len();
        kafka.pause(0).unwrap();
        client.send(api_key, version, &body).unwrap();
        until(&format!("the intent of {name}"), PATIENCE, || Ok(of("intent").len() == before + 1)).unwrap();
        disk.fill();
        kafka.resume(0).unwrap();
        assert_eq!(client.closed().unwrap(), 0, "{name}: no answer is made up");
        assert!(of("outcome").len() <= before, "{name} has no outcome");
        disk.free();
        // The gate takes a fault of the disk for over only when it has tried again.
        until("space", PATIENCE, || Ok(Raw::logged_in(&gate.bootstrap(), &token).is_ok())).unwrap();
    }
    assert_eq!(kafka.end_offsets("orders").unwrap(), 2, "the broker did it: a record, and the end of a transaction");
    gate.restart_gateway().unwrap();
    let unknown = leaves(&gate, "unknown_effect");
    assert_eq!(unknown.len(), 3, "{unknown:?}");
    gate.stop().unwrap();
    let key = disk.folder.join("instance.pub").display().to_string();
    let (good, words, errors) = gate.verify(&[&disk.folder.display().to_string(), "--key", &key]).unwrap();
    assert!(good, "{words}{errors}");
}
