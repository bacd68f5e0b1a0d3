//! What evidence keeps of the records of an operation, as the log takes it.

use tidegate_evidence::entry::{Entry, Level};
use tidegate_evidence::store::Log;
use tidegate_evidence::{Keep, LevelRef, Packed, Unread, UnreadPart};
use tidegate_model::{KeptBatch, KeptRecords, Stored};

/// Fewer bytes are not worth packing.
const PACK_MIN: usize = 64;

/// Puts what is kept into `entry`: of what goes on, or of what was `refused` for what is in it.
pub(super) fn keep(entry: &mut Entry, kept: &KeptRecords, refused: bool, log: &Log) {
    let place = |topic: usize| u32::try_from(topic).unwrap_or(u32::MAX);
    let level = |(topic, level): &(usize, tidegate_model::Level)| LevelRef {
        topic: place(*topic),
        level: match level {
            tidegate_model::Level::Full => Level::Full,
            tidegate_model::Level::Digest => Level::Digest,
            tidegate_model::Level::Metadata => Level::Metadata,
        },
    };
    entry.levels = kept.levels.iter().map(level).collect();
    for batch in kept.batches.iter().filter(|batch| batch.refused == refused) {
        let topic = place(batch.topic);
        entry.unread.extend(batch.unread.iter().map(|(offset, part)| {
            let what = UnreadPart {
                topic,
                partition: batch.partition,
                offset: *offset,
                part: part.part,
                length: u64::try_from(part.length).unwrap_or(u64::MAX),
                at: u64::try_from(part.at).unwrap_or(u64::MAX),
                why: part.why.clone(),
            };
            Unread { what, digest: part.digest }
        }));
        if let Some(stored) = &batch.stored {
            entry.kept.push(stored_batch(topic, batch, stored, log));
        }
    }
}

fn stored_batch(topic: u32, batch: &KeptBatch, stored: &Stored, log: &Log) -> Keep {
    let digest = if stored.as_came { stored.content } else { *blake3::hash(&stored.body).as_bytes() };
    let held = log.holds(&digest);
    let as_it_is = stored.packed || stored.body.len() < PACK_MIN || held;
    let block = if as_it_is { Packed::plain(stored.body.clone()) } else { Packed::pack(stored.body.clone()) };
    Keep {
        topic,
        partition: batch.partition,
        base_offset: batch.base_offset,
        left_out: batch.left_out,
        plan: stored.plan,
        content: stored.content,
        digest,
        block,
        held,
    }
}
