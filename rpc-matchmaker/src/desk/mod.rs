//! The matchmaker's desk: the contract served from the registry, with the clock and the connections that it needs.

mod owners;
mod watching;

use crate::registry::{Limits, Owner, Record, Registry, Saved};
use crate::rpcbind::Portmapper;
use crate::state::StateFile;
use owners::{Owners, caller};
use rpc_core::matchmaker::{
    DismissError, Entry, Lease, LookupError, MAX_NEAR, Matchmaker, Page, RegisterError,
    Registration, RenewError, Sight,
};
use rpc_core::{Bounded, Connection, Context, Time};
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, iter};
pub use watching::MOST_WATCHERS;
use watching::Watchers;

/// The service. Clones are the same desk.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

struct Shared {
    /// Where the registry's time starts. The clock stands still while the machine sleeps, and so do the leases: the
    /// servers that sleep with it could not have renewed them.
    origin: Instant,
    state: Mutex<State>,
    /// Signalled when there is something new for [`Desk::sweep`], and at the end.
    changed: Condvar,
    watchers: Watchers,
}

struct State {
    registry: Registry,
    owners: Owners,
    /// Where registrations are written down, if anywhere.
    file: Option<StateFile>,
    /// Who else tells of what is registered here, if anybody.
    rpcbind: Option<Portmapper>,
    shown: Completeness,
    /// How many callers wait for a change.
    watching: usize,
    closed: bool,
}

/// Whether rpcbind shows all that is registered here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Completeness {
    Whole,
    /// It had no room for some of it.
    Partial,
    /// The same, and since then it has got room.
    Due,
}

