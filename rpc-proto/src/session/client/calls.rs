//! The life of a call: waiting, numbered, tried again, ended.

use super::contact::Contact;
use super::descriptions::Verdict;
use super::flight::{Attempt, Flight, Stage};
use super::transmit::Item;
use super::{Client, Failure, FailureKind, Finished, LinkKind, lane_of};
use crate::record::MARK;
use crate::time::{Executed, Time};
use std::ops::Range;
use std::time::Duration;

impl Client {
    /// Puts a call without a number at the end of its queue, or gives it one at once.
    pub(super) fn wait(&mut self, now: Time, slot: u32) {
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        flight.stage = Stage::Waiting;
        flight.timer = flight.request.deadline;
        let lane = lane_of(flight.semantics());
        if !self.lanes[lane].waiting.is_empty() || !self.admit(now, slot) {
            if self.flight_mut(slot).is_some() {
                self.lanes[lane].waiting.push_back(slot);
            }
            self.step(now);
        }
    }

    /// Gives numbers to waiting calls as far as there are sessions and room for them.
    pub(super) fn admit_waiting(&mut self, now: Time) {
        for lane in 0..self.lanes.len() {
            // It leaves the queue first: a call that can only fail is ended by `admit`, which takes it out of the queue,
            // and what stands at the front afterwards is another one.
            while let Some(slot) = self.lanes[lane].waiting.pop_front() {
                let waits = self
                    .flight_mut(slot)
                    .is_some_and(|flight| flight.stage == Stage::Waiting);
                if waits && !self.admit(now, slot) {
                    self.lanes[lane].waiting.push_front(slot);
                    break;
                }
            }
        }
    }

    /// Ends a call with a result that stands in the message at hand.
    pub(super) fn succeed(&mut self, slot: u32, result: Range<usize>) -> Option<Finished> {
        let flight = self.retire(slot)?;
        Some(Finished {
            call: flight.call,
            buffer: flight.request.message,
            result: Ok(result),
            shelved: false,
        })
    }

    /// Ends a call without a result. `attempt` says whether its present attempt ran.
    pub(super) fn fail(&mut self, slot: u32, kind: FailureKind, attempt: Executed) {
        self.fail_for(slot, kind, attempt, None);
    }

    /// As [`fail`](Self::fail), with the time to stay away that the server asked for.
    pub(super) fn fail_for(
        &mut self,
        slot: u32,
        kind: FailureKind,
        attempt: Executed,
        pause: Option<Duration>,
    ) {
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let executed = flight.executed(attempt);
        let failure = Failure::new(kind, executed, flight.may_repeat(), pause);
        if flight.stage == Stage::Shelved {
            return self.end_on_shelf(slot, failure);
        }
        self.end(slot, failure);
    }

    /// Ends a call with a failure.
    pub(super) fn end(&mut self, slot: u32, failure: Failure) {
        let Some(flight) = self.retire(slot) else {
            return;
        };
        self.finished.push_back(Finished {
            call: flight.call,
            buffer: flight.request.message,
            result: Err(failure),
            shelved: false,
        });
    }

    /// Begins another attempt, after `pause` if there is one. The present attempt must not have run, or the method may
    /// run twice, or the store knows the call by its key. A shelved call stays where it is, without a number.
    pub(super) fn try_again(
        &mut self,
        now: Time,
        slot: u32,
        attempt: Executed,
        pause: Option<Duration>,
    ) {
        self.give_up_number(slot);
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        debug_assert!(
            attempt == Executed::No || flight.may_go_on(),
            "a call that may have run must not be tried again"
        );
        if attempt != Executed::No {
            flight.maybe = true;
            flight.stay_with_store();
        }
        let past = std::mem::take(&mut flight.attempt);
        let (stage, deadline) = (flight.stage, flight.request.deadline);
        self.slots.remove(&past.xid);
        if stage == Stage::Shelved {
            return;
        }
        self.stats.retries += 1;
        match pause {
            None => self.wait(now, slot),
            Some(pause) => {
                let timer = (now + pause).min(deadline);
                self.wake = self.wake.min(timer);
                if let Some(flight) = self.flight_mut(slot) {
                    flight.stage = Stage::Pausing;
                    flight.timer = timer;
                }
            }
        }
    }

    /// The link is gone.
    pub(super) fn park(&mut self, now: Time, slot: u32, plain: bool) {
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        flight.attempt.copies_here = 0;
        flight.attempt.asking = false;
        if !flight.has_number() {
            return;
        }
        if flight.stage != Stage::Shelved {
            flight.stage = Stage::Parked;
            flight.timer = flight.request.deadline;
        }
        if plain && flight.may_repeat() {
            // It goes over the next link as it is: the server may remember it by its transaction id.
            return;
        }
        if plain || flight.attempt.orphaned {
            self.lose(
                now,
                slot,
                if plain {
                    FailureKind::ConnectionLost
                } else {
                    FailureKind::SessionLost
                },
            );
        }
    }

    /// A link leads to a server, and this says whether that one knows sessions. Calls that were made to one without go over the
    /// link as they are, or get a number in a session.
    pub(super) fn take_up_plain(&mut self, now: Time, plain: bool) {
        for slot in 0..self.flights.len() {
            let slot = slot as u32;
            let Some(flight) = self
                .flight_mut(slot)
                .filter(|flight| flight.attempt.plain && flight.stage == Stage::Parked)
            else {
                continue;
            };
            if plain {
                let xid = flight.attempt.xid;
                flight.stage = Stage::Queued;
                self.outbox.push_back(Item::Call { slot, xid });
            } else {
                self.lose(now, slot, FailureKind::ConnectionLost);
            }
        }
    }

