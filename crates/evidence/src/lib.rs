//! The tamper-evident log: merkle, note, entry, store; each module uses only those before it.
//!
//! Without features this reads and verifies, with no key and no write. The feature `store` adds the writer, its keyring
//! and recovery. The format is specified in `docs/evidence-format.md`.

mod cbor;
pub mod entry;
pub mod frame;
pub mod kept;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod reader;
#[cfg(feature = "store")]
pub mod store;
pub mod verify;

pub use cbor::Malformed;
pub use entry::{
    Algorithm, AliasRef, Api, Batch, ClassRef, Decision, Digest, Effect, Entry, Kind, Label, Level, MaskRef,
    PartitionRange, PayloadHasher, Place, Previous, ResourceRef, SessionId, TopicRef,
};
#[doc(hidden)]
pub use frame::fuzz_frame;
pub use kept::{Keep, LevelRef, Packed, Unread, UnreadPart};
#[doc(hidden)]
pub use leaf::fuzz_entry;
#[doc(hidden)]
pub use note::fuzz_note;
#[cfg(feature = "store")]
pub use store::{Class, Disclosure, KeyName, Keyring, Log, LogConfig, LogError, Receipt, Recovery, Status, Ticket};

#[cfg(test)]
mod tests {
    type Target = fn(&[u8]);

    /// What the fuzzers found or started from must hold for ever.
    #[test]
    fn the_corpus_is_harmless() {
        let targets: [(&str, Target); 3] =
            [("frame", super::fuzz_frame), ("entry", super::fuzz_entry), ("note", super::fuzz_note)];
        for (name, target) in targets {
            let folder = format!("{}/../../fuzz/corpus/evidence_{name}", env!("CARGO_MANIFEST_DIR"));
            let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()).collect();
            assert!(files.len() >= 3, "{name}: {files:?}");
            for file in files {
                target(&std::fs::read(file).unwrap());
            }
        }
    }
}
