//! Metadata: names what the caller may see, and must not create topics that the caller may not.

use std::ops::Range;

use tidegate_model::{Action, Effect, Gate, RequestStep, Resource, TopicUse};

use super::{INTERNAL_TOPICS, Pending, Request, knowledge};
use crate::error::ProtocolError;
use crate::schema::messages::metadata_request as metadata;
use crate::shape::{Kept, bounded};
use crate::splice::Splice;
use crate::walk::{Event, Scalar, Walker};

#[derive(Default)]
struct Asked {
    names: Vec<TopicUse>,
    refused: Vec<(i64, String)>,
    everything: bool,
    creation: Option<Range<usize>>,
    splice: Splice,
}

pub(super) fn decide(request: Request, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    let mut asked = walk(&request, gate)?;
    let mut facts = request.facts();
    facts.refused = !asked.refused.is_empty();
    let mut changes = false;
    if let Some(flag) = asked.creation.take() {
        facts.topics = created(&asked.names, gate);
        changes = !facts.topics.is_empty();
        if changes {
            // The broker will make what is missing: this read changes something, and is recorded as such.
            facts.effect = Effect::Changes;
        } else {
            // Also when the gate knows every name: a topic that was just deleted would come back without anybody's right.
            asked.splice.replace(flag, vec![0]);
        }
    }
    let pending = Pending {
        names: std::mem::take(&mut asked.refused),
        everything: asked.everything.then(String::new).into_iter().collect(),
        topics: asked.names,
        changes,
        ..Pending::default()
    };
    Ok(request.forward(asked.splice, facts, pending))
}

fn walk(request: &Request, gate: &mut dyn Gate) -> Result<Asked, ProtocolError> {
    let mut asked = Asked::default();
    let mut walker = request.walker()?;
    let flexible = walker.is_flexible();
    let (mut kept, mut drop_it) = (Kept::default(), false);
    loop {
        let event = match walker.next() {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(error) => {
                // The broker, which passes over them, need not see them.
                asked.splice.remove(padding(&walker, asked.everything && flexible).ok_or(error)?);
                break;
            }
        };
        match event {
            Event::ArrayBegin { field, count, span } if field.id == metadata::TOPICS => {
                asked.everything = count.is_none();
                bounded(count.unwrap_or(0))?;
                kept = Kept::new(count, span);
            }
            Event::Scalar { field, value: Scalar::String(name), .. } if field.id == metadata::TOPICS__NAME => {
                // By id the name is null; the answer carries the name and is decided there.
                let Some(name) = name else { continue };
                drop_it = !gate.allows(Action::Describe, Resource::Topic(name), None);
                if drop_it {
                    asked.refused.push((0, name.to_owned()));
                } else {
                    asked.names.push(TopicUse { name: name.to_owned(), id: None });
                }
            }
            Event::ElementEnd { field, span } if field.id == metadata::TOPICS && std::mem::take(&mut drop_it) => {
                kept.drop_one();
                asked.splice.remove(span);
            }
            Event::ArrayEnd { field, .. } if field.id == metadata::TOPICS => kept.write(&mut asked.splice, flexible),
            Event::Scalar { field, value: Scalar::Int(1), span } if field.id == metadata::ALLOW_AUTO_TOPIC_CREATION => {
                asked.creation = Some(span);
            }
            _ => {}
        }
    }
    Ok(asked)
}

/// librdkafka (seen in 2.16) writes the flexible null array of "all topics" as four bytes in place of one, so that three are left
/// over at the end. Nothing else may leave any.
fn padding(walker: &Walker<'_>, everything: bool) -> Option<Range<usize>> {
    walker.left_over().filter(|left| everything && left.len() == 3)
}

/// The topics that the broker may create: those that the gate does not know, if this caller may create every one of them.
fn created(names: &[TopicUse], gate: &mut dyn Gate) -> Vec<TopicUse> {
    let Some(known) = knowledge(gate) else { return Vec::new() };
    let unknown: Vec<TopicUse> = names.iter().filter(|t| !known.topics.contains_key(&t.name)).cloned().collect();
    let all = unknown.iter().all(|topic| !INTERNAL_TOPICS.contains(&topic.name.as_str()) && gate.creates(&topic.name));
    if all { unknown } else { Vec::new() }
}
