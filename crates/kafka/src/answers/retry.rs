//! The answer that makes the client try again, for a request of which nothing was forwarded.

use bytes::Bytes;
use tidegate_model::{Slot, TopicUse};

use super::{CREATE_TOPICS, METADATA, PRODUCE, answer_shape, list_refusal};
use crate::encode::{self, Fields, Value};
use crate::header;
use crate::requests::{Pending, code};
use crate::schema::messages::{create_topics_response as create, metadata_response as metadata};
use crate::schema::{Direction, FieldId, message};
use crate::shape::by_topic;

/// For each API that changes something: parts refused by policy keep their refusal, all others get an error after which clients
/// repeat the request by themselves. `None` where a protocol has no such answer.
pub(crate) fn retriable(slot: &Slot) -> Option<Bytes> {
    let pending = slot.state.as_ref()?.downcast_ref::<Pending>()?;
    let error = match slot.api_key {
        PRODUCE => code::NOT_ENOUGH_REPLICAS,
        METADATA => code::LEADER_NOT_AVAILABLE,
        CREATE_TOPICS => code::NOT_CONTROLLER,
        // Java's consumer gives up on any other error of SyncGroup.
        14 => code::COORDINATOR_NOT_AVAILABLE,
        24..=26 => code::CONCURRENT_TRANSACTIONS,
        _ => code::COORDINATOR_LOAD_IN_PROGRESS,
    };
    let fields = if let Some(shape) = answer_shape(slot.api_key) {
        let each = |own: i16| if own == 0 { error } else { own };
        let refusals = by_topic(&pending.topics, pending.partitions.iter().map(|p| (p, each(p.error))));
        shape.refusal(&refusals, &pending.words)
    } else {
        match slot.api_key {
            METADATA => listed(slot, pending, metadata::TOPICS, |topic| {
                vec![
                    (metadata::TOPICS__NAME, Value::Text(topic.name.clone())),
                    (metadata::TOPICS__ERROR_CODE, Value::Int(i64::from(error))),
                ]
            }),
            CREATE_TOPICS => listed(slot, pending, create::TOPICS, |topic| {
                vec![
                    (create::TOPICS__NAME, Value::Text(topic.name.clone())),
                    (create::TOPICS__ERROR_CODE, Value::Int(i64::from(error))),
                    (create::TOPICS__ERROR_MESSAGE, Value::Null),
                ]
            }),
            _ => vec![(top_level(slot)?, Value::Int(i64::from(error)))],
        }
    };
    let mut frame = header::response_prefix(slot.api_key, slot.api_version, slot.correlation_id);
    let body_at = frame.len();
    encode::message(&mut frame, message(slot.api_key, Direction::Response)?, slot.api_version, &fields);
    header::seal(&mut frame);
    let of = (slot.api_key, slot.api_version);
    pending.aliases.back(frame.into(), body_at, of, &pending.everything).ok()
}

fn listed(slot: &Slot, pending: &Pending, array: FieldId, element: impl Fn(&TopicUse) -> Fields) -> Fields {
    let mut elements: Vec<Fields> = pending.topics.iter().map(element).collect();
    if let Some((_, refused)) = list_refusal((slot.api_key, slot.api_version), &pending.names, &pending.words) {
        elements.extend(refused);
    }
    vec![(array, Value::List(elements))]
}

fn top_level(slot: &Slot) -> Option<FieldId> {
    let described = message(slot.api_key, Direction::Response)?;
    described.fields.iter().find(|f| f.path == "ErrorCode" && f.versions.contains(slot.api_version)).map(|f| f.id)
}
