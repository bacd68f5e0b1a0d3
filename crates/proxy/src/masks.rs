//! The caller's mask over records, and the masked batches that callers of the same entitlement share.

use std::fmt;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tidegate_masking::record;
use tidegate_masking::{ClassId, Found, OnUnmaskable, Plan, Rewritten, Scope, Unmaskable};
use tidegate_model::{
    BatchAt, ClassSeen, MaskedBatch, PartFate, RecordMask, RecordPart, Seen, StorageMask, UnreadPart, WriteRules,
};
use tidegate_policy::{View, Writes};
use tracing::warn;

use crate::cluster::Cluster;
use crate::gate::Shared;
use crate::metrics::Origin;
use crate::schemas::{AtHand, ForPart, Of};

/// What a batch that is kept takes beside its bytes.
const KEPT_BYTES: u64 = 256;
/// What the cache expects a batch to have, to size itself.
const BATCH_BYTES: u64 = 16 * 1024;

/// Masked batches, so that of ten consumers with one entitlement the first pays for all.
pub struct MaskedBatches(Option<Cache<Key, Kept, Weight>>);

/// Bytes of a batch before what is the same wherever it is met.
const HEAD: usize = 21;

/// What a masked batch was made of. Head and digest are all its bytes, and nobody can make two of one digest, unlike of one CRC, so that
/// what else stands here is for order: a topic that was made anew shares nothing with what it was before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    cluster: Arc<str>,
    topic_id: [u8; 16],
    partition: i32,
    base_offset: i64,
    /// What the digest is not of: what brokers set.
    head: Box<[u8]>,
    digest: [u8; 32],
    plan: [u8; 32],
}

#[derive(Clone)]
struct Kept {
    masked: MaskedBatch,
    found: Found,
    /// Something of it could not be read.
    lacks: bool,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Kept> for Weight {
    fn weight(&self, _key: &Key, kept: &Kept) -> u64 {
        let bytes = kept.masked.bytes.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        bytes.saturating_add(KEPT_BYTES).saturating_add(u64::try_from(kept.found.bytes()).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for MaskedBatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedBatches").finish_non_exhaustive()
    }
}

impl MaskedBatches {
    /// Keeps so many bytes at most; none with 0.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / BATCH_BYTES).unwrap_or(usize::MAX).max(1);
        Self((bytes > 0).then(|| Cache::with_weighter(items, bytes, Weight)))
    }

    /// Forgets all: another policy is in force.
    pub fn clear(&self) {
        if let Some(cache) = &self.0 {
            cache.clear();
        }
    }
}

/// Why a part was not read.
enum NotRead {
    /// It cannot be.
    Ever(Unmaskable),
    /// Its schema is not known yet.
    Yet,
}

/// The mask of one caller over the records of one topic.
pub(crate) struct TopicMask<'a> {
    view: View,
    topic: String,
    cluster: &'a Cluster,
    shared: &'a Shared,
    now_ms: u64,
    schemas: &'a mut AtHand,
    /// The batch at hand was not read by what its records say, so that it may not be kept.
    passing: bool,
    /// Something of the batch at hand could not be read.
    lacks: bool,
    /// Where the batch at hand stands: partition and first offset.
    at: (i32, i64),
    /// Why the part at hand is refused, where more can be told than an [`Unmaskable`] does.
    how: Option<String>,
    /// Of the batch at hand.
    key: Option<Key>,
    /// BLAKE3 of the batch at hand, but for its head.
    content: [u8; 32],
    batch: Found,
    record: Found,
    /// Of all that is delivered.
    all: Found,
}

impl<'a> TopicMask<'a> {
    /// For one answer, which keeps `schemas` at hand.
    pub(crate) fn new(
        view: View,
        topic: &str,
        (cluster, shared): (&'a Cluster, &'a Shared),
        schemas: &'a mut AtHand,
        now_ms: u64,
    ) -> Self {
        Self {
            view,
            topic: topic.to_owned(),
            cluster,
            shared,
            now_ms,
            schemas,
            passing: false,
            lacks: false,
            at: (-1, -1),
            how: None,
            key: None,
            content: [0; 32],
            batch: Found::default(),
            record: Found::default(),
            all: Found::default(),
        }
    }

