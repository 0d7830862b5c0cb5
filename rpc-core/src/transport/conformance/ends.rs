//! The two ends that the tests put together.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rpc_proto::record::{self, Reader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{MIB, PATIENCE};
use crate::endpoint::Endpoint;
use crate::transport::link::Received;
use crate::transport::{
    Address, DATAGRAM_LIMIT, DatagramSocket, Link, Listener, StreamListener, StreamSocket,
};

#[derive(Clone, Copy, Debug)]
pub(super) enum Transport {
    Tcp,
    Udp,
    Mem,
}

impl Transport {
    pub(super) fn has_datagrams(self) -> bool {
        matches!(self, Transport::Udp)
    }

    pub(super) fn listen(self) -> Listener {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let endpoint = match self {
            Transport::Tcp => "tcp://127.0.0.1:0".to_owned(),
            Transport::Udp => "udp://127.0.0.1:0".to_owned(),
            Transport::Mem => format!(
                "mem://conformance-{}",
                NAMES.fetch_add(1, Ordering::Relaxed)
            ),
        };
        Listener::bind(&endpoint.parse().expect("an endpoint")).expect("bound")
    }
}

/// A client and a server that are connected.
pub(super) struct Pair {
    pub(super) client: Client,
    pub(super) server: Server,
    /// None for datagrams, whose listener is the server itself.
    pub(super) listener: Option<StreamListener>,
    pub(super) endpoint: Endpoint,
}

impl Pair {
    pub(super) fn new(transport: Transport) -> Self {
        let listener = transport.listen();
        let endpoint = listener.endpoint().clone();
        let client = Client::new(&endpoint);
        let (server, listener) = match listener {
            Listener::Stream(listener) => (Server::accept(&listener), Some(listener)),
            Listener::Datagram(socket) => (
                Server::Datagrams {
                    socket: socket.into(),
                    from: None,
                },
                None,
            ),
        };
        Self {
            client,
            server,
            listener,
            endpoint,
        }
    }
}

/// Why no message comes any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// The other end closed, between two messages.
    Closed,
    /// The stream cannot be read on, or ended inside a message.
    Broken,
}

pub(super) struct Client {
    pub(super) link: Link,
    pub(super) reader: Reader,
}

impl Client {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self {
            link: Link::connect(endpoint, PATIENCE).expect("connected"),
            reader: Reader::new(MIB),
        }
    }

    pub(super) fn send(&self, message: &[u8]) {
        self.send_raw(&framed(message));
    }

    pub(super) fn send_raw(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.link.send(bytes).expect("sent");
            bytes = &bytes[taken..];
            if !bytes.is_empty() {
                assert!(
                    self.link.wait(false, true, PATIENCE).expect("polled").write,
                    "nobody reads"
                );
            }
        }
    }

    pub(super) fn receive(&mut self) -> Vec<u8> {
        self.try_receive().expect("a message")
    }

    pub(super) fn try_receive(&mut self) -> Result<Vec<u8>, Gone> {
        let mut datagram = vec![0; DATAGRAM_LIMIT];
        loop {
            if let Some(message) = next_record(&mut self.reader)? {
                return Ok(message);
            }
            let datagrams = self.link.is_datagram();
            let space = if datagrams {
                &mut datagram[..]
            } else {
                self.reader.space()
            };
            match self.link.recv(space, PATIENCE) {
                Ok(Received::Bytes(length)) if datagrams => return Ok(datagram[..length].to_vec()),
                Ok(Received::Bytes(length)) => self.reader.handle_filled(length),
                Ok(Received::Timeout) => panic!("nothing came"),
                Ok(Received::End) => return Err(end(&self.reader)),
                Err(error) => return Err(gone(&error)),
            }
        }
    }
}

pub(super) enum Server {
    Stream {
        socket: StreamSocket,
        reader: Reader,
    },
    Datagrams {
        socket: Arc<DatagramSocket>,
        from: Option<SocketAddr>,
    },
}

