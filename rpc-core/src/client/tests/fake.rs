//! A server that does what a test tells it, on the production session machine.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rpc_proto::describe::{Field, Interface, Method, Semantics, Type};
use rpc_proto::record::{MARK, Reader};
use rpc_proto::session::Security;
use rpc_proto::session::server::{
    Config, Done, Handled, Origin, REPLY_HEADROOM, Route, Run, Server, Token,
};
use rpc_proto::session::wire::{SESSION_PROGRAM, procedure};
use rpc_proto::xdr::{Decoder, Encoder, Limits};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::endpoint::Endpoint;
use crate::system::{entropy, now};
use crate::transport::{DATAGRAM_LIMIT, Ends, Listener, StreamSocket};

/// Every method takes a number and bytes, and returns them.
pub(super) static INTERFACE: Interface = Interface {
    name: "Fake",
    program: 0x2000_0fa4,
    version: 1,
    methods: &[
        method("once", 1, Semantics::AtMostOnce),
        method("repeatable", 2, Semantics::Idempotent),
        method("note", 3, Semantics::Oneway),
        method("durable", 4, Semantics::ExactlyOnce),
    ],
};

const fn method(name: &'static str, procedure: u32, semantics: Semantics) -> Method {
    const ARGS: &[Field] = &[
        Field {
            name: "number",
            ty: || &Type::U64,
        },
        Field {
            name: "bytes",
            ty: || &Type::Opaque,
        },
    ];
    Method {
        name,
        procedure,
        semantics,
        deadline: None,
        args: ARGS,
        result: || &Type::Tuple(&[|| &Type::U64, || &Type::Opaque]),
    }
}

/// What the server does with a call, given its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Returns what it was given.
    Answer,
    /// Goes on running until told to answer.
    Keep,
    /// The connection breaks while the method runs, which it goes on doing until told to answer.
    HangUp,
    /// From here on the server ends each connection over which anything comes, and says nothing.
    BreakAll,
    /// From here on the server takes nothing in and says nothing, and all its connections stay.
    FallSilent,
    /// Answers, then reads one more piece of what comes over the connection, and no further.
    Choke,
    /// The method panics.
    Panic,
}

/// What the server is told to do at once.
#[derive(Clone, Copy, Debug)]
enum Order {
    AnswerKept,
    Stop,
}

/// What the server has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A method began.
    Call(u64),
    /// A client said that it is done.
    Goodbye,
    /// There is more to read than will be.
    Choked,
}

/// Where a fake server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Udp,
    Unix,
    Mem,
}

impl Transport {
    pub(super) const ALL: [Transport; 4] = [
        Transport::Tcp,
        Transport::Udp,
        Transport::Unix,
        Transport::Mem,
    ];

    fn endpoint(self) -> String {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        match self {
            Transport::Tcp => "tcp://127.0.0.1:0".to_owned(),
            Transport::Unix => format!("unix:@fake-{}-{number}", std::process::id()),
            Transport::Udp => "udp://127.0.0.1:0".to_owned(),
            Transport::Mem => format!("mem://fake-{number}"),
        }
    }
}

