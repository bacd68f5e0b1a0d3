//! Requests that librdkafka writes otherwise than the definitions say, and that brokers take.

use bytes::BytesMut;

use tidegate_model::RequestStep;

use crate::exchange::everybody;
use crate::gate::logged_in;

/// Metadata v13 of librdkafka 2.16 for these bytes of a body.
fn metadata(body: &[u8]) -> BytesMut {
    let mut frame = vec![0, 0, 0, 0, 0, 3, 0, 13, 0, 0, 0, 9, 0, 7];
    frame.extend_from_slice(b"rdkafka\0");
    frame.extend_from_slice(body);
    let length = u32::try_from(frame.len() - 4).unwrap();
    frame[..4].copy_from_slice(&length.to_be_bytes());
    BytesMut::from(&frame[..])
}

#[test]
fn all_topics_with_three_bytes_too_many_reaches_the_broker_without_them() {
    let mut gate = everybody();
    let mut session = logged_in(&mut gate);
    let step = session.request(metadata(&[0, 0, 0, 0, 1, 0, 0]), &mut gate).unwrap();
    let RequestStep::Forward { frame, .. } = step else { panic!("{step:?}") };
    assert_eq!(&frame[..], &metadata(&[0, 0, 0, 0])[..]);
}

#[test]
fn other_bytes_that_are_left_over_are_refused() {
    for body in [&[0, 0, 0, 0, 1, 0][..], &[0, 0, 0, 0, 1, 0, 0, 0], &[1, 0, 0, 0, 1, 0, 0]] {
        let mut gate = everybody();
        let mut session = logged_in(&mut gate);
        assert!(session.request(metadata(body), &mut gate).is_err(), "{body:?}");
    }
}
