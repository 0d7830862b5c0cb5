//! The simulated world: machines, the network between them, and what happens when.

mod client;
mod disks;
mod faults;
mod handlers;
mod keeping;
mod keys;
mod load;
mod matchmaker;
mod network;
mod queue;
mod rogue;
mod server;
mod shelf;

use super::clock::SECOND;
use super::disk::Disk;
use super::ledger::{self, End, Ledger};
use super::plan::{Fault, Plan, Store};
use super::rng::Rng;
use super::trace::{self, Digest};
use super::visits::{Visit, Visits};
use client::ClientNode;
use matchmaker::Matchmaker;
use network::{Link, Route};
use queue::Queue;
use rpc_proto::session::client::{CallId, FailureKind};
use server::ServerNode;
use shelf::Impatience;

/// What will happen.
#[derive(Debug)]
pub(super) enum Event {
    /// A message reaches a server's address.
    ToServer {
        route: u32,
        message: Vec<u8>,
    },
    /// A message reaches a client.
    ToClient {
        route: u32,
        message: Vec<u8>,
    },
    ClientTimer {
        client: usize,
        life: u32,
    },
    ServerTimer {
        server: usize,
        life: u32,
    },
    /// A call leaves the server's queue, or its handler comes back.
    Handler {
        server: usize,
        life: u32,
        slot: usize,
    },
    /// A client makes some calls.
    Load {
        client: usize,
    },
    /// A caller asks again, or never will.
    AskAgain {
        client: usize,
        life: u32,
        call: CallId,
    },
    /// Nobody waits for a call any more, though its deadline is not over.
    GiveUp {
        client: usize,
        life: u32,
        call: CallId,
    },
    /// A client's stream is found to be broken.
    Broken {
        link: u32,
    },
    /// The matchmaker's answer reaches a client.
    Resolved {
        client: usize,
        life: u32,
        search: u32,
    },
    Connected {
        client: usize,
        life: u32,
        search: u32,
        server: usize,
    },
    Fault(Fault),
    /// A server starts, or ends for good.
    Start {
        server: usize,
    },
    Stop {
        server: usize,
        life: u32,
    },
    /// A commit of a server's store comes back.
    Synced {
        server: usize,
        life: u32,
    },
    /// A server's store has room again.
    Room {
        server: usize,
        life: u32,
    },
    Renew {
        server: usize,
        life: u32,
    },
    MatchmakerUp,
    /// The faults are over.
    Heal,
    Rogue,
}

/// All there is.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) now: u64,
    pub(super) rng: Rng,
    pub(super) ledger: Ledger,
    pub(super) visits: Visits,
    pub(super) steps: u64,
    pub(super) digest: Digest,
    queue: Queue,
    clients: Vec<ClientNode>,
    servers: Vec<ServerNode>,
    /// What outlives servers; empty if this seed has no disks.
    disks: Vec<Disk>,
    /// Counts the lives of all servers.
    lives: u32,
    /// The server that is meant to be found.
    current: usize,
    matchmaker: Matchmaker,
    links: Vec<Link>,
    routes: Vec<Route>,
    healed: bool,
    rogue: rogue::Rogue,
    handed: Vec<u8>,
    stuck_given: bool,
    impatience: Impatience,
    /// Names of calls.
    groups: Vec<keys::Group>,
    /// What servers are told of the time of day is so much off, in milliseconds.
    skew: i64,
}

/// More steps than this in one second of the world are a livelock.
const STEPS_PER_SECOND: u64 = 60_000;

/// How long a world goes on after its faults, at most.
const AFTERMATH: u64 = 90 * SECOND;

