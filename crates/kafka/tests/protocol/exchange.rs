//! Requests and answers of every served API and version against a gate that allows all, nothing or some.

use bytes::BytesMut;
use tidegate_kafka::classify::{APIS, Serve, served};
use tidegate_model::{Action, Effect, RequestStep};

use crate::gate::{FakeGate, answered, decode_request, decode_response, forwarded, logged_in, request, response};
use crate::samples::{BY_PARTITION, ask, each_through, s, tell};
use crate::tree::{Tree, int, text};

/// Everything but what is called `secret…`, and new topics only one by one.
pub(crate) fn discreet() -> FakeGate {
    FakeGate::new(|action, name| !name.starts_with("secret") && action != Action::CreateAnyTopic)
        .knowing(&["open", "secret"])
}

pub(crate) fn nobody() -> FakeGate {
    FakeGate::new(|_, _| false)
}

pub(crate) fn everybody() -> FakeGate {
    FakeGate::new(|_, _| true)
}

#[test]
fn allowed_requests_and_answers_are_the_very_bytes_that_came() {
    each_through(|api, version| {
        let mut gate = everybody();
        let mut session = logged_in(&mut gate);
        let frame = request(api.key, version, &ask(api.key, &["open"]));
        let (at, bytes) = (frame.as_ptr(), frame.to_vec());
        let Ok(RequestStep::Forward { frame, received: None, slot, facts }) = session.request(frame, &mut gate) else {
            panic!("{} v{version}", api.name);
        };
        assert_eq!((frame.as_ptr(), &frame[..]), (at, &bytes[..]), "{} v{version}", api.name);
        assert!(!facts.refused);
        let frame = response(api.key, version, &tell(api.key, &["open"]));
        let (at, bytes) = (frame.as_ptr(), frame.to_vec());
        let step = session.answer(slot, frame, &mut gate).unwrap();
        assert!(step.received.is_none(), "{} v{version}", api.name);
        assert_eq!((step.frame.as_ptr(), &step.frame[..]), (at, &bytes[..]), "{} v{version}", api.name);
    });
}

/// The partitions of an answer with their errors, sorted.
pub(crate) fn partitions(key: i16, answer: &Tree) -> Vec<(String, i64, i64)> {
    let (_, [topics, name, partitions, index, error]) = BY_PARTITION.iter().find(|(k, _)| *k == key).unwrap();
    let mut all = Vec::new();
    for topic in answer.at(topics).list() {
        for partition in topic.at(partitions).list() {
            all.push((topic.at(name).text().to_owned(), partition.at(index).int(), partition.at(error).int()));
        }
    }
    all.sort();
    all
}

pub(crate) fn both(name: &str, errors: [i64; 2]) -> Vec<(String, i64, i64)> {
    vec![(name.to_owned(), 0, errors[0]), (name.to_owned(), 1, errors[1])]
}

#[test]
fn denied_requests_are_answered_here_with_the_errors_that_kafka_gives() {
    each_through(|api, version| {
        let (key, mut gate) = (api.key, nobody());
        // These are forwarded and filtered.
        if matches!(key, 3 | 16 | 60 | 66) {
            return;
        }
        let asked = ask(key, &["secret"]);
        let (answer, facts) = answered(key, version, &asked, &mut gate);
        assert!(facts.refused, "{} v{version}", api.name);
        let context = format!("{} v{version}: {answer:?}", api.name);
        match key {
            8 => assert_eq!(partitions(key, &answer), both("secret", [30, 30]), "{context}"),
            24 | 28 => assert_eq!(partitions(key, &answer), both("secret", [53, 53]), "{context}"),
            0 | 1 | 2 | 23 | 61 => assert_eq!(partitions(key, &answer), both("secret", [29, 29]), "{context}"),
            9 if version == 1 => {
                for partition in answer.at("Topics").list()[0].at("Partitions").list() {
                    assert_eq!((partition.at("ErrorCode").int(), partition.at("CommittedOffset").int()), (30, -1));
                }
            }
            9 if version < 8 => assert_eq!(answer.at("ErrorCode").int(), 30, "{context}"),
            9 => assert_eq!(answer.at("Groups").list()[0].at("ErrorCode").int(), 30, "{context}"),
            10 => {
                let one = if version < 4 { &answer } else { &answer.at("Coordinators").list()[0] };
                let found = ["ErrorCode", "NodeId", "Port"].map(|name| one.at(name).int());
                assert_eq!((found, one.at("Host").text()), ([30, -1, -1], ""), "{context}");
            }
            15 => assert_eq!(answer.at("Groups").list()[0].at("ErrorCode").int(), 30, "{context}"),
            19 => assert_eq!(answer.at("Topics").list()[0].at("ErrorCode").int(), 29, "{context}"),
            32 => assert_eq!(answer.at("Results").list()[0].at("ErrorCode").int(), 29, "{context}"),
            65 => assert_eq!(answer.at("TransactionStates").list()[0].at("ErrorCode").int(), 53, "{context}"),
            11..=14 => assert_eq!(answer.at("ErrorCode").int(), 30, "{context}"),
            22 | 25 | 26 => assert_eq!(answer.at("ErrorCode").int(), 53, "{context}"),
            35 if version < 3 => assert_eq!(answer.at("Results").list(), [], "{context}"),
            35 | 46 | 48 | 55 => assert_eq!(answer.at("ErrorCode").int(), 31, "{context}"),
            key => panic!("no expectation for key {key}"),
        }
    });
}

