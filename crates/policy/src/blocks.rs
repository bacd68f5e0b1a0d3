//! Blocks: what is refused at once, before any rule, until somebody ends it or its time is over.
//!
//! A list of blocks is made into [`Blocks`], and [`Policy::with_blocks`](crate::Policy::with_blocks) makes a policy of it that
//! shares everything else. What a block names is either fixed for a session (who calls, what the client calls itself), and looked
//! up once, or part of a question (a topic, an operation), and looked up each time, if there are such blocks at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tidegate_model::{Action, Caller, Resource};

use crate::class::Circumstances;

/// Longest value of a block.
const VALUE_MAX: usize = 1_024;
/// Longest name of a topic (Kafka's own limit).
const TOPIC_MAX: usize = 249;

/// What a block refuses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Everything that this caller wants, `issuer:subject`.
    Subject(String),
    /// Everything that is wanted of these topics.
    Topic(Pattern),
    /// This operation, whoever wants it. `createTopic` and `deleteTopic` are also `createAnyTopic` and `deleteAnyTopic`.
    Operation(Action),
    /// Everything that clients want who call themselves so (`client.id`), or whose token was issued to a client of this name.
    ClientId(Pattern),
}

/// A name, or all names that begin alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// This name.
    Exact(String),
    /// Names that begin so; written with a `*` at the end.
    Prefix(String),
}

/// A target that cannot be blocked; the text says why and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetRefused(String);

impl Target {
    /// Reads the two words that a target is kept as: [`Target::kind`] and [`Target::value`].
    ///
    /// # Errors
    /// An unknown kind, or a value that could match nothing or would lock everybody out.
    pub fn parse(kind: &str, value: &str) -> Result<Target, TargetRefused> {
        let refused = |text: String| Err(TargetRefused(text));
        if value.is_empty() || value.len() > VALUE_MAX {
            return refused(format!("what a block names has 1 to {VALUE_MAX} bytes; write {kind} and its name"));
        }
        match kind {
            "subject" => match value.split_once(':') {
                Some((issuer, subject)) if !issuer.is_empty() && !subject.is_empty() => {
                    Ok(Target::Subject(value.to_owned()))
                }
                _ => refused(format!("{value:?} names no issuer; write issuer:subject, as `tidegate whoami` says it")),
            },
            "topic" => {
                let pattern = Pattern::parse(value)?;
                if pattern.text().len() > TOPIC_MAX {
                    return refused(format!("the name of a topic has at most {TOPIC_MAX} characters"));
                }
                Ok(Target::Topic(pattern))
            }
            "operation" => match Action::ALL.iter().find(|action| action.name() == value) {
                Some(Action::Administer | Action::Block) => refused(format!(
                    "{value} cannot be blocked: nobody could end the block; block the subject who must not have it"
                )),
                Some(action) => Ok(Target::Operation(*action)),
                None => {
                    let known: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
                    refused(format!("{value:?} is no operation; the operations are {}", known.join(", ")))
                }
            },
            "client_id" => Pattern::parse(value).map(Target::ClientId),
            _ => refused(format!("{kind:?} cannot be blocked; block a subject, topic, operation or client_id")),
        }
    }

    /// `subject`, `topic`, `operation` or `client_id`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Target::Subject(_) => "subject",
            Target::Topic(_) => "topic",
            Target::Operation(_) => "operation",
            Target::ClientId(_) => "client_id",
        }
    }

    /// What is blocked, as [`Target::parse`] reads it.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Target::Subject(subject) => subject.clone(),
            Target::Operation(action) => action.name().to_owned(),
            Target::Topic(Pattern::Exact(name)) | Target::ClientId(Pattern::Exact(name)) => name.clone(),
            Target::Topic(Pattern::Prefix(head)) | Target::ClientId(Pattern::Prefix(head)) => format!("{head}*"),
        }
    }
}

