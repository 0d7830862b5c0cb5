//! The tables of the entries, with so many that they grow and shrink.

use super::super::entries::Entries;
use super::{Record, Registrant, SECOND, registration, seconds};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;

fn record(name: &str) -> Record {
    let by = Registrant::User(1000);
    Record::new(registration(name, 1, 1), by, None, seconds(0), SECOND)
}

/// Everything that can be asked, compared with what is there.
fn check(entries: &Entries, expected: &BTreeMap<u64, String>) {
    let mut names = BTreeMap::<&str, Vec<u64>>::new();
    for (lease, name) in expected {
        let found = entries.get(*lease).expect("it was entered");
        assert_eq!(found.name(), *name);
        names.entry(name).or_default().push(*lease);
    }
    assert_eq!(entries.len(), expected.len());
    assert!(
        entries
            .names()
            .iter()
            .map(|name| &**name)
            .eq(names.keys().copied())
    );
    for (name, leases) in names {
        let mut found: Vec<u64> = entries.of_name(name).map(|(lease, _)| lease).collect();
        found.sort_unstable();
        assert_eq!(found, leases, "{name}");
    }
    assert_eq!(entries.of_name("nobody").count(), 0);
    assert!(entries.get(0).is_none());
}

#[test]
fn thousands_of_entries_are_found_and_give_their_memory_back() {
    for seed in 1..4_u64 {
        let mut random = (0..).map(|step: u64| {
            let mut hasher = SipHasher13::new_with_keys(seed, step);
            hasher.write_u64(step);
            hasher.finish()
        });
        let mut next = move || random.next().expect("endless");
        let (mut entries, mut expected) = (Entries::new([seed as u8; 16]), BTreeMap::new());
        // It grows to some thousands; then more ends than begins, until nothing is left.
        for (steps, entered) in [(6_000, 9), (20_000, 3)] {
            for _ in 0..steps {
                if next() % 10 < entered {
                    let (name, lease) = (format!("name-{}", next() % 2_000), next() | 1);
                    // As people write it.
                    entries.insert(&name, lease, record(&name.to_uppercase()));
                    expected.insert(lease, name);
                } else if let Some((lease, _)) = expected.range(next()..).next() {
                    let lease = *lease;
                    let removed = entries.remove(lease).map(|removed| removed.name());
                    assert_eq!(removed, expected.remove(&lease));
                    assert!(entries.remove(lease).is_none());
                }
            }
            check(&entries, &expected);
        }
        assert!(entries.len() < 100 && entries.room() < 2_000);
    }
}
