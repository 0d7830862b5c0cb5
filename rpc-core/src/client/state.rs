//! What the threads of a channel share, under one lock.

use std::io;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;

use rpc_proto::describe::{Interface, Semantics};
use rpc_proto::session::client::{
    CallId, Client, Failure, FailureKind, Finished, LinkKind, Readiness, Request,
};
use rpc_proto::time::Time;

use super::failure::kind;
use super::reading::{Event, Reading};
use super::stats::Stats;
use super::waiters::{Seat, Waiters};
use crate::endpoint::Endpoint;
use crate::error::ConnectError;
use crate::system::now;
use crate::transport::{Address, Link};

/// A call as its caller gets it back.
#[derive(Debug)]
pub(super) enum Ended {
    /// The encoded result.
    Returned(Vec<u8>),
    /// A oneway call of which the system did not take everything, so that nobody will run it; with its message.
    Unsent(Vec<u8>),
    /// It failed; the buffer is for the next call.
    Failed(Failure, Vec<u8>),
    /// The machine was lost: a mistake of ours.
    Broken,
}

/// The session machine, the threads that wait, and who of them does what.
///
/// While threads wait, one of them is the *reader*: it alone receives, or connects while there is no link. The others
/// sleep until their call has ended or they are made the reader. Three things keep any of them from sleeping too long:
/// - leaving as reader and choosing the next one are one critical section;
/// - of the machine's earliest timer the reader takes care, or, if that became earlier while the reader was already
///   waiting, the *keeper*;
/// - when the system does not take a whole message, the *writer* waits until it takes the rest, unless the reader does.
pub(super) struct State {
    pub(super) machine: Client,
    waiters: Waiters,
    reader: Reader,
    /// The reader's things, while nobody has them: exactly when `reader` is not `Working`.
    reading: Option<Box<Reading>>,
    keeper: Option<(Seat, Time)>,
    writer: Option<Seat>,
    /// The way out.
    link: Option<Arc<Link>>,
    /// Sending failed. Nothing more is sent, but what had come before is still to be read.
    failing: bool,
    backlog: Backlog,
    /// Why there is no link, if it is known.
    trouble: Option<Arc<ConnectError>>,
    links: u64,
    /// When something last came over the link.
    heard: Time,
    /// Counts the machines that were lost. What belongs to an earlier one is not taken back.
    epoch: u64,
    /// Threads to be woken as soon as the lock is released.
    pub(super) wake: Vec<Thread>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// Nobody reads. While calls wait this never outlasts a critical section.
    Nobody,
    /// This waiter has been woken for it.
    Chosen(Seat),
    /// This waiter is at it, outside the lock, until then; `writes`: it also waits for room to write.
    Working {
        seat: Seat,
        until: Time,
        writes: bool,
    },
}

/// The rest of a message that the system did not take at once. Empty when `at` is its length.
#[derive(Debug, Default)]
struct Backlog {
    bytes: Vec<u8>,
    at: usize,
    call: Option<CallId>,
    /// The caller of `call`.
    seat: Option<Seat>,
}

/// What a waiting thread is to do next, with no lock held.
#[derive(Debug)]
pub(super) enum Part {
    /// Receive, until this time; `write`: there is also something to be sent.
    Read {
        reading: Box<Reading>,
        until: Time,
        write: bool,
    },
    /// Wait until the link takes more, at most until this time.
    Write { link: Arc<Link>, until: Time },
    /// Sleep until woken, at most until this time.
    Sleep { until: Option<Time> },
}

/// How long a reader waits when the machine has nothing to do by itself.
const LONG: Duration = Duration::from_secs(3600);
/// A link over which nothing came for so long is looked at before it is used. It costs a system call, which calls that
/// follow each other need not pay.
const IDLE: Duration = Duration::from_millis(1);
/// A writer cannot be woken, so it looks up this often.
const LOOK_UP: Duration = Duration::from_millis(10);

