//! Bounds on frames and on what the process holds of them.

use tokio::io::duplex;

use super::*;
use crate::testing::{LETTERS, frame};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn memory_is_asked_for_before_a_frame_is_read_and_given_back_with_it() {
    let budget = Budget::new(2 * MIB);
    let (mut peer, stream) = duplex(4 * MIB);
    let mut reader = FrameReader::new(stream, &LETTERS, budget.answers().clone());
    for number in 0..3 {
        peer.write_all(&frame(b"R", number, MIB / 2)).await.unwrap();
    }
    let first = reader.next().await.unwrap().unwrap();
    let free = budget.free_bytes();
    assert!(free < 2 * MIB - MIB / 2);
    assert!(timeout(Duration::from_millis(30), reader.next()).await.is_err(), "the second does not fit beside it");
    assert_eq!(budget.free_bytes(), free);
    assert!(budget.answers().hold_now(MIB / 4).is_some(), "who stopped waiting holds nothing");
    drop(first);
    assert_eq!(budget.free_bytes(), 2 * MIB);
    assert!(!budget.answers().is_pressed());
}

#[tokio::test]
async fn requests_and_answers_do_not_wait_for_each_other() {
    let budget = Budget::new(2 * MIB);
    let _all = budget.requests().hold(MIB).await;
    assert!(budget.requests().hold_now(SMALL + 1).is_none());
    assert!(budget.requests().hold_now(SMALL).is_some(), "small frames ask nobody");
    assert!(budget.answers().hold_now(MIB).is_some());
    let whole = budget.answers().hold(100 * MIB).await;
    assert_eq!(budget.free_bytes(), 0, "a frame over the whole budget takes all of it");
    drop(whole);
}

#[tokio::test]
async fn a_frame_over_the_bound_before_login_is_refused_by_its_length() {
    let (mut peer, stream) = duplex(256);
    let mut reader = FrameReader::new(stream, &LETTERS, Budget::new(MIB).requests().clone());
    reader.set_longest(100);
    peer.write_all(&frame(b"A", 1, 94)).await.unwrap_or_default();
    assert_eq!(reader.next().await.unwrap().unwrap().bytes.len(), 100);
    peer.write_all(&frame(b"A", 1, 95)[..4]).await.unwrap();
    assert!(matches!(reader.next().await, Err(ReadError::Refused(_))), "nothing but the length was sent");
}

#[tokio::test]
async fn an_end_inside_a_frame_is_told_from_one_between_frames() {
    let whole = frame(b"R", 1, 5);
    for cut in 0..whole.len() {
        let (mut peer, stream) = duplex(64);
        let mut reader = FrameReader::new(stream, &LETTERS, Budget::new(MIB).requests().clone());
        peer.write_all(&whole).await.unwrap();
        peer.write_all(&whole[..cut]).await.unwrap();
        drop(peer);
        assert_eq!(reader.next().await.unwrap().unwrap().bytes, whole);
        match reader.next().await {
            Ok(None) => assert_eq!(cut, 0),
            Err(ReadError::Io(error)) => assert!(cut > 0 && error.kind() == io::ErrorKind::UnexpectedEof),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_holds_memory_and_does_not_move_is_cut_while_others_wait_and_only_then() {
    let budget = Budget::new(2 * MIB);
    let pool = budget.answers();
    let seconds = Duration::from_secs;
    let began = Instant::now().checked_sub(seconds(10)).unwrap();
    let watch = |length| Watch { pool, length, stall: seconds(60), began, moved: began, done: 0 };
    watch(MIB).check(0).unwrap();
    let waiting = Waiting::new(&pool.waiting);
    assert!(watch(MIB).check(0).is_err());
    assert!(watch(MIB).check(5 * PACE_BYTES_PER_SECOND + PACE_BYTES_PER_SECOND / 2).is_ok(), "at pace");
    assert!(watch(SMALL).check(0).is_ok(), "it holds no memory");
    drop(waiting);
    let mut stalled = watch(10);
    stalled.stall = seconds(9);
    assert!(stalled.check(0).is_err(), "nobody may stand still for ever");
    stalled = watch(10);
    stalled.stall = seconds(9);
    assert!(stalled.check(1).is_ok());
}
