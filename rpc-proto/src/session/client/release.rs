//! Giving keys back: nobody will ask again for the calls under them (rule S-32).
//!
//! Nothing rests on it, since a server drops what it keeps under a key by itself in the end. So keys are told a few at a
//! time, on a session that there is anyway, and again until they are answered.

use super::contact::Contact;
use super::transmit::Item;
use super::{Client, FailureKind, LinkKind, NEVER, STORE};
use crate::message::{Reply, ReplyStatus};
use crate::session::program::{Keeper, ReleaseArgs, ReleasedKey};
use crate::session::wire::{Outcome, Verifier, procedure};
use crate::time::Time;
use std::collections::VecDeque;

/// More keys than this are not kept for a server that does not answer.
const MOST: usize = 4096;

/// Keys that the server has not confirmed.
#[derive(Debug, Default)]
pub(super) struct Releases {
    queue: VecDeque<ReleasedKey>,
    /// The first of them are out.
    out: Option<Out>,
    /// When those that are not are to be sent.
    due: Option<Time>,
}

#[derive(Debug)]
struct Out {
    xid: u32,
    keys: usize,
    copies: u32,
    sent: Time,
    timer: Time,
}

impl Releases {
    pub(super) fn is_out(&self, xid: u32) -> bool {
        self.out.as_ref().is_some_and(|out| out.xid == xid)
    }

    /// What is out will not be answered.
    pub(super) fn link_lost(&mut self) {
        (self.out, self.due) = (None, None);
    }

    pub(super) fn session_lost(&mut self, keeper: Keeper) {
        if keeper == Keeper::Store {
            self.link_lost();
        }
    }

    pub(super) fn timer(&self) -> Option<Time> {
        self.out.as_ref().map(|out| out.timer).or(self.due)
    }
}

impl Client {
    /// Nobody will ask again for the call under this key, so the server may drop its reply.
    pub fn release(&mut self, now: Time, key: ReleasedKey) {
        if self.releases.queue.len() < MOST {
            self.releases.queue.push_back(key);
            self.expect_release(now);
        }
    }

    /// Keys that wait are sent soon, if there is a session to send them on.
    pub(super) fn expect_release(&mut self, now: Time) {
        let releases = &mut self.releases;
        if releases.queue.is_empty() || releases.out.is_some() || self.lanes[STORE].held.is_none() {
            return;
        }
        if releases.queue.len() >= ReleaseArgs::RELEASED_AT_ONCE {
            return self.release_now();
        }
        let due = *releases.due.get_or_insert(now + self.config.ack_delay);
        self.wake = self.wake.min(due);
    }

    pub(super) fn release_now(&mut self) {
        self.releases.due = None;
        if !self.releases.queue.is_empty() && !self.outbox.contains(&Item::Release) {
            self.outbox.push_back(Item::Release);
        }
    }

    pub(super) fn release_timeout(&mut self, now: Time) {
        if self.releases.timer().is_some_and(|timer| timer <= now) {
            self.release_now();
        }
    }

    pub(super) fn prepare_release(&mut self, now: Time) -> bool {
        let xid = self.telling_xid();
        let known = matches!(self.contact, Contact::Known { .. });
        let held = self.lanes[STORE].held.as_ref();
        if !known || !held.is_some_and(|held| held.is_good(now)) {
            // The next session, or the next contact, asks for it.
            self.releases.link_lost();
            return false;
        }
        let copies = self.releases.out.as_ref().map_or(0, |out| out.copies) + 1;
        let timer = match self.link {
            Some(LinkKind::Datagram) => now + self.round_trip.timeout(copies, &mut self.entropy),
            _ => NEVER,
        };
        let keys = self.releases.queue.len();
        let out = self.releases.out.get_or_insert(Out {
            xid,
            keys: keys.min(ReleaseArgs::RELEASED_AT_ONCE),
            copies,
            sent: now,
            timer,
        });
        (out.copies, out.timer) = (copies, timer);
        let (xid, keys) = (out.xid, out.keys);
        let keys = self.releases.queue.iter().take(keys).copied().collect();
        self.wake = self.wake.min(timer);
        if copies == 1
            && let Some(held) = &mut self.lanes[STORE].held
        {
            held.tell();
        }
        self.write_session_call(STORE, xid, procedure::RELEASE, &ReleaseArgs { keys })
    }

    /// What is out is answered. A server that does not take it will not take it later either.
    pub(super) fn release_reply(&mut self, now: Time, reply: &Reply<'_>) {
        let ReplyStatus::Accepted { verifier, .. } = reply.header.status else {
            return;
        };
        self.unheard_since = None;
        match Verifier::from_bytes(verifier.body()).map(|verifier| verifier.outcome) {
            Some(Outcome::UnknownSession) => {
                self.contact_anew(now, STORE, FailureKind::SessionLost);
            }
            Some(Outcome::StaleIncarnation) => {
                self.contact_anew(now, STORE, FailureKind::ServerRestarted);
            }
            Some(_) => {
                if let Some(out) = self.releases.out.take() {
                    self.releases.queue.drain(..out.keys);
                    if let Some(held) = &mut self.lanes[STORE].held {
                        held.renewed(out.sent);
                    }
                }
                self.expect_release(now);
            }
            None => {}
        }
    }
}
