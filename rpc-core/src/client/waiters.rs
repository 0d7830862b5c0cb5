//! The threads that wait for calls.

use std::thread::Thread;

use rpc_proto::session::client::CallId;

use super::state::Ended;

/// A waiting thread's place in the list. It is the thread's until it leaves, whereas its call ends before that: from
/// then on the machine may use the call's slot again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat(usize);

/// A thread that waits for a call.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) call: CallId,
    pub(super) thread: Thread,
    pub(super) oneway: bool,
    /// What was last sent of it did not leave whole.
    pub(super) unsent: bool,
    /// How many of the channel's connections had broken when the call began.
    pub(super) broken: u64,
    pub(super) ended: Option<Ended>,
}

/// The threads that wait.
///
/// `free` names exactly the empty seats. `by_slot` leads from the slots of calls in flight to the seats of their callers.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    seats: Vec<Option<Waiter>>,
    free: Vec<usize>,
    by_slot: Vec<Option<Seat>>,
}

impl Waiters {
    pub(super) fn add(&mut self, call: CallId, thread: Thread, oneway: bool, broken: u64) -> Seat {
        let waiter = Some(Waiter {
            call,
            thread,
            oneway,
            unsent: false,
            broken,
            ended: None,
        });
        let seat = match self.free.pop() {
            Some(free) => {
                self.seats[free] = waiter;
                Seat(free)
            }
            None => {
                self.seats.push(waiter);
                Seat(self.seats.len() - 1)
            }
        };
        if self.by_slot.len() <= call.slot() {
            self.by_slot.resize(call.slot() + 1, None);
        }
        self.by_slot[call.slot()] = Some(seat);
        seat
    }

    /// The caller of a call that is in flight, or whose end is being told right now.
    pub(super) fn caller(&self, call: CallId) -> Option<Seat> {
        let seat = self.by_slot.get(call.slot()).copied().flatten()?;
        self.get(seat)
            .filter(|waiter| waiter.call == call)
            .map(|_| seat)
    }

    pub(super) fn get(&self, seat: Seat) -> Option<&Waiter> {
        self.seats.get(seat.0)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, seat: Seat) -> Option<&mut Waiter> {
        self.seats.get_mut(seat.0)?.as_mut()
    }

    /// The seats of those whose call has not ended.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Seat> {
        let seats = self.seats.iter().enumerate();
        seats
            .filter(|(_, waiter)| waiter.as_ref().is_some_and(|waiter| waiter.ended.is_none()))
            .map(|(at, _)| Seat(at))
    }

    pub(super) fn remove(&mut self, seat: Seat) {
        let Some(waiter) = self.seats.get_mut(seat.0).and_then(Option::take) else {
            return;
        };
        self.free.push(seat.0);
        if let Some(of_call) = self.by_slot.get_mut(waiter.call.slot()) {
            // Another call has the slot by now, unless the caller left before its call had ended.
            of_call.take_if(|of_call| *of_call == seat);
        }
    }

    /// Everybody's thread.
    pub(super) fn into_threads(self) -> impl Iterator<Item = Thread> {
        self.seats.into_iter().flatten().map(|waiter| waiter.thread)
    }
}
