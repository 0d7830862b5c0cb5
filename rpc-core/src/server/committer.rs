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
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// A call that has run for so long is not waited for: nobody knows when it will end.
const SLOW: Duration = Duration::from_micros(200);

/// Where calls come from many sides, all are there when none has come for this part of the time that a commit takes.
const LULL: u32 = 8;

/// Nothing waits for longer than this for others to join it, or than four commits take, if that is longer.
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
    /// Whether the last commit was for several.
    several: AtomicBool,
    /// When the last of what waits began to.
    newest: AtomicU64,
    /// How long the last commit took, in nanoseconds.
    took: AtomicU64,
    /// Somebody has left something behind.
    alarm: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Committing {
    /// Notes how much waits, after each change of it.
    pub(super) fn note(&self, sessions: &Sessions) {
        let backlog = sessions.backlog();
        if backlog != self.backlog.load(Ordering::Relaxed) {
            self.newest
                .store(sessions.waits_newest().as_nanos(), Ordering::Relaxed);
            self.backlog.store(backlog, Ordering::SeqCst);
        }
    }

    /// How long it is until all that come together are there, should no more come. A lone caller is waited for by nobody.
    fn lull(&self, now: Time) -> Duration {
        let waiting = self.backlog.load(Ordering::SeqCst);
        if waiting <= 1 && !self.several.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        let newest = Time::from_nanos(self.newest.load(Ordering::Relaxed));
        (self.took() / LULL).saturating_sub(now.since(newest))
    }

    fn took(&self) -> Duration {
        Duration::from_nanos(self.took.load(Ordering::Relaxed))
    }

    /// The longest that anything waits for others.
    fn longest(&self) -> Duration {
        LONGEST.max(4 * self.took())
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

    /// What a commit was for, and how long it took.
    pub(super) fn measure(&self, waiting: usize, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.several.store(waiting > 1, Ordering::Relaxed);
        self.took.store(took, Ordering::Relaxed);
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

    /// For how long it is worth while to wait for more: for calls that have begun, and where they come from many sides, for
    /// those that will.
    fn gathers_for(&self, now: Time) -> Option<Duration> {
        let earliest = Time::from_nanos(now.as_nanos().saturating_sub(SLOW.as_nanos() as u64));
        let more_will_wait = self.committing.sending.load(Ordering::SeqCst) > 0
            || !self.calls.is_empty()
            || self.seats.iter().any(|seat| seat.records_since(earliest));
        let lull = self.committing.lull(now);
        match more_will_wait {
            true => Some(lull.max(SLOW / 2)),
            false => Some(lull).filter(|lull| !lull.is_zero()),
        }
    }
}

impl Hands<'_> {
    /// A worker that has nothing else to do commits what waits, unless more is about to join it or another thread commits. Says
    /// whether it has; if not, others see to it.
    pub(super) fn commit_when_idle(&mut self) -> bool {
        let shared = self.shared;
        let committed = shared.gathers_for(system::now()).is_none() && shared.commit(self.seat);
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
        let longest = shared.committing.longest();
        let until = shared.sessions().waits_since().map(|since| since + longest);
        match (until, shared.gathers_for(now)) {
            // Cleared before the look that finds nothing, so that who comes later sets it again.
            (None, _) => {
                shared.committing.alarm.store(false, Ordering::SeqCst);
                shared.commit_soon();
            }
            (Some(until), Some(gathers)) if until > now => {
                thread::park_timeout(gathers.min(until.since(now)));
            }
            // Another thread commits, and goes on with what comes meanwhile, or leaves it here.
            (Some(_), _) if !shared.commit(None) => thread::park_timeout(SLOW),
            (Some(_), _) => {}
        }
    }
    shared.commit(None);
}
