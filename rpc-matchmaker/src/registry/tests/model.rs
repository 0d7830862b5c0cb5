//! The registry against a plain list of entries, by seeds.

use super::{SECOND, limits, registration};
use crate::registry::EARLIER;
use crate::registry::{Owner, Record, Registry};
use rpc_core::matchmaker::{Lease, MethodFingerprint, RegisterError, Registration};
use rpc_core::{Bounded, Time};
use std::collections::BTreeMap;
use std::time::Duration;

const NAMES: [&str; 5] = ["bank", "BANK", "echo", "Echo-2", "a"];

/// What a registry should do, said as plainly as it can be: a list, searched from end to end.
#[derive(Default)]
struct Model {
    entries: Vec<Known>,
    /// (name, instance, incarnation) of the lives that were replaced, the last one last.
    replaced: Vec<(String, [u8; 16], u64)>,
}

struct Known {
    lease: u64,
    name: String,
    registration: Registration,
    owner: Option<Owner>,
    end: Time,
    length: Duration,
    bytes: usize,
}

impl Model {
    fn advance(&mut self, now: Time) {
        self.entries.retain(|entry| now < entry.end);
        self.forget();
    }

    /// Replaced lives are remembered as long as their instance has an entry of that name.
    fn forget(&mut self) {
        let entries = &self.entries;
        let lives = |name: &str, instance| {
            entries
                .iter()
                .any(|entry| entry.name == name && entry.registration.instance == instance)
        };
        self.replaced
            .retain(|(name, instance, _)| lives(name, *instance));
    }

    fn remove(&mut self, gone: impl Fn(&Known) -> bool) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| !gone(entry));
        self.forget();
        before - self.entries.len()
    }

    fn register(
        &mut self,
        now: Time,
        owner: Option<Owner>,
        new: &Registration,
        asked: u32,
        answer: &Result<Lease, RegisterError>,
    ) {
        let name = new.name.to_lowercase();
        let expected = self.verdict(&name, new);
        assert_eq!(answer.as_ref().err(), expected.as_ref().err());
        let (Ok(lease), Ok(repeated)) = (answer, expected) else {
            return;
        };

        let length = Duration::from_millis(asked.into()).clamp(SECOND, 10 * SECOND);
        assert_eq!(u128::from(lease.length_ms), length.as_millis());
        let of_instance =
            |entry: &Known| entry.name == name && entry.registration.instance == new.instance;
        if let Some(old) = self.entries.iter().find(|entry| of_instance(entry)) {
            let old = old.registration.incarnation;
            if old != new.incarnation {
                self.replaced.push((name.clone(), new.instance, old));
                self.entries.retain(|entry| !of_instance(entry));
            }
        }
        let bytes = Record::new(new.clone(), owner, now, length).bytes();
        let known = Known {
            lease: lease.id,
            name,
            registration: new.clone(),
            owner,
            end: now + length,
            length,
            bytes,
        };
        match repeated {
            Some(at) => {
                assert_eq!(
                    self.entries[at].lease, lease.id,
                    "a repeated registration keeps its lease"
                );
                self.entries[at] = known;
            }
            None => {
                assert!(
                    self.entries.iter().all(|entry| entry.lease != lease.id),
                    "a new entry has a new lease"
                );
                self.entries.push(known);
            }
        }
    }

    /// Whether a registration is taken, and which entry it repeats.
    fn verdict(&self, name: &str, new: &Registration) -> Result<Option<usize>, RegisterError> {
        let key = (name.to_owned(), new.instance);
        let lately: Vec<u64> = self
            .replaced
            .iter()
            .rev()
            .filter(|(name, instance, _)| (name, instance) == (&key.0, &key.1))
            .map(|(_, _, incarnation)| *incarnation)
            .take(EARLIER)
            .collect();
        if lately.contains(&new.incarnation) {
            return Err(RegisterError::Superseded);
        }
        let same_service = |old: &Registration| {
            (old.incarnation, old.program, old.version)
                == (new.incarnation, new.program, new.version)
        };
        let stays = |entry: &&Known| {
            let old = &entry.registration;
            entry.name != name
                || old.instance != new.instance
                || old.incarnation == new.incarnation && !same_service(old)
        };
        let full = |limit: usize| {
            Err(RegisterError::Full {
                limit: limit as u32,
            })
        };
        let limits = limits();
        if self
            .entries
            .iter()
            .filter(stays)
            .filter(|entry| entry.name == name)
            .count()
            >= limits.entries_per_name
        {
            return full(limits.entries_per_name);
        }
        if self.entries.iter().filter(stays).count() >= limits.entries {
            return full(limits.entries);
        }
        let bytes: usize = self
            .entries
            .iter()
            .filter(stays)
            .map(|entry| entry.bytes)
            .sum();
        if bytes + Record::new(new.clone(), None, Time::ZERO, SECOND).bytes() > limits.bytes {
            return full(limits.bytes);
        }
        Ok(self.entries.iter().position(|entry| {
            entry.name == name
                && entry.registration.instance == new.instance
                && same_service(&entry.registration)
        }))
    }

    /// The leases under a name, the one entered last first.
    fn found(&self, name: &str) -> Vec<&Registration> {
        let name = name.to_lowercase();
        self.entries
            .iter()
            .rev()
            .filter(|entry| entry.name == name)
            .map(|entry| &entry.registration)
            .collect()
    }
}

