//! What inputs did, for those who keep up with the registry: watchers of names, and the file that survives a restart.

use siphasher::sip::SipHasher13;
use std::collections::VecDeque;
use std::hash::Hasher;

/// Where a name's generation stands. Several names may have one slot; there are [`SLOTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub usize);

/// How many slots there are: few enough to be no matter of memory, so many that a watcher seldom wakes for another's name.
pub const SLOTS: usize = 4096;

/// One thing that an input did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where the generation of the name is another one now.
    pub slot: Slot,
    /// The entry that was entered, replaced or removed: the registry has it, or not.
    pub lease: u64,
}

/// The generations of all names, those that are not registered among them: the number of the last change in the name's slot.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    last: u64,
    slots: Vec<u64>,
    pending: VecDeque<Change>,
}

impl Changes {
    /// `key` is unpredictable: so a generation of an earlier life of the registry is, as good as certainly, none of this one.
    pub(super) fn new(key: &[u8; 16]) -> Self {
        let first = SipHasher13::new_with_key(key).finish() | 1 << 63;
        Self {
            // There is room for 2^62 changes above it, and it is never 0.
            last: first & !(1 << 62),
            slots: vec![first & !(1 << 62); SLOTS],
            pending: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, name: &str, lease: u64) {
        let slot = slot_of(name);
        self.last += 1;
        self.slots[slot.0] = self.last;
        let change = Change { slot, lease };
        // What is replaced is removed and entered.
        if self.pending.back() != Some(&change) {
            self.pending.push_back(change);
        }
    }

    pub(super) fn poll(&mut self) -> Option<Change> {
        self.pending.pop_front()
    }

    pub(super) fn generation(&self, slot: Slot) -> u64 {
        self.slots[slot.0]
    }
}

/// The slot of a name in the form in which it is matched.
pub(super) fn slot_of(name: &str) -> Slot {
    let mut hasher = SipHasher13::new();
    hasher.write(name.as_bytes());
    // The remainder is below the number of slots, whatever `usize` is.
    Slot((hasher.finish() % SLOTS as u64) as usize)
}
