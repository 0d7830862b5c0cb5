//! The client's end of a connection, on which the calling thread itself sends and waits.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{RecvFlags, SendFlags, Shutdown};

use super::{Address, MARK, mem, no_transport, retry, tcp, udp, unix};
use crate::endpoint::{Authority, Endpoint, SocketName};

/// The client's end of a stream, or a datagram socket connected to one peer.
#[derive(Debug)]
pub(crate) struct Link {
    fd: OwnedFd,
    peer: Address,
    datagrams: bool,
    /// The receive timeout that the socket has, in nanoseconds; 0 is none. Only the one reader touches it.
    armed: AtomicU64,
}

/// What came of waiting for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// So many bytes: a piece of the stream, or one whole datagram.
    Bytes(usize),
    /// The time is over, or a part of it: look at the clock.
    Timeout,
    /// The peer has ended the stream.
    End,
}

impl Link {
    /// Connects, waiting at most `timeout`.
    #[cfg(test)]
    pub(crate) fn connect(endpoint: &Endpoint, timeout: Duration) -> io::Result<Self> {
        let end = std::time::Instant::now() + timeout;
        let mut connecting = Connecting::start(endpoint)?;
        loop {
            let left = end.saturating_duration_since(std::time::Instant::now());
            match connecting.wait(left)? {
                Some(link) => return Ok(link),
                None if left.is_zero() => return Err(io::ErrorKind::TimedOut.into()),
                None => {}
            }
        }
    }

    fn new(fd: OwnedFd, peer: Address, datagrams: bool) -> Self {
        Self {
            fd,
            peer,
            datagrams,
            armed: AtomicU64::new(0),
        }
    }

    /// Who is at the other end.
    pub(crate) fn peer(&self) -> &Address {
        &self.peer
    }

    /// Whether each message is a datagram; else this is a stream with record marking.
    pub(crate) fn is_datagram(&self) -> bool {
        self.datagrams
    }

