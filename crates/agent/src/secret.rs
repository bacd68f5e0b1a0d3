//! Secrets: where they come from, and a type that cannot be printed.

use std::collections::BTreeMap;
use std::ffi::OsString;
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

/// Secret bytes: zeroed when dropped, printed as nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file that only the agent's user may read.
    File(PathBuf),
    /// An environment variable, taken at start.
    Env(String),
    /// A command's standard output.
    Command(Vec<String>),
}

/// Why a secret is not to be had. Holds no part of a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("cannot read the secret file {0}: {1}; check that the agent's user may read it")]
    Read(PathBuf, std::io::Error),
    #[error("the secret file {0} is not a regular file; name one")]
    NotFile(PathBuf),
    #[error("the secret file {path} belongs to user {owner}, the agent runs as {agent}; run: chown {agent} {path}")]
    Owner { path: PathBuf, owner: u32, agent: u32 },
    #[error("the secret file {0} may be read by others (mode {1:o}); run: chmod 600 {0}")]
    Mode(PathBuf, u32),
    #[error("the secret from {0} is empty or longer than 64 KiB")]
    Size(String),
    #[error("the environment variable {0} was not set when the agent started; set it and restart")]
    NoVariable(String),
    #[error("the secret's command {0:?} {1}; run it by hand as the agent's user")]
    Command(String, String),
    #[error("cannot take secrets out of the environment: {0}")]
    Clear(std::io::Error),
}

/// The secrets that were in the environment at start. They are not in this process's environment any more.
#[derive(Debug, Default)]
pub(crate) struct EnvSecrets(BTreeMap<String, Secret>);

impl EnvSecrets {
    /// Gets the variables' values and makes sure that they are not in the process's environment: where they are, the
    /// program starts itself anew without them and hands the values over in an unnamed file in memory. (A variable that is
    /// only unset stays readable in `/proc/PID/environ`.)
    ///
    /// # Errors
    /// [`SecretError::Clear`] when the system refuses a step.
    pub(crate) fn take(names: &[&str]) -> Result<EnvSecrets, SecretError> {
        let found: Vec<(&str, OsString)> =
            names.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect();
        if !found.is_empty() {
            return Err(SecretError::Clear(restart_without(found)));
        }
        if std::env::var_os(HANDED).is_none() {
            return Ok(EnvSecrets::default());
        }
        receive().map_err(SecretError::Clear)
    }
}

/// Only returns when it fails.
fn restart_without(found: Vec<(&str, OsString)>) -> std::io::Error {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let mut command = match std::env::current_exe() {
        Ok(program) => std::process::Command::new(program),
        Err(error) => return error,
    };
    for (name, value) in found {
        command.env_remove(name);
        let value = Zeroizing::new(value.into_vec());
        for part in [name.as_bytes(), &value] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
    }
    let handed = || -> std::io::Result<File> {
        let mut file = File::from(rustix::fs::memfd_create("secrets", rustix::fs::MemfdFlags::CLOEXEC)?);
        file.write_all(&bytes)?;
        file.rewind()?;
        Ok(file)
    };
    match handed() {
        Ok(file) => command.args(std::env::args_os().skip(1)).env(HANDED, "stdin").stdin(file).exec(),
        Err(error) => error,
    }
}

fn receive() -> std::io::Result<EnvSecrets> {
    // not through Stdin, whose buffer would keep a copy
    let mut input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut secrets = BTreeMap::new();
    while let Some(name) = receive_part(&mut input)? {
        let value = receive_part(&mut input)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        if let Some(secret) = Secret::new(value.to_vec()) {
            secrets.insert(name, secret);
        }
    }
    rustix::fs::ftruncate(&input, 0)?; // frees the pages that held the secrets
    Ok(EnvSecrets(secrets))
}

fn receive_part(input: &mut impl Read) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut field = [0; 4];
    if input.read(&mut field)? == 0 {
        return Ok(None);
    }
    let length = u64::from(u32::from_be_bytes(field)).min(SECRET_MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0)));
    input.take(length).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

