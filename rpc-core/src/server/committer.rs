//! When commits are made, and by whom.
//!
//! One durable commit costs as much as many calls, so it should cover many; yet nobody should wait for others in vain. A
//! worker that finds nothing else to do makes the commit itself, so a lone caller waits for no other thread. It leaves that to
//! the last of them while other workers run calls that will wait too. Those whom the last commit answered will call again, as
//! a rule: it waits for them too, but not for longer than half of what that commit took. Whoever leaves something behind sets
//! the alarm, so the committer, a thread that does nothing else, sees to what the workers are too busy for.

use super::hands::Hands;
use super::sessions::Sessions;
use super::shared::{Phase, Shared};
use crate::system;
use rpc_proto::time::Time;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// A call that has run for so long is not waited for: nobody knows when it will end.
const SLOW: Duration = Duration::from_micros(200);

/// How often the committer looks at what waits. It commits when nothing has joined that since its last look.
const LOOK: Duration = Duration::from_micros(300);

/// Nothing waits for longer than this for others to join it, or than two commits take if that is longer.
const LONGEST: Duration = Duration::from_millis(2);

/// What threads know of each other's commits.
#[derive(Debug, Default)]
pub(super) struct Committing {
    /// How much waits for a commit. Written under the sessions' lock.
    backlog: AtomicUsize,
    /// Since when, in nanoseconds, if something does. Written with it.
    since: AtomicU64,
    /// How many calls the last commit let go on, and how many had come meanwhile.
    expected: AtomicUsize,
    /// How long that took, in nanoseconds.
    took: AtomicU64,
    /// A thread commits.
    busy: AtomicBool,
    /// Somebody has left something behind.
    alarm: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Committing {
    /// Notes how much waits, after each change of it.
    pub(super) fn note(&self, sessions: &Sessions) {
        let backlog = sessions.backlog();
        if backlog != self.backlog.load(Ordering::Relaxed) {
            if let Some(since) = sessions.waits_since() {
                self.since.store(since.as_nanos(), Ordering::Relaxed);
            }
            self.backlog.store(backlog, Ordering::SeqCst);
        }
    }

    /// Whether something waits for a commit.
    pub(super) fn has_backlog(&self) -> bool {
        self.backlog.load(Ordering::SeqCst) > 0
    }

    /// How long whoever is idle should wait for others to join what waits, before it commits.
    pub(super) fn patience(&self) -> Duration {
        if self.backlog.load(Ordering::Relaxed) >= self.expected.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        (self.took() / 2).min(self.latest().since(system::now()))
    }

    /// When what waits has waited for long enough, whoever may still join it.
    fn latest(&self) -> Time {
        let since = Time::from_nanos(self.since.load(Ordering::Relaxed));
        since + LONGEST.max(2 * self.took())
    }

    fn took(&self) -> Duration {
        Duration::from_nanos(self.took.load(Ordering::Relaxed))
    }

    /// Notes how many calls a commit lets go on, and that it took so long.
    pub(super) fn learn(&self, answered: usize, took: Duration) {
        let expected = answered + self.backlog.load(Ordering::Relaxed);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.expected.store(expected, Ordering::Relaxed);
        self.took.store(took, Ordering::Relaxed);
    }

    /// Wakes the committer.
    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Becomes the one thread that commits, if there is none.
    pub(super) fn begin(&self) -> bool {
        !self.busy.swap(true, Ordering::SeqCst)
    }

    /// Has committed.
    pub(super) fn end(&self) {
        self.busy.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    /// Has the committer see to what waits, if anything does: for those who go on to something else.
    pub(super) fn commit_soon(&self) {
        if self.committing.has_backlog() && !self.committing.alarm.swap(true, Ordering::SeqCst) {
            self.committing.wake();
        }
    }

    /// Whether calls that will wait too are about to end.
    fn more_will_wait(&self, now: Time) -> bool {
        let earliest = Time::from_nanos(now.as_nanos().saturating_sub(SLOW.as_nanos() as u64));
        self.seats.iter().any(|seat| seat.records_since(earliest))
    }
}

impl Hands<'_> {
    /// A worker that has nothing else to do commits what waits, unless more is about to join it or another thread commits. Says
    /// whether it has; if not, others see to it.
    pub(super) fn commit_when_idle(&mut self) -> bool {
        let shared = self.shared;
        if shared.more_will_wait(system::now()) {
            shared.commit_soon();
            return false;
        }
        // If another thread commits, it looks again afterwards.
        shared.commit(self.seat)
    }
}

/// Commits what others leave behind, until the server stops; then what nobody waited for.
pub(super) fn keep(shared: &Shared) {
    // Set once: each server has its own committer.
    let _ = shared.committing.thread.set(thread::current());
    let mut seen = 0;
    while shared.phase() != Phase::Stopped {
        if !shared.committing.alarm.load(Ordering::SeqCst) {
            thread::park();
            seen = 0;
            continue;
        }
        let backlog = shared.committing.backlog.load(Ordering::SeqCst);
        if backlog == 0 {
            // Cleared before the look that finds nothing, so that who comes later sets it again.
            shared.committing.alarm.store(false, Ordering::SeqCst);
            shared.commit_soon();
            continue;
        }
        let complete = std::mem::replace(&mut seen, backlog) == backlog;
        let ready = complete || system::now() >= shared.committing.latest();
        if !(ready && shared.commit(None)) {
            thread::park_timeout(LOOK);
        }
    }
    shared.commit(None);
}
