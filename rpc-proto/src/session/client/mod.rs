//! The client's half of the session protocol.

mod answers;
mod api;
mod calls;
mod contact;
mod descriptions;
mod failure;
mod flight;
mod inbound;
mod lane;
mod pace;
mod release;
mod shelf;
mod timers;
mod transmit;

use crate::describe::{Interface, Semantics};
use crate::entropy::Entropy;
use crate::session::ids::FastMap;
use crate::session::program::Keeper;
use crate::session::wire::{CallVerifier, Credential};
use crate::time::{Executed, Time};
pub use api::{
    CallId, Config, Finished, HEADROOM, Key, LinkKind, Readiness, Request, Stats, Transmit,
};
use contact::{Contact, Pending};
use descriptions::Description;
pub use failure::{Failure, FailureKind};
use flight::{Attempt, Flight, Stage};
use lane::Lane;
use pace::{RetryBudget, RoundTrip};
use release::Releases;
use std::collections::VecDeque;
use transmit::Item;

/// The client's session machine: it carries calls to one server, whatever becomes of messages and of the server.
///
/// Order of calling: [`handle_link_up`](Self::handle_link_up) when there is a way to the server and
/// [`handle_link_down`](Self::handle_link_down) when there is none any more; [`handle_call`](Self::handle_call) for each
/// call; [`handle_message`](Self::handle_message) for each message; [`handle_timeout`](Self::handle_timeout) when
/// [`poll_timeout`](Self::poll_timeout) is reached. After each of them, while the link is up, everything that
/// [`poll_transmit`](Self::poll_transmit) gives is sent, and [`poll_finished`](Self::poll_finished) and
/// [`poll_reconnect`](Self::poll_reconnect) are asked.
///
/// Every call ends exactly once: through the return value of `handle_message` or through `poll_finished`. One that ends
/// shelved may be asked about again ([`ask_again`](Self::ask_again)), and then ends once more. One that is given up
/// ([`give_up`](Self::give_up)) before it has ended does not end.
pub struct Client {
    config: Config,
    entropy: Entropy,
    name: [u8; 16],
    /// The body of the credential that says who we are.
    credential: Option<Vec<u8>>,
    link: Option<LinkKind>,
    contact: Contact,
    /// The step of first contact that is not answered yet.
    pending: Option<Pending>,
    descriptions: Vec<Description>,
    /// The incarnation that the descriptions are from.
    described_by: u64,
    /// The store of the server that was last in contact.
    store: Option<[u8; 16]>,
    lanes: [Lane; 2],
    flights: Vec<Option<Flight>>,
    free: Vec<u32>,
    /// Where the calls are that have a number, by its transaction id.
    slots: FastMap<u32, u32>,
    outbox: VecDeque<Item>,
    finished: VecDeque<Finished>,
    releases: Releases,
    round_trip: RoundTrip,
    budget: RetryBudget,
    /// No flight has something to do before this.
    wake: Time,
    /// When the first message was sent that nothing has followed from the peer.
    unheard_since: Option<Time>,
    reconnect: bool,
    last_serial: u32,
    last_number: u32,
    scratch: Vec<u8>,
    stats: Stats,
}

/// "Nothing to do": later than any deadline.
const NEVER: Time = Time::from_nanos(u64::MAX);

