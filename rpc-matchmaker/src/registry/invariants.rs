//! What is true of a registry between two inputs.

use super::{Record, Registry, Share};
use std::collections::{BTreeMap, BTreeSet};

impl Registry {
    /// Panics if the maps disagree or a limit is exceeded: for tests and the simulation, to be called after each step.
    pub fn assert_invariants(&self) {
        let sorted = |leases: &mut dyn Iterator<Item = u64>| leases.collect::<BTreeSet<_>>();
        let all = sorted(&mut self.records.keys().copied());
        assert_eq!(all, sorted(&mut self.by_name.values().flatten().copied()));
        assert_eq!(
            all,
            sorted(&mut self.by_end.iter().map(|(_, lease)| *lease))
        );
        assert!(
            self.by_name
                .values()
                .chain(self.by_owner.values())
                .all(|leases| !leases.is_empty())
        );
        assert!(
            self.by_name
                .values()
                .all(|leases| leases.len() <= self.limits.entries_per_name)
        );
        let mut lives = BTreeMap::new();
        for (lease, record) in &self.records {
            let key = (
                record.name(),
                record.registrant,
                record.registration.instance,
            );
            let incarnation = record.registration.incarnation;
            assert_eq!(*lives.entry(key).or_insert(incarnation), incarnation);
            assert!(self.by_end.contains(&(record.end(), *lease)));
            let owned = |owner| {
                self.by_owner
                    .get(&owner)
                    .is_some_and(|leases| leases.contains(lease))
            };
            assert!(record.owner.is_none_or(owned));
        }
        assert_eq!(
            self.bytes,
            self.records.values().map(Record::bytes).sum::<usize>()
        );
        let mut shares = BTreeMap::<_, Share>::new();
        for record in self.records.values() {
            let share = shares.entry(record.registrant).or_default();
            share.entries += 1;
            share.bytes += record.bytes();
        }
        assert_eq!(self.shares, shares);
        assert!(self.records.len() <= self.limits.entries && self.bytes <= self.limits.bytes);
    }
}
