//! What protocol code and the data path say to each other of records: a protocol knows where records and their parts stand, the
//! data path what the caller may see of them.

use std::sync::Arc;

use bytes::Bytes;

/// What the caller at hand is shown of the records of one topic.
pub enum View<'a> {
    /// Nothing is looked for in them: they pass as they are.
    Plain,
    /// Each of them goes through this.
    Masked(Box<dyn RecordMask + 'a>),
    /// Nobody can say what may be shown of them, so none is.
    Withheld,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            View::Plain => "Plain",
            View::Masked(_) => "Masked",
            View::Withheld => "Withheld",
        })
    }
}

/// A part of a record.
#[derive(Clone, Copy)]
pub enum RecordPart<'a> {
    /// Its key.
    Key,
    /// Its value.
    Value,
    /// The value of the header of this name, which should be UTF-8 and need not be.
    Header(&'a [u8]),
}

/// What becomes of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartFate {
    /// It stays, byte for byte.
    Same,
    /// It is replaced by what was appended.
    Changed,
    /// The whole record is left out.
    DropRecord,
    /// It cannot be shown, and none of the topic's records may be in its place.
    DenyTopic,
    /// It cannot be shown yet: what is needed to read it is on its way. The answer ends before its batch, and clients ask again.
    Later,
}

/// A batch in the log of a partition.
#[derive(Clone, Copy)]
pub struct BatchAt<'a> {
    /// The life of the topic that it is of, where known.
    pub topic_id: Option<[u8; 16]>,
    /// The partition's index.
    pub partition: i32,
    /// Its first offset.
    pub base_offset: i64,
    /// All of it, as it came.
    pub bytes: &'a [u8],
    /// BLAKE3 of it from its attributes to its end, where somebody has made it already.
    pub content: Option<[u8; 32]>,
}

/// A batch as a mask left it.
#[derive(Clone)]
pub struct MaskedBatch {
    /// What is delivered; `None` for the very bytes that came.
    pub bytes: Option<Bytes>,
    /// Records that were left out.
    pub withheld: u64,
}

macro_rules! says_no_bytes {
    ($($type:ident),*) => {$(
        impl std::fmt::Debug for $type<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )*};
}
says_no_bytes!(RecordPart, BatchAt);

impl std::fmt::Debug for MaskedBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaskedBatch").field("withheld", &self.withheld).finish_non_exhaustive()
    }
}

/// Rewrites the records of one topic so that the caller at hand sees of them what it may. It counts what it meets; what a batch held
/// counts once [`RecordMask::delivered`] says so.
pub trait RecordMask {
    /// A batch begins: what came of it before, under a mask that does the same.
    fn known(&mut self, batch: BatchAt<'_>) -> Option<MaskedBatch>;
    /// Rewrites one part; new bytes are appended to `out`. `key` is the record's own key, empty for none.
    fn part(&mut self, part: RecordPart<'_>, key: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> PartFate;
    /// All parts of a record were put through; whether it stays.
    fn end_record(&mut self, stays: bool);
    /// The batch that [`RecordMask::known`] did not know was rewritten to this.
    fn keep(&mut self, batch: BatchAt<'_>, masked: &MaskedBatch);
    /// The batch that was known or kept last is part of the answer.
    fn delivered(&mut self);
    /// What was counted since this was last called.
    fn take_seen(&mut self) -> Seen;
}

/// Looks into the records that somebody writes to one topic. Parts may be changed, as of a mask; what cannot be read has no place in it.
pub trait WriteRules: RecordMask {
    /// The most bytes of a record's key, value and headers together.
    fn record_bytes_max(&self) -> usize;
    /// All parts of a record were put through: why it may not be written, if it may not. The text holds nothing of the record.
    fn refusal(&mut self) -> Option<String>;
}

/// What is asked of the records that are written to a topic.
pub enum Asks<'a> {
    /// Nothing: they pass as they are.
    Nothing,
    /// Each of them goes through this.
    Rules(Box<dyn WriteRules + 'a>),
    /// Nobody can say what, so none is taken.
    Unknown,
}

impl std::fmt::Debug for Asks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Asks::Nothing => "Nothing",
            Asks::Rules(_) => "Rules",
            Asks::Unknown => "Unknown",
        })
    }
}

/// How much evidence keeps of the records of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// The records themselves, under the topic's storage mask.
    Full,
    /// A commitment to their bytes.
    #[default]
    Digest,
    /// How many, and where.
    Metadata,
}

/// What evidence keeps of the records of one topic.
pub enum Keeps<'a> {
    /// None of them.
    Nothing(Level),
    /// Each batch as this leaves it.
    Records(Box<dyn StorageMask + 'a>),
}

impl std::fmt::Debug for Keeps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Keeps::Nothing(level) => f.debug_tuple("Nothing").field(level).finish(),
            Keeps::Records(_) => f.write_str("Records"),
        }
    }
}

/// The mask over all that is kept of a topic, whoever may see it live. What it cannot read it leaves out, and says so.
pub trait StorageMask: RecordMask {
    /// The part of the record at hand that could not be read, if one was.
    fn unread(&mut self) -> Option<UnreadPart>;
    /// Digest of all that the mask does; zeros where nothing is looked for.
    fn plan(&self) -> [u8; 32];
    /// BLAKE3 of the batch that [`RecordMask::known`] was told of last, from its attributes to its end.
    fn content(&self) -> [u8; 32];
}

