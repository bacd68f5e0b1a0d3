//! What members of a classic consumer group say of themselves: which topics they subscribe to and have. Only as much is read as
//! names topics.
//!
//! Source: Kafka's `ConsumerProtocolSubscription` and `ConsumerProtocolAssignment`, versions 0 to 3, which are never flexible.

/// The topics of a subscription, or `None` when it cannot be read.
pub(super) fn subscribed(bytes: &[u8]) -> Option<Vec<&str>> {
    let mut at = Cursor(bytes);
    let version = at.int16()?;
    let mut topics = Vec::new();
    for _ in 0..at.count()? {
        topics.push(at.string()?);
    }
    at.user_data()?;
    if version >= 1 {
        at.partitions(&mut topics)?;
    }
    Some(topics)
}

/// The topics of an assignment, or `None` when it cannot be read.
pub(super) fn assigned(bytes: &[u8]) -> Option<Vec<&str>> {
    let mut at = Cursor(bytes);
    at.int16()?;
    let mut topics = Vec::new();
    at.partitions(&mut topics)?;
    Some(topics)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn int16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn int32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    /// A count that the bytes left can hold.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.int32()?).ok().filter(|count| *count <= self.0.len())
    }

    fn string(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.int16()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn user_data(&mut self) -> Option<()> {
        let length = self.int32()?;
        if length >= 0 {
            self.take(usize::try_from(length).ok()?)?;
        }
        Some(())
    }

    fn partitions(&mut self, topics: &mut Vec<&'a str>) -> Option<()> {
        for _ in 0..self.count()? {
            topics.push(self.string()?);
            let bytes = self.count()?.checked_mul(4)?;
            self.take(bytes)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_found() {
        let topic = b"\0\x01a";
        let subscription =
            [b"\0\x01\0\0\0\x01".as_slice(), topic, b"\xff\xff\xff\xff\0\0\0\x01\0\x01b\0\0\0\x01\0\0\0\x07"];
        assert_eq!(subscribed(&subscription.concat()), Some(vec!["a", "b"]));
        let assignment = [b"\0\0\0\0\0\x01".as_slice(), topic, b"\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\0"];
        assert_eq!(assigned(&assignment.concat()), Some(vec!["a"]));
    }

    #[test]
    fn lies_and_cuts_are_unreadable() {
        assert_eq!(subscribed(b"\0\0\x7f\xff\xff\xff"), None);
        assert_eq!(assigned(b"\0\0\0\0\0\x01\0\x01a\x7f\xff\xff\xff"), None);
        assert_eq!(assigned(b"\0"), None);
    }
}
