//! What an answer must not carry: addresses behind the gate, names that the caller may not see, rights that are not the caller's.

use bytes::BytesMut;
use tidegate_kafka::encode::{self, Value};
use tidegate_kafka::header;
use tidegate_kafka::schema::{Direction, Entity, Field, Message, message};
use tidegate_model::Action;

use crate::gate::{FakeGate, decode_response, forwarded, known, response};
use crate::generate::{self, Random};
use crate::samples::{ask, each_through, s};
use crate::tree::{Tree, int, text};

const HOST: &str = "kafka-7.upstream.internal";
const SECRETS: [&str; 3] = ["secret-topic", "secret-group", "secret-transaction"];

/// Sees nothing that is secret, and nothing of the cluster.
fn outsider() -> FakeGate {
    let mut gate = FakeGate::new(|action, name| {
        !name.starts_with("secret") && !matches!(action, Action::DescribeCluster | Action::CreateAnyTopic)
    });
    let mut knowledge = known(&["open", "secret-topic"]);
    knowledge.hosts.insert(HOST.to_owned());
    gate.knowledge = Some(knowledge);
    gate
}

/// Requests that make the broker answer with more than the caller may see.
fn curious(key: i16) -> Tree {
    match key {
        3 => s! { Topics: Tree::Null, AllowAutoTopicCreation: int(0) },
        9 => s! {
            GroupId: text("open"),
            Topics: Tree::Null,
            Groups: Tree::List(vec![s! { GroupId: text("open"), Topics: Tree::Null }]),
        },
        key => ask(key, &["open"]),
    }
}

fn subscription(version: u8) -> Vec<u8> {
    let topic = [b"\0\0\0\x01\0\x0c".as_slice(), b"secret-topic"].concat();
    [&[0, version][..], &topic, b"\xff\xff\xff\xff\0\0\0\0"].concat()
}

fn assignment() -> Vec<u8> {
    let topic = [b"\0\0\0\0\0\x01\0\x0c".as_slice(), b"secret-topic", b"\0\0\0\x01\0\0\0\0"].concat();
    [&topic[..], b"\xff\xff\xff\xff"].concat()
}

/// Fills an answer with what must not pass, wherever a broker could put it.
fn telltale(key: i16, field: &Field) -> Option<Value> {
    let secret = |open: &str| Some(Value::Text(open.to_owned()));
    match (key, field.path) {
        // OffsetFetch v8 asks group by group; a broker answers with the groups that were asked for.
        (9, "Groups.GroupId") => return secret("open"),
        (15, "Groups.GroupId") => return secret("open"),
        (15, "Groups.ProtocolType") => return secret("consumer"),
        (15, "Groups.Members.MemberMetadata") => return Some(Value::Bytes(subscription(1))),
        (15, "Groups.Members.MemberAssignment") => return Some(Value::Bytes(assignment())),
        (1, "Responses.Partitions.Records") => return Some(Value::Bytes(Vec::new())),
        (16, "Groups.GroupId") => return secret("secret-group"),
        (66, "TransactionStates.TransactionalId") => return secret("secret-transaction"),
        // Controllers' quorum has one topic, which is no secret.
        (55, "Topics.TopicName") => return secret("__cluster_metadata"),
        (32, "Results.ResourceType") => return Some(Value::Int(4)),
        (32, "Results.Configs.Name" | "Results.Configs.Synonyms.Name") => return secret("advertised.listeners"),
        (32, "Results.Configs.Value" | "Results.Configs.Synonyms.Value") => {
            return Some(Value::Text(format!("PLAINTEXT://{HOST}:9092")));
        }
        _ => {}
    }
    match field.name() {
        "Host" => secret(HOST),
        "Port" => Some(Value::Int(19_092)),
        "NodeId" | "BrokerId" => Some(Value::Int(3)),
        name if name.ends_with("ErrorMessage") => {
            Some(Value::Text(format!("node 3 ({HOST}:19092) says secret-topic collides")))
        }
        // Requests by name get answers by name.
        _ if matches!(field.entity, Entity::TopicName) => {
            let by_name = matches!(key, 0 | 1 | 2 | 8 | 19 | 23 | 24 | 28 | 61);
            secret(if by_name { "open" } else { "secret-topic" })
        }
        _ => None,
    }
}