impl Source {
    /// Gets the secret.
    ///
    /// # Errors
    /// [`SecretError`], which says how to mend it.
    pub(crate) async fn load(&self, env: &EnvSecrets) -> Result<Secret, SecretError> {
        match self {
            Source::File(path) => read_file(path),
            Source::Env(name) => env.0.get(name).cloned().ok_or_else(|| SecretError::NoVariable(name.clone())),
            Source::Command(words) => run(words).await,
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, SecretError> {
    let unread = |error| SecretError::Read(path.into(), error);
    // non-blocking, so that a FIFO in its place cannot hang the agent; checks are made on what was opened
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let file = File::options().read(true).custom_flags(flags.cast_signed()).open(path).map_err(unread)?;
    let facts = file.metadata().map_err(unread)?;
    let agent = rustix::process::geteuid().as_raw();
    if !facts.is_file() {
        return Err(SecretError::NotFile(path.into()));
    }
    if facts.uid() != agent {
        return Err(SecretError::Owner { path: path.into(), owner: facts.uid(), agent });
    }
    if facts.mode() & 0o077 != 0 {
        return Err(SecretError::Mode(path.into(), facts.mode() & 0o777));
    }
    let size = || SecretError::Size(path.display().to_string());
    if facts.len() > SECRET_MAX {
        return Err(size());
    }
    // the capacity is given, so that no copy is left behind by a growing buffer
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or(0).saturating_add(32));
    file.take(SECRET_MAX).read_to_end(&mut bytes).map_err(unread)?;
    Secret::new(bytes).ok_or_else(size)
}

async fn run(words: &[String]) -> Result<Secret, SecretError> {
    let name = words.first().cloned().unwrap_or_default();
    let failed = |what: String| SecretError::Command(name.clone(), what);
    let mut command = tokio::process::Command::new(&name);
    command.args(words.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| failed(format!("does not start: {error}")))?;
    let output = child.stdout.take();
    let work = async {
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(SECRET_MAX).unwrap_or(0)));
        if let Some(output) = output {
            output.take(SECRET_MAX).read_to_end(&mut bytes).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, bytes))
    };
    match tokio::time::timeout(COMMAND_TIME, work).await {
        Ok(Ok((status, mut bytes))) if status.success() => {
            Secret::new(std::mem::take(&mut *bytes)).ok_or_else(|| SecretError::Size(format!("the command {name:?}")))
        }
        Ok(Ok((status, _))) => Err(failed(format!("ended with {status}"))),
        Ok(Err(error)) => Err(failed(format!("cannot be read: {error}"))),
        Err(_late) => Err(failed("did not end within 10 s".into())),
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
            let error = read_file(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("chmod 600 {}", path.display())), "{mode:o}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        for mode in [0o600, 0o400] {
            assert_eq!(read_file(&file(&folder, mode, b"hunter2\r\n")).unwrap().expose(), b"hunter2");
        }
    }

    #[test]
    fn empty_long_missing_and_special_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read_file(&file(&folder, 0o600, b"\n")), Err(SecretError::Size(_))));
        assert!(matches!(read_file(&file(&folder, 0o600, &vec![b'x'; 65_537])), Err(SecretError::Size(_))));
        assert!(matches!(read_file(&folder.path().join("none")), Err(SecretError::Read(..))));
        assert!(matches!(read_file(folder.path()), Err(SecretError::NotFile(_))));
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert!(matches!(read_file(&fifo), Err(SecretError::NotFile(_))));
    }

    #[test]
    fn a_secret_prints_as_nothing() {
        assert_eq!(format!("{:?}", Secret::new(b"hunter2".to_vec())), "Some(Secret(..))");
    }

    #[tokio::test]
    async fn a_command_gives_its_output_or_an_error_without_it() {
        let shell = |script: &str| Source::Command(vec!["sh".into(), "-c".into(), script.into()]);
        let env = EnvSecrets::default();
        assert_eq!(shell("echo hunter2").load(&env).await.unwrap().expose(), b"hunter2");
        for script in ["echo hunter2; exit 3", "true", "kill -9 $$"] {
            let error = shell(script).load(&env).await.unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let none = Source::Command(vec!["/nonexistent/vault".into()]).load(&env).await.unwrap_err().to_string();
        assert!(none.contains("/nonexistent/vault"), "{none}");
        let error = Source::Env("X".into()).load(&env).await.unwrap_err().to_string();
        assert!(error.contains("variable X"), "{error}");
    }
}
