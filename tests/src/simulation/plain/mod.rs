//! Callers without sessions: programs of other makes, that know nothing but a transaction id.
//!
//! A small world of its own, drawn from the same seed: one server machine, which now and then begins a new life, and callers
//! that send calls again, in datagrams that are lost, doubled and late, and over streams that break and come back. The
//! [`model`] says what the server may do with each message; the world itself counts what ran for whom.

mod caller;
mod model;
mod world;

use super::rng::Rng;
use super::visits::Visits;

/// Runs the world of a seed to its end, or to the first violation.
pub(super) fn run(seed: u64, visits: &mut Visits) -> Result<u64, String> {
    let rng = Rng::new(seed ^ 0x706C_6169_6E00);
    world::World::new(rng, visits)
        .run()
        .map_err(|violation| format!("callers without sessions: {violation}"))
}