#[test]
fn refused_partitions_say_what_kafka_says_beside_the_error() {
    for version in 3..=12 {
        let (answer, _) = answered(0, version, &ask(0, &["secret"]), &mut nobody());
        let partition = &answer.at("Responses").list()[0].at("PartitionResponses").list()[0];
        assert_eq!(partition.at("BaseOffset"), &int(-1));
        assert_eq!(partition.get("ErrorMessage").is_some(), version >= 8);
    }
    for version in 4..=12 {
        let (answer, _) = answered(1, version, &ask(1, &["secret"]), &mut nobody());
        let partition = &answer.at("Responses").list()[0].at("Partitions").list()[0];
        assert_eq!(partition.at("HighWatermark"), &int(-1));
        assert_eq!(partition.at("LastStableOffset"), &int(-1));
        assert_eq!(partition.at("AbortedTransactions"), &Tree::Null);
        // Java takes null records for an error of its own.
        assert_eq!(partition.at("Records"), &Tree::Bytes(Vec::new()));
    }
    let (answer, _) = answered(2, 5, &ask(2, &["secret"]), &mut nobody());
    let partition = &answer.at("Topics").list()[0].at("Partitions").list()[0];
    assert_eq!((partition.at("Timestamp"), partition.at("Offset")), (&int(-1), &int(-1)));
    let (answer, _) = answered(48, 1, &s! {}, &mut nobody());
    assert_eq!(answer.at("Entries"), &Tree::Null);
}

#[test]
fn refusals_say_why_where_the_answer_has_room_for_words() {
    let told = |key: i16, version: i16, names: &[&str]| answered(key, version, &ask(key, names), &mut nobody()).0;
    for version in APIS[19].min..=APIS[19].max {
        let answer = told(19, version, &["a", "b"]);
        let words: Vec<_> = answer.at("Topics").list().iter().map(|topic| topic.at("ErrorMessage").text()).collect();
        assert_eq!(words, ["no createTopic of a", "no createTopic of b"]);
    }
    for version in 8..=APIS[0].max {
        let answer = told(0, version, &["a"]);
        for partition in answer.at("Responses").list()[0].at("PartitionResponses").list() {
            assert_eq!(partition.at("ErrorMessage").text(), "no produce of a");
        }
    }
    for version in APIS[32].min..=APIS[32].max {
        let answer = told(32, version, &["a"]);
        assert_eq!(answer.at("Results").list()[0].at("ErrorMessage").text(), "no describeConfigs of a");
    }
    for version in 1..=APIS[10].max {
        let answer = told(10, version, &["a"]);
        let one = if version < 4 { &answer } else { &answer.at("Coordinators").list()[0] };
        assert_eq!(one.at("ErrorMessage").text(), "no describeGroup of a", "v{version}");
    }
    assert_eq!(told(15, 6, &["a"]).at("Groups").list()[0].at("ErrorMessage").text(), "no describeGroup of a");
    let producers = told(61, 0, &["a"]);
    assert_eq!(
        producers.at("Topics").list()[0].at("Partitions").list()[0].at("ErrorMessage").text(),
        "no consume of a"
    );
    assert_eq!(told(46, 0, &["a"]).at("ErrorMessage").text(), "no describeCluster of ");
    assert_eq!(told(48, 1, &["a"]).at("ErrorMessage").text(), "no describeClusterConfigs of ");
}

