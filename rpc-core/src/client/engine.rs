//! The engine: the threads that wait for calls do all the work themselves.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rpc_proto::describe::{Interface, Method};
use rpc_proto::session::client::{Client, Config, Key, Request};
use rpc_proto::session::program::ReleasedKey;
use rpc_proto::time::Time;

use super::connector::Connector;
use super::parts::Part;
use super::reading::Reading;
use super::resolve::Resolve;
use super::state::{Ended, Shelved, State};
use super::stats::Stats;
use super::waiters::{Caller, Seat, Wakeup};
use crate::endpoint::Endpoint;
use crate::error::ConnectError;
use crate::system::{entropy, now};

/// One server as a client sees it: a session machine, a link, and the threads that wait.
///
/// Nothing is handed to another thread, and one lock guards everything that is shared. A call that is alone costs one
/// system call to send and one to receive. Only what futures need while no thread waits is done by a thread of ours: see
/// `attending`.
pub(super) struct Engine {
    state: Mutex<State>,
    blueprint: Blueprint,
}

/// From what the machine and the reader's things are made, and made anew should they ever be lost.
struct Blueprint {
    endpoint: Endpoint,
    resolver: Arc<dyn Resolve>,
    config: Config,
    /// The seed should the system have none when one is needed again.
    spare: [u8; 32],
}

impl Engine {
    /// Connects to `endpoint`, where `interface` is to be called, within `patience`.
    pub(super) fn connect(
        endpoint: Endpoint,
        resolver: Arc<dyn Resolve>,
        interface: &'static Interface,
        patience: Duration,
        config: Config,
    ) -> Result<Self, ConnectError> {
        let (seed, spare) = (
            entropy().map_err(ConnectError::Entropy)?,
            entropy().map_err(ConnectError::Entropy)?,
        );
        let blueprint = Blueprint {
            endpoint,
            resolver,
            config,
            spare,
        };
        let mut state = State::new(
            Client::new(blueprint.config.clone(), seed),
            blueprint.reading(seed),
        );
        state.make_contact(interface, &blueprint.endpoint, now() + patience)?;
        Ok(Self {
            state: Mutex::new(state),
            blueprint,
        })
    }

    /// Makes a call and waits for its end. `message`: room for the headers, then the arguments.
    pub(super) fn call(
        &self,
        interface: &'static Interface,
        method: &'static Method,
        message: Vec<u8>,
        key: Option<Key>,
        deadline: Time,
    ) -> Ended {
        let mut state = self.lock();
        let now = now();
        state.look_after_idle_link(now);
        let seat = state.begin(
            now,
            Request {
                interface,
                method,
                message,
                key,
                deadline,
                shelve: true,
            },
            Caller::Thread(std::thread::current()),
        );
        self.turn(seat, &state).run(state, now)
    }

    /// Asks again what became of a call, and waits for its end.
    pub(super) fn ask_again(&self, shelved: Shelved, deadline: Time) -> Ended {
        let mut state = self.lock();
        let now = now();
        state.look_after_idle_link(now);
        let caller = Caller::Thread(std::thread::current());
        match state.ask_again(now, shelved, deadline, caller) {
            Ok(seat) => self.turn(seat, &state).run(state, now),
            Err(_) => Ended::Broken,
        }
    }

    /// Nobody will ask for the answer of this call. The server hears of it with the next message.
    pub(super) fn give_up(&self, shelved: Shelved) {
        let mut state = self.lock();
        let now = now();
        state.give_up(now, shelved);
        // There may be room for another call now.
        state.work(now, None);
        state.hand_on();
    }

    /// Nobody will ask again for the calls under these keys. The server hears of it a little later.
    pub(super) fn release(&self, keys: Vec<ReleasedKey>) {
        self.lock().release(now(), keys);
    }

    /// The store of the server, as far as it is known.
    pub(super) fn store(&self) -> Option<[u8; 16]> {
        self.lock().machine.store()
    }

