//! The parts of the story about who is calling: a login with a browser, a team with one partition, a CI job, a block, an explanation.

use anyhow::{Context, Result, ensure};
use tidegate_brokers::Browser;
use tidegate_brokers::desk::java_login;
use tidegate_brokers::java::{self, Login, Output, Tool};
use tidegate_brokers::oidc_provider::{ALICE, LOADER};
use tidegate_brokers::process::until;

use super::Stage;
use super::story::{PATIENCE, end_offsets, refused};

/// How many orders the team looks at.
const LOOK: u64 = 5;
/// What the CI job writes.
const BUILD: &str = "{\"build\":1841,\"result\":\"green\"}\n";

/// `tidegate login` as a person would, with a browser that follows the pages.
pub(super) fn log_in(stage: &mut Stage) -> Result<String> {
    let said = stage.desk.log_in(&mut Browser::new()?, ALICE, &[])?;
    let name = said.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
    ensure!(name == "corp:alice", "the gate calls her {name:?}");
    let whoami = stage.desk.run(&["whoami"])?;
    ensure!(whoami.code == 0, "tidegate whoami: {}", whoami.err);
    let file = stage.desk.settings("java", "corp.properties", &stage.gate.bootstrap(), &["--plaintext"])?;
    stage.corp = Some(java_login(&file)?);
    Ok(format!("$ tidegate login --gate {}\n$ tidegate whoami\n{}", stage.gate.web(), whoami.out.trim()))
}

/// The orders team has its own topics, and of them partition 0.
pub(super) fn team_reads_its_partition(stage: &mut Stage) -> Result<String> {
    let login = corp(stage)?;
    let own = partition(stage, &login, "0")?.ok()?;
    let lines = own.stdout.lines().count();
    ensure!(u64::try_from(lines).is_ok_and(|lines| lines == LOOK), "{lines} records of partition 0 instead of {LOOK}");
    let other = partition(stage, &login, "1")?;
    let said = refused(&other, "TopicAuthorizationException")?;
    Ok(format!("partition 0: {LOOK} orders; partition 1: {said}"))
}

fn partition(stage: &Stage, login: &Login, number: &str) -> Result<Output> {
    let count = LOOK.to_string();
    let args = [
        "--topic",
        &stage.topic,
        "--partition",
        number,
        "--offset",
        "earliest",
        "--max-messages",
        &count,
        "--timeout-ms",
        "30000",
    ];
    Tool::new(&stage.jars, java::CONSOLE_CONSUMER, &stage.gate.bootstrap(), login, &args).within(PATIENCE).run()
}

/// A CI job brings the token that its platform gave it.
pub(super) fn ci_writes_to_staging_only(stage: &mut Stage) -> Result<String> {
    let token = stage.provider.openid()?.client_credentials(LOADER, &[])?;
    let file = stage.folder.path().join("ci.token");
    std::fs::write(&file, token).context("cannot write the job's token")?;
    let login = Login::token_file(&file);
    let write = |topic: &str| {
        let producer = java::console_producer(stage.jars.version);
        let tool = Tool::new(&stage.jars, producer, &stage.gate.bootstrap(), &login, &["--topic", topic]);
        tool.stdin(BUILD).within(PATIENCE).run()
    };
    let before = end_offsets(stage, &stage.topic)?;
    write(&stage.staging)?.ok()?;
    let written = end_offsets(stage, &stage.staging)?;
    ensure!(written == 1, "the staging topic has {written} records instead of 1");
    let said = refused(&write(&stage.topic)?, "TopicAuthorizationException")?;
    ensure!(end_offsets(stage, &stage.topic)? == before, "the broker has more orders than before");
    Ok(format!("{}: written; {}: {said}", stage.staging, stage.topic))
}

/// Somebody blocks a caller whose consumer runs.
pub(super) fn a_block_cuts_a_consumer(stage: &mut Stage) -> Result<String> {
    let login = corp(stage)?;
    let args = ["--topic", &stage.topic, "--partition", "0", "--offset", "earliest"];
    let bootstrap = stage.gate.bootstrap();
    let consumer = Tool::new(&stage.jars, java::CONSOLE_CONSUMER, &bootstrap, &login, &args).start()?;
    until("corp's alice to read", PATIENCE, || Ok(!consumer.stdout().is_empty()))?;
    let said = stage.gate.administer(&["policy", "block", "--subject", "corp:alice", "--reason", "incident 7"])?;
    let ended = consumer.finish(PATIENCE)?;
    let line = ended.stderr.lines().find(|line| line.contains("blocked at the gate"));
    let line = line.with_context(|| format!("the consumer was not told why; it said:\n{}", ended.stderr))?;
    let rows: serde_json::Value =
        serde_json::from_str(&stage.gate.administer(&["policy", "blocks", "--output", "json"])?)?;
    let id = rows.pointer("/0/id").and_then(serde_json::Value::as_str).context("no block is listed")?;
    stage.gate.administer(&["policy", "unblock", id])?;
    Ok(format!(
        "$ tidegate policy block --subject corp:alice --reason 'incident 7'\n{}\nher consumer ends:\n{}",
        said.trim(),
        line.trim()
    ))
}

/// Why carol was refused, and which rule came nearest.
pub(super) fn explain(stage: &mut Stage) -> Result<String> {
    let policy = stage.gate.policy().display().to_string();
    let asked = ["--user", "demo:carol", "--group", "demo:marketing", "--action", "consume", "--topic", &stage.topic];
    let (good, out, errors) = stage.gate.command(&[&["policy", "explain", &policy], &asked[..]].concat())?;
    ensure!(good, "tidegate policy explain: {errors}");
    ensure!(out.contains("analysts-read-orders"), "the permit that came nearest is not named:\n{out}");
    Ok(out.trim().to_owned())
}

fn corp(stage: &Stage) -> Result<Login> {
    stage.corp.clone().context("nobody has logged in")
}
