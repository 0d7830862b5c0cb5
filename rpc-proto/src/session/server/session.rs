//! One session at the server: which numbers are running, finished or forgotten.

use super::Route;
use crate::message::SysCredential;
use crate::session::Security;
use crate::session::ids::FastMap;
use crate::session::numbers::Numbers;
use crate::session::program::{AckRange, Keeper};
use crate::session::store::{Forgotten, KeptSession};
use crate::time::Time;
use std::sync::Arc;

/// What a server knows of one session.
///
/// Every number is in exactly one state: new (neither in `records` nor in `forgotten`), running or finished (in
/// `records`), or forgotten. A call acknowledged while it runs is in both until it ends, and is forgotten to all who ask.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) keeper: Keeper,
    pub(super) security: Security,
    pub(super) lease_until: Time,
    pub(super) opened_as: OpenKey,
    /// Who the client said that it is when it asked for the session.
    pub(super) claimed: Option<Arc<SysCredential>>,
    /// Whom to answer when the grant is kept: route and transaction id of the latest `OPEN`.
    pub(super) granting: Option<(Route, u32)>,
    forgotten: Numbers,
    records: FastMap<u64, Record>,
    /// How many of them are from a store: the client may have acknowledged them to an earlier life of the server, and not say
    /// so again, so they take no room from its new calls.
    restored: usize,
    /// Records dropped since the store was last told which numbers are forgotten.
    dropped: usize,
    window: u32,
}

/// What a client repeats when it asks again for the session that it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OpenKey {
    pub(super) client: [u8; 16],
    pub(super) nonce: u64,
    pub(super) keeper: Keeper,
    pub(super) identity: u128,
    /// A session asked for again over another kind of transport is another session.
    pub(super) security: Security,
}

/// Where the latest copy of a call came from; its reply goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asker {
    pub(super) route: Route,
    pub(super) xid: u32,
    pub(super) datagram: bool,
}

#[derive(Debug)]
pub(super) struct Record {
    /// An earlier copy ran, and nothing was kept of its reply.
    ran: bool,
    pub(super) digest: u128,
    /// `None` in a record from a store, until somebody asks.
    pub(super) asker: Option<Asker>,
    /// It is from a store.
    restored: bool,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    /// The method has not returned. `needs_record`: its reply must be kept for copies that come later.
    Running { needs_record: bool },
    /// It has ended with this reply, and the store does not keep the record yet: who asks is told that it runs.
    Settling { reply: Vec<u8> },
    /// It ran, and no reply is kept since a second run does no harm. That it ran is kept: a refusal must not deny it.
    Ran,
    /// The framed reply; empty for methods that have none.
    Finished { reply: Vec<u8> },
}

/// What a numbered call turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Never seen before, or one that may run again.
    New,
    /// A copy of one that has not ended for the caller. Its reply will go to where this copy came from.
    UnderWay,
    /// A copy of one that is finished.
    Finished,
    /// The number is forgotten.
    Expired,
    /// The number belongs to another call.
    Conflict,
}

/// Buffers that finished records no longer need, and how many bytes of replies are kept.
#[derive(Debug, Default)]
pub(super) struct ReplyCache {
    pub(super) bytes: usize,
    spare: Vec<Vec<u8>>,
}

const SPARE_BUFFERS: usize = 64;
const SPARE_CAPACITY: usize = 4096;

impl ReplyCache {
    fn keep(&mut self, reply: &[u8]) -> Vec<u8> {
        let mut kept = self.spare.pop().unwrap_or_default();
        kept.extend_from_slice(reply);
        self.bytes += kept.len();
        kept
    }

    fn give_back(&mut self, mut reply: Vec<u8>) {
        self.bytes -= reply.len();
        if self.spare.len() < SPARE_BUFFERS && reply.capacity() <= SPARE_CAPACITY {
            reply.clear();
            self.spare.push(reply);
        }
    }
}

impl Session {
    pub(super) fn new(
        opened_as: OpenKey,
        security: Security,
        lease_until: Time,
        window: u32,
    ) -> Self {
        let keeper = opened_as.keeper;
        Self {
            keeper,
            security,
            lease_until,
            opened_as,
            claimed: None,
            granting: None,
            forgotten: Numbers::new(),
            records: FastMap::default(),
            restored: 0,
            dropped: 0,
            window,
        }
    }

    /// What a store keeps of this session.
    pub(super) fn to_kept(&self) -> KeptSession {
        KeptSession {
            client: self.opened_as.client,
            nonce: self.opened_as.nonce,
            identity: self.opened_as.identity,
            claimed: self.claimed.as_deref().cloned(),
            security: self.security,
            forgotten: self.forgotten(),
        }
    }

