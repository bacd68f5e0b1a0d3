//! A leaf: an entry with its place in log and session, as deterministic CBOR. These bytes are written and hashed
//! verbatim. The table of keys is in `docs/evidence-format.md`.

use crate::cbor::{Decoder, Encoder, Malformed};
use crate::entry::{
    Algorithm, AliasRef, Api, ClassRef, Decision, Effect, Entry, Kind, Label, Level, MaskRef, PartitionRange, Place,
    Previous, ResourceRef, TopicRef,
};
use crate::kept::{KeptRef, LevelRef, UnreadRef};
use crate::merkle::{Hash, sha256_parts};

/// The longest leaf: C2SP entry bundles give lengths in 16 bits.
pub const MAX_LEAF: usize = 65_535;
/// Version of the leaf's layout.
const VERSION: u64 = 1;
/// First byte of what a commitment hashes, apart from leaves (0) and nodes (1).
const COMMITMENT: u8 = 2;
/// Bytes of a content tag: HMAC-SHA-256 cut to 128 bits (RFC 2104, section 5).
pub const TAG_LENGTH: usize = 16;

/// A content tag: equal bytes have equal tags under one lineage key.
pub type ContentTag = [u8; TAG_LENGTH];

/// Payload bytes in a leaf: hidden, bound, linkable only with the lineage key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The hash of the payload.
    pub algorithm: Algorithm,
    /// How many bytes.
    pub bytes: u64,
    /// See [`commitment`].
    pub commitment: Hash,
    /// Links equal payloads.
    pub tag: ContentTag,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Position in the log.
    pub index: u64,
    /// Position in the session, from 0; present where the entry has a session.
    pub session_seq: Option<u64>,
    /// SHA-256 of the session's leaf before; absent for its first.
    pub prev_session: Option<Hash>,
    /// What happened.
    pub entry: Entry,
    /// Bytes as they came.
    pub received: Option<Payload>,
    /// Bytes as delivered, where they differ.
    pub delivered: Option<Payload>,
    /// Bytes as stored, where they differ.
    pub stored: Option<Payload>,
    /// Tags of batches, each with the position of its partition in the entry.
    pub tags: Vec<(u32, ContentTag)>,
    /// Batches that are kept.
    pub kept: Vec<KeptRef>,
    /// Parts that could not be read, and so are not kept.
    pub unread: Vec<UnreadRef>,
    /// Commitments to personal values.
    pub commitments: Vec<(Label, Hash)>,
    /// SHA-256 of the body of the DISC frame just before this leaf's frame.
    pub disclosure: Option<Hash>,
    /// Leaves of the session with this one; in `session_close` leaves.
    pub session_count: Option<u64>,
}

/// The commitment to a value by its digest: SHA-256(0x02 || salt || label's name || d).
#[must_use]
pub fn commitment(salt: &[u8; 16], label: Label, d: &[u8; 32]) -> Hash {
    sha256_parts(&[&[COMMITMENT], salt, label.name().as_bytes(), d])
}

/// Writes the pairs of a map and counts them; keys must come in ascending order.
#[derive(Default)]
struct Fields {
    pairs: usize,
    encoder: Encoder,
}

impl Fields {
    fn key(&mut self, key: u64) -> &mut Encoder {
        self.pairs += 1;
        self.encoder.uint(key);
        &mut self.encoder
    }

    fn uint(&mut self, key: u64, value: Option<u64>) {
        if let Some(value) = value {
            self.key(key).uint(value);
        }
    }

    fn bytes(&mut self, key: u64, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.key(key).bytes(value);
        }
    }

    /// A list that is absent when it is empty.
    fn list<T>(&mut self, key: u64, items: &[T], one: impl Fn(&mut Encoder, &T)) {
        if items.is_empty() {
            return;
        }
        let encoder = self.key(key);
        encoder.array(items.len());
        for item in items {
            one(encoder, item);
        }
    }

    fn option<T>(&mut self, key: u64, value: Option<&T>, one: impl Fn(&mut Encoder, &T)) {
        if let Some(value) = value {
            one(self.key(key), value);
        }
    }
}