    /// A lane's session is gone. Ends or repeats the calls that have a number in it.
    pub(super) fn lose_session(&mut self, now: Time, lane: usize, kind: FailureKind) {
        if self.lanes[lane].held.take().is_none() {
            return;
        }
        self.releases.session_lost(self.lanes[lane].keeper);
        for slot in 0..self.flights.len() {
            let slot = slot as u32;
            if self.flight_mut(slot).is_some_and(|flight| {
                flight.has_number()
                    && !flight.attempt.orphaned
                    && lane_of(flight.semantics()) == lane
            }) {
                self.lose(now, slot, kind);
            }
        }
        self.step(now);
    }

    /// A lane's session is unknown at the end of a stream. Each call on it will get its own answer in its turn, which
    /// may be better than a guess; new calls need a new session.
    pub(super) fn orphan_session(&mut self, now: Time, lane: usize) {
        if self.lanes[lane].held.take().is_none() {
            return;
        }
        self.releases.session_lost(self.lanes[lane].keeper);
        for slot in 0..self.flights.len() {
            let slot = slot as u32;
            let Some(flight) = self.flight_mut(slot) else {
                continue;
            };
            if !flight.has_number()
                || flight.attempt.orphaned
                || lane_of(flight.semantics()) != lane
            {
                continue;
            }
            if flight.attempt.copies_here > 0 {
                flight.attempt.orphaned = true;
            } else {
                self.lose(now, slot, FailureKind::SessionLost);
            }
        }
        self.step(now);
    }

    /// The keeper of a call's number is gone, and nothing is known of the call but what was sent.
    pub(super) fn lose(&mut self, now: Time, slot: u32, kind: FailureKind) {
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let executed = flight.attempt_executed();
        if executed == Executed::No || flight.may_go_on() {
            self.try_again(now, slot, executed, None);
        } else {
            self.fail(slot, kind, executed);
        }
    }

    /// Numbers a call and queues it for sending. False if it has to wait; a call that can only fail is ended.
    fn admit(&mut self, now: Time, slot: u32) -> bool {
        let Some(link) = self.link else { return false };
        let Some(flight) = self.flight_mut(slot) else {
            return true;
        };
        let lane = lane_of(flight.semantics());
        let request = &flight.request;
        let (interface, procedure, length) = (
            request.interface,
            request.method.procedure,
            request.message.len() - MARK,
        );
        let asked = request.key.and_then(|key| key.store);
        let limit = if link == LinkKind::Datagram {
            self.config.max_datagram
        } else {
            self.config.max_message
        };
        if length > limit {
            self.fail(slot, FailureKind::RequestTooLarge, Executed::No);
            return true;
        }
        let store = match self.contact {
            Contact::Unknown | Contact::Denied(_) => {
                self.expect(interface);
                return false;
            }
            Contact::Known { store, .. } => store,
            Contact::Plain => None,
        };
        if asked.is_some() && asked != store {
            // Nobody here knows the key, and the call would be taken for a new one.
            self.fail(slot, FailureKind::OtherStore, Executed::No);
            return true;
        }
        if self.contact == Contact::Plain {
            return self.admit_plain(slot, lane);
        }
        match self.verdict(interface, procedure) {
            Verdict::Unknown => return false,
            Verdict::Refused(kind) => {
                self.fail(slot, kind, Executed::No);
                return true;
            }
            Verdict::Good => {}
        }
        let Some(held) = self.lanes[lane]
            .held
            .as_mut()
            .filter(|held| held.takes_calls(now) && held.has_room())
        else {
            return false;
        };
        if held.renew_at() <= now {
            // A call that begins so late would be given up with the session before its answer could renew the lease.
            self.outbox.push_back(Item::Ack { lane });
            self.wake = self.wake.min(held.good_until());
            return false;
        }
        let attempt = Attempt {
            seq: held.take_number(),
            incarnation: held.incarnation,
            store: held.store,
            ..Attempt::default()
        };
        self.wake = self.wake.min(held.renew_at());
        self.number(slot, attempt);
        true
    }

    /// A server without sessions keeps only what needs no record, or is sent once.
    fn admit_plain(&mut self, slot: u32, lane: usize) -> bool {
        if lane_of(crate::describe::Semantics::ExactlyOnce) == lane {
            self.fail(slot, FailureKind::PlainPeer, Executed::No);
        } else {
            // The number is not sent; it only says that the call has been numbered.
            let attempt = Attempt {
                seq: 1,
                plain: true,
                ..Attempt::default()
            };
            self.number(slot, attempt);
        }
        true
    }

    fn number(&mut self, slot: u32, attempt: Attempt) {
        let xid = self.call_xid(slot);
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let past = std::mem::replace(&mut flight.attempt, Attempt { xid, ..attempt });
        flight.stage = Stage::Queued;
        self.slots.remove(&past.xid);
        self.outbox.push_back(Item::Call { slot, xid });
    }

    pub(super) fn retire(&mut self, slot: u32) -> Option<Flight> {
        self.give_up_number(slot);
        let flight = self.flights.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.slots.remove(&flight.attempt.xid);
        if flight.stage == Stage::Waiting {
            let lane = lane_of(flight.semantics());
            self.lanes[lane].waiting.retain(|waiting| *waiting != slot);
        }
        Some(flight)
    }

    /// The number of the present attempt is finished for us, so the server may forget it.
    pub(super) fn give_up_number(&mut self, slot: u32) {
        let Some(flight) = self.flight_mut(slot).filter(|flight| {
            flight.has_number() && !flight.attempt.orphaned && !flight.attempt.plain
        }) else {
            return;
        };
        let (seq, lane) = (flight.attempt.seq, lane_of(flight.semantics()));
        if let Some(held) = &mut self.lanes[lane].held
            && held.finish(seq)
        {
            self.outbox.push_back(Item::Ack { lane });
        }
    }
}