/// What is kept of a batch of which something can be: all that its CRC covers, which is the same where it is written and wherever it is
/// read.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Under the storage mask.
    pub body: Bytes,
    /// The mask left it as it came.
    pub as_came: bool,
    /// Its records are packed already.
    pub packed: bool,
    /// As [`StorageMask::plan`].
    pub plan: [u8; 32],
    /// As [`StorageMask::content`].
    pub content: [u8; 32],
}

/// A part of a record that could not be read.
#[derive(Clone, PartialEq, Eq)]
pub struct UnreadPart {
    /// Its place in the record, as evidence counts: 1 key, 2 value, 3 header; 0 for the batch as such.
    pub part: u8,
    /// How many bytes it has.
    pub length: usize,
    /// The first byte that makes no sense.
    pub at: usize,
    /// Why, in our own words.
    pub why: String,
    /// BLAKE3 of it.
    pub digest: [u8; 32],
}

/// What is kept of one batch of an operation.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptBatch {
    /// Position in [`crate::Facts::topics`].
    pub topic: usize,
    /// The partition's index.
    pub partition: i32,
    /// Its first offset; 0 in what is written.
    pub base_offset: i64,
    /// Records that are left out of it.
    pub left_out: u64,
    /// The parts that could not be read, so many as are told one by one.
    pub unread: Vec<(i64, UnreadPart)>,
    /// The rest of it; `None` where nothing of it can be kept.
    pub stored: Option<Stored>,
    /// It was refused for what is in it, so that nothing of it was written.
    pub refused: bool,
}

/// What is kept of the records of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptRecords {
    /// The levels of topics with records, by position in [`crate::Facts::topics`].
    pub levels: Vec<(usize, Level)>,
    /// Of the topics that are kept in full.
    pub batches: Vec<KeptBatch>,
}

impl KeptRecords {
    /// Notes how much is kept of the topic that stands last in the facts, at this position.
    pub fn note(&mut self, topic: usize, level: Level) {
        if level != Level::Digest && self.levels.last() != Some(&(topic, level)) {
            self.levels.push((topic, level));
        }
    }

    /// Bytes of records in it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.batches.iter().filter_map(|batch| batch.stored.as_ref()).map(|stored| stored.body.len()).sum()
    }
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("as_came", &self.as_came).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for UnreadPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnreadPart").field("part", &self.part).field("why", &self.why).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KeptBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptBatch").field("base_offset", &self.base_offset).finish_non_exhaustive()
    }
}

/// Where records of a topic go that are refused for what is in them.
#[derive(Debug)]
pub struct Quarantine<'a> {
    /// The quarantine topic's own name.
    pub topic: Arc<str>,
    /// What is copied of them.
    pub copy: Copied<'a>,
}

/// What is copied of records to a quarantine topic.
pub enum Copied<'a> {
    /// All, as it came.
    Original,
    /// What the storage mask of the topic that they were meant for leaves.
    Masked(Box<dyn StorageMask + 'a>),
    /// Whence they came and why they were refused, and nothing of them.
    Nothing,
}

impl std::fmt::Debug for Copied<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Copied::Original => "Original",
            Copied::Masked(_) => "Masked",
            Copied::Nothing => "Nothing",
        })
    }
}

/// Records that were refused for what is in them, as the gate itself writes them to a quarantine topic.
#[derive(Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The quarantine topic's own name.
    pub topic: Arc<str>,
    /// They are as they came, rather than under the storage mask of the topic that they were meant for.
    pub original: bool,
    /// Of each its topic (position in [`crate::Facts::topics`]), partition, and place in its batch.
    pub of: Vec<(usize, i32, u32)>,
    /// One batch with all of them.
    pub batch: Bytes,
    /// What evidence keeps of it, as of a request whose first topic is the quarantine topic.
    pub kept: KeptRecords,
}

impl std::fmt::Debug for Quarantined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quarantined").field("topic", &self.topic).field("of", &self.of).finish_non_exhaustive()
    }
}

/// What a mask met in the records that were delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Digest of all that the mask does.
    pub plan: [u8; 32],
    /// Values of each class that was met.
    pub classes: Vec<ClassSeen>,
    /// Parts that could not be read and were shown all the same, to a caller who sees every class of them.
    pub unread: u64,
}

/// Values of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassSeen {
    /// The class's name.
    pub class: Arc<str>,
    /// Values that were changed.
    pub masked: u64,
    /// Values that were shown.
    pub clear: u64,
    /// The rules that decided which.
    pub rule: Arc<str>,
}

/// What the records of one partition held that a mask was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskUse {
    /// Position in [`crate::Facts::topics`].
    pub topic: usize,
    /// The partition's index.
    pub partition: i32,
    /// Records that were left out.
    pub withheld: u64,
    /// What the others held.
    pub seen: Seen,
    /// Why records that were to be written were refused: the place of the one in its batch, or none for the batch as such, and our own words.
    pub refused: Option<(Option<u32>, String)>,
}
