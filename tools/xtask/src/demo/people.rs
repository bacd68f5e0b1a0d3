//! Who takes part in the demo, what they may do, and the files with which the reader can be each of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use tidegate_brokers::Issuer;
use tidegate_brokers::jars::Jars;
use tidegate_brokers::java::{self, Login};

/// Tokens of the demo hold for a working day, so that the lines at the end can be tried at leisure.
const LIFETIME: u64 = 8 * 3600;

/// The rules of the demo.
pub(super) const RULES: &str = r#"// Who may do what in the demo. Groups are "issuer:group". What no rule permits is denied.

@id("producers-write-orders")
permit (
  principal in Group::"demo:producers",
  action in [Action::"describe", Action::"produce"],
  resource in Domain::"orders"
);

@id("producers-idempotent")
permit (principal in Group::"demo:producers", action == Action::"idempotentWrite", resource is Cluster);

@id("analysts-read-orders")
permit (
  principal in Group::"demo:analysts",
  action in [Action::"describe", Action::"consume"],
  resource in Domain::"orders"
);

@id("analysts-groups")
permit (
  principal in Group::"demo:analysts",
  action in [Action::"describeGroup", Action::"joinGroup"],
  resource is ConsumerGroup
) when { resource.name like "demo-*" };

// Marketing sees that the topic is there, and may not read it.
@id("marketing-sees-orders")
permit (principal in Group::"demo:marketing", action == Action::"describe", resource in Domain::"orders");

@id("marketing-groups")
permit (
  principal in Group::"demo:marketing",
  action in [Action::"describeGroup", Action::"joinGroup"],
  resource is ConsumerGroup
) when { resource.name like "demo-*" };

// People of corp log in at its identity provider. Of the orders, their team has partition 0.
@id("corp-orders-sees-orders")
permit (principal in Group::"corp:orders", action == Action::"describe", resource in Domain::"orders");

@id("corp-orders-reads-partition-0")
@why("the orders team of corp works on partition 0")
@ask("the data platform team")
permit (principal in Group::"corp:orders", action == Action::"consume", resource in Domain::"orders")
when { context has partition && context.partition == 0 };

// Payments are read by three teams, and each sees of them what it may.
@id("producers-write-payments")
permit (
  principal in Group::"demo:producers",
  action in [Action::"describe", Action::"produce"],
  resource in Domain::"payments"
);

@id("payment-teams-read-payments")
permit (
  principal in Group::"demo:payment-teams",
  action in [Action::"describe", Action::"consume"],
  resource in Domain::"payments"
);

@id("payment-teams-groups")
permit (
  principal in Group::"demo:payment-teams",
  action in [Action::"describeGroup", Action::"joinGroup"],
  resource is ConsumerGroup
) when { resource.name like "demo-*" };

@id("fraud-sees-all")
permit (principal in Group::"demo:fraud", action == Action::"unmask", resource in Domain::"payments");

// Analysts can count the payments of one person by a token, and never learn who it is.
@id("support-sees-names")
permit (principal in Group::"demo:support", action == Action::"unmask", resource in FieldClass::"PII.name");

@id("marketing-sees-payments")
permit (principal in Group::"demo:marketing", action == Action::"describe", resource in Domain::"payments");

// CI jobs write where nothing can break.
@id("ci-writes-staging")
@ask("the owner of the topic")
permit (
  principal is Workload in Group::"corp:ci",
  action in [Action::"describe", Action::"produce"],
  resource
) when { resource.env == "staging" };

@id("ci-idempotent")
permit (principal is Workload in Group::"corp:ci", action == Action::"idempotentWrite", resource is Cluster);
"#;

/// What the story adds to the rules.
pub(super) const SUPPORT_SEES_ADDRESSES: &str = r#"
@id("support-sees-addresses")
permit (principal in Group::"demo:support", action == Action::"unmask", resource in FieldClass::"PII.email");
"#;

/// What the demo's topics are.
pub(super) const TOPICS: &str = "\
- pattern: tidegate-demo-staging-*
  domain: builds
  env: staging
  tier: tier3
  tags: [internal]
- pattern: tidegate-demo-payments-*
  domain: payments
  env: demo
  tier: tier1
  tags: [personal, pci]
- pattern: tidegate-demo-orders-*
  domain: orders
  env: demo
  tier: tier2
  tags: [personal]
";

/// Somebody with a token.
pub(super) struct Person {
    pub(super) name: &'static str,
    token: PathBuf,
    pub(super) login: Login,
}

/// The people of the story, with their files in one folder.
pub(super) struct People {
    pub(super) alice: Person,
    pub(super) bob: Person,
    pub(super) carol: Person,
    /// Of those who read payments: fraud, support, and an analyst.
    pub(super) fay: Person,
    pub(super) sam: Person,
    pub(super) ann: Person,
    /// Says that he is bob; the signature is another key's.
    pub(super) mallory: Person,
    folder: PathBuf,
}

