//! Entries that outlive the registry's own life.

use super::{Record, Registrant, Registry, lease_of, names};
use rpc_core::Time;
use rpc_core::matchmaker::{Lease, Registration};
use std::collections::VecDeque;
use std::time::Duration;

/// What has to be kept of an entry so that the next life of the registry can go on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The number that its server renews it with.
    pub lease: u64,
    /// Its place in the order of registrations.
    pub number: u64,
    /// The length of the lease.
    pub length: Duration,
    /// Who registered it.
    pub registrant: Registrant,
    /// What the server said of itself.
    pub registration: Registration,
    /// The incarnations that it replaced, the last one first.
    pub earlier: VecDeque<u64>,
}

impl Registry {
    /// What has to be kept of an entry; none if there is no such entry.
    pub fn saved(&self, lease: u64) -> Option<Saved> {
        let record = self.entries.get(lease)?;
        Some(Saved {
            lease,
            number: record.number,
            length: record.lease,
            registrant: record.registrant,
            registration: record.registration.clone(),
            earlier: record.earlier.clone(),
        })
    }

    /// What has to be kept of all entries, in the order of their leases.
    pub fn all_saved(&self) -> impl Iterator<Item = Saved> {
        let mut leases: Vec<u64> = self.entries.iter().map(|(lease, _)| lease).collect();
        leases.sort_unstable();
        leases.into_iter().filter_map(|lease| self.saved(lease))
    }

    /// Enters what an earlier life of the registry held. Its connection is gone and nobody knows whether its server lives, so it
    /// stays for one lease, and longer only if it is renewed. None: it does not fit into the limits, or is no sound entry.
    pub fn handle_restored(&mut self, now: Time, saved: Saved) -> Option<Lease> {
        self.handle_timeout(now);
        let name = names::canonical(&saved.registration.name).ok()?;
        if self.entries.get(saved.lease).is_some() || saved.earlier.len() > super::EARLIER {
            return None;
        }
        let length = saved
            .length
            .clamp(self.limits.shortest_lease, self.limits.longest_lease);
        let mut record = Record::new(saved.registration, saved.registrant, None, now, length);
        record.earlier = saved.earlier;
        record.number = saved.number;
        let place = self.place_of(&name, record.registrant, &record.registration);
        // Shares are not asked for: they decide who may have more, and this was granted.
        let fits = self.len() < self.limits.entries
            && self.bytes + record.bytes() <= self.limits.bytes
            && self.entries.of_name(&name).count() < self.limits.entries_per_name;
        if !fits || !place.is_ok_and(|place| place.ended.is_empty()) {
            return None;
        }
        self.registered = self.registered.max(record.number);
        self.insert(name, saved.lease, record);
        Some(lease_of(saved.lease, length))
    }
}
