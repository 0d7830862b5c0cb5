//! Calls of peers without sessions that must not run twice, and what they were answered.

use super::session::Asker;
use crate::session::ids::FastMap;
use crate::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// What is remembered of plain calls, by the digest of all that tells one from another. The digest is keyed and has 128 bits,
/// so nobody finds two calls that have the same.
///
/// A call under way is never forgotten: where too many are, no new ones are taken. Those that have ended are forgotten by age,
/// and the oldest ones for want of room.
#[derive(Debug)]
pub(super) struct Duplicates {
    bounds: Bounds,
    entries: FastMap<u128, Entry>,
    running: usize,
    /// The ended ones, in the order in which they ended, and until when they are remembered.
    ended: VecDeque<(Time, u128)>,
    /// How many of them, the last ones, have ended since the time was last told: that is counted for them from then on, since
    /// to ask for the time at each end would cost more than it is worth.
    fresh: usize,
    told: Time,
    /// What the ended ones take.
    bytes: usize,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Calls under way.
    pub(super) running: usize,
    /// For how long after its end a call is remembered.
    pub(super) age: Duration,
    /// Bytes of ended calls, [`ENTRY`] and the reply of each.
    pub(super) bytes: usize,
}

/// The end of one that has ended since the time was last told.
const NEVER: Time = Time::from_nanos(u64::MAX);

/// What is counted for an entry beside its reply: about what it takes in map, queue and allocator.
pub(super) const ENTRY: usize = 128;

/// A reply that takes more than this part of all the room is not kept. That the call ran is.
const LARGEST: usize = 64;

#[derive(Debug)]
enum Entry {
    /// Where its reply is to go.
    Running(Asker),
    Ended(Kept),
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
            running: 0,
            ended: VecDeque::new(),
            fresh: 0,
            told: Time::ZERO,
            bytes: 0,
        }
    }

    /// A call has come. Its reply goes to `asker`; that of one under way does so from now on, since whoever
    /// sends it over another stream has lost the one before.
    pub(super) fn arrive(&mut self, now: Time, digest: u128, asker: Asker) -> Known<'_> {
        self.tell_time(now);
        let full = self.running >= self.bounds.running;
        match self.entries.entry(digest) {
            std::collections::hash_map::Entry::Vacant(_) if full => Known::NoRoom,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Entry::Running(asker));
                self.running += 1;
                Known::New
            }
            std::collections::hash_map::Entry::Occupied(place) => match place.into_mut() {
                Entry::Running(known) => {
                    *known = asker;
                    Known::Running
                }
                Entry::Ended(kept) => Known::Ended(kept),
            },
        }
    }

    /// A call under way did not run after all. Where the answer goes.
    pub(super) fn forget(&mut self, digest: u128) -> Option<Asker> {
        let Some(Entry::Running(asker)) = self.entries.get(&digest) else {
            return None;
        };
        let asker = *asker;
        self.entries.remove(&digest);
        self.running -= 1;
        Some(asker)
    }

    /// A call under way has ended with this framed reply. Where it goes.
    pub(super) fn end(&mut self, digest: u128, reply: &[u8]) -> Option<Asker> {
        let asker = self.forget(digest)?;
        let kept = if reply.len() > self.bounds.bytes / LARGEST {
            Kept::TooLong
        } else {
            Kept::Reply(reply.into())
        };
        self.bytes += kept.size();
        self.entries.insert(digest, Entry::Ended(kept));
        self.ended.push_back((NEVER, digest));
        self.fresh += 1;
        while self.bytes > self.bounds.bytes {
            self.forget_oldest();
        }
        Some(asker)
    }

    /// Whether another call can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.running < self.bounds.running
    }

    /// When the time is to be told, so that what is old is forgotten; `None` while there is nothing.
    pub(super) fn due(&self) -> Option<Time> {
        match self.ended.front() {
            Some((until, _)) if *until < NEVER => Some(*until),
            _ => (!self.entries.is_empty()).then_some(self.told + self.bounds.age),
        }
    }

    /// Forgets what has become too old.
    pub(super) fn tell_time(&mut self, now: Time) {
        self.told = now;
        let until = now + self.bounds.age;
        let fresh = std::mem::take(&mut self.fresh);
        for (end, _) in self.ended.iter_mut().rev().take(fresh) {
            *end = until;
        }
        while self.ended.front().is_some_and(|(until, _)| *until <= now) {
            self.forget_oldest();
        }
    }

    /// Looks at everything.
    ///
    /// # Panics
    /// If a bound is broken.
    pub(super) fn check_invariants(&self) {
        let sizes = self.entries.values().filter_map(|entry| match entry {
            Entry::Running(_) => None,
            Entry::Ended(kept) => Some(kept.size()),
        });
        assert_eq!(
            sizes.clone().count(),
            self.ended.len(),
            "an ended call is lost"
        );
        assert_eq!(
            sizes.sum::<usize>(),
            self.bytes,
            "the count of kept bytes has drifted"
        );
        assert_eq!(self.entries.len() - self.ended.len(), self.running);
        assert!(
            self.running <= self.bounds.running,
            "more calls under way than may be"
        );
        assert!(self.bytes <= self.bounds.bytes, "more is kept than may be");
    }

    fn forget_oldest(&mut self) {
        let Some((_, digest)) = self.ended.pop_front() else {
            return;
        };
        self.fresh = self.fresh.min(self.ended.len());
        if let Some(Entry::Ended(kept)) = self.entries.remove(&digest) {
            self.bytes -= kept.size();
        }
    }
}

impl Kept {
    fn size(&self) -> usize {
        match self {
            Kept::Reply(reply) => ENTRY + reply.len(),
            Kept::TooLong => ENTRY,
        }
    }
}
