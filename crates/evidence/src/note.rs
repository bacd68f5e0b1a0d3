//! Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint) with Ed25519 keys.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::{Hash, sha256_parts};

/// The longest note that is read.
pub const MAX_NOTE: usize = 16 * 1024;
/// The most signatures that a note may carry.
const MAX_SIGNATURES: usize = 32;
/// Signature type of Ed25519 in a C2SP key.
const TYPE_ED25519: u8 = 1;

/// Why a key, note or checkpoint is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is not a verifier key `name+id+base64`.
    #[error("not a verifier key of the form name+id+base64 with an Ed25519 key")]
    Key,
    /// The bytes are not a signed note.
    #[error("not a signed note")]
    Malformed,
    /// No signature by the wanted key, or one that does not verify.
    #[error("no valid signature by the expected key")]
    Signature,
    /// The note's text is not a checkpoint.
    #[error("not a checkpoint: three lines of origin, size and root were expected")]
    Checkpoint,
}

/// A public key with its name: what an auditor pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

/// A key's name goes into lines that are split at spaces and pluses.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl VerifierKey {
    /// Names a public key.
    ///
    /// # Errors
    /// The name is empty or holds a space, a control character or `+`.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key);
        }
        let hash = sha256_parts(&[name.as_bytes(), b"\n", &[TYPE_ED25519], &public]);
        let [a, b, c, d, ..] = hash;
        Ok(VerifierKey { name: name.to_owned(), id: [a, b, c, d], public })
    }

    /// Reads `name+id+base64`.
    ///
    /// # Errors
    /// The text has another form, another key type, or an id that does not fit.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim_end_matches('\n').splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let data = STANDARD.decode(data).ok().ok_or(NoteError::Key)?;
        let Some((&TYPE_ED25519, public)) = data.split_first() else { return Err(NoteError::Key) };
        let key = VerifierKey::new(name, public.try_into().ok().ok_or(NoteError::Key)?)?;
        if key.id_text() == id { Ok(key) } else { Err(NoteError::Key) }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id_text(&self) -> String {
        self.id.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Checks a signature over a note's text.
    ///
    /// # Errors
    /// The signature is not by this key over this text.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<(), NoteError> {
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        key.verify(text.as_bytes(), signature).ok().ok_or(NoteError::Signature)
    }

    /// The signature line of a note.
    #[must_use]
    pub fn signature_line(&self, signature: &[u8]) -> String {
        let data = [&self.id[..], signature].concat();
        format!("\u{2014} {} {}\n", self.name, STANDARD.encode(data))
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let data = [&[TYPE_ED25519][..], &self.public].concat();
        write!(f, "{}+{}+{}", self.name, self.id_text(), STANDARD.encode(data))
    }
}

/// A note: text that ends with a newline, and signatures over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The signed text with its last newline.
    pub text: String,
    signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

impl Note {
    /// Reads a note; signatures are not checked yet.
    ///
    /// # Errors
    /// Not UTF-8, a control character, no blank line before the signatures, none or too many of them, or too long.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = std::str::from_utf8(bytes).ok().ok_or(NoteError::Malformed)?;
        if bytes.len() > MAX_NOTE || note.contains(|c: char| c.is_control() && c != '\n') {
            return Err(NoteError::Malformed);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            let (name, data) =
                line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or(NoteError::Malformed)?;
            let data = STANDARD.decode(data).ok().ok_or(NoteError::Malformed)?;
            let (id, signature) = data.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
            if !is_name(name) || signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::Malformed);
            }
            signatures.push((name.to_owned(), *id, signature.to_vec()));
        }
        Ok(Note { text: format!("{text}\n"), signatures })
    }

    /// Checks that `key` signed this note; signatures by other keys do not matter.
    ///
    /// # Errors
    /// No signature by the key, or one that does not verify.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let mut by_key = self.signatures.iter().filter(|(name, id, _)| *name == key.name && *id == key.id);
        let (_, _, signature) = by_key.next().ok_or(NoteError::Signature)?;
        key.verify(&self.text, signature)
    }
}

/// What a log says about itself at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: the origin that was configured, a slash, and the incarnation in eight digits.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads a checkpoint's text.
    ///
    /// # Errors
    /// Fewer than three lines, or a size or root that is none in its canonical form.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Checkpoint);
        };
        let root = STANDARD.decode(root).ok().ok_or(NoteError::Checkpoint)?;
        let root = root.try_into().ok().ok_or(NoteError::Checkpoint)?;
        let checkpoint =
            Checkpoint { origin: origin.to_owned(), size: size.parse().ok().ok_or(NoteError::Checkpoint)?, root };
        // Extension lines may follow; the three first must be as this program would write them.
        if text.starts_with(&checkpoint.text()) && is_name(origin) {
            Ok(checkpoint)
        } else {
            Err(NoteError::Checkpoint)
        }
    }
}

