//! Produce and Fetch: what is written and read, by whom, and what is told of it.

use std::time::Duration;

use tidegate_model::{Level, PartitionUse, RequestStep};

use crate::exchange::{both, discreet, everybody, nobody, partitions};
use crate::gate::{
    FakeGate, TARGET, answered, decode_request, decode_response, forwarded, logged_in, request, response,
};
use crate::samples::{ask, batch, s, tell};
use crate::tree::{Tree, int, text};

#[test]
fn internal_topics_are_written_by_nobody() {
    for name in ["__consumer_offsets", "__transaction_state", "__share_group_state"] {
        let (answer, _) = answered(0, 9, &ask(0, &[name]), &mut everybody());
        assert_eq!(partitions(0, &answer), both(name, [29, 29]));
        let (answer, _) = answered(24, 3, &ask(24, &[name]), &mut everybody());
        assert_eq!(partitions(24, &answer), both(name, [29, 29]));
        let (answer, _) = answered(19, 7, &ask(19, &[name]), &mut everybody());
        assert_eq!(answer.at("Topics").list()[0].at("ErrorCode").int(), 29);
    }
    // Only the internal one is refused.
    let sent = forwarded(0, 9, &ask(0, &["open", "__consumer_offsets"]), &mut everybody());
    assert_eq!(decode_request(0, 9, &sent.frame).at("TopicData").list().len(), 1);
}

#[test]
fn a_transactional_batch_needs_its_id_and_others_do_not() {
    let with = |id: Tree, transactional| {
        let partition = s! { Index: int(0), Records: Tree::Bytes(batch(0, 1, transactional)) };
        let topic = s! { Name: text("open"), PartitionData: Tree::List(vec![partition]) };
        s! { TransactionalId: id, Acks: int(-1), TopicData: Tree::List(vec![topic]) }
    };
    let produce = |transactional| with(text("secret"), transactional);
    for version in 3..=12 {
        forwarded(0, version, &produce(false), &mut discreet());
        let (answer, facts) = answered(0, version, &produce(true), &mut discreet());
        assert_eq!(partitions(0, &answer), [("open".to_owned(), 0, 53)]);
        assert_eq!(facts.error, 53);
        forwarded(0, version, &with(text("open"), true), &mut discreet());
        // Nobody may write transactions without saying which.
        assert_eq!(answered(0, version, &with(Tree::Null, true), &mut everybody()).1.error, 53);
    }
}

#[test]
fn unanswered_produce_closes_when_something_is_refused() {
    let produce = |names: &[&str]| {
        let Tree::Struct(mut fields) = ask(0, names) else { panic!("a struct") };
        fields[0].1 = int(0);
        Tree::Struct(fields)
    };
    for (names, forwards, closes) in
        [(&["open"][..], true, false), (&["open", "secret"], true, true), (&["secret"], false, true)]
    {
        let mut gate = discreet();
        let step = logged_in(&mut gate).request(request(0, 9, &produce(names)), &mut gate).unwrap();
        let RequestStep::ForwardUnanswered { frame, close, facts, .. } = step else { panic!("{step:?}") };
        assert_eq!((frame.is_some(), close, facts.refused), (forwards, closes, closes), "{names:?}");
        if let Some(frame) = frame {
            assert_eq!(decode_request(0, 9, &frame).at("TopicData").list().len(), 1);
        }
    }
}

