//! The registry: which server offers which name, until when, and on whose connection.
//!
//! A state machine without I/O. Time, connections and unpredictable bytes are arguments; the answers are return values, so
//! that the simulation can drive the code that the daemon runs.
//!
//! # Calling order
//!
//! 1. `handle_*` for each thing that happens, `lookup` and `list` for each question, with a [`Time`] that never goes back. Each
//!    of them first drops the entries whose lease has ended by then, so that no answer names one.
//! 2. After any of them, ask [`Registry::poll_timeout`] again: call [`Registry::handle_timeout`] no later than that, to give
//!    memory back while nobody asks.
//!
//! # Rules
//!
//! - A *name* is matched without regard to case: `Bank` and `bank` are one name.
//! - Several servers may offer one name. Each is told apart by its *instance*, a number that a server keeps as long as it takes
//!   the same place: across restarts if it has stable storage, else for one life.
//! - An instance lives one life at a time, its *incarnation*. Incarnations have no order but that in which they come here:
//!   registering a new one under a name ends everything that earlier ones of the same instance registered under it. An
//!   incarnation that was ended so is refused from then on: it is a message that came late, or a server that should not live.
//! - Registering the same (name, program, version, instance, incarnation) again replaces the entry and gives the same lease
//!   number: registering is idempotent.
//! - An entry ends when its lease does, when it is withdrawn, or when its owner, the connection that registered or renewed
//!   it last, is gone. One that came in a datagram has no owner and ends by its lease only.

mod invariants;
mod limits;
mod names;
mod record;
#[cfg(test)]
mod tests;

use rpc_core::Time;
use rpc_core::matchmaker::{Lease, RegisterError, Registration};
use siphasher::sip::SipHasher13;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher;
use std::ops::Bound;
use std::time::Duration;

pub use limits::Limits;
pub use record::{Owner, Record};

/// The state machine. See the [module](self) for its rules and for the calling order.
///
/// Invariants, asserted by [`Registry::assert_invariants`]: the four maps hold the same leases; no name and no owner is kept
/// without an entry; an instance has one incarnation under one name; every count is within its limit.
#[derive(Clone, Debug)]
pub struct Registry {
    limits: Limits,
    /// Makes lease numbers that nobody guesses and that no earlier life of this registry gave.
    lease_key: [u8; 16],
    registered: u64,
    bytes: usize,
    records: BTreeMap<u64, Record>,
    by_name: BTreeMap<String, BTreeSet<u64>>,
    by_owner: BTreeMap<Owner, BTreeSet<u64>>,
    by_end: BTreeSet<(Time, u64)>,
}

impl Registry {
    /// An empty registry. `entropy` are 16 unpredictable bytes, fresh for each start: lease numbers come from them, so
    /// that a server that renews at a restarted matchmaker is told *unknown*, never given another server's lease.
    pub fn new(limits: Limits, entropy: [u8; 16]) -> Self {
        Self {
            limits,
            lease_key: entropy,
            registered: 0,
            bytes: 0,
            records: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_owner: BTreeMap::new(),
            by_end: BTreeSet::new(),
        }
    }

    /// Enters a registration, or replaces the one that it repeats, for `lease_ms` cut to the limits. A refusal changes nothing.
    pub fn handle_register(
        &mut self,
        now: Time,
        owner: Option<Owner>,
        registration: Registration,
        lease_ms: u32,
    ) -> Result<Lease, RegisterError> {
        self.handle_timeout(now);
        let name = names::canonical(&registration.name)?;
        if registration.endpoints.is_empty() {
            return Err(RegisterError::NoEndpoint);
        }
        let place = self.place_of(&name, &registration)?;
        let length = self.granted(lease_ms);
        let mut record = Record::new(registration, owner, now, length);
        record.earlier = place.earlier;
        self.check_room(&name, &record, &place.ended)?;

        let lease = place.repeated.unwrap_or_else(|| self.next_lease());
        record.number = self
            .records
            .get(&lease)
            .map_or(self.registered, |repeated| repeated.number);
        for ended in place.ended {
            self.remove(ended);
        }
        self.insert(name, lease, record);
        Ok(lease_of(lease, length))
    }

