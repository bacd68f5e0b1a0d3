//! `topics.yaml`: what a topic is (domain, owner, env, tier, tags), by name or pattern, what a derived topic inherits, and by
//! which other names clients may call topics.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::aliases::Aliases;
use crate::error::{Place, PolicyError};

/// The file's name inside a policy folder.
pub(crate) const FILE: &str = "topics.yaml";
/// Kafka's own limit on a topic name; a longer one is no topic and is never matched.
pub(crate) const NAME_MAX: usize = 249;
const ROWS_MAX: usize = 10_000;
/// Names that are looked at for one topic; a name with more possible sources is treated as one that nothing names.
const SOURCES_MAX: usize = 48;
/// Domain and environment of what nothing names.
pub(crate) const UNKNOWN: &str = "unknown";
/// The tier of what nothing names.
pub(crate) const STRICTEST_TIER: &str = "tier0";
/// Tags that no row gives: of a topic that nothing names, and of the broker's own topics.
pub(crate) const BUILT_IN_TAGS: [&str; 2] = [UNCLASSIFIED, INTERNAL];
const UNCLASSIFIED: &str = "unclassified";
const INTERNAL: &str = "internal";
const DEAD_LETTER_WORDS: [&str; 6] = ["dlq", "dlt", "dead-letter", "dead_letter", "deadletter", "retry"];

/// What policy knows of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Business domain; `unknown` when nothing says it.
    pub domain: String,
    /// Owning group, `issuer:group`.
    pub owner: Option<String>,
    /// Environment; `unknown` when nothing says it.
    pub env: String,
    /// `tier0` (strictest) to `tier9`.
    pub tier: String,
    /// Tags, for example `pci`.
    pub tags: BTreeSet<String>,
}

impl TopicFacts {
    fn unknown() -> Self {
        TopicFacts {
            domain: UNKNOWN.to_owned(),
            owner: None,
            env: UNKNOWN.to_owned(),
            tier: STRICTEST_TIER.to_owned(),
            tags: BTreeSet::from([UNCLASSIFIED.to_owned()]),
        }
    }
}

/// The rows of `topics.yaml`.
#[derive(Debug, Default)]
pub struct Topics {
    exact: HashMap<String, TopicFacts>,
    /// Most literal characters first, then in the order of the file.
    patterns: Vec<(String, TopicFacts)>,
    aliases: Aliases,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    name: Option<String>,
    pattern: Option<String>,
    alias: Option<String>,
    topic: Option<String>,
    domain: Option<String>,
    owner: Option<String>,
    env: Option<String>,
    tier: Option<String>,
    #[serde(default)]
    tags: BTreeSet<String>,
}

enum Key {
    Name(String),
    Pattern(String),
}

enum Row {
    Facts(Key, TopicFacts),
    Alias { alias: String, topic: String },
}

impl Row {
    fn read(raw: RawRow) -> Result<Row, String> {
        if raw.alias.is_some() || raw.topic.is_some() {
            return Self::alias(raw);
        }
        let key = match (raw.name, raw.pattern) {
            (Some(name), None) if name.contains('*') => {
                return Err(format!("name {name:?} has a '*': write it as pattern"));
            }
            (Some(name), None) => Key::Name(name),
            (None, Some(pattern)) => Key::Pattern(pattern),
            _ => return Err("a row has one of name, pattern and alias".to_owned()),
        };
        let (Key::Name(text) | Key::Pattern(text)) = &key;
        if text.is_empty() || text.len() > NAME_MAX {
            return Err(format!("a topic name or pattern has 1 to {NAME_MAX} characters"));
        }
        let tier = raw.tier.unwrap_or_else(|| STRICTEST_TIER.to_owned());
        if !matches!(tier.as_bytes(), [b't', b'i', b'e', b'r', b'0'..=b'9']) {
            return Err(format!("tier {tier:?} is none of tier0 (strictest) to tier9"));
        }
        if raw.owner.as_ref().is_some_and(|owner| !owner.contains(':')) {
            return Err("owner is a group and is written issuer:group".to_owned());
        }
        if raw.tags.iter().any(String::is_empty) {
            return Err("a tag is empty".to_owned());
        }
        let unknown = || UNKNOWN.to_owned();
        let facts = TopicFacts {
            domain: raw.domain.unwrap_or_else(unknown),
            owner: raw.owner,
            env: raw.env.unwrap_or_else(unknown),
            tier,
            tags: raw.tags,
        };
        Ok(Row::Facts(key, facts))
    }

