//! What the gateway reports: one entry for one thing that happened, before the log gives it its place.

use aws_lc_rs::digest::{Context, SHA256};

use crate::kept::{Keep, LevelRef, Unread};
use crate::merkle::to_hash;

/// What a leaf says of a batch that is kept, about.
pub const KEPT_WEIGHT: usize = 150;

/// Identifies a session within a log; made by the gateway, random.
pub type SessionId = [u8; 16];

/// Defines an enum whose numbers and names are part of the format.
macro_rules! numbered {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $type { $($(#[$vdoc])* $variant = $number,)* }

        impl $type {
            /// Every value, in the order of its number.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// The number in the leaf.
            #[must_use]
            pub fn number(self) -> u8 {
                match self { $($type::$variant => $number,)* }
            }

            /// The name that people see.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }

            /// The value of a number.
            #[must_use]
            pub fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some($type::$variant),)* _ => None }
            }
        }
    };
}

numbered! {
    /// What an entry says.
    Kind {
        /// First leaf of a log: which one came before, versions, settings. Written by the log.
        IncarnationOpen = 1 "incarnation_open",
        /// A client has authenticated.
        SessionOpen = 2 "session_open",
        /// Something is about to be forwarded that changes the broker.
        Intent = 3 "intent",
        /// What came of a request, about to be delivered.
        Outcome = 4 "outcome",
        /// A request that was refused and not forwarded.
        Refusal = 5 "refusal",
        /// Answers of a stretch of time that disclosed nothing and changed nothing.
        Idle = 6 "idle",
        /// A client failed to authenticate.
        LoginFailed = 7 "login_failed",
        /// A session's end, with its number of leaves.
        SessionClose = 8 "session_close",
        /// Another policy is in force.
        PolicyChange = 9 "policy_change",
        /// Another configuration is in force.
        ConfigChange = 10 "config_change",
        /// The log is alive. Written by the log.
        Heartbeat = 11 "heartbeat",
        /// Bytes or time that the log lost, declared. Written by the log.
        Gap = 12 "gap",
        /// Earlier evidence was found damaged. Written by the log.
        IntegrityFault = 13 "integrity_fault",
        /// Nobody knows what came of an intent.
        UnknownEffect = 14 "unknown_effect",
        /// Another key signs or seals.
        KeyRotate = 15 "key_rotate",
        /// An administrator's command.
        AdminCommand = 16 "admin_command",
        /// Last leaf after a clean stop. Written by the log.
        IncarnationClose = 17 "incarnation_close",
        /// A person has logged in at the gate.
        Login = 18 "login",
        /// The gate made a token, or a secret that tokens are got with.
        TokenIssued = 19 "token_issued",
    }
}

numbered! {
    /// How far an operation came.
    Effect {
        /// About to be forwarded.
        Intent = 1 "intent",
        /// The broker confirmed it.
        Acked = 2 "acked",
        /// The answer goes to the client.
        Delivered = 3 "delivered",
        /// Refused here; the broker never saw it.
        Refused = 4 "refused",
        /// Nobody knows.
        Unknown = 5 "unknown",
    }
}

numbered! {
    /// Names a committed value; its name goes into the commitment.
    Label {
        /// The caller's subject.
        Subject = 1 "subject",
        /// Who issued the credential.
        Issuer = 2 "issuer",
        /// The caller's groups.
        Groups = 3 "groups",
        /// The client's network address.
        SourceAddress = 4 "source_address",
        /// The client id that the client chose.
        ClientId = 5 "client_id",
        /// Name and version of the client's software.
        ClientSoftware = 6 "client_software",
        /// The token's client (`azp` or `client_id`).
        TokenClient = 7 "token_client",
        /// The token's id (`jti`).
        TokenId = 8 "token_id",
        /// The user of an administrator's command.
        Operator = 9 "operator",
        /// Bytes as they came.
        Received = 10 "received",
        /// Bytes as they were delivered.
        Delivered = 11 "delivered",
        /// Bytes as they were stored.
        Stored = 12 "stored",
        /// The login that a token or a session comes from (`sid`).
        LoginId = 13 "login_id",
        /// A part that could not be read.
        Unread = 14 "unread",
    }
}

