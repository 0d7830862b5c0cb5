//! The threads that wait, each for its call.

use std::thread::Thread;

use rpc_proto::session::client::CallId;

use super::state::Ended;

/// A thread that waits for its call, or has not come for its result yet.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) call: CallId,
    pub(super) thread: Thread,
    pub(super) oneway: bool,
    /// What was last sent of it did not leave whole.
    pub(super) unsent: bool,
    pub(super) ended: Option<Ended>,
}

/// All who wait.
///
/// The machine uses a slot again as soon as its call has ended, which may be before the caller has come for the result.
/// Whoever is still found in a slot then steps aside until its caller leaves.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    slots: Vec<Option<Waiter>>,
    aside: Vec<Waiter>,
}

impl Waiters {
    pub(super) fn insert(&mut self, waiter: Waiter) {
        let slot = waiter.call.slot();
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        self.aside.extend(self.slots[slot].replace(waiter));
    }

    pub(super) fn remove(&mut self, call: CallId) {
        match self.slots.get_mut(call.slot()) {
            Some(slot) if slot.as_ref().is_some_and(|waiter| waiter.call == call) => *slot = None,
            _ => self.aside.retain(|waiter| waiter.call != call),
        }
    }

    pub(super) fn get(&self, call: CallId) -> Option<&Waiter> {
        let in_slot = self.slots.get(call.slot()).into_iter().flatten();
        in_slot
            .chain(&self.aside)
            .find(|waiter| waiter.call == call)
    }

    pub(super) fn get_mut(&mut self, call: CallId) -> Option<&mut Waiter> {
        let in_slot = self.slots.get_mut(call.slot()).into_iter().flatten();
        in_slot
            .chain(&mut self.aside)
            .find(|waiter| waiter.call == call)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.slots.iter().flatten().chain(&self.aside)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiter> {
        self.slots.iter_mut().flatten().chain(&mut self.aside)
    }
}