    fn alias(raw: RawRow) -> Result<Row, String> {
        match raw {
            RawRow {
                alias: Some(alias),
                topic: Some(topic),
                name: None,
                pattern: None,
                domain: None,
                owner: None,
                env: None,
                tier: None,
                tags,
            } if tags.is_empty() => Ok(Row::Alias { alias, topic }),
            _ => {
                Err("an alias is {alias, topic} and nothing else: what holds for it is what holds for its topic"
                    .to_owned())
            }
        }
    }
}

impl Topics {
    /// Reads the text of `topics.yaml`.
    ///
    /// # Errors
    /// Unknown keys, rows without a name or with two, duplicate names; with file and line.
    pub fn parse(text: &str) -> Result<Topics, PolicyError> {
        let mend = "a row is {name or pattern, domain, owner, env, tier, tags} or {alias, topic}";
        let rows: Option<Vec<RawRow>> = serde_norway::from_str(text).map_err(|error| not_yaml(FILE, &error, mend))?;
        let rows = rows.unwrap_or_default();
        if rows.len() > ROWS_MAX {
            return Err(PolicyError::folder(FILE, format!("more than {ROWS_MAX} rows"), "use patterns"));
        }
        let places = places_of_rows(text);
        let mut topics = Topics::default();
        let mut of_aliases = HashMap::new();
        for (index, raw) in rows.into_iter().enumerate() {
            let at = places.get(index).copied().unwrap_or((1, 1));
            let wrong =
                |what: String| PolicyError::at(Place::new(FILE, at), format!("row {}: {what}", index + 1), mend);
            let again = match Row::read(raw).map_err(wrong)? {
                Row::Facts(Key::Name(name), facts) => topics.exact.insert(name.clone(), facts).map(|_| name),
                Row::Facts(Key::Pattern(pattern), facts) => {
                    let again = topics.patterns.iter().any(|(known, _)| *known == pattern);
                    topics.patterns.push((pattern.clone(), facts));
                    again.then_some(pattern)
                }
                Row::Alias { alias, topic } => {
                    of_aliases.insert(alias.clone(), (index + 1, at));
                    topics.aliases.add(&alias, &topic).map_err(wrong)?.then_some(alias)
                }
            };
            if let Some(text) = again {
                return Err(wrong(format!("{text:?} stands twice")));
            }
        }
        if let Some((alias, what)) = topics.aliases.refused(|name| topics.exact.contains_key(name)) {
            let (row, at) = of_aliases.get(alias).copied().unwrap_or((1, (1, 1)));
            return Err(PolicyError::at(Place::new(FILE, at), format!("row {row}: {what}"), mend));
        }
        topics.patterns.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.chars().filter(|c| *c != '*').count()));
        Ok(topics)
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.exact.len() + self.patterns.len() + self.aliases.len()
    }

    /// The names by which clients may call topics that are called otherwise.
    #[must_use]
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// Topics whose rows name them in full.
    pub(crate) fn exact(&self) -> impl Iterator<Item = &String> {
        self.exact.keys()
    }

    /// Names and patterns, each with what it says.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &TopicFacts)> {
        self.exact.iter().chain(self.patterns.iter().map(|(pattern, facts)| (pattern, facts)))
    }

    /// Groups that own topics.
    pub(crate) fn owners(&self) -> impl Iterator<Item = &String> {
        let rows = self.exact.values().chain(self.patterns.iter().map(|(_, facts)| facts));
        rows.filter_map(|facts| facts.owner.as_ref())
    }

    /// What the topic of this name is.
    ///
    /// A row of that very name goes first, then the pattern with the most literal characters. A derived topic (Kafka
    /// Streams changelog and repartition, dead letters, `cluster.topic` of a mirror) adds its sources' tags and takes
    /// the strictest tier. A topic that nothing names, itself or as a source, is `unknown`, `tier0`, `unclassified`.
    #[must_use]
    pub fn classify(&self, name: &str) -> TopicFacts {
        let mut facts = match name.len() {
            1..=NAME_MAX => self.named(name).unwrap_or_else(TopicFacts::unknown),
            _ => TopicFacts::unknown(),
        };
        if name.starts_with("__") {
            facts.tags.insert(INTERNAL.to_owned());
        }
        facts
    }

    /// Whether a row or an alias names this topic, or a row one that it may be derived from. Without any row of a topic no name is
    /// better than another.
    pub(crate) fn know(&self, name: &str) -> bool {
        let nothing_named = self.exact.is_empty() && self.patterns.is_empty();
        nothing_named || self.aliases.names_topic(name) || self.named(name).is_some()
    }

    fn named(&self, name: &str) -> Option<TopicFacts> {
        let names = with_sources(name);
        if names.len() > SOURCES_MAX {
            return None;
        }
        let mut facts: Option<TopicFacts> = None;
        for name in names {
            let Some(row) = self.row(name) else { continue };
            match &mut facts {
                None => facts = Some(row.clone()),
                Some(facts) => {
                    facts.tags.extend(row.tags.iter().cloned());
                    if row.tier < facts.tier {
                        facts.tier.clone_from(&row.tier);
                    }
                }
            }
        }
        facts
    }

    fn row(&self, name: &str) -> Option<&TopicFacts> {
        self.exact
            .get(name)
            .or_else(|| self.patterns.iter().find(|(pattern, _)| matches(pattern, name)).map(|(_, facts)| facts))
    }
}