#[test]
fn the_words_for_a_part_that_was_refused_come_with_the_brokers_answer_and_with_no_other_part() {
    let mut step = forwarded(0, 9, &ask(0, &["open", "secret"]), &mut discreet());
    let partition = |n: i64| s! { Index: int(n), ErrorMessage: Tree::Null };
    let partitions = Tree::List(vec![partition(0), partition(1)]);
    let answer = s! { Responses: Tree::List(vec![s! { Name: text("open"), PartitionResponses: partitions }]) };
    let told = step.session.answer(step.slot, response(0, 9, &answer), &mut discreet()).unwrap();
    let told = decode_response(0, 9, &told.frame);
    for topic in told.at("Responses").list() {
        let name = topic.at("Name").text();
        for partition in topic.at("PartitionResponses").list() {
            let wanted = if name == "secret" { text("no produce of secret") } else { Tree::Null };
            assert_eq!(partition.at("ErrorMessage"), &wanted, "{name}");
        }
    }
    // a request that could not be recorded is to be tried again: its parts were not refused
    let mut step = forwarded(0, 9, &ask(0, &["open", "secret"]), &mut discreet());
    let again = decode_response(0, 9, &step.session.retriable(&step.slot).unwrap());
    for topic in again.at("Responses").list() {
        let refused = topic.at("Name").text() == "secret";
        for partition in topic.at("PartitionResponses").list() {
            assert_eq!(partition.at("ErrorMessage") != &Tree::Null, refused);
        }
    }
}

#[test]
fn the_words_call_a_topic_as_the_client_does() {
    for (key, version, action) in [(0, 9, "produce"), (32, 4, "describeConfigs"), (61, 0, "consume")] {
        let mut gate = nobody();
        gate.aliases.insert("nick".to_owned(), "secret".to_owned());
        let (answer, _) = answered(key, version, &ask(key, &["nick"]), &mut gate);
        let told = format!("{answer:?}");
        assert!(told.contains(&format!("no {action} of nick")) && !told.contains("secret"), "{told}");
    }
}

