//! The memory that all connections together hold: what has come in part, and what waits to be sent.
//!
//! Each connection has bounds of its own, but thousands of them, each within these, would still fill any memory.

use super::shared::Shared;
use super::source::Source;
use crate::system;
use rpc_proto::time::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Less than this is not counted: every connection has it, and with small messages the sum is never touched.
const SMALL: usize = 32 << 10;

/// The sum, in bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<AtomicUsize>);

impl Held {
    /// What all connections hold, but for small things.
    pub(crate) fn total(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One more that holds something.
    pub(crate) fn share(&self) -> Share {
        Share {
            held: self.clone(),
            bytes: 0,
        }
    }
}

/// A part of the sum. It is taken off when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    held: Held,
    bytes: usize,
}

impl Share {
    /// So much it is now.
    pub(crate) fn set(&mut self, bytes: usize) {
        let bytes = if bytes > SMALL { bytes } else { 0 };
        if bytes != self.bytes {
            let change = bytes.wrapping_sub(self.bytes);
            self.held.0.fetch_add(change, Ordering::Relaxed);
            self.bytes = bytes;
        }
    }

    /// How much it is.
    pub(crate) fn get(&self) -> usize {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl Shared {
    /// A connection may hold more than before: has the housekeeper see to it if all of them hold too much.
    pub(super) fn watch_held(&self) {
        if self.held.total() > self.bounds.held {
            self.house.ask_for_relief();
        }
    }

    /// Brings what all connections hold to three quarters of the bound: takes memory back that is kept for more messages, and
    /// then closes those connections that hold most, for longest.
    pub(super) fn relieve(&self) {
        let now = system::now();
        let sources = self.sources.all();
        let mut holders: Vec<(u128, usize, &Source)> = sources
            .iter()
            .filter_map(|source| {
                let stream = source.as_stream()?;
                stream.give_back();
                let bytes = stream.held();
                let weight = bytes as u128 * age(now, stream.stalls_since());
                (bytes > 0).then_some((weight, bytes, &**source))
            })
            .collect();
        let aim = self.bounds.held / 4 * 3;
        let mut over = self.held.total().saturating_sub(aim);
        holders.sort_unstable_by_key(|(weight, ..)| std::cmp::Reverse(*weight));
        for (_, bytes, source) in holders {
            if over == 0 {
                return;
            }
            if let Some(stream) = source.as_stream() {
                tracing::debug!(peer = %stream.peer, bytes, "a connection that holds much memory is closed");
                self.close(source);
                stream.discard();
            }
            over = over.saturating_sub(bytes);
        }
    }
}

/// In nanoseconds, and never nothing.
fn age(now: Time, since: Option<Time>) -> u128 {
    since.map_or(1, |since| now.since(since).as_nanos().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_all_shares_that_are_not_small() {
        let held = Held::default();
        let (mut one, mut other) = (held.share(), held.share());
        let rows = [
            (SMALL, 0, 0),
            (SMALL + 1, 0, SMALL + 1),
            (5 * SMALL, 2 * SMALL, 7 * SMALL),
            (3 * SMALL, 2 * SMALL, 5 * SMALL),
            (7, 2 * SMALL, 2 * SMALL),
        ];
        for (first, second, sum) in rows {
            one.set(first);
            other.set(second);
            assert_eq!(held.total(), sum, "{first} and {second}");
        }
        drop((one, other));
        assert_eq!(held.total(), 0);
    }
}