    /// Takes over what a store kept: forgotten numbers.
    pub(super) fn restore_forgotten(&mut self, forgotten: &Forgotten) {
        self.forgotten.insert_below(forgotten.below);
        for &(first, last) in &forgotten.above {
            self.forgotten.insert_range(first, last);
        }
    }

    /// Takes over what a store kept: a finished call.
    pub(super) fn restore_finished(
        &mut self,
        seq: u64,
        digest: u128,
        reply: &[u8],
        cache: &mut ReplyCache,
    ) {
        let state = State::Finished {
            reply: cache.keep(reply),
        };
        let record = Record {
            ran: false,
            digest,
            asker: None,
            restored: true,
            state,
        };
        self.restored += 1;
        self.records.insert(seq, record);
    }

    /// Which numbers are forgotten now, if more than `least` records went since this was last said.
    pub(super) fn say_forgotten(&mut self, least: usize) -> Option<Forgotten> {
        if self.dropped <= least {
            return None;
        }
        self.dropped = 0;
        Some(self.forgotten())
    }

    fn forgotten(&self) -> Forgotten {
        Forgotten {
            below: self.forgotten.first_missing(),
            above: self.forgotten.intervals().to_vec(),
        }
    }

    /// Classifies a numbered call without changing what is known of it, except where its reply goes.
    pub(super) fn arrive(&mut self, seq: u64, digest: u128, asker: Asker) -> Arrival {
        if self.forgotten.contains(seq) {
            return Arrival::Expired;
        }
        match self.records.get_mut(&seq) {
            None => Arrival::New,
            Some(record) if record.digest != digest => Arrival::Conflict,
            Some(record) => {
                record.asker = Some(asker);
                match record.state {
                    State::Ran => Arrival::New,
                    State::Running { .. } | State::Settling { .. } => Arrival::UnderWay,
                    State::Finished { .. } => Arrival::Finished,
                }
            }
        }
    }

    /// The state of a call that was asked about, whose reply goes to the asker from now on.
    ///
    /// Of a record from a store nobody knows under which transaction id its caller waits, so the caller has to send the call
    /// itself again: `None`, as if it had never been seen.
    pub(super) fn redirect(&mut self, seq: u64, route: Route, datagram: bool) -> Option<&State> {
        let record = self.records.get_mut(&seq)?;
        let asker = record.asker.as_mut()?;
        asker.route = route;
        asker.datagram = datagram;
        Some(&record.state)
    }

    pub(super) fn look(&self, seq: u64) -> Option<&Record> {
        self.records.get(&seq)
    }

    pub(super) fn is_forgotten(&self, seq: u64) -> bool {
        self.forgotten.contains(seq)
    }

    /// Whether one more call may be taken. Twice the window: the client counts a call as finished when it has the
    /// reply, the server when it has the acknowledgement.
    pub(super) fn has_room(&self) -> bool {
        self.records() < 2 * self.window as usize
    }

    /// Whether an earlier copy of a call that may run again did run.
    pub(super) fn ran(&self, seq: u64) -> bool {
        self.records.get(&seq).is_some_and(|record| record.ran)
    }

    pub(super) fn begin(
        &mut self,
        seq: u64,
        digest: u128,
        asker: Option<Asker>,
        needs_record: bool,
    ) {
        debug_assert!(
            !self.forgotten.contains(seq),
            "a forgotten number must never begin"
        );
        let ran = self.ran(seq);
        let before = self.records.insert(
            seq,
            Record {
                ran,
                digest,
                asker,
                restored: false,
                state: State::Running { needs_record },
            },
        );
        debug_assert!(
            before.is_none_or(|record| matches!(record.state, State::Ran)),
            "a number with a record must never begin twice"
        );
    }

    /// Where the reply of a running call is to go; `None` if nobody waits for it any more.
    pub(super) fn asker(&self, seq: u64) -> Option<Asker> {
        self.records.get(&seq).and_then(|record| record.asker)
    }

    /// Whether a call has begun and has not ended for its caller, who still waits.
    pub(super) fn is_under_way(&self, seq: u64) -> bool {
        let state = self.records.get(&seq).map(|record| &record.state);
        !self.forgotten.contains(seq)
            && matches!(state, Some(State::Running { .. } | State::Settling { .. }))
    }

    /// Ends a running call whose reply leaves when the store has kept it.
    pub(super) fn settle(&mut self, seq: u64, reply: &[u8], cache: &mut ReplyCache) {
        if let Some(record) = self.records.get_mut(&seq)
            && matches!(record.state, State::Running { .. })
        {
            record.state = State::Settling {
                reply: cache.keep(reply),
            };
        }
    }

    /// The store has kept how a call ended. Where its reply is to go, if anybody still waits for it.
    pub(super) fn kept(&mut self, seq: u64, cache: &mut ReplyCache) -> Option<Asker> {
        let record = self.records.get_mut(&seq)?;
        let State::Settling { reply } = &mut record.state else {
            return None;
        };
        let reply = std::mem::take(reply);
        if self.forgotten.contains(seq) {
            cache.give_back(reply);
            self.records.remove(&seq);
            self.dropped += 1;
            return None;
        }
        record.state = State::Finished { reply };
        record.asker
    }

