//! Requests that name topics and partitions: produce, fetch, offsets, partitions of a transaction.

use std::ops::Range;
use std::time::Duration;

use tidegate_model::{Action, Effect, Facts, Gate, KeptRecords, RequestStep, Resource};

use super::{Pending, Read, Request, code, identify, written};
use crate::alias::Used;
use crate::answers::answer_shape;
use crate::batch;
use crate::encode::Value;
use crate::error::ProtocolError;
use crate::quarantine::Copies;
use crate::schema::messages::{
    add_partitions_to_txn_request as add_partitions, describe_producers_request as producers, fetch_request as fetch,
    list_offsets_request as list_offsets, offset_commit_request as commit, offset_for_leader_epoch_request as epochs,
    produce_request as produce, produce_response as produced, txn_offset_commit_request as txn_commit,
};
use crate::shape::{RequestShape, Scope, scope};
use crate::walk::{Event, Scalar};
use crate::words::{Refused, Words};

const PRODUCE: i16 = 0;
const FETCH: i16 = 1;
const ADD_PARTITIONS_TO_TXN: i16 = 24;
const DESCRIBE_PRODUCERS: i16 = 61;
/// How long the answer to who writes too fast is held. Far below the time after which clients take a broker for dead (30 s), and with it
/// the connection's other answers.
const HELD_MAX: Duration = Duration::from_secs(1);
/// How long clients are told to send nothing. They believe it, so that a bound that is raised meanwhile helps soon.
const THROTTLE_MS_MAX: i64 = 10_000;

/// What a request says beside its partitions.
#[derive(Default)]
struct Beside {
    group: Option<String>,
    transactional_id: Option<String>,
    transactional: bool,
    acks: i64,
    max_wait_ms: i64,
    session: bool,
}

/// With `stop_at_alias` a request that names an alias comes back undecided.
pub(super) fn decide(request: Request, stop_at_alias: bool, gate: &mut dyn Gate) -> Result<Read, ProtocolError> {
    let shape = shape(request.api.key)?;
    let mut beside = Beside { acks: 1, ..Beside::default() };
    let target = gate.answer_bytes_target();
    let mut walker = request.walker()?;
    let flexible = walker.is_flexible();
    let aliases = &request.aliases;
    let scope = scope(&mut walker, shape, stop_at_alias, gate, |event, scope, gate| {
        look(event, target, &mut beside, scope)?;
        refuse_second_name(event, aliases, scope, gate);
        if let Event::Scalar { value: Scalar::Records(Some(batch)), span, .. } = event {
            written::look_into(batch, span, flexible, scope, gate);
            written::keep(batch, scope, gate);
        }
        Ok(())
    })?;
    if scope.names_alias {
        return Ok(Read::NamesAlias(request));
    }
    decided(request, scope, &beside, gate).map(Read::Step)
}

fn decided(
    request: Request,
    mut scope: Scope,
    beside: &Beside,
    gate: &mut dyn Gate,
) -> Result<RequestStep, ProtocolError> {
    let whole = whole_error(&request, beside, gate);
    if whole != 0 {
        // Nothing of it goes on, and not for what is in it.
        scope.kept = KeptRecords::default();
        scope.copies = Copies::default();
        scope.refuse_all(whole);
    } else if request.api.key == ADD_PARTITIONS_TO_TXN {
        refuse_together(&mut scope);
    }
    let pace = if request.api.key == PRODUCE && whole == 0 { written::pace(&mut scope, gate) } else { None };
    let mut facts = facts(&request, &mut scope, gate);
    facts.error = whole;
    if request.api.key == FETCH && beside.session {
        return refuse_session(&request, facts);
    }
    let unanswered = request.api.key == PRODUCE && beside.acks == 0;
    if whole != 0 || (scope.allowed == 0 && !scope.partitions.is_empty()) {
        if unanswered {
            facts.refused = true;
            return Ok(RequestStep::ForwardUnanswered { frame: None, received: None, facts, close: true });
        }
        let words = words(&request, beside, &scope, whole, gate)?;
        let refusals = scope.refusals();
        let mut fields = answer_shape(request.api.key).map(|s| s.refusal(&refusals, &words)).unwrap_or_default();
        if let Some(pace) = pace {
            // Not all clients heed what they are told, so that the answer is held for a while.
            let held = pace.min(HELD_MAX);
            let told = i64::try_from(pace.saturating_sub(held).as_millis()).unwrap_or(i64::MAX).min(THROTTLE_MS_MAX);
            fields.push((produced::THROTTLE_TIME_MS, Value::Int(told)));
            return request.refuse(&fields, facts, held);
        }
        // A refused poll that is answered at once makes clients spin.
        let wait = if request.api.key == FETCH { beside.max_wait_ms.clamp(0, 500).unsigned_abs() } else { 0 };
        return request.refuse(&fields, facts, Duration::from_millis(wait));
    }
    facts.refused = scope.any_refused();
    if unanswered {
        let close = scope.any_refused();
        let (frame, received) = request.spliced(scope.splice);
        return Ok(RequestStep::ForwardUnanswered { frame: Some(frame), received, facts, close });
    }
    let words = words(&request, beside, &scope, whole, gate)?;
    let mut pending = Pending { refusals: scope.refusals(), words, ..Pending::default() };
    if facts.effect == Effect::Changes {
        // Reads are neither refused later nor looked up again; a fetch may name thousands.
        pending.topics.clone_from(&facts.topics);
        pending.partitions.clone_from(&facts.partitions);
    }
    Ok(request.forward(scope.splice, facts, pending))
}

