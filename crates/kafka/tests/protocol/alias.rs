//! Aliases of topics: called so by clients, unknown to brokers. Every API and version, and what must not be mixed up.

use bytes::BytesMut;
use tidegate_kafka::encode;
use tidegate_kafka::header;
use tidegate_kafka::schema::{Direction, message};
use tidegate_model::{Action, AliasUse, RequestStep, Session};

use crate::exchange::{both, partitions};
use crate::gate::{FakeGate, answered, decode_request, decode_response, forwarded, logged_in, request, response};
use crate::generate::{self, Random};
use crate::samples::{BY_PARTITION, ask, batch, each_through, s, tell};
use crate::tree::{Tree, int, text};

/// Keys whose requests name topics.
const BY_NAME: &[i16] = &[0, 1, 2, 3, 8, 9, 19, 23, 24, 28, 32, 35, 46, 61];

/// `old-name` stands for `open`, `hidden` for `secret`, which is forbidden.
fn gate() -> FakeGate {
    FakeGate::new(|action, name| !name.starts_with("secret") && action != Action::CreateAnyTopic)
        .knowing(&["open", "other", "secret"])
        .calling(&[("old-name", "open"), ("older", "open"), ("hidden", "secret")])
}

fn asks(key: i16, names: &[&str]) -> Tree {
    let each = |field: &'static str, partitions: &'static str| {
        let topic = |name: &&str| Tree::Struct(vec![(field, text(name)), (partitions, Tree::List(vec![int(0)]))]);
        Tree::List(names.iter().map(topic).collect())
    };
    match key {
        35 => s! { Topics: each("Topic", "Partitions") },
        46 => s! { Topics: each("Name", "PartitionIndexes") },
        key => ask(key, names),
    }
}

/// The same with another name.
fn called(tree: &Tree, topic: &str, alias: &str) -> Tree {
    match tree {
        Tree::Text(name) if name == topic => text(alias),
        Tree::List(list) => Tree::List(list.iter().map(|item| called(item, topic, alias)).collect()),
        Tree::Struct(fields) => {
            Tree::Struct(fields.iter().map(|(name, value)| (*name, called(value, topic, alias))).collect())
        }
        other => other.clone(),
    }
}

fn used(alias: &str, topic: &str) -> AliasUse {
    AliasUse { alias: alias.to_owned(), topic: topic.to_owned() }
}

#[test]
fn an_alias_goes_out_as_the_topics_own_name_and_comes_back_as_the_alias() {
    let mut tried = 0;
    each_through(|api, version| {
        let key = api.key;
        if !BY_NAME.contains(&key) {
            return;
        }
        tried += 1;
        let mut gate = gate();
        let context = format!("{} v{version}", api.name);
        let came = request(key, version, &asks(key, &["old-name", "other"])).freeze();
        let mut sent = forwarded(key, version, &asks(key, &["old-name", "other"]), &mut gate);
        let own = request(key, version, &asks(key, &["open", "other"]));
        assert_eq!(sent.frame, own.freeze(), "{context}");
        assert_eq!(sent.received, Some(came), "{context}: what came is what is recorded as received");
        assert_eq!(sent.facts.aliases, [used("old-name", "open")], "{context}");
        assert!(sent.facts.topics.iter().all(|topic| topic.name != "old-name") && !sent.facts.refused, "{context}");
        assert!(!gate.asked.iter().any(|(_, name)| name == "old-name"), "{context}: decided is about the topic");

        let back = response(key, version, &tell(key, &["open", "other"]));
        let plain = decode_response(key, version, &back);
        let received = back.clone().freeze();
        let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
        let answer = decode_response(key, version, &step.frame);
        assert_eq!(answer, called(&plain, "open", "old-name"), "{context}");
        assert_eq!(step.received, Some(received), "{context}");
        assert_eq!(step.facts.aliases, [used("old-name", "open")], "{context}");
        assert!(step.facts.topics.iter().all(|topic| topic.name != "old-name"), "{context}");
    });
    assert!(tried > 80, "{tried}");
}

