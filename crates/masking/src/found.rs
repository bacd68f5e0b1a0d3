//! What a rewriter met in a record: for evidence, and for the caller's mask alike.

use crate::plan::ClassId;

/// Values of each class that were met, masked and clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    counts: Vec<Counts>,
    unread: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    masked: u64,
    clear: u64,
}

impl Found {
    /// Counts one value of a class.
    pub fn count(&mut self, class: ClassId, masked: bool) {
        let place = usize::from(class.0);
        if self.counts.len() <= place {
            self.counts.resize(place + 1, Counts::default());
        }
        if let Some(counts) = self.counts.get_mut(place) {
            let count = if masked { &mut counts.masked } else { &mut counts.clear };
            *count = count.saturating_add(1);
        }
    }

    /// Counts a part that could not be read and was shown all the same, to somebody who sees every class of it.
    pub fn count_unread(&mut self) {
        self.unread = self.unread.saturating_add(1);
    }

    /// Parts that were shown unread.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.unread
    }

    /// Adds what another record held.
    pub fn add(&mut self, other: &Found) {
        self.unread = self.unread.saturating_add(other.unread);
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), Counts::default());
        }
        for (counts, more) in self.counts.iter_mut().zip(&other.counts) {
            counts.masked = counts.masked.saturating_add(more.masked);
            counts.clear = counts.clear.saturating_add(more.clear);
        }
    }

    /// What it takes in memory beside itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.counts.capacity().saturating_mul(size_of::<Counts>())
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.counts.clear();
        self.unread = 0;
    }

    /// Class, values masked, values clear, of each class that was met.
    pub fn classes(&self) -> impl Iterator<Item = (ClassId, u64, u64)> {
        let all = self.counts.iter().zip(0_u16..);
        all.filter(|(counts, _)| counts.masked + counts.clear > 0)
            .map(|(counts, place)| (ClassId(place), counts.masked, counts.clear))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_by_class() {
        let mut found = Found::default();
        found.count(ClassId(2), true);
        found.count(ClassId(2), false);
        let mut more = Found::default();
        more.count(ClassId(3), true);
        more.count(ClassId(2), true);
        more.count_unread();
        found.add(&more);
        assert_eq!(found.unread(), 1);
        assert_eq!(found.classes().collect::<Vec<_>>(), [(ClassId(2), 2, 1), (ClassId(3), 1, 0)]);
    }
}
