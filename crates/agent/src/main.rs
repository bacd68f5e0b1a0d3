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
use crate::upstream::{Cluster, LoadError};

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
    let config = Config::read(&arguments.config).map_err(|error| error.to_string())?;
    let env = EnvSecrets::take(&config.variables()).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let setup = runtime.block_on(load(config, &env)).map_err(|error| error.to_string())?;
    if !arguments.check {
        runtime.block_on(serve(&arguments.config, Arc::new(setup), &env, isolation))?;
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

async fn load(config: Config, env: &EnvSecrets) -> Result<Setup, LoadError> {
    let mut clusters = Vec::new();
    for (name, cluster) in &config.clusters {
        clusters.push(Arc::new(Cluster::load(name, cluster, env).await?));
    }
    Ok(Setup { name: config.name, gateway: config.gateway, gateway_uid: config.gateway_uid, clusters })
}

async fn serve(file: &Path, setup: Arc<Setup>, env: &EnvSecrets, isolation: Isolation) -> Result<(), String> {
    let no_signals = |error| format!("cannot listen for signals: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut reload = signal(SignalKind::hangup()).map_err(no_signals)?;
    let (working, mut ended) = mpsc::channel::<()>(1);
    let shared_user = isolation.uid == setup.gateway_uid;
    tracing::info!(agent = setup.name, clusters = setup.clusters.len(), shared_user, "agent started");
    if shared_user {
        tracing::warn!(
            "agent_isolation=none: agent and gateway run as one user; give them two for anything but a trial"
        );
    }
    let (publish, current) = watch::channel(setup);
    let session = tokio::spawn(session::run(Arc::new(Agent::new(current, isolation, working))));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = reload.recv() => match reloaded(file, env).await {
                Ok(setup) => {
                    if publish.borrow().gateway != setup.gateway {
                        tracing::warn!("the gateway's socket changed; it is used from the next connection on");
                    }
                    publish.send_replace(Arc::new(setup));
                    tracing::info!("configuration and secrets reloaded; open connections go on as they are");
                }
                Err(error) => tracing::error!("not reloaded, the old configuration stays: {error}"),
            },
        }
    }
    tracing::info!("ending; open connections have 10 s");
    session.abort();
    if timeout(DRAIN, async { while ended.recv().await.is_some() {} }).await.is_err() {
        tracing::info!("connections were cut");
    }
    Ok(())
}

async fn reloaded(file: &Path, env: &EnvSecrets) -> Result<Setup, String> {
    let config = Config::read(file).map_err(|error| error.to_string())?;
    load(config, env).await.map_err(|error| error.to_string())
}