fn finds(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|window| window == what.as_bytes())
}

fn frame(described: &Message, version: i16, seed: u64) -> BytesMut {
    let choose = |field: &Field| telltale(described.api_key, field);
    let values = generate::fields(described, version, &mut Random(seed), &choose);
    let mut frame = header::response_prefix(described.api_key, version, 77);
    encode::message(&mut frame, described, version, &values);
    header::seal(&mut frame);
    BytesMut::from(&frame[..])
}

#[test]
fn no_answer_names_hosts_or_secrets() {
    let (mut marked, mut delivered) = (0, std::collections::BTreeSet::new());
    each_through(|api, version| {
        // OffsetFetch v1 cannot ask for everything: it hears only names that it said itself.
        if (api.key, version) == (9, 1) {
            return;
        }
        let described = message(api.key, Direction::Response).unwrap();
        for seed in 0..60 {
            let mut gate = outsider();
            if matches!(api.key, 35 | 46 | 48 | 55) || (api.key == 32) {
                // Who may see the cluster still does not see what is secret in it.
                gate.allowed = Box::new(|_, name| !name.starts_with("secret"));
            }
            let back = frame(described, version, seed);
            let leaks = finds(&back, HOST) || SECRETS.iter().any(|secret| finds(&back, secret));
            marked += u32::from(leaks);
            let mut sent = forwarded(api.key, version, &curious(api.key), &mut gate);
            match sent.session.answer(sent.slot, back, &mut gate) {
                Ok(step) => {
                    for what in SECRETS.iter().chain([&HOST, &"upstream.internal"]) {
                        assert!(!finds(&step.frame, what), "{} v{version} seed {seed} tells {what}", api.name);
                    }
                    decode_response(api.key, version, &step.frame);
                    if leaks {
                        delivered.insert((api.key, version));
                    }
                }
                // What cannot be made safe is not delivered; no answer here is of that kind.
                Err(error) => panic!("{} v{version} seed {seed}: {error}", api.name),
            }
        }
    });
    assert!(marked > 1000, "only {marked} answers held something to leak");
    let keys: std::collections::BTreeSet<i16> = delivered.iter().map(|(key, _)| *key).collect();
    for key in [0, 3, 9, 10, 15, 16, 19, 32, 35, 46, 48, 60, 61, 65, 66] {
        assert!(keys.contains(&key), "nothing was tried on key {key}");
    }
}

#[test]
fn only_rights_of_the_table_are_asked_for() {
    each_through(|api, version| {
        let described = message(api.key, Direction::Response).unwrap();
        for seed in 0..30 {
            // Every row asks for these beside its own: bitmaps tell all rights, messages are searched for topics.
            let choose = |field: &Field| match field.name() {
                name if name.ends_with("AuthorizedOperations") => Some(Value::Int(i64::from(i32::MIN))),
                name if name.ends_with("ErrorMessage") => Some(Value::Text(String::new())),
                _ => telltale(api.key, field),
            };
            let values = generate::fields(described, version, &mut Random(seed), &choose);
            let mut back = header::response_prefix(api.key, version, 77);
            encode::message(&mut back, described, version, &values);
            header::seal(&mut back);
            for asked in [ask(api.key, &["open"]), curious(api.key)] {
                if (api.key, version) == (9, 1) {
                    continue;
                }
                let mut gate = FakeGate::new(|action, _| action != Action::IdempotentWrite).knowing(&["open"]);
                let mut sent = forwarded(api.key, version, &asked, &mut gate);
                // An answer that names what was not asked for is refused, after the same questions.
                let step = sent.session.answer(sent.slot, BytesMut::from(&back[..]), &mut gate);
                assert!(step.is_ok() || api.key == 3, "{} v{version}: {step:?}", api.name);
                for (action, name) in &gate.asked {
                    assert!(api.rights.contains(action), "{} asks for {action:?} on {name}", api.name);
                }
            }
        }
    });
}