/// Numbers that a seed decides (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() {
            None
        } else {
            from.get(self.below(from.len() as u64) as usize)
        }
    }

    fn owner(&mut self) -> Option<Owner> {
        Some(self.below(4)).filter(|owner| *owner > 0).map(Owner)
    }
}

struct World {
    random: Random,
    now: Time,
    registry: Registry,
    model: Model,
    /// The first incarnation that no server has used.
    incarnation: u64,
    visits: BTreeMap<&'static str, u64>,
}

impl World {
    fn step(&mut self) {
        match self.random.below(20) {
            0..=3 => self.pass_time(),
            4..=10 => self.register(),
            11..=13 => self.renew(),
            14 => self.withdraw(),
            15 => self.lose_owner(),
            _ => self.ask(),
        }
        self.registry.assert_invariants();
        assert_eq!(self.registry.len(), self.model.entries.len());
        assert_eq!(
            self.registry.poll_timeout(),
            self.model.entries.iter().map(|entry| entry.end).min()
        );
    }

    fn visit(&mut self, what: &'static str) {
        *self.visits.entry(what).or_default() += 1;
    }

    /// Some time, often to the very end of a lease or to the last moment of it.
    fn pass_time(&mut self) {
        let edge = self.registry.poll_timeout();
        let past = self.now;
        self.now = match (self.random.below(4), edge) {
            (0, Some(end)) => end,
            (1, Some(end)) => self.now.max(end - Duration::from_nanos(1)),
            _ => self.now + Duration::from_millis(self.random.below(1_500)),
        };
        let before = self.model.entries.len();
        self.model.advance(self.now);
        let ended = self.registry.handle_timeout(self.now);
        assert_eq!(ended, before - self.model.entries.len());
        self.visit(if ended > 0 {
            "leases ended"
        } else {
            "time passed"
        });
        assert!(past <= self.now);
    }

    fn register(&mut self) {
        let name = *self.random.pick(&NAMES).unwrap();
        let instance = self.random.below(5) as u8;
        // Mostly a life that was seen before, so that registrations are repeated and come late.
        let incarnation = if self.random.below(5) == 0 || self.incarnation == 1 {
            self.incarnation += 1;
            self.incarnation - 1
        } else {
            self.incarnation - 1 - self.random.below((self.incarnation - 1).min(4))
        };
        let mut new = registration(name, instance, incarnation);
        new.version = 1 + self.random.below(2) as u32;
        if self.random.below(3) == 0 {
            let methods = (0..self.random.below(30)).map(|procedure| MethodFingerprint {
                procedure: procedure as u32,
                fingerprint: 0,
            });
            new.fingerprints = Bounded::new(methods.collect()).unwrap();
        }
        let (owner, asked) = (self.random.owner(), self.random.below(12_000) as u32);
        let answer = self
            .registry
            .handle_register(self.now, owner, new.clone(), asked);
        let before = self.model.entries.len();
        self.model.register(self.now, owner, &new, asked, &answer);
        self.visit(match answer {
            Ok(_) if self.model.entries.len() > before => "entered",
            Ok(_) => "replaced",
            Err(RegisterError::Superseded) => "superseded",
            Err(RegisterError::Full { limit: 4 }) => "name full",
            Err(RegisterError::Full { limit: 10 }) => "registry full",
            Err(RegisterError::Full { .. }) => "bytes full",
            Err(_) => "refused",
        });
    }

