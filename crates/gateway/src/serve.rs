//! `tidegate serve`: starts everything, waits for a signal, stops in order.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use arc_swap::{ArcSwap, ArcSwapOption};
use prometheus_client::registry::Registry;
use rustix::process::getuid;
use tidegate_evidence::{Log, LogConfig};
use tidegate_identity::{AccountUse, Issuers};
use tidegate_policy::Policy;
use tidegate_proxy::agents::{Agents, AgentsConfig};
use tidegate_proxy::cluster::Cluster;
use tidegate_proxy::failures::Failures;
use tidegate_proxy::frames::Budget;
use tidegate_proxy::gate::Shared;
use tidegate_proxy::listener::Listener;
use tidegate_proxy::live::Live;
use tidegate_proxy::masks::MaskedBatches;
use tidegate_proxy::metrics::Metrics;
use tidegate_proxy::rates::Rates;
use tidegate_proxy::recheck;
use tidegate_proxy::schemas::{SchemaRegistry, Schemas};
use tidegate_proxy::tally::{Tallied, Tallies};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::admin::{self, Admin};
use crate::config::{self, Config};
use crate::control::{self, Control};
use crate::registry::HttpRegistry;
use crate::state::State;
use crate::strangers::Known;
use crate::supervise::{self, Child};
use crate::tokens::GateTokens;
use crate::web::{self, Web};
use crate::{cli, reload, secrets, tls};

/// Requests for broker connections that are open at the agents at once.
const OPEN_PENDING_MAX: usize = 256;
/// How long an agent may take to open one.
const OPEN: Duration = Duration::from_secs(15);
const MIB: u64 = 1024 * 1024;
/// How often the last uses of service accounts are kept.
const USES: Duration = Duration::from_secs(5);
/// How often the table of counted decisions is held to its bounds.
const TRIM: Duration = Duration::from_secs(60);

/// Runs the gate until it is told to stop.
pub(crate) fn main(path: &Path) -> ExitCode {
    let config = match config::load(path) {
        Ok(config) => config,
        Err(error) => return cli::fail(&error.into(), cli::EX_USAGE),
    };
    start_logging();
    if supervise::is_needed(&config) {
        return match supervise::run(&config, path) {
            Ok(code) => code,
            Err(error) => cli::fail(&error, 1),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&error.into(), 1),
    };
    match runtime.block_on(run(config, path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(&error, 1),
    }
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TIDEGATE_LOG").unwrap_or_else(|_unset| "info".into());
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let format = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    format.with_target(false).with_ansi(colours).init();
}

/// Everything that can be checked without starting; what it holds, for people.
pub(crate) fn check(config: &Config) -> Result<String> {
    let policy = Policy::load(&config.file.policy.dir).context("the policy is wrong")?;
    for (_, _, tls) in &config.listeners {
        tls.as_ref().map(tls::listener).transpose()?;
    }
    Issuers::new(config.file.issuer.clone())?;
    config.file.web.as_ref().map(|web| web::Settings::of(config, web)).transpose()?;
    web_tls(config)?;
    secrets::wrapping_key(config.file.evidence.wrapping_key.get_ref())?;
    secrets::class_keys(&config.file.class_key)?;
    for section in &config.file.schema_registry {
        HttpRegistry::new(section)?;
    }
    let mut said = format!(
        "ok: {} listeners, {} clusters, {} issuers, {} rules",
        config.listeners.len(),
        config.clusters.len(),
        config.file.issuer.len(),
        policy.rules()
    );
    for stranger in Known::of(&config.file).strangers(&policy) {
        said.push_str(&format!("\nwarning: {stranger}"));
    }
    Ok(said)
}

async fn run(config: Config, path: &Path) -> Result<()> {
    // Both signals are taken before anything starts, so that neither ends the process half way.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    protect_memory();
    let stopping = CancellationToken::new();
    let (gate, child, control_socket) = start(&config, &stopping).await?;
    let admin_stopping = CancellationToken::new();
    let web = match (&gate.web, &config.file.web) {
        (Some((web, tls)), Some(section)) => {
            let listener = web::bind(*section.listen).await?;
            info!(url = section.origin(), address = %*section.listen, "people log in here");
            Some(tokio::spawn(web::serve(Arc::clone(web), listener, Arc::clone(tls), admin_stopping.clone())))
        }
        _ => None,
    };
    let control = tokio::spawn(control::serve(Arc::clone(&gate.control), control_socket, admin_stopping.clone()));
    let socket = TcpListener::bind(*config.file.admin.listen)
        .await
        .with_context(|| format!("cannot bind the operators' port {}", *config.file.admin.listen))?;
    let admin = tokio::spawn(admin::serve(Arc::clone(&gate.admin), socket, admin_stopping.clone()));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => reload::run(path, &gate).await,
        }
    }
    info!("stopping: new connections are refused, answers under way are finished");
    stopping.cancel();
    let mut left = 0_usize;
    for listener in &gate.admin.listeners {
        left = left.saturating_add(listener.drained(config.limits.drain.saturating_add(Duration::from_secs(1))).await);
    }
    if left > 0 {
        warn!(left, "connections did not end in time and are cut");
    }
    gate.admin.shared.agents.shutdown();
    admin_stopping.cancel();
    control.await?;
    if let Some(web) = web {
        web.await?;
    }
    let log = gate.admin.shared.log.clone();
    tokio::task::spawn_blocking(move || log.close()).await?;
    admin.await?;
    if let Some(child) = child {
        child.stop().await;
    }
    info!("stopped");
    Ok(())
}

