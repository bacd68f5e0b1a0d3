//! Reads the key that wraps the keyring.

use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use tidegate_evidence::store::SecretKey;
use zeroize::Zeroizing;

use crate::config::KeySource;

/// The 32 bytes of the wrapping key.
///
/// # Errors
/// The file or command cannot be read, others may read the file, or what comes is not 32 bytes as base64 or hex.
pub(crate) fn wrapping_key(source: &KeySource) -> Result<SecretKey> {
    let text = match source {
        KeySource::File { file } => {
            let metadata = std::fs::metadata(file).with_context(|| {
                format!("cannot read the wrapping key {}; make one with: head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE", file.display())
            })?;
            if metadata.mode() & 0o077 != 0 {
                bail!("others may read the wrapping key {0}; mend it with: chmod 600 {0}", file.display());
            }
            Zeroizing::new(
                std::fs::read(file).with_context(|| format!("cannot read the wrapping key {}", file.display()))?,
            )
        }
        KeySource::Command { command } => {
            let Some((program, arguments)) = command.split_first() else {
                bail!("the wrapping key's command is empty")
            };
            let output = std::process::Command::new(program)
                .args(arguments)
                .stderr(std::process::Stdio::inherit())
                .output()
                .with_context(|| format!("cannot run the wrapping key's command {program:?}"))?;
            if !output.status.success() {
                bail!("the wrapping key's command {program:?} failed: {}", output.status);
            }
            Zeroizing::new(output.stdout)
        }
    };
    let words = text.trim_ascii();
    let bytes = Zeroizing::new(
        if words.len() == 64 { from_hex(words) } else { base64::prelude::BASE64_STANDARD.decode(words).ok() }
            .unwrap_or_default(),
    );
    let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) else {
        bail!("the wrapping key is not 32 bytes as base64 (44 characters) or hex (64)");
    };
    Ok(Zeroizing::new(key))
}

fn from_hex(words: &[u8]) -> Option<Vec<u8>> {
    words.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
