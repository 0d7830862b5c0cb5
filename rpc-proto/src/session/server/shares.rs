//! What each peer without sessions takes of the memory for its calls, so that none takes the others' part.

use crate::session::ids::FastMap;
use std::collections::{BTreeSet, VecDeque};

/// A peer, by a keyed digest of where it is.
pub(super) type Peer = u64;

/// The places of calls under way. A peer may have no more of them than are left, so one that asks without end has half of
/// them, and when calls of `n` such peers have ended, each has a part of `n + 1`: the last one is for others.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: usize,
    of: FastMap<Peer, usize>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            taken: 0,
            of: FastMap::default(),
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// False: there is none for this peer.
    pub(super) fn take(&mut self, peer: Peer) -> bool {
        let left = self.most - self.taken;
        let of = self.of.get(&peer).copied().unwrap_or_default();
        if of >= left {
            return false;
        }
        self.of.insert(peer, of + 1);
        self.taken += 1;
        true
    }

    pub(super) fn give_back(&mut self, peer: Peer) {
        if let Some(of) = self.of.get_mut(&peer) {
            *of -= 1;
            self.taken -= 1;
            if *of == 0 {
                self.of.remove(&peer);
            }
        }
    }

    /// # Panics
    /// If a bound is broken.
    pub(super) fn check_invariants(&self) {
        assert_eq!(self.of.values().sum::<usize>(), self.taken);
        assert!(self.taken <= self.most, "more calls under way than may be");
        assert!(self.of.values().all(|of| *of > 0), "a peer with nothing");
    }
}

/// What is kept of calls that have ended, by peer.
#[derive(Debug)]
pub(super) struct Shares {
    /// A peer that has no more than this is left in peace while another has.
    small: usize,
    of: FastMap<Peer, Share>,
    /// Those that have more, and how much.
    great: BTreeSet<(usize, Peer)>,
    bytes: usize,
}

/// What is counted for a peer of which something is kept: about what it takes in maps, queue and allocator.
pub(super) const PEER: usize = 192;

#[derive(Debug, Default)]
struct Share {
    bytes: usize,
    /// Its calls, in the order in which they ended.
    calls: VecDeque<u128>,
}

impl Shares {
    pub(super) fn new(small: usize) -> Self {
        Self {
            small,
            of: FastMap::default(),
            great: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// What all take together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// So much is kept of a call of this peer, which is its newest.
    pub(super) fn add(&mut self, peer: Peer, call: u128, size: usize) {
        let share = self.of.entry(peer).or_default();
        let before = share.bytes;
        share.bytes += size + if share.calls.is_empty() { PEER } else { 0 };
        share.calls.push_back(call);
        let after = share.bytes;
        self.change(peer, before, after);
    }

    /// So much is kept no more, of this peer's oldest call.
    pub(super) fn remove_oldest(&mut self, peer: Peer, size: usize) {
        let Some(share) = self.of.get_mut(&peer) else {
            return;
        };
        let before = share.bytes;
        share.calls.pop_front();
        share.bytes -= size;
        if share.calls.is_empty() {
            self.of.remove(&peer);
            return self.change(peer, before, 0);
        }
        let after = share.bytes;
        self.change(peer, before, after);
    }

    /// The oldest call of the peer of which most is kept. `None`: of none there is so much that it should be the first to lose.
    pub(super) fn oldest_of_greatest(&self) -> Option<u128> {
        let (_, peer) = self.great.last()?;
        self.of.get(peer)?.calls.front().copied()
    }

    fn change(&mut self, peer: Peer, before: usize, after: usize) {
        self.bytes = self.bytes - before + after;
        if before > self.small {
            self.great.remove(&(before, peer));
        }
        if after > self.small {
            self.great.insert((after, peer));
        }
    }

    /// # Panics
    /// If a count has drifted.
    pub(super) fn check_invariants(&self) {
        let all = self.of.iter();
        assert_eq!(
            all.clone().map(|(_, share)| share.bytes).sum::<usize>(),
            self.bytes
        );
        let great = all.map(|(peer, share)| (share.bytes, *peer));
        let great: BTreeSet<_> = great.filter(|(bytes, _)| *bytes > self.small).collect();
        assert_eq!(great, self.great, "not the peers that have most");
    }
}
