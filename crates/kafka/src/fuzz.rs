//! Bodies of the fuzz targets, also replayed over the kept corpus by a unit test. Whatever the bytes, these return; a panic or a
//! broken promise is a finding.

use std::any::Any;
use std::sync::Arc;

use bytes::BytesMut;
use tidegate_model::{Action, Endpoint, Gate, LoginOutcome, Protocol as _, RequestStep, Resource, Session};

use crate::Kafka;
use crate::classify;
use crate::control::Knowledge;
use crate::header;
use crate::records::{self, Changed, Codecs, Limits, NewRecord, Outcome, Record, Rewrite};
use crate::schema::{Direction, message};
use crate::splice::Splice;
use crate::walk::{Event, Walker};

/// Walks a body: two bytes of key (the sign bit says response), one byte of version, the rest the body.
///
/// # Panics
/// When the walker tells of a place outside the body, or the same bytes do not come out of an empty splice.
pub fn fuzz_walk(data: &[u8]) {
    let Some((&[high, low, version], body)) = data.split_first_chunk::<3>() else { return };
    let direction = if high & 0x80 == 0 { Direction::Request } else { Direction::Response };
    let Some(described) = message(i16::from_be_bytes([high & 0x7f, low]), direction) else { return };
    let Ok(mut walker) = Walker::new(described, i16::from(version), body) else { return };
    let mut until = 0;
    loop {
        let span = match walker.next() {
            Ok(Some(Event::Scalar { span, .. } | Event::ArrayBegin { span, .. } | Event::UnknownTag { span })) => span,
            Ok(Some(Event::TaggedBegin { size, data, .. })) => {
                assert!(size.end == data.start && data.end <= body.len());
                size
            }
            Ok(Some(_)) => continue,
            Ok(None) => break,
            Err(_) => return,
        };
        assert!(span.start >= until && span.end >= span.start && span.end <= body.len());
        until = span.end;
    }
    assert_eq!(Splice::default().apply(&[0; 4], body).get(4..), Some(body));
}

/// Frames of a client, each one byte of hint and two bytes of length before it, to a session that has logged in if the first byte
/// of all is odd, or has a certificate if the byte is 2 beyond a multiple of 4. What is forwarded is answered by the next frame as
/// if a broker had sent it.
///
/// # Panics
/// When something reaches the broker or the client that is no frame of a served version.
pub fn fuzz_session(data: &[u8]) {
    let Some((first, mut rest)) = data.split_first() else { return };
    let mut gate = Coin(u32::from(*first));
    let mut session = Kafka::default().open();
    match first & 3 {
        1 | 3 => log_in(&mut *session, &mut gate),
        2 => session.known_already(),
        _ => {}
    }
    let mut waiting = None;
    while let Some((&[_, high, low], after)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let Some((bytes, after)) = after.split_at_checked(length) else { return };
        rest = after;
        let mut frame = BytesMut::from([&[0; 4], bytes].concat().as_slice());
        header::seal(&mut frame);
        if let Some(slot) = waiting.take() {
            let Ok(step) = session.answer(slot, frame, &mut gate) else { return };
            assert_sealed(&step.frame);
            continue;
        }
        match session.request(frame, &mut gate) {
            Err(_) => return,
            Ok(RequestStep::Answer { frame, .. }) => assert_sealed(&frame),
            Ok(RequestStep::Begin(_)) => {
                session.authenticated(LoginOutcome::Accepted { lifetime_ms: 9, last_words: b"" });
            }
            Ok(RequestStep::Authenticate(_)) => {
                let outcome = match (gate.toss(), gate.toss()) {
                    (true, true) => LoginOutcome::Continue(b"more"),
                    (true, false) => LoginOutcome::Accepted { lifetime_ms: 9, last_words: b"" },
                    (false, _) => LoginOutcome::Refused("no"),
                };
                assert_sealed(&session.authenticated(outcome));
            }
            Ok(RequestStep::Forward { frame, slot, .. }) => {
                assert_walks(&frame);
                if let Some(retriable) = session.retriable(&slot) {
                    assert_sealed(&retriable);
                }
                waiting = Some(slot);
            }
            Ok(RequestStep::ForwardUnanswered { frame, .. }) => {
                if let Some(frame) = frame {
                    assert_walks(&frame);
                }
            }
        }
    }
}

