//! One session as the client holds it.

use crate::session::numbers::Numbers;
use crate::session::program::{AckRange, Grant, Keeper};
use crate::session::wire::SessionId;
use crate::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// The client's side of the sessions of one keeper: the one it holds, and the calls that wait for one.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) keeper: Keeper,
    pub(super) held: Option<Held>,
    /// Slots of calls that have no number yet, in the order in which they came.
    pub(super) waiting: VecDeque<u32>,
    pub(super) nonce: u64,
    /// Until then no session is asked for, since the server had no room.
    pub(super) pause_until: Time,
    /// The last answer was that the server has no room.
    pub(super) full: bool,
}

impl Lane {
    pub(super) fn new(keeper: Keeper) -> Self {
        Self {
            keeper,
            held: None,
            waiting: VecDeque::new(),
            nonce: 0,
            pause_until: Time::ZERO,
            full: false,
        }
    }
}

/// A session that a server granted.
///
/// Every number below `next` is either in `finished` or belongs to a call in flight; `unfinished` counts the latter.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: SessionId,
    /// The incarnation that granted it.
    pub(super) incarnation: u64,
    /// The store that keeps it, if it is not the incarnation.
    pub(super) store: Option<[u8; 16]>,
    finished: Numbers,
    next: u64,
    unfinished: u32,
    window: u32,
    lease: Duration,
    good_until: Time,
    /// Numbers that finished out of the reach of a credential's mask since the last `ACK` was sent.
    unreported: u32,
    /// What the last message said of `first_incomplete`.
    told: u64,
    pub(super) ack: Option<AckSent>,
    pub(super) ack_due: Option<Time>,
}

/// An `ACK` that has not been answered.
#[derive(Debug)]
pub(super) struct AckSent {
    /// What its first copy said of `first_incomplete`.
    first_incomplete: u64,
    pub(super) xid: u32,
    /// When its first copy was sent.
    pub(super) sent: Time,
    pub(super) copies: u32,
    pub(super) timer: Time,
    /// How many unreported numbers it names.
    pub(super) reported: u32,
}

/// Numbers after `first_incomplete` that a credential's mask can name.
const MASK_REACH: u64 = 64;

impl Held {
    /// `asked` is when the first copy of the `OPEN` was sent: the server cannot have counted the lease from earlier.
    pub(super) fn new(
        grant: &Grant,
        incarnation: u64,
        store: Option<[u8; 16]>,
        asked: Time,
    ) -> Self {
        let lease = Duration::from_millis(grant.lease_ms.into());
        Self {
            id: SessionId(grant.session),
            incarnation,
            store,
            finished: Numbers::new(),
            next: 1,
            unfinished: 0,
            window: grant.window.max(1),
            lease,
            good_until: asked + usable_part(lease),
            unreported: 0,
            told: 1,
            ack: None,
            ack_due: None,
        }
    }

    /// Whether the server certainly still keeps the session.
    pub(super) fn is_good(&self, now: Time) -> bool {
        now < self.good_until
    }

    /// Whether a call may begin on it. An idle session is left some time before its end: the first answer to a call
    /// renews it, and a call must not be given up because its method takes longer than what was left.
    pub(super) fn takes_calls(&self, now: Time) -> bool {
        self.is_good(now) && (!self.is_idle() || now + self.lease / 5 < self.good_until)
    }

    pub(super) fn good_until(&self) -> Time {
        self.good_until
    }

    /// When a session with calls in flight is to be renewed by a message of its own: a call that was made late in the lease
    /// may run for longer than what is left of it.
    pub(super) fn renew_at(&self) -> Time {
        self.good_until - self.lease / 5
    }

    /// A message that was first sent at `sent` has been answered, so the server counts the lease from then or later.
    pub(super) fn renewed(&mut self, sent: Time) {
        self.good_until = self.good_until.max(sent + usable_part(self.lease));
    }

    pub(super) fn has_room(&self) -> bool {
        let unconfirmed = self.unreported + self.ack.as_ref().map_or(0, |ack| ack.reported);
        self.unfinished < self.window && unconfirmed < self.window
    }

    pub(super) fn is_idle(&self) -> bool {
        self.unfinished == 0
    }

    pub(super) fn set_window(&mut self, window: u32) {
        self.window = window.max(1);
    }

    pub(super) fn take_number(&mut self) -> u64 {
        let seq = self.next;
        self.next += 1;
        self.unfinished += 1;
        seq
    }

    /// The call is over for its caller, so the server may forget it. Says whether an `ACK` should go out now.
    pub(super) fn finish(&mut self, seq: u64) -> bool {
        self.unfinished -= 1;
        self.finished.insert(seq);
        if self.finished.intervals().is_empty() {
            self.unreported = 0;
        } else if seq > self.finished.first_missing() + MASK_REACH {
            self.unreported += 1;
        }
        self.wants_ack()
    }

    /// Whether so many numbers are unreported that an `ACK` should go out although other messages do.
    pub(super) fn wants_ack(&self) -> bool {
        self.ack.is_none() && self.unreported > self.window / 2
    }

    pub(super) fn first_incomplete(&self) -> u64 {
        self.finished.first_missing()
    }

    pub(super) fn done_mask(&self) -> u64 {
        if self.finished.intervals().is_empty() {
            0
        } else {
            self.finished.mask()
        }
    }

    /// A message with the present acknowledgements is being sent. Should it be lost, it is sent again, or there is more to be
    /// told when its call ends.
    pub(super) fn tell(&mut self) {
        self.told = self.finished.first_missing();
        self.ack_due = None;
    }

    /// Whether the server keeps records that it need not keep.
    pub(super) fn owes_ack(&self) -> bool {
        self.told != self.finished.first_missing() || self.unreported > 0
    }

    /// The `ACK` that was out will not be answered: its numbers are to be reported again.
    pub(super) fn ack_lost(&mut self) {
        if let Some(ack) = self.ack.take() {
            self.unreported += ack.reported;
            // Nor may what its credential said have arrived.
            self.told = 0;
        }
    }

    /// Notes that an `ACK` is being sent. All copies of one carry the id of the first, so that an answer counts that takes
    /// longer than the wait; numbers that finished since then are not counted as reported by it.
    pub(super) fn ack_sent(&mut self, xid: u32, sent: Time, timer: Time) -> u32 {
        let (unreported, first_incomplete) = (&mut self.unreported, self.finished.first_missing());
        let ack = self.ack.get_or_insert_with(|| AckSent {
            first_incomplete,
            xid,
            sent,
            copies: 0,
            timer,
            reported: std::mem::take(unreported),
        });
        ack.copies += 1;
        ack.timer = timer;
        ack.xid
    }

    /// The `ACK` that was out is answered. A later copy of it may have said more, but it is the first one that counts.
    pub(super) fn ack_answered(&mut self) {
        if let Some(ack) = self.ack.take() {
            self.renewed(ack.sent);
            self.told = ack.first_incomplete;
        }
    }

    /// What an `ACK` says.
    pub(super) fn ack_ranges(&self) -> Vec<AckRange> {
        self.finished
            .intervals()
            .iter()
            .map(|&(first, last)| AckRange { first, last })
            .collect()
    }
}

/// The client stops at four fifths of the lease, so that clocks may run differently and messages may be slow.
fn usable_part(lease: Duration) -> Duration {
    lease * 4 / 5
}