#[test]
fn who_uses_no_alias_gets_and_sends_the_very_bytes() {
    each_through(|api, version| {
        let mut gate = gate();
        let mut session = logged_in(&mut gate);
        let frame = request(api.key, version, &asks(api.key, &["open"]));
        let (at, bytes) = (frame.as_ptr(), frame.to_vec());
        let Ok(RequestStep::Forward { frame, received: None, slot, facts }) = session.request(frame, &mut gate) else {
            panic!("{} v{version}", api.name);
        };
        assert_eq!((frame.as_ptr(), &frame[..]), (at, &bytes[..]), "{} v{version}", api.name);
        assert!(facts.aliases.is_empty());
        let frame = response(api.key, version, &tell(api.key, &["open"]));
        let (at, bytes) = (frame.as_ptr(), frame.to_vec());
        let step = session.answer(slot, frame, &mut gate).unwrap();
        assert!(step.received.is_none() && step.facts.aliases.is_empty(), "{} v{version}", api.name);
        assert_eq!((step.frame.as_ptr(), &step.frame[..]), (at, &bytes[..]), "{} v{version}", api.name);
    });
}

/// What came of a frame, as far as the two sides can see.
fn outcome(session: &mut dyn Session, gate: &mut FakeGate, frame: &[u8]) -> String {
    match session.request(BytesMut::from(frame), gate) {
        Ok(RequestStep::Forward { frame, received, .. }) => format!("forward {frame:?} {}", received.is_some()),
        Ok(RequestStep::ForwardUnanswered { frame, close, .. }) => format!("unanswered {frame:?} {close}"),
        Ok(RequestStep::Answer { frame, .. }) => format!("answer {frame:?}"),
        Ok(other) => panic!("{other:?}"),
        Err(refused) => format!("{refused}"),
    }
}

#[test]
fn any_frame_without_an_alias_goes_the_way_that_it_goes_where_there_are_none() {
    each_through(|api, version| {
        let described = message(api.key, Direction::Request).unwrap();
        for seed in 0..20 {
            let fields = generate::fields(described, version, &mut Random(seed), &|_| None);
            let mut frame = header::request_prefix(api.key, version, 77, "test");
            encode::message(&mut frame, described, version, &fields);
            header::seal(&mut frame);
            let mut plain = FakeGate::new(|_, name| name.len().is_multiple_of(2));
            let mut aliased = FakeGate::new(|_, name| name.len().is_multiple_of(2)).calling(&[("old-name", "open")]);
            let without = outcome(&mut *logged_in(&mut plain), &mut plain, &frame);
            let with = outcome(&mut *logged_in(&mut aliased), &mut aliased, &frame);
            assert_eq!(with, without, "{} v{version}", api.name);
        }
    });
}

#[test]
fn refused_topics_are_refused_by_the_name_that_the_client_used() {
    for (key, _) in BY_PARTITION {
        each_through(|api, version| {
            if api.key != *key || *key == 24 {
                return;
            }
            let mut gate = gate();
            let mut sent = forwarded(*key, version, &asks(*key, &["old-name", "hidden", "other"]), &mut gate);
            assert_eq!(sent.facts.aliases, [used("hidden", "secret"), used("old-name", "open")]);
            let back = response(*key, version, &tell(*key, &["open", "other"]));
            let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
            let mut found = partitions(*key, &decode_response(*key, version, &step.frame));
            found.retain(|(name, _, _)| name == "hidden");
            assert_eq!(found, both("hidden", [29, 29]), "{} v{version}", api.name);
            let (answer, _) = answered(*key, version, &asks(*key, &["hidden"]), &mut gate);
            assert_eq!(partitions(*key, &answer), both("hidden", [29, 29]), "{} v{version}", api.name);
        });
    }
    // A transaction gets all of its partitions or none.
    let (answer, _) = answered(24, 3, &asks(24, &["old-name", "hidden"]), &mut gate());
    let expected = [both("hidden", [29, 29]), both("old-name", [55, 55])].concat();
    assert_eq!(partitions(24, &answer), expected);
    for (key, version, array, name) in
        [(3, 12, "Topics", "Name"), (19, 7, "Topics", "Name"), (32, 4, "Results", "ResourceName")]
    {
        let mut gate = gate();
        let mut sent = forwarded(key, version, &asks(key, &["old-name", "hidden"]), &mut gate);
        let back = response(key, version, &tell(key, &["open"]));
        let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
        let answer = decode_response(key, version, &step.frame);
        let found: Vec<_> =
            answer.at(array).list().iter().map(|e| (e.at(name).text(), e.at("ErrorCode").int())).collect();
        assert_eq!(found, [("old-name", 0), ("hidden", 29)], "key {key}");
    }
}

