//! Settings of token introspection, and the secret that it needs.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::check_url;

const SECRET_BYTES_MAX: u64 = 4_096;
/// How often a live session's token may be asked about, in seconds.
const RECHECK: std::ops::RangeInclusive<u64> = 10..=3_600;

/// Asking the issuer about tokens (RFC 7662).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionConfig {
    /// The issuer's `introspection_endpoint`, `https` (`http` only for a loopback host).
    pub url: String,
    /// The client as which the gate asks, with HTTP Basic.
    pub client_id: String,
    /// The client's secret. A file has to be closed to others; of a command what it prints is taken.
    pub client_secret: SecretSource,
    /// Whether opaque tokens are accepted. At most one issuer may do this: a token that is no JWT does not say whose it is, and
    /// no other issuer may see it.
    #[serde(default = "yes")]
    pub opaque: bool,
    /// Whether the issuer is asked about JWTs as well, once they are verified: sees revocations, and costs a request each 30
    /// seconds for each token.
    #[serde(default)]
    pub jwts: bool,
    /// Seconds after which the issuer is asked again about the token of a live session, 10 to 3600. Without it only at logins.
    #[serde(default)]
    pub recheck_s: Option<u64>,
}

fn yes() -> bool {
    true
}

impl IntrospectionConfig {
    /// The setting that is wrong, and what would do.
    pub(crate) fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        check_url(&self.url).map_err(|what| ("introspection.url", what))?;
        if self.client_id.is_empty() {
            return Err(("introspection.client_id", "name the client that the issuer knows the gate as"));
        }
        if !self.opaque && !self.jwts {
            return Err((
                "introspection.opaque",
                "with neither opaque nor jwts nothing is asked; leave introspection out",
            ));
        }
        if self.recheck_s.is_some_and(|seconds| !RECHECK.contains(&seconds)) {
            return Err(("introspection.recheck_s", "use 10 to 3600 seconds"));
        }
        Ok(())
    }
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "write { file = \"…\" } or { command = [\"…\"] }")]
pub enum SecretSource {
    /// A file that others may not read.
    File {
        /// Its path.
        file: PathBuf,
    },
    /// A program that prints the secret.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
}

impl SecretSource {
    /// The secret, without white space around it. The error never holds it.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>, String> {
        let bytes = match self {
            SecretSource::File { file } => {
                let failed = |error| format!("cannot read {}: {error}", file.display());
                let open = std::fs::File::open(file).map_err(failed)?;
                if open.metadata().map_err(failed)?.mode() & 0o077 != 0 {
                    return Err(format!("others may read {0}; mend it with: chmod 600 {0}", file.display()));
                }
                let mut bytes = Zeroizing::new(Vec::new());
                open.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
                bytes
            }
            SecretSource::Command { command } => {
                let Some((program, arguments)) = command.split_first() else {
                    return Err("the command is empty".to_owned());
                };
                let output =
                    Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
                let output = output.map_err(|error| format!("cannot run {program:?}: {error}"))?;
                let bytes = Zeroizing::new(output.stdout);
                if !output.status.success() {
                    return Err(format!("{program:?} failed: {}", output.status));
                }
                bytes
            }
        };
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
        let good = u64::try_from(bytes.len()).is_ok_and(|length| length <= SECRET_BYTES_MAX);
        if text.is_empty() || !good || text.contains(char::is_control) {
            return Err("the secret is empty, longer than 4096 bytes, or no line of text".to_owned());
        }
        Ok(Zeroizing::new(text.to_owned()))
    }
}
