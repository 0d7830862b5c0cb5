//! The registry against a plain list of entries, by seeds.

use super::{SECOND, limits, registration};
use crate::registry::{Caller, EARLIER, Limits, Owner, Record, Registrant, Registry, Saved};
use rpc_core::matchmaker::{Lease, MethodFingerprint, RegisterError, Registration};
use rpc_core::{Bounded, Time};
use std::collections::BTreeMap;
use std::time::Duration;

const NAMES: [&str; 5] = ["bank", "BANK", "echo", "Echo-2", "a"];

/// What a registry should do, said as plainly as it can be: a list, searched from end to end.
struct Model {
    limits: Limits,
    entries: Vec<Known>,
    /// The lives that were replaced, the last one last: whose, and which incarnation.
    replaced: Vec<(Place, u64)>,
}

/// What a server takes for itself: name, registrant and instance.
type Place = (String, Registrant, [u8; 16]);

struct Known {
    lease: u64,
    name: String,
    registrant: Registrant,
    registration: Registration,
    owner: Option<Owner>,
    end: Time,
    length: Duration,
    bytes: usize,
}

impl Known {
    fn place(&self) -> Place {
        (
            self.name.clone(),
            self.registrant,
            self.registration.instance,
        )
    }

    /// A user's entry is that user's only; one from the network is anybody's who knows its lease.
    fn is_for(&self, caller: &Caller) -> bool {
        matches!(self.registrant, Registrant::Address(_)) || self.registrant == caller.registrant
    }
}

impl Model {
    fn advance(&mut self, now: Time) {
        self.entries.retain(|entry| now < entry.end);
        self.forget();
    }

