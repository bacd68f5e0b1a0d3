//! What a client is told of a refusal, and what the operator is told of a rule that cannot be evaluated.
#![cfg(test)]

use tidegate_brokers::gate::{Options, Upstream};
use tidegate_brokers::jars::Version;
use tidegate_brokers::java::{self, Login, Output, Tool};
use tidegate_brokers::kafka;
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Gate, Issuer, Kafka};

const RULES: &str = r#"
@id("support-reads-payments")
permit (principal in Group::"demo:support", action in Action::"read", resource in Domain::"payments");
@id("names")
@why("names begin with the team's name")
@ask("platform@example.org")
forbid (principal in Group::"demo:shop", action == Action::"createTopic", resource)
unless { resource.name like "shop-*" };
@id("shop")
permit (principal in Group::"demo:shop", action, resource is Topic) when { resource.name like "shop-*" };
@id("broken")
forbid (principal, action == Action::"consume", resource) when { resource.name == "shop-broken" && (context.hour + 2) * 9223372036854775807 > 0 };
"#;
const TOPICS: &str = "- {pattern: 'payments.*', domain: payments, owner: 'demo:payments', env: prod, tier: tier0, tags: [pci]}\n\
                      - {name: apollo, domain: labs, env: prod, tags: [hidden]}\n\
                      - {pattern: 'shop-*', domain: shop, env: prod, tier: tier2}\n";

struct Stage {
    gate: Gate,
    kafka: Kafka,
    issuer: Issuer,
    scratch: Scratch,
}

impl Stage {
    fn new() -> Stage {
        let kafka = Kafka::start(kafka::Options::new(Version::V4_3)).unwrap();
        let issuer = Issuer::start().unwrap();
        let gate = Gate::start(&Options::new(Upstream::of(&kafka), RULES, TOPICS), &issuer).unwrap();
        Stage { gate, kafka, issuer, scratch: Scratch::new("refusals").unwrap() }
    }

    fn run(&self, who: &str, class: &str, args: &[&str]) -> Output {
        let file = self.scratch.path().join(who);
        std::fs::write(&file, self.issuer.token(who, &[who]).unwrap()).unwrap();
        let login = Login::token_file(&file);
        Tool::new(self.kafka.jars(), class, &self.gate.bootstrap(), &login, args).run().unwrap()
    }

    /// What Java's admin client says when it may not create a topic.
    fn create(&self, who: &str, topic: &str) -> String {
        self.run(who, java::TOPICS, &["--create", "--topic", topic, "--partitions", "1"]).text()
    }
}

#[test]
fn who_may_not_create_a_topic_is_told_by_which_rule_and_whom_to_ask() {
    let stage = Stage::new();
    let said = stage.create("shop", "other");
    let wanted = "createTopic on topic other is not allowed: rule names (names begin with the team's name), ask platform@example.org";
    assert!(said.contains(wanted), "{said}");
    let said = stage.create("support", "payments.test");
    let wanted = "createTopic on topic payments.test is not allowed: no rule of the gate's policy allows it; ask its owner, demo:payments";
    assert!(said.contains(wanted), "{said}");
    assert!(stage.create("shop", "shop-web").contains("Created topic shop-web"));

    // what is there and must not be seen is refused like what is not there
    stage.kafka.create_topic("apollo", 1).unwrap();
    let said = |topic: &str| {
        let text = stage.create("support", topic);
        let (_, from) = text.split_once("createTopic on topic").unwrap_or_else(|| panic!("{text}"));
        from.lines().next().unwrap().replace(topic, "NAME")
    };
    assert_eq!(said("apollo"), said("zebra1"));
    assert_eq!(said("apollo"), " NAME is not allowed: no rule of the gate's policy allows it");
}

#[test]
fn a_rule_that_cannot_be_evaluated_denies_and_the_operator_is_told() {
    let stage = Stage::new();
    for topic in ["shop-broken", "shop-web"] {
        stage.kafka.create_topic(topic, 1).unwrap();
    }
    let errors = || -> f64 {
        let text = stage.gate.metrics().unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("tidegate_policy_errors_total "));
        line.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
    };
    let read = |topic: &str| {
        let args = ["--topic", topic, "--partition", "0", "--offset", "earliest", "--timeout-ms", "5000"];
        stage.run("shop", java::CONSOLE_CONSUMER, &args).text()
    };
    let allowed = read("shop-web");
    assert!(allowed.contains("Processed a total of 0 messages") && !allowed.contains("Authorization"), "{allowed}");
    assert_eq!(errors(), 0.0);
    assert!(read("shop-broken").contains("TopicAuthorizationException"));
    assert!(errors() >= 1.0);
    let mut told = 0;
    for entry in std::fs::read_dir(stage.gate.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gateway.log")) {
            let text = std::fs::read_to_string(path).unwrap();
            let lines = text.lines().filter(|line| line.contains("cannot be evaluated") && line.contains("broken"));
            told += lines.count();
        }
    }
    assert!((1..=2).contains(&told), "one line in a while: {told}");
}
