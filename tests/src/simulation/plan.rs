//! What a seed has in store: which faults there are and how often (swarm testing: each seed has its own few).

use super::clock::{MS, SECOND};
use super::rng::Rng;
use rpc_proto::session::{client, server};
use std::time::Duration;

/// What goes wrong in a world, apart from what happens to single messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A client hears nobody, or is heard by nobody, or both, for a while.
    Partition,
    /// A client is silent for longer than its lease.
    Silence,
    /// A client's datagrams come from another address from now on; it does not notice.
    AddressChange,
    /// A client makes itself another link.
    Relink,
    /// A stream breaks at some byte.
    StreamBreak,
    /// A client dies and another one takes its place.
    ClientDeath,
    /// The server dies and comes back at the same address with another incarnation.
    Restart,
    /// The server dies and another one appears at another address.
    Replace,
    /// Another server takes over while the old one still answers, refusing new calls.
    Handover,
    /// The matchmaker loses all it knows.
    MatchmakerRestart,
    /// Someone who is nobody's client sends what servers should not fall for.
    Rogue,
    /// Another server opens the store while the old one, which does not know of it, is still at work.
    Usurp,
    /// The store has no room for new calls, for a while.
    StoreFull,
    /// A commit of the store fails.
    StoreFails,
    /// Servers are told another time of day.
    ClockJump,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 15] = [
        Fault::Partition,
        Fault::Silence,
        Fault::AddressChange,
        Fault::Relink,
        Fault::StreamBreak,
        Fault::ClientDeath,
        Fault::Restart,
        Fault::Replace,
        Fault::Handover,
        Fault::MatchmakerRestart,
        Fault::Rogue,
        Fault::Usurp,
        Fault::StoreFull,
        Fault::StoreFails,
        Fault::ClockJump,
    ];
}

/// Where a server dies, other than at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// It is about to write changes.
    Unwritten,
    /// Changes are written and not synced.
    Unsynced,
    /// Changes are durable, and nobody was told.
    Unanswered,
    /// A handler has committed, and the server does not know yet.
    Unrecorded,
    /// A handler has had its effect elsewhere, and has not come back.
    Unfinished,
    /// What the store holds is read, and what has to be changed is not durable.
    Restoring,
}

impl CrashPoint {
    /// How many there are.
    pub const COUNT: usize = 6;
}

/// What keeps exactly-once calls.
#[derive(Clone, Copy, Debug)]
pub enum Store {
    /// Nothing: there are none.
    Nothing,
    /// The server's memory.
    Memory,
    /// A disk.
    Disk(DiskPlan),
}

/// How disks behave.
#[derive(Clone, Copy, Debug)]
pub struct DiskPlan {
    /// The shortest and the usual longest time that a sync takes.
    pub latency: (u64, u64),
    /// How often servers die at each point, in parts of a thousand.
    pub crashes: [u32; CrashPoint::COUNT],
    /// Servers that replace another may have a new store.
    pub new_stores: bool,
    /// Exactly-once calls that have a key, in parts of a thousand.
    pub keyed: u32,
}

/// What happens to datagrams, in parts of a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Never arrives.
    pub lost: u32,
    /// Arrives twice.
    pub doubled: u32,
    /// Arrives after ones that were sent later, some of them very much later.
    pub late: u32,
    /// Is not taken by the transport.
    pub unsent: u32,
}

/// What clients ask for, in parts of a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Handlers that take long.
    pub slow: u32,
    /// Handlers that fail.
    pub failing: u32,
    /// Results of some thousand bytes.
    pub large: u32,
    /// Calls that wait in the server's queue.
    pub queued: u32,
    /// Calls with little time.
    pub hurried: u32,
    /// Calls whose callers ask again after the deadline.
    pub shelved: u32,
    /// Calls of what the server does not serve.
    pub foreign: u32,
    /// Arguments too large for a datagram.
    pub bulky: u32,
    /// The most calls that a client makes at one moment.
    pub burst: u64,
    /// The mean time between such moments.
    pub gap: u64,
}

/// The plan of one seed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether nothing goes wrong in this seed, so that everything has to succeed.
    pub calm: bool,
    /// For each client, whether it uses streams.
    pub streams: Vec<bool>,
    /// Calls that all clients together make while there are faults.
    pub calls: usize,
    /// Calls that each client makes after the faults, all of which have to succeed.
    pub calls_after: usize,
    /// Whether one call is stuck in its handler while the others go on.
    pub stuck: bool,
    /// When faults stop.
    pub horizon: u64,
    /// The shortest and the usual longest time that a message is on its way.
    pub delay: (u64, u64),
    /// What happens to datagrams until then.
    pub weather: Weather,
    /// The mean time between faults of each kind; `None` for those that this seed does without.
    pub faults: [Option<u64>; Fault::ALL.len()],
    /// What clients ask for.
    pub load: Load,
    /// What servers have for completion records.
    pub store: Store,
    /// How many calls a server runs or queues before it refuses more.
    pub max_running: usize,
    /// The servers' bounds.
    pub server: server::Config,
    /// The clients' bounds.
    pub client: client::Config,
    /// How much faster the fastest clock runs, in parts of a million.
    pub drift: u64,
}

