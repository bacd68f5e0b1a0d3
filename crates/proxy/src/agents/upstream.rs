//! An authenticated connection to a broker, whichever way it was handed over.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream, tcp, unix};

/// A broker's byte stream after the login.
#[derive(Debug)]
pub enum Upstream {
    /// The broker's own socket, in socket mode.
    Tcp(TcpStream),
    /// The agent's relay.
    Unix(UnixStream),
}

/// The half that reads from the broker.
#[derive(Debug)]
pub enum UpstreamRead<'a> {
    /// Socket mode.
    Tcp(tcp::ReadHalf<'a>),
    /// Relay mode.
    Unix(unix::ReadHalf<'a>),
}

/// The half that writes to the broker.
#[derive(Debug)]
pub enum UpstreamWrite<'a> {
    /// Socket mode.
    Tcp(tcp::WriteHalf<'a>),
    /// Relay mode.
    Unix(unix::WriteHalf<'a>),
}

impl Upstream {
    /// Both halves, borrowed, to be used at the same time.
    pub fn split(&mut self) -> (UpstreamRead<'_>, UpstreamWrite<'_>) {
        match self {
            Upstream::Tcp(stream) => {
                let (read, write) = stream.split();
                (UpstreamRead::Tcp(read), UpstreamWrite::Tcp(write))
            }
            Upstream::Unix(stream) => {
                let (read, write) = stream.split();
                (UpstreamRead::Unix(read), UpstreamWrite::Unix(write))
            }
        }
    }
}

impl UpstreamRead<'_> {
    /// Waits until there is something to read, so that an idle connection needs no buffer.
    ///
    /// # Errors
    /// The socket's error.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            UpstreamRead::Tcp(half) => half.readable().await,
            UpstreamRead::Unix(half) => half.readable().await,
        }
    }

    /// Reads what is there; `WouldBlock` when nothing is, 0 at the end.
    ///
    /// # Errors
    /// The socket's error.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            UpstreamRead::Tcp(half) => half.try_read(buffer),
            UpstreamRead::Unix(half) => half.try_read(buffer),
        }
    }
}

macro_rules! read {
    ($name:ty) => {
        impl AsyncRead for $name {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
                    Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
                }
            }
        }
    };
}

macro_rules! write {
    ($name:ty) => {
        impl AsyncWrite for $name {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
                    Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
                }
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
                    Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
                }
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
                    Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
                }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
                    Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
                }
            }
        }
    };
}

read!(Upstream);
read!(UpstreamRead<'_>);
write!(Upstream);
write!(UpstreamWrite<'_>);
