//! The floor: 32 bytes there and back over a socket, waiting as a real program must. The server waits in `epoll_wait`
//! on sockets that do not block; the client waits in a receive with a timeout.

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::time::Duration;

/// Bytes of one message.
pub const SIZE: usize = 32;

/// Echoes over one TCP connection until it ends.
pub fn serve_tcp(ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    ready(listener.local_addr()?);
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    wait_and_echo(stream.into(), echo_stream)
}

/// Echoes over one connection to the abstract Unix socket `name` until it ends.
pub fn serve_unix(name: &str, ready: impl FnOnce(&str)) -> io::Result<()> {
    let listener = UnixListener::bind_addr(&UnixAddr::from_abstract_name(name)?)?;
    ready(name);
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    wait_and_echo(stream.into(), echo_stream)
}

fn echo_stream(fd: &OwnedFd, buffer: &mut [u8]) -> Result<bool, Errno> {
    let (length, _) = recv(fd, &mut *buffer, RecvFlags::empty())?;
    if length == 0 {
        return Ok(false);
    }
    send(fd, &buffer[..length], SendFlags::NOSIGNAL)?;
    Ok(true)
}

/// Echoes datagrams until it is killed.
pub fn serve_udp(ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    ready(socket.local_addr()?);
    wait_and_echo(socket.into(), |fd, buffer| {
        let (length, _, from) = rustix::net::recvfrom(fd, &mut *buffer, RecvFlags::empty())?;
        if let Some(from) = from {
            rustix::net::sendto(fd, &buffer[..length], SendFlags::empty(), &from)?;
        }
        Ok(true)
    })
}

fn wait_and_echo(
    fd: OwnedFd,
    mut echo: impl FnMut(&OwnedFd, &mut [u8]) -> Result<bool, Errno>,
) -> io::Result<()> {
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(
        &poller,
        fd.as_fd(),
        epoll::EventData::new_u64(0),
        epoll::EventFlags::IN | epoll::EventFlags::ET,
    )?;
    let mut events = Vec::with_capacity(8);
    let mut buffer = [0; 2048];
    loop {
        events.clear();
        epoll::wait(&poller, spare_capacity(&mut events), None)?;
        match echo(&fd, &mut buffer) {
            Ok(true) | Err(Errno::AGAIN) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The raw client's end.
#[derive(Debug)]
pub enum RawClient {
    /// A stream.
    Tcp(TcpStream),
    /// A stream within this host.
    Unix(UnixStream),
    /// A connected datagram socket.
    Udp(UdpSocket),
}

impl RawClient {
    /// Connects to a raw TCP server.
    pub fn tcp(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        Ok(Self::Tcp(stream))
    }

    /// Connects to a raw server at an abstract Unix socket.
    pub fn unix(name: &str) -> io::Result<Self> {
        let stream = UnixStream::connect_addr(&UnixAddr::from_abstract_name(name)?)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        Ok(Self::Unix(stream))
    }

    /// Connects to a raw UDP server.
    pub fn udp(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        Ok(Self::Udp(socket))
    }

    /// One message there and back.
    pub fn round_trip(&mut self, message: &[u8; SIZE]) -> io::Result<()> {
        let mut answer = [0; SIZE];
        match self {
            Self::Tcp(stream) => {
                stream.write_all(message)?;
                stream.read_exact(&mut answer)?;
            }
            Self::Unix(stream) => {
                stream.write_all(message)?;
                stream.read_exact(&mut answer)?;
            }
            Self::Udp(socket) => {
                socket.send(message)?;
                socket.recv(&mut answer)?;
            }
        }
        if answer == *message {
            Ok(())
        } else {
            Err(io::Error::other("the echo differs"))
        }
    }
}
