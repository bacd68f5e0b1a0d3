//! Metadata: names what the caller may see, and must not create topics that the caller may not.

use tidegate_model::{Action, Effect, Gate, RequestStep, Resource};

use super::{INTERNAL_TOPICS, Pending, Request, knowledge};
use crate::error::ProtocolError;
use crate::schema::messages::metadata_request as metadata;
use crate::shape::Kept;
use crate::splice::Splice;
use crate::walk::{Event, Scalar};

#[derive(Default)]
struct Asked {
    names: Vec<String>,
    refused: Vec<(i64, String)>,
    everything: bool,
    create_at: Option<usize>,
    splice: Splice,
}

pub(super) fn decide(mut request: Request, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    let mut asked = walk(&request, gate)?;
    let mut facts = request.facts();
    facts.refused = !asked.refused.is_empty();
    if let Some(at) = asked.create_at {
        if creates(&asked.names, gate) {
            // The broker will make what is missing: this read changes something, and is recorded as such.
            facts.effect = Effect::Changes;
        } else if let Some(flag) = request.frame.get_mut(request.body.saturating_add(at)) {
            *flag = 0;
        }
    }
    let pending = Pending {
        names: std::mem::take(&mut asked.refused),
        everything: if asked.everything { vec![String::new()] } else { Vec::new() },
        ..Pending::default()
    };
    Ok(request.forward(asked.splice, facts, pending))
}

fn walk(request: &Request, gate: &mut dyn Gate) -> Result<Asked, ProtocolError> {
    let mut asked = Asked::default();
    let mut walker = request.walker()?;
    let flexible = walker.is_flexible();
    let (mut kept, mut drop_it) = (Kept::default(), false);
    while let Some(event) = walker.next()? {
        match event {
            Event::ArrayBegin { field, count, span } if field.id == metadata::TOPICS => {
                asked.everything = count.is_none();
                kept = Kept::new(count, span);
            }
            Event::Scalar { field, value: Scalar::String(name), .. } if field.id == metadata::TOPICS__NAME => {
                // By id the name is null; the answer carries the name and is decided there.
                let Some(name) = name else { continue };
                drop_it = !gate.allows(Action::Describe, Resource::Topic(name), None);
                if drop_it {
                    asked.refused.push((0, name.to_owned()));
                } else {
                    asked.names.push(name.to_owned());
                }
            }
            Event::ElementEnd { field, span } if field.id == metadata::TOPICS && std::mem::take(&mut drop_it) => {
                kept.drop_one();
                asked.splice.remove(span);
            }
            Event::ArrayEnd { field, .. } if field.id == metadata::TOPICS => kept.write(&mut asked.splice, flexible),
            Event::Scalar { field, value: Scalar::Int(1), span } if field.id == metadata::ALLOW_AUTO_TOPIC_CREATION => {
                asked.create_at = Some(span.start);
            }
            _ => {}
        }
    }
    Ok(asked)
}

/// Whether the broker may create what is missing: only if every name that the gate does not know may be created by this caller.
fn creates(names: &[String], gate: &mut dyn Gate) -> bool {
    let Some(known) = knowledge(gate) else { return false };
    let mut any = false;
    for name in names.iter().filter(|n| !known.topics.contains_key(*n)) {
        let may = !INTERNAL_TOPICS.contains(&name.as_str())
            && (gate.allows(Action::CreateAnyTopic, Resource::Cluster, None)
                || gate.allows(Action::CreateTopic, Resource::Topic(name), None));
        if !may {
            return false;
        }
        any = true;
    }
    any
}
