//! Calls whose deadline has passed, and whose callers may ask again (rule S-24).
//!
//! A shelved call keeps its number, so the server keeps its reply. Nothing is sent for it; a session with shelved calls is
//! renewed like one with calls in flight, as long as the driver looks after the timers.

use super::contact::Contact;
use super::flight::Stage;
use super::transmit::Item;
use super::{CallId, Client, Failure, FailureKind, Finished, NEVER, lane_of};
use crate::time::Time;

impl Client {
    /// Takes a shelved call up again, under its number if that is still good. False if there is no such call.
    ///
    /// It is as if the call had never ended: it ends with its result, with a failure, or by being shelved once more.
    pub fn ask_again(&mut self, now: Time, call: CallId, deadline: Time) -> bool {
        let slot = call.slot;
        let Some(flight) = self
            .flight_mut(slot)
            .filter(|flight| flight.call == call && flight.stage == Stage::Shelved)
        else {
            return false;
        };
        flight.request.deadline = deadline;
        flight.timer = deadline;
        self.wake = self.wake.min(deadline);
        let Some(flight) = self.flight_mut(slot) else {
            return false;
        };
        if let Some(failure) = flight.ended.take() {
            self.end(slot, failure);
        } else if flight.has_number() {
            self.take_up(now, slot);
        } else {
            self.wait(now, slot);
        }
        true
    }

    /// Nobody will ask for the answer of a call, shelved or in flight: the server may forget it. The call does not end any
    /// more; it may have run, or run yet if it was sent.
    pub fn give_up(&mut self, now: Time, call: CallId) {
        let known = self.flight_mut(call.slot);
        if known.is_some_and(|flight| flight.call == call) {
            self.retire(call.slot);
            // The server is told soon, should nothing else be sent.
            self.wake = self.wake.min(now + self.config.ack_delay);
            self.admit_waiting(now);
        }
    }

    pub(super) fn is_shelved(&self, slot: u32) -> bool {
        let flight = self.flights.get(slot as usize).and_then(Option::as_ref);
        flight.is_some_and(|flight| flight.stage == Stage::Shelved)
    }

    /// The deadline of a call has come.
    pub(super) fn out_of_time(&mut self, slot: u32, kind: FailureKind) {
        // A server without sessions keeps nothing that could be asked for.
        let plain = self.contact == Contact::Plain;
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let attempt = flight.attempt_executed();
        if plain || !flight.may_be_shelved() {
            return self.fail(slot, kind, attempt);
        }
        let (call, stage, lane) = (flight.call, flight.stage, lane_of(flight.semantics()));
        let failure = Failure::new(kind, flight.executed(attempt), false, None);
        flight.stage = Stage::Shelved;
        flight.timer = NEVER;
        if stage == Stage::Waiting {
            self.lanes[lane].waiting.retain(|waiting| *waiting != slot);
        }
        self.finished.push_back(Finished {
            call,
            buffer: Vec::new(),
            result: Err(failure),
            shelved: true,
        });
    }

    /// A shelved call has failed. Whoever asks again is told so; its number is of no use any more.
    pub(super) fn end_on_shelf(&mut self, slot: u32, failure: Failure) {
        self.give_up_number(slot);
        if let Some(flight) = self.flight_mut(slot) {
            let past = std::mem::take(&mut flight.attempt);
            flight.ended = Some(failure);
            self.slots.remove(&past.xid);
        }
    }

    /// A call that has a number is on its way again.
    fn take_up(&mut self, now: Time, slot: u32) {
        let known = self.link.is_some() && matches!(self.contact, Contact::Known { .. });
        let wait = self.probe_wait(0);
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let xid = flight.attempt.xid;
        if flight.attempt.orphaned {
            // It can only wait for what is on its way already.
            flight.stage = Stage::Sent;
            return;
        }
        // While first contact is being made anew over the same link, a copy that went over it is not sent again: a stream
        // brings it once, and what is known of a lost session rests on that (S-20 d).
        if !known && flight.attempt.copies_here == 0 {
            flight.stage = Stage::Parked;
            return;
        }
        let item = if flight.attempt.copies_here == 0 {
            flight.stage = Stage::Queued;
            Item::Call { slot, xid }
        } else {
            flight.stage = Stage::Sent;
            flight.attempt.asking = true;
            flight.timer = flight.timer.min(now + wait);
            let timer = flight.timer;
            self.wake = self.wake.min(timer);
            Item::Probe { slot, xid }
        };
        // One from before may not have left yet.
        if !self.outbox.contains(&item) {
            self.outbox.push_back(item);
        }
    }
}
