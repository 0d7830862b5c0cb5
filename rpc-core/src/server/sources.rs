//! The table of everything that the server's epoll can report, by number.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Values by number. A number is never given twice, so an event or a reply that comes late finds nothing rather than
/// somebody else's connection.
#[derive(Debug)]
pub(crate) struct Sources<T> {
    slots: RwLock<Slots<T>>,
    /// The slot that [`next_few`](Self::next_few) begins with, counted on round the table.
    hand: AtomicUsize,
}

#[derive(Debug)]
struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    taken: usize,
}

#[derive(Debug)]
struct Slot<T> {
    /// How many values had this slot before.
    round: u32,
    value: Option<Arc<T>>,
}

/// Numbers from here on are never given, and free for other uses.
pub(crate) const END: u64 = 1 << 63;

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Self {
            slots: RwLock::new(Slots {
                slots: Vec::new(),
                free: Vec::new(),
                taken: 0,
            }),
            hand: AtomicUsize::new(0),
        }
    }
}

impl<T> Sources<T> {
    /// Adds what `make` builds from its own number.
    pub(crate) fn insert(&self, make: impl FnOnce(u64) -> T) -> Arc<T> {
        let mut slots = self.write();
        let index = slots.free.pop().unwrap_or_else(|| {
            slots.slots.push(Slot {
                round: 0,
                value: None,
            });
            u32::try_from(slots.slots.len() - 1).expect("more sources than there are descriptors")
        });
        let slot = &mut slots.slots[index as usize];
        let value = Arc::new(make(number(index, slot.round)));
        slot.value = Some(value.clone());
        slots.taken += 1;
        value
    }

    /// What has this number now.
    pub(crate) fn get(&self, number: u64) -> Option<Arc<T>> {
        let slots = self.read();
        let slot = slots.slots.get(index(number))?;
        slot.value
            .as_ref()
            .filter(|_| slot.round == round(number))
            .cloned()
    }

    /// Takes `number` out of the table.
    pub(crate) fn remove(&self, number: u64) -> Option<Arc<T>> {
        let mut slots = self.write();
        let slot = slots
            .slots
            .get_mut(index(number))
            .filter(|slot| slot.round == round(number))?;
        let value = slot.value.take()?;
        slot.round += 1;
        // A slot whose rounds are used up is left empty for ever, so that no number comes again.
        if slot.round < MAX_ROUND {
            slots.free.push(index(number) as u32);
        }
        slots.taken -= 1;
        Some(value)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.read().taken
    }

    /// All of them, as they are now.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        self.read()
            .slots
            .iter()
            .filter_map(|slot| slot.value.clone())
            .collect()
    }

    /// Those in the next `count` slots: time after time, this goes round the table.
    pub(crate) fn next_few(&self, count: usize) -> Vec<Arc<T>> {
        let slots = &self.read().slots;
        let first = self.hand.fetch_add(count, Ordering::Relaxed);
        (first..first + count.min(slots.len()))
            .filter_map(|turn| slots[turn % slots.len()].value.clone())
            .collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Slots<T>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots<T>> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One bit less than there is room for, which keeps all numbers below [`END`].
const MAX_ROUND: u32 = 1 << 31;

fn number(index: u32, round: u32) -> u64 {
    u64::from(round) << 32 | u64::from(index)
}

fn index(number: u64) -> usize {
    (number & u64::from(u32::MAX)) as usize
}

fn round(number: u64) -> u32 {
    (number >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_finds_its_value_until_that_is_removed_and_never_another() {
        let sources = Sources::default();
        let first = *sources.insert(|number| number);
        let second = *sources.insert(|number| number);
        assert_eq!(sources.get(first).as_deref(), Some(&first));
        assert_eq!(sources.remove(first).as_deref(), Some(&first));
        assert_eq!(sources.remove(first), None, "removed already");
        let third = *sources.insert(|number| number);
        assert_eq!(index(third), index(first), "the slot is used again");
        assert_ne!(third, first, "under another number");
        assert_eq!(sources.get(first), None);
        assert_eq!(sources.get(END), None);
        assert_eq!(sources.len(), 2);
        let mut all: Vec<u64> = sources.all().iter().map(|value| **value).collect();
        all.sort_unstable();
        assert_eq!(all, [second, third]);
    }

    #[test]
    fn a_few_at_a_time_all_have_their_turn() {
        let sources = Sources::default();
        assert!(sources.next_few(2).is_empty());
        let numbers: Vec<u64> = (0..5).map(|_| *sources.insert(|number| number)).collect();
        sources.remove(numbers[1]);
        let few = || sources.next_few(2).iter().map(|value| **value).collect();
        let mut seen: Vec<u64> = std::iter::repeat_with(few)
            .take(5)
            .flat_map(|few: Vec<u64>| few)
            .collect();
        seen.sort_unstable();
        let left = [0, 2, 3, 4].map(|index| [numbers[index]; 2]);
        assert_eq!(seen, left.concat(), "each twice in ten slots of five");
        assert_eq!(sources.next_few(100).len(), 4, "none twice at a time");
    }
}
