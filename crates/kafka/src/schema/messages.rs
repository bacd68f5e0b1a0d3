//! Kafka's messages as a table, compiled by `cargo xtask schema` from the definitions of Apache Kafka 4.4.0. Do not edit.

use super::{Default, Direction, Entity, FieldId, Message, Type, f, from, v};

/// Every request and response, sorted by key, requests before responses.
pub static MESSAGES: &[Message] = &[
    Message { api_key: 0, direction: Direction::Request, name: "ProduceRequest", versions: v(3, 13), flexible: from(9), fields: &[f(0, "TransactionalId", Type::String, from(3)).nullable(from(3)).default(Default::Null).entity(Entity::TransactionalId), f(1, "Acks", Type::Int16, from(0)), f(2, "TimeoutMs", Type::Int32, from(0)), f(3, "TopicData", Type::Array(&Type::Struct(&[f(4, "TopicData.Name", Type::String, v(0, 12)).entity(Entity::TopicName), f(5, "TopicData.TopicId", Type::Uuid, from(13)), f(6, "TopicData.PartitionData", Type::Array(&Type::Struct(&[f(7, "TopicData.PartitionData.Index", Type::Int32, from(0)), f(8, "TopicData.PartitionData.Records", Type::Records, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 0, direction: Direction::Response, name: "ProduceResponse", versions: v(3, 13), flexible: from(9), fields: &[f(0, "Responses", Type::Array(&Type::Struct(&[f(1, "Responses.Name", Type::String, v(0, 12)).entity(Entity::TopicName), f(2, "Responses.TopicId", Type::Uuid, from(13)), f(3, "Responses.PartitionResponses", Type::Array(&Type::Struct(&[f(4, "Responses.PartitionResponses.Index", Type::Int32, from(0)), f(5, "Responses.PartitionResponses.ErrorCode", Type::Int16, from(0)), f(6, "Responses.PartitionResponses.BaseOffset", Type::Int64, from(0)), f(7, "Responses.PartitionResponses.LogAppendTimeMs", Type::Int64, from(2)).default(Default::Int(-1)), f(8, "Responses.PartitionResponses.LogStartOffset", Type::Int64, from(5)).default(Default::Int(-1)), f(9, "Responses.PartitionResponses.RecordErrors", Type::Array(&Type::Struct(&[f(10, "Responses.PartitionResponses.RecordErrors.BatchIndex", Type::Int32, from(8)), f(11, "Responses.PartitionResponses.RecordErrors.BatchIndexErrorMessage", Type::String, from(8)).nullable(from(8)).default(Default::Null), ])), from(8)), f(12, "Responses.PartitionResponses.ErrorMessage", Type::String, from(8)).nullable(from(8)).default(Default::Null), f(13, "Responses.PartitionResponses.CurrentLeader", Type::Struct(&[f(14, "Responses.PartitionResponses.CurrentLeader.LeaderId", Type::Int32, from(10)).default(Default::Int(-1)).entity(Entity::BrokerId), f(15, "Responses.PartitionResponses.CurrentLeader.LeaderEpoch", Type::Int32, from(10)).default(Default::Int(-1)), ]), from(10)).tagged(from(10), 0), ])), from(0)), ])), from(0)), f(16, "ThrottleTimeMs", Type::Int32, from(1)), f(17, "NodeEndpoints", Type::Array(&Type::Struct(&[f(18, "NodeEndpoints.NodeId", Type::Int32, from(10)).entity(Entity::BrokerId), f(19, "NodeEndpoints.Host", Type::String, from(10)), f(20, "NodeEndpoints.Port", Type::Int32, from(10)), f(21, "NodeEndpoints.Rack", Type::String, from(10)).nullable(from(10)).default(Default::Null), ])), from(10)).tagged(from(10), 0), ] },
    Message { api_key: 1, direction: Direction::Request, name: "FetchRequest", versions: v(4, 18), flexible: from(12), fields: &[f(0, "ClusterId", Type::String, from(12)).nullable(from(12)).tagged(from(12), 0).default(Default::Null), f(1, "ReplicaId", Type::Int32, v(0, 14)).default(Default::Int(-1)).entity(Entity::BrokerId), f(2, "ReplicaState", Type::Struct(&[f(3, "ReplicaState.ReplicaId", Type::Int32, from(15)).default(Default::Int(-1)).entity(Entity::BrokerId), f(4, "ReplicaState.ReplicaEpoch", Type::Int64, from(15)).default(Default::Int(-1)), ]), from(15)).tagged(from(15), 1), f(5, "MaxWaitMs", Type::Int32, from(0)), f(6, "MinBytes", Type::Int32, from(0)), f(7, "MaxBytes", Type::Int32, from(3)).default(Default::Int(2147483647)), f(8, "IsolationLevel", Type::Int8, from(4)), f(9, "SessionId", Type::Int32, from(7)), f(10, "SessionEpoch", Type::Int32, from(7)).default(Default::Int(-1)), f(11, "Topics", Type::Array(&Type::Struct(&[f(12, "Topics.Topic", Type::String, v(0, 12)).entity(Entity::TopicName), f(13, "Topics.TopicId", Type::Uuid, from(13)), f(14, "Topics.Partitions", Type::Array(&Type::Struct(&[f(15, "Topics.Partitions.Partition", Type::Int32, from(0)), f(16, "Topics.Partitions.CurrentLeaderEpoch", Type::Int32, from(9)).default(Default::Int(-1)), f(17, "Topics.Partitions.FetchOffset", Type::Int64, from(0)), f(18, "Topics.Partitions.LastFetchedEpoch", Type::Int32, from(12)).default(Default::Int(-1)), f(19, "Topics.Partitions.LogStartOffset", Type::Int64, from(5)).default(Default::Int(-1)), f(20, "Topics.Partitions.PartitionMaxBytes", Type::Int32, from(0)), f(21, "Topics.Partitions.ReplicaDirectoryId", Type::Uuid, from(17)).tagged(from(17), 0), f(22, "Topics.Partitions.HighWatermark", Type::Int64, from(18)).tagged(from(18), 1).default(Default::Int(9223372036854775807)), ])), from(0)), ])), from(0)), f(23, "ForgottenTopicsData", Type::Array(&Type::Struct(&[f(24, "ForgottenTopicsData.Topic", Type::String, v(7, 12)).entity(Entity::TopicName), f(25, "ForgottenTopicsData.TopicId", Type::Uuid, from(13)), f(26, "ForgottenTopicsData.Partitions", Type::Array(&Type::Int32), from(7)), ])), from(7)), f(27, "RackId", Type::String, from(11)), ] },
    Message { api_key: 1, direction: Direction::Response, name: "FetchResponse", versions: v(4, 18), flexible: from(12), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "ErrorCode", Type::Int16, from(7)), f(2, "SessionId", Type::Int32, from(7)), f(3, "Responses", Type::Array(&Type::Struct(&[f(4, "Responses.Topic", Type::String, v(0, 12)).entity(Entity::TopicName), f(5, "Responses.TopicId", Type::Uuid, from(13)), f(6, "Responses.Partitions", Type::Array(&Type::Struct(&[f(7, "Responses.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Responses.Partitions.ErrorCode", Type::Int16, from(0)), f(9, "Responses.Partitions.HighWatermark", Type::Int64, from(0)), f(10, "Responses.Partitions.LastStableOffset", Type::Int64, from(4)).default(Default::Int(-1)), f(11, "Responses.Partitions.LogStartOffset", Type::Int64, from(5)).default(Default::Int(-1)), f(12, "Responses.Partitions.DivergingEpoch", Type::Struct(&[f(13, "Responses.Partitions.DivergingEpoch.Epoch", Type::Int32, from(12)).default(Default::Int(-1)), f(14, "Responses.Partitions.DivergingEpoch.EndOffset", Type::Int64, from(12)).default(Default::Int(-1)), ]), from(12)).tagged(from(12), 0), f(15, "Responses.Partitions.CurrentLeader", Type::Struct(&[f(16, "Responses.Partitions.CurrentLeader.LeaderId", Type::Int32, from(12)).default(Default::Int(-1)).entity(Entity::BrokerId), f(17, "Responses.Partitions.CurrentLeader.LeaderEpoch", Type::Int32, from(12)).default(Default::Int(-1)), ]), from(12)).tagged(from(12), 1), f(18, "Responses.Partitions.SnapshotId", Type::Struct(&[f(19, "Responses.Partitions.SnapshotId.EndOffset", Type::Int64, from(0)).default(Default::Int(-1)), f(20, "Responses.Partitions.SnapshotId.Epoch", Type::Int32, from(0)).default(Default::Int(-1)), ]), from(12)).tagged(from(12), 2), f(21, "Responses.Partitions.AbortedTransactions", Type::Array(&Type::Struct(&[f(22, "Responses.Partitions.AbortedTransactions.ProducerId", Type::Int64, from(4)).entity(Entity::ProducerId), f(23, "Responses.Partitions.AbortedTransactions.FirstOffset", Type::Int64, from(4)), ])), from(4)).nullable(from(4)), f(24, "Responses.Partitions.PreferredReadReplica", Type::Int32, from(11)).default(Default::Int(-1)).entity(Entity::BrokerId), f(25, "Responses.Partitions.Records", Type::Records, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), f(26, "NodeEndpoints", Type::Array(&Type::Struct(&[f(27, "NodeEndpoints.NodeId", Type::Int32, from(16)).entity(Entity::BrokerId), f(28, "NodeEndpoints.Host", Type::String, from(16)), f(29, "NodeEndpoints.Port", Type::Int32, from(16)), f(30, "NodeEndpoints.Rack", Type::String, from(16)).nullable(from(16)).default(Default::Null), ])), from(16)).tagged(from(16), 0), ] },
    Message { api_key: 2, direction: Direction::Request, name: "ListOffsetsRequest", versions: v(1, 11), flexible: from(6), fields: &[f(0, "ReplicaId", Type::Int32, from(0)).entity(Entity::BrokerId), f(1, "IsolationLevel", Type::Int8, from(2)), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.CurrentLeaderEpoch", Type::Int32, from(4)).default(Default::Int(-1)), f(7, "Topics.Partitions.Timestamp", Type::Int64, from(0)), ])), from(0)), ])), from(0)), f(8, "TimeoutMs", Type::Int32, from(10)), ] },
    Message { api_key: 2, direction: Direction::Response, name: "ListOffsetsResponse", versions: v(1, 11), flexible: from(6), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(2)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(6, "Topics.Partitions.Timestamp", Type::Int64, from(1)).default(Default::Int(-1)), f(7, "Topics.Partitions.Offset", Type::Int64, from(1)).default(Default::Int(-1)), f(8, "Topics.Partitions.LeaderEpoch", Type::Int32, from(4)).default(Default::Int(-1)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 3, direction: Direction::Request, name: "MetadataRequest", versions: v(0, 13), flexible: from(9), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.TopicId", Type::Uuid, from(10)), f(2, "Topics.Name", Type::String, from(0)).nullable(from(10)).entity(Entity::TopicName), ])), from(0)).nullable(from(1)), f(3, "AllowAutoTopicCreation", Type::Bool, from(4)).default(Default::Int(1)), f(4, "IncludeClusterAuthorizedOperations", Type::Bool, v(8, 10)), f(5, "IncludeTopicAuthorizedOperations", Type::Bool, from(8)), ] },
    Message { api_key: 3, direction: Direction::Response, name: "MetadataResponse", versions: v(0, 13), flexible: from(9), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(3)), f(1, "Brokers", Type::Array(&Type::Struct(&[f(2, "Brokers.NodeId", Type::Int32, from(0)).entity(Entity::BrokerId), f(3, "Brokers.Host", Type::String, from(0)), f(4, "Brokers.Port", Type::Int32, from(0)), f(5, "Brokers.Rack", Type::String, from(1)).nullable(from(1)).default(Default::Null), ])), from(0)), f(6, "ClusterId", Type::String, from(2)).nullable(from(2)).default(Default::Null), f(7, "ControllerId", Type::Int32, from(1)).default(Default::Int(-1)).entity(Entity::BrokerId), f(8, "Topics", Type::Array(&Type::Struct(&[f(9, "Topics.ErrorCode", Type::Int16, from(0)), f(10, "Topics.Name", Type::String, from(0)).nullable(from(12)).entity(Entity::TopicName), f(11, "Topics.TopicId", Type::Uuid, from(10)), f(12, "Topics.IsInternal", Type::Bool, from(1)), f(13, "Topics.Partitions", Type::Array(&Type::Struct(&[f(14, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(15, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(16, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(17, "Topics.Partitions.LeaderEpoch", Type::Int32, from(7)).default(Default::Int(-1)), f(18, "Topics.Partitions.ReplicaNodes", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), f(19, "Topics.Partitions.IsrNodes", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), f(20, "Topics.Partitions.OfflineReplicas", Type::Array(&Type::Int32), from(5)).entity(Entity::BrokerId), ])), from(0)), f(21, "Topics.TopicAuthorizedOperations", Type::Int32, from(8)).default(Default::Int(-2147483648)), ])), from(0)), f(22, "ClusterAuthorizedOperations", Type::Int32, v(8, 10)).default(Default::Int(-2147483648)), f(23, "ErrorCode", Type::Int16, from(13)), ] },
    Message { api_key: 8, direction: Direction::Request, name: "OffsetCommitRequest", versions: v(2, 10), flexible: from(8), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "GenerationIdOrMemberEpoch", Type::Int32, from(1)).default(Default::Int(-1)), f(2, "MemberId", Type::String, from(1)), f(3, "GroupInstanceId", Type::String, from(7)).nullable(from(7)).default(Default::Null), f(4, "RetentionTimeMs", Type::Int64, v(2, 4)).default(Default::Int(-1)), f(5, "Topics", Type::Array(&Type::Struct(&[f(6, "Topics.Name", Type::String, v(0, 9)).entity(Entity::TopicName), f(7, "Topics.TopicId", Type::Uuid, from(10)), f(8, "Topics.Partitions", Type::Array(&Type::Struct(&[f(9, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(10, "Topics.Partitions.CommittedOffset", Type::Int64, from(0)), f(11, "Topics.Partitions.CommittedLeaderEpoch", Type::Int32, from(6)).default(Default::Int(-1)), f(12, "Topics.Partitions.CommittedMetadata", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 8, direction: Direction::Response, name: "OffsetCommitResponse", versions: v(2, 10), flexible: from(8), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(3)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, v(0, 9)).entity(Entity::TopicName), f(3, "Topics.TopicId", Type::Uuid, from(10)), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 9, direction: Direction::Request, name: "OffsetFetchRequest", versions: v(1, 10), flexible: from(6), fields: &[f(0, "GroupId", Type::String, v(0, 7)).entity(Entity::GroupId), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, v(0, 7)).entity(Entity::TopicName), f(3, "Topics.PartitionIndexes", Type::Array(&Type::Int32), v(0, 7)), ])), v(0, 7)).nullable(v(2, 7)), f(4, "Groups", Type::Array(&Type::Struct(&[f(5, "Groups.GroupId", Type::String, from(8)).entity(Entity::GroupId), f(6, "Groups.MemberId", Type::String, from(9)).nullable(from(9)).default(Default::Null), f(7, "Groups.MemberEpoch", Type::Int32, from(9)).default(Default::Int(-1)), f(8, "Groups.Topics", Type::Array(&Type::Struct(&[f(9, "Groups.Topics.Name", Type::String, v(8, 9)).entity(Entity::TopicName), f(10, "Groups.Topics.TopicId", Type::Uuid, from(10)), f(11, "Groups.Topics.PartitionIndexes", Type::Array(&Type::Int32), from(8)), ])), from(8)).nullable(from(8)), ])), from(8)), f(12, "RequireStable", Type::Bool, from(7)), ] },
    Message { api_key: 9, direction: Direction::Response, name: "OffsetFetchResponse", versions: v(1, 10), flexible: from(6), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(3)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, v(0, 7)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, v(0, 7)), f(5, "Topics.Partitions.CommittedOffset", Type::Int64, v(0, 7)), f(6, "Topics.Partitions.CommittedLeaderEpoch", Type::Int32, v(5, 7)).default(Default::Int(-1)), f(7, "Topics.Partitions.Metadata", Type::String, v(0, 7)).nullable(v(0, 7)), f(8, "Topics.Partitions.ErrorCode", Type::Int16, v(0, 7)), ])), v(0, 7)), ])), v(0, 7)), f(9, "ErrorCode", Type::Int16, v(2, 7)), f(10, "Groups", Type::Array(&Type::Struct(&[f(11, "Groups.GroupId", Type::String, from(8)).entity(Entity::GroupId), f(12, "Groups.Topics", Type::Array(&Type::Struct(&[f(13, "Groups.Topics.Name", Type::String, v(8, 9)).entity(Entity::TopicName), f(14, "Groups.Topics.TopicId", Type::Uuid, from(10)), f(15, "Groups.Topics.Partitions", Type::Array(&Type::Struct(&[f(16, "Groups.Topics.Partitions.PartitionIndex", Type::Int32, from(8)), f(17, "Groups.Topics.Partitions.CommittedOffset", Type::Int64, from(8)), f(18, "Groups.Topics.Partitions.CommittedLeaderEpoch", Type::Int32, from(8)).default(Default::Int(-1)), f(19, "Groups.Topics.Partitions.Metadata", Type::String, from(8)).nullable(from(8)), f(20, "Groups.Topics.Partitions.ErrorCode", Type::Int16, from(8)), ])), from(8)), ])), from(8)), f(21, "Groups.ErrorCode", Type::Int16, from(8)), ])), from(8)), ] },
    Message { api_key: 10, direction: Direction::Request, name: "FindCoordinatorRequest", versions: v(0, 6), flexible: from(3), fields: &[f(0, "Key", Type::String, v(0, 3)), f(1, "KeyType", Type::Int8, from(1)), f(2, "CoordinatorKeys", Type::Array(&Type::String), from(4)), ] },
    Message { api_key: 10, direction: Direction::Response, name: "FindCoordinatorResponse", versions: v(0, 6), flexible: from(3), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "ErrorCode", Type::Int16, v(0, 3)), f(2, "ErrorMessage", Type::String, v(1, 3)).nullable(v(1, 3)), f(3, "NodeId", Type::Int32, v(0, 3)).entity(Entity::BrokerId), f(4, "Host", Type::String, v(0, 3)), f(5, "Port", Type::Int32, v(0, 3)), f(6, "Coordinators", Type::Array(&Type::Struct(&[f(7, "Coordinators.Key", Type::String, from(4)), f(8, "Coordinators.NodeId", Type::Int32, from(4)).entity(Entity::BrokerId), f(9, "Coordinators.Host", Type::String, from(4)), f(10, "Coordinators.Port", Type::Int32, from(4)), f(11, "Coordinators.ErrorCode", Type::Int16, from(4)), f(12, "Coordinators.ErrorMessage", Type::String, from(4)).nullable(from(4)), ])), from(4)), ] },
    Message { api_key: 11, direction: Direction::Request, name: "JoinGroupRequest", versions: v(0, 9), flexible: from(6), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "SessionTimeoutMs", Type::Int32, from(0)), f(2, "RebalanceTimeoutMs", Type::Int32, from(1)).default(Default::Int(-1)), f(3, "MemberId", Type::String, from(0)), f(4, "GroupInstanceId", Type::String, from(5)).nullable(from(5)).default(Default::Null), f(5, "ProtocolType", Type::String, from(0)), f(6, "Protocols", Type::Array(&Type::Struct(&[f(7, "Protocols.Name", Type::String, from(0)), f(8, "Protocols.Metadata", Type::Bytes, from(0)), ])), from(0)), f(9, "Reason", Type::String, from(8)).nullable(from(8)).default(Default::Null), ] },
    Message { api_key: 11, direction: Direction::Response, name: "JoinGroupResponse", versions: v(0, 9), flexible: from(6), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(2)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "GenerationId", Type::Int32, from(0)).default(Default::Int(-1)), f(3, "ProtocolType", Type::String, from(7)).nullable(from(7)).default(Default::Null), f(4, "ProtocolName", Type::String, from(0)).nullable(from(7)), f(5, "Leader", Type::String, from(0)), f(6, "SkipAssignment", Type::Bool, from(9)), f(7, "MemberId", Type::String, from(0)), f(8, "Members", Type::Array(&Type::Struct(&[f(9, "Members.MemberId", Type::String, from(0)), f(10, "Members.GroupInstanceId", Type::String, from(5)).nullable(from(5)).default(Default::Null), f(11, "Members.Metadata", Type::Bytes, from(0)), ])), from(0)), ] },
    Message { api_key: 12, direction: Direction::Request, name: "HeartbeatRequest", versions: v(0, 4), flexible: from(4), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "GenerationId", Type::Int32, from(0)), f(2, "MemberId", Type::String, from(0)), f(3, "GroupInstanceId", Type::String, from(3)).nullable(from(3)).default(Default::Null), ] },
    Message { api_key: 12, direction: Direction::Response, name: "HeartbeatResponse", versions: v(0, 4), flexible: from(4), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "ErrorCode", Type::Int16, from(0)), ] },
    Message { api_key: 13, direction: Direction::Request, name: "LeaveGroupRequest", versions: v(0, 5), flexible: from(4), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "MemberId", Type::String, v(0, 2)), f(2, "Members", Type::Array(&Type::Struct(&[f(3, "Members.MemberId", Type::String, from(3)), f(4, "Members.GroupInstanceId", Type::String, from(3)).nullable(from(3)).default(Default::Null), f(5, "Members.Reason", Type::String, from(5)).nullable(from(5)).default(Default::Null), ])), from(3)), ] },
    Message { api_key: 13, direction: Direction::Response, name: "LeaveGroupResponse", versions: v(0, 5), flexible: from(4), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "Members", Type::Array(&Type::Struct(&[f(3, "Members.MemberId", Type::String, from(3)), f(4, "Members.GroupInstanceId", Type::String, from(3)).nullable(from(3)), f(5, "Members.ErrorCode", Type::Int16, from(3)), ])), from(3)), ] },
    Message { api_key: 14, direction: Direction::Request, name: "SyncGroupRequest", versions: v(0, 5), flexible: from(4), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "GenerationId", Type::Int32, from(0)), f(2, "MemberId", Type::String, from(0)), f(3, "GroupInstanceId", Type::String, from(3)).nullable(from(3)).default(Default::Null), f(4, "ProtocolType", Type::String, from(5)).nullable(from(5)).default(Default::Null), f(5, "ProtocolName", Type::String, from(5)).nullable(from(5)).default(Default::Null), f(6, "Assignments", Type::Array(&Type::Struct(&[f(7, "Assignments.MemberId", Type::String, from(0)), f(8, "Assignments.Assignment", Type::Bytes, from(0)), ])), from(0)), ] },
    Message { api_key: 14, direction: Direction::Response, name: "SyncGroupResponse", versions: v(0, 5), flexible: from(4), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ProtocolType", Type::String, from(5)).nullable(from(5)).default(Default::Null), f(3, "ProtocolName", Type::String, from(5)).nullable(from(5)).default(Default::Null), f(4, "Assignment", Type::Bytes, from(0)), ] },
    Message { api_key: 15, direction: Direction::Request, name: "DescribeGroupsRequest", versions: v(0, 6), flexible: from(5), fields: &[f(0, "Groups", Type::Array(&Type::String), from(0)).entity(Entity::GroupId), f(1, "IncludeAuthorizedOperations", Type::Bool, from(3)), ] },
    Message { api_key: 15, direction: Direction::Response, name: "DescribeGroupsResponse", versions: v(0, 6), flexible: from(5), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "Groups", Type::Array(&Type::Struct(&[f(2, "Groups.ErrorCode", Type::Int16, from(0)), f(3, "Groups.ErrorMessage", Type::String, from(6)).nullable(from(6)).default(Default::Null), f(4, "Groups.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(5, "Groups.GroupState", Type::String, from(0)), f(6, "Groups.ProtocolType", Type::String, from(0)), f(7, "Groups.ProtocolData", Type::String, from(0)), f(8, "Groups.Members", Type::Array(&Type::Struct(&[f(9, "Groups.Members.MemberId", Type::String, from(0)), f(10, "Groups.Members.GroupInstanceId", Type::String, from(4)).nullable(from(4)).default(Default::Null), f(11, "Groups.Members.ClientId", Type::String, from(0)), f(12, "Groups.Members.ClientHost", Type::String, from(0)), f(13, "Groups.Members.MemberMetadata", Type::Bytes, from(0)), f(14, "Groups.Members.MemberAssignment", Type::Bytes, from(0)), ])), from(0)), f(15, "Groups.AuthorizedOperations", Type::Int32, from(3)).default(Default::Int(-2147483648)), ])), from(0)), ] },
    Message { api_key: 16, direction: Direction::Request, name: "ListGroupsRequest", versions: v(0, 5), flexible: from(3), fields: &[f(0, "StatesFilter", Type::Array(&Type::String), from(4)), f(1, "TypesFilter", Type::Array(&Type::String), from(5)), ] },
    Message { api_key: 16, direction: Direction::Response, name: "ListGroupsResponse", versions: v(0, 5), flexible: from(3), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "Groups", Type::Array(&Type::Struct(&[f(3, "Groups.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(4, "Groups.ProtocolType", Type::String, from(0)), f(5, "Groups.GroupState", Type::String, from(4)), f(6, "Groups.GroupType", Type::String, from(5)), ])), from(0)), ] },
    Message { api_key: 17, direction: Direction::Request, name: "SaslHandshakeRequest", versions: v(0, 1), flexible: v(1, 0), fields: &[f(0, "Mechanism", Type::String, from(0)), ] },
    Message { api_key: 17, direction: Direction::Response, name: "SaslHandshakeResponse", versions: v(0, 1), flexible: v(1, 0), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "Mechanisms", Type::Array(&Type::String), from(0)), ] },
    Message { api_key: 18, direction: Direction::Request, name: "ApiVersionsRequest", versions: v(0, 5), flexible: from(3), fields: &[f(0, "ClientSoftwareName", Type::String, from(3)), f(1, "ClientSoftwareVersion", Type::String, from(3)), f(2, "ClusterId", Type::String, from(5)).nullable(from(5)).default(Default::Null), f(3, "NodeId", Type::Int32, from(5)).default(Default::Int(-1)), ] },
    Message { api_key: 18, direction: Direction::Response, name: "ApiVersionsResponse", versions: v(0, 5), flexible: from(3), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "ApiKeys", Type::Array(&Type::Struct(&[f(2, "ApiKeys.ApiKey", Type::Int16, from(0)), f(3, "ApiKeys.MinVersion", Type::Int16, from(0)), f(4, "ApiKeys.MaxVersion", Type::Int16, from(0)), ])), from(0)), f(5, "ThrottleTimeMs", Type::Int32, from(1)), f(6, "SupportedFeatures", Type::Array(&Type::Struct(&[f(7, "SupportedFeatures.Name", Type::String, from(3)), f(8, "SupportedFeatures.MinVersion", Type::Int16, from(3)), f(9, "SupportedFeatures.MaxVersion", Type::Int16, from(3)), ])), from(3)).tagged(from(3), 0), f(10, "FinalizedFeaturesEpoch", Type::Int64, from(3)).tagged(from(3), 1).default(Default::Int(-1)), f(11, "FinalizedFeatures", Type::Array(&Type::Struct(&[f(12, "FinalizedFeatures.Name", Type::String, from(3)), f(13, "FinalizedFeatures.MaxVersionLevel", Type::Int16, from(3)), f(14, "FinalizedFeatures.MinVersionLevel", Type::Int16, from(3)), ])), from(3)).tagged(from(3), 2), f(15, "ZkMigrationReady", Type::Bool, from(3)).tagged(from(3), 3), ] },
    Message { api_key: 19, direction: Direction::Request, name: "CreateTopicsRequest", versions: v(2, 7), flexible: from(5), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(2, "Topics.NumPartitions", Type::Int32, from(0)), f(3, "Topics.ReplicationFactor", Type::Int16, from(0)), f(4, "Topics.Assignments", Type::Array(&Type::Struct(&[f(5, "Topics.Assignments.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Assignments.BrokerIds", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), ])), from(0)), f(7, "Topics.Configs", Type::Array(&Type::Struct(&[f(8, "Topics.Configs.Name", Type::String, from(0)), f(9, "Topics.Configs.Value", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), f(10, "timeoutMs", Type::Int32, from(0)).default(Default::Int(60000)), f(11, "validateOnly", Type::Bool, from(1)), ] },
    Message { api_key: 19, direction: Direction::Response, name: "CreateTopicsResponse", versions: v(2, 7), flexible: from(5), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(2)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.TopicId", Type::Uuid, from(7)), f(4, "Topics.ErrorCode", Type::Int16, from(0)), f(5, "Topics.ErrorMessage", Type::String, from(1)).nullable(from(0)), f(6, "Topics.TopicConfigErrorCode", Type::Int16, from(5)).tagged(from(5), 0), f(7, "Topics.NumPartitions", Type::Int32, from(5)).default(Default::Int(-1)), f(8, "Topics.ReplicationFactor", Type::Int16, from(5)).default(Default::Int(-1)), f(9, "Topics.Configs", Type::Array(&Type::Struct(&[f(10, "Topics.Configs.Name", Type::String, from(5)), f(11, "Topics.Configs.Value", Type::String, from(5)).nullable(from(5)), f(12, "Topics.Configs.ReadOnly", Type::Bool, from(5)), f(13, "Topics.Configs.ConfigSource", Type::Int8, from(5)).default(Default::Int(-1)), f(14, "Topics.Configs.IsSensitive", Type::Bool, from(5)), ])), from(5)).nullable(from(5)), ])), from(0)), ] },
    Message { api_key: 20, direction: Direction::Request, name: "DeleteTopicsRequest", versions: v(1, 6), flexible: from(4), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.Name", Type::String, from(6)).nullable(from(6)).default(Default::Null).entity(Entity::TopicName), f(2, "Topics.TopicId", Type::Uuid, from(6)), ])), from(6)), f(3, "TopicNames", Type::Array(&Type::String), v(0, 5)).entity(Entity::TopicName), f(4, "TimeoutMs", Type::Int32, from(0)), ] },
    Message { api_key: 20, direction: Direction::Response, name: "DeleteTopicsResponse", versions: v(1, 6), flexible: from(4), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(1)), f(1, "Responses", Type::Array(&Type::Struct(&[f(2, "Responses.Name", Type::String, from(0)).nullable(from(6)).entity(Entity::TopicName), f(3, "Responses.TopicId", Type::Uuid, from(6)), f(4, "Responses.ErrorCode", Type::Int16, from(0)), f(5, "Responses.ErrorMessage", Type::String, from(5)).nullable(from(5)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 21, direction: Direction::Request, name: "DeleteRecordsRequest", versions: v(0, 2), flexible: from(2), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(2, "Topics.Partitions", Type::Array(&Type::Struct(&[f(3, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(4, "Topics.Partitions.Offset", Type::Int64, from(0)), ])), from(0)), ])), from(0)), f(5, "TimeoutMs", Type::Int32, from(0)), ] },
    Message { api_key: 21, direction: Direction::Response, name: "DeleteRecordsResponse", versions: v(0, 2), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.LowWatermark", Type::Int64, from(0)), f(6, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 22, direction: Direction::Request, name: "InitProducerIdRequest", versions: v(0, 6), flexible: from(2), fields: &[f(0, "TransactionalId", Type::String, from(0)).nullable(from(0)).entity(Entity::TransactionalId), f(1, "TransactionTimeoutMs", Type::Int32, from(0)), f(2, "ProducerId", Type::Int64, from(3)).default(Default::Int(-1)).entity(Entity::ProducerId), f(3, "ProducerEpoch", Type::Int16, from(3)).default(Default::Int(-1)), f(4, "Enable2Pc", Type::Bool, from(6)), f(5, "KeepPreparedTxn", Type::Bool, from(6)), ] },
    Message { api_key: 22, direction: Direction::Response, name: "InitProducerIdResponse", versions: v(0, 6), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ProducerId", Type::Int64, from(0)).default(Default::Int(-1)).entity(Entity::ProducerId), f(3, "ProducerEpoch", Type::Int16, from(0)), f(4, "OngoingTxnProducerId", Type::Int64, from(6)).default(Default::Int(-1)).entity(Entity::ProducerId), f(5, "OngoingTxnProducerEpoch", Type::Int16, from(6)).default(Default::Int(-1)), ] },
    Message { api_key: 23, direction: Direction::Request, name: "OffsetForLeaderEpochRequest", versions: v(2, 4), flexible: from(4), fields: &[f(0, "ReplicaId", Type::Int32, from(3)).default(Default::Int(-2)).entity(Entity::BrokerId), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Topic", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.Partition", Type::Int32, from(0)), f(5, "Topics.Partitions.CurrentLeaderEpoch", Type::Int32, from(2)).default(Default::Int(-1)), f(6, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 23, direction: Direction::Response, name: "OffsetForLeaderEpochResponse", versions: v(2, 4), flexible: from(4), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(2)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Topic", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(5, "Topics.Partitions.Partition", Type::Int32, from(0)), f(6, "Topics.Partitions.LeaderEpoch", Type::Int32, from(1)).default(Default::Int(-1)), f(7, "Topics.Partitions.EndOffset", Type::Int64, from(0)).default(Default::Int(-1)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 24, direction: Direction::Request, name: "AddPartitionsToTxnRequest", versions: v(0, 5), flexible: from(3), fields: &[f(0, "Transactions", Type::Array(&Type::Struct(&[f(1, "Transactions.TransactionalId", Type::String, from(4)).entity(Entity::TransactionalId), f(2, "Transactions.ProducerId", Type::Int64, from(4)).entity(Entity::ProducerId), f(3, "Transactions.ProducerEpoch", Type::Int16, from(4)), f(4, "Transactions.VerifyOnly", Type::Bool, from(4)), f(5, "Transactions.Topics", Type::Array(&Type::Struct(&[f(6, "Transactions.Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(7, "Transactions.Topics.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(4)), ])), from(4)), f(8, "V3AndBelowTransactionalId", Type::String, v(0, 3)).entity(Entity::TransactionalId), f(9, "V3AndBelowProducerId", Type::Int64, v(0, 3)).entity(Entity::ProducerId), f(10, "V3AndBelowProducerEpoch", Type::Int16, v(0, 3)), f(11, "V3AndBelowTopics", Type::Array(&Type::Struct(&[f(12, "V3AndBelowTopics.Name", Type::String, from(0)).entity(Entity::TopicName), f(13, "V3AndBelowTopics.Partitions", Type::Array(&Type::Int32), from(0)), ])), v(0, 3)), ] },
    Message { api_key: 24, direction: Direction::Response, name: "AddPartitionsToTxnResponse", versions: v(0, 5), flexible: from(3), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(4)), f(2, "ResultsByTransaction", Type::Array(&Type::Struct(&[f(3, "ResultsByTransaction.TransactionalId", Type::String, from(4)).entity(Entity::TransactionalId), f(4, "ResultsByTransaction.TopicResults", Type::Array(&Type::Struct(&[f(5, "ResultsByTransaction.TopicResults.Name", Type::String, from(0)).entity(Entity::TopicName), f(6, "ResultsByTransaction.TopicResults.ResultsByPartition", Type::Array(&Type::Struct(&[f(7, "ResultsByTransaction.TopicResults.ResultsByPartition.PartitionIndex", Type::Int32, from(0)), f(8, "ResultsByTransaction.TopicResults.ResultsByPartition.PartitionErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(4)), ])), from(4)), f(9, "ResultsByTopicV3AndBelow", Type::Array(&Type::Struct(&[f(10, "ResultsByTopicV3AndBelow.Name", Type::String, from(0)).entity(Entity::TopicName), f(11, "ResultsByTopicV3AndBelow.ResultsByPartition", Type::Array(&Type::Struct(&[f(12, "ResultsByTopicV3AndBelow.ResultsByPartition.PartitionIndex", Type::Int32, from(0)), f(13, "ResultsByTopicV3AndBelow.ResultsByPartition.PartitionErrorCode", Type::Int16, from(0)), ])), from(0)), ])), v(0, 3)), ] },
    Message { api_key: 25, direction: Direction::Request, name: "AddOffsetsToTxnRequest", versions: v(0, 4), flexible: from(3), fields: &[f(0, "TransactionalId", Type::String, from(0)).entity(Entity::TransactionalId), f(1, "ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(2, "ProducerEpoch", Type::Int16, from(0)), f(3, "GroupId", Type::String, from(0)).entity(Entity::GroupId), ] },
    Message { api_key: 25, direction: Direction::Response, name: "AddOffsetsToTxnResponse", versions: v(0, 4), flexible: from(3), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), ] },
    Message { api_key: 26, direction: Direction::Request, name: "EndTxnRequest", versions: v(0, 5), flexible: from(3), fields: &[f(0, "TransactionalId", Type::String, from(0)).entity(Entity::TransactionalId), f(1, "ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(2, "ProducerEpoch", Type::Int16, from(0)), f(3, "Committed", Type::Bool, from(0)), ] },
    Message { api_key: 26, direction: Direction::Response, name: "EndTxnResponse", versions: v(0, 5), flexible: from(3), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ProducerId", Type::Int64, from(5)).default(Default::Int(-1)).entity(Entity::ProducerId), f(3, "ProducerEpoch", Type::Int16, from(5)).default(Default::Int(-1)), ] },
    Message { api_key: 27, direction: Direction::Request, name: "WriteTxnMarkersRequest", versions: v(1, 2), flexible: from(1), fields: &[f(0, "Markers", Type::Array(&Type::Struct(&[f(1, "Markers.ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(2, "Markers.ProducerEpoch", Type::Int16, from(0)), f(3, "Markers.TransactionResult", Type::Bool, from(0)), f(4, "Markers.Topics", Type::Array(&Type::Struct(&[f(5, "Markers.Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(6, "Markers.Topics.PartitionIndexes", Type::Array(&Type::Int32), from(0)), ])), from(0)), f(7, "Markers.CoordinatorEpoch", Type::Int32, from(0)), f(8, "Markers.TransactionVersion", Type::Int8, from(2)), ])), from(0)), ] },
    Message { api_key: 27, direction: Direction::Response, name: "WriteTxnMarkersResponse", versions: v(1, 2), flexible: from(1), fields: &[f(0, "Markers", Type::Array(&Type::Struct(&[f(1, "Markers.ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(2, "Markers.Topics", Type::Array(&Type::Struct(&[f(3, "Markers.Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(4, "Markers.Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Markers.Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Markers.Topics.Partitions.ErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 28, direction: Direction::Request, name: "TxnOffsetCommitRequest", versions: v(0, 6), flexible: from(3), fields: &[f(0, "TransactionalId", Type::String, from(0)).entity(Entity::TransactionalId), f(1, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(2, "ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(3, "ProducerEpoch", Type::Int16, from(0)), f(4, "GenerationIdOrMemberEpoch", Type::Int32, from(3)).default(Default::Int(-1)), f(5, "MemberId", Type::String, from(3)), f(6, "GroupInstanceId", Type::String, from(3)).nullable(from(3)).default(Default::Null), f(7, "Topics", Type::Array(&Type::Struct(&[f(8, "Topics.Name", Type::String, v(0, 5)).entity(Entity::TopicName), f(9, "Topics.TopicId", Type::Uuid, from(6)), f(10, "Topics.Partitions", Type::Array(&Type::Struct(&[f(11, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(12, "Topics.Partitions.CommittedOffset", Type::Int64, from(0)), f(13, "Topics.Partitions.CommittedLeaderEpoch", Type::Int32, from(2)).default(Default::Int(-1)), f(14, "Topics.Partitions.CommittedMetadata", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 28, direction: Direction::Response, name: "TxnOffsetCommitResponse", versions: v(0, 6), flexible: from(3), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, v(0, 5)).entity(Entity::TopicName), f(3, "Topics.TopicId", Type::Uuid, from(6)), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 29, direction: Direction::Request, name: "DescribeAclsRequest", versions: v(1, 3), flexible: from(2), fields: &[f(0, "ResourceTypeFilter", Type::Int8, from(0)), f(1, "ResourceNameFilter", Type::String, from(0)).nullable(from(0)), f(2, "PatternTypeFilter", Type::Int8, from(1)).default(Default::Int(3)), f(3, "PrincipalFilter", Type::String, from(0)).nullable(from(0)), f(4, "HostFilter", Type::String, from(0)).nullable(from(0)), f(5, "Operation", Type::Int8, from(0)), f(6, "PermissionType", Type::Int8, from(0)), ] },
    Message { api_key: 29, direction: Direction::Response, name: "DescribeAclsResponse", versions: v(1, 3), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), f(3, "Resources", Type::Array(&Type::Struct(&[f(4, "Resources.ResourceType", Type::Int8, from(0)), f(5, "Resources.ResourceName", Type::String, from(0)), f(6, "Resources.PatternType", Type::Int8, from(1)).default(Default::Int(3)), f(7, "Resources.Acls", Type::Array(&Type::Struct(&[f(8, "Resources.Acls.Principal", Type::String, from(0)), f(9, "Resources.Acls.Host", Type::String, from(0)), f(10, "Resources.Acls.Operation", Type::Int8, from(0)), f(11, "Resources.Acls.PermissionType", Type::Int8, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 30, direction: Direction::Request, name: "CreateAclsRequest", versions: v(1, 3), flexible: from(2), fields: &[f(0, "Creations", Type::Array(&Type::Struct(&[f(1, "Creations.ResourceType", Type::Int8, from(0)), f(2, "Creations.ResourceName", Type::String, from(0)), f(3, "Creations.ResourcePatternType", Type::Int8, from(1)).default(Default::Int(3)), f(4, "Creations.Principal", Type::String, from(0)), f(5, "Creations.Host", Type::String, from(0)), f(6, "Creations.Operation", Type::Int8, from(0)), f(7, "Creations.PermissionType", Type::Int8, from(0)), ])), from(0)), ] },
    Message { api_key: 30, direction: Direction::Response, name: "CreateAclsResponse", versions: v(1, 3), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Results", Type::Array(&Type::Struct(&[f(2, "Results.ErrorCode", Type::Int16, from(0)), f(3, "Results.ErrorMessage", Type::String, from(0)).nullable(from(0)), ])), from(0)), ] },
    Message { api_key: 31, direction: Direction::Request, name: "DeleteAclsRequest", versions: v(1, 3), flexible: from(2), fields: &[f(0, "Filters", Type::Array(&Type::Struct(&[f(1, "Filters.ResourceTypeFilter", Type::Int8, from(0)), f(2, "Filters.ResourceNameFilter", Type::String, from(0)).nullable(from(0)), f(3, "Filters.PatternTypeFilter", Type::Int8, from(1)).default(Default::Int(3)), f(4, "Filters.PrincipalFilter", Type::String, from(0)).nullable(from(0)), f(5, "Filters.HostFilter", Type::String, from(0)).nullable(from(0)), f(6, "Filters.Operation", Type::Int8, from(0)), f(7, "Filters.PermissionType", Type::Int8, from(0)), ])), from(0)), ] },
    Message { api_key: 31, direction: Direction::Response, name: "DeleteAclsResponse", versions: v(1, 3), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "FilterResults", Type::Array(&Type::Struct(&[f(2, "FilterResults.ErrorCode", Type::Int16, from(0)), f(3, "FilterResults.ErrorMessage", Type::String, from(0)).nullable(from(0)), f(4, "FilterResults.MatchingAcls", Type::Array(&Type::Struct(&[f(5, "FilterResults.MatchingAcls.ErrorCode", Type::Int16, from(0)), f(6, "FilterResults.MatchingAcls.ErrorMessage", Type::String, from(0)).nullable(from(0)), f(7, "FilterResults.MatchingAcls.ResourceType", Type::Int8, from(0)), f(8, "FilterResults.MatchingAcls.ResourceName", Type::String, from(0)), f(9, "FilterResults.MatchingAcls.PatternType", Type::Int8, from(1)).default(Default::Int(3)), f(10, "FilterResults.MatchingAcls.Principal", Type::String, from(0)), f(11, "FilterResults.MatchingAcls.Host", Type::String, from(0)), f(12, "FilterResults.MatchingAcls.Operation", Type::Int8, from(0)), f(13, "FilterResults.MatchingAcls.PermissionType", Type::Int8, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 32, direction: Direction::Request, name: "DescribeConfigsRequest", versions: v(1, 4), flexible: from(4), fields: &[f(0, "Resources", Type::Array(&Type::Struct(&[f(1, "Resources.ResourceType", Type::Int8, from(0)), f(2, "Resources.ResourceName", Type::String, from(0)), f(3, "Resources.ConfigurationKeys", Type::Array(&Type::String), from(0)).nullable(from(0)), ])), from(0)), f(4, "IncludeSynonyms", Type::Bool, from(1)), f(5, "IncludeDocumentation", Type::Bool, from(3)), ] },
    Message { api_key: 32, direction: Direction::Response, name: "DescribeConfigsResponse", versions: v(1, 4), flexible: from(4), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Results", Type::Array(&Type::Struct(&[f(2, "Results.ErrorCode", Type::Int16, from(0)), f(3, "Results.ErrorMessage", Type::String, from(0)).nullable(from(0)), f(4, "Results.ResourceType", Type::Int8, from(0)), f(5, "Results.ResourceName", Type::String, from(0)), f(6, "Results.Configs", Type::Array(&Type::Struct(&[f(7, "Results.Configs.Name", Type::String, from(0)), f(8, "Results.Configs.Value", Type::String, from(0)).nullable(from(0)), f(9, "Results.Configs.ReadOnly", Type::Bool, from(0)), f(10, "Results.Configs.ConfigSource", Type::Int8, from(1)).default(Default::Int(-1)), f(11, "Results.Configs.IsSensitive", Type::Bool, from(0)), f(12, "Results.Configs.Synonyms", Type::Array(&Type::Struct(&[f(13, "Results.Configs.Synonyms.Name", Type::String, from(1)), f(14, "Results.Configs.Synonyms.Value", Type::String, from(1)).nullable(from(0)), f(15, "Results.Configs.Synonyms.Source", Type::Int8, from(1)), ])), from(1)), f(16, "Results.Configs.ConfigType", Type::Int8, from(3)), f(17, "Results.Configs.Documentation", Type::String, from(3)).nullable(from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 33, direction: Direction::Request, name: "AlterConfigsRequest", versions: v(0, 2), flexible: from(2), fields: &[f(0, "Resources", Type::Array(&Type::Struct(&[f(1, "Resources.ResourceType", Type::Int8, from(0)), f(2, "Resources.ResourceName", Type::String, from(0)), f(3, "Resources.Configs", Type::Array(&Type::Struct(&[f(4, "Resources.Configs.Name", Type::String, from(0)), f(5, "Resources.Configs.Value", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), f(6, "ValidateOnly", Type::Bool, from(0)), ] },
    Message { api_key: 33, direction: Direction::Response, name: "AlterConfigsResponse", versions: v(0, 2), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Responses", Type::Array(&Type::Struct(&[f(2, "Responses.ErrorCode", Type::Int16, from(0)), f(3, "Responses.ErrorMessage", Type::String, from(0)).nullable(from(0)), f(4, "Responses.ResourceType", Type::Int8, from(0)), f(5, "Responses.ResourceName", Type::String, from(0)), ])), from(0)), ] },
    Message { api_key: 34, direction: Direction::Request, name: "AlterReplicaLogDirsRequest", versions: v(1, 2), flexible: from(2), fields: &[f(0, "Dirs", Type::Array(&Type::Struct(&[f(1, "Dirs.Path", Type::String, from(0)), f(2, "Dirs.Topics", Type::Array(&Type::Struct(&[f(3, "Dirs.Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(4, "Dirs.Topics.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 34, direction: Direction::Response, name: "AlterReplicaLogDirsResponse", versions: v(1, 2), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Results", Type::Array(&Type::Struct(&[f(2, "Results.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(3, "Results.Partitions", Type::Array(&Type::Struct(&[f(4, "Results.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Results.Partitions.ErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 35, direction: Direction::Request, name: "DescribeLogDirsRequest", versions: v(1, 5), flexible: from(2), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.Topic", Type::String, from(0)).entity(Entity::TopicName), f(2, "Topics.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)), ] },
    Message { api_key: 35, direction: Direction::Response, name: "DescribeLogDirsResponse", versions: v(1, 5), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(3)), f(2, "Results", Type::Array(&Type::Struct(&[f(3, "Results.ErrorCode", Type::Int16, from(0)), f(4, "Results.LogDir", Type::String, from(0)), f(5, "Results.Topics", Type::Array(&Type::Struct(&[f(6, "Results.Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(7, "Results.Topics.Partitions", Type::Array(&Type::Struct(&[f(8, "Results.Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(9, "Results.Topics.Partitions.PartitionSize", Type::Int64, from(0)), f(10, "Results.Topics.Partitions.OffsetLag", Type::Int64, from(0)), f(11, "Results.Topics.Partitions.IsFutureKey", Type::Bool, from(0)), ])), from(0)), ])), from(0)), f(12, "Results.TotalBytes", Type::Int64, from(4)).default(Default::Int(-1)), f(13, "Results.UsableBytes", Type::Int64, from(4)).default(Default::Int(-1)), f(14, "Results.IsCordoned", Type::Bool, from(5)), ])), from(0)), ] },
    Message { api_key: 36, direction: Direction::Request, name: "SaslAuthenticateRequest", versions: v(0, 2), flexible: from(2), fields: &[f(0, "AuthBytes", Type::Bytes, from(0)), ] },
    Message { api_key: 36, direction: Direction::Response, name: "SaslAuthenticateResponse", versions: v(0, 2), flexible: from(2), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "ErrorMessage", Type::String, from(0)).nullable(from(0)), f(2, "AuthBytes", Type::Bytes, from(0)), f(3, "SessionLifetimeMs", Type::Int64, from(1)), ] },
    Message { api_key: 37, direction: Direction::Request, name: "CreatePartitionsRequest", versions: v(0, 3), flexible: from(2), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(2, "Topics.Count", Type::Int32, from(0)), f(3, "Topics.Assignments", Type::Array(&Type::Struct(&[f(4, "Topics.Assignments.BrokerIds", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), ])), from(0)).nullable(from(0)), ])), from(0)), f(5, "TimeoutMs", Type::Int32, from(0)), f(6, "ValidateOnly", Type::Bool, from(0)), ] },
    Message { api_key: 37, direction: Direction::Response, name: "CreatePartitionsResponse", versions: v(0, 3), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Results", Type::Array(&Type::Struct(&[f(2, "Results.Name", Type::String, from(0)).entity(Entity::TopicName), f(3, "Results.ErrorCode", Type::Int16, from(0)), f(4, "Results.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 38, direction: Direction::Request, name: "CreateDelegationTokenRequest", versions: v(1, 3), flexible: from(2), fields: &[f(0, "OwnerPrincipalType", Type::String, from(3)).nullable(from(3)), f(1, "OwnerPrincipalName", Type::String, from(3)).nullable(from(3)), f(2, "Renewers", Type::Array(&Type::Struct(&[f(3, "Renewers.PrincipalType", Type::String, from(0)), f(4, "Renewers.PrincipalName", Type::String, from(0)), ])), from(0)), f(5, "MaxLifetimeMs", Type::Int64, from(0)), ] },
    Message { api_key: 38, direction: Direction::Response, name: "CreateDelegationTokenResponse", versions: v(1, 3), flexible: from(2), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "PrincipalType", Type::String, from(0)), f(2, "PrincipalName", Type::String, from(0)), f(3, "TokenRequesterPrincipalType", Type::String, from(3)), f(4, "TokenRequesterPrincipalName", Type::String, from(3)), f(5, "IssueTimestampMs", Type::Int64, from(0)), f(6, "ExpiryTimestampMs", Type::Int64, from(0)), f(7, "MaxTimestampMs", Type::Int64, from(0)), f(8, "TokenId", Type::String, from(0)), f(9, "Hmac", Type::Bytes, from(0)), f(10, "ThrottleTimeMs", Type::Int32, from(0)), ] },
    Message { api_key: 39, direction: Direction::Request, name: "RenewDelegationTokenRequest", versions: v(1, 2), flexible: from(2), fields: &[f(0, "Hmac", Type::Bytes, from(0)), f(1, "RenewPeriodMs", Type::Int64, from(0)), ] },
    Message { api_key: 39, direction: Direction::Response, name: "RenewDelegationTokenResponse", versions: v(1, 2), flexible: from(2), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "ExpiryTimestampMs", Type::Int64, from(0)), f(2, "ThrottleTimeMs", Type::Int32, from(0)), ] },
    Message { api_key: 40, direction: Direction::Request, name: "ExpireDelegationTokenRequest", versions: v(1, 2), flexible: from(2), fields: &[f(0, "Hmac", Type::Bytes, from(0)), f(1, "ExpiryTimePeriodMs", Type::Int64, from(0)), ] },
    Message { api_key: 40, direction: Direction::Response, name: "ExpireDelegationTokenResponse", versions: v(1, 2), flexible: from(2), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "ExpiryTimestampMs", Type::Int64, from(0)), f(2, "ThrottleTimeMs", Type::Int32, from(0)), ] },
    Message { api_key: 41, direction: Direction::Request, name: "DescribeDelegationTokenRequest", versions: v(1, 3), flexible: from(2), fields: &[f(0, "Owners", Type::Array(&Type::Struct(&[f(1, "Owners.PrincipalType", Type::String, from(0)), f(2, "Owners.PrincipalName", Type::String, from(0)), ])), from(0)).nullable(from(0)), ] },
    Message { api_key: 41, direction: Direction::Response, name: "DescribeDelegationTokenResponse", versions: v(1, 3), flexible: from(2), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "Tokens", Type::Array(&Type::Struct(&[f(2, "Tokens.PrincipalType", Type::String, from(0)), f(3, "Tokens.PrincipalName", Type::String, from(0)), f(4, "Tokens.TokenRequesterPrincipalType", Type::String, from(3)), f(5, "Tokens.TokenRequesterPrincipalName", Type::String, from(3)), f(6, "Tokens.IssueTimestamp", Type::Int64, from(0)), f(7, "Tokens.ExpiryTimestamp", Type::Int64, from(0)), f(8, "Tokens.MaxTimestamp", Type::Int64, from(0)), f(9, "Tokens.TokenId", Type::String, from(0)), f(10, "Tokens.Hmac", Type::Bytes, from(0)), f(11, "Tokens.Renewers", Type::Array(&Type::Struct(&[f(12, "Tokens.Renewers.PrincipalType", Type::String, from(0)), f(13, "Tokens.Renewers.PrincipalName", Type::String, from(0)), ])), from(0)), ])), from(0)), f(14, "ThrottleTimeMs", Type::Int32, from(0)), ] },
    Message { api_key: 42, direction: Direction::Request, name: "DeleteGroupsRequest", versions: v(0, 3), flexible: from(2), fields: &[f(0, "GroupsNames", Type::Array(&Type::String), from(0)).entity(Entity::GroupId), ] },
    Message { api_key: 42, direction: Direction::Response, name: "DeleteGroupsResponse", versions: v(0, 3), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Results", Type::Array(&Type::Struct(&[f(2, "Results.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(3, "Results.ErrorCode", Type::Int16, from(0)), f(4, "Results.ErrorMessage", Type::String, from(3)).nullable(from(3)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 43, direction: Direction::Request, name: "ElectLeadersRequest", versions: v(0, 2), flexible: from(2), fields: &[f(0, "ElectionType", Type::Int8, from(1)), f(1, "TopicPartitions", Type::Array(&Type::Struct(&[f(2, "TopicPartitions.Topic", Type::String, from(0)).entity(Entity::TopicName), f(3, "TopicPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)), f(4, "TimeoutMs", Type::Int32, from(0)).default(Default::Int(60000)), ] },
    Message { api_key: 43, direction: Direction::Response, name: "ElectLeadersResponse", versions: v(0, 2), flexible: from(2), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(1)), f(2, "ReplicaElectionResults", Type::Array(&Type::Struct(&[f(3, "ReplicaElectionResults.Topic", Type::String, from(0)).entity(Entity::TopicName), f(4, "ReplicaElectionResults.PartitionResult", Type::Array(&Type::Struct(&[f(5, "ReplicaElectionResults.PartitionResult.PartitionId", Type::Int32, from(0)), f(6, "ReplicaElectionResults.PartitionResult.ErrorCode", Type::Int16, from(0)), f(7, "ReplicaElectionResults.PartitionResult.ErrorMessage", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 44, direction: Direction::Request, name: "IncrementalAlterConfigsRequest", versions: v(0, 1), flexible: from(1), fields: &[f(0, "Resources", Type::Array(&Type::Struct(&[f(1, "Resources.ResourceType", Type::Int8, from(0)), f(2, "Resources.ResourceName", Type::String, from(0)), f(3, "Resources.Configs", Type::Array(&Type::Struct(&[f(4, "Resources.Configs.Name", Type::String, from(0)), f(5, "Resources.Configs.ConfigOperation", Type::Int8, from(0)), f(6, "Resources.Configs.Value", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), f(7, "ValidateOnly", Type::Bool, from(0)), ] },
    Message { api_key: 44, direction: Direction::Response, name: "IncrementalAlterConfigsResponse", versions: v(0, 1), flexible: from(1), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Responses", Type::Array(&Type::Struct(&[f(2, "Responses.ErrorCode", Type::Int16, from(0)), f(3, "Responses.ErrorMessage", Type::String, from(0)).nullable(from(0)), f(4, "Responses.ResourceType", Type::Int8, from(0)), f(5, "Responses.ResourceName", Type::String, from(0)), ])), from(0)), ] },
    Message { api_key: 45, direction: Direction::Request, name: "AlterPartitionReassignmentsRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "TimeoutMs", Type::Int32, from(0)).default(Default::Int(60000)), f(1, "AllowReplicationFactorChange", Type::Bool, from(1)).default(Default::Int(1)), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.Replicas", Type::Array(&Type::Int32), from(0)).nullable(from(0)).default(Default::Null).entity(Entity::BrokerId), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 45, direction: Direction::Response, name: "AlterPartitionReassignmentsResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "AllowReplicationFactorChange", Type::Bool, from(1)).default(Default::Int(1)), f(2, "ErrorCode", Type::Int16, from(0)), f(3, "ErrorMessage", Type::String, from(0)).nullable(from(0)), f(4, "Responses", Type::Array(&Type::Struct(&[f(5, "Responses.Name", Type::String, from(0)).entity(Entity::TopicName), f(6, "Responses.Partitions", Type::Array(&Type::Struct(&[f(7, "Responses.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Responses.Partitions.ErrorCode", Type::Int16, from(0)), f(9, "Responses.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 46, direction: Direction::Request, name: "ListPartitionReassignmentsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "TimeoutMs", Type::Int32, from(0)).default(Default::Int(60000)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.PartitionIndexes", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 46, direction: Direction::Response, name: "ListPartitionReassignmentsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), f(3, "Topics", Type::Array(&Type::Struct(&[f(4, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(5, "Topics.Partitions", Type::Array(&Type::Struct(&[f(6, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(7, "Topics.Partitions.Replicas", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), f(8, "Topics.Partitions.AddingReplicas", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), f(9, "Topics.Partitions.RemovingReplicas", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 47, direction: Direction::Request, name: "OffsetDeleteRequest", versions: v(0, 0), flexible: v(1, 0), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 47, direction: Direction::Response, name: "OffsetDeleteResponse", versions: v(0, 0), flexible: v(1, 0), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "ThrottleTimeMs", Type::Int32, from(0)), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 48, direction: Direction::Request, name: "DescribeClientQuotasRequest", versions: v(0, 1), flexible: from(1), fields: &[f(0, "Components", Type::Array(&Type::Struct(&[f(1, "Components.EntityType", Type::String, from(0)), f(2, "Components.MatchType", Type::Int8, from(0)), f(3, "Components.Match", Type::String, from(0)).nullable(from(0)), ])), from(0)), f(4, "Strict", Type::Bool, from(0)), ] },
    Message { api_key: 48, direction: Direction::Response, name: "DescribeClientQuotasResponse", versions: v(0, 1), flexible: from(1), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), f(3, "Entries", Type::Array(&Type::Struct(&[f(4, "Entries.Entity", Type::Array(&Type::Struct(&[f(5, "Entries.Entity.EntityType", Type::String, from(0)), f(6, "Entries.Entity.EntityName", Type::String, from(0)).nullable(from(0)), ])), from(0)), f(7, "Entries.Values", Type::Array(&Type::Struct(&[f(8, "Entries.Values.Key", Type::String, from(0)), f(9, "Entries.Values.Value", Type::Float64, from(0)), ])), from(0)), ])), from(0)).nullable(from(0)), ] },
    Message { api_key: 49, direction: Direction::Request, name: "AlterClientQuotasRequest", versions: v(0, 1), flexible: from(1), fields: &[f(0, "Entries", Type::Array(&Type::Struct(&[f(1, "Entries.Entity", Type::Array(&Type::Struct(&[f(2, "Entries.Entity.EntityType", Type::String, from(0)), f(3, "Entries.Entity.EntityName", Type::String, from(0)).nullable(from(0)), ])), from(0)), f(4, "Entries.Ops", Type::Array(&Type::Struct(&[f(5, "Entries.Ops.Key", Type::String, from(0)), f(6, "Entries.Ops.Value", Type::Float64, from(0)), f(7, "Entries.Ops.Remove", Type::Bool, from(0)), ])), from(0)), ])), from(0)), f(8, "ValidateOnly", Type::Bool, from(0)), ] },
    Message { api_key: 49, direction: Direction::Response, name: "AlterClientQuotasResponse", versions: v(0, 1), flexible: from(1), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Entries", Type::Array(&Type::Struct(&[f(2, "Entries.ErrorCode", Type::Int16, from(0)), f(3, "Entries.ErrorMessage", Type::String, from(0)).nullable(from(0)), f(4, "Entries.Entity", Type::Array(&Type::Struct(&[f(5, "Entries.Entity.EntityType", Type::String, from(0)), f(6, "Entries.Entity.EntityName", Type::String, from(0)).nullable(from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 50, direction: Direction::Request, name: "DescribeUserScramCredentialsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "Users", Type::Array(&Type::Struct(&[f(1, "Users.Name", Type::String, from(0)), ])), from(0)).nullable(from(0)), ] },
    Message { api_key: 50, direction: Direction::Response, name: "DescribeUserScramCredentialsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), f(3, "Results", Type::Array(&Type::Struct(&[f(4, "Results.User", Type::String, from(0)), f(5, "Results.ErrorCode", Type::Int16, from(0)), f(6, "Results.ErrorMessage", Type::String, from(0)).nullable(from(0)), f(7, "Results.CredentialInfos", Type::Array(&Type::Struct(&[f(8, "Results.CredentialInfos.Mechanism", Type::Int8, from(0)), f(9, "Results.CredentialInfos.Iterations", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 51, direction: Direction::Request, name: "AlterUserScramCredentialsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "Deletions", Type::Array(&Type::Struct(&[f(1, "Deletions.Name", Type::String, from(0)), f(2, "Deletions.Mechanism", Type::Int8, from(0)), ])), from(0)), f(3, "Upsertions", Type::Array(&Type::Struct(&[f(4, "Upsertions.Name", Type::String, from(0)), f(5, "Upsertions.Mechanism", Type::Int8, from(0)), f(6, "Upsertions.Iterations", Type::Int32, from(0)), f(7, "Upsertions.Salt", Type::Bytes, from(0)), f(8, "Upsertions.SaltedPassword", Type::Bytes, from(0)), ])), from(0)), ] },
    Message { api_key: 51, direction: Direction::Response, name: "AlterUserScramCredentialsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Results", Type::Array(&Type::Struct(&[f(2, "Results.User", Type::String, from(0)), f(3, "Results.ErrorCode", Type::Int16, from(0)), f(4, "Results.ErrorMessage", Type::String, from(0)).nullable(from(0)), ])), from(0)), ] },
    Message { api_key: 52, direction: Direction::Request, name: "VoteRequest", versions: v(0, 2), flexible: from(0), fields: &[f(0, "ClusterId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(1, "VoterId", Type::Int32, from(1)).default(Default::Int(-1)).entity(Entity::BrokerId), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.ReplicaEpoch", Type::Int32, from(0)), f(7, "Topics.Partitions.ReplicaId", Type::Int32, from(0)).entity(Entity::BrokerId), f(8, "Topics.Partitions.ReplicaDirectoryId", Type::Uuid, from(1)), f(9, "Topics.Partitions.VoterDirectoryId", Type::Uuid, from(1)), f(10, "Topics.Partitions.LastOffsetEpoch", Type::Int32, from(0)), f(11, "Topics.Partitions.LastOffset", Type::Int64, from(0)), f(12, "Topics.Partitions.PreVote", Type::Bool, from(2)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 52, direction: Direction::Response, name: "VoteResponse", versions: v(0, 2), flexible: from(0), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(6, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(7, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), f(8, "Topics.Partitions.VoteGranted", Type::Bool, from(0)), ])), from(0)), ])), from(0)), f(9, "NodeEndpoints", Type::Array(&Type::Struct(&[f(10, "NodeEndpoints.NodeId", Type::Int32, from(1)).entity(Entity::BrokerId), f(11, "NodeEndpoints.Host", Type::String, from(1)), f(12, "NodeEndpoints.Port", Type::Uint16, from(1)), ])), from(1)).tagged(from(1), 0), ] },
    Message { api_key: 53, direction: Direction::Request, name: "BeginQuorumEpochRequest", versions: v(0, 1), flexible: from(1), fields: &[f(0, "ClusterId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(1, "VoterId", Type::Int32, from(1)).default(Default::Int(-1)).entity(Entity::BrokerId), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.VoterDirectoryId", Type::Uuid, from(1)), f(7, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(8, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), f(9, "LeaderEndpoints", Type::Array(&Type::Struct(&[f(10, "LeaderEndpoints.Name", Type::String, from(1)), f(11, "LeaderEndpoints.Host", Type::String, from(1)), f(12, "LeaderEndpoints.Port", Type::Uint16, from(1)), ])), from(1)), ] },
    Message { api_key: 53, direction: Direction::Response, name: "BeginQuorumEpochResponse", versions: v(0, 1), flexible: from(1), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(6, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(7, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), f(8, "NodeEndpoints", Type::Array(&Type::Struct(&[f(9, "NodeEndpoints.NodeId", Type::Int32, from(1)).entity(Entity::BrokerId), f(10, "NodeEndpoints.Host", Type::String, from(1)), f(11, "NodeEndpoints.Port", Type::Uint16, from(1)), ])), from(1)).tagged(from(1), 0), ] },
    Message { api_key: 54, direction: Direction::Request, name: "EndQuorumEpochRequest", versions: v(0, 1), flexible: from(1), fields: &[f(0, "ClusterId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(6, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), f(7, "Topics.Partitions.PreferredSuccessors", Type::Array(&Type::Int32), v(0, 0)), f(8, "Topics.Partitions.PreferredCandidates", Type::Array(&Type::Struct(&[f(9, "Topics.Partitions.PreferredCandidates.CandidateId", Type::Int32, from(1)).entity(Entity::BrokerId), f(10, "Topics.Partitions.PreferredCandidates.CandidateDirectoryId", Type::Uuid, from(1)), ])), from(1)), ])), from(0)), ])), from(0)), f(11, "LeaderEndpoints", Type::Array(&Type::Struct(&[f(12, "LeaderEndpoints.Name", Type::String, from(1)), f(13, "LeaderEndpoints.Host", Type::String, from(1)), f(14, "LeaderEndpoints.Port", Type::Uint16, from(1)), ])), from(1)), ] },
    Message { api_key: 54, direction: Direction::Response, name: "EndQuorumEpochResponse", versions: v(0, 1), flexible: from(1), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(6, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(7, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), f(8, "NodeEndpoints", Type::Array(&Type::Struct(&[f(9, "NodeEndpoints.NodeId", Type::Int32, from(1)).entity(Entity::BrokerId), f(10, "NodeEndpoints.Host", Type::String, from(1)), f(11, "NodeEndpoints.Port", Type::Uint16, from(1)), ])), from(1)).tagged(from(1), 0), ] },
    Message { api_key: 55, direction: Direction::Request, name: "DescribeQuorumRequest", versions: v(0, 2), flexible: from(0), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(2, "Topics.Partitions", Type::Array(&Type::Struct(&[f(3, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 55, direction: Direction::Response, name: "DescribeQuorumResponse", versions: v(0, 2), flexible: from(0), fields: &[f(0, "ErrorCode", Type::Int16, from(0)), f(1, "ErrorMessage", Type::String, from(2)).nullable(from(2)), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(7, "Topics.Partitions.ErrorMessage", Type::String, from(2)).nullable(from(2)), f(8, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(9, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), f(10, "Topics.Partitions.HighWatermark", Type::Int64, from(0)), f(11, "Topics.Partitions.CurrentVoters", Type::Array(&Type::Struct(&[f(12, "Topics.Partitions.CurrentVoters.ReplicaId", Type::Int32, from(0)).entity(Entity::BrokerId), f(13, "Topics.Partitions.CurrentVoters.ReplicaDirectoryId", Type::Uuid, from(2)), f(14, "Topics.Partitions.CurrentVoters.LogEndOffset", Type::Int64, from(0)), f(15, "Topics.Partitions.CurrentVoters.LastFetchTimestamp", Type::Int64, from(1)).default(Default::Int(-1)), f(16, "Topics.Partitions.CurrentVoters.LastCaughtUpTimestamp", Type::Int64, from(1)).default(Default::Int(-1)), ])), from(0)), f(17, "Topics.Partitions.Observers", Type::Array(&Type::Struct(&[f(18, "Topics.Partitions.Observers.ReplicaId", Type::Int32, from(0)).entity(Entity::BrokerId), f(19, "Topics.Partitions.Observers.ReplicaDirectoryId", Type::Uuid, from(2)), f(20, "Topics.Partitions.Observers.LogEndOffset", Type::Int64, from(0)), f(21, "Topics.Partitions.Observers.LastFetchTimestamp", Type::Int64, from(1)).default(Default::Int(-1)), f(22, "Topics.Partitions.Observers.LastCaughtUpTimestamp", Type::Int64, from(1)).default(Default::Int(-1)), ])), from(0)), ])), from(0)), ])), from(0)), f(23, "Nodes", Type::Array(&Type::Struct(&[f(24, "Nodes.NodeId", Type::Int32, from(2)).entity(Entity::BrokerId), f(25, "Nodes.Listeners", Type::Array(&Type::Struct(&[f(26, "Nodes.Listeners.Name", Type::String, from(2)), f(27, "Nodes.Listeners.Host", Type::String, from(2)), f(28, "Nodes.Listeners.Port", Type::Uint16, from(2)), ])), from(2)), ])), from(2)), ] },
    Message { api_key: 56, direction: Direction::Request, name: "AlterPartitionRequest", versions: v(2, 3), flexible: from(0), fields: &[f(0, "BrokerId", Type::Int32, from(0)).entity(Entity::BrokerId), f(1, "BrokerEpoch", Type::Int64, from(0)).default(Default::Int(-1)), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.TopicId", Type::Uuid, from(2)), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), f(7, "Topics.Partitions.NewIsr", Type::Array(&Type::Int32), v(0, 2)).entity(Entity::BrokerId), f(8, "Topics.Partitions.NewIsrWithEpochs", Type::Array(&Type::Struct(&[f(9, "Topics.Partitions.NewIsrWithEpochs.BrokerId", Type::Int32, from(3)).entity(Entity::BrokerId), f(10, "Topics.Partitions.NewIsrWithEpochs.BrokerEpoch", Type::Int64, from(3)).default(Default::Int(-1)), ])), from(3)), f(11, "Topics.Partitions.LeaderRecoveryState", Type::Int8, from(1)), f(12, "Topics.Partitions.PartitionEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 56, direction: Direction::Response, name: "AlterPartitionResponse", versions: v(2, 3), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.TopicId", Type::Uuid, from(2)), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(6, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(7, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(8, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), f(9, "Topics.Partitions.Isr", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), f(10, "Topics.Partitions.LeaderRecoveryState", Type::Int8, from(1)), f(11, "Topics.Partitions.PartitionEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 57, direction: Direction::Request, name: "UpdateFeaturesRequest", versions: v(0, 2), flexible: from(0), fields: &[f(0, "timeoutMs", Type::Int32, from(0)).default(Default::Int(60000)), f(1, "FeatureUpdates", Type::Array(&Type::Struct(&[f(2, "FeatureUpdates.Feature", Type::String, from(0)), f(3, "FeatureUpdates.MaxVersionLevel", Type::Int16, from(0)), f(4, "FeatureUpdates.AllowDowngrade", Type::Bool, v(0, 0)), f(5, "FeatureUpdates.UpgradeType", Type::Int8, from(1)).default(Default::Int(1)), ])), from(0)), f(6, "ValidateOnly", Type::Bool, from(1)), ] },
    Message { api_key: 57, direction: Direction::Response, name: "UpdateFeaturesResponse", versions: v(0, 2), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), f(3, "Results", Type::Array(&Type::Struct(&[f(4, "Results.Feature", Type::String, from(0)), f(5, "Results.ErrorCode", Type::Int16, from(0)), f(6, "Results.ErrorMessage", Type::String, from(0)).nullable(from(0)), ])), v(0, 1)), ] },
    Message { api_key: 58, direction: Direction::Request, name: "EnvelopeRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "RequestData", Type::Bytes, from(0)), f(1, "RequestPrincipal", Type::Bytes, from(0)).nullable(from(0)), f(2, "ClientHostAddress", Type::Bytes, from(0)), ] },
    Message { api_key: 58, direction: Direction::Response, name: "EnvelopeResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ResponseData", Type::Bytes, from(0)).nullable(from(0)).default(Default::Null), f(1, "ErrorCode", Type::Int16, from(0)), ] },
    Message { api_key: 59, direction: Direction::Request, name: "FetchSnapshotRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ClusterId", Type::String, from(0)).nullable(from(0)).tagged(from(0), 0).default(Default::Null), f(1, "ReplicaId", Type::Int32, from(0)).default(Default::Int(-1)).entity(Entity::BrokerId), f(2, "MaxBytes", Type::Int32, from(0)).default(Default::Int(2147483647)), f(3, "Topics", Type::Array(&Type::Struct(&[f(4, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(5, "Topics.Partitions", Type::Array(&Type::Struct(&[f(6, "Topics.Partitions.Partition", Type::Int32, from(0)), f(7, "Topics.Partitions.CurrentLeaderEpoch", Type::Int32, from(0)), f(8, "Topics.Partitions.SnapshotId", Type::Struct(&[f(9, "Topics.Partitions.SnapshotId.EndOffset", Type::Int64, from(0)), f(10, "Topics.Partitions.SnapshotId.Epoch", Type::Int32, from(0)), ]), from(0)), f(11, "Topics.Partitions.Position", Type::Int64, from(0)), f(12, "Topics.Partitions.ReplicaDirectoryId", Type::Uuid, from(1)).tagged(from(1), 0), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 59, direction: Direction::Response, name: "FetchSnapshotResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "Topics", Type::Array(&Type::Struct(&[f(3, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(4, "Topics.Partitions", Type::Array(&Type::Struct(&[f(5, "Topics.Partitions.Index", Type::Int32, from(0)), f(6, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(7, "Topics.Partitions.SnapshotId", Type::Struct(&[f(8, "Topics.Partitions.SnapshotId.EndOffset", Type::Int64, from(0)), f(9, "Topics.Partitions.SnapshotId.Epoch", Type::Int32, from(0)), ]), from(0)), f(10, "Topics.Partitions.CurrentLeader", Type::Struct(&[f(11, "Topics.Partitions.CurrentLeader.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(12, "Topics.Partitions.CurrentLeader.LeaderEpoch", Type::Int32, from(0)), ]), from(0)).tagged(from(0), 0), f(13, "Topics.Partitions.Size", Type::Int64, from(0)), f(14, "Topics.Partitions.Position", Type::Int64, from(0)), f(15, "Topics.Partitions.UnalignedRecords", Type::Records, from(0)), ])), from(0)), ])), from(0)), f(16, "NodeEndpoints", Type::Array(&Type::Struct(&[f(17, "NodeEndpoints.NodeId", Type::Int32, from(1)).entity(Entity::BrokerId), f(18, "NodeEndpoints.Host", Type::String, from(1)), f(19, "NodeEndpoints.Port", Type::Uint16, from(1)), ])), from(1)).tagged(from(1), 0), ] },
    Message { api_key: 60, direction: Direction::Request, name: "DescribeClusterRequest", versions: v(0, 2), flexible: from(0), fields: &[f(0, "IncludeClusterAuthorizedOperations", Type::Bool, from(0)), f(1, "EndpointType", Type::Int8, from(1)).default(Default::Int(1)), f(2, "IncludeFencedBrokers", Type::Bool, from(2)), ] },
    Message { api_key: 60, direction: Direction::Response, name: "DescribeClusterResponse", versions: v(0, 2), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "EndpointType", Type::Int8, from(1)).default(Default::Int(1)), f(4, "ClusterId", Type::String, from(0)), f(5, "ControllerId", Type::Int32, from(0)).default(Default::Int(-1)).entity(Entity::BrokerId), f(6, "Brokers", Type::Array(&Type::Struct(&[f(7, "Brokers.BrokerId", Type::Int32, from(0)).entity(Entity::BrokerId), f(8, "Brokers.Host", Type::String, from(0)), f(9, "Brokers.Port", Type::Int32, from(0)), f(10, "Brokers.Rack", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(11, "Brokers.IsFenced", Type::Bool, from(2)), ])), from(0)), f(12, "ClusterAuthorizedOperations", Type::Int32, from(0)).default(Default::Int(-2147483648)), ] },
    Message { api_key: 61, direction: Direction::Request, name: "DescribeProducersRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(2, "Topics.PartitionIndexes", Type::Array(&Type::Int32), from(0)), ])), from(0)), ] },
    Message { api_key: 61, direction: Direction::Response, name: "DescribeProducersResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(6, "Topics.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(7, "Topics.Partitions.ActiveProducers", Type::Array(&Type::Struct(&[f(8, "Topics.Partitions.ActiveProducers.ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(9, "Topics.Partitions.ActiveProducers.ProducerEpoch", Type::Int32, from(0)), f(10, "Topics.Partitions.ActiveProducers.LastSequence", Type::Int32, from(0)).default(Default::Int(-1)), f(11, "Topics.Partitions.ActiveProducers.LastTimestamp", Type::Int64, from(0)).default(Default::Int(-1)), f(12, "Topics.Partitions.ActiveProducers.CoordinatorEpoch", Type::Int32, from(0)), f(13, "Topics.Partitions.ActiveProducers.CurrentTxnStartOffset", Type::Int64, from(0)).default(Default::Int(-1)), ])), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 62, direction: Direction::Request, name: "BrokerRegistrationRequest", versions: v(0, 4), flexible: from(0), fields: &[f(0, "BrokerId", Type::Int32, from(0)).entity(Entity::BrokerId), f(1, "ClusterId", Type::String, from(0)), f(2, "IncarnationId", Type::Uuid, from(0)), f(3, "Listeners", Type::Array(&Type::Struct(&[f(4, "Listeners.Name", Type::String, from(0)), f(5, "Listeners.Host", Type::String, from(0)), f(6, "Listeners.Port", Type::Uint16, from(0)), f(7, "Listeners.SecurityProtocol", Type::Int16, from(0)), ])), from(0)), f(8, "Features", Type::Array(&Type::Struct(&[f(9, "Features.Name", Type::String, from(0)), f(10, "Features.MinSupportedVersion", Type::Int16, from(0)), f(11, "Features.MaxSupportedVersion", Type::Int16, from(0)), ])), from(0)), f(12, "Rack", Type::String, from(0)).nullable(from(0)), f(13, "IsMigratingZkBroker", Type::Bool, from(1)), f(14, "LogDirs", Type::Array(&Type::Uuid), from(2)), f(15, "PreviousBrokerEpoch", Type::Int64, from(3)).default(Default::Int(-1)), ] },
    Message { api_key: 62, direction: Direction::Response, name: "BrokerRegistrationResponse", versions: v(0, 4), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "BrokerEpoch", Type::Int64, from(0)).default(Default::Int(-1)), ] },
    Message { api_key: 63, direction: Direction::Request, name: "BrokerHeartbeatRequest", versions: v(0, 2), flexible: from(0), fields: &[f(0, "BrokerId", Type::Int32, from(0)).entity(Entity::BrokerId), f(1, "BrokerEpoch", Type::Int64, from(0)).default(Default::Int(-1)), f(2, "CurrentMetadataOffset", Type::Int64, from(0)), f(3, "WantFence", Type::Bool, from(0)), f(4, "WantShutDown", Type::Bool, from(0)), f(5, "OfflineLogDirs", Type::Array(&Type::Uuid), from(1)).tagged(from(1), 0), f(6, "CordonedLogDirs", Type::Array(&Type::Uuid), from(2)).nullable(from(2)).tagged(from(2), 1).default(Default::Null), ] },
    Message { api_key: 63, direction: Direction::Response, name: "BrokerHeartbeatResponse", versions: v(0, 2), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "IsCaughtUp", Type::Bool, from(0)), f(3, "IsFenced", Type::Bool, from(0)).default(Default::Int(1)), f(4, "ShouldShutDown", Type::Bool, from(0)), ] },
    Message { api_key: 64, direction: Direction::Request, name: "UnregisterBrokerRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "BrokerId", Type::Int32, from(0)).entity(Entity::BrokerId), ] },
    Message { api_key: 64, direction: Direction::Response, name: "UnregisterBrokerResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), ] },
    Message { api_key: 65, direction: Direction::Request, name: "DescribeTransactionsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "TransactionalIds", Type::Array(&Type::String), from(0)).entity(Entity::TransactionalId), ] },
    Message { api_key: 65, direction: Direction::Response, name: "DescribeTransactionsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "TransactionStates", Type::Array(&Type::Struct(&[f(2, "TransactionStates.ErrorCode", Type::Int16, from(0)), f(3, "TransactionStates.TransactionalId", Type::String, from(0)).entity(Entity::TransactionalId), f(4, "TransactionStates.TransactionState", Type::String, from(0)), f(5, "TransactionStates.TransactionTimeoutMs", Type::Int32, from(0)), f(6, "TransactionStates.TransactionStartTimeMs", Type::Int64, from(0)), f(7, "TransactionStates.ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(8, "TransactionStates.ProducerEpoch", Type::Int16, from(0)), f(9, "TransactionStates.Topics", Type::Array(&Type::Struct(&[f(10, "TransactionStates.Topics.Topic", Type::String, from(0)).entity(Entity::TopicName), f(11, "TransactionStates.Topics.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 66, direction: Direction::Request, name: "ListTransactionsRequest", versions: v(0, 2), flexible: from(0), fields: &[f(0, "StateFilters", Type::Array(&Type::String), from(0)), f(1, "ProducerIdFilters", Type::Array(&Type::Int64), from(0)).entity(Entity::ProducerId), f(2, "DurationFilter", Type::Int64, from(1)).default(Default::Int(-1)), f(3, "TransactionalIdPattern", Type::String, from(2)).nullable(from(2)).default(Default::Null), ] },
    Message { api_key: 66, direction: Direction::Response, name: "ListTransactionsResponse", versions: v(0, 2), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "UnknownStateFilters", Type::Array(&Type::String), from(0)), f(3, "TransactionStates", Type::Array(&Type::Struct(&[f(4, "TransactionStates.TransactionalId", Type::String, from(0)).entity(Entity::TransactionalId), f(5, "TransactionStates.ProducerId", Type::Int64, from(0)).entity(Entity::ProducerId), f(6, "TransactionStates.TransactionState", Type::String, from(0)), ])), from(0)), ] },
    Message { api_key: 67, direction: Direction::Request, name: "AllocateProducerIdsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "BrokerId", Type::Int32, from(0)).entity(Entity::BrokerId), f(1, "BrokerEpoch", Type::Int64, from(0)).default(Default::Int(-1)), ] },
    Message { api_key: 67, direction: Direction::Response, name: "AllocateProducerIdsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ProducerIdStart", Type::Int64, from(0)).entity(Entity::ProducerId), f(3, "ProducerIdLen", Type::Int32, from(0)), ] },
    Message { api_key: 68, direction: Direction::Request, name: "ConsumerGroupHeartbeatRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "MemberId", Type::String, from(0)), f(2, "MemberEpoch", Type::Int32, from(0)), f(3, "InstanceId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(4, "RackId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(5, "RebalanceTimeoutMs", Type::Int32, from(0)).default(Default::Int(-1)), f(6, "SubscribedTopicNames", Type::Array(&Type::String), from(0)).nullable(from(0)).default(Default::Null).entity(Entity::TopicName), f(7, "SubscribedTopicRegex", Type::String, from(1)).nullable(from(1)).default(Default::Null), f(8, "ServerAssignor", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(9, "TopicPartitions", Type::Array(&Type::Struct(&[f(10, "TopicPartitions.TopicId", Type::Uuid, from(0)), f(11, "TopicPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 68, direction: Direction::Response, name: "ConsumerGroupHeartbeatResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "MemberId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(4, "MemberEpoch", Type::Int32, from(0)), f(5, "HeartbeatIntervalMs", Type::Int32, from(0)), f(6, "Assignment", Type::Struct(&[f(7, "Assignment.TopicPartitions", Type::Array(&Type::Struct(&[f(8, "Assignment.TopicPartitions.TopicId", Type::Uuid, from(0)), f(9, "Assignment.TopicPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ]), from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 69, direction: Direction::Request, name: "ConsumerGroupDescribeRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "GroupIds", Type::Array(&Type::String), from(0)).entity(Entity::GroupId), f(1, "IncludeAuthorizedOperations", Type::Bool, from(0)), ] },
    Message { api_key: 69, direction: Direction::Response, name: "ConsumerGroupDescribeResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Groups", Type::Array(&Type::Struct(&[f(2, "Groups.ErrorCode", Type::Int16, from(0)), f(3, "Groups.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(4, "Groups.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(5, "Groups.GroupState", Type::String, from(0)), f(6, "Groups.GroupEpoch", Type::Int32, from(0)), f(7, "Groups.AssignmentEpoch", Type::Int32, from(0)), f(8, "Groups.AssignorName", Type::String, from(0)), f(9, "Groups.Members", Type::Array(&Type::Struct(&[f(10, "Groups.Members.MemberId", Type::String, from(0)), f(11, "Groups.Members.InstanceId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(12, "Groups.Members.RackId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(13, "Groups.Members.MemberEpoch", Type::Int32, from(0)), f(14, "Groups.Members.ClientId", Type::String, from(0)), f(15, "Groups.Members.ClientHost", Type::String, from(0)), f(16, "Groups.Members.SubscribedTopicNames", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(17, "Groups.Members.SubscribedTopicRegex", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(18, "Groups.Members.Assignment", Type::Struct(&[f(19, "Groups.Members.Assignment.TopicPartitions", Type::Array(&Type::Struct(&[f(20, "Groups.Members.Assignment.TopicPartitions.TopicId", Type::Uuid, from(0)), f(21, "Groups.Members.Assignment.TopicPartitions.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(22, "Groups.Members.Assignment.TopicPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ]), from(0)), f(23, "Groups.Members.TargetAssignment", Type::Struct(&[f(24, "Groups.Members.TargetAssignment.TopicPartitions", Type::Array(&Type::Struct(&[f(25, "Groups.Members.TargetAssignment.TopicPartitions.TopicId", Type::Uuid, from(0)), f(26, "Groups.Members.TargetAssignment.TopicPartitions.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(27, "Groups.Members.TargetAssignment.TopicPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ]), from(0)), f(28, "Groups.Members.MemberType", Type::Int8, from(1)).default(Default::Int(-1)), ])), from(0)), f(29, "Groups.AuthorizedOperations", Type::Int32, from(0)).default(Default::Int(-2147483648)), ])), from(0)), ] },
    Message { api_key: 70, direction: Direction::Request, name: "ControllerRegistrationRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ControllerId", Type::Int32, from(0)), f(1, "IncarnationId", Type::Uuid, from(0)), f(2, "ZkMigrationReady", Type::Bool, from(0)), f(3, "Listeners", Type::Array(&Type::Struct(&[f(4, "Listeners.Name", Type::String, from(0)), f(5, "Listeners.Host", Type::String, from(0)), f(6, "Listeners.Port", Type::Uint16, from(0)), f(7, "Listeners.SecurityProtocol", Type::Int16, from(0)), ])), from(0)), f(8, "Features", Type::Array(&Type::Struct(&[f(9, "Features.Name", Type::String, from(0)), f(10, "Features.MinSupportedVersion", Type::Int16, from(0)), f(11, "Features.MaxSupportedVersion", Type::Int16, from(0)), ])), from(0)), ] },
    Message { api_key: 70, direction: Direction::Response, name: "ControllerRegistrationResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), ] },
    Message { api_key: 71, direction: Direction::Request, name: "GetTelemetrySubscriptionsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ClientInstanceId", Type::Uuid, from(0)), ] },
    Message { api_key: 71, direction: Direction::Response, name: "GetTelemetrySubscriptionsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ClientInstanceId", Type::Uuid, from(0)), f(3, "SubscriptionId", Type::Int32, from(0)), f(4, "AcceptedCompressionTypes", Type::Array(&Type::Int8), from(0)), f(5, "PushIntervalMs", Type::Int32, from(0)), f(6, "TelemetryMaxBytes", Type::Int32, from(0)), f(7, "DeltaTemporality", Type::Bool, from(0)), f(8, "RequestedMetrics", Type::Array(&Type::String), from(0)), ] },
    Message { api_key: 72, direction: Direction::Request, name: "PushTelemetryRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ClientInstanceId", Type::Uuid, from(0)), f(1, "SubscriptionId", Type::Int32, from(0)), f(2, "Terminating", Type::Bool, from(0)), f(3, "CompressionType", Type::Int8, from(0)), f(4, "Metrics", Type::Bytes, from(0)), ] },
    Message { api_key: 72, direction: Direction::Response, name: "PushTelemetryResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), ] },
    Message { api_key: 73, direction: Direction::Request, name: "AssignReplicasToDirsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "BrokerId", Type::Int32, from(0)).entity(Entity::BrokerId), f(1, "BrokerEpoch", Type::Int64, from(0)).default(Default::Int(-1)), f(2, "Directories", Type::Array(&Type::Struct(&[f(3, "Directories.Id", Type::Uuid, from(0)), f(4, "Directories.Topics", Type::Array(&Type::Struct(&[f(5, "Directories.Topics.TopicId", Type::Uuid, from(0)), f(6, "Directories.Topics.Partitions", Type::Array(&Type::Struct(&[f(7, "Directories.Topics.Partitions.PartitionIndex", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 73, direction: Direction::Response, name: "AssignReplicasToDirsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "Directories", Type::Array(&Type::Struct(&[f(3, "Directories.Id", Type::Uuid, from(0)), f(4, "Directories.Topics", Type::Array(&Type::Struct(&[f(5, "Directories.Topics.TopicId", Type::Uuid, from(0)), f(6, "Directories.Topics.Partitions", Type::Array(&Type::Struct(&[f(7, "Directories.Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Directories.Topics.Partitions.ErrorCode", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 74, direction: Direction::Request, name: "ListConfigResourcesRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ResourceTypes", Type::Array(&Type::Int8), from(1)), ] },
    Message { api_key: 74, direction: Direction::Response, name: "ListConfigResourcesResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ConfigResources", Type::Array(&Type::Struct(&[f(3, "ConfigResources.ResourceName", Type::String, from(0)), f(4, "ConfigResources.ResourceType", Type::Int8, from(1)).default(Default::Int(16)), ])), from(0)), ] },
    Message { api_key: 75, direction: Direction::Request, name: "DescribeTopicPartitionsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "Topics", Type::Array(&Type::Struct(&[f(1, "Topics.Name", Type::String, from(0)).entity(Entity::TopicName), ])), from(0)), f(2, "ResponsePartitionLimit", Type::Int32, from(0)).default(Default::Int(2000)), f(3, "Cursor", Type::Struct(&[f(4, "Cursor.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(5, "Cursor.PartitionIndex", Type::Int32, from(0)), ]), from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 75, direction: Direction::Response, name: "DescribeTopicPartitionsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.ErrorCode", Type::Int16, from(0)), f(3, "Topics.Name", Type::String, from(0)).nullable(from(0)).entity(Entity::TopicName), f(4, "Topics.TopicId", Type::Uuid, from(0)), f(5, "Topics.IsInternal", Type::Bool, from(0)), f(6, "Topics.Partitions", Type::Array(&Type::Struct(&[f(7, "Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(8, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(9, "Topics.Partitions.LeaderId", Type::Int32, from(0)).entity(Entity::BrokerId), f(10, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)).default(Default::Int(-1)), f(11, "Topics.Partitions.ReplicaNodes", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), f(12, "Topics.Partitions.IsrNodes", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), f(13, "Topics.Partitions.EligibleLeaderReplicas", Type::Array(&Type::Int32), from(0)).nullable(from(0)).default(Default::Null).entity(Entity::BrokerId), f(14, "Topics.Partitions.LastKnownElr", Type::Array(&Type::Int32), from(0)).nullable(from(0)).default(Default::Null).entity(Entity::BrokerId), f(15, "Topics.Partitions.OfflineReplicas", Type::Array(&Type::Int32), from(0)).entity(Entity::BrokerId), ])), from(0)), f(16, "Topics.TopicAuthorizedOperations", Type::Int32, from(0)).default(Default::Int(-2147483648)), ])), from(0)), f(17, "NextCursor", Type::Struct(&[f(18, "NextCursor.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(19, "NextCursor.PartitionIndex", Type::Int32, from(0)), ]), from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 76, direction: Direction::Request, name: "ShareGroupHeartbeatRequest", versions: v(1, 1), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "MemberId", Type::String, from(0)), f(2, "MemberEpoch", Type::Int32, from(0)), f(3, "RackId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(4, "SubscribedTopicNames", Type::Array(&Type::String), from(0)).nullable(from(0)).default(Default::Null).entity(Entity::TopicName), ] },
    Message { api_key: 76, direction: Direction::Response, name: "ShareGroupHeartbeatResponse", versions: v(1, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "MemberId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(4, "MemberEpoch", Type::Int32, from(0)), f(5, "HeartbeatIntervalMs", Type::Int32, from(0)), f(6, "Assignment", Type::Struct(&[f(7, "Assignment.TopicPartitions", Type::Array(&Type::Struct(&[f(8, "Assignment.TopicPartitions.TopicId", Type::Uuid, from(0)), f(9, "Assignment.TopicPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ]), from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 77, direction: Direction::Request, name: "ShareGroupDescribeRequest", versions: v(1, 1), flexible: from(0), fields: &[f(0, "GroupIds", Type::Array(&Type::String), from(0)).entity(Entity::GroupId), f(1, "IncludeAuthorizedOperations", Type::Bool, from(0)), ] },
    Message { api_key: 77, direction: Direction::Response, name: "ShareGroupDescribeResponse", versions: v(1, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Groups", Type::Array(&Type::Struct(&[f(2, "Groups.ErrorCode", Type::Int16, from(0)), f(3, "Groups.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(4, "Groups.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(5, "Groups.GroupState", Type::String, from(0)), f(6, "Groups.GroupEpoch", Type::Int32, from(0)), f(7, "Groups.AssignmentEpoch", Type::Int32, from(0)), f(8, "Groups.AssignorName", Type::String, from(0)), f(9, "Groups.Members", Type::Array(&Type::Struct(&[f(10, "Groups.Members.MemberId", Type::String, from(0)), f(11, "Groups.Members.RackId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(12, "Groups.Members.MemberEpoch", Type::Int32, from(0)), f(13, "Groups.Members.ClientId", Type::String, from(0)), f(14, "Groups.Members.ClientHost", Type::String, from(0)), f(15, "Groups.Members.SubscribedTopicNames", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(16, "Groups.Members.Assignment", Type::Struct(&[f(17, "Groups.Members.Assignment.TopicPartitions", Type::Array(&Type::Struct(&[f(18, "Groups.Members.Assignment.TopicPartitions.TopicId", Type::Uuid, from(0)), f(19, "Groups.Members.Assignment.TopicPartitions.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(20, "Groups.Members.Assignment.TopicPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ]), from(0)), ])), from(0)), f(21, "Groups.AuthorizedOperations", Type::Int32, from(0)).default(Default::Int(-2147483648)), ])), from(0)), ] },
    Message { api_key: 78, direction: Direction::Request, name: "ShareFetchRequest", versions: v(1, 2), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).nullable(from(0)).default(Default::Null).entity(Entity::GroupId), f(1, "MemberId", Type::String, from(0)).nullable(from(0)), f(2, "ShareSessionEpoch", Type::Int32, from(0)), f(3, "MaxWaitMs", Type::Int32, from(0)), f(4, "MinBytes", Type::Int32, from(0)), f(5, "MaxBytes", Type::Int32, from(0)).default(Default::Int(2147483647)), f(6, "MaxRecords", Type::Int32, from(1)), f(7, "BatchSize", Type::Int32, from(1)), f(8, "ShareAcquireMode", Type::Int8, from(2)), f(9, "IsRenewAck", Type::Bool, from(2)), f(10, "Topics", Type::Array(&Type::Struct(&[f(11, "Topics.TopicId", Type::Uuid, from(0)), f(12, "Topics.Partitions", Type::Array(&Type::Struct(&[f(13, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(14, "Topics.Partitions.PartitionMaxBytes", Type::Int32, v(0, 0)), f(15, "Topics.Partitions.AcknowledgementBatches", Type::Array(&Type::Struct(&[f(16, "Topics.Partitions.AcknowledgementBatches.FirstOffset", Type::Int64, from(0)), f(17, "Topics.Partitions.AcknowledgementBatches.LastOffset", Type::Int64, from(0)), f(18, "Topics.Partitions.AcknowledgementBatches.AcknowledgeTypes", Type::Array(&Type::Int8), from(0)), ])), from(0)), ])), from(0)), ])), from(0)), f(19, "ForgottenTopicsData", Type::Array(&Type::Struct(&[f(20, "ForgottenTopicsData.TopicId", Type::Uuid, from(0)), f(21, "ForgottenTopicsData.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ] },
    Message { api_key: 78, direction: Direction::Response, name: "ShareFetchResponse", versions: v(1, 2), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "AcquisitionLockTimeoutMs", Type::Int32, from(1)), f(4, "Responses", Type::Array(&Type::Struct(&[f(5, "Responses.TopicId", Type::Uuid, from(0)), f(6, "Responses.Partitions", Type::Array(&Type::Struct(&[f(7, "Responses.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Responses.Partitions.ErrorCode", Type::Int16, from(0)), f(9, "Responses.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(10, "Responses.Partitions.AcknowledgeErrorCode", Type::Int16, from(0)), f(11, "Responses.Partitions.AcknowledgeErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(12, "Responses.Partitions.CurrentLeader", Type::Struct(&[f(13, "Responses.Partitions.CurrentLeader.LeaderId", Type::Int32, from(0)), f(14, "Responses.Partitions.CurrentLeader.LeaderEpoch", Type::Int32, from(0)), ]), from(0)), f(15, "Responses.Partitions.Records", Type::Records, from(0)).nullable(v(0, 0)), f(16, "Responses.Partitions.AcquiredRecords", Type::Array(&Type::Struct(&[f(17, "Responses.Partitions.AcquiredRecords.FirstOffset", Type::Int64, from(0)), f(18, "Responses.Partitions.AcquiredRecords.LastOffset", Type::Int64, from(0)), f(19, "Responses.Partitions.AcquiredRecords.DeliveryCount", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ])), from(0)), f(20, "NodeEndpoints", Type::Array(&Type::Struct(&[f(21, "NodeEndpoints.NodeId", Type::Int32, from(0)).entity(Entity::BrokerId), f(22, "NodeEndpoints.Host", Type::String, from(0)), f(23, "NodeEndpoints.Port", Type::Int32, from(0)), f(24, "NodeEndpoints.Rack", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 79, direction: Direction::Request, name: "ShareAcknowledgeRequest", versions: v(1, 2), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).nullable(from(0)).default(Default::Null).entity(Entity::GroupId), f(1, "MemberId", Type::String, from(0)).nullable(from(0)), f(2, "ShareSessionEpoch", Type::Int32, from(0)), f(3, "IsRenewAck", Type::Bool, from(2)), f(4, "Topics", Type::Array(&Type::Struct(&[f(5, "Topics.TopicId", Type::Uuid, from(0)), f(6, "Topics.Partitions", Type::Array(&Type::Struct(&[f(7, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Topics.Partitions.AcknowledgementBatches", Type::Array(&Type::Struct(&[f(9, "Topics.Partitions.AcknowledgementBatches.FirstOffset", Type::Int64, from(0)), f(10, "Topics.Partitions.AcknowledgementBatches.LastOffset", Type::Int64, from(0)), f(11, "Topics.Partitions.AcknowledgementBatches.AcknowledgeTypes", Type::Array(&Type::Int8), from(0)), ])), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 79, direction: Direction::Response, name: "ShareAcknowledgeResponse", versions: v(1, 2), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "AcquisitionLockTimeoutMs", Type::Int32, from(2)), f(4, "Responses", Type::Array(&Type::Struct(&[f(5, "Responses.TopicId", Type::Uuid, from(0)), f(6, "Responses.Partitions", Type::Array(&Type::Struct(&[f(7, "Responses.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Responses.Partitions.ErrorCode", Type::Int16, from(0)), f(9, "Responses.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(10, "Responses.Partitions.CurrentLeader", Type::Struct(&[f(11, "Responses.Partitions.CurrentLeader.LeaderId", Type::Int32, from(0)), f(12, "Responses.Partitions.CurrentLeader.LeaderEpoch", Type::Int32, from(0)), ]), from(0)), ])), from(0)), ])), from(0)), f(13, "NodeEndpoints", Type::Array(&Type::Struct(&[f(14, "NodeEndpoints.NodeId", Type::Int32, from(0)).entity(Entity::BrokerId), f(15, "NodeEndpoints.Host", Type::String, from(0)), f(16, "NodeEndpoints.Port", Type::Int32, from(0)), f(17, "NodeEndpoints.Rack", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 80, direction: Direction::Request, name: "AddRaftVoterRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ClusterId", Type::String, from(0)).nullable(from(0)), f(1, "TimeoutMs", Type::Int32, from(0)), f(2, "VoterId", Type::Int32, from(0)), f(3, "VoterDirectoryId", Type::Uuid, from(0)), f(4, "Listeners", Type::Array(&Type::Struct(&[f(5, "Listeners.Name", Type::String, from(0)), f(6, "Listeners.Host", Type::String, from(0)), f(7, "Listeners.Port", Type::Uint16, from(0)), ])), from(0)), f(8, "AckWhenCommitted", Type::Bool, from(1)).default(Default::Int(1)), ] },
    Message { api_key: 80, direction: Direction::Response, name: "AddRaftVoterResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), ] },
    Message { api_key: 81, direction: Direction::Request, name: "RemoveRaftVoterRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ClusterId", Type::String, from(0)).nullable(from(0)), f(1, "VoterId", Type::Int32, from(0)), f(2, "VoterDirectoryId", Type::Uuid, from(0)), ] },
    Message { api_key: 81, direction: Direction::Response, name: "RemoveRaftVoterResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), ] },
    Message { api_key: 82, direction: Direction::Request, name: "UpdateRaftVoterRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ClusterId", Type::String, from(0)).nullable(from(0)), f(1, "CurrentLeaderEpoch", Type::Int32, from(0)), f(2, "VoterId", Type::Int32, from(0)), f(3, "VoterDirectoryId", Type::Uuid, from(0)), f(4, "Listeners", Type::Array(&Type::Struct(&[f(5, "Listeners.Name", Type::String, from(0)), f(6, "Listeners.Host", Type::String, from(0)), f(7, "Listeners.Port", Type::Uint16, from(0)), ])), from(0)), f(8, "KRaftVersionFeature", Type::Struct(&[f(9, "KRaftVersionFeature.MinSupportedVersion", Type::Int16, from(0)), f(10, "KRaftVersionFeature.MaxSupportedVersion", Type::Int16, from(0)), ]), from(0)), ] },
    Message { api_key: 82, direction: Direction::Response, name: "UpdateRaftVoterResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "CurrentLeader", Type::Struct(&[f(3, "CurrentLeader.LeaderId", Type::Int32, from(0)).default(Default::Int(-1)).entity(Entity::BrokerId), f(4, "CurrentLeader.LeaderEpoch", Type::Int32, from(0)).default(Default::Int(-1)), f(5, "CurrentLeader.Host", Type::String, from(0)), f(6, "CurrentLeader.Port", Type::Int32, from(0)), ]), from(0)).tagged(from(0), 0), ] },
    Message { api_key: 83, direction: Direction::Request, name: "InitializeShareGroupStateRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicId", Type::Uuid, from(0)), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.Partition", Type::Int32, from(0)), f(5, "Topics.Partitions.StateEpoch", Type::Int32, from(0)), f(6, "Topics.Partitions.StartOffset", Type::Int64, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 83, direction: Direction::Response, name: "InitializeShareGroupStateResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "Results", Type::Array(&Type::Struct(&[f(1, "Results.TopicId", Type::Uuid, from(0)), f(2, "Results.Partitions", Type::Array(&Type::Struct(&[f(3, "Results.Partitions.Partition", Type::Int32, from(0)), f(4, "Results.Partitions.ErrorCode", Type::Int16, from(0)), f(5, "Results.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 84, direction: Direction::Request, name: "ReadShareGroupStateRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicId", Type::Uuid, from(0)), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.Partition", Type::Int32, from(0)), f(5, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 84, direction: Direction::Response, name: "ReadShareGroupStateResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "Results", Type::Array(&Type::Struct(&[f(1, "Results.TopicId", Type::Uuid, from(0)), f(2, "Results.Partitions", Type::Array(&Type::Struct(&[f(3, "Results.Partitions.Partition", Type::Int32, from(0)), f(4, "Results.Partitions.ErrorCode", Type::Int16, from(0)), f(5, "Results.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(6, "Results.Partitions.StateEpoch", Type::Int32, from(0)), f(7, "Results.Partitions.StartOffset", Type::Int64, from(0)), f(8, "Results.Partitions.StateBatches", Type::Array(&Type::Struct(&[f(9, "Results.Partitions.StateBatches.FirstOffset", Type::Int64, from(0)), f(10, "Results.Partitions.StateBatches.LastOffset", Type::Int64, from(0)), f(11, "Results.Partitions.StateBatches.DeliveryState", Type::Int8, from(0)), f(12, "Results.Partitions.StateBatches.DeliveryCount", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 85, direction: Direction::Request, name: "WriteShareGroupStateRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicId", Type::Uuid, from(0)), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.Partition", Type::Int32, from(0)), f(5, "Topics.Partitions.StateEpoch", Type::Int32, from(0)), f(6, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), f(7, "Topics.Partitions.StartOffset", Type::Int64, from(0)), f(8, "Topics.Partitions.DeliveryCompleteCount", Type::Int32, from(1)).default(Default::Int(-1)), f(9, "Topics.Partitions.StateBatches", Type::Array(&Type::Struct(&[f(10, "Topics.Partitions.StateBatches.FirstOffset", Type::Int64, from(0)), f(11, "Topics.Partitions.StateBatches.LastOffset", Type::Int64, from(0)), f(12, "Topics.Partitions.StateBatches.DeliveryState", Type::Int8, from(0)), f(13, "Topics.Partitions.StateBatches.DeliveryCount", Type::Int16, from(0)), ])), from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 85, direction: Direction::Response, name: "WriteShareGroupStateResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "Results", Type::Array(&Type::Struct(&[f(1, "Results.TopicId", Type::Uuid, from(0)), f(2, "Results.Partitions", Type::Array(&Type::Struct(&[f(3, "Results.Partitions.Partition", Type::Int32, from(0)), f(4, "Results.Partitions.ErrorCode", Type::Int16, from(0)), f(5, "Results.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 86, direction: Direction::Request, name: "DeleteShareGroupStateRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicId", Type::Uuid, from(0)), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.Partition", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 86, direction: Direction::Response, name: "DeleteShareGroupStateResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "Results", Type::Array(&Type::Struct(&[f(1, "Results.TopicId", Type::Uuid, from(0)), f(2, "Results.Partitions", Type::Array(&Type::Struct(&[f(3, "Results.Partitions.Partition", Type::Int32, from(0)), f(4, "Results.Partitions.ErrorCode", Type::Int16, from(0)), f(5, "Results.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 87, direction: Direction::Request, name: "ReadShareGroupStateSummaryRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicId", Type::Uuid, from(0)), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.Partition", Type::Int32, from(0)), f(5, "Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 87, direction: Direction::Response, name: "ReadShareGroupStateSummaryResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "Results", Type::Array(&Type::Struct(&[f(1, "Results.TopicId", Type::Uuid, from(0)), f(2, "Results.Partitions", Type::Array(&Type::Struct(&[f(3, "Results.Partitions.Partition", Type::Int32, from(0)), f(4, "Results.Partitions.ErrorCode", Type::Int16, from(0)), f(5, "Results.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(6, "Results.Partitions.StateEpoch", Type::Int32, from(0)), f(7, "Results.Partitions.LeaderEpoch", Type::Int32, from(0)), f(8, "Results.Partitions.StartOffset", Type::Int64, from(0)), f(9, "Results.Partitions.DeliveryCompleteCount", Type::Int32, from(1)).default(Default::Int(-1)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 88, direction: Direction::Request, name: "StreamsGroupHeartbeatRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "MemberId", Type::String, from(0)), f(2, "MemberEpoch", Type::Int32, from(0)), f(3, "EndpointInformationEpoch", Type::Int32, from(0)), f(4, "InstanceId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(5, "RackId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(6, "RebalanceTimeoutMs", Type::Int32, from(0)).default(Default::Int(-1)), f(7, "Topology", Type::Struct(&[f(8, "Topology.Epoch", Type::Int32, from(0)), f(9, "Topology.Subtopologies", Type::Array(&Type::Struct(&[f(10, "Topology.Subtopologies.SubtopologyId", Type::String, from(0)), f(11, "Topology.Subtopologies.SourceTopics", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(12, "Topology.Subtopologies.SourceTopicRegex", Type::Array(&Type::String), from(0)), f(13, "Topology.Subtopologies.StateChangelogTopics", Type::Array(&Type::Struct(&[f(14, "Topology.Subtopologies.StateChangelogTopics.Name", Type::String, from(0)).entity(Entity::TopicName), f(15, "Topology.Subtopologies.StateChangelogTopics.Partitions", Type::Int32, from(0)), f(16, "Topology.Subtopologies.StateChangelogTopics.ReplicationFactor", Type::Int16, from(0)), f(17, "Topology.Subtopologies.StateChangelogTopics.TopicConfigs", Type::Array(&Type::Struct(&[f(18, "Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Key", Type::String, from(0)), f(19, "Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Value", Type::String, from(0)), ])), from(0)), ])), from(0)), f(20, "Topology.Subtopologies.RepartitionSinkTopics", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(21, "Topology.Subtopologies.RepartitionSourceTopics", Type::Array(&Type::Struct(&[f(22, "Topology.Subtopologies.RepartitionSourceTopics.Name", Type::String, from(0)).entity(Entity::TopicName), f(23, "Topology.Subtopologies.RepartitionSourceTopics.Partitions", Type::Int32, from(0)), f(24, "Topology.Subtopologies.RepartitionSourceTopics.ReplicationFactor", Type::Int16, from(0)), f(25, "Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs", Type::Array(&Type::Struct(&[f(26, "Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Key", Type::String, from(0)), f(27, "Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Value", Type::String, from(0)), ])), from(0)), ])), from(0)), f(28, "Topology.Subtopologies.CopartitionGroups", Type::Array(&Type::Struct(&[f(29, "Topology.Subtopologies.CopartitionGroups.SourceTopics", Type::Array(&Type::Int16), from(0)), f(30, "Topology.Subtopologies.CopartitionGroups.SourceTopicRegex", Type::Array(&Type::Int16), from(0)), f(31, "Topology.Subtopologies.CopartitionGroups.RepartitionSourceTopics", Type::Array(&Type::Int16), from(0)), ])), from(0)), ])), from(0)), ]), from(0)).nullable(from(0)).default(Default::Null), f(32, "ActiveTasks", Type::Array(&Type::Struct(&[f(33, "ActiveTasks.SubtopologyId", Type::String, from(0)), f(34, "ActiveTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(35, "StandbyTasks", Type::Array(&Type::Struct(&[f(36, "StandbyTasks.SubtopologyId", Type::String, from(0)), f(37, "StandbyTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(38, "WarmupTasks", Type::Array(&Type::Struct(&[f(39, "WarmupTasks.SubtopologyId", Type::String, from(0)), f(40, "WarmupTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(41, "ProcessId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(42, "UserEndpoint", Type::Struct(&[f(43, "UserEndpoint.Host", Type::String, from(0)), f(44, "UserEndpoint.Port", Type::Uint16, from(0)), ]), from(0)).nullable(from(0)).default(Default::Null), f(45, "ClientTags", Type::Array(&Type::Struct(&[f(46, "ClientTags.Key", Type::String, from(0)), f(47, "ClientTags.Value", Type::String, from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(48, "TaskOffsets", Type::Array(&Type::Struct(&[f(49, "TaskOffsets.SubtopologyId", Type::String, from(0)), f(50, "TaskOffsets.Partition", Type::Int32, from(0)), f(51, "TaskOffsets.Offset", Type::Int64, from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(52, "TaskEndOffsets", Type::Array(&Type::Struct(&[f(53, "TaskEndOffsets.SubtopologyId", Type::String, from(0)), f(54, "TaskEndOffsets.Partition", Type::Int32, from(0)), f(55, "TaskEndOffsets.Offset", Type::Int64, from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(56, "ShutdownApplication", Type::Bool, from(0)), ] },
    Message { api_key: 88, direction: Direction::Response, name: "StreamsGroupHeartbeatResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "MemberId", Type::String, from(0)), f(4, "MemberEpoch", Type::Int32, from(0)), f(5, "HeartbeatIntervalMs", Type::Int32, from(0)), f(6, "AcceptableRecoveryLagLegacy", Type::Int32, v(0, 0)), f(7, "TaskOffsetIntervalMs", Type::Int32, from(0)), f(8, "AcceptableRecoveryLag", Type::Int64, from(1)).default(Default::Int(-1)), f(9, "Status", Type::Array(&Type::Struct(&[f(10, "Status.StatusCode", Type::Int8, from(0)), f(11, "Status.StatusDetail", Type::String, from(0)), ])), from(0)).nullable(from(0)), f(12, "ActiveTasks", Type::Array(&Type::Struct(&[f(13, "ActiveTasks.SubtopologyId", Type::String, from(0)), f(14, "ActiveTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(15, "StandbyTasks", Type::Array(&Type::Struct(&[f(16, "StandbyTasks.SubtopologyId", Type::String, from(0)), f(17, "StandbyTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(18, "WarmupTasks", Type::Array(&Type::Struct(&[f(19, "WarmupTasks.SubtopologyId", Type::String, from(0)), f(20, "WarmupTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), f(21, "TopologyDescriptionRequired", Type::Bool, from(1)), f(22, "EndpointInformationEpoch", Type::Int32, from(0)), f(23, "PartitionsByUserEndpoint", Type::Array(&Type::Struct(&[f(24, "PartitionsByUserEndpoint.UserEndpoint", Type::Struct(&[f(25, "PartitionsByUserEndpoint.UserEndpoint.Host", Type::String, from(0)), f(26, "PartitionsByUserEndpoint.UserEndpoint.Port", Type::Uint16, from(0)), ]), from(0)), f(27, "PartitionsByUserEndpoint.ActivePartitions", Type::Array(&Type::Struct(&[f(28, "PartitionsByUserEndpoint.ActivePartitions.Topic", Type::String, from(0)).entity(Entity::TopicName), f(29, "PartitionsByUserEndpoint.ActivePartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), f(30, "PartitionsByUserEndpoint.StandbyPartitions", Type::Array(&Type::Struct(&[f(31, "PartitionsByUserEndpoint.StandbyPartitions.Topic", Type::String, from(0)).entity(Entity::TopicName), f(32, "PartitionsByUserEndpoint.StandbyPartitions.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 89, direction: Direction::Request, name: "StreamsGroupDescribeRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "GroupIds", Type::Array(&Type::String), from(0)).entity(Entity::GroupId), f(1, "IncludeAuthorizedOperations", Type::Bool, from(0)), f(2, "IncludeTopologyDescription", Type::Bool, from(1)), ] },
    Message { api_key: 89, direction: Direction::Response, name: "StreamsGroupDescribeResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Groups", Type::Array(&Type::Struct(&[f(2, "Groups.ErrorCode", Type::Int16, from(0)), f(3, "Groups.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(4, "Groups.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(5, "Groups.GroupState", Type::String, from(0)), f(6, "Groups.GroupEpoch", Type::Int32, from(0)), f(7, "Groups.AssignmentEpoch", Type::Int32, from(0)), f(8, "Groups.Topology", Type::Struct(&[f(9, "Groups.Topology.Epoch", Type::Int32, from(0)), f(10, "Groups.Topology.Subtopologies", Type::Array(&Type::Struct(&[f(11, "Groups.Topology.Subtopologies.SubtopologyId", Type::String, from(0)), f(12, "Groups.Topology.Subtopologies.SourceTopics", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(13, "Groups.Topology.Subtopologies.RepartitionSinkTopics", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(14, "Groups.Topology.Subtopologies.StateChangelogTopics", Type::Array(&Type::Struct(&[f(15, "Groups.Topology.Subtopologies.StateChangelogTopics.Name", Type::String, from(0)).entity(Entity::TopicName), f(16, "Groups.Topology.Subtopologies.StateChangelogTopics.Partitions", Type::Int32, from(0)), f(17, "Groups.Topology.Subtopologies.StateChangelogTopics.ReplicationFactor", Type::Int16, from(0)), f(18, "Groups.Topology.Subtopologies.StateChangelogTopics.TopicConfigs", Type::Array(&Type::Struct(&[f(19, "Groups.Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Key", Type::String, from(0)), f(20, "Groups.Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Value", Type::String, from(0)), ])), from(0)), ])), from(0)), f(21, "Groups.Topology.Subtopologies.RepartitionSourceTopics", Type::Array(&Type::Struct(&[f(22, "Groups.Topology.Subtopologies.RepartitionSourceTopics.Name", Type::String, from(0)).entity(Entity::TopicName), f(23, "Groups.Topology.Subtopologies.RepartitionSourceTopics.Partitions", Type::Int32, from(0)), f(24, "Groups.Topology.Subtopologies.RepartitionSourceTopics.ReplicationFactor", Type::Int16, from(0)), f(25, "Groups.Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs", Type::Array(&Type::Struct(&[f(26, "Groups.Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Key", Type::String, from(0)), f(27, "Groups.Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Value", Type::String, from(0)), ])), from(0)), ])), from(0)), ])), from(0)).nullable(from(0)).default(Default::Null), ]), from(0)).nullable(from(0)).default(Default::Null), f(28, "Groups.Members", Type::Array(&Type::Struct(&[f(29, "Groups.Members.MemberId", Type::String, from(0)), f(30, "Groups.Members.MemberEpoch", Type::Int32, from(0)), f(31, "Groups.Members.InstanceId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(32, "Groups.Members.RackId", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(33, "Groups.Members.ClientId", Type::String, from(0)), f(34, "Groups.Members.ClientHost", Type::String, from(0)), f(35, "Groups.Members.TopologyEpoch", Type::Int32, from(0)), f(36, "Groups.Members.ProcessId", Type::String, from(0)), f(37, "Groups.Members.UserEndpoint", Type::Struct(&[f(38, "Groups.Members.UserEndpoint.Host", Type::String, from(0)), f(39, "Groups.Members.UserEndpoint.Port", Type::Uint16, from(0)), ]), from(0)).nullable(from(0)).default(Default::Null), f(40, "Groups.Members.ClientTags", Type::Array(&Type::Struct(&[f(41, "Groups.Members.ClientTags.Key", Type::String, from(0)), f(42, "Groups.Members.ClientTags.Value", Type::String, from(0)), ])), from(0)), f(43, "Groups.Members.TaskOffsets", Type::Array(&Type::Struct(&[f(44, "Groups.Members.TaskOffsets.SubtopologyId", Type::String, from(0)), f(45, "Groups.Members.TaskOffsets.Partition", Type::Int32, from(0)), f(46, "Groups.Members.TaskOffsets.Offset", Type::Int64, from(0)), ])), from(0)), f(47, "Groups.Members.TaskEndOffsets", Type::Array(&Type::Struct(&[f(48, "Groups.Members.TaskEndOffsets.SubtopologyId", Type::String, from(0)), f(49, "Groups.Members.TaskEndOffsets.Partition", Type::Int32, from(0)), f(50, "Groups.Members.TaskEndOffsets.Offset", Type::Int64, from(0)), ])), from(0)), f(51, "Groups.Members.Assignment", Type::Struct(&[f(52, "Groups.Members.Assignment.ActiveTasks", Type::Array(&Type::Struct(&[f(53, "Groups.Members.Assignment.ActiveTasks.SubtopologyId", Type::String, from(0)), f(54, "Groups.Members.Assignment.ActiveTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), f(55, "Groups.Members.Assignment.StandbyTasks", Type::Array(&Type::Struct(&[f(56, "Groups.Members.Assignment.StandbyTasks.SubtopologyId", Type::String, from(0)), f(57, "Groups.Members.Assignment.StandbyTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), f(58, "Groups.Members.Assignment.WarmupTasks", Type::Array(&Type::Struct(&[f(59, "Groups.Members.Assignment.WarmupTasks.SubtopologyId", Type::String, from(0)), f(60, "Groups.Members.Assignment.WarmupTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ]), from(0)), f(61, "Groups.Members.TargetAssignment", Type::Struct(&[f(62, "Groups.Members.TargetAssignment.ActiveTasks", Type::Array(&Type::Struct(&[f(63, "Groups.Members.TargetAssignment.ActiveTasks.SubtopologyId", Type::String, from(0)), f(64, "Groups.Members.TargetAssignment.ActiveTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), f(65, "Groups.Members.TargetAssignment.StandbyTasks", Type::Array(&Type::Struct(&[f(66, "Groups.Members.TargetAssignment.StandbyTasks.SubtopologyId", Type::String, from(0)), f(67, "Groups.Members.TargetAssignment.StandbyTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), f(68, "Groups.Members.TargetAssignment.WarmupTasks", Type::Array(&Type::Struct(&[f(69, "Groups.Members.TargetAssignment.WarmupTasks.SubtopologyId", Type::String, from(0)), f(70, "Groups.Members.TargetAssignment.WarmupTasks.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)), ]), from(0)), f(71, "Groups.Members.IsClassic", Type::Bool, from(0)), ])), from(0)), f(72, "Groups.AuthorizedOperations", Type::Int32, from(0)).default(Default::Int(-2147483648)), f(73, "Groups.TopologyDescription", Type::Struct(&[f(74, "Groups.TopologyDescription.Subtopologies", Type::Array(&Type::Struct(&[f(75, "Groups.TopologyDescription.Subtopologies.SubtopologyId", Type::String, from(1)), f(76, "Groups.TopologyDescription.Subtopologies.Nodes", Type::Array(&Type::Struct(&[f(77, "Groups.TopologyDescription.Subtopologies.Nodes.Name", Type::String, from(1)), f(78, "Groups.TopologyDescription.Subtopologies.Nodes.NodeType", Type::Int8, from(1)), f(79, "Groups.TopologyDescription.Subtopologies.Nodes.SourceTopics", Type::Array(&Type::String), from(1)).entity(Entity::TopicName), f(80, "Groups.TopologyDescription.Subtopologies.Nodes.SinkTopic", Type::String, from(1)).nullable(from(1)).default(Default::Null).entity(Entity::TopicName), f(81, "Groups.TopologyDescription.Subtopologies.Nodes.Stores", Type::Array(&Type::String), from(1)), f(82, "Groups.TopologyDescription.Subtopologies.Nodes.Successors", Type::Array(&Type::String), from(1)), ])), from(1)), ])), from(1)), f(83, "Groups.TopologyDescription.GlobalStores", Type::Array(&Type::Struct(&[f(84, "Groups.TopologyDescription.GlobalStores.Source", Type::Struct(&[f(85, "Groups.TopologyDescription.GlobalStores.Source.Name", Type::String, from(1)), f(86, "Groups.TopologyDescription.GlobalStores.Source.NodeType", Type::Int8, from(1)), f(87, "Groups.TopologyDescription.GlobalStores.Source.SourceTopics", Type::Array(&Type::String), from(1)).entity(Entity::TopicName), f(88, "Groups.TopologyDescription.GlobalStores.Source.SinkTopic", Type::String, from(1)).nullable(from(1)).default(Default::Null).entity(Entity::TopicName), f(89, "Groups.TopologyDescription.GlobalStores.Source.Stores", Type::Array(&Type::String), from(1)), f(90, "Groups.TopologyDescription.GlobalStores.Source.Successors", Type::Array(&Type::String), from(1)), ]), from(1)), f(91, "Groups.TopologyDescription.GlobalStores.Processor", Type::Struct(&[f(92, "Groups.TopologyDescription.GlobalStores.Processor.Name", Type::String, from(1)), f(93, "Groups.TopologyDescription.GlobalStores.Processor.NodeType", Type::Int8, from(1)), f(94, "Groups.TopologyDescription.GlobalStores.Processor.SourceTopics", Type::Array(&Type::String), from(1)).entity(Entity::TopicName), f(95, "Groups.TopologyDescription.GlobalStores.Processor.SinkTopic", Type::String, from(1)).nullable(from(1)).default(Default::Null).entity(Entity::TopicName), f(96, "Groups.TopologyDescription.GlobalStores.Processor.Stores", Type::Array(&Type::String), from(1)), f(97, "Groups.TopologyDescription.GlobalStores.Processor.Successors", Type::Array(&Type::String), from(1)), ]), from(1)), ])), from(1)), ]), from(1)).nullable(from(1)).default(Default::Null), f(98, "Groups.TopologyDescriptionStatus", Type::Int8, from(1)), f(99, "Groups.AssignorName", Type::String, from(1)).nullable(from(1)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 90, direction: Direction::Request, name: "DescribeShareGroupOffsetsRequest", versions: v(0, 1), flexible: from(0), fields: &[f(0, "Groups", Type::Array(&Type::Struct(&[f(1, "Groups.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(2, "Groups.Topics", Type::Array(&Type::Struct(&[f(3, "Groups.Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(4, "Groups.Topics.Partitions", Type::Array(&Type::Int32), from(0)), ])), from(0)).nullable(from(0)), ])), from(0)), ] },
    Message { api_key: 90, direction: Direction::Response, name: "DescribeShareGroupOffsetsResponse", versions: v(0, 1), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "Groups", Type::Array(&Type::Struct(&[f(2, "Groups.GroupId", Type::String, from(0)).entity(Entity::GroupId), f(3, "Groups.Topics", Type::Array(&Type::Struct(&[f(4, "Groups.Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(5, "Groups.Topics.TopicId", Type::Uuid, from(0)), f(6, "Groups.Topics.Partitions", Type::Array(&Type::Struct(&[f(7, "Groups.Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Groups.Topics.Partitions.StartOffset", Type::Int64, from(0)), f(9, "Groups.Topics.Partitions.LeaderEpoch", Type::Int32, from(0)), f(10, "Groups.Topics.Partitions.Lag", Type::Int64, from(1)).default(Default::Int(-1)), f(11, "Groups.Topics.Partitions.ErrorCode", Type::Int16, from(0)), f(12, "Groups.Topics.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ])), from(0)), f(13, "Groups.ErrorCode", Type::Int16, from(0)), f(14, "Groups.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 91, direction: Direction::Request, name: "AlterShareGroupOffsetsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(3, "Topics.Partitions", Type::Array(&Type::Struct(&[f(4, "Topics.Partitions.PartitionIndex", Type::Int32, from(0)), f(5, "Topics.Partitions.StartOffset", Type::Int64, from(0)), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 91, direction: Direction::Response, name: "AlterShareGroupOffsetsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "Responses", Type::Array(&Type::Struct(&[f(4, "Responses.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(5, "Responses.TopicId", Type::Uuid, from(0)), f(6, "Responses.Partitions", Type::Array(&Type::Struct(&[f(7, "Responses.Partitions.PartitionIndex", Type::Int32, from(0)), f(8, "Responses.Partitions.ErrorCode", Type::Int16, from(0)), f(9, "Responses.Partitions.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ])), from(0)), ] },
    Message { api_key: 92, direction: Direction::Request, name: "DeleteShareGroupOffsetsRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "Topics", Type::Array(&Type::Struct(&[f(2, "Topics.TopicName", Type::String, from(0)).entity(Entity::TopicName), ])), from(0)), ] },
    Message { api_key: 92, direction: Direction::Response, name: "DeleteShareGroupOffsetsResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), f(3, "Responses", Type::Array(&Type::Struct(&[f(4, "Responses.TopicName", Type::String, from(0)).entity(Entity::TopicName), f(5, "Responses.TopicId", Type::Uuid, from(0)), f(6, "Responses.ErrorCode", Type::Int16, from(0)), f(7, "Responses.ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ])), from(0)), ] },
    Message { api_key: 93, direction: Direction::Request, name: "StreamsGroupTopologyDescriptionUpdateRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "GroupId", Type::String, from(0)).entity(Entity::GroupId), f(1, "MemberId", Type::String, from(0)), f(2, "TopologyEpoch", Type::Int32, from(0)), f(3, "TopologyDescription", Type::Struct(&[f(4, "TopologyDescription.Subtopologies", Type::Array(&Type::Struct(&[f(5, "TopologyDescription.Subtopologies.SubtopologyId", Type::String, from(0)), f(6, "TopologyDescription.Subtopologies.Nodes", Type::Array(&Type::Struct(&[f(7, "TopologyDescription.Subtopologies.Nodes.Name", Type::String, from(0)), f(8, "TopologyDescription.Subtopologies.Nodes.NodeType", Type::Int8, from(0)), f(9, "TopologyDescription.Subtopologies.Nodes.SourceTopics", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(10, "TopologyDescription.Subtopologies.Nodes.SinkTopic", Type::String, from(0)).nullable(from(0)).default(Default::Null).entity(Entity::TopicName), f(11, "TopologyDescription.Subtopologies.Nodes.Stores", Type::Array(&Type::String), from(0)), f(12, "TopologyDescription.Subtopologies.Nodes.Successors", Type::Array(&Type::String), from(0)), ])), from(0)), ])), from(0)), f(13, "TopologyDescription.GlobalStores", Type::Array(&Type::Struct(&[f(14, "TopologyDescription.GlobalStores.Source", Type::Struct(&[f(15, "TopologyDescription.GlobalStores.Source.Name", Type::String, from(0)), f(16, "TopologyDescription.GlobalStores.Source.NodeType", Type::Int8, from(0)), f(17, "TopologyDescription.GlobalStores.Source.SourceTopics", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(18, "TopologyDescription.GlobalStores.Source.SinkTopic", Type::String, from(0)).nullable(from(0)).default(Default::Null).entity(Entity::TopicName), f(19, "TopologyDescription.GlobalStores.Source.Stores", Type::Array(&Type::String), from(0)), f(20, "TopologyDescription.GlobalStores.Source.Successors", Type::Array(&Type::String), from(0)), ]), from(0)), f(21, "TopologyDescription.GlobalStores.Processor", Type::Struct(&[f(22, "TopologyDescription.GlobalStores.Processor.Name", Type::String, from(0)), f(23, "TopologyDescription.GlobalStores.Processor.NodeType", Type::Int8, from(0)), f(24, "TopologyDescription.GlobalStores.Processor.SourceTopics", Type::Array(&Type::String), from(0)).entity(Entity::TopicName), f(25, "TopologyDescription.GlobalStores.Processor.SinkTopic", Type::String, from(0)).nullable(from(0)).default(Default::Null).entity(Entity::TopicName), f(26, "TopologyDescription.GlobalStores.Processor.Stores", Type::Array(&Type::String), from(0)), f(27, "TopologyDescription.GlobalStores.Processor.Successors", Type::Array(&Type::String), from(0)), ]), from(0)), ])), from(0)), ]), from(0)), ] },
    Message { api_key: 93, direction: Direction::Response, name: "StreamsGroupTopologyDescriptionUpdateResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)).default(Default::Null), ] },
    Message { api_key: 94, direction: Direction::Request, name: "UnregisterControllerRequest", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ControllerId", Type::Int32, from(0)), ] },
    Message { api_key: 94, direction: Direction::Response, name: "UnregisterControllerResponse", versions: v(0, 0), flexible: from(0), fields: &[f(0, "ThrottleTimeMs", Type::Int32, from(0)), f(1, "ErrorCode", Type::Int16, from(0)), f(2, "ErrorMessage", Type::String, from(0)).nullable(from(0)), ] },
];

/// Field ids of ProduceRequest.
pub mod produce_request {
    use super::FieldId;
    /// `TransactionalId`
    pub const TRANSACTIONAL_ID: FieldId = FieldId(0);
    /// `Acks`
    pub const ACKS: FieldId = FieldId(1);
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(2);
    /// `TopicData`
    pub const TOPIC_DATA: FieldId = FieldId(3);
    /// `TopicData.Name`
    pub const TOPIC_DATA__NAME: FieldId = FieldId(4);
    /// `TopicData.TopicId`
    pub const TOPIC_DATA__TOPIC_ID: FieldId = FieldId(5);
    /// `TopicData.PartitionData`
    pub const TOPIC_DATA__PARTITION_DATA: FieldId = FieldId(6);
    /// `TopicData.PartitionData.Index`
    pub const TOPIC_DATA__PARTITION_DATA__INDEX: FieldId = FieldId(7);
    /// `TopicData.PartitionData.Records`
    pub const TOPIC_DATA__PARTITION_DATA__RECORDS: FieldId = FieldId(8);
}
/// Field ids of ProduceResponse.
pub mod produce_response {
    use super::FieldId;
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(0);
    /// `Responses.Name`
    pub const RESPONSES__NAME: FieldId = FieldId(1);
    /// `Responses.TopicId`
    pub const RESPONSES__TOPIC_ID: FieldId = FieldId(2);
    /// `Responses.PartitionResponses`
    pub const RESPONSES__PARTITION_RESPONSES: FieldId = FieldId(3);
    /// `Responses.PartitionResponses.Index`
    pub const RESPONSES__PARTITION_RESPONSES__INDEX: FieldId = FieldId(4);
    /// `Responses.PartitionResponses.ErrorCode`
    pub const RESPONSES__PARTITION_RESPONSES__ERROR_CODE: FieldId = FieldId(5);
    /// `Responses.PartitionResponses.BaseOffset`
    pub const RESPONSES__PARTITION_RESPONSES__BASE_OFFSET: FieldId = FieldId(6);
    /// `Responses.PartitionResponses.LogAppendTimeMs`
    pub const RESPONSES__PARTITION_RESPONSES__LOG_APPEND_TIME_MS: FieldId = FieldId(7);
    /// `Responses.PartitionResponses.LogStartOffset`
    pub const RESPONSES__PARTITION_RESPONSES__LOG_START_OFFSET: FieldId = FieldId(8);
    /// `Responses.PartitionResponses.RecordErrors`
    pub const RESPONSES__PARTITION_RESPONSES__RECORD_ERRORS: FieldId = FieldId(9);
    /// `Responses.PartitionResponses.RecordErrors.BatchIndex`
    pub const RESPONSES__PARTITION_RESPONSES__RECORD_ERRORS__BATCH_INDEX: FieldId = FieldId(10);
    /// `Responses.PartitionResponses.RecordErrors.BatchIndexErrorMessage`
    pub const RESPONSES__PARTITION_RESPONSES__RECORD_ERRORS__BATCH_INDEX_ERROR_MESSAGE: FieldId = FieldId(11);
    /// `Responses.PartitionResponses.ErrorMessage`
    pub const RESPONSES__PARTITION_RESPONSES__ERROR_MESSAGE: FieldId = FieldId(12);
    /// `Responses.PartitionResponses.CurrentLeader`
    pub const RESPONSES__PARTITION_RESPONSES__CURRENT_LEADER: FieldId = FieldId(13);
    /// `Responses.PartitionResponses.CurrentLeader.LeaderId`
    pub const RESPONSES__PARTITION_RESPONSES__CURRENT_LEADER__LEADER_ID: FieldId = FieldId(14);
    /// `Responses.PartitionResponses.CurrentLeader.LeaderEpoch`
    pub const RESPONSES__PARTITION_RESPONSES__CURRENT_LEADER__LEADER_EPOCH: FieldId = FieldId(15);
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(16);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(17);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(18);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(19);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(20);
    /// `NodeEndpoints.Rack`
    pub const NODE_ENDPOINTS__RACK: FieldId = FieldId(21);
}
/// Field ids of FetchRequest.
pub mod fetch_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `ReplicaId`
    pub const REPLICA_ID: FieldId = FieldId(1);
    /// `ReplicaState`
    pub const REPLICA_STATE: FieldId = FieldId(2);
    /// `ReplicaState.ReplicaId`
    pub const REPLICA_STATE__REPLICA_ID: FieldId = FieldId(3);
    /// `ReplicaState.ReplicaEpoch`
    pub const REPLICA_STATE__REPLICA_EPOCH: FieldId = FieldId(4);
    /// `MaxWaitMs`
    pub const MAX_WAIT_MS: FieldId = FieldId(5);
    /// `MinBytes`
    pub const MIN_BYTES: FieldId = FieldId(6);
    /// `MaxBytes`
    pub const MAX_BYTES: FieldId = FieldId(7);
    /// `IsolationLevel`
    pub const ISOLATION_LEVEL: FieldId = FieldId(8);
    /// `SessionId`
    pub const SESSION_ID: FieldId = FieldId(9);
    /// `SessionEpoch`
    pub const SESSION_EPOCH: FieldId = FieldId(10);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(11);
    /// `Topics.Topic`
    pub const TOPICS__TOPIC: FieldId = FieldId(12);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(13);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(14);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(15);
    /// `Topics.Partitions.CurrentLeaderEpoch`
    pub const TOPICS__PARTITIONS__CURRENT_LEADER_EPOCH: FieldId = FieldId(16);
    /// `Topics.Partitions.FetchOffset`
    pub const TOPICS__PARTITIONS__FETCH_OFFSET: FieldId = FieldId(17);
    /// `Topics.Partitions.LastFetchedEpoch`
    pub const TOPICS__PARTITIONS__LAST_FETCHED_EPOCH: FieldId = FieldId(18);
    /// `Topics.Partitions.LogStartOffset`
    pub const TOPICS__PARTITIONS__LOG_START_OFFSET: FieldId = FieldId(19);
    /// `Topics.Partitions.PartitionMaxBytes`
    pub const TOPICS__PARTITIONS__PARTITION_MAX_BYTES: FieldId = FieldId(20);
    /// `Topics.Partitions.ReplicaDirectoryId`
    pub const TOPICS__PARTITIONS__REPLICA_DIRECTORY_ID: FieldId = FieldId(21);
    /// `Topics.Partitions.HighWatermark`
    pub const TOPICS__PARTITIONS__HIGH_WATERMARK: FieldId = FieldId(22);
    /// `ForgottenTopicsData`
    pub const FORGOTTEN_TOPICS_DATA: FieldId = FieldId(23);
    /// `ForgottenTopicsData.Topic`
    pub const FORGOTTEN_TOPICS_DATA__TOPIC: FieldId = FieldId(24);
    /// `ForgottenTopicsData.TopicId`
    pub const FORGOTTEN_TOPICS_DATA__TOPIC_ID: FieldId = FieldId(25);
    /// `ForgottenTopicsData.Partitions`
    pub const FORGOTTEN_TOPICS_DATA__PARTITIONS: FieldId = FieldId(26);
    /// `RackId`
    pub const RACK_ID: FieldId = FieldId(27);
}
/// Field ids of FetchResponse.
pub mod fetch_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `SessionId`
    pub const SESSION_ID: FieldId = FieldId(2);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(3);
    /// `Responses.Topic`
    pub const RESPONSES__TOPIC: FieldId = FieldId(4);
    /// `Responses.TopicId`
    pub const RESPONSES__TOPIC_ID: FieldId = FieldId(5);
    /// `Responses.Partitions`
    pub const RESPONSES__PARTITIONS: FieldId = FieldId(6);
    /// `Responses.Partitions.PartitionIndex`
    pub const RESPONSES__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Responses.Partitions.ErrorCode`
    pub const RESPONSES__PARTITIONS__ERROR_CODE: FieldId = FieldId(8);
    /// `Responses.Partitions.HighWatermark`
    pub const RESPONSES__PARTITIONS__HIGH_WATERMARK: FieldId = FieldId(9);
    /// `Responses.Partitions.LastStableOffset`
    pub const RESPONSES__PARTITIONS__LAST_STABLE_OFFSET: FieldId = FieldId(10);
    /// `Responses.Partitions.LogStartOffset`
    pub const RESPONSES__PARTITIONS__LOG_START_OFFSET: FieldId = FieldId(11);
    /// `Responses.Partitions.DivergingEpoch`
    pub const RESPONSES__PARTITIONS__DIVERGING_EPOCH: FieldId = FieldId(12);
    /// `Responses.Partitions.DivergingEpoch.Epoch`
    pub const RESPONSES__PARTITIONS__DIVERGING_EPOCH__EPOCH: FieldId = FieldId(13);
    /// `Responses.Partitions.DivergingEpoch.EndOffset`
    pub const RESPONSES__PARTITIONS__DIVERGING_EPOCH__END_OFFSET: FieldId = FieldId(14);
    /// `Responses.Partitions.CurrentLeader`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER: FieldId = FieldId(15);
    /// `Responses.Partitions.CurrentLeader.LeaderId`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER__LEADER_ID: FieldId = FieldId(16);
    /// `Responses.Partitions.CurrentLeader.LeaderEpoch`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER__LEADER_EPOCH: FieldId = FieldId(17);
    /// `Responses.Partitions.SnapshotId`
    pub const RESPONSES__PARTITIONS__SNAPSHOT_ID: FieldId = FieldId(18);
    /// `Responses.Partitions.SnapshotId.EndOffset`
    pub const RESPONSES__PARTITIONS__SNAPSHOT_ID__END_OFFSET: FieldId = FieldId(19);
    /// `Responses.Partitions.SnapshotId.Epoch`
    pub const RESPONSES__PARTITIONS__SNAPSHOT_ID__EPOCH: FieldId = FieldId(20);
    /// `Responses.Partitions.AbortedTransactions`
    pub const RESPONSES__PARTITIONS__ABORTED_TRANSACTIONS: FieldId = FieldId(21);
    /// `Responses.Partitions.AbortedTransactions.ProducerId`
    pub const RESPONSES__PARTITIONS__ABORTED_TRANSACTIONS__PRODUCER_ID: FieldId = FieldId(22);
    /// `Responses.Partitions.AbortedTransactions.FirstOffset`
    pub const RESPONSES__PARTITIONS__ABORTED_TRANSACTIONS__FIRST_OFFSET: FieldId = FieldId(23);
    /// `Responses.Partitions.PreferredReadReplica`
    pub const RESPONSES__PARTITIONS__PREFERRED_READ_REPLICA: FieldId = FieldId(24);
    /// `Responses.Partitions.Records`
    pub const RESPONSES__PARTITIONS__RECORDS: FieldId = FieldId(25);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(26);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(27);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(28);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(29);
    /// `NodeEndpoints.Rack`
    pub const NODE_ENDPOINTS__RACK: FieldId = FieldId(30);
}
/// Field ids of ListOffsetsRequest.
pub mod list_offsets_request {
    use super::FieldId;
    /// `ReplicaId`
    pub const REPLICA_ID: FieldId = FieldId(0);
    /// `IsolationLevel`
    pub const ISOLATION_LEVEL: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.CurrentLeaderEpoch`
    pub const TOPICS__PARTITIONS__CURRENT_LEADER_EPOCH: FieldId = FieldId(6);
    /// `Topics.Partitions.Timestamp`
    pub const TOPICS__PARTITIONS__TIMESTAMP: FieldId = FieldId(7);
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(8);
}
/// Field ids of ListOffsetsResponse.
pub mod list_offsets_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(5);
    /// `Topics.Partitions.Timestamp`
    pub const TOPICS__PARTITIONS__TIMESTAMP: FieldId = FieldId(6);
    /// `Topics.Partitions.Offset`
    pub const TOPICS__PARTITIONS__OFFSET: FieldId = FieldId(7);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(8);
}
/// Field ids of MetadataRequest.
pub mod metadata_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `AllowAutoTopicCreation`
    pub const ALLOW_AUTO_TOPIC_CREATION: FieldId = FieldId(3);
    /// `IncludeClusterAuthorizedOperations`
    pub const INCLUDE_CLUSTER_AUTHORIZED_OPERATIONS: FieldId = FieldId(4);
    /// `IncludeTopicAuthorizedOperations`
    pub const INCLUDE_TOPIC_AUTHORIZED_OPERATIONS: FieldId = FieldId(5);
}
/// Field ids of MetadataResponse.
pub mod metadata_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Brokers`
    pub const BROKERS: FieldId = FieldId(1);
    /// `Brokers.NodeId`
    pub const BROKERS__NODE_ID: FieldId = FieldId(2);
    /// `Brokers.Host`
    pub const BROKERS__HOST: FieldId = FieldId(3);
    /// `Brokers.Port`
    pub const BROKERS__PORT: FieldId = FieldId(4);
    /// `Brokers.Rack`
    pub const BROKERS__RACK: FieldId = FieldId(5);
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(6);
    /// `ControllerId`
    pub const CONTROLLER_ID: FieldId = FieldId(7);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(8);
    /// `Topics.ErrorCode`
    pub const TOPICS__ERROR_CODE: FieldId = FieldId(9);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(10);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(11);
    /// `Topics.IsInternal`
    pub const TOPICS__IS_INTERNAL: FieldId = FieldId(12);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(13);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(14);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(15);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(16);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(17);
    /// `Topics.Partitions.ReplicaNodes`
    pub const TOPICS__PARTITIONS__REPLICA_NODES: FieldId = FieldId(18);
    /// `Topics.Partitions.IsrNodes`
    pub const TOPICS__PARTITIONS__ISR_NODES: FieldId = FieldId(19);
    /// `Topics.Partitions.OfflineReplicas`
    pub const TOPICS__PARTITIONS__OFFLINE_REPLICAS: FieldId = FieldId(20);
    /// `Topics.TopicAuthorizedOperations`
    pub const TOPICS__TOPIC_AUTHORIZED_OPERATIONS: FieldId = FieldId(21);
    /// `ClusterAuthorizedOperations`
    pub const CLUSTER_AUTHORIZED_OPERATIONS: FieldId = FieldId(22);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(23);
}
/// Field ids of OffsetCommitRequest.
pub mod offset_commit_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `GenerationIdOrMemberEpoch`
    pub const GENERATION_ID_OR_MEMBER_EPOCH: FieldId = FieldId(1);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(2);
    /// `GroupInstanceId`
    pub const GROUP_INSTANCE_ID: FieldId = FieldId(3);
    /// `RetentionTimeMs`
    pub const RETENTION_TIME_MS: FieldId = FieldId(4);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(5);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(6);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(7);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(8);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(9);
    /// `Topics.Partitions.CommittedOffset`
    pub const TOPICS__PARTITIONS__COMMITTED_OFFSET: FieldId = FieldId(10);
    /// `Topics.Partitions.CommittedLeaderEpoch`
    pub const TOPICS__PARTITIONS__COMMITTED_LEADER_EPOCH: FieldId = FieldId(11);
    /// `Topics.Partitions.CommittedMetadata`
    pub const TOPICS__PARTITIONS__COMMITTED_METADATA: FieldId = FieldId(12);
}
/// Field ids of OffsetCommitResponse.
pub mod offset_commit_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
}
/// Field ids of OffsetFetchRequest.
pub mod offset_fetch_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.PartitionIndexes`
    pub const TOPICS__PARTITION_INDEXES: FieldId = FieldId(3);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(4);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(5);
    /// `Groups.MemberId`
    pub const GROUPS__MEMBER_ID: FieldId = FieldId(6);
    /// `Groups.MemberEpoch`
    pub const GROUPS__MEMBER_EPOCH: FieldId = FieldId(7);
    /// `Groups.Topics`
    pub const GROUPS__TOPICS: FieldId = FieldId(8);
    /// `Groups.Topics.Name`
    pub const GROUPS__TOPICS__NAME: FieldId = FieldId(9);
    /// `Groups.Topics.TopicId`
    pub const GROUPS__TOPICS__TOPIC_ID: FieldId = FieldId(10);
    /// `Groups.Topics.PartitionIndexes`
    pub const GROUPS__TOPICS__PARTITION_INDEXES: FieldId = FieldId(11);
    /// `RequireStable`
    pub const REQUIRE_STABLE: FieldId = FieldId(12);
}
/// Field ids of OffsetFetchResponse.
pub mod offset_fetch_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.CommittedOffset`
    pub const TOPICS__PARTITIONS__COMMITTED_OFFSET: FieldId = FieldId(5);
    /// `Topics.Partitions.CommittedLeaderEpoch`
    pub const TOPICS__PARTITIONS__COMMITTED_LEADER_EPOCH: FieldId = FieldId(6);
    /// `Topics.Partitions.Metadata`
    pub const TOPICS__PARTITIONS__METADATA: FieldId = FieldId(7);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(8);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(9);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(10);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(11);
    /// `Groups.Topics`
    pub const GROUPS__TOPICS: FieldId = FieldId(12);
    /// `Groups.Topics.Name`
    pub const GROUPS__TOPICS__NAME: FieldId = FieldId(13);
    /// `Groups.Topics.TopicId`
    pub const GROUPS__TOPICS__TOPIC_ID: FieldId = FieldId(14);
    /// `Groups.Topics.Partitions`
    pub const GROUPS__TOPICS__PARTITIONS: FieldId = FieldId(15);
    /// `Groups.Topics.Partitions.PartitionIndex`
    pub const GROUPS__TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(16);
    /// `Groups.Topics.Partitions.CommittedOffset`
    pub const GROUPS__TOPICS__PARTITIONS__COMMITTED_OFFSET: FieldId = FieldId(17);
    /// `Groups.Topics.Partitions.CommittedLeaderEpoch`
    pub const GROUPS__TOPICS__PARTITIONS__COMMITTED_LEADER_EPOCH: FieldId = FieldId(18);
    /// `Groups.Topics.Partitions.Metadata`
    pub const GROUPS__TOPICS__PARTITIONS__METADATA: FieldId = FieldId(19);
    /// `Groups.Topics.Partitions.ErrorCode`
    pub const GROUPS__TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(20);
    /// `Groups.ErrorCode`
    pub const GROUPS__ERROR_CODE: FieldId = FieldId(21);
}
/// Field ids of FindCoordinatorRequest.
pub mod find_coordinator_request {
    use super::FieldId;
    /// `Key`
    pub const KEY: FieldId = FieldId(0);
    /// `KeyType`
    pub const KEY_TYPE: FieldId = FieldId(1);
    /// `CoordinatorKeys`
    pub const COORDINATOR_KEYS: FieldId = FieldId(2);
}
/// Field ids of FindCoordinatorResponse.
pub mod find_coordinator_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `NodeId`
    pub const NODE_ID: FieldId = FieldId(3);
    /// `Host`
    pub const HOST: FieldId = FieldId(4);
    /// `Port`
    pub const PORT: FieldId = FieldId(5);
    /// `Coordinators`
    pub const COORDINATORS: FieldId = FieldId(6);
    /// `Coordinators.Key`
    pub const COORDINATORS__KEY: FieldId = FieldId(7);
    /// `Coordinators.NodeId`
    pub const COORDINATORS__NODE_ID: FieldId = FieldId(8);
    /// `Coordinators.Host`
    pub const COORDINATORS__HOST: FieldId = FieldId(9);
    /// `Coordinators.Port`
    pub const COORDINATORS__PORT: FieldId = FieldId(10);
    /// `Coordinators.ErrorCode`
    pub const COORDINATORS__ERROR_CODE: FieldId = FieldId(11);
    /// `Coordinators.ErrorMessage`
    pub const COORDINATORS__ERROR_MESSAGE: FieldId = FieldId(12);
}
/// Field ids of JoinGroupRequest.
pub mod join_group_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `SessionTimeoutMs`
    pub const SESSION_TIMEOUT_MS: FieldId = FieldId(1);
    /// `RebalanceTimeoutMs`
    pub const REBALANCE_TIMEOUT_MS: FieldId = FieldId(2);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(3);
    /// `GroupInstanceId`
    pub const GROUP_INSTANCE_ID: FieldId = FieldId(4);
    /// `ProtocolType`
    pub const PROTOCOL_TYPE: FieldId = FieldId(5);
    /// `Protocols`
    pub const PROTOCOLS: FieldId = FieldId(6);
    /// `Protocols.Name`
    pub const PROTOCOLS__NAME: FieldId = FieldId(7);
    /// `Protocols.Metadata`
    pub const PROTOCOLS__METADATA: FieldId = FieldId(8);
    /// `Reason`
    pub const REASON: FieldId = FieldId(9);
}
/// Field ids of JoinGroupResponse.
pub mod join_group_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `GenerationId`
    pub const GENERATION_ID: FieldId = FieldId(2);
    /// `ProtocolType`
    pub const PROTOCOL_TYPE: FieldId = FieldId(3);
    /// `ProtocolName`
    pub const PROTOCOL_NAME: FieldId = FieldId(4);
    /// `Leader`
    pub const LEADER: FieldId = FieldId(5);
    /// `SkipAssignment`
    pub const SKIP_ASSIGNMENT: FieldId = FieldId(6);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(7);
    /// `Members`
    pub const MEMBERS: FieldId = FieldId(8);
    /// `Members.MemberId`
    pub const MEMBERS__MEMBER_ID: FieldId = FieldId(9);
    /// `Members.GroupInstanceId`
    pub const MEMBERS__GROUP_INSTANCE_ID: FieldId = FieldId(10);
    /// `Members.Metadata`
    pub const MEMBERS__METADATA: FieldId = FieldId(11);
}
/// Field ids of HeartbeatRequest.
pub mod heartbeat_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `GenerationId`
    pub const GENERATION_ID: FieldId = FieldId(1);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(2);
    /// `GroupInstanceId`
    pub const GROUP_INSTANCE_ID: FieldId = FieldId(3);
}
/// Field ids of HeartbeatResponse.
pub mod heartbeat_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
}
/// Field ids of LeaveGroupRequest.
pub mod leave_group_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(1);
    /// `Members`
    pub const MEMBERS: FieldId = FieldId(2);
    /// `Members.MemberId`
    pub const MEMBERS__MEMBER_ID: FieldId = FieldId(3);
    /// `Members.GroupInstanceId`
    pub const MEMBERS__GROUP_INSTANCE_ID: FieldId = FieldId(4);
    /// `Members.Reason`
    pub const MEMBERS__REASON: FieldId = FieldId(5);
}
/// Field ids of LeaveGroupResponse.
pub mod leave_group_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `Members`
    pub const MEMBERS: FieldId = FieldId(2);
    /// `Members.MemberId`
    pub const MEMBERS__MEMBER_ID: FieldId = FieldId(3);
    /// `Members.GroupInstanceId`
    pub const MEMBERS__GROUP_INSTANCE_ID: FieldId = FieldId(4);
    /// `Members.ErrorCode`
    pub const MEMBERS__ERROR_CODE: FieldId = FieldId(5);
}
/// Field ids of SyncGroupRequest.
pub mod sync_group_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `GenerationId`
    pub const GENERATION_ID: FieldId = FieldId(1);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(2);
    /// `GroupInstanceId`
    pub const GROUP_INSTANCE_ID: FieldId = FieldId(3);
    /// `ProtocolType`
    pub const PROTOCOL_TYPE: FieldId = FieldId(4);
    /// `ProtocolName`
    pub const PROTOCOL_NAME: FieldId = FieldId(5);
    /// `Assignments`
    pub const ASSIGNMENTS: FieldId = FieldId(6);
    /// `Assignments.MemberId`
    pub const ASSIGNMENTS__MEMBER_ID: FieldId = FieldId(7);
    /// `Assignments.Assignment`
    pub const ASSIGNMENTS__ASSIGNMENT: FieldId = FieldId(8);
}
/// Field ids of SyncGroupResponse.
pub mod sync_group_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ProtocolType`
    pub const PROTOCOL_TYPE: FieldId = FieldId(2);
    /// `ProtocolName`
    pub const PROTOCOL_NAME: FieldId = FieldId(3);
    /// `Assignment`
    pub const ASSIGNMENT: FieldId = FieldId(4);
}
/// Field ids of DescribeGroupsRequest.
pub mod describe_groups_request {
    use super::FieldId;
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(0);
    /// `IncludeAuthorizedOperations`
    pub const INCLUDE_AUTHORIZED_OPERATIONS: FieldId = FieldId(1);
}
/// Field ids of DescribeGroupsResponse.
pub mod describe_groups_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(1);
    /// `Groups.ErrorCode`
    pub const GROUPS__ERROR_CODE: FieldId = FieldId(2);
    /// `Groups.ErrorMessage`
    pub const GROUPS__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(4);
    /// `Groups.GroupState`
    pub const GROUPS__GROUP_STATE: FieldId = FieldId(5);
    /// `Groups.ProtocolType`
    pub const GROUPS__PROTOCOL_TYPE: FieldId = FieldId(6);
    /// `Groups.ProtocolData`
    pub const GROUPS__PROTOCOL_DATA: FieldId = FieldId(7);
    /// `Groups.Members`
    pub const GROUPS__MEMBERS: FieldId = FieldId(8);
    /// `Groups.Members.MemberId`
    pub const GROUPS__MEMBERS__MEMBER_ID: FieldId = FieldId(9);
    /// `Groups.Members.GroupInstanceId`
    pub const GROUPS__MEMBERS__GROUP_INSTANCE_ID: FieldId = FieldId(10);
    /// `Groups.Members.ClientId`
    pub const GROUPS__MEMBERS__CLIENT_ID: FieldId = FieldId(11);
    /// `Groups.Members.ClientHost`
    pub const GROUPS__MEMBERS__CLIENT_HOST: FieldId = FieldId(12);
    /// `Groups.Members.MemberMetadata`
    pub const GROUPS__MEMBERS__MEMBER_METADATA: FieldId = FieldId(13);
    /// `Groups.Members.MemberAssignment`
    pub const GROUPS__MEMBERS__MEMBER_ASSIGNMENT: FieldId = FieldId(14);
    /// `Groups.AuthorizedOperations`
    pub const GROUPS__AUTHORIZED_OPERATIONS: FieldId = FieldId(15);
}
/// Field ids of ListGroupsRequest.
pub mod list_groups_request {
    use super::FieldId;
    /// `StatesFilter`
    pub const STATES_FILTER: FieldId = FieldId(0);
    /// `TypesFilter`
    pub const TYPES_FILTER: FieldId = FieldId(1);
}
/// Field ids of ListGroupsResponse.
pub mod list_groups_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(2);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(3);
    /// `Groups.ProtocolType`
    pub const GROUPS__PROTOCOL_TYPE: FieldId = FieldId(4);
    /// `Groups.GroupState`
    pub const GROUPS__GROUP_STATE: FieldId = FieldId(5);
    /// `Groups.GroupType`
    pub const GROUPS__GROUP_TYPE: FieldId = FieldId(6);
}
/// Field ids of SaslHandshakeRequest.
pub mod sasl_handshake_request {
    use super::FieldId;
    /// `Mechanism`
    pub const MECHANISM: FieldId = FieldId(0);
}
/// Field ids of SaslHandshakeResponse.
pub mod sasl_handshake_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `Mechanisms`
    pub const MECHANISMS: FieldId = FieldId(1);
}
/// Field ids of ApiVersionsRequest.
pub mod api_versions_request {
    use super::FieldId;
    /// `ClientSoftwareName`
    pub const CLIENT_SOFTWARE_NAME: FieldId = FieldId(0);
    /// `ClientSoftwareVersion`
    pub const CLIENT_SOFTWARE_VERSION: FieldId = FieldId(1);
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(2);
    /// `NodeId`
    pub const NODE_ID: FieldId = FieldId(3);
}
/// Field ids of ApiVersionsResponse.
pub mod api_versions_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `ApiKeys`
    pub const API_KEYS: FieldId = FieldId(1);
    /// `ApiKeys.ApiKey`
    pub const API_KEYS__API_KEY: FieldId = FieldId(2);
    /// `ApiKeys.MinVersion`
    pub const API_KEYS__MIN_VERSION: FieldId = FieldId(3);
    /// `ApiKeys.MaxVersion`
    pub const API_KEYS__MAX_VERSION: FieldId = FieldId(4);
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(5);
    /// `SupportedFeatures`
    pub const SUPPORTED_FEATURES: FieldId = FieldId(6);
    /// `SupportedFeatures.Name`
    pub const SUPPORTED_FEATURES__NAME: FieldId = FieldId(7);
    /// `SupportedFeatures.MinVersion`
    pub const SUPPORTED_FEATURES__MIN_VERSION: FieldId = FieldId(8);
    /// `SupportedFeatures.MaxVersion`
    pub const SUPPORTED_FEATURES__MAX_VERSION: FieldId = FieldId(9);
    /// `FinalizedFeaturesEpoch`
    pub const FINALIZED_FEATURES_EPOCH: FieldId = FieldId(10);
    /// `FinalizedFeatures`
    pub const FINALIZED_FEATURES: FieldId = FieldId(11);
    /// `FinalizedFeatures.Name`
    pub const FINALIZED_FEATURES__NAME: FieldId = FieldId(12);
    /// `FinalizedFeatures.MaxVersionLevel`
    pub const FINALIZED_FEATURES__MAX_VERSION_LEVEL: FieldId = FieldId(13);
    /// `FinalizedFeatures.MinVersionLevel`
    pub const FINALIZED_FEATURES__MIN_VERSION_LEVEL: FieldId = FieldId(14);
    /// `ZkMigrationReady`
    pub const ZK_MIGRATION_READY: FieldId = FieldId(15);
}
/// Field ids of CreateTopicsRequest.
pub mod create_topics_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(1);
    /// `Topics.NumPartitions`
    pub const TOPICS__NUM_PARTITIONS: FieldId = FieldId(2);
    /// `Topics.ReplicationFactor`
    pub const TOPICS__REPLICATION_FACTOR: FieldId = FieldId(3);
    /// `Topics.Assignments`
    pub const TOPICS__ASSIGNMENTS: FieldId = FieldId(4);
    /// `Topics.Assignments.PartitionIndex`
    pub const TOPICS__ASSIGNMENTS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Assignments.BrokerIds`
    pub const TOPICS__ASSIGNMENTS__BROKER_IDS: FieldId = FieldId(6);
    /// `Topics.Configs`
    pub const TOPICS__CONFIGS: FieldId = FieldId(7);
    /// `Topics.Configs.Name`
    pub const TOPICS__CONFIGS__NAME: FieldId = FieldId(8);
    /// `Topics.Configs.Value`
    pub const TOPICS__CONFIGS__VALUE: FieldId = FieldId(9);
    /// `timeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(10);
    /// `validateOnly`
    pub const VALIDATE_ONLY: FieldId = FieldId(11);
}
/// Field ids of CreateTopicsResponse.
pub mod create_topics_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(3);
    /// `Topics.ErrorCode`
    pub const TOPICS__ERROR_CODE: FieldId = FieldId(4);
    /// `Topics.ErrorMessage`
    pub const TOPICS__ERROR_MESSAGE: FieldId = FieldId(5);
    /// `Topics.TopicConfigErrorCode`
    pub const TOPICS__TOPIC_CONFIG_ERROR_CODE: FieldId = FieldId(6);
    /// `Topics.NumPartitions`
    pub const TOPICS__NUM_PARTITIONS: FieldId = FieldId(7);
    /// `Topics.ReplicationFactor`
    pub const TOPICS__REPLICATION_FACTOR: FieldId = FieldId(8);
    /// `Topics.Configs`
    pub const TOPICS__CONFIGS: FieldId = FieldId(9);
    /// `Topics.Configs.Name`
    pub const TOPICS__CONFIGS__NAME: FieldId = FieldId(10);
    /// `Topics.Configs.Value`
    pub const TOPICS__CONFIGS__VALUE: FieldId = FieldId(11);
    /// `Topics.Configs.ReadOnly`
    pub const TOPICS__CONFIGS__READ_ONLY: FieldId = FieldId(12);
    /// `Topics.Configs.ConfigSource`
    pub const TOPICS__CONFIGS__CONFIG_SOURCE: FieldId = FieldId(13);
    /// `Topics.Configs.IsSensitive`
    pub const TOPICS__CONFIGS__IS_SENSITIVE: FieldId = FieldId(14);
}
/// Field ids of DeleteTopicsRequest.
pub mod delete_topics_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(1);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(2);
    /// `TopicNames`
    pub const TOPIC_NAMES: FieldId = FieldId(3);
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(4);
}
/// Field ids of DeleteTopicsResponse.
pub mod delete_topics_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(1);
    /// `Responses.Name`
    pub const RESPONSES__NAME: FieldId = FieldId(2);
    /// `Responses.TopicId`
    pub const RESPONSES__TOPIC_ID: FieldId = FieldId(3);
    /// `Responses.ErrorCode`
    pub const RESPONSES__ERROR_CODE: FieldId = FieldId(4);
    /// `Responses.ErrorMessage`
    pub const RESPONSES__ERROR_MESSAGE: FieldId = FieldId(5);
}
/// Field ids of DeleteRecordsRequest.
pub mod delete_records_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(1);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(2);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(3);
    /// `Topics.Partitions.Offset`
    pub const TOPICS__PARTITIONS__OFFSET: FieldId = FieldId(4);
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(5);
}
/// Field ids of DeleteRecordsResponse.
pub mod delete_records_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.LowWatermark`
    pub const TOPICS__PARTITIONS__LOW_WATERMARK: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
}
/// Field ids of InitProducerIdRequest.
pub mod init_producer_id_request {
    use super::FieldId;
    /// `TransactionalId`
    pub const TRANSACTIONAL_ID: FieldId = FieldId(0);
    /// `TransactionTimeoutMs`
    pub const TRANSACTION_TIMEOUT_MS: FieldId = FieldId(1);
    /// `ProducerId`
    pub const PRODUCER_ID: FieldId = FieldId(2);
    /// `ProducerEpoch`
    pub const PRODUCER_EPOCH: FieldId = FieldId(3);
    /// `Enable2Pc`
    pub const ENABLE2_PC: FieldId = FieldId(4);
    /// `KeepPreparedTxn`
    pub const KEEP_PREPARED_TXN: FieldId = FieldId(5);
}
/// Field ids of InitProducerIdResponse.
pub mod init_producer_id_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ProducerId`
    pub const PRODUCER_ID: FieldId = FieldId(2);
    /// `ProducerEpoch`
    pub const PRODUCER_EPOCH: FieldId = FieldId(3);
    /// `OngoingTxnProducerId`
    pub const ONGOING_TXN_PRODUCER_ID: FieldId = FieldId(4);
    /// `OngoingTxnProducerEpoch`
    pub const ONGOING_TXN_PRODUCER_EPOCH: FieldId = FieldId(5);
}
/// Field ids of OffsetForLeaderEpochRequest.
pub mod offset_for_leader_epoch_request {
    use super::FieldId;
    /// `ReplicaId`
    pub const REPLICA_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Topic`
    pub const TOPICS__TOPIC: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(4);
    /// `Topics.Partitions.CurrentLeaderEpoch`
    pub const TOPICS__PARTITIONS__CURRENT_LEADER_EPOCH: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(6);
}
/// Field ids of OffsetForLeaderEpochResponse.
pub mod offset_for_leader_epoch_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Topic`
    pub const TOPICS__TOPIC: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(4);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(6);
    /// `Topics.Partitions.EndOffset`
    pub const TOPICS__PARTITIONS__END_OFFSET: FieldId = FieldId(7);
}
/// Field ids of AddPartitionsToTxnRequest.
pub mod add_partitions_to_txn_request {
    use super::FieldId;
    /// `Transactions`
    pub const TRANSACTIONS: FieldId = FieldId(0);
    /// `Transactions.TransactionalId`
    pub const TRANSACTIONS__TRANSACTIONAL_ID: FieldId = FieldId(1);
    /// `Transactions.ProducerId`
    pub const TRANSACTIONS__PRODUCER_ID: FieldId = FieldId(2);
    /// `Transactions.ProducerEpoch`
    pub const TRANSACTIONS__PRODUCER_EPOCH: FieldId = FieldId(3);
    /// `Transactions.VerifyOnly`
    pub const TRANSACTIONS__VERIFY_ONLY: FieldId = FieldId(4);
    /// `Transactions.Topics`
    pub const TRANSACTIONS__TOPICS: FieldId = FieldId(5);
    /// `Transactions.Topics.Name`
    pub const TRANSACTIONS__TOPICS__NAME: FieldId = FieldId(6);
    /// `Transactions.Topics.Partitions`
    pub const TRANSACTIONS__TOPICS__PARTITIONS: FieldId = FieldId(7);
    /// `V3AndBelowTransactionalId`
    pub const V3_AND_BELOW_TRANSACTIONAL_ID: FieldId = FieldId(8);
    /// `V3AndBelowProducerId`
    pub const V3_AND_BELOW_PRODUCER_ID: FieldId = FieldId(9);
    /// `V3AndBelowProducerEpoch`
    pub const V3_AND_BELOW_PRODUCER_EPOCH: FieldId = FieldId(10);
    /// `V3AndBelowTopics`
    pub const V3_AND_BELOW_TOPICS: FieldId = FieldId(11);
    /// `V3AndBelowTopics.Name`
    pub const V3_AND_BELOW_TOPICS__NAME: FieldId = FieldId(12);
    /// `V3AndBelowTopics.Partitions`
    pub const V3_AND_BELOW_TOPICS__PARTITIONS: FieldId = FieldId(13);
}
/// Field ids of AddPartitionsToTxnResponse.
pub mod add_partitions_to_txn_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ResultsByTransaction`
    pub const RESULTS_BY_TRANSACTION: FieldId = FieldId(2);
    /// `ResultsByTransaction.TransactionalId`
    pub const RESULTS_BY_TRANSACTION__TRANSACTIONAL_ID: FieldId = FieldId(3);
    /// `ResultsByTransaction.TopicResults`
    pub const RESULTS_BY_TRANSACTION__TOPIC_RESULTS: FieldId = FieldId(4);
    /// `ResultsByTransaction.TopicResults.Name`
    pub const RESULTS_BY_TRANSACTION__TOPIC_RESULTS__NAME: FieldId = FieldId(5);
    /// `ResultsByTransaction.TopicResults.ResultsByPartition`
    pub const RESULTS_BY_TRANSACTION__TOPIC_RESULTS__RESULTS_BY_PARTITION: FieldId = FieldId(6);
    /// `ResultsByTransaction.TopicResults.ResultsByPartition.PartitionIndex`
    pub const RESULTS_BY_TRANSACTION__TOPIC_RESULTS__RESULTS_BY_PARTITION__PARTITION_INDEX: FieldId = FieldId(7);
    /// `ResultsByTransaction.TopicResults.ResultsByPartition.PartitionErrorCode`
    pub const RESULTS_BY_TRANSACTION__TOPIC_RESULTS__RESULTS_BY_PARTITION__PARTITION_ERROR_CODE: FieldId = FieldId(8);
    /// `ResultsByTopicV3AndBelow`
    pub const RESULTS_BY_TOPIC_V3_AND_BELOW: FieldId = FieldId(9);
    /// `ResultsByTopicV3AndBelow.Name`
    pub const RESULTS_BY_TOPIC_V3_AND_BELOW__NAME: FieldId = FieldId(10);
    /// `ResultsByTopicV3AndBelow.ResultsByPartition`
    pub const RESULTS_BY_TOPIC_V3_AND_BELOW__RESULTS_BY_PARTITION: FieldId = FieldId(11);
    /// `ResultsByTopicV3AndBelow.ResultsByPartition.PartitionIndex`
    pub const RESULTS_BY_TOPIC_V3_AND_BELOW__RESULTS_BY_PARTITION__PARTITION_INDEX: FieldId = FieldId(12);
    /// `ResultsByTopicV3AndBelow.ResultsByPartition.PartitionErrorCode`
    pub const RESULTS_BY_TOPIC_V3_AND_BELOW__RESULTS_BY_PARTITION__PARTITION_ERROR_CODE: FieldId = FieldId(13);
}
/// Field ids of AddOffsetsToTxnRequest.
pub mod add_offsets_to_txn_request {
    use super::FieldId;
    /// `TransactionalId`
    pub const TRANSACTIONAL_ID: FieldId = FieldId(0);
    /// `ProducerId`
    pub const PRODUCER_ID: FieldId = FieldId(1);
    /// `ProducerEpoch`
    pub const PRODUCER_EPOCH: FieldId = FieldId(2);
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(3);
}
/// Field ids of AddOffsetsToTxnResponse.
pub mod add_offsets_to_txn_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
}
/// Field ids of EndTxnRequest.
pub mod end_txn_request {
    use super::FieldId;
    /// `TransactionalId`
    pub const TRANSACTIONAL_ID: FieldId = FieldId(0);
    /// `ProducerId`
    pub const PRODUCER_ID: FieldId = FieldId(1);
    /// `ProducerEpoch`
    pub const PRODUCER_EPOCH: FieldId = FieldId(2);
    /// `Committed`
    pub const COMMITTED: FieldId = FieldId(3);
}
/// Field ids of EndTxnResponse.
pub mod end_txn_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ProducerId`
    pub const PRODUCER_ID: FieldId = FieldId(2);
    /// `ProducerEpoch`
    pub const PRODUCER_EPOCH: FieldId = FieldId(3);
}
/// Field ids of WriteTxnMarkersRequest.
pub mod write_txn_markers_request {
    use super::FieldId;
    /// `Markers`
    pub const MARKERS: FieldId = FieldId(0);
    /// `Markers.ProducerId`
    pub const MARKERS__PRODUCER_ID: FieldId = FieldId(1);
    /// `Markers.ProducerEpoch`
    pub const MARKERS__PRODUCER_EPOCH: FieldId = FieldId(2);
    /// `Markers.TransactionResult`
    pub const MARKERS__TRANSACTION_RESULT: FieldId = FieldId(3);
    /// `Markers.Topics`
    pub const MARKERS__TOPICS: FieldId = FieldId(4);
    /// `Markers.Topics.Name`
    pub const MARKERS__TOPICS__NAME: FieldId = FieldId(5);
    /// `Markers.Topics.PartitionIndexes`
    pub const MARKERS__TOPICS__PARTITION_INDEXES: FieldId = FieldId(6);
    /// `Markers.CoordinatorEpoch`
    pub const MARKERS__COORDINATOR_EPOCH: FieldId = FieldId(7);
    /// `Markers.TransactionVersion`
    pub const MARKERS__TRANSACTION_VERSION: FieldId = FieldId(8);
}
/// Field ids of WriteTxnMarkersResponse.
pub mod write_txn_markers_response {
    use super::FieldId;
    /// `Markers`
    pub const MARKERS: FieldId = FieldId(0);
    /// `Markers.ProducerId`
    pub const MARKERS__PRODUCER_ID: FieldId = FieldId(1);
    /// `Markers.Topics`
    pub const MARKERS__TOPICS: FieldId = FieldId(2);
    /// `Markers.Topics.Name`
    pub const MARKERS__TOPICS__NAME: FieldId = FieldId(3);
    /// `Markers.Topics.Partitions`
    pub const MARKERS__TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Markers.Topics.Partitions.PartitionIndex`
    pub const MARKERS__TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Markers.Topics.Partitions.ErrorCode`
    pub const MARKERS__TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
}
/// Field ids of TxnOffsetCommitRequest.
pub mod txn_offset_commit_request {
    use super::FieldId;
    /// `TransactionalId`
    pub const TRANSACTIONAL_ID: FieldId = FieldId(0);
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(1);
    /// `ProducerId`
    pub const PRODUCER_ID: FieldId = FieldId(2);
    /// `ProducerEpoch`
    pub const PRODUCER_EPOCH: FieldId = FieldId(3);
    /// `GenerationIdOrMemberEpoch`
    pub const GENERATION_ID_OR_MEMBER_EPOCH: FieldId = FieldId(4);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(5);
    /// `GroupInstanceId`
    pub const GROUP_INSTANCE_ID: FieldId = FieldId(6);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(7);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(8);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(9);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(10);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(11);
    /// `Topics.Partitions.CommittedOffset`
    pub const TOPICS__PARTITIONS__COMMITTED_OFFSET: FieldId = FieldId(12);
    /// `Topics.Partitions.CommittedLeaderEpoch`
    pub const TOPICS__PARTITIONS__COMMITTED_LEADER_EPOCH: FieldId = FieldId(13);
    /// `Topics.Partitions.CommittedMetadata`
    pub const TOPICS__PARTITIONS__COMMITTED_METADATA: FieldId = FieldId(14);
}
/// Field ids of TxnOffsetCommitResponse.
pub mod txn_offset_commit_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
}
/// Field ids of DescribeAclsRequest.
pub mod describe_acls_request {
    use super::FieldId;
    /// `ResourceTypeFilter`
    pub const RESOURCE_TYPE_FILTER: FieldId = FieldId(0);
    /// `ResourceNameFilter`
    pub const RESOURCE_NAME_FILTER: FieldId = FieldId(1);
    /// `PatternTypeFilter`
    pub const PATTERN_TYPE_FILTER: FieldId = FieldId(2);
    /// `PrincipalFilter`
    pub const PRINCIPAL_FILTER: FieldId = FieldId(3);
    /// `HostFilter`
    pub const HOST_FILTER: FieldId = FieldId(4);
    /// `Operation`
    pub const OPERATION: FieldId = FieldId(5);
    /// `PermissionType`
    pub const PERMISSION_TYPE: FieldId = FieldId(6);
}
/// Field ids of DescribeAclsResponse.
pub mod describe_acls_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `Resources`
    pub const RESOURCES: FieldId = FieldId(3);
    /// `Resources.ResourceType`
    pub const RESOURCES__RESOURCE_TYPE: FieldId = FieldId(4);
    /// `Resources.ResourceName`
    pub const RESOURCES__RESOURCE_NAME: FieldId = FieldId(5);
    /// `Resources.PatternType`
    pub const RESOURCES__PATTERN_TYPE: FieldId = FieldId(6);
    /// `Resources.Acls`
    pub const RESOURCES__ACLS: FieldId = FieldId(7);
    /// `Resources.Acls.Principal`
    pub const RESOURCES__ACLS__PRINCIPAL: FieldId = FieldId(8);
    /// `Resources.Acls.Host`
    pub const RESOURCES__ACLS__HOST: FieldId = FieldId(9);
    /// `Resources.Acls.Operation`
    pub const RESOURCES__ACLS__OPERATION: FieldId = FieldId(10);
    /// `Resources.Acls.PermissionType`
    pub const RESOURCES__ACLS__PERMISSION_TYPE: FieldId = FieldId(11);
}
/// Field ids of CreateAclsRequest.
pub mod create_acls_request {
    use super::FieldId;
    /// `Creations`
    pub const CREATIONS: FieldId = FieldId(0);
    /// `Creations.ResourceType`
    pub const CREATIONS__RESOURCE_TYPE: FieldId = FieldId(1);
    /// `Creations.ResourceName`
    pub const CREATIONS__RESOURCE_NAME: FieldId = FieldId(2);
    /// `Creations.ResourcePatternType`
    pub const CREATIONS__RESOURCE_PATTERN_TYPE: FieldId = FieldId(3);
    /// `Creations.Principal`
    pub const CREATIONS__PRINCIPAL: FieldId = FieldId(4);
    /// `Creations.Host`
    pub const CREATIONS__HOST: FieldId = FieldId(5);
    /// `Creations.Operation`
    pub const CREATIONS__OPERATION: FieldId = FieldId(6);
    /// `Creations.PermissionType`
    pub const CREATIONS__PERMISSION_TYPE: FieldId = FieldId(7);
}
/// Field ids of CreateAclsResponse.
pub mod create_acls_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(1);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(2);
    /// `Results.ErrorMessage`
    pub const RESULTS__ERROR_MESSAGE: FieldId = FieldId(3);
}
/// Field ids of DeleteAclsRequest.
pub mod delete_acls_request {
    use super::FieldId;
    /// `Filters`
    pub const FILTERS: FieldId = FieldId(0);
    /// `Filters.ResourceTypeFilter`
    pub const FILTERS__RESOURCE_TYPE_FILTER: FieldId = FieldId(1);
    /// `Filters.ResourceNameFilter`
    pub const FILTERS__RESOURCE_NAME_FILTER: FieldId = FieldId(2);
    /// `Filters.PatternTypeFilter`
    pub const FILTERS__PATTERN_TYPE_FILTER: FieldId = FieldId(3);
    /// `Filters.PrincipalFilter`
    pub const FILTERS__PRINCIPAL_FILTER: FieldId = FieldId(4);
    /// `Filters.HostFilter`
    pub const FILTERS__HOST_FILTER: FieldId = FieldId(5);
    /// `Filters.Operation`
    pub const FILTERS__OPERATION: FieldId = FieldId(6);
    /// `Filters.PermissionType`
    pub const FILTERS__PERMISSION_TYPE: FieldId = FieldId(7);
}
/// Field ids of DeleteAclsResponse.
pub mod delete_acls_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `FilterResults`
    pub const FILTER_RESULTS: FieldId = FieldId(1);
    /// `FilterResults.ErrorCode`
    pub const FILTER_RESULTS__ERROR_CODE: FieldId = FieldId(2);
    /// `FilterResults.ErrorMessage`
    pub const FILTER_RESULTS__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `FilterResults.MatchingAcls`
    pub const FILTER_RESULTS__MATCHING_ACLS: FieldId = FieldId(4);
    /// `FilterResults.MatchingAcls.ErrorCode`
    pub const FILTER_RESULTS__MATCHING_ACLS__ERROR_CODE: FieldId = FieldId(5);
    /// `FilterResults.MatchingAcls.ErrorMessage`
    pub const FILTER_RESULTS__MATCHING_ACLS__ERROR_MESSAGE: FieldId = FieldId(6);
    /// `FilterResults.MatchingAcls.ResourceType`
    pub const FILTER_RESULTS__MATCHING_ACLS__RESOURCE_TYPE: FieldId = FieldId(7);
    /// `FilterResults.MatchingAcls.ResourceName`
    pub const FILTER_RESULTS__MATCHING_ACLS__RESOURCE_NAME: FieldId = FieldId(8);
    /// `FilterResults.MatchingAcls.PatternType`
    pub const FILTER_RESULTS__MATCHING_ACLS__PATTERN_TYPE: FieldId = FieldId(9);
    /// `FilterResults.MatchingAcls.Principal`
    pub const FILTER_RESULTS__MATCHING_ACLS__PRINCIPAL: FieldId = FieldId(10);
    /// `FilterResults.MatchingAcls.Host`
    pub const FILTER_RESULTS__MATCHING_ACLS__HOST: FieldId = FieldId(11);
    /// `FilterResults.MatchingAcls.Operation`
    pub const FILTER_RESULTS__MATCHING_ACLS__OPERATION: FieldId = FieldId(12);
    /// `FilterResults.MatchingAcls.PermissionType`
    pub const FILTER_RESULTS__MATCHING_ACLS__PERMISSION_TYPE: FieldId = FieldId(13);
}
/// Field ids of DescribeConfigsRequest.
pub mod describe_configs_request {
    use super::FieldId;
    /// `Resources`
    pub const RESOURCES: FieldId = FieldId(0);
    /// `Resources.ResourceType`
    pub const RESOURCES__RESOURCE_TYPE: FieldId = FieldId(1);
    /// `Resources.ResourceName`
    pub const RESOURCES__RESOURCE_NAME: FieldId = FieldId(2);
    /// `Resources.ConfigurationKeys`
    pub const RESOURCES__CONFIGURATION_KEYS: FieldId = FieldId(3);
    /// `IncludeSynonyms`
    pub const INCLUDE_SYNONYMS: FieldId = FieldId(4);
    /// `IncludeDocumentation`
    pub const INCLUDE_DOCUMENTATION: FieldId = FieldId(5);
}
/// Field ids of DescribeConfigsResponse.
pub mod describe_configs_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(1);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(2);
    /// `Results.ErrorMessage`
    pub const RESULTS__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Results.ResourceType`
    pub const RESULTS__RESOURCE_TYPE: FieldId = FieldId(4);
    /// `Results.ResourceName`
    pub const RESULTS__RESOURCE_NAME: FieldId = FieldId(5);
    /// `Results.Configs`
    pub const RESULTS__CONFIGS: FieldId = FieldId(6);
    /// `Results.Configs.Name`
    pub const RESULTS__CONFIGS__NAME: FieldId = FieldId(7);
    /// `Results.Configs.Value`
    pub const RESULTS__CONFIGS__VALUE: FieldId = FieldId(8);
    /// `Results.Configs.ReadOnly`
    pub const RESULTS__CONFIGS__READ_ONLY: FieldId = FieldId(9);
    /// `Results.Configs.ConfigSource`
    pub const RESULTS__CONFIGS__CONFIG_SOURCE: FieldId = FieldId(10);
    /// `Results.Configs.IsSensitive`
    pub const RESULTS__CONFIGS__IS_SENSITIVE: FieldId = FieldId(11);
    /// `Results.Configs.Synonyms`
    pub const RESULTS__CONFIGS__SYNONYMS: FieldId = FieldId(12);
    /// `Results.Configs.Synonyms.Name`
    pub const RESULTS__CONFIGS__SYNONYMS__NAME: FieldId = FieldId(13);
    /// `Results.Configs.Synonyms.Value`
    pub const RESULTS__CONFIGS__SYNONYMS__VALUE: FieldId = FieldId(14);
    /// `Results.Configs.Synonyms.Source`
    pub const RESULTS__CONFIGS__SYNONYMS__SOURCE: FieldId = FieldId(15);
    /// `Results.Configs.ConfigType`
    pub const RESULTS__CONFIGS__CONFIG_TYPE: FieldId = FieldId(16);
    /// `Results.Configs.Documentation`
    pub const RESULTS__CONFIGS__DOCUMENTATION: FieldId = FieldId(17);
}
/// Field ids of AlterConfigsRequest.
pub mod alter_configs_request {
    use super::FieldId;
    /// `Resources`
    pub const RESOURCES: FieldId = FieldId(0);
    /// `Resources.ResourceType`
    pub const RESOURCES__RESOURCE_TYPE: FieldId = FieldId(1);
    /// `Resources.ResourceName`
    pub const RESOURCES__RESOURCE_NAME: FieldId = FieldId(2);
    /// `Resources.Configs`
    pub const RESOURCES__CONFIGS: FieldId = FieldId(3);
    /// `Resources.Configs.Name`
    pub const RESOURCES__CONFIGS__NAME: FieldId = FieldId(4);
    /// `Resources.Configs.Value`
    pub const RESOURCES__CONFIGS__VALUE: FieldId = FieldId(5);
    /// `ValidateOnly`
    pub const VALIDATE_ONLY: FieldId = FieldId(6);
}
/// Field ids of AlterConfigsResponse.
pub mod alter_configs_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(1);
    /// `Responses.ErrorCode`
    pub const RESPONSES__ERROR_CODE: FieldId = FieldId(2);
    /// `Responses.ErrorMessage`
    pub const RESPONSES__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Responses.ResourceType`
    pub const RESPONSES__RESOURCE_TYPE: FieldId = FieldId(4);
    /// `Responses.ResourceName`
    pub const RESPONSES__RESOURCE_NAME: FieldId = FieldId(5);
}
/// Field ids of AlterReplicaLogDirsRequest.
pub mod alter_replica_log_dirs_request {
    use super::FieldId;
    /// `Dirs`
    pub const DIRS: FieldId = FieldId(0);
    /// `Dirs.Path`
    pub const DIRS__PATH: FieldId = FieldId(1);
    /// `Dirs.Topics`
    pub const DIRS__TOPICS: FieldId = FieldId(2);
    /// `Dirs.Topics.Name`
    pub const DIRS__TOPICS__NAME: FieldId = FieldId(3);
    /// `Dirs.Topics.Partitions`
    pub const DIRS__TOPICS__PARTITIONS: FieldId = FieldId(4);
}
/// Field ids of AlterReplicaLogDirsResponse.
pub mod alter_replica_log_dirs_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(1);
    /// `Results.TopicName`
    pub const RESULTS__TOPIC_NAME: FieldId = FieldId(2);
    /// `Results.Partitions`
    pub const RESULTS__PARTITIONS: FieldId = FieldId(3);
    /// `Results.Partitions.PartitionIndex`
    pub const RESULTS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Results.Partitions.ErrorCode`
    pub const RESULTS__PARTITIONS__ERROR_CODE: FieldId = FieldId(5);
}
/// Field ids of DescribeLogDirsRequest.
pub mod describe_log_dirs_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.Topic`
    pub const TOPICS__TOPIC: FieldId = FieldId(1);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(2);
}
/// Field ids of DescribeLogDirsResponse.
pub mod describe_log_dirs_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(2);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(3);
    /// `Results.LogDir`
    pub const RESULTS__LOG_DIR: FieldId = FieldId(4);
    /// `Results.Topics`
    pub const RESULTS__TOPICS: FieldId = FieldId(5);
    /// `Results.Topics.Name`
    pub const RESULTS__TOPICS__NAME: FieldId = FieldId(6);
    /// `Results.Topics.Partitions`
    pub const RESULTS__TOPICS__PARTITIONS: FieldId = FieldId(7);
    /// `Results.Topics.Partitions.PartitionIndex`
    pub const RESULTS__TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(8);
    /// `Results.Topics.Partitions.PartitionSize`
    pub const RESULTS__TOPICS__PARTITIONS__PARTITION_SIZE: FieldId = FieldId(9);
    /// `Results.Topics.Partitions.OffsetLag`
    pub const RESULTS__TOPICS__PARTITIONS__OFFSET_LAG: FieldId = FieldId(10);
    /// `Results.Topics.Partitions.IsFutureKey`
    pub const RESULTS__TOPICS__PARTITIONS__IS_FUTURE_KEY: FieldId = FieldId(11);
    /// `Results.TotalBytes`
    pub const RESULTS__TOTAL_BYTES: FieldId = FieldId(12);
    /// `Results.UsableBytes`
    pub const RESULTS__USABLE_BYTES: FieldId = FieldId(13);
    /// `Results.IsCordoned`
    pub const RESULTS__IS_CORDONED: FieldId = FieldId(14);
}
/// Field ids of SaslAuthenticateRequest.
pub mod sasl_authenticate_request {
    use super::FieldId;
    /// `AuthBytes`
    pub const AUTH_BYTES: FieldId = FieldId(0);
}
/// Field ids of SaslAuthenticateResponse.
pub mod sasl_authenticate_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(1);
    /// `AuthBytes`
    pub const AUTH_BYTES: FieldId = FieldId(2);
    /// `SessionLifetimeMs`
    pub const SESSION_LIFETIME_MS: FieldId = FieldId(3);
}
/// Field ids of CreatePartitionsRequest.
pub mod create_partitions_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(1);
    /// `Topics.Count`
    pub const TOPICS__COUNT: FieldId = FieldId(2);
    /// `Topics.Assignments`
    pub const TOPICS__ASSIGNMENTS: FieldId = FieldId(3);
    /// `Topics.Assignments.BrokerIds`
    pub const TOPICS__ASSIGNMENTS__BROKER_IDS: FieldId = FieldId(4);
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(5);
    /// `ValidateOnly`
    pub const VALIDATE_ONLY: FieldId = FieldId(6);
}
/// Field ids of CreatePartitionsResponse.
pub mod create_partitions_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(1);
    /// `Results.Name`
    pub const RESULTS__NAME: FieldId = FieldId(2);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(3);
    /// `Results.ErrorMessage`
    pub const RESULTS__ERROR_MESSAGE: FieldId = FieldId(4);
}
/// Field ids of CreateDelegationTokenRequest.
pub mod create_delegation_token_request {
    use super::FieldId;
    /// `OwnerPrincipalType`
    pub const OWNER_PRINCIPAL_TYPE: FieldId = FieldId(0);
    /// `OwnerPrincipalName`
    pub const OWNER_PRINCIPAL_NAME: FieldId = FieldId(1);
    /// `Renewers`
    pub const RENEWERS: FieldId = FieldId(2);
    /// `Renewers.PrincipalType`
    pub const RENEWERS__PRINCIPAL_TYPE: FieldId = FieldId(3);
    /// `Renewers.PrincipalName`
    pub const RENEWERS__PRINCIPAL_NAME: FieldId = FieldId(4);
    /// `MaxLifetimeMs`
    pub const MAX_LIFETIME_MS: FieldId = FieldId(5);
}
/// Field ids of CreateDelegationTokenResponse.
pub mod create_delegation_token_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `PrincipalType`
    pub const PRINCIPAL_TYPE: FieldId = FieldId(1);
    /// `PrincipalName`
    pub const PRINCIPAL_NAME: FieldId = FieldId(2);
    /// `TokenRequesterPrincipalType`
    pub const TOKEN_REQUESTER_PRINCIPAL_TYPE: FieldId = FieldId(3);
    /// `TokenRequesterPrincipalName`
    pub const TOKEN_REQUESTER_PRINCIPAL_NAME: FieldId = FieldId(4);
    /// `IssueTimestampMs`
    pub const ISSUE_TIMESTAMP_MS: FieldId = FieldId(5);
    /// `ExpiryTimestampMs`
    pub const EXPIRY_TIMESTAMP_MS: FieldId = FieldId(6);
    /// `MaxTimestampMs`
    pub const MAX_TIMESTAMP_MS: FieldId = FieldId(7);
    /// `TokenId`
    pub const TOKEN_ID: FieldId = FieldId(8);
    /// `Hmac`
    pub const HMAC: FieldId = FieldId(9);
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(10);
}
/// Field ids of RenewDelegationTokenRequest.
pub mod renew_delegation_token_request {
    use super::FieldId;
    /// `Hmac`
    pub const HMAC: FieldId = FieldId(0);
    /// `RenewPeriodMs`
    pub const RENEW_PERIOD_MS: FieldId = FieldId(1);
}
/// Field ids of RenewDelegationTokenResponse.
pub mod renew_delegation_token_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `ExpiryTimestampMs`
    pub const EXPIRY_TIMESTAMP_MS: FieldId = FieldId(1);
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(2);
}
/// Field ids of ExpireDelegationTokenRequest.
pub mod expire_delegation_token_request {
    use super::FieldId;
    /// `Hmac`
    pub const HMAC: FieldId = FieldId(0);
    /// `ExpiryTimePeriodMs`
    pub const EXPIRY_TIME_PERIOD_MS: FieldId = FieldId(1);
}
/// Field ids of ExpireDelegationTokenResponse.
pub mod expire_delegation_token_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `ExpiryTimestampMs`
    pub const EXPIRY_TIMESTAMP_MS: FieldId = FieldId(1);
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(2);
}
/// Field ids of DescribeDelegationTokenRequest.
pub mod describe_delegation_token_request {
    use super::FieldId;
    /// `Owners`
    pub const OWNERS: FieldId = FieldId(0);
    /// `Owners.PrincipalType`
    pub const OWNERS__PRINCIPAL_TYPE: FieldId = FieldId(1);
    /// `Owners.PrincipalName`
    pub const OWNERS__PRINCIPAL_NAME: FieldId = FieldId(2);
}
/// Field ids of DescribeDelegationTokenResponse.
pub mod describe_delegation_token_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `Tokens`
    pub const TOKENS: FieldId = FieldId(1);
    /// `Tokens.PrincipalType`
    pub const TOKENS__PRINCIPAL_TYPE: FieldId = FieldId(2);
    /// `Tokens.PrincipalName`
    pub const TOKENS__PRINCIPAL_NAME: FieldId = FieldId(3);
    /// `Tokens.TokenRequesterPrincipalType`
    pub const TOKENS__TOKEN_REQUESTER_PRINCIPAL_TYPE: FieldId = FieldId(4);
    /// `Tokens.TokenRequesterPrincipalName`
    pub const TOKENS__TOKEN_REQUESTER_PRINCIPAL_NAME: FieldId = FieldId(5);
    /// `Tokens.IssueTimestamp`
    pub const TOKENS__ISSUE_TIMESTAMP: FieldId = FieldId(6);
    /// `Tokens.ExpiryTimestamp`
    pub const TOKENS__EXPIRY_TIMESTAMP: FieldId = FieldId(7);
    /// `Tokens.MaxTimestamp`
    pub const TOKENS__MAX_TIMESTAMP: FieldId = FieldId(8);
    /// `Tokens.TokenId`
    pub const TOKENS__TOKEN_ID: FieldId = FieldId(9);
    /// `Tokens.Hmac`
    pub const TOKENS__HMAC: FieldId = FieldId(10);
    /// `Tokens.Renewers`
    pub const TOKENS__RENEWERS: FieldId = FieldId(11);
    /// `Tokens.Renewers.PrincipalType`
    pub const TOKENS__RENEWERS__PRINCIPAL_TYPE: FieldId = FieldId(12);
    /// `Tokens.Renewers.PrincipalName`
    pub const TOKENS__RENEWERS__PRINCIPAL_NAME: FieldId = FieldId(13);
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(14);
}
/// Field ids of DeleteGroupsRequest.
pub mod delete_groups_request {
    use super::FieldId;
    /// `GroupsNames`
    pub const GROUPS_NAMES: FieldId = FieldId(0);
}
/// Field ids of DeleteGroupsResponse.
pub mod delete_groups_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(1);
    /// `Results.GroupId`
    pub const RESULTS__GROUP_ID: FieldId = FieldId(2);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(3);
    /// `Results.ErrorMessage`
    pub const RESULTS__ERROR_MESSAGE: FieldId = FieldId(4);
}
/// Field ids of ElectLeadersRequest.
pub mod elect_leaders_request {
    use super::FieldId;
    /// `ElectionType`
    pub const ELECTION_TYPE: FieldId = FieldId(0);
    /// `TopicPartitions`
    pub const TOPIC_PARTITIONS: FieldId = FieldId(1);
    /// `TopicPartitions.Topic`
    pub const TOPIC_PARTITIONS__TOPIC: FieldId = FieldId(2);
    /// `TopicPartitions.Partitions`
    pub const TOPIC_PARTITIONS__PARTITIONS: FieldId = FieldId(3);
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(4);
}
/// Field ids of ElectLeadersResponse.
pub mod elect_leaders_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ReplicaElectionResults`
    pub const REPLICA_ELECTION_RESULTS: FieldId = FieldId(2);
    /// `ReplicaElectionResults.Topic`
    pub const REPLICA_ELECTION_RESULTS__TOPIC: FieldId = FieldId(3);
    /// `ReplicaElectionResults.PartitionResult`
    pub const REPLICA_ELECTION_RESULTS__PARTITION_RESULT: FieldId = FieldId(4);
    /// `ReplicaElectionResults.PartitionResult.PartitionId`
    pub const REPLICA_ELECTION_RESULTS__PARTITION_RESULT__PARTITION_ID: FieldId = FieldId(5);
    /// `ReplicaElectionResults.PartitionResult.ErrorCode`
    pub const REPLICA_ELECTION_RESULTS__PARTITION_RESULT__ERROR_CODE: FieldId = FieldId(6);
    /// `ReplicaElectionResults.PartitionResult.ErrorMessage`
    pub const REPLICA_ELECTION_RESULTS__PARTITION_RESULT__ERROR_MESSAGE: FieldId = FieldId(7);
}
/// Field ids of IncrementalAlterConfigsRequest.
pub mod incremental_alter_configs_request {
    use super::FieldId;
    /// `Resources`
    pub const RESOURCES: FieldId = FieldId(0);
    /// `Resources.ResourceType`
    pub const RESOURCES__RESOURCE_TYPE: FieldId = FieldId(1);
    /// `Resources.ResourceName`
    pub const RESOURCES__RESOURCE_NAME: FieldId = FieldId(2);
    /// `Resources.Configs`
    pub const RESOURCES__CONFIGS: FieldId = FieldId(3);
    /// `Resources.Configs.Name`
    pub const RESOURCES__CONFIGS__NAME: FieldId = FieldId(4);
    /// `Resources.Configs.ConfigOperation`
    pub const RESOURCES__CONFIGS__CONFIG_OPERATION: FieldId = FieldId(5);
    /// `Resources.Configs.Value`
    pub const RESOURCES__CONFIGS__VALUE: FieldId = FieldId(6);
    /// `ValidateOnly`
    pub const VALIDATE_ONLY: FieldId = FieldId(7);
}
/// Field ids of IncrementalAlterConfigsResponse.
pub mod incremental_alter_configs_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(1);
    /// `Responses.ErrorCode`
    pub const RESPONSES__ERROR_CODE: FieldId = FieldId(2);
    /// `Responses.ErrorMessage`
    pub const RESPONSES__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Responses.ResourceType`
    pub const RESPONSES__RESOURCE_TYPE: FieldId = FieldId(4);
    /// `Responses.ResourceName`
    pub const RESPONSES__RESOURCE_NAME: FieldId = FieldId(5);
}
/// Field ids of AlterPartitionReassignmentsRequest.
pub mod alter_partition_reassignments_request {
    use super::FieldId;
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(0);
    /// `AllowReplicationFactorChange`
    pub const ALLOW_REPLICATION_FACTOR_CHANGE: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.Replicas`
    pub const TOPICS__PARTITIONS__REPLICAS: FieldId = FieldId(6);
}
/// Field ids of AlterPartitionReassignmentsResponse.
pub mod alter_partition_reassignments_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `AllowReplicationFactorChange`
    pub const ALLOW_REPLICATION_FACTOR_CHANGE: FieldId = FieldId(1);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(2);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(4);
    /// `Responses.Name`
    pub const RESPONSES__NAME: FieldId = FieldId(5);
    /// `Responses.Partitions`
    pub const RESPONSES__PARTITIONS: FieldId = FieldId(6);
    /// `Responses.Partitions.PartitionIndex`
    pub const RESPONSES__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Responses.Partitions.ErrorCode`
    pub const RESPONSES__PARTITIONS__ERROR_CODE: FieldId = FieldId(8);
    /// `Responses.Partitions.ErrorMessage`
    pub const RESPONSES__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(9);
}
/// Field ids of ListPartitionReassignmentsRequest.
pub mod list_partition_reassignments_request {
    use super::FieldId;
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.PartitionIndexes`
    pub const TOPICS__PARTITION_INDEXES: FieldId = FieldId(3);
}
/// Field ids of ListPartitionReassignmentsResponse.
pub mod list_partition_reassignments_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(3);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(4);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(5);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(6);
    /// `Topics.Partitions.Replicas`
    pub const TOPICS__PARTITIONS__REPLICAS: FieldId = FieldId(7);
    /// `Topics.Partitions.AddingReplicas`
    pub const TOPICS__PARTITIONS__ADDING_REPLICAS: FieldId = FieldId(8);
    /// `Topics.Partitions.RemovingReplicas`
    pub const TOPICS__PARTITIONS__REMOVING_REPLICAS: FieldId = FieldId(9);
}
/// Field ids of OffsetDeleteRequest.
pub mod offset_delete_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
}
/// Field ids of OffsetDeleteResponse.
pub mod offset_delete_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
}
/// Field ids of DescribeClientQuotasRequest.
pub mod describe_client_quotas_request {
    use super::FieldId;
    /// `Components`
    pub const COMPONENTS: FieldId = FieldId(0);
    /// `Components.EntityType`
    pub const COMPONENTS__ENTITY_TYPE: FieldId = FieldId(1);
    /// `Components.MatchType`
    pub const COMPONENTS__MATCH_TYPE: FieldId = FieldId(2);
    /// `Components.Match`
    pub const COMPONENTS__MATCH: FieldId = FieldId(3);
    /// `Strict`
    pub const STRICT: FieldId = FieldId(4);
}
/// Field ids of DescribeClientQuotasResponse.
pub mod describe_client_quotas_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `Entries`
    pub const ENTRIES: FieldId = FieldId(3);
    /// `Entries.Entity`
    pub const ENTRIES__ENTITY: FieldId = FieldId(4);
    /// `Entries.Entity.EntityType`
    pub const ENTRIES__ENTITY__ENTITY_TYPE: FieldId = FieldId(5);
    /// `Entries.Entity.EntityName`
    pub const ENTRIES__ENTITY__ENTITY_NAME: FieldId = FieldId(6);
    /// `Entries.Values`
    pub const ENTRIES__VALUES: FieldId = FieldId(7);
    /// `Entries.Values.Key`
    pub const ENTRIES__VALUES__KEY: FieldId = FieldId(8);
    /// `Entries.Values.Value`
    pub const ENTRIES__VALUES__VALUE: FieldId = FieldId(9);
}
/// Field ids of AlterClientQuotasRequest.
pub mod alter_client_quotas_request {
    use super::FieldId;
    /// `Entries`
    pub const ENTRIES: FieldId = FieldId(0);
    /// `Entries.Entity`
    pub const ENTRIES__ENTITY: FieldId = FieldId(1);
    /// `Entries.Entity.EntityType`
    pub const ENTRIES__ENTITY__ENTITY_TYPE: FieldId = FieldId(2);
    /// `Entries.Entity.EntityName`
    pub const ENTRIES__ENTITY__ENTITY_NAME: FieldId = FieldId(3);
    /// `Entries.Ops`
    pub const ENTRIES__OPS: FieldId = FieldId(4);
    /// `Entries.Ops.Key`
    pub const ENTRIES__OPS__KEY: FieldId = FieldId(5);
    /// `Entries.Ops.Value`
    pub const ENTRIES__OPS__VALUE: FieldId = FieldId(6);
    /// `Entries.Ops.Remove`
    pub const ENTRIES__OPS__REMOVE: FieldId = FieldId(7);
    /// `ValidateOnly`
    pub const VALIDATE_ONLY: FieldId = FieldId(8);
}
/// Field ids of AlterClientQuotasResponse.
pub mod alter_client_quotas_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Entries`
    pub const ENTRIES: FieldId = FieldId(1);
    /// `Entries.ErrorCode`
    pub const ENTRIES__ERROR_CODE: FieldId = FieldId(2);
    /// `Entries.ErrorMessage`
    pub const ENTRIES__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Entries.Entity`
    pub const ENTRIES__ENTITY: FieldId = FieldId(4);
    /// `Entries.Entity.EntityType`
    pub const ENTRIES__ENTITY__ENTITY_TYPE: FieldId = FieldId(5);
    /// `Entries.Entity.EntityName`
    pub const ENTRIES__ENTITY__ENTITY_NAME: FieldId = FieldId(6);
}
/// Field ids of DescribeUserScramCredentialsRequest.
pub mod describe_user_scram_credentials_request {
    use super::FieldId;
    /// `Users`
    pub const USERS: FieldId = FieldId(0);
    /// `Users.Name`
    pub const USERS__NAME: FieldId = FieldId(1);
}
/// Field ids of DescribeUserScramCredentialsResponse.
pub mod describe_user_scram_credentials_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(3);
    /// `Results.User`
    pub const RESULTS__USER: FieldId = FieldId(4);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(5);
    /// `Results.ErrorMessage`
    pub const RESULTS__ERROR_MESSAGE: FieldId = FieldId(6);
    /// `Results.CredentialInfos`
    pub const RESULTS__CREDENTIAL_INFOS: FieldId = FieldId(7);
    /// `Results.CredentialInfos.Mechanism`
    pub const RESULTS__CREDENTIAL_INFOS__MECHANISM: FieldId = FieldId(8);
    /// `Results.CredentialInfos.Iterations`
    pub const RESULTS__CREDENTIAL_INFOS__ITERATIONS: FieldId = FieldId(9);
}
/// Field ids of AlterUserScramCredentialsRequest.
pub mod alter_user_scram_credentials_request {
    use super::FieldId;
    /// `Deletions`
    pub const DELETIONS: FieldId = FieldId(0);
    /// `Deletions.Name`
    pub const DELETIONS__NAME: FieldId = FieldId(1);
    /// `Deletions.Mechanism`
    pub const DELETIONS__MECHANISM: FieldId = FieldId(2);
    /// `Upsertions`
    pub const UPSERTIONS: FieldId = FieldId(3);
    /// `Upsertions.Name`
    pub const UPSERTIONS__NAME: FieldId = FieldId(4);
    /// `Upsertions.Mechanism`
    pub const UPSERTIONS__MECHANISM: FieldId = FieldId(5);
    /// `Upsertions.Iterations`
    pub const UPSERTIONS__ITERATIONS: FieldId = FieldId(6);
    /// `Upsertions.Salt`
    pub const UPSERTIONS__SALT: FieldId = FieldId(7);
    /// `Upsertions.SaltedPassword`
    pub const UPSERTIONS__SALTED_PASSWORD: FieldId = FieldId(8);
}
/// Field ids of AlterUserScramCredentialsResponse.
pub mod alter_user_scram_credentials_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(1);
    /// `Results.User`
    pub const RESULTS__USER: FieldId = FieldId(2);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(3);
    /// `Results.ErrorMessage`
    pub const RESULTS__ERROR_MESSAGE: FieldId = FieldId(4);
}
/// Field ids of VoteRequest.
pub mod vote_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `VoterId`
    pub const VOTER_ID: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.ReplicaEpoch`
    pub const TOPICS__PARTITIONS__REPLICA_EPOCH: FieldId = FieldId(6);
    /// `Topics.Partitions.ReplicaId`
    pub const TOPICS__PARTITIONS__REPLICA_ID: FieldId = FieldId(7);
    /// `Topics.Partitions.ReplicaDirectoryId`
    pub const TOPICS__PARTITIONS__REPLICA_DIRECTORY_ID: FieldId = FieldId(8);
    /// `Topics.Partitions.VoterDirectoryId`
    pub const TOPICS__PARTITIONS__VOTER_DIRECTORY_ID: FieldId = FieldId(9);
    /// `Topics.Partitions.LastOffsetEpoch`
    pub const TOPICS__PARTITIONS__LAST_OFFSET_EPOCH: FieldId = FieldId(10);
    /// `Topics.Partitions.LastOffset`
    pub const TOPICS__PARTITIONS__LAST_OFFSET: FieldId = FieldId(11);
    /// `Topics.Partitions.PreVote`
    pub const TOPICS__PARTITIONS__PRE_VOTE: FieldId = FieldId(12);
}
/// Field ids of VoteResponse.
pub mod vote_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(6);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(7);
    /// `Topics.Partitions.VoteGranted`
    pub const TOPICS__PARTITIONS__VOTE_GRANTED: FieldId = FieldId(8);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(9);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(10);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(11);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(12);
}
/// Field ids of BeginQuorumEpochRequest.
pub mod begin_quorum_epoch_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `VoterId`
    pub const VOTER_ID: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.VoterDirectoryId`
    pub const TOPICS__PARTITIONS__VOTER_DIRECTORY_ID: FieldId = FieldId(6);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(7);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(8);
    /// `LeaderEndpoints`
    pub const LEADER_ENDPOINTS: FieldId = FieldId(9);
    /// `LeaderEndpoints.Name`
    pub const LEADER_ENDPOINTS__NAME: FieldId = FieldId(10);
    /// `LeaderEndpoints.Host`
    pub const LEADER_ENDPOINTS__HOST: FieldId = FieldId(11);
    /// `LeaderEndpoints.Port`
    pub const LEADER_ENDPOINTS__PORT: FieldId = FieldId(12);
}
/// Field ids of BeginQuorumEpochResponse.
pub mod begin_quorum_epoch_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(6);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(7);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(8);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(9);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(10);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(11);
}
/// Field ids of EndQuorumEpochRequest.
pub mod end_quorum_epoch_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(6);
    /// `Topics.Partitions.PreferredSuccessors`
    pub const TOPICS__PARTITIONS__PREFERRED_SUCCESSORS: FieldId = FieldId(7);
    /// `Topics.Partitions.PreferredCandidates`
    pub const TOPICS__PARTITIONS__PREFERRED_CANDIDATES: FieldId = FieldId(8);
    /// `Topics.Partitions.PreferredCandidates.CandidateId`
    pub const TOPICS__PARTITIONS__PREFERRED_CANDIDATES__CANDIDATE_ID: FieldId = FieldId(9);
    /// `Topics.Partitions.PreferredCandidates.CandidateDirectoryId`
    pub const TOPICS__PARTITIONS__PREFERRED_CANDIDATES__CANDIDATE_DIRECTORY_ID: FieldId = FieldId(10);
    /// `LeaderEndpoints`
    pub const LEADER_ENDPOINTS: FieldId = FieldId(11);
    /// `LeaderEndpoints.Name`
    pub const LEADER_ENDPOINTS__NAME: FieldId = FieldId(12);
    /// `LeaderEndpoints.Host`
    pub const LEADER_ENDPOINTS__HOST: FieldId = FieldId(13);
    /// `LeaderEndpoints.Port`
    pub const LEADER_ENDPOINTS__PORT: FieldId = FieldId(14);
}
/// Field ids of EndQuorumEpochResponse.
pub mod end_quorum_epoch_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(6);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(7);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(8);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(9);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(10);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(11);
}
/// Field ids of DescribeQuorumRequest.
pub mod describe_quorum_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(1);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(2);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(3);
}
/// Field ids of DescribeQuorumResponse.
pub mod describe_quorum_response {
    use super::FieldId;
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(0);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
    /// `Topics.Partitions.ErrorMessage`
    pub const TOPICS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(7);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(8);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(9);
    /// `Topics.Partitions.HighWatermark`
    pub const TOPICS__PARTITIONS__HIGH_WATERMARK: FieldId = FieldId(10);
    /// `Topics.Partitions.CurrentVoters`
    pub const TOPICS__PARTITIONS__CURRENT_VOTERS: FieldId = FieldId(11);
    /// `Topics.Partitions.CurrentVoters.ReplicaId`
    pub const TOPICS__PARTITIONS__CURRENT_VOTERS__REPLICA_ID: FieldId = FieldId(12);
    /// `Topics.Partitions.CurrentVoters.ReplicaDirectoryId`
    pub const TOPICS__PARTITIONS__CURRENT_VOTERS__REPLICA_DIRECTORY_ID: FieldId = FieldId(13);
    /// `Topics.Partitions.CurrentVoters.LogEndOffset`
    pub const TOPICS__PARTITIONS__CURRENT_VOTERS__LOG_END_OFFSET: FieldId = FieldId(14);
    /// `Topics.Partitions.CurrentVoters.LastFetchTimestamp`
    pub const TOPICS__PARTITIONS__CURRENT_VOTERS__LAST_FETCH_TIMESTAMP: FieldId = FieldId(15);
    /// `Topics.Partitions.CurrentVoters.LastCaughtUpTimestamp`
    pub const TOPICS__PARTITIONS__CURRENT_VOTERS__LAST_CAUGHT_UP_TIMESTAMP: FieldId = FieldId(16);
    /// `Topics.Partitions.Observers`
    pub const TOPICS__PARTITIONS__OBSERVERS: FieldId = FieldId(17);
    /// `Topics.Partitions.Observers.ReplicaId`
    pub const TOPICS__PARTITIONS__OBSERVERS__REPLICA_ID: FieldId = FieldId(18);
    /// `Topics.Partitions.Observers.ReplicaDirectoryId`
    pub const TOPICS__PARTITIONS__OBSERVERS__REPLICA_DIRECTORY_ID: FieldId = FieldId(19);
    /// `Topics.Partitions.Observers.LogEndOffset`
    pub const TOPICS__PARTITIONS__OBSERVERS__LOG_END_OFFSET: FieldId = FieldId(20);
    /// `Topics.Partitions.Observers.LastFetchTimestamp`
    pub const TOPICS__PARTITIONS__OBSERVERS__LAST_FETCH_TIMESTAMP: FieldId = FieldId(21);
    /// `Topics.Partitions.Observers.LastCaughtUpTimestamp`
    pub const TOPICS__PARTITIONS__OBSERVERS__LAST_CAUGHT_UP_TIMESTAMP: FieldId = FieldId(22);
    /// `Nodes`
    pub const NODES: FieldId = FieldId(23);
    /// `Nodes.NodeId`
    pub const NODES__NODE_ID: FieldId = FieldId(24);
    /// `Nodes.Listeners`
    pub const NODES__LISTENERS: FieldId = FieldId(25);
    /// `Nodes.Listeners.Name`
    pub const NODES__LISTENERS__NAME: FieldId = FieldId(26);
    /// `Nodes.Listeners.Host`
    pub const NODES__LISTENERS__HOST: FieldId = FieldId(27);
    /// `Nodes.Listeners.Port`
    pub const NODES__LISTENERS__PORT: FieldId = FieldId(28);
}
/// Field ids of AlterPartitionRequest.
pub mod alter_partition_request {
    use super::FieldId;
    /// `BrokerId`
    pub const BROKER_ID: FieldId = FieldId(0);
    /// `BrokerEpoch`
    pub const BROKER_EPOCH: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(6);
    /// `Topics.Partitions.NewIsr`
    pub const TOPICS__PARTITIONS__NEW_ISR: FieldId = FieldId(7);
    /// `Topics.Partitions.NewIsrWithEpochs`
    pub const TOPICS__PARTITIONS__NEW_ISR_WITH_EPOCHS: FieldId = FieldId(8);
    /// `Topics.Partitions.NewIsrWithEpochs.BrokerId`
    pub const TOPICS__PARTITIONS__NEW_ISR_WITH_EPOCHS__BROKER_ID: FieldId = FieldId(9);
    /// `Topics.Partitions.NewIsrWithEpochs.BrokerEpoch`
    pub const TOPICS__PARTITIONS__NEW_ISR_WITH_EPOCHS__BROKER_EPOCH: FieldId = FieldId(10);
    /// `Topics.Partitions.LeaderRecoveryState`
    pub const TOPICS__PARTITIONS__LEADER_RECOVERY_STATE: FieldId = FieldId(11);
    /// `Topics.Partitions.PartitionEpoch`
    pub const TOPICS__PARTITIONS__PARTITION_EPOCH: FieldId = FieldId(12);
}
/// Field ids of AlterPartitionResponse.
pub mod alter_partition_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(7);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(8);
    /// `Topics.Partitions.Isr`
    pub const TOPICS__PARTITIONS__ISR: FieldId = FieldId(9);
    /// `Topics.Partitions.LeaderRecoveryState`
    pub const TOPICS__PARTITIONS__LEADER_RECOVERY_STATE: FieldId = FieldId(10);
    /// `Topics.Partitions.PartitionEpoch`
    pub const TOPICS__PARTITIONS__PARTITION_EPOCH: FieldId = FieldId(11);
}
/// Field ids of UpdateFeaturesRequest.
pub mod update_features_request {
    use super::FieldId;
    /// `timeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(0);
    /// `FeatureUpdates`
    pub const FEATURE_UPDATES: FieldId = FieldId(1);
    /// `FeatureUpdates.Feature`
    pub const FEATURE_UPDATES__FEATURE: FieldId = FieldId(2);
    /// `FeatureUpdates.MaxVersionLevel`
    pub const FEATURE_UPDATES__MAX_VERSION_LEVEL: FieldId = FieldId(3);
    /// `FeatureUpdates.AllowDowngrade`
    pub const FEATURE_UPDATES__ALLOW_DOWNGRADE: FieldId = FieldId(4);
    /// `FeatureUpdates.UpgradeType`
    pub const FEATURE_UPDATES__UPGRADE_TYPE: FieldId = FieldId(5);
    /// `ValidateOnly`
    pub const VALIDATE_ONLY: FieldId = FieldId(6);
}
/// Field ids of UpdateFeaturesResponse.
pub mod update_features_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `Results`
    pub const RESULTS: FieldId = FieldId(3);
    /// `Results.Feature`
    pub const RESULTS__FEATURE: FieldId = FieldId(4);
    /// `Results.ErrorCode`
    pub const RESULTS__ERROR_CODE: FieldId = FieldId(5);
    /// `Results.ErrorMessage`
    pub const RESULTS__ERROR_MESSAGE: FieldId = FieldId(6);
}
/// Field ids of EnvelopeRequest.
pub mod envelope_request {
    use super::FieldId;
    /// `RequestData`
    pub const REQUEST_DATA: FieldId = FieldId(0);
    /// `RequestPrincipal`
    pub const REQUEST_PRINCIPAL: FieldId = FieldId(1);
    /// `ClientHostAddress`
    pub const CLIENT_HOST_ADDRESS: FieldId = FieldId(2);
}
/// Field ids of EnvelopeResponse.
pub mod envelope_response {
    use super::FieldId;
    /// `ResponseData`
    pub const RESPONSE_DATA: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
}
/// Field ids of FetchSnapshotRequest.
pub mod fetch_snapshot_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `ReplicaId`
    pub const REPLICA_ID: FieldId = FieldId(1);
    /// `MaxBytes`
    pub const MAX_BYTES: FieldId = FieldId(2);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(3);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(4);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(5);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(6);
    /// `Topics.Partitions.CurrentLeaderEpoch`
    pub const TOPICS__PARTITIONS__CURRENT_LEADER_EPOCH: FieldId = FieldId(7);
    /// `Topics.Partitions.SnapshotId`
    pub const TOPICS__PARTITIONS__SNAPSHOT_ID: FieldId = FieldId(8);
    /// `Topics.Partitions.SnapshotId.EndOffset`
    pub const TOPICS__PARTITIONS__SNAPSHOT_ID__END_OFFSET: FieldId = FieldId(9);
    /// `Topics.Partitions.SnapshotId.Epoch`
    pub const TOPICS__PARTITIONS__SNAPSHOT_ID__EPOCH: FieldId = FieldId(10);
    /// `Topics.Partitions.Position`
    pub const TOPICS__PARTITIONS__POSITION: FieldId = FieldId(11);
    /// `Topics.Partitions.ReplicaDirectoryId`
    pub const TOPICS__PARTITIONS__REPLICA_DIRECTORY_ID: FieldId = FieldId(12);
}
/// Field ids of FetchSnapshotResponse.
pub mod fetch_snapshot_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(2);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(3);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(4);
    /// `Topics.Partitions.Index`
    pub const TOPICS__PARTITIONS__INDEX: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(6);
    /// `Topics.Partitions.SnapshotId`
    pub const TOPICS__PARTITIONS__SNAPSHOT_ID: FieldId = FieldId(7);
    /// `Topics.Partitions.SnapshotId.EndOffset`
    pub const TOPICS__PARTITIONS__SNAPSHOT_ID__END_OFFSET: FieldId = FieldId(8);
    /// `Topics.Partitions.SnapshotId.Epoch`
    pub const TOPICS__PARTITIONS__SNAPSHOT_ID__EPOCH: FieldId = FieldId(9);
    /// `Topics.Partitions.CurrentLeader`
    pub const TOPICS__PARTITIONS__CURRENT_LEADER: FieldId = FieldId(10);
    /// `Topics.Partitions.CurrentLeader.LeaderId`
    pub const TOPICS__PARTITIONS__CURRENT_LEADER__LEADER_ID: FieldId = FieldId(11);
    /// `Topics.Partitions.CurrentLeader.LeaderEpoch`
    pub const TOPICS__PARTITIONS__CURRENT_LEADER__LEADER_EPOCH: FieldId = FieldId(12);
    /// `Topics.Partitions.Size`
    pub const TOPICS__PARTITIONS__SIZE: FieldId = FieldId(13);
    /// `Topics.Partitions.Position`
    pub const TOPICS__PARTITIONS__POSITION: FieldId = FieldId(14);
    /// `Topics.Partitions.UnalignedRecords`
    pub const TOPICS__PARTITIONS__UNALIGNED_RECORDS: FieldId = FieldId(15);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(16);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(17);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(18);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(19);
}
/// Field ids of DescribeClusterRequest.
pub mod describe_cluster_request {
    use super::FieldId;
    /// `IncludeClusterAuthorizedOperations`
    pub const INCLUDE_CLUSTER_AUTHORIZED_OPERATIONS: FieldId = FieldId(0);
    /// `EndpointType`
    pub const ENDPOINT_TYPE: FieldId = FieldId(1);
    /// `IncludeFencedBrokers`
    pub const INCLUDE_FENCED_BROKERS: FieldId = FieldId(2);
}
/// Field ids of DescribeClusterResponse.
pub mod describe_cluster_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `EndpointType`
    pub const ENDPOINT_TYPE: FieldId = FieldId(3);
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(4);
    /// `ControllerId`
    pub const CONTROLLER_ID: FieldId = FieldId(5);
    /// `Brokers`
    pub const BROKERS: FieldId = FieldId(6);
    /// `Brokers.BrokerId`
    pub const BROKERS__BROKER_ID: FieldId = FieldId(7);
    /// `Brokers.Host`
    pub const BROKERS__HOST: FieldId = FieldId(8);
    /// `Brokers.Port`
    pub const BROKERS__PORT: FieldId = FieldId(9);
    /// `Brokers.Rack`
    pub const BROKERS__RACK: FieldId = FieldId(10);
    /// `Brokers.IsFenced`
    pub const BROKERS__IS_FENCED: FieldId = FieldId(11);
    /// `ClusterAuthorizedOperations`
    pub const CLUSTER_AUTHORIZED_OPERATIONS: FieldId = FieldId(12);
}
/// Field ids of DescribeProducersRequest.
pub mod describe_producers_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(1);
    /// `Topics.PartitionIndexes`
    pub const TOPICS__PARTITION_INDEXES: FieldId = FieldId(2);
}
/// Field ids of DescribeProducersResponse.
pub mod describe_producers_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(5);
    /// `Topics.Partitions.ErrorMessage`
    pub const TOPICS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(6);
    /// `Topics.Partitions.ActiveProducers`
    pub const TOPICS__PARTITIONS__ACTIVE_PRODUCERS: FieldId = FieldId(7);
    /// `Topics.Partitions.ActiveProducers.ProducerId`
    pub const TOPICS__PARTITIONS__ACTIVE_PRODUCERS__PRODUCER_ID: FieldId = FieldId(8);
    /// `Topics.Partitions.ActiveProducers.ProducerEpoch`
    pub const TOPICS__PARTITIONS__ACTIVE_PRODUCERS__PRODUCER_EPOCH: FieldId = FieldId(9);
    /// `Topics.Partitions.ActiveProducers.LastSequence`
    pub const TOPICS__PARTITIONS__ACTIVE_PRODUCERS__LAST_SEQUENCE: FieldId = FieldId(10);
    /// `Topics.Partitions.ActiveProducers.LastTimestamp`
    pub const TOPICS__PARTITIONS__ACTIVE_PRODUCERS__LAST_TIMESTAMP: FieldId = FieldId(11);
    /// `Topics.Partitions.ActiveProducers.CoordinatorEpoch`
    pub const TOPICS__PARTITIONS__ACTIVE_PRODUCERS__COORDINATOR_EPOCH: FieldId = FieldId(12);
    /// `Topics.Partitions.ActiveProducers.CurrentTxnStartOffset`
    pub const TOPICS__PARTITIONS__ACTIVE_PRODUCERS__CURRENT_TXN_START_OFFSET: FieldId = FieldId(13);
}
/// Field ids of BrokerRegistrationRequest.
pub mod broker_registration_request {
    use super::FieldId;
    /// `BrokerId`
    pub const BROKER_ID: FieldId = FieldId(0);
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(1);
    /// `IncarnationId`
    pub const INCARNATION_ID: FieldId = FieldId(2);
    /// `Listeners`
    pub const LISTENERS: FieldId = FieldId(3);
    /// `Listeners.Name`
    pub const LISTENERS__NAME: FieldId = FieldId(4);
    /// `Listeners.Host`
    pub const LISTENERS__HOST: FieldId = FieldId(5);
    /// `Listeners.Port`
    pub const LISTENERS__PORT: FieldId = FieldId(6);
    /// `Listeners.SecurityProtocol`
    pub const LISTENERS__SECURITY_PROTOCOL: FieldId = FieldId(7);
    /// `Features`
    pub const FEATURES: FieldId = FieldId(8);
    /// `Features.Name`
    pub const FEATURES__NAME: FieldId = FieldId(9);
    /// `Features.MinSupportedVersion`
    pub const FEATURES__MIN_SUPPORTED_VERSION: FieldId = FieldId(10);
    /// `Features.MaxSupportedVersion`
    pub const FEATURES__MAX_SUPPORTED_VERSION: FieldId = FieldId(11);
    /// `Rack`
    pub const RACK: FieldId = FieldId(12);
    /// `IsMigratingZkBroker`
    pub const IS_MIGRATING_ZK_BROKER: FieldId = FieldId(13);
    /// `LogDirs`
    pub const LOG_DIRS: FieldId = FieldId(14);
    /// `PreviousBrokerEpoch`
    pub const PREVIOUS_BROKER_EPOCH: FieldId = FieldId(15);
}
/// Field ids of BrokerRegistrationResponse.
pub mod broker_registration_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `BrokerEpoch`
    pub const BROKER_EPOCH: FieldId = FieldId(2);
}
/// Field ids of BrokerHeartbeatRequest.
pub mod broker_heartbeat_request {
    use super::FieldId;
    /// `BrokerId`
    pub const BROKER_ID: FieldId = FieldId(0);
    /// `BrokerEpoch`
    pub const BROKER_EPOCH: FieldId = FieldId(1);
    /// `CurrentMetadataOffset`
    pub const CURRENT_METADATA_OFFSET: FieldId = FieldId(2);
    /// `WantFence`
    pub const WANT_FENCE: FieldId = FieldId(3);
    /// `WantShutDown`
    pub const WANT_SHUT_DOWN: FieldId = FieldId(4);
    /// `OfflineLogDirs`
    pub const OFFLINE_LOG_DIRS: FieldId = FieldId(5);
    /// `CordonedLogDirs`
    pub const CORDONED_LOG_DIRS: FieldId = FieldId(6);
}
/// Field ids of BrokerHeartbeatResponse.
pub mod broker_heartbeat_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `IsCaughtUp`
    pub const IS_CAUGHT_UP: FieldId = FieldId(2);
    /// `IsFenced`
    pub const IS_FENCED: FieldId = FieldId(3);
    /// `ShouldShutDown`
    pub const SHOULD_SHUT_DOWN: FieldId = FieldId(4);
}
/// Field ids of UnregisterBrokerRequest.
pub mod unregister_broker_request {
    use super::FieldId;
    /// `BrokerId`
    pub const BROKER_ID: FieldId = FieldId(0);
}
/// Field ids of UnregisterBrokerResponse.
pub mod unregister_broker_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
}
/// Field ids of DescribeTransactionsRequest.
pub mod describe_transactions_request {
    use super::FieldId;
    /// `TransactionalIds`
    pub const TRANSACTIONAL_IDS: FieldId = FieldId(0);
}
/// Field ids of DescribeTransactionsResponse.
pub mod describe_transactions_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `TransactionStates`
    pub const TRANSACTION_STATES: FieldId = FieldId(1);
    /// `TransactionStates.ErrorCode`
    pub const TRANSACTION_STATES__ERROR_CODE: FieldId = FieldId(2);
    /// `TransactionStates.TransactionalId`
    pub const TRANSACTION_STATES__TRANSACTIONAL_ID: FieldId = FieldId(3);
    /// `TransactionStates.TransactionState`
    pub const TRANSACTION_STATES__TRANSACTION_STATE: FieldId = FieldId(4);
    /// `TransactionStates.TransactionTimeoutMs`
    pub const TRANSACTION_STATES__TRANSACTION_TIMEOUT_MS: FieldId = FieldId(5);
    /// `TransactionStates.TransactionStartTimeMs`
    pub const TRANSACTION_STATES__TRANSACTION_START_TIME_MS: FieldId = FieldId(6);
    /// `TransactionStates.ProducerId`
    pub const TRANSACTION_STATES__PRODUCER_ID: FieldId = FieldId(7);
    /// `TransactionStates.ProducerEpoch`
    pub const TRANSACTION_STATES__PRODUCER_EPOCH: FieldId = FieldId(8);
    /// `TransactionStates.Topics`
    pub const TRANSACTION_STATES__TOPICS: FieldId = FieldId(9);
    /// `TransactionStates.Topics.Topic`
    pub const TRANSACTION_STATES__TOPICS__TOPIC: FieldId = FieldId(10);
    /// `TransactionStates.Topics.Partitions`
    pub const TRANSACTION_STATES__TOPICS__PARTITIONS: FieldId = FieldId(11);
}
/// Field ids of ListTransactionsRequest.
pub mod list_transactions_request {
    use super::FieldId;
    /// `StateFilters`
    pub const STATE_FILTERS: FieldId = FieldId(0);
    /// `ProducerIdFilters`
    pub const PRODUCER_ID_FILTERS: FieldId = FieldId(1);
    /// `DurationFilter`
    pub const DURATION_FILTER: FieldId = FieldId(2);
    /// `TransactionalIdPattern`
    pub const TRANSACTIONAL_ID_PATTERN: FieldId = FieldId(3);
}
/// Field ids of ListTransactionsResponse.
pub mod list_transactions_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `UnknownStateFilters`
    pub const UNKNOWN_STATE_FILTERS: FieldId = FieldId(2);
    /// `TransactionStates`
    pub const TRANSACTION_STATES: FieldId = FieldId(3);
    /// `TransactionStates.TransactionalId`
    pub const TRANSACTION_STATES__TRANSACTIONAL_ID: FieldId = FieldId(4);
    /// `TransactionStates.ProducerId`
    pub const TRANSACTION_STATES__PRODUCER_ID: FieldId = FieldId(5);
    /// `TransactionStates.TransactionState`
    pub const TRANSACTION_STATES__TRANSACTION_STATE: FieldId = FieldId(6);
}
/// Field ids of AllocateProducerIdsRequest.
pub mod allocate_producer_ids_request {
    use super::FieldId;
    /// `BrokerId`
    pub const BROKER_ID: FieldId = FieldId(0);
    /// `BrokerEpoch`
    pub const BROKER_EPOCH: FieldId = FieldId(1);
}
/// Field ids of AllocateProducerIdsResponse.
pub mod allocate_producer_ids_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ProducerIdStart`
    pub const PRODUCER_ID_START: FieldId = FieldId(2);
    /// `ProducerIdLen`
    pub const PRODUCER_ID_LEN: FieldId = FieldId(3);
}
/// Field ids of ConsumerGroupHeartbeatRequest.
pub mod consumer_group_heartbeat_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(1);
    /// `MemberEpoch`
    pub const MEMBER_EPOCH: FieldId = FieldId(2);
    /// `InstanceId`
    pub const INSTANCE_ID: FieldId = FieldId(3);
    /// `RackId`
    pub const RACK_ID: FieldId = FieldId(4);
    /// `RebalanceTimeoutMs`
    pub const REBALANCE_TIMEOUT_MS: FieldId = FieldId(5);
    /// `SubscribedTopicNames`
    pub const SUBSCRIBED_TOPIC_NAMES: FieldId = FieldId(6);
    /// `SubscribedTopicRegex`
    pub const SUBSCRIBED_TOPIC_REGEX: FieldId = FieldId(7);
    /// `ServerAssignor`
    pub const SERVER_ASSIGNOR: FieldId = FieldId(8);
    /// `TopicPartitions`
    pub const TOPIC_PARTITIONS: FieldId = FieldId(9);
    /// `TopicPartitions.TopicId`
    pub const TOPIC_PARTITIONS__TOPIC_ID: FieldId = FieldId(10);
    /// `TopicPartitions.Partitions`
    pub const TOPIC_PARTITIONS__PARTITIONS: FieldId = FieldId(11);
}
/// Field ids of ConsumerGroupHeartbeatResponse.
pub mod consumer_group_heartbeat_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(3);
    /// `MemberEpoch`
    pub const MEMBER_EPOCH: FieldId = FieldId(4);
    /// `HeartbeatIntervalMs`
    pub const HEARTBEAT_INTERVAL_MS: FieldId = FieldId(5);
    /// `Assignment`
    pub const ASSIGNMENT: FieldId = FieldId(6);
    /// `Assignment.TopicPartitions`
    pub const ASSIGNMENT__TOPIC_PARTITIONS: FieldId = FieldId(7);
    /// `Assignment.TopicPartitions.TopicId`
    pub const ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_ID: FieldId = FieldId(8);
    /// `Assignment.TopicPartitions.Partitions`
    pub const ASSIGNMENT__TOPIC_PARTITIONS__PARTITIONS: FieldId = FieldId(9);
}
/// Field ids of ConsumerGroupDescribeRequest.
pub mod consumer_group_describe_request {
    use super::FieldId;
    /// `GroupIds`
    pub const GROUP_IDS: FieldId = FieldId(0);
    /// `IncludeAuthorizedOperations`
    pub const INCLUDE_AUTHORIZED_OPERATIONS: FieldId = FieldId(1);
}
/// Field ids of ConsumerGroupDescribeResponse.
pub mod consumer_group_describe_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(1);
    /// `Groups.ErrorCode`
    pub const GROUPS__ERROR_CODE: FieldId = FieldId(2);
    /// `Groups.ErrorMessage`
    pub const GROUPS__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(4);
    /// `Groups.GroupState`
    pub const GROUPS__GROUP_STATE: FieldId = FieldId(5);
    /// `Groups.GroupEpoch`
    pub const GROUPS__GROUP_EPOCH: FieldId = FieldId(6);
    /// `Groups.AssignmentEpoch`
    pub const GROUPS__ASSIGNMENT_EPOCH: FieldId = FieldId(7);
    /// `Groups.AssignorName`
    pub const GROUPS__ASSIGNOR_NAME: FieldId = FieldId(8);
    /// `Groups.Members`
    pub const GROUPS__MEMBERS: FieldId = FieldId(9);
    /// `Groups.Members.MemberId`
    pub const GROUPS__MEMBERS__MEMBER_ID: FieldId = FieldId(10);
    /// `Groups.Members.InstanceId`
    pub const GROUPS__MEMBERS__INSTANCE_ID: FieldId = FieldId(11);
    /// `Groups.Members.RackId`
    pub const GROUPS__MEMBERS__RACK_ID: FieldId = FieldId(12);
    /// `Groups.Members.MemberEpoch`
    pub const GROUPS__MEMBERS__MEMBER_EPOCH: FieldId = FieldId(13);
    /// `Groups.Members.ClientId`
    pub const GROUPS__MEMBERS__CLIENT_ID: FieldId = FieldId(14);
    /// `Groups.Members.ClientHost`
    pub const GROUPS__MEMBERS__CLIENT_HOST: FieldId = FieldId(15);
    /// `Groups.Members.SubscribedTopicNames`
    pub const GROUPS__MEMBERS__SUBSCRIBED_TOPIC_NAMES: FieldId = FieldId(16);
    /// `Groups.Members.SubscribedTopicRegex`
    pub const GROUPS__MEMBERS__SUBSCRIBED_TOPIC_REGEX: FieldId = FieldId(17);
    /// `Groups.Members.Assignment`
    pub const GROUPS__MEMBERS__ASSIGNMENT: FieldId = FieldId(18);
    /// `Groups.Members.Assignment.TopicPartitions`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS: FieldId = FieldId(19);
    /// `Groups.Members.Assignment.TopicPartitions.TopicId`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_ID: FieldId = FieldId(20);
    /// `Groups.Members.Assignment.TopicPartitions.TopicName`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_NAME: FieldId = FieldId(21);
    /// `Groups.Members.Assignment.TopicPartitions.Partitions`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS__PARTITIONS: FieldId = FieldId(22);
    /// `Groups.Members.TargetAssignment`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT: FieldId = FieldId(23);
    /// `Groups.Members.TargetAssignment.TopicPartitions`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__TOPIC_PARTITIONS: FieldId = FieldId(24);
    /// `Groups.Members.TargetAssignment.TopicPartitions.TopicId`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_ID: FieldId = FieldId(25);
    /// `Groups.Members.TargetAssignment.TopicPartitions.TopicName`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_NAME: FieldId = FieldId(26);
    /// `Groups.Members.TargetAssignment.TopicPartitions.Partitions`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__TOPIC_PARTITIONS__PARTITIONS: FieldId = FieldId(27);
    /// `Groups.Members.MemberType`
    pub const GROUPS__MEMBERS__MEMBER_TYPE: FieldId = FieldId(28);
    /// `Groups.AuthorizedOperations`
    pub const GROUPS__AUTHORIZED_OPERATIONS: FieldId = FieldId(29);
}
/// Field ids of ControllerRegistrationRequest.
pub mod controller_registration_request {
    use super::FieldId;
    /// `ControllerId`
    pub const CONTROLLER_ID: FieldId = FieldId(0);
    /// `IncarnationId`
    pub const INCARNATION_ID: FieldId = FieldId(1);
    /// `ZkMigrationReady`
    pub const ZK_MIGRATION_READY: FieldId = FieldId(2);
    /// `Listeners`
    pub const LISTENERS: FieldId = FieldId(3);
    /// `Listeners.Name`
    pub const LISTENERS__NAME: FieldId = FieldId(4);
    /// `Listeners.Host`
    pub const LISTENERS__HOST: FieldId = FieldId(5);
    /// `Listeners.Port`
    pub const LISTENERS__PORT: FieldId = FieldId(6);
    /// `Listeners.SecurityProtocol`
    pub const LISTENERS__SECURITY_PROTOCOL: FieldId = FieldId(7);
    /// `Features`
    pub const FEATURES: FieldId = FieldId(8);
    /// `Features.Name`
    pub const FEATURES__NAME: FieldId = FieldId(9);
    /// `Features.MinSupportedVersion`
    pub const FEATURES__MIN_SUPPORTED_VERSION: FieldId = FieldId(10);
    /// `Features.MaxSupportedVersion`
    pub const FEATURES__MAX_SUPPORTED_VERSION: FieldId = FieldId(11);
}
/// Field ids of ControllerRegistrationResponse.
pub mod controller_registration_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
}
/// Field ids of GetTelemetrySubscriptionsRequest.
pub mod get_telemetry_subscriptions_request {
    use super::FieldId;
    /// `ClientInstanceId`
    pub const CLIENT_INSTANCE_ID: FieldId = FieldId(0);
}
/// Field ids of GetTelemetrySubscriptionsResponse.
pub mod get_telemetry_subscriptions_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ClientInstanceId`
    pub const CLIENT_INSTANCE_ID: FieldId = FieldId(2);
    /// `SubscriptionId`
    pub const SUBSCRIPTION_ID: FieldId = FieldId(3);
    /// `AcceptedCompressionTypes`
    pub const ACCEPTED_COMPRESSION_TYPES: FieldId = FieldId(4);
    /// `PushIntervalMs`
    pub const PUSH_INTERVAL_MS: FieldId = FieldId(5);
    /// `TelemetryMaxBytes`
    pub const TELEMETRY_MAX_BYTES: FieldId = FieldId(6);
    /// `DeltaTemporality`
    pub const DELTA_TEMPORALITY: FieldId = FieldId(7);
    /// `RequestedMetrics`
    pub const REQUESTED_METRICS: FieldId = FieldId(8);
}
/// Field ids of PushTelemetryRequest.
pub mod push_telemetry_request {
    use super::FieldId;
    /// `ClientInstanceId`
    pub const CLIENT_INSTANCE_ID: FieldId = FieldId(0);
    /// `SubscriptionId`
    pub const SUBSCRIPTION_ID: FieldId = FieldId(1);
    /// `Terminating`
    pub const TERMINATING: FieldId = FieldId(2);
    /// `CompressionType`
    pub const COMPRESSION_TYPE: FieldId = FieldId(3);
    /// `Metrics`
    pub const METRICS: FieldId = FieldId(4);
}
/// Field ids of PushTelemetryResponse.
pub mod push_telemetry_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
}
/// Field ids of AssignReplicasToDirsRequest.
pub mod assign_replicas_to_dirs_request {
    use super::FieldId;
    /// `BrokerId`
    pub const BROKER_ID: FieldId = FieldId(0);
    /// `BrokerEpoch`
    pub const BROKER_EPOCH: FieldId = FieldId(1);
    /// `Directories`
    pub const DIRECTORIES: FieldId = FieldId(2);
    /// `Directories.Id`
    pub const DIRECTORIES__ID: FieldId = FieldId(3);
    /// `Directories.Topics`
    pub const DIRECTORIES__TOPICS: FieldId = FieldId(4);
    /// `Directories.Topics.TopicId`
    pub const DIRECTORIES__TOPICS__TOPIC_ID: FieldId = FieldId(5);
    /// `Directories.Topics.Partitions`
    pub const DIRECTORIES__TOPICS__PARTITIONS: FieldId = FieldId(6);
    /// `Directories.Topics.Partitions.PartitionIndex`
    pub const DIRECTORIES__TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
}
/// Field ids of AssignReplicasToDirsResponse.
pub mod assign_replicas_to_dirs_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `Directories`
    pub const DIRECTORIES: FieldId = FieldId(2);
    /// `Directories.Id`
    pub const DIRECTORIES__ID: FieldId = FieldId(3);
    /// `Directories.Topics`
    pub const DIRECTORIES__TOPICS: FieldId = FieldId(4);
    /// `Directories.Topics.TopicId`
    pub const DIRECTORIES__TOPICS__TOPIC_ID: FieldId = FieldId(5);
    /// `Directories.Topics.Partitions`
    pub const DIRECTORIES__TOPICS__PARTITIONS: FieldId = FieldId(6);
    /// `Directories.Topics.Partitions.PartitionIndex`
    pub const DIRECTORIES__TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Directories.Topics.Partitions.ErrorCode`
    pub const DIRECTORIES__TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(8);
}
/// Field ids of ListConfigResourcesRequest.
pub mod list_config_resources_request {
    use super::FieldId;
    /// `ResourceTypes`
    pub const RESOURCE_TYPES: FieldId = FieldId(0);
}
/// Field ids of ListConfigResourcesResponse.
pub mod list_config_resources_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ConfigResources`
    pub const CONFIG_RESOURCES: FieldId = FieldId(2);
    /// `ConfigResources.ResourceName`
    pub const CONFIG_RESOURCES__RESOURCE_NAME: FieldId = FieldId(3);
    /// `ConfigResources.ResourceType`
    pub const CONFIG_RESOURCES__RESOURCE_TYPE: FieldId = FieldId(4);
}
/// Field ids of DescribeTopicPartitionsRequest.
pub mod describe_topic_partitions_request {
    use super::FieldId;
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(0);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(1);
    /// `ResponsePartitionLimit`
    pub const RESPONSE_PARTITION_LIMIT: FieldId = FieldId(2);
    /// `Cursor`
    pub const CURSOR: FieldId = FieldId(3);
    /// `Cursor.TopicName`
    pub const CURSOR__TOPIC_NAME: FieldId = FieldId(4);
    /// `Cursor.PartitionIndex`
    pub const CURSOR__PARTITION_INDEX: FieldId = FieldId(5);
}
/// Field ids of DescribeTopicPartitionsResponse.
pub mod describe_topic_partitions_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.ErrorCode`
    pub const TOPICS__ERROR_CODE: FieldId = FieldId(2);
    /// `Topics.Name`
    pub const TOPICS__NAME: FieldId = FieldId(3);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(4);
    /// `Topics.IsInternal`
    pub const TOPICS__IS_INTERNAL: FieldId = FieldId(5);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(6);
    /// `Topics.Partitions.ErrorCode`
    pub const TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(7);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(8);
    /// `Topics.Partitions.LeaderId`
    pub const TOPICS__PARTITIONS__LEADER_ID: FieldId = FieldId(9);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(10);
    /// `Topics.Partitions.ReplicaNodes`
    pub const TOPICS__PARTITIONS__REPLICA_NODES: FieldId = FieldId(11);
    /// `Topics.Partitions.IsrNodes`
    pub const TOPICS__PARTITIONS__ISR_NODES: FieldId = FieldId(12);
    /// `Topics.Partitions.EligibleLeaderReplicas`
    pub const TOPICS__PARTITIONS__ELIGIBLE_LEADER_REPLICAS: FieldId = FieldId(13);
    /// `Topics.Partitions.LastKnownElr`
    pub const TOPICS__PARTITIONS__LAST_KNOWN_ELR: FieldId = FieldId(14);
    /// `Topics.Partitions.OfflineReplicas`
    pub const TOPICS__PARTITIONS__OFFLINE_REPLICAS: FieldId = FieldId(15);
    /// `Topics.TopicAuthorizedOperations`
    pub const TOPICS__TOPIC_AUTHORIZED_OPERATIONS: FieldId = FieldId(16);
    /// `NextCursor`
    pub const NEXT_CURSOR: FieldId = FieldId(17);
    /// `NextCursor.TopicName`
    pub const NEXT_CURSOR__TOPIC_NAME: FieldId = FieldId(18);
    /// `NextCursor.PartitionIndex`
    pub const NEXT_CURSOR__PARTITION_INDEX: FieldId = FieldId(19);
}
/// Field ids of ShareGroupHeartbeatRequest.
pub mod share_group_heartbeat_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(1);
    /// `MemberEpoch`
    pub const MEMBER_EPOCH: FieldId = FieldId(2);
    /// `RackId`
    pub const RACK_ID: FieldId = FieldId(3);
    /// `SubscribedTopicNames`
    pub const SUBSCRIBED_TOPIC_NAMES: FieldId = FieldId(4);
}
/// Field ids of ShareGroupHeartbeatResponse.
pub mod share_group_heartbeat_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(3);
    /// `MemberEpoch`
    pub const MEMBER_EPOCH: FieldId = FieldId(4);
    /// `HeartbeatIntervalMs`
    pub const HEARTBEAT_INTERVAL_MS: FieldId = FieldId(5);
    /// `Assignment`
    pub const ASSIGNMENT: FieldId = FieldId(6);
    /// `Assignment.TopicPartitions`
    pub const ASSIGNMENT__TOPIC_PARTITIONS: FieldId = FieldId(7);
    /// `Assignment.TopicPartitions.TopicId`
    pub const ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_ID: FieldId = FieldId(8);
    /// `Assignment.TopicPartitions.Partitions`
    pub const ASSIGNMENT__TOPIC_PARTITIONS__PARTITIONS: FieldId = FieldId(9);
}
/// Field ids of ShareGroupDescribeRequest.
pub mod share_group_describe_request {
    use super::FieldId;
    /// `GroupIds`
    pub const GROUP_IDS: FieldId = FieldId(0);
    /// `IncludeAuthorizedOperations`
    pub const INCLUDE_AUTHORIZED_OPERATIONS: FieldId = FieldId(1);
}
/// Field ids of ShareGroupDescribeResponse.
pub mod share_group_describe_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(1);
    /// `Groups.ErrorCode`
    pub const GROUPS__ERROR_CODE: FieldId = FieldId(2);
    /// `Groups.ErrorMessage`
    pub const GROUPS__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(4);
    /// `Groups.GroupState`
    pub const GROUPS__GROUP_STATE: FieldId = FieldId(5);
    /// `Groups.GroupEpoch`
    pub const GROUPS__GROUP_EPOCH: FieldId = FieldId(6);
    /// `Groups.AssignmentEpoch`
    pub const GROUPS__ASSIGNMENT_EPOCH: FieldId = FieldId(7);
    /// `Groups.AssignorName`
    pub const GROUPS__ASSIGNOR_NAME: FieldId = FieldId(8);
    /// `Groups.Members`
    pub const GROUPS__MEMBERS: FieldId = FieldId(9);
    /// `Groups.Members.MemberId`
    pub const GROUPS__MEMBERS__MEMBER_ID: FieldId = FieldId(10);
    /// `Groups.Members.RackId`
    pub const GROUPS__MEMBERS__RACK_ID: FieldId = FieldId(11);
    /// `Groups.Members.MemberEpoch`
    pub const GROUPS__MEMBERS__MEMBER_EPOCH: FieldId = FieldId(12);
    /// `Groups.Members.ClientId`
    pub const GROUPS__MEMBERS__CLIENT_ID: FieldId = FieldId(13);
    /// `Groups.Members.ClientHost`
    pub const GROUPS__MEMBERS__CLIENT_HOST: FieldId = FieldId(14);
    /// `Groups.Members.SubscribedTopicNames`
    pub const GROUPS__MEMBERS__SUBSCRIBED_TOPIC_NAMES: FieldId = FieldId(15);
    /// `Groups.Members.Assignment`
    pub const GROUPS__MEMBERS__ASSIGNMENT: FieldId = FieldId(16);
    /// `Groups.Members.Assignment.TopicPartitions`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS: FieldId = FieldId(17);
    /// `Groups.Members.Assignment.TopicPartitions.TopicId`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_ID: FieldId = FieldId(18);
    /// `Groups.Members.Assignment.TopicPartitions.TopicName`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS__TOPIC_NAME: FieldId = FieldId(19);
    /// `Groups.Members.Assignment.TopicPartitions.Partitions`
    pub const GROUPS__MEMBERS__ASSIGNMENT__TOPIC_PARTITIONS__PARTITIONS: FieldId = FieldId(20);
    /// `Groups.AuthorizedOperations`
    pub const GROUPS__AUTHORIZED_OPERATIONS: FieldId = FieldId(21);
}
/// Field ids of ShareFetchRequest.
pub mod share_fetch_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(1);
    /// `ShareSessionEpoch`
    pub const SHARE_SESSION_EPOCH: FieldId = FieldId(2);
    /// `MaxWaitMs`
    pub const MAX_WAIT_MS: FieldId = FieldId(3);
    /// `MinBytes`
    pub const MIN_BYTES: FieldId = FieldId(4);
    /// `MaxBytes`
    pub const MAX_BYTES: FieldId = FieldId(5);
    /// `MaxRecords`
    pub const MAX_RECORDS: FieldId = FieldId(6);
    /// `BatchSize`
    pub const BATCH_SIZE: FieldId = FieldId(7);
    /// `ShareAcquireMode`
    pub const SHARE_ACQUIRE_MODE: FieldId = FieldId(8);
    /// `IsRenewAck`
    pub const IS_RENEW_ACK: FieldId = FieldId(9);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(10);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(11);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(12);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(13);
    /// `Topics.Partitions.PartitionMaxBytes`
    pub const TOPICS__PARTITIONS__PARTITION_MAX_BYTES: FieldId = FieldId(14);
    /// `Topics.Partitions.AcknowledgementBatches`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES: FieldId = FieldId(15);
    /// `Topics.Partitions.AcknowledgementBatches.FirstOffset`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES__FIRST_OFFSET: FieldId = FieldId(16);
    /// `Topics.Partitions.AcknowledgementBatches.LastOffset`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES__LAST_OFFSET: FieldId = FieldId(17);
    /// `Topics.Partitions.AcknowledgementBatches.AcknowledgeTypes`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES__ACKNOWLEDGE_TYPES: FieldId = FieldId(18);
    /// `ForgottenTopicsData`
    pub const FORGOTTEN_TOPICS_DATA: FieldId = FieldId(19);
    /// `ForgottenTopicsData.TopicId`
    pub const FORGOTTEN_TOPICS_DATA__TOPIC_ID: FieldId = FieldId(20);
    /// `ForgottenTopicsData.Partitions`
    pub const FORGOTTEN_TOPICS_DATA__PARTITIONS: FieldId = FieldId(21);
}
/// Field ids of ShareFetchResponse.
pub mod share_fetch_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `AcquisitionLockTimeoutMs`
    pub const ACQUISITION_LOCK_TIMEOUT_MS: FieldId = FieldId(3);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(4);
    /// `Responses.TopicId`
    pub const RESPONSES__TOPIC_ID: FieldId = FieldId(5);
    /// `Responses.Partitions`
    pub const RESPONSES__PARTITIONS: FieldId = FieldId(6);
    /// `Responses.Partitions.PartitionIndex`
    pub const RESPONSES__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Responses.Partitions.ErrorCode`
    pub const RESPONSES__PARTITIONS__ERROR_CODE: FieldId = FieldId(8);
    /// `Responses.Partitions.ErrorMessage`
    pub const RESPONSES__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(9);
    /// `Responses.Partitions.AcknowledgeErrorCode`
    pub const RESPONSES__PARTITIONS__ACKNOWLEDGE_ERROR_CODE: FieldId = FieldId(10);
    /// `Responses.Partitions.AcknowledgeErrorMessage`
    pub const RESPONSES__PARTITIONS__ACKNOWLEDGE_ERROR_MESSAGE: FieldId = FieldId(11);
    /// `Responses.Partitions.CurrentLeader`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER: FieldId = FieldId(12);
    /// `Responses.Partitions.CurrentLeader.LeaderId`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER__LEADER_ID: FieldId = FieldId(13);
    /// `Responses.Partitions.CurrentLeader.LeaderEpoch`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER__LEADER_EPOCH: FieldId = FieldId(14);
    /// `Responses.Partitions.Records`
    pub const RESPONSES__PARTITIONS__RECORDS: FieldId = FieldId(15);
    /// `Responses.Partitions.AcquiredRecords`
    pub const RESPONSES__PARTITIONS__ACQUIRED_RECORDS: FieldId = FieldId(16);
    /// `Responses.Partitions.AcquiredRecords.FirstOffset`
    pub const RESPONSES__PARTITIONS__ACQUIRED_RECORDS__FIRST_OFFSET: FieldId = FieldId(17);
    /// `Responses.Partitions.AcquiredRecords.LastOffset`
    pub const RESPONSES__PARTITIONS__ACQUIRED_RECORDS__LAST_OFFSET: FieldId = FieldId(18);
    /// `Responses.Partitions.AcquiredRecords.DeliveryCount`
    pub const RESPONSES__PARTITIONS__ACQUIRED_RECORDS__DELIVERY_COUNT: FieldId = FieldId(19);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(20);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(21);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(22);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(23);
    /// `NodeEndpoints.Rack`
    pub const NODE_ENDPOINTS__RACK: FieldId = FieldId(24);
}
/// Field ids of ShareAcknowledgeRequest.
pub mod share_acknowledge_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(1);
    /// `ShareSessionEpoch`
    pub const SHARE_SESSION_EPOCH: FieldId = FieldId(2);
    /// `IsRenewAck`
    pub const IS_RENEW_ACK: FieldId = FieldId(3);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(4);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(5);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(6);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Topics.Partitions.AcknowledgementBatches`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES: FieldId = FieldId(8);
    /// `Topics.Partitions.AcknowledgementBatches.FirstOffset`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES__FIRST_OFFSET: FieldId = FieldId(9);
    /// `Topics.Partitions.AcknowledgementBatches.LastOffset`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES__LAST_OFFSET: FieldId = FieldId(10);
    /// `Topics.Partitions.AcknowledgementBatches.AcknowledgeTypes`
    pub const TOPICS__PARTITIONS__ACKNOWLEDGEMENT_BATCHES__ACKNOWLEDGE_TYPES: FieldId = FieldId(11);
}
/// Field ids of ShareAcknowledgeResponse.
pub mod share_acknowledge_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `AcquisitionLockTimeoutMs`
    pub const ACQUISITION_LOCK_TIMEOUT_MS: FieldId = FieldId(3);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(4);
    /// `Responses.TopicId`
    pub const RESPONSES__TOPIC_ID: FieldId = FieldId(5);
    /// `Responses.Partitions`
    pub const RESPONSES__PARTITIONS: FieldId = FieldId(6);
    /// `Responses.Partitions.PartitionIndex`
    pub const RESPONSES__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Responses.Partitions.ErrorCode`
    pub const RESPONSES__PARTITIONS__ERROR_CODE: FieldId = FieldId(8);
    /// `Responses.Partitions.ErrorMessage`
    pub const RESPONSES__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(9);
    /// `Responses.Partitions.CurrentLeader`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER: FieldId = FieldId(10);
    /// `Responses.Partitions.CurrentLeader.LeaderId`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER__LEADER_ID: FieldId = FieldId(11);
    /// `Responses.Partitions.CurrentLeader.LeaderEpoch`
    pub const RESPONSES__PARTITIONS__CURRENT_LEADER__LEADER_EPOCH: FieldId = FieldId(12);
    /// `NodeEndpoints`
    pub const NODE_ENDPOINTS: FieldId = FieldId(13);
    /// `NodeEndpoints.NodeId`
    pub const NODE_ENDPOINTS__NODE_ID: FieldId = FieldId(14);
    /// `NodeEndpoints.Host`
    pub const NODE_ENDPOINTS__HOST: FieldId = FieldId(15);
    /// `NodeEndpoints.Port`
    pub const NODE_ENDPOINTS__PORT: FieldId = FieldId(16);
    /// `NodeEndpoints.Rack`
    pub const NODE_ENDPOINTS__RACK: FieldId = FieldId(17);
}
/// Field ids of AddRaftVoterRequest.
pub mod add_raft_voter_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `TimeoutMs`
    pub const TIMEOUT_MS: FieldId = FieldId(1);
    /// `VoterId`
    pub const VOTER_ID: FieldId = FieldId(2);
    /// `VoterDirectoryId`
    pub const VOTER_DIRECTORY_ID: FieldId = FieldId(3);
    /// `Listeners`
    pub const LISTENERS: FieldId = FieldId(4);
    /// `Listeners.Name`
    pub const LISTENERS__NAME: FieldId = FieldId(5);
    /// `Listeners.Host`
    pub const LISTENERS__HOST: FieldId = FieldId(6);
    /// `Listeners.Port`
    pub const LISTENERS__PORT: FieldId = FieldId(7);
    /// `AckWhenCommitted`
    pub const ACK_WHEN_COMMITTED: FieldId = FieldId(8);
}
/// Field ids of AddRaftVoterResponse.
pub mod add_raft_voter_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
}
/// Field ids of RemoveRaftVoterRequest.
pub mod remove_raft_voter_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `VoterId`
    pub const VOTER_ID: FieldId = FieldId(1);
    /// `VoterDirectoryId`
    pub const VOTER_DIRECTORY_ID: FieldId = FieldId(2);
}
/// Field ids of RemoveRaftVoterResponse.
pub mod remove_raft_voter_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
}
/// Field ids of UpdateRaftVoterRequest.
pub mod update_raft_voter_request {
    use super::FieldId;
    /// `ClusterId`
    pub const CLUSTER_ID: FieldId = FieldId(0);
    /// `CurrentLeaderEpoch`
    pub const CURRENT_LEADER_EPOCH: FieldId = FieldId(1);
    /// `VoterId`
    pub const VOTER_ID: FieldId = FieldId(2);
    /// `VoterDirectoryId`
    pub const VOTER_DIRECTORY_ID: FieldId = FieldId(3);
    /// `Listeners`
    pub const LISTENERS: FieldId = FieldId(4);
    /// `Listeners.Name`
    pub const LISTENERS__NAME: FieldId = FieldId(5);
    /// `Listeners.Host`
    pub const LISTENERS__HOST: FieldId = FieldId(6);
    /// `Listeners.Port`
    pub const LISTENERS__PORT: FieldId = FieldId(7);
    /// `KRaftVersionFeature`
    pub const K_RAFT_VERSION_FEATURE: FieldId = FieldId(8);
    /// `KRaftVersionFeature.MinSupportedVersion`
    pub const K_RAFT_VERSION_FEATURE__MIN_SUPPORTED_VERSION: FieldId = FieldId(9);
    /// `KRaftVersionFeature.MaxSupportedVersion`
    pub const K_RAFT_VERSION_FEATURE__MAX_SUPPORTED_VERSION: FieldId = FieldId(10);
}
/// Field ids of UpdateRaftVoterResponse.
pub mod update_raft_voter_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `CurrentLeader`
    pub const CURRENT_LEADER: FieldId = FieldId(2);
    /// `CurrentLeader.LeaderId`
    pub const CURRENT_LEADER__LEADER_ID: FieldId = FieldId(3);
    /// `CurrentLeader.LeaderEpoch`
    pub const CURRENT_LEADER__LEADER_EPOCH: FieldId = FieldId(4);
    /// `CurrentLeader.Host`
    pub const CURRENT_LEADER__HOST: FieldId = FieldId(5);
    /// `CurrentLeader.Port`
    pub const CURRENT_LEADER__PORT: FieldId = FieldId(6);
}
/// Field ids of InitializeShareGroupStateRequest.
pub mod initialize_share_group_state_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(4);
    /// `Topics.Partitions.StateEpoch`
    pub const TOPICS__PARTITIONS__STATE_EPOCH: FieldId = FieldId(5);
    /// `Topics.Partitions.StartOffset`
    pub const TOPICS__PARTITIONS__START_OFFSET: FieldId = FieldId(6);
}
/// Field ids of InitializeShareGroupStateResponse.
pub mod initialize_share_group_state_response {
    use super::FieldId;
    /// `Results`
    pub const RESULTS: FieldId = FieldId(0);
    /// `Results.TopicId`
    pub const RESULTS__TOPIC_ID: FieldId = FieldId(1);
    /// `Results.Partitions`
    pub const RESULTS__PARTITIONS: FieldId = FieldId(2);
    /// `Results.Partitions.Partition`
    pub const RESULTS__PARTITIONS__PARTITION: FieldId = FieldId(3);
    /// `Results.Partitions.ErrorCode`
    pub const RESULTS__PARTITIONS__ERROR_CODE: FieldId = FieldId(4);
    /// `Results.Partitions.ErrorMessage`
    pub const RESULTS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(5);
}
/// Field ids of ReadShareGroupStateRequest.
pub mod read_share_group_state_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(4);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(5);
}
/// Field ids of ReadShareGroupStateResponse.
pub mod read_share_group_state_response {
    use super::FieldId;
    /// `Results`
    pub const RESULTS: FieldId = FieldId(0);
    /// `Results.TopicId`
    pub const RESULTS__TOPIC_ID: FieldId = FieldId(1);
    /// `Results.Partitions`
    pub const RESULTS__PARTITIONS: FieldId = FieldId(2);
    /// `Results.Partitions.Partition`
    pub const RESULTS__PARTITIONS__PARTITION: FieldId = FieldId(3);
    /// `Results.Partitions.ErrorCode`
    pub const RESULTS__PARTITIONS__ERROR_CODE: FieldId = FieldId(4);
    /// `Results.Partitions.ErrorMessage`
    pub const RESULTS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(5);
    /// `Results.Partitions.StateEpoch`
    pub const RESULTS__PARTITIONS__STATE_EPOCH: FieldId = FieldId(6);
    /// `Results.Partitions.StartOffset`
    pub const RESULTS__PARTITIONS__START_OFFSET: FieldId = FieldId(7);
    /// `Results.Partitions.StateBatches`
    pub const RESULTS__PARTITIONS__STATE_BATCHES: FieldId = FieldId(8);
    /// `Results.Partitions.StateBatches.FirstOffset`
    pub const RESULTS__PARTITIONS__STATE_BATCHES__FIRST_OFFSET: FieldId = FieldId(9);
    /// `Results.Partitions.StateBatches.LastOffset`
    pub const RESULTS__PARTITIONS__STATE_BATCHES__LAST_OFFSET: FieldId = FieldId(10);
    /// `Results.Partitions.StateBatches.DeliveryState`
    pub const RESULTS__PARTITIONS__STATE_BATCHES__DELIVERY_STATE: FieldId = FieldId(11);
    /// `Results.Partitions.StateBatches.DeliveryCount`
    pub const RESULTS__PARTITIONS__STATE_BATCHES__DELIVERY_COUNT: FieldId = FieldId(12);
}
/// Field ids of WriteShareGroupStateRequest.
pub mod write_share_group_state_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(4);
    /// `Topics.Partitions.StateEpoch`
    pub const TOPICS__PARTITIONS__STATE_EPOCH: FieldId = FieldId(5);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(6);
    /// `Topics.Partitions.StartOffset`
    pub const TOPICS__PARTITIONS__START_OFFSET: FieldId = FieldId(7);
    /// `Topics.Partitions.DeliveryCompleteCount`
    pub const TOPICS__PARTITIONS__DELIVERY_COMPLETE_COUNT: FieldId = FieldId(8);
    /// `Topics.Partitions.StateBatches`
    pub const TOPICS__PARTITIONS__STATE_BATCHES: FieldId = FieldId(9);
    /// `Topics.Partitions.StateBatches.FirstOffset`
    pub const TOPICS__PARTITIONS__STATE_BATCHES__FIRST_OFFSET: FieldId = FieldId(10);
    /// `Topics.Partitions.StateBatches.LastOffset`
    pub const TOPICS__PARTITIONS__STATE_BATCHES__LAST_OFFSET: FieldId = FieldId(11);
    /// `Topics.Partitions.StateBatches.DeliveryState`
    pub const TOPICS__PARTITIONS__STATE_BATCHES__DELIVERY_STATE: FieldId = FieldId(12);
    /// `Topics.Partitions.StateBatches.DeliveryCount`
    pub const TOPICS__PARTITIONS__STATE_BATCHES__DELIVERY_COUNT: FieldId = FieldId(13);
}
/// Field ids of WriteShareGroupStateResponse.
pub mod write_share_group_state_response {
    use super::FieldId;
    /// `Results`
    pub const RESULTS: FieldId = FieldId(0);
    /// `Results.TopicId`
    pub const RESULTS__TOPIC_ID: FieldId = FieldId(1);
    /// `Results.Partitions`
    pub const RESULTS__PARTITIONS: FieldId = FieldId(2);
    /// `Results.Partitions.Partition`
    pub const RESULTS__PARTITIONS__PARTITION: FieldId = FieldId(3);
    /// `Results.Partitions.ErrorCode`
    pub const RESULTS__PARTITIONS__ERROR_CODE: FieldId = FieldId(4);
    /// `Results.Partitions.ErrorMessage`
    pub const RESULTS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(5);
}
/// Field ids of DeleteShareGroupStateRequest.
pub mod delete_share_group_state_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(4);
}
/// Field ids of DeleteShareGroupStateResponse.
pub mod delete_share_group_state_response {
    use super::FieldId;
    /// `Results`
    pub const RESULTS: FieldId = FieldId(0);
    /// `Results.TopicId`
    pub const RESULTS__TOPIC_ID: FieldId = FieldId(1);
    /// `Results.Partitions`
    pub const RESULTS__PARTITIONS: FieldId = FieldId(2);
    /// `Results.Partitions.Partition`
    pub const RESULTS__PARTITIONS__PARTITION: FieldId = FieldId(3);
    /// `Results.Partitions.ErrorCode`
    pub const RESULTS__PARTITIONS__ERROR_CODE: FieldId = FieldId(4);
    /// `Results.Partitions.ErrorMessage`
    pub const RESULTS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(5);
}
/// Field ids of ReadShareGroupStateSummaryRequest.
pub mod read_share_group_state_summary_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicId`
    pub const TOPICS__TOPIC_ID: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.Partition`
    pub const TOPICS__PARTITIONS__PARTITION: FieldId = FieldId(4);
    /// `Topics.Partitions.LeaderEpoch`
    pub const TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(5);
}
/// Field ids of ReadShareGroupStateSummaryResponse.
pub mod read_share_group_state_summary_response {
    use super::FieldId;
    /// `Results`
    pub const RESULTS: FieldId = FieldId(0);
    /// `Results.TopicId`
    pub const RESULTS__TOPIC_ID: FieldId = FieldId(1);
    /// `Results.Partitions`
    pub const RESULTS__PARTITIONS: FieldId = FieldId(2);
    /// `Results.Partitions.Partition`
    pub const RESULTS__PARTITIONS__PARTITION: FieldId = FieldId(3);
    /// `Results.Partitions.ErrorCode`
    pub const RESULTS__PARTITIONS__ERROR_CODE: FieldId = FieldId(4);
    /// `Results.Partitions.ErrorMessage`
    pub const RESULTS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(5);
    /// `Results.Partitions.StateEpoch`
    pub const RESULTS__PARTITIONS__STATE_EPOCH: FieldId = FieldId(6);
    /// `Results.Partitions.LeaderEpoch`
    pub const RESULTS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(7);
    /// `Results.Partitions.StartOffset`
    pub const RESULTS__PARTITIONS__START_OFFSET: FieldId = FieldId(8);
    /// `Results.Partitions.DeliveryCompleteCount`
    pub const RESULTS__PARTITIONS__DELIVERY_COMPLETE_COUNT: FieldId = FieldId(9);
}
/// Field ids of StreamsGroupHeartbeatRequest.
pub mod streams_group_heartbeat_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(1);
    /// `MemberEpoch`
    pub const MEMBER_EPOCH: FieldId = FieldId(2);
    /// `EndpointInformationEpoch`
    pub const ENDPOINT_INFORMATION_EPOCH: FieldId = FieldId(3);
    /// `InstanceId`
    pub const INSTANCE_ID: FieldId = FieldId(4);
    /// `RackId`
    pub const RACK_ID: FieldId = FieldId(5);
    /// `RebalanceTimeoutMs`
    pub const REBALANCE_TIMEOUT_MS: FieldId = FieldId(6);
    /// `Topology`
    pub const TOPOLOGY: FieldId = FieldId(7);
    /// `Topology.Epoch`
    pub const TOPOLOGY__EPOCH: FieldId = FieldId(8);
    /// `Topology.Subtopologies`
    pub const TOPOLOGY__SUBTOPOLOGIES: FieldId = FieldId(9);
    /// `Topology.Subtopologies.SubtopologyId`
    pub const TOPOLOGY__SUBTOPOLOGIES__SUBTOPOLOGY_ID: FieldId = FieldId(10);
    /// `Topology.Subtopologies.SourceTopics`
    pub const TOPOLOGY__SUBTOPOLOGIES__SOURCE_TOPICS: FieldId = FieldId(11);
    /// `Topology.Subtopologies.SourceTopicRegex`
    pub const TOPOLOGY__SUBTOPOLOGIES__SOURCE_TOPIC_REGEX: FieldId = FieldId(12);
    /// `Topology.Subtopologies.StateChangelogTopics`
    pub const TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS: FieldId = FieldId(13);
    /// `Topology.Subtopologies.StateChangelogTopics.Name`
    pub const TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__NAME: FieldId = FieldId(14);
    /// `Topology.Subtopologies.StateChangelogTopics.Partitions`
    pub const TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__PARTITIONS: FieldId = FieldId(15);
    /// `Topology.Subtopologies.StateChangelogTopics.ReplicationFactor`
    pub const TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__REPLICATION_FACTOR: FieldId = FieldId(16);
    /// `Topology.Subtopologies.StateChangelogTopics.TopicConfigs`
    pub const TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__TOPIC_CONFIGS: FieldId = FieldId(17);
    /// `Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Key`
    pub const TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__TOPIC_CONFIGS__KEY: FieldId = FieldId(18);
    /// `Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Value`
    pub const TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__TOPIC_CONFIGS__VALUE: FieldId = FieldId(19);
    /// `Topology.Subtopologies.RepartitionSinkTopics`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SINK_TOPICS: FieldId = FieldId(20);
    /// `Topology.Subtopologies.RepartitionSourceTopics`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS: FieldId = FieldId(21);
    /// `Topology.Subtopologies.RepartitionSourceTopics.Name`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__NAME: FieldId = FieldId(22);
    /// `Topology.Subtopologies.RepartitionSourceTopics.Partitions`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__PARTITIONS: FieldId = FieldId(23);
    /// `Topology.Subtopologies.RepartitionSourceTopics.ReplicationFactor`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__REPLICATION_FACTOR: FieldId = FieldId(24);
    /// `Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__TOPIC_CONFIGS: FieldId = FieldId(25);
    /// `Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Key`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__TOPIC_CONFIGS__KEY: FieldId = FieldId(26);
    /// `Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Value`
    pub const TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__TOPIC_CONFIGS__VALUE: FieldId = FieldId(27);
    /// `Topology.Subtopologies.CopartitionGroups`
    pub const TOPOLOGY__SUBTOPOLOGIES__COPARTITION_GROUPS: FieldId = FieldId(28);
    /// `Topology.Subtopologies.CopartitionGroups.SourceTopics`
    pub const TOPOLOGY__SUBTOPOLOGIES__COPARTITION_GROUPS__SOURCE_TOPICS: FieldId = FieldId(29);
    /// `Topology.Subtopologies.CopartitionGroups.SourceTopicRegex`
    pub const TOPOLOGY__SUBTOPOLOGIES__COPARTITION_GROUPS__SOURCE_TOPIC_REGEX: FieldId = FieldId(30);
    /// `Topology.Subtopologies.CopartitionGroups.RepartitionSourceTopics`
    pub const TOPOLOGY__SUBTOPOLOGIES__COPARTITION_GROUPS__REPARTITION_SOURCE_TOPICS: FieldId = FieldId(31);
    /// `ActiveTasks`
    pub const ACTIVE_TASKS: FieldId = FieldId(32);
    /// `ActiveTasks.SubtopologyId`
    pub const ACTIVE_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(33);
    /// `ActiveTasks.Partitions`
    pub const ACTIVE_TASKS__PARTITIONS: FieldId = FieldId(34);
    /// `StandbyTasks`
    pub const STANDBY_TASKS: FieldId = FieldId(35);
    /// `StandbyTasks.SubtopologyId`
    pub const STANDBY_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(36);
    /// `StandbyTasks.Partitions`
    pub const STANDBY_TASKS__PARTITIONS: FieldId = FieldId(37);
    /// `WarmupTasks`
    pub const WARMUP_TASKS: FieldId = FieldId(38);
    /// `WarmupTasks.SubtopologyId`
    pub const WARMUP_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(39);
    /// `WarmupTasks.Partitions`
    pub const WARMUP_TASKS__PARTITIONS: FieldId = FieldId(40);
    /// `ProcessId`
    pub const PROCESS_ID: FieldId = FieldId(41);
    /// `UserEndpoint`
    pub const USER_ENDPOINT: FieldId = FieldId(42);
    /// `UserEndpoint.Host`
    pub const USER_ENDPOINT__HOST: FieldId = FieldId(43);
    /// `UserEndpoint.Port`
    pub const USER_ENDPOINT__PORT: FieldId = FieldId(44);
    /// `ClientTags`
    pub const CLIENT_TAGS: FieldId = FieldId(45);
    /// `ClientTags.Key`
    pub const CLIENT_TAGS__KEY: FieldId = FieldId(46);
    /// `ClientTags.Value`
    pub const CLIENT_TAGS__VALUE: FieldId = FieldId(47);
    /// `TaskOffsets`
    pub const TASK_OFFSETS: FieldId = FieldId(48);
    /// `TaskOffsets.SubtopologyId`
    pub const TASK_OFFSETS__SUBTOPOLOGY_ID: FieldId = FieldId(49);
    /// `TaskOffsets.Partition`
    pub const TASK_OFFSETS__PARTITION: FieldId = FieldId(50);
    /// `TaskOffsets.Offset`
    pub const TASK_OFFSETS__OFFSET: FieldId = FieldId(51);
    /// `TaskEndOffsets`
    pub const TASK_END_OFFSETS: FieldId = FieldId(52);
    /// `TaskEndOffsets.SubtopologyId`
    pub const TASK_END_OFFSETS__SUBTOPOLOGY_ID: FieldId = FieldId(53);
    /// `TaskEndOffsets.Partition`
    pub const TASK_END_OFFSETS__PARTITION: FieldId = FieldId(54);
    /// `TaskEndOffsets.Offset`
    pub const TASK_END_OFFSETS__OFFSET: FieldId = FieldId(55);
    /// `ShutdownApplication`
    pub const SHUTDOWN_APPLICATION: FieldId = FieldId(56);
}
/// Field ids of StreamsGroupHeartbeatResponse.
pub mod streams_group_heartbeat_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(3);
    /// `MemberEpoch`
    pub const MEMBER_EPOCH: FieldId = FieldId(4);
    /// `HeartbeatIntervalMs`
    pub const HEARTBEAT_INTERVAL_MS: FieldId = FieldId(5);
    /// `AcceptableRecoveryLagLegacy`
    pub const ACCEPTABLE_RECOVERY_LAG_LEGACY: FieldId = FieldId(6);
    /// `TaskOffsetIntervalMs`
    pub const TASK_OFFSET_INTERVAL_MS: FieldId = FieldId(7);
    /// `AcceptableRecoveryLag`
    pub const ACCEPTABLE_RECOVERY_LAG: FieldId = FieldId(8);
    /// `Status`
    pub const STATUS: FieldId = FieldId(9);
    /// `Status.StatusCode`
    pub const STATUS__STATUS_CODE: FieldId = FieldId(10);
    /// `Status.StatusDetail`
    pub const STATUS__STATUS_DETAIL: FieldId = FieldId(11);
    /// `ActiveTasks`
    pub const ACTIVE_TASKS: FieldId = FieldId(12);
    /// `ActiveTasks.SubtopologyId`
    pub const ACTIVE_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(13);
    /// `ActiveTasks.Partitions`
    pub const ACTIVE_TASKS__PARTITIONS: FieldId = FieldId(14);
    /// `StandbyTasks`
    pub const STANDBY_TASKS: FieldId = FieldId(15);
    /// `StandbyTasks.SubtopologyId`
    pub const STANDBY_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(16);
    /// `StandbyTasks.Partitions`
    pub const STANDBY_TASKS__PARTITIONS: FieldId = FieldId(17);
    /// `WarmupTasks`
    pub const WARMUP_TASKS: FieldId = FieldId(18);
    /// `WarmupTasks.SubtopologyId`
    pub const WARMUP_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(19);
    /// `WarmupTasks.Partitions`
    pub const WARMUP_TASKS__PARTITIONS: FieldId = FieldId(20);
    /// `TopologyDescriptionRequired`
    pub const TOPOLOGY_DESCRIPTION_REQUIRED: FieldId = FieldId(21);
    /// `EndpointInformationEpoch`
    pub const ENDPOINT_INFORMATION_EPOCH: FieldId = FieldId(22);
    /// `PartitionsByUserEndpoint`
    pub const PARTITIONS_BY_USER_ENDPOINT: FieldId = FieldId(23);
    /// `PartitionsByUserEndpoint.UserEndpoint`
    pub const PARTITIONS_BY_USER_ENDPOINT__USER_ENDPOINT: FieldId = FieldId(24);
    /// `PartitionsByUserEndpoint.UserEndpoint.Host`
    pub const PARTITIONS_BY_USER_ENDPOINT__USER_ENDPOINT__HOST: FieldId = FieldId(25);
    /// `PartitionsByUserEndpoint.UserEndpoint.Port`
    pub const PARTITIONS_BY_USER_ENDPOINT__USER_ENDPOINT__PORT: FieldId = FieldId(26);
    /// `PartitionsByUserEndpoint.ActivePartitions`
    pub const PARTITIONS_BY_USER_ENDPOINT__ACTIVE_PARTITIONS: FieldId = FieldId(27);
    /// `PartitionsByUserEndpoint.ActivePartitions.Topic`
    pub const PARTITIONS_BY_USER_ENDPOINT__ACTIVE_PARTITIONS__TOPIC: FieldId = FieldId(28);
    /// `PartitionsByUserEndpoint.ActivePartitions.Partitions`
    pub const PARTITIONS_BY_USER_ENDPOINT__ACTIVE_PARTITIONS__PARTITIONS: FieldId = FieldId(29);
    /// `PartitionsByUserEndpoint.StandbyPartitions`
    pub const PARTITIONS_BY_USER_ENDPOINT__STANDBY_PARTITIONS: FieldId = FieldId(30);
    /// `PartitionsByUserEndpoint.StandbyPartitions.Topic`
    pub const PARTITIONS_BY_USER_ENDPOINT__STANDBY_PARTITIONS__TOPIC: FieldId = FieldId(31);
    /// `PartitionsByUserEndpoint.StandbyPartitions.Partitions`
    pub const PARTITIONS_BY_USER_ENDPOINT__STANDBY_PARTITIONS__PARTITIONS: FieldId = FieldId(32);
}
/// Field ids of StreamsGroupDescribeRequest.
pub mod streams_group_describe_request {
    use super::FieldId;
    /// `GroupIds`
    pub const GROUP_IDS: FieldId = FieldId(0);
    /// `IncludeAuthorizedOperations`
    pub const INCLUDE_AUTHORIZED_OPERATIONS: FieldId = FieldId(1);
    /// `IncludeTopologyDescription`
    pub const INCLUDE_TOPOLOGY_DESCRIPTION: FieldId = FieldId(2);
}
/// Field ids of StreamsGroupDescribeResponse.
pub mod streams_group_describe_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(1);
    /// `Groups.ErrorCode`
    pub const GROUPS__ERROR_CODE: FieldId = FieldId(2);
    /// `Groups.ErrorMessage`
    pub const GROUPS__ERROR_MESSAGE: FieldId = FieldId(3);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(4);
    /// `Groups.GroupState`
    pub const GROUPS__GROUP_STATE: FieldId = FieldId(5);
    /// `Groups.GroupEpoch`
    pub const GROUPS__GROUP_EPOCH: FieldId = FieldId(6);
    /// `Groups.AssignmentEpoch`
    pub const GROUPS__ASSIGNMENT_EPOCH: FieldId = FieldId(7);
    /// `Groups.Topology`
    pub const GROUPS__TOPOLOGY: FieldId = FieldId(8);
    /// `Groups.Topology.Epoch`
    pub const GROUPS__TOPOLOGY__EPOCH: FieldId = FieldId(9);
    /// `Groups.Topology.Subtopologies`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES: FieldId = FieldId(10);
    /// `Groups.Topology.Subtopologies.SubtopologyId`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__SUBTOPOLOGY_ID: FieldId = FieldId(11);
    /// `Groups.Topology.Subtopologies.SourceTopics`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__SOURCE_TOPICS: FieldId = FieldId(12);
    /// `Groups.Topology.Subtopologies.RepartitionSinkTopics`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SINK_TOPICS: FieldId = FieldId(13);
    /// `Groups.Topology.Subtopologies.StateChangelogTopics`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS: FieldId = FieldId(14);
    /// `Groups.Topology.Subtopologies.StateChangelogTopics.Name`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__NAME: FieldId = FieldId(15);
    /// `Groups.Topology.Subtopologies.StateChangelogTopics.Partitions`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__PARTITIONS: FieldId = FieldId(16);
    /// `Groups.Topology.Subtopologies.StateChangelogTopics.ReplicationFactor`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__REPLICATION_FACTOR: FieldId = FieldId(17);
    /// `Groups.Topology.Subtopologies.StateChangelogTopics.TopicConfigs`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__TOPIC_CONFIGS: FieldId = FieldId(18);
    /// `Groups.Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Key`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__TOPIC_CONFIGS__KEY: FieldId = FieldId(19);
    /// `Groups.Topology.Subtopologies.StateChangelogTopics.TopicConfigs.Value`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__STATE_CHANGELOG_TOPICS__TOPIC_CONFIGS__VALUE: FieldId = FieldId(20);
    /// `Groups.Topology.Subtopologies.RepartitionSourceTopics`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS: FieldId = FieldId(21);
    /// `Groups.Topology.Subtopologies.RepartitionSourceTopics.Name`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__NAME: FieldId = FieldId(22);
    /// `Groups.Topology.Subtopologies.RepartitionSourceTopics.Partitions`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__PARTITIONS: FieldId = FieldId(23);
    /// `Groups.Topology.Subtopologies.RepartitionSourceTopics.ReplicationFactor`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__REPLICATION_FACTOR: FieldId = FieldId(24);
    /// `Groups.Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__TOPIC_CONFIGS: FieldId = FieldId(25);
    /// `Groups.Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Key`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__TOPIC_CONFIGS__KEY: FieldId = FieldId(26);
    /// `Groups.Topology.Subtopologies.RepartitionSourceTopics.TopicConfigs.Value`
    pub const GROUPS__TOPOLOGY__SUBTOPOLOGIES__REPARTITION_SOURCE_TOPICS__TOPIC_CONFIGS__VALUE: FieldId = FieldId(27);
    /// `Groups.Members`
    pub const GROUPS__MEMBERS: FieldId = FieldId(28);
    /// `Groups.Members.MemberId`
    pub const GROUPS__MEMBERS__MEMBER_ID: FieldId = FieldId(29);
    /// `Groups.Members.MemberEpoch`
    pub const GROUPS__MEMBERS__MEMBER_EPOCH: FieldId = FieldId(30);
    /// `Groups.Members.InstanceId`
    pub const GROUPS__MEMBERS__INSTANCE_ID: FieldId = FieldId(31);
    /// `Groups.Members.RackId`
    pub const GROUPS__MEMBERS__RACK_ID: FieldId = FieldId(32);
    /// `Groups.Members.ClientId`
    pub const GROUPS__MEMBERS__CLIENT_ID: FieldId = FieldId(33);
    /// `Groups.Members.ClientHost`
    pub const GROUPS__MEMBERS__CLIENT_HOST: FieldId = FieldId(34);
    /// `Groups.Members.TopologyEpoch`
    pub const GROUPS__MEMBERS__TOPOLOGY_EPOCH: FieldId = FieldId(35);
    /// `Groups.Members.ProcessId`
    pub const GROUPS__MEMBERS__PROCESS_ID: FieldId = FieldId(36);
    /// `Groups.Members.UserEndpoint`
    pub const GROUPS__MEMBERS__USER_ENDPOINT: FieldId = FieldId(37);
    /// `Groups.Members.UserEndpoint.Host`
    pub const GROUPS__MEMBERS__USER_ENDPOINT__HOST: FieldId = FieldId(38);
    /// `Groups.Members.UserEndpoint.Port`
    pub const GROUPS__MEMBERS__USER_ENDPOINT__PORT: FieldId = FieldId(39);
    /// `Groups.Members.ClientTags`
    pub const GROUPS__MEMBERS__CLIENT_TAGS: FieldId = FieldId(40);
    /// `Groups.Members.ClientTags.Key`
    pub const GROUPS__MEMBERS__CLIENT_TAGS__KEY: FieldId = FieldId(41);
    /// `Groups.Members.ClientTags.Value`
    pub const GROUPS__MEMBERS__CLIENT_TAGS__VALUE: FieldId = FieldId(42);
    /// `Groups.Members.TaskOffsets`
    pub const GROUPS__MEMBERS__TASK_OFFSETS: FieldId = FieldId(43);
    /// `Groups.Members.TaskOffsets.SubtopologyId`
    pub const GROUPS__MEMBERS__TASK_OFFSETS__SUBTOPOLOGY_ID: FieldId = FieldId(44);
    /// `Groups.Members.TaskOffsets.Partition`
    pub const GROUPS__MEMBERS__TASK_OFFSETS__PARTITION: FieldId = FieldId(45);
    /// `Groups.Members.TaskOffsets.Offset`
    pub const GROUPS__MEMBERS__TASK_OFFSETS__OFFSET: FieldId = FieldId(46);
    /// `Groups.Members.TaskEndOffsets`
    pub const GROUPS__MEMBERS__TASK_END_OFFSETS: FieldId = FieldId(47);
    /// `Groups.Members.TaskEndOffsets.SubtopologyId`
    pub const GROUPS__MEMBERS__TASK_END_OFFSETS__SUBTOPOLOGY_ID: FieldId = FieldId(48);
    /// `Groups.Members.TaskEndOffsets.Partition`
    pub const GROUPS__MEMBERS__TASK_END_OFFSETS__PARTITION: FieldId = FieldId(49);
    /// `Groups.Members.TaskEndOffsets.Offset`
    pub const GROUPS__MEMBERS__TASK_END_OFFSETS__OFFSET: FieldId = FieldId(50);
    /// `Groups.Members.Assignment`
    pub const GROUPS__MEMBERS__ASSIGNMENT: FieldId = FieldId(51);
    /// `Groups.Members.Assignment.ActiveTasks`
    pub const GROUPS__MEMBERS__ASSIGNMENT__ACTIVE_TASKS: FieldId = FieldId(52);
    /// `Groups.Members.Assignment.ActiveTasks.SubtopologyId`
    pub const GROUPS__MEMBERS__ASSIGNMENT__ACTIVE_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(53);
    /// `Groups.Members.Assignment.ActiveTasks.Partitions`
    pub const GROUPS__MEMBERS__ASSIGNMENT__ACTIVE_TASKS__PARTITIONS: FieldId = FieldId(54);
    /// `Groups.Members.Assignment.StandbyTasks`
    pub const GROUPS__MEMBERS__ASSIGNMENT__STANDBY_TASKS: FieldId = FieldId(55);
    /// `Groups.Members.Assignment.StandbyTasks.SubtopologyId`
    pub const GROUPS__MEMBERS__ASSIGNMENT__STANDBY_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(56);
    /// `Groups.Members.Assignment.StandbyTasks.Partitions`
    pub const GROUPS__MEMBERS__ASSIGNMENT__STANDBY_TASKS__PARTITIONS: FieldId = FieldId(57);
    /// `Groups.Members.Assignment.WarmupTasks`
    pub const GROUPS__MEMBERS__ASSIGNMENT__WARMUP_TASKS: FieldId = FieldId(58);
    /// `Groups.Members.Assignment.WarmupTasks.SubtopologyId`
    pub const GROUPS__MEMBERS__ASSIGNMENT__WARMUP_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(59);
    /// `Groups.Members.Assignment.WarmupTasks.Partitions`
    pub const GROUPS__MEMBERS__ASSIGNMENT__WARMUP_TASKS__PARTITIONS: FieldId = FieldId(60);
    /// `Groups.Members.TargetAssignment`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT: FieldId = FieldId(61);
    /// `Groups.Members.TargetAssignment.ActiveTasks`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__ACTIVE_TASKS: FieldId = FieldId(62);
    /// `Groups.Members.TargetAssignment.ActiveTasks.SubtopologyId`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__ACTIVE_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(63);
    /// `Groups.Members.TargetAssignment.ActiveTasks.Partitions`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__ACTIVE_TASKS__PARTITIONS: FieldId = FieldId(64);
    /// `Groups.Members.TargetAssignment.StandbyTasks`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__STANDBY_TASKS: FieldId = FieldId(65);
    /// `Groups.Members.TargetAssignment.StandbyTasks.SubtopologyId`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__STANDBY_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(66);
    /// `Groups.Members.TargetAssignment.StandbyTasks.Partitions`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__STANDBY_TASKS__PARTITIONS: FieldId = FieldId(67);
    /// `Groups.Members.TargetAssignment.WarmupTasks`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__WARMUP_TASKS: FieldId = FieldId(68);
    /// `Groups.Members.TargetAssignment.WarmupTasks.SubtopologyId`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__WARMUP_TASKS__SUBTOPOLOGY_ID: FieldId = FieldId(69);
    /// `Groups.Members.TargetAssignment.WarmupTasks.Partitions`
    pub const GROUPS__MEMBERS__TARGET_ASSIGNMENT__WARMUP_TASKS__PARTITIONS: FieldId = FieldId(70);
    /// `Groups.Members.IsClassic`
    pub const GROUPS__MEMBERS__IS_CLASSIC: FieldId = FieldId(71);
    /// `Groups.AuthorizedOperations`
    pub const GROUPS__AUTHORIZED_OPERATIONS: FieldId = FieldId(72);
    /// `Groups.TopologyDescription`
    pub const GROUPS__TOPOLOGY_DESCRIPTION: FieldId = FieldId(73);
    /// `Groups.TopologyDescription.Subtopologies`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES: FieldId = FieldId(74);
    /// `Groups.TopologyDescription.Subtopologies.SubtopologyId`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__SUBTOPOLOGY_ID: FieldId = FieldId(75);
    /// `Groups.TopologyDescription.Subtopologies.Nodes`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES: FieldId = FieldId(76);
    /// `Groups.TopologyDescription.Subtopologies.Nodes.Name`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__NAME: FieldId = FieldId(77);
    /// `Groups.TopologyDescription.Subtopologies.Nodes.NodeType`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__NODE_TYPE: FieldId = FieldId(78);
    /// `Groups.TopologyDescription.Subtopologies.Nodes.SourceTopics`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__SOURCE_TOPICS: FieldId = FieldId(79);
    /// `Groups.TopologyDescription.Subtopologies.Nodes.SinkTopic`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__SINK_TOPIC: FieldId = FieldId(80);
    /// `Groups.TopologyDescription.Subtopologies.Nodes.Stores`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__STORES: FieldId = FieldId(81);
    /// `Groups.TopologyDescription.Subtopologies.Nodes.Successors`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__SUCCESSORS: FieldId = FieldId(82);
    /// `Groups.TopologyDescription.GlobalStores`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES: FieldId = FieldId(83);
    /// `Groups.TopologyDescription.GlobalStores.Source`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE: FieldId = FieldId(84);
    /// `Groups.TopologyDescription.GlobalStores.Source.Name`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__NAME: FieldId = FieldId(85);
    /// `Groups.TopologyDescription.GlobalStores.Source.NodeType`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__NODE_TYPE: FieldId = FieldId(86);
    /// `Groups.TopologyDescription.GlobalStores.Source.SourceTopics`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__SOURCE_TOPICS: FieldId = FieldId(87);
    /// `Groups.TopologyDescription.GlobalStores.Source.SinkTopic`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__SINK_TOPIC: FieldId = FieldId(88);
    /// `Groups.TopologyDescription.GlobalStores.Source.Stores`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__STORES: FieldId = FieldId(89);
    /// `Groups.TopologyDescription.GlobalStores.Source.Successors`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__SUCCESSORS: FieldId = FieldId(90);
    /// `Groups.TopologyDescription.GlobalStores.Processor`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR: FieldId = FieldId(91);
    /// `Groups.TopologyDescription.GlobalStores.Processor.Name`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__NAME: FieldId = FieldId(92);
    /// `Groups.TopologyDescription.GlobalStores.Processor.NodeType`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__NODE_TYPE: FieldId = FieldId(93);
    /// `Groups.TopologyDescription.GlobalStores.Processor.SourceTopics`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__SOURCE_TOPICS: FieldId = FieldId(94);
    /// `Groups.TopologyDescription.GlobalStores.Processor.SinkTopic`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__SINK_TOPIC: FieldId = FieldId(95);
    /// `Groups.TopologyDescription.GlobalStores.Processor.Stores`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__STORES: FieldId = FieldId(96);
    /// `Groups.TopologyDescription.GlobalStores.Processor.Successors`
    pub const GROUPS__TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__SUCCESSORS: FieldId = FieldId(97);
    /// `Groups.TopologyDescriptionStatus`
    pub const GROUPS__TOPOLOGY_DESCRIPTION_STATUS: FieldId = FieldId(98);
    /// `Groups.AssignorName`
    pub const GROUPS__ASSIGNOR_NAME: FieldId = FieldId(99);
}
/// Field ids of DescribeShareGroupOffsetsRequest.
pub mod describe_share_group_offsets_request {
    use super::FieldId;
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(0);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(1);
    /// `Groups.Topics`
    pub const GROUPS__TOPICS: FieldId = FieldId(2);
    /// `Groups.Topics.TopicName`
    pub const GROUPS__TOPICS__TOPIC_NAME: FieldId = FieldId(3);
    /// `Groups.Topics.Partitions`
    pub const GROUPS__TOPICS__PARTITIONS: FieldId = FieldId(4);
}
/// Field ids of DescribeShareGroupOffsetsResponse.
pub mod describe_share_group_offsets_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `Groups`
    pub const GROUPS: FieldId = FieldId(1);
    /// `Groups.GroupId`
    pub const GROUPS__GROUP_ID: FieldId = FieldId(2);
    /// `Groups.Topics`
    pub const GROUPS__TOPICS: FieldId = FieldId(3);
    /// `Groups.Topics.TopicName`
    pub const GROUPS__TOPICS__TOPIC_NAME: FieldId = FieldId(4);
    /// `Groups.Topics.TopicId`
    pub const GROUPS__TOPICS__TOPIC_ID: FieldId = FieldId(5);
    /// `Groups.Topics.Partitions`
    pub const GROUPS__TOPICS__PARTITIONS: FieldId = FieldId(6);
    /// `Groups.Topics.Partitions.PartitionIndex`
    pub const GROUPS__TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Groups.Topics.Partitions.StartOffset`
    pub const GROUPS__TOPICS__PARTITIONS__START_OFFSET: FieldId = FieldId(8);
    /// `Groups.Topics.Partitions.LeaderEpoch`
    pub const GROUPS__TOPICS__PARTITIONS__LEADER_EPOCH: FieldId = FieldId(9);
    /// `Groups.Topics.Partitions.Lag`
    pub const GROUPS__TOPICS__PARTITIONS__LAG: FieldId = FieldId(10);
    /// `Groups.Topics.Partitions.ErrorCode`
    pub const GROUPS__TOPICS__PARTITIONS__ERROR_CODE: FieldId = FieldId(11);
    /// `Groups.Topics.Partitions.ErrorMessage`
    pub const GROUPS__TOPICS__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(12);
    /// `Groups.ErrorCode`
    pub const GROUPS__ERROR_CODE: FieldId = FieldId(13);
    /// `Groups.ErrorMessage`
    pub const GROUPS__ERROR_MESSAGE: FieldId = FieldId(14);
}
/// Field ids of AlterShareGroupOffsetsRequest.
pub mod alter_share_group_offsets_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(2);
    /// `Topics.Partitions`
    pub const TOPICS__PARTITIONS: FieldId = FieldId(3);
    /// `Topics.Partitions.PartitionIndex`
    pub const TOPICS__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(4);
    /// `Topics.Partitions.StartOffset`
    pub const TOPICS__PARTITIONS__START_OFFSET: FieldId = FieldId(5);
}
/// Field ids of AlterShareGroupOffsetsResponse.
pub mod alter_share_group_offsets_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(3);
    /// `Responses.TopicName`
    pub const RESPONSES__TOPIC_NAME: FieldId = FieldId(4);
    /// `Responses.TopicId`
    pub const RESPONSES__TOPIC_ID: FieldId = FieldId(5);
    /// `Responses.Partitions`
    pub const RESPONSES__PARTITIONS: FieldId = FieldId(6);
    /// `Responses.Partitions.PartitionIndex`
    pub const RESPONSES__PARTITIONS__PARTITION_INDEX: FieldId = FieldId(7);
    /// `Responses.Partitions.ErrorCode`
    pub const RESPONSES__PARTITIONS__ERROR_CODE: FieldId = FieldId(8);
    /// `Responses.Partitions.ErrorMessage`
    pub const RESPONSES__PARTITIONS__ERROR_MESSAGE: FieldId = FieldId(9);
}
/// Field ids of DeleteShareGroupOffsetsRequest.
pub mod delete_share_group_offsets_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `Topics`
    pub const TOPICS: FieldId = FieldId(1);
    /// `Topics.TopicName`
    pub const TOPICS__TOPIC_NAME: FieldId = FieldId(2);
}
/// Field ids of DeleteShareGroupOffsetsResponse.
pub mod delete_share_group_offsets_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
    /// `Responses`
    pub const RESPONSES: FieldId = FieldId(3);
    /// `Responses.TopicName`
    pub const RESPONSES__TOPIC_NAME: FieldId = FieldId(4);
    /// `Responses.TopicId`
    pub const RESPONSES__TOPIC_ID: FieldId = FieldId(5);
    /// `Responses.ErrorCode`
    pub const RESPONSES__ERROR_CODE: FieldId = FieldId(6);
    /// `Responses.ErrorMessage`
    pub const RESPONSES__ERROR_MESSAGE: FieldId = FieldId(7);
}
/// Field ids of StreamsGroupTopologyDescriptionUpdateRequest.
pub mod streams_group_topology_description_update_request {
    use super::FieldId;
    /// `GroupId`
    pub const GROUP_ID: FieldId = FieldId(0);
    /// `MemberId`
    pub const MEMBER_ID: FieldId = FieldId(1);
    /// `TopologyEpoch`
    pub const TOPOLOGY_EPOCH: FieldId = FieldId(2);
    /// `TopologyDescription`
    pub const TOPOLOGY_DESCRIPTION: FieldId = FieldId(3);
    /// `TopologyDescription.Subtopologies`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES: FieldId = FieldId(4);
    /// `TopologyDescription.Subtopologies.SubtopologyId`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__SUBTOPOLOGY_ID: FieldId = FieldId(5);
    /// `TopologyDescription.Subtopologies.Nodes`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES: FieldId = FieldId(6);
    /// `TopologyDescription.Subtopologies.Nodes.Name`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__NAME: FieldId = FieldId(7);
    /// `TopologyDescription.Subtopologies.Nodes.NodeType`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__NODE_TYPE: FieldId = FieldId(8);
    /// `TopologyDescription.Subtopologies.Nodes.SourceTopics`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__SOURCE_TOPICS: FieldId = FieldId(9);
    /// `TopologyDescription.Subtopologies.Nodes.SinkTopic`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__SINK_TOPIC: FieldId = FieldId(10);
    /// `TopologyDescription.Subtopologies.Nodes.Stores`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__STORES: FieldId = FieldId(11);
    /// `TopologyDescription.Subtopologies.Nodes.Successors`
    pub const TOPOLOGY_DESCRIPTION__SUBTOPOLOGIES__NODES__SUCCESSORS: FieldId = FieldId(12);
    /// `TopologyDescription.GlobalStores`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES: FieldId = FieldId(13);
    /// `TopologyDescription.GlobalStores.Source`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE: FieldId = FieldId(14);
    /// `TopologyDescription.GlobalStores.Source.Name`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__NAME: FieldId = FieldId(15);
    /// `TopologyDescription.GlobalStores.Source.NodeType`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__NODE_TYPE: FieldId = FieldId(16);
    /// `TopologyDescription.GlobalStores.Source.SourceTopics`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__SOURCE_TOPICS: FieldId = FieldId(17);
    /// `TopologyDescription.GlobalStores.Source.SinkTopic`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__SINK_TOPIC: FieldId = FieldId(18);
    /// `TopologyDescription.GlobalStores.Source.Stores`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__STORES: FieldId = FieldId(19);
    /// `TopologyDescription.GlobalStores.Source.Successors`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__SOURCE__SUCCESSORS: FieldId = FieldId(20);
    /// `TopologyDescription.GlobalStores.Processor`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR: FieldId = FieldId(21);
    /// `TopologyDescription.GlobalStores.Processor.Name`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__NAME: FieldId = FieldId(22);
    /// `TopologyDescription.GlobalStores.Processor.NodeType`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__NODE_TYPE: FieldId = FieldId(23);
    /// `TopologyDescription.GlobalStores.Processor.SourceTopics`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__SOURCE_TOPICS: FieldId = FieldId(24);
    /// `TopologyDescription.GlobalStores.Processor.SinkTopic`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__SINK_TOPIC: FieldId = FieldId(25);
    /// `TopologyDescription.GlobalStores.Processor.Stores`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__STORES: FieldId = FieldId(26);
    /// `TopologyDescription.GlobalStores.Processor.Successors`
    pub const TOPOLOGY_DESCRIPTION__GLOBAL_STORES__PROCESSOR__SUCCESSORS: FieldId = FieldId(27);
}
/// Field ids of StreamsGroupTopologyDescriptionUpdateResponse.
pub mod streams_group_topology_description_update_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
}
/// Field ids of UnregisterControllerRequest.
pub mod unregister_controller_request {
    use super::FieldId;
    /// `ControllerId`
    pub const CONTROLLER_ID: FieldId = FieldId(0);
}
/// Field ids of UnregisterControllerResponse.
pub mod unregister_controller_response {
    use super::FieldId;
    /// `ThrottleTimeMs`
    pub const THROTTLE_TIME_MS: FieldId = FieldId(0);
    /// `ErrorCode`
    pub const ERROR_CODE: FieldId = FieldId(1);
    /// `ErrorMessage`
    pub const ERROR_MESSAGE: FieldId = FieldId(2);
}
