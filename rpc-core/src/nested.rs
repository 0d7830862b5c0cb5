//! Calls that a handler makes: they end with its own deadline, and its server knows that it waits.

use crate::system::now;
use rpc_proto::time::Time;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

thread_local! {
    /// Until when the caller of the handler that runs on this thread waits; none without a handler or a deadline.
    static UNTIL: Cell<Option<Time>> = const { Cell::new(None) };
    /// Where the server whose thread this is counts handlers that wait; none on all other threads.
    static WAITING: RefCell<Option<Arc<AtomicUsize>>> = const { RefCell::new(None) };
}

/// Calls of this thread end by `until`, as long as the returned value lives.
pub(crate) fn pass_on(until: Option<Time>) -> Inherited {
    Inherited(UNTIL.replace(until))
}

/// The time for a call that should have `wanted`: less if the handler that makes it has less left itself.
pub(crate) fn shorten(wanted: Duration) -> Duration {
    match UNTIL.get() {
        Some(until) => wanted.min(until.since(now())),
        None => wanted,
    }
}

/// Dropped, also by a panic, it gives back what held before: a local call runs its handler inside another one.
#[must_use]
pub(crate) struct Inherited(Option<Time>);

impl Drop for Inherited {
    fn drop(&mut self) {
        UNTIL.set(self.0);
    }
}

/// All calls that this thread makes from now on are made by handlers, and `waiting` counts them.
pub(crate) fn count_waiting_here(waiting: Arc<AtomicUsize>) {
    WAITING.set(Some(waiting));
}

/// This thread waits for a call as long as the returned value lives.
pub(crate) fn wait() -> Waiting {
    // A thread that is ending runs no handler any more, and may still make a call.
    let waiting = WAITING.try_with(|waiting| waiting.borrow().clone());
    let waiting = waiting.ok().flatten();
    if let Some(waiting) = &waiting {
        waiting.fetch_add(1, Ordering::Relaxed);
    }
    Waiting(waiting)
}

/// See [`wait`].
#[must_use]
pub(crate) struct Waiting(Option<Arc<AtomicUsize>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(waiting) = &self.0 {
            waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_shorter_time_holds_and_the_outer_one_comes_back() {
        assert_eq!(shorten(Duration::MAX), Duration::MAX, "no handler");
        let outer = pass_on(Some(now() + HOUR));
        assert!(shorten(Duration::MAX) <= HOUR);
        assert_eq!(shorten(Duration::from_secs(1)), Duration::from_secs(1));
        let panicked = std::panic::catch_unwind(|| {
            let _inner = pass_on(Some(now()));
            assert_eq!(shorten(HOUR), Duration::ZERO);
            panic!("as the test wants");
        });
        assert!(panicked.is_err());
        assert!(shorten(Duration::MAX) > HOUR / 2);
        drop(outer);
        assert_eq!(shorten(Duration::MAX), Duration::MAX);
    }
}