#[test]
fn who_writes_too_fast_is_told_to_come_again_with_all_of_it() {
    const NOT_ENOUGH_REPLICAS: i16 = 19;
    let mut gate = discreet();
    let sent = forwarded(0, 9, &ask(0, &["open"]), &mut gate);
    let written = |one: &PartitionUse| ("open".to_owned(), one.records, one.bytes);
    assert_eq!(gate.offered, sent.facts.partitions.iter().map(written).collect::<Vec<_>>());
    assert!(gate.offered.iter().all(|one| one.1 > 0 && one.2 > 61), "{:?}", gate.offered);
    let offered = |gate: &FakeGate| gate.offered.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    gate.too_fast = Some(Duration::from_millis(3_500));
    for version in 3..=12 {
        let step = logged_in(&mut gate).request(request(0, version, &ask(0, &["open", "secret", "open2"])), &mut gate);
        let Ok(RequestStep::Answer { frame, facts, delay }) = step else { panic!("{step:?}") };
        assert_eq!(delay, Duration::from_secs(1));
        let answer = decode_response(0, version, &frame);
        let again = |name: &str| both(name, [i64::from(NOT_ENOUGH_REPLICAS); 2]);
        let wanted = [again("open"), again("open2"), both("secret", [29; 2])].concat();
        assert_eq!((partitions(0, &answer), answer.at("ThrottleTimeMs").int()), (wanted, 2_500), "{version}");
        assert!(facts.refused && facts.partitions.iter().all(|partition| partition.error != 0));
        if version >= 8 {
            let partition = answer.at("Responses").list()[0].at("PartitionResponses").list()[0].clone();
            assert_eq!(partition.at("ErrorMessage").text(), "it is too fast");
        }
    }
    assert_eq!(offered(&gate), ["open", "open", "open2", "open2"], "what may not be written does not count");
    gate.too_fast = Some(Duration::from_secs(90_000));
    let (answer, _) = answered(0, 9, &ask(0, &["open"]), &mut gate);
    assert_eq!(answer.at("ThrottleTimeMs").int(), 10_000);
    // Only Produce is asked about.
    forwarded(1, 11, &ask(1, &["open"]), &mut gate);
}

#[test]
fn produced_records_are_exactly_one_batch() {
    let one = batch(0, 2, false);
    let mut magic_1 = one.clone();
    magic_1[16] = 1;
    for records in [
        Tree::Null,
        Tree::Bytes(Vec::new()),
        Tree::Bytes([one.clone(), one.clone()].concat()),
        Tree::Bytes(one[..one.len() - 1].to_vec()),
        Tree::Bytes([&one[..], b"x"].concat()),
        Tree::Bytes(magic_1),
    ] {
        let partition = s! { Index: int(0), Records: records.clone() };
        let topic = s! { Name: text("open"), PartitionData: Tree::List(vec![partition]) };
        let asked = s! { Acks: int(1), TopicData: Tree::List(vec![topic]) };
        let mut gate = everybody();
        assert!(logged_in(&mut gate).request(request(0, 9, &asked), &mut gate).is_err(), "{records:?}");
    }
}

#[test]
fn what_was_written_is_told_by_offsets_and_sizes() {
    let mut gate = everybody();
    let mut sent = forwarded(0, 9, &ask(0, &["open", "also-open"]), &mut gate);
    assert_eq!(sent.facts.partitions.iter().map(|p| (p.records, p.bytes)).collect::<Vec<_>>(), [(3, 82); 4]);
    let back = response(0, 9, &tell(0, &["also-open", "open"]));
    let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
    for partition in &step.facts.partitions {
        let told = (partition.first_offset, partition.last_offset, partition.records, partition.bytes);
        assert_eq!(told, (40, 42, 3, 82));
    }
    assert_eq!(step.facts.topics[1].name, "open");
}

#[test]
fn what_was_read_is_told_and_empty_polls_are_quiet() {
    let mut gate = everybody();
    let mut sent = forwarded(1, 12, &ask(1, &["open"]), &mut gate);
    let step = sent.session.answer(sent.slot, response(1, 12, &tell(1, &["open"])), &mut gate).unwrap();
    let told: Vec<_> = step.facts.partitions.iter().map(|p| (p.first_offset, p.last_offset, p.records)).collect();
    assert_eq!((told, step.quiet), (vec![(90, 93, 4), (90, 93, 4)], false));
    let mut sent = forwarded(1, 12, &ask(1, &["open"]), &mut gate);
    let step = sent.session.answer(sent.slot, response(1, 12, &s! {}), &mut gate).unwrap();
    assert!(step.quiet);
}

