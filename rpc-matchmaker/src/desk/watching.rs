//! Callers that wait for a change of a name.
//!
//! Each of them has a thread of the server for as long as it waits, so they are few: [`MOST_WATCHERS`]. Further ones are
//! answered at once and told to come again: with very many watchers, looking now and then is what costs least.

use super::{Desk, SWEEP, caller_is_gone};
use crate::registry::{SLOTS, Slot};
use rpc_core::Context;
use rpc_core::matchmaker::Sight;
use std::sync::{Condvar, PoisonError};
use std::time::{Duration, Instant};

/// How many callers may wait at a time. The server needs so many threads more than for its other calls.
pub const MOST_WATCHERS: usize = 64;

/// The longest time for which one call waits. Its caller can ask again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// When those are to come again for whom there is no room.
const PAUSE: Duration = Duration::from_secs(1);

/// What wakes those who wait: one signal for the names of each slot, so that a change wakes nobody else.
pub(super) struct Watchers(Vec<Condvar>);

impl Default for Watchers {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| Condvar::new()).collect())
    }
}

impl Watchers {
    pub(super) fn wake(&self, slot: Slot) {
        self.0[slot.0].notify_all();
    }

    pub(super) fn wake_all(&self) {
        self.0.iter().for_each(Condvar::notify_all);
    }
}

impl Desk {
    /// What a name stands for, once its generation is not `known`, and after `wait` at the latest.
    pub(super) fn watch_name(&self, cx: &Context, name: &str, known: u64, wait: Duration) -> Sight {
        let wait = wait.min(LONGEST_WAIT);
        let until = Instant::now() + cx.remaining().map_or(wait, |left| left.min(wait));
        let (mut state, mut now) = self.state();
        loop {
            let entries = state.find(now, name);
            self.pass_on(&mut state);
            let generation = state.registry.generation(name);
            let left = until.saturating_duration_since(Instant::now());
            let over = left.is_zero() || state.closed || caller_is_gone(cx);
            let full = state.watching >= MOST_WATCHERS;
            if generation != known || over || full {
                let waits = generation == known && !over;
                return Sight {
                    generation,
                    entries,
                    pause_ms: if waits { PAUSE.as_millis() as u32 } else { 0 },
                };
            }
            state.watching += 1;
            let slot = state.registry.slot(name);
            // Not for long: that an owner or the caller is gone wakes nobody.
            let signal = &self.0.watchers.0[slot.0];
            let woken = signal.wait_timeout(state, left.min(SWEEP));
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
            state.watching -= 1;
            now = self.now();
        }
    }
}