    pub(super) fn turn(&self, seat: Seat, state: &State) -> Turn<'_> {
        Turn {
            engine: self,
            seat,
            epoch: state.epoch(),
            reading: None,
        }
    }

    /// Who is called: what the user wrote, and where that is now if it says more.
    pub(super) fn peer(&self) -> String {
        let written = self.blueprint.endpoint.to_string();
        match self.lock().address() {
            Some(address) if self.blueprint.endpoint.is_resolved() => {
                format!("{written} ({address})")
            }
            _ => written,
        }
    }

    /// Why there is no way to the server, if there is none.
    pub(super) fn trouble(&self) -> Option<Arc<ConnectError>> {
        self.lock().trouble()
    }

    /// What has been done so far.
    pub(super) fn stats(&self) -> Stats {
        self.lock().stats()
    }

    /// Panics with the lock held, as a mistake in the machine would.
    #[cfg(test)]
    pub(super) fn poison(&self) {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let _state = self.lock();
                panic!("the test wants a panic");
            });
            assert!(thread.join().is_err());
        });
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        let state = self.state.lock().unwrap_or_else(|poisoned| {
            // A thread panicked with the lock held, so the machine may contradict itself: nobody may go on with it.
            let mut state = poisoned.into_inner();
            let seed = entropy().unwrap_or(self.blueprint.spare);
            state.start_anew(
                Client::new(self.blueprint.config.clone(), seed),
                self.blueprint.reading(seed),
            );
            self.state.clear_poison();
            state
        });
        Locked(Some(state))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Ok(state) = self.state.get_mut() {
            state.close(now());
        }
    }
}

impl Blueprint {
    fn reading(&self, seed: [u8; 32]) -> Box<Reading> {
        let random = seed.iter().fold(0, |random: u64, byte| {
            random.rotate_left(8) ^ u64::from(*byte)
        });
        let connector = Connector::new(self.resolver.clone(), self.endpoint.clone(), random);
        Box::new(Reading::new(connector, self.config.max_message))
    }
}

/// The shared state while this thread has it. Whoever has to be woken is woken when the lock is released, not before:
/// a woken thread wants the lock first of all.
pub(super) struct Locked<'a>(Option<MutexGuard<'a, State>>);

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.0.as_deref().expect("held until dropped")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.0.as_deref_mut().expect("held until dropped")
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let Some(mut state) = self.0.take() else {
            return;
        };
        if state.wake.is_empty() {
            return;
        }
        let mut wake = WAKE.try_with(Cell::take).unwrap_or_default();
        std::mem::swap(&mut wake, &mut state.wake);
        drop(state);
        wake.drain(..).for_each(Wakeup::wake);
        // A thread that is ending has no such place any more.
        let _ = WAKE.try_with(|place| place.set(wake));
    }
}

thread_local! {
    /// Keeps the memory of the list.
    static WAKE: Cell<Vec<Wakeup>> = const { Cell::new(Vec::new()) };
}

/// One thread's wait for its call. Dropped without an end, as when the thread panics, it hands its parts on all the same.
pub(super) struct Turn<'a> {
    engine: &'a Engine,
    seat: Seat,
    /// The machine that took the call.
    epoch: u64,
    /// The reader's things, while this is the reader.
    reading: Option<Box<Reading>>,
}

impl<'a> Turn<'a> {
    pub(super) fn run(&mut self, mut state: Locked<'a>, mut time: Time) -> Ended {
        loop {
            if state.epoch() != self.epoch {
                return Ended::Broken;
            }
            state.work(time, Some(self.seat));
            if let Some(ended) = state.take(self.seat) {
                state.leave(self.seat, self.reading.take());
                return ended;
            }
            let part = state.part(time, self.seat, self.reading.take());
            drop(state);
            (state, time) = self.play(part, time);
        }
    }

    /// Does what the part asks for, with no lock held.
    fn play(&mut self, part: Part, time: Time) -> (Locked<'a>, Time) {
        match part {
            Part::Read {
                reading,
                until,
                write,
            } => {
                let reading = self.reading.insert(reading);
                let event = reading.wait(time, until, write);
                let mut state = self.engine.lock();
                let time = now();
                state.handle(time, event, reading, Some(self.seat));
                (state, time)
            }
            Part::Write { link, until } => {
                // Should it fail, the next sending fails too, and says so.
                let _ = link.wait(false, true, until.since(time));
                (self.engine.lock(), now())
            }
            Part::Sleep { until: Some(until) } => {
                std::thread::park_timeout(until.since(time));
                (self.engine.lock(), now())
            }
            Part::Sleep { until: None } => {
                std::thread::park();
                (self.engine.lock(), now())
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // After a proper end there is nothing left to leave; this is for a thread that panics.
        if std::thread::panicking() {
            let mut state = self.engine.lock();
            if state.epoch() == self.epoch {
                // Neither the machine nor the queue may know of a seat that others will have.
                drop(state.abandon(now(), self.seat));
                state.leave(self.seat, self.reading.take());
            }
        }
    }
}
