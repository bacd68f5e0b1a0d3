//! Reads the first frame of an agent's connection, byte-exact, with the descriptor that may come along.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SocketType, recvmsg, sockopt,
};
use tidegate_link::{Message, Receiver, frame_length};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// The first message and the descriptor that it carried. Not one byte behind the frame is taken: in relay mode the
/// broker's bytes follow.
pub(super) async fn first_frame(
    stream: &UnixStream,
    receiver: &mut Receiver,
) -> io::Result<(Message, Option<OwnedFd>)> {
    let mut descriptors = Vec::new();
    let mut field = [0; 4];
    fill(stream, &mut field, &mut descriptors).await?;
    let mut frame = vec![0; frame_length(field).map_err(io::Error::other)?];
    fill(stream, &mut frame, &mut descriptors).await?;
    receiver.push(&field);
    receiver.push(&frame);
    let message = receiver.next_message().map_err(io::Error::other)?;
    let message = message.ok_or_else(|| io::Error::other("the first frame is not whole"))?;
    Ok((message, descriptors.pop()))
}

async fn fill(stream: &UnixStream, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut filled = 0_usize;
    while filled < buffer.len() {
        let rest = buffer.get_mut(filled..).unwrap_or_default();
        let count = stream.async_io(Interest::READABLE, || receive(stream, rest, descriptors)).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled = filled.saturating_add(count);
    }
    Ok(())
}

fn receive(stream: &UnixStream, rest: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(stream, &mut [IoSliceMut::new(rest)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(sent) = message {
            descriptors.extend(sent);
        }
    }
    if descriptors.len() > 1 || received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::other("more than one descriptor came along"));
    }
    Ok(received.bytes)
}

/// Checks that a received descriptor is what it must be, a connected TCP socket, and readies it for tokio.
pub(super) fn connected_tcp(descriptor: OwnedFd) -> io::Result<TcpStream> {
    let family = sockopt::socket_domain(&descriptor)?;
    let stream = sockopt::socket_type(&descriptor)? == SocketType::STREAM;
    if !stream || !(family == AddressFamily::INET || family == AddressFamily::INET6) {
        return Err(io::Error::other("the descriptor is not a TCP socket"));
    }
    let socket = TcpStream::from(descriptor);
    socket.peer_addr()?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
