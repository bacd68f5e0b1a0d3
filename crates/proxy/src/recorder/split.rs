//! A wide operation takes several leaves: one leaf is bounded, the number of topics and partitions that a client may name is not.

use tidegate_evidence::LevelRef;
use tidegate_evidence::entry::{AliasRef, Entry, KEPT_WEIGHT, Level, TopicRef};

/// Weight of one part, well under what a leaf takes.
const PART_WEIGHT: usize = 40 * 1024;
/// Bytes of blocks that one part brings, unless one alone has more: parts share the disk with what others write.
const PART_BLOCKS: usize = 4 << 20;
/// What an entry of a list weighs beside its names; a partition's numbers take up to this.
const ITEM: usize = 56;

/// The entry itself, or its parts: the first has all that is said once, the others name it by the fact `part`.
pub(super) fn parts(mut entry: Entry) -> Vec<Entry> {
    let lists = entry.topics.len().saturating_add(entry.partitions.len()).saturating_add(entry.masks.len());
    let lists = lists.saturating_mul(ITEM);
    if entry.weight().saturating_add(lists) <= PART_WEIGHT && entry.block_bytes() <= PART_BLOCKS {
        return vec![entry];
    }
    let topics = std::mem::take(&mut entry.topics);
    let mut partitions = std::mem::take(&mut entry.partitions);
    partitions.sort_by_key(|partition| partition.topic);
    let mut partitions = partitions.into_iter().peekable();
    // They come in the order of the topics already.
    let mut masks = std::mem::take(&mut entry.masks).into_iter().peekable();
    let mut classes = std::mem::take(&mut entry.classes).into_iter().peekable();
    let mut levels = std::mem::take(&mut entry.levels).into_iter().peekable();
    let mut kept = std::mem::take(&mut entry.kept).into_iter().peekable();
    let mut unread = std::mem::take(&mut entry.unread).into_iter().peekable();
    let mut parts = Parts::new(&mut entry);
    for resource in std::mem::take(&mut parts.all.resources) {
        parts.make_room(ITEM.saturating_add(resource.name.len()).saturating_add(resource.rule.len()));
        parts.last.resources.push(resource);
    }
    for used in std::mem::take(&mut parts.aliases) {
        parts.make_room(ITEM.saturating_add(used.alias.len()).saturating_add(used.topic.len()));
        parts.last.aliases.push(used);
    }
    for (number, topic) in (0_u32..).zip(topics) {
        let weight = ITEM.saturating_add(topic.name.len());
        parts.make_room(weight);
        parts.last.topics.push(topic.clone());
        parts.level = levels.next_if(|level| level.topic == number).map(|level| level.level);
        parts.say_level();
        while let Some(mut partition) = partitions.next_if(|partition| partition.topic == number) {
            parts.make_room_of((ITEM, weight), &topic);
            partition.topic = parts.last_topic();
            parts.last.partitions.push(partition);
        }
        while let Some(mut mask) = masks.next_if(|mask| mask.topic == number) {
            parts.make_room_of((ITEM, weight), &topic);
            mask.topic = parts.last_topic();
            parts.last.masks.push(mask);
        }
        while let Some(mut class) = classes.next_if(|class| class.topic == number) {
            let words = class.class.len().saturating_add(class.rule.len());
            parts.make_room_of((ITEM.saturating_add(words), weight), &topic);
            class.topic = parts.last_topic();
            parts.last.classes.push(class);
        }
        while let Some(mut part) = unread.next_if(|part| part.what.topic == number) {
            parts.make_room_of((KEPT_WEIGHT.saturating_add(part.what.why.len()), weight), &topic);
            part.what.topic = parts.last_topic();
            parts.last.unread.push(part);
        }
        while let Some(mut keep) = kept.next_if(|keep| keep.topic == number) {
            let blocks = parts.blocks.saturating_add(keep.writes());
            if blocks > PART_BLOCKS && parts.blocks > 0 {
                parts.weight = PART_WEIGHT;
            }
            parts.make_room_of((KEPT_WEIGHT, weight), &topic);
            parts.blocks = parts.blocks.saturating_add(keep.writes());
            keep.topic = parts.last_topic();
            parts.last.kept.push(keep);
        }
    }
    for partition in partitions {
        parts.make_room(ITEM);
        parts.last.partitions.push(partition);
    }
    parts.finish()
}