impl Plan {
    /// How disks behave, if servers have them.
    pub fn disk(&self) -> Option<DiskPlan> {
        match self.store {
            Store::Disk(disk) => Some(disk),
            _ => None,
        }
    }

    /// Draws the plan of a seed.
    pub fn draw(rng: &mut Rng) -> Self {
        let calm = rng.chance(60);
        let clients = rng.range(3, 5) as usize;
        let streams = (0..clients)
            .map(|client| client == 0 || (client > 1 && rng.chance(400)))
            .collect();
        let stuck = rng.chance(350);
        let crowded = stuck && rng.chance(300);
        let weather = if calm {
            Weather::default()
        } else {
            draw_weather(rng)
        };
        let horizon = rng.range(4, 14) * SECOND;
        let shortest = rng.pick(&[MS / 20, MS / 4, 2 * MS, 20 * MS]);
        Self {
            calm,
            streams,
            calls: if crowded {
                900
            } else {
                rng.range(200, 300) as usize
            },
            calls_after: 6,
            stuck,
            horizon,
            delay: (shortest, shortest * rng.range(1, 4)),
            weather,
            faults: if calm {
                Default::default()
            } else {
                draw_faults(rng, horizon)
            },
            load: draw_load(rng, calm),
            store: draw_store(rng, calm),
            max_running: if !calm && rng.chance(250) {
                rng.range(2, 10) as usize
            } else {
                usize::MAX
            },
            server: draw_server(rng, calm),
            client: draw_client(rng),
            drift: rng.pick(&[0, 0, 100, 20_000]),
        }
    }
}

fn draw_store(rng: &mut Rng, calm: bool) -> Store {
    match rng.below(10) {
        0 | 1 => Store::Nothing,
        2 | 3 => Store::Memory,
        _ => {
            let shortest = rng.pick(&[MS / 50, MS, 8 * MS, 40 * MS]);
            let mut crashes = [0; CrashPoint::COUNT];
            if !calm {
                for often in &mut crashes {
                    *often = rng.pick(&[0, 0, 4, 30]);
                }
                crashes[CrashPoint::Restoring as usize] *= 10;
            }
            Store::Disk(DiskPlan {
                latency: (shortest, shortest * rng.range(1, 5)),
                crashes,
                new_stores: !calm && rng.chance(200),
                keyed: rng.pick(&[0, 200, 600]),
            })
        }
    }
}

fn draw_weather(rng: &mut Rng) -> Weather {
    let mut rate = |most: u64| {
        if rng.chance(600) {
            rng.range(1, most) as u32
        } else {
            0
        }
    };
    Weather {
        lost: rate(300),
        doubled: rate(300),
        late: rate(300),
        unsent: rate(60),
    }
}

fn draw_faults(rng: &mut Rng, horizon: u64) -> [Option<u64>; Fault::ALL.len()] {
    let share = rng.pick(&[100, 300, 500]);
    Fault::ALL.map(|_| rng.chance(share).then(|| rng.range(horizon / 12, horizon)))
}

fn draw_load(rng: &mut Rng, calm: bool) -> Load {
    let mut rate = |often: u32, most: u64| {
        if rng.chance(often) {
            rng.range(1, most) as u32
        } else {
            0
        }
    };
    Load {
        slow: rate(600, 200),
        failing: rate(500, 100),
        large: rate(300, 60),
        queued: if calm { 0 } else { rate(300, 200) },
        hurried: if calm { 0 } else { rate(500, 300) },
        shelved: if calm { 0 } else { rate(500, 900) },
        foreign: rate(400, 40),
        bulky: rate(200, 30),
        burst: rng.pick(&[1, 4, 16, 60]),
        gap: rng.range(20, 400) * MS,
    }
}

fn draw_server(rng: &mut Rng, calm: bool) -> server::Config {
    let mut config = server::Config {
        // The shortest lasts no longer than a long handler, a slow network and the pause between two probes.
        lease: Duration::from_millis(if calm {
            rng.pick(&[4000, 30_000])
        } else {
            rng.pick(&[1500, 3000, 10_000, 30_000])
        }),
        window: rng.pick(&[1, 2, 4, 16, 256]),
        early_ack: Duration::from_millis(rng.pick(&[2, 20, 100])),
        cookie_life: Duration::from_millis(rng.pick(&[300, 3000, 30_000])),
        retention: Duration::from_secs(rng.pick(&[4, 3600, 24 * 3600])),
        max_datagram: rng.pick(&[1400, 4000, 65_507]),
        ..server::Config::default()
    };
    if !calm && rng.chance(200) {
        config.max_reply_bytes = rng.range(400, 20_000) as usize;
    }
    if !calm && rng.chance(200) && config.lease < Duration::from_secs(5) {
        config.max_sessions = rng.range(2, 6) as usize;
    }
    config
}

fn draw_client(rng: &mut Rng) -> client::Config {
    let mut config = client::Config {
        max_datagram: rng.pick(&[1400, 65_507]),
        max_message: 7000,
        ..client::Config::default()
    };
    if rng.chance(100) {
        config.max_calls = rng.range(4, 40) as usize;
    }
    config
}
