//! The set of finished sequence numbers of a session, kept as intervals.
//!
//! Client and server both keep one: the client knows what is finished, the server what it was told. It only grows, so
//! late and doubled acknowledgements change nothing.

/// A growing set of sequence numbers from 1 on.
///
/// Invariant: `above` holds disjoint, non-touching intervals in rising order, all of them above `below`; so a session
/// with `n` unfinished numbers has at most `n` intervals here, however many calls it has seen.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    /// Every number below this one is in the set; it is the first that is not.
    below: u64,
    /// Intervals `first..=last` above `below`.
    above: Vec<(u64, u64)>,
}

impl Numbers {
    /// The empty set.
    pub(crate) fn new() -> Self {
        Self {
            below: 1,
            above: Vec::new(),
        }
    }

    /// The lowest number that is not in the set.
    pub(crate) fn first_missing(&self) -> u64 {
        self.below
    }

    /// Bit `i` says that `first_missing() + 1 + i` is in the set.
    pub(crate) fn mask(&self) -> u64 {
        let start = self.below.saturating_add(1);
        let mut mask = 0;
        for &(first, last) in self
            .above
            .iter()
            .take_while(|(first, _)| *first < start.saturating_add(64))
        {
            for number in first..=last.min(start.saturating_add(63)) {
                mask |= 1 << (number - start);
            }
        }
        mask
    }

    /// The intervals above `first_missing()`.
    pub(crate) fn intervals(&self) -> &[(u64, u64)] {
        &self.above
    }

    /// Whether `number` is in the set.
    ///
    /// The very last number counts as one that is, since there is none after it that could be the first missing.
    pub(crate) fn contains(&self, number: u64) -> bool {
        if number < self.below || number == u64::MAX {
            return true;
        }
        let after = self.above.partition_point(|&(first, _)| first <= number);
        after > 0 && number <= self.above[after - 1].1
    }

    /// Adds every number below `bound`.
    pub(crate) fn insert_below(&mut self, bound: u64) {
        if bound > self.below {
            self.below = bound;
            self.absorb();
        }
    }

    /// Adds the numbers `first..=last`.
    pub(crate) fn insert_range(&mut self, first: u64, last: u64) {
        if first > last || last < self.below {
            return;
        }
        if first <= self.below {
            return self.insert_below(last.saturating_add(1));
        }
        // Everything that overlaps or touches the new interval is replaced by one.
        let from = self
            .above
            .partition_point(|&(_, end)| end.saturating_add(1) < first);
        let to = self
            .above
            .partition_point(|&(start, _)| start <= last.saturating_add(1));
        if from == to {
            self.above.insert(from, (first, last));
        } else {
            let joined = (
                first.min(self.above[from].0),
                last.max(self.above[to - 1].1),
            );
            self.above[from] = joined;
            self.above.drain(from + 1..to);
        }
    }

    /// Adds one number.
    pub(crate) fn insert(&mut self, number: u64) {
        self.insert_range(number, number);
    }

    fn absorb(&mut self) {
        let swallowed = self
            .above
            .partition_point(|&(first, _)| first <= self.below);
        if let Some(&(_, last)) = self.above[..swallowed].last() {
            self.below = self.below.max(last.saturating_add(1));
        }
        self.above.drain(..swallowed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_a_plain_set_on_random_inserts() {
        for seed in 0..200u8 {
            let mut random = Entropy::new([seed; 32]);
            let mut model = BTreeSet::new();
            let mut numbers = Numbers::new();
            for _ in 0..100 {
                let first = 1 + random.number() % 120;
                match random.number() % 8 {
                    0 => {
                        model.extend(1..first / 4);
                        numbers.insert_below(first / 4);
                    }
                    1 => {
                        let last = first + random.number() % 9;
                        model.extend(first..=last);
                        numbers.insert_range(first, last);
                    }
                    _ => {
                        model.insert(first);
                        numbers.insert(first);
                    }
                }
                check(&numbers, &model);
            }
        }
    }

    fn check(numbers: &Numbers, model: &BTreeSet<u64>) {
        for number in 1..140 {
            assert_eq!(
                numbers.contains(number),
                model.contains(&number),
                "{number} in {numbers:?}"
            );
        }
        let missing = (1..)
            .find(|number| !model.contains(number))
            .expect("finite");
        assert_eq!(numbers.first_missing(), missing);
        for bit in 0..64 {
            assert_eq!(
                numbers.mask() >> bit & 1 == 1,
                model.contains(&(missing + 1 + bit)),
                "bit {bit}"
            );
        }
        for pair in numbers.intervals().windows(2) {
            assert!(pair[0].1 + 1 < pair[1].0, "intervals touch: {numbers:?}");
        }
    }

    #[test]
    fn one_stuck_number_costs_one_interval() {
        let mut numbers = Numbers::new();
        for number in 2..1_000_000 {
            numbers.insert(number);
        }
        assert_eq!(numbers.intervals(), [(2, 999_999)]);
        assert_eq!((numbers.first_missing(), numbers.mask()), (1, u64::MAX));
    }

    #[test]
    fn the_last_number_does_not_overflow() {
        let mut numbers = Numbers::new();
        numbers.insert_range(5, u64::MAX);
        numbers.insert_range(1, u64::MAX);
        assert!(numbers.contains(u64::MAX));
    }
}