struct Parts {
    /// What every part says.
    all: Entry,
    aliases: Vec<AliasRef>,
    last: Entry,
    weight: usize,
    /// Bytes of the blocks that it brings.
    blocks: usize,
    /// Of the topic that was named last.
    level: Option<Level>,
    done: Vec<Entry>,
}

impl Parts {
    fn new(entry: &mut Entry) -> Self {
        let mut all = Entry::new(entry.kind, entry.at_ms);
        all.session = entry.session;
        all.pair = entry.pair;
        all.api = entry.api;
        all.effect = entry.effect;
        all.decision.clone_from(&entry.decision);
        all.resources = std::mem::take(&mut entry.resources);
        let aliases = std::mem::take(&mut entry.aliases);
        let last = std::mem::replace(entry, Entry::new(all.kind, all.at_ms));
        let weight = last.weight();
        Self { all, aliases, last, weight, blocks: 0, level: None, done: Vec::new() }
    }

    /// Begins another part when `weight` more is too much; says whether it did.
    fn make_room(&mut self, weight: usize) -> bool {
        let full = self.weight.saturating_add(weight) > PART_WEIGHT;
        if full {
            let mut next = self.all.clone();
            next.facts = vec![("part".to_owned(), self.done.len().saturating_add(2).to_string())];
            self.weight = next.weight();
            self.blocks = 0;
            self.done.push(std::mem::replace(&mut self.last, next));
        }
        self.weight = self.weight.saturating_add(weight);
        full
    }

    /// The same for something about `topic`, which another part must name again.
    fn make_room_of(&mut self, (weight, of_topic): (usize, usize), topic: &TopicRef) {
        if self.make_room(weight) {
            self.weight = self.weight.saturating_add(of_topic);
            self.last.topics.push(topic.clone());
            self.say_level();
        }
    }

    /// Each part says how much is kept of the topics that it names.
    fn say_level(&mut self) {
        let topic = self.last_topic();
        self.last.levels.extend(self.level.map(|level| LevelRef { topic, level }));
    }

    /// Where the topic that was named last stands.
    fn last_topic(&self) -> u32 {
        u32::try_from(self.last.topics.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn finish(mut self) -> Vec<Entry> {
        self.done.push(self.last);
        self.done
    }
}

#[cfg(test)]
mod tests {
    use tidegate_evidence::entry::{ClassRef, Kind, MaskRef, PartitionRange, ResourceRef};
    use tidegate_evidence::{Keep, Packed, Unread, UnreadPart};

    use super::*;

    fn range(topic: u32, partition: i32) -> PartitionRange {
        PartitionRange { topic, partition, first_offset: 0, last_offset: 1, records: 2, bytes: 3, error: 0 }
    }

    fn keep(topic: u32, partition: i32, bytes: usize) -> Keep {
        let (base_offset, block) = (i64::from(topic), Packed::plain(vec![0; bytes].into()));
        let digests = ([0; 32], [0; 32], [0; 32]);
        let (plan, content, digest) = digests;
        Keep { topic, partition, base_offset, left_out: 0, plan, content, digest, block, held: false }
    }

    #[test]
    fn blocks_that_are_held_already_make_no_parts() {
        let mut entry = Entry::new(Kind::Outcome, 1);
        entry.topics.push(TopicRef { name: "t".into(), id: None });
        entry.kept = (0..10).map(|partition| keep(0, partition, 1 << 20)).collect();
        assert_eq!(parts(entry.clone()).len(), 3);
        entry.kept.iter_mut().for_each(|keep| keep.held = true);
        assert_eq!(parts(entry).len(), 1);
    }

    #[test]
    fn a_narrow_entry_stays_as_it_is() {
        let mut entry = Entry::new(Kind::Intent, 1);
        entry.topics.push(TopicRef { name: "t".into(), id: None });
        entry.partitions.push(range(0, 7));
        let parts = parts(entry.clone());
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].topics, entry.topics);
        assert_eq!(parts[0].partitions, entry.partitions);
    }

