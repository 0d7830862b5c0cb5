//! A simulated world in which the production machines are tried: a fake network, fake clocks, and everything drawn from one
//! seed, so that a seed that fails can be run again exactly.
//!
//! - [`plan`] draws what goes wrong in a seed, `world` lets it happen.
//! - `oracle` watches each client and works out, from the messages alone, what the client may say.
//! - `model` watches each server in the same way.
//! - `disk` is what servers keep exactly-once calls in, and outlives them.
//! - [`ledger`] knows what really happened.
//! - `plain` is a small world of its own: callers of other makes, which know no sessions.
//!
//! None of them looks into a machine or follows how it is written: they are made from the rules of the protocol, since
//! their purpose is to catch machines that do not keep them.

pub mod clock;
mod disk;
pub mod ledger;
mod map;
mod model;
mod oracle;
mod plain;
pub mod plan;
pub mod rng;
pub mod service;
mod show;
pub mod trace;
pub mod visits;
mod world;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use visits::Visits;
use world::World;

/// How a seed went.
#[derive(Debug)]
pub struct Report {
    /// What is wrong, if anything is.
    pub violation: Option<String>,
    /// A hash over all that happened.
    pub digest: u64,
    /// Faults and transitions seen.
    pub visits: Visits,
    /// Calls made.
    pub calls: usize,
    /// Steps taken.
    pub steps: u64,
    /// Errors that said No, Maybe and Yes.
    pub shares: [u64; 3],
}

/// Runs a seed to its end, or to the first violation.
pub fn run(seed: u64) -> Report {
    let mut world = World::new(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| world.run()));
    let mut violation = violation_of(outcome);
    if violation.is_none() {
        let visits = &mut world.visits;
        let outcome = catch_unwind(AssertUnwindSafe(|| plain::run(seed, visits)));
        violation = violation_of(outcome.map(|result| {
            let steps = result?;
            world.steps += steps;
            world.digest.add(steps);
            Ok(())
        }));
    }
    Report {
        violation,
        digest: world.digest.value(),
        calls: world.ledger.entries.len(),
        steps: world.steps,
        shares: world.ledger.shares,
        visits: world.visits,
    }
}

/// What is wrong with how a world ended.
fn violation_of(outcome: std::thread::Result<Result<(), String>>) -> Option<String> {
    match outcome {
        Ok(result) => result.err(),
        Err(_) => Some(PANIC.take().unwrap_or_else(|| "a panic".to_owned())),
    }
}

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps what a panicking machine says for the report, instead of printing it.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        PANIC.set(Some(format!("panic: {panic}")));
    }));
}
