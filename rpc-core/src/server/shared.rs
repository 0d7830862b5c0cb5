//! What all threads of a server share.

use super::claim::{Hold, Ready};
use super::committer::Committing;
use super::held::Held;
use super::house::House;
use super::outbox::Outflow;
use super::poller::Poller;
use super::queues::{Calls, Queue, UnfinishedSource};
use super::room::Rarely;
use super::routes::DatagramRoutes;
use super::seat::Seat;
use super::sessions::{Caller, Sessions};
use super::source::{Kind, Source, Stream};
use super::sources::Sources;
use super::substitutes::Substitutes;
use crate::context::Recorded;
use crate::service::Service;
use crate::store::OpenStore;
use crate::system;
use crate::transport::{MARK, StreamSocket};
use rpc_proto::session::server::{self as machine, Done, Handled, Origin, Route, Token};
use rpc_proto::time::Time;
use rpc_proto::xdr::Limits;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bounds of a server beside those of its session machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Connections at one time. For one more, one that is idle is closed; if none is, the new one.
    pub(crate) connections: usize,
    /// The longest message.
    pub(crate) message: usize,
    /// Calls that wait for a worker; more are refused as overload.
    pub(crate) waiting_calls: usize,
    /// Bytes of arguments of calls that wait for a worker; when there are so many, more calls are refused as overload.
    pub(crate) waiting_bytes: usize,
    /// Calls under way that must not run twice, of peers without sessions; more are dropped, or left unread.
    pub(crate) plain_calls: usize,
    /// Bytes of messages that have come in part or wait to be sent, of all connections; then those that hold most are closed.
    pub(crate) held: usize,
    /// How long a record may take to arrive whole, and a peer to take something of what waits for it.
    pub(crate) patience: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 16_384,
            message: Limits::default().message,
            waiting_calls: 1024,
            waiting_bytes: 64 << 20,
            plain_calls: machine::Config::default().max_plain_calls,
            held: 256 << 20,
            patience: Duration::from_secs(60),
        }
    }
}

/// The life of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It answers.
    Serving,
    /// It takes no new calls, and lets the running ones end.
    Draining,
    /// Its threads end.
    Stopped,
}

pub(crate) struct Shared {
    pub(crate) poller: Poller,
    pub(crate) sources: Sources<Source>,
    pub(crate) services: Vec<Box<dyn Service>>,
    pub(crate) seats: Vec<Seat>,
    pub(crate) substitutes: Substitutes,
    pub(crate) house: House,
    pub(crate) bounds: Bounds,
    /// The datagram sockets by their index in routes.
    pub(crate) ports: Vec<u64>,
    pub(crate) routes: DatagramRoutes,
    /// Sources whose edge will not come again.
    pub(crate) unfinished: Queue<UnfinishedSource>,
    /// Calls that the housekeeper let in while all workers were busy.
    pub(crate) calls: Calls,
    pub(crate) counters: Counters,
    /// The memory that connections hold.
    pub(super) held: Held,
    /// That connections are turned away.
    pub(super) crowd_told: Rarely,
    /// Keeps what has to outlive the server, if anything does.
    pub(crate) store: Option<Arc<dyn OpenStore>>,
    pub(super) committing: Committing,
    sessions: Mutex<Sessions>,
    /// Signalled when nothing runs or waits for the store any more, while the server drains.
    quiet: Condvar,
    phase: AtomicU8,
}

/// What the session machine does not count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: AtomicU64,
    pub(crate) turned_away: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) broken_streams: AtomicU64,
}

impl Shared {
    #[expect(clippy::too_many_arguments, reason = "each is one of its parts")]
    pub(crate) fn new(
        poller: Poller,
        sources: Sources<Source>,
        services: Vec<Box<dyn Service>>,
        machine: machine::Server,
        store: Option<Arc<dyn OpenStore>>,
        workers: usize,
        bounds: Bounds,
        ports: Vec<u64>,
    ) -> Self {
        Self {
            poller,
            sources,
            services,
            seats: (0..workers).map(|_| Seat::default()).collect(),
            substitutes: Substitutes::default(),
            house: House::default(),
            bounds,
            ports,
            routes: DatagramRoutes::default(),
            unfinished: Queue::default(),
            calls: Calls::default(),
            counters: Counters::default(),
            held: Held::default(),
            crowd_told: Rarely::default(),
            store,
            committing: Committing::default(),
            sessions: Mutex::new(Sessions::new(machine)),
            quiet: Condvar::new(),
            phase: AtomicU8::new(Phase::Serving as u8),
        }
    }

