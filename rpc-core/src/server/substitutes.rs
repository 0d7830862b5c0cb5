//! Substitutes: threads that run calls while workers wait for calls that their own handlers made.
//!
//! Two servers with one worker each, and a call that goes from the first to the second and back: without a substitute the
//! call that comes back would wait for the very worker that waits for it. Handlers that only wait take no processor, so
//! with the substitutes no more of them are at work than there are workers.

use super::hands::Hands;
use super::seat::Seat;
use super::shared::{Phase, Shared};
use crate::nested;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Calls that are nested deeper, or in more places at a time, wait for their deadline.
const MOST: usize = 256;

/// The places of the substitutes. There is no thread behind one until it is needed.
#[derive(Debug)]
pub(crate) struct Substitutes {
    seats: Vec<Seat>,
    free: Mutex<Vec<usize>>,
    /// How many handlers wait for calls that they made.
    waiting: Arc<AtomicUsize>,
}

impl Default for Substitutes {
    fn default() -> Self {
        Self {
            seats: (0..MOST).map(|_| Seat::default()).collect(),
            free: Mutex::new((0..MOST).collect()),
            waiting: Arc::default(),
        }
    }
}

impl Substitutes {
    /// Where substitutes tell what they run.
    pub(crate) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// From now on, calls that this thread makes are calls of handlers.
    pub(crate) fn count_waiting_here(&self) {
        nested::count_waiting_here(self.waiting.clone());
    }

    fn take_seat(&self) -> Option<usize> {
        let mut free = self.free();
        if MOST - free.len() < self.waiting.load(Ordering::Relaxed) {
            free.pop()
        } else {
            None
        }
    }

    /// Gives a seat back if there are more substitutes than handlers that wait.
    fn leave_if_spare(&self, seat: usize) -> bool {
        let mut free = self.free();
        let spare = MOST - free.len() > self.waiting.load(Ordering::Relaxed);
        if spare {
            free.push(seat);
        }
        spare
    }

    fn free(&self) -> MutexGuard<'_, Vec<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has a substitute run the calls that wait, if a worker cannot because it waits itself.
pub(crate) fn call_in(shared: &Arc<Shared>) {
    if shared.calls.is_empty() {
        return;
    }
    let Some(seat) = shared.substitutes.take_seat() else {
        return;
    };
    let theirs = shared.clone();
    let thread = thread::Builder::new().name(format!("rpc-substitute-{seat}"));
    if let Err(error) = thread.spawn(move || work(&theirs, seat)) {
        tracing::warn!(%error, "calls have to wait since a thread cannot be started");
        shared.substitutes.free().push(seat);
    }
}

/// Runs what waits for a worker until nothing does.
fn work(shared: &Shared, seat: usize) {
    let substitutes = &shared.substitutes;
    substitutes.count_waiting_here();
    let mut hands = Hands::new(shared, Some(&substitutes.seats[seat]));
    while shared.phase() != Phase::Stopped {
        let Some(call) = shared.calls.pop() else {
            break;
        };
        hands.end_waiting_call(call);
        shared.commit_soon();
        if substitutes.leave_if_spare(seat) {
            return;
        }
    }
    substitutes.free().push(seat);
}
