//! Requests that carry a list of names, each decided by itself: groups, coordinators, new topics, configurations, transactions.

use std::collections::HashSet;
use std::time::Duration;

use tidegate_model::{Action, Gate, RequestStep, Resource, TopicUse};

use super::{INTERNAL_TOPICS, Pending, Request, code};
use crate::answers::{NOT_SEEN, list_refusal};
use crate::encode::{Fields, Value};
use crate::error::ProtocolError;
use crate::schema::FieldId;
use crate::schema::messages::{
    create_topics_request as create, describe_configs_request as configs, describe_groups_request as groups,
    describe_transactions_request as transactions, find_coordinator_request as coordinator,
    offset_fetch_request as offsets,
};
use crate::schema::messages::{find_coordinator_response as found, offset_fetch_response as fetched};
use crate::shape::{Kept, bounded};
use crate::splice::Splice;
use crate::walk::{Event, Scalar};
use crate::words::{Refused, Words};

const CREATE_TOPICS: i16 = 19;

/// Resource types of DescribeConfigs.
pub(crate) mod config_type {
    /// TOPIC
    pub(crate) const TOPIC: i64 = 2;
    /// GROUP
    pub(crate) const GROUP: i64 = 32;
}

struct ListShape {
    array: FieldId,
    name: FieldId,
    kind: Option<FieldId>,
}

#[derive(Default)]
struct Listed {
    asked: usize,
    allowed: Vec<String>,
    refused: Vec<(i64, String)>,
    everything: HashSet<String>,
    splice: Splice,
}

pub(super) fn decide(request: Request, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    let Some(shape) = shape(request.api.key, request.version) else { return alone(request, gate) };
    let listed = walk(&request, &shape, gate)?;
    let mut facts = request.facts();
    facts.refused = !listed.refused.is_empty();
    let topic = |name: &String| TopicUse { name: name.clone(), id: None };
    let mut topics = Vec::new();
    if request.api.key == CREATE_TOPICS {
        topics = listed.allowed.iter().map(topic).collect();
        facts.topics = listed.allowed.iter().chain(listed.refused.iter().map(|(_, name)| name)).map(topic).collect();
    }
    let words = words(&request, &listed.refused, gate);
    if listed.asked > 0 && listed.refused.len() == listed.asked {
        let named = (request.api.key, request.version);
        let Some((array, elements)) = list_refusal(named, &listed.refused, &words) else {
            return Err(ProtocolError::Refused(
                "nothing in this request is allowed, and its answer has no place to say so",
            ));
        };
        return request.refuse(&vec![(array, Value::List(elements))], facts, Duration::ZERO);
    }
    let pending = Pending { names: listed.refused, words, everything: listed.everything, topics, ..Pending::default() };
    Ok(request.forward(listed.splice, facts, pending))
}

fn walk(request: &Request, shape: &ListShape, gate: &mut dyn Gate) -> Result<Listed, ProtocolError> {
    let mut listed = Listed::default();
    let mut walker = request.walker()?;
    let flexible = walker.is_flexible();
    let (mut kept, mut kind, mut allowed, mut name) = (Kept::default(), 0, true, String::new());
    while let Some(event) = walker.next()? {
        match event {
            Event::ArrayBegin { field, count, span } if field.id == shape.array => kept = Kept::new(count, span),
            // OffsetFetch: no topics means all that the group has offsets for.
            Event::ArrayBegin { field, count: None, .. } if field.path == "Groups.Topics" => {
                listed.everything.insert(name.clone());
            }
            Event::Scalar { field, value: Scalar::Int(number), .. } if Some(field.id) == shape.kind => kind = number,
            Event::Scalar { field, value: Scalar::String(text), span } if field.id == shape.name => {
                text.unwrap_or_default().clone_into(&mut name);
                allowed = asks(request.api.key, kind, &name, gate);
                listed.asked = listed.asked.saturating_add(1);
                bounded(listed.asked)?;
                if allowed {
                    listed.allowed.push(name.clone());
                } else {
                    listed.refused.push((kind, name.clone()));
                    if shape.name == shape.array {
                        kept.drop_one();
                        listed.splice.remove(span);
                    }
                }
            }
            Event::ElementEnd { field, span } if field.id == shape.array && !allowed => {
                kept.drop_one();
                listed.splice.remove(span);
            }
            Event::ArrayEnd { field, .. } if field.id == shape.array => kept.write(&mut listed.splice, flexible),
            _ => {}
        }
    }
    Ok(listed)
}

fn asks(api_key: i16, kind: i64, name: &str, gate: &mut dyn Gate) -> bool {
    match right(api_key, kind, name) {
        Some((Action::CreateTopic, _)) => !INTERNAL_TOPICS.contains(&name) && gate.creates(name),
        Some((action, resource)) => gate.allows(action, resource, None),
        None => false,
    }
}

