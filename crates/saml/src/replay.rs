//! Assertions that were used, remembered for as long as they could be used again.

use std::collections::HashMap;
use std::time::SystemTime;

/// What remembers used messages. Shared by all providers of a gate; keys are theirs already.
pub trait ReplayCache {
    /// Notes that the message of this key is used now and could be used until `until`.
    ///
    /// # Errors
    /// When it was used before, or when there is no room to remember it; both refuse the login.
    fn first_use(&mut self, key: &str, until: SystemTime, now: SystemTime) -> Result<(), ReplayRefused>;
}

/// Why a message is not taken as used for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayRefused {
    /// It was used before.
    Used,
    /// It cannot be remembered: the memory is full or fails.
    NoRoom,
}

/// A bounded memory of one process.
///
/// It may forget all when the process ends: a response is accepted only for a login that the same process began.
#[derive(Debug)]
pub struct MemoryReplay {
    used: HashMap<String, SystemTime>,
    room: usize,
}

impl MemoryReplay {
    /// Remembers at most `room` messages at a time. A login takes two.
    #[must_use]
    pub fn new(room: usize) -> MemoryReplay {
        MemoryReplay { used: HashMap::new(), room }
    }
}

impl ReplayCache for MemoryReplay {
    fn first_use(&mut self, key: &str, until: SystemTime, now: SystemTime) -> Result<(), ReplayRefused> {
        if self.used.get(key).is_some_and(|until| *until > now) {
            return Err(ReplayRefused::Used);
        }
        if self.used.len() >= self.room {
            self.used.retain(|_, until| *until > now);
        }
        if self.used.len() >= self.room {
            return Err(ReplayRefused::NoRoom);
        }
        self.used.insert(key.to_owned(), until);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_used_message_is_remembered_until_it_ends_and_a_full_memory_refuses() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut memory = MemoryReplay::new(2);
        assert_eq!(memory.first_use("a", at(10), at(0)), Ok(()));
        assert_eq!(memory.first_use("a", at(10), at(9)), Err(ReplayRefused::Used));
        assert_eq!(memory.first_use("b", at(20), at(9)), Ok(()));
        assert_eq!(memory.first_use("c", at(20), at(9)), Err(ReplayRefused::NoRoom));
        assert_eq!(memory.first_use("c", at(20), at(10)), Ok(()), "what has ended makes room");
        assert_eq!(memory.first_use("b", at(20), at(19)), Err(ReplayRefused::Used));
    }
}
