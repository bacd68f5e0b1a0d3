//! What refusals say in words, in the answers that have room for them. The words are the gate's; how many of them one answer takes
//! is bounded here, since a request may name a hundred thousand things.

use std::collections::HashMap;

use tidegate_model::{Action, Gate, Resource};

/// Names of one request that are given words of their own, which may cost a question to the policy's engine each; the rest get the
/// answer's usual ones.
const NAMES_MAX: usize = 32;
/// Partitions of one topic that say them.
pub(crate) const PARTITIONS_MAX: usize = 16;

/// Words for refused things, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    by_name: HashMap<String, String>,
    /// By topic and partition.
    records: HashMap<(String, i32), (Option<u32>, String)>,
}

/// A right that was refused, and the name by which the client called what it is to.
pub(crate) struct Refused<'a> {
    pub(crate) action: Action,
    pub(crate) resource: Resource<'a>,
    pub(crate) partition: Option<i32>,
    pub(crate) called: &'a str,
}

impl Words {
    /// Asks for the words about one more name, for which this was refused.
    pub(crate) fn ask(&mut self, gate: &mut dyn Gate, name: &str, refused: &Refused<'_>) {
        if self.by_name.len() < NAMES_MAX
            && !self.by_name.contains_key(name)
            && let Some(words) = gate.refusal(refused.action, refused.resource, refused.partition, refused.called)
        {
            self.by_name.insert(name.to_owned(), words);
        }
    }

    /// A record that was refused: its place in its batch, and why.
    pub(crate) fn refuse_record(&mut self, topic: &str, partition: i32, (place, why): (Option<u32>, &str)) {
        self.records.insert((topic.to_owned(), partition), (place, why.to_owned()));
    }

    /// The record of a partition that was refused.
    pub(crate) fn of_record(&self, topic: &str, partition: i32) -> Option<(Option<u32>, &str)> {
        if self.records.is_empty() {
            return None;
        }
        self.records.get(&(topic.to_owned(), partition)).map(|(place, why)| (*place, why.as_str()))
    }

    /// The words about this name, or the usual ones.
    pub(crate) fn about(&self, name: &str, usual: &str) -> String {
        self.by_name.get(name).map_or(usual, String::as_str).to_owned()
    }
}