    fn renew(&mut self) {
        let owner = self.random.owner();
        let known: Vec<u64> = self.model.entries.iter().map(|entry| entry.lease).collect();
        let lease = self
            .random
            .pick(&known)
            .copied()
            .filter(|_| self.random.below(8) > 0)
            .unwrap_or(12);
        let renewed = self.registry.handle_renew(self.now, owner, lease);
        let entry = self
            .model
            .entries
            .iter_mut()
            .find(|entry| entry.lease == lease);
        assert_eq!(renewed.is_some(), entry.is_some());
        if let Some(entry) = entry {
            (entry.end, entry.owner) = (self.now + entry.length, owner);
        }
        self.visit(if renewed.is_some() {
            "renewed"
        } else {
            "unknown lease"
        });
    }

    fn withdraw(&mut self) {
        let known: Vec<u64> = self.model.entries.iter().map(|entry| entry.lease).collect();
        let lease = self.random.pick(&known).copied().unwrap_or(12);
        let withdrawn = self.registry.handle_withdraw(self.now, lease);
        assert_eq!(
            usize::from(withdrawn),
            self.model.remove(|entry| entry.lease == lease)
        );
        assert!(
            !self.registry.handle_withdraw(self.now, lease),
            "withdrawing twice withdraws nothing more"
        );
        self.visit(if withdrawn {
            "withdrawn"
        } else {
            "nothing to withdraw"
        });
    }

    fn lose_owner(&mut self) {
        let Some(owner) = self.random.owner() else {
            return;
        };
        let gone = self.registry.handle_owner_gone(self.now, owner);
        assert_eq!(gone, self.model.remove(|entry| entry.owner == Some(owner)));
        self.visit(if gone > 0 {
            "owner gone"
        } else {
            "owner of nothing gone"
        });
    }

    fn ask(&mut self) {
        let name = *self.random.pick(&NAMES).unwrap();
        let found: Vec<&Registration> = self
            .registry
            .lookup(self.now, name)
            .into_iter()
            .map(|record| &record.registration)
            .collect();
        assert_eq!(found, self.model.found(name));
        let several = found.len() > 1;
        self.list();
        self.visit(if several {
            "several found"
        } else {
            "one or none found"
        });
    }

    fn list(&mut self) {
        let mut listed: Vec<Registration> = Vec::new();
        loop {
            let after = listed
                .last()
                .map(|registration| registration.name.to_string())
                .unwrap_or_default();
            let (page, more) = self.registry.list(self.now, &after);
            assert!(!more || page.len() >= limits().page);
            let last = page
                .last()
                .map_or("", |record| &record.registration.name)
                .to_lowercase();
            assert!(
                page.is_empty() || last > after.to_lowercase(),
                "each page goes on"
            );
            let before_last = page
                .iter()
                .filter(|record| record.registration.name.to_lowercase() != last);
            assert!(
                before_last.count() < limits().page,
                "only the last name makes a page longer"
            );
            listed.extend(page.into_iter().map(|record| record.registration.clone()));
            if !more {
                break;
            }
        }
        let mut expected: Vec<&Registration> = self
            .model
            .entries
            .iter()
            .rev()
            .map(|entry| &entry.registration)
            .collect();
        expected.sort_by_key(|registration| registration.name.to_lowercase());
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn any_sequence_of_inputs_does_what_a_plain_list_would() {
    let mut visits = BTreeMap::new();
    for seed in 0..600 {
        let mut world = World {
            random: Random(seed),
            now: Time::ZERO,
            registry: Registry::new(limits(), [seed as u8; 16]),
            model: Model::default(),
            incarnation: 1,
            visits: std::mem::take(&mut visits),
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            (0..250).for_each(|_| world.step())
        }));
        if let Err(panic) = outcome {
            eprintln!("seed {seed} fails");
            std::panic::resume_unwind(panic);
        }
        visits = world.visits;
    }
    eprintln!("{visits:#?}");
    let expected = [
        "leases ended",
        "time passed",
        "entered",
        "replaced",
        "superseded",
        "name full",
        "registry full",
        "bytes full",
        "renewed",
        "unknown lease",
        "withdrawn",
        "nothing to withdraw",
        "owner gone",
        "owner of nothing gone",
        "several found",
        "one or none found",
    ];
    for what in expected {
        assert!(
            visits.get(what).is_some_and(|count| *count > 20),
            "{what}: too seldom to test anything"
        );
    }
}
