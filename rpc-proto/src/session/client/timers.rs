//! What happens when nothing comes.

use super::contact::Contact;
use super::flight::Stage;
use super::transmit::Item;
use super::{Client, FailureKind, LinkKind, NEVER, lane_of};
use crate::time::Time;
use std::time::Duration;

impl Client {
    /// Does what is due: sends again, asks what became of a call, tries again, gives up.
    pub fn handle_timeout(&mut self, now: Time) {
        if now < self.wake {
            return;
        }
        self.contact_timeout(now);
        for slot in 0..self.flights.len() {
            self.flight_timeout(now, slot as u32);
        }
        // After the flights: what ends by its deadline just now has to be acknowledged, too, and may be the last for long.
        for lane in 0..self.lanes.len() {
            self.lane_timeout(now, lane);
        }
        self.release_timeout(now);
        self.notice_silence(now);
        self.step(now);
        self.admit_waiting(now);
        self.wake = self.next_wake();
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; `None` while there is nothing to wait for.
    pub fn poll_timeout(&self) -> Option<Time> {
        (self.wake < NEVER).then_some(self.wake)
    }

    /// How long to wait before asking for the `probes`-th time: soon at first, then at most an interval.
    pub(super) fn probe_wait(&mut self, probes: u32) -> Duration {
        self.round_trip
            .timeout(probes + 2, &mut self.entropy)
            .min(self.config.probe_interval)
    }

    fn flight_timeout(&mut self, now: Time, slot: u32) {
        let datagram = self.link == Some(LinkKind::Datagram);
        let plain = self.contact == Contact::Plain;
        let Some(flight) = self.flight_mut(slot).filter(|flight| flight.timer <= now) else {
            return;
        };
        if flight.request.deadline <= now {
            let sent = (flight.attempt.copies > 0).then_some(flight.attempt.first_sent);
            let (waiting, lane) = (flight.stage == Stage::Waiting, lane_of(flight.semantics()));
            let kind = if waiting && self.lanes[lane].full {
                FailureKind::NoRoomForSession
            } else {
                FailureKind::DeadlineExceeded
            };
            self.out_of_time(slot, kind);
            return self.notice_plain_silence(now, sent);
        }
        let (stage, xid, deadline, probes) = (
            flight.stage,
            flight.attempt.xid,
            flight.request.deadline,
            flight.attempt.probes,
        );
        flight.timer = deadline;
        match stage {
            Stage::Pausing => return self.wait(now, slot),
            Stage::Waiting | Stage::Queued | Stage::Parked | Stage::Shelved => return,
            // A plain server keeps no record that would make a second copy harmless.
            Stage::Sent if plain && !(datagram && flight.may_repeat()) => return,
            Stage::Sent if datagram => {
                flight.stage = Stage::Queued;
                self.outbox.push_back(Item::Call { slot, xid });
                return;
            }
            Stage::Sent | Stage::Received => {}
        }
        // The last question may not have left yet, if the stream takes nothing.
        let asking = std::mem::replace(&mut flight.attempt.asking, true);
        if !asking {
            self.outbox.push_back(Item::Probe { slot, xid });
        }
        let wait = if datagram {
            self.probe_wait(probes + 1)
        } else {
            self.config.probe_interval
        };
        if let Some(flight) = self.flight_mut(slot) {
            flight.timer = (now + wait).min(deadline);
        }
    }

    fn lane_timeout(&mut self, now: Time, lane: usize) {
        let delay = self.config.ack_delay;
        if self.lanes[lane].pause_until <= now {
            self.lanes[lane].pause_until = Time::ZERO;
        }
        let Some(held) = &mut self.lanes[lane].held else {
            return;
        };
        if !held.is_good(now) {
            return self.lose_session(now, lane, FailureKind::SessionLost);
        }
        if !matches!(self.contact, Contact::Known { .. }) {
            // Nobody is told of a session before it is known who listens; what was told may not have arrived.
            held.ack_lost();
            held.ack_due = None;
            return;
        }
        let resend = held.ack.as_ref().is_some_and(|ack| ack.timer <= now);
        let idle = held.is_idle() && held.owes_ack() && held.ack.is_none();
        let due = idle && held.ack_due.is_some_and(|due| due <= now);
        let renew = !held.is_idle() && held.ack.is_none() && held.renew_at() <= now;
        if resend || due || renew {
            held.ack_due = None;
            self.outbox.push_back(Item::Ack { lane });
        } else if idle && held.ack_due.is_none() {
            held.ack_due = Some(now + delay);
        }
    }

    /// A peer that answers nothing at all may be gone, or have moved.
    fn notice_silence(&mut self, now: Time) {
        if self.contact != Contact::Plain
            && self
                .unheard_since
                .is_some_and(|since| now.since(since) >= self.config.silence)
        {
            self.unheard_since = None;
            self.reconnect = true;
        }
    }

    /// A server without sessions cannot say that it still works on a call. So it counts as silent only once a call, first
    /// sent at `sent`, has come to its deadline and nothing at all was heard in its time.
    ///
    /// It may work on one call at a time, and nobody could ask again for the answer of one that may run once only. So the
    /// calls that were sent before it counted as silent keep the link as long as they have time.
    fn notice_plain_silence(&mut self, now: Time, sent: Option<Time>) {
        let (Contact::Plain, Some(since)) = (&self.contact, self.unheard_since) else {
            return;
        };
        let patience = since + self.config.silence;
        let mut flights = self.flights.iter().flatten();
        let awaited = flights.any(|flight| {
            flight.stage == Stage::Sent
                && !flight.may_repeat()
                && flight.attempt.first_sent < patience
                && flight.request.deadline > now
        });
        if sent.is_some_and(|sent| since <= sent) && patience <= now && !awaited {
            self.unheard_since = None;
            self.reconnect = true;
        }
    }

    pub(super) fn next_wake(&self) -> Time {
        let flights = self.flights.iter().flatten().map(|flight| flight.timer);
        let contact = self.pending.iter().map(|pending| pending.timer);
        let known = matches!(self.contact, Contact::Known { .. });
        let lanes = self.lanes.iter().flat_map(|lane| {
            let paused = (lane.pause_until > Time::ZERO).then_some(lane.pause_until);
            let held = lane.held.as_ref();
            let lease = held.filter(|held| !held.is_idle()).map(|held| {
                if known && held.ack.is_none() {
                    held.renew_at()
                } else {
                    held.good_until()
                }
            });
            let ack = held.and_then(|held| held.ack.as_ref()).map(|ack| ack.timer);
            [paused, lease, ack, held.and_then(|held| held.ack_due)]
                .into_iter()
                .flatten()
        });
        let releases = self.releases.timer();
        flights
            .chain(contact)
            .chain(lanes)
            .chain(releases)
            .min()
            .unwrap_or(NEVER)
    }
}
