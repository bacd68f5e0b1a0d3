//! Round trips, order of messages, hostile bytes.

use proptest::prelude::*;

use super::*;

fn hello() -> Message {
    Message::Hello(Hello {
        agent: "agent-1".into(),
        clusters: vec![ClusterOffer {
            name: "main".into(),
            mode: Mode::Socket,
            bootstrap: vec!["127.0.0.1:9092".into()],
        }],
        isolation: Isolation {
            uid: 7,
            no_dump: true,
            no_new_privileges: true,
            no_core: true,
            descriptors_closed: false,
        },
    })
}

fn welcome() -> Message {
    Message::Welcome(Welcome { gateway: "gate".into(), incarnation: [3; 16] })
}

fn open(port: u16) -> Message {
    let broker = Broker::At { host: "b1.example".into(), port };
    Message::Open(Open { number: Number([9; 16]), cluster: "main".into(), broker, session: [1; 16], deadline_ms: 5000 })
}

fn handover() -> Message {
    let peer = "127.0.0.1:9092".into();
    Message::Handover(Handover { number: Number([9; 16]), mode: Mode::Relay, peer, tls: true, lifetime_ms: 0 })
}

/// Both sides of one connection, without sockets: what one sends, the other receives, in pieces of any size.
struct Pair {
    gateway: Receiver,
    agent: Receiver,
    piece: usize,
}

impl Pair {
    fn new(piece: usize) -> Pair {
        Pair { gateway: Receiver::new(Role::Gateway), agent: Receiver::new(Role::Agent), piece }
    }

    fn gateway_hears(&mut self, message: &Message) -> Result<Vec<Message>, LinkError> {
        carry(&mut self.gateway, message, self.piece)
    }

    fn agent_hears(&mut self, message: &Message) -> Result<Vec<Message>, LinkError> {
        carry(&mut self.agent, message, self.piece)
    }
}

fn carry(receiver: &mut Receiver, message: &Message, piece: usize) -> Result<Vec<Message>, LinkError> {
    let mut seen = Vec::new();
    for chunk in encode(message)?.chunks(piece) {
        receiver.push(chunk);
        while let Some(message) = receiver.next_message()? {
            seen.push(message);
        }
    }
    Ok(seen)
}

#[test]
fn a_conversation_arrives_whole_in_pieces_of_any_size() {
    for piece in [1, 2, 3, 5, 1000] {
        let mut pair = Pair::new(piece);
        assert_eq!(pair.gateway_hears(&hello()), Ok(vec![hello()]));
        assert_eq!(pair.agent_hears(&welcome()), Ok(vec![welcome()]));
        assert_eq!(pair.agent_hears(&open(9092)), Ok(vec![open(9092)]));
        assert_eq!(pair.agent_hears(&Message::Ping(4)), Ok(vec![Message::Ping(4)]));
        assert_eq!(pair.gateway_hears(&Message::Pong(4)), Ok(vec![Message::Pong(4)]));
        let text = "127.0.0.1:9 is outside the dial patterns".into();
        let refused = Message::Refused(Refused { number: Number([9; 16]), reason: Reason::NotAllowed, text });
        assert_eq!(pair.gateway_hears(&refused), Ok(vec![refused]));
        assert_eq!(pair.gateway_hears(&hello()), Ok(vec![hello()]), "a reload says Hello again");
    }
}

#[test]
fn a_message_from_the_wrong_side_or_too_early_is_refused() {
    assert_eq!(Pair::new(9).agent_hears(&open(1)), Err(LinkError::Unexpected("Open")), "Welcome comes first");
    assert_eq!(Pair::new(9).gateway_hears(&Message::Ping(1)), Err(LinkError::Unexpected("Ping")));
    assert_eq!(Pair::new(9).gateway_hears(&welcome()), Err(LinkError::Unexpected("Welcome")));
    let mut pair = Pair::new(9);
    assert!(pair.gateway_hears(&hello()).is_ok());
    assert_eq!(pair.gateway_hears(&open(1)), Err(LinkError::Unexpected("Open")));
    let mut pair = Pair::new(9);
    assert!(pair.gateway_hears(&hello()).is_ok());
    assert_eq!(
        pair.gateway_hears(&handover()),
        Err(LinkError::Unexpected("Handover")),
        "a handover has its own connection"
    );
    let mut pair = Pair::new(9);
    assert_eq!(pair.gateway_hears(&handover()), Ok(vec![handover()]));
    assert_eq!(pair.gateway_hears(&hello()), Err(LinkError::Unexpected("Hello")), "nothing follows a handover");
}

#[test]
fn a_frame_cut_or_grown_anywhere_is_refused() {
    for message in [hello(), welcome(), open(1), handover(), Message::Ping(7)] {
        let frame = encode(&message).unwrap();
        for cut in 5..frame.len() {
            assert!(decode(&frame[4..cut]).is_err(), "{} cut at {cut}", message.name());
        }
        let mut grown = frame[4..].to_vec();
        grown.push(0);
        assert_eq!(decode(&grown), Err(LinkError::Trailing(1)));
    }
}

