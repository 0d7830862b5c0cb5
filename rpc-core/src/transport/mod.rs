//! Transports: whole messages between two ends, and nothing else.
//!
//! Four of them behind one contract: TCP, Unix sockets and `mem` (a socket pair inside the process) are streams with record
//! marking, UDP carries one datagram per message. A transport knows nothing of calls, sessions or request ids. What every
//! transport owes is written down as the tests of `conformance`, which run over all four.
//!
//! The server's half is made of sockets that never block, so that it can wait for all of them in one epoll: a
//! [`Listener`] gives [`StreamSocket`]s or is itself a [`DatagramSocket`]. The client's half is a [`Link`], on which the
//! calling thread itself sends, and blocks to receive.

mod address;
#[cfg(test)]
mod conformance;
mod link;
mod mem;
mod pktinfo;
mod tcp;
mod udp;
mod unix;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::net::{RecvFlags, SendFlags, Shutdown};

use crate::endpoint::Endpoint;
pub(crate) use address::Address;
pub(crate) use link::{Connecting, Link, Received};
pub(crate) use udp::{DatagramSocket, Ends};
pub use unix::Credentials;

/// The bytes of a record mark, which stand before every message that is handed to a transport.
pub(crate) const MARK: usize = 4;

/// The largest message that one datagram carries: what IPv4 leaves of 64 KiB.
pub(crate) const DATAGRAM_LIMIT: usize = 65_507;

/// Where a server takes in connections or datagrams. Closed, and its name given back, when dropped.
#[derive(Debug)]
pub(crate) enum Listener {
    /// Connections come here.
    Stream(StreamListener),
    /// Datagrams come here.
    Datagram(DatagramSocket),
}

impl Listener {
    /// Listens at `endpoint`. An endpoint without a transport (`match://`, `rpcbind://`) is refused as invalid input.
    pub(crate) fn bind(endpoint: &Endpoint) -> io::Result<Self> {
        match endpoint {
            Endpoint::Tcp(authority) => Ok(Self::Stream(StreamListener::Tcp(
                tcp::TcpListener::bind(authority)?,
            ))),
            Endpoint::Udp(authority) => Ok(Self::Datagram(DatagramSocket::bind(authority)?)),
            Endpoint::Unix(name) => Ok(Self::Stream(StreamListener::Unix(
                unix::UnixListener::bind(name)?,
            ))),
            Endpoint::Mem(name) => Ok(Self::Stream(StreamListener::Mem(mem::MemListener::bind(
                name,
            )?))),
            Endpoint::Match { .. } | Endpoint::Rpcbind { .. } => Err(no_transport()),
        }
    }

    /// Where it really listens: with the port that the system chose when none was asked for.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Stream(StreamListener::Tcp(listener)) => listener.endpoint(),
            Self::Stream(StreamListener::Unix(listener)) => listener.endpoint(),
            Self::Stream(StreamListener::Mem(listener)) => listener.endpoint(),
            Self::Datagram(socket) => socket.endpoint(),
        }
    }
}

impl AsFd for Listener {
    /// Readable when a connection or a datagram waits.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stream(listener) => listener.as_fd(),
            Self::Datagram(socket) => socket.as_fd(),
        }
    }
}

/// A listener that gives connections.
#[derive(Debug)]
pub(crate) enum StreamListener {
    /// At a TCP port.
    Tcp(tcp::TcpListener),
    /// At a Unix socket.
    Unix(unix::UnixListener),
    /// At a name of this process.
    Mem(mem::MemListener),
}

impl StreamListener {
    /// The next connection that waits; none when there is none, at once. Under edge-triggered epoll, ask until none.
    pub(crate) fn accept(&self) -> io::Result<Option<StreamSocket>> {
        match self {
            Self::Tcp(listener) => listener.accept(),
            Self::Unix(listener) => listener.accept(),
            Self::Mem(listener) => listener.accept(),
        }
    }
}

impl AsFd for StreamListener {
    /// Readable when a connection waits.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
            Self::Mem(listener) => listener.as_fd(),
        }
    }
}

/// The server's end of a connection. Nothing here waits: what would is answered with `WouldBlock`.
#[derive(Debug)]
pub(crate) struct StreamSocket {
    fd: OwnedFd,
    peer: Address,
}

impl StreamSocket {
    /// Who is at the other end.
    pub(crate) fn peer(&self) -> &Address {
        &self.peer
    }

    /// Reads what has come, up to the length of `buffer`. 0 is the end of the stream.
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let received = retry(|| rustix::net::recv(&self.fd, &mut *buffer, RecvFlags::DONTWAIT))?;
        Ok(received.0)
    }

    /// Whether there are bytes to read.
    pub(crate) fn has_waiting(&self) -> bool {
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        matches!(
            retry(|| rustix::net::recv(&self.fd, &mut [0; 1][..], flags)),
            Ok((1, _))
        )
    }

    /// Writes as much of `bytes` as the system takes now, and says how much that was.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(retry(|| {
            rustix::net::send(&self.fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
        })?)
    }

    /// Ends both directions, while others may still hold the socket: their waiting ends.
    pub(crate) fn shutdown(&self) {
        // It fails only when the peer has ended the connection already, which is what is wanted.
        let _ = rustix::net::shutdown(&self.fd, Shutdown::Both);
    }
}

impl AsFd for StreamSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A number for a connection that has no address of its own. One count for all transports: a server knows peers by it.
fn next_connection() -> u64 {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
    CONNECTIONS.fetch_add(1, Ordering::Relaxed)
}

/// Does `call` again when a signal interrupts it.
fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            result => return result,
        }
    }
}

fn no_transport() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "what a matchmaker or an rpcbind knows has no transport of its own: resolve it first",
    )
}