/// A mistake that YAML tells. Its place stands before it, not also at its end.
pub(crate) fn not_yaml(file: &str, error: &serde_norway::Error, mend: &str) -> PolicyError {
    let at = error.location().map_or((1, 1), |location| (location.line(), location.column()));
    let what = error.to_string();
    let what = what.strip_suffix(&format!(" at line {} column {}", at.0, at.1)).unwrap_or(&what);
    PolicyError::at(Place::new(file, at), what, mend)
}

/// Line and column of each row, for a list in block style, where each row begins with a dash in the same column.
pub(crate) fn places_of_rows(text: &str) -> Vec<(usize, usize)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let dashes = || text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("- "));
    let Some(column) = dashes().next().map(|(_, line)| indent(line)) else { return Vec::new() };
    dashes().filter(|(_, line)| indent(line) == column).map(|(index, _)| (index + 1, column + 1)).collect()
}

/// The name, and those of all topics from which one of this name may be derived, however far: nearest first, and hardly more than
/// [`SOURCES_MAX`].
pub(crate) fn with_sources(name: &str) -> Vec<&str> {
    let mut names = vec![name];
    let mut next = 0;
    while let Some(name) = names.get(next).copied().filter(|_| names.len() <= SOURCES_MAX) {
        next += 1;
        for source in sources(name) {
            if !names.contains(&source) {
                names.push(source);
            }
        }
    }
    names
}

/// Names of topics from which one of this name may be derived.
fn sources(name: &str) -> Vec<&str> {
    let mut sources = Vec::new();
    if let Some(stem) = name.strip_suffix("-changelog").or_else(|| name.strip_suffix("-repartition")) {
        sources.push(stem);
        // `<application id>-<topic or store>-changelog`; an application id may have dashes
        sources.extend(stem.match_indices('-').take(8).filter_map(|(at, _)| stem.get(at + 1..)));
    }
    for word in DEAD_LETTER_WORDS {
        let (Some(head), Some(tail)) = (name.get(..word.len()), name.len().checked_sub(word.len())) else { continue };
        let separator = ['.', '-', '_'];
        if head.eq_ignore_ascii_case(word) {
            sources.extend(name.get(word.len()..).and_then(|rest| rest.strip_prefix(separator)));
        }
        if name.get(tail..).is_some_and(|end| end.eq_ignore_ascii_case(word)) {
            sources.extend(name.get(..tail).and_then(|rest| rest.strip_suffix(separator)));
        }
    }
    // a mirror: `cluster.topic`
    sources.extend(name.split_once('.').map(|(_, topic)| topic));
    sources.retain(|source| !source.is_empty());
    sources
}

