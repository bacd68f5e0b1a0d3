//! The keyring: a folder of its own, away from the evidence, whose keys are wrapped by a key that the operator gives.
//!
//! Deleting a data key makes the disclosures under it unreadable for ever; no proof changes.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::cbor::{Decoder, Encoder};
use crate::entry::Label;
use crate::kept::{PIECE_HEAD, Piece, piece_head, unpacked};
use crate::leaf::{ContentTag, Leaf, TAG_LENGTH, commitment};
use crate::note::Signer;
use crate::store::error::LogError;
use crate::store::vfs::{Vfs, replace};

/// A key of 32 bytes that is wiped when dropped.
pub type SecretKey = Zeroizing<[u8; 32]>;

/// The file with the instance's seed and the lineage key.
const RING_FILE: &str = "keyring";
const RING_MAGIC: &[u8; 8] = b"EVKEYS1\0";
const WRAP_OVERHEAD: usize = NONCE_LEN + 16;

/// What a data key is for; each class can be shredded on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// Personal values of sessions.
    Personal = 1,
    /// Kept records, and salts of payload commitments.
    Payload = 2,
}

/// Names one data key: it belongs to one incarnation, one segment and one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The log's number.
    pub incarnation: u64,
    /// The segment's number.
    pub segment: u32,
    /// What it protects.
    pub class: Class,
}

impl KeyName {
    fn file(self) -> String {
        format!("data-{:08}-{:08}-{}", self.incarnation, self.segment, self.class as u8)
    }
}

/// An opened keyring.
pub struct Keyring {
    dir: PathBuf,
    wrapping: SecretKey,
    id: [u8; 16],
    seed: SecretKey,
    lineage: SecretKey,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, LogError> {
    let mut bytes = Zeroizing::new([0; N]);
    aws_lc_rs::rand::fill(bytes.as_mut_slice())
        .ok()
        .ok_or_else(|| LogError::Start("the operating system gave no random bytes; start again".into()))?;
    Ok(bytes)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, LogError> {
    let key = UnboundKey::new(&AES_256_GCM, key).ok().ok_or(LogError::Crypto)?;
    Ok(LessSafeKey::new(key))
}

fn wrap(wrapping: &SecretKey, name: &str, secret: &[u8]) -> Result<Vec<u8>, LogError> {
    let nonce = random::<NONCE_LEN>()?;
    let mut sealed = secret.to_vec();
    cipher(wrapping)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(name.as_bytes()), &mut sealed)
        .ok()
        .ok_or(LogError::Crypto)?;
    Ok([&nonce[..], &sealed].concat())
}

fn unwrap(wrapping: &SecretKey, name: &str, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>()?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let key = cipher(wrapping).ok()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut sealed).ok()?.len();
    sealed.truncate(plain);
    Some(sealed)
}

fn key_of(bytes: &[u8]) -> Option<SecretKey> {
    bytes.try_into().ok().map(Zeroizing::new)
}

impl Keyring {
    /// Whether the folder holds a keyring.
    pub(crate) fn exists(dir: &Path) -> bool {
        dir.join(RING_FILE).exists()
    }

    /// Makes a new keyring; the folder must have none.
    pub(crate) fn create(vfs: &dyn Vfs, dir: &Path, wrapping: SecretKey) -> Result<Self, LogError> {
        let failed =
            |error: io::Error| LogError::Start(format!("cannot write the keyring in {}: {error}", dir.display()));
        vfs.create_dir(dir).map_err(failed)?;
        let (id, seed, lineage) = (*random::<16>()?, random::<32>()?, random::<32>()?);
        let secrets = Zeroizing::new([&seed[..], &lineage[..]].concat());
        let bytes = [&RING_MAGIC[..], &id, &wrap(&wrapping, &ring_name(&id), &secrets)?].concat();
        replace(vfs, &dir.join(RING_FILE), &bytes, true).map_err(failed)?;
        Ok(Keyring { dir: dir.to_owned(), wrapping, id, seed, lineage })
    }

