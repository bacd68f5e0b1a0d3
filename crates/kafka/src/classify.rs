//! One row for every API key of Kafka 3.9 to the newest release: whether the gate serves it, up to which version, what it does on
//! the broker and which rights it can ask for. A key that has no row fails a test; a key that is not served is not advertised, and a
//! client that sends it anyway is disconnected, as a broker does with a header that it cannot parse.

use tidegate_model::{Action, Effect};

/// Whether and how the gate serves a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serve {
    /// Answered by the gate; never reaches a broker.
    Here,
    /// Decided, then forwarded.
    Through,
    /// Not advertised, refused. The text says why.
    Refused(&'static str),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// The API key.
    pub key: i16,
    /// Kafka's name for it.
    pub name: &'static str,
    /// Whether it is served.
    pub serve: Serve,
    /// Lowest version offered.
    pub min: i16,
    /// Highest version offered.
    pub max: i16,
    /// What it does on the broker.
    pub effect: Effect,
    /// Every right that it may ask for, beside those that a bitmap of authorized operations tells and the right to see a topic that a
    /// broker's error message names.
    pub rights: &'static [Action],
}

/// The row of `key`.
#[must_use]
pub fn api(key: i16) -> Option<&'static Api> {
    // The table is dense: the row of key n is at n, which a test keeps true.
    APIS.get(usize::try_from(key).ok()?)
}

/// The row of a key at a version that the gate offers to clients, or `None`.
#[must_use]
pub fn served(key: i16, version: i16) -> Option<&'static Api> {
    api(key).filter(|a| !matches!(a.serve, Serve::Refused(_)) && version >= a.min && version <= a.max)
}

