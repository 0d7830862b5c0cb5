//! The client: channels, calls, and the engine by which the calling threads themselves do the work.

mod resolve;

pub use resolve::Resolve;
