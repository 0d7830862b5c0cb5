//! The matchmaker of the simulated world: the production registry, and the way to it.

use super::{Event, World};
use crate::simulation::clock::{Clock, MS, SECOND};
use crate::simulation::rng::Rng;
use crate::simulation::visits::Visit;
use rpc_core::Bounded;
use rpc_core::matchmaker::Registration;
use rpc_matchmaker::registry::{Caller, Limits, Owner, Registrant, Registry};
use std::time::Duration;

/// The matchmaker's host.
pub(super) struct Matchmaker {
    /// `None` while it is down.
    registry: Option<Registry>,
    clock: Clock,
}

const NAME: &str = "ledger";

/// How long a registration lives without being renewed.
const LEASE_MS: u32 = 1500;

impl Matchmaker {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut matchmaker = Self {
            registry: None,
            clock: Clock::new(rng.below(SECOND), 0),
        };
        matchmaker.start(rng);
        matchmaker
    }

    /// It starts, and knows nothing.
    pub(super) fn start(&mut self, rng: &mut Rng) {
        let limits = Limits {
            // Half of them is what one registrant gets.
            entries: 80,
            entries_per_name: 40,
            shortest_lease: Duration::from_millis(500),
            ..Limits::default()
        };
        let mut entropy = [0; 16];
        entropy.copy_from_slice(&rng.seed()[..16]);
        self.registry = Some(Registry::new(limits, entropy));
    }

    pub(super) fn stop(&mut self) {
        self.registry = None;
    }
}

impl World {
    /// A server registers itself, or renews its registration.
    pub(super) fn renew(&mut self, server: usize, life: u32) -> Result<(), String> {
        let now = self.matchmaker.clock.read(self.now);
        let node = &mut self.servers[server];
        let Some(process) = node.process.as_mut().filter(|_| node.life == life) else {
            return Ok(());
        };
        let pause = u64::from(LEASE_MS / 3) * MS;
        self.queue
            .push(self.now + pause, Event::Renew { server, life });
        let Some(registry) = &mut self.matchmaker.registry else {
            process.registered = None;
            return Ok(());
        };
        if process.machine_is_closing {
            return Ok(());
        }
        let caller = caller(life);
        let lease = match process.registered {
            Some(lease) => registry.handle_renew(now, &caller, lease),
            None => None,
        };
        let lease = match lease {
            Some(lease) => lease,
            None => {
                let registration =
                    registration(server, node.instance, process.incarnation, process.store)?;
                registry
                    .handle_register(now, &caller, registration, LEASE_MS)
                    .map_err(|error| format!("a server cannot register: {error:?}"))?
            }
        };
        process.registered = Some(lease.id);
        if u64::from(lease.length_ms) != u64::from(LEASE_MS) {
            return Err("the matchmaker grants another lease than was asked for".to_owned());
        }
        self.check_registry()
    }

    /// A server that takes no new calls is not to be found any more.
    pub(super) fn withdraw(&mut self, server: usize) {
        let now = self.matchmaker.clock.read(self.now);
        let node = &mut self.servers[server];
        let caller = caller(node.life);
        let process = node.process.as_mut();
        if let Some(lease) = process.and_then(|process| process.registered.take())
            && let Some(registry) = &mut self.matchmaker.registry
        {
            registry.handle_withdraw(now, &caller, lease);
        }
    }

    /// The matchmaker notices that a server's connection is gone.
    pub(super) fn owner_gone(&mut self, life: u32) {
        let now = self.matchmaker.clock.read(self.now);
        if let Some(registry) = &mut self.matchmaker.registry {
            registry.handle_owner_gone(now, Owner(u64::from(life)));
        }
    }

    /// A client asks where the server is.
    pub(super) fn look_up(&mut self) -> Result<Option<usize>, String> {
        let now = self.matchmaker.clock.read(self.now);
        let Some(registry) = &mut self.matchmaker.registry else {
            return Ok(None);
        };
        let found: Vec<(usize, u64, u64)> = registry
            .lookup(now, NAME)
            .iter()
            .map(|record| {
                let registration = &record.registration;
                let address = registration.endpoints.first().map_or("", |e| e.as_str());
                let age = now.since(record.renewed).as_millis() as u64;
                (
                    address
                        .strip_prefix("udp://")
                        .and_then(|a| a.parse().ok())
                        .unwrap_or(usize::MAX),
                    registration.incarnation,
                    age,
                )
            })
            .collect();
        self.check_registry()?;
        for (place, &(server, incarnation, age)) in found.iter().enumerate() {
            if age > u64::from(LEASE_MS) {
                return Err("the matchmaker names a server whose lease has ended".to_owned());
            }
            if found[..place].iter().any(|&(other, ..)| other == server) {
                return Err(format!("the matchmaker names two lives of server {server}"));
            }
            let node = self
                .servers
                .get(server)
                .ok_or("the matchmaker names a server that never was")?;
            let alive = node
                .process
                .as_ref()
                .is_some_and(|p| p.incarnation == incarnation);
            if place == 0 && !alive {
                self.visits.count(Visit::StaleAddress);
            }
        }
        if found.is_empty() {
            self.visits.count(Visit::NotFound);
        }
        Ok(found.first().map(|&(server, ..)| server))
    }

    fn check_registry(&mut self) -> Result<(), String> {
        if let Some(registry) = &mut self.matchmaker.registry {
            registry.assert_invariants();
            // Nobody here watches names or keeps a file.
            while registry.poll_change().is_some() {}
        }
        Ok(())
    }
}

/// A life of a server, on its connection. All servers have one user.
fn caller(life: u32) -> Caller {
    Caller {
        registrant: Registrant::User(1),
        owner: Some(Owner(u64::from(life))),
        operator: false,
    }
}

fn registration(
    server: usize,
    instance: [u8; 16],
    incarnation: u64,
    store: Option<[u8; 16]>,
) -> Result<Registration, String> {
    let bound = |_| "a registration that is too long".to_owned();
    let endpoint = Bounded::new(format!("udp://{server}")).map_err(bound)?;
    Ok(Registration {
        name: Bounded::new(NAME.to_owned()).map_err(bound)?,
        program: 0x2000_0E57,
        version: 1,
        fingerprints: Bounded::new(Vec::new()).map_err(|_| "no fingerprints".to_owned())?,
        instance,
        incarnation,
        store,
        endpoints: Bounded::new(vec![endpoint]).map_err(|_| "too many endpoints".to_owned())?,
    })
}
