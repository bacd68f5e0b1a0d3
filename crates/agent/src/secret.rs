//! Secrets: where they come from, and a type that cannot be printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

/// The longest secret in bytes; keys in PEM are the longest.
const SECRET_MAX: u64 = 64 * 1024;
/// How long a secret's command may run.
const COMMAND_TIME: Duration = Duration::from_secs(10);
/// Set for the process that gets the cleared variables' values through its standard input.
const HANDED: &str = "TIDEGATE_AGENT_ENV_SECRETS";

/// Secret bytes: zeroed when dropped, and of a type that cannot be printed.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over, without a final line end; `None` when nothing is left.
    pub(crate) fn new(bytes: Vec<u8>) -> Option<Secret> {
        let mut bytes = Zeroizing::new(bytes);
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        (!bytes.is_empty()).then_some(Secret(bytes))
    }

    /// The bytes, for the one call that needs them.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// Where a secret comes from, as configured.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// A file that only the agent's user may read.
    File(PathBuf),
    /// An environment variable, taken at start.
    Env(String),
    /// A command's standard output.
    Command(Vec<String>),
}

/// The secrets that were in the environment at start. They are not in this process's environment any more.
#[derive(Default)]
pub(crate) struct EnvSecrets(BTreeMap<String, Secret>);

impl EnvSecrets {
    /// Gets the variables' values and makes sure that they are not in the process's environment: where they are, the
    /// program starts itself anew without them and hands the values over in an unnamed file in memory. (A variable that is
    /// only unset stays readable in `/proc/PID/environ`.)
    pub(crate) fn take(names: &[&str]) -> Result<EnvSecrets, String> {
        let taken = if names.iter().any(|name| std::env::var_os(name).is_some()) {
            restart_without(names)
        } else if std::env::var_os(HANDED).is_some() {
            receive()
        } else {
            Ok(EnvSecrets::default())
        };
        taken.map_err(|error| format!("cannot take secrets out of the environment: {error}"))
    }
}

/// Only returns when it fails.
fn restart_without(names: &[&str]) -> std::io::Result<EnvSecrets> {
    let mut command = std::process::Command::new(std::env::current_exe()?);
    let mut file = File::from(rustix::fs::memfd_create("secrets", rustix::fs::MemfdFlags::CLOEXEC)?);
    for name in names {
        let value = Zeroizing::new(std::env::var_os(name).unwrap_or_default().into_vec());
        // a variable holds no zero byte
        for part in [name.as_bytes(), b"\0", &value, b"\0"] {
            file.write_all(part)?;
        }
        command.env_remove(name);
    }
    if file.stream_position()? > SECRET_MAX {
        return Err(std::io::Error::other("they are longer than 64 KiB"));
    }
    file.rewind()?;
    Err(command.args(std::env::args_os().skip(1)).env(HANDED, "stdin").stdin(file).exec())
}

fn receive() -> std::io::Result<EnvSecrets> {
    // not through Stdin, whose buffer would keep a copy
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let bytes = Zeroizing::new(read_all(&input)?);
    rustix::fs::ftruncate(&input, 0)?; // frees the pages that held the secrets
    let mut parts = bytes.split(|byte| *byte == 0);
    let mut secrets = BTreeMap::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        if let Some(secret) = Secret::new(value.to_vec()) {
            secrets.insert(String::from_utf8_lossy(name).into_owned(), secret);
        }
    }
    Ok(EnvSecrets(secrets))
}