numbered! {
    /// How much a log keeps of the records of a topic.
    Level {
        /// The records themselves, under the storage mask.
        Full = 1 "full",
        /// A commitment to their bytes.
        Digest = 2 "digest",
        /// How many, and where.
        Metadata = 3 "metadata",
    }
}

numbered! {
    /// Hash of payload bytes.
    Algorithm {
        /// BLAKE3, the default.
        Blake3 = 1 "blake3",
        /// SHA-256, where rules ask for it.
        Sha256 = 2 "sha256",
    }
}

/// A request's place in its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// API key.
    pub key: i16,
    /// API version.
    pub version: i16,
    /// Correlation id as the client chose it.
    pub correlation_id: i32,
}

/// What policy said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the operation may go on.
    pub allowed: bool,
    /// Name of the rule that decided.
    pub rule: String,
    /// SHA-256 of the policy in force.
    pub policy_version: [u8; 32],
}

/// One resource that the operation names, with its own decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRef {
    /// 1 topic, 2 consumer group, 3 transactional id, 4 cluster.
    pub kind: u8,
    /// Name; empty for the cluster.
    pub name: String,
    /// Whether this one is allowed.
    pub allowed: bool,
    /// Name of the rule that decided.
    pub rule: String,
}

/// A topic that partitions refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRef {
    /// Name.
    pub name: String,
    /// The id of this life of the topic, where known.
    pub id: Option<[u8; 16]>,
}

/// A topic that the client called by another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasRef {
    /// What the client called it.
    pub alias: String,
    /// The topic's own name.
    pub topic: String,
}

/// What was written to or read from one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRange {
    /// Position in the entry's `topics`.
    pub topic: u32,
    /// Partition number.
    pub partition: i32,
    /// First offset; -1 where unknown.
    pub first_offset: i64,
    /// Last offset; -1 where unknown.
    pub last_offset: i64,
    /// Records.
    pub records: u64,
    /// Bytes of record batches.
    pub bytes: u64,
    /// Kafka's error code for this partition; 0 is none.
    pub error: i16,
}

/// What a caller's mask was over in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskRef {
    /// Position in the entry's `topics`.
    pub topic: u32,
    /// Partition number.
    pub partition: i32,
    /// Digest of all that the mask does; zeros where the mask itself withheld everything.
    pub plan: [u8; 32],
    /// Records that were left out.
    pub withheld: u64,
    /// Parts of records that could not be read and were delivered all the same, to a caller who sees every class of them.
    pub unread: u64,
}

/// Values of one class of fields that were met in the records of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRef {
    /// Position in the entry's `topics`.
    pub topic: u32,
    /// Partition number.
    pub partition: i32,
    /// The class's name.
    pub class: String,
    /// Values that were delivered masked.
    pub masked: u64,
    /// Values that were delivered as they are.
    pub clear: u64,
    /// Names of the rules that decided which.
    pub rule: String,
}

/// The digest of one record batch, from which the log makes a content tag that links the batch across produce and fetch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Position in the entry's `partitions`.
    pub partition: u32,
    /// Digest of the batch's bytes that its CRC covers; never written itself.
    pub digest: [u8; 32],
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").field("partition", &self.partition).finish_non_exhaustive()
    }
}

/// The digest of payload bytes. It goes into commitment and content tag and is never written itself: a plain digest of
/// guessable bytes gives them away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// How many bytes.
    pub bytes: u64,
    /// Their hash.
    pub d: [u8; 32],
    /// Which hash.
    pub algorithm: Algorithm,
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Digest").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// One pass over payload bytes, in pieces as they come.
#[derive(Clone)]
pub struct PayloadHasher {
    state: State,
    bytes: u64,
}

#[derive(Clone)]
enum State {
    Blake3(Box<blake3::Hasher>),
    Sha256(Context),
}

