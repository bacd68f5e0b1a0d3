//! A sensible request and answer for every API that goes through. Fields that a version lacks are left out by the encoder.

use tidegate_kafka::classify::{APIS, Api, Serve};

use crate::tree::{Tree, int, text};

/// A struct of a message.
macro_rules! s {
    ($($name:ident: $value:expr),* $(,)?) => { $crate::tree::Tree::Struct(vec![$((stringify!($name), $value)),*]) };
}

pub(crate) use s;

/// Every API that goes to a broker, at every version that is served.
pub(crate) fn each_through(mut check: impl FnMut(&'static Api, i16)) {
    for api in APIS.iter().filter(|api| api.serve == Serve::Through) {
        for version in api.min..=api.max {
            check(api, version);
        }
    }
}

/// One batch of magic 2, header and `count` times seven bytes of what would be records.
pub(crate) fn batch(base: i64, count: i32, transactional: bool) -> Vec<u8> {
    let mut batch = vec![0; 61 + 7 * usize::try_from(count).unwrap()];
    let length = i32::try_from(batch.len() - 12).unwrap();
    batch[..8].copy_from_slice(&base.to_be_bytes());
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    batch[16] = 2;
    batch[22] = if transactional { 0x10 } else { 0 };
    batch[23..27].copy_from_slice(&(count - 1).max(0).to_be_bytes());
    batch[57..61].copy_from_slice(&count.to_be_bytes());
    batch
}

fn each(names: &[&str], element: impl Fn(&str) -> Tree) -> Tree {
    Tree::List(names.iter().map(|name| element(name)).collect())
}

/// Partitions 0 and 1.
fn two(element: impl Fn(i64) -> Tree) -> Tree {
    Tree::List(vec![element(0), element(1)])
}

/// The keys whose requests name topics with partitions, with the array's name in the answer, a topic's and a partition's in it.
pub(crate) const BY_PARTITION: &[(i16, [&str; 5])] = &[
    (0, ["Responses", "Name", "PartitionResponses", "Index", "ErrorCode"]),
    (1, ["Responses", "Topic", "Partitions", "PartitionIndex", "ErrorCode"]),
    (2, ["Topics", "Name", "Partitions", "PartitionIndex", "ErrorCode"]),
    (8, ["Topics", "Name", "Partitions", "PartitionIndex", "ErrorCode"]),
    (23, ["Topics", "Topic", "Partitions", "Partition", "ErrorCode"]),
    (24, ["ResultsByTopicV3AndBelow", "Name", "ResultsByPartition", "PartitionIndex", "PartitionErrorCode"]),
    (28, ["Topics", "Name", "Partitions", "PartitionIndex", "ErrorCode"]),
    (61, ["Topics", "Name", "Partitions", "PartitionIndex", "ErrorCode"]),
];

/// A request that names `names`: topics where the API is about topics, else groups or transactional ids.
pub(crate) fn ask(key: i16, names: &[&str]) -> Tree {
    let index = |n: i64| s! { PartitionIndex: int(n) };
    let by_index = |name: &str| s! { Name: text(name), Partitions: two(index) };
    let bare = |name: &str| s! { Name: text(name), PartitionIndexes: two(int) };
    match key {
        0 => {
            let partition = |n| s! { Index: int(n), Records: Tree::Bytes(batch(0, 3, false)) };
            s! { Acks: int(1), TopicData: each(names, |name| s! { Name: text(name), PartitionData: two(partition) }) }
        }
        1 => {
            let partition = |n| s! { Partition: int(n), PartitionMaxBytes: int(1000) };
            let topics = each(names, |name| s! { Topic: text(name), Partitions: two(partition) });
            s! { MaxWaitMs: int(200), MinBytes: int(1), MaxBytes: int(5000), Topics: topics }
        }
        2 => s! { ReplicaId: int(-1), Topics: each(names, by_index) },
        3 => s! { Topics: each(names, |name| s! { Name: text(name) }), AllowAutoTopicCreation: int(0) },
        8 => s! { GroupId: text("open-group"), Topics: each(names, by_index) },
        9 => s! {
            GroupId: text("open-group"),
            Topics: each(names, bare),
            Groups: Tree::List(vec![s! { GroupId: text("open-group"), Topics: each(names, bare) }]),
        },
        10 => s! { Key: text(names[0]), CoordinatorKeys: each(names, text) },
        11 => s! { GroupId: text(names[0]), ProtocolType: text("consumer") },
        12..=14 => s! { GroupId: text(names[0]) },
        15 => s! { Groups: each(names, text) },
        19 => s! { Topics: each(names, |name| s! { Name: text(name), NumPartitions: int(3) }) },
        22 => s! { TransactionalId: names.first().map_or(Tree::Null, |name| text(name)) },
        23 => {
            let partition = |n| s! { Partition: int(n) };
            let topics = each(names, |name| s! { Topic: text(name), Partitions: two(partition) });
            s! { ReplicaId: int(-1), Topics: topics }
        }
        24 => s! {
            V3AndBelowTransactionalId: text("open-transaction"),
            V3AndBelowTopics: each(names, |name| s! { Name: text(name), Partitions: two(int) }),
        },
        25 => s! { TransactionalId: text("open-transaction"), GroupId: text(names[0]) },
        26 => s! { TransactionalId: text(names[0]) },
        28 => s! {
            TransactionalId: text("open-transaction"),
            GroupId: text("open-group"),
            Topics: each(names, by_index),
        },
        32 => s! { Resources: each(names, |name| s! { ResourceType: int(2), ResourceName: text(name) }) },
        61 => s! { Topics: each(names, bare) },
        65 => s! { TransactionalIds: each(names, text) },
        _ => s! {},
    }
}

/// What a broker says to [`ask`] when it finds everything in order.
pub(crate) fn tell(key: i16, names: &[&str]) -> Tree {
    let by_index = |name: &str| s! { Name: text(name), Partitions: two(|n| s! { PartitionIndex: int(n) }) };
    match key {
        0 => {
            let partition = |n| s! { Index: int(n), BaseOffset: int(40) };
            s! { Responses: each(names, |name| s! { Name: text(name), PartitionResponses: two(partition) }) }
        }
        1 => {
            let partition = |n| {
                let records = Tree::Bytes(batch(90, 4, false));
                s! { PartitionIndex: int(n), HighWatermark: int(99), AbortedTransactions: Tree::Null, Records: records }
            };
            s! { Responses: each(names, |name| s! { Topic: text(name), Partitions: two(partition) }) }
        }
        3 => s! { Topics: each(names, |name| s! { Name: text(name), TopicId: Tree::Uuid(crate::gate::id_of(name)) }) },
        9 => {
            let partition = |n| s! { PartitionIndex: int(n), CommittedOffset: int(5), Metadata: text("note") };
            let topic = |name: &str| s! { Name: text(name), Partitions: two(partition) };
            s! {
                Topics: each(names, topic),
                Groups: Tree::List(vec![s! { GroupId: text("open-group"), Topics: each(names, topic) }]),
            }
        }
        10 => s! {
            NodeId: int(-1), Port: int(-1),
            Coordinators: each(names, |name| s! { Key: text(name), NodeId: int(-1), Port: int(-1) }),
        },
        15 => s! { Groups: each(names, |name| s! { GroupId: text(name) }) },
        16 => s! { Groups: each(names, |name| s! { GroupId: text(name) }) },
        19 => {
            s! { Topics: each(names, |name| s! { Name: text(name), ErrorMessage: Tree::Null, NumPartitions: int(3) }) }
        }
        23 => {
            let partition =
                |n: i64| s! { Partition: int(n), ErrorCode: int(if n == 1 { 6 } else { 0 }), EndOffset: int(9) };
            s! { Topics: each(names, |name| s! { Topic: text(name), Partitions: two(partition) }) }
        }
        24 => {
            let partition = |n| s! { PartitionIndex: int(n) };
            s! {
                ResultsByTopicV3AndBelow:
                    each(names, |name| s! { Name: text(name), ResultsByPartition: two(partition) }),
            }
        }
        2 | 8 | 28 | 61 => s! { Topics: each(names, by_index) },
        32 => s! {
            Results: each(names, |name| s! { ErrorMessage: Tree::Null, ResourceType: int(2), ResourceName: text(name) }),
        },
        65 => s! { TransactionStates: each(names, |name| s! { TransactionalId: text(name) }) },
        66 => s! { TransactionStates: each(names, |name| s! { TransactionalId: text(name) }) },
        35 => s! {
            Results: Tree::List(vec![s! { LogDir: text("/log"), Topics: each(names, |name| s! { Name: text(name) }) }]),
        },
        46 => s! { ErrorMessage: Tree::Null, Topics: each(names, |name| s! { Name: text(name) }) },
        _ => s! {},
    }
}
