//! What the measurements share: raw peers, placement and statistics.

pub mod raw;
pub mod statistics;