/// First line of a certificate, by which the instance key vouches for the key of one incarnation.
const CERTIFICATE_TITLE: &str = "tidegate evidence key v1";

/// The text of a certificate: title, the log's name, the incarnation's key.
#[must_use]
pub fn certificate_text(log_name: &str, key: &VerifierKey) -> String {
    format!("{CERTIFICATE_TITLE}\n{log_name}\n{key}\n")
}

/// Reads a certificate and checks that `instance` signed it for `log_name`; returns the incarnation's key.
///
/// # Errors
/// Not a certificate, not for this log, or not signed by the instance key.
pub fn read_certificate(bytes: &[u8], log_name: &str, instance: &VerifierKey) -> Result<VerifierKey, NoteError> {
    let note = Note::parse(bytes)?;
    note.verify(instance)?;
    let mut lines = note.text.split('\n');
    if lines.next() != Some(CERTIFICATE_TITLE) || lines.next() != Some(log_name) {
        return Err(NoteError::Malformed);
    }
    let key = VerifierKey::parse(lines.next().unwrap_or_default())?;
    if key.name() == log_name { Ok(key) } else { Err(NoteError::Key) }
}

/// Fuzz target: notes, checkpoints and keys that are accepted come back as they were.
///
/// # Panics
/// When one is accepted that would be written otherwise.
#[doc(hidden)]
pub fn fuzz_note(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert!(data.starts_with(note.text.as_bytes()), "the text is what stands there");
        if let Ok(checkpoint) = Checkpoint::parse(&note.text) {
            assert!(note.text.starts_with(&checkpoint.text()), "a checkpoint that is accepted is canonical");
        }
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(key) = VerifierKey::parse(text)
    {
        assert_eq!(key.to_string(), text.trim_end_matches('\n'), "a key that is accepted is canonical");
    }
}

/// A private key that signs notes under a name.
#[cfg(feature = "store")]
pub(crate) struct Signer {
    pair: aws_lc_rs::signature::Ed25519KeyPair,
    key: VerifierKey,
}

#[cfg(feature = "store")]
impl Signer {
    /// Makes the key pair of a seed.
    pub(crate) fn new(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        use aws_lc_rs::signature::KeyPair as _;
        let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(seed).ok().ok_or(NoteError::Key)?;
        let public = pair.public_key().as_ref().try_into().ok().ok_or(NoteError::Key)?;
        let key = VerifierKey::new(name, public)?;
        Ok(Signer { pair, key })
    }

    pub(crate) fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The 64 bytes of an Ed25519 signature over a note's text.
    pub(crate) fn sign(&self, text: &str) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(self.pair.sign(text.as_bytes()).as_ref()) {
            *to = *from;
        }
        bytes
    }

    /// The whole note.
    pub(crate) fn note(&self, text: &str) -> String {
        format!("{text}\n{}", self.key.signature_line(&self.sign(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example key and note of the Go package `golang.org/x/mod/sumdb/note`, which C2SP signed-note describes.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn reads_keys_and_notes_of_the_go_package() {
        let key = VerifierKey::parse(KEY).unwrap();
        assert_eq!(key.to_string(), KEY);
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(note.verify(&key), Ok(()));
        let changed = Note::parse(NOTE.replace("answer", "Answer").as_bytes()).unwrap();
        assert_eq!(changed.verify(&key), Err(NoteError::Signature));
    }

    proptest::proptest! {
        #[test]
        fn a_changed_byte_is_refused_or_canonical(at in 0usize..400, byte in proptest::prelude::any::<u8>()) {
            for text in [NOTE, KEY] {
                let mut bytes = text.as_bytes().to_vec();
                let at = at % bytes.len();
                bytes[at] = byte;
                fuzz_note(&bytes);
            }
        }
    }

    #[test]
    fn refuses_keys_that_are_none() {
        for text in ["", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "a+00000000+AA=="]
        {
            assert_eq!(VerifierKey::parse(text), Err(NoteError::Key), "{text}");
        }
    }

    #[test]
    fn refuses_notes_that_are_none() {
        for text in ["", "text\n", "text\n\n", "text\n\n\u{2014} a b\n", "te\u{7}xt\n\n\u{2014} a AAAAAAAA\n"] {
            assert!(Note::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Note::parse(&vec![b'a'; MAX_NOTE + 1]).is_err());
    }

    #[test]
    fn checkpoints_have_one_form() {
        let checkpoint = Checkpoint { origin: "log.example/1".into(), size: 7, root: [5; 32] };
        assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint.clone()));
        assert!(Checkpoint::parse(&checkpoint.text().replace("\n7\n", "\n07\n")).is_err());
        assert!(Checkpoint::parse(&checkpoint.text().replace("\n7\n", "\n+7\n")).is_err());
        assert!(Checkpoint::parse("a\n1\n").is_err());
    }
}
