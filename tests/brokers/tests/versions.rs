//! Old brokers behind the gate, old clients in front of it: tools of 3.9 and of the newest 4.x, at brokers of both.
#![cfg(test)]

use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::{Jars, Version};
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::{Gate, Issuer, Kafka, kafka};

const RULES: &str = "@id(\"everything\")\npermit (principal in Group::\"demo:all\", action, resource);\n";

#[test]
fn conformance_tools_of_each_version_at_brokers_of_each_version() {
    for broker in Version::ALL {
        let kafka = Kafka::start(kafka::Options::new(broker)).unwrap();
        let issuer = Issuer::start().unwrap();
        let gate = Gate::start(&Options::new(Upstream::of(&kafka), RULES, ""), &issuer).unwrap();
        let login = Login::password("PLAIN", "token", &issuer.token("alice", &["all"]).unwrap());
        for client in Version::ALL {
            let jars = Jars::get(client).unwrap();
            let run = |class: &str, stdin: &str, args: &[&str]| {
                let output = Tool::new(&jars, class, &gate.bootstrap(), &login, args).stdin(stdin).run().unwrap();
                output.ok().unwrap_or_else(|error| panic!("client {client:?} at broker {broker:?}: {error}"))
            };
            let topic = format!("orders-{}", client.number());
            run(java::TOPICS, "", &["--create", "--topic", &topic, "--partitions", "2"]);
            let lines: String = (0..50).map(|number| format!("order {number}\n")).collect();
            run(java::console_producer(client), &lines, &["--topic", &topic]);
            assert_eq!(kafka.end_offsets(&topic).unwrap(), 50, "client {client:?} at broker {broker:?}");
            let args = [
                "--topic",
                &topic,
                "--group",
                &topic,
                "--from-beginning",
                "--max-messages",
                "50",
                "--timeout-ms",
                "30000",
            ];
            let read = run(java::CONSOLE_CONSUMER, "", &args);
            assert_eq!(read.stdout.lines().count(), 50, "client {client:?} at broker {broker:?}: {}", read.text());
        }
    }
}
