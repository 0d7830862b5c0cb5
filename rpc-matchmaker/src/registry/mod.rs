//! The registry: which server offers which name, until when, and on whose connection.
//!
//! A state machine without I/O. Time, connections and unpredictable bytes are arguments; the answers are return values, so
//! that the simulation can drive the code that the daemon runs.
//!
//! # Calling order
//!
//! 1. `handle_*` for each thing that happens, `lookup` and `list` for each question, with a [`Time`] that never goes back. Each
//!    of them first drops the entries whose lease has ended by then, so that no answer names one.
//! 2. After any of them, take what [`Registry::poll_change`] gives until there is no more.
//! 3. After any of them, ask [`Registry::poll_timeout`] again: call [`Registry::handle_timeout`] no later than that, to give
//!    memory back while nobody asks.
//!
//! # Rules
//!
//! - A *name* is matched without regard to case: `Bank` and `bank` are one name.
//! - Each entry has a *registrant*: the user who made it, as the kernel says, or the network address that it came from. No
//!   registrant ends, replaces or changes what another one registered.
//! - Several servers may offer one name. Those of a registrant are told apart by their *instance*, a number that a server keeps
//!   as long as it takes the same place: across restarts if it has stable storage, else for one life. Two registrants that
//!   claim one instance have two servers.
//! - An instance lives one life at a time, its *incarnation*. Incarnations have no order but that in which they come here:
//!   registering a new one under a name ends everything that earlier ones of the same instance registered under it. An
//!   incarnation that was ended so is refused from then on: it is a message that came late, or a server that should not live.
//! - What users registered stands before what came over the network; else what was registered last stands first.
//! - Registering the same (name, program, version, instance, incarnation) again replaces the entry and gives the same lease
//!   number: registering is idempotent.
//! - An entry ends when its lease does, when it is withdrawn, or when its owner, the connection that registered or renewed
//!   it last, is gone. One that came in a datagram, or from an earlier life of the registry, has no owner and ends by its
//!   lease only.
//! - A registrant may hold as much as it leaves free for others.

mod admission;
mod changes;
mod entries;
mod invariants;
mod limits;
mod names;
mod record;
mod registrant;
mod restoring;
#[cfg(test)]
mod tests;

use rpc_core::Time;
use rpc_core::matchmaker::{Lease, RegisterError, Registration};
use siphasher::sip::SipHasher13;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;
use std::ops::Bound;
use std::time::Duration;

use admission::{EARLIER, Share};
use changes::Changes;
pub use changes::{Change, SLOTS, Slot};
use entries::Entries;
pub use limits::Limits;
pub use record::Record;
pub use registrant::{Caller, Owner, Registrant};
pub use restoring::Saved;

/// The state machine. See the [module](self) for its rules and for the calling order.
///
/// Invariants, asserted by [`Registry::assert_invariants`]: the maps hold the same leases; no name, owner or registrant is
/// kept without an entry; an instance of a registrant has one incarnation under one name; every count is within its limit.
#[derive(Clone, Debug)]
pub struct Registry {
    limits: Limits,
    /// Makes lease numbers that nobody guesses and that no earlier life of this registry gave.
    lease_key: [u8; 16],
    registered: u64,
    bytes: usize,
    entries: Entries,
    by_owner: BTreeMap<Owner, BTreeSet<u64>>,
    by_end: BTreeSet<(Time, u64)>,
    shares: BTreeMap<Registrant, Share>,
    changes: Changes,
}

impl Registry {
    /// An empty registry. `entropy` are 16 unpredictable bytes, fresh for each start: lease numbers come from them, so
    /// that a server that renews at a restarted matchmaker is told *unknown*, never given another server's lease; and the key
    /// by which names are hashed, so that nobody can choose names that slow look-ups down.
    pub fn new(limits: Limits, entropy: [u8; 16]) -> Self {
        Self {
            limits,
            lease_key: entropy,
            registered: 0,
            bytes: 0,
            entries: Entries::new(derived(&entropy)),
            by_owner: BTreeMap::new(),
            by_end: BTreeSet::new(),
            shares: BTreeMap::new(),
            changes: Changes::new(&entropy),
        }
    }

