//! The matchmaker's desk: the contract served from the registry, with the clock and the connections that it needs.

use crate::registry::{Limits, Owner, Record, Registry};
use rpc_core::matchmaker::{
    Entry, Lease, LookupError, MAX_NEAR, Matchmaker, Page, RegisterError, Registration, RenewError,
};
use rpc_core::{Bounded, Connection, Context, Time};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The service. Clones are the same desk.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

struct Shared {
    /// Where the registry's time starts. The clock stands still while the machine sleeps, and so do the leases: the
    /// servers that sleep with it could not have renewed them.
    origin: Instant,
    state: Mutex<State>,
    /// Signalled when there is something new to watch, and at the end.
    changed: Condvar,
}

struct State {
    registry: Registry,
    owners: Owners,
    closed: bool,
}

impl Desk {
    /// An empty desk. `entropy` are fresh unpredictable bytes, see [`Registry::new`].
    pub fn new(limits: Limits, entropy: [u8; 16]) -> Self {
        let registry = Registry::new(limits, entropy);
        let state = State {
            registry,
            owners: Owners::default(),
            closed: false,
        };
        Self(Arc::new(Shared {
            origin: Instant::now(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// Removes what has ended, as it ends, until [`Desk::close`] is called. Look-ups never show a dead entry without
    /// this; it gives back the memory when nobody asks.
    pub fn sweep(&self) {
        let (mut state, mut now) = self.state();
        while !state.closed {
            state.forget_closed(now);
            state.registry.handle_timeout(now);
            let pause = match state.registry.poll_timeout() {
                None if state.owners.numbers.is_empty() => None,
                None => Some(SWEEP),
                Some(end) => Some(end.since(now).min(SWEEP)),
            };
            state = match pause {
                None => self
                    .0
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(pause) => {
                    self.0
                        .changed
                        .wait_timeout(state, pause)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
            now = self.now();
        }
    }

    /// Ends [`Desk::sweep`].
    pub fn close(&self) {
        self.state().0.closed = true;
        self.0.changed.notify_all();
    }

    /// The state, and the time, read under its lock: so that it never goes back from one input to the next.
    fn state(&self) -> (MutexGuard<'_, State>, Time) {
        // A panic elsewhere leaves the registry whole: its inputs do not panic half-way.
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        (state, now)
    }

    fn now(&self) -> Time {
        Time::ZERO + self.0.origin.elapsed()
    }
}

impl Matchmaker for Desk {
    fn register(
        &self,
        cx: &Context,
        registration: Registration,
        lease_ms: u32,
    ) -> Result<Lease, RegisterError> {
        let (mut state, now) = self.state();
        let owner = state.owners.of(cx);
        let lease = state
            .registry
            .handle_register(now, owner, registration, lease_ms);
        self.0.changed.notify_all();
        lease
    }

    fn renew(&self, cx: &Context, lease: u64) -> Result<Lease, RenewError> {
        let (mut state, now) = self.state();
        let owner = state.owners.of(cx);
        state
            .registry
            .handle_renew(now, owner, lease)
            .ok_or(RenewError::UnknownLease)
    }

    fn withdraw(&self, _cx: &Context, lease: u64) -> bool {
        let (mut state, now) = self.state();
        state.registry.handle_withdraw(now, lease)
    }

    fn lookup(&self, _cx: &Context, name: &str) -> Result<Vec<Entry>, LookupError> {
        let (mut state, now) = self.state();
        let (found, _) = state.live(now, |registry| (registry.lookup(now, name), false));
        if found.is_empty() {
            return Err(LookupError::NoSuchName {
                near: near(&state.registry, name),
            });
        }
        Ok(found)
    }

    fn list(&self, _cx: &Context, after: &str) -> Page {
        let (mut state, now) = self.state();
        let (entries, more) = state.live(now, |registry| registry.list(now, after));
        Page { entries, more }
    }
}

impl State {
    /// Asks the registry, and asks again without the entries whose owner turns out to be gone. Only the owners of what was
    /// found are looked at: a look-up costs the same however many servers there are.
    fn live<'a, F>(&'a mut self, now: Time, ask: F) -> (Vec<Entry>, bool)
    where
        F: for<'r> Fn(&'r mut Registry) -> (Vec<&'r Record>, bool),
    {
        loop {
            let (records, more) = ask(&mut self.registry);
            let gone: BTreeSet<Owner> = records
                .iter()
                .filter_map(|record| record.owner)
                .filter(|owner| self.owners.is_gone(*owner))
                .collect();
            if gone.is_empty() {
                return (
                    records
                        .into_iter()
                        .map(|record| entry(now, record))
                        .collect(),
                    more,
                );
            }
            for owner in gone {
                self.registry.handle_owner_gone(now, owner);
            }
        }
    }

    /// Drops the entries of all connections that are closed, and what is known of these.
    fn forget_closed(&mut self, now: Time) {
        for owner in self.owners.forget_closed() {
            self.registry.handle_owner_gone(now, owner);
        }
    }
}

/// The connections that registered or renewed, and the numbers by which the registry knows them.
#[derive(Default)]
struct Owners {
    numbers: HashMap<Connection, Owner>,
    connections: HashMap<Owner, Connection>,
    seen: u64,
}

impl Owners {
    /// The number of the connection that a call came on; none for a datagram.
    fn of(&mut self, cx: &Context) -> Option<Owner> {
        let connection = cx.peer().connection()?;
        if let Some(owner) = self.numbers.get(connection) {
            return Some(*owner);
        }
        self.seen += 1;
        let owner = Owner(self.seen);
        self.numbers.insert(connection.clone(), owner);
        self.connections.insert(owner, connection.clone());
        Some(owner)
    }

    fn is_gone(&self, owner: Owner) -> bool {
        self.connections
            .get(&owner)
            .is_none_or(Connection::is_closed)
    }

    fn forget_closed(&mut self) -> Vec<Owner> {
        let closed: Vec<Owner> = self
            .numbers
            .extract_if(|connection, _| connection.is_closed())
            .map(|(_, owner)| owner)
            .collect();
        for owner in &closed {
            self.connections.remove(owner);
        }
        closed
    }
}

fn entry(now: Time, record: &Record) -> Entry {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Entry {
        registration: record.registration.clone(),
        age_ms: ms(now.since(record.registered)),
        renewed_ms: ms(now.since(record.renewed)),
        lease_ms: u32::try_from(record.lease.as_millis()).unwrap_or(u32::MAX),
    }
}

fn near(registry: &Registry, name: &str) -> Bounded<Vec<Bounded<String, 255>>, MAX_NEAR> {
    let names = registry.near(name, MAX_NEAR as usize);
    let names = names
        .into_iter()
        .filter_map(|name| Bounded::new(name).ok())
        .collect();
    Bounded::new(names).unwrap_or_default()
}

/// How often connections are looked at while nobody asks.
const SWEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use rpc_core::matchmaker::MatchmakerClient;

    fn registration(name: &str, instance: u8) -> Registration {
        Registration {
            name: Bounded::new(name.to_owned()).unwrap(),
            program: 0x2000_0bab,
            version: 1,
            fingerprints: Bounded::default(),
            instance: [instance; 16],
            incarnation: instance.into(),
            store: None,
            endpoints: Bounded::new(vec![Bounded::new("tcp://127.0.0.1:1".to_owned()).unwrap()])
                .unwrap(),
        }
    }

    fn desk() -> MatchmakerClient {
        MatchmakerClient::local(Desk::new(Limits::default(), [1; 16]))
    }

    #[test]
    fn what_is_registered_is_found_and_what_is_withdrawn_is_not() {
        let desk = desk();
        let lease = desk
            .register(registration("bank", 1), 5_000)
            .wait()
            .unwrap()
            .unwrap();
        assert_eq!(lease.length_ms, 5_000);
        let found = desk.lookup("Bank").wait().unwrap().unwrap();
        assert_eq!(
            (found.len(), &found[0].registration),
            (1, &registration("bank", 1))
        );
        assert!(found[0].lease_ms == 5_000 && found[0].renewed_ms <= found[0].age_ms);

        assert_eq!(desk.renew(lease.id).wait().unwrap(), Ok(lease));
        assert!(desk.withdraw(lease.id).wait().unwrap());
        assert!(!desk.withdraw(lease.id).wait().unwrap());
        assert_eq!(
            desk.renew(lease.id).wait().unwrap(),
            Err(RenewError::UnknownLease)
        );
        let LookupError::NoSuchName { near } = desk.lookup("bank").wait().unwrap().unwrap_err();
        assert!(near.is_empty());
    }

    #[test]
    fn a_name_that_is_not_known_is_answered_with_those_that_look_like_it() {
        let desk = desk();
        for name in ["bank", "banks", "Tank", "sank", "echo"] {
            desk.register(registration(name, 1), 5_000)
                .wait()
                .unwrap()
                .unwrap();
        }
        let LookupError::NoSuchName { near } = desk.lookup("bnak").wait().unwrap().unwrap_err();
        assert_eq!(
            near.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
            ["bank"]
        );
        let LookupError::NoSuchName { near } = desk.lookup("dank").wait().unwrap().unwrap_err();
        assert_eq!(near.len(), MAX_NEAR as usize);
    }

    #[test]
    fn the_list_goes_on_after_the_last_name() {
        let desk = desk();
        let all = (0..150)
            .map(|number| format!("service-{number:03}"))
            .collect::<Vec<_>>();
        for name in &all {
            desk.register(registration(name, 1), 5_000)
                .wait()
                .unwrap()
                .unwrap();
        }
        let mut listed: Vec<String> = Vec::new();
        loop {
            let page = desk
                .list(listed.last().map_or("", String::as_str))
                .wait()
                .unwrap();
            listed.extend(
                page.entries
                    .iter()
                    .map(|entry| entry.registration.name.to_string()),
            );
            if !page.more {
                break;
            }
        }
        assert_eq!(listed, all);
    }

    #[test]
    fn the_sweeper_ends_when_the_desk_is_closed() {
        let desk = Desk::new(Limits::default(), [1; 16]);
        let sweeping = desk.clone();
        let sweeper = std::thread::spawn(move || sweeping.sweep());
        desk.close();
        sweeper.join().unwrap();
    }
}