    fn count(&self, from: &'static str) {
        self.shared.metrics.masked_batches.get_or_create(&Origin { from }).inc();
    }

    fn rewrite(
        &mut self,
        part: RecordPart<'_>,
        key: &[u8],
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Rewritten, NotRead> {
        let plan = &self.view.plan;
        let mask = match part {
            RecordPart::Key => &plan.key,
            RecordPart::Value => &plan.value,
            RecordPart::Header(_) => &plan.headers,
        };
        let scope = Scope { classes: &plan.classes, mask, subject: key };
        self.how = None;
        if let RecordPart::Header(name) = part {
            return record::rewrite_header(&scope, name, bytes, out, &mut self.record).map_err(NotRead::Ever);
        }
        let of = Of { plan: plan.id, mask, key: matches!(part, RecordPart::Key) };
        let mut schemas =
            ForPart { all: &self.cluster.schemas, at_hand: self.schemas, of, later: false, unknown: false, how: None };
        let rewritten = record::rewrite(&scope, &mut schemas, bytes, out, &mut self.record);
        self.passing |= schemas.later || schemas.unknown;
        self.how = schemas.how;
        self.lacks |= rewritten.is_err();
        // Who sees all of it waits too: evidence says what was shown.
        match (rewritten, schemas.later) {
            (_, true) => Err(NotRead::Yet),
            (rewritten, false) => rewritten.map_err(NotRead::Ever),
        }
    }
}

fn name_of(part: RecordPart<'_>) -> &'static str {
    match part {
        RecordPart::Key => "key",
        RecordPart::Value => "value",
        RecordPart::Header(_) => "header",
    }
}

impl RecordMask for TopicMask<'_> {
    fn known(&mut self, batch: BatchAt<'_>) -> Option<MaskedBatch> {
        self.batch.clear();
        (self.passing, self.lacks) = (false, false);
        self.at = (batch.partition, batch.base_offset);
        self.schemas.strange.clear();
        self.content = [0; 32];
        let (head, body) = batch.bytes.split_at_checked(HEAD)?;
        let cache = self.shared.masked.0.as_ref()?;
        self.content = batch.content.unwrap_or_else(|| *blake3::hash(body).as_bytes());
        let key = Key {
            cluster: Arc::clone(&self.cluster.name),
            // Of a topic whose life is not known nothing is kept.
            topic_id: batch.topic_id?,
            partition: batch.partition,
            base_offset: batch.base_offset,
            head: head.into(),
            digest: self.content,
            plan: self.view.plan.id,
        };
        let kept = cache.get(&key);
        self.key = kept.is_none().then_some(key);
        let Kept { masked, found, lacks } = kept?;
        (self.batch, self.lacks) = (found, lacks);
        self.count("kept");
        Some(masked)
    }

    fn part(&mut self, part: RecordPart<'_>, key: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> PartFate {
        match self.rewrite(part, key, bytes, out) {
            Ok(Rewritten::Same) => PartFate::Same,
            Ok(Rewritten::Changed) => PartFate::Changed,
            Ok(Rewritten::DropRecord) => PartFate::DropRecord,
            Err(NotRead::Yet) => PartFate::Later,
            Err(NotRead::Ever(Unmaskable { why, at })) => {
                match self.view.plan.on_unmaskable {
                    // Of what stops the partition the protocol tells.
                    OnUnmaskable::DenyTopic => return PartFate::DenyTopic,
                    OnUnmaskable::DropRecord => {}
                }
                if let Some(records) = self.shared.metrics.unmaskable.again(self.now_ms) {
                    let (partition, offset) = self.at;
                    let why = self.how.as_deref().unwrap_or(why);
                    warn!(
                        topic = %self.topic, partition, batch_at_offset = offset, part = name_of(part), why, at_byte = at, records,
                        "records cannot be read as masking.yaml says, so they are withheld from who sees them masked: mend their writer \
                         or the topic's row, and try one with `tidegate mask try`"
                    );
                }
                PartFate::DropRecord
            }
        }
    }

    fn end_record(&mut self, stays: bool) {
        if stays {
            self.batch.add(&self.record);
        }
        self.record.clear();
    }

    fn delivered(&mut self) {
        self.all.add(&std::mem::take(&mut self.batch));
    }

    fn keep(&mut self, _batch: BatchAt<'_>, masked: &MaskedBatch) {
        self.count("made");
        // A schema that is not known today may be tomorrow.
        if let (Some(cache), Some(key), false) = (&self.shared.masked.0, self.key.take(), self.passing) {
            cache.insert(key, Kept { masked: masked.clone(), found: self.batch.clone(), lacks: self.lacks });
        }
    }

    fn take_seen(&mut self) -> Seen {
        let View { plan, rules } = &self.view;
        let classes = self.all.classes().filter_map(|(id, masked, clear)| {
            let place = usize::from(id.0);
            let (class, rule) = (plan.classes.get(place)?, rules.get(place)?);
            Some(ClassSeen { class: Arc::clone(&class.name), masked, clear, rule: Arc::clone(rule) })
        });
        let seen = Seen { plan: plan.id, classes: classes.collect(), unread: self.all.unread() };
        self.all.clear();
        seen
    }
}

/// The mask over all that is kept of one topic's records.
pub(crate) struct TopicStorage<'a> {
    /// `None` where nothing is looked for in them.
    mask: Option<TopicMask<'a>>,
    content: [u8; 32],
    /// What could not be read of the record at hand.
    unread: Option<UnreadPart>,
}