impl Source {
    /// Gets the secret. The error says how to mend it, without a part of a secret.
    pub(crate) async fn load(&self, env: &EnvSecrets) -> Result<Secret, String> {
        let (bytes, from) = match self {
            Source::Env(name) => {
                let missing = || format!("the environment variable {name} was not set at start; set it and restart");
                return env.0.get(name).cloned().ok_or_else(missing);
            }
            Source::File(path) => (read_file(path)?, format!("the file {}", path.display())),
            Source::Command(words) => {
                let from = format!("the command {:?}", words.first().map_or("", String::as_str));
                let failed = |what| format!("{from} for a secret {what}; run it by hand as the agent's user");
                (run(words).await.map_err(failed)?, from)
            }
        };
        Secret::new(bytes).ok_or_else(|| format!("the secret from {from} is empty"))
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let unread =
        |error| format!("cannot read the secret file {name}: {error}; check that the agent's user may read it");
    // non-blocking, so that a FIFO in its place cannot hang the agent; the checks are made on what was opened
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(unread)?;
    let facts = file.metadata().map_err(unread)?;
    let (owner, agent, mode) = (facts.uid(), rustix::process::geteuid().as_raw(), facts.mode() & 0o777);
    if !facts.is_file() || facts.len() > SECRET_MAX {
        return Err(format!("the secret file {name} is not a regular file of at most 64 KiB"));
    }
    if owner != agent {
        return Err(format!(
            "the secret file {name} belongs to user {owner}, the agent runs as {agent}; run: chown {agent} {name}"
        ));
    }
    if mode & 0o077 != 0 {
        return Err(format!("the secret file {name} may be read by others (mode {mode:o}); run: chmod 600 {name}"));
    }
    read_all(file).map_err(unread)
}

/// Reads at most a secret's length; the capacity is given, so that no copy is left behind by a growing buffer.
fn read_all(input: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(SECRET_MAX).unwrap_or(0)));
    input.take(SECRET_MAX).read_to_end(&mut bytes)?;
    Ok(std::mem::take(&mut *bytes))
}

async fn run(words: &[String]) -> Result<Vec<u8>, String> {
    let mut command = tokio::process::Command::new(words.first().map_or("", String::as_str));
    command.args(words.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("does not start: {error}"))?;
    let mut output = child.stdout.take().ok_or("has no output")?.take(SECRET_MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(SECRET_MAX).unwrap_or(0)));
    let work = async {
        output.read_to_end(&mut bytes).await?;
        child.wait().await
    };
    match tokio::time::timeout(COMMAND_TIME, work).await {
        Ok(Ok(status)) if status.success() => Ok(std::mem::take(&mut *bytes)),
        Ok(Ok(status)) => Err(format!("ended with {status}")),
        Ok(Err(error)) => Err(format!("cannot be read: {error}")),
        Err(_late) => Err("did not end within 10 s".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(folder: &tempfile::TempDir, mode: u32, content: &[u8]) -> PathBuf {
        let path = folder.path().join(format!("secret-{mode:o}"));
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_mend() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644, 0o777] {
            let path = file(&folder, mode, b"hunter2\n");
            let error = read_file(&path).unwrap_err();
            assert!(error.contains(&format!("chmod 600 {}", path.display())), "{mode:o}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        for mode in [0o600, 0o400] {
            let bytes = read_file(&file(&folder, mode, b"hunter2\r\n")).unwrap();
            assert_eq!(Secret::new(bytes).unwrap().expose(), b"hunter2");
        }
    }

    #[test]
    fn empty_long_missing_and_special_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Secret::new(b"\n".to_vec()).is_none());
        assert!(read_file(&file(&folder, 0o600, &vec![b'x'; 65_537])).unwrap_err().contains("64 KiB"));
        assert!(read_file(&folder.path().join("none")).unwrap_err().contains("cannot read"));
        assert!(read_file(folder.path()).unwrap_err().contains("not a regular file"));
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert!(read_file(&fifo).unwrap_err().contains("not a regular file"));
    }

    #[tokio::test]
    async fn a_command_gives_its_output_or_an_error_without_it() {
        let shell = |script: &str| Source::Command(vec!["sh".into(), "-c".into(), script.into()]);
        let env = EnvSecrets::default();
        assert_eq!(shell("echo hunter2").load(&env).await.unwrap().expose(), b"hunter2");
        for script in ["echo hunter2; exit 3", "true", "kill -9 $$"] {
            let error = shell(script).load(&env).await.err().unwrap();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let none = Source::Command(vec!["/nonexistent/vault".into()]).load(&env).await.err().unwrap();
        assert!(none.contains("/nonexistent/vault"), "{none}");
        let error = Source::Env("X".into()).load(&env).await.err().unwrap();
        assert!(error.contains("variable X"), "{error}");
    }
}
