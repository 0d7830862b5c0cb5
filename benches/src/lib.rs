//! What the measurements share: peers in processes of their own, placement, counting and statistics.

pub mod callers;
pub mod counting;
pub mod peer;
pub mod placement;
pub mod raw;
pub mod statistics;

/// How a measurement ends.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