#[test]
fn in_one_request_a_topic_has_one_name() {
    for (names, routed, refused) in [
        (["open", "old-name"], "open", "old-name"),
        (["old-name", "open"], "open", "old-name"),
        (["old-name", "older"], "old-name", "older"),
    ] {
        for (key, _) in BY_PARTITION.iter().filter(|(key, _)| *key != 24) {
            let version = if *key == 61 { 0 } else { 4 };
            let mut gate = gate();
            let mut sent = forwarded(*key, version, &asks(*key, &names), &mut gate);
            let own = request(*key, version, &asks(*key, &["open"]));
            assert_eq!(decode_request(*key, version, &sent.frame), decode_request(*key, version, &own), "{names:?}");
            let back = response(*key, version, &tell(*key, &["open"]));
            let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
            let answer = partitions(*key, &decode_response(*key, version, &step.frame));
            let topics: Vec<&str> = answer.iter().map(|(name, _, _)| name.as_str()).collect();
            assert!(topics.iter().filter(|name| **name == routed).count() == 2, "key {key}: {answer:?}");
            let errors = answer.iter().filter(|(name, _, _)| name == refused).map(|(_, _, error)| *error);
            assert_eq!(errors.collect::<Vec<_>>(), [29, 29], "key {key}: {answer:?}");
        }
        let mut gate = gate();
        let mut sent = forwarded(3, 12, &asks(3, &names), &mut gate);
        let back = response(3, 12, &tell(3, &["open"]));
        let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
        let answer = decode_response(3, 12, &step.frame);
        let found: Vec<_> =
            answer.at("Topics").list().iter().map(|e| (e.at("Name").text(), e.at("ErrorCode").int())).collect();
        assert_eq!(found, [(routed, 0), (refused, 29)]);
    }
}

#[test]
fn an_alias_that_is_a_topic_means_neither_and_the_operator_is_told() {
    for knowing in [Some(&["open", "old-name"][..]), None] {
        let mut gate = gate();
        gate.knowledge = knowing.map(crate::gate::known);
        let (answer, facts) = answered(1, 12, &asks(1, &["old-name"]), &mut gate);
        assert_eq!(partitions(1, &answer), both("old-name", [29, 29]));
        assert!(facts.aliases.is_empty() && facts.refused);
        assert_eq!(gate.told, if knowing.is_some() { vec!["old-name"] } else { vec![] });
    }
}

#[test]
fn lists_of_everything_say_own_names() {
    let all = s! { Topics: Tree::Null, AllowAutoTopicCreation: int(0) };
    let mut gate = gate();
    let mut sent = forwarded(3, 12, &all, &mut gate);
    let back = response(3, 12, &tell(3, &["open", "other"]));
    let at = back.as_ptr();
    let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
    assert_eq!(step.frame.as_ptr(), at);

    // One group is asked for by an alias, the other for all that it has.
    let group = |id: &str, topics: Tree| s! { GroupId: text(id), Topics: topics };
    let by_alias = Tree::List(vec![s! { Name: text("old-name"), PartitionIndexes: Tree::List(vec![int(0)]) }]);
    let asked = s! { Groups: Tree::List(vec![group("a", by_alias), group("b", Tree::Null)]) };
    let mut sent = forwarded(9, 8, &asked, &mut gate);
    let topic = || Tree::List(vec![s! { Name: text("open"), Partitions: Tree::List(vec![]) }]);
    let told = s! { Groups: Tree::List(vec![group("a", topic()), group("b", topic())]) };
    let step = sent.session.answer(sent.slot, response(9, 8, &told), &mut gate).unwrap();
    let answer = decode_response(9, 8, &step.frame);
    let name = |at: usize| answer.at("Groups").list()[at].at("Topics").list()[0].at("Name").text();
    assert_eq!((name(0), name(1)), ("old-name", "open"));
}

