//! Calls of peers without sessions that must not run twice, and what they were answered.

use super::session::Asker;
use super::shares::{PEER, Peer, Places, Shares};
use crate::session::ids::FastMap;
use crate::time::Time;
use std::collections::{VecDeque, hash_map};
use std::time::Duration;

/// What is remembered of plain calls, by the digest of all that tells one from another. The digest is keyed and has 128 bits,
/// so nobody finds two calls that have the same.
///
/// A call under way is never forgotten: where too many are, no new ones are taken. Those that have ended are forgotten by age,
/// and for want of room, the oldest ones of the peer that has most of it first.
#[derive(Debug)]
pub(super) struct Duplicates {
    bounds: Bounds,
    entries: FastMap<u128, Entry>,
    places: Places,
    shares: Shares,
    /// The ended ones in the order in which they ended, and some that are forgotten already.
    ended: VecDeque<End>,
    /// How many of them, the last ones, have ended since the time was last told: that is counted for them from then on, since
    /// to ask for the time at each end would cost more than it is worth.
    fresh: usize,
    told: Time,
    /// How many calls have ended.
    ends: u64,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Calls under way.
    pub(super) running: usize,
    /// For how long after its end a call is remembered.
    pub(super) age: Duration,
    /// Bytes of ended calls: [`ENTRY`] and the reply of each, and [`PEER`] for each peer.
    pub(super) bytes: usize,
}

/// The end of a call.
#[derive(Debug)]
struct End {
    /// Until when it is remembered.
    until: Time,
    digest: u128,
    /// Its number among the ends: the same call may run again when it is forgotten, and end again.
    number: u64,
}

/// The end of one that has ended since the time was last told.
const NEVER: Time = Time::from_nanos(u64::MAX);

/// How long after an end the time is to be told, if nothing comes that tells it.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// What is counted for an entry beside its reply: about what it takes in map, queues and allocator.
pub(super) const ENTRY: usize = 192;

/// A reply that takes more than this part of all the room is not kept. That the call ran is.
const LARGEST: usize = 64;

/// Who has no more than this part of all the room loses nothing while somebody else has more.
const SMALL: usize = 1024;

#[derive(Debug)]
enum Entry {
    Running {
        /// Where its reply is to go.
        asker: Asker,
        peer: Peer,
    },
    Ended {
        kept: Kept,
        peer: Peer,
        number: u64,
    },
}

/// What is kept of a call that has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The framed reply, the same for every copy; empty for calls that have none.
    Reply(Box<[u8]>),
    /// It was too long to be kept.
    TooLong,
}

/// What a plain call turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known<'a> {
    /// It was not seen, or is forgotten; from now on it is under way.
    New,
    /// It was not seen, and there is no room to remember it.
    NoRoom,
    /// A copy of one under way.
    Running,
    /// A copy of one that has ended.
    Ended(&'a Kept),
}

