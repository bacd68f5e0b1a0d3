//! The parts of the story about what is shown: the same payment read by four people, a change of the policy under a running consumer, and
//! what the evidence says of both.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tidegate_brokers::java::{self, Tool};
use tidegate_brokers::process::until;

use super::Stage;
use super::people::{Person, RULES, SUPPORT_SEES_ADDRESSES};
use super::story::{PATIENCE, refused};

/// What is masked, and how.
pub(super) const MASKING: &str = "\
classes:
  PII.name: {transform: hmac_token, prefix: person_}
  PII.email: {transform: email, keep_domain: true}
  PCI.pan: {transform: keep_last, n: 4}
selectors:
  - {topic: 'tidegate-demo-payments-*', path: customer.name, class: PII.name}
  - {topic: 'tidegate-demo-payments-*', path: customer.email, class: PII.email}
  - {topic: 'tidegate-demo-payments-*', content: [card], class: PCI.pan}
topics:
  - {topic: 'tidegate-demo-payments-*', value: json, record: full}
";
/// The key that names become tokens with lies beside the configuration.
pub(super) const CLASS_KEY: &str =
    "\n[[class_key]]\nclass = \"PII.name\"\nid = \"demo1\"\nkey = { file = \"class.key\" }\n";
const PAN: &str = "4539 5787 6362 1486";

fn payment(number: u32) -> String {
    format!(
        "{{\"payment\": {number}, \"customer\": {{\"name\": \"Amara Okafor\", \"email\": \"amara@example.com\"}}, \"note\": \"card {PAN}\"}}\n"
    )
}

/// What of a payment is sensitive, as somebody sees it.
fn seen(line: &str) -> Result<[String; 3]> {
    let payment: Value = serde_json::from_str(line).with_context(|| format!("not a payment: {line}"))?;
    let text = |path: &str| payment.pointer(path).and_then(Value::as_str).unwrap_or("–").to_owned();
    Ok([text("/customer/name"), text("/customer/email"), text("/note")])
}

/// A payment is written once and read by four people.
pub(super) fn four_people_read_a_payment(stage: &mut Stage) -> Result<String> {
    write(stage, 1)?;
    let mut rows = vec![[String::from("WHO"), "NAME".into(), "E-MAIL".into(), "NOTE".into()]];
    let people = &stage.people;
    for (who, person, clear) in [
        ("fay (fraud)", &people.fay, [true, true, true]),
        ("sam (support)", &people.sam, [true, false, false]),
        ("ann (analysts)", &people.ann, [false, false, false]),
    ] {
        let count = ["--max-messages", "1", "--timeout-ms", "60000"];
        let output = reader(stage, person, "demo-payments", &count).within(PATIENCE).run()?.ok()?;
        let shown = seen(output.stdout.trim())?;
        let whole = [shown[0] == "Amara Okafor", shown[1] == "amara@example.com", shown[2].contains(PAN)];
        ensure!(whole == clear, "{who} was shown: {}", output.stdout.trim());
        let [name, email, note] = shown;
        rows.push([who.to_owned(), name, email, note]);
    }
    let told = refused(
        &reader(stage, &people.carol, "demo-marketing", &["--max-messages", "1"]).run()?,
        "TopicAuthorizationException",
    );
    rows.push(["carol (marketing)".to_owned(), "refused".into(), String::new(), String::new()]);
    told?;
    Ok(aligned(&rows))
}