impl<'a> TopicStorage<'a> {
    /// For one frame, which keeps `schemas` at hand.
    pub(crate) fn new(
        plan: Option<Arc<Plan>>,
        topic: &str,
        shared: (&'a Cluster, &'a Shared),
        schemas: &'a mut AtHand,
        now_ms: u64,
    ) -> Self {
        // Nobody decides what is kept: the file does.
        let view = plan.map(|plan| View { rules: vec![Arc::from("masking.yaml"); plan.classes.len()], plan });
        let mask = view.map(|view| TopicMask::new(view, topic, shared, schemas, now_ms));
        Self { mask, content: [0; 32], unread: None }
    }
}

impl RecordMask for TopicStorage<'_> {
    fn known(&mut self, batch: BatchAt<'_>) -> Option<MaskedBatch> {
        let known = match &mut self.mask {
            None => Some(MaskedBatch { bytes: None, withheld: 0 }),
            // What could not be read is to be told of again.
            Some(mask) => mask.known(batch).filter(|_| !mask.lacks),
        };
        let hashed = self.mask.as_ref().map(|mask| mask.content).filter(|content| *content != [0; 32]);
        self.content = hashed.unwrap_or_else(|| *blake3::hash(batch.bytes.get(HEAD..).unwrap_or_default()).as_bytes());
        known
    }

    fn part(&mut self, part: RecordPart<'_>, key: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> PartFate {
        let Some(mask) = &mut self.mask else { return PartFate::Same };
        let Unmaskable { why, at } = match mask.rewrite(part, key, bytes, out) {
            Ok(Rewritten::Same) => return PartFate::Same,
            Ok(Rewritten::Changed) => return PartFate::Changed,
            Ok(Rewritten::DropRecord) => return PartFate::DropRecord,
            Err(NotRead::Yet) => Unmaskable { why: "its schema is not known yet", at: 0 },
            Err(NotRead::Ever(unmaskable)) => unmaskable,
        };
        let part = match part {
            RecordPart::Key => 1,
            RecordPart::Value => 2,
            RecordPart::Header(_) => 3,
        };
        let digest = *blake3::hash(bytes).as_bytes();
        self.unread = Some(UnreadPart { part, length: bytes.len(), at, why: why.to_owned(), digest });
        PartFate::DropRecord
    }

    fn end_record(&mut self, stays: bool) {
        if let Some(mask) = &mut self.mask {
            mask.end_record(stays);
        }
    }

    fn keep(&mut self, batch: BatchAt<'_>, masked: &MaskedBatch) {
        if let Some(mask) = &mut self.mask {
            mask.keep(batch, masked);
        }
    }

    fn delivered(&mut self) {}

    fn take_seen(&mut self) -> Seen {
        Seen::default()
    }
}