#[test]
fn records_that_cannot_be_read_are_not_delivered() {
    let mut old = batch(0, 1, false);
    old[16] = 1;
    // A message of magic 1 that is shorter than a batch's header.
    let short = [&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 26, 1, 2, 3, 4, 1][..], &[0; 21]].concat();
    for records in [old, short] {
        let partition = s! { PartitionIndex: int(0), AbortedTransactions: Tree::Null, Records: Tree::Bytes(records) };
        let topic = s! { Topic: text("open"), Partitions: Tree::List(vec![partition]) };
        let mut gate = everybody();
        let mut sent = forwarded(1, 12, &ask(1, &["open"]), &mut gate);
        let back = response(1, 12, &s! { Responses: Tree::List(vec![topic]) });
        assert!(sent.session.answer(sent.slot, back, &mut gate).is_err());
    }
}

#[test]
fn fetches_are_bounded_sessionless_and_no_followers() {
    for version in 4..=12 {
        let partition = s! { Partition: int(0), PartitionMaxBytes: int(i32::MAX) };
        let topic = s! { Topic: text("open"), Partitions: Tree::List(vec![partition]) };
        let asked = s! {
            ReplicaId: int(3), MaxBytes: int(i32::MAX), SessionEpoch: int(0), Topics: Tree::List(vec![topic.clone()]),
        };
        let sent = forwarded(1, version, &asked, &mut everybody());
        assert!(sent.received.is_some());
        let out = decode_request(1, version, &sent.frame);
        assert_eq!((out.at("ReplicaId").int(), out.at("MaxBytes").int()), (-1, i64::from(TARGET)));
        let partition = &out.at("Topics").list()[0].at("Partitions").list()[0];
        assert_eq!(partition.at("PartitionMaxBytes").int(), i64::from(TARGET));
        if version < 7 {
            continue;
        }
        assert_eq!(out.at("SessionEpoch").int(), -1);
        for (id, epoch) in [(5, 1), (5, 0), (5, -1), (0, 2)] {
            let asked = s! { SessionId: int(id), SessionEpoch: int(epoch), Topics: Tree::List(vec![]) };
            let (answer, facts) = answered(1, version, &asked, &mut everybody());
            assert_eq!((answer.at("ErrorCode").int(), answer.at("SessionId").int()), (70, 0));
            assert_eq!((answer.at("Responses").list().len(), facts.error), (0, 70));
        }
    }
    for (key, versions) in [(2, 1..=11), (23, 3..=4)] {
        for version in versions {
            for replica in [0, 7, -2] {
                let sent = forwarded(key, version, &s! { ReplicaId: int(replica) }, &mut everybody());
                assert_eq!(decode_request(key, version, &sent.frame).at("ReplicaId").int(), -1);
            }
        }
    }
}

#[test]
fn a_wholly_refused_poll_waits() {
    let mut gate = nobody();
    let step = logged_in(&mut gate).request(request(1, 12, &ask(1, &["secret"])), &mut gate).unwrap();
    assert!(matches!(step, RequestStep::Answer { delay, .. } if delay == Duration::from_millis(200)));
}

#[test]
fn throttled_or_failed_fetches_get_no_refusals() {
    for version in 4..=12 {
        for answer in [s! { ThrottleTimeMs: int(100) }, s! { ErrorCode: int(74) }] {
            let failed = answer.get("ErrorCode").is_some();
            if failed && version < 7 {
                continue;
            }
            let mut gate = discreet();
            let mut sent = forwarded(1, version, &ask(1, &["open", "secret"]), &mut gate);
            let back = response(1, version, &answer);
            let step = sent.session.answer(sent.slot, back, &mut gate).unwrap();
            assert!(step.received.is_none(), "v{version}");
        }
        // Throttled but not empty: a full answer.
        let Tree::Struct(mut full) = tell(1, &["open"]) else { panic!("a struct") };
        full.push(("ThrottleTimeMs", int(5)));
        let mut gate = discreet();
        let mut sent = forwarded(1, version, &ask(1, &["open", "secret"]), &mut gate);
        let step = sent.session.answer(sent.slot, response(1, version, &Tree::Struct(full)), &mut gate).unwrap();
        assert_eq!(partitions(1, &decode_response(1, version, &step.frame)).len(), 4);
    }
}

