//! What of an answer the caller may see: elements that name what it may not are left out or blanked, addresses lead back to the
//! gate, and bitmaps of authorized operations are the caller's, not those of the gate's own principal.

use std::collections::HashSet;
use std::ops::Range;

use tidegate_model::{Action, Gate, Resource, TopicUse};

use super::texts;
use crate::encode::{self, Fields, Value};
use crate::error::ProtocolError;
use crate::members::{self, Name};
use crate::requests::{code, knowledge};
use crate::schema::messages::{
    create_topics_response as create, describe_cluster_response as cluster, describe_configs_response as configs,
    describe_groups_response as groups, describe_log_dirs_response as log_dirs,
    describe_transactions_response as transactions, find_coordinator_response as coordinator,
    list_groups_response as list_groups, list_partition_reassignments_response as reassignments,
    list_transactions_response as list_transactions, metadata_response as metadata, offset_fetch_response as offsets,
    produce_response as produce,
};
use crate::schema::{Direction, FieldId, Message, message};
use crate::shape::Kept;
use crate::splice::Splice;
use crate::walk::{Event, Scalar};

/// Elements of `array` carry a name that needs `action`.
#[derive(Clone, Copy, Debug)]
struct Named {
    array: FieldId,
    name: FieldId,
    action: Action,
}

/// Fields that hold a broker's address; `element` is the array that they stand in, if any.
#[derive(Clone, Copy, Debug)]
struct Address {
    element: Option<FieldId>,
    node_id: FieldId,
    host: FieldId,
    port: FieldId,
}

/// A place in the answer with what stood there.
type Place<T> = Option<(Range<usize>, T)>;

#[derive(Debug)]
pub(super) struct Visible {
    api_key: i16,
    version: i16,
    everything: HashSet<String>,
    asked: HashSet<String>,
    named: Option<Named>,
    address: Option<Address>,
    kept: Kept,
    flexible: bool,
    /// The name at hand, and whether it may be seen.
    name: String,
    group: String,
    shown: bool,
    refused: bool,
    id: [u8; 16],
    error: i64,
    text: Option<String>,
    config_type: i64,
    consumers: bool,
    node_id: i32,
    host: Place<String>,
    port: Place<i64>,
}

impl Visible {
    /// `everything` as in `Pending`; `asked` are the topics that a Metadata asked for by name.
    pub(super) fn new(api_key: i16, version: i16, everything: HashSet<String>, asked: Vec<TopicUse>) -> Self {
        Self {
            api_key,
            version,
            everything,
            asked: asked.into_iter().map(|topic| topic.name).collect(),
            named: named(api_key, version),
            address: address(api_key, version),
            kept: Kept::default(),
            flexible: message(api_key, Direction::Response).is_some_and(|m| m.flexible.contains(version)),
            name: String::new(),
            group: String::new(),
            shown: true,
            refused: false,
            id: [0; 16],
            error: 0,
            text: None,
            config_type: 0,
            consumers: false,
            node_id: -1,
            host: None,
            port: None,
        }
    }

