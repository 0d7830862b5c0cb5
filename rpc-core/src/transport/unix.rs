//! Unix sockets: a stream with record marking within this host, whose peers the kernel vouches for.

mod credentials;
mod place;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::{Address, StreamSocket, next_connection};
use crate::endpoint::{Endpoint, SocketName};
pub use credentials::Credentials;
use place::Place;

/// How many connections may wait to be accepted; the system may lower it. Whoever comes then waits.
const BACKLOG: i32 = 1024;

/// A Unix socket that takes in connections.
#[derive(Debug)]
pub(crate) struct UnixListener {
    /// The file, if the name is a path.
    place: Option<Place>,
    socket: OwnedFd,
    name: SocketName,
    endpoint: Endpoint,
}

impl UnixListener {
    pub(super) fn bind(name: &SocketName) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = address(name)?;
        let place = match name.path() {
            Some(path) => Some(Place::take(&socket, path, &address)?),
            None => {
                listen(&socket, &address).map_err(|error| match error {
                    Errno::ADDRINUSE => place::in_use(),
                    error => error.into(),
                })?;
                None
            }
        };
        Ok(Self {
            place,
            socket,
            name: name.clone(),
            endpoint: Endpoint::Unix(name.clone()),
        })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn accept(&self) -> io::Result<Option<StreamSocket>> {
        loop {
            let fd = match rustix::net::accept_with(&self.socket, SocketFlags::CLOEXEC) {
                Ok(fd) => fd,
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::CONNABORTED | Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let peer = peer(&self.name, &fd)?;
            return Ok(Some(StreamSocket { fd, peer }));
        }
    }
}

impl Drop for UnixListener {
    fn drop(&mut self) {
        // Before the socket is closed, so that nobody takes the file for a stale one.
        drop(self.place.take());
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Connects, waiting at most about `timeout` for room among the connections that are to be accepted. None: there was none.
pub(super) fn connect(
    name: &SocketName,
    timeout: Duration,
) -> io::Result<Option<(OwnedFd, Address)>> {
    let flags = SocketFlags::CLOEXEC;
    let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // The system waits as long as for sending, which is never waited for here. No time at all would mean no limit.
    let patience = timeout.max(Duration::from_millis(1));
    sockopt::set_socket_timeout(&fd, Timeout::Send, Some(patience))?;
    match rustix::net::connect(&fd, &address(name)?) {
        Ok(()) => {
            let peer = peer(name, &fd)?;
            Ok(Some((fd, peer)))
        }
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        // For whoever looks for a server this is the same as a socket that nobody listens at.
        Err(Errno::NOENT) => Err(io::Error::new(
            io::ErrorKind::ConnectionRefused,
            "there is no such socket; is the server running?",
        )),
        Err(Errno::ACCESS) => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "this user may not use the socket: that takes write permission for it, and search permission for each \
             directory above it",
        )),
        Err(error) => Err(error.into()),
    }
}

/// The other end of a connection at `name`.
fn peer(name: &SocketName, fd: &OwnedFd) -> io::Result<Address> {
    Ok(Address::Unix {
        name: name.clone(),
        credentials: Credentials::of_peer(fd)?,
        number: next_connection(),
    })
}

fn address(name: &SocketName) -> io::Result<SocketAddrUnix> {
    Ok(match (name.path(), name.abstract_name()) {
        (_, Some(name)) => SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        (path, None) => SocketAddrUnix::new(path.unwrap_or_else(|| "".as_ref()))?,
    })
}

fn listen(socket: &OwnedFd, address: &SocketAddrUnix) -> rustix::io::Result<()> {
    rustix::net::bind(socket, address)?;
    rustix::net::listen(socket, BACKLOG)
}
