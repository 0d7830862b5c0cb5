//! What comes from the server.

use super::contact::Contact;
use super::flight::Stage;
use super::transmit::{Answered, Item, answered};
use super::{Client, FailureKind, Finished, LinkKind, lane_of};
use crate::message::{AcceptStatus, Call, Message, MessageError, RejectStatus, Reply, ReplyStatus};
use crate::session::program::{ProbeReply, ProbeState, ReceivedArgs};
use crate::session::wire::{Outcome, SESSION_FLAVOR, SESSION_PROGRAM, Verifier, procedure};
use crate::time::{Executed, Time};
use crate::xdr::{self, Limits};
use std::time::Duration;

const LIMITS: Limits = Limits {
    message: 1024,
    depth: 4,
    allocation: 1024,
};

impl Client {
    /// Takes one message. The call that it ends, if it ends one with a result; others are given by `poll_finished`.
    ///
    /// What answers nothing that is out is ignored: late and doubled messages are nothing special.
    pub fn handle_message(&mut self, now: Time, message: &[u8]) -> Option<Finished> {
        self.link?;
        match Message::decode(message) {
            Ok(Message::Reply(reply)) => {
                let end = message.len();
                self.handle_reply(now, &reply, end)
            }
            Ok(Message::Call(call)) => {
                self.handle_server_call(now, &call);
                None
            }
            Err(MessageError::Reply { xid, denied, .. }) => {
                self.senseless_reply(now, xid, denied);
                None
            }
            Err(_) => None,
        }
    }

    /// A reply whose status nobody knows. Of a server without sessions no better one can come. One with sessions never sends
    /// such a reply, so it is not from the server that granted the session.
    fn senseless_reply(&mut self, now: Time, xid: u32, denied: bool) {
        match answered(xid) {
            Some(Answered::Call { xid }) if self.contact == Contact::Plain => {
                let Some(&slot) = self.slots.get(&xid) else {
                    return;
                };
                let Some(flight) = self.flight_mut(slot).filter(|flight| flight.is_out()) else {
                    return;
                };
                let executed = match denied {
                    true => flight.refused_without_record(),
                    false => flight.attempt_executed(),
                };
                self.unheard_since = None;
                self.fail(slot, FailureKind::BadReply, executed);
            }
            Some(Answered::Contact) => {
                self.unheard_since = None;
                self.senseless_contact(now, xid);
            }
            _ => {}
        }
    }

    fn handle_reply(&mut self, now: Time, reply: &Reply<'_>, end: usize) -> Option<Finished> {
        match answered(reply.header.xid)? {
            Answered::Call { xid } => return self.call_reply(now, xid, reply, end),
            Answered::Probe { xid } => self.probe_reply(now, xid, reply),
            Answered::Contact => {
                self.unheard_since = None;
                self.contact_reply(now, reply);
            }
            Answered::Ack { xid } => self.ack_reply(now, xid, reply),
        }
        None
    }

    fn call_reply(
        &mut self,
        now: Time,
        xid: u32,
        reply: &Reply<'_>,
        end: usize,
    ) -> Option<Finished> {
        let plain = self.contact == Contact::Plain;
        let slot = *self.slots.get(&xid)?;
        let flight = self.flight_mut(slot)?;
        if flight.attempt.copies == 0 {
            return None;
        }
        let (verifier, status) = match reply.header.status {
            ReplyStatus::Accepted { verifier, status } => {
                let ours = (!plain && verifier.flavor().0 == SESSION_FLAVOR)
                    .then(|| Verifier::from_bytes(verifier.body()))
                    .flatten();
                (
                    ours.filter(|verifier| flight.is_answered_by(verifier)),
                    status,
                )
            }
            ReplyStatus::Denied(why) => {
                self.denied(now, slot, why);
                return None;
            }
        };
        let outcome = match verifier {
            None if plain => plain_outcome(status),
            // A reply on a session without our verifier is not from the server that granted it.
            None => return None,
            Some(verifier) => verifier.outcome,
        };
        self.unheard_since = None;
        self.heard_of(now, slot, verifier.as_ref());
        if outcome == Outcome::Returned && status == AcceptStatus::Success {
            if self.is_shelved(slot) {
                // The number is not finished, so whoever asks again gets it again.
                return None;
            }
            self.budget.earn();
            let finished = self.succeed(slot, end - reply.results.len()..end);
            self.admit_waiting(now);
            return finished;
        }
        self.refused(now, slot, outcome, status, verifier.as_ref());
        self.admit_waiting(now);
        None
    }