/// Every key, in order.
pub static APIS: &[Api] = &[
    through(0, "Produce", 3, 12, Effect::Changes, &[Action::Produce, Action::UseTransactionalId]),
    through(1, "Fetch", 4, 12, Effect::Reads, &[Action::Consume]),
    through(2, "ListOffsets", 1, 11, Effect::Reads, &[Action::Describe]),
    through(
        3,
        "Metadata",
        4,
        13,
        Effect::Reads,
        &[Action::Describe, Action::CreateTopic, Action::CreateAnyTopic, Action::DescribeCluster],
    ),
    refused(4, "LeaderAndIsr", BROKER),
    refused(5, "StopReplica", BROKER),
    refused(6, "UpdateMetadata", BROKER),
    refused(7, "ControlledShutdown", BROKER),
    through(8, "OffsetCommit", 2, 9, Effect::Changes, &[Action::JoinGroup, Action::Consume]),
    through(9, "OffsetFetch", 1, 9, Effect::Reads, &[Action::DescribeGroup, Action::Describe]),
    through(10, "FindCoordinator", 0, 6, Effect::Reads, &[Action::DescribeGroup, Action::DescribeTransactionalId]),
    through(11, "JoinGroup", 0, 9, Effect::Changes, &[Action::JoinGroup]),
    through(12, "Heartbeat", 0, 4, Effect::Reads, &[Action::JoinGroup]),
    through(13, "LeaveGroup", 0, 5, Effect::Changes, &[Action::JoinGroup]),
    through(14, "SyncGroup", 0, 5, Effect::Changes, &[Action::JoinGroup]),
    through(15, "DescribeGroups", 0, 6, Effect::Reads, &[Action::DescribeGroup, Action::Describe]),
    through(16, "ListGroups", 0, 5, Effect::Reads, &[Action::DescribeGroup, Action::DescribeCluster]),
    here(17, "SaslHandshake", 0, 1),
    here(18, "ApiVersions", 0, 4),
    through(
        19,
        "CreateTopics",
        2,
        7,
        Effect::Changes,
        &[Action::CreateTopic, Action::CreateAnyTopic, Action::DescribeConfigs],
    ),
    refused(20, "DeleteTopics", APPROVAL),
    refused(21, "DeleteRecords", APPROVAL),
    through(
        22,
        "InitProducerId",
        0,
        5,
        Effect::Changes,
        &[Action::UseTransactionalId, Action::IdempotentWrite, Action::Produce],
    ),
    through(23, "OffsetForLeaderEpoch", 2, 4, Effect::Reads, &[Action::Describe]),
    through(24, "AddPartitionsToTxn", 0, 3, Effect::Changes, &[Action::UseTransactionalId, Action::Produce]),
    through(25, "AddOffsetsToTxn", 0, 4, Effect::Changes, &[Action::UseTransactionalId, Action::JoinGroup]),
    through(26, "EndTxn", 0, 5, Effect::Changes, &[Action::UseTransactionalId]),
    refused(27, "WriteTxnMarkers", BROKER),
    through(
        28,
        "TxnOffsetCommit",
        0,
        5,
        Effect::Changes,
        &[Action::UseTransactionalId, Action::JoinGroup, Action::Consume],
    ),
    refused(29, "DescribeAcls", UPSTREAM_PRINCIPALS),
    refused(30, "CreateAcls", UPSTREAM_PRINCIPALS),
    refused(31, "DeleteAcls", UPSTREAM_PRINCIPALS),
    through(
        32,
        "DescribeConfigs",
        1,
        4,
        Effect::Reads,
        &[Action::DescribeConfigs, Action::DescribeGroupConfigs, Action::DescribeClusterConfigs],
    ),
    refused(33, "AlterConfigs", APPROVAL),
    refused(34, "AlterReplicaLogDirs", APPROVAL),
    through(35, "DescribeLogDirs", 1, 4, Effect::Reads, &[Action::DescribeCluster, Action::Describe]),
    here(36, "SaslAuthenticate", 0, 2),
    refused(37, "CreatePartitions", APPROVAL),
    refused(38, "CreateDelegationToken", UPSTREAM_PRINCIPALS),
    refused(39, "RenewDelegationToken", UPSTREAM_PRINCIPALS),
    refused(40, "ExpireDelegationToken", UPSTREAM_PRINCIPALS),
    refused(41, "DescribeDelegationToken", UPSTREAM_PRINCIPALS),
    refused(42, "DeleteGroups", APPROVAL),
    refused(43, "ElectLeaders", APPROVAL),
    refused(44, "IncrementalAlterConfigs", APPROVAL),
    refused(45, "AlterPartitionReassignments", APPROVAL),
    through(46, "ListPartitionReassignments", 0, 0, Effect::Reads, &[Action::DescribeCluster, Action::Describe]),
    refused(47, "OffsetDelete", APPROVAL),
    through(48, "DescribeClientQuotas", 0, 1, Effect::Reads, &[Action::DescribeClusterConfigs]),
    refused(49, "AlterClientQuotas", APPROVAL),
    refused(50, "DescribeUserScramCredentials", UPSTREAM_PRINCIPALS),
    refused(51, "AlterUserScramCredentials", UPSTREAM_PRINCIPALS),
    refused(52, "Vote", BROKER),
    refused(53, "BeginQuorumEpoch", BROKER),
    refused(54, "EndQuorumEpoch", BROKER),
    through(55, "DescribeQuorum", 0, 1, Effect::Reads, &[Action::DescribeCluster]),
    refused(56, "AlterPartition", BROKER),
    refused(57, "UpdateFeatures", APPROVAL),
    refused(58, "Envelope", BROKER),
    refused(59, "FetchSnapshot", BROKER),
    through(60, "DescribeCluster", 0, 2, Effect::Reads, &[Action::DescribeCluster]),
    through(61, "DescribeProducers", 0, 0, Effect::Reads, &[Action::Consume]),
    refused(62, "BrokerRegistration", BROKER),
    refused(63, "BrokerHeartbeat", BROKER),
    refused(64, "UnregisterBroker", APPROVAL),
    through(65, "DescribeTransactions", 0, 0, Effect::Reads, &[Action::DescribeTransactionalId, Action::Describe]),
    through(66, "ListTransactions", 0, 1, Effect::Reads, &[Action::DescribeTransactionalId]),
    refused(67, "AllocateProducerIds", BROKER),
    refused(68, "ConsumerGroupHeartbeat", LATER),
    refused(69, "ConsumerGroupDescribe", LATER),
    refused(70, "ControllerRegistration", BROKER),
    refused(71, "GetTelemetrySubscriptions", LATER),
    refused(72, "PushTelemetry", LATER),
    refused(73, "AssignReplicasToDirs", BROKER),
    refused(74, "ListConfigResources", LATER),
    refused(75, "DescribeTopicPartitions", LATER),
    refused(76, "ShareGroupHeartbeat", LATER),
    refused(77, "ShareGroupDescribe", LATER),
    refused(78, "ShareFetch", LATER),
    refused(79, "ShareAcknowledge", LATER),
    refused(80, "AddRaftVoter", APPROVAL),
    refused(81, "RemoveRaftVoter", APPROVAL),
    refused(82, "UpdateRaftVoter", BROKER),
    refused(83, "InitializeShareGroupState", BROKER),
    refused(84, "ReadShareGroupState", BROKER),
    refused(85, "WriteShareGroupState", BROKER),
    refused(86, "DeleteShareGroupState", BROKER),
    refused(87, "ReadShareGroupStateSummary", BROKER),
    refused(88, "StreamsGroupHeartbeat", LATER),
    refused(89, "StreamsGroupDescribe", LATER),
    refused(90, "DescribeShareGroupOffsets", LATER),
    refused(91, "AlterShareGroupOffsets", LATER),
    refused(92, "DeleteShareGroupOffsets", LATER),
    refused(93, "StreamsGroupTopologyDescriptionUpdate", LATER),
    refused(94, "UnregisterController", APPROVAL),
];

