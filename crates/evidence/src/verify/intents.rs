//! Which entries are intents and which of them have an answer: two bits an entry.

use std::collections::BTreeMap;

/// The most open intents that a report lists.
const MAX_LISTED: usize = 100_000;

#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, index: u64) {
        let (word, bit) = place(index);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn has(&self, index: u64) -> bool {
        let (word, bit) = place(index);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

fn place(index: u64) -> (usize, u64) {
    (usize::try_from(index / 64).unwrap_or(usize::MAX), 1 << (index % 64))
}

/// Intents of all logs.
#[derive(Debug, Default)]
pub(crate) struct Intents(BTreeMap<u64, (Bits, Bits)>);

impl Intents {
    /// Notes an intent; its index is that of a leaf that was read.
    pub(crate) fn intent(&mut self, incarnation: u64, index: u64) {
        self.0.entry(incarnation).or_default().0.set(index);
    }

    /// Notes an answer; false when there is no such intent.
    pub(crate) fn answer(&mut self, incarnation: u64, index: u64) -> bool {
        let Some((intents, answered)) = self.0.get_mut(&incarnation) else { return false };
        let known = intents.has(index);
        if known {
            answered.set(index);
        }
        known
    }

    /// Intents without an answer, as incarnation and index.
    pub(crate) fn open(&self) -> Vec<(u64, u64)> {
        let mut open = Vec::new();
        for (incarnation, (intents, answered)) in &self.0 {
            for (word, bits) in (0u64..).zip(&intents.0) {
                let mut left = bits & !usize::try_from(word).ok().and_then(|at| answered.0.get(at)).unwrap_or(&0);
                while left != 0 && open.len() < MAX_LISTED {
                    open.push((*incarnation, word * 64 + u64::from(left.trailing_zeros())));
                    left &= left - 1;
                }
            }
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_intents_are_those_without_answer() {
        let mut intents = Intents::default();
        for index in [0, 63, 64, 1000] {
            intents.intent(1, index);
        }
        assert!(intents.answer(1, 63));
        assert!(!intents.answer(1, 62), "no intent");
        assert!(!intents.answer(2, 63), "no log");
        assert_eq!(intents.open(), [(1, 0), (1, 64), (1, 1000)]);
    }
}