    /// Ends a running call of which a store keeps nothing. Its reply is kept if copies may still ask for it.
    pub(super) fn finish(
        &mut self,
        seq: u64,
        reply: &[u8],
        always_keep: bool,
        cache: &mut ReplyCache,
    ) {
        let acknowledged = self.forgotten.contains(seq);
        let Some(record) = self.records.get_mut(&seq) else {
            return;
        };
        let State::Running { needs_record } = record.state else {
            return;
        };
        if acknowledged {
            self.records.remove(&seq);
            self.dropped += 1;
        } else if !(needs_record || always_keep) {
            record.ran = true;
            record.state = State::Ran;
        } else {
            record.state = State::Finished {
                reply: cache.keep(reply),
            };
        }
    }

    /// Marks a number finished of which nothing is kept, since there is no room.
    pub(super) fn forget_unseen(&mut self, seq: u64) -> Result<(), Overrun> {
        self.forgotten.insert(seq);
        self.check_intervals()
    }

    /// Takes the acknowledgements of a credential. `Err` if the client holds more numbers open than it may.
    pub(super) fn acknowledge(
        &mut self,
        first_incomplete: u64,
        done_mask: u64,
        cache: &mut ReplyCache,
    ) -> Result<(), Overrun> {
        let known = self.forgotten.first_missing();
        if first_incomplete > known {
            self.forget_records(known, first_incomplete - 1, cache);
            self.forgotten.insert_below(first_incomplete);
        }
        let mut bits = done_mask;
        while bits != 0 {
            let number = first_incomplete.saturating_add(1 + u64::from(bits.trailing_zeros()));
            bits &= bits - 1;
            if !self.forgotten.contains(number) {
                self.forget_records(number, number, cache);
                self.forgotten.insert(number);
            }
        }
        self.check_intervals()
    }

    /// Takes the ranges of an `ACK`.
    pub(super) fn acknowledge_ranges(
        &mut self,
        ranges: &[AckRange],
        cache: &mut ReplyCache,
    ) -> Result<(), Overrun> {
        for range in ranges {
            self.forget_records(range.first, range.last, cache);
            self.forgotten.insert_range(range.first, range.last);
            self.check_intervals()?;
        }
        Ok(())
    }

    /// Gives back all that is kept.
    pub(super) fn end(mut self, cache: &mut ReplyCache) {
        for (_, record) in self.records.drain() {
            if let State::Finished { reply } | State::Settling { reply } = record.state {
                cache.give_back(reply);
            }
        }
    }

    /// Records of calls that this life of the server has taken.
    pub(super) fn records(&self) -> usize {
        self.records.len() - self.restored
    }

    pub(super) fn reply_bytes(&self) -> usize {
        self.records
            .values()
            .map(|r| {
                if let State::Finished { reply } | State::Settling { reply } = &r.state {
                    reply.len()
                } else {
                    0
                }
            })
            .sum()
    }

    pub(super) fn intervals(&self) -> usize {
        self.forgotten.intervals().len()
    }

    /// Unfinished numbers separate the forgotten ones into intervals; a client that keeps its window cannot make more.
    fn check_intervals(&self) -> Result<(), Overrun> {
        if self.forgotten.intervals().len() > 2 * self.window as usize + 1 {
            Err(Overrun)
        } else {
            Ok(())
        }
    }

    fn forget_records(&mut self, first: u64, last: u64, cache: &mut ReplyCache) {
        let span = last.saturating_sub(first);
        if span <= self.records.len() as u64 {
            (first..=last).for_each(|seq| self.forget_record(seq, cache));
        } else {
            let within: Vec<u64> = self
                .records
                .keys()
                .copied()
                .filter(|seq| (first..=last).contains(seq))
                .collect();
            within
                .into_iter()
                .for_each(|seq| self.forget_record(seq, cache));
        }
    }

    /// One under way stays, since its handler or its store still has to come back; nobody is told of it any more.
    fn forget_record(&mut self, seq: u64, cache: &mut ReplyCache) {
        let under_way = |record: &Record| {
            matches!(record.state, State::Running { .. } | State::Settling { .. })
        };
        if self.records.get(&seq).is_none_or(under_way) {
            return;
        }
        self.dropped += 1;
        if let Some(record) = self.records.remove(&seq) {
            self.restored -= usize::from(record.restored);
            if let State::Finished { reply } = record.state {
                cache.give_back(reply);
            }
        }
    }
}

/// The client acknowledges in a pattern that leaves more numbers open than its window has.
#[derive(Debug)]
pub(super) struct Overrun;
