//! A future's hold on its call in the engine.

use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};

use rpc_proto::describe::{Interface, Method};
use rpc_proto::session::client::{Key, Request};
use rpc_proto::time::Time;

use super::engine::Engine;
use super::state::{Ended, Shelved};
use super::waiters::{Caller, Seat};
use crate::system::now;

/// A call that the engine has, and nobody waits for in a thread. Dropped, it is given up.
///
/// Wakers are cloned and dropped with no lock held, as they are woken: all three may run anybody's code.
pub(super) struct Ticket {
    engine: Arc<Engine>,
    seat: Seat,
    /// The machine that took the call.
    epoch: u64,
    pub(super) deadline: Time,
    /// The seat is still ours.
    seated: bool,
}

impl Engine {
    /// Makes a call, of which `waker` hears when it ends. `message`: room for the headers, then the arguments.
    ///
    /// # Errors
    ///
    /// There is no I/O thread and none can be started. Nothing is sent.
    pub(super) fn start(
        self: &Arc<Self>,
        interface: &'static Interface,
        method: &'static Method,
        message: Vec<u8>,
        key: Option<Key>,
        deadline: Time,
        waker: Option<&Waker>,
    ) -> io::Result<Ticket> {
        let request = Request {
            interface,
            method,
            message,
            key,
            deadline,
            shelve: true,
        };
        let caller = Caller::Future(waker.cloned());
        let mut state = self.lock();
        state.expect_futures(self)?;
        let now = now();
        state.look_after_idle_link(now);
        let seat = state.begin_or_queue(now, request, caller);
        state.work(now, Some(seat));
        state.hand_on();
        Ok(self.ticket(seat, state.epoch(), deadline))
    }

    /// Asks again what became of a call. `None` if the machine that had it is lost.
    ///
    /// # Errors
    ///
    /// As those of [`start`](Self::start). The call is as it was.
    pub(super) fn start_asking(
        self: &Arc<Self>,
        shelved: Shelved,
        deadline: Time,
        waker: Option<&Waker>,
    ) -> io::Result<Option<Ticket>> {
        let caller = Caller::Future(waker.cloned());
        let mut state = self.lock();
        state.expect_futures(self)?;
        let now = now();
        state.look_after_idle_link(now);
        let seat = match state.ask_again(now, shelved, deadline, caller) {
            Ok(seat) => seat,
            Err(caller) => {
                drop(state);
                drop(caller);
                return Ok(None);
            }
        };
        state.work(now, Some(seat));
        state.hand_on();
        Ok(Some(self.ticket(seat, state.epoch(), deadline)))
    }

    fn ticket(self: &Arc<Self>, seat: Seat, epoch: u64, deadline: Time) -> Ticket {
        Ticket {
            engine: self.clone(),
            seat,
            epoch,
            deadline,
            seated: true,
        }
    }
}

impl Ticket {
    /// How the call ended, if it has; else `waker` hears of it. Once it has ended, only to be dropped.
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Ended> {
        let mut cloned = None;
        loop {
            let mut state = self.engine.lock();
            if state.epoch() != self.epoch {
                self.seated = false;
                return Poll::Ready(Ended::Broken);
            }
            if let Some(ended) = state.take(self.seat) {
                self.seated = false;
                let left = state.depart(self.seat);
                drop(state);
                drop(left);
                return Poll::Ready(ended);
            }
            if state.waiters.is_woken_by(self.seat, waker) {
                return Poll::Pending;
            }
            let Some(cloned) = cloned.take() else {
                drop(state);
                cloned = Some(waker.clone());
                continue;
            };
            let before = state
                .waiters
                .replace(self.seat, Caller::Future(Some(cloned)));
            state.hand_on();
            drop(state);
            drop(before);
            return Poll::Pending;
        }
    }

    /// Waits for the end in this thread.
    pub(super) fn wait(mut self) -> Ended {
        let mut state = self.engine.lock();
        self.seated = false;
        if state.epoch() != self.epoch {
            return Ended::Broken;
        }
        let caller = Caller::Thread(std::thread::current());
        let before = state.waiters.replace(self.seat, caller);
        let ended = self.engine.turn(self.seat, &state).run(state, now());
        drop(before);
        ended
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.seated {
            return;
        }
        let mut state = self.engine.lock();
        if state.epoch() != self.epoch {
            return;
        }
        let now = now();
        let left = state.abandon(now, self.seat);
        // There may be room for another call now.
        state.work(now, None);
        state.hand_on();
        drop(state);
        drop(left);
    }
}
