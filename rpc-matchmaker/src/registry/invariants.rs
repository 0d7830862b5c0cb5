//! What is true of a registry between two inputs.

use super::{Registry, Share};
use std::collections::{BTreeMap, BTreeSet};

impl Registry {
    /// Panics if the maps disagree or a limit is exceeded: for tests and the simulation, to be called after each step.
    pub fn assert_invariants(&self) {
        let sorted = |leases: &mut dyn Iterator<Item = u64>| leases.collect::<BTreeSet<_>>();
        let all = sorted(&mut self.entries.iter().map(|(lease, _)| lease));
        self.assert_names_are_found();
        assert_eq!(
            all,
            sorted(&mut self.by_end.iter().map(|(_, lease)| *lease))
        );
        assert!(self.by_owner.values().all(|leases| !leases.is_empty()));
        let mut lives = BTreeMap::new();
        for (lease, record) in self.entries.iter() {
            let key = (
                record.name(),
                record.registrant,
                record.registration.instance,
            );
            let incarnation = record.registration.incarnation;
            assert_eq!(*lives.entry(key).or_insert(incarnation), incarnation);
            assert!(self.by_end.contains(&(record.end(), lease)));
            let owned = |owner| {
                self.by_owner
                    .get(&owner)
                    .is_some_and(|leases| leases.contains(&lease))
            };
            assert!(record.owner.is_none_or(owned));
        }
        assert_eq!(
            self.bytes,
            self.entries
                .iter()
                .map(|(_, record)| record.bytes())
                .sum::<usize>()
        );
        let mut shares = BTreeMap::<_, Share>::new();
        for (_, record) in self.entries.iter() {
            let share = shares.entry(record.registrant).or_default();
            share.entries += 1;
            share.bytes += record.bytes();
        }
        assert_eq!(self.shares, shares);
        assert!(self.len() <= self.limits.entries && self.bytes <= self.limits.bytes);
    }

    /// Each entry is found by its lease and among those of its name, and the names are those of the entries.
    fn assert_names_are_found(&self) {
        let mut names = BTreeMap::<String, BTreeSet<u64>>::new();
        for (lease, record) in self.entries.iter() {
            let found = self.entries.get(lease);
            assert!(found.is_some_and(|found| std::ptr::eq(found, record)));
            assert!(names.entry(record.name()).or_default().insert(lease));
        }
        assert!(
            names
                .keys()
                .map(String::as_str)
                .eq(self.entries.names().iter().map(|name| &**name))
        );
        for (name, leases) in names {
            let of_name: Vec<u64> = self
                .entries
                .of_name(&name)
                .map(|(lease, _)| lease)
                .collect();
            assert!(of_name.len() == leases.len() && of_name.len() <= self.limits.entries_per_name);
            assert!(of_name.iter().all(|lease| leases.contains(lease)));
        }
    }
}