impl Pattern {
    fn parse(value: &str) -> Result<Pattern, TargetRefused> {
        match value.split_once('*') {
            None => Ok(Pattern::Exact(value.to_owned())),
            Some((head, "")) => Ok(Pattern::Prefix(head.to_owned())),
            Some(_) => Err(TargetRefused(format!("{value:?}: a `*` stands once, at the end; write a name or prefix*"))),
        }
    }

    fn text(&self) -> &str {
        let (Pattern::Exact(text) | Pattern::Prefix(text)) = self;
        text
    }
}

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its id, which decisions name as `block:<id>`.
    pub id: String,
    /// What it refuses.
    pub target: Target,
    /// Why.
    pub reason: String,
    /// Since when, Unix milliseconds.
    pub at_ms: u64,
    /// Until when, Unix seconds; `None`: until somebody ends it.
    pub until_s: Option<u64>,
    /// Who blocked.
    pub who: String,
}

impl Block {
    /// Whether its time is over at `now_s`, Unix seconds.
    #[must_use]
    pub fn is_over(&self, now_s: u64) -> bool {
        self.until_s.is_some_and(|until| until <= now_s)
    }
}

/// The blocks that hold at one time, made for looking up.
#[derive(Debug, Default)]
pub struct Blocks {
    list: Vec<Arc<Block>>,
    /// Positions in `list`.
    subjects: HashMap<Box<str>, usize>,
    client_ids: Names,
    topics: Names,
    operations: BTreeMap<Action, usize>,
    next_end: Option<u64>,
}

impl Blocks {
    /// All of the list hold, whatever the time: whoever keeps them records first that some end, and then takes [`Blocks::at`].
    #[must_use]
    pub fn new(list: Vec<Block>) -> Blocks {
        Blocks::of(list.into_iter().map(Arc::new).collect())
    }

    /// These without those that have ended at `now_s`, Unix seconds.
    #[must_use]
    pub fn at(&self, now_s: u64) -> Blocks {
        Blocks::of(self.list.iter().filter(|block| !block.is_over(now_s)).map(Arc::clone).collect())
    }

    /// These and more.
    #[must_use]
    pub fn with(&self, more: Vec<Block>) -> Blocks {
        Blocks::of(self.list.iter().map(Arc::clone).chain(more.into_iter().map(Arc::new)).collect())
    }

    /// These but the one of this id.
    #[must_use]
    pub fn without(&self, id: &str) -> Blocks {
        Blocks::of(self.list.iter().filter(|block| block.id != id).map(Arc::clone).collect())
    }

    fn of(list: Vec<Arc<Block>>) -> Blocks {
        let next_end = list.iter().filter_map(|block| block.until_s).min();
        let mut blocks = Blocks { next_end, ..Blocks::default() };
        for (at, block) in list.iter().enumerate() {
            match &block.target {
                Target::Subject(subject) => _ = blocks.subjects.entry(subject.as_str().into()).or_insert(at),
                Target::Topic(pattern) => blocks.topics.add(pattern, at),
                Target::ClientId(pattern) => blocks.client_ids.add(pattern, at),
                Target::Operation(action) => {
                    for action in [Some(*action), wider(*action)].into_iter().flatten() {
                        blocks.operations.entry(action).or_insert(at);
                    }
                }
            }
        }
        blocks.list = list;
        blocks
    }

    /// When the first of them ends, Unix seconds.
    #[must_use]
    pub fn next_end(&self) -> Option<u64> {
        self.next_end
    }

    /// The blocks, in the order in which they were given.
    #[must_use]
    pub fn list(&self) -> impl ExactSizeIterator<Item = &Block> {
        self.list.iter().map(|block| &**block)
    }