impl Server {
    pub(super) fn accept(listener: &StreamListener) -> Self {
        loop {
            if let Some(socket) = listener.accept().expect("accepted") {
                return Self::Stream {
                    socket,
                    reader: Reader::new(MIB),
                };
            }
            match listener {
                StreamListener::Tcp(listener) => wait(listener, PollFlags::IN),
                StreamListener::Mem(listener) => wait(listener, PollFlags::IN),
            }
        }
    }

    pub(super) fn address(&self) -> String {
        match self {
            Self::Stream { socket, .. } => socket.peer().to_string(),
            Self::Datagrams { from, .. } => Address::Udp(from.expect("a message came")).to_string(),
        }
    }

    pub(super) fn send(&self, message: &[u8]) {
        match self {
            Self::Datagrams { socket, from } => {
                socket
                    .send_to(message, from.expect("a message came"))
                    .expect("sent");
            }
            Self::Stream { socket, .. } => {
                let framed = framed(message);
                let mut bytes = &framed[..];
                while !bytes.is_empty() {
                    match socket.send(bytes) {
                        Ok(taken) => bytes = &bytes[taken..],
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            wait(socket, PollFlags::OUT)
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }
    }

    pub(super) fn receive(&mut self) -> Vec<u8> {
        self.try_receive().expect("a message")
    }

    pub(super) fn try_receive(&mut self) -> Result<Vec<u8>, Gone> {
        loop {
            let received = match self {
                Self::Stream { socket, reader } => {
                    if let Some(message) = next_record(reader)? {
                        return Ok(message);
                    }
                    match socket.recv(reader.space()) {
                        Ok(0) => return Err(end(reader)),
                        Ok(length) => {
                            reader.handle_filled(length);
                            Ok(())
                        }
                        Err(error) => Err(error),
                    }
                }
                Self::Datagrams { socket, from } => {
                    let mut datagram = vec![0; DATAGRAM_LIMIT];
                    match socket.recv_from(&mut datagram) {
                        Ok((length, peer)) => {
                            *from = Some(peer);
                            return Ok(datagram[..length].to_vec());
                        }
                        Err(error) => Err(error),
                    }
                }
            };
            match (received, &self) {
                (Ok(()), _) => {}
                (Err(error), Self::Stream { socket, .. })
                    if error.kind() == io::ErrorKind::WouldBlock =>
                {
                    wait(socket, PollFlags::IN);
                }
                (Err(error), Self::Datagrams { socket, .. })
                    if error.kind() == io::ErrorKind::WouldBlock =>
                {
                    wait(&**socket, PollFlags::IN);
                }
                (Err(error), _) => return Err(gone(&error)),
            }
        }
    }
}

pub(super) fn next_record(reader: &mut Reader) -> Result<Option<Vec<u8>>, Gone> {
    reader
        .poll_record()
        .map(|record| record.map(<[u8]>::to_vec))
        .map_err(|_| Gone::Broken)
}

pub(super) fn end(reader: &Reader) -> Gone {
    if reader.handle_end().is_ok() {
        Gone::Closed
    } else {
        Gone::Broken
    }
}

pub(super) fn gone(error: &io::Error) -> Gone {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::BrokenPipe => Gone::Closed,
        _ => panic!("{error}"),
    }
}

pub(super) fn wait(socket: &impl AsFd, flags: PollFlags) {
    let timeout = Timespec {
        tv_sec: PATIENCE.as_secs() as i64,
        tv_nsec: 0,
    };
    let ready = poll(&mut [PollFd::new(socket, flags)], Some(&timeout)).expect("polled");
    assert_eq!(ready, 1, "nothing came");
}

pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = record::mark(message.len()).expect("not too long").to_vec();
    framed.extend_from_slice(message);
    framed
}

/// Bytes that show when some are lost or moved.
pub(super) fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8)
        .collect()
}
