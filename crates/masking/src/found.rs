//! What a rewriter met in a record: for evidence, and for the caller's mask alike.

use crate::plan::ClassId;

/// Values of each class that were met, masked and clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found(Vec<Counts>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    masked: u64,
    clear: u64,
}

impl Found {
    /// Counts one value of a class.
    pub fn count(&mut self, class: ClassId, masked: bool) {
        let place = usize::from(class.0);
        if self.0.len() <= place {
            self.0.resize(place + 1, Counts::default());
        }
        if let Some(counts) = self.0.get_mut(place) {
            let count = if masked { &mut counts.masked } else { &mut counts.clear };
            *count = count.saturating_add(1);
        }
    }

    /// Adds what another record held.
    pub fn add(&mut self, other: &Found) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), Counts::default());
        }
        for (counts, more) in self.0.iter_mut().zip(&other.0) {
            counts.masked = counts.masked.saturating_add(more.masked);
            counts.clear = counts.clear.saturating_add(more.clear);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Class, values masked, values clear, of each class that was met.
    pub fn classes(&self) -> impl Iterator<Item = (ClassId, u64, u64)> {
        let all = self.0.iter().zip(0_u16..);
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
        found.add(&more);
        assert_eq!(found.classes().collect::<Vec<_>>(), [(ClassId(2), 2, 1), (ClassId(3), 1, 0)]);
    }
}
