//! Everything that the poller reports: listeners, datagram sockets and connections.

use super::claim::{Claim, Ready};
use super::held::{Held, Share};
use super::outbox::Outbox;
use super::routes::AddressBytes;
use crate::context::{Connection, Peer};
use crate::system;
use crate::transport::{Address, DatagramSocket, Listener, StreamListener, StreamSocket};
use rpc_proto::record::Reader;
use rpc_proto::session::Security;
use rpc_proto::time::Time;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One source of events, and the right to work on it.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its number in the table of sources and in the poller; for a connection also its route.
    pub(crate) number: u64,
    pub(crate) claim: Claim,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Listener(StreamListener),
    Datagrams(DatagramPort),
    Stream(Box<Stream>),
}

impl Source {
    /// What a server listens with. `port` is the index that the routes of a datagram socket carry.
    pub(crate) fn listener(number: u64, listener: Listener, port: usize) -> Self {
        let kind = match listener {
            Listener::Stream(listener) => Kind::Listener(listener),
            Listener::Datagram(socket) => Kind::Datagrams(DatagramPort {
                index: port,
                socket,
            }),
        };
        Self {
            number,
            claim: Claim::default(),
            kind,
        }
    }

    /// An accepted connection, from which records of at most `max_record` bytes are read.
    /// `listener` is the number of the source that accepted it.
    pub(crate) fn stream(
        number: u64,
        listener: u64,
        socket: StreamSocket,
        max_record: usize,
        held: &Held,
    ) -> Self {
        let stream = Stream::new(number, listener, socket, max_record, held);
        Self {
            number,
            claim: Claim::default(),
            kind: Kind::Stream(Box::new(stream)),
        }
    }

    /// The connection that it is, if it is one.
    pub(crate) fn as_stream(&self) -> Option<&Stream> {
        match &self.kind {
            Kind::Stream(stream) => Some(stream),
            _ => None,
        }
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.kind {
            Kind::Listener(listener) => listener.as_fd(),
            Kind::Datagrams(port) => port.socket.as_fd(),
            Kind::Stream(stream) => stream.socket.as_fd(),
        }
    }
}

/// A datagram socket and its index in routes.
#[derive(Debug)]
pub(crate) struct DatagramPort {
    pub(crate) index: usize,
    pub(crate) socket: DatagramSocket,
}

/// As many calls as a session may have unfinished, so that a client's questions about them are always read.
const MAX_DETACHED: usize = 256;

/// A connection.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) socket: StreamSocket,
    pub(crate) peer: Peer,
    pub(crate) address: AddressBytes,
    /// The number of the source that accepted it.
    pub(crate) listener: u64,
    pub(crate) security: Security,
    /// What has come in. Held only while messages are taken out, never while a handler runs.
    input: Mutex<Input>,
    pub(crate) outbox: Outbox,
    /// Calls that run or wait outside of the turn in which they were read: behind a slow one, or for want of a worker.
    /// The connection stays open for their replies, although its peer may send nothing more.
    detached: AtomicUsize,
    /// A message waits in `input` until there is room to remember the call that it is.
    waits_for_room: AtomicBool,
    /// When the last message came, or a call ended behind others.
    used: AtomicU64,
}

impl Stream {
    fn new(
        number: u64,
        listener: u64,
        socket: StreamSocket,
        max_record: usize,
        held: &Held,
    ) -> Self {
        let (address, security) = match socket.peer() {
            Address::Tcp(address) | Address::Udp(address) => {
                (AddressBytes::of_socket(*address), Security::Network)
            }
            Address::Unix {
                number,
                credentials,
                ..
            } => (
                AddressBytes::of_user(*number, credentials.uid),
                Security::Local,
            ),
            Address::Mem(_, number) => (AddressBytes::of_number(*number), Security::Local),
        };
        let input = Input {
            reader: Reader::new(max_record),
            readable: false,
            hung_up: false,
            ended: false,
            partial_since: None,
            share: held.share(),
        };
        Self {
            peer: Peer::new(socket.peer().clone(), Some(Connection::default())),
            address,
            listener,
            security,
            input: Mutex::new(input),
            outbox: Outbox::new(number, held.share()),
            detached: AtomicUsize::new(0),
            waits_for_room: AtomicBool::new(false),
            used: AtomicU64::new(system::now().as_nanos()),
            socket,
        }
    }

    pub(crate) fn input(&self) -> MutexGuard<'_, Input> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more call has left its turn.
    pub(crate) fn detach_call(&self) {
        self.detached.fetch_add(1, Ordering::AcqRel);
    }

    /// A call that had left its turn is over. Says whether the connection may have waited for that.
    pub(crate) fn end_detached_call(&self) -> bool {
        self.note_use(system::now());
        // The end of the stream is noted before this count is looked at, and here it is the other way round.
        match self.detached.fetch_sub(1, Ordering::AcqRel) {
            MAX_DETACHED => true,
            1 => self.input().has_ended(),
            _ => false,
        }
    }

