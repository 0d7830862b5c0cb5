//! First contact: who is the server, may we have a session, and are its methods ours?

use super::lane::Lane;
use super::transmit::{Item, write_program_call};
use super::{Client, FailureKind, LinkKind, NEVER};
use crate::message::{RejectStatus, credential};
use crate::session::program::{DescribeArgs, HelloArgs, OpenArgs};
use crate::session::wire::{SESSION_VERSION, SessionId, procedure};
use crate::time::Time;

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
    pub(super) step: Step,
    pub(super) xid: u32,
    pub(super) copies: u32,
    pub(super) first_sent: Time,
    pub(super) timer: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
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

/// Zeros that make a `HELLO` at least as long as a datagram's must be.
const PADDING: [u8; 480] = [0; 480];

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
                let open = (0..self.lanes.len()).find(|&lane| self.has_session(now, lane));
                let held = open.and_then(|lane| Some((lane, self.lanes[lane].held.as_ref()?)));
                match (missing, self.undescribed()) {
                    (Some(lane), _) => Some(Step::Open { lane }),
                    (None, Some(interface)) if let Some((lane, held)) = held => {
                        Some(Step::Describe {
                            program: interface.program,
                            version: interface.version,
                            lane,
                            session: held.id,
                        })
                    }
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

    /// Whether a lane still holds the session of this name.
    pub(super) fn holds(&self, lane: usize, session: SessionId) -> bool {
        let held = self.lanes[lane].held.as_ref();
        held.is_some_and(|held| held.id == session)
    }
}
