//! When commits are made, and by whom.
//!
//! One durable commit costs as much as many calls, so it should cover many; yet nobody should wait for others in vain. A
//! worker that finds nothing else to do makes the commit itself, so a lone caller waits for no other thread. It leaves that to
//! the last of them while other workers run calls that will wait too. Whoever leaves something behind sets the alarm, so
//! the committer, a thread that does nothing else, sees to what the workers are too busy for.

use super::hands::Hands;
use super::sessions::Sessions;
use super::shared::{Phase, Shared};
use crate::system;
use rpc_proto::time::Time;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// A call that has run for so long is not waited for: nobody knows when it will end.
const SLOW: Duration = Duration::from_micros(200);

/// Nothing waits for longer than this for others to join it.
const LONGEST: Duration = Duration::from_millis(1);

/// What threads know of each other's commits.
#[derive(Debug, Default)]
pub(super) struct Committing {
    /// How much waits for a commit. Written under the sessions' lock.
    backlog: AtomicUsize,
    /// A thread commits.
    busy: AtomicBool,
    /// Threads that send what a commit has brought: those who get it will call again, as a rule.
    sending: AtomicUsize,
    /// Somebody has left something behind.
    alarm: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Committing {
    /// Notes how much waits, after each change of it.
    pub(super) fn note(&self, sessions: &Sessions) {
        let backlog = sessions.backlog();
        if backlog != self.backlog.load(Ordering::Relaxed) {
            self.backlog.store(backlog, Ordering::SeqCst);
        }
    }

    /// Whether something waits for a commit.
    pub(super) fn has_backlog(&self) -> bool {
        self.backlog.load(Ordering::SeqCst) > 0
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

    /// The store has come back; `sending`: what that brings is sent next.
    pub(super) fn end(&self, sending: bool) {
        self.sending
            .fetch_add(usize::from(sending), Ordering::SeqCst);
        self.busy.store(false, Ordering::SeqCst);
    }

    /// All that a commit has brought is sent.
    pub(super) fn end_sending(&self) {
        self.sending.fetch_sub(1, Ordering::SeqCst);
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
        self.committing.sending.load(Ordering::SeqCst) > 0
            || self.seats.iter().any(|seat| seat.records_since(earliest))
    }
}

impl Hands<'_> {
    /// A worker that has nothing else to do commits what waits, unless more is about to join it or another thread commits. Says
    /// whether it has; if not, others see to it.
    pub(super) fn commit_when_idle(&mut self) -> bool {
        let shared = self.shared;
        let committed = !shared.more_will_wait(system::now()) && shared.commit(self.seat);
        if !committed {
            shared.commit_soon();
        }
        committed
    }
}

/// Commits what others leave behind, until the server stops; then what nobody waited for.
pub(super) fn keep(shared: &Shared) {
    // Set once: each server has its own committer.
    let _ = shared.committing.thread.set(thread::current());
    while shared.phase() != Phase::Stopped {
        if !shared.committing.alarm.load(Ordering::SeqCst) {
            thread::park();
            continue;
        }
        let now = system::now();
        let until = shared.sessions().waits_since().map(|since| since + LONGEST);
        match until {
            // Cleared before the look that finds nothing, so that who comes later sets it again.
            None => {
                shared.committing.alarm.store(false, Ordering::SeqCst);
                if shared.committing.has_backlog() {
                    shared.commit_soon();
                }
            }
            Some(until) if until > now && shared.more_will_wait(now) => {
                thread::park_timeout(SLOW);
            }
            Some(_) => {
                if !shared.commit(None) {
                    thread::park_timeout(SLOW);
                }
            }
        }
    }
    shared.commit(None);
}
