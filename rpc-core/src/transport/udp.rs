//! UDP: one datagram per message.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::{DATAGRAM_LIMIT, pktinfo, retry};
use crate::endpoint::{Authority, Endpoint};

/// A UDP port at which messages of many peers come in. Nothing here waits: what would is answered with `WouldBlock`.
#[derive(Debug)]
pub(crate) struct DatagramSocket {
    socket: UdpSocket,
    endpoint: Endpoint,
    /// Bound to all addresses of the host, so that each datagram has to say which it came to.
    everywhere: bool,
}

/// Between whom a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    /// The peer's end.
    pub(crate) peer: SocketAddr,
    /// The address of ours, if the socket has several: an answer comes from the one that was asked, else the peer, or
    /// whatever stands between, does not know it (RFC 1122, section 4.1.3.5).
    pub(crate) here: Option<IpAddr>,
}

impl DatagramSocket {
    pub(super) fn bind(authority: &Authority) -> io::Result<Self> {
        let socket = UdpSocket::bind((authority.host(), authority.port()))?;
        let bound = socket.local_addr()?;
        let everywhere = bound.ip().is_unspecified();
        if everywhere {
            pktinfo::ask(&socket)?;
        }
        Ok(Self {
            socket,
            endpoint: Endpoint::Udp(Authority::from(bound)),
            everywhere,
        })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The next message that waits, and whose it is. `buffer` must hold [`DATAGRAM_LIMIT`] bytes, else the end is lost.
    pub(crate) fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, Ends)> {
        loop {
            let (length, ends) = match self.everywhere {
                true => pktinfo::receive(&self.socket, buffer)?,
                false => self.recv_here(buffer)?,
            };
            if let Some(ends) = ends {
                return Ok((length, ends));
            }
        }
    }

    fn recv_here(&self, buffer: &mut [u8]) -> io::Result<(usize, Option<Ends>)> {
        let (length, _, from) =
            retry(|| rustix::net::recvfrom(&self.socket, &mut *buffer, RecvFlags::DONTWAIT))?;
        let peer = from.and_then(|from| SocketAddr::try_from(from).ok());
        Ok((length, peer.map(|peer| Ends { peer, here: None })))
    }

    /// Whether a message waits.
    pub(crate) fn has_waiting(&self) -> bool {
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        // Anything but nothing to read has to be seen by a real receive, errors too.
        !matches!(
            retry(|| rustix::net::recv(&self.socket, &mut [0; 0][..], flags)),
            Err(Errno::AGAIN)
        )
    }

    /// Sends one message (without a record mark). A message that no datagram carries is refused, and none of it is sent.
    pub(crate) fn send_to(&self, message: &[u8], to: Ends) -> io::Result<()> {
        check(message)?;
        if let Some(here) = to.here {
            return pktinfo::send(&self.socket, message, to.peer, here);
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        retry(|| rustix::net::sendto(&self.socket, message, flags, &to.peer))?;
        Ok(())
    }
}

impl AsFd for DatagramSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A socket of its own port, connected to one peer, so that only that peer's messages come in.
pub(super) fn start(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let fd = rustix::net::socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    rustix::net::connect(&fd, &address)?;
    Ok(fd)
}

/// Refuses a message that no datagram carries.
pub(super) fn check(message: &[u8]) -> io::Result<()> {
    if message.len() <= DATAGRAM_LIMIT {
        return Ok(());
    }
    let text = format!(
        "a message of {} bytes is over the {DATAGRAM_LIMIT} that a datagram carries",
        message.len()
    );
    Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
}
