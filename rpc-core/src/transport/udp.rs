//! UDP: one datagram per message.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::{DATAGRAM_LIMIT, retry};
use crate::endpoint::{Authority, Endpoint};

/// A UDP port at which messages of many peers come in. Nothing here waits: what would is answered with `WouldBlock`.
#[derive(Debug)]
pub(crate) struct DatagramSocket {
    socket: UdpSocket,
    endpoint: Endpoint,
}

impl DatagramSocket {
    pub(super) fn bind(authority: &Authority) -> io::Result<Self> {
        let socket = UdpSocket::bind((authority.host(), authority.port()))?;
        let endpoint = Endpoint::Udp(Authority::from(socket.local_addr()?));
        Ok(Self { socket, endpoint })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The next message that waits, and whose it is. `buffer` must hold [`DATAGRAM_LIMIT`] bytes, else the end is lost.
    pub(crate) fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            let (length, _, from) =
                retry(|| rustix::net::recvfrom(&self.socket, &mut *buffer, RecvFlags::DONTWAIT))?;
            if let Some(from) = from.and_then(|from| SocketAddr::try_from(from).ok()) {
                return Ok((length, from));
            }
        }
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
    pub(crate) fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<()> {
        check(message)?;
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        retry(|| rustix::net::sendto(&self.socket, message, flags, &to))?;
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