impl Desk {
    /// An empty desk. `entropy` are fresh unpredictable bytes, see [`Registry::new`].
    pub fn new(limits: Limits, entropy: [u8; 16]) -> Self {
        let registry = Registry::new(limits, entropy);
        let state = State {
            registry,
            owners: Owners::default(),
            file: None,
            rpcbind: None,
            shown: Completeness::Whole,
            watching: 0,
            closed: false,
        };
        Self(Arc::new(Shared {
            origin: Instant::now(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            watchers: Watchers::default(),
        }))
    }

    /// Enters what an earlier life left in `file`, and writes down there from now on.
    pub fn keep(&self, file: StateFile, entries: impl Iterator<Item = Saved>) -> io::Result<()> {
        let (mut state, now) = self.state();
        let mut entries: Vec<Saved> = entries.collect();
        // In the order in which they came.
        entries.sort_by_key(|saved| saved.number);
        for saved in entries {
            let name = saved.registration.name.to_string();
            if state.registry.handle_restored(now, saved).is_none() {
                eprintln!("matchmaker: an entry of {name} in the state file has no place any more");
            }
        }
        self.pass_on(&mut state);
        let State {
            registry,
            file: place,
            ..
        } = &mut *state;
        let file = place.insert(file);
        let new = file.begin(registry.all_saved());
        file.finish(new.write())
    }

    /// Has `rpcbind` show what is registered here, from now on.
    pub fn show_in(&self, rpcbind: &Portmapper) {
        let (mut state, _) = self.state();
        state.rpcbind = Some(rpcbind.clone());
        state.show_all();
    }

    /// Removes what has ended, as it ends, until [`Desk::close`] is called. Look-ups never show a dead entry without
    /// this; it gives back the memory when nobody asks.
    pub fn sweep(&self) {
        let (mut state, mut now) = self.state();
        let (mut tried, mut shown) = (None, None);
        while !state.closed {
            state.forget_closed(now);
            state.registry.handle_timeout(now);
            self.pass_on(&mut state);
            // Not at each waking: a full disk would be tried without a pause.
            if state.is_file_due() && tried.is_none_or(|tried| now.since(tried) >= SWEEP) {
                tried = Some(now);
                state = self.write_anew(state);
            }
            // Nor this: with all that may be registered, it takes a while.
            if state.shown == Completeness::Due
                && shown.is_none_or(|shown| now.since(shown) >= SWEEP)
            {
                shown = Some(now);
                state.show_all();
            }
            let pause = match state.registry.poll_timeout() {
                None if state.owners.is_empty() && !state.is_file_due() => None,
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

    /// Ends [`Desk::sweep`], and answers all who watch. That connections close from now on is no end of entries: they are closed
    /// by us, and what is written down is to outlive this.
    pub fn close(&self) {
        self.state().0.closed = true;
        self.0.changed.notify_all();
        self.0.watchers.wake_all();
    }

    /// Tells everybody what the last input changed.
    fn pass_on(&self, state: &mut State) {
        let State {
            registry,
            file,
            rpcbind,
            shown,
            ..
        } = state;
        let changes = iter::from_fn(|| {
            let change = registry.poll_change()?;
            self.0.watchers.wake(change.slot);
            let saved = registry.saved(change.lease);
            if let Some(rpcbind) = rpcbind {
                shown.note(rpcbind, change.lease, saved.as_ref());
            }
            Some((change.lease, saved))
        });
        match file {
            Some(file) => file.append(changes),
            None => changes.for_each(drop),
        }
    }

    /// Writes the file anew. The disk is waited for with nothing locked.
    fn write_anew<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let State { registry, file, .. } = &mut *state;
        let Some(new) = file.as_mut().map(|file| file.begin(registry.all_saved())) else {
            return state;
        };
        drop(state);
        let written = new.write();
        let (mut state, _) = self.state();
        if let Some(file) = &mut state.file {
            // It is tried again, and the log has said so.
            let _ = file.finish(written);
        }
        state
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
        // A server that was restarted comes when its last life's connection is gone, and must not be kept out by that.
        state.forget_gone(now, &registration.name);
        let caller = caller(cx, &mut state.owners);
        let lease = state
            .registry
            .handle_register(now, &caller, registration, lease_ms);
        self.pass_on(&mut state);
        self.0.changed.notify_all();
        lease
    }

    fn renew(&self, cx: &Context, lease: u64) -> Result<Lease, RenewError> {
        let (mut state, now) = self.state();
        let caller = caller(cx, &mut state.owners);
        let renewed = state.registry.handle_renew(now, &caller, lease);
        self.pass_on(&mut state);
        renewed.ok_or(RenewError::UnknownLease)
    }

    fn withdraw(&self, cx: &Context, lease: u64) -> bool {
        let (mut state, now) = self.state();
        let caller = caller(cx, &mut state.owners);
        let withdrawn = state.registry.handle_withdraw(now, &caller, lease);
        self.pass_on(&mut state);
        withdrawn
    }

    fn lookup(&self, _cx: &Context, name: &str) -> Result<Vec<Entry>, LookupError> {
        let (mut state, now) = self.state();
        let found = state.find(now, name);
        self.pass_on(&mut state);
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
        self.pass_on(&mut state);
        Page { entries, more }
    }

    fn watch(&self, cx: &Context, name: &str, known: u64, wait_ms: u32) -> Sight {
        self.watch_name(cx, name, known, Duration::from_millis(wait_ms.into()))
    }

    fn dismiss(&self, cx: &Context, name: &str) -> Result<u32, DismissError> {
        let (mut state, now) = self.state();
        state.forget_gone(now, name);
        let caller = caller(cx, &mut state.owners);
        let dismissed = state.registry.handle_dismiss(now, &caller, name);
        self.pass_on(&mut state);
        dismissed.ok_or(DismissError::NotYours)
    }
}

impl Completeness {
    /// Has `rpcbind` show what has become of the entry of a lease.
    fn note(&mut self, rpcbind: &Portmapper, lease: u64, saved: Option<&Saved>) {
        match saved {
            Some(saved) if rpcbind.show(saved) => {}
            Some(_) if *self == Completeness::Due => {}
            Some(_) => *self = Completeness::Partial,
            None if rpcbind.hide(lease) && *self == Completeness::Partial => {
                *self = Completeness::Due;
            }
            None => {}
        }
    }
}

impl State {
    /// Has rpcbind show all that it has room for.
    fn show_all(&mut self) {
        let Some(rpcbind) = &self.rpcbind else {
            return;
        };
        self.shown = Completeness::Whole;
        for saved in self.registry.all_saved() {
            self.shown.note(rpcbind, saved.lease, Some(&saved));
        }
    }

    fn is_file_due(&self) -> bool {
        self.file.as_ref().is_some_and(StateFile::is_due)
    }

    /// The live entries of a name.
    fn find(&mut self, now: Time, name: &str) -> Vec<Entry> {
        self.live(now, |registry| (registry.lookup(now, name), false))
            .0
    }

    /// Drops the entries of a name whose owner is gone.
    fn forget_gone(&mut self, now: Time, name: &str) {
        let records = self.registry.lookup(now, name);
        let gone = if self.closed {
            BTreeSet::new()
        } else {
            gone(&records, &self.owners)
        };
        for owner in gone {
            self.registry.handle_owner_gone(now, owner);
        }
    }

    /// Asks the registry, and asks again without the entries whose owner turns out to be gone. Only the owners of what was
    /// found are looked at: a look-up costs the same however many servers there are.
    fn live<'a, F>(&'a mut self, now: Time, ask: F) -> (Vec<Entry>, bool)
    where
        F: for<'r> Fn(&'r mut Registry) -> (Vec<&'r Record>, bool),
    {
        loop {
            let (records, more) = ask(&mut self.registry);
            let gone = gone(&records, &self.owners);
            if gone.is_empty() || self.closed {
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

/// Which owners of these entries are gone.
fn gone(records: &[&Record], owners: &Owners) -> BTreeSet<Owner> {
    let all = records.iter().filter_map(|record| record.owner);
    all.filter(|owner| owners.is_gone(*owner)).collect()
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

/// Whether nobody is there any more to answer to.
fn caller_is_gone(cx: &Context) -> bool {
    cx.peer().connection().is_some_and(Connection::is_closed)
}

/// How often connections are looked at while nobody asks.
const SWEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
