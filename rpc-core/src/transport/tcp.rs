//! TCP: a stream with record marking, and no delay of small messages.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::{Address, StreamSocket};
use crate::endpoint::{Authority, Endpoint};

/// A TCP port that takes in connections.
#[derive(Debug)]
pub(crate) struct TcpListener {
    socket: std::net::TcpListener,
    endpoint: Endpoint,
}

impl TcpListener {
    pub(super) fn bind(authority: &Authority) -> io::Result<Self> {
        let socket = std::net::TcpListener::bind((authority.host(), authority.port()))?;
        socket.set_nonblocking(true)?;
        let endpoint = Endpoint::Tcp(Authority::from(socket.local_addr()?));
        Ok(Self { socket, endpoint })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn accept(&self) -> io::Result<Option<StreamSocket>> {
        loop {
            let (stream, address) = match self.socket.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                // The connection ended before it was taken: the next one may be well.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted) => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            return Ok(Some(StreamSocket {
                fd: stream.into(),
                peer: Address::Tcp(address),
            }));
        }
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Begins to connect, without waiting. The socket is writable when that has come to an end.
pub(super) fn start(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&fd, true)?;
    match rustix::net::connect(&fd, &address) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS | rustix::io::Errno::INTR) => Ok(fd),
        Err(error) => Err(error.into()),
    }
}