    /// Starts the lease again, with the length granted at registration, and makes `owner` the entry's owner. `None`: there is
    /// no such entry (any more), and its server should register again.
    pub fn handle_renew(&mut self, now: Time, owner: Option<Owner>, lease: u64) -> Option<Lease> {
        self.handle_timeout(now);
        let (name, mut record) = self.remove(lease)?;
        record.renew(now, owner);
        let length = record.lease;
        self.insert(name, lease, record);
        Some(lease_of(lease, length))
    }

    /// Removes an entry. False if there is none, which is no error: withdrawing is idempotent.
    pub fn handle_withdraw(&mut self, now: Time, lease: u64) -> bool {
        self.handle_timeout(now);
        self.remove(lease).is_some()
    }

    /// Removes all entries of a connection that is closed; tells how many. Call it once per connection, after its last input.
    pub fn handle_owner_gone(&mut self, now: Time, owner: Owner) -> usize {
        self.handle_timeout(now);
        let leases = self.by_owner.get(&owner).cloned().unwrap_or_default();
        leases
            .into_iter()
            .filter(|lease| self.remove(*lease).is_some())
            .count()
    }

    /// Removes the entries whose lease has ended; tells how many. A lease has ended from its last moment on.
    pub fn handle_timeout(&mut self, now: Time) -> usize {
        let mut ended = 0;
        while let Some((end, lease)) = self.by_end.first().copied().filter(|(end, _)| *end <= now) {
            let removed = self.remove(lease);
            debug_assert!(removed.is_some_and(|(_, record)| record.end() == end));
            ended += 1;
        }
        ended
    }

