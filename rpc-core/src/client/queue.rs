//! Started calls for which the session machine has no room yet.

use std::collections::{BTreeMap, BTreeSet};

use rpc_proto::session::client::Request;
use rpc_proto::time::Time;

use super::waiters::Seat;

/// So many may wait. Their callers hold them all, so this is no limit for a sane program; it is one for a loop that starts
/// calls faster than they are answered.
pub(super) const MOST: usize = 65_536;

/// Calls in the order in which they were started. Each has a ticket of its own.
#[derive(Debug, Default)]
pub(super) struct Queue {
    calls: BTreeMap<u64, (Seat, Request)>,
    deadlines: BTreeSet<(Time, u64)>,
    last: u64,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.calls.len() >= MOST
    }

    /// The ticket that the next call to be pushed will have.
    pub(super) fn next_ticket(&self) -> u64 {
        self.last + 1
    }

    pub(super) fn push(&mut self, seat: Seat, request: Request) {
        self.last += 1;
        self.deadlines.insert((request.deadline, self.last));
        self.calls.insert(self.last, (seat, request));
    }

    pub(super) fn pop(&mut self) -> Option<(Seat, Request)> {
        let (&ticket, _) = self.calls.first_key_value()?;
        self.remove(ticket)
    }

    /// One whose deadline has passed.
    pub(super) fn pop_late(&mut self, now: Time) -> Option<(Seat, Request)> {
        let &(deadline, ticket) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.remove(ticket)
    }

    /// When the first deadline passes.
    pub(super) fn due(&self) -> Option<Time> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub(super) fn remove(&mut self, ticket: u64) -> Option<(Seat, Request)> {
        let call = self.calls.remove(&ticket)?;
        self.deadlines.remove(&(call.1.deadline, ticket));
        Some(call)
    }
}