    /// The block of this topic, if there is one.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Block> {
        self.topics.find(name).and_then(|at| self.list.get(at)).map(|block| &**block)
    }

    /// The block of this operation, whoever wants it of whatever, if there is one.
    #[must_use]
    pub fn operation(&self, action: Action) -> Option<&Block> {
        self.operations.get(&action).and_then(|at| self.list.get(*at)).map(Arc::as_ref)
    }

    /// What refuses everything in a session, as a decision names it.
    pub(crate) fn session(&self, caller: &Caller, circumstances: &Circumstances<'_>) -> Option<Arc<str>> {
        if self.list.is_empty() {
            return None;
        }
        let subject = format!("{}:{}", caller.issuer, caller.subject);
        let at = self.subjects.get(subject.as_str()).copied();
        let at = at.or_else(|| self.client_ids.find(circumstances.client_id));
        self.named(at.or_else(|| self.client_ids.find(caller.client.as_deref()?))?)
    }

    /// What refuses this question, as a decision names it.
    pub(crate) fn question(&self, action: Action, resource: &Resource<'_>) -> Option<Arc<str>> {
        let of_topic = match resource {
            Resource::Topic(name) => self.topics.find(name),
            _ => None,
        };
        self.named(of_topic.or_else(|| self.operations.get(&action).copied())?)
    }

    fn named(&self, at: usize) -> Option<Arc<str>> {
        self.list.get(at).map(|block| format!("block:{}", block.id).into())
    }

    /// Whether some block depends on the question.
    pub(crate) fn ask_each_time(&self) -> bool {
        !(self.topics.is_empty() && self.operations.is_empty())
    }
}

/// The right over all topics that would get around a block of the right over one.
fn wider(action: Action) -> Option<Action> {
    match action {
        Action::CreateTopic => Some(Action::CreateAnyTopic),
        Action::DeleteTopic => Some(Action::DeleteAnyTopic),
        _ => None,
    }
}

/// Names and prefixes, each with the position of its block.
#[derive(Debug, Default)]
struct Names {
    exact: HashMap<Box<str>, usize>,
    /// None begins with another, so that at most one can fit a name: the one that sorts last before it.
    prefixes: BTreeMap<Box<str>, usize>,
}

impl Names {
    fn add(&mut self, pattern: &Pattern, at: usize) {
        match pattern {
            Pattern::Exact(name) => _ = self.exact.entry(name.as_str().into()).or_insert(at),
            Pattern::Prefix(head) => {
                if self.prefix_of(head).is_none() {
                    self.forget_longer(head);
                    self.prefixes.insert(head.as_str().into(), at);
                }
            }
        }
    }

