//! The entries, found by lease or by name in a few steps however many there are.
//!
//! They stand in one vector without gaps. Two tables by hash hold their places in it: a look-up reads one place in a table and
//! then the entry itself, whose own name tells whether it is the one. In a tree each step down, and each name compared on the
//! way, would be memory that is not in the processor's caches any more once there are many entries.
//!
//! Names are chosen by anybody, so they are hashed with a key that nobody knows. Nothing is listed in the order of a table:
//! what is seen from outside depends on the inputs only.

use super::Record;
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use std::collections::BTreeSet;
use std::hash::Hasher;

/// All entries. Names are given in the form in which they are matched.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    key: [u8; 16],
    slots: Vec<Entry>,
    by_lease: HashTable<Leased>,
    by_name: HashTable<Named>,
    /// The same names in the order of the alphabet.
    names: BTreeSet<Box<str>>,
}

#[derive(Clone, Debug)]
struct Entry {
    lease: u64,
    record: Record,
}

#[derive(Clone, Debug)]
struct Leased {
    lease: u64,
    slot: usize,
}

/// The entries of one name, in no order. Mostly there is one, and no second piece of memory for it.
#[derive(Clone, Debug)]
struct Named {
    first: usize,
    others: Vec<usize>,
}

impl Entries {
    /// No entries. `key` are unpredictable bytes that are used for nothing else.
    pub(super) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            slots: Vec::new(),
            by_lease: HashTable::new(),
            by_name: HashTable::new(),
            names: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// All of them, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Record)> {
        self.slots.iter().map(|entry| (entry.lease, &entry.record))
    }

    /// All names, in the order of the alphabet.
    pub(super) fn names(&self) -> &BTreeSet<Box<str>> {
        &self.names
    }

    pub(super) fn get(&self, lease: u64) -> Option<&Record> {
        let slot = self.slot_of(lease)?;
        Some(&self.slots[slot].record)
    }

    pub(super) fn get_mut(&mut self, lease: u64) -> Option<&mut Record> {
        let slot = self.slot_of(lease)?;
        Some(&mut self.slots[slot].record)
    }

    /// The entries of a name, in no order that means anything.
    pub(super) fn of_name(&self, name: &str) -> impl Iterator<Item = (u64, &Record)> {
        let same = |named: &Named| self.slots[named.first].is_named(name);
        let named = self.by_name.find(hash(&self.key, name), same);
        let slots = named
            .into_iter()
            .flat_map(|named| std::iter::once(&named.first).chain(&named.others));
        slots.map(|slot| (self.slots[*slot].lease, &self.slots[*slot].record))
    }

    /// Enters what is not there yet. `name` is the record's, and no entry has the lease.
    pub(super) fn insert(&mut self, name: &str, lease: u64, record: Record) {
        let slot = self.slots.len();
        self.slots.push(Entry { lease, record });
        self.by_lease
            .insert_unique(lease, Leased { lease, slot }, |leased| leased.lease);
        let (slots, key) = (&self.slots, &self.key);
        let of_name = self.by_name.entry(
            hash(key, name),
            |named| slots[named.first].is_named(name),
            |named| slots[named.first].hash(key),
        );
        of_name
            .and_modify(|named| named.others.push(slot))
            .or_insert_with(|| {
                self.names.insert(name.into());
                let others = Vec::new();
                Named {
                    first: slot,
                    others,
                }
            });
    }

    pub(super) fn remove(&mut self, lease: u64) -> Option<Record> {
        let leased = self
            .by_lease
            .find_entry(lease, |leased| leased.lease == lease);
        let slot = leased.ok()?.remove().0.slot;
        self.unname(slot);
        let last = self.slots.len() - 1;
        if slot != last {
            self.rename(last, slot);
        }
        let removed = self.slots.swap_remove(slot);
        self.give_back();
        Some(removed.record)
    }

    fn slot_of(&self, lease: u64) -> Option<usize> {
        // A lease is the hash of something already.
        let leased = self.by_lease.find(lease, |leased| leased.lease == lease);
        leased.map(|leased| leased.slot)
    }

    /// Takes an entry away from those of its name.
    fn unname(&mut self, slot: usize) {
        let name = self.slots[slot].record.name();
        let same = |named: &Named| self.slots[named.first].is_named(&name);
        let Ok(mut found) = self.by_name.find_entry(hash(&self.key, &name), same) else {
            return;
        };
        let named = found.get_mut();
        named.others.retain(|other| *other != slot);
        if named.first != slot {
            return;
        }
        match named.others.pop() {
            Some(other) => named.first = other,
            None => {
                found.remove();
                self.names.remove(&*name);
            }
        }
    }

    /// Has the tables find the entry at `from` at `to`, where it is about to stand.
    fn rename(&mut self, from: usize, to: usize) {
        let entry = &self.slots[from];
        let lease = entry.lease;
        if let Some(leased) = self
            .by_lease
            .find_mut(lease, |leased| leased.lease == lease)
        {
            leased.slot = to;
        }
        let of_entry = |named: &Named| named.first == from || named.others.contains(&from);
        if let Some(named) = self.by_name.find_mut(entry.hash(&self.key), of_entry) {
            let mut slots = std::iter::once(&mut named.first).chain(&mut named.others);
            if let Some(slot) = slots.find(|slot| **slot == from) {
                *slot = to;
            }
        }
    }

    /// Gives memory back once three quarters of it are for nothing.
    fn give_back(&mut self) {
        let kept = 2 * self.slots.len();
        if self.slots.capacity() / 2 > kept.max(SPARE) {
            let (slots, key) = (&self.slots, &self.key);
            self.by_lease.shrink_to(kept, |leased| leased.lease);
            self.by_name
                .shrink_to(kept, |named| slots[named.first].hash(key));
            self.slots.shrink_to(kept);
        }
    }

    /// For how many entries there is memory.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        let tables = self.by_lease.capacity().max(self.by_name.capacity());
        self.slots.capacity().max(tables)
    }
}

impl Entry {
    fn is_named(&self, name: &str) -> bool {
        self.record.registration.name.eq_ignore_ascii_case(name)
    }

    fn hash(&self, key: &[u8; 16]) -> u64 {
        hash(key, &self.record.name())
    }
}

/// For so many entries memory is kept in any case.
const SPARE: usize = 256;

fn hash(key: &[u8; 16], name: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_key(key);
    hasher.write(name.as_bytes());
    hasher.finish()
}