impl World {
    /// The world of a seed, about to begin.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let plan = Plan::draw(&mut rng);
        let mut world = Self {
            now: 0,
            ledger: Ledger::default(),
            visits: Visits::default(),
            steps: 0,
            digest: Digest::new(),
            queue: Queue::default(),
            clients: Vec::new(),
            servers: Vec::new(),
            disks: Vec::new(),
            lives: 0,
            current: 0,
            matchmaker: Matchmaker::new(&mut rng),
            links: Vec::new(),
            routes: Vec::new(),
            healed: false,
            rogue: rogue::Rogue::default(),
            handed: Vec::new(),
            stuck_given: false,
            impatience: Impatience::draw(seed),
            groups: Vec::new(),
            skew: 0,
            plan,
            rng,
        };
        world.begin();
        world
    }

    /// Runs it to its end.
    pub(super) fn run(&mut self) -> Result<(), String> {
        let end = self.plan.horizon + AFTERMATH;
        let (mut second, mut steps_then) = (0, 0);
        let mut quiet_since = None;
        while let Some((at, event)) = self.queue.pop() {
            self.now = self.now.max(at);
            if self.now / SECOND > second {
                (second, steps_then) = (self.now / SECOND, self.steps);
            }
            self.steps += 1;
            if self.steps - steps_then > STEPS_PER_SECOND {
                return Err("livelock: the machines find no rest".to_owned());
            }
            self.digest.add(self.now);
            self.handle(event)?;
            if self.healed && self.ledger.open == 0 && self.calls_left() == 0 {
                // Late messages still arrive for a while; they must not do anything.
                let since = *quiet_since.get_or_insert(self.now);
                if self.now - since > 4 * SECOND {
                    break;
                }
            } else {
                // Somebody has asked again for a call that was over.
                quiet_since = None;
            }
            if self.now > end {
                return Err(format!("{} calls never end", self.ledger.open));
            }
        }
        self.check_end()
    }

    fn begin(&mut self) {
        self.new_disk();
        self.start_server(0);
        let clients = self.plan.streams.clone();
        for stream in clients {
            self.add_client(stream);
        }
        let horizon = self.plan.horizon;
        self.queue.push(horizon, Event::Heal);
        for fault in Fault::ALL {
            self.plan_fault(fault);
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::ToServer { route, message } => self.reaches_server(route, &message),
            Event::ToClient { route, message } => self.reaches_client(route, &message),
            Event::ClientTimer { client, life } => self.client_timer(client, life),
            Event::ServerTimer { server, life } => self.server_timer(server, life),
            Event::Handler { server, life, slot } => self.handler(server, life, slot),
            Event::Load { client } => self.load(client),
            Event::AskAgain { client, life, call } => self.ask_again(client, life, call),
            Event::GiveUp { client, life, call } => self.give_up(client, life, call),
            Event::Broken { link } => self.broken(link),
            Event::Resolved {
                client,
                life,
                search,
            } => self.resolved(client, life, search),
            Event::Connected {
                client,
                life,
                search,
                server,
            } => self.connected(client, life, search, server),
            Event::Fault(fault) => self.fault(fault),
            Event::Start { server } => self.start_at(server),
            Event::Stop { server, life } => self.stop(server, life, false),
            Event::Synced { server, life } => self.synced(server, life),
            Event::Room { server, life } => self.room(server, life),
            Event::Renew { server, life } => self.renew(server, life),
            Event::MatchmakerUp => {
                self.matchmaker.start(&mut self.rng);
                Ok(())
            }
            Event::Heal => self.heal(),
            Event::Rogue => self.rogue_acts(),
        }
    }

    fn note(&self, line: impl FnOnce() -> String) {
        trace::note(self.now, line);
    }

    fn visit(&mut self, visit: Visit) {
        self.visits.count(visit);
    }

    fn calls_left(&self) -> usize {
        self.clients.iter().map(|client| client.calls_left).sum()
    }

    /// When all is over: nothing is left open, and what had to succeed did.
    fn check_end(&mut self) -> Result<(), String> {
        if self.ledger.open > 0 || self.calls_left() > 0 {
            return Err(format!(
                "the world stands still with {} calls open and {} not made",
                self.ledger.open,
                self.calls_left()
            ));
        }
        let calm = self.plan.calm;
        for (id, entry) in self.ledger.entries.iter().enumerate() {
            let owed = entry.after || calm;
            match &entry.end {
                Some(End::Failed(failure)) if owed && !self.is_excused(entry, failure.kind) => {
                    return Err(format!(
                        "call {id} fails without need, at {:?} of its client: {failure:?}, {:?}",
                        entry.made, entry.behaviour
                    ));
                }
                Some(End::Well)
                    if calm
                        && entry.begun == 0
                        && self.is_reliable(entry)
                        && entry.key.is_none() =>
                {
                    return Err(format!("oneway call {id} was handed over and never ran"));
                }
                _ => {}
            }
        }
        self.check_disks()?;
        self.check_servers_end()
    }

    /// Whether a call that was handed over in a calm world must have run.
    fn is_reliable(&self, entry: &ledger::Entry) -> bool {
        use rpc_proto::session::server::Done;
        let runs = !matches!(entry.behaviour.done, Done::BadArguments | Done::NoProcedure);
        runs && self.plan.streams[entry.client] && self.plan.server.window >= 256
    }

    /// Once all is quiet, clients have told the server what it need not keep any more.
    fn check_servers_end(&mut self) -> Result<(), String> {
        for (place, client) in self.clients.iter().enumerate() {
            // The answer to a question about a call that has ended meanwhile renews nothing at the client, who may so have left
            // an idle session that we take for usable.
            if client.asked_again {
                continue;
            }
            let Some(link) = client.link else { continue };
            let server = self.links[link as usize].server;
            let Some(process) = &self.servers[server].process else {
                continue;
            };
            for session in client.oracle.usable_sessions(client.clock.read(self.now)) {
                let kept = process.model.kept(session);
                if kept > 0 {
                    return Err(format!(
                        "the server still keeps {kept} records of client {place}, which has nothing open"
                    ));
                }
            }
        }
        Ok(())
    }

    fn is_excused(&self, entry: &ledger::Entry, kind: FailureKind) -> bool {
        let told_full = self.clients[entry.client].oracle.told_full;
        let slow = entry.behaviour.runs + entry.behaviour.queued > 2 * SECOND;
        match kind {
            // What is sent to a server that has died is lost with it, whenever the client learns of that.
            FailureKind::ServerRestarted
            | FailureKind::SessionLost
            | FailureKind::OtherStore
            | FailureKind::Interrupted
            | FailureKind::StoreFailed
            | FailureKind::StoreFull => !self.plan.calm,
            // Through a very small window not all calls can come in time.
            FailureKind::DeadlineExceeded => {
                told_full || self.plan.server.window < 4 || (slow && !entry.after)
            }
            FailureKind::NoRoomForSession => told_full,
            _ => ledger::is_excused(entry, kind, !matches!(self.plan.store, Store::Nothing)),
        }
    }
}
