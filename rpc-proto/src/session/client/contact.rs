//! First contact: who is the server, may we have a session, and are its methods ours?

use super::flight::Stage;
use super::lane::{Held, Lane};
use super::transmit::{Item, write_program_call};
use super::{Client, Failure, FailureKind, LinkKind, NEVER, Readiness, lane_of};
use crate::describe::Interface;
use crate::message::{AcceptStatus, RejectStatus, Reply, ReplyStatus, credential};
use crate::session::program::{
    DescribeArgs, DescribeReply, HelloArgs, HelloReply, Keeper, MethodPrint, OpenArgs, OpenRefusal,
    OpenReply,
};
use crate::session::wire::{SESSION_VERSION, SessionId, procedure};
use crate::time::{Executed, Time};
use crate::xdr::{self, Limits};
use std::time::Duration;

/// Who is at the other end of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Contact {
    /// It has not said yet.
    Unknown,
    /// A server that knows sessions.
    Known {
        incarnation: u64,
        store: Option<[u8; 16]>,
        cookie: [u8; 24],
        since: Time,
    },
    /// A server that proved not to know the session program.
    Plain,
    /// A server that does not hear who we say we are, or speaks another version of RPC: whether it knows sessions it did not
    /// say.
    Denied(RejectStatus),
}

/// A step of first contact that is not answered yet.
#[derive(Debug)]
pub(super) struct Pending {
    step: Step,
    xid: u32,
    copies: u32,
    first_sent: Time,
    pub(super) timer: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Hello,
    Open {
        lane: usize,
    },
    /// Asked on this lane's session, which may be another by the time of the answer.
    Describe {
        program: u32,
        version: u32,
        lane: usize,
        session: SessionId,
    },
}

/// What the server says of an interface that is used here.
#[derive(Debug)]
pub(super) struct Description {
    interface: &'static Interface,
    /// `None` until the server has answered.
    answer: Option<Answer>,
}

#[derive(Debug)]
enum Answer {
    /// Served; these of our methods are not, or are not the same.
    Served {
        refused: Vec<(u32, FailureKind)>,
    },
    NotServed(FailureKind),
}

/// Whether a method can be called.
pub(super) enum Verdict {
    Unknown,
    Good,
    Refused(FailureKind),
}

/// Zeros that make a `HELLO` at least as long as a datagram's must be.
const PADDING: [u8; 480] = [0; 480];

/// A server that has no room for a session is asked again after this.
const FULL_PAUSE: Duration = Duration::from_millis(50);

const LIMITS: Limits = Limits {
    message: 1 << 20,
    depth: 8,
    allocation: 1 << 20,
};

impl Client {
    /// Takes the next step of first contact, if one is needed and none is under way.
    pub(super) fn step(&mut self, now: Time) {
        if self.link.is_none() || self.pending.is_some() {
            return;
        }
        for lane in 0..self.lanes.len() {
            if self.lanes[lane]
                .held
                .as_ref()
                .is_some_and(|held| !held.takes_calls(now))
            {
                return self.lose_session(now, lane, FailureKind::SessionLost);
            }
        }
        if let Some(step) = self.next_step(now) {
            self.pending = Some(Pending {
                step,
                xid: 0,
                copies: 0,
                first_sent: now,
                timer: NEVER,
            });
            self.outbox.push_back(Item::Contact);
        }
    }

    /// Notes that an interface is going to be used.
    pub(super) fn expect(&mut self, interface: &'static Interface) {
        if !self
            .descriptions
            .iter()
            .any(|known| same(known.interface, interface))
        {
            self.descriptions.push(Description {
                interface,
                answer: None,
            });
        }
    }

    pub(super) fn contact_readiness(&self, interface: &Interface) -> Readiness {
        let description = self
            .descriptions
            .iter()
            .find(|known| same(known.interface, interface));
        match (
            &self.contact,
            description.and_then(|known| known.answer.as_ref()),
        ) {
            (Contact::Plain, _) | (Contact::Known { .. }, Some(Answer::Served { .. })) => {
                Readiness::Ready
            }
            (Contact::Known { .. }, Some(Answer::NotServed(kind))) => {
                Readiness::Refused(Failure::new(*kind, Executed::No, true, None))
            }
            (Contact::Denied(why), _) => {
                let kind = FailureKind::Denied(*why);
                Readiness::Refused(Failure::new(kind, Executed::No, true, None))
            }
            _ => Readiness::Pending,
        }
    }

    /// What is known of a method. Asking is what makes the client find out.
    pub(super) fn verdict(&mut self, interface: &'static Interface, procedure: u32) -> Verdict {
        let known = self
            .descriptions
            .iter()
            .find(|known| same(known.interface, interface));
        match known.map(|known| &known.answer) {
            Some(Some(Answer::Served { refused })) => {
                match refused.iter().find(|(number, _)| *number == procedure) {
                    Some((_, kind)) => Verdict::Refused(*kind),
                    None => Verdict::Good,
                }
            }
            Some(Some(Answer::NotServed(kind))) => Verdict::Refused(*kind),
            Some(None) => Verdict::Unknown,
            None => {
                self.descriptions.push(Description {
                    interface,
                    answer: None,
                });
                Verdict::Unknown
            }
        }
    }