#[test]
fn a_topic_that_is_missing_is_made_by_its_own_name_if_the_caller_may() {
    let asked = s! { Topics: Tree::List(vec![s! { Name: text("new-alias") }]), AllowAutoTopicCreation: int(1) };
    let mut may = FakeGate::new(|action, name| action != Action::CreateAnyTopic && name == "new")
        .calling(&[("new-alias", "new")]);
    let sent = forwarded(3, 12, &asked, &mut may);
    assert_eq!(sent.facts.topics[0].name, "new");
    let body = decode_request(3, 12, &sent.frame);
    let topic = body.at("Topics").list()[0].at("Name").text().to_owned();
    assert_eq!((topic.as_str(), body.at("AllowAutoTopicCreation").int()), ("new", 1));
}

#[test]
fn messages_of_brokers_say_the_name_that_the_client_used() {
    let mut gate = gate();
    let mut sent = forwarded(19, 7, &asks(19, &["old-name"]), &mut gate);
    let words = "Topic 'open' already exists, see open-1, open. and opens.";
    let topic = s! { Name: text("open"), ErrorCode: int(36), ErrorMessage: text(words) };
    let told = s! { Topics: Tree::List(vec![topic]) };
    let step = sent.session.answer(sent.slot, response(19, 7, &told), &mut gate).unwrap();
    let answer = decode_response(19, 7, &step.frame);
    let said = answer.at("Topics").list()[0].at("ErrorMessage").text();
    assert_eq!(said, "Topic 'old-name' already exists, see old-name-1, old-name. and opens.");
}

fn produce(name: &str, records: Vec<u8>) -> Tree {
    let partition = s! { Index: int(0), Records: Tree::Bytes(records) };
    s! { Acks: int(1), TopicData: Tree::List(vec![s! { Name: text(name), PartitionData: Tree::List(vec![partition]) }]) }
}

#[test]
fn a_producer_that_is_told_by_number_writes_a_topic_by_one_name() {
    let mut gate = gate();
    let mut session = logged_in(&mut gate);
    let mut send = |name: &str, records: Vec<u8>| session.request(request(0, 9, &produce(name, records)), &mut gate);
    let by = |producer: i64| {
        let mut batch = batch(0, 1, false);
        batch[43..51].copy_from_slice(&producer.to_be_bytes());
        batch
    };
    assert!(matches!(send("old-name", by(7)), Ok(RequestStep::Forward { .. })));
    assert!(matches!(send("open", by(8)), Ok(RequestStep::Forward { .. })), "another producer");
    assert!(matches!(send("older", by(-1)), Ok(RequestStep::Forward { .. })), "one without a number");
    let Ok(RequestStep::Answer { frame, facts, .. }) = send("open", by(7)) else { panic!("the second name") };
    let answer = decode_response(0, 9, &frame);
    let partition = &answer.at("Responses").list()[0].at("PartitionResponses").list()[0];
    assert_eq!(partition.at("ErrorCode").int(), 42);
    assert!(partition.at("ErrorMessage").text().contains("by another name"));
    assert_eq!((facts.refused, facts.partitions[0].error), (true, 42));
    assert!(matches!(send("old-name", by(7)), Ok(RequestStep::Forward { .. })), "the first name holds");
}