impl State {
    pub(super) fn new(machine: Client, reading: Box<Reading>) -> Self {
        Self {
            machine,
            waiters: Waiters::default(),
            reader: Reader::Nobody,
            reading: Some(reading),
            keeper: None,
            writer: None,
            link: None,
            failing: false,
            backlog: Backlog::default(),
            trouble: None,
            links: 0,
            heard: Time::ZERO,
            epoch: 0,
            wake: Vec::new(),
        }
    }

    /// Why there is no link now, if that is known.
    pub(super) fn trouble(&self) -> Option<Arc<ConnectError>> {
        self.trouble.clone().filter(|_| self.link.is_none())
    }

    /// Who is at the other end of the link.
    pub(super) fn address(&self) -> Option<&Address> {
        self.link.as_deref().map(Link::peer)
    }

    /// What has been done so far.
    pub(super) fn stats(&self) -> Stats {
        let machine = self.machine.stats();
        Stats {
            calls: machine.calls,
            retransmissions: machine.retransmissions,
            retries: machine.retries,
            reconnects: self.links.saturating_sub(1),
        }
    }

    /// Sees to what has come while nobody was waiting. A server that was stopped in the meantime is noticed here, and a
    /// call that is not sent to it is one less of which nobody knows whether it ran.
    pub(super) fn look_after_idle_link(&mut self, now: Time) {
        if self.reader != Reader::Nobody || now.since(self.heard) < IDLE {
            return;
        }
        let Some(mut reading) = self.reading.take() else {
            return;
        };
        while reading.has_link() {
            match reading.wait(now, now, false) {
                Event::Nothing => break,
                event => self.handle(now, event, &mut reading, None),
            }
        }
        self.reading = Some(reading);
    }

    /// Takes a call, for which `thread` will wait on the seat that it gets.
    pub(super) fn begin(&mut self, now: Time, request: Request, thread: Thread) -> Seat {
        let oneway = request.method.semantics == Semantics::Oneway;
        let call = self.machine.handle_call(now, request);
        self.waiters.add(call, thread, oneway)
    }

    /// Does what is due: timers, sending, and telling the callers whose calls have ended. `me` needs no waking.
    pub(super) fn work(&mut self, now: Time, me: Option<Seat>) {
        if self.machine.poll_timeout().is_some_and(|due| due <= now) {
            self.machine.handle_timeout(now);
        }
        self.transmit(now);
        while let Some(finished) = self.machine.poll_finished() {
            self.deliver(finished, &[], me);
        }
        if self.machine.poll_reconnect() {
            self.give_up_link();
        }
    }

    /// Takes in what the reader met.
    pub(super) fn handle(
        &mut self,
        now: Time,
        event: Event,
        reading: &mut Reading,
        me: Option<Seat>,
    ) {
        if reading.epoch != self.epoch {
            return;
        }
        match event {
            Event::Nothing => {}
            Event::Messages => {
                self.heard = now;
                self.take_in(now, reading, me);
            }
            Event::Up(link) => {
                self.heard = now;
                self.link_up(now, link);
            }
            Event::Down(error) => {
                self.trouble = error.map(Arc::new);
                self.link_down(now);
            }
            Event::Unreachable(error) => self.trouble = Some(Arc::new(error)),
        }
        // What a failing stream still holds is read to its end; what datagrams wait may as well be lost.
        if self.failing && self.link.as_ref().is_some_and(|link| link.is_datagram()) {
            reading.down(None);
            self.link_down(now);
        }
    }

    /// How the call of `me` ended, if it has. Then its caller leaves.
    pub(super) fn take(&mut self, me: Seat) -> Option<Ended> {
        let waiter = self.waiters.get_mut(me)?;
        if matches!(waiter.ended, Some(Ended::Returned(_))) && self.backlog.seat == Some(me) {
            // A oneway call counts as handed over when its last byte is.
            return None;
        }
        let lost = waiter.oneway && waiter.unsent;
        Some(match waiter.ended.take()? {
            Ended::Returned(message) if lost => Ended::Unsent(message),
            Ended::Failed(failure, message)
                if lost && failure.kind == FailureKind::ConnectionLost =>
            {
                Ended::Unsent(message)
            }
            ended => ended,
        })
    }