/// What runs.
pub(crate) struct Gate {
    pub(crate) admin: Arc<Admin>,
    pub(crate) control: Arc<Control>,
    /// The web listener and its certificates, where there is one.
    pub(crate) web: Option<(Arc<Web>, Arc<web::Tls>)>,
    /// What fetches the issuers' keys.
    pub(crate) refresh: Refresh,
    /// The gate as an issuer.
    pub(crate) tokens: Option<Arc<GateTokens>>,
    /// What was configured at start; what a reload may not change is compared with it.
    pub(crate) started_with: config::FileConfig,
}

/// The task that fetches the keys of the issuers in force. There is one at a time: issuers that were replaced are asked nothing more.
#[derive(Default)]
pub(crate) struct Refresh(std::sync::Mutex<Option<JoinHandle<()>>>);

impl Refresh {
    /// Ends the task before.
    pub(crate) fn replace(&self, task: JoinHandle<()>) {
        let before = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(task);
        if let Some(before) = before {
            before.abort();
        }
    }
}

async fn start(config: &Config, stopping: &CancellationToken) -> Result<(Gate, Option<Child>, UnixListener)> {
    // Bound first: a second gate with the same files ends here.
    let control_socket = control::bind(&config.file.control.socket)?;
    let state = State::open(&config.file.state.dir)?;
    let policy = control::at_start(config, &state, now_ms())?;
    tell_strangers(config, &policy);
    let tokens = gate_tokens(config, &state)?;
    let issuers = issuers(config, tokens.as_deref())?;
    let agent_uid = config.file.agents.user.as_ref().map(|user| supervise::uid_of(user.get_ref())).transpose()?;
    let shared_user = agent_uid.is_none_or(|uid| uid == getuid().as_raw());
    let log = open_log(config, &policy, shared_user)?;
    let agents = Agents::listen(AgentsConfig {
        socket: config.file.agents.socket.clone(),
        agent_uid,
        gateway: config.file.gateway.name.get_ref().clone(),
        incarnation: incarnation(&log),
        open_timeout: OPEN,
        max_pending: OPEN_PENDING_MAX,
    })
    .await?;
    if shared_user {
        warn!(
            "agent_isolation=none: the agent runs as the gateway's own user, so who takes over the gateway has its secrets"
        );
    }
    let child = supervise::start_agent(config)?;
    issuers.refresh_all().await;
    let refresh = Refresh::default();
    refresh.replace(tokio::spawn(Arc::clone(&issuers).run_refresh()));
    let (tallies, tallied) = Tallies::channel();
    let shared = Arc::new(Shared {
        log,
        algorithm: config.algorithm,
        policy: ArcSwap::from_pointee(policy),
        issuers: ArcSwap::from(issuers),
        accounts: state.accounts()?,
        revocations: ArcSwap::default(),
        live: Live::default(),
        agents,
        budget: Budget::new(config.file.limits.frames_mib.saturating_mul(1024 * 1024)),
        metrics: Metrics::default(),
        limits: config.limits,
        failures: Failures::default(),
        rates: Rates::default(),
        masked: MaskedBatches::new(config.file.limits.masked_mib.saturating_mul(MIB)),
        tallies,
    });
    tokio::spawn(recheck::run(Arc::clone(&shared)));
    tokio::spawn(keep_uses(state.clone(), Arc::clone(&shared)));
    tokio::spawn(keep_tallies(state.clone(), tallied, config.file.state.decision_days));
    control::revocations_at_start(&state, &shared)?;
    let control = Arc::new(Control::new(config, Arc::clone(&shared), state, tokens.clone())?);
    if let Some(tokens) = &tokens {
        tokio::spawn(Arc::clone(tokens).rotate_in_time(shared.log.clone(), now_ms));
    }
    let web = match (&config.file.web, &tokens) {
        (Some(section), Some(tokens)) => {
            let web = Web::new(config, section, Arc::clone(&control), Arc::clone(tokens))?;
            Some((web, Arc::new(ArcSwapOption::from(web_tls(config)?))))
        }
        _ => None,
    };
    tokio::spawn(Arc::clone(&control).end_blocks_in_time());
    let listeners = start_listeners(config, &shared, stopping).await?;
    tokio::spawn(flush_failures(Arc::clone(&shared)));
    let mut registry = Registry::with_prefix("tidegate");
    shared.metrics.register(&mut registry);
    let admin = Arc::new(Admin { shared, listeners, registry });
    Ok((Gate { admin, control, web, refresh, tokens, started_with: config.file.clone() }, child, control_socket))
}