/// A server in a thread of its own. Dropped, it is gone at once, as if killed.
pub(super) struct Fake {
    endpoint: Endpoint,
    orders: Sender<Order>,
    bell: Arc<OwnedFd>,
    seen: Receiver<Seen>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fake {
    pub(super) fn start(
        transport: Transport,
        script: impl FnMut(u64) -> Act + Send + 'static,
    ) -> Self {
        Self::start_at(&transport.endpoint().parse().expect("an endpoint"), script)
    }

    /// Another life of a server, where the last one was.
    pub(super) fn start_at(
        endpoint: &Endpoint,
        script: impl FnMut(u64) -> Act + Send + 'static,
    ) -> Self {
        Self::start_serving(endpoint, &INTERFACE, script)
    }

    pub(super) fn start_serving(
        endpoint: &Endpoint,
        interface: &'static Interface,
        script: impl FnMut(u64) -> Act + Send + 'static,
    ) -> Self {
        static INCARNATIONS: AtomicU64 = AtomicU64::new(1);
        let incarnation = INCARNATIONS.fetch_add(1, Ordering::Relaxed);
        let listener = Listener::bind(endpoint).expect("bound");
        let endpoint = listener.endpoint().clone();
        let bell = Arc::new(
            eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("an eventfd"),
        );
        let (orders, taken) = channel();
        let (tell, seen) = channel();
        let server = Server::new(
            Config::default(),
            vec![interface.into()],
            incarnation,
            None,
            entropy().expect("random bytes"),
        );
        let life = Life {
            server,
            listener,
            connections: BTreeMap::new(),
            addresses: Vec::new(),
            kept: Vec::new(),
            next: 0,
            silent: false,
            breaking: false,
            script: Box::new(script),
            tell,
        };
        let ring = bell.clone();
        let thread = std::thread::spawn(move || life.run(&taken, &ring));
        Self {
            endpoint,
            orders,
            bell,
            seen,
            thread: Some(thread),
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Answers all calls that were kept.
    pub(super) fn answer_kept(&self) {
        self.order(Order::AnswerKept);
    }

    /// Waits until the server sees this.
    pub(super) fn wait_for(&self, expected: Seen) {
        while self
            .seen
            .recv_timeout(Duration::from_secs(20))
            .expect("seen in time")
            != expected
        {}
    }

    /// Waits until the server has seen so many calls begin.
    pub(super) fn wait_for_calls(&self, count: usize) {
        for _ in 0..count {
            let seen = self
                .seen
                .recv_timeout(Duration::from_secs(20))
                .expect("seen in time");
            assert!(matches!(seen, Seen::Call(_)), "{seen:?}");
        }
    }

    fn order(&self, order: Order) {
        // The thread has ended only if it panicked, which dropping this tells.
        let _ = self.orders.send(order);
        rustix::io::write(&self.bell, &1u64.to_ne_bytes()).expect("rung");
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.order(Order::Stop);
        let ended = self.thread.take().map(|thread| thread.join());
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the server panicked");
        }
    }
}

struct Life {
    server: Server,
    listener: Listener,
    connections: BTreeMap<u64, Connection>,
    addresses: Vec<Ends>,
    kept: Vec<(Token, Vec<u8>)>,
    next: u64,
    silent: bool,
    breaking: bool,
    script: Box<dyn FnMut(u64) -> Act + Send>,
    tell: Sender<Seen>,
}

struct Connection {
    socket: StreamSocket,
    reader: Reader,
    unsent: Vec<u8>,
    /// How many more pieces are read; none is no limit.
    appetite: Option<u32>,
}

impl Life {
    fn run(mut self, orders: &Receiver<Order>, bell: &OwnedFd) {
        loop {
            self.wait(bell);
            let _ = rustix::io::read(bell, &mut [0; 8]);
            for order in orders.try_iter() {
                match order {
                    Order::Stop => return,
                    Order::AnswerKept => self.answer_kept(),
                }
            }
            self.accept();
            let ready: Vec<u64> = self.connections.keys().copied().collect();
            ready.into_iter().for_each(|number| self.read(number));
            self.read_datagrams();
            self.server.handle_timeout(now());
            while let Some((route, message)) = self.server.poll_transmit() {
                self.send(route, &message);
            }
        }
    }

    fn wait(&self, bell: &OwnedFd) {
        let mut fds = vec![
            PollFd::new(bell, PollFlags::IN),
            PollFd::from_borrowed_fd(self.listener.as_fd(), PollFlags::IN),
        ];
        for connection in self.connections.values() {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, connection.appetite != Some(0));
            flags.set(PollFlags::OUT, !connection.unsent.is_empty());
            fds.push(PollFd::from_borrowed_fd(connection.socket.as_fd(), flags));
        }
        let timeout = self
            .server
            .poll_timeout()
            .map_or(Duration::from_secs(1), |due| due.since(now()));
        let timeout = rustix::event::Timespec::try_from(timeout).expect("a short time");
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn accept(&mut self) {
        let Listener::Stream(listener) = &self.listener else {
            return;
        };
        while let Some(socket) = listener.accept().expect("accepted") {
            let connection = Connection {
                socket,
                reader: Reader::new(16 << 20),
                unsent: Vec::new(),
                appetite: None,
            };
            self.connections.insert(self.next, connection);
            self.next += 1;
        }
    }

    fn read(&mut self, number: u64) {
        self.flush(number);
        loop {
            let Some(Connection {
                socket,
                reader,
                appetite,
                ..
            }) = self.connections.get_mut(&number)
            else {
                return;
            };
            if *appetite == Some(0) {
                return;
            }
            match socket.recv(reader.space()) {
                Ok(0) => break,
                Ok(_) if appetite.is_some() => {
                    *appetite = Some(0);
                    let _ = self.tell.send(Seen::Choked);
                    return;
                }
                Ok(length) => reader.handle_filled(length),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => break,
            }
            while let Some(Connection { reader, .. }) = self.connections.get_mut(&number) {
                let Some(message) = reader
                    .poll_record()
                    .expect("a sound stream")
                    .map(<[u8]>::to_vec)
                else {
                    break;
                };
                self.take(Route(number), &message, false);
            }
        }
        self.connections.remove(&number);
    }

    fn read_datagrams(&mut self) {
        let mut buffer = vec![0; DATAGRAM_LIMIT];
        while let Listener::Datagram(socket) = &self.listener {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                return;
            };
            let route = self
                .addresses
                .iter()
                .position(|known| *known == from)
                .unwrap_or_else(|| {
                    self.addresses.push(from);
                    self.addresses.len() - 1
                });
            self.take(Route(route as u64), &buffer[..length], true);
        }
    }

    fn take(&mut self, route: Route, message: &[u8], datagram: bool) {
        if self.breaking {
            self.connections.remove(&route.0);
        }
        if self.silent || self.breaking {
            return;
        }
        if message.get(12..16) == Some(&SESSION_PROGRAM.to_be_bytes())
            && message.get(20..24) == Some(&procedure::GOODBYE.to_be_bytes())
        {
            let _ = self.tell.send(Seen::Goodbye);
        }
        let address = route.0.to_be_bytes();
        let origin = Origin {
            route,
            address: &address,
            host: &[],
            listener: 0,
            datagram,
            security: Security::Network,
        };
        let mut out = Vec::new();
        match self.server.handle_message(now(), origin, message, &mut out) {
            Handled::Nothing | Handled::NoRoom => {}
            Handled::Reply => self.send(route, &out),
            Handled::Run(run) => self.begin(route, run, message),
        }
    }

    fn begin(&mut self, route: Route, run: Run, message: &[u8]) {
        let mut args = Decoder::new(&message[run.args], Limits::default());
        let number = args.u64().expect("a number");
        let bytes = args.opaque(u32::MAX).expect("bytes");
        let mut result = Encoder::with_headroom(Vec::new(), REPLY_HEADROOM);
        result.u64(number);
        result.opaque(bytes).expect("not too long");
        let _ = self.tell.send(Seen::Call(number));
        match (self.script)(number) {
            Act::Answer => self.finish(run.token, Done::Returned, result.into_vec()),
            Act::Panic => self.finish(run.token, Done::Panicked, result.into_vec()),
            Act::Keep => self.kept.push((run.token, result.into_vec())),
            Act::Choke => {
                self.finish(run.token, Done::Returned, result.into_vec());
                if let Some(connection) = self.connections.get_mut(&route.0) {
                    connection.appetite = Some(1);
                }
            }
            Act::FallSilent => self.silent = true,
            Act::BreakAll => {
                self.breaking = true;
                self.connections.remove(&route.0);
            }
            Act::HangUp => {
                self.kept.push((run.token, result.into_vec()));
                self.connections.remove(&route.0);
            }
        }
    }

    fn answer_kept(&mut self) {
        for (token, result) in std::mem::take(&mut self.kept) {
            self.finish(token, Done::Returned, result);
        }
    }

    fn finish(&mut self, token: Token, done: Done, mut result: Vec<u8>) {
        if let Some(route) = self.server.handle_done(token, done, &mut result, 0) {
            self.send(route, &result);
        }
    }

    fn send(&mut self, route: Route, framed: &[u8]) {
        if let Listener::Datagram(socket) = &self.listener {
            // A datagram may be lost at any time, so also here.
            let _ = socket.send_to(&framed[MARK..], self.addresses[route.0 as usize]);
        } else if let Some(connection) = self.connections.get_mut(&route.0) {
            connection.unsent.extend_from_slice(framed);
            self.flush(route.0);
        }
    }

    fn flush(&mut self, number: u64) {
        let Some(Connection { socket, unsent, .. }) = self.connections.get_mut(&number) else {
            return;
        };
        while !unsent.is_empty() {
            match socket.send(unsent) {
                Ok(taken) => drop(unsent.drain(..taken)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => return unsent.clear(),
            }
        }
    }
}