impl std::fmt::Debug for PayloadHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayloadHasher").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl PayloadHasher {
    /// Starts with no bytes.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Blake3 => State::Blake3(Box::default()),
            Algorithm::Sha256 => State::Sha256(Context::new(&SHA256)),
        };
        PayloadHasher { state, bytes: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        match &mut self.state {
            State::Blake3(hasher) => {
                hasher.update(bytes);
            }
            State::Sha256(context) => context.update(bytes),
        }
    }

    /// The digest of all bytes so far.
    #[must_use]
    pub fn finish(self) -> Digest {
        let (d, algorithm) = match self.state {
            State::Blake3(hasher) => (*hasher.finalize().as_bytes(), Algorithm::Blake3),
            State::Sha256(context) => (to_hash(context.finish().as_ref()), Algorithm::Sha256),
        };
        Digest { bytes: self.bytes, d, algorithm }
    }
}

/// A place in a segment file that a gap or a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Segment number.
    pub segment: u32,
    /// First byte.
    pub byte: u64,
    /// How many bytes from there do not count, at most.
    pub length: u64,
}

/// The log that came before this one, as far as it was found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its number.
    pub incarnation: u64,
    /// Leaves in its tree.
    pub size: u64,
    /// Its root.
    pub root: [u8; 32],
}

/// One thing that happened. What is personal goes into `disclosures`, payload only as [`Digest`]; all else is written
/// as it is, so that no field may carry bytes from outside but names that policy has seen.
///
/// An entry read back has `received`, `delivered`, `stored`, `batches`, `kept`, `unread` and `disclosures` empty: the leaf holds
/// commitments in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub kind: Kind,
    /// Wall clock, Unix milliseconds.
    pub at_ms: u64,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// The request.
    pub api: Option<Api>,
    /// Index of the intent that this outcome or unknown effect answers.
    pub pair: Option<u64>,
    /// The incarnation that `pair` or `place` is about; absent for this one.
    pub incarnation: Option<u64>,
    /// What policy said.
    pub decision: Option<Decision>,
    /// How far it came.
    pub effect: Option<Effect>,
    /// Kafka's error code of the whole answer.
    pub error: Option<i16>,
    /// Why, in fixed words of our own; never bytes from outside.
    pub reason: Option<String>,
    /// Resources with their decisions.
    pub resources: Vec<ResourceRef>,
    /// Topics that `partitions` refer to.
    pub topics: Vec<TopicRef>,
    /// Partitions read or written.
    pub partitions: Vec<PartitionRange>,
    /// Other names by which the client called topics; all else in the entry says the topics' own.
    pub aliases: Vec<AliasRef>,
    /// Partitions whose records went through a mask; each is in `partitions` if anything of it was delivered.
    pub masks: Vec<MaskRef>,
    /// What those records held.
    pub classes: Vec<ClassRef>,
    /// Batches in those partitions.
    pub batches: Vec<Batch>,
    /// How much is kept of the records of topics, where that is not [`Level::Digest`].
    pub levels: Vec<LevelRef>,
    /// What is kept of them.
    pub kept: Vec<Keep>,
    /// What could not be read of them, and so is not kept.
    pub unread: Vec<Unread>,
    /// Bytes as they came.
    pub received: Option<Digest>,
    /// Bytes as delivered, only where they differ from `received`.
    pub delivered: Option<Digest>,
    /// Bytes as stored, only where they differ from `received`.
    pub stored: Option<Digest>,
    /// Personal values: committed in the leaf, encrypted beside it.
    pub disclosures: Vec<(Label, Vec<u8>)>,
    /// Per API key, how often (idle and refusal entries).
    pub counts: Vec<(i16, u64)>,
    /// First moment of a folded stretch, Unix milliseconds.
    pub first_ms: Option<u64>,
    /// Last moment of a folded stretch, Unix milliseconds.
    pub last_ms: Option<u64>,
    /// Small facts in a fixed vocabulary, such as `agent_isolation` = `none`.
    pub facts: Vec<(String, String)>,
    /// The log before this one. Set by the log.
    pub previous: Option<Previous>,
    /// The bytes that a gap or fault is about. Set by the log.
    pub place: Option<Place>,
}