#[test]
fn the_words_of_one_answer_are_bounded() {
    let names: Vec<String> = (0..2_000).map(|n| format!("topic-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let answer = answered(19, 7, &ask(19, &names), &mut nobody()).0;
    let own = |topic: &&Tree| topic.at("ErrorMessage").text().starts_with("no createTopic");
    assert_eq!(answer.at("Topics").list().len(), 2_000);
    assert_eq!(answer.at("Topics").list().iter().filter(own).count(), 32);
    assert!(answer.at("Topics").list().iter().all(|topic| !topic.at("ErrorMessage").text().is_empty()));
}

/// A consumer group is named by the client: rights to it may take away, and never give.
#[test]
fn a_group_that_a_request_names_may_only_tighten() {
    for (key, group_error) in [(8, 30), (28, 30)] {
        let api = &APIS[usize::try_from(key).unwrap()];
        for version in api.min..=api.max {
            let asked = ask(key, &["secret"]);
            let run = |group: bool, topic: bool| {
                let mut gate = FakeGate::new(move |action, _| match action {
                    Action::JoinGroup => group,
                    Action::Consume => topic,
                    _ => true,
                });
                let mut session = logged_in(&mut gate);
                match session.request(request(key, version, &asked), &mut gate) {
                    Ok(RequestStep::Forward { .. }) => None,
                    Ok(RequestStep::Answer { frame, .. }) => {
                        Some(partitions(key, &decode_response(key, version, &frame)))
                    }
                    other => panic!("{} v{version}: {other:?}", api.name),
                }
            };
            assert_eq!(run(true, true), None, "{} v{version}", api.name);
            // the right to the group gives no topic, and that to the topic no group
            assert_eq!(run(true, false), Some(both("secret", [29, 29])), "{} v{version}", api.name);
            assert_eq!(run(false, true), Some(both("secret", [group_error; 2])), "{} v{version}", api.name);
            assert_eq!(run(false, false), Some(both("secret", [group_error; 2])), "{} v{version}", api.name);
        }
    }
}

#[test]
fn a_refused_part_goes_to_no_broker_and_comes_back_in_the_answer() {
    for (key, _) in BY_PARTITION.iter().filter(|(key, _)| *key != 24) {
        let api = &APIS[usize::try_from(*key).unwrap()];
        for version in api.min..=api.max {
            for order in
                [["open", "secret", "also-open"], ["secret", "open", "also-open"], ["open", "also-open", "secret"]]
            {
                let mut gate = discreet();
                let mut sent = forwarded(*key, version, &ask(*key, &order), &mut gate);
                assert!(sent.facts.refused && sent.received.is_some());
                assert_eq!(decode_request(*key, version, &sent.frame), {
                    let same = request(*key, version, &ask(*key, &["open", "also-open"]));
                    decode_request(*key, version, &same)
                });
                // A broker answers in an order of its own.
                let back = response(*key, version, &tell(*key, &["also-open", "open"]));
                let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
                assert!(step.facts.refused && step.received.is_some() && !step.quiet);
                let fine = if *key == 23 { [0, 6] } else { [0, 0] };
                let expected = [both("also-open", fine), both("open", fine), both("secret", [29, 29])].concat();
                let answer = decode_response(*key, version, &step.frame);
                assert_eq!(partitions(*key, &answer), expected, "{} v{version}", api.name);
            }
        }
    }
}

#[test]
fn a_transaction_gets_all_partitions_or_none() {
    for version in 0..=3 {
        let (answer, _) = answered(24, version, &ask(24, &["open", "secret"]), &mut discreet());
        assert_eq!(partitions(24, &answer), [both("open", [55, 55]), both("secret", [29, 29])].concat());
    }
}

#[test]
fn a_topic_named_twice_is_one_topic_in_the_answer() {
    let mut gate = discreet();
    let mut sent = forwarded(8, 9, &ask(8, &["secret", "open", "secret"]), &mut gate);
    let back = response(8, 9, &tell(8, &["open"]));
    let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
    let answer = decode_response(8, 9, &step.frame);
    let expected = [both("open", [0, 0]), both("secret", [29, 29]), both("secret", [29, 29])].concat();
    let mut expected = expected;
    expected.sort();
    assert_eq!(partitions(8, &answer), expected);
    assert_eq!(answer.at("Topics").list().len(), 2);
}

#[test]
fn topics_without_partitions_are_decided_too() {
    for version in 2..=9 {
        let bare = |name: &str| s! { Name: text(name), Partitions: Tree::List(vec![]) };
        let asked = s! { GroupId: text("open-group"), Topics: Tree::List(vec![bare("open"), bare("secret")]) };
        let sent = forwarded(8, version, &asked, &mut discreet());
        let topics = decode_request(8, version, &sent.frame);
        assert_eq!(topics.at("Topics").list().iter().map(|t| t.at("Name").text()).collect::<Vec<_>>(), ["open"]);
        // The group's right is asked for even when there is no partition to say so of.
        let none = s! { GroupId: text("secret"), Topics: Tree::List(vec![]) };
        let (answer, facts) = answered(8, version, &none, &mut discreet());
        assert_eq!((answer.at("Topics").list().len(), facts.error), (0, 30));
    }
}

#[test]
fn null_and_impossible_arrays_close_the_connection() {
    let mut gate = everybody();
    let mut frame = request(1, 4, &ask(1, &[]));
    let end = frame.len();
    frame[end - 4..].copy_from_slice(&(-1_i32).to_be_bytes());
    assert!(logged_in(&mut gate).request(frame, &mut gate).is_err());
    let many = Tree::List((0..100_001).map(int).collect());
    let asked = s! { Topics: Tree::List(vec![s! { Name: text("open"), PartitionIndexes: many }]) };
    assert!(logged_in(&mut gate).request(request(61, 0, &asked), &mut gate).is_err());
}

#[test]
fn many_refused_topics_take_no_quadratic_time() {
    let names: Vec<String> = (0..49_000).map(|n| format!("secret-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut all = names.clone();
    all.push("open");
    let mut gate = discreet();
    let mut sent = forwarded(2, 5, &ask(2, &all), &mut gate);
    let step = sent.session.answer(sent.slot, response(2, 5, &tell(2, &["open"])), &mut gate).unwrap();
    assert_eq!(partitions(2, &decode_response(2, 5, &step.frame)).len(), 98_002);
}

#[test]
fn lists_are_decided_name_by_name() {
    each_through(|api, version| {
        let (key, mut gate) = (api.key, discreet());
        let (array, name, error) = match key {
            10 if version >= 4 => ("Coordinators", "Key", 30),
            15 => ("Groups", "GroupId", 30),
            19 => ("Topics", "Name", 29),
            32 => ("Results", "ResourceName", 29),
            65 => ("TransactionStates", "TransactionalId", 53),
            _ => return,
        };
        let mut sent = forwarded(key, version, &ask(key, &["open", "secret", "also-open"]), &mut gate);
        let same = request(key, version, &ask(key, &["open", "also-open"]));
        assert_eq!(decode_request(key, version, &sent.frame), decode_request(key, version, &same));
        let back = response(key, version, &tell(key, &["also-open", "open"]));
        let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
        let answer = decode_response(key, version, &step.frame);
        let mut found: Vec<_> =
            answer.at(array).list().iter().map(|e| (e.at(name).text(), e.at("ErrorCode").int())).collect();
        found.sort_unstable();
        assert_eq!(found, [("also-open", 0), ("open", 0), ("secret", error)], "{} v{version}", api.name);
    });
}

#[test]
fn a_group_may_be_seen_where_a_topic_of_it_may_not() {
    for version in 1..=9 {
        let mut gate = discreet();
        let mut sent = forwarded(9, version, &ask(9, &["open", "secret"]), &mut gate);
        let back = response(9, version, &tell(9, &["open", "secret"]));
        let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
        assert!(step.facts.refused);
        let answer = decode_response(9, version, &step.frame);
        let whole = if version < 8 { &answer } else { &answer.at("Groups").list()[0] };
        let [open, secret] = whole.at("Topics").list() else { panic!("{answer:?}") };
        for (topic, error, offset, note) in [(open, 0, 5, "note"), (secret, 29, -1, "")] {
            for partition in topic.at("Partitions").list() {
                let found = (partition.at("ErrorCode").int(), partition.at("CommittedOffset").int());
                assert_eq!((found, partition.at("Metadata").text()), ((error, offset), note), "v{version}");
            }
        }
        if version >= 2 {
            let all = s! {
                GroupId: text("open-group"),
                Topics: Tree::Null,
                Groups: Tree::List(vec![s! { GroupId: text("open-group"), Topics: Tree::Null }]),
            };
            let mut sent = forwarded(9, version, &all, &mut gate);
            let back = response(9, version, &tell(9, &["open", "secret"]));
            let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
            let answer = decode_response(9, version, &step.frame);
            let whole = if version < 8 { &answer } else { &answer.at("Groups").list()[0] };
            assert_eq!(whole.at("Topics").list().len(), 1, "v{version}");
        }
    }
}

#[test]
fn metadata_refuses_by_name_and_by_id_and_leaves_out_of_all() {
    for version in 4..=13 {
        let mut gate = discreet();
        let mut sent = forwarded(3, version, &ask(3, &["open", "secret"]), &mut gate);
        let topics = decode_request(3, version, &sent.frame);
        assert_eq!(topics.at("Topics").list().len(), 1);
        let step = sent.session.answer(sent.slot, response(3, version, &tell(3, &["open"])), &mut gate).unwrap();
        let answer = decode_response(3, version, &step.frame);
        let [open, secret] = answer.at("Topics").list() else { panic!("{answer:?}") };
        assert_eq!((open.at("Name").text(), open.at("ErrorCode").int()), ("open", 0));
        assert_eq!((secret.at("Name").text(), secret.at("ErrorCode").int()), ("secret", 29));
        assert_eq!(secret.at("Partitions").list(), []);
        if version >= 10 {
            assert_eq!(secret.at("TopicId"), &Tree::Uuid([0; 16]));
        }

        let all = s! { Topics: Tree::Null, AllowAutoTopicCreation: int(0) };
        let mut sent = forwarded(3, version, &all, &mut gate);
        let back = response(3, version, &tell(3, &["open", "secret"]));
        let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
        let answer = decode_response(3, version, &step.frame);
        assert_eq!(answer.at("Topics").list().len(), 1);
        assert!(!step.facts.refused);
    }
    for version in 12..=13 {
        let id = crate::gate::id_of("secret");
        let by_id = s! {
            Topics: Tree::List(vec![s! { TopicId: Tree::Uuid(id), Name: Tree::Null }]),
            AllowAutoTopicCreation: int(0),
        };
        let mut gate = discreet();
        let mut sent = forwarded(3, version, &by_id, &mut gate);
        let step = sent.session.answer(sent.slot, response(3, version, &tell(3, &["secret"])), &mut gate).unwrap();
        assert!(step.facts.refused);
        let answer = decode_response(3, version, &step.frame);
        let topic = &answer.at("Topics").list()[0];
        assert_eq!(topic.at("Name"), &Tree::Null);
        assert_eq!((topic.at("ErrorCode").int(), topic.at("TopicId")), (29, &Tree::Uuid(id)));
    }
}

#[test]
fn a_broker_that_names_what_was_not_asked_for_is_not_believed() {
    let mut gate = discreet();
    let mut sent = forwarded(3, 8, &ask(3, &["open"]), &mut gate);
    assert!(sent.session.answer(sent.slot, response(3, 8, &tell(3, &["secret"])), &mut gate).is_err());
}

#[test]
fn missing_topics_are_created_only_by_who_may() {
    let wants = |name: &str, flag: i64| {
        s! { Topics: Tree::List(vec![s! { Name: text(name) }]), AllowAutoTopicCreation: int(flag) }
    };
    let flag = |frame: &[u8], version| decode_request(3, version, frame).at("AllowAutoTopicCreation").int();
    for version in 4..=13 {
        let known = forwarded(3, version, &wants("open", 1), &mut discreet());
        assert_eq!((flag(&known.frame, version), known.facts.effect), (0, Effect::Reads));
        assert!(known.received.is_some(), "what came is kept when something else goes out");
        let mut gate = discreet();
        let mut may = forwarded(3, version, &wants("new", 1), &mut gate);
        assert_eq!((flag(&may.frame, version), may.facts.effect), (1, Effect::Changes));
        assert_eq!(may.facts.topics[0].name, "new");
        let step = may.session.answer(may.slot, response(3, version, &tell(3, &["new"])), &mut gate).unwrap();
        assert_eq!((step.facts.effect, step.quiet), (Effect::Changes, false));
        let mut gate = FakeGate::new(|action, _| action == Action::Describe).knowing(&["open"]);
        let may_not = forwarded(3, version, &wants("new", 1), &mut gate);
        assert_eq!((flag(&may_not.frame, version), may_not.facts.effect), (0, Effect::Reads));
        let internal = forwarded(3, version, &wants("__transaction_state", 1), &mut everybody());
        assert_eq!(flag(&internal.frame, version), 0);
    }
}

#[test]
fn coordinators_of_shares_are_for_brokers() {
    for version in 1..=6 {
        let asked = s! { Key: text("k"), KeyType: int(2), CoordinatorKeys: Tree::List(vec![text("k")]) };
        let (answer, _) = answered(10, version, &asked, &mut everybody());
        let one = if version < 4 { &answer } else { &answer.at("Coordinators").list()[0] };
        assert_eq!(one.at("ErrorCode").int(), 42);
        let asked = s! { Key: text("secret"), KeyType: int(1), CoordinatorKeys: Tree::List(vec![text("secret")]) };
        let (answer, _) = answered(10, version, &asked, &mut discreet());
        let one = if version < 4 { &answer } else { &answer.at("Coordinators").list()[0] };
        assert_eq!(one.at("ErrorCode").int(), 53);
    }
}

#[test]
fn controllers_are_not_described() {
    for version in 1..=2 {
        for (kind, error) in [(2, 114), (3, 115)] {
            let (answer, _) = answered(60, version, &s! { EndpointType: int(kind) }, &mut everybody());
            assert_eq!(answer.at("ErrorCode").int(), error);
        }
    }
}

#[test]
fn an_idempotent_producer_needs_the_cluster_or_any_topic() {
    let mut writer = FakeGate::new(|action, name| action == Action::Produce && name == "open").knowing(&["open", "x"]);
    let mut reader = FakeGate::new(|action, _| action == Action::Consume).knowing(&["open"]);
    for version in 0..=5 {
        let idempotent = s! { TransactionalId: Tree::Null };
        forwarded(22, version, &idempotent, &mut writer);
        let (answer, _) = answered(22, version, &idempotent, &mut reader);
        assert_eq!(answer.at("ErrorCode").int(), 31);
        assert_eq!(answer.at("ProducerId").int(), -1);
    }
}

#[test]
fn a_new_topic_shows_its_configuration_only_to_who_may_read_it() {
    for version in 2..=7 {
        let mut gate = FakeGate::new(|action, _| action == Action::CreateTopic);
        let mut sent = forwarded(19, version, &ask(19, &["open"]), &mut gate);
        assert_eq!(sent.facts.topics[0].name, "open");
        let step = sent.session.answer(sent.slot, response(19, version, &tell(19, &["open"])), &mut gate).unwrap();
        assert_eq!(step.received.is_some(), version >= 5);
        if version >= 5 {
            let answer = decode_response(19, version, &step.frame);
            let topic = &answer.at("Topics").list()[0];
            assert_eq!(topic.at("TopicConfigErrorCode").int(), 29);
            assert_eq!((topic.at("NumPartitions").int(), topic.at("Configs")), (-1, &Tree::Null));
        }
        let failed = s! {
            Topics: Tree::List(vec![s! { Name: text("open"), ErrorCode: int(36), ErrorMessage: Tree::Null }]),
        };
        let mut sent = forwarded(19, version, &ask(19, &["open"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(19, version, &failed), &mut gate).unwrap();
        assert_eq!((step.facts.error, step.facts.topics[0].name.as_str()), (36, "open"));
    }
}

#[test]
fn changes_have_a_retriable_answer_and_keep_refusals() {
    let expected = |key| match key {
        0 => 19,
        19 => 41,
        14 => 15,
        24..=26 => 51,
        _ => 14,
    };
    each_through(|api, version| {
        if api.effect != Effect::Changes {
            return;
        }
        let mut gate = everybody();
        let mut sent = forwarded(api.key, version, &ask(api.key, &["open"]), &mut gate);
        let frame = sent.session.retriable(&sent.slot).unwrap_or_else(|| panic!("{} v{version}", api.name));
        let answer = decode_response(api.key, version, &frame);
        let error = match api.key {
            0 | 8 | 24 | 28 => partitions(api.key, &answer).first().unwrap().2,
            19 => answer.at("Topics").list()[0].at("ErrorCode").int(),
            _ => answer.at("ErrorCode").int(),
        };
        assert_eq!(error, expected(api.key), "{} v{version}", api.name);
        if matches!(api.key, 0 | 8 | 28) {
            let mut gate = discreet();
            let mut sent = forwarded(api.key, version, &ask(api.key, &["open", "secret"]), &mut gate);
            let frame = sent.session.retriable(&sent.slot).unwrap();
            let answer = decode_response(api.key, version, &frame);
            let own = expected(api.key);
            assert_eq!(partitions(api.key, &answer), [both("open", [own, own]), both("secret", [29, 29])].concat());
        }
    });
    for version in 4..=13 {
        let wants = s! { Topics: Tree::List(vec![s! { Name: text("new") }, s! { Name: text("secret") }]), AllowAutoTopicCreation: int(1) };
        let mut sent = forwarded(3, version, &wants, &mut discreet());
        let answer = decode_response(3, version, &sent.session.retriable(&sent.slot).unwrap());
        let errors: Vec<_> = answer.at("Topics").list().iter().map(|t| t.at("ErrorCode").int()).collect();
        assert_eq!(errors, [5, 29]);
    }
}

#[test]
fn only_what_is_offered_is_served() {
    for key in -1..=100_i16 {
        for version in -1..=20_i16 {
            let row = APIS.iter().find(|api| api.key == key);
            let offered = row
                .is_some_and(|api| !matches!(api.serve, Serve::Refused(_)) && (api.min..=api.max).contains(&version));
            assert_eq!(served(key, version).is_some(), offered);
            if !offered && key != 18 && key != 17 {
                let mut gate = everybody();
                let mut frame = vec![0, 0, 0, 10];
                frame.extend(key.to_be_bytes());
                frame.extend(version.to_be_bytes());
                frame.extend([0, 0, 0, 1, 0xff, 0xff]);
                let step = logged_in(&mut gate).request(BytesMut::from(&frame[..]), &mut gate);
                assert!(step.is_err(), "key {key} version {version}: {step:?}");
            }
        }
    }
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let mut gate = everybody();
    let mut sent = forwarded(12, 4, &ask(12, &["open"]), &mut gate);
    let mut back = response(12, 4, &s! {});
    back[7] ^= 1;
    assert!(sent.session.answer(sent.slot, back, &mut gate).is_err());
}

#[test]
fn groups_of_an_offset_fetch_are_decided_one_by_one() {
    for version in 8..=9 {
        let group = |name: &str| s! { GroupId: text(name), Topics: Tree::Null };
        let asked = s! { Groups: Tree::List(vec![group("secret-group"), group("open"), group("also-open")]) };
        let mut gate = discreet();
        let mut sent = forwarded(9, version, &asked, &mut gate);
        assert_eq!(decode_request(9, version, &sent.frame).at("Groups").list().len(), 2);
        let topics = |names: &[&str]| {
            let partition = s! { PartitionIndex: int(0), CommittedOffset: int(8), Metadata: text("") };
            let topic = |name: &&str| s! { Name: text(name), Partitions: Tree::List(vec![partition.clone()]) };
            Tree::List(names.iter().map(topic).collect())
        };
        let back = s! {
            Groups: Tree::List(vec![
                s! { GroupId: text("open"), Topics: topics(&["secret", "open"]) },
                s! { GroupId: text("also-open"), Topics: topics(&["secret"]) },
            ]),
        };
        let step = sent.session.answer(sent.slot, response(9, version, &back), &mut gate).unwrap();
        let answer = decode_response(9, version, &step.frame);
        let found: Vec<_> = answer
            .at("Groups")
            .list()
            .iter()
            .map(|g| (g.at("GroupId").text(), g.at("ErrorCode").int(), g.at("Topics").list().len()))
            .collect();
        assert_eq!(found, [("open", 0, 1), ("also-open", 0, 0), ("secret-group", 30, 0)]);
    }
}

#[test]
fn lists_of_all_leave_out_what_is_secret() {
    each_through(|api, version| {
        let names: fn(&Tree) -> Vec<String> = match api.key {
            16 => |a| a.at("Groups").list().iter().map(|g| g.at("GroupId").text().to_owned()).collect(),
            66 => {
                |a| a.at("TransactionStates").list().iter().map(|t| t.at("TransactionalId").text().to_owned()).collect()
            }
            35 => |a| {
                let dirs = a.at("Results").list();
                dirs.iter().flat_map(|d| d.at("Topics").list()).map(|t| t.at("Name").text().to_owned()).collect()
            },
            46 => |a| a.at("Topics").list().iter().map(|t| t.at("Name").text().to_owned()).collect(),
            _ => return,
        };
        for sees_the_cluster in [true, false] {
            // Log folders and reassignments are only for who sees the cluster.
            let cluster = sees_the_cluster || api.key == 35 || api.key == 46;
            let mut gate =
                FakeGate::new(
                    move |action, name| {
                        if action == Action::DescribeCluster { cluster } else { !name.starts_with("secret") }
                    },
                );
            let mut sent = forwarded(api.key, version, &s! {}, &mut gate);
            let back = response(api.key, version, &tell(api.key, &["secret", "open", "secret-2"]));
            let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
            let found = names(&decode_response(api.key, version, &step.frame));
            // As in Kafka, who may see the cluster sees all of its groups.
            let all = api.key == 16 && sees_the_cluster;
            let expected: &[&str] = if all { &["secret", "open", "secret-2"] } else { &["open"] };
            assert_eq!(found, expected, "{} v{version}", api.name);
        }
    });
}
