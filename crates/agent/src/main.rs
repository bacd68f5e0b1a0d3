//! `tidegate-agent`: holds the broker credentials, logs in to brokers, hands authenticated connections to the gateway.
//!
//! No policy, no evidence, no HTTP, no database: the less runs beside the secrets, the better.

mod config;
mod dial;
mod harden;
mod login;
mod relay;
mod secret;
mod session;
mod upstream;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tidegate_link::Isolation;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::config::Config;
use crate::secret::EnvSecrets;
use crate::session::{Agent, Setup};
use crate::upstream::Cluster;

/// How long connections that are being relayed may go on after SIGTERM.
const DRAIN: Duration = Duration::from_secs(10);

/// Holds the broker credentials of a Tidegate gateway, and hands it authenticated connections.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Reads the configuration and the secrets, says what is wrong and ends.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let hardened = harden::harden();
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    match hardened.and_then(|isolation| start(&arguments, isolation)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(2)
        }
    }
}

fn start(arguments: &Arguments, isolation: Isolation) -> Result<(), String> {
    let config = Config::read(&arguments.config)?;
    let env = EnvSecrets::take(&config.variables())?;
    // relative paths mean the configuration's folder, now and after each reload
    let enter = || {
        let file = arguments.config.canonicalize()?;
        std::env::set_current_dir(file.parent().unwrap_or(Path::new("/")))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        Ok::<_, std::io::Error>((file, runtime))
    };
    let (file, runtime) = enter().map_err(|error| format!("cannot start: {error}"))?;
    let setup = runtime.block_on(load(config, &env))?;
    if !arguments.check {
        runtime.block_on(serve(&file, Arc::new(setup), &env, isolation))?;
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

async fn load(config: Config, env: &EnvSecrets) -> Result<Setup, String> {
    let mut clusters = Vec::new();
    for cluster in config.clusters {
        clusters.push(Cluster::load(cluster.into_inner(), env).await?);
    }
    Ok(Setup { agent: config.agent, clusters })
}

async fn serve(file: &Path, setup: Arc<Setup>, env: &EnvSecrets, isolation: Isolation) -> Result<(), String> {
    let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut reload = listen(SignalKind::hangup())?;
    let (working, mut ended) = mpsc::channel::<()>(1);
    tracing::info!(agent = setup.agent.name, clusters = setup.clusters.len(), "agent started");
    if isolation.uid == setup.agent.gateway_uid {
        tracing::warn!("agent_isolation=none: agent and gateway run as one user; give each its own");
    }
    let (publish, current) = watch::channel(setup);
    let session = tokio::spawn(session::run(Arc::new(Agent::new(current, isolation, working))));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = reload.recv() => match async { load(Config::read(file)?, env).await }.await {
                Ok(setup) => {
                    publish.send_replace(Arc::new(setup));
                    tracing::info!("configuration and secrets reloaded; open connections go on as they are");
                }
                Err(error) => tracing::error!("not reloaded, the old configuration stays: {error}"),
            },
        }
    }
    tracing::info!("ending; open connections have 10 s");
    session.abort();
    if timeout(DRAIN, ended.recv()).await.is_err() {
        tracing::info!("connections were cut");
    }
    Ok(())
}
