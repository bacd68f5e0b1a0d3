//! The agent's memory of the numbers that it has seen: each is good once.

use std::collections::HashSet;

use crate::Number;

/// Numbers remembered at least; twice as many at most (2 MiB).
const REMEMBERED: usize = 65_536;

/// The numbers that were used lately: the newest, and those before them.
#[derive(Debug, Default)]
pub struct Numbers(HashSet<Number>, HashSet<Number>);

impl Numbers {
    /// Notes a number as used; false when it was used before.
    pub fn note(&mut self, number: Number) -> bool {
        if self.0.len() >= REMEMBERED {
            self.1 = std::mem::take(&mut self.0);
        }
        !self.1.contains(&number) && self.0.insert(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_good_once() {
        let mut numbers = Numbers::default();
        assert!(numbers.note(Number([1; 16])));
        assert!(numbers.note(Number([2; 16])));
        assert!(!numbers.note(Number([1; 16])));
        let last = u128::try_from(REMEMBERED).unwrap() * 3;
        for value in 0..=last {
            assert!(numbers.note(Number((value << 8).to_be_bytes())));
        }
        assert!(numbers.0.len() <= REMEMBERED && numbers.1.len() <= REMEMBERED);
        for value in [last, last - u128::try_from(REMEMBERED).unwrap()] {
            assert!(!numbers.note(Number((value << 8).to_be_bytes())), "{value} was forgotten");
        }
    }
}
