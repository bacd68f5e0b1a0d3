//! Users and child processes. As root, `serve` becomes a small parent that starts gateway and agent, each as a user of its own,
//! and passes signals on; without root's rights it starts the agent, where it is to, as its own user.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, getuid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;

/// How long an agent may take to end before it is killed.
const STOP: Duration = Duration::from_secs(5);
/// The delay before an agent that ended is started again.
const RESTART: Duration = Duration::from_secs(1);

/// Whether this process is to be the parent: root's rights, and a user to become.
pub(crate) fn is_needed(config: &Config) -> bool {
    getuid().is_root() && config.file.gateway.user.is_some()
}

/// The parent: starts both, passes on signals, ends with the gateway's exit code.
pub(crate) fn run(config: &Config, path: &Path) -> Result<ExitCode> {
    let user = config.file.gateway.user.as_deref().unwrap_or_default();
    let gateway_user = account(user)?;
    let agent_user = config.file.agents.user.as_ref().map(|user| account(user.get_ref())).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut gateway = Command::new(std::env::current_exe()?);
        gateway.arg("serve").arg("--config").arg(path);
        become_user(&mut gateway, &gateway_user);
        let mut gateway = tokio::process::Command::from(gateway).spawn().context("cannot start the gateway")?;
        let agent = match (&config.file.agents.start, agent_user) {
            (Some(_), Some(account)) => {
                let (program, arguments) = agent_command(config)?;
                Some(Child::keep(program, arguments, Some(account)))
            }
            (Some(_), None) => bail!("[agents] start needs `user` when the gateway runs as a user of its own"),
            (None, _) => None,
        };
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let status = loop {
            let pass_on = tokio::select! {
                status = gateway.wait() => break status?,
                _ = terminate.recv() => Signal::TERM,
                _ = interrupt.recv() => Signal::TERM,
                _ = hangup.recv() => Signal::HUP,
            };
            send(gateway.id(), pass_on);
        };
        if let Some(agent) = agent {
            agent.stop().await;
        }
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    })
}

/// An agent that this process keeps running.
#[derive(Debug)]
pub(crate) struct Child {
    task: tokio::task::JoinHandle<()>,
    stopping: CancellationToken,
}

impl Child {
    fn keep(program: PathBuf, arguments: Vec<PathBuf>, account: Option<Account>) -> Self {
        let stopping = CancellationToken::new();
        let task = tokio::spawn(keep_running(program, arguments, account, stopping.clone()));
        Self { task, stopping }
    }

    /// Ends the agent and waits until it is gone.
    pub(crate) async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.task.await {
            warn!(%error, "the agent's keeper failed");
        }
    }
}

/// Starts the agent where the configuration says so and no parent has done it.
pub(crate) fn start_agent(config: &Config) -> Result<Option<Child>> {
    if config.file.agents.start.is_none() || config.file.gateway.user.is_some() {
        return Ok(None);
    }
    let (program, arguments) = agent_command(config)?;
    let account = match &config.file.agents.user {
        Some(user) if getuid().is_root() => Some(account(user.get_ref())?),
        _ => None,
    };
    Ok(Some(Child::keep(program, arguments, account)))
}

async fn keep_running(
    program: PathBuf,
    arguments: Vec<PathBuf>,
    account: Option<Account>,
    stopping: CancellationToken,
) {
    while !stopping.is_cancelled() {
        let mut command = Command::new(&program);
        command.args(&arguments);
        if let Some(account) = &account {
            become_user(&mut command, account);
        }
        let mut command = tokio::process::Command::from(command);
        match command.kill_on_drop(true).spawn() {
            Ok(mut child) => tokio::select! {
                ended = child.wait() => match ended {
                    Ok(status) => warn!(%status, "the agent ended; starting it again"),
                    Err(error) => warn!(%error, "the agent is lost; starting another"),
                },
                () = stopping.cancelled() => return end(child).await,
            },
            Err(error) => warn!(program = %program.display(), %error, "cannot start the agent; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(RESTART) => {}
            () = stopping.cancelled() => {}
        }
    }
}

/// Asks a child to end, and kills it if it does not.
async fn end(mut child: tokio::process::Child) {
    send(child.id(), Signal::TERM);
    if tokio::time::timeout(STOP, child.wait()).await.is_err() {
        warn!("the agent did not end in time and is killed");
        if let Err(error) = child.kill().await {
            warn!(%error, "the agent cannot be killed");
        }
    }
}

fn agent_command(config: &Config) -> Result<(PathBuf, Vec<PathBuf>)> {
    let Some(start) = &config.file.agents.start else { bail!("[agents] start is missing") };
    let program = match &start.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("tidegate-agent"),
    };
    Ok((program, vec!["--config".into(), start.config.clone()]))
}

fn send(pid: Option<u32>, signal: Signal) {
    let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        info!(%error, "a signal could not be passed on");
    }
}

/// A user and its first group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

fn become_user(command: &mut Command, account: &Account) {
    // Setting the user drops the supplementary groups as well.
    command.uid(account.uid).gid(account.gid);
}

/// The user id of a name or number.
///
/// # Errors
/// Nobody has this name.
pub(crate) fn uid_of(user: &str) -> Result<u32> {
    account(user).map(|account| account.uid)
}

fn account(user: &str) -> Result<Account> {
    if let Ok(uid) = user.parse() {
        return Ok(Account { uid, gid: uid });
    }
    let passwd = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let row = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|row| row.first() == Some(&user));
    let parsed = row.and_then(|row| Some(Account { uid: row.get(2)?.parse().ok()?, gid: row.get(3)?.parse().ok()? }));
    parsed.with_context(|| format!("there is no user {user:?}; make one with: useradd --system {user}"))
}