#[test]
fn an_epoch_answers_error_belongs_to_the_index_after_it() {
    let mut gate = everybody();
    let mut sent = forwarded(23, 4, &ask(23, &["open"]), &mut gate);
    let step = sent.session.answer(sent.slot, response(23, 4, &tell(23, &["open"])), &mut gate).unwrap();
    let told: Vec<_> = step.facts.partitions.iter().map(|p| (p.partition, p.error)).collect();
    assert_eq!(told, [(0, 0), (1, 6)]);
}

fn written(batch: Vec<u8>) -> Tree {
    let partition = s! { Index: int(0), Records: Tree::Bytes(batch) };
    let topic = s! { Name: text("open"), PartitionData: Tree::List(vec![partition]) };
    s! { Acks: int(1), TopicData: Tree::List(vec![topic]) }
}

#[test]
fn what_is_written_is_kept_from_offset_0_whatever_its_writer_says() {
    let mut gate = everybody().keeping(Level::Full);
    for base in [0, 1_000_000] {
        let facts = forwarded(0, 9, &written(batch(base, 3, false)), &mut gate).facts;
        let kept = &facts.kept.batches[0];
        assert_eq!((kept.base_offset, kept.refused, facts.kept.levels.as_slice()), (0, false, &[(0, Level::Full)][..]));
        assert_eq!(kept.stored.as_ref().unwrap().body, batch(0, 3, false)[21..], "from its attributes on");
    }
}

/// No mask is over them, so that they would be a place for anything.
#[test]
fn control_records_of_a_client_are_told_and_not_kept() {
    let mut control = batch(0, 1, false);
    control[22] |= 0x20;
    let facts = forwarded(0, 9, &written(control.clone()), &mut everybody().keeping(Level::Full)).facts;
    let kept = &facts.kept.batches[0];
    assert!(kept.stored.is_none());
    assert_eq!((kept.unread[0].1.part, kept.unread[0].1.length), (0, control.len()));
}

#[test]
fn levels_are_told_of_what_is_refused_too() {
    let mut gate = discreet().keeping(Level::Metadata);
    let facts = forwarded(0, 9, &ask(0, &["open", "secret"]), &mut gate).facts;
    assert_eq!(facts.kept.levels, [(0, Level::Metadata), (1, Level::Metadata)], "the frame holds records of both");
    assert!(facts.kept.batches.is_empty());
}

fn read_back(records: Vec<u8>, gate: &mut FakeGate) -> tidegate_model::AnswerStep {
    let partition = s! { PartitionIndex: int(0), AbortedTransactions: Tree::Null, Records: Tree::Bytes(records) };
    let topic = s! { Topic: text("open"), Partitions: Tree::List(vec![partition]) };
    let mut sent = forwarded(1, 12, &ask(1, &["open"]), gate);
    sent.session.answer(sent.slot, response(1, 12, &s! { Responses: Tree::List(vec![topic]) }), gate).unwrap()
}

#[test]
fn of_what_is_kept_in_full_no_part_of_a_batch_is_shown() {
    let cut = [batch(7, 2, false), batch(9, 5, false)[..80].to_vec()].concat();
    for (level, told) in [(Level::Digest, 2), (Level::Full, 1)] {
        let step = read_back(cut.clone(), &mut everybody().keeping(level));
        assert_eq!(step.facts.partitions.len(), told, "{level:?}");
        assert_eq!(step.facts.partitions[0].first_offset, 7);
    }
    let step = read_back(cut, &mut everybody().keeping(Level::Full));
    let kept = &step.facts.kept.batches;
    assert_eq!((kept.len(), kept[0].base_offset), (1, 7));
    assert!(step.received.is_some(), "the answer is not what came");
}

/// Whoever writes many tiny batches must not make answers that no leaf has room for.
#[test]
fn an_answer_ends_where_its_leaf_has_no_room_for_more() {
    let tiny: Vec<u8> = (0..5_000).flat_map(|base| batch(base, 1, false)).collect();
    let step = read_back(tiny, &mut everybody().keeping(Level::Full));
    let (shown, kept) = (step.facts.partitions[0].records, step.facts.kept.batches.len());
    assert_eq!((shown, kept), (4_000, 4_000), "the client asks again for the others");
}
