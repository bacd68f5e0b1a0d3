//! Processes that never outlive the program that started them, also when it is killed with SIGKILL.
//!
//! Each process leads its own group and has a watchdog: a shell that waits on a pipe whose other end this program holds. When this
//! program ends in whatever way, the kernel closes the pipe and the shell kills the group. (The kernel's parent-death signal would not
//! do: it follows the *thread* that forked, and it is lost when a program changes its user, as `tidegate serve` does.)

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process_group};

/// How often a condition is looked at again while something is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// A started process; killed with its group when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    watchdog: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command` with standard output and error going to the file `log` (made anew). Standard input is what the command
    /// was given, or nothing.
    ///
    /// # Errors
    /// When the log cannot be made or the program cannot be started.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Process> {
        let output = File::create(log).with_context(|| format!("cannot make the log {}", log.display()))?;
        let errors = output.try_clone().context("cannot share the log")?;
        Process::start_with(name, command.stdin(Stdio::null()).stdout(output).stderr(errors), log)
    }

    /// Starts `command` whose three streams are set already; `log` is only quoted in errors.
    pub(crate) fn start_with(name: &str, command: &mut Command, log: &Path) -> Result<Process> {
        // The watchdog first: there is no moment at which the process runs unwatched but for the one line below.
        let mut watchdog = Command::new("/bin/sh")
            .args(["-c", "read -r group || exit 0; read -r done || kill -s KILL -- \"-$group\""])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start /bin/sh as a watchdog")?;
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}: {}", command.get_program().display()))?;
        if let Some(pipe) = &mut watchdog.stdin {
            writeln!(pipe, "{}", child.id()).context("the watchdog ended")?;
        }
        Ok(Process { name: name.to_owned(), child, watchdog, log: log.to_owned(), ended: None })
    }

    /// The process id, which is its group's id too.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the kernel does not know the process.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().with_context(|| format!("cannot look after {}", self.name))?;
        }
        Ok(self.ended)
    }

    /// Sends a signal to the process's whole group; nothing happens when it has ended.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        let group = i32::try_from(self.id()).ok().and_then(Pid::from_raw).context("a process id is positive")?;
        kill_process_group(group, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// SIGTERM, then SIGKILL when it still runs after `within`. Returns how it ended.
    ///
    /// # Errors
    /// When it had to be killed, or cannot be signalled.
    pub fn stop(&mut self, within: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        match self.wait(within) {
            Ok(status) => Ok(status),
            Err(error) => {
                self.kill9()?;
                Err(error.context(format!("{} did not end after SIGTERM", self.name)))
            }
        }
    }

    /// SIGKILL to the whole group, and waits for the end.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill9(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        if self.ended.is_none() {
            self.ended = Some(self.child.wait().with_context(|| format!("cannot wait for {}", self.name))?);
        }
        Ok(())
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it still runs after `within`.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let name = self.name.clone();
        until(&format!("the end of {name}"), within, || Ok(self.ended()?.is_some()))?;
        self.ended()?.with_context(|| format!("{name} has no exit status"))
    }

    /// Everything it wrote so far (to the log given at the start).
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Waits until the log contains `text`.
    ///
    /// # Errors
    /// When the process ends first or the time is over; the error carries the end of the log.
    pub fn wait_for_line(&mut self, text: &str, within: Duration) -> Result<()> {
        self.wait_for(&format!("\"{text}\" of {}", self.name), within, |process| Ok(process.log().contains(text)))
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    /// When the process ends first or the time is over; the error carries the end of the log.
    pub fn wait_for(
        &mut self,
        what: &str,
        within: Duration,
        mut ready: impl FnMut(&mut Process) -> Result<bool>,
    ) -> Result<()> {
        let outcome = until(what, within, || {
            if ready(self)? {
                return Ok(true);
            }
            match self.ended()? {
                Some(status) => bail!("{} ended: {}", self.name, describe(status)),
                None => Ok(false),
            }
        });
        outcome.with_context(|| format!("{} says:\n{}", self.log.display(), tail(&self.log(), 25)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.kill9());
        // A line is the word that all is well; without it the end of the pipe means that this program was killed.
        if let Some(mut pipe) = self.watchdog.stdin.take() {
            drop(writeln!(pipe, "done"));
        }
        drop(self.watchdog.wait());
    }
}

/// Looks at `ready` until it says true.
///
/// # Errors
/// When `within` is over, or what `ready` says.
pub fn until(what: &str, within: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    loop {
        if ready()? {
            return Ok(());
        }
        if start.elapsed() > within {
            bail!("waited {} s in vain for {what}", within.as_secs());
        }
        std::thread::sleep(LOOK);
    }
}

/// The last lines of a text.
#[must_use]
pub fn tail(text: &str, lines: usize) -> String {
    let skip = text.lines().count().saturating_sub(lines);
    text.lines().skip(skip).collect::<Vec<_>>().join("\n")
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no status".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn alive(pid: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.contains(") ") && !stat.contains(") Z")
    }

    #[test]
    fn an_early_end_is_an_error_that_quotes_the_log() {
        let scratch = Scratch::new("early").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such disk; exit 3"]);
        let mut process = Process::start("thing", &mut command, &scratch.path().join("log")).unwrap();
        let error = format!("{:?}", process.wait_for_line("ready", Duration::from_secs(20)).unwrap_err());
        assert!(error.contains("exit code 3") && error.contains("no such disk"), "{error}");
    }

    #[test]
    fn the_whole_group_dies_with_the_process() {
        let scratch = Scratch::new("group").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo child $!; wait"]);
        let mut process = Process::start("pair", &mut command, &scratch.path().join("log")).unwrap();
        process.wait_for_line("child ", Duration::from_secs(20)).unwrap();
        let child = process.log().trim().trim_start_matches("child ").to_owned();
        assert!(alive(&child));
        drop(process);
        until("the grandchild's end", Duration::from_secs(20), || Ok(!alive(&child))).unwrap();
    }

    /// The watchdog's own words, tried with a holder that is killed as hard as can be.
    #[test]
    fn a_killed_holder_takes_its_processes_along() {
        let scratch = Scratch::new("killed").unwrap();
        // This test runs itself once more as the holder.
        if let Some(log) = std::env::var_os("TIDEGATE_TEST_HOLDER") {
            let log = PathBuf::from(log);
            let held = Process::start("held", Command::new("sleep").arg("1000"), &scratch.path().join("log")).unwrap();
            fs::write(&log, format!("held {} end", held.id())).unwrap();
            std::thread::sleep(Duration::from_secs(1000));
        }
        let said = scratch.path().join("said");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "process::tests::a_killed_holder_takes_its_processes_along"]);
        command.env("TIDEGATE_TEST_HOLDER", &said);
        let mut holder = Process::start("holder", &mut command, &scratch.path().join("log")).unwrap();
        let ready = |_: &mut Process| Ok(fs::read_to_string(&said).unwrap_or_default().contains(" end"));
        holder.wait_for("the held process", Duration::from_secs(20), ready).unwrap();
        let held = fs::read_to_string(&said).unwrap().split(' ').nth(1).unwrap().to_owned();
        assert!(alive(&held));
        holder.kill9().unwrap();
        until("the held process's end", Duration::from_secs(20), || Ok(!alive(&held))).unwrap();
    }
}