    /// Opens a keyring.
    ///
    /// # Errors
    /// It is missing or damaged, or the wrapping key is another than it was made with.
    pub fn open(dir: &Path, wrapping: SecretKey) -> Result<Self, LogError> {
        let path = dir.join(RING_FILE);
        let bytes = std::fs::read(&path)
            .map_err(|error| LogError::Start(format!("cannot read the keyring {}: {error}", path.display())))?;
        let damaged = || LogError::Start(format!("{} is not a keyring; restore it from its backup", path.display()));
        let rest = bytes.strip_prefix(RING_MAGIC).ok_or_else(damaged)?;
        let (id, wrapped) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
        if wrapped.len() != 64 + WRAP_OVERHEAD {
            return Err(damaged());
        }
        let secrets = unwrap(&wrapping, &ring_name(id), wrapped).ok_or_else(|| {
            LogError::Start(format!(
                "the wrapping key does not open the keyring {}: give the key that it was made with, or restore the keyring",
                path.display()
            ))
        })?;
        let (seed, lineage) = secrets.split_at_checked(32).ok_or_else(damaged)?;
        let (seed, lineage) = (key_of(seed).ok_or_else(damaged)?, key_of(lineage).ok_or_else(damaged)?);
        Ok(Keyring { dir: dir.to_owned(), wrapping, id: *id, seed, lineage })
    }

    /// The keyring's id, which segment headers name.
    pub(crate) fn id(&self) -> [u8; 16] {
        self.id
    }

    /// The instance's signing key under a name.
    pub(crate) fn instance(&self, name: &str) -> Result<Signer, LogError> {
        Signer::new(name, &self.seed).map_err(|error| LogError::Start(format!("the log's name {name:?}: {error}")))
    }

    /// The key that makes content tags.
    pub(crate) fn lineage(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.lineage[..])
    }

    fn data_name(&self, name: KeyName) -> String {
        let id: String = self.id.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("tidegate data key {id} {}", name.file())
    }

    /// Makes a new data key and writes it, durably.
    pub(crate) fn create_data_key(&self, vfs: &dyn Vfs, name: KeyName) -> Result<DataKey, LogError> {
        let key = random::<32>()?;
        let wrapped = wrap(&self.wrapping, &self.data_name(name), &key[..])?;
        let path = self.dir.join(name.file());
        replace(vfs, &path, &wrapped, true)
            .map_err(|error| LogError::Write(format!("cannot write the data key {}: {error}", path.display())))?;
        DataKey::new(&key)
    }

    /// Opens the disclosures that stand beside a leaf: the body of its DISC frame, as the reader gives it.
    ///
    /// # Errors
    /// The data key was shredded or does not open the bytes.
    pub fn open_disclosures(
        &self,
        origin: &str,
        name: KeyName,
        index: u64,
        body: &[u8],
    ) -> Result<Vec<Disclosure>, LogError> {
        let gone = || LogError::Disclosure(index);
        self.data_key(name).and_then(|key| key.open(origin, index, body)).ok_or_else(gone)
    }

    /// Opens what is kept of a batch, by the bodies of its block's frames ([`crate::reader::SegmentBlocks`]), and holds it against the leaf's
    /// commitment. `place` is its position in the leaf's [`crate::leaf::Leaf::kept`].
    ///
    /// # Errors
    /// The data key was shredded or does not open the bytes, or they are not what the leaf commits to.
    pub fn open_kept(
        &self,
        origin: &str,
        name: KeyName,
        (leaf, place): (&Leaf, usize),
        bodies: &[Vec<u8>],
    ) -> Result<Vec<u8>, LogError> {
        let kept = leaf.kept.get(place).ok_or(LogError::Kept(leaf.index))?;
        let open = || {
            let key = self.data_key(name)?;
            let mut block = Vec::new();
            for body in bodies {
                key.open_piece(origin, kept.block, &Piece::decode(body).ok()?, &mut block)?;
            }
            let bytes = unpacked(&block)?;
            let salt = key.salt_at(leaf.index, Label::Stored, place);
            let d = blake3::hash(&bytes);
            (commitment(&salt, Label::Stored, d.as_bytes()) == kept.commitment).then_some(bytes)
        };
        open().ok_or(LogError::Kept(leaf.index))
    }

    fn data_key(&self, name: KeyName) -> Option<DataKey> {
        let wrapped = std::fs::read(self.dir.join(name.file())).ok()?;
        let secret = unwrap(&self.wrapping, &self.data_name(name), &wrapped)?;
        DataKey::new(&key_of(&secret)?).ok()
    }
}