impl Duplicates {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            entries: FastMap::default(),
            places: Places::new(bounds.running),
            shares: Shares::new(bounds.bytes / SMALL),
            ended: VecDeque::new(),
            fresh: 0,
            told: Time::ZERO,
            ends: 0,
        }
    }

    /// A call of `peer` has come. Its reply goes to `asker`; that of one under way does so from now on, since whoever
    /// sends it over another stream has lost the one before.
    pub(super) fn arrive(
        &mut self,
        now: Time,
        digest: u128,
        peer: Peer,
        asker: Asker,
    ) -> Known<'_> {
        self.tell_time(now);
        match self.entries.entry(digest) {
            hash_map::Entry::Vacant(place) => {
                if !self.places.take(peer) {
                    return Known::NoRoom;
                }
                place.insert(Entry::Running { asker, peer });
                Known::New
            }
            hash_map::Entry::Occupied(place) => match place.into_mut() {
                Entry::Running { asker: known, .. } => {
                    *known = asker;
                    Known::Running
                }
                Entry::Ended { kept, .. } => Known::Ended(kept),
            },
        }
    }

    /// A call under way did not run after all. Where the answer goes.
    pub(super) fn forget(&mut self, digest: u128) -> Option<Asker> {
        let (asker, _) = self.leave(digest)?;
        self.entries.remove(&digest);
        Some(asker)
    }

    /// A call under way has ended with this framed reply. Where it goes.
    pub(super) fn end(&mut self, digest: u128, reply: &[u8]) -> Option<Asker> {
        let (asker, peer) = self.leave(digest)?;
        let kept = if reply.len() > self.bounds.bytes / LARGEST {
            Kept::TooLong
        } else {
            Kept::Reply(reply.into())
        };
        let (number, until) = (self.ends, NEVER);
        self.ends += 1;
        self.shares.add(peer, digest, kept.size());
        self.entries
            .insert(digest, Entry::Ended { kept, peer, number });
        self.ended.push_back(End {
            until,
            digest,
            number,
        });
        self.fresh += 1;
        self.make_room();
        Some(asker)
    }

    /// How many calls are under way.
    pub(super) fn under_way(&self) -> usize {
        self.places.taken()
    }

    /// When the time is to be told, so that what is old is forgotten; `None` while nothing waits for that.
    pub(super) fn due(&self) -> Option<Time> {
        let untold = (self.fresh > 0).then(|| self.told + TOLD_WITHIN);
        let oldest = self.ended.front().map(|end| end.until);
        [untold, oldest].into_iter().flatten().min()
    }

    /// Forgets what has become too old.
    pub(super) fn tell_time(&mut self, now: Time) {
        self.told = now;
        let until = now + self.bounds.age;
        let fresh = std::mem::take(&mut self.fresh);
        for end in self.ended.iter_mut().rev().take(fresh) {
            end.until = until;
        }
        while self.ended.front().is_some_and(|end| end.until <= now) {
            self.forget_oldest();
        }
        self.sort_out();
    }

    /// A call under way takes no place any more. Where its reply goes, and whose it is.
    fn leave(&mut self, digest: u128) -> Option<(Asker, Peer)> {
        let Some(&Entry::Running { asker, peer }) = self.entries.get(&digest) else {
            return None;
        };
        self.places.give_back(peer);
        Some((asker, peer))
    }

    fn make_room(&mut self) {
        while self.shares.bytes() > self.bounds.bytes {
            let first = self.shares.oldest_of_greatest();
            if !first.is_some_and(|digest| self.forget_ended(digest)) {
                self.forget_oldest();
            }
        }
        self.sort_out();
    }

    /// Drops the ends of calls that were forgotten before they were the oldest of all, when they have become many.
    fn sort_out(&mut self) {
        let left = self.entries.len() - self.places.taken();
        if self.ended.len() > 2 * left + FEW {
            let entries = &self.entries;
            self.ended.retain(|end| is_kept(entries, end));
            let fresh = self.ended.iter().rev();
            self.fresh = fresh.take_while(|end| end.until == NEVER).count();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(end) = self.ended.pop_front() else {
            return;
        };
        self.fresh = self.fresh.min(self.ended.len());
        if is_kept(&self.entries, &end) {
            self.forget_ended(end.digest);
        }
    }

    /// Forgets a call that is the oldest of its peer.
    fn forget_ended(&mut self, digest: u128) -> bool {
        let Some(Entry::Ended { kept, peer, .. }) = self.entries.remove(&digest) else {
            return false;
        };
        self.shares.remove_oldest(peer, kept.size());
        true
    }
}

impl Duplicates {
    /// Looks at everything.
    ///
    /// # Panics
    /// If a bound is broken.
    pub(super) fn check_invariants(&self) {
        let ended = self.entries.values().filter_map(|entry| match entry {
            Entry::Running { .. } => None,
            Entry::Ended { kept, .. } => Some(kept.size()),
        });
        let (calls, sizes) = (ended.clone().count(), ended.sum::<usize>());
        let ends = self.ended.iter();
        let ends = ends.filter(|end| is_kept(&self.entries, end)).count();
        assert_eq!(calls, ends, "an ended call is lost");
        assert!(
            self.ended.len() <= 2 * calls + FEW,
            "ends of forgotten calls gather"
        );
        let peers = self.shares.bytes() - sizes;
        assert!(peers <= calls * PEER, "the count of kept bytes has drifted");
        assert!(
            self.shares.bytes() <= self.bounds.bytes,
            "more is kept than may be"
        );
        assert_eq!(self.entries.len() - calls, self.places.taken());
        self.places.check_invariants();
        self.shares.check_invariants();
    }
}

/// So few ends of forgotten calls need no sorting out.
const FEW: usize = 64;

fn is_kept(entries: &FastMap<u128, Entry>, end: &End) -> bool {
    let entry = entries.get(&end.digest);
    matches!(entry, Some(Entry::Ended { number, .. }) if *number == end.number)
}

impl Kept {
    fn size(&self) -> usize {
        match self {
            Kept::Reply(reply) => ENTRY + reply.len(),
            Kept::TooLong => ENTRY,
        }
    }
}