impl StorageMask for TopicStorage<'_> {
    fn unread(&mut self) -> Option<UnreadPart> {
        self.unread.take()
    }

    fn plan(&self) -> [u8; 32] {
        self.mask.as_ref().map_or([0; 32], |mask| mask.view.plan.id)
    }

    fn content(&self) -> [u8; 32] {
        self.content
    }
}

/// What is asked of the records that somebody writes to one topic.
pub(crate) struct TopicRules<'a> {
    mask: TopicMask<'a>,
    writes: Arc<Writes>,
    /// What could not be read of the record at hand.
    unreadable: Option<String>,
}

impl<'a> TopicRules<'a> {
    /// For one request, which keeps `schemas` at hand.
    pub(crate) fn new(
        writes: Arc<Writes>,
        topic: &str,
        shared: (&'a Cluster, &'a Shared),
        schemas: &'a mut AtHand,
        now_ms: u64,
    ) -> Self {
        // Nobody decides which class may be written: the file does.
        let rules = vec![Arc::from("masking.yaml"); writes.plan.classes.len()];
        let view = View { plan: Arc::clone(&writes.plan), rules };
        Self { mask: TopicMask::new(view, topic, shared, schemas, now_ms), writes, unreadable: None }
    }
}

impl RecordMask for TopicRules<'_> {
    fn known(&mut self, _batch: BatchAt<'_>) -> Option<MaskedBatch> {
        None
    }

    fn part(&mut self, part: RecordPart<'_>, key: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> PartFate {
        match self.mask.rewrite(part, key, bytes, out) {
            Ok(Rewritten::Same) => PartFate::Same,
            // No class was met, so it is a text in it that cannot be looked into.
            Ok(Rewritten::Changed) if self.mask.record.classes().all(|(_, masked, _)| masked == 0) => {
                self.unreadable = Some("it holds a text that cannot be looked into".to_owned());
                PartFate::DenyTopic
            }
            Ok(Rewritten::Changed) => PartFate::Changed,
            Ok(Rewritten::DropRecord) => PartFate::DropRecord,
            Err(NotRead::Yet) => PartFate::Later,
            Err(NotRead::Ever(unmaskable)) => {
                let part = name_of(part);
                self.unreadable = Some(match self.mask.how.take() {
                    Some(how) => format!("its {part} {how}"),
                    None => format!("its {part} cannot be read as its topic has it: {unmaskable}"),
                });
                PartFate::DenyTopic
            }
        }
    }

    fn end_record(&mut self, stays: bool) {
        self.unreadable = None;
        self.mask.end_record(stays);
    }

    fn keep(&mut self, _batch: BatchAt<'_>, _masked: &MaskedBatch) {}

    fn delivered(&mut self) {}

    fn take_seen(&mut self) -> Seen {
        self.mask.all.add(&self.mask.batch);
        self.mask.take_seen()
    }
}

impl WriteRules for TopicRules<'_> {
    fn record_bytes_max(&self) -> usize {
        self.writes.record_bytes_max.unwrap_or(usize::MAX)
    }

    fn refusal(&mut self) -> Option<String> {
        if let Some(unreadable) = self.unreadable.take() {
            return Some(unreadable);
        }
        let refused = |(id, ..): &(ClassId, u64, u64)| self.writes.refuse.get(usize::from(id.0)) == Some(&true);
        let (class, ..) = self.mask.record.classes().find(refused)?;
        let class = self.writes.plan.classes.get(usize::from(class.0))?;
        Some(format!("it has a field of class {}, which its topic does not take", class.name))
    }
}