fn ring_name(id: &[u8; 16]) -> String {
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("tidegate keyring {id}")
}

/// A committed value with its salt: what is shown to an auditor.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// Which value.
    pub label: Label,
    /// The commitment's salt.
    pub salt: [u8; 16],
    /// The value's bytes.
    pub value: Vec<u8>,
}

impl std::fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disclosure").field("label", &self.label).finish_non_exhaustive()
    }
}

/// The key of one class in one segment: encrypts disclosures and makes salts.
pub(crate) struct DataKey {
    cipher: LessSafeKey,
    salts: hmac::Key,
    used: u64,
}

/// Bytes of an AES-GCM tag.
const TAG_BYTES: usize = 16;

/// What a piece is bound to: its log, its block and its place in it.
fn piece_name(origin: &str, block: u64, number: u32, of: u32) -> Vec<u8> {
    [origin.as_bytes(), b"\0block\0", &block.to_le_bytes(), &number.to_le_bytes(), &of.to_le_bytes()].concat()
}

fn additional(origin: &str, index: u64) -> Vec<u8> {
    [origin.as_bytes(), &index.to_le_bytes()].concat()
}

/// The first bytes of an HMAC-SHA-256.
fn tag_of(key: &hmac::Key, parts: &[&[u8]]) -> [u8; TAG_LENGTH] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut short = [0; TAG_LENGTH];
    for (to, from) in short.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    short
}

/// The content tag of a digest under the lineage key.
pub(crate) fn content_tag(lineage: &hmac::Key, d: &[u8; 32]) -> ContentTag {
    tag_of(lineage, &[d])
}

impl DataKey {
    fn new(key: &SecretKey) -> Result<Self, LogError> {
        let derive = hmac::Key::new(hmac::HMAC_SHA256, &key[..]);
        let salts = hmac::sign(&derive, b"tidegate salt v1");
        Ok(DataKey { cipher: cipher(key)?, salts: hmac::Key::new(hmac::HMAC_SHA256, salts.as_ref()), used: 0 })
    }

    /// The salt of a commitment: the key's holder can make it again, nobody else can guess it.
    pub(crate) fn salt(&self, index: u64, label: Label) -> [u8; 16] {
        tag_of(&self.salts, &[&index.to_le_bytes(), &[label.number()]])
    }

    /// The salt of one of several commitments of a leaf under one label; `place` is its position among them.
    pub(crate) fn salt_at(&self, index: u64, label: Label, place: usize) -> [u8; 16] {
        tag_of(&self.salts, &[&index.to_le_bytes(), &[label.number()], &(place as u64).to_le_bytes()])
    }

    /// Encrypts one piece, in two parts, of the block whose first frame has the sequence number `block`: the frame's body.
    pub(crate) fn seal_piece(
        &mut self,
        origin: &str,
        block: u64,
        (number, of): (u32, u32),
        (front, rest): (&[u8], &[u8]),
    ) -> Result<Vec<u8>, LogError> {
        let counter = self.used;
        self.used += 1;
        let mut body = Vec::with_capacity(PIECE_HEAD + front.len() + rest.len() + TAG_BYTES);
        body.extend(piece_head(number, of, counter));
        body.extend_from_slice(front);
        body.extend_from_slice(rest);
        let plain = body.get_mut(PIECE_HEAD..).unwrap_or_default();
        let tag = self
            .cipher
            .seal_in_place_separate_tag(nonce(counter), Aad::from(piece_name(origin, block, number, of)), plain)
            .ok()
            .ok_or(LogError::Crypto)?;
        body.extend_from_slice(tag.as_ref());
        Ok(body)
    }

    /// Decrypts a piece and appends it.
    fn open_piece(&self, origin: &str, block: u64, piece: &Piece<'_>, out: &mut Vec<u8>) -> Option<()> {
        let mut sealed = piece.sealed.to_vec();
        let name = piece_name(origin, block, piece.number, piece.of);
        let plain = self.cipher.open_in_place(nonce(piece.counter), Aad::from(name), &mut sealed).ok()?;
        out.extend_from_slice(plain);
        Some(())
    }

