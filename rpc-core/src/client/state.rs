//! What the threads of a channel share, under one lock.

use std::sync::Arc;

use rpc_proto::describe::Semantics;
use rpc_proto::session::client::{CallId, Client, Failure, FailureKind, Request};
use rpc_proto::session::program::ReleasedKey;
use rpc_proto::time::{Executed, Retry, Time};

use super::attending::Attendance;
use super::parts::Reader;
use super::queue::Queue;
use super::reading::Reading;
use super::stats::Stats;
use super::traffic::Backlog;
use super::waiters::{Caller, Place, Seat, Waiter, Waiters, Wakeup};
use crate::error::ConnectError;
use crate::transport::{Address, Link};

/// A call as its caller gets it back.
#[derive(Debug)]
pub(super) enum Ended {
    /// The encoded result.
    Returned(Vec<u8>),
    /// A oneway call of which the system did not take everything, so that nobody will run it; with its message.
    Unsent(Vec<u8>),
    /// It failed, after so many connections broke under it; the buffer is for the next call.
    Failed(Failure, u64, Vec<u8>),
    /// The deadline came, after so many connections broke under it, and its caller may ask again.
    Unanswered(Failure, u64, Shelved),
    /// The machine was lost: a mistake of ours.
    Broken,
}

/// A call whose answer the server still keeps for us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shelved {
    call: CallId,
    /// Which machine has it.
    epoch: u64,
}

/// The session machine, the threads that wait, and who of them does what.
///
/// While threads wait, one of them is the *reader*: it alone receives, or connects while there is no link. The others
/// sleep until their call has ended or they are made the reader. Three things keep any of them from sleeping too long:
/// - leaving as reader and choosing the next one are one critical section;
/// - of the machine's earliest timer the reader takes care, or, if that became earlier while the reader was already
///   waiting, the *keeper*;
/// - when the system does not take a whole message, the *writer* waits until it takes the rest, unless the reader does.
///
/// While futures wait, the parts for which there is no such thread are the I/O thread's (`attending`).
pub(super) struct State {
    pub(super) machine: Client,
    pub(super) waiters: Waiters,
    /// Calls of futures for which the machine has no room yet.
    pub(super) queue: Queue,
    /// The I/O thread's hold, once there was a future.
    pub(super) attendance: Option<Box<Attendance>>,
    pub(super) reader: Reader,
    /// The reader's things, while nobody has them: exactly when `reader` is not `Working`.
    pub(super) reading: Option<Box<Reading>>,
    pub(super) keeper: Option<(Seat, Time)>,
    pub(super) writer: Option<Seat>,
    /// The way out.
    pub(super) link: Option<Arc<Link>>,
    /// Sending failed. Nothing more is sent, but what had come before is still to be read.
    pub(super) failing: bool,
    pub(super) backlog: Backlog,
    /// Why there is no link, if it is known.
    pub(super) trouble: Option<Arc<ConnectError>>,
    pub(super) links: u64,
    /// How many connections broke.
    pub(super) broken: u64,
    /// When something last came over the link.
    pub(super) heard: Time,
    /// The link was given up since the server said nothing.
    pub(super) silent: bool,
    /// Whether any server has said anything yet.
    pub(super) spoken: bool,
    /// Counts the machines that were lost. What belongs to an earlier one is not taken back.
    pub(super) epoch: u64,
    /// Who is to be woken as soon as the lock is released.
    pub(super) wake: Vec<Wakeup>,
}

