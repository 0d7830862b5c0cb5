//! What is to be sent, and the headers of it.

use super::FailureKind;
use super::contact::Contact;
use super::flight::Stage;
use super::{Client, LinkKind, NEVER, Transmit, lane_of};
use crate::message::{self, Auth, CallHeader, Flavor};
use crate::record::MARK;
use crate::session::frame;
use crate::session::program::{AckArgs, ProbeArgs};
use crate::session::wire::{
    CallVerifier, Credential, PROGRAM_VERSION, SESSION_FLAVOR, SESSION_PROGRAM, procedure,
};
use crate::time::Time;
use crate::xdr::{self, Encode};
use std::collections::hash_map::Entry;
use std::time::Duration;

/// Something to be sent. It is looked at again when its turn comes, since things may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A copy of a call, if the attempt is still this one.
    Call { slot: u32, xid: u32 },
    /// A question what became of it.
    Probe { slot: u32, xid: u32 },
    /// The pending step of first contact.
    Contact,
    /// Ranges of finished numbers.
    Ack { lane: usize },
    /// Keys that nobody will ask for again.
    Release,
    /// The end of a session.
    Goodbye { lane: usize },
}

/// The kind of a message stands in bits 29 and 30 of its transaction id, and below them the number that it was given when
/// it was to be sent. So no id comes again for 2^29 messages: a server without sessions would take a call whose id it
/// remembers for a copy, answer it with the reply of the other, and not run it. The top bit is the acceptor's.
const NUMBER: u32 = 0x1fff_ffff;
const KIND: u32 = 0x6000_0000;
const KIND_CALL: u32 = 0;
const KIND_PROBE: u32 = 0x2000_0000;
const KIND_CONTACT: u32 = 0x4000_0000;
const KIND_ACK: u32 = 0x6000_0000;

/// The shortest wait for an answer in datagrams of a server without sessions. It cannot say that it has the call, and runs
/// every copy (RFC 6298, section 2.4, has the same bound).
const PLAIN_WAIT: Duration = Duration::from_secs(1);

/// What a reply answers.
pub(super) enum Answered {
    Call { xid: u32 },
    Probe { xid: u32 },
    Contact,
    Ack { xid: u32 },
}

pub(super) fn answered(xid: u32) -> Option<Answered> {
    let call = xid & NUMBER;
    match xid & KIND {
        _ if xid >> 31 == 1 => None,
        KIND_CALL => Some(Answered::Call { xid: call }),
        KIND_PROBE => Some(Answered::Probe { xid: call }),
        KIND_CONTACT => Some(Answered::Contact),
        _ => Some(Answered::Ack { xid }),
    }
}