    /// Replaced lives are remembered as long as their instance has an entry of that name.
    fn forget(&mut self) {
        let entries = &self.entries;
        self.replaced
            .retain(|(place, _)| entries.iter().any(|entry| entry.place() == *place));
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
        caller: &Caller,
        new: &Registration,
        asked: u32,
        answer: &Result<Lease, RegisterError>,
    ) {
        let name = new.name.to_lowercase();
        let place = (name.clone(), caller.registrant, new.instance);
        let expected = self.verdict(&place, new);
        assert_eq!(answer.as_ref().err(), expected.as_ref().err());
        let (Ok(lease), Ok(repeated)) = (answer, expected) else {
            return;
        };

        let length = Duration::from_millis(asked.into()).clamp(SECOND, 10 * SECOND);
        assert_eq!(u128::from(lease.length_ms), length.as_millis());
        if let Some(old) = self.entries.iter().find(|entry| entry.place() == place) {
            let old = old.registration.incarnation;
            if old != new.incarnation {
                self.replaced.push((place.clone(), old));
                self.entries.retain(|entry| entry.place() != place);
            }
        }
        let known = Known {
            lease: lease.id,
            name,
            registrant: caller.registrant,
            registration: new.clone(),
            owner: caller.owner,
            end: now + length,
            length,
            bytes: bytes(new),
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
    fn verdict(&self, place: &Place, new: &Registration) -> Result<Option<usize>, RegisterError> {
        let lives = self.replaced.iter().rev();
        let mut lately = lives.filter(|(known, _)| known == place).take(EARLIER);
        if lately.any(|(_, incarnation)| *incarnation == new.incarnation) {
            return Err(RegisterError::Superseded);
        }
        let repeats = |entry: &Known| {
            let old = &entry.registration;
            entry.place() == *place
                && (old.incarnation, old.program, old.version)
                    == (new.incarnation, new.program, new.version)
        };
        let goes = |entry: &&Known| {
            let other_life = entry.registration.incarnation != new.incarnation;
            entry.place() == *place && (other_life || repeats(entry))
        };
        let (ended, stays): (Vec<_>, Vec<_>) = self.entries.iter().partition(goes);
        let limits = &self.limits;
        if stays.iter().filter(|entry| entry.name == place.0).count() >= limits.entries_per_name {
            return full(limits.entries_per_name);
        }
        if ended.is_empty() {
            room(place.1, &stays, 1, limits.entries, |_| 1)?;
        }
        let freed: usize = ended.iter().map(|entry| entry.bytes).sum();
        if bytes(new) > freed {
            room(place.1, &stays, bytes(new), limits.bytes, |entry| {
                entry.bytes
            })?;
        }
        Ok(self.entries.iter().position(repeats))
    }

    /// What is registered under a name: by users, then by others; of each what was entered last first.
    fn found(&self, name: &str) -> Vec<&Registration> {
        let name = name.to_lowercase();
        let entries = self.entries.iter().rev();
        let (users, others): (Vec<_>, Vec<_>) = entries
            .filter(|entry| entry.name == name)
            .partition(|entry| matches!(entry.registrant, Registrant::User(_)));
        let ordered = users.into_iter().chain(others);
        ordered.map(|entry| &entry.registration).collect()
    }
}

/// Refuses what does not fit, or leaves less to all others than its registrant then has.
fn room(
    registrant: Registrant,
    stays: &[&Known],
    more: usize,
    limit: usize,
    measure: impl Fn(&Known) -> usize,
) -> Result<(), RegisterError> {
    let held: usize = stays.iter().map(|entry| measure(entry)).sum();
    let own = stays.iter().filter(|entry| entry.registrant == registrant);
    let own: usize = own.map(|entry| measure(entry)).sum();
    if held + more > limit {
        full(limit).map(|_| ())
    } else if own + held + 2 * more > limit + 1 {
        full(own).map(|_| ())
    } else {
        Ok(())
    }
}

fn full(limit: usize) -> Result<Option<usize>, RegisterError> {
    Err(RegisterError::Full {
        limit: limit as u32,
    })
}

fn bytes(registration: &Registration) -> usize {
    let nobody = Registrant::User(0);
    Record::new(registration.clone(), nobody, None, Time::ZERO, SECOND).bytes()
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

    /// Two users, one of them an operator, and two addresses.
    fn caller(&mut self) -> Caller {
        let address = |last| Registrant::at([10, 0, 0, last].into());
        let registrants = [
            Registrant::User(0),
            Registrant::User(1000),
            address(1),
            address(2),
        ];
        let registrant = registrants[self.below(4) as usize];
        Caller {
            registrant,
            owner: self.owner(),
            operator: registrant == Registrant::User(0),
        }
    }
}

struct World {
    random: Random,
    now: Time,
    registry: Registry,
    model: Model,
    /// What the changes of the registry made of a file.
    file: BTreeMap<u64, Saved>,
    /// What was last found under a name, and its generation.
    seen: BTreeMap<String, (u64, Vec<Registration>)>,
    lives: u8,
    /// The first incarnation that no server has used.
    incarnation: u64,
    visits: BTreeMap<&'static str, u64>,
}

impl World {
    fn step(&mut self) {
        match self.random.below(40) {
            0..=6 => self.pass_time(),
            7..=21 => self.register(),
            22..=27 => self.renew(),
            28..=29 => self.withdraw(),
            30 => self.dismiss(),
            31..=32 => self.lose_owner(),
            33 => self.restart(),
            _ => self.ask(),
        }
        self.registry.assert_invariants();
        self.keep_up();
        assert_eq!(self.registry.len(), self.model.entries.len());
        assert_eq!(
            self.registry.poll_timeout(),
            self.model.entries.iter().map(|entry| entry.end).min()
        );
    }

    fn keep_up(&mut self) {
        while let Some(change) = self.registry.poll_change() {
            match self.registry.saved(change.lease) {
                Some(saved) => self.file.insert(change.lease, saved),
                None => self.file.remove(&change.lease),
            };
        }
        // Renewals are not in it.
        let kept = self.file.values().cloned();
        assert!(kept.eq(self.registry.all_saved()), "no change is forgotten");
    }

    /// The registry's end, and its next life with what is in the file.
    fn restart(&mut self) {
        self.lives += 1;
        let mut saved: Vec<Saved> = std::mem::take(&mut self.file).into_values().collect();
        let entropy = [self.random.below(256) as u8, self.lives].repeat(8);
        self.registry = Registry::new(
            self.model.limits.clone(),
            entropy.try_into().expect("sixteen"),
        );
        // In any order.
        saved.sort_by_key(|saved| saved.lease ^ self.random.0);
        for saved in saved {
            let lease = saved.lease;
            let restored = self.registry.handle_restored(self.now, saved);
            assert_eq!(restored.map(|restored| restored.id), Some(lease));
        }
        for entry in &mut self.model.entries {
            (entry.owner, entry.end) = (None, self.now + entry.length);
        }
        self.visit("restarted");
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
        let (caller, asked) = (self.random.caller(), self.random.below(12_000) as u32);
        let answer = self
            .registry
            .handle_register(self.now, &caller, new.clone(), asked);
        let before = self.model.entries.len();
        self.model.register(self.now, &caller, &new, asked, &answer);
        self.visit(match answer {
            Ok(_) if self.model.entries.len() > before => "entered",
            Ok(_) => "replaced",
            Err(RegisterError::Superseded) => "superseded",
            Err(RegisterError::Full { limit: 4 }) if self.name_is_full(name) => "name full",
            Err(RegisterError::Full { limit }) => self.which(limit as usize),
            Err(_) => "refused",
        });
    }

    fn name_is_full(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let entries = self.model.entries.iter();
        entries.filter(|entry| entry.name == name).count() == 4
    }

    fn which(&self, limit: usize) -> &'static str {
        let limits = &self.model.limits;
        if limit == limits.entries {
            "registry full"
        } else if limit < limits.entries {
            "share full"
        } else if limit == limits.bytes {
            "bytes full"
        } else {
            "share of bytes full"
        }
    }

    /// The lease of some entry; now and then one that nobody has.
    fn some_lease(&mut self) -> u64 {
        let known: Vec<u64> = self.model.entries.iter().map(|entry| entry.lease).collect();
        let known = self.random.pick(&known).copied();
        known.filter(|_| self.random.below(8) > 0).unwrap_or(12)
    }

    fn renew(&mut self) {
        let (caller, lease) = (self.random.caller(), self.some_lease());
        let renewed = self.registry.handle_renew(self.now, &caller, lease);
        let mut entries = self.model.entries.iter_mut();
        let entry = entries.find(|entry| entry.lease == lease);
        let exists = entry.is_some();
        let entry = entry.filter(|entry| entry.is_for(&caller));
        assert_eq!(renewed.is_some(), entry.is_some());
        if let Some(entry) = entry {
            (entry.end, entry.owner) = (self.now + entry.length, caller.owner);
        }
        self.visit(match (renewed.is_some(), exists) {
            (true, _) => "renewed",
            (false, true) => "another's is not renewed",
            (false, false) => "unknown lease",
        });
    }

    fn withdraw(&mut self) {
        let (caller, lease) = (self.random.caller(), self.some_lease());
        let withdrawn = self.registry.handle_withdraw(self.now, &caller, lease);
        let exists = self.model.entries.iter().any(|entry| entry.lease == lease);
        let removed = self
            .model
            .remove(|entry| entry.lease == lease && (caller.operator || entry.is_for(&caller)));
        assert_eq!(usize::from(withdrawn), removed);
        assert!(
            !self.registry.handle_withdraw(self.now, &caller, lease),
            "withdrawing twice withdraws nothing more"
        );
        self.visit(match (withdrawn, exists) {
            (true, _) => "withdrawn",
            (false, true) => "another's is not withdrawn",
            (false, false) => "nothing to withdraw",
        });
    }

    fn dismiss(&mut self) {
        let (caller, name) = (self.random.caller(), *self.random.pick(&NAMES).unwrap());
        let of_name = |entry: &Known| entry.name == name.to_lowercase();
        let exists = self.model.entries.iter().any(of_name);
        let own = matches!(caller.registrant, Registrant::User(_)).then_some(caller.registrant);
        let removed = self
            .model
            .remove(|entry| of_name(entry) && (caller.operator || Some(entry.registrant) == own));
        let dismissed = self.registry.handle_dismiss(self.now, &caller, name);
        let expected = (removed > 0 || !exists).then_some(removed as u32);
        assert_eq!(dismissed, expected);
        self.visit(match dismissed {
            None => "not theirs to dismiss",
            Some(0) => "nothing to dismiss",
            Some(_) => "dismissed",
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
        let found: Vec<Registration> = found.into_iter().cloned().collect();
        let generation = self.registry.generation(name);
        let now = (generation, found.clone());
        if let Some((before, what)) = self.seen.insert(name.to_lowercase(), now) {
            assert!(generation != 0 && (what == found || before != generation));
        }
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
        let names = self.model.entries.iter().map(|entry| entry.name.clone());
        let names: std::collections::BTreeSet<String> = names.collect();
        let found = names.iter().flat_map(|name| self.model.found(name));
        let expected: Vec<&Registration> = found.collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn any_sequence_of_inputs_does_what_a_plain_list_would() {
    let mut visits = BTreeMap::new();
    for seed in 0..600 {
        // A few large entries, or more small ones than there is room for.
        let (entries, bytes) = [(9, limits().bytes), (7, 1 << 20), (20, 2_500)][seed as usize % 3];
        let limits = Limits {
            entries,
            bytes,
            ..limits()
        };
        let mut world = World {
            random: Random(seed),
            now: Time::ZERO,
            registry: Registry::new(limits.clone(), [seed as u8; 16]),
            model: Model {
                limits,
                entries: Vec::new(),
                replaced: Vec::new(),
            },
            file: BTreeMap::new(),
            seen: BTreeMap::new(),
            lives: 0,
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
        "share full",
        "bytes full",
        "share of bytes full",
        "renewed",
        "another's is not renewed",
        "unknown lease",
        "withdrawn",
        "another's is not withdrawn",
        "dismissed",
        "nothing to dismiss",
        "not theirs to dismiss",
        "restarted",
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
