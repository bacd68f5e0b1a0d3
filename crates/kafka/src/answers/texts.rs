//! Messages that brokers write for people. They are helpful and pass, unless they name an address behind the gate or a topic that
//! this caller may not see: "topic a.b collides with existing topics: a_b" tells of `a_b`.

use std::net::IpAddr;

use tidegate_model::{Action, Gate, Resource};

use crate::requests::knowledge;

/// What stands in the place of a message that may not pass.
pub(super) const WITHHELD: &str = "the broker's message is withheld: it names what this caller may not see";

/// Whether the message may pass.
pub(super) fn may_pass(text: &str, gate: &mut dyn Gate) -> bool {
    // Before the first round of the control connection nobody can say what is a topic's name.
    let Some(known) = knowledge(gate) else { return false };
    if text.split(|c: char| c.is_whitespace() || "()[]{}<>,;\"'=/".contains(c)).any(is_address) {
        return false;
    }
    let words = text.split(|c: char| !is_of_name(c)).filter(|word| !word.is_empty());
    words.flat_map(names_in).chain(text.split_whitespace()).all(|name| {
        !known.hosts.contains(name)
            && (!known.topics.contains_key(name) || gate.allows(Action::Describe, Resource::Topic(name), None))
    })
}

/// The characters that names of topics and hosts may have.
pub(crate) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// What a word of a message may name, the longest first: a sentence may end with it, and brokers write `topic-partition`.
pub(crate) fn names_in(word: &str) -> impl Iterator<Item = &str> {
    let bare = word.trim_end_matches('.');
    let topic = bare.rsplit_once('-').filter(|(_, index)| index.bytes().all(|b| b.is_ascii_digit()));
    [Some(word), Some(bare), topic.map(|(topic, _)| topic)].into_iter().flatten()
}

/// `host:port`, or an address literal.
fn is_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| c == '.' || c == ':');
    let port = |text: &str| !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    word.parse::<IpAddr>().is_ok() || word.rsplit_once(':').is_some_and(|(host, tail)| !host.is_empty() && port(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_words() {
        for word in ["kafka-1.internal:9092", "10.0.0.7", "10.0.0.7:9092.", "fe80::1", "b:1"] {
            assert!(is_address(word), "{word}");
        }
        for word in ["topic", "a.b", "5", "Note:", "3.", "error:"] {
            assert!(!is_address(word), "{word}");
        }
    }
}