#[test]
fn brokers_are_led_back_to_the_gate() {
    let broker = |id: &'static str| {
        let mut fields = vec![("Host", text(HOST)), ("Port", int(19_092))];
        fields.insert(0, (id, int(3)));
        Tree::Struct(fields)
    };
    each_through(|api, version| {
        let (array, id) = match api.key {
            0 if version >= 10 => ("NodeEndpoints", "NodeId"),
            3 => ("Brokers", "NodeId"),
            10 if version >= 4 => ("Coordinators", "NodeId"),
            10 => ("", "NodeId"),
            60 => ("Brokers", "BrokerId"),
            _ => return,
        };
        let back = match array {
            "" => broker(id),
            array => Tree::Struct(vec![(array, Tree::List(vec![broker(id), broker(id)]))]),
        };
        let mut gate = outsider();
        let mut sent = forwarded(api.key, version, &ask(api.key, &["open"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(api.key, version, &back), &mut gate).unwrap();
        let answer = decode_response(api.key, version, &step.frame);
        let places = if array.is_empty() { std::slice::from_ref(&answer) } else { answer.at(array).list() };
        for place in places {
            assert_eq!((place.at("Host").text(), place.at("Port").int()), ("gate.example", 9003), "v{version}");
            assert_eq!(place.at(id).int(), 3);
        }
        // A broker that the gate cannot serve: a hint is left out, anything else is not delivered.
        let mut gate = outsider();
        gate.nodes = 0;
        let mut sent = forwarded(api.key, version, &ask(api.key, &["open"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(api.key, version, &back), &mut gate);
        if api.key == 0 {
            let answer = decode_response(0, version, &step.unwrap().frame);
            assert_eq!(answer.at("NodeEndpoints").list(), []);
        } else {
            assert!(step.is_err());
        }
    });
}

#[test]
fn addresses_of_no_broker_are_blanked() {
    for (id, port) in [(-1, 19_092), (3, 70_000), (3, -1), (-5, -5)] {
        let back = s! { Brokers: Tree::List(vec![s! { NodeId: int(id), Host: text(HOST), Port: int(port) }]) };
        let mut gate = outsider();
        let mut sent = forwarded(3, 9, &ask(3, &["open"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(3, 9, &back), &mut gate).unwrap();
        let answer = decode_response(3, 9, &step.frame);
        let broker = &answer.at("Brokers").list()[0];
        assert_eq!((broker.at("Host").text(), broker.at("Port").int()), ("", -1));
    }
}

#[test]
fn bitmaps_are_the_callers() {
    let all = i64::from(i32::MAX);
    let reader =
        || FakeGate::new(|action, _| matches!(action, Action::Describe | Action::Consume | Action::DescribeGroup));
    for version in 8..=13 {
        let topic = s! { Name: text("open"), TopicAuthorizedOperations: int(all) };
        let unasked = s! { Name: text("open") };
        let back = s! {
            Topics: Tree::List(vec![topic, unasked]),
            ClusterAuthorizedOperations: int(all),
        };
        let mut gate = reader();
        let mut sent = forwarded(3, version, &ask(3, &["open"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(3, version, &back), &mut gate).unwrap();
        let answer = decode_response(3, version, &step.frame);
        let [topic, unasked] = answer.at("Topics").list() else { panic!() };
        assert_eq!(topic.at("TopicAuthorizedOperations").int(), 1 << 3 | 1 << 8);
        assert_eq!(unasked.at("TopicAuthorizedOperations").int(), i64::from(i32::MIN));
        if let Some(cluster) = answer.get("ClusterAuthorizedOperations") {
            assert_eq!(cluster.int(), 0);
        }
    }
    for version in 3..=6 {
        let back = s! { Groups: Tree::List(vec![s! { GroupId: text("open"), AuthorizedOperations: int(all) }]) };
        let mut gate = reader();
        let mut sent = forwarded(15, version, &ask(15, &["open"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(15, version, &back), &mut gate).unwrap();
        let answer = decode_response(15, version, &step.frame);
        assert_eq!(answer.at("Groups").list()[0].at("AuthorizedOperations").int(), 1 << 8);
    }
    for version in 0..=2 {
        let mut gate = FakeGate::new(|action, _| action == Action::IdempotentWrite);
        let mut sent = forwarded(60, version, &s! {}, &mut gate);
        let back = response(60, version, &s! { ClusterAuthorizedOperations: int(all) });
        let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
        let answer = decode_response(60, version, &step.frame);
        assert_eq!(answer.at("ClusterAuthorizedOperations").int(), 1 << 12);
    }
}

#[test]
fn members_show_the_topics_that_the_caller_may_see() {
    for (topic, shown) in [("open", true), ("secret-topic", false)] {
        let name = [&u16::try_from(topic.len()).unwrap().to_be_bytes()[..], topic.as_bytes()].concat();
        let metadata = [b"\0\x01\0\0\0\x01".as_slice(), &name, b"\xff\xff\xff\xff\0\0\0\0"].concat();
        let member = s! { MemberMetadata: Tree::Bytes(metadata.clone()), MemberAssignment: Tree::Bytes(vec![7]) };
        let group = |kind: &str| {
            s! { GroupId: text("open"), ProtocolType: text(kind), Members: Tree::List(vec![member.clone()]) }
        };
        for version in 0..=6 {
            let mut gate = outsider();
            let mut sent = forwarded(15, version, &ask(15, &["open"]), &mut gate);
            let back = s! { Groups: Tree::List(vec![group("consumer"), group("connect")]) };
            let step = sent.session.answer(sent.slot, response(15, version, &back), &mut gate).unwrap();
            let answer = decode_response(15, version, &step.frame);
            let [consumer, connect] = answer.at("Groups").list() else { panic!() };
            let member = |group: &Tree, field: &str| group.at("Members").list()[0].at(field).clone();
            let expected = if shown { metadata.clone() } else { Vec::new() };
            assert_eq!(member(consumer, "MemberMetadata"), Tree::Bytes(expected));
            // What cannot be read is not shown.
            assert_eq!(member(consumer, "MemberAssignment"), Tree::Bytes(Vec::new()));
            assert_eq!(member(connect, "MemberAssignment"), Tree::Bytes(vec![7]));
        }
    }
}

#[test]
fn helpful_messages_pass() {
    let message = "Replication factor: 3 larger than available brokers: 1.";
    let back = s! {
        Topics: Tree::List(vec![s! { Name: text("open"), ErrorCode: int(38), ErrorMessage: text(message) }]),
    };
    let mut gate = outsider();
    let mut sent = forwarded(19, 4, &ask(19, &["open"]), &mut gate);
    let step = sent.session.answer(sent.slot, response(19, 4, &back), &mut gate).unwrap();
    assert!(step.received.is_none());
    for unhelpful in [
        format!("no route to {HOST}."),
        "cannot connect to other.example:9092".into(),
        "node 10.1.2.3 is down".into(),
        "collides with existing topics: open, secret-topic.".into(),
        "the leader of secret-topic-0 is not known".into(),
        "[secret-topic-12.]".into(),
    ] {
        let back = s! { Topics: Tree::List(vec![s! { Name: text("open"), ErrorMessage: text(&unhelpful) }]) };
        let mut sent = forwarded(19, 4, &ask(19, &["open"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(19, 4, &back), &mut gate).unwrap();
        let answer = decode_response(19, 4, &step.frame);
        let said = answer.at("Topics").list()[0].at("ErrorMessage").text();
        assert!(said.contains("withheld"), "{unhelpful} became {said}");
    }
    // Nor may one pass through the answer that is made anew because configurations are hidden.
    let told = s! {
        Topics: Tree::List(vec![s! { Name: text("open"), ErrorMessage: text("collides with secret-topic.") }]),
    };
    let mut gate = FakeGate::new(|action, _| action == Action::CreateTopic).knowing(&["secret-topic"]);
    let mut sent = forwarded(19, 7, &ask(19, &["open"]), &mut gate);
    let step = sent.session.answer(sent.slot, response(19, 7, &told), &mut gate).unwrap();
    assert!(!finds(&step.frame, "secret-topic"));
}