    /// Writes the pending step into the scratch buffer.
    pub(super) fn prepare_contact(&mut self, now: Time) -> bool {
        let Some(kind) = self.link else { return false };
        let xid = self.contact_xid();
        let Some(pending) = &mut self.pending else {
            return false;
        };
        // A stream delivers or breaks: the wait only bounds how long a peer may be silent.
        pending.timer = match kind {
            LinkKind::Datagram => {
                now + self
                    .round_trip
                    .timeout(pending.copies + 1, &mut self.entropy)
            }
            LinkKind::Stream => now + self.config.silence,
        };
        // All copies have one id: where the round trip is longer than the wait, the answer to an early one counts.
        if pending.copies == 0 {
            pending.xid = xid;
            pending.first_sent = now;
        }
        pending.copies += 1;
        let (step, xid, timer) = (pending.step, pending.xid, pending.timer);
        self.wake = self.wake.min(timer);
        let who = credential(self.credential.as_deref());
        match step {
            Step::Hello => {
                let padding = if kind == LinkKind::Datagram {
                    &PADDING[..]
                } else {
                    &[]
                };
                let hello = HelloArgs {
                    version: SESSION_VERSION,
                    padding,
                };
                write_program_call(&mut self.scratch, who, xid, procedure::HELLO, &hello)
            }
            Step::Open { lane } => {
                let Contact::Known { cookie, .. } = self.contact else {
                    return false;
                };
                let Lane { keeper, nonce, .. } = &self.lanes[lane];
                let open = OpenArgs {
                    cookie,
                    client: self.name,
                    nonce: *nonce,
                    keeper: *keeper,
                };
                write_program_call(&mut self.scratch, who, xid, procedure::OPEN, &open)
            }
            Step::Describe {
                program,
                version,
                lane,
                session,
            } => {
                if !self.holds(lane, session) {
                    return false;
                }
                self.write_session_call(
                    lane,
                    xid,
                    procedure::DESCRIBE,
                    &DescribeArgs { program, version },
                )
            }
        }
    }

    /// The wait for the pending step is over.
    pub(super) fn contact_timeout(&mut self, now: Time) {
        let Some(pending) = &mut self.pending else {
            return;
        };
        if pending.timer > now {
            return;
        }
        pending.timer = NEVER;
        if self.link == Some(LinkKind::Datagram) || pending.copies == 0 {
            self.outbox.push_back(Item::Contact);
        } else {
            self.reconnect = true;
        }
    }

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

    fn next_step(&self, now: Time) -> Option<Step> {
        let needed = |client: &Client| {
            !client.descriptions.is_empty() || client.flights.iter().flatten().next().is_some()
        };
        match self.contact {
            Contact::Plain => None,
            Contact::Unknown | Contact::Denied(_) => needed(self).then_some(Step::Hello),
            Contact::Known { .. } => {
                let wanted: Vec<_> = self
                    .lanes
                    .iter()
                    .map(|lane| !lane.waiting.is_empty() && lane.pause_until <= now)
                    .collect();
                let missing = (0..self.lanes.len())
                    .find(|&lane| wanted[lane] && !self.has_session(now, lane));
                let undescribed = self
                    .descriptions
                    .iter()
                    .find(|known| known.answer.is_none());
                let open = (0..self.lanes.len()).find(|&lane| self.has_session(now, lane));
                let held = open.and_then(|lane| Some((lane, self.lanes[lane].held.as_ref()?)));
                match (missing, undescribed) {
                    (Some(lane), _) => Some(Step::Open { lane }),
                    (None, Some(known)) if let Some((lane, held)) = held => Some(Step::Describe {
                        program: known.interface.program,
                        version: known.interface.version,
                        lane,
                        session: held.id,
                    }),
                    (None, Some(_)) if self.lanes[0].pause_until <= now => {
                        Some(Step::Open { lane: 0 })
                    }
                    (None, Some(_)) => None,
                    (None, None) => None,
                }
            }
        }
    }

    fn has_session(&self, now: Time, lane: usize) -> bool {
        self.lanes[lane]
            .held
            .as_ref()
            .is_some_and(|held| held.takes_calls(now))
    }

    fn handle_hello(&mut self, now: Time, hello: HelloReply) {
        let HelloReply {
            incarnation,
            store,
            cookie,
        } = hello;
        if self.described_by != incarnation {
            self.described_by = incarnation;
            self.descriptions
                .iter_mut()
                .for_each(|known| known.answer = None);
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

    fn handle_description(&mut self, program: u32, version: u32, answer: &DescribeReply) {
        for known in &mut self.descriptions {
            if (known.interface.program, known.interface.version) == (program, version) {
                known.answer = Some(match answer {
                    DescribeReply::Methods(prints) => Answer::Served {
                        refused: differences(known.interface, prints),
                    },
                    DescribeReply::OtherVersions(low, high) => {
                        Answer::NotServed(FailureKind::OtherVersions {
                            low: *low,
                            high: *high,
                        })
                    }
                    DescribeReply::NoProgram => Answer::NotServed(FailureKind::NoProgram),
                });
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

    /// Whether a lane still holds the session of this name.
    fn holds(&self, lane: usize, session: SessionId) -> bool {
        let held = self.lanes[lane].held.as_ref();
        held.is_some_and(|held| held.id == session)
    }
}

fn same(one: &Interface, other: &Interface) -> bool {
    std::ptr::eq(one, other) || (one.program, one.version) == (other.program, other.version)
}

/// Our methods that the server does not have, or has with other types or other semantics.
fn differences(interface: &Interface, prints: &[MethodPrint]) -> Vec<(u32, FailureKind)> {
    let theirs = |procedure| prints.iter().find(|print| print.procedure == procedure);
    interface
        .methods
        .iter()
        .filter_map(|method| match theirs(method.procedure) {
            None => Some((method.procedure, FailureKind::NoProcedure)),
            Some(print) if print.fingerprint != method.fingerprint() => {
                Some((method.procedure, FailureKind::Incompatible))
            }
            Some(_) => None,
        })
        .collect()
}