    /// Enters a registration, or replaces the one that it repeats, for `lease_ms` cut to the limits. A refusal changes nothing.
    pub fn handle_register(
        &mut self,
        now: Time,
        caller: &Caller,
        registration: Registration,
        lease_ms: u32,
    ) -> Result<Lease, RegisterError> {
        self.handle_timeout(now);
        let name = names::canonical(&registration.name)?;
        if registration.endpoints.is_empty() {
            return Err(RegisterError::NoEndpoint);
        }
        let place = self.place_of(&name, caller.registrant, &registration)?;
        let length = self.granted(lease_ms);
        let mut record = Record::new(registration, caller.registrant, caller.owner, now, length);
        record.earlier = place.earlier;
        self.check_room(&name, &record, &place.ended)?;

        let lease = place.repeated.unwrap_or_else(|| self.next_lease());
        record.number = self
            .entries
            .get(lease)
            .map_or(self.registered, |repeated| repeated.number);
        for ended in place.ended {
            self.remove(ended);
        }
        self.insert(name, lease, record);
        Ok(lease_of(lease, length))
    }

    /// Starts the lease again, with the length granted at registration, and makes the caller's connection the entry's owner.
    /// `None`: there is no such entry (any more), or it is another's; its server should register again.
    pub fn handle_renew(&mut self, now: Time, caller: &Caller, lease: u64) -> Option<Lease> {
        self.handle_timeout(now);
        let record = self.entries.get_mut(lease)?;
        if !caller.may_renew(record.registrant) {
            return None;
        }
        self.by_end.remove(&(record.end(), lease));
        if let Some(owner) = record.owner {
            remove_from(&mut self.by_owner, &owner, lease);
        }
        record.renew(now, caller.owner);
        let renewed = lease_of(lease, record.lease);
        let end = record.end();
        self.index(lease, end, caller.owner);
        Some(renewed)
    }

    /// Removes an entry. False if there is none, which is no error: withdrawing is idempotent; or if it is another's.
    pub fn handle_withdraw(&mut self, now: Time, caller: &Caller, lease: u64) -> bool {
        self.handle_timeout(now);
        let record = self.entries.get(lease);
        let may = record.is_some_and(|record| caller.may_withdraw(record.registrant));
        may && self.remove(lease).is_some()
    }