impl Client {
    /// The next message to be sent; `None` when there is none, or no link.
    pub fn poll_transmit(&mut self, now: Time) -> Option<Transmit<'_>> {
        self.link?;
        while let Some(item) = self.outbox.pop_front() {
            match item {
                Item::Call { slot, xid } => {
                    if let Some(start) = self.prepare_call(now, slot, xid) {
                        self.unheard_since.get_or_insert(now);
                        return self.call_transmit(slot, start);
                    }
                }
                Item::Probe { slot, xid } => {
                    if self.prepare_probe(now, slot, xid) {
                        self.unheard_since.get_or_insert(now);
                        return Some(Transmit {
                            call: None,
                            framed: &self.scratch,
                        });
                    }
                }
                Item::Contact => {
                    if self.prepare_contact(now) {
                        self.unheard_since.get_or_insert(now);
                        return Some(Transmit {
                            call: None,
                            framed: &self.scratch,
                        });
                    }
                    self.pending = None;
                    self.step(now);
                }
                Item::Ack { lane } => {
                    if self.prepare_ack(now, lane) {
                        return Some(Transmit {
                            call: None,
                            framed: &self.scratch,
                        });
                    }
                }
                Item::Release => {
                    if self.prepare_release(now) {
                        return Some(Transmit {
                            call: None,
                            framed: &self.scratch,
                        });
                    }
                }
                Item::Goodbye { lane } => {
                    if self.prepare_goodbye(lane) {
                        return Some(Transmit {
                            call: None,
                            framed: &self.scratch,
                        });
                    }
                }
            }
        }
        None
    }

    fn call_transmit(&self, slot: u32, start: usize) -> Option<Transmit<'_>> {
        match self.flights.get(slot as usize) {
            Some(Some(flight)) => Some(Transmit {
                call: Some(flight.call),
                framed: &flight.request.message[start..],
            }),
            // A oneway call has ended by being handed over; its buffer waits to be given back.
            _ => self.finished.back().map(|f| Transmit {
                call: Some(f.call),
                framed: &f.buffer[start..],
            }),
        }
    }

    /// Writes the header of a call. Where the message begins in its buffer; `None` if it is not to be sent.
    fn prepare_call(&mut self, now: Time, slot: u32, xid: u32) -> Option<usize> {
        let plain = self.contact == Contact::Plain;
        let link = self.link?;
        let flight = self.flights.get(slot as usize)?.as_ref()?;
        // The number of an orphaned attempt means another call in the session that the lane holds now.
        if flight.attempt.xid != xid || flight.stage != Stage::Queued || flight.attempt.orphaned {
            return None;
        }
        let (deadline, lane, copies) = (
            flight.request.deadline,
            lane_of(flight.semantics()),
            flight.attempt.copies,
        );
        if deadline <= now {
            self.out_of_time(slot, FailureKind::DeadlineExceeded);
            return None;
        }
        if !plain
            && !self.lanes[lane]
                .held
                .as_ref()
                .is_some_and(|held| held.is_good(now))
        {
            self.lose_session(now, lane, FailureKind::SessionLost);
            return None;
        }
        let start = self.write_call(now, slot, plain)?;
        let wait = match link {
            LinkKind::Datagram => {
                let shortest = if plain { PLAIN_WAIT } else { Duration::ZERO };
                let wait = self.round_trip.timeout(copies + 1, &mut self.entropy);
                wait.max(shortest)
            }
            LinkKind::Stream => self.config.probe_interval,
        };
        let flight = self.flight_mut(slot)?;
        flight.stage = Stage::Sent;
        if flight.attempt.copies == 0 {
            flight.attempt.first_sent = now;
        }
        flight.attempt.copies += 1;
        flight.attempt.copies_here += 1;
        flight.timer = (now + wait).min(deadline);
        let (timer, oneway) = (
            flight.timer,
            flight.semantics() == crate::describe::Semantics::Oneway,
        );
        self.wake = self.wake.min(timer);
        self.stats.retransmissions += u64::from(copies > 0);
        if oneway {
            let finished = self.succeed(slot, 0..0)?;
            self.finished.push_back(finished);
        }
        Some(start)
    }

    fn write_call(&mut self, now: Time, slot: u32, plain: bool) -> Option<usize> {
        let flight = self.flights.get_mut(slot as usize)?.as_mut()?;
        let lane = lane_of(flight.semantics());
        let attempt = &flight.attempt;
        let body;
        let credential = if plain {
            message::credential(self.credential.as_deref())
        } else {
            let held = self.lanes[lane].held.as_mut()?;
            held.tell();
            body = Credential {
                session: held.id,
                incarnation: attempt.incarnation,
                seq: attempt.seq,
                first_incomplete: held.first_incomplete(),
                done_mask: held.done_mask(),
                time_left_ms: milliseconds_left(now, flight.request.deadline),
                principal: 0,
            }
            .to_bytes();
            Auth::new(Flavor(SESSION_FLAVOR), &body).ok()?
        };
        let named = flight.request.key.and_then(|key| {
            let verifier = CallVerifier { key: Some(key.id) };
            verifier.to_bytes()
        });
        let verifier = match &named {
            Some(body) => Auth::new(Flavor(SESSION_FLAVOR), body).ok()?,
            None => Auth::NONE,
        };
        let header = CallHeader {
            xid: attempt.xid,
            program: flight.request.interface.program,
            version: flight.request.interface.version,
            procedure: flight.request.method.procedure,
            credential,
            verifier,
        };
        let headroom = flight.headroom;
        let start = headroom - header.encoded_len() - MARK;
        header.write_to(&mut flight.request.message[start + MARK..headroom]);
        frame(&mut flight.request.message[start..]);
        Some(start)
    }

    fn prepare_probe(&mut self, now: Time, slot: u32, xid: u32) -> bool {
        let Some(flight) = self.flight_mut(slot) else {
            return false;
        };
        if flight.attempt.xid != xid {
            return false;
        }
        flight.attempt.asking = false;
        if !matches!(flight.stage, Stage::Sent | Stage::Received) || flight.attempt.orphaned {
            return false;
        }
        flight.attempt.probes += 1;
        let (seq, lane) = (flight.attempt.seq, lane_of(flight.semantics()));
        if !self.lanes[lane]
            .held
            .as_ref()
            .is_some_and(|held| held.is_good(now))
        {
            self.lose_session(now, lane, FailureKind::SessionLost);
            return false;
        }
        self.stats.probes += 1;
        self.write_session_call(
            lane,
            xid | KIND_PROBE,
            procedure::PROBE,
            &ProbeArgs {
                seq,
                stamp: now.as_nanos(),
            },
        )
    }

    /// A new transaction id for what is told on a session and is about no single call.
    pub(super) fn telling_xid(&mut self) -> u32 {
        KIND_ACK | self.next_number()
    }

    /// A new transaction id for a step of first contact.
    pub(super) fn contact_xid(&mut self) -> u32 {
        KIND_CONTACT | self.next_number()
    }

    /// A new transaction id for an attempt of the call in `slot`.
    pub(super) fn call_xid(&mut self, slot: u32) -> u32 {
        // A call may be on the shelf while all numbers are used once.
        loop {
            let xid = KIND_CALL | self.next_number();
            if let Entry::Vacant(place) = self.slots.entry(xid) {
                place.insert(slot);
                return xid;
            }
        }
    }

    /// Never 0, which is that of calls without one.
    fn next_number(&mut self) -> u32 {
        self.last_number = (self.last_number % NUMBER) + 1;
        self.last_number
    }

    fn prepare_ack(&mut self, now: Time, lane: usize) -> bool {
        let xid = self.telling_xid();
        let datagram = self.link == Some(LinkKind::Datagram);
        if !matches!(self.contact, Contact::Known { .. }) {
            return false;
        }
        let Some(held) = self.lanes[lane]
            .held
            .as_mut()
            .filter(|held| held.is_good(now))
        else {
            return false;
        };
        if held.ack.as_ref().is_some_and(|ack| ack.timer > now) {
            return false;
        }
        let copies = held.ack.as_ref().map_or(0, |ack| ack.copies) + 1;
        let timer = if datagram {
            now + self.round_trip.timeout(copies, &mut self.entropy)
        } else {
            NEVER
        };
        let xid = held.ack_sent(xid, now, timer);
        held.tell();
        let ranges = held.ack_ranges();
        // The timers that asked for it are gone now; left as it is, the next wake would be for nothing.
        // The other lane may owe one without a timer of its own, so it is looked at soon.
        self.wake = self.next_wake().min(now + self.config.ack_delay);
        self.write_session_call(lane, xid, procedure::ACK, &AckArgs { ranges })
    }

    fn prepare_goodbye(&mut self, lane: usize) -> bool {
        let xid = self.telling_xid();
        let written = self.write_session_call(lane, xid, procedure::GOODBYE, &());
        self.lanes[lane].held = None;
        written
    }

    /// Writes a call of the session program on a lane's session into the scratch buffer. What its credential acknowledges does
    /// not count as told: the answer may be to an earlier copy, which said less, and no end of a call reminds us.
    pub(super) fn write_session_call(
        &mut self,
        lane: usize,
        xid: u32,
        procedure: u32,
        args: &impl Encode,
    ) -> bool {
        let Some(held) = self.lanes[lane].held.as_mut() else {
            return false;
        };
        let body = Credential {
            session: held.id,
            incarnation: held.incarnation,
            seq: 0,
            first_incomplete: held.first_incomplete(),
            done_mask: held.done_mask(),
            time_left_ms: u32::MAX,
            principal: 0,
        }
        .to_bytes();
        match Auth::new(Flavor(SESSION_FLAVOR), &body) {
            Ok(credential) => {
                write_program_call(&mut self.scratch, credential, xid, procedure, args)
            }
            Err(_) => false,
        }
    }
}

/// Writes a framed call of the session program.
pub(super) fn write_program_call(
    out: &mut Vec<u8>,
    credential: Auth<'_>,
    xid: u32,
    procedure: u32,
    args: &impl Encode,
) -> bool {
    out.clear();
    out.extend_from_slice(&[0; MARK]);
    let header = CallHeader {
        xid,
        program: SESSION_PROGRAM,
        version: PROGRAM_VERSION,
        procedure,
        credential,
        verifier: Auth::NONE,
    };
    header.encode_into(out);
    let Ok(body) = xdr::to_vec(args) else {
        return false;
    };
    out.extend_from_slice(&body);
    frame(out);
    true
}

/// Rounded up, so that a call with any time left does not say that it has none.
fn milliseconds_left(now: Time, deadline: Time) -> u32 {
    u32::try_from(deadline.since(now).as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}