    pub(super) fn on(
        &mut self,
        event: &Event<'_>,
        message: &'static Message,
        splice: &mut Splice,
        gate: &mut dyn Gate,
    ) -> Result<(), ProtocolError> {
        match event {
            Event::Scalar { field, value: Scalar::String(Some(text)), span }
                if field.path.ends_with("ErrorMessage") && !text.is_empty() =>
            {
                self.message(text, span, splice, gate);
            }
            Event::Scalar { field, value, span } => self.scalar(field.id, value, span, splice, gate),
            Event::TaggedBegin { field, size, data } if field.path == "NodeEndpoints" => {
                splice.sized(size.clone(), data.clone())
            }
            Event::ArrayBegin { field, count, span } if self.counts(field.id) => {
                self.kept = Kept::new(*count, span.clone())
            }
            Event::ArrayEnd { field, .. } if self.counts(field.id) => self.kept.write(splice, self.flexible),
            Event::ElementEnd { field, span } => {
                if self.address.is_some_and(|a| a.element == Some(field.id)) {
                    self.lead_back(splice, gate)?;
                }
                if self.counts(field.id) && !self.shown {
                    self.hide(span.clone(), message, splice)?;
                    self.shown = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the answer; says whether something that was asked for by name or id was refused in it.
    pub(super) fn finish(&mut self, splice: &mut Splice, gate: &mut dyn Gate) -> Result<bool, ProtocolError> {
        if self.address.is_some_and(|a| a.element.is_none()) {
            self.lead_back(splice, gate)?;
        }
        Ok(self.refused)
    }

    fn message(&mut self, text: &str, span: &Range<usize>, splice: &mut Splice, gate: &mut dyn Gate) {
        let passes = texts::may_pass(text, gate);
        if !passes {
            let mut bytes = Vec::new();
            encode::string(&mut bytes, self.flexible, texts::WITHHELD);
            splice.replace(span.clone(), bytes);
        }
        self.text = Some(if passes { text } else { texts::WITHHELD }.to_owned());
    }

    fn counts(&self, array: FieldId) -> bool {
        self.named.is_some_and(|n| n.array == array)
            || (self.api_key == 32 && array == configs::RESULTS__CONFIGS)
            || (self.api_key == 19 && array == create::TOPICS)
            || (self.api_key == 0 && array == produce::NODE_ENDPOINTS)
    }

    fn scalar(
        &mut self,
        id: FieldId,
        value: &Scalar<'_>,
        span: &Range<usize>,
        splice: &mut Splice,
        gate: &mut dyn Gate,
    ) {
        if let Some(named) = self.named
            && named.name == id
            && let Scalar::String(Some(name)) = value
        {
            self.shown = self.may_see(named.action, name, gate);
            (*name).clone_into(&mut self.name);
        }
        if let Some(address) = self.address {
            match value {
                Scalar::Int(node) if id == address.node_id => self.node_id = i32::try_from(*node).unwrap_or(-1),
                Scalar::String(Some(host)) if id == address.host => {
                    self.host = Some((span.clone(), (*host).to_owned()))
                }
                Scalar::Int(port) if id == address.port => self.port = Some((span.clone(), *port)),
                _ => {}
            }
        }
        match self.api_key {
            3 => self.metadata(id, value, span, splice, gate),
            9 => self.offset(id, value, span, splice),
            15 => self.described_group(id, value, span, splice, gate),
            19 => self.created(id, value, gate),
            32 => self.config(id, value),
            60 if id == cluster::CLUSTER_AUTHORIZED_OPERATIONS => {
                operations(CLUSTER_OPERATIONS, Resource::Cluster, value, span, splice, gate);
            }
            _ => {}
        }
    }

    fn may_see(&self, action: Action, name: &str, gate: &mut dyn Gate) -> bool {
        match action {
            Action::DescribeGroup => gate.sees_group(name),
            Action::DescribeTransactionalId => gate.allows(action, Resource::TransactionalId(name), None),
            _ => gate.allows(action, Resource::Topic(name), None),
        }
    }

    fn metadata(
        &mut self,
        id: FieldId,
        value: &Scalar<'_>,
        span: &Range<usize>,
        splice: &mut Splice,
        gate: &mut dyn Gate,
    ) {
        match (id, value) {
            (metadata::TOPICS__NAME, Scalar::String(None)) => self.name.clear(),
            (metadata::TOPICS__TOPIC_ID, Scalar::Uuid(topic_id)) => {
                self.id = *topic_id;
                if let Some(known) = knowledge(gate).filter(|_| !self.name.is_empty()) {
                    known.saw(&self.name, self.id);
                }
            }
            (metadata::TOPICS__TOPIC_AUTHORIZED_OPERATIONS, _) if self.shown => {
                operations(TOPIC_OPERATIONS, Resource::Topic(&self.name), value, span, splice, gate);
            }
            (metadata::CLUSTER_AUTHORIZED_OPERATIONS, _) => {
                operations(CLUSTER_OPERATIONS, Resource::Cluster, value, span, splice, gate);
            }
            _ => {}
        }
    }

    fn offset(&mut self, id: FieldId, value: &Scalar<'_>, span: &Range<usize>, splice: &mut Splice) {
        if let (offsets::GROUPS__GROUP_ID, Scalar::String(Some(group))) = (id, value) {
            (*group).clone_into(&mut self.group);
        }
        if self.shown || self.asked_for_everything() {
            return;
        }
        self.refused = true;
        let number = |number: i64, width: usize| {
            number.to_be_bytes().get(8_usize.saturating_sub(width)..).unwrap_or_default().to_vec()
        };
        match id {
            offsets::GROUPS__TOPICS__PARTITIONS__COMMITTED_OFFSET | offsets::TOPICS__PARTITIONS__COMMITTED_OFFSET => {
                splice.replace(span.clone(), number(-1, 8));
            }
            offsets::GROUPS__TOPICS__PARTITIONS__COMMITTED_LEADER_EPOCH
            | offsets::TOPICS__PARTITIONS__COMMITTED_LEADER_EPOCH => {
                splice.replace(span.clone(), number(-1, 4));
            }
            offsets::GROUPS__TOPICS__PARTITIONS__METADATA | offsets::TOPICS__PARTITIONS__METADATA => {
                let mut empty = Vec::new();
                encode::string(&mut empty, self.flexible, "");
                splice.replace(span.clone(), empty);
            }
            offsets::GROUPS__TOPICS__PARTITIONS__ERROR_CODE | offsets::TOPICS__PARTITIONS__ERROR_CODE => {
                splice.replace(span.clone(), number(i64::from(code::TOPIC), 2));
            }
            _ => {}
        }
    }

    fn asked_for_everything(&self) -> bool {
        match self.api_key {
            9 if self.version >= 8 => self.everything.contains(&self.group),
            3 | 9 => !self.everything.is_empty(),
            _ => true,
        }
    }

    fn described_group(
        &mut self,
        id: FieldId,
        value: &Scalar<'_>,
        span: &Range<usize>,
        splice: &mut Splice,
        gate: &mut dyn Gate,
    ) {
        match (id, value) {
            (groups::GROUPS__GROUP_ID, Scalar::String(Some(group))) => (*group).clone_into(&mut self.group),
            (groups::GROUPS__PROTOCOL_TYPE, Scalar::String(kind)) => self.consumers = *kind == Some("consumer"),
            (groups::GROUPS__MEMBERS__MEMBER_METADATA, Scalar::Bytes(Some(bytes))) => {
                self.blank(members::subscribed, bytes, span, splice, gate);
            }
            (groups::GROUPS__MEMBERS__MEMBER_ASSIGNMENT, Scalar::Bytes(Some(bytes))) => {
                self.blank(members::assigned, bytes, span, splice, gate);
            }
            (groups::GROUPS__AUTHORIZED_OPERATIONS, _) => {
                operations(GROUP_OPERATIONS, Resource::ConsumerGroup(&self.group), value, span, splice, gate);
            }
            _ => {}
        }
    }

    /// Empties what a member of a consumer group says if it names a topic that the caller may not see, or cannot be read.
    fn blank(
        &self,
        topics: fn(&[u8]) -> Option<Vec<Name<'_>>>,
        bytes: &[u8],
        span: &Range<usize>,
        splice: &mut Splice,
        gate: &mut dyn Gate,
    ) {
        if !self.consumers || bytes.is_empty() {
            return;
        }
        let all = topics(bytes)
            .is_some_and(|topics| topics.iter().all(|t| gate.allows(Action::Describe, Resource::Topic(t.text), None)));
        if !all {
            let mut empty = Vec::new();
            encode::count(&mut empty, self.flexible, 0);
            splice.replace(span.clone(), empty);
        }
    }

    /// Who may create a topic but not read its configuration gets the answer without it, as from Kafka.
    fn created(&mut self, id: FieldId, value: &Scalar<'_>, gate: &mut dyn Gate) {
        match (id, value) {
            (create::TOPICS__NAME, Scalar::String(Some(name))) => {
                (*name).clone_into(&mut self.name);
                (self.shown, self.text) = (true, None);
            }
            (create::TOPICS__TOPIC_ID, Scalar::Uuid(topic_id)) => self.id = *topic_id,
            (create::TOPICS__ERROR_CODE, Scalar::Int(error)) => {
                self.error = *error;
                // The configuration is in the answer from version 5 on.
                self.shown =
                    self.version < 5 || gate.allows(Action::DescribeConfigs, Resource::Topic(&self.name), None);
            }
            _ => {}
        }
    }

    fn config(&mut self, id: FieldId, value: &Scalar<'_>) {
        match (id, value) {
            (configs::RESULTS__RESOURCE_TYPE, Scalar::Int(kind)) => self.config_type = *kind,
            (configs::RESULTS__CONFIGS__NAME, Scalar::String(Some(name))) => {
                self.shown = self.config_type != 4 || !NAMES_ADDRESSES.iter().any(|part| name.contains(part));
            }
            _ => {}
        }
    }

    fn hide(
        &mut self,
        span: Range<usize>,
        message: &'static Message,
        splice: &mut Splice,
    ) -> Result<(), ProtocolError> {
        let (array, fields) = match self.api_key {
            3 if !self.asked_for_everything() => (metadata::TOPICS, self.hidden_topic()?),
            19 => (create::TOPICS, self.created_without_configs()),
            // The partitions were given the error one by one.
            9 if !self.asked_for_everything() => return Ok(()),
            _ => {
                self.kept.drop_one();
                splice.remove(span);
                return Ok(());
            }
        };
        let Some(field) = message.fields.iter().find(|f| f.id == array) else { return Ok(()) };
        let mut bytes = Vec::new();
        encode::element(&mut bytes, message, self.version, field, &fields);
        splice.replace(span, bytes);
        Ok(())
    }

    /// Asked for by id, a topic is refused by its id; asked for by a name that was allowed a moment ago, by its name.
    fn hidden_topic(&mut self) -> Result<Fields, ProtocolError> {
        self.refused = true;
        let error = (metadata::TOPICS__ERROR_CODE, Value::Int(i64::from(code::TOPIC)));
        if self.asked.contains(&self.name) {
            return Ok(vec![error, (metadata::TOPICS__NAME, Value::Text(self.name.clone()))]);
        }
        if self.version < 12 {
            return Err(ProtocolError::Refused("the broker answered with a topic that was not asked for"));
        }
        Ok(vec![error, (metadata::TOPICS__NAME, Value::Null), (metadata::TOPICS__TOPIC_ID, Value::Uuid(self.id))])
    }

    fn created_without_configs(&mut self) -> Fields {
        vec![
            (create::TOPICS__NAME, Value::Text(self.name.clone())),
            (create::TOPICS__TOPIC_ID, Value::Uuid(self.id)),
            (create::TOPICS__ERROR_CODE, Value::Int(self.error)),
            (create::TOPICS__ERROR_MESSAGE, self.text.take().map_or(Value::Null, Value::Text)),
            (create::TOPICS__TOPIC_CONFIG_ERROR_CODE, Value::Int(i64::from(code::TOPIC))),
            (create::TOPICS__NUM_PARTITIONS, Value::Int(-1)),
            (create::TOPICS__REPLICATION_FACTOR, Value::Int(-1)),
            (create::TOPICS__CONFIGS, Value::Null),
        ]
    }

    /// Puts the gate's address in the place of the broker's.
    fn lead_back(&mut self, splice: &mut Splice, gate: &mut dyn Gate) -> Result<(), ProtocolError> {
        let (Some((host_at, host)), Some((port_at, port))) = (self.host.take(), self.port.take()) else {
            return Ok(());
        };
        // Where there is no broker there is no address: lookups that failed.
        if host.is_empty() {
            return Ok(());
        }
        let mut address = (String::new(), -1);
        if let (Ok(port), true) = (u16::try_from(port), self.node_id >= 0) {
            match gate.endpoint(self.node_id, &host, port) {
                Some(endpoint) => address = (endpoint.host, i32::from(endpoint.port)),
                // Only a hint; without it the client asks for Metadata.
                None if self.api_key == 0 => self.shown = false,
                None => {
                    return Err(ProtocolError::Refused(
                        "a broker has no address on this gate: give the listener more `broker_ports`",
                    ));
                }
            }
        }
        let mut bytes = Vec::new();
        encode::string(&mut bytes, self.flexible, &address.0);
        splice.replace(host_at, bytes);
        splice.replace(port_at, address.1.to_be_bytes().to_vec());
        Ok(())
    }
}

/// Parts of broker configuration names whose values are addresses behind the gate.
const NAMES_ADDRESSES: &[&str] =
    &["listener", "advertised", "quorum.voters", "bootstrap.servers", "host.name", "zookeeper.connect", "endpoint.url"];

const TOPIC_OPERATIONS: &[(u32, Action)] = &[
    (3, Action::Consume),
    (4, Action::Produce),
    (5, Action::CreateTopic),
    (6, Action::DeleteTopic),
    (7, Action::AddPartitions),
    (8, Action::Describe),
    (10, Action::DescribeConfigs),
    (11, Action::AlterConfigs),
];

const GROUP_OPERATIONS: &[(u32, Action)] = &[
    (3, Action::JoinGroup),
    (6, Action::DeleteGroup),
    (8, Action::DescribeGroup),
    (10, Action::DescribeGroupConfigs),
    (11, Action::AlterGroupConfigs),
];

const CLUSTER_OPERATIONS: &[(u32, Action)] = &[
    (5, Action::CreateAnyTopic),
    (7, Action::AlterCluster),
    (8, Action::DescribeCluster),
    (9, Action::ClusterAction),
    (10, Action::DescribeClusterConfigs),
    (11, Action::AlterClusterConfigs),
    (12, Action::IdempotentWrite),
];

/// Recomputes a bitmap of AclOperations for the caller; `i32::MIN` says that nobody asked.
fn operations(
    bits: &[(u32, Action)],
    resource: Resource<'_>,
    value: &Scalar<'_>,
    span: &Range<usize>,
    splice: &mut Splice,
    gate: &mut dyn Gate,
) {
    if matches!(value, Scalar::Int(asked) if *asked == i64::from(i32::MIN)) {
        return;
    }
    let bitmap: i32 =
        bits.iter().filter(|(_, action)| gate.allows(*action, resource, None)).map(|(bit, _)| 1_i32 << bit).sum();
    splice.replace(span.clone(), bitmap.to_be_bytes().to_vec());
}

fn named(api_key: i16, version: i16) -> Option<Named> {
    let (array, name, action) = match api_key {
        3 => (metadata::TOPICS, metadata::TOPICS__NAME, Action::Describe),
        9 if version >= 8 => (offsets::GROUPS__TOPICS, offsets::GROUPS__TOPICS__NAME, Action::Describe),
        9 => (offsets::TOPICS, offsets::TOPICS__NAME, Action::Describe),
        16 => (list_groups::GROUPS, list_groups::GROUPS__GROUP_ID, Action::DescribeGroup),
        35 => (log_dirs::RESULTS__TOPICS, log_dirs::RESULTS__TOPICS__NAME, Action::Describe),
        46 => (reassignments::TOPICS, reassignments::TOPICS__NAME, Action::Describe),
        65 => (
            transactions::TRANSACTION_STATES__TOPICS,
            transactions::TRANSACTION_STATES__TOPICS__TOPIC,
            Action::Describe,
        ),
        66 => (
            list_transactions::TRANSACTION_STATES,
            list_transactions::TRANSACTION_STATES__TRANSACTIONAL_ID,
            Action::DescribeTransactionalId,
        ),
        _ => return None,
    };
    Some(Named { array, name, action })
}

fn address(api_key: i16, version: i16) -> Option<Address> {
    let (element, node_id, host, port) = match api_key {
        0 if version >= 10 => (
            Some(produce::NODE_ENDPOINTS),
            produce::NODE_ENDPOINTS__NODE_ID,
            produce::NODE_ENDPOINTS__HOST,
            produce::NODE_ENDPOINTS__PORT,
        ),
        3 => (Some(metadata::BROKERS), metadata::BROKERS__NODE_ID, metadata::BROKERS__HOST, metadata::BROKERS__PORT),
        10 if version >= 4 => (
            Some(coordinator::COORDINATORS),
            coordinator::COORDINATORS__NODE_ID,
            coordinator::COORDINATORS__HOST,
            coordinator::COORDINATORS__PORT,
        ),
        10 => (None, coordinator::NODE_ID, coordinator::HOST, coordinator::PORT),
        60 => (Some(cluster::BROKERS), cluster::BROKERS__BROKER_ID, cluster::BROKERS__HOST, cluster::BROKERS__PORT),
        _ => return None,
    };
    Some(Address { element, node_id, host, port })
}
