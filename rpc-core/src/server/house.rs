//! The housekeeper: one thread beside the workers that runs no handlers, and so can never be stuck in one.
//!
//! It runs the session machine's timers; takes sources over from workers whose handlers are slow, so that the calls
//! behind them reach other workers; takes messages in while all workers are busy, so that clients who ask are answered
//! and those who ask for too much are refused; and closes connections that keep the server waiting. While the server is
//! idle it sleeps without a timer.

use super::claim::{Hold, Ready};
use super::hands::Hands;
use super::poller::Events;
use super::queues::UnfinishedSource;
use super::shared::{Phase, Shared};
use super::substitutes;
use super::worker::take_events;
use crate::system;
use rpc_proto::time::Time;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// A handler that has run for so long is slow: what waits behind it goes to others.
const SLOW: Duration = Duration::from_micros(200);

/// How often the housekeeper looks while it is asked to. Waking it for each handler would cost more than looking.
const TICK: Duration = Duration::from_millis(1);

/// After ticks of growing length in which nobody asked, it sleeps until somebody does.
const LONGEST_TICK: Duration = Duration::from_millis(16);

/// How long it waits for events while all workers are stuck, before it looks around again.
const STAND_IN: Duration = Duration::from_millis(10);

/// How often it looks for connections that keep the server waiting, while there are any.
const SWEEP: Duration = Duration::from_secs(1);

/// How long it waits before it accepts again after accepting failed.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// How the housekeeper is asked for.
#[derive(Debug, Default)]
pub(crate) struct House {
    /// When it wakes by itself; 0 while it is awake. See [`keep`] for why nobody's request is missed.
    wakes_at: AtomicU64,
    thread: OnceLock<Thread>,
    /// Something may wait behind a handler since the housekeeper last looked.
    asked: AtomicBool,
    stalled: AtomicBool,
    /// The connections together hold too much memory.
    relief: AtomicBool,
    accept_later: Mutex<Vec<u64>>,
}

