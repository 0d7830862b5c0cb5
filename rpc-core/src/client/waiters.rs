//! The threads and futures that wait for calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;
use std::thread::Thread;

use rpc_proto::session::client::CallId;

use super::state::Ended;

/// A waiting caller's place in the list. It is the caller's until it leaves, whereas its call ends before that: from
/// then on the machine may use the call's slot again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat(usize);

impl Seat {
    /// Whoever works without waiting for a call.
    pub(super) const OF_NOBODY: Self = Self(usize::MAX);
}

/// Who waits for a call.
#[derive(Debug)]
pub(super) enum Caller {
    /// A thread, which meanwhile works for all.
    Thread(Thread),
    /// A future, with its waker if it was polled.
    Future(Option<Waker>),
}

impl Caller {
    pub(super) fn into_wakeup(self) -> Option<Wakeup> {
        match self {
            Caller::Thread(thread) => Some(Wakeup::Thread(thread)),
            Caller::Future(waker) => waker.map(Wakeup::Task),
        }
    }
}

/// Somebody who is to be woken, with no lock held.
#[derive(Debug)]
pub(super) enum Wakeup {
    Thread(Thread),
    Task(Waker),
}

impl Wakeup {
    pub(super) fn wake(self) {
        match self {
            Wakeup::Thread(thread) => thread.unpark(),
            // It runs the code of some runtime. Should that panic, others are still to be woken.
            Wakeup::Task(waker) => {
                if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
                    tracing::error!("the waker of a future panicked");
                }
            }
        }
    }
}

/// Where a caller's call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The machine has it.
    Machine(CallId),
    /// It waits for room in the machine, under this ticket.
    Queue(u64),
}

/// Who waits for a call, and what became of it.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) place: Place,
    caller: Caller,
    pub(super) oneway: bool,
    /// What was last sent of it did not leave whole.
    pub(super) unsent: bool,
    /// How many of the channel's connections had broken when the call began.
    pub(super) broken: u64,
    /// How its call ended, until that is taken.
    pub(super) ended: Option<Ended>,
    /// Of a future: its call has ended, whether or not that was taken.
    over: bool,
}

impl Waiter {
    pub(super) fn is_thread(&self) -> bool {
        matches!(self.caller, Caller::Thread(_))
    }

    pub(super) fn is_waiting_thread(&self) -> bool {
        self.ended.is_none() && self.is_thread()
    }
}

/// Those who wait.
///
/// `free` names exactly the empty seats. `by_slot` leads from the slots of calls in flight to the seats of their callers.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    seats: Vec<Option<Waiter>>,
    free: Vec<usize>,
    by_slot: Vec<Option<Seat>>,
    /// How many seats are futures',
    of_futures: usize,
    /// of how many of those the call has not ended,
    futures: usize,
    /// and how many of those were polled.
    polled: usize,
}

