//! Which leaves a list shows.

use anyhow::{Result, anyhow};
use clap::Args;
use tidegate_evidence::Kind;
use tidegate_evidence::leaf::Leaf;

use crate::cli::evidence::time;
use crate::control::hex;

/// Narrows the list; every one of them has to fit.
#[derive(Args, Debug)]
pub(crate) struct FilterArgs {
    /// Only the session whose id begins so (hex).
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only leaves of this kind, such as intent, outcome or refusal; may be given several times.
    #[arg(long, value_name = "K")]
    kind: Vec<String>,
    /// Only what concerns this topic.
    #[arg(long, value_name = "T")]
    topic: Option<String>,
    /// Only what policy allowed, or denied.
    #[arg(long, value_name = "allow|deny")]
    decision: Option<String>,
    /// Only since: 15m, 2h or 7d ago, 2026-11-24, or 2026-11-24T04:05:06Z (UTC).
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Heartbeats too.
    #[arg(long)]
    all: bool,
}

/// A checked filter.
#[derive(Debug, Default)]
pub(super) struct Filter {
    session: Option<String>,
    kinds: Vec<Kind>,
    topic: Option<String>,
    allowed: Option<bool>,
    since_ms: u64,
    all: bool,
}

impl Filter {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A word that means nothing; the text says which would do.
    pub(super) fn new(args: &FilterArgs) -> Result<Self> {
        let kinds = args.kind.iter().map(|word| kind(word)).collect::<Result<_>>()?;
        let allowed = match args.decision.as_deref() {
            None => None,
            Some("allow") => Some(true),
            Some("deny") => Some(false),
            Some(other) => return Err(anyhow!("--decision {other:?} is neither allow nor deny")),
        };
        let session = args.session.as_ref().map(|id| id.to_ascii_lowercase());
        if session
            .as_ref()
            .is_some_and(|id| id.is_empty() || id.len() > 32 || !id.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            return Err(anyhow!("--session takes the beginning of a session's id, up to 32 hex digits"));
        }
        let since_ms = args.since.as_ref().map(|text| {
            time::parse(text, time::now_ms()).ok_or_else(|| {
                anyhow!("--since {text:?} is no time; write 15m, 2h, 7d, 2026-11-24 or 2026-11-24T04:05:06Z (UTC)")
            })
        });
        let since_ms = since_ms.transpose()?.unwrap_or(0);
        Ok(Filter { session, kinds, topic: args.topic.clone(), allowed, since_ms, all: args.all })
    }

    /// Whether the list shows this leaf.
    pub(super) fn takes(&self, leaf: &Leaf) -> bool {
        let entry = &leaf.entry;
        let wanted = match self.kinds.as_slice() {
            [] => self.all || entry.kind != Kind::Heartbeat,
            kinds => kinds.contains(&entry.kind),
        };
        wanted
            && entry.at_ms >= self.since_ms
            && self.session.as_ref().is_none_or(|id| entry.session.is_some_and(|own| hex(&own).starts_with(id)))
            && self.topic.as_ref().is_none_or(|topic| names(leaf, topic))
            && self.allowed.is_none_or(|allowed| decision(leaf) == Some(allowed))
    }
}

fn kind(word: &str) -> Result<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.name() == word).ok_or_else(|| {
        let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        anyhow!("--kind {word:?} is none of: {}", known.join(", "))
    })
}

/// What policy said. Refusals that were counted say it by their kind.
pub(super) fn decision(leaf: &Leaf) -> Option<bool> {
    let refused = (leaf.entry.kind == Kind::Refusal).then_some(false);
    leaf.entry.decision.as_ref().map(|decision| decision.allowed).or(refused)
}

/// A fact's value.
pub(super) fn fact<'a>(leaf: &'a Leaf, name: &str) -> Option<&'a str> {
    leaf.entry.facts.iter().find(|(fact, _)| fact == name).map(|(_, value)| value.as_str())
}

fn names(leaf: &Leaf, topic: &str) -> bool {
    let entry = &leaf.entry;
    entry.topics.iter().any(|other| other.name == topic)
        || entry.aliases.iter().any(|used| used.alias == topic || used.topic == topic)
        || entry.resources.iter().any(|resource| resource.kind == 1 && resource.name == topic)
        || fact(leaf, "resource") == Some(topic)
}

#[cfg(test)]
mod tests {
    use tidegate_evidence::{Decision, Entry};

    use super::*;

    fn leaf(entry: Entry) -> Leaf {
        let bytes = Leaf {
            index: 0,
            session_seq: None,
            prev_session: None,
            entry,
            received: None,
            delivered: None,
            stored: None,
            kept: Vec::new(),
            unread: Vec::new(),
            tags: Vec::new(),
            commitments: Vec::new(),
            disclosure: None,
            session_count: None,
        }
        .encode();
        Leaf::decode(&bytes).unwrap()
    }

    #[test]
    fn heartbeats_are_hidden_unless_asked_for() {
        let beat = leaf(Entry::new(Kind::Heartbeat, 5));
        assert!(!Filter::default().takes(&beat));
        assert!(Filter { all: true, ..Filter::default() }.takes(&beat));
        assert!(Filter { kinds: vec![Kind::Heartbeat], ..Filter::default() }.takes(&beat));
    }

    #[test]
    fn each_filter_takes_and_leaves_out() {
        let mut entry = Entry::new(Kind::Intent, 5);
        entry.session = Some([0xab; 16]);
        entry.topics = vec![tidegate_evidence::TopicRef { name: "orders".into(), id: None }];
        entry.decision = Some(Decision { allowed: true, rule: "r".into(), policy_version: [0; 32] });
        entry.aliases = vec![tidegate_evidence::AliasRef { alias: "old-orders".into(), topic: "orders".into() }];
        let leaf = leaf(entry);
        let topic = |name: &str| Filter { topic: Some(name.into()), ..Filter::default() };
        assert!(topic("orders").takes(&leaf) && !topic("order").takes(&leaf));
        assert!(topic("old-orders").takes(&leaf), "by the name that the client used too");
        let session = |id: &str| Filter { session: Some(id.into()), ..Filter::default() };
        assert!(session("abab").takes(&leaf) && !session("abac").takes(&leaf));
        let allowed = |allowed| Filter { allowed: Some(allowed), ..Filter::default() };
        assert!(allowed(true).takes(&leaf) && !allowed(false).takes(&leaf));
        let since = |since_ms| Filter { since_ms, ..Filter::default() };
        assert!(since(5).takes(&leaf) && !since(6).takes(&leaf));
    }
}