impl Entry {
    /// An entry that says nothing but its kind and time (Unix milliseconds).
    #[must_use]
    pub fn new(kind: Kind, at_ms: u64) -> Self {
        Entry {
            kind,
            at_ms,
            session: None,
            api: None,
            pair: None,
            incarnation: None,
            decision: None,
            effect: None,
            error: None,
            reason: None,
            resources: Vec::new(),
            topics: Vec::new(),
            partitions: Vec::new(),
            aliases: Vec::new(),
            masks: Vec::new(),
            classes: Vec::new(),
            batches: Vec::new(),
            levels: Vec::new(),
            kept: Vec::new(),
            unread: Vec::new(),
            received: None,
            delivered: None,
            stored: None,
            disclosures: Vec::new(),
            counts: Vec::new(),
            first_ms: None,
            last_ms: None,
            facts: Vec::new(),
            previous: None,
            place: None,
        }
    }

    /// About how many bytes the entry holds; the queue's bound counts these.
    #[must_use]
    pub fn weight(&self) -> usize {
        let resources = self.resources.iter().map(|resource| resource.name.len() + resource.rule.len() + 8);
        let topics = self.topics.iter().map(|topic| topic.name.len() + 20);
        let aliases = self.aliases.iter().map(|used| used.alias.len() + used.topic.len() + 8);
        let classes = self.classes.iter().map(|used| used.class.len() + used.rule.len() + 40);
        let disclosures = self.disclosures.iter().map(|(_, value)| value.len() + 60);
        let facts = self.facts.iter().map(|(name, value)| name.len() + value.len() + 4);
        let lists: usize = resources.chain(topics).chain(aliases).chain(classes).chain(disclosures).chain(facts).sum();
        let words = self.decision.as_ref().map_or(0, |decision| decision.rule.len() + 40)
            + self.reason.as_ref().map_or(0, String::len);
        256 + lists
            + words
            + self.partitions.len() * 40
            + self.masks.len() * 56
            + self.batches.len() * 20
            + self.levels.len() * 4
            + self.kept.len() * KEPT_WEIGHT
            + self.unread.iter().map(|part| part.what.why.len() + 80).sum::<usize>()
            + self.counts.len() * 8
    }

    /// Bytes of the blocks that it holds in memory.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.kept.iter().map(|keep| keep.block.bytes.len()).sum()
    }

    /// Bytes of the blocks that come with it, but for those that will hardly be written.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        self.kept.iter().map(Keep::writes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), Some(*kind));
            assert_eq!(Kind::ALL.iter().filter(|other| other.name() == kind.name()).count(), 1);
        }
        assert_eq!(Kind::from_number(0), None);
        assert_eq!(Label::from_number(99), None);
    }

    #[test]
    fn hashes_in_pieces_as_in_one() {
        for algorithm in Algorithm::ALL {
            let mut pieces = PayloadHasher::new(*algorithm);
            pieces.update(b"ab");
            pieces.update(b"c");
            let digest = pieces.finish();
            let mut whole = PayloadHasher::new(*algorithm);
            whole.update(b"abc");
            assert_eq!(digest, whole.finish());
            assert_eq!(digest.bytes, 3);
            // SHA-256 and BLAKE3 of "abc" begin so.
            let first = if *algorithm == Algorithm::Sha256 { 0xba } else { 0x64 };
            assert_eq!(digest.d[0], first);
        }
    }

    #[test]
    fn debug_shows_no_digest() {
        let digest = Digest { bytes: 1, d: [0xab; 32], algorithm: Algorithm::Blake3 };
        let batch = Batch { partition: 0, digest: [0xab; 32] };
        assert!(!format!("{digest:?} {batch:?}").contains("171"));
    }
}