    fn forget_longer(&mut self, head: &str) {
        let from = Box::<str>::from(head);
        let longer: Vec<_> = self.prefixes.range(from..).map(|(known, _)| known.clone()).collect();
        for known in longer.into_iter().take_while(|known| known.starts_with(head)) {
            self.prefixes.remove(&known);
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.exact.get(name).copied().or_else(|| self.prefix_of(name))
    }

    fn prefix_of(&self, name: &str) -> Option<usize> {
        let up_to = (std::ops::Bound::Unbounded, std::ops::Bound::Included(name));
        let (head, at) = self.prefixes.range::<str, _>(up_to).next_back()?;
        name.starts_with(&**head).then_some(*at)
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(id: &str, kind: &str, value: &str, until_s: Option<u64>) -> Block {
        let target = Target::parse(kind, value).unwrap();
        Block { id: id.into(), target, reason: "leak".into(), at_ms: 1, until_s, who: "idp:root".into() }
    }

    fn topic_of(blocks: &Blocks, name: &str) -> Option<String> {
        blocks.topic(name).map(|block| block.id.clone())
    }

    #[test]
    fn targets_are_read_and_written_alike() {
        for (kind, value) in [
            ("subject", "idp:ann:of:somewhere"),
            ("topic", "orders"),
            ("topic", "pay-*"),
            ("topic", "*"),
            ("operation", "deleteTopic"),
            ("operation", "export"),
            ("client_id", "app-*"),
        ] {
            let target = Target::parse(kind, value).unwrap();
            assert_eq!((target.kind(), target.value().as_str()), (kind, value));
        }
        for (kind, value, wanted) in [
            ("subject", "ann", "issuer:subject"),
            ("subject", ":ann", "issuer:subject"),
            ("subject", "idp:", "issuer:subject"),
            ("topic", "", "1 to 1024"),
            ("topic", "a*b", "at the end"),
            ("topic", "**", "at the end"),
            ("operation", "fly", "the operations are describe, consume"),
            ("operation", "block", "nobody could end the block"),
            ("operation", "administer", "nobody could end the block"),
            ("group", "idp:sales", "block a subject, topic, operation or client_id"),
        ] {
            let error = Target::parse(kind, value).unwrap_err().to_string();
            assert!(error.contains(wanted), "{kind} {value}: {error}");
        }
        assert!(Target::parse("topic", &"x".repeat(250)).is_err());
        assert!(Target::parse("client_id", &"x".repeat(1_025)).is_err());
    }

    #[test]
    fn prefixes_find_what_begins_so_and_nothing_else() {
        let blocks = Blocks::new(vec![
            block("long", "topic", "pay-card-*", None),
            block("short", "topic", "pay-*", None),
            block("longer", "topic", "pay-x*", None),
            block("one", "topic", "orders", None),
            block("other", "topic", "qa*", None),
        ]);
        for (name, wanted) in [
            ("pay-card-1", Some("short")),
            ("pay-", Some("short")),
            ("pay", None),
            ("pay.x", None),
            ("paz", None),
            ("orders", Some("one")),
            ("orders2", None),
            ("qa", Some("other")),
            ("q", None),
            ("", None),
        ] {
            assert_eq!(topic_of(&blocks, name).as_deref(), wanted, "{name:?}");
        }
        let all = Blocks::new(vec![block("a", "topic", "orders", None), block("b", "topic", "*", None)]);
        assert_eq!(topic_of(&all, "").as_deref(), Some("b"));
        assert_eq!(topic_of(&all, "zebra").as_deref(), Some("b"));
    }

    #[test]
    fn what_has_ended_does_not_block_and_the_next_end_is_known() {
        let list = vec![
            block("short", "topic", "orders", Some(10)),
            block("long", "topic", "orders", Some(20)),
            block("ever", "topic", "pay", None),
        ];
        let kept = Blocks::new(list);
        assert_eq!((kept.list().len(), kept.next_end()), (3, Some(10)));
        let at = |now| kept.at(now);
        assert_eq!((topic_of(&at(9), "orders").as_deref(), at(9).next_end()), (Some("short"), Some(10)));
        assert_eq!((topic_of(&at(10), "orders").as_deref(), at(10).next_end()), (Some("long"), Some(20)));
        assert_eq!((topic_of(&at(20), "orders"), at(20).next_end()), (None, None));
        assert_eq!(at(20).list().len(), 1);
        let more = at(20).with(vec![block("d", "subject", "idp:dan", Some(30))]);
        assert_eq!(more.list().map(|block| &*block.id).collect::<Vec<_>>(), ["ever", "d"]);
        assert_eq!(more.next_end(), Some(30));
        assert_eq!(more.without("d").list().len(), 1);
    }

    #[test]
    fn a_hundred_thousand_subjects_are_looked_up_like_one() {
        let list = (0..100_000).map(|n| block(&n.to_string(), "subject", &format!("idp:person-{n}"), None)).collect();
        let blocks = Blocks::new(list);
        assert_eq!(blocks.subjects.len(), 100_000);
        assert!(!blocks.ask_each_time(), "nothing is looked up for a question");
        assert_eq!(
            blocks.subjects.get("idp:person-77777").and_then(|at| blocks.named(*at)).as_deref(),
            Some("block:77777")
        );
    }
}
