//! `cargo xtask demo`: the whole product at work, with real programs on both sides.

mod evidence;
mod identity;
mod masks;
mod orders;
mod own;
mod people;
mod story;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tidegate_brokers::gate::{AgentConfig, Mode, Options, Upstream, Users};
use tidegate_brokers::jars::{Jars, Version};
use tidegate_brokers::java::{self, Login, Tool};
use tidegate_brokers::programs::{Profile, Programs};
use tidegate_brokers::scratch::Scratch;
use tidegate_brokers::{Desk, Gate, Issuer, Kafka, OidcProvider, kafka, oidc_provider};

use own::Own;
use people::People;

/// The whole product at work: a real Apache Kafka, a gate in front of it, people who may see more or less, their evidence.
///
/// Sets up what is missing (as root with apt-get, else it says what to run), starts one Apache Kafka broker that lets nobody in
/// without a login, two `OpenID` providers, the agent and the gateway. Then Kafka's own console tools run through the gate: alice writes
/// 10,000 orders, bob reads them, carol is refused and told why, a forged token cannot log in; a person logs in with a browser and reads the
/// one partition of her team, a CI job writes to staging only, a block cuts a consumer that runs. A payment is read by four people, each
/// of whom sees of it what it may, and a change of the policy holds for a consumer that runs. The evidence of all that is listed
/// and verified, one byte of a copy is changed, and the verifier says where.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 0 means that every step was as it should be.")]
pub(crate) struct Args {
    /// End after the story, instead of staying up until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Run development builds: made in less time, slower at work
    #[arg(long)]
    dev: bool,
    /// Use your own cluster: one of its bootstrap addresses. Creates only topics tidegate-demo-… and deletes them at the end
    #[arg(long, value_name = "HOST:PORT", requires = "agent_config")]
    broker: Option<String>,
    /// The agent's configuration for your own cluster (see docs: quick start for an existing cluster)
    #[arg(long, value_name = "FILE", requires = "broker")]
    agent_config: Option<PathBuf>,
    /// Do not ask before the topics are created on your own cluster
    #[arg(long)]
    yes: bool,
    /// How the agent hands over connections to the local cluster
    #[arg(long, value_parser = ["relay", "socket"], default_value = "relay", conflicts_with = "broker")]
    mode: String,
}

/// How many orders alice writes.
const ORDERS: u64 = 10_000;

/// The cluster behind the gate.
enum Cluster {
    Local(Box<Kafka>),
    Own { broker: String, own: Own },
}

/// Everything that runs. Dropped in this order: the gate before the cluster.
struct Stage {
    gate: Gate,
    people: People,
    issuer: Issuer,
    /// Where people of corp log in with a browser.
    provider: OidcProvider,
    /// The desk of alice of corp.
    desk: Desk,
    /// How her Kafka clients log in, once she has.
    corp: Option<Login>,
    cluster: Cluster,
    jars: Jars,
    topic: String,
    staging: String,
    payments: String,
    folder: Scratch,
}

impl Cluster {
    /// Kafka's own tool, straight at the cluster.
    fn tool<'a>(&self, jars: &'a Jars, class: &'a str, args: &[&str]) -> Tool<'a> {
        let (bootstrap, login) = match self {
            Cluster::Local(kafka) => kafka.direct(),
            Cluster::Own { broker, own } => (broker.clone(), own.login.clone()),
        };
        Tool::new(jars, class, &bootstrap, &login, args)
    }
}

/// Says what is done, and how long it took.
struct Progress {
    start: Instant,
}

impl Progress {
    fn done(&self, what: &str) {
        println!("  {:6.1} s  {what}", self.start.elapsed().as_secs_f64());
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    println!("Tidegate demo: setting the stage");
    let progress = Progress { start: Instant::now() };
    let mut stage = set(args, &progress)?;
    let outcome = play(args, &mut stage);
    let cleaned = clean(&stage);
    outcome?;
    cleaned?;
    stage.gate.stop().context("the gate did not end in order")
}

fn play(args: &Args, stage: &mut Stage) -> Result<()> {
    let wrong = story::tell(stage)?;
    ensure!(wrong == 0, "{wrong} steps were not as they should be");
    println!("\nEvery step was as it should be.");
    if args.once { Ok(()) } else { stay(stage) }
}

/// Shows the reader how to go on, and waits for Ctrl-C.
fn stay(stage: &Stage) -> Result<()> {
    println!(
        "\nThe gate stays up. Clients: {}   metrics: http://{}/metrics",
        stage.gate.bootstrap(),
        stage.gate.admin()
    );
    println!("OpenID provider: {}   everything is in {}", stage.issuer.url(), stage.gate.folder().display());
    println!(
        "Log in yourself: {} login --gate {}   (at {}: {}, password {})\n",
        stage.gate.programs.gateway.display(),
        stage.gate.web(),
        stage.provider.issuer(),
        oidc_provider::ALICE.name,
        oidc_provider::ALICE.password
    );
    println!("{}", stage.people.paste(&stage.jars, &stage.gate.bootstrap(), &stage.topic)?);
    println!("{}", masks::paste(stage));
    println!("{}\n\nCtrl-C ends it.", evidence::paste(stage));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot wait for Ctrl-C")?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut end = signal(SignalKind::terminate()).context("cannot wait for a signal")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
        println!("\nending");
        Ok(())
    })
}

