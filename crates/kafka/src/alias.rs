//! Names that stand for topics which are called otherwise. A client may use one wherever it names a topic.
//!
//! ```text
//! client ──alias──▶ route ──own name──▶ decided, recorded, forwarded
//! client ◀─alias─── back ◀──own name─── answered
//! ```
//!
//! Nothing between the two knows of aliases. What a client did not call by an alias keeps its own name, so lists of everything say
//! own names. In one request a topic has one name: its own goes before an alias, and an alias before another. A name that is
//! not replaced stays an alias, and is refused as such.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidegate_model::{AliasUse, Gate, RequestStep};

use crate::answers::texts::{is_of_name, names_in};
use crate::encode::{self, Value};
use crate::error::ProtocolError;
use crate::members::{self, Name};
use crate::requests::{Request, by_own_names, code, config_type, knowledge};
use crate::schema::messages::{
    join_group_request as join, join_group_response as joined, offset_fetch_response as offsets,
    sync_group_request as sync, sync_group_response as synced,
};
use crate::schema::{Direction, Entity, message};
use crate::splice::Splice;
use crate::walk::{Event, Scalar, Walker};

const OFFSET_FETCH: i16 = 9;
const JOIN_GROUP: i16 = 11;
const SYNC_GROUP: i16 = 14;
const DESCRIBE_CONFIGS: i16 = 32;
/// Groups that one connection may join by aliases; a client has one.
const GROUPS_MAX: usize = 256;

/// The aliases that a request used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used {
    topics: HashMap<String, String>,
    aliases: HashMap<String, String>,
}

impl Used {
    fn insert(&mut self, alias: &str, topic: &str) {
        self.topics.insert(alias.to_owned(), topic.to_owned());
        self.aliases.insert(topic.to_owned(), alias.to_owned());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.aliases.is_empty()
    }

    /// What the client calls this topic, if not by its own name.
    pub(crate) fn alias(&self, topic: &str) -> Option<&str> {
        self.aliases.get(topic).map(String::as_str)
    }

    fn topic(&self, alias: &str) -> Option<&str> {
        self.topics.get(alias).map(String::as_str)
    }

    /// For evidence, sorted.
    pub(crate) fn uses(&self) -> Vec<AliasUse> {
        let one = |(alias, topic): (&String, &String)| AliasUse { alias: alias.clone(), topic: topic.clone() };
        let mut uses: Vec<AliasUse> = self.topics.iter().map(one).collect();
        uses.sort_unstable_by(|a, b| a.alias.cmp(&b.alias));
        uses
    }

    /// An answer with the names that the client used. Groups in `everything` were not asked for by topics' names.
    ///
    /// # Errors
    /// The answer is malformed.
    pub(crate) fn back(
        &self,
        frame: Bytes,
        body_at: usize,
        (api_key, version): (i16, i16),
        everything: &HashSet<String>,
    ) -> Result<Bytes, ProtocolError> {
        if self.is_empty() {
            return Ok(frame);
        }
        let unsupported = ProtocolError::Unsupported { api_key, version };
        let described = message(api_key, Direction::Response).ok_or(unsupported)?;
        let body = frame.get(body_at..).unwrap_or_default();
        let mut walker = Walker::new(described, version, body)?;
        let flexible = walker.is_flexible();
        let (mut names, mut splice, mut by_name) = (Names::of(api_key), Splice::default(), true);
        while let Some(event) = walker.next()? {
            match &event {
                Event::TaggedBegin { size, data, .. } => splice.sized(size.clone(), data.clone()),
                Event::Scalar { field, value: Scalar::String(Some(text)), span }
                    if field.path.ends_with("ErrorMessage") =>
                {
                    if let Some(text) = self.in_words(text) {
                        put_string(&mut splice, span, flexible, &text);
                    }
                }
                Event::Scalar { field, value: Scalar::Bytes(Some(bytes)), span } => {
                    let known = match (api_key, field.id) {
                        (JOIN_GROUP, joined::MEMBERS__METADATA) => members::subscribed(bytes),
                        (SYNC_GROUP, synced::ASSIGNMENT) => members::assigned(bytes),
                        _ => None,
                    };
                    put_renamed(&mut splice, (span, bytes, flexible), known, |topic| self.alias(topic));
                }
                Event::Scalar { field, value: Scalar::String(Some(group)), .. }
                    if api_key == OFFSET_FETCH && field.id == offsets::GROUPS__GROUP_ID =>
                {
                    by_name = !everything.contains(*group);
                }
                _ => {}
            }
            if let Some((topic, span)) = names.find(&event).filter(|_| by_name)
                && let Some(alias) = self.alias(topic)
            {
                put_string(&mut splice, &span, flexible, alias);
            }
        }
        if splice.is_empty() {
            return Ok(frame);
        }
        Ok(splice.apply(frame.get(..body_at).unwrap_or_default(), body))
    }

