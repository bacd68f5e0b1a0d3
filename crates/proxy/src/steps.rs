//! The order of the path, held by types. Each of these is made in one place only, by the step that earns it:
//!
//! * a [`Decided`] request and a [`Masked`] answer need the [`Questions`] that only a [`crate::decider::Decider`] gives out;
//! * the log takes only a [`Storable`], which [`storage_mask`] makes: no payload gets in, only digests and facts;
//! * a [`Recording`] ties a frame to its own leaf, or to the reason why it has none;
//! * what goes to a broker is a [`Forwardable`] and what goes to a client a [`Deliverable`]: a recording gives them up only once
//!   its leaf is durable.

use bytes::Bytes;
use tidegate_evidence::entry::{Algorithm, Digest, Entry, Level, PayloadHasher};
use tidegate_evidence::store::{LogError, Ticket};
use tidegate_model::{Effect, Facts, LoginOutcome};

use crate::decider::Questions;
use crate::recorder::Folded;

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

impl<'a> Frames<'a> {
    /// `received` is what came, where that differs from what goes on.
    pub(crate) fn new(received: Option<&'a Bytes>, passed_on: &'a Bytes) -> Self {
        match received {
            Some(received) => Self { received, passed_on: Some(passed_on) },
            None => Self { received: passed_on, passed_on: None },
        }
    }
}

/// Lets nothing of the frames through but their digests, and of their records what the storage mask of their topics has left. A frame with
/// records of a topic of which only metadata is kept has no digest either.
#[must_use]
pub fn storage_mask(mut entry: Entry, frames: Option<&Frames<'_>>, algorithm: Algorithm) -> Storable {
    if entry.levels.iter().any(|level| level.level == Level::Metadata) {
        return Storable(entry);
    }
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

/// A request's frame after the decision: what is refused is no longer in it.
#[derive(Debug)]
pub struct Decided(Bytes);

impl Decided {
    pub(crate) fn new(frame: Bytes, _asked: &Questions) -> Self {
        Self(frame)
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }
}

/// An answer's frame after the caller's mask.
#[derive(Debug)]
pub struct Masked(Bytes);

impl Masked {
    pub(crate) fn new(frame: Bytes, _asked: &Questions) -> Self {
        Self(frame)
    }

    /// The gate's answer to a credential.
    pub(crate) fn login(frame: Bytes, _told: LoginOutcome<'_>) -> Self {
        Self(frame)
    }

    /// The gate's answer, which says nothing but "again", to a request that was not forwarded.
    pub(crate) fn not_forwarded(frame: Bytes) -> Self {
        Self(frame)
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }
}

/// A request that changes nothing: its leaf is the outcome's.
#[derive(Clone, Copy, Debug)]
pub struct ReadsOnly(());

impl ReadsOnly {
    /// `None` for a request that changes something.
    #[must_use]
    pub fn of(facts: &Facts) -> Option<Self> {
        (facts.effect == Effect::Reads).then_some(Self(()))
    }
}

/// The tickets of the leaves that one step wrote; a large one takes several.
#[derive(Debug)]
#[must_use = "the leaves are durable only when their tickets say so"]
pub struct Tickets {
    pub(crate) first: Ticket,
    pub(crate) more: Vec<Ticket>,
}

impl Tickets {
    /// The indices of the leaves, once all are durable.
    ///
    /// # Errors
    /// At least one was not recorded.
    pub async fn durable(self) -> Result<Vec<u64>, NotRecorded> {
        let mut recorded = Vec::with_capacity(1);
        let mut failed = None;
        for ticket in std::iter::once(self.first).chain(self.more) {
            match ticket.await {
                Ok(receipt) => recorded.push(receipt.index()),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            None => Ok(recorded),
            Some(error) => Err(NotRecorded { error, recorded }),
        }
    }
}

/// Not all leaves of a step could be written.
#[derive(Debug)]
pub struct NotRecorded {
    /// Why.
    pub error: LogError,
    /// Those that were.
    pub recorded: Vec<u64>,
}

/// A frame on its way, and its leaf, which may not be durable yet.
#[derive(Debug)]
#[must_use = "a leaf that nobody waits for proves nothing"]
pub struct Recording<F> {
    frame: F,
    leaf: Leaf,
}

/// Why a frame may go on.
#[derive(Debug)]
enum Leaf {
    /// Once these are durable.
    Written(Tickets),
    /// The outcome of the request will be recorded.
    ReadsOnly,
    /// It was counted into its session's next idle or refusal leaf.
    Counted,
    /// It is part of a login, which has a leaf of its own, or says only that nothing was forwarded.
    Unrecorded,
}

impl<F> Recording<F> {
    pub(crate) fn written(frame: F, tickets: Tickets) -> Self {
        Self { frame, leaf: Leaf::Written(tickets) }
    }

    async fn leaf(self) -> Result<(F, Vec<u64>), NotRecorded> {
        match self.leaf {
            Leaf::Written(tickets) => Ok((self.frame, tickets.durable().await?)),
            Leaf::ReadsOnly | Leaf::Counted | Leaf::Unrecorded => Ok((self.frame, Vec::new())),
        }
    }
}

impl Recording<Decided> {
    pub(crate) fn reads_only(frame: Decided, _because: ReadsOnly) -> Self {
        Self { frame, leaf: Leaf::ReadsOnly }
    }

    /// The frame may go to the broker once its intents are durable; their indices, none when it only reads.
    ///
    /// # Errors
    /// An intent could not be recorded: nothing goes to the broker.
    pub async fn durable(self) -> Result<(Forwardable, Vec<u64>), NotRecorded> {
        let (Decided(frame), indices) = self.leaf().await?;
        Ok((Forwardable(frame), indices))
    }
}

impl Recording<Masked> {
    pub(crate) fn counted(frame: Masked, _because: Folded) -> Self {
        Self { frame, leaf: Leaf::Counted }
    }

    /// Part of a login, or of a request that was neither recorded nor forwarded.
    pub(crate) fn login(frame: Bytes, told: LoginOutcome<'_>) -> Self {
        Self { frame: Masked::login(frame, told), leaf: Leaf::Unrecorded }
    }

    /// Says only that the request was not forwarded.
    pub(crate) fn not_forwarded(frame: Bytes) -> Self {
        Self { frame: Masked::not_forwarded(frame), leaf: Leaf::Unrecorded }
    }

    pub(crate) fn len(&self) -> usize {
        self.frame.bytes().len()
    }

    /// The caller's view of an answer may go to the client once its leaves are durable.
    ///
    /// # Errors
    /// A leaf could not be recorded: nothing is delivered.
    pub async fn durable(self) -> Result<Deliverable, LogError> {
        let (Masked(frame), _indices) = self.leaf().await.map_err(|not| not.error)?;
        Ok(Deliverable(frame))
    }
}

/// A frame that may go to the broker. Only [`Recording`] makes one.
#[derive(Debug)]
pub struct Forwardable(Bytes);

impl Forwardable {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A frame that may go to the client. Only [`Recording`] makes one.
#[derive(Debug)]
pub struct Deliverable(Bytes);

impl Deliverable {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