    /// When to call [`Registry::handle_timeout`]: the end of the lease that ends first. `None` while the registry is empty.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.by_end.first().map(|(end, _)| *end)
    }

    /// All live entries under a name, the one that was registered last first.
    pub fn lookup(&mut self, now: Time, name: &str) -> Vec<&Record> {
        self.handle_timeout(now);
        let leases = self.by_name.get(&name.to_ascii_lowercase());
        self.newest_first(leases)
    }

    /// The live entries of the names that come after `after` (all, if it is empty), in the order of their names and then as in
    /// [`Registry::lookup`]; and whether there are more. A name is never divided: ask again with the last one.
    pub fn list(&mut self, now: Time, after: &str) -> (Vec<&Record>, bool) {
        self.handle_timeout(now);
        let mut names = self.by_name.range::<str, _>((
            Bound::Excluded(&*after.to_ascii_lowercase()),
            Bound::Unbounded,
        ));
        let mut page = Vec::new();
        while page.len() < self.limits.page {
            let Some((_, leases)) = names.next() else {
                return (page, false);
            };
            page.extend(self.newest_first(Some(leases)));
        }
        let more = names.next().is_some();
        (page, more)
    }

    /// Up to `most` registered names that look like `name`, the most alike first: what a person may have meant.
    pub fn near(&self, name: &str, most: usize) -> Vec<String> {
        names::near(&name.to_ascii_lowercase(), self.by_name.keys(), most)
    }

    /// How many entries there are, among them those whose lease ended since the last input.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The connections that own entries.
    pub fn owners(&self) -> impl Iterator<Item = Owner> {
        self.by_owner.keys().copied()
    }

    /// Which entries a registration takes the place of, or why it comes too late.
    fn place_of(&self, name: &str, new: &Registration) -> Result<Place, RegisterError> {
        let mut place = Place::default();
        for lease in self.by_name.get(name).into_iter().flatten() {
            let Some(record) = self.records.get(lease) else {
                continue;
            };
            let old = &record.registration;
            if old.instance != new.instance {
                continue;
            }
            if record.earlier.contains(&new.incarnation) {
                return Err(RegisterError::Superseded);
            }
            place.earlier.clone_from(&record.earlier);
            if old.incarnation != new.incarnation {
                place.ended.push(*lease);
                place.earlier.push_front(old.incarnation);
                place.earlier.truncate(EARLIER);
            } else if (old.program, old.version) == (new.program, new.version) {
                place.ended.push(*lease);
                place.repeated = Some(*lease);
            }
        }
        Ok(place)
    }

    fn check_room(&self, name: &str, record: &Record, ended: &[u64]) -> Result<(), RegisterError> {
        let freed: usize = ended
            .iter()
            .filter_map(|lease| self.records.get(lease))
            .map(Record::bytes)
            .sum();
        let of_name = self.by_name.get(name).map_or(0, BTreeSet::len);
        let full = |limit: usize| {
            Err(RegisterError::Full {
                limit: u32::try_from(limit).unwrap_or(u32::MAX),
            })
        };
        if of_name - ended.len() >= self.limits.entries_per_name {
            return full(self.limits.entries_per_name);
        }
        if self.records.len() - ended.len() >= self.limits.entries {
            return full(self.limits.entries);
        }
        if self.bytes - freed + record.bytes() > self.limits.bytes {
            return full(self.limits.bytes);
        }
        Ok(())
    }

    fn next_lease(&mut self) -> u64 {
        loop {
            self.registered += 1;
            let mut hasher = SipHasher13::new_with_key(&self.lease_key);
            hasher.write_u64(self.registered);
            let lease = hasher.finish();
            // Two of the numbers can be alike, once in 2^64: the second one is passed over.
            if !self.records.contains_key(&lease) {
                return lease;
            }
        }
    }

    fn granted(&self, lease_ms: u32) -> Duration {
        let asked = Duration::from_millis(lease_ms.into());
        asked.clamp(self.limits.shortest_lease, self.limits.longest_lease)
    }

    fn newest_first(&self, leases: Option<&BTreeSet<u64>>) -> Vec<&Record> {
        let mut found: Vec<&Record> = leases
            .into_iter()
            .flatten()
            .filter_map(|lease| self.records.get(lease))
            .collect();
        found.sort_by_key(|record| std::cmp::Reverse(record.number));
        found
    }

    fn insert(&mut self, name: String, lease: u64, record: Record) {
        self.bytes += record.bytes();
        self.by_end.insert((record.end(), lease));
        self.by_name.entry(name).or_default().insert(lease);
        if let Some(owner) = record.owner {
            self.by_owner.entry(owner).or_default().insert(lease);
        }
        self.records.insert(lease, record);
    }

    fn remove(&mut self, lease: u64) -> Option<(String, Record)> {
        let record = self.records.remove(&lease)?;
        let name = record.name();
        self.bytes -= record.bytes();
        self.by_end.remove(&(record.end(), lease));
        remove_from(&mut self.by_name, &name, lease);
        if let Some(owner) = record.owner {
            remove_from(&mut self.by_owner, &owner, lease);
        }
        Some((name, record))
    }
}

/// What a registration takes the place of.
#[derive(Default)]
struct Place {
    ended: Vec<u64>,
    /// The entry of the very same life, whose lease number stays.
    repeated: Option<u64>,
    /// The instance's earlier incarnations, the last one first.
    earlier: VecDeque<u64>,
}

/// How many earlier incarnations of an instance are remembered, to refuse what they send late.
const EARLIER: usize = 8;

fn remove_from<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u64>>, key: &K, lease: u64) {
    if let Some(leases) = index.get_mut(key) {
        leases.remove(&lease);
        if leases.is_empty() {
            index.remove(key);
        }
    }
}

fn lease_of(id: u64, length: Duration) -> Lease {
    Lease {
        id,
        length_ms: u32::try_from(length.as_millis()).unwrap_or(u32::MAX),
    }
}
