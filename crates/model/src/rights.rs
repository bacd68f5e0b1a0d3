//! The rights that policy decides: one action per thing that a caller can want of a resource.

/// What a right is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource<'a> {
    /// A topic by name.
    Topic(&'a str),
    /// A consumer group by id.
    ConsumerGroup(&'a str),
    /// A transactional id.
    TransactionalId(&'a str),
    /// The cluster that the listener fronts.
    Cluster,
    /// The gate itself: its policy, its blocks, its evidence.
    Gateway,
    /// The fields of a class in a topic's records, `CLASS/TOPIC`: neither has a slash.
    Field(&'a str),
}

impl Resource<'_> {
    /// The kind, which decides the entity type in policy.
    #[must_use]
    pub fn kind(&self) -> ResourceKind {
        match self {
            Resource::Topic(_) => ResourceKind::Topic,
            Resource::ConsumerGroup(_) => ResourceKind::ConsumerGroup,
            Resource::TransactionalId(_) => ResourceKind::TransactionalId,
            Resource::Cluster => ResourceKind::Cluster,
            Resource::Gateway => ResourceKind::Gateway,
            Resource::Field(_) => ResourceKind::Field,
        }
    }

    /// The resource's name; empty for the cluster and the gate.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Resource::Topic(name)
            | Resource::ConsumerGroup(name)
            | Resource::TransactionalId(name)
            | Resource::Field(name) => name,
            Resource::Cluster | Resource::Gateway => "",
        }
    }
}

/// The entity types that policy knows as resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// `Topic`
    Topic,
    /// `ConsumerGroup`
    ConsumerGroup,
    /// `TransactionalId`
    TransactionalId,
    /// `Cluster`
    Cluster,
    /// `Gateway`
    Gateway,
    /// `Field`
    Field,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal on $kind:ident,)*) => {
        /// What a caller wants to do. Each names exactly one Cedar action that applies to exactly one kind of resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// Every action, in declaration order.
            pub const ALL: &'static [Action] = &[$(Action::$variant,)*];

            /// The action's name in policy and evidence.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Action::$variant => $name,)* }
            }

            /// The kind of resource that the action applies to.
            #[must_use]
            pub fn applies_to(self) -> ResourceKind {
                match self { $(Action::$variant => ResourceKind::$kind,)* }
            }
        }
    };
}

actions! {
    /// See that a topic exists, its partitions and offsets (Kafka: Describe).
    Describe = "describe" on Topic,
    /// Read records (Kafka: Read).
    Consume = "consume" on Topic,
    /// Write records (Kafka: Write).
    Produce = "produce" on Topic,
    /// Create a topic of this name (Kafka: Create).
    CreateTopic = "createTopic" on Topic,
    /// Delete a topic (Kafka: Delete).
    DeleteTopic = "deleteTopic" on Topic,
    /// Delete records below an offset (Kafka: Delete on DeleteRecords).
    DeleteRecords = "deleteRecords" on Topic,
    /// Add partitions (Kafka: Alter).
    AddPartitions = "addPartitions" on Topic,
    /// Read a topic's configuration (Kafka: DescribeConfigs).
    DescribeConfigs = "describeConfigs" on Topic,
    /// Change a topic's configuration (Kafka: AlterConfigs).
    AlterConfigs = "alterConfigs" on Topic,
    /// See a group's state, members and offsets (Kafka: Describe).
    DescribeGroup = "describeGroup" on ConsumerGroup,
    /// Be a member of a group and commit its offsets (Kafka: Read).
    JoinGroup = "joinGroup" on ConsumerGroup,
    /// Delete a group or its offsets (Kafka: Delete).
    DeleteGroup = "deleteGroup" on ConsumerGroup,
    /// Read a group's configuration (Kafka: DescribeConfigs).
    DescribeGroupConfigs = "describeGroupConfigs" on ConsumerGroup,
    /// Change a group's configuration (Kafka: AlterConfigs).
    AlterGroupConfigs = "alterGroupConfigs" on ConsumerGroup,
    /// See a transaction's state (Kafka: Describe).
    DescribeTransactionalId = "describeTransactionalId" on TransactionalId,
    /// Run transactions under this id (Kafka: Write).
    UseTransactionalId = "useTransactionalId" on TransactionalId,
    /// Prepare transactions for two-phase commit (Kafka: TwoPhaseCommit).
    TwoPhaseCommit = "twoPhaseCommit" on TransactionalId,
    /// See the cluster's groups, log folders, quorum and operations (Kafka: Describe).
    DescribeCluster = "describeCluster" on Cluster,
    /// Create any topic (Kafka: Create on the cluster).
    CreateAnyTopic = "createAnyTopic" on Cluster,
    /// Delete any topic (Kafka: Delete on the cluster).
    DeleteAnyTopic = "deleteAnyTopic" on Cluster,
    /// Use an idempotent producer without any topic to write (Kafka: IdempotentWrite).
    IdempotentWrite = "idempotentWrite" on Cluster,
    /// Read brokers' configuration and client quotas (Kafka: DescribeConfigs on the cluster).
    DescribeClusterConfigs = "describeClusterConfigs" on Cluster,
    /// Change brokers' configuration and client quotas (Kafka: AlterConfigs on the cluster).
    AlterClusterConfigs = "alterClusterConfigs" on Cluster,
    /// Move replicas, elect leaders, change features and access lists (Kafka: Alter on the cluster).
    AlterCluster = "alterCluster" on Cluster,
    /// Act as a broker (Kafka: ClusterAction). No client of a gate needs it.
    ClusterAction = "clusterAction" on Cluster,
    /// Change the gate: apply and roll back policy, manage service accounts, take revocations back. No Kafka right.
    Administer = "administer" on Gateway,
    /// Block subjects, topics, operations and client ids, and revoke credentials, at once. No Kafka right.
    Block = "block" on Gateway,
    /// Read the gate's state and evidence. No Kafka right.
    Audit = "audit" on Gateway,
    /// Take evidence out of the gate. No Kafka right.
    Export = "export" on Gateway,
    /// See the fields of a class as they are, not masked. No Kafka right.
    Unmask = "unmask" on Field,
}