#[test]
fn lengths_and_versions_are_checked_before_anything_is_held() {
    let mut receiver = Receiver::new(Role::Gateway);
    receiver.push(b"GET / HTTP/1.1\r\n");
    assert_eq!(receiver.next_message(), Err(LinkError::Length(u64::from(u32::from_be_bytes(*b"GET ")))));
    assert_eq!(frame_length([0; 4]), Err(LinkError::Length(0)));
    assert_eq!(frame_length([0, 1, 0, 1]), Err(LinkError::Length(65537)));
    assert_eq!(frame_length([0, 1, 0, 0]), Ok(65536));
    let mut frame = encode(&hello()).unwrap()[4..].to_vec();
    frame[6] = 9;
    assert_eq!(decode(&frame), Err(LinkError::Version { theirs: 9 }));
    frame[1] = b'X';
    assert_eq!(decode(&frame), Err(LinkError::Magic));
}

#[test]
fn a_field_over_its_bound_is_not_sent() {
    let long = Message::Welcome(Welcome { gateway: "g".repeat(256), incarnation: [0; 16] });
    assert_eq!(encode(&long), Err(LinkError::TooLong("gateway")));
    let text = "x".repeat(70_000);
    let refused = Message::Refused(Refused { number: Number([0; 16]), reason: Reason::Busy, text });
    assert_eq!(encode(&refused), Err(LinkError::TooLong("text")));
}

#[test]
fn a_refusals_text_is_made_fit() {
    let refusal = |text: &str| Refused::new(Number([0; 16]), Reason::Busy, text);
    assert_eq!(refusal("a\nb\x1b[31m").text, "a b [31m");
    for text in ["ä".repeat(2000), "x\u{9b}y".repeat(1000)] {
        let message = Message::Refused(refusal(&text));
        assert_eq!(decode(&encode(&message).unwrap()[4..]), Ok(message));
    }
}

#[test]
fn a_number_is_never_printed() {
    assert!(!format!("{:?}", open(1)).contains("9, 9"));
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9._ äß-]{0,40}"
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Relay), Just(Mode::Socket)]
}

fn any_message() -> impl Strategy<Value = Message> {
    let hello = (
        name(),
        prop::collection::btree_map(name(), (mode(), prop::collection::vec(name(), 0..5)), 0..6),
        any::<[bool; 4]>(),
        any::<u32>(),
    )
        .prop_map(|(agent, clusters, [a, b, c, d], uid)| {
            let offers = clusters.into_iter().map(|(name, (mode, bootstrap))| ClusterOffer { name, mode, bootstrap });
            let isolation = Isolation { uid, no_dump: a, no_new_privileges: b, no_core: c, descriptors_closed: d };
            Message::Hello(Hello { agent, clusters: offers.collect(), isolation })
        });
    let broker =
        prop_oneof![Just(Broker::Bootstrap), (name(), any::<u16>()).prop_map(|(host, port)| Broker::At { host, port })];
    let open = (any::<[u8; 16]>(), name(), broker, any::<[u8; 16]>(), any::<u32>()).prop_map(
        |(number, cluster, broker, session, deadline_ms)| {
            Message::Open(Open { number: Number(number), cluster, broker, session, deadline_ms })
        },
    );
    let refused = (any::<[u8; 16]>(), 0_usize..7, name()).prop_map(|(number, reason, text)| {
        Message::Refused(Refused { number: Number(number), reason: Reason::ALL[reason], text })
    });
    let handover = (any::<[u8; 16]>(), mode(), name(), any::<bool>(), any::<u64>()).prop_map(
        |(number, mode, peer, tls, lifetime_ms)| {
            Message::Handover(Handover { number: Number(number), mode, peer, tls, lifetime_ms })
        },
    );
    let welcome = (name(), any::<[u8; 16]>())
        .prop_map(|(gateway, incarnation)| Message::Welcome(Welcome { gateway, incarnation }));
    prop_oneof![
        hello,
        open,
        refused,
        handover,
        welcome,
        any::<u64>().prop_map(Message::Ping),
        any::<u64>().prop_map(Message::Pong)
    ]
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(message in any_message()) {
        let frame = encode(&message).unwrap();
        prop_assert_eq!(frame_length(*frame.first_chunk().unwrap()), Ok(frame.len() - 4));
        prop_assert_eq!(decode(&frame[4..]), Ok(message));
    }

    #[test]
    fn hostile_bytes_give_an_error_or_the_same_bytes_again(data in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(fuzz(&data), Ok(()));
    }

    #[test]
    fn a_flipped_byte_gives_an_error_or_the_same_bytes_again(message in any_message(), place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut frame = encode(&message).unwrap()[4..].to_vec();
        let at = place.index(frame.len());
        frame[at] ^= flip;
        prop_assert_eq!(fuzz(&frame), Ok(()));
    }
}