impl Waiters {
    #[inline]
    pub(super) fn add(&mut self, place: Place, caller: Caller, oneway: bool, broken: u64) -> Seat {
        self.count(&caller, true, Step::More);
        let waiter = Some(Waiter {
            place,
            caller,
            oneway,
            unsent: false,
            broken,
            ended: None,
            over: false,
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
        if let Place::Machine(call) = place {
            self.place(call, seat);
        }
        seat
    }

    /// The machine has taken the call of a seat from the queue.
    pub(super) fn admit(&mut self, seat: Seat, call: CallId, broken: u64) {
        if let Some(waiter) = self.get_mut(seat) {
            (waiter.place, waiter.broken) = (Place::Machine(call), broken);
            self.place(call, seat);
        }
    }

    #[inline]
    fn place(&mut self, call: CallId, seat: Seat) {
        if self.by_slot.len() <= call.slot() {
            self.by_slot.resize(call.slot() + 1, None);
        }
        self.by_slot[call.slot()] = Some(seat);
    }

    /// The caller of a call that is in flight, or whose end is being told right now.
    pub(super) fn caller(&self, call: CallId) -> Option<Seat> {
        let seat = self.by_slot.get(call.slot()).copied().flatten()?;
        self.get(seat)
            .filter(|waiter| waiter.place == Place::Machine(call))
            .map(|_| seat)
    }

    pub(super) fn get(&self, seat: Seat) -> Option<&Waiter> {
        self.seats.get(seat.0)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, seat: Seat) -> Option<&mut Waiter> {
        self.seats.get_mut(seat.0)?.as_mut()
    }

    /// Futures whose calls have not ended.
    pub(super) fn futures(&self) -> usize {
        self.futures
    }

    /// Those of them that were polled.
    pub(super) fn polled(&self) -> usize {
        self.polled
    }

    /// The seats of threads whose call has not ended.
    pub(super) fn waiting_threads(&self) -> impl Iterator<Item = Seat> {
        // There may be thousands of futures, and a look at each for nothing.
        let none = self.seats.len() - self.free.len() == self.of_futures;
        let seats = if none { &[] } else { &self.seats[..] };
        let waiting =
            |waiter: &Option<Waiter>| waiter.as_ref().is_some_and(Waiter::is_waiting_thread);
        let seats = seats.iter().enumerate();
        seats
            .filter(move |(_, waiter)| waiting(waiter))
            .map(|(at, _)| Seat(at))
    }

    /// The call of a seat has ended.
    #[inline]
    pub(super) fn end(&mut self, seat: Seat, ended: Ended) {
        let Some(waiter) = self.get_mut(seat) else {
            return;
        };
        waiter.ended = Some(ended);
        if !waiter.is_thread() {
            self.end_future(seat);
        }
    }

    #[cold]
    fn end_future(&mut self, seat: Seat) {
        if let Some(Some(waiter)) = self.seats.get_mut(seat.0)
            && !std::mem::replace(&mut waiter.over, true)
            && let Caller::Future(waker) = &waiter.caller
        {
            self.futures -= 1;
            self.polled -= usize::from(waker.is_some());
        }
    }

    /// Whom to wake about this seat. A future's waker is given once.
    pub(super) fn wakeup(&mut self, seat: Seat) -> Option<Wakeup> {
        let waiter = self.seats.get_mut(seat.0)?.as_mut()?;
        match &mut waiter.caller {
            Caller::Thread(thread) => Some(Wakeup::Thread(thread.clone())),
            Caller::Future(waker) => {
                let waker = waker.take()?;
                self.polled -= usize::from(!waiter.over);
                Some(Wakeup::Task(waker))
            }
        }
    }

    /// Whether the future of this seat would be woken by `waker`.
    pub(super) fn is_woken_by(&self, seat: Seat, waker: &Waker) -> bool {
        self.get(seat).is_some_and(|waiter| match &waiter.caller {
            Caller::Future(Some(held)) => held.will_wake(waker),
            Caller::Future(None) | Caller::Thread(_) => false,
        })
    }

    /// Somebody else waits on this seat from now on. Gives back who did, to be dropped with no lock held.
    pub(super) fn replace(&mut self, seat: Seat, caller: Caller) -> Option<Caller> {
        let open = !self.get(seat)?.over;
        self.count(&caller, open, Step::More);
        let before = std::mem::replace(&mut self.get_mut(seat)?.caller, caller);
        self.count(&before, open, Step::Less);
        Some(before)
    }

    #[inline]
    pub(super) fn remove(&mut self, seat: Seat) -> Option<Waiter> {
        let waiter = self.seats.get_mut(seat.0).and_then(Option::take)?;
        self.count(&waiter.caller, !waiter.over, Step::Less);
        self.free.push(seat.0);
        if let Place::Machine(call) = waiter.place
            && let Some(of_call) = self.by_slot.get_mut(call.slot())
        {
            // Another call has the slot by now, unless the caller left before its call had ended.
            of_call.take_if(|of_call| *of_call == seat);
        }
        Some(waiter)
    }

    /// Everybody.
    pub(super) fn into_callers(self) -> impl Iterator<Item = Caller> {
        self.seats.into_iter().flatten().map(|waiter| waiter.caller)
    }

    #[inline]
    fn count(&mut self, caller: &Caller, open: bool, step: Step) {
        let Caller::Future(waker) = caller else {
            return;
        };
        let change = |count: &mut usize, by: bool| match step {
            Step::More => *count += usize::from(by),
            Step::Less => *count -= usize::from(by),
        };
        change(&mut self.of_futures, true);
        change(&mut self.futures, open);
        change(&mut self.polled, open && waker.is_some());
    }
}

#[derive(Clone, Copy)]
enum Step {
    More,
    Less,
}
