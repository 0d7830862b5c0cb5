//! Room for new connections: where there are as many as there may be, one that is idle is closed for the new one.

use super::claim::{Ready, Released};
use super::shared::Shared;
use super::source::Source;
use crate::system;
use crate::transport::StreamSocket;
use rpc_proto::time::Time;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of so many connections the one that has been idle longest is closed.
const SAMPLE: usize = 64;

/// So many samples are looked at before a new connection is turned away: it is to cost no more than others can pay for.
const SAMPLES: usize = 16;

/// How often the log tells the same thing at most.
const RARELY: Duration = Duration::from_secs(60);

/// Lets something be told now and then, so that nobody can fill the log by causing it.
#[derive(Debug, Default)]
pub(crate) struct Rarely {
    /// When it was last told; 0 for never.
    told: AtomicU64,
}

impl Rarely {
    /// Whether it is time to tell it again.
    pub(crate) fn is_due(&self, now: Time) -> bool {
        let told = self.told.load(Ordering::Relaxed);
        let is_due = told == 0 || now.since(Time::from_nanos(told)) >= RARELY;
        let now = now.as_nanos().max(1);
        is_due
            && self
                .told
                .compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl Shared {
    /// Takes in a connection that the source `listener` has accepted, or turns it away if there is no room for it.
    pub(super) fn take_in(&self, socket: StreamSocket, listener: u64) {
        if self.sources.len() >= self.bounds.connections && !self.make_room() {
            let turned_away = 1 + self.counters.turned_away.fetch_add(1, Ordering::Relaxed);
            if self.crowd_told.is_due(system::now()) {
                tracing::warn!(
                    peer = %socket.peer(), turned_away,
                    "there are too many connections and none of them is idle, so new ones are closed"
                );
            }
        } else if let Err(error) = self.open_stream(socket, listener) {
            tracing::warn!(%error, "a connection could not be taken in");
        }
    }

    /// Closes the connection that has been idle longest, of some. Says whether there was one.
    ///
    /// Its peer loses nothing: calls of a session go on over the next connection, and of other calls none is under way.
    pub(super) fn make_room(&self) -> bool {
        (0..SAMPLES).any(|_| {
            let mut idle: Vec<(Time, Arc<Source>)> = self
                .sources
                .next_few(SAMPLE)
                .into_iter()
                .filter_map(|source| Some((source.as_stream()?.idle_since()?, source)))
                .collect();
            idle.sort_unstable_by_key(|(since, _)| *since);
            idle.iter().any(|(_, source)| self.close_if_idle(source))
        })
    }

    /// Closes a connection unless somebody works on it or something has come in.
    fn close_if_idle(&self, source: &Arc<Source>) -> bool {
        let Some(stream) = source.as_stream() else {
            return false;
        };
        let Some(hold) = source.claim.notify(Ready::NONE) else {
            return false;
        };
        if stream.idle_since().is_some() && !stream.socket.has_waiting() {
            tracing::debug!(peer = %stream.peer, "an idle connection is closed for a new one");
            self.close(source);
            return true;
        }
        // What waits has its own event, which left its mark in the claim if it has been taken meanwhile.
        if let Released::Again(ready) = source.claim.release(hold) {
            self.leave_unfinished(source, hold, ready);
            self.poller.wake();
        }
        false
    }
}

/// Whether accepting failed since there are no descriptors left, so that closing a connection helps.
pub(super) fn lacks_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_is_told_once_a_minute() {
        let rarely = Rarely::default();
        let told = |seconds: u64| rarely.is_due(Time::from_nanos(seconds * 1_000_000_000));
        let rows = [(7, true), (7, false), (66, false), (67, true), (68, false)];
        for (seconds, is_told) in rows {
            assert_eq!(told(seconds), is_told, "after {seconds} s");
        }
    }
}
