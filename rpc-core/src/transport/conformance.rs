//! What every transport owes, as tests that run over all of them.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rpc_proto::record::{self, Reader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::link::Received;
use super::*;

/// Long enough for anything that happens, on any machine; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest message that the tests send on a stream.
const MIB: usize = 1 << 20;

/// Runs each test over each transport.
macro_rules! suite {
    ($($test:ident)*) => {
        mod tcp { $(#[test] fn $test() { super::$test(super::Transport::Tcp) })* }
        mod udp { $(#[test] fn $test() { super::$test(super::Transport::Udp) })* }
        mod unix_path { $(#[test] fn $test() { super::$test(super::Transport::UnixPath) })* }
        mod unix_abstract { $(#[test] fn $test() { super::$test(super::Transport::UnixAbstract) })* }
        mod mem { $(#[test] fn $test() { super::$test(super::Transport::Mem) })* }
    };
}

suite! {
    whole_messages_go_both_ways
    messages_keep_their_boundaries
    the_longest_messages_go_both_ways
    a_message_that_is_too_long_is_refused_and_does_no_harm
    many_messages_may_wait_to_be_read
    what_the_system_does_not_take_is_counted_exactly
    many_clients_are_told_apart
    a_server_that_goes_away_is_noticed
    a_client_that_goes_away_is_noticed
    a_record_that_breaks_off_is_noticed
    waiting_ends_with_its_time
    waiting_ends_when_the_link_is_shut_down
    nobody_waits_where_nobody_connects
    a_place_has_one_owner_and_is_free_after_it
    connecting_to_nobody_fails
}

fn whole_messages_go_both_ways(transport: Transport) {
    let mut pair = Pair::new(transport);
    for text in ["one", "another, somewhat longer", "a third"] {
        pair.client.send(text.as_bytes());
        assert_eq!(pair.server.receive(), text.as_bytes());
        pair.server.send(text.to_uppercase().as_bytes());
        assert_eq!(pair.client.receive(), text.to_uppercase().as_bytes());
    }
}

fn messages_keep_their_boundaries(transport: Transport) {
    let mut pair = Pair::new(transport);
    for length in (0..70).chain([255, 256, 4096, 16_383, 16_384, 16_385]) {
        pair.client.send(&pattern(length));
        pair.client.send(b"and the next");
        assert_eq!(pair.server.receive(), pattern(length));
        assert_eq!(pair.server.receive(), b"and the next");
    }
}

fn the_longest_messages_go_both_ways(transport: Transport) {
    let mut pair = Pair::new(transport);
    let longest = if transport.has_datagrams() {
        DATAGRAM_LIMIT
    } else {
        MIB
    };
    for length in [60_000, longest - 1, longest] {
        let message = pattern(length);
        let Pair { client, server, .. } = &mut pair;
        std::thread::scope(|scope| {
            // More than the system buffers: both ends have to be at work at the same time.
            scope.spawn(|| client.send(&message));
            assert!(server.receive() == message, "{length} bytes to the server");
        });
        std::thread::scope(|scope| {
            scope.spawn(|| server.send(&message));
            assert!(client.receive() == message, "{length} bytes to the client");
        });
    }
}

fn a_message_that_is_too_long_is_refused_and_does_no_harm(transport: Transport) {
    let mut pair = Pair::new(transport);
    if transport.has_datagrams() {
        let error = pair
            .client
            .link
            .send(&framed(&pattern(DATAGRAM_LIMIT + 1)))
            .expect_err("no datagram carries that");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        pair.client.send(b"next");
        assert_eq!(pair.server.receive(), b"next");
    } else {
        // On a stream it is the receiver who has a limit, and the mark is enough to see that it is exceeded.
        let mark = record::mark(MIB + 1).expect("a fragment may be that long");
        pair.client.link.send(&mark).expect("sent");
        assert_eq!(pair.server.try_receive(), Err(Gone::Broken));
    }
}

fn many_messages_may_wait_to_be_read(transport: Transport) {
    let mut pair = Pair::new(transport);
    let messages: Vec<Vec<u8>> = (0..100u32)
        .map(|number| number.to_be_bytes().to_vec())
        .collect();
    if transport.has_datagrams() {
        messages
            .iter()
            .for_each(|message| pair.client.send(message));
    } else {
        let all: Vec<u8> = messages
            .iter()
            .flat_map(|message| framed(message))
            .collect();
        assert_eq!(
            pair.client.link.send(&all).expect("sent"),
            all.len(),
            "one write"
        );
    }
    for message in &messages {
        assert_eq!(&pair.server.receive(), message);
    }
}

fn what_the_system_does_not_take_is_counted_exactly(transport: Transport) {
    let mut pair = Pair::new(transport);
    let message = framed(&pattern(50_000));
    let mut rest = None;
    let mut whole = 0;
    // Streams fill up; datagrams get lost instead, so there a number is enough.
    while rest.is_none() && whole < 1000 {
        match pair.client.link.send(&message).expect("sent") {
            taken if taken == message.len() => whole += 1,
            taken => rest = Some(taken),
        }
    }
    let Some(taken) = rest else {
        assert!(
            transport.has_datagrams(),
            "a stream that nobody reads fills up"
        );
        return;
    };
    assert!(
        !pair
            .client
            .link
            .wait(false, true, Duration::ZERO)
            .expect("polled")
            .write
    );
    let Pair { client, server, .. } = &mut pair;
    std::thread::scope(|scope| {
        scope.spawn(|| client.send_raw(&message[taken..]));
        for _ in 0..=whole {
            assert!(server.receive() == message[MARK..]);
        }
    });
}

fn many_clients_are_told_apart(transport: Transport) {
    let listener = transport.listen();
    let clients: Vec<Client> = (0..40).map(|_| Client::new(listener.endpoint())).collect();
    clients
        .iter()
        .enumerate()
        .for_each(|(number, client)| client.send(&[number as u8]));
    let mut servers = BTreeMap::new();
    match listener {
        Listener::Stream(listener) => {
            for _ in &clients {
                let mut server = Server::accept(&listener);
                let number = server.receive();
                servers.insert(number, (server.address(), server));
            }
        }
        Listener::Datagram(socket) => {
            let socket = std::sync::Arc::new(socket);
            for _ in &clients {
                let mut server = Server::Datagrams {
                    socket: socket.clone(),
                    from: None,
                };
                let number = server.receive();
                servers.insert(number, (server.address(), server));
            }
        }
    }
    assert_eq!(servers.len(), clients.len(), "each message came once");
    let addresses: std::collections::BTreeSet<_> =
        servers.values().map(|(address, _)| address).collect();
    assert_eq!(
        addresses.len(),
        clients.len(),
        "each client has its own address"
    );
    for (number, (_, server)) in &mut servers {
        server.send(number);
    }
    for (number, mut client) in clients.into_iter().enumerate() {
        assert_eq!(
            client.receive(),
            [number as u8],
            "each client has its own answer"
        );
    }
}

fn a_server_that_goes_away_is_noticed(transport: Transport) {
    let mut pair = Pair::new(transport);
    drop(pair.server);
    drop(pair.listener);
    // A datagram has to be sent to learn that nobody is there.
    let _ = pair.client.link.send(&framed(b"anybody?"));
    assert_eq!(pair.client.try_receive(), Err(Gone::Closed));
}

fn a_client_that_goes_away_is_noticed(transport: Transport) {
    let mut pair = Pair::new(transport);
    pair.client.send(b"me");
    assert_eq!(pair.server.receive(), b"me");
    drop(pair.client);
    if !transport.has_datagrams() {
        assert_eq!(pair.server.try_receive(), Err(Gone::Closed));
    } else {
        // Datagrams have no connection whose end could be seen, and the socket still serves others.
        pair.server.send(b"anybody?");
        pair.client = Client::new(&pair.endpoint);
        pair.client.send(b"another");
        assert_eq!(pair.server.receive(), b"another");
    }
}

fn a_record_that_breaks_off_is_noticed(transport: Transport) {
    if transport.has_datagrams() {
        return; // A datagram comes whole or not at all.
    }
    for cut in [1, 3, 4, 5, 99] {
        let mut pair = Pair::new(transport);
        pair.client.send(b"a whole one first");
        pair.client.send_raw(&framed(&pattern(96))[..cut]);
        drop(pair.client);
        assert_eq!(pair.server.receive(), b"a whole one first");
        assert_eq!(
            pair.server.try_receive(),
            Err(Gone::Broken),
            "cut after {cut} bytes"
        );
    }
}

fn waiting_ends_with_its_time(transport: Transport) {
    let pair = Pair::new(transport);
    for wait in [1, 10, 40, 15, 3].map(Duration::from_millis) {
        let start = Instant::now();
        while start.elapsed() < wait {
            let left = wait.saturating_sub(start.elapsed());
            assert_eq!(
                pair.client.link.recv(&mut [0; 64], left).expect("no error"),
                Received::Timeout
            );
        }
    }
}

fn waiting_ends_when_the_link_is_shut_down(transport: Transport) {
    let pair = Pair::new(transport);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| pair.client.link.recv(&mut [0; 64], PATIENCE));
        pair.client.link.shutdown();
        let received = waiting.join().expect("no panic").expect("no error");
        assert!(
            matches!(received, Received::End | Received::Bytes(0)),
            "{received:?}"
        );
    });
}

fn nobody_waits_where_nobody_connects(transport: Transport) {
    match transport.listen() {
        Listener::Stream(listener) => assert!(listener.accept().expect("no error").is_none()),
        Listener::Datagram(socket) => {
            let error = socket.recv_from(&mut [0; 64]).expect_err("nothing came");
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
    }
}

fn a_place_has_one_owner_and_is_free_after_it(transport: Transport) {
    let listener = transport.listen();
    let endpoint = listener.endpoint().clone();
    let error = Listener::bind(&endpoint).expect_err("it is taken");
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    drop(listener);
    Listener::bind(&endpoint).expect("it is free again");
}

fn connecting_to_nobody_fails(transport: Transport) {
    let listener = transport.listen();
    let endpoint = listener.endpoint().clone();
    drop(listener);
    let connected = Link::connect(&endpoint, PATIENCE);
    if transport.has_datagrams() {
        connected.expect("a datagram socket finds out later");
    } else {
        let error = connected.expect_err("nobody is there");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}

#[derive(Clone, Copy, Debug)]
enum Transport {
    Tcp,
    Udp,
    UnixPath,
    UnixAbstract,
    Mem,
}

impl Transport {
    fn has_datagrams(self) -> bool {
        matches!(self, Transport::Udp)
    }

    fn listen(self) -> Listener {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        let name = format!("conformance-{}-{number}", std::process::id());
        let endpoint = match self {
            Transport::Tcp => "tcp://127.0.0.1:0".to_owned(),
            Transport::Udp => "udp://127.0.0.1:0".to_owned(),
            Transport::UnixPath => format!("unix:{}/{name}", std::env::temp_dir().display()),
            Transport::UnixAbstract => format!("unix:@{name}"),
            Transport::Mem => format!("mem://{name}"),
        };
        Listener::bind(&endpoint.parse().expect("an endpoint")).expect("bound")
    }
}

/// A client and a server that are connected.
struct Pair {
    client: Client,
    server: Server,
    /// None for datagrams, whose listener is the server itself.
    listener: Option<StreamListener>,
    endpoint: Endpoint,
}

impl Pair {
    fn new(transport: Transport) -> Self {
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
enum Gone {
    /// The other end closed, between two messages.
    Closed,
    /// The stream cannot be read on, or ended inside a message.
    Broken,
}

struct Client {
    link: Link,
    reader: Reader,
}

impl Client {
    fn new(endpoint: &Endpoint) -> Self {
        Self {
            link: Link::connect(endpoint, PATIENCE).expect("connected"),
            reader: Reader::new(MIB),
        }
    }

    fn send(&self, message: &[u8]) {
        self.send_raw(&framed(message));
    }

    fn send_raw(&self, mut bytes: &[u8]) {
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

    fn receive(&mut self) -> Vec<u8> {
        self.try_receive().expect("a message")
    }

    fn try_receive(&mut self) -> Result<Vec<u8>, Gone> {
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

enum Server {
    Stream {
        socket: StreamSocket,
        reader: Reader,
    },
    Datagrams {
        socket: std::sync::Arc<DatagramSocket>,
        from: Option<Ends>,
    },
}

impl Server {
    fn accept(listener: &StreamListener) -> Self {
        loop {
            if let Some(socket) = listener.accept().expect("accepted") {
                return Self::Stream {
                    socket,
                    reader: Reader::new(MIB),
                };
            }
            wait(listener, PollFlags::IN);
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Stream { socket, .. } => socket.peer().to_string(),
            Self::Datagrams { from, .. } => {
                Address::Udp(from.expect("a message came").peer).to_string()
            }
        }
    }

    fn send(&self, message: &[u8]) {
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

    fn receive(&mut self) -> Vec<u8> {
        self.try_receive().expect("a message")
    }

    fn try_receive(&mut self) -> Result<Vec<u8>, Gone> {
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

fn next_record(reader: &mut Reader) -> Result<Option<Vec<u8>>, Gone> {
    reader
        .poll_record()
        .map(|record| record.map(<[u8]>::to_vec))
        .map_err(|_| Gone::Broken)
}

fn end(reader: &Reader) -> Gone {
    if reader.handle_end().is_ok() {
        Gone::Closed
    } else {
        Gone::Broken
    }
}

fn gone(error: &io::Error) -> Gone {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::BrokenPipe => Gone::Closed,
        _ => panic!("{error}"),
    }
}

fn wait(socket: &impl AsFd, flags: PollFlags) {
    let timeout = Timespec {
        tv_sec: PATIENCE.as_secs() as i64,
        tv_nsec: 0,
    };
    let ready = poll(&mut [PollFd::new(socket, flags)], Some(&timeout)).expect("polled");
    assert_eq!(ready, 1, "nothing came");
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = record::mark(message.len()).expect("not too long").to_vec();
    framed.extend_from_slice(message);
    framed
}

/// Bytes that show when some are lost or moved.
fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8)
        .collect()
}