impl Leaf {
    /// The leaf's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Fields::default();
        self.encode_head(&mut fields);
        self.encode_rest(&mut fields);
        let mut map = Encoder::default();
        map.map(fields.pairs);
        map.out.append(&mut fields.encoder.out);
        map.out
    }

    fn encode_head(&self, fields: &mut Fields) {
        let entry = &self.entry;
        fields.uint(0, Some(VERSION));
        fields.uint(1, Some(u64::from(entry.kind.number())));
        fields.uint(2, Some(self.index));
        fields.uint(3, Some(entry.at_ms));
        fields.bytes(4, entry.session.as_ref().map(<[u8; 16]>::as_slice));
        fields.uint(5, self.session_seq);
        fields.bytes(6, self.prev_session.as_ref().map(Hash::as_slice));
        fields.option(7, entry.api.as_ref(), |e, api| {
            e.array(3);
            e.int(api.key.into());
            e.int(api.version.into());
            e.int(api.correlation_id.into());
        });
        fields.uint(8, entry.pair);
        fields.uint(9, entry.incarnation);
        fields.option(10, entry.decision.as_ref(), |e, decision| {
            e.array(3);
            e.bool(decision.allowed);
            e.text(&decision.rule);
            e.bytes(&decision.policy_version);
        });
        fields.uint(11, entry.effect.map(|effect| effect.number().into()));
        fields.option(12, entry.error.as_ref(), |e, error| e.int((*error).into()));
        fields.option(13, entry.reason.as_ref(), |e, reason| e.text(reason));
        fields.list(14, &entry.resources, |e, resource| {
            e.array(4);
            e.uint(resource.kind.into());
            e.text(&resource.name);
            e.bool(resource.allowed);
            e.text(&resource.rule);
        });
        fields.list(15, &entry.topics, |e, topic| {
            e.array(2);
            e.text(&topic.name);
            match &topic.id {
                Some(id) => e.bytes(id),
                None => e.null(),
            }
        });
        fields.list(16, &entry.partitions, |e, range| {
            e.array(7);
            e.uint(range.topic.into());
            e.int(range.partition.into());
            e.int(range.first_offset);
            e.int(range.last_offset);
            e.uint(range.records);
            e.uint(range.bytes);
            e.int(range.error.into());
        });
    }

    fn encode_rest(&self, fields: &mut Fields) {
        let entry = &self.entry;
        for (key, payload) in [(17, &self.received), (18, &self.delivered), (19, &self.stored)] {
            fields.option(key, payload.as_ref(), |e, payload| {
                e.array(4);
                e.uint(payload.algorithm.number().into());
                e.uint(payload.bytes);
                e.bytes(&payload.commitment);
                e.bytes(&payload.tag);
            });
        }
        fields.list(20, &self.commitments, |e, (label, hash)| {
            e.array(2);
            e.uint(label.number().into());
            e.bytes(hash);
        });
        fields.bytes(21, self.disclosure.as_ref().map(Hash::as_slice));
        fields.list(22, &entry.counts, |e, (key, count)| {
            e.array(2);
            e.int((*key).into());
            e.uint(*count);
        });
        fields.uint(23, entry.first_ms);
        fields.uint(24, entry.last_ms);
        fields.list(25, &entry.facts, |e, (name, value)| {
            e.array(2);
            e.text(name);
            e.text(value);
        });
        fields.option(26, entry.previous.as_ref(), |e, previous| {
            e.array(3);
            e.uint(previous.incarnation);
            e.uint(previous.size);
            e.bytes(&previous.root);
        });
        fields.uint(27, self.session_count);
        fields.option(28, entry.place.as_ref(), |e, place| {
            e.array(3);
            e.uint(place.segment.into());
            e.uint(place.byte);
            e.uint(place.length);
        });
        self.encode_records(fields);
    }

    fn encode_records(&self, fields: &mut Fields) {
        let entry = &self.entry;
        fields.list(29, &self.tags, |e, (partition, tag)| {
            e.array(2);
            e.uint((*partition).into());
            e.bytes(tag);
        });
        fields.list(30, &entry.aliases, |e, used| {
            e.array(2);
            e.text(&used.alias);
            e.text(&used.topic);
        });
        fields.list(31, &entry.masks, |e, mask| {
            e.array(5);
            e.uint(mask.topic.into());
            e.int(mask.partition.into());
            e.bytes(&mask.plan);
            e.uint(mask.withheld);
            e.uint(mask.unread);
        });
        fields.list(32, &entry.classes, |e, used| {
            e.array(6);
            e.uint(used.topic.into());
            e.int(used.partition.into());
            e.text(&used.class);
            e.uint(used.masked);
            e.uint(used.clear);
            e.text(&used.rule);
        });
        fields.list(33, &entry.levels, |e, level| {
            e.array(2);
            e.uint(level.topic.into());
            e.uint(level.level.number().into());
        });
        fields.list(34, &self.kept, |e, kept| kept.encode(e));
        fields.list(35, &self.unread, |e, part| part.encode(e));
    }

    /// Reads a leaf. Only the form that [`Leaf::encode`] writes is accepted.
    ///
    /// # Errors
    /// Not canonical, an unknown key, version or number, or a needed key missing.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut d = Decoder::new(bytes);
        if bytes.len() > MAX_LEAF {
            return Err(d.malformed("a leaf over 65,535 bytes"));
        }
        let pairs = d.map()?;
        if pairs < 4 || d.uint()? != 0 || d.uint()? != VERSION || d.uint()? != 1 {
            return Err(d.malformed("not version 1 of the layout"));
        }
        let kind = numbered(&mut d, Kind::from_number)?;
        if d.uint()? != 2 {
            return Err(d.malformed("no index"));
        }
        let index = d.uint()?;
        if d.uint()? != 3 {
            return Err(d.malformed("no time"));
        }
        let mut leaf = Leaf::bare(index, Entry::new(kind, d.uint()?));
        let mut last = 3;
        for _ in 4..pairs {
            let key = d.uint()?;
            if key <= last {
                return Err(d.malformed("keys out of order"));
            }
            last = key;
            if key <= 16 { leaf.decode_head(key, &mut d)? } else { leaf.decode_rest(key, &mut d)? }
        }
        d.end()?;
        Ok(leaf)
    }

    /// A leaf without anything that the log adds but its index.
    pub(crate) fn bare(index: u64, entry: Entry) -> Self {
        Leaf {
            index,
            session_seq: None,
            prev_session: None,
            entry,
            received: None,
            delivered: None,
            stored: None,
            tags: Vec::new(),
            kept: Vec::new(),
            unread: Vec::new(),
            commitments: Vec::new(),
            disclosure: None,
            session_count: None,
        }
    }

    fn decode_head(&mut self, key: u64, d: &mut Decoder<'_>) -> Result<(), Malformed> {
        let entry = &mut self.entry;
        match key {
            4 => entry.session = Some(d.fixed()?),
            5 => self.session_seq = Some(d.uint()?),
            6 => self.prev_session = Some(d.fixed()?),
            7 => {
                d.array_of(3)?;
                entry.api = Some(Api { key: d.small()?, version: d.small()?, correlation_id: d.small()? });
            }
            8 => entry.pair = Some(d.uint()?),
            9 => entry.incarnation = Some(d.uint()?),
            10 => {
                d.array_of(3)?;
                entry.decision = Some(Decision { allowed: d.bool()?, rule: d.text()?, policy_version: d.fixed()? });
            }
            11 => entry.effect = Some(numbered(d, Effect::from_number)?),
            12 => entry.error = Some(d.small()?),
            13 => entry.reason = Some(d.text()?),
            14 => {
                entry.resources = list(d, |d| {
                    d.array_of(4)?;
                    Ok(ResourceRef { kind: d.small()?, name: d.text()?, allowed: d.bool()?, rule: d.text()? })
                })?;
            }
            15 => {
                entry.topics = list(d, |d| {
                    d.array_of(2)?;
                    Ok(TopicRef { name: d.text()?, id: if d.null() { None } else { Some(d.fixed()?) } })
                })?;
            }
            16 => entry.partitions = list(d, partition)?,
            _ => return Err(d.malformed("an unknown key")),
        }
        Ok(())
    }

    fn decode_rest(&mut self, key: u64, d: &mut Decoder<'_>) -> Result<(), Malformed> {
        let entry = &mut self.entry;
        match key {
            17 => self.received = Some(payload(d)?),
            18 => self.delivered = Some(payload(d)?),
            19 => self.stored = Some(payload(d)?),
            20 => {
                self.commitments = list(d, |d| {
                    d.array_of(2)?;
                    Ok((numbered(d, Label::from_number)?, d.fixed()?))
                })?;
            }
            21 => self.disclosure = Some(d.fixed()?),
            22 => {
                entry.counts = list(d, |d| {
                    d.array_of(2)?;
                    Ok((d.small()?, d.uint()?))
                })?;
            }
            23 => entry.first_ms = Some(d.uint()?),
            24 => entry.last_ms = Some(d.uint()?),
            25 => {
                entry.facts = list(d, |d| {
                    d.array_of(2)?;
                    Ok((d.text()?, d.text()?))
                })?;
            }
            26 => {
                d.array_of(3)?;
                entry.previous = Some(Previous { incarnation: d.uint()?, size: d.uint()?, root: d.fixed()? });
            }
            27 => self.session_count = Some(d.uint()?),
            28 => {
                d.array_of(3)?;
                entry.place = Some(Place { segment: d.small()?, byte: d.uint()?, length: d.uint()? });
            }
            29 => {
                self.tags = list(d, |d| {
                    d.array_of(2)?;
                    Ok((d.small()?, d.fixed()?))
                })?;
            }
            30 => {
                entry.aliases = list(d, |d| {
                    d.array_of(2)?;
                    Ok(AliasRef { alias: d.text()?, topic: d.text()? })
                })?;
            }
            31 => entry.masks = list(d, mask)?,
            32 => entry.classes = list(d, class)?,
            33 => {
                entry.levels = list(d, |d| {
                    d.array_of(2)?;
                    Ok(LevelRef { topic: d.small()?, level: numbered(d, Level::from_number)? })
                })?;
            }
            34 => self.kept = list(d, KeptRef::decode)?,
            35 => self.unread = list(d, UnreadRef::decode)?,
            _ => return Err(d.malformed("an unknown key")),
        }
        Ok(())
    }
}