impl People {
    /// Makes the tokens and writes each person's files.
    pub(super) fn new(folder: &Path, issuer: &Issuer) -> Result<People> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let token = |subject: &str, groups: &[&str]| -> Result<String> {
            let mut claims = issuer.claims(subject, groups)?;
            let issued = claims.get("iat").and_then(serde_json::Value::as_u64).context("no iat")?;
            if let Some(claims) = claims.as_object_mut() {
                claims.insert("exp".to_owned(), json!(issued + LIFETIME));
            }
            issuer.sign(&claims)
        };
        Ok(People {
            alice: person(folder, "alice", &token("alice", &["producers"])?)?,
            bob: person(folder, "bob", &token("bob", &["analysts"])?)?,
            carol: person(folder, "carol", &token("carol", &["marketing"])?)?,
            fay: person(folder, "fay", &token("fay", &["fraud", "payment-teams"])?)?,
            sam: person(folder, "sam", &token("sam", &["support", "payment-teams"])?)?,
            ann: person(folder, "ann", &token("ann", &["analysts", "payment-teams"])?)?,
            mallory: person(folder, "mallory", &issuer.forged("bob", &["analysts"])?)?,
            folder: folder.to_owned(),
        })
    }

    /// Writes what the reader needs to play on, and returns the lines to paste.
    pub(super) fn paste(&self, jars: &Jars, bootstrap: &str, topic: &str) -> Result<String> {
        for (name, class) in [
            ("kafka-console-producer", java::console_producer(jars.version)),
            ("kafka-console-consumer", java::CONSOLE_CONSUMER),
            ("kafka-topics", java::TOPICS),
        ] {
            self.script(jars, name, class)?;
        }
        fs::write(self.folder.join("read_orders.py"), python(bootstrap, topic))
            .context("cannot write read_orders.py")?;
        let options = &self.options();
        Ok(format!(
            "cd {}\n\n\
             # Apache Kafka's console tools, as bob (may read) and as alice (may write)\n\
             ./kafka-console-consumer --bootstrap-server {bootstrap} --command-config bob.properties \\\n    \
                 --topic {topic} --group demo-play --from-beginning --max-messages 3\n\
             echo '{{\"event\":\"hello\"}}' | ./kafka-console-producer --bootstrap-server {bootstrap} \\\n    \
                 --command-config alice.properties --topic {topic}\n\
             # the same with an Apache Kafka of your own (4.2 or newer)\n\
             KAFKA_OPTS='{options}' kafka-console-consumer.sh --bootstrap-server {bootstrap} \\\n    \
                 --command-config bob.properties --topic {topic} --group demo-play2 --from-beginning --max-messages 3\n\n\
             # kcat (Debian: apt-get install kcat), as bob: SASL PLAIN, user \"token\", the token as the password\n\
             kcat -b {bootstrap} -X security.protocol=SASL_PLAINTEXT -X sasl.mechanism=PLAIN -X sasl.username=token \\\n    \
                 -X \"sasl.password=$(cat bob.token)\" -C -t {topic} -o beginning -c 3 -q\n\n\
             # Python, as bob (pip install confluent-kafka)\n\
             python3 read_orders.py\n\n\
             # as carol, who may not read\n\
             ./kafka-console-consumer --bootstrap-server {bootstrap} --command-config carol.properties \\\n    \
                 --topic {topic} --group demo-play3 --from-beginning\n",
            self.folder.display()
        ))
    }

    /// What a Java machine of Kafka 4 must be told before it reads a token file.
    fn options(&self) -> String {
        let urls: Vec<String> = [&self.alice, &self.bob, &self.carol, &self.fay, &self.sam, &self.ann]
            .map(|person| format!("file://{}", person.token.display()))
            .into();
        format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}", urls.join(","))
    }

    /// One of Kafka's tools as a program of one line.
    fn script(&self, jars: &Jars, name: &str, class: &str) -> Result<()> {
        let path = self.folder.join(name);
        let logging = self.folder.join("log4j2.properties");
        fs::write(
            &logging,
            "rootLogger.level=WARN\nrootLogger.appenderRefs=out\nrootLogger.appenderRef.out.ref=out\n\
             appender.out.type=Console\nappender.out.name=out\nappender.out.target=SYSTEM_ERR\n\
             appender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%p %m%n\n",
        )
        .context("cannot write log4j2.properties")?;
        let text = format!(
            "#!/bin/sh\nexec java -Xmx256m -XX:TieredStopAtLevel=1 -cp '{}' '-Dlog4j2.configurationFile={}' \\\n  '{}' {class} \"$@\"\n",
            jars.classpath(),
            logging.display(),
            self.options()
        );
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).context("cannot make it executable")
    }
}

fn person(folder: &Path, name: &'static str, text: &str) -> Result<Person> {
    let token = folder.join(format!("{name}.token"));
    fs::write(&token, text).with_context(|| format!("cannot write {}", token.display()))?;
    let login = Login::token_file(&token);
    fs::write(folder.join(format!("{name}.properties")), login.text()).context("cannot write client properties")?;
    Ok(Person { name, token, login })
}

fn python(bootstrap: &str, topic: &str) -> String {
    format!(
        r#"import time
from confluent_kafka import Consumer

token = open("bob.token").read()
consumer = Consumer({{
    "bootstrap.servers": "{bootstrap}",
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "OAUTHBEARER",
    "oauth_cb": lambda _: (token, time.time() + 3000),
    "group.id": "demo-python",
    "auto.offset.reset": "earliest",
}})
consumer.subscribe(["{topic}"])
seen = 0
while seen < 3:
    message = consumer.poll(1.0)
    if message is not None:
        print(message.error() or message.value().decode())
        seen += 1
consumer.close()
"#
    )
}
