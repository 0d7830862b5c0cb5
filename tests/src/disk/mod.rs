//! The embedded completion store on a disk that crashes: between any two of its operations, amid each, and with all that is
//! not synced lost, kept or torn.
//!
//! One seed is one store through several lives. Each life does what a server does: durable commits of changes,
//! transactions that are not durable yet, reads. At its end, or amid any operation of the disk, the power fails, the process
//! is killed, or an operation fails. The next life has to find a state that is one of those committed, in their order, and
//! not earlier than the last one that was reported durable (`expected`).

mod changes;
mod expected;
pub mod faults;
mod life;
mod platter;

use crate::simulation::rng::Rng;
use expected::Expected;
use faults::Visits;
use platter::Disk;

/// What one seed came to.
#[derive(Debug)]
pub struct Report {
    /// How many lives the store had.
    pub lives: u64,
    /// How many commits were made, durable or not.
    pub commits: u64,
    /// The faults that it went through.
    pub visits: Visits,
    /// Two runs of the same seed have the same.
    pub digest: u64,
    /// The promise that was broken.
    pub violation: Option<String>,
}

/// One store, its disk, and what must be on it.
struct World {
    rng: Rng,
    disk: Disk,
    expected: Expected,
    /// The store's public name, once it has one.
    id: Option<[u8; 16]>,
    commits: u64,
    /// Sessions that were granted, for names that were never used.
    granted: u32,
}

/// Runs one seed.
pub fn run(seed: u64) -> Report {
    let mut world = World {
        rng: Rng::new(seed),
        disk: Disk::new(seed),
        expected: Expected::default(),
        id: None,
        commits: 0,
        granted: 0,
    };
    let lives = world.rng.range(3, 6);
    let outcome = (0..lives).try_for_each(|_| world.live());
    // Whatever happened last, the store opens again.
    let outcome = outcome.and_then(|()| world.open_at_last());
    let platter = world.disk.platter();
    Report {
        lives,
        commits: world.commits,
        visits: platter.visits.clone(),
        digest: platter.digest,
        violation: outcome.err(),
    }
}