    /// What every answer to a call tells: the round trip, the lease, the window.
    fn heard_of(&mut self, now: Time, slot: u32, verifier: Option<&Verifier>) {
        let Some(flight) = self.flights.get(slot as usize).and_then(Option::as_ref) else {
            return;
        };
        let attempt = &flight.attempt;
        if attempt.copies == 1 && attempt.probes == 0 && flight.stage == Stage::Sent {
            self.round_trip.sample(now.since(attempt.first_sent));
        }
        let gone = attempt.orphaned
            || verifier.is_some_and(|v| {
                matches!(
                    v.outcome,
                    Outcome::UnknownSession | Outcome::StaleIncarnation
                )
            });
        if let Some(held) = &mut self.lanes[lane_of(flight.semantics())].held
            && !gone
        {
            held.renewed(attempt.first_sent);
            if let Some(verifier) = verifier {
                held.set_window(verifier.window);
            }
        }
    }

    /// A call that the server answered without a result.
    fn refused(
        &mut self,
        now: Time,
        slot: u32,
        outcome: Outcome,
        status: AcceptStatus,
        verifier: Option<&Verifier>,
    ) {
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let lane = lane_of(flight.semantics());
        let executed = match verifier {
            Some(verifier) => verifier.executed,
            None if status == AcceptStatus::SystemError => Executed::Maybe,
            None => flight.refused_without_record(),
        };
        let pause = verifier
            .map(|v| Duration::from_millis(v.retry_after_ms.into()))
            .filter(|pause| !pause.is_zero());
        let kind = match outcome {
            Outcome::Overloaded => {
                return self.try_later(now, slot, FailureKind::Overloaded, executed, pause);
            }
            Outcome::ShuttingDown => {
                return self.try_later(now, slot, FailureKind::ShuttingDown, executed, pause);
            }
            Outcome::UnknownSession => {
                return self.session_unknown(now, slot, lane, FailureKind::SessionLost);
            }
            Outcome::StaleIncarnation => {
                return self.session_unknown(now, slot, lane, FailureKind::ServerRestarted);
            }
            Outcome::Returned => FailureKind::BadReply,
            Outcome::Panicked if verifier.is_none() => FailureKind::ServerFailed,
            Outcome::Panicked => FailureKind::Panicked,
            Outcome::Unencodable => FailureKind::Unencodable,
            Outcome::ReplyTooLarge => FailureKind::ReplyTooLarge,
            Outcome::BadArguments => FailureKind::BadArguments,
            Outcome::Unavailable => unavailable(status),
            Outcome::DeadlinePassed => FailureKind::DeadlinePassedAtServer,
            Outcome::Expired => FailureKind::Expired,
            Outcome::Conflict => FailureKind::Conflict,
            Outcome::WrongKeeper => FailureKind::WrongKeeper,
            Outcome::Interrupted => FailureKind::Interrupted,
            Outcome::StoreFailed => FailureKind::StoreFailed,
            Outcome::StoreFull => FailureKind::StoreFull,
            Outcome::KeyAhead => FailureKind::KeyAhead,
        };
        let of_the_key = matches!(
            outcome,
            Outcome::Panicked | Outcome::BadArguments | Outcome::Conflict
        );
        if of_the_key && verifier.is_some() {
            // The record that says so is the key's, and so that of all copies on all sessions, whoever sent them.
            flight.maybe &= flight.request.key.is_none();
        }
        self.fail(slot, kind, executed);
    }

    /// The server is in trouble and has finished the number without running the call, so another attempt may be made. If it
    /// knows the call by its key, it may have run for another number, and so will not run for the next one either.
    fn try_later(
        &mut self,
        now: Time,
        slot: u32,
        kind: FailureKind,
        executed: Executed,
        pause: Option<Duration>,
    ) {
        let pause = pause.unwrap_or(Duration::from_millis(10));
        let affordable = self.budget.spend();
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        if (executed != Executed::No && !flight.may_go_on()) || !affordable {
            return self.fail_for(slot, kind, executed, Some(pause));
        }
        flight.refusals += 1;
        let longer = pause.saturating_mul(1 << flight.refusals.min(6)) / 2;
        let pause = self.entropy.jitter(longer);
        self.try_again(now, slot, executed, Some(pause));
    }