#[test]
fn unanswered_and_retriable_know_aliases_too() {
    let Tree::Struct(mut fields) = produce("old-name", batch(0, 1, false)) else { panic!("a struct") };
    fields[0].1 = int(0);
    let mut unanswered = gate();
    let step = logged_in(&mut unanswered).request(request(0, 9, &Tree::Struct(fields)), &mut unanswered).unwrap();
    let RequestStep::ForwardUnanswered { frame, received, facts, .. } = step else { panic!("{step:?}") };
    let body = decode_request(0, 9, &frame.unwrap());
    assert_eq!(body.at("TopicData").list()[0].at("Name").text(), "open");
    assert!(received.is_some() && facts.aliases == [used("old-name", "open")]);
    for (key, version) in [(0, 9), (8, 5), (24, 2), (28, 3), (19, 5)] {
        let mut gate = gate();
        let mut sent = forwarded(key, version, &asks(key, &["old-name"]), &mut gate);
        let frame = sent.session.retriable(&sent.slot).unwrap();
        let answer = format!("{:?}", decode_response(key, version, &frame));
        assert!(answer.contains("old-name") && !answer.contains("\"open\""), "{answer}");
    }
}

/// A `ConsumerProtocolSubscription` of version 1 with these topics, of which partition 0 is owned.
fn subscription(topics: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    let name = |bytes: &mut Vec<u8>, name: &str| encode::string(bytes, false, name);
    encode::count(&mut bytes, false, topics.len());
    topics.iter().for_each(|topic| name(&mut bytes, topic));
    encode::count(&mut bytes, false, 3);
    bytes.extend_from_slice(b"abc");
    bytes.extend_from_slice(&assignment(topics)[2..]);
    bytes
}

/// A `ConsumerProtocolAssignment` of partition 0 of each topic, without the user's data.
fn assignment(topics: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    encode::count(&mut bytes, false, topics.len());
    for topic in topics {
        encode::string(&mut bytes, false, topic);
        bytes.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0]);
    }
    bytes
}

fn join(kind: &str, protocol: &str, topics: &[&str]) -> Tree {
    let protocol = s! { Name: text(protocol), Metadata: Tree::Bytes(subscription(topics)) };
    s! { GroupId: text("g"), ProtocolType: text(kind), Protocols: Tree::List(vec![protocol]) }
}

fn sync(assignments: &[&[&str]]) -> Tree {
    let one = |topics: &&[&str]| s! { MemberId: text("m"), Assignment: Tree::Bytes(assignment(topics)) };
    s! { GroupId: text("g"), Assignments: Tree::List(assignments.iter().map(one).collect()) }
}

/// Sends a request that is forwarded, and the answer to it.
fn exchange(
    (session, gate): (&mut dyn Session, &mut FakeGate),
    (key, version): (i16, i16),
    asked: &Tree,
    told: &Tree,
) -> (Tree, Tree) {
    let Ok(RequestStep::Forward { frame, slot, .. }) = session.request(request(key, version, asked), gate) else {
        panic!("key {key} version {version}");
    };
    let step = session.answer(slot, response(key, version, told), gate).unwrap();
    (decode_request(key, version, &frame), decode_response(key, version, &step.frame))
}