/// Support sees addresses from now on, by one command, while its consumer runs.
pub(super) fn a_policy_changes_under_a_consumer(stage: &mut Stage) -> Result<String> {
    let consumer = reader(stage, &stage.people.sam, "demo-support", &[]).start()?;
    let shown = || -> Result<Vec<[String; 3]>> { consumer.stdout().lines().map(seen).collect() };
    until("the first payment at support", PATIENCE, || Ok(!shown()?.is_empty()))?;
    let next = stage.folder.path().join("next");
    fs::create_dir_all(&next).context("cannot make a folder for the next policy")?;
    for name in ["topics.yaml", "masking.yaml"] {
        fs::copy(stage.gate.policy().join(name), next.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    fs::write(next.join("demo.cedar"), format!("{RULES}{SUPPORT_SEES_ADDRESSES}")).context("cannot write the rules")?;
    stage.gate.administer(&["policy", "apply", &next.display().to_string()])?;
    write(stage, 2)?;
    until("the second payment at support", PATIENCE, || Ok(shown()?.len() >= 2))?;
    let shown = shown()?;
    let email = |number: usize| shown.get(number).map(|[_, email, _]| email.clone()).unwrap_or_default();
    ensure!(email(0) == "***@example.com" && email(1) == "amara@example.com", "support was shown {shown:?}");
    Ok(format!(
        "$ tidegate policy apply {}\nthe same consumer, which was not restarted: {} before, {} after",
        next.display(),
        email(0),
        email(1)
    ))
}

/// The evidence of both: whose fields went out masked or clear, and by which rule.
pub(super) fn evidence_of_masks(stage: &mut Stage) -> Result<String> {
    let leaves = stage.gate.leaves(&["--topic", &stage.payments, "--kind", "outcome"])?;
    let mut rows = vec![[String::from("WHO"), "CLASS".into(), "MASKED".into(), "CLEAR, BY".into()]];
    for leaf in &leaves {
        let who = leaf.pointer("/who/subject").and_then(Value::as_str).unwrap_or_default();
        for class in leaf.get("classes").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| class.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            rows.push([who.to_owned(), text("class"), text("masked"), format!("{}, {}", text("clear"), text("rule"))]);
        }
    }
    let has = |who: &str, class: &str, by: &str| {
        rows.iter().any(|row| row[0] == who && row[1] == class && row[3].ends_with(by))
    };
    ensure!(has("fay", "PCI.pan", "1, fraud-sees-all"), "no leaf says that fay saw the card: {rows:?}");
    ensure!(has("sam", "PII.email", "0, default-deny"), "no leaf says that sam saw no address: {rows:?}");
    ensure!(has("sam", "PII.email", "1, support-sees-addresses"), "no leaf says that sam saw one then: {rows:?}");
    Ok(aligned(&rows))
}

/// What evidence keeps of the payment that fay saw clear.
pub(super) fn evidence_keeps_it_masked(stage: &mut Stage) -> Result<String> {
    let leaves = stage.gate.leaves(&["--topic", &stage.payments, "--kind", "outcome"])?;
    let fays = |leaf: &&Value| leaf.pointer("/who/subject").is_some_and(|who| who == "fay");
    let kept = |leaf: &&Value| leaf.get("kept").and_then(Value::as_array).is_some_and(|kept| !kept.is_empty());
    let leaf = leaves.iter().filter(fays).find(kept).context("no leaf of fay's has records")?;
    let index = leaf.get("index").and_then(Value::as_str).context("a leaf without an index")?;
    let config = stage.gate.config().display().to_string();
    let (good, shown, errors) = stage.gate.command(&["evidence", "records", index, "--config", &config])?;
    ensure!(good, "tidegate evidence records {index} failed:\n{shown}{errors}");
    let clear = ["Amara", "amara@", PAN].into_iter().find(|text| shown.contains(text));
    ensure!(clear.is_none(), "evidence keeps {clear:?} in clear:\n{shown}");
    ensure!(shown.contains("person_") && shown.contains("1486"), "what is kept is not the payment:\n{shown}");
    Ok(format!("$ tidegate evidence records {index}\n{}", shown.trim_end()))
}

fn write(stage: &Stage, number: u32) -> Result<()> {
    let producer = java::console_producer(stage.jars.version);
    let args = ["--topic", &stage.payments];
    let tool = Tool::new(&stage.jars, producer, &stage.gate.bootstrap(), &stage.people.alice.login, &args);
    let text = payment(number);
    let output = tool.stdin(&text).within(PATIENCE).run()?.ok()?;
    ensure!(!output.stderr.contains("ERROR"), "the producer said:\n{}", output.stderr);
    Ok(())
}

fn reader<'a>(stage: &'a Stage, person: &Person, group: &str, more: &[&str]) -> Tool<'a> {
    let group = format!("{group}-{}", person.name);
    let args = [&["--topic", &stage.payments, "--group", &group, "--from-beginning"], more].concat();
    Tool::new(&stage.jars, java::CONSOLE_CONSUMER, &stage.gate.bootstrap(), &person.login, &args)
}

/// A line to paste about what is shown.
pub(super) fn paste(stage: &Stage) -> String {
    format!(
        "# the same payments as fay (fraud), sam (support) and ann (an analyst) are shown them\n\
         for who in fay sam ann; do ./kafka-console-consumer --bootstrap-server {} --command-config $who.properties \\\n    \
             --topic {} --group demo-play-$who --from-beginning --max-messages 2; done\n",
        stage.gate.bootstrap(),
        stage.payments
    )
}

/// Columns side by side.
fn aligned(rows: &[[String; 4]]) -> String {
    let mut widths = [0; 4];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 4]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