/// The gate as an issuer, where people log in at it.
fn gate_tokens(config: &Config, state: &State) -> Result<Option<Arc<GateTokens>>> {
    let Some(web) = &config.file.web else { return Ok(None) };
    let key = secrets::wrapping_key(config.file.evidence.wrapping_key.get_ref())?;
    Ok(Some(Arc::new(GateTokens::open(web.origin(), state, &key, now_ms() / 1000)?)))
}

/// Whose tokens are believed: the configured issuers', and the gate's own.
pub(crate) fn issuers(config: &Config, tokens: Option<&GateTokens>) -> Result<Arc<Issuers>> {
    let configs = config.file.issuer.clone();
    let Some(tokens) = tokens else { return Ok(Issuers::new(configs)?) };
    let saml = config.file.saml.iter().map(|saml| saml.name.clone()).collect();
    Ok(Issuers::with_gate(configs, Arc::clone(&tokens.issuer), saml)?)
}

/// What the web listener greets with, if anything.
pub(crate) fn web_tls(config: &Config) -> Result<Option<Arc<rustls::ServerConfig>>> {
    let Some(section) = config.file.web.as_ref().and_then(|web| web.tls.as_ref()) else { return Ok(None) };
    let mut config = tls::server(section, None)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

/// Says which names of the policy mean nobody.
pub(crate) fn tell_strangers(config: &Config, policy: &Policy) {
    for stranger in Known::of(&config.file).strangers(policy) {
        warn!("{stranger}");
    }
}

fn open_log(config: &Config, policy: &Policy, shared_user: bool) -> Result<Log> {
    let evidence = &config.file.evidence;
    let key = secrets::wrapping_key(evidence.wrapping_key.get_ref())?;
    let mut log = LogConfig::new(&evidence.dir, evidence.keyring.get_ref(), key, config.file.gateway.name.get_ref());
    log.algorithm = config.algorithm;
    log.segment_bytes = evidence.segment_mib.get_ref().saturating_mul(MIB);
    log.reserve_bytes = evidence.reserve_mib.saturating_mul(MIB);
    let mut facts = vec![
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("policy_version".to_owned(), policy.version().iter().map(|byte| format!("{byte:02x}")).collect()),
    ];
    if shared_user {
        facts.push(("agent_isolation".to_owned(), "none".to_owned()));
    }
    for (listener, ..) in config.listeners.iter().filter(|(listener, ..)| listener.plaintext_accepted) {
        warn!(listener = %listener.name, "plaintext_credentials=accepted: this listener takes tokens without TLS beyond loopback");
        facts.push(("plaintext_credentials".to_owned(), format!("accepted on {}", listener.name)));
    }
    let (log, recovery) = Log::open(log, facts)?;
    info!(?recovery, key = %log.verifier_key(), "evidence is open");
    Ok(log)
}

async fn start_listeners(
    config: &Config,
    shared: &Arc<Shared>,
    stopping: &CancellationToken,
) -> Result<Vec<Arc<Listener>>> {
    let mut clusters = Vec::new();
    for (name, protocol) in &config.clusters {
        let schemas = Schemas::new(registry(config, name)?, shared.metrics.removed_tags.clone());
        let cluster = Arc::new(Cluster::new(name.clone(), *protocol, schemas));
        tokio::spawn(Arc::clone(&cluster).converse(shared.agents.clone(), shared.budget.clone()));
        clusters.push(cluster);
    }
    let mut listeners = Vec::new();
    for (listener, cluster, tls) in &config.listeners {
        let Some(cluster) = clusters.iter().find(|c| *c.name == **cluster) else { continue };
        let tls = tls.as_ref().map(tls::listener).transpose()?;
        let started =
            Listener::start(listener.clone(), tls, Arc::clone(cluster), Arc::clone(shared), stopping.clone()).await;
        listeners.push(
            started.with_context(|| format!("cannot bind {} for the listener {:?}", listener.bind, listener.name))?,
        );
    }
    Ok(listeners)
}

/// The schema registry of a cluster, if it has one.
fn registry(config: &Config, cluster: &str) -> Result<Option<Arc<dyn SchemaRegistry>>> {
    let section = config.file.schema_registry.iter().find(|section| section.cluster.get_ref() == cluster);
    let Some(section) = section else { return Ok(None) };
    Ok(Some(Arc::new(HttpRegistry::new(section)?)))
}

/// Keeps what sessions counted of decisions. It is no evidence: what cannot be kept is said and lost.
async fn keep_tallies(state: State, mut tallied: mpsc::Receiver<Tallied>, days: u16) {
    let mut trim = tokio::time::interval(TRIM);
    loop {
        let (state, given) = tokio::select! {
            given = tallied.recv() => match given {
                Some(given) => (state.clone(), Some(given)),
                None => return,
            },
            _ = trim.tick() => (state.clone(), None),
        };
        let kept = tokio::task::spawn_blocking(move || match given {
            Some(given) if days > 0 => state.count_decisions(&given),
            Some(_) => Ok(()),
            None => state.trim_decisions(days, now_ms()),
        });
        match kept.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(error = format!("{error:#}"), "decisions cannot be counted for dry runs"),
            Err(error) => warn!(%error, "decisions cannot be counted for dry runs"),
        }
    }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Keeps how service accounts were last used.
async fn keep_uses(state: State, shared: Arc<Shared>) {
    let mut kept: Vec<AccountUse> = shared.accounts.last_uses();
    let mut tick = tokio::time::interval(USES);
    loop {
        tick.tick().await;
        let uses = shared.accounts.last_uses();
        if uses == kept {
            continue;
        }
        let changed: Vec<AccountUse> = uses.iter().filter(|last| !kept.contains(last)).cloned().collect();
        match tokio::task::block_in_place(|| state.put_account_uses(&changed)) {
            Ok(()) => kept = uses,
            Err(error) => warn!(error = format!("{error:#}"), "the last uses of service accounts cannot be kept"),
        }
    }
}

async fn flush_failures(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tick.tick().await;
        shared.failures.flush_due(&shared.log, shared.now_ms());
    }
}

/// The incarnation's number, as agents know it.
fn incarnation(log: &Log) -> [u8; 16] {
    u128::from(log.status().incarnation).to_be_bytes()
}

/// Payload passes through this process: no core dumps, and no look into its memory by others of the same user.
fn protect_memory() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        warn!(%error, "cannot switch off core dumps");
    }
}