    /// Encrypts the disclosures of one leaf: counter of 8 bytes, then ciphertext and tag.
    pub(crate) fn seal(&mut self, origin: &str, index: u64, values: &[(Label, Vec<u8>)]) -> Result<Vec<u8>, LogError> {
        let mut encoder = Encoder::default();
        encoder.array(values.len());
        for (label, value) in values {
            encoder.array(3);
            encoder.uint(label.number().into());
            encoder.bytes(&self.salt(index, *label));
            encoder.bytes(value);
        }
        let counter = self.used;
        self.used += 1;
        let mut sealed = encoder.out;
        self.cipher
            .seal_in_place_append_tag(nonce(counter), Aad::from(additional(origin, index)), &mut sealed)
            .ok()
            .ok_or(LogError::Crypto)?;
        Ok([&counter.to_le_bytes()[..], &sealed].concat())
    }

    fn open(&self, origin: &str, index: u64, body: &[u8]) -> Option<Vec<Disclosure>> {
        let (counter, sealed) = body.split_first_chunk::<8>()?;
        let mut sealed = sealed.to_vec();
        let nonce = nonce(u64::from_le_bytes(*counter));
        let plain = self.cipher.open_in_place(nonce, Aad::from(additional(origin, index)), &mut sealed).ok()?;
        let mut decoder = Decoder::new(plain);
        let mut values = Vec::new();
        for _ in 0..decoder.array().ok()? {
            decoder.array_of(3).ok()?;
            let label = Label::from_number(decoder.small().ok()?)?;
            let (salt, value) = (decoder.fixed().ok()?, decoder.bytes().ok()?.to_vec());
            values.push(Disclosure { label, salt, value });
        }
        decoder.end().ok()?;
        Some(values)
    }
}

/// A key encrypts for one segment only and that segment is never reopened, so a counter never repeats.
fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    for (to, from) in bytes.iter_mut().skip(4).zip(counter.to_be_bytes()) {
        *to = from;
    }
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::vfs::Disk;

    fn wrapping(byte: u8) -> SecretKey {
        Zeroizing::new([byte; 32])
    }

    const NAME: KeyName = KeyName { incarnation: 1, segment: 2, class: Class::Personal };

    #[test]
    fn disclosures_open_with_the_right_keys_only() {
        let dir = tempfile::tempdir().unwrap();
        let ring = Keyring::create(&Disk, dir.path(), wrapping(1)).unwrap();
        let mut key = ring.create_data_key(&Disk, NAME).unwrap();
        let body = key.seal("log/1", 7, &[(Label::Subject, b"alice".to_vec())]).unwrap();
        assert!(!body.windows(5).any(|window| window == b"alice"));

        let again = Keyring::open(dir.path(), wrapping(1)).unwrap();
        let opened = again.open_disclosures("log/1", NAME, 7, &body).unwrap();
        assert_eq!(opened[0].value, b"alice");
        assert_eq!(opened[0].salt, key.salt(7, Label::Subject));
        assert!(again.open_disclosures("log/1", NAME, 8, &body).is_err(), "moved to another leaf");
        assert!(again.open_disclosures("log/2", NAME, 7, &body).is_err(), "moved to another log");
        std::fs::remove_file(dir.path().join(NAME.file())).unwrap();
        assert!(again.open_disclosures("log/1", NAME, 7, &body).is_err(), "shredded");
    }

    #[test]
    fn another_wrapping_key_and_a_damaged_ring_are_start_errors() {
        let dir = tempfile::tempdir().unwrap();
        Keyring::create(&Disk, dir.path(), wrapping(1)).unwrap();
        let error = Keyring::open(dir.path(), wrapping(2)).unwrap_err().to_string();
        assert!(error.contains("give the key that it was made with"), "{error}");
        std::fs::write(dir.path().join(RING_FILE), b"EVKEYS1\0short").unwrap();
        assert!(Keyring::open(dir.path(), wrapping(1)).unwrap_err().to_string().contains("restore"));
    }

    #[test]
    fn counters_make_each_nonce_once() {
        let dir = tempfile::tempdir().unwrap();
        let ring = Keyring::create(&Disk, dir.path(), wrapping(1)).unwrap();
        let mut key = ring.create_data_key(&Disk, NAME).unwrap();
        let values = [(Label::Subject, b"a".to_vec())];
        let (one, two) = (key.seal("l", 1, &values).unwrap(), key.seal("l", 1, &values).unwrap());
        assert_ne!(one, two);
    }
}
