//! Carries bytes both ways between a broker and the gateway. Nothing is decoded.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::upstream::BrokerStream;

/// One read's size: the system calls are the cost, so few and large ones.
const BUFFER: usize = 64 * 1024;
/// Free buffers that are kept for the next read.
const KEPT: usize = 32;
/// How long the second direction may go on after the first has ended.
const LINGER: Duration = Duration::from_secs(30);

/// Buffers that nobody uses at the moment. A connection holds one only while it has bytes under way.
#[derive(Default)]
pub(crate) struct Buffers(Mutex<Vec<Box<[u8]>>>);

impl Buffers {
    fn take(&self) -> Box<[u8]> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| vec![0; BUFFER].into_boxed_slice())
    }

    fn give_back(&self, buffer: Box<[u8]>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    }
}

/// Carries until both directions have ended, or one of them fails.
pub(crate) async fn relay(broker: BrokerStream, mut gateway: UnixStream, buffers: &Buffers) -> io::Result<()> {
    let (gateway_read, gateway_write) = gateway.split();
    match broker {
        BrokerStream::Plain(mut broker) => {
            let (read, write) = broker.split();
            both(carry(gateway_read, write, buffers), carry(read, gateway_write, buffers)).await
        }
        BrokerStream::Tls(broker) => {
            let (read, write) = tokio::io::split(broker);
            both(carry(gateway_read, write, buffers), carry(read, gateway_write, buffers)).await
        }
    }
}

async fn both(up: impl Future<Output = io::Result<()>>, down: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::pin!(up, down);
    tokio::select! {
        ended = &mut up => {
            ended?;
            timeout(LINGER, down).await?
        }
        ended = &mut down => {
            ended?;
            timeout(LINGER, up).await?
        }
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, buffers: &Buffers) -> io::Result<()> {
    loop {
        // a buffer is taken for the attempt and given back when nothing is there: idle connections hold none
        let (buffer, count) = poll_fn(|cx| {
            let mut buffer = buffers.take();
            let mut space = ReadBuf::new(&mut buffer);
            let polled = Pin::new(&mut from).poll_read(cx, &mut space);
            let count = space.filled().len();
            match polled {
                Poll::Ready(Ok(())) => Poll::Ready(Ok((buffer, count))),
                other => {
                    buffers.give_back(buffer);
                    other.map(|ended| ended.and(Err(io::ErrorKind::Other.into())))
                }
            }
        })
        .await?;
        let bytes = buffer.get(..count).unwrap_or_default();
        let written = if count == 0 { to.shutdown().await } else { to.write_all(bytes).await };
        buffers.give_back(buffer);
        written?;
        if count == 0 {
            return Ok(());
        }
        to.flush().await?;
    }
}