/// Batches of one partition after a byte that chooses what becomes of their records; with right checksums, which a fuzzer would not
/// find.
///
/// # Panics
/// When batches in which nothing changes come out as other bytes, or rewritten ones cannot be read again.
pub fn fuzz_records(data: &[u8]) {
    let Some((first, batches)) = data.split_first() else { return };
    let mut batches = batches.to_vec();
    check_all(&mut batches);
    let (limits, mut codecs, mut out) = (Limits::default(), Codecs::default(), Vec::new());
    let Ok(same) = records::rewrite(&batches, &limits, &mut codecs, &mut Keep, &mut out) else { return };
    assert_eq!(Some(out.as_slice()), batches.get(..same.bytes));
    let mut changing = Change { coin: Coin(u32::from(*first)), kept: 0 };
    let mut changed = Vec::new();
    let summary = records::rewrite(&batches, &limits, &mut codecs, &mut changing, &mut changed);
    let (Ok(summary), kept) = (summary, changing.kept) else { return };
    assert_eq!((summary.records, summary.last_offset), (kept, same.last_offset));
    out.clear();
    let again = records::rewrite(&changed, &limits, &mut codecs, &mut Keep, &mut out);
    assert_eq!(again.map(|again| (again.records, again.last_offset, again.tail)), Ok((kept, same.last_offset, 0)));
    assert_eq!(out, changed);
}

/// Gives each batch the checksum that it should have.
fn check_all(mut rest: &mut [u8]) {
    while let Some(length) = rest.get(8..).and_then(|r| r.first_chunk::<4>()).map(|l| u32::from_be_bytes(*l)) {
        let length = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(12);
        let Some((batch, after)) = std::mem::take(&mut rest).split_at_mut_checked(length) else { return };
        let crc = crc32c::crc32c(batch.get(21..).unwrap_or_default());
        if let Some(place) = batch.get_mut(17..21) {
            place.copy_from_slice(&crc.to_be_bytes());
        }
        rest = after;
    }
}

struct Keep;

impl Rewrite for Keep {
    fn record(&mut self, record: &Record<'_>, _new: &mut NewRecord) -> Outcome {
        assert!(record.headers.is_empty() == (record.headers.iter().count() == 0));
        Outcome::Same
    }
}

struct Change {
    coin: Coin,
    kept: u64,
}

impl Rewrite for Change {
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome {
        if self.coin.toss() {
            return Outcome::Dropped;
        }
        self.kept = self.kept.saturating_add(1);
        new.value.extend_from_slice(record.key.unwrap_or_default());
        for header in record.headers.iter() {
            new.headers.push(header.key, Some(header.key));
        }
        Outcome::Changed(Changed { key: self.coin.toss(), value: self.coin.toss(), headers: self.coin.toss() })
    }
}

fn assert_sealed(frame: &[u8]) {
    let length = frame.first_chunk::<4>().map(|l| u32::from_be_bytes(*l));
    assert_eq!(length.and_then(|l| usize::try_from(l).ok()), frame.len().checked_sub(4));
}

/// What goes to a broker must be whole: a splice that lost count would show here.
fn assert_walks(frame: &[u8]) {
    assert_sealed(frame);
    let walked = header::request(frame).and_then(|header| {
        assert!(classify::served(header.api_key, header.api_version).is_some());
        let unsupported = crate::error::ProtocolError::Refused("not described");
        let described = message(header.api_key, Direction::Request).ok_or(unsupported)?;
        let body = frame.get(header.body..).unwrap_or_default();
        let mut walker = Walker::new(described, header.api_version, body)?;
        while walker.next()?.is_some() {}
        Ok(())
    });
    assert_eq!(walked, Ok(()), "what was forwarded does not walk");
}

fn log_in(session: &mut dyn Session, gate: &mut Coin) {
    let frames: [&[u8]; 2] =
        [b"\0\0\0\x11\0\x11\0\x01\0\0\0\x01\xff\xff\0\x05PLAIN", b"\0\0\0\x0e\0\x24\0\x01\0\0\0\x01\xff\xff\0\0\0\0"];
    for frame in frames {
        let step = session.request(BytesMut::from(frame), gate);
        assert!(step.is_ok(), "the login's frames are fixed");
    }
    session.authenticated(LoginOutcome::Accepted { lifetime_ms: 1, last_words: b"" });
}

/// A gate that decides by a sequence that the input begins.
struct Coin(u32);

impl Coin {
    fn toss(&mut self) -> bool {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 & 0x1_0000 == 0
    }
}

impl Gate for Coin {
    fn allows(&mut self, _action: Action, _resource: Resource<'_>, _partition: Option<i32>) -> bool {
        self.toss()
    }

    fn has_aliases(&self) -> bool {
        true
    }

    fn alias(&self, name: &str) -> Option<Arc<str>> {
        (name.len() % 2 == 1).then(|| if name.len().is_multiple_of(3) { "open" } else { "a-longer-name-" }.into())
    }

    fn is_aliased(&self, topic: &str) -> bool {
        topic.len().is_multiple_of(2)
    }

    fn writes_as(&mut self, _writer: i64, _topic: &str, _name: &str) -> bool {
        self.toss()
    }

    fn endpoint(&mut self, _node_id: i32, _host: &str, port: u16) -> Option<Endpoint> {
        self.toss().then(|| Endpoint { host: "gate".into(), port })
    }

    fn knowledge(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::new(Knowledge::default()))
    }

    fn answer_bytes_target(&self) -> i32 {
        1 << 20
    }

    fn now_ms(&self) -> u64 {
        0
    }
}