#[test]
fn brokers_see_own_names_in_groups_and_members_those_that_they_used() {
    for (join_version, sync_version) in [(0, 0), (5, 3), (9, 5)] {
        let mut gate = gate();
        let mut leader = logged_in(&mut gate);
        let member = |topics: &[&str]| s! { MemberId: text("m"), Metadata: Tree::Bytes(subscription(topics)) };
        let told = s! { Members: Tree::List(vec![member(&["other", "open"]), member(&["open"])]) };
        let asked = join("consumer", "range", &["other", "old-name"]);
        let (out, back) = exchange((&mut *leader, &mut gate), (11, join_version), &asked, &told);
        let own = Tree::Bytes(subscription(&["other", "open"]));
        assert_eq!(out.at("Protocols").list()[0].at("Metadata"), &own, "v{join_version}");
        let members: Vec<_> = back.at("Members").list().iter().map(|m| m.at("Metadata").clone()).collect();
        let seen = [subscription(&["other", "old-name"]), subscription(&["old-name"])].map(Tree::Bytes);
        assert_eq!(members, seen, "the leader plans by its own names, v{join_version}");

        let told = s! { Assignment: Tree::Bytes(assignment(&["open"])) };
        let asked = sync(&[&["other", "old-name"], &["old-name"]]);
        let (out, back) = exchange((&mut *leader, &mut gate), (14, sync_version), &asked, &told);
        let planned: Vec<_> = out.at("Assignments").list().iter().map(|m| m.at("Assignment").clone()).collect();
        assert_eq!(planned, [assignment(&["other", "open"]), assignment(&["open"])].map(Tree::Bytes));
        assert_eq!(back.at("Assignment"), &Tree::Bytes(assignment(&["old-name"])));

        // A member that calls the topic by its own name is told that, though the leader does not.
        let mut member = logged_in(&mut gate);
        let asked = join("consumer", "range", &["open"]);
        exchange((&mut *member, &mut gate), (11, join_version), &asked, &s! {});
        let (_, back) = exchange((&mut *member, &mut gate), (14, sync_version), &sync(&[]), &told);
        assert_eq!(back.at("Assignment"), &Tree::Bytes(assignment(&["open"])));

        // Whoever joins anew without an alias has none, and a policy without aliases does not take it from who has one.
        let asked = join("consumer", "range", &["old-name"]);
        exchange((&mut *member, &mut gate), (11, join_version), &asked, &s! {});
        gate.aliases.clear();
        let (_, back) = exchange((&mut *member, &mut gate), (14, sync_version), &sync(&[]), &told);
        assert_eq!(back.at("Assignment"), &Tree::Bytes(assignment(&["old-name"])));
        exchange((&mut *member, &mut gate), (11, join_version), &join("consumer", "range", &["open"]), &s! {});
        let (_, back) = exchange((&mut *member, &mut gate), (14, sync_version), &sync(&[]), &told);
        assert_eq!(back.at("Assignment"), &Tree::Bytes(assignment(&["open"])));
    }
}

#[test]
fn groups_that_could_be_mixed_up_are_refused_and_others_left_alone() {
    for (kind, protocol, topics) in
        [("consumer", "range", &["old-name", "open"][..]), ("consumer", "stream", &["old-name"])]
    {
        let (answer, facts) = answered(11, 5, &join(kind, protocol, topics), &mut gate());
        assert_eq!((answer.at("ErrorCode").int(), facts.error, facts.refused), (42, 42, true), "{protocol}");
    }
    for (kind, protocol, topics) in [("connect", "range", "old-name"), ("consumer", "stream", "open")] {
        let mut gate = gate();
        let sent = forwarded(11, 5, &join(kind, protocol, &[topics]), &mut gate);
        assert!(sent.received.is_none() && sent.facts.aliases.is_empty(), "{kind} {protocol}");
    }
    // Bytes that nobody can read name nothing.
    let protocol = s! { Name: text("range"), Metadata: Tree::Bytes(vec![0, 1, 0x7f, 0xff, 0xff, 0xff]) };
    let asked = s! { GroupId: text("g"), ProtocolType: text("consumer"), Protocols: Tree::List(vec![protocol]) };
    assert!(forwarded(11, 5, &asked, &mut gate()).received.is_none());
}

#[test]
fn a_connection_joins_a_bounded_number_of_groups_by_aliases() {
    let mut gate = gate();
    let mut session = logged_in(&mut gate);
    let mut join_as = |group: String| {
        let Tree::Struct(mut fields) = join("consumer", "range", &["old-name"]) else { panic!("a struct") };
        fields[0].1 = Tree::Text(group);
        session.request(request(11, 5, &Tree::Struct(fields)), &mut gate)
    };
    for group in 0..256 {
        assert!(join_as(group.to_string()).is_ok());
    }
    assert!(join_as("0".to_owned()).is_ok(), "again the same");
    assert!(join_as("one-more".to_owned()).is_err());
}