/// A list as [`Fields::list`] writes it: never empty.
fn list<T>(d: &mut Decoder<'_>, one: impl Fn(&mut Decoder<'_>) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
    let items = d.array()?;
    if items == 0 {
        return Err(d.malformed("an empty list"));
    }
    let mut list = Vec::new();
    for _ in 0..items {
        list.push(one(d)?);
    }
    Ok(list)
}

fn numbered<T>(d: &mut Decoder<'_>, from_number: fn(u8) -> Option<T>) -> Result<T, Malformed> {
    let number = d.small::<u8>()?;
    from_number(number).ok_or_else(|| d.malformed("an unknown number"))
}

fn partition(d: &mut Decoder<'_>) -> Result<PartitionRange, Malformed> {
    d.array_of(7)?;
    Ok(PartitionRange {
        topic: d.small()?,
        partition: d.small()?,
        first_offset: d.int()?,
        last_offset: d.int()?,
        records: d.uint()?,
        bytes: d.uint()?,
        error: d.small()?,
    })
}

fn mask(d: &mut Decoder<'_>) -> Result<MaskRef, Malformed> {
    d.array_of(5)?;
    Ok(MaskRef { topic: d.small()?, partition: d.small()?, plan: d.fixed()?, withheld: d.uint()?, unread: d.uint()? })
}