    /// The server at the other end does not know the session of a call.
    ///
    /// On a stream a copy is answered by the server that it was handed to and by no other, and no copy comes twice. So if
    /// this link carried all copies of this attempt, the call did not run; of datagrams nobody can know.
    fn session_unknown(&mut self, now: Time, slot: u32, lane: usize, kind: FailureKind) {
        let stream = self.link == Some(LinkKind::Stream);
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let proven = flight.attempt.copies == flight.attempt.copies_here;
        let executed = if proven {
            Executed::No
        } else {
            flight.attempt_executed()
        };
        let (orphaned, may_go_on) = (flight.attempt.orphaned, flight.may_go_on());
        // The session goes first, so that another attempt does not get a number in it.
        if !orphaned {
            self.contact_anew(now, lane, kind);
        }
        if stream && (executed == Executed::No || may_go_on) {
            self.try_again(now, slot, executed, None);
        } else if stream {
            self.fail(slot, kind, executed);
        }
    }

    /// A lane's session turned out to be unknown.
    pub(super) fn contact_anew(&mut self, now: Time, lane: usize, kind: FailureKind) {
        if self.link == Some(LinkKind::Stream) {
            self.orphan_session(now, lane);
        } else {
            self.contact = Contact::Unknown;
            self.pending = None;
            self.lose_session(now, lane, kind);
        }
    }

    /// MSG_DENIED: the peer does not take our credential, so it is not the server that granted the session.
    fn denied(&mut self, now: Time, slot: u32, why: RejectStatus) {
        self.unheard_since = None;
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let (lane, executed) = (lane_of(flight.semantics()), flight.refused_without_record());
        match why {
            RejectStatus::AuthError(_) if self.contact != Contact::Plain => {
                self.session_unknown(now, slot, lane, FailureKind::ServerRestarted);
            }
            _ => self.fail(slot, FailureKind::Denied(why), executed),
        }
    }