impl House {
    /// Asks the housekeeper to look around at `time` or earlier.
    pub(crate) fn need_by(&self, time: Time) {
        if time.as_nanos() < self.wakes_at.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Asks the housekeeper to look around now.
    pub(crate) fn wake(&self) {
        // One waking is enough, so others see that it is awake as good as.
        self.wakes_at.store(0, Ordering::SeqCst);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Something may wait behind a handler: one that begins, and whose seat says so already, or one that runs.
    ///
    /// Not asked for every handler: as long as another worker is free and nothing waits, a slow one harms nobody.
    pub(crate) fn watch_handlers(&self, now: Time) {
        if !self.asked.load(Ordering::SeqCst) {
            self.asked.store(true, Ordering::SeqCst);
        }
        self.need_by(now + TICK);
    }

    /// A connection keeps the server waiting.
    pub(crate) fn watch_stalled(&self) {
        if !self.stalled.load(Ordering::SeqCst) && !self.stalled.swap(true, Ordering::SeqCst) {
            self.need_by(system::now() + SWEEP);
        }
    }

    /// The connections together hold too much memory.
    pub(crate) fn ask_for_relief(&self) {
        if !self.relief.swap(true, Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Accepting failed at this source and has to be tried again.
    pub(crate) fn accept_later(&self, number: u64) {
        self.accept_later
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(number);
        self.wake();
    }
}

/// Keeps house until the server stops.
///
/// Before it sleeps it publishes when it will wake, and then looks once more. A worker changes something first (a seat, the
/// machine, what is asked) and then looks at that time. Whichever of the two comes later sees the other, so no request is missed.
pub(crate) fn keep(shared: &Arc<Shared>) {
    // Set once: each server has its own housekeeper.
    let _ = shared.house.thread.set(thread::current());
    let mut keeper = Keeper {
        shared,
        hands: Hands::new(shared, None),
        events: Events::new(),
        taken_over: vec![Time::ZERO; shared.seats.len()],
        tick: TICK,
        swept: Time::ZERO,
        accept_at: None,
    };
    while shared.phase() != Phase::Stopped {
        shared.house.wakes_at.store(0, Ordering::SeqCst);
        let next = keeper.look_around();
        // It must not wait for the store itself.
        shared.commit_soon();
        shared
            .house
            .wakes_at
            .store(next.map_or(u64::MAX, Time::as_nanos), Ordering::SeqCst);
        if keeper.missed_something(next) {
            continue;
        }
        match next {
            Some(next) => thread::park_timeout(next.since(system::now())),
            None => thread::park(),
        }
    }
    // The waking that comes with the stop may have reached this thread while it stood in for the workers.
    shared.poller.wake();
}

struct Keeper<'a> {
    shared: &'a Arc<Shared>,
    hands: Hands<'a>,
    events: Events,
    /// For each seat, when the handler began whose source was taken over.
    taken_over: Vec<Time>,
    tick: Duration,
    swept: Time,
    accept_at: Option<Time>,
}

impl Keeper<'_> {
    /// Does all that is due. Says when to come again.
    fn look_around(&mut self) -> Option<Time> {
        let now = system::now();
        if self.shared.house.relief.swap(false, Ordering::SeqCst) {
            self.shared.relieve();
        }
        let machine = self.run_timers(now);
        let accept = self.accept_again(now);
        let sweep = self.sweep(now);
        let tick = self.next_tick(now);
        let at_once = self.help_behind_slow_handlers(now).then_some(now);
        [machine, accept, sweep, tick, at_once]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether something came up since the look that planned to sleep until `next`.
    fn missed_something(&self, next: Option<Time>) -> bool {
        let earlier = |time: Time| next.is_none_or(|next| time < next);
        let asked = self.shared.house.asked.load(Ordering::SeqCst);
        let stalled = self.shared.house.stalled.load(Ordering::SeqCst);
        (asked && earlier(system::now() + TICK))
            || (stalled && earlier(system::now() + SWEEP))
            || self.shared.poll_timeout().is_some_and(earlier)
            || self.shared.phase() == Phase::Stopped
    }

    fn run_timers(&mut self, now: Time) -> Option<Time> {
        let due = self.shared.poll_timeout()?;
        if due > now {
            return Some(due);
        }
        self.shared.handle_timeout(now)
    }

    fn accept_again(&mut self, now: Time) -> Option<Time> {
        let waiting = &mut *self
            .shared
            .house
            .accept_later
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return None;
        }
        match self.accept_at {
            Some(at) if at <= now => {
                for source in waiting
                    .drain(..)
                    .filter_map(|number| self.shared.sources.get(number))
                {
                    self.shared.notify(&source, Ready::READ);
                }
                self.accept_at = None;
            }
            Some(_) => {}
            None => self.accept_at = Some(now + ACCEPT_AGAIN),
        }
        self.accept_at
    }

    /// Closes connections whose peers have kept the server waiting for too long.
    fn sweep(&mut self, now: Time) -> Option<Time> {
        let stalled = &self.shared.house.stalled;
        if !stalled.load(Ordering::SeqCst) {
            return None;
        }
        let next = self.swept + SWEEP;
        if now < next {
            return Some(next);
        }
        self.swept = now;
        // Cleared first: a connection that begins to stall from here on sets it again.
        stalled.store(false, Ordering::SeqCst);
        for source in self.shared.sources.all() {
            let Some(stream) = source.as_stream() else {
                continue;
            };
            match stream.stalls_since() {
                Some(since) if now.since(since) >= self.shared.bounds.patience => {
                    tracing::debug!(peer = %stream.peer, "a connection that keeps the server waiting is closed");
                    self.shared.close(&source);
                }
                Some(_) => stalled.store(true, Ordering::SeqCst),
                None => {}
            }
        }
        stalled.load(Ordering::SeqCst).then_some(now + SWEEP)
    }

    /// Ticks while somebody asks, ever more slowly when nobody does, then not at all.
    fn next_tick(&mut self, now: Time) -> Option<Time> {
        let asked = self.shared.house.asked.swap(false, Ordering::SeqCst);
        self.tick = if asked { TICK } else { self.tick * 2 };
        if self.tick > LONGEST_TICK {
            self.tick = LONGEST_TICK;
            return None;
        }
        Some(now + self.tick)
    }

    /// Takes over what slow handlers hold. Says whether all workers are stuck in such, which needs another look at once.
    fn help_behind_slow_handlers(&mut self, now: Time) -> bool {
        let mut stuck = 0;
        for index in 0..self.shared.seats.len() {
            let Some(running) = self.shared.seats[index].running() else {
                continue;
            };
            if now.since(running.since) < SLOW {
                // If anything may wait behind it, its worker has asked, so there is another look in a tick.
                continue;
            }
            stuck += 1;
            if self.taken_over[index] != running.since {
                self.taken_over[index] = running.since;
                self.take_over(running.held);
            }
        }
        if stuck == self.shared.seats.len() {
            substitutes::call_in(self.shared);
            self.stand_in();
            return true;
        }
        if !(self.shared.unfinished.is_empty() && self.shared.calls.is_empty()) {
            // They may be left behind a slow handler, or their waking may have reached this thread while it stood in.
            self.shared.poller.wake();
        }
        false
    }

    /// Ends a slow worker's hold on a source: sends the replies that are finished, and takes in what waits there.
    fn take_over(&mut self, held: Option<(u64, Hold)>) {
        let Some((number, hold)) = held else { return };
        let Some(source) = self.shared.sources.get(number) else {
            return;
        };
        if let Some((hold, ready)) = source.claim.steal(hold) {
            if let Some(stream) = source.as_stream() {
                // Until the worker finds out that it has lost the claim, the connection waits for its reply.
                stream.detach_call();
            }
            self.hands.serve(&source, hold, ready);
        }
    }

    /// All workers are stuck in handlers: waits for events in their place, for a moment.
    fn stand_in(&mut self) {
        for _ in 0..self.shared.unfinished.len() {
            let Some(UnfinishedSource {
                source,
                hold,
                ready,
            }) = self.shared.unfinished.pop()
            else {
                break;
            };
            self.hands.serve(&source, hold, ready);
        }
        let due = self
            .shared
            .poll_timeout()
            .map_or(STAND_IN, |due| due.since(system::now()));
        if let Err(error) = self
            .shared
            .poller
            .wait(&mut self.events, Some(due.min(STAND_IN)))
        {
            tracing::error!(%error, "waiting for events failed");
        }
        take_events(&mut self.hands, &self.events);
    }
}