    /// Removes those entries of a name that the caller may dismiss; tells how many. `None`: there are some, and none of them.
    pub fn handle_dismiss(&mut self, now: Time, caller: &Caller, name: &str) -> Option<u32> {
        self.handle_timeout(now);
        let name = name.to_ascii_lowercase();
        let entries = self.entries.of_name(&name);
        let (theirs, others): (Vec<_>, Vec<_>) =
            entries.partition(|(_, record)| caller.may_dismiss(record.registrant));
        if theirs.is_empty() && !others.is_empty() {
            return None;
        }
        let leases: Vec<u64> = theirs.into_iter().map(|(lease, _)| lease).collect();
        let dismissed = leases.into_iter().filter_map(|lease| self.remove(lease));
        Some(u32::try_from(dismissed.count()).unwrap_or(u32::MAX))
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
            debug_assert!(removed.is_some_and(|record| record.end() == end));
            ended += 1;
        }
        ended
    }

    /// When to call [`Registry::handle_timeout`]: the end of the lease that ends first. `None` while the registry is empty.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.by_end.first().map(|(end, _)| *end)
    }

    /// The next thing that inputs did, in their order. Of an entry that changed twice the registry has the last state.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.poll()
    }

    /// A number that changes, at the latest, when the entries of a name do. It is never 0.
    pub fn generation(&self, name: &str) -> u64 {
        self.changes.generation(self.slot(name))
    }

    /// Where the generation of a name stands: see [`Change::slot`].
    pub fn slot(&self, name: &str) -> Slot {
        changes::slot_of(&name.to_ascii_lowercase())
    }

    /// All live entries under a name, in the order in which clients should try them.
    pub fn lookup(&mut self, now: Time, name: &str) -> Vec<&Record> {
        self.handle_timeout(now);
        self.ordered(&name.to_ascii_lowercase())
    }

    /// The live entries of the names that come after `after` (all, if it is empty), in the order of their names and then as in
    /// [`Registry::lookup`]; and whether there are more. A name is never divided: ask again with the last one.
    pub fn list(&mut self, now: Time, after: &str) -> (Vec<&Record>, bool) {
        self.handle_timeout(now);
        let after = after.to_ascii_lowercase();
        let beyond = (Bound::Excluded(&*after), Bound::Unbounded);
        let mut names = self.entries.names().range::<str, _>(beyond);
        let mut page = Vec::new();
        while page.len() < self.limits.page {
            let Some(name) = names.next() else {
                return (page, false);
            };
            page.extend(self.ordered(name));
        }
        let more = names.next().is_some();
        (page, more)
    }

    /// Up to `most` registered names that look like `name`, the most alike first: what a person may have meant. Only the names
    /// next to it in the alphabet are looked at, so that a miss in a large registry costs no more than one in a small one.
    pub fn near(&self, name: &str, most: usize) -> Vec<String> {
        let name = name.to_ascii_lowercase();
        let names = self.entries.names();
        let after = names.range::<str, _>((Bound::Included(&*name), Bound::Unbounded));
        let before = names.range::<str, _>((Bound::Unbounded, Bound::Excluded(&*name)));
        let around = after.take(COMPARED).chain(before.rev().take(COMPARED));
        names::near(&name, around.map(|known| &**known), most)
    }

    /// How many entries there are, among them those whose lease ended since the last input.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The connections that own entries.
    pub fn owners(&self) -> impl Iterator<Item = Owner> {
        self.by_owner.keys().copied()
    }

    fn next_lease(&mut self) -> u64 {
        loop {
            self.registered += 1;
            let mut hasher = SipHasher13::new_with_key(&self.lease_key);
            hasher.write_u64(self.registered);
            let lease = hasher.finish();
            // Two of the numbers can be alike, once in 2^64: the second one is passed over.
            if self.entries.get(lease).is_none() {
                return lease;
            }
        }
    }

    fn granted(&self, lease_ms: u32) -> Duration {
        let asked = Duration::from_millis(lease_ms.into());
        asked.clamp(self.limits.shortest_lease, self.limits.longest_lease)
    }

    fn ordered(&self, name: &str) -> Vec<&Record> {
        let found = self.entries.of_name(name);
        let mut found: Vec<&Record> = found.map(|(_, record)| record).collect();
        found.sort_by_key(|record| Reverse((record.registrant.is_proven(), record.number)));
        found
    }

    fn insert(&mut self, name: String, lease: u64, record: Record) {
        self.changes.push(&name, lease);
        self.bytes += record.bytes();
        let share = self.shares.entry(record.registrant).or_default();
        share.entries += 1;
        share.bytes += record.bytes();
        self.index(lease, record.end(), record.owner);
        self.entries.insert(&name, lease, record);
    }

    /// Notes what a renewal changes.
    fn index(&mut self, lease: u64, end: Time, owner: Option<Owner>) {
        self.by_end.insert((end, lease));
        if let Some(owner) = owner {
            self.by_owner.entry(owner).or_default().insert(lease);
        }
    }

    fn remove(&mut self, lease: u64) -> Option<Record> {
        let record = self.entries.remove(lease)?;
        self.changes.push(&record.name(), lease);
        self.bytes -= record.bytes();
        if let Some(share) = self.shares.get_mut(&record.registrant) {
            share.entries -= 1;
            share.bytes -= record.bytes();
            if share.entries == 0 {
                self.shares.remove(&record.registrant);
            }
        }
        self.by_end.remove(&(record.end(), lease));
        if let Some(owner) = record.owner {
            remove_from(&mut self.by_owner, &owner, lease);
        }
        Some(record)
    }
}

/// How many names before a missed one, and how many after it, are compared with it.
const COMPARED: usize = 128;

fn remove_from<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u64>>, key: &K, lease: u64) {
    if let Some(leases) = index.get_mut(key) {
        leases.remove(&lease);
        if leases.is_empty() {
            index.remove(key);
        }
    }
}

/// Another key, from which nothing can be learnt about the first one: other texts are hashed for it than for leases.
fn derived(key: &[u8; 16]) -> [u8; 16] {
    let half = |text: &[u8]| {
        let mut hasher = SipHasher13::new_with_key(key);
        hasher.write(text);
        hasher.finish().to_be_bytes()
    };
    let mut derived = [0; 16];
    let (first, second) = derived.split_at_mut(8);
    first.copy_from_slice(&half(b"names, first half"));
    second.copy_from_slice(&half(b"names, second half"));
    derived
}

fn lease_of(id: u64, length: Duration) -> Lease {
    Lease {
        id,
        length_ms: u32::try_from(length.as_millis()).unwrap_or(u32::MAX),
    }
}