/// Looks at what stands beside topics and partitions.
fn look(event: &Event<'_>, target: i32, beside: &mut Beside, scope: &mut Scope) -> Result<(), ProtocolError> {
    let Event::Scalar { field, value, span } = event else { return Ok(()) };
    match (field.path, value) {
        ("GroupId", Scalar::String(Some(group))) => beside.group = Some((*group).to_owned()),
        ("TransactionalId" | "V3AndBelowTransactionalId", Scalar::String(Some(id))) => {
            beside.transactional_id = Some((*id).to_owned())
        }
        ("Acks", Scalar::Int(acks)) => beside.acks = *acks,
        ("TopicData.PartitionData.Records", Scalar::Records(records)) => {
            beside.transactional |= look_at_records(records.unwrap_or_default(), scope)?;
        }
        ("MaxWaitMs", Scalar::Int(wait)) => beside.max_wait_ms = *wait,
        // A follower's reads go past the high watermark and past topic rights.
        ("ReplicaId", Scalar::Int(replica)) if *replica != -1 => overwrite(-1, span, scope),
        ("MaxBytes" | "Topics.Partitions.PartitionMaxBytes", Scalar::Int(bytes)) if *bytes > i64::from(target) => {
            overwrite(target, span, scope);
        }
        // Fetch sessions of a broker are bound to nobody: the gate asks for none and answers with none.
        ("SessionId", Scalar::Int(id)) if *id != 0 => beside.session = true,
        ("SessionEpoch", Scalar::Int(epoch)) if *epoch == 0 => overwrite(-1, span, scope),
        ("SessionEpoch", Scalar::Int(epoch)) if *epoch > 0 => beside.session = true,
        _ => {}
    }
    Ok(())
}

/// Refuses a batch of a producer that writes the topic by another name already.
fn refuse_second_name(event: &Event<'_>, aliases: &Used, scope: &mut Scope, gate: &mut dyn Gate) {
    let Event::Scalar { value: Scalar::Records(Some(records)), .. } = event else { return };
    let Some(topic) = scope.topics.last().map(|topic| topic.name.as_str()) else { return };
    if !gate.has_aliases() || !gate.is_aliased(topic) || scope.partitions.last().is_none_or(|p| p.error != 0) {
        return;
    }
    let name = aliases.alias(topic).unwrap_or(topic);
    if batch::producer_id(records).is_some_and(|writer| !gate.writes_as(writer, topic, name)) {
        scope.refuse_last(code::INVALID_REQUEST);
    }
}

/// Replaces a number that the caller may not choose.
fn overwrite(number: i32, span: &Range<usize>, scope: &mut Scope) {
    scope.splice.replace(span.clone(), number.to_be_bytes().to_vec());
}

/// One complete batch of magic 2 per partition, as brokers want since Produce version 3. Says whether it is transactional.
fn look_at_records(records: &[u8], scope: &mut Scope) -> Result<bool, ProtocolError> {
    let extent =
        batch::extent(records).map_err(|_batch| ProtocolError::Refused("a produced batch has an impossible header"))?;
    if extent.batches != 1 || extent.tail != 0 {
        return Err(ProtocolError::Refused("a partition's records are not exactly one batch"));
    }
    if let Some(partition) = scope.partitions.last_mut() {
        partition.records = extent.records;
        partition.bytes = u64::try_from(records.len()).unwrap_or(u64::MAX);
    }
    Ok(extent.transactional)
}

/// The error that refuses all of the request, or 0.
fn whole_error(request: &Request, beside: &Beside, gate: &mut dyn Gate) -> i16 {
    // A producer may carry an id without using it: only a transactional batch needs the right, and then an id (Kafka does the same).
    let refused = match &beside.transactional_id {
        None => beside.transactional,
        Some(_) if request.api.key == PRODUCE && !beside.transactional => false,
        Some(id) => !gate.allows(Action::UseTransactionalId, Resource::TransactionalId(id), None),
    };
    if refused {
        return code::TRANSACTIONAL_ID;
    }
    if let Some(group) = &beside.group
        && !gate.allows(Action::JoinGroup, Resource::ConsumerGroup(group), None)
    {
        return code::GROUP;
    }
    0
}