impl State {
    pub(super) fn new(machine: Client, reading: Box<Reading>) -> Self {
        Self {
            machine,
            waiters: Waiters::default(),
            queue: Queue::default(),
            attendance: None,
            reader: Reader::Nobody,
            reading: Some(reading),
            keeper: None,
            writer: None,
            link: None,
            failing: false,
            backlog: Backlog::default(),
            trouble: None,
            links: 0,
            broken: 0,
            heard: Time::ZERO,
            silent: false,
            spoken: false,
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

    /// When something is to be done by itself.
    pub(super) fn due(&self) -> Option<Time> {
        let machine = self.machine.poll_timeout();
        if self.queue.is_empty() {
            return machine;
        }
        machine.into_iter().chain(self.queue.due()).min()
    }

    /// Takes a call, for which `caller` will wait on the seat that it gets.
    #[inline]
    pub(super) fn begin(&mut self, now: Time, request: Request, caller: Caller) -> Seat {
        let oneway = request.method.semantics == Semantics::Oneway;
        let call = self.machine.handle_call(now, request);
        let place = Place::Machine(call);
        self.waiters.add(place, caller, oneway, self.broken)
    }

    /// Takes a call, or lets it wait until there is room for it.
    pub(super) fn begin_or_queue(&mut self, now: Time, request: Request, caller: Caller) -> Seat {
        if self.queue.is_empty() && self.machine.has_room() {
            return self.begin(now, request, caller);
        }
        let oneway = request.method.semantics == Semantics::Oneway;
        let place = Place::Queue(self.queue.next_ticket());
        let seat = self.waiters.add(place, caller, oneway, self.broken);
        if self.queue.is_full() {
            self.waiters.end(seat, one_too_many(request));
        } else {
            self.queue.push(seat, request);
        }
        seat
    }

    /// Hands queued calls to the machine as far as there is room, and ends those whose time is over.
    #[cold]
    pub(super) fn admit(&mut self, now: Time, me: Option<Seat>) {
        while let Some((seat, request)) = self.queue.pop_late(now) {
            self.end(seat, one_too_many(request), me);
        }
        while self.machine.has_room()
            && let Some((seat, request)) = self.queue.pop()
        {
            let call = self.machine.handle_call(now, request);
            self.waiters.admit(seat, call, self.broken);
            // What ends at once makes room.
            self.exchange(now, me);
        }
    }

    /// The call of `seat` has ended. `me` needs no waking.
    #[inline]
    pub(super) fn end(&mut self, seat: Seat, ended: Ended, me: Option<Seat>) {
        self.waiters.end(seat, ended);
        if me != Some(seat) {
            self.wake(seat);
        }
    }

    /// Takes a call up again, for which `caller` will wait. It comes back if the machine that had the call is lost.
    pub(super) fn ask_again(
        &mut self,
        now: Time,
        shelved: Shelved,
        deadline: Time,
        caller: Caller,
    ) -> Result<Seat, Caller> {
        let known =
            shelved.epoch == self.epoch && self.machine.ask_again(now, shelved.call, deadline);
        if !known {
            return Err(caller);
        }
        let place = Place::Machine(shelved.call);
        Ok(self.waiters.add(place, caller, false, self.broken))
    }

    /// Whoever waited on `seat` leaves it: half a message that is still to be sent is not that of who has the seat next. The
    /// waker of a future, among other things, is for the caller to drop, with no lock held.
    #[must_use]
    pub(super) fn depart(&mut self, seat: Seat) -> Option<Waiter> {
        self.backlog.seat.take_if(|owner| *owner == seat);
        self.waiters.remove(seat)
    }

    /// Whoever waited on `seat` leaves without the answer. Otherwise as [`depart`](Self::depart).
    #[must_use]
    pub(super) fn abandon(&mut self, now: Time, seat: Seat) -> Option<Waiter> {
        let waiter = self.depart(seat)?;
        match (&waiter.ended, waiter.place) {
            (Some(Ended::Unanswered(_, _, shelved)), _) => self.give_up(now, *shelved),
            (Some(_), _) => {}
            (None, Place::Machine(call)) => self.machine.give_up(now, call),
            (None, Place::Queue(ticket)) => drop(self.queue.remove(ticket)),
        }
        Some(waiter)
    }

    /// Nobody will ask for the answer of this call.
    pub(super) fn give_up(&mut self, now: Time, shelved: Shelved) {
        if shelved.epoch == self.epoch {
            self.machine.give_up(now, shelved.call);
        }
    }

    /// Nobody will ask again for the calls under these keys.
    pub(super) fn release(&mut self, now: Time, keys: Vec<ReleasedKey>) {
        for key in keys {
            self.machine.release(now, key);
        }
    }

    /// A call of this machine that has ended shelved.
    pub(super) fn shelved(&self, call: CallId) -> Shelved {
        Shelved {
            call,
            epoch: self.epoch,
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
            Ended::Failed(failure, _, message)
                if lost && failure.kind == FailureKind::ConnectionLost =>
            {
                Ended::Unsent(message)
            }
            ended => ended,
        })
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
        self.disarm();
        let attendance = self.attendance.take();
        let callers = std::mem::take(&mut self.waiters).into_callers();
        let wake = callers.filter_map(Caller::into_wakeup).collect();
        let (links, epoch) = (self.links, self.epoch + 1);
        reading.epoch = epoch;
        *self = Self {
            links,
            epoch,
            wake,
            attendance,
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
}

/// The end of a call for which there was no room in all its time. Nothing of it was sent.
fn one_too_many(request: Request) -> Ended {
    let failure = Failure {
        kind: FailureKind::TooManyCalls,
        executed: Executed::No,
        retry: Retry::Now,
    };
    Ended::Failed(failure, 0, request.message)
}
