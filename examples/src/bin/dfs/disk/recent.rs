//! A memory of fixed size.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// Values by key, of which one is forgotten for each that comes new when there is no more room: one of those that have not
/// been used for long.
///
/// A hand goes round the slots, as that of a clock. What has not been used since it came by the last time has to go.
pub struct Recent<K, V> {
    most: usize,
    slots: Vec<Slot<K, V>>,
    /// At which slot each key is.
    index: HashMap<K, usize>,
    hand: usize,
}

struct Slot<K, V> {
    key: K,
    value: V,
    used: bool,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// Remembers not more than `most` values.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            slots: Vec::new(),
            index: HashMap::new(),
            hand: 0,
        }
    }

    /// The value of a key, which is used thereby.
    pub fn get(&mut self, key: K) -> Option<&V> {
        let slot = &mut self.slots[*self.index.get(&key)?];
        slot.used = true;
        Some(&slot.value)
    }

    /// Puts a value in the place of what was there.
    pub fn insert(&mut self, key: K, value: V) {
        // Nothing new counts as used: it has a whole turn of the hand to become so.
        let (at, used) = match self.index.get(&key) {
            Some(&at) => (at, true),
            None if self.slots.len() < self.most => return self.push(key, value),
            None => (self.make_room(), false),
        };
        self.index.insert(key, at);
        self.slots[at] = Slot { key, value, used };
    }

    pub fn remove(&mut self, key: K) {
        let Some(at) = self.index.remove(&key) else {
            return;
        };
        self.slots.swap_remove(at);
        if let Some(moved) = self.slots.get(at) {
            self.index.insert(moved.key, at);
        }
    }

    fn push(&mut self, key: K, value: V) {
        self.index.insert(key, self.slots.len());
        let used = false;
        self.slots.push(Slot { key, value, used });
    }

    /// The slot that was not used for longest, as far as the hand can tell. All are taken.
    fn make_room(&mut self) -> usize {
        loop {
            self.hand = (self.hand + 1) % self.slots.len();
            let slot = &mut self.slots[self.hand];
            if !mem::take(&mut slot.used) {
                self.index.remove(&slot.key);
                return self.hand;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(recent: &mut Recent<u32, u32>) -> Vec<u32> {
        let keys = 0..100;
        keys.filter(|key| recent.get(*key) == Some(key)).collect()
    }

    #[test]
    fn what_is_used_stays_and_one_of_the_others_goes() {
        let mut recent = Recent::new(4);
        for key in 0..100 {
            recent.insert(key, key);
            assert_eq!(recent.get(0), Some(&0), "after {key}");
            assert!(recent.index.contains_key(&key), "after {key}");
            assert_eq!(recent.slots.len(), recent.index.len());
            assert_eq!(recent.slots.len(), 4.min(key as usize + 1));
        }
    }

    #[test]
    fn what_was_not_used_goes_first() {
        let mut recent = Recent::new(4);
        for key in 0..4 {
            recent.insert(key, key);
        }
        recent.get(2);
        for key in 50..53 {
            recent.insert(key, key);
        }
        assert_eq!(known(&mut recent), [2, 50, 51, 52]);
    }

    #[test]
    fn what_is_removed_is_gone_and_nothing_else() {
        let mut recent = Recent::new(4);
        for key in 0..4 {
            recent.insert(key, key);
        }
        for key in [1, 3, 1] {
            recent.remove(key);
        }
        assert_eq!(known(&mut recent), [0, 2]);
        recent.insert(9, 9);
        assert_eq!(known(&mut recent), [0, 2, 9]);
    }
}
