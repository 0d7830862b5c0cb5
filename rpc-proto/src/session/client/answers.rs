//! What the server answers in first contact.

use super::contact::{Contact, Pending, Step};
use super::flight::Stage;
use super::lane::Held;
use super::transmit::Item;
use super::{Client, FailureKind, LinkKind, lane_of};
use crate::message::{AcceptStatus, RejectStatus, Reply, ReplyStatus};
use crate::session::program::{HelloReply, Keeper, OpenRefusal, OpenReply};
use crate::time::{Executed, Time};
use crate::xdr::{self, Limits};
use std::time::Duration;

/// A server that has no room for a session is asked again after this.
const FULL_PAUSE: Duration = Duration::from_millis(50);

const LIMITS: Limits = Limits {
    message: 1 << 20,
    depth: 8,
    allocation: 1 << 20,
};

impl Client {
    /// Takes the answer to the pending step.
    pub(super) fn contact_reply(&mut self, now: Time, reply: &Reply<'_>) {
        let Some(pending) = self
            .pending
            .take_if(|pending| pending.xid == reply.header.xid)
        else {
            return;
        };
        if pending.copies == 1 {
            self.round_trip.sample(now.since(pending.first_sent));
        }
        let status = match reply.header.status {
            ReplyStatus::Accepted { status, .. } => status,
            ReplyStatus::Denied(why) => return self.contact_denied(now, &pending, why),
        };
        match (pending.step, status) {
            (Step::Hello, AcceptStatus::Success) => match xdr::from_slice(reply.results, LIMITS) {
                Ok(hello) => self.handle_hello(now, hello),
                Err(_) => self.contact_refused(now, &pending),
            },
            // Only this proves a peer that knows no sessions; silence proves nothing.
            (Step::Hello, AcceptStatus::ProgramUnavailable) => {
                self.contact = Contact::Plain;
                self.become_plain(now);
            }
            (Step::Open { lane }, AcceptStatus::Success) => {
                match xdr::from_slice(reply.results, LIMITS) {
                    Ok(OpenReply::Granted(grant)) => {
                        if let Contact::Known {
                            incarnation, store, ..
                        } = self.contact
                        {
                            self.stats.sessions += 1;
                            let store = store.filter(|_| self.lanes[lane].keeper == Keeper::Store);
                            let held = Held::new(&grant, incarnation, store, pending.first_sent);
                            self.lanes[lane].nonce += 1;
                            self.lanes[lane].full = false;
                            if held.takes_calls(now) {
                                self.lanes[lane].held = Some(held);
                                self.expect_release(now);
                            } else {
                                // Over before it began. Asking again at once might go on for ever.
                                self.pause(now, lane);
                            }
                        }
                    }
                    Ok(OpenReply::Refused(refusal)) => self.handle_open_refusal(now, lane, refusal),
                    Err(_) => return self.contact_refused(now, &pending),
                }
            }
            (
                Step::Describe {
                    program, version, ..
                },
                AcceptStatus::Success,
            ) => match xdr::from_slice(reply.results, LIMITS) {
                Ok(answer) => self.handle_description(program, version, &answer),
                Err(_) => return self.contact_refused(now, &pending),
            },
            _ => return self.contact_refused(now, &pending),
        }
        self.admit_waiting(now);
        self.step(now);
    }

    /// The answer to the pending step has a status that nobody knows.
    pub(super) fn senseless_contact(&mut self, now: Time, xid: u32) {
        if let Some(pending) = self.pending.take_if(|pending| pending.xid == xid) {
            self.contact_refused(now, &pending);
        }
    }

    fn handle_hello(&mut self, now: Time, hello: HelloReply) {
        let HelloReply {
            incarnation,
            store,
            cookie,
        } = hello;
        if self.described_by != incarnation {
            self.described_by = incarnation;
            self.forget_descriptions();
        }
        self.lanes.iter_mut().for_each(|lane| lane.full = false);
        self.store = store;
        self.contact = Contact::Known {
            incarnation,
            store,
            cookie,
            since: now,
        };
        for lane in 0..self.lanes.len() {
            let Some(held) = &self.lanes[lane].held else {
                continue;
            };
            let same_keeper = match self.lanes[lane].keeper {
                Keeper::Incarnation => held.incarnation == incarnation,
                Keeper::Store => held.store == store,
            };
            if !same_keeper {
                self.lose_session(now, lane, FailureKind::ServerRestarted);
            } else if !held.takes_calls(now) {
                self.lose_session(now, lane, FailureKind::SessionLost);
            } else {
                self.resume(lane);
            }
        }
        self.take_up_plain(now, false);
        self.expect_release(now);
        self.admit_waiting(now);
        self.step(now);
        // Sessions that could only wait for their end are renewed again, which is to be sooner.
        self.wake = self.wake.min(self.next_wake());
    }