    /// Sends a message with its record mark in front, without waiting, and says how many of those bytes the system took.
    ///
    /// On a stream the rest must follow before anything else. A datagram is taken whole or not at all; one that no
    /// datagram carries is refused, and none of it is sent.
    pub(crate) fn send(&self, framed: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let bytes = if self.datagrams {
            framed.get(MARK..).unwrap_or_default()
        } else {
            framed
        };
        if self.datagrams {
            udp::check(bytes)?;
        }
        match retry(|| rustix::net::send(&self.fd, bytes, flags)) {
            Ok(_) if self.datagrams => Ok(framed.len()),
            Ok(taken) => Ok(taken),
            Err(Errno::AGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for bytes until about `timeout` from now, maybe less; not at all if that is zero. Only one thread at a time
    /// may do this.
    pub(crate) fn recv(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<Received> {
        let flags = if timeout.is_zero() {
            RecvFlags::DONTWAIT
        } else {
            self.arm(timeout)?;
            RecvFlags::empty()
        };
        match rustix::net::recv(&self.fd, buffer, flags) {
            Ok((0, _)) if !self.datagrams => Ok(Received::End),
            Ok((length, _)) => Ok(Received::Bytes(length)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Received::Timeout),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until there is something to read, or room to write if `write`, or about `timeout` has passed.
    /// Says whether it may be written.
    pub(crate) fn wait(&self, read: bool, write: bool, timeout: Duration) -> io::Result<Ready> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, read);
        flags.set(PollFlags::OUT, write);
        let ready = wait(&self.fd, flags, timeout)?;
        let broken = ready.intersects(PollFlags::ERR | PollFlags::HUP);
        Ok(Ready {
            read: broken || ready.contains(PollFlags::IN),
            write: broken || ready.contains(PollFlags::OUT),
        })
    }

    /// Ends the connection while others may wait on it: their waiting ends.
    pub(crate) fn shutdown(&self) {
        // It fails only when the peer has ended the connection already, which is what is wanted.
        let _ = rustix::net::shutdown(&self.fd, Shutdown::Both);
    }

    /// Gives the socket a receive timeout of at most `wanted`, give or take a millisecond.
    ///
    /// Setting it costs a system call as dear as a small read, so one that is up to four times shorter is left as it is,
    /// and half of what is wanted is set to leave room for later, slightly shorter wishes: the reader wakes early, looks
    /// at the clock and waits on.
    fn arm(&self, wanted: Duration) -> io::Result<()> {
        let wanted = u64::try_from(wanted.as_nanos())
            .unwrap_or(u64::MAX)
            .clamp(SHORTEST, LONGEST);
        let armed = self.armed.load(Ordering::Relaxed);
        if armed != 0 && armed <= wanted && wanted / 4 <= armed {
            return Ok(());
        }
        let chosen = (wanted / 2).max(SHORTEST);
        sockopt::set_socket_timeout(&self.fd, Timeout::Recv, Some(Duration::from_nanos(chosen)))?;
        self.armed.store(chosen, Ordering::Relaxed);
        Ok(())
    }
}

impl AsFd for Link {
    /// For epoll. Whoever reads still does it with [`recv`](Link::recv).
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The longest receive timeout that is set, in nanoseconds: an hour.
const LONGEST: u64 = 3_600_000_000_000;
/// The shortest one: a millisecond, about what the system can tell apart.
const SHORTEST: u64 = 1_000_000;

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// There is something to read, or the connection has ended.
    pub(crate) read: bool,
    /// There is room to write, or the connection has ended.
    pub(crate) write: bool,
}

/// A connection that is being made. It outlives the thread that began it, so that a call with little time left does not
/// make the next one begin anew.
#[derive(Debug)]
pub(crate) struct Connecting {
    target: Target,
    /// Addresses not tried yet: a host name may have several.
    left: VecDeque<SocketAddr>,
    attempt: Option<(OwnedFd, SocketAddr)>,
    error: Option<io::Error>,
}

#[derive(Debug)]
enum Target {
    Tcp,
    Udp,
    Unix(SocketName),
    Mem(String),
}

impl Connecting {
    /// Finds the addresses of `endpoint`. Waits for the name service when the host is a name.
    pub(crate) fn start(endpoint: &Endpoint) -> io::Result<Self> {
        let (target, left) = match endpoint {
            Endpoint::Tcp(authority) => (Target::Tcp, addresses(authority)?),
            Endpoint::Udp(authority) => (Target::Udp, addresses(authority)?),
            Endpoint::Unix(name) => (Target::Unix(name.clone()), VecDeque::new()),
            Endpoint::Mem(name) => (Target::Mem(name.clone()), VecDeque::new()),
            Endpoint::Match { .. } | Endpoint::Rpcbind { .. } => return Err(no_transport()),
        };
        Ok(Self {
            target,
            left,
            attempt: None,
            error: None,
        })
    }

    /// Goes on for at most about `timeout`. None: not connected yet. An error: no address of the endpoint answers.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<Option<Link>> {
        match &self.target {
            Target::Tcp | Target::Udp => self.wait_for_address(timeout),
            Target::Unix(name) => {
                let connected = unix::connect(name, timeout)?;
                Ok(connected.map(|(fd, peer)| Link::new(fd, peer, false)))
            }
            Target::Mem(name) => {
                let (fd, peer) = mem::connect(name)?;
                Ok(Some(Link::new(fd, peer, false)))
            }
        }
    }

    /// Goes through the addresses, one after the other.
    fn wait_for_address(&mut self, timeout: Duration) -> io::Result<Option<Link>> {
        loop {
            if let Some((fd, _)) = &self.attempt
                && wait(fd, PollFlags::OUT, timeout)?.is_empty()
            {
                return Ok(None);
            }
            if let Some((fd, address)) = self.attempt.take() {
                match sockopt::socket_error(&fd)? {
                    Ok(()) => return self.finish(fd, address).map(Some),
                    Err(error) => self.error = Some(error.into()),
                }
            }
            let Some(address) = self.left.pop_front() else {
                return Err(self
                    .error
                    .take()
                    .unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()));
            };
            match self.attempt(address) {
                Ok(fd) => self.attempt = Some((fd, address)),
                Err(error) => self.error = Some(error),
            }
        }
    }

    fn attempt(&self, address: SocketAddr) -> io::Result<OwnedFd> {
        if matches!(self.target, Target::Udp) {
            udp::start(address)
        } else {
            tcp::start(address)
        }
    }

    fn finish(&self, fd: OwnedFd, address: SocketAddr) -> io::Result<Link> {
        // From here on a thread waits in receive itself.
        rustix::io::ioctl_fionbio(&fd, false)?;
        let datagrams = matches!(self.target, Target::Udp);
        let peer = if datagrams {
            Address::Udp(address)
        } else {
            Address::Tcp(address)
        };
        Ok(Link::new(fd, peer, datagrams))
    }
}

fn addresses(authority: &Authority) -> io::Result<VecDeque<SocketAddr>> {
    if let Some(address) = authority.address() {
        return Ok(VecDeque::from([address]));
    }
    let found: VecDeque<_> = (authority.host(), authority.port())
        .to_socket_addrs()?
        .collect();
    if found.is_empty() {
        let text = format!("the name service knows no address of {}", authority.host());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    Ok(found)
}

/// Waits for `flags`; empty when about `timeout` has passed or a signal came.
fn wait(fd: &OwnedFd, flags: PollFlags, timeout: Duration) -> io::Result<PollFlags> {
    let timeout = Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    let mut fds = [PollFd::new(fd, flags)];
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) => Ok(fds[0].revents()),
        Err(Errno::INTR) => Ok(PollFlags::empty()),
        Err(error) => Err(error.into()),
    }
}