fn class(d: &mut Decoder<'_>) -> Result<ClassRef, Malformed> {
    d.array_of(6)?;
    Ok(ClassRef {
        topic: d.small()?,
        partition: d.small()?,
        class: d.text()?,
        masked: d.uint()?,
        clear: d.uint()?,
        rule: d.text()?,
    })
}

fn payload(d: &mut Decoder<'_>) -> Result<Payload, Malformed> {
    d.array_of(4)?;
    Ok(Payload {
        algorithm: numbered(d, Algorithm::from_number)?,
        bytes: d.uint()?,
        commitment: d.fixed()?,
        tag: d.fixed()?,
    })
}

/// Fuzz target: any bytes either fail or come back as they were.
///
/// # Panics
/// When a leaf is accepted that would be written otherwise, which is what the target looks for.
#[doc(hidden)]
pub fn fuzz_entry(data: &[u8]) {
    if let Ok(leaf) = Leaf::decode(data) {
        assert_eq!(leaf.encode(), data, "a leaf that is accepted is canonical");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A leaf with every field.
    pub(crate) fn full() -> Leaf {
        let payload = Payload { algorithm: Algorithm::Blake3, bytes: 12, commitment: [3; 32], tag: [4; 16] };
        let entry = Entry {
            session: Some([1; 16]),
            api: Some(Api { key: 0, version: 9, correlation_id: -7 }),
            pair: Some(5),
            incarnation: Some(2),
            decision: Some(Decision { allowed: true, rule: "orders".into(), policy_version: [9; 32] }),
            effect: Some(Effect::Acked),
            error: Some(-1),
            reason: Some("because".into()),
            resources: vec![ResourceRef { kind: 1, name: "t".into(), allowed: false, rule: "r".into() }],
            topics: vec![
                TopicRef { name: "orders".into(), id: Some([8; 16]) },
                TopicRef { name: "b".into(), id: None },
            ],
            partitions: vec![PartitionRange {
                topic: 0,
                partition: 3,
                first_offset: -1,
                last_offset: 1 << 40,
                records: 10,
                bytes: 4096,
                error: 0,
            }],
            aliases: vec![AliasRef { alias: "old-orders".into(), topic: "orders".into() }],
            masks: vec![MaskRef { topic: 0, partition: 3, plan: [7; 32], withheld: 1, unread: 2 }],
            classes: vec![ClassRef {
                topic: 0,
                partition: 3,
                class: "PII.email".into(),
                masked: 9,
                clear: 0,
                rule: "default-deny".into(),
            }],
            counts: vec![(12, 3)],
            first_ms: Some(1),
            last_ms: Some(2),
            facts: vec![("agent_isolation".into(), "none".into())],
            previous: Some(Previous { incarnation: 1, size: 7, root: [6; 32] }),
            place: Some(Place { segment: 1, byte: 4096, length: 17 }),
            ..Entry::new(Kind::Outcome, 1_700_000_000_000)
        };
        Leaf {
            session_seq: Some(4),
            prev_session: Some([2; 32]),
            received: Some(payload),
            delivered: Some(payload),
            stored: Some(payload),
            tags: vec![(0, [7; 16])],
            commitments: vec![(Label::Subject, [5; 32])],
            disclosure: Some([1; 32]),
            session_count: Some(5),
            ..Leaf::bare(99, entry)
        }
    }

    #[test]
    fn every_field_comes_back() {
        let leaf = full();
        let bytes = leaf.encode();
        assert_eq!(Leaf::decode(&bytes), Ok(leaf));
    }

    #[test]
    fn no_prefix_and_no_extension_is_a_leaf() {
        let bytes = full().encode();
        for end in 0..bytes.len() {
            assert!(Leaf::decode(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Leaf::decode(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn commitments_differ_by_salt_label_and_value() {
        let one = commitment(&[0; 16], Label::Subject, &[1; 32]);
        assert_ne!(one, commitment(&[1; 16], Label::Subject, &[1; 32]));
        assert_ne!(one, commitment(&[0; 16], Label::Issuer, &[1; 32]));
        assert_ne!(one, commitment(&[0; 16], Label::Subject, &[2; 32]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_canonical(data in prop::collection::vec(any::<u8>(), 0..200)) {
            fuzz_entry(&data);
        }

        #[test]
        fn a_changed_byte_is_refused_or_canonical(at in 0usize..560, byte in any::<u8>()) {
            let mut bytes = full().encode();
            let at = at % bytes.len();
            bytes[at] = byte;
            fuzz_entry(&bytes);
        }
    }
}