    /// What `me`, who goes on waiting, does meanwhile. A reader brings its things.
    pub(super) fn part(&mut self, now: Time, me: Seat, reading: Option<Box<Reading>>) -> Part {
        let due = self.machine.poll_timeout();
        let vacant = matches!(self.reader, Reader::Nobody) || self.reader == Reader::Chosen(me);
        let reading = match self.of_this_epoch(reading) {
            None if vacant => self.reading.take(),
            reading => reading,
        };
        if let Some(reading) = reading {
            self.give_up_side_parts(me);
            let (until, write) = (due.unwrap_or(now + LONG), self.wants_room());
            self.reader = Reader::Working {
                seat: me,
                until,
                writes: write,
            };
            return Part::Read {
                reading,
                until,
                write,
            };
        }
        if let Some(link) = self.link_to_write_to(me) {
            let until = due.map_or(now + LOOK_UP, |due| due.min(now + LOOK_UP));
            return Part::Write { link, until };
        }
        Part::Sleep {
            until: self.timer_to_keep(me, due),
        }
    }

    /// `me` waits no longer. If it was the reader, another one is, before the lock is released.
    pub(super) fn leave(&mut self, me: Seat, reading: Option<Box<Reading>>) {
        self.waiters.remove(me);
        self.give_up_side_parts(me);
        let reading = self.of_this_epoch(reading);
        if reading.is_some() {
            self.reading = reading;
            self.reader = Reader::Nobody;
        } else if self.reader == Reader::Chosen(me) {
            self.reader = Reader::Nobody;
        }
        self.hand_on();
    }

    /// Which machine this is.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The machine is lost. Its calls are too, which their callers see by the epoch, and everything begins anew.
    pub(super) fn start_anew(&mut self, machine: Client, mut reading: Box<Reading>) {
        if let Some(link) = self.link.take() {
            link.shutdown();
        }
        let wake = std::mem::take(&mut self.waiters).into_threads().collect();
        let (links, epoch) = (self.links, self.epoch + 1);
        reading.epoch = epoch;
        *self = Self {
            links,
            epoch,
            wake,
            ..Self::new(machine, reading)
        };
    }

    /// Nothing more will be called: tells the server so, as far as that goes without waiting.
    pub(super) fn close(&mut self, now: Time) {
        self.machine.handle_close(now);
        self.transmit(now);
        if let Some(link) = self.link.take() {
            link.shutdown();
        }
    }

    /// Connects and makes first contact until `limit`, before anybody can call.
    pub(super) fn make_contact(
        &mut self,
        interface: &'static Interface,
        endpoint: &Endpoint,
        limit: Time,
    ) -> Result<(), ConnectError> {
        let Some(mut reading) = self.reading.take() else {
            return Ok(());
        };
        let contact = loop {
            match self.try_contact(&mut reading, interface, endpoint, limit) {
                Ok(true) => break Ok(()),
                Ok(false) => {}
                Err(error) => break Err(error),
            }
        };
        self.reading = Some(reading);
        contact
    }

    fn try_contact(
        &mut self,
        reading: &mut Reading,
        interface: &'static Interface,
        endpoint: &Endpoint,
        limit: Time,
    ) -> Result<bool, ConnectError> {
        let start = now();
        if reading.has_link() {
            self.machine.handle_prepare(start, interface);
        }
        self.work(start, None);
        match self.machine.readiness(interface) {
            Readiness::Ready => return Ok(true),
            Readiness::Refused(failure) => {
                return Err(ConnectError::Refused {
                    endpoint: endpoint.clone(),
                    kind: kind(failure.kind),
                });
            }
            Readiness::Pending if start < limit => {}
            Readiness::Pending => return Err(unreachable(endpoint, io::ErrorKind::TimedOut)),
        }
        let until = self
            .machine
            .poll_timeout()
            .map_or(limit, |due| due.min(limit));
        match reading.wait(start, until, self.wants_room()) {
            Event::Unreachable(error) => Err(error),
            Event::Down(error) if !reading.has_more() => {
                Err(error.unwrap_or_else(|| unreachable(endpoint, io::ErrorKind::UnexpectedEof)))
            }
            event => {
                self.handle(now(), event, reading, None);
                Ok(false)
            }
        }
    }