    /// The server behind the new link keeps the session: what is out is sent again, under the same numbers.
    fn resume(&mut self, lane: usize) {
        // The answer to an `ACK` may have been lost with the link.
        if self.lanes[lane]
            .held
            .as_ref()
            .is_some_and(|held| held.wants_ack())
        {
            self.outbox.push_back(Item::Ack { lane });
        }
        for (slot, flight) in self.flights.iter_mut().enumerate() {
            let Some(flight) = flight else { continue };
            if flight.stage == Stage::Parked && lane_of(flight.semantics()) == lane {
                flight.stage = Stage::Queued;
                self.outbox.push_back(Item::Call {
                    slot: slot as u32,
                    xid: flight.attempt.xid,
                });
            }
        }
    }

    /// Calls that were numbered for a server with sessions cannot be continued at one without.
    fn become_plain(&mut self, now: Time) {
        for lane in 0..self.lanes.len() {
            self.lose_session(now, lane, FailureKind::ServerRestarted);
        }
        self.take_up_plain(now, true);
        self.admit_waiting(now);
    }

    fn handle_open_refusal(&mut self, now: Time, lane: usize, refusal: OpenRefusal) {
        match refusal {
            OpenRefusal::BadCookie => {
                // A cookie that is bad when it is new will be so again; one that grew old is a matter of course.
                if matches!(self.contact, Contact::Known { since, .. } if now.since(since) < FULL_PAUSE * 20)
                {
                    self.pause(now, lane);
                }
                self.contact = Contact::Unknown;
            }
            OpenRefusal::NoStore => self.fail_waiting(lane, FailureKind::NoCompletionStore),
            OpenRefusal::Full => {
                self.lanes[lane].full = true;
                self.pause(now, lane);
            }
        }
    }

    fn pause(&mut self, now: Time, lane: usize) {
        self.lanes[lane].pause_until = now + self.entropy.jitter(FULL_PAUSE);
        self.wake = self.wake.min(self.lanes[lane].pause_until);
    }

    fn fail_waiting(&mut self, lane: usize, kind: FailureKind) {
        for slot in std::mem::take(&mut self.lanes[lane].waiting) {
            if self
                .flight_mut(slot)
                .is_some_and(|flight| flight.stage == Stage::Waiting)
            {
                self.fail(slot, kind, Executed::No);
            }
        }
    }

    /// The server denied a step of first contact. Calls that wait for the first one are told why; it is asked again all the
    /// same, since calls that were sent before may wait for their answers.
    fn contact_denied(&mut self, now: Time, pending: &Pending, why: RejectStatus) {
        self.contact_refused(now, pending);
        if pending.step == Step::Hello {
            self.contact = Contact::Denied(why);
            for lane in 0..self.lanes.len() {
                self.fail_waiting(lane, FailureKind::Denied(why));
            }
        }
    }

    /// The server answered a step of first contact with something that makes no sense. A peer that restarted explains
    /// it, so contact begins anew; the pause keeps two machines that disagree from talking without end.
    fn contact_refused(&mut self, now: Time, pending: &Pending) {
        self.contact = Contact::Unknown;
        let timer = now + self.entropy.jitter(FULL_PAUSE);
        self.pending = Some(Pending {
            step: Step::Hello,
            xid: 0,
            copies: 0,
            first_sent: now,
            timer,
        });
        self.wake = self.wake.min(timer);
        // Only now, since losing a session takes the next step if none is pending, which would begin at once.
        if let Step::Describe { lane, session, .. } = pending.step
            && self.holds(lane, session)
        {
            match self.link {
                Some(LinkKind::Stream) => self.orphan_session(now, lane),
                _ => self.lose_session(now, lane, FailureKind::SessionLost),
            }
        }
    }
}
