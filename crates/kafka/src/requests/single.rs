//! Requests that need rights on one group, one transactional id or the cluster, and fail as a whole.

use std::time::Duration;

use tidegate_model::{Action, Gate, RequestStep, Resource};

use super::{Pending, Request, code, knowledge};
use crate::encode::{Fields, Value};
use crate::error::ProtocolError;
use crate::schema::messages::describe_client_quotas_response as quotas;
use crate::schema::{Direction, FieldId};
use crate::splice::Splice;
use crate::walk::{Event, Scalar};

pub(super) fn decide(request: Request, gate: &mut dyn Gate) -> Result<RequestStep, ProtocolError> {
    let mut group: Option<String> = None;
    let mut transactional_id: Option<String> = None;
    let mut endpoints = 1;
    let mut walker = request.walker()?;
    while let Some(event) = walker.next()? {
        let Event::Scalar { field, value, .. } = event else { continue };
        match (field.path, value) {
            ("GroupId", Scalar::String(Some(id))) => group = Some(id.to_owned()),
            ("TransactionalId", Scalar::String(Some(id))) => transactional_id = Some(id.to_owned()),
            ("EndpointType", Scalar::Int(kind)) => endpoints = kind,
            _ => {}
        }
    }
    let error = match request.api.key {
        22 => init_producer_id(transactional_id.as_deref(), gate),
        60 if endpoints == 2 => code::MISMATCHED_ENDPOINT_TYPE,
        60 if endpoints != 1 => code::UNSUPPORTED_ENDPOINT_TYPE,
        35 | 46 | 55 => cluster(Action::DescribeCluster, gate),
        48 => cluster(Action::DescribeClusterConfigs, gate),
        // What the caller may not see is left out of these answers.
        16 | 60 | 66 => 0,
        _ => named(group.as_deref(), transactional_id.as_deref(), gate),
    };
    let mut facts = request.facts();
    if error == 0 {
        return Ok(request.forward(Splice::default(), facts, Pending::default()));
    }
    facts.error = error;
    let mut fields: Fields =
        field(&request, "ErrorCode")?.map(|id| (id, Value::Int(i64::from(error)))).into_iter().collect();
    if matches!(request.api.key, 46 | 48)
        && error == code::CLUSTER
        && let Some(id) = field(&request, "ErrorMessage")?
    {
        let action = if request.api.key == 46 { Action::DescribeCluster } else { Action::DescribeClusterConfigs };
        fields.extend(gate.refusal(action, Resource::Cluster, None, "").map(|words| (id, Value::Text(words))));
    }
    if request.api.key == 48 {
        // As brokers do: no entries is another thing than none that match.
        fields.push((quotas::ENTRIES, Value::Null));
    }
    request.refuse(&fields, facts, Duration::ZERO)
}

/// The answer's field of this name for the whole.
fn field(request: &Request, name: &str) -> Result<Option<FieldId>, ProtocolError> {
    let fields = request.message(Direction::Response)?.fields;
    Ok(fields.iter().find(|f| f.path == name && f.versions.contains(request.version)).map(|f| f.id))
}

fn named(group: Option<&str>, transactional_id: Option<&str>, gate: &mut dyn Gate) -> i16 {
    if let Some(id) = transactional_id
        && !gate.allows(Action::UseTransactionalId, Resource::TransactionalId(id), None)
    {
        return code::TRANSACTIONAL_ID;
    }
    if !group.is_none_or(|id| gate.allows(Action::JoinGroup, Resource::ConsumerGroup(id), None)) {
        return code::GROUP;
    }
    // A request of this kind that names nothing asks for nothing that anybody could be allowed.
    if group.is_none() && transactional_id.is_none() { code::INVALID_REQUEST } else { 0 }
}

fn cluster(action: Action, gate: &mut dyn Gate) -> i16 {
    if gate.allows(action, Resource::Cluster, None) { 0 } else { code::CLUSTER }
}

/// A transactional producer needs its id; an idempotent one the cluster's right or any topic to write, as in Kafka.
fn init_producer_id(transactional_id: Option<&str>, gate: &mut dyn Gate) -> i16 {
    if let Some(id) = transactional_id {
        return if gate.allows(Action::UseTransactionalId, Resource::TransactionalId(id), None) {
            0
        } else {
            code::TRANSACTIONAL_ID
        };
    }
    if gate.allows(Action::IdempotentWrite, Resource::Cluster, None) {
        return 0;
    }
    let known = knowledge(gate);
    let writable =
        known.is_some_and(|k| k.names().iter().any(|topic| gate.allows(Action::Produce, Resource::Topic(topic), None)));
    if writable { 0 } else { code::CLUSTER }
}