/// Takes the demo's topic away again from a cluster that goes on living.
fn clean(stage: &Stage) -> Result<()> {
    if let Cluster::Own { broker, .. } = &stage.cluster {
        for topic in [&stage.topic, &stage.staging, &stage.payments] {
            let deleted = stage.cluster.tool(&stage.jars, java::TOPICS, &["--delete", "--topic", topic]).run()?.ok();
            deleted.with_context(|| format!("the topic {topic} is still on {broker}; delete it"))?;
        }
    }
    Ok(())
}

/// Starts everything.
fn set(args: &Args, progress: &Progress) -> Result<Stage> {
    let topic = format!("tidegate-demo-orders-{}", std::process::id());
    let staging = format!("tidegate-demo-staging-{}", std::process::id());
    let payments = format!("tidegate-demo-payments-{}", std::process::id());
    let own = match (&args.broker, &args.agent_config) {
        (Some(broker), Some(file)) => {
            let own = Own::read(file, broker)?;
            if !args.yes {
                own::ask(&[&topic, &staging, &payments], broker)?;
            }
            Some((broker.clone(), own))
        }
        _ => None,
    };
    let jars = Jars::get(Version::V4_3)?;
    progress
        .done(&format!("Apache Kafka {} is in the cache, every file with the expected digest", jars.version.number()));
    println!("            building tidegate, tidegate-agent and tidegate-verify (the first time takes minutes)");
    let profile = if args.dev { Profile::Dev } else { Profile::Release };
    Programs::get(profile)?;
    progress.done("programs built");
    let issuer = Issuer::start()?;
    progress.done(&format!("OpenID provider at {}", issuer.url()));
    let provider = OidcProvider::start()?;
    progress.done(&format!("corp's identity provider at {}", provider.issuer()));
    let (cluster, agent) = match own {
        None => {
            let kafka = Kafka::start(kafka::Options::new(Version::V4_3).login_only())?;
            let addresses = kafka.addresses(kafka::Listener::Sasl).join(",");
            progress.done(&format!("Apache Kafka at {addresses}, SASL only; nobody but the agent has its password"));
            let agent = AgentConfig::Written(Upstream::of(&kafka));
            (Cluster::Local(Box::new(kafka)), agent)
        }
        Some((broker, own)) => {
            let agent =
                AgentConfig::File { path: own.path.clone(), socket: own.socket.clone(), cluster: own.cluster.clone() };
            (Cluster::Own { broker, own }, agent)
        }
    };
    let folder = Scratch::new("demo")?;
    let people = People::new(folder.path(), &issuer)?;
    // The user's own agent configuration says what may be read by whom; it is left as it is.
    let users = if matches!(cluster, Cluster::Local(_)) { Users::best() } else { Users::Same };
    let options = Options {
        profile,
        mode: if args.mode == "socket" { Mode::Socket } else { Mode::Relay },
        agent,
        rules: people::RULES.to_owned(),
        topics: people::TOPICS.to_owned(),
        masking: masks::MASKING.to_owned(),
        schemas: Vec::new(),
        users,
        tls: None,
        evidence_dir: None,
        evidence: String::new(),
        more: format!("{}{}", provider.issuer_config_with_login("corp"), masks::CLASS_KEY),
        applied: true,
    };
    let gate = Gate::start(&options, &issuer)?;
    let desk = Desk::new(&gate.programs.gateway, &gate.web())?;
    let isolation = match users {
        Users::Apart => "gateway and agent run as two users",
        Users::Same => "gateway and agent run as one user: agent_isolation=none",
    };
    progress.done(&format!("agent logged in to Kafka; gate at {}; {isolation}", gate.bootstrap()));
    for (topic, partitions) in [(&topic, "3"), (&staging, "1"), (&payments, "1")] {
        let args = ["--create", "--topic", topic, "--partitions", partitions];
        cluster.tool(&jars, java::TOPICS, &args).run()?.ok().context("cannot create the demo's topics")?;
    }
    progress.done(&format!("topics {topic}, {staging} and {payments}"));
    Ok(Stage { gate, people, issuer, provider, desk, corp: None, cluster, jars, topic, staging, payments, folder })
}