impl Client {
    /// A client without a link. `seed` comes from the operating system.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut entropy = Entropy::new(seed);
        let first_number = entropy.number() as u32;
        Self {
            name: entropy.bytes(),
            entropy,
            credential: config.claim.as_ref().map(|claim| claim.to_bytes()),
            link: None,
            contact: Contact::Unknown,
            pending: None,
            descriptions: Vec::new(),
            described_by: 0,
            store: None,
            lanes: [Lane::new(Keeper::Incarnation), Lane::new(Keeper::Store)],
            flights: Vec::new(),
            free: Vec::new(),
            slots: FastMap::default(),
            outbox: VecDeque::new(),
            finished: VecDeque::new(),
            releases: Releases::default(),
            round_trip: RoundTrip::new(
                config.first_timeout,
                (config.min_timeout, config.max_timeout),
            ),
            budget: RetryBudget::new(),
            wake: NEVER,
            unheard_since: None,
            reconnect: false,
            last_serial: 0,
            last_number: first_number,
            scratch: Vec::new(),
            stats: Stats::default(),
            config,
        }
    }

    /// There is a way to a server. Nothing of a call is sent over it before the server has said who it is.
    pub fn handle_link_up(&mut self, now: Time, kind: LinkKind) {
        self.handle_link_down(now);
        self.link = Some(kind);
        self.step(now);
    }

    /// The way is gone. Calls wait for the next one, as far as their promises allow.
    pub fn handle_link_down(&mut self, now: Time) {
        let plain = matches!(self.contact, Contact::Plain);
        self.link = None;
        self.contact = Contact::Unknown;
        self.pending = None;
        self.outbox.clear();
        self.unheard_since = None;
        self.reconnect = false;
        self.releases.link_lost();
        for lane in &mut self.lanes {
            if let Some(held) = &mut lane.held {
                held.ack_lost();
            }
        }
        for slot in 0..self.flights.len() {
            self.park(now, slot as u32, plain);
        }
    }

    /// Takes a call.
    pub fn handle_call(&mut self, now: Time, mut request: Request) -> CallId {
        // Only calls that need it pay for more room than that of all others.
        let more = self.more_headroom(&request);
        if more > 0 {
            request.message.splice(..0, std::iter::repeat_n(0, more));
        }
        let named = request.key.is_some();
        let asked_before = request.key.is_some_and(|key| key.asked_before);
        let key_refused = named && request.method.semantics != Semantics::ExactlyOnce;
        self.stats.calls += 1;
        self.last_serial = self.last_serial.wrapping_add(1);
        let room = self.has_room();
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.flights.push(None);
                (self.flights.len() - 1) as u32
            }
        };
        let call = CallId {
            slot,
            serial: self.last_serial,
        };
        let timer = request.deadline;
        let stage = Stage::Waiting;
        let flight = Flight {
            call,
            request,
            headroom: HEADROOM + more,
            stage,
            timer,
            attempt: Attempt::default(),
            maybe: asked_before,
            refusals: 0,
            ended: None,
        };
        self.flights[slot as usize] = Some(flight);
        if key_refused {
            self.fail(slot, FailureKind::KeyNotSupported, Executed::No);
        } else if !room {
            self.fail(slot, FailureKind::TooManyCalls, Executed::No);
        } else {
            self.wake = self.wake.min(timer);
            self.wait(now, slot);
        }
        call
    }

    /// What stands before the arguments of a call may be longer than [`HEADROOM`]: by a key, or by a long claim.
    fn more_headroom(&self, request: &Request) -> usize {
        let key = request.key.map_or(0, |_| CallVerifier::WITH_KEY);
        let claim = self
            .credential
            .as_ref()
            .map_or(0, |body| body.len().next_multiple_of(4));
        key + claim.saturating_sub(Credential::LEN)
    }

    /// Whether another call can be taken; else it would fail at once, as one too many.
    pub fn has_room(&self) -> bool {
        self.flights.len() - self.free.len() < self.config.max_calls
    }

    /// Whether calls cannot be sent before something has come: first contact is not made, a session is asked for, or the
    /// window is full.
    pub fn is_held_up(&self) -> bool {
        let contact = matches!(self.contact, Contact::Known { .. } | Contact::Plain);
        !contact || self.lanes.iter().any(|lane| !lane.waiting.is_empty())
    }

    /// First contact is to be made now, so that the first call of `interface` does not wait for it.
    pub fn handle_prepare(&mut self, now: Time, interface: &'static Interface) {
        self.expect(interface);
        self.step(now);
    }

    /// Whether calls of `interface` can be made at once.
    pub fn readiness(&self, interface: &Interface) -> Readiness {
        self.contact_readiness(interface)
    }

    /// Whether the server answers, and has no room for the session that is needed.
    pub fn is_turned_away(&self) -> bool {
        self.lanes.iter().any(|lane| lane.full)
    }

    /// The whole message of `call` that `poll_transmit` gave was not taken by the transport, so nobody will read it.
    pub fn handle_unsent(&mut self, call: CallId) {
        if let Some(oneway) = self
            .finished
            .iter_mut()
            .find(|finished| finished.call == call && finished.result.is_ok())
        {
            oneway.result = Err(Failure::new(
                FailureKind::ConnectionLost,
                Executed::No,
                false,
                None,
            ));
        }
        if let Some(flight) = self
            .flight_mut(call.slot)
            .filter(|flight| flight.call == call)
        {
            flight.attempt.copies = flight.attempt.copies.saturating_sub(1);
            flight.attempt.copies_here = flight.attempt.copies_here.saturating_sub(1);
        }
    }

    /// Nothing more will be called: calls in flight end, and the server is told that it may forget the sessions.
    pub fn handle_close(&mut self, now: Time) {
        for slot in 0..self.flights.len() {
            let slot = slot as u32;
            if self.is_shelved(slot) {
                // Its caller was told how it ended.
                self.retire(slot);
            } else if let Some(executed) = self
                .flight_mut(slot)
                .map(|flight| flight.attempt_executed())
            {
                self.fail(slot, FailureKind::Closed, executed);
            }
        }
        self.outbox.clear();
        let known = matches!(self.contact, Contact::Known { .. });
        if known {
            self.release_now();
        }
        for lane in 0..self.lanes.len() {
            if known
                && self.lanes[lane]
                    .held
                    .as_ref()
                    .is_some_and(|held| held.is_good(now))
            {
                self.outbox.push_back(Item::Goodbye { lane });
            }
        }
    }

    /// A call that has ended otherwise than by the message that was just handled.
    pub fn poll_finished(&mut self) -> Option<Finished> {
        self.finished.pop_front()
    }

    /// Whether the peer seems to be gone, so that it should be looked for again and a new link made. Says so once.
    pub fn poll_reconnect(&mut self) -> bool {
        std::mem::take(&mut self.reconnect)
    }

    /// The store of the server that was last in contact, if it has one.
    pub fn store(&self) -> Option<[u8; 16]> {
        self.store
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Checks what must hold between any two inputs. For simulations; it looks at everything.
    ///
    /// # Panics
    /// If a bound is broken.
    pub fn check_invariants(&self) {
        let live = self.flights.iter().flatten();
        assert_eq!(
            self.flights.len(),
            live.clone().count() + self.free.len(),
            "a slot is lost"
        );
        assert!(
            self.outbox.len() <= 2 * self.flights.len() + 8,
            "the outbox grows without calls"
        );
        let numbered = live.clone().filter(|flight| flight.has_number());
        assert_eq!(
            self.slots.len(),
            numbered.count(),
            "an id outlives its call"
        );
        for flight in live {
            assert!(
                flight.timer <= flight.request.deadline || flight.stage == Stage::Shelved,
                "a call would outlive its deadline"
            );
            assert!(self.wake <= flight.timer, "a timer would be missed");
            if flight.has_number() {
                let known = self.slots.get(&flight.attempt.xid);
                assert_eq!(known, Some(&flight.call.slot), "a reply would be lost");
            }
            if flight.stage == Stage::Shelved {
                continue;
            }
            assert_eq!(
                flight.has_number(),
                !matches!(flight.stage, Stage::Waiting | Stage::Pausing),
                "{flight:?}"
            );
        }
        for lane in &self.lanes {
            let mut waiting: Vec<_> = lane.waiting.iter().collect();
            waiting.sort_unstable();
            waiting.dedup();
            assert_eq!(waiting.len(), lane.waiting.len(), "a call waits twice");
        }
    }

    fn flight_mut(&mut self, slot: u32) -> Option<&mut Flight> {
        self.flights.get_mut(slot as usize)?.as_mut()
    }
}

/// The lane of exactly-once calls.
const STORE: usize = 1;

/// Which lane carries calls of these semantics.
fn lane_of(semantics: Semantics) -> usize {
    usize::from(semantics == Semantics::ExactlyOnce)
}