    /// Gives one message to the session machine; what is to go back at once is appended to `out`.
    pub(super) fn handle_message(
        &self,
        now: Time,
        origin: Origin<'_>,
        caller: Caller<'_>,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Handled {
        let mut sessions = self.sessions();
        let handled = sessions.handle_message(now, origin, caller, message, out);
        let due = sessions.machine.poll_timeout();
        self.committing.note(&sessions);
        drop(sessions);
        if let Some(due) = due {
            self.house.need_by(due);
        }
        handled
    }

    /// Tells the session machine how a call ended that came from `from`. `reply` holds the headroom and the result, and then
    /// the framed reply, if one is to be sent at once.
    pub(crate) fn handle_done(
        &self,
        token: Token,
        done: Done,
        from: Route,
        reply: &mut Vec<u8>,
    ) -> Option<Route> {
        let source = token.awaits_record().then(|| self.sources.get(from.0));
        let mut sessions = self.sessions();
        let route = sessions.machine.handle_done(token, done, reply, 0);
        sessions.open -= 1;
        sessions.gather(Some(Caller {
            route: from,
            peer: None,
            stream: source
                .iter()
                .flatten()
                .find_map(|source| source.as_stream()),
        }));
        let (messages, starved) = (sessions.take_messages(), sessions.take_starved());
        let due = sessions.machine.poll_timeout();
        self.look_after(sessions);
        if let Some(due) = due {
            self.house.need_by(due);
        }
        self.deliver_all(messages);
        starved.into_iter().for_each(|number| self.read_on(number));
        route
    }

    /// There is room again for a call that waits in a connection.
    fn read_on(&self, number: u64) {
        if let Some(source) = self.sources.get(number)
            && let Some(stream) = source.as_stream()
        {
            stream.set_waits_for_room(false);
            self.notify(&source, Ready::READ);
        }
    }

    /// Tells the session machine that a call ended whose record is committed, as [`handle_done`](Self::handle_done).
    pub(super) fn handle_recorded(
        &self,
        recorded: Recorded,
        from: Route,
        reply: &mut Vec<u8>,
    ) -> Option<Route> {
        let source = self.sources.get(from.0);
        let caller = Caller {
            route: from,
            peer: None,
            stream: source.as_ref().and_then(|source| source.as_stream()),
        };
        reply.clear();
        let mut sessions = self.sessions();
        let route = sessions.recorded(recorded, caller, reply);
        let messages = sessions.take_messages();
        self.look_after(sessions);
        self.deliver_all(messages);
        route
    }

    /// After a change of the sessions: tells those who have to know.
    pub(super) fn look_after(&self, sessions: MutexGuard<'_, Sessions>) {
        self.committing.note(&sessions);
        if sessions.is_quiet() && self.phase() != Phase::Serving {
            self.quiet.notify_all();
        }
    }

    /// Runs the machine's timers and sends what it wants to. Says when it has to be asked again.
    pub(crate) fn handle_timeout(&self, now: Time) -> Option<Time> {
        let mut sessions = self.sessions();
        sessions.tell_time(now);
        sessions.machine.handle_timeout(now);
        sessions.gather(None);
        let (messages, due) = (sessions.take_messages(), sessions.machine.poll_timeout());
        self.look_after(sessions);
        self.deliver_all(messages);
        due
    }

