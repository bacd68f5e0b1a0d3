//! The order of the path, held by types. Each of these is made in one place only, by the step that earns it:
//!
//! * the recorder takes only a [`Storable`], which [`storage_mask`] makes: no payload gets in, only digests and facts;
//! * what goes to a broker needs a [`Forwardable`], made from a request that was decided, with the receipt of its intent;
//! * what goes to a client needs a [`Deliverable`], made from what the caller's mask left, with the receipt of its leaf.

use bytes::Bytes;
use tidegate_evidence::entry::{Algorithm, Digest, Entry, PayloadHasher};
use tidegate_evidence::store::Receipt;

/// An entry in which no payload is left. Only [`storage_mask`] makes one.
#[derive(Debug)]
pub struct Storable(Entry);

impl Storable {
    /// For the recorder.
    pub(crate) fn into_entry(self) -> Entry {
        self.0
    }
}

/// The three frames of one direction: what came, what goes on, what is kept.
#[derive(Debug)]
pub struct Frames<'a> {
    /// As it came.
    pub received: &'a [u8],
    /// As it goes on, if that differs.
    pub passed_on: Option<&'a [u8]>,
}

/// Lets nothing of the frames through but their digests. Topics carry no classes yet, so nobody can say which bytes of a record
/// may be kept: none are, and the leaf has no stored frame.
#[must_use]
pub fn storage_mask(mut entry: Entry, frames: Option<&Frames<'_>>, algorithm: Algorithm) -> Storable {
    if let Some(frames) = frames {
        entry.received = Some(digest(frames.received, algorithm));
        entry.delivered = frames.passed_on.map(|bytes| digest(bytes, algorithm));
    }
    Storable(entry)
}

fn digest(bytes: &[u8], algorithm: Algorithm) -> Digest {
    let mut hasher = PayloadHasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

/// Why a frame may go on.
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    /// Its leaf is durable.
    Recorded(Receipt),
    /// It only reads: its leaf is the outcome.
    ReadsOnly(ReadsOnly),
    /// It was counted into its session's next idle leaf.
    Folded(Folded),
    /// It is part of a login or of version negotiation and discloses nothing of the cluster's data.
    Negotiation(Negotiation),
    /// The log cannot be written and the frame says just that.
    Unrecordable(Unrecordable),
}

macro_rules! witnesses {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        impl $name {
            pub(crate) fn new() -> Self {
                Self(())
            }
        })*
    };
}

witnesses! {
    /// Made for requests that change nothing.
    ReadsOnly,
    /// Made by the recorder when it has counted an answer.
    Folded,
    /// Made for answers of the gate's own before and during a login.
    Negotiation,
    /// Made when an intent could not be recorded.
    Unrecordable,
}

/// A frame that may go to the broker.
#[derive(Debug)]
pub struct Forwardable(Bytes);

impl Forwardable {
    /// The frame of a decided request whose intent is durable, or that needs none.
    #[must_use]
    pub fn new(decided: Decided, _proof: Proof) -> Self {
        Self(decided.0)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A request's frame after the decision: what is refused is no longer in it. Only the decide step makes one.
#[derive(Debug)]
pub struct Decided(Bytes);

impl Decided {
    pub(crate) fn new(frame: Bytes) -> Self {
        Self(frame)
    }
}

/// An answer's frame after the caller's mask. Only the mask step makes one.
#[derive(Debug)]
pub struct Masked(Bytes);

impl Masked {
    pub(crate) fn new(frame: Bytes) -> Self {
        Self(frame)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A frame that may go to the client.
#[derive(Debug)]
pub struct Deliverable(Bytes);

impl Deliverable {
    /// The caller's view of an answer whose leaf is durable, or that needs none.
    #[must_use]
    pub fn new(masked: Masked, _proof: Proof) -> Self {
        Self(masked.0)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
