//! Reads the key that wraps the keyring, those of classes of fields and the credentials of registries, and wraps the gate's own secrets with one made of it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context as _, Result, bail};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;
use tidegate_evidence::store::SecretKey;
use tidegate_masking::transform::ClassKey;
use zeroize::Zeroizing;

use crate::config::{ClassKeySection, KeySource, RegistrySection};

/// The 32 bytes of the wrapping key.
///
/// # Errors
/// As of [`key`].
pub(crate) fn wrapping_key(source: &KeySource) -> Result<SecretKey> {
    key(source, "the wrapping key")
}

/// The keys of classes of fields, by the name of the class's row.
///
/// # Errors
/// As of [`key`].
pub(crate) fn class_keys(sections: &[ClassKeySection]) -> Result<BTreeMap<String, ClassKey>> {
    let read = |section: &ClassKeySection| {
        let class = section.class.get_ref();
        let secret = key(&section.key, &format!("the key of class {class}"))?;
        Ok((class.clone(), ClassKey::new(section.id.get_ref(), &secret)))
    };
    sections.iter().map(read).collect()
}

/// What the gate shows a schema registry to be let in, if anything.
///
/// # Errors
/// As of [`read`], or it is no text.
pub(crate) fn registry_login(section: &RegistrySection) -> Result<Option<HeaderValue>> {
    let header = match (&section.user, &section.password, &section.token) {
        (Some(user), Some(password), _) => {
            let password = read(password, "the schema registry's password", WRITE_IT)?;
            let login = Zeroizing::new([user.get_ref().as_bytes(), b":", password.trim_ascii()].concat());
            Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*login)).into_bytes())
        }
        (_, _, Some(token)) => {
            let token = read(token.get_ref(), "the schema registry's token", WRITE_IT)?;
            Zeroizing::new([b"Bearer ", token.trim_ascii()].concat())
        }
        _ => return Ok(None),
    };
    let mut value =
        HeaderValue::from_bytes(&header).context("the schema registry's credential is no text of one line")?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// The 32 bytes of a key; `what` says which.
///
/// # Errors
/// As of [`read`], or what comes is not 32 bytes as base64 or hex.
fn key(source: &KeySource, what: &str) -> Result<SecretKey> {
    let text = read(source, what, "make one with: head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE")?;
    let words = text.trim_ascii();
    let bytes = Zeroizing::new(
        if words.len() == 64 { from_hex(words) } else { BASE64_STANDARD.decode(words).ok() }.unwrap_or_default(),
    );
    let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) else {
        bail!("{what} is not 32 bytes as base64 (44 characters) or hex (64)");
    };
    Ok(Zeroizing::new(key))
}

/// How to mend it that a credential of somebody else's is not where it should be.
const WRITE_IT: &str = "write it there; chmod 600 FILE";

/// A secret as it lies in its file or as a command says it; `what` says which, `mend` what to do where the file is not there.
///
/// # Errors
/// The file or command cannot be read, or others may read the file.
fn read(source: &KeySource, what: &str, mend: &str) -> Result<Zeroizing<Vec<u8>>> {
    Ok(match source {
        KeySource::File { file } => {
            let metadata =
                std::fs::metadata(file).with_context(|| format!("cannot read {what} {}; {mend}", file.display()))?;
            if metadata.mode() & 0o077 != 0 {
                bail!("others may read {what} {0}; mend it with: chmod 600 {0}", file.display());
            }
            Zeroizing::new(std::fs::read(file).with_context(|| format!("cannot read {what} {}", file.display()))?)
        }
        KeySource::Command { command } => {
            let Some((program, arguments)) = command.split_first() else { bail!("the command of {what} is empty") };
            let output = std::process::Command::new(program)
                .args(arguments)
                .stderr(std::process::Stdio::inherit())
                .output()
                .with_context(|| format!("cannot run the command {program:?} of {what}"))?;
            if !output.status.success() {
                bail!("the command {program:?} of {what} failed: {}", output.status);
            }
            Zeroizing::new(output.stdout)
        }
    })
}

/// Wraps and unwraps what the gate's state keeps secret: AES-256-GCM with a key that HKDF-SHA-256 makes of the wrapping key and
/// the purpose, a random nonce before the rest, the purpose as associated data.
pub(crate) struct Wrap {
    key: LessSafeKey,
    purpose: &'static str,
}

impl Wrap {
    /// # Errors
    /// The library refuses the key, which does not happen.
    pub(crate) fn new(wrapping: &SecretKey, purpose: &'static str) -> Result<Wrap> {
        let mut key = Zeroizing::new([0; 32]);
        let made = Salt::new(HKDF_SHA256, b"tidegate wrap v1").extract(wrapping.as_slice());
        made.expand(&[purpose.as_bytes()], HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .ok()
            .context("no key can be made of the wrapping key")?;
        let key =
            UnboundKey::new(&AES_256_GCM, key.as_slice()).ok().context("no key can be made of the wrapping key")?;
        Ok(Wrap { key: LessSafeKey::new(key), purpose })
    }

    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn wrap(&self, secret: &[u8]) -> Result<Vec<u8>> {
        let nonce = random::<NONCE_LEN>()?;
        let mut bytes = secret.to_vec();
        let aad = Aad::from(self.purpose);
        let sealed = self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes);
        sealed.ok().context("a secret cannot be wrapped")?;
        Ok([&nonce[..], &bytes].concat())
    }

    /// # Errors
    /// Another key wrapped it, or it was changed.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let wrong = "the gate's state holds secrets that another wrapping key wrapped, or that were changed; give the wrapping key it \
                     was made with";
        let (nonce, rest) = wrapped.split_at_checked(NONCE_LEN).context(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok().context(wrong)?;
        let mut bytes = Zeroizing::new(rest.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(self.purpose), &mut bytes).ok().context(wrong)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Bytes that nobody can guess.
///
/// # Errors
/// The system gives none.
pub(crate) fn random<const BYTES: usize>() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("the system gives no random numbers")?;
    Ok(bytes)
}

/// Bytes that nobody can guess, in base64url.
///
/// # Errors
/// The system gives none.
pub(crate) fn random_word<const BYTES: usize>() -> Result<String> {
    Ok(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(random::<BYTES>()?))
}

fn from_hex(words: &[u8]) -> Option<Vec<u8>> {
    words.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_comes_back_with_the_same_key_and_purpose_only() {
        let key = |byte| Zeroizing::new([byte; 32]);
        let wrap = Wrap::new(&key(1), "keys").unwrap();
        let wrapped = wrap.wrap(b"secret").unwrap();
        assert!(!wrapped.windows(6).any(|bytes| bytes == b"secret"));
        assert_eq!(wrap.unwrap(&wrapped).unwrap().as_slice(), b"secret");
        assert_ne!(wrapped, wrap.wrap(b"secret").unwrap(), "nonces differ");
        assert!(Wrap::new(&key(2), "keys").unwrap().unwrap(&wrapped).is_err());
        assert!(Wrap::new(&key(1), "other").unwrap().unwrap(&wrapped).is_err());
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(wrap.unwrap(&changed).is_err(), "{at}");
        }
        assert!(wrap.unwrap(&wrapped[..5]).is_err());
    }
}