const BROKER: &str = "spoken between brokers and controllers only";
const UPSTREAM_PRINCIPALS: &str = "it speaks about the broker's principals, and every caller shares the gate's";
const APPROVAL: &str = "changes the cluster in ways that want an approval, which this release does not have";
const LATER: &str = "not served by this release";

const fn through(key: i16, name: &'static str, min: i16, max: i16, effect: Effect, rights: &'static [Action]) -> Api {
    Api { key, name, serve: Serve::Through, min, max, effect, rights }
}

const fn here(key: i16, name: &'static str, min: i16, max: i16) -> Api {
    Api { key, name, serve: Serve::Here, min, max, effect: Effect::Reads, rights: &[] }
}

const fn refused(key: i16, name: &'static str, why: &'static str) -> Api {
    Api { key, name, serve: Serve::Refused(why), min: 0, max: -1, effect: Effect::Changes, rights: &[] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Direction, message, messages::MESSAGES};

    #[test]
    fn every_key_of_the_definitions_has_a_row() {
        for definition in MESSAGES {
            let row = api(definition.api_key).unwrap_or_else(|| panic!("{} is not classified", definition.name));
            assert_eq!(row.key, definition.api_key);
            assert!(definition.name.starts_with(row.name), "{} is filed as {}", definition.name, row.name);
        }
    }

    #[test]
    fn rows_stand_at_their_keys() {
        for (index, row) in APIS.iter().enumerate() {
            assert_eq!(usize::try_from(row.key).unwrap(), index);
        }
    }

    #[test]
    fn what_is_served_is_described() {
        for row in APIS.iter().filter(|a| !matches!(a.serve, Serve::Refused(_))) {
            for direction in [Direction::Request, Direction::Response] {
                let definition = message(row.key, direction).unwrap();
                assert!(definition.versions.contains(row.min) && definition.versions.contains(row.max), "{}", row.name);
            }
        }
    }

    #[test]
    fn nothing_that_reaches_a_broker_goes_undecided_except_cluster_addresses() {
        for row in APIS.iter().filter(|a| a.serve == Serve::Through) {
            assert!(!row.rights.is_empty(), "{} asks for no right", row.name);
        }
    }
}
