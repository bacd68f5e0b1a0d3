//! The door: who comes in, who is turned away, and that places are given back.

use tidegate_evidence::entry::Kind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::gate::Limits;
use crate::testing::{Gatehouse, frame, limits, take};

/// Brings a connection to the door, from an address of the test's choice; the client's end of it.
async fn knock(gate: &Gatehouse, from: &str) -> TcpStream {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(door.local_addr().unwrap()).await.unwrap();
    let (stream, _) = door.accept().await.unwrap();
    gate.listener.admit(stream, SocketAddr::new(from.parse().unwrap(), 1), Target::Bootstrap);
    client
}

async fn is_closed(client: &mut TcpStream) -> bool {
    let read = tokio::time::timeout(Duration::from_secs(30), client.read(&mut [0; 1])).await.expect("still open");
    matches!(read, Ok(0) | Err(_))
}

fn turned_away(gate: &Gatehouse, reason: &'static str) -> u64 {
    gate.listener.shared.metrics.turned_away.get_or_create(&Reason { reason }).get()
}

#[tokio::test]
async fn each_address_has_so_many_places_and_gets_them_back() {
    let gate = Gatehouse::new(Limits { connections_per_address: 2, ..limits() }).await;
    let first = knock(&gate, "10.0.0.1").await;
    let _second = knock(&gate, "10.0.0.1").await;
    assert!(is_closed(&mut knock(&gate, "10.0.0.1").await).await);
    assert_eq!(turned_away(&gate, "connections_per_address"), 1);
    let _other = knock(&gate, "10.0.0.2").await;
    assert_eq!(gate.listener.shared.metrics.connections.get(), 3);
    drop(first);
    let left = async {
        while gate.listener.shared.metrics.connections.get() > 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), left).await.unwrap();
    let _third = knock(&gate, "10.0.0.1").await;
    assert_eq!(turned_away(&gate, "connections_per_address"), 1);
    assert_eq!(gate.listener.by_address.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn one_host_does_not_get_more_by_its_many_addresses() {
    let gate = Gatehouse::new(Limits { connections_per_address: 1, ..limits() }).await;
    let _first = knock(&gate, "2001:db8::1").await;
    assert!(is_closed(&mut knock(&gate, "2001:db8::2:1").await).await);
    let _other = knock(&gate, "2001:db8:0:1::1").await;
    let _v4 = knock(&gate, "10.0.0.1").await;
    assert!(is_closed(&mut knock(&gate, "::ffff:10.0.0.1").await).await);
    assert_eq!(turned_away(&gate, "connections_per_address"), 2);
    assert_eq!(gate.listener.by_address.lock().unwrap().len(), 3, "who is turned away leaves no trace");
}

#[tokio::test]
async fn connections_are_bounded_in_all() {
    let gate = Gatehouse::new(Limits { connections: 1, ..limits() }).await;
    let _first = knock(&gate, "10.0.0.1").await;
    assert!(is_closed(&mut knock(&gate, "10.0.0.2").await).await);
    assert_eq!(turned_away(&gate, "connections"), 1);
}

#[tokio::test]
async fn who_does_not_log_in_in_time_is_cut() {
    let gate = Gatehouse::new(Limits { login: Duration::from_millis(30), ..limits() }).await;
    let mut silent = knock(&gate, "10.0.0.1").await;
    assert!(is_closed(&mut silent).await);
    let mut slow = knock(&gate, "10.0.0.1").await;
    slow.write_all(&frame(b"A", 1, 10)[..7]).await.unwrap();
    assert!(is_closed(&mut slow).await);
    assert!(gate.of(Kind::SessionOpen).is_empty());
}

#[tokio::test]
async fn failed_logins_are_told_recorded_once_and_then_limited() {
    let gate = Gatehouse::new(Limits { failed_logins_per_address: 3, ..limits() }).await;
    for _login in 0..3 {
        let mut client = knock(&gate, "10.0.0.1").await;
        client.write_all(&frame(b"A", 1, 0)).await.unwrap();
        assert_eq!(take(&mut client).await.unwrap(), frame(b"a", 0, 0));
    }
    assert_eq!(gate.of(Kind::LoginFailed).len(), 1);
    assert!(is_closed(&mut knock(&gate, "10.0.0.1").await).await);
    assert_eq!(turned_away(&gate, "failed_logins_per_address"), 1);
    let mut other = knock(&gate, "10.0.0.2").await;
    other.write_all(&frame(b"A", 1, 0)).await.unwrap();
    assert_eq!(take(&mut other).await.unwrap(), frame(b"a", 0, 0));
}

#[tokio::test]
async fn a_long_frame_or_a_request_before_the_login_ends_the_connection() {
    let gate = Gatehouse::new(limits()).await;
    let mut client = knock(&gate, "10.0.0.1").await;
    client.write_all(&frame(b"A", 1, 70_000)[..4]).await.unwrap();
    assert!(is_closed(&mut client).await);
    let mut client = knock(&gate, "10.0.0.1").await;
    client.write_all(&frame(b"R", 1, 0)).await.unwrap();
    assert!(is_closed(&mut client).await);
}

#[tokio::test]
async fn a_session_always_has_an_end() {
    let gate = Gatehouse::new(limits()).await;
    let shared = &gate.listener.shared;
    let ends_at = |expires_at| tidegate_model::Caller { expires_at, ..crate::testing::caller() };
    let lifetime = |expires_at, upstream: Option<u64>| {
        connection::lifetime(shared, &ends_at(expires_at), upstream.map(Duration::from_millis), 1_000_000)
    };
    assert_eq!(lifetime(2_000_000, None), 300_000, "the cap");
    assert_eq!(lifetime(1_010, None), 10_000, "the token");
    assert_eq!(lifetime(1_010, Some(2_500)), 2_500, "the broker's own session");
    assert_eq!(lifetime(900, None), 1, "an expired token is not taken for one without end");
    assert_eq!(lifetime(1_010, Some(0)), 1);
    assert_eq!(lifetime(u64::MAX, None), 300_000);
}
