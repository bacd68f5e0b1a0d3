//! A full disk under the evidence: nothing goes to the broker that is not recorded, and all goes on when there is space again.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::process::until;
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

/// Records of all Produce leaves of a kind.
fn records(gate: &Gate, folder: &Path, kind: &str) -> u64 {
    let dir = folder.display().to_string();
    let args = ["evidence", "list", "--dir", &dir, "--kind", kind, "--topic", "orders", "--output", "json"];
    let (good, listed, errors) = gate.command(&args).unwrap();
    assert!(good, "{errors}");
    let leaves = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let produced = leaves.filter(|leaf| leaf["api"]["name"] == json!("Produce"));
    let partitions = produced.flat_map(|leaf| leaf["partitions"].as_array().cloned().unwrap_or_default());
    partitions.map(|partition| partition["records"].as_str().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn a_full_disk_stops_what_cannot_be_recorded_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::new() else {
        note("not run: this user may not mount a small file system");
        return;
    };
    let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
    let issuer = Issuer::start().unwrap();
    let mut options = Options::new(Upstream::of(&kafka), RULES, "");
    options.evidence_dir = Some(disk.folder.clone());
    options.evidence = "segment_mib = 4\nreserve_mib = 2\n".to_owned();
    let mut gate = Gate::start(&options, &issuer).unwrap();
    kafka.create_topic("orders", 1).unwrap();
    let story = Story::new("steady", &gate.bootstrap(), "orders", &issuer.token("alice", &["all"]).unwrap()).unwrap();
    let story = story.with("seconds", json!(30));
    let said = std::thread::scope(|scope| {
        let telling = scope.spawn(|| story.tell().unwrap());
        until("the first records", PATIENCE, || Ok(records(&gate, &disk.folder, "outcome") > 5)).unwrap();
        disk.fill();
        until("a stop", PATIENCE, || {
            let before = records(&gate, &disk.folder, "intent");
            std::thread::sleep(Duration::from_secs(2));
            Ok(records(&gate, &disk.folder, "intent") == before)
        })
        .unwrap();
        // While it is full, every record that the broker has is in an intent, and nothing new arrives.
        let stopped = kafka.end_offsets("orders").unwrap();
        assert!(records(&gate, &disk.folder, "intent") >= stopped);
        assert_eq!(kafka.end_offsets("orders").unwrap(), stopped);
        assert!(gate.gateway.ended().unwrap().is_none(), "the gateway ended: {}", gate.gateway.log());
        disk.free();
        until("new records", PATIENCE, || Ok(kafka.end_offsets("orders")? > stopped)).unwrap();
        telling.join().unwrap().said
    });
    assert_eq!(said["failed"], json!({}), "{said}");
    let count = said["count"].as_u64().unwrap();
    assert_eq!(kafka.end_offsets("orders").unwrap(), count);
    assert!(records(&gate, &disk.folder, "intent") >= count);
    gate.stop().unwrap();
    let key = disk.folder.join("instance.pub").display().to_string();
    let (good, words, errors) = gate.verify(&[&disk.folder.display().to_string(), "--key", &key]).unwrap();
    assert!(good, "{words}{errors}");
}