    #[test]
    fn a_wide_entry_is_told_in_parts_that_miss_nothing() {
        let mut entry = Entry::new(Kind::Outcome, 1);
        entry.pair = Some(9);
        for topic in 0..600 {
            entry.topics.push(TopicRef { name: format!("{topic:0249}"), id: Some([1; 16]) });
            entry.partitions.extend((0..4).map(|partition| range(topic, partition)));
            let mask = |partition| MaskRef { topic, partition, plan: [1; 32], withheld: u64::from(topic), unread: 0 };
            entry.masks.extend((0..4).map(mask));
            let of = |partition| (format!("class-{topic}"), format!("rule-{topic}"), partition);
            entry.classes.extend((0..4).map(of).map(|(class, rule, partition)| ClassRef {
                topic,
                partition,
                class,
                masked: 1,
                clear: 2,
                rule,
            }));
            if topic % 2 == 0 {
                entry.levels.push(LevelRef { topic, level: Level::Full });
                entry.kept.extend((0..4).map(|partition| keep(topic, partition, 20_000)));
                let (why, digest) = (String::new(), [0; 32]);
                let what = UnreadPart { topic, partition: 0, offset: i64::from(topic), part: 2, length: 1, at: 0, why };
                entry.unread.push(Unread { what, digest });
            }
            let name = format!("g{topic:0249}");
            entry.resources.push(ResourceRef { kind: 2, name, allowed: false, rule: "r".into() });
            entry.aliases.push(AliasRef { alias: format!("a{topic:0248}"), topic: format!("{topic:0249}") });
        }
        let parts = parts(entry);
        assert!(parts.len() > 3);
        let mut told = Vec::new();
        let (mut masks, mut classes, mut kept, mut unread) = (0, 0, 0, 0);
        for part in &parts {
            assert!(part.weight() < 60_000, "{}", part.weight());
            assert_eq!((part.kind, part.pair), (Kind::Outcome, Some(9)));
            assert!(part.block_bytes() <= PART_BLOCKS);
            let number = |topic: u32| part.topics[topic as usize].name.parse::<i64>().unwrap();
            for (place, topic) in (0..).zip(&part.topics) {
                let full = part.levels.iter().any(|level| (level.topic, level.level) == (place, Level::Full));
                assert_eq!(full, topic.name.parse::<u32>().unwrap() % 2 == 0, "each part says it: {}", topic.name);
            }
            for keep in &part.kept {
                kept += 1;
                assert_eq!(number(keep.topic), keep.base_offset);
            }
            for one in &part.unread {
                unread += 1;
                assert_eq!(number(one.what.topic), one.what.offset);
            }
            for partition in &part.partitions {
                told.push((part.topics[partition.topic as usize].name.clone(), partition.partition));
            }
            for mask in &part.masks {
                masks += 1;
                assert_eq!(part.topics[mask.topic as usize].name, format!("{:0249}", mask.withheld));
            }
            for class in &part.classes {
                classes += 1;
                let number = part.topics[class.topic as usize].name.trim_start_matches('0');
                let number = if number.is_empty() { "0" } else { number };
                assert_eq!(class.class, format!("class-{number}"));
            }
        }
        let all: Vec<_> = (0..600).flat_map(|t| (0..4).map(move |p| (format!("{t:0249}"), p))).collect();
        assert_eq!(told, all);
        assert_eq!((masks, classes), (2400, 2400));
        assert_eq!((kept, unread), (1200, 300));
        assert_eq!(parts.iter().map(|part| part.resources.len()).sum::<usize>(), 600);
        assert_eq!(parts.iter().map(|part| part.aliases.len()).sum::<usize>(), 600);
        assert!(parts[0].facts.is_empty() && parts[1].facts == [("part".to_owned(), "2".to_owned())]);
    }
}