/// The right that one element of a list needs.
fn right(api_key: i16, kind: i64, name: &str) -> Option<(Action, Resource<'_>)> {
    Some(match (api_key, kind) {
        (9 | 15, _) | (10, 0) => (Action::DescribeGroup, Resource::ConsumerGroup(name)),
        (10, 1) | (65, _) => (Action::DescribeTransactionalId, Resource::TransactionalId(name)),
        (19, _) => (Action::CreateTopic, Resource::Topic(name)),
        (32, config_type::TOPIC) => (Action::DescribeConfigs, Resource::Topic(name)),
        (32, config_type::GROUP) => (Action::DescribeGroupConfigs, Resource::ConsumerGroup(name)),
        (32, _) => (Action::DescribeClusterConfigs, Resource::Cluster),
        // Share coordinators are asked for by brokers only; whatever comes next is not known here.
        _ => return None,
    })
}

/// What is said about the refused elements, in answers that have room for it.
fn words(request: &Request, refused: &[(i64, String)], gate: &mut dyn Gate) -> Words {
    let mut words = Words::default();
    if matches!(request.api.key, 10 | 15 | 19 | 32) {
        for (kind, name) in refused {
            if let Some((action, resource)) = right(request.api.key, *kind, name) {
                let called = request.aliases.alias(name).unwrap_or(name);
                words.ask(gate, name, &Refused { action, resource, partition: None, called });
            }
        }
    }
    words
}

fn shape(api_key: i16, version: i16) -> Option<ListShape> {
    let shape = |array, name, kind| Some(ListShape { array, name, kind });
    match api_key {
        9 if version >= 8 => shape(offsets::GROUPS, offsets::GROUPS__GROUP_ID, None),
        10 if version >= 4 => {
            shape(coordinator::COORDINATOR_KEYS, coordinator::COORDINATOR_KEYS, Some(coordinator::KEY_TYPE))
        }
        15 => shape(groups::GROUPS, groups::GROUPS, None),
        19 => shape(create::TOPICS, create::TOPICS__NAME, None),
        32 => shape(configs::RESOURCES, configs::RESOURCES__RESOURCE_NAME, Some(configs::RESOURCES__RESOURCE_TYPE)),
        65 => shape(transactions::TRANSACTIONAL_IDS, transactions::TRANSACTIONAL_IDS, None),
        _ => None,
    }
}

/// Versions of OffsetFetch and FindCoordinator that carry one name instead of a list.
fn alone(request: Request, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    let (mut name, mut kind, mut everything) = (String::new(), 0, false);
    let mut partitions = Vec::new();
    let mut walker = request.walker()?;
    while let Some(event) = walker.next()? {
        match event {
            Event::Scalar { field, value: Scalar::String(Some(text)), .. } => match field.path {
                "GroupId" | "Key" => text.clone_into(&mut name),
                "Topics.Name" => partitions.push((text.to_owned(), Vec::new())),
                _ => {}
            },
            Event::Scalar { field, value: Scalar::Int(number), .. } => match field.path {
                "KeyType" => kind = number,
                "Topics.PartitionIndexes" => {
                    if let Some((_, indexes)) = partitions.last_mut() {
                        indexes.push(number);
                    }
                }
                _ => {}
            },
            Event::ArrayBegin { field, count: None, .. } if field.path == "Topics" => everything = true,
            _ => {}
        }
    }
    let mut facts = request.facts();
    if asks(request.api.key, kind, &name, gate) {
        let everything = everything.then(String::new).into_iter().collect();
        return Ok(request.forward(Splice::default(), facts, Pending { everything, ..Pending::default() }));
    }
    let error = match (request.api.key, kind) {
        (9, _) | (_, 0) => code::GROUP,
        (_, 1) => code::TRANSACTIONAL_ID,
        _ => code::INVALID_REQUEST,
    };
    facts.error = error;
    let fields = match request.api.key {
        9 if request.version < 2 => refused_offsets(&partitions, error),
        9 => vec![(fetched::ERROR_CODE, Value::Int(i64::from(error)))],
        _ => vec![
            (found::ERROR_CODE, Value::Int(i64::from(error))),
            (found::ERROR_MESSAGE, Value::Text(words(&request, &[(kind, name.clone())], gate).about(&name, NOT_SEEN))),
            (found::NODE_ID, Value::Int(-1)),
            (found::PORT, Value::Int(-1)),
        ],
    };
    request.refuse(&fields, facts, Duration::ZERO)
}

/// OffsetFetch version 1 has no place for the error of the whole: each partition says it.
fn refused_offsets(topics: &[(String, Vec<i64>)], error: i16) -> Fields {
    let partition = |index: &i64| {
        vec![
            (fetched::TOPICS__PARTITIONS__PARTITION_INDEX, Value::Int(*index)),
            (fetched::TOPICS__PARTITIONS__COMMITTED_OFFSET, Value::Int(-1)),
            (fetched::TOPICS__PARTITIONS__ERROR_CODE, Value::Int(i64::from(error))),
        ]
    };
    let topic = |(name, indexes): &(String, Vec<i64>)| {
        vec![
            (fetched::TOPICS__NAME, Value::Text(name.clone())),
            (fetched::TOPICS__PARTITIONS, Value::List(indexes.iter().map(partition).collect())),
        ]
    };
    vec![(fetched::TOPICS, Value::List(topics.iter().map(topic).collect()))]
}