    fn of_this_epoch(&self, reading: Option<Box<Reading>>) -> Option<Box<Reading>> {
        reading.filter(|reading| reading.epoch == self.epoch)
    }

    fn take_in(&mut self, now: Time, reading: &mut Reading, me: Option<Seat>) {
        loop {
            match reading.next_message() {
                Ok(Some(message)) => {
                    if let Some(finished) = self.machine.handle_message(now, message) {
                        self.deliver(finished, message, me);
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    // The place of the next message is lost, and with it the connection.
                    reading.down(None);
                    return self.link_down(now);
                }
            }
        }
    }

    fn deliver(&mut self, finished: Finished, message: &[u8], me: Option<Seat>) {
        let Finished {
            call,
            mut buffer,
            result,
        } = finished;
        let ended = match result {
            Ok(range) => {
                // The request is not needed any more, so its buffer carries the result to the caller.
                if !message.is_empty() {
                    buffer.clear();
                    buffer.extend_from_slice(message.get(range).unwrap_or_default());
                }
                Ended::Returned(buffer)
            }
            Err(failure) => Ended::Failed(failure, buffer),
        };
        let Some(seat) = self.waiters.caller(call) else {
            return;
        };
        if let Some(waiter) = self.waiters.get_mut(seat) {
            waiter.ended = Some(ended);
        }
        if me != Some(seat) {
            self.wake(seat);
        }
    }

    fn transmit(&mut self, now: Time) {
        if self.failing || !self.send_backlog() {
            return;
        }
        let Some(link) = &self.link else { return };
        while let Some(transmit) = self.machine.poll_transmit(now) {
            let call = transmit.call;
            match link.send(transmit.framed) {
                Ok(taken) if taken == transmit.framed.len() => {}
                Ok(taken) => {
                    let seat = call.and_then(|call| self.waiters.caller(call));
                    self.backlog = Backlog {
                        call,
                        seat,
                        ..std::mem::take(&mut self.backlog)
                    };
                    self.backlog
                        .bytes
                        .extend_from_slice(&transmit.framed[taken..]);
                    return;
                }
                Err(_) => {
                    let seat = call.and_then(|call| self.waiters.caller(call));
                    self.unsent(call, seat);
                    return self.give_up_link();
                }
            }
        }
    }

    /// Sends what is left of a message. Whether nothing is left now.
    fn send_backlog(&mut self) -> bool {
        let Some(link) = &self.link else { return false };
        while !self.backlog.is_empty() {
            match link.send(&self.backlog.bytes[self.backlog.at..]) {
                Ok(0) => return false,
                Ok(taken) => self.backlog.at += taken,
                Err(_) => {
                    self.give_up_link();
                    return false;
                }
            }
        }
        self.backlog.clear();
        true
    }

    fn unsent(&mut self, call: Option<CallId>, seat: Option<Seat>) {
        if let Some(call) = call {
            self.machine.handle_unsent(call);
        }
        if let Some(waiter) = seat.and_then(|seat| self.waiters.get_mut(seat)) {
            waiter.unsent = true;
        }
    }

    fn link_up(&mut self, now: Time, link: Arc<Link>) {
        let kind = if link.is_datagram() {
            LinkKind::Datagram
        } else {
            LinkKind::Stream
        };
        self.link = Some(link);
        self.links += 1;
        self.failing = false;
        self.trouble = None;
        self.machine.handle_link_up(now, kind);
    }

    fn link_down(&mut self, now: Time) {
        self.link = None;
        self.failing = false;
        // Of a message that did not leave whole, the server has read nothing.
        let Backlog { call, seat, .. } = self.backlog;
        self.backlog.clear();
        self.unsent(call, seat);
        self.machine.handle_link_down(now);
    }

    /// Sends nothing more on this link, and makes the reader notice.
    fn give_up_link(&mut self) {
        if let Some(link) = &self.link {
            self.failing = true;
            link.shutdown();
        }
    }

    fn wants_room(&self) -> bool {
        self.link.is_some() && !self.failing && !self.backlog.is_empty()
    }

    /// The link, if `me` is to wait for room on it. That is best done by the caller of the message that is half sent,
    /// since it is the one that waits for nothing else.
    fn link_to_write_to(&mut self, me: Seat) -> Option<Arc<Link>> {
        let reader_writes = matches!(self.reader, Reader::Working { writes: true, .. });
        if !self.wants_room() || reader_writes || self.writer.is_some_and(|writer| writer != me) {
            return None;
        }
        if let Some(owner) = self.backlog.seat.filter(|owner| *owner != me) {
            if self.is_asleep(owner) {
                self.writer = Some(owner);
                self.wake(owner);
                return None;
            }
        }
        self.writer = Some(me);
        self.link.clone()
    }

    /// The time at which `me` has to wake by itself, because nobody else would in time for the machine's timer.
    fn timer_to_keep(&mut self, me: Seat, due: Option<Time>) -> Option<Time> {
        if self.keeper.is_some_and(|(keeper, _)| keeper == me) {
            self.keeper = None;
        }
        let due = due.filter(|due| !self.is_kept(*due))?;
        self.keeper = Some((me, due));
        Some(due)
    }

    /// Whether somebody wakes in time for a timer that is due then.
    fn is_kept(&self, due: Time) -> bool {
        let reader = match self.reader {
            Reader::Nobody => None,
            Reader::Chosen(_) => Some(Time::ZERO),
            Reader::Working { until, .. } => Some(until),
        };
        let keeper = self.keeper.map(|(_, until)| until);
        [reader, keeper]
            .into_iter()
            .flatten()
            .any(|until| until <= due)
    }

    fn give_up_side_parts(&mut self, me: Seat) {
        self.keeper.take_if(|(keeper, _)| *keeper == me);
        self.writer.take_if(|writer| *writer == me);
    }

    /// Finds somebody for every part that is vacant, as long as there are waiters.
    fn hand_on(&mut self) {
        let vacant = match self.reader {
            Reader::Nobody => true,
            Reader::Chosen(_) => false,
            Reader::Working { writes, .. } => {
                let unkept = self
                    .machine
                    .poll_timeout()
                    .is_some_and(|due| !self.is_kept(due));
                unkept || (self.wants_room() && !writes && self.writer.is_none())
            }
        };
        if !vacant {
            return;
        }
        let Some(next) = self.next_to_wake() else {
            return;
        };
        if self.reader == Reader::Nobody {
            self.reader = Reader::Chosen(next);
        }
        self.wake(next);
    }

    /// A waiter that can be woken; one that waits for room to write only if there is no other.
    fn next_to_wake(&self) -> Option<Seat> {
        let mut asleep = self.waiters.waiting().filter(|seat| !self.is_reader(*seat));
        let first = asleep.next()?;
        if Some(first) == self.writer {
            asleep.next().or(Some(first))
        } else {
            Some(first)
        }
    }

    fn is_reader(&self, seat: Seat) -> bool {
        matches!(self.reader, Reader::Working { seat: reader, .. } if reader == seat)
    }

    fn is_asleep(&self, seat: Seat) -> bool {
        self.waiters
            .get(seat)
            .is_some_and(|waiter| waiter.ended.is_none())
            && !self.is_reader(seat)
    }

    fn wake(&mut self, seat: Seat) {
        if let Some(waiter) = self.waiters.get(seat) {
            self.wake.push(waiter.thread.clone());
        }
    }
}

fn unreachable(endpoint: &Endpoint, kind: io::ErrorKind) -> ConnectError {
    ConnectError::Unreachable {
        endpoint: endpoint.clone(),
        source: kind.into(),
    }
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        (self.at, self.call, self.seat) = (0, None, None);
    }
}
