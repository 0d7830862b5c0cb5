//! Who is at the other end of a Unix socket.

use std::io;
use std::os::fd::AsFd;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

/// Who connected over a Unix socket, as the kernel saw it at that moment; the caller cannot forge it.
///
/// It is proven for the moment of connecting, and for no later one: the process may have passed the connection on, changed
/// its user or ended, and its number may belong to another one by now. So decide by `uid` and `gid`; `pid` is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Credentials {
    /// The effective user, in our user namespace; 65534 (`nobody`) for one that does not exist there.
    pub uid: u32,
    /// The effective group, likewise. Supplementary groups are not told.
    pub gid: u32,
    /// The process, in our process namespace; none if it cannot be seen from there, as from another container.
    pub pid: Option<u32>,
}

impl Credentials {
    #[cfg(test)]
    pub(crate) fn new(uid: u32, gid: u32, pid: Option<u32>) -> Self {
        Self { uid, gid, pid }
    }

    pub(super) fn of_peer(socket: &impl AsFd) -> io::Result<Self> {
        let peer = getsockopt(&socket.as_fd(), PeerCredentials)?;
        Ok(Self {
            uid: peer.uid(),
            gid: peer.gid(),
            pid: u32::try_from(peer.pid()).ok().filter(|pid| *pid != 0),
        })
    }
}
