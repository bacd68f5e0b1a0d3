//! What members of a classic consumer group say of themselves: which topics they subscribe to and have. Only as much is read as
//! names topics.
//!
//! Source: Kafka's `ConsumerProtocolSubscription` and `ConsumerProtocolAssignment`, versions 0 to 3, which are never flexible.

use crate::encode;

/// A topic's name, and where it stands behind its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name<'a> {
    pub(crate) text: &'a str,
    at: usize,
}

/// The topics of a subscription, or `None` when it cannot be read.
pub(crate) fn subscribed(bytes: &[u8]) -> Option<Vec<Name<'_>>> {
    let mut at = Cursor { bytes, at: 0 };
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
pub(crate) fn assigned(bytes: &[u8]) -> Option<Vec<Name<'_>>> {
    let mut at = Cursor { bytes, at: 0 };
    at.int16()?;
    let mut topics = Vec::new();
    at.partitions(&mut topics)?;
    Some(topics)
}

/// The same bytes with other names, as `to` says; `None` when it changes none.
pub(crate) fn renamed<'n>(bytes: &[u8], names: &[Name<'_>], to: impl Fn(&str) -> Option<&'n str>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for name in names {
        let Some(other) = to(name.text) else { continue };
        // A length takes two bytes.
        out.extend_from_slice(bytes.get(done..name.at.checked_sub(2)?)?);
        encode::string(&mut out, false, other);
        done = name.at.saturating_add(name.text.len());
    }
    out.extend_from_slice(bytes.get(done..)?);
    (done > 0).then_some(out)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
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
        usize::try_from(self.int32()?).ok().filter(|count| *count <= self.bytes.len().saturating_sub(self.at))
    }

    fn string(&mut self) -> Option<Name<'a>> {
        let length = usize::try_from(self.int16()?).ok()?;
        let at = self.at;
        Some(Name { text: std::str::from_utf8(self.take(length)?).ok()?, at })
    }

    fn user_data(&mut self) -> Option<()> {
        let length = self.int32()?;
        if length >= 0 {
            self.take(usize::try_from(length).ok()?)?;
        }
        Some(())
    }

    fn partitions(&mut self, topics: &mut Vec<Name<'a>>) -> Option<()> {
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

    fn texts(names: Option<Vec<Name<'_>>>) -> Option<Vec<&str>> {
        names.map(|names| names.iter().map(|name| name.text).collect())
    }

    #[test]
    fn topics_are_found() {
        let topic = b"\0\x01a";
        let subscription =
            [b"\0\x01\0\0\0\x01".as_slice(), topic, b"\xff\xff\xff\xff\0\0\0\x01\0\x01b\0\0\0\x01\0\0\0\x07"];
        assert_eq!(texts(subscribed(&subscription.concat())), Some(vec!["a", "b"]));
        let assignment = [b"\0\0\0\0\0\x01".as_slice(), topic, b"\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\0"];
        assert_eq!(texts(assigned(&assignment.concat())), Some(vec!["a"]));
    }

    #[test]
    fn names_are_changed_and_nothing_else() {
        let subscription = |a: &[u8], b: &[u8]| {
            [b"\0\x03\0\0\0\x02", a, b"\0\x01z\0\0\0\x04user\0\0\0\x01", b, b"\0\0\0\x01\0\0\0\x07\0\0\0\x09\xff\xff"]
                .concat()
        };
        let bytes = subscription(b"\0\x01a", b"\0\x01a");
        let names = subscribed(&bytes).unwrap();
        let changed = renamed(&bytes, &names, |name| (name == "a").then_some("longer"));
        assert_eq!(changed, Some(subscription(b"\0\x06longer", b"\0\x06longer")));
        assert_eq!(renamed(&bytes, &names, |_| None), None);
    }

    #[test]
    fn lies_and_cuts_are_unreadable() {
        assert_eq!(subscribed(b"\0\0\x7f\xff\xff\xff"), None);
        assert_eq!(assigned(b"\0\0\0\0\0\x01\0\x01a\x7f\xff\xff\xff"), None);
        assert_eq!(assigned(b"\0"), None);
    }
}