    fn probe_reply(&mut self, now: Time, xid: u32, reply: &Reply<'_>) {
        let Some(&slot) = self.slots.get(&xid) else {
            return;
        };
        let Some(flight) = self.flight_mut(slot).filter(|flight| flight.is_out()) else {
            return;
        };
        let (seq, lane) = (flight.attempt.seq, lane_of(flight.semantics()));
        let orphaned = flight.attempt.orphaned;
        let ReplyStatus::Accepted { verifier, status } = reply.header.status else {
            return;
        };
        let Some(verifier) = Verifier::from_bytes(verifier.body()) else {
            return;
        };
        self.unheard_since = None;
        match (verifier.outcome, status) {
            (Outcome::UnknownSession | Outcome::StaleIncarnation, _) => {
                let restarted = verifier.outcome == Outcome::StaleIncarnation;
                let kind = if restarted {
                    FailureKind::ServerRestarted
                } else {
                    FailureKind::SessionLost
                };
                // The session of an orphan was let go before; the lane may hold a new one.
                if !orphaned {
                    self.contact_anew(now, lane, kind);
                }
                // On a stream the session is let go and its calls wait for their own answers, but this one's would
                // have come before the answer to the question.
                if self
                    .flight_mut(slot)
                    .is_some_and(|flight| flight.attempt.xid == xid && flight.attempt.orphaned)
                {
                    self.lose(now, slot, kind);
                }
            }
            (Outcome::Returned, AcceptStatus::Success) => {
                match xdr::from_slice::<ProbeReply>(reply.results, LIMITS) {
                    Ok(answer) if answer.seq == seq => {
                        if let Some(held) = &mut self.lanes[lane].held {
                            held.renewed(Time::from_nanos(answer.stamp.min(now.as_nanos())));
                        }
                        self.probed(now, slot, xid, answer.state);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn probed(&mut self, now: Time, slot: u32, xid: u32, state: ProbeState) {
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        match state {
            // The reply of a finished one follows as a message of its own; if it is lost, the next question brings it again.
            ProbeState::Running | ProbeState::Finished => self.arrived(now, slot),
            ProbeState::NeverSeen => {
                flight.stage = Stage::Queued;
                self.outbox.push_back(Item::Call { slot, xid });
            }
            ProbeState::Expired => self.fail(slot, FailureKind::Expired, Executed::Maybe),
        }
    }

    fn ack_reply(&mut self, now: Time, xid: u32, reply: &Reply<'_>) {
        if self.releases.is_out(xid) {
            return self.release_reply(now, reply);
        }
        let Some(lane) = self.lanes.iter().position(|lane| {
            lane.held
                .as_ref()
                .and_then(|held| held.ack.as_ref())
                .is_some_and(|ack| ack.xid == xid)
        }) else {
            return;
        };
        self.unheard_since = None;
        let ReplyStatus::Accepted { verifier, .. } = reply.header.status else {
            return;
        };
        match Verifier::from_bytes(verifier.body()).map(|verifier| verifier.outcome) {
            Some(Outcome::Returned) => {
                if let Some(held) = &mut self.lanes[lane].held {
                    held.ack_answered();
                    // What finished while it was out is looked at then, should nothing else be said to the server.
                    self.wake = self.wake.min(now + self.config.ack_delay);
                    // Of what finished since it was sent, nothing else may ever remind us.
                    if held.wants_ack() {
                        self.outbox.push_back(Item::Ack { lane });
                    }
                }
                self.admit_waiting(now);
            }
            Some(Outcome::UnknownSession) => self.contact_anew(now, lane, FailureKind::SessionLost),
            Some(Outcome::StaleIncarnation) => {
                self.contact_anew(now, lane, FailureKind::ServerRestarted)
            }
            _ => {}
        }
    }

    /// A call from the server: only `RECEIVED` so far, which has no reply.
    fn handle_server_call(&mut self, now: Time, call: &Call<'_>) {
        if (call.header.program, call.header.procedure) != (SESSION_PROGRAM, procedure::RECEIVED) {
            return;
        }
        let Ok(received) = xdr::from_slice::<ReceivedArgs>(call.args, LIMITS) else {
            return;
        };
        let plain = self.contact == Contact::Plain;
        let Some(Answered::Call { xid }) = answered(received.xid) else {
            return;
        };
        let Some(&slot) = self.slots.get(&xid) else {
            return;
        };
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        let attempt = &flight.attempt;
        if attempt.seq != received.seq || flight.stage != Stage::Sent {
            return;
        }
        // Only the server that granted the session, or another life of its store, can be asked about the call afterwards.
        // Whether its cookie has grown old meanwhile, so that first contact is being made again, does not matter.
        if plain || attempt.store.is_none() && attempt.incarnation != received.incarnation {
            return;
        }
        self.arrived(now, slot);
        self.unheard_since = None;
    }

    /// The server has a copy: no more are sent, and it is asked soon. An answer to an early question can come when copies
    /// are being sent again already, with longer waits between them than between questions.
    fn arrived(&mut self, now: Time, slot: u32) {
        let wait = self.probe_wait(0);
        let Some(flight) = self.flight_mut(slot) else {
            return;
        };
        if flight.stage == Stage::Sent {
            flight.stage = Stage::Received;
            // Not later than it was: over a stream it is that of the next question already.
            flight.timer = flight.timer.min(now + wait);
            let timer = flight.timer;
            self.wake = self.wake.min(timer);
        }
    }
}

/// What a server without sessions says by its accept status.
fn plain_outcome(status: AcceptStatus) -> Outcome {
    match status {
        AcceptStatus::Success => Outcome::Returned,
        AcceptStatus::GarbageArgs => Outcome::BadArguments,
        AcceptStatus::SystemError => Outcome::Panicked,
        _ => Outcome::Unavailable,
    }
}

fn unavailable(status: AcceptStatus) -> FailureKind {
    match status {
        AcceptStatus::ProgramUnavailable => FailureKind::NoProgram,
        AcceptStatus::ProgramMismatch { low, high } => FailureKind::OtherVersions { low, high },
        AcceptStatus::ProcedureUnavailable => FailureKind::NoProcedure,
        _ => FailureKind::BadReply,
    }
}