    /// Whether no more should be read from the peer for now: it has to read its replies first, or so many of its calls
    /// wait for workers that more of them would crowd others out, or its next call cannot be remembered.
    pub(crate) fn is_held_back(&self) -> bool {
        self.outbox.is_crowded()
            || self.detached.load(Ordering::Acquire) >= MAX_DETACHED
            || self.waits_for_room()
    }

    /// Whether its next message waits for room to be remembered.
    pub(crate) fn waits_for_room(&self) -> bool {
        self.waits_for_room.load(Ordering::Acquire)
    }

    /// Says whether it does.
    pub(crate) fn set_waits_for_room(&self, waits: bool) {
        self.waits_for_room.store(waits, Ordering::Release);
    }

    /// Whether replies are still to come from calls that left their turn.
    pub(crate) fn has_detached_calls(&self) -> bool {
        self.detached.load(Ordering::Acquire) > 0
    }

    /// A message has come.
    pub(crate) fn note_use(&self, now: Time) {
        self.used.store(now.as_nanos(), Ordering::Relaxed);
    }

    /// Since when it has been idle. None: a call of it has not ended, something has come in or waits to be sent, or
    /// somebody here would take its end for the end of its peer.
    pub(crate) fn idle_since(&self) -> Option<Time> {
        let is_watched = self.peer.connection().is_some_and(Connection::is_watched);
        let is_busy = is_watched
            || self.has_detached_calls()
            || !self.outbox.is_idle()
            || self.input().may_have_more();
        (!is_busy).then(|| Time::from_nanos(self.used.load(Ordering::Relaxed)))
    }

    /// Tells those who hold a handle on the connection that it has ended.
    pub(crate) fn tell_end(&self) {
        if let Some(connection) = self.peer.connection() {
            connection.close();
        }
    }

    /// Since when its peer has kept the server waiting: a record has been incomplete, or nothing was taken of what waits.
    pub(crate) fn stalls_since(&self) -> Option<Time> {
        let partial = self.input().partial_since;
        [partial, self.outbox.waits_since()]
            .into_iter()
            .flatten()
            .min()
    }

    /// How much memory it holds, in bytes, unless that is little.
    pub(crate) fn held(&self) -> usize {
        self.input().share.get() + self.outbox.held()
    }

    /// Gives back the memory that is only kept for messages to come.
    pub(crate) fn give_back(&self) {
        let mut input = self.input();
        input.reader.give_back();
        input.count_held();
    }

    /// Gives up, of a closed connection, what has come and what waits, although somebody may still be at work on it.
    pub(crate) fn discard(&self) {
        let mut input = self.input();
        input.ended = true;
        input.reader = Reader::new(0);
        input.count_held();
        drop(input);
        self.outbox.discard();
    }

    /// Ends the connection for good, and tells those who hold a handle on it.
    pub(crate) fn close(&self) {
        self.socket.shutdown();
        self.tell_end();
    }
}

/// The reading side of a connection.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) reader: Reader,
    /// There may be more in the kernel. The edge that said so comes only once, so this is kept until a read says no.
    readable: bool,
    /// The peer ends the stream: a read that takes less than it could have says nothing, only the end does.
    hung_up: bool,
    /// The end was read.
    ended: bool,
    /// Since when a record has been incomplete.
    partial_since: Option<Time>,
    /// The memory that it takes, in the sum over all connections.
    share: Share,
}

impl Input {
    /// Takes note of an event.
    pub(crate) fn note(&mut self, ready: Ready) {
        self.readable |= ready.has(Ready::READ);
        self.hung_up |= ready.has(Ready::HANGUP);
    }

    /// Reads once, if there may be something. False: there is nothing more for now, or for ever.
    pub(crate) fn fill(&mut self, socket: &StreamSocket) -> io::Result<bool> {
        if !self.readable || self.ended {
            return Ok(false);
        }
        let space = self.reader.space();
        let room = space.len();
        match socket.recv(space) {
            Ok(0) => {
                self.ended = true;
                Ok(false)
            }
            Ok(count) => {
                self.reader.handle_filled(count);
                // A read that takes less than it could have has emptied the socket, and what comes later is a new edge.
                self.readable = count == room || self.hung_up;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there may be more to take out than has been.
    pub(crate) fn may_have_more(&self) -> bool {
        self.readable || self.is_partial()
    }

    /// Whether the peer will send nothing more.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// A record has become whole.
    pub(crate) fn end_partial(&mut self) {
        self.partial_since = None;
    }

    /// Brings the sum over all connections up to date.
    pub(crate) fn count_held(&mut self) {
        let held = self.reader.held();
        self.share.set(held);
    }

    /// Whether a record is incomplete.
    pub(crate) fn is_partial(&self) -> bool {
        self.reader.handle_end().is_err()
    }

    /// Keeps time of an incomplete record. Says whether there is one.
    pub(crate) fn keep_time(&mut self) -> bool {
        let is_partial = self.is_partial();
        if is_partial && self.partial_since.is_none() {
            self.partial_since = Some(system::now());
        }
        is_partial
    }
}