/// Whether some name fits both of these patterns with `*`. A name is a pattern that only it fits.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    match (one.contains('*'), other.contains('*')) {
        (_, false) => return matches(one, other),
        (false, true) => return matches(other, one),
        (true, true) => {}
    }
    // For each beginning of `other`, whether it fits the beginning of `one` at hand, which is empty first.
    let stars = other.bytes().take_while(|byte| *byte == b'*').count();
    let mut fits: Vec<bool> = (0..=other.len()).map(|length| length <= stars).collect();
    for byte in one.bytes() {
        let mut longer = vec![byte == b'*' && fits.first() == Some(&true)];
        for ((at, other), pair) in (0..).zip(other.bytes()).zip(fits.windows(2)) {
            let (shorter, as_long) = (pair.first() == Some(&true), pair.last() == Some(&true));
            let one_less = longer.get(at) == Some(&true);
            longer.push(if byte == b'*' || other == b'*' { as_long || one_less } else { byte == other && shorter });
        }
        fits = longer;
    }
    fits.last() == Some(&true)
}

/// Whether the name is one that the pattern covers; `*` stands for any characters, none included.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(wanted) if wanted == byte => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics() -> Topics {
        Topics::parse(
            "- {name: orders, domain: sales, owner: 'okta:orders-team', env: prod, tier: tier1, tags: [pii]}\n\
             - {pattern: '*', domain: other, env: test, tier: tier3}\n\
             - {pattern: 'pay*', domain: payments, env: prod, tier: tier1, tags: [pci]}\n\
             - {pattern: 'pay-public*', domain: payments, env: prod, tier: tier2}\n\
             - {name: orders-dlq, domain: ops, env: prod, tier: tier2, tags: [dead]}\n",
        )
        .unwrap()
    }

    fn without_star() -> Topics {
        Topics::parse("- {name: orders, domain: sales, env: prod, tier: tier1, tags: [pii]}\n").unwrap()
    }

    fn tags(facts: &TopicFacts) -> Vec<&str> {
        facts.tags.iter().map(String::as_str).collect()
    }

    #[test]
    fn the_more_exact_row_wins() {
        let topics = topics();
        assert_eq!(topics.classify("orders").domain, "sales");
        assert_eq!(topics.classify("payroll").domain, "payments");
        assert_eq!(topics.classify("pay-public-x").tier, "tier2");
        assert_eq!(topics.classify("zebra").domain, "other");
    }

    #[test]
    fn a_topic_that_nothing_names_is_strict() {
        let facts = without_star().classify("zebra");
        assert_eq!(facts, TopicFacts::unknown());
        assert_eq!((facts.env.as_str(), facts.tier.as_str(), tags(&facts)), ("unknown", "tier0", vec!["unclassified"]));
        assert_eq!(tags(&without_star().classify("__consumer_offsets")), ["internal", "unclassified"]);
        assert_eq!(without_star().classify(&"orders".repeat(100)), TopicFacts::unknown());
    }

    #[test]
    fn derived_topics_take_what_their_source_is() {
        let topics = without_star();
        for name in [
            "orders-changelog",
            "billing-app-orders-repartition",
            "orders.dlq",
            "orders-dlq",
            "orders.DLT",
            "dlq.orders",
            "dlq-orders",
            "orders-retry",
            "us-west.orders",
            "us-west.orders-dlq",
            "app-us.orders-dlq-changelog",
        ] {
            let facts = topics.classify(name);
            assert_eq!((facts.tier.as_str(), tags(&facts)), ("tier1", vec!["pii"]), "{name}");
        }
        for name in ["ordersdlq", "myorders", "orders-x", "-changelog", "dlq.", "."] {
            assert_eq!(topics.classify(name), TopicFacts::unknown(), "{name}");
        }
    }

    #[test]
    fn a_derived_topic_with_a_row_of_its_own_keeps_the_strictest_of_both() {
        let facts = topics().classify("orders-dlq");
        assert_eq!((facts.domain.as_str(), facts.tier.as_str(), tags(&facts)), ("ops", "tier1", vec!["dead", "pii"]));
    }

    #[test]
    fn mistakes_name_the_line() {
        let line = |text: &str| match Topics::parse(text).unwrap_err() {
            PolicyError::At { place, what, .. } => {
                assert_eq!(place.file, FILE);
                (place.line, what)
            }
            other => panic!("{other}"),
        };
        let (at, what) = line("- {name: a}\n- name: b\n  colour: red\n");
        assert_eq!(at, 3, "{what}");
        assert!(what.contains("colour"), "{what}");
        assert_eq!(line("- {name: a}\n- {name: b, pattern: c}\n").0, 2);
        assert_eq!(line("- {name: a}\n\n- {name: b, tier: gold}\n").0, 3);
        assert_eq!(line("- {name: 'a*'}\n").0, 1);
        assert_eq!(line("- {name: a, owner: team}\n").0, 1);
        assert_eq!(line("topics: []\n").0, 1);
        let shown = Topics::parse("  # two\n  - {name: a}\n  - {name: 'a*'}\n").unwrap_err().to_string();
        assert!(shown.starts_with("topics.yaml:3:3: row 2: "), "{shown}");
        let (at, what) = line("- name: a\n  tags:\n    - x\n- name: a\n");
        assert!(at == 4 && what.contains("twice"), "{at} {what}");
        assert_eq!(Topics::parse("").unwrap().rows(), 0);
    }

    #[test]
    fn aliases_stand_beside_the_topics() {
        let topics = Topics::parse(
            "- {name: orders-v2, domain: sales}\n- {alias: orders, topic: orders-v2}\n- {alias: bestellungen, topic: orders-v2}\n",
        )
        .unwrap();
        assert_eq!(topics.rows(), 3);
        let aliases = topics.aliases();
        assert_eq!(aliases.topic("orders").map(|topic| &**topic), Some("orders-v2"));
        assert!(
            aliases.topic("orders-v2").is_none() && aliases.names_topic("orders-v2") && !aliases.names_topic("orders")
        );
    }

    #[test]
    fn aliases_that_could_not_be_told_apart_are_refused_where_they_stand() {
        for (text, line, wanted) in [
            ("- {alias: a, topic: b}\n- {alias: b, topic: c}\n", 1, "is an alias itself"),
            ("- {alias: b, topic: c}\n- {alias: a, topic: b}\n", 2, "is an alias itself"),
            ("- {name: a}\n- {alias: a, topic: b}\n", 2, "a row of its own"),
            ("- {alias: a, topic: b}\n- {name: a}\n", 1, "a row of its own"),
            ("- {alias: a, topic: b}\n- {alias: a, topic: c}\n", 2, "twice"),
            ("- {alias: a, topic: a}\n", 1, "its own alias"),
            ("- {alias: 'a b', topic: c}\n", 1, "no name of a topic"),
            ("- {alias: a, topic: '..'}\n", 1, "no name of a topic"),
            ("- {alias: a, topic: 'b*'}\n", 1, "no name of a topic"),
            ("- {alias: '', topic: b}\n", 1, "no name of a topic"),
            ("- {alias: __consumer_offsets, topic: b}\n", 1, "of the cluster's own"),
            ("- {alias: a, topic: __transaction_state}\n", 1, "of the cluster's own"),
            ("- {alias: a}\n", 1, "and nothing else"),
            ("- {name: a, topic: b}\n", 1, "and nothing else"),
            ("- {alias: a, topic: b, tags: [pii]}\n", 1, "and nothing else"),
        ] {
            let PolicyError::At { place, what, .. } = Topics::parse(text).unwrap_err() else { panic!("{text}") };
            let at = place.line;
            assert!(at == line && what.contains(wanted), "{text}: {at} {what}");
        }
        assert!(Topics::parse(&format!("- {{alias: {}, topic: b}}\n", "a".repeat(250))).is_err());
    }

    #[test]
    fn stars_cover_any_characters() {
        for (pattern, name, wanted) in [
            ("*", "", true),
            ("a*", "a", true),
            ("*-dlq", "x-dlq", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("abc", "abcd", false),
            ("a.c", "abc", false),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_overlap_where_some_name_fits_both() {
        for (one, other, wanted) in [
            ("orders", "orders", true),
            ("orders", "order", false),
            ("orders*", "orders.eu", true),
            ("*", "*", true),
            ("", "**", true),
            ("orders.*", "*.eu", true),
            ("orders.*", "*.eu.raw", true),
            ("a*b", "b*a", false),
            ("a*b", "*a*", true),
            ("a*c", "ab*", true),
            ("a*c", "ab*d", false),
            ("pay*", "orders*", false),
            ("*-dlq", "orders-*", true),
            ("*-dlq", "*-dlx", false),
            ("**x", "x**", true),
        ] {
            assert_eq!(overlap(one, other), wanted, "{one} {other}");
            assert_eq!(overlap(other, one), wanted, "{other} {one}");
        }
    }
}