    /// When the machine's next timer is due.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.sessions().machine.poll_timeout()
    }

    /// What the machine has counted.
    pub(crate) fn machine_stats(&self) -> machine::Stats {
        self.sessions().machine.stats()
    }

    /// Refuses new calls from now on.
    pub(crate) fn begin_draining(&self) {
        let mut sessions = self.sessions();
        sessions.machine.handle_shutdown();
        self.phase.store(Phase::Draining as u8, Ordering::SeqCst);
    }

    /// Waits until no call is open or waits for the store, or until `timeout`. Says whether all have ended.
    pub(crate) fn wait_until_quiet(&self, timeout: Duration) -> bool {
        let waited = self
            .quiet
            .wait_timeout_while(self.sessions(), timeout, |sessions| !sessions.is_quiet());
        let (sessions, _) = waited.unwrap_or_else(PoisonError::into_inner);
        sessions.is_quiet()
    }

    /// Makes all threads end after what they do now.
    pub(crate) fn stop(&self) {
        self.phase.store(Phase::Stopped as u8, Ordering::SeqCst);
        self.poller.wake();
        self.house.wake();
        self.committing.wake();
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Serving,
            1 => Phase::Draining,
            _ => Phase::Stopped,
        }
    }

    /// Sends framed messages, each to where it says.
    pub(super) fn deliver_all(&self, messages: Vec<(Route, Vec<u8>)>) {
        for (route, message) in messages {
            self.deliver(route, &message);
        }
    }

    /// Sends framed messages to wherever `route` leads. Nobody there: they are lost, as a network may lose them.
    pub(crate) fn deliver(&self, route: Route, messages: &[u8]) {
        if let Some((port, ends)) = self.routes.find(route) {
            let source = self
                .ports
                .get(port)
                .and_then(|number| self.sources.get(*number));
            if let Some(Kind::Datagrams(port)) = source.as_deref().map(|source| &source.kind) {
                send_datagrams(&port.socket, messages, ends);
            }
        } else if let Some(source) = self.sources.get(route.0)
            && let Some(stream) = source.as_stream()
        {
            self.write(&source, stream, messages);
        }
    }

    /// Writes to a connection what waits for it, then `messages`.
    pub(crate) fn write(&self, source: &Arc<Source>, stream: &Stream, messages: &[u8]) -> Outflow {
        // What may gather for a peer that does not read: the replies of some calls that had begun before reading stopped.
        let limit = 4 * self.bounds.message + (1 << 20);
        let sent = stream
            .outbox
            .send(&stream.socket, &self.poller, messages, limit);
        if sent.look_again {
            // Nothing is left that would wait for room, so no event would say this.
            self.notify(source, Ready::WRITE);
        }
        if sent.outflow == Outflow::Waiting {
            self.house.watch_stalled();
            self.watch_held();
        }
        sent.outflow
    }

    /// Takes in a connection that the source `listener` has accepted.
    pub(crate) fn open_stream(&self, socket: StreamSocket, listener: u64) -> io::Result<()> {
        let source = self.sources.insert(|number| {
            Source::stream(number, listener, socket, self.bounds.message, &self.held)
        });
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        self.poller
            .add(&*source, source.number)
            .inspect_err(|_| self.close(&source))
    }

    /// Ends a source. Its claim stays held, so nobody works on it again.
    pub(crate) fn close(&self, source: &Source) {
        if self.sources.remove(source.number).is_some() {
            self.poller.remove(source);
            if let Some(stream) = source.as_stream() {
                stream.close();
                if stream.waits_for_room() {
                    self.sessions().forget_starved(source.number);
                }
            }
        }
    }

    /// Whether so much waits for a worker that no more is let in.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.calls.len() >= self.bounds.waiting_calls
            || self.calls.bytes() >= self.bounds.waiting_bytes
    }

    /// Whether no worker is free to take what comes next.
    pub(crate) fn all_busy(&self) -> bool {
        self.seats.iter().all(|seat| seat.is_busy())
    }

    /// The places of all threads that run handlers.
    pub(crate) fn all_seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().chain(self.substitutes.seats())
    }

    /// Tells the claim of `source` about an event. The caller has to see to it if the claim was free.
    pub(crate) fn claim(&self, source: &Source, ready: Ready) -> Option<Hold> {
        let hold = source.claim.notify(ready);
        if hold.is_none() {
            // Its holder sees to this, unless a slow handler keeps it.
            self.house.watch_handlers(system::now());
        }
        hold
    }

    /// Tells the claim of `source` about an event, and queues the source if it was free.
    pub(crate) fn notify(&self, source: &Arc<Source>, ready: Ready) {
        if let Some(hold) = self.claim(source, ready) {
            self.leave_unfinished(source, hold, ready);
            self.poller.wake();
        }
    }

    /// A call that had left the turn in which it was read is over.
    pub(crate) fn end_detached_call(&self, source: &Arc<Source>) {
        if source.as_stream().is_some_and(Stream::end_detached_call) {
            self.notify(source, Ready::READ);
        }
    }

    /// Hands a held source to the next free worker, with what is to be seen to.
    pub(crate) fn leave_unfinished(&self, source: &Arc<Source>, hold: Hold, ready: Ready) {
        self.unfinished.push(UnfinishedSource {
            source: source.clone(),
            hold,
            ready,
        });
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends each of some framed messages as one datagram.
pub(crate) fn send_datagrams(
    socket: &crate::transport::DatagramSocket,
    framed: &[u8],
    to: crate::transport::Ends,
) {
    let mut rest = framed;
    while let Some((mark, after)) = rest.split_first_chunk::<MARK>() {
        let length = (u32::from_be_bytes(*mark) & 0x7fff_ffff) as usize;
        let (message, after) = after.split_at(length.min(after.len()));
        if let Err(error) = socket.send_to(message, to) {
            // The network loses datagrams too, and whoever needs this one asks again.
            tracing::debug!(to = %to.peer, %error, "a datagram was not sent");
        }
        rest = after;
    }
}
