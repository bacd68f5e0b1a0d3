//! Leaves of copies that the gate writes to quarantine topics, in the session whose request was refused for them.

use bytes::Bytes;
use tidegate_evidence::entry::{Decision, Effect, Entry, Kind, TopicRef};
use tidegate_model::{Facts, Quarantined};

use super::{OpenIntent, REFUSED_RECORDS_MAX, Recorder, kept};
use crate::quarantine::Copies;
use crate::steps::{Decided, Frames, Recording, Tickets};

impl Recorder {
    /// A copy is about to be written.
    pub(crate) fn copy_intent(
        &self,
        frame: Decided,
        facts: &Facts,
        (batch, copies): (&Quarantined, &Copies),
        now_ms: u64,
    ) -> Recording<Decided> {
        let mut entry = self.operation(Kind::Intent, facts, now_ms);
        kept::keep(&mut entry, &facts.kept, false, &self.writer.log);
        copied(&mut entry, batch, copies, true);
        entry.effect = Some(Effect::Intent);
        let tickets = self.writer.append(entry, Some(&Frames::new(None, frame.bytes())), |_, _| {});
        Recording::written(frame, tickets)
    }

    /// The broker has answered.
    pub(crate) fn copy_outcome(&self, intent: &OpenIntent, facts: &Facts, answer: &Bytes, now_ms: u64) -> Tickets {
        let mut entry = self.operation(Kind::Outcome, facts, now_ms);
        entry.pair = intent.indices.first().copied();
        entry.effect = Some(Effect::Acked);
        self.writer.append(entry, Some(&Frames::new(None, answer)), |_, _| {})
    }

    /// The copy could not be written, whatever was tried.
    pub(crate) fn not_copied(&self, batch: &Quarantined, copies: &Copies, why: &str, now_ms: u64) -> Tickets {
        let mut entry = self.entry(Kind::Refusal, now_ms);
        entry.api = Some(copies.api);
        entry.topics = vec![TopicRef { name: batch.topic.to_string(), id: None }];
        copied(&mut entry, batch, copies, false);
        entry.effect = Some(Effect::Refused);
        entry.reason = Some(format!("not copied to its quarantine topic: {why}"));
        self.writer.plain(entry)
    }
}

/// Says by what the copy is, and of which records. No rule gives a caller the right to it: the gate itself writes.
fn copied(entry: &mut Entry, batch: &Quarantined, copies: &Copies, allowed: bool) {
    let policy_version = copies.questions.policy_version;
    entry.decision = Some(Decision { allowed, rule: "masking.yaml".into(), policy_version });
    for (topic, partition, place) in batch.of.iter().take(REFUSED_RECORDS_MAX) {
        let topic = copies.topics.get(*topic).map_or("", |topic| topic.name.as_str());
        entry.facts.push(("quarantined".into(), format!("{topic}-{partition}: record {place} of the batch")));
    }
    if batch.original {
        entry.facts.push(("quarantined_as".into(), "original".into()));
    }
}