/// What is said about refused partitions, in answers that have room for it.
fn words(
    request: &Request,
    beside: &Beside,
    scope: &Scope,
    whole: i16,
    gate: &mut dyn Gate,
) -> Result<Words, ProtocolError> {
    let mut words = scope.words.clone();
    if !matches!(request.api.key, PRODUCE | DESCRIBE_PRODUCERS) || !scope.any_refused() {
        return Ok(words);
    }
    let action = shape(request.api.key)?.action;
    for partition in scope.partitions.iter().filter(|partition| code::is_refusal(partition.error)) {
        let Some(topic) = scope.topics.get(partition.topic) else { continue };
        let called = request.aliases.alias(&topic.name).unwrap_or(&topic.name);
        let partition = Some(partition.partition);
        let refused = match &beside.transactional_id {
            Some(id) if whole != 0 => Refused {
                action: Action::UseTransactionalId,
                resource: Resource::TransactionalId(id),
                partition: None,
                called: id,
            },
            _ => Refused { action, resource: Resource::Topic(&topic.name), partition, called },
        };
        words.ask(gate, &topic.name, &refused);
    }
    Ok(words)
}

/// A transaction gets all of the partitions that it asks for, or none.
fn refuse_together(scope: &mut Scope) {
    if scope.any_refused() {
        for partition in scope.partitions.iter_mut().filter(|p| p.error == 0) {
            partition.error = code::NOT_ATTEMPTED;
        }
        scope.allowed = 0;
    }
}

/// Nothing was refused by policy: the client is told that it has no session, and asks again without one.
fn refuse_session(request: &Request, mut facts: Facts) -> Result<RequestStep, ProtocolError> {
    use crate::schema::messages::fetch_response as response;
    facts.error = code::FETCH_SESSION_ID_NOT_FOUND;
    let fields = vec![(response::ERROR_CODE, Value::Int(i64::from(facts.error)))];
    Ok(RequestStep::Answer { frame: super::answer(request, &fields)?, facts, delay: Duration::ZERO })
}

fn facts(request: &Request, scope: &mut Scope, gate: &mut dyn Gate) -> Facts {
    identify(&mut scope.topics, gate);
    let mut facts = request.facts();
    facts.topics.clone_from(&scope.topics);
    facts.partitions.clone_from(&scope.partitions);
    facts.masks = std::mem::take(&mut scope.masks);
    facts.kept = std::mem::take(&mut scope.kept);
    facts.quarantined = std::mem::take(&mut scope.copies).finish(gate);
    facts
}

fn shape(api_key: i16) -> Result<RequestShape, ProtocolError> {
    let (topics, name, partitions, index, action) = match api_key {
        PRODUCE => (
            produce::TOPIC_DATA,
            produce::TOPIC_DATA__NAME,
            produce::TOPIC_DATA__PARTITION_DATA,
            produce::TOPIC_DATA__PARTITION_DATA__INDEX,
            Action::Produce,
        ),
        FETCH => (
            fetch::TOPICS,
            fetch::TOPICS__TOPIC,
            fetch::TOPICS__PARTITIONS,
            fetch::TOPICS__PARTITIONS__PARTITION,
            Action::Consume,
        ),
        2 => (
            list_offsets::TOPICS,
            list_offsets::TOPICS__NAME,
            list_offsets::TOPICS__PARTITIONS,
            list_offsets::TOPICS__PARTITIONS__PARTITION_INDEX,
            Action::Describe,
        ),
        8 => (
            commit::TOPICS,
            commit::TOPICS__NAME,
            commit::TOPICS__PARTITIONS,
            commit::TOPICS__PARTITIONS__PARTITION_INDEX,
            Action::Consume,
        ),
        23 => (
            epochs::TOPICS,
            epochs::TOPICS__TOPIC,
            epochs::TOPICS__PARTITIONS,
            epochs::TOPICS__PARTITIONS__PARTITION,
            Action::Describe,
        ),
        ADD_PARTITIONS_TO_TXN => (
            add_partitions::V3_AND_BELOW_TOPICS,
            add_partitions::V3_AND_BELOW_TOPICS__NAME,
            add_partitions::V3_AND_BELOW_TOPICS__PARTITIONS,
            add_partitions::V3_AND_BELOW_TOPICS__PARTITIONS,
            Action::Produce,
        ),
        28 => (
            txn_commit::TOPICS,
            txn_commit::TOPICS__NAME,
            txn_commit::TOPICS__PARTITIONS,
            txn_commit::TOPICS__PARTITIONS__PARTITION_INDEX,
            Action::Consume,
        ),
        61 => (
            producers::TOPICS,
            producers::TOPICS__NAME,
            producers::TOPICS__PARTITION_INDEXES,
            producers::TOPICS__PARTITION_INDEXES,
            Action::Consume,
        ),
        api_key => return Err(ProtocolError::Unsupported { api_key, version: 0 }),
    };
    Ok(RequestShape { topics, name, partitions, index, action })
}