    /// A broker's message in which topics have the names that the client used; `None` when it names none of them.
    fn in_words(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut changed = false;
        let mut rest = text;
        while let Some(from) = rest.find(is_of_name) {
            let (before, after) = rest.split_at_checked(from)?;
            let (word, after) = after.split_at_checked(after.find(|c| !is_of_name(c)).unwrap_or(after.len()))?;
            out.push_str(before);
            let found = names_in(word).find_map(|name| Some((name.len(), self.alias(name)?)));
            if let Some((length, alias)) = found {
                changed = true;
                out.push_str(alias);
                out.push_str(word.get(length..)?);
            } else {
                out.push_str(word);
            }
            rest = after;
        }
        out.push_str(rest);
        changed.then_some(out)
    }
}

/// Tells names of topics from other texts while a message is walked.
struct Names {
    api_key: i16,
    of_topic: bool,
}

impl Names {
    fn of(api_key: i16) -> Self {
        Self { api_key, of_topic: false }
    }

    fn find<'a>(&mut self, event: &Event<'a>) -> Option<(&'a str, Range<usize>)> {
        let Event::Scalar { field, value, span } = event else { return None };
        match value {
            Scalar::String(Some(name)) => {
                let configured = self.api_key == DESCRIBE_CONFIGS && self.of_topic && field.name() == "ResourceName";
                (field.entity == Entity::TopicName || configured).then(|| (*name, span.clone()))
            }
            Scalar::Int(kind) if self.api_key == DESCRIBE_CONFIGS && field.name() == "ResourceType" => {
                self.of_topic = *kind == config_type::TOPIC;
                None
            }
            _ => None,
        }
    }
}

fn put_string(splice: &mut Splice, span: &Range<usize>, flexible: bool, text: &str) {
    let mut bytes = Vec::with_capacity(text.len().saturating_add(3));
    encode::string(&mut bytes, flexible, text);
    splice.replace(span.clone(), bytes);
}

/// Puts other names into what a member says; bytes that cannot be read stay as they are.
fn put_renamed<'n>(
    splice: &mut Splice,
    (span, bytes, flexible): (&Range<usize>, &[u8], bool),
    names: Option<Vec<Name<'_>>>,
    to: impl Fn(&str) -> Option<&'n str>,
) {
    let Some(changed) = members::renamed(bytes, &names.unwrap_or_default(), to) else { return };
    let mut out = Vec::with_capacity(changed.len().saturating_add(5));
    encode::count(&mut out, flexible, changed.len());
    out.extend_from_slice(&changed);
    splice.replace(span.clone(), out);
}

/// What a client means by `name`, if that is an alias that can be used.
fn meant(name: &str, gate: &mut dyn Gate) -> Option<Arc<str>> {
    let topic = gate.alias(name)?;
    // Before the first round of the control connection nobody can say that no topic is called so.
    if knowledge(gate)?.has_topic(name) {
        gate.alias_is_a_topic(name);
        return None;
    }
    Some(topic)
}

/// The aliases among `names`; whether some alias is left out, since its topic is named otherwise too.
fn used(names: &[&str], gate: &mut dyn Gate) -> (Used, bool) {
    let (mut used, mut twice) = (Used::default(), false);
    let aliases: Vec<(&str, Arc<str>)> = names.iter().filter_map(|name| Some((*name, meant(name, gate)?))).collect();
    if aliases.is_empty() {
        return (used, twice);
    }
    let all: HashSet<&str> = names.iter().copied().collect();
    for (alias, topic) in aliases {
        if all.contains(&*topic) || used.alias(&topic).is_some_and(|other| other != alias) {
            twice = true;
        } else {
            used.insert(alias, &topic);
        }
    }
    (used, twice)
}

/// The request with topics' own names in the place of aliases.
///
/// # Errors
/// Nothing of its kind is taken from clients. What is malformed stays so, for whoever reads it next.
pub(crate) fn route(request: Request, gate: &mut dyn Gate) -> Result<Request, ProtocolError> {
    let mut met = Vec::new();
    let (mut walker, mut names) = (request.walker()?, Names::of(request.api.key));
    while let Ok(Some(event)) = walker.next() {
        met.extend(names.find(&event).map(|(name, _)| name));
    }
    let (used, _) = used(&met, gate);
    if used.is_empty() {
        return Ok(request);
    }
    let mut splice = Splice::default();
    let (mut walker, mut names) = (request.walker()?, Names::of(request.api.key));
    let flexible = walker.is_flexible();
    while let Ok(Some(event)) = walker.next() {
        if let Some((name, span)) = names.find(&event)
            && let Some(topic) = used.topic(name)
        {
            put_string(&mut splice, &span, flexible, topic);
        }
    }
    Ok(request.renamed(splice, used))
}

/// The groups that joined over a connection by aliases, each with the aliases: what a member has is told when it asks without
/// naming a topic.
#[derive(Debug, Default)]
pub(crate) struct Groups(HashMap<String, Used>);

impl Groups {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// JoinGroup. The broker, and so every other member, sees the topics' own names; the leader is told those that it used itself.
///
/// # Errors
/// The request is malformed, or one connection joins too many groups.
pub(crate) fn join(request: Request, groups: &mut Groups, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    let (mut group, mut consumer, mut streams, mut met) = (String::new(), false, false, Vec::new());
    let mut walker = request.walker()?;
    let flexible = walker.is_flexible();
    while let Some(event) = walker.next()? {
        match event {
            Event::Scalar { field, value: Scalar::String(Some(text)), .. } => match field.id {
                join::GROUP_ID => text.clone_into(&mut group),
                join::PROTOCOL_TYPE => consumer = text == "consumer",
                join::PROTOCOLS__NAME => streams |= text == "stream",
                _ => {}
            },
            Event::Scalar { field, value: Scalar::Bytes(Some(bytes)), .. }
                if field.id == join::PROTOCOLS__METADATA && consumer =>
            {
                met.extend(members::subscribed(bytes).unwrap_or_default().iter().map(|name| name.text));
            }
            _ => {}
        }
    }
    groups.0.remove(&group);
    let (used, twice) = used(&met, gate);
    // What Kafka Streams tells its own members names topics in a form of its own, and counts on their order.
    if twice || (streams && !used.is_empty()) {
        let mut facts = request.facts();
        facts.error = code::INVALID_REQUEST;
        facts.aliases = used.uses();
        let fields = vec![(joined::ERROR_CODE, Value::Int(i64::from(code::INVALID_REQUEST)))];
        return request.refuse(&fields, facts, Duration::ZERO);
    }
    if used.is_empty() {
        return by_own_names(request, gate);
    }
    if groups.0.len() >= GROUPS_MAX {
        return Err(ProtocolError::Refused("one connection joins more than 256 groups by aliases of topics"));
    }
    let mut splice = Splice::default();
    let mut walker = request.walker()?;
    while let Some(event) = walker.next()? {
        if let Event::Scalar { field, value: Scalar::Bytes(Some(bytes)), span } = &event
            && field.id == join::PROTOCOLS__METADATA
        {
            put_renamed(&mut splice, (span, bytes, flexible), members::subscribed(bytes), |alias| used.topic(alias));
        }
    }
    groups.0.insert(group, used.clone());
    by_own_names(request.renamed(splice, used), gate)
}

/// SyncGroup of a member that joined by aliases: what the leader assigns goes to the broker by topics' own names, and what the
/// member has comes back by those that it used.
///
/// # Errors
/// The request is malformed.
pub(crate) fn sync(request: Request, groups: &Groups, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    let mut used = None;
    let mut splice = Splice::default();
    let mut walker = request.walker()?;
    let flexible = walker.is_flexible();
    while let Some(event) = walker.next()? {
        match &event {
            Event::Scalar { field, value: Scalar::String(Some(group)), .. } if field.id == sync::GROUP_ID => {
                used = groups.0.get(*group);
            }
            Event::Scalar { field, value: Scalar::Bytes(Some(bytes)), span }
                if field.id == sync::ASSIGNMENTS__ASSIGNMENT =>
            {
                let topic = |alias: &str| used.and_then(|used| used.topic(alias));
                put_renamed(&mut splice, (span, bytes, flexible), members::assigned(bytes), topic);
            }
            _ => {}
        }
    }
    match used.cloned() {
        None => by_own_names(request, gate),
        Some(used) if splice.is_empty() => by_own_names(Request { aliases: used, ..request }, gate),
        Some(used) => by_own_names(request.renamed(splice, used), gate),
    }
}
